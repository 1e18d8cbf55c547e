"""The loop rule: when a packet that is passed on must not go on, or not to a certain recipient.

The trace holds one hop for each body or system that the packet has been at; the original sender's is the first
(the sender adds it, everybody who passes the packet on adds one more). A hop may be written under any code of an
agency, as a connected system, or be a word of the axis that names nobody. The hops in the system that the packet
started from are no sign of a loop by themselves: a packet must start somewhere, and another body there may be a
recipient. So a packet stops

* for everybody, where our own system is in the trace and is not the one that the packet started from;
* for everybody, where the packet started from our own system and has been elsewhere since, or its first hop stands
  in the trace again: it came back;
* for everybody, after :data:`MAX_HOPS` hops;
* for a recipient that itself is in the trace, the original sender included;
* for a recipient whose system is in the trace and is not the one that the packet started from.

The trace is the one that was received: our own hop is added after planning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vndoc.routing.model import Agency
from vndoc.routing.words import Reason

__all__ = ["MAX_HOPS", "Loops"]

MAX_HOPS = 16
"""Longest trace of a packet that is sent on: the longest seen in practice has four hops."""

_Meant = Callable[[str], tuple[Agency, ...]]


class Loops:
    """What one trace forbids. *meant* returns the agencies that a code means; *own* is our own system or code."""

    def __init__(self, meant: _Meant, own: str | None, trace: Sequence[str]) -> None:
        hops = [_places(meant, hop) for hop in trace]
        self._own = _places(meant, own or "")
        origin: frozenset[object] = hops[0] if hops else frozenset()
        self._passed = frozenset[object]().union(*hops)
        self._visited = self._passed - origin
        self.stopped: Reason | None = None
        if self._own & self._visited or (self._own & origin and _came_back(trace, hops, meant)):
            self.stopped = Reason.OWN_SYSTEM
        elif len(trace) >= MAX_HOPS:
            self.stopped = Reason.TOO_MANY_HOPS

    def reason(self, agency: Agency) -> Reason | None:
        """Return why the packet must not go to *agency*, or None."""
        if self.stopped is not None:
            return self.stopped
        if id(agency) in self._passed:
            return Reason.RECIPIENT_IN_TRACE
        return Reason.SYSTEM_IN_TRACE if agency.system in self._visited else None

    def is_ours(self, agency: Agency) -> bool:
        """Return whether *agency* is our own or stands behind our own system."""
        return id(agency) in self._own or agency.system in self._own


def _places(meant: _Meant, hop: str) -> frozenset[object]:
    """Return what *hop* stands for: what is written, the agencies that it means (by ``id``), and their systems."""
    found: set[object] = {hop} if hop else set()
    for agency in meant(hop):
        found |= {id(agency), agency.system or id(agency)}
    return frozenset(found)


def _came_back(trace: Sequence[str], hops: Sequence[frozenset[object]], meant: _Meant) -> bool:
    """Return whether the packet has left the system of its first hop, or was at the very first hop again."""
    first = {trace[0], *map(id, meant(trace[0]))}
    return any(not places & hops[0] or places & first for places in hops[1:])
