"""OCSP responses: read by position, verified on their octets (RFC 6960).

Who may sign one, and whether it counts, is judged by :mod:`vndoc.pki.revocation`.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator
from typing import Final, NamedTuple

import attrs

from vndoc.errors import CertificateError
from vndoc.pki import der
from vndoc.pki._lazy import lazy
from vndoc.pki.algorithms import DIGESTS, SignatureAlgorithm, digest_of_identifier, signature_algorithm
from vndoc.pki.certificate import Certificate, read_extensions, serial_octets
from vndoc.pki.crl import reason_of
from vndoc.pki.extensions import Extension
from vndoc.pki.revocation_facts import RevocationReason, RevocationStatus

__all__ = ["MAX_OCSP", "CertificateId", "OcspResponse", "SingleResponse", "certificate_id", "key_hash", "key_octets"]

MAX_OCSP: Final = 1024 * 1024
"""Octets of one response: real ones have a few thousand."""
MAX_RESPONSES: Final = 1000

_BASIC: Final = "1.3.6.1.5.5.7.48.1.1"
_NONCE: Final = "1.3.6.1.5.5.7.48.1.2"
_ARCHIVE_CUTOFF: Final = "1.3.6.1.5.5.7.48.1.6"
_KNOWN: Final = frozenset(
    {_NONCE, _ARCHIVE_CUTOFF, "1.3.6.1.5.5.7.48.1.3", "1.3.6.1.5.5.7.48.1.9", "2.5.29.21", "2.5.29.24"}
)
"""Extensions that may be critical: nonce, archive cut-off, CRL references, extended revoke, entry extensions."""
_STATUS: Final = {
    0x80: RevocationStatus.GOOD,
    0xA1: RevocationStatus.REVOKED,
    0x82: RevocationStatus.UNKNOWN,
}
_REFUSALS: Final = {1: "malformedRequest", 2: "internalError", 3: "tryLater", 5: "sigRequired", 6: "unauthorized"}


class CertificateId(NamedTuple):
    """Whom a response is about: digests of the issuer's name and key, and the serial number."""

    digest: str
    name_hash: bytes
    key_hash: bytes
    serial: bytes


@attrs.frozen(kw_only=True)
class SingleResponse:
    """What the response says of one certificate. ``usable``: no critical extension is left not understood."""

    certificate_id: CertificateId
    status: RevocationStatus
    date: datetime.datetime | None
    reason: RevocationReason | None
    this_update: datetime.datetime
    next_update: datetime.datetime | None
    archive_cutoff: datetime.datetime | None
    usable: bool


@attrs.frozen(kw_only=True, eq=False, repr=False, slots=False)
class OcspResponse:
    """One successful response. Make one with :meth:`load`; two are equal when their octets are.

    ``responder_name`` (DER) or ``responder_key`` (SHA-1 of the key) is what the responder calls itself.
    ``expected_nonce`` is what the request carried, if one was sent: without the same ``nonce`` the response does not
    count then.
    """

    der: bytes
    responder_name: bytes | None
    responder_key: bytes | None
    produced_at: datetime.datetime
    responses: tuple[SingleResponse, ...]
    nonce: bytes | None
    expected_nonce: bytes | None = None
    signature: bytes
    algorithm_identifier: bytes
    usable: bool
    _tbs: slice
    _certificates: tuple[bytes, ...]

    @classmethod
    def load(cls, data: bytes, *, expected_nonce: bytes | None = None) -> OcspResponse:
        """Return the response that the DER octets *data* are: an OCSPResponse, or a BasicOCSPResponse alone.

        Raises :class:`~vndoc.errors.CertificateError`: ``ocsp-malformed`` (also for a response that is a refusal, such
        as ``tryLater``) or ``der-malformed``.
        """
        if len(data) > MAX_OCSP:
            raise CertificateError("ocsp-malformed", detail=f"> {MAX_OCSP} B")
        return _load(bytes(data), expected_nonce)

    @property
    def tbs(self) -> bytes:
        """The octets that were signed."""
        return self.der[self._tbs]

    @lazy
    def algorithm(self) -> SignatureAlgorithm:
        """The scheme of the signature."""
        return signature_algorithm(self.algorithm_identifier)

    @lazy
    def certificates(self) -> tuple[Certificate, ...]:
        """The certificates that the response carries; those that cannot be read are left out."""
        return tuple(_readable(self._certificates))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OcspResponse) and self.der == other.der

    def __hash__(self) -> int:
        return hash(self.der)

    def __repr__(self) -> str:
        return f"OcspResponse({self.produced_at:%Y-%m-%d}, {len(self.responses)})"


