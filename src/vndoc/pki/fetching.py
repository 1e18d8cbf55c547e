"""The seam to the network: what may be asked of whoever fetches, and one verification's memory of it.

Nothing is fetched unless a caller hands in a :class:`Fetcher`. What it returns are octets that nobody vouches for:
certificates, revocation lists and responses are verified as any others before they count. A fetch that fails never
ends a verification; it is told as a reason. :class:`vndoc.fetching.HttpFetcher` is a fetcher over HTTP.
"""

from __future__ import annotations

import enum
from typing import Final, Protocol
from urllib.parse import urlsplit

import attrs

from vndoc.errors import FetchError
from vndoc.errors._arguments import wrong
from vndoc.pki.revocation_cache import RevocationCache

__all__ = ["MAX_FETCHED", "MAX_FETCHES", "FetchAttempt", "FetchKind", "FetchRequest", "FetchSession", "Fetcher"]

MAX_FETCHES: Final = 64
"""Fetches of one session: a signature with timestamps needs about ten."""
MAX_FETCHED: Final = 512 * 1024 * 1024
"""Octets that one session keeps: two of the largest revocation lists."""


class FetchKind(enum.StrEnum):
    """What is asked for."""

    CERTIFICATE = "certificate"
    """Certificates: one in DER or PEM, or a PKCS#7 bundle (RFC 5280, 4.2.2.1)."""
    CRL = "crl"
    """A revocation list in DER (RFC 5280, 4.2.1.13)."""
    OCSP = "ocsp"
    """An OCSP response; the body is the request (RFC 6960, appendix A)."""
    TIMESTAMP = "timestamp"
    """A time-stamp response; the body is the request (RFC 3161, 3.4)."""


@attrs.frozen
class FetchRequest:
    """One request: ``url`` as the certificate writes it, ``body`` the octets to send (``None``: nothing is sent)."""

    url: str
    kind: FetchKind
    body: bytes | None = attrs.field(default=None, repr=False)


class Fetcher(Protocol):
    """Whoever fetches: any callable that takes a request and returns octets.

    It raises :class:`~vndoc.errors.FetchError` where there is nothing to return; another ``OSError`` counts as
    ``fetch-failed``. It decides by itself which addresses it asks, and how long and how much it takes.
    """

    def __call__(self, request: FetchRequest, /) -> bytes:
        """Return what stands at the address."""
        ...


@attrs.define(eq=False, repr=False)
class FetchSession:
    """A fetcher for one verification: asks for the same thing once, keeps answers and failures, and stops at a limit.

    A host that could not be reached is not tried again, so that a verification waits once for it. ``cache`` keeps lists
    that were read. Past :data:`MAX_FETCHES` requests or :data:`MAX_FETCHED` octets every further
    request fails with ``fetch-limit``. It belongs to one thread.
    """

    fetch: Fetcher
    cache: RevocationCache = attrs.field(factory=RevocationCache)
    answers: dict[FetchRequest, bytes | FetchError] = attrs.field(factory=dict)
    size: int = 0
    """Octets kept."""
    _unreachable: dict[str, FetchError] = attrs.field(factory=dict)

    @classmethod
    def of(cls, fetch: Fetcher) -> FetchSession:
        """Return a session over *fetch*, which is itself if it is one."""
        return fetch if isinstance(fetch, FetchSession) else cls(fetch)

    def __call__(self, request: FetchRequest, /) -> bytes:
        """Return what the fetcher returned the first time. Raises :class:`~vndoc.errors.FetchError`."""
        answer = self.answers.get(request)
        if answer is None:
            answer = self._first(request)
        if isinstance(answer, FetchError):
            raise answer
        return answer

    def _first(self, request: FetchRequest) -> bytes | FetchError:
        if len(self.answers) >= MAX_FETCHES:
            return FetchError("fetch-limit", url=request.url, limit=MAX_FETCHES)
        host = _host(request.url)
        known = self._unreachable.get(host)
        answer: bytes | FetchError
        if known is not None:
            answer = FetchError(known.code, place=None, **{**known.values, "url": request.url})
        else:
            answer = self._fetched(request)
        if isinstance(answer, FetchError) and answer.code in _OF_THE_HOST:
            self._unreachable[host] = answer
        if isinstance(answer, bytes) and self.size + len(answer) > MAX_FETCHED:
            answer = FetchError("fetch-limit", url=request.url, limit=f"{MAX_FETCHED} B")
        if isinstance(answer, bytes):
            self.size += len(answer)
        self.answers[request] = answer
        return answer

    def _fetched(self, request: FetchRequest) -> bytes | FetchError:
        try:
            answer: object = self.fetch(request)
        except FetchError as error:
            return error
        except OSError as error:
            return FetchError("fetch-failed", url=request.url, detail=error.strerror or type(error).__name__)
        if not isinstance(answer, bytes | bytearray | memoryview):
            raise wrong("fetch(...)", bytes.__name__, answer)
        return bytes(answer)

    def __repr__(self) -> str:
        return f"FetchSession({len(self.answers)} requests)"


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return url


_OF_THE_HOST: Final = frozenset({"fetch-failed", "fetch-timeout", "fetch-tls"})
"""Failures that the next request to the same host would meet, too."""


@attrs.define(eq=False)
class FetchAttempt:
    """What one path or one question asks of a session: nothing raises, failures are collected."""

    session: FetchSession
    failed: dict[FetchRequest, FetchError] = attrs.field(factory=dict)
    asked: int = 0
    """Requests so far."""

    def get(self, request: FetchRequest) -> bytes | None:
        """Return the octets, or ``None`` for a failure, which is in ``failed`` then."""
        self.asked += 1
        try:
            return self.session(request)
        except FetchError as error:
            self.failed[request] = error
            return None
