"""Rows for :mod:`vndoc.statistics` from what the store of a node holds: counted again, the figures are the same.

What was not kept is not known, and is not guessed: a document whose verdict on signatures is not among the evidence
counts as not settled.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

import attrs

from vndoc.edxml import Reading
from vndoc.envelope import DocumentPacket
from vndoc.envelope.codes import BussinessDocType, Priority, StatusCode
from vndoc.errors import StoreError, VndocError
from vndoc.exchange import QD28, DeadlineTable, LifeState, Step, WorkingCalendar
from vndoc.packets import read
from vndoc.routing import RoutingTable
from vndoc.statistics import Direction, Level, Row
from vndoc.store import Document, LifeRow, Store, Unit

__all__ = ["LEVEL_OF_KIND", "rows"]

LEVEL_OF_KIND: Final = MappingProxyType(
    {
        "ministry": Level.CENTRAL,
        "government-agency": Level.CENTRAL,
        "province-committee": Level.PROVINCE,
        "province-council": Level.PROVINCE,
        "department": Level.PROVINCE,
        "district-committee": Level.DISTRICT,
        "commune-committee": Level.COMMUNE,
    }
)
"""The level of each kind of agency of the routing table; every other kind counts as ``other``."""

_PAGE: Final = 200
_INDICATIONS: Final = MappingProxyType({"passed": True, "failed": False})


def rows(
    store: Store,
    table: RoutingTable,
    *,
    calendar: WorkingCalendar | None = None,
    deadlines: DeadlineTable = QD28,
) -> Iterator[Row]:
    """Yield one row for each document version that was sent, and one for each receiver of ours that got it.

    A unit is counted under the code that the table has for it, whichever of its codes was written. Recalls do not
    count. A document sent is late where it went out after the term of *deadlines* for sending, counted from its day of
    issue; one received, where its sender was told after the term for telling. *calendar* has no holidays unless given.
    The store is read page by page, each in a transaction of its own.

    Raises :class:`~vndoc.errors.StoreError`, and what *calendar* raises for a year that it does not know.
    """
    counting = _Counting(store, table, WorkingCalendar() if calendar is None else calendar, deadlines)
    after: str | None = None
    while True:
        with store.reading() as unit:
            page = unit.documents.list(after=after, limit=_PAGE)
            found = [row for document in page.rows for row in counting.of(unit, document)]
        yield from found
        after = page.after
        if after is None:
            return


@attrs.frozen
class _Counting:
    store: Store
    table: RoutingTable
    calendar: WorkingCalendar
    deadlines: DeadlineTable

    def of(self, unit: Unit, document: Document) -> Iterator[Row]:
        """Yield the rows of one document version."""
        if document.kind == BussinessDocType.RECALL or _is_sent_again(unit, document):
            return
        signed = _signed(unit, document.packet)
        lives = [life for life in _lives(unit, document) if _got(unit, document, life.receiver)]
        if document.direction == "out":
            refused = any(_refused(unit, document, life) for life in lives)
            yield self._row(
                document, Direction.SENT, document.sender, signed, self._sent_late(document), refused=refused
            )
            return
        for life in lives:
            late = self._told_late(unit, document, life.receiver)
            refused = _refused(unit, document, life)
            yield self._row(document, Direction.RECEIVED, life.receiver, signed, late, refused=refused)

    def _row(
        self,
        document: Document,
        direction: Direction,
        code: str,
        signed: bool | None,
        late: bool | None,
        *,
        refused: bool,
    ) -> Row:
        day = self.calendar.day_of(document.created_at)
        agency = self.table.agency(code, on=day)
        return Row(
            day=day,
            direction=direction,
            unit=code if agency is None else agency.code,
            level=Level.OTHER if agency is None else LEVEL_OF_KIND.get(agency.kind, Level.OTHER),
            signed=signed,
            late=late,
            refused=refused,
            name="" if agency is None else agency.name,
        )

    def _sent_late(self, document: Document) -> bool | None:
        """Return whether it went out too late: packets state the day of issue and no hour, so that day is free."""
        issued, priority = self._issued(document)
        if issued is None:
            return None
        start = self.calendar.end_of_day(issued)
        found = self.deadlines.judge(Step.SEND, priority, start, document.created_at, self.calendar)
        return None if found is None else found.is_late

    def _issued(self, document: Document) -> tuple[datetime.date | None, Priority]:
        try:
            with self.store.read(document.packet) as file, read(file) as reading:
                return _stated(reading)
        except StoreError as error:
            if error.code != "blob-missing":
                raise
        except VndocError:
            pass  # what was taken in may be beyond the limits of today; then its day is not known
        return None, Priority.NORMAL

    def _told_late(self, unit: Unit, document: Document, receiver: str) -> bool | None:
        told = unit.documents.history(document.direction, document.business_key, receiver)
        first = min((heard.at for heard in told if heard.version == document.version), default=None)
        if first is None:
            return None
        found = self.deadlines.judge(Step.NOTIFY, Priority.NORMAL, document.created_at, first, self.calendar)
        return None if found is None else found.is_late


def _stated(reading: Reading) -> tuple[datetime.date | None, Priority]:
    packet = reading.packet
    if not isinstance(packet, DocumentPacket):
        return None, Priority.NORMAL
    info, other = packet.promulgation_info, packet.other_info
    issued = None if info is None else info.promulgation_date
    said = 0 if other is None or other.priority is None else other.priority
    known = {int(priority) for priority in Priority}
    return issued, Priority(said) if said in known else Priority.NORMAL


def _lives(unit: Unit, document: Document) -> Iterator[LifeRow]:
    after: str | None = None
    while True:
        page = unit.lives.of(document.direction, document.business_key, after=after, limit=_PAGE)
        yield from page.rows
        after = page.after
        if after is None:
            return


def _is_sent_again(unit: Unit, document: Document) -> bool:
    """Return whether an earlier version is the same: it did not reach everybody, and went out once more."""
    versions = unit.documents.versions(document.direction, document.business_key)
    return any(version.version < document.version and _is_same(version, document) for version in versions)


def _is_same(one: Document, other: Document) -> bool:
    return (one.content_digest, one.kind) == (other.content_digest, other.kind)


def _got(unit: Unit, document: Document, receiver: str) -> bool:
    """Return whether this version went to *receiver*, or came to it: an update need not concern all."""
    if document.direction == "out":
        return unit.documents.went_to(document.id, receiver)
    if unit.lives.saga(f"{document.id}.{receiver}.0") is not None and document.kind == BussinessDocType.UPDATE:
        return True
    heard = unit.documents.history(document.direction, document.business_key, receiver)
    arrived = min((one.version for one in heard if one.code == StatusCode.ARRIVED.value), default=None)
    return document.version == arrived or (arrived is None and document.kind != BussinessDocType.UPDATE)


def _refused(unit: Unit, document: Document, life: LifeRow) -> bool:
    """Return whether the receiver refused (02) this version: the newest that it had by then."""
    if life.state != LifeState.REFUSED.value:
        return False
    heard = unit.documents.history(document.direction, document.business_key, life.receiver)
    at = max((one.at for one in heard if one.code == StatusCode.REFUSED.value), default=document.created_at)
    versions = unit.documents.versions(document.direction, document.business_key)
    had = (
        version
        for version in versions
        if version.kind != BussinessDocType.RECALL and version.created_at <= at and _got(unit, version, life.receiver)
    )
    newest = next(had, None)
    return newest is not None and _is_same(newest, document)


def _signed(unit: Unit, packet: bytes) -> bool | None:
    """Return what the latest verdict among the evidence says: only passed is signed, only failed is not."""
    after, verdicts = None, []
    while True:
        page = unit.records.about(packet, after=after, limit=_PAGE)
        verdicts += [(e.at, e.id, e.data) for e in page.rows if e.kind == "verdict" and e.data is not None]
        after = page.after
        if after is None:
            break
    if not verdicts:
        return None
    return _INDICATIONS.get(json.loads(max(verdicts)[2]).get("indication"))
