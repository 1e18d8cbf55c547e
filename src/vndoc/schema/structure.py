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
from typing import TYPE_CHECKING, Any, Literal

from lxml import etree

from vndoc.edxml import NAMESPACE, Element, Kind, Severity
from vndoc.edxml import elements as table
from vndoc.edxml.xmltools import local_name, split_tag
from vndoc.errors import Place
from vndoc.schema.findings import Finding
from vndoc.schema.grammar import SIGNATURE_ROW, WHITE_SPACE, PacketKind, grammar, lexical
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

_MESSAGES: dict[str, tuple[str, Text]] = {
    # what -> (id of the finding, text)
    "root": ("structure-root", Text("Phần tử gốc là {found}, không phải {expected}.",
             "The root element is {found}, not {expected}.")),
    "missing": ("structure-missing", Text("Thiếu phần tử bắt buộc {expected}.", "The mandatory element {expected} is missing.")),
    "unknown": ("structure-unexpected", Text("Phần tử {found} không được phép ở đây.", "The element {found} is not allowed here.")),
    "spelling": ("structure-unexpected", Text("Phần tử viết là {found}, quy chuẩn viết {expected}.",
                 "The element is spelled {found}, the standard spells {expected}.")),
    "surplus": ("structure-unexpected", Text("Phần tử {found} xuất hiện quá số lần cho phép ({expected}).",
                "The element {found} stands more often than allowed ({expected}).")),
    "text": ("structure-value", Text("Có văn bản {found} ở nơi chỉ được có phần tử.",
             "There is text {found} where only elements belong.")),
    "empty": ("structure-value", Text("Phần tử bắt buộc không được rỗng.", "A mandatory element must not be empty.")),
    "length": ("structure-length", Text("Giá trị {found} dài quá giới hạn ({expected}).",
               "The value {found} is longer than allowed ({expected}).")),
    "attribute": ("structure-attribute", Text("Thuộc tính {found} không được phép ở đây.", "The attribute {found} is not allowed here.")),
    "attribute-missing": ("structure-attribute", Text("Thiếu thuộc tính {expected}.", "The attribute {expected} is missing.")),
    "attribute-value": ("structure-attribute", Text("Thuộc tính có giá trị {found}, phải là {expected}.",
                        "The attribute has the value {found}, it must be {expected}.")),
    "other": ("structure-other", Text("Cấu trúc không hợp lệ theo lược đồ: {found}.", "The structure breaks the schema: {found}.")),
    "cut": ("structure-cut", Text("Có hơn {expected} lỗi cấu trúc; phần còn lại không được liệt kê.",
            "There are more than {expected} structure errors; the rest is not listed.")),
    Kind.INTEGER.value: ("structure-value", Text("Giá trị {found} không phải là số nguyên phù hợp ({expected}).",
                         "The value {found} is no fitting integer ({expected}).")),
    Kind.DATE.value: ("structure-value", Text("Ngày {found} không viết theo dạng {expected}.", "The date {found} is not of the form {expected}.")),
    Kind.TIMESTAMP.value: ("structure-value", Text("Thời điểm {found} không viết theo dạng {expected}.",
                           "The timestamp {found} is not of the form {expected}.")),
    Kind.BOOLEAN.value: ("structure-value", Text("Giá trị {found} không phải là {expected}.", "The value {found} is not {expected}.")),
    Kind.STATUS_CODE.value: ("structure-value", Text("Mã trạng thái {found} không gồm hai chữ số ({expected}).",
                             "The status code {found} has not two digits ({expected}).")),
}  # fmt: skip

_EXPECTED = {
    Kind.INTEGER: "1-18 × 0-9",
    Kind.DATE: "yyyy/MM/dd",
    Kind.TIMESTAMP: "yyyy/MM/dd HH:mm:ss",
    Kind.BOOLEAN: "true | false",
    Kind.STATUS_CODE: "01",
}

_CODES = {"missing": "N", "empty": "N", "length": "R", **dict.fromkeys((kind.value for kind in _EXPECTED), "T")}
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
        node = node.find(_BRACE + name)
        if node is None:
            return "document"
    return "status" if node.find("{*}StatusCode") is not None else "document"


def _listed(root: _Node, kind: PacketKind, walk: _Walk) -> tuple[Finding, ...]:
    found = tuple(islice(walk.block(root, grammar(kind), f"/{table.ROOT}"), MAX_FINDINGS + 1))
    if len(found) <= MAX_FINDINGS:
        return found
    return (*found[:-1], walk.finding("cut", root, "/", None, str(MAX_FINDINGS)))


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
    """The verdict of libxml2: on the packet as it is, and only if that fails on a copy in order."""
    if _COUNT(root) > _MANY_ELEMENTS:
        findings = _listed(root, kind, walk)
        if findings:
            return findings
    schema = _LOCAL.schema(kind)
    if schema.validate(root):
        return ()
    ordered = deepcopy(root)
    _bring_into_order(ordered, _ranks(kind))
    if schema.validate(ordered):
        return ()
    return _listed(root, kind, walk) or (_other(root, walk, str(schema.error_log[0].message)),)


