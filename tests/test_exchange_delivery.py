"""Delivery to one recipient: every state and every event, deadlines, and what holds whatever happens."""

from __future__ import annotations

import datetime

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from exchange_support import AT, DAY, HOUR, MINUTE, PATHS, delivery_in, inputs, started, unless
from vndoc.errors import ERRORS as KNOWN
from vndoc.errors import ExchangeError, OwnFaultError, PeerFaultError, Retry, UsageError
from vndoc.exchange import (
    REPAIRABLE,
    Accepted,
    Arrived,
    Cancelled,
    Claimed,
    ClearDeadline,
    DeadlineKind,
    Delivery,
    DeliveryPolicy,
    DeliveryState,
    Due,
    Interrupted,
    KeepReceipt,
    Notify,
    OwnFault,
    PeerFailed,
    PeerFault,
    Postponed,
    RecordConflict,
    Renewed,
    Repeated,
    SetDeadline,
    Topic,
    fault_of,
)

GRID = """
              queued submitting uncertain held      submitted arrived refused failed expired cancelled
claim         submitting x      x         x         x         f       f       f      f       f
renew         x      submitting x         x         x         f       f       f      f       f
postpone      queued queued     x         x         x         arrived f       f      f       f
accept        x      submitted  submitted x         submitted arrived refused failed expired f
refuse        x      refused    refused   x         refused   arrived f       f      f       f
own-hold      x      held       x         x         x         arrived f       f      f       f
own-fail      x      failed     failed    x         x         arrived f       f      f       f
peer-safe     x      queued     x         x         x         arrived f       f      f       f
peer-unknown  x      uncertain  x         x         x         arrived f       f      f       f
peer-never    x      failed     failed    x         x         arrived f       f      f       f
interrupt     x      uncertain  x         x         x         arrived f       f      f       f
repeat        x      x          queued    x         x         f       f       f      f       f
give-up       x      failed     failed    x         x         arrived f       f      f       f
release       x      x          x         queued    x         f       f       f      f       f
arrive        arrived arrived   arrived   arrived   arrived   arrived refused failed expired cancelled
due           n      n          n         n         n         n       n       n      n       n
cancel        cancelled x       late      cancelled x         f       f       f      f       f
"""
ERRORS = {"x": "event-not-allowed", "f": "state-is-final", "n": "not-due", "late": "cancel-too-late"}
STATES, *ROWS = (line.split() for line in GRID.strip().splitlines())
CELLS = [(state, row[0], wanted) for row in ROWS for state, wanted in zip(STATES, row[1:], strict=True)]


def test_the_grid_is_whole() -> None:
    assert STATES == [state.value for state in DeliveryState] == list(PATHS)
    assert [row[0] for row in ROWS] == list(inputs(AT))


@pytest.mark.parametrize(("state", "name", "wanted"), CELLS)
def test_every_event_in_every_state(state: str, name: str, wanted: str) -> None:
    before = delivery_in(state)
    event = inputs(AT)[name]
    if wanted in ERRORS:
        with pytest.raises(ExchangeError) as caught:
            before.apply(event)
        assert caught.value.code == ERRORS[wanted]
        return
    after, effects = before.apply(event)
    assert after.state.value == wanted
    assert (after.message_id, after.recipient, after.expires_at) == ("M1", "H41", AT + 2 * DAY)
    if before.is_final:
        assert after == before
        assert not {type(effect) for effect in effects} & {SetDeadline, ClearDeadline}


@pytest.mark.parametrize("state", [s for s in STATES if s not in {"submitting", *["arrived", "refused", "failed"]}])
def test_the_lifetime_ends_every_state_that_waits(state: str) -> None:
    before = delivery_in(state)
    if before.is_final:
        assert before.due_at(AT + 9 * DAY) is None
        return
    assert before.due_at(AT + 2 * DAY) is DeadlineKind.EXPIRY
    after, effects = before.apply(Due(AT + 2 * DAY))
    assert after.state is DeliveryState.EXPIRED
    assert effects == (Notify(Topic.NOT_DELIVERED, effects[0].code, "H41"), ClearDeadline())


