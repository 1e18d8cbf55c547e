"""What the tests of the simulated axis share: a clock, systems, and a client for VXP that knows no code of vndoc.

The client signs as section 8.2 of the protocol says, with the standard library only: it is the other side of the wire.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vndoc.testing.axis import Agency, AxisServer, AxisSimulator, System

START = datetime.datetime(2026, 3, 4, 1, 2, 3, tzinfo=datetime.UTC)

NORTH = System(
    id="00.41.W00",
    secret="secret-north",
    agencies=(
        Agency(code="H41", old_code="000.00.00.H41", name="Cơ quan Bắc"),
        Agency(code="H41.12", name="Sở Bắc", parent="H41"),
    ),
)
SOUTH = System(
    id="00.14.W00",
    secret="secret-south",
    agencies=(
        Agency(code="H14", old_code="000.00.00.H14", name="Cơ quan Nam"),
        Agency(code="H14.12", name="Sở Nam", parent="H14", mail="so@example.com"),
    ),
)


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self, now: datetime.datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime.datetime:
        return self.now

    def advance(self, **parts: float) -> None:
        self.now += datetime.timedelta(**parts)


@contextmanager
def running(**options: Any) -> Iterator[AxisServer]:
    """A served axis with two systems, on a free port."""
    options.setdefault("systems", (NORTH, SOUTH))
    options.setdefault("clock", Clock())
    with AxisSimulator(**options) as axis, AxisServer(axis) as server:
        yield server


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Vxp:
    """One connected system, speaking VXP."""

    port: int
    system: System
    clock: Clock = field(default_factory=Clock)

    def headers(self, parameters: dict[str, str], content_type: str = "application/json") -> dict[str, str]:
        now = self.clock.now.astimezone(datetime.timezone(datetime.timedelta(hours=7)))
        values = {
            "systemid": self.system.id,
            **parameters,
            "timestamp": f"{now:%d%m%YT%H%M%S}+{now.microsecond // 1000:04}",
            "Content-Type": content_type,
        }
        text = json.dumps({f"XroadVnpt-{k}": v for k, v in values.items()}, separators=(",", ":"))
        return {
            **{f"XroadVnpt-{k}": v for k, v in values.items()},
            "Content-Type": content_type,
            "XroadVnpt-sign-header-key": ";".join(values),
            "XroadVnpt-sign-header": text,
            "XroadVnpt-hash-header": hmac.new(self.system.secret.encode(), text.encode(), hashlib.sha256).hexdigest(),
            "User-Agent": "JAVASDKAgent/1.0.0 XRoad/VPCP",
            "XroadVnpt-version": "3.0.201608",
        }

    def ask(self, operation: str, body: bytes = b"{}", method: str = "POST", **parameters: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in parameters.items()}
        return call(self.port, method, f"/{operation}", self.headers(named), body)

    def send(self, packet: bytes, sender: str, *, style: str = "vnpt", **parameters: str) -> Reply:
        digest = hashlib.sha256(packet).digest()
        text = {"vnpt": "".join(f"{b:x}" for b in digest), "hex": digest.hex()}.get(style, style)
        named = {"from": sender, "servicetype": "eDoc", "messagetype": "edoc", "hash-file": text, **parameters}
        headers = self.headers({k: v for k, v in named.items() if v}, "application/octet-stream")
        return call(self.port, "POST", "/sendEdoc", headers, packet + b"\r\n")

    def waiting(self, kind: str = "edoc", **parameters: str) -> list[dict[str, Any]]:
        reply = self.ask("getReceivedEdocList", b"", servicetype="eDoc", messagetype=kind, **parameters)
        assert reply.json["status"] == "OK", reply.json
        return list(reply.json["data"])


def call(port: int, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Reply:
    """One HTTP request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body=body or None, headers=headers or {})
        answer = connection.getresponse()
        return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def raw(port: int, request: bytes) -> Reply:
    """Send *request* as it stands, octet by octet, and read the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        try:
            answer.begin()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            answer.close()


def captured(shared: Path) -> list[tuple[str, bytes]]:
    """The captured requests: operation and octets."""
    found = []
    text = (shared / "vectors" / "vxp_wire.txt").read_text(encoding="utf-8")
    for block in text.split(">>>>>>>>>>\n")[1:]:
        head, _, rest = block.partition("\n<<<<<<<<<<")[0].partition("\n\n[BODY ")
        size, _, body = rest.partition("] ")
        octets = body.replace("\n", "\r\n").encode()[: int(size)]
        assert len(octets) == int(size)
        found.append((head.split()[1], head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + octets))
    return found
