"""The octets of a packet on their way out over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from vndoc.errors import OwnFaultError
from vndoc.text import shorten
from vndoc.transport._asked import listed
from vndoc.transport._failures import WORDS
from vndoc.transport.base import Outgoing
from vndoc.transport.content import pieces
from vndoc.transport.http import Outbound

_CODE: Final = re.compile(r"[0-9A-Za-z][!-~]{0,99}")
"""What can be the code of an agency at all, irregular ones included."""


def checked_recipients(recipients: Sequence[str], carrier: str) -> tuple[str, ...]:
    """Return *recipients*, each once. Raises as :func:`listed`; ``carrier-unknown-recipient`` for what can be the code
    of nobody.
    """
    unique = listed(recipients, carrier)
    for code in unique:
        if not _CODE.fullmatch(code):
            raise OwnFaultError("carrier-unknown-recipient", carrier=carrier, recipient=shorten(code))
    return unique


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
    if not size:  # nobody could fetch it
        raise OwnFaultError("carrier-packet-unreadable", carrier=carrier, detail=WORDS["empty"])
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
