"""``vndoc extract``: names, links and damage by strangers; nothing lands outside, nothing is half written."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest

import vndoc
from cli_support import attached, call, document, hostile, results, save
from vndoc.cli import _extract
from vndoc.cli._target import Draft, SafeFolder
from vndoc.errors import SourceError


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below *folder*, with its octets."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_attachments_become_files(tmp_path: Path) -> None:
    packet = document(attachments=attached("văn bản.pdf", "bảng.xlsx"))
    path = save(tmp_path / "a.edxml", packet, profile="vxp")
    (found,) = results("extract", path, "-d", tmp_path / "out")
    assert tree(tmp_path / "out") == {"văn bản.pdf": "nội dung 1".encode(), "bảng.xlsx": "nội dung 2".encode()}
    for one, attachment in zip(found["attachments"], packet.attachments, strict=True):
        assert one["sha256"] == attachment.digest().hex()
        assert one["size"] == attachment.size == Path(one["path"]).stat().st_size
    page = call("extract", path, "-d", tmp_path / "again", "--lang", "vi")
    assert packet.attachments[0].digest().hex() in page.stdout


def test_packed_octets_are_the_zip(tmp_path: Path) -> None:
    path = save(tmp_path / "a.edxml", document(attachments=attached("b.xlsx", "c.pdf")), profile="vxp")
    (found,) = results("extract", path, "-d", tmp_path / "out", "--packed")
    assert sorted(tree(tmp_path / "out")) == ["b.xlsx.zip", "c.pdf"]
    with zipfile.ZipFile(tmp_path / "out" / "b.xlsx.zip") as archive:
        assert archive.read(archive.infolist()[0]) == "nội dung 1".encode()
    data = (tmp_path / "out" / "b.xlsx.zip").read_bytes()
    assert found["attachments"][0]["sha256"] == hashlib.sha256(data).hexdigest()


HOSTILE = (
    "../../etc/passwd",
    "/etc/cron.d/x",
    "..\\..\\boot.ini",
    "CON",
    "nul.txt",
    "..",
    ".bashrc",
    "a\u202egpj.exe",
    "",
    "A.PDF",
    "a.pdf",
)


def test_hostile_names_stay_in_the_folder(tmp_path: Path) -> None:
    path = hostile(tmp_path / "p" / "a.edxml" if (tmp_path / "p").mkdir() is None else tmp_path, *HOSTILE)
    (found,) = results("extract", path, "-d", tmp_path / "p" / "out")
    assert sorted(tree(tmp_path)) == sorted(
        ["p/a.edxml"]
        + [
            f"p/out/{name}"
            for name in (
                "passwd", "x", "boot.ini", "_CON", "_nul.txt", "attachment-6", "bashrc",
                "agpj.exe", "attachment-9", "A.PDF", "a (2).pdf",
            )
        ]
    )  # fmt: skip
    assert len(found["attachments"]) == len(HOSTILE)
    assert all(Path(one["path"]).parent == tmp_path / "p" / "out" for one in found["attachments"])


def test_names_of_full_length_are_told_apart(tmp_path: Path) -> None:
    name = "ế" * 120 + ".pdf"
    path = save(tmp_path / "a.edxml", document(attachments=attached(name, name)))
    (found,) = results("extract", path, "-d", tmp_path / "out")
    names = [Path(one["path"]).name for one in found["attachments"]]
    assert len(set(names)) == 2
    assert all(len(n.encode()) <= 255 and n.endswith(".pdf") for n in names)


def test_a_symbolic_link_is_never_written_through(tmp_path: Path) -> None:
    path = save(tmp_path / "a.edxml", document(attachments=attached("b.pdf", "c.pdf")))
    victim, out = tmp_path / "victim", tmp_path / "out"
    victim.write_bytes(b"mine")
    out.mkdir()
    (out / "b.pdf").symlink_to(victim)
    (out / "c.pdf").symlink_to(tmp_path / "not-there")
    (found,) = results("extract", path, "-d", out, code=2)
    assert found["status"] == "error"
    assert [one["error"]["code"] for one in found["attachments"]] == ["target-exists", "target-exists"]
    results("extract", path, "-d", out, "--overwrite")
    assert victim.read_bytes() == b"mine"
    assert not (tmp_path / "not-there").exists()
    assert (out / "b.pdf").read_bytes() == "nội dung 1".encode()
    assert not (out / "b.pdf").is_symlink()


def test_a_subfolder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(tmp_path / f"{name}.edxml", document(attachments=attached("x.pdf")))
    outside, out = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    out.mkdir()
    (out / "a").symlink_to(outside, target_is_directory=True)
    found = results("extract", tmp_path / "a.edxml", tmp_path / "b.edxml", "-d", out, "--overwrite", code=2)
    assert [one["status"] for one in found] == ["error", "passed"]
    assert found[0]["error"]["code"] == "target-unwritable"
    assert list(outside.iterdir()) == []
    assert (out / "b" / "x.pdf").is_file()


def test_several_packets_get_a_folder_each(tmp_path: Path) -> None:
    one = save(tmp_path / "1" / "A.edxml", document(attachments=attached("x.pdf")))
    two = save(tmp_path / "2" / "a.edxml", document(attachments=attached("x.pdf")))
    empty = save(tmp_path / "3" / "b.edxml", document())
    results("extract", one, two, empty, "-d", tmp_path / "out")
    assert sorted(tree(tmp_path / "out")) == ["A/x.pdf", "a (2)/x.pdf"]
    page = call("extract", empty, "-d", tmp_path / "out")
    assert "no attachments" in page.stdout


def test_existing_files_are_kept_unless_asked(tmp_path: Path) -> None:
    path = save(tmp_path / "a.edxml", document(attachments=attached("x.pdf", "y.pdf")))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x.pdf").write_bytes(b"mine")
    (found,) = results("extract", path, "-d", tmp_path / "out", code=2)
    assert [one["error"] and one["error"]["code"] for one in found["attachments"]] == ["target-exists", None]
    assert (tmp_path / "out" / "x.pdf").read_bytes() == b"mine"
    page = call("extract", path, "-d", tmp_path / "out")
    assert page.exit_code == 2
    assert "x.pdf" in page.stderr
    results("extract", path, "-d", tmp_path / "out", "--overwrite")
    assert tree(tmp_path / "out")["x.pdf"] != b"mine"


def test_damaged_attachments_leave_nothing_behind(tmp_path: Path) -> None:
    big = b"x" * 3_000_000
    packet = document(attachments=(vndoc.Attachment.of(big, name="big.pdf"), *attached("ok.pdf")))
    data = vndoc.write_packet(packet)
    encoded = base64.b64encode(big)
    at = data.index(encoded) + len(encoded) - 400
    (tmp_path / "a.edxml").write_bytes(data[:at] + b"!" + data[at + 1 :])
    (found,) = results("extract", tmp_path / "a.edxml", "-d", tmp_path / "out", code=1)
    assert [one["error"] and one["error"]["code"] for one in found["attachments"]] == ["base64-damaged", None]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["ok.pdf"]
    page = call("extract", tmp_path / "a.edxml", "-d", tmp_path / "out2", "--lang", "vi")
    assert page.exit_code == 1
    assert "[base64-damaged]" in page.stderr


def test_a_status_packet_has_nothing_to_extract(golden: Path, tmp_path: Path) -> None:
    (found,) = results("extract", golden / "status_03_accepted.edxml", "-d", tmp_path / "out")
    assert found["attachments"] == []


def test_standard_input_and_recover(golden: Path, tmp_path: Path) -> None:
    data = b"1212" + (golden / "document_0_new.edxml").read_bytes()
    (found,) = results("extract", "-", "--recover", "-d", tmp_path / "out", stdin=data)
    assert len(tree(tmp_path / "out")) == len(found["attachments"]) == 8


@pytest.mark.parametrize("folder", ["file", "file/sub"])
def test_a_folder_that_cannot_be_had(tmp_path: Path, folder: str) -> None:
    path = save(tmp_path / "a.edxml", document(attachments=attached("x.pdf")))
    (tmp_path / "file").write_bytes(b"")
    (found,) = results("extract", path, "-d", tmp_path / folder, code=2)
    assert found["error"]["code"] == "target-unwritable"


def test_an_unusable_packet_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.edxml").write_bytes(b"x")
    save(tmp_path / "b.edxml", document(attachments=attached("x.pdf")))
    found = results("extract", tmp_path / "a.edxml", tmp_path / "b.edxml", "-d", tmp_path / "out", code=2)
    assert [one["status"] for one in found] == ["error", "passed"]


def test_a_progress_bar_on_a_terminal_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "a.edxml", document(attachments=attached("[red]x.pdf")))
    seen: list[int] = []

    class Bar:
        def __init__(self, *columns: Any, **options: Any) -> None:
            assert options["transient"]

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *error: object) -> None:
            pass

        def add_task(self, name: str, total: int) -> int:
            assert (name, total) == ("[red]x.pdf", 12)
            return 1

        def advance(self, task: int, count: int) -> None:
            seen.append(count)

    monkeypatch.setattr(_extract, "Progress", Bar)
    assert call("extract", path, "-d", tmp_path / "1").exit_code == 0
    assert seen == []
    terminal = {"FORCE_COLOR": "1"}
    assert call("extract", path, "-d", tmp_path / "2", env=terminal).exit_code == 0
    assert seen == [12]
    assert call("extract", path, "-d", tmp_path / "3", "--json", env=terminal).exit_code == 0
    assert seen == [12]


def test_the_real_progress_bar_runs(tmp_path: Path) -> None:
    path = save(tmp_path / "a.edxml", document(attachments=attached("x.pdf")))
    assert call("extract", path, "-d", tmp_path / "1", env={"FORCE_COLOR": "1", "TERM": "xterm"}).exit_code == 0


# -- drafts ----------------------------------------------------------------------------------------


def test_a_draft_that_is_not_published_leaves_nothing(tmp_path: Path) -> None:
    with Draft(tmp_path / "a", overwrite=False) as draft:
        draft.write(b"half")
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_whoever_comes_first_keeps_the_name(tmp_path: Path) -> None:
    with Draft(tmp_path / "a", overwrite=False) as draft:
        (tmp_path / "a").write_bytes(b"mine")
        with pytest.raises(SourceError) as error:
            draft.publish()
    assert error.value.code == "target-exists"
    assert tree(tmp_path) == {"a": b"mine"}


@pytest.mark.parametrize("taken", [False, True])
def test_without_hard_links_the_draft_is_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: bool) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "no hard links here")

    monkeypatch.setattr("os.link", no_links)
    with Draft(tmp_path / "a", overwrite=False) as draft:
        draft.write(b"new")
        if taken:
            (tmp_path / "a").write_bytes(b"mine")
            with pytest.raises(SourceError):
                draft.publish()
        else:
            draft.publish()
    assert tree(tmp_path) == {"a": b"mine" if taken else b"new"}


@pytest.mark.parametrize("when", ["write", "close"])
def test_a_full_disk_is_our_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    class Full:
        closed = 0

        def write(self, data: bytes) -> int:
            if when == "write":
                raise OSError(errno.ENOSPC, "No space left on device")
            return len(data)

        def close(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    draft = Draft(tmp_path / "a", overwrite=True)
    draft._file.close()
    monkeypatch.setattr(draft, "_file", Full())
    with draft, pytest.raises(SourceError) as error:
        _ = draft.write(b"x"), draft.publish()
    assert error.value.code == "target-unwritable"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    draft = Draft(tmp_path / "a", overwrite=True)
    (tmp_path / "a").mkdir()
    with draft, pytest.raises(SourceError) as error:
        draft.publish()
    assert error.value.code == "target-unwritable"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
@pytest.mark.parametrize("link", [False, True])
def test_only_files_are_overwritten(tmp_path: Path, make: Callable[[Path], None], link: bool) -> None:
    """Moving the draft there would replace a device such as /dev/null for everybody."""
    target = real = tmp_path / "a"
    make(real)
    if link:
        target = tmp_path / "b"
        target.symlink_to(real)
    before = target.lstat().st_ino
    with pytest.raises(SourceError) as error:
        Draft(target, overwrite=True)
    assert (error.value.code, target.lstat().st_ino) == ("target-unwritable", before)
    assert "không phải là tệp" in error.value.text("vi")


def test_standard_output_is_no_target(golden: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (found,) = results("convert", golden / "document_1_recall.edxml", "-o", "-", code=2)
    assert found["error"]["code"] == "option-invalid"
    assert list(tmp_path.iterdir()) == []


def test_places_differ_in_any_case_of_letters(tmp_path: Path) -> None:
    folder = SafeFolder(tmp_path)
    names = [folder.place(name).name for name in ("a.pdf", "A.pdf", "a (2).pdf", "b", "B", ".c", ".C")]
    assert names == ["a.pdf", "A (2).pdf", "a (2) (2).pdf", "b", "B (2)", ".c", ".C (2)"]
    assert len({name.casefold() for name in names}) == len(names)
