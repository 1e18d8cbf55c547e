"""Recall, update and replacement: the sender's side, the receiver's side, and both over a line that fails."""

from __future__ import annotations

import datetime
import functools
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from exchange_support import AT, DAY, HOUR, calls, unless
from vndoc.envelope.codes import BussinessDocType
from vndoc.errors import ExchangeError, UsageError
from vndoc.exchange import (
    CHANGE,
    CHANGE_KINDS,
    MAX_REASON,
    REQUEST,
    ApplyChange,
    CancelDocument,
    Change,
    ChangeForm,
    ChangeKind,
    ChangeOutcome,
    ChangePolicy,
    ClearDeadline,
    ConfirmArrival,
    DeadlineKind,
    FreezeDocument,
    Judgement,
    Life,
    LifeEvent,
    LifeState,
    Notify,
    Part,
    PartEvent,
    PartState,
    RecordConflict,
    Request,
    RequestEvent,
    RequestPolicy,
    RequestState,
    SendPacket,
    SendStatus,
    SetDeadline,
    StatusReport,
    Topic,
    concerned,
    dump,
    load,
)
from vndoc.exchange.machine import Refused

KEY = "H01|2026|7/TB-UBND"
PARTS = """
            asked       agreed  refused finished  lapsed undelivered not-needed
agree       agreed      agreed  refused finished  lapsed undelivered not-needed
refuse      refused     agreed  refused finished  lapsed undelivered not-needed
finish      finished    agreed  refused finished  lapsed undelivered not-needed
lapse       lapsed      f       f       f         f      f           f
miss        undelivered f       f       f         f      f           f
skip        not-needed  f       f       f         f      f           f
confirm     x           f       f       finished  f      f           not-needed
"""
REQUESTS = """
          waiting   agreed  refused overtaken
agree     agreed    f       f       f
refuse    refused   f       f       f
remind    waiting   f       f       f
repeat    waiting   agreed  refused overtaken
overtake  overtaken f       f       f
"""
ERRORS = {"x": "event-not-allowed", "f": "state-is-final"}


@pytest.mark.parametrize(
    ("machine", "states", "events", "grid"),
    [(CHANGE, PartState, PartEvent, PARTS), (REQUEST, RequestState, RequestEvent, REQUESTS)],
)
def test_every_event_in_every_state(machine: Any, states: Any, events: Any, grid: str) -> None:
    names, *rows = (line.split() for line in grid.strip().splitlines())
    assert names == [state.value for state in states]
    assert [row[0] for row in rows] == [event.value for event in events]
    for row in rows:
        for state, wanted in zip(names, row[1:], strict=True):
            cell = machine.cell(states(state), events(row[0]))
            found = ERRORS_BACK[cell.code] if isinstance(cell, Refused) else cell.to.value
            assert found == wanted, (state, row[0])


ERRORS_BACK = {code: letter for letter, code in ERRORS.items()}


def life(state: str = "accepted", receiver: str = "H02", *, version: int = 1, reopens: bool = False) -> Life:
    base = Life.expected(KEY, sender="H01", receiver=receiver, reopens=reopens)
    return attrs.evolve(base, state=LifeState(state), version=version)


def report(code: str, **more: object) -> StatusReport:
    return StatusReport(code=code, at=AT + HOUR, **more)  # type: ignore[arg-type]


def opened(*lives: Life, kind: ChangeKind = ChangeKind.RECALL, **more: Any) -> tuple[Change, tuple[Any, ...]]:
    more = {"at": AT, "answer_by": AT + DAY, "reason": "gửi nhầm", **more}
    return Change.open("C1", kind, lives, **more)


def received(given: Life, kind: ChangeKind = ChangeKind.RECALL, **more: Any) -> tuple[Request, Life, tuple[Any, ...]]:
    more = {"asker": "H01", "at": AT, "reason": "gửi nhầm", **more}
    return Request.receive(more.pop("id", "C1"), kind, given, **more)


# -- the sender ------------------------------------------------------------------------------------------


def test_a_recall_by_packet_and_by_status() -> None:
    lives = life(), life("arrived", "H03", version=2)
    change, effects = opened(*lives)
    deadline = SetDeadline(DeadlineKind.ANSWER, AT + DAY)
    assert effects == (FreezeDocument(KEY), SendPacket(1, KEY, ("H02", "H03"), "C1"), deadline)
    assert (change.outcome, change.asked, change.is_final) == (ChangeOutcome.OPEN, ("H02", "H03"), False)
    change, effects = opened(*lives, form=ChangeForm.STATUS)
    asked = [SendStatus("13", KEY, v, to, "gửi nhầm", "C1") for to, v in (("H02", 1), ("H03", 2))]
    assert effects == (FreezeDocument(KEY), *asked, deadline)
    assert [part.version for part in change.parts] == [1, 2]


