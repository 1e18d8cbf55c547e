"""Contents beside the messages: a small protocol, and a folder that both ends reach.

A carrier that should not carry large octets itself puts them here, under their SHA-256, and sends the digest. The
stores of ``vndoc.store`` fit the protocol, and so does anything S3-shaped with a few lines around it.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import attrs

from vndoc.envelope.octets import CHUNK, Octets
from vndoc.errors import UsageError
from vndoc.transport._files import open_plain, partial_name, publish, publish_new, sync_folder, write_aside

__all__ = ["Blobs", "FolderBlobs", "Kept"]


class Kept(Protocol):
    """What a store of contents says of a content: ``digest`` is its SHA-256 (32 octets)."""

    @property
    def digest(self) -> bytes:
        """SHA-256 of the octets that were read and kept."""
        ...


class Blobs(Protocol):
    """A store of contents by SHA-256 that both ends reach. Both methods raise ``OSError`` or a ``VndocError``."""

    def put(self, octets: Octets, /) -> Kept:
        """Keep *octets*; when this returns they outlive a stop of the machine. Putting them again does nothing."""
        ...

    def open(self, digest: bytes, /) -> BinaryIO:
        """Return a new binary file over the content; ``FileNotFoundError``, or the code ``blob-missing``, if none."""
        ...


@attrs.frozen
class _Kept:
    digest: bytes


@attrs.frozen
class FolderBlobs:
    """Contents as files in the folder *root*, which must be there: ``<first two digits>/<digest>``.

    Nobody but the two ends knows when a content is no longer wanted; :meth:`purge` goes by age.
    """

    root: Path = attrs.field(converter=Path)

    def put(self, octets: Octets, /) -> _Kept:
        """Keep *octets*, synced, under their digest; what is there stays and counts as new. Raises ``OSError``."""
        digest = hashlib.sha256()
        partial = write_aside(self.root / "new", _hashed(octets, digest))
        path = self._path(digest.digest())
        try:
            path.parent.mkdir(exist_ok=True)
            publish(partial, path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
        sync_folder(self.root)
        return _Kept(digest.digest())

    def open(self, digest: bytes, /) -> BinaryIO:
        """Return a new binary file over the content. Raises ``OSError``: ``FileNotFoundError`` if there is none."""
        return open_plain(self._path(digest))

    def purge(self, before: datetime.datetime) -> int:
        """Delete what was last put before *before*, half-written files included; return how many files went.

        Raises :class:`UsageError` (``time-zone-missing``), ``OSError``.
        """
        if before.tzinfo is None:
            raise UsageError("time-zone-missing")
        count = 0
        for path in list(self.root.rglob("*")):
            with contextlib.suppress(FileNotFoundError):  # it was finished, or purged by another
                if path.is_file() and path.stat().st_mtime < before.timestamp():
                    count += _remove(path, before)
        return count

    def _path(self, digest: bytes) -> Path:
        name = digest.hex()
        return self.root / name[:2] / name


def _remove(path: Path, before: datetime.datetime) -> bool:
    """Delete *path* and tell whether that was done; what was put again just now gets its name back."""
    aside = partial_name(path)
    path.rename(aside)
    if aside.stat().st_mtime < before.timestamp():
        aside.unlink()
        return True
    publish_new(aside, path)
    return False


def _hashed(octets: Octets, digest: hashlib._Hash) -> Iterator[bytes]:
    with octets.open() as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
            yield piece
