"""From a packet value to octets: strict, table-driven, streaming.

The header is a few kilobytes and is made in memory, after everything mandatory was found to be there;
attachments are encoded piece by piece, so that a file of a gigabyte never sits in memory. Nothing that is
missing is invented: an absent mandatory element is an error that names its path.
"""

from __future__ import annotations

import errno
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import attrs
import pybase64

from vndoc.edxml import elements as table
from vndoc.edxml._layout import layout_of
from vndoc.edxml.markup import signature_lines
from vndoc.edxml.packing import ZIP_LABEL, extension, unpack
from vndoc.edxml.precheck import attachment_path, check, check_content_ids
from vndoc.edxml.profiles import Profile, honest_label
from vndoc.envelope import Attachment, DocumentPacket, Octets, Packet, normalise_content_id
from vndoc.errors import AttachmentError, LimitError, Place
from vndoc.limits import DEFAULT

__all__ = ["Wire", "content_ids", "wire_form", "write"]

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_CHUNK = 3 * 64 * 1024
_LIES = frozenset({"zip-label-raw", "zip-unlabelled"})


class Sink(Protocol):
    """What octets are written to."""

    def write(self, data: bytes, /) -> object:
        """Take *data*, or as many octets of it as the number that is returned."""


@attrs.frozen
class Wire:
    """How one attachment travels: content id, label, the octets behind base64, and whether to zip them on the way."""

    attachment: Attachment
    content_id: str
    label: str
    octets: Octets
    zipped: bool


def write(packet: Packet, profile: Profile, sink: Sink) -> None:
    """Write *packet* to *sink* in the form of *profile*.

    Nothing is written before the packet has passed the checks of the profile and every attachment was opened; one
    that is unpacked or packed anew on the way is read once before. What *sink* raises goes through; one that
    takes nothing more gives :class:`BlockingIOError`. Raises
    :class:`~vndoc.errors.WriteError` for missing or impossible values,
    :class:`~vndoc.errors.AttachmentError` or :class:`~vndoc.errors.LimitError` where an attachment cannot be had.
    """
    check(packet, profile)
    attachments = packet.attachments if isinstance(packet, DocumentPacket) else ()
    ids = tuple(content_ids(attachments, profile))
    if profile.strict:
        check_content_ids(ids)
    wires: list[Wire] = []
    for attachment, id_ in zip(attachments, ids, strict=True):
        with _at(len(wires) + 1, len(attachments)):
            wires.append(wire_form(attachment, id_, profile))
    writer = _Writer(profile, sink)
    head = writer.head(packet, wires)
    for number, wire in enumerate(wires, 1):
        if wire.zipped or wire.octets is not wire.attachment.packed:
            with _at(number, len(wires)):
                wire.attachment.digest()
    writer.packet(packet, head, wires)


@contextmanager
def _at(number: int, count: int) -> Iterator[None]:
    """Say in errors of the attachment *number* of *count* which one it is."""
    try:
        yield
    except (AttachmentError, LimitError) as error:
        error.place = error.place or Place(attachment_path(number, count))
        raise


def content_ids(attachments: tuple[Attachment, ...], profile: Profile) -> Iterator[str]:
    """Yield the content id under which each attachment travels: its own, or the next number that is free."""
    taken = {normalise_content_id(a.content_id) for a in attachments}
    number = 0
    for attachment in attachments:
        bare = normalise_content_id(attachment.content_id)
        if not bare:
            number += 1
            while str(number) in taken:
                number += 1
            yield f"cid:{number}"
        else:
            yield (attachment.content_id or "") if profile.keep_wire else f"cid:{bare}"


def wire_form(attachment: Attachment, content_id: str, profile: Profile) -> Wire:
    """Return how an attachment travels under *profile*: so that a reader gets the file back as it is.

    What a reader would make of octets and label is asked of :func:`vndoc.edxml.packing.unpack`. Raises
    :class:`~vndoc.errors.AttachmentError` where the attachment cannot be opened.
    """
    name, label, packed, content = attachment.name, attachment.label, attachment.packed, attachment.content
    if profile.keep_wire and label:
        raw, oddities = _as_read(packed, name, label)
        if raw is not attachment.is_wrapped and _LIES.isdisjoint(oddities):
            return Wire(attachment, content_id, label, packed, False)
    for chosen in (None if attachment.is_wrapped else label, _raw_label(name, profile)):
        if chosen and _as_read(content, name, chosen) == (True, ()):
            return Wire(attachment, content_id, chosen, content, False)
    if extension(name) == "zip":  # a zip around it would not be taken off
        return Wire(attachment, content_id, honest_label(""), content, False)
    if attachment.is_wrapped and _as_read(packed, name, ZIP_LABEL) == (False, ()):
        return Wire(attachment, content_id, ZIP_LABEL, packed, False)
    return Wire(attachment, content_id, ZIP_LABEL, content, True)


def _as_read(octets: Octets, name: str | None, label: str) -> tuple[bool, tuple[str, ...]]:
    """Return whether a reader takes *octets* for the file itself, and what it finds odd about them."""
    with octets.open() as file:
        head = file.read(4)
    found, oddities = unpack(octets, head=head, name=name, label=label, limits=DEFAULT)
    return found is octets, oddities


def _raw_label(name: str | None, profile: Profile) -> str | None:
    """Return the label under which a file called *name* travels raw, or ``None`` where the profile zips it."""
    if profile.raw_labels is None:
        return honest_label(extension(name))
    ending = (name or "").rpartition(".")[2] if profile.extension_case else extension(name)
    return profile.raw_labels.get(ending)