def _readable(encoded: tuple[bytes, ...]) -> Iterator[Certificate]:
    for octets in encoded:
        try:
            yield Certificate.load(octets)
        except CertificateError:
            continue


def key_octets(spki: bytes) -> bytes:
    """Return the key itself out of a SubjectPublicKeyInfo: the octets of its BIT STRING."""
    body, end, _ = der.span(spki, 0, len(spki), der.SEQUENCE)
    _, _, at = der.span(spki, body, end, der.SEQUENCE)
    first, last, _ = der.span(spki, at, end, der.BIT_STRING)
    return spki[first + 1 : last]


def key_hash(spki: bytes) -> bytes:
    """Return the SHA-1 of the key in *spki*, by which a responder may call itself (RFC 6960, 4.2.1)."""
    return hashlib.sha1(key_octets(spki), usedforsecurity=False).digest()


def certificate_id(certificate: Certificate, issuer: Certificate, digest: str) -> CertificateId:
    """Return how a response names *certificate* below *issuer*; *digest* is a name of ``DIGESTS``.

    Raises ``algorithm-unsupported`` for a digest that is not computed here.
    """
    row = DIGESTS[digest]
    return CertificateId(
        digest, row.of(certificate.issuer), row.of(key_octets(issuer.spki)), certificate.serial_content
    )


def _malformed(detail: str) -> CertificateError:
    return CertificateError("ocsp-malformed", detail=detail)


def _load(data: bytes, expected_nonce: bytes | None) -> OcspResponse:
    body, end = _basic(data)
    tbs_body, tbs_end, at = der.span(data, body, end, der.SEQUENCE)
    tbs = slice(body, at)
    _, _, value_at = der.span(data, at, end, der.SEQUENCE)
    value = der.read(data, value_at, end, ber=True)
    signature, unused = der.bits(value)
    certificates: tuple[bytes, ...] = ()
    if value.stop < end:
        first, last, _ = der.span(data, value.stop, end, der.context(0))
        certificates = tuple(_octets(data, *der.span(data, first, last, der.SEQUENCE)[:2]))
    element = der.read(data, tbs_body, tbs_end, ber=True)
    if element.tag == der.context(0):  # the version
        element = der.read(data, element.stop, tbs_end, ber=True)
    inner = data[element.body : element.end]
    if element.tag not in (der.context(1), der.context(2)):
        raise _malformed("responderID")
    produced = der.read(data, element.stop, tbs_end, ber=True)
    first, last, rest = der.span(data, produced.stop, tbs_end, der.SEQUENCE)
    extensions, usable = _extensions(data, rest, tbs_end, 1)
    nonce = extensions.get(_NONCE)
    by_name = element.tag == der.context(1)
    return OcspResponse(
        der=data,
        responder_name=inner if by_name else None,
        responder_key=None if by_name else der.read(inner, ber=True).content,
        produced_at=der.time(produced),
        responses=tuple(_responses(data, first, last)),
        nonce=None if nonce is None else _nonce(nonce.value),
        expected_nonce=expected_nonce,
        signature=b"" if unused else signature,
        algorithm_identifier=data[at:value_at],
        usable=usable,
        tbs=tbs,
        certificates=certificates,
    )


def _basic(data: bytes) -> tuple[int, int]:
    """Return where the content of the BasicOCSPResponse in *data* begins and ends (RFC 6960, 4.2.1)."""
    body, end, stop = der.span(data, 0, len(data), der.SEQUENCE)
    if stop != len(data):
        raise _malformed("OCSPResponse")
    first = der.read(data, body, end, ber=True)
    if first.tag != der.ENUMERATED:
        return body, end
    status = der.integer(first)
    if status:
        raise _malformed(_REFUSALS.get(status, str(status)))
    outer, outer_end, _ = der.span(data, first.stop, end, der.context(0))
    inner, inner_end, _ = der.span(data, outer, outer_end, der.SEQUENCE)
    kind = der.read(data, inner, inner_end, ber=True)
    if der.oid(kind) != _BASIC:
        raise _malformed(der.oid(kind))
    octets, octets_end, _ = der.span(data, kind.stop, inner_end, der.OCTET_STRING)
    return der.span(data, octets, octets_end, der.SEQUENCE)[:2]


