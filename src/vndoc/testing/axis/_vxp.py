"""The VXP face: parameters in signed headers, JSON answers, as the kit of the national axis knows them.

Requests are verified over the sign-header as it came; what is not signed is not taken as a parameter. Source:
practice (VXP SDK 2.0.1, requests captured from it); the error numbers are those of a provincial axis.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from vndoc.testing.axis._asking import (
    STATE_WORDS,
    Answer,
    Ask,
    Route,
    as_json,
    base64_of,
    octets_of,
    rows_of,
    streamed_json,
)
from vndoc.testing.axis._office import WRONG_HASH, Office
from vndoc.testing.axis.faults import FaultKind
from vndoc.testing.axis.records import Copy, Submission, refuse
from vndoc.testing.axis.registry import Agency
from vndoc.text import Text
from vndoc.transport.base import Kind, Settlement

__all__ = ["PREFIXES", "VxpFace", "vnpt_hex"]

PREFIXES: Final = ("", "/XrdAdapter/adapter")
"""Where the operations are found: at the root, and below the path that adapters use."""

_MARK: Final = "XroadVnpt-"
_OK: Final[Mapping[str, object]] = {"status": "OK", "ErrorCode": "0", "ErrorDesc": ""}
_VIETNAM: Final = datetime.timezone(datetime.timedelta(hours=7))
_TIME: Final = "%d/%m/%Y %H:%M:%S"


def vnpt_hex(digest: bytes) -> str:
    """Return *digest* in hexadecimal as the vendor's kit writes it: no octet is padded to two digits."""
    return "".join(f"{octet:x}" for octet in digest)


@attrs.frozen
class Signed:
    """A verified request: the calling system and the parameters that it signed."""

    system: str
    values: Mapping[str, str] = attrs.field(repr=False)

    def get(self, name: str) -> str | None:
        """Return a parameter; the case of its name does not matter (``docId``, ``docid``)."""
        if name in self.values:
            return self.values[name]
        return next((value for key, value in self.values.items() if key.lower() == name.lower()), None)

    def need(self, name: str) -> str:
        """Return a parameter. Raises ``carrier-refused`` where it is missing."""
        found = self.get(name)
        if not found:
            raise refuse("carrier-refused", detail=_MISSING.filled(name=name))
        return found


