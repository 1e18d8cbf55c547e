"""The tree that signatures are read from: its Ids, its text, and the octets of its parts."""

from __future__ import annotations

import binascii
import contextvars
import functools
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, BinaryIO, Final, Protocol, Self, cast

import attrs
import pybase64
from lxml import etree

from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import ReadError, UsageError
from vndoc.limits import DEFAULT, Limits
from vndoc.pki.outcome import Reason
from vndoc.signature._reasons_xml import XML_REASONS
from vndoc.signature._xmldsig_names import DS, ds
from vndoc.xml import Canonical, Skeleton, canonical_pieces, parse_document
from vndoc.xml.c14n import canonical_octets
from vndoc.xml.c14nwork import is_light
from vndoc.xml.document import check_document
from vndoc.xml.elide import elide
from vndoc.xml.parser import parse_document_quietly
from vndoc.xml.pieces import foretold_digest, text_of
from vndoc.xml.skeleton import HOLDER_TAGS

__all__ = [
    "Canonicalizer",
    "Ids",
    "Paths",
    "Piece",
    "PiecedOctets",
    "Refusal",
    "XmlSource",
    "base64_of",
    "base64_value",
    "element_children",
    "plain_text",
    "reason",
    "within",
]

Piece = bytes | memoryview
"""A run of octets in a sequence that belongs together."""

_SHORT: Final = 256 * 1024
"""Octets of a document in which tags are counted to see that it is soon made canonical: counting takes time, too."""
_WHOLE: Final = 48 * 1024
"""Octets of a document that is always parsed as it is."""
_SIGNATURE: Final = ds("Signature")
_XML_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"
_RESOLVED: Final = frozenset({"Id", "ID", "id", _XML_ID})
_ID_NAMES: Final = frozenset({"Id", "ID", "id", "iD"})
_ID_ATTRIBUTES = etree.XPath(f"descendant-or-self::*/@*[contains('{' '.join(sorted(_ID_NAMES))}', local-name())]")
"""Those with such a name and a few that are a part of one: the exact search takes twice as long."""


