"""A provincial integration platform (LGSP) with REST calls, as in Lạng Sơn: client and carrier.

::

    client = LgspClient(
        "https://lgsp.example.gov.vn", username="...", password=Secret(...), system_id="...", secret=Secret(...)
    )
    carrier = LgspTransport(client)

Source: practice (Lạng Sơn); other provinces differ.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Self

from vndoc.errors import OwnFaultError
from vndoc.text import Text
from vndoc.transport._asked import check_kind, check_settlement
from vndoc.transport._calls import gone_is_done, utc_now
from vndoc.transport._lgsp_client import WINDOW_DAYS, LgspClient, day_in_vietnam
from vndoc.transport._listing import fresh_items, halved
from vndoc.transport._outgoing import checked_recipients
from vndoc.transport._read_only import ReadOnlyDirectory
from vndoc.transport._vxp_rows import ReceivedRow
from vndoc.transport.base import AgencyRecord, Content, Features, Item, Kind, Outgoing, Receipt, Settlement
from vndoc.transport.http import HttpOptions
from vndoc.transport.secret import Secret, as_secret

__all__ = ["MAX_BYTES", "LgspClient", "LgspTransport"]

MAX_BYTES: Final = 50 * 1024 * 1024
"""Octets of the largest packet, unless it is raised: the product that is in use takes no larger attachment."""

_STEP: Final = datetime.timedelta(days=WINDOW_DAYS - 1)
_DAY: Final = datetime.timedelta(days=1)
"""Windows overlap by a day: whether the last day of a window belongs to it is not said anywhere."""
_DEEP_EVERY: Final = 24 * 3600.0
_NO_DAYS = Text("{name} phải từ 1 đến 3650 ngày", "{name} must be from 1 to 3650 days")


class LgspTransport(ReadOnlyDirectory):
    """A :class:`~vndoc.transport.Transport` and :class:`~vndoc.transport.Directory` over *client*.

    *name* stands in receipts. *max_bytes* is the largest packet in octets, both ways. *kinds* are what it carries,
    *senders* the codes that this system sends for (None: the axis alone judges, by what the packet says).

    The axis lists no more than seven days at once and nothing that is not asked for: :meth:`pending` asks for the last
    *lookback* days and, the first time and once a day, for the last *deep* days; for fewer days at once where an answer
    exceeds ``options.max_page``.

    The recipients stand in the packet; those of :meth:`submit` must be all that it names. The address book can be read,
    but says nothing of changes. Every method raises :class:`~vndoc.errors.TransportError`.
    """

    def __init__(
        self,
        client: LgspClient,
        *,
        name: str = "lgsp",
        max_bytes: int | None = MAX_BYTES,
        kinds: frozenset[Kind] = frozenset(Kind),
        senders: Iterable[str] | None = None,
        lookback: int = 14,
        deep: int = 365,
        now: Callable[[], datetime.datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        for label, days in (("lookback", lookback), ("deep", deep)):
            if not 1 <= days <= 3650:
                detail = _NO_DAYS.filled(name=label)
                raise OwnFaultError("carrier-configuration", carrier=client.carrier, detail=detail)
        self.client = client
        self._axis = client.carrier
        self._name = name
        self._features = Features(fans_out=True, deduplicates=False, kinds=kinds, max_bytes=max_bytes, concurrent=True)
        self._senders = None if senders is None else frozenset(senders)
        self._lookback = lookback
        self._deep = max(deep, lookback)
        self._now = now
        self._monotonic = monotonic
        self._looked_deep: dict[Kind, float] = {}

    @classmethod
    def connect(
        cls,
        endpoint: str,
        *,
        username: str,
        password: Secret | str,
        system_id: str,
        secret: Secret | str,
        application_code: str = "",
        http: HttpOptions | None = None,
        name: str = "lgsp",
        max_bytes: int | None = MAX_BYTES,
        senders: Iterable[str] | None = None,
        lookback: int = 14,
        deep: int = 365,
    ) -> Self:
        """Return the carrier with a client of its own: what ``vndoc.transport.load("lgsp", ...)`` calls."""
        client = LgspClient(
            endpoint,
            username=username,
            password=as_secret(password),
            system_id=system_id,
            secret=as_secret(secret),
            application_code=application_code,
            options=http,
        )
        return cls(client, name=name, max_bytes=max_bytes, senders=senders, lookback=lookback, deep=deep)

    @property
    def name(self) -> str:
        """Short name for receipts, logs and metrics."""
        return self._name

    @property
    def features(self) -> Features:
        """It fans out; it does not recognise a repetition."""
        return self._features

    def submit(self, packet: Outgoing, recipients: Sequence[str]) -> Receipt:
        """Hand over *packet* for *recipients*, in one submission. A recipient that is refused refuses all of them.

        Raises ``carrier-too-big``, ``carrier-unknown-recipient``, ``carrier-recipient-closed``,
        ``carrier-unknown-sender``, ``carrier-refused`` and what every call may raise.
        """
        unique = checked_recipients(recipients, self.client.carrier)
        self._carries(packet.kind)
        if self._senders is not None and packet.sender not in self._senders:
            raise OwnFaultError("carrier-unknown-sender", carrier=self.client.carrier, sender=packet.sender)
        answer = self.client.send(packet, unique, limit=self._features.max_bytes)
        return Receipt(
            carrier=self._name,
            transport_id=answer.doc_id,
            accepted_at=self._now(),
            accepted=unique,
            raw=answer.raw,
        )

    def pending(self, kind: Kind) -> Iterator[Item]:
        """Yield what waits, the oldest first, window by window."""
        self._carries(kind)
        began = self._monotonic()
        looked = self._looked_deep.get(kind)
        deep = looked is None or began - looked >= _DEEP_EVERY
        today = day_in_vietnam(self._now())
        first = today - datetime.timedelta(days=self._deep if deep else self._lookback)
        end = today + datetime.timedelta(days=1)  # their clock may be ahead, and the last day may not count
        seen: frozenset[str] = frozenset()

        def ask(first: datetime.date, last: datetime.date, smallest: bool) -> list[ReceivedRow]:
            return self.client.received(kind, first, last, limit=None if smallest else self._page)

        while first < end:
            last = min(first + _STEP, end)
            for rows in halved(ask, first, last, _DAY):
                fresh = fresh_items(rows, kind, seen)
                yield from fresh.items
                seen = fresh.ids
            first = last
        if deep:
            self._looked_deep[kind] = began

    @property
    def _page(self) -> int:
        return self.client.http.options.max_page

    def fetch(self, item: Item) -> Content:
        """Return the octets of *item*. Raises ``carrier-item-unknown``, ``carrier-answer-too-big``."""
        return self.client.get(item.id, limit=self._features.max_bytes)

    def settle(self, item: Item, settlement: Settlement) -> None:
        """Tell the axis what became of *item*. What is not there any more counts as done."""
        check_settlement(settlement, self.client.carrier)
        with gone_is_done(settlement):
            self.client.update_status(item.id, settlement.value)

    def agencies(self) -> Iterator[AgencyRecord]:
        """Yield every agency that the axis lists."""
        yield from self.client.agencies()

    def close(self) -> None:
        """Close the client."""
        self.client.close()

    def _carries(self, kind: Kind) -> None:
        check_kind(kind, self.client.carrier)
        if kind not in self._features.kinds:
            raise self._unsupported(kind.value)

    def __repr__(self) -> str:
        return f"LgspTransport({self.client!r})"
