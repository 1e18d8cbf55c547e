"""What must hold before a single octet of a packet is written."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import attrs

from vndoc.edxml import elements as table
from vndoc.edxml.elements import Element, Kind
from vndoc.edxml.markup import illegal_character
from vndoc.edxml.packing import name_oddity
from vndoc.edxml.profiles import Profile
from vndoc.envelope import Attachment, DocumentPacket, Packet, SignatureMarkup, StatusPacket, normalise_content_id
from vndoc.envelope.codes import ALL_LISTS
from vndoc.errors import Place, WriteError
from vndoc.identifiers import OrganCode
from vndoc.text import Text

__all__ = ["attachment_path", "check", "check_content_ids", "missing", "values"]

_HEADER = f"/{table.ROOT}/{table.ENVELOPE}/{table.HEADER}"
_CLOSED = frozenset(
    {"priority", "paper", "bussiness-doc-type", "receiver-type", "changed", "status-code", "document-class"}
)
_REGULAR_CODE = Text(
    "mã định danh theo QCVN 102:2016 hoặc Quyết định 20/2020/QĐ-TTg",
    "an agency code of QCVN 102:2016 or Decision 20/2020",
)
_PLAIN_NAME = Text(
    "tên tệp không có đường dẫn, ký tự điều khiển hay dấu > ở cuối",
    "a file name without path, control characters and a stray >",
)
_LOCAL_TIME = Text("ngày giờ Việt Nam không kèm múi giờ", "date and time in Vietnam without offset")
_OWN_ID = Text("mã nội dung không trùng với tệp khác", "a content id that no other attachment has")
_CLOSED_LISTS = {codes.id: tuple(e.code for e in codes.entries) for codes in ALL_LISTS if codes.id in _CLOSED}


def check(packet: Packet, profile: Profile) -> None:
    """Raise :class:`~vndoc.errors.WriteError` unless *packet* can be written under *profile*.

    ``missing-element`` names the paths of all absent mandatory elements at once; ``value-not-allowed`` and
    ``text-not-xml`` name the place of the first value that cannot be written.
    """
    _check_models(packet)
    absent = [*missing(packet), *(_hops_without_agency(packet) if profile.strict else ())]
    if absent:
        raise WriteError("missing-element", paths=", ".join(absent), place=Place(absent[0]))
    for path, row, value in values(packet):
        _check_value(path, row, value, profile)
    sender = packet.from_.organ_id if packet.from_ else None
    if profile.strict and sender is not None and not sender.is_regular:
        raise _refusal(f"{_HEADER}/MessageHeader/From/OrganId", str(sender), _REGULAR_CODE)


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
            if _is_absent(attachment.name):
                yield f"{attachment_path(number, len(packet.attachments))}/AttachmentName"
    else:
        yield from _missing_in(table.STATUS, packet, f"{_HEADER}/MessageHeader")


def _hops_without_agency(packet: Packet) -> Iterator[str]:
    """Yield where a hop names no agency: axes may do so (C-14), nobody else should."""
    if isinstance(packet, DocumentPacket) and packet.trace_header_list is not None:
        hops = packet.trace_header_list.trace_headers
        for number, hop in enumerate(hops, 1):
            if _is_absent(hop.organ_id):
                index = f"[{number}]" if len(hops) > 1 else ""
                yield f"{_HEADER}/TraceHeaderList/TraceHeader{index}/OrganId"


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
        path = attachment_path(number, len(packet.attachments))
        for child in table.ATTACHMENT.children[:-1]:
            yield f"{path}/{child.name}", child, getattr(attachment, child.field)


def attachment_path(number: int, count: int) -> str:
    """Return where attachment *number* of *count* stands."""
    index = f"[{number}]" if count > 1 else ""
    return f"/{table.ROOT}/{table.ATTACHMENT_ENCODED}/{table.ATTACHMENT.name}{index}"


def _values_in(row: Element, value: Any, path: str) -> Iterator[tuple[str, Element, Any]]:
    for name, field in row.carried:
        yield f"{path}/@{name}", _ATTRIBUTE, getattr(value, field)
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


def _check_models(packet: Any) -> None:
    """Refuse what stands where a block belongs and is no value of its model."""
    if not isinstance(packet, DocumentPacket | StatusPacket):
        raise _refusal(f"{_HEADER}/MessageHeader", type(packet).__name__, "DocumentPacket | StatusPacket")
    if isinstance(packet, StatusPacket):
        _check_block(table.STATUS, packet, f"{_HEADER}/MessageHeader")
        return
    _check_block(table.DOCUMENT, packet, f"{_HEADER}/MessageHeader")
    if packet.trace_header_list is not None:
        _check_block(table.TRACE_HEADER_LIST, packet.trace_header_list, f"{_HEADER}/TraceHeaderList")
    if not isinstance(packet.signature, SignatureMarkup | None):
        raise _refusal(f"{_HEADER}/{table.SIGNATURE}", type(packet.signature).__name__, SignatureMarkup.__name__)
    for number, attachment in enumerate(packet.attachments, 1):
        if not isinstance(attachment, Attachment):
            raise _refusal(
                attachment_path(number, len(packet.attachments)), type(attachment).__name__, Attachment.__name__
            )


def _check_block(row: Element, value: Any, path: str) -> None:
    model = row.model or type(None)
    if not isinstance(value, model):
        raise _refusal(path, type(value).__name__, model.__name__)
    for child in row.children:
        leaf = child.children[0] if child.kind is Kind.WRAPPER else child
        item = getattr(value, child.field)
        below = f"{path}/{child.name}" + (f"/{leaf.name}" if leaf is not child else "")
        if leaf.kind is not Kind.BLOCK or item is None:
            continue
        for number, one in enumerate(item if leaf.repeats else (item,), 1):
            _check_block(leaf, one, f"{below}[{number}]" if leaf.repeats and len(item) > 1 else below)


_ATTRIBUTE = table.DOCUMENT.child("Subject")
_TEXT: tuple[type, ...] = (str,)
_TYPES: dict[Kind, tuple[type, ...]] = {
    Kind.INTEGER: (int,),
    Kind.BOOLEAN: (bool,),
    Kind.DATE: (datetime.date,),
    Kind.TIMESTAMP: (datetime.date,),
    Kind.ORGAN_CODE: (OrganCode,),
}
_SUBCLASSES: dict[Kind, type] = {Kind.INTEGER: bool, Kind.DATE: datetime.datetime}
"""Kind of value -> the class derived from its own that does not count as one."""

_INTEGERS = 10**18
"""What the reader takes: at most 18 digits."""


def _check_value(path: str, row: Element, value: Any, profile: Profile) -> None:
    if value is None:
        return
    if not _has_type(row, value):
        raise _refusal(path, type(value).__name__, _TYPES.get(row.kind, _TEXT)[0].__name__)
    if isinstance(value, str | OrganCode):
        bad = illegal_character(str(value))
        if bad is not None:
            raise WriteError("text-not-xml", found=f"{ord(bad):04X}", place=Place(path))
    if row.kind is Kind.INTEGER:
        _check_integer(path, row, value, profile)
    elif row.kind is Kind.TIMESTAMP:
        _check_timestamp(path, value)
    elif profile.strict and row in _FILE_NAMES and name_oddity(value) is not None:
        raise _refusal(path, value, _PLAIN_NAME)
    if profile.strict and row.codes in _CLOSED_LISTS and value not in _CLOSED_LISTS[row.codes]:
        raise _refusal(path, str(value), ", ".join(map(str, _CLOSED_LISTS[row.codes])))


def _has_type(row: Element, value: object) -> bool:
    return isinstance(value, _TYPES.get(row.kind, _TEXT)) and not isinstance(value, _SUBCLASSES.get(row.kind, ()))


_FILE_NAMES = (table.ATTACHMENT.child("AttachmentName"),)


def _check_integer(path: str, row: Element, value: int, profile: Profile) -> None:
    if not -_INTEGERS < value < _INTEGERS:
        raise _refusal(path, "> 10^18", "-10^18 < n < 10^18")
    lower = 1 if profile.strict and row.codes == "document-type" else row.lower
    if lower is not None and value < lower:
        raise _refusal(path, str(value), f">= {lower}")


def _check_timestamp(path: str, value: datetime.date) -> None:
    if not isinstance(value, datetime.datetime) or value.tzinfo is not None:
        raise _refusal(path, value.isoformat(), _LOCAL_TIME)


def check_content_ids(content_ids: tuple[str, ...]) -> None:
    """Raise :class:`~vndoc.errors.WriteError` ``value-not-allowed`` for a content id that stands twice."""
    seen: set[str] = set()
    for number, raw in enumerate(content_ids, 1):
        key = normalise_content_id(raw)
        if key in seen:
            raise _refusal(f"{attachment_path(number, len(content_ids))}/ContentId", raw, _OWN_ID)
        seen.add(key)


def _refusal(path: str, found: str, expected: str | Text) -> WriteError:
    return WriteError("value-not-allowed", found=found, expected=expected, place=Place(path))
