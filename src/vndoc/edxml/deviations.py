"""What reading reports: one row for each way in which real packets depart from the standard.

A tolerant reader reads a legal document although a vendor misspelled a tag; a :class:`Deviation` says so.
Identifiers are stable. ``note``: harmless; ``warning``: peers may read it otherwise; ``error``: something
could not be understood and is missing from the packet value.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

import attrs

from vndoc.errors import Place
from vndoc.text import Lang, Text, shorten

__all__ = ["DEVIATIONS", "Collected", "Deviation", "DeviationKind", "Severity"]


class Severity(enum.StrEnum):
    """How much a deviation or finding matters."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@attrs.frozen(kw_only=True)
class DeviationKind:
    """One row of the table. ``clause`` names what it departs from, or the variant (C-xx) it belongs to."""

    id: str
    severity: Severity
    clause: str
    text: Text


@attrs.frozen
class Deviation:
    """One departure found in one packet: which, where, what stood there and what was expected."""

    id: str
    place: Place
    found: str | None = None
    expected: str | None = None

    @property
    def kind(self) -> DeviationKind:
        """Return the table row."""
        return DEVIATIONS[self.id]

    @property
    def severity(self) -> Severity:
        """Return how much it matters."""
        return self.kind.severity

    def text(self, lang: Lang = "en") -> str:
        """Return the message in *lang*; what was found is shortened, citizen numbers and data of staff are masked."""
        return self.kind.text.render(lang, found=self._shown(80), expected=shorten(self.expected or "", 80))

    def _shown(self, limit: int) -> str:
        if self.id in _OF_CONTENT and "/StaffInfo" in self.place.path:
            return "***"
        return shorten(self.found or "", limit)

    def __repr__(self) -> str:
        return f"Deviation({self.id!r}, {self.place.path!r}, found={self._shown(60)!r})"


_OF_CONTENT = frozenset({"unexpected-text"})
"""Deviations that show what stood in an element without a type, which may be anybody's telephone number."""

_N, _W, _E = Severity.NOTE, Severity.WARNING, Severity.ERROR

