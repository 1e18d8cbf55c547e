"""Ten thousand mutated packets: values or our errors only, each in bounded time. See :mod:`mutate`."""

from __future__ import annotations

import pytest

import mutate
from vndoc.errors import ERRORS

COUNT = 10_000
PARTS = 20


@pytest.mark.parametrize("part", range(PARTS))
def test_mutated_packets_give_values_or_our_errors(part: int) -> None:
    size = COUNT // PARTS
    counts, slowest = mutate.run(2026, range(part * size, (part + 1) * size))
    assert counts.total() == size
    assert set(counts) <= {"value", *ERRORS}
    assert counts["value"] > size // 4, "the cases are too rough to show anything"
    assert len(counts) > 4, "the cases are too gentle to show anything"
    assert slowest < 10


def test_cases_are_the_same_each_time() -> None:
    assert mutate.case(1, 5)[0] == mutate.case(1, 5)[0] != mutate.case(1, 6)[0]
