"""From a packet to rows: written, checked, planned, kept, and then one transaction for everything that follows."""

from __future__ import annotations

import datetime
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from vndoc import exchange
from vndoc.edxml import Reading
from vndoc.envelope import BusinessKey, DocumentPacket, business_key, content_digest
from vndoc.envelope.codes import BussinessDocType, Priority
from vndoc.envelope.octets import MemoryOctets, Octets
from vndoc.errors import ExchangeError, StoreError
from vndoc.node._again import only_missed
from vndoc.node._asking import Asking, expect, receivers_of
from vndoc.node._context import Context
from vndoc.node._known import versions_under
from vndoc.node._rows import OUT, delivery_row
from vndoc.packets import read, validate, verify, write_packet
from vndoc.packets.files import TemporarySpool
from vndoc.routing import Plan, Submission
from vndoc.signature.report import Verdict
from vndoc.store import BlobInfo, Document, Evidence, Message, Unit
from vndoc.text import Text

__all__ = ["NotClearedError", "Sent"]

_IN_MEMORY: Final = 4 * 1024 * 1024
"""Packets whose attachments are larger than this are written to a temporary file first."""
_PUTS: Final = 3
"""How often a content is put again when a collector has just removed the equal one."""


class NotClearedError(ExchangeError):
    """The document may not be sent; ``clearance`` has every finding."""

    def __init__(self, code: str, /, *, clearance: exchange.Clearance | None = None, **values: Any) -> None:
        super().__init__(code, **values)
        self.clearance = clearance


@attrs.frozen(kw_only=True)
class Sent:
    """What became of a wish to send: accepted, durable, on its way.

    ``document`` is its row in the store, ``messages`` the rows of the outbox, ``change`` the id of the change that the
    packet asks for, or empty. ``repeated`` says that the very same document had been accepted before: then everything
    is as it was then, and nothing is sent twice. Where deliveries had ended without reaching their recipients, it is
    sent to these once more, as the next ``version``, and nothing is ``repeated``.
    """

    document: str
    business_key: str
    version: int
    messages: tuple[str, ...]
    plan: Plan | None = attrs.field(repr=False)
    clearance: exchange.Clearance | None = attrs.field(repr=False)
    change: str = ""
    repeated: bool = False


@attrs.frozen(kw_only=True)
class Prepared:
    """A packet that may be sent. ``proofs`` are what is kept of why, by kind: made before anybody waits for a lock."""

    packet: DocumentPacket
    key: BusinessKey
    digest: bytes
    sender: str
    octets: Octets = attrs.field(repr=False)
    plan: Plan
    clearance: exchange.Clearance
    proofs: Mapping[str, bytes] = attrs.field(repr=False)
    at: datetime.datetime
    answer_by: datetime.datetime | None
    clues: tuple[tuple[exchange.Clue, ...], ...] = ()


def send(
    ctx: Context,
    packet: DocumentPacket,
    *,
    not_secret: exchange.NotSecret | None,
    verdict: exchange.Verified | None,
    exclude: Iterable[str],
    answer_by: datetime.datetime | None,
) -> Sent:
    """Accept *packet*; see :meth:`vndoc.node.Node.send`."""
    at = ctx.now()
    octets, spool = _written(ctx, packet)
    try:
        prepared = _prepare(ctx, packet, octets, not_secret, verdict, exclude, answer_by, at)
        for _ in range(_PUTS - 1):
            try:
                return _accept(ctx, prepared)
            except StoreError as error:
                if error.code != "blob-missing":
                    raise
        return _accept(ctx, prepared)
    finally:
        if spool is not None:
            spool.close()


def _written(ctx: Context, packet: DocumentPacket) -> tuple[Octets, TemporarySpool | None]:
    if sum(attachment.size for attachment in packet.attachments) <= _IN_MEMORY:
        buffer = io.BytesIO()
        write_packet(packet, profile=ctx.policy.profile, to=buffer)
        return MemoryOctets(buffer.getvalue()), None
    spool = TemporarySpool()
    try:
        write_packet(packet, profile=ctx.policy.profile, to=spool)  # type: ignore[call-overload]
    except BaseException:
        spool.close()
        raise
    return spool, spool


# -- checking --------------------------------------------------------------------------------------------


