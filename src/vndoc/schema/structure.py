"""Check the structure of a packet against the schemas and say what is wrong in words of our own.

Two engines give the verdict: libxml2 with the XSD 1.0 of the packet's kind (``fast``; order never counts, since
an unordered packet is brought into order on a copy), or the ``xmlschema`` library with the XSD 1.1 (``as-sent``).
What is wrong, and where, is then read off the element table that both schemas are made from: an engine stops at
the first problem of a block, the table names them all, and the two modes report the same.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, cast

from lxml import etree

from vndoc.edxml import NAMESPACE, Element, Kind, Severity
from vndoc.edxml import elements as table
from vndoc.edxml.xmltools import local_name, split_tag
from vndoc.errors import Place
from vndoc.schema.findings import Finding
from vndoc.schema.grammar import SIGNATURE_ROW, WHITE_SPACE, PacketKind, grammar, lexical
from vndoc.schema.rules_base import dotted
from vndoc.schema.xsd import xsd_10, xsd_11
from vndoc.text import Text

if TYPE_CHECKING:
    import xmlschema

__all__ = ["MAX_FINDINGS", "Mode", "check_structure"]

Mode = Literal["fast", "as-sent"]
"""Which engine gives the verdict, see the module."""

MAX_FINDINGS = 1_000
"""Findings reported for one packet; then one entry says that the list was cut."""

_MANY_ELEMENTS = 20_000
"""From so many elements on the table is asked first: libxml2 keeps every error in memory, the table stops."""

_Node = Any
"""An lxml element; lxml publishes no class for annotations."""

_Line = Callable[[_Node], int | None]

_SOURCE = "QCVN 102:2016"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_HINTS = frozenset({f"{_XSI}schemaLocation", f"{_XSI}noNamespaceSchemaLocation"})
_XLINK = f"{{{table.XLINK}}}"
_DSIG = f"{{{table.XMLDSIG}}}"
_BRACE = f"{{{NAMESPACE}}}"
_SIGNATURE = _BRACE + SIGNATURE_ROW.name

_ROWS: tuple[tuple[str, str, str, str], ...] = (
    # what, the id after "structure-", Vietnamese, English
    ("root", "root", "Phần tử gốc là {found}, không phải {expected}.", "The root element is {found}, not {expected}."),
    ("missing", "missing", "Thiếu phần tử bắt buộc {expected}.", "The mandatory element {expected} is missing."),
    ("unknown", "unexpected", "Phần tử {found} không được phép ở đây.", "The element {found} is not allowed here."),
    ("spelling", "unexpected", "Phần tử viết là {found}, quy chuẩn viết {expected}.",
     "The element is spelled {found}, the standard spells {expected}."),
    ("surplus", "unexpected", "Phần tử {found} xuất hiện quá số lần cho phép ({expected}).",
     "The element {found} stands more often than allowed ({expected})."),
    ("text", "value", "Có văn bản {found} ở nơi chỉ được có phần tử.",
     "There is text {found} where only elements belong."),
    ("empty", "value", "Phần tử bắt buộc không được rỗng.", "A mandatory element must not be empty."),
    ("empty-integer", "value", "Phần tử số nguyên không được rỗng; phải bỏ hẳn.",
     "An integer element must not be empty; it must be left out."),
    ("too-low", "value", "Giá trị {found} không phải là số nguyên từ {expected} trở lên, nhiều nhất 18 chữ số.",
     "The value {found} is no integer from {expected} upwards of at most 18 digits."),
    ("length", "length", "Giá trị {found} dài quá {expected} ký tự.",
     "The value {found} has over {expected} characters."),
    ("attribute", "attribute", "Thuộc tính {found} không được phép ở đây.",
     "The attribute {found} is not allowed here."),
    ("attribute-missing", "attribute", "Thiếu thuộc tính {expected}.", "The attribute {expected} is missing."),
    ("attribute-value", "attribute", "Thuộc tính có giá trị {found}, phải là {expected}.",
     "The attribute has the value {found}, it must be {expected}."),
    ("other", "other", "Cấu trúc không hợp lệ theo lược đồ: {found}.", "The structure breaks the schema: {found}."),
    ("cut", "cut", "Có hơn {expected} lỗi cấu trúc; phần còn lại không được liệt kê.",
     "There are more than {expected} structure errors; the rest is not listed."),
    (Kind.INTEGER.value, "value", "Giá trị {found} không phải là số nguyên có nhiều nhất 18 chữ số.",
     "The value {found} is no integer of at most 18 digits."),
    (Kind.DATE.value, "value", "Ngày {found} không viết theo dạng {expected}.",
     "The date {found} is not of the form {expected}."),
    (Kind.TIMESTAMP.value, "value", "Thời điểm {found} không viết theo dạng {expected}.",
     "The timestamp {found} is not of the form {expected}."),
    (Kind.BOOLEAN.value, "value", "Giá trị {found} không phải là {expected}.", "The value {found} is not {expected}."),
    (Kind.STATUS_CODE.value, "value", "Mã trạng thái {found} không gồm hai chữ số ({expected}).",
     "The status code {found} has not two digits ({expected})."),
)  # fmt: skip
_MESSAGES = {what: (f"structure-{id_}", Text(vi, en)) for what, id_, vi, en in _ROWS}

_EXPECTED = {
    Kind.INTEGER: None,
    Kind.DATE: "yyyy/MM/dd",
    Kind.TIMESTAMP: "yyyy/MM/dd HH:mm:ss",
    Kind.BOOLEAN: "true | false",
    Kind.STATUS_CODE: "01",
}

_CODES = {
    "missing": "N",
    "empty": "N",
    "empty-integer": "T",
    "too-low": "R",
    "length": "R",
    **dict.fromkeys((kind.value for kind in _EXPECTED), "T"),
}
"""First letter of the dotted code that axes use, see :class:`~vndoc.schema.Finding`."""


def _own_line(node: _Node) -> int | None:
    line: int | None = node.sourceline
    return line


def check_structure(root: _Node, *, mode: Mode, line: _Line = _own_line) -> tuple[Finding, ...]:
    """Return what is wrong with the structure of the packet under the lxml element *root*; nothing if it is right.

    *root* is the skeleton of a packet, without comments and processing instructions; the text of the elements that
    hold base64 is not looked at. It is not changed. *line* gives the line of an element for the places. The ids
    are ``structure-root``, ``-missing``, ``-unexpected``, ``-value``, ``-length``, ``-attribute``, ``-other`` and
    ``-cut`` (after :data:`MAX_FINDINGS`); everything is an error. Findings come in document order, what is missing
    after what is there.
    """
    walk = _Walk(line)
    if root.tag != _BRACE + table.ROOT:
        found = root.tag if split_tag(root)[1] == table.ROOT and split_tag(root)[0] else local_name(root)
        return (walk.finding("root", root, f"/{local_name(root)}", found, _BRACE + table.ROOT),)
    kind = _kind_of(root)
    if mode == "fast":
        return _fast(root, kind, walk)
    findings = _listed(root, kind, walk)
    complaint = None if findings else _as_sent_complaint(root)
    return findings if complaint is None else (_other(root, walk, complaint),)


def _kind_of(root: _Node) -> PacketKind:
    """A packet whose first ``MessageHeader`` has a ``StatusCode`` is a status packet, as for the reader."""
    node = root
    for name in (table.ENVELOPE, table.HEADER, table.DOCUMENT.name):
        node = next(node.iterchildren(_BRACE + name), None)
        if node is None:
            return "document"
    return "document" if next(node.iterchildren("{*}StatusCode"), None) is None else "status"


def _listed(root: _Node, kind: PacketKind, walk: _Walk) -> tuple[Finding, ...]:
    found = tuple(islice(_unique(walk.block(root, _plan(kind), f"/{table.ROOT}")), MAX_FINDINGS + 1))
    if len(found) <= MAX_FINDINGS:
        return found
    return (*found[:-1], walk.finding("cut", root, "/", None, str(MAX_FINDINGS)))


def _unique(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Leave out what was said already: siblings with the same name in two namespaces have the same path."""
    said: set[Finding] = set()
    for finding in findings:
        if finding not in said:
            said.add(finding)
            yield finding


