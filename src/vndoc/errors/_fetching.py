"""Texts of the errors of fetching and of bundles: a part of :data:`vndoc.errors.ERRORS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vndoc.text import Text

FETCHING_ERRORS: Final[Mapping[str, Text]] = MappingProxyType(
    {
        "fetch-refused": Text(
            "Không tải {url}: máy chủ không nằm trong danh sách cho phép.",
            "Not fetched: the host of {url} is not on the allow-list.",
        ),
        "fetch-url": Text(
            "Không tải được: địa chỉ {url} không dùng được.",
            "Not fetched: the address {url} cannot be used.",
        ),
        "fetch-address": Text(
            "Không tải {url}: tên máy chủ trỏ vào mạng nội bộ.",
            "Not fetched: the host of {url} has a private address.",
        ),
        "fetch-redirect": Text(
            "Không tải {url}: bị chuyển hướng tới {detail}.",
            "Not fetched: {url} redirects to {detail}.",
        ),
        "fetch-timeout": Text(
            "Tải {url} quá lâu (hơn {limit} giây).",
            "Fetching {url} took too long (over {limit} seconds).",
        ),
        "fetch-too-big": Text(
            "Nội dung tại {url} lớn hơn {limit} byte.",
            "What stands at {url} is larger than {limit} bytes.",
        ),
        "fetch-status": Text(
            "Máy chủ của {url} trả lời mã HTTP {status}.",
            "The server of {url} answered with HTTP status {status}.",
        ),
        "fetch-type": Text(
            "Nội dung tại {url} thuộc loại không dùng được ({detail}).",
            "What stands at {url} is of an unfit type ({detail}).",
        ),
        "fetch-tls": Text(
            "Kết nối TLS tới {url} không an toàn: {detail}.",
            "The TLS connection to {url} is not safe: {detail}.",
        ),
        "fetch-failed": Text(
            "Không tải được {url}: {detail}.",
            "{url} cannot be fetched: {detail}.",
        ),
        "fetch-limit": Text(
            "Không tải {url}: đã vượt giới hạn {limit} cho một lần kiểm tra.",
            "Not fetched: {url} is beyond the limit of {limit} for one verification.",
        ),
        "ocsp-refused": Text(
            "Máy chủ OCSP từ chối trả lời ({status}).",
            "The OCSP responder refused to answer ({status}).",
        ),
        "bundle-malformed": Text(
            "Không đọc được gói dữ liệu ngoại tuyến: {detail}.",
            "The offline bundle cannot be read: {detail}.",
        ),
        "bundle-changed": Text(
            "Gói dữ liệu ngoại tuyến đã bị thay đổi: {name}.",
            "The offline bundle was changed: {name}.",
        ),
        "bundle-too-big": Text(
            "Gói dữ liệu ngoại tuyến vượt giới hạn {limit}.",
            "The offline bundle is beyond the limit of {limit}.",
        ),
    }
)
