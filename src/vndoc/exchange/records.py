"""Between the values of the exchange and plain data: what a store keeps and a log shows.

Every record is a JSON object with ``record`` (the version of its form) and ``type``. Times are ISO 8601 in UTC,
lengths of time are seconds, octets are hexadecimal. What is written is read again as an equal value.
"""

from __future__ import annotations

import datetime
import enum
import functools
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, cast

import attrs

from vndoc.errors import ExchangeError, VndocError
from vndoc.errors._arguments import need
from vndoc.exchange import delivery, duplicates, effects
from vndoc.exchange.change import Change, ChangePolicy, Part
from vndoc.exchange.faults import OwnFault, PeerFault
from vndoc.exchange.history import Entry, History
from vndoc.exchange.life import Life, StatusReport
from vndoc.exchange.request import Request, RequestPolicy
from vndoc.text import Lang, Text, shorten

__all__ = ["RECORD_VERSION", "dump", "load"]

RECORD_VERSION: Final = 1
"""Version of the form of all records; a record of a newer one is refused."""

_OTHER_CLASS: Final = Text("kiểu {found} không lưu được", "the type {found} cannot be kept")
_OTHER_VERSION: Final = Text("record phải là {version}", "record has to be {version}")
_OTHER_TYPE: Final = Text("type phải là {name}", "type has to be {name}")
_OTHER_FIELDS: Final = Text("{name}: thừa hoặc thiếu {found}", "{name}: {found} is too much or missing")
_NO_VALUE: Final = Text("{name} không nhận giá trị này", "{name} does not take this value")
_REFUSED: Final = Text("{name}: {why}", "{name}: {why}")
_LANGUAGES: Final[tuple[Lang, Lang]] = ("vi", "en")

_T = TypeVar("_T")

_EFFECTS: Final = typing.get_args(effects.Effect)
_EVENTS: Final = typing.get_args(delivery.DeliveryInput)
_PARTS: Final = (ChangePolicy, Entry, History, OwnFault, Part, PeerFault, Text)
_TOP: Final = (
    Change,
    delivery.Delivery,
    delivery.DeliveryPolicy,
    duplicates.Incoming,
    duplicates.Known,
    Life,
    Request,
    RequestPolicy,
    StatusReport,
    *_EFFECTS,
    *_EVENTS,
)
_KEPT: Final[frozenset[type]] = frozenset((*_TOP, *_PARTS))


def dump(value: object) -> dict[str, Any]:
    """Return *value*, one of the frozen values of :mod:`vndoc.exchange`, as JSON-able data.

    Raises :class:`~vndoc.errors.ExchangeError` ``record-invalid`` for anything else.
    """
    if type(value) not in _KEPT:
        raise ExchangeError("record-invalid", detail=_OTHER_CLASS.filled(found=type(value).__name__))
    return {"record": RECORD_VERSION, **_plain(value)}


def load(data: object, kind: type[_T]) -> _T:
    """Return the value of class *kind* in *data*, the inverse of :func:`dump`.

    Raises :class:`~vndoc.errors.ExchangeError` ``record-invalid`` naming the field: for a version or type other than
    asked for, a field that is missing, unknown or of another type, a value that the class refuses, and a class that is
    never kept; :class:`~vndoc.errors.UsageError` ``option-invalid`` for a *kind* that is no class.
    """
    need("kind", kind, type)
    if kind not in _KEPT:
        raise ExchangeError("record-invalid", detail=_OTHER_CLASS.filled(found=kind.__name__))
    if not isinstance(data, dict) or type(version := data.get("record")) is not int or version != RECORD_VERSION:
        raise ExchangeError("record-invalid", detail=_OTHER_VERSION.filled(version=RECORD_VERSION))
    value: _T = _object({k: v for k, v in data.items() if k != "record"}, kind)
    return value


_AS_THEY_ARE: Final = frozenset({str, int, float, bool, type(None)})


