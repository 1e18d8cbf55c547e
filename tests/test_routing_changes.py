"""Changes: deltas of ours, and the answers of the axis registry with the rules that fill their gaps."""

from __future__ import annotations

import datetime
import json
import threading

import attrs
import pytest

from vndoc.errors import LimitError, UsageError
from vndoc.routing import (
    FIRST,
    LAST,
    Agency,
    Alias,
    AliasKind,
    AxisChange,
    Check,
    Connection,
    Delta,
    Group,
    RoutingTable,
    Successor,
    SuccessorKind,
    TableError,
    TableInfo,
    apply,
    diff,
)
from vndoc.routing._index import MAX_PER_CODE
from vndoc.routing.axis import AXIS_FORMATS, RULES, _with_known_parent, merge_axis

DAY = datetime.date(2025, 7, 1)
BEFORE = datetime.date(2025, 6, 30)
RECEIVED = datetime.date(2025, 8, 1)


def answer(*rows: object, **more: object) -> bytes:
    return json.dumps({"status": "OK", "ErrorCode": "0", "data": list(rows)} | more, ensure_ascii=False).encode()


def code_of(caught: pytest.ExceptionInfo[TableError]) -> str:
    return caught.value.code


# -- deltas ------------------------------------------------------------------------------------------------

OLD = RoutingTable.of(
    [Agency("H01", "Một"), Agency("H02", "Hai"), Agency("H03", parent="H01"), Agency("H04", aliases=(Alias("X"),))],
    info=TableInfo(version="1"),
)
NEW = RoutingTable.of(
    [
        Agency("H01", "Một"),
        Agency("H02", "Hai", valid_to=BEFORE, successors=(Successor("H01", SuccessorKind.MERGED),)),
        Agency("H02", "Mới", valid_from=DAY),
        Agency("H03", parent="H01", aliases=(Alias("X"),)),
        Agency("H05"),
    ],
    info=TableInfo(version="2"),
    groups=[Group("a", members=("H01",))],
)


def test_a_delta_is_complete_and_leaves_readers_their_table():
    delta = diff(OLD, NEW)
    assert [code for code, _ in delta.changes] == ["H02", "H03", "H04", "H05"]
    assert len(delta) == 4
    digest = OLD.digest
    assert apply(OLD, delta) == NEW
    assert (OLD.digest, OLD.resolve("H04", at=DAY).agency.code, OLD.version) == (digest, "H04", "1")
    assert OLD.resolve("X", at=DAY).agency.code == "H04"
    assert apply(OLD, delta).resolve("X", at=DAY).agency.code == "H03"
    assert apply(NEW, diff(NEW, OLD)) == OLD
    assert len(diff(OLD, OLD)) == 0
    assert apply(OLD, diff(OLD, OLD)) == OLD


def test_a_delta_survives_json_and_refuses_another_table():
    delta = Delta.load(diff(OLD, NEW).dump())
    assert delta == diff(OLD, NEW)
    assert apply(OLD, delta) == NEW
    with pytest.raises(TableError) as caught:
        apply(NEW, delta)
    assert code_of(caught) == "delta-mismatch"
    with pytest.raises(TableError) as caught:
        apply(OLD, attrs.evolve(delta, changes=delta.changes[1:]))
    assert code_of(caught) == "delta-mismatch"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"vndoc-routing-delta": 1}',
        b'{"vndoc-routing-delta": 2, "base": "", "target": "", "info": {}, "groups": [], "changes": []}',
        b'{"vndoc-routing-delta": 1, "base": 1, "target": "", "info": {}, "groups": [], "changes": []}',
        b'{"vndoc-routing-delta": 1, "base": "", "target": "", "info": {}, "groups": [], "changes": {}}',
        b'{"vndoc-routing-delta": 1, "base": "", "target": "", "info": {}, "groups": [], "changes": [1]}',
        b'{"vndoc-routing-delta": 1, "base": "", "target": "", "info": {}, "groups": [], "changes": [["a", 1]]}',
        b'{"vndoc-routing-delta": 1, "base": "", "target": "", "info": {}, "groups": [], "changes": [["a", [1]]]}',
        b'{"vndoc-routing-delta": 1, "base": "", "target": "", "info": 1, "groups": [], "changes": []}',
        b'{"vndoc-routing-delta": 1, "base": "", "target": "", "info": {}, "groups": [1], "changes": []}',
    ],
)
def test_what_is_no_delta(data):
    with pytest.raises(TableError) as caught:
        Delta.load(data)
    assert code_of(caught) == "table-unreadable"


def test_a_change_is_checked_together_with_what_refers_to_it():
    with pytest.raises(TableError) as caught:
        OLD.changed({"H01": ()})
    (finding,) = caught.value.values["findings"]
    assert (finding.check, finding.code) == (Check.PARENT, "H03")
    loose = OLD.changed({"H01": ()}, strict=False)
    assert [f.check for f in loose.findings] == [Check.PARENT]
    assert loose.changed({"H01": OLD.periods("H01")}) == OLD
    twice = OLD.changed({"H05": (Agency("H05", aliases=(Alias("X"),)),)}, strict=False)
    assert [f.check for f in twice.findings] == [Check.ALIAS]
    assert twice.resolve("X", at=DAY).outcome.value == "conflict"
    assert twice.changed({"H05": ()}).resolve("X", at=DAY).agency.code == "H04"
    again = twice.changed({"H04": (Agency("H04"),)})
    assert again.resolve("X", at=DAY).agency.code == "H05"
    assert not again.findings


