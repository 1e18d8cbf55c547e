"""Where the parts of a packet stand in a file: the standard layout and the flattened one.

Source: QCVN 102, section 4.1; practice (the flattened form ``http://www.go.vn/eDoc`` of a provincial guide:
no ``edXML`` and no header element around the parts, attachments directly below the root or in ``Manifest``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import attrs

from vndoc.edxml import elements as table
from vndoc.edxml.elements import NAMESPACES
from vndoc.edxml.xmltools import local_name, split_tag
from vndoc.errors import Place, ReadError

__all__ = ["Parts", "collect", "has_content"]

_Report = Callable[..., None]

_SLOTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # element -> (the element it belongs into, the slot of Parts it fills)
        table.ENVELOPE: (table.ROOT, "envelope"),
        table.ATTACHMENT_ENCODED: (table.ROOT, "attachments_holder"),
        table.HEADER: (table.ENVELOPE, "header_holder"),
        table.BODY: (table.ENVELOPE, "body"),
        "MessageHeader": (table.HEADER, "header"),
        "TraceHeaderList": (table.HEADER, "trace"),
        "Signature": (table.HEADER, "signature"),
        "DigitalSignature": (table.HEADER, "signature"),
        "edXMLManifest": (table.BODY, "manifest"),
        "Manifest": (table.BODY, "manifest"),
        table.ATTACHMENT.name: (table.ATTACHMENT_ENCODED, ""),
    }
)
_CONTAINERS = frozenset({table.ENVELOPE, table.ATTACHMENT_ENCODED, table.HEADER, table.BODY})
_FLAT_ROOTS = frozenset({"edXMLEnvelope", "EdXMLEnvelope"})
_SOAP = frozenset({"http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"})
_MANIFESTS = frozenset({"edXMLManifest", "Manifest"})
_OTHER_NAMESPACES = {table.BKAV: "namespace-bkav", table.GO_VN: "dialect-go-vn", "": "namespace-missing"}


@attrs.define(eq=False)
class Parts:
    """The elements that make up one packet file.

    ``namespace`` is that of the header, which is what the elements below are looked up in; ``claimed`` are
    parts that stand inside the header.
    """

    dialect: str = "qcvn-102"
    namespace: str = table.NAMESPACE
    envelope: Any = None
    header_holder: Any = None
    header: Any = None
    trace: Any = None
    signature: Any = None
    body: Any = None
    manifest: Any = None
    attachments_holder: Any = None
    attachments: list[Any] = attrs.field(factory=list)
    claimed: set[Any] = attrs.field(factory=set)

    @property
    def is_flat(self) -> bool:
        """Return whether the layout is the flattened one."""
        return self.dialect == NAMESPACES[table.GO_VN]


def collect(root: Any, report: _Report) -> Parts:
    """Return the parts below *root*, reporting how the layout departs from the standard.

    Raises :class:`~vndoc.errors.ReadError` ``unknown-root``, ``unknown-namespace`` or ``unsupported-dialect``.
    """
    namespace, name = split_tag(root)
    if name == "Envelope" and namespace in _SOAP:
        raise ReadError("unsupported-dialect", found="SOAP", place=Place("/" + name))
    flat = name in _FLAT_ROOTS
    if name != table.ROOT and not flat:
        raise ReadError("unknown-root", found=name, expected=table.ROOT, place=Place("/" + name))
    if namespace not in NAMESPACES:
        raise ReadError("unknown-namespace", found=namespace, place=Place("/" + name))
    parts = Parts(dialect=NAMESPACES[table.GO_VN if flat else namespace], namespace=namespace)
    if flat:
        report("dialect-go-vn", root, f"{{{namespace}}}{name}")
        parts.envelope = parts.header_holder = root
    elif namespace != table.NAMESPACE:
        report(_OTHER_NAMESPACES[namespace], root, namespace or None)
    _gather(root, parts, report)
    if parts.header is not None:
        parts.namespace = split_tag(parts.header)[0]
        _look_into_header(parts, report)
    if parts.envelope is None:
        parts.envelope = root
    return parts


_STANDARD = {
    # tag -> (the tag around it, the slot, whether it is a container): the layout of the standard, at one look
    f"{{{table.NAMESPACE}}}{name}": (f"{{{table.NAMESPACE}}}{around}", slot, name in _CONTAINERS)
    for name, (around, slot) in _SLOTS.items()
    if name not in {*_MANIFESTS, "DigitalSignature"}
}
_UNUSUAL = ("", "", False)


def _gather(node: Any, parts: Parts, report: _Report) -> None:
    """Fill *parts* from below *node*."""
    tag = node.tag
    for child in node:
        around, slot, is_container = _STANDARD.get(child.tag, _UNUSUAL)
        if around != tag:
            _place(child, node, parts, report)
        elif not slot:
            parts.attachments.append(child)
        elif not _fill(child, slot, parts):
            _place(child, node, parts, report)
        elif is_container:
            _gather(child, parts, report)


def _place(child: Any, node: Any, parts: Parts, report: _Report) -> None:
    """Put *child* of *node*, which is not as the standard has it or comes again, where it belongs."""
    around, here = split_tag(node)
    namespace, name = split_tag(child)
    if name not in _SLOTS or not (namespace in NAMESPACES or (name == table.SIGNATURE and namespace == table.XMLDSIG)):
        report("unknown-element", child, name)
        return
    if namespace not in (around, table.XMLDSIG):
        report("namespace-mixed", child, f"{{{namespace}}}{name}", f"{{{around}}}{name}")
    belongs, slot = _SLOTS[name]
    if here != belongs and not parts.is_flat:
        report("misplaced-element", child, name, belongs)
    if not slot:
        parts.attachments.append(child)
    elif name in _CONTAINERS:
        if not _fill(child, slot, parts) and not parts.is_flat:
            report("repeated-container", child, name)
        _gather(child, parts, report)
    elif name in _MANIFESTS and _holds_attachments(child):
        _gather(child, parts, report)
    elif not _fill(child, slot, parts):
        _repeat(child, slot, parts, report)
    elif name == "Manifest" and not parts.is_flat:
        report("manifest-name", child, name, table.MANIFEST.name)


def _fill(child: Any, slot: str, parts: Parts) -> bool:
    """Put *child* into its slot; ``False`` if that is taken."""
    if getattr(parts, slot) is not None:
        return False
    setattr(parts, slot, child)
    return True


def has_content(node: Any) -> bool:
    """Return whether an element has child elements or text other than white space."""
    return len(node) > 0 or bool((node.text or "").strip())


def _repeat(child: Any, slot: str, parts: Parts, report: _Report) -> None:
    """Report a part whose slot is taken; where only one of the two has content, that one is kept."""
    first = getattr(parts, slot)
    if not has_content(child):
        report("repeated-element", child, local_name(child))
    elif has_content(first):
        report("repeated-part", child, local_name(child))
    else:
        setattr(parts, slot, child)
        report("repeated-element", first, local_name(first))


def _holds_attachments(node: Any) -> bool:
    return next(node.iterchildren("{*}" + table.ATTACHMENT.name), None) is not None


def _look_into_header(parts: Parts, report: _Report) -> None:
    """Find a trace list inside the header: where the flattened form has it, and elsewhere a misplaced one."""
    nested = [c for c in parts.header.iterchildren("{*}TraceHeaderList") if split_tag(c)[0] in NAMESPACES]
    parts.claimed.update(nested)
    for inner in nested:
        if not parts.is_flat:
            report("misplaced-element", inner, "TraceHeaderList", table.HEADER)
        if not _fill(inner, "trace", parts):
            _repeat(inner, "trace", parts, report)
