"""The rows of the store as frozen values, and the states that rows of work go through."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

import attrs

from vndoc.errors import UsageError
from vndoc.errors._arguments import need
from vndoc.text import Text

__all__ = [
    "OPERATOR",
    "PEER",
    "Attempt",
    "Change",
    "Conflict",
    "Delivery",
    "Document",
    "Evidence",
    "Heard",
    "InboxRow",
    "InboxState",
    "Lease",
    "LifeRow",
    "Message",
    "OutboxRow",
    "OutboxState",
    "Page",
    "Purged",
    "Receipt",
    "Received",
    "Retention",
    "Saga",
    "Snapshot",
    "Stuck",
]

OPERATOR: Final = "operator"
"""Owner of a row that waits for a person."""
PEER: Final = "peer"
"""Owner of a row that waits for the agency on the other side, and for nothing else."""

MAX_PAGE: Final = 1000
"""Rows of one page at most: what a page costs in memory stays small."""

_T = TypeVar("_T")
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def _moment(_owner: object, field: Any, value: Any) -> None:
    need(field.name, value, datetime.datetime, type(None))
    if value is not None and value.tzinfo is None:
        raise UsageError("time-zone-missing")


def _utc(value: Any) -> Any:
    """Return a time in UTC; one without zone, and what is none, is refused by the validator."""
    return value.astimezone(datetime.UTC) if getattr(value, "tzinfo", None) is not None else value


class OutboxState(enum.Enum):
    """State of a message to send. Only ``WAITING``, ``UNSURE`` and ``PARKED`` are not final.

    ``WAITING``: to be submitted at its next time. ``UNSURE``: an attempt ended without an answer, and the carrier
    does not recognise repetitions: to be resolved by policy. ``PARKED``: waits for an operator. ``SENT``: a carrier
    has taken it over. ``REFUSED``: it will not. ``EXPIRED``: its lifetime is over. ``CANCELLED``: an operator gave it
    up.
    """

    WAITING = "waiting"
    UNSURE = "unsure"
    PARKED = "parked"
    SENT = "sent"
    REFUSED = "refused"
    EXPIRED = "expired"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether it never changes again."""
        return self not in {OutboxState.WAITING, OutboxState.UNSURE, OutboxState.PARKED}


class InboxState(enum.Enum):
    """State of a copy that came. Only ``SETTLED`` is final.

    ``KEPT``: its octets are durable, nothing else is decided. ``DECIDED``: its effect is committed, the axis is still
    to be told. ``PARKED``: its effect failed again and again and waits for an operator. ``SETTLED``: all is done.
    """

    KEPT = "kept"
    DECIDED = "decided"
    PARKED = "parked"
    SETTLED = "settled"

    @property
    def final(self) -> bool:
        """Whether it never changes again."""
        return self is InboxState.SETTLED


@attrs.frozen
class Page(Generic[_T]):
    """A part of a list: its rows, and where the next part begins (None: this was the last)."""

    rows: tuple[_T, ...]
    after: str | None = None


@attrs.frozen(kw_only=True)
class Message:
    """What is to be put into the outbox.

    ``message_id`` names the message over all its attempts; ``idempotency`` names the wish, so that repeating it
    finds the message of the first time. ``kind`` is ``edoc``, ``status`` or ``event``; a packet is named by
    the digest of its content, an event has a ``body`` of JSON values. ``priority``: higher goes first.
    ``not_before`` is when it may be tried first, ``expires_at`` when it is given up.
    """

    message_id: str
    kind: str
    carrier: str
    sender: str
    idempotency: str
    created_at: datetime.datetime = attrs.field(validator=_moment, converter=_utc)
    recipients: tuple[str, ...] = ()
    document: str | None = None
    packet: bytes | None = attrs.field(default=None, repr=lambda digest: repr(digest and digest.hex()))
    size: int = 0
    body: Mapping[str, Any] | None = attrs.field(default=None, repr=False)
    priority: int = 0
    not_before: datetime.datetime | None = attrs.field(default=None, validator=_moment, converter=_utc)
    expires_at: datetime.datetime | None = attrs.field(default=None, validator=_moment, converter=_utc)


@attrs.frozen(kw_only=True)
class OutboxRow:
    """One message of the outbox, as it is now. ``code`` and ``detail`` are those of the last failure."""

    message_id: str
    kind: str
    carrier: str
    sender: str
    recipients: tuple[str, ...]
    document: str | None
    packet: bytes | None = attrs.field(repr=lambda digest: repr(digest and digest.hex()))
    size: int
    body: Mapping[str, Any] | None = attrs.field(repr=False)
    priority: int
    idempotency: str
    created_at: datetime.datetime
    expires_at: datetime.datetime | None
    ended_at: datetime.datetime | None
    in_doubt: bool
    state: OutboxState
    owner: str | None
    lease_until: datetime.datetime | None
    next_at: datetime.datetime | None
    attempts: int
    code: str | None
    detail: str | None


