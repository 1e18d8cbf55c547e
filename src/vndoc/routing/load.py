"""The documented forms of a routing table, in and out.

**CSV**: UTF-8, comma, one header row, columns by name in any order; only ``code`` is needed. Lines before the header
that start with ``#`` say what the table says about itself (``# version: 7``, ``# begins: 2020-09-15``,
``# carrier: …``, ``# ancestors: yes``, ``# axis_version: 12``, ``# source: …``). Dates are ``2025-06-30``, inclusive;
empty: open.

=============  ========================================================================================
column         content
=============  ========================================================================================
code, name     as the registry writes them
other_names    former and short names, separated by ``|``
level          1 for ministries and provinces; a number
parent         code of the body above
kind           a token, such as ``province-committee``
valid_from/to  first and last day
successors     ``CODE:kind`` or ``CODE:kind:instrument``, separated by ``|``; ``*`` after the kind: suggested
aliases        ``CODE``, ``CODE:kind`` or ``CODE:kind:from..to``, separated by ``|``
connection     ``connected``, ``not-connected``, ``pending``, ``conflict``; empty or ``unknown``
system         code of the connected system
carrier        which way out reaches it
delegations    ``CODE:from..to:kind,kind:instrument``, separated by ``|``; what follows the code may be left out
ref            id in the registry
source         where the row comes from
confidence     how sure that is
=============  ========================================================================================

**JSON**: one object with ``"vndoc-routing-table": 1``, ``info`` (the same names as above), ``agencies`` (objects with
the same names; lists and objects where CSV has separators) and ``groups`` (see :class:`vndoc.routing.Group`).
"""

from __future__ import annotations

import csv
import datetime
import io
import json
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, BinaryIO, TypeVar

import attrs

from vndoc.errors import LimitError, SourceError, UsageError, VndocError
from vndoc.routing._codec import (
    ALIAS_KINDS,
    COLUMNS,
    CONNECTIONS,
    SUCCESSOR_KINDS,
    BadValueError,
    Values,
    agency_to_dict,
    dates_to_dict,
    group_from_dict,
    group_to_dict,
    info_from_dict,
    info_to_dict,
    read_agency,
)
from vndoc.routing.checks import MAX_FINDINGS, Check, Finding
from vndoc.routing.model import (
    FIRST,
    LAST,
    Agency,
    Alias,
    AliasKind,
    Connection,
    Delegation,
    Group,
    Successor,
    SuccessorKind,
    TableError,
    TableInfo,
)
from vndoc.text import Text, shorten

__all__ = [
    "FORMATS",
    "MAX_BYTES",
    "MAX_ROWS",
    "Draft",
    "dump_csv",
    "dump_json",
    "read_bytes",
    "read_json",
    "read_table",
]

MAX_BYTES = 512 * 1024 * 1024
"""Largest source of a table: a million agencies take about 200 MB."""

MAX_ROWS = 2_000_000
"""Most rows of a table: about twenty times what the country has, former bodies included."""

_JSON_MARK = "vndoc-routing-table"
_BAD_JSON = Text("JSON sai cú pháp (dòng {line})", "JSON: the syntax is wrong (line {line})")
_NO_JSON = Text("JSON lồng quá sâu, hoặc có số quá dài", "JSON: nested too deeply, or a number is too long")
_NO_UTF8 = Text(
    "tệp không ở bảng mã UTF-8 (từ byte {at}); khi lưu từ Excel, chọn “CSV UTF-8”",
    'it is not in UTF-8 (from byte {at} on); save as "CSV UTF-8" in Excel',
)
_NO_CSV = Text("CSV sai cú pháp (dòng {line})", "CSV: the syntax is wrong (line {line})")
_NO_HEADER = Text("CSV không có dòng tiêu đề với cột code", "CSV: no header row with the column code")
_COLUMNS = Text("CSV: cột không dùng được hoặc lặp lại: {found}", "CSV: columns that are unknown or repeated: {found}")

NO_OBJECT = Text('JSON: không có đối tượng với "{mark}": 1', 'JSON: no object with "{mark}": 1')
"""Detail of JSON that is something else."""


