"""What one round of work of a node comes to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Self

import attrs

from vndoc.node._pushing import Pushed
from vndoc.node._taking import Taken


@attrs.frozen(kw_only=True)
class Round:
    """What one round of work did: messages handed over, copies taken in, events told, deadlines met, and failures.

    ``failures`` are calls to carriers that failed, carriers that rest, copies that could not be taken in, and hooks
    that failed. ``idle`` says that nothing was left to do now, ``more`` that an axis has more than one round takes in.
    """

    sent: int = 0
    postponed: int = 0
    received: int = 0
    settled: int = 0
    events: int = 0
    deadlines: int = 0
    failures: int = 0
    idle: bool = True
    more: bool = False

    @classmethod
    def of(
        cls,
        pushed: Collection[Pushed],
        taken: Collection[Taken],
        told: Sequence[tuple[int, int]],
        done: tuple[int, int],
        *,
        batch: int,
    ) -> Self:
        """Add up *pushed* and *taken* of every carrier, and *told*: events that were claimed, and those that failed.

        *done* is how many copies there were to go on with, and how many deadlines; whatever comes to a whole *batch*
        has more behind it.
        """
        left, deadlines = done
        events, failed = sum(claimed for claimed, _ in told), sum(failed for _, failed in told)
        sent, more = sum(one.sent for one in pushed), any(one.more for one in taken)
        return cls(
            sent=sent,
            postponed=sum(one.postponed for one in pushed),
            received=sum(one.decided for one in taken),
            settled=sum(one.settled for one in taken),
            events=events,
            deadlines=deadlines,
            failures=failed + sum(one.failed for one in pushed) + sum(one.failed for one in taken),
            idle=max([left, deadlines, *(one.claimed for one in pushed)]) < batch and not (sent or events or more),
            more=more,
        )
