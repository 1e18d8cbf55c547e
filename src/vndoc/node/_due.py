"""Deadlines that have passed: deliveries that are overdue or over, changes without an answer, reminders."""

from __future__ import annotations

import logging

import attrs

from vndoc import exchange
from vndoc.errors import ExchangeError
from vndoc.node._context import LOG, Context
from vndoc.node._effects import About, Carrying
from vndoc.node._rows import (
    IN,
    OUT,
    change_of,
    change_row,
    delivery_of,
    delivery_row,
    request_of,
    request_row,
)
from vndoc.node.logs import log
from vndoc.store import Delivery, Saga, Unit


def work_deadlines(ctx: Context) -> int:
    """Do what is due now, one batch of each kind; return how many rows were due."""
    at = ctx.now()
    count = 0
    with ctx.store.transaction() as unit:
        for row in unit.documents.due(at, limit=ctx.policy.batch):
            _delivery(ctx, unit, row)
            count += 1
        for saga in unit.lives.due(at, limit=ctx.policy.batch):
            _saga(ctx, unit, saga)
            count += 1
        if count:
            ctx.store.reached("due.in-transaction")
    return count


def _delivery(ctx: Context, unit: Unit, row: Delivery) -> None:
    at = ctx.now()
    value = delivery_of(row)
    carrying = Carrying(ctx=ctx, unit=unit, at=at, source=f"{row.document}.{row.recipient}.{row.next_at}")
    document = unit.documents.get(row.document)
    about = About(
        business_key=document.business_key, sender=document.sender, receiver=row.recipient, versions=(document,)
    )
    try:
        new, effects = value.apply(exchange.Due(at), ctx.policy.delivery)
    except ExchangeError as error:
        # An attempt is under way, or the table says that nothing is due: look again after a lease.
        log(LOG, logging.DEBUG, "nothing due", document=row.document, error=error)
        unit.documents.move(attrs.evolve(row, next_at=at + ctx.policy.lease, updated_at=at))
        return
    unit.documents.move(delivery_row(row.document, new, at))
    carrying.do(effects, about)
    if new.state is exchange.DeliveryState.EXPIRED:
        _missed(carrying, document.id, row.recipient, about)


def _missed(carrying: Carrying, document: str, recipient: str, about: About) -> None:
    """Tell the change, if the packet that did not arrive asked for one."""
    saga = carrying.unit.lives.saga(document)
    if saga is None or saga.final:
        return
    change = change_of(saga)
    if not any(part.recipient == recipient and part.is_open for part in change.parts):
        return
    new, effects = change.not_delivered(recipient, at=carrying.at)
    _save_change(carrying, saga, change, new)
    carrying.do(effects, about)


def _saga(ctx: Context, unit: Unit, saga: Saga) -> None:
    at = ctx.now()
    carrying = Carrying(ctx=ctx, unit=unit, at=at, source=f"{saga.id}.{saga.next_at}")
    versions = unit.documents.versions(saga.direction, saga.business_key)
    about = About(
        business_key=saga.business_key,
        sender=versions[-1].sender if versions else saga.receiver,
        receiver=saga.receiver if saga.direction == IN else "",
        direction=saga.direction,
        versions=versions,
    )
    if saga.direction == OUT:
        change = change_of(saga)
        new, effects = change.lapse(at=at)
        _save_change(carrying, saga, change, new)
    else:
        request, effects = request_of(saga).remind(at=at, policy=ctx.policy.requests)
        unit.lives.move_saga(request_row(request, saga.document))
    carrying.do(effects, about)


def _save_change(carrying: Carrying, saga: Saga, before: exchange.Change, after: exchange.Change) -> None:
    carrying.unit.lives.move_saga(change_row(after, saga.receiver, saga.document))
    for old, part in zip(before.parts, after.parts, strict=True):
        row = carrying.unit.documents.change(after.id, part.recipient) if part != old else None
        if row is not None and not row.final and not part.is_open:
            closed = attrs.evolve(row, state=part.state.value, final=True, next_at=None)
            carrying.unit.documents.move_change(closed)
