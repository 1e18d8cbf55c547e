"""The catalogues as plain rows, drawn from the tables of the library. No Sphinx here, so that the tests can read them.

A cell is text: line ends separate paragraphs and backticks enclose code. Where a catalogue has ``objects``, the first
cell of each row is the id that links lead to.
"""

from __future__ import annotations

import ast
import enum
import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import attrs
from configuration import NODE_SETTINGS, PLACES, defaults

import vndoc
from vndoc import limits
from vndoc.cli._app import command_in
from vndoc.cli._schema import COMMANDS, schema_text
from vndoc.edxml import DEVIATIONS, PROFILES, Element, Kind, Profile, elements
from vndoc.envelope import codes
from vndoc.errors import ERRORS
from vndoc.exchange import GATE, JUDGEMENTS, MATCHES, QD28, TOPICS
from vndoc.exchange import STEPS as TIMED_STEPS
from vndoc.exchange.drawing import MACHINES, machine_svg
from vndoc.node import EVENT_KINDS, METRICS
from vndoc.pki import CryptoPolicy, Indication, ReasonKind
from vndoc.routing import CHECKS, FATES, LETTERS, NOTES, OUTCOMES, REASONS, STANDARD_GROUPS, STEPS, RoutingTable
from vndoc.routing.decisions import axis_rows, check_rows, decision_rows, step_rows
from vndoc.routing.drawing import provinces_svg
from vndoc.routing.terms import ALIAS_KINDS, CONNECTIONS, SUCCESSOR_KINDS, shown_date
from vndoc.schema import RULES, structure
from vndoc.schema.xsd import SCHEMAS
from vndoc.signature.policy import POLICIES
from vndoc.signature.reasons import REASONS as SIGNATURE_REASONS
from vndoc.signature.report import ANSWERS
from vndoc.statistics import LEVELS, TARGETS, Level, percent
from vndoc.testing.axis.faults import FAULTS
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
    "Fault": "Lỗi",
    "Severity": "Mức độ",
    "Source": "Căn cứ",
    "Text": "Nội dung",
    "Axis code": "Mã của trục",
    "Packets": "Gói tin",
    "Class": "Lớp",
    "Path": "Đường dẫn",
    "Content": "Kiểu",
    "Decides": "Kết luận",
    "Use": "Dùng cho",
    "Algorithm": "Thuật toán",
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
    "Key": "Khóa",
    "Option": "Tham số",
    "File": "Tệp",
    "Step": "Bước",
    "It may find": "Kết quả có thể",
    "Outcome": "Kết luận",
    "Reasons": "Lý do",
    "Successors": "Nơi kế thừa",
    "Valid": "Hiệu lực",
    "Letter": "Chữ cái",
    "Codes": "Các mã",
    "Column": "Cột",
    "Value": "Giá trị",
    "Group": "Nhóm",
    "Kinds": "Loại cơ quan",
    "State": "Trạng thái",
    "Event": "Sự kiện",
    "Leads to": "Chuyển sang",
    "With it": "Kèm theo",
    "To do": "Việc phải làm",
    "Urgency": "Mức độ khẩn",
    "Term": "Thời hạn",
    "Level": "Cấp",
    "Since": "Từ ngày",
    "Share": "Tỷ lệ",
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
    "high": "cao",
    "medium": "trung bình",
    "low": "thấp",
    "derived": "suy từ quy tắc",
    "stays": "giữ nguyên",
    "final": "cuối",
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


_RAISED_BY_VARIABLE = {
    "carrier-": "OwnFaultError",
    "limit-": "LimitError",
    "base64-": "AttachmentError",
    "xml-": "ReadError",
    "token-": "SignatureError",
    "mobile-": "SignatureError",
    "fetch-": "FetchError",
    "state-is-final": "ExchangeError",
    "outcome-contradicts": "ExchangeError",
    "status-contradicts": "ExchangeError",
    "change-after-done": "ExchangeError",
    "answer-contradicts": "ExchangeError",
    "document-conflict": "ExchangeError",
    "packet-misdirected": "ExchangeError",
    "hook-failed": "ExchangeError",
    "outcome-unknown": "ExchangeError",
    "store-": "StoreError",
}
"""Classes of codes that the source does not name as a literal where it raises them, by the start of the code.

Those of the exchange but the first, and those of the node, are recorded in rows and not raised.
"""


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


