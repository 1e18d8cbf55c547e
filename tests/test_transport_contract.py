"""The contract suite bites: a carrier with one defect fails the test that is named after it. The clock, too."""

from __future__ import annotations

import datetime
import hashlib
import inspect
import logging
import re
import unittest
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs
import pytest

from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import OwnFaultError, PeerFaultError
from vndoc.testing.clock import FakeClock
from vndoc.testing.contract import PatternOctets, Setting, TransportContract
from vndoc.testing.contract_directory import DirectoryContract
from vndoc.transport import (
    AgencyRecord,
    Item,
    ItemState,
    Kind,
    MemoryAxis,
    MemoryTransport,
    Outgoing,
    Receipt,
    Settlement,
)
from vndoc.transport.content import Fetched

AGENCIES = ("H14.01", "H14.02", "H30.01")


class Base(MemoryTransport):
    """What the defects are defects of."""


class NoName(Base):
    name = ""  # type: ignore[assignment]


class ForgetsARecipient(Base):
    def submit(self, packet: Outgoing, recipients: Sequence[str]) -> Receipt:
        return attrs.evolve(super().submit(packet, recipients), accepted=tuple(recipients)[:1])


class NoZone(Base):
    def submit(self, packet: Outgoing, recipients: Sequence[str]) -> Receipt:
        receipt = super().submit(packet, recipients)
        return attrs.evolve(receipt, accepted_at=receipt.accepted_at.replace(tzinfo=None))


class LosesTheSecond(Base):
    def submit(self, packet: Outgoing, recipients: Sequence[str]) -> Receipt:
        receipt = super().submit(packet, recipients[:1])
        return attrs.evolve(receipt, accepted=tuple(dict.fromkeys(recipients)))


class ReadsTheMailOfOthers(Base):
    def fetch(self, item: Item) -> Fetched:
        self._codes = dict.fromkeys(AGENCIES)
        return super().fetch(item)


class MixesKinds(Base):
    def pending(self, kind: Kind) -> Iterator[Item]:
        for one in Kind:
            yield from super().pending(one)


class CountsKindsApart(Base):
    def pending(self, kind: Kind) -> Iterator[Item]:
        return (attrs.evolve(item, id=str(number)) for number, item in enumerate(super().pending(kind)))


class NewestFirst(Base):
    def pending(self, kind: Kind) -> Iterator[Item]:
        return iter(list(super().pending(kind))[::-1])


class FetchingTakesAway(Base):
    def fetch(self, item: Item) -> Fetched:
        content = super().fetch(item)
        self.settle(item, Settlement.DONE)
        return content


class OpensOnce(Base):
    def fetch(self, item: Item) -> Fetched:
        content = super().fetch(item)
        file = content.open()

        @attrs.frozen
        class Once:
            size: int = content.size

            def open(self) -> object:
                return file

        return Fetched(Once(), content.sha256)  # type: ignore[arg-type]


class NeverDone(Base):
    def settle(self, item: Item, settlement: Settlement) -> None:
        self._check()


class DoneTwiceIsAnError(Base):
    def settle(self, item: Item, settlement: Settlement) -> None:
        self.fetch(item)
        super().settle(item, settlement)


class FailIsDone(Base):
    def settle(self, item: Item, settlement: Settlement) -> None:
        super().settle(item, Settlement.DONE)


class ProcessingHides(Base):
    def pending(self, kind: Kind) -> Iterator[Item]:
        return (item for item in super().pending(kind) if item.state is not ItemState.PROCESSING)


class WaitsInTheSender(Base):
    def close(self) -> None:
        for queue in self._axis._queues.values():
            queue.clear()
        super().close()


class TakesRepetitions(Base):
    def submit(self, packet: Outgoing, recipients: Sequence[str]) -> Receipt:
        self._axis._sent.clear()
        return super().submit(packet, recipients)


class AcceptsAnyone(Base):
    def submit(self, packet: Outgoing, recipients: Sequence[str]) -> Receipt:
        receipt = super().submit(packet, recipients)
        return attrs.evolve(receipt, accepted=tuple(dict.fromkeys(recipients)), refused=())


class SendsForAnyone(Base):
    def submit(self, packet: Outgoing, recipients: Sequence[str]) -> Receipt:
        self._codes = dict.fromkeys(AGENCIES)
        return super().submit(packet, recipients)


class ChecksNothing(Base):
    def submit(self, packet: Outgoing, recipients: Sequence[str]) -> Receipt:
        with packet.content.open() as file:
            octets = file.read()
        packet = attrs.evolve(packet, content=MemoryOctets(octets), sha256=hashlib.sha256(octets).digest())
        return super().submit(packet, recipients)


class MakesSomethingOfNothing(Base):
    def fetch(self, item: Item) -> Fetched:
        content = super().fetch(item)
        octets = content.open().read() or b"null"
        return Fetched(MemoryOctets(octets), hashlib.sha256(octets).digest())