class VxpFace:
    """The 13 operations."""

    name = "vxp"

    def __init__(self, office: Office) -> None:
        self.office = office

    def routes(self) -> Iterator[Route]:
        """Yield the operations."""
        rows = (
            ("POST", "getReceivedEdocList", "list", self.received, False),
            ("POST", "getSentEdocList", "sent", self.sent, False),
            ("POST", "sendEdoc", "send", self.send, True),
            ("POST", "getEdoc", "fetch", self.fetch, False),
            ("GET", "downloadEdoc", "fetch", self.download, False),
            ("POST", "updateStatus", "settle", self.settle, False),
            ("POST", "countReceiveEdoc", "count", self.count, False),
            ("POST", "countReceiveStatus", "count", self.count, False),
            ("POST", "getAgenciesList", "directory", self.agencies, False),
            ("POST", "getAgenciesListQD20", "directory", self.agencies_qd20, False),
            ("POST", "getSynchronizeUnit", "directory", self.units, False),
            ("POST", "registerAgency", "register", self.register, False),
            ("POST", "deleteAgency", "register", self.delete, False),
        )
        for method, name, meaning, handle, takes_file in rows:
            for prefix in PREFIXES:
                yield Route(method, f"{prefix}/{name}", name, meaning, handle, takes_file)

    def claims(self, headers: Mapping[str, list[str]]) -> tuple[str | None, str | None]:
        """Return system and agency as a request gives them, unverified: for faults only."""
        system, sender = (headers.get(f"{_MARK}{name}".lower()) for name in ("systemid", "from"))
        return (system[0] if system else None), (sender[0] if sender else None)

    def failure(self, number: int, text: Text, *, unauthorised: bool = False) -> Answer:
        """Return the body that says why it failed; always with HTTP 200."""
        del unauthorised
        return as_json({"status": "FAIL", "ErrorCode": str(number), "ErrorDesc": text.render("vi")})

    # -- signatures --------------------------------------------------------------------------------

    def verified(self, ask: Ask) -> Signed:
        """Return the parameters of *ask*. Raises ``carrier-credentials``."""
        text = ask.header(f"{_MARK}sign-header") or ""
        values = _signed_values(text)
        keys = (ask.header(f"{_MARK}sign-header-key") or "").split(";")
        if keys != list(values):
            raise refuse("carrier-credentials", detail=_KEYS)
        for name, value in values.items():
            if value.strip(" \t") not in ask.headers.get(f"{_MARK}{name}".lower(), ()):
                raise refuse("carrier-credentials", detail=_HEADER.filled(name=name))
        system = self.office.core.system(values.get("systemid", ""))
        made = hmac.new(system.secret.encode(), text.encode("latin-1", "replace"), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(
            made.encode(), (ask.header(f"{_MARK}hash-header") or "").encode("latin-1", "replace")
        ):
            raise refuse("carrier-credentials", detail=_MAC)
        self._fresh(values.get("timestamp", ""), ask.at)
        return Signed(system.id, values)

    def _fresh(self, text: str, now: datetime.datetime) -> None:
        """Check the time of a request, if the axis is set up to: ``ddMMyyyy'T'HHmmss'+'`` and four digits of ms."""
        if self.office.max_skew is None:
            return
        try:
            moment = datetime.datetime.strptime(text[:15], "%d%m%YT%H%M%S").replace(tzinfo=_VIETNAM)
        except ValueError:
            raise refuse("carrier-credentials", detail=_NO_TIME) from None
        if abs(now - moment) > self.office.max_skew:
            raise refuse("carrier-credentials", detail=_STALE)

    # -- packets -----------------------------------------------------------------------------------

    def send(self, ask: Ask) -> Answer:
        """``sendEdoc``."""
        signed = self.verified(ask)
        bare = self._checked_hash(ask, signed)
        submission = self.office.take_in(
            ask,
            signed.system,
            sender=signed.get("from"),
            kind=_hint(signed),
            recipients=_recipients(signed.get("to")),
            cut=2 if bare else 0,
        )
        return as_json({**_OK, "ErrorDesc": "ok", "DocId": submission.id})

    def _checked_hash(self, ask: Ask, signed: Signed) -> bool:
        """Return whether the file ends before the last CR LF of the body, as ``hash-file`` says."""
        given = signed.get("hash-file")
        if given is None and not self.office.strict_hash:
            return ask.body.sha256_bare is not None
        styles = (vnpt_hex,) if self.office.strict_hash else (vnpt_hex, bytes.hex)
        for bare, digest in ((True, ask.body.sha256_bare), (False, ask.body.sha256)):
            if digest is not None and given in {style(digest) for style in styles}:
                return bare
        raise refuse("carrier-refused", detail=WRONG_HASH)

    def received(self, ask: Ask) -> Answer:
        """``getReceivedEdocList``."""
        signed = self.verified(ask)
        since, until = (_moment(signed, name) for name in ("fromDate", "toDate"))
        found = self.office.core.pending(
            signed.system, _kind(signed), since=since, until=_end_of(until), limit=self.office.list_limit
        )
        return streamed_json(_OK, "data", lambda: rows_of(map(_received_row, found)), None)

    def sent(self, ask: Ask) -> Answer:
        """``getSentEdocList``."""
        signed = self.verified(ask)
        wanted, kind = signed.get("docId"), _hint(signed)
        since, until = _moment(signed, "fromDate"), _end_of(_moment(signed, "toDate"))
        found = (
            _sent_row(submission, copy)
            for submission, copy in self.office.core.sent(signed.system, kind=kind)
            if (since is None or since <= submission.created)
            and (until is None or submission.created <= until)
            and (not wanted or wanted in {submission.id, copy.id if copy else None})
        )
        return streamed_json(_OK, "data", lambda: rows_of(found), None)

    def fetch(self, ask: Ask) -> Answer:
        """``getEdoc``."""
        signed = self.verified(ask)
        submission = self.office.core.fetch(signed.system, signed.need("docId"), ask.at)
        pieces, size = base64_of(submission.content, corrupt=ask.has(FaultKind.WRONG_HASH))
        return streamed_json(_OK, "data", pieces, size)

    def download(self, ask: Ask) -> Answer:
        """``downloadEdoc``."""
        signed = self.verified(ask)
        item = signed.need("docId")
        content = self.office.core.fetch(signed.system, item, ask.at).content
        corrupt = ask.has(FaultKind.WRONG_HASH)
        return Answer(
            lambda: octets_of(content, corrupt=corrupt),
            content.size,
            media_type="application/octet-stream",
            headers=(("content-disposition", f'attachment; filename="{item}.edxml"'),),
        )

    def settle(self, ask: Ask) -> Answer:
        """``updateStatus``."""
        signed = self.verified(ask)
        word = signed.need("status")
        if word not in {one.value for one in Settlement}:
            raise refuse("carrier-refused", detail=_WORD.filled(name="status", found=word))
        self.office.core.settle(signed.system, signed.need("docId"), Settlement(word), ask.at)
        return as_json(_OK)

    def count(self, ask: Ask) -> Answer:
        """``countReceiveEdoc``, ``countReceiveStatus``: the operation says which, whatever ``messagetype`` says."""
        signed = self.verified(ask)
        kind = Kind.DOCUMENT if ask.operation == "countReceiveEdoc" else Kind.STATUS
        return as_json({**_OK, "count": str(self.office.core.count(signed.system, kind))})

    # -- address book ------------------------------------------------------------------------------

    def agencies(self, ask: Ask) -> Answer:
        """``getAgenciesList``."""
        self.verified(ask)
        return self._rows(
            {**self._row(agency), "pid": self._parent(agency), "oldCode": agency.old_code or ""}
            for agency in self.office.core.agencies()
        )

    def agencies_qd20(self, ask: Ask) -> Answer:
        """``getAgenciesListQD20``."""
        level = self.verified(ask).get("level")
        return self._rows(
            {**self._row(agency), "code102": agency.old_code or ""}
            for agency in self.office.core.agencies()
            if not level or str(agency.level) == level
        )

    def units(self, ask: Ask) -> Answer:
        """``getSynchronizeUnit``."""
        self.verified(ask)
        return self._rows(
            {
                **self._row(agency),
                "pid": self._parent(agency),
                "version": agency.version,
                "centerCode": agency.center_code or agency.system,
                "deleted": agency.deleted,
                "modifyDate": agency.modified.astimezone(_VIETNAM).strftime("%Y-%m-%d %H:%M:%S"),
                "isAgency": agency.is_agency,
            }
            for agency in self.office.core.agencies(deleted=True)
        )

    def _rows(self, rows: Iterator[dict[str, object]]) -> Answer:
        return streamed_json(_OK, "data", lambda: rows_of(rows), None)

    @staticmethod
    def _row(agency: Agency) -> dict[str, object]:
        return {"id": agency.id, "code": agency.code, "name": agency.name, "mail": agency.mail}

    def _parent(self, agency: Agency) -> str:
        parent = self.office.core.agency(agency.parent) if agency.parent else None
        return parent.id if parent else ""

    def register(self, ask: Ask) -> Answer:
        """``registerAgency``."""
        signed = self.verified(ask)
        asked = _agency(ask.json())
        before = self.office.core.agency(asked.code)
        if before is not None and before.code == asked.code:  # what the call has no words for stays as it is
            kept = {name: getattr(before, name) for name in ("old_code", "center_code", "is_agency", "closed")}
            asked = attrs.evolve(asked, **kept)
        self.office.core.register(signed.system, asked, ask.at)
        return as_json(_OK)

    def delete(self, ask: Ask) -> Answer:
        """``deleteAgency``."""
        signed = self.verified(ask)
        self.office.core.remove(signed.system, signed.need("AgencyCode"), ask.at)
        return as_json(_OK)


def _signed_values(text: str) -> dict[str, str]:
    """Return the parameters of a sign-header, without the mark before their names, in their order."""
    try:
        pairs = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError):
        pairs = None
    values = {}
    for pair in pairs if isinstance(pairs, list) else [None]:
        if not (isinstance(pair, tuple) and pair[0].startswith(_MARK) and isinstance(pair[1], str)):
            raise refuse("carrier-credentials", detail=_SIGN_HEADER)
        values[pair[0].removeprefix(_MARK)] = pair[1]
    if len(values) != len(pairs):
        raise refuse("carrier-credentials", detail=_SIGN_HEADER)
    return values


