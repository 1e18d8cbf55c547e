"""What checking an evidence record may find: one row a fact."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vndoc.pki.outcome import Indication, ReasonKind, SubIndication
from vndoc.text import Text

_FORMAT: Final = SubIndication.FORMAT_FAILURE
_HASH: Final = SubIndication.HASH_FAILURE


def _failed(code: str, sub: SubIndication, vi: str, en: str) -> ReasonKind:
    return ReasonKind(code=code, indication=Indication.FAILED, sub_indication=sub, text=Text(vi, en))


def _open(code: str, sub: SubIndication | None, vi: str, en: str) -> ReasonKind:
    return ReasonKind(code=code, indication=Indication.INDETERMINATE, sub_indication=sub, text=Text(vi, en))


def _note(code: str, vi: str, en: str, *, warning: bool = False) -> ReasonKind:
    return ReasonKind(code=code, warning=warning, text=Text(vi, en))


EVIDENCE_REASONS: Mapping[str, ReasonKind] = MappingProxyType(
    {
        row.code: row
        for row in (
            # -- the document
            _failed(
                "evidence-other-document",
                _HASH,
                "Tệp {what} không phải là tệp trong hồ sơ bằng chứng: giá trị băm SHA-256 khác.",
                "The {what} is not the one of the record: its SHA-256 differs.",
            ),
            _open(
                "evidence-document-missing",
                SubIndication.SIGNED_DATA_NOT_FOUND,
                "Không có văn bản kèm theo: chỉ kiểm tra được hồ sơ, chưa kiểm tra lại được chữ ký.",
                "The document was not given: the record alone was checked, the signatures were not verified again.",
            ),
            _open(
                "evidence-content-missing",
                SubIndication.SIGNED_DATA_NOT_FOUND,
                "Chữ ký tách rời nhưng không có nội dung được ký kèm theo: chưa kiểm tra lại được chữ ký.",
                "The signature is detached, and its content was not given: the signatures were not verified again.",
            ),
            # -- the record, by itself
            _failed(
                "evidence-inconsistent",
                _FORMAT,
                "Hồ sơ bằng chứng mâu thuẫn ở {detail}: đã bị sửa.",
                "The record contradicts itself at {detail}: it was changed.",
            ),
            _failed(
                "evidence-certificate-missing",
                _FORMAT,
                "Hồ sơ bằng chứng thiếu chứng thư số {found} mà báo cáo nêu.",
                "The record lacks the certificate {found}, which its report names.",
            ),
            _failed(
                "evidence-material-missing",
                _FORMAT,
                "Hồ sơ bằng chứng thiếu dữ liệu thu hồi {found} mà báo cáo dựa vào.",
                "The record lacks the revocation data {found}, which its report rests on.",
            ),
            _failed(
                "evidence-value-wrong",
                SubIndication.SIG_CRYPTO_FAILURE,
                "Giá trị chữ ký trong hồ sơ không phải do khóa của chứng thư số người ký tạo ra.",
                "The signature value in the record is not that of the signer's certificate.",
            ),
            # -- the record beside the document
            _failed(
                "evidence-signatures-differ",
                _FORMAT,
                "Hồ sơ nêu {recorded} chữ ký, văn bản có {found}.",
                "The record has {recorded} signatures, the document {found}.",
            ),
            _failed(
                "evidence-signature-differs",
                _HASH,
                "Chữ ký trong hồ sơ khác với chữ ký trong văn bản.",
                "The signature in the record is not the one in the document.",
            ),
            _failed(
                "evidence-timestamps-differ",
                _HASH,
                "Các dấu thời gian trong hồ sơ khác với các dấu thời gian trong văn bản.",
                "The timestamps in the record are not those in the document.",
            ),
            _failed(
                "evidence-covers-differ",
                _HASH,
                "Giá trị băm của dữ liệu được ký trong hồ sơ khác với trong văn bản.",
                "What was signed has other digests in the record than in the document.",
            ),
            _failed(
                "evidence-signer-differs",
                _HASH,
                "Người ký hoặc chứng thư số nêu trong hồ sơ khác với trong văn bản.",
                "The signer or the certificate in the record is not the one in the document.",
            ),
            _failed(
                "evidence-report-differs",
                _HASH,
                "Báo cáo trong hồ sơ khác với kết quả kiểm tra lại ở: {detail}.",
                "The report in the record differs from what was found again in: {detail}.",
            ),
            # -- timestamps over the record
            _note(
                "evidence-time-proven",
                "Dấu thời gian của “{tsa}” chứng minh hồ sơ đã có lúc {at}.",
                'A timestamp of "{tsa}" proves that the record existed at {at}.',
            ),
            _note(
                "evidence-timestamp-not-valid",
                "Dấu thời gian trên hồ sơ không có giá trị: {detail}",
                "A timestamp over the record is of no use: {detail}",
                warning=True,
            ),
            # -- the verdict, then and now
            _open(
                "evidence-verdict-differs",
                None,
                "Kết quả ghi trong hồ sơ là {recorded}; kiểm tra lại theo đúng thời điểm đó được {found}: {why}.",
                "The record says {recorded}; verified again for the same time it is {found}: {why}.",
            ),
            _note(
                "evidence-verdict-changed",
                "Lúc lập hồ sơ kết quả là {recorded}, nay là {found}, vì: {why}.",
                "When the record was made the answer was {recorded}; now it is {found}, because of: {why}.",
                warning=True,
            ),
            _note(
                "evidence-confirmed",
                "Hồ sơ được xác nhận: kiểm tra lại cho cùng kết quả {found}.",
                "The record is confirmed: verified again, the answer is the same, {found}.",
            ),
            _note(
                "evidence-anchor-missing",
                "Chứng thư số gốc “{anchor}” trong hồ sơ không còn trong kho tin cậy.",
                'The anchor "{anchor}" of the record is not in the trust store now.',
                warning=True,
            ),
            _note(
                "evidence-other-policy",
                "Kiểm tra theo chính sách {found}, không phải {recorded} như trong hồ sơ.",
                "Checked under the policy {found}, not {recorded} as in the record.",
                warning=True,
            ),
            _open(
                "evidence-from-the-future",
                None,
                "Hồ sơ được lập lúc {made}, sau thời điểm kiểm tra {at}.",
                "The record was made at {made}, after the time of the check, {at}.",
            ),
        )
    }
)
"""Every fact that checking a record reports, by its code."""
