"""Asking an axis what has come, keeping it, deciding about it, and telling the axis: in this order.

Content first, then one transaction for the row and all its effects, and only after the commit the axis is told. A copy
that cannot be decided about now (the office system is down) is kept all the same, and tried again later; the axis is
told only when it is decided. One bad copy never stops the others.
"""

from __future__ import annotations

import contextlib
import datetime
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator
from types import MappingProxyType

import attrs

from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import PeerFaultError, StoreError, TransportError, VndocError
from vndoc.node._ahead import Ahead
from vndoc.node._context import LOG, Context, in_hand
from vndoc.node._deciding import TOO_EARLY, Decision, decide
from vndoc.node._effects import HookFailedError
from vndoc.node._heart import heartbeat, lease_may_be_lost
from vndoc.node._understanding import Incoming, understand
from vndoc.node._words import can_be_kept, storable
from vndoc.node.logs import log
from vndoc.store import TRANSIENT, BlobInfo, InboxRow, InboxState, Lease, Received, Unit
from vndoc.text import shorten
from vndoc.transport import Item, ItemState, Kind, Settlement, Transport

_FAIL = "unreadable"
"""The outcome that the axis is told as a failure: what is no packet at all."""
_UNFETCHED = 10_000
"""Copies that could not be fetched, of which one remembers that."""


@attrs.define
class Taken:
    """What one call has taken in: copies that were new to us, and how many there were to settle."""

    seen: int = 0
    kept: int = 0
    decided: int = 0
    postponed: int = 0
    settled: int = 0
    failed: int = 0
    """What did not work and is tried again: a list or a copy that could not be had, one that could not be decided
    about, an axis that could not be told."""
    more: bool = False
    """Whether the axis has more than was asked for."""