def _hint(signed: Signed) -> Kind | None:
    return _kind(signed) if signed.get("messagetype") else None


def _kind(signed: Signed) -> Kind:
    text = signed.need("messagetype")
    try:
        return Kind(text)
    except ValueError:
        raise refuse("carrier-refused", detail=_WORD.filled(name="messagetype", found=text)) from None


def _recipients(text: str | None) -> tuple[str, ...] | None:
    """Return the codes of ``to``: a JSON list, or the JSON text of one (the kit encodes a list given as text twice)."""
    value: Any = text
    for _ in range(2):
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                break
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(code, str) for code in value):
        raise refuse("carrier-refused", detail=_WORD.filled(name="to", found=str(text)))
    return tuple(value)


def _moment(signed: Signed, name: str) -> datetime.datetime | None:
    text = signed.get(name)
    if not text:
        return None
    try:
        return datetime.datetime.strptime(text, _TIME).replace(tzinfo=_VIETNAM)
    except ValueError:
        raise refuse("carrier-refused", detail=_WORD.filled(name=name, found=text)) from None


def _end_of(moment: datetime.datetime | None) -> datetime.datetime | None:
    """Return the end of the second that a bound names: ``toDate`` has no fractions, times of delivery do."""
    return moment and moment + datetime.timedelta(microseconds=999_999)


