"""What must hold before a single octet of a packet is written."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import attrs

from vndoc.edxml import elements as table
from vndoc.edxml._layout import getter
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
_MESSAGE, _TRACE = f"{_HEADER}/{table.DOCUMENT.name}", f"{_HEADER}/{table.TRACE_HEADER_LIST.name}"
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
    for path, row, value, demand in _leaves(packet):
        kind = type(value)
        if kind is not demand.plain or (kind is str and not value.isprintable()):
            _check_value(path, row, value, demand, profile)
    sender = packet.from_.organ_id if packet.from_ else None
    if profile.strict and sender is not None and not sender.is_regular:
        raise _refusal(f"{_MESSAGE}/From/OrganId", str(sender), _REGULAR_CODE)


# -- the element table, made ready ---------------------------------------------------------------------


@attrs.frozen(eq=False)
class _Demand:
    """What the values of one row must be; ``plain`` is the class whose values are right, texts if they are printable.

    ``closed`` are the values that a strict profile writes, where the list is closed.
    """

    types: tuple[type, ...]
    other: tuple[type, ...]
    plain: type | None
    closed: tuple[int | str, ...] | None
    is_file_name: bool

    def fits(self, value: object) -> bool:
        """Return whether *value* is of the right class."""
        return isinstance(value, self.types) and not isinstance(value, self.other)


def _demand(row: Element) -> _Demand:
    types = _TYPES.get(row.kind, _TEXT)
    closed = _CLOSED_LISTS.get(row.codes or "")
    is_file_name = row is _FILE_NAME
    known = closed is not None or is_file_name or row.kind in _LOOKED_INTO
    return _Demand(types, _SUBCLASSES.get(row.kind, ()), None if known else types[0], closed, is_file_name)


class _Block:
    """One block of the table, made ready for packets."""

    def __init__(self, row: Element) -> None:
        self.row = row
        self.model = row.model or type(None)
        self.carried = tuple((f"/@{name}", field) for name, field in row.carried)
        steps: list[tuple[str, Element, _Block | None, bool, _Demand]] = []
        inner: list[tuple[str, _Block, bool]] = []
        needed: list[tuple[str, bool, str, _Block | None, bool]] = []
        inner_fields: list[str] = []
        needed_fields: list[str] = []
        for child in row.children:
            is_wrapper = child.kind is Kind.WRAPPER
            leaf = child.children[0] if is_wrapper else child
            block = _Block(leaf) if leaf.kind is Kind.BLOCK else None
            own = f"/{child.name}"
            step = f"{own}/{leaf.name}" if is_wrapper else own
            steps.append((step, leaf, block, leaf.repeats, _demand(leaf)))
            if block is not None:
                inner.append((step, block, leaf.repeats))
                inner_fields.append(child.field)
            if child.minimum or block is not None or is_wrapper or child.repeats:
                needed.append((own, child.minimum > 0, step, block, is_wrapper or child.repeats))
                needed_fields.append(child.field)
        self.steps = tuple(steps)
        """For each child what leads to its values, the row and block of these, whether they repeat, what they must be.

        A wrapper counts as what it repeats.
        """
        self.fields = getter([child.field for child in row.children])
        self.inner = tuple(inner)
        """The children that are blocks: path, block, whether they repeat."""
        self.inner_fields = getter(inner_fields)
        self.needed = tuple(needed)
        """The children that may miss something: path, whether mandatory, path of the values, block, whether many."""
        self.needed_fields = getter(needed_fields)


# -- what is missing -----------------------------------------------------------------------------------


def missing(packet: Packet) -> Iterator[str]:
    """Yield the path of each mandatory element that *packet* lacks, in the order of the element table."""
    found: list[str] = []
    if isinstance(packet, DocumentPacket):
        _missing_in(_DOCUMENT, packet, _MESSAGE, found)
        if packet.trace_header_list is None:
            found.append(_TRACE)
        else:
            _missing_in(_TRACES, packet.trace_header_list, _TRACE, found)
        for number, attachment in enumerate(packet.attachments, 1):
            if _is_absent(attachment.name):
                found.append(f"{attachment_path(number, len(packet.attachments))}/AttachmentName")
    else:
        _missing_in(_STATUS, packet, _MESSAGE, found)
    return iter(found)


def _hops_without_agency(packet: Packet) -> Iterator[str]:
    """Yield where a hop names no agency: axes may do so (C-14), nobody else should."""
    if isinstance(packet, DocumentPacket) and packet.trace_header_list is not None:
        hops = packet.trace_header_list.trace_headers
        for number, hop in enumerate(hops, 1):
            if _is_absent(hop.organ_id):
                index = f"[{number}]" if len(hops) > 1 else ""
                yield f"{_TRACE}/TraceHeader{index}/OrganId"


def _missing_in(block: _Block, value: Any, path: str, found: list[str]) -> None:
    for (own, is_mandatory, step, below, repeats), item in zip(block.needed, block.needed_fields(value), strict=True):
        if _is_absent(item):
            if is_mandatory:
                found.append(path + own)
        elif repeats:
            _missing_in_items(below, item, path + step, found)
        elif below is not None:
            _missing_in(below, item, path + step, found)


def _missing_in_items(block: _Block | None, items: tuple[Any, ...], path: str, found: list[str]) -> None:
    for number, item in enumerate(items, 1):
        here = f"{path}[{number}]" if len(items) > 1 else path
        if _is_absent(item):
            found.append(here)
        elif block is not None:
            _missing_in(block, item, here, found)


def _is_absent(value: object) -> bool:
    if type(value) is str:
        return not value or value.isspace()
    if value is None or value == () or (isinstance(value, str | OrganCode) and not str(value).strip()):
        return True
    fields = _fields_of(type(value))  # type: ignore[arg-type]
    return fields is not None and all(map(_is_absent, fields(value)))


@lru_cache(maxsize=64)
def _fields_of(kind: type) -> Callable[[Any], tuple[Any, ...]] | None:
    """Return what takes all fields of a block, ``None`` for what is no block."""
    if not attrs.has(kind) or issubclass(kind, OrganCode):
        return None
    return getter([field.name for field in attrs.fields(kind)])


# -- what is there -------------------------------------------------------------------------------------


def values(packet: Packet) -> Iterator[tuple[str, Element, Any]]:
    """Yield path, row and value of what *packet* holds below its blocks, in the order of the element table.

    Attributes come with a path that ends in ``/@name``; the names of attachments may be ``None``.
    """
    return iter([(path, row, value) for path, row, value, _ in _leaves(packet)])


def _leaves(packet: Packet) -> list[tuple[str, Element, Any, _Demand]]:
    """Return the same with what each value must be."""
    found: list[tuple[str, Element, Any, _Demand]] = []
    if not isinstance(packet, DocumentPacket):
        _leaves_in(_STATUS, packet, _MESSAGE, found)
        return found
    _leaves_in(_DOCUMENT, packet, _MESSAGE, found)
    if packet.trace_header_list is not None:
        _leaves_in(_TRACES, packet.trace_header_list, _TRACE, found)
    for number, attachment in enumerate(packet.attachments, 1):
        path = attachment_path(number, len(packet.attachments))
        for (step, row, _, _, demand), value in zip(
            _ATTACHMENT.steps[:-1], _ATTACHMENT.fields(attachment), strict=False
        ):
            found.append((path + step, row, value, demand))
    return found


def attachment_path(number: int, count: int) -> str:
    """Return where attachment *number* of *count* stands."""
    index = f"[{number}]" if count > 1 else ""
    return f"/{table.ROOT}/{table.ATTACHMENT_ENCODED}/{table.ATTACHMENT.name}{index}"


def _leaves_in(block: _Block, value: Any, path: str, found: list[tuple[str, Element, Any, _Demand]]) -> None:
    for name, field in block.carried:
        found.append((path + name, _ATTRIBUTE, getattr(value, field), _OF_ATTRIBUTES))
    for (step, row, below, repeats, demand), item in zip(block.steps, block.fields(value), strict=True):
        if item is None:
            continue
        here = path + step
        if not repeats:
            if below is None:
                found.append((here, row, item, demand))
            else:
                _leaves_in(below, item, here, found)
            continue
        for number, one in enumerate(item, 1):
            there = f"{here}[{number}]" if len(item) > 1 else here
            if below is None:
                found.append((there, row, one, demand))
            else:
                _leaves_in(below, one, there, found)


# -- whether it can be written -------------------------------------------------------------------------


def _check_models(packet: Any) -> None:
    """Refuse what stands where a block belongs and is no value of its model."""
    if not isinstance(packet, DocumentPacket | StatusPacket):
        raise _refusal(_MESSAGE, type(packet).__name__, "DocumentPacket | StatusPacket")
    if isinstance(packet, StatusPacket):
        _check_block(_STATUS, packet, _MESSAGE)
        return
    _check_block(_DOCUMENT, packet, _MESSAGE)
    if packet.trace_header_list is not None:
        _check_block(_TRACES, packet.trace_header_list, _TRACE)
    if not isinstance(packet.signature, SignatureMarkup | None):
        raise _refusal(f"{_HEADER}/{table.SIGNATURE}", type(packet.signature).__name__, SignatureMarkup.__name__)
    for number, attachment in enumerate(packet.attachments, 1):
        if not isinstance(attachment, Attachment):
            raise _refusal(
                attachment_path(number, len(packet.attachments)), type(attachment).__name__, Attachment.__name__
            )


def _check_block(block: _Block, value: Any, path: str) -> None:
    if not isinstance(value, block.model):
        raise _refusal(path, type(value).__name__, block.model.__name__)
    for (step, below, repeats), item in zip(block.inner, block.inner_fields(value), strict=True):
        if item is None:
            continue
        for number, one in enumerate(item if repeats else (item,), 1):
            _check_block(below, one, f"{path}{step}[{number}]" if repeats and len(item) > 1 else path + step)


_ATTRIBUTE = table.DOCUMENT.child("Subject")
_FILE_NAME = table.ATTACHMENT.child("AttachmentName")
_TEXT: tuple[type, ...] = (str,)
_TYPES: dict[Kind, tuple[type, ...]] = {
    Kind.INTEGER: (int,),
    Kind.BOOLEAN: (bool,),
    Kind.DATE: (datetime.date,),
    Kind.TIMESTAMP: (datetime.date,),
    Kind.ORGAN_CODE: (OrganCode,),
}
_SUBCLASSES: dict[Kind, tuple[type, ...]] = {Kind.INTEGER: (bool,), Kind.DATE: (datetime.datetime,)}
"""Kind of value -> the class derived from its own that does not count as one."""
_LOOKED_INTO = frozenset({Kind.INTEGER, Kind.TIMESTAMP, Kind.ORGAN_CODE})
"""Kinds of which more is asked than the class."""

_INTEGERS = 10**18
"""What the reader takes: at most 18 digits."""


def _check_value(path: str, row: Element, value: Any, demand: _Demand, profile: Profile) -> None:
    if value is None:
        return
    if not demand.fits(value):
        raise _refusal(path, type(value).__name__, demand.types[0].__name__)
    if isinstance(value, str | OrganCode):
        bad = illegal_character(str(value))
        if bad is not None:
            raise WriteError("text-not-xml", found=f"{ord(bad):04X}", place=Place(path))
    if row.kind is Kind.INTEGER:
        _check_integer(path, row, value, profile)
    elif row.kind is Kind.TIMESTAMP:
        _check_timestamp(path, value)
    elif profile.strict and demand.is_file_name and name_oddity(value) is not None:
        raise _refusal(path, value, _PLAIN_NAME)
    if profile.strict and demand.closed is not None and value not in demand.closed:
        raise _refusal(path, str(value), ", ".join(map(str, demand.closed)))


def _check_integer(path: str, row: Element, value: int, profile: Profile) -> None:
    if not -_INTEGERS < value < _INTEGERS:
        raise _refusal(path, "> 10^18", "-10^18 < n < 10^18")
    lower = 1 if profile.strict and row.codes == "document-type" else row.lower
    if lower is not None and value < lower:
        raise _refusal(path, str(value), f">= {lower}")


def _check_timestamp(path: str, value: datetime.date) -> None:
    if not isinstance(value, datetime.datetime) or value.tzinfo is not None:
        raise _refusal(path, value.isoformat(), _LOCAL_TIME)


_OF_ATTRIBUTES = _demand(_ATTRIBUTE)
_DOCUMENT, _STATUS = _Block(table.DOCUMENT), _Block(table.STATUS)
_TRACES, _ATTACHMENT = _Block(table.TRACE_HEADER_LIST), _Block(table.ATTACHMENT)


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
