"""The reasons that the readers of XML-DSig and XAdES give, as a table.

Failures of form are FORMAT_FAILURE (EN 319 102-1, clause 5.2.2): the signature is not one by its own standard, or was
taken apart. What this library does not process, or what the signer left unclear, is indeterminate.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vndoc.pki.outcome import Indication, ReasonKind, SubIndication
from vndoc.text import Text

__all__ = ["XML_REASONS"]

_FORMAT: Final = (Indication.FAILED, SubIndication.FORMAT_FAILURE)
_HASH: Final = (Indication.FAILED, SubIndication.HASH_FAILURE)
_MISSING: Final = (Indication.INDETERMINATE, SubIndication.SIGNED_DATA_NOT_FOUND)
_CONSTRAINTS: Final = (Indication.INDETERMINATE, SubIndication.SIG_CONSTRAINTS_FAILURE)
_CRYPTO: Final = (Indication.INDETERMINATE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
_NOTE: Final = (None, None)

_QUIRK_VI: Final = (
    "Tham chiếu {uri} nằm trong chính chữ ký mà lại dùng phép biến đổi enveloped-signature; theo chuẩn không còn gì để"
    " ký. Phần mềm ký đã băm nguyên phần tử (lỗi quen thuộc của phần mềm .NET); phần tử đó không bị sửa."
)
_QUIRK_EN: Final = (
    "The reference {uri} lies inside its own signature and still has the enveloped-signature transform, which by the"
    " standard leaves nothing. The signer digested the untouched element (a known fault of .NET software), and that"
    " content is unchanged."
)

_ROWS: tuple[tuple[str, tuple[Indication | None, SubIndication | None], str, str], ...] = (
    # -- form ----------------------------------------------------------------------------------------
    (
        "signature-malformed",
        _FORMAT,
        "Phần tử Signature sai cấu trúc: {detail}.",
        "The Signature element is not built as XML-DSig asks: {detail}.",
    ),
    (
        "signed-info-repeated",
        _FORMAT,
        "Chữ ký phải có đúng một SignedInfo, đây có {count}.",
        "A signature has exactly one SignedInfo, this one has {count}.",
    ),
    (
        "signed-info-nested",
        _FORMAT,
        "Có SignedInfo nằm ngoài vị trí của nó trong chữ ký.",
        "There is a SignedInfo in the signature that is not its direct child.",
    ),
    (
        "digest-missing",
        _FORMAT,
        "Tham chiếu {uri} không có giá trị băm.",
        "The reference {uri} has no digest value.",
    ),
    (
        "text-not-plain",
        _FORMAT,
        "Trong {name} có chú thích, chỉ thị xử lý hoặc phần tử con.",
        "There is a comment, a processing instruction or an element inside {name}.",
    ),
    (
        "base64-invalid",
        _FORMAT,
        "Base64 của {name} sai.",
        "The base64 of {name} is invalid.",
    ),
    (
        "base64-tail-bits",
        _FORMAT,
        "Base64 của {name} không ở dạng duy nhất: các bit thừa cuối khác 0.",
        "The base64 of {name} is not canonical: unused bits at its end are set.",
    ),
    (
        "duplicate-id",
        _FORMAT,
        "Định danh (Id) {found} xuất hiện nhiều lần trong tài liệu.",
        "The Id {found} stands more than once in the document.",
    ),
    (
        "signature-wrapping",
        _FORMAT,
        "Phần được ký {path} bị tách khỏi chữ ký, phần tử cùng tên được đặt vào chỗ của nó (signature wrapping).",
        "The signed element {path} was taken from its signature, one of the same name put in its place (wrapping).",
    ),
    # -- references ----------------------------------------------------------------------------------
    (
        "digest-mismatch",
        _HASH,
        "Nội dung của {uri} đã thay đổi sau khi ký: giá trị băm không khớp.",
        "The content of {uri} changed after signing: its digest differs.",
    ),
    (
        "vn-dotnet-enveloped-quirk",
        _HASH,
        _QUIRK_VI,
        _QUIRK_EN,
    ),
    (
        "signed-data-not-found",
        _MISSING,
        "Không tìm thấy dữ liệu được ký {uri}.",
        "The signed data {uri} cannot be had.",
    ),
    (
        "references-missing",
        _FORMAT,
        "Chữ ký không tham chiếu đến dữ liệu nào.",
        "The signature refers to no data at all.",
    ),
    (
        "signs-only-itself",
        _CONSTRAINTS,
        "Chữ ký chỉ bao phủ các phần của chính nó (khóa, thuộc tính), không bao phủ dữ liệu nào.",
        "The signature covers parts of itself only (key, properties) and no data.",
    ),
    (
        "too-many-references",
        _CONSTRAINTS,
        "Chữ ký có {count} tham chiếu, nhiều hơn {limit}.",
        "The signature has {count} references, more than {limit}.",
    ),
    (
        "too-many-transforms",
        _CONSTRAINTS,
        "Tham chiếu {uri} có {count} phép biến đổi, nhiều hơn {limit}.",
        "The reference {uri} has {count} transforms, more than {limit}.",
    ),
    (
        "too-much-to-digest",
        _CONSTRAINTS,
        "Các chữ ký bắt băm quá nhiều lần cùng một tài liệu (giới hạn {limit} byte).",
        "The signatures ask for the same document to be digested too often (limit: {limit} bytes).",
    ),
    (
        "xslt-refused",
        _CONSTRAINTS,
        "Không thực hiện phép biến đổi XSLT (tham chiếu {uri}).",
        "XSLT transforms are not carried out (reference {uri}).",
    ),
    (
        "xpath-refused",
        _CONSTRAINTS,
        "Không thực hiện phép biến đổi XPath {found} (tham chiếu {uri}).",
        "The XPath transform {found} is not carried out (reference {uri}).",
    ),
    (
        "transform-unknown",
        _CONSTRAINTS,
        "Phép biến đổi {found} không có trong danh sách cho phép (tham chiếu {uri}).",
        "The transform {found} is not among those that are allowed (reference {uri}).",
    ),
    (
        "transform-failed",
        _FORMAT,
        "Không thực hiện được phép biến đổi {found} của tham chiếu {uri}.",
        "The transform {found} of the reference {uri} cannot be carried out.",
    ),
    (
        "canonicalization-unknown",
        _CONSTRAINTS,
        "Không biết phép chuẩn hóa {found}.",
        "The canonicalization method {found} is not known.",
    ),
    (
        "transform-too-costly",
        _CONSTRAINTS,
        "Phép biến đổi của tham chiếu {uri} vượt giới hạn cho phép ({found}).",
        "The transforms of the reference {uri} are beyond a limit ({found}).",
    ),
    (
        "manifest-digest-mismatch",
        _HASH,
        "Nội dung của {uri} (ghi trong Manifest) đã thay đổi sau khi ký.",
        "The content of {uri}, listed in a Manifest, changed after signing.",
    ),
    (
        "manifest-data-not-found",
        _MISSING,
        "Không tìm thấy dữ liệu {uri} ghi trong Manifest.",
        "The data {uri}, listed in a Manifest, cannot be had.",
    ),
    (
        "expected-not-covered",
        _CONSTRAINTS,
        "Chữ ký không bao phủ {path}.",
        "The signature does not cover {path}.",
    ),
    (
        "signed-data-misplaced",
        _MISSING,
        "{uri} dẫn đến {path}, nơi chữ ký không đặt Object hay Manifest; phần được ký có thể đã bị chuyển chỗ.",
        "{uri} leads to {path}, where no signature has an Object or a Manifest: what was signed may have been moved.",
    ),
    (
        "unsigned-twin",
        _CONSTRAINTS,
        "Phần được ký là {path}, nhưng {found} cùng tên lại không được ký; không rõ phần nào sẽ được đọc.",
        "What is signed is {path}; {found} has the same name and is unsigned: it is unclear which one will be read.",
    ),
    # -- algorithms ----------------------------------------------------------------------------------
    (
        "hmac-refused",
        _CRYPTO,
        "HMAC ({found}) không phải là chữ ký số: ai kiểm tra được thì cũng tạo được.",
        "HMAC ({found}) is no digital signature: whoever can check it can make it.",
    ),
    (
        "hmac-output-length",
        _FORMAT,
        "Chữ ký rút ngắn kết quả HMAC (HMACOutputLength).",
        "The signature truncates its HMAC (HMACOutputLength).",
    ),
    ("dsa-refused", _CRYPTO, "Không kiểm tra chữ ký DSA ({found}).", "DSA signatures ({found}) are not verified."),
    (
        "signature-digest-refused",
        _CRYPTO,
        "Không kiểm tra chữ ký dùng hàm băm {found}.",
        "Signatures with the digest {found} are not verified.",
    ),
    (
        "signature-method-unknown",
        _CRYPTO,
        "Không biết thuật toán chữ ký {found}.",
        "The signature algorithm {found} is not known.",
    ),
    (
        "digest-refused",
        _CRYPTO,
        "Không tính hàm băm {found} (tham chiếu {uri}).",
        "The digest {found} is not computed (reference {uri}).",
    ),
    (
        "digest-unknown",
        _CRYPTO,
        "Không biết hàm băm {found} (tham chiếu {uri}).",
        "The digest algorithm {found} is not known (reference {uri}).",
    ),
    # -- key information -----------------------------------------------------------------------------
    (
        "certificate-unreadable",
        _NOTE,
        "Không đọc được chứng thư số trong KeyInfo: {detail}",
        "A certificate of the signature cannot be read: {detail}",
    ),
    (
        "certificate-too-large",
        _NOTE,
        "Chứng thư số trong chữ ký lớn hơn {limit} byte; bỏ qua.",
        "A certificate of the signature is larger than {limit} bytes and is left out.",
    ),
    (
        "too-many-certificates",
        _NOTE,
        "Chữ ký mang hơn {limit} chứng thư số; phần còn lại bị bỏ qua.",
        "The signature carries more than {limit} certificates; the rest is left out.",
    ),
    (
        "certificate-misplaced",
        _NOTE,
        "Có chứng thư số nằm ngoài X509Data; không dùng.",
        "There is a certificate outside X509Data; it is not used.",
    ),
    (
        "retrieval-method-not-followed",
        _NOTE,
        "Không đi theo RetrievalMethod {uri} để tìm khóa.",
        "The RetrievalMethod {uri} is not followed to find a key.",
    ),
    (
        "key-info-reference-not-followed",
        _NOTE,
        "Không đi theo KeyInfoReference {uri} để tìm khóa.",
        "The KeyInfoReference {uri} is not followed to find a key.",
    ),
    # -- XAdES ---------------------------------------------------------------------------------------
    (
        "qualifying-properties-repeated",
        _FORMAT,
        "Chữ ký có {count} QualifyingProperties; chỉ được có một.",
        "The signature has {count} QualifyingProperties; there may be one.",
    ),
    (
        "qualifying-properties-target",
        _FORMAT,
        "QualifyingProperties thuộc về {found}, không phải chữ ký này.",
        "The QualifyingProperties belong to {found}, not to this signature.",
    ),
    (
        "signed-properties-not-signed",
        _FORMAT,
        "SignedProperties không được chữ ký bao phủ.",
        "The SignedProperties are not covered by the signature.",
    ),
    (
        "signed-properties-elsewhere",
        _FORMAT,
        "Chữ ký bao phủ SignedProperties, nhưng chúng không nằm trong QualifyingProperties của chính chữ ký này.",
        "The signature covers SignedProperties that do not stand in its own QualifyingProperties.",
    ),
    (
        "signed-properties-not-reached",
        _NOTE,
        "Thư viện không đi theo tham chiếu đến SignedProperties của chữ ký này, nên không đọc thuộc tính XAdES nào.",
        "The reference to the SignedProperties of this signature is not followed here, so no XAdES property is read.",
    ),
    (
        "signed-properties-type",
        _CONSTRAINTS,
        "Tham chiếu đến SignedProperties thiếu Type {expected}.",
        "The reference to the SignedProperties lacks the Type {expected}.",
    ),
    (
        "xades-malformed",
        _FORMAT,
        "Thuộc tính XAdES {name} sai cấu trúc.",
        "The XAdES property {name} is not built as the standard asks.",
    ),
    (
        "counter-signature-elsewhere",
        _FORMAT,
        "Chữ ký xác nhận (CounterSignature) không ký lên giá trị của chữ ký này.",
        "The counter-signature is not over the value of this signature.",
    ),
    (
        "timestamp-missing",
        _NOTE,
        "Thuộc tính {name} không có dấu thời gian nào đọc được (EncapsulatedTimeStamp).",
        "The property {name} has no timestamp in it that is read here (EncapsulatedTimeStamp).",
    ),
    (
        "qualifying-properties-not-followed",
        _NOTE,
        "Thuộc tính XAdES nằm ở nơi khác (QualifyingPropertiesReference); thư viện không đọc.",
        "The XAdES properties stand elsewhere (QualifyingPropertiesReference); they are not read.",
    ),
    (
        "evidence-record-not-read",
        _NOTE,
        "Chữ ký có hồ sơ bằng chứng SealingEvidenceRecords; thư viện không đọc dạng này và không tính đến.",
        "The signature has SealingEvidenceRecords; this form is not read here and does not count.",
    ),
    (
        "timestamp-form-unknown",
        _NOTE,
        "Dấu thời gian dùng dạng chuẩn tắc (canonical form) không biết: {found}.",
        "The timestamp is over a canonical form that is not known here: {found}.",
    ),
    (
        "timestamp-data-unreadable",
        _NOTE,
        "Không lập lại được dữ liệu mà dấu thời gian bao phủ: {detail}.",
        "What the timestamp is over cannot be put together: {detail}.",
    ),
    (
        "timestamp-names-too-many",
        _NOTE,
        "Dấu thời gian kể ra {count} thành phần; giới hạn là {limit}.",
        "The timestamp names {count} things; the limit is {limit}.",
    ),
    (
        "timestamp-reference-external",
        _NOTE,
        "Dấu thời gian kể ra {uri}, nằm ngoài tài liệu; thành phần ngoài tài liệu không được đọc.",
        "The timestamp names {uri}, which is not in the document; nothing outside is read for it.",
    ),
    (
        "timestamp-reference-missing",
        _NOTE,
        "Dấu thời gian kể ra {uri}, nhưng tài liệu không có, hoặc có nhiều hơn một phần tử như vậy.",
        "The timestamp names {uri}, and there is no such element, or more than one.",
    ),
    (
        "timestamp-reference-elsewhere",
        _NOTE,
        "Dấu thời gian kể ra dữ liệu của tham chiếu {uri}, thuộc một chữ ký khác.",
        "The timestamp names the data of the reference {uri}, which is one of another signature.",
    ),
    (
        "timestamp-leaves-out",
        _CONSTRAINTS,
        "Dấu thời gian tự kể ra những gì nó bao phủ nhưng bỏ sót {name}, nên không chứng minh được gì.",
        "The timestamp names what it is over and leaves out {name}, so it proves nothing.",
    ),
    (
        "timestamp-names-other-data",
        _CONSTRAINTS,
        "Dấu thời gian nội dung kể ra phần tử không phải là dữ liệu được ký.",
        "The timestamp over data names something that is not what a reference leads to.",
    ),
    (
        "too-many-timestamps",
        _CONSTRAINTS,
        "Chữ ký có hơn {limit} dấu thời gian.",
        "The signature has more than {limit} timestamps.",
    ),
)

_WARNINGS: Final = frozenset(
    {
        "certificate-unreadable",
        "certificate-too-large",
        "too-many-certificates",
        "certificate-misplaced",
        "timestamp-missing",
        "retrieval-method-not-followed",
        "key-info-reference-not-followed",
        "qualifying-properties-not-followed",
        "signed-properties-not-reached",
        "evidence-record-not-read",
    }
)

XML_REASONS: Mapping[str, ReasonKind] = MappingProxyType(
    {
        code: ReasonKind(
            code=code,
            indication=answer[0],
            sub_indication=answer[1],
            warning=code in _WARNINGS,
            text=Text(vi, en),
        )
        for code, answer, vi, en in _ROWS
    }
)
"""Every reason of the readers of XML-DSig and XAdES, by its code."""
