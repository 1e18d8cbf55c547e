"""The elements around the content of a CMS signature, passed one by one: in memory, or from a source that is read once.

Lengths may be indefinite, and the content in pieces; it is passed, never kept.
"""

from __future__ import annotations

from array import array
from typing import BinaryIO, Final

from vndoc.envelope.octets import CHUNK
from vndoc.errors import SignatureError
from vndoc.pki import der
from vndoc.signature._cms_content import malformed

STRING: Final = der.OCTET_STRING
PIECES: Final = der.OCTET_STRING | 0x20
DEPTH: Final = 16


class Memory:
    """Octets in memory, passed once."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.pos = 0

    def peek(self, size: int) -> bytes:
        return self.data[self.pos : self.pos + size]

    def skip(self, size: int) -> None:
        self.pos += size
        if self.pos > len(self.data):
            raise malformed(f"{len(self.data)} B")

    def rest(self, _most: int) -> tuple[bytes, int]:
        """Return octets and the offset in them of what was not passed yet."""
        return self.data, self.pos


class Stream:
    """The octets of a source, passed once without keeping them."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.pos = 0
        self.held = b""

    def peek(self, size: int) -> bytes:
        while len(self.held) < size and (more := self.file.read(max(4096, size))):
            self.held += more
        return self.held[:size]

    def skip(self, size: int) -> None:
        self.pos += size
        used = min(size, len(self.held))
        self.held = self.held[used:]
        size -= used
        while size:
            piece = self.file.read(min(size, CHUNK))
            if not piece:
                raise malformed(f"{self.pos - size} B")
            size -= len(piece)

    def rest(self, most: int) -> tuple[bytes, int]:
        pieces, size = [self.held], len(self.held)
        while size <= most and (piece := self.file.read(CHUNK)):
            pieces.append(piece)
            size += len(piece)
        return b"".join(pieces), 0


class Walk:
    """The elements around and before the content, entered one by one; lengths may be indefinite."""

    def __init__(self, source: Memory | Stream) -> None:
        self.source = source
        self.ends: list[int | None] = []
        self.bounds: list[int | None] = [None]  # the nearest definite end around each level

    def header(self) -> tuple[int, int, int | None]:
        """Return tag, size of the header and length (``None``: indefinite) of the element that begins here."""
        head = self.source.peek(10)
        if len(head) < 2 or head[0] & 0x1F == 0x1F or not head[0]:
            raise malformed(f"@{self.source.pos}")
        size, length = 2, head[1]
        if length == 0x80:
            if not head[0] & 0x20:
                raise malformed(f"@{self.source.pos}")
            return head[0], 2, None
        if length > 0x80:
            size += length & 0x7F
            if size > 10 or len(head) < size:
                raise malformed(f"@{self.source.pos}")
            length = int.from_bytes(head[2:size], "big")
        bound = self.bounds[-1]
        if bound is not None and self.source.pos + size + length > bound:
            raise malformed(f"@{self.source.pos}")
        return head[0], size, length

    def enter(self, tag: int) -> None:
        found, size, length = self.header()
        if found != tag:
            raise malformed(f"@{self.source.pos}")
        self.source.skip(size)
        self._push(length)

    def _push(self, length: int | None) -> None:
        end = None if length is None else self.source.pos + length
        self.ends.append(end)
        self.bounds.append(self.bounds[-1] if end is None else end)

    def at_end(self) -> bool:
        end = self.ends[-1]
        return self.source.peek(2) == b"\0\0" if end is None else self.source.pos >= end

    def leave(self) -> None:
        if not self.at_end():
            raise malformed(f"@{self.source.pos}")
        self.bounds.pop()
        if self.ends.pop() is None:
            self.source.skip(2)

    def whole(self, most: int = 4096) -> der.Element:
        """Return a small element as it stands here, and pass it."""
        _, size, length = self.header()
        wanted = most if length is None else size + length
        element = der.read(self.source.peek(min(wanted, most)), ber=True)
        bound = self.bounds[-1]
        if bound is not None and self.source.pos + element.stop > bound:
            raise malformed(f"@{self.source.pos}")
        self.source.skip(element.stop)
        return element

    def pieces(self, most: int) -> array[int]:
        """Pass the content and return where its pieces lie: offset and length by turns.

        The content of an OCTET STRING is its value; that of anything else (PKCS #7) is its content octets.
        """
        found = array("Q")
        tag, size, length = self.header()
        if tag != PIECES:
            if length is None:
                raise malformed(f"@{self.source.pos}")
            found.extend((self.source.pos + size, length))
            self.source.skip(size + length)
            return found
        base = len(self.ends)
        self.enter(PIECES)
        while len(self.ends) > base:
            if self.at_end():
                self.leave()
                continue
            tag, size, length = self.header()
            if tag == PIECES and len(self.ends) - base < DEPTH:
                self.source.skip(size)
                self._push(length)
            elif tag == STRING and length is not None:
                if len(found) >= 2 * most:
                    raise SignatureError("cms-too-large", what="OCTET STRING", limit=most)
                found.extend((self.source.pos + size, length))
                self.source.skip(size + length)
            else:
                raise malformed(f"@{self.source.pos}")
        return found
