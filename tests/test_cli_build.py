"""``vndoc build``: from a description and files to a packet; strict about what we originate, inventing nothing."""

from __future__ import annotations

import datetime
import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

import vndoc
from cli_support import call, results
from vndoc.cli._template import TEMPLATES

TODAY = ("--today", "2026-03-10")
TOML = """
subject = "Trích yếu mẫu"
[from]
organ_id = "H41"
organ_name = "Cơ quan gửi mẫu"
[[to]]
organ_id = "H14.12"
organ_name = "Cơ quan nhận mẫu"
[code]
number = "07"
notation = "TB-UBND"
[promulgation_info]
promulgation_date = 2026-03-04
[document_type]
type = 2
type_name = "Thông báo"
[signer_info]
position = "Chủ tịch"
full_name = "Nguyễn Văn Mẫu"
[other_info]
priority = 0
[trace_header_list.bussiness]
bussiness_doc_type = 0
[[trace_header_list.trace_headers]]
organ_id = "H41"
timestamp = 2026-03-04T10:11:12
"""


def iso(value: datetime.date) -> str:
    return value.isoformat()


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "mo-ta.toml"
    path.write_text(TOML, encoding="utf-8")
    return path


def built(*arguments: object, code: int = 0, **more: Any) -> dict[str, Any]:
    (found,) = results("build", *arguments, *TODAY, code=code, **more)
    return found


def refused(toml: Path, old: str, new: str, *, code: int = 2) -> str:
    """Build with *old* replaced by *new*; return the English text of the error, with its code."""
    assert old in TOML
    toml.write_text(TOML.replace(old, new), encoding="utf-8")
    output = toml.parent / "refused.edxml"
    error = built(toml, "-o", output, code=code)["error"]
    assert not output.exists()
    assert error["text"]["vi"] != error["text"]["en"]
    return f"{error['code']}: {error['text']['en']}"


def test_a_description_becomes_a_packet(toml: Path, tmp_path: Path) -> None:
    found = built(toml, "-o", tmp_path / "a.edxml")
    assert (found["status"], found["written"], found["derived"]) == (
        "passed",
        True,
        {"document_id": "H41,2026/03/04,07/TB-UBND"},
    )
    packet = vndoc.read_packet(tmp_path / "a.edxml")
    assert isinstance(packet, vndoc.DocumentPacket)
    assert packet.document_id == "H41,2026/03/04,07/TB-UBND"
    assert packet.trace_header_list is not None
    assert packet.trace_header_list.trace_headers[0].timestamp.isoformat() == "2026-03-04T10:11:12"  # type: ignore[union-attr]
    assert found["business_key"] == str(vndoc.business_key(packet))
    assert found["content_digest"] == vndoc.content_digest(packet).hex()
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a.edxml", "mo-ta.toml"]


@pytest.mark.parametrize(("lang", "word"), [("vi", "Đã ghi"), ("en", "Wrote")])
def test_the_page_says_what_was_made(toml: Path, tmp_path: Path, lang: str, word: str) -> None:
    page = call("build", toml, "-o", tmp_path / "a.edxml", *TODAY, "--lang", lang)
    assert page.exit_code == 0
    assert word in page.stdout
    assert "H41,2026/03/04,07/TB-UBND" in page.stdout


def test_json_on_standard_input(tmp_path: Path) -> None:
    values = json.loads(json.dumps(tomllib.loads(TOML), default=iso))
    values["document_id"] = "cho-san"
    found = built("-", "-o", tmp_path / "a.edxml", stdin=json.dumps(values))
    assert found["input"] == "-"
    assert found["derived"] == {}
    assert vndoc.read(tmp_path / "a.edxml").document.document_id == "cho-san"


