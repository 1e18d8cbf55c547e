"""What a stranger meets first: names where the design writes them, and what is said where an extra is absent."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import vndoc
import vndoc.testing


def python(code: str, *without: str) -> subprocess.CompletedProcess[str]:
    """Run *code* in a process of its own in which the packages *without* are not installed."""
    hidden = "".join(f"sys.modules[{name!r}] = None; " for name in without)
    return subprocess.run(
        [sys.executable, "-c", f"import sys; {hidden}{code}"], capture_output=True, text=True, check=False
    )


NAMES = [
    "vndoc.signature.verify_xml",
    "vndoc.signature.verify_cms",
    "vndoc.signature.sign_xml",
    "vndoc.signature.sign_cms",
    "vndoc.pki.TrustStore",
    "vndoc.pki.validate_path",
    "vndoc.routing.RoutingTable.builtin",
    "vndoc.transport.Transport.settle",
    "vndoc.transport.Directory.remove",
    "vndoc.node.Node",
    "vndoc.testing.TransportContract",
]
"""As the page of the architecture lists them."""


@pytest.mark.parametrize("name", NAMES)
def test_a_name_needs_no_other_import(name: str) -> None:
    if ".node." in name:
        pytest.importorskip("sqlalchemy")
    done = python(f"import vndoc; print({name})")
    assert (done.returncode, done.stderr) == (0, "")


def test_every_public_part_loads_on_first_use() -> None:
    parts = {part.name for part in pkgutil.iter_modules(vndoc.__path__) if not part.name.startswith("_")}
    assert parts == vndoc._PARTS
    for part in parts - {"node", "store"}:
        assert vndoc.__getattr__(part).__name__ == f"vndoc.{part}"


@pytest.mark.parametrize("name", vndoc.testing.__all__)
def test_names_of_testing_are_those_of_their_modules(name: str) -> None:
    if name.startswith("Axis"):
        pytest.importorskip("uvicorn")
    assert getattr(vndoc.testing, name).__name__ == name


MISSING = [
    ("import vndoc.store", "sqlalchemy", "store"),
    ("import vndoc.node", "sqlalchemy", "store"),
    ("import vndoc; vndoc.node", "sqlalchemy", "store"),
    ("import vndoc.testing.axis", "uvicorn", "web"),
    ("from vndoc.testing import AxisSimulator", "starlette", "web"),
    ("from vndoc.testing import AxisServer", "uvicorn", "web"),
]


@pytest.mark.parametrize(("code", "package", "extra"), MISSING)
def test_what_needs_an_extra_says_which(code: str, package: str, extra: str) -> None:
    done = python(f"import vndoc\ntry:\n {code}\nexcept vndoc.UsageError as error: print(error.code, error)", package)
    assert done.stderr == ""
    assert done.stdout.startswith("extra-missing ")
    assert f"vndoc[{extra}]" in done.stdout


def test_names_of_testing_that_need_no_extra_load_without_it() -> None:
    done = python(
        "from vndoc.testing import DirectoryContract, FakeClock, FaultyTransport, TransportContract", "uvicorn"
    )
    assert (done.returncode, done.stderr) == (0, "")


COMMANDS = [
    ("node", "status", "--config", "node.toml"),
    ("node", "send", "packet.edxml", "--config", "node.toml", "--not-secret-by", "A"),
    ("node", "run", "--config", "node.toml", "--once"),
    ("stats", "--store", "sqlite:///x.db", "--blobs", "."),
]
NODE = """
[store]
url = "sqlite:///x.db"
blobs = "blobs"
[agencies."H41.03"]
[node]
signatures = false
[carriers.axis]
kind = "spool"
root = "spool"
codes = ["H41.03"]
"""


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_command_that_needs_the_store_says_so(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("typer", "rich"):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    Path("node.toml").write_text(NODE, encoding="utf-8")
    done = python(f"from vndoc.cli import main; sys.exit(main({[*arguments, '--json']!r}))", "sqlalchemy")
    assert (done.returncode, done.stderr) == (2, "")
    [found] = json.loads(done.stdout)["results"]
    assert (found["status"], found["error"]["code"]) == ("error", "extra-missing")
    assert "vndoc[store]" in found["error"]["text"]["vi"]
