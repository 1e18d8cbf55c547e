"""What ``vndoc node`` says while it works: rounds, troubles with their reason, a live line on a terminal."""

from __future__ import annotations

import io
import json
import logging
import os
import pty
import re
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from rich.console import Console

import services
from cli_support import call, results
from tcp_line import line
from vndoc.cli import _node
from vndoc.cli._node_progress import Notes, Progress, notes
from vndoc.cli._run import Run
from vndoc.cli._words_node import NODE_NOTES
from vndoc.errors import PeerFaultError, StoreError
from vndoc.node import Health, Node, Round
from vndoc.node.logs import log
from vndoc.transport import SpoolTransport

HERE = Path(__file__).resolve().parent
LOG = logging.getLogger("vndoc.node")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A gateway whose carrier does not work: its folders are not there."""
    path = tmp_path / "node.toml"
    path.write_text(
        f'[store]\nurl = "sqlite:///{tmp_path}/s.db"\nblobs = "b"\n[agencies.H41]\nname = "x"\n'
        "[node]\nsignatures = false\npoll_seconds = 0.05\n"
        '[carriers.tep]\nkind = "spool"\nroot = "spool"\ncodes = ["H41"]\n',
        encoding="utf-8",
    )
    return path


def run_of(*, terminal: bool = False, lang: str = "en", as_json: bool = False) -> Run:
    def console() -> Console:
        return Console(file=io.StringIO(), width=200, force_terminal=terminal, markup=False, highlight=False)

    return Run("node-run", lang, as_json, out=console(), err=console())  # type: ignore[arg-type]


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def said(run: Run, level: int = logging.WARNING, message: str = "axis not asked", **facts: Any) -> tuple[str, str]:
    with notes(run):
        log(LOG, level, message, **facts)
    return text_of(run.out), text_of(run.err)


LOST = PeerFaultError("carrier-interrupted", carrier="VXP")


def test_a_trouble_is_told_with_its_carrier_reason_and_code() -> None:
    out, err = said(run_of(), carrier="axis", error=LOST)
    assert out == ""
    assert "axis: the axis could not be asked: " in err
    assert "[carrier-interrupted]" in err
    _, err = said(run_of(lang="vi"), message="submission failed", carrier="axis", message_id="7", error=LOST)
    assert "axis: chưa chuyển được thông điệp (7): " in err


def test_what_is_told_of_other_troubles() -> None:
    _, err = said(run_of(), message="copy not taken in", carrier="axis", inbox="9", code="blob-missing", detail="x")
    assert "axis: a copy could not be taken in (9): x [blob-missing]" in err
    _, err = said(run_of(), message="copy not kept", carrier="axis", item="i", error=ValueError("geheim"))
    assert "axis: a copy could not be kept (i): ValueError" in err
    _, err = said(run_of(), message="store failed", error=StoreError("store-busy", detail="x"))
    assert "the store failed: " in err
    assert "[store-busy]" in err
    _, err = said(run_of(), message="no such words\x1b[2J")
    assert err.rstrip().endswith("no such words\ufffd[2J")
    assert said(run_of(), logging.INFO, "message handed over") == ("", "")


def test_every_warning_of_the_node_has_words() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (HERE.parent / "src/vndoc/node").glob("*.py"))
    warned = {words for words in NODE_NOTES if f'"{words}"' in source}
    assert warned == set(NODE_NOTES)
    flat = " ".join(source.split())
    for level in ("WARNING", "ERROR"):
        for part in flat.split(f"logging.{level}, ")[1:]:
            assert part[1:].partition('"')[0] in NODE_NOTES


def test_on_one_screen_troubles_stand_above_the_live_line() -> None:
    out, err = said(run_of(terminal=True), carrier="axis", error=LOST)
    assert "axis: the axis could not be asked" in out
    assert err == ""


def test_with_json_troubles_are_kept_and_not_told() -> None:
    run = run_of(as_json=True)
    with notes(run) as noted:
        log(LOG, logging.WARNING, "axis not asked", carrier="axis", error=LOST)
        log(LOG, logging.WARNING, "hook failed", error=ValueError())
    assert (text_of(run.out), text_of(run.err)) == ("", "")
    found = noted.error_of("axis")
    assert found is not None
    assert found["code"] == "carrier-interrupted"
    assert noted.error_of("other") is None


def test_the_logger_is_as_it_was_before() -> None:
    logger = logging.getLogger("vndoc")
    before = (logger.level, list(logger.handlers))
    with notes(run_of()):
        assert any(isinstance(one, Notes) for one in logger.handlers)
    assert (logger.level, list(logger.handlers)) == before


def test_a_round_that_did_something_is_one_line_of_what_it_did() -> None:
    run = run_of()
    progress = Progress(run, lambda: Health(alive=True, ready=True))
    with progress.shown():
        progress.each(Round())
        progress.each(Round(failures=2))
        progress.each(Round(sent=2, deadlines=1, idle=False))
        progress.each(Round(received=1, events=3, postponed=1))
    lines = [line.split("  ", 1)[1] for line in text_of(run.out).splitlines()]
    assert lines == ["2 sent, 1 due", "1 received, 3 told to the office system, 1 postponed"]
    assert progress.total == {"sent": 2, "received": 1, "events": 3, "failures": 2, "rounds": 4}


def test_the_live_line_tells_what_waits_and_who_rests() -> None:
    run = run_of(terminal=True)
    health = Health(alive=True, ready=False, resting=("axis",), waiting=7, parked=2)
    progress = Progress(run, lambda: health)
    with progress.shown():
        progress.each(Round(sent=3))
    assert "3 sent, 0 received; 7 waiting, 2 for an operator; carriers that rest: axis" in text_of(run.out)
    progress.each(Round())  # after the end there is nothing to keep up
    gone = Progress(run_of(), lambda: Health(alive=False, ready=False, error="store-unavailable"))
    assert "store: store-unavailable" in gone._live().plain


def test_the_store_is_not_asked_more_than_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def health() -> Health:
        asked.append(1)
        return Health(alive=True, ready=True)

    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    progress = Progress(run_of(terminal=True), health)
    with progress.shown():
        for _ in range(50):
            progress.each(Round())
        assert len(asked) == 2
        now += 1.5
        progress.each(Round())
        assert len(asked) == 3


def test_the_reason_of_a_carrier_that_fails_is_told(site: Path) -> None:
    found = call("node", "poll", "--config", site)
    assert found.exit_code == 3
    assert "tep: the axis could not be asked: " in found.stderr
    assert "[carrier-storage]" in found.stderr
    (polled,) = results("node", "poll", "--config", site, code=3)
    assert (polled["status"], polled["last_error"]["code"]) == ("indeterminate", "carrier-storage")


def test_the_state_of_a_store_that_fails_is_in_the_schema(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vndoc.node.Node.health", lambda _: Health(alive=False, ready=False, error="store-busy"))
    (found,) = results("node", "status", "--config", site, code=3)
    assert (found["status"], found["health"]["error"]) == ("indeterminate", "store-busy")
    assert "store: store-busy" in call("node", "status", "--config", site).stdout


def test_a_run_tells_the_reason_or_logs_it(site: Path) -> None:
    found = call("node", "run", "--config", site, "--once")
    assert found.exit_code == 3
    assert found.stdout.startswith("gateway of H41 by tep")
    assert "[carrier-storage]" in found.stderr
    found = call("node", "run", "--config", site, "--once", "--log")
    assert {json.loads(line)["message"] for line in found.stderr.splitlines()} >= {"node starts", "axis not asked"}
    (told,) = results("node", "run", "--config", site, "--once", code=3)
    assert (told["status"], told["failures"] >= told["rounds"] >= 1) == ("indeterminate", True)
    SpoolTransport.create(site.parent / "spool")
    (told,) = results("node", "run", "--config", site, "--once")
    assert (told["status"], told["failures"]) == ("passed", 0)


@pytest.mark.parametrize("as_log", [False, True])
def test_a_run_that_is_to_end_ends_where_the_store_stays_away(
    site: Path, monkeypatch: pytest.MonkeyPatch, as_log: bool
) -> None:
    SpoolTransport.create(site.parent / "spool")
    tried: list[float] = []

    def work(_: Node, **__: object) -> Round:
        tried.append(time.monotonic())
        if len(tried) == 2:
            return Round(sent=1, idle=False)  # it was there for a moment
        raise StoreError("store-unavailable", detail="x")

    monkeypatch.setattr(Node, "work", work)
    monkeypatch.setattr("vndoc.cli._node._TRIES", 3)
    found = call("node", "run", "--config", site, "--once", *(["--log"] if as_log else []))
    assert (found.exit_code, len(tried)) == (3, 5)
    assert "[store-unavailable]" in found.stderr
    assert "1 sent, 0 received" in found.stdout.splitlines()[-1]
    tried.clear()
    (told,) = results("node", "run", "--config", site, "--once", code=3)
    assert (told["status"], told["sent"], told["rounds"]) == ("indeterminate", 1, 1)
    assert told["last_error"]["code"] == "store-unavailable"


def test_a_run_that_is_to_end_ends_where_a_real_database_goes(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SpoolTransport.create(site.parent / "spool")
    monkeypatch.setattr("vndoc.cli._node._TRIES", 2)
    real = Node.work

    def work(node: Node, **how: Any) -> Round:
        wire.cut()
        return real(node, **how)

    monkeypatch.setattr(Node, "work", work)
    with services.postgres_database() as url:
        parts = urlsplit(url)
        with line(parts.hostname or "", parts.port or 5432) as wire:
            through = f'url = "{url.replace(f":{parts.port}/", f":{wire.port}/")}"'
            site.write_text(re.sub(r'(?m)^url = ".*"$', through, site.read_text(encoding="utf-8")), encoding="utf-8")
            (told,) = results("node", "run", "--config", site, "--once", code=3)
    assert (told["status"], told["last_error"]["code"]) == ("indeterminate", "store-unavailable")


def test_the_pauses_of_a_run_that_is_to_end_are_about_half_a_minute() -> None:
    assert 20 < sum(2.0**n / 10 for n in range(1, _node._TRIES)) < 40


def test_a_run_that_is_to_end_ends_where_the_store_cannot_be_opened(site: Path) -> None:
    SpoolTransport.create(site.parent / "spool")
    away = 'url = "postgresql://nobody@127.0.0.1:9/none"'
    site.write_text(re.sub(r'(?m)^url = ".*"$', away, site.read_text(encoding="utf-8")), encoding="utf-8")
    (told,) = results("node", "run", "--config", site, "--once", code=3)
    assert (told["status"], told["rounds"], told["last_error"]["code"]) == ("indeterminate", 0, "store-unavailable")
    (told,) = results("node", "run", "--config", site, code=2)
    assert told["error"]["code"] == "store-unavailable"


def test_a_store_that_is_broken_is_no_matter_of_time(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    SpoolTransport.create(site.parent / "spool")

    def work(*_: object, **__: object) -> Round:
        raise StoreError("store-damaged", detail="x")

    monkeypatch.setattr(Node, "work", work)
    (told,) = results("node", "run", "--config", site, "--once", code=2)
    assert told["error"]["code"] == "store-damaged"


def test_on_a_terminal_a_live_line_stays_until_ctrl_c(site: Path) -> None:
    SpoolTransport.create(site.parent / "spool")
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover - another process
        os.environ.update(TERM="xterm", LANG="C.UTF-8", VNDOC_LANG="en", COLUMNS="200")
        command = [sys.executable, "-m", "vndoc", "node", "run", "--config", str(site), "--lang", "en"]
        os.execv(sys.executable, command)  # noqa: S606 - what the test starts
    shown, end = b"", time.monotonic() + 60
    try:
        while b"0 waiting" not in shown and time.monotonic() < end:
            shown += _read(terminal)
        os.write(terminal, b"\x03")
        while b"stopped" not in shown and time.monotonic() < end:
            shown += _read(terminal)
    finally:
        if b"stopped" not in shown:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        os.close(terminal)
    assert b"0 sent, 0 received; 0 waiting, 0 for an operator" in shown
    assert b"\x1b[?25h" in shown  # the cursor is back
    assert os.waitstatus_to_exitcode(status) == 0


def _read(terminal: int) -> bytes:
    ready, _, _ = select.select([terminal], [], [], 0.2)
    try:
        return os.read(terminal, 65536) if ready else b""
    except OSError:
        return b"stopped"
