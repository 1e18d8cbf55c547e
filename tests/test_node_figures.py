"""Rows for statistics from real stores: what was sent, received, refused, late and signed."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

import vndoc

pytest.importorskip("sqlalchemy")

from cli_support import results
from node_support import FIRST, SECOND, SENDER, World, change, packet
from samples import DOCUMENT, STATUS
from vndoc.cli._stats_store import hidden
from vndoc.envelope import OtherInfo
from vndoc.envelope.codes import Priority
from vndoc.errors import ReadError, StoreError
from vndoc.exchange import DeadlineTable, LifeEvent
from vndoc.node import NodePolicy, figures
from vndoc.node.figures import LEVEL_OF_KIND, _stated, rows
from vndoc.pki import Purpose, RevocationChecker, TrustStore
from vndoc.routing import Agency, Alias, RoutingTable
from vndoc.routing.groups import STANDARD_GROUPS
from vndoc.statistics import Direction, Level, Row
from vndoc.store import Evidence
from vndoc.testing.pki import Authority

TABLE = RoutingTable.of(
    [Agency(SENDER, "UBND tỉnh Mẫu", 1, "", "province-committee"), Agency(FIRST, "Xã Mẫu", 3, "", "commune-committee")]
)


@pytest.fixture
def world(world: World) -> World:
    """The world of the other tests, with the nodes that these speak of."""
    for code in (SENDER, FIRST, SECOND):
        world.node(code)
    return world


def of(world: World, code: str, **more: Any) -> list[Row]:
    return list(rows(world.nodes[code].store, TABLE, **more))


def send(world: World, number: int, *to: str, **changes: Any) -> Any:
    sent = world.send(world.nodes[SENDER], packet(number, *to, **changes))
    world.settle()
    return sent


def test_what_a_node_sent_and_others_got(world: World) -> None:
    first = send(world, 1, FIRST, SECOND)
    send(world, 2, FIRST)
    world.nodes[SECOND].act(first.business_key, SECOND, LifeEvent.REFUSE, reason="sai nơi nhận")
    world.settle()
    world.send(world.nodes[SENDER], change(1, packet(1, FIRST, SECOND), FIRST, number=3))
    world.settle()
    counted = of(world, SENDER)
    assert [(r.direction, r.unit, r.level, r.name) for r in counted] == [
        (Direction.SENT, SENDER, Level.PROVINCE, "UBND tỉnh Mẫu")
    ] * 2, "a recall is no document"
    assert sorted(r.refused for r in counted) == [False, True]
    assert [r.day for r in counted] == [datetime.date(2026, 3, 2)] * 2
    assert [(r.signed, r.late) for r in counted] == [(None, False)] * 2
    (got,) = of(world, SECOND)
    assert (got.direction, got.unit, got.level, got.name) == (Direction.RECEIVED, SECOND, Level.OTHER, "")
    assert (got.refused, got.late, got.signed) == (True, False, None)
    assert [(r.level, r.refused) for r in of(world, FIRST)] == [(Level.COMMUNE, False)] * 2


def test_a_unit_is_counted_under_one_code_whichever_was_written(world: World) -> None:
    send(world, 1, FIRST)
    table = RoutingTable.of([Agency("H77", "UBND tỉnh Mẫu", 1, "", "province-committee", aliases=(Alias(SENDER),))])
    [row] = rows(world.nodes[SENDER].store, table)
    assert (row.unit, row.level, row.name) == ("H77", Level.PROVINCE, "UBND tỉnh Mẫu")


def test_the_verdict_among_the_evidence_tells_what_is_signed(world: World) -> None:
    send(world, 1, FIRST)
    store = world.nodes[SENDER].store
    with store.reading() as unit:
        (document,) = unit.documents.list().rows
    for number, (said, signed) in enumerate((("indeterminate", None), ("failed", False), ("passed", True))):
        data = json.dumps({"indication": said}).encode()
        at = world.clock() + datetime.timedelta(hours=number)
        with store.transaction() as unit:
            unit.records.keep(Evidence(id=f"V{number}", payload=document.packet, kind="verdict", at=at, data=data))
        assert [r.signed for r in of(world, SENDER)] == [signed], "the latest counts"


def test_what_the_signatures_were_worth_is_kept_when_sending(tmp_path: Path) -> None:
    root = Authority.root("Gốc thử nghiệm", key="p256")
    signer = root.organisation("Đơn vị mẫu", key="p256").signer()
    world = World(tmp_path)
    now = world.clock()
    lists = [root.crl(this_update=now, next_update=now + datetime.timedelta(days=9))]
    node = world.node(
        SENDER,
        policy=NodePolicy(profile="vxp"),
        trust=TrustStore.of([root.certificate], purposes={Purpose.GOVERNMENT}),
        revocation=RevocationChecker.of(lists),
    )
    sent = world.send(node, vndoc.seal(packet(), signer, at=now))
    assert [row.signed for row in of(world, SENDER)] == [True]
    with node.store.reading() as unit:
        [kept] = [e for e in unit.records.of(sent.document).rows if e.kind == "verdict"]
    assert json.loads(kept.data or b"")["indication"] == "passed"
    world.close()


@pytest.mark.parametrize(("days", "priority", "late"), [(0, 0, False), (1, 0, True), (0, 2, False), (1, 2, True)])
def test_what_is_late(world: World, days: int, priority: int, late: bool) -> None:
    """Issued on Monday; sent at eight o'clock, or on Tuesday in the afternoon."""
    world.clock.advance(datetime.timedelta(days=days, hours=6 * days))
    send(world, 1, FIRST, other_info=OtherInfo(priority=priority))
    (sent,) = of(world, SENDER)
    assert sent.late is late
    assert [r.late for r in of(world, SENDER, deadlines=DeadlineTable())] == [None]
    assert [r.late for r in of(world, FIRST, deadlines=DeadlineTable())] == [None]


