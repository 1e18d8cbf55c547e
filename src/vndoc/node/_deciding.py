"""What an incoming copy does: found out and written within one transaction, office system included."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

import attrs

from vndoc import exchange
from vndoc.envelope.codes import BussinessDocType, StatusCode
from vndoc.errors import ExchangeError, VndocError
from vndoc.node._context import Context
from vndoc.node._effects import About, Carrying
from vndoc.node._known import (
    CHANGES,
    added_by,
    known_under,
    life_under,
    save_life,
    versions_under,
)
from vndoc.node._requests import receive_request
from vndoc.node._rows import IN, OUT, change_of, life_of, life_row
from vndoc.node._understanding import Incoming, IncomingDocument, IncomingStatus, Unreadable
from vndoc.node.events import EventKind
from vndoc.store import Change, Document, Evidence, InboxRow, Lease, LifeRow, Saga, Unit

TOO_EARLY: Final = "change-target-unknown"
"""Why a recall or an update that overtook its document waits for it."""
_ANSWERS: Final = frozenset({StatusCode.CHANGE_AGREED.value, StatusCode.CHANGE_REFUSED.value})
_FOR_CHANGES: Final = _ANSWERS | {StatusCode.DONE.value, StatusCode.REFUSED.value}
"""Statuses that may end a part of a change; the others concern the life alone."""
_OUTCOMES: Final = MappingProxyType(
    {
        exchange.Judgement.MOVED: "status",
        exchange.Judgement.NOTED: "status",
        exchange.Judgement.UNKNOWN: "status",
        exchange.Judgement.REPEATED: "duplicate",
        exchange.Judgement.LATE: "late",
        exchange.Judgement.CONFLICT: "conflict",
    }
)
"""What a status turns out to be."""


@attrs.frozen(kw_only=True)
class Decision:
    """What one copy turned out to be, and what it was compared by. ``fail``: the axis is told so."""

    outcome: str
    business_key: str | None = None
    content_digest: bytes | None = None
    document: str | None = None
    code: str | None = None
    detail: str | None = None
    fail: bool = False


def decide(ctx: Context, unit: Unit, row: InboxRow, incoming: Incoming, lease: Lease) -> Decision:
    """Decide about *row*, carry out what follows from it, and note both. Raises what a hook raises, wrapped."""
    at = ctx.now()
    carrying = Carrying(ctx=ctx, unit=unit, at=at, source=row.id, inline=True, inbox=row.id)
    if isinstance(incoming, IncomingDocument):
        decision = _document(carrying, row, incoming).decide()
    elif isinstance(incoming, IncomingStatus):
        decision = _Statuses(ctx, unit, carrying, row, incoming).decide()
    else:
        decision = _unreadable(carrying, row, incoming)
    unit.inbox.decide(
        lease,
        decision.outcome,
        business_key=decision.business_key,
        content_digest=decision.content_digest,
        document=decision.document,
        code=decision.code,
        detail=decision.detail,
    )
    return decision


def _unreadable(carrying: Carrying, row: InboxRow, incoming: Unreadable) -> Decision:
    error = incoming.error
    about = About(
        business_key="", sender=row.sender or "", receiver=row.recipient or "", direction=IN, digest=row.packet
    )
    carrying.tell(EventKind.UNREADABLE, about, code=error.code, reason=error.text("vi"))
    return Decision(outcome="unreadable", code=error.code, detail=error.text("en")[:500], fail=incoming.broken)


def _document(carrying: Carrying, row: InboxRow, incoming: IncomingDocument) -> _Documents:
    """Return what decides about a document packet: under the key and the digest by which it is known, if any."""
    ctx, unit = carrying.ctx, carrying.unit
    key, seen = versions_under(ctx, unit, IN, incoming.key)
    digests = {version.content_digest for version in seen}
    digest = next((one for one in (incoming.digest, *incoming.others) if one in digests), incoming.digest)
    return _Documents(ctx, unit, carrying, row, attrs.evolve(incoming, key=key, digest=digest), list(seen))


@attrs.frozen
class _Documents:
    """A document packet: new, known, in conflict, or a change of one."""

    ctx: Context
    unit: Unit
    carrying: Carrying
    row: InboxRow
    incoming: IncomingDocument
    _seen: list[Document]

    def decide(self) -> Decision:
        key, digest = str(self.incoming.key), self.incoming.digest
        found = Decision(outcome="misdirected", business_key=key, content_digest=digest)
        if not self.incoming.receivers:
            self.carrying.tell(EventKind.MISDIRECTED, self._about(""), code="packet-misdirected")
            return attrs.evolve(found, code="packet-misdirected")
        # Several receivers of ours may be named by one copy; what is told of the copy is the most that happened.
        outcomes = [self._at(receiver) for receiver in self.incoming.receivers]
        best = min(outcomes, key=lambda outcome: _WEIGHT.index(outcome[0]))
        same = self._same()
        document = None if same is None else same.id
        self._keep_verdict(document)
        return attrs.evolve(found, outcome=best[0], code=best[1], document=document)

    def _keep_verdict(self, document: str | None) -> None:
        """Keep what the signatures of the copy are worth as evidence: on its document, where it is one."""
        if self.incoming.verdict is not None:
            self.unit.records.keep(
                Evidence(
                    id=self.ctx.new_id(self.carrying.at),
                    payload=self.row.packet,
                    kind="verdict",
                    at=self.carrying.at,
                    document=document,
                    data=self.incoming.verdict,
                )
            )

    def _about(self, receiver: str) -> About:
        key = str(self.incoming.key)
        return About(
            business_key=key,
            sender=self.incoming.sender,
            receiver=receiver,
            direction=IN,
            versions=tuple(self._seen),
            packet=self.incoming.packet,
            digest=self.row.packet,
            carrier=self.row.carrier,
        )

    def _same(self) -> Document | None:
        """Return the row of this very document, if it has come before."""
        operation = self._operation
        return next((v for v in self._seen if (v.content_digest, v.kind) == (self.incoming.digest, operation)), None)

    @property
    def _operation(self) -> BussinessDocType:
        """Return what the packet wants; one that says something unheard of is taken for a new document."""
        found = self.incoming.packet.bussiness_doc_type
        return BussinessDocType(found) if found in set(BussinessDocType) else BussinessDocType.NEW

    def _at(self, receiver: str) -> tuple[str, str | None]:
        operation = self._operation
        life = life_under(self.ctx, self.unit, IN, str(self.incoming.key), receiver)
        known = [
            exchange.Known(
                digest=v.content_digest,
                version=v.version,
                at=v.created_at,
                taken=life is not None or v.content_digest != self.incoming.digest,
                operation=v.kind,
            )
            for v in self._seen
            if self._came_as_document(v, life)
        ]
        incoming = exchange.Incoming(document=str(self.incoming.key), digest=self.incoming.digest, operation=operation)
        matching = exchange.match(incoming, known)
        if matching.match is exchange.Match.CHANGE:
            return self._change(receiver, operation)
        if matching.match is exchange.Match.CONFLICT:
            self.carrying.do(matching.effects, self._about(receiver))
            return "conflict", "document-conflict"
        if matching.match is exchange.Match.DUPLICATE:
            assert life is not None  # noqa: S101 - the same content counts as taken only with its life
            return self._again(life)
        self._arrive(receiver)
        return "new", None

    def _came_as_document(self, version: Document, life: LifeRow | None) -> bool:
        """Return whether *version* came as a document, and not as the wish to change one that was there."""
        if version.kind != BussinessDocType.UPDATE:
            return version.kind != BussinessDocType.RECALL
        if life is None:
            return False
        heard = self.unit.documents.history(IN, life.business_key, life.receiver)
        arrived = min((one.version for one in heard if one.code == StatusCode.ARRIVED.value), default=None)
        return version.version == arrived

    def _is_added(self, receiver: str) -> bool:
        """Return whether the update says that *receiver* was added: it gets the document with the update."""
        names = set(self.ctx.names(receiver))
        return not names.isdisjoint(added_by(self.incoming.packet, self.incoming.normalise))

    def _add(self, target: str | None = None) -> Document:
        """Return the row of this packet, made if it is the first time."""
        same = self._same()
        if same is not None:
            return same
        key = str(self.incoming.key)
        assert self.row.packet is not None  # noqa: S101 - a copy that is decided about has its octets
        document = Document(
            id=self.ctx.new_id(self.carrying.at),
            direction=IN,
            business_key=key,
            version=max((v.version for v in self._seen), default=0) + 1,
            kind=self._operation,
            content_digest=self.incoming.digest,
            document_id=self.incoming.packet.document_id,
            sender=self.incoming.sender,
            packet=self.row.packet,
            created_at=self.carrying.at,
            target=target,
        )
        self.unit.documents.add(document)
        self._seen.insert(0, document)
        return document

    def _arrive(self, receiver: str) -> None:
        """Begin the life of a new document: status 01 goes out by itself, as a row of its own."""
        document = self._add()
        before = exchange.Life.expected(
            str(self.incoming.key),
            sender=self.incoming.sender,
            receiver=receiver,
            reopens=self.ctx.policy.requests.after_done,
        )
        if self._operation is BussinessDocType.UPDATE:
            before = attrs.evolve(before, version=document.version)
        life, effects = before.act(exchange.LifeEvent.ARRIVE, at=self.carrying.at)
        self.unit.lives.begin(life_row(IN, life, self.carrying.at))
        self.carrying.hear(IN, before, life)
        about = self._about(receiver)
        self.carrying.do([e for e in effects if isinstance(e, exchange.SendStatus)], about)
        facts = {"indication": self.incoming.indication} if self.incoming.indication else {}
        told = MappingProxyType(facts)
        self.carrying.tell(EventKind.RECEIVED, about, document=document.id, version=life.version, facts=told)

    def _again(self, life: LifeRow) -> tuple[str, str | None]:
        """Answer a document that has come before with the earlier receipt."""
        receipt = exchange.SendStatus(StatusCode.ARRIVED.value, life.business_key, 1, life.sender)
        about = self._about(life.receiver)
        self.carrying.status(receipt, about)
        self.carrying.tell(EventKind.DUPLICATE, about)
        return "duplicate", None

    # -- changes -----------------------------------------------------------------------------------

    def _change(self, receiver: str, operation: BussinessDocType) -> tuple[str, str | None]:
        """Take a recall, an update or a replacement: for each document it names, a request."""
        same = self._same()
        seen = same is not None and self.unit.lives.saga(f"{same.id}.{receiver}.0") is not None
        held = life_under(self.ctx, self.unit, IN, str(self.incoming.key), receiver) is not None
        if operation is BussinessDocType.REPLACE and not held:
            self._arrive(receiver)  # a replacement is a new document as well
        groups = exchange.change_clues(self.incoming.packet, normalise=self.incoming.normalise)
        if operation is BussinessDocType.UPDATE and self._is_added(receiver) and not self._knows(receiver, groups):
            self._arrive(receiver)
            return "new", None
        failed: str | None = None
        for number, clues in enumerate(groups):
            concerned = {code for clue in clues for code in clue.receivers}
            if not concerned or receiver in concerned:
                failed = self._request(receiver, CHANGES[operation], clues, number) or failed
        if failed is not None:
            return "conflict", failed
        return "duplicate" if seen else "change", None

    def _request(
        self, receiver: str, kind: exchange.ChangeKind, clues: tuple[exchange.Clue, ...], number: int
    ) -> str | None:
        """Receive one request; return the code of what stands against it, None if nothing does."""
        packet = self.incoming.packet
        block = packet.trace_header_list.bussiness if packet.trace_header_list is not None else None
        try:
            target = exchange.find(clues, known_under(self.ctx, self.unit, IN, receiver))
            document = self._add(self._first(target))
            receive_request(
                self.carrying,
                target,
                receiver,
                id_=f"{document.id}.{receiver}.{number}",
                kind=kind,
                form=exchange.ChangeForm.PACKET,
                asker=self.incoming.sender,
                reason=(block.bussiness_doc_reason if block is not None else None) or "",
                document=document.id,
                carrier=self.row.carrier,
            )
        except ExchangeError as error:
            if error.code == TOO_EARLY and kind is not exchange.ChangeKind.REPLACE and self._may_wait(clues):
                raise
            keys = [("document", str(self.incoming.key)), ("change", kind.value), ("error", error.text("en")[:300])]
            self.carrying.conflict(error.code, self._about(receiver), keys)
            return error.code
        return None

    def _may_wait(self, clues: tuple[exchange.Clue, ...]) -> bool:
        """Return whether the document may still come: it is early, and at no receiver of this copy."""
        return is_early(self.carrying, self.row) and not any(self._knows(r, [clues]) for r in self.incoming.receivers)

    def _knows(self, receiver: str, groups: Iterable[Iterable[exchange.Clue]]) -> bool:
        """Return whether *receiver* has a document that one of the clues means."""
        known = known_under(self.ctx, self.unit, IN, receiver)
        return any(any(known(clue)) for clues in groups for clue in clues)

    def _first(self, key: str) -> str:
        return self.unit.documents.versions(IN, key)[-1].id


_WEIGHT: Final = ("new", "change", "conflict", "duplicate")


def is_early(carrying: Carrying, row: InboxRow) -> bool:
    """Return whether what *row* speaks of may still come: axes promise no order."""
    return carrying.at < row.kept_at + carrying.ctx.policy.wait_for_target


@attrs.frozen
class _Statuses:
    """A status packet: of a document of ours, or the wish to have one back."""

    ctx: Context
    unit: Unit
    carrying: Carrying
    row: InboxRow
    incoming: IncomingStatus

    def decide(self) -> Decision:
        reported = self.incoming.reported
        direction = IN if reported.is_request else OUT
        try:
            key = exchange.find(reported.clues, known_under(self.ctx, self.unit, direction, reported.receiver))
            self.unit.lock(key)
            return self._take_back(key) if reported.is_request else self._told(key)
        except ExchangeError as error:
            if error.code == TOO_EARLY and reported.is_request and is_early(self.carrying, self.row):
                raise
            return self._contradicts(error)

    def _contradicts(self, error: VndocError) -> Decision:
        reported = self.incoming.reported
        named = next((str(clue.key) for clue in reported.clues if clue.key is not None), "")
        about = About(business_key=named, sender=reported.sender, receiver=reported.receiver, digest=self.row.packet)
        keys = [("document", named), ("receiver", reported.receiver), ("code", reported.report.code)]
        self.carrying.conflict(error.code, about, [pair for pair in keys if pair[1]])
        return Decision(outcome="conflict", business_key=named or None, code=error.code, detail=error.text("en")[:500])

    def _take_back(self, key: str) -> Decision:
        reported = self.incoming.reported
        receive_request(
            self.carrying,
            key,
            reported.receiver,
            id_=self.row.id,
            kind=exchange.ChangeKind.RECALL,
            form=exchange.ChangeForm.STATUS,
            asker=reported.sender,
            reason=reported.report.reason,
            document=None,
            carrier=self.row.carrier,
        )
        return Decision(outcome="change", business_key=key)

    def _told(self, key: str) -> Decision:
        """Take what a receiver reports on a document of ours."""
        reported = self.incoming.reported
        row = life_under(self.ctx, self.unit, OUT, key, reported.receiver)
        if row is None:
            raise ExchangeError("change-target-unknown", document=key)
        life = life_of(row)
        concerned = self._concerned(key, life.receiver)
        report = reported.report
        versions = self.unit.documents.versions(OUT, key)
        about = About(
            business_key=key,
            sender=life.sender,
            receiver=life.receiver,
            versions=versions,
            digest=self.row.packet,
            reason=report.reason,
        )
        if concerned is not None:
            saga, part = concerned
            change = change_of(saga, [part])
            new_change, new_life, effects, judgement = change.observe(life, report)
            if new_change != change:
                self.carrying.save_change(saga, change, new_change)
        elif report.code in _ANSWERS:
            return self._unasked(key, about)
        else:
            new_life, effects, judgement = life.observe(report)
        save_life(self.carrying, OUT, life, new_life)
        self.carrying.do(effects, about)
        if concerned is not None and concerned[0].document is not None and report.code in _ANSWERS:
            # An answer proves that the packet of the change has come.
            self.carrying.deliver(concerned[0].document, life.receiver, [exchange.Arrived(report.at)], about)
        self._keep(versions[-1])
        code = None if judgement is not exchange.Judgement.CONFLICT else "status-contradicts"
        return Decision(
            outcome=_OUTCOMES[judgement], business_key=key, document=versions[-1].id, code=code, detail=report.code
        )

    def _unasked(self, key: str, about: About) -> Decision:
        """Record an answer to no change that the receiver has a part in: it proves that the document came, no more."""
        at = self.incoming.reported.report.at
        self.carrying.do([exchange.ConfirmArrival(about.receiver, at)], about)
        self._keep(about.versions[-1])
        return self._contradicts(ExchangeError("change-unknown", document=key, recipient=about.receiver))

    def _concerned(self, key: str, receiver: str) -> tuple[Saga, Change] | None:
        """Return the change that a report belongs to, and the receiver's part: the open one, for answers the newest."""
        code = self.incoming.reported.report.code
        if code not in _FOR_CHANGES:
            return None
        newest: tuple[Saga, Change] | None = None
        for saga in self.unit.lives.sagas(OUT, key):
            row = self.unit.documents.change(saga.id, receiver)  # one row, not the thousands of a large change
            if row is not None:
                if not row.final:
                    return saga, row
                newest = saga, row
        return newest if code in _ANSWERS else None

    def _keep(self, document: Document) -> None:
        """Keep the status as evidence on the document."""
        report = self.incoming.reported.report
        self.unit.records.keep(
            Evidence(
                id=self.ctx.new_id(self.carrying.at),
                payload=document.packet,
                kind=f"status-{report.code}",
                at=self.carrying.at,
                document=document.id,
                content=self.row.packet,
            )
        )
