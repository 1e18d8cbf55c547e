"""The 13 operations of the national axis. Source: practice (VXP SDK)."""

from __future__ import annotations

import datetime
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NoReturn, TypeVar

from vndoc.errors import OwnFaultError, Retry
from vndoc.text import Text, shorten
from vndoc.transport._calls import Judged, json_answer, json_packet, utc_now, wrong_field
from vndoc.transport._faults import Context, clock_skew, fault_error
from vndoc.transport._json_text import json_object, rows_of, text_of
from vndoc.transport._moments import aware
from vndoc.transport._outgoing import outbound
from vndoc.transport._packet_stream import packet_octets
from vndoc.transport._vxp_rows import ReceivedRow, SentAnswer, SentRow, agency_row, received_row, sent_row, values
from vndoc.transport._vxp_signing import HASH_STYLES, HashStyle, hash_file, list_time, sign, timestamp
from vndoc.transport.base import AgencyRecord, Kind, Outgoing, Settlement
from vndoc.transport.content import Fetched
from vndoc.transport.faults import VXP_FAULTS, Fault
from vndoc.transport.http import Answer, Arriving, HttpClient, HttpOptions, Outbound, Request
from vndoc.transport.secret import Secret

T = TypeVar("T")

_LOG = logging.getLogger(__name__)

REGISTRIES: Mapping[str, str] = MappingProxyType(
    {"agencies": "getAgenciesList", "agencies-qd20": "getAgenciesListQD20", "units": "getSynchronizeUnit"}
)
"""The three lists of the address book, by the names that :class:`~vndoc.routing.RoutingTable` loads them under
(``axis-`` before each)."""

MAX_HEADERS: Final = 48 * 1024
"""Octets of all headers of a request, more than servers take: a list of recipients without end is told here."""

_GOOD: Final = frozenset({"ok", "success"})
_BAD: Final = frozenset({"fail", "failed", "error", "false"})
_EMPTY_JSON: Final = Outbound.of(b"{}")
_NO_PATH: Final = "/"
"""``filePath`` is a folder of the client, which is nobody else's business; a placeholder works (practice)."""

_LONG = Text(
    "các tiêu đề dài {size} byte, tối đa {limit}: chia nhỏ danh sách nơi nhận hoặc không gửi to",
    "the headers have {size} octets, at most {limit}: send to fewer recipients at once, or without to",
)
_NO_SECRET = Text("secret phải là Secret", "secret must be a Secret")
_NO_STYLE = Text("hash_style phải là vnpt hoặc hex", "hash_style must be vnpt or hex")