def _other(root: _Node, walk: _Walk, complaint: str) -> Finding:
    return walk.finding("other", root, f"/{table.ROOT}", complaint, None)


# -- the engines ---------------------------------------------------------------------------------------

_HOLDER = "xs:string"


class _Local(threading.local):
    """libxml2's compiled schemas: one set for each thread, since a schema object carries its last errors."""

    def __init__(self) -> None:
        self.schemas: dict[PacketKind, etree.XMLSchema] = {}

    def schema(self, kind: PacketKind) -> etree.XMLSchema:
        """Return the XSD 1.0 of *kind*."""
        schema = self.schemas.get(kind)
        if schema is None:
            schema = self.schemas[kind] = etree.XMLSchema(etree.fromstring(xsd_10(holder=_HOLDER, kind=kind)))
        return schema


_LOCAL = _Local()
_COUNT = etree.XPath("count(//*)")


def _fast(root: _Node, kind: PacketKind, walk: _Walk) -> tuple[Finding, ...]:
    """The verdict of libxml2 on the packet as it is; where the table finds nothing wrong, on a copy in order."""
    if cast("float", _COUNT(root)) > _MANY_ELEMENTS:
        findings = _listed(root, kind, walk)
        if findings:
            return findings
    schema = _LOCAL.schema(kind)
    if schema.validate(root):
        return ()
    findings = _listed(root, kind, walk)
    if findings:
        return findings
    ordered = deepcopy(root)
    _bring_into_order(ordered, _plan(kind))
    if schema.validate(ordered):
        return ()
    log: Any = schema.error_log
    return (_other(root, walk, log.last_error.message),)


