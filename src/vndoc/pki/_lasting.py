"""For how long the answer about a path stays what it is, where time is all that can change it.

Without a source of revocation facts a path is judged by comparing the time with the ends of certificates and anchors
and with the last days of a policy. Between two of these *turns* every comparison comes out alike, and so the answer.
"""

from __future__ import annotations

import bisect
import datetime
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from vndoc.pki.certificate import Certificate
from vndoc.pki.outcome import Outcome
from vndoc.pki.policy import CryptoPolicy
from vndoc.pki.trust import TrustStore

__all__ = ["Span", "span_of", "turns_of"]

Span = tuple[datetime.datetime, datetime.datetime]
"""Two times; an answer holds between them, not at them."""

_FIRST: Final = datetime.datetime.min.replace(tzinfo=datetime.UTC)
_LAST: Final = datetime.datetime.max.replace(tzinfo=datetime.UTC)


def turns_of(trust: TrustStore, crypto: CryptoPolicy) -> list[datetime.datetime]:
    """Return, in order, the times at which something in *trust* or *crypto* begins to count or ends."""
    anchors = (*trust.anchors, *trust.pinned)
    found = {*_of_certificates(trust.pool), *_of_certificates(anchor.certificate for anchor in anchors)}
    found.update(anchor.not_after for anchor in anchors if anchor.not_after is not None)
    found.update(crypto.ends())
    return sorted(map(_in_utc, found))


def _in_utc(at: datetime.datetime) -> datetime.datetime:
    """Return the same time in UTC, where nearly all times are: those of one zone are compared much faster."""
    try:
        return at.astimezone(datetime.UTC)
    except OverflowError:  # the first or last hours of the calendar
        return at


def _of_certificates(certificates: Iterable[Certificate]) -> Iterator[datetime.datetime]:
    for certificate in certificates:
        yield certificate.not_before
        yield certificate.not_after


def span_of(
    outcome: Outcome, at: datetime.datetime, turns: Sequence[datetime.datetime], certificates: Iterable[Certificate]
) -> Span | None:
    """Return between which times the *outcome* of a path at the time *at* holds as well, ``None`` if only then.

    *turns* are those of store and policy, *certificates* whatever else the path may be made of. What does not pass, or
    says a time, is for its own time only; so is everything at a turn itself.
    """
    if not outcome.passed or any(
        isinstance(value, datetime.datetime) for reason in outcome.reasons for _, value in reason.values
    ):
        return None
    number = bisect.bisect_left(turns, at)
    since = turns[number - 1] if number else _FIRST
    until = turns[number] if number < len(turns) else _LAST
    for turn in _of_certificates(certificates):
        if turn < at:
            since = max(since, turn)
        else:
            until = min(until, turn)
    return (since, until) if since < at < until else None
