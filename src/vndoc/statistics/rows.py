"""One row: one document, or several alike, that one unit sent or received on one day; as values, CSV or JSON.

Columns: ``day`` (``2026-03-04``), ``direction`` (``sent``, ``received``), ``unit`` (organ code), ``level``
(``central``, ``province``, ``district``, ``commune``, ``other``), ``signed`` and ``late`` (``yes``, ``no``, empty for
not known), ``refused`` (``yes``, ``no``); and, where wanted, ``name`` of the unit and ``count`` (how many documents the
row stands for).
"""

from __future__ import annotations

import csv
import datetime
import enum
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from vndoc.errors import Place, ReadError, UsageError
from vndoc.text import Text, nfc, shorten

__all__ = [
    "COLUMNS",
    "LEVELS",
    "MAX_COUNT",
    "Direction",
    "Level",
    "Row",
    "rows_from_csv",
    "rows_from_json",
    "rows_to_csv",
]

MAX_COUNT: Final = 1_000_000_000
"""The most documents that one row stands for."""


_BAD_COUNT: Final = Text(
    "count {found}; mỗi dòng là 1 đến 1.000.000.000 văn bản", "count {found}; a row stands for 1 to 1,000,000,000"
)


class Direction(enum.Enum):
    """Whether the unit sent or received."""

    SENT = "sent"
    RECEIVED = "received"


class Level(enum.Enum):
    """Administrative level of the unit. The district level was abolished on 2025-07-01 and stays in older rows."""

    CENTRAL = "central"
    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"
    OTHER = "other"


LEVELS: Mapping[Level, Text] = MappingProxyType(
    {
        Level.CENTRAL: Text("Trung ương", "Central"),
        Level.PROVINCE: Text("Cấp tỉnh", "Province"),
        Level.DISTRICT: Text("Cấp huyện", "District"),
        Level.COMMUNE: Text("Cấp xã", "Commune"),
        Level.OTHER: Text("Khác", "Other"),
    }
)
"""Text of each level."""


@attrs.frozen(kw_only=True)
class Row:
    """What is counted: ``day`` is that of Vietnam. ``signed`` and ``late`` are None where it could not be found out.

    Signed means that the verification passed; a signature that could not be judged is not known, never signed.

    Raises :class:`~vndoc.errors.UsageError` ``date-expected`` where ``day`` is no date (a time is none: its day depends
    on a zone), ``option-invalid`` for another ``count`` than 1 to :data:`MAX_COUNT`.
    """

    day: datetime.date
    direction: Direction
    unit: str
    level: Level
    signed: bool | None
    late: bool | None
    refused: bool
    name: str = ""
    count: int = 1

    def __attrs_post_init__(self) -> None:
        if type(self.day) is not datetime.date:
            raise UsageError("date-expected", name="day", found=type(self.day).__name__)
        if type(self.count) is not int or not 1 <= self.count <= MAX_COUNT:
            raise UsageError("option-invalid", detail=_BAD_COUNT.filled(found=shorten(repr(self.count))))


COLUMNS: Final = tuple(field.name for field in attrs.fields(Row))
"""The names of the columns."""