def test_the_lifetime_never_ends_an_attempt_under_way() -> None:
    delivery = started(life=MINUTE).apply(Claimed(AT, "w", AT + HOUR))[0]
    assert delivery.due_at(AT + 30 * MINUTE) is None
    assert delivery.due_at(AT + HOUR) is DeadlineKind.LEASE
    after, effects = delivery.apply(Due(AT + HOUR))
    assert after.state is DeliveryState.UNCERTAIN
    assert after.doubtful
    assert effects[-1] == SetDeadline(DeadlineKind.EXPIRY, AT + MINUTE)


def test_an_attempt_after_the_lifetime_is_refused() -> None:
    delivery = started(life=MINUTE)
    assert delivery.apply(Claimed(AT + MINUTE - datetime.timedelta(microseconds=1), "w", AT + HOUR))
    with pytest.raises(ExchangeError, match="lifetime-over"):
        delivery.apply(Claimed(AT + MINUTE, "w", AT + HOUR))


def test_what_is_due_and_when() -> None:
    delivery = started()
    assert delivery.due_at(AT - MINUTE) is None
    assert delivery.due_at(AT) is DeadlineKind.ATTEMPT
    claimed, effects = delivery.apply(Claimed(AT, "w", AT + MINUTE))
    assert effects == (SetDeadline(DeadlineKind.LEASE, AT + MINUTE),)
    assert (claimed.owner, claimed.attempts) == ("w", 1)
    renewed, effects = claimed.apply(Renewed(AT, AT + 2 * MINUTE))
    assert effects == (SetDeadline(DeadlineKind.LEASE, AT + 2 * MINUTE),)
    assert renewed.owner == "w"
    policy = DeliveryPolicy(arrival_within=3 * HOUR)
    submitted, effects = renewed.apply(Accepted(AT, "T9"), policy)
    assert effects == (KeepReceipt("T9", AT), SetDeadline(DeadlineKind.ARRIVAL, AT + 3 * HOUR))
    assert (submitted.owner, submitted.transport_id) == ("", "T9")
    overdue, effects = submitted.apply(Due(AT + 3 * HOUR))
    assert effects == (Notify(Topic.OVERDUE, "submitted", "H41"), SetDeadline(DeadlineKind.EXPIRY, AT + 2 * DAY))
    again, effects = overdue.apply(Accepted(AT + 4 * HOUR, "T9"), policy)
    assert (again, effects) == (overdue, (KeepReceipt("T9", AT + 4 * HOUR),))
    arrived, effects = overdue.apply(Arrived(AT + 5 * HOUR))
    assert effects == (Notify(Topic.DELIVERED, "arrived", "H41"), ClearDeadline())
    assert (arrived.next_at, arrived.due_kind) == (None, None)


def test_a_deadline_is_cut_to_the_lifetime() -> None:
    delivery = started(life=MINUTE)
    submitted = delivery.apply(Claimed(AT, "w", AT + HOUR))[0].apply(Accepted(AT, "T"))[0]
    assert (submitted.due_kind, submitted.next_at) == (DeadlineKind.EXPIRY, AT + MINUTE)
    none_left = Delivery.start("M", "H", at=AT, expires_at=AT)[0]
    assert none_left.due_at(AT) is DeadlineKind.EXPIRY


def test_a_postponed_attempt_is_not_counted() -> None:
    claimed = started().apply(Claimed(AT, "w", AT + MINUTE))[0]
    back, effects = claimed.apply(Postponed(AT, AT + HOUR))
    assert (back.attempts, back.owner, back.message_id) == (0, "", "M1")
    assert effects == (SetDeadline(DeadlineKind.ATTEMPT, AT + HOUR),)
    assert back.apply(Postponed(AT, AT + 2 * HOUR))[0].attempts == 0


def test_attempts_end_where_the_policy_says() -> None:
    delivery, policy = started(), DeliveryPolicy(attempts=2)
    event = inputs(AT)["peer-safe"]
    first = delivery.apply(inputs(AT)["claim"])[0].apply(event, policy)[0]
    assert first.state is DeliveryState.QUEUED
    assert first.fault == PeerFault("carrier-unreachable", Retry.SAFE)
    last, effects = first.apply(inputs(AT)["claim"])[0].apply(event, policy)
    assert last.state is DeliveryState.FAILED
    assert effects == (Notify(Topic.NOT_DELIVERED, "carrier-unreachable", "H41"), ClearDeadline())


