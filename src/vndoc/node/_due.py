"""Deadlines that have passed: deliveries that are overdue or over, changes without an answer, reminders.

Each row has a transaction of its own, under the lock of its document: an answer that comes at the same time is either
there before, or waits. A row that cannot be dealt with is put off, and stops none of the others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

import attrs

from vndoc import exchange
from vndoc.errors import ExchangeError, StoreError, VndocError
from vndoc.node._context import LOG, Context
from vndoc.node._effects import About, Carrying
from vndoc.node._known import whole_change
from vndoc.node._rows import IN, OUT, request_of, request_row
from vndoc.node.logs import log
from vndoc.store import TRANSIENT, Delivery, Saga, Unit


def work_deadlines(ctx: Context) -> int:
    """Do what is due now, one batch of each kind; return how many rows were due."""
    at = ctx.now()
    with ctx.store.reading() as unit:
        deliveries = unit.documents.due(at, limit=ctx.policy.batch)
        sagas = unit.lives.due(at, limit=ctx.policy.batch)
    for row in deliveries:
        _alone(ctx, f"{row.document} {row.recipient}", partial(_delivery, ctx, row), partial(_later, ctx, row))
    for saga in sagas:
        _alone(ctx, saga.id, partial(_saga, ctx, saga), partial(_saga_later, ctx, saga))
    return len(deliveries) + len(sagas)


def _alone(ctx: Context, key: str, work: Callable[[Unit], None], put_off: Callable[[Unit], None]) -> None:
    """Do *work* in a transaction; where it cannot be done, *put_off* the row. Raises what passes by itself."""
    try:
        with ctx.store.transaction() as unit:
            work(unit)
            ctx.store.reached("due.in-transaction")
    except VndocError as error:
        if isinstance(error, StoreError) and error.code in TRANSIENT:
            raise
        log(LOG, logging.ERROR, "deadline not dealt with", row=key, error=error)
        with ctx.store.transaction() as unit:
            put_off(unit)


def _later(ctx: Context, row: Delivery, unit: Unit) -> None:
    found = unit.documents.delivery(row.document, row.recipient)
    if found is not None and not found.final:
        at = ctx.now()
        unit.documents.move(attrs.evolve(found, next_at=at + ctx.policy.lease, updated_at=at))


def _saga_later(ctx: Context, saga: Saga, unit: Unit) -> None:
    found = unit.lives.saga(saga.id)
    if found is not None and not found.final:
        unit.lives.move_saga(attrs.evolve(found, next_at=ctx.now() + ctx.policy.lease))


def _delivery(ctx: Context, due: Delivery, unit: Unit) -> None:
    at = ctx.now()
    document = unit.documents.get(due.document)
    unit.lock(document.business_key)
    if document.target is not None:
        unit.lock(unit.documents.get(document.target).business_key)
    row = unit.documents.delivery(due.document, due.recipient)
    if row is None or row.final or row.next_at is None or row.next_at > at:
        return  # somebody was faster
    carrying = Carrying(ctx=ctx, unit=unit, at=at, source=f"{row.document}.{row.recipient}.{row.next_at}")
    about = About(
        business_key=document.business_key, sender=document.sender, receiver=row.recipient, versions=(document,)
    )
    try:
        carrying.deliver_row(row, [exchange.Due(at)], about)
    except ExchangeError as error:
        # An attempt is under way, or the table says that nothing is due: look again after a lease.
        log(LOG, logging.DEBUG, "nothing due", document=row.document, error=error)
        unit.documents.move(attrs.evolve(row, next_at=at + ctx.policy.lease, updated_at=at))


def _saga(ctx: Context, due: Saga, unit: Unit) -> None:
    at = ctx.now()
    unit.lock(due.business_key)
    saga = unit.lives.saga(due.id)
    if saga is None or saga.final or saga.next_at is None or saga.next_at > at:
        return  # somebody was faster
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
        change = whole_change(unit, saga)
        new, effects = change.lapse(at=at)
        carrying.save_change(saga, change, new)
    else:
        request, effects = request_of(saga).remind(at=at, policy=ctx.policy.requests)
        unit.lives.move_saga(request_row(request, saga.document))
    carrying.do(effects, about)
