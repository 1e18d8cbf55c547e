"""Carrying out effects: what the exchange protocol wants done becomes rows of one transaction."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import attrs

from vndoc import exchange
from vndoc.edxml import packet_to_dict
from vndoc.envelope import DocumentPacket, Organization, ResponseFor, StatusPacket
from vndoc.envelope.codes import StatusCode
from vndoc.errors import ExchangeError, StoreError
from vndoc.node._context import HOOK, OFFICE, VIETNAM, Context
from vndoc.node._rows import OUT, delivery_of, delivery_row
from vndoc.node.events import Event, EventKind
from vndoc.store import Conflict, Delivery, Document, Heard, Message, Unit


class HookFailedError(Exception):
    """What a hook raised, on its way to whoever undoes the transaction; never let out."""

    def __init__(self, error: Exception) -> None:
        super().__init__(type(error).__name__)
        self.error = error


@attrs.frozen(kw_only=True)
class About:
    """Which document the effects concern, and how to reach the other side.

    ``versions`` are the versions of the document in the store, ``packet`` the packet that a status answers, ``carrier``
    the carrier that is used where the routing table knows no way.
    """

    business_key: str
    sender: str
    receiver: str = ""
    direction: str = OUT
    versions: Sequence[Document] = ()
    packet: DocumentPacket | None = None
    digest: bytes | None = None
    carrier: str | None = None
    reason: str = ""


@attrs.define(kw_only=True)
class Carrying:
    """Carries out effects within *unit*. *source* names what caused them: ids of events are made of it.

    *inline*: whether the hook in the transaction is called at once, or later, for what must not fail with it.
    """

    ctx: Context
    unit: Unit
    at: datetime.datetime
    source: str
    inline: bool = False
    inbox: str | None = None
    _count: int = 0

    def do(self, effects: Iterable[exchange.Effect], about: About) -> None:
        """Carry out *effects*; deadlines and receipts stand in the values and rows already."""
        for effect in effects:
            action = _ACTIONS.get(type(effect))
            if action is not None:
                action(self, effect, about)

    # -- events ------------------------------------------------------------------------------------

    def tell(self, kind: EventKind, about: About, **fields: Any) -> None:
        """Tell the office system, in the way or ways it asked for."""
        self._count += 1
        latest = max(about.versions, key=lambda v: v.version, default=None)
        values = {
            "id": f"{self.source}/{self._count}",
            "kind": kind,
            "at": self.at,
            "business_key": about.business_key,
            "document": "" if latest is None else latest.id,
            "version": 0 if latest is None else latest.version,
            "sender": about.sender,
            "receiver": about.receiver,
            "reason": about.reason,
            "packet": about.digest if about.digest is not None or latest is None else latest.packet,
        }
        event = Event(**{**values, **fields})
        if self.ctx.in_transaction is not None:
            if self.inline:
                self._call(event)
            else:
                self._queue(event, HOOK)
        if self.ctx.at_least_once is not None:
            self._queue(event, OFFICE)

    def _call(self, event: Event) -> None:
        call_hook(self.ctx.in_transaction, self.unit.connection, event)
        self.ctx.metrics.add("events_total", "in-transaction")

    def _queue(self, event: Event, carrier: str) -> None:
        self.unit.outbox.post(
            Message(
                message_id=self.ctx.new_id(self.at),
                kind="event",
                carrier=carrier,
                sender=event.sender,
                idempotency=f"{carrier}:{event.id}",
                created_at=self.at,
                body=event.to_dict(),
            )
        )

    def conflict(self, code: str, about: About, keys: Iterable[tuple[str, str]], *, told: bool = True) -> None:
        """Keep a contradiction as a row, and tell."""
        conflict = Conflict(
            id=self.ctx.new_id(self.at),
            code=code,
            at=self.at,
            business_key=about.business_key or None,
            keys=dict(keys),
            inbox=self.inbox,
        )
        self.unit.records.record(conflict)
        self.ctx.metrics.add("conflicts_total", code)
        if told:
            self.tell(EventKind.CONFLICT, about, code=code)

    # -- statuses ----------------------------------------------------------------------------------

    def status(self, effect: exchange.SendStatus, about: About) -> None:
        """Put a status packet into the outbox.

        One that was sent before goes out again as it was: the earlier receipt. One that waits to be sent is enough.
        """
        reporter = about.sender if effect.code == StatusCode.TAKE_BACK else about.receiver
        wish = f"status:{reporter}:{effect.to}:{effect.document}:{effect.version}:{effect.code}:{effect.change}"
        earlier = self.unit.outbox.find(wish)
        if earlier is not None and not earlier.state.final:
            return
        body = self._body(effect, about, reporter) if earlier is None else earlier.body
        carrier, code = self.route(effect.to, about.carrier)
        self.unit.outbox.post(
            Message(
                message_id=self.ctx.new_id(self.at),
                kind="status",
                carrier=carrier,
                sender=reporter,
                recipients=(code,),
                idempotency=wish if earlier is None else f"{wish}:{self.source}",
                created_at=self.at,
                expires_at=self.at + self.ctx.policy.status_lifetime,
                body=body,
            )
        )

    def _body(self, effect: exchange.SendStatus, about: About, reporter: str) -> Mapping[str, Any]:
        if about.packet is None:
            raise StoreError("row-unknown", name=about.business_key)
        taking_back = effect.code == StatusCode.TAKE_BACK
        packet = StatusPacket(
            from_=self.ctx.own.get(reporter, Organization(organ_id=reporter)),
            response_for=ResponseFor.to(about.packet, organ_id=effect.to if taking_back else None),
            status_code=effect.code,
            description=effect.reason or None,
            timestamp=self.at.astimezone(VIETNAM).replace(tzinfo=None, microsecond=0),
        )
        return packet_to_dict(packet)

    def route(self, to: str, fallback: str | None) -> tuple[str, str]:
        """Return the carrier that reaches *to*, and the code to give it: the table's, else the way it came."""
        plan = self.ctx.table.plan([to], at=self.ctx.today(self.at), own_system=self.ctx.own_system)
        for submission in plan.submissions:
            if submission.carrier in self.ctx.carriers:
                return submission.carrier, submission.deliveries[0].agency.code
        if fallback is None:
            raise ExchangeError("no-way-back", recipient=to)
        return fallback, to

    # -- the other effects -------------------------------------------------------------------------

    def hear(self, direction: str, before: exchange.Life, after: exchange.Life) -> None:
        """Note in the history what *after* has that *before* had not."""
        for entry in list(after.history)[len(before.history) :]:
            self.unit.documents.hear(
                Heard(
                    direction=direction,
                    business_key=after.document,
                    version=entry.version,
                    receiver=entry.receiver,
                    code=entry.code,
                    change=entry.change,
                    at=entry.at,
                    reported_at=entry.reported_at,
                    description=entry.reason or None,
                    inbox=self.inbox,
                )
            )

    def deliver(self, document: str, recipient: str, events: Iterable[exchange.DeliveryInput], about: About) -> None:
        """Give *events* to the delivery of *document* to *recipient*, if it is still under way."""
        row = self.unit.documents.delivery(document, recipient)
        if row is not None and not row.final:
            self.deliver_row(row, events, about)

    def deliver_row(self, row: Delivery, events: Iterable[exchange.DeliveryInput], about: About) -> None:
        """Give *events* to the delivery in *row*, which is written once."""
        value, effects = delivery_of(row), list[exchange.Effect]()
        for event in events:
            value, more = value.apply(event, self.ctx.policy.delivery)
            effects += more
        self.unit.documents.move(delivery_row(row.document, value, self.at))
        self.do(effects, attrs.evolve(about, receiver=row.recipient))


