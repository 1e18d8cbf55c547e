"""What the carriers over HTTP share: calls that are answered in JSON."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from vndoc.errors import OwnFaultError, PeerFaultError, Retry, TransportError
from vndoc.transport._failures import WORDS
from vndoc.transport._json_text import json_object, no_json, packet_in_json
from vndoc.transport.base import Settlement
from vndoc.transport.content import Fetched
from vndoc.transport.http import Arriving, HttpClient, Outbound, Request

Judged = Callable[[dict[str, Any], Mapping[str, str], Retry], None]
"""Raises what an answer (read, with its headers) says, unless it is that all went well."""


def utc_now() -> datetime.datetime:
    """Return the time of this machine, in UTC."""
    return datetime.datetime.now(datetime.UTC)


def json_headers(
    own: Mapping[str, str], body: Outbound | None, content_type: str = "application/json"
) -> dict[str, str]:
    """Return the headers of a call that is answered in JSON: *own*, and those that each has. Nothing is compressed."""
    sent = {**own, "Accept": "application/json", "Accept-Encoding": "identity"}
    return sent if body is None else {**sent, "Content-Type": content_type}


def json_answer(http: HttpClient, request: Request, judged: Judged) -> tuple[dict[str, Any], bytes]:
    """Return the JSON object that answers *request*, read and as it came. Raises what *judged* does."""

    def take(arriving: Arriving) -> tuple[dict[str, Any], bytes]:
        answer = arriving.whole(request.max_answer)
        found = json_object(answer.body)
        if found is None:
            raise no_json(arriving.nonsense, answer.status, answer.media_type, answer.body[:64])
        judged(found, answer.headers, arriving.retry)
        return found, answer.body

    return http.exchange(request, take)


def json_packet(http: HttpClient, request: Request, path: Sequence[str], judged: Judged, limit: int | None) -> Fetched:
    """Return the packet whose base64 text stands under *path* in the answer to *request*, at most *limit* octets."""

    def take(arriving: Arriving) -> Fetched:
        content, rest = packet_in_json(arriving, path, http.carrier, limit)
        try:
            judged(rest, arriving.headers, arriving.retry)
        except TransportError:
            if content is not None:
                content.close()
            raise
        if content is None or not content.size:
            raise wrong_field(http.carrier, ".".join(path), arriving.retry)
        return content

    return http.exchange(request, take)


@contextlib.contextmanager
def gone_is_done(settlement: Settlement) -> Iterator[None]:
    """Let pass that an item is unknown, where it was to be done: an axis may forget what it was told of before."""
    try:
        yield
    except OwnFaultError as error:
        if settlement is not Settlement.DONE or error.code != "carrier-item-unknown":
            raise


def wrong_field(carrier: str, name: str, retry: Retry = Retry.SAFE) -> PeerFaultError:
    """Return the error for an answer whose field *name* is missing or wrong."""
    return PeerFaultError("carrier-nonsense", carrier=carrier, detail=WORDS["field"].filled(name=name), retry=retry)