class _Plan:
    """One row of the grammar, made ready for looking up: by tag its children's plans, and their order."""

    def __init__(self, row: Element) -> None:
        self.row = row
        self.children = {_BRACE + child.name: _Plan(child) for child in row.children}
        self.ranks = {tag: rank for rank, tag in enumerate(self.children)}
        self.lexical = None if row.children or row.kind in {Kind.BASE64, Kind.BLOCK} else lexical(row)

    def child(self, tag: str) -> _Plan | None:
        """Return the plan of the child called *tag*; any element of XML-DSig counts as the signature."""
        return self.children.get(_SIGNATURE if tag.startswith(_DSIG) else tag)

    def rank(self, node: _Node) -> int:
        """Return where *node* belongs among its siblings; what is unknown comes last."""
        return self.ranks.get(_SIGNATURE if node.tag.startswith(_DSIG) else node.tag, len(self.ranks))


@lru_cache(maxsize=2)
def _plan(kind: PacketKind) -> _Plan:
    return _Plan(grammar(kind))


def _bring_into_order(node: _Node, plan: _Plan) -> None:
    """Sort the children of known blocks below *node*, stably: this changes order and nothing else."""
    children = list(node)
    ordered = sorted(children, key=plan.rank)
    if ordered != children:
        tails = [child.tail for child in children]
        node[:] = ordered
        for child, tail in zip(ordered, tails, strict=True):
            child.tail = tail
    for child in ordered:
        below = plan.child(child.tag)
        if below is not None and below.children:
            _bring_into_order(child, below)


@lru_cache(maxsize=1)
def _schema_11() -> xmlschema.XMLSchema11:
    import xmlschema  # noqa: PLC0415 - costs a quarter of a second, needed only here

    return xmlschema.XMLSchema11(xsd_11(holder=_HOLDER), allow="none", use_fallback=False)


_ONE_AT_A_TIME = threading.Lock()


def _as_sent_complaint(root: _Node) -> str | None:
    """Return the first error of ``xmlschema``, ``None`` if there is none. Hints in the packet are not followed."""
    import xmlschema  # noqa: PLC0415 - as above

    with _ONE_AT_A_TIME:
        try:
            _schema_11().validate(_without_signature(root), use_location_hints=False)
        except xmlschema.XMLSchemaValidationError as error:
            return error.reason or type(error).__name__
    return None


def _without_signature(root: _Node) -> _Node:
    """Return *root*, or a copy with empty signatures: nothing asks what is in them, but it may be very much."""
    header = root.find(f"{_BRACE}{table.ENVELOPE}/{_BRACE}{table.HEADER}")
    if not any(len(child) and _is_signature(child) for child in header):
        return root
    bare = deepcopy(root)
    for child in bare.find(f"{_BRACE}{table.ENVELOPE}/{_BRACE}{table.HEADER}"):
        if _is_signature(child):
            del child[:]
    return bare


def _is_signature(node: _Node) -> bool:
    return bool(node.tag == _SIGNATURE or node.tag.startswith(_DSIG))


# -- what is wrong, from the table -----------------------------------------------------------------------


