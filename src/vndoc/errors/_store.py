"""Texts of the errors that keeping and finding can end with: a part of :data:`vndoc.errors.ERRORS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vndoc.text import Text

STORE_ERRORS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "store-unavailable": Text(
            "Không dùng được kho lưu trữ: {detail}.",
            "The store cannot be used: {detail}.",
        ),
    }
)
