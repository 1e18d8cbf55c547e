"""Carriers by name: the built-in ones, and those that other packages bring.

A package brings one with an entry point of the group ``vndoc.transports``, which leads to a class or a function that
takes the options as keyword arguments and returns a :class:`~vndoc.transport.Transport`::

    [project.entry-points."vndoc.transports"]
    truc-tinh = "truc_tinh.carrier:ProvincialTransport"
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from vndoc.errors import OwnFaultError, VndocError
from vndoc.text import Text, shorten
from vndoc.transport.base import Transport

__all__ = ["GROUP", "load", "names"]

GROUP: Final = "vndoc.transports"
"""The group of entry points."""

_Kind: Final = inspect.Parameter
_BY_NAME: Final = frozenset({_Kind.POSITIONAL_OR_KEYWORD, _Kind.KEYWORD_ONLY})
_VARIADIC: Final = frozenset({_Kind.VAR_POSITIONAL, _Kind.VAR_KEYWORD})
_UNKNOWN: Final = Text(
    "không có tùy chọn {names}; các tùy chọn: {known}", "there is no option {names}; the options are {known}"
)
_MISSING: Final = Text("thiếu tùy chọn {names}", "the option {names} is missing")


def names() -> tuple[str, ...]:
    """Return the names of the carriers that are installed, sorted."""
    return tuple(sorted(set(entry_points(group=GROUP).names)))


def load(name: str, /, **options: Any) -> Transport:
    """Return a new carrier of the kind *name*, made with *options*.

    Raises :class:`OwnFaultError`: ``carrier-plugin-unknown``; ``carrier-plugin-broken`` if it cannot be imported, fails
    in a way of its own, makes something that is no carrier, or two packages bring the name;
    ``carrier-configuration``, which names them, if options are missing or not known. What it raises as a
    ``VndocError`` passes, such as ``extra-missing``. No error holds the value of an option.
    """
    factory = _factory(name)
    detail = _misfit(factory, options)
    if detail is not None:
        raise OwnFaultError("carrier-configuration", carrier=name, detail=detail)
    try:
        carrier = factory(**options)
    except VndocError:
        raise
    except Exception as error:  # noqa: BLE001 - what a plug-in raises is not ours to choose
        # a text of somebody else's may hold a secret
        raise OwnFaultError("carrier-plugin-broken", found=name, detail=type(error).__name__) from None
    if not isinstance(carrier, Transport):
        raise OwnFaultError("carrier-plugin-broken", found=name, detail=f"{type(carrier).__name__}: no Transport")
    return carrier


def _misfit(factory: Any, options: Mapping[str, object]) -> Text | None:
    """Return which of *options* the *factory* does not know or misses; None where they fit, or nobody can tell."""
    try:
        rows = inspect.signature(factory).parameters.values()
    except ValueError:  # a factory that does not tell what it takes
        return None
    named = [row for row in rows if row.kind in _BY_NAME]
    known = [row.name for row in named]
    unknown = [] if any(row.kind is _Kind.VAR_KEYWORD for row in rows) else [o for o in options if o not in known]
    if unknown:
        return _UNKNOWN.filled(names=_listed(unknown), known=_listed(known))
    needed = [row for row in rows if row.default is row.empty and row.kind not in _VARIADIC]
    missing = [row.name for row in needed if row not in named or row.name not in options]
    return _MISSING.filled(names=_listed(missing)) if missing else None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(shorten(name, 60) for name in sorted(names)) or "-"


def _factory(name: str) -> Any:
    found = {(point.value, _home(point)): point for point in entry_points(group=GROUP, name=name)}
    if not found:
        raise OwnFaultError("carrier-plugin-unknown", found=name, known=", ".join(names()))
    if len(found) > 1:
        homes = ", ".join(sorted(home for _, home in found))
        raise OwnFaultError("carrier-plugin-broken", found=name, detail=homes)
    [point] = found.values()
    try:
        factory = point.load()
    except VndocError:
        raise
    except Exception as error:
        raise OwnFaultError("carrier-plugin-broken", found=name, detail=f"{type(error).__name__}: {error}") from error
    if not callable(factory):
        raise OwnFaultError("carrier-plugin-broken", found=name, detail=f"{point.value}: {type(factory).__name__}")
    return factory


def _home(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "?"
