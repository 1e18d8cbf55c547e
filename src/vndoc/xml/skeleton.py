"""The skeleton of a packet: its tree without the attachments' base64 text."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol, cast

import attrs
from lxml import etree

from vndoc.envelope.octets import Octets
from vndoc.xml.base64text import Base64Text

__all__ = ["HOLDERS", "HOLDER_PARENT", "Lines", "Route", "Skeleton", "Span", "Spool", "local_name", "weave"]

HOLDERS = frozenset({"ContentTransferEncoded", "Content"})
"""Local names of the elements that hold an attachment's base64 text (``Content``: the flattened form)."""

HOLDER_PARENT = "Attachment"
"""Local name of their parent."""

Route = Literal["plain", "elided", "stream"]
"""How a packet was taken apart: nothing was long enough to cut out, cut out of the octets, or by the stream parser."""

_DIGITS = 6


class Spool(Octets, Protocol):
    """A temporary store, made by the caller: written once from the start, then opened again and again."""

    def write(self, data: bytes) -> int:
        """Append *data* and return its length."""


@attrs.frozen
class Span:
    """Where a text that was cut out lies in the source: octet offsets; ``token`` stands for it in the skeleton."""

    token: str
    start: int
    stop: int


def _sourceline(element: etree._Element) -> int | None:
    return cast("int | None", element.sourceline)


class Lines:
    """Lines of elements in the source, where the skeleton's own line numbers are not those.

    ``table`` has the line of each element in document order (stream route); ``shifts`` says for tokens how many
    line ends were cut out with their text.
    """

    def __init__(self, table: array[int] | None = None, shifts: Mapping[str, int] | None = None) -> None:
        self._table = table
        self._shifts = shifts
        self._known: dict[etree._Element, int | None] | None = None

    def of(self, root: etree._Element, element: etree._Element) -> int | None:
        """Return the line of *element*, a part of *root*'s tree."""
        if self._table is None and not self._shifts:
            return _sourceline(element)
        if self._known is None:
            self._known = dict(self._all(root))
        return self._known.get(element)

    def _all(self, root: etree._Element) -> Iterable[tuple[etree._Element, int | None]]:
        if self._table is not None:
            yield from zip(root.iter(), self._table, strict=True)
            return
        shift = 0
        shifts = self._shifts or {}
        for element in root.iter():
            line = _sourceline(element)
            yield element, None if line is None else line + shift
            shift += shifts.get(element.text or "", 0)


_SAME_LINES = Lines()


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Skeleton:
    """What :func:`vndoc.xml.split` makes of a packet."""

    root: etree._Element
    """The tree, without comments and processing instructions. Nobody changes it."""

    data: bytes
    """The octets the tree was parsed from."""

    texts: Mapping[str, Base64Text]
    """For each token the text that it stands for. A token is the whole text of one holder element."""

    spans: tuple[Span, ...]
    """Where the texts lie in the source, in order; empty on the stream route."""

    route: Route

    recovered: tuple[str, ...] = ()
    """What ``recover=True`` had to do: ``"junk"`` (octets before the XML left out), ``"encoding"`` (the declared one
    not believed), ``"xlink"`` (prefix declared)."""

    junk: bytes = b""
    """The first 60 octets at most of what was left out."""

    lines: Lines = _SAME_LINES

    def content(self, holder: etree._Element) -> Base64Text:
        """Return the base64 text of *holder*, whether it was cut out or stayed in the tree."""
        text = holder.text or ""
        found = self.texts.get(text)
        return Base64Text.inline(text) if found is None else found

    def line(self, element: etree._Element) -> int | None:
        """Return the line of *element* in the source, from one, as far as it is known."""
        return self.lines.of(self.root, element)

    def __repr__(self) -> str:
        return f"Skeleton({len(self.data)} octets, {len(self.texts)} texts cut out, {self.route})"


def local_name(tag: object) -> str:
    """Return the local part of an lxml *tag*."""
    return str(tag).rpartition("}")[2]


def weave(segments: Sequence[bytes]) -> tuple[bytes, tuple[str, ...]]:
    """Join *segments* with one token between each two; return the octets and the tokens.

    A token is made of the base64 alphabet, a multiple of four characters long, the same for the same input, and
    found nowhere in the segments: it is made of their SHA-256, and searched for.
    """
    count = len(segments) - 1
    if not count:
        return segments[0], ()
    hashed = hashlib.sha256()
    for segment in segments:
        hashed.update(len(segment).to_bytes(8, "big"))
        hashed.update(segment)
    prefix = f"VNDOC{hashed.hexdigest()[:32]}x"
    while any(prefix.encode() in segment for segment in segments):
        hashed.update(b"again")
        prefix = f"VNDOC{hashed.hexdigest()[:32]}x"
    width = _DIGITS if count <= 10**_DIGITS else _DIGITS + 4
    tokens = tuple(f"{prefix}{index:0{width}d}" for index in range(count))
    parts: list[bytes] = [segments[0]]
    for token, segment in zip(tokens, segments[1:], strict=True):
        parts += (token.encode(), segment)
    return b"".join(parts), tokens
