"""Who signed: the names and numbers in a certificate's subject, read leniently, citizen numbers masked.

Vietnamese certificates put numbers into ``UID`` (sometimes ``serialNumber``) behind a prefix: ``MST:`` tax code,
``MNS:`` code of an agency in its relations with the budget, ``CCCD:`` and ``CMND:`` citizen number. Source: practice
(certificates of public and government authorities). Names prove nothing by themselves: show them together with
the issuer, and take them from a chain that was validated (attack A20, look-alike names).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from typing import Final

import attrs

from vndoc.errors import CertificateError
from vndoc.pki import der
from vndoc.pki.certificate import Certificate
from vndoc.text import mask, nfc, shorten

__all__ = ["SignerIdentity", "SignerKind", "first_of", "name_text"]


class SignerKind(enum.StrEnum):
    """Whose certificate it is, by the certificate alone."""

    PERSON = "person"
    ORGANISATION = "organisation"
    BOTH = "both"
    """A person who acts for the organisation that is named beside them."""
    UNKNOWN = "unknown"


_CN: Final = "2.5.4.3"
_SURNAME: Final = "2.5.4.4"
_SERIAL: Final = "2.5.4.5"
_COUNTRY: Final = "2.5.4.6"
_LOCALITY: Final = "2.5.4.7"
_PROVINCE: Final = "2.5.4.8"
_O: Final = "2.5.4.10"
_OU: Final = "2.5.4.11"
_TITLE: Final = "2.5.4.12"
_GIVEN_NAME: Final = "2.5.4.42"
_UID: Final = "0.9.2342.19200300.100.1.1"
_EMAIL: Final = "1.2.840.113549.1.9.1"
_SHORT: Final = {
    _CN: "CN",
    _SURNAME: "SN",
    _SERIAL: "serialNumber",
    _COUNTRY: "C",
    _LOCALITY: "L",
    _PROVINCE: "ST",
    _O: "O",
    _OU: "OU",
    _TITLE: "title",
    _GIVEN_NAME: "GN",
    _UID: "UID",
    _EMAIL: "emailAddress",
}

_STRINGS: Final = {0x0C: "utf-8", 0x12: "latin-1", 0x13: "latin-1", 0x14: "latin-1", 0x16: "latin-1", 0x1A: "latin-1"}
_STRINGS_WIDE: Final = {0x1C: "utf-32-be", 0x1E: "utf-16-be"}
_ENCODINGS: Final = _STRINGS | _STRINGS_WIDE
_PARTS: Final = 200
"""Attributes of one name that are read: real names have below twenty."""

_NUMBER = re.compile(r"^\s*(MST|MNS|CCCD|CMND|CMTND|HC)\s*[:=]\s*(.+?)\s*$", re.IGNORECASE)
_CITIZEN: Final = frozenset({"CCCD", "CMND", "CMTND", "HC"})
_ETSI_PERSON = re.compile(r"^(?:PAS|IDC|PNO)[A-Z]{2}-(.+)$")
"""Semantics identifiers of a natural person (EN 319 412-1, clause 5.1.3)."""


def _hidden(number: str) -> str:
    """Return the number of a person with all but its last three characters masked, whatever it looks like."""
    return "".join("*" if ch.isalnum() else ch for ch in number[:-3]) + (number[-3:] if len(number) > 5 else "***")


@attrs.frozen(kw_only=True, repr=False)
class SignerIdentity:
    """What the subject of a certificate says. All texts are NFC and hold no citizen number that is not masked.

    ``units`` are the organisational units in the order of the certificate, ``citizen_id`` is masked but for its
    last three digits, ``tax_code`` too where it is a citizen number (since 2025 the tax code of an individual).
    ``sources`` says in which attribute each number stood.
    """

    display_name: str | None
    kind: SignerKind
    organization: str | None = None
    units: tuple[str, ...] = ()
    title: str | None = None
    tax_code: str | None = None
    budget_code: str | None = None
    citizen_id: str | None = None
    email: str | None = None
    locality: str | None = None
    country: str | None = None
    sources: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, certificate: Certificate) -> SignerIdentity:
        """Return what the subject of *certificate* says; a damaged name gives what could be read of it."""
        found = _Found(tuple(_attributes(certificate.subject)))
        common, organization, units = found.first(_CN), found.first(_O), found.all(_OU)
        return cls(
            display_name=common or organization or (units[-1] if units else None),
            kind=_kind(found, common, organization, units),
            organization=organization,
            units=units,
            title=found.first(_TITLE),
            tax_code=found.number("MST"),
            budget_code=found.number("MNS"),
            citizen_id=found.citizen,
            email=found.first(_EMAIL) or _alternative_email(certificate),
            locality=found.first(_LOCALITY) or found.first(_PROVINCE),
            country=found.first(_COUNTRY),
            sources=found.sources,
        )

    def to_dict(self) -> dict[str, object]:
        """Return the identity as plain values for JSON."""
        return {
            "display_name": self.display_name,
            "kind": self.kind.value,
            "organization": self.organization,
            "units": list(self.units),
            "title": self.title,
            "tax_code": self.tax_code,
            "budget_code": self.budget_code,
            "citizen_id": self.citizen_id,
            "email": self.email,
            "locality": self.locality,
            "country": self.country,
        }

    def __repr__(self) -> str:
        return f"SignerIdentity({shorten(self.display_name or '?')!r}, {self.kind.value})"


@attrs.frozen
class _Found:
    """The attributes of a name: OID and text, in their order."""

    attributes: tuple[tuple[str, str], ...]

    def all(self, oid: str) -> tuple[str, ...]:
        return tuple(mask(text) for name, text in self.attributes if name == oid)

    def first(self, oid: str) -> str | None:
        return next(iter(self.all(oid)), None)

    def numbers(self) -> Iterator[tuple[str, str, str]]:
        """Yield prefix, number (not masked) and the attribute that it stands in."""
        for name, text in self.attributes:
            if name not in (_UID, _SERIAL):
                continue
            known = _NUMBER.match(text)
            if known:
                yield known[1].upper(), known[2], _SHORT[name]
            elif etsi := _ETSI_PERSON.match(text):
                yield "CCCD", etsi[1], _SHORT[name]

    def number(self, prefix: str) -> str | None:
        return next((mask(number) for found, number, _ in self.numbers() if found == prefix), None)

    @property
    def citizen(self) -> str | None:
        return next((_hidden(number) for found, number, _ in self.numbers() if found in _CITIZEN), None)

    @property
    def sources(self) -> tuple[tuple[str, str], ...]:
        return tuple((prefix, source) for prefix, _, source in self.numbers())


def _kind(found: _Found, common: str | None, organization: str | None, units: tuple[str, ...]) -> SignerKind:
    """Return whose certificate it is, by the numbers in it, then by its names."""
    of_organisation = found.number("MST") is not None or found.number("MNS") is not None
    if found.citizen is not None:
        return SignerKind.BOTH if of_organisation else SignerKind.PERSON
    bodies = {_folded(text) for text in (organization, *units) if text}
    named_as_body = common is None or _folded(common) in bodies
    titled = any(found.first(oid) for oid in (_TITLE, _GIVEN_NAME, _SURNAME))
    if titled and not named_as_body:
        # a person's title beside an organisation's number: the two contradict, so the certificate cannot say
        return SignerKind.UNKNOWN if of_organisation else SignerKind.PERSON
    if of_organisation or (bodies and named_as_body):
        return SignerKind.ORGANISATION
    return SignerKind.UNKNOWN


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _attributes(name: bytes) -> Iterator[tuple[str, str]]:
    """Yield OID and text of each attribute of a DER Name, as far as it can be read."""
    try:
        sets = der.children(der.read(name, ber=True), ber=True)
    except CertificateError:
        return
    for part in sets[:_PARTS]:
        try:
            pairs = [der.children(pair, ber=True) for pair in der.children(part, ber=True)]
            read = [(der.oid(pair[0]), _string(pair[1])) for pair in pairs if len(pair) == 2]
        except CertificateError:
            continue
        yield from read[:_PARTS]


def _string(element: der.Element) -> str:
    encoding = _ENCODINGS.get(element.tag, "utf-8")
    text = element.content.decode(encoding, "replace")
    return nfc(" ".join("".join(ch if ch.isprintable() else " " for ch in text).split()))


def _alternative_email(certificate: Certificate) -> str | None:
    """Return the first rfc822Name of the subjectAltName (RFC 5280, 4.2.1.6)."""
    extension = certificate.extensions.get("2.5.29.17")
    if extension is None:
        return None
    try:
        names = der.children(der.read(extension.value, ber=True), ber=True)
    except CertificateError:
        return None
    mail = next((n.content for n in names if n.tag == der.context(1, constructed=False)), None)
    return None if mail is None else mask(mail.decode("ascii", "replace"))


def first_of(name: bytes, label: str) -> str | None:
    """Return the first attribute of a DER Name whose short name is *label*, such as ``CN``; citizen numbers masked."""
    return next((mask(text) for oid, text in _attributes(name) if _SHORT.get(oid) == label), None)


def name_text(name: bytes) -> str:
    """Return a DER Name as text in the order of the certificate, such as ``C=VN, O=..., CN=...``: for display only.

    Citizen numbers are masked, long values shortened; a name that cannot be read gives as much as could be.
    """
    parts = []
    for oid, text in _attributes(name):
        known = _NUMBER.match(text) if oid in (_UID, _SERIAL) else None
        etsi = _ETSI_PERSON.match(text) if oid in (_UID, _SERIAL) else None
        shown = text
        if known and known[1].upper() in _CITIZEN:
            shown = f"{known[1]}:{_hidden(known[2])}"
        elif etsi:
            shown = text[: etsi.start(1)] + _hidden(etsi[1])
        parts.append(f"{_SHORT.get(oid, oid)}={shorten(shown, 200)}")
    return ", ".join(parts)
