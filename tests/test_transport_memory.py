"""The carrier within the process keeps the contracts, and what it adds: its clock, its address book, its thrift."""

from __future__ import annotations

import datetime
import hashlib

import attrs
import pytest

from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import OwnFaultError
from vndoc.testing.clock import FakeClock
from vndoc.testing.contract import Setting, TransportContract
from vndoc.testing.contract_directory import DirectoryContract
from vndoc.transport import AgencyRecord, Item, ItemState, Kind, MemoryAxis, Outgoing, Settlement

AGENCIES = ("H14.01", "H14.02", "H30.01")


def setting() -> Setting:
    axis = MemoryAxis([*AGENCIES, "H99.01"], max_bytes=1024 * 1024, clock=FakeClock(step=datetime.timedelta(seconds=1)))
    axis.shut("H99.01")
    return Setting(agencies=AGENCIES, connect=axis.transport, unknown="H77.77", closed="H99.01")


class TestContract(TransportContract):
    big = None  # it holds everything in memory: that is what it is

    def make(self) -> Setting:
        return setting()


class TestDirectory(DirectoryContract):
    def make(self) -> Setting:
        return setting()


def outgoing(number: int = 1, content: bytes = b"<edXML/>") -> Outgoing:
    return Outgoing(
        message_id=f"tin-{number}",
        kind=Kind.DOCUMENT,
        sender=AGENCIES[0],
        content=MemoryOctets(content),
        sha256=hashlib.sha256(content).digest(),
    )


def test_it_is_deterministic() -> None:
    told = []
    for _ in range(2):
        clock = FakeClock()
        axis = MemoryAxis(AGENCIES, clock=clock)
        one, two = axis.transport(AGENCIES[0]), axis.transport(*AGENCIES[1:])
        receipts = [one.submit(outgoing(number), AGENCIES[1:]) for number in range(3)]
        told.append((receipts, list(two.pending(Kind.DOCUMENT))))
        assert receipts[0].accepted_at == clock()
    assert told[0] == told[1]
    assert [item.recipient for item in told[0][1]] == [*AGENCIES[1:]] * 3


def test_who_was_refused_is_served_by_the_repetition() -> None:
    axis = MemoryAxis(AGENCIES)
    axis.shut(AGENCIES[2])
    one = axis.transport(AGENCIES[0])
    first = one.submit(outgoing(), AGENCIES[1:])
    assert [(r.recipient, r.code) for r in first.refused] == [(AGENCIES[2], "carrier-recipient-closed")]
    axis.reopen(AGENCIES[2])
    second = one.submit(outgoing(), AGENCIES[1:])
    assert second == attrs.evolve(first, accepted=AGENCIES[1:], refused=())
    for code in AGENCIES[1:]:
        assert len(list(axis.transport(code).pending(Kind.DOCUMENT))) == 1


def test_a_state_is_told_in_the_list() -> None:
    axis = MemoryAxis(AGENCIES)
    two = axis.transport(AGENCIES[1])
    axis.transport(AGENCIES[0]).submit(outgoing(), AGENCIES[1:2])
    for settlement, state in (
        (Settlement.PROCESSING, ItemState.PROCESSING),
        (Settlement.FAIL, ItemState.FAIL),
    ):
        [item] = two.pending(Kind.DOCUMENT)
        two.settle(item, settlement)
        assert [item.state for item in two.pending(Kind.DOCUMENT)] == [state]


def test_a_deleted_agency_neither_sends_nor_receives_but_fetches_what_waits() -> None:
    axis = MemoryAxis(AGENCIES)
    one, two = axis.transport(AGENCIES[0]), axis.transport(AGENCIES[1])
    one.submit(outgoing(), AGENCIES[1:2])
    two.remove(AGENCIES[1])
    assert one.submit(outgoing(2), AGENCIES[1:2]).refused[0].code == "carrier-unknown-recipient"
    assert len(list(two.pending(Kind.DOCUMENT))) == 1
    with pytest.raises(OwnFaultError) as error:
        two.submit(attrs.evolve(outgoing(3), sender=AGENCIES[1]), AGENCIES[:1])
    assert error.value.code == "carrier-unknown-sender"


def test_the_address_book() -> None:
    clock = FakeClock(step=datetime.timedelta(seconds=1))
    axis = MemoryAxis(AGENCIES, clock=clock)
    one = axis.transport(AGENCIES[0])
    since = clock()
    one.register(AgencyRecord(code="H14.09", name="Chi cục Mẫu"))
    axis.transport(AGENCIES[2]).remove(AGENCIES[2])
    assert [(record.code, record.deleted) for record in one.changes(since)] == [("H14.09", False), (AGENCIES[2], True)]
    with pytest.raises(OwnFaultError, match="zone") as error:
        one.changes(since.replace(tzinfo=None))
    assert error.value.code == "carrier-parameter"
    with pytest.raises(OwnFaultError) as error:
        one.register(AgencyRecord(code=AGENCIES[1], name="Của người khác"))
    assert error.value.code == "carrier-refused"
    one.register(AgencyRecord(code=AGENCIES[0], name="Tên mới"))
    assert next(one.agencies()).name == "Tên mới"


def test_what_is_settled_while_it_is_listed_is_not_offered() -> None:
    axis = MemoryAxis(AGENCIES)
    two = axis.transport(AGENCIES[1])
    for number in range(2):
        axis.transport(AGENCIES[0]).submit(outgoing(number), AGENCIES[1:2])
    first, second = two.pending(Kind.DOCUMENT)
    walk = two.pending(Kind.DOCUMENT)
    assert next(walk) == first
    axis.transport(AGENCIES[1]).settle(second, Settlement.DONE)
    assert list(walk) == []
    assert not axis.delete("H77.77")


def test_every_call_of_a_closed_carrier_says_so() -> None:
    one = MemoryAxis(AGENCIES).transport(AGENCIES[0])
    item = Item(id="m000001-1", kind=Kind.STATUS)
    one.close()
    calls = [
        lambda: one.submit(outgoing(), AGENCIES[1:]),
        lambda: one.pending(Kind.STATUS),
        lambda: one.fetch(item),
        lambda: one.settle(item, Settlement.DONE),
        one.agencies,
        one.changes,
        lambda: one.register(AgencyRecord(code="x", name="x")),
        lambda: one.remove("x"),
    ]
    for call in calls:
        with pytest.raises(OwnFaultError) as error:
            call()
        assert error.value.code == "carrier-closed"
        assert error.value.text("vi") == "memory đã đóng."


def test_it_shows_its_codes_and_not_what_it_carries() -> None:
    axis = MemoryAxis(AGENCIES)
    assert repr(axis.transport(*AGENCIES[:2])) == "MemoryTransport(H14.01, H14.02)"
