"""The octets of a packet on their way out over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

from vndoc.errors import OwnFaultError
from vndoc.transport.base import Outgoing
from vndoc.transport.content import pieces
from vndoc.transport.http import Outbound


def outbound(packet: Outgoing, *, carrier: str, limit: int | None, before: bytes = b"", after: bytes = b"") -> Outbound:
    """Return the octets of *packet* as the body of a request, between *before* and *after*.

    The last piece is held back until the digest is known to match: a content that has changed meanwhile leaves an
    incomplete request, which nobody takes over. Raises, now or while it is read, as
    :func:`~vndoc.transport.content.pieces`.
    """
    try:
        size = packet.content.size
    except (OSError, ValueError) as error:
        detail = getattr(error, "strerror", None) or type(error).__name__
        raise OwnFaultError("carrier-packet-unreadable", carrier=carrier, detail=detail) from error
    if limit is not None and size > limit:
        raise OwnFaultError("carrier-too-big", carrier=carrier, size=size, limit=limit)

    def body() -> Iterator[bytes]:
        held = before
        left = size
        for piece in pieces(packet, carrier=carrier, limit=limit):
            left -= len(piece)
            if left < 0:
                break  # more than was announced
            if held:
                yield held
            held = piece
        if left:
            raise OwnFaultError("carrier-packet-changed", carrier=carrier)
        yield held + after

    return Outbound(size=len(before) + size + len(after), pieces=body)