@attrs.define
class Draft:
    """What was read from a source, before it is checked as a whole: *rows* numbers the agencies."""

    info: TableInfo = TableInfo()
    agencies: list[Agency] = attrs.field(factory=list)
    rows: list[int] = attrs.field(factory=list)
    groups: list[Group] = attrs.field(factory=list)
    findings: list[Finding] = attrs.field(factory=list)

    def found(self, finding: Finding) -> None:
        """Keep *finding*, up to :data:`~vndoc.routing.checks.MAX_FINDINGS` of them."""
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(finding)


# -- CSV cells ---------------------------------------------------------------------------------------


def _period(values: Values, field: str, cell: str) -> tuple[datetime.date, datetime.date]:
    start, dots, end = cell.partition("..")
    if cell and not dots:
        raise BadValueError(field, cell)
    return values.date(field, start, FIRST), values.date(field, end, LAST)


def _successor_cell(values: Values, cell: str) -> tuple[Successor, ...]:
    found = []
    for item in cell.split("|"):
        code, _, rest = item.partition(":")
        kind, _, instrument = rest.partition(":")
        word = kind.removesuffix("*")
        member = SUCCESSOR_KINDS.get(word) or values.member("successors", SUCCESSOR_KINDS, word, SuccessorKind.WHOLE)
        found.append(Successor(code, member, word != kind, instrument and values.word("", instrument)))
    return tuple(found)


def _alias_cell(values: Values, cell: str) -> tuple[Alias, ...]:
    if "|" in cell:
        return tuple([_alias_item(values, item) for item in cell.split("|")])
    return (_alias_item(values, cell),)


def _alias_item(values: Values, item: str) -> Alias:
    code, _, rest = item.partition(":")
    if not rest:
        return Alias(code)
    kind, _, period = rest.partition(":")
    member = ALIAS_KINDS.get(kind) or values.member("aliases", ALIAS_KINDS, kind, AliasKind.OTHER)
    return Alias(code, member, *_period(values, "aliases", period)) if period else Alias(code, member)


def _delegation_cell(values: Values, cell: str) -> tuple[Delegation, ...]:
    found = []
    for item in cell.split("|"):
        to, period, kinds, instrument = (*item.split(":", 3), "", "", "")[:4]
        listed = tuple(values.word("", kind) for kind in kinds.split(",")) if kinds else ()
        found.append(Delegation(values.word("", to), *_period(values, "delegations", period), listed, instrument))
    return tuple(found)


def _cell_reader(values: Values, position: Mapping[str, int]) -> Callable[[list[str]], Agency]:
    """Return the function that turns the cells of one row into an agency. Empty cells cost next to nothing."""
    at = [position.get(name, len(position)) for name in COLUMNS]
    arrange = operator.itemgetter(*at)
    last = len(position)
    word, levels, known = values.words.setdefault, {str(n): n for n in range(10)}, CONNECTIONS.get
    date, member = values.date, values.member

    def read(row: list[str]) -> Agency:
        if len(row) != last:
            raise BadValueError("row", f"{len(row)} / {last}")
        row.append("")
        (
            code, name, level, parent, kind, start, end, successors, aliases, others, connection, system, carrier,
            delegations, ref, source, confidence,
        ) = arrange(row)  # fmt: skip
        return Agency(
            code,
            name if name.isascii() else values.name("name", name),
            levels[level] if level in levels else values.number("level", level),
            parent and word(parent, parent),
            kind and word(kind, kind),
            date("valid_from", start, FIRST) if start else FIRST,
            date("valid_to", end, LAST) if end else LAST,
            _successor_cell(values, successors) if successors else (),
            _alias_cell(values, aliases) if aliases else (),
            tuple([values.name("other_names", other) for other in others.split("|")]) if others else (),
            known(connection) or member("connection", CONNECTIONS, connection, Connection.UNKNOWN),
            system and word(system, system),
            carrier and word(carrier, carrier),
            _delegation_cell(values, delegations) if delegations else (),
            ref,
            source and word(source, source),
            confidence and word(confidence, confidence),
        )

    return read


# -- whole sources -----------------------------------------------------------------------------------