_ROWS: tuple[tuple[str, Severity, str, str, str], ...] = (
    # -- the file ------------------------------------------------------------------------------------
    ("junk-before-xml", _W, "C-21",
     "Có ký tự lạ trước phần XML ({found}); đã bỏ qua.", "Stray characters before the XML ({found}) were skipped."),
    ("encoding-mismatch", _W, "C-21",
     "Bảng mã khai báo không đúng với nội dung tệp; đã đọc theo nội dung.",
     "The declared encoding is not that of the octets; the octets were believed."),
    ("xlink-undeclared", _W, "C-21",
     "Tiền tố xlink chưa được khai báo; đã tự khai báo khi đọc.",
     "The prefix xlink is not declared; it was declared for reading."),
    # -- namespace and layout ------------------------------------------------------------------------
    ("namespace-missing", _W, "QCVN 102; 4.1",
     "Gói tin không khai báo không gian tên.", "The packet has no namespace."),
    ("namespace-bkav", _W, "11",
     "Gói tin dùng không gian tên của Bkav ({found}).", "The packet is in the namespace of Bkav ({found})."),
    ("dialect-go-vn", _W, "11", "Gói tin ở dạng phẳng {found}.", "The packet is in the flattened form {found}."),
    ("namespace-mixed", _W, "QCVN 102; 4.1",
     "Phần tử {found} thuộc không gian tên khác với gói tin.",
     "The element {found} is in another namespace than the packet."),
    ("prefix-layout", _N, "C-08",
     "Tiền tố đặt khác quy chuẩn: {found}, quy chuẩn viết {expected}.",
     "The prefix layout differs: {found}, the standard writes {expected}."),
    ("attachment-prefix-layout", _N, "C-08",
     "Tiền tố trong AttachmentEncoded đặt khác quy chuẩn: {found}, quy chuẩn viết {expected}.",
     "The prefix layout of AttachmentEncoded differs: {found}, the standard writes {expected}."),
    ("element-spelling", _N, "C-07",
     "Tên phần tử viết là {found}, quy chuẩn viết {expected}.",
     "An element is spelled {found}, the standard spells {expected}."),
    ("manifest-name", _N, "4.3.4",
     "Phần tử danh mục tệp có tên {found}, quy chuẩn đặt tên là {expected}.",
     "The manifest is called {found}, the standard calls it {expected}."),
    ("unknown-element", _N, "4.3",
     "Phần tử {found} không có trong quy chuẩn; đã bỏ qua.",
     "The element {found} is not in the standard; it was skipped."),
    ("unexpected-children", _W, "4.3",
     "Phần tử {found} chỉ được chứa chữ nhưng có phần tử con; đã ghép tất cả các đoạn chữ bên trong.",
     "The element {found} should hold text only but has elements inside; all text in it was joined."),
    ("unexpected-text", _W, "4.3",
     "Có chữ “{found}” ở nơi chỉ được có phần tử.", 'There is text "{found}" where only elements belong.'),
    ("repeated-element", _W, "4.3",
     "Phần tử {found} lặp lại; chỉ giữ phần tử đầu tiên có nội dung.",
     "The element {found} stands more than once; only the first with content was kept."),
    ("repeated-part", _E, "4.1",
     "Gói tin có thêm một {found}; phần này không được đọc.",
     "The packet has another {found}; this one was not read."),
    ("repeated-container", _W, "4.1",
     "Gói tin có thêm một {found}; các phần bên trong được đọc gộp với phần tử đầu tiên.",
     "The packet has another {found}; the parts inside were read together with those of the first."),
    ("empty-block", _N, "4.3.2", "Khối {found} rỗng; đã bỏ qua.", "The block {found} is empty; it was skipped."),
    ("misplaced-element", _W, "4.1",
     "Phần tử {found} đặt sai chỗ; phải nằm trong {expected}.",
     "The element {found} stands in the wrong place; it belongs into {expected}."),
    # -- parts that are missing ------------------------------------------------------------------------
    ("trace-missing", _W, "4.3.3", "Gói tin không có TraceHeaderList.", "The packet has no TraceHeaderList."),
    ("business-missing", _N, "C-15",
     "Không có khối Bussiness; văn bản được coi là văn bản mới.",
     "There is no Bussiness block; the document counts as new."),
    ("manifest-missing", _W, "4.3.4",
     "Có tệp đính kèm nhưng không có edXMLBody/edXMLManifest.",
     "There are attachments but no edXMLBody/edXMLManifest."),
    ("attachments-missing", _N, "4.1", "Không có AttachmentEncoded.", "There is no AttachmentEncoded."),
    ("status-extra-part", _N, "4.7",
     "Gói tin trạng thái chứa thêm {found}; đã bỏ qua.", "The status packet also has {found}; it was skipped."),
    ("status-attachments", _E, "4.7",
     "Gói tin trạng thái có tệp đính kèm (số lượng: {found}); các tệp này không được đọc.",
     "The status packet has attachments ({found}); they were not read."),
    ("kind-ambiguous", _E, "4.7",
     "Phần đầu có cả phần tử của gói tin văn bản lẫn của gói tin trạng thái ({found}); chỉ đọc được theo một loại.",
     "The header has elements of document and status packets ({found}); it was read as only one of them."),
    # -- numbers, flags, codes -----------------------------------------------------------------------
    ("empty-integer", _W, "4.3.2",
     "Phần tử số nguyên {found} rỗng; khi không có giá trị thì phải bỏ hẳn phần tử.",
     "The integer element {found} is empty; it must be left out."),
    ("integer-invalid", _E, "4.3.2", "Giá trị “{found}” không phải là số nguyên.", 'The value "{found}" is no integer.'),
    ("boolean-numeric", _N, "4.3.2",
     "Giá trị đúng/sai viết bằng số ({found}), quy chuẩn viết {expected}.",
     "The boolean is written as a number ({found}), the standard writes {expected}."),
    ("boolean-invalid", _W, "5.6",
     "Giá trị “{found}” không phải là true hay false.", 'The value "{found}" is neither true nor false.'),
    ("priority-five", _W, "C-17", "Độ khẩn là 5; được hiểu là thường (0).", "Priority 5 was read as normal (0)."),
    ("paper-count", _W, "C-20",
     "Paper là {found}, chỉ được là 0 hoặc 1.", "Paper is {found}, only 0 or 1 are allowed."),
    ("status-code-form", _N, "C-12",
     "Mã trạng thái viết là “{found}”, quy chuẩn viết {expected}.",
     'The status code is written "{found}", the standard writes {expected}.'),
    ("document-type-code", _N, "C-05",
     "Type là {found}: đây là mã loại văn bản, lẽ ra phải nằm ở TypeDetail.",
     "Type is {found}: this is the code of a type of document, which belongs into TypeDetail."),
    ("document-type-name-only", _N, "11",
     "DocumentType chỉ có tên loại (“{found}”).", 'DocumentType holds only a name ("{found}").'),
    ("type-detail-zero", _N, "C-05",
     "TypeDetail là 0: không nêu loại văn bản.", "TypeDetail is 0: it names no type of document."),
    # -- identifiers -----------------------------------------------------------------------------------
    ("organ-code-irregular", _W, "2.6",
     "Mã định danh “{found}” không theo quy định.", 'The agency code "{found}" follows no scheme.'),
    ("trace-organ-missing", _N, "C-14",
     "Một chặng trong TraceHeaderList không nêu mã định danh cơ quan.",
     "A hop in TraceHeaderList names no agency code."),
    ("document-id-dashes", _W, "C-03",
     "Mã văn bản “{found}” viết ngày bằng dấu gạch nối.",
     'The document id "{found}" writes its date with dashes.'),
    ("document-id-form", _N, "C-03",
     "Mã văn bản “{found}” không ở dạng <mã cơ quan>,<ngày>,<số>/<ký hiệu>.",
     'The document id "{found}" is not of the form <agency>,<date>,<number>/<notation>.'),
    ("code-split", _W, "C-04",
     "Số và ký hiệu nằm trong hai phần tử con, quy chuẩn viết chung là {expected}; đã ghép bằng dấu gạch chéo.",
     "Number and notation stand in two elements inside, the standard writes {expected}; they were joined by a slash."),
    ("code-joined", _W, "C-04",
     "Số và ký hiệu viết chung trong một phần tử (“{found}”); đã tách ở dấu gạch chéo đầu tiên.",
     'Number and notation stand in one element ("{found}"); they were split at the first slash.'),
    # -- dates ----------------------------------------------------------------------------------------
    ("date-order", _W, "C-11",
     "Ngày “{found}” viết theo thứ tự ngày/tháng/năm, quy chuẩn viết {expected}.",
     'The date "{found}" has the day first, the standard writes {expected}.'),
    ("date-iso", _W, "C-11",
     "Ngày “{found}” viết theo ISO 8601, quy chuẩn viết {expected}.",
     'The date "{found}" is in ISO form, the standard writes {expected}.'),
    ("date-form", _W, "C-11",
     "Ngày “{found}” dùng dấu chấm ngăn cách hoặc có phần lẻ của giây, quy chuẩn viết {expected}.",
     'The date "{found}" has dots between its numbers or a fraction of a second, the standard writes {expected}.'),
    ("date-with-time", _N, "C-11",
     "Ngày “{found}” có cả giờ; đã bỏ phần giờ.", 'The date "{found}" has a time part, which was dropped.'),
    ("date-epoch", _W, "C-11",
     "Ngày “{found}” là số mili giây, quy chuẩn viết {expected}.",
     'The date "{found}" counts milliseconds, the standard writes {expected}.'),
    ("date-padding", _N, "C-11",
     "Ngày “{found}” thiếu số 0 đứng trước, quy chuẩn viết {expected}.",
     'The date "{found}" lacks leading zeros, the standard writes {expected}.'),
    ("date-invalid", _E, "C-11",
     "Ngày “{found}” không tồn tại hoặc không đọc được.", 'The date "{found}" does not exist or cannot be read.'),
    ("timestamp-order", _W, "C-11",
     "Thời điểm “{found}” viết theo thứ tự ngày/tháng/năm, quy chuẩn viết {expected}.",
     'The timestamp "{found}" has the day first, the standard writes {expected}.'),
    ("timestamp-iso", _W, "C-11",
     "Thời điểm “{found}” viết theo ISO 8601, quy chuẩn viết {expected}.",
     'The timestamp "{found}" is in ISO form, the standard writes {expected}.'),
    ("timestamp-form", _W, "C-11",
     "Thời điểm “{found}” dùng dấu chấm ngăn cách hoặc có phần lẻ của giây, quy chuẩn viết {expected}.",
     'The timestamp "{found}" has dots between its numbers or a fraction of a second, the standard writes {expected}.'),
    ("timestamp-without-time", _W, "C-11", "Thời điểm “{found}” không có giờ.", 'The timestamp "{found}" has no time.'),
    ("timestamp-epoch", _W, "C-11",
     "Thời điểm “{found}” là số mili giây, quy chuẩn viết {expected}.",
     'The timestamp "{found}" counts milliseconds, the standard writes {expected}.'),
    ("timestamp-padding", _N, "C-11",
     "Thời điểm “{found}” thiếu số 0 đứng trước hoặc thiếu giây, quy chuẩn viết {expected}.",
     'The timestamp "{found}" lacks leading zeros or seconds, the standard writes {expected}.'),
    ("timestamp-invalid", _E, "C-11",
     "Thời điểm “{found}” không tồn tại hoặc không đọc được.", 'The timestamp "{found}" does not exist or cannot be read.'),
    # -- signature ------------------------------------------------------------------------------------
    ("signature-namespace", _W, "C-16",
     "Chữ ký nằm trong không gian tên của gói tin, không phải XMLDSig: không kiểm tra được.",
     "The signature is in the packet's namespace, not that of XML-DSig: no verifier finds it."),
    ("digital-signature-empty", _N, "C-16",
     "Có phần tử {found} rỗng thay cho chữ ký.", "There is an empty {found} instead of a signature."),
    ("signature-prefix", _N, "7.2", "Signature có tiền tố {found}.", "Signature has the prefix {found}."),
    # -- manifest and attachments --------------------------------------------------------------------
    ("content-id-doubled", _N, "C-09",
     "Mã nội dung “{found}” có cid: nhiều lần.", 'The content id "{found}" has cid: more than once.'),
    ("content-id-bare", _N, "C-09", "Mã nội dung “{found}” thiếu cid: ở đầu.", 'The content id "{found}" lacks cid: in front.'),
    ("reference-href-only", _N, "4.3.4",
     "Mục trong danh mục tệp chỉ có xlink:href (“{found}”), không có ContentId.",
     'The manifest entry has only xlink:href ("{found}"), no ContentId.'),
    ("reference-href-other", _W, "4.3.4",
     "Mục trong danh mục tệp có xlink:href “{found}” khác với ContentId “{expected}”; đã theo ContentId.",
     'The manifest entry has xlink:href "{found}" but ContentId "{expected}"; ContentId was followed.'),
    ("manifest-label", _N, "4.3.4",
     "Danh mục tệp ghi kiểu “{found}”, tệp đính kèm ghi “{expected}”.",
     'The manifest says type "{found}", the attachment says "{expected}".'),
    ("content-type-missing", _W, "4.3.5",
     "Tệp đính kèm “{found}” không có ContentType.", 'The attachment "{found}" has no ContentType.'),
    ("zip-label-raw", _W, "C-10",
     "Tệp đính kèm “{found}” ghi là application/zip nhưng không phải tệp nén; đã giữ nguyên.",
     'The attachment "{found}" is labelled application/zip but is no zip; it was kept as it is.'),
    ("zip-unlabelled", _N, "C-10",
     "Tệp đính kèm “{found}” là tệp nén nhưng ghi kiểu khác; đã giải nén.",
     'The attachment "{found}" is a zip with another label; it was unpacked.'),
    ("zip-many-entries", _W, "4.3.5",
     "Tệp nén “{found}” không chứa đúng một tệp; đã giữ nguyên tệp nén.",
     'The zip "{found}" does not hold exactly one file; the zip was kept.'),
    ("zip-entry-path", _W, "4.3.5",
     "Tên tệp trong tệp nén “{found}” có đường dẫn; đã bỏ qua tên này.",
     'The entry name in the zip of "{found}" has a path; the name was ignored.'),
    ("zip-unsupported", _W, "4.3.5",
     "Tệp nén “{found}” có mật khẩu hoặc dùng cách nén lạ; đã giữ nguyên tệp nén.",
     'The zip "{found}" is encrypted or uses a rare compression; the zip was kept.'),
    ("zip-damaged", _W, "4.3.5",
     "Tệp nén “{found}” hỏng; đã giữ nguyên.", 'The zip "{found}" is damaged; it was kept as it is.'),
    ("zip-bomb", _E, "4.3.5",
     "Tệp nén “{found}” giải nén vượt quá giới hạn; không mở được.",
     'The zip "{found}" expands beyond the limits; it cannot be opened.'),
    ("base64-white-space", _N, "4.3.5",
     "Có khoảng trắng hoặc xuống dòng trong base64 của “{found}”.", 'There is white space inside the base64 of "{found}".'),
    ("base64-damaged", _E, "4.3.5",
     "Base64 của “{found}” hỏng tại vị trí {expected}.", 'The base64 of "{found}" is damaged at character {expected}.'),
    ("base64-padding", _E, "4.3.5",
     "Base64 của “{found}” có dấu = ở giữa, tại vị trí {expected}.",
     'The base64 of "{found}" has padding in the middle, at character {expected}.'),
    ("base64-truncated", _E, "4.3.5", "Base64 của “{found}” bị cắt cụt.", 'The base64 of "{found}" is cut short.'),
    ("base64-children", _E, "4.3.5",
     "Trong base64 của “{found}” có phần tử XML; không dùng được nội dung.",
     'There are elements inside the base64 of "{found}"; its content cannot be used.'),
    ("content-missing", _E, "4.3.5",
     "Tệp đính kèm “{found}” không có nội dung.", 'The attachment "{found}" has no content element.'),
    ("attachment-name-unsafe", _W, "13",
     "Tên tệp “{found}” chứa đường dẫn hoặc ký tự điều khiển.",
     'The file name "{found}" has a path or control characters.'),
    ("attachment-name-bracket", _N, "4.3.5",
     "Tên tệp “{found}” thừa dấu > ở cuối.", 'The file name "{found}" ends in a stray >.'),
    ("attachment-too-large", _E, "vndoc",
     "Tệp đính kèm “{found}” lớn hơn {expected} byte; không mở được.",
     'The attachment "{found}" is larger than {expected} bytes; it cannot be opened.'),
    # -- the list itself -------------------------------------------------------------------------------
    ("deviations-cut", _W, "vndoc",
     "Có hơn {expected} sai lệch; phần còn lại không được liệt kê.",
     "There are more than {expected} deviations; the rest is not listed."),
)  # fmt: skip

