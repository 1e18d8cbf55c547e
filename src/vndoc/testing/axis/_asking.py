"""One call on its way through the simulator: what was asked, what is answered, and the octets of both."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import attrs

from vndoc.envelope.octets import CHUNK, Octets
from vndoc.testing.axis.faults import Fault, FaultKind
from vndoc.text import Text

__all__ = [
    "AXIS_FAULT",
    "FILE_FAULT",
    "JSON_BYTES",
    "KNOWN",
    "NOT_EDXML",
    "NUMBERS",
    "STATE_WORDS",
    "Answer",
    "Ask",
    "Body",
    "Face",
    "Intake",
    "Route",
    "as_json",
    "base64_of",
    "octets_of",
    "rows_of",
    "streamed_json",
]

JSON_BYTES: Final = 1024 * 1024
"""Largest body of a call that carries parameters, not a packet."""

_BATCH: Final = 64 * 1024

NUMBERS: Final[Mapping[str, int]] = {
    "carrier-refused": 10,
    "carrier-credentials": 15,
    "carrier-unknown-recipient": 18,
    "carrier-unknown-sender": 19,
    "carrier-too-big": 21,
    "carrier-recipient-closed": 23,
    "carrier-item-unknown": 24,
}
"""Our code -> the axis' number. Source: practice (LGSP Lạng Sơn); 24 is ours, for what no list has."""

KNOWN, AXIS_FAULT, FILE_FAULT, NOT_EDXML = 11, 20, 21, 22
"""Numbers for what no error of a carrier says: known already (ours), a fault of the axis, a bad file, no edXML."""


@attrs.define(eq=False)
class Body:
    """The octets of a request, on disk in *path* or in memory, with the digests of the whole and without CR LF."""

    size: int
    sha256: bytes
    sha256_bare: bytes | None
    data: bytes = attrs.field(default=b"", repr=False)
    path: Path | None = None
    kept: bool = False
    """Whether the file became a part of the axis; else it is removed with the call."""


class Intake:
    """Takes a body in, piece by piece, into a file or into memory."""

    def __init__(self, path: Path | None) -> None:
        self.size = 0
        self._path = path
        self._file = None if path is None else path.open("wb")
        self._pieces: list[bytes] = []
        self._hash = hashlib.sha256()
        self._tail = b""

    def write(self, piece: bytes) -> None:
        """Take *piece* in."""
        self.size += len(piece)
        if self._file is None:
            self._pieces.append(piece)
        else:
            self._file.write(piece)
        held = self._tail + piece
        self._tail = held[-2:]
        self._hash.update(held[:-2])

    def finish(self) -> Body:
        """Return the body, complete."""
        self.close()
        bare = self._hash.digest() if self._tail == b"\r\n" else None
        self._hash.update(self._tail)
        return Body(self.size, self._hash.digest(), bare, b"".join(self._pieces), self._path)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


@attrs.define(eq=False)
class Ask:
    """One call. ``headers`` are lower case, each with all its values; ``at`` is the axis' time for it."""

    operation: str
    headers: Mapping[str, list[str]] = attrs.field(repr=False)
    query: Mapping[str, str]
    body: Body
    at: datetime.datetime
    due: Mapping[FaultKind, list[Fault]]

    def header(self, name: str) -> str | None:
        """Return the first value of a header."""
        return next(iter(self.headers.get(name.lower(), ())), None)

    def has(self, kind: FaultKind) -> bool:
        """Return whether a fault of *kind* is due."""
        return kind in self.due

    def json(self) -> Any:
        """Return the body as JSON; None where it is empty or none."""
        try:
            return json.loads(self.body.data)
        except (ValueError, RecursionError):
            return None


@attrs.frozen
class Answer:
    """What goes back: ``pieces`` gives the body, once; ``size`` is None where it is not known before."""

    pieces: Callable[[], Iterable[bytes]] = attrs.field(repr=False)
    size: int | None = None
    status: int = 200
    media_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


@attrs.frozen
class Route:
    """One operation of a face: where it is found, its name, what it means, whether its body is a file."""

    method: str
    path: str
    operation: str
    meaning: str
    handle: Callable[[Ask], Answer]
    takes_file: bool = False


class Face(Protocol):
    """One protocol that the simulated axis speaks."""

    name: str

    def routes(self) -> Iterator[Route]:
        """Yield its operations."""
        ...

    def claims(self, headers: Mapping[str, list[str]]) -> tuple[str | None, str | None]:
        """Return system and agency as a request gives them, unverified."""
        ...

    def failure(self, number: int, text: Text, *, unauthorised: bool = False) -> Answer:
        """Return the answer that says why it failed."""
        ...


def as_json(value: object, *, status: int = 200) -> Answer:
    """Return *value* as a JSON answer."""
    data = dump(value).encode()
    return Answer(lambda: [data], len(data), status)


def dump(value: object) -> str:
    """Return compact JSON; lone surrogates and control characters are escaped."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def streamed_json(
    head: Mapping[str, object], name: str, pieces: Callable[[], Iterable[bytes]], size: int | None
) -> Answer:
    """Return a JSON object with the members *head* and, last, *name*, whose value comes in *pieces*."""
    opening = f"{dump(head)[:-1]}{',' if head else ''}{dump(name)}:".encode()

    def all_pieces() -> Iterator[bytes]:
        yield opening
        yield from pieces()
        yield b"}"

    return Answer(all_pieces, None if size is None else len(opening) + size + 1)


def rows_of(rows: Iterable[object]) -> Iterator[bytes]:
    """Yield a JSON list of *rows* in pieces of some 64 KiB."""
    held, length, comma = ["["], 1, ""
    for row in rows:
        text = comma + dump(row)
        comma = ","
        held.append(text)
        length += len(text)
        if length >= _BATCH:
            yield "".join(held).encode()
            held, length = [], 0
    yield "".join([*held, "]"]).encode()


def octets_of(content: Octets, *, corrupt: bool) -> Iterator[bytes]:
    """Yield *content* in pieces; *corrupt*: the octet in the middle is another one."""
    place = content.size // 2
    done = 0
    with content.open() as file:
        while piece := file.read(CHUNK):
            if corrupt and done <= place < done + len(piece):
                at = place - done
                piece = piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1 :]
            done += len(piece)
            yield piece


def base64_of(content: Octets, *, corrupt: bool) -> tuple[Callable[[], Iterator[bytes]], int]:
    """Return what gives *content* as a JSON text of base64, and the length of that."""

    def pieces() -> Iterator[bytes]:
        yield b'"'
        for piece in octets_of(content, corrupt=corrupt):  # CHUNK is a multiple of three
            yield base64.b64encode(piece)
        yield b'"'

    return pieces, (content.size + 2) // 3 * 4 + 2


STATE_WORDS: Final[Mapping[str, Text]] = {
    "initial": Text("Chờ nhận", "Waiting"),
    "processing": Text("Đang xử lý", "In progress"),
    "done": Text("Đã nhận", "Received"),
    "fail": Text("Lỗi, chờ nhận lại", "Failed, offered again"),
}
"""State of a copy -> what people read."""
