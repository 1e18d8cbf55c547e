"""Single values: dates, timestamps, integers, flags; against the calendar and forms made by the tests."""

# ruff: noqa: DTZ001 - timestamps of packets are local by definition

from __future__ import annotations

import datetime
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vndoc.edxml.values import (
    format_date,
    format_timestamp,
    parse_boolean,
    parse_date,
    parse_integer,
    parse_timestamp,
)

VIETNAM = datetime.timezone(datetime.timedelta(hours=7))
MOMENTS = st.datetimes().map(lambda value: value.replace(microsecond=0))


@given(st.dates())
def test_a_date_in_its_standard_form(value: datetime.date) -> None:
    text = format_date(value)
    assert re.fullmatch(r"\d{4}/\d\d/\d\d", text)
    assert parse_date(text) == (value, ())


@given(MOMENTS)
def test_a_timestamp_in_its_standard_form(value: datetime.datetime) -> None:
    text = format_timestamp(value)
    assert re.fullmatch(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d", text)
    assert parse_timestamp(text) == (value, ())


@given(st.dates())
def test_a_date_in_other_forms(value: datetime.date) -> None:
    y, m, d = f"{value.year:04d}", value.month, value.day
    padding = ("date-padding",) if m < 10 or d < 10 else ()
    for separator in "/-.":
        assert parse_date(f"{d:02d}{separator}{m:02d}{separator}{y}") == (value, ("date-order",))
        assert parse_date(f"{d}{separator}{m}{separator}{y}") == (value, ("date-order", *padding))
    assert parse_date(value.isoformat()) == (value, ("date-iso",))
    assert parse_date(f"{y}/{m}/{d}") == (value, padding)
    assert parse_date(f"{y}/{m:02d}/{d:02d} 08:09:10") == (value, ("date-with-time",))
    assert parse_timestamp(f"{y}/{m:02d}/{d:02d}") == (value, ("timestamp-without-time",))


@given(MOMENTS, st.integers(-14 * 60, 14 * 60))
def test_a_timestamp_with_an_offset_is_the_same_moment(value: datetime.datetime, minutes: int) -> None:
    aware = value.replace(tzinfo=datetime.timezone(datetime.timedelta(minutes=minutes)))
    try:
        local = aware.astimezone(VIETNAM).replace(tzinfo=None)
    except OverflowError:
        assert parse_timestamp(aware.isoformat()) == (None, ("timestamp-invalid",))
        return
    assert parse_timestamp(aware.isoformat()) == (local, ("timestamp-iso",))


@given(st.datetimes(datetime.datetime(1974, 1, 1), datetime.datetime(5138, 1, 1)))
def test_milliseconds_since_1970(value: datetime.datetime) -> None:
    since = value.replace(tzinfo=VIETNAM) - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    text = str(since // datetime.timedelta(milliseconds=1))
    assert parse_timestamp(text) == (value.replace(microsecond=0), ("timestamp-epoch",))
    assert parse_date(text) == (value.date(), ("date-epoch",))


@pytest.mark.parametrize(
    "text",
    ["9" * 14, "1" * 12],
)
def test_any_number_of_that_length_is_a_moment(text: str) -> None:
    assert parse_timestamp(text)[0] is not None


@pytest.mark.parametrize(
    "text",
    [
        "2026/02/30",
        "2026/13/01",
        "0000/01/01",
        "2026/W01/1",
        "2026/1",
        "2026/03/04/05",
        "04/03/26",
        "4.3-2026",
        "2026/03/04 25:00:00",
        "2026/03/04 10:61:00",
        "2026/03/04 10",
        "2026/03/04T",
        "2026-03-04T10:00:00+99:00",
        "2026-03-04T10:00:00 +7",
        "9" * 15,
        "1" * 11,
        "٢٠٢٦/٠٣/٠٤",
        "２０２６/03/04",
        "2026/03/04\x00",
        "hôm nay",
        "1/1/1",
    ],
)
def test_what_is_neither(text: str) -> None:
    assert parse_date(text) == (None, ("date-invalid",))
    assert parse_timestamp(text) == (None, ("timestamp-invalid",))


@given(st.text(alphabet="0123456789/-.: TZ+,W", max_size=30))
def test_nothing_of_this_alphabet_raises(text: str) -> None:
    value, ids = parse_date(text)
    assert (value is None) == (ids == ("date-invalid",))
    moment, ids = parse_timestamp(text)
    assert (moment is None) == (ids == ("timestamp-invalid",))


@given(st.text(max_size=40))
def test_no_text_at_all_raises(text: str) -> None:
    assert (parse_date(text)[0] is None) == (parse_timestamp(text)[0] is None)
    assert parse_integer(text) is None or re.fullmatch(r"[+-]?[0-9]+", text)
    assert parse_boolean(text)[0] in {None, True, False}


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_integers(value: int) -> None:
    assert parse_integer(str(value)) == value
    assert parse_integer(f"{value:+d}") == value


@pytest.mark.parametrize("text", ["1" * 19, "1.0", "1e3", "٣", "1_000", "0x1", "+", "- 1"])
def test_no_integers(text: str) -> None:
    assert parse_integer(text) is None


@pytest.mark.parametrize(
    ("text", "value", "ids"),
    [
        ("true", True, ()),
        ("False", False, ()),
        ("1", True, ("boolean-numeric",)),
        ("0", False, ("boolean-numeric",)),
        ("2", None, ("boolean-invalid",)),
        ("yes", None, ("boolean-invalid",)),
    ],
)
def test_booleans(text: str, value: bool | None, ids: tuple[str, ...]) -> None:
    assert parse_boolean(text) == (value, ids)
