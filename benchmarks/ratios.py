"""Measure vndoc against the floor and the peers in one run, print a Markdown table, fail where a must is missed.

    python benchmarks/ratios.py            everything (two to three minutes)
    python benchmarks/ratios.py --quick    without 100 MB and memory

The floor of reading is pybase64 decoding of the one-line base64 plus SHA-256 of the decoded octets. Each
figure is the median of interleaved repetitions in one process; imports and memory are measured in child
processes. Only ratios count: absolute times depend on the machine.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pybase64
from lxml import etree

import vndoc
from measure import PEAK, ended, head, medians, row
from packets import KB, MB, octets, utf16_file, wrapped

MIB = 1024 * 1024
SIZES = {"0": 0, "10 kB": 10 * KB, "100 kB": 100 * KB, "1 MB": MB, "10 MB": 10 * MB, "100 MB": 100 * MB}
READ_MUSTS = {"1 MB": 2.0, "10 MB": 1.5, "100 MB": 1.5}
HEADER_MUST = 6.0
WRAPPED_MUST = 2.6
VALIDATE_MUST_MS = 1.5
VALIDATE_SAME = 1.25
IMPORT_MUST = 1.25
MEMORY_MUST_MIB = 24.0
_HOLDER = "{http://www.mic.gov.vn/TBT/QCVN_102_2016}ContentTransferEncoded"


def read_and_digest(source: bytes | str) -> None:
    """The job itself: read, and digest every attachment."""
    with vndoc.read(source) as reading:
        for attachment in reading.document.attachments:
            attachment.digest()


def read_stream_and_digest(data: bytes) -> None:
    """The same from an open binary file."""
    with vndoc.read(io.BytesIO(data)) as reading:
        for attachment in reading.document.attachments:
            attachment.digest()


def dom_and_digest(data: bytes) -> None:
    """The plain way: one tree, one string, one decoded copy."""
    root = etree.fromstring(data, etree.XMLParser(huge_tree=True, resolve_entities=False))
    for holder in root.iter(_HOLDER):
        hashlib.sha256(base64.b64decode(holder.text or "")).digest()


def floor_of(data: bytes) -> Callable[[], object]:
    """Return the floor for the packet *data*: its base64 text, decoded and hashed."""
    text = etree.fromstring(data, etree.XMLParser(huge_tree=True)).find(f".//{_HOLDER}").text.encode()
    return lambda: hashlib.sha256(pybase64.b64decode(text, validate=True)).digest()


def from_files(data: bytes, folder: str) -> dict[str, Callable[[], object]]:
    """Return the job on a file given by its path, and on an open one."""
    path = Path(folder) / "packet.edxml"
    path.write_bytes(data)
    return {"path": partial(read_and_digest, str(path)), "stream": partial(read_stream_and_digest, data)}


def reading(folder: str, *, quick: bool) -> None:
    """Reading with every attachment digested."""
    for name, size in SIZES.items():
        if quick and size > 10 * MB:
            continue
        data = octets(size)
        if not size:
            times = medians({"bare": partial(etree.fromstring, data), "read": partial(vndoc.read, data)}, seconds=3)
            ratio = times["read"] / times["bare"]
            row(
                f"read, no attachment ({len(data)} octets) / bare lxml.etree.fromstring",
                f"{ratio:.2f}",
                f"<= {HEADER_MUST}",
                ok=ratio <= HEADER_MUST,
            )
            continue
        jobs = {"floor": floor_of(data), "read": partial(read_and_digest, data), "dom": partial(dom_and_digest, data)}
        if name in ("1 MB", "10 MB"):
            jobs |= from_files(data, folder)
        times = medians(jobs)
        ratio, must = times["read"] / times["floor"], READ_MUSTS.get(name)
        row(
            f"read + digest, {name} / floor ({times['floor'] * 1e3:.2f} ms)",
            f"{ratio:.2f}",
            f"<= {must}" if must else "",
            ok=must is None or ratio <= must,
        )
        row(f"plain DOM + base64 + digest, {name} / floor", f"{times['dom'] / times['floor']:.2f}")
        for source in sorted(set(times) & {"path", "stream"}):
            ratio = times[source] / times["floor"]
            row(
                f"read + digest, {name}, {source} / floor",
                f"{ratio:.2f}",
                f"<= {must}",
                ok=must is None or ratio <= must,
            )
    data = octets(10 * MB)
    broken = wrapped(data)
    times = medians({"floor": floor_of(data), "read": lambda: read_and_digest(broken)})
    ratio = times["read"] / times["floor"]
    row(
        "read + digest, 10 MB wrapped at 76 columns / floor",
        f"{ratio:.2f}",
        f"<= {WRAPPED_MUST}",
        ok=ratio <= WRAPPED_MUST,
    )
    wide = data.decode().replace('"UTF-8"', '"UTF-16"', 1).encode("utf-16")
    times = medians({"floor": floor_of(data), "read": lambda: read_and_digest(wide)})
    row("read + digest, 10 MB in UTF-16 (stream route) / floor", f"{times['read'] / times['floor']:.2f}")
    many = octets(MB, count=10)
    times = medians({"floor": floor_of(data), "read": lambda: read_and_digest(many)})
    row("read + digest, 10 attachments of 1 MB / floor of 10 MB", f"{times['read'] / times['floor']:.2f}")


def writing() -> None:
    """Writing a packet that was read."""
    packet = vndoc.read(octets(10 * MB)).packet
    content = packet.attachments[0].open().read()  # type: ignore[union-attr]
    times = medians({"floor": lambda: pybase64.b64encode(content), "write": lambda: vndoc.write_packet(packet)})
    row("write, 10 MB / pybase64 encoding", f"{times['write'] / times['floor']:.2f}")


def validating() -> None:
    """Validation of a reading."""
    readings = {name: vndoc.read(octets(size)) for name, size in (("0", 0), ("100 kB", 100 * KB), ("10 MB", 10 * MB))}
    times = medians({n: (lambda r=r: vndoc.validate(r)) for n, r in readings.items()}, seconds=3)
    for name, seconds in times.items():
        row(
            f"validate a reading, {name}",
            f"{seconds * 1e3:.2f} ms",
            f"<= {VALIDATE_MUST_MS} ms",
            ok=seconds * 1e3 <= VALIDATE_MUST_MS,
        )
    # one attachment has rules of its own, so the fair comparison is 100 kB with 10 MB
    ratio = times["10 MB"] / times["100 kB"]
    row("validate, 10 MB / 100 kB", f"{ratio:.2f}", f"<= {VALIDATE_SAME}", ok=ratio <= VALIDATE_SAME)
    ratio = times["10 MB"] / times["0"]
    row("validate, 10 MB / no attachment", f"{ratio:.2f}", f"<= {VALIDATE_SAME}", ok=ratio <= VALIDATE_SAME)


def seconds_of(code: str, cache: str) -> float:
    """Return the wall time of a child interpreter that runs *code*, with compiled modules in the folder *cache*."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = cache
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    return time.perf_counter() - start


