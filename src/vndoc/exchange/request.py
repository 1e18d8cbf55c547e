"""Recall, update and replacement as the receiver answers them: 15 agreed, 16 refused, nothing without an answer.

On a recall the receiver takes the document out of use and tells the sender so. A request that comes again, in the
other form or a second time, gets the answer that was given; a document that is done is not changed unless the policy
says so.

Source: sections 6.2 to 6.5 of the protocol; Decision 28/2018 Art 9, Decree 30/2020 Art 18.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

import attrs

from vndoc.envelope.codes import StatusCode
from vndoc.errors import ExchangeError, UsageError
from vndoc.errors._arguments import need, need_all, needs
from vndoc.exchange._times import later, moment, moment_or_none
from vndoc.exchange.change import CHANGE_KINDS, ChangeForm, ChangeKind
from vndoc.exchange.effects import (
    ApplyChange,
    CancelDocument,
    ClearDeadline,
    DeadlineKind,
    Effect,
    Notify,
    RecordConflict,
    SendStatus,
    SetDeadline,
    Topic,
)
from vndoc.exchange.life import Life, LifeState, StatusReport, check_reason
from vndoc.exchange.machine import Machine, Transition
from vndoc.text import Lang, Text, shorten

__all__ = ["REQUEST", "Request", "RequestEvent", "RequestPolicy", "RequestState"]


class RequestState(enum.Enum):
    """Where the answer stands. The last three are final.

    ``OVERTAKEN``: a recall came before the answer to an update or a replacement, which is never given then.
    """

    WAITING = "waiting"
    AGREED = "agreed"
    REFUSED = "refused"
    OVERTAKEN = "overtaken"


class RequestEvent(enum.Enum):
    """What may happen to a request."""

    AGREE = "agree"
    REFUSE = "refuse"
    REMIND = "remind"
    REPEAT = "repeat"
    OVERTAKE = "overtake"


_S, _E = RequestState, RequestEvent

REQUEST: Final = Machine(
    name="request",
    title=Text("Yêu cầu thay đổi tại nơi nhận", "A requested change at the receiver"),
    initial=_S.WAITING,
    finals=frozenset({_S.AGREED, _S.REFUSED, _S.OVERTAKEN}),
    rows=(
        Transition(_S.WAITING, _E.AGREE, _S.AGREED, ("send-status", "carry-out")),
        Transition(_S.WAITING, _E.REFUSE, _S.REFUSED, ("send-status",)),
        Transition(_S.WAITING, _E.REMIND, _S.WAITING, ("overdue",)),
        Transition(_S.WAITING, _E.REPEAT, _S.WAITING),
        Transition(_S.WAITING, _E.OVERTAKE, _S.OVERTAKEN),
        Transition(_S.AGREED, _E.REPEAT, _S.AGREED, ("send-status",)),
        Transition(_S.REFUSED, _E.REPEAT, _S.REFUSED, ("send-status",)),
        Transition(_S.OVERTAKEN, _E.REPEAT, _S.OVERTAKEN),
    ),
    events=RequestEvent,
    texts=MappingProxyType(
        {
            _S.WAITING: Text("chờ trả lời", "waiting"),
            _S.AGREED: Text("đã đồng ý (15)", "agreed (15)"),
            _S.REFUSED: Text("đã từ chối (16)", "refused (16)"),
            _S.OVERTAKEN: Text("bên gửi đã thu hồi trước khi trả lời", "overtaken by a recall"),
            _E.AGREE: Text("đồng ý", "agree"),
            _E.REFUSE: Text("từ chối", "refuse"),
            _E.REMIND: Text("quá hạn trả lời", "the answer is overdue"),
            _E.REPEAT: Text("yêu cầu được gửi lại", "the request comes again"),
            _E.OVERTAKE: Text("bên gửi yêu cầu thu hồi", "the sender asks for a recall"),
        }
    ),
)
"""The table of a request at the receiver."""

_ANSWERS: Final = MappingProxyType({_S.AGREED: StatusCode.CHANGE_AGREED, _S.REFUSED: StatusCode.CHANGE_REFUSED})

_NOT_HELD: Final = Text("Nơi nhận không còn giữ văn bản này.", "The receiver does not hold this document any more.")
_DONE: Final = Text("Văn bản đã được xử lý xong.", "The document has already been dealt with.")
_NO_TIME_TO_ANSWER: Final = Text("answer_within phải lớn hơn 0", "answer_within is above zero")


def _kinds(values: Iterable[ChangeKind]) -> frozenset[ChangeKind]:
    return frozenset(need_all("agree_at_once", values, ChangeKind))


@attrs.frozen(kw_only=True)
class RequestPolicy:
    """What is answered without a clerk, and how often a clerk is reminded.

    ``after_done``: whether a document that was done may still be changed (the life must be made with ``reopens``).
    ``agree_at_once``: kinds that are agreed to without asking; by default none. ``answer_within``: until the
    first reminder, and between reminders; above zero (else :class:`~vndoc.errors.UsageError` ``option-invalid``).
    ``lang``: language of reasons given automatically.
    """

    after_done: bool = attrs.field(default=False, validator=needs(bool))
    agree_at_once: frozenset[ChangeKind] = attrs.field(default=frozenset(), converter=_kinds)
    answer_within: datetime.timedelta = attrs.field(
        default=datetime.timedelta(days=1), validator=needs(datetime.timedelta)
    )
    lang: Lang = "vi"

    def __attrs_post_init__(self) -> None:
        if self.answer_within <= datetime.timedelta(0):
            raise UsageError("option-invalid", detail=_NO_TIME_TO_ANSWER)


_STRICT: Final = RequestPolicy()


@attrs.frozen(kw_only=True)
class Request:
    """One change that the sender of a document asks this system for.

    ``id`` is the message id or transport id of the request. ``packet`` names what holds the new content (the same
    for an update or a replacement, empty for a recall). ``remind_at`` is the next reminder, None when answered.
    """

    id: str
    document: str
    version: int
    receiver: str
    sender: str
    kind: ChangeKind
    form: ChangeForm
    received_at: datetime.datetime = attrs.field(converter=moment)
    reason: str = attrs.field(default="", repr=lambda text: repr(shorten(text)))
    state: RequestState = RequestState.WAITING
    remind_at: datetime.datetime | None = attrs.field(default=None, converter=moment_or_none)
    answer: str = attrs.field(default="", repr=lambda text: repr(shorten(text)))

    @classmethod
    def receive(
        cls,
        id: str,  # noqa: A002 - the field's name
        kind: ChangeKind,
        life: Life,
        *,
        asker: str,
        at: datetime.datetime,
        form: ChangeForm = ChangeForm.PACKET,
        reason: str = "",
        policy: RequestPolicy = _STRICT,
        others: Iterable[Request] = (),
    ) -> tuple[Request, Life, tuple[Effect, ...]]:
        """Return the request that *asker* (an organ code) made of *life*'s document, the life, and what is to be done.

        *others* are the requests for the same document. One with the same id, and a recall of the same version
        that waits, was agreed to, or came in the other form, is the same request: what comes back is that one, and the
        answer goes out again if it was given.

        Raises :class:`~vndoc.errors.ExchangeError` ``change-open`` where another request waits,
        ``change-form`` for an update or a replacement by status, ``change-target-unknown`` where the document
        has not arrived, ``change-not-by-sender`` where *asker* is not who sent it.
        """
        need("kind", kind, ChangeKind)
        need("life", life, Life)
        need("form", form, ChangeForm)
        need("policy", policy, RequestPolicy)
        need("asker", asker, str)
        if asker != life.sender:
            raise ExchangeError("change-not-by-sender", found=shorten(asker), document=life.document)
        if form is ChangeForm.STATUS and kind is not ChangeKind.RECALL:
            raise ExchangeError("change-form", kind=CHANGE_KINDS[kind])
        for other in need_all("others", others, Request):
            if other.document != life.document:
                continue
            if other._is_asked_again(id, kind, form, life.version):
                return other._repeated(life)
            if not other.is_final:
                raise ExchangeError("change-open", recipient=life.receiver, change=other.id)
        new = cls(id=id, document=life.document, version=life.version, receiver=life.receiver, sender=life.sender,
                  kind=kind, form=form, received_at=at, reason=reason,
                  remind_at=later(moment(at), policy.answer_within))  # fmt: skip
        return new._begun(life, policy)

    @property
    def is_final(self) -> bool:
        """Return whether no answer is to be given any more."""
        return REQUEST.is_final(self.state)

    def agree(self, life: Life, *, at: datetime.datetime, reason: str = "") -> tuple[Request, Life, tuple[Effect, ...]]:
        """Return request and life after the clerk agreed: 15 goes out, and the change is carried out.

        Raises :class:`~vndoc.errors.ExchangeError` as the tables do: ``state-is-final`` where the answer was given, or
        the document was done meanwhile.
        """
        need("life", life, Life)
        row = REQUEST.step(self.state, RequestEvent.AGREE)
        check_reason(StatusCode.CHANGE_AGREED, reason)
        life.machine.step(life.state, self.kind.event)
        new = self._answered(row.to, reason)
        changed, _, _ = life.changed(self.kind.event, change=self.id, at=at, reason=reason)
        return new, changed, (new._status(), new._carried_out(), ClearDeadline())

    def refuse(
        self, life: Life, *, at: datetime.datetime, reason: str = ""
    ) -> tuple[Request, Life, tuple[Effect, ...]]:
        """Return request and life after the clerk refused: 16 goes out. Raises as :meth:`agree`."""
        need("life", life, Life)
        row = REQUEST.step(self.state, RequestEvent.REFUSE)
        check_reason(StatusCode.CHANGE_REFUSED, reason)
        new = self._answered(row.to, reason)
        return new, new._noted(life, at), (new._status(), ClearDeadline())

    def overtake(self) -> tuple[Request, tuple[Effect, ...]]:
        """Return an update or a replacement that waited when a recall came: it ends, and no answer goes out.

        Statuses do not name the change that they answer: the sender would take a 16 for the answer to the recall.
        Raises :class:`~vndoc.errors.ExchangeError` ``state-is-final`` when answered, ``change-open`` for a recall.
        """
        row = REQUEST.step(self.state, RequestEvent.OVERTAKE)
        if self.kind is ChangeKind.RECALL:
            raise ExchangeError("change-open", recipient=self.receiver, change=self.id)
        return self._answered(row.to, ""), (ClearDeadline(),)

    def remind(self, *, at: datetime.datetime, policy: RequestPolicy = _STRICT) -> tuple[Request, tuple[Effect, ...]]:
        """Return the request after its reminder was due, and the next one.

        Raises :class:`~vndoc.errors.ExchangeError` ``not-due`` before that, ``state-is-final`` when answered.
        """
        REQUEST.step(self.state, RequestEvent.REMIND)
        at = moment(at)
        if self.remind_at is None or at < self.remind_at:
            raise ExchangeError("not-due", at=at.isoformat())
        again = later(at, policy.answer_within)
        told = Notify(Topic.OVERDUE, self.kind.value, self.receiver)
        return attrs.evolve(self, remind_at=again), (told, SetDeadline(DeadlineKind.ANSWER, again))

    def _begun(self, life: Life, policy: RequestPolicy) -> tuple[Request, Life, tuple[Effect, ...]]:
        at = self.received_at
        if life.state is LifeState.EXPECTED:
            raise ExchangeError("change-target-unknown", document=life.document)
        if self.form is ChangeForm.STATUS:
            asked = StatusReport(code=StatusCode.TAKE_BACK, at=at, reason=self.reason, change=self.id)
            life = life.noted(asked)
        if life.state is LifeState.DONE and not policy.after_done:
            new, life, effects = self.refuse(life, at=at, reason=_DONE.render(policy.lang))
            keys = (("document", self.document), ("change", self.id), ("state", life.state.value))
            return new, life, (*effects, RecordConflict("change-after-done", keys))
        if life.is_final and life.state is not LifeState.DONE:
            return self._not_held(life, policy)
        if self.kind in policy.agree_at_once:
            new, life, effects = self.agree(life, at=at)
            return new, life, (*effects, Notify(Topic.CHANGE_REQUESTED, self.kind.value, self.receiver))
        deadline = SetDeadline(DeadlineKind.ANSWER, later(at, policy.answer_within))
        return self, life, (Notify(Topic.CHANGE_REQUESTED, self.kind.value, self.receiver), deadline)

    def _not_held(self, life: Life, policy: RequestPolicy) -> tuple[Request, Life, tuple[Effect, ...]]:
        """Return the answer for a document that is out of use already: a recall has what it wants."""
        agreed = self.kind is ChangeKind.RECALL
        new = self._answered(_S.AGREED if agreed else _S.REFUSED, _NOT_HELD.render(policy.lang))
        return new, new._noted(life, self.received_at), (new._status(), ClearDeadline())

    def _is_asked_again(self, id_: str, kind: ChangeKind, form: ChangeForm, version: int) -> bool:
        if self.id == id_:
            return True
        if not self.kind is kind is ChangeKind.RECALL or self.version != version:
            return False
        return self.state is not RequestState.REFUSED or self.form is not form

    def _repeated(self, life: Life) -> tuple[Request, Life, tuple[Effect, ...]]:
        row = REQUEST.step(self.state, RequestEvent.REPEAT)
        return self, life, (self._status(),) if "send-status" in row.does else ()

    def _answered(self, to: RequestState, reason: str) -> Request:
        return attrs.evolve(self, state=to, answer=reason, remind_at=None)

    def _status(self) -> SendStatus:
        code = _ANSWERS[self.state].value
        return SendStatus(code, self.document, self.version, self.sender, self.answer, self.id)

    def _carried_out(self) -> Effect:
        if self.kind is ChangeKind.RECALL:
            return CancelDocument(self.document, self.version, self.reason)
        return ApplyChange(self.document, self.version + (self.kind is ChangeKind.UPDATE), self.id)

    def _noted(self, life: Life, at: datetime.datetime) -> Life:
        code = _ANSWERS[self.state]
        report = StatusReport(code=code, at=at, reason=self.answer, version=self.version, change=self.id)
        return life.noted(report)
