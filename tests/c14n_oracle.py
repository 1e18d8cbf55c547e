"""Canonical XML written down from the standards over the standard library's DOM: shares nothing with libxml2.

Only what the tests need: the document or one element of it, without one subtree. Values of ``xml:base`` are joined
with :func:`urllib.parse.urljoin`, below a root that is deep enough; so they must have a path without empty segments.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Sequence
from xml.dom import Node, minidom

from vndoc.xml import Canonical

XMLNS = "http://www.w3.org/2000/xmlns/"
XML = "http://www.w3.org/XML/1998/namespace"
_DEEP = "http://deep.example/" + "d/" * 12


def canonical(
    data: bytes | minidom.Document,
    algorithm: Canonical,
    *,
    apex: str | None = None,
    without: minidom.Element | None = None,
    prefixes: Sequence[str] = (),
) -> bytes:
    """Return the canonical octets of *data*, or of its element with the ``xml:id`` *apex*."""
    document = minidom.parseString(data) if isinstance(data, bytes) else data
    writer = _Writer(algorithm, without, ["" if prefix == "#default" else prefix for prefix in prefixes])
    if apex is None:
        for child in document.childNodes:
            before = child.nodeType != Node.ELEMENT_NODE and _comes_before_root(child)
            length = len(writer.out)
            writer.node(child, {}, {})
            if len(writer.out) > length and child.nodeType != Node.ELEMENT_NODE:
                writer.out.insert(*((len(writer.out), "\n") if before else (length, "\n")))
    else:
        element = by_id(document, apex)
        chain = []
        parent = element.parentNode
        while parent is not document:
            chain.append(parent)
            parent = parent.parentNode
        scope: dict[str, str] = {}
        for outer in reversed(chain):
            scope |= _declared(outer)
        if without not in chain:
            writer.node(element, scope, {}, chain)
    return "".join(writer.out).encode()


def by_id(document: minidom.Document, name: str) -> minidom.Element:
    return next(e for e in document.getElementsByTagName("*") if e.getAttributeNS(XML, "id") == name)


def _comes_before_root(node: minidom.Node) -> bool:
    while node is not None:
        if node.nodeType == Node.ELEMENT_NODE:
            return True
        node = node.nextSibling
    return False


def _declared(element: minidom.Element) -> dict[str, str]:
    return {
        ("" if attribute.name == "xmlns" else attribute.localName): attribute.value or ""
        for attribute in element.attributes.values()
        if attribute.namespaceURI == XMLNS
    }


class _Writer:
    def __init__(self, algorithm: Canonical, without: minidom.Element | None, prefixes: list[str]) -> None:
        self.algorithm = algorithm
        self.without = without
        self.prefixes = prefixes
        self.out: list[str] = []

    def node(
        self,
        node: minidom.Node,
        scope: dict[str, str],
        rendered: dict[str, str],
        omitted: Sequence[minidom.Element] = (),
    ) -> None:
        if node is self.without:
            return
        if node.nodeType == Node.ELEMENT_NODE:
            self.element(node, scope | _declared(node), dict(rendered), omitted)
        elif node.nodeType in {Node.TEXT_NODE, Node.CDATA_SECTION_NODE}:
            text = node.data.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            self.out.append(text.replace("\r", "&#xD;"))
        elif node.nodeType == Node.PROCESSING_INSTRUCTION_NODE:
            self.out.append(f"<?{node.target}{' ' if node.data else ''}{node.data}?>")
        elif self.algorithm.comments:
            self.out.append(f"<!--{node.data}-->")

    def element(
        self,
        element: minidom.Element,
        scope: dict[str, str],
        rendered: dict[str, str],
        omitted: Sequence[minidom.Element],
    ) -> None:
        attributes = {
            (attribute.namespaceURI or "", attribute.localName): (attribute.name, attribute.value)
            for attribute in element.attributes.values()
            if attribute.namespaceURI != XMLNS
        }
        wanted = set(scope) | {""}
        if self.algorithm.exclusive:
            used = {name.partition(":")[0] for name, _ in attributes.values() if ":" in name}
            wanted = {element.prefix or "", *used, *self.prefixes}
        else:
            self.inherit(attributes, omitted)
        self.out.append(f"<{element.tagName}")
        for prefix in sorted(wanted - {"xml"}):
            uri = scope.get(prefix, "")
            if rendered.get(prefix, "") != uri:
                rendered[prefix] = uri
                self.out.append(f' xmlns{":" if prefix else ""}{prefix}="{_value(uri)}"')
        for _, (name, value) in sorted(attributes.items()):
            self.out.append(f' {name}="{_value(value)}"')
        self.out.append(">")
        for child in element.childNodes:
            self.node(child, scope, rendered)
        self.out.append(f"</{element.tagName}>")

    def inherit(self, attributes: dict[tuple[str, str], tuple[str, str]], omitted: Sequence[minidom.Element]) -> None:
        bases = []
        for ancestor in omitted:
            for attribute in ancestor.attributes.values():
                if attribute.namespaceURI != XML:
                    continue
                local, first = attribute.localName, self.algorithm.value.startswith(Canonical.C14N_10)
                if first or local in {"lang", "space"}:
                    attributes.setdefault((XML, local), (attribute.name, attribute.value))
                elif local == "base":
                    bases.append(attribute.value)
        if bases:
            own = [attributes[XML, "base"][1]] if (XML, "base") in attributes else []
            attributes[XML, "base"] = ("xml:base", _joined([*own, *bases]))
            if not attributes[XML, "base"][1]:
                del attributes[XML, "base"]


def _joined(values: list[str]) -> str:
    """Return the values, from the innermost outwards, as one: each joined to what the inner ones came to.

    Source: Canonical XML 1.1, section 2.4 (in reverse document order). The other way round, ``.`` in ``.`` in ``/a/b``
    would be ``/a/`` instead of ``/a/b``.
    """
    found, *outer = values
    for value in outer:
        found = _in(value, found)
    return found


def _in(outer: str, inner: str) -> str:
    """Return what *inner* comes to inside *outer*."""
    found = _DEEP
    for value in (outer, inner):
        found = urllib.parse.urljoin(found, value + "/" if value == ".." or value.endswith("/..") else value)
    if not found.startswith("http://deep.example/"):
        return found
    if outer.startswith("/") or inner.startswith("/"):
        return found.removeprefix("http://deep.example")
    up = 0
    base = _DEEP
    while not found.startswith(base):
        base = base[:-2]
        up += 1
    return "../" * up + found.removeprefix(base)


def _value(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return text.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")
