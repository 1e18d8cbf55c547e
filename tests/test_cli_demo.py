"""``vndoc demo``: the story ends well, in both languages, and the example it tells is what it claims to be."""

from __future__ import annotations

import importlib.util
import re
from importlib import resources
from pathlib import Path

import pytest

import vndoc
from cli_support import call, results
from vndoc.cli import _demo
from vndoc.text import Text


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        (
            "en",
            (
                "Step 1.",
                "Step 16.",
                "Document packet: new document",
                "goes to H05",
                "as an axis delivers it: valid",
                "Done",
            ),
        ),
        ("vi", ("Bước 1.", "Bước 16.", "Cơ quan gửi", "đến H05", "khi một tệp bị sửa: không hợp lệ", "Xong")),
    ],
)
def test_the_story_ends_well(lang: str, words: tuple[str, ...]) -> None:
    page = call("demo", "--lang", lang)
    assert page.exit_code == 0
    assert page.stderr == ""
    assert [word for word in words if word not in page.stdout] == []


def test_each_step_passes_and_tells_something() -> None:
    found = results("demo")
    assert [one["step"] for one in found] == list(range(1, len(_demo.STEPS) + 1))
    assert {one["status"] for one in found} == {"passed"}
    assert all(line["vi"] and line["en"] for one in found for line in one["lines"])
    digests = {re.match(r"[0-9a-f]{64}", line["en"])[0] for line in found[5]["lines"]}  # type: ignore[index]
    assert len(digests) == 1


def test_files_are_kept_where_asked(tmp_path: Path) -> None:
    page = call("demo", "--keep", tmp_path / "story")
    assert page.exit_code == 0
    assert str(tmp_path / "story") in page.stdout
    names = sorted(path.name for path in (tmp_path / "story").iterdir())
    assert names == ["bang-chung", "goi-tin.edxml", "packet.toml", "phu-luc.csv", "thong-bao.pdf"]
    again = results("demo", "--keep", tmp_path / "story", code=2)
    assert again[0]["error"]["code"] == "target-exists"
    assert len(results("demo", "--keep", tmp_path / "story", "--overwrite")) == 16


def test_the_kept_files_build_the_same_packet(tmp_path: Path) -> None:
    results("demo", "--keep", tmp_path)
    results("build", tmp_path / "packet.toml", "-o", tmp_path / "again.edxml", "--today", "2026-03-04")
    assert (tmp_path / "again.edxml").read_bytes() == (tmp_path / "goi-tin.edxml").read_bytes()
    assert vndoc.read(tmp_path / "again.edxml").deviations == ()


def test_a_step_that_fails_ends_the_story(monkeypatch: pytest.MonkeyPatch) -> None:
    failing = _demo.Step(Text("hỏng", "broken"), lambda _: _demo.Told((Text("x", "y"),), passed=False))
    monkeypatch.setattr(_demo, "STEPS", (failing, *_demo.STEPS))
    found = results("demo", code=1)
    assert [(one["step"], one["status"]) for one in found] == [(1, "failed")]
    assert "This step failed." in call("demo").stdout


def test_no_room_for_the_story(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.TemporaryDirectory", refuse)
    (found,) = results("demo", code=2)
    assert found["error"]["code"] == "target-unwritable"


def test_the_example_pdf_is_one() -> None:
    """Offsets of the cross-reference table and length of the stream, by an independent look."""
    data = resources.files("vndoc.cli").joinpath("example", "thong-bao.pdf").read_bytes()
    assert data.startswith(b"%PDF-1.4\n")
    assert data.endswith(b"%%EOF\n")
    start = int(re.search(rb"startxref\n(\d+)\n", data)[1])  # type: ignore[index]
    assert data[start:].startswith(b"xref\n0 6\n")
    offsets = [int(found) for found in re.findall(rb"(\d{10}) 00000 n", data)]
    assert [data[at : at + 7] for at in offsets] == [b"%d 0 obj" % number for number in range(1, 6)]
    stream = re.search(rb"/Length (\d+) >>\nstream\n(.*)endstream", data, re.DOTALL)
    assert stream is not None
    assert int(stream[1]) == len(stream[2])


def test_the_folder_of_evidence_is_accepted_as_the_story_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = results("demo", "--keep", tmp_path)[-1]["lines"]
    command = next(line["en"] for line in told if line["en"].startswith("vndoc verify ")).split()[1:]
    monkeypatch.chdir(tmp_path)
    found = results(*command)
    assert [one["status"] for one in found] == ["passed"]
    packet, record, *options = "bang-chung/goi-tin.edxml", "bang-chung/bang-chung.json", *command[2:4], *command[6:]
    assert results("evidence", "check", record, packet, *options)[0]["status"] == "passed"
    changed = Path(packet).read_bytes().replace(b"CodeNumber>07<", b"CodeNumber>08<")
    Path(packet).write_bytes(changed)
    assert results(*command, code=1)[0]["status"] == "failed"


def test_an_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    known = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "sqlalchemy" else known(name))
    page = call("demo", "--lang", "en")
    assert page.exit_code == 2
    assert "vndoc[store]" in page.stderr
