"""The element table: one row for each element of both packet kinds.

Reader, writer, both schemas, the length rules, the JSON form and the documentation are all driven by it.
Rows stand in the order in which the vendor's writer puts them; readers accept any order.

Source: QCVN 102:2016/BTTTT, SD1:2022. Lengths and cardinalities carry their own source key, see
:data:`LENGTH_SOURCES`; ``minimum`` is what we enforce on output.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import attrs

from vndoc.envelope import (
    Attachment,
    Bussiness,
    BussinessDocumentInfo,
    DocumentPacket,
    DocumentType,
    Organization,
    OtherInfo,
    PromulgationInfo,
    Receiver,
    ReplacementInfo,
    ResponseFor,
    SignerInfo,
    StaffInfo,
    StatusPacket,
    TraceHeader,
    TraceHeaderList,
)
from vndoc.identifiers import DocumentCode
from vndoc.text import Text, shorten

__all__ = [
    "ATTACHMENT",
    "ATTACHMENT_ENCODED",
    "BODY",
    "DOCUMENT",
    "ENVELOPE",
    "HEADER",
    "LENGTH_SOURCES",
    "MANIFEST",
    "NAMESPACE",
    "NAMESPACES",
    "PREFIX",
    "REFERENCE",
    "ROOT",
    "SIGNATURE",
    "STATUS",
    "TRACE_HEADER_LIST",
    "XLINK",
    "XMLDSIG",
    "Attribute",
    "Element",
    "Kind",
    "Reference",
    "walk",
]

NAMESPACE = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
"""Namespace of the standard."""
BKAV = "http://www.e-doc.vn/Schema/"
GO_VN = "http://www.go.vn/eDoc"
XLINK = "http://www.w3.org/1999/xlink"
"""Namespace of ``xlink:href`` in the manifest."""
XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
"""Namespace of XML signatures."""
PREFIX = "edXML"
"""Prefix that the standard layout declares."""

NAMESPACES: Mapping[str, str] = MappingProxyType(
    {NAMESPACE: "qcvn-102", "": "no-namespace", BKAV: "bkav", GO_VN: "go-vn"}
)
"""Namespaces that packets are read from, with the name of the dialect."""

ROOT, ENVELOPE, HEADER, BODY, ATTACHMENT_ENCODED, SIGNATURE = (
    "edXML",
    "edXMLEnvelope",
    "edXMLHeader",
    "edXMLBody",
    "AttachmentEncoded",
    "Signature",
)
"""Names of the containers around the parts."""

LENGTH_SOURCES: Mapping[str, Text] = MappingProxyType(
    {
        "N": Text("Nghị định 30/2020/NĐ-CP, Phụ lục VI", "Decree 30/2020, App VI"),
        "B": Text(
            "giới hạn trong bộ kiểm tra của Bkav (theo bảng của QCVN)",
            "limits of the Bkav checker (they follow the QCVN)",
        ),
        "B-old": Text("như trên, bản cũ hơn", "the same, older snapshots"),
        "S": Text("Sửa đổi 1:2022 QCVN 102:2016", "SD1:2022 of QCVN 102:2016"),
        "H": Text("lược đồ cơ sở dữ liệu của một trường đại học", "schema of a university's system"),
        "P": Text("thực tế các hệ thống", "practice"),
    }
)
"""What the letter behind a length means: who says so."""


class Kind(enum.Enum):
    """What the content of an element is."""

    TEXT = "text"
    INTEGER = "integer"
    DATE = "date"
    TIMESTAMP = "timestamp"
    BOOLEAN = "boolean"
    ORGAN_CODE = "organ-code"
    STATUS_CODE = "status-code"
    DOCUMENT_ID = "document-id"
    BASE64 = "base64"
    BLOCK = "block"
    """Child elements that make one model value."""
    WRAPPER = "wrapper"
    """One repeating child that makes a tuple in the surrounding model."""


@attrs.frozen(kw_only=True)
class Attribute:
    """One attribute; ``namespace`` is ``None`` for none. ``fixed`` is written where the model has no field."""

    name: str
    field: str | None = None
    namespace: str | None = None
    fixed: str | None = None
    required: bool = False
    meaning: Text


@attrs.frozen(kw_only=True)
class Element:
    """One row of the table.

    ``field`` names the model field that holds the value; ``minimum`` and ``maximum`` (``None``:
    unbounded) are cardinalities on output; ``length`` counts characters; ``codes`` names a code list.
    """

    name: str
    field: str
    kind: Kind
    minimum: int = 0
    maximum: int | None = 1
    length: int | None = None
    length_source: str | None = None
    lower: int | None = None
    codes: str | None = None
    model: type | None = None
    children: tuple[Element, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    aliases: tuple[str, ...] = ()
    prefixed: bool = True
    extension: bool = False
    meaning: Text

    @property
    def repeats(self) -> bool:
        """Return whether the element may stand more than once."""
        return self.maximum is None or self.maximum > 1

    @property
    def carried(self) -> tuple[tuple[str, str], ...]:
        """Return name and model field of each attribute whose value the model holds."""
        return tuple((attribute.name, attribute.field) for attribute in self.attributes if attribute.field)

    def child(self, name: str) -> Element:
        """Return the child row called *name*; ``KeyError`` if there is none."""
        for row in self.children:
            if row.name == name:
                return row
        raise KeyError(name)


def _masked(value: str | None) -> str:
    return repr(None if value is None else shorten(value))


def _reference_field() -> Any:
    return attrs.field(default=None, repr=_masked)


@attrs.frozen(kw_only=True)
class Reference:
    """One entry of the manifest as it stood in the file. Values of packets do not keep it: it is derived."""

    content_id: str | None = _reference_field()
    content_type: str | None = _reference_field()
    description: str | None = _reference_field()
    attachment_name: str | None = _reference_field()


def _text(name: str, field: str, vi: str, en: str, length: int | None = None, source: str | None = None, *,
          minimum: int = 0, maximum: int | None = 1, extension: bool = False, prefixed: bool = True,
          aliases: tuple[str, ...] = (), codes: str | None = None) -> Element:  # fmt: skip
    return Element(
        name=name, field=field, kind=Kind.TEXT, minimum=minimum, maximum=maximum, length=length,
        length_source=source, extension=extension, prefixed=prefixed, aliases=aliases, codes=codes,
        meaning=Text(vi, en),
    )  # fmt: skip


def _typed(kind: Kind, name: str, field: str, vi: str, en: str, *, minimum: int = 0, maximum: int | None = 1,
           codes: str | None = None, lower: int | None = None, aliases: tuple[str, ...] = ()) -> Element:  # fmt: skip
    length, source = {Kind.ORGAN_CODE: (35, "S")}.get(kind, (None, None))
    return Element(
        name=name, field=field, kind=kind, minimum=minimum, maximum=maximum, codes=codes, lower=lower,
        length=length, length_source=source, aliases=aliases, meaning=Text(vi, en),
    )  # fmt: skip


def _document_id(vi: str, en: str, *, minimum: int = 0) -> Element:
    return Element(
        name="DocumentId", field="document_id", kind=Kind.DOCUMENT_ID, minimum=minimum, length=200,
        length_source="H", meaning=Text(vi, en),
    )  # fmt: skip


def _block(name: str, field: str, model: type, children: tuple[Element, ...], vi: str, en: str, *,
           minimum: int = 0, maximum: int | None = 1, aliases: tuple[str, ...] = (), prefixed: bool = True,
           attributes: tuple[Attribute, ...] = ()) -> Element:  # fmt: skip
    return Element(
        name=name, field=field, kind=Kind.BLOCK, model=model, children=children, minimum=minimum,
        maximum=maximum, aliases=aliases, prefixed=prefixed, attributes=attributes, meaning=Text(vi, en),
    )  # fmt: skip


def _wrapper(name: str, child: Element, vi: str, en: str, *, aliases: tuple[str, ...] = ()) -> Element:
    return Element(
        name=name, field=child.field, kind=Kind.WRAPPER, children=(child,), aliases=aliases, meaning=Text(vi, en)
    )


_ORGANIZATION = (
    _typed(Kind.ORGAN_CODE, "OrganId", "organ_id", "Mã định danh cơ quan, đơn vị", "agency code", minimum=1),
    _text(
        "OrganizationInCharge",
        "organization_in_charge",
        "Tên cơ quan chủ quản cấp trên",
        "name of the superior agency",
        500,
        "B",
    ),
    _text("OrganName", "organ_name", "Tên cơ quan, tổ chức", "agency name", 200, "N", minimum=1),
    _text("OrganAdd", "organ_add", "Địa chỉ", "postal address", 500, "B"),
    _text("Email", "email", "Thư điện tử", "e-mail address", 100, "B"),
    _text("Telephone", "telephone", "Điện thoại", "telephone, free text", 20, "B"),
    _text("Fax", "fax", "Số fax", "fax", 20, "B"),
    _text("Website", "website", "Trang thông tin điện tử", "web site", 100, "H"),
)

_RESPONSE_FOR = (
    _typed(Kind.ORGAN_CODE, "OrganId", "organ_id", "Mã định danh của bên kia", "agency code of the other side"),
    _text("Code", "code", "Số/ký hiệu của văn bản gốc", "number/notation of the original document", 42, "N"),
    _document_id("Mã văn bản gốc", "id of the original document"),
    _typed(Kind.DATE, "PromulgationDate", "promulgation_date", "Ngày ban hành văn bản gốc", "its date of issue"),
)

_STAFF_INFO = (
    _text("Department", "department", "Phòng, ban xử lý", "department", 300, "P"),
    _text("DepartmentId", "department_id", "Mã phòng, ban", "id of the department", extension=True),
    _text("Staff", "staff", "Cán bộ xử lý", "name of the clerk", 300, "P"),
    _text("StaffId", "staff_id", "Mã cán bộ", "id of the clerk", extension=True),
    _text("Email", "email", "Thư điện tử", "e-mail address", 100, "P"),
    _text("Mobile", "mobile", "Điện thoại di động", "mobile telephone", 30, "P"),
)

_OTHER_INFO = (
    _typed(Kind.INTEGER, "Priority", "priority", "Mức độ khẩn", "urgency", minimum=1, codes="priority"),
    _text("SphereOfPromulgation", "sphere_of_promulgation", "Phạm vi lưu hành", "circulation scope", 100, "B"),
    _text("TyperNotation", "typer_notation", "Ký hiệu người soạn thảo, đánh máy", "initials of the drafter", 10, "B"),
    _typed(Kind.INTEGER, "PromulgationAmount", "promulgation_amount", "Số lượng bản phát hành", "copies issued",
        lower=0),
    _typed(Kind.INTEGER, "PageAmount", "page_amount", "Số trang", "pages", lower=0),
    _text("ReplyFors", "reply_fors", "Văn bản được trả lời", "documents being answered", extension=True),
    _typed(Kind.BOOLEAN, "Direction", "direction", "Là văn bản chỉ đạo", "is a directive document"),
    _text("ReferenceCodes", "reference_codes", "Văn bản liên quan", "related documents", extension=True),
    _wrapper("Appendixes",
             _text("Appendix", "appendixes", "Tên phụ lục", "name of one appendix", 250, "B-old", maximum=None),
             "Danh mục phụ lục", "names of appendices", aliases=("Appendix",)),
)  # fmt: skip

_HEADER_BLOCKS = (
    _block("From", "from_", Organization, _ORGANIZATION, "Cơ quan gửi", "sender", minimum=1),
    _block("To", "to", Organization, _ORGANIZATION, "Cơ quan nhận", "one receiver", minimum=1, maximum=None),
    _document_id("Mã văn bản", "document id", minimum=1),
    _block("Code", "code", DocumentCode, (
        _text("CodeNumber", "number", "Số văn bản", "document number", 11, "N", minimum=1),
        _text("CodeNotation", "notation", "Ký hiệu văn bản", "notation", 30, "N", minimum=1),
    ), "Số, ký hiệu", "number and notation", minimum=1),
    _block("PromulgationInfo", "promulgation_info", PromulgationInfo, (
        _text("Place", "place", "Nơi ban hành", "place of issue", 50, "B"),
        _typed(Kind.DATE, "PromulgationDate", "promulgation_date", "Ngày ban hành", "date of issue", minimum=1),
    ), "Thông tin ban hành", "place and date of issue", minimum=1),
    _block("DocumentType", "document_type", DocumentType, (
        _typed(Kind.INTEGER, "Type", "type", "Nhóm loại văn bản", "class of document", minimum=1,
            codes="document-class"),
        _typed(Kind.INTEGER, "TypeDetail", "type_detail", "Loại văn bản", "type of document within the class",
            codes="document-type"),
        _text("TypeName", "type_name", "Tên loại văn bản", "name of the type", 100, "N", minimum=1),
    ), "Loại văn bản", "type of document", minimum=1),
    _text("Subject", "subject", "Trích yếu nội dung", "abstract", 500, "N", minimum=1),
    _text("Content", "content", "Nội dung tóm tắt", "short content", 500, "B"),
    _block("SignerInfo", "signer_info", SignerInfo, (
        _text("Competence", "competence", "Quyền hạn ký", "authority prefix", 100, "B"),
        _text("Position", "position", "Chức vụ người ký", "title of the signer", 100, "N"),
        _text("FullName", "full_name", "Họ và tên người ký", "name of the signer", 50, "N", aliases=("Signer",)),
    ), "Người ký", "signer"),
    _typed(Kind.DATE, "DueDate", "due_date", "Hạn trả lời", "deadline for reply"),
    _block("OtherInfo", "other_info", OtherInfo, _OTHER_INFO, "Thông tin khác", "other information", minimum=1),
    _block("ResponseFor", "response_for", ResponseFor, _RESPONSE_FOR, "Văn bản được phúc đáp, thu hồi",
           "document answered or recalled", maximum=None),
    _typed(Kind.INTEGER, "SteeringType", "steering_type", "Loại chỉ đạo", "kind of steering", codes="steering-type"),
    _wrapper("ResponseForTask",
             _text("TaskCode", "response_for_task", "Mã nhiệm vụ", "code of one task", maximum=None, extension=True),
             "Nhiệm vụ được báo cáo", "tasks being reported on"),
    _text("ApplicationType", "application_type", "Loại ứng dụng", "kind of application", extension=True),
    _wrapper("ToPlaces", _text("Place", "to_places", "Một dòng nơi nhận", "one line", 150, "B", maximum=None,
        minimum=1),
             "Nơi nhận", "the lines of 'Nơi nhận'; not used for routing"),
)  # fmt: skip

_BUSSINESS = (
    _document_id("Mã văn bản bị tác động", "id of the target document"),
    _typed(Kind.INTEGER, "BussinessDocType", "bussiness_doc_type", "Loại nghiệp vụ", "business operation", minimum=1,
           codes="bussiness-doc-type", aliases=("BusinessDocType",)),
    _text("BussinessDocReason", "bussiness_doc_reason", "Lý do", "reason", 500, "P", aliases=("BusinessDocReason",)),
    _typed(Kind.INTEGER, "Paper", "paper", "Có gửi kèm bản giấy", "whether a paper copy follows", codes="paper"),
    _block("BussinessDocumentInfo", "bussiness_document_info", BussinessDocumentInfo, (
        _typed(Kind.INTEGER, "DocumentInfo", "document_info", "Nội dung thay đổi", "whether the content changed",
            codes="changed"),
        _typed(Kind.INTEGER, "DocumentReceiver", "document_receiver", "Nơi nhận thay đổi",
            "whether the receivers changed", codes="changed"),
        _wrapper("ReceiverList", _block("Receiver", "receiver_list", Receiver, (
            _typed(Kind.ORGAN_CODE, "OrganId", "organ_id", "Mã định danh", "agency code", minimum=1),
            _typed(Kind.INTEGER, "ReceiverType", "receiver_type", "Thêm hoặc bớt", "added or removed", minimum=1,
                codes="receiver-type"),
        ), "Một nơi nhận thay đổi", "one changed receiver", minimum=1, maximum=None), "Nơi nhận thay đổi",
            "changed receivers"),
    ), "Thông tin cập nhật", "what an update changes", aliases=("BusinessDocumentInfo",)),
    _wrapper("ReplacementInfoList", _block("ReplacementInfo", "replacement_info_list", ReplacementInfo, (
        _document_id("Mã văn bản bị thay thế", "id of the replaced document", minimum=1),
        _wrapper("OrganIdList", _typed(Kind.ORGAN_CODE, "OrganId", "organ_id_list", "Mã định danh nơi nhận liên quan",
                 "receiver concerned", minimum=1, maximum=None), "Các nơi nhận liên quan", "receivers concerned"),
    ), "Một văn bản bị thay thế", "one replaced document", minimum=1, maximum=None), "Các văn bản bị thay thế",
        "replaced documents"),
    _block("StaffInfo", "staff_info", StaffInfo, _STAFF_INFO, "Cán bộ xử lý", "clerk", maximum=None),
)  # fmt: skip

TRACE_HEADER_LIST = _block(
    "TraceHeaderList",
    "trace_header_list",
    TraceHeaderList,
    (
        _block("Bussiness", "bussiness", Bussiness, _BUSSINESS, "Nghiệp vụ", "business operation",
            aliases=("Business",)),
        _block("TraceHeader", "trace_headers", TraceHeader, (
            _typed(Kind.ORGAN_CODE, "OrganId", "organ_id", "Nơi đi qua", "agency or axis centre of this hop",
                   aliases=("Path",)),
            _typed(Kind.TIMESTAMP, "Timestamp", "timestamp", "Thời điểm", "local time in Vietnam", minimum=1,
                aliases=("Time",)),
        ), "Một chặng", "one hop", minimum=1, maximum=None),
    ),
    "Vết gửi nhận",
    "trace of hops, and the business operation",
    minimum=1,
    attributes=(
        Attribute(name="id", field="id", meaning=Text("Mã danh sách vết", "id of the list")),
        Attribute(name="version", field="version", meaning=Text("Phiên bản", "version")),
        Attribute(name="mustUnderstand", field="must_understand", meaning=Text("di sản của SOAP", "SOAP heritage")),
        Attribute(name="actor", field="actor", meaning=Text("di sản của SOAP", "SOAP heritage")),
    ),
)  # fmt: skip
"""``TraceHeaderList``: stands beside ``MessageHeader``."""

DOCUMENT = Element(
    name="MessageHeader", field="", kind=Kind.BLOCK, model=DocumentPacket, children=_HEADER_BLOCKS, minimum=1,
    meaning=Text("Phần đầu của gói tin văn bản", "header of a document packet"),
)  # fmt: skip
"""``MessageHeader`` of a document packet."""

STATUS = Element(
    name="MessageHeader", field="", kind=Kind.BLOCK, model=StatusPacket, minimum=1,
    meaning=Text("Phần đầu của gói tin trạng thái", "header of a status packet"),
    children=(
        _block("From", "from_", Organization, _ORGANIZATION, "Cơ quan báo trạng thái", "who reports", minimum=1),
        _block("ResponseFor", "response_for", ResponseFor, tuple(
            attrs.evolve(row, minimum=1) if row.name != "PromulgationDate" else row for row in _RESPONSE_FOR
        ), "Văn bản được báo trạng thái", "document reported on", minimum=1),
        _block("StaffInfo", "staff_info", StaffInfo, _STAFF_INFO, "Cán bộ xử lý", "clerk"),
        _typed(Kind.STATUS_CODE, "StatusCode", "status_code", "Mã trạng thái", "status", minimum=1,
            codes="status-code"),
        _text("Description", "description", "Mô tả, lý do", "free text, reason", 1000, "P"),
        _typed(Kind.TIMESTAMP, "Timestamp", "timestamp", "Thời điểm", "local time in Vietnam", minimum=1),
    ),
)  # fmt: skip
"""``MessageHeader`` of a status packet."""

REFERENCE = _block("Reference", "references", Reference, (
    _text("ContentId", "content_id", "Mã nội dung, dạng cid:<mã>", "content id, as cid:<id>", minimum=1),
    _text("ContentType", "content_type", "Kiểu nội dung (bỏ qua khi đọc)", "content type (ignored on reading)"),
    _text("Description", "description", "Mô tả", "description"),
    _text("AttachmentName", "attachment_name", "Tên tệp", "file name", 500, "B", minimum=1),
), "Một mục trong danh mục tệp đính kèm", "one entry of the manifest", maximum=None)  # fmt: skip
"""``Reference``: one entry of the manifest."""

MANIFEST = Element(
    name="edXMLManifest", field="", kind=Kind.WRAPPER, children=(REFERENCE,), minimum=1, aliases=("Manifest",),
    attributes=(Attribute(name="version", fixed="1.0", required=True, meaning=Text("Phiên bản", "version")),),
    meaning=Text("Danh mục tệp đính kèm", "manifest of attachments"),
)  # fmt: skip
"""``edXMLManifest``: stands in ``edXMLBody``."""

ATTACHMENT = _block("Attachment", "attachments", Attachment, (
    _text("ContentId", "content_id", "Mã nội dung, dạng cid:<mã>", "content id, as cid:<id>", minimum=1,
        prefixed=False),
    _text("AttachmentName", "name", "Tên tệp gốc", "original file name", 500, "B", minimum=1, prefixed=False,
        aliases=("FileName",)),
    _text("Description", "description", "Mô tả", "description", prefixed=False),
    _text("FieldName", "field_name", "Tên trường", "field name", prefixed=False, extension=True),
    _text("MimeType", "mime_type", "Kiểu MIME", "MIME type", prefixed=False, extension=True),
    _text("Format", "format", "Phần mở rộng", "extension", prefixed=False, extension=True),
    _text("ContentType", "label", "Kiểu nội dung", "content type; decides unpacking", minimum=1, prefixed=False,
        aliases=("FileType",)),
    Element(name="ContentTransferEncoded", field="packed", kind=Kind.BASE64, minimum=1, aliases=("Content",),
            meaning=Text("Nội dung mã hóa base64", "base64 of the file, or of a zip that holds it")),
), "Một tệp đính kèm", "one attachment", maximum=None, prefixed=False)  # fmt: skip
"""``Attachment``: stands in ``AttachmentEncoded``, next to the envelope."""


def walk(element: Element, path: str = "") -> Iterator[tuple[str, Element]]:
    """Yield ``(path, row)`` for *element* and everything below it; paths look like ``MessageHeader/From/OrganId``."""
    here = f"{path}/{element.name}" if path else element.name
    yield here, element
    for child in element.children:
        yield from walk(child, here)
