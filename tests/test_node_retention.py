"""What proves something about a document stays as long as the document is unfinished, however short it is kept else."""

from __future__ import annotations

import contextlib
import datetime

import attrs
import pytest

import services
from node_support import FIRST, POLICY, SENDER, World, change, packet
from store_support import document
from test_node_attacks import put
from vndoc.envelope.octets import MemoryOctets
from vndoc.exchange import LifeEvent
from vndoc.node import Node
from vndoc.pki import TrustStore
from vndoc.store import Conflict, Document, Evidence, LifeRow, Purged, Retention

DAY = datetime.timedelta(days=1)
SHORT = Retention(evidence=30 * DAY, copies=30 * DAY)


def kinds(node: Node, key: str, direction: str = "out") -> list[str]:
    """What is kept as evidence on each version of the document *key*, sorted."""
    with node.store.reading() as unit:
        found = (unit.records.of(version.id).rows for version in unit.documents.versions(direction, key))
        return sorted(evidence.kind for rows in found for evidence in rows)


def purged(world: World, node: Node, kept: Retention = SHORT, *, days: int = 100) -> Purged:
    return node.store.purge(kept, now=world.clock() + days * DAY)


def test_evidence_on_a_document_that_waits_for_its_receivers_stays(world: World) -> None:
    sender, receiver = world.node(SENDER), world.node(FIRST)
    sent = world.send(sender, packet())
    world.settle()
    before = kinds(sender, sent.business_key)
    assert before == ["declaration", "plan", "receipt", "status-01"]
    assert purged(world, sender).evidence == 0
    assert kinds(sender, sent.business_key) == before
    for event in (LifeEvent.ACCEPT, LifeEvent.FINISH):
        receiver.act(sent.business_key, FIRST, event)
    world.settle()
    assert purged(world, sender).evidence == 6
    assert kinds(sender, sent.business_key) == []


def test_evidence_on_a_document_and_its_recall_stays_while_the_answer_is_awaited(world: World) -> None:
    sender, receiver = world.node(SENDER), world.node(FIRST)
    first = packet()
    sent = world.send(sender, first)
    world.settle()
    recall = world.send(sender, change(1, first, number=9))
    world.settle()
    before = [kinds(sender, key) for key in (sent.business_key, recall.business_key)]
    assert before[1] == ["declaration", "plan", "receipt"]
    assert purged(world, sender).evidence == 0
    assert [kinds(sender, key) for key in (sent.business_key, recall.business_key)] == before
    receiver.answer(ids(receiver)[0], agree=True)
    world.settle()
    assert purged(world, sender).evidence > 0
    assert [kinds(sender, key) for key in (sent.business_key, recall.business_key)] == [[], []]


def ids(node: Node) -> list[str]:
    with node.store.reading() as unit:
        return [saga.id for saga in unit.lives.sagas("in", open_only=True)]


def test_what_proves_a_change_that_was_refused_stays_with_the_document_that_goes_on(world: World) -> None:
    """The recall has ended, and has a number of its own; what became of it belongs to the document it asked for."""
    sender, receiver = world.node(SENDER), world.node(FIRST)
    first = packet()
    sent = world.send(sender, first)
    world.settle()
    recall = world.send(sender, change(1, first, number=9))
    world.settle()
    receiver.answer(ids(receiver)[0], agree=False, reason="đã xử lý")
    world.settle()
    assert purged(world, sender, Retention(evidence=30 * DAY, documents=30 * DAY)).total == 0
    assert kinds(sender, recall.business_key) == ["declaration", "plan", "receipt"]
    assert sender.track(recall.business_key).deliveries
    assert "status-16" in kinds(sender, sent.business_key)


def test_the_verdict_on_what_came_stays_with_its_document_and_names_it(world: World) -> None:
    receiver = world.node(FIRST, trust=TrustStore(), policy=attrs.evolve(POLICY, signatures="vn_default"))
    put(world, packet(), "m1")
    put(world, packet(), "m2")  # the axis gives it twice
    put(world, packet(subject="Về việc khác"), "m3")  # and something else under the same number
    world.settle()
    key = f"{SENDER}|2026|1/UBND-VP"
    assert kinds(receiver, key, "in") == ["verdict", "verdict"]
    assert purged(world, receiver).evidence == 1, "that on the packet in conflict, which is no version of it"
    assert kinds(receiver, key, "in") == ["verdict", "verdict"]
    with receiver.store.reading() as unit:
        assert [conflict.code for conflict in unit.records.conflicts(business_key=key).rows] == ["document-conflict"]
    receiver.act(key, FIRST, LifeEvent.REFUSE, reason="sai thẩm quyền")
    world.settle()
    assert purged(world, receiver).evidence == 2
    with receiver.store.reading() as unit:
        assert unit.records.conflicts(business_key=key).rows == ()


# -- in the store ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_verdict_that_names_no_document_is_known_by_its_packet(world: World, database: str) -> None:
    """As a vndoc before this one kept it."""
    where = services.postgres_database() if database == "postgresql" else contextlib.nullcontext(None)
    with where as url:
        node = world.node(FIRST, url=url)
        store, at = node.store, world.clock()
        info = store.keep(MemoryOctets(b"<edXML/>"))
        made = document(info, direction="in", created_at=at)
        with store.transaction() as unit:
            unit.name(info, at=at)
            unit.documents.add(made)
            unit.lives.begin(life(made, at, final=False))
            for number, payload in enumerate((info.digest, b"\x01" * 32)):
                unit.records.keep(Evidence(id=f"e{number}", payload=payload, kind="verdict", at=at, data=b"{}"))
            unit.records.record(Conflict(id="c1", code="x", at=at, business_key=made.business_key))
            unit.records.record(Conflict(id="c2", code="x", at=at))
        assert purged(world, node).evidence == 1
        with store.transaction() as unit:
            assert [evidence.id for evidence in unit.records.about(info.digest).rows] == ["e0"]
            assert [conflict.id for conflict in unit.records.conflicts().rows] == ["c1"]
            unit.lives.move(life(made, at, final=True))
        assert purged(world, node).evidence == 1
        with store.reading() as unit:
            assert unit.records.conflicts().rows == ()
        world.stores.pop().close()


def life(made: Document, at: datetime.datetime, *, final: bool) -> LifeRow:
    return LifeRow(
        direction=made.direction,
        business_key=made.business_key,
        receiver=FIRST,
        sender=SENDER,
        state="done" if final else "arrived",
        version=1,
        updated_at=at,
        final=final,
        owner=None if final else "operator",
    )
