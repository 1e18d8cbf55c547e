"""Lists of what waits, cut into windows that overlap: each item once, the oldest first."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

import attrs

from vndoc.errors import PeerFaultError
from vndoc.transport._vxp_rows import ReceivedRow
from vndoc.transport.base import Item, ItemState, Kind

_STATES: Final = {state.value: state for state in ItemState}
Day = TypeVar("Day", bound=datetime.date)
_BEFORE_ALL: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


@attrs.frozen
class Window:
    """The items of one window that were not in the one before, and the ids of all rows in it."""

    items: tuple[Item, ...]
    ids: frozenset[str]


def fresh_items(rows: Iterable[ReceivedRow], kind: Kind, seen: frozenset[str]) -> Window:
    """Return what waits among *rows*, without those that are done and those *seen* in the window before."""
    found: dict[str, ReceivedRow] = {}
    for row in rows:
        found.setdefault(row.doc_id, row)
    # stable: rows of one second stay in the axis' own order
    oldest_first = sorted(found.values(), key=lambda row: row.created or _BEFORE_ALL)
    items = (_item(row, kind) for row in oldest_first if row.doc_id not in seen)
    return Window(tuple(item for item in items if item.state is not ItemState.DONE), frozenset(found))


def halved(
    ask: Callable[[Day, Day, bool], list[ReceivedRow]], since: Day, until: Day, smallest: datetime.timedelta
) -> Iterator[list[ReceivedRow]]:
    """Yield what *ask* finds from *since* to *until*: in one answer, or half by half where that would be too big.

    A window that is not longer than *smallest* cannot be halved: *ask* is told so, and may take a bigger answer.
    Raises what *ask* does.
    """
    last = until - since <= smallest
    try:
        rows = ask(since, until, last)
    except PeerFaultError as error:
        if last or error.code != "carrier-answer-too-big":
            raise
    else:
        yield rows
        return
    middle = since + (until - since) / 2
    yield from halved(ask, since, middle, smallest)
    yield from halved(ask, middle, until, smallest)


def _item(row: ReceivedRow, kind: Kind) -> Item:
    return Item(
        id=row.doc_id,
        kind=kind,
        sender=row.sender,
        recipient=row.recipient,
        created=row.created,
        state=_STATES.get((row.status or "").lower(), ItemState.INITIAL),
    )
