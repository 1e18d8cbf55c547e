"""Statistics: counts that add up, targets of the law, rows of strangers, and the forms that go out."""

from __future__ import annotations

import copy
import csv
import datetime
import io
import json
import pickle
from collections import Counter
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from vndoc.errors import LimitError, ReadError, UsageError
from vndoc.statistics import (
    COLUMNS,
    DIMENSIONS,
    HEADINGS,
    LEVELS,
    MAX_COUNT,
    TARGETS,
    Dimension,
    Direction,
    Level,
    Row,
    Tally,
    Target,
    cells,
    chart_svg,
    judge,
    line_to_dict,
    lines_to_csv,
    percent,
    roll_up,
    rows_from_csv,
    rows_from_json,
    rows_to_csv,
    target_at,
)
from vndoc.statistics.chart import MAX_MONTHS
from vndoc.text import nfc

SVG = {"s": "http://www.w3.org/2000/svg"}
HEAD = "day,direction,unit,level,signed,late,refused"


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def row(when: str = "2026-03-04", **more: Any) -> Row:
    fields = {"direction": Direction.SENT, "unit": "H41", "level": Level.PROVINCE, "signed": True, "late": False}
    return Row(day=day(when), **{**fields, "refused": False, **more})


ROWS = st.builds(
    Row,
    day=st.dates(day("2020-10-01"), day("2025-03-31")),
    direction=st.sampled_from(Direction),
    unit=st.sampled_from(["H41", "H41.03", "G10"]),
    level=st.sampled_from(Level),
    signed=st.none() | st.booleans(),
    late=st.none() | st.booleans(),
    refused=st.booleans(),
    name=st.sampled_from(["", "Sở Mẫu", 'Có "nháy", phẩy; và\nxuống dòng', "=1+1"]),
    count=st.integers(1, 9),
)


# -- counting --------------------------------------------------------------------------------------------


def test_what_one_row_counts() -> None:
    assert Tally.of(row()) == Tally(sent=1, sent_signed=1)
    assert Tally.of(row(signed=None, late=True, count=3)) == Tally(sent=3, sent_unsettled=3, sent_late=3)
    received = row(direction=Direction.RECEIVED, signed=False, late=None, refused=True)
    assert Tally.of(received) == Tally(received=1, received_refused=1)
    assert Tally(sent=3, sent_signed=2).signed_share == Fraction(2, 3)
    assert Tally(received=3).signed_share is None


@given(st.lists(ROWS, max_size=30))
def test_groups_add_up_to_the_whole(rows: list[Row]) -> None:
    """Counted again with nothing but a Counter, and by every way of grouping."""
    summary = roll_up(rows)
    by_hand: Counter[str] = Counter()
    for r in rows:
        side = r.direction.value
        by_hand[side] += r.count
        by_hand[f"{side}_signed"] += r.count * (r.signed is True)
        by_hand[f"{side}_unsettled"] += r.count * (r.signed is None)
        by_hand[f"{side}_late"] += r.count * (r.late is True)
        by_hand[f"{side}_refused"] += r.count * r.refused
    assert attrs.asdict(summary.total) == {name: by_hand[name] for name in attrs.asdict(Tally())}
    ways = [(), *((d,) for d in Dimension), tuple(Dimension), (Dimension.MONTH, Dimension.LEVEL)]
    for way in ways:
        lines = summary.by(*way)
        assert sum((line.tally for line in lines), Tally()) == summary.total
        keys = [(line.level, line.unit, line.month) for line in lines]
        assert len(set(keys)) == len(keys)
        for line in lines:
            assert (line.level is None, line.unit is None, line.month is None) == tuple(
                d not in way for d in (Dimension.LEVEL, Dimension.UNIT, Dimension.MONTH)
            )
    assert (summary.rows, summary.first, summary.last) == (
        len(rows),
        min((r.day for r in rows), default=None),
        max((r.day for r in rows), default=None),
    )


@given(st.lists(ROWS, max_size=12), st.randoms())
def test_the_order_of_rows_decides_nothing(rows: list[Row], random: Any) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, other = roll_up(rows), roll_up(shuffled)
    assert one.by(*Dimension) == other.by(*Dimension)
    assert chart_svg(one) == chart_svg(other)