def test_several_agencies_may_come_to_name_the_same_one():
    table = OLD.changed({f"H0{n}": (Agency(f"H0{n}", parent="H02"),) for n in (6, 7, 8)})
    with pytest.raises(TableError) as caught:
        table.changed({"H02": ()})
    assert [f.code for f in caught.value.values["findings"]] == ["H06", "H07", "H08"]
    freed = table.changed({f"H0{n}": () for n in (6, 7, 8)})
    assert freed == OLD
    assert "H02" not in freed.changed({"H02": ()})
    assert len(table.resolve("H02", at=DAY).steps) == 5


def test_readers_see_the_old_table_or_the_new_one():
    """A thread that resolves all the while never sees half of a change."""
    delta = diff(OLD, NEW)
    current = [OLD]
    seen: set[tuple[str, str]] = set()
    stop = threading.Event()

    def reader() -> None:
        while not stop.is_set():
            table = current[0]
            seen.add((table.version, table.resolve("X", at=DAY).agency.code))

    thread = threading.Thread(target=reader)
    thread.start()
    for _ in range(200):
        current[0] = apply(OLD, delta)
        current[0] = OLD
    stop.set()
    thread.join()
    assert seen <= {("1", "H04"), ("2", "H03")}
    assert seen


# -- lists of the axis ---------------------------------------------------------------------------------------

AGENCIES = (
    {"id": 1, "pid": None, "code": "00.53.W00", "name": "Cổng mẫu", "mail": "", "oldCode": ""},
    {"id": 2, "pid": 1, "code": "H53", "name": "  UBND\ntỉnh mẫu ", "mail": "x", "oldCode": "000.00.00.H53"},
    {"id": 3, "pid": 2, "code": "H53.01", "name": "So\u031b\u0309 mẫu", "mail": "", "oldCode": "H53.01"},
    {"id": 4, "pid": 4, "code": "000.A53.000", "name": "Đảng ủy mẫu", "mail": "", "oldCode": "null"},
    {"id": 5, "pid": 99, "code": "H53.02", "name": None, "mail": "", "oldCode": None},
)


def test_the_list_of_agencies():
    table = RoutingTable.load(answer(*AGENCIES), format="axis-agencies")
    assert table.periods("H53") == (
        Agency(
            "H53", "UBND tỉnh mẫu", 1, aliases=(Alias("000.00.00.H53", AliasKind.OLD_CODE),),
            connection=Connection.CONNECTED, system="00.53.W00", ref="2", source="axis",
        ),
    )  # fmt: skip
    assert table.periods("H53.01")[0].parent == "H53"
    assert table.periods("H53.01")[0].aliases == ()
    assert table.periods("H53.01")[0].name == "Sở mẫu"
    assert [(f.check, f.row) for f in table.findings] == [(Check.NAME_NFD, 3)]
    assert table.resolve("000.A53.000", at=DAY).is_deliverable
    assert table.periods("000.A53.000")[0].parent == table.periods("H53.02")[0].parent == ""
    assert "00.53.W00" not in table


def test_the_list_of_decision_20():
    rows = {"id": "7", "code": "H53", "name": "UBND tỉnh mẫu", "mail": "", "code102": "000.00.00.H53"}
    table = RoutingTable.load(json.dumps([rows]).encode(), format="axis-agencies-qd20")
    assert table.periods("H53")[0].aliases == (Alias("000.00.00.H53", AliasKind.CODE_102),)


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"1",
        b"{}",
        answer(status="FAIL", ErrorDesc="no"),
        answer(ErrorCode="7", ErrorDesc="no"),
        answer(ErrorCode=7),
        answer(ErrorCode=[]),
        b'{"status": "OK", "data": {}}',
    ],
)
@pytest.mark.parametrize("form", AXIS_FORMATS)
def test_an_answer_that_is_none(data, form):
    with pytest.raises(TableError) as caught:
        RoutingTable.load(data, format=form)
    assert code_of(caught) == "table-unreadable"


@pytest.mark.parametrize("fault", [None, "", "0", 0])
def test_no_fault_is_told_in_several_ways(fault):
    table = RoutingTable.load(answer({"code": "H01"}, ErrorCode=fault), format="axis-agencies")
    assert "H01" in table


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2026-03-01T16:59:59Z", "2026-03-01"),
        ("2026-03-01T17:00:00Z", "2026-03-02"),
        ("2026-03-01T17:00:00.000+0000", "2026-03-02"),
        ("2026-03-01 23:00:00+07:00", "2026-03-01"),
        ("2026-03-01T23:00:00", "2026-03-01"),
        ("2026-03-01T25:00:00Z", None),
        ("9999-12-31T23:00:00Z", None),
    ],
)
def test_a_time_with_a_zone_falls_on_the_day_in_vietnam(written, day):
    [unit] = AxisChange.load(answer({"code": "H01", "modifyDate": written}), received=DAY).units
    assert unit.modified == (None if day is None else datetime.date.fromisoformat(day))


