"""The page for people: agencies, queues, and the life of each packet; it works without scripts, and offline.

Everything that came from outside is escaped; the page may load nothing from anywhere (Content-Security-Policy).
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import heapq
from collections.abc import Callable
from importlib import resources
from typing import Any, Final

import attrs
import jinja2
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from vndoc.testing.axis._asking import octets_of
from vndoc.testing.axis._office import Office
from vndoc.testing.axis._words import PAGE_WORDS
from vndoc.testing.axis.faults import FAULTS, Fault
from vndoc.testing.axis.records import Submission
from vndoc.testing.axis.registry import Agency
from vndoc.text import Lang, mask
from vndoc.transport.base import ItemState, Kind

__all__ = ["Pages"]

_ROWS: Final = 100
"""Packets on one page."""
_AGENCIES: Final = 200
"""Agencies on the page: those with most to do."""
_CHIPS: Final = 8
"""Copies of one packet among the others."""
_COPIES, _EVENTS = 200, 1_000
"""What is shown of one packet with very many recipients."""
_VIETNAM: Final = datetime.timezone(datetime.timedelta(hours=7))


def _read(name: str) -> str:
    return resources.files("vndoc.testing.axis").joinpath("templates", name).read_text(encoding="utf-8")


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


class Pages:
    """The pages of one simulator."""

    def __init__(self, office: Office) -> None:
        self._office = office
        css, script = _read("page.css"), _read("page.js")
        self._look = {"css": css, "js": script}
        self._headers = {
            "content-security-policy": (
                f"default-src 'none'; style-src {_source(css)}; script-src {_source(script)}; connect-src 'self'; "
                "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            ),
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cache-control": "no-cache",
            "vary": "accept-language",
        }
        self._templates = jinja2.Environment(
            loader=jinja2.FunctionLoader(_read), autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined
        )
        self._templates.filters["clock"] = _clock

    def routes(self) -> list[Route]:
        """Return where they are found."""
        return [
            Route("/", self._page(self._overview)),
            Route("/sim/packets/{id}", self._page(self._packet)),
            Route("/sim/packets/{id}/{which}.edxml", self._file),
        ]

    def _page(self, fill: Callable[[Request], tuple[str, dict[str, Any]]]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            lang, version = _language(request), self._version()
            etag = f'"{version}"'
            headers = {**self._headers, "etag": etag, "content-language": lang}
            if request.headers.get("if-none-match") == etag:
                return Response(status_code=304, headers=headers)
            text, status = await run_in_threadpool(self._render, fill, request, lang, version)
            return Response(text, status, headers, media_type="text/html")

        return endpoint

    def _version(self) -> str:
        """Return what changes with everything that a page shows: a fault may change nothing but its own counter."""
        return f"v{self._office.core.version}.{sum(self._office.faults.applied)}"

    def _render(
        self, fill: Callable[[Request], tuple[str, dict[str, Any]]], request: Request, lang: Lang, version: str
    ) -> tuple[str, int]:
        name, values = fill(request)

        def say(key: str, **filled: object) -> str:
            return PAGE_WORDS[key].render(lang, **filled)

        text = self._templates.get_template(name).render(
            **self._look, **values, t=say, lang=lang, version=version, now=self._office.clock(), totals=self._totals()
        )
        return text, 404 if name == "missing.html" else 200

    # -- what they show ----------------------------------------------------------------------------

    def _totals(self) -> dict[str, int]:
        core = self._office.core
        agencies = core.agencies()
        tallies = [core.tally(agency.code) for agency in core.agencies(deleted=True)]
        return {
            "agencies": len(agencies),
            "packets": core.taken_over,
            "waiting": sum(tally[ItemState.INITIAL] + tally[ItemState.PROCESSING] for tally in tallies),
            "done": sum(tally[ItemState.DONE] for tally in tallies),
            "fail": sum(tally[ItemState.FAIL] for tally in tallies),
        }

    def _overview(self, request: Request) -> tuple[str, dict[str, Any]]:
        core, text = self._office.core, request.query_params.get("before", "")
        before = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
        found = core.submissions(before=before, limit=_ROWS + 1)
        shown, every = found[:_ROWS], core.agencies(deleted=True)
        rows = heapq.nlargest(_AGENCIES, map(self._agency_row, every), key=lambda row: row["traffic"])
        lang = _language(request)
        return "overview.html", {
            "packets": [self._packet_row(packet) for packet in shown],
            "older": shown[-1].number if len(found) > _ROWS else None,
            "newer": before is not None,
            "agencies": rows,
            "more_agencies": len(every) - len(rows),
            "faults": [
                {"fault": fault, "effect": FAULTS[fault.kind].render(lang), "scope": _scope(fault), "applied": count}
                for fault, count in zip(self._office.faults.script, self._office.faults.applied, strict=True)
            ],
        }

    def _packet_row(self, packet: Submission) -> dict[str, Any]:
        copies = self._office.core.copies_of(packet)
        return {"packet": _masked(packet), "copies": copies[:_CHIPS], "more": max(0, len(copies) - _CHIPS)}

    def _agency_row(self, agency: Agency) -> dict[str, Any]:
        core = self._office.core
        documents, statuses = (core.queue(agency.code, kind) for kind in (Kind.DOCUMENT, Kind.STATUS))
        tally = core.tally(agency.code)
        return {
            "agency": agency,
            "documents": documents,
            "statuses": statuses,
            "done": tally[ItemState.DONE],
            "traffic": sum(tally.values()),
        }

    def _packet(self, request: Request) -> tuple[str, dict[str, Any]]:
        core = self._office.core
        packet = core.submission(request.path_params["id"])
        if packet is None:
            return "missing.html", {}
        copies, events = core.copies_of(packet), core.events(packet)
        return "packet.html", {
            "packet": _masked(packet),
            "recipients": packet.recipients[:_COPIES],
            "copies": copies[:_COPIES],
            "events": events[:_EVENTS],
            "more": {
                "recipients": max(0, len(packet.recipients) - _COPIES),
                "copies": max(0, len(copies) - _COPIES),
                "events": max(0, len(events) - _EVENTS),
            },
        }

    async def _file(self, request: Request) -> Response:
        packet = self._office.core.submission(request.path_params["id"])
        files = {} if packet is None else {"received": packet.received, "delivered": packet.content}
        octets = files.get(request.path_params["which"])
        if packet is None or octets is None:
            return Response(status_code=404)
        name = f"{packet.id}.{request.path_params['which']}.edxml"
        headers = {
            "content-disposition": f'attachment; filename="{name}"',
            "content-length": str(octets.size),
            "x-content-type-options": "nosniff",
        }
        return StreamingResponse(octets_of(octets, corrupt=False), 200, headers, "application/octet-stream")


def _masked(packet: Submission) -> Submission:
    """Return *packet* with citizen numbers in its subject masked."""
    return attrs.evolve(packet, subject=mask(packet.subject))


def _language(request: Request) -> Lang:
    """Return what is asked for: ``?lang=``, else the first known language of the browser, else Vietnamese."""
    asked = request.query_params.get("lang") or request.headers.get("accept-language", "")
    for part in asked.lower().split(","):
        if part.strip().startswith(("vi", "en")):
            return "vi" if part.strip().startswith("vi") else "en"
    return "vi"


def _clock(moment: datetime.datetime) -> str:
    return moment.astimezone(_VIETNAM).strftime("%d/%m/%Y %H:%M:%S")


def _scope(fault: Fault) -> str:
    fields = [field for field in attrs.fields(Fault)[1:] if getattr(fault, field.name) != field.default]
    return ", ".join(f"{field.name}={getattr(fault, field.name)}" for field in fields)
