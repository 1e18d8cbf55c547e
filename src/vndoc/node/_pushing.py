"""Handing messages to carriers, and events to hooks: claim, submit, write down what came of it.

A message keeps its id over all attempts. What is not known to have failed is not sent again unless the carrier
recognises it or the policy says so.
"""

from __future__ import annotations

import datetime
import json
import logging
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from vndoc import exchange
from vndoc.edxml import packet_from_dict
from vndoc.envelope.octets import MemoryOctets, Octets, sha256
from vndoc.errors import PeerFaultError, Retry, StoreError, TransportError, VndocError
from vndoc.exchange import PAUSING, OwnFault, PeerFault, fault_of
from vndoc.node._context import LOG, Context, in_hand, said
from vndoc.node._effects import About, Carrying
from vndoc.node._heart import heartbeat, lease_may_be_lost
from vndoc.node._undelivered import status_not_delivered
from vndoc.node._words import kept_word
from vndoc.node.logs import log
from vndoc.node.policy import Unsure
from vndoc.packets import write_packet
from vndoc.store import TRANSIENT, Evidence, Lease, OutboxRow, OutboxState, Receipt, Unit
from vndoc.text import Lang, Text, shorten
from vndoc.transport import Kind, Outgoing, Transport
from vndoc.transport import Receipt as Accepted

_EXPIRED: Final = "lifetime-over"
_SILENT: Final = Text("không nói gì về nơi nhận {codes}", "it says nothing about {codes}")
_LANGUAGES: Final[tuple[Lang, Lang]] = ("vi", "en")


@attrs.define
class Pushed:
    """What one call has done with the messages it claimed."""

    claimed: int = 0
    sent: int = 0
    postponed: int = 0
    parked: int = 0
    refused: int = 0
    expired: int = 0
    failed: int = 0
    """How often the carrier failed, or was left to rest with the rest of the batch given back."""


_COUNTED: Final[Mapping[OutboxState, str]] = {
    OutboxState.SENT: "sent",
    OutboxState.WAITING: "postponed",
    OutboxState.UNSURE: "postponed",
    OutboxState.PARKED: "parked",
    OutboxState.REFUSED: "refused",
    OutboxState.EXPIRED: "expired",
}


@attrs.frozen(kw_only=True)
class Outcome:
    """What one attempt came to."""

    state: OutboxState
    next_at: datetime.datetime | None = None
    in_doubt: bool = False
    fault: OwnFault | PeerFault | None = None
    receipt: Accepted | None = None


