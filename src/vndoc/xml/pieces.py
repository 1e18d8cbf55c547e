"""The canonical octets of a packet whose attachment texts were cut out: made piece by piece, in one go with hashing.

The skeleton is canonicalised, and each token in the outcome is replaced by the canonical octets of the text that it
stands for. Such a text is never held in memory as a whole.

Fast route: the octets lie in the source, printable US-ASCII without markup (that was proven when it was read). Their
canonical form is the text itself, but for the ends of lines: XML reads CR LF and CR as LF (XML 1.0, section 2.11).
Stream route: the spool holds the text as a tree would have it, in UTF-8, so that markup characters are escaped, and
CR too, which came from a character reference.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from typing import Protocol

from lxml import etree

from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import ReadError, SourceError
from vndoc.text import Text
from vndoc.xml.base64text import STEP, Base64Text
from vndoc.xml.c14n import Canonical, canonical_octets, path_between
from vndoc.xml.skeleton import HOLDER_TAGS, TOKEN_HEAD, Skeleton

__all__ = ["Hashing", "canonical_pieces", "digest", "filled", "foretold_digest", "in_full", "text_of"]

_MENDED = Text(
    "tiền tố xlink chưa khai báo được bổ sung khi đọc", "the prefix xlink, not declared, was declared in reading"
)
_LOST = Text("nội dung base64 hỏng không được giữ lại", "a damaged base64 text was not kept")
_TWICE = Text(
    "chuỗi thay cho tệp đính kèm xuất hiện ở chỗ khác", "what stands for an attachment is found elsewhere, too"
)
_ESCAPES = ((b"&", b"&amp;"), (b"<", b"&lt;"), (b">", b"&gt;"), (b"\r", b"&#xD;"))


class Hashing(Protocol):
    """A hash that is being made, as :mod:`hashlib` gives it."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Take the next octets."""

    def digest(self) -> bytes:
        """Return the hash of what was taken."""


def canonical_pieces(
    skeleton: Skeleton,
    node: etree._Element,
    algorithm: Canonical,
    *,
    inclusive_prefixes: Sequence[str] = (),
    without: etree._Element | None = None,
    whole_document: bool = False,
) -> Iterator[bytes | memoryview]:
    """Return the octets that :func:`~vndoc.xml.canonicalize` would give for the packet itself, in pieces.

    *node* and *without* are elements of ``skeleton.root`` or ``skeleton.full_root``; it makes no difference which,
    because comments and processing instructions are always taken from the packet. Attachment texts are read where
    they lie while the pieces are taken.

    Raises what :func:`~vndoc.xml.canonicalize` and :attr:`Skeleton.full_root <vndoc.xml.Skeleton.full_root>` raise,
    and :class:`ReadError` (``c14n-unavailable``) where the packet as it was sent has no canonical form (a prefix was
    declared in reading) or a damaged text was not kept. While the pieces are taken: :class:`SourceError`
    (``source-changed``, ``source-unreadable``, ``source-closed``).

    Source: as :func:`~vndoc.xml.canonicalize`.
    """
    parts, tokens = _around(skeleton, node, algorithm, inclusive_prefixes, without, whole_document=whole_document)
    return _chained(skeleton, parts, tokens, comments=algorithm.comments)


def _chained(
    skeleton: Skeleton, parts: list[bytes], tokens: Sequence[str], *, comments: bool
) -> Iterator[bytes | memoryview]:
    texts = [_text(skeleton, token, comments=comments) for token in tokens]
    return itertools.chain((parts[0],), *(itertools.chain(t, (p,)) for t, p in zip(texts, parts[1:], strict=True)))


def filled(skeleton: Skeleton, octets: bytes) -> Iterator[bytes | memoryview]:
    """Return *octets*, a canonical form without comments of the tree and all its tokens, each text in its place.

    That is what :func:`canonical_pieces` makes of the octets that it makes. Raises as it does.
    """
    tokens = list(skeleton.texts)
    return _chained(skeleton, _split(octets, tokens) if tokens else [octets], tokens, comments=False)


