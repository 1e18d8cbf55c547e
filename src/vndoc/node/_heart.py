"""The sign of life of a worker: while it is busy, what it holds stays its own, and what it lost is passed over."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator

from vndoc.errors import StoreError
from vndoc.node._context import LOG, Context
from vndoc.node.logs import log


def beat_every(ctx: Context) -> float:
    """Return the seconds between two signs of life: three in the time of a lease."""
    return ctx.policy.lease.total_seconds() / 3


@contextlib.contextmanager
def heartbeat(ctx: Context) -> Iterator[None]:
    """Prolong everything that this worker holds, from a thread, while a slow carrier takes its time.

    A store that is gone for a moment is told in the log only: who has lost a lease learns it when it finishes.
    """
    stop = threading.Event()
    pause = beat_every(ctx)

    def beat() -> None:
        while not stop.wait(pause):
            try:
                with ctx.store.transaction() as unit:
                    until = ctx.now() + ctx.policy.lease
                    unit.outbox.prolong(ctx.worker, until)
                    unit.inbox.prolong(ctx.worker, until)
            except StoreError as error:
                log(LOG, logging.WARNING, "no sign of life", worker=ctx.worker, error=error)

    thread = threading.Thread(target=beat, name="vndoc-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextlib.contextmanager
def lease_may_be_lost(key: str, carrier: str) -> Iterator[None]:
    """Pass over a row that another worker has taken over: it goes on with it, and the rest of the batch is ours."""
    try:
        yield
    except StoreError as error:
        if error.code != "lease-lost":
            raise
        log(LOG, logging.WARNING, "lease lost", row=key, carrier=carrier)
