"""What is shipped: metadata, extras, the command, the README's two commands, and what an import costs."""

from __future__ import annotations

import doctest
import importlib
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import architecture
import vndoc
from conftest import missing
from vndoc import _version

CORE = {"asn1crypto", "attrs", "cryptography", "lxml", "pybase64", "xmlschema"}
SERVICES = {"cli", "http", "store", "postgres", "amqp", "pkcs11", "pades", "calendar", "web", "xlsx"}
EXTRAS = SERVICES | {"all", "dev", "docs", "bench"}


@pytest.fixture(scope="module")
def distribution() -> metadata.Distribution:
    try:
        return metadata.distribution("vndoc")
    except metadata.PackageNotFoundError:
        missing("vndoc is not installed: only its source is on the path", "VNDOC_REQUIRE_INSTALLED")
        raise


def requirements(distribution: metadata.Distribution, extra: str | None) -> set[str]:
    """The names required by *extra*, or by the package itself."""
    found = set()
    for line in distribution.requires or []:
        name = re.match(r"[\w.-]+", line)
        marked = re.search(r"""extra == ['"]([\w-]+)['"]""", line)
        if name and (marked.group(1) if marked else None) == extra:
            found.add(name.group().lower())
    return found


def test_the_tests_run_against_the_installed_package(distribution: metadata.Distribution, root: Path) -> None:
    assert root / "src" not in Path(vndoc.__file__).parents


def test_the_version_stands_in_one_place(distribution: metadata.Distribution) -> None:
    assert distribution.version == _version.__version__ == vndoc.__version__


def test_the_licence_travels_along(distribution: metadata.Distribution) -> None:
    assert distribution.metadata["License-Expression"] == "Apache-2.0"
    assert any(str(file).endswith("licenses/LICENSE") for file in distribution.files or [])


def test_types_are_shipped(distribution: metadata.Distribution) -> None:
    assert "vndoc/py.typed" in {file.as_posix() for file in distribution.files or []}


def test_only_the_package_is_shipped(distribution: metadata.Distribution) -> None:
    tops = {file.parts[0] for file in distribution.files or [] if not str(file).startswith("..")}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"vndoc"}


def test_the_core_dependencies_are_the_six(distribution: metadata.Distribution) -> None:
    assert requirements(distribution, None) == CORE


def test_the_extras_are_those_of_the_architecture(distribution: metadata.Distribution) -> None:
    assert set(distribution.metadata.get_all("Provides-Extra") or []) == EXTRAS


def test_all_holds_every_service(distribution: metadata.Distribution) -> None:
    services = set().union(*(requirements(distribution, extra) for extra in SERVICES))
    assert requirements(distribution, "all") == services


def test_the_command_is_declared(distribution: metadata.Distribution) -> None:
    assert {(e.group, e.name, e.value) for e in distribution.entry_points if e.group != "vndoc.transports"} == {
        ("console_scripts", "vndoc", "vndoc.cli:main")
    }


def test_the_oldest_python_is_stated(distribution: metadata.Distribution) -> None:
    assert distribution.metadata["Requires-Python"] == ">=3.11"


def test_each_core_dependency_has_its_reason(root: Path) -> None:
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    reasons = dict(re.findall(r"^\| `([\w-]+)` \| (.{20,}) \|$", text, flags=re.MULTILINE))
    assert set(reasons) == CORE


def test_the_readme_gives_exactly_two_commands(root: Path) -> None:
    """``.ci/run`` takes them from there and runs them as they stand."""
    text = (root / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert [block.count("\n") for block in blocks] == [1, 1]
    assert "vndoc demo" in blocks[0]
    assert "pytest" in blocks[1]


def test_every_public_name_of_the_facade_can_be_had() -> None:
    assert vndoc.__all__
    assert [name for name in vndoc.__all__ if not hasattr(vndoc, name)] == []


MODULES = [module for module in architecture.modules(architecture.PACKAGE) if module.public]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_every_public_name_of_a_module_can_be_had(module: architecture.Module) -> None:
    loaded = importlib.import_module(module.name)
    assert [name for name in module.names() or [] if not hasattr(loaded, name)] == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_the_examples_in_docstrings_are_true(module: architecture.Module) -> None:
    assert doctest.testmod(importlib.import_module(module.name), extraglobs={"vndoc": vndoc}).failed == 0


def test_importing_vndoc_loads_nothing_heavy() -> None:
    """None of the extras, and of the core only what every packet needs."""
    late = [*architecture.EXTRAS, "asn1crypto", "xmlschema", "elementpath", "importlib.metadata", "urllib.request"]
    code = f"import sys, vndoc; print(*sorted(set({late!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
