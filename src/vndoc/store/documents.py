"""Documents and their versions, how far each has come at each recipient, its statuses and its changes."""

from __future__ import annotations

import datetime
from typing import Final

import attrs
from sqlalchemy import func, select, update

from vndoc.errors import StoreError
from vndoc.store import _schema as schema
from vndoc.store._engine import Link
from vndoc.store._rows import check_limit, named, page, row_of, values_of
from vndoc.store._statements import Action, Insert, InsertOnce, Question
from vndoc.store.values import Change, Delivery, Document, Heard, Page

__all__ = ["Documents"]

_D: Final = schema.documents.c
_W: Final = schema.deliveries.c
_H: Final = schema.statuses.c
_G: Final = schema.changes.c
_ADD: Final = InsertOnce(schema.documents)
_HEAR: Final = InsertOnce(schema.statuses)
_OPEN: Final = InsertOnce(schema.changes)
_FOLLOW: Final = Insert(schema.deliveries)
_BY_ID: Final = Question(select(schema.documents).where(_D.id == named("id")), Document)
_BY_KEY: Final = Question(
    select(schema.documents)
    .where(_D.direction == named("direction"), _D.business_key == named("key"))
    .order_by(_D.version.desc())
    .limit(1000),
    Document,
)
_BY_HINT: Final = Question(
    select(schema.documents).where(_D.document_id == named("hint")).order_by(_D.id).limit(100), Document
)
_WENT: Final = Question(
    select(schema.deliveries).where(_W.document == named("document"), _W.recipient == named("recipient")), Delivery
)
_DELIVERY: Final = Question(
    select(schema.deliveries)
    .where(_W.document == named("document"), _W.recipient == named("recipient"))
    .with_for_update(),
    Delivery,
)
_MOVE: Final = Action(
    update(schema.deliveries)
    .where(_W.document == named("document"), _W.recipient == named("recipient"), ~_W.final)
    .values(
        delivery=named("delivery"),
        value=named("value"),
        message_id=named("message_id"),
        updated_at=named("updated_at"),
        final=named("final"),
        owner=named("owner"),
        next_at=named("next_at"),
    )
)
_CHANGE: Final = Question(
    select(schema.changes).where(_G.id == named("id"), _G.recipient == named("recipient")), Change
)
_MOVE_CHANGE: Final = Action(
    update(schema.changes)
    .where(_G.id == named("id"), _G.recipient == named("recipient"), ~_G.final)
    .values({column: named(column.key) for column in _G if column.key not in {"id", "recipient"}})
)


