"""``vndoc sim``: it starts, says where, serves, and stops as it should."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import vndoc
from axis_support import Vxp
from axis_support import call as http
from cli_support import ENGLISH, call, check, document, results
from vndoc.testing.axis import EXAMPLE, FaultKind

COMMAND = [sys.executable, "-c", "import sys; from vndoc.cli import main; sys.exit(main())", "sim"]
REGISTRY = '[[system]]\nid = "00.53.W00"\nsecret = "kept-to-itself"\n[[system.agency]]\ncode = "H53"\nname = "Mẫu"\n'


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command until the block ends."""
    env = {**os.environ, **ENGLISH}
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, text=True, encoding="utf-8"
    ) as running:
        try:
            yield running
        finally:
            if running.poll() is None:
                running.kill()


def ready(running: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait until the axis serves, and return what it says of itself."""
    assert running.stdout is not None
    lines = []
    for line in running.stdout:
        lines.append(line)
        if line == "}\n":
            break
    value = json.loads("".join(lines))
    check(value)
    (found,) = value["results"]
    return dict(found)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_stop(tmp_path: Path, how: signal.Signals) -> None:
    with process("--port", "0", "--json", "--data", str(tmp_path / "data")) as running:
        found = ready(running)
        port = int(found["url"].rpartition(":")[2])
        assert found["folder"] == str(tmp_path / "data")
        packet = document(to=(vndoc.Organization(organ_id="H14", organ_name="x"),))
        assert Vxp(port, EXAMPLE[0]).send(vndoc.write_packet(packet), "H41").json["status"] == "OK"
        assert b"07/TB-UBND" in http(port, "GET", "/").body
        running.send_signal(how)
        rest, errors = running.communicate(timeout=30)
        assert (running.returncode, rest, errors) == (0, "", "")
    assert len(list((tmp_path / "data").iterdir())) == 2


def test_it_stops_by_itself_and_says_what_went_over_it() -> None:
    found = call("sim", "--port", "0", "--seconds", "0", "--faults", "drop@sendEdoc,nth=2", "--faults", "html")
    assert found.exit_code == 0
    assert found.stderr == ""
    assert re.match(r"The simulated axis is running: http://127\.0\.0\.1:\d+\n", found.stdout)
    for system in EXAMPLE:
        assert f"system {system.id}, secret {system.secret}: {system.agencies[0].code}" in found.stdout
    assert "fault drop: Closes the connection" in found.stdout
    assert found.stdout.endswith("Press Ctrl+C to stop.\nStopped: 0 packets went over the axis.\n")
    vietnamese = call("sim", "--port", "0", "--seconds", "0", "--lang", "vi").stdout
    assert vietnamese.startswith("Trục mô phỏng đang chạy: http://127.0.0.1:")


def test_secrets_of_a_registry_are_not_printed(tmp_path: Path) -> None:
    path = tmp_path / "registry.toml"
    path.write_text(REGISTRY, encoding="utf-8")
    arguments = ("sim", "--port", "0", "--seconds", "0", "--agencies", path)
    page = call(*arguments)
    assert "system 00.53.W00: H53" in page.stdout
    (found,) = results(*arguments)
    assert found["systems"] == [{"id": "00.53.W00", "secret": None, "agencies": ["H53"]}]
    assert "kept-to-itself" not in page.stdout + json.dumps(found)


def test_what_json_tells(tmp_path: Path) -> None:
    arguments = [part for kind in FaultKind for part in ("--faults", kind.value)]
    (found,) = results("sim", "--port", "0", "--seconds", "0", "--pass-through", "--max-skew", "5", *arguments)
    assert [fault["kind"] for fault in found["faults"]] == [kind.value for kind in FaultKind]
    assert [system["secret"] for system in found["systems"]] == [system.secret for system in EXAMPLE]
    assert not Path(found["folder"]).exists()


def test_an_address_that_others_reach_is_a_warning() -> None:
    for host, warns in (("0.0.0.0", True), ("127.0.0.1", False), ("localhost", False)):  # noqa: S104 - what is tested
        found = call("sim", "--port", "0", "--seconds", "0", "--host", host)
        assert found.exit_code == 0
        assert ("may be reached from other machines" in found.stderr) is warns


def test_what_cannot_be_started(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        (tmp_path / "file").write_bytes(b"")
        for arguments, code in (
            (("--port", taken.getsockname()[1]), "option-invalid"),
            (("--port", 0, "--agencies", tmp_path / "none.toml"), "source-unreadable"),
            (("--port", 0, "--agencies", tmp_path / "file"), "option-invalid"),
            (("--port", 0, "--faults", "dropp"), "option-invalid"),
            (("--port", 0, "--faults", "drop@sendEdocc"), "option-invalid"),
            (("--port", 0, "--data", tmp_path / "file"), "target-unwritable"),
        ):
            (found,) = results("sim", "--seconds", "0", *arguments, code=2)
            assert found["error"]["code"] == code


def test_signals_are_given_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    call("sim", "--port", "0", "--seconds", "0")
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_without_the_extra_it_says_which() -> None:
    code = "import sys; sys.modules['uvicorn'] = None; from vndoc.cli import main; sys.exit(main())"
    found = subprocess.run(
        [sys.executable, "-c", code, "sim", "--port", "0"],
        capture_output=True,
        check=False,
        env={**os.environ, **ENGLISH},
    )
    assert found.returncode == 2
    assert b"vndoc[web]" in found.stderr