def commands(lang: Lang) -> dict[str, Any]:
    """Return the commands of ``vndoc`` by name; those of a group with its name before theirs (``group-name``)."""
    found: dict[str, Any] = {}
    for name, command in command_in(lang).commands.items():
        parts = getattr(command, "commands", None)
        found |= {name: command} if parts is None else {f"{name}-{part}": inner for part, inner in parts.items()}
    return found


def command_options(lang: Lang, command: str) -> Catalogue:
    """Return the arguments and options of one *command* of ``vndoc``, a name of :func:`commands`."""
    rows = (
        (_option_names(parameter), _option_default(parameter, lang), parameter.help or "–")
        for parameter in commands(lang)[command].params
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


def routing_steps(lang: Lang) -> Catalogue:
    """Return the steps of a resolution in their order, and all that each may find."""
    found: dict[tuple[int, str], list[str]] = {}
    for number, name, _, text in step_rows(lang):
        found.setdefault((number, name), []).append(text)
    kinds = dict(enumerate(STEPS, 1))
    rows = (
        (f"`{kinds[number].value}`", f"{number}. {name}", "\n".join(texts)) for (number, name), texts in found.items()
    )
    return _made("Id|Step|It may find", rows, "14 20 66", lang)


def routing_outcomes(lang: Lang) -> Catalogue:
    """Return the closed list of answers, each with its reasons."""
    reasons: dict[str, list[str]] = {}
    for outcome, _, reason, _ in decision_rows(lang):
        reasons.setdefault(outcome, []).append(f"`{reason}`")
    rows = ((f"`{o.value}`", _text(text, lang), "\n".join(reasons[o.value])) for o, text in OUTCOMES.items())
    return _made("Id|Outcome|Reasons", rows, "22 38 40", lang)


def routing_reasons(lang: Lang) -> Catalogue:
    """Return every reason with its outcome, in the order of the outcomes."""
    texts = {reason.value: row.text for reason, row in REASONS.items()}
    rows = (
        (f"`{reason}`", f"{said}\n`{outcome}`", _text(texts[reason], lang))
        for outcome, said, reason, _ in decision_rows(lang)
    )
    return _made("Id|Outcome|Text", rows, "26 24 50", lang, "reason")


def signature_reasons(lang: Lang) -> Catalogue:
    """Return everything that a verdict on a signature may give as a reason, from all tables, by what it decides."""
    ranks = {Indication.FAILED: 0, Indication.INDETERMINATE: 1, None: 2}
    kinds = sorted(SIGNATURE_REASONS.values(), key=lambda kind: ranks[kind.indication])
    rows = ((f"`{kind.code}`", _decides(kind, lang), _text(kind.text, lang)) for kind in kinds)
    return _made("Id|Decides|Text", rows, "24 26 50", lang, "signreason")


def _decides(kind: ReasonKind, lang: Lang) -> str:
    if kind.indication is None:
        return _word("warning" if kind.warning else "note", lang)
    answer = ANSWERS[kind.indication].render(lang)
    return answer if kind.sub_indication is None else f"{answer}\n`{kind.sub_indication.value}`"


def policy_rows(lang: Lang) -> Catalogue:
    """Return until when each algorithm counts for each use, by policy."""
    names = list(POLICIES)
    ends: dict[tuple[str, str], dict[str, str]] = {}
    for name, policy in POLICIES.items():
        for key, end in _ends(policy.crypto, lang):
            ends.setdefault(key, {})[name] = end
    refused = "không" if lang == "vi" else "never"
    rows = ((use, algorithm, *(found.get(name, refused) for name in names)) for (use, algorithm), found in ends.items())
    return _made("Use|Algorithm|" + "|".join(f"`{name}`" for name in names), rows, "20 26 18 18 18", lang)


def _ends(crypto: CryptoPolicy, lang: Lang) -> Iterable[tuple[tuple[str, str], str]]:
    always = "không hạn" if lang == "vi" else "no end"
    for use, families in crypto.keys.items():
        for family, rules in families.items():
            for rule in rules:
                yield (use.value, f"{family.value} ≥ {rule.bits} bit"), str(rule.until or always)
    for use, digests in crypto.digests.items():
        for digest, until in digests.items():
            yield (use.value, digest), str(until or always)


def routing_notes(lang: Lang) -> Catalogue:
    """Return what may stand in a step, by its id."""
    rows = (
        (f"`{note.value}`", f"`{row.step.value}`", _text(row.text, lang).replace("{reason}", "…"))
        for note, row in NOTES.items()
    )
    return _made("Id|Step|Text", rows, "24 14 62", lang)


def routing_fates(lang: Lang) -> Catalogue:
    """Return what becomes of one recipient of a plan."""
    return _made("Id|Text", ((f"`{fate.value}`", _text(text, lang)) for fate, text in FATES.items()), "20 80", lang)


def routing_checks(lang: Lang) -> Catalogue:
    """Return what is checked when a table is made."""
    texts = {check.value: row.text for check, row in CHECKS.items()}
    rows = ((f"`{id_}`", _word(severity, lang), _text(texts[id_], lang)) for id_, severity, _ in check_rows(lang))
    return _made("Id|Severity|Text", rows, "26 12 62", lang, "check")


def routing_axis(lang: Lang) -> Catalogue:
    """Return how gaps in the answers of the axis registry are filled."""
    return _made("Id|Text", ((f"`{id_}`", text) for id_, text in axis_rows(lang)), "18 82", lang)


def routing_words(lang: Lang) -> Catalogue:
    """Return the values that may stand in a table, by column."""
    columns: dict[str, Mapping[Any, Text]] = {
        "connection": CONNECTIONS,
        "successors": SUCCESSOR_KINDS,
        "aliases": ALIAS_KINDS,
    }
    rows = (
        (f"`{column}`", f"`{kind.value}`", _text(text, lang))
        for column, kinds in columns.items()
        for kind, text in kinds.items()
    )
    return _made("Column|Value|Meaning", rows, "20 26 54", lang)


def routing_groups(lang: Lang) -> Catalogue:
    """Return the groups that every table knows."""
    rows = ((f"`@{name}`", ", ".join(f"`{kind}`" for kind in group.kinds)) for name, group in STANDARD_GROUPS.items())
    return _made("Group|Kinds", rows, "30 70", lang)


def letters(lang: Lang) -> Catalogue:
    """Return the groups of level-1 codes, by letter."""
    rows = (
        (f"`{letter}`", row.codes, _text(row.group, lang), _word(row.confidence, lang), row.source)
        for letter, row in LETTERS.items()
    )
    return _made("Letter|Codes|Group|Sure|Source", rows, "8 12 40 10 30", lang)


def level1(lang: Lang) -> Catalogue:
    """Return the agencies of the built-in table, each period on its own."""
    rows = (
        (
            f"`{a.code}`",
            a.name or "–",
            f"{shown_date(a.valid_from, lang)} – {shown_date(a.valid_to, lang)}",
            "\n".join(f"`{s.code}`: {SUCCESSOR_KINDS[s.kind].render(lang)}" for s in a.successors) or "–",
            _word(a.confidence, lang),
            a.source,
        )
        for a in RoutingTable.builtin()
    )
    return _made("Code|Name|Valid|Successors|Sure|Source", rows, "8 28 16 14 10 24", lang)


def machine_rows(lang: Lang, name: str) -> Catalogue:
    """Return every row of the table of states called *name*."""
    machine = MACHINES[name]

    def shown(state: enum.Enum) -> str:
        final = f" ({_word('final', lang)})" if state in machine.finals else ""
        return f"`{state.value}`{final}\n{machine.texts[state].render(lang)}"

    rows = (
        (
            shown(row.state),
            f"`{row.event.value}`\n{machine.texts[row.event].render(lang)}",
            shown(row.to) if row.moves else _word("stays", lang),
            "\n".join(f"`{name}`" for name in row.does) or "–",
        )
        for row in machine.rows
    )
    return _made("State|Event|Leads to|With it", rows, "26 28 26 20", lang)


def exchange_words(lang: Lang) -> Catalogue:
    """Return the words for what becomes of a report, what an incoming document is, and what people are told."""
    kinds: dict[str, Mapping[Any, Text]] = {"Judgement": JUDGEMENTS, "Match": MATCHES, "Topic": TOPICS}
    rows = (
        (f"`{kind}`", f"`{member.value}`", _text(text, lang))
        for kind, texts in kinds.items()
        for member, text in texts.items()
    )
    return _made("Class|Value|Meaning", rows, "20 26 54", lang)


def gate_rows(lang: Lang) -> Catalogue:
    """Return the checks before sending."""
    rows = (
        (f"`{rule.id}`", _word(rule.severity.value, lang), rule.source, _text(rule.text, lang))
        for rule in GATE.values()
    )
    return _made("Id|Severity|Source|Text", rows, "24 10 20 46", lang)


def deadline_rows(lang: Lang) -> Catalogue:
    """Return the deadlines that the law sets, those of one term together."""
    together: dict[tuple[str, str, str], list[str]] = {}
    for rule in QD28.rules:
        key = (TIMED_STEPS[rule.step].render(lang), rule.term.text.render(lang), rule.source)
        urgency = codes.PRIORITY.get(int(rule.priority))
        assert urgency is not None  # noqa: S101 - every priority is in the list
        together.setdefault(key, []).append(urgency.name.render(lang))
    rows = ((step, ", ".join(names), term, source) for (step, term, source), names in together.items())
    return _made("To do|Urgency|Term|Source", rows, "28 22 26 24", lang)


def axis_faults(lang: Lang) -> Catalogue:
    """Return what can go wrong at the simulated axis."""
    rows = ((f"`{kind.value}`", _text(text, lang)) for kind, text in FAULTS.items())
    return _made("Fault|Text", rows, "26 74", lang)


def signing_targets(lang: Lang) -> Catalogue:
    """Return the shares of signed documents that were set."""
    every = "every level" if lang == "en" else "mọi cấp"
    rows = (
        (
            ", ".join(LEVELS[level].render(lang) for level in Level if level in target.levels) or every,
            shown_date(target.since, lang),
            f"{percent(target.share):g} %",
            target.source,
        )
        for target in TARGETS
    )
    return _made("Level|Since|Share|Source", rows, "24 20 16 40", lang)


def node_events(lang: Lang) -> Catalogue:
    """Return what an office system is told about."""
    rows = ((f"`{kind.value}`", _text(text, lang)) for kind, text in EVENT_KINDS.items())
    return _made("Event|Meaning", rows, "26 74", lang)


def node_settings(lang: Lang) -> Catalogue:
    """Return the keys of the configuration of a node."""
    given = defaults()

    def name(key: str) -> str:
        table, *inner, last = key.split(".")
        inner = [part if lang == "vi" else PLACES[part] for part in inner]
        return f"`[{'.'.join((table, *inner))}] {last}`"

    rows = (
        (name(key), f"`{given[key]}`" if key in given else "–", _text(text, lang))
        for key, text in NODE_SETTINGS.items()
    )
    return _made("Key|Default|Meaning", rows, "30 14 56", lang)


def node_metrics(lang: Lang) -> Catalogue:
    """Return the metrics of a node, in the one language that monitors show."""
    rows = (
        (f"`vndoc_{metric.name}`", metric.type, ", ".join(metric.labels) or "–", metric.help)
        for metric in METRICS.values()
    )
    return _made("Metric|Type|Labels|Meaning", rows, "34 10 16 40", lang)


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
    "routing-steps": routing_steps,
    "routing-outcomes": routing_outcomes,
    "routing-reasons": routing_reasons,
    "routing-notes": routing_notes,
    "signature-reasons": signature_reasons,
    "policies": policy_rows,
    "routing-fates": routing_fates,
    "routing-checks": routing_checks,
    "routing-axis": routing_axis,
    "routing-words": routing_words,
    "routing-groups": routing_groups,
    "letters": letters,
    "level1": level1,
    "machine": machine_rows,
    "exchange-words": exchange_words,
    "gate": gate_rows,
    "deadlines": deadline_rows,
    "axis-faults": axis_faults,
    "signing-targets": signing_targets,
    "node-events": node_events,
    "node-metrics": node_metrics,
    "node-settings": node_settings,
}
"""What a page may draw, by name. ``elements``, ``codes``, ``command`` and ``machine`` take a second argument: which
one."""

ELEMENT_PARTS = tuple(_PARTS)
"""The parts that ``elements`` draws."""


def published() -> dict[str, dict[str, bytes]]:
    """Return the files that come with the pages, by name: XSDs, the JSON Schema of each command, drawings."""
    json_schemas = {f"{name}.schema.json": schema_text(name).encode() for name in COMMANDS}
    languages: tuple[Lang, Lang] = ("vi", "en")
    drawings = {f"provinces-{lang}.svg": provinces_svg(lang).encode() for lang in languages}
    drawings |= {
        f"{name}-{lang}.svg": machine_svg(machine, lang).encode()
        for name, machine in MACHINES.items()
        for lang in languages
    }
    schemas = {name: make() for name, make in SCHEMAS.items()}
    return {"schemas": schemas, "json-schemas": json_schemas, "drawings": drawings}
