"""What must hold before a single octet of a packet is written."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from vndoc.edxml import elements as table
from vndoc.edxml.convert import NO_ORGAN
from vndoc.edxml.elements import Element, Kind
from vndoc.edxml.markup import illegal_character
from vndoc.edxml.packing import name_oddity
from vndoc.edxml.profiles import Profile
from vndoc.envelope import Attachment, DocumentPacket, Packet, SignatureMarkup, StatusPacket, normalise_content_id
from vndoc.envelope._fields import fields_of, getter
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
    if _is_usual(packet, profile):
        return
    _check_models(packet)
    found, absent = _survey(packet)
    if profile.strict:
        absent += _hops_without_agency(packet)
    if absent:
        raise WriteError("missing-element", paths=", ".join(absent), place=Place(absent[0]))
    for path, row, value, demand in found:
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
        self.model = row.model or type(None)
        self.carried = tuple((f"/@{name}", field) for name, field in row.carried)
        self.attributes = getter(field for _, field in row.carried)
        self.demands = any(child.minimum for child in row.children)
        """Whether a child is mandatory: then a block in which none is missing is not empty."""
        steps: list[_Step] = []
        inner: list[tuple[str, _Block, bool]] = []
        for child in row.children:
            leaf = child.children[0] if child.kind is Kind.WRAPPER else child
            block = _Block(leaf) if leaf.kind is Kind.BLOCK else None
            step = f"/{child.name}" if leaf is child else f"/{child.name}/{leaf.name}"
            steps.append((step, leaf, block, leaf.repeats, f"/{child.name}" if child.minimum else None, _demand(leaf)))
            if block is not None:
                inner.append((step, block, leaf.repeats))
        self.steps = tuple(steps)
        self.fields = getter(child.field for child in row.children)
        self.usual = tuple((block, repeats, own is not None, _usual(leaf)) for _, leaf, block, repeats, own, _ in steps)
        """The children as :func:`_is_usual_block` looks at them."""
        self.inner = tuple(inner)
        """The children that are blocks: path, block, whether they repeat."""
        self.inner_fields = getter(c.field for c, step in zip(row.children, steps, strict=True) if step[2] is not None)


_Step = tuple[str, Element, _Block | None, bool, str | None, _Demand]
"""One child: what leads to its values, row and block of these, whether they repeat, what leads to the child if it is
mandatory, and what its values must be. A wrapper counts as what it repeats."""


# -- what is there, and what is missing ----------------------------------------------------------------


Survey = tuple[list[tuple[str, Element, Any]], list[str]]
"""What :func:`values` and :func:`missing` yield, found in one go."""


def missing(packet: Packet) -> Iterator[str]:
    """Yield the path of each mandatory element that *packet* lacks, in the order of the element table."""
    return iter(_survey(packet)[1])


def values(packet: Packet) -> Iterator[tuple[str, Element, Any]]:
    """Yield path, row and value of what *packet* holds below its blocks, in the order of the element table.

    Attributes come with a path that ends in ``/@name``; the names of attachments may be ``None``.
    """
    return iter(survey(packet)[0])


def survey(packet: Packet) -> Survey:
    """Return what :func:`values` and :func:`missing` yield."""
    found, absent = _survey(packet)
    return [(path, row, value) for path, row, value, _ in found], absent


_Found = list[tuple[str, Element, Any, _Demand]]


def _survey(packet: Packet) -> tuple[_Found, list[str]]:
    """Return the same, with what each value must be."""
    found: _Found = []
    absent: list[str] = []
    if not isinstance(packet, DocumentPacket):
        _survey_block(_STATUS, packet, _MESSAGE, found, absent)
        return found, absent
    _survey_block(_DOCUMENT, packet, _MESSAGE, found, absent)
    if packet.trace_header_list is None:
        absent.append(_TRACE)
    else:
        _survey_block(_TRACES, packet.trace_header_list, _TRACE, found, absent)
    for number, attachment in enumerate(packet.attachments, 1):
        path = attachment_path(number, len(packet.attachments))
        if _is_absent(attachment.name):
            absent.append(f"{path}/AttachmentName")
        named = zip(_ATTACHMENT.steps[:-1], _ATTACHMENT.fields(attachment), strict=False)
        for (step, row, _, _, _, demand), value in named:
            found.append((path + step, row, value, demand))
    return found, absent


def attachment_path(number: int, count: int) -> str:
    """Return where attachment *number* of *count* stands."""
    index = f"[{number}]" if count > 1 else ""
    return f"/{table.ROOT}/{table.ATTACHMENT_ENCODED}/{table.ATTACHMENT.name}{index}"


def _survey_block(block: _Block, value: Any, path: str, found: _Found, absent: list[str]) -> None:
    for name, field in block.carried:
        found.append((path + name, _ATTRIBUTE, getattr(value, field), _OF_ATTRIBUTES))
    for (step, row, below, repeats, own, demand), item in zip(block.steps, block.fields(value), strict=True):
        if item is None:
            if own is not None:
                absent.append(path + own)
            continue
        here = path + step
        if repeats:
            if own is not None and item == ():
                absent.append(path + own)
            for number, one in enumerate(item, 1):
                there = f"{here}[{number}]" if len(item) > 1 else here
                if below is not None:
                    _survey_inner(below, one, there, found, absent, alone=False)
                    continue
                found.append((there, row, one, demand))
                if _is_absent(one):
                    absent.append(there)
        elif below is not None:
            _survey_inner(below, item, here, found, absent, alone=own is None)
        else:
            found.append((here, row, item, demand))
            if own is not None and _is_absent(item):
                absent.append(path + own)


def _survey_inner(block: _Block, value: Any, path: str, found: _Found, absent: list[str], *, alone: bool) -> None:
    """Survey a block in another; one that is empty is absent as a whole, and may be so if it is left *alone*."""
    inside: list[str] = []
    _survey_block(block, value, path, found, inside)
    if not inside and block.demands:
        return
    if not _is_absent(value):
        absent += inside
    elif not alone:
        absent.append(path)


def _hops_without_agency(packet: Packet) -> Iterator[str]:
    """Yield where a hop names no agency: axes may do so (C-14), nobody else should."""
    if isinstance(packet, DocumentPacket) and packet.trace_header_list is not None:
        hops = packet.trace_header_list.trace_headers
        for number, hop in enumerate(hops, 1):
            if _is_absent(hop.organ_id) or str(hop.organ_id).strip() == NO_ORGAN:
                index = f"[{number}]" if len(hops) > 1 else ""
                yield f"{_TRACE}/TraceHeader{index}/OrganId"


def _is_absent(value: object) -> bool:
    if value is None:
        return True
    if type(value) is str:
        return not value or value.isspace()
    fields = fields_of(type(value))  # type: ignore[arg-type]
    if fields is not None:
        return all(map(_is_absent, fields[1](value)))
    if isinstance(value, _WITH_TEXT):
        return not str(value).strip()
    return value == ()


_WITH_TEXT = (str, OrganCode)


# -- at one look -----------------------------------------------------------------------------------------


def _is_usual(packet: Any, profile: Profile) -> bool:
    """Return whether *packet* has all that is mandatory and only values that are right under every profile.

    Nearly all packets are like that. ``False`` says nothing: what is wrong, and where, is found in detail.
    """
    if type(packet) is StatusPacket:
        usual = _is_usual_block(_STATUS, packet)
    else:
        usual = type(packet) is DocumentPacket and _is_usual_document(packet)
    if not usual or not profile.strict:
        return usual
    sender = packet.from_.organ_id if packet.from_ else None
    return (sender is None or sender.is_regular) and next(_hops_without_agency(packet), None) is None


def _is_usual_document(packet: DocumentPacket) -> bool:
    trace = packet.trace_header_list
    return (
        _is_usual_block(_DOCUMENT, packet)
        and _is_usual_block(_TRACES, trace)
        and (packet.signature is None or type(packet.signature) is SignatureMarkup)
        and all(map(_is_usual_attachment, packet.attachments))
    )


def _is_usual_attachment(attachment: Any) -> bool:
    if type(attachment) is not Attachment:
        return False
    name = attachment.name
    if name is None or not _is_usual_text(name) or name_oddity(name) is not None:
        return False
    return all(text is None or _is_usual_text(text) for text in _ATTACHMENT.fields(attachment)[:-1])


def _is_usual_block(block: _Block, value: Any) -> bool:
    if type(value) is not block.model:
        return False
    if block.carried and not all(t is None or _is_usual_text(t) for t in block.attributes(value)):
        return False
    for (below, repeats, mandatory, is_usual), item in zip(block.usual, block.fields(value), strict=True):
        if item is None or (repeats and item == ()):
            if mandatory:
                return False
        elif repeats:
            if type(item) is not tuple:
                return False
            for one in item:
                if not (is_usual(one) if below is None else _is_usual_block(below, one) and not _is_absent(one)):
                    return False
        elif below is None:
            if not is_usual(item):
                return False
        elif not _is_usual_block(below, item) or (mandatory and _is_absent(item)):
            return False
    return True


def _is_usual_text(value: Any) -> bool:
    return type(value) is str and value.isprintable() and value != "" and not value.isspace()


def _usual(row: Element) -> Callable[[Any], bool]:
    """Return what tells a value of *row* that is right under every profile, and not absent."""
    demand = _demand(row)
    plain, closed = demand.plain, demand.closed
    if plain is str:
        return _is_usual_text
    if plain is not None:
        return lambda value: type(value) is plain
    if row.kind is Kind.INTEGER:
        lower = max(
            1 if row.codes == "document-type" else -_INTEGERS + 1, -_INTEGERS + 1 if row.lower is None else row.lower
        )
        return lambda value: type(value) is int and lower <= value < _INTEGERS and (closed is None or value in closed)
    if row.kind is Kind.TIMESTAMP:
        return lambda value: type(value) is datetime.datetime and value.tzinfo is None
    if row.kind is Kind.ORGAN_CODE:
        return lambda value: type(value) is OrganCode and _is_usual_text(value.text)
    return lambda value: _is_usual_text(value) and closed is not None and value in closed


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
    if not block.inner:
        return
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
