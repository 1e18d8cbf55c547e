"""What the store knows of a document: its packet, its life at a receiver, and how others name it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Final

import attrs

from vndoc import exchange
from vndoc.envelope import BusinessKey, DocumentPacket
from vndoc.envelope.codes import BussinessDocType
from vndoc.identifiers import OrganCode
from vndoc.node._context import Context
from vndoc.node._effects import About, Carrying
from vndoc.node._rows import IN, change_of, life_row
from vndoc.packets import read_packet
from vndoc.store import Change, Document, LifeRow, Saga, Unit

CHANGES: Final = MappingProxyType(
    {
        BussinessDocType.RECALL: exchange.ChangeKind.RECALL,
        BussinessDocType.UPDATE: exchange.ChangeKind.UPDATE,
        BussinessDocType.REPLACE: exchange.ChangeKind.REPLACE,
    }
)
_ADDED: Final = 1
"""``ReceiverType`` of a receiver that an update adds. Source: practice (section 5.6)."""


def original_packet(ctx: Context, document: Document) -> DocumentPacket | None:
    """Return the document packet that lies in the store under *document*."""
    with ctx.store.read(document.packet) as file:
        packet = read_packet(file)
    return packet if isinstance(packet, DocumentPacket) else None


def life_under(ctx: Context, unit: Unit, direction: str, key: str, receiver: str) -> LifeRow | None:
    """Return the life of the document *key* at *receiver*, under whichever of its codes it is kept."""
    rows = (unit.lives.get(direction, key, name) for name in ctx.names(receiver))
    return next((row for row in rows if row is not None), None)


def versions_under(
    ctx: Context, unit: Unit, direction: str, key: BusinessKey
) -> tuple[BusinessKey, tuple[Document, ...]]:
    """Return what is known of the document *key*, and the key it is kept under: whichever code of its issuer has it.

    Nobody else decides about it at the same time.
    """
    keys = {str(one): one for one in (attrs.evolve(key, issuer=name) for name in ctx.names(key.issuer))}
    for one in sorted(keys):
        unit.lock(one)
    for one, under in keys.items():
        versions = unit.documents.versions(direction, one)
        if versions:
            return under, tuple(versions)
    return key, ()


def known_under(ctx: Context, unit: Unit, direction: str, receiver: str) -> Callable[[exchange.Clue], Iterator[str]]:
    """Return what finds the business keys that a clue means, among the documents that *receiver* has or should."""

    def known(clue: exchange.Clue) -> Iterator[str]:
        keys = _keys_of(ctx, unit, direction, clue)
        return (key for key in keys if life_under(ctx, unit, direction, key, receiver) is not None)

    return known


def known_anywhere(ctx: Context, unit: Unit, direction: str) -> Callable[[exchange.Clue], Iterator[str]]:
    """Return what finds the business keys that a clue means, among the documents that any receiver has or should."""
    return lambda clue: (
        key for key in _keys_of(ctx, unit, direction, clue) if unit.lives.of(direction, key, limit=1).rows
    )


def _keys_of(ctx: Context, unit: Unit, direction: str, clue: exchange.Clue) -> list[str]:
    if clue.key is not None:
        return sorted({str(attrs.evolve(clue.key, issuer=name)) for name in ctx.names(clue.key.issuer)})
    hinted = unit.documents.by_hint(clue.document_id or "")
    return sorted({found.business_key for found in hinted if found.direction == direction})


def added_by(packet: DocumentPacket, normalise: Callable[[OrganCode], str]) -> tuple[str, ...]:
    """Return the codes of the receivers that an update says it adds: they get the document with it."""
    block = None if packet.trace_header_list is None else packet.trace_header_list.bussiness
    info = None if block is None else block.bussiness_document_info
    named = () if info is None else info.receiver_list
    return tuple(normalise(one.organ_id) for one in named if one.receiver_type == _ADDED and one.organ_id is not None)


def about_in(carrying: Carrying, key: str, receiver: str, carrier: str | None) -> About:
    """Return what the effects on the document *key* at our *receiver* are about."""
    versions = carrying.unit.documents.versions(IN, key)
    first = versions[-1]
    return About(
        business_key=key,
        sender=first.sender,
        receiver=receiver,
        direction=IN,
        versions=versions,
        packet=original_packet(carrying.ctx, first),
        carrier=carrier,
    )


def save_life(carrying: Carrying, direction: str, before: exchange.Life, after: exchange.Life) -> None:
    """Write *after* and its history, if anything has changed."""
    if after != before:
        carrying.unit.lives.move(life_row(direction, after, carrying.at))
        carrying.hear(direction, before, after)


def whole_change(unit: Unit, saga: Saga) -> exchange.Change:
    """Return the change that *saga* holds with the parts of all its recipients."""
    rows: list[Change] = []
    after: str | None = None
    while True:
        page = unit.documents.change_parts(saga.id, after=after, limit=1000)
        rows += page.rows
        after = page.after
        if after is None:
            return change_of(saga, rows)
