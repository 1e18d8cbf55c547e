"""The hardened lxml parser, and what may go to it directly.

The parsers load no DTD, resolve no entity and open no network connection. Those of packets leave comments and
processing instructions out and keep libxml2's own limits (text nodes of at most 10 million octets, 256 levels); the
one for signatures keeps them, and its size is bounded by who calls it. There is one of each per thread: a shared
parser is locked during each parse.

The functions here raise nothing but :class:`vndoc.errors.ReadError`, or answer ``None`` where the stream route
(:mod:`vndoc.xml.stream`) has to decide.
"""

from __future__ import annotations

import re
import threading

from lxml import etree

from vndoc.errors import ReadError
from vndoc.limits import Limits

__all__ = [
    "MAX_DEPTH",
    "parse_copy",
    "parse_document_quietly",
    "parse_partly",
    "parse_quietly",
    "parse_strictly",
    "simple_prolog",
]

MAX_DEPTH = 256
"""Levels of elements that libxml2 takes without its "huge" option; ``Limits.depth`` counts up to here."""


_LARGE = 10_000_000
"""From here on, a text may be longer than libxml2 takes without its "huge" option."""


def _parser(*, complete: bool, huge: bool, recover: bool = False) -> etree.XMLParser:
    """Return a parser; *complete* ones keep comments and processing instructions, *recover*: what can be read."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=huge,
        recover=recover,
        remove_comments=not complete,
        remove_pis=not complete,
        remove_blank_text=False,
        strip_cdata=True,
        collect_ids=False,
    )


class _Tools(threading.local):
    """The parsers and the compiled checks of one thread."""

    def __init__(self) -> None:
        self.parser = _parser(complete=False, huge=False)
        self.large = _parser(complete=False, huge=True)
        self.complete = _parser(complete=True, huge=True)
        self.partial = _parser(complete=True, huge=False, recover=True)
        self.checks: dict[tuple[int, int | None], etree.XPath] = {}

    def beyond(self, depth: int, attributes: int | None) -> etree.XPath:
        """Return the compiled check whether a document has an element too deep, or with too many *attributes*."""
        key = (depth, attributes)
        found = self.checks.get(key)
        if found is None:
            many = "" if attributes is None else f" or descendant-or-self::*/@*[{attributes + 1}]"
            found = self.checks[key] = etree.XPath(f"boolean({'/*' * (min(depth, MAX_DEPTH) + 1)}{many})")
        return found


_TOOLS = _Tools()

_SPACE = rb"[ \t\r\n]"
_PROLOG = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:"
    rb"<\?xml_+version_*=_*(?:\"1\.0\"|'1\.0')"
    rb"(?:_+encoding_*=_*(?:\"(?i:utf-8|us-ascii)\"|'(?i:utf-8|us-ascii)'))?"
    rb"(?:_+standalone_*=_*(?:\"(?:yes|no)\"|'(?:yes|no)'))?_*\?>"
    rb"|(?!<\?xml[ \t\r\n?])_*<[!-~])".replace(b"_", _SPACE)
)
"""A start that libxml2 and expat read alike: version 1.0 and UTF-8 or US-ASCII, or no declaration."""

_NAME = rb"[^\x00-\x20<>=\"'/]"
_NAME_NOT_ASCII = re.compile(
    rb"<[/?]?N*[\x80-\xff]|(?<!N)(?=N*[\x80-\xff])N++_*+=_*+[\"']".replace(b"N", _NAME).replace(b"_", _SPACE)
)
_ONLY_SHAPE = bytes(0x78 if octet >= 0x80 else octet for octet in range(256))
_DROPPED = bytes(octet for octet in range(0x80) if octet not in b"<>")


def simple_prolog(data: bytes) -> bool:
    """Return whether libxml2 and expat are sure to see the same characters and names in *data*.

    They may differ in the encoding, the XML version, a document type declaration, and in names outside
    US-ASCII (libxml2 follows the fifth edition of XML 1.0, expat the fourth).
    """
    if _PROLOG.match(data) is None:
        return False
    if b"!" in data and b"<!DOCTYPE" in data:
        return False
    # Of all octets only "<", ">" and those outside US-ASCII (as "x") are kept: in a tag, the next one after a
    # name must be ">". This costs a tenth of the exact search, which is rarely needed.
    return data.isascii() or (
        b"x>" not in data.translate(_ONLY_SHAPE, _DROPPED) or _NAME_NOT_ASCII.search(data) is None
    )


def parse_quietly(data: bytes, limits: Limits) -> etree._Element | None:
    """Return the root of *data*, or ``None`` if anything at all is doubtful or beyond *limits*."""
    return _quietly(_TOOLS.parser, data, limits, data.count(b"="))


def parse_document_quietly(data: bytes, limits: Limits, values: int | None = None) -> etree._Element | None:
    """Return the same as :func:`parse_quietly`, with comments and processing instructions, whatever the size.

    *values* is how many ``=`` there are in *data*, if that is known: no more attributes.
    """
    return _quietly(_TOOLS.complete, data, limits, values)


def _quietly(parser: etree.XMLParser, data: bytes, limits: Limits, values: int | None = None) -> etree._Element | None:
    if not simple_prolog(data):
        return None
    try:
        root = etree.fromstring(data, parser)
    except etree.LxmlError:
        return None
    attributes = limits.attributes if values is None or values > limits.attributes else None
    if parser.error_log or _TOOLS.beyond(limits.depth, attributes)(root):
        return None
    return root


def parse_partly(data: bytes) -> etree._Element | None:
    """Return the root of the beginning *data* of a document, what is open closed at the end; ``None`` if it is none.

    What comes of octets that are wrong is not defined: use it to guess only.
    """
    if not simple_prolog(data):
        return None
    try:
        return etree.fromstring(data, _TOOLS.partial)
    except etree.LxmlError:
        return None


def parse_copy(data: bytes) -> etree._Element:
    """Return the root of *data*, XML that was written from a tree, with comments and processing instructions.

    Raises :class:`lxml.etree.XMLSyntaxError` for what libxml2 does not take.
    """
    return etree.fromstring(data, _TOOLS.complete)


def parse_strictly(data: bytes) -> etree._Element:
    """Return the root of *data*, which the stream route has found well-formed.

    Raises :class:`ReadError` (``xml-malformed``) for what remains: the rules of Namespaces in XML 1.0.
    ``line`` and ``column`` are those in *data*.
    """
    parser = _TOOLS.parser if len(data) < _LARGE else _TOOLS.large
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise ReadError("xml-malformed", line=line, column=column, detail=error.msg) from None
    for entry in parser.error_log:
        if entry.level >= etree.ErrorLevels.ERROR:
            raise ReadError("xml-malformed", line=entry.line, column=entry.column, detail=entry.message)
    return root