@pytest.mark.parametrize("received", [None, "2026-03-04", datetime.datetime(2026, 3, 4)])  # noqa: DTZ001
def test_the_day_of_receipt_is_a_date(received):
    with pytest.raises(UsageError) as caught:
        AxisChange.load(answer(), received=received)
    assert caught.value.code == "date-expected"


def test_a_row_that_is_no_object_is_found():
    for form in AXIS_FORMATS:
        table = RoutingTable.load(answer("x", {"code": "H01"}), format=form, strict=False)
        assert [(f.check, f.row) for f in table.findings if f.check is Check.ROW] == [(Check.ROW, 1)]
        assert "H01" in table


def test_too_many_rows(monkeypatch):
    monkeypatch.setattr("vndoc.routing.axis.MAX_ROWS", 2)
    assert len(RoutingTable.load(answer({"code": "H01"}, {"code": "H02"}), format="axis-units")) == 2
    with pytest.raises(TableError):
        RoutingTable.load(answer({"code": "H01"}, {"code": "H02"}, {"code": "H03"}), format="axis-units")


def unit(code: str, **more: object) -> dict[str, object]:
    return {
        "id": code, "pid": None, "code": code, "name": f"Đơn vị {code}", "version": 1, "centerCode": "00.53.W00",
        "deleted": False, "modifyDate": "2025-07-10 08:00:00", "isAgency": True,
    } | more  # fmt: skip


def test_units_as_a_table():
    table = RoutingTable.load(
        answer(
            unit("00.53.W00", id=1),
            unit("H53", version=3, pid=1, centerCode=""),
            unit("H53.01", pid="H53", isAgency="false"),
            unit("H53.02", pid="H53", deleted="true", modifyDate="01/07/2025 10:00:00"),
            unit("H53.03", pid="H53", deleted=1, modifyDate="hôm qua"),
        ),
        format="axis-units",
    )
    assert table.info.axis_version == 3
    assert (table.periods("H53")[0].system, table.periods("H53")[0].connection) == ("00.53.W00", Connection.UNKNOWN)
    assert (table.periods("H53.01")[0].kind, table.periods("H53.01")[0].connection) == (
        "node", Connection.NOT_CONNECTED,
    )  # fmt: skip
    assert table.periods("H53.02")[0].valid_to == BEFORE
    assert table.periods("H53.03")[0].valid_to == datetime.date(2025, 7, 9)
    assert [f.check for f in table.findings] == [Check.UNIT_DATE]
    nothing = RoutingTable.load(answer(unit("H53", deleted=True, modifyDate="")), format="axis-units")
    assert nothing.periods("H53")[0].valid_to == FIRST
    assert RoutingTable.load(answer(), format="axis-units").info.axis_version == 0


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2025-07-10", "2025-07-10"),
        ("2025-07-10T08:00:00+07:00", "2025-07-10"),
        ("2025/07/10 08:00:00", "2025-07-10"),
        ("10/07/2025 08:00:00", "2025-07-10"),
        (1752084000000, "2025-07-10"),  # 2025-07-09T18:00Z is the tenth in Vietnam
        ("1752080399999", "2025-07-09"),
        ("31/02/2025", None),
        (99999999999999, "5138-11-16"),
        ("10-07-2025", None),
        (None, None),
        (True, None),
        ("", None),
    ],
)
def test_days_as_registries_write_them(value, day):
    change = AxisChange.load(answer(unit("H53", modifyDate=value)), received=RECEIVED)
    found = change.units[0].modified
    assert (found and found.isoformat()) == day
    assert [f.check for f in change.findings] == ([] if day else [Check.UNIT_DATE])


def test_several_lists_become_one_table():
    table = RoutingTable.from_axis(
        {
            "axis-agencies": answer(
                {"id": 1, "pid": None, "code": "000.00.00.H53", "name": "UBND tỉnh mẫu", "oldCode": ""},
                {"id": 2, "pid": 1, "code": "000.00.01.H53", "name": "Sở mẫu", "oldCode": "S1"},
                {"id": 3, "pid": 2, "code": "000.01.01.H53", "name": "Chi cục mẫu", "oldCode": ""},
                {"id": 4, "pid": None, "code": "000.00.00.H54", "name": "So\u031b\u0309", "oldCode": ""},
            ),
            "axis-agencies-qd20": answer(
                {"id": "", "code": "H53", "name": "", "code102": "000.00.00.H53"},
                {"id": "", "code": "H53.01", "name": "Sở mẫu (QĐ 20)", "code102": "000.00.01.H53"},
            ),
            "axis-units": answer(
                unit("H53", id=1, version=5, deleted=True), unit("H55", version=4), unit("K53", pid="X", version=1)
            ),
        }
    )
    assert [a.code for a in table] == ["000.00.00.H54", "000.01.01.H53", "H53", "H53.01", "H55", "K53"]
    assert table.periods("H53")[0].name == "UBND tỉnh mẫu"
    assert table.periods("H53")[0].valid_to == datetime.date(2025, 7, 9)
    assert table.periods("H53.01")[0].name == "Sở mẫu (QĐ 20)"
    assert [a.code for a in table.periods("H53.01")[0].aliases] == ["000.00.01.H53", "S1"]
    assert table.periods("H53.01")[0].parent == "H53"
    assert table.periods("000.01.01.H53")[0].parent == "H53.01"
    assert table.info.axis_version == 5
    assert [f.check for f in table.findings] == [Check.NAME_NFD]


