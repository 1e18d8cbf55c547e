"""One reading as plain values: what ``inspect`` shows and what ``--json`` prints, masked in one place."""

from __future__ import annotations

import datetime
import re
from typing import Any

import attrs

from vndoc.cli._run import both, error_dict, place_dict
from vndoc.edxml import Deviation, Reading
from vndoc.edxml.elements import STATUS
from vndoc.edxml.jsonform import json_key
from vndoc.envelope import (
    Attachment,
    DocumentPacket,
    Packet,
    SignatureMarkup,
    StaffInfo,
    StatusPacket,
    business_key,
    content_digest,
)
from vndoc.envelope.codes import BUSSINESS_DOC_TYPE, PRIORITY, STATUS_CODE, CodeEntry, document_type, normalise_status
from vndoc.errors import AttachmentError, EnvelopeError, LimitError, VndocError
from vndoc.identifiers import OrganCode
from vndoc.text import mask, shorten

__all__ = [
    "HIDDEN",
    "KINDS",
    "attachment_view",
    "content_digest_of",
    "deviation_view",
    "is_private",
    "key_of",
    "packing",
    "view",
]

HIDDEN = "***"
"""Stands for personal data that was not asked for."""

KINDS = {0: "new", 1: "recall", 2: "update", 3: "replace"}
"""BussinessDocType -> kind of packet; anything else is ``other``, a status packet ``status``."""

_IDENTIFIERS = frozenset(
    {"document_id", "number", "notation", "code", "content_id", "status_code", "id", "version", "telephone", "fax"}
)
"""Fields that hold no citizen number by their nature, and would be useless masked: digits are what they are made of."""


def _private_places() -> re.Pattern[str]:
    """Return what the paths of personal data look like: fields that the models call private."""
    hidden = {field.name for field in attrs.fields(StaffInfo) if field.metadata.get("private")}
    names = [row.name for row in STATUS.child("StaffInfo").children if row.field in hidden]
    return re.compile(rf"/StaffInfo(?:\[[0-9]+\])?/(?:{'|'.join(names)})\b")


_PRIVATE = _private_places()


def view(reading: Reading, *, full: bool = False, digest: bool = True) -> dict[str, Any]:
    """Return everything there is to see in *reading*.

    Staff e-mail, mobile number and id are masked unless *full*; citizen numbers are masked always. Without *digest*
    the content of attachments is not read.
    """
    packet = reading.packet
    attachments = packet.attachments if isinstance(packet, DocumentPacket) else ()
    shown = [attachment_view(number, a, digest=digest) for number, a in enumerate(attachments, 1)]
    whole = reading.is_complete and all(a["error"] is None for a in shown)
    return {
        "status": "passed" if whole else "failed",
        "kind": _kind(packet),
        "dialect": reading.dialect,
        "route": reading.skeleton.route,
        "business_key": key_of(packet),
        "content_digest": content_digest_of(packet) if digest and whole else None,
        "has_signature": isinstance(packet, DocumentPacket) and packet.signature is not None,
        "meanings": _meanings(packet),
        "packet": _plain(packet, full=full),
        "attachments": shown,
        "deviations": [deviation_view(d, full=full) for d in reading.deviations],
    }


def _kind(packet: Packet) -> str:
    return "status" if isinstance(packet, StatusPacket) else KINDS.get(packet.bussiness_doc_type, "other")


def key_of(packet: Packet) -> str | None:
    """Return the business key of *packet* in one line, or None where something is missing for it."""
    try:
        return str(business_key(packet))
    except EnvelopeError:
        return None


def content_digest_of(packet: Packet) -> str | None:
    """Return the content digest of *packet* in hexadecimal digits, None for a status packet."""
    return content_digest(packet).hex() if isinstance(packet, DocumentPacket) else None


def _meanings(packet: Packet) -> dict[str, Any]:
    found: dict[str, CodeEntry | None] = {}
    if isinstance(packet, StatusPacket):
        found["status"] = STATUS_CODE.get(normalise_status(packet.status_code or ""))
    else:
        found["kind"] = BUSSINESS_DOC_TYPE.get(packet.bussiness_doc_type)
        if (kind := packet.document_type) is not None:
            match = document_type(kind.type, kind.type_detail, kind.type_name)
            found["document_type"] = match.entry if match else None
        if packet.other_info is not None:
            found["priority"] = PRIORITY.get(packet.other_info.priority)
    return {name: both(entry.name) for name, entry in found.items() if entry is not None}


def _plain(value: Any, *, full: bool, name: str = "") -> Any:
    if isinstance(value, OrganCode):
        return mask(value.text)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, str):
        return value if name in _IDENTIFIERS else mask(value)
    if isinstance(value, tuple):
        return [_plain(item, full=full, name=name) for item in value]
    if isinstance(value, SignatureMarkup):
        return {"name": value.name, "namespace": value.namespace}
    return _fields(value, full=full) if attrs.has(type(value)) else value


def _fields(value: Any, *, full: bool) -> dict[str, Any]:
    shown = {}
    for field in attrs.fields(type(value)):
        item = getattr(value, field.name)
        if item is None or item == () or field.name == "attachments":
            continue
        hidden = field.metadata.get("private") and not full
        shown[json_key(field.name)] = HIDDEN if hidden else _plain(item, full=full, name=field.name)
    return shown


def packing(attachment: Attachment) -> str:
    """Return how the packet carries *attachment*: ``zip`` (as the only entry of a zip) or ``raw``."""
    return "zip" if attachment.is_wrapped else "raw"


def attachment_view(number: int, attachment: Attachment, *, digest: bool) -> dict[str, Any]:
    """Return one attachment; damage is shown in ``error`` instead of size and digest."""
    size, sha256, error = None, None, None
    try:
        sha256 = attachment.digest().hex() if digest else None
        size = attachment.size
    except (AttachmentError, LimitError) as found:
        error = found
    return {
        "number": number,
        **_named(attachment),
        "size": size if error is None else None,
        "sha256": sha256 if error is None else None,
        "error": _problem(error),
    }


def _named(attachment: Attachment) -> dict[str, Any]:
    names = ("name", "description", "label")
    texts = {name: getattr(attachment, name) for name in names}
    shown = {name: None if text is None else mask(text) for name, text in texts.items()}
    return {**shown, "content_id": attachment.content_id, "packing": packing(attachment)}


def _problem(error: VndocError | None) -> dict[str, Any] | None:
    return None if error is None else error_dict(error)


def is_private(path: str) -> bool:
    """Return whether the place *path* holds personal data of a clerk."""
    return _PRIVATE.search(path) is not None


def deviation_view(deviation: Deviation, *, full: bool = False) -> dict[str, Any]:
    """Return one deviation as plain values; what stands in a private place is hidden unless *full*."""
    if deviation.found is not None and not full and is_private(deviation.place.path):
        deviation = attrs.evolve(deviation, found=HIDDEN)
    return {
        "id": deviation.id,
        "severity": deviation.severity.value,
        "place": place_dict(deviation.place),
        "found": None if deviation.found is None else shorten(deviation.found, 200),
        "expected": None if deviation.expected is None else shorten(deviation.expected, 200),
        "text": {"vi": mask(deviation.text("vi")), "en": mask(deviation.text("en"))},
    }
