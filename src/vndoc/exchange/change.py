"""Recall, update and replacement as the sender conducts them: one request, an answer from each recipient.

A change is open until every recipient has answered, or cannot any more; it may end in partial agreement. A
recipient has one open change at a time. A recall goes out as a packet (``BussinessDocType`` 1) or as status 13, which
products understand differently; the answers are 15 and 16 for all.

Source: sections 6.2 to 6.5 of the protocol; Decision 28/2018 Art 9, Decree 30/2020 Art 18.
"""

from __future__ import annotations

import datetime
import enum
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import attrs

from vndoc.envelope.codes import BussinessDocType, StatusCode
from vndoc.errors import ExchangeError
from vndoc.errors._arguments import need, need_all, needs
from vndoc.exchange._times import moment, moment_or_none
from vndoc.exchange.change_table import CHANGE, PartEvent, PartState
from vndoc.exchange.effects import (
    ClearDeadline,
    ConfirmArrival,
    DeadlineKind,
    Effect,
    FreezeDocument,
    Notify,
    RecordConflict,
    SendPacket,
    SendStatus,
    SetDeadline,
    Topic,
)
from vndoc.exchange.history import Judgement
from vndoc.exchange.life import Life, LifeEvent, LifeState, StatusReport, check_reason
from vndoc.text import Text, shorten

__all__ = [
    "CHANGE_KINDS",
    "Change",
    "ChangeForm",
    "ChangeKind",
    "ChangeOutcome",
    "ChangePolicy",
    "Part",
    "concerned",
]


class ChangeKind(enum.Enum):
    """What is asked for."""

    RECALL = "recall"
    UPDATE = "update"
    REPLACE = "replace"

    @property
    def operation(self) -> BussinessDocType:
        """Return the ``BussinessDocType`` of its packet."""
        return _OPERATIONS[self]

    @property
    def event(self) -> LifeEvent:
        """Return what happens to the life of the document when it is agreed to."""
        return LifeEvent(self.value)


CHANGE_KINDS: Mapping[ChangeKind, Text] = MappingProxyType(
    {
        ChangeKind.RECALL: Text("thu hồi", "recall"),
        ChangeKind.UPDATE: Text("cập nhật", "update"),
        ChangeKind.REPLACE: Text("thay thế", "replacement"),
    }
)
"""Text of each kind of change."""

_OPERATIONS: Final = MappingProxyType(
    {
        ChangeKind.RECALL: BussinessDocType.RECALL,
        ChangeKind.UPDATE: BussinessDocType.UPDATE,
        ChangeKind.REPLACE: BussinessDocType.REPLACE,
    }
)


class ChangeForm(enum.Enum):
    """How it is asked for: R1, a document packet, or R2, status 13 (recall only)."""

    PACKET = "packet"
    STATUS = "status"


class ChangeOutcome(enum.Enum):
    """How the whole change stands. ``PARTIAL``: some agreed. ``VOID``: there was nobody to ask."""

    OPEN = "open"
    AGREED = "agreed"
    PARTIAL = "partial"
    NOT_AGREED = "not-agreed"
    VOID = "void"


@attrs.frozen(kw_only=True)
class ChangePolicy:
    """``after_done``: whether a document that was done may still be changed. Source: section 6.5 (by policy)."""

    after_done: bool = attrs.field(default=False, validator=needs(bool))


_STRICT: Final = ChangePolicy()


@attrs.frozen(kw_only=True)
class Part:
    """The part of one recipient. ``reason`` is what it gave; ``at`` when the state was reached.

    ``version`` is the version of the document that it holds: after partial agreement to an update they differ.
    """

    recipient: str
    version: int
    state: PartState = PartState.ASKED
    at: datetime.datetime | None = attrs.field(default=None, converter=moment_or_none)
    reason: str = attrs.field(default="", repr=lambda text: repr(shorten(text)))

    @property
    def is_open(self) -> bool:
        """Return whether an answer is awaited."""
        return self.state is PartState.ASKED


