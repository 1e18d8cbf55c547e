"""Between the values of a routing table and plain data: what JSON holds, and the texts that CSV cells hold."""

from __future__ import annotations

import datetime
import enum
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import attrs

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
from vndoc.text import shorten

__all__ = [
    "ALIAS_KINDS",
    "COLUMNS",
    "CONNECTIONS",
    "SUCCESSOR_KINDS",
    "BadValueError",
    "Values",
    "agency_from_dict",
    "agency_to_dict",
    "dates_to_dict",
    "group_from_dict",
    "group_to_dict",
    "info_from_dict",
    "info_to_dict",
    "read_agency",
    "read_object",
]

_E = TypeVar("_E", bound=enum.Enum)
_TEXTS = ("name", "parent", "kind", "system", "carrier", "ref", "source", "confidence")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TRUE = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}

COLUMNS = tuple(field.name for field in attrs.fields(Agency))
"""The fields of an agency, in their order: the columns of CSV and the names in JSON."""


class BadValueError(Exception):
    """A value of one field is not valid; never leaves this package."""

    def __init__(self, field: str, found: object) -> None:
        super().__init__(field, found)
        self.field = field
        self.found = found if isinstance(found, str) else repr(found)


class Values:
    """Turns texts into values; equal dates, words and names become one object, which saves most of the memory."""

    def __init__(self) -> None:
        self._dates: dict[str, datetime.date] = {}
        self.words: dict[str, str] = {}
        self.renormalised = False

    def word(self, field: str, value: object) -> str:
        """Return the text in *value*; None is the empty text."""
        if value is None:
            return ""
        if not isinstance(value, str):
            raise BadValueError(field, value)
        return self.words.setdefault(value, value)

    def name(self, field: str, value: object) -> str:
        """Return the text in *value* in Unicode form C; ``renormalised`` tells that it was not."""
        text = "" if value is None else value
        if not isinstance(text, str):
            raise BadValueError(field, value)
        if text.isascii() or unicodedata.is_normalized("NFC", text):
            return text
        self.renormalised = True
        return unicodedata.normalize("NFC", text)

    def date(self, field: str, value: object, empty: datetime.date) -> datetime.date:
        """Return the day in *value* (``2025-06-30``), *empty* where there is none."""
        if value is None or value == "":
            return empty
        if not isinstance(value, str):
            raise BadValueError(field, value)
        day = self._dates.get(value)
        if day is None:
            if not _DAY.fullmatch(value):
                raise BadValueError(field, value)
            try:
                day = datetime.date.fromisoformat(value)
            except ValueError:
                raise BadValueError(field, value) from None
            self._dates[value] = day
        return day

    def member(self, field: str, kinds: Mapping[str, _E], value: object, empty: _E) -> _E:
        """Return the member of *kinds* that *value* names, *empty* where it is empty."""
        if value is None or value == "":
            return empty
        try:
            return kinds[value]  # type: ignore[index]
        except (KeyError, TypeError):
            raise BadValueError(field, value) from None

    def number(self, field: str, value: object) -> int:
        """Return the number from 0 to 999 in *value*, which may be text."""
        if value is None or value == "":
            return 0
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1000:
            return value
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 3:
            return int(value)
        raise BadValueError(field, value)


SUCCESSOR_KINDS = {kind.value: kind for kind in SuccessorKind}
"""What may stand as the kind of a successor."""

ALIAS_KINDS = {kind.value: kind for kind in AliasKind}
"""What may stand as the kind of an alias."""

CONNECTIONS = {kind.value: kind for kind in Connection}
"""What may stand as the connection state."""


# -- JSON objects ------------------------------------------------------------------------------------


def agency_to_dict(agency: Agency) -> dict[str, object]:
    """Return *agency* as JSON-able data; what is empty or open is left out."""
    data: dict[str, object] = {"code": agency.code}
    data |= {name: getattr(agency, name) for name in _TEXTS if getattr(agency, name)}
    data |= dates_to_dict(agency)
    if agency.level:
        data["level"] = agency.level
    if agency.other_names:
        data["other_names"] = list(agency.other_names)
    if agency.connection is not Connection.UNKNOWN:
        data["connection"] = agency.connection.value
    if agency.successors:
        data["successors"] = [
            {"code": s.code, "kind": s.kind.value}
            | ({"suggested": True} if s.suggested else {})
            | ({"instrument": s.instrument} if s.instrument else {})
            for s in agency.successors
        ]
    if agency.aliases:
        data["aliases"] = [{"code": a.code, "kind": a.kind.value} | dates_to_dict(a) for a in agency.aliases]
    if agency.delegations:
        data["delegations"] = [
            {"to": d.to}
            | dates_to_dict(d)
            | ({"kinds": list(d.kinds)} if d.kinds else {})
            | ({"instrument": d.instrument} if d.instrument else {})
            for d in agency.delegations
        ]
    return data


def dates_to_dict(dated: Agency | Alias | Delegation) -> dict[str, object]:
    """Return the first and last day of *dated* as JSON-able data; open ends are left out."""
    dates: dict[str, object] = {}
    if dated.valid_from != FIRST:
        dates["valid_from"] = dated.valid_from.isoformat()
    if dated.valid_to != LAST:
        dates["valid_to"] = dated.valid_to.isoformat()
    return dates


def agency_from_dict(data: object) -> Agency:
    """Return the agency in *data*, the inverse of :func:`agency_to_dict`.

    Raises :class:`~vndoc.routing.TableError` ``table-unreadable``.
    """
    try:
        return read_agency(Values(), data)
    except BadValueError as bad:
        raise TableError("table-unreadable", detail=f"{bad.field}: {shorten(bad.found)}") from None


