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
     ├─ ExchangeError(ValueError)    an event or a document that the exchange protocol does not allow here
     ├─ StoreError(OSError)          what was to be kept or found cannot be, or the database is not usable
     ├─ TransportError(OSError)      a carrier could not do what it was asked to
     │   ├─ OwnFaultError            ... because of what this system asked, or its own disk
     │   └─ PeerFaultError           ... because the other side or the line failed
     ├─ FetchError(OSError)          something could not be fetched over the network, or must not be
     ├─ SourceError(OSError)         a file could not be opened, read or written, or changed meanwhile
     └─ UsageError(ValueError)       the caller named something that does not exist
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import attrs

from vndoc.errors._cms import CMS_ERRORS
from vndoc.errors._evidence import EVIDENCE_ERRORS
from vndoc.errors._exchange import EXCHANGE_ERRORS
from vndoc.errors._fetching import FETCHING_ERRORS
from vndoc.errors._node import NODE_ERRORS
from vndoc.errors._reading import READING_ERRORS
from vndoc.errors._signing import SIGNING_ERRORS
from vndoc.errors._statistics import STATISTICS_ERRORS
from vndoc.errors._store import STORE_ERRORS
from vndoc.errors._system import in_vietnamese
from vndoc.errors._transport import TRANSPORT_ERRORS
from vndoc.errors._xmldsig import XMLDSIG_ERRORS
from vndoc.text import Lang, Text, mask, shorten

__all__ = [
    "ERRORS",
    "AttachmentError",
    "CertificateError",
    "EnvelopeError",
    "ExchangeError",
    "FetchError",
    "IdentifierError",
    "LimitError",
    "OwnFaultError",
    "PeerFaultError",
    "Place",
    "ReadError",
    "Retry",
    "SignatureError",
    "SourceError",
    "StoreError",
    "TransportError",
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
        super().__init__(code)  # one argument: a second and a third were errno and filename of an OSError

    def text(self, lang: Lang = "en") -> str:
        """Return the message in *lang*, with citizen numbers masked."""
        shown = {k: _shown(k, v, lang) for k, v in self.values.items()}
        return mask(ERRORS[self.code].render(lang, **shown))

    def __str__(self) -> str:
        where = "" if self.place is None else f" at {self.place}"
        return f"[{self.code}] {self.text('en')}{where}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.code, self.place, dict(self.values)))


def _shown(name: str, value: object, lang: Lang) -> object:
    if isinstance(value, Text):
        text = value.render(lang)
    elif isinstance(value, str):
        text = shorten(value, 200)
    else:
        return value
    return in_vietnamese(text) if lang == "vi" and name == "detail" else text


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


class ExchangeError(VndocError, ValueError):
    """An event that the state does not allow, or a document that must not be sent or taken so."""


class StoreError(VndocError, OSError):
    """Something cannot be kept or found, or the database or the folder of contents cannot be used."""


class Retry(enum.Enum):
    """Whether the call that failed may be repeated.

    ``SAFE``: nothing was taken over, or taking it over twice does no harm. ``UNKNOWN``: the other side may have
    taken it over; repeat only where a repetition is recognised. ``NEVER``: it would fail again.
    """

    SAFE = "safe"
    UNKNOWN = "unknown"
    NEVER = "never"


class TransportError(VndocError, OSError):
    """A carrier could not do what it was asked to; ``retry`` says whether to repeat the call."""

    _usually: ClassVar[Retry] = Retry.NEVER

    def __init__(
        self, code: str, /, *, place: Place | None = None, retry: Retry | None = None, **values: object
    ) -> None:
        super().__init__(code, place=place, **values)
        self.retry = self._usually if retry is None else retry

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_carried, (type(self), self.code, self.place, self.retry, dict(self.values)))


def _rebuild_carried(
    kind: type[TransportError], code: str, place: Place | None, retry: Retry, values: dict[str, object]
) -> TransportError:
    return kind(code, place=place, retry=retry, **values)


class OwnFaultError(TransportError):
    """The fault lies in what this system asked, how it is set up, or its own disk.

    ``retry`` is ``NEVER`` (the same call would fail again), but for faults of the disk, which pass: ``SAFE``.
    """


class PeerFaultError(TransportError):
    """The other side or the line failed. ``retry`` (usually ``SAFE``) says whether the call may be repeated."""

    _usually = Retry.SAFE


class FetchError(VndocError, OSError):
    """Something could not be fetched over the network, or must not be."""


class SourceError(VndocError, OSError):
    """A file could not be opened, read or written, or it changed while it was in use."""


class UsageError(VndocError, ValueError):
    """The caller named a profile, a language or an option that does not exist."""


ERRORS: Mapping[str, Text] = MappingProxyType(
    {
        **READING_ERRORS,
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
        **EXCHANGE_ERRORS,
        **FETCHING_ERRORS,
        **NODE_ERRORS,
        **SIGNING_ERRORS,
        **STATISTICS_ERRORS,
        **STORE_ERRORS,
        **TRANSPORT_ERRORS,
        **EVIDENCE_ERRORS,
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
