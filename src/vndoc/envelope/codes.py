"""Code lists of the packet format, as data, each entry with how sure it is and where it comes from.

Lists are read-only values; :data:`ALL_LISTS` names them all. What users write in their own code are the enums
:class:`BussinessDocType`, :class:`Priority` and :class:`StatusCode`.

Sources: SD1:2022 QCVN 102:2016/BTTTT, Decree 30/2020/ND-CP, and practice where neither settles a value.
"""

from __future__ import annotations

import enum
import re

import attrs

from vndoc.envelope.codelist import LONGEST_NAME, CodeEntry, CodeList, Confidence, SentBy, StatusEntry, read_rows
from vndoc.text import Text, search_key

__all__ = [
    "ALL_LISTS",
    "BUSSINESS_DOC_TYPE",
    "CHANGED",
    "COPY_KINDS",
    "DIRECTION",
    "DOCUMENT_CLASSES",
    "DOCUMENT_TYPES_ADMINISTRATIVE",
    "DOCUMENT_TYPES_LEGAL",
    "ND30_TYPES",
    "PAPER",
    "PRIORITY",
    "RECEIVER_TYPE",
    "STATUS_CODE",
    "STEERING_TYPE",
    "BussinessDocType",
    "CodeEntry",
    "CodeList",
    "Confidence",
    "DocumentTypeMatch",
    "DocumentTypeRule",
    "Priority",
    "SentBy",
    "StatusCode",
    "StatusEntry",
    "document_type",
    "is_reserved",
    "normalise_status",
]

_SD1 = "SD1:2022 QCVN 102:2016/BTTTT"
_ND30 = "ND 30/2020/ND-CP"

DOCUMENT_CLASSES: CodeList[CodeEntry] = CodeList(
    "document-class",
    Text("Nhóm loại văn bản (Type)", "Class of document (Type)"),
    read_rows(
        """
        1 | Văn bản quy phạm pháp luật | Legal normative document
        2 | Văn bản hành chính | Administrative document
        """,
        Confidence.REG,
        _SD1,
    ),
)
"""``DocumentType/Type``: which list ``TypeDetail`` is of."""

DOCUMENT_TYPES_LEGAL: CodeList[CodeEntry] = CodeList(
    "document-type-legal",
    Text("Loại văn bản quy phạm pháp luật (Type = 1)", "Types of legal normative documents (Type = 1)"),
    read_rows(
        """
        1 | Hiến pháp | Constitution
        2 | Luật | Law
        3 | Pháp lệnh | Ordinance
        4 | Lệnh | Order
        5 | Nghị quyết | Resolution
        6 | Nghị quyết liên tịch | Joint resolution
        7 | Nghị định | Decree
        8 | Quyết định | Decision
        9 | Thông tư | Circular
        10 | Thông tư liên tịch | Joint circular
        11 | Chỉ thị (của Ủy ban nhân dân) | Directive (of a People's Committee)
        12 | Bộ luật | Code
        13 | Văn bản quy phạm pháp luật của chính quyền địa phương ở đơn vị hành chính - kinh tế đặc biệt | Legal \
normative document of the local government of a special administrative-economic unit
        """,
        Confidence.REG,
        f"{_SD1}, list A",
    ),
)
"""``DocumentType/TypeDetail`` where Type is 1."""

DOCUMENT_TYPES_ADMINISTRATIVE: CodeList[CodeEntry] = CodeList(
    "document-type-administrative",
    Text("Loại văn bản hành chính (Type = 2)", "Types of administrative documents (Type = 2)"),
    read_rows(
        """
        1 | Nghị quyết (cá biệt) | Resolution (individual) | NQ
        2 | Quyết định (cá biệt) | Decision (individual) | QĐ
        3 | Chỉ thị (cá biệt) | Directive (individual) | CT
        4 | Quy chế | Statute | QC
        5 | Quy định | Regulation | QyĐ
        6 | Thông cáo | Communiqué | TC
        7 | Thông báo | Notice | TB
        8 | Hướng dẫn | Guidance | HD
        9 | Chương trình | Programme | CTr
        """,
        Confidence.REG,
        f"{_SD1}, list B",
        abbreviated=True,
    )
    + read_rows(
        """
        10 | Kế hoạch | Plan | KH
        11 | Phương án | Action scheme | PA
        12 | Đề án | Proposal scheme | ĐA
        13 | Dự án | Project | DA
        14 | Báo cáo | Report | BC
        15 | Biên bản | Minutes | BB
        16 | Tờ trình | Submission | TTr
        17 | Hợp đồng | Contract | HĐ
        """,
        Confidence.INFERRED,
        f"order of {_ND30} Art 7 between list B codes 9 and 18",
        abbreviated=True,
    )
    + read_rows(
        """
        18 | Công văn | Official letter | -
        19 | Công điện | Official telegram | CĐ
        20 | Bản ghi nhớ | Memorandum | BGN
        21 | Bản cam kết | Written commitment | -
        22 | Bản thỏa thuận | Written agreement | BTT
        23 | Giấy chứng nhận | Certificate | -
        24 | Giấy ủy quyền | Letter of authorisation | GUQ
        25 | Giấy mời | Invitation | GM
        26 | Giấy giới thiệu | Letter of introduction | GGT
        """,
        Confidence.REG,
        f"{_SD1}, list B",
        abbreviated=True,
    )
    + read_rows(
        """
        27 | Giấy nghỉ phép | Leave permit | GNP
        28 | Giấy đi đường | Travel permit | -
        29 | Giấy biên nhận hồ sơ | Receipt for a file | -
        30 | Phiếu gửi | Dispatch slip | PG
        31 | Phiếu chuyển | Transfer slip | PC
        32 | Thư công | Official personal letter | -
        """,
        Confidence.INFERRED,
        f"order of {_ND30} Art 7 and TT 01/2011/TT-BNV; the amendment may insert Phiếu báo in this tail",
        abbreviated=True,
    ),
)
"""``DocumentType/TypeDetail`` where Type is 2."""