def read_object(field: str, data: object, names: Iterable[str]) -> dict[str, Any]:
    """Return *data*, which must be an object with no other names than *names*."""
    if not isinstance(data, dict):
        raise BadValueError(field, data)
    for name in data:
        if name not in names:
            raise BadValueError(field, name)
    return data


def _list(field: str, data: object) -> list[Any]:
    if data is None:
        return []
    if not isinstance(data, list):
        raise BadValueError(field, data)
    return data


def read_agency(values: Values, data: object) -> Agency:
    """Return the agency in *data*. Raises :class:`BadValueError`."""
    row = read_object("row", data, COLUMNS)
    return Agency(
        values.word("code", row.get("code")),
        values.name("name", row.get("name")),
        values.number("level", row.get("level")),
        values.word("parent", row.get("parent")),
        values.word("kind", row.get("kind")),
        values.date("valid_from", row.get("valid_from"), FIRST),
        values.date("valid_to", row.get("valid_to"), LAST),
        tuple(_successor(values, item) for item in _list("successors", row.get("successors"))),
        tuple(_alias(values, item) for item in _list("aliases", row.get("aliases"))),
        tuple(values.name("other_names", item) for item in _list("other_names", row.get("other_names"))),
        values.member("connection", CONNECTIONS, row.get("connection"), Connection.UNKNOWN),
        values.word("system", row.get("system")),
        values.word("carrier", row.get("carrier")),
        tuple(_delegation(values, item) for item in _list("delegations", row.get("delegations"))),
        values.word("ref", row.get("ref")),
        values.word("source", row.get("source")),
        values.word("confidence", row.get("confidence")),
    )


def _successor(values: Values, data: object) -> Successor:
    item = read_object("successors", data, ("code", "kind", "suggested", "instrument"))
    suggested = item.get("suggested", False)
    if not isinstance(suggested, bool):
        raise BadValueError("successors", suggested)
    return Successor(
        values.word("successors", item.get("code")),
        values.member("successors", SUCCESSOR_KINDS, item.get("kind"), SuccessorKind.WHOLE),
        suggested,
        values.word("successors", item.get("instrument")),
    )


def _alias(values: Values, data: object) -> Alias:
    item = read_object("aliases", data, ("code", "kind", "valid_from", "valid_to"))
    return Alias(
        values.word("aliases", item.get("code")),
        values.member("aliases", ALIAS_KINDS, item.get("kind"), AliasKind.OTHER),
        values.date("aliases", item.get("valid_from"), FIRST),
        values.date("aliases", item.get("valid_to"), LAST),
    )


def _delegation(values: Values, data: object) -> Delegation:
    item = read_object("delegations", data, ("to", "valid_from", "valid_to", "kinds", "instrument"))
    return Delegation(
        values.word("delegations", item.get("to")),
        values.date("delegations", item.get("valid_from"), FIRST),
        values.date("delegations", item.get("valid_to"), LAST),
        tuple(values.word("delegations", kind) for kind in _list("delegations", item.get("kinds"))),
        values.word("delegations", item.get("instrument")),
    )


def group_to_dict(group: Group) -> dict[str, object]:
    """Return *group* as JSON-able data."""
    return {
        "name": group.name,
        "kinds": list(group.kinds),
        "level": group.level,
        "members": list(group.members),
        "exceptions": list(group.exceptions),
    }


def group_from_dict(data: object) -> Group:
    """Return the group in *data*. Raises :class:`~vndoc.routing.TableError` ``table-unreadable``."""
    values = Values()
    try:
        item = read_object("groups", data, ("name", "kinds", "level", "members", "exceptions"))
        kinds, members, exceptions = (
            tuple(values.word("groups", text) for text in _list("groups", item.get(name)))
            for name in ("kinds", "members", "exceptions")
        )
        name, level = values.word("groups", item.get("name")), values.number("groups", item.get("level"))
        return Group(name, kinds, level, members, exceptions)
    except BadValueError as bad:
        raise TableError("table-unreadable", detail=f"{bad.field}: {shorten(bad.found)}") from None


def info_to_dict(info: TableInfo) -> dict[str, object]:
    """Return *info* as JSON-able data."""
    return attrs.asdict(info) | {"begins": "" if info.begins == FIRST else info.begins.isoformat()}


def info_from_dict(data: object) -> TableInfo:
    """Return what *data* says about a table; numbers and truth values may be texts, as in CSV.

    Raises :class:`~vndoc.routing.TableError` ``table-unreadable``.
    """
    values = Values()
    try:
        item = read_object("info", data, [field.name for field in attrs.fields(TableInfo)])
        ancestors = item.get("ancestors", False)
        axis_version = item.get("axis_version", 0)
        return TableInfo(
            version=values.word("version", item.get("version")),
            begins=values.date("begins", item.get("begins"), FIRST),
            carrier=values.word("carrier", item.get("carrier")) or TableInfo().carrier,
            ancestors=ancestors if isinstance(ancestors, bool) else _truth("ancestors", ancestors),
            axis_version=_whole("axis_version", axis_version),
            source=values.word("source", item.get("source")),
        )
    except BadValueError as bad:
        raise TableError("table-unreadable", detail=f"{bad.field}: {shorten(bad.found)}") from None


def _truth(field: str, value: object) -> bool:
    if isinstance(value, str) and value in _TRUE:
        return _TRUE[value]
    raise BadValueError(field, value)


def _whole(field: str, value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18:
        return value
    raise BadValueError(field, value)