@attrs.frozen(kw_only=True)
class Change:
    """One change that the sender of a document asks for.

    ``id`` is the message id of the request and stays the same over all attempts to deliver it. ``document`` is
    the business key as text, ``answer_by`` the time limit.

    A change of thousands of recipients need not be held whole: ``elsewhere`` counts, by state, the parts that are not
    among ``parts`` (:meth:`counted`, :meth:`holding`). Such a change is told what happens at the parts that it holds.
    """

    id: str
    document: str
    kind: ChangeKind
    form: ChangeForm
    reason: str = attrs.field(repr=lambda text: repr(shorten(text)))
    opened_at: datetime.datetime = attrs.field(converter=moment)
    answer_by: datetime.datetime = attrs.field(converter=moment)
    policy: ChangePolicy = _STRICT
    parts: tuple[Part, ...] = ()
    elsewhere: tuple[tuple[PartState, int], ...] = ()

    @classmethod
    def open(
        cls,
        id: str,  # noqa: A002 - the field's name
        kind: ChangeKind,
        lives: Sequence[Life],
        *,
        at: datetime.datetime,
        answer_by: datetime.datetime,
        form: ChangeForm = ChangeForm.PACKET,
        reason: str = "",
        policy: ChangePolicy = _STRICT,
        others: Iterable[Change] = (),
    ) -> tuple[Change, tuple[Effect, ...]]:
        """Return the change of a document at the recipients whose *lives* are given, and how they are asked.

        *others* are the changes of the same document. A recipient that refused the document, or holds it no
        more, is not asked; one that is done is not asked unless the policy allows it, and that is a conflict.

        Raises :class:`~vndoc.errors.ExchangeError`: ``reason-missing`` for a recall without reason,
        ``reason-too-long``, ``change-form`` for an update or a replacement by status, ``change-recipients`` for
        none, for the same one twice, or for lives of different documents, ``change-time-limit`` for a
        limit that has passed, ``change-open`` where a recipient has not answered an earlier one.
        """
        _check_request(kind, form, reason)
        need("policy", policy, ChangePolicy)
        lives, others = need_all("lives", lives, Life), need_all("others", others, Change)
        _check_lives(lives)
        new = cls(id=id, document=lives[0].document, kind=kind, form=form, reason=reason,
                  opened_at=at, answer_by=answer_by, policy=policy,
                  parts=tuple(Part(recipient=life.receiver, version=life.version) for life in lives))  # fmt: skip
        if new.answer_by <= new.opened_at:
            raise ExchangeError("change-time-limit", at=new.answer_by.isoformat())
        _check_none_open(new, others)
        frozen = (FreezeDocument(new.document),) if kind is ChangeKind.RECALL else ()
        unasked = {life.receiver: event for life in lives if (event := _without_asking(life, policy)) is not None}
        new, effects = new._moved(unasked, new.opened_at)
        return new, (*frozen, *effects, *new._asking(), *new._deadline())

    def counted(self) -> Change:
        """Return the change with no part in hand: all are counted by state."""
        counts = Counter(dict(self.elsewhere))
        counts.update(part.state for part in self.parts)
        return attrs.evolve(self, parts=(), elsewhere=_in_order(counts))

    def holding(self, *parts: Part) -> Change:
        """Return the change with *parts*, counted elsewhere until now, in hand as well.

        Raises :class:`~vndoc.errors.ExchangeError` ``change-unknown`` for one that is not counted in its state.
        """
        counts = Counter(dict(self.elsewhere))
        for part in need_all("parts", parts, Part):
            if not counts[part.state]:
                raise ExchangeError("change-unknown", document=self.document, recipient=part.recipient)
            counts[part.state] -= 1
        return attrs.evolve(self, parts=(*self.parts, *parts), elsewhere=_in_order(counts))

    @property
    def asked(self) -> tuple[str, ...]:
        """Return the recipients whose answer is awaited, among the parts in hand."""
        return tuple(part.recipient for part in self.parts if part.is_open)

    @property
    def is_final(self) -> bool:
        """Return whether no answer is awaited any more."""
        return PartState.ASKED not in self._states

    @property
    def _states(self) -> tuple[PartState, ...]:
        return (*(part.state for part in self.parts), *(state for state, _ in self.elsewhere))

    @property
    def outcome(self) -> ChangeOutcome:
        """Return how the whole stands; recipients that did not need to be asked do not count."""
        states = {*self._states} - {PartState.NOT_NEEDED}
        if PartState.ASKED in states:
            return ChangeOutcome.OPEN
        if not states:
            return ChangeOutcome.VOID
        if PartState.AGREED not in states:
            return ChangeOutcome.NOT_AGREED
        return ChangeOutcome.AGREED if states == {PartState.AGREED} else ChangeOutcome.PARTIAL

    def part(self, recipient: str) -> Part:
        """Return the part of *recipient*. Raises :class:`~vndoc.errors.ExchangeError` ``change-unknown``."""
        for part in self.parts:
            if part.recipient == recipient:
                return part
        raise ExchangeError("change-unknown", document=self.document, recipient=recipient)

    def observe(self, life: Life, report: StatusReport) -> tuple[Change, Life, tuple[Effect, ...], Judgement]:
        """Return change and life after a status that *life*'s receiver reported, and what became of it.

        15 and 16 are answers and count once. One of a recipient with nothing to change, which was not asked or is done,
        contradicts nothing where it confirms that. 06 while the answer is awaited is the conflict "already finished",
        unless the policy allows changes after it; 02 ends the part, because there is nothing to change. Every other
        status concerns the life alone.
        """
        need("life", life, Life)
        need("report", report, StatusReport)
        if report.code in _ANSWERS:
            version = self.part(life.receiver).version
            return self._answered(life, attrs.evolve(report, version=version, change=self.id))
        new_life, effects, judgement = life.observe(report)
        event = _PASSING.get(report.code)
        finished = event is PartEvent.FINISH and self.policy.after_done
        if event is None or finished or judgement is not Judgement.MOVED or not self.part(life.receiver).is_open:
            return self, new_life, effects, judgement
        change, more = self._moved({life.receiver: event}, report.at)
        return change, new_life, (*effects, *more, *change._closing()), judgement

    def _answered(self, life: Life, report: StatusReport) -> tuple[Change, Life, tuple[Effect, ...], Judgement]:
        part = self.part(life.receiver)
        was_open = part.is_open
        change, moved = self._moved({life.receiver: self._meaning(part, report.code)}, report.at, report.reason)
        effects = (ConfirmArrival(life.receiver, report.at), *moved)
        if was_open and report.code == StatusCode.CHANGE_AGREED:
            life, more, judgement = life.changed(self.kind.event, change=self.id, at=report.at, reason=report.reason)
            return change, life, (*effects, *more, *change._closing()), judgement
        noted = life.noted(report)
        if was_open:
            return change, noted, (*effects, *change._closing()), Judgement.MOVED
        if noted is life:
            return change, life, (), Judgement.REPEATED
        conflict = any(isinstance(effect, RecordConflict) for effect in effects)
        return change, noted, effects, Judgement.CONFLICT if conflict else Judgement.NOTED

    def _meaning(self, part: Part, code: str) -> PartEvent:
        """Return what the answer *code* of the recipient of *part* is: of one with nothing to change, no contradiction.

        Who holds the document no more confirms that by 16, and for a recall by 15 as well; who is done, by 16.
        """
        event = _ANSWERS[code]
        gone = part.state is PartState.NOT_NEEDED and self.kind is ChangeKind.RECALL
        return PartEvent.CONFIRM if gone or (part.state, event) in _CONFIRMING else event

    def lapse(self, *, at: datetime.datetime) -> tuple[Change, tuple[Effect, ...]]:
        """Return the change after its time limit: who has not answered will not any more. All parts are in hand.

        Raises :class:`~vndoc.errors.ExchangeError` ``not-due`` before the limit, ``state-is-final`` without open part.
        """
        at = moment(at)
        if at < self.answer_by:
            raise ExchangeError("not-due", at=at.isoformat())
        if self.is_final:
            CHANGE.step(self._states[0], PartEvent.LAPSE)
        change, effects = self._moved(dict.fromkeys(self.asked, PartEvent.LAPSE), at)
        return change, (*effects, *change._closing())

    def not_delivered(self, recipient: str, *, at: datetime.datetime) -> tuple[Change, tuple[Effect, ...]]:
        """Return the change after the request to *recipient* could not be delivered.

        Raises as :meth:`part` and as :meth:`vndoc.exchange.Machine.step`.
        """
        change, effects = self._moved({self.part(recipient).recipient: PartEvent.MISS}, moment(at))
        return change, (*effects, *change._closing())

    def _moved(
        self, events: Mapping[str, PartEvent], at: datetime.datetime, reason: str = ""
    ) -> tuple[Change, tuple[Effect, ...]]:
        """Return the change after what happened at each recipient of *events*, and what is to be done."""
        parts, effects = list(self.parts), list[Effect]()
        for number, part in enumerate(parts):
            event = events.get(part.recipient)
            if event is not None:
                row = CHANGE.step(part.state, event)
                new = attrs.evolve(part, state=row.to, at=at, reason=reason) if row.moves else part
                parts[number] = new
                effects += (_DOES[name](self, new, event) for name in row.does)
        return attrs.evolve(self, parts=tuple(parts)), tuple(effects)

    def _asking(self) -> Iterator[Effect]:
        """Yield how the open parts are asked."""
        if self.form is ChangeForm.PACKET and self.asked:
            yield SendPacket(self.kind.operation, self.document, self.asked, self.id)
        elif self.form is ChangeForm.STATUS:
            for part in self.parts:
                if part.is_open:
                    code = StatusCode.TAKE_BACK.value
                    yield SendStatus(code, self.document, part.version, part.recipient, self.reason, self.id)

    def _deadline(self) -> tuple[Effect, ...]:
        return self._closing() if self.is_final else (SetDeadline(DeadlineKind.ANSWER, self.answer_by),)

    def _closing(self) -> tuple[Effect, ...]:
        """Return what ends the change, if nothing is open any more."""
        return (ClearDeadline(), Notify(Topic.CHANGE_CLOSED, self.outcome.value)) if self.is_final else ()