@attrs.define
class Pushing:
    """Hands the messages of one carrier over."""

    ctx: Context
    carrier: Transport
    pushed: Pushed = attrs.field(factory=Pushed)

    def push(self) -> Pushed:
        """Claim what is due and hand it over, one after the other."""
        ctx = self.ctx
        self.catch_up()
        with ctx.store.transaction() as unit:
            rows = unit.outbox.claim(
                ctx.worker, self.carrier.name, at=ctx.now(), lease=ctx.policy.lease, limit=ctx.policy.batch
            )
        if not rows:
            return self.pushed
        self.pushed.claimed = len(rows)
        ctx.store.reached("push.claimed")
        with heartbeat(ctx):
            for number, row in enumerate(rows):
                if ctx.breakers[self.carrier.name].rests(ctx.now()) is not None:
                    self._give_back(rows[number:])
                    break
                self._one(row)
        return self.pushed

    def _give_back(self, rows: tuple[OutboxRow, ...]) -> None:
        """Let the rest of a batch wait until the carrier has rested: transient, and every message keeps its id."""
        at = self.ctx.now()
        self.pushed.failed += 1
        until = self.ctx.breakers[self.carrier.name].rests(at) or at
        with self.ctx.store.transaction() as unit:
            for row in rows:
                lease = Lease(row.message_id, self.ctx.worker, row.attempts)
                with lease_may_be_lost(row.message_id, row.carrier):
                    unit.outbox.give_back(lease, next_at=until, code="carrier-unreachable")
        self.pushed.postponed += len(rows)

    def catch_up(self) -> None:
        """Write down what attempts came to while the store was gone: their messages must not be sent again."""
        waiting = self.ctx.unwritten.setdefault(self.carrier.name, [])
        while waiting:
            entry = waiting.pop(0)
            try:
                self._finish(*entry)
            except StoreError as error:
                if error.code in TRANSIENT:
                    waiting.insert(0, entry)
                raise

    def _one(self, row: OutboxRow) -> None:
        lease = Lease(row.message_id, self.ctx.worker, row.attempts)
        at = self.ctx.now()
        if row.expires_at is not None and at >= row.expires_at:
            outcome = Outcome(state=OutboxState.EXPIRED, fault=OwnFault(_EXPIRED), in_doubt=row.in_doubt)
        elif row.in_doubt and not self.carrier.features.deduplicates and self.ctx.policy.unsure is Unsure.ASK:
            outcome = Outcome(state=OutboxState.PARKED, fault=OwnFault("outcome-unknown"), in_doubt=True)
        else:
            outcome = self._submit(row, lease)
        try:
            self._finish(row, lease, outcome, at)
        except StoreError as error:
            if error.code in TRANSIENT:
                self.ctx.unwritten.setdefault(self.carrier.name, []).append((row, lease, outcome, at))
            raise

    def _finish(self, row: OutboxRow, lease: Lease, outcome: Outcome, began: datetime.datetime) -> None:
        """Write down what an attempt came to; once more where another transaction stood in the way."""
        try:
            self._write(row, lease, outcome, began)
        except StoreError as error:
            if error.code == "store-busy":
                self._write(row, lease, outcome, began)
            elif error.code == "lease-lost":
                # Another worker has it by now; what it does is recognised, or has been decided upon.
                log(LOG, logging.WARNING, "lease lost", message_id=row.message_id, carrier=row.carrier)
                self._keep_word(row, outcome)
            else:
                raise

    def _keep_word(self, row: OutboxRow, outcome: Outcome) -> None:
        """Keep what the carrier said to a worker that had lost its lease: an operator may want to know."""
        if outcome.receipt is not None:
            with self.ctx.store.transaction() as unit:
                self._keep(unit, row, outcome.receipt, self.ctx.now())

    # -- the attempt -------------------------------------------------------------------------------

    def _submit(self, row: OutboxRow, lease: Lease) -> Outcome:
        """Hand one message over. Whatever happens becomes an outcome."""
        try:
            packet = self._outgoing(row)
        except VndocError as error:
            return self._unreadable(row, error)
        if not self.carrier.features.deduplicates:
            with self.ctx.store.transaction() as unit:
                unit.outbox.mark(lease, at=self.ctx.now())
        self.ctx.store.reached("push.marked")
        try:
            receipt = kept_word(self.carrier.submit(packet, row.recipients))
        except TransportError as error:
            return self._failed(row, error)
        except Exception as error:  # noqa: BLE001 - carriers of others may break their word; nothing may be lost by it
            return self._failed(row, self._nonsense(type(error).__name__))
        self.ctx.store.reached("push.submitted")
        if silent := _silent_about(row, receipt):  # who is named is served or refused; of the others nobody knows
            unknown = self._failed(row, self._nonsense(_SILENT.filled(codes=shorten(", ".join(silent), 200))))
            return attrs.evolve(unknown, receipt=receipt)
        self.ctx.breakers[self.carrier.name].worked()
        if any(recipient in receipt.accepted for recipient in row.recipients):
            return Outcome(state=OutboxState.SENT, receipt=receipt)
        return Outcome(state=OutboxState.REFUSED, receipt=receipt, fault=OwnFault(receipt.refused[0].code))

    def _nonsense(self, detail: str | Text) -> PeerFaultError:
        return PeerFaultError("carrier-nonsense", carrier=self.carrier.name, detail=detail, retry=Retry.UNKNOWN)

    def _outgoing(self, row: OutboxRow) -> Outgoing:
        content: Octets
        if row.packet is not None:
            kept, digest = self.ctx.store.content(row.packet, row.size), row.packet
            # A content that is not there, or damaged, is told as such, and not as a fault of the carrier.
            content = in_hand(kept) or kept
            if content is kept:
                kept.open().close()
        else:
            packet = packet_from_dict(row.body)
            content = MemoryOctets(write_packet(packet, profile=self.ctx.policy.profile))
            digest = sha256(content)
        return Outgoing(
            message_id=row.message_id, kind=Kind(row.kind), sender=row.sender, content=content, sha256=digest
        )

    def _unreadable(self, row: OutboxRow, error: VndocError) -> Outcome:
        """The content cannot be had, or written: later, if that may pass, else an operator has to look."""
        detail = Text(*(shorten(error.text(lang), 500).replace("{", "{{").replace("}", "}}") for lang in _LANGUAGES))
        fault = OwnFault(error.code, detail)
        if error.code in TRANSIENT:
            later = self.ctx.now() + self.ctx.wait(row.attempts)
            return Outcome(state=row.state, next_at=later, fault=fault, in_doubt=row.in_doubt)
        return Outcome(state=OutboxState.PARKED, fault=fault, in_doubt=row.in_doubt)

    def _failed(self, row: OutboxRow, error: TransportError) -> Outcome:
        at, fault = self.ctx.now(), fault_of(error)
        self.ctx.metrics.add("failed_total", self.carrier.name, error.code)
        log(
            LOG,
            logging.WARNING,
            "submission failed",
            message_id=row.message_id,
            carrier=row.carrier,
            attempt=row.attempts,
            retry=error.retry.value,
            error=error,
        )
        if isinstance(error.__cause__, StoreError):
            return self._unreadable(row, error.__cause__)
        if error.retry is Retry.NEVER and isinstance(fault, OwnFault):
            return self._never(row, fault, at)
        later = at + self.ctx.wait(row.attempts)
        if isinstance(error, PeerFaultError):
            self.pushed.failed += 1
            self.ctx.breakers[self.carrier.name].failed(at)
        if error.retry is Retry.NEVER:
            return Outcome(state=OutboxState.REFUSED, fault=fault)
        if error.retry is Retry.UNKNOWN and not self.carrier.features.deduplicates:
            until = at + self.ctx.policy.delivery.resolve_within
            return Outcome(state=OutboxState.UNSURE, next_at=until, in_doubt=True, fault=fault)
        if self._exhausted(row):
            return Outcome(state=OutboxState.PARKED, fault=fault, in_doubt=row.in_doubt)
        return Outcome(state=OutboxState.WAITING, next_at=later, fault=fault, in_doubt=row.in_doubt)

    def _never(self, row: OutboxRow, fault: OwnFault, at: datetime.datetime) -> Outcome:
        """Repeating the call is of no use: because of the carrier as it is set up, or of this message."""
        if fault.code in PAUSING:
            self.pushed.failed += 1
            until = self.ctx.breakers[self.carrier.name].rest(at)
            return Outcome(state=OutboxState.WAITING, next_at=until, fault=fault, in_doubt=row.in_doubt)
        if fault.code == "carrier-duplicate":
            # After an earlier attempt it is the answer that got lost then; without one, somebody has to look.
            tried = row.in_doubt or row.attempts > 1
            return Outcome(state=OutboxState.SENT if tried else OutboxState.PARKED, fault=fault)
        return Outcome(state=OutboxState.PARKED if fault.is_repairable else OutboxState.REFUSED, fault=fault)

    def _exhausted(self, row: OutboxRow) -> bool:
        limit = self.ctx.policy.delivery.attempts
        if limit is None or row.attempts < limit:
            return False
        with self.ctx.store.reading() as unit:
            return unit.outbox.tries(row.message_id, row.attempts, but=PAUSING) + 1 >= limit

    # -- what came of it ---------------------------------------------------------------------------

    def _write(self, row: OutboxRow, lease: Lease, outcome: Outcome, began: datetime.datetime) -> None:
        at = self.ctx.now()
        fault = outcome.fault
        with self.ctx.store.transaction() as unit:
            if outcome.receipt is not None:
                self._keep(unit, row, outcome.receipt, at)
            unit.outbox.finish(
                lease,
                outcome.state,
                at=at,
                next_at=outcome.next_at,
                in_doubt=outcome.in_doubt,
                code=None if fault is None else fault.code,
                detail=None if fault is None else said(fault),
            )
            carrying = Carrying(ctx=self.ctx, unit=unit, at=at, source=f"{row.message_id}.{row.attempts}")
            if row.kind == Kind.DOCUMENT.value and row.document is not None:
                _deliveries(carrying, row, outcome, began)
            elif outcome.state in {OutboxState.REFUSED, OutboxState.EXPIRED}:
                status_not_delivered(carrying, row, _EXPIRED if fault is None else fault.code)
            self.ctx.store.reached("push.in-transaction")
        self.ctx.store.reached("push.committed")
        counted = _COUNTED[outcome.state]
        setattr(self.pushed, counted, getattr(self.pushed, counted) + 1)
        if outcome.state is OutboxState.SENT:
            self.ctx.metrics.add("sent_total", self.carrier.name, row.kind)
        log(
            LOG,
            logging.INFO,
            "message handed over" if outcome.state is OutboxState.SENT else "message not handed over",
            message_id=row.message_id,
            kind=row.kind,
            carrier=row.carrier,
            state=outcome.state.value,
            attempt=row.attempts,
        )

    def _keep(self, unit: Unit, row: OutboxRow, receipt: Accepted, at: datetime.datetime) -> None:
        """Keep the carrier's word: as the receipt of the message if it is a whole one, as evidence on the document."""
        refused = tuple((refusal.recipient, refusal.code, refusal.detail) for refusal in receipt.refused)
        kept = Receipt(
            message_id=row.message_id,
            carrier=receipt.carrier,
            transport_id=receipt.transport_id,
            accepted_at=receipt.accepted_at,
            accepted=receipt.accepted,
            refused=refused,
            raw=receipt.raw,
        )
        if not _silent_about(row, receipt):
            unit.outbox.keep_receipt(kept)
        if row.packet is not None:
            fields = {
                "carrier": receipt.carrier,
                "transport_id": receipt.transport_id,
                "accepted_at": receipt.accepted_at.isoformat(),
                "accepted": list(receipt.accepted),
                "refused": [list(one) for one in refused],
                "raw": receipt.raw.decode("utf-8", "backslashreplace"),
            }
            unit.records.keep(
                Evidence(
                    id=self.ctx.new_id(at),
                    payload=row.packet,
                    kind="receipt",
                    at=at,
                    document=row.document,
                    message_id=row.message_id,
                    data=json.dumps(fields, ensure_ascii=False).encode(),
                )
            )