def test_an_unknown_outcome_makes_cancelling_a_matter_of_recall() -> None:
    doubtful = delivery_in("uncertain").apply(Repeated(AT))[0]
    assert (doubtful.state, doubtful.doubtful) == (DeliveryState.QUEUED, True)
    with pytest.raises(ExchangeError, match="cancel-too-late"):
        doubtful.apply(Cancelled(AT))
    arrived = doubtful.apply(Arrived(AT))[0]
    with pytest.raises(ExchangeError, match="state-is-final"):
        arrived.apply(Cancelled(AT))


def test_an_uncertain_outcome_is_asked_about_once_and_then_expires() -> None:
    uncertain, effects = delivery_in("submitting").apply(Interrupted(AT), DeliveryPolicy(resolve_within=MINUTE))
    assert effects == (Notify(Topic.UNCERTAIN, "uncertain", "H41"), SetDeadline(DeadlineKind.RESOLVE, AT + MINUTE))
    still, effects = uncertain.apply(Due(AT + MINUTE))
    assert still.state is DeliveryState.UNCERTAIN
    assert effects == (Notify(Topic.OVERDUE, "uncertain", "H41"), SetDeadline(DeadlineKind.EXPIRY, AT + 2 * DAY))


def test_what_comes_after_the_end_is_kept_and_told() -> None:
    _, effects = delivery_in("expired").apply(Arrived(AT + 3 * DAY))
    keys = (("message_id", "M1"), ("recipient", "H41"), ("state", "expired"), ("event", "arrive"))
    assert effects == (RecordConflict("outcome-contradicts", keys), Notify(Topic.LATE, "expired", "H41"))
    _, effects = delivery_in("failed").apply(Accepted(AT, "T2"))
    assert effects[0] == KeepReceipt("T2", AT)
    assert isinstance(effects[1], RecordConflict)


def test_own_faults_of_the_settings_hold_and_others_end() -> None:
    for code in REPAIRABLE:
        assert code in KNOWN
        assert OwnFault(code).is_repairable
    assert not OwnFault("carrier-refused").is_repairable
    held = delivery_in("held")
    assert (held.due_kind, held.next_at) == (DeadlineKind.EXPIRY, AT + 2 * DAY)


def test_waits_grow_up_to_the_longest() -> None:
    policy = DeliveryPolicy(first_wait=2 * MINUTE, growth=3, longest_wait=HOUR)
    assert [policy.wait(n) / MINUTE for n in (1, 2, 3, 4, 5, 10**9)] == [2, 6, 18, 54, 60, 60]
    assert policy.wait(1, 0) == MINUTE
    assert policy.wait(1, -5) == MINUTE
    assert policy.wait(1, 7) == 2 * MINUTE
    assert policy.wait(1, float("nan")) == MINUTE
    assert DeliveryPolicy(growth=10).wait(10**9) == 20 * MINUTE
    claimed = started().apply(inputs(AT)["claim"])[0]
    event = PeerFailed(AT, PeerFault("carrier-timeout", Retry.SAFE), jitter=0)
    assert claimed.apply(event, policy)[0].next_at == AT + MINUTE


@pytest.mark.parametrize(
    "given",
    [
        {"attempts": 0},
        {"growth": 0.9},
        {"growth": 10.1},
        {"growth": float("nan")},
        {"first_wait": datetime.timedelta(0)},
        {"longest_wait": -HOUR},
        {"arrival_within": datetime.timedelta(0)},
        {"resolve_within": datetime.timedelta(0)},
    ],
)
def test_policies_that_make_no_sense(given: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="option-invalid"):
        DeliveryPolicy(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [datetime.datetime(2026, 1, 1), datetime.date(2026, 1, 1), "2026-01-01"])  # noqa: DTZ001
def test_times_are_aware(bad: object) -> None:
    with pytest.raises(UsageError) as caught:
        Arrived(bad)  # type: ignore[arg-type]
    assert caught.value.code in {"time-zone-missing", "option-invalid"}


def test_times_at_the_edge_of_the_calendar() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=-7))
    with pytest.raises(UsageError, match="option-invalid"):
        Arrived(datetime.datetime.max.replace(tzinfo=zone))
    last = datetime.datetime.max.replace(tzinfo=datetime.UTC)
    delivery = Delivery.start("M", "H", at=last, expires_at=last)[0]
    assert delivery.next_at == last
    claimed = attrs.evolve(delivery, state=DeliveryState.SUBMITTING)
    assert claimed.apply(Accepted(last, "T"))[0].next_at == last
    hanoi = datetime.timezone(datetime.timedelta(hours=7))
    assert Arrived(AT.astimezone(hanoi)).at.tzinfo is datetime.UTC


