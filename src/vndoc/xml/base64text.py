"""Base64 text of an attachment: proven while it passes, decoded when it is read.

Rules (RFC 4648, section 4, and XML Schema's white space): space, tab, CR and LF are skipped; all else must be
the standard alphabet, with ``=`` only where the last quantum needs it. Unused trailing bits are not looked at.
Offsets in errors count characters from zero, white space left out.
"""

from __future__ import annotations

import binascii
import io
import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from typing import BinaryIO, Final, cast

import attrs
import pybase64

from vndoc.envelope.octets import MemoryOctets, Octets
from vndoc.errors import AttachmentError, SourceError, VndocError

__all__ = ["Base64Text", "Damage", "Proof"]

Damage = tuple[str, int]
"""Error code, and the offset of the first bad character (``base64-truncated``: the number of characters)."""

STEP: Final = 256 * 1024
"""Octets decoded at a time: few calls, and still what fits the processor's cache. A multiple of four."""

_HEAD: Final = 64
"""Octets of a text that are kept to look at."""

_QUANTUM: Final = 4
"""Characters that stand for three octets."""

_SHORTEST_LINE: Final = 4
"""Line ends nearer to each other than this are searched for."""

_NOT_ALPHABET = re.compile(rb"[^A-Za-z0-9+/]")
_HARMLESS = bytes(octet for octet in (9, 10, 13, *range(0x20, 0x7F)) if octet not in b"<>&]")
_decode = pybase64.b64decode


def _without_space(data: bytes) -> bytes:
    """Return *data* without XML white space; the very same object if there is none."""
    return _without_space_but_lines(data.replace(b"\n", b"") if b"\n" in data else data)


def _without_space_but_lines(data: bytes) -> bytes:
    for octet in (b"\r", b" ", b"\t"):
        if octet in data:
            data = data.replace(octet, b"")
    return data


def _searched(raw: memoryview, before: bytes) -> tuple[bytes, int]:
    """Return *before* and *raw* without white space, and the number of line ends in *raw*, wherever they stand."""
    data = bytes(raw)
    lines = data.replace(b"\n", b"") if b"\n" in data else data
    bare = _without_space_but_lines(lines)
    # the difference of lengths is the number of line ends: much cheaper than count()
    return (before + bare if before else bare), len(data) - len(lines)


