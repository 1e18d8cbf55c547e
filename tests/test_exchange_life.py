"""The life of a document at its receiver: acted by the receiver, observed by the sender through whatever arrives."""

from __future__ import annotations

import datetime
import itertools

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exchange_support import AT, HOUR
from vndoc.envelope.codes import StatusCode
from vndoc.errors import ExchangeError
from vndoc.exchange import (
    EVENT_OF_CODE,
    JUDGEMENTS,
    LIFE,
    LIFE_REOPENED,
    MAX_REASON,
    ConfirmArrival,
    Judgement,
    Life,
    LifeEvent,
    LifeState,
    Notify,
    RecordConflict,
    SendStatus,
    StatusReport,
    Topic,
)

GRID = """
         expected arrived  refused accepted assigned in-progress done     recalled replaced
arrive   arrived  x        f       x        x        x           f        f        f
refuse   x        refused  f       x        x        x           f        f        f
accept   x        accepted f       x        x        x           f        f        f
assign   x        x        f       assigned x        x           f        f        f
work     x        x        f       in-progress in-progress x     f        f        f
finish   x        x        f       done     done     done        f        f        f
recall   recalled recalled f       recalled recalled recalled    f        f        f
update   arrived  arrived  f       accepted accepted accepted    f        f        f
replace  replaced replaced f       replaced replaced replaced    f        f        f
"""
REOPENED = {("done", "recall"): "recalled", ("done", "update"): "accepted", ("done", "replace"): "replaced"}
ERRORS = {"x": "event-not-allowed", "f": "state-is-final"}
STATES, *ROWS = (line.split() for line in GRID.strip().splitlines())
CELLS = [(state, row[0], wanted) for row in ROWS for state, wanted in zip(STATES, row[1:], strict=True)]
CHANGES = {LifeEvent.RECALL, LifeEvent.UPDATE, LifeEvent.REPLACE}


def life(state: str = "expected", *, version: int = 1, reopens: bool = False) -> Life:
    base = Life.expected("H01|2026|7/TB-UBND", sender="H01", receiver="H02", reopens=reopens)
    return attrs.evolve(base, state=LifeState(state), version=version)


def report(code: str, **more: object) -> StatusReport:
    return StatusReport(code=code, at=AT, **more)  # type: ignore[arg-type]


def test_the_grid_is_whole() -> None:
    assert [state.value for state in LifeState] == STATES
    assert [row[0] for row in ROWS] == [event.value for event in LifeEvent]


@pytest.mark.parametrize("reopens", [False, True])
@pytest.mark.parametrize(("state", "name", "wanted"), CELLS)
def test_every_event_in_every_state(state: str, name: str, wanted: str, reopens: bool) -> None:
    before, event = life(state, reopens=reopens), LifeEvent(name)
    if reopens and state == "done":
        wanted = REOPENED.get((state, name), "x")
    if event in CHANGES:
        after, effects, judgement = before.changed(event, change="C1", at=AT)
        if wanted in ERRORS:
            assert after.state.value == state
            assert judgement is Judgement.CONFLICT
            assert [type(effect) for effect in effects] == [RecordConflict]
            assert effects[0].code == "change-after-done"
        else:
            assert (after.state.value, judgement, effects) == (wanted, Judgement.MOVED, ())
        assert after.version == 1 + (name == "update" and wanted not in ERRORS)
        assert after.history.entries[-1].change == "C1"
        return
    if wanted in ERRORS:
        with pytest.raises(ExchangeError) as caught:
            before.act(event, at=AT, reason="sai nơi nhận")
        assert caught.value.code == ERRORS[wanted]
        return
    after, effects = before.act(event, at=AT, reason="sai nơi nhận")
    code = next(c for c, e in EVENT_OF_CODE.items() if e is event).value
    assert after.state.value == wanted
    assert effects == (
        SendStatus(code, "H01|2026|7/TB-UBND", 1, "H01", "sai nơi nhận"),
        Notify(Topic.STATUS, code, "H02"),
    )
    assert after.history.continues(before.history)
    assert len(after.history) == 1


def test_what_ends_a_life() -> None:
    assert {s.value for s in LIFE.finals} == {"refused", "done", "recalled", "replaced"}
    assert {s.value for s in LIFE_REOPENED.finals} == {"refused", "recalled", "replaced"}
    assert life("done").is_final
    assert not life("done", reopens=True).is_final


