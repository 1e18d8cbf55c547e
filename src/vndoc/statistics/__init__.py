"""Statistics for managers: pure roll-ups over rows, against targets that are data.

Design, as the caller sees it::

    summary = roll_up(rows)  # rows from CSV, JSON or a store; any number
    for line in summary.by(Dimension.LEVEL, Dimension.MONTH):  # one line a group, sorted
        line.tally.sent, line.tally.signed_share, line.judged  # against the target of its level and month
    "".join(lines_to_csv(lines))
    chart_svg(summary)  # what goes out

No clock: which target holds is a matter of the month that is looked at.
"""

from vndoc.statistics.chart import chart_svg
from vndoc.statistics.forms import HEADINGS, cells, line_to_dict, lines_to_csv, percent
from vndoc.statistics.rollup import DIMENSIONS, MAX_GROUPS, Cell, Dimension, Line, Summary, roll_up
from vndoc.statistics.rows import (
    COLUMNS,
    LEVELS,
    MAX_COUNT,
    Direction,
    Level,
    Row,
    rows_from_csv,
    rows_from_json,
    rows_to_csv,
)
from vndoc.statistics.tally import Tally
from vndoc.statistics.targets import TARGETS, Judged, Target, judge, target_at

__all__ = [
    "COLUMNS",
    "DIMENSIONS",
    "HEADINGS",
    "LEVELS",
    "MAX_COUNT",
    "MAX_GROUPS",
    "TARGETS",
    "Cell",
    "Dimension",
    "Direction",
    "Judged",
    "Level",
    "Line",
    "Row",
    "Summary",
    "Tally",
    "Target",
    "cells",
    "chart_svg",
    "judge",
    "line_to_dict",
    "lines_to_csv",
    "percent",
    "roll_up",
    "rows_from_csv",
    "rows_from_json",
    "rows_to_csv",
    "target_at",
]
