"""The faulty carrier: each fault does to each call what its name says, and a patient caller survives them all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import PeerFaultError, Retry, TransportError, UsageError
from vndoc.testing.clock import FakeClock
from vndoc.testing.contract import Setting, TransportContract
from vndoc.testing.faulty import CALLS, Fault, FaultyTransport, scripted, seeded
from vndoc.transport import Item, Kind, MemoryAxis, MemoryTransport, Outgoing, Settlement

AGENCIES = ("H14.01", "H14.02", "H30.01")
TO = AGENCIES[1:2]


class TestWithoutFaults(TransportContract):
    """A carrier around which nothing happens keeps the contract."""

    big = None

    def make(self) -> Setting:
        axis = MemoryAxis(AGENCIES)
        return Setting(agencies=AGENCIES, connect=lambda code: FaultyTransport(axis.transport(code)), unknown="H77.77")


def outgoing(number: int = 1) -> Outgoing:
    content = f"<edXML n='{number}'/>".encode()
    return Outgoing(
        message_id=f"tin-{number}",
        kind=Kind.DOCUMENT,
        sender=AGENCIES[0],
        content=MemoryOctets(content),
        sha256=hashlib.sha256(content).digest(),
    )


def pair(*faults: Fault, call: str, waiting: int = 0) -> tuple[FaultyTransport, MemoryTransport, MemoryTransport]:
    """Return a faulty carrier of the second agency, and honest ones of the first and the second."""
    axis = MemoryAxis(AGENCIES)
    honest = axis.transport(AGENCIES[0])
    for number in range(waiting):
        honest.submit(outgoing(number), TO)
    return (
        FaultyTransport(axis.transport(*AGENCIES[:2]), scripted(*faults, call=call), clock=FakeClock(), seed=1),
        honest,
        axis.transport(TO[0]),
    )


def ids(carrier: FaultyTransport | MemoryTransport) -> list[str]:
    return [item.id for item in carrier.pending(Kind.DOCUMENT)]


FAILING = [
    (Fault.LOST_BEFORE, "carrier-unreachable", 0),
    (Fault.FAILED, "carrier-failed", 0),
    (Fault.LOST_AFTER, "carrier-interrupted", 1),
    (Fault.TIMEOUT, "carrier-timeout", 1),
    (Fault.NONSENSE, "carrier-nonsense", 1),
]


@pytest.mark.parametrize(("fault", "code", "happened"), FAILING, ids=lambda v: getattr(v, "value", v))
def test_submitting(fault: Fault, code: str, happened: int) -> None:
    faulty, _, two = pair(fault, call="submit")
    with pytest.raises(PeerFaultError) as error:
        faulty.submit(outgoing(), TO)
    assert (error.value.code, error.value.retry) == (code, Retry.UNKNOWN if happened else Retry.SAFE)
    assert len(ids(two)) == happened
    faulty.submit(outgoing(), TO)
    assert len(ids(two)) == 1
    assert faulty.counts == {("submit", fault): 1, ("submit", Fault.NONE): 1}


@pytest.mark.parametrize(("fault", "code", "happened"), FAILING, ids=lambda v: getattr(v, "value", v))
def test_listing_fetching_settling(fault: Fault, code: str, happened: int) -> None:
    for call in CALLS[1:]:
        faulty, _, two = pair(fault, call=call, waiting=4)
        items = list(two.pending(Kind.DOCUMENT))
        seen: list[Item] = []
        steps: dict[str, Callable[[], object]] = {
            "pending": lambda seen=seen, faulty=faulty: seen.extend(iter(faulty.pending(Kind.DOCUMENT))),
            "fetch": lambda items=items, faulty=faulty: faulty.fetch(items[0]),
            "settle": lambda items=items, faulty=faulty: faulty.settle(items[0], Settlement.DONE),
        }
        with pytest.raises(PeerFaultError) as error:
            steps[call]()
        assert (error.value.code, error.value.retry) == (code, Retry.SAFE)
        assert seen == (items[:2] if call == "pending" and happened else [])
        assert ids(two) == [item.id for item in items][happened if call == "settle" else 0 :]
        steps[call]()
        assert len(ids(two)) == (3 if call == "settle" else 4)


def test_doubling() -> None:
    faulty, _, two = pair(Fault.DUPLICATE, call="submit")
    faulty.submit(outgoing(), TO)
    assert len(ids(two)) == 2
    faulty, _, _ = pair(Fault.DUPLICATE, call="pending", waiting=2)
    assert ids(faulty) == [*ids(faulty)] * 2
    faulty, _, two = pair(Fault.DUPLICATE, call="settle", waiting=2)
    faulty.settle(next(two.pending(Kind.DOCUMENT)), Settlement.DONE)
    assert len(ids(two)) == 1


def test_saying_yes_and_doing_nothing() -> None:
    faulty, _, two = pair(Fault.DROP, call="submit")
    receipt = faulty.submit(outgoing(), [*TO, *TO])
    assert (receipt.accepted, receipt.accepted_at) == (TO, FakeClock()())
    assert ids(two) == []
    faulty, _, _ = pair(Fault.DROP, call="pending", waiting=2)
    assert ids(faulty) == []
    assert len(ids(faulty)) == 2
    faulty, _, two = pair(Fault.DROP, call="settle", waiting=2)
    faulty.settle(next(two.pending(Kind.DOCUMENT)), Settlement.DONE)
    assert len(ids(two)) == 2


def test_another_order() -> None:
    faulty, _, two = pair(Fault.REORDER, call="pending", waiting=10)
    mixed = ids(faulty)
    assert mixed != ids(two)
    assert sorted(mixed) == sorted(ids(two))


def test_other_octets() -> None:
    faulty, _, two = pair(Fault.GARBLE, call="fetch", waiting=1)
    [item] = two.pending(Kind.DOCUMENT)
    with faulty.fetch(item) as garbled, two.fetch(item) as whole:
        octets = garbled.open().read()
        assert octets != whole.open().read()
        assert garbled.sha256 == hashlib.sha256(octets).digest()


def test_taking_time() -> None:
    clock = FakeClock()
    axis = MemoryAxis(AGENCIES)
    faulty = FaultyTransport(
        axis.transport(AGENCIES[0]), scripted(Fault.DELAY, Fault.TIMEOUT), sleep=clock.sleep, delay=2, timeout=30
    )
    faulty.submit(outgoing(), TO)
    assert clock.monotonic() == 2
    with pytest.raises(PeerFaultError) as error:
        faulty.submit(outgoing(), TO)
    assert (clock.monotonic(), error.value.values["seconds"]) == (32, 30)


def test_a_cut_line() -> None:
    faulty, _, _ = pair(call="submit", waiting=1)
    faulty.partition()
    for call in (
        lambda: faulty.submit(outgoing(), TO),
        lambda: ids(faulty),
        lambda: faulty.fetch(Item(id="m000001-1", kind=Kind.DOCUMENT)),
        lambda: faulty.settle(Item(id="m000001-1", kind=Kind.DOCUMENT), Settlement.DONE),
    ):
        with pytest.raises(PeerFaultError) as error:
            call()
        assert error.value.code == "carrier-unreachable"
    faulty.heal()
    assert len(ids(faulty)) == 1
    assert repr(faulty) == "FaultyTransport(MemoryTransport(H14.01, H14.02))"


def test_the_same_seed_gives_the_same_faults() -> None:
    rates = {Fault.LOST_AFTER: 0.3, Fault.DROP: 0.2}
    one, two, other = (seeded(seed, rates) for seed in (7, 7, 8))
    drawn = [one("submit") for _ in range(2000)]
    assert drawn == [two("submit") for _ in range(2000)]
    assert drawn != [other("submit") for _ in range(2000)]
    assert 500 < drawn.count(Fault.LOST_AFTER) < 700
    assert 300 < drawn.count(Fault.DROP) < 500
    only = seeded(7, {Fault.FAILED: 1.0}, calls=("fetch",))
    assert (only("submit"), only("fetch")) == (Fault.NONE, Fault.FAILED)


def test_what_cannot_be_a_script() -> None:
    for wrong in (
        lambda: scripted(Fault.DROP, call="sumbit"),
        lambda: seeded(1, {Fault.DROP: 1.5}),
        lambda: seeded(1, {Fault.DROP: -0.5, Fault.FAILED: 1}),
    ):
        with pytest.raises(UsageError) as error:
            wrong()
        assert error.value.code == "option-invalid"


@pytest.mark.parametrize("seed", range(20))
def test_a_patient_caller_survives_every_fault_that_is_not_a_lie(seed: int) -> None:
    """Repeating under the same message id until there is a receipt, and settling what was kept, brings each once."""
    rates = dict.fromkeys(
        (Fault.LOST_BEFORE, Fault.LOST_AFTER, Fault.FAILED, Fault.TIMEOUT, Fault.NONSENSE, Fault.REORDER), 0.08
    )
    axis = MemoryAxis(AGENCIES)
    one = FaultyTransport(axis.transport(AGENCIES[0]), seeded(seed, rates))
    two = FaultyTransport(axis.transport(TO[0]), seeded(seed + 1000, rates | {Fault.DUPLICATE: 0.1}))
    for number in range(10):
        while True:
            try:
                one.submit(outgoing(number), TO)
            except TransportError as error:
                assert error.retry in {Retry.SAFE, Retry.UNKNOWN}  # noqa: PT017 - the loop goes on
            else:
                break
    kept: dict[str, bytes] = {}
    for _ in range(200):
        try:
            for item in two.pending(Kind.DOCUMENT):
                if item.id not in kept:
                    with two.fetch(item) as content:
                        kept[item.id] = content.sha256
                two.settle(item, Settlement.DONE)
        except TransportError:
            continue
    assert sorted(kept.values()) == sorted(outgoing(number).sha256 for number in range(10))
    assert ids(axis.transport(TO[0])) == []