@pytest.mark.parametrize(
    ("kind", "operation"),
    [(ChangeKind.RECALL, 1), (ChangeKind.UPDATE, 2), (ChangeKind.REPLACE, 3)],
)
def test_the_packet_of_each_kind(kind: ChangeKind, operation: int) -> None:
    _, effects = opened(life(), kind=kind)
    assert [e.operation for e in effects if isinstance(e, SendPacket)] == [operation]
    assert kind.operation == BussinessDocType(operation)
    assert kind.event is LifeEvent(kind.value)
    assert any(isinstance(e, FreezeDocument) for e in effects) == (kind is ChangeKind.RECALL)


@pytest.mark.parametrize(
    ("wanted", "more"),
    [
        ("reason-missing", {"reason": " "}),
        ("reason-too-long", {"reason": "x" * (MAX_REASON + 1)}),
        ("reason-too-long", {"reason": "x" * (MAX_REASON + 1), "kind": ChangeKind.UPDATE}),
        ("change-form", {"kind": ChangeKind.UPDATE, "form": ChangeForm.STATUS}),
        ("change-form", {"kind": ChangeKind.REPLACE, "form": ChangeForm.STATUS}),
        ("change-time-limit", {"answer_by": AT}),
    ],
)
def test_requests_that_are_refused(wanted: str, more: dict[str, Any]) -> None:
    with pytest.raises(ExchangeError) as caught:
        opened(life(), **more)
    assert caught.value.code == wanted


def test_limits_that_are_met() -> None:
    assert opened(life(), reason="x" * MAX_REASON, answer_by=AT + datetime.timedelta(microseconds=1))
    assert opened(life(), kind=ChangeKind.UPDATE, reason="")


def test_recipients_of_one_document_each_once() -> None:
    other = attrs.evolve(life(receiver="H03"), document="H01|2026|8/TB-UBND")
    for lives in ((), (life(), life()), (life(), other)):
        with pytest.raises(ExchangeError, match="change-recipients"):
            opened(*lives)


def test_one_open_change_at_each_recipient() -> None:
    first, _ = opened(life(), life(receiver="H03"))
    with pytest.raises(ExchangeError, match="change-open") as caught:
        Change.open("C2", ChangeKind.UPDATE, [life(receiver="H03")], at=AT, answer_by=AT + DAY, others=[first])
    assert caught.value.values == {"recipient": "H03", "change": "C1"}
    elsewhere = Change.open("C2", ChangeKind.UPDATE, [life(receiver="H04")], at=AT, answer_by=AT + DAY, others=[first])
    assert elsewhere[0].asked == ("H04",)
    other = attrs.evolve(first, document="another")
    assert Change.open(
        "C2", ChangeKind.UPDATE, [life()], at=AT, answer_by=AT + DAY, others=[other, first.lapse(at=AT + DAY)[0]]
    )
    assert Change.open("C1", ChangeKind.RECALL, [life()], at=AT, answer_by=AT + DAY, reason="x", others=[first])


def test_each_recipient_answers_for_itself() -> None:
    lives = {name: life(receiver=name) for name in ("H02", "H03", "H04")}
    change, _ = opened(*lives.values())
    change, lives["H02"], effects, judgement = change.observe(lives["H02"], report("15"))
    assert (lives["H02"].state, judgement) == (LifeState.RECALLED, Judgement.MOVED)
    assert effects == (ConfirmArrival("H02", AT + HOUR), Notify(Topic.CHANGE_ANSWERED, "agree", "H02"))
    change, lives["H03"], effects, judgement = change.observe(lives["H03"], report("16", reason="đã ban hành"))
    assert (lives["H03"].state, judgement) == (LifeState.ACCEPTED, Judgement.MOVED)
    assert change.part("H03").reason == "đã ban hành"
    assert change.outcome is ChangeOutcome.OPEN
    change, effects = change.lapse(at=AT + DAY)
    closed = (ClearDeadline(), Notify(Topic.CHANGE_CLOSED, "partial"))
    assert effects == (Notify(Topic.OVERDUE, "lapse", "H04"), *closed)
    assert change.outcome is ChangeOutcome.PARTIAL
    assert [part.state.value for part in change.parts] == ["agreed", "refused", "lapsed"]
    assert [e.code for e in lives["H03"].history] == ["16"]
    with pytest.raises(ExchangeError, match="state-is-final"):
        change.lapse(at=AT + DAY)


def test_the_last_answer_closes_the_change() -> None:
    for code, outcome in (("15", ChangeOutcome.AGREED), ("16", ChangeOutcome.NOT_AGREED)):
        change, _, effects, _ = opened(life())[0].observe(life(), report(code))
        assert change.outcome is outcome
        assert effects[0] == ConfirmArrival("H02", AT + HOUR), "an answer proves that the document has arrived"
        assert effects[2:] == (ClearDeadline(), Notify(Topic.CHANGE_CLOSED, outcome.value))


