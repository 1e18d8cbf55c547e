"""Answers to a change that come from where nobody asked: told for what they are, and nobody else's part moves."""

from __future__ import annotations

import datetime

import pytest
from sqlalchemy import text

from node_support import AXIS, FIRST, SECOND, SENDER, World, change, packet
from test_node_attacks import copies, odd, put, raising
from test_node_retention import ids
from test_node_ways import adding, deliveries
from vndoc.envelope import DocumentPacket, Organization, ResponseFor, StatusPacket
from vndoc.errors import OwnFaultError, PeerFaultError
from vndoc.exchange import LifeEvent
from vndoc.node import Event, EventKind, Node
from vndoc.transport import Kind


def parts(node: Node, change_id: str) -> dict[str, str]:
    with node.store.reading() as unit:
        return {part.recipient: part.state for part in unit.documents.change_parts(change_id).rows}


def conflicts(node: Node) -> list[tuple[str, str | None]]:
    with node.store.reading() as unit:
        return [(one.code, one.keys.get("recipient") or one.keys.get("receiver")) for one in
                unit.records.conflicts().rows]  # fmt: skip


def state(node: Node, key: str, receiver: str) -> str:
    with node.store.reading() as unit:
        row = unit.lives.get("out", key, receiver)
        assert row is not None
        return row.state


def says(world: World, code: str, of: DocumentPacket, receiver: str, message: str) -> None:
    """Let *receiver*, whatever its product is, report *code* on the document *of*."""
    status = StatusPacket(
        from_=Organization(organ_id=receiver, organ_name="Đơn vị"),
        response_for=ResponseFor.to(of, organ_id=SENDER),
        status_code=code,
        description="lý do",
        timestamp=world.clock().replace(tzinfo=None, microsecond=0),
    )
    put(world, status, message, kind=Kind.STATUS, to=SENDER)


@pytest.mark.parametrize("kind", [1, 2])
def test_who_refused_the_document_answers_its_recall_or_update_all_the_same(world: World, kind: int) -> None:
    """Both are named by the packet, so both get it; only one of them is asked."""
    told: list[Event] = []
    sender = world.node(SENDER, at_least_once=lambda event, key: told.append(event))
    first, second = world.node(FIRST), world.node(SECOND)
    original = packet(1, FIRST, SECOND)
    sent = world.send(sender, original)
    world.settle()
    second.act(sent.business_key, SECOND, LifeEvent.REFUSE, reason="sai thẩm quyền")
    world.settle()
    asked = world.send(sender, change(kind, original, FIRST, SECOND, number=9))
    told.clear()
    world.settle()
    assert parts(sender, asked.change) == {FIRST: "asked", SECOND: "not-needed"}
    assert conflicts(sender) == []
    assert [(e.kind, e.code, e.receiver) for e in told if e.kind is EventKind.CHANGE_ANSWERED] == [
        (EventKind.CHANGE_ANSWERED, "confirm", SECOND)
    ]
    assert [state(sender, sent.business_key, code) for code in (FIRST, SECOND)] == ["arrived", "refused"]
    with first.store.reading() as unit:
        (request,) = unit.lives.sagas("in", sent.business_key)
    first.answer(request.id, agree=True)
    world.settle()
    assert parts(sender, asked.change) == {FIRST: "agreed", SECOND: "not-needed"}
    assert conflicts(sender) == []


@pytest.mark.parametrize("code", ["15", "16"])
def test_an_answer_of_one_that_no_change_concerns_leaves_the_one_that_is_asked_alone(world: World, code: str) -> None:
    sender = world.node(SENDER)
    world.node(FIRST)
    world.node(SECOND)
    original = packet(1, FIRST, SECOND)
    sent = world.send(sender, original)
    world.settle()
    asked = sender.take_back(sent.business_key, reason="gửi nhầm", recipients=[FIRST])
    world.settle()
    says(world, code, original, SECOND, "m1")
    world.settle()
    assert parts(sender, asked.id) == {FIRST: "asked"}
    assert [state(sender, sent.business_key, one) for one in (FIRST, SECOND)] == ["arrived", "arrived"]
    assert conflicts(sender) == [("change-unknown", SECOND)]
    with sender.store.reading() as unit:
        assert f"status-{code}" in {kept.kind for kept in unit.records.of(sent.document).rows}


@pytest.mark.parametrize("code", ["15", "16"])
def test_whom_an_update_adds_proves_by_its_answer_that_it_came(world: World, code: str) -> None:
    """A product may answer an update that gave it the document; nobody asked, but it is there."""
    sender = world.node(SENDER)
    world.node(FIRST)
    original = packet(1, FIRST)
    sent = world.send(sender, original)
    world.settle()
    update = adding(original, FIRST, SECOND, added=SECOND)
    asked = world.send(sender, update)
    sender.work()
    says(world, code, update, SECOND, "m1")
    world.settle()
    assert parts(sender, asked.change) == {FIRST: "asked"}
    with sender.store.reading() as unit:
        went = {row.recipient: row.delivery for row in unit.documents.deliveries(asked.document).rows}
    assert went[SECOND] == "arrived"
    assert conflicts(sender) == [("change-unknown", SECOND)]
    assert state(sender, sent.business_key, SECOND) == "expected"
    assert [copy.outcome for copy in copies(sender) if copy.kind == "status" and copy.code] == ["conflict"]


def test_an_answer_of_a_complete_stranger_is_told(world: World) -> None:
    sender = world.node(SENDER)
    world.node(FIRST)
    original = packet(1, FIRST)
    sent = world.send(sender, original)
    world.settle()
    asked = sender.take_back(sent.business_key, reason="gửi nhầm")
    says(world, "15", original, SECOND, "m1")
    world.settle()
    assert parts(sender, asked.id) == {FIRST: "asked"}
    assert conflicts(sender) == [("change-target-unknown", SECOND)]


