"""What ``vndoc stats`` says: parts of the two tables in :mod:`vndoc.cli._words`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vndoc.text import Text

__all__ = ["STATS_HELP", "STATS_WORDS"]

STATS_WORDS: Mapping[str, Text] = MappingProxyType(
    {
        "stats-period": Text("Từ {first} đến {last}: {rows} dòng số liệu", "From {first} to {last}: {rows} rows"),
        "stats-none": Text("Không có dòng số liệu nào.", "There are no rows."),
        "stats-total": Text("Tổng cộng", "Total"),
        "stats-signed": Text("đã ký số", "signed"),
        "stats-late": Text("muộn", "late"),
        "stats-refused": Text("từ chối", "refused"),
        "stats-share": Text("Ký số %", "Signed %"),
        "stats-target": Text("Chỉ tiêu %", "Target %"),
        "stats-missing": Text("Còn thiếu", "Missing"),
        "stats-unsettled": Text(
            "{sent} văn bản gửi và {received} văn bản nhận chưa rõ chữ ký, không tính là đã ký.",
            "Signatures of {sent} documents sent and {received} received are not settled and do not count as signed.",
        ),
        "stats-missed": Text("{count} nhóm chưa đạt chỉ tiêu.", "{count} groups miss their target."),
        "stats-sheet": Text("Thống kê", "Statistics"),
        "stats-targets-sheet": Text("Chỉ tiêu", "Targets"),
        "stats-since": Text("Từ ngày", "Since"),
        "stats-source": Text("Căn cứ", "Source"),
        "stats-every-level": Text("Mọi cấp", "Every level"),
    }
)
"""Texts of pages and spreadsheets."""

STATS_HELP: Mapping[str, Text] = MappingProxyType(
    {
        "stats": Text(
            "Thống kê văn bản gửi, nhận, ký số, muộn, từ chối theo cấp, đơn vị, tháng, so với chỉ tiêu ký số.\n\n"
            "Các cột của số liệu: day, direction, unit, level, signed, late, refused và nếu có: name, count. "
            "Mã thoát 1: có --check và có nhóm chưa đạt chỉ tiêu.",
            "Count documents sent, received, signed, late and refused by level, unit, month, against the targets.\n\n"
            "Columns of the rows: day, direction, unit, level, signed, late, refused, and where wanted name and count. "
            "Exit code 1: with --check, a group misses its target.",
        ),
        "stats-rows": Text(
            "Tệp số liệu CSV hoặc JSON, hoặc - là đầu vào chuẩn; nhiều tệp được cộng lại.",
            "Files of rows as CSV or JSON, or - for standard input; several are added up.",
        ),
        "stats-store": Text(
            "Kho lưu trữ của cổng kết nối, dạng sqlite:///tệp hoặc postgresql://…; dùng thay cho hoặc cùng với tệp.",
            "The store of a node, sqlite:///file or postgresql://…; instead of files or with them.",
        ),
        "stats-blobs": Text("Thư mục nội dung của kho.", "The folder of contents of the store."),
        "stats-by": Text(
            "Chia theo level, unit hoặc month; dùng được nhiều lần. Mặc định: level và month.",
            "Group by level, unit or month; may be given several times. Default: level and month.",
        ),
        "stats-csv": Text("Ghi bảng ra tệp CSV.", "Write the table to a CSV file."),
        "stats-xlsx": Text(
            "Ghi bảng ra tệp Excel (cần vndoc[xlsx]).", "Write the table to an Excel file (vndoc[xlsx])."
        ),
        "stats-svg": Text(
            "Vẽ biểu đồ tỷ lệ ký số theo cấp và tháng ra tệp SVG.",
            "Draw the signed share by level and month to an SVG file.",
        ),
        "stats-check": Text("Không đạt khi có nhóm chưa đạt chỉ tiêu.", "Fail where a group misses its target."),
    }
)
"""Help of the command and its options."""