@attrs.define
class Taking:
    """Takes in what has come at one carrier."""

    ctx: Context
    carrier: Transport
    taken: Taken = attrs.field(factory=Taken)
    _done: list[tuple[InboxRow, Lease]] = attrs.field(factory=list)
    _again: list[Item] = attrs.field(factory=list)

    # -- from the axis -----------------------------------------------------------------------------

    def poll(self, kinds: Iterable[Kind], most: int | None = None) -> Taken:
        """Ask for everything that waits, page by page; no more than about *most* new copies of each kind.

        Raises :class:`TransportError` where the list cannot be had.
        """
        for kind in kinds:
            before = self.taken.kept
            for chunk in _chunks(self._pending(kind), self.ctx.policy.batch):
                if self._rests() is not None:
                    break
                self._chunk(chunk)
                # What is known already does not count: it must not keep what lies behind it from being seen.
                if most is not None and self.taken.kept - before >= most:
                    self.taken.more = True
                    break
            else:
                self._last()
            if self._rests() is not None:
                break
        return self.taken

    def _pending(self, kind: Kind) -> Iterator[Item]:
        with self._carried():
            yield from self.carrier.pending(kind)

    @contextlib.contextmanager
    def _carried(self) -> Iterator[None]:
        """Take what a carrier of others raises against its word for nonsense of the peer."""
        try:
            yield
        except (TransportError, StoreError):
            raise
        except Exception as error:
            raise PeerFaultError("carrier-nonsense", carrier=self.carrier.name, detail=type(error).__name__) from error

    def _chunk(self, items: list[Item]) -> None:
        self.taken.seen += len(items)
        items = [item for item in items if self._can_be_named(item)]
        with self.ctx.store.reading() as unit:
            known = unit.inbox.known(self.carrier.name, [item.id for item in items])
        new = [item for item in items if item.id not in known and not self._has_failed(item)]
        with Ahead(self._get, new, self._most_ahead()) as get:
            for item in items:
                row = known.get(item.id)
                if self._rests() is not None:
                    break  # it has failed too often: each of a hundred thousand copies would wait for its time-out
                if row is None and self._has_failed(item):
                    self._again.append(item)
                elif row is None:
                    self._fetch(item, get)
                elif row.kind != item.kind.value:
                    self._left(item)  # its id is taken, and what was never fetched is not told as done
                elif row.state.final and item.state is not ItemState.FAIL:
                    self._tell(item, row)
        self.flush()

    def _most_ahead(self) -> int:
        return self.ctx.policy.ahead if self.carrier.features.concurrent else 0

    def _has_failed(self, item: Item) -> bool:
        return (self.carrier.name, item.id) in self.ctx.unfetched

    def _rests(self) -> datetime.datetime | None:
        return self.ctx.breakers[self.carrier.name].rests(self.ctx.now())

    def _last(self) -> None:
        """Try once more what could not be fetched before: after all the others, which must have their turn."""
        again, self._again = self._again, []
        for item in again:
            if self._rests() is not None:
                break
            self._fetch(item, self._get)
        self.flush()

    def _can_be_named(self, item: Item) -> bool:
        """Return whether *item* can stand in a row; what cannot is left at the axis, and told."""
        if can_be_kept(item):
            return True
        self._left(item)
        return False

    def _left(self, item: Item) -> None:
        self.taken.failed += 1
        name = getattr(item, "id", None)
        log(LOG, logging.ERROR, "copy with an id that cannot be kept", carrier=self.carrier.name, item=name)

    def _get(self, item: Item) -> tuple[MemoryOctets | None, BlobInfo]:
        """Fetch one copy and keep it: its octets, if it is small, and its name in the store."""
        with self._carried(), self.carrier.fetch(item) as content:
            octets = in_hand(content)
            return octets, self.ctx.store.keep(octets or content)

    def _fetch(self, item: Item, get: Callable[[Item], tuple[MemoryOctets | None, BlobInfo]]) -> None:
        """Take in one copy that is new. What goes wrong concerns this copy only, unless the store itself is gone."""
        try:
            octets, info = get(item)
        except TransportError as error:
            self._not_fetched(item, error)
            return
        self.ctx.unfetched.pop((self.carrier.name, item.id), None)
        self.ctx.store.reached("take.fetched")
        try:
            kept = octets or self.ctx.store.content(info.digest, info.size)
            self._accept(item, info, understand(self.ctx, kept, item.recipient, self.ctx.now()))
        except Exception as error:
            if isinstance(error, StoreError) and error.code in TRANSIENT:
                raise
            self._not_taken(item, info, error)

    def _not_taken(self, item: Item, info: BlobInfo, error: Exception) -> None:
        """Keep the copy without its effect; where not even that can be done, leave it at the axis."""
        try:
            self._keep_only(item, info, error)
        except StoreError as failed:
            if failed.code in TRANSIENT:
                raise
            self.taken.failed += 1
            log(LOG, logging.ERROR, "copy not kept", carrier=self.carrier.name, item=item.id, error=failed)

    def _not_fetched(self, item: Item, error: TransportError) -> None:
        self.taken.failed += 1
        self.ctx.metrics.add("failed_total", self.carrier.name, error.code)
        log(LOG, logging.WARNING, "copy not fetched", carrier=self.carrier.name, item=item.id, error=error)
        if error.code != "carrier-item-unknown":
            self.ctx.breakers[self.carrier.name].failed(self.ctx.now())
        self.ctx.unfetched[self.carrier.name, item.id] = None
        if len(self.ctx.unfetched) > _UNFETCHED:
            del self.ctx.unfetched[next(iter(self.ctx.unfetched))]

    def _received(self, item: Item, info: BlobInfo, at: datetime.datetime) -> Received:
        return Received(
            id=self.ctx.new_id(at),
            carrier=self.carrier.name,
            transport_id=item.id,
            kind=item.kind.value,
            kept_at=at,
            packet=info.digest,
            size=info.size,
            sender=None if item.sender is None else storable(item.sender),
            recipient=None if item.recipient is None else storable(item.recipient),
            extra=dict(item.extra),
        )

    def _accept(self, item: Item, info: BlobInfo, incoming: Incoming) -> None:
        """Keep the copy and decide about it, in one transaction."""
        at = self.ctx.now()
        with self.ctx.store.transaction() as unit:
            row = self._kept(unit, item, info, at)
            if row is None:
                return
            lease = Lease(row.id, self.ctx.worker, row.attempts)
            decision = decide(self.ctx, unit, row, incoming, lease)
            self.ctx.store.reached("take.in-transaction")
        self.ctx.store.reached("take.committed")
        self._decided(row, lease, decision, item)

    def _kept(self, unit: Unit, item: Item, info: BlobInfo, at: datetime.datetime) -> InboxRow | None:
        """Return the row of the copy if it is ours to decide about, None if another worker has it."""
        unit.name(info, at=at)
        received = self._received(item, info, at)
        row = unit.inbox.keep(received, owner=self.ctx.worker, lease=self.ctx.policy.lease)
        if row.id != received.id:
            return None
        self.taken.kept += 1
        return row

    def _keep_only(self, item: Item, info: BlobInfo, error: Exception) -> None:
        """Keep the copy without its effect, which failed, to try again later."""
        at = self.ctx.now()
        with self.ctx.store.transaction() as unit:
            row = self._kept(unit, item, info, at)
            if row is not None:
                self._postpone(unit, row, Lease(row.id, self.ctx.worker, row.attempts), error)
        self.ctx.store.reached("take.kept-only")

    # -- from the store ----------------------------------------------------------------------------

    def work(self) -> int:
        """Go on with copies that are due: kept and not decided, or decided and not settled; return how many."""
        at = self.ctx.now()
        with self.ctx.store.transaction() as unit:
            rows = unit.inbox.claim(
                self.ctx.worker,
                (self.carrier.name,),
                at=at,
                lease=self.ctx.policy.lease,
                limit=self.ctx.policy.batch,
            )
        if rows:
            with heartbeat(self.ctx):
                for row in rows:
                    with lease_may_be_lost(row.id, row.carrier):
                        self._go_on(row, Lease(row.id, self.ctx.worker, row.attempts))
                self.flush()
        return len(rows)

    def _go_on(self, row: InboxRow, lease: Lease) -> None:
        if row.state is InboxState.DECIDED:
            self._settle(row, lease, item_of(row), fail=row.outcome == _FAIL)
        else:
            self._decide_kept(row, lease)

    def _decide_kept(self, row: InboxRow, lease: Lease) -> None:
        try:
            octets = self.ctx.store.content(row.packet, row.size)
            incoming = understand(self.ctx, octets, row.recipient, self.ctx.now())
            with self.ctx.store.transaction() as unit:
                decision = decide(self.ctx, unit, row, incoming, lease)
                self.ctx.store.reached("take.in-transaction")
        except Exception as error:
            if isinstance(error, StoreError) and error.code in TRANSIENT | {"lease-lost"}:
                raise
            with self.ctx.store.transaction() as unit:
                self._postpone(unit, row, lease, error)
            return
        self._decided(row, lease, decision, item_of(row))

    def _postpone(self, unit: Unit, row: InboxRow, lease: Lease, error: Exception) -> None:
        """Try again later; after too many attempts an operator has to look."""
        at = self.ctx.now()
        self.taken.postponed += 1
        code, detail = _reason(error)
        if code != TOO_EARLY:
            self.taken.failed += 1
        if code == "hook-failed":
            self.ctx.metrics.add("hook_failures_total", "in-transaction")
        log(LOG, logging.ERROR, "copy not taken in", inbox=row.id, carrier=row.carrier, code=code, detail=detail)
        if row.attempts >= self.ctx.policy.hook_attempts and code != TOO_EARLY:
            unit.inbox.finish(lease, InboxState.PARKED, at=at, code=code, detail=detail)
        else:
            next_at = at + self.ctx.wait(row.attempts)
            if code == TOO_EARLY:  # it is decided when its time to wait is over, not at the next attempt after that
                next_at = min(next_at, row.kept_at + self.ctx.policy.wait_for_target)
            unit.inbox.finish(lease, InboxState.KEPT, at=at, next_at=next_at, code=code, detail=detail)

    # -- to the axis -------------------------------------------------------------------------------

    def _decided(self, row: InboxRow, lease: Lease, decision: Decision, item: Item) -> None:
        self.taken.decided += 1
        self.ctx.metrics.add("received_total", self.carrier.name, decision.outcome)
        log(
            LOG,
            logging.INFO,
            "copy taken in",
            inbox=row.id,
            carrier=row.carrier,
            item=row.transport_id,
            outcome=decision.outcome,
            document=decision.business_key,
            code=decision.code,
        )
        self._settle(row, lease, item, fail=decision.fail)

    def _settle(self, row: InboxRow, lease: Lease, item: Item, *, fail: bool) -> None:
        if (until := self._rests()) is not None:
            self._settle_later(row, lease, until)
            return
        try:
            with self._carried():
                self.carrier.settle(item, Settlement.FAIL if fail else Settlement.DONE)
        except TransportError as error:
            if error.code != "carrier-item-unknown":  # it is off the list, which is what was wanted
                self._not_settled(row, lease, error)
                return
        self._done.append((row, lease))

    def _not_settled(self, row: InboxRow, lease: Lease, error: TransportError) -> None:
        at = self.ctx.now()
        self.taken.failed += 1
        self.ctx.metrics.add("failed_total", self.carrier.name, error.code)
        self.ctx.breakers[self.carrier.name].failed(at)
        log(LOG, logging.WARNING, "axis not told", inbox=row.id, carrier=row.carrier, error=error)
        self._settle_later(row, lease, at + self.ctx.wait(row.attempts))

    def _settle_later(self, row: InboxRow, lease: Lease, next_at: datetime.datetime) -> None:
        with lease_may_be_lost(row.id, row.carrier), self.ctx.store.transaction() as unit:
            unit.inbox.finish(lease, InboxState.DECIDED, at=self.ctx.now(), next_at=next_at)

    def _tell(self, item: Item, row: InboxRow) -> None:
        """Tell the axis once more what it has forgotten: the row itself has ended."""
        try:
            with self._carried():
                self.carrier.settle(item, Settlement.FAIL if row.outcome == _FAIL else Settlement.DONE)
        except TransportError as error:
            if error.code != "carrier-item-unknown":
                self.taken.failed += 1
                self.ctx.breakers[self.carrier.name].failed(self.ctx.now())
            log(LOG, logging.WARNING, "axis not told", inbox=row.id, carrier=row.carrier, error=error)

    def flush(self) -> None:
        """Note what the axis has been told: one transaction for many copies."""
        if not self._done:
            return
        self.ctx.store.reached("settle.told")
        at = self.ctx.now()
        done, self._done = self._done, []
        with self.ctx.store.transaction() as unit:
            for row, lease in done:
                with lease_may_be_lost(row.id, row.carrier):
                    unit.inbox.finish(lease, InboxState.SETTLED, at=at)
        self.taken.settled += len(done)
        self.ctx.metrics.add("settled_total", self.carrier.name, by=len(done))
        self.ctx.store.reached("settle.committed")


def item_of(row: InboxRow) -> Item:
    """Return the item as the carrier gave it."""
    return Item(
        id=row.transport_id,
        kind=Kind(row.kind),
        sender=row.sender,
        recipient=row.recipient,
        extra=MappingProxyType(dict(row.extra)),
    )


def _reason(error: Exception) -> tuple[str, str]:
    """Return code and text of what stood in the way, for a row: a foreign text could hold anything, so its type."""
    if isinstance(error, HookFailedError):
        return "hook-failed", type(error.error).__name__
    if isinstance(error, VndocError):
        return error.code, shorten(error.text("en"), 500)
    return "unexpected", type(error).__name__


def _chunks(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    while chunk := list(itertools.islice(items, size)):
        yield chunk
