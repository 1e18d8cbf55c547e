"""One copy as a message: what stands in its properties, and how that is read from whoever wrote it."""

from __future__ import annotations

import datetime
import hashlib
import json
from typing import Any, Final

import attrs
import pika

from vndoc.transport.base import Kind, Outgoing

HEADER: Final = "x-vndoc"
"""The header that tells everything, as JSON in ASCII."""

_ROUTES: Final = frozenset({"CC", "BCC"})
"""Headers by which a broker routes a message to further queues."""
_TELLING: Final = (
    "content_type",
    "content_encoding",
    "correlation_id",
    "reply_to",
    "message_id",
    "timestamp",
    "type",
    "app_id",
)
"""Properties that only tell something."""

_VERSION: Final = 1
_PERSISTENT: Final = 2


@attrs.frozen(kw_only=True)
class Copy:
    """One copy of one packet. ``id`` is made of sender, message and recipient: it is the same for a repetition."""

    id: str
    message_id: str
    kind: Kind
    sender: str
    recipient: str
    size: int
    sha256: bytes
    created: datetime.datetime
    inline: bool


def copy_of(packet: Outgoing, recipient: str, size: int, created: datetime.datetime, *, inline: bool) -> Copy:
    """Return the copy of *packet* for *recipient*."""
    return Copy(
        id=_id(packet.sender, packet.message_id, packet.kind, recipient),
        message_id=packet.message_id,
        kind=packet.kind,
        sender=packet.sender,
        recipient=recipient,
        size=size,
        sha256=packet.sha256,
        created=created,
        inline=inline,
    )


def _id(sender: str, message_id: str, kind: Kind, recipient: str) -> str:
    named = f"{sender}\0{message_id}\0{kind.value}\0{recipient}"
    return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()


def written(copy: Copy) -> Any:
    """Return the properties of the message that carries *copy*."""
    fields = {
        "vndoc": _VERSION,
        "id": copy.id,
        "message": copy.message_id,
        "kind": copy.kind.value,
        "sender": copy.sender,
        "recipient": copy.recipient,
        "size": copy.size,
        "sha256": copy.sha256.hex(),
        "created": copy.created.isoformat(),
        "inline": copy.inline,
    }
    return pika.BasicProperties(
        message_id=copy.id,
        type=copy.kind.value,
        content_type="application/xml" if copy.inline else "application/octet-stream",
        delivery_mode=_PERSISTENT,
        timestamp=int(copy.created.timestamp()),
        headers={HEADER: json.dumps(fields)},
    )


def set_aside(properties: Any) -> Any:
    """Return *properties* of any message without what would move it on, delete it, or be refused under our name."""
    headers = {name: value for name, value in (properties.headers or {}).items() if name not in _ROUTES}
    told = {name: getattr(properties, name) for name in _TELLING}
    return pika.BasicProperties(headers=headers, delivery_mode=_PERSISTENT, **told)


def parsed(properties: Any, body: bytes) -> Copy | None:
    """Return the copy that a message with *properties* and *body* carries, or None if it is none of ours."""
    try:
        fields = json.loads((properties.headers or {})[HEADER])
        found = _copy(fields)
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    if len(found.sha256) != 32 or found.size < 0:
        return None
    if found.id != _id(found.sender, found.message_id, found.kind, found.recipient):
        return None  # it would be taken for a repetition of another message
    if found.inline:
        return found if (len(body), hashlib.sha256(body).digest()) == (found.size, found.sha256) else None
    return None if body else found


def _copy(fields: dict[str, Any]) -> Copy:
    names = ("id", "message", "kind", "sender", "recipient", "sha256", "created")
    texts = {name: fields[name] for name in names}
    if not all(type(text) is str for text in texts.values()):
        raise TypeError("a field that is no text")
    if fields["vndoc"] != _VERSION or type(fields["size"]) is not int or type(fields["inline"]) is not bool:
        raise TypeError("a field of another type")
    created = datetime.datetime.fromisoformat(texts["created"])
    if created.tzinfo is None:
        raise ValueError("a time without its zone")
    return Copy(
        id=texts["id"],
        message_id=texts["message"],
        kind=Kind(texts["kind"]),
        sender=texts["sender"],
        recipient=texts["recipient"],
        size=fields["size"],
        sha256=bytes.fromhex(texts["sha256"]),
        created=created.astimezone(datetime.UTC),
        inline=fields["inline"],
    )
