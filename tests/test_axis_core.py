"""The state of the simulated axis: nothing is lost, each recipient gets one copy, states only move forward."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from axis_support import NORTH, SOUTH, START
from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import OwnFaultError, UsageError
from vndoc.testing.axis import NEXT, Agency, AxisCore, Copy, Happening, Submission, System
from vndoc.transport.base import ItemState, Kind, Settlement

CODES = {"H41": NORTH.id, "H41.12": NORTH.id, "H14": SOUTH.id, "H14.12": SOUTH.id}
NAMES = [*CODES, "000.00.00.H41", "000.00.00.H14"]
PLAIN = {name: name.removeprefix("000.00.00.") for name in NAMES}


def make(**options: Any) -> AxisCore:
    return AxisCore((NORTH, SOUTH), **options)


def submit(
    core: AxisCore, *recipients: str, sender: str = "H41", kind: Kind = Kind.DOCUMENT, **more: Any
) -> Submission:
    system = CODES[PLAIN[sender]]
    more.setdefault("at", START)
    return core.submit(system, kind=kind, sender=sender, recipients=recipients, content=MemoryOctets(b"x"), **more)


def ids(found: Any) -> list[str]:
    return [copy.id for copy in found]


class World(RuleBasedStateMachine):
    """The axis beside a model that is three dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self.core = make(keep=10**6)
        self.now = START
        self.expected: dict[tuple[str, str], Kind] = {}
        self.state: dict[str, ItemState] = {}
        self.copies: dict[str, Copy] = {}

    @rule(
        sender=st.sampled_from(sorted(CODES)),
        recipients=st.lists(st.sampled_from([*NAMES, "H99"]), max_size=4),
        kind=st.sampled_from(Kind),
        step=st.integers(0, 90),
    )
    def send(self, sender: str, recipients: list[str], kind: Kind, step: int) -> None:
        self.now += datetime.timedelta(seconds=step)
        if not recipients or "H99" in recipients:
            before = len(self.core.submissions())
            with pytest.raises(OwnFaultError):
                submit(self.core, *recipients, sender=sender, kind=kind, at=self.now)
            assert len(self.core.submissions()) == before
            return
        made = submit(self.core, *recipients, sender=sender, kind=kind, at=self.now)
        reached = {PLAIN[name] for name in recipients}
        copies = self.core.copies_of(made)
        assert [copy.recipient for copy in copies] == list(dict.fromkeys(PLAIN[name] for name in recipients))
        assert set(made.recipients) == reached
        for copy in copies:
            assert copy.id not in self.copies
            self.copies[copy.id] = copy
            self.state[copy.id] = ItemState.INITIAL
            self.expected[made.id, copy.recipient] = kind

    @precondition(lambda self: self.copies)
    @rule(data=st.data(), word=st.sampled_from(Settlement), by_number=st.booleans())
    def settle(self, data: st.DataObject, word: Settlement, by_number: bool) -> None:
        copy = self.copies[data.draw(st.sampled_from(sorted(self.copies)))]
        system = CODES[copy.recipient]
        name: str | int = copy.number if by_number else copy.id
        was, becomes = self.state[copy.id], ItemState(word.value)
        if was is ItemState.DONE and becomes is not ItemState.DONE:
            with pytest.raises(OwnFaultError) as caught:
                self.core.settle(system, name, word, self.now)
            assert caught.value.code == "carrier-refused"
        else:
            assert self.core.settle(system, name, word, self.now).state is becomes
            self.state[copy.id] = becomes

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def fetch(self, data: st.DataObject) -> None:
        copy = self.copies[data.draw(st.sampled_from(sorted(self.copies)))]
        assert self.core.fetch(CODES[copy.recipient], copy.id, self.now).id == copy.submission
        other = NORTH.id if CODES[copy.recipient] == SOUTH.id else SOUTH.id
        with pytest.raises(OwnFaultError) as caught:
            self.core.fetch(other, copy.id, self.now)
        assert caught.value.code == "carrier-item-unknown"

    @invariant()
    def nothing_is_lost_and_nobody_gets_two(self) -> None:
        seen = [
            (copy.submission, copy.recipient) for made in self.core.submissions() for copy in self.core.copies_of(made)
        ]
        assert len(seen) == len(set(seen))
        assert set(seen) == set(self.expected)

    @invariant()
    def what_is_not_done_waits_in_order(self) -> None:
        for system in (NORTH.id, SOUTH.id):
            for kind in Kind:
                found = list(self.core.pending(system, kind))
                open_ = [
                    copy.id
                    for copy in self.copies.values()
                    if CODES[copy.recipient] == system
                    and copy.kind is kind
                    and self.state[copy.id] is not ItemState.DONE
                ]
                assert ids(found) == open_
                assert self.core.count(system, kind) == len(open_)
                assert [copy.created for copy in found] == sorted(copy.created for copy in found)

    @invariant()
    def histories_only_grow_along_the_table(self) -> None:
        for made in self.core.submissions():
            events = self.core.events(made)
            assert events[0].what is Happening.SUBMITTED
            assert [event.at for event in events] == sorted(event.at for event in events)
            for copy in self.core.copies_of(made):
                assert copy.state is self.state[copy.id]
                states = [
                    ItemState(event.what.value)
                    for event in events
                    if event.recipient == copy.recipient and event.what.value in {s.value for s in Settlement}
                ]
                assert all(b in NEXT[a] for a, b in zip([ItemState.INITIAL, *states], states, strict=False))


