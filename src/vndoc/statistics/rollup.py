"""Rolling rows up by level, unit and month. The finest groups are kept, every other view is a sum of them."""

from __future__ import annotations

import calendar
import datetime
import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

import attrs

from vndoc.errors import LimitError, UsageError
from vndoc.statistics.rows import Level, Row
from vndoc.statistics.tally import NAMES, Tally, count
from vndoc.statistics.targets import TARGETS, Judged, Target, judge, target_at
from vndoc.text import Text

__all__ = ["DIMENSIONS", "MAX_GROUPS", "Cell", "Dimension", "Line", "Summary", "roll_up"]

MAX_GROUPS: Final = 1_000_000
"""The most groups of level, unit and month: each costs about 500 octets. Ten years of 8,000 units fit."""


_TWICE: Final = Text("có chiều thống kê nêu hai lần", "a dimension is named twice")
_NO_DIMENSION: Final = Text("cần Dimension, không phải {found}", "a Dimension is needed, not {found}")


class Dimension(enum.Enum):
    """What rows may be grouped by."""

    LEVEL = "level"
    UNIT = "unit"
    MONTH = "month"


DIMENSIONS: Mapping[Dimension, Text] = MappingProxyType(
    {
        Dimension.LEVEL: Text("Cấp", "Level"),
        Dimension.UNIT: Text("Đơn vị", "Unit"),
        Dimension.MONTH: Text("Tháng", "Month"),
    }
)
"""Text of each dimension."""


class Cell(NamedTuple):
    """The finest group: ``month`` is ``2026-03``."""

    level: Level
    unit: str
    month: str


@attrs.frozen(kw_only=True)
class Line:
    """One group and its counts; the dimensions that were not asked for are None.

    ``judged`` is how its signed share stands against the target on the last day of its month. It is None where there is
    no target or nothing was sent, and for a group over all months where the target changed between the first row and
    the last.
    """

    level: Level | None = None
    unit: str | None = None
    month: str | None = None
    name: str = ""
    tally: Tally
    judged: Judged | None = None


@attrs.frozen(kw_only=True)
class Summary:
    """Rows, rolled up. ``first`` and ``last`` are the days of the first and last row, None where there was none."""

    cells: Mapping[Cell, Tally] = attrs.field(repr=False)
    names: Mapping[str, str] = attrs.field(repr=False)
    rows: int
    first: datetime.date | None
    last: datetime.date | None

    def __reduce__(self) -> tuple[object, ...]:
        return _summary, (dict(self.cells), dict(self.names), self.rows, self.first, self.last)

    @property
    def total(self) -> Tally:
        """Return the counts of all rows."""
        return sum(self.cells.values(), Tally())

    def by(self, *dimensions: Dimension, targets: Sequence[Target] = TARGETS) -> tuple[Line, ...]:
        """Return one line for each group of *dimensions*, sorted by level, unit and month; one line for none.

        Raises :class:`~vndoc.errors.UsageError` ``option-invalid`` for a dimension that is named twice, and for what
        is none.
        """
        for dimension in dimensions:
            if not isinstance(dimension, Dimension):
                raise UsageError("option-invalid", detail=_NO_DIMENSION.filled(found=type(dimension).__name__))
        if len(set(dimensions)) != len(dimensions):
            raise UsageError("option-invalid", detail=_TWICE)
        asked = tuple(d in dimensions for d in (Dimension.LEVEL, Dimension.UNIT, Dimension.MONTH))
        groups: dict[tuple[Level | None, str | None, str | None], Tally] = {}
        for cell, tally in self.cells.items():
            key = _key(cell, asked)
            groups[key] = groups.get(key, _NONE) + tally
        return tuple(self._lines(groups or ({(None, None, None): _NONE} if not dimensions else {}), targets))

    def _lines(
        self, groups: Mapping[tuple[Level | None, str | None, str | None], Tally], targets: Sequence[Target]
    ) -> Iterator[Line]:
        for level, unit, month in sorted(groups, key=_order):
            tally = groups[level, unit, month]
            judged = self._judged(tally, level, month, targets)
            name = "" if unit is None else self.names.get(unit, "")
            yield Line(level=level, unit=unit, month=month, name=name, tally=tally, judged=judged)

    def _judged(self, tally: Tally, level: Level | None, month: str | None, targets: Sequence[Target]) -> Judged | None:
        if self.first is None or self.last is None:
            return None
        if month is not None:
            return judge(tally, level, _last_day(month), targets)
        changed = target_at(level, self.first, targets) != target_at(level, self.last, targets)
        return None if changed else judge(tally, level, self.last, targets)


_NONE: Final = Tally()
_RANK: Final = MappingProxyType({level: rank for rank, level in enumerate(Level)})


def _key(cell: Cell, asked: tuple[bool, ...]) -> tuple[Level | None, str | None, str | None]:
    by_level, by_unit, by_month = asked
    return cell.level if by_level else None, cell.unit if by_unit else None, cell.month if by_month else None


def _order(key: tuple[Level | None, str | None, str | None]) -> tuple[int, str, str]:
    level, unit, month = key
    return -1 if level is None else _RANK[level], unit or "", month or ""


def _last_day(month: str) -> datetime.date:
    year, number = int(month[:4]), int(month[5:])
    return datetime.date(year, number, calendar.monthrange(year, number)[1])


def roll_up(rows: Iterable[Row], *, limit: int = MAX_GROUPS) -> Summary:
    """Return the counts of *rows*, in any order; what is kept grows with the groups, not with the rows.

    The name of a unit is the one of its latest day; of two on one day, the one that sorts last.
    Raises :class:`~vndoc.errors.LimitError` ``limit-groups`` above *limit* groups of level, unit and month.
    """
    cells: dict[Cell, list[int]] = {}
    names: dict[str, tuple[datetime.date, str]] = {}
    number, first, last = 0, None, None
    for row in rows:
        number += 1
        cell = Cell(row.level, row.unit, f"{row.day.year:04d}-{row.day.month:02d}")
        if cell not in cells and len(cells) >= limit:
            raise LimitError("limit-groups", limit=limit)
        count(cells.setdefault(cell, [0] * len(NAMES)), row)
        if row.name:
            names[row.unit] = max(names.get(row.unit, (row.day, row.name)), (row.day, row.name))
        first = row.day if first is None else min(first, row.day)
        last = row.day if last is None else max(last, row.day)
    tallies = {cell: Tally.made(counts) for cell, counts in cells.items()}
    return _summary(tallies, {unit: name for unit, (_, name) in names.items()}, number, first, last)


def _summary(
    cells: dict[Cell, Tally], names: dict[str, str], rows: int, first: datetime.date | None, last: datetime.date | None
) -> Summary:
    fixed, called = MappingProxyType(cells), MappingProxyType(names)
    return Summary(cells=fixed, names=called, rows=rows, first=first, last=last)