def test_lines_are_sorted_by_level_unit_and_month() -> None:
    rows = [row("2026-02-01", level=Level.COMMUNE), row("2026-01-01", unit="H02"), row("2026-03-01", unit="H01"), row()]
    found = [(x.level.value, x.unit, x.month) for x in roll_up(rows).by(*Dimension) if x.level]
    assert found == [
        ("province", "H01", "2026-03"), ("province", "H02", "2026-01"), ("province", "H41", "2026-03"),
        ("commune", "H41", "2026-02"),
    ]  # fmt: skip


def test_a_unit_is_called_as_it_was_called_last() -> None:
    rows = [row("2026-03-05", name="Mới"), row("2026-03-04", name="Cũ"), row("2026-03-06")]
    assert roll_up(rows).by(Dimension.UNIT)[0].name == "Mới"
    assert roll_up([row()]).by(Dimension.UNIT)[0].name == ""


def test_no_rows_at_all() -> None:
    summary = roll_up([])
    assert (summary.total, summary.rows, summary.first) == (Tally(), 0, None)
    assert [line.tally for line in summary.by()] == [Tally()]
    assert summary.by(Dimension.LEVEL) == ()
    assert "Không có số liệu gửi." in chart_svg(summary)


def test_groups_have_a_limit() -> None:
    rows = [row(unit=f"H{n}") for n in range(3)]
    assert len(roll_up([*rows, *rows], limit=3).cells) == 3
    with pytest.raises(LimitError) as caught:
        roll_up(rows, limit=2)
    assert (caught.value.code, caught.value.values) == ("limit-groups", {"limit": 2})


def test_arguments_that_make_no_sense() -> None:
    with pytest.raises(UsageError, match="option-invalid"):
        roll_up([row()]).by(Dimension.LEVEL, Dimension.LEVEL)
    assert row(count=MAX_COUNT)
    for count in (0, MAX_COUNT + 1):
        with pytest.raises(UsageError, match="option-invalid"):
            row(count=count)
    for count in ("1", 1.5, True, None):
        with pytest.raises(UsageError, match="option-invalid"):
            row(count=count)
    for by in (["level"], [None], [Dimension.LEVEL, ["month"]]):
        with pytest.raises(UsageError, match="option-invalid"):
            roll_up([row()]).by(*by)
    for when in (datetime.datetime(2026, 3, 4), "2026-03-04", None):  # noqa: DTZ001
        with pytest.raises(UsageError, match="date-expected"):
            attrs.evolve(row(), day=when)


def test_a_summary_is_copied_and_pickled() -> None:
    summary = roll_up([row(), row("2025-01-01", unit="H42", name="Mẫu")])
    for again in (copy.deepcopy(summary), pickle.loads(pickle.dumps(summary))):  # noqa: S301 - our own octets
        assert again == summary
        assert again.by(*Dimension) == summary.by(*Dimension)
        with pytest.raises(TypeError):
            again.names["H42"] = "khác"


# -- targets ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "when", "wanted"),
    [
        ("province", "2020-11-29", None), ("province", "2020-11-30", 70), ("district", "2020-11-30", 60),
        ("commune", "2020-11-30", 30), ("central", "2020-11-30", None), ("other", "2024-12-31", None),
        ("commune", "2024-12-31", 30), ("commune", "2025-01-01", 100), ("central", "2025-01-01", 100),
        (None, "2024-12-31", None), (None, "2025-01-01", 100),
    ],
)  # fmt: skip
def test_which_target_holds(level: str | None, when: str, wanted: int | None) -> None:
    target = target_at(None if level is None else Level(level), day(when))
    assert (None if target is None else target.share * 100) == wanted
    assert target is None or target.source


@pytest.mark.parametrize(
    ("sent", "signed", "met", "missing"),
    [(10, 7, True, 0), (10, 6, False, 1), (11, 8, True, 0), (11, 7, False, 1), (1, 0, False, 1), (1000, 699, False, 1)],
)
def test_met_or_missed(sent: int, signed: int, met: bool, missing: int) -> None:
    judged = judge(Tally(sent=sent, sent_signed=signed), Level.PROVINCE, day("2022-05-31"))
    assert judged is not None
    assert (judged.is_met, judged.missing) == (met, missing)


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 100))
def test_what_is_missing_is_just_enough(sent: int, signed: int, share: int) -> None:
    signed = min(sent, signed)
    target = Target(frozenset(), day("2020-01-01"), Fraction(share, 100), "x")
    judged = judge(Tally(sent=sent, sent_signed=signed), None, day("2020-01-01"), [target])
    assert judged is not None
    assert judged.is_met == (Fraction(signed, sent) >= target.share) == (judged.missing == 0)
    assert Fraction(signed + judged.missing, sent) >= target.share
    assert judged.missing == 0 or Fraction(signed + judged.missing - 1, sent) < target.share


