"""The readable page of one packet, made from its view."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from rich.table import Table
from rich.text import Text as Line

from vndoc.cli._run import Run
from vndoc.cli._safe import clean
from vndoc.envelope.codes import BUSSINESS_DOC_TYPE, CHANGED, PAPER, RECEIVER_TYPE, CodeEntry, CodeList

__all__ = ["STYLES", "number_text", "show_page", "show_remark"]

STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}
"""Severity -> style."""

_Row = tuple[str, str]


def show_page(run: Run, name: str, found: dict[str, Any]) -> None:
    """Print the page of the packet called *name*, given its view."""
    run.say(name, "bold")
    packet = found["packet"]
    rows = _status_rows(run, packet, found) if found["kind"] == "status" else _document_rows(run, packet, found)
    _grid(run, [(run.word("kind-" + found["kind"]), ""), *rows, *_closing_rows(run, found)])
    if found["kind"] != "status":
        _attachments(run, found["attachments"])
    _deviations(run, found["deviations"])
    run.say()


def _grid(run: Run, rows: list[_Row]) -> None:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    run.say(rows[0][0], "bold green")
    for label, value in rows[1:]:
        if value:
            grid.add_row(Line(label), Line(clean(value)))
    run.show(grid)


# -- rows ------------------------------------------------------------------------------------------


def _document_rows(run: Run, packet: dict[str, Any], found: dict[str, Any]) -> Iterator[_Row]:
    meanings = found["meanings"]
    yield run.word("from"), _organ(packet.get("from"))
    for place, receiver in enumerate(packet.get("to", [])):
        yield "" if place else run.word("to"), _organ(receiver)
    yield run.word("document-id"), packet.get("document_id", "")
    yield run.word("code"), _code(packet.get("code", {}))
    issued = packet.get("promulgation_info", {})
    yield run.word("date"), _joined(", ", issued.get("place"), _date(run, issued.get("promulgation_date")))
    kind = packet.get("document_type", {})
    yield run.word("document-type"), _type(kind.get("type_name", ""), _meaning(run, meanings.get("document_type")))
    yield run.word("subject"), packet.get("subject", "")
    yield run.word("content"), packet.get("content", "")
    signer = packet.get("signer_info", {})
    yield run.word("signer"), _joined(", ", *(signer.get(key) for key in ("competence", "position", "full_name")))
    other = packet.get("other_info", {})
    yield run.word("priority"), _joined(" · ", other.get("priority"), _meaning(run, meanings.get("priority")))
    yield run.word("due-date"), _date(run, packet.get("due_date"))
    yield run.word("appendixes"), _joined("; ", *other.get("appendixes", []))
    yield run.word("to-places"), _joined("; ", *packet.get("to_places", []))
    for about in packet.get("response_for", []):
        yield run.word("response-for"), _about(run, about)
    trace = packet.get("trace_header_list", {})
    yield from _business_rows(run, trace.get("bussiness", {}))
    for place, hop in enumerate(trace.get("trace_headers", [])):
        yield "" if place else run.word("trace"), _joined("  ", _date(run, hop.get("timestamp")), hop.get("organ_id"))


def _status_rows(run: Run, packet: dict[str, Any], found: dict[str, Any]) -> Iterator[_Row]:
    yield run.word("reporter"), _organ(packet.get("from"))
    yield run.word("response-for"), _about(run, packet.get("response_for", {}))
    yield run.word("status"), _joined(" · ", packet.get("status_code"), _meaning(run, found["meanings"].get("status")))
    yield run.word("description"), packet.get("description", "")
    yield run.word("time"), _date(run, packet.get("timestamp"))
    yield run.word("staff"), _staff(packet.get("staff_info", {}))


def _business_rows(run: Run, block: dict[str, Any]) -> Iterator[_Row]:
    yield run.word("operation"), _named(run, BUSSINESS_DOC_TYPE, block.get("bussiness_doc_type"))
    yield run.word("target"), block.get("document_id", "")
    yield run.word("reason"), block.get("bussiness_doc_reason", "")
    yield run.word("paper"), _named(run, PAPER, block.get("paper"))
    if (changes := block.get("bussiness_document_info")) is not None:
        yield run.word("changes"), _joined("; ", *_changes(run, changes))
    for replaced in block.get("replacement_info_list", []):
        receivers = ", ".join(replaced.get("organ_id_list", []))
        yield run.word("replaces"), _joined(" -> ", replaced.get("document_id"), receivers)
    for staff in block.get("staff_info", []):
        yield run.word("staff"), _staff(staff)


def _changes(run: Run, block: dict[str, Any]) -> Iterator[str]:
    for key, word in (("document_info", "changed-content"), ("document_receiver", "changed-receivers")):
        if key in block:
            yield run.word(word, value=_named(run, CHANGED, block[key]))
    for receiver in block.get("receiver_list", []):
        yield _joined(" ", receiver.get("organ_id"), f"({_named(run, RECEIVER_TYPE, receiver.get('receiver_type'))})")


def _closing_rows(run: Run, found: dict[str, Any]) -> Iterator[_Row]:
    if found["kind"] != "status":
        yield run.word("signature"), run.word("signature-present" if found["has_signature"] else "signature-absent")
    yield run.word("business-key"), found["business_key"] or ""
    yield run.word("content-digest"), found["content_digest"] or ""
    yield run.word("form"), _joined(", ", found["dialect"], run.word("route-" + found["route"]))


# -- attachments and deviations --------------------------------------------------------------------


def _attachments(run: Run, attachments: list[dict[str, Any]]) -> None:
    run.say()
    if not attachments:
        run.say(run.word("no-attachments"), "dim")
        return
    run.say(run.word("attachments", count=len(attachments)), "bold green")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", justify="right")
    grid.add_column(overflow="fold")
    for one in attachments:
        grid.add_row(Line(str(one["number"])), _attachment(run, one))
    run.show(grid)


def _attachment(run: Run, one: dict[str, Any]) -> Line:
    line = Line(clean(one["name"] or run.word("no-name")), style="bold")
    details = [one["label"] or run.word("no-label"), run.word("packing-" + one["packing"])]
    if one["size"] is not None:
        details.insert(0, run.word("bytes", count=number_text(run, one["size"])))
    if one["description"]:
        details.append(one["description"])
    line.append("\n" + clean(" · ".join(details)), style="not bold")
    if one["sha256"]:
        line.append(f"\nSHA-256 {one['sha256']}", style="not bold dim")
    if one["error"]:
        line.append("\n" + run.word("damaged", text=one["error"]["text"][run.lang]), style="bold red")
    return line


def _deviations(run: Run, deviations: list[dict[str, Any]]) -> None:
    run.say()
    if not deviations:
        run.say(run.word("no-deviations"), "dim")
        return
    run.say(run.word("deviations", count=len(deviations)), "bold green")
    for one in deviations:
        show_remark(run, one)


def show_remark(run: Run, one: dict[str, Any]) -> None:
    """Print one deviation or finding: severity and text, then place and id."""
    severity, place = one["severity"], one["place"]
    where = place["path"]
    if place["line"] is not None:
        where = run.word("place-line", path=where, line=place["line"])
    line = Line("  ")
    line.append(run.word("severity-" + severity), style=STYLES[severity])
    line.append(": " + clean(one["text"][run.lang]))
    line.append(f"\n    {clean(where)} [{one['id']}]", style="dim")
    run.show(line)


# -- small texts -----------------------------------------------------------------------------------


def _joined(separator: str, *parts: object) -> str:
    return separator.join(str(part) for part in parts if part is not None and part != "")


def _organ(organ: dict[str, Any] | None) -> str:
    return _joined("  ", *((organ or {}).get(key) for key in ("organ_id", "organ_name")))


def _code(code: dict[str, Any]) -> str:
    return _joined("/", code.get("number"), code.get("notation"))


def _type(name: str, meaning: str) -> str:
    return name if name == meaning else _joined(" · ", name, meaning)


def _staff(staff: dict[str, Any]) -> str:
    return _joined(", ", *(staff.get(key) for key in ("staff", "department", "email", "mobile")))


def _about(run: Run, about: dict[str, Any]) -> str:
    day = _date(run, about.get("promulgation_date"))
    return _joined(" · ", about.get("organ_id"), about.get("code"), day, about.get("document_id"))


def _named(run: Run, codes: CodeList[CodeEntry], code: object) -> str:
    if not isinstance(code, int):
        return ""
    entry = codes.get(code)
    return _joined(" · ", code, entry.name.render(run.lang) if entry else None)


def _meaning(run: Run, meaning: dict[str, str] | None) -> str:
    return meaning[run.lang] if meaning else ""


def _date(run: Run, iso: str | None) -> str:
    if not iso:
        return ""
    moment = datetime.datetime.fromisoformat(iso)
    day = f"{moment:%d/%m/%Y}" if run.lang == "vi" else f"{moment:%Y-%m-%d}"
    return day if len(iso) <= 10 else f"{day} {moment:%H:%M:%S}"


def number_text(run: Run, number: int) -> str:
    """Return *number* with its thousands apart, as the language of the run writes them."""
    return f"{number:,}".replace(",", "." if run.lang == "vi" else ",")
