"""Where new unsigned properties go in a document with XAdES signatures (EN 319 132-1, clause 5.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import attrs
from lxml import etree

from vndoc.edxml.xmltools import local_name, path_of
from vndoc.errors import SignatureError, UsageError
from vndoc.limits import Limits
from vndoc.signature._xades_markup import XADES
from vndoc.signature._xmldsig_names import ds
from vndoc.signature._xmldsig_sparing import spare_others
from vndoc.signature._xmldsig_splice import splice
from vndoc.signature._xmldsig_tree import XmlSource, element_children
from vndoc.signature.xades import NAMESPACES

__all__ = ["Place"]

_HOLDERS: Final = ("UnsignedProperties", "UnsignedSignatureProperties")


@attrs.frozen(eq=False)
class Place:
    """Where new unsigned properties go in a document."""

    data: bytes
    source: XmlSource
    signature: etree._Element
    holder: etree._Element
    missing: tuple[str, ...]
    """The elements that have to be made around them, outermost first."""
    before: list[etree._Element]
    """The properties that are there."""
    limits: Limits

    @classmethod
    def of(cls, data: bytes, signature_id: str | None, limits: Limits) -> Place:
        """Return the place in *data*, in the signature with that Id, which may be left out where there is one only.

        Raises :class:`~vndoc.errors.SignatureError` ``signing-data``, :class:`~vndoc.errors.UsageError`
        ``option-invalid``.
        """
        source = XmlSource.of(data, limits)
        signature = _signature(source.root, signature_id)
        at = _only(signature.iterchildren(ds("Object")), lambda n: _child(n, "QualifyingProperties") is not None)
        holder = None if at is None else _child(at, "QualifyingProperties")
        if holder is None:
            raise SignatureError("signing-data", detail="QualifyingProperties")
        missing = list(_HOLDERS)
        while missing and (inner := _child(holder, missing[0])) is not None:
            holder, _ = inner, missing.pop(0)
        before = [] if missing else element_children(holder)
        return cls(data, source, signature, holder, tuple(missing), before, limits)

    def with_properties(self, markup: str, *, breaking: bool) -> bytes:
        """Return the document with *markup* behind the properties that are there.

        Raises :class:`~vndoc.errors.SignatureError` ``signing-breaks-another`` where it would stand in what another
        signature has signed, unless *breaking*.
        """
        namespace = etree.QName(self.holder).namespace or XADES
        for name in reversed(self.missing):
            declared = f' xmlns:xades="{namespace}"' if name == self.missing[0] else ""
            markup = f"<xades:{name}{declared}>{markup}</xades:{name}>"
        document = splice(self.data, self.source.root, path_of(self.holder), markup.encode("ascii"))
        if not breaking:
            spare_others(self.data, document, self.limits)
        return document


def _signature(root: etree._Element, signature_id: str | None) -> etree._Element:
    found = [node for node in root.iter(ds("Signature")) if _top(node) and signature_id in (None, node.get("Id"))]
    if len(found) == 1 and len(element_children(found[0])) > 1:
        return found[0]
    if not found and signature_id is None:
        raise SignatureError("signing-data", detail="Signature")
    raise UsageError("option-invalid", detail=f"signature_id={signature_id!r}")


def _top(node: etree._Element) -> bool:
    """Return whether *node* is no counter-signature."""
    parent = node.getparent()
    return parent is None or local_name(parent) != "CounterSignature"


def _only(nodes: Iterable[etree._Element], wanted: Callable[[etree._Element], bool]) -> etree._Element | None:
    return next((node for node in nodes if wanted(node)), None)


def _child(node: etree._Element, name: str) -> etree._Element | None:
    return _only(node.iterchildren("*"), lambda n: local_name(n) == name and etree.QName(n).namespace in NAMESPACES)
