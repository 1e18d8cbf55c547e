"""The zip around an attachment: reading its only entry, and making one.

Zip is untrusted: the entry's name is ignored, sizes and ratio are bounded before and while reading, and
anything that is not exactly one readable file stays as it is.

Source: practice (section 4.3.5 of the protocol); APPNOTE of the zip format.
"""

from __future__ import annotations

import hashlib
import io
import struct
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

import attrs

from vndoc.envelope import Attachment, Octets
from vndoc.errors import AttachmentError
from vndoc.limits import DEFAULT, Limits

__all__ = ["ZipEntry", "only_entry", "zip_to"]

_END = struct.Struct("<4s4H2LH")
_END_MAGIC = b"PK\x05\x06"
_END_REACH = _END.size + 0xFFFF
_IN_ZIP64 = 0xFFFFFFFF
_READABLE = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_NEEDS_MORE = 0x1 | 0x20 | 0x40  # encrypted, a patch, strongly encrypted
_ZIP64_FROM = 2**31 - 1
_LONGEST_EXTENSION = 20
_CHUNK = 3 * 64 * 1024
_SAMPLE = 16 * 1024


@attrs.frozen(repr=False)
class ZipEntry:
    """The only file in a zip, as a re-openable source; ``size`` is what the directory claims and reading enforces."""

    packed: Octets
    name: str
    size: int

    def open(self) -> BinaryIO:
        """Return a new binary file with the unpacked content.

        Raises :class:`~vndoc.errors.AttachmentError` for a damaged zip; reading raises it as well.
        """
        file = self.packed.open()
        try:
            with _zip_errors(self.name):
                archive = zipfile.ZipFile(file)
                entry = archive.open(_files(archive)[0])
        except BaseException:
            file.close()
            raise
        return io.BufferedReader(_EntryFile(entry, file, self), 128 * 1024)

    def __repr__(self) -> str:
        return f"ZipEntry({self.size} octets)"


class _EntryFile(io.RawIOBase):
    """A zip entry whose errors are ours and which closes what it stands on."""

    def __init__(self, entry: Any, file: BinaryIO, claimed: ZipEntry) -> None:
        self._entry = entry
        self._file = file
        self._name = claimed.name
        self._size = claimed.size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _zip_errors(self._name):
            data = self._entry.read(len(buffer))
            if not data and self._entry.tell() != self._size:
                raise zipfile.BadZipFile(f"{self._entry.tell()} octets, not {self._size}")
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with _zip_errors(self._name):
            return int(self._entry.seek(offset, whence))

    def tell(self) -> int:
        return int(self._entry.tell())

    def close(self) -> None:
        if not self.closed:
            self._entry.close()
            self._file.close()
        super().close()


_ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    IndexError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
)
"""What the zip and deflate modules raise for octets that are no good zip."""


@contextmanager
def _zip_errors(name: str) -> Iterator[None]:
    try:
        yield
    except AttachmentError:
        raise
    except _ZIP_FAULTS as error:
        raise AttachmentError("zip-damaged", name=name, detail=str(error) or type(error).__name__) from error


def only_entry(packed: Octets, limits: Limits) -> zipfile.ZipInfo | str:
    """Return the entry of the zip's only file, or the id of the deviation that says why there is none to unwrap."""
    try:
        with packed.open() as file:
            _check_end_record(file, packed.size, limits)
            entries = _files(zipfile.ZipFile(cast("BinaryIO", _Sparing(file, limits))))
    except AttachmentError:
        raise
    except _CrowdedError:
        return "zip-many-entries"
    except _ZIP_FAULTS:
        return "zip-damaged"
    if len(entries) != 1:
        return "zip-many-entries"
    if entries[0].flag_bits & _NEEDS_MORE or entries[0].compress_type not in _READABLE:
        return "zip-unsupported"
    return entries[0]


def _files(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the entries that are files: not the empty ones whose names end like that of a folder."""
    return [e for e in archive.infolist() if e.file_size or not e.filename.endswith(("/", "\\"))]


class _CrowdedError(Exception):
    """The zip's directory is larger than one for a single file and its folders."""


def _check_end_record(file: BinaryIO, size: int, limits: Limits) -> None:
    """Look at the end record before the directory is read, so that a huge directory never is."""
    start = max(0, size - _END_REACH)
    file.seek(start)
    tail = file.read(_END_REACH)
    at = tail.rfind(_END_MAGIC)
    if at < 0 or len(tail) - at < _END.size:
        raise zipfile.BadZipFile("no end of central directory")
    length = _END.unpack_from(tail, at)[5]
    if length > limits.zip_directory_bytes and length != _IN_ZIP64:
        raise _CrowdedError


@attrs.frozen
class _Sparing:
    """A file that is not read in large pieces: records of zip64 may overrule what the end record says.

    The zip module reads the whole directory in one piece, and nothing else of more than the reach of the end record.
    """

    file: BinaryIO
    limits: Limits

    def read(self, size: int = -1) -> bytes:
        """Return the next octets; *size* is only left out near the end."""
        if size > max(self.limits.zip_directory_bytes, _END_REACH):
            raise _CrowdedError
        return self.file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position."""
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self.file.tell()


def zip_to(target: io.RawIOBase, attachment: Attachment, content_id: str) -> None:
    """Write a zip with the content of *attachment* as its one entry ``<uuid>.<extension>`` to *target*.

    The octets follow from the content, its name and *content_id* alone. *target* need not be seekable. What would
    expand so far that readers take the zip for a bomb is not compressed.
    Raises as :meth:`vndoc.envelope.Attachment.open`.
    """
    name = attachment.name or ""
    seed = hashlib.sha256(content_id.encode() + b"\0" + name.encode() + attachment.digest()).hexdigest()
    ending = name.rpartition(".")[2]
    suffix = f".{ending}" if ending.isalnum() and len(ending) <= _LONGEST_EXTENSION else ""
    entry = f"{uuid.UUID(seed[:32], version=4)}{suffix}"
    big = attachment.size > _ZIP64_FROM
    level = 0 if _expands(attachment) else None
    with (
        attachment.open() as file,
        zipfile.ZipFile(cast("BinaryIO", target), "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive,
        archive.open(entry, "w", force_zip64=big) as inner,
    ):
        while chunk := file.read(_CHUNK):
            inner.write(chunk)


def _expands(attachment: Attachment) -> bool:
    """Return whether *attachment*, compressed, would expand beyond what readers allow; of most a look is enough."""
    enough = -(-attachment.size // DEFAULT.unpack_ratio)
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = 0
    with attachment.open() as file:
        while packed < enough and (piece := file.read(_SAMPLE)):
            packed += len(deflate.compress(piece))
    return packed < enough and packed + len(deflate.flush()) < enough
