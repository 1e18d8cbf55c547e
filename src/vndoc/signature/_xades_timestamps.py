"""Timestamps in XAdES: what each is over, and its token (EN 319 132-1, clauses 5.2.8, 5.3 and 5.5)."""

from __future__ import annotations

from typing import Final

from lxml import etree

from vndoc.errors import VndocError
from vndoc.pki.outcome import Reason
from vndoc.signature import tsp
from vndoc.signature._xmldsig_names import CANONICAL, canonical_method, ds
from vndoc.signature._xmldsig_references import Context
from vndoc.signature._xmldsig_selection import Selection
from vndoc.signature._xmldsig_tree import Refusal, base64_value, element_children, reason
from vndoc.signature.facts import TimestampFacts, TimestampKind
from vndoc.xml import Canonical

__all__ = ["MAX_TIMESTAMPS", "read_timestamps"]

MAX_TIMESTAMPS: Final = 30
"""Timestamps of one signature, and tokens of one timestamp."""

_KINDS: Final = {
    "SignatureTimeStamp": TimestampKind.SIGNATURE,
    "SigAndRefsTimeStamp": TimestampKind.REFERENCES,
    "SigAndRefsTimeStampV2": TimestampKind.REFERENCES,
    "RefsOnlyTimeStamp": TimestampKind.REFERENCES,
    "RefsOnlyTimeStampV2": TimestampKind.REFERENCES,
    "ArchiveTimeStamp": TimestampKind.ARCHIVE,
    "AllDataObjectsTimeStamp": TimestampKind.CONTENT,
    "IndividualDataObjectsTimeStamp": TimestampKind.CONTENT,
}


def _local(node: etree._Element) -> str:
    return etree.QName(node).localname


def read_timestamps(
    context: Context, value: etree._Element, *holders: etree._Element | None
) -> tuple[tuple[TimestampFacts, ...], list[Reason]]:
    """Return the timestamps right below *holders*, and a reason if there are too many.

    *value* is the SignatureValue. What a signature timestamp is over is rebuilt; of the others the token is kept and
    ``intact`` is ``None``.
    """
    nodes = [
        node for holder in holders if holder is not None for node in element_children(holder) if _local(node) in _KINDS
    ]
    reasons = []
    if len(nodes) > MAX_TIMESTAMPS:
        reasons.append(reason("too-many-timestamps", place=nodes[0], limit=MAX_TIMESTAMPS))
    return tuple(facts for node in nodes[:MAX_TIMESTAMPS] for facts in _read(context, value, node)), reasons


def _read(context: Context, value: etree._Element, node: etree._Element) -> list[TimestampFacts]:
    """Return the facts about each token of one timestamp property."""
    kind = _KINDS[_local(node)]
    place = context.paths.of(node)
    over = _signature_input(context, value, node) if kind is TimestampKind.SIGNATURE else None
    tokens = [child for child in element_children(node) if _local(child) == "EncapsulatedTimeStamp"]
    if len(tokens) > MAX_TIMESTAMPS:
        raise Refusal(reason("too-many-timestamps", place=node, limit=MAX_TIMESTAMPS))
    found = [
        tsp.read_timestamp(kind, base64_value(token), over=over, place=context.paths.of(token), limits=context.limits)
        for token in tokens
    ]
    if not found:
        missing = reason("timestamp-missing", place=place, name=_local(node))
        found.append(TimestampFacts(kind=kind, place=place, token=None, intact=None, reasons=(missing,)))
    return found


def _signature_input(context: Context, value: etree._Element, node: etree._Element) -> bytes | None:
    """Return the octets that a SignatureTimeStamp is over: the canonical SignatureValue; ``None`` if it is otherwise.

    The older forms name what is stamped (HashDataInfo, Include); only the signature value is known here.
    """
    form: tuple[Canonical, tuple[str, ...]] | None = (Canonical.C14N_10, ())
    for child in element_children(node):
        name = _local(child)
        if child.tag == ds("CanonicalizationMethod"):
            form = canonical_method(child)
        elif name in {"Include", "HashDataInfo"}:
            if child.get("URI", child.get("uri", "")) != f"#{value.get('Id', '')}":
                return None
            methods = [n for n in child.iter(ds("Transform")) if n.get("Algorithm", "") in CANONICAL]
            if len(methods) != len(list(child.iter(ds("Transform")))) or len(methods) > 1:
                return None
            form = canonical_method(methods[0]) if methods else form
    if form is None:
        return None
    try:
        octets = b"".join(Selection(context.source, value, comments=True).canonical(*form).pieces())
    except VndocError:
        return None
    context.charge(len(octets))
    return octets
