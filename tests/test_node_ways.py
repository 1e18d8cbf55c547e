"""The ways of documents and statuses between nodes over one axis: sent, received, acknowledged, changed."""

from __future__ import annotations

import json

import attrs

import vndoc
from node_support import AXIS, FIRST, POLICY, SECOND, SENDER, World, change, organization, packet, table, trace
from vndoc.envelope import BussinessDocumentInfo, DocumentPacket, Receiver
from vndoc.envelope.octets import MemoryOctets, sha256
from vndoc.exchange import LifeEvent
from vndoc.node import Event, EventKind
from vndoc.node.figures import rows
from vndoc.store import OutboxState
from vndoc.transport import Kind, Outgoing


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


def adding(of: DocumentPacket, *to: str, added: str) -> DocumentPacket:
    """An update of the document *of* that says that *added* is a new recipient."""
    packet_ = change(2, of, *to)
    info = BussinessDocumentInfo(
        document_info=0, document_receiver=1, receiver_list=(Receiver(organ_id=added, receiver_type=1),)
    )
    block = attrs.evolve(packet_.trace_header_list.bussiness, bussiness_document_info=info)
    return attrs.evolve(packet_, trace_header_list=trace(of.from_.organ_id.text, block))


def put_again(world: World, sent: DocumentPacket, *to: str) -> None:
    """Let the axis offer *sent* once more, as a new submission."""
    octets = MemoryOctets(vndoc.write_packet(sent))
    outgoing = Outgoing(
        message_id=f"again-{len(to)}-{sent.bussiness_doc_type}",
        kind=Kind.DOCUMENT,
        sender=SENDER,
        content=octets,
        sha256=sha256(octets),
    )
    world.axis.transport(SENDER, name="again").submit(outgoing, to)


def outcomes(node) -> list[str]:
    with node.store.reading() as unit:
        return [row.outcome for row in unit.inbox.list().rows]


def test_whom_an_update_adds_gets_the_document_with_it(world: World) -> None:
    sender, first, second = (world.node(code) for code in (SENDER, FIRST, SECOND))
    original = packet(1, FIRST)
    sent = world.send(sender, original)
    world.settle()
    update = adding(original, SECOND, FIRST, added=SECOND)  # the new one stands first
    changed = world.send(sender, update)
    world.settle()
    assert states(sender, sent.business_key) == {FIRST: "arrived", SECOND: "arrived"}
    with sender.store.reading() as unit:
        parts = [part.recipient for part in unit.documents.change_parts(changed.change).rows]
    assert parts == [FIRST], "the added one is not asked whether it agrees"
    second.act(sent.business_key, SECOND, LifeEvent.ACCEPT)
    world.settle()
    assert states(sender, sent.business_key) == {FIRST: "arrived", SECOND: "accepted"}
    put_again(world, update, SECOND, FIRST)
    world.settle()
    assert (outcomes(first), outcomes(second)) == (["new", "change", "duplicate"], ["new", "duplicate"])
    put_again(world, original, SECOND)
    world.settle()
    assert outcomes(second)[-1] == "conflict", "the older content does not take the place of the newer"
    sender.take_back(sent.business_key, reason="sai", recipients=[SECOND])
    world.settle()
    with second.store.reading() as unit:
        (request,) = unit.lives.sagas("in", sent.business_key)
    second.answer(request.id, agree=True)
    world.settle()
    assert states(sender, sent.business_key)[SECOND] == "recalled"


def test_whom_an_update_adds_at_a_node_that_has_the_document_already(world: World) -> None:
    sender = world.node(SENDER)
    both = world.axis.transport(FIRST, SECOND, name=AXIS)
    node = world.node(FIRST, carrier=both, own={code: organization(code) for code in (FIRST, SECOND)})
    original = packet(1, FIRST)
    sent = world.send(sender, original)
    world.settle()
    update = adding(original, FIRST, SECOND, added=SECOND)
    world.send(sender, update)
    world.settle()
    tracked = node.track(sent.business_key, direction="in")
    assert {life.receiver: (life.state, life.version) for life in tracked.lives} == {
        FIRST: ("arrived", 1),
        SECOND: ("arrived", 2),
    }
    assert outcomes(node) == ["new", "change", "new"]
    put_again(world, update, FIRST, SECOND)
    put_again(world, original, SECOND)
    world.settle()
    assert outcomes(node)[3:] == ["duplicate"] * 3
    table_ = table()
    assert [(row.unit, row.direction.value) for row in rows(node.store, table_)] == [
        (FIRST, "received"),
        (FIRST, "received"),
        (SECOND, "received"),
    ]


