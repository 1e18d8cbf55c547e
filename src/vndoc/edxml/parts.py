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

__all__ = ["Parts", "collect"]

_Report = Callable[..., None]

_CONTAINERS: Mapping[str, str] = MappingProxyType(
    {
        # element -> the element it belongs into
        table.ENVELOPE: table.ROOT,
        table.ATTACHMENT_ENCODED: table.ROOT,
        table.HEADER: table.ENVELOPE,
        table.BODY: table.ENVELOPE,
    }
)
_LEAVES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # element -> (the element it belongs into, the slot of Parts it fills)
        "MessageHeader": (table.HEADER, "header"),
        "TraceHeaderList": (table.HEADER, "trace"),
        "Signature": (table.HEADER, "signature"),
        "DigitalSignature": (table.HEADER, "signature"),
        "edXMLManifest": (table.BODY, "manifest"),
        "Manifest": (table.BODY, "manifest"),
    }
)
_FLAT_ROOTS = frozenset({"edXMLEnvelope", "EdXMLEnvelope"})
_SOAP = frozenset({"http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"})


@attrs.define(eq=False)
class Parts:
    """The elements that make up one packet file. ``claimed``: parts that stand inside another part."""

    dialect: str = "qcvn-102"
    namespace: str = table.NAMESPACE
    envelope: Any = None
    header_holder: Any = None
    header: Any = None
    trace: Any = None
    signature: Any = None
    manifest: Any = None
    attachments_holder: Any = None
    attachments: list[Any] = attrs.field(factory=list)
    claimed: list[Any] = attrs.field(factory=list)


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
    parts = Parts(dialect=NAMESPACES[namespace], namespace=namespace)
    if flat:
        parts.dialect = "go-vn"
        report("dialect-go-vn", root, f"{{{namespace}}}{name}")
        parts.envelope = parts.header_holder = root
        _collect_flat(root, parts, report)
        return parts
    if namespace != table.NAMESPACE:
        report("namespace-bkav" if namespace else "namespace-missing", root, namespace or None)
    parts.envelope = root
    _collect_standard(root, parts, report)
    if parts.trace is None and parts.header is not None:
        _find_misplaced_trace(parts, report)
    return parts


def _collect_standard(node: Any, parts: Parts, report: _Report) -> None:
    here = local_name(node)
    for child in node:
        name = local_name(child)
        if name == "Attachment" and here == table.ATTACHMENT_ENCODED:
            parts.attachments.append(child)
        elif name in _CONTAINERS:
            _check_place(child, name, here, _CONTAINERS[name], report)
            if name == table.ENVELOPE:
                parts.envelope = child
            elif name == table.HEADER:
                parts.header_holder = child
            elif name == table.ATTACHMENT_ENCODED:
                parts.attachments_holder = child
            _collect_standard(child, parts, report)
        elif name in _LEAVES:
            _check_place(child, name, here, _LEAVES[name][0], report)
            _fill(child, name, parts, report)
        else:
            report("unknown-element", child, name)


def _check_place(child: Any, name: str, here: str, belongs: str, report: _Report) -> None:
    if here != belongs:
        report("misplaced-element", child, name, belongs)


def _fill(child: Any, name: str, parts: Parts, report: _Report) -> None:
    slot = _LEAVES[name][1]
    if getattr(parts, slot) is not None:
        report("repeated-element", child, name)
        return
    setattr(parts, slot, child)
    if name == "Manifest":
        report("manifest-name", child, name, table.MANIFEST.name)


def _find_misplaced_trace(parts: Parts, report: _Report) -> None:
    for inner in parts.header.iterchildren("{*}TraceHeaderList"):
        report("misplaced-element", inner, "TraceHeaderList", table.HEADER)
        parts.trace = inner
        parts.claimed.append(inner)
        return


def _collect_flat(root: Any, parts: Parts, report: _Report) -> None:
    for child in root:
        name = local_name(child)
        if name == "Attachment":
            parts.attachments.append(child)
        elif name in {"Manifest", table.ATTACHMENT_ENCODED}:
            parts.attachments.extend(inner for inner in child if local_name(inner) == "Attachment")
        elif name == "MessageHeader" and parts.header is None:
            parts.header = child
            nested = [inner for inner in child if local_name(inner) == "TraceHeaderList"]
            parts.claimed.extend(nested)
            parts.trace = parts.trace if parts.trace is not None or not nested else nested[0]
        elif name == "TraceHeaderList" and parts.trace is None:
            parts.trace = child
        elif name in {"Signature", "DigitalSignature"} and parts.signature is None:
            parts.signature = child
        else:
            report("unknown-element", child, name)