def _silent_about(row: OutboxRow, receipt: Accepted) -> list[str]:
    """Return the recipients of *row* that *receipt* says nothing about."""
    named = {*receipt.accepted, *(refusal.recipient for refusal in receipt.refused)}
    return [recipient for recipient in row.recipients if recipient not in named]


def _deliveries(carrying: Carrying, row: OutboxRow, outcome: Outcome, began: datetime.datetime) -> None:
    """Give every recipient's delivery the events of this attempt."""
    unit, document_id = carrying.unit, row.document or ""
    document = unit.documents.get(document_id)
    if document.target is not None:
        unit.lock(unit.documents.get(document.target).business_key)  # its change may end with this attempt
    about = About(
        business_key=document.business_key, sender=document.sender, versions=(document,), digest=document.packet
    )
    for recipient in row.recipients:
        found = unit.documents.delivery(document_id, recipient)
        if found is None:
            continue
        if found.final:
            if outcome.receipt is not None and recipient in outcome.receipt.accepted:
                carrying.after_the_end(found, [_came_to(row, outcome, recipient, carrying.at)], about)
            continue
        state = exchange.DeliveryState(found.delivery)
        events = list(_events(state, row, outcome, recipient, began, carrying))
        if events:
            carrying.deliver_row(found, events, about)


