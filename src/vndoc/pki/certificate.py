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
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

import attrs
import pybase64

from vndoc.errors import CertificateError
from vndoc.pki import der
from vndoc.pki._lazy import lazy
from vndoc.pki.algorithms import PublicKey, SignatureAlgorithm, key_bits, load_public_key, signature_algorithm
from vndoc.pki.extensions import Extension, Profile, profile_of
from vndoc.pki.names import Name
from vndoc.text import shorten

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


@attrs.frozen(eq=False, repr=False, slots=False)
class Certificate:
    """One certificate. Two are equal when their octets are. Make one with :meth:`load`.

    ``spans`` are offsets into ``der`` that :meth:`load` found; everything else is read from there.
    """

    der: bytes
    spans: Spans
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
        if data[:1] != b"\x30" and b"-----BEGIN" in data[:MAX_CERTIFICATE]:
            found = load_certificates(data)
            if len(found) != 1:
                raise CertificateError("certificate-malformed", detail=f"PEM: {len(found)}")
            return found[0]
        if len(data) > MAX_CERTIFICATE:
            raise CertificateError("certificate-malformed", detail=f"> {MAX_CERTIFICATE} B")
        return _load(bytes(data))

    @lazy
    def issuer(self) -> bytes:
        """The DER Name of the issuer."""
        return self.der[self.spans.issuer]

    @lazy
    def subject(self) -> bytes:
        """The DER Name of the subject."""
        return self.der[self.spans.subject]

    @lazy
    def spki(self) -> bytes:
        """The DER SubjectPublicKeyInfo."""
        return self.der[self.spans.spki]

    @property
    def tbs(self) -> bytes:
        """The octets that the issuer signed."""
        return self.der[self.spans.tbs]

    @property
    def signature_identifier(self) -> bytes:
        """The DER AlgorithmIdentifier beside the signature."""
        return self.der[self.spans.algorithm]

    @property
    def tbs_signature_identifier(self) -> bytes:
        """The DER AlgorithmIdentifier inside the signed octets, which must be the same."""
        return self.der[self.spans.inner_algorithm]

    @lazy
    def extensions(self) -> Mapping[str, Extension]:
        """The extensions by OID."""
        return MappingProxyType(
            {oid: Extension(oid, critical, self.der[at]) for oid, (critical, at) in self.spans.extensions.items()}
        )

    @lazy
    def profile(self) -> Profile:
        """What the extensions say about a path."""
        return profile_of(self.der, self.spans.extensions)

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
        found = self.spans.extensions.get(oid)
        return None if found is None else self.der[found[1]]

    @lazy
    def self_issued(self) -> bool:
        """Whether subject and issuer are the same name."""
        return self.subject == self.issuer

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and self.der == other.der

    def __hash__(self) -> int:
        return hash(self.der)

    def __repr__(self) -> str:
        return f"Certificate(serial={self.serial:X}, sha256={self.fingerprint.hex()[:16]}…)"


def distinct(certificates: Iterable[Certificate]) -> tuple[Certificate, ...]:
    """Return each of *certificates* once, in order: as ``dict.fromkeys``, without asking each one in Python."""
    return tuple({certificate.der: certificate for certificate in certificates}.values())


def load_certificates(data: bytes) -> tuple[Certificate, ...]:
    """Return all certificates of *data*: one in DER, any number in PEM, or a PKCS#7 bundle (``.p7b``).

    Raises :class:`~vndoc.errors.CertificateError` if one of them cannot be read, or if there is none.
    """
    if data[:1] == b"\x30":
        return _from_der(bytes(data))
    found = tuple(_load(_unarmour(match[1])) for match in _PEM.finditer(data))
    if not found:
        raise CertificateError("certificate-malformed", detail="DER, PEM?")
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
        return (_load(data),)
    return tuple(_load(octets) for octets in _bundled(outer))


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


def _load(data: bytes) -> Certificate:
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
        Spans(
            slice(body, tbs_stop),
            slice(tbs_stop, algorithm_stop),
            slice(at, issuer),
            slice(issuer, validity),
            slice(subject, spki),
            slice(spki, rest),
            extensions,
        ),
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


def _extensions(data: bytes, pos: int, limit: int) -> tuple[dict[str, tuple[bool, slice]], bool]:
    """Return where the extensions are by OID, and whether one stands twice; unique identifiers are passed over."""
    found: dict[str, tuple[bool, slice]] = {}
    repeated = False
    while pos < limit:
        if data[pos] != 0xA3:
            pos = der.read(data, pos, limit, ber=True).stop
            continue
        body, end, pos = der.span(data, pos, limit, 0xA3)
        repeated |= _walk_extensions(data, body, end, found)
    return found, repeated


_HEADS: Final = {
    bytes((0x06, 0x03, 0x55, 0x1D, number, behind)): (f"2.5.29.{number}", critical, skipped)
    for number in range(128)
    for behind, critical, skipped in ((0x04, False, 9), (0x01, True, 12))
}
"""How extensions of id-ce begin behind their own header: OID and what follows it; with where their value begins."""


def _walk_extensions(data: bytes, pos: int, limit: int, found: dict[str, tuple[bool, slice]]) -> bool:
    """Put into *found* where the extensions of the SEQUENCE at *pos* are; return whether one stands twice."""
    repeated = False
    at, end, stop = der.span(data, pos, limit, der.SEQUENCE)
    if stop != limit:
        raise CertificateError("certificate-malformed", detail="Extensions")
    while at < end:
        head = _HEADS.get(data[at + 2 : at + 8])
        if head is not None and at + 12 < end and data[at] == 0x30 and data[at + 1] < 0x80:
            # of id-ce, all lengths short: nearly every one
            name, critical, skipped = head
            value, item_end = at + skipped, at + 2 + data[at + 1]
            if (
                (not critical or data[at + 8 : at + 11] == b"\x01\xff\x04")
                and data[value - 1] < 0x80
                and value + data[value - 1] == item_end <= end
                and name not in found
            ):
                found[name] = critical, slice(value, item_end)
                at = item_end
                continue
        item, item_end, at = der.span(data, at, end, der.SEQUENCE)
        oid_body, oid_end, item = der.span(data, item, item_end, der.OID)
        critical = False
        if item < item_end and data[item] == der.BOOLEAN:
            flag, flag_end, item = der.span(data, item, item_end, der.BOOLEAN)
            critical = data[flag:flag_end] != b"\0"
        value, value_end, item = der.span(data, item, item_end, der.OCTET_STRING)
        if item != item_end:
            raise CertificateError("certificate-malformed", detail="Extension")
        name = der.dotted(data[oid_body:oid_end])
        if name in found:
            repeated = True
        else:
            found[name] = critical, slice(value, value_end)
    return repeated


def read_extensions(data: bytes, pos: int, limit: int) -> tuple[dict[str, Extension], bool]:
    """Return the extensions of the SEQUENCE at *pos* in *data* by OID, and whether one stands twice.

    Raises :class:`~vndoc.errors.CertificateError`: ``certificate-malformed`` or ``der-malformed``.
    """
    found: dict[str, tuple[bool, slice]] = {}
    repeated = _walk_extensions(data, pos, limit, found)
    return {oid: Extension(oid, critical, data[at]) for oid, (critical, at) in found.items()}, repeated


def serial_octets(serial: int) -> bytes:
    """Return the content of the DER INTEGER *serial*."""
    return serial.to_bytes(((serial if serial >= 0 else ~serial).bit_length() + 8) // 8, "big", signed=True)
