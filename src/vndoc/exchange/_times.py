"""Moments: aware, in UTC; legal days are those of Vietnam."""

from __future__ import annotations

import datetime
from typing import Final

from vndoc.errors import UsageError
from vndoc.text import Text

VIETNAM: Final = datetime.timezone(datetime.timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""The zone of legal days and hours: UTC+7 all the year."""

_NO_TIME: Final = Text("cần thời điểm (datetime), không phải {found}", "a datetime is needed, not {found}")
_OUT_OF_RANGE: Final = Text("thời điểm nằm ngoài phạm vi của lịch", "the time is out of range")
_LAST: Final = datetime.datetime.max.replace(tzinfo=datetime.UTC)


def moment(value: datetime.datetime) -> datetime.datetime:
    """Return *value* in UTC.

    Raises :class:`~vndoc.errors.UsageError` ``time-zone-missing`` for a time without zone, ``option-invalid`` for what
    is no time, or one that UTC cannot express.
    """
    if not isinstance(value, datetime.datetime):
        raise UsageError("option-invalid", detail=_NO_TIME.filled(found=type(value).__name__))
    if value.tzinfo is None:
        raise UsageError("time-zone-missing")
    try:
        return value.astimezone(datetime.UTC)
    except OverflowError:
        raise UsageError("option-invalid", detail=_OUT_OF_RANGE) from None


def moment_or_none(value: datetime.datetime | None) -> datetime.datetime | None:
    """Return *value* as :func:`moment` does, None as it is."""
    return None if value is None else moment(value)


def later(at: datetime.datetime, wait: datetime.timedelta) -> datetime.datetime:
    """Return *at* + *wait*, at most the last moment that there is."""
    try:
        return at + wait
    except OverflowError:
        return _LAST


def vietnam_day(at: datetime.datetime) -> datetime.date:
    """Return the day in Vietnam that *at* (aware) falls on.

    Raises :class:`~vndoc.errors.UsageError` ``option-invalid`` where that is after the last day that there is.
    """
    try:
        return at.astimezone(VIETNAM).date()
    except OverflowError:
        raise UsageError("option-invalid", detail=_OUT_OF_RANGE) from None