@pytest.mark.parametrize("code", ["15", "16"])
def test_an_answer_counts_once(code: str) -> None:
    change, after, _, _ = opened(life())[0].observe(life(), report(code))
    again = change.observe(after, report(code))
    assert again == (change, after, (), Judgement.REPEATED)


def test_answers_that_contradict_are_recorded_and_change_nothing() -> None:
    change, after, _, _ = opened(life())[0].observe(life(), report("15"))
    same, noted, effects, judgement = change.observe(after, report("16"))
    assert (same, noted.state, judgement) == (change, LifeState.RECALLED, Judgement.CONFLICT)
    keys = (("document", KEY), ("change", "C1"), ("recipient", "H02"), ("state", "agreed"), ("event", "refuse"))
    assert effects == (ConfirmArrival("H02", AT + HOUR), RecordConflict("answer-contradicts", keys))
    assert change.observe(noted, report("16")) == (change, noted, (), Judgement.REPEATED)


ANSWERS = [
    ("refused", ChangeKind.RECALL, "15", None),
    ("refused", ChangeKind.RECALL, "16", None),
    ("recalled", ChangeKind.RECALL, "15", None),
    ("refused", ChangeKind.UPDATE, "16", None),
    ("refused", ChangeKind.UPDATE, "15", "not-needed"),
    ("replaced", ChangeKind.REPLACE, "15", "not-needed"),
    ("done", ChangeKind.UPDATE, "16", None),
    ("done", ChangeKind.RECALL, "16", None),
    ("done", ChangeKind.RECALL, "15", "finished"),
]


@pytest.mark.parametrize(("state", "kind", "code", "contradicts"), ANSWERS)
def test_an_answer_of_one_that_was_not_asked_contradicts_only_where_it_says_otherwise(
    state: str, kind: ChangeKind, code: str, contradicts: str | None
) -> None:
    """The packet of a change reaches all that it names; a product answers whether it was asked or not."""
    asked, other = life(), life(state, "H03")
    change, _ = opened(asked, other, kind=kind)
    assert change.asked == ("H02",)
    same, after, effects, judgement = change.observe(other, report(code))
    assert (same, after.state.value) == (change, state)
    arrival, *told = effects
    assert arrival == ConfirmArrival("H03", AT + HOUR)
    if contradicts is None:
        assert (told, judgement) == ([Notify(Topic.CHANGE_ANSWERED, "confirm", "H03")], Judgement.NOTED)
    else:
        event = {"15": "agree", "16": "refuse"}[code]
        keys = (("document", KEY), ("change", "C1"), ("recipient", "H03"), ("state", contradicts), ("event", event))
        assert told == [RecordConflict("answer-contradicts", keys), Notify(Topic.LATE, event, "H03")]
        assert judgement is Judgement.CONFLICT
    assert same.observe(after, report(code)) == (same, after, (), Judgement.REPEATED)
    assert same.observe(asked, report("15"))[0].outcome is not ChangeOutcome.OPEN


def test_who_is_done_while_asked_and_then_refuses_says_the_same_twice() -> None:
    change, after, _, _ = opened(life())[0].observe(life(), report("06"))
    _, _, effects, judgement = change.observe(after, report("16"))
    assert [type(effect) for effect in effects] == [ConfirmArrival, Notify]
    assert judgement is Judgement.NOTED


def test_an_answer_after_the_time_limit_is_told() -> None:
    change, _ = opened(life())[0].lapse(at=AT + DAY)
    same, after, effects, judgement = change.observe(life(), report("15"))
    assert (same, after.state, judgement) == (change, LifeState.ACCEPTED, Judgement.CONFLICT)
    assert [type(effect) for effect in effects] == [ConfirmArrival, RecordConflict, Notify]
    assert effects[2] == Notify(Topic.LATE, "agree", "H02")


def test_an_answer_that_agrees_with_what_was_noted_otherwise() -> None:
    """The first answer was kept elsewhere (a restored life): the second is noted and is no conflict."""
    change, _, _, _ = opened(life())[0].observe(life(), report("16"))
    same, after, effects, judgement = change.observe(life(), report("16"))
    assert (same, effects, judgement) == (change, (ConfirmArrival("H02", AT + HOUR),), Judgement.NOTED)
    assert [entry.code for entry in after.history] == ["16"]


def test_the_time_limit_is_not_before_its_time() -> None:
    with pytest.raises(ExchangeError, match="not-due"):
        opened(life())[0].lapse(at=AT + DAY - datetime.timedelta(microseconds=1))


