"""Between the values of the exchange protocol and the rows of the store."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from vndoc import exchange
from vndoc.store import OPERATOR, PEER, Change, Delivery, LifeRow, Saga

OUT = "out"
"""Direction of what we sent."""
IN = "in"
"""Direction of what came to us."""

_STATE_OF_ROW = {
    exchange.DeliveryState.HELD: OPERATOR,
    exchange.DeliveryState.SUBMITTED: PEER,
}
"""Who has to act where the delivery itself only waits."""


def delivery_row(document: str, value: exchange.Delivery, at: datetime.datetime) -> Delivery:
    """Return the row of one delivery of the version *document*."""
    return Delivery(
        document=document,
        recipient=value.recipient,
        delivery=value.state.value,
        value=exchange.dump(value),
        message_id=value.message_id,
        updated_at=at,
        final=value.is_final,
        owner=_STATE_OF_ROW.get(value.state),
        next_at=None if value.is_final else _deadline(value),
    )


def _deadline(value: exchange.Delivery) -> datetime.datetime:
    """Return when the delivery itself is next due: attempts and leases are the outbox' business."""
    if value.next_at is None or value.due_kind in {exchange.DeadlineKind.ATTEMPT, exchange.DeadlineKind.LEASE}:
        return value.expires_at
    return value.next_at


def delivery_of(row: Delivery) -> exchange.Delivery:
    """Return the delivery that *row* holds."""
    return exchange.load(dict(row.value), exchange.Delivery)


def life_row(direction: str, value: exchange.Life, at: datetime.datetime) -> LifeRow:
    """Return the row of one life: the receiver has to act, be it somebody else or one of ours."""
    return LifeRow(
        direction=direction,
        business_key=value.document,
        receiver=value.receiver,
        sender=value.sender,
        state=value.state.value,
        version=value.version,
        value=exchange.dump(value),
        updated_at=at,
        final=value.is_final,
        owner=None if value.is_final else PEER if direction == OUT else OPERATOR,
    )


def life_of(row: LifeRow) -> exchange.Life:
    """Return the life that *row* holds."""
    return exchange.load(dict(row.value), exchange.Life)


def change_row(value: exchange.Change, sender: str, document: str | None) -> Saga:
    """Return the row of a change that we ask for: its parts have rows of their own, one for each recipient."""
    return Saga(
        id=value.id,
        direction=OUT,
        business_key=value.document,
        receiver=sender,
        kind=value.kind.value,
        form=value.form.value,
        state=value.outcome.value,
        document=document,
        value=exchange.dump(value.counted()),
        opened_at=value.opened_at,
        final=value.is_final,
        next_at=None if value.is_final else value.answer_by,
    )


def change_of(row: Saga, parts: Iterable[Change]) -> exchange.Change:
    """Return the change that *row* holds, with *parts* of it in hand."""
    held = (exchange.load(dict(part.value), exchange.Part) for part in parts)
    return exchange.load(dict(row.value), exchange.Change).holding(*held)


def part_row(change: exchange.Change, part: exchange.Part, document: str) -> Change:
    """Return the row of one recipient of a change that we ask for; *document* is the version that is changed."""
    return Change(
        id=change.id,
        document=document,
        recipient=part.recipient,
        kind=change.kind.value,
        form=change.form.value,
        state=part.state.value,
        requested_at=change.opened_at,
        final=not part.is_open,
        value=exchange.dump(part),
        deadline=change.answer_by,
        next_at=change.answer_by if part.is_open else None,
    )


def request_row(value: exchange.Request, document: str | None) -> Saga:
    """Return the row of a change that one of our receivers is asked for."""
    return Saga(
        id=value.id,
        direction=IN,
        business_key=value.document,
        receiver=value.receiver,
        kind=value.kind.value,
        form=value.form.value,
        state=value.state.value,
        document=document,
        value=exchange.dump(value),
        opened_at=value.received_at,
        final=value.is_final,
        owner=None if value.is_final else OPERATOR,
        next_at=None if value.is_final else value.remind_at,
    )


def request_of(row: Saga) -> exchange.Request:
    """Return the request that *row* holds."""
    return exchange.load(dict(row.value), exchange.Request)