def call_hook(hook: Callable[..., None] | None, *given: object) -> None:
    """Call a hook of the office system, if there is one; what it raises is told apart from what we raise."""
    if hook is None:
        return
    try:
        hook(*given)
    except StoreError:
        raise
    except Exception as error:
        raise HookFailedError(error) from error


def _notify(carrying: Carrying, effect: exchange.Notify, about: About) -> None:
    kind = EventKind(effect.topic.value)
    receiver = effect.recipient or about.receiver
    carrying.tell(kind, attrs.evolve(about, receiver=receiver), code=effect.code)


def _conflict(carrying: Carrying, effect: exchange.RecordConflict, about: About) -> None:
    carrying.conflict(effect.code, about, effect.keys)


def _arrival(carrying: Carrying, effect: exchange.ConfirmArrival, about: About) -> None:
    for version in about.versions:
        carrying.deliver(version.id, effect.recipient, [exchange.Arrived(effect.at)], about)


def _cancel(carrying: Carrying, effect: exchange.CancelDocument, about: About) -> None:
    carrying.tell(EventKind.DOCUMENT_CANCELLED, about, version=effect.version, reason=effect.reason)


def _apply(carrying: Carrying, effect: exchange.ApplyChange, about: About) -> None:
    facts = MappingProxyType({"change": effect.change})
    carrying.tell(EventKind.CHANGE_APPLIED, about, version=effect.version, facts=facts)


def _freeze(carrying: Carrying, _effect: exchange.FreezeDocument, about: About) -> None:
    carrying.tell(EventKind.DOCUMENT_FROZEN, about)


_ACTIONS: Final[Mapping[type, Callable[[Carrying, Any, About], None]]] = MappingProxyType(
    {
        exchange.SendStatus: Carrying.status,
        exchange.Notify: _notify,
        exchange.RecordConflict: _conflict,
        exchange.ConfirmArrival: _arrival,
        exchange.CancelDocument: _cancel,
        exchange.ApplyChange: _apply,
        exchange.FreezeDocument: _freeze,
    }
)
"""What is done for each effect. Deadlines and receipts are rows already; packets are sent by whoever has them."""