def importing() -> None:
    """Import time over an empty interpreter."""
    codes = {
        "nothing": "pass",
        "parts": "import lxml.etree, cryptography.x509, attrs",
        "import": "import vndoc",
        "all": "import vndoc; vndoc.read, vndoc.write_packet, vndoc.validate",
    }
    taken: dict[str, list[float]] = {name: [] for name in codes}
    with tempfile.TemporaryDirectory() as cache:
        for code in codes.values():
            seconds_of(code, cache)
        for _ in range(15):
            for name, code in codes.items():
                taken[name].append(seconds_of(code, cache))
    times = {name: statistics.median(values) for name, values in taken.items()}
    base = times["parts"] - times["nothing"]
    for name, what in (("import", "import vndoc"), ("all", "import vndoc and load read, write_packet, validate")):
        ratio = (times[name] - times["nothing"]) / base
        row(
            f"{what} / lxml.etree + cryptography.x509 + attrs ({base * 1e3:.0f} ms)",
            f"{ratio:.2f}",
            f"<= {IMPORT_MUST}",
            ok=ratio <= IMPORT_MUST,
        )


_CHILD = """
import sys, vndoc
vndoc.read, vndoc.write_packet, vndoc.validate
before = peak()
with vndoc.read(sys.argv[1]) as reading:
    for attachment in reading.document.attachments:
        attachment.digest()
    print(reading.skeleton.route, peak() - before)
"""


def memory() -> None:
    """Peak memory of reading a file with a 100 MB attachment, in a child process."""
    with tempfile.TemporaryDirectory() as folder:
        fast, slow = Path(folder) / "fast.edxml", Path(folder) / "slow.edxml"
        fast.write_bytes(octets(100 * MB))
        utf16_file(slow, 100 * MB)
        for path in (fast, slow):
            command = [sys.executable, "-c", PEAK + _CHILD, str(path)]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            route, kib = out.split()
            mib = int(kib) / 1024
            row(
                f"peak memory over import, 100 MB file, {route} route",
                f"{mib:.1f} MiB",
                f"<= {MEMORY_MUST_MIB:.0f} MiB",
                ok=mib <= MEMORY_MUST_MIB,
            )


def main() -> int:
    """Run all measurements; return 1 where a must is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="leave out 100 MB and memory")
    quick = parser.parse_args().quick
    head()
    with tempfile.TemporaryDirectory() as folder:
        reading(folder, quick=quick)
    writing()
    validating()
    importing()
    if not quick:
        memory()
    return ended()


if __name__ == "__main__":
    raise SystemExit(main())
