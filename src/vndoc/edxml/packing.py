"""How files are packed into attachments: raw, or as the only entry of a zip.

What concerns the zip itself is in :mod:`vndoc.edxml.zips`, which is loaded when one is met.

Source: practice (section 4.3.5 of the protocol: what the writers do and the reader algorithm).
"""

from __future__ import annotations

import unicodedata
from typing import BinaryIO

import attrs

from vndoc.envelope import Octets
from vndoc.errors import AttachmentError, LimitError
from vndoc.limits import Limits
from vndoc.text import safe_filename

__all__ = [
    "ZIP_LABEL",
    "Budget",
    "MissingOctets",
    "RefusedOctets",
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
    if name.isprintable() and name[:1].isascii() and name[:1].isalnum() and _SEPARATORS.isdisjoint(name):
        return None  # what begins like that is a name whatever follows
    controls = not name.isprintable() and any(unicodedata.category(ch) in _CONTROLS for ch in name)
    if controls or not _SEPARATORS.isdisjoint(name) or (name and not safe_filename(name, fallback="")):
        return "attachment-name-unsafe"
    return None


@attrs.frozen
class MissingOctets:
    """Stands for content that the packet does not have, or not in one piece.

    Opening it raises *code*, ``content-missing`` or ``base64-children``.
    """

    name: str
    code: str = "content-missing"

    @property
    def size(self) -> int:
        """Raise :class:`~vndoc.errors.AttachmentError`."""
        raise self._error()

    def open(self) -> BinaryIO:
        """Raise :class:`~vndoc.errors.AttachmentError`."""
        raise self._error()

    def _error(self) -> AttachmentError:
        if self.code == "content-missing":
            return AttachmentError("content-missing", name=self.name)
        return AttachmentError("base64-children", name=self.name)


@attrs.frozen
class RefusedOctets:
    """Stands for content of *size* octets that is beyond a limit: opening it raises *code*."""

    name: str
    size: int
    code: str
    limit: int

    def open(self) -> BinaryIO:
        """Raise :class:`~vndoc.errors.LimitError`."""
        raise LimitError(self.code, name=self.name, limit=self.limit)


class Budget:
    """What the zips of one packet may still unpack to. Not for several packets, nor for several threads."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.free = limits.unpack_free_bytes
        """Octets that may still be unpacked from zips whose ratio is beyond the limit."""
        self.left = limits.unpacked_bytes
        """Octets that may still be unpacked in all."""

    def excess(self, size: int, packed: int) -> tuple[str, int] | None:
        """Take *size* octets out of the budget that unpack from *packed* ones.

        Returns the error code and the limit if they exceed one; nothing is taken then.
        """
        limits = self.limits
        if size > limits.attachment_bytes:
            return "limit-attachment-bytes", limits.attachment_bytes
        if size > packed * limits.unpack_ratio:
            if size > self.free:
                return "limit-unpack-ratio", limits.unpack_ratio
            free = size
        else:
            free = 0
        if size > self.left:
            return "limit-unpacked-bytes", limits.unpacked_bytes
        self.free -= free
        self.left -= size
        return None


def unpack(
    packed: Octets,
    *,
    head: bytes,
    name: str | None,
    label: str | None,
    limits: Limits,
    budget: Budget | None = None,
) -> tuple[Octets, tuple[str, ...]]:
    """Return the unpacked content of an attachment and the ids of the deviations its packing shows.

    *packed* are the octets behind base64, *head* their first four, *name* and *label* what the packet says,
    *budget* what all attachments of the packet share (left out: this is the only one).
    The content is *packed* itself where no zip of the packet's own wraps the file.
    """
    if not looks_packed(head, name, label):
        raw = is_zip_label(label) and head != _MAGIC and extension(name) != "zip"
        return packed, ("zip-label-raw",) if raw else ()
    from vndoc.edxml.zips import ZipEntry, only_entry  # noqa: PLC0415 - zipfile is slow to load, most packets have none

    found = only_entry(packed, limits)
    if isinstance(found, str):
        return packed, (found,)
    ids: tuple[str, ...] = () if is_zip_label(label) else ("zip-unlabelled",)
    if not _SEPARATORS.isdisjoint(found.orig_filename) or ".." in found.orig_filename:
        ids += ("zip-entry-path",)
    size = found.file_size
    excess = (budget or Budget(limits)).excess(size, min(found.compress_size, packed.size))
    if excess is not None:
        return RefusedOctets(name or "", size, *excess), (*ids, "zip-bomb")
    return ZipEntry(packed, name or "", size), ids