World.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestWorld = World.TestCase


def code_of(call: Any) -> str:
    with pytest.raises(OwnFaultError) as caught:
        call()
    return caught.value.code


def test_a_window_and_a_limit_cut_the_list() -> None:
    core = make()
    hour = datetime.timedelta(hours=1)
    made = [submit(core, "H14", at=START + n * hour).copies[0] for n in range(4)]
    found = core.pending(SOUTH.id, Kind.DOCUMENT, since=START + hour, until=START + 2 * hour)
    assert ids(found) == made[1:3]
    assert ids(core.pending(SOUTH.id, Kind.DOCUMENT, limit=2)) == made[:2]
    assert ids(core.pending(SOUTH.id, Kind.DOCUMENT, recipient="H14.12")) == []
    assert ids(core.pending(SOUTH.id, Kind.STATUS)) == []


def test_whom_it_does_not_deliver_to() -> None:
    core = make()
    assert code_of(lambda: submit(core, "H14", "X99")) == "carrier-unknown-recipient"
    assert code_of(lambda: core.submit(
        SOUTH.id, kind=Kind.DOCUMENT, sender="H41", recipients=["H14"], content=MemoryOctets(b""), at=START
    )) == "carrier-unknown-sender"  # fmt: skip
    core.set_closed("H14", closed=True, at=START)
    assert code_of(lambda: submit(core, "H14.12", "H14")) == "carrier-recipient-closed"
    core.set_closed("000.00.00.H14", closed=False, at=START)
    assert submit(core, "H14").recipients == ("H14",)
    assert code_of(lambda: submit(core, "H14", closed=frozenset({"000.00.00.H14"}))) == "carrier-recipient-closed"
    assert code_of(lambda: core.set_closed("X99", closed=True, at=START)) == "carrier-unknown-recipient"
    assert code_of(lambda: core.system("nobody")) == "carrier-credentials"
    assert core.count(SOUTH.id, Kind.DOCUMENT) == 1


def test_failed_copies_stay_off_the_list_where_the_axis_does_not_offer_them_again() -> None:
    core = make(offer_again=False)
    made = submit(core, "H14")
    core.settle(SOUTH.id, made.copies[0], Settlement.FAIL, START)
    assert core.count(SOUTH.id, Kind.DOCUMENT) == 0
    core.settle(SOUTH.id, made.copies[0], Settlement.DONE, START)
    assert core.count(SOUTH.id, Kind.DOCUMENT) == 0
    assert core.copies_of(made)[0].state is ItemState.DONE


def test_the_same_word_again_does_nothing() -> None:
    core = make()
    made = submit(core, "H14")
    core.settle(SOUTH.id, made.copies[0], Settlement.DONE, START)
    before = core.version
    core.settle(SOUTH.id, made.copies[0], Settlement.DONE, START + datetime.timedelta(days=1))
    assert (core.version, core.copies_of(made)[0].updated) == (before, START)


def test_fetching_again_is_counted_and_told_once() -> None:
    core = make()
    made = submit(core, "H14")
    for _ in range(3):
        core.fetch(SOUTH.id, made.copies[0], START)
    assert core.copies_of(made)[0].fetched == 3
    assert [e.what for e in core.events(made)] == [Happening.SUBMITTED, Happening.DELIVERED, Happening.FETCHED]


def test_faults_of_delivery() -> None:
    core = make()
    double = submit(core, "H14", times=2)
    assert [copy.recipient for copy in core.copies_of(double)] == ["H14", "H14"]
    assert len(set(double.copies)) == 2
    lost = submit(core, "H14", lose=True)
    assert lost.copies == ()
    assert core.events(lost)[-1].what is Happening.LOST
    assert core.count(SOUTH.id, Kind.DOCUMENT) == 2
    assert [(made.id, copy and copy.id) for made, copy in core.sent(NORTH.id)] == [
        *((double.id, id_) for id_ in double.copies),
        (lost.id, None),
    ]


