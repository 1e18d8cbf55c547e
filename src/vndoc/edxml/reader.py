"""From a skeleton to a packet value: tolerant, table-driven, with a deviation for each oddity.

The walk is on the hot path of every read. It looks each tag up in a plan compiled from the element
table for the packet's namespace; whatever is not found there takes the slow way through
``_Walk.irregular``. Paths of places are only computed when something is reported.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import attrs

from vndoc.edxml import elements as table
from vndoc.edxml.convert import Convert, converter, read_organ_code, read_split_code
from vndoc.edxml.deviations import Collected, Deviation
from vndoc.edxml.elements import NAMESPACES, Element, Kind, Reference
from vndoc.edxml.packing import Budget, MissingOctets, RefusedOctets, name_oddity, unpack
from vndoc.edxml.parts import Parts, collect, has_content
from vndoc.edxml.reading import Reading
from vndoc.edxml.xmltools import local_name, markup, path_of, split_tag
from vndoc.envelope import (
    Attachment,
    DocumentPacket,
    Octets,
    Packet,
    StatusPacket,
    TraceHeaderList,
    normalise_content_id,
)
from vndoc.errors import LimitError, Place, ReadError
from vndoc.identifiers import DocumentCode, split_code
from vndoc.limits import DEFAULT, Limits
from vndoc.xml import Base64Text, Skeleton

__all__ = ["interpret"]

_Node = Any
"""An lxml element; lxml publishes no class for annotations."""


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
        deviations=walk.deviations.listed(),
        manifest=walk.manifest,
        dialect=walk.parts.dialect,
        skeleton=skeleton,
        source=source,
        limits=limits,
        temporary=temporary,
    )


_ONE, _MANY, _JOINED = range(3)
"""How the values of one element come together in the model; plain numbers, because the walk asks for each element."""


@attrs.define(eq=False)
class _Plan:
    """One block of the table, compiled for one namespace: tag -> (field, convert, sub-plan, mode, row)."""

    row: Element
    entries: dict[str, tuple[str, Convert | None, _Plan | None, int, Element]]
    model: Callable[..., Any] | None
    carried: tuple[tuple[str, str], ...]


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
        mode = _JOINED if child.kind is Kind.WRAPPER else _MANY if child.repeats else _ONE
        entries[brace + child.name] = (
            child.field,
            _Walk.base64 if child.kind is Kind.BASE64 else converter(child),
            sub,
            mode,
            child,
        )
    return _Plan(row, entries, row.model, row.carried)


_DOCUMENT_MARKS = ("{*}Code", "{*}Subject", "{*}To")
"""What the header of a status packet does not have."""


class _Walk:
    """One pass over one skeleton."""

    def __init__(self, skeleton: Skeleton, limits: Limits) -> None:
        self.skeleton = skeleton
        self.limits = limits
        self.texts = skeleton.texts
        self.deviations = Collected(limits.deviations)
        self.budget: Budget
        self.manifest: tuple[Reference, ...] | None = None
        self.prefix: str | None = table.PREFIX
        self.prefix_noted: set[str] = set()
        self.counted: dict[tuple[_Node, str], tuple[_Node, int]] = {}
        self.siblings: dict[tuple[_Node, str], bool] = {}
        self.parts: Parts

    # -- reporting -------------------------------------------------------------------------------

    def report(self, id_: str, node: _Node, found: str | None = None, expected: str | None = None) -> None:
        """Add one deviation at *node*, if the list takes it."""
        if self.deviations.takes(id_):
            self.deviations.add(Deviation(id_, self.place(node), found, expected))

    def place(self, node: _Node) -> Place:
        """Return where *node* stands."""
        return Place(path_of(node, self.counted), self.skeleton.line(node))

    # -- the whole -------------------------------------------------------------------------------

    def packet(self) -> Packet:
        """Return the packet value; everything odd is in ``deviations`` afterwards."""
        root = self.skeleton.root
        for id_ in self.skeleton.recovered:
            name = {"junk": "junk-before-xml", "encoding": "encoding-mismatch", "xlink": "xlink-undeclared"}[id_]
            self.report(name, root, repr(self.skeleton.junk) if id_ == "junk" else None)
        self.parts = collect(root, self.report)
        header = self.parts.header
        if header is None:
            raise ReadError("header-missing", expected="MessageHeader", place=self.place(root))
        if self.parts.namespace != table.NAMESPACE:
            self.prefix_noted |= {"prefix-layout", "attachment-prefix-layout"}
        self.note_prefixes_of("prefix-layout", [self.parts.envelope, self.parts.header_holder, header], table.PREFIX)
        self.prefix = header.prefix  # said once above: the walk looks for changes only
        return self.status_packet(header) if self.is_status(header) else self.document_packet(header)

    def is_status(self, header: _Node) -> bool:
        """Return whether *header* is one of a status packet: an empty StatusCode alone does not make it one.

        A header of both kinds is reported, and read as a document where receivers or attachments would be lost.
        """
        code = next(header.iterchildren("{*}StatusCode"), None)
        if code is None:
            if next(header.iterchildren(*_DOCUMENT_MARKS, "{*}DocumentId"), None) is None:
                raise ReadError("unknown-packet-kind", place=self.place(header))
            return False
        marks = list(header.iterchildren(*_DOCUMENT_MARKS))
        said = {local_name(node) for node in marks if has_content(node)}
        if has_content(code):
            if said:
                self.report("kind-ambiguous", header, ", ".join(["StatusCode", *sorted(said)]))
            return "To" not in said and not (said and self.parts.attachments)
        if marks or next(header.iterchildren("{*}DocumentId"), None) is not None:
            return False
        return not self.parts.attachments

    def status_packet(self, header: _Node) -> StatusPacket:
        """Return the status packet under *header*."""
        packet: StatusPacket = self.block(header, _plan_of("status", self.parts.namespace))
        parts = self.parts
        for extra in (parts.trace, parts.signature, parts.manifest if parts.body is None else parts.body):
            if extra is not None:
                self.report("status-extra-part", extra, local_name(extra))
        if parts.attachments:
            self.report("status-attachments", parts.attachments[0], str(len(parts.attachments)))
        elif parts.attachments_holder is not None:
            self.report("status-extra-part", parts.attachments_holder, local_name(parts.attachments_holder))
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
        if node.keys():
            for name, field in plan.carried:
                values[field] = node.get(name)
        if any(hop.organ_id is None for hop in values.get("trace_headers", ())):
            for hop in node.iterchildren("{*}TraceHeader"):
                if len(hop) and next(hop.iterchildren("{*}OrganId", "{*}Path"), None) is None:
                    self.report("trace-organ-missing", hop)
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
            if len(child):
                value = self.mixed(child, convert) if sub is None else self.filled(child, sub, field)
            elif sub is not None:
                value = self.childless(child, sub)
            else:
                value = child.text
                if convert is not None:
                    value = convert(self, child, value or "")
                elif value is not None and value.isspace():
                    value = None
            tail = child.tail
            if tail is not None and not tail.isspace():
                stray = tail
            if value is None:
                continue
            if field not in values:
                values[field] = value if mode is _ONE else [value] if mode is _MANY else list(value)
            elif mode is _ONE:
                self.report("repeated-element", child, row.name)
            elif mode is _MANY:
                values[field].append(value)
            else:
                values[field].extend(value)
        if stray is not None and not stray.isspace():
            self.report("unexpected-text", node, stray.strip())
        return values

    def filled(self, node: _Node, plan: _Plan, field: str) -> Any:
        """A block or wrapper with child elements: the model, or the items; nothing if all of it is empty."""
        inner = self.values(node, plan)
        if plan.model is None:
            return inner.get(field, ())
        if inner:
            return plan.model(**inner)
        self.report("empty-block", node, plan.row.name)
        return None

    def mixed(self, node: _Node, convert: Convert | None) -> Any:
        """The value of an element that should have no child elements: of all its text; base64 is not put together."""
        if self.parts.is_flat and local_name(node) == "Path":
            return self.path(node)
        if convert is _Walk.base64:
            return MissingOctets("", "base64-children")
        if convert is None and (code := read_split_code(self, node)):
            return code
        self.report("unexpected-children", node, local_name(node))
        text = "".join(node.itertext())
        return convert(self, node, text) if convert else text if text.strip() else None

    def path(self, node: _Node) -> Any:
        """The agency of a hop in the flattened form, ``Path{From, To}``: the one that sends; the other has no place."""
        organ = None
        for child in node:
            if organ is None and local_name(child) == "From":
                organ = read_organ_code(self, child, child.text or "")
            else:
                self.report("unknown-element", child, local_name(child))
        return organ

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
            if "/" not in text:
                self.report("unexpected-text", node, text)
            return DocumentCode(number=text, notation=None)
        if row.kind is not Kind.WRAPPER or local_name(node) == row.name:
            self.report("unexpected-text", node, text)
        return (text,) if row.kind is Kind.WRAPPER and row.children[0].kind is Kind.TEXT else None

    def irregular(self, node: _Node, plan: _Plan, entry: Any = None) -> Any:
        """Find the entry of an element that has another prefix or namespace, is misspelled, or unknown (``None``)."""
        if entry is not None:
            self.note_prefix(node, entry[4])
            return entry
        namespace, name = split_tag(node)
        brace = f"{{{self.parts.namespace}}}" if self.parts.namespace else ""
        entry = plan.entries.get(brace + name)
        if entry is not None and namespace in NAMESPACES:
            self.report("namespace-mixed", node, f"{{{namespace}}}{name}", f"{{{self.parts.namespace}}}{name}")
            return entry
        if namespace == self.parts.namespace or namespace in NAMESPACES:
            for candidate in plan.entries.values():
                if name in candidate[4].aliases and not self.has_sibling(node, brace + candidate[4].name):
                    if not self.parts.is_flat:
                        self.report("element-spelling", node, name, candidate[4].name)
                    return candidate
            if node in self.parts.claimed:
                return None
        self.report("unknown-element", node, name)
        return None

    def has_sibling(self, node: _Node, tag: str) -> bool:
        """Return whether an element called *tag* stands beside *node*: then another spelling does not count."""
        key = (node.getparent(), tag)
        if key not in self.siblings:
            self.siblings[key] = next(key[0].iterchildren(tag), None) is not None
        return self.siblings[key]

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
        namespace, name = split_tag(node)
        if not len(node) and not (node.text or "").strip():
            self.report("digital-signature-empty", node, name)
            return None
        if namespace != table.XMLDSIG:
            self.report("signature-namespace", node, namespace)
            if node.prefix:
                self.report("signature-prefix", node, node.prefix)
        return markup(node)

    def attachments(self, references: dict[str, Reference]) -> tuple[Attachment, ...]:
        """Return all attachments, each matched with its entry of the manifest."""
        nodes = self.parts.attachments
        if len(nodes) > self.limits.attachments:
            raise LimitError("limit-attachments", limit=self.limits.attachments)
        plan = _plan_of("attachment", self.parts.namespace)
        self.budget = Budget(self.limits)
        self.note_prefixes_of("attachment-prefix-layout", [self.parts.attachments_holder, *nodes], None)
        self.prefix = None
        made = [self.attachment(node, plan, references) for node in nodes]
        if self.parts.is_flat:
            return tuple(made)
        if made and self.manifest is None:
            self.report("manifest-missing", self.parts.envelope)
        if self.parts.attachments_holder is None:
            self.report("attachments-missing", self.skeleton.root)
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
                if href and normalise_content_id(href) not in ("", normalise_content_id(reference.content_id)):
                    self.report("reference-href-other", node, href, reference.content_id)
            elif href:
                self.report("reference-href-only", node, href)
                reference = attrs.evolve(reference, content_id=href)
            entries.append(reference)
            if reference.content_id:
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
        name, label, content_id = values.get("name"), values.get("label"), values.get("content_id")
        if content_id:
            self.check_content_id(node, content_id)
        reference = references.get(normalise_content_id(content_id)) if content_id else None
        if reference is not None:
            values.setdefault("description", reference.description)
            name = values.setdefault("name", reference.attachment_name)
            if label and reference.content_type and reference.content_type.strip() != label.strip():
                self.report("manifest-label", node, reference.content_type, label)
        shown = name or content_id or "?"
        if label is None:
            self.report("content-type-missing", node, shown)
        oddity = name_oddity(name or "")
        if oddity is not None:
            self.report(oddity, node, name)
        packed = values.pop("packed", None) or MissingOctets(shown)
        if isinstance(packed, MissingOctets):
            self.report(packed.code, node, shown)
            packed = MissingOctets(shown, packed.code)
            return Attachment(packed=packed, content=packed, **values)
        return self.with_content(node, values, packed, shown)

    def with_content(self, node: _Node, values: dict[str, Any], packed: Any, shown: str) -> Attachment:
        """Return the attachment of *values* around its octets *packed*, unpacked where they are a zip."""
        if packed.damage is not None:
            code, offset = packed.damage
            self.report(code, node, shown, str(offset))
            return Attachment(packed=packed, content=packed, **values)
        if packed.has_white_space:
            self.report("base64-white-space", node, shown)
        head, name, label = packed.peek(4), values.get("name"), values.get("label")
        content, ids = unpack(packed, head=head, name=name, label=label, limits=self.limits, budget=self.budget)
        for id_ in ids:
            self.report(id_, node, shown)
        limit = self.limits.attachment_bytes
        if content is packed and packed.size > limit:
            self.report("attachment-too-large", node, shown, str(limit))
            packed = content = RefusedOctets(shown, packed.size, "limit-attachment-bytes", limit)
        return Attachment(packed=packed, content=content, **values)


_HOLDER = table.ATTACHMENT.child("ContentTransferEncoded")
