"""Connections of urllib3 whose waiting is bounded as a whole, not only from one octet to the next.

urllib3's time-outs start anew with each octet that comes in: a peer that sends one now and then is waited for without
end. Here every wait for input is also cut at the deadline of the exchange.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class Patience(threading.local):
    """How long the exchange of this thread may still take, and whether any of its request has left."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._deadline = clock()
        self._allowed = 0.0
        self.left_us = False
        self.answer: http.client.HTTPResponse | None = None

    def start(self, seconds: float) -> None:
        """Begin an exchange of at most *seconds*."""
        self._deadline = self._clock() + seconds
        self._allowed = seconds
        self.left_us = False

    def overdue(self) -> float | None:
        """Return the seconds that were allowed, if they are over."""
        return self._allowed if self._clock() >= self._deadline else None

    @contextlib.contextmanager
    def closing_a_bad_answer(self) -> Iterator[None]:
        """Close the answer that is read within, should urllib3 not like its headers: it leaves that to chance."""
        try:
            yield
        except BaseException:
            if self.answer is not None:
                self.answer.close()
            raise
        finally:
            self.answer = None

    def remaining(self, at_most: float | None = None) -> float:
        """Return the seconds until the deadline, no more than *at_most*. Raises :class:`TimeoutError` after it."""
        seconds = self._deadline - self._clock()
        if seconds <= 0:
            raise TimeoutError("deadline")
        return seconds if at_most is None else min(seconds, at_most)


class _Socket(Protocol):
    def makefile(self, mode: str, buffering: int) -> Any: ...

    def gettimeout(self) -> float | None: ...

    def settimeout(self, value: float | None, /) -> None: ...


class _PatientInput(io.RawIOBase):
    """The incoming octets of a socket."""

    def __init__(self, sock: _Socket, patience: Patience) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", 0)
        self._each = sock.gettimeout()
        self._patience = patience

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        self._sock.settimeout(self._patience.remaining(self._each))
        count: int = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Files:
    """Stands for the socket before :class:`http.client.HTTPResponse`, which only asks it for a file."""

    def __init__(self, sock: _Socket, patience: Patience) -> None:
        self._sock = sock
        self._patience = patience

    def makefile(self, mode: str) -> io.BufferedReader:
        del mode  # always "rb"
        return io.BufferedReader(_PatientInput(self._sock, self._patience), 64 * 1024)


def pool_classes(patience: Patience) -> dict[str, type[HTTPConnectionPool]]:
    """Return the pools, by scheme, whose connections keep to *patience*."""

    class Response(http.client.HTTPResponse):
        def __init__(self, sock: Any, debuglevel: int = 0, method: str | None = None, url: str | None = None) -> None:
            super().__init__(_Files(sock, patience), debuglevel, method, url)  # type: ignore[arg-type]
            patience.answer = self

    class Plain(HTTPConnection):
        response_class = Response

        def request(self, *arguments: Any, **named: Any) -> None:
            patience.left_us = True  # a refused connection is told by its own kind of error
            super().request(*arguments, **named)

        def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 has it
            with patience.closing_a_bad_answer():
                return super().getresponse()

    class Secure(HTTPSConnection):
        response_class = Response

        def request(self, *arguments: Any, **named: Any) -> None:
            patience.left_us = True  # urllib3 has done the handshake before
            super().request(*arguments, **named)

        def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 has it
            with patience.closing_a_bad_answer():
                return super().getresponse()

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
