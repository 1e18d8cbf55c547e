"""Texts of the errors of CMS signatures and timestamps: a part of :data:`vndoc.errors.ERRORS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vndoc.text import Text

CMS_ERRORS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "ecdsa-value-malformed": Text(
            "Giá trị chữ ký ECDSA dài {found} byte không đúng dạng; r và s phải dài {expected} byte.",
            "The ECDSA signature value of {found} octets is malformed; r and s must have {expected} octets.",
        ),
        "cms-malformed": Text(
            "Không phải là chữ ký số CMS (SignedData), hoặc mã hóa bị hỏng: {detail}.",
            "This is no CMS signature (SignedData), or its encoding is damaged: {detail}.",
        ),
        "cms-too-large": Text(
            "Chữ ký số CMS vượt giới hạn: {what} tối đa là {limit}.",
            "The CMS signature is beyond a limit: {what} may be {limit} at most.",
        ),
        "cms-content-needed": Text(
            "Cần có nội dung được ký, hoặc chữ ký số CMS đang được bổ sung.",
            "The content to be signed is needed, or the CMS signature that is added to.",
        ),
        "cms-content-differs": Text(
            "Nội dung hoặc chữ ký số CMS được đưa vào không phải là cái đã chuẩn bị để ký.",
            "The content or the CMS signature is not the one that was prepared for signing.",
        ),
        "timestamp-malformed": Text(
            "Không đọc được dấu thời gian: {detail}.",
            "The timestamp cannot be read: {detail}.",
        ),
        "timestamp-refused": Text(
            "Máy chủ cấp dấu thời gian từ chối: trạng thái {status}, {detail}.",
            "The time-stamping authority refused: status {status}, {detail}.",
        ),
        "timestamp-unfit": Text(
            "Dấu thời gian nhận được không trả lời đúng yêu cầu: {detail}.",
            "The timestamp that came back does not answer the request: {detail}.",
        ),
    }
)
"""The texts by their codes."""
