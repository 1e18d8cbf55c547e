"""What every carrier speaks: the protocols, and the values that pass between a carrier and its caller.

Design, as the caller sees it::

    carrier.submit(Outgoing(...), recipients) -> Receipt        # accepted, with the refusals of single recipients
    for item in carrier.pending(Kind.DOCUMENT):                 # lazily, page by page
        with carrier.fetch(item) as content:                    # a re-openable source, checked and complete
            ...keep it durably...
        carrier.settle(item, Settlement.DONE)                   # only then is it gone from the list

A carrier knows octets and codes; it does not read packets. A carrier keeps no state that would be missed after a
restart, and one instance is used by one thread at a time. "This system" is the set of organ codes that the carrier
was made for: a sender is one of them, and what waits is addressed to one of them.

Source: practice (the common denominator of the axes).
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import BinaryIO, Protocol, Self, runtime_checkable

import attrs

from vndoc.envelope.octets import Octets
from vndoc.errors._arguments import needs, wrong

__all__ = [
    "AgencyRecord",
    "Content",
    "Directory",
    "Features",
    "Item",
    "ItemState",
    "Kind",
    "Outgoing",
    "Receipt",
    "Refusal",
    "Settlement",
    "Transport",
]


class Kind(enum.Enum):
    """The two kinds of packet; the value is the axis' own word (``messagetype``)."""

    DOCUMENT = "edoc"
    STATUS = "status"


class ItemState(enum.Enum):
    """State of one copy at the axis (apart from the document's business life). Source: practice (VXP SDK)."""

    INITIAL = "initial"
    PROCESSING = "processing"
    DONE = "done"
    FAIL = "fail"


class Settlement(enum.Enum):
    """What the receiver tells the axis about one copy: ``done`` takes it off the list, ``fail`` leaves it to be
    offered again (practice, unverified), ``processing`` only says that work has begun.
    """

    PROCESSING = "processing"
    DONE = "done"
    FAIL = "fail"


def _no_plain_octets(_instance: object, field: attrs.Attribute[Octets], value: object) -> None:
    if value is None or isinstance(value, str | bytes | bytearray | memoryview):
        raise wrong(field.name, Octets.__name__, value)


@attrs.frozen(kw_only=True)
class Outgoing:
    """One packet to submit.

    ``message_id`` names the row of the outbox: it stays the same over all attempts, so that a carrier which can
    carry it lets the other end recognise a repetition. ``content`` are the octets of the edXML file, ``sha256``
    their digest (32 octets), ``sender`` the organ code of the sender.

    Raises :class:`~vndoc.errors.UsageError` ``option-invalid`` for a value of another kind, as plain ``bytes`` for the
    content.
    """

    message_id: str = attrs.field(validator=needs(str))
    kind: Kind = attrs.field(validator=needs(Kind))
    sender: str = attrs.field(validator=needs(str))
    content: Octets = attrs.field(validator=_no_plain_octets)
    sha256: bytes = attrs.field(validator=needs(bytes))


@attrs.frozen(kw_only=True)
class Refusal:
    """One recipient to whom the axis will not deliver: a code of :data:`vndoc.errors.ERRORS` and the axis' words."""

    recipient: str
    code: str
    detail: str = ""


@attrs.frozen(kw_only=True)
class Receipt:
    """The carrier's word that it has taken over a submission. It says nothing about arrival.

    ``transport_id`` is the axis' id of the submission; ``accepted`` and ``refused`` together are the recipients
    that were asked for (of one in neither nobody knows what became of its copy: a node tries again), ``raw`` the answer
    as it came (without secrets), kept as evidence.
    """

    carrier: str
    transport_id: str
    accepted_at: datetime.datetime
    accepted: tuple[str, ...]
    refused: tuple[Refusal, ...] = ()
    raw: bytes = attrs.field(default=b"", repr=False)


@attrs.frozen(kw_only=True)
class Item:
    """One copy that waits at the axis for this system.

    ``id`` is a transport id: different for each receiver's copy, be it of a document or of a status, and unrelated to
    DocumentId. ``sender`` and ``recipient`` are what the axis says, a hint only. ``extra`` holds what the carrier needs
    to fetch and settle it.
    """

    id: str
    kind: Kind
    sender: str | None = None
    recipient: str | None = None
    created: datetime.datetime | None = None
    state: ItemState = ItemState.INITIAL
    extra: Mapping[str, str] = attrs.field(factory=lambda: MappingProxyType({}), repr=False)


