"""What the schema of TS 119 102-2 wants, as pyHanko has it: its classes were made from ETSI's schema.

pyHanko reads and writes XML by them with ``xsdata``, which is not needed to look at them: they are plain dataclasses,
and of ``xsdata`` they name types only.
"""

from __future__ import annotations

import dataclasses
import enum
import importlib
import re
import sys
import types
import typing
from collections.abc import Iterator
from typing import Any
from unittest import mock

from lxml import etree

_TIME = re.compile(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_NAMES = ("XmlDate", "XmlDateTime", "XmlDuration", "XmlPeriod", "XmlTime")
_DATATYPE = "xsdata.models.datatype"


def _classes() -> Any:
    stand_in = types.ModuleType(_DATATYPE)
    for name in _NAMES:
        setattr(stand_in, name, type(name, (), {}))
    parents = {name: types.ModuleType(name) for name in ("xsdata", "xsdata.models")}
    with mock.patch.dict(sys.modules, {**parents, _DATATYPE: stand_in}):
        return importlib.import_module("pyhanko.generated.etsi.ts_11910202")


SCHEMA = _classes()
_FREE_ORDER = {"SignatureAttributesType"}
"""Types whose elements may come in any order, any number of times."""
_EITHER = {"SignersDocumentType"}
"""Types that are one of two sequences, which the classes cannot say: a digest, or a reference that they want then."""


def faults(root: etree._Element) -> list[str]:
    """Return in what the report *root* is not as the schema wants it."""
    return list(_faults(root, SCHEMA.ValidationReportType, etree.QName(root).localname))


def _faults(element: etree._Element, kind: type, path: str) -> Iterator[str]:
    fields = dataclasses.fields(kind)
    hints = typing.get_type_hints(kind)
    rows = {_key(field): (at, field, hints[field.name]) for at, field in enumerate(fields) if _is(field, "Element")}
    loose = any(_is(field, "Wildcard") for field in fields)
    yield from _attributes(element, [field for field in fields if _is(field, "Attribute")], path)
    seen: list[int] = []
    for field in fields:
        if "type" not in field.metadata:  # what is between the tags
            yield from _value(element, hints[field.name], path)
    for child in element:
        where = f"{path}/{etree.QName(child).localname}"
        if child.tag not in rows:
            if not loose:
                yield f"{where}: not there in the schema"
            continue
        at, _, hint = rows[child.tag]
        seen.append(at)
        yield from _value(child, hint, where)
    many = {at for at, _, hint in rows.values() if typing.get_origin(hint) is tuple}
    if kind.__name__ not in _FREE_ORDER and seen != sorted(seen):
        yield f"{path}: out of order"
    yield from (f"{path}: {key} again" for key, (at, _, _) in rows.items() if seen.count(at) > 1 and at not in many)
    for key, (at, field, _) in rows.items():
        wanted = field.metadata.get("required") or field.metadata.get("min_occurs")
        if wanted and at not in seen and not (kind.__name__ in _EITHER and seen):
            yield f"{path}: no {key}"


def _is(field: dataclasses.Field[Any], kind: str) -> bool:
    return field.metadata.get("type") == kind


def _key(field: dataclasses.Field[Any]) -> str:
    return f"{{{field.metadata['namespace']}}}{field.metadata.get('name', field.name)}"


def _attributes(element: etree._Element, fields: list[dataclasses.Field[Any]], path: str) -> Iterator[str]:
    known = {field.metadata.get("name", field.name): field for field in fields}
    for name in element.attrib:
        if name not in known and not name.startswith("{"):
            yield f"{path}/@{name}: not there in the schema"
    for name, field in known.items():
        if field.metadata.get("required") and name not in element.attrib:
            yield f"{path}: no @{name}"


def _value(element: etree._Element, hint: Any, path: str) -> Iterator[str]:
    [kind] = [one for one in typing.get_args(hint) or (hint,) if one not in (type(None), Ellipsis)]
    if dataclasses.is_dataclass(kind):
        assert isinstance(kind, type)
        yield from _faults(element, kind, path)
        return
    text = element.text or ""
    if kind is not object and len(element):
        yield f"{path}: elements in a text"
    if kind is bool and text not in {"true", "false", "0", "1"}:
        yield f"{path}: {text!r} is no boolean"
    elif kind is bytes and not _BASE64.fullmatch(text):
        yield f"{path}: {text!r} is no base64"
    elif getattr(kind, "__name__", "") == "XmlDateTime" and not _TIME.fullmatch(text):
        yield f"{path}: {text!r} is no time"
    elif isinstance(kind, type) and issubclass(kind, enum.Enum) and text not in {one.value for one in kind}:
        yield f"{path}: {text!r} is none of the values"
