"""Tables: both documented forms, in and out; checks with row numbers; limits; what a table says about itself."""

from __future__ import annotations

import copy
import datetime
import io
import json
import pickle
import unicodedata

import attrs
import pytest

from vndoc.errors import LimitError, SourceError, UsageError, VndocError
from vndoc.routing import (
    CHECKS,
    FIRST,
    FORMATS,
    LAST,
    LETTERS,
    Agency,
    Alias,
    AliasKind,
    Check,
    Connection,
    Delegation,
    Finding,
    Group,
    Reason,
    RoutingTable,
    Successor,
    SuccessorKind,
    TableError,
    TableInfo,
    dump_csv,
    dump_json,
)
from vndoc.routing import checks as checks_module
from vndoc.routing import load as load_module
from vndoc.routing._codec import agency_from_dict, group_from_dict
from vndoc.routing._index import MAX_PER_CODE
from vndoc.text import Text

DAY = datetime.date(2025, 7, 1)
BEFORE = datetime.date(2025, 6, 30)

COLUMNS = (
    "code,name,other_names,level,parent,kind,valid_from,valid_to,successors,aliases,connection,system,carrier,"
    "delegations,ref,source,confidence"
)
REST = 'national-axis,"H05.01:2025-01-01..2025-12-31:a,b:QĐ 1",7,mẫu,high'

CSV = f"""\
# version: thử-1
# begins: 2020-09-15
# carrier: lgsp
# ancestors: yes
# axis_version: 12
# source: dữ liệu mẫu
{COLUMNS}
H05,Tỉnh mẫu,Tên cũ|Tên khác,1,,province-committee,,,,000.00.00.H05:code-102,connected,00.05.W00,{REST}
H02,Tỉnh đóng,,1,,,2021-01-01,2025-06-30,H05:merged:NQ 202/2025: điều 1,X:old-code:2021-01-01..|Y,pending,,,H05.01,,,
H05.01,Văn phòng,,12,H05,office,,,,Z:other,,,,,,,

H03,Bị chia,,,,,,2025-06-30,H05:part*|H05.01:part,,,,,H05::a,,,
"""


def load(text: str | bytes, *, form: str = "csv", strict: bool = True) -> RoutingTable:
    return RoutingTable.load(text.encode() if isinstance(text, str) else text, format=form, strict=strict)


def findings(text: str, form: str = "csv") -> list[tuple[Check, int | None]]:
    with pytest.raises(TableError) as caught:
        load(text, form=form)
    assert caught.value.code == "table-invalid"
    found = caught.value.values["findings"]
    assert caught.value.values["count"] == sum(f.is_error for f in found)
    assert found == load(text, form=form, strict=False).findings
    return [(f.check, f.row) for f in found]


def test_csv_holds_everything():
    table = load(CSV)
    assert table.info == TableInfo(
        version="thử-1", begins=datetime.date(2020, 9, 15), carrier="lgsp", ancestors=True, axis_version=12,
        source="dữ liệu mẫu",
    )  # fmt: skip
    (tinh,) = table.periods("H05")
    assert tinh == Agency(
        "H05", "Tỉnh mẫu", 1, "", "province-committee", FIRST, LAST, (), (Alias("000.00.00.H05", AliasKind.CODE_102),),
        ("Tên cũ", "Tên khác"), Connection.CONNECTED, "00.05.W00", "national-axis",
        (Delegation("H05.01", datetime.date(2025, 1, 1), datetime.date(2025, 12, 31), ("a", "b"), "QĐ 1"),),
        "7", "mẫu", "high",
    )  # fmt: skip
    (dong,) = table.periods("H02")
    assert dong.successors == (Successor("H05", SuccessorKind.MERGED, instrument="NQ 202/2025: điều 1"),)
    assert dong.aliases == (Alias("X", AliasKind.OLD_CODE, datetime.date(2021, 1, 1)), Alias("Y"))
    assert dong.connection is Connection.PENDING
    assert table.periods("H05.01")[0].level == 12
    assert dong.delegations == (Delegation("H05.01"),)
    assert [s.suggested for s in table.periods("H03")[0].successors] == [True, False]
    assert table.periods("H03")[0].delegations == (Delegation("H05", kinds=("a",)),)


