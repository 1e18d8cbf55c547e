"""What a timestamp is over, and what it thereby proves to have existed (ETSI EN 319 102-1, clause 5.6.2.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

import attrs

from vndoc.pki.algorithms import Digest, hasher
from vndoc.pki.outcome import Reason

__all__ = ["Imprint", "Over", "digest_by", "key_of"]

Over = bytes | Callable[[Digest], bytes | Reason | None] | None
"""What a timestamp is over: the octets, or a function that gives their digest, or why it cannot be had."""


@attrs.frozen(kw_only=True, eq=False)
class Imprint:
    """What a timestamp should be over. ``protects`` holds :func:`key_of` of each thing among it that proofs are kept
    of: the signature value, tokens, certificates, revocation lists and responses. ``reasons`` say what is wrong with
    how the timestamp names what it is over.
    """

    over: Over
    protects: frozenset[bytes] = frozenset()
    reasons: tuple[Reason, ...] = ()


def key_of(octets: bytes) -> bytes:
    """Return what *octets* are known by where proofs of existence are kept: their SHA-256."""
    return hashlib.sha256(octets).digest()


def digest_by(pieces: Callable[[Digest], Iterable[bytes | memoryview]]) -> Callable[[Digest], bytes]:
    """Return what gives the digest of *pieces* by an algorithm; these may depend on it."""

    def digest(algorithm: Digest) -> bytes:
        hashed = hasher(algorithm)
        for piece in pieces(algorithm):
            hashed.update(piece)
        return bytes(hashed.digest())

    return digest
