"""How files are packed into attachments: raw, or as the only entry of a zip.

Zip is untrusted: the entry's name is ignored, sizes and ratio are bounded before and while reading, and
anything that is not exactly one readable file stays as it is.

Source: practice (section 4.3.5 of the protocol: what the writers do and the reader algorithm).
"""

from __future__ import annotations

import io
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

import attrs

from vndoc.envelope import Octets
from vndoc.errors import AttachmentError, LimitError
from vndoc.limits import Limits
from vndoc.text import safe_filename

__all__ = [
    "ZIP_LABEL",
    "MissingOctets",
    "ZipEntry",
    "extension",
    "is_zip_label",
    "looks_packed",
    "name_oddity",
    "unpack",
]

ZIP_LABEL = "application/zip"
"""Label of an attachment that travels inside a zip."""
_ZIP_LABELS = frozenset({ZIP_LABEL, "application/x-zip-compressed"})
_MAGIC = b"PK\x03\x04"
_END = struct.Struct("<4s4H2LH")
_END_MAGIC = b"PK\x05\x06"
_END_REACH = _END.size + 0xFFFF
_IN_ZIP64 = (0xFFFF, 0xFFFFFFFF)
_READABLE = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_NEEDS_MORE = 0x1 | 0x20 | 0x40  # encrypted, a patch, strongly encrypted
_SEPARATORS = frozenset("/\\")
_CONTROLS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_ZIP_FORMATS = frozenset(
    {"docx", "docm", "dotx", "xlsx", "xlsm", "xltx", "pptx", "pptm", "ppsx"}
    | {"odt", "ods", "odp", "odg", "ott", "ots", "otp"}
    | {"jar", "war", "apk", "epub", "asice", "asics", "sce", "scs", "edoc"}
)


def extension(name: str | None) -> str:
    """Return the extension of *name*, lower case, without the dot and without a stray ``>``; ``""`` if none."""
    stem, dot, ending = (name or "").strip().rstrip(">").rstrip().rpartition(".")
    return ending.lower() if dot and stem else ""


def is_zip_label(label: str | None) -> bool:
    """Return whether the content type *label* says that the octets are a zip."""
    return (label or "").strip().lower() in _ZIP_LABELS


def looks_packed(head: bytes, name: str | None, label: str | None) -> bool:
    """Return whether a reader takes octets that begin with *head* for a zip in which the file called *name* travels."""
    ending = extension(name)
    return head == _MAGIC and ending != "zip" and (is_zip_label(label) or ending not in _ZIP_FORMATS)


def name_oddity(name: str) -> str | None:
    """Return the id of the deviation that a file *name* shows, ``None`` if it is a plain one or empty."""
    if name.rstrip().endswith(">"):
        return "attachment-name-bracket"
    controls = not name.isprintable() and any(unicodedata.category(ch) in _CONTROLS for ch in name)
    if controls or not _SEPARATORS.isdisjoint(name) or (name and not safe_filename(name, fallback="")):
        return "attachment-name-unsafe"
    return None


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


def unpack(
    packed: Octets, *, head: bytes, name: str | None, label: str | None, limits: Limits
) -> tuple[Octets, tuple[str, ...]]:
    """Return the unpacked content of an attachment and the ids of the deviations its packing shows.

    *packed* are the octets behind base64, *head* their first four, *name* and *label* what the packet says.
    The content is *packed* itself where no zip of the packet's own wraps the file.
    """
    if not looks_packed(head, name, label):
        raw = is_zip_label(label) and head != _MAGIC and extension(name) != "zip"
        return packed, ("zip-label-raw",) if raw else ()
    found = _only_entry(packed, limits)
    if isinstance(found, str):
        return packed, (found,)
    entry = ZipEntry(packed, name or "", found.file_size, min(found.compress_size, packed.size), limits)
    ids: tuple[str, ...] = () if is_zip_label(label) else ("zip-unlabelled",)
    if not _SEPARATORS.isdisjoint(found.orig_filename) or ".." in found.orig_filename:
        ids += ("zip-entry-path",)
    return entry, (*ids, "zip-bomb") if entry.is_bomb else ids


def _only_entry(packed: Octets, limits: Limits) -> zipfile.ZipInfo | str:
    """Return the zip's only entry, or the id of the deviation that says why there is none to unwrap."""
    try:
        with packed.open() as file:
            _check_end_record(file, packed.size, limits)
            entries = zipfile.ZipFile(cast("BinaryIO", _Sparing(file, limits))).infolist()
    except AttachmentError:
        raise
    except _CrowdedError:
        return "zip-many-entries"
    except _ZIP_FAULTS:
        return "zip-damaged"
    if len(entries) != 1 or entries[0].is_dir():
        return "zip-many-entries"
    if entries[0].flag_bits & _NEEDS_MORE or entries[0].compress_type not in _READABLE:
        return "zip-unsupported"
    return entries[0]


class _CrowdedError(Exception):
    """The zip's directory is larger than one for a single file."""


def _check_end_record(file: BinaryIO, size: int, limits: Limits) -> None:
    """Look at the end record before the directory is read, so that a huge directory never is."""
    start = max(0, size - _END_REACH)
    file.seek(start)
    tail = file.read(_END_REACH)
    at = tail.rfind(_END_MAGIC)
    if at < 0 or len(tail) - at < _END.size:
        raise zipfile.BadZipFile("no end of central directory")
    _, _, _, _, count, length, _, _ = _END.unpack_from(tail, at)
    if count not in (1, _IN_ZIP64[0]) or (length > limits.zip_directory_bytes and length != _IN_ZIP64[1]):
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
