"""The content of a CMS signature: where its pieces lie, read one after the other, digested in one pass."""

from __future__ import annotations

import io
from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, cast

import attrs

from vndoc.envelope.octets import CHUNK, MemoryOctets, Octets
from vndoc.errors import SignatureError, SourceError, UsageError
from vndoc.pki.algorithms import DIGESTS, hasher


def malformed(detail: str) -> SignatureError:
    """Return the error of what is no SignedData."""
    return SignatureError("cms-malformed", detail=detail)


class _Pieces(io.RawIOBase):
    """Parts of a run of octets, read one after the other."""

    def __init__(self, octets: ContentOctets) -> None:
        super().__init__()
        self._pieces = octets.pieces()
        self._held = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        target = memoryview(buffer).cast("B")
        while not self._held:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._held = memoryview(piece)
        size = min(len(target), len(self._held))
        target[:size] = self._held[:size]
        self._held = self._held[size:]
        return size


@attrs.frozen(repr=False, eq=False)
class ContentOctets:
    """The content in a CMS signature: ``ranges`` holds offset and length of each piece in ``source``."""

    source: bytes | Octets
    ranges: array[int]

    @property
    def size(self) -> int:
        """Return the number of octets."""
        return sum(self.ranges[1::2])

    def open(self) -> BinaryIO:
        """Return a new binary file over the content."""
        return cast("BinaryIO", io.BufferedReader(_Pieces(self), CHUNK))

    def pieces(self) -> Iterator[bytes | memoryview]:
        """Yield the content in pieces; those of a source are at most :data:`CHUNK` long."""
        parts = zip(self.ranges[::2], self.ranges[1::2], strict=True)
        if isinstance(self.source, bytes):
            view = memoryview(self.source)
            for start, size in parts:
                yield view[start : start + size]
            return
        with self.source.open() as file:
            pos = 0
            for start, size in parts:
                _pass(file, start - pos)
                pos = start + size
                yield from _pass_through(file, size)

    def __repr__(self) -> str:
        return f"ContentOctets({self.size} octets)"


def _pass(file: BinaryIO, size: int) -> None:
    for _ in _pass_through(file, size):
        pass


def _pass_through(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size:
        piece = file.read(min(size, CHUNK))
        if not piece:
            raise malformed("content")  # the source has changed since it was taken apart
        size -= len(piece)
        yield piece


def given(data: bytes | Octets) -> Octets:
    """Return what a caller gave as octets; :class:`UsageError` ``source-type`` for anything else."""
    if isinstance(data, (bytes, bytearray, memoryview)):
        return MemoryOctets(bytes(data))
    if hasattr(data, "__fspath__") or not callable(getattr(data, "open", None)):
        raise UsageError("source-type", found=type(data).__name__)
    return data


def unreadable(source: object, error: OSError) -> SourceError:
    """Return the error for a source that cannot be read."""
    return SourceError("source-unreadable", name=repr(source), detail=error.strerror or type(error).__name__)


def pieces_of(octets: Octets) -> Iterator[bytes | memoryview]:
    """Yield *octets* in pieces; what is in memory is not copied.

    Raises :class:`~vndoc.errors.SourceError` ``source-unreadable`` where reading fails.
    """
    if isinstance(octets, MemoryOctets):
        yield octets.data
        return
    try:
        if isinstance(octets, ContentOctets):
            yield from octets.pieces()
            return
        with octets.open() as file:
            while piece := file.read(CHUNK):
                yield piece
    except OSError as error:
        raise unreadable(octets, error) from error


def digests_of(octets: Octets, names: Iterable[str]) -> Mapping[str, bytes]:
    """Return the digest of *octets* by each algorithm of *names* that is computed here, all in one pass."""
    wanted = [name for name in names if DIGESTS[name].hashlib is not None]
    if len(wanted) == 1 and type(octets) is MemoryOctets:
        return {wanted[0]: DIGESTS[wanted[0]].of(octets.data)}
    hashers = {name: hasher(DIGESTS[name]) for name in wanted}
    if len(hashers) == 1:
        [(name, one)] = hashers.items()
        for piece in pieces_of(octets):
            one.update(piece)
        return {name: one.digest()}
    if hashers:
        for piece in pieces_of(octets):
            view = memoryview(piece)
            for start in range(0, len(view), CHUNK):  # each chunk is still in the cache for the next algorithm
                for one in hashers.values():
                    one.update(view[start : start + CHUNK])
    return {name: one.digest() for name, one in hashers.items()}
