"""Texts of the errors that reading and making XML signatures can end with: a part of :data:`vndoc.errors.ERRORS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vndoc.text import Text

XMLDSIG_ERRORS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "no-signature": Text(
            "Tài liệu không có chữ ký XML-DSig nào.",
            "The document has no XML-DSig signature.",
        ),
        "limit-signatures": Text(
            "Tài liệu có hơn {limit} chữ ký.",
            "The document has more than {limit} signatures.",
        ),
        "signing-encoding": Text(
            "Không ký được tài liệu ở bảng mã này; cần UTF-8.",
            "A document in this encoding cannot be signed; UTF-8 is needed.",
        ),
        "signing-data": Text(
            "Không lập được dữ liệu cần ký: {detail}.",
            "What is to be signed cannot be made: {detail}.",
        ),
        "signing-breaks-another": Text(
            "Phần thêm vào nằm trong phần mà chữ ký {name} đã ký, sẽ làm hỏng chữ ký đó.",
            "What is added would stand in what the signature {name} has signed, and break it.",
        ),
    }
)
