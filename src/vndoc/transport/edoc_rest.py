"""A product axis with the eDoc REST interface, version 2: client and carrier, for one agency each.

::

    client = EdocRestClient("https://edoc.example.gov.vn/EdocService", organ="H53", token=Secret(...))
    carrier = EdocRestTransport(client)

Source: practice (Bkav eDoc REST 2.0).
"""

from __future__ import annotations

import datetime
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NoReturn, Self, TypeVar
from urllib.parse import quote

from vndoc.errors import OwnFaultError, Retry
from vndoc.text import Text, shorten
from vndoc.transport._asked import check_kind, check_settlement
from vndoc.transport._calls import Judged, gone_is_done, json_answer, json_headers, json_packet, utc_now, wrong_field
from vndoc.transport._faults import Context, fault_error
from vndoc.transport._json_text import json_object, rows_of, text_of
from vndoc.transport._outgoing import checked_recipients, outbound
from vndoc.transport._read_only import ReadOnlyDirectory
from vndoc.transport._vxp_rows import SentAnswer, agency_row, values
from vndoc.transport.base import AgencyRecord, Content, Features, Item, Kind, Outgoing, Receipt, Settlement
from vndoc.transport.content import Fetched
from vndoc.transport.faults import EDOC_FAULTS, Fault
from vndoc.transport.http import Answer, HttpClient, HttpOptions, Outbound, Request
from vndoc.transport.secret import Secret, as_secret

__all__ = ["EdocRestClient", "EdocRestTransport"]

T = TypeVar("T")

_LOG = logging.getLogger(__name__)

_GOOD: Final = frozenset({"0", "200"})
_BAD: Final = frozenset({"fail", "error", "false"})
_KINDS: Final = {Kind.DOCUMENT: "EDOC", Kind.STATUS: "STATUS"}
_STATUS: Final = "status/"
"""Before the id of a status: the axis gives the same number to a document and to a status (practice: Bkav eDoc)."""
_NO_SECRET = Text("token phải là Secret", "token must be a Secret")
_NO_HEADER = Text("phải là 1 đến 1024 ký tự ASCII in được", "it must be 1 to 1024 printable ASCII characters")


