"""How the units of an axis answer change what stands under the codes; :data:`vndoc.routing.axis.RULES` says why."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import attrs

from vndoc.identifiers import OrganCode, OrganKind
from vndoc.routing._index import bodies_of, heir, limited
from vndoc.routing.checks import Check, Finding
from vndoc.routing.model import FIRST, LAST, Agency, Connection, Successor, SuccessorKind

if TYPE_CHECKING:
    from vndoc.routing.axis import AxisUnit
    from vndoc.routing.load import Draft
    from vndoc.routing.table import RoutingTable

_ONE_DAY = datetime.timedelta(days=1)
_NODE = "node"


def before(day: datetime.date) -> datetime.date:
    """Return the day before *day*, which is never before :data:`~vndoc.routing.FIRST`."""
    return day - _ONE_DAY if day > FIRST else FIRST


def after(day: datetime.date) -> datetime.date:
    """Return the day after *day*, which is never after :data:`~vndoc.routing.LAST`."""
    return day + _ONE_DAY if day < LAST else LAST


def is_another(ref: str, other: str) -> bool:
    """Return whether two ids are those of two bodies: where one is missing, they may be the same."""
    return bool(ref and other) and ref != other


def is_system(code: str) -> bool:
    """Return whether *code* is that of a connected system, which is no agency."""
    return OrganCode(code).kind is OrganKind.SYSTEM


def from_unit(unit: AxisUnit, parent: str) -> Agency:
    """Return the agency that *unit* describes, below *parent*: the code of an agency or of a system."""
    system = parent if is_system(parent) else ""
    connected = Connection.CONNECTED if unit.center else Connection.UNKNOWN
    return Agency(
        unit.code,
        unit.name,
        OrganCode(unit.code).level or 0,
        "" if system or parent == unit.code else parent,
        "" if unit.is_agency else _NODE,
        connection=connected if unit.is_agency else Connection.NOT_CONNECTED,
        system=unit.center or system,
        ref=unit.ref,
        source="axis",
    )


def in_turn(draft: Draft) -> None:
    """Let the bodies of different ids under one code follow each other: each begins on the day after the one before.

    Of two that ended on the same day the one that was read first is left out, with a finding. Two that are both open
    stay side by side: a contradiction, see :func:`contested`.
    """
    under: dict[str, list[int]] = {}
    for at, agency in enumerate(draft.agencies):
        under.setdefault(agency.code, []).append(at)
    gone: set[int] = set()
    for places in under.values():
        places.sort(key=lambda at: draft.agencies[at].valid_to)
        for at, then in itertools.pairwise(places):
            old, new = draft.agencies[at], draft.agencies[then]
            start = after(old.valid_to) if old.valid_to < new.valid_to else old.valid_from
            draft.agencies[then] = attrs.evolve(new, valid_from=max(new.valid_from, start))
            if old.valid_to == new.valid_to < LAST:
                gone.add(at)
                draft.found(Finding(Check.UNIT_TWICE, old.code, draft.rows[at], (("found", old.ref),)))
    draft.agencies = [agency for at, agency in enumerate(draft.agencies) if at not in gone]
    draft.rows = [row for at, row in enumerate(draft.rows) if at not in gone]


def contested(claims: Iterable[tuple[str, str, int | None]]) -> tuple[dict[str, frozenset[str]], list[Finding]]:
    """Return which ids hold one code at once, by code, and a finding for each but the first.

    *claims*: code, id and row of what one answer shows as alive; those without an id contest nothing.
    """
    holders: dict[str, dict[str, int | None]] = {}
    for code, ref, row in claims:
        if ref:
            holders.setdefault(code, {}).setdefault(ref, row)
    several = {code: refs for code, refs in holders.items() if len(refs) > 1}
    findings = [
        Finding(Check.UNIT_CODE, code, row, (("found", next(iter(refs))), ("other", ref)))
        for code, refs in several.items()
        for ref, row in list(refs.items())[1:]
    ]
    return {code: frozenset(refs) for code, refs in several.items()}, findings


class Changing:
    """A change under way: what stands under each code and id so far.

    *contested* are the codes that several ids hold at once in the answer, with these ids.
    """

    def __init__(
        self, table: RoutingTable, received: datetime.date, contested: Mapping[str, frozenset[str]] | None = None
    ) -> None:
        self.table = table
        self.received = received
        self.contested = contested or {}
        self.new: dict[str, tuple[Agency, ...]] = {}
        latest: dict[str, Agency] = {}
        for agency in table:
            known = latest.get(agency.ref, agency)
            if agency.ref and (known.valid_to, known.valid_from) <= (agency.valid_to, agency.valid_from):
                latest[agency.ref] = agency
        self.codes = {ref: agency.code for ref, agency in latest.items()}
        self.live: set[str] = set()
        self.arrivals: dict[str, datetime.date] = {}
        self.left: dict[str, tuple[Agency, bool]] = {}
        self.linked: set[tuple[str, str]] = set()
        self.findings: list[Finding] = []

    def changes(self) -> dict[str, tuple[Agency, ...]]:
        """Return what differs from the table, by code; called once, at the end."""
        self.check_links()
        return {code: agencies for code, agencies in self.new.items() if agencies != self.table.periods(code)}

    def take(self, units: Iterable[AxisUnit]) -> None:
        """Enter *units*: first each leaves the code that it had, then each takes its place, in the order given."""
        bodies = [unit for unit in units if not is_system(unit.code)]
        for unit in bodies:
            if unit.ref and not unit.deleted and self.codes.get(unit.ref) != unit.code:
                self.arrivals[unit.code] = min(self.day(unit), self.arrivals.get(unit.code, LAST))
        for unit in bodies:
            if unit.ref:
                self.leave(unit)
        self.live.update(unit.ref for unit in bodies if unit.ref and not unit.deleted)
        self.codes.update((u.ref, u.code) for u in units if u.ref and (u.ref in self.live or is_system(u.code)))
        for unit in bodies:
            if not unit.deleted:
                self.enter(unit)
            elif not unit.ref and (last := self.last(unit.code)) is not None:
                self.close(last, self.day(unit))

    def day(self, unit: AxisUnit) -> datetime.date:
        """Return the day of the change."""
        return unit.modified or self.received

    def periods(self, code: str) -> tuple[Agency, ...]:
        """Return what stands under *code* so far."""
        return self.new[code] if code in self.new else bodies_of(self.table.bodies.get(code))

    def last(self, code: str) -> Agency | None:
        """Return the last period under *code*."""
        return max(self.periods(code), key=lambda a: (a.valid_to, a.valid_from), default=None)

    def before(self, unit: AxisUnit) -> Agency | None:
        """Return the period that the unit goes on with or comes after; those who contest its code do not count."""
        rivals = self.contested.get(unit.code, frozenset()) - {unit.ref} if unit.ref else frozenset()
        open_to_it = [a for a in self.periods(unit.code) if a.valid_to < LAST or a.ref not in rivals]
        return max(open_to_it, key=lambda a: (a.valid_to, a.valid_from), default=None)

    def of(self, code: str, ref: str) -> Agency | None:
        """Return the last period under *code* that is the unit's: with its id, else the last if that has none."""
        own = [agency for agency in self.periods(code) if agency.ref == ref]
        last = self.last(code)
        if own:
            return max(own, key=lambda a: (a.valid_to, a.valid_from))
        return None if last is None or last.ref else last

    def leave(self, unit: AxisUnit) -> None:
        """Close what the unit had before, where it is deleted or has another code now."""
        here = self.of(unit.code, unit.ref)
        stays = here is not None and here.ref == unit.ref and here.valid_to == LAST
        code = unit.code if stays else self.codes.get(unit.ref, unit.code)
        if code == unit.code and not unit.deleted:
            return
        old = self.of(code, unit.ref)
        if old is not None:
            closed = self.close(old, min(self.day(unit), self.arrivals.get(code, LAST)))
            self.left[unit.ref] = closed, old.valid_to == LAST

    def enter(self, unit: AxisUnit) -> None:
        """Let the unit take its place: that which it has, or a new period."""
        day = self.day(unit)
        made = from_unit(unit, self.parent(unit, day))
        current = self.before(unit)
        if current is not None and current.valid_to == LAST and not is_another(current.ref, unit.ref):
            self.put(current, _updated(current, made, keep=unit.parent_ref != "" and unit.parent_ref not in self.codes))
        else:
            if current is not None:
                day = max(day, after(self.close(current, day).valid_to))
            self.put(None, attrs.evolve(made, valid_from=day))
        if unit.ref in self.left:
            self.hand_over(unit, day)

    def hand_over(self, unit: AxisUnit, start: datetime.date) -> None:
        """Name the new code, taken on *start*, as the successor of the old one, which lasts until then if it can."""
        old, was_open = self.left[unit.ref]
        successors: tuple[Successor, ...] = (Successor(unit.code, SuccessorKind.RENAMED),)
        end = old.valid_to
        if was_open:
            later = [a.valid_from for a in self.periods(old.code) if a.valid_from > old.valid_to]
            end = max(end, before(min(start, self.arrivals.get(old.code, LAST), *later)))
        else:
            successors = old.successors or successors
        self.put(old, attrs.evolve(old, valid_to=end, successors=successors))
        self.linked.add((old.code, unit.ref))

    def check_links(self) -> None:
        """Take away each link from a unit's old code to its new one that leads to another body now, with a finding."""
        named_by = self.table.naming
        concerned = set(self.new).union(*[named_by.get(code, ()) for code in self.new])
        for code in sorted(concerned):
            for agency in self.periods(code):
                if len(agency.successors) == 1 and agency.ref and self.is_lost(agency, agency.successors[0]):
                    shown = (("to", agency.successors[0].code), ("end", agency.valid_to.isoformat()))
                    self.findings.append(Finding(Check.UNIT_LINK, code, None, shown))
                    self.put(agency, attrs.evolve(agency, successors=()))

    def is_lost(self, closed: Agency, successor: Successor) -> bool:
        """Return whether *successor*, which stood for the same unit, means another or nobody after this change."""
        code = successor.code
        was_own = (closed.code, closed.ref) in self.linked or any(
            one.ref == closed.ref for one in heir(self.table.bodies, closed, successor)
        )
        if successor.kind is not SuccessorKind.RENAMED or not was_own:
            return False
        now = heir({code: self.periods(code)}, closed, successor)
        rivals = self.contested.get(code, frozenset())
        return not now or any(is_another(one.ref, closed.ref) and one.ref not in rivals for one in now)

    def parent(self, unit: AxisUnit, day: datetime.date) -> str:
        """Return the code of the parent or system of the unit, empty where there is none on *day*."""
        code = self.codes.get(unit.parent_ref, "")
        if unit.parent_ref in self.live or is_system(code):
            return code
        above = self.of(code, unit.parent_ref)
        return code if above is not None and above.valid_to >= day else ""

    def close(self, old: Agency, day: datetime.date) -> Agency:
        """Return *old*, closed on the day before *day* where it was open."""
        if old.valid_to < LAST:
            return old
        closed = attrs.evolve(old, valid_to=max(before(day), old.valid_from))
        self.put(old, closed)
        return closed

    def put(self, old: Agency | None, new: Agency) -> None:
        """Enter *new*, in the place of *old* if there is one."""
        kept: Iterable[Agency] = (agency for agency in self.periods(new.code) if agency is not old)
        self.new[new.code] = tuple(sorted(limited(new.code, [*kept, new]), key=lambda a: (a.valid_from, a.valid_to)))


def _updated(current: Agency, made: Agency, *, keep: bool) -> Agency:
    """Return *current* with what the full record says, and its history; *keep* its parent, as the new is unknown."""
    names = current.other_names
    if current.name and current.name != made.name and current.name not in names:
        names = (*names, current.name)
    return attrs.evolve(
        current,
        name=made.name or current.name,
        other_names=names,
        parent=current.parent if keep else made.parent,
        kind="" if made.kind == "" and current.kind == _NODE else made.kind or current.kind,
        connection=made.connection,
        system=made.system or (current.system if keep else ""),
        ref=made.ref or current.ref,
    )
