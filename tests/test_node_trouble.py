"""What a node does when something is wrong: with a copy, a carrier, the office system, the store, or time."""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import threading
from collections import Counter
from typing import Any
from unittest import mock

import attrs
import pytest
from sqlalchemy import text

import services
import vndoc
from exchange_support import calls
from node_support import (
    ALL,
    AXIS,
    FIRST,
    POLICY,
    SECOND,
    SENDER,
    World,
    attachment,
    change,
    declared,
    organization,
    packet,
    table,
)
from vndoc.envelope import ResponseFor, StatusPacket, TraceHeader
from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import ExchangeError, OwnFaultError, PeerFaultError, Retry, StoreError, UsageError, WriteError
from vndoc.exchange import DeliveryPolicy, LifeEvent, SendingRules
from vndoc.node import Event, EventKind, Node, NodePolicy, NotClearedError, Unsure, _context
from vndoc.node._context import in_hand
from vndoc.node._due import work_deadlines
from vndoc.pki import TrustStore
from vndoc.store import BlobOctets, FolderBlobs, InboxState, OutboxState, Store
from vndoc.store.blobs import proven
from vndoc.testing.faulty import Fault, FaultyTransport, scripted
from vndoc.transport import Features, Kind, MemoryAxis, Outgoing, Settlement

MINUTE = datetime.timedelta(minutes=1)
DAY = datetime.timedelta(days=1)


