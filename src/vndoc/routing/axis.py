"""From the answers of the axis registry to tables and changes.

``getAgenciesList`` and ``getAgenciesListQD20`` list the agencies with their other codes; ``getSynchronizeUnit`` lists
units with versions and tombstones. The answers leave much open, above all dates: :data:`RULES` says how each gap is
filled. Source: the kit of the axis (VXP SDK), fields and calls as seen in practice.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO

import attrs

from vndoc.errors import UsageError
from vndoc.identifiers import OrganCode, OrganKind
from vndoc.routing._changing import Changing, before, contested, from_unit, in_turn, is_another, is_system
from vndoc.routing._codec import BadValueError
from vndoc.routing._resolve import check_day
from vndoc.routing.checks import Check, Finding
from vndoc.routing.load import MAX_ROWS, Draft, read_json
from vndoc.routing.model import (
    FIRST,
    LAST,
    Agency,
    Alias,
    AliasKind,
    Connection,
    TableError,
    TableInfo,
)
from vndoc.text import Text, shorten

if TYPE_CHECKING:
    from vndoc.routing.table import RoutingTable

__all__ = ["AXIS_FORMATS", "RULES", "AxisChange", "AxisUnit", "merge_axis"]

RULES: Mapping[str, Text] = MappingProxyType(
    {
        "listed": Text(
            "Cơ quan trong danh sách của trục được coi là đã liên thông; với danh sách đơn vị thì khi có centerCode.",
            "An agency in the axis' list counts as connected; in the list of units only with a centerCode.",
        ),
        "not-agency": Text(
            "Đơn vị có isAgency sai là nút nhóm: giữ lại làm cấp trên, chưa liên thông.",
            "A unit whose isAgency is false is a node: kept as a parent, not connected.",
        ),
        "system": Text(
            "Mã W00 là hệ thống kết nối, không phải cơ quan: chỉ dùng làm hệ thống của các cơ quan trực thuộc.",
            "A W00 code is a connected system, no agency: it becomes the system of those registered under it.",
        ),
        "same-code": Text(
            "oldCode hoặc code102 rỗng, là null hoặc trùng mã thì bỏ qua.",
            "An oldCode or code102 that is empty, null or the code itself is passed over.",
        ),
        "highest": Text(
            "Nhiều bản ghi của một đơn vị: lấy phiên bản cao nhất; cùng phiên bản thì lấy bản ghi sau.",
            "Of several records of one unit the highest version counts, of equal ones the later.",
        ),
        "applied": Text(
            "Phiên bản không lớn hơn phiên bản đã nhận của danh mục thì bỏ qua; 0 nghĩa là không có phiên bản.",
            "A version that the table already has is passed over; 0 means that there is none.",
        ),
        "deleted": Text(
            "Xóa: đóng vào ngày trước modifyDate, không có nơi kế thừa; bản ghi được giữ lại.",
            "Deleted: closed on the day before modifyDate, without successor; the record stays.",
        ),
        "no-date": Text(
            "Không rõ modifyDate: lấy ngày nhận; khi nạp toàn bộ thì lấy ngày mới nhất trong câu trả lời.",
            "Without a readable modifyDate: the day of receipt; for a whole list the latest day in the answer.",
        ),
        "new": Text(
            "Đơn vị mới trong bản cập nhật có hiệu lực từ modifyDate; khi nạp toàn bộ thì từ ngày chưa rõ.",
            "A unit that is new in a change is valid from modifyDate; in a whole list since an unknown day.",
        ),
        "renamed": Text(
            "Đổi tên mà giữ mã: vẫn là cơ quan đó, tên cũ thành tên khác.",
            "A new name under the same code: the same agency, the old name is kept as another.",
        ),
        "recoded": Text(
            "Cùng id mà đổi mã: mã cũ đóng, mã mới kế thừa toàn bộ. Nếu ngay sau ngày đóng mã mới thuộc cơ quan khác "
            "thì bỏ nơi kế thừa, và báo cảnh báo.",
            "A new code under the same id: the old code is closed, the new one is its only successor. Where the new "
            "code belongs to another body on the day after, the successor is left out, and a warning is reported.",
        ),
        "other-id": Text(
            "Cùng mã mà khác id: cơ quan khác. Cơ quan trước đóng vào ngày trước đó, cơ quan sau là một thời kỳ mới; "
            "xóa một id không đóng cơ quan của id khác. Một bên không có id thì coi là một.",
            "The same code under another id: another body. The former is closed on the day before, the new one is a "
            "new period; a deleted id closes no body of another id. Where one has no id they are the same.",
        ),
        "contested": Text(
            "Một câu trả lời có nhiều id chưa xóa cùng một mã: không chọn hộ; mọi bên đều đứng dưới mã đó, báo lỗi, "
            "và mã trả lời là xung đột.",
            "One code that several ids hold in one answer, none of them deleted: nobody chooses; all stand under it, "
            "an error is reported, and the code answers *conflict*.",
        ),
        "ids-differ": Text(
            "Nhiều câu trả lời gộp lại, cùng mã (hoặc mã khác) còn hiệu lực mà id khác nhau: mã chỉ thuộc một cơ quan, "
            "nên gộp làm một, giữ id của câu trả lời sau, và báo cảnh báo.",
            "Several answers merged, one open code (or other code) under two ids: a code belongs to one agency at a "
            "time, so they are joined, the later answer's id is kept, and a warning is reported.",
        ),
        "together": Text(
            "Một câu trả lời đổi mã nhiều đơn vị: mọi đơn vị rời mã cũ trước, rồi mới nhận mã mới, không kể thứ tự.",
            "Several new codes in one answer: all leave their old codes first, then take the new, in whatever order.",
        ),
        "full-record": Text(
            "Bản cập nhật nêu toàn bộ bản ghi: cấp trên, loại, kết nối, hệ thống để trống là bỏ. Tên trống thì giữ tên "
            "cũ; id cấp trên không rõ thì giữ cấp trên và hệ thống cũ; loại không do trục đặt thì giữ.",
            "A change states the full record: an empty parent, node mark, centerCode takes the old away. An empty name "
            "leaves the old; so does an unknown parent id the parent and system; a kind not from the axis stays.",
        ),
        "reopened": Text(
            "Mã đã đóng xuất hiện lại: một thời kỳ mới từ modifyDate.",
            "A closed code that comes back: a new period from modifyDate.",
        ),
    }
)
"""How the gaps in the registry's answers are filled."""

