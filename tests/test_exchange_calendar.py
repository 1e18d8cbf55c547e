"""Working days and deadlines: counted by hand, against other code, and at the edges."""

from __future__ import annotations

import copy
import datetime
import pickle
import sys
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange_support import AT, DAY, HOUR
from vndoc.envelope.codes import Priority
from vndoc.errors import ExchangeError, UsageError
from vndoc.exchange import (
    QD28,
    AtOnce,
    DeadlineRule,
    DeadlineTable,
    Punctuality,
    SameDay,
    Step,
    WorkingCalendar,
    WorkingDays,
    vietnam,
)
from vndoc.schema.rules_process import is_late

HANOI = datetime.timezone(datetime.timedelta(hours=7))
PLAIN = WorkingCalendar()
TET_2026 = {datetime.date(2026, 2, day) for day in range(16, 21)}


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def hanoi(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=HANOI)


def tet(**more: Any) -> WorkingCalendar:
    return WorkingCalendar(holidays=TET_2026, **more)


@pytest.mark.parametrize(
    ("start", "wanted"),
    [
        ("2026-02-12", "2026-02-13"),
        ("2026-02-13", "2026-02-23"),
        ("2026-02-17", "2026-02-23"),
        ("2026-03-06", "2026-03-09"),
    ],
)
def test_the_next_working_day(start: str, wanted: str) -> None:
    assert tet().next_working(day(start)) == day(wanted)


def test_swap_days_are_worked_although_they_fall_on_a_weekend() -> None:
    saturday = day("2026-02-28")
    swapped = tet(worked={saturday})
    assert swapped.is_working(saturday)
    assert swapped.next_working(day("2026-02-27")) == saturday
    assert swapped.working_from(saturday) == saturday
    assert swapped.working_from(day("2026-03-01")) == day("2026-03-02")
    assert tet(worked={day("2026-02-16")}).is_working(day("2026-02-16")), "a holiday that is worked"


def test_a_year_that_is_not_known_is_not_guessed() -> None:
    known = tet(years=frozenset({2026}))
    assert known.is_working(day("2026-12-31"))
    for call in (lambda: known.is_working(day("2027-01-01")), lambda: known.next_working(day("2026-12-31"))):
        with pytest.raises(ExchangeError, match="calendar-year-unknown"):
            call()


def test_a_calendar_without_work_says_so() -> None:
    idle = WorkingCalendar(weekend=frozenset(range(7)), worked={day("2027-01-02"), day("2020-01-01")})
    assert idle.next_working(day("2026-01-01")) == day("2027-01-02"), "the 366th day"
    for start in (day("2025-12-31"), datetime.date.max):
        with pytest.raises(ExchangeError, match="calendar-without-work"):
            idle.next_working(start)


def test_counting_has_limits() -> None:
    assert PLAIN.add(day("2026-03-04"), 0) == day("2026-03-04")
    assert PLAIN.add(day("2026-03-04"), 10_000) > day("2060-01-01")
    for count in (-1, 10_001):
        with pytest.raises(UsageError, match="option-invalid"):
            PLAIN.add(day("2026-03-04"), count)
    assert PLAIN.count(day("1926-01-01"), day("1926-01-01") + 36_525 * DAY) > 25_000
    with pytest.raises(UsageError, match="option-invalid"):
        PLAIN.count(day("1926-01-01"), day("1926-01-01") + 36_526 * DAY)


DATES = st.dates(day("2020-01-01"), day("2030-12-31"))


@given(DATES, st.integers(0, 400), st.sets(DATES, max_size=20), st.sets(DATES, max_size=5))
def test_adding_and_counting_are_inverse(
    start: datetime.date, count: int, off: set[datetime.date], worked: set[datetime.date]
) -> None:
    calendar = WorkingCalendar(holidays=off, worked=worked)
    end = calendar.add(start, count)
    assert calendar.count(start, end) == count
    assert count == 0 or calendar.is_working(end)
    assert calendar.count(end, start) == (0 if end >= start else 1)
    by_hand = [start + n * DAY for n in range(1, (end - start).days + 1)]
    assert count == sum(d in worked or (d.weekday() < 5 and d not in off) for d in by_hand)


FRIDAY = day("2026-03-06")
NO_DAYS = [datetime.datetime(2026, 2, 17, 9), "2026-02-17", None, 5]  # noqa: DTZ001


