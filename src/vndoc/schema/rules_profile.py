"""What a peer accepts: the limits of the profile."""

from __future__ import annotations

from collections.abc import Iterator

from vndoc.edxml import Severity
from vndoc.edxml import elements as table
from vndoc.envelope import DocumentPacket, Organization, TraceHeader
from vndoc.identifiers import OrganCode
from vndoc.schema.rules_attachments import size_of
from vndoc.schema.rules_base import ATTACHMENT, MESSAGE, TRACE, Context, Hit, Rule, nth, rule
from vndoc.text import nfc

__all__ = ["PROFILE_RULES"]

_E = Severity.ERROR


def _source(ctx: Context) -> str:
    return f"{ctx.profile.name}: {ctx.profile.title.en}"


def _codes(ctx: Context) -> Iterator[tuple[str, OrganCode]]:
    """Yield path and agency code of sender, receivers and hops."""
    packet = ctx.packet
    if packet.from_ is not None and packet.from_.organ_id:
        yield f"{MESSAGE}/From/OrganId", packet.from_.organ_id
    if not isinstance(packet, DocumentPacket):
        return
    hops = packet.trace_header_list.trace_headers if packet.trace_header_list is not None else ()
    parts: tuple[tuple[str, tuple[Organization | TraceHeader, ...]], ...] = (
        (f"{MESSAGE}/To", packet.to),
        (f"{TRACE}/TraceHeader", hops),
    )
    for base, items in parts:
        for number, item in enumerate(items, 1):
            if item.organ_id:
                yield f"{nth(base, number, len(items))}/OrganId", item.organ_id


def _code_length(ctx: Context) -> Iterator[Hit]:
    limit = ctx.profile.organ_code_length
    if limit is None:
        return
    for path, code in _codes(ctx):
        if len(code.text) > limit:
            yield Hit(path, code.text, str(limit), _source(ctx))


def _code_groups(ctx: Context) -> Iterator[Hit]:
    limit = ctx.profile.organ_code_groups
    if limit is None:
        return
    for path, code in _codes(ctx):
        if code.text.count(".") >= limit:
            yield Hit(path, code.text, str(limit), _source(ctx))


def _packet_bytes(ctx: Context) -> Iterator[Hit]:
    limit = ctx.profile.packet_bytes
    if limit is not None and ctx.reading.source.size > limit:
        yield Hit(f"/{table.ROOT}", str(ctx.reading.source.size), str(limit), _source(ctx))


def _attachment_bytes(ctx: Context) -> Iterator[Hit]:
    limit = ctx.profile.attachment_bytes
    if limit is None:
        return
    for number, attachment in enumerate(ctx.document.attachments, 1):
        size = size_of(attachment)
        if size is not None and size > limit:
            path = nth(ATTACHMENT, number, len(ctx.document.attachments))
            yield Hit(path, f"{attachment.name} ({size})", str(limit), _source(ctx))


def _names(ctx: Context) -> Iterator[tuple[str, str]]:
    for number, attachment in enumerate(ctx.document.attachments, 1):
        if attachment.name:
            yield f"{nth(ATTACHMENT, number, len(ctx.document.attachments))}/AttachmentName", nfc(attachment.name)


def _name_length(ctx: Context) -> Iterator[Hit]:
    limit = ctx.profile.attachment_name_length
    if limit is None:
        return
    for path, name in _names(ctx):
        if len(name) > limit:
            yield Hit(path, str(len(name)), str(limit), _source(ctx))


def _name_ascii(ctx: Context) -> Iterator[Hit]:
    if not ctx.profile.attachment_name_ascii:
        return
    for path, name in _names(ctx):
        if not name.isascii():
            yield Hit(path, name, None, _source(ctx))


PROFILE_RULES: tuple[Rule, ...] = (
    rule("peer-organ-code-length", _E, "R", "profile",
         "Mã định danh {found} dài hơn {expected} ký tự mà bên nhận chấp nhận.",
         "The agency code {found} has more than the {expected} characters that the peer accepts.",
         _code_length, applies="both"),
    rule("peer-organ-code-groups", _E, "R", "profile",
         "Mã định danh {found} có hơn {expected} nhóm; bên nhận sẽ từ chối.",
         "The agency code {found} has more than {expected} groups; the peer refuses it.", _code_groups, applies="both"),
    rule("peer-packet-size", _E, "R", "profile",
         "Gói tin có {found} byte, bên nhận chỉ chấp nhận {expected}.",
         "The packet has {found} bytes, the peer accepts {expected}.",
         _packet_bytes, applies="both"),
    rule("peer-attachment-size", _E, "R", "profile",
         "Tệp đính kèm {found} lớn hơn {expected} byte mà bên nhận chấp nhận.",
         "The attachment {found} is larger than the {expected} bytes that the peer accepts.", _attachment_bytes),
    rule("peer-attachment-name-length", _E, "R", "profile",
         "Tên tệp dài {found} ký tự, bên nhận chỉ chấp nhận {expected}.",
         "The file name has {found} characters, the peer accepts {expected}.", _name_length),
    rule("peer-attachment-name-ascii", _E, "M", "profile",
         "Tên tệp {found} có dấu; bên nhận chỉ chấp nhận tên không dấu.",
         "The file name {found} has diacritics; the peer accepts none.", _name_ascii),
)  # fmt: skip
"""Limits of peers; their findings name the profile as source."""
