"""How many octets may be digested for one document: what is above it is refused as too costly (attack A17)."""

from __future__ import annotations

from typing import Final

_FREE_OCTETS: Final = 64 * 1024 * 1024
_TIMES: Final = 64
"""Canonical octets that are digested for one document: 64 times its size, and 64 MiB."""


def budget(size: int) -> int:
    """Return how many octets may be digested for a document of *size* octets; parsing and decoding count, too."""
    return _TIMES * size + _FREE_OCTETS


def affordable(spent: int, size: int) -> bool:
    """Return whether *spent* octets of work are not too many for a document of *size* octets."""
    return spent <= _FREE_OCTETS or spent <= budget(size)
