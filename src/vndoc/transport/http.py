"""HTTP for the carriers that speak it (the extra ``http``): what must hold for every call, in one place.

Time-outs for connecting, for each wait and for the whole exchange; TLS verified; answers bounded; no redirect followed
and no cookie kept; only calls that change nothing are repeated. Whatever goes wrong becomes one
:class:`~vndoc.errors.TransportError` that says whether repeating is safe: until the last octet of a request has been
handed over, the other side must take it for incomplete (RFC 9112, section 6.3).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

import attrs

from vndoc.errors import OwnFaultError, PeerFaultError, Retry, TransportError, UsageError
from vndoc.transport._failures import WORDS, translated
from vndoc.transport._http_options import Endpoint, HttpOptions, redacted
from vndoc.transport.secret import Secret, scrub

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

    from vndoc.transport._patience import Patience

__all__ = ["Answer", "Arriving", "Endpoint", "HttpClient", "HttpOptions", "Outbound", "Request", "redacted"]

T = TypeVar("T")

_LOG = logging.getLogger(__name__)
_PIECE: Final = 64 * 1024
_WORDS_OF_FAULTS: Final = 64 * 1024
"""Octets of an answer with a status of refusal that are looked at."""
_TRANSIENT: Final = frozenset({502, 503, 504})
_REPEATED: Final = frozenset({"carrier-unreachable", "carrier-interrupted", "carrier-unavailable"})


@attrs.frozen(kw_only=True)
class Outbound:
    """The body of a request: its *size* in octets, and a function that yields it in pieces, once for each attempt.

    The pieces may raise a :class:`~vndoc.errors.TransportError`, which ends the exchange in the middle.
    """

    size: int
    pieces: Callable[[], Iterator[bytes]]

    @classmethod
    def of(cls, data: bytes) -> Outbound:
        """Return *data* as a body."""
        return cls(size=len(data), pieces=lambda: iter([data] if data else []))


@attrs.frozen(kw_only=True)
class Request:
    """One call. ``path`` (with a query where there is one) goes behind the endpoint; ``headers`` are asked for anew at
    each attempt.

    ``changes``: the call changes something at the other side, so it is not repeated here. ``transfer``: it carries
    a packet, so it may take the longer of the two times. ``max_answer``: octets of an answer that is read whole.
    ``accepts``: statuses beside 2xx that the caller wants to see.
    """

    method: str
    path: str
    headers: Callable[[], Mapping[str, str]] = attrs.field(repr=False)
    body: Outbound | None = attrs.field(default=None, repr=False)
    changes: bool = False
    transfer: bool = False
    max_answer: int = 1024 * 1024
    accepts: frozenset[int] = frozenset()


@attrs.frozen(kw_only=True)
class Answer:
    """An answer, whole. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)

    @property
    def media_type(self) -> str:
        """Content-Type without parameters, in lower case; empty where there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Arriving:
    """An answer whose body is still to be read: by :meth:`pieces`, or by :meth:`whole`."""

    def __init__(
        self, carrier: str, response: BaseHTTPResponse, failed: Callable[[BaseException], TransportError], retry: Retry
    ) -> None:
        self._carrier = carrier
        self._response = response
        self._failed = failed
        self.retry = retry
        """What an error about this answer says of repeating the call."""
        self.status = response.status
        self.headers: Mapping[str, str] = MappingProxyType({k.lower(): v for k, v in response.headers.items()})

    @property
    def framed(self) -> bool:
        """Whether the end of the body can be told from a broken connection."""
        return "content-length" in self.headers or "chunked" in self.headers.get("transfer-encoding", "").lower()

    def pieces(self) -> Iterator[bytes]:
        """Yield the body, as it comes in."""
        if self.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
            raise self.nonsense(WORDS["encoding"])
        try:
            yield from self._response.stream(_PIECE, decode_content=False)
        except Exception as error:  # nothing foreign leaks
            raise self._failed(error) from error

    def whole(self, limit: int) -> Answer:
        """Return the answer with its body of at most *limit* octets (``carrier-answer-too-big``)."""
        taken = bytearray()
        for piece in self.pieces():
            taken += piece
            if len(taken) > limit:
                raise PeerFaultError("carrier-answer-too-big", carrier=self._carrier, limit=limit, retry=self.retry)
        return Answer(status=self.status, headers=self.headers, body=bytes(taken))

    def nonsense(self, detail: object) -> PeerFaultError:
        """Return the error that this answer cannot be understood, for the reason *detail*."""
        return PeerFaultError("carrier-nonsense", carrier=self._carrier, detail=detail, retry=self.retry)


Judge = Callable[[Answer, Retry], None]
"""Looks at an answer with a status of refusal and raises what its body says; returns if that says nothing."""


class HttpClient:
    """Calls below one endpoint. Several threads may use it.

    *carrier* is the name in errors. *secrets* are struck out of all that the other side says. *judge* reads the bodies
    of refusals. *monotonic* (seconds) and *sleep* are for tests.

    Raises :class:`~vndoc.errors.OwnFaultError` ``carrier-configuration`` for an endpoint or files of TLS that cannot be
    used, :class:`~vndoc.errors.UsageError` ``extra-missing`` without ``vndoc[http]``.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        carrier: str,
        options: HttpOptions | None = None,
        secrets: Iterable[Secret] = (),
        judge: Judge | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        try:
            from vndoc.transport._patience import Patience  # noqa: PLC0415 - needs the extra
        except ImportError:
            raise UsageError("extra-missing", found="http") from None
        self.carrier = carrier
        self.endpoint = Endpoint.parse(endpoint, carrier)
        self.options = options or HttpOptions()
        self.secrets = tuple(secrets)
        self._judge = judge
        self._sleep = sleep
        self._patience: Patience = Patience(monotonic)
        self._pools: PoolManager = self.options.pools(self._patience, carrier, secure=self.endpoint.secure)

    def call(self, request: Request) -> Answer:
        """Return the whole answer to *request*: with a status of 2xx, or one that it accepts.

        Raises :class:`~vndoc.errors.TransportError`.
        """
        return self.exchange(request, lambda arriving: arriving.whole(request.max_answer))

    def exchange(self, request: Request, take: Callable[[Arriving], T]) -> T:
        """Send *request* and return what *take* makes of the answer; as :meth:`call` otherwise.

        A call that changes nothing is repeated as a whole, *take* included, where the connection failed or the other
        side is not available just now.
        """
        attempts = 1 if request.changes else self.options.attempts
        for attempt in range(1, attempts):
            try:
                return self._once(request, take)
            except PeerFaultError as error:
                if error.code not in _REPEATED:
                    raise
                _LOG.info("%s %s: %s, attempt %d", self.carrier, request.path.partition("?")[0], error.code, attempt)
            self._sleep(self.options.pause * 2 ** (attempt - 1))
        return self._once(request, take)

    def close(self) -> None:
        """Close all connections. Closing twice does nothing."""
        self._pools.clear()

    def scrubbed(self, text: str) -> str:
        """Return *text* without the secrets."""
        return scrub(text, self.secrets)

    def _once(self, request: Request, take: Callable[[Arriving], T]) -> T:
        options = self.options
        self._patience.start(options.transfer_timeout if request.transfer else options.total_timeout)
        sending = _Sending(request, self._patience)

        def failed(error: BaseException) -> TransportError:
            if sending.failure is not None:
                return sending.failure
            return translated(error, self.carrier, options, sending.retry(), self._patience)

        headers = dict(request.headers())
        _LOG.debug("%s %s %s %s", self.carrier, request.method, request.path, redacted(headers))
        try:
            response = self._pools.urlopen(
                request.method,
                self.endpoint.url + request.path,
                redirect=False,
                retries=False,
                body=None if request.body is None else sending,
                headers={**headers, **sending.headers},
                preload_content=False,
                decode_content=False,
                pool_timeout=options.connect_timeout,
            )
        except Exception as error:  # nothing foreign leaks
            raise failed(error) from error
        with _given_back(response):
            arriving = Arriving(self.carrier, response, failed, sending.retry())
            self._check(request, arriving, sending)
            result = take(arriving)
            response.read(1)  # at its end, so that the connection can be used again
        return result

    def _check(self, request: Request, arriving: Arriving, sending: _Sending) -> None:
        """Raise what the status of an answer says."""
        status = arriving.status
        _LOG.debug("%s %s: HTTP %d", self.carrier, request.path.partition("?")[0], status)
        if status in request.accepts:
            return
        if status == 206:  # a part, which nobody asked for
            raise arriving.nonsense(WORDS["cut"])
        if 200 <= status < 300:
            if not sending.complete:  # an honest peer cannot be content with a part
                raise PeerFaultError(
                    "carrier-nonsense", carrier=self.carrier, detail=WORDS["early"], retry=Retry.UNKNOWN
                )
            return
        if status < 200:  # no answer yet, and none that was asked for
            raise PeerFaultError("carrier-nonsense", carrier=self.carrier, detail=WORDS["http"], retry=arriving.retry)
        if 300 <= status < 400:
            raise PeerFaultError("carrier-redirect", carrier=self.carrier, retry=arriving.retry)
        try:
            answer = arriving.whole(_WORDS_OF_FAULTS)
        except PeerFaultError:  # the status says enough
            answer = Answer(status=status, headers=arriving.headers, body=b"")
        if self._judge is not None:
            self._judge(answer, arriving.retry)
        raise refused(self.carrier, status, arriving.retry)


