"""The command as a whole: languages, exit codes, bad arguments, pipes, and a machine that lacks the extra."""

from __future__ import annotations

import io
import json
import os
import runpy
import signal
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vndoc
from cli_support import ENGLISH, attached, call, document, save
from vndoc.cli import main
from vndoc.cli._app import command_in, run
from vndoc.cli._language import default_language, language_of
from vndoc.cli._run import Run
from vndoc.cli._safe import clean, dump
from vndoc.cli._words import HELP, WORDS
from vndoc.errors import SourceError

COMMAND = [sys.executable, "-c", "import sys; from vndoc.cli import main; sys.exit(main())"]


def shell(*arguments: object, code: str = COMMAND[2], **more: object) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a process of its own."""
    env = {**os.environ, **ENGLISH, **more.pop("env", {})}  # type: ignore[dict-item]
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        check=False,
        env=env,
        **more,  # type: ignore[call-overload]
    )


# -- as a process ----------------------------------------------------------------------------------


@pytest.mark.parametrize("package", ["typer", "rich"])
@pytest.mark.parametrize(
    ("arguments", "word"), [(["--help"], "needs its extra"), (["demo", "--lang", "vi"], "cần thêm")]
)
def test_without_the_extra_it_says_so_in_one_line(package: str, arguments: list[str], word: str) -> None:
    found = shell(*arguments, code=f"import sys; sys.modules[{package!r}] = None; {COMMAND[2][11:]}")
    assert found.returncode != 0
    assert found.stdout == b""
    text = found.stderr.decode()
    assert text.count("\n") == 1
    assert "vndoc[cli]" in text
    assert word in text
    assert package in text


def test_without_the_extra_main_returns_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "rich", None)
    assert main(["demo", "--lang", "vi"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_it_runs_as_a_module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["vndoc", "--version"])
    with pytest.raises(SystemExit) as left:
        runpy.run_module("vndoc", run_name="__main__")
    assert left.value.code == 0
    assert vndoc.__version__ in capsys.readouterr().out
    assert "main" in runpy.run_module("vndoc.__main__")  # looking at it runs nothing


def test_the_language_follows_the_environment() -> None:
    found = shell("--help", env={"LANG": "vi_VN.UTF-8"})
    assert found.returncode == 0
    assert "Đọc, kiểm tra" in found.stdout.decode()
    assert "Read, check" in shell("--help").stdout.decode()


def test_a_real_run_in_a_real_pipe(golden: Path) -> None:
    data = (golden / "document_1_recall.edxml").read_bytes()
    found = shell("inspect", "-", "--json", input=data)
    assert found.returncode == 0
    assert json.loads(found.stdout)["results"][0]["kind"] == "recall"
    assert b" \n" not in shell("inspect", "-", input=data).stdout


def test_an_output_that_knows_no_vietnamese(golden: Path) -> None:
    path = golden / "document_1_recall.edxml"
    narrow = {"PYTHONIOENCODING": "ascii"}
    found = shell("inspect", path, "--lang", "vi", env=narrow)
    assert (found.returncode, found.stderr) == (0, b"")
    assert json.loads(shell("inspect", path, "--json", env=narrow).stdout)["results"][0]["packet"]["subject"]


@pytest.mark.parametrize("extra", [[], ["--json"]])
def test_a_reader_that_leaves_is_no_error(tmp_path: Path, extra: list[str]) -> None:
    path = save(tmp_path / "a.edxml", document(to_places=tuple("x" * 100 for _ in range(900))))
    with subprocess.Popen(
        [*COMMAND, "inspect", *[str(path)] * 10, *extra],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": ""},  # unbuffered, Python hides that a write was cut short
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        said = process.stderr.read()
        assert (process.wait(30), said) == (141, b"")


def test_an_interrupt_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"  # ignored in a background job
        "from vndoc.cli import main, _app; sys.stderr.write('!'); sys.stderr.flush(); sys.exit(main())"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, "inspect", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        assert process.stderr.read(1) == b"!"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert (process.wait(30), said) == (130, b"")

    def interrupt(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("vndoc.cli._app.run", interrupt)
    assert main([]) == 130


needs_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110 - a device


@needs_full
@pytest.mark.parametrize("arguments", [["inspect"], ["inspect", "--json"], ["validate", "--lang", "vi"]], ids=" ".join)
def test_an_output_that_takes_no_more_is_no_finding(golden: Path, arguments: list[str]) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [*COMMAND, *arguments, str(golden / "document_1_recall.edxml")],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            env={**os.environ, **ENGLISH},
        )
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"[target-unwritable]" in done.stderr


@needs_full
def test_neither_does_the_other_output_change_the_answer(tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = subprocess.run([*COMMAND, "inspect", str(tmp_path / "gone")], stdout=full, stderr=full, check=False)
    assert done.returncode == 2


def test_an_error_of_a_file_is_not_taken_for_one_of_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (FileNotFoundError(2, "gone", "a"), SourceError("source-closed")):

        def fail(_: object, error: OSError = error) -> object:
            raise error

        monkeypatch.setattr("vndoc.cli._app.command_in", fail)
        with pytest.raises(type(error)):
            run([])


@pytest.mark.parametrize(
    ("closed", "arguments", "code", "said"),
    [
        ("<&-", "validate -", 2, "[empty-input]"),
        (">&-", "inspect {}", 0, ""),
        ("2>&-", "inspect {}", 0, "Recall"),
        ("2>&-", "validate gone", 2, ""),
        ("<&- >&- 2>&-", "inspect {} --json", 0, ""),
    ],
)
def test_standard_streams_may_be_closed(golden: Path, closed: str, arguments: str, code: int, said: str) -> None:
    line = f'"$0" -c "$1" {arguments.format(golden / "document_1_recall.edxml")} {closed}'
    done = subprocess.run(
        ["sh", "-c", line, sys.executable, COMMAND[2]], capture_output=True, check=False, env={**os.environ, **ENGLISH}
    )
    assert done.returncode == code
    assert said.lower() in (done.stdout + done.stderr).decode().lower()
    assert b"Traceback" not in done.stderr


def test_a_fault_of_the_command_is_no_failed_check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> int:
        raise LookupError("ours")

    monkeypatch.setattr("vndoc.cli._app.run", fail)
    assert main([]) == 3
    assert "LookupError: ours" in capsys.readouterr().err


# -- arguments -------------------------------------------------------------------------------------


def test_version() -> None:
    found = call("--version")
    assert (found.exit_code, found.stdout) == (0, f"vndoc {vndoc.__version__}\n")


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_help_is_in_the_language_asked_for(capsys: pytest.CaptureFixture[str], lang: str) -> None:
    for command in ("inspect", "validate", "build", "convert", "extract", "demo", "profiles", "schema"):
        assert run([command, "--lang", lang, "--help"]) == 0
        text = " ".join(capsys.readouterr().out.split())
        assert " ".join(HELP[command].render(lang).split("\n\n")[0].split()) in text  # type: ignore[arg-type]
        assert HELP["lang"].render(lang) in text  # type: ignore[arg-type]


def test_every_argument_and_option_has_its_help() -> None:
    for lang in ("vi", "en"):
        known = {text.render(lang) for text in HELP.values()}  # type: ignore[arg-type]
        for command in command_in(lang).commands.values():  # type: ignore[arg-type]
            assert command.help in known
            assert [p.name for p in command.params if p.name != "help" and p.help not in known] == []


def test_the_tables_of_texts_are_in_two_languages() -> None:
    for table in (WORDS, HELP):
        for key, text in table.items():
            assert text.vi, key
            assert text.en, key
            assert text.vi != text.en, key


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["inspect", "--bad", "x"], "--bad"),
        (["inspect"], "files"),
        (["inspect", "x", "--lang", "fr"], "--lang"),
        (["validate", "x", "--today", "04/03/2026"], "--today"),
        (["convert", "x"], "--output"),
        (["extract", "x"], "--folder"),
        (["schema"], "command"),
        (["inspect", "--\x1b[31mx"], "--"),
    ],
)
def test_bad_arguments_are_two_lines_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], word: str
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 2
    assert word in captured.err.lower()
    assert "\x1b" not in captured.err
    assert main([arguments[0], "--lang=vi", *arguments[1:]]) == 2
    assert capsys.readouterr().err.startswith("Sai cách dùng")


def test_no_arguments_give_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "inspect" in capsys.readouterr().out


def test_exit_codes_of_main(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = save(tmp_path / "a.edxml", document())
    assert main(["validate", str(good), "--today", "2026-03-10"]) == 0
    assert main(["validate", str(good), "--today", "2026-03-01"]) == 1
    assert main(["validate", str(good), str(tmp_path / "none")]) == 2
    assert "[source-unreadable]" in capsys.readouterr().err


def test_a_broken_pipe_outside_a_command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    class Left(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

        def fileno(self) -> int:
            return 1

    saved = os.dup(1)
    try:
        monkeypatch.setattr(sys, "stdout", Left())
        assert run(["--version"]) == 141
        assert run(["inspect", "-"]) == 141
    finally:
        os.dup2(saved, 1)
        os.close(saved)


# -- language --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "en"),
        ({"LANG": "vi_VN.UTF-8"}, "vi"),
        ({"LANG": "VI"}, "vi"),
        ({"LANG": "vi_VN", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US", "LC_MESSAGES": "vi_VN"}, "vi"),
        ({"LANG": "vi_VN", "LC_ALL": ""}, "vi"),
    ],
)
def test_language_of_the_environment(environ: dict[str, str], expected: str) -> None:
    assert default_language(environ) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["x", "--lang", "vi"], "vi"),
        (["--lang=vi"], "vi"),
        (["--lang=en"], "en"),
        (["--lang", "fr"], "en"),
        (["--lang"], "vi"),
        (["--", "--lang=en"], "vi"),
        ([], "vi"),
    ],
)
def test_language_of_the_arguments(arguments: list[str], expected: str) -> None:
    assert language_of(arguments, {"LANG": "vi_VN"}) == expected


# -- safety of output ------------------------------------------------------------------------------


@given(st.text())
def test_clean_text_is_one_safe_line(text: str) -> None:
    shown = clean(text)
    assert not {unicodedata.category(ch) for ch in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert len(shown) == len(text)


@given(st.recursive(st.text(st.characters()) | st.integers(), st.lists))
def test_dumped_json_is_safe_and_the_same_value(value: object) -> None:
    for ascii_only in (False, True):
        text = dump(value, ascii_only=ascii_only)
        assert json.loads(text) == value
        assert not {"\x1b", "\x9b", "\u202e", "\u2028", "\x7f"} & set(text)
        text.encode()


def test_vietnamese_stays_readable_in_json() -> None:
    assert dump("Trích yếu") == '"Trích yếu"'


def test_pages_fit_the_width_that_was_asked_for(tmp_path: Path) -> None:
    path = save(tmp_path / "a.edxml", document(subject="từ " * 150, attachments=attached("x" * 150 + ".pdf")))
    page = call("inspect", path, env={"COLUMNS": "80"}).stdout
    lines = [line for line in page.splitlines() if str(tmp_path) not in line]
    assert max(map(len, lines)) <= 80


def test_a_terminal_gets_colours(golden: Path) -> None:
    page = call("inspect", golden / "document_0_new.edxml", env={"FORCE_COLOR": "1", "TERM": "xterm-256color"})
    assert "\x1b[1m" in page.stdout
    assert "Trích yếu & <mẫu>" in page.stdout


def test_a_run_prints_nothing_besides_its_json() -> None:
    run_ = Run("x", "en", True)
    run_.say("x")
    run_.show("x")
    run_.warn("x")
    assert run_.results == []