ND30_TYPES: CodeList[CodeEntry] = CodeList(
    "nd30-type",
    Text("29 loại văn bản hành chính của Nghị định 30/2020", "The 29 administrative types of Decree 30/2020"),
    read_rows(
        """
        1 | Nghị quyết (cá biệt) | Resolution (individual) | NQ
        2 | Quyết định (cá biệt) | Decision (individual) | QĐ
        3 | Chỉ thị | Directive | CT
        4 | Quy chế | Statute | QC
        5 | Quy định | Regulation | QyĐ
        6 | Thông cáo | Communiqué | TC
        7 | Thông báo | Notice | TB
        8 | Hướng dẫn | Guidance | HD
        9 | Chương trình | Programme | CTr
        10 | Kế hoạch | Plan | KH
        11 | Phương án | Action scheme | PA
        12 | Đề án | Proposal scheme | ĐA
        13 | Dự án | Project | DA
        14 | Báo cáo | Report | BC
        15 | Biên bản | Minutes | BB
        16 | Tờ trình | Submission | TTr
        17 | Hợp đồng | Contract | HĐ
        18 | Công văn | Official letter | -
        19 | Công điện | Official telegram | CĐ
        20 | Bản ghi nhớ | Memorandum | BGN
        21 | Bản thỏa thuận | Written agreement | BTT
        22 | Giấy uỷ quyền | Letter of authorisation | GUQ
        23 | Giấy mời | Invitation | GM
        24 | Giấy giới thiệu | Letter of introduction | GGT
        25 | Giấy nghỉ phép | Leave permit | GNP
        26 | Phiếu gửi | Dispatch slip | PG
        27 | Phiếu chuyển | Transfer slip | PC
        28 | Phiếu báo | Notification slip | PB
        29 | Thư công | Official personal letter | -
        """,
        Confidence.REG,
        f"{_ND30} Art 7, App III",
        abbreviated=True,
    ),
)
"""Authoritative for names and abbreviations. The codes only number the decree's order; they stand in no packet."""

COPY_KINDS: CodeList[CodeEntry] = CodeList(
    "copy-kind",
    Text("Loại bản sao", "Kinds of copies"),
    read_rows(
        """
        SY | Bản sao y | True copy | SY
        TrS | Bản trích sao | Extract copy | TrS
        SL | Bản sao lục | Copy of a copy | SL
        """,
        Confidence.REG,
        f"{_ND30} App III",
        abbreviated=True,
    ),
)
"""What the number and notation of a copy begin with."""

PRIORITY: CodeList[CodeEntry] = CodeList(
    "priority",
    Text("Mức độ khẩn", "Urgency"),
    read_rows(
        """
        0 | Thường | Normal
        1 | Khẩn | Urgent
        2 | Thượng khẩn | Very urgent
        3 | Hỏa tốc | Flash
        """,
        Confidence.PRACTICE,
        f"vendor samples, edxml-convert, Bkav; the names of 1 to 3 are those of {_ND30} Art 4",
    )
    + read_rows(
        "4 | Hỏa tốc hẹn giờ | Flash at a set time",
        Confidence.PRACTICE,
        f"edxml-convert, Bkav (older); no level of {_ND30}",
    ),
)
"""``OtherInfo/Priority``. One Bkav database writes 5 for normal (conflict C-17 of the specification)."""