def test_done_while_asked_is_a_conflict_unless_the_policy_allows_it() -> None:
    change, after, effects, judgement = opened(life())[0].observe(life(), report("06"))
    assert (after.state, judgement, change.outcome) == (LifeState.DONE, Judgement.MOVED, ChangeOutcome.NOT_AGREED)
    assert change.part("H02").state is PartState.FINISHED
    assert [e.code for e in effects if isinstance(e, RecordConflict)] == ["change-after-done"]
    lenient, _ = opened(life(), policy=ChangePolicy(after_done=True))
    change, after, _, _ = lenient.observe(life(reopens=True), report("06"))
    assert change.outcome is ChangeOutcome.OPEN
    change, after, _, judgement = change.observe(after, report("15"))
    assert (after.state, judgement, change.outcome) == (LifeState.RECALLED, Judgement.MOVED, ChangeOutcome.AGREED)


def test_agreement_to_what_the_table_says_is_done() -> None:
    """The policies of change and life differ: the agreement stands, the state stays, the conflict is recorded."""
    lenient, _ = opened(life(), policy=ChangePolicy(after_done=True))
    change, after, _, _ = lenient.observe(life(), report("06"))
    change, after, effects, judgement = change.observe(after, report("15"))
    assert (after.state, judgement, change.outcome) == (LifeState.DONE, Judgement.CONFLICT, ChangeOutcome.AGREED)
    assert [e.code for e in effects if isinstance(e, RecordConflict)] == ["change-after-done"]


def test_a_refused_document_needs_no_change() -> None:
    change, after, _, _ = opened(life("arrived"))[0].observe(life("arrived"), report("02"))
    assert (after.state, change.part("H02").state) == (LifeState.REFUSED, PartState.NOT_NEEDED)
    assert change.outcome is ChangeOutcome.VOID


def test_other_statuses_concern_the_life_alone() -> None:
    change, _ = opened(life())
    same, after, _, judgement = change.observe(life(), report("04"))
    assert (same, after.state, judgement) == (change, LifeState.ASSIGNED, Judgement.MOVED)
    done = change.observe(after, report("15"))[0]
    assert done.observe(after, report("06"))[0] == done, "what ends the life does not touch a part that has ended"
    assert change.observe(life("done"), report("06"))[0] == change, "what is known already ends nothing"


# -- changes of many recipients --------------------------------------------------------------------------


HAPPENINGS = st.tuples(st.integers(0, 3), st.sampled_from(["15", "16", "06", "02", "03", "missed"]))


@given(st.lists(st.sampled_from(["accepted", "arrived", "done", "refused"]), min_size=1, max_size=4),
       st.lists(HAPPENINGS, max_size=12), st.booleans())  # fmt: skip
def test_a_change_that_holds_one_part_does_as_the_whole(
    states: list[str], happenings: list[tuple[int, str]], after_done: bool
) -> None:
    lives = {f"H{n}": life(state, f"H{n}", reopens=after_done) for n, state in enumerate(states, start=10)}
    whole, _ = opened(*lives.values(), policy=ChangePolicy(after_done=after_done))
    rest, parts = whole.counted(), {part.recipient: part for part in whole.parts}
    for number, what in happenings:
        name = list(lives)[number % len(lives)]
        held = rest.holding(parts[name])
        assert (held.is_final, held.outcome) == (whole.is_final, whole.outcome)
        try:
            if what == "missed":
                whole, *results = whole.not_delivered(name, at=AT + HOUR)
            else:
                whole, lives[name], *results = whole.observe(before := lives[name], report(what, reason="lý do"))
        except ExchangeError as error:
            with pytest.raises(ExchangeError, match=error.code):
                held.not_delivered(name, at=AT + HOUR)
            continue
        if what == "missed":
            held, *found = held.not_delivered(name, at=AT + HOUR)
        else:
            held, new, *found = held.observe(before, report(what, reason="lý do"))
            assert new == lives[name]
        assert found == results
        assert held.parts == (whole.part(name),)
        rest, parts[name] = held.counted(), whole.part(name)
        assert rest == whole.counted()
    assert rest.holding(*parts.values()) == whole
    assert load(dump(rest), Change) == rest


def test_only_what_is_counted_can_be_held() -> None:
    change, _ = opened(life(), life(receiver="H03"))
    rest = change.counted()
    assert (rest.parts, rest.asked, rest.elsewhere) == ((), (), ((PartState.ASKED, 2),))
    with pytest.raises(ExchangeError, match="change-unknown"):
        rest.holding(Part(recipient="H02", version=1, state=PartState.AGREED))
    with pytest.raises(ExchangeError, match="change-unknown"):
        rest.holding(*change.parts).holding(change.parts[0])
    with pytest.raises(ExchangeError, match="change-unknown"):
        rest.not_delivered("H02", at=AT)
    lapsed, _ = change.lapse(at=AT + DAY)
    with pytest.raises(ExchangeError, match="state-is-final"):
        lapsed.counted().lapse(at=AT + DAY)


