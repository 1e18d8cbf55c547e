"""For how long the answer about a path stays what it is, where time is all that can change it.

Without a source of revocation facts a path is judged by comparing the time with the ends of certificates and anchors
and with the last days of a policy. Between two of these *turns* every comparison comes out alike, and so the answer.
"""

from __future__ import annotations

import bisect
import datetime
from collections.abc import Sequence
from typing import Final

from vndoc.pki.certificate import Certificate
from vndoc.pki.outcome import Outcome
from vndoc.pki.policy import CryptoPolicy
from vndoc.pki.trust import TrustStore

__all__ = ["Span", "span_of"]

Span = tuple[datetime.datetime, datetime.datetime]
"""Two times; an answer holds between them, not at them."""

_FIRST: Final = datetime.datetime.min.replace(tzinfo=datetime.UTC)
_LAST: Final = datetime.datetime.max.replace(tzinfo=datetime.UTC)


def span_of(
    outcome: Outcome, at: datetime.datetime, trust: TrustStore, crypto: CryptoPolicy, others: Sequence[Certificate]
) -> Span | None:
    """Return between which times the *outcome* of a path at the time *at* holds as well, ``None`` if only then.

    *others* are the certificates beside those of *trust* that the path may be made of. What does not pass, or says a
    time, is for its own time only; so is everything at a turn itself.
    """
    if not outcome.passed or (outcome.reasons and _says_a_time(outcome)):
        return None
    since, until = _FIRST, _LAST
    own = sorted([one.not_before for one in others] + [one.not_after for one in others])
    for turns in (trust.turns, crypto.ends, own):
        number = bisect.bisect_left(turns, at)
        if number:
            since = max(since, turns[number - 1])
        if number < len(turns):
            until = min(until, turns[number])
    return (since, until) if since < at < until else None


def _says_a_time(outcome: Outcome) -> bool:
    return any(isinstance(value, datetime.datetime) for reason in outcome.reasons for _, value in reason.values)
