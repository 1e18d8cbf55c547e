"""What the contract suites stand on: a setting with three agencies, and what a test does with it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, Final, Protocol

import attrs

from vndoc.envelope.octets import MemoryOctets, Octets, sha256
from vndoc.errors import OwnFaultError, SourceError
from vndoc.transport.base import Item, Kind, Outgoing, Transport

MIB: Final = 1024 * 1024

STRANGE: Final = (
    "",
    ".",
    "../../etc/passwd",
    "/",
    "a" * 5000,
    "a\x00b",
    "a\r\nX: y",
    "tiếng-Việt",
    "\udcff",
    '"',
    "%s{}",
)
"""Texts that stand for nothing, where an id or a code is wanted."""


def _nothing() -> None: ...


@attrs.frozen(kw_only=True)
class Setting:
    """One axis, made for one test: three agencies that are three systems.

    ``connect`` returns a new carrier for the system of an agency; it is called again for a second one to the same
    system. ``unknown`` is a code that nobody has, ``closed`` an agency to which nothing is delivered, ``secrets`` are
    the texts that must stand nowhere. ``close`` ends the axis.
    """

    agencies: tuple[str, str, str]
    connect: Callable[[str], Transport]
    unknown: str | None
    closed: str | None = None
    secrets: tuple[str, ...] = attrs.field(default=(), repr=False)
    close: Callable[[], None] = _nothing


@attrs.frozen
class PatternOctets:
    """*size* octets that are made while they are read, so that a big packet needs no disk."""

    size: int

    def open(self) -> BinaryIO:
        """Return a new binary file at the start of the octets."""
        return io.BufferedReader(_PatternFile(self.size), 64 * 1024)


class _PatternFile(io.RawIOBase):
    _BLOCK: Final = bytes(i * 7 % 251 for i in range(64 * 1024 - 1))  # no divisor of any buffer's size

    def __init__(self, size: int) -> None:
        self._left = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        count = min(len(buffer), self._left, len(self._BLOCK) - self._at)
        buffer[:count] = self._BLOCK[self._at : self._at + count]
        self._at = (self._at + count) % len(self._BLOCK)
        self._left -= count
        return count


@attrs.frozen
class Unreadable:
    """Octets that cannot be read."""

    size: int = 10

    def open(self) -> BinaryIO:
        raise SourceError("source-unreadable", name="x", detail="y")


def require(condition: object, otherwise: str) -> None:
    """Fail the test, with the text *otherwise*, unless *condition* holds."""
    if not condition:
        raise AssertionError(otherwise)


@contextlib.contextmanager
def own_fault(*codes: str) -> Iterator[None]:
    """Require that what is done within is refused as this system's own fault, with one of *codes* (none: any)."""
    try:
        yield
    except OwnFaultError as error:
        require(not codes or error.code in codes, f"refused as {error.code}, not as {' or '.join(codes)}")
    else:
        raise AssertionError(f"not refused with {' or '.join(codes) or 'any code'}")


class Hooks(Protocol):
    """What a contract suite lets its subclasses say about the packets of their axis."""

    patience: float

    def content(self, number: int, kind: Kind, sender: str, recipients: Sequence[str]) -> bytes: ...

    def same(self, sent: Octets, got: Octets) -> bool: ...


@attrs.define(kw_only=True)
class Bench:
    """A setting in use: the three carriers, and what the tests do with them."""

    hooks: Hooks
    setting: Setting
    stack: contextlib.ExitStack
    count: int = 0

    def connect(self, code: str) -> Transport:
        """Return a new carrier for the system of the agency *code*, closed when the test ends."""
        return self.stack.enter_context(contextlib.closing(self.setting.connect(code)))

    def outgoing(
        self, recipients: Sequence[str], kind: Kind = Kind.DOCUMENT, content: Octets | None = None
    ) -> Outgoing:
        """Return a new packet of the first agency."""
        self.count += 1
        sender = self.setting.agencies[0]
        if content is None:
            content = MemoryOctets(self.hooks.content(self.count, kind, sender, recipients))
        return Outgoing(
            message_id=f"tin-{self.count:05d}", kind=kind, sender=sender, content=content, sha256=sha256(content)
        )

    def listed(self, carrier: Transport, kind: Kind = Kind.DOCUMENT, *, least: int = 0) -> list[Item]:
        """Return what waits, asking again while there are fewer than *least*, as long as the contract's patience."""
        deadline = time.monotonic() + self.hooks.patience
        while True:
            found = list(carrier.pending(kind))
            if len(found) >= least or time.monotonic() > deadline:
                require(len(found) >= least, f"{len(found)} items wait, not {least}")
                require(len({item.id for item in found}) == len(found), "an item stands twice in one list")
                require(all(item.kind is kind for item in found), "an item of the other kind")
                return found
            time.sleep(0.02)

    def one(self, carrier: Transport, kind: Kind = Kind.DOCUMENT) -> Item:
        """Return the only item that waits."""
        found = self.listed(carrier, kind, least=1)
        require(len(found) == 1, f"{len(found)} items wait, not one")
        return found[0]

    def check(self, carrier: Transport, item: Item, sent: Outgoing) -> None:
        """Require that what *item* brings is what was *sent*."""
        with carrier.fetch(item) as content:
            with content.open() as file:
                digest = hashlib.sha256(file.read())
            require(content.sha256 == digest.digest(), "the digest is not that of the octets")
            require(self.hooks.same(sent.content, content), "what came is not what was sent")


@contextlib.contextmanager
def logs() -> Iterator[list[str]]:
    """Yield a list that takes up everything that is logged meanwhile."""
    told: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(f"{self.format(record)} {record.__dict__}")

    handler, root = Handler(logging.DEBUG), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield told
    finally:
        root.setLevel(before)
        root.removeHandler(handler)