def test_both_forms_lead_back_to_the_same_table():
    group = Group("mẫu", kinds=("office",), level=2, members=("H05",), exceptions=("@provinces",))
    table = RoutingTable.of(list(load(CSV)), info=load(CSV).info, groups=[group])
    assert load(dump_json(table, table.info, table.groups.values()), form="json") == table
    assert load(dump_csv(table, table.info)) == RoutingTable.of(list(table), info=table.info) != table
    assert load(dump_csv([], TableInfo())) == RoutingTable.of([])


def test_a_table_comes_from_bytes_or_an_open_file():
    assert RoutingTable.load(io.BytesIO(CSV.encode()), format="csv") == load(CSV)
    assert load(b"\xef\xbb\xbfcode\r\nH01\r\n").periods("H01") == (Agency("H01"),)
    for source, found in (("text", "str"), (io.StringIO("code"), "str"), (7, "int")):
        with pytest.raises(UsageError) as caught:
            RoutingTable.load(source, format="csv")
        assert (caught.value.code, caught.value.values["found"]) == ("source-type", found)


@pytest.mark.parametrize("form", ["csv", "json", "axis-agencies"])
@pytest.mark.parametrize(
    "error", [OSError(5, "Input/output error"), ValueError("closed"), SourceError("source-closed")]
)
def test_a_file_that_cannot_be_read_is_a_coded_error(form, error):
    class Broken(io.BytesIO):
        def read(self, _=-1):
            raise error

    with pytest.raises(SourceError) as caught:
        RoutingTable.load(Broken(), format=form)
    assert caught.value.code == ("source-closed" if isinstance(error, SourceError) else "source-unreadable")


def test_an_unknown_form_is_named():
    with pytest.raises(UsageError) as caught:
        load("", form="xlsx")
    assert caught.value.code == "unknown-table-format"
    assert all(form in str(caught.value) for form in FORMATS)


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (b"", "csv"),
        (b"\xff", "csv"),
        (b"name\nA\n", "csv"),
        (b"code,colour\nH01,red\n", "csv"),
        (b"code,code\nH01,H02\n", "csv"),
        (b'code,name\nH01,"open\n', "csv"),
        (b'code,name\nH01,"a" b\n', "csv"),
        (b"code\n" + b"x" * 140_000, "csv"),
        (b"# colour: red\ncode\n", "csv"),
        (b"# begins: yesterday\ncode\n", "csv"),
        (b"# ancestors: perhaps\ncode\n", "csv"),
        (b"# axis_version: -1\ncode\n", "csv"),
        (b"\xff", "json"),
        (b"{", "json"),
        (b"[" * 100_000, "json"),
        (b"[]", "json"),
        (b'{"vndoc-routing-table": 2}', "json"),
        (b'{"vndoc-routing-table": 1, "more": 1}', "json"),
        (b'{"vndoc-routing-table": 1, "agencies": {}}', "json"),
        (b'{"vndoc-routing-table": 1, "groups": 1}', "json"),
        (b'{"vndoc-routing-table": 1, "groups": [1]}', "json"),
        (b'{"vndoc-routing-table": 1, "info": []}', "json"),
        (b'{"vndoc-routing-table": 1, "info": {"ancestors": 1}}', "json"),
        (b'{"vndoc-routing-table": 1, "info": {"axis_version": true}}', "json"),
        (b'{"vndoc-routing-table": 1, "info": {"version": 1}}', "json"),
    ],
)
def test_what_cannot_be_read_at_all(data, form):
    with pytest.raises(TableError) as caught:
        load(data, form=form)
    assert caught.value.code == "table-unreadable"


