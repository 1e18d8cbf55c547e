"""Contents by digest: the protocol of a blob store, and the one in a folder.

A content is named by its SHA-256, so that the same octets are kept once and a damaged content is noticed. It is
written and synced *before* a transaction names it; what no committed row names is an orphan, which
:meth:`vndoc.store.Store.collect` removes after a time of grace.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import hashlib
import io
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, Protocol, runtime_checkable

import attrs

from vndoc.envelope.octets import CHUNK, Octets
from vndoc.errors import StoreError, UsageError, VndocError

__all__ = ["BlobInfo", "BlobOctets", "Blobs", "FolderBlobs"]

_NAME: Final = re.compile(r"[0-9a-f]{64}")
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_STALE: Final = datetime.timedelta(days=1)
"""How old a half-written file is when nobody can be writing it any more."""


@attrs.frozen
class BlobInfo:
    """One content: its SHA-256 (32 octets), its size in octets, and when it was last put (UTC)."""

    digest: bytes
    size: int
    put_at: datetime.datetime


@runtime_checkable
class Blobs(Protocol):
    """A store of contents by SHA-256. Every method raises :class:`~vndoc.errors.StoreError` only.

    Putting is durable: when :meth:`put` returns, the content survives a loss of power. Putting what is there
    already makes it young again, which keeps a collector away from it.
    """

    def put(self, octets: Octets) -> BlobInfo:
        """Keep *octets*, durably, and return their name. ``blob-full`` where there is no room."""
        ...

    def head(self, digest: bytes) -> BlobInfo | None:
        """Return what is known of the content, None if it is not there."""
        ...

    def open(self, digest: bytes) -> BinaryIO:
        """Return a new binary file over the content, which is verified while it is read.

        Raises ``blob-missing``; reading to the end of a content that has changed raises ``blob-damaged``.
        """
        ...

    def delete(self, digest: bytes) -> None:
        """Remove the content; nothing happens where it is not there."""
        ...

    def list(self) -> Iterator[BlobInfo]:
        """Yield every content, in no particular order, without holding all of them."""
        ...


@attrs.frozen
class BlobOctets:
    """The content with *digest* in *blobs* as octets that can be opened again and again."""

    blobs: Blobs = attrs.field(repr=False)
    digest: bytes = attrs.field(repr=lambda digest: digest.hex())
    size: int

    def open(self) -> BinaryIO:
        """Return a new binary file; raises as :meth:`Blobs.open`."""
        return self.blobs.open(self.digest)


class Verified(io.RawIOBase):
    """A raw file that hashes what is read from start to end, and complains at the end if it is not *digest*.

    Seeking gives up the check of this one file: whoever jumps about reads a part, not the content.
    """

    def __init__(self, raw: BinaryIO, digest: bytes) -> None:
        super().__init__()
        self._raw = raw
        self._digest = digest
        self._hash: hashlib._Hash | None = hashlib.sha256()

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """As the file below."""
        return self._raw.seekable()

    def readinto(self, buffer: object, /) -> int:
        """Read into *buffer*; at the end of the content its digest is compared."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        try:
            data = self._raw.read(len(view))
        except OSError as error:
            raise failed(error) from error
        view[: len(data)] = data
        if self._hash is not None:
            self._hash.update(data)
            if not data and len(view) and self._hash.digest() != self._digest:
                raise StoreError("blob-damaged", name=self._digest.hex())
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move about; going back to the very start takes up the check again."""
        found = self._raw.seek(offset, whence)
        self._hash = hashlib.sha256() if found == 0 else None
        return found

    def tell(self) -> int:
        """Return the place in the file below."""
        return self._raw.tell()

    def close(self) -> None:
        """Close the file below, too."""
        if not self.closed:
            self._raw.close()
        super().close()


def verified(raw: BinaryIO, digest: bytes) -> BinaryIO:
    """Return *raw* behind a buffer and a check of its digest."""
    return io.BufferedReader(Verified(raw, digest), CHUNK)


def failed(error: OSError) -> StoreError:
    """Return the error for a folder that cannot be written or read."""
    detail = error.strerror or type(error).__name__
    if error.errno in _NO_ROOM:
        return StoreError("blob-full", detail=detail)
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return StoreError("blob-refused", detail=detail)
    return StoreError("blob-unavailable", detail=detail)


def check_digest(digest: bytes) -> str:
    """Return the name of *digest*; a caller who gives something else is told."""
    if len(digest) != 32:
        raise UsageError("option-invalid", detail="a digest has 32 octets")
    return digest.hex()


def pieces(file: BinaryIO) -> Iterable[bytes]:
    """Yield *file* in pieces."""
    while chunk := file.read(CHUNK):
        yield chunk


def _unwatched(_point: str) -> None:
    """Nobody looks on."""


@attrs.frozen
class FolderBlobs:
    """Contents as files below a folder, ``ab/abcd…`` by their SHA-256.

    A file is written under another name in the same folder, synced, renamed, and the folder synced: it is there
    whole, or not at all. The folder is made when it is missing; it must be on a file system with atomic rename, and
    not be written by anybody else.
    """

    root: Path = attrs.field(converter=Path)
    _reached: Callable[[str], None] = attrs.field(default=_unwatched, kw_only=True, repr=False)

    def __attrs_post_init__(self) -> None:
        try:
            (self.root / "tmp").mkdir(parents=True, exist_ok=True)
            _sync_folder(self.root)
        except OSError as error:
            raise failed(error) from error

    def put(self, octets: Octets) -> BlobInfo:
        """Write, sync, rename, sync the folder; see :meth:`Blobs.put`."""
        temporary = self.root / "tmp" / secrets.token_hex(16)
        try:
            digest, size = self._write(octets, temporary)
            return self._keep(temporary, digest, size)
        except BaseException as error:
            with contextlib.suppress(OSError):  # what went wrong first is what is told; a file left behind is swept
                temporary.unlink(missing_ok=True)
            if isinstance(error, OSError) and not isinstance(error, VndocError):
                raise failed(error) from error
            raise

    def head(self, digest: bytes) -> BlobInfo | None:
        """See :meth:`Blobs.head`."""
        try:
            found = self._path(check_digest(digest)).stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise failed(error) from error
        return BlobInfo(digest, found.st_size, _moment(found.st_mtime))

    def open(self, digest: bytes) -> BinaryIO:
        """See :meth:`Blobs.open`."""
        name = check_digest(digest)
        try:
            raw = self._path(name).open("rb", buffering=0)
        except FileNotFoundError as error:
            raise StoreError("blob-missing", name=name) from error
        except OSError as error:
            raise failed(error) from error
        return verified(raw, digest)

    def delete(self, digest: bytes) -> None:
        """See :meth:`Blobs.delete`."""
        try:
            self._path(check_digest(digest)).unlink(missing_ok=True)
        except OSError as error:
            raise failed(error) from error

    def list(self) -> Iterator[BlobInfo]:
        """See :meth:`Blobs.list`; files that are no contents are passed over."""
        try:
            for folder in sorted(self.root.glob("[0-9a-f][0-9a-f]")):
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if _NAME.fullmatch(entry.name) and entry.name.startswith(folder.name):
                            found = entry.stat()
                            yield BlobInfo(bytes.fromhex(entry.name), found.st_size, _moment(found.st_mtime))
        except OSError as error:
            raise failed(error) from error

    def sweep(self, now: datetime.datetime) -> int:
        """Remove half-written files a day old, left behind by a crash; return how many."""
        swept = 0
        try:
            with os.scandir(self.root / "tmp") as entries:
                for entry in entries:
                    if now - _moment(entry.stat().st_mtime) > _STALE:
                        Path(entry.path).unlink(missing_ok=True)
                        swept += 1
        except OSError as error:
            raise failed(error) from error
        return swept

    def _path(self, name: str) -> Path:
        return self.root / name[:2] / name

    def _write(self, octets: Octets, temporary: Path) -> tuple[bytes, int]:
        digest, size = hashlib.sha256(), 0
        with octets.open() as source, temporary.open("xb") as target:
            for piece in pieces(source):
                target.write(piece)
                digest.update(piece)
                size += len(piece)
            target.flush()
            self._reached("blob.written")
            os.fsync(target.fileno())
        self._reached("blob.synced")
        return digest.digest(), size

    def _keep(self, temporary: Path, digest: bytes, size: int) -> BlobInfo:
        # Renaming over a file of the same name replaces equal octets by equal octets, and repairs a damaged file.
        path = self._path(digest.hex())
        try:
            temporary.replace(path)
        except FileNotFoundError:
            path.parent.mkdir(exist_ok=True)
            _sync_folder(self.root)
            temporary.replace(path)
        self._reached("blob.renamed")
        _sync_folder(path.parent)
        return BlobInfo(digest, size, _moment(path.stat().st_mtime))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