def test_an_answer_costs_the_same_in_a_change_of_thousands() -> None:
    costs = []
    for size in (10, 10, 3000):  # the first fills what is kept of classes
        lives = [life(receiver=f"H{n}") for n in range(size)]
        change, _ = opened(*lives)
        rest, part, data = change.counted(), change.parts[5], dump(change.counted())

        def answered(rest=rest, part=part, data=data, given=lives[5]) -> None:
            held, *_ = load(data, Change).holding(part).observe(given, report("15"))
            assert not held.is_final
            assert rest.counted() != held.counted()
            dump(held.counted())

        costs.append(calls(answered))
    assert costs[1] == costs[2]


@pytest.mark.parametrize("state", ["accepted", "done"])
def test_opening_and_lapsing_grow_with_the_recipients_and_no_faster(state: str) -> None:
    costs: dict[str, list[int]] = {"open": [], "lapse": []}
    for size in (100, 1000):
        lives = [life("accepted", "H"), *(life(state, f"H{n}") for n in range(size))]
        change, _ = opened(*lives)
        costs["open"].append(calls(lambda lives=lives: opened(*lives)))
        costs["lapse"].append(calls(lambda change=change: change.lapse(at=AT + DAY)))
    assert all(large < 12 * small for small, large in costs.values())


def test_the_change_that_an_answer_belongs_to() -> None:
    first = opened(life(), life(receiver="H03"))[0].lapse(at=AT + DAY)[0]
    later = {"at": AT + 2 * DAY, "answer_by": AT + 3 * DAY}
    second = Change.open("C2", ChangeKind.UPDATE, [life()], **later)[0]
    assert concerned([first, second], KEY, "H02").id == "C2"
    assert concerned([second, first], KEY, "H03").id == "C1"
    ended = second.lapse(at=AT + 3 * DAY)[0]
    assert concerned([ended, first], KEY, "H02").id == "C2", "the latest, where none is open"
    assert concerned([opened(life())[0], ended], KEY, "H02").id == "C1", "the open one goes first"
    for document, receiver in ((KEY, "H09"), ("another", "H02")):
        with pytest.raises(ExchangeError, match="change-unknown"):
            concerned([first, second], document, receiver)


def test_who_is_not_asked() -> None:
    lives = life("refused"), life("recalled", "H03"), life("replaced", "H04"), life("done", "H05")
    change, effects = opened(*lives)
    assert [part.state.value for part in change.parts] == ["not-needed", "not-needed", "not-needed", "finished"]
    assert (change.outcome, change.is_final) == (ChangeOutcome.NOT_AGREED, True)
    assert effects[-2:] == (ClearDeadline(), Notify(Topic.CHANGE_CLOSED, "not-agreed"))
    assert not any(isinstance(effect, SendPacket) for effect in effects)
    _, effects = opened(life(), life("refused", "H03"), form=ChangeForm.STATUS)
    assert [effect.to for effect in effects if isinstance(effect, SendStatus)] == ["H02"]
    change, effects = opened(life("done", reopens=True), policy=ChangePolicy(after_done=True))
    assert change.asked == ("H02",)


def test_a_request_that_is_not_delivered() -> None:
    change, effects = opened(life())[0].not_delivered("H02", at=AT + HOUR)
    assert change.part("H02") == Part(recipient="H02", version=1, state=PartState.UNDELIVERED, at=AT + HOUR)
    assert effects[0] == Notify(Topic.NOT_DELIVERED, "miss", "H02")
    with pytest.raises(ExchangeError, match="state-is-final"):
        change.not_delivered("H02", at=AT + HOUR)
    with pytest.raises(ExchangeError, match="change-unknown"):
        change.not_delivered("H09", at=AT)
    with pytest.raises(ExchangeError, match="change-unknown"):
        change.observe(life(receiver="H09"), report("15"))


# -- the receiver ----------------------------------------------------------------------------------------


def test_a_clerk_agrees_to_a_recall() -> None:
    request, before, effects = received(life(), form=ChangeForm.STATUS)
    assert effects == (
        Notify(Topic.CHANGE_REQUESTED, "recall", "H02"),
        SetDeadline(DeadlineKind.ANSWER, AT + DAY),
    )
    assert [e.code for e in before.history] == ["13"]
    request, after, effects = request.agree(before, at=AT + HOUR)
    assert effects == (
        SendStatus("15", KEY, 1, "H01", "", "C1"),
        CancelDocument(KEY, 1, "gửi nhầm"),
        ClearDeadline(),
    )
    assert (after.state, request.is_final, request.remind_at) == (LifeState.RECALLED, True, None)
    for again in (request.agree, request.refuse):
        with pytest.raises(ExchangeError, match="state-is-final"):
            again(after, at=AT)
    with pytest.raises(ExchangeError, match="state-is-final"):
        request.remind(at=AT + 9 * DAY)


