"""The carrier over the national axis."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, Self

from vndoc.errors import OwnFaultError, PeerFaultError
from vndoc.text import Text
from vndoc.transport._asked import check_kind, check_settlement
from vndoc.transport._calls import gone_is_done, utc_now
from vndoc.transport._listing import fresh_items, halved
from vndoc.transport._moments import aware
from vndoc.transport._outgoing import checked_recipients
from vndoc.transport._vxp_client import VxpClient
from vndoc.transport._vxp_rows import ReceivedRow
from vndoc.transport._vxp_signing import HashStyle
from vndoc.transport.base import (
    AgencyRecord,
    Content,
    Features,
    Item,
    Kind,
    Outgoing,
    Receipt,
    Settlement,
)
from vndoc.transport.http import HttpOptions
from vndoc.transport.secret import Secret, as_secret

SendTo = Literal["documents", "always", "never"]

_FIRST: Final = datetime.datetime(2018, 1, 1, tzinfo=datetime.UTC)
"""Before the axis began (Decision 28/2018/QĐ-TTg)."""
_BEFORE: Final = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
_SHORTEST: Final = datetime.timedelta(minutes=1)
_SECOND: Final = datetime.timedelta(seconds=1)
"""The lists know no shorter time."""
_AHEAD: Final = datetime.timedelta(days=1)
"""What the axis' clock may be ahead of ours."""

_NO_WORD = Text("{name} phải là {known}", "{name} must be one of {known}")


