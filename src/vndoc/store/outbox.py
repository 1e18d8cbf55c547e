"""The outbox: messages to send, who is sending them, and every attempt that was made.

A worker claims rows for a time (a lease), submits, and finishes each with the lease it was given. A lease that
another worker has taken over in the meantime finishes nothing: ``lease-lost``.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

import attrs
from sqlalchemy import Row, func, select, update

from vndoc.errors import StoreError, UsageError
from vndoc.store import _schema as schema
from vndoc.store._engine import Link
from vndoc.store._rows import check_limit, ending, named, page, row_of, values_of
from vndoc.store._statements import Action, Insert, InsertOnce, Question
from vndoc.store.values import (
    OPERATOR,
    Attempt,
    Lease,
    Message,
    OutboxRow,
    OutboxState,
    Page,
    Receipt,
)
from vndoc.text import Text

__all__ = ["Outbox"]

_T: Final = schema.outbox
_C: Final = schema.outbox.c
_POST: Final = InsertOnce(_T, but=("ended_at", "owner", "lease_until", "code", "detail"))
_RECEIPT: Final = InsertOnce(schema.receipts)
_ATTEMPT: Final = Insert(schema.attempts)
_BY_ID: Final = Question(select(_T).where(_C.message_id == named("id")), OutboxRow, recipients=tuple, state=OutboxState)
_BY_WISH: Final = Question(
    select(_T).where(_C.idempotency == named("wish")), OutboxRow, recipients=tuple, state=OutboxState
)
_SAME: Final = ("kind", "carrier", "sender", "recipients", "document", "packet", "body")
"""What makes two wishes the same."""
_GIVEN: Final = tuple(field.name for field in attrs.fields(Message) if field.name != "not_before")


def _due() -> Any:
    return (
        select(_C.message_id)
        .where(
            ~_C.final,
            _C.carrier == named("carrier"),
            _C.next_at <= named("at"),
            (_C.owner.is_(None)) | (_C.lease_until <= named("at")),
        )
        .order_by(_C.priority.desc(), _C.next_at, _C.message_id)
        .limit(named("limit"))
        .with_for_update(skip_locked=True)
    )


_CLAIM: Final = Question(
    update(_T)
    .where(_C.message_id.in_(_due()))
    .values(owner=named("owner"), lease_until=named("until"), attempts=_C.attempts + 1)
    .returning(*_C),
    OutboxRow,
    recipients=tuple,
    state=OutboxState,
)
_HELD: Final = (
    (_C.message_id == named("id")) & (_C.owner == named("owner")) & (_C.attempts == named("number")) & ~_C.final
)
_MARK: Final = Action(update(_T).where(_HELD).values(in_doubt=True))
_EXTEND: Final = Action(update(_T).where(_HELD).values(lease_until=named("until")))
_FINISH: Final = Action(
    update(_T)
    .where(_HELD)
    .values(
        state=named("state"),
        final=named("final"),
        owner=named("new_owner"),
        lease_until=None,
        next_at=named("next_at"),
        ended_at=named("ended_at"),
        in_doubt=named("in_doubt"),
        code=named("code"),
        detail=named("detail"),
    )
)

_GIVE_BACK: Final = Action(
    update(_T)
    .where(_HELD)
    .values(owner=None, lease_until=None, next_at=named("next_at"), code=func.coalesce(named("code"), _C.code))
)

# What is locked is just being finished, maybe by a hook that takes its time: the others must not wait for it.
_HOLDS: Final = select(_C.message_id).where(_C.owner == named("owner"), ~_C.final).with_for_update(skip_locked=True)
_PROLONG: Final = Action(update(_T).where(_C.message_id.in_(_HOLDS)).values(lease_until=named("until")))
_RELEASE: Final = Action(
    update(_T).where(_C.owner == named("owner"), ~_C.final).values(owner=None, lease_until=None, next_at=named("at"))
)


def _row(row: Row[Any]) -> OutboxRow:
    return row_of(OutboxRow, row, recipients=tuple, state=OutboxState)


def _new(message: Message, first: datetime.datetime) -> OutboxRow:
    """Return the row that was just made of *message*."""
    given = {name: getattr(message, name) for name in _GIVEN}
    return OutboxRow(
        **given,
        state=OutboxState.WAITING,
        in_doubt=False,
        ended_at=None,
        owner=None,
        lease_until=None,
        next_at=first.astimezone(datetime.UTC),
        attempts=0,
        code=None,
        detail=None,
    )


@attrs.frozen
class Outbox:
    """The outbox within one transaction; see :class:`vndoc.store.Unit`."""

    _link: Link = attrs.field(repr=False)

    def post(self, message: Message) -> OutboxRow:
        """Put *message* in, or return the row that its idempotency key put in before.

        Raises ``idempotency-conflict`` where that row says something else.
        """
        values = values_of(message)
        first = values.pop("not_before") or message.created_at
        values |= {"state": OutboxState.WAITING.value, "final": False, "next_at": first, "attempts": 0}
        values |= {"in_doubt": False}
        if _POST(self._link, values) == 1:
            return _new(message, first)
        row = self.find(message.idempotency)
        if row is None or not all(getattr(row, name) == getattr(message, name) for name in _SAME):
            raise StoreError("idempotency-conflict", name=message.idempotency)
        return row

    def claim(
        self,
        owner: str,
        carrier: str,
        *,
        at: datetime.datetime,
        lease: datetime.timedelta,
        limit: int = 50,
    ) -> tuple[OutboxRow, ...]:
        """Take up to *limit* (1 to 1,000) rows of *carrier* that are due at *at*, for the time *lease*.

        Rows of the highest priority come first. What another worker holds, and is not overdue, is passed over without
        waiting. Each row counts one attempt more.
        """
        check_limit(limit)
        check_owner(owner)
        values = {"carrier": carrier, "at": at, "limit": limit, "owner": owner, "until": at + lease}
        rows = _CLAIM.all(self._link, values)
        return tuple(sorted(rows, key=lambda row: (-row.priority, row.next_at or at, row.message_id)))

    def mark(self, lease: Lease, *, at: datetime.datetime) -> None:
        """Note that the submission begins now: if no outcome follows, the row is ``in_doubt``.

        Raises ``lease-lost``.
        """
        self._held(_MARK, lease)
        self._note(lease, at, "begun", None, None)

    def extend(self, leases: Iterable[Lease], until: datetime.datetime) -> tuple[Lease, ...]:
        """Prolong *leases* (the heartbeat); return those that are still held."""
        return tuple(lease for lease in leases if _EXTEND(self._link, {**held(lease), "until": until}))

    def prolong(self, owner: str, until: datetime.datetime) -> int:
        """Prolong everything that *owner* holds (the heartbeat of a whole worker); return how many rows."""
        check_owner(owner)
        return _PROLONG(self._link, {"owner": owner, "until": until})

    def finish(
        self,
        lease: Lease,
        state: OutboxState,
        *,
        at: datetime.datetime,
        next_at: datetime.datetime | None = None,
        in_doubt: bool = False,
        code: str | None = None,
        detail: str | None = None,
    ) -> None:
        """End the attempt of *lease*: the row goes to *state*, and an attempt is added to the list.

        A row that is not final needs *next_at*, but for ``PARKED``, which the operator owns. Raises ``lease-lost``
        where another worker has taken the row, or it has ended.
        """
        values = ending(state, at=at, next_at=next_at, code=code, detail=detail)
        self._held(_FINISH, lease, in_doubt=in_doubt, **values)
        self._note(lease, at, state.value, code, detail)

    def decide(self, message_id: str, state: OutboxState, *, at: datetime.datetime, by: str = OPERATOR) -> OutboxRow:
        """Let an operator move the parked row *message_id*: back to ``WAITING``, or to a final state.

        Raises ``row-unknown``, and ``row-final`` for one that is not parked any more.
        """
        row = self.get(message_id)
        if row.state is not OutboxState.PARKED:
            raise StoreError("row-final", name=message_id, state=row.state.value)
        self.finish(Lease(message_id, OPERATOR, row.attempts), state, at=at, next_at=at, code=None, detail=by)
        return self.get(message_id)

    def release(self, owner: str, *, at: datetime.datetime) -> int:
        """Give back everything that *owner* holds, to be taken by anybody at once; return how many rows.

        Rows in doubt are given back, too, and stay in doubt.
        """
        check_owner(owner)
        return _RELEASE(self._link, {"owner": owner, "at": at})

    def give_back(self, lease: Lease, *, next_at: datetime.datetime, code: str | None = None) -> None:
        """End the claim of *lease* without an attempt: the row waits until *next_at* in the state it has.

        Nothing was tried, so nothing is added to the list of attempts; *code* says why. Raises ``lease-lost``.
        """
        self._held(_GIVE_BACK, lease, next_at=next_at, code=code)

    def keep_receipt(self, receipt: Receipt) -> bool:
        """Keep *receipt*; return False where it was known."""
        return _RECEIPT(self._link, values_of(receipt)) == 1

    def get(self, message_id: str) -> OutboxRow:
        """Return the row. Raises ``row-unknown``."""
        found = _BY_ID.first(self._link, {"id": message_id})
        if found is None:
            raise StoreError("row-unknown", name=message_id)
        return found

    def find(self, idempotency: str) -> OutboxRow | None:
        """Return the row that the idempotency key put in, if any."""
        return _BY_WISH.first(self._link, {"wish": idempotency})

    def of(self, document: str) -> tuple[OutboxRow, ...]:
        """Return the messages that carry or speak of the document version *document*, at most 1,000, by id."""
        return self.list(document=document, limit=1000).rows

    def list(
        self,
        *,
        state: OutboxState | None = None,
        carrier: str | None = None,
        document: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> Page[OutboxRow]:
        """Return one page of rows by message id; *after* is that of the page before."""
        statement = select(_T)
        for column, value in ((_C.state, state and state.value), (_C.carrier, carrier), (_C.document, document)):
            if value is not None:
                statement = statement.where(column == value)
        return page(self._link, statement, _C.message_id, _row, after=after, limit=limit)

    def attempts(self, message_id: str) -> tuple[Attempt, ...]:
        """Return the attempts of one message in their order, at most 1,000."""
        table = schema.attempts
        order = (table.c.number, table.c.at, table.c.outcome != "begun")
        statement = select(table).where(table.c.message_id == message_id).order_by(*order).limit(1000)
        return tuple(row_of(Attempt, row) for row in self._link.execute(statement))

    def tries(self, message_id: str, before: int, *, but: Collection[str] = ()) -> int:
        """Return how many attempts of one message were made before number *before*.

        What was given back is none, nor is what ended with one of the codes *but*.
        """
        table = schema.attempts.c
        statement = select(func.count(table.number.distinct())).where(
            table.message_id == message_id,
            table.number < before,
            table.number.not_in(select(table.number).where(table.message_id == message_id, table.code.in_(but))),
        )
        return int(self._link.execute(statement).scalar_one())

    def receipts(self, message_id: str) -> tuple[Receipt, ...]:
        """Return the receipts of one message by time, at most 1,000."""
        table = schema.receipts
        statement = select(table).where(table.c.message_id == message_id).order_by(table.c.accepted_at).limit(1000)
        found = self._link.execute(statement)
        return tuple(row_of(Receipt, row, accepted=tuple, refused=_refusals) for row in found)

    def counts(self) -> dict[tuple[str, str], int]:
        """Return how many rows there are by carrier and state."""
        statement = select(_C.carrier, _C.state, func.count()).group_by(_C.carrier, _C.state)
        return {(carrier, state): count for carrier, state, count in self._link.execute(statement)}

    def next_due(self, carriers: Sequence[str]) -> datetime.datetime | None:
        """Return when the next row of one of *carriers* is due that nobody holds, None where nothing waits."""
        statement = select(_C.next_at).where(~_C.final, _C.carrier.in_(carriers), _C.next_at.is_not(None))
        statement = statement.where(_C.lease_until.is_(None))
        found: datetime.datetime | None = self._link.execute(statement.order_by(_C.next_at).limit(1)).scalar()
        return found

    def _held(self, statement: Action, lease: Lease, **values: object) -> None:
        if statement(self._link, {**held(lease), **values}) != 1:
            raise StoreError("lease-lost", owner=lease.owner, name=lease.key)

    def _note(self, lease: Lease, at: datetime.datetime, outcome: str, code: str | None, detail: str | None) -> None:
        values = {"message_id": lease.key, "number": lease.number, "at": at, "outcome": outcome}
        _ATTEMPT(self._link, {**values, "code": code, "detail": detail, "worker": lease.owner})


def held(lease: Lease) -> dict[str, object]:
    """Return the parameters that say who holds what."""
    return {"id": lease.key, "owner": lease.owner, "number": lease.number}


def _refusals(found: list[list[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(entry) for entry in found)


_NAME: Final = Text("tiến trình xử lý không thể có tên {found}", "a worker is not called {found}")


def check_owner(owner: str) -> None:
    """Raise ``option-invalid`` for a worker without a name, or with the operator's."""
    if not owner or owner == OPERATOR:
        raise UsageError("option-invalid", detail=_NAME.filled(found=repr(owner)))
