"""Whether a node works: the store answers, no row is forgotten, no carrier rests, nothing waits for an operator."""

from __future__ import annotations

from typing import Any

import attrs

from vndoc.errors import StoreError
from vndoc.node._context import EVENTS, Context
from vndoc.node.metrics import Samples
from vndoc.store import InboxState, OutboxState

__all__ = ["Health"]


@attrs.frozen(kw_only=True)
class Health:
    """The state of a node. ``alive``: the store answers. ``ready``: and every carrier may be used.

    ``error`` is why the store does not answer; ``resting`` are the carriers that rest; ``waiting`` counts messages and
    copies that are not finished, ``parked`` those among them that wait for an operator; ``stuck`` is always 0.
    """

    alive: bool
    ready: bool
    error: str = ""
    resting: tuple[str, ...] = ()
    waiting: int = 0
    parked: int = 0
    stuck: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the state as JSON-able data."""
        return {**attrs.asdict(self), "resting": list(self.resting)}


def examine(ctx: Context) -> Health:
    """Return the state of the node now."""
    now = ctx.now()
    resting = tuple(name for name, breaker in ctx.breakers.items() if breaker.rests(now) is not None)
    try:
        with ctx.store.reading() as unit:
            out, copies = unit.outbox.counts(), unit.inbox.counts()
        stuck = len(ctx.store.stuck())
    except StoreError as error:
        return Health(alive=False, ready=False, error=error.code, resting=resting)
    finals = {state.value for state in OutboxState if state.final}
    waiting = sum(count for (_, state), count in out.items() if state not in finals)
    waiting += sum(count for (_, state, _), count in copies.items() if state != InboxState.SETTLED.value)
    parked = sum(count for (_, state), count in out.items() if state == OutboxState.PARKED.value)
    parked += sum(count for (_, state, _), count in copies.items() if state == InboxState.PARKED.value)
    return Health(alive=True, ready=not resting, resting=resting, waiting=waiting, parked=parked, stuck=stuck)


def gauges(ctx: Context) -> Samples:
    """Return what the store and the breakers say now; without a store only that it is gone."""
    now = ctx.now()
    found: dict[tuple[str, tuple[str, ...]], float] = {
        ("breaker_open", (name,)): float(breaker.rests(now) is not None) for name, breaker in ctx.breakers.items()
    }
    try:
        with ctx.store.reading() as unit:
            for (carrier, state), count in unit.outbox.counts().items():
                found["outbox_rows", (EVENTS.get(carrier, carrier), state)] = count
            for (carrier, state, _), count in unit.inbox.counts().items():
                key = ("inbox_rows", (carrier, state))
                found[key] = found.get(key, 0) + count
            for state, count in unit.documents.counts().items():
                found["deliveries", (state,)] = count
            for (direction, state), count in unit.lives.counts().items():
                found["lives", (direction, state)] = count
        found["stuck_rows", ()] = len(ctx.store.stuck())
    except StoreError:
        return {**found, ("up", ()): 0}
    return {**found, ("up", ()): 1}
