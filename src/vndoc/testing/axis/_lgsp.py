"""The LGSP face: a REST interface with login tokens, as a provincial axis has it.

Source: practice (LGSP Lạng Sơn): paths, headers, error numbers, the window of seven days, 50 MB for an attachment.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import itertools
import mmap
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from vndoc.edxml.profiles import PROFILES
from vndoc.testing.axis._asking import Answer, Ask, Body, Route, as_json, base64_of, rows_of, streamed_json
from vndoc.testing.axis._office import Office
from vndoc.testing.axis._vxp import _received_row as received_row
from vndoc.testing.axis.faults import FaultKind
from vndoc.testing.axis.records import refuse
from vndoc.testing.axis.registry import System
from vndoc.text import Text
from vndoc.transport.base import Kind, Settlement

__all__ = ["LgspFace", "find_part"]

_TOKEN_LIFE: Final = datetime.timedelta(minutes=30)
_TOKENS: Final = 1_000
_WINDOW: Final = datetime.timedelta(days=7)
_VIETNAM: Final = datetime.timezone(datetime.timedelta(hours=7))
ATTACHMENT_BYTES: Final = PROFILES["lgsp-lang-son"].attachment_bytes
_BUSINESS: Final = frozenset({"01", "02", "03", "04", "05", "06", "13", "15", "16"})


class LgspFace:
    """The operations of an LGSP."""

    name = "lgsp"

    def __init__(self, office: Office) -> None:
        self.office = office
        self._tokens: dict[str, tuple[str, datetime.datetime]] = {}
        self._issued = itertools.count(1)

    def routes(self) -> Iterator[Route]:
        """Yield the operations."""
        yield Route("POST", "/v1/auth/login", "login", "login", self.login)
        yield Route("POST", "/v1/sendEdoc", "sendEdoc", "send", self.send, takes_file=True)
        yield Route("GET", "/v1/syncReceivedEdocList", "syncReceivedEdocList", "list", self.received)
        yield Route("GET", "/v1/getEdoc", "getEdoc", "fetch", self.fetch)
        yield Route("POST", "/v1/updateStatus", "updateStatus", "settle", self.settle)
        yield Route("GET", "/v1/getAgenciesList", "getAgenciesList", "directory", self.agencies)

    def claims(self, headers: Mapping[str, list[str]]) -> tuple[str | None, str | None]:
        """Return the system as a request gives it, unverified: for faults only."""
        return next(iter(headers.get("x-systemid", ())), None), None

    def failure(self, number: int, text: Text, *, unauthorised: bool = False) -> Answer:
        """Return the body that says why it failed."""
        said = text.render("vi")
        value = {"code": number, "message": said, "count": 0, "data": None, "errorDetail": [said]}
        return as_json(value, status=401 if unauthorised else 200)

    def login(self, ask: Ask) -> Answer:
        """Give a token that is valid for 30 minutes."""
        value = ask.json()
        fields: Mapping[str, Any] = value if isinstance(value, dict) else {}
        name, word = str(fields.get("username", "")), str(fields.get("password", ""))
        for system in self.office.core.systems:
            if name == (system.username or system.id):
                given = word.encode("utf-8", "surrogatepass")  # JSON can name what no octets of UTF-8 can
                if hmac.compare_digest(given, (system.password or system.secret).encode()):
                    return _fine({"token": self._token(system, ask.at)}, code=200)
                break
        raise refuse("carrier-credentials", detail=_LOGIN)

    def _token(self, system: System, at: datetime.datetime) -> str:
        text = f"{next(self._issued)}/{at.isoformat()}"
        token = hmac.new(system.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        self._tokens[token] = (system.id, at + _TOKEN_LIFE)
        while len(self._tokens) > _TOKENS:
            del self._tokens[next(iter(self._tokens))]
        return token

    def caller(self, ask: Ask) -> str:
        """Return the system that calls. Raises ``carrier-credentials``."""
        scheme, _, token = (ask.header("authorization") or "").partition(" ")
        id_, until = self._tokens.get(token, ("", ask.at))
        if scheme.lower() != "bearer" or ask.at >= until:
            raise refuse("carrier-credentials", detail=NO_TOKEN)
        secret = self.office.core.system(id_).secret
        given = (ask.header("x-secretkey") or "").encode("latin-1", "replace")
        if ask.header("x-systemid") != id_ or not hmac.compare_digest(given, secret.encode()):
            raise refuse("carrier-credentials", detail=_SECRET)
        return id_

    def send(self, ask: Ask) -> Answer:
        """Take a packet from the part ``edocFile`` of a form."""
        system = self.caller(ask)
        start, end = find_part(ask, "edocFile")
        given = find_part(ask, "messageType", optional=True)
        submission = self.office.take_in(
            ask,
            system,
            sender=None,
            kind=_kind(_text(ask.body, *given) if given[1] else "edoc"),
            recipients=None,
            span=(start, end),
            attachment_bytes=ATTACHMENT_BYTES,
        )
        return _fine({"docId": submission.id})

    def received(self, ask: Ask) -> Answer:
        """List what waits, for a window of at most seven days."""
        system = self.caller(ask)
        since, until = (_day(ask.query.get(name, ""), name) for name in ("fromDate", "toDate"))
        if until - since > _WINDOW:
            raise refuse("carrier-refused", detail=_WIDE)
        end = until.replace(hour=23, minute=59, second=59, microsecond=999_999)
        kind = _kind(ask.query.get("messageType", "edoc"))
        found = list(self.office.core.pending(system, kind, since=since, until=end, limit=self.office.list_limit))
        head = {"code": 0, "message": "OK", "count": len(found), "errorDetail": []}
        return streamed_json(head, "data", lambda: rows_of(map(received_row, found)), None)

    def fetch(self, ask: Ask) -> Answer:
        """Give the file as base64."""
        system = self.caller(ask)
        submission = self.office.core.fetch(system, ask.query.get("docId", ""), ask.at)
        pieces, size = base64_of(submission.content, corrupt=ask.has(FaultKind.WRONG_HASH))

        def wrapped() -> Iterator[bytes]:
            yield b'{"data":'
            yield from pieces()
            yield b"}"

        head = {"code": 0, "message": "OK", "count": 1, "errorDetail": []}
        return streamed_json(head, "data", wrapped, size + len(b'{"data":}'))

    def settle(self, ask: Ask) -> Answer:
        """Take ``done``, ``fail``, ``processing`` or a business status: both are in use, and the latter ends it."""
        system = self.caller(ask)
        value = ask.json()
        fields: Mapping[str, Any] = value if isinstance(value, dict) else {}
        word = str(fields.get("status", ""))
        if word in _BUSINESS:
            settlement = Settlement.DONE
        elif word in {one.value for one in Settlement}:
            settlement = Settlement(word)
        else:
            raise refuse("carrier-refused", detail=_ODD.filled(name="status", found=word))
        self.office.core.settle(system, str(fields.get("docId", "")), settlement, ask.at, note=word)
        return _fine(None)

    def agencies(self, ask: Ask) -> Answer:
        """Give the address book."""
        self.caller(ask)
        found = self.office.core.agencies()
        rows = (
            {"id": one.id, "code": one.code, "name": one.name, "mail": one.mail, "oldCode": one.old_code or ""}
            for one in found
        )
        head = {"code": 0, "message": "OK", "count": len(found), "errorDetail": []}
        return streamed_json(head, "data", lambda: rows_of(rows), None)


def _fine(data: object, *, code: int = 0) -> Answer:
    return as_json({"code": code, "message": "OK", "count": int(data is not None), "data": data, "errorDetail": []})


def _kind(text: str) -> Kind:
    try:
        return Kind(text)
    except ValueError:
        raise refuse("carrier-refused", detail=_ODD.filled(name="messageType", found=text)) from None


def _day(text: str, name: str) -> datetime.datetime:
    try:
        return datetime.datetime.strptime(text, "%Y/%m/%d").replace(tzinfo=_VIETNAM)
    except ValueError:
        raise refuse("carrier-refused", detail=_ODD.filled(name=name, found=text)) from None


# -- forms -------------------------------------------------------------------------------------------

_BOUNDARY: Final = re.compile(r'boundary=(?:"([^"]{1,70})"|([^;,\s"]{1,70}))', re.IGNORECASE)
_NAME: Final = re.compile(rb'(?:^|;)\s*name=(?:"([^"]*)"|([^;\s]+))', re.IGNORECASE)
_HEAD_BYTES: Final = 8 * 1024
_PARTS: Final = 100


def find_part(ask: Ask, name: str, *, optional: bool = False) -> tuple[int, int]:
    """Return where in the body the part *name* of a form (RFC 7578) starts and ends; nothing but its place is held.

    Raises ``carrier-refused`` where the body is no form or has no such part; (0, 0) for one that is *optional*.
    """
    found = _BOUNDARY.search(ask.header("content-type") or "")
    if found is None or ask.body.path is None or not ask.body.size:
        raise refuse("carrier-refused", detail=_FORM)
    mark = b"\r\n--" + (found[1] or found[2]).encode("latin-1", "replace")
    with ask.body.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as body:
        for part, start, end in itertools.islice(_parts(body, mark), _PARTS):
            if part == name:
                return start, end
    if optional:
        return 0, 0
    raise refuse("carrier-refused", detail=_NO_PART.filled(name=name))


def _parts(body: mmap.mmap, mark: bytes) -> Iterator[tuple[str | None, int, int]]:
    """Yield name, start and end of each part; what breaks off in the middle is no part any more."""
    place = body.find(mark[2:])
    place = len(body) if place < 0 else place + len(mark) - 2
    while body[place : place + 2] == b"\r\n":  # "--" behind the mark: the end
        head_end = body.find(b"\r\n\r\n", place, place + _HEAD_BYTES)
        end = body.find(mark, head_end + 2)
        if head_end < 0 or end < 0:
            return
        yield _part_name(body[place:head_end]), head_end + 4, max(end, head_end + 4)
        place = end + len(mark)


def _part_name(head: bytes) -> str | None:
    for line in head.split(b"\r\n"):
        title, _, rest = line.partition(b":")
        if title.strip().lower() == b"content-disposition":
            found = _NAME.search(rest)
            return (found[1] if found[1] is not None else found[2]).decode("utf-8", "replace") if found else None
    return None


def _text(body: Body, start: int, end: int) -> str:
    assert body.path is not None  # noqa: S101 - find_part has looked into the file
    with body.path.open("rb") as file:
        file.seek(start)
        return file.read(min(end - start, 100)).decode("utf-8", "replace")


_LOGIN = Text("sai tên đăng nhập hoặc mật khẩu", "wrong user name or password")
NO_TOKEN = Text("thiếu token, hoặc token đã hết hạn", "the token is missing or has expired")
_SECRET = Text("sai X-SystemId hoặc X-SecretKey", "X-SystemId or X-SecretKey is wrong")
_WIDE = Text("khoảng ngày dài hơn 7 ngày", "the window is wider than 7 days")
_ODD = Text("{name} có giá trị lạ {found}", "{name} has the odd value {found}")
_FORM = Text("thân yêu cầu không phải multipart/form-data", "the body is no multipart/form-data")
_NO_PART = Text("biểu mẫu thiếu phần {name}", "the form has no part {name}")