def test_only_known_answers_are_merged():
    with pytest.raises(UsageError) as caught:
        RoutingTable.from_axis({"csv": b""})
    assert caught.value.code == "unknown-table-format"


def test_a_parent_that_no_list_has_is_left_out():
    lists = {"axis-agencies": answer({"id": 2, "pid": 1, "code": "H53.01", "name": "Sở mẫu"}, {"id": 1, "code": ""})}
    assert merge_axis(lists).agencies[0].parent == ""
    gone = Agency("H53.01", parent="H99")
    assert _with_known_parent(gone, {}, [gone], {"H53.01"}).parent == ""


# -- changes of the axis ---------------------------------------------------------------------------------------

BASE = RoutingTable.of(
    [
        Agency("H53", "Tỉnh mẫu", 1, connection=Connection.CONNECTED, ref="10", aliases=(Alias("000.00.00.H53"),)),
        Agency("H53.01", "Sở mẫu", 2, "H53", ref="11", kind="department"),
        Agency("H53.02", "Đã đóng", 2, "H53", valid_to=BEFORE, ref="12"),
        Agency("H53.03", "Không có id", 2, "H53"),
    ],
    info=TableInfo(version="7", axis_version=4),
)


def changed(*rows: object, strict: bool = True) -> RoutingTable:
    return AxisChange.load(answer(*rows), received=RECEIVED).applied_to(BASE, strict=strict)


def test_a_version_that_is_known_is_passed_over():
    table = changed(unit("H53.04", version=4), unit("H53.05", version=5), unit("H53.06", version=0))
    assert "H53.04" not in table
    assert "H53.05" in table
    assert "H53.06" in table
    assert (table.info.axis_version, table.version) == (5, "7+axis.5")
    again = AxisChange.load(answer(unit("H53.05", version=5, deleted=True)), received=RECEIVED)
    assert again.applied_to(table) == table
    later = AxisChange.load(answer(unit("H53.07", version=9)), received=RECEIVED).applied_to(table)
    assert later.version == "7+axis.9"
    assert AxisChange.load(answer(), received=RECEIVED).applied_to(BASE).info.axis_version == 4


def test_of_several_records_the_highest_version_counts():
    rows = (unit("H53.05", id=1, version=8, name="B"), unit("H53.05", id=1, version=7, name="A"))
    for order in (rows, rows[::-1]):
        table = changed(*order)
        assert [a.name for a in table.periods("H53.05")] == ["B"]
        assert Check.UNIT_TWICE in {f.check for f in table.findings}
    table = changed(unit("H53.05", id=1, version=8, name="A"), unit("H53.05", id=1, version=8, name="B"))
    assert [a.name for a in table.periods("H53.05")] == ["B"]
    table = changed(unit("H53.05", id=None, version="8", name="A"), unit("H53.05", id=None, version="x", name="B"))
    assert [a.name for a in table.periods("H53.05")] == ["A"]


def test_deleted_closes_and_keeps_the_record():
    table = changed(unit("H53.01", id=11, version=5, deleted=True))
    (gone,) = table.periods("H53.01")
    assert (gone.valid_to, gone.successors) == (datetime.date(2025, 7, 9), ())
    assert table.resolve("H53.01", at=RECEIVED).outcome.value == "closed-without-heir"
    assert table.resolve("H53.01", at=RECEIVED).meant == gone
    undated = changed(unit("H53.01", id=11, version=5, deleted=True, modifyDate=None))
    assert undated.periods("H53.01")[0].valid_to == datetime.date(2025, 7, 31)
    assert [f.check for f in undated.findings] == [Check.UNIT_DATE]
    assert changed(unit("H53.02", id=12, version=5, deleted=True)).periods("H53.02") == BASE.periods("H53.02")
    assert "H53.99" not in changed(unit("H53.99", version=5, deleted=True))


def test_a_new_unit_is_valid_from_its_day():
    table = changed(unit("H53.05", pid=10, version=5))
    (new,) = table.periods("H53.05")
    assert (new.valid_from, new.valid_to, new.parent) == (datetime.date(2025, 7, 10), LAST, "H53")
    assert (new.connection, new.system) == (Connection.CONNECTED, "00.53.W00")
    same_day = changed(unit("H53.06", version=5), unit("H53.06", id="H53.06", version=6, deleted=True))
    assert "H53.06" not in same_day
    table = AxisChange.load(answer(unit("H53.05", version=6, deleted=True, modifyDate="2025-07-10")), received=RECEIVED)
    (closed,) = table.applied_to(changed(unit("H53.05", version=5))).periods("H53.05")
    assert closed.valid_from == closed.valid_to == datetime.date(2025, 7, 10)


