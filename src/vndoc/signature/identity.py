"""Who signed: the names and numbers in a certificate's subject, read leniently, citizen numbers masked.

Vietnamese certificates put numbers into ``UID`` (sometimes ``serialNumber``) behind a prefix: ``MST:`` tax code,
``MNS:`` code of an agency in its relations with the budget, ``CCCD:`` and ``CMND:`` citizen number. Source: practice
(certificates of public and government authorities). A tax code of 12 digits is the citizen number of a person or of
who runs a household business (since 2025-07-01; Circular 86/2024/TT-BTC). Names prove nothing by themselves: show them
together with the issuer, and take them from a chain that was validated (attack A20, look-alike names).
"""

from __future__ import annotations

import enum
import functools
import hashlib
from collections.abc import Iterator
from typing import Final, Self

import attrs

from vndoc.errors import CertificateError
from vndoc.pki import der
from vndoc.pki.certificate import Certificate
from vndoc.pki.names import CITIZEN_PREFIXES, hidden, numbered, without_person
from vndoc.text import mask, nfc, shorten

__all__ = ["MaskedNumber", "SignerIdentity", "SignerKind", "bare_number", "first_of", "identity_of", "name_text"]


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
_CITIZEN_DIGITS: Final = 12
_PARTS: Final = 200
"""Attributes of one name that are read: real names have below twenty."""


class MaskedNumber(str):
    """A number that may be a person's: as text it is masked but for its last three characters.

    It can still be compared with the whole one, whose SHA-256 is all that is kept of it.
    """

    __slots__ = ("_digest",)
    _digest: bytes

    def __new__(cls, number: str) -> Self:
        """Return *number* masked; ``MaskedNumber("001099000123") == "*********123"``."""
        return cls._of(hidden(number), _digest(number))

    @classmethod
    def _of(cls, text: str, digest: bytes) -> Self:
        made = super().__new__(cls, text)
        made._digest = digest
        return made

    def is_number(self, number: str) -> bool:
        """Return whether *number* is the whole one, however either is divided into groups."""
        return self._digest == _digest(number)

    def __reduce__(self) -> tuple[object, ...]:
        return MaskedNumber._of, (str(self), self._digest)


def _digest(number: str) -> bytes:
    return hashlib.sha256(bare_number(number).encode("utf-8", "surrogatepass")).digest()


def bare_number(number: str) -> str:
    """Return letters and digits of *number* alone, in capitals: ``0123456789-001`` may be written in many ways."""
    return "".join(filter(str.isalnum, number)).upper()


@attrs.frozen(kw_only=True, repr=False)
class SignerIdentity:
    """What the subject of a certificate says. All texts are NFC and hold no citizen number that is not masked.

    ``units`` are the organisational units in the order of the certificate, ``citizen_id`` is masked but for its
    last three digits, ``tax_code`` too where it is a citizen number (since 2025 the tax code of an individual); it is
    a :class:`MaskedNumber` then. Of several tax codes it is that of an organisation.
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


_KEPT_OCTETS: Final = 16 * 1024
_kept = functools.lru_cache(maxsize=256)(SignerIdentity.of)


def identity_of(certificate: Certificate) -> SignerIdentity:
    """Return :meth:`SignerIdentity.of`; the octets alone decide, so the last answers are kept."""
    return _kept(certificate) if len(certificate.der) <= _KEPT_OCTETS else SignerIdentity.of(certificate)


def _is_of_person(tax_code: str) -> bool:
    """Return whether a tax code is a citizen number: those of organisations have 10 digits, or 13."""
    number = bare_number(tax_code)
    return len(number) == _CITIZEN_DIGITS and number.isdecimal()


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
            known = numbered(text)
            if known is not None:
                yield *known, _SHORT[name]

    def number(self, prefix: str) -> str | None:
        """Return the number behind *prefix*: one of an organisation before one that is a citizen number."""
        numbers = [number for found, number, _ in self.numbers() if found == prefix]
        if not numbers:
            return None
        chosen = next((number for number in numbers if not _is_of_person(number)), numbers[0])
        return chosen if mask(chosen) == chosen else MaskedNumber(chosen)

    @property
    def of_organisation(self) -> bool:
        """Return whether there is a number that only an organisation has."""
        numbers = [(found, number) for found, number, _ in self.numbers()]
        return any(found == "MNS" or (found == "MST" and not _is_of_person(number)) for found, number in numbers)

    @property
    def citizen(self) -> str | None:
        return next((hidden(number) for found, number, _ in self.numbers() if found in CITIZEN_PREFIXES), None)

    @property
    def sources(self) -> tuple[tuple[str, str], ...]:
        return tuple((prefix, source) for prefix, _, source in self.numbers())


def _kind(found: _Found, common: str | None, organization: str | None, units: tuple[str, ...]) -> SignerKind:
    """Return whose certificate it is, by the numbers in it, then by its names."""
    of_organisation = found.of_organisation
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
    if found.number("MST") is not None:  # one that is a citizen number
        return SignerKind.PERSON
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
    rows = [(oid, without_person(text) if oid in (_UID, _SERIAL) else text) for oid, text in _attributes(name)]
    return ", ".join(f"{_SHORT.get(oid, oid)}={shorten(text, 200)}" for oid, text in rows)