_ANSWERS: Final[Mapping[str, PartEvent]] = MappingProxyType(
    {StatusCode.CHANGE_AGREED.value: PartEvent.AGREE, StatusCode.CHANGE_REFUSED.value: PartEvent.REFUSE}
)
_CONFIRMING: Final = frozenset({(PartState.NOT_NEEDED, PartEvent.REFUSE), (PartState.FINISHED, PartEvent.REFUSE)})
"""Where an answer says what is known."""
_PASSING: Final[Mapping[str, PartEvent]] = MappingProxyType(
    {StatusCode.DONE.value: PartEvent.FINISH, StatusCode.REFUSED.value: PartEvent.SKIP}
)
"""Statuses of the life that end an open part."""


def _in_order(counts: Mapping[PartState, int]) -> tuple[tuple[PartState, int], ...]:
    return tuple((state, counts[state]) for state in PartState if counts.get(state))


def concerned(changes: Iterable[Change], document: str, recipient: str) -> Change:
    """Return the change that an answer from *recipient* about *document* belongs to: packets do not name it.

    It is the open one, of which there is at most one; else the latest that *recipient* was part of.
    Raises :class:`~vndoc.errors.ExchangeError` ``change-unknown`` where there is none.
    """
    need("document", document, str)
    need("recipient", recipient, str)
    parts = [
        (part.is_open, change.opened_at, change)
        for change in need_all("changes", changes, Change)
        for part in change.parts
        if (change.document, part.recipient) == (document, recipient)
    ]
    if not parts:
        raise ExchangeError("change-unknown", document=document, recipient=recipient)
    return max(parts, key=lambda part: part[:2])[2]


