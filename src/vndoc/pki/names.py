"""Distinguished names: read, shown and compared (RFC 5280, sections 4.1.2.4 and 7.1; RFC 4514).

Names are first compared by their octets. Only where that finds nothing are they compared as RFC 5280 (7.1) wants
it: letters without case, white space run together, whatever string type was used. A name is never believed by
itself: it says where to look for an issuer, the signature says whether that was the one (attack A20).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

import attrs

from vndoc.errors import CertificateError
from vndoc.errors._arguments import need
from vndoc.pki import der
from vndoc.pki._lazy import lazy
from vndoc.text import mask, nfc

__all__ = [
    "CITIZEN_PREFIXES",
    "UID_PREFIXES",
    "Name",
    "NameAttribute",
    "hidden",
    "key_or_octets",
    "name_key",
    "numbered",
    "same_name",
    "within",
    "without_person",
]

_LABELS: Final = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.20": "telephoneNumber",
    "2.5.4.42": "GN",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
}
"""Short names of attribute types: RFC 4514 (section 3), then those that certificates of Vietnam use."""

UID_PREFIXES: Final = ("MST", "CCCD", "CMND", "MNS")
"""Prefixes of UID attributes: tax code, citizen numbers (new and old), budget-relations code.

Source: practice (certificates of both Vietnamese families).
"""

CITIZEN_PREFIXES: Final = frozenset({"CCCD", "CMND", "CMTND", "HC"})
"""Prefixes behind which the number of a person stands: citizen numbers, and that of a passport."""
_NUMBER: Final = re.compile(r"\s*(MST|MNS|CCCD|CMND|CMTND|HC)\s*[:=]\s*(.+?)\s*", re.IGNORECASE | re.DOTALL)
_PERSON: Final = re.compile(r"(?:PAS|IDC|PNO|TAX|TIN)[A-Z]{2}-(.+)", re.DOTALL)
"""Semantics identifiers of a natural person (EN 319 412-1, clause 5.1.3)."""

_DECODERS: Final = {
    0x0C: "utf-8",
    0x12: "latin-1",
    0x13: "latin-1",
    0x14: "latin-1",  # TeletexString: in practice Latin-1
    0x16: "latin-1",
    0x1A: "latin-1",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
_KEYS_KEPT: Final = 1024
"""Octets of a name whose key is worth keeping; longer ones would let a sender fill the memory."""


class NameAttribute(NamedTuple):
    """One attribute of a name: its type, the identifier octet and the content of its value."""

    oid: str
    tag: int
    value: bytes

    @property
    def label(self) -> str:
        """Return the short name of the type, such as ``CN``, or the OID."""
        return _LABELS.get(self.oid, self.oid)

    @property
    def text(self) -> str:
        """Return the value as text in form NFC; what is no string is shown as ``#`` and hexadecimal digits."""
        found = _decoded(self.tag, self.value)
        return f"#{self.value.hex()}" if found is None else nfc(found)

    @property
    def shown(self) -> str:
        """Return :attr:`text`, with the number of a person in a UID or serialNumber hidden whatever it looks like."""
        return without_person(self.text) if self.label in _NUMBERED else self.text

    def __repr__(self) -> str:
        return f"NameAttribute({self.label}={mask(self.shown)!r})"


