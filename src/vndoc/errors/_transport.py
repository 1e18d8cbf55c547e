"""Texts of the errors that carrying a packet can end with: a part of :data:`vndoc.errors.ERRORS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vndoc.text import Text

TRANSPORT_ERRORS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        # -- our own faults: what was asked for cannot be carried so ------------------------------
        "carrier-credentials": Text(
            "{carrier} từ chối thông tin xác thực của hệ thống này: {detail}.",
            "{carrier} refuses this system's credentials: {detail}.",
        ),
        "carrier-refused": Text(
            "{carrier} từ chối gói tin: {detail}.",
            "{carrier} refuses the packet: {detail}.",
        ),
        "carrier-unknown-recipient": Text(
            "{carrier} không biết nơi nhận {recipient}.",
            "{carrier} does not know the recipient {recipient}.",
        ),
        "carrier-recipient-closed": Text(
            "Nơi nhận {recipient} đã bị khóa trên {carrier}.",
            "The recipient {recipient} is closed on {carrier}.",
        ),
        "carrier-unknown-sender": Text(
            "Đơn vị gửi {sender} chưa được đăng ký trên {carrier}.",
            "The sender {sender} is not registered on {carrier}.",
        ),
        "carrier-too-big": Text(
            "Gói tin có {size} byte, vượt giới hạn {limit} byte của {carrier}.",
            "The packet has {size} octets; {carrier} takes at most {limit}.",
        ),
        "carrier-item-unknown": Text(
            "{carrier} không có gói tin mang mã {item}.",
            "{carrier} has no item {item}.",
        ),
        "carrier-unsupported": Text(
            "{carrier} không có thao tác {operation}.",
            "{carrier} does not offer {operation}.",
        ),
        "carrier-configuration": Text(
            "Cấu hình của {carrier} không dùng được: {detail}.",
            "The configuration of {carrier} cannot be used: {detail}.",
        ),
        "carrier-recipients-missing": Text(
            "Không có nơi nhận nào để {carrier} chuyển tới.",
            "{carrier} was given no recipient.",
        ),
        "carrier-packet-unreadable": Text(
            "Không đọc được nội dung gói tin để {carrier} chuyển đi: {detail}.",
            "The packet that {carrier} is to carry cannot be read: {detail}.",
        ),
        "carrier-packet-changed": Text(
            "Nội dung gói tin không khớp với mã băm của chính nó; {carrier} không nhận chuyển.",
            "The packet does not match its own digest; {carrier} does not take it.",
        ),
        "carrier-message-reused": Text(
            "Mã thông điệp {message} đã dùng cho nội dung khác trên {carrier}.",
            "The message id {message} was used for other content on {carrier}.",
        ),
        "carrier-storage": Text(
            "{carrier} không đọc hoặc ghi được trên đĩa của hệ thống này: {detail}.",
            "{carrier} cannot read or write on this system's disk: {detail}.",
        ),
        "carrier-closed": Text(
            "{carrier} đã đóng.",
            "{carrier} is closed.",
        ),
        "carrier-plugin-unknown": Text(
            "Không có loại kênh truyền tên {found}; hiện có: {known}.",
            "There is no carrier named {found}; known: {known}.",
        ),
        "carrier-plugin-broken": Text(
            "Không nạp được kênh truyền {found}: {detail}.",
            "The carrier {found} cannot be loaded: {detail}.",
        ),
        # -- the peer's faults, and those of the line ---------------------------------------------
        "carrier-unreachable": Text(
            "Không kết nối được tới {carrier}: {detail}.",
            "{carrier} cannot be reached: {detail}.",
        ),
        "carrier-timeout": Text(
            "{carrier} không trả lời trong {seconds} giây.",
            "{carrier} did not answer within {seconds} seconds.",
        ),
        "carrier-interrupted": Text(
            "Kết nối tới {carrier} bị ngắt giữa chừng: {detail}.",
            "The connection to {carrier} broke in the middle: {detail}.",
        ),
        "carrier-failed": Text(
            "{carrier} báo lỗi: {detail}.",
            "{carrier} reports a fault: {detail}.",
        ),
        "carrier-nonsense": Text(
            "Không hiểu được câu trả lời của {carrier}: {detail}.",
            "The answer of {carrier} cannot be understood: {detail}.",
        ),
        "carrier-redirect": Text(
            "{carrier} chuyển hướng sang địa chỉ khác; không đi theo.",
            "{carrier} redirects to another address; this is not followed.",
        ),
        "carrier-answer-too-big": Text(
            "Câu trả lời của {carrier} vượt giới hạn {limit} byte.",
            "The answer of {carrier} exceeds the limit of {limit} octets.",
        ),
        "carrier-content-missing": Text(
            "Kho nội dung không có nội dung mà {carrier} thông báo.",
            "The store of contents does not hold what {carrier} announced.",
        ),
        "carrier-content-differs": Text(
            "Nội dung nhận từ {carrier} không khớp với mã băm đã công bố.",
            "What came from {carrier} does not match the digest that was announced.",
        ),
    }
)
