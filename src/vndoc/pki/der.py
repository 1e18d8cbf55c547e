"""ASN.1 as octets: where each element of a BER or DER encoding begins and ends, and nothing more.

Certificates, revocation lists and signatures are judged by their received octets, so this reader hands out
positions and slices, never a re-encoding. X.690; tags above 30 do not occur in any structure read here.
"""

from __future__ import annotations

import datetime
from typing import Final, NamedTuple

from vndoc.errors import CertificateError

__all__ = [
    "BIT_STRING",
    "BOOLEAN",
    "ENUMERATED",
    "GENERALIZED_TIME",
    "INTEGER",
    "NULL",
    "OCTET_STRING",
    "OID",
    "SEQUENCE",
    "SET",
    "UTC_TIME",
    "Element",
    "bits",
    "children",
    "context",
    "dotted",
    "encode",
    "encode_oid",
    "flags",
    "integer",
    "oid",
    "parts",
    "read",
    "span",
    "time",
    "time_of",
]

BOOLEAN: Final = 0x01
"""Identifier octet of a BOOLEAN."""
INTEGER: Final = 0x02
"""Identifier octet of an INTEGER."""
BIT_STRING: Final = 0x03
"""Identifier octet of a BIT STRING."""
OCTET_STRING: Final = 0x04
"""Identifier octet of an OCTET STRING."""
NULL: Final = 0x05
"""Identifier octet of a NULL."""
OID: Final = 0x06
"""Identifier octet of an OBJECT IDENTIFIER."""
ENUMERATED: Final = 0x0A
"""Identifier octet of an ENUMERATED."""
UTC_TIME: Final = 0x17
"""Identifier octet of a UTCTime."""
GENERALIZED_TIME: Final = 0x18
"""Identifier octet of a GeneralizedTime."""
SEQUENCE: Final = 0x30
"""Identifier octet of a SEQUENCE."""
SET: Final = 0x31
"""Identifier octet of a SET."""

DEPTH: Final = 64
"""Nested indefinite lengths: real signatures have below ten."""
INTEGER_OCTETS: Final = 1024
"""Octets of one INTEGER: more than any modulus, and few enough to be written in decimal digits."""
ELEMENTS: Final = 10_000
"""Elements passed in search of the end of one indefinite length: each level that is entered is searched again."""


class Element(NamedTuple):
    """One element: its identifier octet and four offsets into ``data``.

    ``start`` is where the identifier stands, ``body`` to ``end`` is the content, ``stop`` the offset behind the
    element (two more than ``end`` where the length is indefinite).
    """

    data: bytes
    tag: int
    start: int
    body: int
    end: int
    stop: int

    @property
    def octets(self) -> bytes:
        """Return the whole element as it was received."""
        return self.data[self.start : self.stop]

    @property
    def content(self) -> bytes:
        """Return the content octets."""
        return self.data[self.body : self.end]

    @property
    def constructed(self) -> bool:
        """Return whether the content is itself a run of elements."""
        return bool(self.tag & 0x20)


def context(number: int, *, constructed: bool = True) -> int:
    """Return the identifier octet of the context-specific tag *number* (0 to 30)."""
    return 0x80 | (0x20 if constructed else 0) | number


def read(data: bytes, start: int = 0, stop: int | None = None, *, ber: bool = False) -> Element:
    """Return the element that begins at *start*.

    It must end at or before *stop* (by default the end of *data*). With *ber*, indefinite lengths and lengths that
    are not minimal are read too. Raises :class:`~vndoc.errors.CertificateError` ``der-malformed``.
    """
    limit = len(data) if stop is None else stop
    body = start + 2
    if body > limit:
        raise _malformed(start)
    tag, length = data[start], data[start + 1]
    if tag & 0x1F == 0x1F or not tag:
        raise _malformed(start)
    if length >= 0x80:
        if length == 0x80:
            if not (ber and tag & 0x20):
                raise _malformed(start)
            end = _end_of_contents(data, body, limit)
            return _new(Element, (data, tag, start, body, end, end + 2))
        count = length & 0x7F
        body += count
        if count > 8 or body > limit:
            raise _malformed(start)
        length = int.from_bytes(data[start + 2 : body], "big")
        if not ber and (length < 0x80 or not data[start + 2]):
            raise _malformed(start)
    end = body + length
    if end > limit:
        raise _malformed(start)
    return _new(Element, (data, tag, start, body, end, end))


