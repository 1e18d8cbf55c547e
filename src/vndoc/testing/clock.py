"""A clock that stands still until it is told otherwise."""

from __future__ import annotations

import datetime
import threading

__all__ = ["FakeClock"]

_START = datetime.datetime(2026, 3, 2, 1, 0, tzinfo=datetime.UTC)  # a Monday, eight in the morning in Hà Nội


class FakeClock:
    """Gives the time wherever a function for it is asked: the clock is called, and returns an aware time in UTC.

    *start* must be aware. With *step*, every look at the clock moves it on by that much, so that no two times are
    equal. Threads may share a clock.
    """

    def __init__(self, start: datetime.datetime = _START, *, step: datetime.timedelta = datetime.timedelta()) -> None:
        if start.tzinfo is None:
            raise ValueError("the start of a clock must carry its zone")
        self._start = self._now = start.astimezone(datetime.UTC)
        self._step = step
        self._lock = threading.Lock()

    def __call__(self) -> datetime.datetime:
        """Return the time."""
        with self._lock:
            now = self._now
            self._now += self._step
            return now

    def monotonic(self) -> float:
        """Return the seconds since the start, as :func:`time.monotonic` counts them; setting the clock counts."""
        return (self() - self._start).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Move on by *seconds*, at once: stands in for :func:`time.sleep`."""
        self.advance(datetime.timedelta(seconds=seconds))

    def advance(self, by: datetime.timedelta) -> None:
        """Move on by *by*; a negative value is a clock that was set back."""
        with self._lock:
            self._now += by

    def set(self, to: datetime.datetime) -> None:
        """Jump to *to*, an aware time."""
        if to.tzinfo is None:
            raise ValueError("a time must carry its zone")
        with self._lock:
            self._now = to.astimezone(datetime.UTC)

    def __repr__(self) -> str:
        return f"FakeClock({self._now.isoformat()})"