class VxpClient:
    """The operations of the axis at *endpoint*, for the connected system *system_id* with its *secret*.

    *hash_style* is how ``hash-file`` is written (``vnpt``, as the vendor's client does, or ``hex``). *faults* says what
    an ``ErrorCode`` means. *carrier* is the name in errors. *now* (aware), *monotonic* and *sleep* are for tests.
    Several threads may use one client.

    Every method raises :class:`~vndoc.errors.TransportError`; making one also
    :class:`~vndoc.errors.UsageError` (``extra-missing``) without ``vndoc[http]``. Source: practice (VXP SDK).
    """

    def __init__(
        self,
        endpoint: str,
        *,
        system_id: str,
        secret: Secret,
        options: HttpOptions | None = None,
        hash_style: HashStyle = "vnpt",
        faults: Mapping[str, Fault] = VXP_FAULTS,
        carrier: str = "VXP",
        now: Callable[[], datetime.datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        for good, detail in ((isinstance(secret, Secret), _NO_SECRET), (hash_style in HASH_STYLES, _NO_STYLE)):
            if not good:
                raise OwnFaultError("carrier-configuration", carrier=carrier, detail=detail)
        self.carrier = carrier
        self._system_id = system_id
        self._secret = secret
        self._hash_style: HashStyle = hash_style
        self._faults = faults
        self._now = now
        self.http = HttpClient(
            endpoint,
            carrier=carrier,
            options=options,
            secrets=[secret],
            judge=self._judge,
            monotonic=monotonic,
            sleep=sleep,
        )

    # -- packets -----------------------------------------------------------------------------------

    def received(
        self,
        kind: Kind,
        since: datetime.datetime | None = None,
        until: datetime.datetime | None = None,
        *,
        limit: int | None = None,
    ) -> list[ReceivedRow]:
        """``getReceivedEdocList``: return what waits for this system, from *since* to *until* (aware) where given.

        *limit* is the biggest answer in octets (default: ``options.max_list``). Rows that cannot be understood are left
        out and counted in the log.
        """
        parameters = {**_types(kind), **self._period(since, until)}
        return self._listed("getReceivedEdocList", parameters, received_row, limit)

    def sent(
        self,
        *,
        doc_id: str | None = None,
        kind: Kind | None = None,
        since: datetime.datetime | None = None,
        until: datetime.datetime | None = None,
    ) -> list[SentRow]:
        """``getSentEdocList``: return what this system sent, each copy a row; all arguments narrow it."""
        narrowed = {} if kind is None else _types(kind)
        if doc_id is not None:
            narrowed["docId"] = doc_id
        return self._listed("getSentEdocList", {**narrowed, **self._period(since, until)}, sent_row)

    def send(self, packet: Outgoing, to: Sequence[str] | None = None, *, limit: int | None = None) -> SentAnswer:
        """``sendEdoc``: hand over *packet*; *to* names the recipients beside the packet's own header, as a JSON array.

        *limit* is the largest packet in octets. The octets are streamed, and proven against their digest
        on the way.
        After an error whose ``retry`` is ``UNKNOWN`` the axis may have taken the packet over.
        """
        parameters = {
            "from": packet.sender,
            **_types(packet.kind),
            "hash-file": hash_file(packet.sha256, self._hash_style),
        }
        if to is not None:
            parameters["to"] = json.dumps(list(to), separators=(",", ":"), ensure_ascii=False)
        request = self._request(
            "sendEdoc",
            parameters,
            body=outbound(packet, carrier=self.carrier, limit=limit, after=b"\r\n"),
            content_type="application/octet-stream",
            changes=True,
            transfer=True,
        )
        context = Context(sender=packet.sender, recipients=to or ())
        answer, raw = self._answer(request, context)
        doc_id = text_of(answer, "DocId", "docId")
        if doc_id is None:
            raise wrong_field(self.carrier, "DocId", Retry.UNKNOWN)
        return SentAnswer(doc_id=doc_id, raw=self.http.scrubbed(raw.decode("utf-8", "replace")).encode())

    def get(self, doc_id: str, *, limit: int | None = None) -> Fetched:
        """``getEdoc``: return the packet, from base64 in JSON; at most *limit* octets."""
        request = self._request("getEdoc", {"docId": doc_id, "filePath": _NO_PATH}, body=_EMPTY_JSON, transfer=True)

        return json_packet(self.http, request, ["data"], self._judging(Context(item=doc_id)), limit)

    def download(self, doc_id: str, *, limit: int | None = None) -> Fetched | None:
        """``downloadEdoc``: return the packet as it comes, at most *limit* octets; None without such an operation."""
        request = self._request(
            "downloadEdoc",
            {"docId": doc_id, "filePath": _NO_PATH},
            method="GET",
            transfer=True,
            accepts=frozenset({404, 405, 501}),
        )

        def refused(answer: Answer, retry: Retry) -> None:
            found = json_object(answer.body)
            if found is not None:
                self._judged(found, answer.headers, retry, Context(item=doc_id))

        def take(arriving: Arriving) -> Fetched | None:
            if arriving.status >= 400:
                refused(arriving.whole(1024 * 1024), arriving.retry)
                return None
            return packet_octets(arriving, self.carrier, limit, refused)

        return self.http.exchange(request, take)

    def update_status(self, doc_id: str, settlement: Settlement) -> None:
        """``updateStatus``: tell what became of the copy *doc_id*."""
        parameters = {"status": settlement.value, "docId": doc_id}
        self._answer(self._request("updateStatus", parameters, body=_EMPTY_JSON), Context(item=doc_id))

    def count(self, kind: Kind) -> int:
        """``countReceiveEdoc``, ``countReceiveStatus``: return how many of *kind* wait."""
        name = "countReceiveEdoc" if kind is Kind.DOCUMENT else "countReceiveStatus"
        answer, _ = self._answer(self._request(name, _types(kind), body=_EMPTY_JSON))
        count = text_of(answer, "count")
        if count is None or not count.isascii() or not count.isdigit() or len(count) > 12:
            raise wrong_field(self.carrier, "count")
        return int(count)

    # -- the address book --------------------------------------------------------------------------

    def agencies(self) -> list[AgencyRecord]:
        """``getAgenciesList``: return all agencies (some 120,000), with their old codes."""
        return self._listed("getAgenciesList", {}, agency_row)

    def agencies_qd20(self, level: int) -> list[AgencyRecord]:
        """``getAgenciesListQD20``: return the agencies of one *level* of Decision 20/2020/QĐ-TTg."""
        return self._listed("getAgenciesListQD20", {"level": str(level)}, agency_row)

    def units(self) -> list[AgencyRecord]:
        """``getSynchronizeUnit``: return all units with their versions, deleted ones among them."""
        return self._listed("getSynchronizeUnit", {}, agency_row)

    def registry(self, name: str, *, level: int | None = None) -> bytes:
        """Return one list of ``vndoc.transport.vxp.REGISTRIES`` as it came: what ``RoutingTable.load`` reads.

        *level* narrows ``agencies-qd20``. Raises ``carrier-unsupported`` for another name.
        """
        if name not in REGISTRIES:
            raise OwnFaultError("carrier-unsupported", carrier=self.carrier, operation=shorten(name))
        parameters = {} if level is None else {"level": str(level)}
        return self._answer(self._list_request(REGISTRIES[name], parameters))[1]

    def register_agency(self, agency: AgencyRecord) -> None:
        """``registerAgency``: enter *agency* under this system; its ``parent`` is a code."""
        fields = {
            "id": agency.id,
            "pcode": agency.parent,
            "code": agency.code,
            "name": agency.name,
            "mail": agency.mail,
            "mobile": agency.mobile,
            "fax": agency.fax,
        }
        text = json.dumps({name: value or "" for name, value in fields.items()}, separators=(",", ":"))
        request = self._request("registerAgency", {}, body=Outbound.of(text.encode("ascii")), changes=True)
        self._answer(request, Context(recipients=[agency.code]))

    def delete_agency(self, code: str) -> None:
        """``deleteAgency``: take the agency with *code* out."""
        request = self._request("deleteAgency", {"AgencyCode": code}, body=_EMPTY_JSON, changes=True)
        self._answer(request, Context(recipients=[code]))

    def close(self) -> None:
        """Close all connections. Closing twice does nothing."""
        self.http.close()

    def __repr__(self) -> str:
        return f"VxpClient({self.http.endpoint.url!r}, system_id={self._system_id!r})"

    # -- one call ----------------------------------------------------------------------------------

    def _request(
        self,
        name: str,
        parameters: Mapping[str, str],
        *,
        method: str = "POST",
        body: Outbound | None = None,
        content_type: str = "application/json",
        changes: bool = False,
        transfer: bool = False,
        max_answer: int = 1024 * 1024,
        accepts: frozenset[int] = frozenset(),
    ) -> Request:
        """Return a signed call; the signature is made anew, with the time, for each attempt."""

        def headers() -> dict[str, str]:
            signed = sign(
                {
                    "systemid": self._system_id,
                    **parameters,
                    "timestamp": timestamp(self._now()),
                    "Content-Type": content_type,
                },
                self._secret,
            )
            size = sum(len(name) + len(value) + 4 for name, value in signed.items())
            if size > MAX_HEADERS:
                detail = _LONG.filled(size=size, limit=MAX_HEADERS)
                raise OwnFaultError("carrier-parameter", carrier=self.carrier, name="to", detail=detail)
            return {
                "Content-Type": content_type,
                **signed,
                "User-Agent": "JAVASDKAgent/1.0.0 XRoad/VPCP",
                "XroadVnpt-version": "3.0.201608",
                "Accept-Encoding": "identity",
            }

        return Request(
            method=method,
            path=f"/{name}",
            headers=headers,
            body=body,
            changes=changes,
            transfer=transfer,
            max_answer=max_answer,
            accepts=accepts,
        )

    def _list_request(self, name: str, parameters: Mapping[str, str], limit: int | None = None) -> Request:
        most = self.http.options.max_list
        return self._request(name, parameters, max_answer=most if limit is None else min(limit, most))

    def _period(self, since: datetime.datetime | None, until: datetime.datetime | None) -> dict[str, str]:
        given = (("fromDate", since), ("toDate", until))
        return {name: list_time(aware(at, carrier=self.carrier, name=name)) for name, at in given if at is not None}

    def _listed(
        self,
        name: str,
        parameters: Mapping[str, str],
        make: Callable[[dict[str, Any]], T | None],
        limit: int | None = None,
    ) -> list[T]:
        answer, _ = self._answer(self._list_request(name, parameters, limit))
        if not isinstance(answer.get("data"), list):
            if answer.get("data") is not None:
                raise wrong_field(self.carrier, "data")
            return []

        def skipped(count: int) -> None:
            _LOG.warning("%s %s: %d rows cannot be understood and are left out", self.carrier, name, count)

        return values(rows_of(answer), make, skipped)

    def _answer(self, request: Request, context: Context | None = None) -> tuple[dict[str, Any], bytes]:
        """Return what the axis answers to *request*, if that is good, read and as it came."""
        return json_answer(self.http, request, self._judging(context))

    def _judging(self, context: Context | None) -> Judged:
        def judged(found: dict[str, Any], headers: Mapping[str, str], retry: Retry) -> None:
            self._judged(found, headers, retry, context)

        return judged

    def _judge(self, answer: Answer, retry: Retry) -> None:
        """Raise what the body of a refusal says, if it is one of the axis' own."""
        found = json_object(answer.body)
        if found is not None and text_of(found, "ErrorCode") not in {None, "0"}:
            self._refuse(found, answer.headers, retry, None)

    def _judged(
        self, answer: dict[str, Any], headers: Mapping[str, str], retry: Retry, context: Context | None
    ) -> None:
        """Raise what *answer* says, unless it is that all went well."""
        status = (text_of(answer, "status") or "").lower()
        good = status in _GOOD and (text_of(answer, "ErrorCode") or "0") == "0"
        if good:
            return
        if status not in _GOOD | _BAD:
            raise wrong_field(self.carrier, "status", retry)
        self._refuse(answer, headers, Retry.SAFE, context)  # it says itself that nothing was done

    def _refuse(
        self, answer: dict[str, Any], headers: Mapping[str, str], retry: Retry, context: Context | None
    ) -> NoReturn:
        number = text_of(answer, "ErrorCode") or "-"
        said = text_of(answer, "ErrorDesc") or "-"
        words = shorten(self.http.scrubbed(f"{number}: {said}"), 200)
        fault = self._faults.get(number, Fault("carrier-failed", peer=True))
        skew = clock_skew(headers, self._now())
        raise fault_error(self.carrier, fault, words, context or Context(), skew=skew, retry=retry)


def _types(kind: Kind) -> dict[str, str]:
    return {"servicetype": "eDoc", "messagetype": kind.value}
