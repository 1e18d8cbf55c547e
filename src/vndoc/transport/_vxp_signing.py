"""How a request to the national axis is signed. Source: practice (VXP SDK), checked on captured requests."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Final, Literal, get_args

from vndoc.errors import OwnFaultError
from vndoc.text import Text, shorten
from vndoc.transport.secret import Secret

HashStyle = Literal["vnpt", "hex"]
HASH_STYLES: Final = get_args(HashStyle)

VIETNAM: Final = datetime.timezone(datetime.timedelta(hours=7))
"""The axis' clock on the wall. Vietnam has no summer time."""

_PREFIX: Final = "XroadVnpt-"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")

_NO_ASCII = Text(
    "giá trị {found} phải gồm các ký tự ASCII in được, không có dấu cách ở hai đầu",
    "the value {found} must be printable ASCII without spaces at its ends",
)
_NO_NAME = Text("tên không hợp lệ", "it is no name")


def sign(parameters: Mapping[str, str], secret: Secret) -> dict[str, str]:
    """Return the headers of a request with *parameters*, in their order, signed with *secret*.

    *parameters* are un-prefixed names with their values: ``systemid``, those of the call, ``timestamp``,
    ``Content-Type``. The result has each with the prefix ``XroadVnpt-``, and ``sign-header-key``, ``sign-header`` and
    ``hash-header`` (HMAC-SHA256, hexadecimal) about them. The body of the request is not signed.

    Raises :class:`~vndoc.errors.OwnFaultError` (``carrier-parameter``) for a value that is not printable US-ASCII or
    has spaces at its ends (a header would lose them): the axis could not verify it. An empty value stays empty.
    Source: practice (VXP SDK).
    """
    for name, value in parameters.items():
        if not _NAME.fullmatch(name):
            raise OwnFaultError("carrier-parameter", carrier="VXP", name=shorten(name), detail=_NO_NAME)
        if value and not _VALUE.fullmatch(value):
            detail = _NO_ASCII.filled(found=shorten(value))
            raise OwnFaultError("carrier-parameter", carrier="VXP", name=name, detail=detail)
    headers = {_PREFIX + name: value for name, value in parameters.items()}
    signed = json.dumps(headers, separators=(",", ":"))
    key = secret.reveal().encode()
    return {
        **headers,
        f"{_PREFIX}sign-header-key": ";".join(parameters),
        f"{_PREFIX}sign-header": signed,
        f"{_PREFIX}hash-header": hmac.new(key, signed.encode("ascii"), hashlib.sha256).hexdigest(),
    }


def hash_file(sha256: bytes, style: HashStyle = "vnpt") -> str:
    """Return the value of ``hash-file`` for the digest *sha256* (32 octets) of a file.

    ``vnpt`` writes each octet without a leading zero, as the vendor's client does, so the text may have less than 64
    characters; ``hex`` is plain hexadecimal. Source: practice (VXP SDK 2.0.0 and 2.0.1).

    >>> hash_file(bytes([13, 255, 0]) + bytes(29))[:5], hash_file(bytes(32), "hex") == "0" * 64
    ('dff00', True)
    """
    return sha256.hex() if style == "hex" else "".join(f"{octet:x}" for octet in sha256)


def timestamp(at: datetime.datetime) -> str:
    """Return *at* (aware) as ``ddMMyyyyTHHmmss+SSSS`` in Vietnamese time; SSSS are milliseconds, not a zone."""
    local = at.astimezone(VIETNAM)
    return f"{local:%d%m%Y}T{local:%H%M%S}+{local.microsecond // 1000:04d}"


def list_time(at: datetime.datetime) -> str:
    """Return *at* (aware) as ``dd/MM/yyyy HH:mm:ss`` in Vietnamese time, as the lists take it."""
    local = at.astimezone(VIETNAM)
    return f"{local:%d/%m}/{local.year:04d} {local:%H:%M:%S}"
