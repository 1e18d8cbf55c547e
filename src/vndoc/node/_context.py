"""What every part of a node works with, in one place."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import attrs

from vndoc.envelope import DocumentPacket, Organization, StatusPacket
from vndoc.envelope.octets import MemoryOctets, Octets, hashed
from vndoc.errors import UsageError
from vndoc.exchange import Fault
from vndoc.identifiers import OrganCode
from vndoc.node.breaker import Breaker
from vndoc.node.events import AtLeastOnce, InTransaction
from vndoc.node.metrics import Metrics
from vndoc.node.policy import NodePolicy
from vndoc.pki import RevocationSource, TrustStore
from vndoc.routing import RoutingTable
from vndoc.store import Store
from vndoc.store.blobs import proven
from vndoc.transport import Transport
from vndoc.transport.content import IN_MEMORY

LOG: Final = logging.getLogger("vndoc.node")
LOG.addHandler(logging.NullHandler())
OFFICE: Final = "@office"
"""The carrier of events for the hook that is called at least once."""
HOOK: Final = "@hook"
"""The carrier of events for the hook in a transaction, where the event did not come with a copy."""
VIETNAM: Final = datetime.timezone(datetime.timedelta(hours=7))
EVENTS: Final = {OFFICE: "office", HOOK: "office-in-transaction"}
"""How the two are called in metrics."""


@attrs.define(eq=False)
class Context:
    """Store, carriers, table, trust and policy; clock, chance and name of the worker; the hooks."""

    store: Store
    carriers: Mapping[str, Transport]
    table: RoutingTable
    own: Mapping[str, Organization]
    policy: NodePolicy
    trust: TrustStore | None
    revocation: RevocationSource | None
    clock: Callable[[], datetime.datetime]
    jitter: Callable[[], float]
    worker: str
    own_system: str | None
    in_transaction: InTransaction | None
    at_least_once: AtLeastOnce | None
    metrics: Metrics
    breakers: dict[str, Breaker] = attrs.field(init=False)
    unwritten: dict[str, list[Any]] = attrs.field(factory=dict, init=False)
    """By carrier: attempts whose outcome could not be written down, because the store was gone."""
    unfetched: dict[tuple[str, str], None] = attrs.field(factory=dict, init=False)
    """Carrier and item of copies that could not be fetched: they are tried after the others. The oldest goes first."""
    _made: Iterator[int] = attrs.field(factory=itertools.count, init=False)

    def __attrs_post_init__(self) -> None:
        self.breakers = {name: Breaker(self.policy) for name in self.carriers}

    def now(self) -> datetime.datetime:
        """Return the time, in UTC."""
        return self.clock().astimezone(datetime.UTC)

    def new_id(self, at: datetime.datetime) -> str:
        """Return a new id of 32 hexadecimal digits: ids sort by time, those of one time as they were made here.

        What one transaction tells the office system is told in the order in which it happened. Nobody can guess one.
        """
        return f"{int(at.timestamp() * 1000):012x}{next(self._made) % 2**24:06x}{secrets.token_hex(7)}"

    def today(self, at: datetime.datetime) -> datetime.date:
        """Return the day in Vietnam."""
        return at.astimezone(VIETNAM).date()

    def normaliser(self, packet: DocumentPacket | StatusPacket, at: datetime.datetime) -> Callable[[OrganCode], str]:
        """Return what maps an organ code to the present form of the table: as of the day the document was issued."""
        if isinstance(packet, StatusPacket):
            day = packet.response_for.promulgation_date if packet.response_for is not None else None
        else:
            day = packet.promulgation_info.promulgation_date if packet.promulgation_info is not None else None
        return lambda code: self.canonical(code.text, self.today(at) if day is None else day)

    def canonical(self, code: str, day: datetime.date) -> str:
        """Return the code under which the table knows *code* on *day*; a code that it does not know as it stands."""
        with contextlib.suppress(UsageError):  # what is no code stays what it is
            if type(day) is not datetime.date:
                day = datetime.date(day.year, day.month, day.day)
            agency = self.table.agency(code.strip(), on=day)
            return code.strip() if agency is None else agency.code
        return code

    def names(self, code: str) -> tuple[str, ...]:
        """Return the codes under which an agency may stand in rows: *code*, and those that the table has for it now.

        Which code is the main one and which its alias may change with the version of the table; rows stay as they are.
        """
        with contextlib.suppress(UsageError):
            agency = self.table.agency(code, on=self.today(self.now()))
            if agency is not None:
                return tuple(dict.fromkeys((code, agency.code, *(alias.code for alias in agency.aliases))))
        return (code,)

    def own_code(self, code: str) -> str | None:
        """Return the code by which this node knows its own agency *code*, whichever the table prefers; or None."""
        return code if code in self.own else next((name for name in self.names(code) if name in self.own), None)

    def wait(self, attempts: int) -> datetime.timedelta:
        """Return how long to wait after *attempts* attempts, with chance in it."""
        return self.policy.delivery.wait(max(attempts, 1), self.jitter())


def in_hand(content: Octets) -> MemoryOctets | None:
    """Return small *content* in memory, read once and to its end; None for one that is too large.

    What is kept is then what is understood or sent: nobody reads it back from the disk and checks it again.
    """
    if content.size > IN_MEMORY:
        return None
    held: list[bytes] = []
    total, first = 0, max(content.size, 0) + 1
    with content.open() as file:
        while piece := file.read(IN_MEMORY + 1 - total if total else first):
            held.append(piece)
            total += len(piece)
            if total > IN_MEMORY:
                return None
        digest = proven(file)  # what the store holds is hashed while it is read
    data = b"".join(held)
    return MemoryOctets(data) if digest is None else hashed(data, digest)


def said(fault: Fault) -> str:
    """Return the text of *fault* for a row: at most 500 characters, masked."""
    return fault.text("en")
