"""The ways of documents and statuses between nodes over one axis: sent, received, acknowledged, changed."""

from __future__ import annotations

from node_support import FIRST, SECOND, SENDER, World, change, packet
from vndoc.exchange import LifeEvent
from vndoc.node import Event, EventKind
from vndoc.store import OutboxState


def states(node, key: str) -> dict[str, str]:
    return {row.receiver: row.state for row in node.track(key).lives}


def test_a_document_arrives_and_01_comes_back_by_itself(world: World) -> None:
    events: list[Event] = []
    sender = world.node(SENDER)
    world.node(FIRST, at_least_once=lambda event, key: events.append(event))
    sent = world.send(sender, packet())
    assert not sent.repeated
    world.settle()
    tracking = sender.track(sent.business_key)
    assert states(sender, sent.business_key) == {FIRST: "arrived"}
    assert [d.delivery for d in tracking.deliveries] == ["arrived"]
    assert [h.code for h in tracking.history] == ["01"]
    assert [m.state for m in tracking.messages] == [OutboxState.SENT]
    assert [e.kind for e in events] == [EventKind.RECEIVED]
    assert events[0].business_key == sent.business_key


def test_the_life_goes_on_to_06(world: World) -> None:
    told: list[Event] = []
    sender = world.node(SENDER, at_least_once=lambda event, key: told.append(event))
    receiver = world.node(FIRST)
    sent = world.send(sender, packet())
    world.settle()
    for event in (LifeEvent.ACCEPT, LifeEvent.ASSIGN, LifeEvent.WORK, LifeEvent.FINISH):
        receiver.act(sent.business_key, FIRST, event)
        world.settle()
    assert states(sender, sent.business_key) == {FIRST: "done"}
    assert [h.code for h in sender.track(sent.business_key).history] == ["01", "03", "04", "05", "06"]
    assert [e.code for e in told if e.kind is EventKind.STATUS] == ["01", "03", "04", "05", "06"]


def test_a_recall_by_packet_is_agreed(world: World) -> None:
    sender, receiver = world.node(SENDER), world.node(FIRST)
    first = packet()
    sent = world.send(sender, first)
    world.settle()
    recall = world.send(sender, change(1, first, number=9))
    assert recall.change
    world.settle()
    with receiver.store.reading() as unit:
        (request,) = unit.lives.sagas("in", sent.business_key)
    receiver.answer(request.id, agree=True, reason="đồng ý")
    world.settle()
    assert states(sender, sent.business_key) == {FIRST: "recalled"}
    with sender.store.reading() as unit:
        (saga,) = unit.lives.sagas("out", sent.business_key)
        assert (saga.state, saga.final) == ("agreed", True)
        assert [c.state for c in unit.documents.change_parts(saga.id).rows] == ["agreed"]
        assert [d.delivery for d in unit.documents.deliveries(recall.document).rows] == ["arrived"]


def test_a_recall_by_status_is_refused(world: World) -> None:
    sender, receiver = world.node(SENDER), world.node(FIRST)
    world.node(SECOND)
    sent = world.send(sender, packet(1, FIRST, SECOND))
    world.settle()
    change_ = sender.take_back(sent.business_key, reason="gửi nhầm", recipients=[FIRST])
    world.settle()
    with receiver.store.reading() as unit:
        (request,) = unit.lives.sagas("in", sent.business_key)
    receiver.answer(request.id, agree=False, reason="đã giải quyết")
    world.settle()
    assert states(sender, sent.business_key) == {FIRST: "arrived", SECOND: "arrived"}
    with sender.store.reading() as unit:
        saga = unit.lives.saga(change_.id)
        assert saga is not None
        assert saga.state == "not-agreed"


def test_a_duplicate_is_answered_with_the_earlier_receipt(world: World) -> None:
    sender, receiver = world.node(SENDER), world.node(FIRST)
    first = packet()
    sent = world.send(sender, first)
    world.settle()
    again = world.send(sender, first)
    assert again.repeated
    assert again.messages == sent.messages
    world.settle()
    with receiver.store.reading() as unit:
        assert len(unit.inbox.list().rows) == 1
