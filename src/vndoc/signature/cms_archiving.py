"""CAdES made to last: validation data put into a signature (level LT), archive timestamps around it (level LTA).

Archive timestamps are of version 3 with an ats-hash-index-v3: what is added afterwards does not touch them.

Source: ETSI EN 319 122-1, clauses 5.5.2, 5.5.3 and 6.3; RFC 5652, 5.1 and 10.2.1; RFC 5940.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

from vndoc.envelope.octets import Octets
from vndoc.errors import CertificateError, SignatureError
from vndoc.errors._arguments import need, need_all
from vndoc.pki import der
from vndoc.pki.certificate import Certificate
from vndoc.signature import _cms_attributes as names
from vndoc.signature import _cms_encode as enc
from vndoc.signature import _cms_make as make
from vndoc.signature import tsp
from vndoc.signature._cms_content import digests_of, given
from vndoc.signature._cms_imprints import archived, new_index
from vndoc.signature._cms_signer import Content
from vndoc.signature._cms_structure import SignerInfo, digest_needed, signer_info
from vndoc.signature._imprint import digest_by
from vndoc.signature.facts import RevocationMaterial

__all__ = ["add_archive_timestamp", "add_validation_data"]

_OCSP: Final = "1.3.6.1.5.5.7.16.2"
"""An OCSP response among the revocation lists of a SignedData (RFC 5940)."""
_WITH_OTHERS: Final = 5
"""The version of a SignedData that holds such (RFC 5652, 5.1)."""


def add_validation_data(
    existing: bytes,
    *,
    certificates: Iterable[Certificate] = (),
    revocation: RevocationMaterial = RevocationMaterial(),  # noqa: B008 - a frozen value
) -> bytes:
    """Return the CMS signature *existing* with *certificates*, lists and responses in its SignedData (CAdES-LT).

    What is there already is not put there twice. Raises :class:`~vndoc.errors.SignatureError`: ``cms-malformed``, and
    ``archive-closed`` where an archive timestamp of version 2 would be broken by it.
    """
    added = need_all("certificates", certificates, Certificate)
    need("revocation", revocation, RevocationMaterial)
    parts, container = make.opened(existing)
    if any(names.ARCHIVE_TIMESTAMP_V2 in _info(element).unsigned_attributes for element in parts.signers):
        raise SignatureError("archive-closed")
    others = [_response(octets) for octets in revocation.ocsps]
    held = {choice for element in parts.revocation for choice in _responses(element)}
    others = [other for other in others if other not in held]
    return attrs.evolve(
        container,
        version=max(container.version, _WITH_OTHERS) if others else container.version,
        certificates=tuple(dict.fromkeys((*container.certificates, *(c.der for c in added)))),
        revocation=tuple(dict.fromkeys((*container.revocation, *revocation.crls, *others))),
    ).octets()


def _info(element: der.Element) -> SignerInfo:
    try:
        return signer_info(element)
    except CertificateError:
        raise SignatureError("cms-malformed", detail="SignerInfo") from None


def _response(octets: bytes) -> bytes:
    try:
        response = names.ocsp_response(octets)
    except CertificateError:
        raise SignatureError("cms-malformed", detail="OCSPResponse") from None
    return der.encode(der.context(1), enc.oid(_OCSP), response)


def _responses(element: der.Element) -> list[bytes]:
    try:
        return [_response(octets) for octets in names.revocation_choice(element).ocsps]
    except CertificateError:
        return []


def add_archive_timestamp(
    existing: bytes,
    stamp: tsp.Stamp,
    *,
    content: bytes | Octets | None = None,
    index: int = 0,
    digest: str = "sha256",
    nonce: int | None = None,
) -> bytes:
    """Return *existing* with an archive timestamp around signer number *index* (from 0) and all validation data.

    *content* is what a detached signature is over; it is read once. *digest* is the algorithm of the imprint and of
    the index, *nonce* a random number of the caller's. Raises :class:`~vndoc.errors.SignatureError`:
    ``cms-content-needed``, ``cms-content-differs`` where *content* is not what was signed, those of
    :func:`~vndoc.signature.tsp.stamped`; :class:`~vndoc.errors.UsageError` ``option-invalid`` for an *index* or a
    *digest* that does not exist.
    """
    algorithm = enc.digest(digest)
    parts, container = make.opened(existing)
    info = _info(make.signer_at(parts, index))
    octets = parts.content if parts.content is not None else _given(content)
    _check_signed(info, octets)
    own = Content(kind=parts.content_type, what="content", octets=octets, digests={}, parts=parts)
    listed = new_index(info, parts, algorithm)
    imprint = digest_by(lambda used: (*archived(info, own, octets, used), listed))(algorithm)
    token = tsp.stamped_digest(imprint, stamp, digest=digest, nonce=nonce)
    attribute = enc.attribute(names.ARCHIVE_TIMESTAMP_V3, _with_index(token.octets, listed))
    return container.with_changed(index, make.with_unsigned(info.element, attribute), ()).octets()


def _given(content: bytes | Octets | None) -> Octets:
    if content is None:
        raise SignatureError("cms-content-needed")
    return given(content)


def _check_signed(info: SignerInfo, octets: Octets) -> None:
    """Refuse to archive another content than the one that was signed, as far as the signed attributes name it."""
    stated = [v.content for group in info.signed_attributes.get(names.MESSAGE_DIGEST, ()) for v in group]
    if stated and [*digests_of(octets, digest_needed(info)).values()] != stated:
        raise SignatureError("cms-content-differs")


def _with_index(token: bytes, listed: bytes) -> bytes:
    """Return the timestamp *token* with the index among the unsigned attributes of its signer."""
    parts, container = make.opened(token)
    changed = make.with_unsigned(make.signer_at(parts, 0), enc.attribute(names.HASH_INDEX_V3, listed))
    return container.with_changed(0, changed, ()).octets()