class Told:
    """An office system that remembers what it was told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event, key: str) -> None:
        assert key == event.id
        self.events.append(event)

    def of(self, kind: EventKind) -> list[Event]:
        return [event for event in self.events if event.kind is kind]


def inject(world: World, data: bytes, to: str, kind: Kind = Kind.DOCUMENT, sender: str = SENDER) -> None:
    """Put *data* on the axis as somebody else would."""
    digest = hashlib.sha256(data).digest()
    number = hashlib.sha256(data + bytes(len(world.stores))).hexdigest() + str(world.clock())
    outgoing = Outgoing(message_id=number, kind=kind, sender=sender, content=MemoryOctets(data), sha256=digest)
    world.axis.transport(sender, name="x").submit(outgoing, [to])
    world.clock.advance(datetime.timedelta(seconds=1))


def waiting(world: World, code: str, kind: Kind = Kind.DOCUMENT) -> list[Any]:
    return list(world.axis.transport(code, name="y").pending(kind))


def only(node: Node) -> Any:
    with node.store.reading() as unit:
        (row,) = unit.outbox.list().rows
        return row


def copies(node: Node) -> list[Any]:
    with node.store.reading() as unit:
        return sorted(unit.inbox.list().rows, key=lambda row: row.transport_id)


def status(code: str, of: vndoc.DocumentPacket, *, reporter: str = FIRST, reason: str | None = None) -> bytes:
    value = StatusPacket(
        from_=organization(reporter),
        response_for=ResponseFor.to(of),
        status_code=code,
        description=reason,
        timestamp=datetime.datetime(2026, 3, 2, 9, 0),  # noqa: DTZ001 - as on the wire
    )
    return vndoc.write_packet(value)


# -- copies ----------------------------------------------------------------------------------------------


def test_a_redelivery_is_answered_with_the_earlier_receipt(world: World) -> None:
    told = Told()
    receiver = world.node(FIRST, at_least_once=told)
    data = vndoc.write_packet(packet())
    inject(world, data, FIRST)
    world.settle()
    inject(world, data, FIRST)
    world.settle()
    assert [row.outcome for row in copies(receiver)] == ["new", "duplicate"]
    assert [event.kind for event in told.events] == [EventKind.RECEIVED, EventKind.DUPLICATE]
    answers = waiting(world, SENDER, Kind.STATUS)
    carrier = world.axis.transport(SENDER, name="z")
    first, second = (carrier.fetch(item).open().read() for item in answers)
    assert first == second, "the earlier receipt, octet by octet"


def test_an_axis_that_rewrites_and_stamps_makes_no_conflict(world: World) -> None:
    receiver = world.node(FIRST)
    first = packet()
    inject(world, vndoc.write_packet(first), FIRST)
    world.settle()
    hop = TraceHeader(organ_id="001.00.20.TT2", timestamp=datetime.datetime(2026, 3, 2, 10, 0))  # noqa: DTZ001
    stamped = attrs.evolve(
        first,
        trace_header_list=attrs.evolve(
            first.trace_header_list, trace_headers=(*first.trace_header_list.trace_headers, hop)
        ),
        document_id="9fbfbad2-f1f8-4256-a2eb-50fb1061cddb",
    )
    rewritten = vndoc.write_packet(stamped, profile="vxp")
    assert rewritten != vndoc.write_packet(first)
    inject(world, rewritten, FIRST)
    world.settle()
    assert [row.outcome for row in copies(receiver)] == ["new", "duplicate"]


def test_another_content_under_the_same_number_is_a_conflict_that_can_be_found(world: World) -> None:
    told = Told()
    receiver = world.node(FIRST, at_least_once=told)
    inject(world, vndoc.write_packet(packet()), FIRST)
    inject(world, vndoc.write_packet(packet(1, subject="Nội dung khác")), FIRST)
    world.settle()
    assert [row.outcome for row in copies(receiver)] == ["new", "conflict"]
    with receiver.store.reading() as unit:
        (conflict,) = unit.records.conflicts(code="document-conflict").rows
        assert unit.records.conflicts(business_key=conflict.business_key).rows == (conflict,)
        assert set(conflict.keys) == {"document", "digest", "known"}
        assert unit.inbox.list(outcome="conflict").rows[0].business_key == conflict.business_key
    assert len(told.of(EventKind.CONFLICT)) == 1
    assert waiting(world, FIRST) == [], "no failure at the axis"


def test_what_is_no_packet_is_kept_told_and_never_stops_the_others(world: World) -> None:
    told = Told()
    receiver = world.node(FIRST, at_least_once=told)
    inject(world, b"<html>not a packet</html>", FIRST)
    inject(world, vndoc.write_packet(packet()), FIRST)
    inject(world, b"\x00\x01", FIRST, Kind.STATUS)
    world.settle()
    assert sorted(str(row.outcome) for row in copies(receiver)) == ["new", "unreadable", "unreadable"]
    assert len(told.of(EventKind.UNREADABLE)) == 2
    row = next(row for row in copies(receiver) if row.outcome == "unreadable")
    with receiver.store.read(row.packet) as file:
        assert file.read() in {b"<html>not a packet</html>", b"\x00\x01"}
    world.clock.advance(MINUTE)
    world.settle()
    assert len(copies(receiver)) == 3, "what the axis offers again is not fetched again"


def test_a_document_that_lacks_its_number_is_told_and_settled(world: World) -> None:
    receiver = world.node(FIRST)
    data = vndoc.write_packet(packet()).replace(b"<edXML:CodeNumber>1</edXML:CodeNumber>", b"")
    inject(world, data, FIRST)
    world.settle()
    (row,) = copies(receiver)
    assert (row.outcome, row.code) == ("unreadable", "business-key-incomplete")
    assert waiting(world, FIRST) == []


def test_a_document_for_somebody_else(world: World) -> None:
    told = Told()
    receiver = world.node(FIRST, own={"000.00.00.H09": organization("000.00.00.H09")}, at_least_once=told)
    inject(world, vndoc.write_packet(packet()), FIRST)
    world.settle()
    (row,) = copies(receiver)
    assert (row.outcome, row.code) == ("misdirected", "packet-misdirected")
    assert [event.kind for event in told.events] == [EventKind.MISDIRECTED]


def test_a_document_without_id_is_acknowledged_under_the_id_of_the_rule(world: World) -> None:
    world.node(FIRST)
    data = vndoc.write_packet(packet())
    bare = data.replace(f"<edXML:DocumentId>{SENDER},2026/03/02,1/UBND-VP</edXML:DocumentId>".encode(), b"", 1)
    assert bare != data
    inject(world, bare, FIRST)
    world.settle()
    (item,) = waiting(world, SENDER, Kind.STATUS)
    with world.axis.transport(SENDER, name="z").fetch(item) as content, content.open() as file:
        answer = vndoc.read_packet(file.read())
    assert answer.response_for.document_id == f"{SENDER},2026/03/02,1/UBND-VP"


def test_one_copy_for_two_agencies_of_one_node(world: World) -> None:
    told = Told()
    own = {code: organization(code) for code in (FIRST, SECOND)}
    receiver = world.node(FIRST, own=own, at_least_once=told, carrier=world.axis.transport(FIRST, SECOND, name=AXIS))
    sender = world.node(SENDER)
    sent = world.send(sender, packet(1, FIRST, SECOND))
    world.settle()
    assert {event.receiver for event in told.of(EventKind.RECEIVED)} == {FIRST, SECOND}
    assert {row.state for row in sender.track(sent.business_key).lives} == {"arrived"}
    with receiver.store.reading() as unit:
        assert len(unit.documents.list(direction="in").rows) == 1


# -- statuses --------------------------------------------------------------------------------------------


def test_statuses_come_late_twice_and_in_any_order(world: World) -> None:
    sender = world.node(SENDER)
    first = packet()
    sent = world.send(sender, first)
    world.settle()
    for code in ("06", "03", "01", "03", "2"):
        inject(
            world,
            status(code, first) if len(code) == 2 else status("02", first, reason="lý do"),
            SENDER,
            Kind.STATUS,
            FIRST,
        )
    world.settle()
    assert [row.outcome for row in copies(sender)] == ["status", "late", "late", "duplicate", "conflict"]
    (life,) = sender.track(sent.business_key).lives
    assert life.state == "done"
    with sender.store.reading() as unit:
        (conflict,) = unit.records.conflicts().rows
    assert conflict.code == "status-contradicts"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (status("03", packet(77)), "change-target-unknown"),
        (status("15", packet(1)), "change-unknown"),
        (status("03", packet(1), reporter=SECOND), "change-target-unknown"),
    ],
)
def test_statuses_of_nothing_that_we_know(world: World, data: bytes, code: str) -> None:
    sender = world.node(SENDER)
    world.send(sender, packet())
    world.settle()
    inject(world, data, SENDER, Kind.STATUS, FIRST)
    world.settle()
    (row,) = copies(sender)
    assert (row.outcome, row.code) == ("conflict", code)
    assert waiting(world, SENDER, Kind.STATUS) == []


def test_a_take_back_by_somebody_else_is_refused(world: World) -> None:
    told = Told()
    receiver = world.node(FIRST, at_least_once=told)
    first = packet()
    inject(world, vndoc.write_packet(first), FIRST)
    world.settle()
    foreign = StatusPacket(
        from_=organization(SECOND),
        response_for=ResponseFor.to(first, organ_id=FIRST),
        status_code="13",
        description="x",
        timestamp=datetime.datetime(2026, 3, 2, 9, 0),  # noqa: DTZ001 - as on the wire
    )
    inject(world, vndoc.write_packet(foreign), FIRST, Kind.STATUS, SECOND)
    world.settle()
    assert copies(receiver)[-1].outcome == "conflict"
    with receiver.store.reading() as unit:
        assert unit.lives.sagas("in") == ()


# -- changes ---------------------------------------------------------------------------------------------


def _changed(world: World, kind: int, *, agree: bool, **options: Any) -> tuple[Node, Node, Any, Any]:
    sender, receiver = world.node(SENDER), world.node(FIRST, **options)
    first = packet()
    sent = world.send(sender, first)
    world.settle()
    number = 9 if kind == 3 else None  # a replacement is a document with a number of its own
    again = change(kind, first, number=number)
    asked = world.send(sender, again)
    world.settle()
    with receiver.store.reading() as unit:
        sagas = unit.lives.sagas("in", sent.business_key)
    if sagas and not sagas[0].final:
        receiver.answer(sagas[0].id, agree=agree, reason="lý do")
    world.settle()
    return sender, receiver, sent, asked


def test_an_update_makes_the_next_version(world: World) -> None:
    told = Told()
    sender, receiver, sent, asked = _changed(world, 2, agree=True, at_least_once=told)
    (life,) = sender.track(sent.business_key).lives
    assert (life.state, life.version) == ("arrived", 2)
    (applied,) = told.of(EventKind.CHANGE_APPLIED)
    assert applied.version == 2
    with receiver.store.reading() as unit:
        assert [d.version for d in unit.documents.versions("in", sent.business_key)] == [2, 1]
        (saga,) = unit.lives.sagas("in", sent.business_key)
        assert (saga.kind, saga.state, saga.document) == ("update", "agreed", applied.facts["change"].split(".")[0])
    assert asked.version == 2


def test_a_replacement_is_a_new_document_and_ends_the_old_one(world: World) -> None:
    sender, receiver, sent, asked = _changed(world, 3, agree=True)
    (old,) = sender.track(sent.business_key).lives
    (new,) = sender.track(asked.business_key).lives
    assert (old.state, new.state) == ("replaced", "arrived")
    with receiver.store.reading() as unit:
        assert unit.lives.get("in", asked.business_key, FIRST) is not None


def test_a_recall_that_comes_again_is_answered_again(world: World) -> None:
    sender, receiver, sent, _ = _changed(world, 1, agree=True)
    before = len([row for row in copies(sender) if row.kind == "status"])
    inject(world, vndoc.write_packet(change(1, packet())), FIRST)
    world.settle()
    assert copies(receiver)[-1].outcome == "duplicate"
    assert len([row for row in copies(sender) if row.kind == "status"]) == before + 1
    (life,) = sender.track(sent.business_key).lives
    assert life.state == "recalled"


def test_a_recall_of_what_nobody_has(world: World) -> None:
    receiver = world.node(FIRST, policy=attrs.evolve(POLICY, wait_for_target=datetime.timedelta(0)))
    inject(world, vndoc.write_packet(change(1, packet())), FIRST)
    world.settle()
    (row,) = copies(receiver)
    assert (row.outcome, row.code) == ("conflict", "change-target-unknown")


def test_a_recall_without_answer_lapses_and_the_clerk_is_reminded(world: World) -> None:
    told, office = Told(), Told()
    sender, receiver = world.node(SENDER, at_least_once=told), world.node(FIRST, at_least_once=office)
    sent = world.send(sender, packet())
    world.settle()
    sender.take_back(sent.business_key, reason="gửi nhầm")
    world.settle()
    with pytest.raises(ExchangeError) as error:
        sender.take_back(sent.business_key, reason="gửi nhầm")
    assert error.value.code == "change-open"
    for _ in range(4):
        world.clock.advance(DAY)
        world.settle()
    assert len(office.of(EventKind.OVERDUE)) >= 3
    assert [event.code for event in told.of(EventKind.CHANGE_CLOSED)] == ["not-agreed"]
    with sender.store.reading() as unit:
        (saga,) = unit.lives.sagas("out", sent.business_key)
        assert (saga.final, saga.state) == (True, "not-agreed")
        assert [part.state for part in unit.documents.change_parts(saga.id).rows] == ["lapsed"]
    assert receiver.health().waiting == 0


def test_an_answer_costs_the_same_however_many_were_asked(world: World) -> None:
    """What is done for one answer, counted in calls, does not grow with the recipients of the change."""
    costs = []
    for number, size in ((1, 4), (2, 4), (3, 400)):  # the first fills what is kept of classes and statements
        codes = [FIRST, SECOND, *(f"000.{n // 100:02}.{n % 100:02}.H99" for n in range(size))][:size]
        sender = world.node(SENDER, url=f"sqlite:///{world.folder / str(number)}.db")
        sender.table = table(SENDER, *codes)
        first = packet(number, *codes)
        sent = world.send(sender, first)
        sender.take_back(sent.business_key, reason="gửi nhầm")
        inject(world, status("16", first, reporter=FIRST, reason="không"), SENDER, Kind.STATUS, FIRST)
        costs.append(calls(sender.poll))
        with sender.store.reading() as unit:
            (saga,) = unit.lives.sagas("out", sent.business_key)
            assert len(json.dumps(dict(saga.value))) < 1000
            part = unit.documents.change(saga.id, FIRST)
        assert part is not None
        assert (saga.state, part.state, part.value["reason"]) == ("open", "refused", "không")
        world.clock.advance(4 * DAY)
        work_deadlines(sender._ctx)
        with sender.store.reading() as unit:
            (saga,) = unit.lives.sagas("out", sent.business_key)
            states = [part.state for part in unit.documents.change_parts(saga.id, limit=1000).rows]
        assert (saga.final, Counter(states)) == (True, {"refused": 1, "lapsed": size - 1})
    assert costs[2] < costs[1] * 1.1


def test_a_change_whose_packet_is_never_delivered_is_over(world: World) -> None:
    told = Told()
    sender = world.node(SENDER, at_least_once=told)
    world.node(FIRST)
    first = packet()
    world.send(sender, first)
    world.settle()
    line = FaultyTransport(world.axis.transport(SENDER, name=AXIS))
    line.partition()
    cut = world.node(SENDER, carrier=line, at_least_once=told)
    asked = world.send(cut, change(1, first), answer_by=world.clock() + 30 * DAY)
    for _ in range(8):
        world.clock.advance(DAY)
        cut.work()
    with cut.store.reading() as unit:
        saga = unit.lives.saga(asked.change)
        assert saga is not None
        assert saga.final
        assert [part.state for part in unit.documents.change_parts(saga.id).rows] == ["undelivered"]
    assert told.of(EventKind.NOT_DELIVERED)


# -- the office system -----------------------------------------------------------------------------------


def test_an_office_system_that_is_down_gets_everything_later_and_once(world: World) -> None:
    state = {"down": True}

    def register(connection: Any, event: Event) -> None:
        connection.execute(text("CREATE TABLE IF NOT EXISTS register (business_key TEXT UNIQUE)"))
        connection.execute(text("INSERT INTO register VALUES (:key)"), {"key": event.business_key})
        if state["down"]:
            raise RuntimeError("mật khẩu 123456")

    receiver = world.node(FIRST, in_transaction=register)
    inject(world, vndoc.write_packet(packet()), FIRST)
    receiver.work()
    (row,) = copies(receiver)
    assert (row.state, row.outcome, row.code, row.detail) == (InboxState.KEPT, None, "hook-failed", "RuntimeError")
    assert len(waiting(world, FIRST)) == 1, "the axis is told only after the commit"
    assert receiver.work().received == 0, "not before its time"
    state["down"] = False
    world.clock.advance(10 * MINUTE)
    receiver.work()
    (row,) = copies(receiver)
    assert (row.state, row.outcome) == (InboxState.SETTLED, "new")
    with receiver.store.reading() as unit:
        assert unit.connection.execute(text("SELECT count(*) FROM register")).scalar() == 1
    assert waiting(world, FIRST) == []


def test_an_office_system_that_never_takes_it_leaves_it_to_an_operator(world: World) -> None:
    state = {"down": True}

    def register(_connection: Any, _event: Event) -> None:
        if state["down"]:
            raise KeyError("x")

    policy = attrs.evolve(POLICY, hook_attempts=3)
    receiver = world.node(FIRST, in_transaction=register, policy=policy)
    inject(world, vndoc.write_packet(packet()), FIRST)
    for _ in range(5):
        receiver.work()
        world.clock.advance(datetime.timedelta(hours=1))
    rows, after = receiver.dead()
    assert rows == ()
    rows, after = receiver.dead(after=after)
    (row,) = rows
    assert (after, row.state, row.attempts, row.code) == (None, InboxState.PARKED, 3, "hook-failed")
    state["down"] = False
    receiver.retry(row.id)
    receiver.work()
    assert [one.outcome for one in copies(receiver)] == ["new"]


def test_events_after_the_commit_are_told_until_they_are_taken(world: World) -> None:
    calls: list[str] = []

    def tell(_event: Event, key: str) -> None:
        calls.append(key)
        if len(calls) < 3:
            raise ConnectionError

    receiver = world.node(FIRST, at_least_once=tell)
    inject(world, vndoc.write_packet(packet()), FIRST)
    for _ in range(4):
        receiver.work()
        world.clock.advance(datetime.timedelta(hours=1))
    assert len(calls) == 3
    assert len(set(calls)) == 1, "one idempotency key"


def test_events_that_do_not_come_with_a_copy_have_a_transaction_of_their_own(world: World) -> None:
    seen: list[EventKind] = []
    state = {"down": True}

    def register(connection: Any, event: Event) -> None:
        assert connection.in_transaction()
        if state["down"]:
            raise OSError
        seen.append(event.kind)

    sender = world.node(SENDER, in_transaction=register, policy=attrs.evolve(POLICY, hook_attempts=2))
    world.axis.shut(FIRST)
    world.send(sender, packet())
    for _ in range(4):
        sender.work()
        world.clock.advance(datetime.timedelta(hours=1))
    (parked,), _ = sender.dead()
    assert (parked.kind, parked.code) == ("event", "hook-failed")
    state["down"] = False
    sender.retry(parked.message_id)
    sender.work()
    assert seen == [EventKind.NOT_DELIVERED]


# -- carriers --------------------------------------------------------------------------------------------


class NoMemory:
    """A carrier that recognises no repetition: whatever is submitted twice arrives twice."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.name, self.count = inner, inner.name, 0
        self.features = Features(fans_out=False, deduplicates=False)
        self.error: BaseException | None = None
        self.pending, self.fetch, self.settle, self.close = inner.pending, inner.fetch, inner.settle, inner.close

    def submit(self, outgoing: Outgoing, recipients: Any) -> Any:
        self.count += 1
        receipt = self.inner.submit(
            attrs.evolve(outgoing, message_id=f"{outgoing.message_id}#{self.count}"), recipients
        )
        error, self.error = self.error, None
        if error is not None:
            raise error
        return receipt


