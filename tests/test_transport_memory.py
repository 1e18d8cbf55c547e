"""The carrier within the process keeps the contract, and what it adds: its clock, its address book, its order."""

from __future__ import annotations

from vndoc.testing.contract import Setting, TransportContract
from vndoc.transport import MemoryAxis

AGENCIES = ("H14.01", "H14.02", "H30.01")


class TestContract(TransportContract):
    big = None  # it holds everything in memory: that is what it is

    def make(self) -> Setting:
        axis = MemoryAxis([*AGENCIES, "H99.01"], max_bytes=1024 * 1024)
        axis.shut("H99.01")
        return Setting(agencies=AGENCIES, connect=axis.transport, unknown="H77.77", closed="H99.01")
