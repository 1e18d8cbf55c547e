"""What a certification path, its revocation facts or its trust can be found to be, as reasons.

Sub-indications are those of ETSI EN 319 102-1. A path alone never proves that a signature *failed*: expiry and
revocation are indeterminate here until the evaluation has a proof of time.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vndoc.errors import FetchError
from vndoc.pki.outcome import Indication, Reason, ReasonKind, SubIndication
from vndoc.text import Lang, Text

__all__ = ["PATH_REASONS", "fetch_reason", "path_reason"]

_NO_CHAIN: Final = SubIndication.NO_CERTIFICATE_CHAIN_FOUND
_GENERAL: Final = SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE
_CONSTRAINTS: Final = SubIndication.CHAIN_CONSTRAINTS_FAILURE
_CRYPTO: Final = SubIndication.CRYPTO_CONSTRAINTS_FAILURE
_CRYPTO_NO_POE: Final = SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
_BOUNDS: Final = SubIndication.OUT_OF_BOUNDS_NO_POE
_LATER: Final = SubIndication.TRY_LATER


def _row(code: str, sub: SubIndication | None, vi: str, en: str, *, warning: bool = False) -> ReasonKind:
    indication = None if sub is None else Indication.INDETERMINATE
    return ReasonKind(code=code, indication=indication, sub_indication=sub, warning=warning, text=Text(vi, en))


PATH_REASONS: Mapping[str, ReasonKind] = MappingProxyType(
    {
        row.code: row
        for row in (
            # -- no path -----------------------------------------------------------------------------
            _row(
                "issuer-not-found",
                _NO_CHAIN,
                "Không tìm thấy chứng thư số của tổ chức cấp “{issuer}”, hoặc tổ chức đó không được tin cậy.",
                'The certificate of the issuer "{issuer}" was not found, or the issuer is not trusted.',
            ),
            _row(
                "issuer-key-differs",
                _NO_CHAIN,
                "Có chứng thư số mang tên tổ chức cấp “{issuer}”, nhưng khóa của nó không ký chứng thư số này.",
                'There is a certificate with the name of the issuer "{issuer}", but its key did not sign this one.',
            ),
            _row(
                "self-signed-not-trusted",
                _NO_CHAIN,
                "Đường dẫn kết thúc ở chứng thư số tự ký “{subject}”, không thuộc kho tin cậy.",
                'The path ends at the self-signed certificate "{subject}", which is not in the trust store.',
            ),
            _row(
                "anchor-other-purpose",
                _NO_CHAIN,
                "Chứng thư số gốc “{anchor}” không được tin cậy cho mục đích này ({purpose}).",
                'The trust anchor "{anchor}" is not trusted for this purpose ({purpose}).',
            ),
            _row(
                "path-limit",
                _GENERAL,
                "Ngừng tìm đường dẫn chứng thực: vượt giới hạn {what}.",
                "The search for a certification path was stopped: the limit on {what} is exceeded.",
            ),
            # -- anchors -----------------------------------------------------------------------------
            _row(
                "anchor-distrusted",
                _CONSTRAINTS,
                "Chứng thư số gốc “{anchor}” không còn được tin cậy từ {until}.",
                'The trust anchor "{anchor}" is no longer trusted since {until}.',
            ),
            _row(
                "anchor-out-of-bounds",
                _CONSTRAINTS,
                "Chứng thư số gốc “{anchor}” không có hiệu lực tại thời điểm {at}.",
                'The trust anchor "{anchor}" is outside its validity period at {at}.',
            ),
            # -- the rules of RFC 5280, section 6 ----------------------------------------------------
            _row(
                "signature-identifier-differs",
                _GENERAL,
                "Chứng thư số “{subject}” nêu hai thuật toán ký khác nhau.",
                'The certificate "{subject}" names two different signature algorithms.',
            ),
            _row(
                "extension-repeated",
                _GENERAL,
                "Chứng thư số “{subject}” có phần mở rộng lặp lại.",
                'The certificate "{subject}" holds an extension twice.',
            ),
            _row(
                "extension-malformed",
                _GENERAL,
                "Phần mở rộng {oid} của chứng thư số “{subject}” sai cấu trúc.",
                'The extension {oid} of the certificate "{subject}" is malformed.',
            ),
            _row(
                "extension-unknown-critical",
                _GENERAL,
                "Chứng thư số “{subject}” có phần mở rộng quan trọng {oid} mà phần mềm không hiểu.",
                'The certificate "{subject}" has the critical extension {oid}, which is not understood.',
            ),
            _row(
                "not-a-ca",
                _GENERAL,
                "Chứng thư số “{subject}” không phải của tổ chức cấp chứng thư số (basicConstraints).",
                'The certificate "{subject}" is not that of a certification authority (basicConstraints).',
            ),
            _row(
                "ca-key-usage",
                _GENERAL,
                "Khóa của “{subject}” không được dùng để ký chứng thư số (keyUsage).",
                'The key of "{subject}" must not sign certificates (keyUsage).',
            ),
            _row(
                "path-length",
                _GENERAL,
                "Đường dẫn dưới “{subject}” dài hơn mức cho phép (pathLenConstraint).",
                'The path below "{subject}" is longer than it allows (pathLenConstraint).',
            ),
            _row(
                "name-constraints",
                _GENERAL,
                "Tên trong chứng thư số “{subject}” nằm ngoài phạm vi mà tổ chức cấp được phép (nameConstraints).",
                'A name in the certificate "{subject}" is outside what its issuer may certify (nameConstraints).',
            ),
            _row(
                "name-constraints-misplaced",
                _GENERAL,
                "Chứng thư số “{subject}” giới hạn tên (nameConstraints) mà không phải của tổ chức cấp chứng thư số.",
                'The certificate "{subject}" constrains names (nameConstraints) and is not that of an authority.',
            ),
            _row(
                "name-missing",
                _GENERAL,
                "Chứng thư số “{subject}” thiếu tên của chủ thể hoặc của tổ chức cấp.",
                'The certificate "{subject}" lacks the name of its subject or of its issuer.',
            ),
            _row(
                "policy-mapping-any",
                _GENERAL,
                "Chứng thư số “{subject}” ánh xạ chính sách anyPolicy.",
                'The certificate "{subject}" maps the policy anyPolicy.',
            ),
            _row(
                "policy-required",
                _GENERAL,
                "Đường dẫn không có chính sách chứng thư số nào được chấp nhận.",
                "The path has no acceptable certificate policy, and one is required.",
            ),
            # -- time --------------------------------------------------------------------------------
            _row(
                "certificate-expired",
                _BOUNDS,
                "Chứng thư số “{subject}” hết hạn ngày {until}, trước thời điểm kiểm tra {at}.",
                'The certificate "{subject}" expired on {until}, before the time checked, {at}.',
            ),
            _row(
                "certificate-expired-not-revoked",
                SubIndication.OUT_OF_BOUNDS_NOT_REVOKED,
                "Chứng thư số “{subject}” hết hạn ngày {until} và không bị thu hồi.",
                'The certificate "{subject}" expired on {until} and was not revoked.',
            ),
            _row(
                "certificate-not-yet-valid",
                _BOUNDS,
                "Chứng thư số “{subject}” chỉ có hiệu lực từ {since}, sau thời điểm kiểm tra {at}.",
                'The certificate "{subject}" is valid from {since} only, after the time checked, {at}.',
            ),
            # -- use ---------------------------------------------------------------------------------
            _row(
                "certificate-not-for-timestamps",
                _CONSTRAINTS,
                "Chứng thư số “{subject}” không dành cho cấp dấu thời gian (extKeyUsage).",
                'The certificate "{subject}" is not for time-stamping (extKeyUsage).',
            ),
            _row(
                "certificate-not-for-signing",
                _CONSTRAINTS,
                "Chứng thư số “{subject}” chỉ dành cho dịch vụ, không dành cho ký văn bản (extKeyUsage).",
                'The certificate "{subject}" is for services only, not for signing documents (extKeyUsage).',
            ),
            _row(
                "certificate-usage-not-signing",
                None,
                "Chứng thư số “{subject}” không được cấp để ký số (keyUsage thiếu digitalSignature, nonRepudiation).",
                'The certificate "{subject}" is not issued for signing (key usage without digitalSignature and'
                " nonRepudiation).",
                warning=True,
            ),
            _row(
                "timestamp-usage-loose",
                None,
                "Mục đích sử dụng của chứng thư số cấp dấu thời gian “{subject}” không chặt như RFC 3161 yêu cầu.",
                'The extended key usage of the time-stamping certificate "{subject}" is looser than RFC 3161 wants.',
                warning=True,
            ),
            _row(
                "certificate-pinned",
                None,
                "Chứng thư số “{subject}” được tin cậy trực tiếp, không qua đường dẫn chứng thực.",
                'The certificate "{subject}" is trusted as itself, without a path.',
            ),
            # -- algorithms --------------------------------------------------------------------------
            _row(
                "certificate-algorithm-refused",
                _CRYPTO,
                "Chứng thư số “{subject}” được ký bằng thuật toán không được chấp nhận ({algorithm}, {bits} bit).",
                'The certificate "{subject}" is signed with an algorithm that is refused ({algorithm}, {bits} bit).',
            ),
            _row(
                "certificate-algorithm-expired",
                _CRYPTO_NO_POE,
                "Thuật toán ký chứng thư số “{subject}” ({algorithm}, {bits} bit) chỉ được chấp nhận đến {until}.",
                'The algorithm of the certificate "{subject}" ({algorithm}, {bits} bit) counted until {until} only.',
            ),
            _row(
                "certificate-key-unsupported",
                _CRYPTO,
                "Khóa của “{subject}” bị hỏng hoặc thuộc loại không hỗ trợ.",
                'The key of "{subject}" is damaged or of a kind that is not supported.',
            ),
            # -- revocation --------------------------------------------------------------------------
            _row(
                "certificate-revoked",
                SubIndication.REVOKED_NO_POE,
                "Chứng thư số “{subject}” bị thu hồi từ {since} ({reason}).",
                'The certificate "{subject}" is revoked since {since} ({reason}).',
            ),
            _row(
                "certificate-on-hold",
                _LATER,
                "Chứng thư số “{subject}” bị tạm dừng từ {since}.",
                'The certificate "{subject}" is on hold since {since}.',
            ),
            _row(
                "ca-revoked",
                SubIndication.REVOKED_CA_NO_POE,
                "Chứng thư số của tổ chức cấp “{subject}” bị thu hồi từ {since} ({reason}).",
                'The certificate of the authority "{subject}" is revoked since {since} ({reason}).',
            ),
            _row(
                "revocation-unknown",
                _LATER,
                "Không xác định được trạng thái thu hồi của “{subject}”: {why}. Kết quả kiểm tra chưa đủ căn cứ.",
                'The revocation status of "{subject}" could not be obtained: {why}. The result is not final.',
                warning=True,
            ),
            _row(
                "weak-revocation",
                None,
                "Trạng thái thu hồi của “{subject}” lấy từ dữ liệu ({source}) ký bằng SHA-1, chỉ được chấp"
                " nhận vì do chính tổ chức cấp ký trong hệ thống chứng thực cũ.",
                'The revocation status of "{subject}" comes from data ({source}) signed with SHA-1, which counts only'
                " because an authority of the old hierarchy signed it itself.",
                warning=True,
            ),
            # -- fetching ----------------------------------------------------------------------------
            _row(
                "fetch-failed",
                None,
                "Không tải được dữ liệu cần cho việc kiểm tra. {why}",
                "Something that the check needs could not be fetched. {why}",
                warning=True,
            ),
        )
    }
)
"""Every reason of a path by its code."""


def path_reason(code: str, **values: object) -> Reason:
    """Return the reason of that *code*, its text filled in with *values*; ``KeyError`` for a code that is in no row."""
    return Reason(PATH_REASONS[code], tuple(values.items()))


def fetch_reason(error: FetchError) -> Reason:
    """Return the warning that something could not be fetched, with the text of *error*."""
    vi, en = (error.text(lang).replace("{", "{{").replace("}", "}}") for lang in _LANGUAGES)
    return path_reason("fetch-failed", why=Text(vi, en))


_LANGUAGES: Final[tuple[Lang, Lang]] = ("vi", "en")
