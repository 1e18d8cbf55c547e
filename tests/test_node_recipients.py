"""Recipients that are not those of the first time: added by an update, excluded once, merged into others since."""

from __future__ import annotations

import datetime
from typing import Any

import attrs
import pytest

from node_support import ALL, AXIS, FIRST, SECOND, SENDER, THIRD, World, change, packet, trace
from test_node_attacks import copies, renamed, requests
from test_node_ways import adding, deliveries, outcomes, states
from vndoc.envelope import BussinessDocumentInfo, Receiver
from vndoc.errors import ExchangeError
from vndoc.exchange import LifeEvent
from vndoc.routing import Agency, Connection, RoutingTable, Successor, SuccessorKind, TableInfo

DAY = datetime.timedelta(days=1)


def merged(*old: str, into: str, before: datetime.date) -> RoutingTable:
    """A later table, in which the agencies *old* were closed and went to *into*."""
    heir = (Successor(into, SuccessorKind.MERGED),)
    agencies = [Agency(code=code, name="Đơn vị", connection=Connection.CONNECTED) for code in {*ALL} - {*old}]
    agencies += [
        Agency(code=code, name="Đơn vị", valid_to=before, successors=heir, connection=Connection.CONNECTED)
        for code in old
    ]
    return RoutingTable.of(agencies, info=TableInfo(version="sau sáp nhập", carrier=AXIS))


def today(world: World) -> datetime.date:
    return world.clock().date()


# -- an update that adds -----------------------------------------------------------------------------------


def test_an_update_to_new_recipients_alone_gives_them_the_document(world: World) -> None:
    sender, first, second = (world.node(code) for code in (SENDER, FIRST, SECOND))
    original = packet(1, FIRST)
    sent = world.send(sender, original)
    world.settle()
    added = world.send(sender, adding(original, SECOND, added=SECOND))
    assert (added.change, added.repeated, added.business_key) == ("", False, sent.business_key)
    world.settle()
    assert (outcomes(first), outcomes(second)) == (["new"], ["new"])
    assert states(sender, sent.business_key) == {FIRST: "arrived", SECOND: "arrived"}
    assert deliveries(sender, added) == {SECOND: "arrived"}
    with sender.store.reading() as unit:
        assert unit.lives.sagas("out", sent.business_key) == ()
        assert unit.documents.get(added.document).target == sent.document
    second.act(sent.business_key, SECOND, LifeEvent.ACCEPT)
    world.settle()
    assert states(sender, sent.business_key)[SECOND] == "accepted"
    assert world.send(sender, adding(original, SECOND, added=SECOND)).repeated


@pytest.mark.parametrize("to", [(SECOND,), (FIRST, SECOND), (FIRST, SECOND, THIRD)])
def test_an_update_to_a_stranger_that_it_does_not_add_is_refused_and_says_what_to_do(
    world: World, to: tuple[str, ...]
) -> None:
    """The receiver would look for a document that it never got: nobody would have it in the end."""
    sender = world.node(SENDER)
    original = packet(1, FIRST)
    world.send(sender, original)
    with pytest.raises(ExchangeError) as caught:
        world.send(sender, change(2, original, *to))
    assert caught.value.code == "recipient-not-added"
    for lang in ("vi", "en"):
        said = caught.value.text(lang)
        assert "ReceiverList" in said
        assert "ReceiverType 1" in said
        assert all(code in said for code in to if code != FIRST)
        assert FIRST not in said
    with sender.store.reading() as unit:
        assert len(unit.documents.list().rows) == 1, "nothing was accepted"


def test_an_update_that_removes_a_stranger_does_not_add_it(world: World) -> None:
    sender = world.node(SENDER)
    original = packet(1, FIRST)
    world.send(sender, original)
    update = adding(original, FIRST, SECOND, added=SECOND)
    block = update.trace_header_list.bussiness
    removed = BussinessDocumentInfo(
        document_info=0, document_receiver=1, receiver_list=(Receiver(organ_id=SECOND, receiver_type=0),)
    )
    update = attrs.evolve(update, trace_header_list=trace(SENDER, attrs.evolve(block, bussiness_document_info=removed)))
    with pytest.raises(ExchangeError, match="recipient-not-added"):
        world.send(sender, update)


def test_an_update_of_what_was_never_sent_from_here_is_of_an_unknown_document(world: World) -> None:
    sender = world.node(SENDER)
    original = packet(1, FIRST)
    with pytest.raises(ExchangeError, match="change-target-unknown"):
        world.send(sender, adding(original, SECOND, added=SECOND))


def test_a_recall_from_somebody_who_never_got_it_is_refused(world: World) -> None:
    sender = world.node(SENDER)
    original = packet(1, FIRST)
    world.send(sender, original)
    with pytest.raises(ExchangeError) as caught:
        world.send(sender, change(1, original, FIRST, SECOND, number=9))
    assert caught.value.code == "change-recipients"
    assert SECOND in caught.value.text("en")