def test_the_smallest_tables():
    assert len(load("code\n")) == 0
    assert len(load('{"vndoc-routing-table": 1}', form="json")) == 0
    assert load('{"vndoc-routing-table": 1, "info": {"axis_version": 3}}', form="json").info.axis_version == 3


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"level": "x"}, "level"),
        ({"level": "1000"}, "level"),
        ({"valid_from": "30/06/2025"}, "valid_from"),
        ({"valid_to": "2025-06-31"}, "valid_to"),
        ({"valid_to": "20250630"}, "valid_to"),
        ({"connection": "maybe"}, "connection"),
        ({"successors": "H02:eaten"}, "successors"),
        ({"aliases": "X:nick"}, "aliases"),
        ({"aliases": "X:other:2025-01-01"}, "aliases"),
        ({"delegations": "X:2025"}, "delegations"),
    ],
)
def test_a_bad_cell_is_found_with_its_row_and_column(cells, field):
    names = ["code", *cells]
    text = f"# version: 1\n{','.join(names)}\nH02{',' * len(cells)}\nH01,{','.join(cells.values())}\n"
    table = load(text, strict=False)
    (finding,) = table.findings
    assert (finding.check, finding.row, dict(finding.values)["field"]) == (Check.VALUE, 4, field)
    assert "H01" not in table
    assert findings(text) == [(Check.VALUE, 4)]


@pytest.mark.parametrize(
    "agency",
    [
        7,
        {"code": 1},
        {"code": "A", "colour": "red"},
        {"code": "A", "name": 1},
        {"code": "A", "level": True},
        {"code": "A", "level": -1},
        {"code": "A", "valid_from": 2025},
        {"code": "A", "connection": ["connected"]},
        {"code": "A", "successors": {}},
        {"code": "A", "successors": [{"code": "B", "suggested": "yes"}]},
        {"code": "A", "aliases": ["B"]},
        {"code": "A", "delegations": [{"to": "B", "kinds": "a"}]},
    ],
)
def test_a_bad_value_in_json_is_found_with_its_number(agency):
    text = json.dumps({"vndoc-routing-table": 1, "agencies": [{"code": "OK", "level": 3}, agency]})
    (found,) = findings(text, "json")
    assert found[1] == 2
    with pytest.raises(TableError):
        agency_from_dict(agency)


def test_a_group_from_json():
    assert group_from_dict({"name": "a"}) == Group("a")
    with pytest.raises(TableError):
        group_from_dict({"name": "a", "members": "H01"})


# -- checks ------------------------------------------------------------------------------------------------


def test_all_faults_are_reported_together_with_their_rows():
    text = """code,name,parent,valid_from,valid_to,successors,aliases,delegations
H01,Một,,,,,A,
H01,Hai,,2025-01-01,,,,
H02,Ba,H99,,,,A,
H03,Bốn,H04,,,,,
H04,Năm,H03,,,,,
H05,Sáu,,,2025-06-30,H98,,
H06,Bảy,,,,H01,,H97
H07,Tám,,,,,H02,
H08,Chín,,2025-02-01,2025-01-01,,,
 H09,Mười,,,,,,
H10,Mười\u0007một,,,,,,
H11,,,,,,,H12
H12,,,,,,,H11
H13,thừa,cột,,,,,,,
"""
    assert sorted(findings(text), key=lambda f: f[1] or 0) == [
        (Check.OVERLAP, 3),
        (Check.PARENT, 4),
        (Check.ALIAS, 4),
        (Check.PARENT_CYCLE, 5),
        (Check.SUCCESSOR, 7),
        (Check.SUCCESSOR_OPEN, 8),
        (Check.DELEGATE, 8),
        (Check.ALIAS_CODE, 9),
        (Check.PERIOD, 10),
        (Check.CODE, 11),
        (Check.NAME, 12),
        (Check.CYCLE, 13),
        (Check.ROW, 15),
    ]
    for lang in ("vi", "en"):
        for finding in load(text, strict=False).findings:
            assert "?" not in finding.text(lang)
            assert str(finding.row) in finding.text(lang)
    assert finding.to_dict()["check"] in {check.value for check in Check}


def test_the_error_shows_the_first_fault():
    with pytest.raises(TableError, match="row 3: H01: the validity overlaps with that of row 2"):
        load("code\nH01\nH01\n")


