"""The catalogues as plain rows, drawn from the tables of the library. No Sphinx here, so that the tests can read them.

A cell is text: line ends separate paragraphs and backticks enclose code. Where a catalogue has ``objects``, the first
cell of each row is the id that links lead to.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import attrs

import vndoc
from vndoc import limits
from vndoc.cli._app import command_in
from vndoc.cli._schema import COMMANDS, schema_text
from vndoc.edxml import DEVIATIONS, PROFILES, Element, Kind, Profile, elements
from vndoc.envelope import codes
from vndoc.errors import ERRORS
from vndoc.schema import RULES, structure
from vndoc.schema.xsd import SCHEMAS
from vndoc.text import Text

Lang = Literal["vi", "en"]


@attrs.frozen
class Catalogue:
    """Headings and rows of one table; ``objects`` names the kind of thing that its first column identifies."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]
    objects: str | None = None


_HEADINGS = {
    "Id": "Mã",
    "Severity": "Mức độ",
    "Source": "Căn cứ",
    "Text": "Nội dung",
    "Axis code": "Mã của trục",
    "Packets": "Gói tin",
    "Class": "Lớp",
    "Path": "Đường dẫn",
    "Content": "Kiểu",
    "Times": "Số lần",
    "Length": "Độ dài",
    "Field": "Trường",
    "Meaning": "Ý nghĩa",
    "Code": "Mã",
    "Name": "Tên",
    "Abbreviation": "Viết tắt",
    "Sent by": "Bên gửi",
    "Reason": "Lý do",
    "Sure": "Độ tin cậy",
    "Default": "Mặc định",
    "Option": "Tham số",
    "File": "Tệp",
}
_WORDS_VI = {
    "note": "ghi chú",
    "warning": "cảnh báo",
    "error": "lỗi",
    "document": "văn bản",
    "status": "trạng thái",
    "both": "cả hai",
    "receiver": "bên nhận",
    "sender": "bên gửi",
    "required": "bắt buộc",
    "reg": "quy định",
    "practice": "thực tế",
    "inferred": "suy luận",
}


def _made(
    headings: str, rows: Iterable[tuple[str, ...]], widths: str, lang: Lang, objects: str | None = None
) -> Catalogue:
    names = headings.split("|")
    shown = tuple(_HEADINGS.get(name, name) if lang == "vi" else name for name in names)
    return Catalogue(shown, tuple(rows), tuple(int(width) for width in widths.split()), objects)


def _word(word: str, lang: Lang) -> str:
    return _WORDS_VI[word] if lang == "vi" else word


def _text(text: Text, lang: Lang) -> str:
    """Return what a page in *lang* shows: Vietnamese alone, or English with the Vietnamese below it."""
    return text.vi if lang == "vi" else f"{text.en}\n{text.vi}"


def deviations(lang: Lang) -> Catalogue:
    """Return what reading reports."""
    rows = (
        (f"`{kind.id}`", _word(kind.severity.value, lang), kind.clause, _text(kind.text, lang))
        for kind in DEVIATIONS.values()
    )
    return _made("Id|Severity|Source|Text", rows, "22 10 14 54", lang, "deviation")


def rule_catalogue(lang: Lang) -> Catalogue:
    """Return what validation checks above the schema."""
    rows = (
        (
            f"`{rule.id}`",
            _word(rule.severity.value, lang),
            f"`{rule.code}`" if rule.code else "–",
            _word(rule.applies, lang),
            rule.source,
            _text(rule.text, lang),
        )
        for rule in RULES.values()
    )
    return _made("Id|Severity|Axis code|Packets|Source|Text", rows, "20 8 7 9 18 38", lang, "rule")


def structure_findings(lang: Lang) -> Catalogue:
    """Return what the check of the structure reports: one id may have several texts."""
    texts: dict[str, list[str]] = {}
    for id_, text in structure._MESSAGES.values():  # noqa: SLF001 - the table has no public name
        texts.setdefault(id_, []).append(text.vi if lang == "vi" else text.en)
    rows = ((f"`{id_}`", "\n".join(lines)) for id_, lines in texts.items())
    return _made("Id|Text", rows, "24 76", lang, "rule")


def errors(lang: Lang) -> Catalogue:
    """Return every error code with the class that carries it."""
    classes = error_classes()
    rows = ((f"`{code}`", f"`{classes[code]}`", _text(text, lang)) for code, text in ERRORS.items())
    return _made("Code|Class|Text", rows, "24 18 58", lang, "errorcode")


