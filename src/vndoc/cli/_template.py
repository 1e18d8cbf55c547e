"""Descriptions to fill in, made from the element table: each key with its meaning; what may be left out as comment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from vndoc.edxml.elements import DOCUMENT, STATUS, TRACE_HEADER_LIST, Element, Kind
from vndoc.edxml.jsonform import json_key
from vndoc.text import Lang, Text

__all__ = ["TEMPLATES", "template"]

_HEAD = Text(
    "Bản mô tả gói tin ({kind}). Mọi giá trị là ví dụ: hãy thay bằng của mình.\n"
    "Dòng có dấu # là phần có thể bỏ; bỏ dấu # rồi điền để dùng.\n"
    "Tạo gói tin: vndoc build mo-ta.toml tep.pdf -o goi-tin.edxml",
    "Description of a packet ({kind}). All values are examples: put your own.\n"
    "What is commented out may be left out; take the # away to use it.\n"
    "To build the packet: vndoc build description.toml file.pdf -o packet.edxml",
)
_DERIVED = Text(
    "để trống thì lập từ mã cơ quan, ngày, số, ký hiệu", "made of agency code, date, number and notation if left out"
)
_MANDATORY = Text("bắt buộc", "mandatory")
_REPEATS = Text("lặp lại được", "may repeat")
_LENGTH = Text("tối đa {length} ký tự", "up to {length} characters")
_FILES = Text(
    "Tệp đính kèm; path tính từ thư mục của bản mô tả",
    "Files to attach; paths are relative to the folder of this description",
)

_DOCUMENT_ID = DOCUMENT.child("DocumentId")

_SENDER = {"organ_id": "H41", "organ_name": "Cơ quan gửi mẫu"}
_RECEIVER = {"organ_id": "H14.12", "organ_name": "Cơ quan nhận mẫu"}
_OLD = "H41,2026/02/01,05/TB-UBND"


class _Day(str):
    """A date or a time: it stands in TOML without quotes."""

    __slots__ = ()


def _document(operation: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "from": _SENDER,
        "to": [_RECEIVER],
        "code": {"number": "07", "notation": "TB-UBND"},
        "promulgation_info": {"place": "Tỉnh Mẫu", "promulgation_date": _Day("2026-03-04")},
        "document_type": {"type": 2, "type_detail": 7, "type_name": "Thông báo"},
        "subject": "Thông báo mẫu",
        "signer_info": {"competence": "KT. CHỦ TỊCH", "position": "Phó Chủ tịch", "full_name": "Nguyễn Văn Mẫu"},
        "other_info": {"priority": 0},
        "trace_header_list": {
            "bussiness": operation,
            "trace_headers": [{"organ_id": "H41", "timestamp": _Day("2026-03-04T10:11:12")}],
        },
        **more,
    }


_ABOUT = {"organ_id": "H41", "code": "05/TB-UBND", "document_id": _OLD, "promulgation_date": _Day("2026-02-01")}

TEMPLATES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "document": _document({"bussiness_doc_type": 0, "paper": 0}),
        "recall": _document({"bussiness_doc_type": 1, "bussiness_doc_reason": "Ban hành nhầm"}, response_for=[_ABOUT]),
        "update": _document(
            {
                "document_id": _OLD,
                "bussiness_doc_type": 2,
                "bussiness_doc_reason": "Bổ sung nơi nhận",
                "bussiness_document_info": {
                    "document_info": 0,
                    "document_receiver": 1,
                    "receiver_list": [{"organ_id": "H14.12", "receiver_type": 1}],
                },
            }
        ),
        "replace": _document(
            {
                "bussiness_doc_type": 3,
                "bussiness_doc_reason": "Thay thế văn bản cũ",
                "replacement_info_list": [{"document_id": _OLD, "organ_id_list": ["H14.12"]}],
            }
        ),
        "status": {
            "from": _RECEIVER,
            "response_for": {
                "organ_id": "H41",
                "code": "07/TB-UBND",
                "document_id": "H41,2026/03/04,07/TB-UBND",
                "promulgation_date": _Day("2026-03-04"),
            },
            "staff_info": {"department": "Phòng Văn thư", "staff": "Trần Thị Mẫu"},
            "status_code": "03",
            "description": "Đã tiếp nhận",
            "timestamp": _Day("2026-03-04T14:15:16"),
        },
    }
)
"""Examples by kind: fictional, each builds as it stands."""


def template(kind: str, lang: Lang) -> str:
    """Return the description *kind*, a key of :data:`TEMPLATES`, as TOML with comments in *lang*."""
    values = TEMPLATES[kind]
    head = [f"# {line}" for line in _HEAD.render(lang, kind=kind).splitlines()]
    writer = _Writer(lang)
    if kind == "status":
        lines = writer.block(STATUS.children, values, "")
    else:
        lines = writer.block((*DOCUMENT.children, TRACE_HEADER_LIST), values, "")
        lines += [
            "",
            f"# {_FILES.render(lang)}",
            "# [[attachments]]",
            '# path = "van-ban.pdf"',
            '# description = "Văn bản chính"',
        ]
    return "\n".join([*head, f'kind = "{"status" if kind == "status" else "document"}"', *lines]) + "\n"


class _Writer:
    """Writes blocks of the element table as TOML: values first, then tables, as TOML wants it."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang

    def block(self, rows: tuple[Element, ...], values: Mapping[str, Any], path: str) -> list[str]:
        """Return the lines of one table."""
        plain = [line for row in rows if not self.is_table(row) for line in self.value(row, values)]
        tables = [line for row in rows if self.is_table(row) for line in self.table(row, values, path)]
        return plain + tables

    @staticmethod
    def is_table(row: Element) -> bool:
        """Return whether *row* is a table in TOML."""
        return row.kind is Kind.BLOCK or (row.kind is Kind.WRAPPER and row.children[0].kind is Kind.BLOCK)

    def comment(self, row: Element) -> str:
        """Return what *row* means and what holds for it."""
        leaf = row.children[0] if row.kind is Kind.WRAPPER else row
        derived = row is _DOCUMENT_ID
        facts = [_MANDATORY.render(self.lang)] if row.minimum and not derived else []
        facts += [_DERIVED.render(self.lang)] if derived else []
        facts += [_LENGTH.render(self.lang, length=leaf.length)] if leaf.length else []
        facts += [_REPEATS.render(self.lang)] if leaf.repeats else []
        text = row.meaning.render(self.lang)
        return f"# {text} ({'; '.join(facts)})" if facts else f"# {text}"

    def value(self, row: Element, values: Mapping[str, Any]) -> Iterator[str]:
        """Yield the lines of one value."""
        yield self.comment(row)
        if row.field in values:
            yield f"{row.field} = {_toml(values[row.field])}"
        else:
            yield f"# {row.field} = {_empty(row)}"

    def table(self, row: Element, values: Mapping[str, Any], path: str) -> Iterator[str]:
        """Yield the lines of one table, or of each table of a list; only its heading where the example has none."""
        key = json_key(row.field)
        block = row.children[0] if row.kind is Kind.WRAPPER else row
        heading = f"[[{path}{key}]]" if block.repeats else f"[{path}{key}]"
        found = values.get(key)
        yield ""
        yield self.comment(row)
        if found is None:
            yield f"# {heading}"
            yield from (f"# {line}" for child in block.children if not child.children for line in self.value(child, {}))
            return
        for one in found if block.repeats else [found]:
            yield heading
            yield from self.block(block.children, one, f"{path}{key}.")


def _toml(value: Any) -> str:
    if isinstance(value, _Day):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


_EMPTY: Mapping[Kind, str] = MappingProxyType(
    {Kind.INTEGER: "0", Kind.BOOLEAN: "false", Kind.DATE: "2026-03-04", Kind.TIMESTAMP: "2026-03-04T10:11:12"}
)


def _empty(row: Element) -> str:
    return '[""]' if row.kind is Kind.WRAPPER else _EMPTY.get(row.kind, '""')