def _prepare(
    ctx: Context,
    packet: DocumentPacket,
    octets: Octets,
    not_secret: exchange.NotSecret | None,
    verdict: exchange.Verified | None,
    exclude: Iterable[str],
    answer_by: datetime.datetime | None,
    at: datetime.datetime,
) -> Prepared:
    """Check everything that can be checked before anything is kept. Raises :class:`NotClearedError`."""
    normalise = ctx.normaliser(packet, at)
    key = business_key(packet, normalise=normalise)
    named = normalise(packet.from_.organ_id) if packet.from_ and packet.from_.organ_id else key.issuer
    sender = ctx.own_code(named)
    if sender is None:
        raise ExchangeError("agency-not-here", code=named)
    digest = content_digest(packet)
    plan = _plan(ctx, packet, exclude, at)
    with octets.open() as file, read(file) as reading:
        found = _verified(ctx, reading, at) if verdict is None else verdict
        clearance = exchange.clear(
            packet,
            report=validate(reading, profile=ctx.policy.profile, today=ctx.today(at)),
            plan=plan,
            not_secret=not_secret,
            digest=digest,
            at=at,
            size=octets.size,
            max_bytes=_largest(ctx, plan),
            verdict=found,
            rules=ctx.policy.sending,
        )
    if not clearance.passed:
        first = clearance.errors[0]
        detail = Text("{vi}", "{en}").filled(vi=first.text("vi").rstrip("."), en=first.text("en").rstrip("."))
        raise NotClearedError("not-cleared", clearance=clearance, count=len(clearance.errors), detail=detail)
    clues = exchange.change_clues(packet, normalise=normalise)
    return Prepared(
        packet=packet,
        key=key,
        digest=digest,
        sender=sender,
        octets=octets,
        plan=plan,
        clearance=clearance,
        proofs=_proofs(plan, clearance, found, not_secret),
        at=at,
        answer_by=answer_by,
        clues=clues,
    )


def _proofs(
    plan: Plan,
    clearance: exchange.Clearance,
    verdict: exchange.Verified | None,
    not_secret: exchange.NotSecret | None,
) -> dict[str, bytes]:
    """Return why the copies go where they go, by which version of the table, what the signatures are worth, and who
    declared that there is no secret in it.
    """
    found: dict[str, object] = {"plan": {"plan": plan.to_dict(), "warnings": sorted(clearance.ids)}}
    if isinstance(verdict, Verdict):
        found["verdict"] = verdict.to_dict()
    elif verdict is not None:
        found["verdict"] = {"indication": verdict.indication.value}
    if not_secret is not None:
        who, at = not_secret.declared_by, not_secret.at.isoformat()
        found["declaration"] = {"declared_by": who, "at": at, "digest": not_secret.digest.hex()}
    return {kind: json.dumps(fields, ensure_ascii=False).encode() for kind, fields in found.items()}


def _plan(ctx: Context, packet: DocumentPacket, exclude: Iterable[str], at: datetime.datetime) -> Plan:
    """Return where the copies go. Raises ``carrier-missing`` where the table names a carrier that is not here."""
    codes = [organ.organ_id.text for organ in packet.to if organ.organ_id is not None]
    info = packet.promulgation_info
    meant = info.promulgation_date if info is not None else None
    if isinstance(meant, datetime.datetime):
        meant = meant.date()
    plan = ctx.table.plan(codes, at=ctx.today(at), meant_at=meant, own_system=ctx.own_system, exclude=exclude)
    for submission in plan.submissions:
        if submission.carrier not in ctx.carriers:
            raise ExchangeError("carrier-missing", carrier=submission.carrier)
    return plan


def _largest(ctx: Context, plan: Plan) -> int | None:
    """Return the smallest of the limits of the carriers in *plan*."""
    limits = [ctx.carriers[submission.carrier].features.max_bytes for submission in plan.submissions]
    return min((limit for limit in limits if limit is not None), default=None)


def _verified(ctx: Context, reading: Reading, at: datetime.datetime) -> exchange.Verified | None:
    """Return what the signatures of the packet are worth, None where there are none, or nobody asks."""
    if ctx.trust is None or ctx.policy.signatures is None:
        return None
    verdict = verify(
        reading,
        policy=ctx.policy.signatures,
        trust=ctx.trust,
        at=at,
        revocation=ctx.revocation,
        normalise=ctx.normaliser(reading.packet, at),
    )
    return verdict if verdict.signatures else None


# -- accepting -------------------------------------------------------------------------------------------


def _accept(ctx: Context, prepared: Prepared) -> Sent:
    """Keep the content, then all rows in one transaction: when this returns, the document is accepted."""
    info = ctx.store.keep(prepared.octets)
    ctx.store.reached("send.kept")
    with ctx.store.transaction() as unit:
        key, versions = versions_under(ctx, unit, OUT, prepared.key)
        prepared = attrs.evolve(prepared, key=key)
        earlier = _earlier(unit, prepared, versions)
        if earlier is not None:
            again = only_missed(ctx, unit, prepared.plan, _same(prepared, versions))
            if not again.submissions:
                return earlier
            prepared = attrs.evolve(prepared, plan=again)
        unit.name(info, at=prepared.at)
        sent = _Sending(ctx, unit, prepared, info, versions).rows()
        ctx.store.reached("send.in-transaction")
    ctx.store.reached("send.committed")
    return sent


