"""``vndoc route``: the chain as a tree, packets and groups, exit codes, both languages, nothing that commands."""

from __future__ import annotations

import datetime
import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest

import vndoc
from cli_support import call, document, results, save
from vndoc.cli._route import is_packet
from vndoc.cli._table import Opened, form_of
from vndoc.routing import Agency, Connection, RoutingTable, Successor, SuccessorKind, TableInfo, dump_csv, dump_json

CHAIN = """# version: thử-1
# carrier: trục-mẫu
code,name,valid_from,valid_to,successors,connection,system,delegations
H98.1,Sở Mẫu cũ,,2025-02-28,H98.2:merged:NQ 01/2025/NQ-HĐND,connected,,
H98.2,Sở Mẫu giữa,2025-03-01,2025-06-30,H98.3:renamed:QĐ 2/QĐ-UBND,connected,,
H98.3,Sở Mẫu nay,2025-07-01,,,connected,00.98.W00,H98.4:2026-01-01..:letter:QĐ 3/QĐ-UBND
H98.4,Chi cục Mẫu,2025-07-01,,,connected,00.98.W00,
H98.5,Phòng bị chia,,2025-06-30,H98.3:part*|H98.4:part,connected,,
H98.6,Phòng đang đăng ký,,,,pending,,
H98.7,Phòng chưa rõ,,,,,,
H98.8,Phòng chưa nối,,,,not-connected,,
H98.9,Phòng xung đột,,,,conflict,,
"""


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    path = tmp_path / "danh-muc.csv"
    path.write_text(CHAIN, encoding="utf-8")
    return path


def resolution(*arguments: object, code: int = 0) -> dict[str, Any]:
    (found,) = results("route", *arguments, code=code)
    return dict(found["resolution"])


# -- the chain -------------------------------------------------------------------------------------


def test_a_province_on_the_day_before_and_on_the_day() -> None:
    before, after = (resolution("H02", "--at", day) for day in ("2025-06-30", "2025-07-01"))
    assert (before["agency"]["code"], before["reason"]) == ("H02", "exact")
    assert (after["agency"]["code"], after["reason"]) == ("H05", "successor")
    assert after["meant"]["valid_to"] == "2025-06-30"


@pytest.mark.parametrize(
    ("lang", "texts"),
    [
        (
            "en",
            (
                "H02: deliverable – the only successor → H05  Ủy ban nhân dân tỉnh Bắc Ninh",
                "├── address as of 2025-07-01, delivered on 2025-07-01",
                "├── validity: H02 was closed after 2025-06-30",
                "└── successor: H02 → H05: merged (NQ 202/2025/QH15, QĐ 09/2025/QĐ-TTg)",
                "    ├── validity: H05 is valid since an unknown day",
                "only the registry of the axis can tell",
                "Table: builtin ",
            ),
        ),
        (
            "vi",
            (
                "H02: gửi được – cơ quan kế thừa duy nhất → H05",
                "├── hiệu lực: H02 đóng sau ngày 30/06/2025",
                "└── kế thừa: H02 → H05: sáp nhập (NQ 202/2025/QH15, QĐ 09/2025/QĐ-TTg)",
                "    ├── hiệu lực: H05 có hiệu lực từ ngày chưa rõ",
                "Chưa rõ nơi nhận đã liên thông chưa",
                "Danh mục: builtin ",
            ),
        ),
    ],
)
def test_the_tree_has_dates_and_legal_instruments(lang: str, texts: tuple[str, ...]) -> None:
    found = call("route", "H02", "--at", "2025-07-01", "--lang", lang)
    assert (found.exit_code, found.stderr) == (0, "")
    assert [text for text in texts if text not in found.stdout] == []


def test_one_code_for_two_bodies_is_told_apart_by_meant_at() -> None:
    old = resolution("G10", "--at", "2025-07-01", "--meant-at", "2025-01-01")
    new = resolution("G10", "--at", "2025-07-01")
    assert old["meant"]["name"] == "Bộ Nông nghiệp và Phát triển nông thôn"
    assert old["agency"]["name"] == new["meant"]["name"] == "Bộ Nông nghiệp và Môi trường"
    assert (old["reason"], new["reason"]) == ("successor", "exact")


