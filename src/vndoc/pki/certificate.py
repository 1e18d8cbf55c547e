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
from collections.abc import Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Final

import attrs
import pybase64

from vndoc.errors import CertificateError
from vndoc.pki import der
from vndoc.pki.algorithms import PublicKey, SignatureAlgorithm, load_public_key, signature_algorithm

__all__ = ["MAX_CERTIFICATE", "Certificate", "Extension", "load_certificates"]

MAX_CERTIFICATE: Final = 256 * 1024
"""Octets of one certificate: real ones have below eight thousand, even with a picture in them."""

_PEM = re.compile(
    rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----(.*?)-----END (?:X509 |TRUSTED )?CERTIFICATE-----", re.DOTALL
)
_KEY_USAGE: Final = "2.5.29.15"


@attrs.frozen
class Extension:
    """One extension: its OID, whether it is critical, and the octets of its value."""

    oid: str
    critical: bool
    value: bytes


@attrs.frozen(eq=False, repr=False, slots=False)
class Certificate:
    """One certificate. Two are equal when their octets are.

    ``issuer`` and ``subject`` are DER Names, ``spki`` the DER SubjectPublicKeyInfo, ``tbs`` the octets that the
    issuer signed, times are in UTC. Make one with :meth:`load`.
    """

    der: bytes
    version: int
    serial: int
    issuer: bytes
    subject: bytes
    not_before: datetime.datetime
    not_after: datetime.datetime
    spki: bytes
    tbs: bytes
    signature_identifier: bytes
    tbs_signature_identifier: bytes
    signature: bytes
    extensions: Mapping[str, Extension]
    repeated_extensions: bool = False
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

    @cached_property
    def fingerprint(self) -> bytes:
        """SHA-256 of the certificate's octets."""
        return hashlib.sha256(self.der).digest()

    @cached_property
    def public_key(self) -> PublicKey:
        """The subject's key; ``key-unsupported`` if it cannot be used here."""
        return load_public_key(self.spki)

    @cached_property
    def signature_algorithm(self) -> SignatureAlgorithm:
        """The scheme the issuer signed with."""
        return signature_algorithm(self.signature_identifier)

    @cached_property
    def subject_key_id(self) -> bytes | None:
        """The subject key identifier, if it is given and well-formed."""
        value = self.extensions.get("2.5.29.14")
        return None if value is None else _quiet_octets(value.value)

    @cached_property
    def authority_key_id(self) -> bytes | None:
        """The key identifier of the issuer's key, if it is given and well-formed."""
        value = self.extensions.get("2.5.29.35")
        if value is None:
            return None
        try:
            for part in der.children(der.read(value.value, ber=True), ber=True):
                if part.tag == der.context(0, constructed=False):
                    return part.content
        except CertificateError:
            return None
        return None

    @cached_property
    def self_issued(self) -> bool:
        """Whether subject and issuer are the same name."""
        return self.subject == self.issuer

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and self.der == other.der

    def __hash__(self) -> int:
        return hash(self.der)

    def __repr__(self) -> str:
        return f"Certificate(serial={self.serial:X}, sha256={self.fingerprint.hex()[:16]}…)"


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


def _load(data: bytes) -> Certificate:
    outer = der.read(data, ber=True)
    parts = der.children(outer, ber=True)
    if outer.tag != der.SEQUENCE or outer.stop != len(data) or len(parts) != 3:
        raise CertificateError("certificate-malformed", detail="Certificate")
    tbs, algorithm, value = parts
    signature, unused = der.bits(value)
    fields = der.children(tbs, ber=True)
    version = 1
    if fields and fields[0].tag == der.context(0):
        version = der.integer(der.read(data, fields[0].body, fields[0].end, ber=True)) + 1
        fields = fields[1:]
    if tbs.tag != der.SEQUENCE or len(fields) < 6 or [f.tag for f in fields[1:6]] != [der.SEQUENCE] * 5:
        raise CertificateError("certificate-malformed", detail="TBSCertificate")
    validity = der.children(fields[3], ber=True)
    if len(validity) != 2:
        raise CertificateError("certificate-malformed", detail="Validity")
    extensions, repeated = _extensions(fields[6:])
    return Certificate(
        der=data,
        version=version,
        serial=der.integer(fields[0]),
        issuer=fields[2].octets,
        subject=fields[4].octets,
        not_before=der.time(validity[0]),
        not_after=der.time(validity[1]),
        spki=fields[5].octets,
        tbs=tbs.octets,
        signature_identifier=algorithm.octets,
        tbs_signature_identifier=fields[1].octets,
        signature=b"" if unused else signature,  # a signature is whole octets: this one verifies under no key
        extensions=extensions,
        repeated_extensions=repeated,
    )


def _extensions(fields: list[der.Element]) -> tuple[Mapping[str, Extension], bool]:
    """Return the extensions by OID, and whether one stands twice."""
    found: dict[str, Extension] = {}
    repeated = False
    for field in fields:
        if field.tag != der.context(3):
            continue
        for item in der.children(der.read(field.data, field.body, field.end, ber=True), ber=True):
            parts = der.children(item, ber=True)
            critical = len(parts) == 3 and parts[1].tag == der.BOOLEAN and parts[1].content != b"\0"
            if not 2 <= len(parts) <= 3 or parts[-1].tag != der.OCTET_STRING:
                raise CertificateError("certificate-malformed", detail="Extension")
            name = der.oid(parts[0])
            repeated = repeated or name in found
            found.setdefault(name, Extension(name, critical, parts[-1].content))
    return MappingProxyType(found), repeated
