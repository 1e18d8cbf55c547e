"""What a node does in the rarer turns: rows that cannot be dealt with, workers that are quicker, parts that are not
concerned. Each is provoked from outside: by a carrier, a store, a packet or another worker.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from sqlalchemy import text, update

import vndoc
from node_support import AXIS, FIRST, POLICY, SECOND, SENDER, THIRD, World, change, organization, packet
from test_node_attacks import copies, life, odd, raising, requests
from test_node_trouble import Told, inject, status
from vndoc import exchange
from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import ExchangeError, OwnFaultError, PeerFaultError, Retry, StoreError, UsageError
from vndoc.exchange import LifeEvent
from vndoc.node import EventKind, Node, NodePolicy, NotClearedError, _due
from vndoc.node._rows import delivery_of, delivery_row
from vndoc.routing import Agency, Connection, RoutingTable, TableInfo
from vndoc.store import FolderBlobs, InboxState, OutboxState
from vndoc.store._schema import documents
from vndoc.transport import Kind

MINUTE = datetime.timedelta(minutes=1)
HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)
BUSY = StoreError("store-busy", detail="x")
FAILED = StoreError("store-failed", detail="x")


@attrs.define(eq=False)
class Failing:
    """Raises at named points of progress, so often as it is told."""

    left: dict[str, list[BaseException]] = attrs.field(factory=dict)
    then: Callable[[str], None] = lambda _point: None

    def __call__(self, point: str) -> None:
        self.then(point)
        errors = self.left.get(point)
        if errors:
            raise errors.pop(0)


def row_of(node: Node, kind: str = "edoc") -> Any:
    with node.store.reading() as unit:
        return next(row for row in unit.outbox.list().rows if row.kind == kind)


def delivery(node: Node, key: str, recipient: str = FIRST) -> str:
    return next(str(row.delivery) for row in node.track(key).deliveries if row.recipient == recipient)


def execute(node: Node, statement: str, **values: object) -> None:
    with node.store.transaction() as unit:
        unit.connection.execute(text(statement), values)


# -- deadlines -------------------------------------------------------------------------------------------


def overdue(world: World, reached: Failing) -> tuple[Node, Any]:
    """A sender whose document was taken over and never arrived, on the day after, and who asked for it back."""
    sender = world.node(SENDER, reached=reached)
    sent = world.send(sender, packet())
    sender.work()
    sender.take_back(sent.business_key, reason="gửi nhầm", answer_by=world.clock() + 20 * HOUR)
    sender.work()
    world.clock.advance(25 * HOUR)
    return sender, sent


def test_a_deadline_that_fails_is_put_off_and_met_later(world: World) -> None:
    reached = Failing()
    sender, _ = overdue(world, reached)
    reached.left = {"due.in-transaction": [FAILED, FAILED]}  # the delivery, and the change
    assert sender.work().deadlines == 2
    assert reached.left["due.in-transaction"] == []
    assert sender.work().deadlines == 0
    world.clock.advance(POLICY.lease)
    assert sender.work().deadlines == 2
    assert sender.work().deadlines == 0


def test_a_store_that_is_busy_leaves_a_deadline_as_it_is(world: World) -> None:
    reached = Failing()
    sender, _ = overdue(world, reached)
    reached.left = {"due.in-transaction": [BUSY]}
    with pytest.raises(StoreError):
        sender.work()
    assert sender.work().deadlines == 2


def test_a_deadline_that_another_worker_met_is_passed_over(world: World) -> None:
    sender, _ = overdue(world, Failing())
    with sender.store.reading() as unit:
        (late,), (lapsed,) = unit.documents.due(world.clock(), limit=9), unit.lives.due(world.clock(), limit=9)
    sender.work()
    before = sender.track(late_key := _key(sender, late.document))
    with sender.store.transaction() as unit:
        _due._delivery(sender._ctx, late, unit)
        _due._saga(sender._ctx, lapsed, unit)
        _due._later(sender._ctx, late, unit)
        _due._saga_later(sender._ctx, lapsed, unit)  # ended: nothing is put off
    after = sender.track(late_key)
    assert (after.lives, after.history) == (before.lives, before.history)
    with sender.store.reading() as unit:
        saga = unit.lives.saga(lapsed.id)
        assert saga is not None
        assert (saga.final, saga.next_at) == (True, None)


def _key(node: Node, document: str) -> str:
    with node.store.reading() as unit:
        return str(unit.documents.get(document).business_key)


def test_a_recall_that_never_arrives_is_overdue_as_well(world: World) -> None:
    told = Told()
    sender = world.node(SENDER, at_least_once=told)
    world.node(FIRST)
    world.send(sender, first := packet())
    world.settle()
    del world.nodes[FIRST]
    world.send(sender, change(1, first), answer_by=world.clock() + 30 * DAY)
    sender.work()
    told.events.clear()
    world.clock.advance(25 * HOUR)
    sender.work()
    assert [event.receiver for event in told.of(EventKind.OVERDUE)] == [FIRST]


# -- messages --------------------------------------------------------------------------------------------


def test_a_status_that_is_refused_or_too_old_is_told(world: World) -> None:
    """Our 01 for a document: the axis refuses it, or nobody takes it for a month."""
    for number, refused in ((1, True), (2, False)):
        told = Told()
        line = odd(world, FIRST)
        receiver = world.node(FIRST, carrier=line, at_least_once=told, url=f"sqlite:///{world.folder}/{number}.db")
        inject(world, vndoc.write_packet(packet(number)), FIRST)
        code, retry = ("carrier-refused", Retry.NEVER) if refused else ("carrier-unreachable", Retry.SAFE)
        fault = OwnFaultError if refused else PeerFaultError
        line.before["submit"] = raising(fault(code, carrier=AXIS, detail="x", retry=retry))
        receiver.work()
        receiver.work()
        if not refused:
            world.clock.advance(31 * DAY)
            receiver.work()
        receiver.work()
        (event,) = told.of(EventKind.NOT_DELIVERED)
        assert event.code == ("carrier-refused" if refused else "lifetime-over")
        assert event.facts["status"] == "01"
        assert row_of(receiver, "status").state is (OutboxState.REFUSED if refused else OutboxState.EXPIRED)


def test_a_message_whose_time_is_over_is_not_sent(world: World) -> None:
    told = Told()
    line = odd(world, SENDER)
    sender = world.node(SENDER, carrier=line, at_least_once=told)
    sent = world.send(sender, packet())
    world.clock.advance(6 * DAY)
    sender.push()  # before the deadline of the delivery was looked at
    assert "submit" not in line.calls
    assert row_of(sender).state is OutboxState.EXPIRED
    assert delivery(sender, sent.business_key) == "expired"
    sender.work()
    assert [event.receiver for event in told.of(EventKind.NOT_DELIVERED)] == [FIRST]


def test_the_outcome_of_an_attempt_is_written_again_where_another_transaction_stood_in_the_way(world: World) -> None:
    reached = Failing({"push.in-transaction": [BUSY]})
    line = odd(world, SENDER)
    sender = world.node(SENDER, carrier=line, reached=reached)
    sent = world.send(sender, packet())
    sender.push()
    assert line.calls == ["submit"]
    assert delivery(sender, sent.business_key) == "submitted"


def test_an_outcome_that_cannot_be_written_at_all_is_not_kept_for_later(world: World) -> None:
    """A fault of the store that does not pass: the row keeps its lease, and in the end it is sent again."""
    reached = Failing({"push.in-transaction": [FAILED]})
    sender = world.node(SENDER, reached=reached)
    sent = world.send(sender, packet())
    with pytest.raises(StoreError):
        sender.push()
    assert sender._ctx.unwritten.get(AXIS, []) == []
    world.clock.advance(2 * POLICY.lease)
    sender.push()
    assert delivery(sender, sent.business_key) == "submitted"
    world.node(FIRST)
    world.settle()
    assert len(copies(world.nodes[FIRST])) == 1  # this carrier recognises the repetition


def test_a_kept_outcome_that_cannot_be_written_is_given_up_and_stops_nothing(world: World) -> None:
    reached = Failing({"push.in-transaction": [StoreError("store-unavailable", detail="x"), FAILED]})
    sender = world.node(SENDER, reached=reached)
    sent = world.send(sender, packet())
    for _ in range(2):
        with pytest.raises(StoreError):
            sender.push()
    assert sender._ctx.unwritten[AXIS] == []
    world.clock.advance(2 * POLICY.lease)
    sender.push()
    assert delivery(sender, sent.business_key) == "submitted"


@pytest.mark.parametrize("by", ["open", "carrier"])
def test_a_content_that_cannot_be_had_just_now_waits(world: World, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    line = odd(world, SENDER)
    sender = world.node(SENDER, carrier=line)
    sent = world.send(sender, packet())
    gone = StoreError("blob-unavailable", detail="x")
    if by == "open":
        with monkeypatch.context() as patched:
            patched.setattr(type(sender.store), "content", raising(gone))
            sender.push()
    else:
        error = OwnFaultError("carrier-packet-unreadable", carrier=AXIS, detail="x")
        error.__cause__ = gone
        line.before["submit"] = raising(error, 1)
        sender.push()
    row = row_of(sender)
    assert (row.state, row.code) == (OutboxState.WAITING, "blob-unavailable")
    assert sender.health().ready  # the carrier did nothing wrong
    world.clock.advance(HOUR)
    sender.push()
    assert delivery(sender, sent.business_key) == "submitted"


def test_giving_up_a_status(world: World) -> None:
    line = odd(world, FIRST)
    receiver = world.node(FIRST, carrier=line)
    inject(world, vndoc.write_packet(packet()), FIRST)
    line.before["submit"] = raising(OwnFaultError("carrier-unknown-sender", carrier=AXIS, sender=FIRST))
    receiver.work()
    receiver.work()
    (row,), _ = receiver.dead()
    assert (row.kind, row.code) == ("status", "carrier-unknown-sender")
    assert receiver.give_up(row.message_id).state is OutboxState.CANCELLED
    assert receiver.health().parked == 0


def test_giving_up_leaves_those_who_have_it_alone(world: World) -> None:
    """A copy came to FIRST by another way; for SECOND the operator gives up."""
    line = odd(world, SENDER)
    sender = world.node(SENDER, carrier=line)
    sent = world.send(sender, packet(1, FIRST, SECOND))
    line.before["submit"] = raising(OwnFaultError("carrier-unknown-sender", carrier=AXIS, sender=SENDER))
    sender.push()
    inject(world, status("01", packet(1, FIRST, SECOND)), SENDER, Kind.STATUS, FIRST)
    sender.poll()
    (row,), _ = sender.dead()
    sender.give_up(row.message_id)
    assert [delivery(sender, sent.business_key, code) for code in (FIRST, SECOND)] == ["arrived", "cancelled"]


def test_giving_up_what_may_have_gone_out_before_is_no_cancelling(world: World) -> None:
    """The first attempt ended without an answer, the second was refused for our settings."""
    line = odd(world, SENDER)
    sender = world.node(SENDER, carrier=line)
    sent = world.send(sender, packet())
    line.before["submit"] = raising(PeerFaultError("carrier-timeout", carrier=AXIS, seconds=1, retry=Retry.UNKNOWN), 1)
    sender.push()
    world.clock.advance(HOUR)
    line.before["submit"] = raising(OwnFaultError("carrier-unknown-sender", carrier=AXIS, sender=SENDER))
    sender.push()
    (row,), _ = sender.dead()
    sender.give_up(row.message_id)
    assert delivery(sender, sent.business_key) in {"failed", "cancelled"}


def taken_over(world: World, node: Node, sent: Any) -> None:
    """Write by hand what no attempt writes: a copy that is taken over, of a message that has not ended."""
    at, policy = world.clock(), node.policy.delivery
    with node.store.transaction() as unit:
        row = unit.documents.delivery(sent.document, FIRST)
        assert row is not None
        value = delivery_of(row)
        if value.state is exchange.DeliveryState.HELD:
            value, _ = value.apply(exchange.Released(at), policy)
        for event in (exchange.Claimed(at, "x", at + HOUR), exchange.Accepted(at, "x")):
            value, _ = value.apply(event, policy)
        unit.documents.move(delivery_row(row.document, value, at))


def test_a_copy_that_is_known_to_be_taken_over_keeps_no_message_from_its_end(world: World) -> None:
    sender = world.node(SENDER)
    sent = world.send(sender, packet())
    taken_over(world, sender, sent)
    sender.push()
    assert (row_of(sender).state, delivery(sender, sent.business_key)) == (OutboxState.SENT, "submitted")


def test_giving_up_leaves_what_is_known_to_be_taken_over_alone(world: World) -> None:
    line = odd(world, SENDER)
    sender = world.node(SENDER, carrier=line)
    sent = world.send(sender, packet())
    line.before["submit"] = raising(OwnFaultError("carrier-unknown-sender", carrier=AXIS, sender=SENDER))
    sender.push()
    taken_over(world, sender, sent)
    (row,), _ = sender.dead()
    assert sender.give_up(row.message_id).state is OutboxState.CANCELLED
    assert delivery(sender, sent.business_key) == "submitted"


def test_a_status_about_what_is_no_document_packet_is_refused(world: World) -> None:
    """The row of a document names a status packet, which no transaction writes."""
    sender, receiver = world.node(SENDER), world.node(FIRST)
    sent = world.send(sender, packet())
    world.settle()
    info = receiver.store.keep(MemoryOctets(status("01", packet())))
    with receiver.store.transaction() as unit:
        unit.name(info, at=world.clock())
        unit.connection.execute(update(documents).values(packet=info.digest))
    with pytest.raises(StoreError) as error:
        receiver.act(sent.business_key, FIRST, LifeEvent.ACCEPT)
    assert error.value.code == "row-unknown"


# -- copies ----------------------------------------------------------------------------------------------


def test_a_kept_copy_whose_row_has_lost_its_content_is_parked(world: World) -> None:
    sender = world.node(SENDER)
    receiver = world.node(FIRST, reached=Failing({"take.in-transaction": [FAILED]}))
    world.send(sender, packet())
    sender.push()
    receiver.poll()
    (row,) = copies(receiver)
    assert row.state is InboxState.KEPT
    execute(receiver, "UPDATE inbox SET packet = NULL")  # the database would let that happen
    for _ in range(POLICY.hook_attempts + 1):
        world.clock.advance(DAY)
        receiver.work()
    (row,) = copies(receiver)
    assert (row.state, row.code) == (InboxState.PARKED, "unexpected")


def test_a_copy_that_cannot_even_be_kept_stays_at_the_axis(world: World) -> None:
    reached = Failing({"take.in-transaction": [FAILED], "take.fetched": []})
    receiver = world.node(FIRST, reached=reached)
    inject(world, vndoc.write_packet(packet()), FIRST)
    keep_only = receiver.store.transaction
    calls = []

    def transaction(self: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:  # the first decides and fails, the second would keep without the effect
            raise FAILED
        return keep_only()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(receiver.store), "transaction", transaction)
        taken = receiver.poll()[AXIS]
    assert (taken.seen, taken.failed, copies(receiver)) == (1, 1, ())
    receiver.work()
    assert [row.outcome for row in copies(receiver)] == ["new"]


def test_a_copy_that_is_gone_when_it_is_fetched_is_no_fault_of_the_axis(world: World) -> None:
    line = odd(world, FIRST)
    receiver = world.node(FIRST, carrier=line, policy=attrs.evolve(POLICY, breaker_after=1))
    inject(world, vndoc.write_packet(packet()), FIRST)
    line.before["fetch"] = raising(OwnFaultError("carrier-item-unknown", carrier=AXIS, item="x"))
    assert receiver.poll()[AXIS].failed == 1
    assert receiver.health().ready
    line.before["fetch"] = raising(PeerFaultError("carrier-unreachable", carrier=AXIS, detail="x"))
    receiver.poll()
    assert not receiver.health().ready


def test_a_kept_copy_that_another_worker_took_over_is_passed_over(world: World) -> None:
    """Two workers of one store: the lease of the first is over while it works."""
    failing = Failing({"take.in-transaction": [FAILED]})
    receiver = world.node(FIRST, reached=failing)
    inject(world, vndoc.write_packet(packet()), FIRST)
    receiver.work()
    assert [row.state for row in copies(receiver)] == [InboxState.KEPT]
    world.clock.advance(HOUR)
    taken: list[str] = []

    def quicker(point: str) -> None:
        if point == "take.in-transaction" and not taken:
            taken.append(point)
            raise StoreError("lease-lost", owner="x", name="x")

    failing.then = quicker
    receiver.work()
    assert taken
    assert [row.state for row in copies(receiver)] == [InboxState.KEPT]  # the other goes on with it


def test_a_recall_for_an_agency_of_ours_that_never_got_it_is_a_conflict(world: World) -> None:
    receiver = world.node(FIRST, own={FIRST: organization(FIRST), SECOND: organization(SECOND)})
    inject(world, vndoc.write_packet(first := packet()), FIRST)
    receiver.work()
    recall = change(1, first, SECOND)
    inject(world, vndoc.write_packet(recall), SECOND)
    FolderBlobs(world.folder / f"{SECOND.replace('.', '')}.blobs")  # a second folder beside that of the store
    other = world.node(SECOND, carrier=odd(world, SECOND), url=f"sqlite:///{world.folder}/{FIRST.replace('.', '')}.db")
    other.work()
    world.clock.advance(2 * HOUR)
    other.work()
    assert {row.code for row in copies(other) if row.outcome == "conflict"} == {"change-target-unknown"}


def test_a_status_of_somebody_who_never_got_it_is_a_conflict(world: World) -> None:
    sender = world.node(SENDER)
    sent = world.send(sender, packet())
    sender.work()
    inject(world, status("03", packet(), reporter=THIRD), SENDER, Kind.STATUS, THIRD)
    sender.work()
    (row,) = copies(sender)
    assert (row.outcome, row.code) == ("conflict", "change-target-unknown")
    assert life(sender, sent.business_key, FIRST) == "expected"


def test_an_answer_to_a_change_that_was_not_asked_of_this_receiver(world: World) -> None:
    sender = world.node(SENDER)
    sent = world.send(sender, packet(1, FIRST, SECOND))
    sender.work()
    change_ = sender.take_back(sent.business_key, reason="x", recipients=[FIRST])
    inject(world, status("15", packet(1, FIRST, SECOND), reporter=SECOND), SENDER, Kind.STATUS, SECOND)
    sender.work()
    assert life(sender, sent.business_key, SECOND) != "recalled"
    with sender.store.reading() as unit:
        saga = unit.lives.saga(change_.id)
        assert saga is not None
        assert not saga.final


def test_a_replacement_names_only_those_who_are_concerned(world: World) -> None:
    """FIRST and SECOND get the new document, the old one ends at FIRST alone."""
    sender, one, two = world.node(SENDER), world.node(FIRST), world.node(SECOND)
    world.send(sender, old := packet(1, FIRST, SECOND))
    world.settle()
    new = change(3, old, FIRST, number=2).evolve(to=(organization(FIRST), organization(SECOND)))
    world.send(sender, new)
    world.settle()
    old_key, new_key = f"{SENDER}|2026|1/UBND-VP", f"{SENDER}|2026|2/UBND-VP"
    assert len(requests(one, old_key)) == 1
    assert requests(two, old_key) == ()
    assert life(two, new_key, SECOND, "in") == "arrived"


# -- ways back, hooks, contents --------------------------------------------------------------------------


def elsewhere(*codes: str) -> RoutingTable:
    """A table whose agencies are reached by a carrier that no node has."""
    agencies = [Agency(code=c, name=c, connection=Connection.CONNECTED, carrier="other") for c in codes]
    return RoutingTable.of(agencies, info=TableInfo(version="khác"))


def test_a_status_goes_back_by_the_carrier_of_its_document_where_the_table_names_none_of_ours(world: World) -> None:
    sender, receiver = world.node(SENDER), world.node(FIRST)
    sent = world.send(sender, packet())
    receiver.table = elsewhere(SENDER, FIRST)
    world.settle()
    assert delivery(sender, sent.business_key) == "arrived"


def test_a_document_is_taken_back_by_the_way_it_went_and_not_at_all_where_there_was_none(world: World) -> None:
    sender = world.node(SENDER)
    sent = world.send(sender, packet())
    sender.work()
    sender.table = elsewhere(SENDER, FIRST)
    with sender.store.transaction() as unit:
        unit.connection.execute(text("UPDATE deliveries SET message_id = NULL"))
    with pytest.raises(ExchangeError) as error:
        sender.take_back(sent.business_key, reason="x")
    assert error.value.code == "no-way-back"
    assert sender.track(sent.business_key).lives[0].state == "expected"


def test_a_store_that_fails_in_a_hook_is_no_fault_of_the_office_system(world: World) -> None:
    receiver = world.node(FIRST, in_transaction=raising(BUSY, 1))
    inject(world, vndoc.write_packet(packet()), FIRST)
    with pytest.raises(StoreError):
        receiver.work()
    assert "hook_failures_total{" not in receiver.metrics()
    receiver.work()
    assert [row.outcome for row in copies(receiver)] == ["new"]


def test_a_content_that_fails_while_it_is_read_is_not_taken_for_a_broken_packet(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("read", "_understood"):
        url = f"sqlite:///{world.folder}/{name}.db"
        receiver = world.node(FIRST, url=url)
        inject(world, vndoc.write_packet(packet(len(name))), FIRST)
        with monkeypatch.context() as patched:
            patched.setattr(f"vndoc.node._understanding.{name}", raising(StoreError("blob-damaged", detail="x")))
            receiver.work()
        assert [row.state for row in copies(receiver)] == [InboxState.KEPT]
        world.clock.advance(HOUR)
        receiver.work()
        assert [row.outcome for row in copies(receiver)] == ["new"]


def test_what_is_no_code_stays_what_it_is(world: World) -> None:
    ctx = world.node(SENDER)._ctx
    day = datetime.datetime(2026, 3, 2, 8, 0, tzinfo=datetime.UTC)
    for code in ("", "không phải mã", "x" * 200):
        assert ctx.canonical(code, day) == code
        assert ctx.names(code) == (code,)
    assert ctx.canonical(f" {FIRST} ", day) == FIRST


def test_a_large_document_that_cannot_be_written_leaves_nothing_open(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = world.node(SENDER)
    monkeypatch.setattr("vndoc.node._sending._IN_MEMORY", 0)
    closed: list[bool] = []
    from vndoc.packets.files import TemporarySpool  # noqa: PLC0415

    close = TemporarySpool.close
    monkeypatch.setattr(TemporarySpool, "close", lambda self: (closed.append(True), close(self))[1])

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vndoc.node._sending.write_packet", full)
    with pytest.raises(OSError, match="No space"):
        world.send(sender, packet())
    assert closed


def test_a_store_that_fails_while_a_document_is_accepted_accepts_nothing(world: World) -> None:
    sender = world.node(SENDER, reached=Failing({"send.in-transaction": [FAILED]}))
    with pytest.raises(StoreError) as error:
        world.send(sender, packet())
    assert error.value.code == "store-failed"
    assert sender.health().waiting == 0
    assert world.send(sender, packet()).repeated is False


def test_two_workers_give_back_only_what_is_theirs(world: World) -> None:
    """The carrier rests in the middle of a batch, while another worker has taken over a row of it."""
    line = odd(world, SENDER)
    policy = NodePolicy(signatures=None, sending=POLICY.sending, breaker_after=1)
    sender = world.node(SENDER, carrier=line, policy=policy)
    for number in (1, 2, 3):
        world.send(sender, packet(number))

    newest = "(SELECT max(message_id) FROM outbox)"

    def fail() -> None:
        execute(sender, f"UPDATE outbox SET owner = 'other' WHERE message_id = {newest}")  # noqa: S608
        raise PeerFaultError("carrier-unreachable", carrier=AXIS, detail="x")

    line.before["submit"] = fail
    pushed = sender.push()[AXIS]
    assert (pushed.sent, line.calls) == (0, ["submit"])
    with sender.store.reading() as unit:
        owners = [row.owner for row in unit.outbox.list().rows]
    assert owners.count("other") == 1
    assert owners.count(None) == 2


# -- carriers that answer slowly or never ---------------------------------------------------------------


def test_a_carrier_that_lists_and_gives_nothing_is_left_alone_after_a_few_attempts(world: World) -> None:
    """Each of a hundred thousand copies would wait for its time-out, and what is to be sent would wait for all."""
    line = odd(world, FIRST)
    receiver = world.node(FIRST, carrier=line)
    for number in range(1, 13):
        inject(world, vndoc.write_packet(packet(number)), FIRST)
    line.before["fetch"] = raising(PeerFaultError("carrier-timeout", carrier=AXIS, seconds=60))
    taken = receiver.poll()[AXIS]
    assert (line.calls.count("fetch"), taken.failed) == (POLICY.breaker_after, POLICY.breaker_after)
    assert receiver.health().resting == (AXIS,)
    line.before.clear()
    world.clock.advance(POLICY.breaker_rest)
    receiver.poll()
    assert len(copies(receiver)) == 12


def test_copies_that_cannot_be_had_do_not_keep_those_behind_them_from_their_turn(world: World) -> None:
    line = odd(world, FIRST)
    receiver = world.node(FIRST, carrier=line)
    for number in range(1, 9):
        inject(world, vndoc.write_packet(packet(number)), FIRST)
    bad = {item.id for item in list(world.axis.transport(FIRST, name="z").pending(Kind.DOCUMENT))[:6]}
    fetch = line.fetch

    def fetched(item: Any) -> Any:
        if item.id in bad:
            raise PeerFaultError("carrier-timeout", carrier=AXIS, seconds=60)
        return fetch(item)

    line.fetch = fetched  # type: ignore[method-assign]
    receiver.work()
    assert len(copies(receiver)) == 0
    for _ in range(2):
        world.clock.advance(POLICY.breaker_longest)
        receiver.work()
    assert len(copies(receiver)) == 2
    bad.clear()  # and they wait for nothing once they can be had
    world.clock.advance(POLICY.breaker_longest)
    receiver.work()
    assert len(copies(receiver)) == 8


def test_a_carrier_that_rests_is_not_told_either(world: World) -> None:
    line = odd(world, FIRST)
    receiver = world.node(FIRST, carrier=line, policy=attrs.evolve(POLICY, breaker_after=2))
    for number in range(1, 6):
        inject(world, vndoc.write_packet(packet(number)), FIRST)
    line.before["settle"] = raising(PeerFaultError("carrier-timeout", carrier=AXIS, seconds=60))
    receiver.work()
    assert line.calls.count("settle") == 2
    receiver.work()
    assert line.calls.count("settle") == 2
    line.before.clear()
    for _ in range(3):
        world.clock.advance(HOUR)
        receiver.work()
    assert {row.state for row in copies(receiver)} == {InboxState.SETTLED}
    assert len(copies(receiver)) == 5


def test_what_is_remembered_of_copies_that_cannot_be_had_is_bounded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vndoc.node._taking._UNFETCHED", 3)
    line = odd(world, FIRST)
    receiver = world.node(FIRST, carrier=line)
    for number in range(1, 6):
        inject(world, vndoc.write_packet(packet(number)), FIRST)
    line.before["fetch"] = raising(PeerFaultError("carrier-timeout", carrier=AXIS, seconds=60))
    receiver.poll()
    assert len(receiver._ctx.unfetched) == 3


def test_one_text_is_no_list_of_exclusions_and_somebody_must_be_left(world: World) -> None:
    sender = world.node(SENDER)
    with pytest.raises(UsageError) as caught:
        world.send(sender, packet(1), exclude=FIRST)
    assert caught.value.code == "option-invalid"
    with pytest.raises(NotClearedError) as refused:
        world.send(sender, packet(1), exclude=(code for code in [FIRST]))
    assert refused.value.clearance is not None
    assert [finding.id for finding in refused.value.clearance.errors] == ["recipient-none"]
    assert len(world.send(sender, packet(1)).messages) == 1
