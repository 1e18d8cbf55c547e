"""Search for people, and the rows and the picture for the documentation."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from vndoc.routing import (
    NOTES,
    REASONS,
    Agency,
    Alias,
    Check,
    Match,
    Rank,
    RoutingTable,
    StepKind,
    Successor,
    SuccessorKind,
)
from vndoc.routing.axis import RULES
from vndoc.routing.decisions import axis_rows, check_rows, decision_rows, step_rows
from vndoc.routing.drawing import provinces_svg
from vndoc.routing.search import _NO_MARKS, ABBREVIATIONS, FIELDS, MAX_QUERY, OFFICES
from vndoc.text import search_key


def codes(query: str, limit: int = 20) -> list[str]:
    return [m.agency.code for m in RoutingTable.builtin().search(query, limit=limit)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("H49", ["H49"]),
        ("h49", ["H49"]),
        ("000.00.00.H49", ["H49"]),
        ("uy ban nhan dan tinh quang ninh", ["H49"]),
        ("Uỷ ban nhân dân  tỉnh Quảng Ninh", ["H49"]),
        ("UBND tỉnh Quảng Ninh", ["H49"]),
        ("ubnd quang ninh", ["H49"]),
        ("quảng ninh ubnd", ["H49"]),
        ("BTTTT", ["G14"]),
        ("Bộ TT&TT", ["G14"]),
        ("bộ TT và TT", ["G14"]),
        ("bo tt & tt", ["G14"]),
        ("TTTT", ["G14"]),
        ("Bộ TN&MT", ["G13"]),
        ("BTNMT", ["G13"]),
        ("Bộ LĐ-TB&XH", ["G07"]),
        ("BLĐTBXH", ["G07"]),
        ("Bộ VH, TT&DL", ["G16"]),
        ("Bộ VHTTDL", ["G16"]),
        ("Bộ TP", ["G15"]),
        ("BCA", ["G01"]),
        ("Bộ NN&PTNT", ["G10"]),
        ("bo lao dong thuong binh", ["G07"]),
        ("Thừa Thiên Huế", ["H57", "K57"]),
        ("TPHCM", ["H29", "K29"]),
        ("hội đồng H57", []),
        ("hội đồng K57", ["K57"]),
        ("dan toc", ["G21", "G21"]),
        ("zzz", []),
        ("", []),
        ("   ", []),
        ("H49 H50", []),
    ],
)
def test_names_without_accents_abbreviations_and_codes(query, expected):
    assert codes(query) == expected


def test_the_best_comes_first_and_the_list_ends():
    found = RoutingTable.builtin().search("bộ nông nghiệp", limit=5)
    assert [(m.rank, m.agency.code, m.is_open) for m in found] == [
        (Rank.START, "G10", True),
        (Rank.START, "G10", False),
    ]
    assert len(codes("ubnd", limit=7)) == 7
    assert codes("ubnd", limit=0) == []
    assert codes("tỉnh", limit=1) == ["H01"]
    assert RoutingTable.builtin().search("bộ công an")[0].rank is Rank.WHOLE
    assert RoutingTable.builtin().search("G01")[0].rank is Rank.CODE
    assert codes("quang ninh ubnd" + " " * MAX_QUERY + "zzz") == ["H49"]
    assert codes("dan nhan quang nin") == ["H49", "K49"]


def test_an_open_body_stands_before_a_closed_one_and_each_has_its_history():
    table = RoutingTable.of(
        [
            Agency("X1", "Xã Mẫu", 3, valid_to=RoutingTable.builtin().periods("H02")[0].valid_to,
                   successors=(Successor("X2", SuccessorKind.WHOLE),), aliases=(Alias("cũ-1"),)),
            Agency("X2", "Xã Mẫu", 2),
            Agency("X3", "", 2, other_names=("Xã Mẫu đổi\ntên",)),
        ],
        strict=False,
    )  # fmt: skip
    found = table.search("xa mau")
    assert [m.agency.code for m in found] == ["X2", "X1", "X3"]
    assert [[a.code for a in m.predecessors] for m in found] == [["X1"], [], []]
    assert [[a.code for a in m.successors] for m in found] == [[], ["X2"], []]
    assert found[0].to_dict() == {
        "code": "X2", "name": "Xã Mẫu", "open": True, "rank": "whole", "matched": "Xã Mẫu",
        "predecessors": [{"code": "X1", "name": "Xã Mẫu"}], "successors": [],
    }  # fmt: skip
    (old,) = table.search("CU-1")
    assert (old.agency.code, old.rank, old.text) == ("X1", Rank.CODE, "cũ-1")
    assert [m.agency.code for m in table.search("ten mau")] == ["X3"]
    assert isinstance(old, Match)
    assert RoutingTable.of([]).search("xa") == ()


def test_abbreviations_are_written_with_accents_and_found_without():
    assert all(short == short.lower() and " " not in short for short in ABBREVIATIONS)
    assert codes("bgdđt") == codes("BGDDT") == ["G03"]


SO = [
    "Sở Tài nguyên và Môi trường", "Sở Thông tin và Truyền thông", "Sở Tư pháp", "Sở Văn hóa, Thể thao và Du lịch",
    "Sở Lao động, Thương binh và Xã hội", "Sở Công an mẫu", "Phòng Tài chính", "Sở TN&MT viết tắt",
]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Sở TN&MT", {"H49.0", "H49.7"}),
        ("sở tn-mt", {"H49.0"}),
        ("STNMT", {"H49.0"}),
        ("tnmt", {"H49.0"}),
        ("Sở TT&TT", {"H49.1"}),
        ("STTTT", {"H49.1"}),
        ("Sở TP", {"H49.2"}),
        ("STP", {"H49.2"}),
        ("Sở VH,TT&DL", {"H49.3"}),
        ("so van hoa the thao", {"H49.3"}),
        ("Sở LĐ-TB&XH", {"H49.4"}),
        ("lao động - thương binh", {"H49.4"}),
        ("PTC", {"H49.6"}),
        ("phòng TC", {"H49.6"}),
        ("so tn mt", {"H49.0"}),
        ("so tn va mt", {"H49.0"}),
        ("Sở TN và", set()),
        ("tp", set()),  # alone it is a city
        ("ca", set()),
        ("va", {"H49.0", "H49.1", "H49.3", "H49.4"}),
        ("!!!", set()),
    ],
)
def test_ministries_and_departments_are_found_by_what_they_are_called_in_short(query, expected):
    table = RoutingTable.of([Agency(f"H49.{n}", name) for n, name in enumerate(SO)])
    assert {m.agency.code for m in table.search(query)} == expected


def test_the_tables_of_abbreviations_do_not_contradict_each_other():
    short = {_NO_MARKS.sub("", search_key(one)) for one in FIELDS}
    assert len(short) == len(FIELDS)
    joined = {first + field for first in OFFICES for field in short}
    assert not joined & ({search_key(one) for one in ABBREVIATIONS} | short)


# -- for the documentation ---------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_decision_table_is_drawn_from_the_code(lang):
    steps = list(step_rows(lang))
    assert [row[0] for row in steps] == sorted(row[0] for row in steps)
    assert {row[2] for row in steps} == {note.value for note in NOTES}
    assert len(dict.fromkeys(row[1] for row in steps)) == len(StepKind)
    decisions = list(decision_rows(lang))
    assert {row[2] for row in decisions} == {reason.value for reason in REASONS}
    assert decisions[0][0] == "deliverable"
    assert all(text for row in decisions for text in row)
    assert {row[0] for row in check_rows(lang)} == {check.value for check in Check}
    assert {row[1] for row in check_rows(lang)} == {"error", "warning"}
    assert [row[0] for row in axis_rows(lang)] == list(RULES)


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_picture_shows_63_provinces_and_34(lang):
    root = ET.fromstring(provinces_svg(lang))
    name = "{http://www.w3.org/2000/svg}"
    texts = ["".join(t.itertext()) for t in root.iter(f"{name}text")]
    assert sum(t.startswith("H") for t in texts) == 63 + 34
    assert len(list(root.iter(f"{name}path"))) == 63
    assert "63" in root.findtext(f"{name}title")
    assert "34" in root.findtext(f"{name}title")
    assert any("Bà Rịa - Vũng Tàu" in t for t in texts)
    assert provinces_svg(lang) == provinces_svg(lang, table=RoutingTable.builtin())


def test_the_picture_needs_no_room_for_names_that_are_long():
    table = RoutingTable.of([Agency("H01", "Ủy ban nhân dân tỉnh <Mẫu>", kind="province-committee")])
    assert "&lt;Mẫu&gt;" in provinces_svg(table=table)


def test_routing_does_not_load_what_only_the_documentation_needs():
    code = "import sys, vndoc.routing; print(*sorted(m for m in sys.modules if 'drawing' in m or 'decisions' in m))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
