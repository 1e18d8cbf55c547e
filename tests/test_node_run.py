"""The loop of a node through bad times: a store that is gone for long, at any moment, and at the end."""

from __future__ import annotations

import datetime
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest
from sqlalchemy import text

import services
from node_support import AXIS, FIRST, POLICY, SECOND, SENDER, World, declared, packet
from tcp_line import line
from test_node_attacks import odd
from vndoc.errors import ExchangeError, StoreError
from vndoc.node import FAILPOINTS, Event, EventKind, Node, Round
from vndoc.node.metrics import Metrics, exposition
from vndoc.node.policy import Unsure
from vndoc.store import Connection, OutboxState
from vndoc.testing.clock import FakeClock
from vndoc.testing.faulty import Fault, FaultyTransport, scripted
from vndoc.transport import Item, Kind

GONE = StoreError("store-unavailable", detail="x")


class Stop(threading.Event):
    """An event that is set after so many pauses, and remembers how long they were to be."""

    def __init__(self, pauses: int) -> None:
        super().__init__()
        self._left = pauses
        self.asked: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout or 0)
        if len(self.asked) >= self._left:
            self.set()
        return True


def failing(node: Node | type, monkeypatch: pytest.MonkeyPatch, name: str, error: StoreError) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(node, name, fail)


def test_a_store_that_is_gone_for_a_day_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    node = world.node(SENDER)
    failing(node, monkeypatch, "work", GONE)
    stop = Stop(1500)  # a minute each: a day and an hour
    node.run(stop)
    assert stop.asked[:4] == [0.2, 0.4, 0.8, 1.6]
    assert max(stop.asked) == stop.asked[-1] == 60


@pytest.mark.parametrize(("tries", "pauses"), [(3, [0.2, 0.4]), (1, []), (0, [])])
def test_a_store_that_is_gone_is_waited_for_as_often_as_is_wanted(
    world: World, monkeypatch: pytest.MonkeyPatch, tries: int, pauses: list[float]
) -> None:
    node = world.node(SENDER)
    failing(node, monkeypatch, "work", GONE)
    stop = Stop(100)
    with pytest.raises(StoreError) as caught:
        node.run(stop, tries=tries)
    assert (caught.value, stop.asked) == (GONE, pauses)


@pytest.mark.parametrize("point", ["take.fetched", "take.in-transaction", "take.committed", "settle.told"])
def test_a_database_that_is_gone_for_a_while_loses_nothing(tmp_path: Path, point: str) -> None:
    """A real server behind a line that breaks at *point* and is mended while the node runs on."""
    world = World(tmp_path, clock=FakeClock(step=datetime.timedelta(seconds=1)))
    sender, numbers = world.node(SENDER), range(1, 6)
    for number in numbers:
        sender.send(packet(number), not_secret=declared(packet(number), world.clock()))
    sender.work()
    with services.postgres_database() as url:
        parts = urlsplit(url)
        with line(parts.hostname or "", parts.port or 5432) as wire:
            met: Counter[str] = Counter()

            def reached(name: str) -> None:
                met[name] += 1
                if name == point and met[name] == 1:
                    wire.cut()
                    threading.Timer(1, wire.mend).start()

            def register(connection: Connection, event: Event) -> None:
                if event.kind is EventKind.RECEIVED:
                    connection.execute(text("INSERT INTO effects VALUES (:key)"), {"key": event.business_key})

            through = url.replace(f":{parts.port}/", f":{wire.port}/")
            receiver, stop = world.node(FIRST, url=through, reached=reached, in_transaction=register), threading.Event()
            with receiver.store.transaction() as unit:
                unit.connection.execute(text("CREATE TABLE effects (key TEXT)"))

            def each(done: Round) -> None:
                with receiver.store.reading() as unit:
                    over = unit.connection.execute(text("SELECT count(*) FROM inbox WHERE final")).scalar_one()
                if done.idle and over == len(numbers):
                    stop.set()

            guard = threading.Timer(60, stop.set)
            guard.start()
            receiver.run(stop, each=each)
            guard.cancel()
            with receiver.store.reading() as unit:
                effects = unit.connection.execute(text("SELECT key FROM effects ORDER BY key")).scalars().all()
            assert effects == [f"{SENDER}|2026|{number}/UBND-VP" for number in numbers]
            assert 'vndoc_store_failures_total{code="store-unavailable"}' in receiver.metrics()
            world.close()