@pytest.mark.parametrize(
    ("agencies", "expected"),
    [
        ([Agency("H01", aliases=(Alias(""),))], {Check.CODE}),
        ([Agency("H01", aliases=(Alias("A", AliasKind.OTHER, DAY, BEFORE),))], {Check.PERIOD}),
        ([Agency("H01", delegations=(Delegation("H01", DAY, BEFORE),))], {Check.PERIOD}),
        ([Agency("x" * 36)], {Check.CODE}),
        ([Agency("x" * 35)], set()),
        ([Agency("Đ1")], set()),
        ([Agency("Đ1 ")], {Check.CODE}),
        ([Agency(unicodedata.normalize("NFD", "Ệ1"))], {Check.CODE}),
        ([Agency("a b", other_names=("ổn",))], set()),
        ([Agency("a", other_names=("\n",))], {Check.NAME}),
        # the same alias twice for one agency, or for two at different times, is nothing to find
        ([Agency("a", aliases=(Alias("b"), Alias("b", AliasKind.OLD_CODE)))], set()),
        (
            [
                Agency("a", aliases=(Alias("z"),), valid_to=BEFORE),
                Agency("b", aliases=(Alias("z"),), valid_from=DAY),
            ],
            set(),
        ),
        ([Agency("a", aliases=(Alias("b"),), valid_to=BEFORE), Agency("b", valid_from=DAY)], set()),
        ([Agency("a", aliases=(Alias("a"),))], set()),
        ([Agency("a", valid_to=BEFORE), Agency("a", valid_from=DAY)], set()),
        # a parent in another period
        ([Agency("a", parent="b", valid_from=DAY), Agency("b", valid_to=BEFORE)], {Check.PARENT}),
        (
            [
                Agency("a", parent="b", valid_from=DAY),
                Agency("b", valid_to=BEFORE),
                Agency("b", "mới", parent="c", valid_from=DAY),
                Agency("c"),
                Agency("d", parent="b"),
            ],
            set(),
        ),
        ([Agency("a", parent="a")], {Check.PARENT_CYCLE}),
        # successors that come back in time, delegations that meet on one day and for one kind
        ([Agency("a", successors=(Successor("a", SuccessorKind.WHOLE),), valid_to=BEFORE)], {Check.SUCCESSOR}),
        (
            [Agency("a", delegations=(Delegation("b", kinds=("x",)),)), Agency("b", delegations=(Delegation("a"),))],
            {Check.CYCLE},
        ),
        (
            [
                Agency("a", delegations=(Delegation("b", kinds=("x",)),)),
                Agency("b", delegations=(Delegation("a", kinds=("y",)),)),
            ],
            set(),
        ),
        (
            [
                Agency("a", delegations=(Delegation("b", valid_to=BEFORE),)),
                Agency("b", delegations=(Delegation("a", valid_from=DAY),)),
            ],
            set(),
        ),
        (
            [
                Agency("a", valid_to=BEFORE, successors=(Successor("b", SuccessorKind.WHOLE),)),
                Agency("b", delegations=(Delegation("a"),)),
            ],
            {Check.CYCLE},
        ),
        (
            [
                Agency("a", valid_to=BEFORE, successors=(Successor("b", SuccessorKind.WHOLE),)),
                Agency("b", delegations=(Delegation("a", valid_to=BEFORE),)),
            ],
            set(),
        ),
        (
            [
                Agency("a", valid_to=BEFORE, successors=(Successor("b", SuccessorKind.WHOLE),)),
                Agency("b", valid_to=DAY, successors=(Successor("c", SuccessorKind.WHOLE),)),
                Agency("c", delegations=(Delegation("d"),)),
                Agency("d"),
                Agency("e", valid_to=BEFORE, successors=(Successor("b", SuccessorKind.WHOLE),)),
            ],
            set(),
        ),
        ([Agency("a", delegations=(Delegation("b", valid_to=BEFORE),)), Agency("b", valid_from=DAY)], {Check.DELEGATE}),
        # the delegate's code was that of a body which the agency itself took over from
        (
            [
                Agency("a", delegations=(Delegation("b", valid_from=DAY),)),
                Agency("b", valid_to=BEFORE, successors=(Successor("a", SuccessorKind.WHOLE),)),
                Agency("b", "mới", valid_from=DAY),
            ],
            set(),
        ),
        ([Agency("a", delegations=(Delegation("b"),)), Agency("b"), Agency("b", "hai")], {Check.OVERLAP}),
        ([Agency("@a")], {Check.CODE}),
        ([Agency("@ă")], {Check.CODE}),
        ([Agency("a", aliases=(Alias("@b"),))], {Check.CODE}),
        # an heir that was not there on the day after
        (
            [
                Agency("a", valid_to=BEFORE, successors=(Successor("b", SuccessorKind.WHOLE),)),
                Agency("b", valid_from=DAY + datetime.timedelta(days=1)),
            ],
            {Check.SUCCESSOR_GAP},
        ),
        # two delegations at once
        *(
            (
                [Agency("a", delegations=(Delegation("b", *one), Delegation(to, *other))), Agency("b"), Agency("c")],
                found,
            )
            for one, to, other, found in (
                ((), "c", (), {Check.DELEGATES}),
                ((), "b", (), set()),
                ((FIRST, BEFORE), "c", (DAY,), set()),
                ((FIRST, DAY), "c", (DAY,), {Check.DELEGATES}),
                ((FIRST, LAST, ("x",)), "c", (), set()),
                ((FIRST, LAST, ("x",)), "c", (FIRST, LAST, ("y",)), set()),
                ((FIRST, LAST, ("x",)), "c", (FIRST, LAST, ("y", "x")), {Check.DELEGATES}),
            )
        ),
    ],
)
def test_what_is_found_and_what_is_not(agencies, expected):
    found = RoutingTable.of(agencies, strict=False).findings
    assert {f.check for f in found} == expected
    if any(f.is_error for f in found):
        with pytest.raises(TableError):
            RoutingTable.of(agencies)