def test_each_agency_on_the_way_is_one_branch_deeper(chain: Path) -> None:
    page = call(
        "route", "H98.1", "--table", chain, "--at", "2026-02-01", "--meant-at", "2025-01-01", "--kind", "letter"
    )
    assert page.exit_code == 0
    depths = {line.lstrip("│├└─ "): len(line) - len(line.lstrip("│├└─ ")) for line in page.stdout.splitlines()}
    assert depths["successor: H98.1 → H98.2: merged (NQ 01/2025/NQ-HĐND)"] == 4
    assert depths["successor: H98.2 → H98.3: renamed (QĐ 2/QĐ-UBND)"] == 8
    assert depths["delegation: H98.4 receives for H98.3 (QĐ 3/QĐ-UBND)"] == 12
    assert depths["next hop: through trục-mẫu; connected system 00.98.W00"] == 16
    assert "not known" not in page.stdout


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("h02", "lower-case"),
        ("Н02", "look-alike-letter"),
        ("H" * 36, "too-long"),
        ("", "empty"),
        ("H02 ", "surrounding-blank"),
        ("H..02", "empty-code-group"),
    ],
)
def test_a_malformed_code_is_unusable_input(text: str, reason: str) -> None:
    found = resolution(text, code=2)
    assert (found["outcome"], found["reason"], found["code"]) == ("malformed", reason, text)
    for lang, word in (("vi", "sai dạng"), ("en", "malformed")):
        assert word in call("route", "--lang", lang, "--", text).stdout


def test_an_unknown_code_says_what_the_table_holds(chain: Path) -> None:
    assert resolution("H14.12", code=1)["reason"] == "unknown-code"
    assert "level 1 only" in call("route", "H14.12").stdout
    assert "chỉ có các cơ quan cấp 1" in call("route", "H14.12", "--lang", "vi").stdout
    assert "level 1 only" not in call("route", "H14.12", "--table", chain).stdout


# -- exit codes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "status"),
    [
        (["H98.4"], 0, "passed"),
        (["H98.7"], 0, "passed"),
        (["H98.7", "--require-connected"], 3, "indeterminate"),
        (["H98.5"], 3, "indeterminate"),
        (["H98.6"], 3, "indeterminate"),
        (["H98.9"], 3, "indeterminate"),
        (["H98.8"], 1, "failed"),
        (["H98.8", "--require-connected"], 1, "failed"),
        (["H98.2", "--at", "2025-01-01"], 1, "failed"),
        (["H99.1"], 1, "failed"),
    ],
)
def test_the_exit_code_tells_how_sure_the_answer_is(chain: Path, arguments: list[str], code: int, status: str) -> None:
    day = [] if "--at" in arguments else ["--at", "2026-02-01"]
    (found,) = results("route", *arguments, *day, "--table", chain, code=code)
    assert found["status"] == status


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        (["H98.4", "H98.6"], 3),
        (["H98.6", "H98.8"], 1),
        (["H98.8", "H98.6"], 1),
        (["H98.8", "h98", "H98.6"], 2),
        (["./không-có.edxml", "H98.8", "H98.6"], 2),
    ],
)
def test_of_several_answers_the_worst_counts(chain: Path, codes: list[str], code: int) -> None:
    found = call("route", *codes, "--table", chain, "--json")
    assert found.exit_code == code
    assert [one["input"] for one in json.loads(found.stdout)["results"]] == codes


def test_an_ambiguous_answer_names_the_candidates_and_follows_none(chain: Path) -> None:
    for lang, texts in (
        ("en", ("May be", "H98.3  Sở Mẫu nay · a part · suggested, not law", "H98.4  Chi cục Mẫu · a part")),
        ("vi", ("Có thể là", "một phần · gợi ý, không phải quy định")),
    ):
        page = call("route", "H98.5", "--table", chain, "--at", "2026-02-01", "--lang", lang)
        assert page.exit_code == 3
        assert [text for text in texts if text not in page.stdout] == []
    found = resolution("H98.5", "--table", chain, "--at", "2026-02-01", code=3)
    assert [(c["code"], c["kind"], c["suggested"]) for c in found["candidates"]] == [
        ("H98.3", "part", True),
        ("H98.4", "part", False),
    ]


def test_the_day_of_delivery_is_today_in_vietnam() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=7))
    before = datetime.datetime.now(zone).date().isoformat()
    found = resolution("H05")
    assert before <= found["at"] <= datetime.datetime.now(zone).date().isoformat()
    assert found["meant_at"] == found["at"]


# -- packets and groups ----------------------------------------------------------------------------


