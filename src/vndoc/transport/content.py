"""For whoever writes a carrier: octets on their way out are checked, octets that came in are kept until read.

Both work in pieces, so that a packet of any size takes little memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import BinaryIO, Final, Self

from vndoc.envelope.octets import CHUNK, MemoryOctets, Octets
from vndoc.errors import OwnFaultError, PeerFaultError, Retry, SourceError
from vndoc.packets.files import TemporarySpool
from vndoc.transport.base import Outgoing

__all__ = ["IN_MEMORY", "Fetched", "collect", "pieces"]

IN_MEMORY: Final = 4 * 1024 * 1024
"""Fetched packets up to this many octets are kept in memory, larger ones in a temporary file."""


def pieces(packet: Outgoing, *, carrier: str, limit: int | None = None) -> Iterator[bytes]:
    """Yield the octets of *packet*, and end only if they are what its digest says.

    A carrier makes a submission visible to others only after the last piece. *limit* is the largest file that
    *carrier* takes, in octets.

    Raises :class:`OwnFaultError`: ``carrier-too-big`` (before the first piece where the size is known),
    ``carrier-packet-unreadable``, ``carrier-packet-changed``.
    """
    size = _size(packet.content, carrier)
    if limit is not None and size > limit:
        raise OwnFaultError("carrier-too-big", carrier=carrier, size=size, limit=limit)
    # Octets in memory never change: a digest that was computed as they were read needs no second look.
    known = packet.content.sha256 if type(packet.content) is MemoryOctets else None
    digest = hashlib.sha256()
    total = 0
    for piece in _read(packet.content, carrier):
        total += len(piece)
        if limit is not None and total > limit:
            raise OwnFaultError("carrier-too-big", carrier=carrier, size=total, limit=limit)
        if known is None:
            digest.update(piece)
        yield piece
    if (known or digest.digest()) != packet.sha256:
        raise OwnFaultError("carrier-packet-changed", carrier=carrier)


def _size(octets: Octets, carrier: str) -> int:
    try:
        return octets.size
    except (OSError, ValueError) as error:
        raise _unreadable(carrier, error) from error


def _read(octets: Octets, carrier: str) -> Iterator[bytes]:
    """Read *octets*, whose file belongs to the caller: whatever it raises is the caller's own fault."""
    try:
        with octets.open() as file:
            while piece := file.read(CHUNK):
                yield piece
    except (OSError, ValueError) as error:
        raise _unreadable(carrier, error) from error


def _unreadable(carrier: str, error: Exception) -> OwnFaultError:
    return OwnFaultError("carrier-packet-unreadable", carrier=carrier, detail=_reason(error))


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


class Fetched:
    """Fetched octets over any re-openable source: the :class:`~vndoc.transport.Content` of most carriers.

    *sha256* is the digest of the octets (32 octets). *release* is called once, when they are given up.
    """

    def __init__(self, octets: Octets, sha256: bytes, release: Callable[[], None] | None = None) -> None:
        self._octets: Octets | None = octets
        self._release = release
        self.size = octets.size
        self.sha256 = sha256

    def open(self) -> BinaryIO:
        """Return a new binary file at the start; :class:`SourceError` (``source-closed``) after :meth:`close`."""
        if self._octets is None:
            raise SourceError("source-closed")
        return self._octets.open()

    def close(self) -> None:
        """Give up the octets; closing twice does nothing."""
        self._octets = None
        release, self._release = self._release, None
        if release is not None:
            release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Fetched({self.size} octets)"


def collect(parts: Iterable[bytes], *, carrier: str, limit: int | None = None, sha256: bytes | None = None) -> Fetched:
    """Keep all *parts* of an answer, in memory up to :data:`IN_MEMORY`, else in a temporary file, and return them.

    *sha256* is the digest that was announced, *limit* the most octets that are taken.

    Raises :class:`PeerFaultError`: ``carrier-answer-too-big`` (``retry`` is ``NEVER``) and
    ``carrier-content-differs``; :class:`OwnFaultError` (``carrier-storage``, ``retry`` is ``SAFE``) if there is no
    room for the file; and what *parts* raises.
    """
    digest = hashlib.sha256()
    held: list[bytes] = []
    spool: TemporarySpool | None = None
    size = 0
    try:
        for part in _checked(parts, digest, carrier, limit, sha256):
            held.append(part)
            size += len(part)
            if size > IN_MEMORY:
                spool = _spooled(spool, held, carrier)
                held.clear()
    except BaseException:
        if spool is not None:
            spool.close()
        raise
    if spool is None:
        return Fetched(MemoryOctets(b"".join(held)), digest.digest())
    return Fetched(spool, digest.digest(), spool.close)


def _checked(
    parts: Iterable[bytes], digest: hashlib._Hash, carrier: str, limit: int | None, sha256: bytes | None
) -> Iterator[bytes]:
    """Yield *parts*, add them to *digest*, and end only if neither *limit* nor *sha256* is missed."""
    total = 0
    for part in parts:
        total += len(part)
        if limit is not None and total > limit:
            raise PeerFaultError("carrier-answer-too-big", carrier=carrier, limit=limit, retry=Retry.NEVER)
        digest.update(part)
        yield part
    if sha256 is not None and digest.digest() != sha256:
        raise PeerFaultError("carrier-content-differs", carrier=carrier)


def _spooled(spool: TemporarySpool | None, held: list[bytes], carrier: str) -> TemporarySpool:
    try:
        spool = spool or TemporarySpool()
        for part in held:
            spool.write(part)
    except SourceError as error:
        detail = error.values.get("detail", error.code)
        raise OwnFaultError("carrier-storage", carrier=carrier, detail=detail, retry=Retry.SAFE) from error
    return spool
