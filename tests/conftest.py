"""What every test may ask for: the shared vectors, and how Hypothesis runs.

The tests run against the *installed* package; the project's own files are found from this folder.

Environment: ``VNDOC_SHARED`` names the folder of the shared vectors (else ``../shared`` beside the project);
``VNDOC_REQUIRE_SHARED=1`` makes their absence a failure; ``VNDOC_REQUIRE_INSTALLED=1`` does the same for a
package that is not installed, ``VNDOC_REQUIRE_PROGRAMS=1`` for the programs that serve as oracles; ``CI`` chooses
the reproducible Hypothesis profile.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from node_support import World

ROOT = Path(__file__).resolve().parent.parent
"""The project's folder: where ``pyproject.toml`` stands."""

hypothesis.settings.register_profile("dev", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the tests marked long, too")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Let octets name no test: keys differ from run to run, and the workers of one run have to agree on the names."""
    return argname if isinstance(val, bytes) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="runs with --long only"))


def find_shared() -> Path | None:
    """Return the folder with the shared vectors, or None where this checkout has none beside it."""
    named = os.environ.get("VNDOC_SHARED")
    candidates = [Path(named)] if named else [folder / "shared" for folder in ROOT.parents]
    return next((c for c in candidates if (c / "vectors" / "edxml" / "expected.json").is_file()), None)


def missing(reason: str, variable: str) -> None:
    """Skip the test, or fail it where *variable* says that what is missing must be there."""
    if os.environ.get(variable) == "1":
        pytest.fail(f"{reason}, and {variable}=1", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with facts and vectors that stands beside the project; the test is skipped without it."""
    found = find_shared()
    if found is None:
        missing(
            "no folder ../shared with vectors beside the project (VNDOC_SHARED names another)", "VNDOC_REQUIRE_SHARED"
        )
    assert found is not None
    return found


@pytest.fixture(scope="session")
def golden(shared: Path) -> Path:
    """The folder of the golden packets: as real systems wrote them."""
    return shared / "vectors" / "edxml" / "golden"


@pytest.fixture(scope="session")
def probes(shared: Path) -> Path:
    """The folder of the probes: each deviates from a golden packet in one known way."""
    return shared / "vectors" / "edxml" / "probes"


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """Return the path of an installed program such as ``xmllint``; the test is skipped without it."""

    def find(name: str) -> str:
        found = shutil.which(name)
        if found is None:
            missing(f"the program {name} is not installed", "VNDOC_REQUIRE_PROGRAMS")
        assert found is not None
        return found

    return find


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Agencies around one axis; whatever a test did, every row that is not final has an owner or a deadline."""
    from node_support import World  # noqa: PLC0415 - needs the extra of the store, which most tests do without

    made = World(tmp_path)
    yield made
    for store in made.stores:
        assert store.stuck() == ()
    made.close()


_SIGNED = ("test_xmldsig", "test_xades", "test_signature", "test_packet_signatures", "test_archive")


@pytest.fixture(scope="module", autouse=True)
def both_routes_of_signatures(request: pytest.FixtureRequest) -> Iterator[None]:
    """Compare the two routes of reading XML signatures wherever a test of signatures reads one."""
    if not request.module.__name__.startswith(_SIGNED):
        yield
        return
    from usual_support import compared  # noqa: PLC0415 - other tests need no keys made

    with compared():
        yield