@functools.cache
def _fields(kind: Any) -> tuple[str, ...] | None:
    """Return the names of what an attrs class is made of, None for another class."""
    return tuple(f.name for f in attrs.fields(kind) if f.init) if attrs.has(kind) else None


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    names = _fields(cast("Any", kind))
    if names is not None:
        return {"type": kind.__name__, **{name: _plain(getattr(value, name)) for name in names}}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return sorted(_plain(item) for item in value)  # a frozenset: fields of these classes are nothing else


def _object(data: object, kind: Any) -> Any:
    if not isinstance(data, dict) or data.get("type") != kind.__name__:
        raise ExchangeError("record-invalid", detail=_OTHER_TYPE.filled(name=kind.__name__))
    readers = _readers(kind)
    given = {k: v for k, v in data.items() if k != "type"}
    if given.keys() != readers.keys():
        odd = sorted(map(str, given.keys() ^ readers.keys()))
        raise ExchangeError(
            "record-invalid", detail=_OTHER_FIELDS.filled(name=kind.__name__, found=shorten(", ".join(odd)))
        )
    values = {}
    for name, read in readers.items():
        try:
            values[name] = read(given[name])
        except (TypeError, ValueError, OverflowError) as error:
            if isinstance(error, VndocError):
                raise
            raise ExchangeError("record-invalid", detail=_NO_VALUE.filled(name=f"{kind.__name__}.{name}")) from None
    try:
        return kind(**values)
    except VndocError as error:
        said = Text(*(error.text(lang).rstrip(".").replace("{", "{{").replace("}", "}}") for lang in _LANGUAGES))
        raise ExchangeError("record-invalid", detail=_REFUSED.filled(name=kind.__name__, why=said)) from None


_Reader = Callable[[Any], Any]
"""Returns plain data as a value. Raises ``TypeError`` or ``ValueError`` for what is none."""


@functools.cache
def _readers(kind: Any) -> dict[str, _Reader]:
    """Return what reads each field of the attrs class *kind*."""
    known = typing.get_type_hints(kind)
    return {f.name: _reader(known[f.name]) for f in attrs.fields(kind) if f.init}


def _reader(hint: Any) -> _Reader:
    """Return what reads a value of the type *hint*."""
    origin, of = typing.get_origin(hint), typing.get_args(hint)
    if origin in {types.UnionType, typing.Union}:
        return _one_of(of)
    if origin is tuple:
        return _tuple(of)
    if origin is frozenset:
        read = _reader(of[0])
        return lambda data: frozenset(read(item) for item in _list(data))
    if origin is typing.Literal:
        return lambda data: data if data in of else _refuse(ValueError)
    if attrs.has(hint):
        return lambda data: _object(data, hint)
    if issubclass(hint, enum.Enum):
        return cast("_Reader", hint)
    return _READ.get(hint) or (lambda data: data if type(data) is hint else _refuse(TypeError))


_READ: Final[Mapping[type, Any]] = types.MappingProxyType(
    {
        datetime.datetime: datetime.datetime.fromisoformat,
        datetime.timedelta: lambda data: datetime.timedelta(seconds=data),
        bytes: bytes.fromhex,
        float: lambda data: float(data) if type(data) in {int, float} else _refuse(TypeError),
    }
)


def _refuse(error: type[Exception]) -> Any:
    raise error


def _list(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise TypeError
    return data


def _tuple(of: tuple[Any, ...]) -> _Reader:
    if of[-1] is ...:
        read = _reader(of[0])
        return lambda data: tuple(read(item) for item in _list(data))
    readers = [_reader(hint) for hint in of]
    return lambda data: tuple(read(item) for item, read in zip(_list(data), readers, strict=True))


def _one_of(of: tuple[Any, ...]) -> _Reader:
    optional = type(None) in of
    kinds = [(getattr(hint, "__name__", ""), _reader(hint)) for hint in of if hint is not type(None)]

    def read(data: Any) -> Any:
        if data is None and optional:
            return None
        found = [read for name, read in kinds if not isinstance(data, dict) or name == data.get("type")]
        return found[0](data) if len(found) == 1 else _object(data, type(None))

    return read
