"""DER of what signatures and timestamps are made of; large contents are joined once, at the very end."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from typing import Final

from vndoc.errors import UsageError
from vndoc.errors._arguments import need
from vndoc.pki import der
from vndoc.pki.algorithms import DIGESTS, Digest

NULL: Final = b"\x05\x00"


def integer(value: int) -> bytes:
    """Return the DER INTEGER *value*."""
    return der.encode(der.INTEGER, value.to_bytes((value + (value < 0)).bit_length() // 8 + 1, "big", signed=True))


def octet_string(value: bytes) -> bytes:
    """Return the DER OCTET STRING *value*."""
    return der.encode(der.OCTET_STRING, value)


def set_of(items: Iterable[bytes], tag: int = der.SET) -> bytes:
    """Return the DER SET OF *items*: sorted by their octets (X.690, 11.6)."""
    return der.encode(tag, *sorted(items))


def attribute(oid: str, value: bytes) -> bytes:
    """Return the Attribute *oid* with one value."""
    return der.encode(der.SEQUENCE, der.encode_oid(oid), der.encode(der.SET, value))


_OID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]{0,30})){1,30}", re.ASCII)


def oid(dotted: str) -> bytes:
    """Return the OBJECT IDENTIFIER *dotted* of a caller; ``option-invalid`` if it is none."""
    need("OID", dotted, str)
    if not _OID.fullmatch(dotted):
        raise UsageError("option-invalid", detail=f"OID {dotted!r}")
    return der.encode_oid(dotted)


def digest(name: str) -> Digest:
    """Return the digest that a caller names; ``option-invalid`` for one that is not computed here."""
    need("digest", name, str)
    found = DIGESTS.get(name)
    if found is None or found.hashlib is None:
        raise UsageError("option-invalid", detail=f"digest={name!r}")
    return found


def digest_identifier(name: str, *, null: bool = False) -> bytes:
    """Return the AlgorithmIdentifier of the digest *name*; its parameters are its own, none or *null*."""
    row = DIGESTS[name]
    return der.encode(der.SEQUENCE, der.encode_oid(row.oid), row.parameters or (NULL if null else b""))


def utc(time: datetime.datetime) -> datetime.datetime:
    """Return *time* in UTC.

    Raises :class:`~vndoc.errors.UsageError`: ``time-zone-missing`` for a time without zone, ``option-invalid`` for one
    that is beyond the calendar in UTC.
    """
    if time.tzinfo is None:
        raise UsageError("time-zone-missing")
    try:
        return time.astimezone(datetime.UTC)
    except OverflowError:
        raise UsageError("option-invalid", detail=time.isoformat()) from None


def time(value: datetime.datetime) -> bytes:
    """Return UTCTime for the years 1950 to 2049, GeneralizedTime for others (RFC 5652, 11.3)."""
    moment = utc(value)
    if 1950 <= moment.year < 2050:
        return der.encode(der.UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())
    return generalized(moment)


def generalized(value: datetime.datetime) -> bytes:
    """Return a GeneralizedTime in UTC, with a fraction only where there is one, without trailing zeros."""
    moment = utc(value)
    fraction = f".{moment.microsecond:06d}".rstrip("0") if moment.microsecond else ""
    return der.encode(der.GENERALIZED_TIME, f"{moment.year:04d}{moment:%m%d%H%M%S}{fraction}Z".encode())


def wrapped(tag: int, pieces: Iterable[bytes]) -> list[bytes]:
    """Return *pieces* within an element *tag*, still in pieces."""
    inner = list(pieces)
    return [head(tag, sum(map(len, inner))), *inner]


def head(tag: int, size: int) -> bytes:
    """Return what stands before the *size* content octets of an element *tag*."""
    if size < 0x80:
        return bytes((tag, size))
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length