def test_the_same_from_a_json_file(toml: Path, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text("\ufeff" + json.dumps(tomllib.loads(TOML), default=iso), encoding="utf-8")
    built(toml, "-o", tmp_path / "a.edxml")
    built(tmp_path / "m.json", "-o", tmp_path / "b.edxml")
    assert (tmp_path / "a.edxml").read_bytes() == (tmp_path / "b.edxml").read_bytes()


def test_attachments_of_the_description_and_of_the_command(toml: Path, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "mot.pdf").write_bytes(b"%PDF-1.4 mot")
    (tmp_path / "hai.txt").write_bytes(b"hai")
    text = TOML + (
        '[[attachments]]\npath = "sub/mot.pdf"\nname = "Văn bản.pdf"\n'
        'description = "chính"\ncontent_id = "cid:7"\nlabel = ""\n'
    )
    toml.write_text(text, encoding="utf-8")
    built(toml, tmp_path / "hai.txt", "-o", tmp_path / "a.edxml")
    with vndoc.read(tmp_path / "a.edxml") as reading:
        one, two = reading.document.attachments
        assert (one.name, one.description, one.content_id, one.label) == (
            "Văn bản.pdf",
            "chính",
            "cid:7",
            "application/pdf",
        )
        assert (two.name, two.label, two.open().read()) == ("hai.txt", "text/plain", b"hai")


def test_times_with_an_offset_become_vietnam_time(toml: Path, tmp_path: Path) -> None:
    toml.write_text(TOML.replace("2026-03-04T10:11:12", "2026-03-04T03:11:12Z"), encoding="utf-8")
    built(toml, "-o", tmp_path / "a.edxml")
    assert b"2026/03/04 10:11:12" in (tmp_path / "a.edxml").read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "subject =",
            "subjetc =",
            "invalid: there is no key subjetc; is it subject?",
        ),
        ("[from]", "[form]", "there is no key form; is it from?"),
        ("organ_name =", "organ_nam =", "there is no key from.organ_nam; is it organ_name?"),
        ("subject =", "qqqq =", "there is no key qqqq."),
        ("subject =", "signature = 'x'\nsubject =", "there is no key signature."),
        ('"Trích yếu mẫu"', "3", "subject: str expected"),
        ("[[to]]", "[to]", "to: a list expected"),
        ("priority = 0", "priority = '0'", "other_info.priority: int expected"),
        ("[code]", "[[code]]", "code: an object expected"),
        ("promulgation_date = 2026-03-04", "promulgation_date = 10:11:12", "promulgation_date: a time without a date"),
        ("promulgation_date = 2026-03-04", "promulgation_date = '04/03/2026'", "promulgation_date: an ISO 8601 date"),
        ("subject =", "due_date = 2026-02-30\nsubject =", "build-description"),
        ("subject =", "response_for = ['x']\nsubject =", "response_for[0]: a table (object) is needed"),
        ("subject =", "kind = 'letter'\nsubject =", "kind: document or status is needed"),
        ("subject =", "to_places = [[['x']]]\nsubject =", "to_places[0]: str expected"),
        ("subject =", "attachments = 'x'\nsubject =", "attachments: a list is needed"),
        ("subject =", "attachments = ['x']\nsubject =", "attachments[0]: a table (object) is needed"),
        ("subject =", "attachments = [{path = 3}]\nsubject =", "attachments[0].path: a text is needed"),
        ("subject =", "attachments = [{name = 'x'}]\nsubject =", "attachments[0]: path is missing"),
        ("subject =", "attachments = [{paht = 'x'}]\nsubject =", "there is no key attachments[0].paht; is it path?"),
        ("subject =", "attachments = [{zzzz = 'x'}]\nsubject =", "there is no key attachments[0].zzzz."),
        ("subject =", "attachments = [{path = 'none.pdf'}]\nsubject =", "source-unreadable"),
        ("subject =", "subject", "build-description"),
        ("subject =", "status_code = '03'\nsubject =", "there is no key subject"),
    ],
)
def test_a_description_that_makes_no_sense(toml: Path, old: str, new: str, expected: str) -> None:
    assert expected in refused(toml, old, new)


@pytest.mark.parametrize(
    "data", [b"[1]", b"{", b"\xff\xfe", b"[" * 100_000, b"1" * 5000, b'{"a": NaN}', b" " * (4 * 1024 * 1024 + 1)]
)
def test_json_that_makes_no_sense(tmp_path: Path, data: bytes) -> None:
    error = built("-", "-o", tmp_path / "a.edxml", code=2, stdin=data)["error"]
    assert error["code"] == "build-description"


