"""The fast route: attachment text is found in the octets and cut out before anything is parsed.

The octets are searched for the start tags of holder elements; the text after one is skipped with ``find(b"<")``
and proven to be base64 on the way (or at least printable text without markup). Tokens take the place of the long
texts, libxml2 parses what is left, and the tree has to show that each token is the whole text of one holder
element, in order. The tree is then the one that the whole document would have given, because such text can
neither hide markup nor be ill-formed.

Here nothing is refused: on any doubt the answer is ``None`` and the stream route decides, so that errors come
from one engine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from lxml import etree

from vndoc.envelope.octets import MemoryOctets, Octets
from vndoc.limits import Limits
from vndoc.xml.ahead import Ahead
from vndoc.xml.base64text import STEP, Base64Text, Proof
from vndoc.xml.parser import parse_quietly
from vndoc.xml.skeleton import HOLDER_PARENT, HOLDER_TAGS, Lines, Skeleton, Span, local_name, weave

__all__ = ["READ", "XLINK", "Arrival", "elide", "largest_skeleton"]

READ: Final = STEP
"""Octets read from a file at a time."""

XLINK: Final = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
"""The declaration that vendors forget."""

_GROWTH = 6
"""The stream route's skeleton may be this much longer than the source: ``&quot;`` for one quotation mark."""

_NOTHING: MappingProxyType[str, Base64Text] = MappingProxyType({})
_HOLDER = re.compile(rb"Content(?:TransferEncoded)?(?=[ \t\r\n/>])")
_SLASH = ord("/")
_PARENT = re.compile(rb"[<:]Attachment[ \t\r\n>]")
_PREFIX = re.compile(rb"(?:[^\x00-\x20<>=\"'/!?&:]+:)?")
_PREFIX_ROOM = 256
_TAG_REST = re.compile(rb"(?:[^<>\"']|\"[^<\"]*\"|'[^<']*')*+>")
_ROOT = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t\r\n]++|<!--.*?-->|<\?.*?\?>)*+<[^\x00-\x20<>=\"'/!?&]+", re.DOTALL)