_RAISED_BY_VARIABLE = {"limit-": "LimitError", "base64-": "AttachmentError", "xml-": "ReadError"}
"""Classes of codes that the source does not name as a literal where it raises them, by the start of the code."""


def error_classes() -> dict[str, str]:
    """Return the error class of each code, read from where the source raises it."""
    found: dict[str, set[str]] = {code: set() for code in ERRORS}
    for path in Path(vndoc.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            first = node.args[0]
            if node.func.id.endswith("Error") and isinstance(first, ast.Constant) and first.value in found:
                found[str(first.value)].add(node.func.id)
    return {code: ", ".join(sorted(names)) or _by_start(code) for code, names in found.items()}


def _by_start(code: str) -> str:
    return next((name for start, name in _RAISED_BY_VARIABLE.items() if code.startswith(start)), "")


_PARTS: Mapping[str, Element] = {
    "document": elements.DOCUMENT,
    "trace": elements.TRACE_HEADER_LIST,
    "status": elements.STATUS,
    "manifest": elements.MANIFEST,
    "attachment": elements.ATTACHMENT,
}


def element_rows(lang: Lang, part: str) -> Catalogue:
    """Return the elements of one *part* of the packet, a name of :data:`ELEMENT_PARTS`."""
    rows = tuple(_element_rows(_PARTS[part], "", "", lang))
    return _made("Path|Content|Times|Length|Field|Meaning", rows, "28 14 7 9 20 22", lang)


def _element_rows(row: Element, path: str, owner: str, lang: Lang) -> Iterable[tuple[str, ...]]:
    here = f"{path}/{row.name}" if path else row.name
    field = f"`{owner}.{row.field}`" if owner and row.field and row.kind is not Kind.WRAPPER else "–"
    yield (f"`{here}`", _content(row), _times(row), _length(row), field, _meaning(row, lang))
    for attribute in row.attributes:
        name = f"`{row.model.__name__}.{attribute.field}`" if row.model and attribute.field else "–"
        fixed = f"text = `{attribute.fixed}`" if attribute.fixed else "text"
        times = "1" if attribute.required else "0..1"
        yield (f"`{here}/@{attribute.name}`", fixed, times, "–", name, _sentence(attribute.meaning, lang))
    inner = row.model.__name__ if row.model else owner
    for child in row.children:
        yield from _element_rows(child, here, inner, lang)


def _content(row: Element) -> str:
    kind = "list of values" if row.kind is Kind.WRAPPER else row.kind.value
    return f"{kind}\ncodes: `{row.codes}`" if row.codes else kind


def _times(row: Element) -> str:
    if row.maximum == row.minimum:
        return str(row.minimum)
    return f"{row.minimum}..{'n' if row.maximum is None else row.maximum}"


def _length(row: Element) -> str:
    if row.length is None:
        return f"≥ {row.lower}" if row.lower is not None else "–"
    return f"{row.length} ({row.length_source})"


def _meaning(row: Element, lang: Lang) -> str:
    lines = [_sentence(row.meaning, lang)]
    if row.extension:
        lines.append("vendor extension" if lang == "en" else "phần mở rộng của nhà cung cấp")
    if row.aliases:
        also = ", ".join(f"`{name}`" for name in row.aliases)
        lines.append(f"also read as {also}" if lang == "en" else f"cũng đọc được dạng {also}")
    return "\n".join(lines)


def _sentence(text: Text, lang: Lang) -> str:
    return text.vi if lang == "vi" else f"{text.en[:1].upper()}{text.en[1:]}\n{text.vi}"


def length_sources(lang: Lang) -> Catalogue:
    """Return what the letters behind a length mean."""
    rows = ((f"`{key}`", text.render(lang)) for key, text in elements.LENGTH_SOURCES.items())
    return _made("Source|Meaning", rows, "12 88", lang)


def code_list(lang: Lang, list_id: str) -> Catalogue:
    """Return the entries of the code list called *list_id*."""
    found = next(codes_ for codes_ in codes.ALL_LISTS if codes_.id == list_id)
    names = (lambda e: (e.name.vi,)) if lang == "vi" else (lambda e: (f"{e.name.en}\n{e.name.vi}",))
    columns: list[tuple[str, int, Callable[[codes.CodeEntry], str]]] = [("Code", 8, lambda e: f"`{e.code}`")]
    columns.append(("Name", 38, lambda e: names(e)[0]))
    if any(entry.abbreviation for entry in found):
        columns.append(("Abbreviation", 12, lambda e: e.abbreviation or "–"))
    if any(isinstance(entry, codes.StatusEntry) for entry in found):
        columns.append(("Sent by", 10, lambda e: _word(e.sent_by.value, lang)))  # type: ignore[attr-defined]
        columns.append(("Reason", 10, lambda e: _word("required", lang) if e.reason_required else "–"))  # type: ignore[attr-defined]
    columns.append(("Sure", 10, lambda e: _word(e.confidence.value, lang)))
    columns.append(("Source", 30, lambda e: e.source))
    rows = (tuple(cell(entry) for _, _, cell in columns) for entry in found)
    widths = " ".join(str(width) for _, width, _ in columns)
    return _made("|".join(name for name, _, _ in columns), rows, widths, lang)


def limit_values(lang: Lang) -> Catalogue:
    """Return every limit with its default and the reason that stands beside it in the source."""
    reasons = attribute_texts(limits.Limits)
    rows = (
        (f"`{field.name}`", _number(field.name, field.default), _rst(reasons[field.name]))
        for field in attrs.fields(limits.Limits)
    )
    return _made("Name|Default|Meaning", rows, "22 16 62", lang)


def attribute_texts(owner: type) -> dict[str, str]:
    """Return the docstrings that stand below the fields of the class *owner*."""
    body = ast.parse(inspect.getsource(owner)).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - inspect gave the source of a class
    texts = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            texts[ast.unparse(field.target)] = " ".join(str(text.value.value).split())
    return texts


def _rst(text: str) -> str:
    return text.replace("``", "`")


def _number(name: str, value: int) -> str:
    if not name.endswith("_bytes") and name != "inline_text":
        return f"{value:,}"
    for size, unit in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if value % size == 0:
            return f"{value // size} {unit}"
    return f"{value:,}"


def profiles(lang: Lang) -> Catalogue:
    """Return all fields of the built-in profiles side by side."""
    rows = [
        (f"`{field.name}`", *(_shown(getattr(profile, field.name), lang) for profile in PROFILES.values()))
        for field in attrs.fields(Profile)
        if field.name != "name"
    ]
    headings = "|".join(["Field", *PROFILES])
    return _made(headings, rows, " ".join(["16", *["14"] * len(PROFILES)]), lang)


def _shown(value: object, lang: Lang) -> str:
    if isinstance(value, Text):
        return value.render(lang)
    if isinstance(value, Mapping):
        return "\n".join(f"`{key}`: `{text}`" for key, text in value.items()) or "–"
    if isinstance(value, frozenset):
        return "\n".join(f"`{item}`" for item in sorted(value)) or "–"
    if isinstance(value, str):
        return f"`{value!r}`" if value.strip() != value else f"`{value}`"
    if isinstance(value, bool):
        return {True: ("yes", "có"), False: ("no", "không")}[value][lang == "vi"]
    if value is None:
        return "–"
    return f"{value // (1 << 20)} MiB" if isinstance(value, int) and value >= 1 << 20 else str(value)


def command_options(lang: Lang, command: str) -> Catalogue:
    """Return the arguments and options of one *command* of ``vndoc``."""
    rows = (
        (_option_names(parameter), _option_default(parameter, lang), parameter.help or "–")
        for parameter in command_in(lang).commands[command].params
    )
    return _made("Option|Default|Meaning", rows, "28 18 54", lang)


def _option_names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.name.upper()}{'...' if parameter.nargs != 1 else ''}`"
    return ", ".join(f"`{name}`" for name in parameter.opts)


def _option_default(parameter: Any, lang: Lang) -> str:
    if parameter.required:
        return _word("required", lang)
    return f"`{parameter.default}`" if isinstance(parameter.default, str) and parameter.default else "–"


CATALOGUES: Mapping[str, Callable[..., Catalogue]] = {
    "deviations": deviations,
    "rules": rule_catalogue,
    "structure": structure_findings,
    "errors": errors,
    "elements": element_rows,
    "length-sources": length_sources,
    "codes": code_list,
    "limits": limit_values,
    "profiles": profiles,
    "command": command_options,
}
"""What a page may draw, by name. ``elements``, ``codes`` and ``command`` take a second argument: which one."""

ELEMENT_PARTS = tuple(_PARTS)
"""The parts that ``elements`` draws."""


def published() -> dict[str, dict[str, bytes]]:
    """Return the files that come with the pages: the XSDs, and the JSON Schema of each command, by name."""
    json_schemas = {f"{name}.schema.json": schema_text(name).encode() for name in COMMANDS}
    return {"schemas": {name: make() for name, make in SCHEMAS.items()}, "json-schemas": json_schemas}
