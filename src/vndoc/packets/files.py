"""Sources on disk: files that are opened again when needed, and temporary spools.

This is the only place where vndoc opens the path of a packet.
"""

from __future__ import annotations

import io
import os
import stat
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol, cast

import attrs

from vndoc.envelope.octets import CHUNK, MemoryOctets, Octets
from vndoc.errors import LimitError, SourceError, UsageError, VndocError
from vndoc.limits import DEFAULT, Limits

__all__ = ["FileOctets", "Source", "TemporarySpool", "Watch", "acquire"]

Source = bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO
"""What a packet is read from: its octets, the path of a file (a ``str`` is always a path), or an open binary file."""


_SPOOL_NAME = "vndoc-*.tmp"
_PIECE = 128 * 1024
"""Octets read at a time from what arrives: few enough that little is left to do after the last of them."""
_STORED = 256 * 1024
"""The same from what is there already. They are still in the processor's cache while they are looked at."""


class _Readable(Protocol):
    def read(self, size: int, /) -> object: ...


def _failed(name: object, error: Exception) -> SourceError:
    """Return the error for a file that cannot be read."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return SourceError("source-unreadable", name=str(name), detail=reason.rstrip(".") or type(error).__name__)


def _text_path(path: str | os.PathLike[str]) -> str:
    return os.fsdecode(os.fspath(path))


def _stamp(file: BinaryIO) -> tuple[int, int, int]:
    """Return what tells one state of a file from another: size, time of change (ns), number of the file."""
    found = os.fstat(file.fileno())
    return (found.st_size, found.st_mtime_ns, found.st_ino)


@attrs.frozen(eq=False, repr=False)
class FileOctets:
    """The octets of a file, opened again each time. It must stay as it was when the value was made.

    Making one raises :class:`SourceError` (``source-unreadable``) if the file cannot be opened.
    """

    path: str = attrs.field(converter=_text_path)
    size: int = attrs.field(init=False)
    _was: tuple[int, int, int] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        with self._opened() as file:
            was = _stamp(file)
        object.__setattr__(self, "_was", was)
        object.__setattr__(self, "size", was[0])

    def open(self) -> BinaryIO:
        """Return a new binary file at the start of the octets.

        Raises :class:`SourceError`: ``source-unreadable`` if the file cannot be opened, ``source-changed`` if its
        size, time of change or number differs from the first time.
        """
        file = self._opened()
        if _stamp(file) != self._was:
            file.close()
            raise SourceError("source-changed", name=self.path)
        return file

    def _opened(self) -> BinaryIO:
        try:
            return open(self.path, "rb")  # noqa: PTH123 - the path may be any string, pathlib would normalise it
        except (OSError, ValueError) as error:
            raise _failed(self.path, error) from error

    def __repr__(self) -> str:
        return f"FileOctets({self.path!r})"


class TemporarySpool:
    """A temporary file, written once from the start and then opened by any number of readers, from any thread.

    The file has no name where the system allows that; it is gone after :meth:`close`, or when neither the spool
    nor a reader of it is in use any more. After :meth:`close` all use raises :class:`SourceError`
    (``source-closed``). Writing raises :class:`SourceError` (``target-unwritable``) if there is no room.
    """

    def __init__(self) -> None:
        import tempfile  # noqa: PLC0415 - slow to load, and seldom needed

        try:
            self._file = cast("BinaryIO", tempfile.TemporaryFile(buffering=0, prefix="vndoc-"))  # noqa: SIM115
        except OSError as error:
            raise self._unwritable(error) from error
        self._size = 0
        self._lock = threading.Lock()
        self._end = weakref.finalize(self, self._file.close)

    @property
    def size(self) -> int:
        """Return the number of octets written so far."""
        return self._size

    def write(self, data: bytes) -> int:
        """Append *data* and return its length."""
        view = memoryview(data)
        with self._lock:
            self._check()
            try:
                self._file.seek(self._size)
                while view:
                    view = view[self._file.write(view) :]
            except OSError as error:
                raise self._unwritable(error) from error
            self._size += len(data)
        return len(data)

    def open(self) -> BinaryIO:
        """Return a new binary file at the start of what was written."""
        with self._lock:
            self._check()
        return io.BufferedReader(_SpoolFile(self), CHUNK)

    def close(self) -> None:
        """Remove the temporary file; closing twice does nothing."""
        with self._lock:
            self._end()

    def read_at(self, position: int, buffer: memoryview) -> int:
        """Fill *buffer* from *position* on and return how many octets there were."""
        with self._lock:
            self._check()
            try:
                self._file.seek(position)
                return cast("io.RawIOBase", self._file).readinto(buffer) or 0
            except OSError as error:
                raise _failed(_SPOOL_NAME, error) from error

    def _check(self) -> None:
        if not self._end.alive:
            raise SourceError("source-closed")

    @staticmethod
    def _unwritable(error: OSError) -> SourceError:
        return SourceError("target-unwritable", name=_SPOOL_NAME, detail=error.strerror or str(error))

    def __repr__(self) -> str:
        return f"TemporarySpool({self._size} octets)"


class _SpoolFile(io.RawIOBase):
    """One reader of a spool, with its own position."""

    def __init__(self, spool: TemporarySpool) -> None:
        self._spool = spool
        self._pos = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._pos, io.SEEK_END: self._spool.size}.get(whence)
        if origin is None or origin + offset < 0:
            raise ValueError(f"cannot seek to {offset} with whence {whence}")
        self._pos = origin + offset
        return self._pos

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        count = self._spool.read_at(self._pos, buffer)
        self._pos += count
        return count


Watch = Callable[[bytes], None]
"""Sees the octets of an open file while they come."""


def acquire(source: Source, limits: Limits = DEFAULT, *, watch: Watch | None = None) -> Octets:
    """Return *source* as octets that can be opened again and again.

    Octets are held in memory (copied, unless they are ``bytes``). A file given by its path is read at once if it
    has at most ``limits.in_memory_bytes``, else when needed. An open binary file is read to its end, from where it
    stands, into memory (up to ``limits.buffered_bytes``) or a :class:`TemporarySpool`, and left open; *watch* sees
    its octets while they come.

    Raises :class:`LimitError` (``limit-packet-bytes``), :class:`SourceError` if reading fails, :class:`UsageError`
    (``source-type``) for anything else, text files included.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        view = memoryview(source)
        if view.nbytes > limits.packet_bytes:
            raise LimitError("limit-packet-bytes", limit=limits.packet_bytes)
        return MemoryOctets(source if type(source) is bytes else view.tobytes())
    if isinstance(source, (str, os.PathLike)):
        return _acquire_path(_text_path(source), limits)
    if not callable(getattr(source, "read", None)):
        raise UsageError("source-type", found=type(source).__name__)
    return _acquire_file(source, limits, str(getattr(source, "name", type(source).__name__)), watch=watch)


