"""Canonical XML: the octets that a signature of XML is made over.

libxml2 does the writing, through lxml, which is right for the root of a document only: an element further in is
written wrongly (a false ``xmlns=""`` below it), and attributes of the ``xml`` namespace are not inherited. So a root
without anything around it is written where it stands. In every other case a copy is made of which the element is the
root; what is inherited is set there, and what has to be left out is taken out there. The tree itself is never
touched: it may be shared between threads. Where even that would be wrong, :mod:`vndoc.xml.c14nwriter` writes.
"""

from __future__ import annotations

import copy
import enum
import functools
import itertools
import re
from collections.abc import Sequence
from typing import Final

from lxml import etree

from vndoc.errors import ReadError, UsageError
from vndoc.xml.c14nwork import check_work, is_light
from vndoc.xml.c14nwriter import is_relative, markup, relative_names, write_canonical
from vndoc.xml.parser import parse_copy
from vndoc.xml.xmlbase import join_uri_references

__all__ = ["SCOPE", "Canonical", "canonical_octets", "canonicalize", "path_between", "written"]

_XML: Final = "{http://www.w3.org/XML/1998/namespace}"
_SIMPLE: Final = (_XML + "lang", _XML + "space")
"""Attributes that Canonical XML 1.1 inherits as they are."""

_BASE: Final = _XML + "base"
_DEFAULT: Final = "#default"
_LONGEST_BASES: Final = 64 * 1024
"""Characters in all ``xml:base`` values around an element: joining takes their number times that of the values."""

SCOPE: Final = 1_000
"""Namespaces in scope of an inner element: writing them takes the square of their number, each time anew."""

_REMOVED: Final = 10_000
"""Namespace declarations in what is left out: a signature has below a hundred."""

_AMPERSAND = re.compile(rb" xmlns(?::[^ =\"]+)?=\"[^\"]*&")
_COMMENTS = "WithComments"


class Canonical(enum.StrEnum):
    """The canonical forms, by the URI that names each in signatures.

    Source: Canonical XML 1.0 and 1.1, Exclusive XML Canonicalization 1.0 (W3C).
    """

    __hash__ = str.__hash__  # that of enum is written in Python, and tables are asked for each signature

    C14N_10 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
    C14N_10_COMMENTS = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"
    C14N_11 = "http://www.w3.org/2006/12/xml-c14n11"
    C14N_11_COMMENTS = "http://www.w3.org/2006/12/xml-c14n11#WithComments"
    EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
    EXCLUSIVE_COMMENTS = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"

    @functools.cached_property
    def comments(self) -> bool:
        """Return whether comments belong to the form."""
        return self.endswith(_COMMENTS)

    @functools.cached_property
    def exclusive(self) -> bool:
        """Return whether only namespaces that are used belong to the form."""
        return self.startswith(Canonical.EXCLUSIVE)

    @property
    def without_comments(self) -> Canonical:
        """Return the same form without comments.

        That is what the references ``""`` and ``#id`` come to whatever form is named: their node-set has no comments
        (XML Signature 1.1, section 4.4.3.3). ``#xpointer(/)`` and ``#xpointer(id('...'))`` keep them.
        """
        return _WITHOUT_COMMENTS[self] if self.comments else self


_WITHOUT_COMMENTS: Final = {
    form: form if not form.comments else Canonical(form.value.removesuffix(_COMMENTS).removesuffix("#"))
    for form in (Canonical.C14N_10, Canonical.C14N_10_COMMENTS, Canonical.C14N_11, Canonical.C14N_11_COMMENTS)
} | dict.fromkeys((Canonical.EXCLUSIVE, Canonical.EXCLUSIVE_COMMENTS), Canonical.EXCLUSIVE)


def canonicalize(
    node: etree._Element,
    algorithm: Canonical,
    *,
    inclusive_prefixes: Sequence[str] = (),
    without: etree._Element | None = None,
    whole_document: bool = False,
) -> bytes:
    """Return the canonical octets of the element *node* and all below it, as it stands in its document.

    Namespaces declared further out count as declared on *node*. Canonical XML 1.0 takes over the ``xml:*`` attributes
    from further out, 1.1 takes over ``xml:lang`` and ``xml:space`` and joins ``xml:base``; the exclusive form takes
    over nothing, but declares the *inclusive_prefixes* (``#default``: the default namespace) as the others do.

    *without* is an element that is left out with all below it, as the enveloped-signature transform asks; the text
    around it is kept. If *node* is a part of it, nothing is left; if it lies beside *node*, it changes nothing. With
    *whole_document*, *node* is the root, and comments and processing instructions around it belong to the form.

    The tree has to come from this package (no DTD, no entities), with its comments and processing instructions:
    :func:`~vndoc.xml.parse_document`, or :attr:`Skeleton.full_root <vndoc.xml.Skeleton.full_root>`. It is not
    changed.

    Raises :class:`ReadError`: ``c14n-namespace`` where a namespace name is a relative URI, so that the form is not
    defined; ``c14n-too-complex`` for more namespace declarations and attributes than can be sorted in a second;
    ``c14n-unavailable`` for a tree that could not have been parsed. Raises :class:`UsageError` (``option-invalid``)
    if *without* belongs to another tree, if *whole_document* is asked for an inner element, or *inclusive_prefixes*
    for a form that is not exclusive.

    Source: Canonical XML 1.0 and 1.1, sections 2.3 and 2.4; Exclusive XML Canonicalization 1.0, section 3;
    XML Signature 1.1, section 6.6.4.
    """
    return canonical_octets(node, algorithm, inclusive_prefixes, without, whole_document=whole_document)


