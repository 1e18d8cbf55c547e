"""The simulated axis on a port of this machine, in a thread of its own: for tests, demonstrations and ``vndoc sim``.

>>> with AxisServer() as server:
...     server.url.startswith("http://127.0.0.1:")
True
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from typing import Any, Final, Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from vndoc.errors import UsageError
from vndoc.testing.axis._doors import CONNECTION
from vndoc.testing.axis.simulator import AxisSimulator
from vndoc.text import Text

__all__ = ["AxisServer"]

_NOT_BOUND = Text("không lắng nghe được ở {found}: {detail}", "cannot listen on {found}: {detail}")
_HEADER_BYTES: Final = 8 * 1024 * 1024
"""What the headers of a request may take: ``to`` with 20,000 recipients stands in them two times."""
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 10
_TICK_SECONDS: Final = 0.02
_TICKS: Final = 1_000


class _Protocol(H11Protocol):
    """Lets the application close the connection: faults do."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, CONNECTION: transport}


class _Server(uvicorn.Server):
    """Looks more often whether it has to stop: tests start and stop many."""

    async def main_loop(self) -> None:
        counter = 0
        while not await self.on_tick(counter):
            counter = (counter + 1) % _TICKS
            await asyncio.sleep(_TICK_SECONDS)


class AxisServer:
    """A running simulated axis; a context manager. ``url`` is where it is found, without a slash at its end.

    *axis* is what to serve (default: a new :class:`AxisSimulator`, closed with the server); *host* and *port* where
    (default: a free port of 127.0.0.1). *tls*, a server context, makes it ``https``. Raises
    :class:`~vndoc.errors.UsageError` (``option-invalid``) where the port cannot be had.
    """

    def __init__(
        self,
        axis: AxisSimulator | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._owned = axis is None
        self.axis = axis or AxisSimulator()
        self._tls = tls
        self._socket = _bound(host, port)
        self.host, self.port = host, int(self._socket.getsockname()[1])
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Return the address: VXP's and LGSP's base; that of eDoc REST has ``/EdocService`` behind it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'http' if self._tls is None else 'https'}://{host}:{self.port}"

    def start(self) -> None:
        """Start to serve; returns once it does."""
        if self._thread is not None:
            raise UsageError("option-invalid", detail=Text("máy chủ đã chạy", "the server is running already"))
        options: dict[str, Any] = {"ssl_context_factory": lambda *_: self._tls} if self._tls is not None else {}
        config = uvicorn.Config(
            self.axis,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            h11_max_incomplete_event_size=_HEADER_BYTES,
            timeout_graceful_shutdown=_STOP_SECONDS,
            server_header=False,
            **options,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="vndoc-axis", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop to serve, after the calls under way; stopping twice does nothing."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
        self._server = self._thread = None
        with contextlib.suppress(OSError):
            self._socket.close()
        if self._owned:
            self.axis.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _bound(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to *host* and *port*."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # named as TCP, so that asyncio sends at once: else each small answer waits 40 ms for an acknowledgement
        found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind((host, port))
        except BaseException:
            found.close()
            raise
    except (OSError, OverflowError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise UsageError("option-invalid", detail=_NOT_BOUND.filled(found=f"{host}:{port}", detail=detail)) from error
    return found