def test_nothing_is_judged_where_nothing_was_sent_or_no_target_holds() -> None:
    assert judge(Tally(received=5), Level.COMMUNE, day("2025-01-01")) is None
    assert judge(Tally(sent=5), Level.CENTRAL, day("2020-01-01")) is None


def test_a_month_is_judged_by_its_last_day_and_a_period_by_one_target_only() -> None:
    rows = [row("2020-11-02", signed=False), row("2024-12-31"), row("2025-01-01")]
    judged = {line.month: line.judged for line in roll_up(rows).by(Dimension.LEVEL, Dimension.MONTH)}
    assert [j and j.target.share for j in judged.values()] == [Fraction(7, 10), Fraction(7, 10), 1]
    assert roll_up(rows).by(Dimension.LEVEL)[0].judged is None, "the target changed within the rows"
    same = roll_up([*rows[2:], row("2025-06-30", signed=None)]).by(Dimension.LEVEL)[0].judged
    assert same is not None
    assert (same.is_met, same.missing) == (False, 1), "what is not settled is not signed"


def test_the_targets_are_the_published_ones() -> None:
    assert [(sorted(x.value for x in t.levels), t.since.isoformat(), float(t.share)) for t in TARGETS] == [
        (["province"], "2020-11-30", 0.7),
        (["district"], "2020-11-30", 0.6),
        (["commune"], "2020-11-30", 0.3),
        ([], "2025-01-01", 1.0),
    ]


# -- rows ------------------------------------------------------------------------------------------------


@given(st.lists(ROWS, max_size=12))
def test_rows_as_csv_and_back(rows: list[Row]) -> None:
    text = "".join(rows_to_csv(rows))
    wanted = [attrs.evolve(r, name=nfc(r.name)) for r in rows]
    assert list(rows_from_csv(io.StringIO(text, newline=""))) == wanted
    records = list(csv.DictReader(io.StringIO(text, newline="")))
    assert rows_from_json(json.dumps(records)) == wanted
    assert len(records) == len(rows)


def test_what_rows_may_look_like() -> None:
    semicolons = [
        f"\ufeff{HEAD.replace(',', ';')};Name\n".upper().replace("NAME", "Name"),
        "\n",
        "2026-03-04;SENT;H41;Province;1;;NO;Sở\n",
    ]
    (found,) = rows_from_csv(semicolons)
    assert found == row(late=None, name="Sở")
    item = {
        "day": "2026-03-04",
        "direction": "sent",
        "unit": " H41 ",
        "level": "province",
        "signed": True,
        "late": None,
    }
    assert rows_from_json(json.dumps([{**item, "refused": False, "count": 7}])) == [row(late=None, count=7)]
    (found,) = rows_from_csv([HEAD + ",count\n", "2026-03-04,sent,H41,province,unknown,no,no,\n"])
    assert (found.signed, found.count) == (None, 1)
    assert list(rows_from_csv([HEAD])) == []


GOOD = ["2026-03-04", "sent", "H41", "province", "yes", "no", "no"]
BAD_CELLS = [
    ("day", "04/03/2026"), ("day", "2026-02-30"), ("day", "20260304"), ("day", ""), ("direction", "in"),
    ("unit", ""), ("unit", "x" * 101), ("level", "ward"), ("signed", "maybe"), ("late", "2"), ("refused", ""),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), BAD_CELLS)
def test_a_value_that_cannot_be_used_is_named_with_its_line(field: str, value: str) -> None:
    cells = [value if name == field else good for name, good in zip(HEAD.split(","), GOOD, strict=True)]
    lines = [HEAD + "\n", ",".join(GOOD) + "\n", ",".join(cells) + "\n"]
    with pytest.raises(ReadError) as caught:
        list(rows_from_csv(lines))
    assert (caught.value.code, caught.value.values["field"]) == ("row-invalid", field)
    assert (caught.value.place.path, caught.value.place.line) == (f"row/{field}", 3)
    item = dict(zip(HEAD.split(","), cells, strict=True))
    with pytest.raises(ReadError, match="row-invalid"):
        rows_from_json(json.dumps([item]))