def unknown() -> PeerFaultError:
    return PeerFaultError("carrier-timeout", carrier=AXIS, seconds=1, retry=Retry.UNKNOWN)


@pytest.mark.parametrize("error", [unknown(), ValueError("a plug-in that breaks its word")])
def test_an_unknown_outcome_is_left_to_an_operator(world: World, error: BaseException) -> None:
    told = Told()
    carrier = NoMemory(world.axis.transport(SENDER, name=AXIS))
    sender = world.node(SENDER, carrier=carrier, at_least_once=told)
    carrier.error = error
    sent = world.send(sender, packet())
    sender.work()
    row = only_message(sender)
    assert (row.state, row.in_doubt) == (OutboxState.UNSURE, True)
    assert sender.track(sent.business_key).deliveries[0].delivery == "uncertain"
    world.clock.advance(11 * MINUTE)
    sender.work()
    row = only_message(sender)
    assert (row.state, row.code, carrier.count) == (OutboxState.PARKED, "outcome-unknown", 1)
    assert told.of(EventKind.UNCERTAIN)
    world.node(FIRST)
    world.settle()
    assert sender.track(sent.business_key).deliveries[0].delivery == "arrived", "the first status proves it"


def only_message(node: Node) -> Any:
    with node.store.reading() as unit:
        return next(row for row in unit.outbox.list().rows if row.kind == "edoc")


