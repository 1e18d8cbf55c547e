"""Where the parts of certificates are in their octets: what is read of each one, and so without a detour."""

from __future__ import annotations

from typing import Final

from vndoc.errors import CertificateError
from vndoc.pki import der


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


_HEADS: Final = {
    bytes((0x06, 0x03, 0x55, 0x1D, number, behind)): (f"2.5.29.{number}", critical, skipped)
    for number in range(128)
    for behind, critical, skipped in ((0x04, False, 9), (0x01, True, 12))
}
"""How extensions of id-ce begin behind their own header: OID and what follows it; with where their value begins."""
_HEADS_OF_PE: Final = {
    bytes((0x06, 0x08, 0x2B, 6, 1, 5, 5, 7, 1, number, 0x04)): (f"1.3.6.1.5.5.7.1.{number}", False, 14)
    for number in range(128)
}
"""The same for those of id-pe, such as the addresses of the authority, which are never critical."""


def walk_extensions(data: bytes, pos: int, limit: int, found: dict[str, tuple[bool, slice]]) -> bool:
    """Put into *found* where the extensions of the SEQUENCE at *pos* are; return whether one stands twice."""
    repeated = False
    at, end, stop = der.span(data, pos, limit, der.SEQUENCE)
    if stop != limit:
        raise CertificateError("certificate-malformed", detail="Extensions")
    while at < end:
        head = _HEADS.get(data[at + 2 : at + 8]) or _HEADS_OF_PE.get(data[at + 2 : at + 13])
        if head is not None:  # of these arcs, and with lengths below 128: nearly every one
            name, critical, skipped = head
            value, size = at + skipped, data[at + 1]
            item_end = at + 2 + size
            if (
                data[value - 1] + skipped == size + 2 < 0x82
                and item_end <= end
                and data[at] == 0x30
                and (not critical or data[at + 8 : at + 11] == b"\x01\xff\x04")
            ):
                place = critical, slice(value, item_end)
                repeated |= found.setdefault(name, place) is not place
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
        place = critical, slice(value, value_end)
        repeated |= found.setdefault(name, place) is not place
    return repeated
