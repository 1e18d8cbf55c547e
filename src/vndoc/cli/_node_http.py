"""``--listen``: what a monitor asks a running node for, over HTTP on an address of its own.

``/metrics`` for Prometheus, ``/health`` as JSON (200, or 503 where the node is not ready). GET and HEAD only; nothing
is shown but counts and names of carriers. Meant for loopback or an inner network: there is no authentication.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from vndoc.cli._run import filled
from vndoc.errors import UsageError
from vndoc.text import Text

__all__ = ["listening"]

_LOG = logging.getLogger(__name__)

_ADDRESS = Text("{found} không phải là ĐỊA_CHỈ:CỔNG", "{found} is not ADDRESS:PORT")
_BUSY = Text("không lắng nghe được ở {found}: {detail}", "cannot listen on {found}: {detail}")
_PLAIN: Final = "text/plain; charset=utf-8"


class _Server(ThreadingHTTPServer):
    """Serves a node. A monitor that hangs up, or never asks, is none of the node's troubles."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], node: Any) -> None:
        super().__init__(address, _Handler)
        self.node = node

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a connection that broke: only a fault of our own is told, in the log."""
        del request, client_address
        error = sys.exception()
        if not isinstance(error, OSError):
            _LOG.error("monitor not answered", exc_info=error)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "vndoc"
    sys_version = ""
    timeout = 10

    def do_GET(self) -> None:
        """Answer one question."""
        node, path = self.server.node, self.path.partition("?")[0]
        if path == "/metrics":
            self._answer(200, "text/plain; version=0.0.4; charset=utf-8", node.metrics())
        elif path == "/health":
            health = node.health()
            self._answer(200 if health.ready else 503, "application/json", json.dumps(health.to_dict()))
        else:
            self._answer(404, _PLAIN, "/metrics, /health\n")

    do_HEAD = do_GET  # noqa: N815 - as the base class calls it

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no question: in plain text, for what asks is a program."""
        del explain
        self.close_connection = True
        self._answer(code, _PLAIN, f"{message or code}\n")

    def _answer(self, status: int, kind: str, text: str) -> None:
        body = text.encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: monitors ask often."""


@contextmanager
def listening(address: str | None, node: Any) -> Iterator[str | None]:
    """Answer on *address* (``127.0.0.1:9100``; port 0 for any) while the block runs; give the address in use.

    Raises :class:`~vndoc.errors.UsageError` ``option-invalid``.
    """
    if address is None:
        yield None
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise UsageError("option-invalid", detail=filled(_ADDRESS, found=address))
    try:
        server = _Server((host, int(port)), node)
    except OSError as error:
        detail = error.strerror or type(error).__name__
        raise UsageError("option-invalid", detail=filled(_BUSY, found=address, detail=detail)) from error
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield f"{host}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