def _unwrapped(raw: memoryview, before: bytes) -> tuple[bytearray, int] | None:
    """Return the same as :func:`_searched` where all lines of *raw* are equally long, else ``None``.

    Deleting what stands at regular places is three times as fast as searching for it. Other white space stays in the
    text, where it does not decode; there is none behind the last whole quantum.
    """
    text = bytearray(before)
    text += raw
    first = text.find(b"\n")
    step = text.find(b"\n", first + 1) - first
    if first < 0 or step < _SHORTEST_LINE:
        return None
    ends = text[first::step]
    if ends.count(b"\n") != len(ends):
        return None
    del text[first::step]
    returns = slice(first - 1 if first > len(before) else first + step - 2, None, step - 1)
    if text[returns].count(b"\r") == len(text[returns]):
        del text[returns]
    rest = bytes(text[len(text) // 4 * 4 :])
    return (text, len(ends)) if _without_space(rest) is rest else None


class Proof:
    """Watches a base64 text go by and proves, piece by piece, that it decodes.

    ``start`` is the offset of the text in its source. Feed all pieces, then call :meth:`text`.
    """

    __slots__ = (
        "_carry",
        "_chars",
        "_padding",
        "_raws",
        "chars",
        "damage",
        "decoded",
        "head",
        "newlines",
        "octets",
        "start",
        "white",
    )

    def __init__(self, start: int) -> None:
        self.start = start
        self.octets = 0
        """Octets of the text so far."""
        self.chars = 0
        """Characters proven so far, without white space: a multiple of four."""
        self.decoded = 0
        self.newlines = 0
        self.head = b""
        """The first octets of the text."""
        self.white = False
        self.damage: Damage | None = None
        self._carry = b""
        self._padding: int | None = None
        self._raws = array("Q")
        self._chars = array("Q")

    def feed(self, piece: bytes | memoryview) -> bool:
        """Take the next octets of the text.

        Returns whether they may stand in XML text just as they are: damaged text may, if it is printable
        US-ASCII without markup characters.
        """
        view = memoryview(piece)
        pos, end = 0, len(view)
        harmless = True
        if self.octets < _HEAD:
            self.head += view[: _HEAD - self.octets]
        while pos < end and self.damage is None:
            room = STEP if not self._carry else 4 - len(self._carry)
            stop = min(pos + room, end)
            if not self._carry and stop - pos >= 4:
                stop -= (stop - pos) % 4
                self._mark(pos)
                if self._strict(view[pos:stop]):
                    pos = stop
                    continue
            harmless = self._loose(view[pos:stop], pos)
            pos = stop
        self.octets += end
        if pos == end:
            return harmless
        rest = bytes(view[pos:])
        self.newlines += rest.count(b"\n")
        self.white = self.white or len(_without_space(rest)) != len(rest)
        return harmless and not rest.translate(None, _HARMLESS)

    def text(self, source: Octets) -> Base64Text:
        """Return the text as a value, at the end of the pieces; *source* holds its octets."""
        damage = self.damage or self._tail()
        return Base64Text(
            source=source,
            start=self.start,
            stop=self.start + self.octets,
            size=0 if damage else self.decoded,
            damage=damage,
            has_white_space=self.white,
            marks=(self._raws, self._chars) if self.white else None,
            head=self.head,
        )

    @property
    def harmless(self) -> bool:
        """Whether the characters still waiting for the end of their quantum may stand in XML text as they are."""
        return not self._carry.translate(None, _HARMLESS)

    def _mark(self, pos: int) -> None:
        """Note which character stands at *pos* of this piece, once per :data:`STEP`."""
        raw = self.start + self.octets + pos
        if not self._raws or raw >= self._raws[-1] + STEP:
            self._raws.append(raw)
            self._chars.append(self.chars + len(self._carry))

    def _strict(self, chunk: bytes | memoryview) -> bool:
        """Prove *chunk*, whole quanta without white space; ``False`` if it is not that."""
        if self._padding is not None:
            return False
        try:
            found = len(_decode(chunk, validate=True))
        except (binascii.Error, ValueError):
            return False
        self.chars += len(chunk)
        self.decoded += found
        missing = len(chunk) // 4 * 3 - found
        if missing:
            self._padding = self.chars - missing
        return True

    def _loose(self, raw: memoryview, pos: int) -> bool:
        """Prove *raw*, which may have white space; note damage. Returns what :meth:`feed` returns."""
        self._mark(pos)
        if len(raw) < _QUANTUM and self._few(self._carry + raw):
            return True
        size = len(self._carry) + len(raw)
        found: tuple[bytes | bytearray, int] | None = _unwrapped(raw, self._carry)
        if found is None or not self._whole(found[0]):
            found = _searched(raw, self._carry)
            if not self._whole(found[0]):
                padding = self._padding
                self.damage = _locate(found[0], self.chars) if padding is None else ("base64-padding", padding)
        text, newlines = found
        self.white = self.white or len(text) != size
        self.newlines += newlines
        return self.damage is None or not text.translate(None, _HARMLESS)

    def _few(self, text: bytes) -> bool:
        """Prove one quantum at most, of letters and digits alone, as nearly always between two pieces of a text."""
        if self._padding is not None or not text.isalnum():
            return False
        if len(text) < _QUANTUM:
            self._carry = text
        else:
            self._carry = b""
            self.chars += _QUANTUM
            self.decoded += 3
        return True

    def _whole(self, text: bytes | bytearray) -> bool:
        """Prove the whole quanta of *text* and keep the rest for later; ``False`` if there is damage."""
        whole = len(text) - len(text) % 4
        if text and self._padding is not None:
            return False
        if whole and not self._strict(memoryview(text)[:whole]):
            return False
        if whole != len(text) and self._padding is not None:
            return False
        self._carry = bytes(text[whole:])
        return True

    def _tail(self) -> Damage | None:
        """Return the damage of a text that ends here, in the middle of a quantum."""
        if not self._carry:
            return None
        bad = _NOT_ALPHABET.search(self._carry)
        count = self.chars + len(self._carry)
        if bad is None or (bad[0] == b"=" and bad.end() == len(self._carry)):
            return ("base64-truncated", count)
        return _locate(self._carry, self.chars)


def _locate(text: bytes | bytearray, before: int) -> Damage:
    """Return the damage in *text*, which has a bad character; *before* it are that many characters."""
    bad = cast("re.Match[bytes]", _NOT_ALPHABET.search(text))
    code = "base64-padding" if bad[0] == b"=" else "base64-damaged"
    return (code, before + bad.start())


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Base64Text:
    """The decoded view of a base64 text that lies in a source: it can be opened again and again.

    ``start`` and ``stop`` are octet offsets of the text in ``source``; ``size`` is the decoded size in octets,
    zero if the text is damaged.
    """

    source: Octets
    start: int
    stop: int
    size: int
    damage: Damage | None
    has_white_space: bool
    marks: tuple[array[int], array[int]] | None
    """Where to start reading in the middle of a text with white space: offsets in the source, characters before."""

    head: bytes = b""
    """The first octets of the text: what kind of file it is shows in them."""

    @classmethod
    def inline(cls, text: str) -> Base64Text:
        """Return the value for a *text* that stayed in the tree."""
        data = text.encode("utf-8", "replace")
        proof = Proof(0)
        proof.feed(data)
        return proof.text(MemoryOctets(data))

    def open(self) -> BinaryIO:
        """Return a new seekable file of the decoded octets.

        Raises :class:`AttachmentError` if the text is damaged, :class:`SourceError` if the source is gone.
        Reading raises :class:`SourceError` (``source-changed``) if the source is not what it was.
        """
        if self.damage is not None:
            code, number = self.damage
            if code == "base64-truncated":
                raise AttachmentError(code, count=number)
            raise AttachmentError(code, offset=number)
        return cast("BinaryIO", _Reader(self) if self.marks is None else _LooseReader(self))

    def raw(self, start: int, stop: int, step: int) -> Iterator[bytes]:
        """Yield the octets of the text itself between two places, counted from its start, at most *step* at a time.

        Raises :class:`SourceError` (``source-changed``, ``source-unreadable``) if the source is not what it was.
        """
        at, end = self.start + start, self.start + stop
        if isinstance(self.source, MemoryOctets):
            data = self.source.data
            yield from (data[begin : min(begin + step, end)] for begin in range(at, end, step))
            return
        with self.source.open() as file:
            while at < end:
                piece = _read(self.source, file, at, min(at + step, end))
                at += len(piece)
                yield piece

    def peek(self, n: int) -> bytes:
        """Return the first *n* decoded octets, or fewer if there are no more; nothing if the text is damaged."""
        if self.damage is not None or n <= 0:
            return b""
        bare = _without_space(self.head)
        whole = len(bare) // 4 * 4
        if whole // 4 * 3 >= n:
            return _decode(bare[:whole], validate=True)[:n]
        with self.open() as file:
            return file.read(n)

    def __repr__(self) -> str:
        state = f"{self.size} octets" if self.damage is None else self.damage[0]
        return f"Base64Text({state})"


def _read(source: Octets, file: BinaryIO, start: int, stop: int) -> bytes:
    """Return the octets of *file*, opened from *source*, between two offsets."""
    try:
        file.seek(start)
        data = file.read(stop - start)
    except VndocError:
        raise
    except OSError as error:
        detail = error.strerror or type(error).__name__
        raise SourceError("source-unreadable", name=repr(source), detail=detail) from error
    if len(data) != stop - start:
        raise SourceError("source-changed", name=repr(source))
    return data


class _Reader(io.BufferedIOBase):
    """Reads the decoded octets of a text without white space, straight from where its characters lie."""

    def __init__(self, text: Base64Text) -> None:
        self._text = text
        self._pos = 0
        source = text.source
        self._view = memoryview(source.data) if isinstance(source, MemoryOctets) else None
        self._file = None if self._view is not None else source.open()

    def readable(self) -> bool:
        """Return ``True``."""
        return True

    def seekable(self) -> bool:
        """Return ``True``."""
        return True

    def tell(self) -> int:
        """Return the position in decoded octets."""
        self._check()
        return self._pos

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position in decoded octets; beyond the end there is nothing to read."""
        self._check()
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._pos, io.SEEK_END: self._text.size}.get(whence)
        if origin is None:
            raise ValueError(f"invalid whence ({whence}, should be 0, 1 or 2)")
        if origin + offset < 0:
            raise ValueError(f"negative seek position {origin + offset}")
        self._pos = origin + offset
        return self._pos

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next *size* octets, fewer only at the end."""
        self._check()
        left = max(0, self._text.size - self._pos)
        want = left if size is None or size < 0 else min(size, left)
        if not want:
            return b""
        data = self._take(want)
        self._pos += want
        return data

    def read1(self, size: int = -1, /) -> bytes:
        """Return the same as :meth:`read`."""
        return self.read(size)

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        if not self.closed and self._file is not None:
            self._file.close()
        self._view = None
        super().close()

    def _check(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file.")

    def _raw(self, start: int, stop: int) -> bytes | memoryview:
        """Return the octets of the source between two offsets."""
        if self._view is not None:
            return self._view[start:stop]
        return _read(self._text.source, cast("BinaryIO", self._file), start, stop)

    def _changed(self) -> SourceError:
        return SourceError("source-changed", name=repr(self._text.source))

    def _decoded(self, chars: bytes | memoryview) -> bytes:
        try:
            return _decode(chars, validate=True)
        except (binascii.Error, ValueError):
            raise self._changed() from None

    def _take(self, want: int) -> bytes:
        """Return *want* octets from the position on; so many there are."""
        quantum, before = divmod(self._pos, 3)
        start = self._text.start + quantum * 4
        stop = min(self._text.start + -(-(self._pos + want) // 3) * 4, self._text.stop)
        data = self._decoded(self._raw(start, stop))
        return data if len(data) == want else self._exactly(data[before : before + want], want)

    def _exactly(self, data: bytes, want: int) -> bytes:
        if len(data) != want:
            raise self._changed()
        return data


class _LooseReader(_Reader):
    """Reads the decoded octets of a text with white space, block by block."""

    def __init__(self, text: Base64Text) -> None:
        super().__init__(text)
        self._block = b""
        self._at = 0
        self._next = text.start
        self._skip = 0  # characters of a quantum that began before a mark
        self._carry = b""

    def _take(self, want: int) -> bytes:
        parts = []
        pos = self._pos
        while want:
            before = pos - self._at
            if not 0 <= before < len(self._block):
                self._load(pos)
                continue
            part = self._block[before : before + want]
            parts.append(part)
            pos += len(part)
            want -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _load(self, pos: int) -> None:
        """Load the block after the present one, or first go to the mark before *pos* if it is not near."""
        near = self._at + len(self._block)
        if not near <= pos < near + 2 * STEP:
            self._go(pos)
        stop = min(self._next + STEP, self._text.stop)
        if stop == self._next:
            raise self._changed()
        raw = memoryview(self._raw(self._next, stop))
        self._next = stop
        self._at += len(self._block)
        if self._skip or not self._load_regular(raw):
            bare, _ = _searched(raw, b"")
            dropped = min(self._skip, len(bare))
            self._skip -= dropped
            text = self._carry + bare[dropped:]
            whole = len(text) - len(text) % 4
            self._block, self._carry = self._decoded(memoryview(text)[:whole]), text[whole:]

    def _load_regular(self, raw: memoryview) -> bool:
        """Make a block of *raw* if its lines are equally long and it has no other white space."""
        found = _unwrapped(raw, self._carry)
        if found is None:
            return False
        text = found[0]
        whole = len(text) - len(text) % 4
        try:
            self._block = _decode(memoryview(text)[:whole], validate=True)
        except (binascii.Error, ValueError):
            return False
        self._carry = bytes(text[whole:])
        return True

    def _go(self, pos: int) -> None:
        """Stand at the quantum after the last mark whose characters decode to octets up to *pos*."""
        raws, chars = cast("tuple[array[int], array[int]]", self._text.marks)
        index = max(0, bisect_right(chars, pos // 3 * 4) - 1)
        before = chars[index]
        self._next, self._block = raws[index], b""
        self._skip, self._carry = -before % 4, b""
        self._at = -(-before // 4) * 3
