"""Which document a packet speaks of: statuses, recalls, updates and replacements name it in several ways.

A :class:`Clue` is one way. Clues are tried in the order of section 6.2 of the protocol; the first that finds exactly
one document decides, and one that finds several is an error: guessing would change somebody else's document.

Source: sections 3, 4.7 and 6.2 of the protocol (practice: axes replace the DocumentId, products differ in the target).
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import attrs

from vndoc.envelope import BusinessKey, DocumentPacket, ResponseFor, StatusPacket, business_key
from vndoc.envelope.codes import BussinessDocType, StatusCode, normalise_status
from vndoc.errors import EnvelopeError, ExchangeError, UsageError
from vndoc.errors._arguments import need_all, need_call, need_list, need_packet
from vndoc.exchange._times import VIETNAM, moment
from vndoc.exchange.life import StatusReport
from vndoc.identifiers import DocumentId, OrganCode, canonical_notation, canonical_number, without_suffix
from vndoc.text import nfc, shorten

__all__ = ["Clue", "ClueKind", "Reported", "change_clues", "find", "read_status"]

_T = TypeVar("_T")
Normalise = Callable[[OrganCode], str]


class ClueKind(enum.Enum):
    """Where a clue stands in the packet, in the order in which clues are tried."""

    RESPONSE_ID = "ResponseFor/DocumentId"
    RESPONSE_CODE = "ResponseFor/Code"
    REPLACED_ID = "ReplacementInfo/DocumentId"
    BUSSINESS_ID = "Bussiness/DocumentId"
    OWN_ID = "DocumentId"
    OWN_CODE = "Code"


@attrs.frozen
class Clue:
    """One way in which a document is named: by its id as written, or by its business key; one of the two.

    ``receivers`` are the organ codes that the clue is limited to (a replacement names them); empty for all.
    """

    kind: ClueKind
    document_id: str | None = None
    key: BusinessKey | None = None
    receivers: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Reported:
    """What a status packet says: ``reporter`` about its document at ``counterparty``, named by ``clues``.

    ``sender`` and ``receiver`` are those of the document: for status 13 the reporter is its sender.
    """

    reporter: str
    counterparty: str
    clues: tuple[Clue, ...]
    report: StatusReport

    @property
    def is_request(self) -> bool:
        """Return whether the sender asks for its document back (13)."""
        return self.report.code == StatusCode.TAKE_BACK

    @property
    def sender(self) -> str:
        """Return the organ code of the sender of the document."""
        return self.reporter if self.is_request else self.counterparty

    @property
    def receiver(self) -> str:
        """Return the organ code of its receiver."""
        return self.counterparty if self.is_request else self.reporter


def read_status(packet: StatusPacket, *, at: datetime.datetime, normalise: Normalise = str) -> Reported:
    """Return what *packet*, which came at *at*, reports; organ codes are those that *normalise* gives.

    The time in the packet is that of Vietnam and only hearsay. The business key goes before the document id, because
    axes replace the id; both are clues.

    Raises :class:`~vndoc.errors.ExchangeError` ``status-incomplete`` naming what is missing: the reporter, the status
    code, the counterparty, or everything that could name the document.
    """
    need_packet(packet, StatusPacket)
    about = packet.response_for or ResponseFor()
    reporter = _organ(packet.from_.organ_id if packet.from_ is not None else None, normalise)
    counterparty, code = _organ(about.organ_id, normalise), normalise_status(packet.status_code or "")
    clues = tuple(_status_clues(packet, about, normalise))
    needed = {"From/OrganId": reporter, "StatusCode": code, "ResponseFor/OrganId": counterparty}
    missing = [name for name, value in needed.items() if not value] + ([] if clues else ["ResponseFor/Code"])
    if missing:
        raise ExchangeError("status-incomplete", paths=", ".join(missing))
    report = StatusReport(code=code, at=at, reason=packet.description or "", reported_at=_reported_at(packet.timestamp))
    return Reported(reporter=reporter, counterparty=counterparty, clues=clues, report=report)


def _organ(code: OrganCode | None, normalise: Normalise) -> str:
    return "" if code is None else normalise(code).strip()


def _reported_at(stamp: datetime.date | None) -> datetime.datetime | None:
    """Return the time that a packet states: local time of Vietnam, without offset.

    None for a day without time, and for what no calendar in UTC has: hearsay must not stop a status.
    """
    if not isinstance(stamp, datetime.datetime):
        return None
    try:
        return moment(stamp if stamp.tzinfo is not None else stamp.replace(tzinfo=VIETNAM))
    except UsageError:
        return None


def _status_clues(packet: StatusPacket, about: ResponseFor, normalise: Normalise) -> Iterator[Clue]:
    yield from _keyed(ClueKind.RESPONSE_CODE, packet, normalise)
    yield from _by_id(ClueKind.RESPONSE_ID, about.document_id, normalise)


def change_clues(packet: DocumentPacket, *, normalise: Normalise = str) -> tuple[tuple[Clue, ...], ...]:
    """Return the documents that *packet* recalls, updates or replaces: for each its clues, in their order.

    A replacement may name several documents, each with its receivers; the others concern one. A packet of a new
    document concerns none. What a ``ResponseFor`` says of the issuer is tried as it stands and, because some products
    put the receiver there, with the sender of the packet.
    """
    need_packet(packet, DocumentPacket)
    if packet.bussiness_doc_type == BussinessDocType.NEW:
        return ()
    block = packet.trace_header_list.bussiness if packet.trace_header_list is not None else None
    listed = block.replacement_info_list if block is not None else ()
    if packet.bussiness_doc_type == BussinessDocType.REPLACE and listed:
        return tuple(
            tuple(
                attrs.evolve(clue, receivers=tuple(_organ(code, normalise) for code in info.organ_id_list))
                for clue in _by_id(ClueKind.REPLACED_ID, info.document_id, normalise)
            )
            for info in listed
        )
    answered = packet.response_for
    clues = [c for about in answered for c in _by_id(ClueKind.RESPONSE_ID, about.document_id, normalise)]
    clues += [c for about in answered for c in _by_code(packet, about, normalise)]
    clues += _by_id(ClueKind.BUSSINESS_ID, block.document_id if block is not None else None, normalise)
    if packet.bussiness_doc_type != BussinessDocType.REPLACE:
        # a replacement is a new document: its own id and code name itself
        clues += _by_id(ClueKind.OWN_ID, packet.document_id, normalise)
        clues += _keyed(ClueKind.OWN_CODE, packet, normalise)
    return (tuple(dict.fromkeys(clues)),)


def _by_id(kind: ClueKind, text: str | None, normalise: Normalise) -> Iterator[Clue]:
    """Yield the id as written and, where its form tells issuer, year, number and notation, the key that it holds."""
    text = nfc(text or "").strip()
    if not text:
        return
    yield Clue(kind, document_id=text)
    parts = DocumentId(text)
    issuer = _organ(parts.issuer, normalise)
    number, notation = canonical_number(parts.number or ""), canonical_notation(without_suffix(parts.notation or ""))
    if issuer and parts.year and number and notation:
        yield Clue(kind, key=BusinessKey(issuer, parts.year, number, notation))


def _by_code(packet: DocumentPacket, about: ResponseFor, normalise: Normalise) -> Iterator[Clue]:
    sender = packet.from_.organ_id if packet.from_ is not None else None
    for issuer in (about.organ_id, sender):
        named = StatusPacket(response_for=about.evolve(organ_id=issuer))
        yield from _keyed(ClueKind.RESPONSE_CODE, named, normalise)


def _keyed(kind: ClueKind, packet: DocumentPacket | StatusPacket, normalise: Normalise) -> Iterator[Clue]:
    try:
        yield Clue(kind, key=business_key(packet, normalise=normalise))
    except EnvelopeError:
        return  # what lacks number, notation, issuer or date has no key; another clue may tell


def find(clues: Iterable[Clue], known: Callable[[Clue], Iterable[_T]]) -> _T:
    """Return the document that *clues* name: the only one that *known* has for the first clue that it knows at all.

    Raises :class:`~vndoc.errors.ExchangeError` ``change-target-unknown`` where no clue finds any,
    ``change-target-ambiguous`` where the first that finds some finds several; :class:`~vndoc.errors.UsageError`
    ``option-invalid`` where *clues* are none, or *known* gives no list. What *known* raises is let through.
    """
    need_call("known", known)
    tried = []
    for clue in need_all("clues", clues, Clue):
        found = need_list("known(clue)", known(clue))
        if len(found) == 1:
            return found[0]
        shown = shorten(clue.document_id or str(clue.key))
        if found:
            raise ExchangeError("change-target-ambiguous", document=shown, count=len(found), kind=clue.kind.value)
        tried.append(shown)
    raise ExchangeError("change-target-unknown", document=shorten(", ".join(tried), 200))
