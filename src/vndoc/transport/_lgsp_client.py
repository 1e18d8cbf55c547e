"""The operations of a provincial LGSP. Source: practice (Lạng Sơn)."""

from __future__ import annotations

import datetime
import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn, TypeVar
from urllib.parse import quote

from vndoc.errors import OwnFaultError, Retry
from vndoc.text import Text, shorten
from vndoc.transport._calls import Judged, json_answer, json_headers, json_packet, utc_now, wrong_field
from vndoc.transport._faults import Context, fault_error
from vndoc.transport._json_text import json_object, rows_of, text_of
from vndoc.transport._outgoing import outbound
from vndoc.transport._vxp_rows import ReceivedRow, SentAnswer, agency_row, received_row, values
from vndoc.transport._vxp_signing import VIETNAM
from vndoc.transport.base import AgencyRecord, Kind, Outgoing
from vndoc.transport.content import Fetched
from vndoc.transport.faults import LGSP_FAULTS, Fault
from vndoc.transport.http import Answer, HttpClient, HttpOptions, Outbound, Request
from vndoc.transport.secret import Secret

T = TypeVar("T")

_LOG = logging.getLogger(__name__)

TOKEN_SECONDS: Final = 29 * 60
"""How long a token is used: it is valid for 30 minutes."""

WINDOW_DAYS: Final = 7
"""The longest window of a list."""

_GOOD: Final = frozenset({"0", "200"})
_NO_SECRET = Text("password và secret phải là Secret", "password and secret must be a Secret")
_NO_HEADER = Text("{name} phải là ASCII in được, không rỗng", "{name} must be printable ASCII and not empty")
_TOO_WIDE = Text("khoảng ngày dài hơn {days} ngày hoặc đảo ngược", "the window is longer than {days} days or reversed")