def test_a_store_that_goes_between_two_rounds_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    node = world.node(SENDER)
    work, rounds = node.work, []

    def once(**how: Any) -> Any:
        done = work(**how)
        failing(type(node.store), monkeypatch, "reading", GONE)
        return done

    monkeypatch.setattr(node, "work", once)
    node.run(Stop(1), each=rounds.append)
    assert len(rounds) == 1
    assert 'vndoc_store_failures_total{code="store-unavailable"} 1' in node.metrics()


def test_a_store_that_is_gone_does_not_keep_a_node_from_stopping(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    node = world.node(SENDER)
    failing(node, monkeypatch, "work", GONE)
    failing(node, monkeypatch, "release", GONE)
    node.run(Stop(1))
    failing(node, monkeypatch, "release", StoreError("store-damaged", detail="x"))
    with pytest.raises(StoreError):
        node.run(Stop(1))


@pytest.mark.parametrize("unsure", Unsure)
@pytest.mark.parametrize("stops", [False, True])
def test_what_came_of_an_attempt_is_written_down_before_anything_is_given_back(
    world: World, unsure: Unsure, stops: bool
) -> None:
    """A store that goes just after a carrier took the message over, which does not recognise repetitions."""
    axis, stop = odd(world, SENDER), threading.Event()
    axis.deduplicates = False
    state = {"fails": 1}

    def reached(point: str) -> None:
        if point == "push.in-transaction" and state["fails"]:
            state["fails"] -= 1
            if stops:
                stop.set()
            raise GONE

    policy = attrs.evolve(POLICY, unsure=unsure)
    sender = world.node(SENDER, carrier=axis, policy=policy, reached=reached)
    sent = world.send(sender, packet())
    sender.run(stop, each=lambda _: stop.set())
    assert axis.calls.count("submit") == 1
    (row,) = sender.track(sent.business_key).messages
    assert (row.state, row.attempts, row.in_doubt) == (OutboxState.SENT, 1, False)
    assert sender.track(sent.business_key).deliveries[0].delivery == "submitted"


def test_what_was_taken_when_the_store_went_is_given_back_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = {"fails": 2}

    def reached(point: str) -> None:
        if point == "push.claimed" and state["fails"]:
            state["fails"] -= 1
            raise StoreError("store-full", detail="x")

    sender = world.node(SENDER, reached=reached)
    sender.send(packet(), not_secret=declared(packet(), world.clock()))
    rounds: list[int] = []
    sender.run(Stop(3), each=lambda done: rounds.append(done.sent))
    assert rounds[0] == 1  # the clock stands still: no lease is over


def test_what_came_is_tracked_as_what_was_sent_is(world: World) -> None:
    sender, receiver = world.node(SENDER), world.node(FIRST)
    sent = sender.send(packet(), not_secret=declared(packet(), world.clock()))
    sender.work()
    receiver.work()
    sender.work()
    went, came = sender.track(sent.business_key), receiver.track(sent.business_key, direction="in")
    assert (went.direction, came.direction) == ("out", "in")
    assert [row.receiver for row in came.lives] == [row.recipient for row in went.deliveries] == [FIRST]
    assert came.deliveries == ()
    with pytest.raises(ExchangeError):
        receiver.track(sent.business_key)
    assert (sender.own, sender.carriers) == ((SENDER,), ("axis",))


def test_points_of_progress_are_named_once() -> None:
    assert len(FAILPOINTS) == len(set(FAILPOINTS))


@pytest.mark.parametrize(
    ("value", "written"),
    [(1795710000.0, "1795710000"), (1795710000.125, "1795710000.125"), (12345678, "12345678"), (0.1, "0.1"), (0, "0")],
)
def test_numbers_of_metrics_are_not_rounded(value: float, written: str) -> None:
    metrics = Metrics()
    metrics.set("last_poll_timestamp_seconds", "axis", to=value)
    assert exposition([metrics.samples()]).splitlines()[-1].endswith(f'{{carrier="axis"}} {written}')


def test_events_of_one_transaction_are_told_in_the_order_in_which_they_happened(world: World) -> None:
    """Their time is the same, so that only their ids can keep the order."""
    told: list[EventKind] = []
    sender = world.node(SENDER, at_least_once=lambda event, _key: told.append(event.kind))
    receiver = world.node(FIRST)
    for number in range(1, 6):
        told.clear()
        sent = sender.send(packet(number), not_secret=declared(packet(number), world.clock()))
        for node in (sender, receiver) * 3:
            node.work()
        sender.take_back(sent.business_key, reason="Gửi nhầm")
        for node in (sender, receiver) * 2:
            node.work()
        with receiver.store.reading() as unit:
            (request,) = unit.lives.sagas("in", sent.business_key)
        receiver.answer(request.id, agree=True)
        for node in (receiver, sender) * 2:
            node.work()
        assert told == [
            EventKind.DELIVERED,
            EventKind.STATUS,
            EventKind.DOCUMENT_FROZEN,
            EventKind.CHANGE_ANSWERED,
            EventKind.CHANGE_CLOSED,
        ]


def test_a_round_counts_hooks_that_failed_and_copies_taken_in_later(world: World) -> None:
    down = [True]

    def hook(*_: object) -> None:
        if down[0]:
            raise OSError("the office system is down")

    sender = world.node(SENDER)
    first, second = world.node(FIRST, in_transaction=hook), world.node(SECOND, at_least_once=hook)
    world.send(sender, packet(1, FIRST, SECOND))
    assert sender.work().failures == 0
    done = first.work()
    assert (done.received, done.failures) == (0, 1), "the copy is kept, and waits"
    done = second.work()
    assert (done.received, done.failures) == (1, done.events)
    assert done.events > 0
    down[0] = False
    world.clock.advance(datetime.timedelta(hours=1))
    done = first.work()
    assert (done.received, done.settled, done.failures) == (1, 1, 0), "one that was kept before counts as well"
    assert second.work().failures == 0


def test_a_round_counts_each_call_to_a_carrier_that_failed(world: World) -> None:
    faults = scripted(Fault.LOST_BEFORE, call="submit")
    sender = world.node(SENDER, carrier=FaultyTransport(world.axis.transport(SENDER, name=AXIS), faults))
    faults = scripted(Fault.LOST_BEFORE, Fault.LOST_BEFORE, call="settle")
    receiver = world.node(FIRST, carrier=FaultyTransport(world.axis.transport(FIRST, name=AXIS), faults))
    world.send(sender, packet(1))
    done = sender.work()
    assert (done.sent, done.postponed, done.failures) == (0, 1, 1)
    world.clock.advance(datetime.timedelta(hours=1))
    assert (sender.work().failures, receiver.work().failures) == (0, 1)
    world.clock.advance(datetime.timedelta(hours=1))
    assert [receiver.work().failures, receiver.work().failures] == [1, 0]


def test_an_axis_that_offers_again_what_is_done_and_cannot_be_told(world: World) -> None:
    class Forgetful(FaultyTransport):
        def pending(self, kind: Kind) -> Iterator[Item]:
            yield from seen if kind is Kind.DOCUMENT else ()

    sender, plain = world.node(SENDER), world.axis.transport(FIRST, name=AXIS)
    world.send(sender, packet(1))
    sender.work()
    seen = list(plain.pending(Kind.DOCUMENT))
    receiver = world.node(FIRST, carrier=Forgetful(plain, scripted(Fault.NONE, Fault.LOST_BEFORE, call="settle")))
    assert [receiver.work().failures for _ in range(3)] == [0, 1, 0]