def test_parts_that_are_absent_are_not_checked(tmp_path: Path) -> None:
    for values in ({}, {"from": {}}, {"code": {"number": "07"}}, {"status_code": "03"}):
        error = built("-", "-o", tmp_path / "a.edxml", code=1, stdin=json.dumps(values))["error"]
        assert error["code"] == "missing-element"


def test_a_status_packet_takes_no_files(tmp_path: Path) -> None:
    text = call("build", "--template", "status").stdout
    (tmp_path / "s.toml").write_text(text, encoding="utf-8")
    (tmp_path / "a.pdf").write_bytes(b"x")
    error = built(tmp_path / "s.toml", tmp_path / "a.pdf", "-o", tmp_path / "a.edxml", code=2)["error"]
    assert "attachments" in error["text"]["en"]


@pytest.mark.parametrize("name", ["mo-ta.yaml", "none.toml", "none.json"])
def test_descriptions_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    assert built(tmp_path / name, "-o", tmp_path / "a.edxml", code=2)["error"]["code"] in {
        "build-description",
        "source-unreadable",
    }


def test_nothing_is_invented(toml: Path) -> None:
    """An absent mandatory field is an error with its path: only the document id is made, of parts that are there."""
    error = refused(toml, '[code]\nnumber = "07"\nnotation = "TB-UBND"', "", code=1)
    assert error.startswith("missing-element")
    assert "MessageHeader/DocumentId" in error
    assert "MessageHeader/Code" in error
    assert "MessageHeader/PromulgationInfo" in refused(toml, "promulgation_date = 2026-03-04", "", code=1)


def test_a_document_id_that_cannot_be_made(toml: Path) -> None:
    assert refused(toml, '"TB-UBND"', '"TB UBND"', code=1).startswith("document-id-invalid")


def test_irregular_codes_of_sender_and_receivers(toml: Path, tmp_path: Path) -> None:
    assert refused(toml, '"H14.12"', '"h14.12"', code=1).startswith("organ-code-invalid")
    (found,) = results("build", toml, "-o", tmp_path / "a.edxml", *TODAY, code=1)
    assert found["error"]["place"]["path"] == "to[0].organ_id"
    found = built(toml, "-o", tmp_path / "a.edxml", "--allow-irregular")
    assert found["written"]
    assert vndoc.read(tmp_path / "a.edxml").document.to[0].organ_id.text == "h14.12"  # type: ignore[union-attr]


def test_doubtful_number_and_notation_are_warnings(toml: Path, tmp_path: Path) -> None:
    toml.write_text(TOML.replace('"07"', '"7"').replace("TB-UBND", "TB-UBND#1"), encoding="utf-8")
    found = built(toml, "-o", tmp_path / "a.edxml")
    assert [d["code"] for d in found["doubts"]] == ["code-number-invalid", "code-notation-invalid"]
    page = call("build", toml, "-o", tmp_path / "b.edxml", *TODAY)
    assert page.exit_code == 0
    assert "code.number" in page.stderr