def test_a_successor_at_the_end_of_time():
    agencies = [Agency("a", successors=(Successor("b", SuccessorKind.WHOLE),)), Agency("b")]
    assert [f.check for f in RoutingTable.of(agencies).findings] == [Check.SUCCESSOR_OPEN]


def test_names_are_brought_to_nfc_and_it_says_so():
    name = unicodedata.normalize("NFD", "Sở Nội vụ")
    table = load(f"code,name,other_names\nH01,{name},{name}\nH02,Sở Nội vụ,\n")
    assert table.periods("H01")[0].name == "Sở Nội vụ"
    assert table.periods("H01")[0].other_names == ("Sở Nội vụ",)
    assert [(f.check, f.code, f.row, f.is_error) for f in table.findings] == [(Check.NAME_NFD, "H01", 2, False)]


def test_groups_that_name_nobody_are_found():
    groups = [Group("a", members=("H01", "H99", "@b"), exceptions=("H98",))]
    table = RoutingTable.of([Agency("H01")], groups=groups)
    assert [(f.check, dict(f.values)["to"]) for f in table.findings] == [
        (Check.GROUP, "H99"), (Check.GROUP, "@b"), (Check.GROUP, "H98"),
    ]  # fmt: skip
    assert table.findings[0].text("vi") == "nhóm a: không có H99"


def test_groups_may_name_aliases_standard_groups_and_bodies_below_others():
    groups = [Group("a", members=("000.00.00.H01", "@communes:H01", "@provinces"), exceptions=("@communes:H99",))]
    table = RoutingTable.of([Agency("H01", aliases=(Alias("000.00.00.H01"),))], groups=groups)
    assert [dict(f.values)["to"] for f in table.findings] == ["@communes:H99"]


def test_groups_that_contain_themselves_are_found():
    groups = [
        Group("a", members=("@b",)), Group("b", members=("@a:H01",)), Group("c", members=("@a", "@d")),
        Group("d", members=("@e", "@f")), Group("e", members=("H01",)), Group("f", members=("@e",)),
    ]  # fmt: skip
    table = RoutingTable.of([Agency("H01")], groups=groups)
    assert [(f.check, dict(f.values)["group"]) for f in table.findings] == [
        (Check.GROUP_CYCLE, name) for name in ("a", "b", "c")
    ]
    assert table.members("@a", on=DAY) is Reason.GROUP_CYCLE