@contextmanager
def _given_back(response: BaseHTTPResponse) -> Iterator[None]:
    """Close *response* in the end and give its connection back: one that was not read through were lost by closing."""
    try:
        yield
    finally:
        response.close()
        response.release_conn()


def refused(carrier: str, status: int, retry: Retry) -> TransportError:
    """Return the error for an HTTP *status* of 400 or more, where nothing else is known."""
    detail = f"HTTP {status}"
    if status in {401, 403, 407}:
        return OwnFaultError("carrier-credentials", carrier=carrier, detail=detail)
    if status in {408, 425, 429, 503}:  # said before anything was done
        return PeerFaultError("carrier-unavailable", carrier=carrier, detail=detail)
    if status in _TRANSIENT:
        return PeerFaultError("carrier-unavailable", carrier=carrier, detail=detail, retry=retry)
    if status == 404:  # as well an adapter that is being restarted
        return PeerFaultError("carrier-failed", carrier=carrier, detail=detail)
    if status < 500:
        return OwnFaultError("carrier-refused", carrier=carrier, detail=detail)
    return PeerFaultError("carrier-failed", carrier=carrier, detail=detail, retry=retry)


class _Sending:
    """The body of one attempt as it goes out: keeps the deadline, and knows whether all of it has left."""

    def __init__(self, request: Request, patience: Patience) -> None:
        self._request = request
        self._patience = patience
        self.complete = request.body is None
        self.failure: TransportError | None = None

    @property
    def headers(self) -> dict[str, str]:
        if self._request.body is None:
            return {} if self._request.method == "GET" else {"Content-Length": "0"}
        return {"Content-Length": str(self._request.body.size)}

    def retry(self) -> Retry:
        """Return what an error at this point says of repeating the call."""
        if not self._request.changes or not self.complete or not self._patience.left_us:
            return Retry.SAFE
        return Retry.UNKNOWN

    def __iter__(self) -> Iterator[bytes]:
        body = self._request.body
        left = body.size if body else 0
        try:
            for piece in body.pieces() if body else ():
                yield piece
                left -= len(piece)
                self.complete = not left  # before the deadline is looked at: the other side has all of it now
                self._patience.remaining()
        except TransportError as error:
            self.failure = error
            raise
        self.complete = True