def _earlier(unit: Unit, prepared: Prepared, versions: Sequence[Document]) -> Sent | None:
    """Return what was answered to the same wish before. Raises ``document-conflict`` for a key that is taken."""
    operation = prepared.packet.bussiness_doc_type
    same = _same(prepared, versions)
    if same:
        version = same[0]
        change = unit.lives.saga(version.id)
        return Sent(
            document=version.id,
            business_key=str(prepared.key),
            version=version.version,
            messages=tuple(_messages_of(unit, version.id)),
            plan=prepared.plan,
            clearance=prepared.clearance,
            change="" if change is None else change.id,
            repeated=True,
        )
    if versions and operation in {BussinessDocType.NEW, BussinessDocType.REPLACE}:
        raise ExchangeError("document-conflict")
    return None


def _same(prepared: Prepared, versions: Sequence[Document]) -> list[Document]:
    """Return those of *versions* that are the same wish, the newest first."""
    wish = (prepared.digest, prepared.packet.bussiness_doc_type)
    return [version for version in versions if (version.content_digest, version.kind) == wish]


def _messages_of(unit: Unit, document: str) -> Iterator[str]:
    after: str | None = None
    while True:
        page = unit.outbox.list(document=document, after=after, limit=1000)
        yield from (row.message_id for row in page.rows)
        after = page.after
        if after is None:
            return


@attrs.frozen
class _Sending:
    """The rows of one document that is accepted."""

    ctx: Context
    unit: Unit
    prepared: Prepared
    info: BlobInfo
    versions: Sequence[Document]

    def rows(self) -> Sent:
        prepared, unit = self.prepared, self.unit
        asking = self._asking()
        document = self._document(None if asking is None else asking.target())
        unit.documents.add(document)
        messages = [row for submission in prepared.plan.submissions for row in self._messages(document, submission)]
        change = "" if asking is None else asking.open(document)
        if prepared.packet.bussiness_doc_type not in {BussinessDocType.RECALL, BussinessDocType.UPDATE}:
            receivers = receivers_of(prepared.plan)
            expect(self.ctx, unit, str(prepared.key), prepared.sender, receivers, prepared.at)
        self._evidence(document)
        return Sent(
            document=document.id,
            business_key=str(prepared.key),
            version=document.version,
            messages=tuple(messages),
            plan=prepared.plan,
            clearance=prepared.clearance,
            change=change,
        )

    def _asking(self) -> Asking | None:
        """Return how the change that the packet asks for is opened, None for a new document."""
        prepared = self.prepared
        if not prepared.clues:
            return None
        return Asking(
            ctx=self.ctx,
            unit=self.unit,
            at=prepared.at,
            packet=prepared.packet,
            sender=prepared.sender,
            plan=prepared.plan,
            clues=prepared.clues,
            answer_by=prepared.answer_by,
        )

    def _document(self, target: str | None) -> Document:
        prepared = self.prepared
        return Document(
            id=self.ctx.new_id(prepared.at),
            direction=OUT,
            business_key=str(prepared.key),
            version=max((v.version for v in self.versions), default=0) + 1,
            kind=prepared.packet.bussiness_doc_type,
            content_digest=prepared.digest,
            document_id=prepared.packet.document_id,
            sender=prepared.sender,
            packet=self.info.digest,
            created_at=prepared.at,
            target=target,
        )

    def _messages(self, document: Document, submission: Submission) -> list[str]:
        """Put the messages of one carrier into the outbox: one for all, if the axis fans out."""
        fans_out = self.ctx.carriers[submission.carrier].features.fans_out
        groups = [submission.codes] if fans_out else [(code,) for code in submission.codes]
        return [self._message(document, submission.carrier, tuple(dict.fromkeys(group))) for group in groups]

    def _message(self, document: Document, carrier: str, recipients: tuple[str, ...]) -> str:
        prepared, policy = self.prepared, self.ctx.policy
        message_id = self.ctx.new_id(prepared.at)
        expires_at = prepared.at + policy.lifetime
        self.unit.outbox.post(
            Message(
                message_id=message_id,
                kind="edoc",
                carrier=carrier,
                sender=prepared.sender,
                recipients=recipients,
                idempotency=f"document:{message_id}",
                created_at=prepared.at,
                document=document.id,
                packet=self.info.digest,
                size=self.info.size,
                priority=_priority(prepared.packet),
                expires_at=expires_at,
            )
        )
        for recipient in recipients:
            value, _ = exchange.Delivery.start(message_id, recipient, at=prepared.at, expires_at=expires_at)
            self.unit.documents.follow(delivery_row(document.id, value, prepared.at))
        return message_id

    def _evidence(self, document: Document) -> None:
        for kind, data in self.prepared.proofs.items():
            self.unit.records.keep(
                Evidence(
                    id=self.ctx.new_id(self.prepared.at),
                    payload=self.info.digest,
                    kind=kind,
                    at=self.prepared.at,
                    document=document.id,
                    data=data,
                )
            )


def _priority(packet: DocumentPacket) -> int:
    """Return the urgency of *packet*: higher goes first."""
    given = packet.other_info.priority if packet.other_info is not None else None
    return given if given in set(Priority) else 0