class _Ranks:
    """The order of the children of one block, and the same for the blocks among them."""

    def __init__(self, row: Element) -> None:
        self.places: dict[str, tuple[int, _Ranks | None]] = {}
        for rank, child in enumerate(row.children):
            self.places[_BRACE + child.name] = (rank, _Ranks(child) if child.children else None)
        self.last = len(row.children)
        self.signature = self.places.get(_SIGNATURE, (self.last, None))[0]

    def rank(self, node: _Node) -> int:
        """Return where *node* belongs among its siblings; what is unknown comes last."""
        place = self.places.get(node.tag)
        if place is not None:
            return place[0]
        return self.signature if node.tag.startswith(_DSIG) else self.last


@lru_cache(maxsize=2)
def _ranks(kind: PacketKind) -> _Ranks:
    return _Ranks(grammar(kind))


def _bring_into_order(node: _Node, ranks: _Ranks) -> None:
    """Sort the children of known blocks below *node*, stably: this changes order and nothing else."""
    children = list(node)
    ordered = sorted(children, key=ranks.rank)
    if ordered != children:
        tails = [child.tail for child in children]
        node[:] = ordered
        for child, tail in zip(ordered, tails, strict=True):
            child.tail = tail
    for child in ordered:
        place = ranks.places.get(child.tag)
        if place is not None and place[1] is not None:
            _bring_into_order(child, place[1])


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
            _schema_11().validate(root, use_location_hints=False)
        except xmlschema.XMLSchemaValidationError as error:
            return error.reason or type(error).__name__
    return None


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
            code=f"{letter}.{_dotted(path)}" if letter else None,
            found=found,
            expected=expected,
        )

    def block(self, node: _Node, row: Element, path: str) -> Iterator[Finding]:
        """Yield what is wrong with the block *node* and everything known below it."""
        yield from self.attributes(node, row, path)
        rows = _children_of(row)
        totals = Counter(child.tag for child in node)
        seen: Counter[str] = Counter()
        taken: Counter[str] = Counter()
        stray = [node.text] + [child.tail for child in node]
        if any(text and text.strip(WHITE_SPACE) for text in stray):
            words = next(text for text in stray if text and text.strip(WHITE_SPACE))
            yield self.finding("text", node, path, words.strip(WHITE_SPACE), None)
        for child in node:
            tag = child.tag
            seen[tag] += 1
            step = local_name(child) if totals[tag] == 1 else f"{local_name(child)}[{seen[tag]}]"
            known = rows.get(tag)
            if known is None and tag.startswith(_DSIG):
                known = rows.get(_SIGNATURE)
            yield from self.child(child, known, row, f"{path}/{step}", taken)
        for expected in row.children:
            if taken[expected.name] < expected.minimum:
                yield self.finding("missing", node, f"{path}/{expected.name}", None, expected.name)

    def child(
        self, node: _Node, known: Element | None, parent: Element, path: str, taken: Counter[str]
    ) -> Iterator[Finding]:
        """Yield what is wrong with one element below a block: it does not belong there, or what is in it."""
        if known is None:
            namespace, name = split_tag(node)
            meant = next((row.name for row in parent.children if name in row.aliases), None)
            shown = name if namespace == NAMESPACE else node.tag
            yield self.finding("spelling" if meant else "unknown", node, path, shown, meant)
            return
        taken[known.name] += 1
        if known.maximum is not None and taken[known.name] > known.maximum:
            yield self.finding("surplus", node, path, known.name, str(known.maximum))
        elif known.name == SIGNATURE_ROW.name:
            return
        elif known.children:
            yield from self.block(node, known, path)
        else:
            yield from self.leaf(node, known, path)

    def leaf(self, node: _Node, row: Element, path: str) -> Iterator[Finding]:
        """Yield what is wrong with an element that holds text."""
        yield from self.attributes(node, row, path)
        if len(node):
            totals = Counter(child.tag for child in node)
            seen: Counter[str] = Counter()
            for child in node:
                seen[child.tag] += 1
                name = local_name(child)
                step = name if totals[child.tag] == 1 else f"{name}[{seen[child.tag]}]"
                yield self.finding("unknown", child, f"{path}/{step}", name, None)
            return
        if row.kind is Kind.BASE64:
            return
        text = node.text or ""
        fault = lexical(row).fault(text)
        if fault == "length":
            yield self.finding("length", node, path, text, str(row.length))
        elif fault is not None:
            what = row.kind.value if row.kind in _EXPECTED else "empty"
            yield self.finding(what, node, path, text.strip(WHITE_SPACE), _expected(row))

    def attributes(self, node: _Node, row: Element, path: str) -> Iterator[Finding]:
        """Yield what is wrong with the attributes of *node*."""
        if not node.attrib and not row.attributes:
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


@lru_cache(maxsize=256)
def _children_of(row: Element) -> dict[str, Element]:
    return {_BRACE + child.name: child for child in row.children}


def _expected(row: Element) -> str | None:
    if row.lower is not None:
        return f">= {row.lower}"
    return _EXPECTED.get(row.kind)


_CONTAINERS = frozenset({table.ROOT, table.ENVELOPE, table.HEADER})


def _dotted(path: str) -> str:
    """Return *path* as axes write it: dots, no indexes, without the elements around everything."""
    steps = [step.partition("[")[0] for step in path.split("/") if step]
    while len(steps) > 1 and steps[0] in _CONTAINERS:
        del steps[0]
    return ".".join(steps)