@pytest.mark.parametrize(
    ("kind", "version", "state"), [(ChangeKind.UPDATE, 2, "accepted"), (ChangeKind.REPLACE, 1, "replaced")]
)
def test_a_clerk_agrees_to_new_content(kind: ChangeKind, version: int, state: str) -> None:
    request, before, _ = received(life(), kind)
    _, after, effects = request.agree(before, at=AT, reason="đã thay")
    assert effects[0] == SendStatus("15", KEY, 1, "H01", "đã thay", "C1")
    assert effects[1] == ApplyChange(KEY, version, "C1")
    assert (after.state.value, after.version) == (state, 1 + (kind is ChangeKind.UPDATE))


def test_a_clerk_refuses() -> None:
    request, before, _ = received(life())
    request, after, effects = request.refuse(before, at=AT, reason="đã xử lý")
    assert effects == (SendStatus("16", KEY, 1, "H01", "đã xử lý", "C1"), ClearDeadline())
    assert (after.state, [e.code for e in after.history]) == (LifeState.ACCEPTED, ["16"])
    with pytest.raises(ExchangeError, match="reason-too-long"):
        received(life())[0].refuse(before, at=AT, reason="x" * (MAX_REASON + 1))


def test_reminders() -> None:
    policy = RequestPolicy(answer_within=HOUR)
    request, _, _ = received(life(), policy=policy)
    with pytest.raises(ExchangeError, match="not-due"):
        request.remind(at=AT + HOUR - datetime.timedelta(microseconds=1), policy=policy)
    request, effects = request.remind(at=AT + HOUR, policy=policy)
    assert effects == (Notify(Topic.OVERDUE, "recall", "H02"), SetDeadline(DeadlineKind.ANSWER, AT + 2 * HOUR))


def test_reminders_need_time_between_them() -> None:
    for wait in (datetime.timedelta(0), -HOUR):
        with pytest.raises(UsageError, match="option-invalid"):
            RequestPolicy(answer_within=wait)


def test_only_the_sender_asks_and_only_for_what_is_here() -> None:
    with pytest.raises(ExchangeError, match="change-not-by-sender"):
        received(life(), asker="H99")
    with pytest.raises(ExchangeError, match="change-target-unknown"):
        received(life("expected"))
    with pytest.raises(ExchangeError, match="change-form"):
        received(life(), ChangeKind.UPDATE, form=ChangeForm.STATUS)


def test_a_document_that_is_done_is_not_given_back() -> None:
    request, after, effects = received(life("done"))
    assert (request.state, after.state) == (RequestState.REFUSED, LifeState.DONE)
    status, cleared, conflict = effects
    assert status == SendStatus("16", KEY, 1, "H01", "Văn bản đã được xử lý xong.", "C1")
    assert cleared == ClearDeadline()
    assert conflict.code == "change-after-done"
    english = received(life("done"), policy=RequestPolicy(lang="en"))[0]
    assert english.answer == "The document has already been dealt with."
    request, _, effects = received(life("done", reopens=True), policy=RequestPolicy(after_done=True))
    assert request.state is RequestState.WAITING


def test_a_clerk_cannot_agree_to_what_was_done_meanwhile() -> None:
    request, before, _ = received(life())
    done, _ = before.act(LifeEvent.FINISH, at=AT)
    with pytest.raises(ExchangeError, match="state-is-final"):
        request.agree(done, at=AT)
    assert request.refuse(done, at=AT, reason="đã xong")[1].state is LifeState.DONE


@pytest.mark.parametrize("state", ["refused", "recalled", "replaced"])
@pytest.mark.parametrize(
    ("kind", "code"), [(ChangeKind.RECALL, "15"), (ChangeKind.UPDATE, "16"), (ChangeKind.REPLACE, "16")]
)
def test_a_document_that_is_not_held_is_answered_for(state: str, kind: ChangeKind, code: str) -> None:
    request, after, effects = received(life(state), kind)
    assert request.is_final
    assert after.state.value == state
    assert effects == (SendStatus(code, KEY, 1, "H01", request.answer, "C1"), ClearDeadline())
    assert request.answer == "Nơi nhận không còn giữ văn bản này."


def test_what_is_agreed_to_at_once() -> None:
    policy = RequestPolicy(agree_at_once=frozenset({ChangeKind.RECALL}))
    request, after, effects = received(life(), policy=policy)
    assert (request.state, after.state) == (RequestState.AGREED, LifeState.RECALLED)
    assert effects[-1] == Notify(Topic.CHANGE_REQUESTED, "recall", "H02")
    assert received(life(), ChangeKind.UPDATE, policy=policy)[0].state is RequestState.WAITING