def test_a_new_name_keeps_the_agency_and_the_old_name():
    table = changed(unit("H53", id=10, version=5, name="Tỉnh mẫu mới", centerCode=""))
    (same,) = table.periods("H53")
    assert (same.name, same.other_names, same.valid_from) == ("Tỉnh mẫu mới", ("Tỉnh mẫu",), FIRST)
    assert same.aliases == BASE.periods("H53")[0].aliases
    back = AxisChange.load(answer(unit("H53", id=10, version=6, name="Tỉnh mẫu")), received=RECEIVED).applied_to(table)
    assert back.periods("H53")[0].other_names == ("Tỉnh mẫu", "Tỉnh mẫu mới")
    third = AxisChange.load(answer(unit("H53", id=10, version=7, name="")), received=RECEIVED).applied_to(back)
    assert third.periods("H53")[0].name == "Tỉnh mẫu"
    node = changed(unit("H53.01", id=11, version=5, name="Sở mẫu", isAgency=0))
    assert (node.periods("H53.01")[0].kind, node.periods("H53.01")[0].other_names) == ("node", ())
    by_code = changed(unit("H53.03", id=None, version=5))
    assert by_code.periods("H53.03")[0].other_names == ("Không có id",)


def test_a_new_code_takes_over_from_the_old_one():
    table = changed(unit("H53.11", id=11, version=5))
    assert table.periods("H53.01")[0].successors == (Successor("H53.11", SuccessorKind.RENAMED),)
    late = table.resolve("H53.01", at=RECEIVED, meant_at=DAY)
    assert (late.agency.code, late.reason.value, late.code) == ("H53.11", "successor", "H53.01")
    into = changed(unit("H53.03", id=11, version=5))
    assert into.resolve("H53.01", at=RECEIVED).agency.code == "H53.03"


def test_a_closed_code_that_comes_back_begins_a_new_period():
    table = changed(unit("H53.02", id=12, version=5, modifyDate="2025-06-15"))
    assert [(a.valid_from, a.valid_to) for a in table.periods("H53.02")] == [(FIRST, BEFORE), (DAY, LAST)]


def test_parents_and_systems_of_a_change():
    table = changed(
        unit("00.54.W00", id=20, version=5),
        unit("H54", id=21, pid=20, version=6, centerCode=""),
        unit("H54.01", id=22, pid=21, version=7),
        unit("H54.02", id=23, pid=12, version=8),
        unit("H54.03", id=24, pid=404, version=9),
    )
    assert "00.54.W00" not in table
    assert (table.periods("H54")[0].system, table.periods("H54")[0].parent) == ("00.54.W00", "")
    assert table.periods("H54.01")[0].parent == "H54"
    assert table.periods("H54.02")[0].parent == ""
    assert table.periods("H54.03")[0].parent == ""


# -- ids and codes that part --------------------------------------------------------------------------------

TWO = RoutingTable.load(
    answer(unit("H29", id="9", pid=None), unit("H29.01", id="1", pid="9"), unit("H29.02", id="2", pid="9")),
    format="axis-units",
)
TENTH = datetime.date(2025, 7, 10)


def after_answers(table: RoutingTable, *answers: tuple[dict[str, object], ...]) -> RoutingTable:
    for rows in answers:
        table = AxisChange.load(answer(*rows), received=RECEIVED).applied_to(table)
    return table


def spans(table: RoutingTable, code: str) -> list[tuple[str, str, list[str]]]:
    """Return ref, last day and successors of each period under *code*."""
    return [(a.ref, a.valid_to.isoformat(), [s.code for s in a.successors]) for a in table.periods(code)]


def meant(table: RoutingTable, code: str, day: datetime.date = BEFORE) -> str:
    found = table.resolve(code, at=RECEIVED, meant_at=day)
    return "" if found.agency is None else found.agency.ref


def test_the_same_code_under_another_id_is_another_body():
    table = after_answers(
        TWO,
        (unit("H29.02", id="1", version=5, name="A"),),
        (unit("H29.03", id="2", version=6, name="B", modifyDate="2025-07-20"),),
    )
    assert spans(table, "H29.01") == [("1", "2025-07-09", ["H29.02"])]
    assert spans(table, "H29.02") == [("2", "2025-07-09", ["H29.03"]), ("1", "9999-12-31", [])]
    assert table.periods("H29.02")[1].other_names == ()
    assert table.periods("H29.02")[1].valid_from == TENTH
    assert [meant(table, c) for c in ("H29.01", "H29.02")] == ["1", "2"]
    assert meant(table, "H29.02", TENTH) == "1"
    again = after_answers(table, (unit("H29.04", id="2", version=7, modifyDate="2025-07-25"),))
    assert meant(again, "H29.02") == "2"


def test_a_link_that_stands_is_kept():
    table = after_answers(TWO, (unit("H29.02", id="2", version=5, deleted=True),), (unit("H29.05", id="2", version=6),))
    assert spans(table, "H29.02") == [("2", "2025-07-09", ["H29.05"])]
    merged = (Successor("H29.01", SuccessorKind.MERGED),)
    linked = TWO.changed({"H29.02": (attrs.evolve(TWO.periods("H29.02")[0], valid_to=BEFORE, successors=merged),)})
    table = after_answers(linked, (unit("H29.05", id="2", version=6),))
    assert spans(table, "H29.02") == [("2", "2025-06-30", ["H29.01"])]