def _end_of_contents(data: bytes, pos: int, limit: int) -> int:
    """Return where the end-of-contents octets of an indefinite length stand, *pos* being the first content octet."""
    open_lengths = 1
    for _ in range(ELEMENTS):
        if pos + 2 > limit:
            break
        tag, length = data[pos], data[pos + 1]
        if not tag and not length:
            open_lengths -= 1
            if not open_lengths:
                return pos
            pos += 2
        elif not tag or tag & 0x1F == 0x1F:
            break
        elif length < 0x80:
            pos += 2 + length
        elif length == 0x80:
            if not tag & 0x20 or open_lengths == DEPTH:
                break
            open_lengths += 1
            pos += 2
        else:
            pos = read(data, pos, limit, ber=True).stop
    raise _malformed(min(pos, limit))


def children(parent: Element, *, ber: bool = False, most: int | None = None) -> list[Element]:
    """Return the elements of which the content of *parent* consists.

    Raises as :func:`read`, also where there are more than *most*.
    """
    data, pos, end = parent.data, parent.body, parent.end
    found: list[Element] = []
    append, make = found.append, _new
    left = end if most is None else most  # without a limit, no more than there are octets
    while pos < end:
        if not left:
            raise _malformed(pos)
        left -= 1
        body = pos + 2
        if body <= end:
            tag, length = data[pos], data[pos + 1]
            stop = body + length
            if length < 0x80 and stop <= end and tag and tag & 0x1F != 0x1F:  # as nearly all are: without a call
                append(make(Element, (data, tag, pos, body, stop, stop)))
                pos = stop
                continue
        child = read(data, pos, end, ber=ber)
        append(child)
        pos = child.stop
    return found


_new: Final = tuple.__new__
"""Makes an :class:`Element` without the function in Python that a named tuple has for that."""


def integer(element: Element) -> int:
    """Return the value of an INTEGER or ENUMERATED; ``der-malformed`` if it is empty, too long or another type."""
    if element.tag not in (INTEGER, ENUMERATED) or not 0 < element.end - element.body <= INTEGER_OCTETS:
        raise _malformed(element.start)
    return int.from_bytes(element.data[element.body : element.end], "big", signed=True)


def oid(element: Element) -> str:
    """Return an OBJECT IDENTIFIER in dotted form; ``der-malformed`` for anything else."""
    if element.tag != OID:
        raise _malformed(element.start)
    return dotted(element.content)


