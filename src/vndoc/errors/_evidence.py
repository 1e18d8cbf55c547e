"""Texts of the errors that an evidence record can end with: a part of :data:`vndoc.errors.ERRORS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vndoc.text import Text

EVIDENCE_ERRORS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "evidence-malformed": Text(
            "Không đọc được hồ sơ bằng chứng: sai cấu trúc tại {detail}.",
            "The evidence record cannot be read: it is malformed at {detail}.",
        ),
        "evidence-version": Text(
            "Hồ sơ bằng chứng thuộc phiên bản {found}; phần mềm này đọc phiên bản {expected}.",
            "The evidence record is of version {found}; version {expected} is read here.",
        ),
        "evidence-digest": Text(
            "Hồ sơ bằng chứng đã bị sửa hoặc hỏng: giá trị băm của hồ sơ không khớp.",
            "The evidence record was changed or is damaged: its digest does not match.",
        ),
        "evidence-too-large": Text(
            "Hồ sơ bằng chứng lớn {size} byte, vượt giới hạn {limit} byte.",
            "The evidence record has {size} bytes, the limit is {limit}.",
        ),
        "evidence-too-many": Text(
            "Hồ sơ bằng chứng có hơn {limit} mục ở {what}.",
            "The evidence record has more than {limit} items in {what}.",
        ),
        "evidence-nothing": Text(
            "Không có chữ ký nào để lập hồ sơ bằng chứng.",
            "There is no signature to make an evidence record of.",
        ),
    }
)