def _events(
    state: exchange.DeliveryState,
    row: OutboxRow,
    outcome: Outcome,
    recipient: str,
    began: datetime.datetime,
    carrying: Carrying,
) -> Iterator[exchange.DeliveryInput]:
    """Yield what happened to one recipient's copy in this attempt."""
    at, policy = carrying.at, carrying.ctx.policy
    if outcome.state is OutboxState.EXPIRED:
        yield exchange.Due(at)
        return
    if state is exchange.DeliveryState.SUBMITTED:
        return
    pauses = outcome.state is OutboxState.WAITING and outcome.fault is not None and outcome.fault.code in PAUSING
    if pauses and state is not exchange.DeliveryState.QUEUED:
        return
    named = outcome.receipt is not None and recipient not in _silent_about(row, outcome.receipt)
    held = state in {exchange.DeliveryState.UNCERTAIN, exchange.DeliveryState.HELD}
    if outcome.state is OutboxState.PARKED and held and not named:
        return
    if state is exchange.DeliveryState.UNCERTAIN:
        yield exchange.Repeated(at)
    elif state is exchange.DeliveryState.HELD:
        yield exchange.Released(at)
    yield exchange.Claimed(began, carrying.ctx.worker, began + policy.lease)
    yield _came_to(row, outcome, recipient, at)


def _came_to(row: OutboxRow, outcome: Outcome, recipient: str, at: datetime.datetime) -> exchange.DeliveryInput:
    """Return how the attempt ended for one recipient."""
    receipt, fault = outcome.receipt, outcome.fault
    if receipt is not None:
        refusal = next((one for one in receipt.refused if one.recipient == recipient), None)
        if refusal is not None:
            return exchange.RecipientRefused(at, OwnFault(refusal.code))
        if recipient in receipt.accepted:
            return exchange.Accepted(at, receipt.transport_id)
    if outcome.state is OutboxState.SENT:
        return exchange.Accepted(at, "")  # that it was taken over is known, its receipt is not
    if outcome.state is OutboxState.UNSURE or (fault is not None and fault.code == "outcome-unknown"):
        return exchange.Interrupted(at)
    if outcome.state is OutboxState.WAITING:
        if isinstance(fault, PeerFault):
            return exchange.PeerFailed(at, attrs.evolve(fault, retry=Retry.SAFE))
        if fault is not None and fault.code in PAUSING:
            return exchange.OwnFailed(at, fault)
        return exchange.Postponed(at, outcome.next_at or at)
    if outcome.state is OutboxState.PARKED:
        # It waits for an operator, whatever the fault: the protocol knows that as a matter of settings.
        detail = Text(row.carrier, row.carrier) if fault is None else fault.detail
        return exchange.OwnFailed(at, OwnFault("carrier-configuration", detail))
    if isinstance(fault, PeerFault):
        return exchange.PeerFailed(at, attrs.evolve(fault, retry=Retry.NEVER))
    return exchange.OwnFailed(at, OwnFault("carrier-refused") if fault is None else fault)