def test_errors_keep_the_packet_from_being_written(toml: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.edxml"
    arguments = (toml, "-o", target)
    (found,) = results("build", *arguments, "--today", "2026-03-01", code=1)
    assert (found["written"], found["output"], found["report"]["counts"]["error"]) == (False, None, 1)
    page = call("build", *arguments, "--today", "2026-03-01", "--lang", "vi")
    assert page.exit_code == 1
    assert "--force" in page.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mo-ta.toml"]
    (forced,) = results("build", *arguments, "--today", "2026-03-01", "--force", code=1)
    assert (forced["written"], forced["status"]) == (True, "failed")
    assert target.is_file()


def test_nothing_is_overwritten_unasked(toml: Path, tmp_path: Path) -> None:
    target = tmp_path / "a.edxml"
    target.write_bytes(b"mine")
    refusal = built(toml, "-o", target, code=2)
    assert (refusal["input"], refusal["error"]["code"]) == (str(toml), "target-exists")
    assert target.read_bytes() == b"mine"
    built(toml, "-o", target, "--overwrite")
    assert target.read_bytes().startswith(b"<?xml")


def test_a_link_is_not_followed(toml: Path, tmp_path: Path) -> None:
    victim, link = tmp_path / "victim", tmp_path / "a.edxml"
    victim.write_bytes(b"mine")
    link.symlink_to(victim)
    assert built(toml, "-o", link, code=2)["error"]["code"] == "target-exists"
    built(toml, "-o", link, "--overwrite")
    assert victim.read_bytes() == b"mine"
    assert not link.is_symlink()


def test_the_file_has_the_rights_of_any_new_file(toml: Path, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        built(toml, "-o", tmp_path / "a.edxml")
    finally:
        os.umask(before)
    assert (tmp_path / "a.edxml").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("target", ["none/a.edxml", "."])
def test_targets_that_cannot_be_written(toml: Path, tmp_path: Path, target: str) -> None:
    found = built(toml, "-o", tmp_path / target, code=2)
    assert found["error"]["code"] in {"target-unwritable", "target-exists"}
    found = built(toml, "-o", tmp_path / target, "--overwrite", code=2)
    assert found["error"]["code"] == "target-unwritable"


def test_the_profile_decides_how_it_is_written(toml: Path, tmp_path: Path) -> None:
    found = built(toml, "-o", tmp_path / "a.edxml", "--profile", "vxp")
    assert found["profile"] == "vxp"
    assert b"<edXML:Direction>false</edXML:Direction>" in (tmp_path / "a.edxml").read_bytes()


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("kind", list(TEMPLATES))
def test_each_template_builds_as_printed(tmp_path: Path, kind: str, lang: str) -> None:
    text = call("build", "--template", kind, "--lang", lang).stdout
    (tmp_path / "t.toml").write_text(text, encoding="utf-8")
    found = built(tmp_path / "t.toml", "-o", tmp_path / "a.edxml")
    assert found["report"]["counts"]["error"] == 0
    packet = vndoc.read_packet(tmp_path / "a.edxml")
    if isinstance(packet, vndoc.DocumentPacket):
        assert packet.bussiness_doc_type == ["document", "recall", "update", "replace"].index(kind)
    else:
        assert kind == "status"


@pytest.mark.parametrize("kind", list(TEMPLATES))
def test_everything_a_template_mentions_is_a_key(tmp_path: Path, kind: str) -> None:
    """With every comment mark taken away, the template is still a description that makes sense."""
    lines = call("build", "--template", kind).stdout.splitlines()
    head = next(n for n, line in enumerate(lines) if not line.startswith("#"))
    bare = [line.lstrip("# ") for line in lines[head:]]
    (tmp_path / "van-ban.pdf").write_bytes(b"%PDF-1.4")
    text = "\n".join(line for line in bare if " = " in line.split('"')[0] or line.startswith("["))
    (tmp_path / "t.toml").write_text(text, encoding="utf-8")
    page = call("build", tmp_path / "t.toml", "-o", tmp_path / "a.edxml", *TODAY)
    assert "[build-description]" not in page.stderr


def test_a_template_as_json() -> None:
    (found,) = results("build", "--template", "recall")
    assert tomllib.loads(found["template"])["trace_header_list"]["bussiness"]["bussiness_doc_type"] == 1


def test_options_that_do_not_fit(toml: Path, tmp_path: Path) -> None:
    for arguments in (["--template", "letter"], [], [toml], ["-o", tmp_path / "a.edxml"]):
        (found,) = results("build", *arguments, code=2)
        assert found["error"]["code"] == "option-invalid"


def test_files_for_a_status_packet_are_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "status.toml"
    path.write_text(call("build", "--template", "status").stdout, encoding="utf-8")
    file = tmp_path / "a.pdf"
    file.write_bytes(b"%PDF-1.7")
    (found,) = results("build", path, file, "-o", tmp_path / "a.edxml", code=2)
    assert "a status packet has no attachments" in found["error"]["text"]["en"]
    assert "gói tin trạng thái không có tệp đính kèm" in found["error"]["text"]["vi"]
