"""Answers whose body is the packet itself, or JSON or HTML that says why it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from vndoc.errors import PeerFaultError, Retry
from vndoc.transport._failures import WORDS
from vndoc.transport.content import Fetched, collect
from vndoc.transport.http import Answer, Arriving

_HEAD = 512
_EXPLANATION = 64 * 1024
_WHITE = b" \t\r\n\xef\xbb\xbf"


def packet_octets(
    arriving: Arriving, carrier: str, limit: int | None, refused: Callable[[Answer, Retry], None]
) -> Fetched:
    """Return the body of *arriving*, at most *limit* octets.

    A packet has a tag among its first octets (not always as the first) and begins neither as JSON nor as an HTML page:
    JSON goes to *refused*, which raises what it says. Where the
    end of the body cannot be told from a broken connection, the packet must at least end with a tag
    (``carrier-interrupted``). Raises ``carrier-nonsense`` for anything else that is no packet.
    """
    incoming = arriving.pieces()
    head = b""
    for piece in incoming:
        head += piece
        if len(head) >= _HEAD:
            break
    start = head.lstrip(_WHITE)[:16].lower()
    if not start:
        raise arriving.nonsense(WORDS["empty"])
    if start.startswith(b"{"):
        _explain(arriving, head, incoming, refused)
        raise arriving.nonsense(WORDS["json_only"])
    if start.startswith((b"<!doctype html", b"<html")):
        raise arriving.nonsense(WORDS["html"].filled(status=arriving.status))
    if b"<" not in head[:_HEAD]:
        raise arriving.nonsense(WORDS["no_xml"])
    return collect(_whole(arriving, head, incoming, carrier), carrier=carrier, limit=limit)


def _explain(
    arriving: Arriving, head: bytes, incoming: Iterator[bytes], refused: Callable[[Answer, Retry], None]
) -> None:
    """Read the little JSON that was sent for a packet and have it judged."""
    body = bytearray(head)
    for piece in incoming:
        body += piece
        if len(body) > _EXPLANATION:
            return
    refused(Answer(status=arriving.status, headers=arriving.headers, body=bytes(body)), arriving.retry)


def _whole(arriving: Arriving, head: bytes, incoming: Iterator[bytes], carrier: str) -> Iterator[bytes]:
    tail = head
    yield head
    for piece in incoming:
        tail = (tail + piece)[-64:] if len(piece) < 64 else piece[-64:]
        yield piece
    if not arriving.framed and not tail.rstrip().endswith(b">"):
        raise PeerFaultError("carrier-interrupted", carrier=carrier, detail=WORDS["cut"], retry=arriving.retry)