DEVIATIONS: Mapping[str, DeviationKind] = MappingProxyType(
    {
        id_: DeviationKind(id=id_, severity=severity, clause=clause, text=Text(vi, en))
        for id_, severity, clause, vi, en in _ROWS
    }
)
"""Every deviation by its id."""


class Collected:
    """The deviations of one packet while they are found: at most *limit*, then one entry says that the list was cut.

    An error that comes later takes the place of the last entry that is none, so that a list without errors means that
    there were none.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._harmless = limit
        """Behind so many entries all are errors, once the list is full."""
        self._found: list[Deviation] = []
        self._is_cut = False

    def takes(self, id_: str) -> bool:
        """Return whether one of the kind *id_* is to be added; room is made for it, or the list is cut."""
        found = self._found
        if len(found) < self._limit:
            return True
        self._is_cut = True
        if DEVIATIONS[id_].severity is not Severity.ERROR:
            return False
        while self._harmless and found[self._harmless - 1].severity is Severity.ERROR:
            self._harmless -= 1
        if not self._harmless:
            return not found
        self._harmless -= 1
        del found[self._harmless]
        return True

    def add(self, deviation: Deviation) -> None:
        """Add *deviation*, which :meth:`takes` has said yes to."""
        self._found.append(deviation)

    def listed(self) -> tuple[Deviation, ...]:
        """Return all, and that there were more."""
        if not self._is_cut:
            return tuple(self._found)
        return (*self._found, Deviation("deviations-cut", Place("/"), expected=str(self._limit)))
