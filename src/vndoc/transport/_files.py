"""Files that are there whole or not at all, also after the machine stopped: written aside, synced, then renamed."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
import stat
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, cast

from vndoc.envelope.octets import CHUNK
from vndoc.errors import OwnFaultError, Retry, SourceError, TransportError

PARTIAL: Final = ".part"
"""End of the name of what is not whole yet; it also begins with a full stop."""

_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)  # a link in a folder that others fill could lead anywhere
_BINARY: Final = getattr(os, "O_BINARY", 0)
_NO_WAIT: Final = getattr(os, "O_NONBLOCK", 0)  # opening a pipe would wait for its other end


@contextlib.contextmanager
def disk(carrier: str) -> Iterator[None]:
    """Turn what the operating system says of files into ``carrier-storage``: it may pass, so repeating is safe."""
    try:
        yield
    except TransportError:
        raise
    except OSError as error:
        where = f" ({error.filename})" if error.filename is not None else ""
        detail = f"{error.strerror or error}{where}"
        raise OwnFaultError("carrier-storage", carrier=carrier, detail=detail, retry=Retry.SAFE) from error


def partial_name(path: Path) -> Path:
    """Return the name, beside *path* and never used before, under which its octets are written."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")


def write_aside(path: Path, parts: Iterable[bytes]) -> Path:
    """Write *parts* beside *path*, sync them, and return the partial file; none is left if something is raised."""
    partial = partial_name(path)
    number = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | _BINARY, 0o640)
    try:
        with open(number, "wb", buffering=0) as file:  # noqa: PTH123 - of the descriptor
            for part in parts:
                view = memoryview(part)
                while view:
                    view = view[file.write(view) :]
            os.fsync(number)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return partial


def link_aside(source: Path, path: Path) -> Path | None:
    """Return a partial file beside *path* that shares the octets of *source*, or None where that cannot be done."""
    partial = partial_name(path)
    try:
        os.link(source, partial)
    except OSError:  # another file system, or one without links
        return None
    return partial


def publish(partial: Path, path: Path) -> None:
    """Give *partial*, which is whole, its name; the folder has yet to be synced."""
    partial.replace(path)


def publish_new(partial: Path, path: Path) -> bool:
    """Give *partial* its name if nobody has it, and tell whether that was done."""
    try:
        os.link(partial, path)
    except FileExistsError:
        partial.unlink(missing_ok=True)
        return False
    except OSError:  # a file system without links cannot tell; then the last one wins
        partial.replace(path)
        return True
    partial.unlink(missing_ok=True)
    return True


def move(path: Path, folder: Path) -> bool:
    """Move *path* into *folder* of the same file system and tell whether it was still there."""
    try:
        path.replace(folder / path.name)
    except FileNotFoundError:
        if not folder.is_dir():
            raise
        return False
    return True


def sync_folder(folder: Path) -> None:
    """Make the names in *folder* outlive a stop of the machine."""
    if os.name == "nt":
        return  # folders cannot be synced there
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def open_plain(path: Path) -> BinaryIO:
    """Open *path* for reading, unbuffered; a link or anything that is no plain file is refused as an ``OSError``."""
    number = os.open(path, os.O_RDONLY | _NO_LINK | _BINARY | _NO_WAIT)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(errno.EINVAL, "not a plain file", str(path))
    return cast("BinaryIO", open(number, "rb", buffering=0))  # noqa: PTH123 - of the descriptor


def read_small(path: Path, limit: int) -> bytes | None:
    """Return the octets of *path*, or None if there are more than *limit*."""
    with open_plain(path) as file:
        data = file.read(limit + 1)
    return data if len(data) <= limit else None


class HeldFile:
    """The octets of an open file, for any number of readers from any thread, wherever the file is moved meanwhile."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.size = size
        self._file = file
        self._lock = threading.Lock()

    def open(self) -> BinaryIO:
        """Return a new binary file at the start of the octets."""
        return io.BufferedReader(_Reader(self), CHUNK)

    def read_at(self, position: int, buffer: memoryview) -> int:
        """Fill *buffer* from *position* on and return how many octets there were."""
        with self._lock:
            if self._file.closed:
                raise SourceError("source-closed")
            try:
                self._file.seek(position)
                data = self._file.read(min(len(buffer), max(self.size - position, 0)))
            except OSError as error:
                raise SourceError("source-unreadable", name="spool", detail=error.strerror or str(error)) from error
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()


class _Reader(io.RawIOBase):
    """One reader of a held file, with its own position."""

    def __init__(self, held: HeldFile) -> None:
        self._held = held
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._held.size}[whence]
        self._at = max(origin + offset, 0)
        return self._at

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        count = self._held.read_at(self._at, buffer)
        self._at += count
        return count