class LgspClient:
    """The operations of the LGSP at *endpoint* (below which ``/v1/...`` stands).

    *username*, *password* and *application_code* are for the login, whose token is kept for 29 minutes and had anew,
    once, where a call is answered with 401; *system_id* and *secret* go with every call. *faults* says what a ``code``
    means. The rest as for :class:`~vndoc.transport.vxp.VxpClient`.

    Every method raises :class:`~vndoc.errors.TransportError`; making one also
    :class:`~vndoc.errors.UsageError` (``extra-missing``) without ``vndoc[http]``. Source: practice (Lạng Sơn).
    """

    def __init__(
        self,
        endpoint: str,
        *,
        username: str,
        password: Secret,
        system_id: str,
        secret: Secret,
        application_code: str = "",
        options: HttpOptions | None = None,
        faults: Mapping[str, Fault] = LGSP_FAULTS,
        carrier: str = "LGSP",
        now: Callable[[], datetime.datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not all(isinstance(one, Secret) for one in (password, secret)):
            raise OwnFaultError("carrier-configuration", carrier=carrier, detail=_NO_SECRET)
        for name, value in (("system_id", system_id), ("secret", secret.reveal())):
            if not value or not value.isascii() or not value.isprintable():
                detail = _NO_HEADER.filled(name=name)
                raise OwnFaultError("carrier-configuration", carrier=carrier, detail=detail)
        self.carrier = carrier
        self._login = {
            "username": username,
            "password": password,
            "applicationCode": application_code,
            "otp": None,
            "twoFactorProvider": None,
            "typeObjs": [0, 1],
        }
        self._system_id = system_id
        self._secret = secret
        self._faults = faults
        self._now = now
        self._monotonic = monotonic
        self._token: tuple[Secret, float] | None = None
        self._logging_in = threading.Lock()
        self._secrets = [password, secret]
        self.http = HttpClient(
            endpoint,
            carrier=carrier,
            options=options,
            secrets=self._secrets,
            judge=self._judge,
            monotonic=monotonic,
            sleep=sleep,
        )

    def send(self, packet: Outgoing, recipients: Sequence[str] = (), *, limit: int | None = None) -> SentAnswer:
        """``sendEdoc``: hand over *packet*, at most *limit* octets, as a part of a form. Who gets it stands in the
        packet; *recipients* are for the text of an error only.

        After an error whose ``retry`` is ``UNKNOWN`` the axis may have taken the packet over.
        """
        boundary = uuid.uuid4().hex
        before = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="messageType"\r\n\r\n{packet.kind.value}\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="edocFile"; filename="packet.edxml"\r\n'
            "Content-Type: application/xml\r\n\r\n"
        )
        body = outbound(
            packet,
            carrier=self.carrier,
            limit=limit,
            before=before.encode("ascii"),
            after=f"\r\n--{boundary}--\r\n".encode("ascii"),
        )

        def request(token: Secret) -> Request:
            return self._request(
                token, "POST", "/v1/sendEdoc", body, f"multipart/form-data; boundary={boundary}", changes=True
            )

        answer, raw = self._called(request, Context(sender=packet.sender, recipients=recipients))
        data = answer.get("data")
        doc_id = text_of(data, "docId", "id") if isinstance(data, dict) else text_of(answer, "data", "docId")
        if doc_id is None:
            raise wrong_field(self.carrier, "data.docId", Retry.UNKNOWN)
        return SentAnswer(doc_id=doc_id, raw=self.http.scrubbed(raw.decode("utf-8", "replace")).encode())

    def received(
        self, kind: Kind, first: datetime.date, last: datetime.date, *, limit: int | None = None
    ) -> list[ReceivedRow]:
        """``syncReceivedEdocList``: return what waits, from the day *first* to *last*: at most 7 days between them.

        *limit* is the biggest answer in octets (default: ``options.max_list``). Rows that cannot be understood are left
        out and counted in the log.
        """
        if not 0 <= (last - first).days <= WINDOW_DAYS:
            detail = _TOO_WIDE.filled(days=WINDOW_DAYS)
            raise OwnFaultError("carrier-parameter", carrier=self.carrier, name="fromDate", detail=detail)
        days = "&".join(f"{name}={day:%Y/%m/%d}" for name, day in (("fromDate", first), ("toDate", last)))
        return self._listed(f"/v1/syncReceivedEdocList?messageType={kind.value}&{days}", received_row, limit)

    def get(self, doc_id: str, *, limit: int | None = None) -> Fetched:
        """``getEdoc``: return the packet, from base64 in JSON; at most *limit* octets."""
        path = f"/v1/getEdoc?docId={_quoted(doc_id, self.carrier)}"
        context = Context(item=doc_id)

        def once(token: Secret) -> Fetched:
            request = self._request(token, "GET", path, transfer=True)
            return json_packet(self.http, request, ["data", "data"], self._judging(context), limit)

        return self._with_token(once)

    def update_status(self, doc_id: str, status: str) -> None:
        """``updateStatus``: tell what became of the copy *doc_id*: ``done``, ``fail``, ``processing``, or one of
        ``01`` ... ``16``, which products send (practice, unverified).
        """
        body = Outbound.of(_json({"docId": doc_id, "status": status}))

        def request(token: Secret) -> Request:
            return self._request(token, "POST", "/v1/updateStatus", body)

        self._called(request, Context(item=doc_id))

    def agencies(self) -> list[AgencyRecord]:
        """``getAgenciesList``: return all agencies."""
        return self._listed("/v1/getAgenciesList", agency_row)

    def close(self) -> None:
        """Close all connections and forget the token. Closing twice does nothing."""
        self._token = None
        self.http.close()

    def __repr__(self) -> str:
        return f"LgspClient({self.http.endpoint.url!r}, system_id={self._system_id!r})"

    # -- one call ----------------------------------------------------------------------------------

    def _request(
        self,
        token: Secret,
        method: str,
        path: str,
        body: Outbound | None = None,
        content_type: str = "application/json",
        *,
        changes: bool = False,
        transfer: bool = False,
        limit: int | None = None,
    ) -> Request:
        most = self.http.options.max_list
        own = {
            "Authorization": f"Bearer {token.reveal()}",
            "X-SystemId": self._system_id,
            "X-SecretKey": self._secret.reveal(),
        }
        headers = json_headers(own, body, content_type)
        return Request(
            method=method,
            path=path,
            headers=lambda: headers,
            body=body,
            changes=changes,
            transfer=transfer or changes,
            max_answer=most if limit is None else min(limit, most),
        )

    def _with_token(self, call: Callable[[Secret], T]) -> T:
        """Return what *call* does with a token; with a new one, once, where the one that was kept is refused."""
        known = self._token
        if known is not None and self._monotonic() < known[1]:
            try:
                return call(known[0])
            except OwnFaultError as error:
                if error.code != "carrier-credentials":
                    raise
        return call(self._new_token(known))

    def _new_token(self, old: tuple[Secret, float] | None) -> Secret:
        """Log in, unless another thread has got another token than *old* meanwhile."""
        with self._logging_in:
            known = self._token
            if known is not None and known is not old and self._monotonic() < known[1]:
                return known[0]
            return self._logged_in()

    def _logged_in(self) -> Secret:
        self._token = None
        path = "/v1/auth/login?allow_anonymous=true"
        fields = {k: v.reveal() if isinstance(v, Secret) else v for k, v in self._login.items()}
        body = Outbound.of(_json(fields))
        request = Request(method="POST", path=path, headers=lambda: json_headers({}, body), body=body)
        answer, _ = json_answer(self.http, request, self._judging(Context()))
        data = answer.get("data")
        text = text_of(data, "token") if isinstance(data, dict) else None
        if text is None or not text.isascii() or not text.isprintable():
            raise wrong_field(self.carrier, "data.token")
        token = Secret(text)
        self.http.secrets = (*self._secrets, token)
        self._token = token, self._monotonic() + TOKEN_SECONDS
        return token

    def _called(self, request: Callable[[Secret], Request], context: Context) -> tuple[dict[str, Any], bytes]:
        return self._with_token(lambda token: json_answer(self.http, request(token), self._judging(context)))

    def _listed(self, path: str, make: Callable[[dict[str, Any]], T | None], limit: int | None = None) -> list[T]:
        answer, _ = self._called(lambda token: self._request(token, "GET", path, limit=limit), Context())
        if answer.get("data") is not None and not isinstance(answer["data"], list):
            raise wrong_field(self.carrier, "data")

        def skipped(count: int) -> None:
            name = path.partition("?")[0]
            _LOG.warning("%s %s: %d rows cannot be understood and are left out", self.carrier, name, count)

        return values(rows_of(answer), make, skipped)

    def _judging(self, context: Context) -> Judged:
        def judged(found: dict[str, Any], headers: Mapping[str, str], retry: Retry) -> None:
            del headers
            code = text_of(found, "code")
            if code is None:
                raise wrong_field(self.carrier, "code", retry)
            if code not in _GOOD:
                self._refuse(found, code, Retry.SAFE, context)  # it says itself that nothing was done

        return judged

    def _judge(self, answer: Answer, retry: Retry) -> None:
        """Raise what the body of a refusal says, if it is one of the axis' own."""
        found = json_object(answer.body)
        code = None if found is None else text_of(found, "code")
        if found is not None and code in self._faults:
            self._refuse(found, code, retry, Context())

    def _refuse(self, found: dict[str, Any], code: str | None, retry: Retry, context: Context) -> NoReturn:
        said = text_of(found, "message") or "-"
        details = found.get("errorDetail")
        more = "; ".join(str(one) for one in details[:3]) if isinstance(details, list) else ""
        words = shorten(self.http.scrubbed(f"{code}: {said} {more}".strip()), 200)
        fault = self._faults.get(code or "", Fault("carrier-failed", peer=True))
        raise fault_error(self.carrier, fault, words, context, retry=retry)


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _quoted(text: str, carrier: str) -> str:
    """Return *text* for a query. Raises ``carrier-parameter`` for what has no octets in UTF-8, or is far too long."""
    try:
        quoted = quote(text, safe="")
    except UnicodeError:
        quoted = ""
    if not 0 < len(quoted) <= 1024:
        detail = Text("giá trị không hợp lệ", "the value cannot be sent")
        raise OwnFaultError("carrier-parameter", carrier=carrier, name="docId", detail=detail)
    return quoted


def day_in_vietnam(at: datetime.datetime) -> datetime.date:
    """Return the day of *at* (aware) in Vietnam."""
    return at.astimezone(VIETNAM).date()