def test_a_request_that_comes_again() -> None:
    first, before, _ = received(life())
    for more in ({"id": "C1"}, {"id": "C2", "form": ChangeForm.STATUS}, {"id": "C2"}):
        assert received(before, others=[first], **more) == (first, before, ())
    agreed, after, _ = first.agree(before, at=AT)
    answer = SendStatus("15", KEY, 1, "H01", "", "C1")
    assert received(after, id="C2", form=ChangeForm.STATUS, others=[agreed]) == (agreed, after, (answer,))
    refused, after, _ = first.refuse(before, at=AT, reason="không")
    answer = SendStatus("16", KEY, 1, "H01", "không", "C1")
    assert received(after, id="C2", form=ChangeForm.STATUS, others=[refused]) == (refused, after, (answer,))
    again, _, _ = received(after, id="C2", others=[refused])
    assert (again.id, again.state) == ("C2", RequestState.WAITING), "asked again in the same form: a new question"


def test_one_open_request_at_a_time() -> None:
    first, before, _ = received(life(), ChangeKind.UPDATE)
    for kind in ChangeKind:
        with pytest.raises(ExchangeError, match="change-open"):
            received(before, kind, id="C2", others=[first])
    elsewhere = attrs.evolve(first, document="another")
    answered = first.refuse(before, at=AT)[0]
    assert received(before, ChangeKind.RECALL, id="C2", others=[elsewhere, answered])[0].id == "C2"
    earlier = attrs.evolve(received(life())[0].refuse(life(), at=AT)[0], version=1, form=ChangeForm.STATUS)
    newer = life("accepted", version=2)
    assert received(newer, id="C2", others=[earlier])[0].id == "C2", "a recall of another version is another request"


@pytest.mark.parametrize("kind", [ChangeKind.UPDATE, ChangeKind.REPLACE])
def test_a_request_that_a_recall_overtakes_is_never_answered(kind: ChangeKind) -> None:
    first, before, _ = received(life(), kind)
    ended, effects = first.overtake()
    assert (ended.state, ended.is_final, ended.answer, effects) == (
        RequestState.OVERTAKEN,
        True,
        "",
        (ClearDeadline(),),
    )
    assert received(before, kind, others=[ended]) == (ended, before, ()), "it comes again: nothing goes out"
    assert received(before, id="C2", others=[ended])[0].state is RequestState.WAITING
    for turn in (ended.agree, ended.refuse):
        with pytest.raises(ExchangeError, match="state-is-final"):
            turn(before, at=AT)
    with pytest.raises(ExchangeError, match="state-is-final"):
        ended.overtake()
    assert load(dump(ended), Request) == ended


def test_a_recall_is_not_overtaken() -> None:
    with pytest.raises(ExchangeError, match="change-open"):
        received(life())[0].overtake()


def test_secrets_of_reasons_are_masked() -> None:
    shown = repr(received(life(), reason="CCCD 012345678901")[0]) + repr(opened(life(), reason="CCCD 012345678901")[0])
    assert "012345678901" not in shown
    assert all(text.vi for text in CHANGE_KINDS.values())


# -- both, over a line that loses, repeats and reorders ------------------------------------------------------

RECEIVERS = ("H02", "H03", "H04")


