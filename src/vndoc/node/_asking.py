"""The change that a packet of ours, or status 13, asks for: of which document, and whose answer is awaited."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence

import attrs

from vndoc import exchange
from vndoc.envelope import DocumentPacket
from vndoc.envelope.codes import BussinessDocType
from vndoc.errors import ExchangeError
from vndoc.node._context import Context
from vndoc.node._effects import About, Carrying
from vndoc.node._known import CHANGES, added_by, known_anywhere, known_under, life_under, whole_change
from vndoc.node._rows import OUT, change_row, life_of, life_row, part_row
from vndoc.routing import Plan
from vndoc.store import Document, Unit
from vndoc.text import shorten


def receivers_of(plan: Plan) -> list[str]:
    """Return the codes of all who get a copy."""
    return list(dict.fromkeys(delivery.agency.code for delivery in plan.deliveries))


def expect(ctx: Context, unit: Unit, key: str, sender: str, receivers: Iterable[str], at: datetime.datetime) -> None:
    """Begin to expect statuses on the document *key* from those of *receivers* from whom none are expected yet."""
    for receiver in receivers:
        reopens = ctx.policy.changes.after_done
        life = exchange.Life.expected(key, sender=sender, receiver=receiver, reopens=reopens)
        unit.lives.begin(life_row(OUT, life, at))


@attrs.frozen(kw_only=True)
class Asking:
    """What *packet* asks for; ``clues`` name the documents that it changes."""

    ctx: Context
    unit: Unit
    at: datetime.datetime
    packet: DocumentPacket
    sender: str
    plan: Plan
    clues: Sequence[Sequence[exchange.Clue]]
    answer_by: datetime.datetime | None

    @property
    def _kind(self) -> exchange.ChangeKind:
        return CHANGES[BussinessDocType(self.packet.bussiness_doc_type)]

    def target(self) -> str | None:
        """Return the first version of the document that is changed. Raises :class:`ExchangeError`, as :meth:`open`."""
        targets = self._targets()
        return self.unit.documents.versions(OUT, targets[0][0])[-1].id if targets else None

    def open(self, document: Document) -> str:
        """Open the change by the packet in *document*: an answer is expected from each that has what is changed.

        Returns its id, empty where nobody is asked: an update that only adds gives the document to whom it adds. Raises
        :class:`ExchangeError` ``change-target-unknown``, ``recipient-not-added`` for an update and
        ``change-recipients`` for a recall to somebody who has not got the document, and those of
        :meth:`vndoc.exchange.Change.open`.
        """
        carrying = Carrying(ctx=self.ctx, unit=self.unit, at=self.at, source=document.id)
        opened = [self._open(carrying, document, *target, number) for number, target in enumerate(self._targets())]
        return document.id if any(opened) else ""

    def _open(self, carrying: Carrying, document: Document, key: str, concerned: frozenset[str], number: int) -> bool:
        held = [code for code in sorted(concerned) if life_under(self.ctx, self.unit, OUT, key, code) is not None]
        strangers = sorted(concerned - {*held})
        self._check_strangers(key, strangers)
        if held:
            block = self.packet.trace_header_list.bussiness if self.packet.trace_header_list is not None else None
            open_change(
                carrying,
                id_=document.id if number == 0 else f"{document.id}.{number}",
                kind=self._kind,
                form=exchange.ChangeForm.PACKET,
                key=key,
                receivers=held,
                reason=(block.bussiness_doc_reason if block is not None else None) or "",
                answer_by=self.answer_by or self.at + self.ctx.policy.answer_within,
                document=document.id,
            )
        if self._kind is exchange.ChangeKind.UPDATE:  # who did not have the document gets it with the update
            expect(self.ctx, self.unit, key, self.sender, strangers, self.at)
        return bool(held)

    def _check_strangers(self, key: str, strangers: Sequence[str]) -> None:
        """Refuse what the receiver could make nothing of: it would look for a document that it never got."""
        kind = self._kind
        if kind is exchange.ChangeKind.UPDATE:
            added = added_by(self.packet, self.ctx.normaliser(self.packet, self.at))
            named = {code for one in added for code in self.ctx.names(one)}
            unnamed = [copy for copy in self.plan.deliveries if copy.agency.code in strangers]
            wrong = [copy.agency.code for copy in unnamed if not named & {copy.agency.code, *copy.codes}]
            if wrong:
                raise ExchangeError("recipient-not-added", recipients=shorten(", ".join(wrong)), document=key)
        elif kind is exchange.ChangeKind.RECALL and strangers:
            raise ExchangeError("change-recipients", found=shorten(", ".join(strangers)))

    def _targets(self) -> list[tuple[str, frozenset[str]]]:
        """Return the documents that the packet changes, and at whom."""
        found: list[tuple[str, frozenset[str]]] = []
        receivers = receivers_of(self.plan)
        for clues in self.clues:
            limited = {code for clue in clues for code in clue.receivers}
            concerned = [code for code in receivers if not limited or code in limited]
            if concerned:
                found.append((self._found(clues, concerned), frozenset(concerned)))
        return found

    def _found(self, clues: Sequence[exchange.Clue], receivers: Sequence[str]) -> str:
        try:
            return exchange.find(clues, self._known_at(receivers))
        except ExchangeError as error:
            if error.code != "change-target-unknown" or self._kind is not exchange.ChangeKind.UPDATE:
                raise
            return exchange.find(clues, known_anywhere(self.ctx, self.unit, OUT))

    def _known_at(self, receivers: Sequence[str]) -> Callable[[exchange.Clue], list[str]]:
        """Return what finds the documents that a clue means: at the first of *receivers* that has any of them."""

        def known(clue: exchange.Clue) -> list[str]:
            found = (list(known_under(self.ctx, self.unit, OUT, receiver)(clue)) for receiver in receivers)
            return next(filter(None, found), [])

        return known


def open_change(
    carrying: Carrying,
    *,
    id_: str,
    kind: exchange.ChangeKind,
    form: exchange.ChangeForm,
    key: str,
    receivers: Sequence[str],
    reason: str,
    answer_by: datetime.datetime,
    document: str | None,
    packet: DocumentPacket | None = None,
) -> exchange.Change:
    """Open a change of our document *key* at *receivers*. Raises :class:`ExchangeError`."""
    unit, ctx = carrying.unit, carrying.ctx
    unit.lock(key)
    rows = {code: life_under(ctx, unit, OUT, key, code) for code in receivers}
    strangers = [code for code, row in rows.items() if row is None]
    if strangers:
        raise ExchangeError("change-recipients", found=shorten(", ".join(strangers)))
    lives = {row.receiver: life_of(row) for row in rows.values() if row is not None}
    change, effects = exchange.Change.open(
        id_,
        kind,
        [*lives.values()],
        at=carrying.at,
        answer_by=answer_by,
        form=form,
        reason=reason,
        policy=ctx.policy.changes,
        others=[whole_change(unit, saga) for saga in unit.lives.sagas(OUT, key, open_only=True)],
    )
    versions = unit.documents.versions(OUT, key)
    sender = versions[-1].sender
    unit.lives.open(change_row(change, sender, document))
    for part in change.parts:
        unit.documents.open_change(part_row(change, part, versions[-1].id))
    about = About(business_key=key, sender=sender, versions=versions, reason=reason, packet=packet)
    carrying.do(effects, about)
    return change