def test_the_indexes_of_a_table_cannot_be_changed_from_outside():
    table = RoutingTable.builtin()
    for view in (table.bodies, table.aliases):
        with pytest.raises(TypeError):
            view["H01"] = ()


def test_findings_are_bounded(monkeypatch):
    monkeypatch.setattr(checks_module, "MAX_FINDINGS", 3)
    monkeypatch.setattr(load_module, "MAX_FINDINGS", 3)
    many = "code,parent\n" + "".join(f"H{n},X\n" for n in range(10, 20))
    assert len(load(many, strict=False).findings) == 3
    rows = "code,level\n" + "".join(f"H{n},x\n" for n in range(10, 20))
    assert len(load(rows, strict=False).findings) == 3


def test_limits_of_size(monkeypatch):
    data = b"code\nH01\nH02\n"
    monkeypatch.setattr(load_module, "MAX_BYTES", len(data))
    monkeypatch.setattr(load_module, "MAX_ROWS", 2)
    assert len(load(data)) == 2
    monkeypatch.setattr(load_module, "MAX_BYTES", len(data) - 1)
    for source in (data, io.BytesIO(data)):
        with pytest.raises(LimitError, match="limit-table-bytes"):
            RoutingTable.load(source, format="csv")
    monkeypatch.setattr(load_module, "MAX_BYTES", 1000)
    monkeypatch.setattr(load_module, "MAX_ROWS", 1)
    with pytest.raises(LimitError, match="limit-table-rows"):
        load(data)
    with pytest.raises(LimitError, match="limit-table-bytes"):
        load(b'{"a": "' + b"x" * 1000, form="json")


ONE_DAY = datetime.timedelta(days=1)
FIRST_DAY = datetime.date(2000, 1, 1)


def much(kind: str, count: int) -> list[Agency]:
    """Return agencies with *count* of what is limited under the code H01."""
    if kind == "periods":
        days = [FIRST_DAY + n * ONE_DAY for n in range(count)]
        return [Agency("H01", valid_from=day, valid_to=day) for day in days]
    if kind == "aliases":
        return [Agency(f"K{n}", aliases=(Alias("H01"),)) for n in range(count)]
    rules = tuple(Delegation("H02", kinds=(str(n),)) for n in range(count))
    return [Agency("H01", delegations=rules), Agency("H02")]


@pytest.mark.parametrize("kind", ["periods", "aliases", "delegations"])
def test_what_stands_under_one_code_is_limited(kind):
    assert RoutingTable.of(much(kind, MAX_PER_CODE), strict=False).agency("H01", on=FIRST_DAY) or kind == "aliases"
    with pytest.raises(LimitError) as caught:
        RoutingTable.of(much(kind, MAX_PER_CODE + 1), strict=False)
    assert caught.value.code == "limit-table-code"
    assert "H01" in caught.value.text("vi")


@pytest.mark.parametrize(
    ("agency", "info"),
    [
        (Agency("a|b", valid_to=BEFORE, successors=(Successor("b|c", SuccessorKind.WHOLE),)), TableInfo()),
        (Agency("a", aliases=(Alias("b:c"),)), TableInfo()),
        (Agency("a", delegations=(Delegation("b", kinds=("x,y",)),)), TableInfo()),
        (Agency("a", delegations=(Delegation("b", kinds=("",)),)), TableInfo()),
        (Agency("a", name="x\ny"), TableInfo()),
        (Agency("a", other_names=("",)), TableInfo()),
        (Agency("a"), TableInfo(version=" 1")),
        (Agency("a"), TableInfo(version="1\n2")),
    ],
)
def test_csv_refuses_what_it_cannot_hold_and_json_takes_it(agency, info):
    with pytest.raises(TableError) as caught:
        dump_csv([agency], info)
    assert caught.value.code == "change-invalid"
    table = RoutingTable.of([agency], info=info, strict=False)
    assert load(dump_json(table, info), form="json", strict=False) == table


# -- what a table is -----------------------------------------------------------------------------------------


