"""Revocation lists already read, kept between checkers."""

from __future__ import annotations

import hashlib

from vndoc.pki.crl import Crl

__all__ = ["RevocationCache"]


class RevocationCache:
    """Lists and responses already read, by the SHA-256 of their octets: the caller's, shared between checkers.

    A list kept here keeps its index. At most *size* are kept; the oldest goes first.
    """

    def __init__(self, size: int = 64) -> None:
        self._size = size
        self._crls: dict[bytes, Crl] = {}

    def crl(self, data: bytes) -> Crl:
        """Return the list that *data* is, read once. Raises as :meth:`vndoc.pki.crl.Crl.load`."""
        digest = hashlib.sha256(data).digest()
        found = self._crls.pop(digest, None) or Crl.load(data)
        self._crls[digest] = found
        if len(self._crls) > self._size:
            del self._crls[next(iter(self._crls))]
        return found