def test_a_refusal_needs_a_reason_of_reasonable_length() -> None:
    for reason in ("", " \n"):
        with pytest.raises(ExchangeError, match="reason-missing"):
            life("arrived").act(LifeEvent.REFUSE, at=AT, reason=reason)
    assert life("arrived").act(LifeEvent.REFUSE, at=AT, reason="x" * MAX_REASON)
    with pytest.raises(ExchangeError, match="reason-too-long"):
        life("arrived").act(LifeEvent.REFUSE, at=AT, reason="x" * (MAX_REASON + 1))


def test_changes_are_no_actions_and_actions_no_changes() -> None:
    with pytest.raises(ExchangeError, match="status-needs-change"):
        life("arrived").act(LifeEvent.RECALL, at=AT)
    with pytest.raises(ExchangeError, match="event-not-allowed"):
        life("arrived").changed(LifeEvent.ACCEPT, change="C1", at=AT)
    for code in ("13", "15", "16"):
        with pytest.raises(ExchangeError, match="status-needs-change"):
            life("arrived").observe(report(code))
    noted = life("arrived").noted(report("13", change="C1"))
    assert [(e.code, e.judgement) for e in noted.history] == [("13", Judgement.NOTED)]
    assert noted.noted(report("13", change="C1")) is noted
    assert len(noted.noted(report("13", change="C2")).history) == 2


