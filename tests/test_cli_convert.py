"""``vndoc convert``: written again, and what that changed."""

from __future__ import annotations

from pathlib import Path

import pytest

import vndoc
from cli_support import attached, call, document, results, save


def test_probes_become_what_the_standard_says(probes: Path, tmp_path: Path) -> None:
    (found,) = results("convert", probes / "14_no_cid.edxml", "-o", tmp_path / "a.edxml", "--profile", "vxp")
    assert found["same_content"]
    assert found["size"] == (tmp_path / "a.edxml").stat().st_size
    before = [d.id for d in vndoc.read(probes / "14_no_cid.edxml").deviations]
    after = [d.id for d in vndoc.read(tmp_path / "a.edxml").deviations]
    gone, left = sum(found["gone"].values()), sum(found["remaining"].values())
    assert (gone + left, left + sum(found["new"].values())) == (len(before), len(after))


def test_a_cosmetic_probe_becomes_its_golden_file(probes: Path, golden: Path, tmp_path: Path) -> None:
    probe = probes / "08_manifest_element_name.edxml"
    (found,) = results("convert", probe, "-o", tmp_path / "a.edxml", "--profile", "vxp")
    assert found["gone"] == {"manifest-name": 1}
    assert (tmp_path / "a.edxml").read_bytes() == (golden / "document_0_new.edxml").read_bytes()


@pytest.mark.parametrize(
    ("lang", "word"), [("en", "departures gone: manifest-name"), ("vi", "hết sai lệch: manifest-name")]
)
def test_the_page_says_what_changed(probes: Path, tmp_path: Path, lang: str, word: str) -> None:
    probe = probes / "08_manifest_element_name.edxml"
    page = call("convert", probe, "-o", tmp_path / "a.edxml", "--profile", "vxp", "--lang", lang)
    assert page.exit_code == 0
    assert word in page.stdout


def test_to_json_and_back(tmp_path: Path) -> None:
    packet = document(attachments=attached("a.pdf", "b.xlsx"))
    path = save(tmp_path / "a.edxml", packet, profile="vxp")
    (there,) = results("convert", path, "-o", tmp_path / "a.json", "--to", "json")
    assert (there["to"], there["profile"]) == ("json", None)
    (back,) = results("convert", tmp_path / "a.json", "-o", tmp_path / "b.edxml", "--profile", "vxp")
    assert back["same_content"]
    assert (tmp_path / "b.edxml").read_bytes() == path.read_bytes()


def test_status_packets_too(golden: Path, tmp_path: Path) -> None:
    path = golden / "status_03_accepted.edxml"
    results("convert", path, "-o", tmp_path / "s.json", "--to", "json")
    results("convert", tmp_path / "s.json", "-o", tmp_path / "s.edxml", "--profile", "vxp")
    assert (tmp_path / "s.edxml").read_bytes() == path.read_bytes()


def test_a_folder_into_a_folder_keeps_its_shape(tmp_path: Path) -> None:
    save(tmp_path / "in" / "a.edxml", document())
    save(tmp_path / "in" / "sub" / "a.xml", document(subject="khác"))
    (tmp_path / "in" / "bad.edxml").write_bytes(b"bad")
    (tmp_path / "out").mkdir()
    found = results("convert", tmp_path / "in", "-o", tmp_path / "out", code=2)
    assert [one["status"] for one in found] == ["passed", "error", "passed"]
    written = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*"))
    assert written == ["a.edxml", "sub", "sub/a.edxml"]


def test_two_packets_never_become_one_file(tmp_path: Path) -> None:
    one = save(tmp_path / "1" / "a.edxml", document())
    two = save(tmp_path / "2" / "a.edxml", document(subject="khác"))
    (tmp_path / "out").mkdir()
    found = results("convert", one, two, "-o", tmp_path / "out", "--overwrite", code=2)
    assert [one["status"] for one in found] == ["passed", "error"]
    assert found[1]["error"]["code"] == "target-exists"
    assert vndoc.read(tmp_path / "out" / "a.edxml").document.subject == "Trích yếu mẫu"


