"""A registry that lives from day to day, its answers applied one after the other, and the truth to compare with.

Units are made, deleted, brought back, renamed, moved to free codes and swapped; the answer of each day lists what
changed, in any order. What the table says about every code on every day must be what was true, and late mail must
reach the unit that was meant, or nobody.
"""

from __future__ import annotations

import datetime
import json
import random

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from vndoc.routing import FIRST, LAST, AxisChange, RoutingTable

START = datetime.date(2025, 7, 1)
ONE_DAY = datetime.timedelta(days=1)
DAYS = [START + n * ONE_DAY for n in range(10)]
CODES = [f"H29.{n:02d}" for n in range(1, 8)]


@attrs.define
class Unit:
    ref: str
    code: str
    name: str
    deleted: bool = False
    version: int = 1
    modified: str | None = None

    def row(self) -> dict[str, object]:
        return {
            "id": self.ref, "pid": None, "code": self.code, "name": self.name, "version": self.version,
            "deleted": self.deleted, "modifyDate": self.modified, "isAgency": True, "centerCode": "00.29.W00",
        }  # fmt: skip


class World:
    def __init__(self, rnd: random.Random) -> None:
        self.rnd = rnd
        self.units = [Unit(str(n), code, f"Đơn vị {n}") for n, code in enumerate(CODES[:5], 1)]
        self.table = RoutingTable.load(answer(self.units), format="axis-units")
        self.truth: dict[datetime.date, dict[str, str]] = {}
        self.remember(START - ONE_DAY)

    def alive(self) -> list[Unit]:
        return [unit for unit in self.units if not unit.deleted]

    def free(self) -> list[str]:
        return [code for code in CODES if code not in {unit.code for unit in self.alive()}]

    def remember(self, day: datetime.date) -> None:
        self.truth[day] = {unit.code: unit.ref for unit in self.alive()}

    def happen(self) -> list[Unit]:
        """Let one thing happen; return the units concerned."""
        rnd, alive, free = self.rnd, self.alive(), self.free()
        what = rnd.choice(["new", "delete", "rename", "move", "swap", "return"])
        dead = [unit for unit in self.units if unit.deleted]
        if what == "new" and free:
            self.units.append(Unit(str(len(self.units) + 1), rnd.choice(free), "Đơn vị mới"))
            return [self.units[-1]]
        if what == "return" and free and dead:
            unit = rnd.choice(dead)
            unit.deleted, unit.code = False, rnd.choice(free)
            return [unit]
        if what == "swap" and len(alive) > 1:
            one, other = rnd.sample(alive, 2)
            one.code, other.code = other.code, one.code
            return [one, other]
        if not alive or (what == "move" and not free):
            return []
        unit = rnd.choice(alive)
        unit.deleted = what == "delete"
        unit.name += "!" * (what == "rename")
        unit.code = rnd.choice(free) if what == "move" else unit.code
        return [unit]

    def live(self, day: datetime.date, *, messy: bool) -> None:
        changed = {unit.ref: unit for _ in range(self.rnd.randint(0, 3)) for unit in self.happen()}
        units = list(changed.values())
        self.rnd.shuffle(units)
        for version, unit in enumerate(units, max(unit.version for unit in self.units) + 1):
            unit.version = version
            unit.modified = day.isoformat()
            if messy:
                told = day + self.rnd.randint(-3, 3) * ONE_DAY
                unit.modified = self.rnd.choice([None, told.isoformat(), day.isoformat()])
        change = AxisChange.load(answer(self.rnd.sample(units, len(units))), received=day)
        self.table = change.applied_to(self.table, strict=not messy)
        self.remember(day)

    def lived_on(self, ref: str, day: datetime.date) -> bool:
        return all(ref in held.values() for known, held in self.truth.items() if known >= day)


def answer(units: list[Unit]) -> bytes:
    return json.dumps([unit.row() for unit in units]).encode()


def whom(table: RoutingTable, code: str, day: datetime.date) -> list[str]:
    return [agency.ref for agency in table.periods(code) if agency.valid_on(day)]


@settings(max_examples=60)
@given(st.randoms(use_true_random=False))
def test_a_table_that_follows_a_registry_is_the_truth(rnd):
    world = World(rnd)
    for day in DAYS:
        world.live(day, messy=False)
    for day, held in world.truth.items():
        for code in CODES:
            assert whom(world.table, code, day) == ([held[code]] if code in held else [])
            found = world.table.resolve(code, at=DAYS[-1], meant_at=day)
            if code not in held:
                continue
            assert found.meant.ref == held[code]
            if world.lived_on(held[code], day):
                assert found.agency.ref == held[code]
            assert found.agency is None or found.agency.ref == held[code]
    open_refs = [agency.ref for agency in world.table if agency.valid_to == LAST]
    assert sorted(open_refs) == sorted(unit.ref for unit in world.alive())


@settings(max_examples=60)
@given(st.randoms(use_true_random=False))
def test_late_mail_never_reaches_another_unit_whatever_the_dates_say(rnd):
    """Days that are missing, too early or too late make gaps and overlaps, but no wrong delivery."""
    world = World(rnd)
    for day in DAYS:
        world.live(day, messy=True)
    for agency in world.table:
        for day in {agency.valid_from, agency.valid_to} - {FIRST, LAST}:
            found = world.table.resolve(agency.code, at=DAYS[-1] + 9 * ONE_DAY, meant_at=day)
            if found.is_deliverable:
                assert found.agency.ref == found.meant.ref


def test_a_link_that_comes_to_lead_to_another_unit_is_taken_away():
    """Closed and brought back under a code that another unit held in between: nobody is better than the wrong one."""
    world = World(random.Random(0))
    one, two = world.units[0], world.units[1]
    steps = [
        [attrs.evolve(one, deleted=True)],
        [attrs.evolve(two, code="H29.07")],
        [attrs.evolve(two, code="H29.06"), attrs.evolve(one, code="H29.07")],
    ]
    for version, (day, units) in enumerate(zip(DAYS, steps, strict=False), 2):
        rows = [attrs.evolve(unit, version=version, modified=day.isoformat()) for unit in units]
        world.table = AxisChange.load(answer(rows), received=day).applied_to(world.table)
    late = world.table.resolve("H29.01", at=DAYS[5], meant_at=START - ONE_DAY)
    assert (late.meant.ref, late.agency, late.reason.value) == ("1", None, "no-successor")
    assert [(f.check.value, f.code) for f in world.table.findings] == [("new-code-of-another", "H29.01")]
    assert world.table.resolve("H29.02", at=DAYS[5], meant_at=START - ONE_DAY).agency.ref == "2"
