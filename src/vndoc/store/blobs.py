"""Contents by digest: the protocol of a blob store, and the one in a folder.

A content is named by its SHA-256, so that the same octets are kept once and a damaged content is noticed. It is
written and synced *before* a transaction names it; what no committed row names is an orphan, which
:meth:`vndoc.store.Store.collect` removes after a time of grace.
"""

# ruff: noqa: PTH102, PTH105, PTH108, PTH116 - pathlib takes as long as the system calls themselves
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
from vndoc.text import Text

__all__ = ["BlobInfo", "BlobOctets", "Blobs", "FolderBlobs"]

_NAME: Final = re.compile(r"[0-9a-f]{64}")
_UNFINISHED: Final = "tmp"
"""The folder of files that are being written."""
_PARTS: Final = "[0-9a-f][0-9a-f]"
"""The folders of contents."""
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

    def __init__(self, raw: io.RawIOBase, digest: bytes) -> None:
        super().__init__()
        self._raw = raw
        self._digest = digest
        self._hash: hashlib._Hash | None = hashlib.sha256()
        self.proven: bytes | None = None
        """The digest of the content, once it was read from start to end."""

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
            count = self._raw.readinto(view) or 0
        except OSError as error:
            raise failed(error) from error
        if self._hash is not None:
            self._hash.update(view[:count])
            if not count and len(view):
                if self._hash.digest() != self._digest:
                    raise StoreError("blob-damaged", name=self._digest.hex())
                self.proven = self._digest
        return count

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move about; going back to the very start takes up the check again."""
        found = self._raw.seek(offset, whence)
        self._hash = hashlib.sha256() if found == 0 else None
        self.proven = None
        return found

    def tell(self) -> int:
        """Return the place in the file below."""
        return self._raw.tell()

    def close(self) -> None:
        """Close the file below, too."""
        if not self.closed:
            self._raw.close()
        super().close()


def verified(raw: io.RawIOBase, digest: bytes) -> BinaryIO:
    """Return *raw* behind a buffer and a check of its digest."""
    return io.BufferedReader(Verified(raw, digest), CHUNK)


def proven(file: BinaryIO) -> bytes | None:
    """Return the digest of the content that *file* was read to the end of and found to have; None where nobody knows.

    A store of contents from elsewhere may give files of its own that prove nothing.
    """
    raw = getattr(file, "raw", None)
    return raw.proven if isinstance(raw, Verified) else None


def failed(error: OSError) -> StoreError:
    """Return the error for a folder that cannot be written or read."""
    detail = error.strerror or type(error).__name__
    if error.errno in _NO_ROOM:
        return StoreError("blob-full", detail=detail)
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return StoreError("blob-refused", detail=detail)
    return StoreError("blob-unavailable", detail=detail)


_DIGEST: Final = Text("giá trị băm có 32 byte", "a digest has 32 octets")


def check_digest(digest: bytes) -> str:
    """Return the name of *digest*; a caller who gives something else is told."""
    if len(digest) != 32:
        raise UsageError("option-invalid", detail=_DIGEST)
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
    _folder: str = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_folder", str(self.root))
        try:
            (self.root / _UNFINISHED).mkdir(parents=True, exist_ok=True)
            _sync_folder(self._folder)
        except OSError as error:
            raise failed(error) from error

    def put(self, octets: Octets) -> BlobInfo:
        """Write, sync, rename, sync the folder; see :meth:`Blobs.put`."""
        temporary = f"{self._folder}/{_UNFINISHED}/{secrets.token_hex(16)}"
        try:
            info = self._write(octets, temporary)
            self._keep(temporary, info.digest.hex())
        except BaseException as error:
            with contextlib.suppress(OSError):  # what went wrong first is what is told; a file left behind is swept
                os.unlink(temporary)
            if isinstance(error, OSError) and not isinstance(error, VndocError):
                raise failed(error) from error
            raise
        return info

    def head(self, digest: bytes) -> BlobInfo | None:
        """See :meth:`Blobs.head`."""
        try:
            found = os.stat(self._path(check_digest(digest)))
        except FileNotFoundError:
            self._check()
            return None
        except OSError as error:
            raise failed(error) from error
        return BlobInfo(digest, found.st_size, _moment(found.st_mtime))

    def open(self, digest: bytes) -> BinaryIO:
        """See :meth:`Blobs.open`."""
        name = check_digest(digest)
        try:
            raw = io.FileIO(self._path(name))
        except FileNotFoundError as error:
            self._check()
            raise StoreError("blob-missing", name=name) from error
        except OSError as error:
            raise failed(error) from error
        return verified(raw, digest)

    def delete(self, digest: bytes) -> None:
        """See :meth:`Blobs.delete`."""
        try:
            os.unlink(self._path(check_digest(digest)))
        except FileNotFoundError:
            return
        except OSError as error:
            raise failed(error) from error

    def list(self) -> Iterator[BlobInfo]:
        """See :meth:`Blobs.list`; files that are no contents, and those that go meanwhile, are passed over."""
        self._check()
        try:
            for folder in sorted(self.root.glob(_PARTS)):
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if not (_NAME.fullmatch(entry.name) and entry.name.startswith(folder.name)):
                            continue
                        with contextlib.suppress(FileNotFoundError):
                            found = entry.stat()
                            yield BlobInfo(bytes.fromhex(entry.name), found.st_size, _moment(found.st_mtime))
        except OSError as error:
            raise failed(error) from error

    def sweep(self, now: datetime.datetime) -> int:
        """Remove half-written files a day old, left behind by a crash; return how many."""
        swept = 0
        try:
            with os.scandir(self.root / _UNFINISHED) as entries:
                for entry in entries:
                    with contextlib.suppress(FileNotFoundError):  # it was finished, or swept by another
                        if now - _moment(entry.stat().st_mtime) > _STALE:
                            os.unlink(entry.path)
                            swept += 1
        except OSError as error:
            raise failed(error) from error
        return swept

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name[:2]}/{name}"

    def _check(self) -> None:
        """Raise ``blob-unavailable`` where the folder itself is gone: a drive that is not mounted holds nothing."""
        try:
            os.stat(f"{self._folder}/{_UNFINISHED}")
        except OSError as error:
            raise failed(error) from error

    def _write(self, octets: Octets, temporary: str) -> BlobInfo:
        digest, size = hashlib.sha256(), 0
        with octets.open() as source:
            target = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            try:
                for piece in pieces(source):
                    _write_all(target, piece)
                    digest.update(piece)
                    size += len(piece)
                self._reached("blob.written")
                os.fsync(target)
                put_at = os.fstat(target).st_mtime
            finally:
                os.close(target)
        self._reached("blob.synced")
        return BlobInfo(digest.digest(), size, _moment(put_at))

    def _keep(self, temporary: str, name: str) -> None:
        # Renaming over a file of the same name replaces equal octets by equal octets, and repairs a damaged file.
        path, folder = self._path(name), f"{self._folder}/{name[:2]}"
        try:
            os.replace(temporary, path)
        except FileNotFoundError:
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder)
            _sync_folder(self._folder)
            os.replace(temporary, path)
        self._reached("blob.renamed")
        _sync_folder(folder)


def is_made(folder: Path) -> bool:
    """Return whether *folder* has been a folder of contents before; a restored one may lack what was empty."""
    return (folder / _UNFINISHED).is_dir() or any(folder.glob(_PARTS))


def _write_all(target: int, data: bytes) -> None:
    written = os.write(target, data)
    while written < len(data):
        written += os.write(target, memoryview(data)[written:])


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