def test_an_update_that_names_as_added_who_has_the_document_is_an_update(world: World) -> None:
    sender, first = world.node(SENDER), world.node(FIRST)
    original = packet(1, FIRST)
    sent = world.send(sender, original)
    world.settle()
    world.send(sender, adding(original, FIRST, added=FIRST))
    world.settle()
    assert outcomes(first) == ["new", "change"]
    with first.store.reading() as unit:
        assert [saga.kind for saga in unit.lives.sagas("in", sent.business_key)] == ["update"]


def test_who_declared_that_there_is_no_secret_is_kept_as_evidence(world: World) -> None:
    sender = world.node(SENDER)
    wanted = packet()
    sent = world.send(sender, wanted)
    with sender.store.reading() as unit:
        (kept,) = [one for one in unit.records.of(sent.document).rows if one.kind == "declaration"]
    assert json.loads(kept.data) == {
        "declared_by": "thử nghiệm",
        "at": world.clock().isoformat(),
        "digest": vndoc.content_digest(wanted).hex(),
    }


def deliveries(node, sent) -> dict[str, str]:
    with node.store.reading() as unit:
        return {row.recipient: row.delivery for row in unit.documents.deliveries(sent.document).rows}


def test_a_first_try_that_failed_does_not_stand_in_the_way_of_a_second(world: World) -> None:
    sender, first, second = (world.node(code) for code in (SENDER, FIRST, SECOND))
    world.axis.shut(SECOND)
    wanted = packet(1, FIRST, SECOND)
    sent = world.send(sender, wanted)
    assert world.send(sender, wanted).repeated, "it may still arrive"
    world.settle()
    assert deliveries(sender, sent) == {FIRST: "arrived", SECOND: "refused"}
    world.axis.reopen(SECOND)
    again = world.send(sender, wanted)
    assert (again.repeated, again.version, again.business_key) == (False, 2, sent.business_key)
    assert [copy.agency.code for copy in again.plan.deliveries] == [SECOND]
    assert not set(again.messages) & set(sent.messages)
    assert world.send(sender, wanted).document == again.document, "under way: not a third time"
    world.settle()
    assert deliveries(sender, again) == {SECOND: "arrived"}
    assert states(sender, sent.business_key) == {FIRST: "arrived", SECOND: "arrived"}
    assert (outcomes(first), outcomes(second)) == (["new"], ["new"])
    last = world.send(sender, wanted)
    assert (last.repeated, last.document) == (True, again.document)
    second.act(sent.business_key, SECOND, LifeEvent.ACCEPT)
    world.settle()
    with sender.store.reading() as unit:
        assert unit.records.conflicts().rows == ()
    assert [row.refused for row in rows(sender.store, table())] == [False], "one document, and it counts once"


def test_what_expired_and_arrived_all_the_same_is_not_sent_again(world: World) -> None:
    sender = world.node(SENDER)
    wanted = packet()
    sent = world.send(sender, wanted)
    sender.work()
    world.clock.advance(POLICY.lifetime)
    sender.work()
    assert deliveries(sender, sent) == {FIRST: "expired"}
    world.node(FIRST)
    world.settle()
    assert states(sender, sent.business_key) == {FIRST: "arrived"}
    assert world.send(sender, wanted).repeated


def test_a_recall_that_did_not_get_there_is_asked_for_again(world: World) -> None:
    sender, receiver = world.node(SENDER), world.node(FIRST)
    original = packet()
    sent = world.send(sender, original)
    world.settle()
    world.axis.shut(FIRST)
    recall = change(1, original, FIRST)
    assert world.send(sender, recall).repeated is False
    world.settle()
    world.axis.reopen(FIRST)
    again = world.send(sender, recall)
    assert (again.repeated, bool(again.change)) == (False, True)
    world.settle()
    with receiver.store.reading() as unit:
        (request,) = unit.lives.sagas("in", sent.business_key)
    receiver.answer(request.id, agree=True)
    world.settle()
    assert states(sender, sent.business_key) == {FIRST: "recalled"}
    assert world.send(sender, recall).repeated
    with sender.store.reading() as unit:
        assert [saga.state for saga in unit.lives.sagas("out", sent.business_key)] == ["not-agreed", "agreed"]