@pytest.mark.parametrize("versions", [(5, 6), (6, 5)])
@pytest.mark.parametrize("days", [("2025-07-10", "2025-07-10"), ("2025-07-10", "2025-07-20"), ("2025-07-20",) * 2])
def test_recodes_of_one_answer_do_not_depend_on_their_order(versions, days):
    one, two = ({"version": v, "modifyDate": d} for v, d in zip(versions, days, strict=True))
    chain = after_answers(TWO, (unit("H29.02", id="1", **one), unit("H29.03", id="2", **two)))
    assert [meant(chain, code) for code in ("H29.01", "H29.02")] == ["1", "2"]
    assert [meant(chain, code, RECEIVED) for code in ("H29.02", "H29.03")] == ["1", "2"]
    swap = after_answers(TWO, (unit("H29.02", id="1", **one), unit("H29.01", id="2", **two)))
    assert [meant(swap, code) for code in ("H29.01", "H29.02")] == ["1", "2"]
    assert [meant(swap, code, RECEIVED) for code in ("H29.01", "H29.02")] == ["2", "1"]


def test_a_code_is_taken_once_it_is_free():
    """The former body left on the twentieth, the change of the next is dated the tenth: it waits until then."""
    table = after_answers(
        TWO,
        (unit("H29.03", id="2", version=5, modifyDate="2025-07-20"),),
        (unit("H29.02", id="1", version=6),),
    )
    assert spans(table, "H29.01") == [("1", "2025-07-19", ["H29.02"])]
    assert [meant(table, code) for code in ("H29.01", "H29.02")] == ["1", "2"]


def test_the_end_of_a_code_does_not_reach_into_the_next_period():
    table = after_answers(
        TWO,
        (unit("H29.03", id="2", version=5, modifyDate="2025-07-20"),),
        (unit("H29.01", id=None, version=6, modifyDate="2025-07-15"), unit("H29.02", id="1", version=7)),
    )
    assert [(a.ref, a.valid_from.day, a.valid_to.day) for a in table.periods("H29.01")] == [("1", 1, 14), ("", 15, 31)]


def test_days_at_the_end_of_time_leave_no_foreign_exception():
    late = {"modifyDate": "9999-12-31"}
    table = after_answers(TWO, (unit("H29.05", id="5", version=5, **late),))
    with pytest.raises(TableError) as caught:
        after_answers(table, (unit("H29.05", id="6", version=6, **late),))
    assert code_of(caught) == "table-invalid"


def test_a_tombstone_finds_the_present_code():
    table = after_answers(TWO, (unit("H29.00", id="2", version=5),), (unit("H29.00", id="2", version=7, deleted=True),))
    assert spans(table, "H29.00") == [("2", "2025-07-10", [])]
    assert meant(table, "H29.00") == ""
    old = after_answers(TWO, (unit("H29.00", id="2", version=5),), (unit("H29.02", id="2", version=7, deleted=True),))
    assert spans(old, "H29.00") == [("2", "2025-07-10", [])]


def test_the_period_that_the_record_names_is_preferred():
    twice = RoutingTable.of([Agency("H29.01", ref="1"), Agency("H29.02", ref="1")])
    table = after_answers(twice, (unit("H29.01", id="1", version=5, deleted=True),))
    assert [table.periods(code)[0].valid_to == LAST for code in ("H29.01", "H29.02")] == [False, True]


@pytest.mark.parametrize("late", [6, 4])
def test_a_late_tombstone_of_another_id_closes_only_its_own(late):
    new, gone = unit("H29.01", id="77", version=5, name="new"), unit("H29.01", id="1", version=late, deleted=True)
    for table in (after_answers(TWO, (new, gone)), after_answers(TWO, (new,), (gone,))):
        assert spans(table, "H29.01") == [("1", "2025-07-09", []), ("77", "9999-12-31", [])]
        assert meant(table, "H29.01", RECEIVED) == "77"


def test_tombstones_and_records_without_id():
    table = after_answers(TWO, (unit("H29.01", id=None, version=5, deleted=True),))
    assert spans(table, "H29.01") == [("1", "2025-07-09", [])]
    assert after_answers(TWO, (unit("H29.99", id=None, version=5, deleted=True),)).periods("H29.99") == ()
    bare = RoutingTable.of([Agency("H29.01")])
    table = after_answers(bare, (unit("H29.01", id="1", version=5, deleted=True),))
    assert spans(table, "H29.01") == [("", "2025-07-09", [])]
    rows = (unit("00.29.W00", id=None, version=5), unit("H29.07", id=None, pid=None, version=6, centerCode=""))
    table = after_answers(TWO, rows)
    assert (table.periods("H29.07")[0].parent, table.periods("H29.07")[0].system) == ("", "")
    whole = RoutingTable.load(answer(*(unit(c, id="", pid="") for c in ("H29", "H30", "H31"))), format="axis-units")
    assert {a.parent for a in whole} == {""}


