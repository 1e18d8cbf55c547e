"""Handing events to the hooks of the office system: in a transaction of their own, or after the commit."""

from __future__ import annotations

import logging
from typing import Final

from vndoc.node._context import HOOK, LOG, OFFICE, Context
from vndoc.node._effects import HookFailedError, call_hook
from vndoc.node._heart import heartbeat, lease_may_be_lost
from vndoc.node.events import Event
from vndoc.node.logs import log
from vndoc.store import Lease, OutboxRow, OutboxState


def push_events(ctx: Context, carrier: str) -> tuple[int, int]:
    """Hand due events to the hook that *carrier* stands for; return how many were claimed, and how many it failed."""
    with ctx.store.transaction() as unit:
        rows = unit.outbox.claim(ctx.worker, carrier, at=ctx.now(), lease=ctx.policy.lease, limit=ctx.policy.batch)
    failed = 0
    if rows:
        with heartbeat(ctx):  # a hook may be slow
            failed = sum(not _event(ctx, row) for row in rows)
    return len(rows), failed


def _event(ctx: Context, row: OutboxRow) -> bool:
    """Tell one event; return whether the hook took it, or had it from another worker."""
    lease = Lease(row.message_id, ctx.worker, row.attempts)
    event = Event.from_dict(row.body or {})
    with lease_may_be_lost(row.message_id, row.carrier):
        try:
            if row.carrier == HOOK:
                _in_transaction(ctx, lease, event)
            else:
                _after_commit(ctx, lease, event)
        except HookFailedError as error:
            _hook_failed(ctx, row, lease, error)
            return False
    return True


def _in_transaction(ctx: Context, lease: Lease, event: Event) -> None:
    with ctx.store.transaction() as unit:
        unit.outbox.finish(lease, OutboxState.SENT, at=ctx.now())
        call_hook(ctx.in_transaction, unit.connection, event)
        ctx.store.reached("event.in-transaction")
    ctx.metrics.add("events_total", "in-transaction")


def _after_commit(ctx: Context, lease: Lease, event: Event) -> None:
    call_hook(ctx.at_least_once, event, event.id)
    ctx.store.reached("event.told")
    with ctx.store.transaction() as unit:
        unit.outbox.finish(lease, OutboxState.SENT, at=ctx.now())
    ctx.metrics.add("events_total", "at-least-once")


def _hook_failed(ctx: Context, row: OutboxRow, lease: Lease, error: HookFailedError) -> None:
    at = ctx.now()
    ctx.metrics.add("hook_failures_total", "in-transaction" if row.carrier == HOOK else "at-least-once")
    log(LOG, logging.ERROR, "hook failed", message_id=row.message_id, attempt=row.attempts, error=error.error)
    parked = row.attempts >= ctx.policy.hook_attempts
    with ctx.store.transaction() as unit:
        unit.outbox.finish(
            lease,
            OutboxState.PARKED if parked else OutboxState.WAITING,
            at=at,
            next_at=at + ctx.wait(row.attempts),
            code="hook-failed",
            detail=type(error.error).__name__,
        )


EVENT_CARRIERS: Final = (HOOK, OFFICE)
"""The two ways to the office system."""
