"""Big packets over the simulated axis: in, rewritten and out again with flat memory."""

from __future__ import annotations

import hashlib
import http.client
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

import vndoc
from axis_support import Vxp
from cli_support import document
from test_cli_sim import process, ready
from vndoc.testing.axis import EXAMPLE

MIB = 1024 * 1024
PIECE = bytes(range(256)) * 4096


@attrs.frozen
class Repeated:
    """*size* octets that take no room; *size* is a multiple of a MiB."""

    size: int

    def open(self):
        import io  # noqa: PLC0415 - only here

        class File(io.RawIOBase):
            left = self.size

            def readable(self) -> bool:
                return True

            def readinto(self, buffer) -> int:
                count = min(len(buffer), self.left, len(PIECE) - (-self.left) % len(PIECE))
                start = (-self.left) % len(PIECE)
                buffer[:count] = PIECE[start : start + count]
                self.left -= count
                return count

        return io.BufferedReader(File(), MIB)


def pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(MIB):
            yield piece
    yield b"\r\n"


def peak(pid: int) -> int:
    """Return the most memory that a process had so far, in octets (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
@pytest.mark.parametrize("size", [48 * MIB, pytest.param(1024 * MIB, marks=pytest.mark.long)])
def test_a_big_packet_costs_no_memory(tmp_path: Path, size: int) -> None:
    path = tmp_path / "big.edxml"
    attachment = vndoc.Attachment.of(Repeated(size), name="big.pdf")
    to = (vndoc.Organization(organ_id="H14", organ_name="x"),)
    with path.open("wb") as file:
        vndoc.write_packet(document(to=to, attachments=(attachment,)), to=file)
    with process("--port", "0", "--json", "--data", str(tmp_path / "data")) as running:
        port = int(ready(running)["url"].rpartition(":")[2])
        sender, receiver = Vxp(port, EXAMPLE[0]), Vxp(port, EXAMPLE[1])
        receiver.waiting()
        before = peak(running.pid)
        digest = hashlib.sha256()
        for piece in pieces(path):
            digest.update(piece if piece != b"\r\n" else b"")
        named = {"from": "H41", "messagetype": "edoc", "hash-file": digest.hexdigest()}
        headers = sender.headers(named, "application/octet-stream")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        length = {"Content-Length": str(path.stat().st_size + 2)}
        connection.request("POST", "/sendEdoc", pieces(path), {**headers, **length})
        assert b'"status":"OK"' in connection.getresponse().read()
        (row,) = receiver.waiting()
        for method, operation in (("GET", "downloadEdoc"), ("POST", "getEdoc")):
            connection.request(method, f"/{operation}", headers=receiver.headers({"docId": row["docId"]}))
            answer = connection.getresponse()
            got = 0
            target = tmp_path / operation
            with target.open("wb") as file:
                while piece := answer.read(MIB):
                    got += file.write(piece)
            assert got == int(answer.headers["Content-Length"])
        connection.close()
        grown = peak(running.pid) - before
    assert grown < 40 * MIB, f"{grown // MIB} MiB"
    with vndoc.read(tmp_path / "downloadEdoc") as reading:
        (found,) = reading.document.attachments
        assert (found.size, found.digest()) == (size, attachment.digest())