def test_a_table_is_a_value():
    table = load(CSV)
    assert table == load(CSV)
    assert len({table, load(CSV)}) == 1
    assert table != RoutingTable.builtin()
    assert table != "table"
    assert "H05" in table
    assert "H99" not in table
    assert [a.code for a in table] == ["H02", "H03", "H05", "H05.01"]
    assert repr(table).startswith("RoutingTable(version='thử-1', codes=4, digest='")
    with pytest.raises(AttributeError):
        table.info = TableInfo()
    assert len(table.digest) == 64


def test_the_digest_follows_every_field_and_no_order():
    agencies = list(load(CSV))
    digest = RoutingTable.of(agencies, strict=False).digest
    assert RoutingTable.of(reversed(agencies), strict=False).digest == digest
    assert RoutingTable.of(agencies, info=TableInfo(version="2"), strict=False).digest != digest
    assert RoutingTable.of(agencies, groups=[Group("a")], strict=False).digest != digest
    assert RoutingTable.of(agencies[1:], strict=False).digest != digest
    assert RoutingTable.of([*agencies, agencies[0]], strict=False).digest == digest
    again = RoutingTable.of([*agencies, agencies[0]], rows=range(len(agencies) + 1), strict=False)
    assert again == RoutingTable.of(agencies, strict=False)
    twice = [*agencies, attrs.evolve(agencies[0])]
    assert RoutingTable.of(twice, strict=False).digest != digest
    assert Check.OVERLAP in {f.check for f in RoutingTable.of(twice, strict=False).findings}


def test_no_two_texts_have_one_digest():
    """Fields are told apart whatever they hold, the mark between them included."""
    texts = [("a\0b", "c"), ("a", "b\0c"), ("a\0b\0c", ""), ("", "a\0b\0c"), ("a", "b"), ("ab", ""), ("a\ud800", "b")]
    made = [RoutingTable.of([Agency("H01", name, kind=kind)], strict=False).digest for name, kind in texts]
    made += [RoutingTable.of([Agency("H01", repr(("a\0b",)))], strict=False).digest]
    assert len(set(made)) == len(texts) + 1


def test_the_digest_of_the_shipped_table_is_the_same_everywhere():
    assert (
        RoutingTable.builtin().digest
        == RoutingTable.load(dump_json(RoutingTable.builtin(), RoutingTable.builtin().info), format="json").digest
    )


def test_looking_at_an_agency_follows_nothing():
    table = RoutingTable.builtin()
    assert table.agency("H02", on=BEFORE).code == "H02"
    assert table.agency("H02", on=DAY) is None
    assert table.agency("000.00.00.H05", on=DAY).code == "H05"
    assert table.agency("000.00.00.H02", on=DAY) is None
    assert table.agency("H99", on=DAY) is None
    assert table.periods("H99") == ()
    assert [owner.code for _, owner in table.aliases["000.00.00.H05"]] == ["H05"]
    assert table.bodies["H05"] == table.periods("H05")[0]
    assert [a.code for a in table.successors(table.periods("H02")[0])] == ["H05"]
    with pytest.raises(UsageError):
        table.agency("H02", on="2025-07-01")


def test_changes_must_stand_under_their_own_code():
    with pytest.raises(TableError) as caught:
        RoutingTable.builtin().changed({"H99": (Agency("H98"),)})
    assert caught.value.code == "change-invalid"


def test_a_table_is_copied_and_pickled_and_answers_the_same():
    groups = [Group("a", members=("H05",))]
    for table in (load(CSV), RoutingTable.of(load(CSV), groups=groups, strict=False), RoutingTable.builtin()):
        assert copy.copy(table) is copy.deepcopy(table) is table
        again = pickle.loads(pickle.dumps(table))  # noqa: S301 - our own octets
        assert (again, again.digest, again.findings) == (table, table.digest, table.findings)
        for code in ("H02", "000.00.00.H05", "H99"):
            assert again.resolve(code, at=DAY).to_dict() == table.resolve(code, at=DAY).to_dict()


@pytest.mark.parametrize("day", ["2025-W26-1", "2025-181", "20250630", "2025-6-30", "２０２５-06-30"])
def test_days_are_written_in_one_way(day):
    table = RoutingTable.load(f"code,valid_to\nH01,{day}\n".encode(), format="csv", strict=False)
    assert [f.check for f in table.findings] == [Check.VALUE]
    data = json.dumps({"vndoc-routing-table": 1, "agencies": [{"code": "H01", "valid_to": day}]}).encode()
    assert [f.check for f in RoutingTable.load(data, format="json", strict=False).findings] == [Check.VALUE]


