"""Crashes: a rule machine with deaths at any point, and ``kill -9`` of real processes at every named one.

The stated minimum of the suite: 20 schedules of the rule machine, and one kill at every point on each database. The
long runs are commands of their own: ``python tests/crash_model.py 10000`` and ``python tests/crash_kill.py 1000``.
"""

from __future__ import annotations

import re
from pathlib import Path

import hypothesis
import pytest
from hypothesis.stateful import run_state_machine_as_test

import crash_kill
import crash_model
import services
import vndoc
from crash_model import CrashModel
from node_support import FIRST, SENDER
from vndoc.node import FAILPOINTS

MINIMUM = 20
"""Schedules of the rule machine that every run of the suite goes through."""


def test_every_promise_holds_in_the_stated_minimum_of_schedules() -> None:
    before = crash_model.MET["schedules"]
    settings = hypothesis.settings(
        max_examples=MINIMUM,
        stateful_step_count=15,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    run_state_machine_as_test(CrashModel, settings=settings)
    assert crash_model.MET["schedules"] - before >= MINIMUM


def test_the_same_seed_makes_the_same_schedules() -> None:
    """Otherwise what a long run finds could not be looked at again."""
    first, again, other = (crash_model.run(seed, 2) for seed in (1, 1, 2))
    assert first == again != other
    assert first[0]["schedules"] >= 2


def test_what_a_schedule_finds_is_told_with_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crash_model.Agency, "has_to_do", lambda _: False)  # so nobody works in the end
    met, finding = crash_model.run(1, 20)
    assert met["schedules"] < 20
    assert "AssertionError" in finding
    assert "state.teardown()" in finding


def test_the_command_counts_what_it_has_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert crash_model.main(["2", "--seed", "5"]) == 0
    *_, seed, count = (line for line in capsys.readouterr().out.splitlines() if "schedules" in line)
    assert seed.endswith("  schedules")
    assert count.endswith("schedules, every promise held")


POINTS = list(FAILPOINTS)


@pytest.fixture(scope="module")
def warm(tmp_path_factory) -> None:
    crash_kill.warm_up(tmp_path_factory.mktemp("warm"))


def test_the_points_are_all_there_are() -> None:
    """What the code says it reaches is what the list promises."""
    source = "".join(path.read_text(encoding="utf-8") for path in Path(vndoc.__file__).parent.rglob("*.py"))
    assert set(re.findall(r"reached\(\"([^\"]+)\"\)", source)) == set(FAILPOINTS)


@pytest.mark.usefixtures("warm")
def test_kills_lose_nothing_on_sqlite(tmp_path: Path) -> None:
    assert crash_kill.killed_in_a_row(crash_kill.sqlite_site(tmp_path), POINTS) == POINTS


@pytest.mark.usefixtures("warm")
def test_kills_lose_nothing_on_postgresql(tmp_path: Path) -> None:
    with services.postgres_database() as one, services.postgres_database() as two:
        site = crash_kill.Site(tmp_path, {SENDER: one, FIRST: two})
        assert crash_kill.killed_in_a_row(site, POINTS) == POINTS
