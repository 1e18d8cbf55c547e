"""What the parts of the store share: statements that both databases understand, pages, rows as values."""

from __future__ import annotations

import datetime
import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar, cast

import attrs
from sqlalchemy import Column, Row, Select, bindparam, text

from vndoc.errors import UsageError
from vndoc.errors._arguments import need
from vndoc.store._engine import Link
from vndoc.store.values import MAX_PAGE, OPERATOR, InboxState, OutboxState, Page
from vndoc.text import Text

T = TypeVar("T")

SHARED: Final = text("SELECT pg_advisory_xact_lock_shared(7862646, 2)")
ALONE: Final = text("SELECT pg_advisory_xact_lock(7862646, 2)")
"""Naming contents and forgetting or collecting orphans exclude each other; in SQLite the writer's lock does that."""


def values_of(value: Any) -> dict[str, Any]:
    """Return the fields of an attrs value as the columns of the same names."""
    names, fields = _fields(cast("Any", type(value)))
    return dict(zip(names, fields(value), strict=True))


@functools.cache
def _fields(kind: Any) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    names = tuple(field.name for field in attrs.fields(kind))
    return names, operator.attrgetter(*names)


def row_of(kind: Callable[..., T], row: Row[Any], **converted: Callable[[Any], Any]) -> T:
    """Return the attrs value of *kind* for *row*; columns without a field are left out."""
    found = row._mapping  # noqa: SLF001 - the documented way to see a row as a mapping
    fields = attrs.fields(cast("Any", kind))
    return kind(
        **{
            field.name: converted[field.name](found[field.name]) if field.name in converted else found[field.name]
            for field in fields
        }
    )


def page(
    link: Link,
    statement: Select[Any],
    key: Column[str],
    make: Callable[[Row[Any]], T],
    *,
    after: str | None,
    limit: int,
) -> Page[T]:
    """Return the rows of *statement* that follow *after* in the order of *key*, at most *limit* (1 to 1,000)."""
    check_limit(limit)
    if after is not None:
        statement = statement.where(key > after)
    rows: Sequence[Row[Any]] = link.execute(statement.order_by(key).limit(limit + 1)).all()
    last = rows[limit - 1]._mapping[key] if len(rows) > limit else None  # noqa: SLF001 - as above
    return Page(tuple(make(row) for row in rows[:limit]), last)


def ending(
    state: InboxState | OutboxState,
    *,
    at: datetime.datetime,
    next_at: datetime.datetime | None,
    code: str | None,
    detail: str | None,
) -> dict[str, object]:
    """Return what the end of an attempt writes into its row, whichever way the row goes: owner, next time, end.

    Raises ``option-invalid`` for a row that is neither final nor parked and has no next time.
    """
    parked = state.value == OutboxState.PARKED.value
    if not state.final and not parked and next_at is None:
        raise UsageError("option-invalid", detail=_NO_NEXT_TIME)
    return {
        "state": state.value,
        "final": state.final,
        "new_owner": OPERATOR if parked else None,
        "next_at": None if state.final else next_at,
        "ended_at": at if state.final else None,
        "code": code,
        "detail": detail,
    }


_NO_NEXT_TIME: Final = Text(
    "hàng chưa kết thúc phải có thời điểm xử lý tiếp theo", "a row that is not final needs a next time"
)


_PAGE: Final = Text("mỗi trang có từ 1 đến {most} hàng", "a page has 1 to {most} rows")


def check_limit(limit: int) -> None:
    """Raise ``option-invalid`` for a page of no rows or of too many."""
    need("limit", limit, int)
    if not 1 <= limit <= MAX_PAGE:
        raise UsageError("option-invalid", detail=_PAGE.filled(most=MAX_PAGE))


def named(name: str, *, expanding: bool = False) -> Any:
    """Return the parameter *name*, which never collides with a column of that name."""
    return bindparam(f"p_{name}", expanding=expanding)