def test_a_packet_plans_its_recipients(golden: Path) -> None:
    path = golden / "document_0_new.edxml"
    (found,) = results("route", path, "--at", "2026-03-10", code=1)
    plan = found["plan"]
    assert (plan["at"], plan["meant_at"], plan["complete"]) == ("2026-03-10", "2026-03-04", False)
    assert [(r["code"], r["fate"], r["reason"]) for r in plan["results"]] == [
        ("H14.12", "undeliverable", "unknown-code"),
        ("000.00.00.H20", "deliver", "alias"),
    ]
    assert [(s["carrier"], [d["code"] for d in s["deliveries"]]) for s in plan["submissions"]] == [
        ("national-axis", ["H20"])
    ]
    assert found["plan"]["trace"] == ["H41"]
    assert plan["table"]["digest"] == found["table"]["digest"] == RoutingTable.builtin().digest


@pytest.mark.parametrize(
    ("lang", "texts"),
    [
        (
            "en",
            (
                "document_0_new.edxml: 2 recipients",
                "hops so far: H41",
                "H14.12: not deliverable: unknown",
                "is another code of H20",
                "Submit to national-axis (1): H20",
                "1 recipients get nothing.",
                "level 1 only",
            ),
        ),
        ("vi", ("2 nơi nhận", "đã đi qua: H41", "H14.12: không gửi được", "Gửi qua national-axis (1): H20")),
    ],
)
def test_the_page_of_a_plan(golden: Path, lang: str, texts: tuple[str, ...]) -> None:
    page = call("route", golden / "document_0_new.edxml", "--lang", lang)
    assert page.exit_code == 1
    assert [text for text in texts if text not in page.stdout] == []


def test_a_packet_under_the_table_of_its_axis(golden: Path, tmp_path: Path) -> None:
    heirs = (Successor("H20", SuccessorKind.WHOLE),)
    agencies = [
        Agency("H14.12", "Sở Mẫu", connection=Connection.CONNECTED, system="00.14.W00"),
        Agency("H20", "Tỉnh Mẫu", connection=Connection.CONNECTED, system="00.20.W00"),
        Agency("000.00.00.H20", valid_to=datetime.date(2026, 3, 4), successors=heirs),
    ]
    path = tmp_path / "bảng.json"
    path.write_bytes(dump_json(agencies, TableInfo(carrier="trục")))
    arguments = ("route", golden / "document_0_new.edxml", "--table", path, "--at", "2026-03-10")
    (found,) = results(*arguments)
    assert (found["status"], found["table"]["form"], found["connection_unknown"]) == ("passed", "json", False)
    assert "Every recipient gets its copy." in call(*arguments).stdout
    (own,) = results(*arguments, "--own-system", "00.14.W00")
    assert [s["carrier"] for s in own["plan"]["submissions"]] == ["local", "trục"]
    (sent,) = results(*arguments, "--own-system", "H41")  # the sender plans its own packet
    assert sent["status"] == "passed"
    hop = b"<edXML:TraceHeader><edXML:OrganId>00.53.W00</edXML:OrganId></edXML:TraceHeader></edXML:TraceHeaderList>"
    back = tmp_path / "back.edxml"
    back.write_bytes((golden / "document_0_new.edxml").read_bytes().replace(b"</edXML:TraceHeaderList>", hop))
    (loop,) = results("route", back, *arguments[2:], "--own-system", "00.53.W00", code=1)
    assert {r["reason"] for r in loop["plan"]["results"]} == {"own-system-in-trace"}


def test_dates_asked_for_come_before_those_of_the_packet(tmp_path: Path) -> None:
    packet = document(to=(organ("G10"), organ("000.00.00.G10")))
    path = save(tmp_path / "a.edxml", packet)
    (found,) = results("route", path, "--meant-at", "2025-01-01")
    first, second = found["plan"]["results"]
    assert first["resolution"]["meant"]["name"] == "Bộ Nông nghiệp và Phát triển nông thôn"
    assert (second["fate"], second["first"]) == ("same-delivery", "G10")
    assert found["plan"]["meant_at"] == "2025-01-01"


def test_a_status_packet_goes_to_whom_it_answers(golden: Path) -> None:
    (found,) = results("route", golden / "status_03_accepted.edxml", code=0)
    packet = vndoc.read_packet(golden / "status_03_accepted.edxml")
    assert isinstance(packet, vndoc.StatusPacket)
    assert packet.response_for is not None
    assert [r["code"] for r in found["plan"]["results"]] == [str(packet.response_for.organ_id)]
    assert found["plan"]["trace"] == []


def organ(code: str) -> vndoc.Organization:
    return vndoc.Organization(organ_id=code, organ_name="Cơ quan nhận mẫu")


