"""One attachment: its names, and its octets as re-openable sources."""

from __future__ import annotations

import re
from typing import Any, BinaryIO, Self

import attrs

from vndoc.envelope.octets import MemoryOctets, Octets, sha256
from vndoc.errors import VndocError
from vndoc.text import shorten

__all__ = ["Attachment", "normalise_content_id"]

_SCHEMES = re.compile(r"(?:cid:\s*)+", re.IGNORECASE)


def normalise_content_id(content_id: str | None) -> str:
    """Return *content_id* without white space and without any number of leading ``cid:``.

    >>> normalise_content_id("cid:cid:209")
    '209'

    Source: practice (writers put none, one or two).
    """
    text = (content_id or "").strip()
    if text[:4].lower() != "cid:":
        return text
    schemes = _SCHEMES.match(text)
    return text if schemes is None else text[schemes.end() :]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Attachment:
    """One attached file.

    ``packed`` are the octets that stand in the packet (behind base64), ``content`` the unpacked file;
    both are the same object where nothing wraps the file. ``label`` (``ContentType``) and ``content_id``
    are kept as they came, so that an untouched attachment is written again as it came; ``None`` lets the
    profile choose when writing. ``field_name``, ``mime_type`` and ``format`` are vendor extensions.

    Two attachments are equal when name, label, size and SHA-256 of the unpacked content are. One that
    cannot be opened equals only itself.
    """

    name: str | None = None
    description: str | None = None
    label: str | None = None
    content_id: str | None = None
    field_name: str | None = None
    mime_type: str | None = None
    format: str | None = None
    packed: Octets
    content: Octets
    _digest: list[bytes] = attrs.field(factory=list, init=False)

    @classmethod
    def of(
        cls,
        content: bytes | Octets,
        *,
        name: str,
        description: str | None = None,
        label: str | None = None,
        content_id: str | None = None,
    ) -> Self:
        """Return an attachment to send.

        *content* is the file itself (octets, or a source that can be re-opened), *name* its file name.
        Packing, label and content id are chosen by the profile that writes it unless given. ``TypeError`` for a text or
        a path: :func:`vndoc.attach` opens files.
        """
        if isinstance(content, str) or hasattr(content, "__fspath__"):
            message = "octets or a source that can be opened again are needed; vndoc.attach takes the path of a file"
            raise TypeError(message)
        source = MemoryOctets(bytes(content)) if isinstance(content, bytes | bytearray | memoryview) else content
        return cls(
            name=name, description=description, label=label, content_id=content_id, packed=source, content=source
        )

    @property
    def is_wrapped(self) -> bool:
        """Return whether the packet carries the file inside a zip of its own."""
        return self.packed is not self.content

    @property
    def size(self) -> int:
        """Return the size of the unpacked file in octets."""
        return self.content.size

    def open(self) -> BinaryIO:
        """Return a new binary file with the unpacked content.

        Raises :class:`~vndoc.errors.AttachmentError` where the base64 or the zip is damaged and
        :class:`~vndoc.errors.LimitError` where it unpacks beyond the limits, at the latest while reading.
        """
        return self.content.open()

    def digest(self) -> bytes:
        """Return the SHA-256 of the unpacked content (32 octets), computed once. Raises as :meth:`open`."""
        if not self._digest:
            self._digest.append(sha256(self.content))
        return self._digest[0]

    def evolve(self, **changes: Any) -> Self:
        """Return a copy with *changes*, by field name."""
        return attrs.evolve(self, **changes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Attachment):
            return NotImplemented
        if self is other:
            return True
        if (self.name, self.label) != (other.name, other.label):
            return False
        try:
            return self.size == other.size and self.digest() == other.digest()
        except VndocError:
            return False

    def __hash__(self) -> int:
        return hash((self.name, self.label))

    def __repr__(self) -> str:
        name, label, content_id = (shorten(text or "") for text in (self.name, self.label, self.content_id))
        return f"Attachment({name!r}, label={label!r}, content_id={content_id!r})"
