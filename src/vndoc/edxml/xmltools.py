"""Small helpers on lxml elements: names, places, markup as values."""

from __future__ import annotations

from typing import Any

from vndoc.envelope import SignatureMarkup

__all__ = ["local_name", "markup", "path_of", "split_tag"]


def local_name(node: Any) -> str:
    """Return the name of an element without its namespace."""
    tag: str = node.tag
    return tag.rpartition("}")[2]


def split_tag(node: Any) -> tuple[str, str]:
    """Return ``(namespace, name)`` of an element; the namespace is ``""`` for none."""
    tag: str = node.tag
    if tag[:1] == "{":
        namespace, _, name = tag[1:].rpartition("}")
        return namespace, name
    return "", tag


def path_of(node: Any) -> str:
    """Return the place of an element as :class:`vndoc.errors.Place` writes it: local names, indexes where they repeat."""
    steps: list[str] = []
    while node is not None:
        parent = node.getparent()
        step = local_name(node)
        if parent is not None:
            before = sum(1 for _ in node.itersiblings(node.tag, preceding=True))
            if before or next(node.itersiblings(node.tag), None) is not None:
                step = f"{step}[{before + 1}]"
        steps.append(step)
        node = parent
    return "/" + "/".join(reversed(steps))


def markup(node: Any) -> SignatureMarkup:
    """Return an element and everything in it as a value, white space included."""
    namespace, name = split_tag(node)
    children: list[SignatureMarkup | str] = [node.text] if node.text else []
    for child in node:
        children.append(markup(child))
        if child.tail:
            children.append(child.tail)
    return SignatureMarkup(
        name=name,
        namespace=namespace or None,
        prefix=node.prefix,
        attributes=tuple((str(key), str(value)) for key, value in node.attrib.items()),
        children=tuple(children),
    )
