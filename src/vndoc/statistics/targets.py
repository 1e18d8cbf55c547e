"""What share of documents had to be signed when, as data with its sources.

Source: the statement of the Government Office of 2020-09-11 (by the end of November 2020: province 70 %, district 60 %,
commune 30 %); Decision 942/QĐ-TTg (from 2025 all documents).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from fractions import Fraction
from typing import Final

import attrs

from vndoc.statistics.rows import Level
from vndoc.statistics.tally import Tally

__all__ = ["TARGETS", "Judged", "Target", "judge", "target_at"]


@attrs.frozen
class Target:
    """At least ``share`` (0 to 1) of the documents that units of ``levels`` send is signed, from ``since`` on.

    ``levels`` empty means every level. A later target takes the place of an earlier one.
    """

    levels: frozenset[Level]
    since: datetime.date
    share: Fraction
    source: str

    def holds_for(self, level: Level | None) -> bool:
        """Return whether it holds for *level*; for None (all levels together) only what holds for every level does."""
        return not self.levels or level in self.levels


_STATEMENT: Final = "Thông báo của Chính phủ ngày 11/09/2020"
_END_OF_NOVEMBER: Final = datetime.date(2020, 11, 30)

TARGETS: Final = (
    Target(frozenset({Level.PROVINCE}), _END_OF_NOVEMBER, Fraction(70, 100), _STATEMENT),
    Target(frozenset({Level.DISTRICT}), _END_OF_NOVEMBER, Fraction(60, 100), _STATEMENT),
    Target(frozenset({Level.COMMUNE}), _END_OF_NOVEMBER, Fraction(30, 100), _STATEMENT),
    Target(frozenset(), datetime.date(2025, 1, 1), Fraction(1), "Quyết định 942/QĐ-TTg"),
)
"""The targets that were published."""


def target_at(level: Level | None, day: datetime.date, targets: Iterable[Target] = TARGETS) -> Target | None:
    """Return the target of *targets* that holds for *level* on *day*, None where there is none."""
    holding = [target for target in targets if target.since <= day and target.holds_for(level)]
    return max(holding, key=lambda target: target.since, default=None)


@attrs.frozen
class Judged:
    """How a count stands against a target: met or not, and how many documents more should have been signed."""

    target: Target
    is_met: bool
    missing: int


def judge(tally: Tally, level: Level | None, day: datetime.date, targets: Iterable[Target] = TARGETS) -> Judged | None:
    """Return how *tally* of units of *level* stands against the target that holds on *day*.

    None where no target holds, or nothing was sent. Only signatures that passed count.
    """
    target = target_at(level, day, targets)
    if target is None or tally.signed_share is None:
        return None
    needed = -(-target.share.numerator * tally.sent // target.share.denominator)
    return Judged(target, tally.sent_signed >= needed, max(0, needed - tally.sent_signed))
