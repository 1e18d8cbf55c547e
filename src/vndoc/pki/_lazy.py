"""An attribute worked out at its first use, without the lock that ``functools.cached_property`` takes in Python 3.11.

Two threads may both work it out; the values here are immutable and equal, so that does no harm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

_T = TypeVar("_T")


class Lazy(Generic[_T]):
    """The descriptor: a non-data descriptor, so that the value in the instance's ``__dict__`` comes first next time."""

    def __init__(self, work: Callable[[Any], _T]) -> None:
        self._work = work
        self.__doc__ = work.__doc__

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Lazy[_T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> _T: ...
    def __get__(self, instance: object | None, owner: type) -> Lazy[_T] | _T:
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._work(instance)
        return value


lazy = Lazy
