"""What carriers say, looked at before it becomes a row: one that breaks its word must not stop a node."""

from __future__ import annotations

import datetime
import json
from typing import Any, Final

from vndoc.transport import Item, Kind, Receipt, Refusal

_LONGEST: Final = 500


def storable(text: str) -> str:
    """Return *text* as every database keeps it: without NUL and halves of characters, at most 500 characters."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")[:_LONGEST]


def can_be_kept(item: Item) -> bool:
    """Return whether *item* is one whose id, kind and parties, and what stands beside them, can stand in a row."""
    try:
        json.dumps(dict(item.extra))
        for party in (item.sender, item.recipient):
            storable("" if party is None else party)
        return storable(item.id) == item.id and isinstance(item.kind, Kind)
    except (AttributeError, TypeError, ValueError):
        return False


def kept_word(receipt: Receipt) -> Receipt:
    """Return *receipt* as it can be kept. Raises :class:`AttributeError`, :class:`TypeError` or :class:`ValueError`
    for what is none.
    """
    number: Any = receipt.transport_id  # some give the number of a row
    return Receipt(
        carrier=storable(receipt.carrier),
        transport_id=storable(str(number) if isinstance(number, int) else number),
        accepted_at=_moment(receipt.accepted_at),
        accepted=tuple(storable(code) for code in receipt.accepted),
        refused=tuple(
            Refusal(recipient=storable(one.recipient), code=storable(one.code), detail=storable(one.detail or ""))
            for one in receipt.refused
        ),
        raw=bytes(memoryview(receipt.raw)),
    )


def _moment(at: datetime.datetime) -> datetime.datetime:
    """Return *at*; a time without zone could be anybody's."""
    if at.utcoffset() is None:
        raise ValueError("a time without zone")
    return at