@pytest.mark.parametrize("kind", [1, 2])
def test_a_status_on_the_document_does_not_prove_that_its_change_came(world: World, kind: int) -> None:
    """The recall or update waits at a carrier that fails while the receiver goes on with the document."""
    line = odd(world, SENDER)
    sender, first = world.node(SENDER, carrier=line), world.node(FIRST)
    original = packet(1, FIRST)
    sent = world.send(sender, original)
    world.settle()
    wanted = change(kind, original, FIRST)  # under the number of the document
    asked = world.send(sender, wanted)
    line.before["submit"] = raising(PeerFaultError("carrier-failed", carrier=AXIS, detail="-"))
    first.act(sent.business_key, FIRST, LifeEvent.ACCEPT)
    for _ in range(3):
        first.work()
        sender.work()
    assert state(sender, sent.business_key, FIRST) == "accepted"
    assert deliveries(sender, asked) == {FIRST: "queued"}
    line.before["submit"] = raising(OwnFaultError("carrier-refused", carrier=AXIS, detail="-"))
    world.clock.advance(datetime.timedelta(hours=1))
    sender.work()
    assert deliveries(sender, asked) == {FIRST: "failed"}
    assert parts(sender, asked.change) == {FIRST: "undelivered"}
    assert conflicts(sender) == []
    line.before.clear()
    again = world.send(sender, wanted)
    assert not again.repeated
    world.settle()
    with first.store.reading() as unit:
        (request,) = unit.lives.sagas("in", sent.business_key)
    first.answer(request.id, agree=True)
    world.settle()
    assert deliveries(sender, again) == {FIRST: "arrived"}
    assert parts(sender, again.change) == {FIRST: "agreed"}


# -- statuses that do not reach anybody ------------------------------------------------------------------


def test_asking_for_a_document_back_that_the_axis_refuses_ends_and_may_be_done_again(world: World) -> None:
    told: list[Event] = []
    sender = world.node(SENDER, at_least_once=lambda event, key: told.append(event))
    first, second = world.node(FIRST), world.node(SECOND)
    sent = world.send(sender, packet(1, FIRST, SECOND))
    world.settle()
    world.axis.shut(SECOND)
    told.clear()
    asked = sender.take_back(sent.business_key, reason="gửi nhầm")
    world.settle()
    assert parts(sender, asked.id) == {FIRST: "asked", SECOND: "undelivered"}
    missed = [event for event in told if event.kind is EventKind.NOT_DELIVERED]
    assert {(event.business_key, event.receiver) for event in missed} == {(sent.business_key, SECOND)}
    assert {event.facts.get("status") for event in missed} == {"13", None}
    world.axis.reopen(SECOND)
    again = sender.take_back(sent.business_key, reason="gửi nhầm", recipients=[SECOND])
    world.settle()
    for node in (first, second):
        node.answer(ids(node)[0], agree=True)
    world.settle()
    assert (parts(sender, asked.id)[FIRST], parts(sender, again.id)) == ("agreed", {SECOND: "agreed"})
    assert [state(sender, sent.business_key, code) for code in (FIRST, SECOND)] == ["recalled", "recalled"]
    assert conflicts(sender) == []


def test_asking_for_a_document_back_that_an_operator_gives_up_ends(world: World) -> None:
    told: list[Event] = []
    line = odd(world, SENDER)
    sender = world.node(SENDER, carrier=line, at_least_once=lambda event, key: told.append(event))
    world.node(FIRST)
    sent = world.send(sender, packet(1, FIRST))
    world.settle()
    line.before["submit"] = raising(OwnFaultError("carrier-unknown-sender", carrier=AXIS, sender=SENDER))
    asked = sender.take_back(sent.business_key, reason="gửi nhầm")
    sender.push()
    assert parts(sender, asked.id) == {FIRST: "asked"}
    (waiting,), _ = sender.dead()
    sender.give_up(waiting.message_id)
    sender.work()
    assert parts(sender, asked.id) == {FIRST: "undelivered"}
    assert {event.code for event in told if event.kind is EventKind.NOT_DELIVERED} == {"cancelled", "miss"}


def test_a_status_of_ours_that_is_refused_is_told_with_its_document(world: World) -> None:
    told: list[Event] = []
    sender = world.node(SENDER)
    receiver = world.node(FIRST, at_least_once=lambda event, key: told.append(event))
    sent = world.send(sender, packet(1, FIRST))
    sender.work()
    world.axis.shut(SENDER)
    world.settle()
    (event,) = [event for event in told if event.kind is EventKind.NOT_DELIVERED]
    assert (event.business_key, event.sender, event.receiver) == (sent.business_key, FIRST, SENDER)
    assert event.facts["status"] == "01"
    assert ids(receiver) == []


def test_a_status_on_a_document_that_is_known_no_more_is_told_without_it(world: World) -> None:
    told: list[Event] = []
    sender = world.node(SENDER)
    receiver = world.node(FIRST, at_least_once=lambda event, key: told.append(event))
    world.send(sender, packet(1, FIRST))
    sender.work()
    world.axis.shut(SENDER)
    receiver.poll()
    with receiver.store.transaction() as unit:
        unit.connection.execute(text("DELETE FROM lives"))
    receiver.work()
    (event,) = [event for event in told if event.kind is EventKind.NOT_DELIVERED]
    assert (event.business_key, event.facts["status"]) == ("", "01")
