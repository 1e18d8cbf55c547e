"""The digest of a document around its signature, made while the document arrives.

Attachments are nearly all of a packet, and they come after the header with the signature. When the text of one begins,
all that stands before it is known; so its canonical form can be foretold, hashed, and the text after it as it passes.
At the end the real canonical form has to have the very same octets before each text and between them: only then the
hash counts, and what is left is a few kilobytes. Nothing depends on the foretelling but the time it saves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import attrs
from lxml import etree

from vndoc.errors import VndocError
from vndoc.xml.c14n import Canonical, canonical_octets
from vndoc.xml.c14nwork import is_light
from vndoc.xml.parser import parse_partly
from vndoc.xml.skeleton import weave

__all__ = ["Ahead", "Growing", "Plan", "Planner"]

_MARK: Final = b"SignedInfo"
"""Without an element of this name, nothing is signed."""
_MOST: Final = 32
"""Texts of one packet: for each, what stands before it is parsed anew."""
_LONGEST: Final = 256 * 1024
_WORK: Final = 1_000_000
"""Octets before a text, and steps to make them canonical: some milliseconds. A packet has ten thousand."""


class Growing(Protocol):
    """A hash that is being made, as :mod:`hashlib` gives it."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Take the next octets."""

    def digest(self) -> bytes:
        """Return the hash of what was taken."""

    def copy(self) -> Growing:
        """Return another one that goes on from here."""


@attrs.frozen
class Plan:
    """What will be asked for: the whole document without an element, in a canonical form, by the digest *name*."""

    without: etree._Element = attrs.field(eq=False)
    form: Canonical
    prefixes: tuple[str, ...]
    name: str
    new: Callable[[], Growing] = attrs.field(eq=False)


class Planner(Protocol):
    """Reads from the tree of the beginning of a packet what its signature is over."""

    def __call__(self, root: etree._Element, /) -> Plan | None:
        """Return the plan, if there is a signature that it can be made for."""


class Ahead:
    """The hash while it is made, and the canonical octets before each text that it was made from."""

    def __init__(self, planner: Planner) -> None:
        self._planner: Planner | None = planner
        self._plan: Plan | None = None
        self._hash: Growing | None = None
        self._parts: list[bytes] = []
        self._size = 0

    def begin(self, segments: Sequence[Sequence[bytes]]) -> None:
        """A text begins; *segments* is all that stands before it, cut where texts were."""
        if self._planner is None:
            return
        found = self._foretold([b"".join(parts) for parts in segments], self._planner)
        if found is None or self._hash is None:
            self._planner = None
            return
        self._parts.append(found)
        self._hash.update(found)
        self._size += len(found)

    def take(self, data: bytes, start: int, stop: int, *, white: bool) -> None:
        """Octets of the text pass, in *data*; *white* space may be CR, with which they are not in canonical form."""
        if self._planner is None or self._hash is None:
            return
        if white and data.find(b"\r", start, stop) >= 0:
            self._planner = None
            return
        self._hash.update(memoryview(data)[start:stop])
        self._size += stop - start

    def digest(
        self, form: Canonical, prefixes: Sequence[str], name: str, parts: list[bytes]
    ) -> tuple[bytes, int] | None:
        """Return the hash of the document and its length, if it was foretold; *parts* stand around the texts."""
        plan, made = self._plan, self._hash
        if self._planner is None or plan is None or made is None:
            return None
        if (plan.form, plan.prefixes, plan.name) != (form, tuple(prefixes), name) or parts[:-1] != self._parts:
            return None
        found = made.copy()
        found.update(parts[-1])
        return found.digest(), self._size + len(parts[-1])

    def _foretold(self, segments: list[bytes], planner: Planner) -> bytes | None:
        """Return the canonical octets between the text that begins and the one before it."""
        if not any(_MARK in part for part in segments):  # the name of an element is written as it is
            return None
        data, tokens = weave([*segments, b""])
        if len(tokens) > _MOST or len(data) > _LONGEST or not is_light(data, _WORK):
            return None
        try:
            root = parse_partly(data)
            plan = None if root is None else planner(root)
            if root is None or plan is None or self._plan not in (None, plan):
                return None
            if self._plan is None:
                self._plan, self._hash = plan, plan.new()
            octets = canonical_octets(root, plan.form, plan.prefixes, plan.without, whole_document=True, light=True)
        except VndocError:  # whoever asks in the end is told
            return None
        stop = octets.find(tokens[-1].encode())
        start = 0 if len(tokens) == 1 else octets.find(tokens[-2].encode()) + len(tokens[-2])
        return octets[start:stop] if 0 <= start < stop else None
