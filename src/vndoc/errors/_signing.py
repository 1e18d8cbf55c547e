"""Texts of the errors that making a signature can end with: a part of :data:`vndoc.errors.ERRORS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vndoc.text import Text

SIGNING_ERRORS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        # -- making a signature, keys in files ----------------------------------------------------
        "signing-algorithm": Text(
            "Khóa này không ký được bằng thuật toán {found}.",
            "This key cannot sign with the algorithm {found}.",
        ),
        "signing-state": Text(
            "Không dùng được trạng thái của chữ ký đang tạo: {detail}.",
            "The state of a prepared signature cannot be used: {detail}.",
        ),
        "archive-closed": Text(
            "Chữ ký có dấu thời gian lưu trữ phiên bản 1 hoặc 2; thêm dữ liệu vào sẽ làm hỏng dấu thời gian đó.",
            "The signature has an archive timestamp of version 1 or 2; adding to it would break that timestamp.",
        ),
        "signature-value": Text(
            "Giá trị chữ ký nhận được không phải là chữ ký của khóa trong chứng thư số trên dữ liệu đã chuẩn bị.",
            "The signature value is not that of the certificate's key over what was prepared.",
        ),
        "signer-not-yet-valid": Text(
            "Không ký: chứng thư số của người ký chỉ có hiệu lực từ {time}.",
            "Not signed: the signer's certificate is valid only from {time}.",
        ),
        "signer-expired": Text(
            "Không ký: chứng thư số của người ký đã hết hạn từ {time}.",
            "Not signed: the signer's certificate expired at {time}.",
        ),
        "signer-key-usage": Text(
            "Không ký: chứng thư số của người ký không dùng để ký số (KeyUsage).",
            "Not signed: the signer's certificate is not for signing (KeyUsage).",
        ),
        "signer-key-mismatch": Text(
            "Khóa bí mật không khớp với chứng thư số.",
            "The private key does not belong to the certificate.",
        ),
        "signer-certificate-missing": Text(
            "Không có chứng thư số của người ký: trong số chứng thư số đã cho, không có cái nào là của khóa ký.",
            "The signer's certificate is missing: none of the certificates that were given belongs to the signing key.",
        ),
        "private-key-unreadable": Text(
            "Không đọc được khóa bí mật: {detail}.",
            "The private key cannot be read: {detail}.",
        ),
        "passphrase-needed": Text(
            "Khóa bí mật được bảo vệ bằng mật khẩu; chưa có mật khẩu.",
            "The private key is protected by a passphrase, and none was given.",
        ),
        "passphrase-wrong": Text(
            "Mật khẩu của khóa bí mật không đúng, hoặc khóa đã mã hóa bị hỏng, hoặc cách mã hóa không được hỗ trợ.",
            "The passphrase is wrong, or the encrypted key is damaged or encrypted in a way that is not supported.",
        ),
        # -- tokens (PKCS#11) ---------------------------------------------------------------------
        "token-module": Text(
            "Không nạp được thư viện PKCS#11 {name}: {detail}.",
            "The PKCS#11 module {name} cannot be loaded: {detail}.",
        ),
        "token-not-found": Text(
            "Không tìm thấy thiết bị ký; hiện có: {known}.",
            "The token is not there; there are: {known}.",
        ),
        "token-ambiguous": Text(
            "Có nhiều thiết bị ký phù hợp: {known}.",
            "More than one token fits: {known}.",
        ),
        "token-pin-needed": Text(
            "Thiết bị ký cần mã PIN.",
            "The token needs a PIN.",
        ),
        "token-pin-wrong": Text(
            "Mã PIN của thiết bị ký không đúng.{hint}",
            "The PIN of the token is wrong.{hint}",
        ),
        "token-pin-locked": Text(
            "Mã PIN của thiết bị ký đã bị khóa.",
            "The PIN of the token is locked.",
        ),
        "token-pin-unset": Text(
            "Mã PIN của thiết bị ký chưa được đặt hoặc đã hết hạn.",
            "The PIN of the token is not set, or has expired.",
        ),
        "token-cancelled": Text(
            "Người dùng hoặc thiết bị ký đã hủy thao tác.",
            "The user or the token cancelled the operation.",
        ),
        "token-key-not-found": Text(
            "Thiết bị ký không có khóa {name}.",
            "The token has no key {name}.",
        ),
        "token-key-ambiguous": Text(
            "Thiết bị ký có {count} khóa phù hợp với {name}.",
            "The token has {count} keys that fit {name}.",
        ),
        "token-mechanism": Text(
            "Thiết bị ký không hỗ trợ cách ký này ({detail}).",
            "The token does not support this way of signing ({detail}).",
        ),
        "token-removed": Text(
            "Thiết bị ký đã bị rút ra hoặc phiên làm việc đã mất.",
            "The token was removed, or its session is lost.",
        ),
        "token-closed": Text(
            "Thiết bị ký đã được đóng.",
            "The token is closed.",
        ),
        "token-failed": Text(
            "Thiết bị ký báo lỗi: {detail}.",
            "The token failed: {detail}.",
        ),
        # -- remote services, SIM cards -----------------------------------------------------------
        "signer-certificate-status": Text(
            "Không ký: trạng thái chứng thư số của người ký là {found}.",
            "Not signed: the status of the signer's certificate is {found}.",
        ),
        "remote-key-disabled": Text(
            "Khóa tại dịch vụ ký số từ xa đang bị vô hiệu hóa.",
            "The key at the remote signing service is disabled.",
        ),
        "remote-authorisation-missing": Text(
            "Thiếu thông tin xác thực để ký từ xa: {names}.",
            "What authorises the remote signature is missing: {names}.",
        ),
        "remote-refused": Text(
            "Dịch vụ ký số từ xa từ chối {method} (HTTP {status}): {detail}.",
            "The remote signing service refused {method} (HTTP {status}): {detail}.",
        ),
        "remote-answer": Text(
            "Không hiểu trả lời của dịch vụ ký số: {detail}.",
            "The answer of the signing service cannot be used: {detail}.",
        ),
        "mobile-expired": Text(
            "Giao dịch ký trên SIM đã quá hạn ({found}).",
            "The transaction of the SIM signature has expired ({found}).",
        ),
        "mobile-cancelled": Text(
            "Người ký đã hủy yêu cầu ký trên điện thoại ({found}).",
            "The signer cancelled on the telephone ({found}).",
        ),
        "mobile-blocked": Text(
            "Mã PIN hoặc SIM ký số đã bị khóa ({found}).",
            "The PIN or the SIM card is blocked ({found}).",
        ),
        "mobile-not-registered": Text(
            "Thuê bao chưa đăng ký ký số hoặc không có khóa ({found}).",
            "The subscriber is not registered for signing, or has no key ({found}).",
        ),
        "mobile-unreachable": Text(
            "Không liên lạc được với điện thoại của người ký ({found}).",
            "The signer's telephone cannot be reached ({found}).",
        ),
        "mobile-busy": Text(
            "Một yêu cầu ký khác đang chờ trên điện thoại của người ký ({found}).",
            "Another request is waiting on the signer's telephone ({found}).",
        ),
        "mobile-failed": Text(
            "Dịch vụ ký trên SIM báo lỗi ({found}).",
            "The mobile signature service failed ({found}).",
        ),
        "signature-kind": Text(
            "Chưa kiểm tra được chữ ký trong tệp {found}.",
            "Signatures in a {found} file are not verified here.",
        ),
        "header-signed": Text(
            "Phần đầu gói tin đã có chữ ký.",
            "The header of the packet has a signature already.",
        ),
        "header-content-ids": Text(
            "Không ký được các tệp đính kèm: phải có tệp, và mỗi tệp phải có ContentId riêng.",
            "The attachments cannot be signed: there must be some, each with a content id of its own.",
        ),
        # -- the seal of a packet --------------------------------------------------------------------
        "seal-present": Text(
            "Gói tin đã có dấu niêm.",
            "The packet has a seal already.",
        ),
        "seal-name-missing": Text(
            "Có tệp đính kèm không có tên nên không niêm được.",
            "An attachment has no name, so it cannot be sealed.",
        ),
        "seal-incomplete": Text(
            "Dấu niêm của gói tin không đủ: phải có đúng một tệp bản kê và một tệp chữ ký.",
            "The seal of the packet is not whole: there must be one manifest and one signature.",
        ),
    }
)