def canonical_octets(
    node: etree._Element,
    algorithm: Canonical,
    prefixes: Sequence[str],
    without: etree._Element | None,
    *,
    whole_document: bool,
    light: bool = False,
) -> bytes:
    """Return what :func:`canonicalize` does; *light* where :func:`~vndoc.xml.c14nwork.is_light` is known already."""
    if prefixes and not algorithm.exclusive:
        raise UsageError("option-invalid", detail="inclusive_prefixes: for exclusive canonical XML only")
    root = node.getroottree().getroot()
    if whole_document and node is not root:
        raise UsageError("option-invalid", detail="whole_document: the node is not the root")
    if node is root:
        body = _of_root(root, algorithm, prefixes, without, light=light)
        return _surrounded(body, root, algorithm) if whole_document else body
    hole = None if without is None else path_between(node, without)
    if hole == ():
        return b""
    found = _detached(node, algorithm, prefixes, light=light)
    return written(_cut(found, hole or ()), algorithm, prefixes)


def _of_root(
    root: etree._Element,
    algorithm: Canonical,
    prefixes: Sequence[str],
    without: etree._Element | None,
    *,
    light: bool,
) -> bytes:
    """Return the canonical octets of *root* without the element *without*."""
    if without is root:
        return b""
    if without is not None and without.getroottree().getroot() is not root:
        raise UsageError("option-invalid", detail="the two elements belong to different trees")
    if not light:
        check_work(root)
    if _stands_alone(root):
        if without is None:
            return written(root, algorithm, prefixes)
        try:
            found = _spared(written(root, algorithm, prefixes), without)
        except ReadError:  # perhaps it is about what is left out
            found = None
        if found is not None:
            return found
    hole = None if without is None else path_between(root, without)
    # a copy that is made of a root has all its namespaces
    return written(_cut(copy.deepcopy(root), hole or ()), algorithm, prefixes)


def _spared(octets: bytes, element: etree._Element) -> bytes | None:
    """Return *octets*, the canonical form of the document of *element*, without it; ``None`` where that is doubtful.

    Text and values have ``&lt;`` in canonical form, so that without comments and instructions each ``<`` begins a tag;
    and every element has an end tag. Where there is one end tag of that name, it is that of *element*, and so is the
    one start tag. What is declared in it counts in it only: nothing beside it is written in another way without it.
    """
    if (b"!" in octets and b"<!" in octets) or (b"?" in octets and b"<?" in octets):
        return None
    name = _qualified(element).encode()
    closing = b"</%b>" % name
    stop = octets.find(closing)
    if octets.find(closing, stop + 1) >= 0:
        return None
    start = octets.rfind(b"<%b " % name, 0, stop)
    if start < 0:
        start = octets.rfind(b"<%b>" % name, 0, stop)
    return octets[:start] + octets[stop + len(closing) :]


def _qualified(element: etree._Element) -> str:
    """Return the name of *element* as it is written."""
    local = element.tag.rpartition("}")[2]
    return f"{element.prefix}:{local}" if element.prefix else local


def path_between(node: etree._Element, inner: etree._Element) -> tuple[int, ...] | None:
    """Return the way from *node* down to *inner*, as positions among the children.

    It is empty if *node* is *inner* or lies in it, and ``None`` if each lies outside the other. Raises
    :class:`UsageError` (``option-invalid``) if they belong to different trees.
    """
    path: list[int] = []
    at = inner
    while at is not node:
        parent = at.getparent()
        if parent is None:
            above = [node, *node.iterancestors()]
            if above[-1] is not at:
                raise UsageError("option-invalid", detail="the two elements belong to different trees")
            return () if any(element is inner for element in above) else None
        path.append(parent.index(at))
        at = parent
    return tuple(reversed(path))


def _stands_alone(root: etree._Element) -> bool:
    return root.getprevious() is None and root.getnext() is None