def test_an_unknown_outcome_is_repeated_where_the_policy_says_so(world: World) -> None:
    carrier = NoMemory(world.axis.transport(SENDER, name=AXIS))
    policy = attrs.evolve(POLICY, unsure=Unsure.REPEAT)
    sender, receiver = world.node(SENDER, carrier=carrier, policy=policy), world.node(FIRST)
    carrier.error = unknown()
    sent = world.send(sender, packet())
    sender.work()
    world.clock.advance(11 * MINUTE)
    world.settle()
    assert carrier.count == 2
    assert sorted(str(row.outcome) for row in copies(receiver)) == ["duplicate", "new"]
    assert sender.track(sent.business_key).deliveries[0].delivery == "arrived"


def test_a_carrier_that_does_not_fan_out_gets_a_message_for_each(world: World) -> None:
    carrier = NoMemory(world.axis.transport(SENDER, name=AXIS))
    sender = world.node(SENDER, carrier=carrier)
    sent = world.send(sender, packet(1, FIRST, SECOND))
    assert len(sent.messages) == 2
    sender.work()
    assert carrier.count == 2


def test_wrong_settings_hold_the_message_until_they_are_mended(world: World) -> None:
    told = Told()
    wrong = world.axis.transport("000.00.00.H77", name=AXIS)
    sender = world.node(SENDER, carrier=wrong, at_least_once=told)
    sent = world.send(sender, packet())
    sender.work()
    (row,), _ = sender.dead()
    assert (row.code, row.message_id) == ("carrier-unknown-sender", sent.messages[0])
    assert sender.track(sent.business_key).deliveries[0].delivery == "held"
    assert told.of(EventKind.HELD)
    mended = world.node(SENDER)
    mended.retry(row.message_id)
    world.node(FIRST)
    world.settle()
    assert mended.track(sent.business_key).deliveries[0].delivery == "arrived"


