"""Canonical XML written element by element, for what libxml2 or lxml gets wrong.

libxml2 writes the ampersand in a namespace name as it is, which is not even well-formed; lxml does not pass on the
inclusive prefix ``#default``. Both are rare, and this is several times slower, so it is the exception.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from lxml import etree

__all__ = ["is_relative", "markup", "relative_names", "write_canonical"]

_XML: Final = "http://www.w3.org/XML/1998/namespace"
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ATTRIBUTE_NAME = etree.XPath("name(@*[namespace-uri() = $uri and local-name() = $local])")
_Scope = Mapping[str, str]
"""Namespace names by prefix; ``""`` is the default namespace."""


def write_canonical(
    root: etree._Element, *, exclusive: bool, comments: bool, prefixes: Sequence[str] = ()
) -> Iterator[str]:
    """Yield the canonical form of *root*, whose namespaces are all declared on it or below.

    *prefixes* are those that the exclusive form treats as the others do, ``""`` for the default namespace.

    Source: Canonical XML 1.0, section 2.3; Exclusive XML Canonicalization 1.0, section 3.
    """
    written: list[tuple[_Scope, str]] = [({}, "")]
    for event, node in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event == "start":
            name = _qualified(node.prefix, node.tag)
            scope = {prefix or "": uri or "" for prefix, uri in node.nsmap.items()}
            attributes = sorted(_attributes(node, scope))
            wanted: set[str] = set(scope)
            if exclusive:
                used = {written_name.partition(":")[0] for uri, _, written_name, _ in attributes if uri}
                wanted = {node.prefix or "", *used, *prefixes} - {"xml"}
            above = written[-1][0]
            declared = {p: scope.get(p, "") for p in sorted(wanted) if scope.get(p, "") != above.get(p, "")}
            written.append(({**above, **declared}, name))
            yield f"<{name}"
            yield from (f' {f"xmlns:{p}" if p else "xmlns"}="{_value(uri)}"' for p, uri in declared.items())
            yield from (f' {name}="{_value(value)}"' for _, _, name, value in attributes)
            yield f">{_text(node.text)}"
        elif event == "end":
            yield f"</{written.pop()[1]}>{'' if node is root else _text(node.tail)}"
        else:
            yield f"{markup(node) if comments or event == 'pi' else ''}{_text(node.tail)}"


def markup(node: etree._Element) -> str:
    """Return the canonical form of a comment or a processing instruction."""
    text = str(node.text or "").replace("\r", "&#xD;")
    tag: object = node.tag
    if tag is etree.Comment:
        return f"<!--{text}-->"
    target = str(getattr(node, "target", ""))
    return f"<?{target} {text}?>" if text else f"<?{target}?>"


def relative_names(root: etree._Element) -> Iterator[str]:
    """Yield the namespace names in *root*'s tree that are relative URIs."""
    for element in root.iter("*"):
        yield from (uri for uri in element.nsmap.values() if is_relative(uri))


def is_relative(uri: str | None) -> bool:
    """Return whether the namespace name *uri* is a relative URI: no canonical form is defined with it."""
    return bool(uri) and _ABSOLUTE.match(uri or "") is None


def _attributes(node: etree._Element, scope: _Scope) -> Iterator[tuple[str, str, str, str]]:
    """Yield namespace name, local name, qualified name and value of each attribute of *node*."""
    for key, value in node.items():
        uri, _, local = str(key).removeprefix("{").rpartition("}")
        prefixes = ["xml"] if uri == _XML else [prefix for prefix, bound in scope.items() if prefix and bound == uri]
        if not uri:
            name = local
        elif len(prefixes) == 1:
            name = f"{prefixes[0]}:{local}"
        else:  # several prefixes for one name: lxml tells only through XPath which one was written
            name = str(_ATTRIBUTE_NAME(node, uri=uri, local=local))
        yield uri, local, name, str(value)


def _qualified(prefix: str | None, tag: str) -> str:
    local = tag.rpartition("}")[2]
    return f"{prefix}:{local}" if prefix else local


def _text(text: str | None) -> str:
    if not text:
        return ""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def _value(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return text.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")
