"""The fetcher over HTTP: what is allowed is asked for, within time and size, and everything else has a code.

Redirects are followed inside the allow-list only. Names are looked up once, and the connection goes to an address that
was looked at, so a second answer of the name server leads nowhere. The proxy of the environment is not used.

Sources: RFC 5280, 4.2.1.13 and 4.2.2.1 (http URIs); RFC 6960, appendix A (OCSP over HTTP); RFC 3161, 3.4.
"""

from __future__ import annotations

import datetime
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

import attrs

from vndoc.errors import FetchError, UsageError
from vndoc.fetching.cache import FetchCache
from vndoc.fetching.hosts import AllowedHosts, Target, target_of
from vndoc.pki import FetchKind, FetchRequest

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse
    from urllib3.connection import HTTPConnection

__all__ = ["HttpFetcher", "HttpLimits"]

_MIB: Final = 1024 * 1024
_CHUNK: Final = 64 * 1024
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
"""Pages for people: log-in and error pages come with the status 200, too."""
_TYPES: Final[Mapping[FetchKind, str]] = MappingProxyType(
    {FetchKind.OCSP: "application/ocsp-request", FetchKind.TIMESTAMP: "application/timestamp-query"}
)
"""Content types of what is sent."""
_ADDRESSES: Final = 4
"""Addresses of one name that are tried."""


@attrs.frozen(kw_only=True)
class HttpLimits:
    """How long and how much. Seconds are for one address, ``total_seconds`` for everything with its redirects.

    ``list_bytes`` is for revocation lists, ``bytes`` for anything else. Looking up a name is not counted: the system
    bounds it.
    """

    connect_seconds: float = 5.0
    read_seconds: float = 10.0
    """How long nothing at all may come."""
    total_seconds: float = 30.0
    bytes: int = _MIB
    list_bytes: int = 64 * _MIB
    redirects: int = 3

    def most(self, kind: FetchKind) -> int:
        """Return the most octets of an answer of *kind*."""
        return self.list_bytes if kind is FetchKind.CRL else self.bytes


