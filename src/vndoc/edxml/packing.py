"""How files are packed into attachments: raw, or as the only entry of a zip.

Zip is untrusted: the entry's name is ignored, sizes and ratio are bounded before and while reading, and
anything that is not exactly one readable file stays as it is.

Source: practice (section 4.3.5 of the protocol: what the writers do and the reader algorithm).
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import attrs

from vndoc.envelope import Octets
from vndoc.errors import AttachmentError, LimitError
from vndoc.limits import Limits

__all__ = ["ZIP_LABEL", "MissingOctets", "ZipEntry", "extension", "unpack"]

ZIP_LABEL = "application/zip"
_MAGIC = b"PK\x03\x04"
_END = struct.Struct("<4s4H2LH")
_END_MAGIC = b"PK\x05\x06"
_END_REACH = _END.size + 0xFFFF
_READABLE = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1
_ZIP_FORMATS = frozenset(
    "docx docm dotx xlsx xlsm xltx pptx pptm ppsx odt ods odp odg ott ots otp jar war apk epub asice asics sce scs edoc".split()
)


def extension(name: str | None) -> str:
    """Return the extension of *name*, lower case, without the dot and without a stray ``>``; ``""`` if none."""
    stem, dot, ending = (name or "").strip().rstrip(">").rstrip().rpartition(".")
    return ending.lower() if dot and stem else ""


@attrs.frozen
class MissingOctets:
    """Stands for content that the packet does not have: opening it raises ``content-missing``."""

    name: str

    @property
    def size(self) -> int:
        """Raise :class:`~vndoc.errors.AttachmentError`."""
        raise AttachmentError("content-missing", name=self.name)

    def open(self) -> BinaryIO:
        """Raise :class:`~vndoc.errors.AttachmentError`."""
        raise AttachmentError("content-missing", name=self.name)


@attrs.frozen(repr=False)
class ZipEntry:
    """The only file in a zip, as a re-openable source; ``size`` is what the directory claims and reading enforces."""

    packed: Octets
    name: str
    size: int
    packed_size: int
    limits: Limits

    @property
    def is_bomb(self) -> bool:
        """Return whether the claimed size exceeds the limits, so that :meth:`open` refuses."""
        return self._excess() is not None

    def _excess(self) -> str | None:
        if self.size > self.limits.attachment_bytes:
            return "limit-attachment-bytes"
        if self.size > max(self.limits.unpack_free_bytes, self.packed_size * self.limits.unpack_ratio):
            return "limit-unpack-ratio"
        return None

    def open(self) -> BinaryIO:
        """Return a new binary file with the unpacked content.

        Raises :class:`~vndoc.errors.LimitError` for a bomb, :class:`~vndoc.errors.AttachmentError` for
        a damaged zip; reading raises the latter as well.
        """
        code = self._excess()
        if code is not None:
            limit = self.limits.attachment_bytes if code == "limit-attachment-bytes" else self.limits.unpack_ratio
            raise LimitError(code, name=self.name, limit=limit)
        file = self.packed.open()
        try:
            with _zip_errors(self.name):
                archive = zipfile.ZipFile(file)
                entry = archive.open(archive.infolist()[0])
        except BaseException:
            file.close()
            raise
        return io.BufferedReader(_EntryFile(entry, file, self.name), 128 * 1024)

    def __repr__(self) -> str:
        return f"ZipEntry({self.size} octets)"


class _EntryFile(io.RawIOBase):
    """A zip entry whose errors are ours and which closes what it stands on."""

    def __init__(self, entry: Any, file: BinaryIO, name: str) -> None:
        self._entry = entry
        self._file = file
        self._name = name

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _zip_errors(self._name):
            data = self._entry.read(len(buffer))
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


@contextmanager
def _zip_errors(name: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error, ValueError, IndexError) as error:
        if isinstance(error, AttachmentError):
            raise
        raise AttachmentError("zip-damaged", name=name, detail=str(error) or type(error).__name__) from error


def unpack(packed: Octets, *, head: bytes, name: str | None, label: str | None, limits: Limits) -> tuple[Octets, tuple[str, ...]]:
    """Return the unpacked content of an attachment and the ids of the deviations its packing shows.

    *packed* are the octets behind base64, *head* their first four, *name* and *label* what the packet says.
    The content is *packed* itself where no zip of the packet's own wraps the file.
    """
    ending = extension(name)
    labelled_zip = (label or "").strip().lower() in {ZIP_LABEL, "application/x-zip-compressed"}
    if ending == "zip":
        return packed, ()
    if head != _MAGIC:
        return packed, ("zip-label-raw",) if labelled_zip else ()
    if not labelled_zip and ending in _ZIP_FORMATS:
        return packed, ()
    found = _only_entry(packed, limits)
    if isinstance(found, str):
        return packed, (found,)
    entry = ZipEntry(packed, name or "", found.file_size, found.compress_size, limits)
    ids = () if labelled_zip else ("zip-unlabelled",)
    if set(found.orig_filename) & set("/\\") or ".." in found.orig_filename:
        ids += ("zip-entry-path",)
    return entry, (*ids, "zip-bomb") if entry.is_bomb else ids


def _only_entry(packed: Octets, limits: Limits) -> zipfile.ZipInfo | str:
    """Return the zip's only entry, or the id of the deviation that says why there is none to unwrap."""
    try:
        with packed.open() as file:
            if not _directory_is_small(file, packed.size, limits):
                return "zip-many-entries"
            entries = zipfile.ZipFile(file).infolist()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error, ValueError, OverflowError) as error:
        if isinstance(error, AttachmentError):
            raise
        return "zip-damaged"
    if len(entries) != 1 or entries[0].is_dir():
        return "zip-many-entries"
    if entries[0].flag_bits & _ENCRYPTED or entries[0].compress_type not in _READABLE:
        return "zip-unsupported"
    return entries[0]


def _directory_is_small(file: BinaryIO, size: int, limits: Limits) -> bool:
    """Look at the end record before the directory is read, so that a huge directory never is."""
    start = max(0, size - _END_REACH)
    file.seek(start)
    tail = file.read(_END_REACH)
    at = tail.rfind(_END_MAGIC)
    if at < 0 or len(tail) - at < _END.size:
        raise zipfile.BadZipFile("no end of central directory")
    record = _END.unpack_from(tail, at)
    return bool(record[4] == 1 and record[5] <= limits.zip_directory_bytes)
