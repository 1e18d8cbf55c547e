"""What must hold before a single octet of a packet is written."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import attrs

from vndoc.edxml import elements as table
from vndoc.edxml.elements import Element, Kind
from vndoc.edxml.markup import illegal_character
from vndoc.edxml.profiles import Profile
from vndoc.envelope import DocumentPacket, Packet, normalise_content_id
from vndoc.envelope.codes import ALL_LISTS
from vndoc.errors import Place, WriteError
from vndoc.identifiers import OrganCode

__all__ = ["check", "missing", "values"]

_HEADER = f"/{table.ROOT}/{table.ENVELOPE}/{table.HEADER}"
_CLOSED = frozenset({"priority", "paper", "bussiness-doc-type", "receiver-type", "changed", "status-code"})
_CLOSED_LISTS = {codes.id: tuple(e.code for e in codes.entries) for codes in ALL_LISTS if codes.id in _CLOSED}


def check(packet: Packet, profile: Profile, content_ids: tuple[str, ...]) -> None:
    """Raise :class:`~vndoc.errors.WriteError` unless *packet* can be written under *profile*.

    ``missing-element`` names the paths of all absent mandatory elements at once; ``value-not-allowed`` and
    ``text-not-xml`` name the place of the first value that cannot be written.
    """
    absent = list(missing(packet))
    if absent:
        raise WriteError("missing-element", paths=", ".join(absent), place=Place(absent[0]))
    for path, row, value in values(packet):
        _check_value(path, row, value, profile)
    if profile.strict:
        _check_content_ids(content_ids)
        sender = packet.from_.organ_id if packet.from_ else None
        if sender is not None and not sender.is_regular:
            raise _refusal(f"{_HEADER}/MessageHeader/From/OrganId", str(sender), "QCVN 102 / 20/2020/QĐ-TTg")


def missing(packet: Packet) -> Iterator[str]:
    """Yield the path of each mandatory element that *packet* lacks, in the order of the element table."""
    if isinstance(packet, DocumentPacket):
        yield from _missing_in(table.DOCUMENT, packet, f"{_HEADER}/MessageHeader")
        trace = f"{_HEADER}/TraceHeaderList"
        if packet.trace_header_list is None:
            yield trace
        else:
            yield from _missing_in(table.TRACE_HEADER_LIST, packet.trace_header_list, trace)
        for number, attachment in enumerate(packet.attachments, 1):
            if not attachment.name:
                yield f"/{table.ROOT}/{table.ATTACHMENT_ENCODED}/Attachment[{number}]/AttachmentName"
    else:
        yield from _missing_in(table.STATUS, packet, f"{_HEADER}/MessageHeader")


def _missing_in(row: Element, value: Any, path: str) -> Iterator[str]:
    for child in row.children:
        item = getattr(value, child.field)
        below = f"{path}/{child.name}"
        if _is_absent(item):
            if child.minimum:
                yield below
        elif child.kind is Kind.WRAPPER:
            inner = child.children[0]
            yield from _missing_in_items(inner, item, f"{below}/{inner.name}")
        elif child.repeats:
            yield from _missing_in_items(child, item, below)
        elif child.kind is Kind.BLOCK:
            yield from _missing_in(child, item, below)


def _missing_in_items(row: Element, items: tuple[Any, ...], path: str) -> Iterator[str]:
    for number, item in enumerate(items, 1):
        here = f"{path}[{number}]" if len(items) > 1 else path
        if _is_absent(item):
            yield here
        elif row.kind is Kind.BLOCK:
            yield from _missing_in(row, item, here)


def _is_absent(value: Any) -> bool:
    if value is None or value == () or (isinstance(value, str | OrganCode) and not str(value).strip()):
        return True
    return bool(attrs.has(type(value)) and not isinstance(value, OrganCode) and _is_hollow(value))


def _is_hollow(value: Any) -> bool:
    return all(_is_absent(getattr(value, field.name)) for field in attrs.fields(type(value)))


def values(packet: Packet) -> Iterator[tuple[str, Element, Any]]:
    """Yield path, row and value of what *packet* holds below its blocks, in the order of the element table.

    Attributes come with a path that ends in ``/@name``; the names of attachments may be ``None``.
    """
    if not isinstance(packet, DocumentPacket):
        yield from _values_in(table.STATUS, packet, f"{_HEADER}/MessageHeader")
        return
    yield from _values_in(table.DOCUMENT, packet, f"{_HEADER}/MessageHeader")
    if packet.trace_header_list is not None:
        yield from _values_in(table.TRACE_HEADER_LIST, packet.trace_header_list, f"{_HEADER}/TraceHeaderList")
    for number, attachment in enumerate(packet.attachments, 1):
        path = f"/{table.ROOT}/{table.ATTACHMENT_ENCODED}/Attachment[{number}]"
        for child in table.ATTACHMENT.children[:-1]:
            yield f"{path}/{child.name}", child, getattr(attachment, child.field)


def _values_in(row: Element, value: Any, path: str) -> Iterator[tuple[str, Element, Any]]:
    for attribute in row.attributes:
        if attribute.field:
            yield f"{path}/@{attribute.name}", _ATTRIBUTE, getattr(value, attribute.field)
    for child in row.children:
        item = getattr(value, child.field)
        below = f"{path}/{child.name}"
        if item is None:
            continue
        leaf = child
        if child.kind is Kind.WRAPPER:
            leaf = child.children[0]
            below = f"{below}/{leaf.name}"
        for number, one in enumerate(item if leaf.repeats else (item,), 1):
            here = f"{below}[{number}]" if leaf.repeats and len(item) > 1 else below
            if leaf.kind is Kind.BLOCK:
                yield from _values_in(leaf, one, here)
            else:
                yield here, leaf, one


_ATTRIBUTE = table.DOCUMENT.child("Subject")
_TYPES: dict[Kind, tuple[type, ...]] = {
    Kind.INTEGER: (int,),
    Kind.BOOLEAN: (bool,),
    Kind.DATE: (datetime.date,),
    Kind.TIMESTAMP: (datetime.date,),
    Kind.ORGAN_CODE: (OrganCode,),
}


def _check_value(path: str, row: Element, value: Any, profile: Profile) -> None:
    if value is None:
        return
    if not isinstance(value, _TYPES.get(row.kind, (str,))) or (row.kind is Kind.INTEGER and isinstance(value, bool)):
        raise _refusal(path, repr(value), row.kind.value)
    if profile.strict and row.codes in _CLOSED_LISTS and value not in _CLOSED_LISTS[row.codes]:
        raise _refusal(path, str(value), ", ".join(map(str, _CLOSED_LISTS[row.codes])))
    if isinstance(value, str | OrganCode):
        bad = illegal_character(str(value))
        if bad is not None:
            raise WriteError("text-not-xml", found=f"{ord(bad):04X}", place=Place(path))
        return
    if row.lower is not None and value < row.lower:
        raise _refusal(path, str(value), f">= {row.lower}")
    if row.kind is Kind.TIMESTAMP and not isinstance(value, datetime.datetime):
        raise _refusal(path, str(value), "yyyy/MM/dd HH:mm:ss")


def _check_content_ids(content_ids: tuple[str, ...]) -> None:
    seen: set[str] = set()
    for number, raw in enumerate(content_ids, 1):
        key = normalise_content_id(raw)
        if not key or key in seen:
            path = f"/{table.ROOT}/{table.ATTACHMENT_ENCODED}/Attachment[{number}]/ContentId"
            raise _refusal(path, raw, "unique")
        seen.add(key)


def _refusal(path: str, found: str, expected: str) -> WriteError:
    return WriteError("value-not-allowed", found=found, expected=expected, place=Place(path))
