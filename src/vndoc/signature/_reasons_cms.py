"""What reading a CMS signature or a timestamp may find: one row a fact."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vndoc.pki.outcome import Indication, ReasonKind, SubIndication
from vndoc.text import Text


def _failed(code: str, sub: SubIndication, vi: str, en: str) -> ReasonKind:
    return ReasonKind(code=code, indication=Indication.FAILED, sub_indication=sub, text=Text(vi, en))


def _unclear(code: str, sub: SubIndication, vi: str, en: str) -> ReasonKind:
    return ReasonKind(code=code, indication=Indication.INDETERMINATE, sub_indication=sub, text=Text(vi, en))


def _note(code: str, vi: str, en: str, *, warning: bool = False) -> ReasonKind:
    return ReasonKind(code=code, warning=warning, text=Text(vi, en))


_FORMAT: Final = SubIndication.FORMAT_FAILURE
_HASH: Final = SubIndication.HASH_FAILURE
_CONSTRAINTS: Final = SubIndication.SIG_CONSTRAINTS_FAILURE
_CRYPTO: Final = SubIndication.CRYPTO_CONSTRAINTS_FAILURE

CMS_REASONS: Mapping[str, ReasonKind] = MappingProxyType(
    {
        row.code: row
        for row in (
            # -- the container and its content
            _note(
                "cms-trailing-octets",
                "Sau chữ ký số CMS còn có dữ liệu không thuộc chữ ký.",
                "Octets that belong to no signature follow the CMS signature.",
                warning=True,
            ),
            _failed(
                "signer-info-malformed",
                _FORMAT,
                "Thành phần SignerInfo bị hỏng tại byte {offset}.",
                "The SignerInfo is damaged at octet {offset}.",
            ),
            _unclear(
                "content-missing",
                SubIndication.SIGNED_DATA_NOT_FOUND,
                "Chữ ký số tách rời nhưng không có nội dung được ký để đối chiếu.",
                "The signature is detached, and the signed content was not given.",
            ),
            _failed(
                "content-differs",
                _HASH,
                "Nội dung được đưa vào để kiểm tra khác với nội dung nằm trong chữ ký số.",
                "The content that was given is not the content inside the signature.",
            ),
            _failed(
                "message-digest-differs",
                _HASH,
                "Nội dung đã bị thay đổi: giá trị băm không khớp với thuộc tính message-digest.",
                "The content was changed: its digest is not the one in message-digest.",
            ),
            # -- signed attributes
            _failed(
                "signed-attribute-missing",
                _FORMAT,
                "Thiếu thuộc tính được ký bắt buộc {name}.",
                "The signed attribute {name} is mandatory and missing.",
            ),
            _failed(
                "signed-attribute-repeated",
                _FORMAT,
                "Thuộc tính được ký {name} phải có đúng một lần, một giá trị.",
                "The signed attribute {name} must be there once, with one value.",
            ),
            _failed(
                "signed-attribute-malformed",
                _FORMAT,
                "Thuộc tính được ký {name} bị hỏng.",
                "The signed attribute {name} is malformed.",
            ),
            _failed(
                "signed-attributes-too-large",
                _FORMAT,
                "Các thuộc tính được ký lớn hơn {limit} byte.",
                "The signed attributes have more than {limit} octets.",
            ),
            _failed(
                "content-type-differs",
                _FORMAT,
                "Thuộc tính content-type ghi {found} nhưng nội dung có kiểu {expected}.",
                "The attribute content-type says {found}, the content is {expected}.",
            ),
            _failed(
                "content-type-unsigned",
                _FORMAT,
                "Không có thuộc tính được ký trong khi kiểu nội dung là {found}.",
                "There are no signed attributes although the content type is {found}.",
            ),
            _failed(
                "content-is-attributes",
                _FORMAT,
                "Nội dung được ký trực tiếp lại là một tập thuộc tính của chữ ký số khác (tấn công tráo nội dung).",
                "The directly signed content is itself a set of signed attributes: a signature put to another use.",
            ),
            _note(
                "signed-attributes-absent",
                "Chữ ký số không có thuộc tính được ký.",
                "The signature has no signed attributes.",
            ),
            _note(
                "signed-attributes-not-der",
                "Các thuộc tính được ký không mã hóa theo DER; đã kiểm tra cả dạng nhận được và dạng DER.",
                "The signed attributes are not in DER; they were tried as received and in DER.",
                warning=True,
            ),
            _unclear(
                "digest-algorithms-differ",
                _CONSTRAINTS,
                "Thuật toán băm của nội dung ({found}) khác thuật toán băm của chữ ký ({expected}).",
                "The content is digested by {found}, the signature by {expected}.",
            ),
            _failed(
                "algorithm-protection-differs",
                _FORMAT,
                "Thuật toán ghi trong SignerInfo khác với thuật toán đã được ký (CMSAlgorithmProtection).",
                "The algorithms of the SignerInfo are not those that were signed (CMSAlgorithmProtection).",
            ),
            _unclear(
                "digest-algorithm-unknown",
                _CRYPTO,
                "Không tính được thuật toán băm {found}.",
                "The digest algorithm {found} is not computed here.",
            ),
            _unclear(
                "signature-algorithm-unknown",
                _CRYPTO,
                "Không kiểm tra được thuật toán ký {found}.",
                "The signature algorithm {found} cannot be verified here.",
            ),
            _unclear(
                "content-too-large-for-eddsa",
                SubIndication.SIGNED_DATA_NOT_FOUND,
                "Chữ ký EdDSA không có thuộc tính được ký chỉ kiểm tra được với nội dung tối đa {limit} byte.",
                "EdDSA without signed attributes is verified over at most {limit} octets of content.",
            ),
            # -- certificates
            _unclear(
                "signing-certificate-differs",
                SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
                "Chứng thư số đi kèm không phải là chứng thư số ghi trong thuộc tính signing-certificate.",
                "The certificate that comes along is not the one named by the attribute signing-certificate.",
            ),
            _note(
                "signer-identifier-differs",
                "Định danh người ký (không được ký bảo vệ) chỉ đến chứng thư số khác.",
                "The signer identifier, which is not signed, points to another certificate.",
                warning=True,
            ),
            _note(
                "same-key-certificates",
                "Có {count} chứng thư số cùng khóa; chữ ký số không ghi rõ chứng thư số nào.",
                "{count} certificates have the same key, and the signature does not say which one it means.",
                warning=True,
            ),
            _note(
                "certificate-unreadable",
                "Bỏ qua một chứng thư số đi kèm không đọc được: {detail}.",
                "A certificate in the signature cannot be read and is left out: {detail}.",
                warning=True,
            ),
            _note(
                "certificate-too-large",
                "Bỏ qua một chứng thư số đi kèm lớn hơn {limit} byte.",
                "A certificate in the signature has more than {limit} octets and is left out.",
                warning=True,
            ),
            _note(
                "certificate-kind-ignored",
                "Bỏ qua chứng thư thuộc tính hoặc chứng thư kiểu khác.",
                "An attribute certificate or one of another kind is left out.",
            ),
            # -- unsigned attributes and rare signed ones
            _note(
                "attribute-malformed",
                "Bỏ qua thuộc tính {name} bị hỏng.",
                "The attribute {name} is malformed and left out.",
                warning=True,
            ),
            _note(
                "revocation-material-unreadable",
                "Bỏ qua thông tin thu hồi đi kèm không đọc được.",
                "Revocation material in the signature cannot be read and is left out.",
                warning=True,
            ),
            _note(
                "nesting-too-deep",
                "Chữ ký đối chứng hoặc dấu thời gian lồng nhau quá {limit} tầng; phần sâu hơn không được đọc.",
                "Counter-signatures or timestamps are nested more than {limit} deep; what is deeper is not read.",
                warning=True,
            ),
            # -- timestamps
            _failed(
                "timestamp-malformed",
                _FORMAT,
                "Không đọc được dấu thời gian: {detail}.",
                "The timestamp cannot be read: {detail}.",
            ),
            _failed(
                "timestamp-imprint-differs",
                _HASH,
                "Dấu thời gian được cấp cho dữ liệu khác, không phải cho chữ ký số này.",
                "The timestamp is over other data than it stands for.",
            ),
            _unclear(
                "timestamp-imprint-unknown",
                _CRYPTO,
                "Không tính được thuật toán băm {found} của dấu thời gian.",
                "The digest algorithm {found} of the imprint is not computed here.",
            ),
            _note(
                "timestamp-not-rebuilt",
                "Dữ liệu mà dấu thời gian này bảo vệ không được dựng lại để đối chiếu.",
                "The octets that this timestamp is over were not rebuilt.",
            ),
            _note(
                "long-term-data-not-read",
                "Chữ ký có bằng chứng tồn tại dạng {name}; thư viện không đọc dạng này và không tính đến.",
                "The signature has a proof of existence in a form that is not read here and does not count: {name}.",
                warning=True,
            ),
            _note(
                "timestamp-content-missing",
                "Không có nội dung được ký để đối chiếu với dấu thời gian này.",
                "The signed content that this timestamp is over was not given.",
            ),
            _note(
                "timestamp-in-countersignature",
                "Dấu thời gian lưu trữ nằm trong chữ ký đối chứng; không tiêu chuẩn nào định rõ nó bảo vệ gì.",
                "An archive timestamp in a counter-signature: no standard says what it is over.",
            ),
            _note(
                "timestamp-surroundings-damaged",
                "Phần chữ ký mà dấu thời gian này bảo vệ bị hỏng ({detail}).",
                "The part of the signature that this timestamp is over is damaged ({detail}).",
            ),
            _failed(
                "archive-index-missing",
                _FORMAT,
                "Dấu thời gian lưu trữ không có ats-hash-index, nên không rõ nó bảo vệ những gì.",
                "The archive timestamp has no ats-hash-index, so it is not known what it protects.",
            ),
            _failed(
                "archive-index-malformed",
                _FORMAT,
                "ats-hash-index của dấu thời gian lưu trữ sai cấu trúc.",
                "The ats-hash-index of the archive timestamp is malformed.",
            ),
            _unclear(
                "archive-index-digest",
                _CRYPTO,
                "Không tính được thuật toán băm {found} của ats-hash-index.",
                "The digest algorithm {found} of the ats-hash-index is not computed here.",
            ),
            _failed(
                "archive-index-orphan",
                _HASH,
                "Thiếu {count} thành phần mà dấu thời gian lưu trữ đã bảo vệ: đã bị xóa hoặc thay đổi.",
                "{count} things that the archive timestamp protected are missing: they were removed or changed.",
            ),
            _note(
                "timestamps-too-many",
                "Chữ ký có hơn {limit} dấu thời gian; phần còn lại không được đọc.",
                "The signature has more than {limit} timestamps; the rest is not read.",
                warning=True,
            ),
            _note(
                "archive-timestamps-too-many",
                "Chữ ký có hơn {limit} dấu thời gian lưu trữ; phần còn lại không được đối chiếu.",
                "The signature has more than {limit} archive timestamps; the rest is not compared.",
                warning=True,
            ),
            _failed(
                "timestamp-version",
                _FORMAT,
                "TSTInfo có phiên bản {found}, không phải 1.",
                "TSTInfo has version {found}, not 1.",
            ),
            _failed(
                "timestamp-signers",
                _FORMAT,
                "Dấu thời gian có {found} người ký; phải đúng một.",
                "The timestamp has {found} signers, not one.",
            ),
            _failed(
                "timestamp-attributes-absent",
                _FORMAT,
                "Chữ ký của dấu thời gian không có thuộc tính được ký.",
                "The signature of the timestamp has no signed attributes.",
            ),
            _unclear(
                "timestamp-signing-certificate-absent",
                _CONSTRAINTS,
                "Dấu thời gian thiếu thuộc tính signing-certificate.",
                "The timestamp lacks the attribute signing-certificate.",
            ),
            _unclear(
                "timestamp-key-purpose",
                SubIndication.CHAIN_CONSTRAINTS_FAILURE,
                "Chứng thư số của máy chủ dấu thời gian phải có extendedKeyUsage tới hạn, chỉ gồm timeStamping.",
                "The certificate of the time-stamping authority must have a critical extendedKeyUsage with "
                "timeStamping alone.",
            ),
            _note(
                "timestamp-tsa-name",
                "Tên máy chủ ghi trong dấu thời gian không phải là tên trong chứng thư số đã ký dấu thời gian đó.",
                "The authority that the timestamp names is not the one whose certificate it was signed with.",
                warning=True,
            ),
            _unclear(
                "timestamp-extension-critical",
                _CONSTRAINTS,
                "Dấu thời gian có phần mở rộng tới hạn không hiểu được: {found}.",
                "The timestamp has a critical extension that is not known: {found}.",
            ),
        )
    }
)
"""Every fact that a reader of CMS signatures and timestamps reports, by its code."""