def without(source: Path, target: Path, *names: str) -> Path:
    """Copy a packet without the elements called *names*: what the writer would refuse."""
    text = source.read_text(encoding="utf-8")
    for name in names:
        text, count = re.subn(rf"<(edXML:{name})[ >].*?</\1>", "", text, flags=re.DOTALL)
        assert count, name
    target.write_text(text, encoding="utf-8")
    return target


def test_packets_that_leave_out_what_counts(golden: Path, tmp_path: Path) -> None:
    whole = golden / "document_0_new.edxml"
    nobody = without(whole, tmp_path / "a.edxml", "To", "PromulgationInfo", "TraceHeaderList")
    (found,) = results("route", nobody, "--at", "2026-01-01", code=1)
    assert (found["plan"]["results"], found["plan"]["meant_at"], found["plan"]["trace"]) == ([], "2026-01-01", [])
    assert "names no recipient" in call("route", nobody).stdout
    assert "không nêu nơi nhận" in call("route", nobody, "--lang", "vi").stdout
    nameless = without(whole, tmp_path / "b.edxml", "OrganId", "PromulgationDate")
    (found,) = results("route", nameless, "--at", "2026-01-01", code=1)
    assert {r["reason"] for r in found["plan"]["results"]} == {"empty"}
    lost = without(golden / "status_03_accepted.edxml", tmp_path / "c.edxml", "ResponseFor")
    (found,) = results("route", lost, code=1)
    assert found["plan"]["results"] == []


def test_folders_and_standard_input_hold_packets_too(golden: Path, tmp_path: Path) -> None:
    data = (golden / "document_0_new.edxml").read_bytes()
    (found,) = results("route", "-", stdin=data, code=1)
    assert (found["input"], len(found["plan"]["results"])) == ("-", 2)
    save(tmp_path / "a.edxml", document())
    save(tmp_path / "b.xml", document())
    assert len(results("route", f"{tmp_path}/", code=1)) == 2


def test_a_damaged_packet_leaves_the_other_arguments_alone(tmp_path: Path) -> None:
    path = tmp_path / "hỏng.edxml"
    path.write_bytes(b"<x>")
    broken, good = results("route", path, "H05", code=2)
    assert broken["status"] == "error"
    assert good["status"] == "passed"


def test_a_citizen_number_as_agency_code_is_masked(tmp_path: Path) -> None:
    path = save(tmp_path / "a.edxml", document(to=(organ("012345678901"),)))
    for extra in ([], ["--json"]):
        assert "012345678901" not in call("route", path, *extra).output
    (found,) = results("route", path, code=1)
    assert len(found["plan"]["table"]["digest"]) == 64
    assert found["plan"]["table"]["digest"] == found["table"]["digest"]


def test_a_group_is_planned() -> None:
    (found,) = results("route", "@provinces", "--at", "2025-07-01")
    assert len(found["plan"]["results"]) == 34
    (found,) = results("route", "@provinces", "--at", "2025-07-01", "--meant-at", "2025-06-30")
    assert len(found["plan"]["results"]) == 63
    assert sum(r["fate"] == "same-delivery" for r in found["plan"]["results"]) == 29
    (found,) = results("route", "@không-có", code=1)
    assert found["plan"]["results"][0]["reason"] == "group-unknown"


def test_a_group_whose_members_leave_the_answer_open(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("code,kind,connection\nG01,ministry,pending\n", encoding="utf-8")
    (found,) = results("route", "@ministries", "--table", path, code=3)
    assert found["status"] == "indeterminate"


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("H02", False),
        ("h02", False),
        ("@provinces", False),
        ("", False),
        (".", False),
        ("-", True),
        ("a.edxml", True),
        ("A.XML", True),
        ("./H02", True),
        ("goi/tin", True),
    ],
)
def test_the_form_of_an_argument_says_what_it_is(argument: str, expected: bool) -> None:
    assert is_packet(argument) is expected


def test_a_file_that_is_called_like_a_code_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "H05").write_bytes(b"x")
    assert resolution("H05")["reason"] == "exact"
    (found,) = results("route", "./H05", code=2)
    assert "error" in found


# -- tables ----------------------------------------------------------------------------------------


