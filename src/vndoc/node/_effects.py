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
from vndoc.envelope.codes import BussinessDocType, StatusCode
from vndoc.errors import ExchangeError, StoreError
from vndoc.node._context import HOOK, OFFICE, VIETNAM, Context
from vndoc.node._rows import OUT, change_of, change_row, delivery_of, delivery_row, part_row
from vndoc.node.events import Event, EventKind
from vndoc.store import TRANSIENT, Change, Conflict, Delivery, Document, Heard, Message, Saga, Unit

_ANSWERED: Final = frozenset({BussinessDocType.RECALL, BussinessDocType.UPDATE})
"""Packets that are answered by 15 or 16, and by nothing before."""


class HookFailedError(Exception):
    """What a hook raised, on its way to whoever undoes the transaction; never let out."""

    def __init__(self, error: Exception) -> None:
        super().__init__(type(error).__name__)
        self.error = error


@attrs.frozen(kw_only=True)
class About:
    """Which document the effects concern, and how to reach the other side.

    ``versions`` are the versions of the document in the store, ``packet`` the packet that a status answers, ``carrier``
    the carrier that is used where the routing table knows no way, ``change`` the request of which it is told.
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
    change: str = ""


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

    def conflict(self, code: str, about: About, keys: Iterable[tuple[str, str]], *, id_: str | None = None) -> bool:
        """Keep a contradiction as a row, and tell; return False where the one with the id *id_* is known."""
        conflict = Conflict(
            id=id_ or self.ctx.new_id(self.at),
            code=code,
            at=self.at,
            business_key=about.business_key or None,
            keys=dict(keys),
            inbox=self.inbox,
        )
        if not self.unit.records.record(conflict):
            return False
        self.ctx.metrics.add("conflicts_total", code)
        self.tell(EventKind.CONFLICT, about, code=code)
        return True

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
        carrier, code = self.route(effect.to, about)
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
        named = ResponseFor.to(about.packet, organ_id=effect.to if taking_back else None)
        packet = StatusPacket(
            from_=self.ctx.own.get(reporter, Organization(organ_id=reporter)),
            response_for=named if named.document_id else named.evolve(document_id=_id_of(about.packet)),
            status_code=effect.code,
            description=effect.reason or None,
            timestamp=self.at.astimezone(VIETNAM).replace(tzinfo=None, microsecond=0),
        )
        return packet_to_dict(packet)

    def route(self, to: str, about: About) -> tuple[str, str]:
        """Return the carrier that reaches *to*, and the code to give it: the table's, else the way it came or went."""
        plan = self.ctx.table.plan([to], at=self.ctx.today(self.at), own_system=self.ctx.own_system)
        for submission in plan.submissions:
            if submission.carrier in self.ctx.carriers:
                return submission.carrier, submission.deliveries[0].agency.code
        carrier = about.carrier or self._went_by(to, about)
        if carrier is None:
            raise ExchangeError("no-way-back", recipient=to)
        return carrier, to

    def _went_by(self, to: str, about: About) -> str | None:
        """Return the carrier that took the document to *to*: the table may know no way any more."""
        for version in about.versions:
            row = self.delivery_to(version.id, to)
            if row is not None and row.message_id is not None:
                return self.unit.outbox.get(row.message_id).carrier
        return None

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
        row = self.delivery_to(document, recipient)
        if row is not None and row.final:
            self.after_the_end(row, events, about)
        elif row is not None:
            self.deliver_row(row, events, about)

    def delivery_to(self, document: str, recipient: str) -> Delivery | None:
        """Return how far *document* has come at *recipient*, under whichever of its codes it went there."""
        rows = (self.unit.documents.delivery(document, name) for name in self.ctx.names(recipient))
        return next((row for row in rows if row is not None), None)

    def asks(self, version: Document, row: Delivery) -> bool:
        """Return whether *version* is a recall or an update, and the recipient in *row* is asked for its consent.

        That it came is proven by the answer alone: what else the recipient reports may speak of what it had before.
        """
        return version.kind in _ANSWERED and self.change_part(version.id, row.recipient) is not None

    def change_part(self, change: str, recipient: str) -> Change | None:
        """Return the part of *recipient* in *change*, under whichever of its codes it is kept."""
        rows = (self.unit.documents.change(change, name) for name in self.ctx.names(recipient))
        return next((row for row in rows if row is not None), None)

    def deliver_row(self, row: Delivery, events: Iterable[exchange.DeliveryInput], about: About) -> None:
        """Give *events* to the delivery in *row*, which is written once."""
        value, effects = delivery_of(row), list[exchange.Effect]()
        for event in events:
            value, more = value.apply(event, self.ctx.policy.delivery)
            effects += more
        self.unit.documents.move(delivery_row(row.document, value, self.at))
        about = attrs.evolve(about, receiver=row.recipient)
        self.do(effects, about)
        if value.is_final and value.state is not exchange.DeliveryState.ARRIVED:
            self._missed(row.document, row.recipient, about)

    def after_the_end(self, row: Delivery, events: Iterable[exchange.DeliveryInput], about: About) -> None:
        """Give *events* to a delivery that has ended: nothing moves, and what contradicts is told once."""
        value = delivery_of(row)
        about = attrs.evolve(about, receiver=row.recipient)
        for event in events:
            _, effects = value.apply(event, self.ctx.policy.delivery)
            for effect in effects:
                if isinstance(effect, exchange.RecordConflict):
                    id_ = f"{value.message_id}.{row.recipient}.{dict(effect.keys)['event']}"
                    if not self.conflict(effect.code, about, effect.keys, id_=id_):
                        return
                else:
                    self.do([effect], about)

    def _missed(self, document: str, recipient: str, about: About) -> None:
        """Tell the change that the packet *document* asks for, if any: this recipient will not hear of it."""
        saga = self.unit.lives.saga(document)
        if saga is not None and not saga.final:
            self.not_asked(saga, recipient, about)

    def not_asked(self, saga: Saga, recipient: str, about: About) -> None:
        """End the part of *recipient* in the change *saga*, if it is open: what asks for it will not come."""
        row = self.change_part(saga.id, recipient)
        if row is not None and not row.final:
            change = change_of(saga, [row])
            new, effects = change.not_delivered(row.recipient, at=self.at)
            self.save_change(saga, change, new)
            self.do(effects, about)

    def save_change(self, saga: Saga, before: exchange.Change, after: exchange.Change) -> None:
        """Write *after*, and the rows of the recipients whose part has ended."""
        self.unit.lives.move_saga(change_row(after, saga.receiver, saga.document))
        for old, part in zip(before.parts, after.parts, strict=True):
            row = self.unit.documents.change(after.id, part.recipient) if part != old else None
            if row is not None:
                self.unit.documents.move_change(part_row(after, part, row.document))


