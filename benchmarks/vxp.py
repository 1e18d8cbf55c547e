"""Carry a packet of 1 GB over the national axis' protocol, there and back, and show that it takes no memory.

    python benchmarks/vxp.py            1 GB (about a minute)
    python benchmarks/vxp.py --quick    100 MB

The carrier runs in a child process of its own, so that its peak memory is its own; the other side is a small server in
this process that takes in what is sent, hashes it, and gives out a packet of the same size, by ``downloadEdoc`` and by
``getEdoc`` (base64 in JSON). What is not measured: reading the packet, which is :mod:`benchmarks.test_read`'s.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import http.server
import threading
import time
from collections.abc import Iterator
from typing import Any

from measure import ended, head, peak_mib, row

MB = 1_000_000
MUST_MIB = 24.0
"""What a packet may take above a packet of a few octets: pieces on their way, and the libraries' buffers."""

BLOCK = bytes(i * 7 % 251 for i in range(65_535))

CHILD = """
import hashlib, sys
from vndoc.transport import Item, Kind, Outgoing
from vndoc.transport.http import HttpOptions
from vndoc.transport.secret import Secret
from vndoc.transport.vxp import VxpClient, VxpTransport
from vndoc.packets.files import TemporarySpool

way, url, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
block = bytes(i * 7 % 251 for i in range(65_535))
client = VxpClient(url, system_id="00.41.W00", secret=Secret("bi-mat-vi-du"), options=HttpOptions(read_timeout=120))
carrier = VxpTransport(client)
if way == "send":
    spool, digest, left = TemporarySpool(), hashlib.sha256(), size
    while left:
        piece = block[:left]
        spool.write(piece)
        digest.update(piece)
        left -= len(piece)
    packet = Outgoing(message_id="1", kind=Kind.DOCUMENT, sender="H41", content=spool, sha256=digest.digest())
    assert carrier.submit(packet, ["H14"]).transport_id == digest.hexdigest()
else:
    with carrier.fetch(Item(id=f"{way}-{size}", kind=Kind.DOCUMENT)) as content:
        assert content.size == size + 13, content.size
print(peak())
"""


def packet(size: int) -> Iterator[bytes]:
    """Yield a packet of *size* octets and 13 more, in pieces that are no multiple of anything."""
    yield b"<edXML>"
    left = size
    while left:
        yield BLOCK[:left]
        left -= min(left, len(BLOCK))
    yield b"</edXM"


class Axis(http.server.BaseHTTPRequestHandler):
    """Takes in and gives out; nothing is kept."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """``sendEdoc`` answers with the digest of what came; ``getEdoc`` with base64."""
        left = int(self.headers["Content-Length"])
        if self.path == "/getEdoc":
            self.rfile.read(left)
            self._base64(self._wanted())
            return
        digest, tail = hashlib.sha256(), b""
        while left:
            piece = self.rfile.read(min(left, 1 << 20))
            left -= len(piece)
            held = tail + piece
            digest.update(held[:-2])
            tail = held[-2:]
        assert tail == b"\r\n"
        self._head(len(body := b'{"status":"OK","ErrorCode":"0","DocId":"%b"}' % digest.hexdigest().encode()))
        self.wfile.write(body)

    def do_GET(self) -> None:
        """``downloadEdoc``, but for those who are to use the other way."""
        if self.headers["XroadVnpt-docId"].startswith("get-"):
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        size = self._wanted()
        self._head(size + 13)
        for piece in packet(size):
            self.wfile.write(piece)

    def _base64(self, size: int) -> None:
        first, last = b'{"status":"OK","ErrorCode":"0","data":"', b'"}'
        self._head(len(first) + (size + 13 + 2) // 3 * 4 + len(last))
        self.wfile.write(first)
        held = b""
        for piece in packet(size):
            held += piece
            whole = len(held) // 3 * 3
            self.wfile.write(base64.b64encode(held[:whole]))
            held = held[whole:]
        self.wfile.write(base64.b64encode(held) + last)

    def _wanted(self) -> int:
        return int(self.headers["XroadVnpt-docId"].partition("-")[2])

    def _head(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


def main() -> int:
    """Measure, print, and return what the run ends with."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="100 MB instead of 1 GB")
    size = (100 if parser.parse_args().quick else 1000) * MB
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Axis)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    head()
    for way, name in (("send", "sendEdoc"), ("download", "downloadEdoc"), ("get", "getEdoc, base64 in JSON")):
        little = peak_mib(CHILD, way, url, str(MB))
        began = time.perf_counter()
        much = peak_mib(CHILD, way, url, str(size))
        seconds = time.perf_counter() - began
        more = much - little
        what = f"{name}: {size // MB} MB"
        row(
            f"{what}, memory above 1 MB",
            f"{more:.1f} MiB",
            f"<= {MUST_MIB:g} MiB",
            ok=more <= MUST_MIB,
        )
        row(f"{what}, time", f"{seconds:.1f} s")
    server.shutdown()
    return ended()


if __name__ == "__main__":
    raise SystemExit(main())
