"""Times on the command line and in files that people write."""

from __future__ import annotations

import datetime

from vndoc.cli._run import filled
from vndoc.errors import UsageError
from vndoc.text import Text

__all__ = ["end_of", "time_of"]

_TIME = Text("{option} nhận thời điểm ISO 8601, không phải {found}", "{option} takes an ISO 8601 time, not {found}")
_VIETNAM = datetime.timezone(datetime.timedelta(hours=7))
_DAY = len("2026-03-04")


def time_of(text: str | None, option: str) -> datetime.datetime:
    """Return the time that *text* says, in Vietnam where it names no zone; now without one.

    Raises :class:`~vndoc.errors.UsageError` ``option-invalid``, which names *option*.
    """
    if text is None:
        return datetime.datetime.now(datetime.UTC)
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise UsageError("option-invalid", detail=filled(_TIME, option=option, found=text)) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=_VIETNAM)


def end_of(text: str, option: str) -> datetime.datetime:
    """Return the last moment that *text* says: a day without a time means its end in Vietnam. Raises as above."""
    found = time_of(text, option)
    if len(text) > _DAY:
        return found
    return found.replace(hour=23, minute=59, second=59)