def test_faults_of_carriers_become_values() -> None:
    peer = fault_of(PeerFaultError("carrier-failed", carrier="vxp", detail="{x} 012345678901", retry=Retry.UNKNOWN))
    assert peer == PeerFault("carrier-failed", Retry.UNKNOWN)
    assert peer.text() == "vxp reports a fault: {x} *********901."
    assert peer.text("vi") == "vxp báo lỗi: {x} *********901."
    own = fault_of(OwnFaultError("carrier-credentials", carrier="vxp", detail="y" * 900))
    assert own == OwnFault("carrier-credentials")
    assert len(own.text()) < 500
    assert own.text("vi").startswith("vxp từ chối")


class Deliveries(RuleBasedStateMachine):
    """Any events at any times: what must hold, holds."""

    @initialize(life=st.integers(0, 200), attempts=st.none() | st.integers(1, 3))
    def start(self, life: int, attempts: int | None) -> None:
        self.at = AT
        self.policy = DeliveryPolicy(attempts=attempts, arrival_within=HOUR)
        self.delivery, self.effects = Delivery.start("M1", "H41", at=AT, expires_at=AT + life * MINUTE)
        self.told: list[Topic] = []
        self.deadline: tuple[DeadlineKind, datetime.datetime] | None = None
        self.end: Delivery | None = None
        self.follow()

    def follow(self) -> None:
        for effect in self.effects:
            if isinstance(effect, SetDeadline):
                self.deadline = (effect.kind, effect.at)
            elif isinstance(effect, ClearDeadline):
                self.deadline = None
            elif isinstance(effect, Notify):
                self.told.append(effect.topic)

    @rule(name=st.sampled_from(sorted(inputs(AT))), minutes=st.integers(0, 90))
    def event(self, name: str, minutes: int) -> None:
        self.at += minutes * MINUTE
        event = inputs(self.at)[name]
        done = unless({*ERRORS.values(), "lifetime-over"}, lambda: self.delivery.apply(event, self.policy))
        if done is not None:
            self.delivery, self.effects = done
            self.follow()

    @invariant()
    def what_is_final_stays(self) -> None:
        if self.end is not None:
            assert self.delivery == self.end
        elif self.delivery.is_final:
            self.end = self.delivery

    @invariant()
    def every_state_that_is_not_final_has_a_deadline(self) -> None:
        delivery = self.delivery
        assert (delivery.next_at is None) == (delivery.due_kind is None) == delivery.is_final
        assert self.deadline == (None if delivery.is_final else (delivery.due_kind, delivery.next_at))
        assert bool(delivery.owner) == (delivery.state is DeliveryState.SUBMITTING)
        if delivery.due_kind not in {None, DeadlineKind.LEASE}:
            assert delivery.next_at is not None
            assert delivery.next_at <= delivery.expires_at

    @invariant()
    def the_end_is_told_once(self) -> None:
        ends = {DeliveryState.ARRIVED: Topic.DELIVERED, DeliveryState.CANCELLED: None}
        told = [topic for topic in self.told if topic in {Topic.DELIVERED, Topic.NOT_DELIVERED}]
        wanted = ends.get(self.delivery.state, Topic.NOT_DELIVERED) if self.delivery.is_final else None
        assert told == ([] if wanted is None else [wanted])

    @invariant()
    def attempts_keep_to_the_policy(self) -> None:
        if self.policy.attempts is not None and not self.delivery.doubtful:
            assert self.delivery.attempts <= self.policy.attempts


@pytest.mark.long
def test_many_deliveries() -> None:
    run_state_machine_as_test(Deliveries, settings=settings(max_examples=5000, stateful_step_count=60))


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(max_examples=80, stateful_step_count=25)


@given(st.lists(st.tuples(st.sampled_from(sorted(inputs(AT))), st.integers(0, 60)), max_size=12))
def test_the_same_events_give_the_same_delivery(names: list[tuple[str, int]]) -> None:
    def run() -> list[object]:
        at, delivery, seen = AT, started(), list[object]()
        for name, minutes in names:
            at += minutes * MINUTE
            try:
                delivery, effects = delivery.apply(inputs(at)[name])
            except ExchangeError as error:
                seen.append(error.code)
            else:
                seen.append((delivery, effects))
        return seen

    assert run() == run()