def shown(moment: datetime.datetime) -> str:
    """Return *moment* as the lists of the axis write it: Vietnam local time."""
    return moment.astimezone(_VIETNAM).strftime(_TIME)


def _received_row(copy: Copy) -> dict[str, object]:
    return {
        "docId": copy.id,
        "serviceType": "eDoc",
        "messageType": copy.kind.value,
        "created_time": shown(copy.created),
        "updated_time": shown(copy.updated),
        "from": copy.sender,
        "to": copy.recipient,
        "status": copy.state.value,
        "status_desc": STATE_WORDS[copy.state.value].vi,
    }


def _sent_row(submission: Submission, copy: Copy | None) -> dict[str, object]:
    return {
        "serviceType": "eDoc",
        "messageType": submission.kind.value,
        "senderDocId": submission.id,
        "receiverDocId": copy.id if copy else "",
        "fromCode": submission.sender,
        "toCode": copy.recipient if copy else ",".join(submission.recipients),
        "title": submission.subject,
        "notation": submission.notation,
        "sentTime": shown(submission.created),
        "receivedTime": shown(copy.updated) if copy and copy.fetched else "",
        "sendStatus": "done",
        "sendStatusDesc": "Đã gửi",
        "receiveStatus": copy.state.value if copy else "",
        "receiveStatusDesc": STATE_WORDS[copy.state.value].vi if copy else "",
    }


def _agency(value: Any) -> Agency:
    fields = value if isinstance(value, dict) else {}
    texts = {name: str(fields.get(name) or "").strip() for name in ("pcode", "code", "name", "mail", "mobile", "fax")}
    for name in ("code", "name"):
        if not texts[name] or not texts[name].isprintable():
            raise refuse("carrier-refused", detail=_MISSING.filled(name=name))
    return Agency(
        code=texts["code"],
        name=texts["name"],
        parent=texts["pcode"] or None,
        mail=texts["mail"],
        mobile=texts["mobile"],
        fax=texts["fax"],
    )


_MISSING = Text("thiếu {name}", "{name} is missing")
_WORD = Text("{name} có giá trị lạ {found}", "{name} has the odd value {found}")
_SIGN_HEADER = Text("sign-header không đúng dạng", "the sign-header has another form")
_KEYS = Text("sign-header-key không khớp sign-header", "sign-header-key does not match sign-header")
_HEADER = Text("tiêu đề {name} khác với giá trị được ký", "the header {name} is not what was signed")
_MAC = Text("mã xác thực hash-header sai", "hash-header is wrong")
_NO_TIME = Text("không hiểu timestamp", "timestamp is not understood")
_STALE = Text("timestamp lệch quá mức", "timestamp is too far off")