class VxpTransport:
    """A :class:`~vndoc.transport.Transport` and :class:`~vndoc.transport.Directory` over *client*.

    *name* stands in receipts. *max_bytes* is the largest packet in octets, both ways (the axis states no limit).
    *send_to* says when the recipients are named beside the packet (``to``): for ``documents`` as the .NET client does,
    ``always``, or ``never`` as others do; then the axis reads them from the packet alone, and *recipients* of
    :meth:`submit` must be all that the packet names.

    :meth:`pending` asks for all that waits at once, and in windows of dates, halved as often as needed, where that
    answer exceeds ``options.max_page``: so however much waits, little of it is in memory. Only what an axis will not
    divide, by dates down to one second, may take ``options.max_list``. *window* asks in windows of that length from
    the start, the last *lookback* of time in pieces and all before it in one.

    :meth:`fetch` uses ``downloadEdoc``, and ``getEdoc`` where the axis does not have it.
    Every method raises :class:`~vndoc.errors.TransportError`.
    """

    def __init__(
        self,
        client: VxpClient,
        *,
        name: str = "vxp",
        max_bytes: int | None = None,
        send_to: SendTo = "documents",
        window: datetime.timedelta | None = None,
        lookback: datetime.timedelta = datetime.timedelta(days=30),
        now: Callable[[], datetime.datetime] = utc_now,
    ) -> None:
        if send_to not in ("documents", "always", "never"):
            detail = _NO_WORD.filled(name="send_to", known="documents, always, never")
            raise OwnFaultError("carrier-configuration", carrier=client.carrier, detail=detail)
        if window is not None and window < _SHORTEST:
            detail = _NO_WORD.filled(name="window", known=">= 1 min")
            raise OwnFaultError("carrier-configuration", carrier=client.carrier, detail=detail)
        self.client = client
        self._name = name
        self._features = Features(fans_out=True, deduplicates=False, max_bytes=max_bytes, concurrent=True)
        self._send_to = send_to
        self._window = window
        self._lookback = lookback
        self._now = now
        self._downloads = True

    @classmethod
    def connect(
        cls,
        endpoint: str,
        *,
        system_id: str,
        secret: Secret | str,
        http: HttpOptions | None = None,
        hash_style: HashStyle = "vnpt",
        name: str = "vxp",
        max_bytes: int | None = None,
        send_to: SendTo = "documents",
        window: datetime.timedelta | None = None,
        lookback: datetime.timedelta = datetime.timedelta(days=30),
    ) -> Self:
        """Return the carrier with a client of its own: what ``vndoc.transport.load("vxp", ...)`` calls."""
        client = VxpClient(endpoint, system_id=system_id, secret=as_secret(secret), options=http, hash_style=hash_style)
        return cls(client, name=name, max_bytes=max_bytes, send_to=send_to, window=window, lookback=lookback)

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
        ``carrier-unknown-sender``, ``carrier-refused``, ``carrier-parameter`` and what every call may raise.
        """
        unique = checked_recipients(recipients, self.client.carrier)
        named = self._send_to == "always" or (self._send_to == "documents" and packet.kind is Kind.DOCUMENT)
        answer = self.client.send(packet, unique if named else None, limit=self._features.max_bytes)
        return Receipt(
            carrier=self._name,
            transport_id=answer.doc_id,
            accepted_at=self._now(),
            accepted=unique,
            raw=answer.raw,
        )

    def pending(self, kind: Kind) -> Iterator[Item]:
        """Yield what waits, the oldest first."""
        check_kind(kind, self.client.carrier)
        seen: frozenset[str] = frozenset()
        for rows in self._pages(kind):
            window = fresh_items(rows, kind, seen)
            yield from window.items
            seen = window.ids

    def _pages(self, kind: Kind) -> Iterator[list[ReceivedRow]]:
        """Yield what waits, in answers of at most ``options.max_page`` wherever the axis keeps to dates."""
        if self._window is None and (whole := self._within(kind)) is not None:
            yield whole
            return
        early = self._within(kind, _BEFORE, _FIRST)
        if early is None:  # so much before the axis began: it does not look at the dates
            yield self.client.received(kind)
            return
        yield early

        def ask(since: datetime.datetime, until: datetime.datetime, last: bool) -> list[ReceivedRow]:
            return self.client.received(kind, since, until, limit=None if last else self._page)

        end = self._now() + _AHEAD
        start = end if self._window is None else end - self._lookback - _AHEAD
        yield from halved(ask, _FIRST, start, _SECOND)
        while self._window is not None and start < end:
            yield from halved(ask, start, min(start + self._window, end), _SECOND)
            start += self._window

    def _within(self, kind: Kind, *period: datetime.datetime) -> list[ReceivedRow] | None:
        """Return what waits (from *period*), or None where that is too big for a page."""
        try:
            return self.client.received(kind, *period, limit=self._page)
        except PeerFaultError as error:
            if error.code != "carrier-answer-too-big":
                raise
        return None

    @property
    def _page(self) -> int:
        return self.client.http.options.max_page

    def fetch(self, item: Item) -> Content:
        """Return the octets of *item*. Raises ``carrier-item-unknown``, ``carrier-answer-too-big``."""
        limit = self._features.max_bytes
        if self._downloads:
            found = self.client.download(item.id, limit=limit)
            if found is not None:
                return found
        content = self.client.get(item.id, limit=limit)
        self._downloads = False  # only now: the item itself might not have been there
        return content

    def settle(self, item: Item, settlement: Settlement) -> None:
        """Tell the axis what became of *item*. What is not there any more counts as done."""
        check_settlement(settlement, self.client.carrier)
        with gone_is_done(settlement):
            self.client.update_status(item.id, settlement)

    def agencies(self) -> Iterator[AgencyRecord]:
        """Yield every agency that the axis lists."""
        yield from self.client.agencies()

    def changes(self, since: datetime.datetime | None = None) -> Iterator[AgencyRecord]:
        """Yield the units that were changed after *since* (aware), or whose time of change cannot be told."""
        if since is not None:
            since = aware(since, carrier=self.client.carrier, name="since")
        for unit in self.client.units():
            if since is None or unit.modified is None or unit.modified > since:
                yield unit

    def register(self, agency: AgencyRecord) -> None:
        """Enter *agency* under this system."""
        self.client.register_agency(agency)

    def remove(self, code: str) -> None:
        """Take the agency with *code* out."""
        self.client.delete_agency(code)

    def close(self) -> None:
        """Close the client."""
        self.client.close()

    def __repr__(self) -> str:
        return f"VxpTransport({self.client!r})"