def largest_skeleton(limits: Limits) -> int:
    """Return the octets that a skeleton may have here: below that, no limit can be exceeded on the other route."""
    return min(limits.token_bytes, limits.skeleton_bytes // _GROWTH)


def elide(source: Octets, limits: Limits, *, skip: int = 0, declare: bool = False, read: int = READ) -> Skeleton | None:
    """Take *source* apart, or return ``None`` if there is any doubt.

    *skip* octets at the start are left out; with *declare* the prefix ``xlink`` is declared on the root.
    *read* octets are read at a time, unless the source lies in memory.
    """
    if isinstance(source, MemoryOctets) and len(source.data) <= limits.inline_text and not skip and not declare:
        return _plain(source.data, limits)
    cutter = _Cutter(limits, skip)
    if isinstance(source, MemoryOctets):
        if not cutter.feed(source.data, last=True, start=skip):
            return None
    else:
        with source.open() as file:
            file.seek(skip)
            while chunk := file.read(read):
                if not cutter.feed(chunk, last=False):
                    return None
        if not cutter.feed(b"", last=True):
            return None
    return _assemble(source, cutter, limits, declare=declare)


class Arrival:
    """The same for octets that come piece by piece and are kept by somebody else; *ahead* hashes them on the way."""

    def __init__(self, limits: Limits, ahead: Ahead | None = None) -> None:
        self._cutter = _Cutter(limits, 0, ahead)
        self._limits = limits
        self._ahead = ahead
        self._sound = True

    def feed(self, piece: bytes) -> None:
        """Take the next octets."""
        self._sound = self._sound and self._cutter.feed(piece, last=False)

    def skeleton(self, source: Octets) -> Skeleton | None:
        """Return the skeleton of what came, which lies in *source*, or ``None`` if there is any doubt."""
        if not self._sound or not self._cutter.feed(b"", last=True):
            return None
        return _assemble(source, self._cutter, self._limits, ahead=self._ahead)


def _parse(data: bytes, limits: Limits) -> etree._Element | None:
    if len(data) > largest_skeleton(limits):
        return None
    return parse_quietly(data, limits)


def _plain(data: bytes, limits: Limits) -> Skeleton | None:
    """Return the skeleton of a packet from which nothing had to be cut out."""
    root = _parse(data, limits)
    return None if root is None else Skeleton(root=root, data=data, texts=_NOTHING, spans=(), route="plain")


def _assemble(
    source: Octets, cutter: _Cutter, limits: Limits, *, declare: bool = False, ahead: Ahead | None = None
) -> Skeleton | None:
    """Put tokens where text was cut out, parse, and prove the outcome."""
    segments = [b"".join(parts) if len(parts) != 1 else parts[0] for parts in cutter.segments]
    if declare:
        root_tag = _ROOT.match(segments[0])
        if root_tag is None:
            return None
        segments[0] = b"%b %b%b" % (root_tag[0], XLINK.encode(), segments[0][root_tag.end() :])
    data, tokens = weave(segments)
    root = _parse(data, limits)
    if root is None or not _proven(root, tokens, limits.inline_text):
        return None
    runs = cutter.runs
    texts: dict[str, Base64Text] = {token: run.text(source) for token, run in zip(tokens, runs, strict=True)}
    return Skeleton(
        root=root,
        data=data,
        texts=MappingProxyType(texts),
        spans=tuple(Span(token, text.start, text.stop) for token, text in texts.items()),
        route="elided" if tokens else "plain",
        ahead=ahead if tokens else None,
        lines=Lines(shifts={token: run.newlines for token, run in zip(tokens, runs, strict=True) if run.newlines}),
    )


def _proven(root: etree._Element, tokens: Sequence[str], inline: int) -> bool:
    """Return whether each of *tokens*, in order, is the whole text of a holder element, and no long text was missed.

    That a token stands nowhere else follows from :func:`weave`: the segments do not contain it.
    """
    expected = iter(tokens)
    wanted = next(expected, None)
    for holder in root.iter(*HOLDER_TAGS):
        text = holder.text
        if text is None or (text != wanted and len(text) <= inline):
            continue
        parent = holder.getparent()
        sound = not len(holder) and parent is not None and local_name(parent.tag) == HOLDER_PARENT
        if text == wanted and sound:
            wanted = next(expected, None)
        elif text == wanted or sound:
            return False
    return wanted is None


class _Cutter:
    """Separates the octets of a packet into segments of the skeleton and the texts between them."""

    def __init__(self, limits: Limits, base: int, ahead: Ahead | None = None) -> None:
        self.segments: list[list[bytes]] = [[]]
        self.runs: list[Proof] = []
        self._inline = limits.inline_text
        self._room = largest_skeleton(limits)
        self._base = base
        self._pending = b""
        self._run: Proof | None = None
        self._in_attachments = False
        self._ahead = ahead

    def feed(self, chunk: bytes, *, last: bool, start: int = 0) -> bool:
        """Take the next octets (from *start*, which counts from the source's beginning); ``False`` means doubt."""
        data = self._pending + chunk if self._pending else chunk
        base = self._base - start
        pos = start
        while True:
            if self._run is not None:
                stop = data.find(b"<", pos, pos + STEP)  # what was searched is still in the processor's cache
                end = min(len(data), pos + STEP) if stop < 0 else stop
                if not self._run.feed(memoryview(data)[pos:end]):
                    return False
                if self._ahead is not None:
                    self._ahead.take(data, pos, end, white=self._run.white)
                pos = end
                if stop < 0 and end < len(data):
                    continue
                if stop < 0:
                    break
                if not self._run.harmless:
                    return False
                self.runs.append(self._run)
                self.segments.append([])
                self._run = None
            begin, keep = self._find(data, pos, last)
            if begin < 0:
                return self._emit(data[pos:keep]) and self._wait(data[keep:], base + keep)
            if not self._emit(data[pos:begin]):
                return False
            self._run = Proof(base + begin)
            if self._ahead is not None:
                self._ahead.begin(self.segments)
            pos = begin
        return not last and self._wait(b"", base + pos)

    def _emit(self, part: bytes) -> bool:
        """Add *part* to the skeleton, if it still fits."""
        self._room -= len(part)
        self.segments[-1].append(part)
        return self._room >= 0

    def _wait(self, rest: bytes, base: int) -> bool:
        """Keep *rest* until more octets come."""
        self._pending = rest
        self._base = base
        return len(rest) <= self._room

    def _find(self, data: bytes, pos: int, last: bool) -> tuple[int, int]:
        """Find the next text long enough to cut out: its offset or -1, and how far all is known to be skeleton."""
        at = pos
        stop = pos + self._room + _PREFIX_ROOM  # beyond that, it does not fit anyway
        while found := _HOLDER.search(data, at, stop):
            at = found.end()
            tag = data.rfind(b"<", max(pos, found.start() - _PREFIX_ROOM), found.start())
            if tag < 0 or _PREFIX.fullmatch(data, tag + 1, found.start()) is None:
                continue
            rest = _TAG_REST.match(data, at, stop)
            if rest is None:
                if not last and data.find(b"<", at) < 0:
                    return -1, tag
                continue
            begin = rest.end()
            end = data.find(b"<", begin, begin + self._inline + 1)
            at = begin
            if data[begin - 2] == _SLASH or end >= 0:
                continue
            if end < 0 and len(data) - begin <= self._inline:
                return -1, len(data) if last else tag
            if found[0] != b"Content" or self._attachment_seen(data, pos, tag):
                return begin, begin
        keep = -1 if last else data.rfind(b"<", pos)
        return -1, len(data) if keep < 0 else keep

    def _attachment_seen(self, data: bytes, pos: int, tag: int) -> bool:
        """Return whether a holder's parent was opened before *tag*: the header before it has a Content, too."""
        if not self._in_attachments:
            earlier = (part for parts in self.segments for part in parts)
            self._in_attachments = any(map(_PARENT.search, earlier)) or _PARENT.search(data, pos, tag) is not None
        return self._in_attachments