@attrs.frozen(repr=False, slots=False)
class Name:
    """A distinguished name: ``rdns`` in the order of the certificate, each with one attribute or more."""

    rdns: tuple[tuple[NameAttribute, ...], ...]

    @classmethod
    def load(cls, octets: bytes) -> Name:
        """Return the name that the DER *octets* hold; ``der-malformed`` if they hold none."""
        need("octets", octets, bytes)
        return cls(tuple(tuple(rdn) for rdn in _rdns(octets)))

    @lazy
    def attributes(self) -> tuple[NameAttribute, ...]:
        """Every attribute, in the order of the certificate."""
        return tuple(attribute for rdn in self.rdns for attribute in rdn)

    def all(self, label: str) -> tuple[str, ...]:
        """Return the texts of every attribute whose short name or OID is *label*, in the order of the certificate."""
        return tuple(a.text for a in self.attributes if label in (a.label, a.oid))

    def first(self, label: str) -> str | None:
        """Return the text of the first attribute whose short name or OID is *label*, or ``None``."""
        return next(iter(self.all(label)), None)

    @lazy
    def identifiers(self) -> tuple[tuple[str, str], ...]:
        """The UID attributes as (prefix, value), such as ``("MST", "0100109106")``; prefix ``""`` for any other.

        The values are whole: mask them before they are shown (:func:`vndoc.text.mask`).
        """
        found = []
        for text in self.all("UID"):
            prefix, colon, value = text.partition(":")
            known = prefix.strip().upper()
            found.append((known, value.strip()) if colon and known in UID_PREFIXES else ("", text))
        return tuple(found)

    def rfc4514(self) -> str:
        """Return the name as RFC 4514 writes it, last RDN first, citizen numbers masked."""
        return mask(",".join("+".join(f"{a.label}={_escaped(a.shown)}" for a in rdn) for rdn in reversed(self.rdns)))

    def display(self) -> str:
        """Return the name for people: the common name, then organisational units and organisation; numbers masked."""
        parts = [*self.all("CN")[:1], *reversed(self.all("OU")), *reversed(self.all("O"))]
        distinct = list(dict.fromkeys(" ".join(part.split()) for part in parts))
        return mask(", ".join(distinct)) or self.rfc4514()

    def __repr__(self) -> str:
        return f"Name({self.rfc4514()!r})"


_NUMBERED: Final = frozenset({"UID", "serialNumber"})


def numbered(text: str) -> tuple[str, str] | None:
    """Return prefix and number of a UID or serialNumber, such as ``("MST", "0123456789")``; ``None`` if it has none.

    Identifiers of natural persons (EN 319 412-1) count as ``CCCD``.
    """
    known = _NUMBER.fullmatch(text)
    if known is not None:
        return known[1].upper(), known[2]
    person = _PERSON.fullmatch(text)
    return None if person is None else ("CCCD", person[1])


def without_person(text: str) -> str:
    """Return the UID or serialNumber *text* with the number of a person in it hidden."""
    found = numbered(text)
    if found is None or found[0] not in CITIZEN_PREFIXES:
        return text
    before, number, after = text.rpartition(found[1])
    return before + hidden(number) + after


def hidden(number: str) -> str:
    """Return the number of a person with all but its last three characters masked, whatever it looks like."""
    return "".join("*" if ch.isalnum() else ch for ch in number[:-3]) + (number[-3:] if len(number) > 5 else "***")


def _rdns(octets: bytes) -> Iterator[Iterator[NameAttribute]]:
    name = der.read(octets, ber=True)
    if name.tag != der.SEQUENCE or name.stop != len(octets):
        raise CertificateError("der-malformed", offset=0)
    for rdn in der.children(name, ber=True):
        if rdn.tag != der.SET:
            raise CertificateError("der-malformed", offset=rdn.start)
        yield (_attribute(part) for part in der.children(rdn, ber=True))


def _attribute(element: der.Element) -> NameAttribute:
    parts = der.children(element, ber=True)
    if element.tag != der.SEQUENCE or len(parts) != 2:
        raise CertificateError("der-malformed", offset=element.start)
    return NameAttribute(der.oid(parts[0]), parts[1].tag, parts[1].content)


def _decoded(tag: int, value: bytes) -> str | None:
    codec = _DECODERS.get(tag)
    if codec is None:
        return None
    try:
        return value.decode(codec)
    except UnicodeDecodeError:
        return None


def _escaped(text: str) -> str:
    """Return *text* escaped as RFC 4514 (2.4) wants it."""
    out = "".join(f"\\{ch}" if ch in '"+,;<>\\' else "\\00" if ch == "\0" else ch for ch in text)
    if out[:1] in {" ", "#"}:
        out = "\\" + out
    return out[:-1] + "\\ " if len(text) > 1 and text.endswith(" ") else out