_NEEDED: Final = frozenset(COLUMNS) - {"name", "count"}
_DIRECTIONS: Final = MappingProxyType({member.value: member for member in Direction})
_LEVELS: Final = MappingProxyType({member.value: member for member in Level})
_KNOWN: Final = MappingProxyType({"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False})
_NOT_KNOWN: Final = frozenset({"", "unknown"})
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_NO_LINES: Final = Text("cần các dòng chữ, không phải {found}", "lines of text are needed, not {found}")
_NO_CSV: Final = Text("CSV sai cú pháp", "the syntax of CSV is wrong")
_COUNT: Final = re.compile(r"[0-9]{1,10}")


class _BadValueError(Exception):
    """A value of one column is not valid; never leaves this module."""

    def __init__(self, field: str, found: object) -> None:
        super().__init__(field, found)
        self.field = field
        self.found = found


def rows_from_csv(lines: Iterable[str]) -> Iterator[Row]:
    """Yield the rows in *lines* of CSV, the first of which names the columns, in any order.

    Cells are parted by commas, or by semicolons where the first line has no comma (as Excel writes it in Vietnam); a
    byte order mark is skipped, and so are empty lines. Nothing is kept, so any number of rows may come.

    Raises :class:`~vndoc.errors.ReadError`, with the line as its place: ``rows-unreadable`` for what is no CSV or has
    other columns, ``row-invalid`` for a value; :class:`~vndoc.errors.UsageError` ``option-invalid`` for what is not
    made of lines of text (one text, octets).
    """
    source, before, head = _texts(lines), 0, ""
    while not head.strip() and (line_of_text := next(source, None)) is not None:
        head, before = line_of_text.removeprefix("\ufeff"), before + 1
    mark = ";" if ";" in head and "," not in head else ","
    columns = [name.strip().lower() for name in _next(csv.reader([head], delimiter=mark), max(0, before - 1)) or []]
    _check_columns(columns, max(1, before))
    reader = csv.reader(source, delimiter=mark, strict=True)
    while (cells := _next(reader, before)) is not None:
        line = reader.line_num + before
        if cells and len(cells) != len(columns):
            detail = Text("sai số cột ({found}, cần {expected})", "{found} cells, {expected} expected")
            raise _unreadable(detail.filled(found=len(cells), expected=len(columns)), line)
        if cells:
            yield _checked(dict(zip(columns, cells, strict=True)), line)


def _texts(lines: Iterable[str]) -> Iterator[str]:
    """Yield *lines*, each of which must be text; one text is no list of lines."""
    if isinstance(lines, str) or not isinstance(lines, Iterable):
        raise UsageError("option-invalid", detail=_NO_LINES.filled(found=type(lines).__name__))
    for line in lines:
        if not isinstance(line, str):
            raise UsageError("option-invalid", detail=_NO_LINES.filled(found=type(line).__name__))
        yield line


def _next(reader: Any, before: int) -> list[str] | None:
    """Return the next record of a CSV *reader*, which was preceded by *before* lines; None at the end."""
    try:
        cells: list[str] | None = next(reader, None)
    except csv.Error:
        raise _unreadable(_NO_CSV, reader.line_num + before) from None
    return cells


def rows_from_json(text: str) -> list[Row]:
    """Return the rows in *text*: a JSON list of objects with the columns as names.

    ``signed``, ``late`` and ``refused`` may also be true, false or null, ``count`` a number. Raises as
    :func:`rows_from_csv`; the place is the number of the row.
    """
    try:
        items = json.loads(text[1:] if text[:1] == "\ufeff" else text)
    except (ValueError, RecursionError, TypeError):
        raise _unreadable(Text("không phải JSON", "it is no JSON"), None) from None
    if not isinstance(items, list):
        raise _unreadable(Text("không phải danh sách", "it is no list"), None)
    return [_from_item(item, number) for number, item in enumerate(items, 1)]


def _from_item(item: object, number: int) -> Row:
    if not isinstance(item, dict):
        raise _unreadable(Text("dòng không phải đối tượng", "a row is no object"), number)
    _check_columns(list(item), number)
    return _checked({name: _plain(name, value) for name, value in item.items()}, number)


def _plain(name: str, value: object) -> object:
    """Return what JSON writes otherwise as CSV would have it."""
    if value is None:
        return ""
    if isinstance(value, bool) and name in {"signed", "late", "refused"}:
        return "yes" if value else "no"
    return str(value) if name == "count" and type(value) is int else value


def _check_columns(columns: list[str], line: int) -> None:
    odd = sorted({name for name in columns if name not in COLUMNS} | (_NEEDED - set(columns)))
    if odd or len(set(columns)) != len(columns):
        detail = Text("sai cột: {found}", "wrong columns: {found}")
        raise _unreadable(detail.filled(found=shorten(", ".join(odd or columns), 120)), line)


def _unreadable(detail: Text, line: int | None) -> ReadError:
    return ReadError("rows-unreadable", detail=detail, place=None if line is None else Place("row", line))


def _checked(cells: Mapping[str, object], line: int) -> Row:
    try:
        return _row(cells)
    except _BadValueError as bad:
        found = shorten(bad.found if isinstance(bad.found, str) else repr(bad.found), 40)
        raise ReadError("row-invalid", field=bad.field, found=found, place=Place(f"row/{bad.field}", line)) from None


def _row(cells: Mapping[str, object]) -> Row:
    texts = {}
    for name, value in cells.items():
        if not isinstance(value, str):
            raise _BadValueError(name, value)
        if not value.isascii() and _SURROGATE.search(value):
            raise _BadValueError(name, ascii(value))
        texts[name] = nfc(value).strip()
    if not 0 < len(texts["unit"]) <= 100:
        raise _BadValueError("unit", texts["unit"])
    return Row(
        day=_day(texts["day"]),
        direction=_member("direction", _DIRECTIONS, texts["direction"]),
        unit=texts["unit"],
        level=_member("level", _LEVELS, texts["level"]),
        signed=_answer("signed", texts["signed"]),
        late=_answer("late", texts["late"]),
        refused=_member("refused", _KNOWN, texts["refused"]),
        name=texts.get("name", ""),
        count=_count(texts.get("count", "") or "1"),
    )


def _member(field: str, members: Mapping[str, Any], text: str) -> Any:
    try:
        return members[text.lower()]
    except KeyError:
        raise _BadValueError(field, text) from None


def _answer(field: str, text: str) -> bool | None:
    answer: bool | None = None if text.lower() in _NOT_KNOWN else _member(field, _KNOWN, text)
    return answer


def _day(text: str) -> datetime.date:
    try:
        if _DAY.fullmatch(text):
            return datetime.date.fromisoformat(text)
    except ValueError:  # a day that no calendar has
        pass
    raise _BadValueError("day", text)


def _count(text: str) -> int:
    if not _COUNT.fullmatch(text) or not 1 <= int(text) <= MAX_COUNT:
        raise _BadValueError("count", text)
    return int(text)


def rows_to_csv(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the lines of *rows* as :func:`rows_from_csv` reads them, line ends included."""
    yield ",".join(COLUMNS) + "\n"
    for row in rows:
        answers = ("" if value is None else "yes" if value else "no" for value in (row.signed, row.late, row.refused))
        texts = (
            row.day.isoformat(),
            row.direction.value,
            row.unit,
            row.level.value,
            *answers,
            row.name,
            str(row.count),
        )
        yield ",".join(_quoted(text) for text in texts) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if re.search(r'[",;\r\n]', text) else text
