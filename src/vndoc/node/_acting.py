"""What people do through the office system: report on a document, answer a change, ask for a document back."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

import attrs

from vndoc import exchange
from vndoc.envelope import BusinessKey
from vndoc.errors import ExchangeError
from vndoc.errors._arguments import need, need_all
from vndoc.node._asking import open_change
from vndoc.node._context import Context
from vndoc.node._effects import About, Carrying
from vndoc.node._known import about_in, original_packet, save_life
from vndoc.node._rows import IN, OUT, delivery_of, life_of, request_of, request_row
from vndoc.node._undelivered import status_not_delivered
from vndoc.store import OutboxRow, OutboxState, Unit
from vndoc.transport import Kind


def key_text(given: str | BusinessKey) -> str:
    """Return the business key as the store has it."""
    need("business_key", given, str, BusinessKey)
    return str(given)


def act(ctx: Context, about: str | BusinessKey, receiver: str, event: exchange.LifeEvent, reason: str) -> exchange.Life:
    """Record what our *receiver* does with a document; see :meth:`vndoc.node.Node.act`."""
    key = key_text(about)
    need("event", event, exchange.LifeEvent)
    at = ctx.now()
    with ctx.store.transaction() as unit:
        unit.lock(key)
        row = unit.lives.get(IN, key, receiver)
        if row is None:
            raise ExchangeError("document-unknown", name=key)
        life = life_of(row)
        new, effects = life.act(event, at=at, reason=reason)
        carrying = Carrying(ctx=ctx, unit=unit, at=at, source=f"{key}:{receiver}:{new.version}:{event.value}")
        save_life(carrying, IN, life, new)
        told = attrs.evolve(about_in(carrying, key, receiver, _came_by(unit, key)), reason=reason)
        carrying.do(_acted(effects), told)
    ctx.store.reached("act.committed")
    return new


def _acted(effects: Iterable[exchange.Effect]) -> list[exchange.Effect]:
    """Leave out what tells of a status: the office system has just said it itself."""
    return [effect for effect in effects if not isinstance(effect, exchange.Notify)]


def answer(ctx: Context, request_id: str, *, agree: bool, reason: str) -> exchange.Request:
    """Answer a change that was asked for; see :meth:`vndoc.node.Node.answer`."""
    need("agree", agree, bool)  # the text "no" would agree
    need("reason", reason, str)
    at = ctx.now()
    with ctx.store.transaction() as unit:
        saga = unit.lives.saga(request_id)
        if saga is None or saga.direction != IN:
            raise ExchangeError("document-unknown", name=request_id)
        unit.lock(saga.business_key)
        saga = unit.lives.saga(request_id) or saga
        request = request_of(saga)
        row = unit.lives.get(IN, saga.business_key, saga.receiver)
        if row is None:
            raise ExchangeError("document-unknown", name=saga.business_key)
        life = life_of(row)
        turn = request.agree if agree else request.refuse
        new, new_life, effects = turn(life, at=at, reason=reason)
        unit.lives.move_saga(request_row(new, saga.document))
        carrying = Carrying(ctx=ctx, unit=unit, at=at, source=f"{request_id}:answer")
        save_life(carrying, IN, life, new_life)
        about = about_in(carrying, saga.business_key, saga.receiver, _came_by(unit, saga.business_key))
        carrying.do(effects, attrs.evolve(about, reason=reason))
    ctx.store.reached("answer.committed")
    return new


def take_back(
    ctx: Context,
    about: str | BusinessKey,
    *,
    reason: str,
    recipients: Iterable[str] | None,
    answer_by: datetime.datetime | None,
) -> exchange.Change:
    """Ask for a document back by status 13; see :meth:`vndoc.node.Node.take_back`."""
    key = key_text(about)
    need("reason", reason, str)
    wanted = None if recipients is None else need_all("recipients", recipients, str)
    at = ctx.now()
    with ctx.store.transaction() as unit:
        unit.lock(key)
        versions = unit.documents.versions(OUT, key)
        if not versions:
            raise ExchangeError("document-unknown", name=key)
        asked = _receivers(unit, key) if wanted is None else list(wanted)
        change = open_change(
            Carrying(ctx=ctx, unit=unit, at=at, source=f"{key}:take-back:{at.isoformat()}"),
            id_=ctx.new_id(at),
            kind=exchange.ChangeKind.RECALL,
            form=exchange.ChangeForm.STATUS,
            key=key,
            receivers=asked,
            reason=reason,
            answer_by=answer_by or at + ctx.policy.answer_within,
            document=None,
            packet=original_packet(ctx, versions[-1]),
        )
    ctx.store.reached("take-back.committed")
    return change


def give_up(ctx: Context, message_id: str) -> OutboxRow:
    """End a parked message; see :meth:`vndoc.node.Node.give_up`."""
    at = ctx.now()
    with ctx.store.transaction() as unit:
        row = unit.outbox.decide(message_id, OutboxState.CANCELLED, at=at)
        carrying = Carrying(ctx=ctx, unit=unit, at=at, source=f"{message_id}.given-up")
        if row.kind == Kind.STATUS.value:
            status_not_delivered(carrying, row, OutboxState.CANCELLED.value)
        if row.document is not None:
            document = unit.documents.get(row.document)
            about = About(business_key=document.business_key, sender=document.sender, versions=(document,))
            for recipient in row.recipients:
                found = unit.documents.delivery(document.id, recipient)
                if found is not None and not found.final:
                    carrying.deliver_row(found, _given_up(delivery_of(found), at), about)
    return row


def _given_up(value: exchange.Delivery, at: datetime.datetime) -> list[exchange.DeliveryInput]:
    """Return what ends a delivery that an operator gives up: cancelled, or failed where a copy may have gone out."""
    state, end = value.state, exchange.OwnFailed(at, exchange.OwnFault("carrier-refused"))
    begun = exchange.Claimed(at, "operator", at)
    if state is exchange.DeliveryState.SUBMITTED:
        return []
    if state is exchange.DeliveryState.UNCERTAIN:
        return [exchange.GivenUp(at)]
    if not value.doubtful:
        return [exchange.Cancelled(at)]
    return [exchange.Released(at), begun, end] if state is exchange.DeliveryState.HELD else [begun, end]


def _receivers(unit: Unit, key: str) -> list[str]:
    found: list[str] = []
    after: str | None = None
    while True:
        page = unit.lives.of(OUT, key, after=after, limit=1000)
        found += [row.receiver for row in page.rows]
        after = page.after
        if after is None:
            return found


def _came_by(unit: Unit, key: str) -> str | None:
    """Return the carrier that brought the document."""
    rows = unit.inbox.list(business_key=key, limit=1).rows
    return rows[0].carrier if rows else None
