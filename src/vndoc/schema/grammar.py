"""The grammar of a whole packet file, from the element table: what both schemas say and what explains their verdict.

The table describes the parts; this module puts the containers around them, once for each packet kind, and says
which text an element may hold (:class:`Lexical`). Source: QCVN 102:2016, 4.1 and 4.3; practice for the status packet.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

import attrs

from vndoc.edxml import Element, Kind
from vndoc.edxml import elements as table
from vndoc.text import Text

__all__ = ["SIGNATURE_ROW", "WHITE_SPACE", "Lexical", "OneSided", "PacketKind", "grammar", "lexical", "merge", "merged"]

PacketKind = Literal["document", "status"]
"""The two kinds of packets. A packet is a status packet if its ``MessageHeader`` has a ``StatusCode``."""

WHITE_SPACE = " \t\r\n"
"""What XML calls white space; ``str.isspace`` takes in more."""

_SPACES = re.compile(f"[{WHITE_SPACE}]+")
_DATE = r"[0-9]{4}/(0[1-9]|1[0-2])/(0[1-9]|[12][0-9]|3[01])"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"

_PATTERNS: dict[Kind, str] = {
    Kind.INTEGER: r"[+\-]?[0-9]{1,18}",
    Kind.DATE: _DATE,
    Kind.TIMESTAMP: f"{_DATE} {_TIME}",
    Kind.BOOLEAN: "true|false",
    Kind.STATUS_CODE: "[0-9]{2}",
}


@attrs.frozen(kw_only=True)
class Lexical:
    """Which text an element may hold, in the facets of XML Schema.

    ``base`` is ``xs:string`` (as it stands), ``xs:token`` or ``xs:integer`` (both: without white space around
    it); lengths count characters; ``pattern`` means the same to XML Schema and to :mod:`re`.
    """

    base: str
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    lower: int | None = None

    def normal(self, text: str) -> str:
        """Return *text* as the facets see it."""
        return text if self.base == "xs:string" else _SPACES.sub(" ", text).strip(" ")

    def fault(self, text: str) -> Literal["value", "length"] | None:
        """Return what is wrong with *text*: ``"length"`` only where it is too long and nothing else."""
        text = self.normal(text)
        if self.pattern is not None and not re.fullmatch(self.pattern, text):
            return "value"
        if len(text) < (self.min_length or 0) or (self.lower is not None and int(text) < self.lower):
            return "value"
        return "length" if self.max_length is not None and len(text) > self.max_length else None


def lexical(row: Element) -> Lexical:
    """Return which text the leaf *row* may hold.

    A mandatory element may not be empty. An optional one may: peers ask for the tag even where there is nothing to
    say (practice: Bkav); only integers must be left out instead (4.3.2).
    """
    minimum = row.text_minimum if isinstance(row, OneSided) else row.minimum
    may_be_empty = not minimum or (row.repeats and row.kind is Kind.TEXT)
    pattern = _PATTERNS.get(row.kind)
    if pattern is not None:
        if row.kind is Kind.INTEGER:
            return Lexical(base="xs:integer", pattern=pattern, lower=row.lower)
        return Lexical(base="xs:token", pattern=f"({pattern})?" if may_be_empty else pattern)
    return Lexical(base="xs:string", min_length=None if may_be_empty else 1, max_length=row.length)


@attrs.frozen(kw_only=True)
class OneSided(Element):
    """A row of :func:`merged` that one packet kind alone has: optional, but its text is as strict as there."""

    text_minimum: int

    @classmethod
    def of(cls, row: Element) -> OneSided:
        """Return *row* made optional."""
        return cls(**{**attrs.asdict(row, recurse=False), "minimum": 0}, text_minimum=row.minimum)


SIGNATURE_ROW = Element(
    name=table.SIGNATURE,
    field="signature",
    kind=Kind.BLOCK,
    meaning=Text(
        "Chữ ký số: phần tử Signature của XML-DSig, hoặc phần tử cùng tên trong không gian tên của gói tin",
        "signature: the Signature element of XML-DSig, or one of that name in the packet's namespace",
    ),
)
"""The signature: not in the element table, since packets carry it as markup. Its content is not looked at."""


def _container(name: str, children: tuple[Element, ...], vi: str, en: str) -> Element:
    return Element(name=name, field="", kind=Kind.BLOCK, children=children, minimum=1, meaning=Text(vi, en))


@lru_cache(maxsize=2)
def grammar(kind: PacketKind) -> Element:
    """Return the root element of a packet of *kind* with everything below it, in writer order."""
    header: tuple[Element, ...] = (table.STATUS,)
    body: tuple[Element, ...] = ()
    files: tuple[Element, ...] = ()
    if kind == "document":
        header = (table.DOCUMENT, table.TRACE_HEADER_LIST, SIGNATURE_ROW)
        body = (_container(table.BODY, (table.MANIFEST,), "Phần thân: danh mục tệp đính kèm", "body: the manifest"),)
        files = (_container(table.ATTACHMENT_ENCODED, (table.ATTACHMENT,), "Các tệp đính kèm", "the attachments"),)
    held = _container(table.HEADER, header, "Phần đầu của gói tin", "header of the packet")
    envelope = _container(table.ENVELOPE, (held, *body), "Phong bì", "envelope")
    return _container(table.ROOT, (envelope, *files), "Gói tin", "packet")


@lru_cache(maxsize=1)
def merged() -> Element:
    """Return the grammar that packets of both kinds fit: each cardinality as wide as in either."""
    return merge(grammar("document"), grammar("status"))


def merge(document: Element, status: Element) -> Element:
    """Return *document* widened so that it takes in *status*; children that only *status* has come last."""
    theirs = {row.name: row for row in status.children}
    ours = {row.name for row in document.children}
    children = [merge(row, theirs[row.name]) if row.name in theirs else OneSided.of(row) for row in document.children]
    children += [OneSided.of(row) for row in status.children if row.name not in ours]
    unbounded = document.maximum is None or status.maximum is None
    return attrs.evolve(
        document,
        children=tuple(children),
        minimum=min(document.minimum, status.minimum),
        maximum=None if unbounded else max(document.maximum or 1, status.maximum or 1),
        meaning=document.meaning if document.meaning == status.meaning else _both(document.meaning, status.meaning),
    )


def _both(document: Text, status: Text) -> Text:
    return Text(f"{document.vi}; gói tin trạng thái: {status.vi}", f"{document.en}; status packet: {status.en}")
