"""The house as ../shared/design/architecture.md draws it: who may import whom, what the pure floors may not touch,
what every module owes its readers, and which names are public.

Everything is read from the source text, nothing is imported, so that a package that needs an extra is judged like
any other. ``architecture.py`` holds the table and the checks; here they are applied, and shown to bite.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

import architecture

MODULES = architecture.modules(architecture.PACKAGE)
NAMES_FILE = Path(__file__).with_name("public_names.txt")


def parsed(name: str, source: str) -> architecture.Module:
    return architecture.Module.parse(name, textwrap.dedent(source))


def test_the_source_tree_is_there() -> None:
    assert "vndoc.errors" in {module.name for module in MODULES}


def test_every_package_has_its_floor() -> None:
    unknown = {module.package for module in MODULES} - set(architecture.FLOORS)
    assert not unknown, f"not in the table of floors: {sorted(unknown)}"


def test_the_table_is_the_one_of_the_design(shared: Path) -> None:
    """The design's own table is read and compared, so that neither changes alone."""
    design = (shared / "design" / "architecture.md").read_text(encoding="utf-8")
    drawn: dict[str, tuple[int, set[str]]] = {}
    for floor, cell in re.findall(r"^\| (\d) [^|]*\| ([^|]*) \|", design, flags=re.MULTILINE):
        for entry in re.sub(r"\([^)]*\)", "", cell).split(";"):
            left, _, right = entry.partition("->")
            for name in re.findall(r"`(\w+)`", left):
                drawn[name] = (int(floor), set(re.findall(r"`(\w+)`", right)))
    assert len(drawn) > 20
    ours = {
        name: (place.floor, set(place.arrows) - architecture.BASE)
        for name, place in architecture.FLOORS.items()
        if name not in {architecture.FACADE, "_version", "__main__", *architecture.ADDED}
    }
    assert ours == drawn


@pytest.mark.parametrize("check", architecture.CHECKS, ids=lambda check: check.__name__)
def test_every_module_keeps_the_rule(check: architecture.Check) -> None:
    found = [f"{module.name}:{line}: {text}" for module in MODULES for line, text in check(module)]
    assert not found, "\n".join(["", *found])


BITES = [
    ("vndoc.xml.a", "import vndoc.edxml", "imports_obey_the_floors", "vndoc.edxml (floor 1, no arrow)"),
    ("vndoc.xml.a", "from vndoc import edxml", "imports_obey_the_floors", "vndoc.edxml (floor 1, no arrow)"),
    ("vndoc.xml.a", "from vndoc import read", "imports_obey_the_floors", "vndoc (floor 3, above)"),
    ("vndoc.xml.a", "import vndoc", "imports_obey_the_floors", "vndoc (floor 3, above)"),
    ("vndoc.edxml", "from vndoc.packets.files import x", "imports_obey_the_floors", "vndoc.packets (floor 3, above)"),
    ("vndoc.edxml.a", "from ..packets import x", "imports_obey_the_floors", "vndoc.packets (floor 3, above)"),
    ("vndoc.edxml.a", "from . import _x\nfrom ..cli import y", "imports_obey_the_floors", "vndoc.cli (floor 6, above)"),
    (
        "vndoc.text",
        "from vndoc.errors import VndocError",
        "imports_obey_the_floors",
        "vndoc.errors (floor 0, no arrow)",
    ),
    ("vndoc.store.a", "def f():\n    import vndoc.transport", "imports_obey_the_floors", "no arrow"),
    ("vndoc.xml.a", "import vndoc.nowhere", "imports_obey_the_floors", "vndoc.nowhere is in no floor"),
    ("vndoc.edxml.a", "import importlib\nimportlib.import_module(x)", "imports_obey_the_floors", "import_module"),
    ("vndoc.edxml.a", "from importlib import import_module", "imports_obey_the_floors", "import_module"),
    ("vndoc.edxml.a", "__import__('x')", "imports_obey_the_floors", "__import__"),
    ("vndoc.text", "import lxml.etree", "foreign_packages_are_where_they_belong", "lxml"),
    ("vndoc.cli.a", "import requests", "foreign_packages_are_where_they_belong", "requests"),
    ("vndoc.edxml.a", "import typer", "foreign_packages_are_where_they_belong", "typer"),
    ("vndoc.packets.a", "def f():\n    from rich.table import Table", "foreign_packages_are_where_they_belong", "rich"),
    ("vndoc.exchange.a", "import socket", "the_pure_floors_touch_nothing", "socket"),
    ("vndoc.exchange.a", "import urllib.request", "the_pure_floors_touch_nothing", "urllib.request"),
    ("vndoc.exchange.a", "from urllib import request", "the_pure_floors_touch_nothing", "urllib.request"),
    ("vndoc.exchange.a", "from http.client import x", "the_pure_floors_touch_nothing", "http.client"),
    ("vndoc.exchange.a", "def f():\n    import subprocess", "the_pure_floors_touch_nothing", "subprocess"),
    ("vndoc.xml.a", "import tempfile", "the_pure_floors_touch_nothing", "tempfile"),
    ("vndoc.xml.a", "from random import choice", "the_pure_floors_touch_nothing", "random"),
    ("vndoc.xml.a", "import secrets", "the_pure_floors_touch_nothing", "secrets"),
    ("vndoc.xml.a", "import uuid\nuuid.uuid4()", "the_pure_floors_touch_nothing", "uuid4"),
    ("vndoc.xml.a", "from uuid import uuid4 as fresh", "the_pure_floors_touch_nothing", "uuid4"),
    ("vndoc.xml.a", "import os\nos.environ['A']", "the_pure_floors_touch_nothing", "os"),
    ("vndoc.xml.a", "from os import environ", "the_pure_floors_touch_nothing", "os"),
    ("vndoc.xml.a", "import time\ntime.time()", "the_pure_floors_touch_nothing", "time"),
    ("vndoc.xml.a", "import datetime\ndatetime.datetime.now()", "the_pure_floors_touch_nothing", ".now()"),
    ("vndoc.xml.a", "from datetime import date\ndate.today()", "the_pure_floors_touch_nothing", ".today()"),
    ("vndoc.xml.a", "open('x')", "the_pure_floors_touch_nothing", "open"),
    ("vndoc.xml.a", "from io import open as o", "the_pure_floors_touch_nothing", "io.open"),
    ("vndoc.xml.a", "import io\nio.FileIO('x')", "the_pure_floors_touch_nothing", "io.FileIO"),
    ("vndoc.xml.a", "from pathlib import Path", "the_pure_floors_touch_nothing", "pathlib"),
    ("vndoc.xml.a", "x = 1", "public_modules_say_what_they_are", "no docstring"),
    ("vndoc.xml.a", '"""Doc."""', "public_modules_say_what_they_are", "no literal __all__"),
    ("vndoc.xml.a", '"""Doc."""\n__all__ = [*x]', "public_modules_say_what_they_are", "no literal __all__"),
    (
        "vndoc.xml.a",
        '"""D."""\n__all__ = ["f"]\ndef f(): ...',
        "public_modules_say_what_they_are",
        "f has no docstring",
    ),
    ("vndoc.xml.a", '"""D."""\n__all__ = ["_f"]', "public_modules_say_what_they_are", "_f is private"),
    ("vndoc.xml._a", "def f():\n" + "    x = 1\n" * 60, "functions_are_short", "61 lines"),
    ("vndoc.xml._a", "x = 1\n" * 501, "modules_are_short", "501 lines"),
]


