"""Rules of the process that one packet can show: sending in time, what a document must carry, marks of secrecy.

Source: Decision 28/2018/QD-TTg, Decree 30/2020/ND-CP. All of them are warnings or notes: a packet is a hint at
what happened, not proof.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

from vndoc.edxml import Severity
from vndoc.edxml.packing import extension
from vndoc.edxml.values import format_date, format_timestamp
from vndoc.envelope import Attachment, DocumentPacket
from vndoc.envelope.codes import BussinessDocType
from vndoc.schema.rules_base import ATTACHMENT, MESSAGE, TRACE, Context, Hit, Rule, day_of, nth, rule
from vndoc.text import nfc

__all__ = ["PROCESS_RULES", "is_late", "secrecy_mark"]

_N, _W = Severity.NOTE, Severity.WARNING

_NOON = datetime.time(12)
_WHOLE_DOCUMENT = frozenset({BussinessDocType.NEW, BussinessDocType.REPLACE})
"""Operations whose packet is a document that is sent for the first time, with its files."""

_PREFIXES = ("TM.", "Q.", "KT.", "TL.", "TUQ.")


# -- sending in time -----------------------------------------------------------------------------------


def is_late(issued: datetime.date, sent: datetime.date) -> bool:
    """Return whether *sent* is after noon of the first working day that follows *issued*.

    Saturdays and Sundays are no working days; public holidays are not known here. *sent* may be a plain date,
    which counts as its morning. Source: Decision 28/2018 Art 6.
    """
    allowed = {4: 3, 5: 2}.get(issued.weekday(), 1)
    taken = (day_of(sent) - issued).days
    if taken == allowed and isinstance(sent, datetime.datetime):
        return sent.time() > _NOON
    return taken > allowed


def _dispatch(packet: DocumentPacket) -> tuple[str, datetime.date, datetime.date] | None:
    """Return the place of the earliest hop, its moment and the date of issue of a document sent for the first time."""
    issued = packet.promulgation_info.promulgation_date if packet.promulgation_info is not None else None
    hops = packet.trace_header_list.trace_headers if packet.trace_header_list is not None else ()
    stamped = [(day_of(hop.timestamp), number, hop.timestamp) for number, hop in enumerate(hops, 1) if hop.timestamp]
    if issued is None or not stamped or packet.bussiness_doc_type not in _WHOLE_DOCUMENT:
        return None
    _, number, sent = min(stamped, key=lambda stamp: stamp[:2])
    return f"{nth(f'{TRACE}/TraceHeader', number, len(hops))}/Timestamp", sent, issued


def _is_urgent(packet: DocumentPacket) -> bool:
    return packet.other_info is not None and (packet.other_info.priority or 0) > 0


def _sent_late(ctx: Context) -> Iterator[Hit]:
    dispatch = _dispatch(ctx.document)
    if dispatch is not None and not _is_urgent(ctx.document) and is_late(dispatch[2], dispatch[1]):
        yield _late(*dispatch)


def _urgent_sent_late(ctx: Context) -> Iterator[Hit]:
    dispatch = _dispatch(ctx.document)
    if dispatch is not None and _is_urgent(ctx.document) and day_of(dispatch[1]) > dispatch[2]:
        yield _late(*dispatch)


def _late(path: str, sent: datetime.date, issued: datetime.date) -> Hit:
    shown = format_timestamp(sent) if isinstance(sent, datetime.datetime) else format_date(sent)
    return Hit(path, shown, format_date(issued))


# -- what a document carries ----------------------------------------------------------------------------


def _no_attachment(ctx: Context) -> Iterator[Hit]:
    if not ctx.document.attachments and ctx.document.bussiness_doc_type in _WHOLE_DOCUMENT:
        yield Hit(ATTACHMENT)


def _no_pdf(ctx: Context) -> Iterator[Hit]:
    packet = ctx.document
    if packet.bussiness_doc_type == BussinessDocType.RECALL or not packet.attachments:
        return
    if not any(_is_pdf(attachment) for attachment in packet.attachments):
        yield Hit(ATTACHMENT)


def _is_pdf(attachment: Attachment) -> bool:
    return extension(attachment.name) == "pdf" or (attachment.label or "").strip().lower() == "application/pdf"


def _no_signer(ctx: Context) -> Iterator[Hit]:
    signer = ctx.document.signer_info
    if signer is None or not signer.full_name:
        yield Hit(f"{MESSAGE}/SignerInfo/FullName")


def _competence(ctx: Context) -> Iterator[Hit]:
    signer = ctx.document.signer_info
    prefix = (signer.competence or "").strip() if signer is not None else ""
    if prefix and not nfc(prefix).upper().startswith(_PREFIXES):
        yield Hit(f"{MESSAGE}/SignerInfo/Competence", prefix, ", ".join(_PREFIXES))


# -- marks of secrecy ------------------------------------------------------------------------------------

_MARK = re.compile(r"(?<![^\W_])MẬT(?![^\W_])")
_DEGREE = r"(?:tuyệt|tuyet|tối|toi)[\s_-]{1,3}(?:mật|mat)|mật|mat"
_STATED = re.compile(
    rf"(?<![^\W_])(?:độ|do)[\s_]{{1,3}}(?:mật|mat)\s{{0,3}}[:=]\s{{0,3}}({_DEGREE})(?![^\W_])", re.IGNORECASE
)
_HIGH = re.compile(r"(?<![^\W_])(?:tuyệt|tuyet|tối|toi)[\s_-]{1,3}(?:mật|mat)(?![^\W_])", re.IGNORECASE)
_AFTER_DEGREE = frozenset({"KHẨU", "KHAU", "ONG"})
_BRACKETED = re.compile(r"[(\[{]\s{0,3}(mật)\s{0,3}[)\]}]", re.IGNORECASE)
_WORD_BEFORE = re.compile(r"([^\W_]+)[ \t]*\Z")
_WORD_AFTER = re.compile(r"[ \t]*([^\W_]+)")
_LONGEST_WORD = 12
_BEFORE = frozenset({
    "BẢO", "BÍ", "CƠ", "ĐỘ", "GIẢI", "HẾT", "LỘ", "LỌT", "THÂN", "TÚI", "SỎI", "GAN", "ỐNG", "DỊCH", "LẤY", "NUÔI",
    "ĐƯỜNG", "RỈ", "TRĂNG", "HƯƠNG", "NƯỚC", "KHÔNG", "TUẦN",
})  # fmt: skip
_AFTER = frozenset({
    "KHẨU", "MÃ", "ONG", "ĐỘ", "THIẾT", "THƯ", "VỤ", "DANH", "NGHỊ", "BÁO", "THÁM", "LỆNH", "HIỆU", "NGỌT", "HOA",
    "NGỮ", "ƯỚC", "TÔNG", "PHỤC", "GẤU", "THAM", "ĐÀM", "SƠN",
})  # fmt: skip


def secrecy_mark(text: str) -> str | None:
    """Return what looks like a mark of secrecy in *text* (Mật, Tối mật, Tuyệt mật), or ``None``.

    "Tối mật" and "tuyệt mật" are marks in any case, also without diacritics; so is any degree after "Độ mật:".
    "Mật" alone is one if it is the whole text, stands in brackets, or is written in capitals as a word of its own;
    words of which it is a part (bảo mật, bí mật, mật khẩu, mật ong ...) are none. A warning to look closer, not proof.
    """
    plain = nfc(text)
    if "MẬT" not in plain.upper() and "MAT" not in plain.upper():
        return None
    if plain.strip().casefold() == "mật":
        return plain.strip()
    for match in (*_STATED.finditer(plain), *_HIGH.finditer(plain)):
        after = _WORD_AFTER.match(plain[match.end() : match.end() + _LONGEST_WORD])
        if after is None or after[1].upper() not in _AFTER_DEGREE:
            return match[match.lastindex or 0]
    bracketed = _BRACKETED.search(plain)
    if bracketed is not None:
        return bracketed[1]
    for match in _MARK.finditer(plain):
        if not _is_part_of_word(plain, match.start(), match.end()):
            return match[0]
    return None


def _is_part_of_word(text: str, start: int, stop: int) -> bool:
    before = _WORD_BEFORE.search(text[max(0, start - _LONGEST_WORD) : start])
    after = _WORD_AFTER.match(text[stop : stop + _LONGEST_WORD])
    return bool((before and before[1].upper() in _BEFORE) or (after and after[1].upper() in _AFTER))


def _marked_texts(packet: DocumentPacket) -> Iterator[tuple[str, str | None]]:
    yield f"{MESSAGE}/Code/CodeNotation", packet.code.notation if packet.code is not None else None
    yield f"{MESSAGE}/DocumentType/TypeName", packet.document_type.type_name if packet.document_type else None
    yield f"{MESSAGE}/Subject", packet.subject
    yield f"{MESSAGE}/Content", packet.content
    other = packet.other_info
    yield f"{MESSAGE}/OtherInfo/SphereOfPromulgation", other.sphere_of_promulgation if other is not None else None
    for number, attachment in enumerate(packet.attachments, 1):
        yield f"{ATTACHMENT}[{number}]/AttachmentName", attachment.name
        yield f"{ATTACHMENT}[{number}]/Description", attachment.description


def _secrecy(ctx: Context) -> Iterator[Hit]:
    for path, text in _marked_texts(ctx.document):
        mark = secrecy_mark(text) if text else None
        if mark is not None:
            yield Hit(path, mark)


PROCESS_RULES: tuple[Rule, ...] = (
    rule("sent-late", _W, None, "QĐ 28/2018/QĐ-TTg, Art 6; NĐ 30/2020/NĐ-CP, Art 18",
         "Văn bản ban hành ngày {expected} được gửi lúc {found}, muộn hơn buổi sáng ngày làm việc tiếp theo "
         "(chưa tính ngày lễ).",
         "The document issued on {expected} was sent at {found}, later than the morning of the next working day "
         "(public holidays are not known here).", _sent_late),
    rule("urgent-sent-late", _W, None, "QĐ 28/2018/QĐ-TTg, Art 6; NĐ 30/2020/NĐ-CP, Art 18",
         "Văn bản khẩn ban hành ngày {expected} được gửi lúc {found}, không phải ngay trong ngày.",
         "The urgent document issued on {expected} was sent at {found}, not on the same day.", _urgent_sent_late),
    rule("attachment-missing", _W, "N", "QĐ 28/2018/QĐ-TTg, Art 4, 6",
         "Gói tin gửi văn bản nhưng không có tệp đính kèm nào.", "The packet sends a document but has no attachment.",
         _no_attachment),
    rule("pdf-missing", _W, "N", "NĐ 30/2020/NĐ-CP, App I; practice",
         "Không có tệp PDF trong các tệp đính kèm.", "There is no PDF among the attachments.", _no_pdf),
    rule("signer-missing", _W, "N", "QĐ 28/2018/QĐ-TTg, Art 10(2); QCVN 102; 4.3.2",
         "Thiếu họ tên người ký.", "The name of the signer is missing.", _no_signer),
    rule("competence-prefix", _N, None, "NĐ 30/2020/NĐ-CP, App I",
         "Quyền hạn ký {found} không bắt đầu bằng {expected}.", "The authority {found} begins with none of {expected}.",
         _competence),
    rule("secrecy-mark", _W, None, "QĐ 28/2018/QĐ-TTg, Art 1",
         "Có dấu hiệu độ mật {found}; văn bản chứa bí mật nhà nước không được gửi qua trục. "
         "Cần kiểm tra lại, đây không phải bằng chứng.",
         "There is what looks like a mark of secrecy, {found}; state secrets must not travel here. "
         "Look closer: this is no proof.",
         _secrecy),
)  # fmt: skip
"""Rules of the legal process (section 10 of the protocol)."""
