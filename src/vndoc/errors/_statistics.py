"""Texts of the errors of statistics: a part of :data:`vndoc.errors.ERRORS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vndoc.text import Text

STATISTICS_ERRORS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "rows-unreadable": Text(
            "Không đọc được số liệu: {detail}.",
            "The rows cannot be read: {detail}.",
        ),
        "row-invalid": Text(
            "Cột {field} có giá trị {found} không dùng được.",
            "The value {found} of the column {field} cannot be used.",
        ),
        "limit-groups": Text(
            "Số liệu có hơn {limit} nhóm cấp, đơn vị và tháng.",
            "The rows make more than {limit} groups of level, unit and month.",
        ),
    }
)
