"""Counts of documents: sent and received, and of each the signed, not settled, late and refused ones."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import attrs

from vndoc.statistics.rows import Direction, Row

__all__ = ["NAMES", "Tally", "count"]


@attrs.frozen(kw_only=True)
class Tally:
    """One line of counts. Tallies add up.

    ``..._signed`` are documents whose signatures passed, ``..._unsettled`` those of which that is not known;
    ``..._late`` those that were late for certain.
    """

    sent: int = 0
    sent_signed: int = 0
    sent_unsettled: int = 0
    sent_late: int = 0
    sent_refused: int = 0
    received: int = 0
    received_signed: int = 0
    received_unsettled: int = 0
    received_late: int = 0
    received_refused: int = 0

    @classmethod
    def of(cls, row: Row) -> Tally:
        """Return the counts of one row."""
        counts = [0] * len(NAMES)
        count(counts, row)
        return cls.made(counts)

    @classmethod
    def made(cls, counts: Sequence[int]) -> Tally:
        """Return the tally of *counts*, one a field, in their order."""
        return cls(**dict(zip(NAMES, counts, strict=True)))

    def __add__(self, other: Tally) -> Tally:
        pairs = zip(attrs.astuple(self), attrs.astuple(other), strict=True)
        return Tally.made([one + two for one, two in pairs])

    @property
    def signed_share(self) -> Fraction | None:
        """Return the share (0 to 1) of the documents sent that are signed, None where none was sent."""
        return Fraction(self.sent_signed, self.sent) if self.sent else None


NAMES: Final = tuple(field.name for field in attrs.fields(Tally))
"""The fields of a tally, in their order: five of what was sent, five of what was received."""


def count(counts: list[int], row: Row) -> None:
    """Add *row* to *counts*, one a field of a tally."""
    first = 0 if row.direction is Direction.SENT else len(NAMES) // 2
    counts[first] += row.count
    if row.signed is not False:
        counts[first + (1 if row.signed else 2)] += row.count
    if row.late:
        counts[first + 3] += row.count
    if row.refused:
        counts[first + 4] += row.count