STEERING_TYPE: CodeList[CodeEntry] = CodeList(
    "steering-type",
    Text("Loại chỉ đạo", "Kind of steering"),
    read_rows(
        """
        0 | Không phải văn bản chỉ đạo | Not steering
        1 | Văn bản chỉ đạo (nơi khác hiểu: không phải văn bản chỉ đạo) | Steering (elsewhere: not steering)
        2 | Báo cáo thực hiện chỉ đạo (nơi khác hiểu: văn bản chỉ đạo) | Report on steering (elsewhere: steering)
        3 | Báo cáo kết quả chỉ đạo | Report on the outcome of steering
        """,
        Confidence.PRACTICE,
        "Bkav counts from 0, edxml-convert from 1: conflict C-06, base no behaviour on it",
    ),
)
"""``SteeringType``: products disagree on where it starts, so the number is shown and never acted upon."""

BUSSINESS_DOC_TYPE: CodeList[CodeEntry] = CodeList(
    "bussiness-doc-type",
    Text("Loại nghiệp vụ văn bản", "What the packet does"),
    read_rows(
        """
        0 | Văn bản mới | New document
        1 | Thu hồi | Recall
        2 | Cập nhật | Update
        3 | Thay thế | Replacement
        """,
        Confidence.PRACTICE,
        "vendor samples, edxml-convert, Bkav, vOffice",
    ),
)
"""``Bussiness/BussinessDocType``; a missing block means a new document (conflict C-15)."""

RECEIVER_TYPE: CodeList[CodeEntry] = CodeList(
    "receiver-type",
    Text("Thay đổi nơi nhận", "Change of a receiver"),
    read_rows("0 | Bị loại bỏ | Removed\n1 | Được thêm | Added", Confidence.PRACTICE, "edxml-convert"),
)
"""``ReceiverList/Receiver/ReceiverType`` of an update."""

CHANGED: CodeList[CodeEntry] = CodeList(
    "changed",
    Text("Có thay đổi hay không", "Whether something changed"),
    read_rows("0 | Không thay đổi | Unchanged\n1 | Có thay đổi | Changed", Confidence.PRACTICE, "edxml-convert, Bkav"),
)
"""``BussinessDocumentInfo/DocumentInfo`` and ``DocumentReceiver`` of an update."""

PAPER: CodeList[CodeEntry] = CodeList(
    "paper",
    Text("Bản giấy", "Paper copy"),
    read_rows(
        "0 | Không gửi bản giấy | No paper copy follows\n1 | Có gửi bản giấy | A paper copy is sent too",
        Confidence.PRACTICE,
        "vendor samples; edxml-convert calls it a number of pages (conflict C-20)",
    ),
)
"""``Bussiness/Paper``."""

DIRECTION: CodeList[CodeEntry] = CodeList(
    "direction",
    Text("Văn bản chỉ đạo", "Directive document"),
    read_rows(
        "false | Không phải văn bản chỉ đạo | No directive document\ntrue | Văn bản chỉ đạo | Directive document",
        Confidence.INFERRED,
        "vendor extension that the EdXML102 writer always writes; the meaning is inferred",
    ),
)
"""``OtherInfo/Direction``; readers take any other text as false."""


def _status(code: str, vi: str, en: str, sent_by: SentBy = SentBy.RECEIVER, *, reason: bool = False) -> StatusEntry:
    source = "vendor sample of a status packet"
    return StatusEntry(code, Text(vi, en), None, Confidence.PRACTICE, source, sent_by, reason_required=reason)


STATUS_CODE: CodeList[StatusEntry] = CodeList(
    "status-code",
    Text("Trạng thái xử lý văn bản", "Status of a document"),
    (
        _status("01", "Đã đến", "Arrived: fetched by the management system, not yet seen by the clerk"),
        _status("02", "Từ chối tiếp nhận", "Refused", reason=True),
        _status("03", "Đã tiếp nhận", "Accepted and registered"),
        _status("04", "Phân công", "Assigned for handling"),
        _status("05", "Đang xử lý", "In progress"),
        _status("06", "Hoàn thành", "Done"),
        _status("13", "Lấy lại (thu hồi)", "Take back: the sender asks for the document", SentBy.SENDER, reason=True),
        _status("15", "Đồng ý cập nhật / lấy lại", "Update or recall agreed to"),
        _status("16", "Từ chối cập nhật / lấy lại", "Update or recall refused"),
    ),
)
"""``StatusCode``. The codes 07 to 12 and 14 are in no use that is known: :func:`is_reserved`."""

ALL_LISTS: tuple[CodeList[CodeEntry] | CodeList[StatusEntry], ...] = (
    DOCUMENT_CLASSES,
    DOCUMENT_TYPES_LEGAL,
    DOCUMENT_TYPES_ADMINISTRATIVE,
    ND30_TYPES,
    COPY_KINDS,
    PRIORITY,
    STEERING_TYPE,
    BUSSINESS_DOC_TYPE,
    RECEIVER_TYPE,
    CHANGED,
    PAPER,
    DIRECTION,
    STATUS_CODE,
)
"""Every code list, for catalogues."""


