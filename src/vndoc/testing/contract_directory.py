"""What a carrier with an address book owes its callers, as tests: for carriers that are a ``Directory`` as well."""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Iterator
from typing import cast

import attrs

from vndoc.errors import OwnFaultError
from vndoc.testing._contract_bench import STRANGE, Setting, own_fault, require
from vndoc.transport.base import AgencyRecord, Directory

__all__ = ["DirectoryContract"]


class DirectoryContract(abc.ABC):
    """The suite. A subclass gives :meth:`make`, as for :class:`~vndoc.testing.contract.TransportContract`."""

    own: AgencyRecord = AgencyRecord(code="H14.77", name="Phòng Mẫu")
    """An agency that is not there yet, and that the first agency's system may register."""

    @abc.abstractmethod
    def make(self) -> Setting:
        """Return a new axis with three agencies."""

    @contextlib.contextmanager
    def _directory(self) -> Iterator[tuple[Setting, Directory]]:
        with contextlib.ExitStack() as stack:
            setting = self.make()
            stack.callback(setting.close)
            carrier = stack.enter_context(contextlib.closing(setting.connect(setting.agencies[0])))
            require(isinstance(carrier, Directory), "not a Directory")
            yield setting, cast("Directory", carrier)

    def test_d01_everybody_stands_in_it_once(self) -> None:
        """D01: every agency is listed once, with a code and a name."""
        with self._directory() as (setting, directory):
            records = list(directory.agencies())
            codes = [record.code for record in records]
            require(set(setting.agencies) <= set(codes), "an agency is missing")
            require(len(codes) == len(set(codes)), "an agency stands twice")
            require(all(record.code and record.name for record in records), "a record without code or name")
            require(setting.unknown not in codes, "the unknown agency is known")

    def test_d02_register_and_remove(self) -> None:
        """D02: what is registered is listed until it is removed; then the changes say so."""
        with self._directory() as (_, directory):
            directory.register(self.own)
            found = [record for record in directory.agencies() if record.code == self.own.code]
            require([record.name for record in found] == [self.own.name], "the new agency is not listed")
            directory.remove(self.own.code)
            require(self.own.code not in {record.code for record in directory.agencies()}, "a removed agency is listed")
            changes = {record.code: record for record in directory.changes()}
            require(self.own.code not in changes or changes[self.own.code].deleted, "the changes do not say so")

    def test_d03_changes_are_all_or_later_ones(self) -> None:
        """D03: without a time all is a change; with the time of the last change only what is later."""
        with self._directory() as (setting, directory):
            everything = list(directory.changes())
            require(set(setting.agencies) <= {record.code for record in everything}, "a change is missing")
            times = [record.modified for record in everything if record.modified is not None]
            require(all(time.utcoffset() is not None for time in times), "a time has no zone")
            if times:
                later = list(directory.changes(max(times)))
                require(all(r.modified is None or r.modified > max(times) for r in later), "an old change is new")

    def test_d04_others_are_left_alone(self) -> None:
        """D04: an agency of another system, and one that is not there, cannot be removed."""
        with self._directory() as (setting, directory):
            before = {record.code for record in directory.agencies()}
            for code in (setting.agencies[1], setting.unknown or self.own.code, *STRANGE):
                with own_fault():
                    directory.remove(code)
            require({record.code for record in directory.agencies()} == before, "an agency was removed")

    def test_d05_strange_records(self) -> None:
        """D05: whatever stands in a record is entered as it is, or refused."""
        with self._directory() as (_, directory):
            for strange in STRANGE:
                with contextlib.suppress(OwnFaultError):
                    directory.register(attrs.evolve(self.own, name=strange))
                    names = [record.name for record in directory.agencies() if record.code == self.own.code]
                    require(names == [strange], f"{strange!r} became {names}")
