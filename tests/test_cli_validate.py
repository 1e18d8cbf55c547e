"""``vndoc validate`` and ``vndoc profiles``."""

from __future__ import annotations

from pathlib import Path

import pytest

import vndoc
from cli_support import attached, call, document, hostile, results, save

TODAY = ("--today", "2026-03-10")


def test_a_good_packet_passes(tmp_path: Path) -> None:
    path = save(tmp_path / "a.edxml", document())
    (found,) = results("validate", path, *TODAY)
    assert (found["status"], found["profile"], found["structure"]) == ("passed", "qcvn-102", "fast")
    assert found["counts"]["error"] == 0
    page = call("validate", path, *TODAY)
    assert page.exit_code == 0
    assert page.stdout.startswith(f"{path}: passed (0 errors, ")


def broken(path: Path) -> Path:
    """A packet with an error: the receiver stands in it twice."""
    data = vndoc.write_packet(document()).decode()
    start, end = data.index("    <edXML:To>"), data.index("</edXML:To>") + len("</edXML:To>\r\n")
    path.write_text(data[:end] + data[start:end] + data[end:], encoding="utf-8", newline="")
    return path


def test_findings_are_those_of_the_library(tmp_path: Path) -> None:
    path = broken(tmp_path / "a.edxml")
    report = vndoc.validate(path, today=document().promulgation_info.promulgation_date)  # type: ignore[union-attr]
    (found,) = results("validate", path, "--today", "2026-03-04", code=1)
    assert [(f["id"], f["severity"], f["place"]["path"]) for f in found["findings"]] == [
        (f.id, f.severity.value, f.place.path) for f in report.findings
    ]
    assert found["counts"]["error"] == len(report.errors) > 0


@pytest.mark.parametrize(("lang", "words"), [("en", ("failed", "error: ")), ("vi", ("không đạt", "lỗi: "))])
def test_findings_are_grouped_by_file(tmp_path: Path, lang: str, words: tuple[str, ...]) -> None:
    bad, good = broken(tmp_path / "a.edxml"), save(tmp_path / "b.edxml", document())
    page = call("validate", tmp_path, *TODAY, "--lang", lang)
    assert page.exit_code == 1
    assert all(word in page.stdout for word in words)
    assert page.stdout.index(str(bad)) < page.stdout.index(words[1]) < page.stdout.index(str(good))


def test_today_decides_about_dates(tmp_path: Path) -> None:
    path = save(tmp_path / "a.edxml", document())
    assert results("validate", path, *TODAY)[0]["status"] == "passed"
    before = results("validate", path, "--today", "2026-03-03", code=1)[0]
    assert before["counts"]["error"] == 1


def test_the_profile_adds_limits(tmp_path: Path) -> None:
    path = save(tmp_path / "a.edxml", document(attachments=attached("văn bản.pdf")))
    assert results("validate", path, *TODAY)[0]["status"] == "passed"
    found = results("validate", path, *TODAY, "--profile", "ninh-binh", code=1)[0]
    assert found["profile"] == "ninh-binh"
    assert "AttachmentName" in {f["place"]["path"].rpartition("/")[2] for f in found["findings"]}


def test_strict_fails_on_warnings(golden: Path) -> None:
    path = golden / "document_0_new.edxml"
    (found,) = results("validate", path, *TODAY)
    assert found["counts"]["warning"] > 0
    (strict,) = results("validate", path, *TODAY, "--strict", code=1)
    assert strict["status"] == "failed"
    assert strict["findings"] == found["findings"]


def test_structure_as_sent(tmp_path: Path) -> None:
    path = save(tmp_path / "a.edxml", document())
    (found,) = results("validate", path, *TODAY, "--structure", "as-sent")
    assert (found["structure"], found["status"]) == ("as-sent", "passed")


@pytest.mark.parametrize(
    ("option", "value", "code"), [("--profile", "vpx", "unknown-profile"), ("--structure", "slow", "unknown-structure")]
)
def test_names_that_do_not_exist(tmp_path: Path, option: str, value: str, code: str) -> None:
    path = save(tmp_path / "a.edxml", document())
    (found,) = results("validate", path, option, value, code=2)
    assert found["error"]["code"] == code
    page = call("validate", path, option, value, "--lang", "vi")
    assert page.exit_code == 2
    assert "Không có" in page.stderr


def test_recover_and_standard_input(golden: Path) -> None:
    data = b"1212" + (golden / "document_1_recall.edxml").read_bytes()
    assert results("validate", "-", stdin=data, code=2)[0]["error"]["code"] == "xml-junk"
    found = results("validate", "-", "--recover", *TODAY, stdin=data)[0]
    assert "junk-before-xml" in {f["id"] for f in found["findings"]}


def test_unusable_outranks_failed(tmp_path: Path) -> None:
    broken(tmp_path / "a.edxml")
    (tmp_path / "b.edxml").write_bytes(b"<!DOCTYPE x [<!ENTITY e 'e'>]><edXML/>")
    found = results("validate", tmp_path, *TODAY, code=2)
    assert [one["status"] for one in found] == ["failed", "error"]


def test_findings_cannot_command_the_terminal(tmp_path: Path) -> None:
    path = hostile(tmp_path / "a.edxml", "../\x9b2J\u202e.pdf")
    found = call("validate", path, *TODAY)
    assert not {"\x9b", "\u202e"} & set(found.output)
    assert not {"\x9b", "\u202e"} & set(call("validate", path, *TODAY, "--json").output)


def test_personal_data_does_not_stand_in_findings(tmp_path: Path) -> None:
    """What is wrong with a clerk's address is said without the address; ``inspect --full`` shows it."""
    staff = vndoc.StaffInfo(staff="Trần Thị Mẫu", email="khong phai thu", mobile="0900000001" * 4)
    packet = document()
    trace = packet.trace_header_list
    assert trace is not None
    assert trace.bussiness is not None
    trace = trace.evolve(bussiness=trace.bussiness.evolve(staff_info=(staff,)))
    path = save(tmp_path / "a.edxml", packet.evolve(trace_header_list=trace))
    found = call("validate", path, *TODAY, "--json").stdout
    assert "StaffInfo" in found
    assert "khong phai thu" not in found
    assert "0900000001" not in found + call("validate", path, *TODAY).stdout


def test_profiles_are_listed_with_their_limits() -> None:
    found = results("profiles")
    assert [one["name"] for one in found] == list(vndoc.PROFILES)
    limits = {one["name"]: one["limits"] for one in found}
    assert limits["qcvn-102-2016"] == {"organ_code_length": 13}
    assert limits["ninh-binh"]["attachment_name_ascii"] is True
    assert "agency codes of at most 4 groups" in call("profiles").stdout
    assert "52.428.800 byte" in call("profiles", "--lang", "vi").stdout
