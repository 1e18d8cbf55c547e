"""Groups of recipients: "all provinces", "all communes of H29", with exceptions, a size limit and no endless loop."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

import attrs

from vndoc.identifiers import OrganCode
from vndoc.routing._index import BodyIndex, Fit, all_bodies, pick
from vndoc.routing.model import Agency, Group
from vndoc.routing.words import Reason

__all__ = ["MAX_DEPTH", "STANDARD_GROUPS", "expand"]

MAX_DEPTH = 32
"""How deep groups may stand in groups: real ones need two or three levels; the walk is recursive."""

STANDARD_GROUPS: Mapping[str, Group] = MappingProxyType(
    {
        group.name: group
        for group in (
            Group("provinces", kinds=("province-committee",)),
            Group("councils", kinds=("province-council",)),
            Group("ministries", kinds=("ministry",)),
            Group("government", kinds=("ministry", "government-agency")),
            Group("departments", kinds=("department",)),
            Group("districts", kinds=("district-committee",)),
            Group("communes", kinds=("commune-committee",)),
        )
    }
)
"""Groups that every table knows, by kind; a table may define others, or these otherwise."""


class _Table(Protocol):
    @property
    def groups(self) -> Mapping[str, Group]: ...
    @property
    def bodies(self) -> BodyIndex: ...


@attrs.define
class _Expansion:
    """One expansion under way."""

    table: _Table
    on: datetime.date
    size: int
    open: list[str] = attrs.field(factory=list)
    done: dict[str, frozenset[str]] = attrs.field(factory=dict)

    def members(self, reference: str) -> frozenset[str] | Reason:
        """Return the codes of ``@name[:CODE]``, or why not."""
        if reference in self.done:
            return self.done[reference]
        if reference in self.open:
            return Reason.GROUP_CYCLE
        if len(self.open) >= MAX_DEPTH:
            return Reason.GROUP_TOO_LARGE
        name, _, under = reference[1:].partition(":")
        group = self.table.groups.get(name) or STANDARD_GROUPS.get(name)
        if group is None or (":" in reference and not self.known(under)):
            return Reason.GROUP_UNKNOWN
        self.open.append(reference)
        found = self.collect(group.members)
        if isinstance(found, set):
            found |= self.ruled(group)
            if under:
                found = {code for code in found if self.is_below(code, under)}
            out = self.collect(group.exceptions)
            found = out if isinstance(out, Reason) else found - out
        self.open.pop()
        if isinstance(found, Reason):
            return found
        if len(found) > self.size:
            return Reason.GROUP_TOO_LARGE
        self.done[reference] = frozenset(found)
        return self.done[reference]

    def known(self, code: str) -> bool:
        return code in self.table.bodies

    def collect(self, members: tuple[str, ...]) -> set[str] | Reason:
        found: set[str] = set()
        for member in members:
            if member.startswith("@"):
                inner = self.members(member)
                if isinstance(inner, Reason):
                    return inner
                found |= inner
            else:
                found.add(member)
        return found

    def ruled(self, group: Group) -> set[str]:
        kinds, level = frozenset(group.kinds), group.level
        if not kinds and not level:
            return set()
        on = self.on
        return {
            a.code
            for a in all_bodies(self.table.bodies)
            if (not kinds or a.kind in kinds) and (not level or a.level == level) and a.valid_from <= on <= a.valid_to
        }

    def is_below(self, code: str, top: str) -> bool:
        seen: set[str] = set()
        while code not in seen:
            seen.add(code)
            agency = self.valid(code)
            code = (agency.parent if agency else "") or getattr(OrganCode(code).parent, "text", "")
            if code == top:
                return True
        return False

    def valid(self, code: str) -> Agency | None:
        entry = self.table.bodies.get(code)
        if entry is None:
            return None
        fit, found = pick(entry, self.on)
        return found[0] if fit is Fit.VALID else None


def expand(table: _Table, reference: str, *, on: datetime.date, size: int) -> tuple[str, ...] | Reason:
    """Return the codes in the group *reference* (``@name`` or ``@name:CODE``) on the day *on*, sorted.

    Explicit members stand in it whatever the day. Or a reason: the group is unknown (or the body it is asked for),
    empty, larger than *size*, or contains itself.
    """
    found = _Expansion(table, on, size).members(reference)
    if isinstance(found, Reason):
        return found
    return tuple(sorted(found)) or Reason.GROUP_EMPTY
