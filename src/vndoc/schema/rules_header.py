"""Rules over the header of a document: receivers, dates, type, identifiers, trace."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import lru_cache

from vndoc.edxml import Severity
from vndoc.edxml.values import format_date, format_timestamp
from vndoc.envelope import DocumentPacket, DocumentType, ResponseFor, TraceHeader
from vndoc.envelope.codelist import LONGEST_NAME
from vndoc.envelope.codes import (
    DOCUMENT_CLASSES,
    DOCUMENT_TYPES_ADMINISTRATIVE,
    DOCUMENT_TYPES_LEGAL,
    CodeEntry,
    Confidence,
    DocumentTypeMatch,
    DocumentTypeRule,
    document_type,
)
from vndoc.errors import IdentifierError
from vndoc.identifiers import (
    MAX_NOTATION,
    MAX_NUMBER,
    DocumentId,
    DocumentIdForm,
    OrganCode,
    canonical_notation,
    canonical_number,
    check_notation,
    check_number,
    join_code,
    same_numbers,
    split_code,
    without_suffix,
)
from vndoc.schema.rules_base import MESSAGE, TRACE, Context, Hit, Rule, day_of, nth, rule
from vndoc.text import nfc

__all__ = ["HEADER_RULES", "OLDEST"]

OLDEST = datetime.date(1945, 9, 2)
"""No document of the state is older."""

_N, _W, _E = Severity.NOTE, Severity.WARNING, Severity.ERROR

_ISSUED = f"{MESSAGE}/PromulgationInfo/PromulgationDate"
_TYPE = f"{MESSAGE}/DocumentType"
_LISTS = {1: DOCUMENT_TYPES_LEGAL, 2: DOCUMENT_TYPES_ADMINISTRATIVE}


# -- sender and receivers ----------------------------------------------------------------------------


def _receivers(ctx: Context) -> Iterator[tuple[str, OrganCode]]:
    receivers = ctx.document.to
    for number, receiver in enumerate(receivers, 1):
        if receiver.organ_id:
            yield f"{nth(f'{MESSAGE}/To', number, len(receivers))}/OrganId", receiver.organ_id


def _receiver_doubled(ctx: Context) -> Iterator[Hit]:
    seen: set[OrganCode] = set()
    for path, code in _receivers(ctx):
        if code in seen:
            yield Hit(path, code.text)
        seen.add(code)


def _sender(packet: DocumentPacket) -> OrganCode | None:
    return packet.from_.organ_id if packet.from_ is not None else None


def _sender_among_receivers(ctx: Context) -> Iterator[Hit]:
    sender = _sender(ctx.document)
    for path, code in _receivers(ctx):
        if code == sender:
            yield Hit(path, code.text)


# -- dates -------------------------------------------------------------------------------------------


def _issued(packet: DocumentPacket) -> datetime.date | None:
    return packet.promulgation_info.promulgation_date if packet.promulgation_info is not None else None


def _hops(packet: DocumentPacket) -> tuple[TraceHeader, ...]:
    return packet.trace_header_list.trace_headers if packet.trace_header_list is not None else ()


def _stamped(packet: DocumentPacket) -> Iterator[tuple[str, datetime.date]]:
    """Yield path and timestamp of each hop that has one."""
    hops = _hops(packet)
    for number, hop in enumerate(hops, 1):
        if hop.timestamp is not None:
            yield f"{nth(f'{TRACE}/TraceHeader', number, len(hops))}/Timestamp", hop.timestamp


def _shown(moment: datetime.date) -> str:
    return format_timestamp(moment) if isinstance(moment, datetime.datetime) else format_date(moment)


def _issued_in_future(ctx: Context) -> Iterator[Hit]:
    issued = _issued(ctx.document)
    if issued is not None and issued > ctx.today:
        yield Hit(_ISSUED, format_date(issued), format_date(ctx.today))


def _issued_too_old(ctx: Context) -> Iterator[Hit]:
    issued = _issued(ctx.document)
    if issued is not None and issued < OLDEST:
        yield Hit(_ISSUED, format_date(issued), format_date(OLDEST))


def _trace_in_future(ctx: Context) -> Iterator[Hit]:
    for path, moment in _stamped(ctx.document):
        if (day_of(moment) - ctx.today).days > 1:
            yield Hit(path, _shown(moment), format_date(ctx.today))


def _due_before_issued(ctx: Context) -> Iterator[Hit]:
    issued, due = _issued(ctx.document), ctx.document.due_date
    if issued is not None and due is not None and due < issued:
        yield Hit(f"{MESSAGE}/DueDate", format_date(due), format_date(issued))


def _trace_before_issued(ctx: Context) -> Iterator[Hit]:
    issued = _issued(ctx.document)
    if issued is None:
        return
    for path, moment in _stamped(ctx.document):
        if day_of(moment) < issued:
            yield Hit(path, _shown(moment), format_date(issued))


# -- type of document ----------------------------------------------------------------------------------


def _type_of(ctx: Context) -> DocumentType:
    return ctx.document.document_type or DocumentType()


def _class(ctx: Context) -> Iterator[Hit]:
    found = _type_of(ctx).type
    if found is not None and DOCUMENT_CLASSES.get(found) is None:
        yield Hit(f"{_TYPE}/Type", str(found), "1, 2")


def _detail_unknown(ctx: Context) -> Iterator[Hit]:
    about = _type_of(ctx)
    codes = _LISTS.get(about.type or 0)
    if codes is not None and about.type_detail and codes.get(about.type_detail) is None:
        yield Hit(f"{_TYPE}/TypeDetail", str(about.type_detail), f"1-{codes.entries[-1].code}")


def _named(about: DocumentType) -> DocumentTypeMatch | None:
    name = about.type_name
    return None if not name or len(name) > LONGEST_NAME else _of_name(about.type, name)


@lru_cache(maxsize=512)
def _of_name(class_: int | None, name: str) -> DocumentTypeMatch | None:
    """What *name* says: three rules ask, and the same few names stand in most packets."""
    match = document_type(class_, None, name)
    return match if match is not None and match.rule is DocumentTypeRule.NAME else None


def _name_unknown(ctx: Context) -> Iterator[Hit]:
    about = _type_of(ctx)
    if about.type_name and _named(about) is None:
        yield Hit(f"{_TYPE}/TypeName", about.type_name)


def _mismatch(ctx: Context, *, sure: bool) -> Iterator[Hit]:
    about = _type_of(ctx)
    named = _named(about)
    if named is None or named.type_detail is None or about.type not in _LISTS:
        return
    entry = _LISTS[about.type].get(about.type_detail) if about.type_detail else None
    if entry is None:
        if about.type == named.type or about.type_detail or not sure:
            return
        yield Hit(f"{_TYPE}/Type", f"{about.type} {about.type_name}", str(named.type))
    elif (about.type, entry.code) != (named.type, named.type_detail) and sure is not _both_inferred(entry, named.entry):
        found, expected = f"{about.type}/{entry.code} {about.type_name}", f"{named.type}/{named.type_detail}"
        yield Hit(f"{_TYPE}/TypeDetail", found, expected)


def _both_inferred(one: CodeEntry, other: CodeEntry) -> bool:
    return one.confidence is Confidence.INFERRED and other.confidence is Confidence.INFERRED


def _type_mismatch(ctx: Context) -> Iterator[Hit]:
    return _mismatch(ctx, sure=True)


def _type_mismatch_unsure(ctx: Context) -> Iterator[Hit]:
    return _mismatch(ctx, sure=False)


# -- number, notation, document ids ----------------------------------------------------------------------


def _number_form(ctx: Context) -> Iterator[Hit]:
    number = (ctx.document.code.number or "").strip() if ctx.document.code is not None else ""
    if number and len(number) <= MAX_NUMBER:
        try:
            check_number(number)
        except IdentifierError:
            yield Hit(f"{MESSAGE}/Code/CodeNumber", number)


def _notation_form(ctx: Context) -> Iterator[Hit]:
    notation = canonical_notation(ctx.document.code.notation or "") if ctx.document.code is not None else ""
    if notation and len(notation) <= MAX_NOTATION:
        try:
            check_notation(notation)
        except IdentifierError:
            yield Hit(f"{MESSAGE}/Code/CodeNotation", notation)


def _document_id(ctx: Context) -> Iterator[Hit]:
    packet = ctx.document
    if packet.document_id is None or packet.code is None or not packet.code.number:
        return
    code = join_code(packet.code.number, packet.code.notation)
    expected = _differs(DocumentId.of(packet.document_id), _sender(packet), _issued(packet), code)
    if expected is not None:
        yield Hit(f"{MESSAGE}/DocumentId", packet.document_id, expected)


def _responses(ctx: Context) -> Iterator[tuple[str, ResponseFor]]:
    """Yield path and block of what the packet answers, recalls or reports on."""
    packet = ctx.packet
    blocks = packet.response_for if isinstance(packet, DocumentPacket) else (packet.response_for or ResponseFor(),)
    for number, block in enumerate(blocks, 1):
        yield nth(f"{MESSAGE}/ResponseFor", number, len(blocks)), block


def _response_mismatch(ctx: Context) -> Iterator[Hit]:
    for path, block in _responses(ctx):
        if block.document_id is not None and block.code is not None:
            expected = _differs(DocumentId.of(block.document_id), None, block.promulgation_date, block.code)
            if expected is not None:
                yield Hit(f"{path}/DocumentId", block.document_id, expected)


def _response_in_future(ctx: Context) -> Iterator[Hit]:
    for path, block in _responses(ctx):
        if block.promulgation_date is not None and block.promulgation_date > ctx.today:
            yield Hit(f"{path}/PromulgationDate", format_date(block.promulgation_date), format_date(ctx.today))


def _response_without_date(ctx: Context) -> Iterator[Hit]:
    unreadable = ctx.reported("-invalid")
    for path, block in _responses(ctx):
        id_has_year = bool(block.document_id) and DocumentId.of(block.document_id or "").year is not None
        if block.promulgation_date is None and not id_has_year and (block.code or block.document_id):
            place = f"{path}/PromulgationDate"
            if place not in unreadable:
                yield Hit(place)


def _response_incomplete(ctx: Context) -> Iterator[Hit]:
    for path, block in _responses(ctx):
        if not block.code and not block.document_id:
            yield Hit(path)


def _differs(id_: DocumentId, issuer: OrganCode | None, day: datetime.date | None, code: str) -> str | None:
    """Return what *id_* should say where it contradicts the other elements, else ``None``. Absent parts agree."""
    if id_.form is DocumentIdForm.B:
        if (day is None or id_.year == day.year) and _same_issuer(id_.issuer, issuer):
            return None
        return _id_text(issuer, None if day is None else str(day.year), "…")
    if id_.form not in {DocumentIdForm.A, DocumentIdForm.A_DASH}:
        return None
    same_day = day is None or id_.date == day
    written = _key(join_code(id_.number or "", id_.notation))
    if same_day and written == _key(code) and _same_issuer(id_.issuer, issuer):
        return None
    return _id_text(issuer, None if day is None else format_date(day), code)


def _key(code: str) -> tuple[str, str]:
    parts = split_code(code.strip())
    return canonical_number(parts.number or ""), canonical_notation(without_suffix(parts.notation or ""))


def _same_issuer(one: OrganCode | None, other: OrganCode | None) -> bool:
    return one is None or other is None or same_numbers(one, other)


def _id_text(issuer: OrganCode | None, day: str | None, code: str) -> str:
    return nfc(f"{issuer or '…'},{day or '…'},{code}")


# -- trace -------------------------------------------------------------------------------------------


def _trace_without_agency(ctx: Context) -> Iterator[Hit]:
    hops = _hops(ctx.document)
    if hops and not any(hop.organ_id for hop in hops):
        yield Hit(TRACE)


def _trace_order(ctx: Context) -> Iterator[Hit]:
    before: datetime.date | None = None
    for path, moment in _stamped(ctx.document):
        if before is not None and _is_earlier(moment, before):
            yield Hit(path, _shown(moment), _shown(before))
        before = moment


def _is_earlier(one: datetime.date, other: datetime.date) -> bool:
    if isinstance(one, datetime.datetime) and isinstance(other, datetime.datetime):
        return one < other
    return day_of(one) < day_of(other)


def _first_hop(ctx: Context) -> Iterator[Hit]:
    hops, sender = _hops(ctx.document), _sender(ctx.document)
    first = hops[0].organ_id if hops else None
    if first and sender and first != sender:
        yield Hit(f"{nth(f'{TRACE}/TraceHeader', 1, len(hops))}/OrganId", first.text, sender.text)


HEADER_RULES: tuple[Rule, ...] = (
    rule("receiver-doubled", _E, "M", "QCVN 102; 4.6(1); practice (Bkav)",
         "Nơi nhận {found} lặp lại.", "The receiver {found} stands more than once.", _receiver_doubled),
    rule("sender-among-receivers", _W, "M", "practice",
         "Cơ quan gửi {found} cũng là nơi nhận.", "The sender {found} is among the receivers.",
         _sender_among_receivers),
    rule("date-in-future", _E, "R", "4.6(1); practice (Bkav)",
         "Ngày ban hành {found} ở sau ngày hiện tại {expected}.",
         "The date of issue {found} is after today, {expected}.",
         _issued_in_future),
    rule("date-too-old", _W, "R", "practice",
         "Ngày ban hành {found} ở trước {expected}.", "The date of issue {found} is before {expected}.",
         _issued_too_old),
    rule("trace-in-future", _W, "R", "practice",
         "Thời điểm {found} ở sau ngày hiện tại {expected} quá một ngày.",
         "The timestamp {found} is more than a day after today, {expected}.", _trace_in_future),
    rule("due-date-before-issue", _W, "R", "NĐ 30/2020/NĐ-CP, App VI",
         "Hạn trả lời {found} ở trước ngày ban hành {expected}.",
         "The due date {found} is before the date of issue, {expected}.",
         _due_before_issued),
    rule("trace-before-issue", _W, "M", "QĐ 28/2018/QĐ-TTg, Art 6",
         "Thời điểm gửi {found} ở trước ngày ban hành {expected}.",
         "The hop at {found} is before the date of issue, {expected}.",
         _trace_before_issued),
    rule("document-type-class", _E, "M", "SD1:2022 QCVN 102; 4.6(2)",
         "Type là {found}, chỉ được là {expected}.", "Type is {found}, only {expected} are allowed.", _class),
    rule("document-type-detail-unknown", _W, "R", "SD1:2022 QCVN 102; 5.1",
         "TypeDetail {found} không có trong danh mục ({expected}).",
         "TypeDetail {found} is not in the code list ({expected}).",
         _detail_unknown),
    rule("document-type-name-unknown", _N, "M", "SD1:2022 QCVN 102; 5.1; NĐ 30/2020/NĐ-CP, Art 7",
         "Tên loại văn bản {found} không có trong danh mục nào.",
         "The name {found} is that of no known type of document.",
         _name_unknown),
    rule("document-type-mismatch", _W, "M", "SD1:2022 QCVN 102; 5.1; C-05",
         "Mã loại văn bản không khớp với tên ({found}); theo tên thì là {expected}.",
         "The code of the type does not fit its name ({found}); by the name it is {expected}.", _type_mismatch),
    rule("document-type-mismatch-unsure", _N, "M", "5.1.2 (inferred codes); C-05",
         "Mã loại văn bản có thể không khớp với tên ({found}); theo tên thì là {expected}, "
         "song mã này chưa được xác nhận.",
         "The code of the type may not fit its name ({found}); by the name it is {expected}, "
         "but these codes are inferred.",
         _type_mismatch_unsure),
    rule("code-number-form", _W, "M", "NĐ 30/2020/NĐ-CP, Art 15, App I",
         "Số văn bản {found} không đúng cách ghi: chữ số Ả Rập, nhỏ hơn 10 thì thêm một số 0 phía trước.",
         "The document number {found} is not written as it should be: digits, below 10 with one zero in front.",
         _number_form),
    rule("code-notation-form", _W, "M", "NĐ 30/2020/NĐ-CP, Art 15, App I",
         "Ký hiệu {found} không đúng cách ghi: các chữ viết tắt nối bằng gạch nối (-), "
         "không có dấu cách, dấu phẩy, dấu #.",
         "The notation {found} is not written as it should be: abbreviations joined by hyphens (-), "
         "no white space, comma or #.",
         _notation_form),
    rule("document-id-mismatch", _W, "M", "QĐ 28/2018/QĐ-TTg, Art 10(2); C-03",
         "Mã văn bản {found} không khớp với cơ quan, ngày và số/ký hiệu ({expected}).",
         "The document id {found} does not fit agency, date and code ({expected}).", _document_id),
    rule("response-id-mismatch", _W, "M", "QĐ 28/2018/QĐ-TTg, Art 10(2); C-03",
         "Mã văn bản {found} không khớp với ngày và số/ký hiệu của văn bản được nêu ({expected}).",
         "The document id {found} does not fit date and code of the document it names ({expected}).",
         _response_mismatch, applies="both"),
    rule("response-date-in-future", _W, "R", "practice",
         "Ngày ban hành {found} của văn bản được nêu ở sau ngày hiện tại {expected}.",
         "The date of issue {found} of the document named is after today, {expected}.",
         _response_in_future, applies="both"),
    rule("response-date-missing", _W, "N", "4.7; practice (documents are matched by issuer, year, number and notation)",
         "Văn bản được nêu thiếu ngày ban hành: không xác định được năm của số văn bản.",
         "The document named has no date of issue: the year of its number is unknown.",
         _response_without_date, applies="both"),
    rule("response-incomplete", _W, "N", "4.3.2; practice",
         "ResponseFor không nêu số/ký hiệu, cũng không nêu mã văn bản.",
         "ResponseFor names neither a code nor a document id.",
         _response_incomplete),
    rule("trace-without-agency", _E, "N", "4.6 (3)",
         "Không chặng nào trong TraceHeaderList nêu mã cơ quan.", "No hop in TraceHeaderList names an agency.",
         _trace_without_agency),
    rule("trace-order", _W, "M", "4.3.3",
         "Chặng {found} đứng sau chặng {expected}.", "The hop at {found} stands after the one at {expected}.",
         _trace_order),
    rule("trace-first-hop", _N, "M", "4.3.3; practice (the sender adds the first hop)",
         "Chặng đầu tiên là {found}, không phải cơ quan gửi {expected}.",
         "The first hop is {found}, not the sender {expected}.",
         _first_hop),
)  # fmt: skip
"""Rules over the header of a document packet; those on ``ResponseFor`` also for status packets."""
