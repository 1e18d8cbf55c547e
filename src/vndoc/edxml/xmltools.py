"""Small helpers on lxml elements: names, places, markup as values."""

from __future__ import annotations

from functools import partial
from typing import Any

from vndoc.envelope import SignatureMarkup
from vndoc.envelope.model import Inside, deferred

__all__ = ["local_name", "markup", "path_of", "split_tag"]


def local_name(node: Any) -> str:
    """Return the name of an element without its namespace."""
    tag: str = node.tag
    return tag.rpartition("}")[2]


def split_tag(node: Any) -> tuple[str, str]:
    """Return ``(namespace, name)`` of an element; the namespace is ``""`` for none."""
    namespace, brace, name = node.tag.rpartition("}")
    return (namespace[1:], name) if brace else ("", name)


def path_of(node: Any, counted: dict[tuple[Any, str], tuple[Any, int]] | None = None) -> str:
    """Return the place of an element as :class:`vndoc.errors.Place` writes it: local names, indexes where they repeat.

    *counted* keeps the last element counted among its siblings, so that asking for the places of many siblings in
    document order does not count them from the first one each time.
    """
    steps: list[str] = []
    while node is not None:
        parent = node.getparent()
        tag = node.tag
        step = tag.rpartition("}")[2]
        if parent is not None:
            if next(node.itersiblings(tag, preceding=True), None) is not None:
                number = _number(node, parent, {} if counted is None else counted)
                step = f"{step}[{number}]"
            elif next(node.itersiblings(tag), None) is not None:
                step = f"{step}[1]"
        steps.append(step)
        node = parent
    return "/" + "/".join(reversed(steps))


def _number(node: Any, parent: Any, counted: dict[tuple[Any, str], tuple[Any, int]]) -> int:
    """Return which of its like the element is among its siblings, from one."""
    last, base = counted.get((parent, node.tag), (None, 0))
    number = 1
    if node is last:
        return base
    for sibling in node.itersiblings(node.tag, preceding=True):
        if sibling is last:
            number += base
            break
        number += 1
    counted[(parent, node.tag)] = (node, number)
    return number


def markup(node: Any) -> SignatureMarkup:
    """Return an element and everything in it as a value, white space included.

    The value holds on to *node*, which nobody may change, until its attributes or children are asked for.
    """
    namespace, name = split_tag(node)
    return deferred(name, namespace or None, node.prefix, partial(_inside, node))


def _inside(node: Any) -> Inside:
    text = node.text
    children: list[SignatureMarkup | str] = [text] if text else []
    for child in node:
        namespace, name = split_tag(child)
        attributes, inner = _inside(child)
        children.append(
            SignatureMarkup(
                name=name, namespace=namespace or None, prefix=child.prefix, attributes=attributes, children=inner
            )
        )
        tail = child.tail
        if tail:
            children.append(tail)
    return tuple(node.items()), tuple(children)