@attrs.frozen
class Lease:
    """The right of one worker to finish one row, until another has taken it.

    ``number`` counts how often the row was taken: whoever holds an older number has lost it and can change nothing.
    """

    key: str
    owner: str
    number: int


@attrs.frozen(kw_only=True)
class Attempt:
    """One entry of the list of attempts; entries are added, never changed.

    ``outcome`` is the state that the attempt led to, ``begun`` where it was noted before a submission.
    """

    message_id: str
    number: int
    at: datetime.datetime
    outcome: str
    code: str | None
    detail: str | None
    worker: str


@attrs.frozen(kw_only=True)
class Receipt:
    """The carrier's word for a message, as it was kept: ``raw`` is its answer, whole."""

    message_id: str
    carrier: str
    transport_id: str
    accepted_at: datetime.datetime = attrs.field(validator=_moment, converter=_utc)
    accepted: tuple[str, ...]
    refused: tuple[tuple[str, str, str], ...] = ()
    raw: bytes = attrs.field(default=b"", repr=False)


@attrs.frozen(kw_only=True)
class Received:
    """A copy that came, to be kept: what the axis says of it, and the digest of its octets."""

    id: str
    carrier: str
    transport_id: str
    kind: str
    kept_at: datetime.datetime = attrs.field(validator=_moment, converter=_utc)
    packet: bytes = attrs.field(repr=lambda digest: digest.hex())
    size: int
    sender: str | None = None
    recipient: str | None = None
    extra: Mapping[str, str] = attrs.field(default=_NOTHING, repr=False)


@attrs.frozen(kw_only=True)
class InboxRow:
    """One copy that came, as it is now.

    ``outcome`` says what it turned out to be, ``business_key`` and ``content_digest`` what it was compared by.
    """

    id: str
    carrier: str
    transport_id: str
    kind: str
    sender: str | None
    recipient: str | None
    extra: Mapping[str, str] = attrs.field(repr=False)
    packet: bytes = attrs.field(repr=lambda digest: digest.hex())
    size: int
    kept_at: datetime.datetime
    ended_at: datetime.datetime | None
    outcome: str | None
    business_key: str | None
    content_digest: bytes | None = attrs.field(repr=lambda digest: repr(digest and digest.hex()))
    document: str | None
    state: InboxState
    owner: str | None
    lease_until: datetime.datetime | None
    next_at: datetime.datetime | None
    attempts: int
    code: str | None
    detail: str | None


@attrs.frozen(kw_only=True)
class Document:
    """One packet of one document, sent (``out``) or received (``in``): the document itself, or a change of it.

    ``version`` counts the packets under one key from 1. ``business_key`` is the text of :class:`vndoc.BusinessKey`,
    ``kind`` the business operation (0 new, 1 recall, 2 update, 3 replace), ``target`` the row of the document that it
    changes, ``document_id`` the hint in the packet.
    """

    id: str
    direction: str
    business_key: str
    version: int
    kind: int
    content_digest: bytes = attrs.field(repr=lambda digest: digest.hex())
    document_id: str | None
    sender: str
    packet: bytes = attrs.field(repr=lambda digest: digest.hex())
    created_at: datetime.datetime = attrs.field(validator=_moment, converter=_utc)
    target: str | None = None


@attrs.frozen(kw_only=True)
class Delivery:
    """How far one document version has come on its way to one recipient.

    ``value`` holds what the exchange protocol keeps beside the names of the states, as JSON values.
    """

    document: str
    recipient: str
    delivery: str
    value: Mapping[str, Any] = attrs.field(default=_NOTHING, repr=False)
    updated_at: datetime.datetime = attrs.field(validator=_moment, converter=_utc)
    final: bool
    owner: str | None = None
    next_at: datetime.datetime | None = attrs.field(default=None, validator=_moment, converter=_utc)
    message_id: str | None = None


@attrs.frozen(kw_only=True)
class Heard:
    """One status of one version of a document at one receiver, told to us (``out``) or given by us (``in``).

    ``change`` is the id of the change that it belongs to, or ``""``; ``at`` is when it was heard, ``reported_at`` what
    it says of itself. A code counts once.
    """

    direction: str
    business_key: str
    version: int
    receiver: str
    code: str
    change: str = ""
    at: datetime.datetime = attrs.field(validator=_moment, converter=_utc)
    reported_at: datetime.datetime | None = attrs.field(default=None, validator=_moment, converter=_utc)
    description: str | None = attrs.field(default=None, repr=False)
    inbox: str | None = None


@attrs.frozen(kw_only=True)
class Change:
    """One change (recall, update, replacement) of one document version at one recipient; ``value`` as above."""

    id: str
    document: str
    recipient: str
    kind: str
    form: str
    state: str
    requested_at: datetime.datetime = attrs.field(validator=_moment, converter=_utc)
    final: bool
    value: Mapping[str, Any] = attrs.field(default=_NOTHING, repr=False)
    deadline: datetime.datetime | None = attrs.field(default=None, validator=_moment, converter=_utc)
    owner: str | None = None
    next_at: datetime.datetime | None = attrs.field(default=None, validator=_moment, converter=_utc)


