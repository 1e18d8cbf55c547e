"""From a skeleton to a packet value: tolerant, table-driven, with a deviation for each oddity.

The walk is on the hot path of every read. It looks each tag up in a plan compiled from the element
table for the packet's namespace; whatever is not found there takes the slow way through
:meth:`_Walk.irregular`. Paths of places are only computed when something is reported.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import attrs
from lxml import etree

from vndoc.edxml import elements as table
from vndoc.edxml.deviations import Deviation
from vndoc.edxml.elements import NAMESPACES, Element, Kind, Reference
from vndoc.edxml.packing import MissingOctets, unpack
from vndoc.edxml.parts import Parts, collect
from vndoc.edxml.reading import Reading
from vndoc.edxml.values import (
    format_date,
    format_timestamp,
    parse_boolean,
    parse_date,
    parse_integer,
    parse_timestamp,
)
from vndoc.edxml.xmltools import local_name, markup, path_of
from vndoc.envelope import (
    Attachment,
    DocumentPacket,
    Octets,
    Packet,
    StatusPacket,
    TraceHeaderList,
    normalise_content_id,
)
from vndoc.envelope.codes import normalise_status
from vndoc.errors import LimitError, Place, ReadError
from vndoc.identifiers import DocumentCode, DocumentId, OrganCode, split_code
from vndoc.identifiers import DocumentIdForm as Form
from vndoc.limits import DEFAULT, Limits
from vndoc.text import safe_filename
from vndoc.xml import Base64Text, Skeleton

__all__ = ["interpret"]

_Node = Any
"""An lxml element; lxml publishes no class for annotations."""

_Convert = Callable[["_Walk", _Node, str], Any]


def interpret(
    skeleton: Skeleton, source: Octets, *, limits: Limits = DEFAULT, temporary: tuple[Octets, ...] = ()
) -> Reading:
    """Return the reading of a parsed *skeleton* whose attachment texts lie in *source* or *temporary* files.

    Raises :class:`~vndoc.errors.ReadError` where root, namespace or header belong to no known packet form,
    :class:`~vndoc.errors.LimitError` for more attachments or receivers than *limits* allow.
    """
    walk = _Walk(skeleton, limits)
    packet = walk.packet()
    return Reading(
        packet=packet,
        deviations=tuple(walk.deviations),
        manifest=walk.manifest,
        dialect=walk.parts.dialect,
        skeleton=skeleton,
        source=source,
        limits=limits,
        temporary=temporary,
    )


class _Mode(enum.Enum):
    """How the values of one element come together in the model."""

    ONE = 1
    MANY = 2
    JOINED = 3


@attrs.define(eq=False)
class _Plan:
    """One block of the table, compiled for one namespace: tag -> (field, convert, sub-plan, mode, row)."""

    row: Element
    entries: dict[str, tuple[str, _Convert | None, _Plan | None, _Mode, Element]]
    model: Callable[..., Any] | None


@lru_cache(maxsize=64)
def _plan_of(row_id: str, namespace: str) -> _Plan:
    rows = {
        "document": table.DOCUMENT,
        "status": table.STATUS,
        "trace": table.TRACE_HEADER_LIST,
        "attachment": table.ATTACHMENT,
        "reference": table.REFERENCE,
    }
    return _compile(rows[row_id], namespace)


def _compile(row: Element, namespace: str) -> _Plan:
    entries: dict[str, Any] = {}
    brace = f"{{{namespace}}}" if namespace else ""
    for child in row.children:
        sub = _compile(child, namespace) if child.children else None
        mode = _Mode.JOINED if child.kind is Kind.WRAPPER else _Mode.MANY if child.repeats else _Mode.ONE
        entries[brace + child.name] = (child.field, _CONVERTERS.get(child.kind), sub, mode, child)
    return _Plan(row, entries, row.model)


class _Walk:
    """One pass over one skeleton."""

    def __init__(self, skeleton: Skeleton, limits: Limits) -> None:
        self.skeleton = skeleton
        self.limits = limits
        self.texts = skeleton.texts
        self.deviations: list[Deviation] = []
        self.manifest: tuple[Reference, ...] | None = None
        self.prefix: str | None = table.PREFIX
        self.prefix_noted: set[str] = set()
        self.parts: Parts = Parts()

    # -- reporting -------------------------------------------------------------------------------

    def report(self, id_: str, node: _Node, found: str | None = None, expected: str | None = None) -> None:
        """Add one deviation at *node*; the list is cut at the limit, and says so."""
        room = self.limits.deviations - len(self.deviations)
        if room > 0:
            self.deviations.append(Deviation(id_, self.place(node), found, expected))
        elif room == 0:
            self.deviations.append(
                Deviation("deviations-cut", Place("/"), expected=str(self.limits.deviations))
            )

    def place(self, node: _Node) -> Place:
        """Return where *node* stands."""
        return Place(path_of(node), self.skeleton.line(node))

    # -- the whole -------------------------------------------------------------------------------

    def packet(self) -> Packet:
        """Return the packet value; everything odd is in ``deviations`` afterwards."""
        root = self.skeleton.root
        for id_ in self.skeleton.recovered:
            name = {"junk": "junk-before-xml", "xlink": "xlink-undeclared"}[id_]
            self.report(name, root, repr(self.skeleton.junk) if id_ == "junk" else None)
        self.parts = collect(root, self.report)
        header = self.parts.header
        if header is None:
            raise ReadError("header-missing", expected="MessageHeader", place=self.place(root))
        if self.parts.namespace != table.NAMESPACE:
            self.prefix_noted |= {"prefix-layout", "attachment-prefix-layout"}
        self.note_prefixes_of(
            "prefix-layout", [self.parts.envelope, self.parts.header_holder, header], table.PREFIX
        )
        if next(header.iterchildren("{*}StatusCode"), None) is not None:
            return self.status_packet(header)
        if next(header.iterchildren("{*}Code", "{*}Subject", "{*}To", "{*}DocumentId"), None) is not None:
            return self.document_packet(header)
        raise ReadError("unknown-packet-kind", place=self.place(header))

    def status_packet(self, header: _Node) -> StatusPacket:
        """Return the status packet under *header*."""
        packet: StatusPacket = self.block(header, _plan_of("status", self.parts.namespace))
        parts = self.parts
        for extra in (parts.trace, parts.signature, parts.manifest, parts.attachments_holder):
            if extra is not None:
                self.report("status-extra-part", extra, local_name(extra))
        return packet

    def document_packet(self, header: _Node) -> DocumentPacket:
        """Return the document packet under *header*, with all other parts of the file."""
        namespace, parts = self.parts.namespace, self.parts
        values = self.values(header, _plan_of("document", namespace))
        if len(values.get("to", ())) > self.limits.receivers:
            raise LimitError("limit-receivers", limit=self.limits.receivers)
        values["code"] = self.split_joined(header, values.get("code"))
        if parts.trace is None:
            self.report("trace-missing", parts.header_holder if parts.header_holder is not None else header)
        else:
            trace: TraceHeaderList = self.trace(parts.trace, _plan_of("trace", namespace))
            if trace.bussiness is None:
                self.report("business-missing", parts.trace)
            values["trace_header_list"] = trace
        if parts.signature is not None:
            values["signature"] = self.signature(parts.signature)
        references = self.references() if parts.manifest is not None else {}
        values["attachments"] = self.attachments(references)
        return DocumentPacket(**values)

    def trace(self, node: _Node, plan: _Plan) -> TraceHeaderList:
        """Return the trace list with its attributes."""
        values = self.values(node, plan)
        for attribute in plan.row.attributes:
            if attribute.field:
                values[attribute.field] = node.get(attribute.name)
        return TraceHeaderList(**values)

    # -- blocks ----------------------------------------------------------------------------------

    def block(self, node: _Node, plan: _Plan) -> Any:
        """Return the model value of a block."""
        return plan.model(**self.values(node, plan)) if plan.model else None

    def values(self, node: _Node, plan: _Plan) -> dict[str, Any]:
        """Return the field values under *node*: the generic step, driven by the plan."""
        values: dict[str, Any] = {}
        get = plan.entries.get
        prefix = self.prefix
        stray = node.text
        for child in node:
            entry = get(child.tag)
            if entry is None or child.prefix != prefix:
                entry = self.irregular(child, plan, entry)
                if entry is None:
                    continue
            field, convert, sub, mode, row = entry
            text = child.text
            if len(child):
                value = self.values(child, sub) if sub is not None else self.mixed(child, convert)
                if sub is not None:
                    value = tuple(value.get(field, ())) if sub.model is None else sub.model(**value)
            elif convert is not None:
                value = convert(self, child, text or "")
            elif sub is not None:
                value = self.childless(child, sub)
            else:
                value = None if text is None or text.isspace() else text
            tail = child.tail
            if tail is not None and not tail.isspace():
                stray = tail
            if value is None:
                continue
            if mode is _Mode.ONE:
                if field in values:
                    self.report("repeated-element", child, row.name)
                else:
                    values[field] = value
            elif mode is _Mode.MANY:
                values.setdefault(field, []).append(value)
            else:
                values[field] = (*values.get(field, ()), *value)
        if stray is not None and not stray.isspace():
            self.report("unexpected-text", node, stray.strip())
        return values

    def mixed(self, node: _Node, convert: _Convert | None) -> Any:
        """The value of an element that should have no child elements: of its first text that is not blank."""
        if self.parts.dialect != "go-vn":
            self.report("unexpected-children", node, local_name(node))
        text = next((text for text in node.itertext() if not text.isspace()), "")
        return convert(self, node, text) if convert else text or None

    def childless(self, node: _Node, plan: _Plan) -> Any:
        """A block without child elements: empty, or the bare text that some writers put there."""
        text = (node.text or "").strip()
        row = plan.row
        if not text:
            if row.kind is Kind.BLOCK:
                self.report("empty-block", node, row.name)
            return None
        if row.name == "DocumentType" and plan.model:
            self.report("document-type-name-only", node, text)
            return plan.model(type_name=text)
        if row.name == "Code":
            return DocumentCode(number=text, notation=None)
        if row.kind is Kind.WRAPPER and row.children[0].kind is Kind.TEXT:
            return (text,)
        self.report("unexpected-text", node, text)
        return None

    def irregular(self, node: _Node, plan: _Plan, entry: Any = None) -> Any:
        """Find the entry of an element that has another prefix or namespace, is misspelled, or unknown (``None``)."""
        if entry is not None:
            self.note_prefix(node, entry[4])
            return entry
        name = local_name(node)
        namespace = etree.QName(node).namespace or ""
        brace = f"{{{self.parts.namespace}}}" if self.parts.namespace else ""
        entry = plan.entries.get(brace + name)
        if entry is not None and namespace in NAMESPACES:
            self.report("namespace-mixed", node, f"{{{namespace}}}{name}", f"{{{self.parts.namespace}}}{name}")
            return entry
        if namespace == self.parts.namespace or namespace in NAMESPACES:
            for candidate in plan.entries.values():
                if name in candidate[4].aliases:
                    if self.parts.dialect != "go-vn":
                        self.report("element-spelling", node, name, candidate[4].name)
                    return candidate
            if node in self.parts.claimed:
                return None
        self.report("unknown-element", node, name)
        return None

    def note_prefix(self, node: _Node, row: Element) -> None:
        """Report the first element whose prefix differs from the layout of the standard, once for each part."""
        if row.prefixed == (node.prefix == table.PREFIX) and node.prefix in (table.PREFIX, None):
            return
        in_attachments = local_name(node.getparent()) == table.ATTACHMENT.name
        id_ = "attachment-prefix-layout" if in_attachments else "prefix-layout"
        if id_ not in self.prefix_noted:
            self.prefix_noted.add(id_)
            shown = f"{node.prefix}:{row.name}" if node.prefix else row.name
            self.report(id_, node, shown, f"{table.PREFIX}:{row.name}" if row.prefixed else row.name)

    # -- single values ---------------------------------------------------------------------------

    def integer(self, node: _Node, text: str) -> int | None:
        """Return an integer; ``None`` with a deviation where there is none."""
        text = text.strip()
        if text.isdecimal() and len(text) == 1:
            return self.flag(node, int(text))
        if not text:
            self.report("empty-integer", node, local_name(node))
            return None
        number = parse_integer(text)
        if number is None:
            self.report("integer-invalid", node, text)
        return number if number is None else self.flag(node, number)

    def flag(self, node: _Node, number: int) -> int:
        """Return *number*, with the deviations that single elements are known for."""
        if number > 1 or number == 0:
            name = local_name(node)
            if name == "Priority" and number == 5:
                self.report("priority-five", node, "5")
                return 0
            if name == "Paper" and number > 1:
                self.report("paper-count", node, str(number))
            elif name == "Type" and number > 2:
                self.report("document-type-code", node, str(number))
            elif name == "TypeDetail" and number == 0:
                self.report("type-detail-zero", node, "0")
        return number

    def boolean(self, node: _Node, text: str) -> bool | None:
        """Return a boolean; ``None`` with a deviation where it is none."""
        text = text.strip()
        if not text:
            return None
        value, ids = parse_boolean(text)
        for id_ in ids:
            self.report(id_, node, text, "true" if value else "false")
        return value

    def date(self, node: _Node, text: str) -> datetime.date | None:
        """Return a date; ``None`` with a deviation where it is none."""
        text = text.strip()
        if not text:
            return None
        value, ids = parse_date(text)
        for id_ in ids:
            self.report(id_, node, text, format_date(value) if value else None)
        return value

    def timestamp(self, node: _Node, text: str) -> datetime.date | None:
        """Return a timestamp, a plain date where no time was given, ``None`` with a deviation where it is none."""
        text = text.strip()
        if not text:
            return None
        value, ids = parse_timestamp(text)
        for id_ in ids:
            self.report(id_, node, text, format_timestamp(value) if isinstance(value, datetime.datetime) else None)
        return value

    def organ_code(self, node: _Node, text: str) -> OrganCode | None:
        """Return an agency code as it stands; irregular ones are carried and reported."""
        text = text.strip()
        if not text or text == "null":
            return self.no_organ(node, text)
        code = OrganCode(text)
        if not code.is_regular:
            self.report("organ-code-irregular", node, text)
        return code

    def no_organ(self, node: _Node, text: str) -> OrganCode | None:
        """An empty code, or the word ``null``: usual where the axis adds a hop."""
        if local_name(node.getparent()) == "TraceHeader":
            self.report("trace-organ-missing", node, text)
            return None
        if text:
            self.report("organ-code-irregular", node, text)
        return OrganCode(text) if text else None

    def status_code(self, node: _Node, text: str) -> str | None:
        """Return the two-digit status code; what is no number is kept as it stands."""
        text = text.strip()
        if not text:
            return None
        normal = normalise_status(text)
        if normal != text:
            self.report("status-code-form", node, text, normal)
        return normal

    def document_id(self, node: _Node, text: str) -> str | None:
        """Return a document id as it stands; forms other than the usual one are reported."""
        if not text or text.isspace():
            return None
        form = DocumentId(text.strip()).form
        if form is Form.A_DASH:
            self.report("document-id-dashes", node, text.strip())
        elif form is not Form.A:
            self.report("document-id-form", node, text.strip())
        return text.strip()

    def base64(self, node: _Node, text: str) -> Base64Text:
        """Return the packed octets behind a base64 text, cut out or inline."""
        self.note_prefix(node, _HOLDER)
        return self.texts.get(text) or Base64Text.inline(text)

    def split_joined(self, header: _Node, code: DocumentCode | None) -> DocumentCode | None:
        """Split a number that holds the notation as well (C-04)."""
        if code is None or code.notation or not code.number or "/" not in code.number:
            return code
        self.report("code-joined", header, code.number)
        return split_code(code.number)

    # -- signature, manifest, attachments ----------------------------------------------------------

    def signature(self, node: _Node) -> Any:
        """Return the packet's signature as it stood, ``None`` where it is only an empty place-holder."""
        name, namespace = local_name(node), etree.QName(node).namespace
        if not len(node) and not (node.text or "").strip():
            self.report("digital-signature-empty", node, name)
            return None
        if namespace != table.XMLDSIG:
            self.report("signature-namespace", node, namespace)
        return markup(node)

    def attachments(self, references: dict[str, Reference]) -> tuple[Attachment, ...]:
        """Return all attachments, each matched with its entry of the manifest."""
        nodes = self.parts.attachments
        if len(nodes) > self.limits.attachments:
            raise LimitError("limit-attachments", limit=self.limits.attachments)
        plan = _plan_of("attachment", self.parts.namespace)
        self.note_prefixes_of("attachment-prefix-layout", [self.parts.attachments_holder, *nodes], None)
        self.prefix = None
        made = [self.attachment(node, plan, references) for node in nodes]
        if made and self.manifest is None and self.parts.dialect != "go-vn":
            self.report("manifest-missing", self.parts.envelope)
        return tuple(made)

    def note_prefixes_of(self, id_: str, nodes: list[_Node], prefix: str | None) -> None:
        """Report the first of *nodes* that does not have *prefix*."""
        for node in nodes:
            if node is not None and node.prefix != prefix and id_ not in self.prefix_noted:
                self.prefix_noted.add(id_)
                names = [f"{p}:{local_name(node)}" if p else local_name(node) for p in (node.prefix, prefix)]
                self.report(id_, node, *names)

    def references(self) -> dict[str, Reference]:
        """Read the manifest, report what is odd about its ids, and return it by normalised content id."""
        plan = _plan_of("reference", self.parts.namespace)
        entries: list[Reference] = []
        found: dict[str, Reference] = {}
        for node in self.parts.manifest:
            if local_name(node) != table.REFERENCE.name:
                self.report("unknown-element", node, local_name(node))
                continue
            reference: Reference = self.block(node, plan)
            href = node.get(f"{{{table.XLINK}}}href")
            if reference.content_id:
                self.check_content_id(node, reference.content_id)
            elif href:
                self.report("reference-href-only", node, href)
                reference = attrs.evolve(reference, content_id=href)
            entries.append(reference)
            found.setdefault(normalise_content_id(reference.content_id), reference)
        self.manifest = tuple(entries)
        return found

    def check_content_id(self, node: _Node, raw: str) -> None:
        """Report a content id without ``cid:`` or with more than one."""
        id_ = raw.strip()
        if not id_.lower().startswith("cid:"):
            self.report("content-id-bare", node, id_)
        elif id_.lower().startswith("cid:cid:"):
            self.report("content-id-doubled", node, id_)

    def attachment(self, node: _Node, plan: _Plan, references: dict[str, Reference]) -> Attachment:
        """Return one attachment: names, packed octets, and the unpacked content."""
        values = self.values(node, plan)
        name, label = values.get("name"), values.get("label")
        shown = name or values.get("content_id") or "?"
        if values.get("content_id"):
            self.check_content_id(node, values["content_id"])
        reference = references.get(normalise_content_id(values.get("content_id")))
        if reference is not None:
            values.setdefault("description", reference.description)
            if label and reference.content_type and reference.content_type.strip() != label.strip():
                self.report("manifest-label", node, reference.content_type, label)
        if label is None:
            self.report("content-type-missing", node, shown)
        self.check_name(node, name)
        packed = values.get("packed")
        if packed is None:
            self.report("content-missing", node, shown)
            values["packed"] = values["content"] = MissingOctets(shown)
            return Attachment(**values)
        if packed.damage is not None:
            code, offset = packed.damage
            self.report(code, node, shown, str(offset))
            return Attachment(content=packed, **values)
        if packed.has_white_space:
            self.report("base64-white-space", node, shown)
        content, ids = unpack(packed, head=packed.peek(4), name=name, label=label, limits=self.limits)
        for id_ in ids:
            self.report(id_, node, shown)
        return Attachment(content=content, **values)

    def check_name(self, node: _Node, name: str | None) -> None:
        """Report a file name that must not be used as it stands."""
        if name is None:
            return
        if name.rstrip().endswith(">"):
            self.report("attachment-name-bracket", node, name)
        elif any(ch in name for ch in "/\\") or any(not ch.isprintable() for ch in name) or not safe_filename(name, fallback=""):
            self.report("attachment-name-unsafe", node, name)


_HOLDER = table.ATTACHMENT.child("ContentTransferEncoded")

_CONVERTERS: dict[Kind, _Convert] = {
    Kind.INTEGER: _Walk.integer,
    Kind.BOOLEAN: _Walk.boolean,
    Kind.DATE: _Walk.date,
    Kind.TIMESTAMP: _Walk.timestamp,
    Kind.ORGAN_CODE: _Walk.organ_code,
    Kind.STATUS_CODE: _Walk.status_code,
    Kind.DOCUMENT_ID: _Walk.document_id,
    Kind.BASE64: _Walk.base64,
}
