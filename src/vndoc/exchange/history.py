"""What happened, in order, never changed: entries are only ever added at the end."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple, Self

import attrs

from vndoc.errors._arguments import need
from vndoc.exchange._times import moment, moment_or_none
from vndoc.text import Text, shorten

__all__ = ["JUDGEMENTS", "Entry", "History", "Judgement", "StatusKey"]


class Judgement(enum.Enum):
    """What became of something that was reported."""

    MOVED = "moved"
    REPEATED = "repeated"
    LATE = "late"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"
    NOTED = "noted"


JUDGEMENTS: Mapping[Judgement, Text] = MappingProxyType(
    {
        Judgement.MOVED: Text("đã chuyển trạng thái", "the state moved"),
        Judgement.REPEATED: Text("đã ghi nhận trước đó", "it had been counted before"),
        Judgement.LATE: Text("đến muộn, chỉ ghi lại", "it came late and was only recorded"),
        Judgement.CONFLICT: Text("mâu thuẫn, chỉ ghi lại", "it contradicts and was only recorded"),
        Judgement.UNKNOWN: Text("mã chưa dùng, chỉ ghi lại", "a reserved code, only recorded"),
        Judgement.NOTED: Text("đã ghi lại", "it was recorded"),
    }
)
"""Text of each judgement. Only ``MOVED`` changes a state, and ``REPEATED`` adds no entry."""


class StatusKey(NamedTuple):
    """Under which a status counts once."""

    version: int
    receiver: str
    code: str
    change: str


def _private(text: str) -> str:
    return repr(shorten(text))


@attrs.frozen(kw_only=True)
class Entry:
    """One thing that happened. ``number`` counts from 1; ``at`` is when this system learnt of it.

    ``code`` is the status code where it was a status, ``event`` the event of the table where there is one;
    ``reported_at`` what the other side says about the time. The reason is kept whole; ``repr`` shortens and masks it.
    """

    number: int
    at: datetime.datetime = attrs.field(converter=moment)
    judgement: Judgement
    before: str
    after: str
    version: int
    receiver: str
    code: str = ""
    event: str = ""
    change: str = ""
    reason: str = attrs.field(default="", repr=_private)
    reported_at: datetime.datetime | None = attrs.field(default=None, converter=moment_or_none)

    @property
    def key(self) -> StatusKey:
        """Return under what a status counts once."""
        return StatusKey(self.version, self.receiver, self.code, self.change)


@attrs.frozen
class History:
    """Entries, oldest first. There is no way to take one out."""

    entries: tuple[Entry, ...] = ()

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def added(self, **fields: object) -> Self:
        """Return the history with one more entry, made of *fields* of :class:`Entry` without its number."""
        entry = Entry(number=len(self.entries) + 1, **fields)  # type: ignore[arg-type]
        return attrs.evolve(self, entries=(*self.entries, entry))

    def has(self, key: StatusKey) -> bool:
        """Return whether a status with *key* has been counted."""
        return any(entry.code and entry.key == key for entry in self.entries)

    def continues(self, earlier: History) -> bool:
        """Return whether this is *earlier* with nothing changed and perhaps something added.

        Raises :class:`~vndoc.errors.UsageError` ``option-invalid`` for what is no history.
        """
        need("earlier", earlier, History)
        return self.entries[: len(earlier.entries)] == earlier.entries