@pytest.mark.parametrize("code", ["00", "17", "99", "x", "", "Đã đến"])
def test_what_is_no_status_is_refused(code: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        life().observe(report(code))
    assert caught.value.code == "status-unknown"


def test_a_status_without_its_reason_or_number_of_digits_is_taken_as_it_is() -> None:
    after, effects, judgement = life("arrived").observe(report("2"))
    assert (after.state, judgement) == (LifeState.REFUSED, Judgement.MOVED)
    assert effects == (ConfirmArrival("H02", AT), Notify(Topic.STATUS, "02", "H02"))


@pytest.mark.parametrize("code", ["07", "12", "14"])
def test_a_reserved_code_is_recorded_and_moves_nothing(code: str) -> None:
    after, effects, judgement = life("arrived").observe(report(code))
    assert (after.state, judgement) == (LifeState.ARRIVED, Judgement.UNKNOWN)
    assert effects == (ConfirmArrival("H02", AT),)
    assert after.observe(report(code)) == (after, (), Judgement.REPEATED)


OBSERVED = [
    ("expected", "06", Judgement.MOVED, "done"),
    ("arrived", "05", Judgement.MOVED, "in-progress"),
    ("in-progress", "03", Judgement.LATE, "in-progress"),
    ("in-progress", "05", Judgement.NOTED, "in-progress"),
    ("in-progress", "02", Judgement.CONFLICT, "in-progress"),
    ("refused", "03", Judgement.CONFLICT, "refused"),
    ("refused", "01", Judgement.LATE, "refused"),
    ("done", "02", Judgement.CONFLICT, "done"),
    ("recalled", "04", Judgement.LATE, "recalled"),
    ("recalled", "06", Judgement.CONFLICT, "recalled"),
    ("replaced", "02", Judgement.CONFLICT, "replaced"),
]


@pytest.mark.parametrize(("state", "code", "judgement", "wanted"), OBSERVED)
def test_what_an_observed_status_is_worth(state: str, code: str, judgement: Judgement, wanted: str) -> None:
    after, effects, found = life(state).observe(report(code))
    assert (found, after.state.value) == (judgement, wanted)
    conflicts = [effect for effect in effects if isinstance(effect, RecordConflict)]
    assert bool(conflicts) == (judgement is Judgement.CONFLICT)
    for conflict in conflicts:
        assert conflict.code == "status-contradicts"
        keys = {"document": "H01|2026|7/TB-UBND", "version": "1", "receiver": "H02", "code": code, "state": state}
        assert dict(conflict.keys) == keys


def test_done_before_a_recall_was_agreed_is_late_where_the_policy_allows_it() -> None:
    after, effects, judgement = life("recalled", reopens=True).observe(report("06"))
    assert (after.state, judgement) == (LifeState.RECALLED, Judgement.LATE)
    assert not any(isinstance(effect, RecordConflict) for effect in effects)


def test_an_update_begins_a_version_whose_statuses_count_anew() -> None:
    before = life("arrived").observe(report("04"))[0]
    updated, _, _ = before.changed(LifeEvent.UPDATE, change="C1", at=AT)
    assert (updated.state, updated.version) == (LifeState.ACCEPTED, 2)
    assert updated.changed(LifeEvent.UPDATE, change="C1", at=AT) == (updated, (), Judgement.REPEATED)
    after, _, judgement = updated.observe(report("04"))
    assert (after.state, judgement) == (LifeState.ASSIGNED, Judgement.MOVED)
    assert updated.observe(report("04", version=1))[2] is Judgement.REPEATED
    old, _, judgement = after.observe(report("05", version=1))
    assert (old.state, judgement, old.history.entries[-1].version) == (LifeState.ASSIGNED, Judgement.LATE, 1)
    for version in (0, 3):
        with pytest.raises(ExchangeError, match="version-unknown"):
            updated.observe(report("04", version=version))


def test_an_agreement_counts_once() -> None:
    recalled, _, _ = life("arrived").changed(LifeEvent.RECALL, change="C1", at=AT)
    assert recalled.changed(LifeEvent.RECALL, change="C1", at=AT) == (recalled, (), Judgement.REPEATED)


def test_an_entry_says_what_was_and_hides_who() -> None:
    said = report("02", reason="CCCD 012345678901", reported_at=AT - HOUR)
    entry = life("arrived").observe(said)[0].history.entries[0]
    assert (entry.number, entry.before, entry.after, entry.event) == (1, "arrived", "refused", "refuse")
    assert (entry.at, entry.reported_at, entry.reason) == (AT, AT - HOUR, "CCCD 012345678901")
    assert entry.key == (1, "H02", "02", "")
    assert "012345678901" not in repr(entry) + repr(said)
    assert all(text.vi and text.en for text in JUDGEMENTS.values())
    assert set(JUDGEMENTS) == set(Judgement)


CHAINS = [
    ("01", "02"),
    *(("01", "03", *middle, "06") for n in range(3) for middle in itertools.combinations(("04", "05"), n)),
]
RANK = {code: rank for rank, code in enumerate(("01", "03", "04", "05", "06", "02"))}


@given(st.sampled_from(CHAINS).flatmap(lambda c: st.lists(st.sampled_from(c), min_size=1, max_size=14)))
@example(["06", "06", "01", "05", "03"])
def test_shuffled_and_repeated_statuses_converge(codes: list[str]) -> None:
    """What one receiver reports of one version never contradicts itself, so the furthest status wins."""
    seen, counted = life(), []
    for code in codes:
        before = seen
        seen, effects, judgement = seen.observe(report(code))
        assert seen.history.continues(before.history)
        assert not any(isinstance(effect, RecordConflict) for effect in effects)
        if judgement is not Judgement.REPEATED:
            counted.append(code)
    furthest = max(codes, key=RANK.__getitem__)
    assert (
        seen.state
        is {e: s for s, e in zip(list(LifeState)[1:7], EVENT_OF_CODE.values(), strict=True)}[
            EVENT_OF_CODE[StatusCode(furthest)]
        ]
    )
    assert sorted(counted) == sorted(set(codes))
    assert [entry.code for entry in seen.history] == counted
    assert [entry.number for entry in seen.history] == list(range(1, len(counted) + 1))


CODES = [code.value for code in EVENT_OF_CODE]


@given(st.lists(st.sampled_from(CODES), min_size=1, max_size=14))
def test_a_conflict_is_recorded_just_where_statuses_contradict(codes: list[str]) -> None:
    seen, conflicts, finals = life(), 0, []
    for code in codes:
        if seen.is_final:
            finals.append(seen.state)
        seen, effects, _ = seen.observe(report(code))
        conflicts += any(isinstance(effect, RecordConflict) for effect in effects)
    contradicts = "02" in codes and bool({"03", "04", "05", "06"} & set(codes))
    assert bool(conflicts) == contradicts
    assert set(finals) <= {seen.state}, "a final state was left"


@given(st.lists(st.sampled_from(CODES), max_size=8), st.lists(st.integers(0, 40), min_size=8, max_size=8))
def test_the_times_that_packets_state_decide_nothing(codes: list[str], hours: list[int]) -> None:
    plain, stamped = life(), life()
    for code, hour in zip(codes, hours, strict=False):
        plain = plain.observe(report(code))[0]
        stamped = stamped.observe(report(code, reported_at=AT - datetime.timedelta(hours=hour)))[0]
    assert plain.state is stamped.state
    assert [entry.key for entry in plain.history] == [entry.key for entry in stamped.history]


def test_what_the_receiver_did_is_what_the_sender_comes_to_see() -> None:
    receiver, sender, sent = life(), life(), []
    for event in (LifeEvent.ARRIVE, LifeEvent.ACCEPT, LifeEvent.WORK, LifeEvent.FINISH):
        receiver, effects = receiver.act(event, at=AT)
        sent += [effect.code for effect in effects if isinstance(effect, SendStatus)]
    for code in reversed(sent):
        sender = sender.observe(report(code))[0]
    assert sender.state is receiver.state is LifeState.DONE
    assert {entry.key for entry in sender.history} == {entry.key for entry in receiver.history}
