"""Until when a step has to be done, by the urgency of the document: a table of rules over a working calendar.

Built in is what the law says (:data:`QD28`); every other deadline is the caller's (:meth:`DeadlineTable.with_rule`).
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import attrs

from vndoc.envelope.codes import Priority
from vndoc.errors import UsageError
from vndoc.errors._arguments import need, need_all, needs
from vndoc.exchange._times import later, moment
from vndoc.exchange.calendar import WorkingCalendar
from vndoc.text import Text

__all__ = [
    "QD28",
    "STEPS",
    "AtOnce",
    "DeadlineRule",
    "DeadlineTable",
    "NextMorning",
    "Punctuality",
    "SameDay",
    "Step",
    "Term",
    "WorkingDays",
]


_OTHER_DAYS: Final = Text("{days} ngày làm việc; cần từ 1 đến 10.000", "{days} working days; 1 to 10,000 are needed")


class Step(enum.Enum):
    """What has to be done in time."""

    SEND = "send"
    FORWARD = "forward"
    NOTIFY = "notify"
    ANSWER = "answer"
    FINISH = "finish"


STEPS: Mapping[Step, Text] = MappingProxyType(
    {
        Step.SEND: Text("gửi văn bản sau khi ký ban hành", "send the document after it was signed"),
        Step.FORWARD: Text("chuyển văn bản đến người xử lý", "forward the document after it arrived"),
        Step.NOTIFY: Text("thông báo cho bên gửi sau khi nhận", "notify the sender after it arrived"),
        Step.ANSWER: Text("trả lời yêu cầu thu hồi, cập nhật, thay thế", "answer a recall, an update or a replacement"),
        Step.FINISH: Text("xử lý xong văn bản", "finish handling"),
    }
)
"""Text of each step."""


@attrs.frozen
class AtOnce:
    """Immediately: within ``grace``, on whatever day. The law names no length; the grace is a choice."""

    grace: datetime.timedelta = attrs.field(default=datetime.timedelta(hours=1), validator=needs(datetime.timedelta))

    def due(self, start: datetime.datetime, calendar: WorkingCalendar) -> datetime.datetime:
        """Return the last moment in time, for what began at *start*."""
        del calendar
        return later(start, self.grace)

    @property
    def text(self) -> Text:
        """Return the term in words."""
        minutes = int(self.grace.total_seconds() // 60)
        return Text(f"ngay, trong vòng {minutes} phút", f"at once, within {minutes} minutes")


@attrs.frozen
class SameDay:
    """Until the end of the day; of the next working day for what began on a day off."""

    def due(self, start: datetime.datetime, calendar: WorkingCalendar) -> datetime.datetime:
        """Return the last moment in time, for what began at *start*."""
        return calendar.end_of_day(calendar.working_from(calendar.day_of(start)))

    @property
    def text(self) -> Text:
        """Return the term in words."""
        return Text("trong ngày", "the same day")


@attrs.frozen
class NextMorning:
    """The same day, at latest in the morning of the next working day."""

    def due(self, start: datetime.datetime, calendar: WorkingCalendar) -> datetime.datetime:
        """Return the last moment in time, for what began at *start*."""
        return calendar.end_of_morning(calendar.next_working(calendar.day_of(start)))

    @property
    def text(self) -> Text:
        """Return the term in words."""
        return Text(
            "trong ngày, chậm nhất là buổi sáng ngày làm việc tiếp theo",
            "the same day, at latest the morning of the next working day",
        )


@attrs.frozen
class WorkingDays:
    """Until the end of the working day that is ``days`` (1 to 10,000) after the first.

    Raises :class:`~vndoc.errors.UsageError` ``option-invalid`` for another number.
    """

    days: int

    def __attrs_post_init__(self) -> None:
        if type(self.days) is not int or not 1 <= self.days <= 10_000:
            raise UsageError("option-invalid", detail=_OTHER_DAYS.filled(days=self.days))

    def due(self, start: datetime.datetime, calendar: WorkingCalendar) -> datetime.datetime:
        """Return the last moment in time, for what began at *start*."""
        return calendar.end_of_day(calendar.add(calendar.day_of(start), self.days))

    @property
    def text(self) -> Text:
        """Return the term in words."""
        return Text(f"trong {self.days} ngày làm việc", f"within {self.days} working days")


Term = AtOnce | SameDay | NextMorning | WorkingDays
"""How long a step may take."""


@attrs.frozen
class DeadlineRule:
    """For *step* of a document of *priority*: the term, and where it is written."""

    step: Step = attrs.field(validator=needs(Step))
    priority: Priority = attrs.field(validator=needs(Priority))
    term: Term = attrs.field(validator=needs(AtOnce, SameDay, NextMorning, WorkingDays))
    source: str = attrs.field(validator=needs(str))


@attrs.frozen
class Punctuality:
    """Whether a step was done in time. ``late_days`` are the working days after the day on which it was due."""

    due: datetime.datetime
    is_late: bool
    late_days: int = 0


def _by_case(rules: Iterable[DeadlineRule]) -> Mapping[tuple[Step, Priority], DeadlineRule]:
    return MappingProxyType({(rule.step, rule.priority): rule for rule in rules})


def _rules(rules: Iterable[DeadlineRule]) -> tuple[DeadlineRule, ...]:
    return need_all("rules", rules, DeadlineRule)


@attrs.frozen
class DeadlineTable:
    """Rules, at most one for each step and priority: a later one replaces an earlier one."""

    rules: tuple[DeadlineRule, ...] = attrs.field(default=(), converter=_rules)
    _cases: Mapping[tuple[Step, Priority], DeadlineRule] = attrs.field(
        init=False, repr=False, eq=False, default=attrs.Factory(lambda self: _by_case(self.rules), takes_self=True)
    )

    def __reduce__(self) -> tuple[object, ...]:
        return DeadlineTable, (self.rules,)

    def rule(self, step: Step, priority: Priority) -> DeadlineRule | None:
        """Return the rule for *step* of a document of *priority*, None where there is none."""
        return self._cases.get((step, priority))

    def with_rule(
        self, step: Step, term: Term, *, source: str, priorities: Iterable[Priority] = Priority
    ) -> DeadlineTable:
        """Return the table with a rule of the caller's for each of *priorities*, in place of those that it has."""
        added = [
            DeadlineRule(step, priority, term, source) for priority in need_all("priorities", priorities, Priority)
        ]
        return DeadlineTable(tuple(_by_case((*self.rules, *added)).values()))

    def due(
        self, step: Step, priority: Priority, start: datetime.datetime, calendar: WorkingCalendar
    ) -> datetime.datetime | None:
        """Return the last moment (in UTC) for *step* of what began at *start*, None where no rule says.

        Raises as :class:`~vndoc.exchange.WorkingCalendar` for days that it does not know.
        """
        need("step", step, Step)
        need("priority", priority, Priority)
        need("calendar", calendar, WorkingCalendar)
        rule = self.rule(step, priority)
        return None if rule is None else rule.term.due(moment(start), calendar)

    def judge(
        self,
        step: Step,
        priority: Priority,
        start: datetime.datetime,
        done: datetime.datetime,
        calendar: WorkingCalendar,
    ) -> Punctuality | None:
        """Return whether *step*, begun at *start* and done at *done*, was in time; None where no rule says.

        Raises as :meth:`due`.
        """
        due = self.due(step, priority, start, calendar)
        if due is None:
            return None
        done = moment(done)
        days = calendar.count(calendar.day_of(due), calendar.day_of(done)) if done > due else 0
        return Punctuality(due, done > due, days)


_URGENT: Final = tuple(priority for priority in Priority if priority is not Priority.NORMAL)

QD28: Final = (
    DeadlineTable()
    .with_rule(
        Step.SEND,
        NextMorning(),
        source="QĐ 28/2018/QĐ-TTg, Art 6; NĐ 30/2020/NĐ-CP, Art 18",
        priorities=[Priority.NORMAL],
    )
    .with_rule(Step.SEND, AtOnce(), source="QĐ 28/2018/QĐ-TTg, Art 6; NĐ 30/2020/NĐ-CP, Art 18", priorities=_URGENT)
    .with_rule(Step.FORWARD, AtOnce(), source="QĐ 28/2018/QĐ-TTg, Art 6", priorities=_URGENT)
    .with_rule(Step.NOTIFY, SameDay(), source="NĐ 30/2020/NĐ-CP, Art 21, 22; TT 01/2019/TT-BNV")
)
"""What Decision 28/2018, Decree 30/2020 and Circular 01/2019 say. "At once" is given one hour: a choice of this
project."""
