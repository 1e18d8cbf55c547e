"""Working days. A calendar is a value: which days are off, which are worked all the same, and in which years.

Public holidays are set by law, but the Lunar New Year and the days that are swapped are announced each year: a calendar
that does not know a year refuses to answer for it rather than count Tết as working days.

Source: Labour Code 45/2019/QH14 Art 112; swap days are decisions of each year.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Final

import attrs

from vndoc.errors import ExchangeError, UsageError
from vndoc.errors._arguments import needs
from vndoc.exchange._times import VIETNAM, moment, vietnam_day
from vndoc.text import Text

__all__ = ["WorkingCalendar", "vietnam"]


_DAY: Final = datetime.timedelta(days=1)
_LONGEST: Final = 366
"""Days that are looked through for the next working day."""
_TOO_MANY_DAYS: Final = Text(
    "{count} ngày làm việc; chỉ tính được từ 0 đến 10.000", "{count} working days; 0 to 10,000 are counted"
)
_TOO_LONG: Final = Text(
    "ngày làm việc chỉ tính được trong tối đa 100 năm", "working days are counted over at most 100 years"
)
_NO_LIST: Final = Text("cần danh sách ngày, không phải {found}", "a list of days is needed, not {found}")
_NO_NUMBERS: Final = Text("cần danh sách số nguyên", "a list of whole numbers is needed")
_NO_WEEK_DAYS: Final = Text("thứ trong tuần từ 0 (thứ Hai) đến 6", "days of the week are 0 (Monday) to 6")
_WEEK: Final = frozenset(range(7))
_OTHER_YEARS: Final = Text("cần các năm từ 1901 đến 2100", "years from 1901 to 2100 are needed")


def _checked(day: object) -> datetime.date:
    """Return *day*, which must be a date: a time would be equal to no day of a calendar and count as worked."""
    if not isinstance(day, datetime.date) or isinstance(day, datetime.datetime):
        raise UsageError("date-expected", name="day", found=type(day).__name__)
    return day


def _days(values: Iterable[datetime.date]) -> frozenset[datetime.date]:
    if not isinstance(values, Iterable):
        raise UsageError("option-invalid", detail=_NO_LIST.filled(found=type(values).__name__))
    return frozenset(map(_checked, values))


def _numbers(values: Iterable[int]) -> frozenset[int]:
    if not isinstance(values, Iterable):
        raise UsageError("option-invalid", detail=_NO_NUMBERS)
    found = tuple(values)
    if not all(type(value) is int for value in found):
        raise UsageError("option-invalid", detail=_NO_NUMBERS)
    return frozenset(found)


def _weekend(values: Iterable[int]) -> frozenset[int]:
    days = _numbers(values)
    if not days <= _WEEK:
        raise UsageError("option-invalid", detail=_NO_WEEK_DAYS)
    return days


@attrs.frozen(kw_only=True)
class WorkingCalendar:
    """Which days are worked, in Vietnam (UTC+7).

    ``weekend`` holds week days, 0 for Monday; ``holidays`` are days off; ``worked`` are days that are worked although
    they fall on a week-end or a holiday (swap days), and go first. ``years`` are the years that are known, None for
    every year: then the caller answers for it. ``noon`` ends the morning.

    Raises :class:`~vndoc.errors.UsageError`, here and where a day is asked for, ``date-expected`` for what is no date
    (a time is none: its day depends on a zone), and ``option-invalid`` for other values of the wrong kind.
    """

    weekend: frozenset[int] = attrs.field(default=frozenset({5, 6}), converter=_weekend)
    holidays: frozenset[datetime.date] = attrs.field(default=(), converter=_days, repr=False)
    worked: frozenset[datetime.date] = attrs.field(default=(), converter=_days, repr=False)
    years: frozenset[int] | None = attrs.field(default=None, converter=attrs.converters.optional(_numbers))
    noon: datetime.time = attrs.field(default=datetime.time(12), validator=needs(datetime.time))

    def is_working(self, day: datetime.date) -> bool:
        """Return whether *day* is worked.

        Raises :class:`~vndoc.errors.ExchangeError` ``calendar-year-unknown``.
        """
        _checked(day)
        if self.years is not None and day.year not in self.years:
            raise ExchangeError("calendar-year-unknown", year=day.year)
        return day in self.worked or (day.weekday() not in self.weekend and day not in self.holidays)

    def next_working(self, day: datetime.date) -> datetime.date:
        """Return the first working day after *day*.

        Raises as :meth:`is_working`, and ``calendar-without-work`` where the next 366 days have none.
        """
        _checked(day)
        for _ in range(_LONGEST):
            if day == datetime.date.max:
                break
            day += _DAY
            if self.is_working(day):
                return day
        raise ExchangeError("calendar-without-work", day=day.isoformat())

    def working_from(self, day: datetime.date) -> datetime.date:
        """Return *day* if it is worked, else the next working day. Raises as :meth:`next_working`."""
        return day if self.is_working(day) else self.next_working(day)

    def add(self, day: datetime.date, count: int) -> datetime.date:
        """Return the day *count* working days (0 to 10,000) after *day*; for 0, *day* itself, worked or not.

        Raises as :meth:`next_working`, and :class:`~vndoc.errors.UsageError` ``option-invalid`` for another count.
        """
        if type(count) is not int or not 0 <= count <= 10_000:
            raise UsageError("option-invalid", detail=_TOO_MANY_DAYS.filled(count=count))
        _checked(day)
        for _ in range(count):
            day = self.next_working(day)
        return day

    def count(self, start: datetime.date, end: datetime.date) -> int:
        """Return how many working days lie after *start*, up to and with *end*; 0 where *end* is not later.

        Raises as :meth:`is_working`, and :class:`~vndoc.errors.UsageError` ``option-invalid`` above 100 years.
        """
        days = (_checked(end) - _checked(start)).days
        if days > 36_525:
            raise UsageError("option-invalid", detail=_TOO_LONG)
        return sum(self.is_working(start + n * _DAY) for n in range(1, days + 1))

    def end_of_day(self, day: datetime.date) -> datetime.datetime:
        """Return the last moment of *day* in Vietnam."""
        return moment(datetime.datetime.combine(_checked(day), datetime.time.max, VIETNAM))

    def end_of_morning(self, day: datetime.date) -> datetime.datetime:
        """Return noon of *day* in Vietnam: the last moment of its morning."""
        return moment(datetime.datetime.combine(_checked(day), self.noon, VIETNAM))

    def day_of(self, at: datetime.datetime) -> datetime.date:
        """Return the day in Vietnam that *at* falls on."""
        return vietnam_day(moment(at))


def vietnam(
    years: Iterable[int],
    *,
    holidays: Iterable[datetime.date] = (),
    worked: Iterable[datetime.date] = (),
) -> WorkingCalendar:
    """Return the calendar of Vietnam for *years* (1901 to 2100), from the package ``holidays`` (extra ``calendar``).

    *holidays* and *worked* are added: days off and swap days that were announced after that package was made. Which
    years it knows completely, its notes say: for a year to come it computes the holidays and knows no swap days.

    Raises :class:`~vndoc.errors.UsageError` ``extra-missing`` without the extra, ``option-invalid`` for other years.
    """
    known = _numbers(years)
    if not known or min(known) < 1901 or max(known) > 2100:
        raise UsageError("option-invalid", detail=_OTHER_YEARS)
    try:
        from holidays import country_holidays  # noqa: PLC0415 - an extra
    except ImportError:
        raise UsageError("extra-missing", found="calendar") from None
    table = country_holidays("VN", years=sorted(known))
    return WorkingCalendar(
        holidays=frozenset(table) | _days(holidays),
        worked=frozenset(table.weekend_workdays) | _days(worked),
        years=known,
    )
