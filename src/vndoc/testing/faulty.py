"""A carrier that fails on purpose: any carrier, wrapped, with faults from a script or a seed.

    carrier = FaultyTransport(axis.transport("A"), scripted(Fault.LOST_AFTER))   # the first call only
    carrier = FaultyTransport(axis.transport("A"), seeded(7, {Fault.LOST_AFTER: 0.2, Fault.DUPLICATE: 0.1}))

What it raises is what a carrier may raise, so a caller that survives it survives a bad line and a bad axis.
"""

from __future__ import annotations

import datetime
import enum
import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import attrs

from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import PeerFaultError, Retry, UsageError
from vndoc.transport.base import Content, Features, Item, Kind, Outgoing, Receipt, Settlement, Transport
from vndoc.transport.content import Fetched

__all__ = ["CALLS", "Fault", "Faults", "FaultyTransport", "scripted", "seeded"]

CALLS: Final = ("submit", "pending", "fetch", "settle")
"""The calls that can be made to fail."""


class Fault(enum.Enum):
    """One way for one call to go wrong."""

    NONE = "none"
    """The call works."""
    LOST_BEFORE = "lost-before"
    """It fails before anything happened: ``carrier-unreachable``, repeating is safe."""
    LOST_AFTER = "lost-after"
    """It happened, but the answer is lost: ``carrier-interrupted``; after ``submit`` the outcome is unknown."""
    TIMEOUT = "timeout"
    """As the one before, but it looks like an axis that hangs: ``carrier-timeout``."""
    FAILED = "failed"
    """The axis answers with a fault of its own, and nothing happened: ``carrier-failed``."""
    NONSENSE = "nonsense"
    """The answer cannot be understood, and nobody knows what happened (it did): ``carrier-nonsense``."""
    DUPLICATE = "duplicate"
    """It happens twice: a packet under another message id too, a list with every item twice."""
    DROP = "drop"
    """The axis says yes, and nothing happens: a packet that is lost, an empty list, a settlement without effect."""
    REORDER = "reorder"
    """A list comes in another order; other calls work."""
    GARBLE = "garble"
    """Other octets come than were sent, and their digest fits them; other calls work."""
    DELAY = "delay"
    """It takes its time, then works."""


Faults = Callable[[str], Fault]
"""What is asked before each call, with its name (one of :data:`CALLS`): the fault that this call gets."""


def scripted(*faults: Fault, call: str | None = None) -> Faults:
    """Return what gives *faults* to the calls in their order (*call*: to those of that name), then none."""
    if call is not None and call not in CALLS:
        raise UsageError("option-invalid", detail=f"call: {call}")
    left = iter(faults)
    return lambda name: next(left, Fault.NONE) if call in {None, name} else Fault.NONE


def seeded(seed: int, rates: Mapping[Fault, float], *, calls: Sequence[str] = CALLS) -> Faults:
    """Return what gives each fault of *rates* to that share (0 to 1) of the *calls*, the same for the same *seed*."""
    if not (0 <= sum(rates.values()) <= 1 and all(rate >= 0 for rate in rates.values())):
        raise UsageError("option-invalid", detail=f"rates: {dict(rates)}")
    source = random.Random(seed)  # noqa: S311 - repeatable, not secret

    def choose(name: str) -> Fault:
        draw = source.random()
        if name in calls:
            for fault, rate in rates.items():
                draw -= rate
                if draw < 0:
                    return fault
        return Fault.NONE

    return choose


