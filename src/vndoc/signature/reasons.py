"""What the evaluation of a signature can find, as reasons, and the catalogue of all reasons of all parts.

Sub-indications are those of ETSI EN 319 102-1 (table 6). A signature *fails* only where its format, a digest or its
value is wrong, or where a proof of time shows that it was made outside the life of its certificate; everything else
is indeterminate.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vndoc.pki.outcome import Indication, ReasonKind, SubIndication
from vndoc.pki.reasons import PATH_REASONS
from vndoc.signature._reasons_cms import CMS_REASONS
from vndoc.signature._reasons_evidence import EVIDENCE_REASONS
from vndoc.signature._reasons_xml import XML_REASONS
from vndoc.text import Text

__all__ = ["REASONS", "SIGNATURE_REASONS"]

_FAILED: Final = Indication.FAILED
_OPEN: Final = Indication.INDETERMINATE
_CRYPTO: Final = SubIndication.CRYPTO_CONSTRAINTS_FAILURE
_CONSTRAINTS: Final = SubIndication.SIG_CONSTRAINTS_FAILURE


def _failed(code: str, sub: SubIndication, vi: str, en: str) -> ReasonKind:
    return ReasonKind(code=code, indication=_FAILED, sub_indication=sub, text=Text(vi, en))


def _open(code: str, sub: SubIndication | None, vi: str, en: str) -> ReasonKind:
    return ReasonKind(code=code, indication=_OPEN, sub_indication=sub, text=Text(vi, en))


def _warning(code: str, vi: str, en: str) -> ReasonKind:
    return ReasonKind(code=code, warning=True, text=Text(vi, en))


def _note(code: str, vi: str, en: str) -> ReasonKind:
    return ReasonKind(code=code, text=Text(vi, en))


_ROWS: Final = (
    # -- format, digests, signature value ------------------------------------------------------------
    _failed(
        "covered-data-changed",
        SubIndication.HASH_FAILURE,
        "Dữ liệu được ký {name} đã bị thay đổi: giá trị băm không khớp.",
        "The signed data {name} changed: the digest differs.",
    ),
    _open(
        "covered-data-missing",
        SubIndication.SIGNED_DATA_NOT_FOUND,
        "Không có dữ liệu được ký {name} để đối chiếu.",
        "The signed data {name} cannot be had, so it was not compared.",
    ),
    _failed(
        "nothing-covered",
        SubIndication.FORMAT_FAILURE,
        "Chữ ký không bao phủ dữ liệu nào.",
        "The signature covers no data.",
    ),
    _failed(
        "signature-value-wrong",
        SubIndication.SIG_CRYPTO_FAILURE,
        "Giá trị chữ ký không đúng với khóa công khai trong chứng thư số của người ký.",
        "The signature value is not that of the public key in the signer's certificate.",
    ),
    _open(
        "no-signature",
        None,
        "Không có chữ ký số nào.",
        "There is no signature.",
    ),
    # -- the signing certificate ---------------------------------------------------------------------
    _open(
        "no-signing-certificate",
        SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
        "Không tìm thấy chứng thư số của người ký.",
        "The signer's certificate was not found.",
    ),
    _open(
        "signing-certificate-other",
        SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
        "Chứng thư số kèm theo không phải là chứng thư số mà dữ liệu đã ký chỉ định.",
        "The certificate that is carried is not the one that the signed data name.",
    ),
    _open(
        "signing-certificate-missing",
        _CONSTRAINTS,
        "Dữ liệu được ký không chỉ định chứng thư số của người ký (signing-certificate), chính sách yêu cầu phải có.",
        "The signed data do not name the signer's certificate (signing-certificate); the policy requires it.",
    ),
    _note(
        "no-signing-certificate-attribute",
        "Dữ liệu được ký không chỉ định chứng thư số của người ký (signing-certificate).",
        "The signed data do not name the signer's certificate (signing-certificate).",
    ),
    _warning(
        "several-signing-certificates",
        "Có {count} chứng thư số cùng khóa khớp với chữ ký, và dữ liệu được ký không chỉ định chứng thư số nào.",
        "{count} certificates with the same key fit the signature, and the signed data name none of them.",
    ),
    _open(
        "signed-attributes-required",
        _CONSTRAINTS,
        "Chữ ký không có thuộc tính được ký, chính sách yêu cầu phải có.",
        "The signature has no signed attributes; the policy requires them.",
    ),
    # -- algorithms ----------------------------------------------------------------------------------
    _open(
        "algorithm-not-accepted",
        _CRYPTO,
        "Chính sách {policy} không chấp nhận thuật toán chữ ký {algorithm} với khóa {bits} bit.",
        "The policy {policy} does not accept the signature algorithm {algorithm} with a key of {bits} bits.",
    ),
    _open(
        "algorithm-expired",
        _CRYPTO,
        "Thuật toán chữ ký {algorithm} với khóa {bits} bit chỉ được chấp nhận đến {until}; thời điểm ký đã chứng minh"
        " là {at}.",
        "The signature algorithm {algorithm} with a key of {bits} bits counted until {until}; the proven time is {at}.",
    ),
    _open(
        "algorithm-expired-no-proof",
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
        "Thuật toán chữ ký {algorithm} với khóa {bits} bit chỉ được chấp nhận đến {until},"
        " và không có bằng chứng chữ ký được tạo trước đó.",
        "The signature algorithm {algorithm} with a key of {bits} bits counted until {until}, and nothing proves that"
        " the signature is older.",
    ),
    _open(
        "digest-not-accepted",
        _CRYPTO,
        "Chính sách {policy} không chấp nhận hàm băm {algorithm} của {name}.",
        "The policy {policy} does not accept the digest {algorithm} of {name}.",
    ),
    _open(
        "digest-expired",
        _CRYPTO,
        "Hàm băm {algorithm} của {name} chỉ được chấp nhận đến {until}; thời điểm ký đã chứng minh là {at}.",
        "The digest {algorithm} of {name} counted until {until}; the proven time is {at}.",
    ),
    _open(
        "digest-expired-no-proof",
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
        "Hàm băm {algorithm} của {name} chỉ được chấp nhận đến {until},"
        " và không có bằng chứng chữ ký được tạo trước đó.",
        "The digest {algorithm} of {name} counted until {until}, and nothing proves that the signature is older.",
    ),
    # -- time ----------------------------------------------------------------------------------------
    _note(
        "no-timestamp",
        "Chữ ký không kèm dấu thời gian; được kiểm tra tại thời điểm {at}.",
        "The signature has no timestamp; it is judged at {at}.",
    ),
    _note(
        "time-proven-around",
        "Dấu thời gian bao quanh (của chữ ký được xác nhận, hoặc của hồ sơ bằng chứng) chứng minh chữ ký"
        " đã có lúc {at}.",
        "A timestamp around it, of the signature that it is on or of an evidence record, proves that the signature"
        " existed at {at}.",
    ),
    _note(
        "time-proven",
        "Dấu thời gian của “{tsa}” chứng minh chữ ký đã có lúc {at}.",
        'A timestamp of "{tsa}" proves that the signature existed at {at}.',
    ),
    _open(
        "timestamp-not-assured",
        SubIndication.NO_POE,
        "Chữ ký kèm dấu thời gian nhưng dấu thời gian không chứng minh được thời điểm.",
        "The signature has a timestamp, but it does not prove a time.",
    ),
    _warning(
        "timestamp-not-valid",
        "Một dấu thời gian khác kèm chữ ký không dùng được: {detail}",
        "Another timestamp of the signature is of no use: {detail}",
    ),
    _open(
        "timestamp-token-missing",
        SubIndication.NO_POE,
        "Không đọc được dấu thời gian.",
        "The timestamp cannot be read.",
    ),
    _failed(
        "timestamp-of-other-data",
        SubIndication.HASH_FAILURE,
        "Dấu thời gian không phải của chữ ký này.",
        "The timestamp is over other data.",
    ),
    _open(
        "timestamp-data-unknown",
        SubIndication.SIGNED_DATA_NOT_FOUND,
        "Không dựng lại được dữ liệu mà dấu thời gian bao phủ.",
        "What the timestamp is over cannot be rebuilt.",
    ),
    _open(
        "timestamp-in-future",
        SubIndication.TIMESTAMP_ORDER_FAILURE,
        "Dấu thời gian ghi {time}, sau thời điểm kiểm tra {at}.",
        "The timestamp says {time}, which is after the time of evaluation, {at}.",
    ),
    _open(
        "timestamp-order",
        SubIndication.TIMESTAMP_ORDER_FAILURE,
        "Dấu thời gian của nội dung ({content}) muộn hơn dấu thời gian của chữ ký ({signature}).",
        "The timestamp over the content ({content}) is later than that over the signature ({signature}).",
    ),
    _open(
        "timestamp-order-within",
        SubIndication.TIMESTAMP_ORDER_FAILURE,
        "Dấu thời gian lưu trữ ({outer}) sớm hơn dấu thời gian mà nó bao phủ ({inner}).",
        "An archive timestamp ({outer}) is earlier than a timestamp that it is around ({inner}).",
    ),
    _note(
        "timestamp-not-renewed",
        "Chứng thư số của tổ chức cấp dấu thời gian hết hạn ngày {until} mà trước đó chưa có dấu thời gian lưu trữ.",
        "The certificate of the time-stamping authority ended on {until}, with no archive timestamp before that.",
    ),
    _open(
        "tsa-compromised",
        SubIndication.REVOKED_NO_POE,
        "Chứng thư số của tổ chức cấp dấu thời gian bị thu hồi từ {since} vì lộ khóa hoặc không rõ lý do.",
        "The certificate of the time-stamping authority is revoked since {since}: its key is lost, or nobody says why.",
    ),
    _warning(
        "foreign-tsa",
        "Thời điểm được chứng minh bởi “{tsa}”, không phải tổ chức cấp dấu thời gian được công nhận tại Việt Nam.",
        'The time is proven by "{tsa}", which is not a recognised Vietnamese time-stamping authority.',
    ),
    _open(
        "foreign-tsa-refused",
        _CONSTRAINTS,
        "Chính sách không chấp nhận dấu thời gian của “{tsa}”: không phải tổ chức được công nhận tại Việt Nam.",
        'The policy does not accept the timestamp of "{tsa}": it is no recognised Vietnamese authority.',
    ),
    _warning(
        "weak-imprint",
        "Dấu thời gian bao phủ giá trị băm {algorithm}, một hàm băm yếu.",
        "The timestamp is over a {algorithm} digest, which is weak.",
    ),
    _warning(
        "weak-token-digest",
        "Dấu thời gian được ký với hàm băm {algorithm}, một hàm băm yếu.",
        "The timestamp itself is signed with a {algorithm} digest, which is weak.",
    ),
    _note(
        "local-time-as-utc",
        "Thời điểm ký do người ký ghi muộn hơn dấu thời gian {hours}: giờ Việt Nam bị ghi thành giờ UTC.",
        "The time that the signer wrote is ahead of the timestamp by {hours}: local time written as UTC.",
    ),
    _warning(
        "claimed-time-after-proof",
        "Thời điểm ký do người ký ghi ({claimed}) muộn hơn dấu thời gian ({at}).",
        "The time that the signer wrote ({claimed}) is later than the timestamp ({at}).",
    ),
    _warning(
        "claimed-time-in-future",
        "Thời điểm ký do người ký ghi ({claimed}) muộn hơn thời điểm kiểm tra ({at}).",
        "The time that the signer wrote ({claimed}) is later than the time of evaluation ({at}).",
    ),
    _note(
        "claimed-time-only",
        "Thời điểm ký {claimed} chỉ do người ký ghi, không phải là bằng chứng.",
        "The signing time {claimed} is only what the signer wrote; it is no evidence.",
    ),
    # -- trust, with the proof of time ---------------------------------------------------------------
    _failed(
        "signed-before-validity",
        SubIndication.NOT_YET_VALID,
        "Chữ ký đã có lúc {at}, trước khi chứng thư số có hiệu lực ({since}).",
        "The signature existed at {at}, before the certificate became valid ({since}).",
    ),
    _failed(
        "signed-after-expiry",
        SubIndication.EXPIRED,
        "Chữ ký được tạo sau {at}, khi chứng thư số đã hết hạn ({until}).",
        "The signature was made after {at}, when the certificate had expired ({until}).",
    ),
    _failed(
        "signed-after-revocation",
        SubIndication.REVOKED,
        "Chữ ký được tạo sau {at}, khi chứng thư số đã bị thu hồi ({since}).",
        "The signature was made after {at}, when the certificate had been revoked ({since}).",
    ),
    _open(
        "made-after-compromise",
        SubIndication.REVOKED_CA_NO_POE,
        "Khóa của tổ chức cấp “{issuer}” bị lộ từ {since}; không chứng minh được chứng thư số “{subject}”"
        " đã có trước đó.",
        'The key of "{issuer}" is lost since {since}; nothing proves that the certificate "{subject}" is older.',
    ),
    _open(
        "status-after-compromise",
        SubIndication.REVOKED_CA_NO_POE,
        "Khóa của tổ chức cấp “{issuer}” bị lộ từ {since}; không chứng minh được dữ liệu thu hồi về “{subject}”"
        " đã có trước đó.",
        'The key of "{issuer}" is lost since {since}; nothing proves that the revocation data about "{subject}" is'
        " older.",
    ),
    _open(
        "revocation-not-checked",
        SubIndication.TRY_LATER,
        "CẢNH BÁO: không kiểm tra được trạng thái thu hồi của chứng thư số; kết quả chưa đủ căn cứ xác định.",
        "WARNING: the revocation status of the certificate could not be checked; the result is not final.",
    ),
    _warning(
        "revocation-not-available",
        "Không có dữ liệu thu hồi cho thời điểm ký; chính sách không đòi hỏi.",
        "There is no revocation data for the time of signing; the policy does not ask for it.",
    ),
    _warning(
        "hold-not-counted",
        "Chứng thư số bị tạm dừng tại thời điểm ký; chính sách không tính đến.",
        "The certificate was on hold at the time of signing; the policy does not count that.",
    ),
    _note(
        "certificate-ended-since",
        "Chứng thư số “{name}” có hiệu lực lúc ký ({at}) và đã hết hạn từ đó ({until}).",
        'The certificate "{name}" was valid at the time of signing ({at}) and has expired since ({until}).',
    ),
    # -- the packet's own signatures -----------------------------------------------------------------
    _failed(
        "seal-manifest-malformed",
        SubIndication.FORMAT_FAILURE,
        "Bản kê (ASiCManifest) của dấu niêm gói tin sai cấu trúc.",
        "The manifest (ASiCManifest) of the packet's seal is malformed.",
    ),
    _failed(
        "seal-attachment-changed",
        SubIndication.HASH_FAILURE,
        "Tệp đính kèm {name} đã bị thay đổi sau khi niêm gói tin.",
        "The attachment {name} changed after the packet was sealed.",
    ),
    _open(
        "seal-attachment-missing",
        SubIndication.SIGNED_DATA_NOT_FOUND,
        "Gói tin thiếu tệp đính kèm {name} đã được niêm.",
        "The packet lacks the attachment {name}, which was sealed.",
    ),
    _open(
        "seal-attachment-uncovered",
        _CONSTRAINTS,
        "Tệp đính kèm {name} không được niêm: có thể đã được thêm vào sau.",
        "The attachment {name} is not covered by the seal; it may have been added later.",
    ),
    _failed(
        "seal-other-document",
        SubIndication.HASH_FAILURE,
        "Dấu niêm thuộc về văn bản khác: đã ký cho {signed}, phần đầu gói tin ghi {found}.",
        "The seal belongs to another document: it was made for {signed}, the header says {found}.",
    ),
    _open(
        "seal-key-missing",
        _CONSTRAINTS,
        "Dấu niêm không nêu số, ký hiệu của văn bản, nên không gắn với phần đầu gói tin.",
        "The seal names no document, so it does not bind the header.",
    ),
    _open(
        "seal-header-incomplete",
        SubIndication.SIGNED_DATA_NOT_FOUND,
        "Phần đầu gói tin thiếu số, ký hiệu, ngày hoặc cơ quan ban hành để đối chiếu với dấu niêm.",
        "The header lacks number, notation, date or issuer, so it cannot be compared with the seal.",
    ),
    _open(
        "seal-unreadable",
        _CONSTRAINTS,
        "Không đọc được dấu niêm của gói tin: {detail}",
        "The seal of the packet cannot be read: {detail}",
    ),
    _open(
        "header-signature-unreadable",
        _CONSTRAINTS,
        "Không đọc được chữ ký ở phần đầu gói tin: {detail}",
        "The signature in the header cannot be read: {detail}",
    ),
    _open(
        "header-signature-elsewhere",
        _CONSTRAINTS,
        "Chữ ký trong gói tin không ký bất kỳ phần nào của gói tin: có thể đã được chép từ nơi khác.",
        "The signature in the packet covers nothing of the packet; it may have been copied from elsewhere.",
    ),
    _open(
        "attachment-not-signed",
        _CONSTRAINTS,
        "Chữ ký ở phần đầu gói tin không bao gồm tệp đính kèm {name}: có thể đã được thêm hoặc thay đổi sau khi ký.",
        "No signature in the header covers the attachment {name}; it may have been added or changed later.",
    ),
    _warning(
        "header-not-signed",
        "Chữ ký không bao gồm phần đầu gói tin: số, ký hiệu, nơi gửi và nơi nhận có thể đã bị thay đổi.",
        "No signature covers the header of the packet: number, sender and receivers may have been changed.",
    ),
    _note(
        "header-signature-empty",
        "Phần đầu gói tin chỉ có phần tử chữ ký rỗng; không phải là bằng chứng.",
        "The header holds an empty signature element only; it is no proof.",
    ),
    _warning(
        "header-signature-placeholder",
        "Chữ ký ở phần đầu gói tin chỉ là giá trị mẫu, không phải chữ ký thật.",
        "The signature in the header is a place-holder, no signature.",
    ),
    _warning(
        "header-signature-namespace",
        "Chữ ký ở phần đầu gói tin nằm trong không gian tên của gói tin, không phải của XML-DSig; không kiểm tra được.",
        "The signature in the header is in the packet's namespace, not that of XML-DSig; it cannot be verified.",
    ),
    _open(
        "rewritten-in-transit",
        SubIndication.SIGNED_DATA_NOT_FOUND,
        "Trục liên thông đã viết lại gói tin nên không còn dữ liệu gốc để kiểm tra chữ ký ở phần đầu;"
        " không kết luận là giả mạo.",
        "An axis wrote the packet anew, so what the header signature was over is gone; this does not mean forgery.",
    ),
    _note(
        "header-signature-set-aside",
        "Chữ ký ở phần đầu gói tin không còn kiểm tra được sau khi qua trục liên thông; dấu niêm vẫn nguyên vẹn.",
        "The header signature did not survive the axis; the seal did.",
    ),
    _note(
        "pdf-signatures-not-examined",
        "Chưa kiểm tra chữ ký bên trong các tệp PDF.",
        "Signatures inside the PDF files were not examined.",
    ),
    # -- is it a signed original? --------------------------------------------------------------------
    _note(
        "main-document-unknown",
        "Không xác định được văn bản chính trong gói tin.",
        "It cannot be told which attachment is the main document.",
    ),
    _note(
        "competent-person-missing",
        "Văn bản chính {name} chưa có chữ ký hợp lệ của người có thẩm quyền.",
        "The main document {name} has no valid signature of a person.",
    ),
    _note(
        "organisation-missing",
        "Văn bản chính {name} chưa có chữ ký hợp lệ của cơ quan, tổ chức ban hành.",
        "The main document {name} has no valid signature of the issuing organisation.",
    ),
    _warning(
        "issuer-not-compared",
        "Chưa đối chiếu được cơ quan ký “{signer}” với cơ quan ban hành “{issuer}”.",
        'Nobody could say whether the signing organisation "{signer}" is the issuer "{issuer}".',
    ),
    _warning(
        "issuer-differs",
        "Cơ quan ký “{signer}” không phải là cơ quan ban hành “{issuer}”.",
        'The signing organisation "{signer}" is not the issuer "{issuer}".',
    ),
    _note(
        "appendix-unsigned",
        "Tệp {name} không có chữ ký hợp lệ.",
        "The file {name} has no valid signature.",
    ),
    _open(
        "appendix-must-be-signed",
        _CONSTRAINTS,
        "Tệp {name} không có chữ ký hợp lệ, chính sách yêu cầu phải có.",
        "The file {name} has no valid signature; the policy requires one.",
    ),
    _warning(
        "counter-signature-not-valid",
        "Chữ ký xác nhận của “{signer}” không hợp lệ hoặc chưa đủ căn cứ xác định.",
        'The counter-signature of "{signer}" is not valid, or cannot be told to be.',
    ),
    _warning(
        "counter-signatures-not-judged",
        "Không kiểm tra {count} chữ ký xác nhận: chúng lồng nhau sâu hơn {limit} cấp.",
        "Not judged: {count} counter-signature(s) nested more than {limit} levels deep.",
    ),
)

SIGNATURE_REASONS: Mapping[str, ReasonKind] = MappingProxyType({row.code: row for row in _ROWS})
"""Every reason of the evaluation by its code."""

_TABLES: Final = (PATH_REASONS, XML_REASONS, CMS_REASONS, SIGNATURE_REASONS, EVIDENCE_REASONS)

REASONS: Mapping[str, ReasonKind] = MappingProxyType({code: row for table in _TABLES for code, row in table.items()})
"""The catalogue: every reason that a report can give, of paths, of the formats and of the evaluation."""