_DATES = (
    (re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?"), (1, 2, 3)),
    (re.compile(r"(\d{4})/(\d{2})/(\d{2})(?: .*)?"), (1, 2, 3)),
    (re.compile(r"(\d{2})/(\d{2})/(\d{4})(?: .*)?"), (3, 2, 1)),
)
_EPOCH = datetime.date(1970, 1, 1)
_ZONED = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}[\d:.]*(?:Z|[+-]\d{2}:?\d{2})", re.ASCII)
_VIETNAM = datetime.timedelta(hours=7)
_VIETNAM_ZONE = datetime.timezone(_VIETNAM)
_ONE_DAY = datetime.timedelta(days=1)


@attrs.frozen
class AxisUnit:
    """One record of ``getSynchronizeUnit``; ``modified`` None where the day cannot be told from ``modified_text``."""

    ref: str
    parent_ref: str
    code: str
    name: str
    version: int
    center: str
    deleted: bool
    is_agency: bool
    modified: datetime.date | None
    modified_text: str = ""
    row: int = 0

    @property
    def key(self) -> str:
        """Return what identifies the unit: its id, or its code where it has none."""
        return f"#{self.ref}" if self.ref else self.code


def _rows(source: bytes | BinaryIO) -> list[object]:
    """Return the rows of an answer: a list, or an object with ``data`` that reports no failure."""
    data = read_json(source)
    if isinstance(data, dict):
        status, fault = data.get("status"), data.get("ErrorCode")
        good = status is None or str(status).upper() in {"OK", "SUCCESS"}
        if not good or str("" if fault is None else fault) not in {"", "0"}:
            said = [str(data[name]) for name in ("status", "ErrorCode", "ErrorDesc") if name in data]
            raise TableError("table-unreadable", detail=" ".join(map(shorten, said)))
        data = data.get("data")
    if not isinstance(data, list) or len(data) > MAX_ROWS:
        raise TableError("table-unreadable", detail="JSON: data")
    return data


