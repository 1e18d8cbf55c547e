"""The skeleton of a packet: its tree without the attachments' base64 text."""

from __future__ import annotations

import hashlib
import re
import threading
from array import array
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, Protocol, cast

import attrs
from lxml import etree

from vndoc.envelope.octets import Octets
from vndoc.errors import LimitError, ReadError
from vndoc.xml.base64text import Base64Text
from vndoc.xml.c14nwork import is_light
from vndoc.xml.parser import parse_copy

if TYPE_CHECKING:
    from vndoc.xml.ahead import Ahead

__all__ = [
    "HOLDERS",
    "HOLDER_PARENT",
    "HOLDER_TAGS",
    "TOKEN_HEAD",
    "Lines",
    "Note",
    "Route",
    "Skeleton",
    "Span",
    "Spool",
    "interleave",
    "local_name",
    "weave",
]

HOLDERS = frozenset({"ContentTransferEncoded", "Content"})
"""Local names of the elements that hold an attachment's base64 text (``Content``: the flattened form)."""

HOLDER_TAGS: Final = tuple("{*}" + name for name in sorted(HOLDERS))
"""The same in any namespace, as lxml wants it."""

HOLDER_PARENT = "Attachment"
"""Local name of their parent."""

Route = Literal["plain", "elided", "stream"]
"""How a packet was taken apart: nothing was long enough to cut out, cut out of the octets, or by the stream parser."""

_DIGITS = 6
TOKEN_HEAD: Final = len("VNDOC") + 32 + len("x")
"""Characters that all tokens of a packet begin with."""

_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml[ \t\r\n]")


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


@attrs.frozen
class Note:
    """A comment or processing instruction inside a text that was cut out.

    ``at`` is its place, in octets from the start of the text; ``octets`` are its own, in canonical form.
    """

    at: int
    octets: bytes
    is_comment: bool


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
        self._known: dict[etree._Element, int | None] = {}

    def of(self, root: etree._Element, element: etree._Element) -> int | None:
        """Return the line of *element*, a part of *root*'s tree."""
        if self._table is None and not self._shifts:
            return _sourceline(element)
        if element not in self._known:
            self._known.update(self._all(root))
        return self._known.get(element)

    def _all(self, root: etree._Element) -> Iterable[tuple[etree._Element, int | None]]:
        if self._table is not None:
            yield from zip(root.iter("*"), self._table, strict=True)
            return
        shift = 0
        shifts = self._shifts or {}
        for element in root.iter("*"):
            line = _sourceline(element)
            yield element, None if line is None else line + shift
            shift += shifts.get(element.text or "", 0)


_SAME_LINES = Lines()
_NO_NOTES: Mapping[str, tuple[Note, ...]] = MappingProxyType({})


class _FullRoot:
    """Where the full tree is kept once it was asked for, and whether it is light."""

    __slots__ = ("light", "lock", "root")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.root: etree._Element | None = None
        self.light: bool | None = None


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

    full_data: bytes | None = attrs.field(default=attrs.Factory(lambda self: self.data, takes_self=True))
    """``data`` with comments and processing instructions, or ``None`` if these were too large to be kept."""

    notes: Mapping[str, tuple[Note, ...]] = _NO_NOTES
    """Comments and processing instructions inside texts that were cut out, by token; they are not in ``full_data``."""

    note_bytes: int = 0
    """The limit that was met, where ``full_data`` is ``None``."""

    lost: frozenset[str] = frozenset()
    """Tokens of damaged texts that were not kept to the end (stream route, beyond ``limits.skeleton_bytes``)."""

    ahead: Ahead | None = None
    """The digest that was made on the way, where the packet was read while it arrived."""

    _full: _FullRoot = attrs.field(factory=_FullRoot, init=False)

    @property
    def full_root(self) -> etree._Element:
        """Return the tree with comments and processing instructions: ``root`` itself where there are none.

        Signatures are made over this tree. It is made when it is first asked for, and nobody changes it. A text is
        in pieces there (``text``, and ``tail`` of what interrupts it), so values are read from ``root``.

        Raises :class:`ReadError` (``c14n-unavailable``) if libxml2 does not take the name of an instruction,
        :class:`LimitError` (``limit-skeleton-bytes``) if comments and instructions are larger than the limit.
        """
        full = self._full
        with full.lock:
            if full.root is None:
                full.root = self._parse_fully()
            return full.root

    @property
    def is_light(self) -> bool:
        """Return whether any part of :attr:`full_root` is sure to be made canonical soon, by counting only."""
        if self._full.light is None:
            self._full.light = self.full_data is not None and is_light(self.full_data)
        return self._full.light

    def _parse_fully(self) -> etree._Element:
        data = self.full_data
        if data is None:
            raise LimitError("limit-skeleton-bytes", limit=self.note_bytes)
        declaration = _DECLARATION.match(data)
        start = data.find(b"?>", declaration.end()) + 2 if declaration else 0
        # one octet is found much faster than two, and mostly neither is there
        if (b"!" not in data or b"<!--" not in data) and (data.find(b"?", start) < 0 or data.find(b"<?", start) < 0):
            return self.root
        try:
            return parse_copy(data)
        except etree.XMLSyntaxError as error:
            raise ReadError("c14n-unavailable", detail=error.msg) from None

    def content(self, holder: etree._Element) -> Base64Text:
        """Return the base64 text of *holder*, whether it was cut out or stayed in the tree."""
        text = holder.text or ""
        found = self.texts.get(text)
        return Base64Text.inline(text) if found is None else found

    def line(self, element: etree._Element) -> int | None:
        """Return the line of *element*, of either tree, in the source, from one, as far as it is known."""
        return self.lines.of(element.getroottree().getroot(), element)

    def __repr__(self) -> str:
        return f"Skeleton({len(self.data)} octets, {len(self.texts)} texts cut out, {self.route})"


def local_name(tag: object) -> str:
    """Return the local part of an lxml *tag*."""
    return str(tag).rpartition("}")[2]


def weave(segments: Sequence[bytes], beside: Sequence[bytes] = ()) -> tuple[bytes, tuple[str, ...]]:
    """Join *segments* with one token between each two; return the octets and the tokens.

    A token is made of the base64 alphabet, a multiple of four characters long, the same for the same input, and
    found nowhere in the segments, nor in what will stand *beside* them: it is made of their SHA-256, and searched for.
    """
    count = len(segments) - 1
    if not count:
        return segments[0], ()
    hashed = hashlib.sha256()
    parts = (*segments, *beside)
    for part in parts:
        hashed.update(len(part).to_bytes(8, "big"))
        hashed.update(part)
    prefix = f"VNDOC{hashed.hexdigest()[:32]}x"
    while any(prefix.encode() in part for part in parts):
        hashed.update(b"again")
        prefix = f"VNDOC{hashed.hexdigest()[:32]}x"
    width = _DIGITS if count <= 10**_DIGITS else _DIGITS + 4
    tokens = tuple(f"{prefix}{index:0{width}d}" for index in range(count))
    return interleave(segments, tokens), tokens


def interleave(segments: Sequence[bytes], tokens: Sequence[str]) -> bytes:
    """Return *segments* joined with *tokens*, of which there is one fewer."""
    parts: list[bytes] = [segments[0]]
    for token, segment in zip(tokens, segments[1:], strict=True):
        parts += (token.encode(), segment)
    return b"".join(parts)