def test_recipients_that_the_axis_refuses(world: World) -> None:
    told = Told()
    sender = world.node(SENDER, at_least_once=told)
    world.node(FIRST)
    world.axis.shut(SECOND)
    sent = world.send(sender, packet(1, FIRST, SECOND))
    world.settle()
    assert {d.recipient: d.delivery for d in sender.track(sent.business_key).deliveries} == {
        FIRST: "arrived",
        SECOND: "refused",
    }
    assert [(event.receiver, event.code) for event in told.of(EventKind.NOT_DELIVERED)] == [
        (SECOND, "carrier-recipient-closed")
    ]
    world.axis.shut(FIRST)
    alone = world.send(sender, packet(2))
    world.settle()
    with sender.store.reading() as unit:
        assert unit.outbox.get(alone.messages[0]).state is OutboxState.REFUSED


@pytest.mark.parametrize(
    ("error", "state", "delivery"),
    [
        (OwnFaultError("carrier-refused", carrier=AXIS, detail="x"), OutboxState.REFUSED, "failed"),
        (PeerFaultError("carrier-failed", carrier=AXIS, detail="x", retry=Retry.NEVER), OutboxState.REFUSED, "failed"),
        (PeerFaultError("carrier-failed", carrier=AXIS, detail="x"), OutboxState.WAITING, "queued"),
        (OwnFaultError("carrier-storage", carrier=AXIS, detail="x", retry=Retry.SAFE), OutboxState.WAITING, "queued"),
    ],
)
def test_what_a_fault_leads_to(world: World, error: BaseException, state: OutboxState, delivery: str) -> None:
    carrier = NoMemory(world.axis.transport(SENDER, name=AXIS))
    sender = world.node(SENDER, carrier=carrier)
    carrier.error = error
    sent = world.send(sender, packet())
    sender.push()
    row = only_message(sender)
    assert (row.state, row.code) == (state, getattr(error, "code", None))
    assert sender.track(sent.business_key).deliveries[0].delivery == delivery


def test_attempts_may_be_limited(world: World) -> None:
    line = FaultyTransport(world.axis.transport(SENDER, name=AXIS))
    line.partition()
    policy = attrs.evolve(POLICY, delivery=DeliveryPolicy(attempts=2), breaker_after=100)
    sender = world.node(SENDER, carrier=line, policy=policy)
    sent = world.send(sender, packet())
    for _ in range(4):
        sender.work()
        world.clock.advance(datetime.timedelta(hours=1))
    row = only_message(sender)
    assert (row.state, row.attempts) == (OutboxState.PARKED, 2)
    assert sender.track(sent.business_key).deliveries[0].delivery == "held"
    line.heal()
    sender.retry(row.message_id)
    sender.work()
    assert only_message(sender).state is OutboxState.SENT
    assert sender.track(sent.business_key).deliveries[0].delivery == "submitted"


def test_a_message_that_is_given_up(world: World) -> None:
    sender = world.node(SENDER, carrier=world.axis.transport("000.00.00.H77", name=AXIS))
    sent = world.send(sender, packet())
    sender.work()
    assert sender.give_up(sent.messages[0]).state is OutboxState.CANCELLED
    with pytest.raises(StoreError):
        sender.retry(sent.messages[0])


def test_the_breaker_rests_keeps_ids_and_tries_again(world: World) -> None:
    line = FaultyTransport(world.axis.transport(SENDER, name=AXIS))
    policy = attrs.evolve(POLICY, breaker_after=2, breaker_rest=10 * MINUTE)
    sender = world.node(SENDER, carrier=line, policy=policy)
    line.partition()
    ids = [message for number in range(1, 6) for message in world.send(sender, packet(number)).messages]
    sender.push()
    with sender.store.reading() as unit:
        rows = unit.outbox.list().rows
    assert sorted(row.message_id for row in rows) == sorted(ids)
    assert {row.state for row in rows} == {OutboxState.WAITING}
    assert {row.owner for row in rows} == {None}
    health = sender.health()
    assert (health.alive, health.ready, health.resting) == (True, False, (AXIS,))
    assert 'vndoc_breaker_open{carrier="axis"} 1' in sender.metrics()
    assert sender.push()[AXIS].failed
    assert sender.poll()[AXIS].failed == 1
    line.heal()
    assert sender.push()[AXIS].claimed == 0, "it rests"
    world.clock.advance(11 * MINUTE)
    assert sender.push()[AXIS].sent == 5
    assert sender.health().ready


def test_a_lifetime_ends(world: World) -> None:
    told = Told()
    line = FaultyTransport(world.axis.transport(SENDER, name=AXIS))
    line.partition()
    sender = world.node(SENDER, carrier=line, at_least_once=told)
    sent = world.send(sender, packet())
    for _ in range(6):
        sender.work()
        world.clock.advance(DAY)
    line.heal()
    sender.work()
    sender.work()
    assert only_message(sender).state is OutboxState.EXPIRED
    assert sender.track(sent.business_key).deliveries[0].delivery == "expired"
    assert told.of(EventKind.NOT_DELIVERED)
    assert waiting(world, FIRST) == []


@pytest.mark.parametrize("call", ["pending", "fetch", "settle"])
def test_a_line_that_breaks_while_receiving(world: World, call: str) -> None:
    inject(world, vndoc.write_packet(packet(1)), FIRST)
    inject(world, vndoc.write_packet(packet(2)), FIRST)
    line = FaultyTransport(world.axis.transport(FIRST, name=AXIS), scripted(Fault.LOST_AFTER, call=call))
    receiver = world.node(FIRST, carrier=line)
    receiver.work()
    world.clock.advance(datetime.timedelta(hours=1))
    world.settle()
    assert [row.outcome for row in copies(receiver)] == ["new", "new"]
    assert {row.state for row in copies(receiver)} == {InboxState.SETTLED}
    assert waiting(world, FIRST) == []


def test_an_axis_that_forgets_what_it_was_told_is_told_again(world: World) -> None:
    inject(world, vndoc.write_packet(packet()), FIRST)
    line = FaultyTransport(
        world.axis.transport(FIRST, name=AXIS), scripted(Fault.DROP, Fault.LOST_BEFORE, call="settle")
    )
    receiver = world.node(FIRST, carrier=line)
    receiver.work()
    assert len(waiting(world, FIRST)) == 1
    receiver.work()
    assert len(waiting(world, FIRST)) == 1
    receiver.work()
    assert waiting(world, FIRST) == []
    assert len(copies(receiver)) == 1


