"""XML documents that are not packets: files that are, or hold, a signature."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import cast

import attrs
from lxml import etree

from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import LimitError
from vndoc.limits import DEFAULT, Limits
from vndoc.xml.parser import parse_document_quietly
from vndoc.xml.skeleton import Skeleton, Spool
from vndoc.xml.stream import stream

__all__ = ["check_document", "parse_document"]


def parse_document(data: bytes, *, limits: Limits = DEFAULT) -> etree._Element:
    """Return the root of the XML document *data* with all that belongs to its canonical form.

    Comments and processing instructions are kept, around the root, too. ``sourceline`` of an element is its line.
    Texts may be as long as the document: it may have ``limits.document_bytes`` octets, ``limits.document_nodes``
    tags and attributes, and ``limits.depth`` levels.

    Raises :class:`~vndoc.errors.ReadError` (``empty-input``, ``not-xml``, ``xml-malformed``, ``xml-unbound-prefix``,
    ``xml-junk``, ``xml-dtd``, ``xml-encoding``, ``xml-encoding-mismatch``; ``c14n-unavailable`` for an instruction
    that libxml2 does not take) and :class:`LimitError` for a limit.

    Source: XML 1.0 and Namespaces in XML 1.0; no document type declaration, as :func:`~vndoc.xml.split` does it.
    """
    check_document(data, limits)
    root = parse_document_quietly(data, limits)
    return _from_stream(data, limits) if root is None else root


def check_document(data: bytes, limits: Limits) -> None:
    """Raise the :class:`LimitError` of :func:`parse_document` for a document that is too large to be parsed."""
    if len(data) > limits.document_bytes:
        raise LimitError("limit-document-bytes", limit=limits.document_bytes)
    if len(data) > limits.document_nodes and data.count(b"<") + data.count(b"=") > limits.document_nodes:
        raise LimitError("limit-document-nodes", limit=limits.document_nodes)


def _from_stream(data: bytes, limits: Limits) -> etree._Element:
    """Do the same by the stream route, which takes all encodings and knows the errors."""
    room = limits.document_bytes
    wide = attrs.evolve(limits, packet_bytes=room, skeleton_bytes=room, inline_text=sys.maxsize)
    never = cast("Callable[[], Spool]", None)  # no text is longer than sys.maxsize
    try:
        skeleton: Skeleton = stream(MemoryOctets(data), wide, spool=never)
        root = skeleton.full_root
    except LimitError as error:
        if error.code != "limit-skeleton-bytes":
            raise
        raise LimitError("limit-document-bytes", limit=room) from None
    for element in root.iter("*"):
        element.sourceline = skeleton.line(element)  # type: ignore[assignment]
    return root
