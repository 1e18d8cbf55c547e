"""The eDoc REST face: one agency per call, integer ids, as a product axis has it.

Source: practice (Bkav eDoc REST 2.0): paths, headers, ``code`` 0 and 9999, HTTP 401 for wrong credentials, ``M.Exist``
for a new document that is there already.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from typing import Any, Final

from vndoc.testing.axis._asking import KNOWN, Answer, Ask, Route, as_json, base64_of, rows_of, streamed_json
from vndoc.testing.axis._office import Office
from vndoc.testing.axis.faults import FaultKind
from vndoc.testing.axis.records import refuse
from vndoc.testing.axis.registry import Agency
from vndoc.text import Text
from vndoc.transport.base import Kind, Settlement

__all__ = ["EdocFace"]

_KINDS: Final = {"EDOC": Kind.DOCUMENT, "STATUS": Kind.STATUS}
_FINE: Final[Mapping[str, object]] = {"status": "Success", "code": "0", "errors": []}
_CODES: Final = {
    KNOWN: "M.Exist",
    15: "M.CheckPermission",
    18: "M.MessageHeader.To",
    19: "M.MessageHeader.From",
    24: "M.DOCUMENT",
}


class EdocFace:
    """The operations below ``/EdocService``."""

    name = "edoc"

    def __init__(self, office: Office) -> None:
        self.office = office

    def routes(self) -> Iterator[Route]:
        """Yield the operations."""
        base = "/EdocService"
        yield Route("POST", f"{base}/sendDocument", "sendDocument", "send", self.send, takes_file=True)
        yield Route("GET", f"{base}/getPendingDocIds", "getPendingDocIds", "list", self.pending)
        yield Route("POST", f"{base}/getDocument", "getDocument", "fetch", self.fetch)
        yield Route("POST", f"{base}/confirmReceived", "confirmReceived", "settle", self.confirm)
        yield Route("GET", f"{base}/getOrganizations", "getOrganizations", "directory", self.organizations)
        yield Route("POST", f"{base}/checkExistDocument", "checkExistDocument", "exists", self.exists)

    def claims(self, headers: Mapping[str, list[str]]) -> tuple[str | None, str | None]:
        """Return system and agency as a request gives them, unverified: for faults only."""
        code = next(iter(headers.get("organid", ())), None)
        agency = self.office.core.agency(code) if code else None
        return (agency.system if agency else None), code

    def failure(self, number: int, text: Text, *, unauthorised: bool = False) -> Answer:
        """Return the body that says why it failed."""
        error = {"code": _CODES.get(number, f"M.{number}"), "description": text.render("vi")}
        return as_json({"status": "Fail", "code": "9999", "errors": [error]}, status=401 if unauthorised else 200)

    def caller(self, ask: Ask) -> Agency:
        """Return the agency that calls. Raises ``carrier-credentials``."""
        agency = self.office.core.agency(ask.header("organid") or "")
        secret = self.office.core.system(agency.system).secret if agency else ""
        given = (ask.header("authorization") or "").encode("latin-1", "replace")
        if agency is None or not hmac.compare_digest(given, secret.encode()):
            raise refuse("carrier-credentials", detail=_TOKEN)
        return agency

    def send(self, ask: Ask) -> Answer:
        """``sendDocument``."""
        agency = self.caller(ask)
        submission = self.office.take_in(
            ask,
            agency.system,
            sender=agency.code,
            kind=_kind(ask),
            recipients=None,
            refuse_known=self.office.refuse_known,
        )
        return as_json({**_FINE, "docId": submission.number})

    def pending(self, ask: Ask) -> Answer:
        """``getPendingDocIds``."""
        agency = self.caller(ask)
        found = self.office.core.pending(agency.system, _kind(ask), recipient=agency.code, limit=self.office.list_limit)
        rows = ({"docId": copy.number, "organId": copy.recipient} for copy in found)
        return streamed_json(_FINE, "data", lambda: rows_of(rows), None)

    def fetch(self, ask: Ask) -> Answer:
        """``getDocument``."""
        agency = self.caller(ask)
        submission = self.office.core.fetch(agency.system, _number(ask), ask.at, recipient=agency.code)
        pieces, size = base64_of(submission.content, corrupt=ask.has(FaultKind.WRONG_HASH))
        return streamed_json(_FINE, "data", pieces, size)

    def confirm(self, ask: Ask) -> Answer:
        """``confirmReceived``."""
        agency = self.caller(ask)
        self.office.core.settle(agency.system, _number(ask), Settlement.DONE, ask.at, recipient=agency.code)
        return as_json(_FINE)

    def organizations(self, ask: Ask) -> Answer:
        """``getOrganizations``, all or the one that ``organId`` names."""
        self.caller(ask)
        wanted = ask.query.get("organId")
        rows = (
            {
                "organId": agency.code,
                "organizationInCharge": agency.parent or "",
                "organName": agency.name,
                "organAdd": "",
                "email": agency.mail,
                "telephone": agency.mobile,
                "fax": agency.fax,
                "website": "",
            }
            for agency in self.office.core.agencies()
            if not wanted or wanted in {agency.code, agency.old_code}
        )
        return streamed_json(_FINE, "organizations", lambda: rows_of(rows), None)

    def exists(self, ask: Ask) -> Answer:
        """``checkExistDocument``: whether a document was sent from one agency to another before."""
        self.caller(ask)
        value = ask.json()
        fields: Mapping[str, Any] = value if isinstance(value, dict) else {}
        source, target = (self.office.core.agency(str(fields.get(name, ""))) for name in ("fromOrgan", "toOrgan"))
        notation = str(fields.get("docCode", ""))
        found = source is not None and target is not None and self.office.core.knows(source.code, target.code, notation)
        return as_json({**_FINE, "code": "200", "data": found, "isExist": found})


def _kind(ask: Ask) -> Kind:
    text = ask.header("type") or "EDOC"
    if text.upper() not in _KINDS:
        raise refuse("carrier-refused", detail=_TYPE.filled(found=text))
    return _KINDS[text.upper()]


def _number(ask: Ask) -> int:
    text = ask.header("docid") or ""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise refuse("carrier-item-unknown", item=text)
    return int(text)


_TOKEN = Text("sai organid hoặc authorization", "organid or authorization is wrong")
_TYPE = Text("type có giá trị lạ {found}", "type has the odd value {found}")