class EdocRestClient:
    """The operations at *endpoint* (which ends in ``/EdocService``) for the agency *organ* with its *token*.

    *faults* says what the code of an error means. The rest as for :class:`~vndoc.transport.vxp.VxpClient`.

    Every method raises :class:`~vndoc.errors.TransportError`; making one also
    :class:`~vndoc.errors.UsageError` (``extra-missing``) without ``vndoc[http]``.
    Source: practice (Bkav eDoc REST 2.0).
    """

    def __init__(
        self,
        endpoint: str,
        *,
        organ: str,
        token: Secret,
        options: HttpOptions | None = None,
        faults: Mapping[str, Fault] = EDOC_FAULTS,
        carrier: str = "eDoc",
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not isinstance(token, Secret):
            raise OwnFaultError("carrier-configuration", carrier=carrier, detail=_NO_SECRET)
        self.carrier = carrier
        self.organ = organ
        self._token = token
        self._faults = faults
        for name, value in (("organid", organ), ("authorization", token.reveal())):
            if not _fits(value):
                detail = Text(f"{name}: {_NO_HEADER.vi}", f"{name}: {_NO_HEADER.en}")
                raise OwnFaultError("carrier-configuration", carrier=carrier, detail=detail)
        self.http = HttpClient(
            endpoint,
            carrier=carrier,
            options=options,
            secrets=[token],
            judge=self._judge,
            monotonic=monotonic,
            sleep=sleep,
        )

    def send(self, packet: Outgoing, recipients: Sequence[str] = (), *, limit: int | None = None) -> SentAnswer:
        """``sendDocument``: hand over *packet*, at most *limit* octets. Who gets it stands in the packet;
        *recipients* are for the text of an error only.

        After an error whose ``retry`` is ``UNKNOWN`` the axis may have taken the packet over; ``carrier-duplicate``
        says that it had done so before.
        """
        request = self._request(
            "POST",
            "/sendDocument",
            {"type": _KINDS[packet.kind]},
            body=outbound(packet, carrier=self.carrier, limit=limit),
            content_type="application/octet-stream",
            changes=True,
        )
        context = Context(sender=packet.sender, recipients=recipients)
        answer, raw = json_answer(self.http, request, self._judging(context))
        doc_id = text_of(answer, "docId")
        if doc_id is None:
            raise wrong_field(self.carrier, "docId", Retry.UNKNOWN)
        return SentAnswer(doc_id=doc_id, raw=self.http.scrubbed(raw.decode("utf-8", "replace")).encode())

    def pending(self, kind: Kind) -> list[str]:
        """``getPendingDocIds``: return the ids of what waits, in the axis' order.

        Rows that cannot be understood are left out and counted in the log.
        """
        request = self._request("GET", "/getPendingDocIds", {"type": _KINDS[kind]})
        answer, _ = json_answer(self.http, request, self._judging(Context()))
        return self._values(answer, "data", lambda row: text_of(row, "docId"))

    def get(self, doc_id: str, kind: Kind, *, limit: int | None = None) -> Fetched:
        """``getDocument``: return the packet, from base64 in JSON; at most *limit* octets."""
        headers = {"type": _KINDS[kind], "docid": self._checked("docid", doc_id)}
        request = self._request("POST", "/getDocument", headers)
        return json_packet(self.http, request, ["data"], self._judging(Context(item=doc_id)), limit)

    def confirm(self, doc_id: str, kind: Kind) -> None:
        """``confirmReceived``: take the copy *doc_id* off the list."""
        headers = {"type": _KINDS[kind], "docid": self._checked("docid", doc_id)}
        request = self._request("POST", "/confirmReceived", headers)
        json_answer(self.http, request, self._judging(Context(item=doc_id)))

    def organizations(self, code: str | None = None) -> list[AgencyRecord]:
        """``getOrganizations``: return all agencies, or the one with *code*."""
        query = "" if code is None else f"?organId={quote(self._checked('organId', code), safe='')}"
        request = self._request("GET", f"/getOrganizations{query}", {})
        answer, _ = json_answer(self.http, request, self._judging(Context()))
        return self._values(answer, "organizations", agency_row)

    def exists(self, *, sender: str, recipient: str, code: str) -> bool:
        """``checkExistDocument``: return whether the axis has a document of *sender* for *recipient*, by its *code*
        (number and notation): the way to find out what became of a submission whose outcome is unknown.
        """
        fields = {"fromOrgan": sender, "toOrgan": recipient, "docCode": code}
        body = Outbound.of(json.dumps(fields, separators=(",", ":")).encode("ascii"))
        request = self._request("POST", "/checkExistDocument", {}, body=body)
        answer, _ = json_answer(self.http, request, self._judging(Context()))
        found = answer.get("isExist", answer.get("data"))
        if not isinstance(found, bool):
            raise wrong_field(self.carrier, "isExist")
        return found

    def close(self) -> None:
        """Close all connections. Closing twice does nothing."""
        self.http.close()

    def __repr__(self) -> str:
        return f"EdocRestClient({self.http.endpoint.url!r}, organ={self.organ!r})"

    # -- one call ----------------------------------------------------------------------------------

    def _request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        body: Outbound | None = None,
        content_type: str = "application/json",
        changes: bool = False,
    ) -> Request:
        own = {"organid": self.organ, "authorization": self._token.reveal(), **headers}
        sent = json_headers(own, body, content_type)
        return Request(
            method=method,
            path=path,
            headers=lambda: sent,
            body=body,
            changes=changes,
            transfer=changes or path == "/getDocument",
            max_answer=self.http.options.max_list,
        )

    def _checked(self, name: str, value: str) -> str:
        if not _fits(value):
            raise OwnFaultError("carrier-parameter", carrier=self.carrier, name=name, detail=_NO_HEADER)
        return value

    def _values(self, answer: dict[str, Any], name: str, make: Callable[[dict[str, Any]], T | None]) -> list[T]:
        if answer.get(name) is not None and not isinstance(answer[name], list):
            raise wrong_field(self.carrier, name)

        def skipped(count: int) -> None:
            _LOG.warning("%s %s: %d rows cannot be understood and are left out", self.carrier, name, count)

        return values(rows_of(answer, name), make, skipped)

    def _judging(self, context: Context) -> Judged:
        def judged(found: dict[str, Any], headers: Mapping[str, str], retry: Retry) -> None:
            del headers
            code = text_of(found, "code")
            if code is None:
                raise wrong_field(self.carrier, "code", retry)
            status = (text_of(found, "status") or "").lower()
            if code not in _GOOD or status in _BAD:  # a status that could not be entered is an error with the code 0
                self._refuse(found, Retry.SAFE, context)  # it says itself that nothing was done

        return judged

    def _judge(self, answer: Answer, retry: Retry) -> None:
        """Raise what the body of a refusal says, if it is one of the axis' own."""
        found = json_object(answer.body)
        if found is not None and any(code in self._faults for code, _ in _errors(found)):
            self._refuse(found, retry, Context())

    def _refuse(self, found: dict[str, Any], retry: Retry, context: Context) -> NoReturn:
        errors = _errors(found) or [(text_of(found, "code") or "-", text_of(found, "message") or "-")]
        words = shorten(self.http.scrubbed("; ".join(f"{code}: {said}" for code, said in errors[:3])), 200)
        known = (self._faults[code] for code, _ in errors if code in self._faults)
        fault = next(known, Fault("carrier-failed", peer=True))
        raise fault_error(self.carrier, fault, words, context, retry=retry)