def read_bytes(source: bytes | BinaryIO) -> bytes:
    """Return the bytes of *source*, at most :data:`MAX_BYTES`.

    Raises :class:`~vndoc.errors.LimitError` ``limit-table-bytes``, :class:`~vndoc.errors.SourceError`
    ``source-unreadable``, :class:`~vndoc.errors.UsageError` ``source-type``.
    """
    if isinstance(source, bytes):
        data = source
    elif hasattr(source, "read"):
        data = _read(source)
    else:
        raise UsageError("source-type", found=type(source).__name__)
    if not isinstance(data, bytes):
        raise UsageError("source-type", found=type(data).__name__)
    if len(data) > MAX_BYTES:
        raise LimitError("limit-table-bytes", limit=MAX_BYTES)
    return data


def _read(file: BinaryIO) -> bytes:
    try:
        return file.read(MAX_BYTES + 1)
    except VndocError:
        raise
    except (OSError, ValueError) as error:  # a ValueError: it is closed
        name = str(getattr(file, "name", type(file).__name__))
        raise SourceError("source-unreadable", name=name, detail=shorten(str(error))) from error


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError("table-unreadable", detail=_NO_UTF8.filled(at=error.start)) from None


def read_json(source: bytes | BinaryIO) -> object:
    """Return the JSON value in *source*. Raises :class:`~vndoc.routing.TableError` ``table-unreadable``."""
    try:
        return json.loads(_text(read_bytes(source)))
    except (ValueError, RecursionError) as error:
        if isinstance(error, VndocError):
            raise
        detail = _BAD_JSON.filled(line=error.lineno) if isinstance(error, json.JSONDecodeError) else _NO_JSON
        raise TableError("table-unreadable", detail=detail) from None


def _read_csv(source: bytes | BinaryIO) -> Draft:
    text = _text(read_bytes(source))
    told: dict[str, str] = {}
    lines = io.StringIO(text, newline="")
    skipped = 0
    while True:
        mark = lines.tell()
        line = lines.readline()
        if not line.startswith("#"):
            lines.seek(mark)
            break
        skipped += 1
        key, _, value = line[1:].partition(":")
        told[key.strip()] = value.strip()
    draft = Draft(info_from_dict(told))
    rows = csv.reader(lines, strict=True, delimiter=";" if ";" in line and "," not in line else ",")
    values = Values()
    header = _next(rows, skipped)
    if header is None or "code" not in header:
        raise TableError("table-unreadable", detail=_NO_HEADER)
    unknown = [name for name in header if name not in COLUMNS]
    if unknown or len(set(header)) != len(header):
        raise TableError("table-unreadable", detail=_COLUMNS.filled(found=shorten(", ".join(unknown or header))))
    read = _cell_reader(values, {name: i for i, name in enumerate(header)})
    records = iter(lambda: _next(rows, skipped), None)
    _fill(draft, values, ((skipped + rows.line_num, row) for row in records if row), read)
    return draft


def _next(rows: Any, skipped: int) -> list[str] | None:
    """Return the next record of a CSV reader, which was preceded by *skipped* lines; None at the end."""
    try:
        record: list[str] | None = next(rows, None)
    except csv.Error:
        raise TableError("table-unreadable", detail=_NO_CSV.filled(line=skipped + rows.line_num)) from None
    return record


_Row = TypeVar("_Row")


def _fill(draft: Draft, values: Values, rows: Iterable[tuple[int, _Row]], read: Callable[[_Row], Agency]) -> None:
    """Read *rows* into *draft*, findings for those that cannot be read."""
    agencies, numbers = draft.agencies, draft.rows
    for number, row in rows:
        if len(agencies) + len(draft.findings) >= MAX_ROWS:
            raise LimitError("limit-table-rows", limit=MAX_ROWS)
        try:
            agencies.append(read(row))
        except BadValueError as bad:
            check = Check.ROW if bad.field == "row" else Check.VALUE
            shown = (("detail", bad.found),) if check is Check.ROW else (("field", bad.field), ("found", bad.found))
            draft.found(Finding(check, row=number, values=shown))
            continue
        numbers.append(number)
        if values.renormalised:
            values.renormalised = False
            draft.found(Finding(Check.NAME_NFD, agencies[-1].code, number))


