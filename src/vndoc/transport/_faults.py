"""From what an axis says when it refuses to the error of a carrier."""

from __future__ import annotations

import email.utils
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import attrs

from vndoc.errors import OwnFaultError, PeerFaultError, Retry, TransportError
from vndoc.text import shorten
from vndoc.transport.faults import Fault

_SKEW: Final = 60
"""Seconds between two clocks that need no mention."""


@attrs.frozen(kw_only=True)
class Context:
    """What a refusal was about, as far as the call knows: for the text of the error."""

    sender: str = ""
    recipients: Sequence[str] = ()
    item: str = ""


def fault_error(
    carrier: str, fault: Fault, words: str, context: Context, *, skew: int | None = None, retry: Retry = Retry.SAFE
) -> TransportError:
    """Return the error for *fault*; *words* are the axis' own, *skew* seconds that its clock is away from ours;
    *retry* is for the faults of the peer's own.
    """
    if fault.peer:
        return PeerFaultError(fault.code, carrier=carrier, detail=words.rstrip(" ."), retry=retry)
    if fault.code == "carrier-credentials" and skew is not None:
        return OwnFaultError("carrier-clock", carrier=carrier, seconds=skew)
    return OwnFaultError(
        fault.code,
        carrier=carrier,
        detail=words.rstrip(" ."),  # the text ends the sentence itself
        sender=context.sender or "?",
        recipient=_concerned(context.recipients, words),
        item=context.item or "?",
    )


def _concerned(recipients: Sequence[str], words: str) -> str:
    """Return the recipients that *words* name, all if none is."""
    named = [code for code in recipients if code in words]
    return shorten(", ".join(named or recipients), 200) or "?"


def clock_skew(headers: Mapping[str, str], now: datetime) -> int | None:
    """Return the seconds that the sender of *headers* is away from *now*; None if unknown or less than a minute."""
    try:
        date = email.utils.parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    seconds = round(abs(((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()))
    return seconds if seconds > _SKEW else None
