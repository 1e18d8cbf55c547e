"""Typed values in element text: dates, timestamps, integers, flags; what was odd about them.

Each ``parse_*`` takes stripped, non-empty text and returns the value (``None``: not understood) with the ids of
the deviations it shows; each ``format_*`` is the one standard form. Time is local time in Vietnam
(UTC+07:00) and carries no offset.

Source: QCVN 102, section 4.4 of the variants table C-11; other forms are practice.
"""

from __future__ import annotations

import datetime
import re

__all__ = [
    "format_date",
    "format_timestamp",
    "parse_boolean",
    "parse_date",
    "parse_integer",
    "parse_timestamp",
]

_VIETNAM = datetime.timezone(datetime.timedelta(hours=7))
_TIME = r"(?:(?P<glue>[T ])\s*(?P<h>[0-9]{1,2}):(?P<m>[0-9]{1,2})(?::(?P<s>[0-9]{1,2})(?P<f>[.,][0-9]{1,9})?)?)?"
_OFFSET = r"\s*(?P<offset>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
_YEAR_FIRST = re.compile(r"(?P<Y>[0-9]{4})(?P<sep>[/\-.])(?P<M>[0-9]{1,2})(?P=sep)(?P<D>[0-9]{1,2})" + _TIME + _OFFSET)
_DAY_FIRST = re.compile(r"(?P<D>[0-9]{1,2})(?P<sep>[/\-.])(?P<M>[0-9]{1,2})(?P=sep)(?P<Y>[0-9]{4})" + _TIME + _OFFSET)
_TIMESTAMP_MARKS = "// ::"
_EPOCH = re.compile(r"[0-9]{12,14}")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")


def format_date(value: datetime.date) -> str:
    """Return ``yyyy/MM/dd``."""
    return f"{value.year:04d}/{value.month:02d}/{value.day:02d}"


def format_timestamp(value: datetime.datetime) -> str:
    """Return ``yyyy/MM/dd HH:mm:ss``."""
    return f"{format_date(value)} {value.hour:02d}:{value.minute:02d}:{value.second:02d}"


def parse_date(text: str) -> tuple[datetime.date | None, tuple[str, ...]]:
    """Return the date in *text* and the ids of its deviations (``date-...``)."""
    if len(text) == 10 and text[4] == "/" == text[7] and text.isascii():
        try:
            return datetime.date.fromisoformat(text.replace("/", "-")), ()
        except ValueError:
            pass  # not the standard form after all: looked at below
    value, oddities, has_time = _parse(text)
    if value is None:
        return None, ("date-invalid",)
    ids = tuple("date-" + oddity for oddity in oddities)
    if has_time and "date-epoch" not in ids:
        ids += ("date-with-time",)
    return value.date(), ids


def parse_timestamp(text: str) -> tuple[datetime.date | None, tuple[str, ...]]:
    """Return the timestamp in *text* and the ids of its deviations (``timestamp-...``).

    Where no time is given the value is a plain date: a time is never invented.
    """
    if len(text) == 19 and text[4::3] == _TIMESTAMP_MARKS and text.isascii():
        try:
            return datetime.datetime.fromisoformat(text.replace("/", "-")), ()
        except ValueError:
            pass  # as above
    value, oddities, has_time = _parse(text)
    if value is None:
        return None, ("timestamp-invalid",)
    ids = tuple("timestamp-" + oddity for oddity in oddities)
    if not has_time:
        return value.date(), (*ids, "timestamp-without-time")
    return value, ids


def _parse(text: str) -> tuple[datetime.datetime | None, list[str], bool]:
    """Return the moment, what was odd about its form, and whether a time was given."""
    if _EPOCH.fullmatch(text):
        return _from_epoch(text), ["epoch"], True
    match = _YEAR_FIRST.fullmatch(text)
    oddities: list[str] = []
    if match is None:
        match = _DAY_FIRST.fullmatch(text)
        oddities.append("order")
    if match is None:
        return None, [], False
    part = match.groupdict()
    if not oddities:
        oddities += _other_form(part)
    if _unpadded(part):
        oddities.append("padding")
    value = _moment(part)
    return value, oddities, part["h"] is not None


def _other_form(part: dict[str, str | None]) -> list[str]:
    """Return what is odd about a form that has the year first."""
    if part["sep"] == ".":
        return ["form"]
    if part["sep"] == "-" or part["glue"] == "T" or part["offset"]:
        return ["iso"]
    return ["form"] if part["f"] else []


def _unpadded(part: dict[str, str | None]) -> bool:
    if part["h"] is not None and part["s"] is None:
        return True
    return any(len(part[name] or "00") < 2 for name in ("M", "D", "h", "m", "s"))


def _moment(part: dict[str, str | None]) -> datetime.datetime | None:
    numbers = [int(part[name] or 0) for name in ("Y", "M", "D", "h", "m", "s")]
    try:
        value = datetime.datetime(*numbers)  # type: ignore[arg-type]  # noqa: DTZ001 - local by definition
        offset = part["offset"]
        if offset and part["h"]:  # a day with an offset is that day
            iso = "+00:00" if offset == "Z" else f"{offset[:3]}:{offset[3:].lstrip(':') or '00'}"
            zone = datetime.datetime.fromisoformat(f"2000-01-01T00:00:00{iso}").tzinfo
            value = value.replace(tzinfo=zone).astimezone(_VIETNAM).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    return value


def _from_epoch(text: str) -> datetime.datetime:
    epoch = datetime.datetime(1970, 1, 1, 7)  # noqa: DTZ001 - local time in Vietnam
    return (epoch + datetime.timedelta(milliseconds=int(text))).replace(microsecond=0)


def parse_integer(text: str) -> int | None:
    """Return the integer in *text* (at most 18 ASCII digits, optional sign), or ``None``."""
    return int(text) if _INTEGER.fullmatch(text) else None


_BOOLEANS: dict[str, tuple[bool, tuple[str, ...]]] = {
    "true": (True, ()),
    "false": (False, ()),
    "1": (True, ("boolean-numeric",)),
    "0": (False, ("boolean-numeric",)),
}


def parse_boolean(text: str) -> tuple[bool | None, tuple[str, ...]]:
    """Return the boolean in *text* and the ids of its deviations; the case of letters does not matter."""
    return _BOOLEANS.get(text.lower(), (None, ("boolean-invalid",)))