def _around(
    skeleton: Skeleton,
    node: etree._Element,
    algorithm: Canonical,
    prefixes: Sequence[str],
    without: etree._Element | None,
    *,
    whole_document: bool,
) -> tuple[list[bytes], list[str]]:
    """Return the canonical octets around the texts that were cut out, and the tokens of these."""
    if "xlink" in skeleton.recovered:
        raise ReadError("c14n-unavailable", detail=_MENDED)
    node = in_full(skeleton, node)
    without = None if without is None else in_full(skeleton, without)
    octets = canonical_octets(
        node, algorithm, prefixes, without, whole_document=whole_document, light=skeleton.is_light
    )
    tokens = _tokens(skeleton, node, without) if skeleton.texts else []
    if not tokens:
        return [octets], tokens
    if not skeleton.lost.isdisjoint(tokens):
        raise ReadError("c14n-unavailable", detail=_LOST)
    return _split(octets, tokens), tokens


def foretold_digest(
    skeleton: Skeleton,
    node: etree._Element,
    algorithm: Canonical,
    name: str,
    *,
    inclusive_prefixes: Sequence[str],
    without: etree._Element | None,
    whole_document: bool,
    octets: bytes | None = None,
) -> tuple[bytes, int] | None:
    """Return the digest *name* of :func:`canonical_pieces` and their length, if it was made while the packet arrived.

    *octets* are the canonical form with all tokens, where it is known. Raises as :func:`canonical_pieces`.
    """
    if skeleton.ahead is None or not whole_document:
        return None
    if octets is None:
        parts, tokens = _around(skeleton, node, algorithm, inclusive_prefixes, without, whole_document=whole_document)
    else:
        tokens = list(skeleton.texts)
        parts = _split(octets, tokens)
    if tokens != list(skeleton.texts):
        return None
    return skeleton.ahead.digest(algorithm, inclusive_prefixes, name, parts)


def digest(
    skeleton: Skeleton,
    node: etree._Element,
    algorithm: Canonical,
    hashing: str | Hashing,
    *,
    inclusive_prefixes: Sequence[str] = (),
    without: etree._Element | None = None,
    whole_document: bool = False,
) -> bytes:
    """Return the hash of :func:`canonical_pieces`; *hashing* is a name of :mod:`hashlib`, or a hash to go on with.

    Raises what :func:`canonical_pieces` raises, and :class:`ValueError` for a name that :mod:`hashlib` does not know.
    """
    found = hashlib.new(hashing) if isinstance(hashing, str) else hashing
    for piece in canonical_pieces(
        skeleton,
        node,
        algorithm,
        inclusive_prefixes=inclusive_prefixes,
        without=without,
        whole_document=whole_document,
    ):
        found.update(piece)
    return found.digest()


def in_full(skeleton: Skeleton, node: etree._Element) -> etree._Element:
    """Return what *node*, of either tree, is in the full tree; refuse an element of any other tree.

    Raises as :attr:`Skeleton.full_root <vndoc.xml.Skeleton.full_root>`, and :class:`~vndoc.errors.UsageError`
    (``option-invalid``).
    """
    full = skeleton.full_root
    if node.getroottree().getroot() is full:
        return node
    for position in path_between(skeleton.root, node) or ():
        full = next(itertools.islice(full.iterchildren("*"), position, None))
    return full


def text_of(skeleton: Skeleton, node: etree._Element) -> str:
    """Return the text of *node* of the full tree and all below it, what was cut out included.

    Comments and processing instructions are no part of it. Raises :class:`ReadError` (``c14n-unavailable``) where a
    damaged text was not kept, and :class:`SourceError` if the source is not what it was.
    """
    cut_out = {holder: text for holder in node.iter(*HOLDER_TAGS) if (text := holder.text) in skeleton.texts}
    if not skeleton.lost.isdisjoint(cut_out.values()):
        raise ReadError("c14n-unavailable", detail=_LOST)
    parts: list[str] = []
    for event, inner in etree.iterwalk(node, events=("start", "end", "comment", "pi")):
        if event == "start":
            token = cut_out.get(inner)
            parts.append((inner.text or "") if token is None else _whole(skeleton.texts[token]))
        elif inner is not node:
            parts.append(inner.tail or "")
    return "".join(parts)