@pytest.mark.parametrize("found", NO_DAYS)
def test_a_time_is_no_day(found: Any) -> None:
    """A time is equal to no holiday, so Tết would be worked."""
    calendar = tet()
    asked: list[Any] = [
        calendar.is_working, calendar.next_working, calendar.working_from, calendar.end_of_day, calendar.end_of_morning,
        lambda value: calendar.add(value, 0), lambda value: calendar.count(value, FRIDAY),
        lambda value: calendar.count(FRIDAY, value), lambda value: WorkingCalendar(holidays=[value]),
        lambda value: WorkingCalendar(worked=[FRIDAY, value]), lambda value: vietnam([2026], holidays=[value]),
    ]  # fmt: skip
    for ask in asked:
        with pytest.raises(UsageError) as caught:
            ask(found)
        assert caught.value.code == "date-expected"


def test_what_calendars_are_made_of() -> None:
    made = WorkingCalendar(weekend=[6], years=range(2025, 2027), holidays=(FRIDAY for _ in range(1)))
    assert (made.weekend, made.years, made.holidays) == ({6}, {2025, 2026}, {FRIDAY})
    assert hash(made)
    wrong: list[dict[str, Any]] = [
        {"noon": "12:00"}, {"noon": None}, {"weekend": [[5]]},
        {"weekend": [7]}, {"weekend": [-1]}, {"weekend": ["5"]}, {"weekend": 5}, {"years": 2026}, {"years": ["2026"]},
        {"years": [True]}, {"holidays": FRIDAY}, {"worked": 5},
    ]  # fmt: skip
    for values in wrong:
        with pytest.raises(UsageError) as caught:
            WorkingCalendar(**values)
        assert (caught.value.code, caught.value.text("vi") == caught.value.text("en")) == ("option-invalid", False)
    for years in (2026, ["2026"], "2026"):
        with pytest.raises(UsageError):
            vietnam(years)  # type: ignore[arg-type]


@pytest.mark.parametrize("days", [0, -1, 10_001, 1.0, "3", None, True])
def test_terms_of_no_length(days: Any) -> None:
    with pytest.raises(UsageError) as caught:
        WorkingDays(days)
    assert caught.value.code == "option-invalid"
    assert WorkingDays(10_000).days == 10_000
    for count in ("3", 1.0, None, True):
        with pytest.raises(UsageError):
            PLAIN.add(FRIDAY, count)  # type: ignore[arg-type]


def test_the_last_evening_of_all() -> None:
    """It is a day in Greenwich, and none in Vietnam."""
    with pytest.raises(UsageError) as caught:
        QD28.due(Step.NOTIFY, Priority.NORMAL, datetime.datetime.max.replace(tzinfo=datetime.UTC), PLAIN)
    assert caught.value.code == "option-invalid"


def test_a_table_of_deadlines_is_copied_and_pickled() -> None:
    for again in (copy.deepcopy(QD28), pickle.loads(pickle.dumps(QD28))):  # noqa: S301 - our own octets
        assert again == QD28
        assert again.rule(Step.NOTIFY, Priority.FLASH) == QD28.rule(Step.NOTIFY, Priority.FLASH)


def test_the_calendar_of_vietnam() -> None:
    pytest.importorskip("holidays")
    calendar = vietnam([2025, 2026], holidays=[day("2026-06-01")], worked=[day("2026-02-28")])
    off = ["2025-01-01", "2025-01-29", "2025-04-07", "2025-04-30", "2025-09-02", "2026-02-17", "2026-06-01"]
    assert not any(calendar.is_working(day(text)) for text in off)
    assert all(calendar.is_working(day(text)) for text in ("2025-01-02", "2026-02-28", "2026-02-23"))
    assert calendar.years == {2025, 2026}
    with pytest.raises(ExchangeError, match="calendar-year-unknown"):
        calendar.is_working(day("2027-01-04"))


@pytest.mark.parametrize("years", [[], [1900], [2101], [2026, 2101]])
def test_years_that_cannot_be_had(years: list[int]) -> None:
    with pytest.raises(UsageError, match="option-invalid"):
        vietnam(years)


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(UsageError) as caught:
        vietnam([2026])
    assert (caught.value.code, caught.value.values) == ("extra-missing", {"found": "calendar"})


SEND = [
    ("2026-03-04T09:00", "2026-03-05T12:00"),
    ("2026-03-04T23:59", "2026-03-05T12:00"),
    ("2026-03-06T16:00", "2026-03-09T12:00"),
    ("2026-02-13T16:00", "2026-02-23T12:00"),
    ("2026-03-07T08:00", "2026-03-09T12:00"),
]


@pytest.mark.parametrize(("signed", "due"), SEND)
def test_sent_the_same_day_or_in_the_morning_of_the_next_working_day(signed: str, due: str) -> None:
    assert QD28.due(Step.SEND, Priority.NORMAL, hanoi(signed), tet()) == hanoi(due)


