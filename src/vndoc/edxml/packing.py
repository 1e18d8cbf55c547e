"""How files are packed into attachments: raw, or as the only entry of a zip.

What concerns the zip itself is in :mod:`vndoc.edxml.zips`, which is loaded when one is met.

Source: practice (section 4.3.5 of the protocol: what the writers do and the reader algorithm).
"""

from __future__ import annotations

import unicodedata
from typing import BinaryIO

import attrs

from vndoc.envelope import Octets
from vndoc.errors import AttachmentError
from vndoc.limits import Limits
from vndoc.text import safe_filename

__all__ = [
    "ZIP_LABEL",
    "MissingOctets",
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
    from vndoc.edxml.zips import ZipEntry, only_entry  # noqa: PLC0415 - zipfile is slow to load, most packets have none

    found = only_entry(packed, limits)
    if isinstance(found, str):
        return packed, (found,)
    entry = ZipEntry(packed, name or "", found.file_size, min(found.compress_size, packed.size), limits)
    ids: tuple[str, ...] = () if is_zip_label(label) else ("zip-unlabelled",)
    if not _SEPARATORS.isdisjoint(found.orig_filename) or ".." in found.orig_filename:
        ids += ("zip-entry-path",)
    return entry, (*ids, "zip-bomb") if entry.is_bomb else ids
