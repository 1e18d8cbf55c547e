"""``--listen``: what a monitor asks a running node for, over HTTP on an address of its own.

``/metrics`` for Prometheus, ``/health`` as JSON (200, or 503 where the node is not ready). GET only; nothing is shown
but counts and names of carriers. Meant for loopback or an inner network: there is no authentication.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from vndoc.cli._run import filled
from vndoc.errors import UsageError
from vndoc.text import Text

__all__ = ["listening"]

_ADDRESS = Text("{found} không phải là ĐỊA_CHỈ:CỔNG", "{found} is not ADDRESS:PORT")
_BUSY = Text("không lắng nghe được ở {found}: {detail}", "cannot listen on {found}: {detail}")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], node: Any) -> None:
        super().__init__(address, _Handler)
        self.node = node


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "vndoc"
    sys_version = ""
    timeout = 10

    def do_GET(self) -> None:
        """Answer one question."""
        node = self.server.node
        if self.path == "/metrics":
            self._answer(200, "text/plain; version=0.0.4; charset=utf-8", node.metrics())
        elif self.path == "/health":
            health = node.health()
            self._answer(200 if health.ready else 503, "application/json", json.dumps(health.to_dict()))
        else:
            self._answer(404, "text/plain; charset=utf-8", "/metrics, /health\n")

    def _answer(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
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
