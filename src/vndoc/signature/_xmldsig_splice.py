"""Putting a signature into a document without touching any other octet of it."""

from __future__ import annotations

from typing import Final
from xml.parsers import expat

import attrs
from lxml import etree

from vndoc.edxml.xmltools import path_of
from vndoc.errors import SignatureError, UsageError
from vndoc.signature._xmldsig_tree import element_children
from vndoc.xml import sniff

__all__ = ["root_octets", "splice"]

_LONGEST: Final = 1 << 20


@attrs.define
class _Finder:
    """Walks a document to the end tag of one element: its way down, as positions among elements."""

    way: tuple[int, ...]
    depth: int = 0
    on_way: int = 0
    counts: list[int] = attrs.field(factory=lambda: [0])
    start: int = -1
    end: int = -1

    def opened(self, offset: int) -> None:
        position = self.counts[-1]
        self.counts[-1] += 1
        if self.on_way == self.depth and (not self.depth or self.way[self.depth - 1 : self.depth] == (position,)):
            self.on_way += 1
            if self.on_way == len(self.way) + 1:
                self.start = offset
        self.depth += 1
        self.counts.append(0)

    def closed(self, offset: int) -> None:
        self.depth -= 1
        self.counts.pop()
        if self.on_way == self.depth + 1:
            if self.on_way == len(self.way) + 1 and self.end < 0:
                self.end = offset
            self.on_way = self.depth


def splice(data: bytes, root: etree._Element, parent: str | None, signature: bytes) -> bytes:
    """Return *data* with *signature* as the last child of the element *parent*, a path, or of the root.

    *root* is the tree of *data*. Raises :class:`~vndoc.errors.UsageError` ``option-invalid`` if there is no element
    *parent*, and :class:`~vndoc.errors.SignatureError` ``signing-encoding`` for UTF-16.
    """
    found = _found(data, _way(root, parent))
    stop = _tag_end(data, found.start)
    if data[stop - 1] == 0x2F:  # an empty-element tag
        name = data[found.start + 1 : stop - 1].split(None, 1)[0]
        return b"".join((data[: stop - 1], b">", signature, b"</", name, b">", data[stop + 1 :]))
    return b"".join((data[: found.end], signature, data[found.end :]))


def root_octets(data: bytes) -> bytes:
    """Return the octets of the root element of *data*, which has to be UTF-8 (raises as :func:`splice`)."""
    if (sniff.declared_encoding(data[: sniff.HEAD]) or "UTF-8").upper() not in {"UTF-8", "US-ASCII", "UTF8", "ASCII"}:
        raise SignatureError("signing-encoding")
    found = _found(data, ())
    stop = _tag_end(data, found.start)
    return data[found.start : (stop if data[stop - 1] == 0x2F else _tag_end(data, found.end)) + 1]


def _tag_end(data: bytes, start: int) -> int:
    """Return where the ``>`` of the tag at *start* stands; attribute values may hold others."""
    quote = 0
    for position in range(start, len(data)):
        octet = data[position]
        if quote:
            quote = 0 if octet == quote else quote
        elif octet in b"\"'":
            quote = octet
        elif octet == 0x3E:
            return position
    return len(data)  # pragma: no cover - the document is well-formed


def _way(root: etree._Element, parent: str | None) -> tuple[int, ...]:
    if parent is None:
        return ()
    for element in root.iter("*"):
        if path_of(element) == parent:
            way = []
            at = element
            while (above := at.getparent()) is not None:
                way.append(element_children(above).index(at))
                at = above
            return tuple(reversed(way))
    raise UsageError("option-invalid", detail=f"parent={parent!r}")


def _found(data: bytes, way: tuple[int, ...]) -> _Finder:
    if sniff.octet_encoding(data[:4]) not in (None, "UTF-8"):
        raise SignatureError("signing-encoding")
    finder = _Finder(way)
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda *_: finder.opened(parser.CurrentByteIndex)
    parser.EndElementHandler = lambda *_: finder.closed(parser.CurrentByteIndex)
    try:
        for start in range(0, len(data), _LONGEST):
            parser.Parse(data[start : start + _LONGEST], start + _LONGEST >= len(data))
    except (expat.ExpatError, ValueError, LookupError):
        raise SignatureError("signing-encoding") from None
    return finder
