"""X.509 certificates as values: read leniently, compared by their octets, never encoded again.

Real certificates break X.520 length limits, carry empty extensions and odd times; none of that may keep a
signature from being judged, so this reader takes what RFC 5280 would refuse to *issue* and leaves judging to
:mod:`vndoc.pki.paths`.
"""

from __future__ import annotations

import binascii
import datetime
import hashlib
import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import attrs
import pybase64

from vndoc.errors import CertificateError
from vndoc.errors._arguments import need
from vndoc.pki import der
from vndoc.pki._lazy import lazy
from vndoc.pki._octets import Place, extent, walk_extensions, walk_within
from vndoc.pki.algorithms import PublicKey, SignatureAlgorithm, key_bits, load_public_key, signature_algorithm
from vndoc.pki.extensions import Extension, Profile, profile_of
from vndoc.pki.names import Name
from vndoc.text import Text, shorten

__all__ = [
    "MAX_CERTIFICATE",
    "Certificate",
    "Extension",
    "Spans",
    "distinct",
    "load_certificates",
    "read_extensions",
    "serial_octets",
]

MAX_CERTIFICATE: Final = 256 * 1024
"""Octets of one certificate: real ones have below eight thousand, even with a picture in them."""

_NEITHER = Text("không phải DER hay PEM", "it is neither DER nor PEM")
_PEM = re.compile(
    rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----(.*?)-----END (?:X509 |TRUSTED )?CERTIFICATE-----", re.DOTALL
)


class Spans(NamedTuple):
    """Where the parts of a certificate stand in its octets."""

    tbs: slice
    algorithm: slice
    inner_algorithm: slice
    issuer: slice
    subject: slice
    spki: slice
    extensions: Mapping[str, tuple[bool, slice]]
    """By OID: whether it is critical, and where its value stands."""


_Times = tuple[datetime.datetime, datetime.datetime]
_Marks = tuple[int, int, int, int, int, int, int, int, int]
"""Where the signed part begins, where the identifier of the signature begins and stops, where the one inside begins;
where issuer, validity, subject and key begin, and where the key stops.
"""


