"""The fields of values, taken all at one go: what walks over whole packets asks for them in every block."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from operator import attrgetter
from typing import Any

import attrs

from vndoc.identifiers import OrganCode

__all__ = ["Getter", "fields_of", "getter"]

Getter = Callable[[Any], tuple[Any, ...]]
"""Takes the values of some attributes of a value."""


def getter(names: Iterable[str]) -> Getter:
    """Return what takes the attributes called *names* of a value."""
    fields = tuple(names)
    if not fields:
        return lambda _: ()
    take = attrgetter(*fields)
    return take if len(fields) > 1 else lambda value: (take(value),)


@lru_cache(maxsize=64)
def fields_of(kind: type) -> tuple[tuple[str, ...], Getter] | None:
    """Return the names of the fields of the block *kind*, and what takes them; ``None`` for what is no block."""
    if not attrs.has(kind) or issubclass(kind, OrganCode):
        return None
    names = tuple(field.name for field in attrs.fields(kind))
    return names, getter(names)