class Content(Protocol):
    """Fetched octets: complete, re-openable until closed. Used in a ``with`` block."""

    @property
    def size(self) -> int:
        """Octets."""
        ...

    @property
    def sha256(self) -> bytes:
        """SHA-256 of the octets as they came (32 octets)."""
        ...

    def open(self) -> BinaryIO:
        """Return a new binary file at the start of the octets."""
        ...

    def close(self) -> None:
        """Give up the octets; closing twice does nothing."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@attrs.frozen(kw_only=True)
class Features:
    """What a carrier can do, so that a caller need not try.

    ``fans_out``: one submission reaches several recipients. ``deduplicates``: a repeated submission with the same
    ``message_id`` is recognised by the carrier, so that repeating after an unknown outcome is safe.
    ``kinds``: the kinds of packet it carries. ``max_bytes``: the largest file it takes (None: no stated limit).
    ``concurrent``: several threads may call it at the same time; otherwise it is called by one at a time, not always by
    the same.
    """

    fans_out: bool
    deduplicates: bool
    kinds: frozenset[Kind] = frozenset(Kind)
    max_bytes: int | None = None
    concurrent: bool = False


@runtime_checkable
class Transport(Protocol):
    """A carrier of packets. Every method raises :class:`~vndoc.errors.TransportError` only.

    :class:`~vndoc.errors.OwnFaultError` says that repeating the same call is of no use,
    :class:`~vndoc.errors.PeerFaultError` that the other side or the line failed; ``error.retry`` says whether
    repeating is safe.
    """

    @property
    def name(self) -> str:
        """Short name for receipts, logs and metrics."""
        ...

    @property
    def features(self) -> Features:
        """What it can do."""
        ...

    def submit(self, packet: Outgoing, recipients: Sequence[str]) -> Receipt:
        """Hand over *packet* for *recipients* (organ codes, at least one; one that stands twice counts once).

        Who will not be served stands in ``refused``, also if nobody else is left; the others are served. A carrier
        that learns of it only for the whole submission raises :class:`~vndoc.errors.OwnFaultError` and serves nobody.
        Nothing becomes visible to a recipient before all octets are there and match the digest.
        """
        ...

    def pending(self, kind: Kind) -> Iterator[Item]:
        """Yield what waits for this system, oldest first where the axis tells, page by page."""
        ...

    def fetch(self, item: Item) -> Content:
        """Return the octets of *item*, complete. Fetching does not take it off the list.

        An item that is not there (never was, or is settled) is ``carrier-item-unknown``.
        """
        ...

    def settle(self, item: Item, settlement: Settlement) -> None:
        """Tell the axis what became of *item*. Settling again the same way does nothing.

        What was settled as ``DONE`` is never offered again, whatever is said later.
        """
        ...

    def close(self) -> None:
        """Give up connections. Closing twice does nothing."""
        ...


@attrs.frozen(kw_only=True)
class AgencyRecord:
    """One row of an axis' address book, in the axis' own words. Source: practice (``getAgenciesList``)."""

    code: str
    name: str
    id: str | None = None
    parent: str | None = None
    mail: str | None = None
    mobile: str | None = attrs.field(default=None, repr=False)
    fax: str | None = None
    old_code: str | None = None
    center_code: str | None = None
    version: str | None = None
    modified: datetime.datetime | None = None
    deleted: bool = False


@runtime_checkable
class Directory(Protocol):
    """The address book of an axis; optional for a carrier. Raises as :class:`Transport`."""

    def agencies(self) -> Iterator[AgencyRecord]:
        """Yield every agency that the axis knows."""
        ...

    def changes(self, since: datetime.datetime | None = None) -> Iterator[AgencyRecord]:
        """Yield what changed after *since* (deleted ones marked); all of it for None."""
        ...

    def register(self, agency: AgencyRecord) -> None:
        """Enter *agency* under this system."""
        ...

    def remove(self, code: str) -> None:
        """Take the agency with *code* out."""
        ...