@attrs.frozen(kw_only=True)
class LifeRow:
    """The business life of one document at one receiver: as told (``out``), or at a receiver of ours (``in``)."""

    direction: str
    business_key: str
    receiver: str
    sender: str
    state: str
    version: int
    updated_at: datetime.datetime = attrs.field(validator=_moment, converter=_utc)
    final: bool
    value: Mapping[str, Any] = attrs.field(default=_NOTHING, repr=False)
    owner: str | None = None
    next_at: datetime.datetime | None = attrs.field(default=None, validator=_moment, converter=_utc)


@attrs.frozen(kw_only=True)
class Saga:
    """One change as a whole: asked for by us (``out``), or of a receiver of ours (``in``); ``document`` is its packet.

    The parts of its recipients are :class:`Change` rows.
    """

    id: str
    direction: str
    business_key: str
    receiver: str
    kind: str
    form: str
    state: str
    opened_at: datetime.datetime = attrs.field(validator=_moment, converter=_utc)
    final: bool
    document: str | None = None
    value: Mapping[str, Any] = attrs.field(default=_NOTHING, repr=False)
    owner: str | None = None
    next_at: datetime.datetime | None = attrs.field(default=None, validator=_moment, converter=_utc)


@attrs.frozen(kw_only=True)
class Conflict:
    """One contradiction, kept to be looked for: ``code`` of :data:`vndoc.errors.ERRORS`, ``keys`` to match it by."""

    id: str
    code: str
    at: datetime.datetime = attrs.field(validator=_moment, converter=_utc)
    business_key: str | None = None
    keys: Mapping[str, str] = attrs.field(default=_NOTHING)
    inbox: str | None = None
    message_id: str | None = None


@attrs.frozen(kw_only=True)
class Evidence:
    """One thing that proves something about a content: ``payload`` is the SHA-256 of that content.

    It is held in ``data``, whole, or in the blob store under ``content``: exactly one of them.
    """

    id: str
    payload: bytes = attrs.field(repr=lambda digest: digest.hex())
    kind: str
    at: datetime.datetime = attrs.field(validator=_moment, converter=_utc)
    document: str | None = None
    message_id: str | None = None
    data: bytes | None = attrs.field(default=None, repr=False)
    content: bytes | None = attrs.field(default=None, repr=lambda digest: repr(digest and digest.hex()))


@attrs.frozen(kw_only=True)
class Snapshot:
    """One state of the routing table or of an axis' address book: its digest, its version, the blob that holds it."""

    digest: bytes = attrs.field(repr=lambda digest: digest.hex())
    version: str
    taken_at: datetime.datetime = attrs.field(validator=_moment, converter=_utc)
    content: bytes = attrs.field(repr=lambda digest: digest.hex())


@attrs.frozen
class Stuck:
    """A row that is not final and has neither an owner nor a next time; there must never be one."""

    table: str
    key: str


_AT_LEAST: Final = Text("{name}: ít nhất {days} ngày", "{name}: at least {days} days")


def _days(least: int) -> Any:
    def check(_owner: object, field: Any, value: datetime.timedelta) -> None:
        need(field.name, value, datetime.timedelta)
        if value < datetime.timedelta(days=least):
            raise UsageError("option-invalid", detail=_AT_LEAST.filled(name=field.name, days=least))

    return check


def _kept(days: int, least: int) -> Any:
    return attrs.field(default=datetime.timedelta(days=days), validator=_days(least))


@attrs.frozen(kw_only=True)
class Retention:
    """How long what is finished is kept. Unfinished work is kept until it is finished, whatever stands here.

    ``messages``: ended messages that carry no document (statuses, events), with attempts and receipts; their
    idempotency keys are known as long, at least a week. ``copies``: settled copies; their transport ids are known as
    long, at least 30 days. ``documents``: versions with all that belongs to them. ``evidence``, and contradictions:
    none about a document that is unfinished, or about a change of it. ``snapshots`` of the address book, but for the
    newest. What archives demand is the caller's to know. Source: practice (DHX keeps ids for a week to a month).
    """

    messages: datetime.timedelta = _kept(180, 7)
    copies: datetime.timedelta = _kept(180, 30)
    documents: datetime.timedelta = _kept(3653, 30)
    evidence: datetime.timedelta = _kept(3653, 30)
    snapshots: datetime.timedelta = _kept(3653, 1)


@attrs.frozen(kw_only=True)
class Purged:
    """How many rows one purge deleted, by kind."""

    messages: int
    copies: int
    documents: int
    evidence: int
    snapshots: int

    @property
    def total(self) -> int:
        """All of them: 0 when there is nothing left to purge."""
        return self.messages + self.copies + self.documents + self.evidence + self.snapshots
