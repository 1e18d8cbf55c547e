"""Getting what is needed next while what came before is worked on."""

from __future__ import annotations

import collections
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_NAME: Final = "vndoc-ahead"
_SLOW: Final = 0.003
"""Seconds. What takes less is not worth a thread: handing it over costs more than waiting for it."""


class Ahead(Generic[K, V]):
    """Does *get* for each of *keys*, which are asked for in this order; some may be left out.

    As soon as one has taken its time (a far axis, a slow disk), up to *most* of the next ones are got in threads,
    before their turn. With *most* 0 all is done by the thread that asks. What *get* raises is raised by the call that
    asks for that key. Use it as a context: at its end what has not begun is given up, and what has is waited for.
    """

    def __init__(self, get: Callable[[K], V], keys: Iterable[K], most: int) -> None:
        self._get = get
        self._waiting = collections.deque(keys)
        self._begun: collections.deque[tuple[K, Future[V]]] = collections.deque()
        self._most = most
        self._threads: ThreadPoolExecutor | None = None

    def __call__(self, key: K) -> V:
        """Return what is got for *key*."""
        while self._begun:
            begun, future = self._begun.popleft()
            self._begin()
            if begun is key:
                return future.result()
        while self._waiting and self._waiting.popleft() is not key:
            pass
        began = time.monotonic()
        found = self._get(key)
        if time.monotonic() - began > _SLOW:
            self._begin()
        return found

    def _begin(self) -> None:
        while self._waiting and len(self._begun) < self._most:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(self._most, thread_name_prefix=_NAME)
            key = self._waiting.popleft()
            self._begun.append((key, self._threads.submit(self._get, key)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)
