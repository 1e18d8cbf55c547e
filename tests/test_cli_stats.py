"""``vndoc stats``: rows from files and standard input, the page, and every form that is written."""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from cli_support import call, results
from vndoc.cli import _stats, _stats_xlsx
from vndoc.statistics import HEADINGS, TARGETS, Tally

HEAD = "day,direction,unit,level,signed,late,refused,name,count\n"
ROWS = HEAD + (
    "2025-02-03,sent,H41,province,yes,no,no,UBND tỉnh Mẫu,90\n"
    "2025-02-03,sent,H41,province,no,yes,no,UBND tỉnh Mẫu,9\n"
    "2025-02-04,sent,H41,province,,no,yes,UBND tỉnh Mẫu,1\n"
    "2025-02-04,received,H41,province,yes,,no,UBND tỉnh Mẫu,40\n"
    "2024-12-31,sent,H41.41,commune,yes,no,no,=UBND xã Mẫu,3\n"
)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def test_the_result_as_data(rows: Path) -> None:
    (found,) = results("stats", rows)
    assert (found["input"], found["status"], found["rows"]) == (str(rows), "passed", 5)
    assert found["period"] == {"first": "2024-12-31", "last": "2025-02-04"}
    assert found["by"] == ["level", "month"]
    province, commune = found["lines"]
    assert (province["level"], province["unit"], province["month"]) == ("province", None, "2025-02")
    assert province["counts"] == {
        "sent": 100, "sent_signed": 90, "sent_unsettled": 1, "sent_late": 9, "sent_refused": 1,
        "received": 40, "received_signed": 40, "received_unsettled": 0, "received_late": 0, "received_refused": 0,
    }  # fmt: skip
    assert province["signed_percent"] == 90.0
    assert province["target"]["missing"] == 10
    assert (commune["target"]["percent"], commune["target"]["met"]) == (30.0, True)
    assert found["total"]["sent"] == 103
    assert found["written"] == {}


def test_a_missed_target_fails_only_when_asked(rows: Path) -> None:
    (found,) = results("stats", rows, "--check", code=1)
    assert found["status"] == "failed"
    (found,) = results("stats", rows, "--check", "--by", "month", code=1)
    assert [line["month"] for line in found["lines"]] == ["2024-12", "2025-02"]
    assert results("stats", rows, "--check", "--by", "unit", "--by", "unit")[0]["by"] == ["unit"]


def test_several_files_are_added_up(rows: Path, tmp_path: Path) -> None:
    as_json = tmp_path / "more.json"
    as_json.write_text(json.dumps(list(csv.DictReader(io.StringIO(ROWS)))), encoding="utf-8-sig")
    (found,) = results("stats", rows, as_json, "-", stdin=ROWS.replace(",", ";").encode())
    assert (found["input"], found["rows"], found["total"]["sent"]) == (None, 15, 309)
    (found,) = results("stats", "-", stdin=b" [] ")
    assert (found["rows"], found["period"], found["lines"]) == (0, None, [])


def test_the_page(rows: Path) -> None:
    page = call("stats", rows, "--by", "level", "--by", "unit", "--by", "month", "--lang", "vi")
    assert page.exit_code == 0
    lines = page.stdout.splitlines()
    assert lines[0] == "Từ 2024-12-31 đến 2025-02-04: 5 dòng số liệu"
    assert "Cấp tỉnh" in page.stdout
    assert "H41" in page.stdout
    assert any(line.split()[:2] == ["Tổng", "cộng"] for line in lines)
    assert lines[-2] == "1 văn bản gửi và 0 văn bản nhận chưa rõ chữ ký, không tính là đã ký."
    assert lines[-1] == "1 nhóm chưa đạt chỉ tiêu."
    assert "H41  UBND tỉnh Mẫu" in call("stats", rows, "--by", "unit").stdout
    english = call("stats", rows, "--by", "month")
    assert "From 2024-12-31 to 2025-02-04: 5 rows" in english.stdout
    assert call("stats", "-", stdin=HEAD.encode()).stdout == "There are no rows.\n"
    plain = call("stats", "-", stdin=(HEAD + "2025-02-03,sent,H41,province,yes,no,no,,1\n").encode())
    assert "settled" not in plain.stdout
    assert "miss" not in plain.stdout


def sheet(data: bytes, number: int) -> list[list[str]]:
    """Read a sheet with nothing but zip and XML."""
    ns = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        shared = [
            "".join(t.itertext()) for t in etree.fromstring(book.read("xl/sharedStrings.xml")).findall("s:si", ns)
        ]
        page = etree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
    assert page.findall(".//s:f", ns) == [], "a formula"
    assert page.findall(".//s:hyperlink", ns) == []

    def text(cell: Any) -> str:
        value = cell.findtext("s:v", "", ns)
        return shared[int(value)] if cell.get("t") == "s" else value

    return [[text(cell) for cell in line.findall("s:c", ns)] for line in page.findall(".//s:row", ns)]