@pytest.mark.parametrize("code", ["blob-missing", "blob-damaged", "limit-packet-bytes"])
def test_a_content_that_cannot_be_had(world: World, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    send(world, 1, FIRST)
    store = world.nodes[SENDER].store

    def gone(self: Any, digest: bytes) -> Any:
        raise ReadError(code, limit=1) if code == "limit-packet-bytes" else StoreError(code, name="x")

    monkeypatch.setattr(type(store), "read", gone)
    if code == "blob-damaged":
        with pytest.raises(StoreError, match=code):
            of(world, SENDER)
    else:
        assert [r.late for r in of(world, SENDER)] == [None], "purged, or beyond the limits: not known, not guessed"


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("", "", (datetime.date(2026, 3, 4), Priority.VERY_URGENT)),
        ("<edXML:Priority>2<", "<edXML:Priority>9<", (datetime.date(2026, 3, 4), Priority.NORMAL)),
        ("<edXML:Priority>2</edXML:Priority>", "", (datetime.date(2026, 3, 4), Priority.NORMAL)),
        ("<edXML:PromulgationDate>2026/03/04</edXML:PromulgationDate>", "", (None, Priority.VERY_URGENT)),
    ],
)
def test_what_a_packet_states(old: str, new: str, wanted: Any) -> None:
    assert _stated(vndoc.read(DOCUMENT.replace(old, new).encode())) == wanted
    assert _stated(vndoc.read(STATUS.encode())) == (None, Priority.NORMAL)


def test_page_by_page_the_rows_are_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 4):
        send(world, number, FIRST, SECOND)
    store = world.nodes[SENDER].store
    with store.transaction() as unit:
        for document in unit.documents.list().rows:
            for kind in ("plan", "verdict"):
                proof = Evidence(
                    id=f"{document.id}{kind}",
                    payload=document.packet,
                    kind=kind,
                    at=world.clock(),
                    data=b'{"indication": "passed"}',
                )
                unit.records.keep(proof)
    wanted = of(world, SENDER)
    assert [r.signed for r in wanted] == [True] * 3
    monkeypatch.setattr(figures, "_PAGE", 1)
    assert of(world, SENDER) == wanted


