"""The small file beside each packet of a spool: what it is, for whom, how long, and its digest. And the names."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable
from typing import Any, Final

import attrs

from vndoc.transport.base import Kind

VERSION: Final = 1
MAX_BYTES: Final = 64 * 1024
"""Octets of a sidecar: ours have below 1,000."""

_CODE: Final = r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}"
CODE: Final = re.compile(_CODE)
"""Codes that may be the name of a folder."""


def own_codes(codes: Iterable[str]) -> tuple[str, ...]:
    """Return *codes*, each once; nothing where one cannot be the name of a folder, or for a single text: its
    characters would be taken for the codes.
    """
    given: object = codes
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        return ()
    unique = tuple(dict.fromkeys(given))
    return unique if all(isinstance(code, str) and CODE.fullmatch(code) for code in unique) else ()


_STAMP: Final = "%Y%m%dT%H%M%S%fZ"
NAME: Final = re.compile(rf"(\d{{8}}T\d{{12}}Z)-(edoc|status)-([0-9a-f]{{32}})-({_CODE})")
"""Names of copies: time, kind, message, recipient."""


@attrs.frozen(kw_only=True)
class Sidecar:
    """One copy of one packet. ``name`` is its item id as well."""

    name: str
    message_id: str
    kind: Kind
    sender: str
    recipient: str
    size: int
    sha256: bytes
    created: datetime.datetime


def stamp(at: datetime.datetime) -> str:
    """Return *at* as the beginning of a name, so that names sort by time."""
    return at.astimezone(datetime.UTC).strftime(_STAMP)


def written(sidecar: Sidecar) -> bytes:
    """Return the octets of *sidecar*."""
    fields = {
        "vndoc-spool": VERSION,
        "name": sidecar.name,
        "message": sidecar.message_id,
        "kind": sidecar.kind.value,
        "sender": sidecar.sender,
        "recipient": sidecar.recipient,
        "size": sidecar.size,
        "sha256": sidecar.sha256.hex(),
        "created": sidecar.created.isoformat(),
    }
    return json.dumps(fields, indent=1).encode("ascii") + b"\n"


def parsed(data: bytes, name: str) -> Sidecar | None:
    """Return the sidecar in *data* if it is one, and belongs to the copy *name*; else None."""
    match = NAME.fullmatch(name)
    if match is None:
        return None
    try:
        fields = json.loads(data)
        found = _sidecar(fields)
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    whole = (name, Kind(match[2]), match[4]) == (found.name, found.kind, found.recipient)
    return found if whole and found.size >= 0 and len(found.sha256) == 32 else None


def _sidecar(fields: dict[str, Any]) -> Sidecar:
    if fields["vndoc-spool"] != VERSION:
        raise ValueError("another version")
    texts = {key: fields[key] for key in ("name", "message", "kind", "sender", "recipient", "sha256", "created")}
    if not all(type(text) is str for text in texts.values()) or type(fields["size"]) is not int:
        raise TypeError("a field of another type")
    created = datetime.datetime.fromisoformat(texts["created"])
    if created.tzinfo is None:
        raise ValueError("a time without its zone")
    return Sidecar(
        name=texts["name"],
        message_id=texts["message"],
        kind=Kind(texts["kind"]),
        sender=texts["sender"],
        recipient=texts["recipient"],
        size=fields["size"],
        sha256=bytes.fromhex(texts["sha256"]),
        created=created.astimezone(datetime.UTC),
    )
