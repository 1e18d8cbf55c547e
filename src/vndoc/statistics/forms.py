"""A roll-up as plain data and as CSV, for people who calculate on."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, Final

import attrs

from vndoc.statistics.rollup import Line
from vndoc.statistics.rows import LEVELS
from vndoc.statistics.tally import NAMES
from vndoc.text import Lang, Text

__all__ = ["HEADINGS", "cells", "line_to_dict", "lines_to_csv", "percent"]

HEADINGS: Final[dict[str, Text]] = {
    "level": Text("Cấp", "Level"),
    "unit": Text("Mã đơn vị", "Unit"),
    "name": Text("Tên đơn vị", "Name"),
    "month": Text("Tháng", "Month"),
    "sent": Text("Gửi", "Sent"),
    "sent_signed": Text("Gửi: đã ký số", "Sent: signed"),
    "sent_unsettled": Text("Gửi: chưa rõ chữ ký", "Sent: signature not settled"),
    "sent_late": Text("Gửi: muộn", "Sent: late"),
    "sent_refused": Text("Gửi: bị từ chối", "Sent: refused"),
    "received": Text("Nhận", "Received"),
    "received_signed": Text("Nhận: đã ký số", "Received: signed"),
    "received_unsettled": Text("Nhận: chưa rõ chữ ký", "Received: signature not settled"),
    "received_late": Text("Nhận: muộn", "Received: late"),
    "received_refused": Text("Nhận: từ chối", "Received: refused"),
    "signed_percent": Text("Tỷ lệ ký số (%)", "Signed (%)"),
    "target_percent": Text("Chỉ tiêu (%)", "Target (%)"),
    "missing": Text("Còn thiếu", "Missing"),
}
"""The columns of CSV and spreadsheets, in their order, with their headings."""


def percent(share: Fraction | None) -> float | None:
    """Return *share* in per cent, rounded down to one digit, so that 99.96 % does not show as 100."""
    return None if share is None else int(share * 1000) / 10


def line_to_dict(line: Line) -> dict[str, Any]:
    """Return *line* as JSON-able data; shares are in per cent, rounded down to one digit."""
    judged = line.judged
    return {
        "level": None if line.level is None else line.level.value,
        "unit": line.unit,
        "name": line.name,
        "month": line.month,
        "counts": attrs.asdict(line.tally),
        "signed_percent": percent(line.tally.signed_share),
        "target": None
        if judged is None
        else {
            "percent": percent(judged.target.share),
            "since": judged.target.since.isoformat(),
            "source": judged.target.source,
            "met": judged.is_met,
            "missing": judged.missing,
        },
    }


def cells(line: Line, lang: Lang) -> list[str | int | float | None]:
    """Return *line* as the cells of a table with the columns :data:`HEADINGS`."""
    judged = line.judged
    return [
        None if line.level is None else LEVELS[line.level].render(lang),
        line.unit,
        line.name or None,
        line.month,
        *(getattr(line.tally, name) for name in NAMES),
        percent(line.tally.signed_share),
        None if judged is None else percent(judged.target.share),
        None if judged is None else judged.missing,
    ]


def lines_to_csv(lines: Iterable[Line], lang: Lang = "vi") -> Iterator[str]:
    """Yield *lines* as CSV with headings in *lang*, line ends included.

    A text that a spreadsheet would take for a formula gets an apostrophe before it: names come from other people.
    """
    yield _joined(heading.render(lang) for heading in HEADINGS.values())
    for line in lines:
        yield _joined("" if cell is None else _harmless(cell) for cell in cells(line, lang))


def _harmless(cell: str | float) -> str:
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _joined(texts: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(list(texts))
    return buffer.getvalue()
