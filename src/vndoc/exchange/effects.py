"""What is to be done after an event: frozen values that the node carries out, all of one event in one transaction.

Nothing here acts. An effect names no table and no carrier; the row that the event belongs to is known to the caller.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Mapping
from types import MappingProxyType

import attrs

from vndoc.text import Text

__all__ = [
    "TOPICS",
    "ApplyChange",
    "CancelDocument",
    "ClearDeadline",
    "ConfirmArrival",
    "DeadlineKind",
    "Effect",
    "FreezeDocument",
    "KeepReceipt",
    "Notify",
    "RecordConflict",
    "SendPacket",
    "SendStatus",
    "SetDeadline",
    "Topic",
]


class DeadlineKind(enum.Enum):
    """What is due when a deadline passes: each names the event to give to the value that set it."""

    ATTEMPT = "attempt"
    LEASE = "lease"
    ARRIVAL = "arrival"
    EXPIRY = "expiry"
    RESOLVE = "resolve"
    ANSWER = "answer"


class Topic(enum.Enum):
    """What people and office systems are told about."""

    STATUS = "status"
    DELIVERED = "delivered"
    NOT_DELIVERED = "not-delivered"
    HELD = "held"
    OVERDUE = "overdue"
    UNCERTAIN = "uncertain"
    CHANGE_REQUESTED = "change-requested"
    CHANGE_ANSWERED = "change-answered"
    CHANGE_CLOSED = "change-closed"
    LATE = "late"


TOPICS: Mapping[Topic, Text] = MappingProxyType(
    {
        Topic.STATUS: Text("có trạng thái xử lý mới", "there is a new status"),
        Topic.DELIVERED: Text("văn bản đã đến nơi nhận", "the document has arrived"),
        Topic.NOT_DELIVERED: Text("văn bản không gửi được", "the document was not delivered"),
        Topic.HELD: Text("văn bản tạm giữ, chờ sửa cấu hình", "the document is held until the settings are mended"),
        Topic.OVERDUE: Text("quá hạn mà chưa có phản hồi", "the answer is overdue"),
        Topic.UNCERTAIN: Text("chưa rõ trục đã nhận hay chưa", "it is not known whether the axis took it over"),
        Topic.CHANGE_REQUESTED: Text("có yêu cầu thay đổi văn bản", "a change of the document is asked for"),
        Topic.CHANGE_ANSWERED: Text("một nơi nhận đã trả lời yêu cầu thay đổi", "a recipient answered the change"),
        Topic.CHANGE_CLOSED: Text("yêu cầu thay đổi đã kết thúc", "the change is closed"),
        Topic.LATE: Text("có phản hồi đến sau khi đã kết thúc", "something came after the end"),
    }
)
"""Text of each topic."""


@attrs.frozen
class SetDeadline:
    """The row is next due at ``at``, whatever was set before."""

    kind: DeadlineKind
    at: datetime.datetime


@attrs.frozen
class ClearDeadline:
    """Nothing is due any more: the row is final."""


@attrs.frozen
class SendStatus:
    """Put a status packet in the outbox, as a row of its own.

    ``code`` is a :class:`~vndoc.envelope.codes.StatusCode`, ``document`` and ``version`` what it speaks of, ``to``
    the organ code of the other side, ``change`` the change that it belongs to, or empty.
    """

    code: str
    document: str
    version: int
    to: str
    reason: str = ""
    change: str = ""


@attrs.frozen
class SendPacket:
    """Put the packet of a change (recall, update, replacement) in the outbox, as a row of its own.

    ``operation`` is the ``BussinessDocType``; the packet itself is the caller's, known by ``change``.
    """

    operation: int
    document: str
    to: tuple[str, ...]
    change: str


@attrs.frozen
class KeepReceipt:
    """Keep the carrier's word that it took the copy over."""

    transport_id: str
    at: datetime.datetime


@attrs.frozen
class ConfirmArrival:
    """The copy for ``recipient`` has arrived: its delivery gets the event, if it has not had it."""

    recipient: str
    at: datetime.datetime


@attrs.frozen
class Notify:
    """Tell the office system. ``code`` says more: a status, an error code, a state; ``recipient`` whose copy."""

    topic: Topic
    code: str = ""
    recipient: str = ""


@attrs.frozen
class RecordConflict:
    """Keep a contradiction as a row that can be looked for; nothing is overwritten.

    ``code`` is one of :data:`vndoc.errors.ERRORS`; ``keys`` are what the row is found by.
    """

    code: str
    keys: tuple[tuple[str, str], ...] = ()


@attrs.frozen
class CancelDocument:
    """Receiver: take the document out of use. Source: Decision 28/2018 Art 9, Decree 30/2020 Art 18."""

    document: str
    version: int
    reason: str = ""


@attrs.frozen
class ApplyChange:
    """Receiver: the packet of the change becomes version ``version`` of the document (or takes its place)."""

    document: str
    version: int
    change: str


@attrs.frozen
class FreezeDocument:
    """Sender: the document and its metadata are frozen. Source: Decree 30/2020 Art 18."""

    document: str


Effect = (
    SetDeadline
    | ClearDeadline
    | SendStatus
    | SendPacket
    | KeepReceipt
    | ConfirmArrival
    | Notify
    | RecordConflict
    | CancelDocument
    | ApplyChange
    | FreezeDocument
)
"""Any of them."""