def name_key(octets: bytes) -> tuple[frozenset[tuple[str, str | bytes]], ...]:
    """Return what two DER names have in common when they are equal by RFC 5280, section 7.1.

    Raises ``der-malformed`` if *octets* hold no name.
    """
    return _kept_key(octets) if len(octets) <= _KEYS_KEPT else _key(octets)


def _key(octets: bytes) -> tuple[frozenset[tuple[str, str | bytes]], ...]:
    at, end, stop = der.span(octets, 0, len(octets), der.SEQUENCE)
    if stop != len(octets):
        raise CertificateError("der-malformed", offset=0)
    found = []
    while at < end:
        key, at = _rdn_key(octets, at, end)
        found.append(key)
    return tuple(found)


def _rdn_key(data: bytes, pos: int, limit: int) -> tuple[frozenset[tuple[str, str | bytes]], int]:
    """Return the key of the RDN at *pos*, and where it stops."""
    at = pos + 6  # where the type begins, if it is the common shape: one attribute, all lengths short
    if at < limit and data[pos] == 0x31 and data[pos + 2] == 0x30 and data[pos + 4] == 0x06 and data[pos + 5] < 0x80:
        size, value = data[pos + 1], at + data[pos + 5]
        end = pos + 2 + size
        if size < 0x80 and data[pos + 3] == size - 2 and value + 2 <= end <= limit:
            tag, length = data[value], data[value + 1]
            if value + 2 + length == end and length < 0x80 and tag and tag & 0x1F != 0x1F:
                return frozenset([(der.dotted(data[at:value]), _prepared(tag, data[value + 2 : end]))]), end
    at, end, stop = der.span(data, pos, limit, der.SET)
    found = []
    while at < end:
        body, last, at = der.span(data, at, end, der.SEQUENCE)
        oid, oid_end, body = der.span(data, body, last, der.OID)
        tag, value, value_end, body = der.parts(data, body, last)
        if body != last:
            raise CertificateError("der-malformed", offset=body)
        found.append((der.dotted(data[oid:oid_end]), _prepared(tag, data[value:value_end])))
    return frozenset(found), stop


_kept_key = lru_cache(maxsize=1024)(_key)


def _prepared(tag: int, value: bytes) -> str | bytes:
    """Return *value* prepared for comparison as RFC 4518 does it; what is no string stays octets with its type."""
    found = _decoded(tag, value)
    if found is None:
        return bytes((tag,)) + value
    if found.isascii():  # the same, sooner
        return " ".join(found.lower().split())
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", found).casefold()).split())


def key_or_octets(octets: bytes) -> object:
    """Return :func:`name_key`, or the *octets* themselves where they are no name: equal to themselves only."""
    try:
        return name_key(octets)
    except CertificateError:
        return octets


def same_name(one: bytes, other: bytes) -> bool:
    """Return whether two names are equal by RFC 5280, section 7.1: as comparing :func:`key_or_octets` of both.

    Nearly always they differ, and then in one attribute, so that the others need not be prepared.
    """
    if one == other:
        return True
    try:
        if _differ_early(one, other):
            return False
    except CertificateError:
        return False
    return key_or_octets(one) == key_or_octets(other)


def _differ_early(one: bytes, other: bytes) -> bool:
    """Return whether the first RDN whose octets differ is another one by RFC 5280, too."""
    at, end, _ = der.span(one, 0, len(one), der.SEQUENCE)
    other_at, other_end, _ = der.span(other, 0, len(other), der.SEQUENCE)
    while at < end and other_at < other_end:
        _, _, stop = der.span(one, at, end, der.SET)
        if one[at:stop] == other[other_at : other_at + stop - at]:
            other_at += stop - at
        else:
            key, _ = _rdn_key(one, at, end)
            other_key, other_at = _rdn_key(other, other_at, other_end)
            if key != other_key:
                return True
        at = stop
    return at < end or other_at < other_end


def within(name: bytes, base: bytes) -> bool:
    """Return whether the DER *name* is *base* or stands below it (RFC 5280, 4.2.1.10 on directory names).

    Raises ``der-malformed`` if one of them is no name.
    """
    outer = name_key(base)
    return name_key(name)[: len(outer)] == outer
