"""pytest-benchmark cases: ``pytest benchmarks`` compares runs of one machine; ``ratios.py`` judges."""

from __future__ import annotations

from typing import Any

import pytest

import vndoc
from packets import KB, MB, octets, packet

SIZES = [0, 10 * KB, 100 * KB, MB, 10 * MB]


@pytest.mark.parametrize("size", SIZES)
def test_read_and_digest(benchmark: Any, size: int) -> None:
    data = octets(size)

    def job() -> list[bytes]:
        return [a.digest() for a in vndoc.read(data).document.attachments]

    assert len(benchmark(job)) == (1 if size else 0)


@pytest.mark.parametrize("size", SIZES)
def test_validate(benchmark: Any, size: int) -> None:
    reading = vndoc.read(octets(size))
    assert benchmark(lambda: vndoc.validate(reading)).passed


@pytest.mark.parametrize("size", SIZES)
def test_write(benchmark: Any, size: int) -> None:
    value = packet(size)
    assert benchmark(lambda: vndoc.write_packet(value)).startswith(b"<?xml")