@attrs.frozen(eq=False, repr=False, slots=False)
class Certificate:
    """One certificate. Two are equal when their octets are. Make one with :meth:`load`.

    ``spans`` are offsets into ``der`` that :meth:`load` found; everything else is read from there.
    """

    der: bytes
    _marks: _Marks
    _extensions: Mapping[str, Place]
    version: int
    serial: int
    not_before: datetime.datetime
    """In UTC."""
    not_after: datetime.datetime
    signature: bytes
    """The signature value; empty where it is no whole octets, which verifies under no key."""
    repeated_extensions: bool
    """Whether an OID stands twice among the extensions, which RFC 5280 (4.2) forbids; the first one is kept."""

    @classmethod
    def load(cls, data: bytes) -> Certificate:
        """Return the certificate that *data* is, DER or PEM with one certificate.

        Raises :class:`~vndoc.errors.CertificateError`: ``certificate-malformed`` or ``der-malformed``.
        """
        if type(data) is not bytes:
            need("data", data, bytes, bytearray, memoryview)
            data = bytes(data)
        if data[:1] != b"\x30" and b"-----BEGIN" in data[:MAX_CERTIFICATE]:
            found = load_certificates(data)
            if len(found) != 1:
                raise CertificateError("certificate-malformed", detail=f"PEM: {len(found)}")
            return found[0]
        if len(data) > MAX_CERTIFICATE:
            raise CertificateError("certificate-malformed", detail=f"> {MAX_CERTIFICATE} B")
        return load_der(data)

    @lazy
    def spans(self) -> Spans:
        """Where the parts stand in :attr:`der`."""
        tbs, algorithm, stop, inner, issuer, validity, subject, spki, rest = self._marks
        return Spans(
            slice(tbs, algorithm),
            slice(algorithm, stop),
            slice(inner, issuer),
            slice(issuer, validity),
            slice(subject, spki),
            slice(spki, rest),
            {oid: (critical, slice(*at)) for oid, (critical, *at) in self._extensions.items()},
        )

    @lazy
    def issuer(self) -> bytes:
        """The DER Name of the issuer."""
        return self.der[self._marks[4] : self._marks[5]]

    @lazy
    def subject(self) -> bytes:
        """The DER Name of the subject."""
        return self.der[self._marks[6] : self._marks[7]]

    @lazy
    def spki(self) -> bytes:
        """The DER SubjectPublicKeyInfo."""
        return self.der[self._marks[7] : self._marks[8]]

    @property
    def tbs(self) -> bytes:
        """The octets that the issuer signed."""
        return self.der[self._marks[0] : self._marks[1]]

    @property
    def signature_identifier(self) -> bytes:
        """The DER AlgorithmIdentifier beside the signature."""
        return self.der[self._marks[1] : self._marks[2]]

    @property
    def tbs_signature_identifier(self) -> bytes:
        """The DER AlgorithmIdentifier inside the signed octets, which must be the same."""
        return self.der[self._marks[3] : self._marks[4]]

    @lazy
    def extensions(self) -> Mapping[str, Extension]:
        """The extensions by OID."""
        return MappingProxyType(
            {oid: Extension(oid, critical, self.der[at:end]) for oid, (critical, at, end) in self._extensions.items()}
        )

    @lazy
    def profile(self) -> Profile:
        """What the extensions say about a path."""
        return profile_of(self.der, self._extensions)

    @lazy
    def subject_text(self) -> str:
        """The subject for people, citizen numbers masked; hexadecimal digits where it is no name."""
        return _shown(self.subject)

    @lazy
    def issuer_text(self) -> str:
        """The issuer for people, as :attr:`subject_text`."""
        return _shown(self.issuer)

    @lazy
    def fingerprint(self) -> bytes:
        """SHA-256 of the certificate's octets."""
        return hashlib.sha256(self.der).digest()

    @lazy
    def key_octets(self) -> bytes:
        """The key itself: the octets of the BIT STRING in :attr:`spki`. Raises ``der-malformed``."""
        data = self.spki
        body, end, _ = der.span(data, 0, len(data), der.SEQUENCE)
        _, _, at = der.span(data, body, end, der.SEQUENCE)
        first, last, _ = der.span(data, at, end, der.BIT_STRING)
        return data[first + 1 : last]

    @lazy
    def key_hash(self) -> bytes:
        """SHA-1 of :attr:`key_octets`, by which an OCSP responder may call itself (RFC 6960, 4.2.1)."""
        return hashlib.sha1(self.key_octets, usedforsecurity=False).digest()

    @lazy
    def public_key(self) -> PublicKey:
        """The subject's key; ``key-unsupported`` if it cannot be used here."""
        return load_public_key(self.spki)

    @lazy
    def key_bits(self) -> int:
        """The size of the subject's key; ``key-unsupported`` as :attr:`public_key`."""
        return key_bits(self.public_key)

    @lazy
    def signature_algorithm(self) -> SignatureAlgorithm:
        """The scheme the issuer signed with."""
        return signature_algorithm(self.signature_identifier)

    @lazy
    def serial_content(self) -> bytes:
        """The serial number as the content of a DER INTEGER."""
        return serial_octets(self.serial)

    @lazy
    def subject_key_id(self) -> bytes | None:
        """The subject key identifier, if it is given and well-formed."""
        value = self._value("2.5.29.14")
        return None if value is None else _quiet_octets(value)

    @lazy
    def authority_key_id(self) -> bytes | None:
        """The key identifier of the issuer's key, if it is given and well-formed."""
        value = self._value("2.5.29.35")
        if value is None:
            return None
        try:
            for part in der.children(der.read(value, ber=True), ber=True):
                if part.tag == der.context(0, constructed=False):
                    return part.content
        except CertificateError:
            return None
        return None

    def _value(self, oid: str) -> bytes | None:
        """Return the value of one extension, without making those of all."""
        found = self._extensions.get(oid)
        return None if found is None else self.der[found[1] : found[2]]

    @lazy
    def self_issued(self) -> bool:
        """Whether subject and issuer are the same name."""
        return self.subject == self.issuer

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and self.der == other.der

    def __hash__(self) -> int:
        return hash(self.der)

    def __reduce__(self) -> tuple[object, ...]:
        return Certificate.load, (self.der,)  # what was worked out stays behind: keys cannot be pickled

    def __repr__(self) -> str:
        return f"Certificate(serial={self.serial:X}, sha256={self.fingerprint.hex()[:16]}…)"


def distinct(certificates: Iterable[Certificate]) -> tuple[Certificate, ...]:
    """Return each of *certificates* once, in order: as ``dict.fromkeys``, without asking each one in Python."""
    return tuple({certificate.der: certificate for certificate in certificates}.values())


def load_certificates(data: bytes) -> tuple[Certificate, ...]:
    """Return all certificates of *data*: one in DER, any number in PEM, or a PKCS#7 bundle (``.p7b``).

    Raises :class:`~vndoc.errors.CertificateError` if one of them cannot be read, or if there is none.
    """
    need("data", data, bytes, bytearray, memoryview)
    data = bytes(data)
    if data[:1] == b"\x30":
        return _from_der(data)
    found = tuple(load_der(_unarmour(match[1])) for match in _PEM.finditer(data))
    if not found:
        raise CertificateError("certificate-malformed", detail=_NEITHER)
    return found