def _without_asking(life: Life, policy: ChangePolicy) -> PartEvent | None:
    """Return why the receiver of *life* is not asked, None if it is."""
    if life.state is LifeState.DONE:
        return None if policy.after_done else PartEvent.FINISH
    return PartEvent.SKIP if life.is_final else None


def _check_request(kind: ChangeKind, form: ChangeForm, reason: str) -> None:
    need("kind", kind, ChangeKind)
    need("form", form, ChangeForm)
    if form is ChangeForm.STATUS and kind is not ChangeKind.RECALL:
        raise ExchangeError("change-form", kind=CHANGE_KINDS[kind])
    check_reason(StatusCode.TAKE_BACK if kind is ChangeKind.RECALL else StatusCode.CHANGE_AGREED, reason)


def _check_lives(lives: Sequence[Life]) -> None:
    receivers = [life.receiver for life in lives]
    if not lives or len(set(receivers)) != len(receivers) or len({life.document for life in lives}) != 1:
        raise ExchangeError("change-recipients", found=shorten(", ".join(receivers)))


def _check_none_open(new: Change, others: Iterable[Change]) -> None:
    for other in others:
        busy = set(other.asked) & set(new.asked) if other.document == new.document and other.id != new.id else set()
        if busy:
            raise ExchangeError("change-open", recipient=min(busy), change=other.id)


def _conflict(change: Change, part: Part, event: PartEvent) -> Effect:
    code = "change-after-done" if event is PartEvent.FINISH else "answer-contradicts"
    keys = (("document", change.document), ("change", change.id), ("recipient", part.recipient))
    return RecordConflict(code, (*keys, ("state", part.state.value), ("event", event.value)))


def _told(topic: Topic) -> Callable[[Change, Part, PartEvent], Effect]:
    return lambda _change, part, event: Notify(topic, event.value, part.recipient)


_DOES: Final[Mapping[str, Callable[[Change, Part, PartEvent], Effect]]] = MappingProxyType(
    {
        "answered": _told(Topic.CHANGE_ANSWERED),
        "overdue": _told(Topic.OVERDUE),
        "not-delivered": _told(Topic.NOT_DELIVERED),
        "late": _told(Topic.LATE),
        "record-conflict": _conflict,
    }
)
