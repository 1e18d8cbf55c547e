"""What a timestamp of XAdES names one by one: ``HashDataInfo`` and ``Include``.

Sources: ETSI TS 101 903 V1.1.1, 7.1.4 (HashDataInfo, also the W3C note XAdES of 2003); V1.2.2 to V1.4.1, 7.1.4.3
(Include). Everything has to stand in the document itself: nothing is fetched for it, and no resolver is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs
from lxml import etree

from vndoc.signature._xmldsig_names import BASE64, ENVELOPED, canonical_method, ds
from vndoc.signature._xmldsig_references import Context, Form, stream_of
from vndoc.signature._xmldsig_selection import Selection, Stream
from vndoc.signature._xmldsig_tree import Refusal, element_children, reason, within
from vndoc.xml import Canonical

__all__ = ["MAX_NAMED", "Named", "holds", "listed", "named_by", "speaks_of"]

MAX_NAMED: Final = 100
"""Things that one timestamp names."""

_HASH_DATA: Final = "HashDataInfo"
_NAMES: Final = frozenset({"Include", _HASH_DATA})
_TRUE: Final = frozenset({"true", "1"})

Steps = tuple[str, tuple[tuple[str, Form | None], ...]]
"""A URI, and the transforms of what it leads to."""


@attrs.frozen(kw_only=True, eq=False)
class Named:
    """One thing that a timestamp names: its octets, and the element, where that was taken with all its markup.

    ``reference`` is the reference whose data is taken, ``steps`` says the same where data are named without one.
    """

    stream: Stream
    target: etree._Element | None = None
    reference: etree._Element | None = None
    steps: Steps | None = None

    @property
    def hashed(self) -> bool:
        """Return whether a HashDataInfo names it."""
        return self.steps is not None


def listed(node: etree._Element) -> list[etree._Element]:
    """Return what the timestamp property *node* names one by one."""
    return [child for child in element_children(node) if etree.QName(child).localname in _NAMES]


def named_by(context: Context, signature: etree._Element, node: etree._Element, form: Form) -> list[Named]:
    """Return what the timestamp property *node* of *signature* names, in its order.

    Nodes take *form*. Raises :class:`~vndoc.signature._xmldsig_tree.Refusal` with what cannot be followed.
    """
    children = listed(node)
    if len(children) > MAX_NAMED:
        raise Refusal(reason("timestamp-names-too-many", place=node, count=len(children), limit=MAX_NAMED))
    return [_named(context, signature, child, form) for child in children]


def _named(context: Context, signature: etree._Element, child: etree._Element, form: Form) -> Named:
    uri = child.get("URI", child.get("uri"))
    if uri is None or not (uri == "" or uri.startswith("#")):
        raise Refusal(reason("timestamp-reference-external", place=child, uri=f'"{uri or ""}"'))
    element = context.ids.get(uri[1:])
    if uri and element is None and not uri.startswith("#xpointer("):
        raise Refusal(reason("timestamp-reference-missing", place=child, uri=f'"{uri}"'))
    if etree.QName(child).localname == _HASH_DATA:
        return _hashed(context, signature, child, uri, element, form)
    if element is None:
        raise Refusal(reason("timestamp-reference-missing", place=child, uri=f'"{uri}"'))
    if element.tag == ds("Reference") and child.get("referencedData") in _TRUE:
        if element.getparent() is not next(signature.iterchildren(ds("SignedInfo")), None):
            raise Refusal(reason("timestamp-reference-elsewhere", place=child, uri=f'"{uri}"'))
        return Named(stream=stream_of(context, element, signature, form), reference=element)
    # a bare name leaves comments out, whatever the form would do with them
    return Named(stream=Selection(context.source, element).canonical(*form), target=element)


def _hashed(
    context: Context,
    signature: etree._Element,
    child: etree._Element,
    uri: str,
    element: etree._Element | None,
    form: Form,
) -> Named:
    """Return what a HashDataInfo names: like a Reference, but for the digest."""
    holder = next((one for one in element_children(child) if etree.QName(one).localname == "Transforms"), None)
    stream = stream_of(context, child, signature, form, (uri, holder))
    names = [] if holder is None else [step.get("Algorithm", "") for step in element_children(holder)]
    decoded = element is not None and element.tag == ds("SignatureValue") and names == [BASE64]
    whole = decoded or not {ENVELOPED, BASE64}.intersection(names)
    return Named(stream=stream, target=element if whole else None, steps=_steps(uri, holder))


def _steps(uri: str, holder: etree._Element | None) -> Steps:
    """Return where data come from, so that the same can be told; a C14N 1.0 at the end is what happens anyway."""
    steps = [] if holder is None else element_children(holder)
    found = [(step.get("Algorithm", ""), canonical_method(step)) for step in steps]
    if found and found[-1][1] == (Canonical.C14N_10, ()):
        found.pop()
    return uri, tuple(found)


def holds(named: Sequence[Named], node: etree._Element) -> bool:
    """Return whether *node* with all its markup is among what is *named*."""
    return any(one.target is not None and within(node, one.target) for one in named)


def speaks_of(context: Context, named: Sequence[Named], reference: etree._Element) -> bool:
    """Return whether what *reference* leads to is among what is *named*: as such, or with all that is around it."""
    uri = reference.get("URI", "")
    wanted = _steps(uri, reference.find(ds("Transforms")))
    target = context.ids.get(uri[1:]) if uri.startswith("#") else None
    if target is not None and holds(named, target):
        return True
    return any(one.reference is reference or one.steps == wanted for one in named)
