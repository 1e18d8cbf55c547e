"""Packet values as JSON and back: lossless, so that a packet can be kept in a database or sent to a script.

Keys are the field names of :mod:`vndoc.envelope`, ``from`` for ``from_`` (both are read); absent values are left out.
Dates are ISO 8601, attachments carry their packed octets in base64 (``packed``) and are unpacked anew when read.
"""

from __future__ import annotations

import datetime
import functools
import json
import re
import types
import typing
from typing import Any

import attrs
import pybase64

from vndoc.edxml.packing import Budget, unpack
from vndoc.envelope import Attachment, DocumentPacket, MemoryOctets, Packet, StatusPacket
from vndoc.envelope._fields import Getter, getter
from vndoc.errors import EnvelopeError, LimitError, UsageError
from vndoc.identifiers import OrganCode
from vndoc.limits import DEFAULT, Limits
from vndoc.text import Text

__all__ = ["KINDS", "json_key", "packet_from_dict", "packet_from_json", "packet_to_dict", "packet_to_json"]

KINDS: dict[str, type[DocumentPacket | StatusPacket]] = {"document": DocumentPacket, "status": StatusPacket}
"""Value of the key ``kind`` -> model."""

_KIND = Text("cần {expected}", "{expected} expected")
_OBJECT = Text("cần một đối tượng", "an object expected")
_LIST = Text("cần một danh sách", "a list expected")
_ITEMS = Text("cần {expected} phần tử", "{expected} items expected")
_NO_KEY = Text("không có khóa này", "no such key")
_TWICE = Text("có hai lần", "given twice")
_LEVELS = Text("cần nhiều nhất {expected} cấp", "at most {expected} levels expected")
_BASE64 = Text("cần base64", "base64 expected")
_ISO_DATE = Text("cần ngày theo ISO 8601, không kèm múi giờ", "an ISO 8601 date without offset expected")
_AT = Text("{path}: {what}", "{path}: {what}")

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{6})?)?")
_SOURCES = frozenset({"packed", "content", "_digest"})
"""Fields of :class:`~vndoc.envelope.Attachment` that are no plain values."""


def json_key(field: str) -> str:
    """Return the key of the model field called *field*: without the underscore that only Python needs.

    >>> json_key("from_"), json_key("subject")
    ('from', 'subject')
    """
    return field.rstrip("_")


def packet_to_json(packet: Packet, *, indent: int | None = None) -> str:
    """Return *packet* as JSON text, attachments included (four thirds of their size, in memory).

    Raises :class:`~vndoc.errors.AttachmentError` where an attachment cannot be opened, and
    :class:`~vndoc.errors.UsageError` ``wrong-packet-kind`` for what is no packet.
    """
    return json.dumps(packet_to_dict(packet), ensure_ascii=False, indent=indent)


def packet_to_dict(packet: Packet) -> dict[str, Any]:
    """Return *packet* as plain values, as :func:`packet_to_json` writes them. Raises in the same cases."""
    kind = next((kind for kind, model in KINDS.items() if isinstance(packet, model)), None)
    if kind is None:
        expected = " | ".join(model.__name__ for model in KINDS.values())
        raise UsageError("wrong-packet-kind", expected=expected, found=type(packet).__name__)
    return {"kind": kind, **_plain(packet)}


def _plain(value: Any) -> Any:
    if isinstance(value, OrganCode):
        return value.text
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Attachment):
        with value.packed.open() as file:
            packed = pybase64.b64encode(file.read()).decode()
        return {**_fields(value), "packed": packed}
    if attrs.has(type(value)):
        return _fields(value)
    return value


def _fields(value: Any) -> dict[str, Any]:
    keys, take = _keyed(type(value))  # type: ignore[arg-type]
    found = {}
    for key, item in zip(keys, take(value), strict=True):
        if type(item) is str:
            found[key] = item
        elif item is not None and item != ():
            found[key] = _plain(item)
    return found


@functools.lru_cache(maxsize=64)
def _keyed(kind: type) -> tuple[tuple[str, ...], Getter]:
    """Return the keys of the fields of a block, and what takes the fields."""
    left_out = _SOURCES if issubclass(kind, Attachment) else ()
    names = [field.name for field in attrs.fields(kind) if field.name not in left_out]
    return tuple(map(json_key, names)), getter(names)