@attrs.frozen
class Documents:
    """The documents within one transaction; see :class:`vndoc.store.Unit`."""

    _link: Link = attrs.field(repr=False)

    # -- versions ----------------------------------------------------------------------------------

    def add(self, document: Document) -> bool:
        """Add one version; return False where its id, or this version of its key, is there already."""
        return _ADD(self._link, values_of(document)) == 1

    def get(self, id: str) -> Document:  # noqa: A002 - what it is called everywhere
        """Return the version. Raises ``row-unknown``."""
        found = _BY_ID.first(self._link, {"id": id})
        if found is None:
            raise StoreError("row-unknown", name=id)
        return found

    def versions(self, direction: str, business_key: str) -> tuple[Document, ...]:
        """Return the versions of one document, the newest first, at most 1,000; none for an unknown key."""
        return tuple(_BY_KEY.all(self._link, {"direction": direction, "key": business_key}))

    def by_hint(self, document_id: str) -> tuple[Document, ...]:
        """Return the versions whose packets carry *document_id*, at most 100: a hint, never proof."""
        return tuple(_BY_HINT.all(self._link, {"hint": document_id}))

    def list(self, *, direction: str | None = None, after: str | None = None, limit: int = 100) -> Page[Document]:
        """Return one page of versions by id."""
        statement = select(schema.documents)
        if direction is not None:
            statement = statement.where(_D.direction == direction)
        return page(self._link, statement, _D.id, lambda row: row_of(Document, row), after=after, limit=limit)

    # -- recipients --------------------------------------------------------------------------------

    def follow(self, delivery: Delivery) -> None:
        """Begin to follow one version at one recipient. Raises ``store-failed`` where that was done before."""
        _FOLLOW(self._link, values_of(delivery))

    def delivery(self, document: str, recipient: str) -> Delivery | None:
        """Return how far *document* has come at *recipient*, None if it never went there.

        The row is locked for this transaction: an answer of the receiver and the end of an attempt may come at once.
        """
        return _DELIVERY.first(self._link, {"document": document, "recipient": recipient})

    def went_to(self, document: str, recipient: str) -> bool:
        """Return whether *document* was sent to *recipient*; nothing is locked."""
        return _WENT.first(self._link, {"document": document, "recipient": recipient}) is not None

    def deliveries(self, document: str, *, after: str | None = None, limit: int = 100) -> Page[Delivery]:
        """Return one page of recipients of *document*, by code."""
        statement = select(schema.deliveries).where(_W.document == document)
        return page(self._link, statement, _W.recipient, lambda row: row_of(Delivery, row), after=after, limit=limit)

    def move(self, delivery: Delivery) -> None:
        """Write the new state of *delivery*. Raises ``row-final`` where it has ended or is not followed."""
        if _MOVE(self._link, values_of(delivery)) != 1:
            raise StoreError("row-final", name=f"{delivery.document} {delivery.recipient}", state=delivery.delivery)

    def due(self, at: datetime.datetime, *, limit: int = 100) -> tuple[Delivery, ...]:
        """Return deliveries whose deadline has passed at *at*, the oldest first, locked for this transaction."""
        check_limit(limit)
        statement = select(schema.deliveries).where(~_W.final, _W.next_at <= at)
        statement = statement.order_by(_W.next_at).limit(limit).with_for_update(skip_locked=True)
        return tuple(row_of(Delivery, row) for row in self._link.execute(statement))

    # -- statuses ----------------------------------------------------------------------------------

    def hear(self, status: Heard) -> bool:
        """Note one status; return False where it was counted before. Nothing is ever overwritten."""
        return _HEAR(self._link, values_of(status)) == 1

    def history(
        self, direction: str, business_key: str, receiver: str | None = None, *, limit: int = 1000
    ) -> tuple[Heard, ...]:
        """Return what was heard of one document, at one receiver or all, by time; at most *limit* (1 to 1,000)."""
        check_limit(limit)
        statement = select(schema.statuses).where(_H.direction == direction, _H.business_key == business_key)
        if receiver is not None:
            statement = statement.where(_H.receiver == receiver)
        statement = statement.order_by(_H.at, _H.receiver, _H.version, _H.code).limit(limit)
        return tuple(row_of(Heard, row) for row in self._link.execute(statement))

    # -- changes -----------------------------------------------------------------------------------

    def open_change(self, change: Change) -> bool:
        """Open a change at one recipient; return False for the same change again.

        Raises ``store-change-open`` where another change of the same document is open there.
        """
        if _OPEN(self._link, values_of(change)) == 1:
            return True
        if self.change(change.id, change.recipient) is None:
            raise StoreError("store-change-open", name=change.document, recipient=change.recipient)
        return False

    def change(self, id: str, recipient: str) -> Change | None:  # noqa: A002 - as above
        """Return one change at one recipient."""
        return _CHANGE.first(self._link, {"id": id, "recipient": recipient})

    def changes(self, document: str, recipient: str | None = None, *, open_only: bool = False) -> tuple[Change, ...]:
        """Return the changes of *document*, the newest last, at most 1,000."""
        statement = select(schema.changes).where(_G.document == document)
        if recipient is not None:
            statement = statement.where(_G.recipient == recipient)
        if open_only:
            statement = statement.where(~_G.final)
        statement = statement.order_by(_G.requested_at, _G.id, _G.recipient).limit(1000)
        return tuple(row_of(Change, row) for row in self._link.execute(statement))

    def change_parts(self, id: str, *, after: str | None = None, limit: int = 100) -> Page[Change]:  # noqa: A002
        """Return one page of the recipients of one change, by code."""
        statement = select(schema.changes).where(_G.id == id)
        return page(self._link, statement, _G.recipient, lambda row: row_of(Change, row), after=after, limit=limit)

    def move_change(self, change: Change) -> None:
        """Write the new state of *change*. Raises ``row-final`` where it has ended or was never opened."""
        if _MOVE_CHANGE(self._link, values_of(change)) != 1:
            raise StoreError("row-final", name=change.id, state=change.state)

    def due_changes(self, at: datetime.datetime, *, limit: int = 100) -> tuple[Change, ...]:
        """Return changes whose deadline has passed at *at*, locked for this transaction."""
        check_limit(limit)
        statement = select(schema.changes).where(~_G.final, _G.next_at <= at).order_by(_G.next_at).limit(limit)
        return tuple(row_of(Change, row) for row in self._link.execute(statement.with_for_update(skip_locked=True)))

    def counts(self) -> dict[str, int]:
        """Return how many deliveries there are by state."""
        statement = select(_W.delivery, func.count()).group_by(_W.delivery)
        return {state: count for state, count in self._link.execute(statement)}  # noqa: C416 - rows, not tuples
