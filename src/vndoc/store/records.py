"""What is kept as proof: evidence by the digest of what it proves, contradictions, snapshots of the address book."""

from __future__ import annotations

from typing import Final

import attrs
from sqlalchemy import select

from vndoc.store import _schema as schema
from vndoc.store._engine import Link
from vndoc.store._rows import page, row_of, values_of
from vndoc.store._statements import InsertOnce
from vndoc.store.values import Conflict, Evidence, Page, Snapshot

__all__ = ["Records"]

_E: Final = schema.evidence.c
_S: Final = schema.registry.c
_KEEP: Final = InsertOnce(schema.evidence)
_F: Final = schema.conflicts.c
_CONFLICT: Final = InsertOnce(schema.conflicts)
_SNAP: Final = InsertOnce(schema.registry)


@attrs.frozen
class Records:
    """Evidence and snapshots within one transaction; see :class:`vndoc.store.Unit`."""

    _link: Link = attrs.field(repr=False)

    def keep(self, evidence: Evidence) -> bool:
        """Keep *evidence*, whole; return False where its id is known."""
        return _KEEP(self._link, values_of(evidence)) == 1

    def about(self, payload: bytes, *, after: str | None = None, limit: int = 100) -> Page[Evidence]:
        """Return one page of what proves something about the content with the SHA-256 *payload*, by id."""
        statement = select(schema.evidence).where(_E.payload == payload)
        return page(self._link, statement, _E.id, lambda row: row_of(Evidence, row), after=after, limit=limit)

    def of(self, document: str, *, after: str | None = None, limit: int = 100) -> Page[Evidence]:
        """Return one page of the evidence of one document version, by id."""
        statement = select(schema.evidence).where(_E.document == document)
        return page(self._link, statement, _E.id, lambda row: row_of(Evidence, row), after=after, limit=limit)

    def record(self, conflict: Conflict) -> bool:
        """Keep *conflict*; return False where its id is known."""
        return _CONFLICT(self._link, values_of(conflict)) == 1

    def conflicts(
        self,
        *,
        code: str | None = None,
        business_key: str | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> Page[Conflict]:
        """Return one page of conflicts by id: of one code, about one document."""
        statement = select(schema.conflicts)
        for column, value in ((_F.code, code), (_F.business_key, business_key)):
            if value is not None:
                statement = statement.where(column == value)
        return page(self._link, statement, _F.id, lambda row: row_of(Conflict, row), after=after, limit=limit)

    def snap(self, snapshot: Snapshot) -> bool:
        """Keep *snapshot*; return False where the same state is known."""
        return _SNAP(self._link, values_of(snapshot)) == 1

    def snapshot(self, digest: bytes) -> Snapshot | None:
        """Return the snapshot with *digest*."""
        found = self._link.execute(select(schema.registry).where(_S.digest == digest)).one_or_none()
        return None if found is None else row_of(Snapshot, found)

    def newest(self) -> Snapshot | None:
        """Return the snapshot that was taken last."""
        statement = select(schema.registry).order_by(_S.taken_at.desc()).limit(1)
        found = self._link.execute(statement).one_or_none()
        return None if found is None else row_of(Snapshot, found)