def test_a_document_that_nobody_was_told_about(world: World) -> None:
    send(world, 1, FIRST)
    store = world.nodes[FIRST].store
    with store.transaction() as unit:
        unit.connection.exec_driver_sql("DELETE FROM statuses")
    assert [r.late for r in of(world, FIRST)] == [None]


def test_every_kind_of_agency_has_its_level() -> None:
    kinds = {kind for group in STANDARD_GROUPS.values() for kind in group.kinds}
    assert set(LEVEL_OF_KIND) == kinds


def test_the_command_counts_a_store(world: World, tmp_path: Path) -> None:
    send(world, 1, FIRST)
    send(world, 2, SECOND)
    name = SENDER.replace(".", "")
    address, blobs = f"sqlite:///{tmp_path / name}.db", tmp_path / f"{name}.blobs"
    world.close()
    world.stores.clear()
    (found,) = results("stats", "--store", address, "--blobs", blobs, "--by", "unit")
    assert (found["input"], found["rows"], found["lines"][0]["counts"]["sent"]) == (address, 2, 2)
    more = tmp_path / "more.csv"
    more.write_text(
        "day,direction,unit,level,signed,late,refused\n2026-03-02,sent,H9,other,yes,,no\n", encoding="utf-8"
    )
    (found,) = results("stats", more, "--store", address, "--blobs", blobs)
    assert (found["input"], found["rows"]) == (None, 3)


def test_what_the_command_needs(tmp_path: Path) -> None:
    for arguments in ((), ("--store", "sqlite:///x.db")):
        (found,) = results("stats", *arguments, code=2)
        assert found["error"]["code"] == "option-invalid"
    (found,) = results("stats", "--store", "postgresql://u@127.0.0.1:1/x", "--blobs", tmp_path, code=2)
    assert found["error"]["code"] == "store-unavailable"
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "s.db").write_bytes(b"")
    for file, blobs in (("none.db", "."), ("s.db", "none"), (".", ".")):
        address = f"sqlite:///{tmp_path / file}"
        (found,) = results("stats", "--store", address, "--blobs", tmp_path / blobs, code=2)
        assert found["error"]["code"] == "source-unreadable"
    assert [path.name for path in tmp_path.iterdir()] == ["s.db"]  # counting makes nothing
    assert (tmp_path / "s.db").read_bytes() == b""
    assert hidden("postgresql://user:ge@he/im@host/db") == "postgresql://user:***@host/db"
    assert hidden("postgresql://host/db?user=u&password=geheim&x=1") == "postgresql://host/db?user=u&password=***&x=1"
    assert hidden("postgresql://user:geheim@host/db") == "postgresql://user:***@host/db"
    assert hidden("sqlite:///x.db") == "sqlite:///x.db"


def test_a_refusal_counts_with_the_version_that_was_refused(world: World) -> None:
    """And an update counts for whom it went to."""
    first = send(world, 1, FIRST, SECOND)
    world.nodes[SECOND].act(first.business_key, SECOND, LifeEvent.REFUSE, reason="sai nơi nhận")
    world.settle()
    assert [row.refused for row in of(world, SENDER)] == [True]
    world.clock.advance(datetime.timedelta(hours=1))
    world.send(world.nodes[SENDER], change(2, packet(1, FIRST, SECOND), FIRST))
    world.settle()
    with world.nodes[FIRST].store.reading() as unit:
        (request,) = unit.lives.sagas("in", first.business_key)
    world.nodes[FIRST].answer(request.id, agree=True)
    world.settle()
    assert [row.refused for row in of(world, SENDER)] == [True, False]
    world.clock.advance(datetime.timedelta(hours=1))
    world.send(world.nodes[SENDER], change(2, packet(1, FIRST, SECOND), FIRST, SECOND, reason="lần hai"))
    world.settle()
    assert [row.refused for row in of(world, SENDER)] == [True, False, False], "what came after it was not refused"
    assert [row.refused for row in of(world, FIRST)] == [False, False, False]
    assert [row.refused for row in of(world, SECOND)] == [True, False]