def test_what_is_written(rows: Path, tmp_path: Path) -> None:
    pytest.importorskip("xlsxwriter")
    targets = {form: tmp_path / f"out.{form}" for form in ("csv", "xlsx", "svg")}
    options = [part for form, path in targets.items() for part in (f"--{form}", path)]
    (found,) = results("stats", rows, "--by", "unit", *options)
    assert found["written"] == {form: str(path) for form, path in targets.items()}
    table = list(csv.reader(io.StringIO(targets["csv"].read_text(encoding="utf-8-sig"), newline="")))
    assert [line[1:3] for line in table[1:]] == [["H41", "UBND tỉnh Mẫu"], ["H41.41", "'=UBND xã Mẫu"]]
    first, *lines = sheet(targets["xlsx"].read_bytes(), 1)
    assert first == [heading.en for heading in HEADINGS.values()]
    assert [line[:3] for line in lines] == [["H41", "UBND tỉnh Mẫu", "100"], ["H41.41", "=UBND xã Mẫu", "3"]]
    _, *goals = sheet(targets["xlsx"].read_bytes(), 2)
    assert [goal[3] for goal in goals] == [target.source for target in TARGETS]
    assert goals[-1][0] == "Every level"
    assert etree.fromstring(targets["svg"].read_bytes()).get("role") == "img"
    (found,) = results("stats", rows, *options, code=2)
    assert found["error"]["code"] == "target-exists"
    assert results("stats", rows, *options, "--overwrite")[0]["status"] == "passed"


def test_all_is_written_or_nothing(rows: Path, tmp_path: Path) -> None:
    there = tmp_path / "there.svg"
    there.write_text("x", encoding="utf-8")
    out = tmp_path / "out.csv"
    (found,) = results("stats", rows, "--csv", out, "--svg", there, code=2)
    assert found["error"]["code"] == "target-exists"
    assert not out.exists()
    assert there.read_text(encoding="utf-8") == "x"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".vndoc")] == []


@pytest.mark.parametrize("other", ["out", "./out", "there/../out"])
def test_two_forms_do_not_go_into_one_file(rows: Path, tmp_path: Path, other: str) -> None:
    (tmp_path / "there").mkdir()
    options = ("--csv", tmp_path / "out", "--svg", f"{tmp_path}/{other}")
    for more in ((), ("--overwrite",)):
        (found,) = results("stats", rows, *options, *more, code=2)
        assert found["error"]["code"] == "option-invalid"
        assert not (tmp_path / "out").exists()


def test_a_half_of_a_letter_is_a_bad_value(tmp_path: Path) -> None:
    item = {"day": "2025-02-03", "direction": "sent", "unit": "H\ud800", "level": "province", "signed": True}
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([{**item, "late": None, "refused": False}]), encoding="ascii")
    (found,) = results("stats", path, "--by", "unit", "--csv", tmp_path / "out.csv", code=2)
    assert found["error"]["code"] == "row-invalid"


def test_a_sheet_has_an_end(monkeypatch: pytest.MonkeyPatch, rows: Path, tmp_path: Path) -> None:
    pytest.importorskip("xlsxwriter")
    monkeypatch.setattr(_stats_xlsx, "MAX_LINES", 2)
    assert results("stats", rows, "--by", "unit", "--xlsx", tmp_path / "a.xlsx")
    monkeypatch.setattr(_stats_xlsx, "MAX_LINES", 1)
    (found,) = results("stats", rows, "--by", "unit", "--xlsx", tmp_path / "b.xlsx", code=2)
    assert found["error"]["code"] == "option-invalid"


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, rows: Path, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    (found,) = results("stats", rows, "--xlsx", tmp_path / "a.xlsx", code=2)
    assert found["error"]["code"] == "extra-missing"
    assert list(tmp_path.iterdir()) == [rows]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xfe", "rows-unreadable"), (HEAD.encode() + b"\xff,sent\n", "rows-unreadable"),
        (b"[\xff]", "rows-unreadable"),
        (b"<html>", "rows-unreadable"), (b"", "rows-unreadable"), (b"{}", "rows-unreadable"),
        (ROWS.replace("2025-02-04", "4/2/2025").encode(), "row-invalid"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_used(data: bytes, code: str) -> None:
    (found,) = results("stats", "-", code=2, stdin=data)
    assert (found["status"], found["error"]["code"]) == ("error", code)
    shown = call("stats", "-", stdin=data)
    assert shown.exit_code == 2
    assert code in shown.stderr


def test_a_bad_row_is_named_with_its_line(rows: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(ROWS.replace("received", "got"), encoding="utf-8")
    (found,) = results("stats", rows, bad, code=2)
    assert found["error"]["place"] == {"path": "row/direction", "line": 5}
    assert "lines" not in found, "no sums over a part of the rows"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for name in (tmp_path / "none.csv", tmp_path, "a\0b"):
        (found,) = results("stats", name, code=2)
        assert found["error"]["code"] == "source-unreadable"


def test_json_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_stats, "MAX_JSON", 4)
    assert results("stats", "-", stdin=b"[]  ")[0]["rows"] == 0
    (found,) = results("stats", "-", stdin=b"[]   ", code=2)
    assert "use CSV" in found["error"]["text"]["en"]


def test_lines_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    longest = max(len(line) for line in ROWS.encode().splitlines(keepends=True))
    monkeypatch.setattr(_stats, "MAX_LINE", longest)
    assert results("stats", "-", stdin=ROWS.encode())[0]["rows"] == 5
    monkeypatch.setattr(_stats, "MAX_LINE", longest - 1)
    (found,) = results("stats", "-", stdin=ROWS.encode(), code=2)
    assert found["error"]["code"] == "rows-unreadable"


def test_every_count_is_in_the_schema() -> None:
    schema = json.loads(call("schema", "stats").stdout)
    assert list(schema["$defs"]["stats_counts"]["properties"]) == [*Tally.__annotations__]
