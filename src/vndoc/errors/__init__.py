"""One root error, a stable code for each error, Vietnamese and English text.

``VndocError`` is the only exception that vndoc lets out for bad input. Its subclasses say who has to
act; each also derives from the fitting built-in exception::

    VndocError
     ├─ ReadError(ValueError)        the packet cannot be read at all
     │   └─ LimitError               ... because it exceeds a limit of vndoc.limits
     ├─ AttachmentError(ValueError)  the content of one attachment cannot be had
     ├─ WriteError(ValueError)       a packet value cannot be written as asked
     ├─ IdentifierError(ValueError)  a code, number or id breaks the rules of its scheme
     ├─ EnvelopeError(ValueError)    a packet value, or its JSON, lacks what was asked of it
     ├─ CertificateError(ValueError) a certificate, key, revocation list or their ASN.1 cannot be read
     ├─ SignatureError(ValueError)   a signature cannot be made, or the input holds none that could be verified
     ├─ FetchError(OSError)          something could not be fetched over the network, or must not be
     ├─ SourceError(OSError)         a file could not be opened, read or written, or changed meanwhile
     └─ UsageError(ValueError)       the caller named something that does not exist
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import attrs

from vndoc.errors._cms import CMS_ERRORS
from vndoc.errors._fetching import FETCHING_ERRORS
from vndoc.errors._signing import SIGNING_ERRORS
from vndoc.errors._xmldsig import XMLDSIG_ERRORS
from vndoc.text import Lang, Text, mask, shorten

__all__ = [
    "ERRORS",
    "AttachmentError",
    "CertificateError",
    "EnvelopeError",
    "FetchError",
    "IdentifierError",
    "LimitError",
    "Place",
    "ReadError",
    "SignatureError",
    "SourceError",
    "UsageError",
    "VndocError",
    "WriteError",
]


@attrs.frozen
class Place:
    """Where in a packet: a path of element names, and the line in the file where it is known.

    ``path`` looks like ``/edXML/edXMLEnvelope/edXMLHeader/MessageHeader/To[2]/OrganId``; the index counts
    from one among siblings of the same name and is left out where the element does not repeat.
    The line takes no part in comparison.
    """

    path: str
    line: int | None = attrs.field(default=None, eq=False)

    def __str__(self) -> str:
        return self.path if self.line is None else f"{self.path} (line {self.line})"


class VndocError(Exception):
    """Root of all errors that vndoc raises.

    ``code`` is a stable name from :data:`ERRORS`; ``place`` says where, if known; ``values`` are what the
    text was filled in with. ``str()`` gives the English text, :meth:`text` either language.
    """

    def __init__(self, code: str, /, *, place: Place | None = None, **values: object) -> None:
        self.code = code
        self.place = place
        self.values: Mapping[str, object] = MappingProxyType(values)
        super().__init__(code, place, values)

    def text(self, lang: Lang = "en") -> str:
        """Return the message in *lang*, with citizen numbers masked."""
        shown = {k: _shown(v, lang) for k, v in self.values.items()}
        return mask(ERRORS[self.code].render(lang, **shown))

    def __str__(self) -> str:
        where = "" if self.place is None else f" at {self.place}"
        return f"[{self.code}] {self.text('en')}{where}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.code, self.place, dict(self.values)))


def _shown(value: object, lang: Lang) -> object:
    if isinstance(value, Text):
        return value.render(lang)
    return shorten(value, 200) if isinstance(value, str) else value


def _rebuild(kind: type[VndocError], code: str, place: Place | None, values: dict[str, object]) -> VndocError:
    return kind(code, place=place, **values)


class ReadError(VndocError, ValueError):
    """The input cannot be read as a packet."""


class LimitError(ReadError):
    """The input exceeds a limit of :class:`vndoc.limits.Limits`."""


class AttachmentError(VndocError, ValueError):
    """The content of one attachment cannot be had."""


class WriteError(VndocError, ValueError):
    """A packet value cannot be written under the profile that was asked for."""


class IdentifierError(VndocError, ValueError):
    """A code, number, notation or document id breaks the rules of its scheme."""


class EnvelopeError(VndocError, ValueError):
    """A packet value lacks what was asked of it."""


class CertificateError(VndocError, ValueError):
    """A certificate, a key, a revocation list or response, or their ASN.1, cannot be read."""


class SignatureError(VndocError, ValueError):
    """A signature cannot be made as asked, or the input holds none that could be verified."""


class FetchError(VndocError, OSError):
    """Something could not be fetched over the network, or must not be."""


class SourceError(VndocError, OSError):
    """A file could not be opened, read or written, or it changed while it was in use."""


class UsageError(VndocError, ValueError):
    """The caller named a profile, a language or an option that does not exist."""


ERRORS: Mapping[str, Text] = MappingProxyType(
    {
        # -- reading -----------------------------------------------------------------------------
        "empty-input": Text("Tệp rỗng.", "The input is empty."),
        "not-xml": Text(
            "Tệp không phải là XML: {detail}.",
            "The input is not XML: {detail}.",
        ),
        "xml-malformed": Text(
            "XML sai cú pháp tại dòng {line}, cột {column}: {detail}.",
            "The XML is not well-formed at line {line}, column {column}: {detail}.",
        ),
        "xml-unbound-prefix": Text(
            "Tiền tố không gian tên chưa được khai báo tại dòng {line}: {detail}.{hint}",
            "A namespace prefix is used but not declared at line {line}: {detail}.{hint}",
        ),
        "xml-junk": Text(
            "Có ký tự lạ trước khai báo XML ({found}).{hint}",
            "There are stray characters before the XML declaration ({found}).{hint}",
        ),
        "xml-dtd": Text(
            "Tệp chứa khai báo DOCTYPE; vndoc không đọc DTD và thực thể.",
            "The input has a DOCTYPE declaration; vndoc reads no DTD and no entities.",
        ),
        "xml-encoding": Text(
            "Không hỗ trợ bảng mã {found}.",
            "The character encoding {found} is not supported.",
        ),
        "xml-encoding-mismatch": Text(
            "Tệp khai báo bảng mã {found} nhưng nội dung là {expected}.{hint}",
            "The input declares the encoding {found}, but its octets are {expected}.{hint}",
        ),
        "unknown-root": Text(
            "Phần tử gốc là {found}, không phải {expected}.",
            "The root element is {found}, not {expected}.",
        ),
        "unknown-namespace": Text(
            "Không gian tên {found} không thuộc dạng edXML nào đã biết.",
            "The namespace {found} belongs to no known form of edXML.",
        ),
        "unsupported-dialect": Text(
            "Dạng gói tin {found} chưa được hỗ trợ.",
            "The packet form {found} is not supported.",
        ),
        "header-missing": Text(
            "Gói tin không có {expected}.",
            "The packet has no {expected}.",
        ),
        "unknown-packet-kind": Text(
            "Không xác định được loại gói tin: không có StatusCode, cũng không có Code hay Subject.",
            "The packet kind cannot be told: there is neither StatusCode nor Code nor Subject.",
        ),
        "c14n-namespace": Text(
            "Dạng chuẩn (Canonical XML) không xác định: tên không gian tên {found} là URI tương đối.",
            "There is no canonical form (Canonical XML): the namespace name {found} is a relative URI.",
        ),
        "c14n-unavailable": Text(
            "Không lập được dạng chuẩn (Canonical XML) của gói tin như khi được gửi: {detail}.",
            "The canonical form (Canonical XML) of the packet as it was sent cannot be made: {detail}.",
        ),
        "c14n-too-complex": Text(
            "Không lập dạng chuẩn (Canonical XML): tài liệu khai báo quá nhiều không gian tên hoặc thuộc tính.",
            "The canonical form (Canonical XML) is not made: there are too many namespace declarations or attributes.",
        ),
        # -- limits ------------------------------------------------------------------------------
        "limit-packet-bytes": Text(
            "Gói tin lớn hơn {limit} byte.",
            "The packet is larger than {limit} bytes.",
        ),
        "limit-skeleton-bytes": Text(
            "Phần XML ngoài tệp đính kèm lớn hơn {limit} byte.",
            "The XML outside the attachments is larger than {limit} bytes.",
        ),
        "limit-document-bytes": Text(
            "Tài liệu XML lớn hơn {limit} byte.",
            "The XML document is larger than {limit} bytes.",
        ),
        "limit-document-nodes": Text(
            "Tài liệu XML có hơn {limit} thẻ và thuộc tính.",
            "The XML document has more than {limit} tags and attributes.",
        ),
        "limit-token-bytes": Text(
            "Một thẻ hoặc chú thích XML dài hơn {limit} byte.",
            "One XML tag or comment is longer than {limit} bytes.",
        ),
        "limit-depth": Text(
            "Các phần tử XML lồng nhau quá {limit} cấp.",
            "XML elements are nested deeper than {limit} levels.",
        ),
        "limit-attributes": Text(
            "Một phần tử XML có hơn {limit} thuộc tính.",
            "An XML element has more than {limit} attributes.",
        ),
        "limit-attachments": Text(
            "Gói tin có hơn {limit} tệp đính kèm.",
            "The packet has more than {limit} attachments.",
        ),
        "limit-receivers": Text(
            "Gói tin có hơn {limit} nơi nhận.",
            "The packet has more than {limit} receivers.",
        ),
        "limit-attachment-bytes": Text(
            "Tệp đính kèm {name} lớn hơn {limit} byte.",
            "The attachment {name} is larger than {limit} bytes.",
        ),
        "limit-unpack-ratio": Text(
            "Tệp nén {name} giải nén ra lớn gấp hơn {limit} lần (bom nén).",
            "The zip of {name} expands more than {limit} times (zip bomb).",
        ),
        "limit-unpacked-bytes": Text(
            "Không mở {name}: các tệp nén của gói tin giải nén ra hơn {limit} byte.",
            "{name} is not opened: the zips of the packet unpack to more than {limit} bytes.",
        ),
        # -- attachments -------------------------------------------------------------------------
        "base64-damaged": Text(
            "Nội dung base64 của tệp đính kèm hỏng tại ký tự thứ {offset}.",
            "The base64 text of the attachment is damaged at character {offset}.",
        ),
        "base64-padding": Text(
            "Dấu đệm '=' nằm giữa nội dung base64 của tệp đính kèm, tại ký tự thứ {offset}.",
            "There is padding '=' in the middle of the attachment's base64 text, at character {offset}.",
        ),
        "base64-truncated": Text(
            "Nội dung base64 của tệp đính kèm bị cắt cụt: {count} ký tự không phải là bội số của 4.",
            "The base64 text of the attachment is cut short: {count} characters are no multiple of 4.",
        ),
        "base64-children": Text(
            "Trong base64 của tệp đính kèm {name} có phần tử XML; không dùng được nội dung.",
            "There are XML elements inside the base64 of the attachment {name}; its content cannot be used.",
        ),
        "content-missing": Text(
            "Tệp đính kèm {name} không có nội dung.",
            "The attachment {name} has no content.",
        ),
        "zip-damaged": Text(
            "Tệp nén của {name} hỏng: {detail}.",
            "The zip of {name} is damaged: {detail}.",
        ),
        # -- sources -----------------------------------------------------------------------------
        "source-unreadable": Text(
            "Không đọc được tệp {name}: {detail}.",
            "The file {name} cannot be read: {detail}.",
        ),
        "source-changed": Text(
            "Tệp {name} đã thay đổi sau khi được đọc.",
            "The file {name} changed after it was read.",
        ),
        "source-closed": Text(
            "Nguồn của gói tin đã đóng.",
            "The source of the packet is closed.",
        ),
        "target-unwritable": Text(
            "Không ghi được tệp {name}: {detail}.",
            "The file {name} cannot be written: {detail}.",
        ),
        "no-packets": Text(
            "Thư mục {name} không có gói tin nào ({expected}).",
            "The folder {name} holds no packet ({expected}).",
        ),
        "target-exists": Text(
            "Đã có tệp {name}; không ghi đè.",
            "The file {name} is there already and is not overwritten.",
        ),
        "source-type": Text(
            "Nguồn phải là bytes, đường dẫn hoặc tệp nhị phân, không phải {found}; gói tin phải được ghi ra trước.",
            "A source is bytes, a path or a binary file, not {found}; a packet value is written first.",
        ),
        "target-type": Text(
            "Đích ghi phải là tệp nhị phân đã mở để ghi, không phải {found}.",
            "A target is a binary file that is open for writing, not {found}.",
        ),
        # -- writing -----------------------------------------------------------------------------
        "missing-element": Text(
            "Thiếu phần tử bắt buộc: {paths}.",
            "Mandatory elements are missing: {paths}.",
        ),
        "value-not-allowed": Text(
            "Giá trị {found} không được phép: cần {expected}.",
            "The value {found} is not allowed: expected {expected}.",
        ),
        "text-not-xml": Text(
            "Văn bản chứa ký tự không được phép trong XML (U+{found}).",
            "The text has a character that XML does not allow (U+{found}).",
        ),
        # -- identifiers and envelope ------------------------------------------------------------
        "organ-code-invalid": Text(
            "Mã định danh {found} không đúng quy định: {detail}.",
            "The organ code {found} breaks the rules: {detail}.",
        ),
        "document-id-invalid": Text(
            "Mã văn bản {found} không đúng quy định: {detail}.",
            "The document id {found} breaks the rules: {detail}.",
        ),
        "code-number-invalid": Text(
            "Số văn bản {found} không đúng quy định: {detail}.",
            "The document number {found} breaks the rules: {detail}.",
        ),
        "code-notation-invalid": Text(
            "Ký hiệu văn bản {found} không đúng quy định: {detail}.",
            "The notation {found} breaks the rules: {detail}.",
        ),
        "business-key-incomplete": Text(
            "Không lập được khóa nghiệp vụ: thiếu {paths}.",
            "The business key cannot be made: {paths} missing.",
        ),
        "json-invalid": Text(
            "JSON của gói tin không hợp lệ: {detail}.",
            "The packet's JSON is invalid: {detail}.",
        ),
        # -- XML signatures, CMS, canonical XML ------------------------------------------------------
        "crl-malformed": Text(
            "Không đọc được danh sách thu hồi (CRL): {detail}.",
            "The revocation list cannot be read: {detail}.",
        ),
        "ocsp-malformed": Text(
            "Không đọc được phản hồi OCSP: {detail}.",
            "The OCSP response cannot be read: {detail}.",
        ),
        "fingerprint-unknown": Text(
            "Kho tin cậy không có chứng thư số với vân tay SHA-256 {found}.",
            "The trust store holds no certificate with the SHA-256 fingerprint {found}.",
        ),
        "trust-settings-invalid": Text(
            "Tệp {name} không dùng được: {detail}.",
            "The file {name} cannot be used: {detail}.",
        ),
        # -- routing -----------------------------------------------------------------------------
        "table-unreadable": Text(
            "Không đọc được danh mục: {detail}.",
            "The routing table cannot be read: {detail}.",
        ),
        "table-invalid": Text(
            "Danh mục có {count} lỗi; lỗi đầu tiên: {detail}.",
            "The routing table has {count} errors; the first: {detail}.",
        ),
        "change-invalid": Text(
            "Thay đổi không dùng được: {detail}.",
            "The change cannot be used: {detail}.",
        ),
        "delta-mismatch": Text(
            "Bản thay đổi không khớp danh mục: cần {expected}, có {found}.",
            "The delta does not fit the table: expected {expected}, found {found}.",
        ),
        "limit-table-bytes": Text(
            "Danh mục lớn hơn {limit} byte.",
            "The routing table is larger than {limit} bytes.",
        ),
        "limit-table-code": Text(
            "Mã {found} có quá nhiều thời kỳ, cơ quan hoặc ủy quyền (tối đa {limit}).",
            "Too much stands under the code {found}: at most {limit} periods, agencies or delegations.",
        ),
        "limit-table-rows": Text(
            "Danh mục có hơn {limit} dòng.",
            "The routing table has more than {limit} rows.",
        ),
        # -- certificates and signatures -----------------------------------------------------------
        "der-malformed": Text(
            "Mã hóa ASN.1 sai tại byte {offset}.",
            "The ASN.1 encoding is malformed at octet {offset}.",
        ),
        "certificate-malformed": Text(
            "Không đọc được chứng thư số: {detail}.",
            "The certificate cannot be read: {detail}.",
        ),
        "algorithm-unsupported": Text(
            "Không hỗ trợ thuật toán {found}.",
            "The algorithm {found} is not supported.",
        ),
        "key-unsupported": Text(
            "Khóa công khai bị hỏng hoặc thuộc loại không hỗ trợ.",
            "The public key is damaged or of a kind that is not supported.",
        ),
        **CMS_ERRORS,
        **FETCHING_ERRORS,
        **SIGNING_ERRORS,
        **XMLDSIG_ERRORS,
        # -- usage -------------------------------------------------------------------------------
        "unknown-profile": Text(
            "Không có cấu hình nơi nhận (profile) tên {found}; hiện có: {known}.",
            "There is no profile named {found}; known: {known}.",
        ),
        "unknown-policy": Text(
            "Không có chính sách kiểm tra chữ ký tên {found}; hiện có: {known}.",
            "There is no verification policy named {found}; known: {known}.",
        ),
        "wrong-packet-kind": Text(
            "Cần gói tin là {expected}, không phải {found}.",
            "The packet must be a {expected}, not a {found}.",
        ),
        "unknown-structure": Text(
            "Không có cách kiểm tra cấu trúc tên {found}; hiện có: {known}.",
            "There is no structure check named {found}; known: {known}.",
        ),
        "option-invalid": Text(
            "Tùy chọn không dùng được: {detail}.",
            "The options do not fit: {detail}.",
        ),
        "date-expected": Text(
            "{name} phải là datetime.date, không phải {found}.",
            "{name} is a datetime.date, not {found}.",
        ),
        "code-expected": Text(
            "Mã phải là chuỗi ký tự hoặc OrganCode, không phải {found}.",
            "A code is text or an OrganCode, not {found}.",
        ),
        "time-zone-missing": Text(
            "Thời điểm phải có múi giờ.",
            "A time must carry its zone.",
        ),
        "unknown-table-format": Text(
            "Không có dạng danh mục tên {found}; hiện có: {known}.",
            "There is no form of table named {found}; known: {known}.",
        ),
        "extra-missing": Text(
            "Cần cài thêm thành phần {found}: pip install 'vndoc[{found}]'.",
            "This needs an extra: pip install 'vndoc[{found}]'.",
        ),
        "build-description": Text(
            "Bản mô tả gói tin không hợp lệ: {detail}.",
            "The packet description is invalid: {detail}.",
        ),
    }
)
"""Text of every error code."""
