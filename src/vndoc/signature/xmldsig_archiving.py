"""XAdES made to last: validation data put into a signature (level LT), archive timestamps around it (level LTA).

Not one octet of the document outside the new properties is changed. Archive timestamps are those of XAdES 1.4.1, over
what stands before them in the same signature; the finished document is read again before it is handed out.

Source: ETSI EN 319 132-1, clauses 5.4, 5.5 and 6.3.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pybase64
from lxml import etree

from vndoc.edxml.xmltools import path_of
from vndoc.errors import SignatureError, UsageError
from vndoc.errors._arguments import need, need_all
from vndoc.limits import DEFAULT, Limits
from vndoc.pki.certificate import Certificate
from vndoc.pki.outcome import Reason
from vndoc.signature import _cms_encode as enc
from vndoc.signature import tsp
from vndoc.signature._xades_imprints import XADES_141, new_archive_input
from vndoc.signature._xades_markup import XADES, element
from vndoc.signature._xades_place import Place
from vndoc.signature._xmldsig_names import DS
from vndoc.signature._xmldsig_references import Context, Resolver
from vndoc.signature._xmldsig_tree import Ids, Refusal
from vndoc.signature.facts import RevocationMaterial, TimestampKind
from vndoc.signature.xmldsig import read_xml
from vndoc.xml import Canonical

__all__ = ["add_archive_timestamp", "add_validation_data"]


def add_validation_data(
    data: bytes,
    *,
    certificates: Iterable[Certificate] = (),
    revocation: RevocationMaterial = RevocationMaterial(),  # noqa: B008 - a frozen value
    signature_id: str | None = None,
    breaking: bool = False,
    limits: Limits = DEFAULT,
) -> bytes:
    """Return the document *data* with *certificates*, lists and responses in its XAdES signature (level LT).

    *signature_id* is the Id of the signature, which may be left out where there is one only. The first time they go
    into CertificateValues and RevocationValues, later into TimeStampValidationData, since what an archive timestamp
    protects stays as it is. Another signature that has signed this one with all that is in it is not broken unless
    *breaking* says so.

    Raises :class:`~vndoc.errors.SignatureError` ``signing-data`` for a document without such a signature,
    ``signing-encoding`` for UTF-16, ``signing-breaks-another``; :class:`~vndoc.errors.UsageError` ``option-invalid``
    for an Id that does not exist, or for nothing to add; and as :func:`vndoc.xml.parse_document`.
    """
    added = need_all("certificates", certificates, Certificate)
    need("revocation", revocation, RevocationMaterial)
    place = Place.of(data, signature_id, limits)
    values = _values("CertificateValues", "EncapsulatedX509Certificate", (c.der for c in added), **_XADES)
    lists = _values("CRLValues", "EncapsulatedCRLValue", revocation.crls)
    responses = _values("OCSPValues", "EncapsulatedOCSPValue", revocation.ocsps)
    if lists or responses:
        values += element("xades:RevocationValues", lists + responses, **_XADES)
    if not values:
        raise UsageError("option-invalid", detail="certificates, revocation")
    if any(etree.QName(node).localname in {"CertificateValues", "RevocationValues"} for node in place.before):
        values = element("xades141:TimeStampValidationData", values, **{"xmlns:xades141": XADES_141})
    return place.with_properties(values, breaking=breaking)


_XADES: Final = {"xmlns:xades": XADES}
_ALL: Final = {"xmlns:xades141": XADES_141, **_XADES, "xmlns:ds": DS}
"""Prefixes are declared on each new property, whatever is around it."""


def _values(holder: str, name: str, octets: Iterable[bytes], **declared: str) -> str:
    inner = "".join(element(f"xades:{name}", pybase64.b64encode(one).decode("ascii")) for one in dict.fromkeys(octets))
    return element(f"xades:{holder}", inner, **declared) if inner else ""


def add_archive_timestamp(
    data: bytes,
    stamp: tsp.Stamp,
    *,
    signature_id: str | None = None,
    resolver: Resolver | None = None,
    canonicalization: Canonical = Canonical.EXCLUSIVE,
    digest: str = "sha256",
    nonce: int | None = None,
    breaking: bool = False,
    limits: Limits = DEFAULT,
) -> bytes:
    """Return the document *data* with an archive timestamp around its XAdES signature (level LTA).

    *resolver* gives the octets behind references outside the document, *canonicalization* is the form of the nodes,
    *digest* the algorithm of the imprint, *nonce* a random number of the caller's. Raises as
    :func:`add_validation_data`, ``signing-data`` also where what was signed cannot be had, and as
    :func:`~vndoc.signature.tsp.stamped`.
    """
    need("canonicalization", canonicalization, Canonical)
    algorithm = enc.digest(digest)
    place = Place.of(data, signature_id, limits)
    context = Context(source=place.source, ids=Ids(place.source.root), resolver=resolver, limits=limits)
    try:
        imprint = new_archive_input(context, place.signature, place.before, canonicalization)(algorithm)
    except Refusal as refusal:
        raise SignatureError("signing-data", detail=refusal.reason.code) from None
    if isinstance(imprint, Reason):
        raise SignatureError("signing-data", detail=imprint.code)
    token = tsp.stamped_digest(imprint, stamp, digest=digest, nonce=nonce)
    inner = element("ds:CanonicalizationMethod", "", Algorithm=canonicalization.value) + element(
        "xades:EncapsulatedTimeStamp", pybase64.b64encode(token.octets).decode("ascii")
    )
    document = place.with_properties(element("xades141:ArchiveTimeStamp", inner, **_ALL), breaking=breaking)
    return _checked(document, place, token.octets, resolver, limits)


def _checked(document: bytes, place: Place, token: bytes, resolver: Resolver | None, limits: Limits) -> bytes:
    """Return *document* if the archive timestamp in it reads as one over what it stands for."""
    for facts in read_xml(document, resolver=resolver, limits=limits):
        for found in facts.timestamps:
            if found.kind is TimestampKind.ARCHIVE and found.intact and found.token and found.token.octets == token:
                return document
    raise SignatureError("signing-state", detail=path_of(place.signature))