class FaultyTransport:
    """A carrier around *inner* whose calls get the *faults*; *seed* orders what :attr:`Fault.REORDER` mixes.

    *sleep* is called with the seconds of a :attr:`Fault.DELAY` (*delay*) or :attr:`Fault.TIMEOUT` (*timeout*); give
    that of a :class:`~vndoc.testing.clock.FakeClock` to lose no time. *clock* dates the receipts of :attr:`Fault.DROP`.
    :attr:`counts` says which faults were met.
    """

    def __init__(
        self,
        inner: Transport,
        faults: Faults = lambda _: Fault.NONE,
        *,
        clock: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC),
        sleep: Callable[[float], None] = time.sleep,
        delay: float = 0.05,
        timeout: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.counts: Counter[tuple[str, Fault]] = Counter()
        self._inner = inner
        self._faults = faults
        self._clock = clock
        self._sleep = sleep
        self._delay = delay
        self._timeout = timeout
        self._order = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._parted = False

    @property
    def name(self) -> str:
        """The name of the inner carrier."""
        return self._inner.name

    @property
    def features(self) -> Features:
        """What the inner carrier says of itself."""
        return self._inner.features

    def partition(self) -> None:
        """Cut the line: every call fails as ``carrier-unreachable`` until :meth:`heal`."""
        self._parted = True

    def heal(self) -> None:
        """End what :meth:`partition` began."""
        self._parted = False

    def submit(self, packet: Outgoing, recipients: Sequence[str]) -> Receipt:
        """Submit *packet*, as well as the fault of this call lets it."""
        fault = self._before("submit")
        if fault is Fault.DROP:
            return self._pretend(recipients)
        receipt = self._inner.submit(packet, recipients)
        if fault is Fault.DUPLICATE:
            self._inner.submit(_again(packet), recipients)
        self._after(fault, retry=Retry.UNKNOWN)
        return receipt

    def _pretend(self, recipients: Sequence[str]) -> Receipt:
        """Return the receipt of an axis that loses what it took over."""
        accepted = tuple(dict.fromkeys(recipients))
        return Receipt(carrier=self.name, transport_id="lost", accepted_at=self._clock(), accepted=accepted)

    def pending(self, kind: Kind) -> Iterator[Item]:
        """Yield what waits, as well as the fault of this call lets it; lost answers break off half-way."""
        return self._pending(kind)

    def _pending(self, kind: Kind) -> Iterator[Item]:
        fault = self._before("pending")
        items = [] if fault is Fault.DROP else list(self._inner.pending(kind))
        if fault is Fault.REORDER:
            self._order.shuffle(items)
        if fault is Fault.DUPLICATE:
            items += items
        if fault in _LOST:
            items = items[: len(items) // 2]
        yield from items
        self._after(fault)

    def fetch(self, item: Item) -> Content:
        """Return the octets of *item*, or what the fault of this call makes of them."""
        fault = self._before("fetch")
        content = self._inner.fetch(item)
        if fault is Fault.GARBLE:
            with content, content.open() as file:
                garbled = file.read()[::-1] + b"?"
            return Fetched(MemoryOctets(garbled), hashlib.sha256(garbled).digest())
        if fault in _LOST:
            content.close()
        self._after(fault)
        return content

    def settle(self, item: Item, settlement: Settlement) -> None:
        """Settle *item*, as well as the fault of this call lets it."""
        fault = self._before("settle")
        if fault is Fault.DROP:
            return
        for _ in range(2 if fault is Fault.DUPLICATE else 1):
            self._inner.settle(item, settlement)
        self._after(fault)

    def close(self) -> None:
        """Close the inner carrier."""
        self._inner.close()

    def _before(self, call: str) -> Fault:
        """Return the fault of this *call*, and raise what happens before anything else does."""
        fault = Fault.LOST_BEFORE if self._parted else self._faults(call)
        self.counts[call, fault] += 1
        if fault is Fault.LOST_BEFORE:
            raise PeerFaultError("carrier-unreachable", carrier=self.name, detail="partition")
        if fault is Fault.FAILED:
            raise PeerFaultError("carrier-failed", carrier=self.name, detail="503")
        if fault is Fault.DELAY:
            self._sleep(self._delay)
        return fault

    def _after(self, fault: Fault, retry: Retry = Retry.SAFE) -> None:
        """Raise what happens after everything else did."""
        if fault is Fault.LOST_AFTER:
            raise PeerFaultError("carrier-interrupted", carrier=self.name, detail="reset", retry=retry)
        if fault is Fault.TIMEOUT:
            self._sleep(self._timeout)
            raise PeerFaultError("carrier-timeout", carrier=self.name, seconds=self._timeout, retry=retry)
        if fault is Fault.NONSENSE:
            raise PeerFaultError("carrier-nonsense", carrier=self.name, detail="<html>", retry=retry)

    def __repr__(self) -> str:
        return f"FaultyTransport({self._inner!r})"


_LOST: Final = {Fault.LOST_AFTER, Fault.TIMEOUT, Fault.NONSENSE}


def _again(packet: Outgoing) -> Outgoing:
    """Return *packet* as an axis would see it that forgot its message id."""
    return attrs.evolve(packet, message_id=f"{packet.message_id}#2")
