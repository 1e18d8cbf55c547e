"""The business lives of documents at their receivers, and the changes that are asked for."""

from __future__ import annotations

import datetime
from typing import Final

import attrs
from sqlalchemy import func, select, update

from vndoc.errors import StoreError
from vndoc.store import _schema as schema
from vndoc.store._engine import Link
from vndoc.store._rows import check_limit, named, page, row_of, values_of
from vndoc.store._statements import Action, InsertOnce, Question
from vndoc.store.values import LifeRow, Page, Saga

__all__ = ["Lives"]

_L: Final = schema.lives.c
_S: Final = schema.sagas.c
_BEGIN: Final = InsertOnce(schema.lives)
_OPEN: Final = InsertOnce(schema.sagas)
_LIFE: Final = Question(
    select(schema.lives).where(
        _L.direction == named("direction"), _L.business_key == named("key"), _L.receiver == named("receiver")
    ),
    LifeRow,
)
_MOVE: Final = Action(
    update(schema.lives)
    .where(
        _L.direction == named("direction"),
        _L.business_key == named("business_key"),
        _L.receiver == named("receiver"),
    )
    .values(
        state=named("state"),
        version=named("version"),
        value=named("value"),
        updated_at=named("updated_at"),
        final=named("final"),
        owner=named("owner"),
        next_at=named("next_at"),
    )
)
_SAGA: Final = Question(select(schema.sagas).where(_S.id == named("id")), Saga)
_MOVE_SAGA: Final = Action(
    update(schema.sagas)
    .where(_S.id == named("id"), ~_S.final)
    .values({column: named(column.key) for column in _S if column.key != "id"})
)


@attrs.frozen
class Lives:
    """Lives and changes within one transaction; see :class:`vndoc.store.Unit`."""

    _link: Link = attrs.field(repr=False)

    def get(self, direction: str, business_key: str, receiver: str) -> LifeRow | None:
        """Return the life of one document at one receiver, None if there is none."""
        return _LIFE.first(self._link, {"direction": direction, "key": business_key, "receiver": receiver})

    def of(self, direction: str, business_key: str, *, after: str | None = None, limit: int = 100) -> Page[LifeRow]:
        """Return one page of the lives of one document, by receiver."""
        statement = select(schema.lives).where(_L.direction == direction, _L.business_key == business_key)
        return page(self._link, statement, _L.receiver, lambda row: row_of(LifeRow, row), after=after, limit=limit)

    def begin(self, life: LifeRow) -> bool:
        """Begin to keep *life*; return False where that was done before."""
        return _BEGIN(self._link, values_of(life)) == 1

    def move(self, life: LifeRow) -> None:
        """Write *life* as it is now: whether it may move is the protocol's to say. Raises ``row-unknown``."""
        if _MOVE(self._link, values_of(life)) != 1:
            raise StoreError("row-unknown", name=f"{life.business_key} {life.receiver}")

    def counts(self) -> dict[tuple[str, str], int]:
        """Return how many lives there are by direction and state."""
        statement = select(_L.direction, _L.state, func.count()).group_by(_L.direction, _L.state)
        return {(direction, state): count for direction, state, count in self._link.execute(statement)}

    # -- changes -----------------------------------------------------------------------------------

    def open(self, saga: Saga) -> bool:
        """Keep a new change; return False where its id is known."""
        return _OPEN(self._link, values_of(saga)) == 1

    def saga(self, id: str) -> Saga | None:  # noqa: A002 - what it is called everywhere
        """Return one change, None if there is none."""
        return _SAGA.first(self._link, {"id": id})

    def sagas(
        self, direction: str, business_key: str | None = None, *, open_only: bool = False, limit: int = 1000
    ) -> tuple[Saga, ...]:
        """Return the changes of one document, or of all, by time, at most *limit* (1 to 1,000)."""
        check_limit(limit)
        statement = select(schema.sagas).where(_S.direction == direction)
        if business_key is not None:
            statement = statement.where(_S.business_key == business_key)
        if open_only:
            statement = statement.where(~_S.final)
        found = self._link.execute(statement.order_by(_S.opened_at, _S.id).limit(limit))
        return tuple(row_of(Saga, row) for row in found)

    def move_saga(self, saga: Saga) -> None:
        """Write the new state of *saga*. Raises ``row-final`` where it has ended or was never opened."""
        if _MOVE_SAGA(self._link, values_of(saga)) != 1:
            raise StoreError("row-final", name=saga.id, state=saga.state)

    def due(self, at: datetime.datetime, *, limit: int = 100) -> tuple[Saga, ...]:
        """Return changes whose deadline has passed at *at*, locked for this transaction."""
        check_limit(limit)
        statement = select(schema.sagas).where(~_S.final, _S.next_at <= at).order_by(_S.next_at).limit(limit)
        found = self._link.execute(statement.with_for_update(skip_locked=True))
        return tuple(row_of(Saga, row) for row in found)
