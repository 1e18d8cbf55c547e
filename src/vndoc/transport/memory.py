"""An axis within the process: for tests, for trying things out, and as the shortest carrier to read.

One :class:`MemoryAxis` holds the address book and a queue for each recipient; every system has its own
:class:`MemoryTransport` at it. It is deterministic (ids are counted, times come from the clock it is given), and any
number of threads may use the axis, each with its own carrier. What it holds is gone with the process.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import attrs

from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import OwnFaultError
from vndoc.transport._asked import check_kind, check_settlement, listed
from vndoc.transport._moments import aware
from vndoc.transport.base import (
    AgencyRecord,
    Features,
    Item,
    ItemState,
    Kind,
    Outgoing,
    Receipt,
    Refusal,
    Settlement,
)
from vndoc.transport.content import Fetched, pieces

__all__ = ["MemoryAxis", "MemoryTransport"]

_MAX_BYTES: Final = 64 * 1024 * 1024

_STATES: Final = {Settlement.PROCESSING: ItemState.PROCESSING, Settlement.FAIL: ItemState.FAIL}


def _utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@attrs.frozen(kw_only=True)
class _Copy:
    """What waits for one recipient."""

    place: int
    item: Item
    content: bytes = attrs.field(repr=False)
    sha256: bytes


@attrs.define(kw_only=True)
class _Sent:
    """What is remembered of a message, so that a repetition gets the earlier receipt."""

    transport_id: str
    sha256: bytes
    accepted_at: datetime.datetime
    accepted: dict[str, None] = attrs.field(factory=dict)


class MemoryAxis:
    """The axis: who is registered, who is closed, and what waits for whom.

    *agencies* are organ codes or whole records. *clock* gives the time of receipts and items (aware; default: the
    system's). *max_bytes* is the largest packet it takes, in octets.
    """

    def __init__(
        self,
        agencies: Iterable[str | AgencyRecord] = (),
        *,
        clock: Callable[[], datetime.datetime] = _utc_now,
        max_bytes: int = _MAX_BYTES,
    ) -> None:
        self.max_bytes = max_bytes
        self._clock = clock
        self._lock = threading.RLock()
        self._book: dict[str, AgencyRecord] = {}
        self._closed: set[str] = set()
        self._queues: dict[tuple[str, Kind], dict[str, _Copy]] = {}
        self._sent: dict[tuple[str, str], _Sent] = {}
        self._count = 0
        self._places = 0
        for agency in agencies:
            self.enter(agency if isinstance(agency, AgencyRecord) else AgencyRecord(code=agency, name=agency))

    def transport(self, *codes: str, name: str = "memory") -> MemoryTransport:
        """Return a carrier for the system that has *codes*."""
        return MemoryTransport(self, codes, name=name)

    def enter(self, agency: AgencyRecord) -> None:
        """Put *agency* into the address book, in place of an earlier record with its code."""
        with self._lock:
            self._book[agency.code] = attrs.evolve(agency, modified=self._clock(), deleted=False)

    def delete(self, code: str) -> bool:
        """Mark the agency with *code* as deleted and tell whether it was there; what waits for it can be fetched."""
        with self._lock:
            found = self._book.get(code)
            if found is None or found.deleted:
                return False
            self._book[code] = attrs.evolve(found, modified=self._clock(), deleted=True)
            return True

    def shut(self, code: str) -> None:
        """Close the agency with *code*: nothing is delivered to it until :meth:`reopen`."""
        with self._lock:
            self._closed.add(code)

    def reopen(self, code: str) -> None:
        """End what :meth:`shut` began."""
        with self._lock:
            self._closed.discard(code)

    def knows(self, code: str) -> bool:
        """Tell whether an agency with *code* is registered."""
        with self._lock:
            found = self._book.get(code)
            return found is not None and not found.deleted

    def records(self) -> tuple[AgencyRecord, ...]:
        """Return the address book, deleted ones included, in the order of their entry."""
        with self._lock:
            return tuple(self._book.values())

    def accept(self, packet: Outgoing, content: bytes, recipients: Iterable[str], carrier: str) -> Receipt:
        """Queue *content* for those of *recipients* who do not have this message yet, as one step."""
        with self._lock:
            now = self._clock()
            sent = self._sent.get((packet.sender, packet.message_id))
            if sent is None:
                self._count += 1
                sent = _Sent(transport_id=f"m{self._count:06d}", sha256=packet.sha256, accepted_at=now)
                self._sent[packet.sender, packet.message_id] = sent
            elif sent.sha256 != packet.sha256:
                raise OwnFaultError("carrier-message-reused", carrier=carrier, message=packet.message_id)
            refused = {}
            asked = dict.fromkeys(recipients)
            for code in asked:
                if code in sent.accepted:
                    continue
                if problem := self._problem(code):
                    refused[code] = Refusal(recipient=code, code=problem)
                else:
                    self._queue(packet, content, code, f"{sent.transport_id}-{len(sent.accepted) + 1}", now)
                    sent.accepted[code] = None
            return Receipt(
                carrier=carrier,
                transport_id=sent.transport_id,
                accepted_at=sent.accepted_at,
                accepted=tuple(code for code in asked if code not in refused),
                refused=tuple(refused.values()),
            )

    def _problem(self, code: str) -> str | None:
        if not self.knows(code):
            return "carrier-unknown-recipient"
        return "carrier-recipient-closed" if code in self._closed else None

    def _queue(self, packet: Outgoing, content: bytes, code: str, item_id: str, now: datetime.datetime) -> None:
        self._places += 1
        item = Item(id=item_id, kind=packet.kind, sender=packet.sender, recipient=code, created=now)
        copy = _Copy(place=self._places, item=item, content=content, sha256=packet.sha256)
        self._queues.setdefault((code, packet.kind), {})[item_id] = copy

    def waiting(self, codes: Iterable[str], kind: Kind) -> list[Item]:
        """Return what waits for *codes* now, oldest first."""
        with self._lock:
            copies = [copy for code in codes for copy in self._queues.get((code, kind), {}).values()]
        return [copy.item for copy in sorted(copies, key=lambda copy: copy.place)]

    def find(self, codes: Iterable[str], item: Item) -> _Copy | None:
        """Return the copy that *item* names, if it waits for one of *codes*."""
        with self._lock:
            queues = (self._queues.get((code, item.kind), {}) for code in codes)
            return next((queue[item.id] for queue in queues if item.id in queue), None)

    def settle(self, codes: Iterable[str], item: Item, settlement: Settlement) -> None:
        """Take the copy that *item* names off its queue, or mark it; nothing if it is not there."""
        with self._lock:
            copy = self.find(codes, item)
            if copy is None:
                return
            queue = self._queues[copy.item.recipient or "", item.kind]
            if settlement is Settlement.DONE:
                del queue[item.id]
            else:
                queue[item.id] = attrs.evolve(copy, item=attrs.evolve(copy.item, state=_STATES[settlement]))


class MemoryTransport:
    """A carrier at a :class:`MemoryAxis`, for the system that has *codes*. It is a directory as well."""

    def __init__(self, axis: MemoryAxis, codes: Iterable[str], *, name: str = "memory") -> None:
        self._axis = axis
        self._codes = dict.fromkeys(codes)
        self._name = name
        self._open = True

    @property
    def name(self) -> str:
        """Short name for receipts, logs and metrics."""
        return self._name

    @property
    def features(self) -> Features:
        """It fans out and recognises repetitions."""
        return Features(fans_out=True, deduplicates=True, max_bytes=self._axis.max_bytes, concurrent=True)

    def submit(self, packet: Outgoing, recipients: Sequence[str]) -> Receipt:
        """Queue *packet* for each of *recipients*; a repetition is answered with the earlier receipt.

        Raises :class:`OwnFaultError`: ``carrier-recipients-missing``, ``carrier-unknown-sender``,
        ``carrier-message-reused``, ``carrier-closed``, and what :func:`vndoc.transport.content.pieces` raises.
        """
        self._check()
        recipients = listed(recipients, self._name)
        if packet.sender not in self._codes or not self._axis.knows(packet.sender):
            raise OwnFaultError("carrier-unknown-sender", carrier=self._name, sender=packet.sender)
        content = b"".join(pieces(packet, carrier=self._name, limit=self._axis.max_bytes))
        return self._axis.accept(packet, content, recipients, self._name)

    def pending(self, kind: Kind) -> Iterator[Item]:
        """Yield what waits at the first step, oldest first, but for what is settled meanwhile."""
        self._check()
        check_kind(kind, self._name)
        return self._pending(kind)

    def _pending(self, kind: Kind) -> Iterator[Item]:
        for item in self._axis.waiting(self._codes, kind):
            if (copy := self._axis.find(self._codes, item)) is not None:
                yield copy.item

    def fetch(self, item: Item) -> Fetched:
        """Return the octets of *item*. Raises :class:`OwnFaultError`: ``carrier-item-unknown``, ``carrier-closed``."""
        self._check()
        copy = self._axis.find(self._codes, item)
        if copy is None:
            raise OwnFaultError("carrier-item-unknown", carrier=self._name, item=item.id)
        return Fetched(MemoryOctets(copy.content), copy.sha256)

    def settle(self, item: Item, settlement: Settlement) -> None:
        """Take *item* off the list, or mark it. Raises :class:`OwnFaultError` (``carrier-closed``)."""
        self._check()
        check_settlement(settlement, self._name)
        self._axis.settle(self._codes, item, settlement)

    def agencies(self) -> Iterator[AgencyRecord]:
        """Yield every agency that is registered."""
        self._check()
        return (record for record in self._axis.records() if not record.deleted)

    def changes(self, since: datetime.datetime | None = None) -> Iterator[AgencyRecord]:
        """Yield what was entered or deleted after *since*, oldest first."""
        self._check()
        if since is not None:
            since = aware(since, carrier=self._name, name="since")
        records = [(record.modified, record) for record in self._axis.records() if record.modified is not None]
        records.sort(key=lambda one: one[0])
        return (record for modified, record in records if since is None or modified > since)

    def register(self, agency: AgencyRecord) -> None:
        """Enter *agency* under this system, which sends and receives for it from now on."""
        self._check()
        if agency.code not in self._codes and self._axis.knows(agency.code):
            raise OwnFaultError("carrier-refused", carrier=self._name, detail=agency.code)
        self._axis.enter(agency)
        self._codes[agency.code] = None

    def remove(self, code: str) -> None:
        """Take one of this system's own agencies out of the address book; what waits for it stays.

        Raises :class:`OwnFaultError` (``carrier-unknown-sender``) for any other.
        """
        self._check()
        if code not in self._codes or not self._axis.delete(code):
            raise OwnFaultError("carrier-unknown-sender", carrier=self._name, sender=code)

    def close(self) -> None:
        """Leave the axis; what waits there stays. Closing twice does nothing."""
        self._open = False

    def _check(self) -> None:
        if not self._open:
            raise OwnFaultError("carrier-closed", carrier=self._name)

    def __repr__(self) -> str:
        return f"MemoryTransport({', '.join(self._codes)})"