def test_a_whole_list_may_hold_a_code_twice():
    rows = (
        unit("H29.01", id="77", version=5),
        unit("H29.01", id="1", version=6, deleted=True),
        unit("H29.01", id="2", version=2, deleted=True, modifyDate="2025-07-01"),
        unit("H29.01", id="3", version=1, deleted=True, modifyDate="2025-07-01"),
    )
    for table in (
        RoutingTable.load(answer(*rows), format="axis-units"),
        RoutingTable.from_axis({"axis-units": answer(*rows)}),
    ):
        assert [(a.ref, a.valid_from, a.valid_to) for a in table.periods("H29.01")] == [
            ("2", FIRST, BEFORE), ("1", DAY, datetime.date(2025, 7, 9)), ("77", TENTH, LAST),
        ]  # fmt: skip
        assert [(f.check, f.row) for f in table.findings] == [(Check.UNIT_TWICE, 4)]


def test_two_open_units_under_one_code_are_a_contradiction():
    rows = answer(unit("H29.01", id="1"), unit("H29.01", id="2"))
    table = RoutingTable.load(rows, format="axis-units", strict=False)
    assert [f.check for f in table.findings] == [Check.UNIT_CODE, Check.OVERLAP]
    assert table.findings[0].row == 2
    assert table.findings[0].text() == ("row 2: H29.01: the ids 1 and 2 both claim this code, and neither is deleted")
    listed = [{"id": n, "pid": None, "code": "H29.01", "name": "Sở mẫu"} for n in (1, 2)]
    for form in ("axis-agencies", "axis-agencies-qd20"):
        for made in (
            RoutingTable.load(answer(*listed), format=form, strict=False),
            RoutingTable.from_axis({form: answer(*listed)}, strict=False),
        ):
            assert [f.check for f in made.findings] == [Check.UNIT_CODE, Check.OVERLAP]
            assert made.resolve("H29.01", at=DAY).reason.value == "overlapping-validity"
    closed = unit("H29.01", id="3", deleted=True, modifyDate="2025-07-01")
    table = RoutingTable.load(
        answer(closed, unit("H29.01", id="1"), unit("H29.01", id="2")), format="axis-units", strict=False
    )
    assert [a.valid_from for a in table.periods("H29.01")] == [FIRST, DAY, DAY]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    "held",
    [
        [unit("H29.09", id="1", version=5), unit("H29.09", id="2", version=6)],  # both move there
        [unit("H29.01", id="1", version=5), unit("H29.01", id="2", version=6)],  # one is there and stays
        [unit("H29.09", id="7", version=5), unit("H29.09", id="8", version=6)],  # both are new
    ],
)
def test_a_change_does_not_choose_between_two_ids_under_one_code(held, order):
    change = AxisChange.load(answer(*held[::order]), received=RECEIVED)
    assert [f.check for f in change.findings] == [Check.UNIT_CODE]
    with pytest.raises(TableError) as caught:
        change.applied_to(TWO)
    assert code_of(caught) == "table-invalid"
    table = change.applied_to(TWO, strict=False)
    code = str(held[0]["code"])
    assert {a.ref for a in table.periods(code)} == {str(unit["id"]) for unit in held}
    assert all(a.valid_to == LAST for a in table.periods(code))
    assert table.resolve(code, at=RECEIVED).reason.value == "overlapping-validity"
    if held[0]["id"] == "1" and code == "H29.09":  # the old codes lead there, and say the same
        assert table.resolve("H29.01", at=RECEIVED, meant_at=BEFORE).reason.value == "overlapping-validity"
    assert {f.check for f in table.findings} == {Check.UNIT_CODE, Check.OVERLAP}
    # the next answer decides: nobody is left to claim the code but one
    loser = str(held[0]["id"])
    gone = AxisChange.load(answer(unit(code, id=loser, version=9, deleted=True)), received=RECEIVED)
    decided = gone.applied_to(table, strict=False)
    assert decided.resolve(code, at=RECEIVED).agency.ref == str(held[1]["id"])
    assert Check.UNIT_CODE not in {f.check for f in decided.findings}


def test_what_a_change_puts_under_one_code_is_limited():
    units = [unit("H29.05", id=str(n), version=n) for n in range(5, 5 + MAX_PER_CODE)]
    several = AxisChange.load(answer(*units), received=RECEIVED).applied_to(TWO, strict=False)
    assert len(several.periods("H29.05")) == MAX_PER_CODE
    more = AxisChange.load(answer(*units, unit("H29.05", id="more", version=4)), received=RECEIVED)
    with pytest.raises(LimitError) as caught:
        more.applied_to(TWO, strict=False)
    assert caught.value.code == "limit-table-code"


def test_a_rival_that_was_received_before_is_a_rival():
    before = after_answers(TWO, (unit("H29.05", id="5", version=5),))
    both = AxisChange.load(
        answer(unit("H29.05", id="5", version=5), unit("H29.05", id="6", version=6)), received=RECEIVED
    )
    assert both.applied_to(before, strict=False).resolve("H29.05", at=RECEIVED).outcome.value == "conflict"
    # without an id nothing is contested: it may be the same unit
    same = (unit("H29.05", id="5", version=5), unit("H29.05", id=None, version=6, name="Tên mới"))
    assert [a.name for a in after_answers(TWO, same).periods("H29.05")] == ["Tên mới"]


