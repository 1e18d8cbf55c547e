"""RabbitMQ as a carrier between sites: a quorum queue for each agency and kind, nothing lost after the receipt.

Extra ``amqp``. An exchange ``<prefix>`` leads to the queues ``<prefix>.<code>.edoc`` and ``<prefix>.<code>.status``,
which every system declares for its own agencies; an agency without a queue is an unknown recipient. Publishing is
mandatory and confirmed; the receipt means that a majority of the queue's nodes have the message on their disks. What
is offered is held without acknowledgement until it is settled, so it comes back if the receiver stops. A message that
came back too often, has other content than one of the same id, or is none of ours, is put into ``<queue>.dead``,
published and confirmed like any other.

A message tells what it is and its digest. Its content is in the message up to a limit, else in a store of contents
that both ends reach (:mod:`vndoc.transport.blobs`), written before the message.

RabbitMQ does not recognise repetitions, so after an unknown outcome a copy may come twice; the id of a copy is the
same each time, by which the node at the other end knows it. Source: practice (RabbitMQ 3.10 and later).
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import logging
import os
import ssl
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO, Final
from urllib.parse import urlsplit

import attrs

from vndoc.envelope.octets import CHUNK, MemoryOctets, Octets
from vndoc.errors import OwnFaultError, PeerFaultError, Retry, TransportError, UsageError, VndocError
from vndoc.transport._asked import check_kind, check_settlement, listed
from vndoc.transport._sidecar import CODE, own_codes
from vndoc.transport.base import Features, Item, ItemState, Kind, Outgoing, Receipt, Refusal, Settlement
from vndoc.transport.blobs import Blobs, FolderBlobs
from vndoc.transport.content import Fetched, pieces

try:
    from vndoc.transport import _amqp_message as messages
    from vndoc.transport._amqp_session import Message, Session, parameters_of
except ImportError:
    raise UsageError("extra-missing", found="amqp") from None

__all__ = ["INLINE_MOST", "AmqpTransport"]

_LOG: Final = logging.getLogger(__name__)

INLINE_MOST: Final = 16 * 1024 * 1024
"""Octets that *inline_limit* may be at most: brokers of version 4 take no larger message."""

_QUORUM: Final = {"x-queue-type": "quorum", "x-overflow": "reject-publish", "x-delivery-limit": 1_000_000}
"""How queues are declared. Messages are put to the dead by this carrier and not by the broker: it may drop them, unless
it is told to move them at least once, and in 3.10 the process that does so takes all such queues down if it fails. The
limit is named because newer brokers have a small one of their own."""

_WINDOW: Final = 1_000
_WINDOW_BYTES: Final = 64 * 1024 * 1024
_SETTLED: Final = 10_000
"""Ids, with digests, of what was done that a carrier remembers, to know it when it comes again."""


def _utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@attrs.define(kw_only=True)
class _Held:
    """A copy that was got and not acknowledged: once, or as often as it came."""

    copy: messages.Copy
    body: bytes = attrs.field(repr=False)
    tags: list[int]
    seen_before: bool


@attrs.frozen
class _BlobOctets:
    """Content in the store of contents."""

    blobs: Blobs
    digest: bytes
    size: int

    def open(self) -> BinaryIO:
        return self.blobs.open(self.digest)


class AmqpTransport:
    """A carrier over the broker at *url*, for the system that has *codes*.

    *url* is ``amqps://user:password@host/vhost``; ``amqp://`` only for this machine, unless *plain* says that the
    network is safe. *tls* is the context for ``amqps`` (default: the system's authorities). *blobs* is the store of
    contents, or the folder of one, *inline_limit* the octets up to which content stays in the message (at most
    :data:`INLINE_MOST`); without *blobs* it is the largest packet. *timeout* is the deadline of each call in seconds.
    *delivery_limit* is how often a message may come back. *prefix* sets installations apart that share a broker.
    *clock* gives the time of receipts.

    Connects when it is first used, and again after the connection was lost. At most 1,000 items, or 64 MiB of them,
    are held unsettled at a time; those behind them are offered when these are settled.
    """

    def __init__(
        self,
        url: str,
        codes: Iterable[str],
        *,
        blobs: Blobs | str | os.PathLike[str] | None = None,
        inline_limit: int = 64 * 1024,
        timeout: float = 30.0,
        delivery_limit: int = 20,
        prefix: str = "vndoc",
        plain: bool = False,
        tls: ssl.SSLContext | None = None,
        name: str = "amqp",
        clock: Callable[[], datetime.datetime] = _utc_now,
    ) -> None:
        self._name = name
        self._codes = own_codes(codes)
        self._blobs = FolderBlobs(blobs) if isinstance(blobs, str | os.PathLike) else blobs
        self._inline_limit = inline_limit
        self._timeout = timeout
        self._delivery_limit = delivery_limit
        self._prefix = prefix
        self._clock = clock
        self._session: Session | None = None
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._settled: OrderedDict[str, bytes] = OrderedDict()
        self._open = True
        for wrong, detail in (
            (not self._codes, "codes"),
            (not 0 <= inline_limit <= INLINE_MOST, f"inline_limit: 0 to {INLINE_MOST}"),
            (not timeout > 0, "timeout"),
            (delivery_limit < 1, "delivery_limit"),
            (not CODE.fullmatch(prefix), "prefix"),
        ):
            if wrong:
                raise self._misconfigured(detail)
        try:
            parts = urlsplit(url)
            local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
            if parts.scheme not in {"amqp", "amqps"}:
                raise self._misconfigured("amqps:// or amqp:// is needed")
            if parts.scheme == "amqp" and not (local or plain):
                raise self._misconfigured("amqp:// is not encrypted: use amqps://, or plain=True")
            self._parameters = parameters_of(url, tls, timeout)
        except (ValueError, TypeError, SyntaxError) as error:  # pika reads a part of it as Python
            # its text may hold the address, and with it the password
            raise self._misconfigured(f"url ({type(error).__name__})") from None

    def _misconfigured(self, detail: str) -> OwnFaultError:
        return OwnFaultError("carrier-configuration", carrier=self._name, detail=detail)

    @property
    def name(self) -> str:
        """Short name for receipts, logs and metrics."""
        return self._name

    @property
    def features(self) -> Features:
        """It fans out; it does not recognise repetitions."""
        most = None if self._blobs is not None else self._inline_limit
        return Features(fans_out=True, deduplicates=False, max_bytes=most)

    def declare(self) -> None:
        """Connect, and declare the exchanges and this system's queues; otherwise done by the first call.

        Raises what connecting can end with: ``carrier-unreachable``, ``carrier-timeout``, ``carrier-credentials``,
        and ``carrier-configuration`` if an exchange or a queue is there in another form, such as not durable.
        """
        self._ready()

    # -- the connection ----------------------------------------------------------------------------

    def _ready(self) -> Session:
        """Return a session that works, connecting if need be; what was held belongs to the one before."""
        if not self._open:
            raise OwnFaultError("carrier-closed", carrier=self._name)
        if self._session is not None and self._session.usable:
            return self._session
        self._leave()
        session = Session(self._parameters, seconds=self._timeout, carrier=self._name)
        try:
            self._declare(session)
        except TransportError:
            session.close()
            raise
        self._session = session
        return session

    def _declare(self, session: Session) -> None:
        session.call("exchange_declare", self._prefix, exchange_type="direct", durable=True)
        for code in self._codes:
            for kind in Kind:
                queue = self._queue(code, kind)
                session.call("queue_declare", queue, durable=True, arguments=_QUORUM)
                session.call("queue_declare", _dead(queue), durable=True, arguments=_QUORUM)
                session.call("queue_bind", queue, self._prefix, queue)

    def _queue(self, code: str, kind: Kind) -> str:
        return f"{self._prefix}.{code}.{kind.value}"

    def _leave(self) -> None:
        session, self._session = self._session, None
        self._held.clear()
        if session is not None:
            session.close()

    @contextlib.contextmanager
    def _using(self) -> Iterator[Session]:
        """Give a session that works, and give it up if the other side failed: nobody knows what it would say next."""
        session = self._ready()
        try:
            yield session
        except TransportError:
            if not session.usable or session.busy:
                self._leave()
            raise

    # -- sending -----------------------------------------------------------------------------------

    def submit(self, packet: Outgoing, recipients: Sequence[str]) -> Receipt:
        """Publish one message for each of *recipients* and wait until the broker has taken over all of them.

        Raises :class:`OwnFaultError`: ``carrier-recipients-missing``, ``carrier-unknown-sender``, ``carrier-storage``,
        ``carrier-closed``, what :meth:`declare` and :func:`vndoc.transport.content.pieces` raise;
        :class:`PeerFaultError` (``carrier-interrupted``, ``carrier-timeout``, ``carrier-failed``) with ``retry``
        ``UNKNOWN`` once something was published.
        """
        if not self._open:
            raise OwnFaultError("carrier-closed", carrier=self._name)
        recipients = listed(recipients, self._name)
        if packet.sender not in self._codes:
            raise OwnFaultError("carrier-unknown-sender", carrier=self._name, sender=packet.sender)
        body, size = self._content(packet)
        now = self._clock()
        asked = dict.fromkeys(recipients)
        keys = {self._queue(code, packet.kind): code for code in asked if CODE.fullmatch(code)}
        outgoing = [
            Message(
                key=key,
                properties=messages.written(messages.copy_of(packet, code, size, now, inline=body is not None)),
                body=body or b"",
            )
            for key, code in keys.items()
        ]
        with self._using() as session:
            unknown = {keys[key] for key in session.publish(self._prefix, outgoing)}
        accepted = tuple(code for code in keys.values() if code not in unknown)
        return Receipt(
            carrier=self._name,
            transport_id=messages.copy_of(packet, "", size, now, inline=True).id,
            accepted_at=now,
            accepted=accepted,
            refused=tuple(
                Refusal(recipient=code, code="carrier-unknown-recipient") for code in asked if code not in accepted
            ),
        )

    def _content(self, packet: Outgoing) -> tuple[bytes | None, int]:
        """Return the octets of *packet* for the message, or None after they were put beside it; and how many."""
        limit = None if self._blobs is not None else self._inline_limit
        kept: list[bytes] = []
        size = 0
        for piece in pieces(packet, carrier=self._name, limit=limit):
            size += len(piece)
            if size <= self._inline_limit:
                kept.append(piece)
        if size <= self._inline_limit or self._blobs is None:
            return b"".join(kept), size
        try:
            digest = self._blobs.put(packet.content).digest
        except (OSError, ValueError) as error:
            raise self._storage(error) from error
        if digest != packet.sha256:
            raise OwnFaultError("carrier-packet-changed", carrier=self._name)
        return None, size

    def _storage(self, error: Exception) -> OwnFaultError:
        detail = error.code if isinstance(error, VndocError) else getattr(error, "strerror", None) or str(error)
        return OwnFaultError("carrier-storage", carrier=self._name, detail=detail, retry=Retry.SAFE)

    # -- receiving ---------------------------------------------------------------------------------

    def pending(self, kind: Kind) -> Iterator[Item]:
        """Yield what is held, then what waits in the queues, oldest first; at most as much as may be held.

        Raises what :meth:`declare` raises, ``carrier-interrupted`` and ``carrier-timeout``, all safe to repeat.
        """
        if not self._open:
            raise OwnFaultError("carrier-closed", carrier=self._name)
        check_kind(kind, self._name)
        return self._pending(kind)

    def _pending(self, kind: Kind) -> Iterator[Item]:
        self._ready()
        offered = set()
        for copy_id, held in list(self._held.items()):
            if held.copy.kind is kind and copy_id in self._held:
                offered.add(copy_id)
                yield _item(held)
        for code in self._codes:
            while (found := self._next(self._queue(code, kind))) is not None:
                # what failed during this very walk is at the head of its queue again: it is for the next walk
                if found.copy.id not in offered:
                    offered.add(found.copy.id)
                    yield _item(found)

    def _next(self, queue: str) -> _Held | None:
        """Get and hold the next copy of *queue* that is new; None at its end, or if no more may be held."""
        octets = sum(len(held.body) for held in self._held.values())
        while len(self._held) < _WINDOW and octets < _WINDOW_BYTES:
            with self._using() as session:
                message = session.get(queue)
                if message is None:
                    return None
                copy = messages.parsed(message.properties, message.body)
                if copy is None or self._queue(copy.recipient, copy.kind) != queue:
                    self._bury(session, queue, message, "none of ours")
                elif _times_back(message) > self._delivery_limit:
                    self._bury(session, queue, message, "back too often")
                elif self._known(copy.id) not in {None, copy.sha256}:
                    self._bury(session, queue, message, "known with other content")
                elif copy.id in self._settled and copy.id not in self._held:
                    session.settle([message.tag], done=True)  # a repetition of what was done
                elif copy.id in self._held:
                    self._held[copy.id].tags.append(message.tag)
                else:
                    held = _Held(copy=copy, body=message.body, tags=[message.tag], seen_before=_times_back(message) > 0)
                    self._held[copy.id] = held
                    return held
        return None

    def _known(self, copy_id: str) -> bytes | None:
        """Return the digest of a copy that is held or was done, None for one that is new."""
        held = self._held.get(copy_id)
        return self._settled.get(copy_id) if held is None else held.copy.sha256

    def _bury(self, session: Session, queue: str, message: Message, why: str) -> None:
        """Put *message* into the dead-letter queue, and acknowledge it when it is there."""
        _LOG.warning("%s: a message in %s is %s; it goes to %s", self._name, queue, why, _dead(queue))
        properties = messages.set_aside(message.properties)
        unrouted = session.publish("", [attrs.evolve(message, key=_dead(queue), properties=properties)])
        if unrouted:
            raise self._misconfigured(f"{_dead(queue)} is not there")
        session.settle([message.tag], done=True)

    def _find(self, item: Item) -> _Held | None:
        """Return what is held as *item*; after the connection was lost it has to be got again."""
        self._ready()
        if item.id not in self._held and item.id not in self._settled:
            for code in self._codes:
                while item.id not in self._held and self._next(self._queue(code, item.kind)) is not None:
                    pass
        return self._held.get(item.id)

    def fetch(self, item: Item) -> Fetched:
        """Return the octets of *item*, after all of them were compared with their digest.

        Raises :class:`OwnFaultError`: ``carrier-item-unknown``, ``carrier-storage``, ``carrier-closed``;
        :class:`PeerFaultError`: ``carrier-content-missing`` and ``carrier-content-differs`` for content that is
        beside the message, and as :meth:`pending`.
        """
        held = self._find(item)
        if held is None or held.copy.kind is not item.kind:
            raise OwnFaultError("carrier-item-unknown", carrier=self._name, item=item.id)
        copy = held.copy
        if copy.inline:
            return Fetched(MemoryOctets(held.body), copy.sha256)
        if self._blobs is None:
            raise self._misconfigured("blobs")
        octets = _BlobOctets(self._blobs, copy.sha256, copy.size)
        self._compare(octets, copy)
        return Fetched(octets, copy.sha256)

    def _compare(self, octets: Octets, copy: messages.Copy) -> None:
        digest, size = hashlib.sha256(), 0
        try:
            with octets.open() as file:
                while piece := file.read(CHUNK):
                    digest.update(piece)
                    size += len(piece)
        except (OSError, ValueError) as error:
            code = getattr(error, "code", None)
            if isinstance(error, FileNotFoundError) or code == "blob-missing":
                raise PeerFaultError("carrier-content-missing", carrier=self._name) from error
            if code != "blob-damaged":
                raise self._storage(error) from error
        if (digest.digest(), size) != (copy.sha256, copy.size):
            raise PeerFaultError("carrier-content-differs", carrier=self._name)

    def settle(self, item: Item, settlement: Settlement) -> None:
        """Acknowledge *item*, or give it back to its queue; ``PROCESSING`` and an item that is not there do nothing.

        Raises as :meth:`pending`.
        """
        check_settlement(settlement, self._name)
        held = self._find(item)
        if held is None or settlement is Settlement.PROCESSING:
            return
        with self._using() as session:
            session.settle(held.tags, done=settlement is Settlement.DONE)
        self._held.pop(item.id, None)
        if settlement is Settlement.DONE:
            self._settled[item.id] = held.copy.sha256
            if len(self._settled) > _SETTLED:
                self._settled.popitem(last=False)

    def close(self) -> None:
        """Leave the broker; what is not settled goes back to its queue. Closing twice does nothing."""
        self._open = False
        self._leave()

    def __repr__(self) -> str:
        return f"AmqpTransport({self._parameters.host}:{self._parameters.port}, {', '.join(self._codes)})"


def _dead(queue: str) -> str:
    return f"{queue}.dead"


def _times_back(message: Message) -> int:
    """Return how often *message* was handed out before and came back, as the broker counts."""
    count = (message.properties.headers or {}).get("x-delivery-count")
    return count if isinstance(count, int) else 0


def _item(held: _Held) -> Item:
    return Item(
        id=held.copy.id,
        kind=held.copy.kind,
        sender=held.copy.sender,
        recipient=held.copy.recipient,
        created=held.copy.created,
        state=ItemState.PROCESSING if held.seen_before else ItemState.INITIAL,
    )
