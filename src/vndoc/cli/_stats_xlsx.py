"""The table of ``vndoc stats`` as a spreadsheet. Needs the extra ``xlsx``."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from vndoc.cli._words import WORDS
from vndoc.errors import UsageError
from vndoc.statistics import HEADINGS, LEVELS, TARGETS, Line, Target, cells, percent
from vndoc.text import Lang, Text

__all__ = ["MAX_LINES", "workbook"]

MAX_LINES = 1_048_575
"""What one sheet holds besides its headings."""

_TOO_LONG = Text("một trang tính chỉ chứa {limit} dòng", "a sheet holds {limit} lines")
_PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
"""Names of units come from other people: no text becomes a formula or a link."""


def workbook(lines: Sequence[Line], lang: Lang) -> bytes:
    """Return an Excel file with *lines* in one sheet and the targets, with their sources, in a second one.

    Raises :class:`~vndoc.errors.UsageError` ``extra-missing``, and ``option-invalid`` above 1,048,575 lines.
    """
    try:
        import xlsxwriter  # noqa: PLC0415 - an extra
    except ImportError:
        raise UsageError("extra-missing", found="xlsx") from None
    if len(lines) > MAX_LINES:
        raise UsageError("option-invalid", detail=_TOO_LONG.filled(limit=f"{MAX_LINES:,}"))
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _PLAIN) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        headings = [heading.render(lang) for heading in HEADINGS.values()]
        _fill(
            book.add_worksheet(WORDS["stats-sheet"].render(lang)), headings, [cells(line, lang) for line in lines], bold
        )
        names = ("level", "since", "target", "source")
        texts = (HEADINGS["level"], *(WORDS[f"stats-{name}"] for name in names[1:]))
        rows = [_target(target, lang) for target in TARGETS]
        _fill(
            book.add_worksheet(WORDS["stats-targets-sheet"].render(lang)), [t.render(lang) for t in texts], rows, bold
        )
    return buffer.getvalue()


def _target(target: Target, lang: Lang) -> list[str | float | None]:
    levels = ", ".join(LEVELS[level].render(lang) for level in sorted(target.levels, key=list(LEVELS).index))
    return [
        levels or WORDS["stats-every-level"].render(lang),
        target.since.isoformat(),
        percent(target.share),
        target.source,
    ]


def _fill(sheet: Any, headings: Sequence[str], rows: Sequence[Sequence[str | float | None]], bold: Any) -> None:
    for column, heading in enumerate(headings):
        sheet.write_string(0, column, heading, bold)
        sheet.set_column(column, column, 14)
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(number, column, cell)
            elif cell is not None:
                sheet.write_number(number, column, cell)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(1, len(rows)), len(headings) - 1)