@pytest.mark.parametrize("count", ["0", "-1", "1.5", "x", "1" * 11, str(MAX_COUNT + 1)])
def test_counts_that_are_none(count: str) -> None:
    with pytest.raises(ReadError, match="row-invalid"):
        list(rows_from_csv([HEAD + ",count\n", ",".join([*GOOD, count]) + "\n"]))


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ([], 1), ([""], 1), (["\n"], 1), (["a,b\n"], 1), ([HEAD + ",day\n"], 1), ([HEAD + ",weight\n"], 1),
        ([HEAD.replace(",late", "") + "\n"], 1), ([HEAD + "\n", "2026-03-04,sent\n"], 2),
        ([HEAD + "\n", ",".join(GOOD) + ",x\n"], 2), ([HEAD + "\n", '2026-03-04,"se"nt,H41\n'], 2),
        ([HEAD + "\n", '"open\n', "still\n"], 3), (['"' + "x" * 200_000 + '"'], 1),
        ([HEAD + "\n", '"' + "x" * 200_000 + '"\n'], 2),
    ],
)  # fmt: skip
def test_what_is_no_table_of_rows(lines: list[str], line: int) -> None:
    with pytest.raises(ReadError) as caught:
        list(rows_from_csv(lines))
    assert (caught.value.code, caught.value.place.line) == ("rows-unreadable", line)
    assert caught.value.text("vi") != caught.value.text("en")


@pytest.mark.parametrize("lines", [HEAD, b"day", [b"day"], [HEAD + "\n", None], None, 5])
def test_lines_are_text(lines: Any) -> None:
    with pytest.raises(UsageError, match="option-invalid"):
        list(rows_from_csv(lines))


def test_empty_lines_are_counted_and_passed_over() -> None:
    good, bad = ",".join(GOOD) + "\n", ",".join(["x", *GOOD[1:]]) + "\n"
    for first in ("\n", "\ufeff\r\n", " \n"):
        assert len(list(rows_from_csv([first, "\n", HEAD + "\n", "\n", good]))) == 1
        with pytest.raises(ReadError) as caught:
            list(rows_from_csv([first, "\n", HEAD + "\n", "\n", bad]))
        assert caught.value.place.line == 5
    with pytest.raises(ReadError) as caught:
        list(rows_from_csv(["\n", "a,b\n"]))
    assert caught.value.place.line == 2


def test_a_mark_and_halves_of_letters_in_json() -> None:
    item = dict(zip(HEAD.split(","), GOOD, strict=True))
    assert rows_from_json("\ufeff" + json.dumps([item])) == rows_from_json(json.dumps([item]))
    for name, value in (("unit", "H\ud800"), ("name", "\udfff")):
        with pytest.raises(ReadError, match="row-invalid") as caught:
            rows_from_json(json.dumps([{**item, name: value}]))
        assert caught.value.text("vi").encode()
    with pytest.raises(ReadError, match="rows-unreadable"):
        rows_from_json(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "{", "{}", "1", '["x"]', "[{}]", '[{"day": 1}]', "[" * 100_000])
def test_what_is_no_json_of_rows(text: str) -> None:
    with pytest.raises(ReadError, match="rows-unreadable"):
        rows_from_json(text)


@pytest.mark.parametrize("value", [1, True, [], {}, 1.5])
@pytest.mark.parametrize("name", COLUMNS)
def test_values_of_other_types_in_json(name: str, value: object) -> None:
    good = {**dict(zip(HEAD.split(","), GOOD, strict=True)), "name": "", "count": "1"}
    if (name == "count" and value == 1 and value is not True) or (
        name in {"signed", "late", "refused"} and value is True
    ):
        assert rows_from_json(json.dumps([{**good, name: value}]))
        return
    with pytest.raises(ReadError, match="row-invalid"):
        rows_from_json(json.dumps([{**good, name: value}]))


@settings(max_examples=150)
@given(st.lists(st.text(max_size=40), max_size=5), st.booleans())
def test_any_text_is_rows_or_one_error(lines: list[str], headed: bool) -> None:
    try:
        found = list(rows_from_csv([HEAD + "\n", *lines] if headed else lines))
    except ReadError:
        return
    assert all(isinstance(r, Row) for r in found)