def test_the_folder_for_several_packets_is_made(tmp_path: Path) -> None:
    one, two = save(tmp_path / "a.edxml", document()), save(tmp_path / "b.edxml", document())
    results("convert", one, two, "-o", tmp_path / "new" / "out")
    assert sorted(path.name for path in (tmp_path / "new" / "out").iterdir()) == ["a.edxml", "b.edxml"]
    (found,) = results("convert", one, two, "-o", one, code=2)
    assert found["error"]["code"] == "target-unwritable"


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    path = save(tmp_path / "a.edxml", document())
    before = path.read_bytes()
    page = call("convert", path, "-o", path)
    assert page.exit_code == 2
    assert "--overwrite" in page.stderr
    assert path.read_bytes() == before
    (found,) = results("convert", path, "-o", path, "--overwrite", "--profile", "vxp")
    assert found["same_content"]
    assert b"Direction" in path.read_bytes()


@pytest.mark.parametrize(
    ("options", "code"), [(["--to", "pdf"], "option-invalid"), (["--profile", "x"], "unknown-profile")]
)
def test_options_that_do_not_fit(tmp_path: Path, options: list[str], code: str) -> None:
    path = save(tmp_path / "a.edxml", document())
    (found,) = results("convert", path, "-o", tmp_path / "b.edxml", *options, code=2)
    assert found["error"]["code"] == code


@pytest.mark.parametrize(
    ("profile", "outcome", "word"), [("qcvn-102", "left-out", "no XML-DSig"), ("vxp", "kept", "copied")]
)
def test_what_became_of_the_signature_is_told(
    golden: Path, tmp_path: Path, profile: str, outcome: str, word: str
) -> None:
    arguments = ("convert", golden / "document_0_new.edxml", "--profile", profile)
    (found,) = results(*arguments, "-o", tmp_path / "a.edxml")
    assert found["signature"] == outcome
    assert (b"<Signature>" in (tmp_path / "a.edxml").read_bytes()) == (outcome == "kept")
    assert word in call(*arguments, "-o", tmp_path / "b.edxml").stdout


def test_what_cannot_be_written_fails_and_leaves_nothing(tmp_path: Path) -> None:
    incomplete = tmp_path / "in.json"
    incomplete.write_text('{"kind": "document", "subject": "x"}')
    (found,) = results("convert", incomplete, "-o", tmp_path / "b.edxml", code=1)
    assert (found["status"], found["error"]["code"]) == ("failed", "missing-element")
    assert not (tmp_path / "b.edxml").exists()


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"kind": "document", "subjet": "x"}', "\ud800".encode("utf-8", "surrogatepass")]
)
def test_json_that_is_no_packet(tmp_path: Path, text: str | bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    (found,) = results("convert", path, "-o", tmp_path / "b.edxml", code=2)
    assert found["error"]["code"] == "json-invalid"


def test_json_that_cannot_be_read(tmp_path: Path) -> None:
    (found,) = results("convert", tmp_path / "none.json", "-o", tmp_path / "b.edxml", code=2)
    assert found["error"]["code"] == "source-unreadable"


def test_json_above_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import attrs  # noqa: PLC0415

    from vndoc.cli import _convert  # noqa: PLC0415

    (tmp_path / "a.json").write_text("x" * 11)
    monkeypatch.setattr(_convert, "DEFAULT", attrs.evolve(_convert.DEFAULT, packet_bytes=10))
    (found,) = results("convert", tmp_path / "a.json", "-o", tmp_path / "b.edxml", code=2)
    assert found["error"]["code"] == "limit-packet-bytes"


def test_content_that_differs_is_not_handed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vndoc.cli import _convert  # noqa: PLC0415

    path = save(tmp_path / "a.edxml", document())
    monkeypatch.setattr(_convert, "_same", lambda *_: False)
    (found,) = results("convert", path, "-o", tmp_path / "b.edxml", code=1)
    assert (found["output"], found["same_content"]) == (None, False)
    assert not (tmp_path / "b.edxml").exists()
    assert "DIFFERS" in call("convert", path, "-o", tmp_path / "b.edxml").stdout


def test_standard_input_and_recover(golden: Path, tmp_path: Path) -> None:
    data = b"1212" + (golden / "document_1_recall.edxml").read_bytes()
    (tmp_path / "out").mkdir()
    results("convert", "-", "-o", tmp_path / "out", "--recover", "--profile", "vxp", stdin=data)
    assert (tmp_path / "out" / "stdin.edxml").read_bytes() == data[4:]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    save(tmp_path / "in" / "sub" / "a.edxml", document())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sub").write_bytes(b"a file")
    (found,) = results("convert", tmp_path / "in", "-o", tmp_path / "out", code=2)
    assert found["error"]["code"] == "target-unwritable"
