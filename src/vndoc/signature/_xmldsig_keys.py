"""KeyInfo: the certificates that a signature carries, and how it names the signer's (XML Signature 1.1, section 4.5).

Nothing in KeyInfo is signed, so all of it is a hint. A bare key (KeyValue) is read for whoever knows that key already;
it is never taken for a certificate.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import islice
from typing import Final

import attrs
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from lxml import etree

from vndoc.errors import CertificateError
from vndoc.pki import der
from vndoc.pki.algorithms import DIGESTS, PublicKey, load_public_key
from vndoc.pki.certificate import MAX_CERTIFICATE, Certificate
from vndoc.pki.outcome import Reason
from vndoc.signature._xmldsig_names import DS11, MORE, digest_method, ds
from vndoc.signature._xmldsig_tree import base64_of, base64_value, element_children, plain_text, reason

__all__ = [
    "LONGEST_TEXT",
    "MAX_CERTIFICATES",
    "KeyInfo",
    "kept_certificate",
    "known_certificate",
    "name_values",
    "named_by",
    "read_certificate",
    "read_key_info",
    "serial_number",
]

MAX_CERTIFICATES: Final = 64
"""Certificates that are read from one signature."""

LONGEST_TEXT: Final = 2 * (MAX_CERTIFICATE * 4 // 3 + 1024)
"""Characters of a certificate in base64, with white space."""
_LONGEST_NAME: Final = 4096
_X509_DATA: Final = ds("X509Data")
_X509_CERTIFICATE: Final = ds("X509Certificate")
_DECIMAL: Final = "[0-9]{1,157}"
"""The digits of a number below the prime of P-521."""
_CURVES: Final[dict[str, type[ec.EllipticCurve]]] = {
    "urn:oid:1.2.840.10045.3.1.7": ec.SECP256R1,
    "urn:oid:1.3.132.0.34": ec.SECP384R1,
    "urn:oid:1.3.132.0.35": ec.SECP521R1,
}


@attrs.define(eq=False, kw_only=True)
class KeyInfo:
    """What a KeyInfo says: certificates in order, revocation lists, a bare key, and names of certificates."""

    certificates: tuple[Certificate, ...] = ()
    crls: tuple[bytes, ...] = ()
    key_value: PublicKey | None = None
    key_names: tuple[str, ...] = ()
    issuer_serials: tuple[tuple[str, int], ...] = ()
    key_ids: tuple[bytes, ...] = ()
    subject_names: tuple[str, ...] = ()
    digests: tuple[tuple[str, bytes], ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def names_any(self) -> bool:
        """Return whether any certificate is named."""
        return bool(self.issuer_serials or self.key_ids or self.subject_names or self.digests)

    def names(self, certificate: Certificate) -> bool | None:
        """Return whether a name here is that of *certificate*; ``None`` if no certificate is named at all."""
        if not self.names_any:
            return None
        return (
            any(named_by(certificate, issuer, serial) for issuer, serial in self.issuer_serials)
            or certificate.subject_key_id in self.key_ids
            or any(name_values(text) == _der_values(certificate.subject) for text in self.subject_names)
            or any(_digest_is(certificate, uri, value) for uri, value in self.digests)
        )


def named_by(certificate: Certificate, issuer: str, serial: int) -> bool:
    """Return whether *certificate* has the *serial* and an issuer that *issuer* (RFC 4514) may mean."""
    return certificate.serial == serial and name_values(issuer) == _der_values(certificate.issuer)


def read_key_info(node: etree._Element | None) -> KeyInfo:
    """Return what the KeyInfo element *node* says.

    Raises :class:`Refusal` where text that is used is not plain or not base64 (attack A7); a certificate that
    cannot be read is a reason in the result.
    """
    children = [] if node is None else element_children(node)
    plain = _certificates_only(children)
    if plain is not None:
        return plain
    reading = _Reading()
    for child in children:
        reader = _READERS.get(str(child.tag))
        if reader is not None:
            reader(reading, child)
    if (
        node is not None
        and next(islice(node.iter(_X509_CERTIFICATE), reading.certificate_elements, None), None) is not None
    ):
        reading.reasons.append(reason("certificate-misplaced", place=node))
    return KeyInfo(
        certificates=tuple(reading.certificates),
        crls=tuple(reading.crls),
        key_value=reading.key_value,
        key_names=tuple(reading.key_names),
        issuer_serials=tuple(reading.issuer_serials),
        key_ids=tuple(reading.key_ids),
        subject_names=tuple(reading.subject_names),
        digests=tuple(reading.digests),
        reasons=tuple(reading.reasons),
    )


def _certificates_only(children: list[etree._Element]) -> KeyInfo | None:
    """Return what a KeyInfo says whose *children* are one X509Data with certificates, as nearly always."""
    if len(children) != 1 or children[0].tag != _X509_DATA:
        return None
    nodes = element_children(children[0])
    if len(nodes) > MAX_CERTIFICATES or [node.tag for node in nodes].count(_X509_CERTIFICATE) != len(nodes):
        return None
    reasons: list[Reason] = []
    found = [read_certificate(node, reasons) for node in nodes]
    return KeyInfo(certificates=tuple([c for c in found if c is not None]), reasons=tuple(reasons))


def read_certificate(node: etree._Element, reasons: list[Reason]) -> Certificate | None:
    """Return the certificate whose base64 is the text of *node*, or ``None`` with a reason added to *reasons*."""
    text = plain_text(node)
    known = known_certificate(text)
    if known is not None:
        return known
    if len(text) > LONGEST_TEXT:
        reasons.append(reason("certificate-too-large", place=node, limit=MAX_CERTIFICATE))
        return None
    octets = base64_of(text, node)
    if len(octets) > MAX_CERTIFICATE:
        reasons.append(reason("certificate-too-large", place=node, limit=MAX_CERTIFICATE))
        return None
    try:
        return kept_certificate(text, octets)
    except CertificateError as error:
        reasons.append(reason("certificate-unreadable", place=node, detail=error.text()))
        return None


def known_certificate(text: str) -> Certificate | None:
    """Return the certificate that was read from the base64 *text* before, if it is still known."""
    return _KNOWN.get(text)


def kept_certificate(text: str, octets: bytes) -> Certificate:
    """Return the certificate in *octets*, which *text* stands for; raises :class:`CertificateError`."""
    found = Certificate.load(octets)
    if len(text) <= _KEPT:
        if len(_KNOWN) >= _KEPT_COUNT:
            _KNOWN.clear()
        _KNOWN[text] = found
    return found


_KNOWN: dict[str, Certificate] = {}
"""Certificates by the text they were read from: the same few signers sign most documents. Values never change."""
_KEPT: Final = 16 * 1024
_KEPT_COUNT: Final = 256


@attrs.define
class _Reading:
    certificates: list[Certificate] = attrs.field(factory=list)
    crls: list[bytes] = attrs.field(factory=list)
    key_value: PublicKey | None = None
    key_names: list[str] = attrs.field(factory=list)
    issuer_serials: list[tuple[str, int]] = attrs.field(factory=list)
    key_ids: list[bytes] = attrs.field(factory=list)
    subject_names: list[str] = attrs.field(factory=list)
    digests: list[tuple[str, bytes]] = attrs.field(factory=list)
    reasons: list[Reason] = attrs.field(factory=list)
    certificate_elements: int = 0
    names: int = 0

    def x509_data(self, node: etree._Element) -> None:
        for child in element_children(node):
            if str(child.tag) in _NAMES:
                self.names += 1
                if self.names > MAX_CERTIFICATES:
                    continue
            name = str(child.tag)
            if name == _X509_CERTIFICATE:
                self._certificate(child)
            elif name == ds("X509IssuerSerial"):
                self._issuer_serial(child)
            elif name == ds("X509SKI"):
                self.key_ids.append(base64_value(child))
            elif name == ds("X509SubjectName"):
                self.subject_names.append(plain_text(child))
            elif name == ds("X509CRL"):
                self.crls.append(base64_value(child))
            elif name == f"{{{DS11}}}X509Digest":
                digest = digest_method(child)
                self.digests.append(("" if digest is None else digest.name, base64_value(child)))

    def _certificate(self, node: etree._Element) -> None:
        self.certificate_elements += 1
        if self.certificate_elements > MAX_CERTIFICATES:
            if self.certificate_elements == MAX_CERTIFICATES + 1:
                self.reasons.append(reason("too-many-certificates", place=node, limit=MAX_CERTIFICATES))
            return
        certificate = read_certificate(node, self.reasons)
        if certificate is not None:
            self.certificates.append(certificate)

    def _issuer_serial(self, node: etree._Element) -> None:
        issuer, serial = node.find(ds("X509IssuerName")), node.find(ds("X509SerialNumber"))
        if issuer is None or serial is None:
            return
        number = serial_number(plain_text(serial))
        if number is not None:
            self.issuer_serials.append((plain_text(issuer), number))

    def bare_key(self, node: etree._Element) -> None:
        if self.key_value is None:
            self.key_value = _key_value(node)

    def encoded_key(self, node: etree._Element) -> None:
        if self.key_value is None:
            try:
                self.key_value = load_public_key(base64_value(node))
            except CertificateError:
                self.key_value = None

    def key_name(self, node: etree._Element) -> None:
        self.key_names.append(plain_text(node))

    def retrieval(self, node: etree._Element) -> None:
        code = _NOT_FOLLOWED[str(node.tag)]
        self.reasons.append(reason(code, place=node, uri=f'"{node.get("URI", "")}"'))


_NAMES: Final = frozenset({ds("X509IssuerSerial"), ds("X509SKI"), ds("X509SubjectName"), f"{{{DS11}}}X509Digest"})
"""What names a certificate: a hint each, so that as many as there may be certificates are read."""

_KEY_INFO_REFERENCE: Final = f"{{{DS11}}}KeyInfoReference"
_NOT_FOLLOWED: Final = {
    ds("RetrievalMethod"): "retrieval-method-not-followed",
    _KEY_INFO_REFERENCE: "key-info-reference-not-followed",
}
"""What leads to a key elsewhere in the document or the network, with the code of the reason."""

_READERS: Final = {
    ds("X509Data"): _Reading.x509_data,
    ds("KeyValue"): _Reading.bare_key,
    ds("KeyName"): _Reading.key_name,
    ds("RetrievalMethod"): _Reading.retrieval,
    _KEY_INFO_REFERENCE: _Reading.retrieval,
    f"{{{DS11}}}DEREncodedKeyValue": _Reading.encoded_key,
}


def serial_number(text: str) -> int | None:
    """Return a serial number in decimal digits, or ``None``."""
    found = re.fullmatch(r"\s*(-?[0-9]{1,100})\s*", text)
    return None if found is None else int(found[1])


# -- bare keys ---------------------------------------------------------------------------------------


def _key_value(node: etree._Element) -> PublicKey | None:
    """Return the key of a KeyValue element, or ``None`` if it is not one that can be used."""
    children = element_children(node)
    try:
        for child in children:
            if child.tag == ds("RSAKeyValue"):
                return rsa.RSAPublicNumbers(_number(child, "Exponent"), _number(child, "Modulus")).public_key()
            if child.tag == ds("DSAKeyValue"):
                numbers = dsa.DSAParameterNumbers(_number(child, "P"), _number(child, "Q"), _number(child, "G"))
                return dsa.DSAPublicNumbers(_number(child, "Y"), numbers).public_key()
            if child.tag == f"{{{DS11}}}ECKeyValue":
                return _curve_point(child)
            if child.tag == f"{{{MORE}}}ECDSAKeyValue":
                return _older_point(child)
    except ValueError:
        return None
    return None


def _number(node: etree._Element, name: str) -> int:
    child = node.find(ds(name))
    if child is None:
        raise ValueError
    return int.from_bytes(base64_value(child), "big")


def _curve_point(node: etree._Element) -> PublicKey:
    named, point = node.find(f"{{{DS11}}}NamedCurve"), node.find(f"{{{DS11}}}PublicKey")
    curve = _CURVES.get("" if named is None else named.get("URI", ""))
    if curve is None or point is None:
        raise ValueError
    return ec.EllipticCurvePublicKey.from_encoded_point(curve(), base64_value(point))


def _older_point(node: etree._Element) -> PublicKey:
    """Return the key of an ECDSAKeyValue (RFC 4050, 3.3; XML Signature 1.1, 4.5.2.3.2), its curve given by name."""
    named = node.find(f"{{{MORE}}}DomainParameters/{{{MORE}}}NamedCurve")
    curve = _CURVES.get("" if named is None else named.get("URN", ""))
    if curve is None:
        raise ValueError
    x, y = (_coordinate(node.find(f"{{{MORE}}}PublicKey/{{{MORE}}}{name}")) for name in "XY")
    return ec.EllipticCurvePublicNumbers(x, y, curve()).public_key()


def _coordinate(node: etree._Element | None) -> int:
    digits = "" if node is None else node.get("Value", "")
    if re.fullmatch(_DECIMAL, digits) is None:
        raise ValueError
    return int(digits)


# -- names of certificates -----------------------------------------------------------------------------


def _digest_is(certificate: Certificate, name: str, value: bytes) -> bool:
    digest = DIGESTS.get(name)
    return digest is not None and digest.hashlib is not None and digest.of(certificate.der) == value


def name_values(text: str) -> tuple[str, ...]:
    """Return the attribute values of the distinguished name *text* (RFC 4514), folded and sorted.

    What signers write differs in order, in the spelling of types and in escapes, and the name is a hint beside a
    serial number or a digest; so the types are not compared.
    """
    values = []
    for part in _parts(text[:_LONGEST_NAME]):
        _, equals, value = part.partition("=")
        if equals:
            values.append(_folded(_unescaped(value.lstrip())))  # a space at the end may be escaped
    return tuple(sorted(values))


def _parts(text: str) -> list[str]:
    """Return *text* cut at each separator that is neither escaped nor quoted."""
    parts, start, quoted, escaped = [], 0, False, False
    for position, character in enumerate(text):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character in ",+;" and not quoted:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]


def _unescaped(value: str) -> str:
    bare = value.rstrip()
    if len(bare) > 1 and bare[0] == bare[-1] == '"':
        value = bare[1:-1].replace('""', '"')  # doubled by Windows
    elif re.fullmatch(r"#(?:[0-9A-Fa-f]{2})+", bare):
        try:
            return _string(der.read(bytes.fromhex(bare[1:]), ber=True))
        except CertificateError:
            return bare
    return re.sub(r"\\(.)", r"\1", re.sub(r"(?:\\[0-9A-Fa-f]{2})+", _unhex, value))


def _unhex(found: re.Match[str]) -> str:
    return bytes.fromhex(found[0].replace("\\", "")).decode("utf-8", "replace")


def _folded(value: str) -> str:
    """Return *value* as names are compared (RFC 4518, 2): in one form of Unicode, without case and double spaces."""
    return " ".join(unicodedata.normalize("NFKC", value.casefold()).split())


def _der_values(name: bytes) -> tuple[str, ...]:
    """Return the attribute values of a DER Name, folded and sorted; empty for what is none."""
    values = []
    try:
        for rdn in der.children(der.read(name, ber=True), ber=True):
            parts = [der.children(attribute, ber=True) for attribute in der.children(rdn, ber=True)]
            values += [_folded(_string(part[-1])) for part in parts]
    except (CertificateError, IndexError):
        return ()
    return tuple(sorted(values))


def _string(element: der.Element) -> str:
    encoding = {0x1E: "utf-16-be", 0x14: "latin-1", 0x1C: "utf-32-be"}.get(element.tag, "utf-8")
    return element.content.decode(encoding, "replace")