def test_what_is_gone_from_the_axis_is_settled(world: World) -> None:
    inject(world, vndoc.write_packet(packet()), FIRST)
    inner = world.axis.transport(FIRST, name=AXIS)

    class Gone(FaultyTransport):
        def settle(self, item: Any, settlement: Settlement) -> None:
            super().settle(item, settlement)
            raise OwnFaultError("carrier-item-unknown", carrier=AXIS, item=item.id)

    receiver = world.node(FIRST, carrier=Gone(inner))
    receiver.work()
    assert [row.state for row in copies(receiver)] == [InboxState.SETTLED]


# -- the store -------------------------------------------------------------------------------------------


def test_a_content_that_is_lost_is_never_given_up(world: World) -> None:
    sender = world.node(SENDER)
    world.send(sender, packet())
    row = only_message(sender)
    sender.store.blobs.delete(row.packet)
    sender.push()
    row = only_message(sender)
    assert (row.state, row.code) == (OutboxState.PARKED, "blob-missing")


@pytest.mark.parametrize("size", [10, 5_000_000])
def test_a_content_that_is_damaged_never_leaves(world: World, size: int) -> None:
    sender, receiver = world.node(SENDER), world.node(FIRST)
    world.send(sender, packet(1, attachments=(attachment(b"x" * size),)))
    row = only_message(sender)
    name = row.packet.hex()
    path = sender.store.blobs.root / name[:2] / name
    path.write_bytes(path.read_bytes()[:-1] + b" ")
    sender.push()
    row = only_message(sender)
    assert (row.state, row.code) == (OutboxState.PARKED, "blob-damaged")
    assert waiting(world, FIRST) == []
    receiver.poll()
    assert copies(receiver) == []


@pytest.mark.parametrize(("size", "opened"), [(10, 0), (5_000_000, 1)])
def test_what_was_just_kept_is_not_read_back_unless_it_is_large(world: World, size: int, opened: int) -> None:
    sender, receiver = world.node(SENDER), world.node(FIRST)
    world.send(sender, packet(1, attachments=(attachment(b"x" * size),)))
    sender.push()
    (item,) = waiting(world, FIRST)
    with mock.patch.object(FolderBlobs, "open", autospec=True, side_effect=FolderBlobs.open) as opening:
        receiver.poll([Kind.DOCUMENT])
    assert opening.call_count == opened
    (row,) = copies(receiver)
    assert (row.state, row.outcome, row.transport_id) == (InboxState.SETTLED, "new", item.id)


class Piecemeal:
    """A content that says another size than it has, and comes octet by octet."""

    def __init__(self, data: bytes, size: int = 1) -> None:
        self.data, self.size = data, size

    def open(self) -> Any:
        octets = iter([bytes([octet]) for octet in self.data])
        file = mock.MagicMock()
        file.__enter__.return_value.read.side_effect = lambda size: next(octets, b"") if size else b""
        return file


def test_a_content_is_in_hand_whole_or_not_at_all(monkeypatch) -> None:
    monkeypatch.setattr(_context, "IN_MEMORY", 5)
    assert in_hand(Piecemeal(b"abcde")) == MemoryOctets(b"abcde")
    assert in_hand(Piecemeal(b"abcdef")) is None
    for size in (-1, 0, 5):
        assert in_hand(Piecemeal(b"abcde", size)) == MemoryOctets(b"abcde")
    assert in_hand(MemoryOctets(b"abcdef")) is None
    assert in_hand(MemoryOctets(b"")) == MemoryOctets(b"")


def test_the_digest_of_a_content_in_hand_is_one_that_was_computed(tmp_path) -> None:
    blobs = FolderBlobs(tmp_path / "blobs")
    info = blobs.put(MemoryOctets(b"abc"))
    content = BlobOctets(blobs, info.digest, info.size)
    assert in_hand(content).sha256 == hashlib.sha256(b"abc").digest()
    for changed in (io.BytesIO(b"abd"), io.BufferedReader(io.BytesIO(b"abd"))):
        elsewhere = mock.Mock(open=mock.Mock(return_value=changed))
        found = in_hand(BlobOctets(elsewhere, info.digest, info.size))
        assert (found.data, found.sha256) == (b"abd", None)
    with content.open() as file:
        assert (file.read(3), proven(file)) == (b"abc", None), "not to its end"
        assert (file.read(), proven(file)) == (b"", info.digest)
        file.raw.seek(1)
        assert (file.raw.read(), proven(file)) == (b"bc", None), "jumped about"
    [path] = (p for p in (tmp_path / "blobs").rglob("*") if p.is_file() and p.stat().st_size == 3)
    path.chmod(0o600)
    path.write_bytes(b"abd")
    with pytest.raises(StoreError) as error:
        in_hand(content)
    assert error.value.code == "blob-damaged"