def _read_json_table(source: bytes | BinaryIO) -> Draft:
    data = read_json(source)
    if (
        not isinstance(data, dict)
        or data.get(_JSON_MARK) != 1
        or set(data) - {_JSON_MARK, "info", "agencies", "groups"}
    ):
        raise TableError("table-unreadable", detail=NO_OBJECT.filled(mark=_JSON_MARK))
    agencies, groups = data.get("agencies", []), data.get("groups", [])
    if not isinstance(agencies, list) or not isinstance(groups, list):
        raise TableError("table-unreadable", detail="JSON: agencies, groups")
    draft = Draft(info_from_dict(data.get("info", {})), groups=[group_from_dict(item) for item in groups])
    values = Values()
    _fill(draft, values, enumerate(agencies, 1), lambda row: read_agency(values, row))
    return draft


def read_table(source: bytes | BinaryIO, format: str) -> Draft:  # noqa: A002 - the name of the public argument
    """Return what *source* holds; see :meth:`vndoc.routing.RoutingTable.load`."""
    from vndoc.routing.axis import AXIS_FORMATS  # noqa: PLC0415 - needs this module

    if format in AXIS_FORMATS:
        return AXIS_FORMATS[format](source)
    if format == "csv":
        return _read_csv(source)
    if format == "json":
        return _read_json_table(source)
    raise UsageError("unknown-table-format", found=format, known=", ".join(FORMATS))


FORMATS = ("csv", "json", "axis-agencies", "axis-agencies-qd20", "axis-units")
"""The forms that :meth:`vndoc.routing.RoutingTable.load` reads."""


# -- out ---------------------------------------------------------------------------------------------


def dump_json(agencies: Iterable[Agency], info: TableInfo, groups: Iterable[Group] = ()) -> bytes:
    """Return a table in the JSON form, one agency a line, so that versions can be compared as text."""
    head = {_JSON_MARK: 1, "info": info_to_dict(info), "groups": [group_to_dict(group) for group in groups]}
    opening = json.dumps(head, ensure_ascii=False)[:-1]
    lines = ",\n".join(json.dumps(agency_to_dict(agency), ensure_ascii=False) for agency in agencies)
    return f'{opening}, "agencies": [\n{lines}\n]}}\n'.encode("utf-8", "surrogatepass")


def dump_csv(agencies: Iterable[Agency], info: TableInfo) -> bytes:
    """Return a table in the CSV form, without groups.

    Raises :class:`~vndoc.routing.TableError` ``change-invalid`` where a text holds a separator of the form or a line
    break: such a table can be written as JSON.
    """
    out = io.StringIO()
    told = {key: value for key, value in info_to_dict(info).items() if value}
    for key, value in told.items():
        text = "yes" if value is True else str(value)
        if text != text.strip():
            raise TableError("change-invalid", detail=f"{key}: {text!r}")
        out.write(f"# {key}: {_safe(key, text, '')}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for agency in agencies:
        data = agency_to_dict(agency)
        data["successors"] = "|".join(
            f"{_safe(agency.code, s.code, ':|')}:{s.kind.value}{'*' * s.suggested}"
            + (f":{_safe(agency.code, s.instrument, '|')}" if s.instrument else "")
            for s in agency.successors
        )
        data["aliases"] = "|".join(
            f"{_safe(agency.code, a.code, ':|')}:{a.kind.value}{_period_cell(a)}" for a in agency.aliases
        )
        data["delegations"] = "|".join(_delegation_out(agency.code, d) for d in agency.delegations)
        data["other_names"] = "|".join(_safe(agency.code, name, "|") for name in agency.other_names)
        writer.writerow([_safe(agency.code, str(data.get(name, "")), "") for name in COLUMNS])
    return out.getvalue().encode()


def _period_cell(dated: Alias | Delegation) -> str:
    dates = dates_to_dict(dated)
    return f":{dates.get('valid_from', '')}..{dates.get('valid_to', '')}" if dates else ""


def _delegation_out(code: str, d: Delegation) -> str:
    kinds = ",".join(_safe(code, kind, ":|,") for kind in d.kinds)
    parts = [
        _safe(code, d.to, ":|"),
        _period_cell(d)[1:],
        kinds,
        _safe(code, d.instrument, "|") if d.instrument else "",
    ]
    while not parts[-1]:
        parts.pop()
    return ":".join(parts)


def _safe(code: str, text: str, separators: str) -> str:
    """Return *text* where it survives the form: in a list (with *separators*) it must not be empty."""
    if any(ch in text for ch in separators) or not text.isprintable() or (separators and not text):
        raise TableError("change-invalid", detail=f"{shorten(code)}: {shorten(text)}")
    return text