@pytest.mark.parametrize(("name", "source", "check", "expected"), BITES)
def test_the_checks_bite(name: str, source: str, check: str, expected: str) -> None:
    texts = [text for _, text in getattr(architecture, check)(parsed(name, source))]
    assert any(expected in text for text in texts), texts


ALLOWED = [
    (
        "vndoc",
        '"""D."""\nimport importlib\nfrom vndoc.errors import E\nimportlib.import_module("x")\n__all__ = []',
    ),
    ("vndoc.errors", '"""D."""\nimport attrs\nfrom vndoc.text import Text\n__all__ = []'),
    ("vndoc.envelope.a", '"""D."""\nfrom vndoc.identifiers import x\nfrom vndoc.limits import y\n__all__ = []'),
    (
        "vndoc.edxml.a",
        '"""D."""\nfrom urllib.parse import unquote\nfrom vndoc import xml\nimport pybase64\n__all__ = []',
    ),
    ("vndoc.schema.a", '"""D."""\nfrom importlib import resources\nfrom pathlib import PurePosixPath\n__all__ = []'),
    ("vndoc.xml.a", '"""D."""\nimport uuid\nuuid.uuid5(uuid.NAMESPACE_URL, "x")\nx.open()\n__all__ = []'),
    ("vndoc.packets.a", '"""D."""\nimport tempfile, time\nfrom vndoc import edxml\nopen("x")\n__all__ = []'),
    ("vndoc.cli.a", '"""D."""\nimport typer\nimport vndoc\nfrom vndoc import read, testing\n__all__ = []'),
    ("vndoc.cli.a", '"""D."""\n__all__ = ["f"]\n@deco\ndef f():\n    """D."""\n'),
]


@pytest.mark.parametrize(("name", "source"), ALLOWED)
def test_the_checks_leave_honest_code_alone(name: str, source: str) -> None:
    module = parsed(name, source)
    assert [text for check in architecture.CHECKS for _, text in check(module)] == []


def test_public_names_are_pinned() -> None:
    """A name that comes or goes is a decision: it shows in the change, and in the changelog."""
    pinned = NAMES_FILE.read_text(encoding="utf-8").splitlines()
    now = architecture.public_names(MODULES)
    come, gone = sorted(set(now) - set(pinned)), sorted(set(pinned) - set(now))
    assert (come, gone, now) == ([], [], pinned), "if meant: python tests/update_public_names.py, and the changelog"
