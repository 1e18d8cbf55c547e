"""The rows in the answers of the national axis, as values. Source: practice (VXP SDK)."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import attrs

from vndoc.edxml.values import parse_timestamp
from vndoc.transport._json_text import text_of
from vndoc.transport._vxp_signing import VIETNAM
from vndoc.transport.base import AgencyRecord

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class SentAnswer:
    """The answer to a submission: the axis' id of the submission, and the answer as it came but for secrets."""

    doc_id: str
    raw: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class ReceivedRow:
    """One row of ``getReceivedEdocList``: a copy for an agency of this system, in the axis' words.

    ``status`` is ``initial``, ``processing``, ``done`` or ``fail`` as far as is known.
    """

    doc_id: str
    service_type: str | None = None
    message_type: str | None = None
    created: datetime.datetime | None = None
    updated: datetime.datetime | None = None
    sender: str | None = None
    recipient: str | None = None
    status: str | None = None
    status_text: str | None = None


@attrs.frozen(kw_only=True)
class SentRow:
    """One row of ``getSentEdocList``: a copy of what an agency of this system sent, in the axis' words.

    ``sender_doc_id`` is the id that ``sendEdoc`` answered with, ``receiver_doc_id`` that of the receiver's copy.
    """

    sender_doc_id: str
    receiver_doc_id: str | None = None
    service_type: str | None = None
    message_type: str | None = None
    sender: str | None = None
    recipient: str | None = None
    title: str | None = attrs.field(default=None, repr=False)
    notation: str | None = None
    sent: datetime.datetime | None = None
    received: datetime.datetime | None = None
    send_status: str | None = None
    send_text: str | None = None
    receive_status: str | None = None
    receive_text: str | None = None


def received_row(row: dict[str, Any]) -> ReceivedRow | None:
    """Return the value of one row, None without a docId."""
    doc_id = text_of(row, "docId")
    if doc_id is None:
        return None
    return ReceivedRow(
        doc_id=doc_id,
        service_type=text_of(row, "serviceType"),
        message_type=text_of(row, "messageType"),
        created=moment(row, "created_time"),
        updated=moment(row, "updated_time"),
        sender=text_of(row, "from"),
        recipient=text_of(row, "to"),
        status=text_of(row, "status"),
        status_text=text_of(row, "status_desc"),
    )


def sent_row(row: dict[str, Any]) -> SentRow | None:
    """Return the value of one row, None without an id."""
    doc_id = text_of(row, "senderDocId", "docId")
    if doc_id is None:
        return None
    return SentRow(
        sender_doc_id=doc_id,
        receiver_doc_id=text_of(row, "receiverDocId"),
        service_type=text_of(row, "serviceType"),
        message_type=text_of(row, "messageType"),
        sender=text_of(row, "fromCode"),
        recipient=text_of(row, "toCode"),
        title=text_of(row, "title"),
        notation=text_of(row, "notation"),
        sent=moment(row, "sentTime"),
        received=moment(row, "receivedTime"),
        send_status=text_of(row, "sendStatus"),
        send_text=text_of(row, "sendStatusDesc"),
        receive_status=text_of(row, "receiveStatus"),
        receive_text=text_of(row, "receiveStatusDesc"),
    )


def agency_row(row: dict[str, Any]) -> AgencyRecord | None:
    """Return the value of one row of any of the lists of agencies, None without a code."""
    code = text_of(row, "code", "organId")
    if code is None:
        return None
    return AgencyRecord(
        code=code,
        name=text_of(row, "name", "organName") or "",
        id=text_of(row, "id"),
        parent=text_of(row, "pid", "pcode"),
        mail=text_of(row, "mail", "email"),
        mobile=text_of(row, "mobile", "telephone"),
        fax=text_of(row, "fax"),
        old_code=text_of(row, "oldCode", "code102"),
        center_code=text_of(row, "centerCode"),
        version=text_of(row, "version"),
        modified=moment(row, "modifyDate"),
        deleted=_truth(row.get("deleted")),
    )


def _truth(value: object) -> bool:
    return str(value).strip().lower() in {"1", "true", "yes", "y"}


def moment(row: dict[str, Any], name: str) -> datetime.datetime | None:
    """Return the time under *name* (Vietnamese time, ISO or milliseconds) in UTC; None if it cannot be told."""
    text = text_of(row, name)
    if text is None:
        return None
    value, _ = parse_timestamp(text)
    if value is None:
        return None
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the zone follows
    try:
        return value.replace(tzinfo=VIETNAM).astimezone(datetime.UTC)
    except OverflowError:  # the first day of year 1
        return None


def values(
    rows: Iterator[dict[str, Any] | None], make: Callable[[dict[str, Any]], T | None], skipped: Callable[[int], None]
) -> list[T]:
    """Return what *make* makes of each row; the number of those that cannot be understood goes to *skipped*."""
    found: list[T] = []
    bad = 0
    for row in rows:
        value = None if row is None else make(row)
        if value is None:
            bad += 1
        else:
            found.append(value)
    if bad:
        skipped(bad)
    return found
