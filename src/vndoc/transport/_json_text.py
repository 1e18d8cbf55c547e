"""JSON answers that hold a packet as one long base64 text: cut out of the stream, decoded and spooled as it comes in.

What is left of the answer, some hundred octets, is read as JSON. An answer of 1.4 GB costs no more memory than one of
1 kB.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import pybase64

from vndoc.errors import PeerFaultError
from vndoc.transport._failures import WORDS
from vndoc.transport.content import Fetched, collect
from vndoc.transport.http import Arriving

_REST: Final = 256 * 1024
"""Octets of the answer without the packet."""
_DEPTH: Final = 32

_NEXT = re.compile(rb'["{}\[\],:]')
_END = re.compile(rb'["\\]')
_WHITE = b" \t\r\n"
_ESCAPES: Final = (
    (rb"\/", b"/"), (rb"\n", b""), (rb"\r", b""), (rb"\t", b""),
    (rb"\u003d", b"="), (rb"\u003D", b"="), (rb"\u002b", b"+"), (rb"\u002B", b"+"),
    (rb"\u002f", b"/"), (rb"\u002F", b"/"),
)  # fmt: skip
"""How writers of JSON escape what base64 is made of, and the line ends that some put into it."""
_LONGEST_ESCAPE: Final = 6


def json_object(text: bytes) -> dict[str, Any] | None:
    """Return the JSON object in *text* (UTF-8, with or without a mark), or None if it is none."""
    try:
        found = json.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


class _Base64:
    """Decodes base64 text piece by piece. Raises :class:`binascii.Error` for text that is none."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._rest = b""
        self._ended = False

    def feed(self, text: bytes) -> None:
        if b"\\" in text:
            for escape, octet in _ESCAPES:
                text = text.replace(escape, octet)
        text = self._rest + text.translate(None, _WHITE)
        whole = len(text) // 4 * 4
        self._rest = text[whole:]
        if self._ended and text:
            raise binascii.Error("more after the end")
        if not whole:
            return
        self._ended = text[whole - 1 : whole] == b"="
        self._write(pybase64.b64decode(text[:whole], validate=True))

    def end(self) -> None:
        if self._rest:
            raise binascii.Error("not whole")


class _Cutter:
    """Reads a JSON text in pieces of any size; the string under *path* goes to *take*, all else is kept in ``rest``."""

    def __init__(self, path: Sequence[str], take: Callable[[bytes], None]) -> None:
        self._path = list(path)
        self._take = take
        self._keys: list[str | None] = []
        self._objects: list[bool] = []
        self._in_key = False
        self._read = self._outside
        self._string = 0  # where in the rest the present string began
        self._ahead = b""
        self.rest = bytearray()
        self.found = 0

    def feed(self, piece: bytes) -> None:
        data = self._ahead + piece
        at = 0
        while at < len(data):
            step = self._read(data, at)
            if step == at:  # an escape that is not whole yet
                break
            at = step
        self._ahead = data[at:]
        if len(self.rest) > _REST or len(self._keys) > _DEPTH:
            raise ValueError("too much beside the packet")

    def end(self) -> None:
        """Take what is left at the end of the text."""
        self.rest += self._ahead

    def _outside(self, data: bytes, at: int) -> int:
        """Take one token outside of strings and what is before it; return how far that was."""
        match = _NEXT.search(data, at)
        stop = len(data) if match is None else match.end()
        self.rest += data[at:stop]
        if match is None:
            return stop
        if match[0] == b'"':
            wanted = not self._in_key and bool(self._objects) and all(self._objects) and self._keys == self._path
            self.found += wanted
            self._read = self._cut if wanted else self._copied
            self._string = len(self.rest) - 1
        else:
            self._structure(match[0])
        return stop

    def _cut(self, data: bytes, at: int) -> int:
        """Hand on the text of the wanted string from *at* on."""
        end = data.find(b'"', at)
        if end >= 0:
            self._take(data[at:end])
            self._read = self._outside
            self.rest += b'"'
            return end + 1
        # an escape that may not be whole yet waits for the next piece
        escape = data.rfind(b"\\", max(at, len(data) - _LONGEST_ESCAPE + 1))
        stop = len(data) if escape < 0 else escape
        self._take(data[at:stop])
        return stop

    def _copied(self, data: bytes, at: int) -> int:
        """Keep the text of another string from *at* on."""
        match = _END.search(data, at)
        if match is None:
            self.rest += data[at:]
            return len(data)
        if match[0] == b"\\":
            stop = match.end() + 1
            if stop > len(data):
                self.rest += data[at : match.start()]
                return match.start()
            self.rest += data[at:stop]
            return stop
        self.rest += data[at : match.end()]
        if self._in_key:
            self._keys[-1] = json.loads(self.rest[self._string :])
            self._in_key = False
        self._read = self._outside
        return match.end()

    def _structure(self, token: bytes) -> None:
        if token in b"{[":
            self._keys.append(None)
            self._objects.append(token == b"{")
            self._in_key = token == b"{"
        elif token in b"}]":
            if not self._keys:
                raise ValueError("closed too often")
            self._keys.pop()
            self._objects.pop()
            self._in_key = False
        elif token == b",":
            self._in_key = bool(self._objects) and self._objects[-1]


