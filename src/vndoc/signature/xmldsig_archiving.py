"""XAdES made to last: validation data put into a signature (level LT), archive timestamps around it (level LTA).

Not one octet of the document outside the new properties is changed. Archive timestamps are those of XAdES 1.4.1, over
what stands before them in the same signature; the finished document is read again before it is handed out.

Source: ETSI EN 319 132-1, clauses 5.4, 5.5 and 6.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import attrs
import pybase64
from lxml import etree

from vndoc.edxml.xmltools import path_of
from vndoc.errors import SignatureError, UsageError
from vndoc.limits import DEFAULT, Limits
from vndoc.pki.certificate import Certificate
from vndoc.signature import _cms_encode as enc
from vndoc.signature import tsp
from vndoc.signature._xades_imprints import XADES_141, new_archive_input
from vndoc.signature._xades_markup import XADES, element
from vndoc.signature._xmldsig_names import DS, ds
from vndoc.signature._xmldsig_references import Context, Resolver
from vndoc.signature._xmldsig_splice import splice
from vndoc.signature._xmldsig_tree import Ids, Refusal, XmlSource, element_children
from vndoc.signature.facts import RevocationMaterial, TimestampKind
from vndoc.signature.xades import NAMESPACES
from vndoc.signature.xmldsig import read_xml
from vndoc.xml import Canonical

__all__ = ["add_archive_timestamp", "add_validation_data"]

_HOLDERS: Final = ("UnsignedProperties", "UnsignedSignatureProperties")


def add_validation_data(
    data: bytes,
    *,
    certificates: Iterable[Certificate] = (),
    revocation: RevocationMaterial = RevocationMaterial(),  # noqa: B008 - a frozen value
    signature_id: str | None = None,
    limits: Limits = DEFAULT,
) -> bytes:
    """Return the document *data* with *certificates*, lists and responses in its XAdES signature (level LT).

    *signature_id* is the Id of the signature, which may be left out where there is one only. The first time they go
    into CertificateValues and RevocationValues, later into TimeStampValidationData, since what an archive timestamp
    protects stays as it is. Raises :class:`~vndoc.errors.SignatureError` ``signing-data`` for a document without such
    a signature, ``signing-encoding`` for UTF-16; :class:`~vndoc.errors.UsageError` ``option-invalid`` for an Id that
    does not exist, or for nothing to add; and as :func:`vndoc.xml.parse_document`.
    """
    place = _Place.of(data, signature_id, limits)
    values = _values("CertificateValues", "EncapsulatedX509Certificate", (c.der for c in certificates), **_XADES)
    lists = _values("CRLValues", "EncapsulatedCRLValue", revocation.crls)
    responses = _values("OCSPValues", "EncapsulatedOCSPValue", revocation.ocsps)
    if lists or responses:
        values += element("xades:RevocationValues", lists + responses, **_XADES)
    if not values:
        raise UsageError("option-invalid", detail="certificates, revocation")
    if any(_local(node) in {"CertificateValues", "RevocationValues"} for node in place.before):
        values = element("xades141:TimeStampValidationData", values, **{"xmlns:xades141": XADES_141})
    return place.with_properties(values)


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
    limits: Limits = DEFAULT,
) -> bytes:
    """Return the document *data* with an archive timestamp around its XAdES signature (level LTA).

    *resolver* gives the octets behind references outside the document, *canonicalization* is the form of the nodes,
    *digest* the algorithm of the imprint, *nonce* a random number of the caller's. Raises as
    :func:`add_validation_data`, ``signing-data`` also where what was signed cannot be had, and as
    :func:`~vndoc.signature.tsp.stamped`.
    """
    algorithm = enc.digest(digest)
    place = _Place.of(data, signature_id, limits)
    context = Context(source=place.source, ids=Ids(place.source.root), resolver=resolver, limits=limits)
    try:
        imprint = new_archive_input(context, place.signature, place.before, canonicalization)(algorithm)
    except Refusal as refusal:
        raise SignatureError("signing-data", detail=refusal.reason.code) from None
    if imprint is None:
        raise SignatureError("signing-data", detail="timestamp-not-rebuilt")
    token = tsp.stamped_digest(imprint, stamp, digest=digest, nonce=nonce)
    inner = element("ds:CanonicalizationMethod", "", Algorithm=canonicalization.value) + element(
        "xades:EncapsulatedTimeStamp", pybase64.b64encode(token.octets).decode("ascii")
    )
    document = place.with_properties(element("xades141:ArchiveTimeStamp", inner, **_ALL))
    return _checked(document, place, token.octets, resolver, limits)


def _checked(document: bytes, place: _Place, token: bytes, resolver: Resolver | None, limits: Limits) -> bytes:
    """Return *document* if the archive timestamp in it reads as one over what it stands for."""
    for facts in read_xml(document, resolver=resolver, limits=limits):
        for found in facts.timestamps:
            if found.kind is TimestampKind.ARCHIVE and found.intact and found.token and found.token.octets == token:
                return document
    raise SignatureError("signing-state", detail=path_of(place.signature))


@attrs.frozen(eq=False)
class _Place:
    """Where new unsigned properties go in a document."""

    data: bytes
    source: XmlSource
    signature: etree._Element
    holder: etree._Element
    missing: tuple[str, ...]
    """The elements that have to be made around them, outermost first."""
    before: list[etree._Element]
    """The properties that are there."""

    @classmethod
    def of(cls, data: bytes, signature_id: str | None, limits: Limits) -> _Place:
        source = XmlSource.of(data, limits)
        signature = _signature(source.root, signature_id)
        at = _only(signature.iterchildren(ds("Object")), lambda n: _child(n, "QualifyingProperties") is not None)
        holder = None if at is None else _child(at, "QualifyingProperties")
        if holder is None:
            raise SignatureError("signing-data", detail="QualifyingProperties")
        missing = list(_HOLDERS)
        while missing and (inner := _child(holder, missing[0])) is not None:
            holder, _ = inner, missing.pop(0)
        before = [] if missing else element_children(holder)
        return cls(data, source, signature, holder, tuple(missing), before)

    def with_properties(self, markup: str) -> bytes:
        """Return the document with *markup* behind the properties that are there."""
        namespace = etree.QName(self.holder).namespace or XADES
        for name in reversed(self.missing):
            declared = f' xmlns:xades="{namespace}"' if name == self.missing[0] else ""
            markup = f"<xades:{name}{declared}>{markup}</xades:{name}>"
        return splice(self.data, self.source.root, path_of(self.holder), markup.encode("ascii"))


def _signature(root: etree._Element, signature_id: str | None) -> etree._Element:
    found = [node for node in root.iter(ds("Signature")) if _top(node) and signature_id in (None, node.get("Id"))]
    if len(found) == 1 and len(element_children(found[0])) > 1:
        return found[0]
    if not found and signature_id is None:
        raise SignatureError("signing-data", detail="Signature")
    raise UsageError("option-invalid", detail=f"signature_id={signature_id!r}")


def _top(node: etree._Element) -> bool:
    """Return whether *node* is no counter-signature."""
    parent = node.getparent()
    return parent is None or _local(parent) != "CounterSignature"


def _only(nodes: Iterable[etree._Element], wanted: Callable[[etree._Element], bool]) -> etree._Element | None:
    return next((node for node in nodes if wanted(node)), None)


def _child(node: etree._Element, name: str) -> etree._Element | None:
    return _only(node.iterchildren("*"), lambda n: _local(n) == name and etree.QName(n).namespace in NAMESPACES)


def _local(node: etree._Element) -> str:
    return etree.QName(node).localname
