"""Contents in an object store that speaks the S3 protocol: any of them, none in particular.

Five requests are used: put, head, get, delete and list (version 2), each signed with AWS Signature Version 4 and
answered by status code and a little XML. TLS is on unless the endpoint says ``http``; redirects are not followed; every
request has a time limit. The secret key stands in no ``repr`` and no error. Needs the extra ``http``.

Source: practice (Amazon S3 API reference; Signature Version 4).
"""

from __future__ import annotations

import datetime
import email.utils
import hashlib
import hmac
import io
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from urllib.parse import quote, urlsplit

import attrs
from lxml import etree

from vndoc.envelope.octets import Octets, sha256
from vndoc.errors import StoreError, UsageError, VndocError
from vndoc.store.blobs import BlobInfo, check_digest, verified
from vndoc.text import Text
from vndoc.xml import parse_document

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

__all__ = ["S3Blobs", "sign"]

MAX_LISTING: Final = 4 * 1024 * 1024
"""Octets of one answer to a listing: a page has at most 1,000 names of a few hundred octets each."""
_SIZE: Final = re.compile(r"[0-9]{1,18}")
_EMPTY: Final = hashlib.sha256(b"").hexdigest()


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def sign(
    *,
    method: str,
    host: str,
    path: str,
    query: Mapping[str, str],
    payload: str,
    at: datetime.datetime,
    key_id: str,
    secret: str,
    region: str,
    headers: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the headers of one request, signed with Signature Version 4 for the service ``s3``.

    *path* is percent-encoded already, *payload* is the SHA-256 of the body in hexadecimal, *headers* are further ones
    to sign. Source: AWS Signature Version 4.
    """
    moment, day = at.strftime("%Y%m%dT%H%M%SZ"), at.strftime("%Y%m%d")
    signed = {"host": host, "x-amz-content-sha256": payload, "x-amz-date": moment, **(headers or {})}
    names = ";".join(sorted(signed))
    lines = [method, path, _canonical_query(query)]
    lines += [f"{name}:{' '.join(signed[name].split())}" for name in sorted(signed)]
    lines += ["", names, payload]
    scope = f"{day}/{region}/s3/aws4_request"
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    key = b"AWS4" + secret.encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    value = hmac.digest(key, f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}".encode(), "sha256").hex()
    found = {name: text for name, text in signed.items() if name != "host"}
    found["Authorization"] = f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, Signature={value}"
    return found


def _canonical_query(query: Mapping[str, str]) -> str:
    return "&".join(sorted(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in query.items()))


_ENDPOINT: Final = Text("địa chỉ phải có dạng http(s)://máy[:cổng]", "the endpoint is http(s)://host[:port]")
_UNUSABLE: Final = Text("giá trị không dùng được: {name}", "a value that cannot be used: {name}")
_BUCKET: Final = Text("thiếu tên ngăn chứa (bucket)", "the bucket has no name")
_TOO_LARGE: Final = Text("danh sách quá lớn", "the listing is too large")
_NO_XML: Final = Text("danh sách không phải XML", "the listing is not XML")
_NO_END: Final = Text("danh sách không có điểm kết thúc", "the listing has no end")
_NO_SIZE: Final = Text("câu trả lời không có kích thước", "an answer without a size")
_NO_DATE: Final = Text("câu trả lời không có ngày giờ", "an answer without a date")


@attrs.frozen(kw_only=True)
class S3Blobs:
    """Contents as objects ``<prefix><sha-256>`` in one bucket, addressed by path.

    *endpoint* is such as ``https://s3.example.vn:9000``; *timeout* (seconds) holds for connecting and for each read.
    The bucket must exist. What the service promises when it answers a put is the durability there is.
    """

    endpoint: str
    bucket: str
    key_id: str = attrs.field(repr=False)
    secret: str = attrs.field(repr=False)
    region: str = "us-east-1"
    prefix: str = ""
    timeout: float = 30.0
    ca_file: str | None = None
    clock: Callable[[], datetime.datetime] = attrs.field(default=_now, repr=False)
    _pool: PoolManager = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if _host_of(self.endpoint) is None:
            raise StoreError("blob-settings", detail=_ENDPOINT)
        if not self.bucket or "/" in self.bucket:
            raise StoreError("blob-settings", detail=_BUCKET)
        for name, usable in (
            ("bucket", self.bucket.isprintable()),
            ("prefix", self.prefix.isprintable()),
            ("key_id", self.key_id.isprintable() and self.key_id.isascii()),
            ("secret", self.secret.isprintable()),
            ("region", self.region.isprintable() and self.region.isascii()),
            ("timeout", self.timeout > 0),
            ("ca_file", self.ca_file is None or Path(self.ca_file).is_file()),
        ):
            if not usable:
                raise StoreError("blob-settings", detail=_UNUSABLE.filled(name=name))
        try:
            import urllib3  # noqa: PLC0415 - an extra, loaded where it is used
        except ImportError as error:
            raise UsageError("extra-missing", found="http") from error
        limits = urllib3.Timeout(connect=self.timeout, read=self.timeout)
        pool = urllib3.PoolManager(timeout=limits, retries=False, ca_certs=self.ca_file)
        object.__setattr__(self, "_pool", pool)

    def put(self, octets: Octets) -> BlobInfo:
        """See :meth:`vndoc.store.Blobs.put`; the octets are read twice, once for their digest."""
        digest, size = sha256(octets), octets.size
        with octets.open() as body:
            answer = self._ask("PUT", self._path(digest), payload=digest.hex(), body=body, size=size)
            self._expect(answer, 200, 204)
        return BlobInfo(digest, size, self.clock())

    def head(self, digest: bytes) -> BlobInfo | None:
        """See :meth:`vndoc.store.Blobs.head`."""
        answer = self._ask("HEAD", self._path(digest))
        if answer.status == 404:
            return None
        self._expect(answer, 200)
        return BlobInfo(digest, _size(answer.headers.get("Content-Length")), _http_date(answer))

    def open(self, digest: bytes) -> BinaryIO:
        """See :meth:`vndoc.store.Blobs.open`; the content is streamed and cannot be sought in."""
        answer = self._ask("GET", self._path(digest), stream=True)
        if answer.status == 404:
            answer.close()
            raise StoreError("blob-missing", name=digest.hex())
        self._expect(answer, 200)
        return verified(_Body(answer), digest)

    def delete(self, digest: bytes) -> None:
        """See :meth:`vndoc.store.Blobs.delete`."""
        self._expect(self._ask("DELETE", self._path(digest)), 200, 204, 404)

    def list(self) -> Iterator[BlobInfo]:
        """See :meth:`vndoc.store.Blobs.list`; page by page."""
        token: str | None = None
        while True:
            query = {"list-type": "2", "prefix": self.prefix}
            if token is not None:
                query["continuation-token"] = token
            answer = self._ask("GET", f"/{quote(self.bucket)}", query=query, stream=True)
            self._expect(answer, 200)
            page = _Listing.read(answer)
            yield from page.contents(self.prefix)
            if page.token is None:
                return
            if page.token == token:
                raise StoreError("blob-unavailable", detail=_NO_END)
            token = page.token

    def _path(self, digest: bytes) -> str:
        return "/" + quote(f"{self.bucket}/{self.prefix}{check_digest(digest)}", safe="/-_.~")

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        payload: str = _EMPTY,
        body: BinaryIO | None = None,
        size: int = 0,
        stream: bool = False,
    ) -> BaseHTTPResponse:
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - as above

        parts = urlsplit(self.endpoint)
        headers = sign(
            method=method,
            host=parts.netloc,
            path=path,
            query=query or {},
            payload=payload,
            at=self.clock(),
            key_id=self.key_id,
            secret=self.secret,
            region=self.region,
        )
        if body is not None:
            headers["Content-Length"] = str(size)
        url = f"{parts.scheme}://{parts.netloc}{path}" + (f"?{_canonical_query(query)}" if query else "")
        try:
            return self._pool.request(
                method, url, headers=headers, body=body, redirect=False, preload_content=not stream
            )
        except HTTPError as error:
            raise StoreError("blob-unavailable", detail=type(error).__name__) from error

    @staticmethod
    def _expect(answer: BaseHTTPResponse, *codes: int) -> None:
        if answer.status in codes:
            return
        answer.close()
        detail = f"HTTP {answer.status}"
        if answer.status in {401, 403}:
            raise StoreError("blob-refused", detail=detail)
        if answer.status == 507:
            raise StoreError("blob-full", detail=detail)
        if answer.status >= 500 or answer.status in {408, 429}:
            raise StoreError("blob-unavailable", detail=detail)
        raise StoreError("blob-settings", detail=detail)


class _Body(io.RawIOBase):
    """The body of an answer as a file: what breaks in the middle is an error of ours."""

    def __init__(self, answer: BaseHTTPResponse) -> None:
        super().__init__()
        self._answer = answer

    def read(self, size: int = -1, /) -> bytes:
        """Read up to *size* octets."""
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - an extra, loaded where it is used

        try:
            return self._answer.read(None if size < 0 else size)
        except HTTPError as error:
            raise StoreError("blob-unavailable", detail=type(error).__name__) from error

    def readinto(self, buffer: Any, /) -> int:
        """Read into *buffer*."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Give the connection up, too."""
        if not self.closed:
            self._answer.close()
        super().close()


@attrs.frozen
class _Listing:
    """One page of a listing."""

    root: etree._Element
    token: str | None

    @classmethod
    def read(cls, answer: BaseHTTPResponse) -> _Listing:
        """Return the page that *answer* holds."""
        data = _Body(answer).read(MAX_LISTING + 1)
        answer.close()
        if len(data) > MAX_LISTING:
            raise StoreError("blob-unavailable", detail=_TOO_LARGE)
        try:
            root = parse_document(data)
        except VndocError as error:
            raise StoreError("blob-unavailable", detail=_NO_XML) from error
        more = (root.findtext("{*}IsTruncated") or "").strip() == "true"
        token = root.findtext("{*}NextContinuationToken") if more else None
        if more and not token:
            raise StoreError("blob-unavailable", detail=_NO_END)
        return cls(root, token)

    def contents(self, prefix: str) -> Iterator[BlobInfo]:
        """Yield the contents on this page."""
        for entry in self.root.iterfind("{*}Contents"):
            name = (entry.findtext("{*}Key") or "").removeprefix(prefix)
            try:
                digest = bytes.fromhex(name)
                put_at = datetime.datetime.fromisoformat(entry.findtext("{*}LastModified") or "")
                known = None if put_at.tzinfo is None else put_at.astimezone(datetime.UTC)
            except (ValueError, OverflowError):
                continue  # another program's object, or one that we cannot date and so must not collect
            if len(digest) == 32 and known is not None:
                yield BlobInfo(digest, _size(entry.findtext("{*}Size")), known)


def _host_of(endpoint: str) -> str | None:
    """Return the host that *endpoint* names, None where it is not as it must be."""
    try:
        parts = urlsplit(endpoint)
        _ = parts.port  # it is looked at when it is asked for
    except ValueError:
        return None
    usable = parts.scheme in {"http", "https"} and endpoint.isprintable() and endpoint.isascii()
    more = parts.username or parts.path not in {"", "/"} or parts.query or parts.fragment
    return None if more or not usable else parts.hostname


def _size(text: str | None) -> int:
    if text is None or not _SIZE.fullmatch(text):
        raise StoreError("blob-unavailable", detail=_NO_SIZE)
    return int(text)


def _http_date(answer: BaseHTTPResponse) -> datetime.datetime:
    try:
        return email.utils.parsedate_to_datetime(answer.headers["Last-Modified"]).astimezone(datetime.UTC)
    except (KeyError, ValueError, OverflowError) as error:
        raise StoreError("blob-unavailable", detail=_NO_DATE) from error