def test_a_replacement_may_go_to_more_than_had_the_document(world: World) -> None:
    sender, first, second = (world.node(code) for code in (SENDER, FIRST, SECOND))
    original = packet(1, FIRST)
    sent = world.send(sender, original)
    world.settle()
    replacing = change(3, original, FIRST, number=9)
    replacing = attrs.evolve(replacing, to=(*replacing.to, packet(9, SECOND).to[0]))
    new = world.send(sender, replacing)
    world.settle()
    assert states(sender, new.business_key) == {FIRST: "arrived", SECOND: "arrived"}
    assert len(requests(first, sent.business_key)) == 1
    assert outcomes(second) == ["change"]


# -- once more, to others --------------------------------------------------------------------------------


def test_who_was_excluded_the_first_time_gets_it_the_second(world: World) -> None:
    sender, first, second = (world.node(code) for code in (SENDER, FIRST, SECOND))
    wanted = packet(1, FIRST, SECOND)
    sent = world.send(sender, wanted, exclude=[SECOND])
    world.settle()
    again = world.send(sender, wanted)
    assert (again.repeated, again.version) == (False, 2)
    assert [copy.agency.code for copy in again.plan.deliveries] == [SECOND]
    world.settle()
    assert (outcomes(first), outcomes(second)) == (["new"], ["new"])
    assert states(sender, sent.business_key) == {FIRST: "arrived", SECOND: "arrived"}
    assert world.send(sender, wanted).repeated
    assert world.send(sender, wanted, exclude=[SECOND]).repeated


def test_a_recall_reaches_whom_it_excluded_the_first_time(world: World) -> None:
    sender, second = world.node(SENDER), world.node(SECOND)
    world.node(FIRST)
    original = packet(1, FIRST, SECOND)
    sent = world.send(sender, original)
    world.settle()
    recall = change(1, original, FIRST, SECOND, number=9)
    world.send(sender, recall, exclude=[SECOND])
    world.settle()
    assert requests(second, sent.business_key) == ()
    again = world.send(sender, recall)
    world.settle()
    assert [copy.agency.code for copy in again.plan.deliveries] == [SECOND]
    assert [request.kind for request in requests(second, sent.business_key)] == ["recall"]


def test_who_got_it_by_an_update_does_not_get_the_older_content(world: World) -> None:
    sender, second = world.node(SENDER), world.node(SECOND)
    world.node(FIRST)
    original = packet(1, FIRST, SECOND)
    world.send(sender, original, exclude=[SECOND])
    world.settle()
    world.send(sender, adding(original, FIRST, SECOND, added=SECOND))
    world.settle()
    assert world.send(sender, original).repeated
    assert outcomes(second) == ["new"]


# -- after a merger --------------------------------------------------------------------------------------


def test_what_never_reached_an_agency_goes_to_its_heir_the_second_time(world: World) -> None:
    sender, first, third = (world.node(code) for code in (SENDER, FIRST, THIRD))
    wanted = packet(1, FIRST, SECOND)
    world.axis.shut(SECOND)
    sent = world.send(sender, wanted)
    world.settle()
    assert deliveries(sender, sent) == {FIRST: "arrived", SECOND: "refused"}
    sender.table = merged(SECOND, into=THIRD, before=today(world))
    world.clock.advance(DAY)
    again = world.send(sender, wanted)
    assert (again.repeated, [copy.agency.code for copy in again.plan.deliveries]) == (False, [THIRD])
    assert again.plan.deliveries[0].codes == (SECOND,)
    world.settle()
    assert (outcomes(first), outcomes(third)) == (["new"], ["new"])
    assert states(sender, sent.business_key) == {FIRST: "arrived", SECOND: "expected", THIRD: "arrived"}
    assert world.send(sender, wanted).repeated, "the heir has it"


@pytest.mark.parametrize("came", [True, False], ids=["arrived", "on its way"])
def test_what_reached_an_agency_or_may_is_not_sent_to_its_heir(world: World, came: bool) -> None:
    sender, third = world.node(SENDER), world.node(THIRD)
    wanted = packet(1, FIRST)
    if came:
        world.node(FIRST)
    sent = world.send(sender, wanted)
    world.settle()
    assert deliveries(sender, sent) == {FIRST: "arrived" if came else "submitted"}
    sender.table = merged(FIRST, into=THIRD, before=today(world))
    world.clock.advance(DAY)
    again = world.send(sender, wanted)
    assert (again.repeated, again.document, again.messages) == (True, sent.document, sent.messages)
    world.settle()
    assert copies(third) == ()


def test_the_heir_of_two_gets_what_one_of_them_never_got(world: World) -> None:
    sender, first, third = (world.node(code) for code in (SENDER, FIRST, THIRD))
    wanted = packet(1, FIRST, SECOND)
    world.axis.shut(SECOND)
    world.send(sender, wanted)
    world.settle()
    sender.table = merged(FIRST, SECOND, into=THIRD, before=today(world))
    world.clock.advance(DAY)
    again = world.send(sender, wanted)
    assert [(copy.agency.code, copy.codes) for copy in again.plan.deliveries] == [(THIRD, (FIRST, SECOND))]
    world.settle()
    assert (outcomes(first), outcomes(third)) == (["new"], ["new"])
    assert world.send(sender, wanted).repeated