def requests(node, key: str) -> dict[str, str]:
    with node.store.reading() as unit:
        return {saga.kind: saga.state for saga in unit.lives.sagas("in", key)}


def test_a_recall_overtakes_an_update_that_nobody_answered(world: World) -> None:
    """Else the answer to the one would be taken for the answer to the other: statuses do not name the change."""
    told: list[Event] = []
    sender, receiver = world.node(SENDER), world.node(FIRST, at_least_once=lambda event, _: told.append(event))
    original = packet()
    sent = world.send(sender, original)
    world.settle()
    update = change(2, original, FIRST)
    world.send(sender, update)
    world.settle()
    world.clock.advance(POLICY.answer_within)
    world.settle()  # for the sender the update has lapsed
    world.send(sender, change(1, original, FIRST))
    world.settle()
    assert requests(receiver, sent.business_key) == {"update": "overtaken", "recall": "waiting"}
    assert EventKind.CONFLICT in {event.kind for event in told}
    put_again(world, update, FIRST)
    world.settle()
    assert states(sender, sent.business_key) == {FIRST: "arrived"}, "no answer to the update goes out"
    with receiver.store.reading() as unit:
        (recall,) = [saga for saga in unit.lives.sagas("in", sent.business_key) if saga.kind == "recall"]
        assert {row.body["status_code"] for row in unit.outbox.list().rows if row.kind == "status"} == {"01"}
    receiver.answer(recall.id, agree=True)
    world.settle()
    assert states(sender, sent.business_key) == {FIRST: "recalled"}
    put_again(world, update, FIRST, FIRST)
    world.settle()
    with sender.store.reading() as unit:
        assert unit.records.conflicts().rows == ()


def test_an_update_that_a_clerk_refused_in_whatever_words_was_answered(world: World) -> None:
    """Its answer goes out again where the request comes again, also where it sounds like a recall."""
    sender, receiver = world.node(SENDER), world.node(FIRST)
    original = packet()
    sent = world.send(sender, original)
    world.settle()
    update = change(2, original, FIRST)
    world.send(sender, update)
    world.settle()
    with receiver.store.reading() as unit:
        (asked,) = unit.lives.sagas("in", sent.business_key)
    receiver.answer(asked.id, agree=False, reason="Bên gửi đã yêu cầu thu hồi văn bản.")
    world.settle()
    put_again(world, update, FIRST)
    world.settle()
    with receiver.store.reading() as unit:
        given = [row.body["status_code"] for row in unit.outbox.list().rows if row.kind == "status"]
    assert given == ["01", "16", "16"]


def test_an_update_does_not_overtake_a_recall(world: World) -> None:
    """Axes promise no order: it may be the older of the two."""
    sender, receiver = world.node(SENDER), world.node(FIRST)
    original = packet()
    sent = world.send(sender, original)
    world.settle()
    world.send(sender, change(1, original, FIRST))
    world.settle()
    put_again(world, change(2, original, FIRST), FIRST)
    world.settle()
    assert requests(receiver, sent.business_key) == {"recall": "waiting"}
    assert outcomes(receiver) == ["new", "change", "conflict"]


def test_who_is_told_of_a_change_can_answer_it(world: World) -> None:
    """The event has all it takes: nobody has to look into the store."""
    told: list[Event] = []
    sender = world.node(SENDER)
    receiver = world.node(FIRST, at_least_once=lambda event, key: told.append(event))
    first = packet()
    key = vndoc.business_key(first)
    world.send(sender, first)
    world.settle()
    sender.take_back(key, reason="Gửi nhầm")
    world.settle()
    [asked] = [event for event in told if event.kind is EventKind.CHANGE_REQUESTED]
    receiver.answer(asked.facts["change"], agree=False, reason="đã giải quyết")
    world.settle()
    receiver.act(key, FIRST, LifeEvent.ACCEPT)
    world.settle()
    assert sender.track(key) == sender.track(str(key))
    assert {row.receiver: row.state for row in sender.track(key).lives} == {FIRST: "accepted"}
    assert Event.from_dict(asked.to_dict()) == asked
