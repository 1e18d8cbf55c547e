"""The tour of the README: its Python runs as it stands, in order, and so do its commands."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT, missing

TOUR = re.search(
    r"^## Five-minute tour.*?(?=^## )", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


def blocks(language: str) -> list[str]:
    """Return the code blocks of the tour in *language*."""
    assert TOUR is not None
    return re.findall(rf"^```{language}\n(.*?)^```$", TOUR[0], re.MULTILINE | re.DOTALL)


@pytest.fixture
def toured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """Run the Python of the tour in an empty folder; return what it printed."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "tour"}
    for number, block in enumerate(blocks("python"), 1):
        exec(compile(block, f"README block {number}", "exec", dont_inherit=True), names)  # noqa: S102 - our own README
    return capsys.readouterr().out


def test_the_python_of_the_tour_runs(toured: str) -> None:
    assert len(blocks("python")) == 8
    assert len(toured.splitlines()) == 3


def test_what_the_comments_promise_is_what_is_printed(toured: str) -> None:
    promised = re.findall(r"print\(.*\)  # (.+)$", "".join(blocks("python")), re.MULTILINE)
    assert len(promised) == 2
    for line, printed in zip(promised, toured.splitlines(), strict=False):
        assert re.fullmatch(re.escape(line).replace(r"\.\.\.", ".*"), printed)


def commands() -> list[list[str]]:
    """Return the commands of the tour."""
    return [shlex.split(line[2:]) for line in "".join(blocks("console")).splitlines() if line.startswith("$ ")]


def test_the_commands_of_the_tour_run(toured: str, tmp_path: Path) -> None:
    program = shutil.which("vndoc", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if program is None:
        missing("the command vndoc is not installed", "VNDOC_REQUIRE_INSTALLED")
    assert program is not None
    assert len(commands()) == 3
    for command in commands():
        assert command[0] == "vndoc"
        done = subprocess.run([program, *command[1:]], capture_output=True, text=True, encoding="utf-8", check=False)
        assert (done.returncode, done.stderr) == (0, ""), command
    assert (tmp_path / "tep-dinh-kem" / "thong-bao.pdf").is_file()
