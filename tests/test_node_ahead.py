"""Copies that are fetched before their turn: the same copies, the same order, each once, and nothing lost by it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node_support import FIRST, POLICY, SENDER, World, packet
from vndoc.errors import PeerFaultError, StoreError
from vndoc.node import Node, _ahead
from vndoc.node._ahead import Ahead
from vndoc.store import FolderBlobs, InboxState
from vndoc.transport import Features, Item, Kind, MemoryTransport
from vndoc.transport.content import Fetched

AHEAD = attrs.evolve(POLICY, ahead=3)


@pytest.fixture(autouse=True)
def _every_copy_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ahead, "_SLOW", -1.0)


class RefusedError(Exception):
    pass


@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), max_size=12),
    st.integers(0, 5),
    st.integers(0, 12),
)
def test_each_gets_its_own(plan: list[tuple[bool, bool]], most: int, stop: int) -> None:
    """For each key: whether it is asked for, and whether getting it fails; the caller gives up after *stop* keys."""
    keys = [[number] for number in range(len(plan))]  # lists: one is not another
    begun: list[int] = []
    asked = -1

    def get(key: list[int]) -> int:
        begun.append(key[0])
        assert key[0] <= asked + most + 1 or not all(wanted for wanted, _ in plan)
        if plan[key[0]][1]:
            raise RefusedError(key[0])
        return key[0]

    with Ahead(get, keys, most) as ahead:
        for key, (wanted, fails) in list(zip(keys, plan, strict=True))[:stop]:
            if not wanted:
                continue
            asked = key[0]
            if fails:
                with pytest.raises(RefusedError, match=str(key[0])):
                    ahead(key)
            else:
                assert ahead(key) == key[0]
    assert len(begun) == len(set(begun))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("vndoc-ahead")]


def test_what_is_quick_needs_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_ahead, "_SLOW", 60.0)
    threads = set()

    def get(key: int) -> int:
        threads.add(threading.get_ident())
        return key

    with Ahead(get, keys := list(range(20)), 4) as ahead:
        assert [ahead(key) for key in keys] == keys
    assert threads == {threading.get_ident()}


def test_several_are_got_at_once_and_no_more_than_that() -> None:
    now, most, lock = 0, 0, threading.Lock()

    def get(key: int) -> int:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.005)
        with lock:
            now -= 1
        return key

    with Ahead(get, keys := list(range(30)), 4) as ahead:
        assert [ahead(key) for key in keys] == keys
    assert most == 4


# -- in the node ---------------------------------------------------------------------------------------


class Watched(MemoryTransport):
    """A carrier that notes in which thread what is fetched, and fails where it is told to."""

    def __init__(self, inner: MemoryTransport, *, concurrent: bool = True) -> None:
        self.__dict__.update(inner.__dict__)
        self.fetched: list[tuple[str, bool]] = []
        self.settled: list[str] = []
        self.fails: Callable[[Item], bool] = lambda _: False
        self._features = attrs.evolve(super().features, concurrent=concurrent)

    @property
    def features(self) -> Features:
        return self._features

    def fetch(self, item: Item) -> Fetched:
        self.fetched.append((item.id, threading.current_thread() is threading.main_thread()))
        if self.fails(item):
            raise PeerFaultError("carrier-unreachable", carrier=self.name)
        return super().fetch(item)

    def settle(self, item: Item, settlement: Any) -> None:
        self.settled.append(item.id)
        super().settle(item, settlement)


def sent(world: World, count: int) -> None:
    node = world.node(SENDER)
    for number in range(1, count + 1):
        world.send(node, packet(number))
    while node.push()["axis"].claimed:
        pass


def receiver(world: World, *, concurrent: bool = True, **options: Any) -> tuple[Node, Watched]:
    carrier = Watched(world.axis.transport(FIRST, name="axis"), concurrent=concurrent)
    return world.node(FIRST, carrier=carrier, policy=options.pop("policy", AHEAD), **options), carrier


def numbers(node: Node) -> list[str]:
    with node.store.reading() as unit:
        rows = unit.inbox.list(limit=1000).rows
    assert {row.state for row in rows} <= {InboxState.SETTLED}
    return [row.transport_id for row in rows]


@pytest.mark.parametrize("concurrent", [True, False])
def test_all_are_taken_in_in_order(world: World, *, concurrent: bool) -> None:
    sent(world, 20)
    node, carrier = receiver(world, concurrent=concurrent)
    taken = node.poll()["axis"]
    assert (taken.kept, taken.decided, taken.settled, taken.failed) == (20, 20, 20, 0)
    order = numbers(node)  # ids sort by the time at which a copy was kept
    assert order == carrier.settled
    assert sorted(item for item, _ in carrier.fetched) == sorted(order)
    assert any(not here for _, here in carrier.fetched) is concurrent


def test_what_cannot_be_fetched_is_fetched_later(world: World) -> None:
    sent(world, 12)
    node, carrier = receiver(world, policy=attrs.evolve(AHEAD, breaker_after=100))
    first = [item.id for item in carrier.pending(Kind.DOCUMENT)]
    bad = set(first[::3])
    carrier.fails = lambda item: item.id in bad
    taken = node.poll()["axis"]
    assert (taken.decided, taken.failed) == (8, 4)
    carrier.fails = lambda _: False
    assert node.poll()["axis"].decided == 4
    assert sorted(numbers(node)) == sorted(first)


def test_a_carrier_that_fails_is_left_alone_soon(world: World) -> None:
    sent(world, 40)
    node, carrier = receiver(world)
    seen = 0

    def fails(_: Item) -> bool:
        nonlocal seen
        seen += 1
        return seen > 5

    carrier.fails = fails
    node.poll()
    assert len(carrier.fetched) <= 5 + AHEAD.breaker_after + AHEAD.ahead
    world.clock.advance(AHEAD.breaker_longest)
    carrier.fails = lambda _: False
    world.settle()
    assert len(numbers(node)) == 40


def test_a_store_that_is_full_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sent(world, 10)
    node, _ = receiver(world)
    put, count = FolderBlobs.put, 0

    def full(self: FolderBlobs, octets: Any) -> Any:
        nonlocal count
        count += 1
        if count == 4:
            raise StoreError("blob-full")
        return put(self, octets)

    with monkeypatch.context() as patched:
        patched.setattr(FolderBlobs, "put", full)
        with pytest.raises(StoreError) as caught:
            node.poll()
    assert caught.value.code == "blob-full"
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("vndoc-ahead")]
    node.release()
    world.settle()
    assert len(numbers(node)) == 10


class Died(BaseException):
    pass


def test_a_death_in_a_thread_is_the_death_of_the_node(world: World) -> None:
    sent(world, 10)
    points = 0

    def reached(point: str) -> None:
        nonlocal points
        points += point == "store.kept"
        if points == 6:
            points += 1
            raise Died

    node, _ = receiver(world, reached=reached)
    with pytest.raises(Died):
        node.poll()
    world.clock.advance(AHEAD.lease)
    again, _ = receiver(world)
    world.settle()
    assert len(numbers(again)) == 10


def test_the_same_copy_listed_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An axis that lists a copy twice on one page, and fails to give it the first time."""
    sent(world, 6)
    node, carrier = receiver(world, policy=attrs.evolve(AHEAD, breaker_after=100))
    pending = MemoryTransport.pending

    def doubled(self: MemoryTransport, kind: Any) -> Iterator[Item]:
        for item in pending(self, kind):
            yield item
            yield attrs.evolve(item)

    monkeypatch.setattr(MemoryTransport, "pending", doubled)
    tried: set[str] = set()

    def fails(item: Item) -> bool:
        return item.id not in tried and not tried.add(item.id)  # type: ignore[func-returns-value]

    carrier.fails = fails
    node.poll()
    world.settle()
    with node.store.reading() as unit:
        rows = unit.inbox.list(limit=100).rows
    assert len({row.transport_id for row in rows}) == len(rows) == 6
    assert len({row.packet for row in rows}) == 6
    assert len({row.business_key for row in rows}) == 6