def test_finished_packets_are_forgotten_beyond_the_limit_unfinished_never() -> None:
    gone: list[str] = []
    core = make(keep=2, forget=lambda submission: gone.append(submission.id))
    open_ = submit(core, "H14", notation="0/X")
    made = [submit(core, "H14", notation=f"{n}/X") for n in range(4)]
    for one in made:
        core.settle(SOUTH.id, one.copies[0], Settlement.DONE, START)
    assert gone == [made[0].id, made[1].id]
    assert [one.id for one in core.submissions()] == [made[3].id, made[2].id, open_.id]
    assert code_of(lambda: core.fetch(SOUTH.id, made[0].copies[0], START)) == "carrier-item-unknown"
    assert code_of(lambda: core.fetch(SOUTH.id, 2, START)) == "carrier-item-unknown"
    assert core.submission(made[0].id) is None
    assert core.events(made[0]) == core.copies_of(made[0]) == []
    assert [core.knows("H41", "H14", f"{n}/X") for n in range(4)] == [True, False, True, True]
    assert ids(core.pending(SOUTH.id, Kind.DOCUMENT)) == list(open_.copies)
    assert submit(core, "H14").copies[0] not in {open_.copies[0], *(one.copies[0] for one in made)}


def test_documents_are_known_again_statuses_are_not() -> None:
    core = make()
    submit(core, "H14", notation="07/TB", kind=Kind.STATUS)
    assert not core.knows("H41", "H14", "07/TB")
    submit(core, "H14", notation="07/TB")
    assert core.knows("H41", "H14", "07/TB")
    assert not core.knows("H41", "H14.12", "07/TB")


def test_what_the_axis_lost_it_does_not_know_again() -> None:
    """Else the sender would be told that it had been taken over, and nobody would ever get it."""
    core = make(keep=1)
    submit(core, "H14", notation="07/TB", lose=True)
    assert not core.knows("H41", "H14", "07/TB")
    [copy] = submit(core, "H14", notation="07/TB").copies
    core.settle(SOUTH.id, copy, Settlement.DONE, START)  # the lost one is forgotten
    assert core.knows("H41", "H14", "07/TB")
    submit(core, "H14", notation="08/TB", lose=True)  # and now that one
    assert not core.knows("H41", "H14", "07/TB")
    assert not core.knows("H41", "H14", "08/TB")


def test_ids_depend_on_the_seed_alone() -> None:
    one, same, other = (submit(make(seed=seed), "H14") for seed in ("", "", "b"))
    assert (one.id, one.copies) == (same.id, same.copies)
    assert one.id != other.id
    assert len(one.id) == 24
    assert one.id != one.copies[0]


def test_the_address_book_takes_in_changes_and_drops() -> None:
    core = make()
    day = datetime.timedelta(days=1)
    new = core.register(NORTH.id, Agency(code="H41.99", name="Mới", parent="000.00.00.H41", old_code="old"), START)
    assert (new.system, new.parent, new.version, new.modified) == (NORTH.id, "H41", 1, START)
    assert core.agency("old") == core.agency("H41.99") == new
    changed = core.register(NORTH.id, Agency(code="H41.99", name="Khác"), START + day)
    assert (changed.version, changed.id, changed.parent) == (2, new.id, None)
    assert core.agency("old") is None
    waiting = submit(core, "H41.99", sender="H14")
    core.remove(NORTH.id, "H41.99", START + 2 * day)
    assert core.agency("H41.99") is None
    assert [a.code for a in core.agencies(deleted=True) if a.deleted] == ["H41.99"]
    assert code_of(lambda: submit(core, "H41.99")) == "carrier-unknown-recipient"
    assert ids(core.pending(NORTH.id, Kind.DOCUMENT)) == list(waiting.copies)  # what waits is not lost
    again = core.register(SOUTH.id, Agency(code="H41.99", name="Nam"), START + 3 * day)
    assert (again.version, again.deleted, again.system) == (4, False, SOUTH.id)


def test_nobody_takes_a_code_of_another_system() -> None:
    core = make()
    for agency in (
        Agency(code="H14", name="x"),
        Agency(code="H55", name="x", old_code="H14"),
        Agency(code="000.00.00.H41", name="x"),
        Agency(code="H55", name="x", parent="H99"),
    ):
        assert code_of(lambda agency=agency: core.register(NORTH.id, agency, START)) == "carrier-refused"
    assert code_of(lambda: core.remove(NORTH.id, "H14", START)) == "carrier-unknown-sender"
    assert code_of(lambda: core.register("x", Agency(code="H55", name="x"), START)) == "carrier-credentials"
    assert len(core.agencies()) == 4


def test_a_registry_in_which_something_stands_twice_is_refused() -> None:
    for systems in ((NORTH, NORTH), (NORTH, System(id="b", secret="s", agencies=NORTH.agencies))):
        with pytest.raises(UsageError) as caught:
            AxisCore(systems)
        assert caught.value.code == "option-invalid"


def test_secrets_are_not_shown() -> None:
    assert "secret-north" not in repr(make().systems)
    assert "0900" not in repr(Agency(code="H1", name="x", mobile="0900"))