class BussinessDocType(enum.IntEnum):
    """What a document packet does (``Bussiness/BussinessDocType``, spelled as in the packet)."""

    NEW = 0
    RECALL = 1
    UPDATE = 2
    REPLACE = 3


class Priority(enum.IntEnum):
    """Urgency of a document (``OtherInfo/Priority``)."""

    NORMAL = 0
    URGENT = 1
    VERY_URGENT = 2
    FLASH = 3
    FLASH_TIMED = 4


class StatusCode(enum.StrEnum):
    """What became of a document (``StatusCode``): two digits, as text. Who sends which is in :data:`STATUS_CODE`."""

    ARRIVED = "01"
    REFUSED = "02"
    ACCEPTED = "03"
    ASSIGNED = "04"
    IN_PROGRESS = "05"
    DONE = "06"
    TAKE_BACK = "13"
    CHANGE_AGREED = "15"
    CHANGE_REFUSED = "16"


_RESERVED = frozenset({"07", "08", "09", "10", "11", "12", "14"})
_STATUS_DIGITS = re.compile(r"\s*0*([0-9]{1,9})\s*")


def normalise_status(text: str) -> str:
    """Return a status code with two digits: ``1`` and ``001`` become ``01``; what is no number comes back unchanged.

    White space around a number is dropped. Source: conflict C-12 (some axes send the number as an integer).
    """
    match = _STATUS_DIGITS.fullmatch(text)
    return f"{int(match[1]):02d}" if match else text


def is_reserved(code: str) -> bool:
    """Return whether *code* is a status between those in use (07 to 12, 14), which no known product sends."""
    return normalise_status(code) in _RESERVED


class DocumentTypeRule(enum.Enum):
    """Which part of ``DocumentType`` told the type of a document."""

    NAME = "name"
    """TypeName."""

    DETAIL = "detail"
    """TypeDetail, in the list that Type selects."""

    ADMINISTRATIVE_CODE_IN_TYPE = "administrative-code-in-type"
    """Type above 2, taken as a code of the administrative list (practice: .NET SDK)."""


@attrs.frozen
class DocumentTypeMatch:
    """The type of a document, and which rule told it.

    ``type`` and ``type_detail`` are what a correct packet says; ``type_detail`` is None for the one type that the
    packet's lists do not name (Phiếu báo).
    """

    entry: CodeEntry
    rule: DocumentTypeRule
    type: int
    type_detail: int | None


def document_type(class_: int | None, type_detail: int | None, type_name: str | None) -> DocumentTypeMatch | None:
    """Return what type of document the three elements of ``DocumentType`` name, or None if nothing does.

    *class_* is the element Type, the others are as they are called. Products disagree on the numbers (conflict
    C-05), so the name decides where it is known; then TypeDetail, if above zero and Type is 1 or 2; then a Type
    above 2 as a code of the administrative list. A name that both lists have (Nghị quyết, Quyết định, Chỉ thị)
    counts as administrative when it says "(cá biệt)", else as legal only when Type is 1.
    """
    named = _named(class_, type_name) if type_name else None
    if named is not None:
        return named
    if class_ in _LISTS_BY_CLASS and type_detail is not None and type_detail > 0:
        return _matched(class_, _LISTS_BY_CLASS[class_].get(type_detail), DocumentTypeRule.DETAIL)
    if class_ is not None and class_ > 2:
        entry = DOCUMENT_TYPES_ADMINISTRATIVE.get(class_)
        return _matched(2, entry, DocumentTypeRule.ADMINISTRATIVE_CODE_IN_TYPE)
    return None


_LISTS_BY_CLASS = {1: DOCUMENT_TYPES_LEGAL, 2: DOCUMENT_TYPES_ADMINISTRATIVE}


def _matched(class_: int, entry: CodeEntry | None, rule: DocumentTypeRule) -> DocumentTypeMatch | None:
    return None if entry is None else DocumentTypeMatch(entry, rule, class_, int(entry.code))


def _named(class_: int | None, name: str) -> DocumentTypeMatch | None:
    legal_first = class_ == 1 and "ca biet" not in search_key(name[:LONGEST_NAME])
    for number in (1, 2) if legal_first else (2, 1):
        match = _matched(number, _LISTS_BY_CLASS[number].find(name), DocumentTypeRule.NAME)
        if match is not None:
            return match
    entry = ND30_TYPES.find(name)
    return None if entry is None else DocumentTypeMatch(entry, DocumentTypeRule.NAME, 2, None)