def test_a_unit_that_comes_to_a_contested_code_closes_who_was_there():
    rows = (unit("H29.02", id="5", version=5), unit("H29.02", id="6", version=6))
    table = AxisChange.load(answer(*rows), received=RECEIVED).applied_to(TWO, strict=False)
    first, *others = table.periods("H29.02")
    assert (first.ref, first.valid_to) == ("2", datetime.date(2025, 7, 9))
    assert {a.ref for a in others if a.valid_to == LAST} == {"5", "6"}
    assert meant(table, "H29.02") == ""
    assert table.resolve("H29.02", at=RECEIVED, meant_at=BEFORE).outcome.value == "closed-without-heir"


def test_lists_that_disagree_about_the_id():
    listed = answer({"id": "77", "pid": None, "code": "H29.01", "name": "Sở mẫu", "oldCode": "X.01"})
    gone = unit("H29.01", id="1", deleted=True)
    old_code = unit("X.01", id="2", deleted=True)
    table = RoutingTable.from_axis({"axis-agencies": listed, "axis-units": answer(gone, old_code)})
    assert [(a.ref, a.valid_to == LAST) for a in table.periods("H29.01")] == [("1", False), ("77", True)]
    assert meant(table, "X.01", RECEIVED) == "77"
    both = RoutingTable.from_axis({"axis-agencies": listed, "axis-units": answer(gone, unit("H29.01", id="78"))})
    assert [a.ref for a in both.periods("H29.01")] == ["1", "78"]
    assert [(f.check, f.code, f.row, f.values) for f in both.findings] == [
        (Check.UNIT_ID, "H29.01", 2, (("found", "77"), ("other", "78")))
    ]
    assert not both.findings[0].is_error
    same = RoutingTable.from_axis({"axis-agencies": listed, "axis-units": answer(unit("H29.01", id="77"))})
    assert not same.findings
    gone, new = unit("H29.01", id="77", deleted=True), unit("H29.01", id="78")
    after = RoutingTable.from_axis({"axis-agencies": listed, "axis-units": answer(gone, new)})
    assert [(a.ref, a.valid_to == LAST) for a in after.periods("H29.01")] == [("77", False), ("78", True)]
    assert not after.findings
    # other codes link them as well
    linked = RoutingTable.from_axis({"axis-agencies": listed, "axis-units": answer(unit("X.01", id="78"))})
    assert [(f.check, f.code) for f in linked.findings] == [(Check.UNIT_ID, "X.01")]
    assert [a.code for a in linked] == ["H29.01"]


def test_a_change_states_the_full_record():
    base = after_answers(
        TWO, (unit("H29.01", id="1", pid="9", version=5, isAgency=False), unit("H29.02", id="2", pid="9", version=6))
    )
    assert (base.periods("H29.01")[0].kind, base.periods("H29.02")[0].parent) == ("node", "H29")
    table = after_answers(
        base, (unit("H29.01", id="1", pid="9", version=7), unit("H29.02", id="2", version=8, centerCode=""))
    )
    (one,), (two,) = table.periods("H29.01"), table.periods("H29.02")
    assert (one.kind, one.connection, one.parent) == ("", Connection.CONNECTED, "H29")
    assert (two.connection, two.system, two.parent) == (Connection.UNKNOWN, "", "")
    unknown = after_answers(base, (unit("H29.02", id="2", pid="404", version=8, centerCode=""),)).periods("H29.02")[0]
    assert (unknown.connection, unknown.system, unknown.parent) == (Connection.UNKNOWN, "00.53.W00", "H29")
    assert changed(unit("H53.01", id=11, version=5)).periods("H53.01")[0].kind == "department"


def test_a_parent_may_come_later_in_the_answer():
    rows = (unit("H29.02.01", id="21", pid="30", version=5), unit("H29.08", id="30", pid="9", version=6))
    assert after_answers(TWO, rows).periods("H29.02.01")[0].parent == "H29.08"


@pytest.mark.parametrize("field", ["deleted", "isAgency"])
@pytest.mark.parametrize("value", [[], {}, [True]])
def test_a_truth_that_is_none_is_a_finding(field, value):
    rows = answer(unit("H29.01", **{field: value}), unit("H29.02", version=2))
    table = RoutingTable.load(rows, format="axis-units", strict=False)
    assert [(f.check, f.code, f.row, f.values) for f in table.findings] == [
        (Check.VALUE, "H29.01", 1, (("field", field), ("found", repr(value))))
    ]
    assert [a.code for a in table] == ["H29.02"]
    with pytest.raises(TableError) as caught:
        AxisChange.load(rows, received=RECEIVED).applied_to(TWO)
    assert code_of(caught) == "table-invalid"


def test_the_rules_are_written_down_in_both_languages():
    assert len(RULES) == 17
    assert all(rule.vi and rule.en for rule in RULES.values())