def _id_of(packet: DocumentPacket) -> str | None:
    """Return the id that a document without one has by the rule: issuer, date, number and notation (form A)."""
    organ = packet.from_.organ_id if packet.from_ is not None else None
    date = packet.promulgation_info.promulgation_date if packet.promulgation_info is not None else None
    if organ is None or date is None or packet.code is None:
        return None
    return f"{organ.text},{date:%Y/%m/%d},{packet.code}"


def call_hook(hook: Callable[..., None] | None, *given: object) -> None:
    """Call a hook of the office system, if there is one; what it raises is told apart from what we raise.

    A hook that finds the store gone, or busy, has not failed: it is called again when the store is there.
    """
    if hook is None:
        return
    try:
        hook(*given)
    except Exception as error:
        if isinstance(error, StoreError) and error.code in TRANSIENT:
            raise
        raise HookFailedError(error) from error


def _notify(carrying: Carrying, effect: exchange.Notify, about: About) -> None:
    kind = EventKind(effect.topic.value)
    receiver = effect.recipient or about.receiver
    facts = MappingProxyType({"change": about.change} if about.change else {})
    carrying.tell(kind, attrs.evolve(about, receiver=receiver), code=effect.code, facts=facts)


def _conflict(carrying: Carrying, effect: exchange.RecordConflict, about: About) -> None:
    carrying.conflict(effect.code, about, effect.keys)


def _arrival(carrying: Carrying, effect: exchange.ConfirmArrival, about: About) -> None:
    found = ((version, carrying.delivery_to(version.id, effect.recipient)) for version in about.versions)
    rows = [row for version, row in found if row is not None and not carrying.asks(version, row)]
    under_way = [row for row in rows if not row.final]
    has_come = any(row.delivery == exchange.DeliveryState.ARRIVED.value for row in rows)
    # That an earlier version was thought to be lost contradicts nothing where a later one is under way, or has come.
    for row in under_way or ([] if has_come else rows):
        carrying.deliver(row.document, row.recipient, [exchange.Arrived(effect.at)], about)


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