def test_a_store_that_is_gone_for_a_while_is_waited_for(world: World, monkeypatch) -> None:
    sender = world.node(SENDER)
    world.send(sender, packet())
    stop, calls = threading.Event(), []
    work = sender.work

    def failing(**options: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise StoreError("store-unavailable", detail="gone")
        return work(**options)

    monkeypatch.setattr(sender, "work", failing)
    sender.run(stop, each=lambda done: stop.set() if done.sent else None)
    assert only_message(sender).state is OutboxState.SENT
    assert 'vndoc_store_failures_total{code="store-unavailable"} 1' in sender.metrics()


def test_a_store_that_is_damaged_stops_the_node(world: World, monkeypatch) -> None:
    sender = world.node(SENDER)

    def failing(**_: Any) -> Any:
        raise StoreError("store-damaged", detail="x")

    monkeypatch.setattr(sender, "work", failing)
    with pytest.raises(StoreError):
        sender.run(threading.Event())


def test_health_and_metrics_of_a_store_that_is_gone(world: World, monkeypatch) -> None:
    sender = world.node(SENDER)

    def gone(*_: object) -> Any:
        raise StoreError("store-unavailable", detail="gone")

    monkeypatch.setattr(type(sender.store), "reading", gone)
    health = sender.health()
    assert (health.alive, health.ready, health.error) == (False, False, "store-unavailable")
    assert "vndoc_up 0" in sender.metrics()


def test_a_transient_fault_of_the_store_in_the_middle_of_a_batch_loses_nothing(world: World) -> None:
    state = {"fail": True}

    def reached(point: str) -> None:
        if point == "take.in-transaction" and state["fail"]:
            raise StoreError("store-busy", detail="x")

    receiver = world.node(FIRST, reached=reached)
    inject(world, vndoc.write_packet(packet()), FIRST)
    with pytest.raises(StoreError):
        receiver.work()
    state["fail"] = False
    world.settle()
    assert [row.outcome for row in copies(receiver)] == ["new"]


def test_a_lease_that_was_lost_while_the_carrier_worked_changes_nothing(world: World) -> None:
    class Slow(NoMemory):
        def submit(self, outgoing: Outgoing, recipients: Any) -> Any:
            world.clock.advance(datetime.timedelta(hours=1))
            with sender.store.transaction() as unit:
                unit.outbox.claim("another", AXIS, at=world.clock(), lease=MINUTE)
            return super().submit(outgoing, recipients)

    carrier = Slow(world.axis.transport(SENDER, name=AXIS))
    sender = world.node(SENDER, carrier=carrier)
    world.send(sender, packet())
    sender.push()
    row = only_message(sender)
    assert (row.owner, row.attempts, row.state) == ("another", 2, OutboxState.WAITING)


def test_a_slow_carrier_does_not_lose_its_lease(world: World) -> None:
    """The sign of life comes from a thread, while the carrier works."""
    taken: list[Any] = []

    class Slow(NoMemory):
        def submit(self, outgoing: Outgoing, recipients: Any) -> Any:
            world.clock.advance(datetime.timedelta(seconds=25))
            end = world.clock() + datetime.timedelta(seconds=20)
            for _ in range(500):
                with sender.store.reading() as unit:
                    if (unit.outbox.get(outgoing.message_id).lease_until or world.clock()) >= end:
                        break
                threading.Event().wait(0.01)
            world.clock.advance(datetime.timedelta(seconds=20))
            with sender.store.transaction() as unit:
                taken.extend(unit.outbox.claim("another", AXIS, at=world.clock(), lease=MINUTE))
            return super().submit(outgoing, recipients)

    policy = attrs.evolve(POLICY, lease=datetime.timedelta(seconds=0.3) * 100)
    sender = world.node(SENDER, carrier=Slow(world.axis.transport(SENDER, name=AXIS)), policy=policy)
    world.send(sender, packet())
    with heart_of(sender, 0.05):
        sender.push()
    assert taken == []
    assert only_message(sender).state is OutboxState.SENT


def heart_of(node: Node, pause: float) -> Any:
    """Let the heart of *node* beat every *pause* seconds: the clock of these tests stands still."""
    return mock.patch("vndoc.node._heart.beat_every", return_value=pause)


def test_a_heart_that_cannot_beat_is_told_in_the_log_only(world: World, monkeypatch, caplog) -> None:
    def gone(*_: object) -> Any:
        raise StoreError("store-unavailable", detail="gone")

    class Slow(NoMemory):
        def submit(self, outgoing: Outgoing, recipients: Any) -> Any:
            with monkeypatch.context() as patch:
                patch.setattr(type(sender.store), "transaction", gone)
                for _ in range(500):
                    if any(record.getMessage() == "no sign of life" for record in caplog.records):
                        break
                    threading.Event().wait(0.01)
            return super().submit(outgoing, recipients)

    sender = world.node(SENDER, carrier=Slow(world.axis.transport(SENDER, name=AXIS)))
    world.send(sender, packet())
    with heart_of(sender, 0.02):
        sender.push()
    assert only_message(sender).state is OutboxState.SENT
    assert any(record.getMessage() == "no sign of life" for record in caplog.records)


def test_release_gives_back_what_a_worker_holds(world: World) -> None:
    sender = world.node(SENDER)
    world.send(sender, packet())
    with sender.store.transaction() as unit:
        unit.outbox.claim(sender.worker, AXIS, at=world.clock(), lease=DAY)
    assert sender.push()[AXIS].claimed == 0
    assert sender.release() == 1
    assert sender.push()[AXIS].claimed == 1


# -- accepting -------------------------------------------------------------------------------------------


def test_what_may_not_be_sent_is_refused_with_every_finding(world: World) -> None:
    sender = world.node(SENDER, policy=NodePolicy(signatures=None))
    with pytest.raises(NotClearedError) as error:
        sender.send(packet(1, "000.00.00.H99"), not_secret=None)
    assert error.value.clearance is not None
    assert error.value.clearance.ids >= {"secrecy-undeclared", "signature-required", "recipient-undeliverable"}
    with sender.store.reading() as unit:
        assert unit.outbox.list().rows == ()


def test_a_document_of_an_agency_that_is_not_here(world: World) -> None:
    sender = world.node(SENDER)
    with pytest.raises(ExchangeError) as error:
        world.send(sender, packet(sender=SECOND))
    assert error.value.code == "agency-not-here"


def test_a_carrier_that_is_not_here(world: World) -> None:
    sender = world.node(SENDER)
    sender.table = table(carrier="other")
    assert sender.table.info.carrier == "other"
    with pytest.raises(ExchangeError) as error:
        world.send(sender, packet())
    assert error.value.code == "carrier-missing"


def test_a_number_that_is_taken(world: World) -> None:
    sender = world.node(SENDER)
    world.send(sender, packet())
    with pytest.raises(ExchangeError) as error:
        world.send(sender, packet(1, subject="Khác"))
    assert error.value.code == "document-conflict"


def test_a_packet_that_cannot_be_written(world: World) -> None:
    with pytest.raises(WriteError):
        world.send(world.node(SENDER), packet(1, subject=None))


def test_a_large_document_goes_through_files(world: World) -> None:
    sender, receiver = world.node(SENDER), world.node(FIRST)
    large = packet(1, attachments=(attachment(b"x" * 5_000_000),))
    sent = world.send(sender, large)
    world.settle()
    (row,) = copies(receiver)
    with receiver.store.read(row.packet) as file:
        assert vndoc.content_digest(vndoc.read_packet(file.read())) == vndoc.content_digest(large)
    assert sender.track(sent.business_key).lives[0].state == "arrived"


def test_a_collector_that_is_quicker_than_the_transaction(world: World) -> None:
    state = {"left": 1}

    def reached(point: str) -> None:
        if point == "send.kept" and state["left"]:
            state["left"] -= 1
            for info in list(sender.store.blobs.list()):
                sender.store.blobs.delete(info.digest)

    sender = world.node(SENDER, reached=reached)
    assert len(world.send(sender, packet()).messages) == 1
    sender.push()
    assert only_message(sender).state is OutboxState.SENT
    state["left"] = 99
    with pytest.raises(StoreError) as error:
        world.send(sender, packet(2))
    assert error.value.code == "blob-missing"


def test_signatures_are_verified_where_there_is_trust(world: World) -> None:
    told = Told()
    policy = NodePolicy(sending=SendingRules(signed=frozenset()))
    sender = world.node(SENDER)
    node = Node(
        world.stores[0],
        {AXIS: world.axis.transport(SENDER, name=AXIS)},
        table(),
        TrustStore(),
        policy,
        own=[SENDER],
        clock=world.clock,
    )
    sent = world.send(node, packet())
    assert "signature-not-valid" not in sent.clearance.ids
    assert repr(node).startswith("Node(")
    assert node.policy is policy
    store = Store.open(f"sqlite:///{world.folder / 'v.db'}", blobs=world.folder / "v")
    world.stores.append(store)
    receiver = Node(
        store,
        {AXIS: world.axis.transport(FIRST, name=AXIS)},
        table(),
        TrustStore(),
        policy,
        own=[FIRST],
        clock=world.clock,
        at_least_once=told,
    )
    sender.push()
    receiver.work()
    (event,) = told.of(EventKind.RECEIVED)
    assert event.facts["indication"]
    with store.reading() as unit:
        (row,) = unit.inbox.list().rows
        assert [e.kind for e in unit.records.about(row.packet).rows] == ["verdict"]


# -- acting ----------------------------------------------------------------------------------------------


def test_acts_on_what_is_not_here(world: World) -> None:
    node = world.node(FIRST)
    for call in (
        lambda: node.act("x|2026|1/Y", FIRST, LifeEvent.ACCEPT),
        lambda: node.answer("x", agree=True),
        lambda: node.take_back("x|2026|1/Y", reason="y"),
        lambda: node.track("x|2026|1/Y"),
    ):
        with pytest.raises(ExchangeError) as error:
            call()
        assert error.value.code == "document-unknown"


def test_a_status_goes_back_the_way_its_document_came(world: World) -> None:
    """The sender is in no table: its document is acknowledged all the same."""
    receiver = world.node(FIRST)
    receiver.table = table(FIRST, SECOND)
    inject(world, vndoc.write_packet(packet()), FIRST)
    world.settle()
    assert len(waiting(world, SENDER, Kind.STATUS)) == 1
    receiver.act(f"{SENDER}|2026|1/UBND-VP", FIRST, LifeEvent.REFUSE, reason="sai nơi nhận")
    world.settle()
    assert len(waiting(world, SENDER, Kind.STATUS)) == 2


def test_a_node_is_made_with_what_fits(world: World) -> None:
    store = Store.open(f"sqlite:///{world.folder / 'n.db'}", blobs=world.folder / "n")
    world.stores.append(store)
    carrier = MemoryAxis(ALL).transport(SENDER, name="other")
    with pytest.raises(UsageError):
        Node(store, {AXIS: carrier}, table(), None, POLICY, own=[SENDER])
    with pytest.raises(UsageError):
        Node(store, {"other": carrier}, table(), None, POLICY, own=[])
    with pytest.raises(UsageError):
        Node(store, {"other": carrier}, table(), None, POLICY, own=["000.00.00.H99"])
    node = Node(store, {"other": carrier}, table(), None, POLICY, own=[SENDER])
    node.close()
    node.close()


# -- many workers ----------------------------------------------------------------------------------------


def test_many_workers_on_one_database_have_one_effect(world: World) -> None:
    documents = 12
    with services.postgres_database() as url:
        seen: list[str] = []
        nodes = []
        for number in range(3):
            store = Store.open(url, blobs=world.folder / "shared", now=world.clock())
            world.stores.append(store)
            own = {code: organization(code) for code in (SENDER, FIRST)}
            nodes.append(
                Node(
                    store,
                    {AXIS: world.axis.transport(SENDER, FIRST, name=AXIS)},
                    table(),
                    None,
                    attrs.evolve(POLICY, poll_every=datetime.timedelta(milliseconds=50)),
                    own=own,
                    worker=f"w{number}",
                    at_least_once=lambda event, _key: (
                        seen.append(event.business_key) if event.kind is EventKind.RECEIVED else None
                    ),
                )
            )
        stop = threading.Event()
        errors: list[Exception] = []

        def work(node: Node) -> None:
            try:
                node.run(stop)
            except Exception as error:  # noqa: BLE001 - shown below
                errors.append(error)

        threads = [threading.Thread(target=work, args=(node,)) for node in nodes]
        for thread in threads:
            thread.start()
        keys = []
        for number in range(1, documents + 1):
            node, sent = nodes[number % 3], packet(number)
            keys.append(node.send(sent, not_secret=declared(sent, datetime.datetime.now(datetime.UTC))).business_key)
        for _ in range(600):
            states = [life.state for key in keys for life in nodes[0].track(key).lives]
            if states == ["arrived"] * documents and len(seen) >= documents:
                break
            threading.Event().wait(0.05)
        stop.set()
        for thread in threads:
            thread.join()
        assert errors == []
        assert states == ["arrived"] * documents
        assert sorted(set(seen)) == sorted(keys)
        with nodes[0].store.reading() as unit:
            assert len(unit.documents.list(direction="in", limit=1000).rows) == documents
        for store in world.stores:
            assert store.stuck() == ()
            store.close()
        world.stores.clear()


def test_a_status_that_cannot_be_written_waits_for_an_operator(world: World) -> None:
    """A document without any code of its sender has no way to say whom the status answers."""
    receiver = world.node(FIRST)
    inject(world, vndoc.write_packet(packet()), FIRST)
    receiver.work()
    row = only(receiver)
    with receiver.store.transaction() as unit:
        body = {**row.body, "response_for": None}
        unit.connection.execute(text("UPDATE outbox SET body = :body"), {"body": json.dumps(body)})
    receiver.work()
    (parked,), _ = receiver.dead()
    assert parked.code == "missing-element"
    assert "ResponseFor" in parked.detail