def dotted(octets: bytes) -> str:
    """Return the dotted form of the content *octets* of an OBJECT IDENTIFIER; ``der-malformed`` if they are none."""
    known = _OIDS.get(octets)
    if known is not None:
        return known
    if not octets or octets[-1] & 0x80 or len(octets) > 64:
        raise _malformed(0)
    parts: list[int] = []
    value = 0
    for octet in octets:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            parts.append(value)
            value = 0
    first = min(parts[0] // 40, 2)
    return ".".join(map(str, (first, parts[0] - 40 * first, *parts[1:])))


def bits(element: Element) -> tuple[bytes, int]:
    """Return the octets of a BIT STRING and how many bits at its end are unused; ``der-malformed`` otherwise."""
    content = element.content
    if element.tag != BIT_STRING or not content or content[0] > 7 or (content[0] and len(content) == 1):
        raise _malformed(element.start)
    return content[1:], content[0]


def flags(element: Element) -> int:
    """Return a named bit list as a number: bit *n* of the list has the value ``1 << n``. Raises as :func:`bits`."""
    octets, _unused = bits(Element(element.data, BIT_STRING, *element[2:]))
    return int(format(int.from_bytes(octets, "big"), f"0{8 * len(octets)}b")[::-1] or "0", 2)


def span(data: bytes, pos: int, limit: int, tag: int) -> tuple[int, int, int]:
    """Return where the content of the element *tag* at *pos* begins and ends, and where the element stops.

    As :func:`read` with ``ber``, but without a value for the common definite lengths: certificates are loaded by
    the thousand. Another tag is ``der-malformed``.
    """
    if pos + 4 <= limit and data[pos] == tag and tag & 0x1F != 0x1F and tag:
        length = data[pos + 1]
        body = pos + 2
        if length < 0x80:
            stop = body + length
        elif length == 0x82:
            body = pos + 4
            stop = body + (data[pos + 2] << 8 | data[pos + 3])
        elif length == 0x81:
            body = pos + 3
            stop = body + data[pos + 2]
        else:
            stop = limit + 1
        if stop <= limit:
            return body, stop, stop
    element = read(data, pos, limit, ber=True)
    if element.tag != tag:
        raise _malformed(pos)
    return element.body, element.end, element.stop


def time(element: Element) -> datetime.datetime:
    """Return a UTCTime or GeneralizedTime (RFC 5280, section 4.1.2.5) in UTC.

    Fractions and offsets from UTC, which the RFC forbids, are read as X.680 means them. Years of UTCTime are
    1950 to 2049. Raises ``der-malformed`` for anything else. A leap second (seconds 60) is no time, either: UTCTime has
    none (X.680, 47.3), other software refuses it in both types, and what two readers take for two times proves neither.
    The hour 24 is none in both.
    """
    return time_of(element.tag, element.content, element.start)


def time_of(tag: int, content: bytes, offset: int = 0) -> datetime.datetime:
    """Return the time that an element with that *tag* and *content* says: as :func:`time`."""
    digits = _YEAR_DIGITS.get(tag)
    if digits is None:
        raise _malformed(offset)
    try:
        text = content.decode("latin-1")
        usual = len(content) == 11 + digits and content[-1] == 0x5A and content[:-1].isdigit()
        if usual and content[digits + 4 : digits + 6] != b"24":  # which newer versions of Python read
            if digits == 2:
                text = ("19" if text[0] >= "5" else "20") + text
            return datetime.datetime.fromisoformat(f"{text[:8]}T{text[8:]}")
        return _time(text, digits)
    except (ValueError, OverflowError):
        raise _malformed(offset) from None


def parts(data: bytes, pos: int, limit: int) -> tuple[int, int, int, int]:
    """Return the tag of the element at *pos*, where its content begins and ends, and where it stops.

    As :func:`span` for an element of any tag.
    """
    if pos + 2 <= limit:
        tag, length = data[pos], data[pos + 1]
        stop = pos + 2 + length
        if length < 0x80 and stop <= limit and tag and tag & 0x1F != 0x1F:
            return tag, pos + 2, stop, stop
    element = read(data, pos, limit, ber=True)
    return element.tag, element.body, element.end, element.stop


_YEAR_DIGITS: Final = {UTC_TIME: 2, GENERALIZED_TIME: 4}


def _time(text: str, digits: int) -> datetime.datetime:
    year, rest = text[:digits], text[digits:]
    if rest.endswith("Z"):
        rest, zone = rest[:-1], datetime.UTC
    elif rest[-5:-4] in {"+", "-"} and rest[-4:].isdecimal() and rest.isascii():
        offset = datetime.timedelta(hours=int(rest[-4:-2]), minutes=int(rest[-2:]))
        zone = datetime.timezone(offset if rest[-5] == "+" else -offset)
        rest = rest[:-5]
    else:
        raise ValueError
    rest, dot, fraction = rest.replace(",", ".", 1).partition(".")
    parts = year + rest + fraction
    unit = _UNITS.get(len(rest), 0) if digits == 4 or len(rest) > 6 else 0
    if not (parts.isascii() and parts.isdecimal()) or not unit or bool(dot) != bool(fraction):
        raise ValueError
    number = int(year)
    if digits == 2:
        number += 1900 if number >= 50 else 2000
    values = [int(rest[i : i + 2]) for i in range(0, len(rest), 2)]
    month, day, hour, minute, second = (*values, 0, 0)[:5]
    part = datetime.timedelta(microseconds=unit * int(fraction[:6].ljust(6, "0") or "0"))
    return (datetime.datetime(number, month, day, hour, minute, second, tzinfo=zone) + part).astimezone(datetime.UTC)


_UNITS: Final = {6: 3600, 8: 60, 10: 1}
"""The seconds that a fraction is of, by the digits behind the year: of an hour, a minute, a second (X.680, 46.2)."""


def encode(tag: int, *content: bytes) -> bytes:
    """Return the DER encoding of an element: its identifier octet, its length and the joined *content*."""
    body = b"".join(content)
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def encode_oid(dotted: str) -> bytes:
    """Return the DER encoding of the OBJECT IDENTIFIER *dotted*, such as ``1.2.840.113549.1.7.2``."""
    first, second, *others = (int(part) for part in dotted.split("."))
    octets = bytearray()
    for number in (first * 40 + second, *others):
        group = bytearray([number & 0x7F])
        while number := number >> 7:
            group.append(number & 0x7F | 0x80)
        octets += group[::-1]
    return encode(OID, bytes(octets))


def _malformed(offset: int) -> CertificateError:
    return CertificateError("der-malformed", offset=offset)


_OIDS: dict[bytes, str] = {}
_OIDS.update(
    {
        encode_oid(dotted)[2:]: dotted
        for dotted in (
            "1.2.840.10045.2.1",
            "1.2.840.10045.4.3.2",
            "1.2.840.10045.4.3.3",
            "1.2.840.10045.4.3.4",
            "1.2.840.113549.1.1.1",
            "1.2.840.113549.1.1.10",
            "1.2.840.113549.1.1.11",
            "1.2.840.113549.1.1.12",
            "1.2.840.113549.1.1.13",
            "1.2.840.113549.1.1.5",
            "1.2.840.113549.1.7.1",
            "1.2.840.113549.1.7.2",
            "1.2.840.113549.1.9.16.2.47",
            "1.2.840.113549.1.9.3",
            "1.2.840.113549.1.9.4",
            "1.2.840.113549.1.9.5",
            "2.16.840.1.101.3.4.2.1",
            "2.16.840.1.101.3.4.2.2",
            "2.16.840.1.101.3.4.2.3",
            "2.5.29.14",
            "2.5.29.15",
            "2.5.29.19",
            "2.5.29.31",
            "2.5.29.32",
            "2.5.29.35",
            "2.5.29.37",
            "2.5.29.17",
            "2.5.29.18",
            "2.5.29.30",
            "2.5.29.33",
            "2.5.29.36",
            "2.5.29.46",
            "2.5.29.54",
            "2.5.29.20",
            "2.5.29.28",
            "2.5.29.21",
            "1.3.6.1.5.5.7.3.8",
            "1.3.6.1.5.5.7.3.9",
            "2.5.4.3",
            "2.5.4.6",
            "2.5.4.7",
            "2.5.4.8",
            "2.5.4.10",
            "2.5.4.11",
            "2.5.4.12",
            "0.9.2342.19200300.100.1.1",
            "1.2.840.113549.1.9.1",
            "2.16.704.1.1.1.1.1",
            "1.3.6.1.5.5.7.3.1",
            "1.3.6.1.5.5.7.3.2",
            "1.3.6.1.5.5.7.3.4",
            "1.3.6.1.4.1.311.20.2.2",
            "2.5.29.32.0",
            "2.16.840.1.113730.1.1",
            "2.16.840.1.113730.1.13",
            "2.5.29.16",
            "1.3.6.1.5.5.7.48.1.5",
            "1.3.6.1.5.5.7.48.1.1",
            "1.3.6.1.5.5.7.48.1.2",
            "2.5.29.60",
            "2.5.29.27",
            "2.5.29.24",
            "2.5.29.29",
            "1.3.6.1.5.5.7.1.1",
        )
    }
)
"""Object identifiers met in nearly every signature, decoded beforehand."""
