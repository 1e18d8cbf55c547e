"""A small HTTP server that does as it is told: for the carriers over HTTP.

It reads whole requests and answers each with the next entry of its script (the last one again and again). An entry is
the octets to send (then the connection is closed, unless they are framed), or a function that gets the connection.
It shares no code with the package.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import attrs


@attrs.define
class Seen:
    """One request as it came."""

    method: str
    target: str
    raw_headers: list[tuple[str, str]]
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.raw_headers}


Handler = Callable[[socket.socket, "Seen"], None]
Entry = bytes | Handler


def answer(
    body: bytes | str | dict[str, Any] | list[Any] = b"",
    *,
    status: int = 200,
    media_type: str = "application/json",
    headers: tuple[tuple[str, str], ...] = (),
    close: bool = False,
) -> bytes:
    """Return a whole, framed answer."""
    if isinstance(body, dict | list):
        body = json.dumps(body)
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Any", f"Content-Type: {media_type}", f"Content-Length: {len(data)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines += ["Connection: close"] * close
    return "\r\n".join([*lines, "", ""]).encode() + data


def ok(**fields: Any) -> bytes:
    """Return the national axis' answer that all went well, with *fields*."""
    return answer({"status": "OK", "ErrorCode": "0", "ErrorDesc": "", **fields})


class Server:
    """The server; *script* may be changed while it runs."""

    def __init__(self, *script: Entry, tls: ssl.SSLContext | None = None, read_bodies: bool = True) -> None:
        self.script = list(script)
        self.seen: list[Seen] = []
        self.failures: list[BaseException] = []
        self.connections = 0
        self.body_hook: Callable[[bytes], None] | None = None
        self._tls = tls
        self._read_bodies = read_bodies
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._ended = False
        self.port = self._listening.getsockname()[1]
        self._start(self._accept)

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://{'localhost' if self._tls else '127.0.0.1'}:{self.port}"

    def _start(self, target: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._ended:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._open.append(connection)
            with connection:
                file = connection.makefile("rb")
                while (seen := self._request(file)) is not None:
                    with self._lock:
                        self.seen.append(seen)
                        entry = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                    if not isinstance(entry, bytes):
                        entry(connection, seen)
                        return
                    connection.sendall(entry)
                    if b"Content-Length:" not in entry or b"Connection: close" in entry:
                        return
        except (OSError, ValueError):
            return
        except BaseException as error:
            self.failures.append(error)
            raise

    def _request(self, file: Any) -> Seen | None:
        line = file.readline().decode("latin-1").rstrip("\r\n")
        if not line:
            return None
        method, target, _ = line.split(" ")
        headers = []
        while (line := file.readline().decode("latin-1").rstrip("\r\n")) != "":
            name, _, value = line.partition(": ")
            headers.append((name, value))
        seen = Seen(method, target, headers, b"")
        length = int(seen.headers.get("content-length", 0))
        if not self._read_bodies:
            return seen
        if self.body_hook is None:
            seen.body = file.read(length)
        else:
            while length:
                piece = file.read(min(length, 64 * 1024))
                if not piece:
                    break
                length -= len(piece)
                self.body_hook(piece)
        if self.body_hook is None and len(seen.body) < length:
            seen.target += " (incomplete)"
        return seen

    def close(self) -> None:
        self._ended = True
        self._listening.shutdown(socket.SHUT_RDWR)  # closing alone does not wake who waits for a connection
        self._listening.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:  # the first one is that which starts the others
            thread.join(5)


@contextlib.contextmanager
def serving(*script: Entry, **how: Any) -> Iterator[Server]:
    """Run a server within the block."""
    server = Server(*script, **how)
    with contextlib.closing(server):
        yield server
    assert server.failures == []