def test_tables_of_every_form(chain: Path, tmp_path: Path) -> None:
    table = RoutingTable.load(chain.read_bytes(), format="csv")
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf" + dump_csv(table, table.info))
    answers = {
        "axis-agencies": [{"id": "1", "pid": "", "code": "H98.4", "name": "Mẫu", "oldCode": "000.04.00.H98"}],
        "axis-agencies-qd20": [{"id": "1", "pid": "", "code": "H98.4", "name": "Mẫu", "code102": "000.04.00.H98"}],
        "axis-units": [
            {"id": "1", "code": "H98.4", "name": "Mẫu", "isAgency": True, "centerCode": "00.98.W00", "version": 3}
        ],
    }
    for form, rows in answers.items():
        (tmp_path / f"{form}.json").write_text(json.dumps({"status": "OK", "data": rows}), encoding="utf-8")
        (found,) = results("route", "H98.4", "--table", tmp_path / f"{form}.json")
        assert found["table"]["form"] == form
        (again,) = results("route", "H98.4", "--table", tmp_path / f"{form}.json", "--format", form)
        assert again["table"] == found["table"]
    (found,) = results("route", "H98.4", "--table", tmp_path / "a.txt")
    assert (found["table"]["form"], found["table"]["digest"]) == ("csv", table.digest)
    (found,) = results("route", "H98.4", "--table", "-", stdin=chain.read_bytes())
    assert found["table"]["digest"] == table.digest


def test_the_form_of_a_table_is_seen_from_its_content() -> None:
    assert form_of(b"") == form_of(b"# version: 1\ncode\n") == "csv"
    assert form_of(b' \n[{"x": 1}]') == "json"


@pytest.mark.parametrize(
    ("content", "extra", "code"),
    [
        (None, [], "source-unreadable"),
        (b"name\nx\n", [], "table-unreadable"),
        (b"[1", [], "table-unreadable"),
        (b"code\n\xff\n", [], "table-unreadable"),
        (b"code\nH1\n", ["--format", "xml"], "unknown-table-format"),
        (b"code,parent\nH1,H1\n", [], "table-invalid"),
    ],
)
def test_a_table_that_cannot_be_used(tmp_path: Path, content: bytes | None, extra: list[str], code: str) -> None:
    path = tmp_path / "a.csv"
    if content is not None:
        path.write_bytes(content)
    (found,) = results("route", "H02", "--table", path, *extra, code=2)
    assert found["error"]["code"] == code
    said = call("route", "H02", "--table", path, *extra).stderr
    assert said.count("\n") == 1
    assert ("vndoc agencies check" in said) is (code == "table-invalid")


def test_a_table_larger_than_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chain: Path) -> None:
    size = chain.stat().st_size
    monkeypatch.setattr("vndoc.routing.load.MAX_BYTES", size)
    monkeypatch.setattr("vndoc.cli._table.MAX_BYTES", size)
    results("route", "H98.4", "--table", chain)
    chain.write_bytes(chain.read_bytes() + b"\n")
    (found,) = results("route", "H98.4", "--table", chain, code=2)
    assert found["error"]["code"] == "limit-table-bytes"


def test_candidates_that_are_no_successors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a table that was loaded in spite of its errors has them."""
    table = RoutingTable.load("code,name,aliases\nH98.1,Sở một,X1\nH98.2,,X1\n".encode(), format="csv", strict=False)
    monkeypatch.setattr("vndoc.cli._route.open_table", lambda name, form: Opened(name, form, table))
    (found,) = results("route", "X1", "--table", "t", "--format", "csv", code=3)
    assert {c["kind"] for c in found["resolution"]["candidates"]} == {None}
    page = call("route", "X1", "--table", "t")
    assert "── H98.1  Sở một\n" in page.stdout
    assert "── H98.2\n" in page.stdout


# -- what a table cannot do ------------------------------------------------------------------------


EVIL_NAME = "[bold red]đỏ[/] :smile:"


def test_no_text_of_a_table_commands_the_terminal(tmp_path: Path) -> None:
    evil = "A\u202egpj\u2069 [bold red]đỏ[/] :smile: \u0085\x9b2J"
    path = tmp_path / "a.json"
    agency = Agency("H98.1", EVIL_NAME, kind=evil, system=evil, source=evil, connection=Connection.CONNECTED)
    path.write_bytes(dump_json([agency], TableInfo(version=evil, carrier=evil)))
    for arguments in (["route", "H98.1"], ["route", "\x1b[31mH\u202e"], ["agencies", "show", "H98.1"]):
        output = call(*arguments, "--table", path, env={"NO_COLOR": "1"}).output
        assert [ch for ch in output if unicodedata.category(ch) in {"Cc", "Cf"} and ch != "\n"] == []
    assert EVIL_NAME in call("route", "H98.1", "--table", path, env={"NO_COLOR": "1"}).stdout


def test_the_json_is_the_same_in_both_languages() -> None:
    arguments = ("route", "H02", "G04", "@ministries", "--at", "2025-07-01", "--json", "--lang")
    assert call(*arguments, "vi").stdout == call(*arguments, "en").stdout