def _detached(node: etree._Element, algorithm: Canonical, prefixes: Sequence[str], *, light: bool) -> etree._Element:
    """Return a copy of *node* that is the root of a document of its own."""
    scope = node.nsmap
    if len(scope) > SCOPE:
        raise ReadError("c14n-too-complex")
    if light and algorithm.exclusive and not prefixes and not any(map(is_relative, scope.values())):
        found = copy.copy(node)
        found.tail = None
        return found
    # a copy in memory lacks the namespaces that are in scope but not used; written as XML, it has them
    octets = etree.tostring(node, encoding="utf-8", with_tail=False)
    try:
        found = parse_copy(octets)
    except etree.XMLSyntaxError as error:
        raise ReadError("c14n-unavailable", detail=error.msg) from None
    if not light and not is_light(octets):
        check_work(found)
    if not algorithm.exclusive:
        _inherit(node, found, algorithm)
    return found


def _cut(root: etree._Element, hole: tuple[int, ...]) -> etree._Element:
    """Return *root* after what lies at *hole* was taken out."""
    if hole:
        parent = root
        for position in hole[:-1]:
            parent = parent[position]
        _take_out(parent, parent[hole[-1]])
    return root


def _take_out(parent: etree._Element, element: etree._Element) -> None:
    """Remove *element* from *parent* and leave its tail where it was.

    lxml looks up each namespace declaration in what it removes among all the others there.
    """
    if sum(1 for _ in itertools.islice(etree.iterwalk(element, events=("start-ns",)), _REMOVED + 1)) > _REMOVED:
        raise ReadError("c14n-too-complex")
    tail = element.tail
    if tail:
        before = element.getprevious()
        if before is None:
            parent.text = (parent.text or "") + tail
        else:
            before.tail = (before.tail or "") + tail
    parent.remove(element)


def _inherit(node: etree._Element, found: etree._Element, algorithm: Canonical) -> None:
    """Set on *found*, the copy of *node*, the attributes that the ancestors of *node* hand down."""
    ancestors = [element.attrib for element in node.iterancestors() if element.attrib]
    if algorithm.without_comments is Canonical.C14N_10:
        names = {name for attributes in ancestors for name in map(str, attributes) if name.startswith(_XML)}
    else:
        names = set(_SIMPLE)
        bases = [str(attributes[_BASE]) for attributes in ancestors if _BASE in attributes]
        if bases:
            _set_base(found, bases)
    for name in names:
        nearest = next((attributes[name] for attributes in ancestors if name in attributes), None)
        if nearest is not None and name not in found.attrib:
            found.set(name, nearest)


def _set_base(found: etree._Element, bases: list[str]) -> None:
    """Join the ``xml:base`` of *found* with *bases*, those of its ancestors from the nearest outwards."""
    if sum(map(len, bases)) > _LONGEST_BASES:
        raise ReadError("c14n-too-complex")
    own = found.get(_BASE)
    inner, *outer = bases if own is None else [str(own), *bases]
    for base in outer:
        inner = join_uri_references(base, inner)
    found.set(_BASE, inner)
    if not inner:
        del found.attrib[_BASE]


def written(root: etree._Element, algorithm: Canonical, prefixes: Sequence[str]) -> bytes:
    """Return the canonical octets of *root*, which stands alone in its document and takes few steps."""
    if _DEFAULT not in prefixes:
        found = _dumped(root, algorithm, prefixes)
        if b"&" not in found or _AMPERSAND.search(found) is None:
            return found
    _refuse_relative(root)
    known = [prefix if prefix != _DEFAULT else "" for prefix in prefixes]
    parts = write_canonical(root, exclusive=algorithm.exclusive, comments=algorithm.comments, prefixes=known)
    return "".join(parts).encode()


def _dumped(root: etree._Element, algorithm: Canonical, prefixes: Sequence[str]) -> bytes:
    try:
        return etree.tostring(
            root.getroottree(),
            method="c14n",
            exclusive=algorithm.exclusive,
            with_comments=algorithm.comments,
            inclusive_ns_prefixes=list(prefixes) or None,
        )
    except etree.C14NError as error:
        _refuse_relative(root)
        raise ReadError("c14n-unavailable", detail=str(error)) from None


def _refuse_relative(root: etree._Element) -> None:
    relative = next(relative_names(root), None)
    if relative is not None:
        raise ReadError("c14n-namespace", found=relative) from None


def _surrounded(body: bytes, root: etree._Element, algorithm: Canonical) -> bytes:
    """Return *body* with the processing instructions around *root*, and the comments where they count."""
    if _stands_alone(root):
        return body
    before = [markup(node) + "\n" for node in root.itersiblings(preceding=True) if _counts(node, algorithm)]
    after = ["\n" + markup(node) for node in root.itersiblings() if _counts(node, algorithm)]
    return "".join(reversed(before)).encode() + body + "".join(after).encode()


def _counts(node: etree._Element, algorithm: Canonical) -> bool:
    tag: object = node.tag
    return algorithm.comments or tag is not etree.Comment