class Paths:
    """The paths of elements, as :func:`vndoc.edxml.xmltools.path_of` gives them, when many are asked for.

    Elements of one name are counted once among their siblings, and from the nearest one that is known, in both
    directions: a thousand paths among a hundred thousand siblings take a few passes over these, not a thousand.
    In a ``with`` statement, the places of all reasons are worked out here.
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[etree._Element, str], int] = {}
        self._numbers: dict[etree._Element, int] = {}
        self._known: dict[etree._Element, str] = {}

    def __enter__(self) -> Self:
        self._token = _PATHS.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _PATHS.reset(self._token)

    def of(self, node: etree._Element) -> str:
        """Return the path of *node*."""
        known = self._known
        found = known.get(node)
        if found is not None:
            return found
        steps = [node]
        parent = node.getparent()
        while parent is not None and parent not in known:
            steps.append(parent)
            parent = parent.getparent()
        path = "" if parent is None else known[parent]
        for step in reversed(steps):
            tag = step.tag
            name = tag.rpartition("}")[2]
            if parent is not None and not self._alone(step, parent, tag):
                name = f"{name}[{self._number(step, parent, tag)}]"
            path = known[step] = f"{path}/{name}"
            parent = step
        return path

    def _alone(self, node: etree._Element, parent: etree._Element, tag: str) -> bool:
        """Return whether no other child of *parent* has the *tag* of *node*."""
        if (parent, tag) in self._counts:
            return False
        alike = parent.iterchildren(tag)
        return next(alike) is node and next(alike, None) is None

    def _number(self, node: etree._Element, parent: etree._Element, tag: str) -> int:
        """Return which one of the children of *parent* with its *tag* the *node* is, counted from one."""
        before, after = node.itersiblings(tag, preceding=True), node.itersiblings(tag)
        above, below = next(before, None), next(after, None)
        key = (parent, tag)
        count = self._counts.get(key)
        if count is None:
            count = self._counts[key] = sum(1 for _ in parent.iterchildren(tag))
        number, distance = 0, 1
        while not number:
            if above is None:
                number = distance
            elif above in self._numbers:
                number = self._numbers[above] + distance
            elif below is None:
                number = count - distance + 1
            elif below in self._numbers:
                number = self._numbers[below] - distance
            else:
                above, below, distance = next(before, None), next(after, None), distance + 1
        self._numbers[node] = number
        return number


_PATHS: Final[contextvars.ContextVar[Paths | None]] = contextvars.ContextVar("paths")
"""The paths of the document that is being read."""


class Refusal(Exception):  # noqa: N818 - it ends the reading of one part, and becomes a reason
    """What makes one part of a signature unreadable; never leaves this package."""

    def __init__(self, found: Reason) -> None:
        super().__init__(found.code)
        self.reason = found


def reason(code: str, *, place: etree._Element | str | None = None, **values: object) -> Reason:
    """Return the reason *code* of the table of XML signatures; *place* is a path, or the element it leads to."""
    where = place if place is None or isinstance(place, str) else (_PATHS.get(None) or Paths()).of(place)
    return Reason.of(XML_REASONS[code], place=where, **values)


class Canonicalizer(Protocol):
    """Gives the canonical octets of a node in pieces; see :func:`vndoc.xml.c14n.canonicalize` for the arguments."""

    def __call__(
        self,
        node: etree._Element,
        algorithm: Canonical,
        *,
        inclusive_prefixes: Sequence[str],
        without: etree._Element | None,
        whole_document: bool,
    ) -> Iterable[Piece]:
        """Yield the pieces."""
        ...


class Foretold(Protocol):
    """Gives the digest of that name of what a :class:`Canonicalizer` would give, and its length, if it is known."""

    def __call__(
        self,
        node: etree._Element,
        algorithm: Canonical,
        name: str,
        *,
        inclusive_prefixes: Sequence[str],
        without: etree._Element | None,
        whole_document: bool,
        octets: bytes | None = None,
    ) -> tuple[bytes, int] | None:
        """Return both; *octets* are those of the tree, where they were made already."""
        ...


def _whole(
    node: etree._Element,
    algorithm: Canonical,
    *,
    inclusive_prefixes: Sequence[str],
    without: etree._Element | None,
    whole_document: bool,
    light: bool = False,
) -> Iterable[Piece]:
    return (canonical_octets(node, algorithm, inclusive_prefixes, without, whole_document=whole_document, light=light),)


_light = functools.partial(_whole, light=True)


def _text(node: etree._Element) -> str:
    """Return the text of *node* and all below it, without comments and processing instructions."""
    return "".join(cast("Iterator[str]", node.itertext("*")))


@attrs.frozen(kw_only=True, eq=False, repr=False)
class XmlSource:
    """A document with signatures in it: one tree, and how the octets and the text of its parts are had.

    ``root`` holds comments and processing instructions and nobody changes it. ``canonical`` and ``text`` are the
    seam for trees whose long texts were cut out (:class:`vndoc.xml.Skeleton`). ``size`` is about the number of
    octets of the document; it bounds the work. ``foretold`` gives digests that were made while the document arrived.

    ``light`` says whether counting showed that any part of a whole tree is soon made canonical (``None``: it is not
    ours to say), ``skeleton`` is what the two seams are made of.
    """

    root: etree._Element
    size: int
    canonical: Canonicalizer = _whole
    text: Callable[[etree._Element], str] = _text
    foretold: Foretold | None = None
    light: bool | None = None
    skeleton: Skeleton | None = None

    @classmethod
    def of(
        cls, source: bytes | bytearray | memoryview | etree._Element | XmlSource, limits: Limits = DEFAULT
    ) -> XmlSource:
        """Return *source*, parsed if it is octets.

        Raises :class:`~vndoc.errors.ReadError` as :func:`vndoc.xml.parse_document` does, and ``xml-dtd`` for a tree
        that has a document type declaration (attack A4); :class:`~vndoc.errors.UsageError` ``source-type`` for
        anything else.
        """
        if isinstance(source, XmlSource):
            return source
        if isinstance(source, (bytearray, memoryview)):
            source = bytes(source)
        if isinstance(source, bytes):
            found = cls.of_octets(source, len(source), limits)
            if found is None:
                return cls(root=parse_document(source, limits=limits), size=len(source), light=False)
            return found
        if not etree.iselement(source):
            raise UsageError("source-type", found=type(source).__name__)
        tree = source.getroottree()
        if cast("Any", tree).docinfo.doctype:
            raise ReadError("xml-dtd")
        return cls(root=tree.getroot(), size=len(etree.tostring(tree)), light=False)

    @classmethod
    def of_octets(cls, data: bytes, size: int, limits: Limits) -> XmlSource | None:
        """Return the document *data*, of which *size* is told; ``None`` if anything about it is doubtful.

        Raises :class:`~vndoc.errors.LimitError` as :func:`vndoc.xml.parse_document` does.
        """
        if _WHOLE < len(data) <= limits.document_bytes:
            skeleton = elide(MemoryOctets(data), limits)
            if skeleton is not None and _apart(skeleton):
                check_document(skeleton.data, limits)
                return cls.of_skeleton(skeleton, size)
        check_document(data, limits)
        values = data.count(b"=") if len(data) <= _SHORT else None
        root = parse_document_quietly(data, limits, values)
        if root is None:
            return None
        light = values is not None and is_light(data, values=values)
        return cls(root=root, size=size, canonical=_light if light else _whole, light=light)

    @classmethod
    def of_skeleton(cls, skeleton: Skeleton, size: int) -> XmlSource:
        """Return the packet of *size* octets that *skeleton* was made from, its attachments left where they lie.

        Raises as :attr:`Skeleton.full_root <vndoc.xml.Skeleton.full_root>`.
        """

        def canonical(
            node: etree._Element,
            algorithm: Canonical,
            *,
            inclusive_prefixes: Sequence[str],
            without: etree._Element | None,
            whole_document: bool,
        ) -> Iterable[Piece]:
            return canonical_pieces(
                skeleton,
                node,
                algorithm,
                inclusive_prefixes=inclusive_prefixes,
                without=without,
                whole_document=whole_document,
            )

        ready = None if skeleton.ahead is None else functools.partial(foretold_digest, skeleton)
        return cls(
            root=skeleton.full_root,
            size=size,
            canonical=canonical,
            text=functools.partial(text_of, skeleton),
            foretold=ready,
            skeleton=skeleton,
        )


def _apart(skeleton: Skeleton) -> bool:
    """Return whether something was cut out, and nothing of a signature: of that, all is looked at in the tree."""
    texts = skeleton.texts
    if not texts:
        return False
    holders = [node for node in skeleton.root.iter(*HOLDER_TAGS) if node.text in texts]
    return all(next(node.iterancestors(_SIGNATURE), None) is None for node in holders)


class Ids:
    """The Ids of a document: every attribute called Id in whatever case is one space (attack A2).

    Source: signature.md, section 6; practice.
    """

    def __init__(self, root: etree._Element) -> None:
        self._found: dict[str, etree._Element] | None = None
        found = cast("list[Any]", _ID_ATTRIBUTES(root))
        values = self._values = [v for v in found if v.attrname.rpartition("}")[2] in _ID_NAMES]
        self.duplicates: dict[str, None] = {}
        """The values that stand more than once, whatever the attribute, in order."""
        if len(set(values)) < len(values):
            self.duplicates = {value: None for value, count in Counter(map(str, values)).items() if count > 1}

    def get(self, value: str) -> etree._Element | None:
        """Return the element with the Id *value*; ``None`` if there is none, or more than one."""
        if self._found is None:
            self._found = {}
            for found in self._values:
                owner = found.getparent()
                if _resolves(owner, str(found.attrname)):
                    self._found[str(found)] = owner
        return None if value in self.duplicates else self._found.get(value)


def _resolves(owner: etree._Element, name: str) -> bool:
    """Return whether the attribute *name* is the Id of *owner*: elements of XML-DSig know ``Id`` only."""
    return name == "Id" if str(owner.tag).startswith("{" + DS) else name in _RESOLVED


def element_children(node: etree._Element) -> list[etree._Element]:
    """Return the elements right below *node*."""
    return list(node.iterchildren("*"))


def within(node: etree._Element, outer: etree._Element) -> bool:
    """Return whether *node* is *outer* or lies in it."""
    return node is outer or outer in node.iterancestors()


def plain_text(node: etree._Element) -> str:
    """Return the text of *node*; a comment, an instruction or an element in it is refused (attack A7)."""
    if len(node):
        raise Refusal(reason("text-not-plain", place=node, name=etree.QName(node).localname))
    return node.text or ""


def base64_value(node: etree._Element) -> bytes:
    """Return the octets that the plain base64 text of *node* stands for; refuses what is not canonical."""
    return base64_of(plain_text(node), node)


def base64_of(text: str, node: etree._Element) -> bytes:
    """Return the octets of base64 *text* at *node*: white space apart, exactly the form of RFC 4648, section 4.

    Refuses with ``base64-invalid``, or ``base64-tail-bits`` where only the unused bits at the end are set.
    """
    # of the characters that "split" takes for white space in ASCII, XML allows its own four only
    bare = "".join(text.split()) if text.isascii() else text
    try:
        octets = pybase64.b64decode(bare, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(reason("base64-invalid", place=node, name=etree.QName(node).localname)) from None
    if pybase64.b64encode(octets) != bare.encode("ascii"):
        raise Refusal(reason("base64-tail-bits", place=node, name=etree.QName(node).localname))
    return octets


class _Pieces(io.RawIOBase):
    """A readable file over pieces that are made while it is read."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        target = memoryview(cast("bytearray", buffer)).cast("B")
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


@attrs.frozen(repr=False, eq=False)
class PiecedOctets:
    """Octets that are made again, piece by piece, each time they are opened: the octets that were digested."""

    pieces: Callable[[], Iterable[Piece]]
    size: int

    def open(self) -> BinaryIO:
        """Return a new binary file over the octets."""
        return io.BufferedReader(_Pieces(self.pieces()))

    def __reduce__(self) -> tuple[object, ...]:
        """What the pieces are made of stays behind: another process gets the octets."""
        return MemoryOctets, (b"".join(self.pieces()),)

    def __repr__(self) -> str:
        return f"PiecedOctets({self.size} octets)"