def _look_up(host: str, port: int) -> list[str]:
    """Return the addresses of *host*. Raises ``OSError``."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@attrs.frozen(kw_only=True, eq=False)
class HttpFetcher:
    """Fetches over HTTP from the ``hosts`` that are allowed; a :class:`~vndoc.pki.fetching.Fetcher`.

    ``cache`` keeps what was fetched; ``authorities`` is a PEM file of those who vouch for TLS servers (by default
    those of the system). ``resolve`` and ``now`` look up a name and the time. One fetcher may serve several threads.
    Raises :class:`~vndoc.errors.UsageError` ``extra-missing`` without urllib3 (extra ``http``).
    """

    hosts: AllowedHosts
    limits: HttpLimits = HttpLimits()
    cache: FetchCache | None = None
    authorities: str | None = None
    resolve: Callable[[str, int], Iterable[str]] = _look_up
    now: Callable[[], datetime.datetime] = _now

    def __attrs_post_init__(self) -> None:
        try:
            import urllib3  # noqa: F401, PLC0415 - an extra: its absence is told at once, not in the first document
        except ImportError:
            raise UsageError("extra-missing", found="http") from None

    def __call__(self, request: FetchRequest, /) -> bytes:
        """Return what stands at the address of *request*, from the cache where it is kept.

        Raises :class:`~vndoc.errors.FetchError`: ``fetch-url``, ``fetch-refused``, ``fetch-address``,
        ``fetch-redirect``, ``fetch-timeout``, ``fetch-too-big``, ``fetch-status``, ``fetch-type``, ``fetch-tls``,
        ``fetch-failed``.
        """
        target = target_of(request.url)
        self.hosts.check(target)
        most = self.limits.most(request.kind)
        if self.cache is not None:
            kept = self.cache.get(request, now=self.now(), most=most)
            if kept is not None:
                return kept
        content = self._fetched(target, request, _Exchange(request, self.limits))
        if self.cache is not None:
            self.cache.put(request, content, now=self.now())
        return content

    def _fetched(self, target: Target, request: FetchRequest, exchange: _Exchange) -> bytes:
        for _ in range(self.limits.redirects + 1):
            answer = exchange.ask(target, self._addresses(target), self._context)
            if isinstance(answer, bytes):
                return answer
            target = self._next(target, request, answer)
        raise FetchError("fetch-redirect", url=request.url, detail=target.url)

    def _next(self, target: Target, request: FetchRequest, location: str) -> Target:
        """Return where a redirect leads; only inside the allow-list, never from TLS to plain, never with a body."""
        refused = FetchError("fetch-redirect", url=request.url, detail=location)
        try:
            found = target_of(urljoin(target.url, location))
            self.hosts.check(found)
        except (FetchError, ValueError):
            raise refused from None
        if request.body is not None or (target.scheme == "https" and found.scheme != "https"):
            raise refused
        return found

    def _addresses(self, target: Target) -> list[str]:
        try:
            addresses = list(self.resolve(target.host, target.port))
        except (OSError, UnicodeError) as error:
            detail = getattr(error, "strerror", None) or type(error).__name__
            raise FetchError("fetch-failed", url=target.url, detail=detail) from None
        return self.hosts.usable(target, addresses)[:_ADDRESSES]

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.authorities)
        except OSError as error:
            detail = error.strerror or type(error).__name__
            raise FetchError("fetch-tls", url=str(self.authorities), detail=detail) from None


class _Exchange:
    """One request on its way, with its redirects: everything has to be over at one time."""

    def __init__(self, request: FetchRequest, limits: HttpLimits) -> None:
        self._request, self._limits = request, limits
        self._end = time.monotonic() + limits.total_seconds

    def ask(self, target: Target, addresses: list[str], context: Callable[[], ssl.SSLContext]) -> bytes | str:
        """Return the content, or where the server says that it stands. Raises :class:`FetchError`."""
        with self._told(target) as expired:
            connection = self._connected(target, addresses, context)
            with closing(connection), self._watched(connection, expired):
                return self._answer(target, connection)

    def _connected(self, target: Target, addresses: list[str], context: Callable[[], ssl.SSLContext]) -> HTTPConnection:
        """Return a connection to the first of *addresses* that takes one."""
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - an extra

        *others, last = addresses
        for address in others:
            with suppress(OSError, HTTPError):
                return self._open(_connection(target, address, context))
        return self._open(_connection(target, last, context))

    def _open(self, connection: HTTPConnection) -> HTTPConnection:
        connection.timeout = min(self._limits.connect_seconds, self._left())
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        return connection

    def _left(self) -> float:
        """Return the seconds that are left."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    @contextmanager
    def _told(self, target: Target) -> Iterator[threading.Event]:
        """Turn what a connection raises into :class:`FetchError`."""
        from urllib3 import exceptions  # noqa: PLC0415 - an extra

        expired = threading.Event()
        slow = (TimeoutError, exceptions.TimeoutError)
        try:
            yield expired
        except FetchError:
            raise
        except (OSError, ValueError, http.client.HTTPException, exceptions.HTTPError) as error:
            if expired.is_set() or isinstance(error, slow):
                raise FetchError("fetch-timeout", url=target.url, limit=self._limits.total_seconds) from None
            code = "fetch-tls" if isinstance(error, ssl.SSLError | exceptions.SSLError) else "fetch-failed"
            raise FetchError(code, url=target.url, detail=_detail(error)) from None

    @contextmanager
    def _watched(self, connection: HTTPConnection, expired: threading.Event) -> Iterator[None]:
        """Cut the connection when the time is over: an octet now and then would keep every read from failing."""
        sock = connection.sock  # the connection itself forgets it once an answer has begun
        sock.settimeout(self._limits.read_seconds)
        connection.timeout = self._limits.read_seconds

        def cut() -> None:
            expired.set()
            with suppress(OSError):  # it is closed already
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

        timer = threading.Timer(self._left(), cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
        if expired.is_set():  # an answer without a length looks whole wherever it is cut
            raise TimeoutError

    def _answer(self, target: Target, connection: HTTPConnection) -> bytes | str:
        request = self._request
        headers = {"Host": target.header, "Accept-Encoding": "identity", "Connection": "close", "User-Agent": "vndoc"}
        if request.kind in _TYPES:
            headers["Content-Type"] = _TYPES[request.kind]
        method = "GET" if request.body is None else "POST"
        connection.request(
            method, target.path, body=request.body, headers=headers, preload_content=False, decode_content=False
        )
        with closing(connection.getresponse()) as response:
            if response.status in _REDIRECTS:
                return response.headers.get("Location") or "?"
            if response.status != http.client.OK:
                raise FetchError("fetch-status", url=request.url, status=response.status)
            self._check_head(response)
            return self._content(response)

    def _check_head(self, response: BaseHTTPResponse) -> None:
        """Refuse pages for people, packed answers, and those that say that they are too long."""
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        packed = response.headers.get("Content-Encoding", "identity").strip().lower()
        if kind in _PAGES or packed not in ("", "identity"):
            raise FetchError("fetch-type", url=self._request.url, detail=kind if kind in _PAGES else packed)
        length = response.headers.get("Content-Length", "")
        most = self._limits.most(self._request.kind)
        if length.isdecimal() and int(length[:20]) > most:
            raise FetchError("fetch-too-big", url=self._request.url, limit=most)

    def _content(self, response: BaseHTTPResponse) -> bytes:
        most = self._limits.most(self._request.kind)
        found = bytearray()
        while chunk := response.read(_CHUNK):
            found += chunk
            if len(found) > most:
                raise FetchError("fetch-too-big", url=self._request.url, limit=most)
        return bytes(found)


def _connection(target: Target, address: str, context: Callable[[], ssl.SSLContext]) -> HTTPConnection:
    """Return a connection to *address*; over TLS the server has to be the host of *target* all the same."""
    from urllib3.connection import HTTPConnection, HTTPSConnection  # noqa: PLC0415 - an extra

    if target.scheme == "http":
        return HTTPConnection(address, target.port)
    return HTTPSConnection(
        address,
        target.port,
        ssl_context=context(),
        server_hostname=target.host,
    )


def _detail(error: BaseException) -> str:
    """Return a short word on what went wrong: the kind of the error, and why the system says it."""
    reason = getattr(error, "strerror", None) or getattr(error, "reason", None)
    return type(error).__name__ if reason is None else f"{type(error).__name__}: {reason}"
