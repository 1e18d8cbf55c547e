"""A small server that speaks as much S3 as the store needs, checks every signature, and misbehaves on demand.

The check of the signature is written from the rules of Signature Version 4 on its own, over the request as it came.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote, urlsplit

SECRET = "fictional-secret"
PAGE = 2


class FakeS3(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[str, tuple[bytes, datetime.datetime]] = {}
        self.answer: int | None = None
        self.cut = False
        self.listing: bytes | None = None
        self.headers_out: dict[str, str | None] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


def expected_signature(method: str, target: str, headers: dict[str, str], secret: str) -> str:
    fields = dict(part.strip().split("=", 1) for part in headers["authorization"].split(" ", 1)[1].split(","))
    scope = fields["Credential"].split("/", 1)[1]
    parts = urlsplit(target)
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in parse_qsl(parts.query, True))
    canonical = f"{method}\n{parts.path}\n" + "&".join(f"{k}={v}" for k, v in pairs) + "\n"
    for name in fields["SignedHeaders"].split(";"):
        canonical += f"{name}:{headers[name].strip()}\n"
    canonical += f"\n{fields['SignedHeaders']}\n{headers['x-amz-content-sha256']}"
    text = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeS3

    def log_message(self, *args: object) -> None:
        pass

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        sent = {"Content-Length": str(len(body)), **{k.replace("_", "-"): v for k, v in headers.items()}}
        sent |= {k: v for k, v in self.server.headers_out.items() if v is not None}
        for name, value in sent.items():
            if self.server.headers_out.get(name, "") is not None:
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if self.server.cut else body)
        if self.server.cut:
            self.close_connection = True

    def handle_one(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        given = headers["authorization"].rsplit("Signature=", 1)[1]
        if self.server.answer is not None:
            return self.reply(self.server.answer, b"<Error/>", Location="http://127.0.0.1:1/")
        if given != expected_signature(self.command, self.path, headers, SECRET):
            return self.reply(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        parts = urlsplit(self.path)
        key = unquote(parts.path).removeprefix("/bucket").removeprefix("/")
        if not key:
            return self.list(dict(parse_qsl(parts.query)))
        return getattr(self, f"on_{self.command.lower()}")(key, data, headers)

    do_GET = do_PUT = do_HEAD = do_DELETE = handle_one  # noqa: N815 - the names that the base class calls

    def on_put(self, key: str, data: bytes, headers: dict[str, str]) -> None:
        if hashlib.sha256(data).hexdigest() != headers["x-amz-content-sha256"]:
            return self.reply(400)
        self.server.objects[key] = (data, datetime.datetime.now(datetime.UTC).replace(microsecond=0))
        return self.reply(200)

    def on_get(self, key: str, _data: bytes, _headers: object) -> None:
        if key not in self.server.objects:
            return self.reply(404, b"<Error><Code>NoSuchKey</Code></Error>")
        data, at = self.server.objects[key]
        return self.reply(200, data, Last_Modified=format_datetime(at, usegmt=True))

    on_head = on_get

    def on_delete(self, key: str, _data: bytes, _headers: object) -> None:
        self.server.objects.pop(key, None)
        self.reply(204)

    def list(self, query: dict[str, str]) -> None:
        if self.server.listing is not None:
            return self.reply(200, self.server.listing)
        keys = sorted(k for k in self.server.objects if k.startswith(query.get("prefix", "")))
        keys = [k for k in keys if k > query.get("continuation-token", "")]
        entries = "".join(
            f"<Contents><Key>{k}</Key><LastModified>{self.server.objects[k][1]:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f"<Size>{len(self.server.objects[k][0])}</Size></Contents>"
            for k in keys[:PAGE]
        )
        more = len(keys) > PAGE
        token = f"<NextContinuationToken>{keys[PAGE - 1]}</NextContinuationToken>" if more else ""
        body = f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{entries}"
        xmlns = "http://s3.amazonaws.com/doc/2006-03-01/"
        return self.reply(200, f'<ListBucketResult xmlns="{xmlns}">{body}</ListBucketResult>'.encode())


@contextmanager
def running() -> Iterator[FakeS3]:
    with FakeS3() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