def _octets(data: bytes, pos: int, end: int) -> Iterator[bytes]:
    while pos < end:
        _, _, stop = der.span(data, pos, end, der.SEQUENCE)
        yield data[pos:stop]
        pos = stop


def _nonce(value: bytes) -> bytes:
    """Return the nonce; RFC 8954 puts an OCTET STRING into the extension, older responders bare octets."""
    try:
        element = der.read(value)
    except CertificateError:
        return value
    return element.content if element.tag == der.OCTET_STRING and element.stop == len(value) else value


def _extensions(data: bytes, pos: int, end: int, number: int) -> tuple[dict[str, Extension], bool]:
    """Return the extensions in the tag *number* at *pos*, and whether every critical one is understood."""
    if pos >= end:
        return {}, True
    body, stop, after = der.span(data, pos, end, der.context(number))
    if after != end:
        raise _malformed("extensions")
    found, repeated = read_extensions(data, body, stop)
    return found, not repeated and all(oid in _KNOWN or not row.critical for oid, row in found.items())


def _responses(data: bytes, pos: int, end: int) -> Iterator[SingleResponse]:
    count = 0
    while pos < end:
        body, stop, pos = der.span(data, pos, end, der.SEQUENCE)
        count += 1
        if count > MAX_RESPONSES:
            raise _malformed(f"> {MAX_RESPONSES}")
        yield _single(data, body, stop)


def _single(data: bytes, pos: int, end: int) -> SingleResponse:
    body, stop, at = der.span(data, pos, end, der.SEQUENCE)
    who = _certificate_id(data, body, stop)
    state = der.read(data, at, end, ber=True)
    status = _STATUS.get(state.tag)
    if status is None:
        raise _malformed("certStatus")
    date, reason = _revoked(state) if status is RevocationStatus.REVOKED else (None, None)
    this = der.read(data, state.stop, end, ber=True)
    at, next_update = this.stop, None
    if data[at : at + 1] == b"\xa0" and at < end:
        first, last, at = der.span(data, at, end, der.context(0))
        next_update = der.time(der.read(data, first, last, ber=True))
    extensions, usable = _extensions(data, at, end, 1)
    cutoff = extensions.get(_ARCHIVE_CUTOFF)
    return SingleResponse(
        certificate_id=who,
        status=status,
        date=date,
        reason=reason,
        this_update=der.time(this),
        next_update=next_update,
        archive_cutoff=None if cutoff is None else der.time(der.read(cutoff.value, ber=True)),
        usable=usable,
    )


def _certificate_id(data: bytes, body: int, end: int) -> CertificateId:
    _, _, at = der.span(data, body, end, der.SEQUENCE)
    algorithm = data[body:at]
    digest = _DIGESTS.get(algorithm)
    if digest is None:
        digest = digest_of_identifier(algorithm).name
    name, name_end, at = der.span(data, at, end, der.OCTET_STRING)
    key, key_end, at = der.span(data, at, end, der.OCTET_STRING)
    serial = der.read(data, at, end, ber=True)
    return CertificateId(digest, data[name:name_end], data[key:key_end], serial_octets(der.integer(serial)))


_DIGESTS: Final = {
    der.encode(der.SEQUENCE, der.encode_oid(oid), parameters): name
    for oid, name in (("1.3.14.3.2.26", "sha1"), ("2.16.840.1.101.3.4.2.1", "sha256"))
    for parameters in (b"", b"\x05\x00")
}


def _revoked(state: der.Element) -> tuple[datetime.datetime, RevocationReason]:
    parts = der.children(state, ber=True)
    if not 1 <= len(parts) <= 2:
        raise _malformed("RevokedInfo")
    reason = RevocationReason.UNSPECIFIED
    if len(parts) == 2:
        reason = reason_of(der.read(parts[1].data, parts[1].body, parts[1].end, ber=True))
    return der.time(parts[0]), reason
