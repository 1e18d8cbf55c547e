"""Attacks on the node: odd peers, wrong order, broken hooks and carriers, clocks that jump, two workers at once."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from node_support import FIRST, SECOND, SENDER, World, change, packet, trace
from vndoc.envelope import Bussiness
from vndoc.node import Event

MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    for store in made.stores:
        assert store.stuck() == ()
    made.close()


def requests(node, key: str):
    with node.store.reading() as unit:
        return unit.lives.sagas("in", key)


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
    both = {code: world_organization(code) for code in (FIRST, SECOND)}
    node = world.node(FIRST, own=both, at_least_once=lambda event, key: told.append(event))
    other = world.node(SECOND, own=both)
    first = packet(1, FIRST, SECOND)
    world.send(sender, first)
    world.settle()
    world.send(sender, change(3, first, FIRST, SECOND, number=2))
    world.settle()
    assert node is not other