class _Writer:
    """One packet on its way to one sink."""

    def __init__(self, profile: Profile, sink: Sink) -> None:
        self.profile = profile
        self.layout = layout_of(profile)
        self.sink = _Complete(sink)

    def head(self, packet: Packet, wires: Sequence[Wire]) -> list[str]:
        """Return the lines up to the attachments; everything that can be refused is refused here."""
        lines = [_DECLARATION, f'<{table.ROOT} xmlns="{table.NAMESPACE}">']
        envelope = f"{table.PREFIX}:{table.ENVELOPE}"
        lines.append(self.pad(1) + f'<{envelope} xmlns:{table.PREFIX}="{table.NAMESPACE}">')
        self.header(packet, lines)
        if isinstance(packet, DocumentPacket):
            self.body(wires, lines)
        lines.append(self.pad(1) + f"</{envelope}>")
        return lines

    def packet(self, packet: Packet, head: list[str], wires: Sequence[Wire]) -> None:
        """Write the whole file."""
        self.emit(head)
        if isinstance(packet, DocumentPacket):
            self.attachments(wires)
        self.emit([f"</{table.ROOT}>"])

    def emit(self, lines: list[str]) -> None:
        """Write whole lines."""
        end = self.profile.line_end
        self.sink.write((end.join(lines) + end).encode())

    def pad(self, depth: int) -> str:
        """Return the indentation of *depth*."""
        return self.profile.indent * depth

    def header(self, packet: Packet, lines: list[str]) -> None:
        """Add the lines of ``edXMLHeader``."""
        name = f"{table.PREFIX}:{table.HEADER}"
        lines.append(self.pad(2) + f"<{name}>")
        if isinstance(packet, DocumentPacket):
            self.layout.document.add(packet, lines)
            if packet.trace_header_list is not None:
                self.layout.traces.add(packet.trace_header_list, lines)
            if packet.signature is not None:
                lines += signature_lines(packet.signature, self.profile)
        else:
            self.layout.status.add(packet, lines)
        lines.append(self.pad(2) + f"</{name}>")

    # -- body and attachments ----------------------------------------------------------------------

    def body(self, wires: Sequence[Wire], lines: list[str]) -> None:
        """Add the lines of ``edXMLBody`` with the manifest, derived from the attachments."""
        body = f"{table.PREFIX}:{table.BODY}"
        lines.append(f"{self.pad(2)}<{body}>")
        before = len(lines)
        self.layout.manifest.add(
            [
                table.Reference(
                    content_id=wire.content_id,
                    content_type=self.profile.reference_label or wire.label,
                    description=wire.attachment.description,
                    attachment_name=wire.attachment.name,
                )
                for wire in wires
            ],
            lines,
        )
        if len(lines) == before:
            lines.append(self.layout.manifest.start + " />")
        lines.append(f"{self.pad(2)}</{body}>")

    def attachments(self, wires: Sequence[Wire]) -> None:
        """Write ``AttachmentEncoded``, streaming."""
        if not wires:
            self.emit([f"{self.pad(1)}<{table.ATTACHMENT_ENCODED} />"])
            return
        self.emit([f"{self.pad(1)}<{table.ATTACHMENT_ENCODED}>"])
        for wire in wires:
            self.attachment(wire)
        self.emit([f"{self.pad(1)}</{table.ATTACHMENT_ENCODED}>"])

    def attachment(self, wire: Wire) -> None:
        """Write one ``Attachment``, streaming."""
        form = self.layout.attachment
        lines = [form.start + ">"]
        form.add_inner(attrs.evolve(wire.attachment, content_id=wire.content_id, label=wire.label), lines)
        self.emit(lines)
        tag = f"{table.PREFIX}:{table.ATTACHMENT.children[-1].name}"
        self.sink.write(f'{self.pad(3)}<{tag} xmlns:{table.PREFIX}="{table.NAMESPACE}">'.encode())
        encoder = _Base64(self.sink)
        if wire.zipped:
            from vndoc.edxml.zips import zip_to  # noqa: PLC0415 - as in packing

            zip_to(encoder, wire.attachment, wire.content_id)
        else:
            with wire.octets.open() as file:
                while chunk := file.read(_CHUNK):
                    encoder.write(chunk)
        encoder.finish()
        self.emit([f"</{tag}>", form.end])


@attrs.frozen
class _Complete:
    """A sink that takes all octets, whatever the file behind it takes at a time: an unbuffered one may take fewer."""

    sink: Sink

    def write(self, data: bytes) -> None:
        taken = self.sink.write(data)
        while isinstance(taken, int) and 0 < taken < len(data):
            data = data[taken:]
            taken = self.sink.write(data)
        if (taken == 0 and data) or (taken is None and isinstance(self.sink, io.RawIOBase)):
            raise BlockingIOError(errno.EAGAIN, "it takes no more octets now")


class _Base64(io.RawIOBase):
    """Encodes what is written to it as base64 in one line."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._rest = b""

    def write(self, data: Any) -> int:
        size = len(data)
        block = self._rest + bytes(data) if self._rest else data
        whole = len(block) - len(block) % 3
        self._rest = bytes(block[whole:])
        if whole:
            self._sink.write(pybase64.b64encode(block[:whole]))
        return size

    def finish(self) -> None:
        """Write what is left, with padding."""
        if self._rest:
            self._sink.write(pybase64.b64encode(self._rest))
            self._rest = b""