def _whole(text: Base64Text) -> str:
    """Return *text* as a tree would have it, but for the ends of lines."""
    return b"".join(text.raw(0, text.stop - text.start, STEP)).decode("utf-8", "replace")


def _tokens(skeleton: Skeleton, node: etree._Element, without: etree._Element | None) -> list[str]:
    """Return the tokens in *node* but not in *without*, in document order."""
    if without is not None and any(element is without for element in (node, *node.iterancestors())):
        return []
    left_out = set() if without is None else set(without.iter(*HOLDER_TAGS))
    texts = skeleton.texts
    return [holder.text or "" for holder in node.iter(*HOLDER_TAGS) if holder.text in texts and holder not in left_out]


def _split(octets: bytes, tokens: list[str]) -> list[bytes]:
    """Return *octets* in parts, cut where the *tokens* stood.

    Raises :class:`ReadError` (``c14n-unavailable``) if one is found anywhere else: in a text that is written with
    character references, which would have to foretell a part of the SHA-256 of the document that it stands in.
    """
    parts = []
    pos = 0
    for token in tokens:
        sought = b">%b<" % token.encode()
        at = octets.find(sought, pos)
        if at < 0:
            break
        parts.append(octets[pos : at + 1])
        pos = at + len(sought) - 1
    if len(parts) != len(set(tokens)) or octets.count(tokens[0][:TOKEN_HEAD].encode()) != len(tokens):
        raise ReadError("c14n-unavailable", detail=_TWICE)
    return [*parts, octets[pos:]]


def _text(skeleton: Skeleton, token: str, *, comments: bool) -> Iterator[bytes | memoryview]:
    """Yield the canonical octets of the text that *token* stands for."""
    text = skeleton.texts[token]
    if skeleton.route != "stream":
        yield from _lines(text)
        return
    pos = 0
    for note in skeleton.notes.get(token, ()):
        if comments or not note.is_comment:
            yield from _escaped(text, pos, note.at)
            yield note.octets
            pos = note.at
    yield from _escaped(text, pos, text.stop - text.start)


def _lines(text: Base64Text) -> Iterator[bytes | memoryview]:
    """Yield the octets of *text*, which lie in the source as they were sent, with the ends of lines made one LF."""
    source = text.source
    proven = text.damage is None and not text.has_white_space
    if isinstance(source, MemoryOctets) and (proven or source.data.find(b"\r", text.start, text.stop) < 0):
        yield memoryview(source.data)[text.start : text.stop]
        return
    in_memory = isinstance(source, MemoryOctets)
    held = b""
    for piece in text.raw(0, text.stop - text.start, STEP):
        if not in_memory and any(octet in piece for octet in (b"<", b"&", b">")):
            raise SourceError("source-changed", name=repr(source))
        data = held + piece
        held = b""
        if b"\r" in data:
            if data.endswith(b"\r"):
                data, held = data[:-1], b"\r"
            data = _one_line_feed(data)
        yield data
    if held:
        yield b"\n"


def _one_line_feed(data: bytes) -> bytes:
    """Return *data*, whose last octet is no CR, with LF for each CR LF and each single CR.

    Lines of one length, as encoders make them, are recognised by two slices; then the CR need only be left out,
    which is ten times faster than the exact replacement.
    """
    first = data.find(b"\r")
    length = data.find(b"\r", first + 1) - first
    if length > 1:
        ends = data[first::length]
        bare = data.replace(b"\r", b"")
        if len(data) - len(bare) == len(ends) == ends.count(b"\r") == data[first + 1 :: length].count(b"\n"):
            return bare
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _escaped(text: Base64Text, start: int, stop: int) -> Iterator[bytes]:
    """Yield the octets of *text* between two places, which a tree would have like that, escaped."""
    for piece in text.raw(start, stop, STEP):
        data = piece
        for octet, written in _ESCAPES:
            if octet in data:
                data = data.replace(octet, written)
        yield data
