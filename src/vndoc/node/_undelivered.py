"""A status that will not reach the other side: people are told of which document; a change that it asks for ends."""

from __future__ import annotations

from types import MappingProxyType

import attrs

from vndoc import exchange
from vndoc.edxml import packet_from_dict
from vndoc.envelope import StatusPacket
from vndoc.errors import ExchangeError
from vndoc.node._effects import About, Carrying
from vndoc.node._known import known_under
from vndoc.node._rows import IN, OUT
from vndoc.node.events import EventKind
from vndoc.store import OutboxRow


def status_not_delivered(carrying: Carrying, row: OutboxRow, code: str) -> None:
    """Tell that the status in *row* will not reach the other side, and why (*code*).

    One that asks for a document back (13) ends the change at its receiver: it may be asked for again.
    """
    body = row.body or {}
    about, asked = About(business_key="", sender=row.sender, receiver=row.recipients[0]), ""
    found = _spoken_of(carrying, row)
    if found is not None:
        reported, key = found
        about = attrs.evolve(about, business_key=key, direction=OUT if reported.is_request else IN)
        asked = reported.receiver if reported.is_request else ""
    facts = MappingProxyType({"message": row.message_id, "status": str(body.get("status_code", ""))})
    carrying.tell(EventKind.NOT_DELIVERED, about, code=code, facts=facts)
    if asked:
        carrying.unit.lock(about.business_key)
        for saga in carrying.unit.lives.sagas(OUT, about.business_key, open_only=True):
            if saga.form == exchange.ChangeForm.STATUS.value:
                carrying.not_asked(saga, asked, about)


def _spoken_of(carrying: Carrying, row: OutboxRow) -> tuple[exchange.Reported, str] | None:
    """Return what the status in *row* says, and the key of its document; None where that is not known any more."""
    ctx, packet = carrying.ctx, packet_from_dict(row.body or {})
    assert isinstance(packet, StatusPacket)  # noqa: S101 - what the kind of the row says
    try:
        reported = exchange.read_status(packet, at=carrying.at, normalise=ctx.normaliser(packet, carrying.at))
        direction = OUT if reported.is_request else IN
        known = known_under(ctx, carrying.unit, direction, reported.receiver)
        return reported, exchange.find(reported.clues, known)
    except ExchangeError:
        return None