def test_what_reached_the_heir_is_not_sent_to_the_heir_of_the_heir(world: World) -> None:
    """SECOND went to FIRST, which went to THIRD: the chain of the table says who stood for whom."""
    sender, first, third = (world.node(code) for code in (SENDER, FIRST, THIRD))
    sender.table = merged(SECOND, into=FIRST, before=today(world) - DAY)
    wanted = packet(1, SECOND)
    sent = world.send(sender, wanted)
    world.settle()
    assert (deliveries(sender, sent), outcomes(first)) == ({FIRST: "arrived"}, ["new"])
    heir: Any = {code: (Successor(to, SuccessorKind.MERGED),) for code, to in ((SECOND, FIRST), (FIRST, THIRD))}
    ends = {SECOND: today(world) - DAY, FIRST: today(world)}
    agencies = [
        Agency(code=c, name="x", connection=Connection.CONNECTED, successors=heir.get(c, ()))
        if c not in ends
        else Agency(code=c, name="x", connection=Connection.CONNECTED, successors=heir[c], valid_to=ends[c])
        for c in ALL
    ]
    sender.table = RoutingTable.of(agencies, info=TableInfo(version="sau nữa", carrier=AXIS))
    world.clock.advance(DAY)
    assert sender.table.resolve(SECOND, at=today(world)).agency.code == THIRD
    assert world.send(sender, wanted).repeated
    world.settle()
    assert copies(third) == ()


@pytest.mark.parametrize("kind", [1, 2])
def test_a_change_asked_of_an_heir_that_never_got_the_document_is_refused(world: World, kind: int) -> None:
    """Nothing is asked of half of them without a word; a status (13) goes the way of the table."""
    sender = world.node(SENDER)
    first, third = world.node(FIRST), world.node(THIRD)
    original = packet(1, FIRST, SECOND)
    world.node(SECOND)
    sent = world.send(sender, original)
    world.settle()
    sender.table = merged(SECOND, into=THIRD, before=today(world))
    world.clock.advance(DAY)
    with pytest.raises(ExchangeError) as caught:
        world.send(sender, change(kind, original, FIRST, SECOND, number=9))
    assert caught.value.code == {1: "change-recipients", 2: "recipient-not-added"}[kind]
    assert THIRD in caught.value.text("en")
    assert requests(first, sent.business_key) == ()
    sender.take_back(sent.business_key, reason="gửi nhầm")
    world.settle()
    assert [request.kind for request in requests(first, sent.business_key)] == ["recall"]
    assert [copy.kind for copy in copies(third)] == ["status"], "the heir is asked by status"


# -- under another code ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [1, 2])
def test_a_change_reaches_a_receiver_that_got_another_code_since(world: World, kind: int) -> None:
    sender = world.node(SENDER)
    first = world.node(FIRST, carrier=world.axis.transport(FIRST, THIRD, name=AXIS))
    original = packet(1, FIRST)
    sent = world.send(sender, original)
    world.settle()
    sender.table = first.table = renamed(FIRST, THIRD)
    asked = world.send(sender, change(kind, original, FIRST, number=9))
    world.settle()
    (request,) = requests(first, sent.business_key)
    first.answer(request.id, agree=True)
    world.settle()
    with sender.store.reading() as unit:
        parts = unit.documents.change_parts(asked.change).rows
        assert unit.records.conflicts().rows == ()
    assert [(part.recipient, part.state) for part in parts] == [(FIRST, "agreed")]
    assert deliveries(sender, asked) == {THIRD: "arrived"}, "the answer proves that it came"


def test_a_change_that_the_axis_refuses_under_the_new_code_ends_for_the_receiver(world: World) -> None:
    sender = world.node(SENDER)
    world.node(FIRST)
    original = packet(1, FIRST)
    world.send(sender, original)
    world.settle()
    sender.table = renamed(FIRST, THIRD)
    world.axis.shut(THIRD)
    asked = world.send(sender, change(1, original, FIRST, number=9))
    world.settle()
    assert deliveries(sender, asked) == {THIRD: "refused"}
    with sender.store.reading() as unit:
        assert [part.state for part in unit.documents.change_parts(asked.change).rows] == ["undelivered"]


def test_a_document_sent_again_under_a_new_code_arrives_by_a_status_from_it(world: World) -> None:
    sender = world.node(SENDER)
    wanted = packet(1, FIRST)
    world.axis.shut(FIRST)
    sent = world.send(sender, wanted)
    world.settle()
    sender.table = renamed(FIRST, THIRD)
    again = world.send(sender, wanted)
    receiver = world.node(THIRD)
    world.settle()
    assert outcomes(receiver) == ["new"]
    assert deliveries(sender, again) == {THIRD: "arrived"}
    assert deliveries(sender, sent) == {FIRST: "refused"}
    lives = states(sender, sent.business_key)
    assert "arrived" in lives.values()
