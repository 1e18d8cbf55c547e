"""Delivery of one message to one recipient, as the sender sees it: from the outbox to the proof of arrival.

The message keeps its id over all attempts. Every state that is not final has a deadline (:meth:`Delivery.due_at`);
an attempt whose outcome nobody knows is a state of its own, because repeating it is safe only where the carrier
recognises a repetition. A carrier's acceptance is not arrival: arrival is what the receiver's first status proves.

Source: practice (states of the axes, protocol sections 8.4 and 9.6); promises 1 and 4 of the field study.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, cast

import attrs

from vndoc.errors import ExchangeError, Retry, UsageError
from vndoc.errors._arguments import need, need_all
from vndoc.exchange._times import later, moment, moment_or_none
from vndoc.exchange.delivery_table import DELIVERY, DeliveryEvent, DeliveryState
from vndoc.exchange.effects import (
    ClearDeadline,
    DeadlineKind,
    Effect,
    KeepReceipt,
    Notify,
    RecordConflict,
    SetDeadline,
    Topic,
)
from vndoc.exchange.faults import Fault, OwnFault, PeerFault
from vndoc.exchange.machine import Transition
from vndoc.text import Text

__all__ = [
    "Accepted",
    "Arrived",
    "Cancelled",
    "Claimed",
    "Delivery",
    "DeliveryInput",
    "DeliveryPolicy",
    "Due",
    "GivenUp",
    "Interrupted",
    "OwnFailed",
    "PeerFailed",
    "Postponed",
    "RecipientRefused",
    "Released",
    "Renewed",
    "Repeated",
]


# -- events ------------------------------------------------------------------------------------------


@attrs.frozen
class Claimed:
    """*owner* begins an attempt and holds the row until *lease_until*."""

    at: datetime.datetime = attrs.field(converter=moment)
    owner: str
    lease_until: datetime.datetime = attrs.field(converter=moment)


@attrs.frozen
class Renewed:
    """The attempt goes on: the row is held until *lease_until*."""

    at: datetime.datetime = attrs.field(converter=moment)
    lease_until: datetime.datetime = attrs.field(converter=moment)


@attrs.frozen
class Postponed:
    """Nothing was tried (the carrier rests after failures): next *until*. No attempt is counted."""

    at: datetime.datetime = attrs.field(converter=moment)
    until: datetime.datetime = attrs.field(converter=moment)


@attrs.frozen
class Accepted:
    """The carrier took the copy over, or is found to have done so."""

    at: datetime.datetime = attrs.field(converter=moment)
    transport_id: str


@attrs.frozen
class RecipientRefused:
    """The axis will not deliver to this recipient."""

    at: datetime.datetime = attrs.field(converter=moment)
    fault: OwnFault


@attrs.frozen
class OwnFailed:
    """The carrier reports a fault of this side."""

    at: datetime.datetime = attrs.field(converter=moment)
    fault: OwnFault


@attrs.frozen
class PeerFailed:
    """The peer or the line failed. *jitter* from 0 to 1 (a random number of the caller's) spreads the attempts."""

    at: datetime.datetime = attrs.field(converter=moment)
    fault: PeerFault
    jitter: float = 0.5


@attrs.frozen
class Interrupted:
    """The attempt ended without an outcome: its owner is gone, or its lease is over."""

    at: datetime.datetime = attrs.field(converter=moment)


@attrs.frozen
class Repeated:
    """An attempt of unknown outcome may be repeated: the carrier recognises repetitions, or did not take it over."""

    at: datetime.datetime = attrs.field(converter=moment)


@attrs.frozen
class GivenUp:
    """A person decided that an attempt of unknown outcome is not to be repeated."""

    at: datetime.datetime = attrs.field(converter=moment)


@attrs.frozen
class Released:
    """The settings are mended."""

    at: datetime.datetime = attrs.field(converter=moment)


@attrs.frozen
class Arrived:
    """The receiver has sent a status: whatever it says, the copy is there."""

    at: datetime.datetime = attrs.field(converter=moment)


@attrs.frozen
class Due:
    """The deadline has passed. What that means, :meth:`Delivery.due_at` says."""

    at: datetime.datetime = attrs.field(converter=moment)


@attrs.frozen
class Cancelled:
    """The sender cancels before anything was sent."""

    at: datetime.datetime = attrs.field(converter=moment)


DeliveryInput = (
    Claimed
    | Renewed
    | Postponed
    | Accepted
    | RecipientRefused
    | OwnFailed
    | PeerFailed
    | Interrupted
    | Repeated
    | GivenUp
    | Released
    | Arrived
    | Due
    | Cancelled
)
"""Any event of a delivery."""


# -- the value ---------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class DeliveryPolicy:
    """How often and how long. All times are above zero; ``attempts`` None leaves the lifetime as the only limit.

    The wait before attempt *n* + 1 is ``first_wait`` × ``growth`` ^ (*n* − 1), at most ``longest_wait``; of that, the
    jitter chooses a part between one half and the whole. Source: practice (schedules of 30 s to 20 min).

    Raises :class:`~vndoc.errors.UsageError` ``option-invalid`` for less than one attempt, a growth outside 1 to 10, and
    waits that are none.
    """

    attempts: int | None = None
    first_wait: datetime.timedelta = datetime.timedelta(seconds=30)
    growth: float = 2.0
    longest_wait: datetime.timedelta = datetime.timedelta(minutes=20)
    arrival_within: datetime.timedelta = datetime.timedelta(days=1)
    resolve_within: datetime.timedelta = datetime.timedelta(minutes=10)

    def __attrs_post_init__(self) -> None:
        need("attempts", self.attempts, int, type(None))
        need("growth", self.growth, int, float)
        waits = (self.first_wait, self.longest_wait, self.arrival_within, self.resolve_within)
        need_all("first_wait, longest_wait, arrival_within, resolve_within", waits, datetime.timedelta)
        if (self.attempts is not None and self.attempts < 1) or not 1 <= self.growth <= 10:
            raise UsageError("option-invalid", detail=_ATTEMPTS)
        if min(waits) <= datetime.timedelta(0):
            raise UsageError("option-invalid", detail=_NO_WAIT)

    def wait(self, attempts: int, jitter: float = 1.0) -> datetime.timedelta:
        """Return how long to wait after *attempts* attempts (at least one); *jitter* is from 0 to 1."""
        steps = min(attempts - 1, 64)
        seconds = min(self.first_wait.total_seconds() * self.growth**steps, self.longest_wait.total_seconds())
        return datetime.timedelta(seconds=seconds * (1 + min(1.0, max(0.0, jitter))) / 2)


_E = DeliveryEvent
_ATTEMPTS: Final = Text(
    "số lần gửi ít nhất là 1, hệ số tăng từ 1 đến 10", "attempts are at least 1, growth is from 1 to 10"
)
_NO_WAIT: Final = Text("thời gian chờ phải lớn hơn 0", "a wait is above zero")
_DEFAULT: Final = DeliveryPolicy()

_MEANS: Final = MappingProxyType(
    {
        DeadlineKind.EXPIRY: _E.EXPIRE,
        DeadlineKind.ARRIVAL: _E.OVERDUE,
        DeadlineKind.RESOLVE: _E.OVERDUE,
        DeadlineKind.LEASE: _E.LOSE,
    }
)
"""What a deadline that has passed means. An attempt that is due begins with :class:`Claimed`."""

_PLAIN: Final[Mapping[type, DeliveryEvent]] = MappingProxyType(
    {
        Renewed: _E.RENEW,
        Postponed: _E.POSTPONE,
        Accepted: _E.ACCEPT,
        RecipientRefused: _E.REFUSE,
        Interrupted: _E.LOSE,
        Repeated: _E.REPEAT,
        GivenUp: _E.FAIL,
        Released: _E.RELEASE,
        Arrived: _E.ARRIVE,
    }
)


@attrs.frozen(kw_only=True)
class Delivery:
    """One message on its way to one recipient.

    ``message_id`` names the row of the outbox and never changes. ``doubtful`` says that some attempt ended without
    a known outcome, so that the copy may have gone out all the same. ``due_kind`` and ``next_at`` are the
    next deadline; both are None exactly in the final states.
    """

    message_id: str
    recipient: str
    expires_at: datetime.datetime = attrs.field(converter=moment)
    state: DeliveryState = DeliveryState.QUEUED
    next_at: datetime.datetime | None = attrs.field(converter=moment_or_none)
    due_kind: DeadlineKind | None = DeadlineKind.ATTEMPT
    attempts: int = 0
    owner: str = ""
    transport_id: str = ""
    doubtful: bool = False
    fault: OwnFault | PeerFault | None = None

    @classmethod
    def start(
        cls, message_id: str, recipient: str, *, at: datetime.datetime, expires_at: datetime.datetime
    ) -> tuple[Delivery, tuple[Effect, ...]]:
        """Return a copy that waits to be sent, and its first deadline. Its lifetime ends at *expires_at*."""
        new = cls(message_id=message_id, recipient=recipient, expires_at=expires_at, next_at=moment(at))._expiring()
        return new, tuple(new._deadline())

    @property
    def is_final(self) -> bool:
        """Return whether nothing will change any more."""
        return DELIVERY.is_final(self.state)

    def due_at(self, at: datetime.datetime) -> DeadlineKind | None:
        """Return which deadline has passed at *at*; the end of the lifetime goes first, but never into an attempt."""
        at = moment(at)
        if self.next_at is None:
            return None
        if self.state is not DeliveryState.SUBMITTING and at >= self.expires_at:
            return DeadlineKind.EXPIRY
        return self.due_kind if at >= self.next_at else None

    def apply(self, event: DeliveryInput, policy: DeliveryPolicy = _DEFAULT) -> tuple[Delivery, tuple[Effect, ...]]:
        """Return the delivery after *event*, and what is to be done.

        Raises :class:`~vndoc.errors.ExchangeError`: ``event-not-allowed``, ``state-is-final``; ``lifetime-over`` for
        an attempt after the lifetime, ``not-due`` for a deadline that has not passed, ``cancel-too-late`` where
        the copy may have gone out.
        """
        kind = self._kind(event, policy)
        row = DELIVERY.step(self.state, kind)
        new = self if self.is_final else self._changed(kind, row, event, policy)._expiring()
        effects = [effect for name in row.does for effect in _DOES[name](new, event)]
        if (new.due_kind, new.next_at) != (self.due_kind, self.next_at):
            effects += new._deadline()
        return new, tuple(effects)

    def _kind(self, event: DeliveryInput, policy: DeliveryPolicy) -> DeliveryEvent:
        if isinstance(event, Claimed):
            if self.state is DeliveryState.QUEUED and event.at >= self.expires_at:
                raise ExchangeError("lifetime-over", at=self.expires_at.isoformat())
            return _E.CLAIM
        if isinstance(event, Cancelled):
            if self.doubtful and not self.is_final:
                raise ExchangeError("cancel-too-late", recipient=self.recipient)
            return _E.CANCEL
        if isinstance(event, Due):
            due = self.due_at(event.at)
            if due is None or due not in _MEANS:
                raise ExchangeError("not-due", at=event.at.isoformat())
            return _MEANS[due]
        if isinstance(event, OwnFailed):
            return _E.HOLD if event.fault.is_repairable else _E.FAIL
        if isinstance(event, PeerFailed):
            return self._after_peer_fault(event.fault.retry, policy)
        need("event", event, *_PLAIN)
        return _PLAIN[type(event)]

    def _after_peer_fault(self, retry: Retry, policy: DeliveryPolicy) -> DeliveryEvent:
        if retry is Retry.UNKNOWN:
            return _E.LOSE
        if retry is Retry.NEVER:
            return _E.FAIL
        return _E.RETRY if policy.attempts is None or self.attempts < policy.attempts else _E.EXHAUST

    def _changed(
        self,
        kind: DeliveryEvent,
        row: Transition[DeliveryState, DeliveryEvent],
        event: DeliveryInput,
        p: DeliveryPolicy,
    ) -> Delivery:
        """Return the delivery in its new state, its deadline not yet cut to the lifetime."""
        new = attrs.evolve(self, state=row.to, fault=getattr(event, "fault", self.fault))
        if DELIVERY.is_final(row.to):
            return attrs.evolve(new, owner="", next_at=None, due_kind=None, transport_id=self._id(event))
        if isinstance(event, Claimed):
            new = attrs.evolve(new, attempts=self.attempts + 1, owner=event.owner)
            return new._due(DeadlineKind.LEASE, event.lease_until)
        if isinstance(event, Renewed):
            return new._due(DeadlineKind.LEASE, event.lease_until)
        new = attrs.evolve(new, owner="")
        if isinstance(event, Postponed):
            tried = self.state is DeliveryState.SUBMITTING
            return attrs.evolve(new, attempts=self.attempts - tried)._due(DeadlineKind.ATTEMPT, event.until)
        if kind is _E.ACCEPT and row.moves:
            new = attrs.evolve(new, fault=None, transport_id=self._id(event))
            return new._due(DeadlineKind.ARRIVAL, later(event.at, p.arrival_within))
        if isinstance(event, PeerFailed) and kind is _E.RETRY:
            return new._due(DeadlineKind.ATTEMPT, later(event.at, p.wait(self.attempts, event.jitter)))
        if kind is _E.LOSE:
            new = attrs.evolve(new, doubtful=True)
            return new._due(DeadlineKind.RESOLVE, later(event.at, p.resolve_within))
        if kind in {_E.RELEASE, _E.REPEAT}:
            return new._due(DeadlineKind.ATTEMPT, event.at)
        if kind in {_E.HOLD, _E.OVERDUE}:
            return new._due(DeadlineKind.EXPIRY, self.expires_at)
        return new

    def _id(self, event: DeliveryInput) -> str:
        return event.transport_id if isinstance(event, Accepted) else self.transport_id

    def _due(self, kind: DeadlineKind, at: datetime.datetime) -> Delivery:
        return attrs.evolve(self, due_kind=kind, next_at=at)

    def _expiring(self) -> Delivery:
        """Return the delivery with its deadline cut to its lifetime: no attempt under way is cut."""
        if self.next_at is None or self.due_kind is DeadlineKind.LEASE or self.next_at < self.expires_at:
            return self
        return self._due(DeadlineKind.EXPIRY, self.expires_at)

    def _deadline(self) -> Iterator[Effect]:
        if self.next_at is None or self.due_kind is None:
            yield ClearDeadline()
        else:
            yield SetDeadline(self.due_kind, self.next_at)


def _receipt(_new: Delivery, event: DeliveryInput) -> Iterator[Effect]:
    accepted = cast("Accepted", event)  # the table names this effect for no other event
    yield KeepReceipt(accepted.transport_id, accepted.at)


def _told(topic: Topic) -> Callable[[Delivery, DeliveryInput], Iterator[Effect]]:
    def effects(new: Delivery, event: DeliveryInput) -> Iterator[Effect]:
        fault: Fault | None = getattr(event, "fault", None)
        yield Notify(topic, new.state.value if fault is None else fault.code, new.recipient)

    return effects


def _conflict(new: Delivery, event: DeliveryInput) -> Iterator[Effect]:
    keys = (("message_id", new.message_id), ("recipient", new.recipient), ("state", new.state.value))
    yield RecordConflict("outcome-contradicts", (*keys, ("event", _PLAIN[type(event)].value)))


_DOES: Final[Mapping[str, Callable[[Delivery, DeliveryInput], Iterator[Effect]]]] = MappingProxyType(
    {
        "keep-receipt": _receipt,
        "delivered": _told(Topic.DELIVERED),
        "not-delivered": _told(Topic.NOT_DELIVERED),
        "held": _told(Topic.HELD),
        "overdue": _told(Topic.OVERDUE),
        "uncertain": _told(Topic.UNCERTAIN),
        "late": _told(Topic.LATE),
        "record-conflict": _conflict,
    }
)