def test_a_day_is_a_day_of_vietnam() -> None:
    """At 18:00 UTC it is one o'clock the next day there."""
    at = datetime.datetime(2026, 3, 4, 18, tzinfo=datetime.UTC)
    assert QD28.due(Step.SEND, Priority.NORMAL, at, PLAIN) == hanoi("2026-03-06T12:00")


@pytest.mark.parametrize("priority", [p for p in Priority if p])
@pytest.mark.parametrize("step", [Step.SEND, Step.FORWARD])
def test_urgent_documents_go_at_once_on_any_day(priority: Priority, step: Step) -> None:
    tet_night = hanoi("2026-02-17T23:00")
    assert QD28.due(step, priority, tet_night, tet()) == tet_night + HOUR
    assert QD28.due(Step.FORWARD, Priority.NORMAL, tet_night, tet()) is None


@pytest.mark.parametrize("priority", Priority)
def test_the_sender_is_told_within_the_day(priority: Priority) -> None:
    end = QD28.due(Step.NOTIFY, priority, hanoi("2026-03-04T09:00"), PLAIN)
    assert end == hanoi("2026-03-05T00:00") - datetime.timedelta(microseconds=1)
    assert (
        QD28.due(Step.NOTIFY, priority, hanoi("2026-02-17T09:00"), tet())
        == hanoi("2026-02-24T00:00") - attrs.evolve(AtOnce(), grace=datetime.timedelta(microseconds=1)).grace
    )


def test_other_deadlines_are_the_callers() -> None:
    assert QD28.rule(Step.FINISH, Priority.NORMAL) is None
    assert QD28.due(Step.FINISH, Priority.NORMAL, AT, PLAIN) is None
    assert QD28.judge(Step.FINISH, Priority.NORMAL, AT, AT, PLAIN) is None
    ours = QD28.with_rule(Step.FINISH, WorkingDays(5), source="Quy chế làm việc", priorities=[Priority.NORMAL])
    assert ours.due(Step.FINISH, Priority.NORMAL, hanoi("2026-02-12T10:00"), tet()) == hanoi(
        "2026-02-27T00:00"
    ) - datetime.timedelta(microseconds=1)
    assert ours.rule(Step.FINISH, Priority.URGENT) is None
    faster = ours.with_rule(Step.SEND, SameDay(), source="Quy chế làm việc")
    assert faster.rule(Step.SEND, Priority.FLASH) == DeadlineRule(
        Step.SEND, Priority.FLASH, SameDay(), "Quy chế làm việc"
    )
    assert len(faster.rules) == len({(rule.step, rule.priority) for rule in faster.rules})
    assert QD28.rule(Step.SEND, Priority.FLASH) != faster.rule(Step.SEND, Priority.FLASH), "a table does not change"


def test_lateness() -> None:
    due = hanoi("2026-03-06T12:00")
    signed = hanoi("2026-03-05T10:00")
    for done, late, days in (
        ("2026-03-06T12:00", False, 0),
        ("2026-03-06T12:01", True, 0),
        ("2026-03-07T08:00", True, 0),
        ("2026-03-09T08:00", True, 1),
        ("2026-03-11T08:00", True, 3),
    ):
        found = QD28.judge(Step.SEND, Priority.NORMAL, signed, hanoi(done), PLAIN)
        assert found == Punctuality(due, late, days)


@given(
    st.datetimes(datetime.datetime(2020, 1, 1), datetime.datetime(2030, 1, 1)),  # noqa: DTZ001 - local time
    st.timedeltas(datetime.timedelta(0), datetime.timedelta(days=6)),
)
def test_the_rule_of_packets_says_the_same(signed: datetime.datetime, wait: datetime.timedelta) -> None:
    """The rule ``sent-late`` of validation was written apart, without holidays."""
    sent = signed + wait
    found = QD28.judge(Step.SEND, Priority.NORMAL, signed.replace(tzinfo=HANOI), sent.replace(tzinfo=HANOI), PLAIN)
    assert found is not None
    assert found.is_late == is_late(signed.date(), sent)


def test_terms_in_words() -> None:
    texts = [rule.term.text for rule in QD28.rules] + [WorkingDays(3).text]
    assert {text.en for text in texts} == {
        "at once, within 60 minutes",
        "the same day",
        "the same day, at latest the morning of the next working day",
        "within 3 working days",
    }
    assert DeadlineTable().due(Step.SEND, Priority.NORMAL, AT, PLAIN) is None
