"""Rules over the attachments, and over the manifest that lists them. Nothing is decoded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vndoc.edxml import Reference, Severity
from vndoc.edxml.packing import MissingOctets, extension
from vndoc.envelope import Attachment, normalise_content_id
from vndoc.schema.rules_base import ATTACHMENT, REFERENCE, Context, Hit, Rule, nth, rule
from vndoc.text import nfc
from vndoc.xml import Base64Text

__all__ = ["ATTACHMENT_RULES", "EXECUTABLE", "size_of"]

EXECUTABLE = frozenset({
    "exe", "com", "bat", "cmd", "scr", "pif", "msi", "msp", "msix", "cpl", "dll", "js", "jse", "vbs", "vbe", "wsf",
    "wsh", "ps1", "psm1", "hta", "lnk", "reg", "jar", "apk", "sh", "chm", "application", "gadget", "vb",
})  # fmt: skip
"""Extensions of files that run when they are opened (practice: what mail gateways refuse)."""

_N, _W, _E = Severity.NOTE, Severity.WARNING, Severity.ERROR


def size_of(attachment: Attachment) -> int | None:
    """Return the size of the unpacked file in octets, ``None`` where reading found it damaged. Decodes nothing."""
    content = attachment.content
    if isinstance(content, MissingOctets) or (isinstance(content, Base64Text) and content.damage is not None):
        return None
    return content.size


def _references(ctx: Context) -> tuple[tuple[str, str, Reference], ...]:
    """Return path, normalised content id and entry of everything in the manifest."""
    found = ctx.reading.manifest or ()
    return tuple(
        (nth(REFERENCE, number, len(found)), normalise_content_id(entry.content_id), entry)
        for number, entry in enumerate(found, 1)
    )


def _attachments(ctx: Context) -> tuple[tuple[str, str, Attachment], ...]:
    """Return path, normalised content id and value of every attachment."""
    found = ctx.document.attachments
    return tuple(
        (nth(ATTACHMENT, number, len(found)), normalise_content_id(one.content_id), one)
        for number, one in enumerate(found, 1)
    )


def _lists_files(ctx: Context) -> bool:
    return bool(ctx.reading.manifest)


def _has_files(ctx: Context) -> bool:
    return bool(ctx.document.attachments)


def _reference_alone(ctx: Context) -> Iterator[Hit]:
    known = {id_ for _, id_, _ in _attachments(ctx)}
    for path, id_, _ in _references(ctx):
        if id_ and id_ not in known:
            yield Hit(path, id_)


def _attachment_alone(ctx: Context) -> Iterator[Hit]:
    if ctx.reading.manifest is None:
        return
    known = {id_ for _, id_, _ in _references(ctx)}
    for path, id_, _ in _attachments(ctx):
        if id_ and id_ not in known:
            yield Hit(path, id_)


def _doubled(ctx: Context) -> Iterator[Hit]:
    parts: tuple[Sequence[tuple[str, str, object]], ...] = (_references(ctx), _attachments(ctx))
    for entries in parts:
        seen: set[str] = set()
        for path, id_, _ in entries:
            if id_ and id_ in seen:
                yield Hit(f"{path}/ContentId", id_)
            seen.add(id_)


def _name(name: str | None) -> str:
    return nfc((name or "").strip())


def _names_differ(ctx: Context) -> Iterator[Hit]:
    names: dict[str, str] = {}
    for _, id_, attachment in _attachments(ctx):
        names.setdefault(id_, _name(attachment.name))
    for path, id_, entry in _references(ctx):
        listed, real = _name(entry.attachment_name), names.get(id_)
        if id_ and listed and real and listed != real:
            yield Hit(f"{path}/AttachmentName", listed, real)


def _name_doubled(ctx: Context) -> Iterator[Hit]:
    seen: set[str] = set()
    for path, _, attachment in _attachments(ctx):
        name = _name(attachment.name)
        if name and name in seen:
            yield Hit(f"{path}/AttachmentName", name)
        seen.add(name)


def _empty(ctx: Context) -> Iterator[Hit]:
    for path, id_, attachment in _attachments(ctx):
        if size_of(attachment) == 0:
            yield Hit(path, attachment.name or id_)


def _executable(ctx: Context) -> Iterator[Hit]:
    for path, _, attachment in _attachments(ctx):
        if extension(attachment.name) in EXECUTABLE:
            yield Hit(f"{path}/AttachmentName", attachment.name)


ATTACHMENT_RULES: tuple[Rule, ...] = (
    rule("reference-without-attachment", _E, "M", "QCVN 102; 4.6(5)",
         "Mục {found} trong danh mục không có tệp đính kèm tương ứng.", "The manifest entry {found} has no attachment.",
         _reference_alone, when=_lists_files),
    rule("attachment-without-reference", _E, "M", "QCVN 102; 4.6(5)",
         "Tệp đính kèm {found} không có trong danh mục.", "The attachment {found} is not in the manifest.",
         _attachment_alone, when=_has_files),
    rule("content-id-repeated", _E, "M", "QCVN 102; 4.6(5)",
         "Mã nội dung {found} lặp lại.", "The content id {found} stands more than once.", _doubled),
    rule("attachment-name-mismatch", _E, "M", "QCVN 102; 4.6(5)",
         "Danh mục ghi tên tệp {found}, tệp đính kèm ghi {expected}.",
         "The manifest calls the file {found}, the attachment calls it {expected}.", _names_differ, when=_lists_files),
    rule("attachment-name-doubled", _N, None, "practice",
         "Hai tệp đính kèm cùng tên {found}.", "Two attachments have the name {found}.", _name_doubled,
         when=_has_files),
    rule("attachment-empty", _W, "R", "practice",
         "Tệp đính kèm {found} rỗng (0 byte).", "The attachment {found} is empty (0 bytes).", _empty, when=_has_files),
    rule("attachment-executable", _W, "M", "13; practice",
         "Tệp đính kèm {found} là loại tệp chạy được.", "The attachment {found} is of a kind that runs when opened.",
         _executable, when=_has_files),
)  # fmt: skip
"""Rules over manifest and attachments."""
