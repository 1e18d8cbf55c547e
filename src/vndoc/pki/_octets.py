"""Where the parts of certificates are in their octets: what is read of each one, and so without a detour."""

from __future__ import annotations

import struct
from typing import Final

from vndoc.errors import CertificateError
from vndoc.pki import der

Place = tuple[bool, int, int]
"""Of an extension: whether it is critical, and where its value begins and ends."""


def extent(data: bytes, at: int) -> tuple[int, int]:
    """Return where the content of the element at *at* begins and ends, without asking whether there is so much.

    ``ValueError`` for a length that is indefinite, not minimal or above 32 bits, ``IndexError`` behind the octets.
    """
    length = data[at + 1]
    if length < 0x80:
        return at + 2, at + 2 + length
    if length == 0x82 and data[at + 2]:
        return at + 4, at + 4 + (data[at + 2] << 8 | data[at + 3])
    if length == 0x81 and data[at + 2] > 0x7F:
        return at + 3, at + 3 + data[at + 2]
    if length in (0x83, 0x84) and data[at + 2]:
        body = at + length - 0x7E
        return body, body + int.from_bytes(data[at + 2 : body], "big")
    raise ValueError


_HEAD: Final = struct.Struct(">HIHB").unpack_from
"""How an extension begins: its header, an OID up to its last arc, that arc with the next tag, and a length."""
_LAST: Final = struct.calcsize(">HIHB") + 5
"""Octets of an extension that is critical or of id-pe up to its value."""
_ID_CE: Final = 0x0603551D
_PLAIN: Final = {number << 8 | 0x04: f"2.5.29.{number}" for number in range(128)}
_CRITICAL: Final = {number << 8 | 0x01: f"2.5.29.{number}" for number in range(128)}
"""Extensions of id-ce by their last arc and the tag behind it: their value, or a BOOLEAN before it."""
_OF_PE: Final = {
    bytes((0x06, 0x08, 0x2B, 6, 1, 5, 5, 7, 1, number, 0x04)): f"1.3.6.1.5.5.7.1.{number}" for number in range(128)
}
"""How extensions of id-pe begin behind their own header, such as the addresses of the authority: never critical."""


def walk_extensions(data: bytes, pos: int, limit: int, found: dict[str, Place]) -> bool:
    """Put into *found* where the extensions of the SEQUENCE at *pos* are; return whether one stands twice."""
    at, end, stop = der.span(data, pos, limit, der.SEQUENCE)
    if stop != limit:
        raise CertificateError("certificate-malformed", detail="Extensions")
    return walk_within(data, at, end, found)


def walk_within(data: bytes, at: int, end: int, found: dict[str, Place]) -> bool:
    """Do the same for the extensions from *at* to *end*, which is what their SEQUENCE holds."""
    repeated = False
    while at < end:
        if at + _LAST <= end:  # of these arcs, and with lengths below 128: nearly every one
            head, oid, kind, length = _HEAD(data, at)
            value, critical = at + 9, False
            if oid != _ID_CE:
                name, value, length = _OF_PE.get(data[at + 2 : at + 13]), at + 14, data[at + 13]
            else:
                name = _PLAIN.get(kind)
                if name is None and length == 1 and data[value] == 0xFF and data[at + 10] == 0x04:
                    name, value, length, critical = _CRITICAL.get(kind), at + 12, data[at + 11], True
            item_end = value + length
            if name is not None and head - 0x2FFE + at == item_end <= end and head < 0x3080:
                repeated = repeated or name in found
                found.setdefault(name, (critical, value, item_end))
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
        repeated = repeated or name in found
        found.setdefault(name, (critical, value, value_end))
    return repeated
