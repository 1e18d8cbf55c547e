"""Groups of recipients: "all provinces", "all communes of H29", with exceptions, a size limit and no endless loop."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

import attrs

from vndoc.identifiers import OrganCode
from vndoc.routing._index import AliasView, BodyView, all_bodies, meant_by
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
    def bodies(self) -> BodyView: ...
    @property
    def aliases(self) -> AliasView: ...


_Members = dict[str, frozenset[object]]
"""Codes, each with the agencies (by ``id``) that it means; with itself where it means none."""


@attrs.define
class _Expansion:
    """One expansion under way."""

    table: _Table
    on: datetime.date
    size: int
    open: list[str] = attrs.field(factory=list)
    done: dict[str, _Members] = attrs.field(factory=dict)
    unused: dict[str, None] = attrs.field(factory=dict)

    def members(self, reference: str) -> _Members | Reason:
        """Return the codes of ``@name[:CODE]``, or why not."""
        if reference in self.done:
            return self.done[reference]
        if reference in self.open:
            return Reason.GROUP_CYCLE
        if len(self.open) >= MAX_DEPTH:
            return Reason.GROUP_TOO_DEEP
        name, _, under = reference[1:].partition(":")
        group = self.table.groups.get(name) or STANDARD_GROUPS.get(name)
        if group is None or (":" in reference and not self.meant(under)):
            return Reason.GROUP_UNKNOWN
        self.open.append(reference)
        found = self.collect(group.members)
        if not isinstance(found, Reason):
            self.add_ruled(group, found)
            if under:
                top = self.keys(under)
                found = {code: keys for code, keys in found.items() if self.is_below(code, top)}
            out = self.collect(group.exceptions)
            found = out if isinstance(out, Reason) else self.without(found, out)
        self.open.pop()
        if isinstance(found, Reason):
            return found
        if len(found) > self.size:
            return Reason.GROUP_TOO_LARGE
        self.done[reference] = found
        return found

    def meant(self, code: str) -> tuple[Agency, ...]:
        return meant_by(self.table.bodies, self.table.aliases, code, self.on)

    def keys(self, code: str) -> frozenset[object]:
        return frozenset(map(id, self.meant(code))) or frozenset({code})

    def without(self, found: _Members, out: _Members) -> _Members:
        """Return *found* without the agencies of *out*, and take down which codes of *out* mean nobody."""
        gone = frozenset[object]().union(*out.values())
        self.unused |= {code: None for code, keys in out.items() if code in keys}
        return {code: keys for code, keys in found.items() if not keys & gone}

    def collect(self, members: tuple[str, ...]) -> _Members | Reason:
        found: _Members = {}
        for member in members:
            if member.startswith("@"):
                inner = self.members(member)
                if isinstance(inner, Reason):
                    return inner
                found |= inner
            else:
                found[self.present(member)] = self.keys(member)
        return found

    def present(self, code: str) -> str:
        """Return the code that the agency meant has on the day; *code* itself where that would mean another."""
        agencies = self.meant(code)
        own = agencies[0].code if len(agencies) == 1 and agencies[0].valid_on(self.on) else code
        return own if self.meant(own) == agencies else code

    def add_ruled(self, group: Group, found: _Members) -> None:
        kinds, level, on = frozenset(group.kinds), group.level, self.on
        if not kinds and not level:
            return
        for a in all_bodies(self.table.bodies):
            if (not kinds or a.kind in kinds) and (not level or a.level == level) and a.valid_from <= on <= a.valid_to:
                found[a.code] = found.get(a.code, frozenset()) | {id(a)}

    def is_below(self, code: str, top: frozenset[object]) -> bool:
        seen: set[str] = set()
        while code not in seen:
            seen.add(code)
            agencies = self.meant(code)
            # what is below a code that several have at once, nobody knows
            agency = agencies[0] if len(agencies) == 1 and agencies[0].valid_on(self.on) else None
            code = (agency.parent if agency else "") or getattr(OrganCode(code).parent, "text", "")
            if code and self.keys(code) & top:
                return True
        return False


def expand(
    table: _Table, reference: str, *, on: datetime.date, size: int, unused: list[str] | None = None
) -> tuple[str, ...] | Reason:
    """Return the codes in the group *reference* (``@name`` or ``@name:CODE``) on the day *on*, sorted.

    Members, exceptions and *CODE* may be written under any code of an agency; agencies are what is compared.
    Explicit members stand in it whatever the day. Or a reason: the group is unknown (or the body it is asked for),
    empty, larger than *size*, nested too deeply, or contains itself. Exceptions that mean nobody are added to *unused*.
    """
    expansion = _Expansion(table, on, size)
    found = expansion.members(reference)
    if unused is not None:
        unused += expansion.unused
    if isinstance(found, Reason):
        return found
    return tuple(sorted(found)) or Reason.GROUP_EMPTY
