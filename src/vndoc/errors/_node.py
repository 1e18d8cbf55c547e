"""Texts of the errors that a node can end with: a part of :data:`vndoc.errors.ERRORS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vndoc.text import Text

NODE_ERRORS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "not-cleared": Text(
            "Văn bản chưa đủ điều kiện gửi: {count} lỗi, lỗi đầu tiên: {detail}.",
            "The document may not be sent: {count} errors, the first: {detail}.",
        ),
        "carrier-missing": Text(
            "Danh mục định tuyến chỉ tới {carrier} nhưng hệ thống này không có kênh truyền đó.",
            "The routing table leads to {carrier}, but this node has no such carrier.",
        ),
        "no-way-back": Text(
            "Không có đường gửi trạng thái tới {recipient}.",
            "There is no way to send a status to {recipient}.",
        ),
        "agency-not-here": Text(
            "{code} không phải là đơn vị của hệ thống này.",
            "{code} is not an agency of this node.",
        ),
        "document-unknown": Text(
            "Hệ thống này không có văn bản {name}.",
            "This node has no document {name}.",
        ),
        "packet-misdirected": Text(
            "Gói tin không gửi cho đơn vị nào của hệ thống này.",
            "The packet is addressed to no agency of this node.",
        ),
        "hook-failed": Text(
            "Hệ thống quản lý văn bản không nhận sự kiện: {detail}.",
            "The office system did not take the event: {detail}.",
        ),
        "outcome-unknown": Text(
            "Lần gửi trước kết thúc mà không rõ kết quả; kênh truyền không nhận biết gói tin gửi lại.",
            "An attempt ended without a known outcome, and the carrier does not recognise repetitions.",
        ),
        "node-settings": Text(
            "Cấu hình không dùng được: {detail}.",
            "The configuration cannot be used: {detail}.",
        ),
    }
)