def packet_from_json(text: str | bytes, *, limits: Limits = DEFAULT) -> Packet:
    """Return the packet in JSON *text*.

    Raises :class:`~vndoc.errors.EnvelopeError` ``json-invalid`` for text that is no JSON, unknown keys and values of
    the wrong type, naming the key (also as ``values["key"]``), and :class:`~vndoc.errors.LimitError` for an
    attachment beyond *limits*.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EnvelopeError("json-invalid", detail=str(error)) from error
    return packet_from_dict(data, limits=limits)


def packet_from_dict(data: Any, *, limits: Limits = DEFAULT) -> Packet:
    """Return the packet in plain values. Raises as :func:`packet_from_json`."""
    kind = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise _invalid("kind", _KIND, " | ".join(KINDS))
    rest = {key: value for key, value in data.items() if key != "kind"}
    packet: Packet = _Reader(limits).model(KINDS[kind], rest, "")
    return packet


@functools.cache
def _hints(model: type) -> dict[str, Any]:
    names = {field.name for field in attrs.fields(model)}
    return {name: hint for name, hint in typing.get_type_hints(model).items() if name in names}


class _Reader:
    """Builds models from plain values, by their annotations."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.budget = Budget(limits)
        self.depth = 0

    def model(self, model: type, data: Any, path: str) -> Any:
        if not isinstance(data, dict):
            raise _invalid(path, _OBJECT)
        hints = _hints(model)
        fields = {json_key(name): name for name in hints} | {name: name for name in hints}
        given: set[str] = set()
        for key in data:
            name = fields.get(key)
            if name is None or (model is Attachment and name in _SOURCES - {"packed"}):
                raise _invalid(f"{path}.{key}", _NO_KEY)
            if name in given:
                raise _invalid(f"{path}.{key}", _TWICE)
            given.add(name)
        if model is Attachment:
            return self.attachment(data, path)
        self.depth += 1
        if self.depth > self.limits.depth:
            raise _invalid(path, _LEVELS, self.limits.depth)
        named = {fields[key]: self.value(hints[fields[key]], value, f"{path}.{key}") for key, value in data.items()}
        made = model(**named)
        self.depth -= 1
        return made

    def attachment(self, data: dict[str, Any], path: str) -> Attachment:
        hints = _hints(Attachment)
        named = {k: self.value(hints[k], v, f"{path}.{k}") for k, v in data.items() if k != "packed"}
        packed = data.get("packed")
        if not isinstance(packed, str):
            raise _invalid(f"{path}.packed", _BASE64)
        try:
            octets = MemoryOctets(pybase64.b64decode(packed, validate=True))
        except ValueError as error:
            raise _invalid(f"{path}.packed", _BASE64) from error
        if octets.size > self.limits.attachment_bytes:
            limit = self.limits.attachment_bytes
            raise LimitError("limit-attachment-bytes", name=named.get("name") or path, limit=limit)
        content, _ = unpack(
            octets,
            head=octets.data[:4],
            name=named.get("name"),
            label=named.get("label"),
            limits=self.limits,
            budget=self.budget,
        )
        return Attachment(packed=octets, content=content, **named)

    def value(self, hint: Any, value: Any, path: str) -> Any:
        origin = typing.get_origin(hint)
        if origin in (types.UnionType, typing.Union):
            return self.union(typing.get_args(hint), value, path)
        if origin is tuple:
            return self.items(typing.get_args(hint), value, path)
        if hint is datetime.date:
            return _date(value, path)
        if hint is OrganCode and isinstance(value, str):
            return OrganCode(value)
        if attrs.has(hint) and hint is not OrganCode:
            return self.model(hint, value, path)
        if type(value) is not hint:
            raise _invalid(path, _KIND, getattr(hint, "__name__", str(hint)))
        return value

    def union(self, hints: tuple[Any, ...], value: Any, path: str) -> Any:
        if isinstance(value, str) and str in hints:
            return value
        if value is None and type(None) in hints:
            return None
        others = [hint for hint in hints if hint not in (type(None), str)]
        return self.value(others[0] if others else str, value, path)

    def items(self, hints: tuple[Any, ...], value: Any, path: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _invalid(path, _LIST)
        if hints[-1] is Ellipsis:
            return tuple(self.value(hints[0], item, f"{path}[{i}]") for i, item in enumerate(value))
        if len(hints) != len(value):
            raise _invalid(path, _ITEMS, len(hints))
        return tuple(self.value(h, v, f"{path}[{i}]") for i, (h, v) in enumerate(zip(hints, value, strict=True)))


def _date(value: Any, path: str) -> datetime.date:
    """Return what :meth:`datetime.date.isoformat` wrote: a day, or a local time without offset."""
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return datetime.datetime.fromisoformat(value) if "T" in value else datetime.date.fromisoformat(value)
        except ValueError:
            pass  # a day that no calendar has
    raise _invalid(path, _ISO_DATE)


def _invalid(path: str, what: Text, expected: object = None) -> EnvelopeError:
    key = path.lstrip(".")
    said = _AT.filled(path=key or "packet", what=what.filled(expected=expected))
    return EnvelopeError("json-invalid", detail=said, key=key)