class WrongDigest(Base):
    def fetch(self, item: Item) -> Fetched:
        return Fetched(super().fetch(item)._octets, bytes(32))  # type: ignore[arg-type]


class StricterThanItSays(Base):
    def submit(self, packet: Outgoing, recipients: Sequence[str]) -> Receipt:
        if packet.content.size >= 1024 * 1024:
            raise OwnFaultError("carrier-too-big", carrier=self.name, size=0, limit=0)
        return super().submit(packet, recipients)


class OnePage(Base):
    def pending(self, kind: Kind) -> Iterator[Item]:
        return iter(list(super().pending(kind))[:100])


class SkipsWhenSettled(Base):
    """Pages by offset: the classical mistake."""

    def pending(self, kind: Kind) -> Iterator[Item]:
        offset = 0
        while page := list(super().pending(kind))[offset : offset + 10]:
            yield from page
            offset += 10


class ForeignError(Base):
    def fetch(self, item: Item) -> Fetched:
        return super().fetch(item) if "/" not in item.id else Fetched(MemoryOctets(open(item.id).read()), b"")  # type: ignore[arg-type]  # noqa: PTH123


class TellsInItsRepr(Base):
    def __repr__(self) -> str:
        return "carrier(secret=bí-mật-42)"


class TellsInTheLog(Base):
    def fetch(self, item: Item) -> Fetched:
        logging.getLogger("axis").debug("GET %s", item.id, extra={"headers": {"X-Secret": "bí-mật-42"}})
        return super().fetch(item)


DEFECTS: list[tuple[type[Base], str]] = [
    (NoName, "t01"),
    (ForgetsARecipient, "t02"),
    (NoZone, "t02"),
    (LosesTheSecond, "t03"),
    (WrongDigest, "t03"),
    (ReadsTheMailOfOthers, "t04"),
    (MixesKinds, "t05"),
    (CountsKindsApart, "t05"),
    (NewestFirst, "t06"),
    (FetchingTakesAway, "t07"),
    (OpensOnce, "t08"),
    (NeverDone, "t09"),
    (DoneTwiceIsAnError, "t10"),
    (FailIsDone, "t11"),
    (ProcessingHides, "t12"),
    (WaitsInTheSender, "t13"),
    (TakesRepetitions, "t14"),
    (TakesRepetitions, "t15"),
    (AcceptsAnyone, "t16"),
    (AcceptsAnyone, "t17"),
    (SendsForAnyone, "t18"),
    (ChecksNothing, "t19"),
    (MakesSomethingOfNothing, "t20"),
    (StricterThanItSays, "t21"),
    (Base, "t22"),
    (OnePage, "t23"),
    (SkipsWhenSettled, "t23"),
    (NeverDone, "t24"),
    (ForeignError, "t25"),
    (AcceptsAnyone, "t26"),
    (WaitsInTheSender, "t27"),
    (TellsInItsRepr, "t28"),
    (TellsInTheLog, "t28"),
]
TESTS = {name.split("_")[1]: name for name, _ in inspect.getmembers(TransportContract) if name.startswith("test_")}


def contract(kind: Callable[..., MemoryTransport]) -> TransportContract:
    class Contract(TransportContract):
        patience = 0.0
        many = 120
        big = 16 * 1024 * 1024

        def make(self) -> Setting:
            axis = MemoryAxis([*AGENCIES, "H99.01"], max_bytes=16 * 1024 * 1024 if kind is Base else 1024 * 1024)
            axis.shut("H99.01")
            return Setting(
                agencies=AGENCIES,
                connect=lambda code: kind(axis, [code]),
                unknown="H77.77",
                closed="H99.01",
                secrets=("bí-mật-42",),
            )

    return Contract()


@pytest.mark.parametrize(("kind", "test"), DEFECTS, ids=lambda v: v if isinstance(v, str) else v.__name__)
def test_a_defect_is_found(kind: type[Base], test: str) -> None:
    with pytest.raises((AssertionError, OSError)) as error:
        getattr(contract(kind), TESTS[test])()
    assert not isinstance(error.value, unittest.SkipTest)


class Sound(Base):
    """No defect, apart from holding everything in memory."""


@pytest.mark.parametrize("test", [test for test in TESTS if test != "t22"])
def test_without_a_defect_nothing_is_found(test: str) -> None:
    getattr(contract(Sound), TESTS[test])()


def test_every_requirement_has_a_defect_and_says_what_it_wants() -> None:
    assert {test for _, test in DEFECTS} == set(TESTS)
    assert [*TESTS] == [f"t{number:02d}" for number in range(1, len(TESTS) + 1)]
    for suite in (TransportContract, DirectoryContract):
        for name, method in inspect.getmembers(suite, inspect.isfunction):
            if name.startswith("test_"):
                assert (method.__doc__ or "").startswith(f"{name.split('_')[1].upper()}: ")