def _unarmour(text: bytes) -> bytes:
    try:
        return pybase64.b64decode(b"".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise CertificateError("certificate-malformed", detail="base64") from None


def _from_der(data: bytes) -> tuple[Certificate, ...]:
    outer = der.read(data, ber=True)
    first = der.read(data, outer.body, outer.end, ber=True)
    if first.tag != der.OID:
        return (load_der(data),)
    return tuple(load_der(octets) for octets in _bundled(outer))


def _bundled(outer: der.Element) -> Iterator[bytes]:
    """Yield the certificates of a SignedData without signers (RFC 5652, section 5.1)."""
    parts = der.children(outer, ber=True)
    if der.oid(parts[0]) != "1.2.840.113549.1.7.2" or len(parts) != 2:
        raise CertificateError("certificate-malformed", detail="PKCS#7")
    [signed] = der.children(parts[1], ber=True)[:1] or [parts[1]]
    for part in der.children(signed, ber=True):
        if part.tag == der.context(0):
            for certificate in der.children(part, ber=True):
                if certificate.tag == der.SEQUENCE:
                    yield certificate.octets


def _quiet_octets(value: bytes) -> bytes | None:
    """Return the content of an OCTET STRING, or ``None`` if *value* is none: a hint, never a reason to stop."""
    try:
        element = der.read(value, ber=True)
    except CertificateError:
        return None
    return element.content if element.tag == der.OCTET_STRING else None


def _shown(name: bytes) -> str:
    try:
        return shorten(Name.load(name).display(), 120)
    except CertificateError:
        return f"#{name[:40].hex()}"


_VERSION_3: Final = b"\xa0\x03\x02\x01\x02"
_START: Final = struct.Struct(">HHHH6sB")
"""The headers of certificate and signed part, the version with the tag of the serial number, and its length."""
_STARTS_LONG: Final = (0x3082, 0x3082, _VERSION_3 + b"\x02")
_VALIDITY: Final = struct.Struct("4s12s3s12sc")
"""Two UTCTime: their digits, and what is around them."""
_UTC_TIMES: Final = (b"\x30\x1e\x17\x0d", b"Z\x17\x0d", b"Z")
_EXTENSIONS: Final = struct.Struct(">HHHH")
"""The two headers around the extensions."""
_IN_LONG: Final = (0xA382, 0x3082)
_instant: Final = datetime.datetime.fromisoformat


def load_der(data: bytes) -> Certificate:
    """Return the certificate that *data* is, as :meth:`Certificate.load` does for DER that is not too large."""
    try:
        found = _usual(data)
    except (IndexError, ValueError, struct.error):  # an element ends behind the octets, or there is no such day
        found = None
    return _unusual(data) if found is None else found


def _usual(data: bytes) -> Certificate | None:
    """Return what :func:`_unusual` does, in one pass, where version, lengths and times are as nearly everywhere.

    ``None`` leaves a certificate to it. Every element begins where the one before it stops: the last one stopping where
    it must keeps all of them within bounds.
    """
    outer, size, inner, tbs_size, version, number = _START.unpack_from(data)
    end, tbs_stop, at = size + 4, tbs_size + 8, number + 15
    issuer = at + 2 + data[at + 1]
    validity = issuer + 2 + data[issuer + 1]
    if data[issuer + 1] > 0x7F:
        validity = extent(data, issuer)[1]
    times, since, between, until, zone = _VALIDITY.unpack_from(data, validity)
    text, subject = (since + until).decode("latin-1"), validity + 32
    spki = subject + 2 + data[subject + 1]
    if data[subject + 1] > 0x7F:
        spki = extent(data, subject)[1]
    rest = extent(data, spki)[1]
    algorithm_stop = tbs_stop + 2 + data[tbs_stop + 1]
    value, stop = extent(data, algorithm_stop)
    if not (
        (outer, inner, version) == _STARTS_LONG
        and end == len(data) == stop != value
        and data[at] == data[issuer] == data[subject] == data[spki] == data[tbs_stop] == 0x30
        and data[algorithm_stop] == 0x03
        and (times, between, zone) == _UTC_TIMES
        and text.isdecimal()
        and 0 < number < 0x80 > data[at + 1]
        and data[tbs_stop + 1] < 0x80
    ):
        return None
    extensions: dict[str, Place] = {}
    repeated = False
    if rest != tbs_stop:
        tag, size, sequence, inside = _EXTENSIONS.unpack_from(data, rest)
        if (tag, sequence) == _IN_LONG and rest + 8 + inside == rest + 4 + size == tbs_stop:
            repeated = walk_within(data, rest + 8, tbs_stop, extensions)
        elif tag >> 8 != 0xA3 or extent(data, rest)[1] != tbs_stop:
            return None
        else:
            repeated = walk_extensions(data, extent(data, rest)[0], tbs_stop, extensions)
    found = _blank(Certificate)  # as a call of the class gives it, and what will be asked for, without the detour
    _fill(
        found,
        {
            "der": data,
            "_marks": (4, tbs_stop, algorithm_stop, at, issuer, validity, subject, spki, rest),
            "_extensions": extensions,
            "version": 3,
            "serial": int.from_bytes(data[15:at], "big", signed=True),
            "not_before": _instant(f"{'19' if text[0] >= '5' else '20'}{text[:6]}T{text[6:12]}Z"),
            "not_after": _instant(f"{'19' if text[12] >= '5' else '20'}{text[12:18]}T{text[18:]}Z"),
            "signature": b"" if data[value] else data[value + 1 :],
            "repeated_extensions": repeated,
            "issuer": data[issuer:validity],
            "subject": data[subject:spki],
            "spki": data[spki:rest],
        },
    )
    return found


_blank: Final = object.__new__
_fill: Final = Certificate.__dict__["__dict__"].__set__


def _unusual(data: bytes) -> Certificate:
    size = len(data)
    body, end, stop = der.span(data, 0, size, der.SEQUENCE)
    tbs_body, tbs_end, tbs_stop = der.span(data, body, end, der.SEQUENCE)
    _, _, algorithm_stop = der.span(data, tbs_stop, end, der.SEQUENCE)
    value, value_end, value_stop = der.span(data, algorithm_stop, end, der.BIT_STRING)
    if stop != size or value_stop != end or value == value_end:
        raise CertificateError("certificate-malformed", detail="Certificate")
    version, at = 1, tbs_body
    if data[at : at + 5] == _VERSION_3:
        version, at = 3, at + 5
    elif data[at : at + 1] == b"\xa0":
        inner, inner_end, at = der.span(data, at, tbs_end, 0xA0)
        version = der.integer(der.read(data, inner, inner_end, ber=True)) + 1
    serial, serial_end, at = der.span(data, at, tbs_end, der.INTEGER)
    _, _, issuer = der.span(data, at, tbs_end, der.SEQUENCE)
    _, _, validity = der.span(data, issuer, tbs_end, der.SEQUENCE)
    times, times_end, subject = der.span(data, validity, tbs_end, der.SEQUENCE)
    _, _, spki = der.span(data, subject, tbs_end, der.SEQUENCE)
    _, _, rest = der.span(data, spki, tbs_end, der.SEQUENCE)
    if serial == serial_end:
        raise CertificateError("certificate-malformed", detail="serialNumber")
    not_before, not_after = _validity(data, times, times_end)
    extensions, repeated = _extensions(data, rest, tbs_end) if rest < tbs_end else ({}, False)
    return Certificate(
        data,
        (body, tbs_stop, algorithm_stop, at, issuer, validity, subject, spki, rest),
        extensions,
        version,
        int.from_bytes(data[serial:serial_end], "big", signed=True),
        not_before,
        not_after,
        data[value + 1 : value_end] if not data[value] else b"",
        repeated,
    )


def _validity(data: bytes, start: int, end: int) -> _Times:
    if end - start == 30 and data[start : start + 2] == data[start + 15 : start + 17] == b"\x17\x0d":
        since = der.time_of(der.UTC_TIME, data[start + 2 : start + 15], start)
        return since, der.time_of(der.UTC_TIME, data[start + 17 : end], start + 15)
    first = der.read(data, start, end, ber=True)
    second = der.read(data, first.stop, end, ber=True)
    if second.stop != end:
        raise CertificateError("certificate-malformed", detail="Validity")
    return der.time(first), der.time(second)


def _extensions(data: bytes, pos: int, limit: int) -> tuple[dict[str, Place], bool]:
    """Return where the extensions are by OID, and whether one stands twice; unique identifiers are passed over."""
    found: dict[str, Place] = {}
    repeated = False
    while pos < limit:
        if data[pos] != 0xA3:
            pos = der.read(data, pos, limit, ber=True).stop
            continue
        body, end, pos = der.span(data, pos, limit, 0xA3)
        repeated |= walk_extensions(data, body, end, found)
    return found, repeated


def read_extensions(data: bytes, pos: int, limit: int) -> tuple[dict[str, Extension], bool]:
    """Return the extensions of the SEQUENCE at *pos* in *data* by OID, and whether one stands twice.

    Raises :class:`~vndoc.errors.CertificateError`: ``certificate-malformed`` or ``der-malformed``.
    """
    found: dict[str, Place] = {}
    repeated = walk_extensions(data, pos, limit, found)
    return {oid: Extension(oid, critical, data[at:end]) for oid, (critical, at, end) in found.items()}, repeated


def serial_octets(serial: int) -> bytes:
    """Return the content of the DER INTEGER *serial*."""
    return serial.to_bytes(((serial if serial >= 0 else ~serial).bit_length() + 8) // 8, "big", signed=True)