# -- what goes out ---------------------------------------------------------------------------------------


def test_shares_are_rounded_down() -> None:
    assert percent(Fraction(9996, 10000)) == 99.9
    assert percent(Fraction(1)) == 100.0
    assert percent(None) is None


def test_a_line_as_data_and_as_cells() -> None:
    line = roll_up([row(name="Sở"), row(signed=False)]).by(*Dimension)[0]
    data = line_to_dict(line)
    assert data["target"] == {
        "percent": 100.0,
        "since": "2025-01-01",
        "source": "Quyết định 942/QĐ-TTg",
        "met": False,
        "missing": 1,
    }
    assert (data["level"], data["unit"], data["month"], data["signed_percent"]) == ("province", "H41", "2026-03", 50.0)
    assert json.loads(json.dumps(data)) == data
    assert cells(line, "vi") == ["Cấp tỉnh", "H41", "Sở", "2026-03", 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 50.0, 100.0, 1]
    assert len(cells(line, "en")) == len(HEADINGS)
    empty = roll_up([]).by()[0]
    assert line_to_dict(empty)["target"] is None
    assert cells(empty, "en")[:4] == [None] * 4


def test_csv_is_read_by_others_and_holds_no_formula() -> None:
    lines = roll_up([row(unit="=cmd()", name="@SUM(A1)"), row(unit="H41", name="A, B")]).by(Dimension.UNIT)
    table = list(csv.reader(io.StringIO("".join(lines_to_csv(lines, "vi")), newline="")))
    assert table[0] == [heading.vi for heading in HEADINGS.values()]
    assert [r[1:3] for r in table[1:]] == [["'=cmd()", "'@SUM(A1)"], ["H41", "A, B"]]
    assert table[1][4:6] == ["1", "1"]


def chart(rows: list[Row], lang: Any = "vi") -> Any:
    return etree.fromstring(chart_svg(roll_up(rows), lang).encode())


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_chart_says_what_it_shows(lang: Any) -> None:
    rows = [
        row("2024-12-02", level=Level.CENTRAL), row("2025-01-02"), row("2025-01-03", signed=False),
        row("2025-02-03", level=Level.COMMUNE, signed=False), row("2025-03-03", direction=Direction.RECEIVED),
    ]  # fmt: skip
    svg = chart(rows, lang)
    assert svg.get("role") == "img"
    assert svg.get("{http://www.w3.org/XML/1998/namespace}lang") or svg.get("lang") == lang
    assert svg.findtext("s:title", namespaces=SVG)
    bars = [b.get("class") for b in svg.findall("s:rect[@class]", SVG)]
    assert Counter(bars) == {"met": 1, "missed": 3, "none": 2}, "three in the legend, three bars"
    described = svg.findtext("s:desc", namespaces=SVG)
    assert described.count("; ") == 2
    assert "50.0 %" in described
    for level in (Level.CENTRAL, Level.PROVINCE, Level.COMMUNE):
        assert LEVELS[level].render(lang) in described
    assert LEVELS[Level.DISTRICT].render(lang) not in "".join(svg.itertext())
    assert len(svg.findall("s:path[@class='goal']", SVG)) == 3


def test_the_bars_are_as_high_as_the_shares() -> None:
    svg = chart([row("2025-01-02"), row("2025-02-02", signed=False, count=3), row("2025-02-03")])
    heights = [float(b.get("height")) for b in svg.findall("s:rect[@x]", SVG) if b.get("y") != "50"]
    assert heights == [120.0, 30.0]


def test_the_chart_shows_the_latest_months() -> None:
    months = [f"{2020 + n // 12}-{n % 12 + 1:02d}-01" for n in range(MAX_MONTHS + 1)]
    bars = [b for b in chart([row(m) for m in months]).findall("s:rect[@x]", SVG) if b.get("y") != "50"]
    assert len(bars) == MAX_MONTHS
    assert "2020-01" not in chart_svg(roll_up([row(m) for m in months]))


def test_names_do_not_break_the_chart() -> None:
    assert chart([row(name="<script>&", unit="<x>")]) is not None
    assert all(text.vi and text.en for words in (LEVELS, DIMENSIONS, HEADINGS) for text in words.values())