def test_one_name_of_a_group_means_one_group():
    groups = [Group("a", members=("H01",)), Group("a", members=("H02",)), Group("b"), Group("b")]
    agencies = [Agency("H01"), Agency("H02")]
    with pytest.raises(TableError) as caught:
        RoutingTable.of(agencies, groups=groups)
    [finding] = caught.value.values["findings"]
    assert (finding.check, finding.text("en")) == (
        Check.GROUP_TWICE, "there are two different groups with the name a"
    )  # fmt: skip
    assert finding.is_of_source
    assert len(RoutingTable.of(agencies, groups=groups[2:]).groups) == 1


class _Broken(io.RawIOBase):
    def read(self, size=-1):
        raise OSError(5, "Input/output error")


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"code\nH01\n")
    file = path.open("rb")
    file.close()
    for source in (file, _Broken()):
        for form in FORMATS:
            with pytest.raises(SourceError) as caught:
                RoutingTable.load(source, format=form)
            assert caught.value.code == "source-unreadable"


@pytest.mark.parametrize(
    "ask",
    [
        lambda table: table.resolve("H05", at=DAY, kind=3),
        lambda table: table.resolve("H05", at=DAY, policy=None),
        lambda table: table.plan("H05", at=DAY),
        lambda table: table.plan(None, at=DAY),
        lambda table: table.plan([], at=DAY, exclude=["@a"]),
        lambda table: table.search(None),
        lambda table: table.changed({"H99": (Agency("H98"),)}),
        lambda table: table.changed({"H{5}": (Agency("H{5}", valid_from=DAY, valid_to=BEFORE),)}),
        lambda table: RoutingTable.load(b"", format="csv"),
        lambda table: RoutingTable.load(b"code,code\n", format="csv"),
        lambda table: RoutingTable.load(b'code\n"', format="csv"),
        lambda table: RoutingTable.load(b"{", format="json"),
        lambda table: RoutingTable.load(b"[" * 200_000, format="json"),
        lambda table: RoutingTable.load(b"{}", format="json"),
    ],
)
def test_what_is_wrong_is_told_in_both_languages(ask):
    table = RoutingTable.of([Agency("H05")], groups=[Group("a", members=("@a",))], strict=False)
    with pytest.raises(VndocError) as caught:
        ask(table)
    detail = caught.value.values["detail"]
    assert isinstance(detail, Text)
    assert detail.vi != detail.en
    assert detail.render("vi") in caught.value.text("vi")
    assert "?" not in caught.value.text("vi")
    assert "{{" not in caught.value.text("vi")


def test_letters_and_checks_are_documented():
    assert set(LETTERS) == set("ABCDEFGHIJKW")
    assert all(letter.source and letter.confidence in {"high", "medium"} for letter in LETTERS.values())
    assert set(CHECKS) == set(Check)
    assert Finding(Check.ROW).text("vi") == "dòng không đọc được: ?"


@pytest.mark.parametrize("mark", [",", ";"])
def test_cells_may_be_parted_as_excel_does_in_vietnam(mark: str) -> None:
    rows = [["code", "name", "level"], ["H41", f"UBND tỉnh Mẫu{'' if mark == ',' else ', cũ'}", "1"]]
    text = "# version: 7\n" + "".join(mark.join(row) + "\n" for row in rows)
    table = RoutingTable.load(text.encode("utf-8-sig"), format="csv")
    [agency] = table
    assert (agency.code, agency.name, agency.level) == (*rows[1][:2], 1)


def test_a_file_that_is_not_utf8_says_what_to_do() -> None:
    with pytest.raises(TableError) as caught:
        RoutingTable.load("code,name\nH41,Tỉnh\n".encode("utf-16"), format="csv")
    assert caught.value.code == "table-unreadable"
    assert "CSV UTF-8" in caught.value.text("vi")
    assert "CSV UTF-8" in caught.value.text("en")
