"""Arguments of the wrong kind: one clear error at the door, where a caller can plausibly be wrong.

A text where a member of an enumeration is needed, seconds where a length of time is, one code where a list is. What is
passed on inside is not checked again.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any, Final, TypeVar

from vndoc.errors import UsageError
from vndoc.text import Text, shorten

__all__ = ["need", "need_all", "need_call", "need_like", "need_list", "need_packet", "need_time", "needs", "wrong"]

_T = TypeVar("_T")
_NEEDED: Final = Text("{name} phải là {expected}, không phải {found}", "{name} must be {expected}, not {found}")
_A_LIST: Final = Text("danh sách {of}", "a list of {of}")
_A_CALL: Final = Text("hàm gọi được", "callable")


def need(name: str, value: object, *kinds: type) -> None:
    """Raise :class:`~vndoc.errors.UsageError` ``option-invalid`` where *value* is none of *kinds*; a bool is no int."""
    if not isinstance(value, kinds) or (type(value) is bool and bool not in kinds):
        raise wrong(name, _named(kinds), value)


def need_all(name: str, values: Iterable[_T], *kinds: type) -> tuple[_T, ...]:
    """Return *values*, each of which is one of *kinds*, as a tuple; one text is no list. Raises as :func:`need`."""
    found = need_list(name, values, _named(kinds))
    for value in found:
        need(name, value, *kinds)
    return found


def need_list(name: str, values: Iterable[_T], of: str = "object") -> tuple[_T, ...]:
    """Return *values*, whatever is among them, as a tuple; one text is no list. Raises as :func:`need`."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise wrong(name, _A_LIST.filled(of=of), values)
    return tuple(values)


def need_call(name: str, value: object) -> None:
    """Raise as :func:`need` does where *value* cannot be called."""
    if not callable(value):
        raise wrong(name, _A_CALL, value)


def need_like(name: str, value: object, kind: type, *methods: str) -> None:
    """Raise as :func:`need` does where *value* lacks one of *methods*: what has them may stand for a *kind*."""
    if not all(callable(getattr(value, method, None)) for method in methods):
        raise wrong(name, kind.__name__, value)


def need_packet(packet: object, *kinds: type) -> None:
    """Raise :class:`~vndoc.errors.UsageError` ``wrong-packet-kind`` where *packet* is none of *kinds*."""
    if not isinstance(packet, kinds):
        raise UsageError("wrong-packet-kind", expected=_named(kinds), found=type(packet).__name__)


def need_time(name: str, value: object) -> None:
    """Raise as :func:`need` does where *value* is no time, ``time-zone-missing`` where it has no zone."""
    if not isinstance(value, datetime.datetime):
        raise wrong(name, datetime.datetime.__name__, value)
    if value.utcoffset() is None:
        raise UsageError("time-zone-missing")


def needs(*kinds: type) -> Any:
    """Return a validator for a field of attrs, which raises as :func:`need` does."""

    def check(_instance: object, field: Any, value: object) -> None:
        need(field.name, value, *kinds)

    return check


def _named(kinds: tuple[type, ...]) -> str:
    return " | ".join("None" if kind is type(None) else kind.__name__ for kind in kinds)


def wrong(name: str, expected: str | Text, found: object) -> UsageError:
    """Return the error that says that the argument *name* must be *expected* and is *found*: its type, and a text."""
    shown = f"{type(found).__name__} {shorten(repr(found), 40)}" if isinstance(found, str) else type(found).__name__
    return UsageError("option-invalid", detail=_NEEDED.filled(name=name, expected=expected, found=shown))
