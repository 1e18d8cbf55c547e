"""The business life of one document at one receiver: arrived, refused or accepted, assigned, in progress, done.

One table, two views. The receiver *acts*: what the table does not know is an error. The sender *observes* statuses,
which come late, twice and in any order: each counts once, the furthest one tells the state, and what contradicts
is recorded as a conflict. Nothing is overwritten, and a final state is never left.

Source: section 6.5 of the protocol, from practice (vendor samples; Lạng Sơn, vOffice, Phú Thọ).
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import attrs

from vndoc.envelope.codes import STATUS_CODE, StatusCode, is_reserved, normalise_status
from vndoc.errors import ExchangeError
from vndoc.errors._arguments import need
from vndoc.exchange._times import moment, moment_or_none
from vndoc.exchange.effects import ConfirmArrival, Effect, Notify, RecordConflict, SendStatus, Topic
from vndoc.exchange.history import History, Judgement, StatusKey
from vndoc.exchange.machine import Machine, Refused, Transition
from vndoc.text import Text, shorten

__all__ = [
    "EVENT_OF_CODE",
    "LIFE",
    "LIFE_REOPENED",
    "MAX_REASON",
    "STATUS_OF_CHANGE",
    "Life",
    "LifeEvent",
    "LifeState",
    "StatusReport",
    "check_reason",
]

MAX_REASON: Final = 1000
"""Longest reason that this system gives, in characters. Source: practice (vOffice)."""


class LifeState(enum.Enum):
    """Where the document stands at the receiver. ``EXPECTED``: nothing has been heard yet."""

    EXPECTED = "expected"
    ARRIVED = "arrived"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in-progress"
    DONE = "done"
    RECALLED = "recalled"
    REPLACED = "replaced"


class LifeEvent(enum.Enum):
    """What may happen to it: the six statuses, and three changes that were agreed to."""

    ARRIVE = "arrive"
    REFUSE = "refuse"
    ACCEPT = "accept"
    ASSIGN = "assign"
    WORK = "work"
    FINISH = "finish"
    RECALL = "recall"
    UPDATE = "update"
    REPLACE = "replace"


_S, _E = LifeState, LifeEvent

EVENT_OF_CODE: Mapping[StatusCode, LifeEvent] = MappingProxyType(
    {
        StatusCode.ARRIVED: _E.ARRIVE,
        StatusCode.REFUSED: _E.REFUSE,
        StatusCode.ACCEPTED: _E.ACCEPT,
        StatusCode.ASSIGNED: _E.ASSIGN,
        StatusCode.IN_PROGRESS: _E.WORK,
        StatusCode.DONE: _E.FINISH,
    }
)
"""The event that each status reports. 13, 15 and 16 belong to a change."""

_CODE_OF_EVENT: Final = MappingProxyType({event: code for code, event in EVENT_OF_CODE.items()})
_STATE_OF_EVENT: Final = MappingProxyType(
    {
        _E.ARRIVE: _S.ARRIVED,
        _E.REFUSE: _S.REFUSED,
        _E.ACCEPT: _S.ACCEPTED,
        _E.ASSIGN: _S.ASSIGNED,
        _E.WORK: _S.IN_PROGRESS,
        _E.FINISH: _S.DONE,
    }
)

_HANDLING: Final = (
    (_S.EXPECTED, _E.ARRIVE, _S.ARRIVED),
    (_S.ARRIVED, _E.REFUSE, _S.REFUSED),
    (_S.ARRIVED, _E.ACCEPT, _S.ACCEPTED),
    (_S.ACCEPTED, _E.ASSIGN, _S.ASSIGNED),
    (_S.ACCEPTED, _E.WORK, _S.IN_PROGRESS),
    (_S.ACCEPTED, _E.FINISH, _S.DONE),
    (_S.ASSIGNED, _E.WORK, _S.IN_PROGRESS),
    (_S.ASSIGNED, _E.FINISH, _S.DONE),
    (_S.IN_PROGRESS, _E.FINISH, _S.DONE),
)


def _ahead(state: LifeState) -> frozenset[LifeState]:
    nearest = {to for before, _, to in _HANDLING if before is state}
    return frozenset(nearest).union(*map(_ahead, nearest))


_AHEAD: Final = MappingProxyType({state: _ahead(state) for state in LifeState})
"""What may still be reported in each state, within one version: skips are allowed."""

STATUS_OF_CHANGE: Final = frozenset({StatusCode.TAKE_BACK, StatusCode.CHANGE_AGREED, StatusCode.CHANGE_REFUSED})
"""Statuses that belong to a change, and are told apart by it."""

_OPEN: Final = (_S.EXPECTED, _S.ARRIVED, _S.ACCEPTED, _S.ASSIGNED, _S.IN_PROGRESS)


def _changes(states: tuple[LifeState, ...]) -> Iterator[tuple[LifeState, LifeEvent, LifeState]]:
    for state in states:
        yield state, _E.RECALL, _S.RECALLED
        # a new version is handled anew, but what was registered stays registered
        yield state, _E.UPDATE, _S.ARRIVED if state in {_S.EXPECTED, _S.ARRIVED} else _S.ACCEPTED
        yield state, _E.REPLACE, _S.REPLACED


def _machine(name: str, title: Text, *, reopened: bool) -> Machine[LifeState, LifeEvent]:
    changed = (*_OPEN, _S.DONE) if reopened else _OPEN
    return Machine(
        name=name,
        title=title,
        initial=_S.EXPECTED,
        finals=frozenset({_S.REFUSED, _S.RECALLED, _S.REPLACED} if reopened else set(_S) - set(_OPEN)),
        rows=tuple(
            Transition(*row, ("status",) if row[1] in _CODE_OF_EVENT else ())
            for row in (*_HANDLING, *_changes(changed))
        ),
        events=LifeEvent,
        texts=_TEXTS,
    )


_TEXTS: Final[Mapping[LifeState | LifeEvent, Text]] = MappingProxyType(
    {
        _S.EXPECTED: Text("chưa có phản hồi", "expected"),
        _S.ARRIVED: Text("đã đến (01)", "arrived (01)"),
        _S.REFUSED: Text("từ chối tiếp nhận (02)", "refused (02)"),
        _S.ACCEPTED: Text("đã tiếp nhận (03)", "accepted (03)"),
        _S.ASSIGNED: Text("đã phân công (04)", "assigned (04)"),
        _S.IN_PROGRESS: Text("đang xử lý (05)", "in progress (05)"),
        _S.DONE: Text("hoàn thành (06)", "done (06)"),
        _S.RECALLED: Text("đã thu hồi", "recalled"),
        _S.REPLACED: Text("đã được thay thế", "replaced"),
        _E.ARRIVE: Text("đến (01)", "arrive (01)"),
        _E.REFUSE: Text("từ chối (02)", "refuse (02)"),
        _E.ACCEPT: Text("tiếp nhận (03)", "accept (03)"),
        _E.ASSIGN: Text("phân công (04)", "assign (04)"),
        _E.WORK: Text("xử lý (05)", "work (05)"),
        _E.FINISH: Text("hoàn thành (06)", "finish (06)"),
        _E.RECALL: Text("đồng ý thu hồi (15)", "recall agreed (15)"),
        _E.UPDATE: Text("đồng ý cập nhật (15)", "update agreed (15)"),
        _E.REPLACE: Text("đồng ý thay thế (15)", "replacement agreed (15)"),
    }
)

LIFE: Final = _machine("life", Text("Xử lý văn bản tại nơi nhận", "Life at the receiver"), reopened=False)
"""The table: a document that is done stays done."""

LIFE_REOPENED: Final = _machine(
    "life-reopened",
    Text(
        "Xử lý văn bản tại nơi nhận (cho phép thay đổi sau khi hoàn thành)", "Life at the receiver, changed after done"
    ),
    reopened=True,
)
"""The table of those whose policy lets a document be recalled, updated or replaced after it was done."""


def _two_digits(code: str) -> str:
    need("code", code, str)
    return normalise_status(code)


@attrs.frozen(kw_only=True)
class StatusReport:
    """One status as it was reported.

    ``code`` has two digits, ``at`` is when this system learnt of it, ``reported_at`` what the reporter says.
    ``version`` is the version of the document that it speaks of: packets cannot tell, so by default (None) the
    present one. ``change`` is the change that it answers, for 13, 15 and 16.
    """

    code: str = attrs.field(converter=_two_digits)
    at: datetime.datetime = attrs.field(converter=moment)
    reason: str = attrs.field(default="", repr=lambda text: repr(shorten(text)))
    reported_at: datetime.datetime | None = attrs.field(default=None, converter=moment_or_none)
    version: int | None = None
    change: str = ""


@attrs.frozen(kw_only=True)
class Life:
    """One document at one receiver.

    ``document`` is the business key as text, ``sender`` and ``receiver`` are organ codes, ``version`` counts from 1
    and grows with each update. ``reopens`` chooses the table (:data:`LIFE_REOPENED` if true).
    """

    document: str
    sender: str
    receiver: str
    state: LifeState = LifeState.EXPECTED
    version: int = 1
    reopens: bool = False
    history: History = attrs.field(factory=History)

    @property
    def machine(self) -> Machine[LifeState, LifeEvent]:
        """Return the table that applies."""
        return LIFE_REOPENED if self.reopens else LIFE

    @property
    def is_final(self) -> bool:
        """Return whether the state is never left."""
        return self.machine.is_final(self.state)

    @classmethod
    def expected(cls, document: str, *, sender: str, receiver: str, reopens: bool = False) -> Life:
        """Return the life of a document of which nothing has been heard at *receiver*."""
        return cls(document=document, sender=sender, receiver=receiver, reopens=reopens)

    def act(self, event: LifeEvent, *, at: datetime.datetime, reason: str = "") -> tuple[Life, tuple[Effect, ...]]:
        """Return the life after something that this system, the receiver, does with the document.

        The effects send the status to the sender. Raises :class:`~vndoc.errors.ExchangeError`:
        ``event-not-allowed``, ``state-is-final``; ``reason-missing`` for a refusal without reason, ``reason-too-long``
        above 1,000 characters; ``status-needs-change`` for a recall, an update or a replacement, which
        :class:`~vndoc.exchange.Request` answers.
        """
        need("event", event, LifeEvent)
        code = _CODE_OF_EVENT.get(event)
        if code is None:
            raise ExchangeError("status-needs-change", event=self.machine.texts[event])
        row = self.machine.step(self.state, event)
        check_reason(code, reason)
        report = StatusReport(code=code, at=at, reason=reason, version=self.version)
        new = self._recorded(report, Judgement.MOVED, row.to, event)
        status = SendStatus(code.value, self.document, self.version, self.sender, reason)
        return new, (status, Notify(Topic.STATUS, code.value, self.receiver))

    def observe(self, report: StatusReport) -> tuple[Life, tuple[Effect, ...], Judgement]:
        """Return the life as the sender sees it after *report*, what is to be done, and what became of the report.

        In whatever order the statuses of a receiver come, and however often, the state in the end is the same, and each
        has one entry; unless they contradict each other: then the first stays and the conflict is recorded.

        Raises :class:`~vndoc.errors.ExchangeError` ``status-needs-change`` for 13, 15 and 16,
        ``status-unknown`` for what is no status, ``version-unknown`` for a version that was never sent.
        """
        need("report", report, StatusReport)
        key = self._key(report)
        if self.history.has(key):
            return self, (), Judgement.REPEATED
        if is_reserved(report.code):
            return self._recorded(report, Judgement.UNKNOWN, self.state), self._arrival(report), Judgement.UNKNOWN
        event = EVENT_OF_CODE[StatusCode(report.code)]
        judgement = self._judged(event, key.version)
        to = _STATE_OF_EVENT[event] if judgement is Judgement.MOVED else self.state
        new = self._recorded(report, judgement, to, event)
        effects: list[Effect] = [*self._arrival(report), Notify(Topic.STATUS, report.code, self.receiver)]
        if judgement is Judgement.CONFLICT:
            effects.append(self._conflict("status-contradicts", report.code))
        return new, tuple(effects), judgement

    def changed(
        self, event: LifeEvent, *, change: str, at: datetime.datetime, reason: str = ""
    ) -> tuple[Life, tuple[Effect, ...], Judgement]:
        """Return the life after a change that the receiver agreed to; *event* is ``RECALL``, ``UPDATE`` or ``REPLACE``.

        An update makes the next version. Where the table refuses it (the document is done, or gone already), the
        answer is recorded as a conflict and the state stays.
        """
        need("event", event, LifeEvent)
        if event in _CODE_OF_EVENT:
            texts = self.machine.texts
            raise ExchangeError(
                "event-not-allowed", machine=self.machine.title, event=texts[event], state=texts[self.state]
            )
        report = StatusReport(code=StatusCode.CHANGE_AGREED, at=at, reason=reason, version=self.version, change=change)
        if any((entry.code, entry.change) == (report.code, change) for entry in self.history):
            return self, (), Judgement.REPEATED
        cell = self.machine.cell(self.state, event)
        if isinstance(cell, Refused):
            new = self._recorded(report, Judgement.CONFLICT, self.state, event)
            return new, (self._conflict("change-after-done", report.code, change),), Judgement.CONFLICT
        new = self._recorded(report, Judgement.MOVED, cell.to, event)
        return attrs.evolve(new, version=self.version + (event is LifeEvent.UPDATE)), (), Judgement.MOVED

    def noted(self, report: StatusReport) -> Life:
        """Return the life with an answer or a request (13, 15, 16) added that moves nothing, counted once."""
        need("report", report, StatusReport)
        if self.history.has(self._key(report)):
            return self
        return self._recorded(report, Judgement.NOTED, self.state)

    def _key(self, report: StatusReport) -> StatusKey:
        version = self.version if report.version is None else report.version
        if not 1 <= version <= self.version:
            raise ExchangeError("version-unknown", document=self.document, version=version)
        try:
            code = report.code if is_reserved(report.code) else StatusCode(report.code).value
        except ValueError:
            raise ExchangeError("status-unknown", code=report.code) from None
        if code in STATUS_OF_CHANGE and not report.change:
            raise ExchangeError("status-needs-change", event=code)
        return StatusKey(version, self.receiver, code, report.change)

    def _judged(self, event: LifeEvent, version: int) -> Judgement:
        """Return what the status that *event* stands for is worth in the present state."""
        said = _STATE_OF_EVENT[event]
        if version < self.version:
            return Judgement.LATE
        if said in _AHEAD[self.state]:
            return Judgement.MOVED
        if said is self.state:
            return Judgement.NOTED
        return Judgement.LATE if self.state in self.machine.reachable[said] else Judgement.CONFLICT

    def _recorded(
        self, report: StatusReport, judgement: Judgement, to: LifeState, event: LifeEvent | None = None
    ) -> Life:
        history = self.history.added(
            at=report.at,
            judgement=judgement,
            before=self.state.value,
            after=to.value,
            version=self.version if report.version is None else report.version,
            receiver=self.receiver,
            code=report.code,
            event="" if event is None else event.value,
            change=report.change,
            reason=report.reason,
            reported_at=report.reported_at,
        )
        return attrs.evolve(self, state=to, history=history)

    def _arrival(self, report: StatusReport) -> tuple[Effect, ...]:
        return (ConfirmArrival(self.receiver, report.at),)

    def _conflict(self, error: str, code: str, change: str = "") -> RecordConflict:
        keys = {"document": self.document, "version": str(self.version), "receiver": self.receiver, "code": code}
        keys |= {"state": self.state.value, "change": change}
        return RecordConflict(error, tuple((name, value) for name, value in keys.items() if value))


def check_reason(code: StatusCode, reason: str) -> None:
    """Raise the fitting error if the status *code* must have a reason and *reason* is blank, or it is too long.

    Raises :class:`~vndoc.errors.ExchangeError` ``reason-missing`` or ``reason-too-long``.
    """
    need("reason", reason, str)
    row = STATUS_CODE.get(code.value)
    if row is not None and row.reason_required and not reason.strip():
        raise ExchangeError("reason-missing", event=row.name)
    if len(reason) > MAX_REASON:
        raise ExchangeError("reason-too-long", limit=MAX_REASON)
