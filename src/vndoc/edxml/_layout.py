"""Values to lines of a packet: the element table made ready for one layout, so that nothing is looked up twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from vndoc.edxml import elements as table
from vndoc.edxml.elements import Attribute, Element, Kind
from vndoc.edxml.markup import escape, escape_attribute
from vndoc.edxml.profiles import Profile
from vndoc.edxml.values import format_date, format_timestamp
from vndoc.envelope._fields import getter

__all__ = ["Block", "Layout", "layout_of"]

_WHITE_SPACE = " \t\r\n"

Text = Callable[[Any], str]
"""From a value to its text in its one standard form, escaped; nothing for one that is not written."""


def _boolean(value: Any) -> str:
    return "true" if value else "false"


def _as_it_is(value: Any) -> str:
    text = value if type(value) is str else str(value)
    return "" if text.isspace() else escape(text)


_TEXTS: Mapping[Kind, Text] = {Kind.DATE: format_date, Kind.TIMESTAMP: format_timestamp, Kind.BOOLEAN: _boolean}


class Layout:
    """The parts of a packet in the layout of a profile: each a block that gives its lines."""

    def __init__(self, indent: str, trimmed_to: str | None, always: Mapping[str, str], omitted: frozenset[str]) -> None:
        self.indent = indent
        self.always = always
        self.omitted = omitted
        self.text = _as_it_is if trimmed_to is None else _trimmed(trimmed_to)
        self.document = Block(self, table.DOCUMENT, 3)
        self.status = Block(self, table.STATUS, 3)
        self.traces = Block(self, table.TRACE_HEADER_LIST, 3)
        self.manifest = Block(self, table.MANIFEST, 3)
        self.reference = Block(self, table.REFERENCE, 4)
        self.attachment = Block(self, table.ATTACHMENT, 2)


def _trimmed(line_end: str) -> Text:
    def text_of(value: Any) -> str:
        text = str(value)
        return "" if text.isspace() else escape(text.strip(_WHITE_SPACE)).replace("\n", line_end)

    return text_of


class Block:
    """A block or wrapper of the table at one depth of one layout."""

    def __init__(self, layout: Layout, row: Element, depth: int, path: str = "") -> None:
        pad, tag = layout.indent * depth, _tag(row)
        self.pad = pad
        self.start, self.end = f"{pad}<{tag}", f"{pad}</{tag}>"
        self.attributes = tuple(a for a in row.attributes if a.name not in layout.omitted)
        self.is_wrapper = row.kind is Kind.WRAPPER
        children = [child for child in row.children if child.kind is not Kind.BASE64]
        self.fields = getter(child.field for child in children)
        self.steps = tuple(_step(layout, child, depth + 1, self._below(path, child)) for child in children)

    def _below(self, path: str, child: Element) -> str:
        """Return the path by which a profile names *child*: wrappers stand in it for what they repeat."""
        return path if self.is_wrapper else f"{path}/{child.name}" if path else child.name

    def opening(self, value: Any) -> str:
        """Return the start tag without its end, with the attributes that *value* has."""
        return self.start + "".join([_attribute(a, value) for a in self.attributes]) if self.attributes else self.start

    def add(self, value: Any, lines: list[str]) -> None:
        """Add the lines of the element for *value*; none where there is nothing to write."""
        opening = self.opening(value)
        before = len(lines)
        lines.append(opening + ">")
        if self.is_wrapper:
            _add_all(self.steps[0], value, lines)
        else:
            self.add_inner(value, lines)
        if len(lines) > before + 1:
            lines.append(self.end)
        elif opening != self.start:
            lines[before] = opening + " />"
        else:
            del lines[before]

    def add_inner(self, value: Any, lines: list[str]) -> None:
        """Add the lines of everything in the block *value*."""
        for step, item in zip(self.steps, self.fields(value), strict=True):
            start, end, text_of, block, repeats, fixed = step
            if item is None:
                if fixed is not None:
                    lines.append(fixed)
            elif repeats:
                _add_all(step, item, lines)
            elif block is not None:
                block.add(item, lines)
            elif text := text_of(item):
                lines.append(start + text + end)


_Step = tuple[str, str, Text, Block | None, bool, str | None]
"""A child made ready: what stands before and after its text, how that is made, its block, whether it repeats, and the
line that stands where it has no value."""


def _step(layout: Layout, row: Element, depth: int, path: str) -> _Step:
    pad, tag = layout.indent * depth, _tag(row)
    block = Block(layout, row, depth, path) if row.kind in {Kind.BLOCK, Kind.WRAPPER} else None
    fixed = None
    if path in layout.always:
        fixed = f"{pad}<{table.PREFIX}:{row.name}>{layout.always[path]}</{table.PREFIX}:{row.name}>"
    return f"{pad}<{tag}>", f"</{tag}>", _TEXTS.get(row.kind, layout.text), block, row.repeats, fixed


def _add_all(step: _Step, items: Iterable[Any], lines: list[str]) -> None:
    """Add the lines of an element that repeats."""
    start, end, text_of, block, _, _ = step
    for item in items:
        if item is None:
            continue
        if block is not None:
            block.add(item, lines)
        elif text := text_of(item):
            lines.append(start + text + end)


def _tag(row: Element) -> str:
    return f"{table.PREFIX}:{row.name}" if row.prefixed else row.name


def _attribute(attribute: Attribute, value: Any) -> str:
    """Return one attribute with a blank before it, or nothing."""
    text = attribute.fixed if attribute.field is None else getattr(value, attribute.field)
    return "" if text is None else f' {attribute.name}="{escape_attribute(text)}"'


def layout_of(profile: Profile) -> Layout:
    """Return the layout of *profile*, made once for all profiles that share it."""
    trimmed_to = profile.line_end if profile.trim_text else None
    return _layout(profile.indent, trimmed_to, tuple(profile.always.items()), frozenset(profile.omitted_attributes))


@lru_cache(maxsize=16)
def _layout(
    indent: str, trimmed_to: str | None, always: tuple[tuple[str, str], ...], omitted: frozenset[str]
) -> Layout:
    return Layout(indent, trimmed_to, dict(always), omitted)
