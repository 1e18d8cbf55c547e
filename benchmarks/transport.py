"""Carry a packet of 1 GB through folders and beside the messages of RabbitMQ, there and back; count small ones.

    python benchmarks/transport.py            1 GB (about a minute, 4 GB of disk)
    python benchmarks/transport.py --quick    100 MB

Each way runs in a child process of its own, so that its peak memory is its own; what must be met is how much it lies
above that of a packet of a few octets. RabbitMQ is measured where ``VNDOC_TEST_RABBITMQ`` or this machine has one.
"""

from __future__ import annotations

import argparse
import os
import socket
import tempfile
import time
from urllib.parse import urlsplit

from measure import ended, head, peak_mib, row

MB = 1_000_000
MUST_MIB = 8.0
"""What a packet may take above a packet of a few octets: pieces on their way."""

CHILD = """
import hashlib, os, sys
from pathlib import Path
from vndoc.testing.contract import PatternOctets
from vndoc.transport import Kind, Outgoing, Settlement, SpoolTransport

way, url, size, folder, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]), int(sys.argv[5])
codes = ("H14.01", "H14.02")
if way == "spool":
    for code in codes:
        SpoolTransport.create(folder / code)
    (folder / codes[0] / "outgoing" / codes[1]).symlink_to(folder / codes[1] / "incoming")
    one, two = (SpoolTransport(folder / code, [code]) for code in codes)
else:
    from vndoc.transport.amqp import AmqpTransport
    prefix = "vndoc-bench-" + os.urandom(4).hex()
    one, two = (AmqpTransport(url, [code], blobs=folder, prefix=prefix) for code in codes)
    two.declare()

def digest_of(octets):
    digest = hashlib.sha256()
    with octets.open() as file:
        while piece := file.read(1 << 16):
            digest.update(piece)
    return digest.digest()

octets = PatternOctets(size)
sha256 = digest_of(octets)
for number in range(count):
    packet = Outgoing(message_id=str(number), kind=Kind.DOCUMENT, sender=codes[0], content=octets, sha256=sha256)
    assert one.submit(packet, codes[1:]).accepted == codes[1:]
items = list(two.pending(Kind.DOCUMENT))
assert len(items) == count
for item in items:
    with two.fetch(item) as content:
        assert (content.size, digest_of(content)) == (size, sha256)
    two.settle(item, Settlement.DONE)
if way == "amqp":
    session = one._ready()
    for code in codes:
        for kind in Kind:
            for ending in ("", ".dead"):
                session.call("queue_delete", f"{prefix}.{code}.{kind.value}{ending}")
    session.call("exchange_delete", prefix)
one.close(), two.close()
print(peak())
"""


def carried(way: str, url: str, size: int, count: int = 1) -> tuple[float, float]:
    """Return the peak memory in MiB and the seconds of *count* packets of *size* octets, there and back."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        peak = peak_mib(CHILD, way, url, str(size), folder, str(count))
        return peak, time.perf_counter() - start


def rabbitmq() -> str:
    """Return the address of a RabbitMQ that answers, or nothing."""
    url = os.environ.get("VNDOC_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672/%2F")
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 5672), 2).close()
    except OSError:
        return ""
    return url


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 MB instead of 1 GB")
    size = 100 * MB if parser.parse_args().quick else 1_000 * MB
    url = rabbitmq()
    head()
    for way in ("spool", "amqp") if url else ("spool",):
        base, start = carried(way, url, 10)
        peak, seconds = carried(way, url, size)
        above = peak - base
        row(
            f"{way}: {size // MB} MB, memory above a small packet",
            f"{above:.1f} MiB",
            f"<= {MUST_MIB:g} MiB",
            ok=above <= MUST_MIB,
        )
        row(
            f"{way}: {size // MB} MB, there and back",
            f"{seconds - start:.1f} s, {size / MB / (seconds - start):.0f} MB/s",
        )
        _, many = carried(way, url, 4_000, 500)
        row(f"{way}: packets of 4 kB, one after the other, there and back", f"{499 / (many - start):.0f} /s")
    if not url:
        row("amqp", "no RabbitMQ here")
    return ended()


if __name__ == "__main__":
    raise SystemExit(main())