class Exchange(RuleBasedStateMachine):
    """A sender and three receivers. Statuses are lost, repeated and reordered; in the end they come through."""

    def __init__(self) -> None:
        super().__init__()
        self.at = AT
        self.sent = {name: life("expected", name) for name in RECEIVERS}
        self.held = {name: life("expected", name).act(LifeEvent.ARRIVE, at=AT)[0] for name in RECEIVERS}
        self.line: list[tuple[str, SendStatus]] = [(name, SendStatus("01", KEY, 1, "H01")) for name in RECEIVERS]
        self.all: list[tuple[str, SendStatus]] = list(self.line)
        self.changes: list[Change] = []
        self.requests: dict[str, list[Request]] = {name: [] for name in RECEIVERS}
        self.asked: dict[str, set[str]] = {}

    def put(self, name: str, effects: tuple[Any, ...]) -> None:
        for effect in effects:
            if isinstance(effect, SendStatus):
                self.line.append((name, effect))
                self.all.append((name, effect))

    @rule(
        name=st.sampled_from(RECEIVERS),
        event=st.sampled_from([e for e in LifeEvent if e.value in {"accept", "refuse", "work", "finish"}]),
    )
    def clerk(self, name: str, event: LifeEvent) -> None:
        done = unless(ERRORS.values(), lambda: self.held[name].act(event, at=self.at, reason="lý do"))
        if done is not None:
            self.held[name], effects = done
            self.put(name, effects)

    @precondition(lambda self: len(self.changes) < 3)
    @rule(names=st.sets(st.sampled_from(RECEIVERS), min_size=1), kind=st.sampled_from(ChangeKind))
    def ask(self, names: set[str], kind: ChangeKind) -> None:
        id_ = f"C{len(self.changes)}"
        lives = [self.sent[name] for name in sorted(names)]
        more = {"at": self.at, "answer_by": self.at + DAY, "reason": "x", "others": self.changes}
        done = unless({"change-open"}, lambda: Change.open(id_, kind, lives, **more))
        if done is None:
            return
        change, effects = done
        self.changes.append(change)
        for effect in effects:
            if isinstance(effect, SendPacket):
                self.asked[id_] = set(effect.to)
                for name in effect.to:
                    self.request(name, change)

    def request(self, name: str, change: Change) -> None:
        others = self.requests[name]
        more = {"asker": "H01", "at": self.at, "reason": "x", "others": others}
        done = unless({"change-open"}, lambda: Request.receive(change.id, change.kind, self.held[name], **more))
        if done is None:
            return
        request, self.held[name], effects = done
        self.requests[name] = [*(r for r in others if r.id != request.id), request]
        self.put(name, effects)

    @rule(change=st.integers(0, 2), name=st.sampled_from(RECEIVERS))
    def ask_again(self, change: int, name: str) -> None:
        """The packet is delivered a second time."""
        if change < len(self.changes) and name in self.asked.get(f"C{change}", ()):
            self.request(name, self.changes[change])

    @rule(name=st.sampled_from(RECEIVERS), agrees=st.booleans())
    def answer(self, name: str, agrees: bool) -> None:
        for number, request in enumerate(self.requests[name]):
            if request.is_final:
                continue
            act = request.agree if agrees else request.refuse
            done = unless({"state-is-final"}, functools.partial(act, self.held[name], at=self.at, reason="đã xem"))
            if done is not None:
                self.requests[name][number], self.held[name], effects = done
                self.put(name, effects)

    @rule(data=st.data(), fate=st.sampled_from(["come", "come", "lost", "twice"]))
    def deliver(self, data: st.DataObject, fate: str) -> None:
        if not self.line:
            return
        index = data.draw(st.integers(0, len(self.line) - 1))
        name, status = self.line[index] if fate == "twice" else self.line.pop(index)
        if fate != "lost":
            self.hear(name, status)

    def hear(self, name: str, status: SendStatus) -> None:
        heard = StatusReport(code=status.code, at=self.at, reason=status.reason)
        before = self.sent[name]
        for number, change in enumerate(self.changes):
            concerned = change.id == status.change if status.change else name in change.asked
            if concerned:
                self.changes[number], self.sent[name], _, _ = change.observe(before, heard)
                break
        else:
            self.sent[name], _, _ = before.observe(heard)
        assert self.sent[name].history.continues(before.history)
        if before.is_final:
            assert self.sent[name].state is before.state

    @rule()
    def time_passes(self) -> None:
        self.at += 2 * DAY
        for number, change in enumerate(self.changes):
            if not change.is_final and self.at >= change.answer_by:
                self.changes[number], effects = change.lapse(at=self.at)
                assert effects

    @invariant()
    def at_most_one_change_is_open_at_each_receiver(self) -> None:
        for name in RECEIVERS:
            assert sum(name in change.asked for change in self.changes) <= 1
            assert sum(not request.is_final for request in self.requests[name]) <= 1

    @invariant()
    def nobody_agreed_who_did_not(self) -> None:
        for change in self.changes:
            for part in change.parts:
                answers = {r.id: r.state for r in self.requests[part.recipient]}
                codes = {s.code for n, s in self.all if (n, s.change) == (part.recipient, change.id)}
                if part.state is PartState.AGREED:
                    assert "15" in codes
                    assert answers.get(change.id) in {RequestState.AGREED, None}

    @invariant()
    def what_was_given_back_is_out_of_use(self) -> None:
        for name, requests in self.requests.items():
            if any((r.kind, r.state) == (ChangeKind.RECALL, RequestState.AGREED) for r in requests):
                assert self.held[name].is_final
                assert self.held[name].state in {LifeState.RECALLED, LifeState.REPLACED, LifeState.REFUSED}

    def teardown(self) -> None:
        """Everything that was ever sent comes in the end: no answer is left open that was given in time."""
        for name, status in list(self.all):
            self.hear(name, status)
        for change in self.changes:
            for part in change.parts:
                answered = [r for r in self.requests[part.recipient] if r.id == change.id and r.is_final]
                assert not (answered and part.is_open)


@pytest.mark.long
def test_many_schedules() -> None:
    run_state_machine_as_test(Exchange, settings=settings(max_examples=5000, stateful_step_count=60))


TestExchange = Exchange.TestCase
TestExchange.settings = settings(max_examples=80, stateful_step_count=30)
