"""What the operating system says went wrong, in Vietnamese: its own words are English wherever it runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["SYSTEM_REASONS", "in_vietnamese"]

SYSTEM_REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "No such file or directory": "không có tệp hoặc thư mục này",
        "Permission denied": "không có quyền truy cập",
        "Operation not permitted": "thao tác không được phép",
        "Is a directory": "đây là thư mục",
        "Not a directory": "đường dẫn đi qua một tệp không phải thư mục",
        "File exists": "đã có tệp này",
        "Directory not empty": "thư mục không rỗng",
        "No space left on device": "đĩa đã đầy",
        "Disk quota exceeded": "đã hết hạn mức đĩa",
        "Read-only file system": "hệ thống tệp chỉ cho đọc",
        "Input/output error": "lỗi vào, ra của thiết bị",
        "File name too long": "tên tệp quá dài",
        "Too many levels of symbolic links": "liên kết tượng trưng lặp vòng",
        "Too many open files": "tiến trình mở quá nhiều tệp",
        "Device or resource busy": "tệp hoặc thiết bị đang bận",
        "Stale file handle": "tệp trên ổ đĩa mạng không còn",
        "Connection refused": "kết nối bị từ chối",
        "Connection reset by peer": "kết nối bị ngắt",
        "Connection timed out": "quá thời gian chờ kết nối",
        "No route to host": "không có đường tới máy chủ",
        "Network is unreachable": "không có đường tới mạng",
        "Address already in use": "địa chỉ đang được dùng",
        "Cannot assign requested address": "máy này không có địa chỉ ấy",
        "Name or service not known": "không tìm thấy tên máy chủ",
        "Temporary failure in name resolution": "chưa phân giải được tên máy chủ",
    }
)
"""Reason in English -> in Vietnamese: those of ``os.strerror`` and, the last two, of the resolver of names."""

_KNOWN: Final = re.compile("|".join(map(re.escape, sorted(SYSTEM_REASONS, key=len, reverse=True))))


def in_vietnamese(detail: str) -> str:
    """Return *detail* with the reasons of the operating system in it in Vietnamese; all else stays as it is."""
    return _KNOWN.sub(lambda found: SYSTEM_REASONS[found[0]], detail)
