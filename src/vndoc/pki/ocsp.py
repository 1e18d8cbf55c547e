"""OCSP responses: read by position, verified on their octets (RFC 6960).

Who may sign one, and whether it counts, is judged by :mod:`vndoc.pki.revocation`.
"""

from __future__ import annotations

import datetime
import hashlib
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

import attrs

from vndoc.errors import CertificateError
from vndoc.pki import der
from vndoc.pki._lazy import lazy
from vndoc.pki._octets import extent
from vndoc.pki.algorithms import DIGESTS, SignatureAlgorithm, digest_of_identifier, signature_algorithm
from vndoc.pki.certificate import Certificate, read_extensions, serial_octets
from vndoc.pki.crl import reason_of
from vndoc.pki.extensions import Extension
from vndoc.pki.revocation_facts import RevocationReason, RevocationStatus

__all__ = [
    "MAX_OCSP",
    "CertificateId",
    "OcspResponse",
    "SingleResponse",
    "certificate_id",
    "nonce_of",
    "read_certificate_id",
]

MAX_OCSP: Final = 1024 * 1024
"""Octets of one response: real ones have a few thousand."""
MAX_RESPONSES: Final = 1000

_BASIC: Final = der.encode_oid("1.3.6.1.5.5.7.48.1.1")[2:]
_TAG_0: Final = der.context(0)
_TAG_1: Final = der.context(1)
_TAG_2: Final = der.context(2)
_NONCE: Final = "1.3.6.1.5.5.7.48.1.2"
_ARCHIVE_CUTOFF: Final = "1.3.6.1.5.5.7.48.1.6"
_KNOWN: Final = frozenset(
    {_NONCE, _ARCHIVE_CUTOFF, "1.3.6.1.5.5.7.48.1.3", "1.3.6.1.5.5.7.48.1.9", "2.5.29.21", "2.5.29.24"}
)
"""Extensions that may be critical: nonce, archive cut-off, CRL references, extended revoke, entry extensions."""
_GOOD: Final = RevocationStatus.GOOD  # asking the class of an enum takes four times as long in Python 3.11
_STATUS: Final = {
    0x80: _GOOD,
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


@attrs.frozen(slots=False)
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


@attrs.frozen(eq=False, repr=False, slots=False)
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
    expected_nonce: bytes | None
    signature: bytes
    algorithm_identifier: bytes
    usable: bool
    _tbs: slice
    _certificates: tuple[bytes, ...]

    @classmethod
    def load(cls, data: bytes, *, expected_nonce: bytes | None = None) -> OcspResponse:
        """Return the response that the DER octets *data* are: an OCSPResponse, or a BasicOCSPResponse alone.

        Raises :class:`~vndoc.errors.CertificateError`: ``ocsp-refused`` for a response that is a refusal, such as
        ``tryLater``, ``ocsp-malformed`` or ``der-malformed``.
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


def certificate_id(certificate: Certificate, issuer: Certificate, digest: str) -> CertificateId:
    """Return how a response names *certificate* below *issuer*; *digest* is a name of ``DIGESTS``.

    Raises ``algorithm-unsupported`` for a digest that is not computed here.
    """
    if digest == "sha1":
        name = hashlib.sha1(certificate.issuer, usedforsecurity=False).digest()
        return _new(CertificateId, (digest, name, issuer.key_hash, certificate.serial_content))
    row = DIGESTS[digest]
    return CertificateId(digest, row.of(certificate.issuer), row.of(issuer.key_octets), certificate.serial_content)


def _malformed(detail: str) -> CertificateError:
    return CertificateError("ocsp-malformed", detail=detail)


_OUTER: Final = struct.Struct(">HH3sHHHH11sHHHH")
"""What is around a basic response that was given, with lengths of two octets."""
_OUTER_SIZE: Final = _OUTER.size
_GIVEN: Final = b"\x0a\x01\x00"
"""The status ``successful``."""
_BASIC_TYPE: Final = der.encode(der.OID, _BASIC)
_VERSION_1: Final = b"\xa0\x03\x02\x01\x00"


def _load(data: bytes, expected_nonce: bytes | None) -> OcspResponse:
    try:
        found = _usual(data, expected_nonce)
    except (IndexError, ValueError, struct.error):  # an element ends behind the octets, or something is malformed
        found = None
    return _unusual(data, expected_nonce) if found is None else found


def _usual(data: bytes, expected_nonce: bytes | None) -> OcspResponse | None:
    """Return what :func:`_unusual` does, in one pass, for one answer in an envelope, as responders give it.

    ``None`` leaves a response to it, as every error does. Every element begins where the one before it stops: the last
    one stopping where it must keeps all of them within bounds.
    """
    end = len(data)
    if not _is_usual_envelope(data, end):
        return None
    at, algorithm_at = extent(data, _OUTER_SIZE)
    value_at = algorithm_at + 2 + data[algorithm_at + 1]
    value, stop = extent(data, value_at)
    if data[at : at + 5] == _VERSION_1:
        at += 5
    responder = data[at]
    inner, produced = extent(data, at)
    answers = produced + 17
    single, responses_stop = extent(data, answers)
    body, single_stop = single + 2, single + 2 + data[single + 1]
    if data[single + 1] > 0x7F:
        body, single_stop = extent(data, single)
    if not (
        data[_OUTER_SIZE] == data[algorithm_at] == data[answers] == data[single] == 0x30
        and data[value_at] == 0x03
        and data[algorithm_at + 1] < 0x80
        and data[produced : produced + 2] == b"\x18\x0f"
        and value < stop <= end
        and single_stop == responses_stop <= algorithm_at
        and (
            responder == _TAG_1
            or (responder == _TAG_2 and data[inner : inner + 2] == b"\x04\x14" and produced == inner + 22)
        )
    ):
        return None
    nonce, usable = None, True
    if responses_stop < algorithm_at:
        extensions, usable = _extensions(data, responses_stop, algorithm_at)
        nonce = extensions.get(_NONCE)
    by_name = responder == _TAG_1
    found = _blank(OcspResponse)  # as a call of the class gives it, without the detour
    found.__dict__.update(
        der=data,
        responder_name=data[inner:produced] if by_name else None,
        responder_key=None if by_name else data[inner + 2 : produced],
        produced_at=_instant(data[produced + 2 : answers]),
        responses=(_usual_answer(data, body, single_stop) or _single(data, body, single_stop),),
        nonce=None if nonce is None else nonce_of(nonce.value),
        expected_nonce=expected_nonce,
        signature=b"" if data[value] else data[value + 1 : stop],
        algorithm_identifier=data[algorithm_at:value_at],
        usable=usable,
        _tbs=slice(_OUTER_SIZE, algorithm_at),
        _certificates=_carried(data, stop, end) if stop < end else (),
    )
    return found


_blank: Final = object.__new__


def _is_usual_envelope(data: bytes, end: int) -> bool:
    """Return whether the response was given, is a basic one, and all that is around it stops at *end*."""
    outer = (0x3082, end - 4, _GIVEN, 0xA082, end - 11, 0x3082, end - 15, _BASIC_TYPE, 0x0482, end - 30, 0x3082)
    return _OUTER.unpack_from(data) == (*outer, end - _OUTER_SIZE)


def _usual_answer(data: bytes, pos: int, end: int) -> SingleResponse | None:
    """Return what :func:`_single` does where the certificate is good and both times stand there, else ``None``."""
    name = pos + 4 + data[pos + 3]
    key = name + 2 + data[name + 1]
    serial = key + 2 + data[key + 1]
    status = serial + 2 + data[serial + 1]
    digest = _DIGESTS.get(data[pos + 2 : name])
    if not (
        digest is not None
        and data[pos] == 0x30
        and status == pos + 2 + data[pos + 1] < pos + 0x82
        and data[name] == data[key] == 0x04
        and data[serial] == 0x02
        and 0x00 < data[serial + 2] < 0xFF
        and serial + 2 < status
        and data[status : status + 4] == b"\x80\x00\x18\x0f"
        and data[status + 19 : status + 23] == b"\xa0\x11\x18\x0f"
        and status + 38 == end
    ):
        return None
    found = _blank(SingleResponse)
    who = digest, data[name + 2 : key], data[key + 2 : serial], data[serial + 2 : status]
    found.__dict__.update(
        certificate_id=_new(CertificateId, who),
        status=_GOOD,
        date=None,
        reason=None,
        this_update=_instant(data[status + 4 : status + 19]),
        next_update=_instant(data[status + 23 : end]),
        archive_cutoff=None,
        usable=True,
    )
    return found


def _instant(content: bytes) -> datetime.datetime:
    """Return the time of a GeneralizedTime of fifteen characters; ``ValueError`` for any other than in UTC."""
    if content[14] != 0x5A or not content[:14].isdigit():
        raise ValueError
    text = content.decode()
    return _from_iso(f"{text[:8]}T{text[8:]}")


_from_iso: Final = datetime.datetime.fromisoformat
_new: Final = tuple.__new__


def _unusual(data: bytes, expected_nonce: bytes | None) -> OcspResponse:
    body, end = _basic(data)
    at, tbs_end, algorithm_at = der.span(data, body, end, der.SEQUENCE)
    _, _, value_at = der.span(data, algorithm_at, end, der.SEQUENCE)
    value, value_end, stop = der.span(data, value_at, end, der.BIT_STRING)
    if value == value_end:
        raise _malformed("signature")
    certificates = _carried(data, stop, end)
    tag, inner, inner_end, at = der.parts(data, at, tbs_end)
    if tag == _TAG_0:  # the version
        tag, inner, inner_end, at = der.parts(data, at, tbs_end)
    if tag not in (_TAG_1, _TAG_2):
        raise _malformed("responderID")
    by_name = tag == _TAG_1
    tag, produced, produced_end, at = der.parts(data, at, tbs_end)
    first, last, at = der.span(data, at, tbs_end, der.SEQUENCE)
    nonce, usable = None, True
    if at < tbs_end:
        extensions, usable = _extensions(data, at, tbs_end)
        nonce = extensions.get(_NONCE)
    return OcspResponse(
        data,
        data[inner:inner_end] if by_name else None,
        None if by_name else data[slice(*der.span(data, inner, inner_end, der.OCTET_STRING)[:2])],
        der.time_of(tag, data[produced:produced_end], produced),
        tuple(_responses(data, first, last)),
        None if nonce is None else nonce_of(nonce.value),
        expected_nonce,
        b"" if data[value] else data[value + 1 : value_end],
        data[algorithm_at:value_at],
        usable,
        slice(body, algorithm_at),
        certificates,
    )


def _basic(data: bytes) -> tuple[int, int]:
    """Return where the content of the BasicOCSPResponse in *data* begins and ends (RFC 6960, 4.2.1)."""
    body, end, stop = der.span(data, 0, len(data), der.SEQUENCE)
    if stop != len(data):
        raise _malformed("OCSPResponse")
    tag, first, last, at = der.parts(data, body, end)
    if tag != der.ENUMERATED:
        return body, end
    if data[first:last] != b"\0" and (status := der.integer(der.read(data, body, end, ber=True))):
        raise CertificateError("ocsp-refused", status=_REFUSALS.get(status, str(status)))
    outer, outer_end, _ = der.span(data, at, end, _TAG_0)
    inner, inner_end, _ = der.span(data, outer, outer_end, der.SEQUENCE)
    first, last, at = der.span(data, inner, inner_end, der.OID)
    if data[first:last] != _BASIC:
        raise _malformed(der.dotted(data[first:last]))
    octets, octets_end, _ = der.span(data, at, inner_end, der.OCTET_STRING)
    return der.span(data, octets, octets_end, der.SEQUENCE)[:2]


def _carried(data: bytes, pos: int, end: int) -> tuple[bytes, ...]:
    """Return the certificates at *pos*; none where the response ends there."""
    if pos >= end:
        return ()
    first, last, _ = der.span(data, pos, end, _TAG_0)
    return tuple(_octets(data, *der.span(data, first, last, der.SEQUENCE)[:2]))


def _octets(data: bytes, pos: int, end: int) -> Iterator[bytes]:
    while pos < end:
        _, _, stop = der.span(data, pos, end, der.SEQUENCE)
        yield data[pos:stop]
        pos = stop


def nonce_of(value: bytes) -> bytes:
    """Return the nonce; RFC 8954 puts an OCTET STRING into the extension, older responders bare octets."""
    try:
        element = der.read(value)
    except CertificateError:
        return value
    return element.content if element.tag == der.OCTET_STRING and element.stop == len(value) else value


def _extensions(data: bytes, pos: int, end: int) -> tuple[dict[str, Extension], bool]:
    """Return the extensions in the tag [1] at *pos*, and whether every critical one is understood."""
    body, stop, after = der.span(data, pos, end, _TAG_1)
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
    who = read_certificate_id(data, body, stop)
    state, first, last, at = der.parts(data, at, end)
    status = _STATUS.get(state)
    if status is None:
        raise _malformed("certStatus")
    date, reason = _revoked(data, first, last) if status is RevocationStatus.REVOKED else (None, None)
    tag, first, last, at = der.parts(data, at, end)
    this_update, next_update, cutoff, usable = der.time_of(tag, data[first:last], first), None, None, True
    if at < end and data[at] == _TAG_0:
        first, last, at = der.span(data, at, end, _TAG_0)
        tag, first, last, _ = der.parts(data, first, last)
        next_update = der.time_of(tag, data[first:last], first)
    if at < end:
        extensions, usable = _extensions(data, at, end)
        cutoff = extensions.get(_ARCHIVE_CUTOFF)
    return SingleResponse(
        who,
        status,
        date,
        reason,
        this_update,
        next_update,
        None if cutoff is None else der.time(der.read(cutoff.value, ber=True)),
        usable,
    )


def read_certificate_id(data: bytes, body: int, end: int) -> CertificateId:
    """Return the CertID between *body* and *end* in *data*; ``der-malformed`` or ``algorithm-unsupported``."""
    _, _, at = der.span(data, body, end, der.SEQUENCE)
    algorithm = data[body:at]
    digest = _DIGESTS.get(algorithm)
    if digest is None:
        digest = digest_of_identifier(algorithm).name
    name, name_end, at = der.span(data, at, end, der.OCTET_STRING)
    key, key_end, at = der.span(data, at, end, der.OCTET_STRING)
    serial, serial_end, _ = der.span(data, at, end, der.INTEGER)
    number = data[serial:serial_end]
    if number[:1] in (b"", b"\0", b"\xff"):  # perhaps not in its shortest form
        number = serial_octets(int.from_bytes(number, "big", signed=True))
    return CertificateId(digest, data[name:name_end], data[key:key_end], number)


_DIGESTS: Final = {
    der.encode(der.SEQUENCE, der.encode_oid(oid), parameters): name
    for oid, name in (("1.3.14.3.2.26", "sha1"), ("2.16.840.1.101.3.4.2.1", "sha256"))
    for parameters in (b"", b"\x05\x00")
}


def _revoked(data: bytes, pos: int, end: int) -> tuple[datetime.datetime, RevocationReason]:
    tag, first, last, at = der.parts(data, pos, end)
    date, reason = der.time_of(tag, data[first:last], first), RevocationReason.UNSPECIFIED
    if at < end:
        first, last, at = der.span(data, at, end, _TAG_0)
        reason = reason_of(der.read(data, first, last, ber=True))
    if at != end:
        raise _malformed("RevokedInfo")
    return date, reason
