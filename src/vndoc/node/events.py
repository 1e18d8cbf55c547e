"""What the office system is told: frozen events, each with an id under which it happens once."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from vndoc.store import Connection
from vndoc.text import Text, shorten

__all__ = ["EVENT_KINDS", "AtLeastOnce", "Event", "EventKind", "InTransaction"]


class EventKind(enum.Enum):
    """What has happened. The first eight happen to documents that come, the others to those that were sent."""

    RECEIVED = "received"
    DUPLICATE = "duplicate"
    MISDIRECTED = "misdirected"
    UNREADABLE = "unreadable"
    CHANGE_REQUESTED = "change-requested"
    CHANGE_APPLIED = "change-applied"
    DOCUMENT_CANCELLED = "document-cancelled"
    ACTED = "acted"
    STATUS = "status"
    DELIVERED = "delivered"
    NOT_DELIVERED = "not-delivered"
    HELD = "held"
    UNCERTAIN = "uncertain"
    OVERDUE = "overdue"
    CHANGE_ANSWERED = "change-answered"
    CHANGE_CLOSED = "change-closed"
    DOCUMENT_FROZEN = "document-frozen"
    LATE = "late"
    CONFLICT = "conflict"


EVENT_KINDS: Mapping[EventKind, Text] = MappingProxyType(
    {
        EventKind.RECEIVED: Text("đã nhận văn bản mới", "a new document has come"),
        EventKind.DUPLICATE: Text("văn bản đã nhận được gửi lại", "a document that is known has come again"),
        EventKind.MISDIRECTED: Text("gói tin không gửi cho đơn vị nào ở đây", "a packet is addressed to nobody here"),
        EventKind.UNREADABLE: Text("không đọc được gói tin đã nhận", "a packet that came cannot be read"),
        EventKind.CHANGE_REQUESTED: Text("bên gửi yêu cầu thay đổi văn bản", "the sender asks for a change"),
        EventKind.CHANGE_APPLIED: Text("đã áp dụng thay đổi văn bản", "a change was applied"),
        EventKind.DOCUMENT_CANCELLED: Text("văn bản phải được hủy", "a document is out of use"),
        EventKind.ACTED: Text("đã ghi nhận xử lý của đơn vị", "an action of our own receiver was recorded"),
        EventKind.STATUS: Text("nơi nhận báo trạng thái", "a receiver reports a status"),
        EventKind.DELIVERED: Text("văn bản đã đến nơi nhận", "a document has arrived"),
        EventKind.NOT_DELIVERED: Text("không gửi được văn bản", "a document was not delivered"),
        EventKind.HELD: Text("văn bản tạm giữ, chờ sửa cấu hình", "a document waits for settings to be mended"),
        EventKind.UNCERTAIN: Text("chưa rõ trục đã nhận hay chưa", "it is unknown whether the axis has it"),
        EventKind.OVERDUE: Text("quá hạn mà chưa có phản hồi", "an answer is overdue"),
        EventKind.CHANGE_ANSWERED: Text("nơi nhận trả lời yêu cầu thay đổi", "a receiver answered a change"),
        EventKind.CHANGE_CLOSED: Text("yêu cầu thay đổi đã kết thúc", "a change is closed"),
        EventKind.DOCUMENT_FROZEN: Text("văn bản đã tạm khóa để thu hồi", "a document is frozen for its recall"),
        EventKind.LATE: Text("có phản hồi đến sau khi đã kết thúc", "something came after the end"),
        EventKind.CONFLICT: Text("có mâu thuẫn cần xem xét", "there is a contradiction to look at"),
    }
)
"""Text of each kind."""

_PLAIN: Final = ("id", "business_key", "document", "sender", "receiver", "code", "version")


@attrs.frozen(kw_only=True)
class Event:
    """One thing that happened. ``id`` is the same whenever the same thing is told again: the idempotency key.

    ``business_key`` and ``document`` (a row of the store) say which document, ``sender`` and ``receiver`` whose,
    ``code`` which status, error or state; ``packet`` is the digest under which its packet lies in the store.
    ``facts`` holds what only some kinds have, such as the verdict on signatures (``indication``); that of a change that
    is asked for has the id with which :meth:`Node.answer <vndoc.node.Node.answer>` answers it (``change``).
    """

    id: str
    kind: EventKind
    at: datetime.datetime
    business_key: str = ""
    document: str = ""
    version: int = 0
    sender: str = ""
    receiver: str = ""
    code: str = ""
    reason: str = attrs.field(default="", repr=lambda text: repr(shorten(text)))
    packet: bytes | None = attrs.field(default=None, repr=lambda digest: repr(digest and digest.hex()))
    facts: Mapping[str, str] = attrs.field(factory=lambda: MappingProxyType({}))

    def to_dict(self) -> dict[str, Any]:
        """Return the event as JSON-able data."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "kind": self.kind.value,
            "at": self.at.isoformat(),
            "reason": self.reason,
            "packet": None if self.packet is None else self.packet.hex(),
            "facts": dict(self.facts),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Event:
        """Return the event in *data*, as :meth:`to_dict` wrote it."""
        return cls(
            **{name: data[name] for name in _PLAIN},
            kind=EventKind(data["kind"]),
            at=datetime.datetime.fromisoformat(data["at"]),
            reason=data["reason"],
            packet=None if data["packet"] is None else bytes.fromhex(data["packet"]),
            facts=MappingProxyType(dict(data["facts"])),
        )


InTransaction = Callable[[Connection, Event], None]
"""A hook that writes to the same database, in the same transaction: it has exactly one effect.

It gets the SQLAlchemy connection and must neither commit nor roll back. What it raises undoes the transaction; the
work is tried again later, and parked after some attempts. It must not call what writes, such as
:meth:`Node.act <vndoc.node.Node.act>`: that asks for a transaction of its own and would wait for this one.
The other hook may.
"""

AtLeastOnce = Callable[[Event, str], None]
"""A hook that calls another system, after the commit: it is called until it returns, so at least once.

The second argument is the idempotency key: the other system forgets what comes again under the same one.
"""
