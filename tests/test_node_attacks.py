"""Attacks on the node: odd peers, wrong order, broken hooks and carriers, clocks that jump, two workers at once."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest

import services
from node_support import (
    ALL,
    AXIS,
    FIRST,
    POLICY,
    SECOND,
    SENDER,
    THIRD,
    World,
    change,
    organization,
    packet,
    trace,
)
from vndoc import exchange
from vndoc.envelope import Bussiness, ReplacementInfo
from vndoc.errors import ExchangeError, OwnFaultError, PeerFaultError, Retry, StoreError, UsageError
from vndoc.exchange import LifeEvent
from vndoc.identifiers import OrganCode
from vndoc.node import Event, EventKind, Node
from vndoc.routing import Agency, Alias, AliasKind, Connection, RoutingTable, TableInfo
from vndoc.store import InboxState, OutboxState, Retention, _retention
from vndoc.transport import Features, Item, Kind, Outgoing, Receipt, Transport

MINUTE = datetime.timedelta(minutes=1)
HOUR = datetime.timedelta(hours=1)


@attrs.define(eq=False, slots=False)
class Odd:
    """A carrier around another one; ``before`` may raise, or do something, before each call of a name."""

    inner: Transport
    before: dict[str, Callable[[], object]] = attrs.field(factory=dict)
    after: dict[str, Callable[[], object]] = attrs.field(factory=dict)
    deduplicates: bool = True
    calls: list[str] = attrs.field(factory=list)

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def features(self) -> Features:
        return attrs.evolve(self.inner.features, deduplicates=self.deduplicates)

    def _call(self, name: str, work: Callable[[], Any]) -> Any:
        self.calls.append(name)
        self.before.get(name, lambda: None)()
        found = work()
        self.after.get(name, lambda: None)()
        return found

    def submit(self, sent: Outgoing, recipients: Any) -> Receipt:
        return self._call("submit", lambda: self.inner.submit(sent, recipients))

    def pending(self, kind: Kind) -> Iterator[Item]:
        return self._call("pending", lambda: self.inner.pending(kind))

    def fetch(self, item: Item) -> Any:
        return self._call("fetch", lambda: self.inner.fetch(item))

    def settle(self, item: Item, settlement: Any) -> None:
        self._call("settle", lambda: self.inner.settle(item, settlement))

    def close(self) -> None:
        self.inner.close()


def raising(error: BaseException, times: int = 1_000_000) -> Callable[..., None]:
    left = [times]

    def call(*_given: Any) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise error

    return call


def odd(world: World, code: str, **values: Any) -> Odd:
    return Odd(world.axis.transport(code, name=AXIS), **values)


def requests(node: Node, key: str) -> Any:
    with node.store.reading() as unit:
        return unit.lives.sagas("in", key)


def copies(node: Node, **wanted: Any) -> Any:
    with node.store.reading() as unit:
        return unit.inbox.list(**wanted).rows


def life(node: Node, key: str, receiver: str, direction: str = "out") -> str:
    with node.store.reading() as unit:
        return unit.lives.get(direction, key, receiver).state


# -- what a packet is ------------------------------------------------------------------------------------


def test_a_recall_that_is_its_document_again_in_all_else_is_a_recall(world: World) -> None:
    """As some products write it: same code, same content, only the operation differs."""
    sender, receiver = world.node(SENDER), world.node(FIRST)
    first = packet()
    sent = world.send(sender, first)
    world.settle()
    block = Bussiness(bussiness_doc_type=1, bussiness_doc_reason="có sai sót", paper=0)
    recall = attrs.evolve(first, trace_header_list=trace(SENDER, block))
    assert world.send(sender, recall).change
    world.settle()
    assert [request.kind for request in requests(receiver, sent.business_key)] == ["recall"]


def test_a_replacement_reaches_both_of_our_agencies_by_a_copy_each(world: World) -> None:
    sender = world.node(SENDER)
    told: list[Event] = []
    both = {code: organization(code) for code in (FIRST, SECOND)}
    carrier = world.axis.transport(FIRST, SECOND, name=AXIS)
    world.node(FIRST, own=both, carrier=carrier, at_least_once=lambda event, key: told.append(event))
    first = packet(1, FIRST, SECOND)
    world.send(sender, first)
    world.settle()
    told.clear()
    replacing = Bussiness(
        bussiness_doc_type=3,
        bussiness_doc_reason="thay thế",
        paper=0,
        replacement_info_list=(ReplacementInfo(document_id=first.document_id, organ_id_list=(FIRST, SECOND)),),
    )
    world.send(sender, packet(2, FIRST, SECOND, trace_header_list=trace(SENDER, replacing)))
    world.settle()
    assert {(e.kind, e.receiver) for e in told} == {
        (kind, code) for kind in (EventKind.RECEIVED, EventKind.CHANGE_REQUESTED) for code in (FIRST, SECOND)
    }
    assert len(told) == 4


def test_an_operation_that_nobody_knows_is_a_new_document_and_comes_again_as_a_duplicate(world: World) -> None:
    receiver = world.node(FIRST)
    block = Bussiness(bussiness_doc_type=10**12, paper=0)
    strange = attrs.evolve(packet(), trace_header_list=trace(SENDER, block))
    for message in ("m1", "m2"):
        put(world, strange, message)
    world.settle()
    assert sorted(copy.outcome for copy in copies(receiver)) == ["duplicate", "new"]


def put(world: World, sent: Any, message_id: str, *, kind: Kind = Kind.DOCUMENT, to: str = FIRST) -> None:
    """Hand a packet over behind the back of every node."""
    from vndoc.envelope.octets import MemoryOctets, sha256  # noqa: PLC0415
    from vndoc.packets import write_packet  # noqa: PLC0415

    content = MemoryOctets(write_packet(sent, profile="vxp"))
    carrier = world.axis.transport(SENDER, name=AXIS)
    carrier.submit(
        Outgoing(message_id=message_id, kind=kind, sender=SENDER, content=content, sha256=sha256(content)), [to]
    )


# -- the order in which things come ----------------------------------------------------------------------


@pytest.mark.parametrize("form", ["packet", "status"])
def test_a_recall_that_comes_before_its_document_waits_for_it(world: World, form: str) -> None:
    line = odd(world, SENDER)
    sender, receiver = world.node(SENDER, carrier=line), world.node(FIRST)
    first = packet()
    sent = world.send(sender, first)
    line.before["submit"] = raising(PeerFaultError("carrier-failed", carrier=AXIS, detail="-"), 1)
    sender.push()
    if form == "packet":
        world.send(sender, change(1, first, number=9))
    else:
        sender.take_back(sent.business_key, reason="gửi nhầm")
    world.settle()
    (waiting,) = copies(receiver)
    assert (waiting.state, waiting.code) == (InboxState.KEPT, "change-target-unknown")
    for _ in range(4):
        world.clock.advance(MINUTE)
        world.settle()
    assert [request.kind for request in requests(receiver, sent.business_key)] == ["recall"]
    assert life(receiver, sent.business_key, FIRST, "in") == "arrived"


def test_a_recall_of_what_never_comes_is_a_conflict_in_the_end(world: World) -> None:
    receiver = world.node(FIRST)
    put(world, change(1, packet(7), number=8), "m1")
    for _ in range(5):
        world.settle()
        world.clock.advance(20 * MINUTE)
    world.settle()
    (copy,) = copies(receiver)
    assert (copy.state, copy.outcome, copy.code) == (InboxState.SETTLED, "conflict", "change-target-unknown")


def test_a_recall_of_what_was_never_sent_waits_as_long_as_the_policy_says_and_is_over(world: World) -> None:
    """A document expires before it goes out and is taken back: the receiver waits for it, then all come to rest."""
    told: list[Event] = []
    sender, receiver = world.node(SENDER, at_least_once=lambda event, key: told.append(event)), world.node(FIRST)
    sent = world.send(sender, packet())
    world.clock.advance(datetime.timedelta(days=6))
    sender.take_back(sent.business_key, reason="gửi nhầm")
    world.settle()
    assert [d.delivery for d in sender.track(sent.business_key).deliveries] == ["expired"]
    (waiting,) = copies(receiver)
    for _ in range(59):
        world.clock.advance(MINUTE)
        world.settle()
    assert [(copy.state, copy.outcome) for copy in copies(receiver)] == [(InboxState.KEPT, None)]
    world.clock.advance(waiting.kept_at + POLICY.wait_for_target - world.clock())
    world.settle()
    (copy,) = copies(receiver)
    assert (copy.state, copy.outcome, copy.code) == (InboxState.SETTLED, "conflict", "change-target-unknown")
    world.clock.advance(POLICY.answer_within)
    world.settle()
    assert [event.code for event in told if event.kind is EventKind.CHANGE_CLOSED] == ["not-agreed"]
    with sender.store.reading() as unit:
        (saga,) = unit.lives.sagas("out", sent.business_key)
    assert saga.final


def test_the_same_number_next_year_is_another_document(world: World) -> None:
    sender, receiver = world.node(SENDER), world.node(FIRST)
    world.send(sender, packet())
    world.settle()
    later = packet().promulgation_info.evolve(promulgation_date=datetime.date(2027, 3, 2))
    world.clock.advance(datetime.timedelta(days=366))
    world.send(sender, packet(promulgation_info=later, document_id=f"{SENDER},2027/03/02,1/UBND-VP"))
    world.settle()
    assert [copy.outcome for copy in copies(receiver)] == ["new", "new"]


def test_an_arrival_after_the_end_is_told_once(world: World) -> None:
    told: list[Event] = []
    sender = world.node(SENDER, at_least_once=lambda event, key: told.append(event))
    sent = world.send(sender, packet())
    world.settle()
    world.clock.advance(datetime.timedelta(days=6))
    world.settle()
    assert [d.delivery for d in sender.track(sent.business_key).deliveries] == ["expired"]
    receiver = world.node(FIRST)
    world.settle()
    receiver.act(sent.business_key, FIRST, LifeEvent.ACCEPT)
    world.settle()
    assert life(sender, sent.business_key, FIRST) == "accepted"
    assert [d.delivery for d in sender.track(sent.business_key).deliveries] == ["expired"]
    assert [e.code for e in told if e.kind is EventKind.CONFLICT] == ["outcome-contradicts"]
    assert len([e for e in told if e.kind is EventKind.LATE]) == 1


def test_a_change_ends_where_its_packet_is_refused(world: World) -> None:
    sender = world.node(SENDER)
    world.node(FIRST)
    world.node(SECOND)
    first = packet(1, FIRST, SECOND)
    sent = world.send(sender, first)
    world.settle()
    world.axis.shut(SECOND)
    recall = world.send(sender, change(1, first, FIRST, SECOND, number=9))
    world.settle()
    with sender.store.reading() as unit:
        assert {part.recipient: part.state for part in unit.documents.change_parts(recall.change).rows} == {
            FIRST: "asked",
            SECOND: "undelivered",
        }
    assert life(sender, sent.business_key, SECOND) == "arrived"


def test_taking_back_from_somebody_who_never_got_it_is_refused(world: World) -> None:
    sender = world.node(SENDER)
    sent = world.send(sender, packet())
    with pytest.raises(ExchangeError) as caught:
        sender.take_back(sent.business_key, reason="gửi nhầm", recipients=[FIRST, THIRD])
    assert caught.value.code == "change-recipients"


def test_taking_back_from_an_agency_that_is_closed_since_goes_the_way_the_document_went(world: World) -> None:
    sender = world.node(SENDER)
    receiver = world.node(FIRST)
    sent = world.send(sender, packet())
    world.settle()
    left = [Agency(code=SENDER, name="Đơn vị gửi", connection=Connection.CONNECTED)]
    sender.table = RoutingTable.of(left, info=TableInfo(version="sau", carrier=AXIS))
    sender.take_back(sent.business_key, reason="gửi nhầm")
    world.settle()
    assert len(requests(receiver, sent.business_key)) == 1


# -- carriers that fail ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        OwnFaultError("carrier-credentials", carrier=AXIS, detail="-"),
        OwnFaultError("carrier-clock", carrier=AXIS, seconds=900),
        OwnFaultError("carrier-configuration", carrier=AXIS, detail="-"),
        OwnFaultError("carrier-closed", carrier=AXIS),
    ],
)
def test_a_fault_of_the_carrier_pauses_it_and_every_message_waits(world: World, fault: OwnFaultError) -> None:
    told: list[Event] = []
    line = odd(world, SENDER, before={"submit": raising(fault)})
    sender = world.node(SENDER, carrier=line, at_least_once=lambda event, key: told.append(event))
    world.node(FIRST)
    keys = [world.send(sender, packet(number)).business_key for number in range(1, 6)]
    for _ in range(3):
        sender.work()
        world.clock.advance(3 * MINUTE)
    assert line.calls.count("submit") <= 3, "one attempt for each rest, not one for each message"
    with sender.store.reading() as unit:
        assert {row.state for row in unit.outbox.list(carrier=AXIS).rows} == {OutboxState.WAITING}
    assert [e.kind for e in told] == [EventKind.HELD]
    line.before.clear()
    for _ in range(4):
        world.clock.advance(11 * MINUTE)
        world.settle()
    assert [life(sender, key, FIRST) for key in keys] == ["arrived"] * 5


def test_what_is_given_back_was_no_attempt(world: World) -> None:
    policy = attrs.evolve(POLICY, delivery=exchange.DeliveryPolicy(attempts=3))
    line = odd(world, SENDER)
    line.before["submit"] = raising(OwnFaultError("carrier-credentials", carrier=AXIS, detail="-"))
    sender = world.node(SENDER, carrier=line, policy=policy)
    sent = [world.send(sender, packet(number)) for number in (1, 2)]
    for _ in range(6):
        sender.work()
        world.clock.advance(11 * MINUTE)
    line.before["submit"] = raising(PeerFaultError("carrier-failed", carrier=AXIS, detail="-"), 1)
    sender.work()
    with sender.store.reading() as unit:
        states = [unit.outbox.get(one.messages[0]).state for one in sent]
    assert sorted(state.value for state in states) == ["waiting", "waiting"], "a carrier that rests costs no attempt"


def test_a_duplicate_after_an_answer_that_was_lost_had_been_taken_over(world: World) -> None:
    line = odd(world, SENDER, deduplicates=False)
    policy = attrs.evolve(POLICY, unsure=_repeat())
    sender = world.node(SENDER, carrier=line, policy=policy)
    world.node(FIRST)
    sent = world.send(sender, packet())
    line.after["submit"] = raising(PeerFaultError("carrier-timeout", carrier=AXIS, seconds=1, retry=Retry.UNKNOWN), 1)
    sender.push()
    line.before["submit"] = raising(OwnFaultError("carrier-duplicate", carrier=AXIS, detail="-"))
    world.clock.advance(11 * MINUTE)
    sender.push()
    (message,) = sender.track(sent.business_key).messages
    assert message.state is OutboxState.SENT
    assert [d.delivery for d in sender.track(sent.business_key).deliveries] == ["submitted"]
    world.settle()
    assert [d.delivery for d in sender.track(sent.business_key).deliveries] == ["arrived"]


def _repeat() -> Any:
    from vndoc.node import Unsure  # noqa: PLC0415

    return Unsure.REPEAT


def test_a_duplicate_at_the_first_attempt_waits_for_an_operator(world: World) -> None:
    line = odd(world, SENDER, before={"submit": raising(OwnFaultError("carrier-duplicate", carrier=AXIS, detail="-"))})
    sender = world.node(SENDER, carrier=line)
    sent = world.send(sender, packet())
    sender.push()
    (message,) = sender.track(sent.business_key).messages
    assert (message.state, message.code) == (OutboxState.PARKED, "carrier-duplicate")


def test_giving_up_a_message_ends_its_deliveries(world: World) -> None:
    fault = OwnFaultError("carrier-unknown-sender", carrier=AXIS, sender=SENDER)
    sender = world.node(SENDER, carrier=odd(world, SENDER, before={"submit": raising(fault)}))
    sent = world.send(sender, packet())
    sender.push()
    sender.give_up(sent.messages[0])
    assert [d.delivery for d in sender.track(sent.business_key).deliveries] == ["cancelled"]


def test_giving_up_a_message_that_may_have_gone_out(world: World) -> None:
    line = odd(world, SENDER, deduplicates=False)
    line.after["submit"] = raising(PeerFaultError("carrier-timeout", carrier=AXIS, seconds=1, retry=Retry.UNKNOWN))
    sender = world.node(SENDER, carrier=line)
    sent = world.send(sender, packet())
    sender.push()
    world.clock.advance(11 * MINUTE)
    sender.push()
    (message,) = sender.track(sent.business_key).messages
    assert message.state is OutboxState.PARKED
    sender.give_up(message.message_id)
    assert [d.delivery for d in sender.track(sent.business_key).deliveries] == ["failed"]


@pytest.mark.parametrize("call", ["pending", "fetch", "settle", "submit"])
def test_a_carrier_that_breaks_its_word_stops_nothing(world: World, call: str) -> None:
    sender = world.node(SENDER, carrier=odd(world, SENDER, before={call: raising(ZeroDivisionError("bí mật"), 1)}))
    receiver = world.node(FIRST, carrier=odd(world, FIRST, before={call: raising(KeyError("bí mật"), 1)}))
    sent = world.send(sender, packet())
    for _ in range(4):
        sender.work()
        receiver.work()
        world.clock.advance(11 * MINUTE)
    world.settle()
    assert life(sender, sent.business_key, FIRST) == "arrived"
    assert 'code="carrier-nonsense"' in receiver.metrics() + sender.metrics()


def test_a_carrier_that_answers_with_nothing_is_nonsense(world: World) -> None:
    line = odd(world, SENDER)
    line.submit = lambda sent, recipients: None  # type: ignore[method-assign, assignment]
    sender = world.node(SENDER, carrier=line)
    sent = world.send(sender, packet())
    sender.push()
    (message,) = sender.track(sent.business_key).messages
    assert (message.state, message.code) == (OutboxState.WAITING, "carrier-nonsense")


@pytest.mark.parametrize("poison", ["\x00", "\ud800", "x" * 5000])
@pytest.mark.parametrize("where", ["id", "sender"])
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_an_item_with_an_odd_name_stops_none_of_the_others(
    world: World, poison: str, database: str, where: str
) -> None:
    with url_of(database) as url:
        line = odd(world, FIRST)
        put(world, packet(1), "m1")
        put(world, packet(2), "m2")
        real, spoilt = line.inner, []

        def pending(kind: Kind) -> Iterator[Item]:
            for number, item in enumerate(real.pending(kind)):
                spoilt.append(item.id)
                named = {"id": poison} if where == "id" else {"extra": {"x": poison}, "sender": poison}
                yield attrs.evolve(item, **named) if number == 0 else item

        line.pending = pending  # type: ignore[method-assign]
        receiver = world.node(FIRST, carrier=line, url=url)
        receiver.work()
        assert [copy.outcome for copy in copies(receiver)] == ["new"] * (1 if where == "id" else 2)
        world.stores.pop().close()


def url_of(database: str) -> Any:
    import contextlib  # noqa: PLC0415

    return services.postgres_database() if database == "postgresql" else contextlib.nullcontext(None)


def test_verification_that_cannot_be_done_now_does_not_make_a_packet_unreadable(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vndoc.node import _understanding  # noqa: PLC0415

    receiver = world.node(FIRST)
    monkeypatch.setattr(_understanding, "_verified", raising(UsageError("option-invalid", detail="-")))
    put(world, packet(), "m1")
    receiver.work()
    (copy,) = copies(receiver)
    assert (copy.state, copy.code) == (InboxState.KEPT, "option-invalid")
    monkeypatch.undo()
    world.clock.advance(MINUTE)
    world.settle()
    assert [copy.outcome for copy in copies(receiver)] == ["new"]


def test_a_fault_of_our_own_in_one_copy_stops_none_of_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from vndoc.node import _taking  # noqa: PLC0415

    receiver = world.node(FIRST)
    put(world, packet(1), "m1")
    put(world, packet(2), "m2")
    decide, count = _taking.decide, []

    def decide_badly(*given: Any) -> Any:
        count.append(1)
        if len(count) == 1:
            raise RecursionError
        return decide(*given)

    monkeypatch.setattr(_taking, "decide", decide_badly)
    receiver.work()
    assert sorted((copy.outcome or "", copy.code or "") for copy in copies(receiver)) == [
        ("", "unexpected"),
        ("new", ""),
    ]
    world.clock.advance(MINUTE)
    world.settle()
    assert [copy.outcome for copy in copies(receiver)] == ["new", "new"]


# -- the store is gone -----------------------------------------------------------------------------------


def test_an_outcome_that_could_not_be_written_is_written_later_and_not_sent_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vndoc.node._pushing import Pushing  # noqa: PLC0415

    line = odd(world, SENDER, deduplicates=False)
    sender = world.node(SENDER, carrier=line)
    world.node(FIRST)
    sent = world.send(sender, packet())
    monkeypatch.setattr(Pushing, "_write", raising(StoreError("store-unavailable", detail="-")))
    for _ in range(2):
        with pytest.raises(StoreError):
            sender.push()
    monkeypatch.undo()
    world.settle()
    assert line.calls.count("submit") == 1
    assert [m.state for m in sender.track(sent.business_key).messages] == [OutboxState.SENT]
    assert life(sender, sent.business_key, FIRST) == "arrived"


# -- clocks ----------------------------------------------------------------------------------------------


def test_a_clock_that_is_set_back_does_not_stop_the_polling(world: World) -> None:
    receiver = world.node(FIRST, policy=attrs.evolve(POLICY, poll_every=datetime.timedelta(seconds=0.05)))
    stop = threading.Event()
    rounds: list[Any] = []

    def each(done: Any) -> None:
        rounds.append(done)
        if len(rounds) == 1:
            world.clock.advance(-24 * HOUR)
            put(world, packet(), "m1")
        if done.received or len(rounds) > 50:
            stop.set()

    receiver.run(stop, each=each)
    assert [copy.outcome for copy in copies(receiver)] == ["new"]


def test_a_clock_that_is_set_back_does_not_let_a_carrier_rest_for_a_day(world: World) -> None:
    from vndoc.node.breaker import Breaker  # noqa: PLC0415

    breaker = Breaker(POLICY)
    until = breaker.rest(world.clock())
    assert breaker.rests(world.clock()) == until
    assert breaker.rests(world.clock() - 24 * HOUR) is None


# -- many, and for long ----------------------------------------------------------------------------------


def test_a_round_takes_in_a_part_and_says_that_there_is_more(world: World) -> None:
    receiver = world.node(FIRST, policy=attrs.evolve(POLICY, batch=2))
    for number in range(1, 12):
        put(world, packet(number), f"m{number}")
    done = receiver.work()
    assert (done.received, done.more, done.idle) == (8, True, False)
    done = receiver.work()
    assert (done.received, done.more) == (3, False)


def test_a_hook_that_is_slow_keeps_its_rows(world: World) -> None:
    """Each call takes a good part of the lease; a second worker gets none of them."""
    told: list[str] = []
    policy = attrs.evolve(POLICY, lease=datetime.timedelta(seconds=0.6))
    with services.postgres_database() as url:

        def slow(_event: Event, key: str) -> None:
            told.append(key)
            threading.Event().wait(0.3)

        clock = lambda: datetime.datetime.now(datetime.UTC)  # noqa: E731
        one = world.node(FIRST, url=url, policy=policy, at_least_once=slow, clock=clock)
        two = world.node(FIRST, url=url, policy=policy, at_least_once=slow, clock=clock)
        for number in range(1, 6):
            put(world, packet(number), f"m{number}")
        one.poll()
        workers = [threading.Thread(target=node.work, kwargs={"poll": False}) for node in (one, two)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert sorted(told) == sorted(set(told))
        assert len(told) == 5
        for _ in range(2):
            world.stores.pop().close()


def test_a_deadline_that_cannot_be_dealt_with_stops_none_of_the_others(world: World) -> None:
    from sqlalchemy import text  # noqa: PLC0415

    sender = world.node(SENDER)
    sent = [world.send(sender, packet(number)) for number in (1, 2)]
    sender.push()
    with sender.store.transaction() as unit:
        unit.connection.execute(
            text("UPDATE deliveries SET value = '{}' WHERE document = :id"), {"id": sent[0].document}
        )
    world.clock.advance(25 * HOUR)
    told = sender.work().deadlines
    assert told == 2
    assert [d.owner for d in sender.track(sent[1].business_key).deliveries] == ["peer"]
    with sender.store.reading() as unit:
        assert unit.documents.due(world.clock()) == ()


def test_a_purge_deletes_more_rows_than_one_statement_may_name(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_retention, "_PARAMETERS", 2)
    receiver = world.node(FIRST)
    for number in range(1, 6):
        put(world, packet(number), f"m{number}")
    world.settle()
    later = world.clock() + datetime.timedelta(days=30)
    purged = receiver.store.purge(Retention(messages=datetime.timedelta(days=7)), now=later)
    assert purged.messages == 5
    with receiver.store.reading() as unit:
        assert unit.outbox.list().rows == ()
        assert len(unit.documents.list().rows) == 5


def test_a_status_under_the_code_that_a_new_table_prefers_finds_its_document(world: World) -> None:
    """The receiver was known by one code when the document went out, and by another, its alias, when it answers."""
    sender, receiver = world.node(SENDER), world.node(FIRST)
    sent = world.send(sender, packet())
    world.settle()
    newer = Agency(
        code=THIRD, name="Đơn vị nhận", connection=Connection.CONNECTED, aliases=(Alias(FIRST, AliasKind.OTHER),)
    )
    left = Agency(code=SENDER, name="Đơn vị gửi", connection=Connection.CONNECTED)
    sender.table = RoutingTable.of([left, newer], info=TableInfo(version="sau", carrier=AXIS))
    receiver.act(sent.business_key, FIRST, LifeEvent.ACCEPT)
    world.settle()
    assert life(sender, sent.business_key, FIRST) == "accepted"


def test_a_sender_under_the_code_that_a_new_table_prefers_may_take_its_document_back(world: World) -> None:
    sender, receiver = world.node(SENDER), world.node(FIRST)
    sent = world.send(sender, packet())
    world.settle()
    newer = Agency(
        code=THIRD, name="Đơn vị gửi", connection=Connection.CONNECTED, aliases=(Alias(SENDER, AliasKind.OTHER),)
    )
    left = Agency(code=FIRST, name="Đơn vị nhận", connection=Connection.CONNECTED)
    receiver.table = RoutingTable.of([left, newer], info=TableInfo(version="sau", carrier=AXIS))
    sender.take_back(sent.business_key, reason="gửi nhầm")
    world.settle()
    assert [request.kind for request in requests(receiver, sent.business_key)] == ["recall"]


def renamed(old: str, new: str) -> RoutingTable:
    """A later table, in which the agency *old* has the code *new*, and its old one as an alias."""
    alias = (Alias(old, AliasKind.OTHER),)
    agencies = [Agency(code=code, name="Đơn vị", connection=Connection.CONNECTED) for code in {*ALL} - {old, new}]
    agencies.append(Agency(code=new, name="Đơn vị", connection=Connection.CONNECTED, aliases=alias))
    return RoutingTable.of(agencies, info=TableInfo(version="sau", carrier=AXIS))


@pytest.mark.parametrize("sender", [SENDER, THIRD], ids=["as it was", "under the new code"])
def test_a_document_that_comes_again_after_its_sender_got_another_code_is_a_duplicate(
    world: World, sender: str
) -> None:
    told: list[Event] = []
    receiver = world.node(FIRST, at_least_once=lambda event, key: told.append(event))
    first = packet()
    put(world, first, "m1")
    world.settle()
    receiver.table = renamed(SENDER, THIRD)
    put(world, packet(from_=attrs.evolve(first.from_, organ_id=OrganCode(sender))), "m2")
    world.settle()
    assert sorted(copy.outcome or "" for copy in copies(receiver)) == ["duplicate", "new"]
    assert [event.kind for event in told] == [EventKind.RECEIVED, EventKind.DUPLICATE]
    with receiver.store.reading() as unit:
        earlier, later = (row for row in unit.outbox.list().rows if row.kind == "status")
        assert earlier.body == later.body
        assert {copy.business_key for copy in copies(receiver)} == {f"{SENDER}|2026|1/UBND-VP"}


def test_another_content_under_the_new_code_of_its_sender_is_a_conflict(world: World) -> None:
    receiver = world.node(FIRST)
    put(world, packet(), "m1")
    world.settle()
    receiver.table = renamed(SENDER, THIRD)
    put(world, packet(subject="Về việc khác"), "m2")
    world.settle()
    assert sorted(copy.outcome or "" for copy in copies(receiver)) == ["conflict", "new"]


def test_a_receiver_that_got_another_code_is_still_itself(world: World) -> None:
    receiver = world.node(FIRST)
    put(world, packet(), "m1")
    world.settle()
    receiver.table = renamed(FIRST, THIRD)
    for number, message in ((1, "m2"), (2, "m3")):
        put(world, packet(number), message)
    world.settle()
    assert sorted(copy.outcome or "" for copy in copies(receiver)) == ["duplicate", "new", "new"]
    receiver.act(f"{SENDER}|2026|2/UBND-VP", FIRST, LifeEvent.ACCEPT)


def test_what_was_sent_under_the_earlier_code_is_not_sent_again(world: World) -> None:
    sender = world.node(SENDER)
    first = world.send(sender, packet())
    sender.table = renamed(SENDER, THIRD)
    again = world.send(sender, packet())
    assert again.repeated
    assert (again.document, again.business_key, again.messages) == (first.document, first.business_key, first.messages)
