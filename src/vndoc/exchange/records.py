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
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import attrs

from vndoc.errors import ExchangeError, VndocError
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
_NAMED: Final[Mapping[str, type]] = types.MappingProxyType({kind.__name__: kind for kind in (*_TOP, *_PARTS)})


def dump(value: object) -> dict[str, Any]:
    """Return *value*, one of the frozen values of :mod:`vndoc.exchange`, as JSON-able data.

    Raises :class:`~vndoc.errors.ExchangeError` ``record-invalid`` for anything else.
    """
    if type(value) not in _NAMED.values():
        raise ExchangeError("record-invalid", detail=_OTHER_CLASS.filled(found=type(value).__name__))
    return {"record": RECORD_VERSION, **_plain(value)}


def load(data: object, kind: type[_T]) -> _T:
    """Return the value of class *kind* in *data*, the inverse of :func:`dump`.

    Raises :class:`~vndoc.errors.ExchangeError` ``record-invalid`` naming the field: for a version or type other than
    asked for, a field that is missing, unknown or of another type, and a value that the class refuses.
    """
    if not isinstance(data, dict) or data.get("record") != RECORD_VERSION:
        raise ExchangeError("record-invalid", detail=_OTHER_VERSION.filled(version=RECORD_VERSION))
    value: _T = _object({k: v for k, v in data.items() if k != "record"}, kind)
    return value


def _plain(value: Any) -> Any:
    if attrs.has(type(value)):
        fields = {f.name: _plain(getattr(value, f.name)) for f in attrs.fields(type(value)) if f.init}
        return {"type": type(value).__name__, **fields}
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
    if isinstance(value, frozenset):
        return sorted(_plain(item) for item in value)
    return value


def _object(data: object, kind: Any) -> Any:
    if not isinstance(data, dict) or data.get("type") != kind.__name__:
        raise ExchangeError("record-invalid", detail=_OTHER_TYPE.filled(name=kind.__name__))
    hints = _hints(kind)
    given = {k: v for k, v in data.items() if k != "type"}
    if given.keys() != hints.keys():
        odd = sorted(map(str, given.keys() ^ hints.keys()))
        raise ExchangeError(
            "record-invalid", detail=_OTHER_FIELDS.filled(name=kind.__name__, found=shorten(", ".join(odd)))
        )
    values = {}
    for name, hint in hints.items():
        try:
            values[name] = _value(given[name], hint)
        except (TypeError, ValueError, OverflowError) as error:
            if isinstance(error, VndocError):
                raise
            raise ExchangeError("record-invalid", detail=_NO_VALUE.filled(name=f"{kind.__name__}.{name}")) from None
    try:
        return kind(**values)
    except VndocError as error:
        said = Text(*(error.text(lang).rstrip(".").replace("{", "{{").replace("}", "}}") for lang in _LANGUAGES))
        raise ExchangeError("record-invalid", detail=_REFUSED.filled(name=kind.__name__, why=said)) from None


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    """Return the type of each field of the attrs class *kind*."""
    known = typing.get_type_hints(kind)
    return {f.name: known[f.name] for f in attrs.fields(kind) if f.init}


def _value(data: Any, hint: Any) -> Any:
    """Return *data* as a value of the type *hint*. Raises ``TypeError`` or ``ValueError`` for what is none."""
    origin, of = typing.get_origin(hint), typing.get_args(hint)
    if origin in {types.UnionType, typing.Union}:
        return _one_of(data, of)
    if origin is tuple:
        return _tuple(data, of)
    if origin is frozenset:
        return frozenset(_value(item, of[0]) for item in _list(data))
    if origin is typing.Literal:
        if data not in of:
            raise ValueError
        return data
    if attrs.has(hint):
        return _object(data, hint)
    if issubclass(hint, enum.Enum):
        return hint(data)
    if hint in _READ:
        return _READ[hint](data)
    if type(data) is not hint:
        raise TypeError
    return data


_READ: Final[Mapping[type, Any]] = types.MappingProxyType(
    {
        datetime.datetime: datetime.datetime.fromisoformat,
        datetime.timedelta: lambda data: datetime.timedelta(seconds=data),
        bytes: bytes.fromhex,
        float: lambda data: float(data) if type(data) in {int, float} else _refuse(),
    }
)


def _refuse() -> float:
    raise TypeError


def _list(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise TypeError
    return data


def _tuple(data: Any, of: tuple[Any, ...]) -> tuple[Any, ...]:
    items = _list(data)
    if of[-1] is ...:
        return tuple(_value(item, of[0]) for item in items)
    return tuple(_value(item, hint) for item, hint in zip(items, of, strict=True))


def _one_of(data: Any, of: tuple[Any, ...]) -> Any:
    if data is None and type(None) in of:
        return None
    kinds = [hint for hint in of if hint is not type(None)]
    if isinstance(data, dict):
        kinds = [hint for hint in kinds if getattr(hint, "__name__", "") == data.get("type")]
    return _value(data, kinds[0]) if len(kinds) == 1 else _object(data, type(None))
