"""Octets that can be opened again and again: what attachments are made of.

The values here hold no open file. Sources on disk are made one floor higher (:mod:`vndoc.packets`),
because this floor opens no path.
"""

from __future__ import annotations

import hashlib
import io
from typing import BinaryIO, Protocol, runtime_checkable

import attrs

__all__ = ["CHUNK", "MemoryOctets", "Octets", "sha256"]

CHUNK = 3 * 64 * 1024
"""How much is read from a source at a time, in octets: whole base64 quanta, and little enough for the cache."""


@runtime_checkable
class Octets(Protocol):
    """A run of octets that can be opened any number of times, from any thread."""

    @property
    def size(self) -> int:
        """Return the number of octets; may have to read a part of the source."""

    def open(self) -> BinaryIO:
        """Return a new readable binary file at the start of the octets."""


@attrs.frozen(repr=False)
class MemoryOctets:
    """Octets held in memory. ``sha256`` is their SHA-256 (32 octets) where they were hashed as they were read.

    Nobody else can state it: the store does it.
    """

    data: bytes
    sha256: bytes | None = attrs.field(default=None, eq=False, init=False)

    @property
    def size(self) -> int:
        """Return the number of octets."""
        return len(self.data)

    def open(self) -> BinaryIO:
        """Return a new binary file over the octets."""
        return io.BytesIO(self.data)

    def __repr__(self) -> str:
        return f"MemoryOctets({len(self.data)} octets)"


def hashed(data: bytes, sha256: bytes) -> MemoryOctets:
    """Return *data*, of which the caller has just computed the digest *sha256* itself. No part of the public surface.

    Carriers compare this digest instead of computing it once more: a digest that somebody told must never come here.
    """
    octets = MemoryOctets(data)
    object.__setattr__(octets, "sha256", sha256)
    return octets


def sha256(octets: Octets) -> bytes:
    """Return the SHA-256 of *octets* (32 octets), read in pieces of :data:`CHUNK`."""
    digest = hashlib.sha256()
    with octets.open() as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.digest()