def _word(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if isinstance(value, str):
        return "" if value == "null" else value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _name(draft: Draft, row: Mapping[str, Any], number: int) -> str:
    text = " ".join(_word(row, "name").split())
    if unicodedata.is_normalized("NFC", text):
        return text
    draft.found(Finding(Check.NAME_NFD, _word(row, "code"), number))
    return unicodedata.normalize("NFC", text)


def _truth(row: Mapping[str, Any], name: str, *, empty: bool) -> bool:
    value = row.get(name)
    if isinstance(value, list | dict):
        raise BadValueError(name, value)
    if isinstance(value, str):
        value = value.strip().casefold()
    return empty if value is None or value == "" else value in {True, "1", "true", "yes", "y"}


def _day(value: object) -> datetime.date | None:
    """Return the day in *value*: the written forms seen, or milliseconds since 1970; in Vietnam if a zone is said."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    try:
        if re.fullmatch(r"\d{12,14}", text, re.ASCII):
            return _EPOCH + (datetime.timedelta(milliseconds=int(text)) + _VIETNAM) // _ONE_DAY * _ONE_DAY
        if _ZONED.fullmatch(text):
            return datetime.datetime.fromisoformat(text).astimezone(_VIETNAM_ZONE).date()
        for pattern, (year, month, day) in _DATES:
            if match := pattern.fullmatch(text):
                return datetime.date(int(match[year]), int(match[month]), int(match[day]))
    except (ValueError, OverflowError):
        return None
    return None


def _objects(draft: Draft, source: bytes | BinaryIO) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, row in enumerate(_rows(source), 1):
        if isinstance(row, dict):
            yield number, row
        else:
            draft.found(Finding(Check.ROW, row=number, values=(("detail", type(row).__name__),)))


def _listed(source: bytes | BinaryIO, other: str, kind: AliasKind) -> Draft:
    """Return the agencies of a list; the field *other* holds their other code."""
    draft = Draft(TableInfo(source="axis"))
    rows = list(_objects(draft, source))
    codes = {_word(row, "id"): _word(row, "code") for _, row in rows if _word(row, "id")}
    for number, row in rows:
        code = _word(row, "code")
        organ = OrganCode(code)
        if organ.kind is OrganKind.SYSTEM:
            continue
        alias = _word(row, other)
        parent = codes.get(_word(row, "pid"), "")
        system = parent if OrganCode(parent).kind is OrganKind.SYSTEM else ""
        draft.rows.append(number)
        draft.agencies.append(
            Agency(
                code,
                _name(draft, row, number),
                organ.level or 0,
                "" if system or parent == code else parent,
                aliases=(Alias(alias, kind),) if alias and alias != code else (),
                connection=Connection.CONNECTED,
                system=system,
                ref=_word(row, "id"),
                source="axis",
            )
        )
    _contested(draft)
    return draft


def _contested(draft: Draft) -> None:
    """Report the codes that several ids hold at once in one answer."""
    alive = ((a.code, a.ref, row) for a, row in zip(draft.agencies, draft.rows, strict=True) if a.valid_to == LAST)
    for finding in contested(alive)[1]:
        draft.found(finding)


def _agencies(source: bytes | BinaryIO) -> Draft:
    return _listed(source, "oldCode", AliasKind.OLD_CODE)


def _agencies_qd20(source: bytes | BinaryIO) -> Draft:
    return _listed(source, "code102", AliasKind.CODE_102)


def _unit(draft: Draft, row: Mapping[str, Any], number: int) -> AxisUnit:
    version = _word(row, "version")
    return AxisUnit(
        _word(row, "id"),
        _word(row, "pid"),
        _word(row, "code"),
        _name(draft, row, number),
        int(version) if version.isascii() and version.isdigit() and len(version) <= 18 else 0,
        _word(row, "centerCode"),
        _truth(row, "deleted", empty=False),
        _truth(row, "isAgency", empty=True),
        _day(row.get("modifyDate")),
        shorten(str(row.get("modifyDate"))),
        number,
    )


def _units(draft: Draft, source: bytes | BinaryIO) -> list[AxisUnit]:
    """Return the units of the answer, the highest version of each, in the order of versions."""
    found: dict[str, AxisUnit] = {}
    for number, row in _objects(draft, source):
        try:
            unit = _unit(draft, row, number)
        except BadValueError as bad:
            values = (("field", bad.field), ("found", bad.found))
            draft.found(Finding(Check.VALUE, _word(row, "code"), number, values))
            continue
        known = found.get(unit.key)
        if known is not None:
            draft.found(Finding(Check.UNIT_TWICE, unit.code, number, (("found", unit.ref),)))
        if known is None or known.version <= unit.version:
            found[unit.key] = unit
    return sorted(found.values(), key=lambda unit: (unit.version, unit.row))


def _unit_table(source: bytes | BinaryIO) -> Draft:
    draft = Draft()
    units = _units(draft, source)
    draft.info = TableInfo(source="axis", axis_version=max((u.version for u in units), default=0))
    latest = max((u.modified for u in units if u.modified), default=None)
    codes = {unit.ref: unit.code for unit in units if unit.ref}
    for unit in units:
        if is_system(unit.code):
            continue
        agency = from_unit(unit, codes.get(unit.parent_ref, ""))
        if unit.deleted:
            day = unit.modified or latest
            if unit.modified is None:
                draft.found(Finding(Check.UNIT_DATE, unit.code, unit.row, (("found", unit.modified_text),)))
            agency = attrs.evolve(agency, valid_to=FIRST if day is None else before(day))
        draft.agencies.append(agency)
        draft.rows.append(unit.row)
    _contested(draft)
    in_turn(draft)
    return draft


AXIS_FORMATS: Mapping[str, Callable[[bytes | BinaryIO], Draft]] = MappingProxyType(
    {"axis-agencies": _agencies, "axis-agencies-qd20": _agencies_qd20, "axis-units": _unit_table}
)
"""The answers that can be loaded as a table, by the name of the format."""


def merge_axis(answers: Mapping[str, bytes | BinaryIO]) -> Draft:
    """Return one draft of several answers, keyed by format (:data:`AXIS_FORMATS`).

    The list of Decision 20/2020 goes first: its codes are the present ones. A row of a later answer that names a known
    code (or other code) adds what is missing there; all others are entered as they are. A closed record of another id
    under the code is another body.

    Raises :class:`~vndoc.errors.UsageError` ``unknown-table-format``.
    """
    for name in answers:
        if name not in AXIS_FORMATS:
            raise UsageError("unknown-table-format", found=name, known=", ".join(AXIS_FORMATS))
    whole = Draft(TableInfo(source="axis"))
    place: dict[str, int] = {}
    for name in ("axis-agencies-qd20", "axis-agencies", "axis-units"):
        if name not in answers:
            continue
        draft, start = AXIS_FORMATS[name](answers[name]), len(whole.agencies)
        whole.info = attrs.evolve(whole.info, axis_version=max(whole.info.axis_version, draft.info.axis_version))
        for finding in draft.findings:
            whole.found(finding)
        for agency, row in zip(draft.agencies, draft.rows, strict=True):
            codes = (agency.code, *(alias.code for alias in agency.aliases))
            at = next((place[code] for code in codes if place.get(code, start) < start), None)
            if at is not None and not _is_replaced(whole.agencies[at], agency):
                known = whole.agencies[at]
                if LAST == known.valid_to == agency.valid_to and is_another(known.ref, agency.ref):
                    shown = (("found", known.ref), ("other", agency.ref))
                    whole.found(Finding(Check.UNIT_ID, agency.code, row, shown))
                whole.agencies[at] = _joined(known, agency)
            else:
                at = len(whole.agencies)
                whole.agencies.append(agency)
                whole.rows.append(row)
            for code in codes:
                place.setdefault(code, at)
    in_turn(whole)
    present = {agency.code for agency in whole.agencies}
    whole.agencies = [_with_known_parent(agency, place, whole.agencies, present) for agency in whole.agencies]
    return whole


def _is_replaced(known: Agency, other: Agency) -> bool:
    """Return whether one of two records that share a code is closed and of another id, so that they are two bodies.

    A closed record under what is only another code of an open agency is an old record of that agency.
    """
    closed = known.valid_to < LAST or (other.valid_to < LAST and other.code == known.code)
    return closed and is_another(known.ref, other.ref)


def _joined(known: Agency, other: Agency) -> Agency:
    """Return *known* with what *other*, a record of the same agency, adds."""
    have = {known.code, *(alias.code for alias in known.aliases)}
    named = Alias(other.code, AliasKind.OTHER)
    more = tuple(a for a in (*other.aliases, named) if a.code not in have)
    connection = other.connection if known.connection is Connection.UNKNOWN else known.connection
    return attrs.evolve(
        known,
        name=known.name or other.name,
        parent=known.parent or other.parent,
        aliases=(*known.aliases, *more),
        system=known.system or other.system,
        valid_from=max(known.valid_from, other.valid_from),
        valid_to=known.valid_to if is_another(known.ref, other.ref) else min(known.valid_to, other.valid_to),
        connection=connection,
        ref=known.ref if known.ref and other.valid_to < LAST else other.ref or known.ref,
    )


def _with_known_parent(agency: Agency, place: Mapping[str, int], all_: list[Agency], present: set[str]) -> Agency:
    """Return *agency* with its parent named by the present code."""
    if not agency.parent or agency.parent in present:
        return agency
    at = place.get(agency.parent)
    return attrs.evolve(agency, parent="" if at is None else all_[at].code)


def _alive(units: Iterable[AxisUnit]) -> Iterator[tuple[str, str, int]]:
    """Yield code, id and row of the agencies among *units* that are not deleted."""
    return ((unit.code, unit.ref, unit.row) for unit in units if not unit.deleted and not is_system(unit.code))


@attrs.frozen
class AxisChange:
    """What an answer of ``getSynchronizeUnit`` changes, received on a known day; :data:`RULES` says how.

    ``units`` holds the highest version of each unit, in the order of versions.
    """

    received: datetime.date
    units: tuple[AxisUnit, ...]
    findings: tuple[Finding, ...] = ()

    @classmethod
    def load(cls, source: bytes | BinaryIO, *, received: datetime.date) -> AxisChange:
        """Return the change in *source*, an answer as JSON.

        Raises :class:`~vndoc.routing.TableError` ``table-unreadable``, :class:`~vndoc.errors.UsageError`
        ``date-expected``.
        """
        check_day(received, "received")
        draft = Draft()
        units = tuple(_units(draft, source))
        undated = [u for u in units if u.modified is None]
        for unit in undated:
            draft.found(Finding(Check.UNIT_DATE, unit.code, unit.row, (("found", unit.modified_text),)))
        for finding in contested(_alive(units))[1]:
            draft.found(finding)
        return cls(received, units, tuple(draft.findings))

    @property
    def version(self) -> int:
        """Return the highest version in the change."""
        return max((unit.version for unit in self.units), default=0)

    def applied_to(self, table: RoutingTable, *, strict: bool = True) -> RoutingTable:
        """Return a new table with the change; *table* stays as it is.

        Its ``info.axis_version`` is the highest version seen, its ``version`` says so. Raises as
        :meth:`vndoc.routing.RoutingTable.of`.
        """
        changing = Changing(table, self.received, contested(_alive(self.units))[0])
        changing.take([u for u in self.units if u.version == 0 or u.version > table.info.axis_version])
        reached = max(table.info.axis_version, self.version)
        base = table.version.partition("+axis.")[0]
        info = attrs.evolve(table.info, axis_version=reached, version=f"{base}+axis.{reached}")
        changes = changing.changes()
        return table.changed(changes, info=info, strict=strict, found=(*self.findings, *changing.findings))
