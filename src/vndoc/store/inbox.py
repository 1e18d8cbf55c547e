"""The inbox: copies that came, each kept before anything is decided, each settled after its effect is committed."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any, Final

import attrs
from sqlalchemy import Row, func, select, update

from vndoc.errors import StoreError
from vndoc.store import _schema as schema
from vndoc.store._engine import Link
from vndoc.store._rows import check_limit, ending, named, page, row_of, values_of
from vndoc.store._statements import Action, InsertOnce, Question
from vndoc.store.outbox import check_owner, held
from vndoc.store.values import OPERATOR, InboxRow, InboxState, Lease, Page, Received

__all__ = ["Inbox"]

_T: Final = schema.inbox
_C: Final = schema.inbox.c
_KEEP: Final = InsertOnce(
    _T, but=("ended_at", "outcome", "business_key", "content_digest", "document", "code", "detail")
)
_GIVEN: Final = tuple(field.name for field in attrs.fields(Received))
_COPIES: Final = select(_T).where(_C.carrier == named("carrier"), _C.transport_id.in_(named("copies", expanding=True)))
_BY_ID: Final = Question(select(_T).where(_C.id == named("id")), InboxRow, state=InboxState)
_BY_COPY: Final = Question(
    select(_T).where(_C.carrier == named("carrier"), _C.transport_id == named("copy")), InboxRow, state=InboxState
)
_DUE: Final = (
    select(_C.id)
    .where(
        ~_C.final,
        _C.next_at <= named("at"),
        _C.carrier.in_(named("carriers", expanding=True)),
        (_C.owner.is_(None)) | (_C.lease_until <= named("at")),
    )
    .order_by(_C.next_at, _C.id)
    .limit(named("limit"))
    .with_for_update(skip_locked=True)
)
_CLAIM: Final = (
    update(_T)
    .where(_C.id.in_(_DUE))
    .values(owner=named("owner"), lease_until=named("until"), attempts=_C.attempts + 1)
    .returning(*_C)
)
_HELD: Final = (_C.id == named("id")) & (_C.owner == named("owner")) & (_C.attempts == named("number")) & ~_C.final
_DECIDE: Final = Action(
    update(_T)
    .where(_HELD)
    .values(
        state=InboxState.DECIDED.value,
        outcome=named("outcome"),
        business_key=named("key"),
        content_digest=named("content"),
        document=named("document"),
        code=named("code"),
        detail=named("detail"),
    )
)
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
        code=func.coalesce(named("code"), _C.code),
        detail=func.coalesce(named("detail"), _C.detail),
    )
)

# What is locked is just being finished, maybe by a hook that takes its time: the others must not wait for it.
_HOLDS: Final = select(_C.id).where(_C.owner == named("owner"), ~_C.final).with_for_update(skip_locked=True)
_PROLONG: Final = Action(update(_T).where(_C.id.in_(_HOLDS)).values(lease_until=named("until")))
_RELEASE: Final = Action(
    update(_T).where(_C.owner == named("owner"), ~_C.final).values(owner=None, lease_until=None, next_at=named("at"))
)


def _row(row: Row[Any]) -> InboxRow:
    return row_of(InboxRow, row, state=InboxState)


def _new(copy: Received, values: dict[str, Any]) -> InboxRow:
    """Return the row that was just made of *copy*."""
    return InboxRow(
        **{name: getattr(copy, name) for name in _GIVEN},
        state=InboxState.KEPT,
        ended_at=None,
        outcome=None,
        business_key=None,
        content_digest=None,
        document=None,
        owner=values["owner"],
        lease_until=values["lease_until"],
        next_at=copy.kept_at,
        attempts=values["attempts"],
        code=None,
        detail=None,
    )


@attrs.frozen
class Inbox:
    """The inbox within one transaction; see :class:`vndoc.store.Unit`."""

    _link: Link = attrs.field(repr=False)

    def keep(
        self, copy: Received, *, owner: str | None = None, lease: datetime.timedelta = datetime.timedelta()
    ) -> InboxRow:
        """Keep *copy*, or return the row of the copy with the same transport id that is there already.

        With *owner*, a new row is that worker's at once, for the time *lease*, as if it had been claimed.
        """
        values = values_of(copy)
        values |= {"state": InboxState.KEPT.value, "final": False, "next_at": copy.kept_at, "attempts": 0}
        values |= {"owner": None, "lease_until": None}
        if owner is not None:
            check_owner(owner)
            values |= {"owner": owner, "lease_until": copy.kept_at + lease, "attempts": 1}
        if _KEEP(self._link, values) == 1:
            return _new(copy, values)
        row = self.find(copy.carrier, copy.transport_id)
        if row is None:
            raise StoreError("idempotency-conflict", name=copy.id)
        return row

    def find(self, carrier: str, transport_id: str) -> InboxRow | None:
        """Return the row of one copy, None if it never came."""
        return _BY_COPY.first(self._link, {"carrier": carrier, "copy": transport_id})

    def known(self, carrier: str, transport_ids: Sequence[str]) -> dict[str, InboxRow]:
        """Return the rows of those copies (at most 1,000) that have come before, by transport id."""
        check_limit(max(len(transport_ids), 1))
        values = {"p_carrier": carrier, "p_copies": list(transport_ids)}
        return {row.transport_id: _row(row) for row in self._link.execute(_COPIES, values)}

    def get(self, id: str) -> InboxRow:  # noqa: A002 - what it is called everywhere
        """Return the row. Raises ``row-unknown``."""
        found = _BY_ID.first(self._link, {"id": id})
        if found is None:
            raise StoreError("row-unknown", name=id)
        return found

    def claim(
        self,
        owner: str,
        carriers: tuple[str, ...],
        *,
        at: datetime.datetime,
        lease: datetime.timedelta,
        limit: int = 50,
    ) -> tuple[InboxRow, ...]:
        """Take up to *limit* (1 to 1,000) rows that are due at *at*, the oldest first.

        As :meth:`vndoc.store.Outbox.claim`.
        """
        check_limit(limit)
        check_owner(owner)
        values = {"p_carriers": list(carriers), "p_at": at, "p_limit": limit, "p_owner": owner, "p_until": at + lease}
        found = [_row(row) for row in self._link.execute(_CLAIM, values)]
        return tuple(sorted(found, key=lambda row: (row.next_at or at, row.id)))

    def prolong(self, owner: str, until: datetime.datetime) -> int:
        """Prolong everything that *owner* holds (the heartbeat of a whole worker); return how many rows."""
        check_owner(owner)
        return _PROLONG(self._link, {"owner": owner, "until": until})

    def decide(
        self,
        lease: Lease,
        outcome: str,
        *,
        business_key: str | None = None,
        content_digest: bytes | None = None,
        document: str | None = None,
        code: str | None = None,
        detail: str | None = None,
    ) -> None:
        """Note in the transaction of its effect what the copy turned out to be; the lease is kept for settling.

        *outcome* is the caller's word for it. Raises ``lease-lost``.
        """
        values = {"outcome": outcome, "key": business_key, "content": content_digest, "document": document}
        self._held(_DECIDE, lease, **values, code=code, detail=detail)

    def finish(
        self,
        lease: Lease,
        state: InboxState,
        *,
        at: datetime.datetime,
        next_at: datetime.datetime | None = None,
        code: str | None = None,
        detail: str | None = None,
    ) -> None:
        """End the attempt of *lease*; as :meth:`vndoc.store.Outbox.finish`. What was decided stays noted."""
        self._held(_FINISH, lease, **ending(state, at=at, next_at=next_at, code=code, detail=detail))

    def retry(self, id: str, *, at: datetime.datetime) -> InboxRow:  # noqa: A002 - as above
        """Let an operator give the parked row another try. Raises ``row-unknown``, and ``row-final`` if not parked."""
        row = self.get(id)
        if row.state is not InboxState.PARKED:
            raise StoreError("row-final", name=id, state=row.state.value)
        self.finish(Lease(id, OPERATOR, row.attempts), InboxState.KEPT, at=at, next_at=at)
        return self.get(id)

    def release(self, owner: str, *, at: datetime.datetime) -> int:
        """Give back everything that *owner* holds; return how many rows."""
        check_owner(owner)
        return _RELEASE(self._link, {"owner": owner, "at": at})

    def list(
        self,
        *,
        state: InboxState | None = None,
        outcome: str | None = None,
        business_key: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> Page[InboxRow]:
        """Return one page of rows by id: of one state, of one outcome (conflicts), about one document."""
        statement = select(_T)
        for column, value in (
            (_C.state, state and state.value),
            (_C.outcome, outcome),
            (_C.business_key, business_key),
        ):
            if value is not None:
                statement = statement.where(column == value)
        return page(self._link, statement, _C.id, _row, after=after, limit=limit)

    def counts(self) -> dict[tuple[str, str, str], int]:
        """Return how many rows there are by carrier, state and outcome."""
        statement = select(_C.carrier, _C.state, func.coalesce(_C.outcome, ""), func.count())
        found = self._link.execute(statement.group_by(_C.carrier, _C.state, _C.outcome))
        return {(carrier, state, outcome): count for carrier, state, outcome, count in found}

    def next_due(self) -> datetime.datetime | None:
        """Return when the next row is due, None where nothing waits."""
        statement = select(_C.next_at).where(~_C.final, _C.next_at.is_not(None)).order_by(_C.next_at).limit(1)
        found: datetime.datetime | None = self._link.execute(statement).scalar()
        return found

    def _held(self, statement: Action, lease: Lease, **values: object) -> None:
        if statement(self._link, {**held(lease), **values}) != 1:
            raise StoreError("lease-lost", owner=lease.owner, name=lease.key)