class _Walk:
    """One pass over one tree along the grammar, a generator: it stops when nobody wants more findings."""

    def __init__(self, line: _Line) -> None:
        self.line = line

    def finding(self, what: str, node: _Node, path: str, found: str | None, expected: str | None) -> Finding:
        """Return one finding at *path*, in the line of *node*."""
        id_, message = _MESSAGES[what]
        letter = _CODES.get(what)
        return Finding(
            id=id_,
            severity=Severity.ERROR,
            place=Place(path, self.line(node)),
            message=message,
            source=_SOURCE,
            code=dotted(letter, path),
            found=found,
            expected=expected,
        )

    def block(self, node: _Node, plan: _Plan, path: str) -> Iterator[Finding]:
        """Yield what is wrong with the block *node* and everything known below it."""
        yield from self.attributes(node, plan.row, path)
        taken: Counter[str] = Counter()
        stray = _stray_text(node)
        if stray:
            yield self.finding("text", node, path, stray, None)
        for child, place in _places(node, path):
            known = plan.child(child.tag)
            if known is None:
                yield self.stranger(child, plan.row, place)
                continue
            row = known.row
            taken[row.name] += 1
            if row.maximum is not None and taken[row.name] > row.maximum:
                yield self.finding("surplus", child, place, row.name, str(row.maximum))
            elif known.children:
                yield from self.block(child, known, place)
            elif row.name != SIGNATURE_ROW.name:
                yield from self.leaf(child, known, place)
            elif child.tag == _SIGNATURE:
                for name in child.attrib:
                    if name.startswith(_XSI) and name not in _HINTS:
                        yield self.finding("attribute", child, f"{place}/@{name.rpartition('}')[2]}", name, None)
        for row in plan.row.children:
            if taken[row.name] < row.minimum:
                yield self.finding("missing", node, f"{path}/{row.name}", None, row.name)

    def stranger(self, node: _Node, parent: Element, path: str) -> Finding:
        """Return the finding on an element that does not belong below *parent*."""
        namespace, name = split_tag(node)
        meant = next((row.name for row in parent.children if name in row.aliases), None)
        shown = name if namespace == NAMESPACE else node.tag
        return self.finding("spelling" if meant else "unknown", node, path, shown, meant)

    def leaf(self, node: _Node, plan: _Plan, path: str) -> Iterator[Finding]:
        """Yield what is wrong with an element that holds text."""
        row = plan.row
        yield from self.attributes(node, row, path)
        if len(node):
            for child, place in _places(node, path):
                yield self.finding("unknown", child, place, local_name(child), None)
            return
        if plan.lexical is None:
            return
        text = node.text or ""
        fault = plan.lexical.fault(text)
        if fault == "length":
            yield self.finding("length", node, path, text, str(row.length))
        elif fault is not None:
            yield self.finding(*_fault(row, text.strip(WHITE_SPACE), node, path))

    def attributes(self, node: _Node, row: Element, path: str) -> Iterator[Finding]:
        """Yield what is wrong with the attributes of *node*."""
        if not node.keys() and not row.attributes:
            return
        known = {attribute.name: attribute for attribute in row.attributes}
        for name, value in node.attrib.items():
            place = f"{path}/@{name.rpartition('}')[2]}"
            attribute = known.pop(name, None)
            if attribute is not None:
                if attribute.fixed is not None and value != attribute.fixed:
                    yield self.finding("attribute-value", node, place, value, attribute.fixed)
            elif name not in _HINTS and not (row.name == table.REFERENCE.name and name.startswith(_XLINK)):
                yield self.finding("attribute", node, place, name, None)
        for attribute in known.values():
            if attribute.required:
                yield self.finding("attribute-missing", node, f"{path}/@{attribute.name}", None, attribute.name)


def _places(node: _Node, path: str) -> Iterator[tuple[_Node, str]]:
    """Yield each child of *node* with its path: what ``path_of`` says, without looking at siblings again and again."""
    totals = Counter(child.tag for child in node)
    seen: Counter[str] = Counter()
    for child in node:
        seen[child.tag] += 1
        index = "" if totals[child.tag] == 1 else f"[{seen[child.tag]}]"
        yield child, f"{path}/{local_name(child)}{index}"


def _stray_text(node: _Node) -> str | None:
    """Return the first text between the children of *node* that is not white space."""
    for text in (node.text, *(child.tail for child in node)):
        bare: str = (text or "").strip(WHITE_SPACE)
        if bare:
            return bare
    return None


def _fault(row: Element, text: str, node: _Node, path: str) -> tuple[str, _Node, str, str | None, str | None]:
    """Return what a finding says about a *text* that *row* does not allow."""
    if not text:
        return ("empty-integer" if row.kind is Kind.INTEGER else "empty", node, path, None, None)
    if row.lower is not None:
        return ("too-low", node, path, text, str(row.lower))
    return (row.kind.value, node, path, text, _EXPECTED[row.kind])
