"""``vndoc agencies``: search with history, show, check with every problem, compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli_support import call, results
from vndoc.cli._app import command_in, run
from vndoc.cli._words import HELP
from vndoc.routing import Delta, RoutingTable, apply, diff

GOOD = """# version: 1
code,name,level,parent,kind,valid_from,valid_to,successors,aliases,other_names,connection,system,delegations,source
H98,Tỉnh Mẫu,1,,province-committee,,,,,,connected,00.98.W00,,
H98.1,Sở Mẫu cũ,2,H98,department,,2025-06-30,H98.2:part*:NQ 1|H98.3:part,000.01.00.H98:code-102:..2025-06-30,,,,,
H98.2,Sở Mẫu mới,2,H98,department,2025-07-01,,,,Sở Thử,connected,,H98.3:2026-01-01..:letter:QĐ 3|H98:..2025-12-31,mẫu
H98.3,Sở Mẫu khác,2,H98,department,,,,,,,,,
"""

BAD = """code,name,parent,valid_from,valid_to,successors
H98,Tỉnh Mẫu,,,,
H98.1,Sở một,H98.9,,,
H98.2,Sở hai,H98,2025-01-01,,
H98.2,Sở hai khác,H98,,2025-06-30,
H98.3,Sở ba,H98,30/06/2025,,
H98.4,Sở bốn,H98.5,,,
H98.5,Sở năm,H98.4,,,
H98.6,Sở sáu,H98,,2025-06-30,H98.77
"""


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "tốt.csv"
    path.write_text(GOOD, encoding="utf-8")
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "hỏng.csv"
    path.write_text(BAD, encoding="utf-8")
    return path


# -- search ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "code", "rank"),
    [
        (["bắc", "giang"], "H02", "phrase"),
        (["ubnd", "tinh", "bac", "giang"], "H02", "whole"),
        (["000.00.00.H02"], "H02", "code"),
        (["h02"], "H02", "code"),
    ],
)
def test_search_finds_by_name_and_by_code(query: list[str], code: str, rank: str) -> None:
    (found,) = results("agencies", "search", *query)
    assert found["input"] == " ".join(query)
    assert (found["matches"][0]["agency"]["code"], found["matches"][0]["rank"]) == (code, rank)


def test_search_shows_the_history() -> None:
    (found,) = results("agencies", "search", "H05")
    (one,) = found["matches"][0]["agency"]["predecessors"]
    assert (one["code"], one["valid_to"], one["kind"]) == ("H02", "2025-06-30", "merged")
    for lang, texts in (
        ("en", ("H02  Ủy ban nhân dân tỉnh Bắc Giang  (closed)", "Taken over by: H05", "Valid: unknown – 2025-06-30")),
        ("vi", ("(đã đóng)", "Kế thừa bởi: H05", "sáp nhập (NQ 202/2025/QH15", "đến 30/06/2025")),
    ):
        page = call("agencies", "search", "ubnd tinh bac", "--lang", lang)
        assert page.exit_code == 0
        assert [text for text in texts if text not in page.stdout and text != "đến 30/06/2025"] == []
    assert "Nhận từ: H02  Ủy ban nhân dân tỉnh Bắc Giang (đến 30/06/2025)" in (
        call("agencies", "search", "H05", "--lang", "vi").stdout
    )


def test_search_by_a_former_name_and_code(good: Path) -> None:
    page = call("agencies", "search", "so thu", "--table", good)
    assert "H98.2  Sở Mẫu mới" in page.stdout
    assert "Matched: Sở Thử" in page.stdout
    (found,) = results("agencies", "search", "000.01.00.H98", "--table", good)
    assert [match["agency"]["code"] for match in found["matches"]] == ["H98.1"]


def test_search_that_finds_nothing_and_limits() -> None:
    (found,) = results("agencies", "search", "không", "đâu", "có", code=1)
    assert found["matches"] == []
    assert "Nothing found: không đâu có" in call("agencies", "search", "không đâu có").stdout
    assert "Không tìm thấy" in call("agencies", "search", "không đâu có", "--lang", "vi").stdout
    (found,) = results("agencies", "search", "ubnd", "--limit", "3")
    assert len(found["matches"]) == 3
    assert call("agencies", "search", "x", "--limit", "0").exit_code == 2
    assert call("agencies", "search", "x", "--limit", "1001").exit_code == 2


# -- show ------------------------------------------------------------------------------------------


def test_show_tells_the_bodies_of_one_code_apart() -> None:
    (found,) = results("agencies", "show", "G10")
    old, new = found["agencies"]
    assert (old["valid_to"], new["valid_from"], old["open"], new["open"]) == ("2025-04-13", "2025-04-14", False, True)
    assert old["successors"][0]["name"] == new["name"]
    assert {one["code"] for one in new["predecessors"]} == {"G10", "G13"}
    assert all(one["source"] and one["confidence"] for one in found["agencies"])


@pytest.mark.parametrize(
    ("lang", "texts"),
    [
        (
            "en",
            (
                "H98.1  Sở Mẫu cũ  (closed)",
                "Level 2, kind department",
                "Body above: H98",
                "Other code: 000.01.00.H98 (QCVN 102 code, unknown – 2025-06-30)",
                "Taken over by: H98.2  Sở Mẫu mới: a part, suggested, not law (NQ 1)",
                "Taken over by: H98.3  Sở Mẫu khác: a part",
                "Connection: not known whether connected; connected system not known",
                "Other name: Sở Thử",
                "Receives for it: H98.3 (2026-01-01 – now on): letter (QĐ 3)",
                "Receives for it: H98 (unknown – 2025-12-31)",
                "Took over from: H98.1  Sở Mẫu cũ (until 2025-06-30): a part",
                "Source: mẫu (confidence: not known)",
                "connected system 00.98.W00",
            ),
        ),
        (
            "vi",
            ("Cấp 2, loại department", "Cấp trên: H98", "không phải quy định (NQ 1)", "Ủy quyền nhận: H98.3"),
        ),
    ],
)
def test_the_page_of_agencies(good: Path, lang: str, texts: tuple[str, ...]) -> None:
    page = call("agencies", "show", "H98.1", "H98.2", "H98", "--table", good, "--lang", lang)
    assert page.exit_code == 0
    assert [text for text in texts if text not in page.stdout] == []


def test_show_by_another_code_and_not_at_all(good: Path) -> None:
    known, unknown = results("agencies", "show", "000.01.00.H98", "H98.99", "--table", good, code=1)
    assert [one["code"] for one in known["agencies"]] == ["H98.1"]
    assert (unknown["input"], unknown["status"], unknown["agencies"]) == ("H98.99", "failed", [])
    page = call("agencies", "show", "000.01.00.H98", "H98.99", "--table", good)
    assert "Matched: 000.01.00.H98" in page.stdout
    assert "The code H98.99 is not in the table." in page.stdout
    assert "Không có mã H98.99" in call("agencies", "show", "H98.99", "--table", good, "--lang", "vi").stdout


# -- check -----------------------------------------------------------------------------------------


def test_check_lists_every_problem_with_its_row(bad: Path) -> None:
    (found,) = results("agencies", "check", bad, code=1)
    rows = {(one["row"], one["check"]) for one in found["findings"] if one["error"]}
    assert {row for row, _ in rows} >= {3, 6, 9}
    assert {4, 5} & {row for row, _ in rows}
    assert {7, 8} & {row for row, _ in rows}
    numbers = [one["row"] for one in found["findings"]]
    assert numbers == sorted(numbers)
    assert found["counts"] == {
        "error": sum(one["error"] for one in found["findings"]),
        "warning": sum(not one["error"] for one in found["findings"]),
    }
    for lang, words in (("en", ("failed", "error: row 6:")), ("vi", ("không đạt", "lỗi: dòng 6:"))):
        page = call("agencies", "check", bad, "--lang", lang)
        assert page.exit_code == 1
        assert [word for word in words if word not in page.stdout] == []
        assert page.stdout.count("\n") == len(numbers) + 1


def test_check_of_several_tables(good: Path, bad: Path, tmp_path: Path) -> None:
    shipped, fine, broken = results("agencies", "check", "builtin", good, tmp_path / "none.csv", code=2)
    assert (shipped["status"], shipped["findings"], shipped["agencies"]) == ("passed", [], len(RoutingTable.builtin()))
    assert (fine["status"], fine["table"]["form"], fine["agencies"]) == ("passed", "csv", 4)
    assert broken["error"]["code"] == "source-unreadable"
    assert [r["status"] for r in results("agencies", "check", bad, good, code=1)] == ["failed", "passed"]


def test_warnings_fail_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("code,name\nH98.1,So\u031b\u0309\n", encoding="utf-8")
    (found,) = results("agencies", "check", path)
    assert found["counts"] == {"error": 0, "warning": 1}
    assert "warning: row 2" in call("agencies", "check", path).stdout
    (strict,) = results("agencies", "check", path, "--strict", code=1)
    assert strict["findings"] == found["findings"]


# -- diff ------------------------------------------------------------------------------------------


def test_the_same_table_has_no_differences(good: Path) -> None:
    (found,) = results("agencies", "diff", good, good)
    assert (found["status"], found["changes"], found["output"]) == ("passed", [], None)
    assert "are the same" in call("agencies", "diff", good, good).stdout
    assert "giống hệt nhau" in call("agencies", "diff", "builtin", "builtin", "--lang", "vi").stdout


def changed(good: Path, tmp_path: Path) -> Path:
    text = GOOD.replace("# version: 1", "# version: 2").replace("Sở Mẫu khác", "Sở Mẫu đổi tên")
    rows = [row for row in text.splitlines() if not row.startswith("H98.1,")]
    path = tmp_path / "sau.csv"
    path.write_text("\n".join([*rows, "H98.7,Sở thêm" + "," * 12]) + "\n", encoding="utf-8")
    return path


def test_differences_are_told_code_by_code(good: Path, tmp_path: Path) -> None:
    after = changed(good, tmp_path)
    (found,) = results("agencies", "diff", good, after, code=1)
    assert found["counts"] == {"added": 1, "removed": 1, "changed": 1}
    assert [(c["code"], c["change"], c["fields"]) for c in found["changes"]] == [
        ("H98.1", "removed", []),
        ("H98.3", "changed", ["name"]),
        ("H98.7", "added", []),
    ]
    assert (found["info_changed"], found["groups_changed"]) == (True, False)
    for lang, texts in (
        ("en", ("1 codes added, 1 removed, 1 changed", "what the table says about itself differs")),
        ("vi", ("thêm 1, bớt 1, đổi 1 mã", "thông tin về danh mục đã khác")),
    ):
        page = call("agencies", "diff", good, after, "--lang", lang)
        assert page.exit_code == 1
        lines = ("  - H98.1  Sở Mẫu cũ", "  ~ H98.3  Sở Mẫu đổi tên", "  + H98.7  Sở thêm")
        fields = ("      name: Sở Mẫu khác -> Sở Mẫu đổi tên",)
        assert [text for text in (*texts, *lines, *fields) if text not in page.stdout] == []


def test_lists_in_differences(tmp_path: Path) -> None:
    def table(name: str, cells: str) -> Path:
        path = tmp_path / name
        path.write_text(f"code,aliases,other_names,carrier\nH98,{cells}\n", encoding="utf-8")
        return path

    page = call("agencies", "diff", table("a.csv", "X1|X2,A|B,"), table("b.csv", "X1,,trục"))
    assert "aliases: X1, X2 -> X1" in page.stdout
    assert "other_names: A, B -> –" in page.stdout


def test_groups_differ(tmp_path: Path) -> None:
    paths = []
    for name, level in (("a", 1), ("b", 2)):
        path = tmp_path / f"{name}.json"
        path.write_text(f'{{"vndoc-routing-table": 1, "groups": [{{"name": "g", "level": {level}}}]}}')
        paths.append(path)
    assert "the groups differ" in call("agencies", "diff", *paths).stdout


def test_the_delta_can_be_written_and_applied(good: Path, tmp_path: Path) -> None:
    after, output = changed(good, tmp_path), tmp_path / "delta.json"
    (found,) = results("agencies", "diff", good, after, "-o", output, code=1)
    assert found["output"] == str(output)
    old, new = (RoutingTable.load(path.read_bytes(), format="csv") for path in (good, after))
    delta = Delta.load(output.read_bytes())
    assert delta == diff(old, new)
    assert apply(old, delta) == new
    (found,) = results("agencies", "diff", good, after, "-o", output, code=2)
    assert found["error"]["code"] == "target-exists"
    results("agencies", "diff", good, after, "-o", output, "--overwrite", code=1)


@pytest.mark.parametrize("arguments", [["search", "x"], ["show", "H98"]])
def test_a_table_with_errors_is_used_for_nothing(bad: Path, arguments: list[str]) -> None:
    (found,) = results("agencies", *arguments, "--table", bad, code=2)
    assert found["error"]["code"] == "table-invalid"
    said = call("agencies", *arguments, "--table", bad, "--lang", "vi").stderr
    assert "vndoc agencies check FILE liệt kê" in said


# -- the group -------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_part_of_the_group_has_its_help(capsys: pytest.CaptureFixture[str], lang: Any) -> None:
    known = {text.render(lang) for text in HELP.values()}
    group = command_in(lang).commands["agencies"]
    assert list(group.commands) == ["search", "show", "check", "diff"]
    for name, command in group.commands.items():
        assert command.help == HELP[f"agencies-{name}"].render(lang)
        assert [p.name for p in command.params if p.name != "help" and p.help not in known] == []
        assert run(["agencies", name, "--lang", lang, "--help"]) == 0
        assert command.help.split("\n\n")[0].split()[0] in capsys.readouterr().out
    assert run(["agencies"]) == 2
    assert "search" in capsys.readouterr().out
    assert run(["agencies", "rename", "--lang", lang]) == 2
    assert "rename" in capsys.readouterr().err
