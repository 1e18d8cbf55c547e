"""Texts of the errors that the exchange protocol answers with: a part of :data:`vndoc.errors.ERRORS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vndoc.text import Text

EXCHANGE_ERRORS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "event-not-allowed": Text(
            "Sự kiện {event} không hợp lệ ở trạng thái {state}.",
            "The event {event} is not allowed in the state {state}.",
        ),
    }
)
