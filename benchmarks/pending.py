"""List 100,000 statuses that wait at an axis, over each of the three HTTP protocols, and show what memory it takes.

    python benchmarks/pending.py            100,000
    python benchmarks/pending.py 10000

The carrier runs in a child process of its own, so that its peak memory is its own; the other side is a small server in
this process that looks at the dates it is asked for. The statuses are ten seconds apart. The national axis and the LGSP
are asked in windows of time, so that the list of all must take no more than that of half of them: a page, which is two
days at least at the LGSP. The eDoc REST service knows no windows: it answers with ids alone, and all of them.
"""

from __future__ import annotations

import argparse
import bisect
import contextlib
import datetime
import http.server
import json
import threading
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from measure import ended, head, peak_mib, row

FEW = 100
HALF_MUST_MIB = 8.0
"""What all may take above half of them, where they are asked for in windows."""
EDOC_MUST_MIB = 64.0
"""What the ids of all may take above those of a few: their octets, and one small value for each."""

CHILD = """
import sys
from vndoc.transport import Kind
from vndoc.transport.edoc_rest import EdocRestTransport
from vndoc.transport.http import HttpOptions
from vndoc.transport.lgsp import LgspTransport
from vndoc.transport.vxp import VxpTransport

way, url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
options = HttpOptions(read_timeout=120, total_timeout=600)
carrier = {
    "vxp": lambda: VxpTransport.connect(url, system_id="a", secret="bi-mat-vi-du", http=options),
    "lgsp": lambda: LgspTransport.connect(
        url, username="a", password="mat-khau", system_id="a", secret="bi-mat-vi-du", http=options, deep=365
    ),
    "edoc": lambda: EdocRestTransport.connect(url, organ="H14", token="bi-mat-vi-du", http=options),
}[way]()
found = sum(1 for _ in carrier.pending(Kind.STATUS))
assert found == count, found
print(peak())
"""

VIETNAM = datetime.timezone(datetime.timedelta(hours=7))


class Axis(http.server.BaseHTTPRequestHandler):
    """Lists what waits."""

    protocol_version = "HTTP/1.1"
    rows: tuple[bytes, ...] = ()
    times: tuple[datetime.datetime, ...] = ()

    def do_POST(self) -> None:
        """The login of the LGSP, and the list of the national axis."""
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/v1/auth/login"):
            self._say(b'{"code":200,"data":{"token":"the-vi-du"}}')
        else:
            since, until = (self.headers.get(f"XroadVnpt-{name}") for name in ("fromDate", "toDate"))
            window = [_moment(text, "%d/%m/%Y %H:%M:%S") for text in (since, until) if text is not None]
            self._say(b'{"status":"OK","ErrorCode":"0","data":[%b]}' % self._between(*(window or ALWAYS)))

    def do_GET(self) -> None:
        """The lists of the LGSP and of the eDoc REST service."""
        asked = urlsplit(self.path)
        if asked.path == "/getPendingDocIds":
            ids = b",".join(b'{"docId":"%024x"}' % place for place in range(len(self.rows)))
            self._say(b'{"status":"Success","code":"0","errors":[],"data":[%b]}' % ids)
        else:
            days = {name: values[0] for name, values in parse_qs(asked.query).items()}
            first, last = (_moment(days[name], "%Y/%m/%d") for name in ("fromDate", "toDate"))
            self._say(b'{"code":0,"data":[%b]}' % self._between(first, last + datetime.timedelta(days=1)))

    def _between(self, first: datetime.datetime, last: datetime.datetime) -> bytes:
        return b",".join(self.rows[bisect.bisect_left(self.times, first) : bisect.bisect_right(self.times, last)])

    def _say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        """Serve one connection; the client drops it where an answer is more than it takes, and asks for less."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def finish(self) -> None:
        """As above: what is left to be written is not wanted."""
        with contextlib.suppress(ConnectionError):
            super().finish()

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


ALWAYS = datetime.datetime.min.replace(tzinfo=VIETNAM), datetime.datetime.max.replace(tzinfo=VIETNAM)


def _moment(text: str, form: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, form).replace(tzinfo=VIETNAM)


def axis(count: int) -> type[Axis]:
    """Return the server's handler with *count* statuses, one each ten seconds until now."""
    now = datetime.datetime.now(VIETNAM).replace(microsecond=0)
    times = tuple(now - datetime.timedelta(seconds=10) * (count - place) for place in range(count))
    rows = tuple(
        json.dumps(
            {
                "docId": f"{place:024x}", "serviceType": "eDoc", "messageType": "status",
                "created_time": f"{at:%d/%m/%Y %H:%M:%S}", "updated_time": f"{at:%d/%m/%Y %H:%M:%S}",
                "from": "H41.12", "to": "H14.12", "status": "initial",
            }
        ).encode()
        for place, at in enumerate(times)
    )  # fmt: skip
    return type("Waiting", (Axis,), {"rows": rows, "times": times})


def peak(way: str, count: int) -> float:
    """Return the peak memory of a child that lists *count*."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), axis(count))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        return peak_mib(CHILD, way, f"http://127.0.0.1:{server.server_address[1]}", str(count))
    finally:
        server.shutdown()
        server.server_close()


def _told(what: str, found: float, must: float | None) -> None:
    wanted = "" if must is None else f"<= {must:g} MiB"
    row(what, f"{found:.1f} MiB", wanted, ok=must is None or found <= must)


def main() -> int:
    """Measure, print, and return what the run ends with."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int, nargs="?", default=100_000)
    count = parser.parse_args().count
    head()
    for way, name in (("vxp", "national axis"), ("lgsp", "LGSP"), ("edoc", "eDoc REST")):
        few, half = peak(way, FEW), peak(way, count // 2)
        began = time.perf_counter()
        every = peak(way, count)
        seconds = time.perf_counter() - began
        what = f"{name}: {count:,} waiting"
        _told(f"{what}, memory above {FEW}", every - few, EDOC_MUST_MIB if way == "edoc" else None)
        _told(f"{what}, memory above {count // 2:,}", every - half, None if way == "edoc" else HALF_MUST_MIB)
        row(f"{what}, time", f"{seconds:.1f} s")
    return ended()


if __name__ == "__main__":
    raise SystemExit(main())
