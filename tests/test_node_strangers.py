"""Carriers and hooks of others that break their word: what they say is looked at, and stops nothing else."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import attrs
import pytest

import services
from node_support import FIRST, POLICY, SECOND, SENDER, THIRD, World, organization, packet, table
from test_node_attacks import MINUTE, Odd, copies, odd, put, raising, url_of
from vndoc.errors import StoreError, UsageError
from vndoc.exchange import LifeEvent
from vndoc.node import Event, Node
from vndoc.store import InboxState, OutboxState
from vndoc.transport import Item, Kind, Outgoing, Receipt, Refusal


def spoilt_receipts() -> dict[str, dict[str, Any]]:
    refused = Refusal(recipient=SECOND, code="carrier-unknown-recipient")
    return {
        "a time without zone": {"accepted_at": datetime.datetime(2026, 3, 2, 8, 0)},  # noqa: DTZ001 - that is the point
        "no time": {"accepted_at": None},
        "no id": {"transport_id": None},
        "no list": {"accepted": None},
        "text for octets": {"raw": "{}"},
        "no octets": {"raw": None},
        "refused by nobody": {"refused": (attrs.evolve(refused, recipient=None),)},
    }


@pytest.mark.parametrize("spoilt", spoilt_receipts())
def test_a_receipt_that_is_none_leaves_the_outcome_unknown_and_stops_nothing(world: World, spoilt: str) -> None:
    line = odd(world, SENDER)
    line.deduplicates = False
    real = line.inner

    def submit(sent: Outgoing, recipients: Sequence[str]) -> Receipt:
        receipt = real.submit(sent, recipients)
        return attrs.evolve(receipt, **spoilt_receipts()[spoilt]) if sent.message_id == first else receipt

    line.submit = submit  # type: ignore[method-assign]
    sender = world.node(SENDER, carrier=line)
    one, two = (world.send(sender, packet(number)) for number in (1, 2))
    (row,) = sender.track(one.business_key).messages
    first = row.message_id
    sender.push()
    states = [sender.track(sent.business_key).messages[0].state for sent in (one, two)]
    assert states == [OutboxState.UNSURE, OutboxState.SENT]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_odd_texts_in_a_receipt_are_kept_as_far_as_they_can_be(world: World, database: str) -> None:
    line = odd(world, SENDER)
    real = line.inner

    def submit(sent: Outgoing, recipients: Sequence[str]) -> Receipt:
        receipt = real.submit(sent, recipients)
        refusal = Refusal(recipient=SECOND, code="của riêng", detail="a\0\ud800")
        odd_values: dict[str, Any] = {"transport_id": numbers.pop(), "accepted": [FIRST], "raw": bytearray(b"\xff")}
        return attrs.evolve(receipt, **odd_values, refused=[refusal])

    line.submit = submit  # type: ignore[method-assign]
    numbers: list[Any] = [7, "a\0\ud800", "x" * 9000]
    with url_of(database) as url:
        sender = world.node(SENDER, carrier=line, url=url)
        for number in range(1, 4):
            sent = world.send(sender, packet(number, FIRST, SECOND))
            sender.push()
            tracked = sender.track(sent.business_key)
            assert [row.delivery for row in tracked.deliveries] == ["submitted", "refused"]
            assert tracked.messages[0].state is OutboxState.SENT
        world.stores.pop().close()


SPOILT_ITEMS: dict[str, Any] = {
    "nothing": None,
    "a text": "m1",
    "no id": {"id": None},
    "a number for an id": {"id": 7},
    "a text for the kind": {"kind": "edoc"},
    "a number for the sender": {"sender": 7},
    "octets beside it": {"extra": {"etag": b"x"}},
    "nothing beside it": {"extra": None},
}


@pytest.mark.parametrize("spoilt", SPOILT_ITEMS)
def test_an_item_that_is_none_stops_none_of_the_others(world: World, spoilt: str) -> None:
    line = odd(world, FIRST)
    put(world, packet(1), "m1")
    put(world, packet(2), "m2")
    real, change = line.inner, SPOILT_ITEMS[spoilt]

    def pending(kind: Kind) -> Iterator[Any]:
        for number, item in enumerate(real.pending(kind)):
            yield item if number else attrs.evolve(item, **change) if isinstance(change, dict) else change

    line.pending = pending  # type: ignore[method-assign]
    receiver = world.node(FIRST, carrier=line)
    done = receiver.work()
    assert (done.received, done.failures) == (1, 1)
    assert [copy.outcome for copy in copies(receiver)] == ["new"]


@pytest.mark.parametrize("call", ["pending", "fetch", "settle"])
def test_an_error_of_ours_that_is_none_of_a_carrier_is_nonsense(world: World, call: str) -> None:
    """A carrier that reads packets, or checks options, may raise what it got from there."""
    error = UsageError("option-invalid", detail="x")
    receiver = world.node(FIRST, carrier=odd(world, FIRST, before={call: raising(error, 1)}))
    put(world, packet(1), "m1")
    receiver.work()
    world.clock.advance(11 * MINUTE)
    receiver.work()
    assert [copy.outcome for copy in copies(receiver)] == ["new"]
    assert 'code="carrier-nonsense"' in receiver.metrics()


@pytest.mark.parametrize("code", ["blob-missing", "row-unknown", "store-failed", "lease-lost"])
def test_an_error_of_the_store_that_a_hook_raises_is_its_own(world: World, code: str) -> None:
    """Such as that of a hook that looks for a content which is purged: it concerns this event and no other."""
    told: list[str] = []

    def hook(event: Event, _key: str) -> None:
        if event.business_key == bad:
            raise StoreError(code, detail="x", name="x")
        told.append(event.business_key)

    bad = ""
    receiver = world.node(FIRST, at_least_once=hook)
    put(world, packet(1), "m1")
    put(world, packet(2), "m2")
    receiver.poll()
    with receiver.store.reading() as unit:
        bad, good = (document.business_key for document in unit.documents.list().rows)
    receiver.work()
    assert told == [good]
    bad = ""
    world.clock.advance(11 * MINUTE)
    receiver.work()
    assert len(told) == 2


@pytest.mark.parametrize("call", ["push", "act", "send", "work"])
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_hook_that_writes_by_the_node_does_not_wait_for_itself(world: World, database: str, call: str) -> None:
    """What it wrote so would stay although the transaction of the hook is undone: it is refused, at once."""
    with services.postgres_database() if database == "postgresql" else nullcontext() as url:
        found: list[str] = []
        on, other = [True], packet(9, SENDER, sender=FIRST)

        def hook(_connection: Any, event: Any) -> None:
            if on[0]:
                try:
                    {
                        "push": receiver.push,
                        "work": receiver.work,
                        "send": lambda: world.send(receiver, other),
                        "act": lambda: receiver.act(event.business_key, FIRST, LifeEvent.ACCEPT),
                    }[call]()
                except StoreError as error:
                    found.append(error.code)
                    raise

        receiver = world.node(FIRST, url=url, in_transaction=hook)
        put(world, packet(1), "m1")
        worker = threading.Thread(target=receiver.work, daemon=True)
        worker.start()
        worker.join(8)
        assert not worker.is_alive()
        assert found == ["store-within"]
        assert [row.state for row in copies(receiver)] == [InboxState.KEPT]
        on[0] = False
        world.clock.advance(11 * MINUTE)
        receiver.work()
        assert [row.state for row in copies(receiver)] == [InboxState.SETTLED]
        if database == "postgresql":
            world.stores.pop().close()


def test_closing_a_node_closes_everything_whatever_a_carrier_raises(world: World) -> None:
    closed: list[str] = []
    lines: dict[str, Odd] = {}
    for name in ("one", "two"):
        lines[name] = Odd(world.axis.transport(SENDER, name=name))
    lines["two"].close = raising(ZeroDivisionError())  # type: ignore[method-assign]
    lines["one"].close = lambda: closed.append("one")  # type: ignore[method-assign]
    store = world.node(FIRST).store
    node = Node(store, lines, table(), None, POLICY, own={SENDER: organization(SENDER)})
    with pytest.raises(ZeroDivisionError):
        node.close()
    assert closed == ["one"]


def test_a_status_under_the_id_of_a_document_is_not_told_as_done(world: World) -> None:
    """Some axes count them apart; what was never fetched must not be taken off the list."""
    line = odd(world, FIRST)
    put(world, packet(1), "m1")
    receiver = world.node(FIRST, carrier=line)
    receiver.work()
    (copy,) = copies(receiver)
    twin = Item(id=copy.transport_id, kind=Kind.STATUS)
    line.pending = lambda kind: iter([twin] if kind is Kind.STATUS else [])  # type: ignore[method-assign]
    line.calls.clear()
    assert receiver.work().failures == 1
    assert "settle" not in line.calls


@pytest.mark.parametrize("deduplicates", [True, False])
def test_a_recipient_that_the_receipt_does_not_name_is_not_taken_for_served(world: World, deduplicates: bool) -> None:
    line = odd(world, SENDER)
    line.deduplicates = deduplicates
    real, whole = line.inner, [False]

    def submit(sent: Outgoing, recipients: Sequence[str]) -> Receipt:
        receipt = real.submit(sent, recipients)
        refused = (Refusal(recipient=THIRD, code="carrier-unknown-recipient"),)
        accepted = (FIRST, SECOND) if whole[0] else (FIRST,)
        return attrs.evolve(receipt, transport_id="t1", accepted=accepted, refused=refused)

    line.submit = submit  # type: ignore[method-assign]
    sender = world.node(SENDER, carrier=line)
    sent = world.send(sender, packet(1, FIRST, SECOND, THIRD))
    sender.push()
    tracked = sender.track(sent.business_key)
    states = {row.recipient: row.delivery for row in tracked.deliveries}
    assert states == {FIRST: "submitted", SECOND: "queued" if deduplicates else "uncertain", THIRD: "refused"}
    (row,) = tracked.messages
    assert row.state is (OutboxState.WAITING if deduplicates else OutboxState.UNSURE)
    assert (row.code, SECOND in (row.detail or "")) == ("carrier-nonsense", True)
    whole[0] = True
    if not deduplicates:
        world.clock.advance(datetime.timedelta(days=1))
        sender.push()
        sender.retry(row.message_id)
    world.clock.advance(datetime.timedelta(hours=1))
    sender.push()
    tracked = sender.track(sent.business_key)
    states = {row.recipient: row.delivery for row in tracked.deliveries}
    assert states == {FIRST: "submitted", SECOND: "submitted", THIRD: "refused"}
    assert tracked.messages[0].state is OutboxState.SENT


def test_a_carrier_that_never_names_a_recipient_ends_with_the_operator(world: World) -> None:
    line = odd(world, SENDER)
    line.deduplicates = True
    real, named = line.inner, [True]

    def submit(sent: Outgoing, recipients: Sequence[str]) -> Receipt:
        return attrs.evolve(real.submit(sent, recipients), accepted=(FIRST,) if named[0] else ())

    line.submit = submit  # type: ignore[method-assign]
    policy = attrs.evolve(POLICY, delivery=attrs.evolve(POLICY.delivery, attempts=2))
    sender = world.node(SENDER, carrier=line, policy=policy)
    sent = world.send(sender, packet(1, FIRST, SECOND))
    for named[0] in (False, True):
        sender.push()
        world.clock.advance(datetime.timedelta(hours=2))
    tracked = sender.track(sent.business_key)
    assert {row.recipient: row.delivery for row in tracked.deliveries} == {FIRST: "submitted", SECOND: "held"}
    assert tracked.messages[0].state is OutboxState.PARKED
    with sender.store.reading() as unit:
        kinds = [entry.kind for entry in unit.records.of(sent.document).rows]
    assert kinds.count("receipt") == 2, "both words of the carrier are evidence"
