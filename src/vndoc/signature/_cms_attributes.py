"""What the attributes of CMS and CAdES say (RFC 5652, RFC 5035, EN 319 122-1), read from their octets.

Every function takes one value of an attribute and raises :class:`~vndoc.errors.CertificateError` if it is none.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Final

import attrs

from vndoc.errors import CertificateError
from vndoc.pki import der
from vndoc.pki._octets import extent
from vndoc.pki.algorithms import DIGESTS, Digest, digest_of_identifier
from vndoc.pki.certificate import Certificate
from vndoc.signature._cms_structure import children, octet_string
from vndoc.signature.facts import RevocationMaterial

_PKCS9: Final = "1.2.840.113549.1.9."
_SMIME: Final = _PKCS9 + "16.2."

CONTENT_TYPE: Final = _PKCS9 + "3"
MESSAGE_DIGEST: Final = _PKCS9 + "4"
SIGNING_TIME: Final = _PKCS9 + "5"
COUNTER_SIGNATURE: Final = _PKCS9 + "6"
ALGORITHM_PROTECTION: Final = _PKCS9 + "52"
SIGNING_CERTIFICATE: Final = _SMIME + "12"
SIGNATURE_TIMESTAMP: Final = _SMIME + "14"
POLICY: Final = _SMIME + "15"
COMMITMENT: Final = _SMIME + "16"
LOCATION: Final = _SMIME + "17"
SIGNER_ATTRIBUTES: Final = _SMIME + "18"
CONTENT_TIMESTAMP: Final = _SMIME + "20"
CERTIFICATE_REFS: Final = _SMIME + "21"
REVOCATION_REFS: Final = _SMIME + "22"
CERTIFICATE_VALUES: Final = _SMIME + "23"
REVOCATION_VALUES: Final = _SMIME + "24"
ESC_TIMESTAMP: Final = _SMIME + "25"
REFERENCES_TIMESTAMP: Final = _SMIME + "26"
ARCHIVE_TIMESTAMP_V1: Final = _SMIME + "27"
SIGNING_CERTIFICATE_V2: Final = _SMIME + "47"
ARCHIVE_TIMESTAMP_V2: Final = _SMIME + "48"
ARCHIVE_TIMESTAMP_V3: Final = "0.4.0.1733.2.4"
SIGNER_ATTRIBUTES_V2: Final = "0.4.0.19122.1.1"
HASH_INDEX_V3: Final = "0.4.0.19122.1.5"
HASH_INDEXES: Final = (HASH_INDEX_V3, "0.4.0.19122.1.4", "0.4.0.1733.2.5")
"""The ats-hash-index in a timestamp token, the newest version first."""
ADBE_REVOCATION: Final = "1.2.840.113583.1.1.8"

OF_EVERY_SIGNATURE: Final = frozenset(
    {CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME, SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2, ALGORITHM_PROTECTION}
)
"""The signed attributes that nearly every signature has, and none beside them."""

NOT_READ: Final = {
    _SMIME + "49": "internal evidence record (RFC 4998)",
    _SMIME + "50": "external evidence record (RFC 4998)",
    "0.4.0.1733.2.2": "long-term-validation (TS 101 733)",
}
"""Unsigned attributes that are to prove existence, and that are not read here."""

NAMES: Final = {
    CONTENT_TYPE: "content-type",
    MESSAGE_DIGEST: "message-digest",
    SIGNING_TIME: "signing-time",
    COUNTER_SIGNATURE: "countersignature",
    ALGORITHM_PROTECTION: "CMSAlgorithmProtection",
    SIGNING_CERTIFICATE: "signing-certificate",
    SIGNATURE_TIMESTAMP: "signature-time-stamp",
    POLICY: "signature-policy-identifier",
    COMMITMENT: "commitment-type-indication",
    LOCATION: "signer-location",
    SIGNER_ATTRIBUTES: "signer-attributes",
    CONTENT_TIMESTAMP: "content-time-stamp",
    CERTIFICATE_VALUES: "certificate-values",
    REVOCATION_VALUES: "revocation-values",
    SIGNING_CERTIFICATE_V2: "signing-certificate-v2",
    SIGNER_ATTRIBUTES_V2: "signer-attributes-v2",
    ADBE_REVOCATION: "adbe-revocationInfoArchival",
}
"""The names of attributes in their standards."""


def _wrong(element: der.Element) -> CertificateError:
    return CertificateError("der-malformed", offset=element.start)


def _sequence(element: der.Element, tag: int = der.SEQUENCE) -> list[der.Element]:
    if element.tag != tag:
        raise _wrong(element)
    return children(element)


def _first(element: der.Element) -> der.Element:
    parts = _sequence(element)
    if not parts:
        raise _wrong(element)
    return parts[0]


@attrs.frozen(slots=False)
class CertificateId:
    """How an ESS attribute names the signing certificate. ``digest`` is ``None`` where it is not computed here."""

    digest: Digest | None
    value: bytes
    serial: int | None

    def names(self, certificate: Certificate) -> bool:
        """Return whether *certificate* is the one; the serial number, if it is given, has to be right, too."""
        if self.digest is None or self.digest.hashlib is None:
            return False
        if self.serial is not None and self.serial != certificate.serial:
            return False
        found = certificate.fingerprint if self.digest.name == "sha256" else self.digest.of(certificate.der)
        return found == self.value


def certificate_id(value: der.Element, *, v2: bool) -> CertificateId:
    """Return the first entry of signing-certificate (v1: SHA-1) or signing-certificate-v2 (RFC 5035, 5.4)."""
    try:
        found = _usual_id(value, v2)
    except (IndexError, ValueError):  # an element ends behind the octets, or is malformed
        found = None
    return _unusual_id(value, v2) if found is None else found


_SHA256: Final = DIGESTS["sha256"]
_BARE: Final = bytes((0x30, 0x26, 0x30, 0x24, 0x30, 0x22, 0x04, 0x20))
"""How signing-certificate-v2 begins that holds the SHA-256 of one certificate and nothing else."""
_BARE_SIZE: Final = len(_BARE) + 32


def _usual_id(value: der.Element, v2: bool) -> CertificateId | None:
    """Return what :func:`_unusual_id` does where one certificate is named and no policy, else ``None``."""
    data, end = value.data, value.end
    if v2 and end - value.start == _BARE_SIZE and data.startswith(_BARE, value.start):
        return CertificateId(_SHA256, data[value.start + len(_BARE) : end], None)
    entry, entries_stop = extent(data, value.body)
    at, stop = extent(data, entry)
    if not (stop == entries_stop == end and value.tag == data[value.body] == data[entry] == der.SEQUENCE):
        return None
    digest = DIGESTS["sha256" if v2 else "sha1"]
    if v2 and data[at] == der.SEQUENCE:
        behind = extent(data, at)[1]
        digest, at = digest_of_identifier(data[at:behind]), behind
    content, content_stop = extent(data, at)
    if data[at] != der.OCTET_STRING or content_stop > stop:
        return None
    serial = None
    if content_stop < stop:
        names, names_stop = extent(data, content_stop)
        number = extent(data, names)[1]
        first, last = extent(data, number)
        if not (
            data[content_stop] == data[names] == der.SEQUENCE
            and data[number] == der.INTEGER
            and last == names_stop == stop
            and 0 < last - first < 0x80
        ):
            return None
        serial = int.from_bytes(data[first:last], "big", signed=True)
    return CertificateId(digest, data[content:content_stop], serial)


def _unusual_id(value: der.Element, v2: bool) -> CertificateId:
    parts = _sequence(_first(_first(value)))
    digest: Digest | None = DIGESTS["sha256" if v2 else "sha1"]
    if v2 and parts and parts[0].tag == der.SEQUENCE:
        try:
            digest = digest_of_identifier(parts.pop(0).octets)
        except CertificateError as error:
            if error.code != "algorithm-unsupported":
                raise
            digest = None
    if not 1 <= len(parts) <= 2:
        raise _wrong(value)
    serial = None
    if len(parts) == 2:
        issuer_serial = _sequence(parts[1])
        if len(issuer_serial) != 2:
            raise _wrong(parts[1])
        serial = der.integer(issuer_serial[1])
    return CertificateId(digest, octet_string(parts[0]), serial)


def signing_time(value: der.Element) -> datetime.datetime:
    """Return signing-time (RFC 5652, 11.3)."""
    return der.time(value)


def first_oid(value: der.Element) -> str:
    """Return the OID that commitment-type-indication and signature-policy-identifier begin with."""
    return der.oid(_first(value))


_ENCODINGS: Final = {
    0x0C: "utf-8",
    0x12: "ascii",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1A: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}


def text(element: der.Element) -> str:
    """Return the value of a string type; octets that are not of its alphabet become U+FFFD."""
    encoding = _ENCODINGS.get(element.tag)
    if encoding is None:
        raise _wrong(element)
    return element.content.decode(encoding, "replace")


def location(value: der.Element) -> tuple[str, ...]:
    """Return country, locality and the lines of the postal address of signer-location, what there is of them."""
    found: list[str] = []
    for part in _sequence(value):
        lines = children(part)
        if part.tag == der.context(2) and len(lines) == 1 and lines[0].tag == der.SEQUENCE:
            lines = children(lines[0])
        found.extend(text(line) for line in lines)
    return tuple(found)


def roles(value: der.Element) -> tuple[str, ...]:
    """Return the texts of the claimed attributes ([0]) of signer-attributes, v1 or v2; certified ones are not read."""
    found: list[str] = []
    for part in _sequence(value):
        if part.tag == der.context(0):
            for attribute in children(part):
                found.extend(word for claimed in _claimed(attribute) for word in _texts(claimed))
    return tuple(found)


def _claimed(attribute: der.Element) -> list[der.Element]:
    """Return the values of an Attribute, or those of all in a SEQUENCE OF Attribute: the tag [0] is explicit."""
    parts = _sequence(attribute)
    if len(parts) == 2 and parts[0].tag == der.OID:
        return _sequence(parts[1], der.SET)
    found: list[der.Element] = []
    for part in parts:
        inner = _sequence(part)
        if len(inner) != 2:
            raise _wrong(part)
        found.extend(_sequence(inner[1], der.SET))
    return found


def _texts(value: der.Element, depth: int = 0) -> Iterator[str]:
    if value.tag in _ENCODINGS:
        yield text(value)
    elif value.constructed and depth < 8:
        for part in children(value):
            yield from _texts(part, depth + 1)


MOST_VALUES: Final = 1_000
"""Lists, responses and certificates in the attributes of one signer: real signatures carry below ten."""


def revocation_values(value: der.Element, *, most: int = MOST_VALUES) -> RevocationMaterial:
    """Return revocation-values (EN 319 122-1, A.1.2) and adbe-revocationInfoArchival (ISO 32000-1, 12.8.3.3.2).

    Both are lists at [0] and responses at [1]; bare basic responses get the envelope of RFC 6960. Raises
    ``der-malformed`` for more than *most* altogether.
    """
    crls: list[bytes] = []
    ocsps: list[bytes] = []
    for part in _sequence(value):
        if part.tag not in (der.context(0), der.context(1)):
            continue
        for items in children(part):
            if items.tag != der.SEQUENCE:
                raise _wrong(items)
            found = [item.octets for item in children(items, most=most - len(crls) - len(ocsps))]
            if part.tag == der.context(0):
                crls.extend(found)
            else:
                ocsps.extend(ocsp_response(octets) for octets in found)
    return RevocationMaterial(crls=tuple(crls), ocsps=tuple(ocsps))


def ocsp_response(octets: bytes) -> bytes:
    """Return the OCSPResponse for *octets*, which may be a BasicOCSPResponse."""
    parts = children(der.read(octets, ber=True))
    if parts and parts[0].tag == der.ENUMERATED:
        return octets
    body = der.encode(der.SEQUENCE, der.encode_oid("1.3.6.1.5.5.7.48.1.1"), der.encode(der.OCTET_STRING, octets))
    return der.encode(der.SEQUENCE, b"\x0a\x01\x00", der.encode(der.context(0), body))


_OCSP_FORMATS: Final = frozenset({"1.3.6.1.5.5.7.16.2", "1.3.6.1.5.5.7.48.1.1"})


def revocation_choice(element: der.Element) -> RevocationMaterial:
    """Return what one RevocationInfoChoice holds (RFC 5652, 10.2.1; RFC 5940 for responses)."""
    if element.tag == der.SEQUENCE:
        return RevocationMaterial(crls=(element.octets,))
    if element.tag == der.context(1):
        parts = children(element)
        if len(parts) == 2 and der.oid(parts[0]) in _OCSP_FORMATS:
            return RevocationMaterial(ocsps=(ocsp_response(parts[1].octets),))
    raise _wrong(element)


def protected_algorithms(value: der.Element) -> tuple[bytes, bytes | None]:
    """Return digest and signature AlgorithmIdentifier of CMSAlgorithmProtection (RFC 6211)."""
    parts = _sequence(value)
    if not parts or parts[0].tag != der.SEQUENCE:
        raise _wrong(value)
    signature = next((p for p in parts[1:] if p.tag == der.context(1)), None)
    return parts[0].octets, None if signature is None else der.encode(der.SEQUENCE, signature.content)
