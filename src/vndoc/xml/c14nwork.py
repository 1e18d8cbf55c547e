"""Whether canonicalising a tree is sure to end soon.

For each element, libxml2 looks up every namespace declaration around it among all the others, and it sorts attributes
by insertion. A document of 27 kilobytes with a thousand declarations takes it ten seconds, one of 2 megabytes with a
hundred thousand attributes more than a minute.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from vndoc.errors import ReadError

__all__ = ["check_work", "is_light"]

_WORK: Final = 100_000_000
"""Steps that are allowed: less than a second. A packet takes a few thousand; one that declares ten namespaces anew on
each of a hundred thousand elements, ten levels deep, is still below."""


def is_light(octets: bytes, work: int = _WORK, values: int | None = None) -> bool:
    """Return whether the tree of *octets* (UTF-8), and any part of it, is sure to take *work* steps at most.

    By counting, which is fast; without *work*, such a tree is sure to pass :func:`check_work`. *values* is how many
    ``=`` there are, if that is known: no more attributes and declarations.
    """
    most = len(octets) // 4  # elements or attributes
    if values is not None and (most + 1) * values**2 <= work:
        return True
    declared = octets.count(b"xmlns") ** 2
    return most * (declared + most) <= work or (octets.count(b"<") * declared + octets.count(b"=") ** 2 <= work)


def check_work(root: etree._Element) -> None:
    """Raise :class:`ReadError` (``c14n-too-complex``) if *root* takes too many steps."""
    work = declared = 0
    around = [0]
    for event, value in etree.iterwalk(root, events=("start-ns", "start", "end")):
        if event == "start-ns":
            declared += 1
        elif event == "end":
            around.pop()
        else:
            around.append(around[-1] + declared)
            declared = 0
            work += around[-1] ** 2 + len(value.attrib) ** 2
            if work > _WORK:
                raise ReadError("c14n-too-complex")