def packet_in_json(
    arriving: Arriving, path: Sequence[str], carrier: str, limit: int | None
) -> tuple[Fetched | None, dict[str, Any]]:
    """Return the octets whose base64 text stands under *path* in a JSON answer, and the rest of the answer.

    The first is None where there is no such text; the caller looks at the rest for the reason. Raises
    ``carrier-nonsense`` for what is no JSON or no base64, and as :func:`~vndoc.transport.content.collect`.
    """
    reading = _Reading(arriving, path)
    content = collect(reading.octets(), carrier=carrier, limit=limit)
    if reading.found:
        return content, reading.rest
    content.close()
    return None, reading.rest


class _Reading:
    """One JSON answer on its way in."""

    def __init__(self, arriving: Arriving, path: Sequence[str]) -> None:
        self._arriving = arriving
        self._decoded: list[bytes] = []
        self._decoder = _Base64(self._decoded.append)
        self._cutter = _Cutter(path, self._decoder.feed)
        self.rest: dict[str, Any] = {}

    @property
    def found(self) -> bool:
        return self._cutter.found == 1

    def octets(self) -> Iterator[bytes]:
        """Yield the decoded octets; at the end ``rest`` is there."""
        start = b""
        for piece in self._arriving.pieces():
            start = start or piece.lstrip(_WHITE)[:1]
            if start and start not in b"{\xef":
                raise self._no_json(start)
            self._take(piece, start)
            yield from self._decoded
            self._decoded.clear()
        self._cutter.end()
        rest = json_object(bytes(self._cutter.rest))
        if rest is None or self._cutter.found > 1:
            raise self._no_json(start)
        try:
            self._decoder.end()
        except binascii.Error:
            raise self._arriving.nonsense(WORDS["base64"]) from None
        self.rest = rest

    def _take(self, piece: bytes, start: bytes) -> None:
        try:
            self._cutter.feed(piece)
        except binascii.Error:
            raise self._arriving.nonsense(WORDS["base64"]) from None
        except (ValueError, RecursionError):
            raise self._no_json(start) from None

    def _no_json(self, start: bytes) -> PeerFaultError:
        arriving = self._arriving
        return no_json(arriving.nonsense, arriving.status, arriving.headers.get("content-type", ""), start)


def no_json(
    nonsense: Callable[[object], PeerFaultError], status: int, content_type: str, start: bytes
) -> PeerFaultError:
    """Return the error for an answer that is no JSON object; *start* is how it begins."""
    kind = content_type.partition(";")[0].strip().lower()[:60] or "-"
    if start.lstrip()[:1] == b"<" and "xml" not in kind.replace("xhtml", ""):
        return nonsense(WORDS["html"].filled(status=status))
    return nonsense(WORDS["json"].filled(type=kind, status=status))


def text_of(row: dict[str, Any], *names: str) -> str | None:
    """Return the text under the first of *names* that holds text or a whole number, whatever its case; else None."""
    for name in names:
        value = row[name] if name in row else _in_any_case(row, name.lower())
        if isinstance(value, str) and value.strip() and value.strip().lower() != "null":
            return value.strip()
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return None


def _in_any_case(row: dict[str, Any], name: str) -> Any:
    return next((value for key, value in row.items() if key.lower() == name), None)


def rows_of(answer: dict[str, Any], name: str = "data") -> Iterator[dict[str, Any] | None]:
    """Yield the objects of the list under *name*; None for a row that is no object. A missing list has no rows."""
    found = answer.get(name)
    for row in found if isinstance(found, list) else ():
        yield row if isinstance(row, dict) else None
