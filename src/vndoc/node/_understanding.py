"""What came, as values: read before the transaction, so that nobody waits for a parser."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from typing import Final

import attrs

from vndoc import exchange
from vndoc.edxml import Reading
from vndoc.envelope import BusinessKey, DocumentPacket, StatusPacket, business_key, content_digest
from vndoc.envelope.octets import Octets
from vndoc.errors import ReadError, StoreError, VndocError
from vndoc.identifiers import OrganCode
from vndoc.node._context import Context
from vndoc.packets import read, verify

Normalise = Callable[[OrganCode], str]

UNREADABLE: Final = "unreadable"


@attrs.frozen(kw_only=True)
class IncomingDocument:
    """A document packet that came: who it is from and for, what it is compared by, what its signatures are worth."""

    packet: DocumentPacket
    key: BusinessKey
    digest: bytes
    others: tuple[bytes, ...]
    """The digests that it would have under the other codes of its sender."""
    sender: str
    receivers: tuple[str, ...]
    normalise: Normalise = attrs.field(repr=False)
    indication: str = ""
    verdict: bytes | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class IncomingStatus:
    """A status packet that came."""

    packet: StatusPacket
    reported: exchange.Reported
    normalise: Normalise = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Unreadable:
    """What came is kept, but says nothing that can be acted on. ``broken``: it is no packet at all."""

    error: VndocError
    broken: bool


Incoming = IncomingDocument | IncomingStatus | Unreadable


def understand(ctx: Context, content: Octets, recipient: str | None, at: datetime.datetime) -> Incoming:
    """Return what *content*, which is kept, is.

    Raises :class:`StoreError` where it cannot be had, and what :func:`~vndoc.verify` raises: that signatures cannot be
    judged now is no fault of the packet.
    """
    with content.open() as file:
        try:
            reading = read(file)
        except StoreError:
            raise
        except ReadError as error:
            return Unreadable(error=error, broken=True)
        except VndocError as error:
            return Unreadable(error=error, broken=False)
        with reading:
            try:
                incoming = _understood(ctx, reading, recipient, at)
            except StoreError:
                raise
            except VndocError as error:
                return Unreadable(error=error, broken=isinstance(error, ReadError))
            if isinstance(incoming, IncomingStatus):
                return incoming
            indication, verdict = _verified(ctx, reading, incoming.normalise, at)
            return attrs.evolve(incoming, indication=indication, verdict=verdict)


def _understood(
    ctx: Context, reading: Reading, recipient: str | None, at: datetime.datetime
) -> IncomingDocument | IncomingStatus:
    packet = reading.packet
    normalise = ctx.normaliser(packet, at)
    if isinstance(packet, StatusPacket):
        reported = exchange.read_status(packet, at=at, normalise=normalise)
        return IncomingStatus(packet=packet, reported=reported, normalise=normalise)
    key = business_key(packet, normalise=normalise)
    return IncomingDocument(
        packet=packet,
        key=key,
        digest=content_digest(packet),
        others=tuple(_under_other_codes(ctx, packet)),
        sender=normalise(packet.from_.organ_id) if packet.from_ and packet.from_.organ_id else key.issuer,
        receivers=_receivers(ctx, packet, recipient, normalise),
        normalise=normalise,
    )


def _under_other_codes(ctx: Context, packet: DocumentPacket) -> Iterator[bytes]:
    """Yield the content digests of *packet* as it may have come before the table preferred another code."""
    from_ = packet.from_
    if from_ is not None and from_.organ_id is not None:
        for name in ctx.names(from_.organ_id.text)[1:]:
            yield content_digest(packet.evolve(from_=from_.evolve(organ_id=OrganCode(name))))


def _receivers(ctx: Context, packet: DocumentPacket, recipient: str | None, normalise: Normalise) -> tuple[str, ...]:
    """Return whom of ours the copy is for: the axis says it for this copy, else the packet for all."""
    if recipient is not None and (said := ctx.own_code(normalise(OrganCode(recipient)))) is not None:
        return (said,)
    named = (ctx.own_code(normalise(organ.organ_id)) for organ in packet.to if organ.organ_id is not None)
    return tuple(dict.fromkeys(code for code in named if code is not None))


def _verified(ctx: Context, reading: Reading, normalise: Normalise, at: datetime.datetime) -> tuple[str, bytes | None]:
    """Return the indication on the signatures, and the whole verdict to be kept; nothing without trust."""
    if ctx.trust is None or ctx.policy.signatures is None:
        return "", None
    verdict = verify(
        reading,
        policy=ctx.policy.signatures,
        trust=ctx.trust,
        at=at,
        revocation=ctx.revocation,
        normalise=normalise,
    )
    return verdict.indication.value, json.dumps(verdict.to_dict(), ensure_ascii=False).encode()
