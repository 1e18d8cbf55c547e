"""Texts of the fixed words that a table holds, and days as a reader writes them, in both languages."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from types import MappingProxyType

from vndoc.routing.model import FIRST, LAST, AliasKind, Connection, SuccessorKind
from vndoc.text import Lang, Text

__all__ = ["ALIAS_KINDS", "CONNECTIONS", "SUCCESSOR_KINDS", "shown_date", "shown_period"]

CONNECTIONS: Mapping[Connection, Text] = MappingProxyType(
    {
        Connection.CONNECTED: Text("đã liên thông", "connected"),
        Connection.NOT_CONNECTED: Text("chưa liên thông", "not connected"),
        Connection.PENDING: Text("đang chờ đăng ký", "registration pending"),
        Connection.CONFLICT: Text("bản ghi xung đột", "record in conflict"),
        Connection.UNKNOWN: Text("không rõ đã liên thông chưa", "not known whether connected"),
    }
)
"""Text of each connection state."""

SUCCESSOR_KINDS: Mapping[SuccessorKind, Text] = MappingProxyType(
    {
        SuccessorKind.WHOLE: Text("nhận toàn bộ", "takes the whole"),
        SuccessorKind.UNCHANGED: Text("giữ nguyên", "unchanged"),
        SuccessorKind.RENAMED: Text("đổi tên", "renamed"),
        SuccessorKind.MERGED: Text("sáp nhập", "merged"),
        SuccessorKind.SPECIAL_ZONE: Text("toàn bộ thành đặc khu", "the whole became a special zone"),
        SuccessorKind.PART: Text("một phần", "a part"),
        SuccessorKind.PART_AREA: Text("một phần diện tích", "a part of the area"),
        SuccessorKind.PART_PEOPLE: Text("một phần dân số", "a part of the people"),
        SuccessorKind.PART_ALL_PEOPLE: Text("một phần diện tích, toàn bộ dân số", "a part of the area, all people"),
        SuccessorKind.FUNCTION: Text("chỉ theo chức năng", "by function only"),
    }
)
"""Text of each kind of successor."""

ALIAS_KINDS: Mapping[AliasKind, Text] = MappingProxyType(
    {
        AliasKind.OLD_CODE: Text("mã cũ", "old code"),
        AliasKind.CODE_102: Text("mã QCVN 102", "QCVN 102 code"),
        AliasKind.OTHER: Text("mã khác", "other code"),
    }
)
"""Text of each kind of alias."""


def shown_date(day: datetime.date, lang: Lang) -> str:
    """Return *day* for a reader: ``30/06/2025`` in Vietnamese, ``2025-06-30`` in English; open ends in words."""
    if day == FIRST:
        return "chưa rõ" if lang == "vi" else "unknown"
    if day == LAST:
        return "nay" if lang == "vi" else "now on"
    return f"{day.day:02d}/{day.month:02d}/{day.year}" if lang == "vi" else day.isoformat()


_PERIODS = {
    (False, False): Text("từ ngày chưa rõ", "since an unknown day"),
    (False, True): Text("đến {end}", "until {end}"),
    (True, False): Text("từ {start}", "since {start}"),
    (True, True): Text("từ {start} đến {end}", "from {start} to {end}"),
}


def shown_period(start: datetime.date, end: datetime.date, lang: Lang) -> str:
    """Return the days from *start* to *end* as words for a reader, open ends included."""
    text = _PERIODS[start != FIRST, end != LAST]
    return text.render(lang, start=shown_date(start, lang), end=shown_date(end, lang))
