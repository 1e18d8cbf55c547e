"""Text of single elements to values: what the reader does where the element table names a kind of value.

Each function takes the walk that reports, the element and its text, and returns the value; ``None`` where there is
none. What is odd is reported, never raised. White space around a value is dropped.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from vndoc.edxml.elements import Element, Kind
from vndoc.edxml.values import (
    format_date,
    format_timestamp,
    parse_boolean,
    parse_date,
    parse_integer,
    parse_timestamp,
)
from vndoc.edxml.xmltools import local_name
from vndoc.envelope.codes import normalise_status
from vndoc.identifiers import MAX_ORGAN_CODE, DocumentId, OrganCode, join_code
from vndoc.identifiers import DocumentIdForm as Form

__all__ = ["NO_ORGAN", "Convert", "Reporter", "converter", "read_organ_code", "read_split_code"]

_Node = Any
"""An lxml element; lxml publishes no class for annotations."""


class Reporter(Protocol):
    """What oddities are told to."""

    def report(self, id_: str, node: _Node, found: str | None = None, expected: str | None = None) -> None:
        """Add one deviation at *node*."""


Convert = Callable[[Any, _Node, str], Any]
"""A function of this module: reporter, element, text -> value."""


NO_ORGAN = "null"
"""What stands for no agency in hops that axes add (2.6)."""

_DIGITS = {str(number): number for number in range(10)}


def _integer(walk: Reporter, node: _Node, text: str) -> int | None:
    number = _DIGITS.get(text)
    if number is not None:
        return number
    text = text.strip()
    if not text:
        walk.report("empty-integer", node, local_name(node))
        return None
    number = parse_integer(text)
    if number is None:
        walk.report("integer-invalid", node, text)
    return number


def _priority(walk: Reporter, node: _Node, text: str) -> int | None:
    """Some systems count to 5, which means normal (C-17)."""
    number = _integer(walk, node, text)
    if number == 5:
        walk.report("priority-five", node, "5")
        return 0
    return number


def _paper(walk: Reporter, node: _Node, text: str) -> int | None:
    """A flag that some take for a number of pages (C-20)."""
    number = _integer(walk, node, text)
    if number is not None and number > 1:
        walk.report("paper-count", node, str(number))
    return number


def _type(walk: Reporter, node: _Node, text: str) -> int | None:
    """The class of the document, or the type itself where the class belongs (C-05)."""
    number = _integer(walk, node, text)
    if number is not None and number > 2:
        walk.report("document-type-code", node, str(number))
    return number


def _type_detail(walk: Reporter, node: _Node, text: str) -> int | None:
    number = _integer(walk, node, text)
    if number == 0:
        walk.report("type-detail-zero", node, "0")
    return number


def _boolean(walk: Reporter, node: _Node, text: str) -> bool | None:
    text = text.strip()
    if not text:
        return None
    value, ids = parse_boolean(text)
    for id_ in ids:
        walk.report(id_, node, text, "true" if value else "false")
    return value


def _date(walk: Reporter, node: _Node, text: str) -> datetime.date | None:
    text = text.strip()
    if not text:
        return None
    value, ids = parse_date(text)
    for id_ in ids:
        walk.report(id_, node, text, format_date(value) if value else None)
    return value


def _timestamp(walk: Reporter, node: _Node, text: str) -> datetime.date | None:
    """A plain date where no time was given."""
    text = text.strip()
    if not text:
        return None
    value, ids = parse_timestamp(text)
    for id_ in ids:
        walk.report(id_, node, text, format_timestamp(value) if isinstance(value, datetime.datetime) else None)
    return value


def read_organ_code(walk: Reporter, node: _Node, text: str) -> OrganCode | None:
    """Return the code as it stands; irregular ones are carried and reported."""
    text = text.strip()
    if not text or text == NO_ORGAN:
        return _no_organ(walk, node, text)
    if len(text) > MAX_ORGAN_CODE:
        walk.report("organ-code-irregular", node, text)
        return OrganCode(text)
    code, is_regular = _known(text)
    if not is_regular:
        walk.report("organ-code-irregular", node, text)
    return code


@functools.lru_cache(maxsize=4096)
def _known(text: str) -> tuple[OrganCode, bool]:
    """The code in *text*, and whether it is regular: the same few agencies stand in most packets."""
    code = OrganCode(text)
    return code, code.is_regular


def _no_organ(walk: Reporter, node: _Node, text: str) -> OrganCode | None:
    """An empty code, or the word ``null``: usual where the axis adds a hop."""
    if local_name(node.getparent()) == "TraceHeader":
        walk.report("trace-organ-missing", node, text)
        return None
    if text:
        walk.report("organ-code-irregular", node, text)
    return OrganCode(text) if text else None


def _status_code(walk: Reporter, node: _Node, text: str) -> str | None:
    """The two-digit status code; what is no number is kept as it stands."""
    text = text.strip()
    if not text:
        return None
    normal = normalise_status(text)
    if normal != text:
        walk.report("status-code-form", node, text, normal)
    return normal


_FORMS_OF_RULES = frozenset({Form.A, Form.B})


def _document_id(walk: Reporter, node: _Node, text: str) -> str | None:
    """The id as it stands; forms other than A (practice) and B (Decision 28/2018 Art 10(2)) are reported."""
    text = text.strip()
    if not text:
        return None
    form = DocumentId(text).form
    if form is Form.A_DASH:
        walk.report("document-id-dashes", node, text)
    elif form not in _FORMS_OF_RULES:
        walk.report("document-id-form", node, text)
    return text


_CODE_PARTS = ("CodeNumber", "CodeNotation")


def read_split_code(walk: Reporter, node: _Node) -> str | None:
    """Return the text of a ``Code`` that should hold one but has number and notation in two elements (C-04)."""
    inside = {local_name(child): (child.text or "").strip() for child in node if not len(child)}
    number, notation = (inside.get(name) for name in _CODE_PARTS)
    stray = any((text or "").strip() for text in (node.text, *(child.tail for child in node)))
    if stray or len(inside) != len(node) or len(node) != len(_CODE_PARTS) or not number or not notation:
        return None
    code = join_code(number, notation)
    walk.report("code-split", node, ", ".join(_CODE_PARTS), code)
    return code


_BY_KIND: Mapping[Kind, Convert] = MappingProxyType(
    {
        Kind.INTEGER: _integer,
        Kind.BOOLEAN: _boolean,
        Kind.DATE: _date,
        Kind.TIMESTAMP: _timestamp,
        Kind.ORGAN_CODE: read_organ_code,
        Kind.STATUS_CODE: _status_code,
        Kind.DOCUMENT_ID: _document_id,
    }
)
_BY_NAME: Mapping[str, Convert] = MappingProxyType(
    {"Priority": _priority, "Paper": _paper, "Type": _type, "TypeDetail": _type_detail}
)


def converter(row: Element) -> Convert | None:
    """Return the function that reads the elements of *row*; ``None`` for plain text and blocks."""
    return _BY_NAME.get(row.name) or _BY_KIND.get(row.kind)
