"""What is deleted when its time is over, and in which order: nothing that is unfinished, nothing that is named."""

from __future__ import annotations

import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, Table, delete, exists, or_, select, union

from vndoc.store import _schema as schema
from vndoc.store._rows import ALONE, check_limit
from vndoc.store.values import Purged, Retention

_D = schema.documents
_O = schema.outbox
_I = schema.inbox
_W = schema.deliveries
_G = schema.changes
_E = schema.evidence
_C = schema.conflicts
_WORK = (_O, _I, _W, _G, schema.sagas)
"""Rows of work that name a document."""
_PARAMETERS = 10_000
"""Ids in one statement: SQLite takes 32,766 parameters, PostgreSQL 65,535."""


def purge(connection: Connection, policy: Retention, *, now: datetime.datetime, limit: int) -> Purged:
    """Delete in the transaction of *connection*; see :meth:`vndoc.store.Store.purge`."""
    check_limit(limit)
    copies = _delete(connection, _I, _copies(now - policy.copies, limit))
    messages = _messages(connection, _ended(now - policy.messages, limit))
    evidence = _delete(connection, _E, _evidence(now - policy.evidence, limit))
    documents = _documents(connection, now - policy.documents, limit)
    _delete(connection, _C, _conflicts(now - policy.evidence, limit))
    snapshots = _delete(connection, schema.registry, _snapshots(now - policy.snapshots, limit))
    _forget_names(connection, limit)
    return Purged(messages=messages, copies=copies, documents=documents, evidence=evidence, snapshots=snapshots)


def _key(table: Table) -> Any:
    return next(iter(table.primary_key))


def _delete(connection: Connection, table: Table, chosen: Select[Any]) -> int:
    return connection.execute(delete(table).where(_key(table).in_(chosen))).rowcount


def _old(table: Table, before: datetime.datetime, limit: int) -> Select[Any]:
    return select(_key(table)).where(table.c.at < before).order_by(table.c.at).limit(limit)


def _is_unfinished(document: FromClause) -> ColumnElement[bool]:
    """Return whether *document*, or what it changes, is unfinished: its deliveries, its life, changes of it."""
    changed = _D.alias()
    return or_(_has_work(document), exists().where(changed.c.id == document.c.target, _has_work(changed)))


def _has_work(document: FromClause) -> ColumnElement[bool]:
    """Return whether a row of work of *document*, or of its business key, has not ended."""
    found = [exists().where(table.c.document == document.c.id, ~table.c.final) for table in _WORK]
    for table in (schema.lives, schema.sagas):
        same = (table.c.direction == document.c.direction) & (table.c.business_key == document.c.business_key)
        found.append(exists().where(same, ~table.c.final))
    return or_(*found)


def _evidence(before: datetime.datetime, limit: int) -> Select[Any]:
    """Choose evidence that is old, but none on a document that is unfinished.

    Evidence names its document; verdicts on what came did not, once: these are known by the packet.
    """
    named = exists().where(_D.c.id == _E.c.document, _is_unfinished(_D))
    packets = select(_D.c.packet).where(_D.c.direction == "in", _D.c.created_at < before, _is_unfinished(_D))
    by_packet = _E.c.document.is_(None) & _E.c.payload.in_(packets)
    return _old(_E, before, limit).where(~named, ~by_packet)


def _conflicts(before: datetime.datetime, limit: int) -> Select[Any]:
    """Choose contradictions that are old, but none about a document that is unfinished."""
    about = (_D.c.direction.in_(("in", "out"))) & (_D.c.business_key == _C.c.business_key)
    return _old(_C, before, limit).where(~exists().where(about, _is_unfinished(_D)))


def _copies(before: datetime.datetime, limit: int) -> Select[Any]:
    return select(_I.c.id).where(_I.c.final, _I.c.ended_at < before).limit(limit)


def _ended(before: datetime.datetime, limit: int) -> Select[Any]:
    followed = exists().where(_W.c.message_id == _O.c.message_id)
    return select(_O.c.message_id).where(_O.c.final, _O.c.ended_at < before, ~followed).limit(limit)


def _messages(connection: Connection, chosen: Select[Any]) -> int:
    ids = list(connection.execute(chosen).scalars())
    for start in range(0, len(ids), _PARAMETERS):
        some = ids[start : start + _PARAMETERS]
        for table in (schema.attempts, schema.receipts, _O):
            connection.execute(delete(table).where(table.c.message_id.in_(some)))
    return len(ids)


def _documents(connection: Connection, before: datetime.datetime, limit: int) -> int:
    """Delete versions with all that belongs to them, where all of that has ended."""
    later = _D.alias()
    aimed_at = exists().where(later.c.target == _D.c.id)
    statement = select(_D.c.id).where(_D.c.created_at < before, ~aimed_at, ~_is_unfinished(_D))
    ids = list(connection.execute(statement.order_by(_D.c.created_at).limit(limit)).scalars())
    connection.execute(delete(_I).where(_I.c.document.in_(ids)))
    connection.execute(delete(schema.sagas).where(schema.sagas.c.document.in_(ids)))
    for table in (_W, _G):
        connection.execute(delete(table).where(table.c.document.in_(ids)))
    _messages(connection, select(_O.c.message_id).where(_O.c.document.in_(ids)))
    connection.execute(delete(_D).where(_D.c.id.in_(ids)))
    for table in (schema.lives, schema.sagas, schema.statuses):
        left = exists().where(_D.c.direction == table.c.direction, _D.c.business_key == table.c.business_key)
        connection.execute(delete(table).where(~left))
    return len(ids)


def _snapshots(before: datetime.datetime, limit: int) -> Select[Any]:
    """Choose old snapshots, but never the newest."""
    table = schema.registry
    newest = select(table.c.taken_at).order_by(table.c.taken_at.desc()).limit(1).scalar_subquery()
    return select(table.c.digest).where(table.c.taken_at < before, table.c.taken_at < newest).limit(limit)


def _forget_names(connection: Connection, limit: int) -> None:
    """Take out of the list of contents what no row names any more."""
    if connection.dialect.name == "postgresql":
        connection.execute(ALONE)  # nobody names a content between the look and the deletion
    used = union(*(select(column).where(column.is_not(None)) for column in schema.NAMES_BLOBS)).subquery()
    orphans = select(schema.blobs.c.digest).where(~exists().where(used.c[0] == schema.blobs.c.digest)).limit(limit)
    connection.execute(delete(schema.blobs).where(schema.blobs.c.digest.in_(orphans)))