def _acquire_path(path: str, limits: Limits) -> Octets:
    """Return the octets of the file at *path*; what is no regular file (a pipe) is read to its end."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            found = os.fstat(file.fileno())
            if stat.S_ISREG(found.st_mode):
                if found.st_size > limits.packet_bytes:
                    raise LimitError("limit-packet-bytes", limit=limits.packet_bytes)
                if found.st_size > limits.in_memory_bytes:
                    return FileOctets(path)
                if found.st_size <= limits.buffered_bytes:
                    data = _next_piece(file, path, found.st_size + 1)
                    if len(data) <= found.st_size:
                        return MemoryOctets(data)
                    file.seek(0)  # it has grown meanwhile
            return _acquire_file(file, limits, path)
    except VndocError:
        raise
    except (OSError, ValueError) as error:
        raise _failed(path, error) from error


def _acquire_file(file: _Readable, limits: Limits, name: str, *, watch: Watch | None = None) -> Octets:
    """Read *file* to its end: into memory as far as allowed, else into a spool."""
    memory = io.BytesIO()
    first = _first(file, limits, name)
    spool = None if first else TemporarySpool()
    total = 0
    try:
        for piece in _pieces(file, limits, name, first or _STORED):
            if watch is not None:
                watch(piece)
            total += len(piece)
            if spool is None and total > limits.buffered_bytes:
                spool = TemporarySpool()
                spool.write(memory.getvalue())
                memory = io.BytesIO()
            if spool is not None:
                spool.write(piece)
            elif total == len(piece):
                memory = io.BytesIO(piece)  # which is not copied if it is all there is
                memory.seek(0, io.SEEK_END)
            else:
                memory.write(piece)
    except BaseException:
        if spool is not None:
            spool.close()
        raise
    return MemoryOctets(memory.getvalue()) if spool is None else spool


def _first(file: _Readable, limits: Limits, name: str) -> int:
    """Return how much of an open *file* to ask for first: all that may stay in memory, where it is there already.

    Zero where it is known to be more than may stay there: then it goes to disk from its first octet.
    """
    seekable = getattr(file, "seekable", None)
    try:
        if not callable(seekable) or not seekable():
            return _PIECE
        return 0 if _left(file) > limits.buffered_bytes else limits.buffered_bytes + 1
    except (OSError, ValueError) as error:  # it is closed
        raise _failed(name, error) from error


def _left(file: object) -> int:
    """Return how many octets a *file* of which it costs nothing to know is likely to give; zero for others."""
    if isinstance(file, io.BytesIO):
        here = file.tell()
        end = file.seek(0, io.SEEK_END)
        file.seek(here)
        return end - here
    if isinstance(file, io.BufferedReader) and isinstance(file.raw, io.FileIO):
        return os.fstat(file.fileno()).st_size - file.tell()
    return 0


def _pieces(file: _Readable, limits: Limits, name: str, first: int) -> Iterator[bytes]:
    """Read *file* piece by piece to its end."""
    total, then = 0, _PIECE if first == _PIECE else _STORED
    while piece := _next_piece(file, name, then if total else first):
        total += len(piece)
        if total > limits.packet_bytes:
            raise LimitError("limit-packet-bytes", limit=limits.packet_bytes)
        yield piece


def _next_piece(file: _Readable, name: str, size: int) -> bytes:
    """Return the next octets of *file*, or nothing at its end."""
    try:
        piece = file.read(size)
    except VndocError:
        raise
    except (OSError, ValueError) as error:
        raise _failed(name, error) from error
    if isinstance(piece, bytes):
        return piece
    if isinstance(piece, (bytearray, memoryview)):
        return bytes(piece)
    if piece is None:  # a file in non-blocking mode that has nothing to read yet: its end is not known
        raise SourceError("source-unreadable", name=name, detail="non-blocking")
    raise UsageError("source-type", found=type(file).__name__)