def _errors(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return code and words of each error in an answer."""
    return [
        (text_of(row, "code") or "-", text_of(row, "description", "message") or "-")
        for row in rows_of(found, "errors")
        if row is not None
    ]


def _doc_id(item: Item) -> str:
    """Return the axis' own id of *item*."""
    return item.id.removeprefix(_STATUS) if item.kind is Kind.STATUS else item.id


def _fits(value: str) -> bool:
    """Return whether *value* can be the value of a header as it is."""
    return 0 < len(value) <= 1024 and value.isascii() and value.isprintable() and value.strip() == value


class EdocRestTransport(ReadOnlyDirectory):
    """A :class:`~vndoc.transport.Transport` and :class:`~vndoc.transport.Directory` over *client*, for its agency.

    *name* stands in receipts, *max_bytes* is the largest packet in octets, both ways (None: no limit is stated).

    The recipients stand in the packet; those of :meth:`submit` must be all that it names. A new document that the axis
    has already is refused as ``carrier-duplicate``. There is no word for failure: :meth:`settle` tells ``DONE`` only.
    The address book can be read, but says nothing of changes. Every method raises
    :class:`~vndoc.errors.TransportError`.
    """

    def __init__(
        self,
        client: EdocRestClient,
        *,
        name: str = "edoc",
        max_bytes: int | None = None,
        now: Callable[[], datetime.datetime] = utc_now,
    ) -> None:
        self.client = client
        self._axis = client.carrier
        self._name = name
        self._features = Features(fans_out=True, deduplicates=False, max_bytes=max_bytes, concurrent=True)
        self._now = now

    @classmethod
    def connect(
        cls,
        endpoint: str,
        *,
        organ: str,
        token: Secret | str,
        http: HttpOptions | None = None,
        name: str = "edoc",
        max_bytes: int | None = None,
    ) -> Self:
        """Return the carrier with a client of its own: what ``vndoc.transport.load("edoc-rest", ...)`` calls."""
        client = EdocRestClient(endpoint, organ=organ, token=as_secret(token), options=http)
        return cls(client, name=name, max_bytes=max_bytes)

    @property
    def name(self) -> str:
        """Short name for receipts, logs and metrics."""
        return self._name

    @property
    def features(self) -> Features:
        """It fans out; it refuses a repetition of some packets, but gives no earlier receipt."""
        return self._features

    def submit(self, packet: Outgoing, recipients: Sequence[str]) -> Receipt:
        """Hand over *packet* for *recipients*, in one submission. A recipient that is refused refuses all of them.

        Raises ``carrier-too-big``, ``carrier-duplicate``, ``carrier-unknown-recipient``,
        ``carrier-unknown-sender`` (also where the sender is not the client's agency), ``carrier-refused`` and what
        every call may raise.
        """
        unique = checked_recipients(recipients, self.client.carrier)
        if packet.sender != self.client.organ:
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
        """Yield what waits, in the axis' order. Documents and statuses are counted apart: the id tells a status."""
        check_kind(kind, self.client.carrier)
        for doc_id in dict.fromkeys(self.client.pending(kind)):
            name = f"{_STATUS}{doc_id}" if kind is Kind.STATUS else doc_id
            yield Item(id=name, kind=kind, recipient=self.client.organ)

    def fetch(self, item: Item) -> Content:
        """Return the octets of *item*. Raises ``carrier-item-unknown``, ``carrier-answer-too-big``."""
        return self.client.get(_doc_id(item), item.kind, limit=self._features.max_bytes)

    def settle(self, item: Item, settlement: Settlement) -> None:
        """Confirm *item* if it is done; for anything else do nothing: it stays on the list.

        What is not there any more counts as done.
        """
        check_settlement(settlement, self.client.carrier)
        if settlement is Settlement.DONE:
            with gone_is_done(settlement):
                self.client.confirm(_doc_id(item), item.kind)

    def agencies(self) -> Iterator[AgencyRecord]:
        """Yield every agency that the axis lists."""
        yield from self.client.organizations()

    def close(self) -> None:
        """Close the client."""
        self.client.close()

    def __repr__(self) -> str:
        return f"EdocRestTransport({self.client!r})"
