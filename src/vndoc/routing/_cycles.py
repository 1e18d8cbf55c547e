"""Circles in a table: lines of parents, and ways of mail, that lead back to where they came from on one day."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator

from vndoc.routing._index import BodyIndex, bodies_of, heir
from vndoc.routing.model import FIRST, LAST, Agency, Delegation

__all__ = ["above_of", "find_cycle", "onward_of", "window"]

_ONE_DAY = datetime.timedelta(days=1)

Window = tuple[datetime.date, datetime.date]
Edge = tuple[Agency, Window, frozenset[str] | None]


def window(agency: Agency, delegation: Delegation) -> Window:
    """Return the days on which *delegation* of *agency* holds."""
    return (
        max(agency.valid_from, delegation.valid_from),
        min(agency.valid_to, delegation.valid_to),
    )


def above_of(bodies: BodyIndex, agency: Agency) -> Iterator[Edge]:
    """Yield the bodies above *agency*, each with the days on which both exist."""
    for above in bodies_of(bodies.get(agency.parent)):
        yield above, (max(agency.valid_from, above.valid_from), min(agency.valid_to, above.valid_to)), None


def onward_of(bodies: BodyIndex, agency: Agency) -> Iterator[Edge]:
    """Yield where mail may go on from *agency*: to whom, on which days, for which kinds (None: all)."""
    if agency.valid_to < LAST:
        after = (agency.valid_to + _ONE_DAY, LAST)
        for successor in agency.successors:
            for found in heir(bodies, agency, successor):
                yield found, after, None
    for delegation in agency.delegations:
        kinds = frozenset(delegation.kinds) or None
        start, end = window(agency, delegation)
        for found, first, last in _meant_days(bodies_of(bodies.get(delegation.to))):
            yield found, (max(start, first), min(end, last)), kinds


def _meant_days(periods: tuple[Agency, ...]) -> Iterator[tuple[Agency, datetime.date, datetime.date]]:
    """Yield each agency under a code with the days on which the code means it, as :func:`pick` has it."""
    for number, agency in enumerate(periods):
        after = periods[number + 1].valid_from if number + 1 < len(periods) else None
        first = agency.valid_from if number else FIRST
        last = LAST if after is None else max(agency.valid_to, after - _ONE_DAY if after > FIRST else FIRST)
        yield agency, first, last


def find_cycle(
    bodies: BodyIndex, start: Agency, sound: set[int], edges: Callable[[BodyIndex, Agency], Iterator[Edge]]
) -> Agency | None:
    """Return an agency to which *edges* lead back on one and the same day, or None.

    Each agency is walked once for the whole table (*sound* remembers them by ``id``), so the cost is linear; a
    second cycle through the same agencies may stay unreported. Resolution has its own guard.
    """
    if id(start) in sound:
        return None
    path: list[Agency] = [start]
    limits: list[tuple[Window, frozenset[str] | None]] = [((start.valid_from, LAST), None)]
    stack = [edges(bodies, start)]
    on_path: dict[int, int] = {id(start): 0}
    while stack:
        step = next(stack[-1], None)
        if step is None:
            stack.pop()
            limits.pop()
            gone = id(path.pop())
            del on_path[gone]
            sound.add(gone)
            continue
        agency, window, kinds = step
        at = on_path.get(id(agency))
        if at is not None:
            if _possible([*limits[at + 1 :], (window, kinds)]):
                sound.update(on_path)
                return agency
        elif id(agency) not in sound and window[0] <= window[1]:
            on_path[id(agency)] = len(path)
            path.append(agency)
            limits.append((window, kinds))
            stack.append(edges(bodies, agency))
    return None


def _possible(limits: list[tuple[Window, frozenset[str] | None]]) -> bool:
    """Return whether there is a day and a kind of document for which all the steps hold."""
    kinds = [k for _, k in limits if k is not None]
    on_one_day = max(w[0] for w, _ in limits) <= min(w[1] for w, _ in limits)
    return on_one_day and (not kinds or bool(frozenset.intersection(*kinds)))
