"""The schemas of packets for everybody's tools, generated from the element table, with documentation in them.

* XSD 1.1 (:func:`xsd_11`): children in any order, both packet kinds, told apart by assertions.
* XSD 1.0 (:func:`xsd_10`): children in the order of the vendor's writer, one schema for each packet kind. There is
  none for both: XSD 1.0 cannot say that a document has a body and a status packet has none.

The octets are the same in every run. ``holder`` names the type of the base64 text: ``xs:string`` makes a schema
for packets whose attachments were cut out. Source: XML Schema 1.0 and 1.1 (W3C).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Literal

from vndoc.edxml import NAMESPACE, Element, Kind
from vndoc.edxml import elements as table
from vndoc.edxml.markup import escape_attribute
from vndoc.schema.grammar import SIGNATURE_ROW, PacketKind, grammar, lexical, merged
from vndoc.text import Lang, Text

__all__ = ["SCHEMAS", "xsd_10", "xsd_11"]

_BASE64 = "xs:base64Binary"

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def _quoted(value: str) -> str:
    return f'"{escape_attribute(value)}"'


def xsd_11(*, holder: str = _BASE64) -> bytes:
    """Return the XSD 1.1 of both packet kinds as UTF-8 octets."""
    return _generate("1.1", None, holder)


def xsd_10(*, kind: PacketKind, holder: str = _BASE64) -> bytes:
    """Return the XSD 1.0 of packets of one *kind* as UTF-8 octets."""
    return _generate("1.0", kind, holder)


SCHEMAS: Mapping[str, Callable[[], bytes]] = MappingProxyType(
    {
        "edxml-102-1.1.xsd": xsd_11,
        "edxml-102-1.0-document.xsd": partial(xsd_10, kind="document"),
        "edxml-102-1.0-status.xsd": partial(xsd_10, kind="status"),
    }
)
"""The published schemas by file name."""

_Version = Literal["1.0", "1.1"]


@lru_cache(maxsize=16)
def _generate(version: _Version, kind: PacketKind | None, holder: str) -> bytes:
    root = merged() if kind is None else grammar(kind)
    lines = "\n".join(_Generator(version, holder).schema(root))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{lines}\n'.encode()


class _Generator:
    """One schema: each method yields lines, indented by *depth*."""

    def __init__(self, version: _Version, holder: str) -> None:
        self.all = version == "1.1"
        self.holder = holder

    def schema(self, root: Element) -> Iterator[str]:
        """Yield the whole schema."""
        attributes = {
            "xmlns:xs": "http://www.w3.org/2001/XMLSchema",
            "xmlns": NAMESPACE,
            "xmlns:ds": table.XMLDSIG,
            "targetNamespace": NAMESPACE,
            "elementFormDefault": "qualified",
            "attributeFormDefault": "unqualified",
            "version": "SD1:2022",
        }
        if self.all:
            attributes["xpathDefaultNamespace"] = "##targetNamespace"
        yield "<xs:schema" + "".join(f"\n    {key}={_quoted(value)}" for key, value in attributes.items()) + ">"
        yield from self.element(root, 1, top=True)
        yield "</xs:schema>"

    def element(self, row: Element, depth: int, *, top: bool = False) -> Iterator[str]:
        """Yield the declaration of *row*; the signature is either of two elements."""
        pad = "  " * depth
        if row.name == SIGNATURE_ROW.name:
            yield from self.signature(depth)
            return
        occurs = "" if top else _occurs(row)
        type_ = f" type={_quoted(self.holder)}" if row.kind is Kind.BASE64 else ""
        yield f'{pad}<xs:element name="{row.name}"{type_}{occurs}>'
        yield from _documentation(row, depth + 1)
        if row.children:
            yield f"{pad}  <xs:complexType>"
            yield from self.content(row, depth + 2)
            yield f"{pad}  </xs:complexType>"
        elif not type_:
            yield from _simple_type(row, depth + 1)
        yield f"{pad}</xs:element>"

    def content(self, row: Element, depth: int) -> Iterator[str]:
        """Yield the content model of a block, its attributes, and what only assertions can say."""
        pad = "  " * depth
        group = "all" if self.all else "sequence"
        yield f"{pad}<xs:{group}>"
        for child in row.children:
            yield from self.element(child, depth + 1)
        yield f"{pad}</xs:{group}>"
        yield from _attributes(row, depth)
        if self.all:
            yield from _assertions(row, depth)

    def signature(self, depth: int) -> Iterator[str]:
        """Yield the signature in either namespace; at most one, which XSD 1.1 says in an assertion."""
        pad = "  " * depth
        occurs = ' minOccurs="0"'
        inner = pad + ("" if self.all else "  ")
        if not self.all:
            yield f"{pad}<xs:choice{occurs}>"
            occurs = ""
        yield f'{inner}<xs:element name="{SIGNATURE_ROW.name}"{occurs}>'
        yield from _documentation(SIGNATURE_ROW, depth + (1 if self.all else 2))
        yield f'{inner}  <xs:complexType mixed="true">'
        yield f"{inner}    <xs:sequence>"
        yield f'{inner}      <xs:any minOccurs="0" maxOccurs="unbounded" processContents="skip"/>'
        yield f"{inner}    </xs:sequence>"
        yield f'{inner}    <xs:anyAttribute processContents="skip"/>'
        yield f"{inner}  </xs:complexType>"
        yield f"{inner}</xs:element>"
        yield f'{inner}<xs:any namespace="{table.XMLDSIG}" processContents="skip"{occurs}/>'
        if not self.all:
            yield f"{pad}</xs:choice>"


def _occurs(row: Element) -> str:
    text = "" if row.minimum == 1 else f' minOccurs="{row.minimum}"'
    if row.maximum == 1:
        return text
    return text + f' maxOccurs="{"unbounded" if row.maximum is None else row.maximum}"'


def _simple_type(row: Element, depth: int) -> Iterator[str]:
    pad = "  " * depth
    lexis = lexical(row)
    facets = [
        f'{pad}    <xs:{name} value="{value}"/>'
        for name, value in (
            ("pattern", lexis.pattern),
            ("minLength", lexis.min_length),
            ("maxLength", lexis.max_length),
            ("minInclusive", lexis.lower),
        )
        if value is not None
    ]
    yield f"{pad}<xs:simpleType>"
    if facets:
        yield f'{pad}  <xs:restriction base="{lexis.base}">'
        yield from facets
        yield f"{pad}  </xs:restriction>"
    else:
        yield f'{pad}  <xs:restriction base="{lexis.base}"/>'
    yield f"{pad}</xs:simpleType>"


def _attributes(row: Element, depth: int) -> Iterator[str]:
    pad = "  " * depth
    for attribute in row.attributes:
        use = ' use="required"' if attribute.required else ""
        fixed = f' fixed="{attribute.fixed}"' if attribute.fixed is not None else ""
        yield f'{pad}<xs:attribute name="{attribute.name}" type="xs:string"{use}{fixed}>'
        yield from _annotation({"vi": attribute.meaning.vi, "en": attribute.meaning.en}, depth + 1)
        yield f"{pad}</xs:attribute>"
    if row.name == table.REFERENCE.name:
        yield f'{pad}<xs:anyAttribute namespace="{table.XLINK}" processContents="skip"/>'


# -- documentation -----------------------------------------------------------------------------------


def _documentation(row: Element, depth: int) -> Iterator[str]:
    yield from _annotation({"vi": _explain(row, "vi"), "en": _explain(row, "en")}, depth)


def _annotation(texts: Mapping[str, str], depth: int) -> Iterator[str]:
    pad = "  " * depth
    yield f"{pad}<xs:annotation>"
    for lang, text in texts.items():
        yield f'{pad}  <xs:documentation xml:lang="{lang}">{text.translate(_ESCAPES)}</xs:documentation>'
    yield f"{pad}</xs:annotation>"


def _explain(row: Element, lang: Lang) -> str:
    """Return the meaning of *row*, where its length comes from, its code list, and whether only vendors have it."""
    vi = lang == "vi"
    parts = [_sentence(row.meaning.render(lang))]
    if row.length is not None:
        source = table.LENGTH_SOURCES[row.length_source or "P"].render(lang)
        limit = f"Tối đa {row.length} ký tự" if vi else f"At most {row.length} characters"
        parts.append(f"{limit} ({source})")
    if row.codes is not None:
        parts.append(f"Bảng mã: {row.codes}" if vi else f"Code list: {row.codes}")
    if row.extension:
        parts.append("Phần mở rộng của nhà cung cấp" if vi else "Vendor extension")
    return ". ".join(parts) + "."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


# -- what only XSD 1.1 can say -------------------------------------------------------------------------

_TELLS_STATUS = "StatusCode"
_TO_STATUS = {
    table.DOCUMENT.name: f"*:{_TELLS_STATUS}",
    table.HEADER: f"MessageHeader[1]/*:{_TELLS_STATUS}",
    table.ENVELOPE: f"edXMLHeader[1]/MessageHeader[1]/*:{_TELLS_STATUS}",
    table.ROOT: f"edXMLEnvelope[1]/edXMLHeader[1]/MessageHeader[1]/*:{_TELLS_STATUS}",
}
"""For each element whose content depends on the packet kind: the way to what tells the kind."""


def _assertions(row: Element, depth: int) -> Iterator[str]:
    if row.name == table.HEADER:
        yield from _assertion("count((Signature, ds:*)) le 1", depth, _ONE_SIGNATURE)
    to_status = _TO_STATUS.get(row.name)
    if to_status is None:
        return
    for for_status, condition, text in _conditions(*_both(row.name), ""):
        when = f"not({to_status})" if for_status else to_status
        who = _STATUS_HAS if for_status else _DOCUMENT_HAS
        yield from _assertion(f"{when} or {condition}", depth, Text(f"{who.vi} {text.vi}", f"{who.en} {text.en}"))


_ONE_SIGNATURE = Text("nhiều nhất một chữ ký", "at most one signature")
_DOCUMENT_HAS = Text("gói tin văn bản", "a document packet has")
_STATUS_HAS = Text("gói tin trạng thái", "a status packet has")


def _assertion(test: str, depth: int, text: Text) -> Iterator[str]:
    pad = "  " * depth
    yield f"{pad}<xs:assert test={_quoted(test)}>"
    yield from _annotation({"vi": f"{_sentence(text.vi)}.", "en": f"{_sentence(text.en)}."}, depth + 1)
    yield f"{pad}</xs:assert>"


def _both(name: str) -> tuple[Element, Element]:
    """Return the rows called *name* of the two grammars."""
    first, second = (dict(_by_name(grammar(kind)))[name] for kind in ("document", "status"))
    return first, second


def _by_name(row: Element) -> Iterator[tuple[str, Element]]:
    yield row.name, row
    if row.name in _TO_STATUS:
        for child in row.children:
            yield from _by_name(child)


_Condition = tuple[bool, str, Text]
"""Whether it is for status packets (else for documents), an XPath test, and what it means after "has"."""


def _conditions(document: Element, status: Element, path: str) -> Iterator[_Condition]:
    """Yield what each kind asks beyond what the merged content model says; *path* leads to the two blocks."""
    ours, theirs = ({row.name: row for row in side.children} for side in (document, status))
    for name in dict.fromkeys([*ours, *theirs]):
        first, second = ours.get(name), theirs.get(name)
        yield from _one_sided(name, path, first, second, for_status=False)
        yield from _one_sided(name, path, second, first, for_status=True)
        if first is not None and second is not None and name not in _TO_STATUS and first.children:
            yield from _conditions(first, second, f"{path}{name}/")


def _one_sided(
    name: str, path: str, row: Element | None, other: Element | None, *, for_status: bool
) -> Iterator[_Condition]:
    """Yield what the kind with *row* asks of *name* beyond what both ask; *other* is the row of the other kind."""
    here = f"{path}{name}"
    if row is None:
        if name != _TELLS_STATUS:
            test = f"not({here})" if name != SIGNATURE_ROW.name else f"not(({here}, ds:*))"
            yield for_status, test, Text(f"không có {here}", f"no {here}")
        return
    if row.minimum and (other is None or not other.minimum):
        test = f"not({path[:-1]}[not({name})])" if path else here
        yield for_status, test, Text(f"có {here}", here)
        if other is not None and not row.children:
            test = f"not({here}[string-length(.) eq 0])"
            yield for_status, test, Text(f"có {here} không rỗng", f"{here} with text in it")
    if row.maximum == 1 and other is not None and other.maximum is None:
        yield for_status, f"count({here}) le 1", Text(f"có nhiều nhất một {here}", f"at most one {here}")