def test_the_reference_says_what_the_suites_want(root: Path) -> None:
    page = (root / "docs" / "reference" / "transport.md").read_text(encoding="utf-8")
    said = [line for line in page.splitlines() if re.match(r"\| [TD]\d\d ", line)]
    wanted = []
    for suite in (TransportContract, DirectoryContract):
        for name, method in inspect.getmembers(suite, inspect.isfunction):
            if name.startswith("test_"):
                number, _, text = (method.__doc__ or "").partition(": ")
                wanted.append(f"| {number} | {text} |")
    assert said == wanted


def test_what_a_carrier_cannot_have_is_skipped() -> None:
    class Forgetful(Base):
        @property
        def features(self):
            return attrs.evolve(super().features, deduplicates=False, max_bytes=None)

    class Contract(TransportContract):
        big = None

        def make(self) -> Setting:
            axis = MemoryAxis(AGENCIES)
            return Setting(agencies=AGENCIES, connect=lambda code: Forgetful(axis, [code]), unknown=None)

    for test in ("t15", "t16", "t17", "t21", "t22", "t28"):
        with pytest.raises(unittest.SkipTest):
            getattr(Contract(), TESTS[test])()


def test_the_suite_runs_under_unittest_too() -> None:
    class Case(TransportContract, unittest.TestCase):
        big = None

        def make(self) -> Setting:
            axis = MemoryAxis(AGENCIES)
            return Setting(agencies=AGENCIES, connect=axis.transport, unknown="H77.77")

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
    assert result.wasSuccessful(), result.failures + result.errors
    assert result.testsRun == len(TESTS)


class NamesTwice(Base):
    def agencies(self) -> Iterator[AgencyRecord]:
        return iter([*super().agencies()] * 2)


class RegistersNothing(Base):
    def register(self, agency: AgencyRecord) -> None: ...


class EverythingIsNew(Base):
    def changes(self, since: datetime.datetime | None = None) -> Iterator[AgencyRecord]:
        return super().changes()


class RemovesAnyone(Base):
    def remove(self, code: str) -> None:
        self._axis.delete(code)


class Trims(Base):
    def register(self, agency: AgencyRecord) -> None:
        super().register(attrs.evolve(agency, name=agency.name.strip("/.")))


@pytest.mark.parametrize(
    ("kind", "test"),
    [(NamesTwice, "d01"), (RegistersNothing, "d02"), (EverythingIsNew, "d03"), (RemovesAnyone, "d04"), (Trims, "d05")],
)
def test_a_defect_of_a_directory_is_found(kind: type[Base], test: str) -> None:
    class Contract(DirectoryContract):
        def make(self) -> Setting:
            axis = MemoryAxis(AGENCIES)
            return Setting(agencies=AGENCIES, connect=lambda code: kind(axis, [code]), unknown="H77.77")

    [name] = [name for name in dir(Contract) if name.startswith(f"test_{test}")]
    with pytest.raises(AssertionError):
        getattr(Contract(), name)()


@pytest.mark.parametrize("size", [0, 1, 65534, 65535, 65536, 200_000])
def test_pattern_octets_are_as_many_as_they_say_and_the_same_each_time(size: int) -> None:
    octets = PatternOctets(size)
    with octets.open() as one, octets.open() as two:
        first = one.read()
        assert len(first) == size
        assert b"".join(iter(lambda: two.read(1000), b"")) == first
    assert size < 65536 or first[:1000] != first[65536 - 1000 : 65536]


def test_the_clock_stands_still_until_told() -> None:
    clock = FakeClock()
    start = clock()
    assert start == clock() == datetime.datetime(2026, 3, 2, 1, tzinfo=datetime.UTC)
    clock.sleep(1.5)
    clock.advance(datetime.timedelta(minutes=1))
    assert clock.monotonic() == 61.5
    clock.advance(datetime.timedelta(days=-1))
    assert clock() == start + datetime.timedelta(days=-1, seconds=61.5)
    hanoi = datetime.timezone(datetime.timedelta(hours=7))
    clock.set(datetime.datetime(2026, 3, 3, 8, tzinfo=hanoi))
    assert repr(clock) == "FakeClock(2026-03-03T01:00:00+00:00)"


def test_a_clock_may_step_and_wants_zones() -> None:
    clock = FakeClock(step=datetime.timedelta(seconds=1))
    assert (clock() - clock()).total_seconds() == -1
    naive = datetime.datetime(2026, 3, 3)  # noqa: DTZ001
    with pytest.raises(ValueError, match="zone"):
        FakeClock(naive)
    with pytest.raises(ValueError, match="zone"):
        clock.set(naive)


def test_faults_of_ones_own_disk_pass() -> None:
    """What ``retry`` says, and that it survives pickling, is tested with the errors; here only its default."""
    assert OwnFaultError("carrier-closed", carrier="x").retry.value == "never"
    assert PeerFaultError("carrier-failed", carrier="x", detail="").retry.value == "safe"
