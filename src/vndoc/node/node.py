"""The node: an outbox and an inbox over carriers, with the office system on one side and the axes on the other.

::

    node = Node(store, {"national-axis": carrier}, table, trust, policy, own={"000.00.00.H01": organization})
    sent = node.send(packet, not_secret=NotSecret(...))  # accepted: durable, whatever happens now
    node.poll()  # what has come, kept and answered with 01
    node.run(stop)  # both, and everything that is due, until told to stop

Several processes may work on one PostgreSQL store; on SQLite one works and others may look. Every method raises
:class:`~vndoc.errors.VndocError` only, unless it says otherwise.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
import os
import random
import secrets
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from vndoc import exchange
from vndoc.envelope import BusinessKey, DocumentPacket, Organization
from vndoc.errors import StoreError, TransportError, UsageError
from vndoc.errors._arguments import need, need_all, need_call, need_like
from vndoc.node import _acting, _sending
from vndoc.node._context import HOOK, LOG, OFFICE, VIETNAM, Context
from vndoc.node._due import work_deadlines
from vndoc.node._heart import heartbeat
from vndoc.node._pushing import Pushed, Pushing
from vndoc.node._round import Round
from vndoc.node._rows import OUT
from vndoc.node._sending import Sent
from vndoc.node._taking import Taken, Taking
from vndoc.node._telling import EVENT_CARRIERS, push_events
from vndoc.node._tracking import Tracking
from vndoc.node.events import AtLeastOnce, InTransaction
from vndoc.node.health import Health, examine, gauges
from vndoc.node.logs import log
from vndoc.node.metrics import Metrics, exposition
from vndoc.node.policy import NodePolicy
from vndoc.pki import RevocationSource, TrustStore
from vndoc.routing import RoutingTable
from vndoc.store import TRANSIENT, InboxRow, InboxState, OutboxRow, OutboxState, Store
from vndoc.text import Text
from vndoc.transport import Kind, Transport

__all__ = ["FAILPOINTS", "Node"]

FAILPOINTS: Final = (
    "migrate.step",
    "blob.written",
    "blob.synced",
    "blob.renamed",
    "store.kept",
    "send.kept",
    "send.in-transaction",
    "send.committed",
    "push.claimed",
    "push.marked",
    "push.submitted",
    "push.in-transaction",
    "push.committed",
    "take.fetched",
    "take.in-transaction",
    "take.committed",
    "take.kept-only",
    "settle.told",
    "settle.committed",
    "event.told",
    "act.committed",
    "take-back.committed",
    "event.in-transaction",
    "due.in-transaction",
    "answer.committed",
)
"""Names of the points of progress that :meth:`vndoc.store.Store.open` tells its ``reached`` about."""

_KINDS: Final = (Kind.DOCUMENT, Kind.STATUS)
_ROUND: Final = 4
"""Batches of each kind that one round takes in from one axis."""
_LONGEST_NAP: Final = datetime.timedelta(seconds=60)
_MOST_DOUBLINGS: Final = 10
"""More would not make the pause longer, and in a day without a store they would be more than a number holds."""


def _utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


def _named(code: str, organization: Organization, table: RoutingTable, on: datetime.date) -> Organization:
    """Return *organization* with the name that packets must carry: its own, or that of the table."""
    if (organization.organ_name or "").strip():
        return organization
    agency, periods = table.agency(code, on=on), table.periods(code)
    name = agency.name if agency is not None else periods[-1].name if periods else ""
    if not name:
        raise UsageError("option-invalid", detail=_UNNAMED.filled(code=code))
    return organization.evolve(organ_name=name)


_NOBODY = Text("cổng kết nối phải có ít nhất một cơ quan", "a node has at least one agency")
_OTHER_NAME = Text("kênh truyền {name} tự gọi là {found}", "the carrier {name} calls itself {found}")
_UNNAMED = Text("thiếu tên cơ quan của {code}", "the agency {code} has no name")


class Node:
    """A gateway between an office system and axes.

    *store* is open; *carriers* are the ways out under the names that the routing *table* uses. *own* are the agencies
    that this node sends and receives for: organ codes with what stands in ``From``, or codes alone, whose names the
    table knows. *trust* verifies signatures, with *revocation* where there is some; None verifies nothing.
    *own_system* is our connected system in the table. *in_transaction* and *at_least_once* are the hooks of the office
    system (:data:`~vndoc.node.InTransaction`, :data:`~vndoc.node.AtLeastOnce`). *clock*, *jitter* (a number from 0 to
    1) and *worker* (a name that no other process has) have defaults.

    Methods may be called from several threads, but for those that use carriers (:meth:`push`, :meth:`poll`,
    :meth:`work`, :meth:`run`): they take turns.
    """

    def __init__(
        self,
        store: Store,
        carriers: Mapping[str, Transport],
        table: RoutingTable,
        trust: TrustStore | None,
        policy: NodePolicy,
        *,
        own: Mapping[str, Organization] | Iterable[str],
        own_system: str | None = None,
        revocation: RevocationSource | None = None,
        in_transaction: InTransaction | None = None,
        at_least_once: AtLeastOnce | None = None,
        clock: Callable[[], datetime.datetime] = _utc_now,
        jitter: Callable[[], float] = random.random,
        worker: str | None = None,
    ) -> None:
        need_like("store", store, Store, "transaction", "reading")
        need("carriers", carriers, Mapping)
        need_like("table", table, RoutingTable, "plan", "agency")
        need("trust", trust, TrustStore, type(None))
        need("policy", policy, NodePolicy)
        for name, value in (("clock", clock), ("jitter", jitter)):
            need_call(name, value)
        for name, hook in (("in_transaction", in_transaction), ("at_least_once", at_least_once)):
            if hook is not None:
                need_call(name, hook)
        for name, carrier in carriers.items():
            need_like(name, carrier, Transport, "submit", "pending", "fetch", "settle")
            if carrier.name != name:
                raise UsageError("option-invalid", detail=_OTHER_NAME.filled(name=name, found=carrier.name))
        if isinstance(own, Mapping):
            known = dict(zip(own, need_all("own", own.values(), Organization), strict=True))
        else:
            known = {code: Organization(organ_id=code) for code in need_all("own", own, str)}
        if not known:
            raise UsageError("option-invalid", detail=_NOBODY)
        today = clock().astimezone(VIETNAM).date()
        known = {code: _named(code, organization, table, today) for code, organization in known.items()}
        self._ctx = Context(
            store=store,
            carriers=dict(carriers),
            table=table,
            own=dict(known),
            policy=policy,
            trust=trust,
            revocation=revocation,
            clock=clock,
            jitter=jitter,
            worker=worker or _worker_name(),
            own_system=own_system,
            in_transaction=in_transaction,
            at_least_once=at_least_once,
            metrics=Metrics(),
        )
        self._turns = threading.RLock()  # a hook that asks for a turn within one must not wait for itself

    def __repr__(self) -> str:
        return f"Node({', '.join(self._ctx.own)}; {', '.join(self._ctx.carriers)})"

    @property
    def store(self) -> Store:
        """The store."""
        return self._ctx.store

    @property
    def policy(self) -> NodePolicy:
        """The policy."""
        return self._ctx.policy

    @property
    def worker(self) -> str:
        """The name under which this process holds rows."""
        return self._ctx.worker

    @property
    def own(self) -> tuple[str, ...]:
        """The codes of the agencies that this node sends and receives for."""
        return tuple(self._ctx.own)

    @property
    def carriers(self) -> tuple[str, ...]:
        """The names of the carriers."""
        return tuple(self._ctx.carriers)

    @property
    def table(self) -> RoutingTable:
        """The routing table; set another one at any time, plans that were made stay as they are."""
        return self._ctx.table

    @table.setter
    def table(self, table: RoutingTable) -> None:
        self._ctx.table = table

    # -- the office system acts --------------------------------------------------------------------

    def send(
        self,
        packet: DocumentPacket,
        *,
        not_secret: exchange.NotSecret | None,
        verdict: exchange.Verified | None = None,
        exclude: Iterable[str] = (),
        answer_by: datetime.datetime | None = None,
    ) -> Sent:
        """Accept *packet* for all its recipients; when this returns it is durable and will be sent.

        *not_secret* is the required declaration, made for this content. *verdict* says what the signatures are worth
        (by default they are verified with the trust of the node). *exclude* are recipients that get nothing. A packet
        that recalls, updates or replaces opens that change; *answer_by* is then its time limit.

        The very same document again is not sent again: what was answered then is answered now, ``repeated``. It goes
        once more to those alone whose delivery has ended (refused by the axis, expired, given up) and who never
        reported on it.

        Raises :class:`~vndoc.node.NotClearedError` ``not-cleared`` with every finding;
        :class:`~vndoc.errors.ExchangeError` ``agency-not-here``, ``carrier-missing``, ``document-conflict`` for a
        number that is taken, and those of :meth:`vndoc.exchange.Change.open`; :class:`~vndoc.errors.WriteError` and
        the like for a packet that cannot be written; :class:`~vndoc.errors.StoreError`: then it was not accepted.
        """
        return _sending.send(
            self._ctx, packet, not_secret=not_secret, verdict=verdict, exclude=exclude, answer_by=answer_by
        )

    def act(
        self, business_key: str | BusinessKey, receiver: str, event: exchange.LifeEvent, *, reason: str = ""
    ) -> exchange.Life:
        """Record what our *receiver* does with a document that came; its status goes out as a row of its own.

        Raises :class:`~vndoc.errors.ExchangeError` ``document-unknown`` and as :meth:`vndoc.exchange.Life.act`.
        """
        return _acting.act(self._ctx, business_key, receiver, event, reason)

    def answer(self, request: str, *, agree: bool, reason: str = "") -> exchange.Request:
        """Agree to the change with the id *request* that a receiver of ours was asked for (15), or refuse it (16).

        The id is the fact ``change`` of the event that told of it (``change-requested``).

        Raises :class:`~vndoc.errors.ExchangeError` ``document-unknown`` and as :meth:`vndoc.exchange.Request.agree`.
        """
        return _acting.answer(self._ctx, request, agree=agree, reason=reason)

    def take_back(
        self,
        business_key: str | BusinessKey,
        *,
        reason: str,
        recipients: Iterable[str] | None = None,
        answer_by: datetime.datetime | None = None,
    ) -> exchange.Change:
        """Ask for a document back by status 13 (form R2), from *recipients* or from all.

        Raises :class:`~vndoc.errors.ExchangeError` ``document-unknown`` and as :meth:`vndoc.exchange.Change.open`.
        """
        return _acting.take_back(self._ctx, business_key, reason=reason, recipients=recipients, answer_by=answer_by)

    def track(self, business_key: str | BusinessKey, *, direction: str = OUT) -> Tracking:
        """Return everything that is known of the document that was sent under *business_key*; at most 1,000 each.

        With *direction* ``in``: of the document that came, and what our receivers did with it.

        Raises :class:`~vndoc.errors.ExchangeError` ``document-unknown``.
        """
        key = _acting.key_text(business_key)
        with self.store.reading() as unit:
            return Tracking.of(unit, key, direction)

    # -- the loop ----------------------------------------------------------------------------------

    def push(self) -> dict[str, Pushed]:
        """Hand over the messages that are due, one batch for each carrier that does not rest."""
        with self._turns:
            return {name: self._push(name) for name in self._ctx.carriers}

    def _push(self, name: str) -> Pushed:
        if self._ctx.breakers[name].rests(self._ctx.now()) is not None:
            return Pushed(failed=1)
        return Pushing(self._ctx, self._ctx.carriers[name]).push()

    def poll(self, kinds: Iterable[Kind] = _KINDS) -> dict[str, Taken]:
        """Ask every carrier that does not rest for what has come, take it in, and tell the axis."""
        wanted = need_all("kinds", kinds, Kind)
        with self._turns:
            return {name: self._poll(name, wanted) for name in self._ctx.carriers}

    def _poll(self, name: str, kinds: tuple[Kind, ...], most: int | None = None) -> Taken:
        ctx, carrier = self._ctx, self._ctx.carriers[name]
        taking = Taking(ctx, carrier)
        if ctx.breakers[name].rests(ctx.now()) is not None:
            taking.taken.failed += 1
            return taking.taken
        offered = [kind for kind in kinds if kind in carrier.features.kinds]
        try:
            with heartbeat(ctx):
                taking.poll(offered, most)
        except TransportError as error:
            taking.flush()
            taking.taken.failed += 1
            ctx.metrics.add("failed_total", name, error.code)
            breaker = ctx.breakers[name]
            (breaker.rest if error.code in exchange.PAUSING else breaker.failed)(ctx.now())
            log(LOG, logging.WARNING, "axis not asked", carrier=name, error=error)
        else:
            if ctx.breakers[name].rests(ctx.now()) is None:
                ctx.breakers[name].worked()
            ctx.metrics.set("last_poll_timestamp_seconds", name, to=ctx.now().timestamp())
        return taking.taken

    def work(self, *, poll: bool = True) -> Round:
        """Do one round: deadlines, messages, what has come (if *poll*), what is left to settle, events."""
        deadlines = work_deadlines(self._ctx)
        pushed = self.push().values()
        taken = self._some() if poll else []
        with self._turns:
            going_on = [Taking(self._ctx, carrier) for carrier in self._ctx.carriers.values()]
            left = sum(taking.work() for taking in going_on)
        told = [self._events(carrier) for carrier in EVENT_CARRIERS]
        batch = self._ctx.policy.batch
        return Round.of(pushed, [*taken, *(taking.taken for taking in going_on)], told, (left, deadlines), batch=batch)

    def _some(self) -> list[Taken]:
        """Take in a part of what has come: messages, deadlines and the wish to stop must not wait for all of it."""
        with self._turns:
            return [self._poll(name, _KINDS, _ROUND * self._ctx.policy.batch) for name in self._ctx.carriers]

    def _events(self, carrier: str) -> tuple[int, int]:
        wanted = {HOOK: self._ctx.in_transaction, OFFICE: self._ctx.at_least_once}[carrier]
        return (0, 0) if wanted is None else push_events(self._ctx, carrier)

    def run(
        self, stop: threading.Event, *, each: Callable[[Round], None] | None = None, tries: int | None = None
    ) -> None:
        """Work until *stop* is set; a round that has begun is ended first, and what is held is given back.

        *each* is told of every round. The store being gone for a while is waited for, at most until *tries* rounds in a
        row have failed by it (None: for ever); then, and for other errors of it, its error is raised.
        """
        need("tries", tries, int, type(None))
        need_like("stop", stop, threading.Event, "is_set", "wait")
        if each is not None:
            need_call("each", each)
        ctx = self._ctx
        polled: datetime.datetime | None = None
        failures = 0
        log(LOG, logging.INFO, "node starts", worker=ctx.worker, carriers=",".join(ctx.carriers))
        while not stop.is_set():
            now = ctx.now()
            # A clock that was set back makes the time since the last poll negative: then it is due as well.
            poll = polled is None or not datetime.timedelta(0) <= now - polled < ctx.policy.poll_every
            try:
                if failures:  # what was taken when the store went is nobody's work now
                    self.release()
                done = self.work(poll=poll)
            except StoreError as error:
                failures += 1
                self._store_failed(error)
                if tries is not None and failures >= tries:
                    raise
                stop.wait(min(2.0 ** min(failures, _MOST_DOUBLINGS) / 10, _LONGEST_NAP.total_seconds()))
                continue
            failures = 0
            if poll:
                polled = None if done.more else now
            if each is not None:
                each(done)
            if done.idle:
                stop.wait(self._nap(polled))
        self._stopped()

    def _stopped(self) -> None:
        """Give back what is held; where the store is gone just now, the leases end by themselves."""
        try:
            self.release()
        except StoreError as error:
            self._store_failed(error)
        log(LOG, logging.INFO, "node stops", worker=self._ctx.worker)

    def _store_failed(self, error: StoreError) -> None:
        self._ctx.metrics.add("store_failures_total", error.code)
        log(LOG, logging.ERROR, "store failed", error=error)
        if error.code not in TRANSIENT | {"lease-lost"}:
            raise error

    def _nap(self, polled: datetime.datetime | None) -> float:
        """Return how many seconds there is nothing to do, at most until the next poll."""
        ctx, now = self._ctx, self._ctx.now()
        resting = {name: until for name, breaker in ctx.breakers.items() if (until := breaker.rests(now)) is not None}
        due = None
        try:
            with ctx.store.reading() as unit:
                due = unit.outbox.next_due([*(ctx.carriers.keys() - resting), *EVENT_CARRIERS])
        except StoreError as error:  # the next round meets it again, and waits
            self._store_failed(error)
        wake = min([(polled or now) + ctx.policy.poll_every, *resting.values(), *([] if due is None else [due])])
        seconds = (wake - now).total_seconds()
        return min(max(seconds, 0.05), ctx.policy.poll_every.total_seconds())

    def release(self) -> int:
        """Give back everything that this worker holds, so that another takes it at once; return how many rows.

        What an attempt came to while the store was gone is written down first: what is known is not sent again.
        """
        at = self._ctx.now()
        with self._turns:
            for carrier in self._ctx.carriers.values():
                Pushing(self._ctx, carrier).catch_up()
            with self.store.transaction() as unit:
                return unit.outbox.release(self.worker, at=at) + unit.inbox.release(self.worker, at=at)

    def close(self) -> None:
        """Give up the carriers and the store, all of them whatever one raises. Closing twice does nothing."""
        with contextlib.ExitStack() as last:
            last.callback(self.store.close)
            for carrier in self._ctx.carriers.values():
                last.callback(carrier.close)

    # -- looking after it --------------------------------------------------------------------------

    def dead(
        self, *, after: str | None = None, limit: int = 100
    ) -> tuple[tuple[OutboxRow | InboxRow, ...], str | None]:
        """Return one page of what waits for an operator: messages first, then copies; and where the next begins."""
        need("after", after, str, type(None))
        kind, _, place = (after or "out:").partition(":")
        with self.store.reading() as unit:
            if kind == "out":
                out = unit.outbox.list(state=OutboxState.PARKED, after=place or None, limit=limit)
                return out.rows, f"out:{out.after}" if out.after is not None else "in:"
            copies = unit.inbox.list(state=InboxState.PARKED, after=place or None, limit=limit)
            return copies.rows, None if copies.after is None else f"in:{copies.after}"

    def retry(self, id: str) -> OutboxRow | InboxRow:  # noqa: A002 - what it is called everywhere
        """Give what is parked under *id* another try, now. Raises ``row-unknown``, ``row-final``."""
        at = self._ctx.now()
        with self.store.transaction() as unit:
            try:
                return unit.outbox.decide(id, OutboxState.WAITING, at=at)
            except StoreError as error:
                if error.code != "row-unknown":
                    raise
            return unit.inbox.retry(id, at=at)

    def give_up(self, id: str) -> OutboxRow:  # noqa: A002 - as above
        """End the parked message *id* without sending it, and with it the deliveries of its document.

        Raises ``row-unknown``, ``row-final``.
        """
        return _acting.give_up(self._ctx, id)

    def health(self) -> Health:
        """Return whether the node works, and what does not. Raises nothing for a store that is gone."""
        return examine(self._ctx)

    def metrics(self) -> str:
        """Return counters and gauges as Prometheus reads them."""
        return exposition([self._ctx.metrics.samples(), gauges(self._ctx)])
