"""What a reference selects: a node-set of a document, or a run of octets between two transforms."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs
from lxml import etree

from vndoc.signature._xmldsig_tree import Piece, XmlSource
from vndoc.xml import Canonical

__all__ = ["Selection", "State", "Stream"]


@attrs.define(eq=False)
class Selection:
    """A node-set: *node* and all below it, with or without comments, perhaps the whole document, perhaps a hole."""

    source: XmlSource
    node: etree._Element
    whole: bool = False
    comments: bool = False
    without: etree._Element | None = None
    foreign: bool = False
    """Whether it is another document than that of the signature."""

    def canonical(self, method: Canonical, prefixes: tuple[str, ...] = ()) -> Stream:
        """Return the canonical octets."""
        form = method if self.comments else method.without_comments
        node, without, whole, source = self.node, self.without, self.whole, self.source

        def pieces() -> Iterable[Piece]:
            return source.canonical(node, form, inclusive_prefixes=prefixes, without=without, whole_document=whole)

        # what is left out is copied first all the same
        cost = 0 if without is None else source.size
        stream = Stream(pieces, key=(node, form, prefixes, without, whole), cost=cost, node=node)
        ready = source.foretold
        if ready is not None:
            stream.foretold = lambda name: ready(
                node, form, name, inclusive_prefixes=prefixes, without=without, whole_document=whole
            )
        return stream


@attrs.define(eq=False)
class Stream:
    """A run of octets between two transforms. ``key`` says where the same octets were digested before."""

    pieces: Callable[[], Iterable[Piece]]
    key: tuple[object, ...] | None = None
    cost: int = 0
    """Octets of work, where these are more than those of the stream."""
    node: etree._Element | None = None
    """What is made canonical, if it is that."""
    foretold: Callable[[str], tuple[bytes, int] | None] | None = None
    """Gives the digest of that name and the length of the octets, if they were hashed on the way."""


State = Selection | Stream
