"""Rules driven by the element table: what must be there, lengths, code lists, ranges. For both packet kinds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from vndoc.edxml import Kind, Severity
from vndoc.edxml import elements as table
from vndoc.envelope import DocumentPacket, normalise_content_id
from vndoc.envelope.codes import ALL_LISTS
from vndoc.schema.rules_base import ATTACHMENT, MESSAGE, REFERENCE, TRACE, Context, Hit, Rule, nth, rule

__all__ = ["UNSIGNED_SHORT", "VALUE_RULES"]

UNSIGNED_SHORT = 65_535
"""Largest number of copies and pages (QCVN 102; 4.3: unsigned short)."""

_N, _E = Severity.NOTE, Severity.ERROR

_CLOSED = frozenset({"priority", "bussiness-doc-type", "receiver-type", "changed", "paper"})
"""Lists that allow nothing else. The writer closes two more, which have rules and deviations of their own here:
``document-class`` (``document-type-class``) and ``status-code`` (``status-code-form``)."""
_CODES = {codes.id: frozenset(entry.code for entry in codes.entries) for codes in ALL_LISTS if codes.id in _CLOSED}
_SHOWN = {codes.id: ", ".join(str(entry.code) for entry in codes.entries) for codes in ALL_LISTS if codes.id in _CLOSED}
_STEERING = frozenset(entry.code for codes in ALL_LISTS if codes.id == "steering-type" for entry in codes.entries)
_ORGAN_CODE = Kind.ORGAN_CODE
_GROUP_LETTERS = frozenset("ABCDEFGHIJK")

_MAILBOX = re.compile(r"[^\s@<>()\[\]\\,;:\"]{1,64}")
_DOMAIN = re.compile(r"[^\W_](?:[\w-]{0,62})(?:\.[^\W_][\w-]{0,62}){1,20}")


def _missing(ctx: Context) -> Iterator[Hit]:
    """Yield what is absent; not what is there but unreadable."""
    unreadable = ctx.reported("-invalid")
    hops = _hops_without_organ(ctx)
    for path in ctx.missing:
        if path not in hops and not any(place == path or place.startswith(f"{path}/") for place in unreadable):
            yield _absent(path)
    if isinstance(ctx.packet, DocumentPacket):
        yield from _missing_in_manifest(ctx)
        for number, attachment in enumerate(ctx.packet.attachments, 1):
            if not normalise_content_id(attachment.content_id):
                yield _absent(f"{ATTACHMENT}[{number}]/ContentId")
            if not attachment.label:
                yield _absent(f"{ATTACHMENT}[{number}]/ContentType")


def _missing_in_manifest(ctx: Context) -> Iterator[Hit]:
    references = ctx.reading.manifest or ()
    for number, reference in enumerate(references, 1):
        here = nth(REFERENCE, number, len(references))
        if not normalise_content_id(reference.content_id):
            yield _absent(f"{here}/ContentId")
        if not reference.attachment_name:
            yield _absent(f"{here}/AttachmentName")


def _absent(path: str) -> Hit:
    return Hit(path, expected=path.rpartition("/")[2].partition("[")[0])


def _hops_without_organ(ctx: Context) -> frozenset[str]:
    """Return the paths of absent agencies in hops, if at least one hop has its agency (C-14)."""
    trace = ctx.packet.trace_header_list if isinstance(ctx.packet, DocumentPacket) else None
    hops = trace.trace_headers if trace is not None else ()
    if not any(hop.organ_id for hop in hops):
        return frozenset()
    return frozenset(
        f"{nth(f'{TRACE}/TraceHeader', number, len(hops))}/OrganId"
        for number, hop in enumerate(hops, 1)
        if not hop.organ_id
    )


def _too_long(ctx: Context) -> Iterator[Hit]:
    """Yield texts with too many characters as they stand: decomposed letters count as schemas and peers count them."""
    for path, row, value in ctx.values:
        limit = row.length
        if limit is None or value is None or (type(value) is str and len(value) <= limit) or "@" in path:
            continue
        size = len(str(value).strip())
        if size > limit:
            source = f"4.3: {table.LENGTH_SOURCES[row.length_source or 'P'].en}"
            yield Hit(path, str(size), str(limit), source)


def _not_nfc(ctx: Context) -> Iterator[Hit]:
    for path, _, value in ctx.values:
        if isinstance(value, str) and not value.isascii() and not unicodedata.is_normalized("NFC", value):
            yield Hit(path, value)


def _not_in_list(ctx: Context) -> Iterator[Hit]:
    for path, row, value in ctx.values:
        if row.codes in _CODES and value not in _CODES[row.codes] and not _is_paper_count(row.codes, value):
            yield Hit(path, str(value), _SHOWN[row.codes])


def _is_paper_count(codes: str, value: int) -> bool:
    """Whether reading reported the value already, as ``paper-count``."""
    return codes == "paper" and value > 1


def _steering(ctx: Context) -> Iterator[Hit]:
    steering = ctx.document.steering_type
    if steering is not None and steering not in _STEERING:
        yield Hit(f"{MESSAGE}/SteeringType", str(steering), "0, 1, 2, 3")


def _amounts(ctx: Context) -> Iterator[Hit]:
    for path, row, value in ctx.values:
        if row.lower is not None and not row.lower <= value <= UNSIGNED_SHORT:
            yield Hit(path, str(value), f"{row.lower}-{UNSIGNED_SHORT}")


def _emails(ctx: Context) -> Iterator[Hit]:
    for path, row, value in ctx.values:
        if row.name == "Email" and not _is_email(value.strip()):
            yield Hit(path, value)


def _is_email(text: str) -> bool:
    mailbox, _, domain = text.rpartition("@")
    return len(text) <= 254 and bool(_MAILBOX.fullmatch(mailbox) and _DOMAIN.fullmatch(domain))


def _level1(ctx: Context) -> Iterable[Hit]:
    for path, row, value in ctx.values:
        if row.kind is _ORGAN_CODE:
            group = value.level1  # only codes of the two schemes have one
            if group is not None and group[:1] not in _GROUP_LETTERS:
                yield Hit(path, value.text, "A-K")


VALUE_RULES: tuple[Rule, ...] = (
    rule("missing-element", _E, "N", "QCVN 102; 4.3, 4.6(1)",
         "Thiếu phần tử bắt buộc {expected}, hoặc phần tử không có giá trị.",
         "The mandatory element {expected} is missing or has no value.",
         _missing, applies="both"),
    rule("text-too-long", _E, "R", "QCVN 102; 4.3, 4.6(6)",
         "Giá trị dài {found} ký tự, tối đa là {expected}.",
         "The value has {found} characters, at most {expected} are allowed.",
         _too_long, applies="both"),
    rule("text-not-nfc", _N, None, "TCVN 6909:2001; Unicode UAX 15",
         "Văn bản {found} không ở dạng Unicode dựng sẵn (NFC).",
         "The text {found} is not in Unicode normalisation form C.",
         _not_nfc, applies="both"),
    rule("code-not-in-list", _E, "R", "QCVN 102; 4.6(2), 5.2-5.6",
         "Giá trị {found} không có trong danh mục ({expected}).",
         "The value {found} is not in the code list ({expected}).",
         _not_in_list),
    rule("steering-type-unknown", _N, None, "C-06",
         "SteeringType {found} không có trong danh mục nào đã biết ({expected}).",
         "SteeringType {found} is in no list that is known ({expected}).", _steering),
    rule("amount-out-of-range", _E, "R", "QCVN 102; 4.3, 4.6(2)",
         "Số lượng {found} nằm ngoài khoảng {expected}.", "The amount {found} is outside {expected}.", _amounts),
    rule("email-invalid", _E, "M", "4.6(4); practice (Bkav)",
         "Địa chỉ thư điện tử {found} không hợp lệ.", "The e-mail address {found} is not valid.",
         _emails, applies="both"),
    rule("organ-level1-unknown", _N, None, "QĐ 20/2020/QĐ-TTg, App I",
         "Mã cấp 1 của {found} không thuộc nhóm nào đã biết ({expected}).",
         "The level-1 code of {found} is in no group that is known ({expected}).", _level1, applies="both"),
)  # fmt: skip
"""Rules over single values, each driven by the element table."""
