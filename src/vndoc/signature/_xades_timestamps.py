"""Timestamps in XAdES: what each is over, and its token (EN 319 132-1, clauses 5.2.8, 5.3 and 5.5)."""

from __future__ import annotations

from typing import Final

import attrs
from lxml import etree

from vndoc.edxml.xmltools import local_name
from vndoc.pki.outcome import Reason
from vndoc.signature import tsp
from vndoc.signature._xades_imprints import imprint_of
from vndoc.signature._xmldsig_references import Context
from vndoc.signature._xmldsig_tree import Refusal, base64_value, element_children, reason
from vndoc.signature.facts import TimestampFacts, TimestampKind

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


def read_timestamps(
    context: Context, signature: etree._Element, *holders: etree._Element | None
) -> tuple[tuple[TimestampFacts, ...], list[Reason]]:
    """Return the timestamps right below *holders*, and a reason if there are too many.

    What each of them is over in *signature* is rebuilt and compared.
    """
    nodes = [
        node
        for holder in holders
        if holder is not None
        for node in element_children(holder)
        if local_name(node) in _KINDS
    ]
    reasons = []
    if len(nodes) > MAX_TIMESTAMPS:
        reasons.append(reason("too-many-timestamps", place=nodes[0], limit=MAX_TIMESTAMPS))
    return tuple(facts for node in nodes[:MAX_TIMESTAMPS] for facts in _read(context, signature, node)), reasons


def _read(context: Context, signature: etree._Element, node: etree._Element) -> list[TimestampFacts]:
    """Return the facts about each token of one timestamp property."""
    kind = _KINDS[local_name(node)]
    place = context.paths.of(node)
    tokens = [child for child in element_children(node) if local_name(child) == "EncapsulatedTimeStamp"]
    if len(tokens) > MAX_TIMESTAMPS:
        raise Refusal(reason("too-many-timestamps", place=node, limit=MAX_TIMESTAMPS))
    imprint = imprint_of(context, signature, node)
    found = []
    for token in tokens:
        facts = tsp.read_timestamp(
            kind, base64_value(token), over=imprint.over, place=context.paths.of(token), limits=context.limits
        )
        said = () if facts.token is None else imprint.reasons  # what is no token says just that
        found.append(attrs.evolve(facts, protects=imprint.protects, reasons=(*facts.reasons, *said)))
    if not found:
        missing = reason("timestamp-missing", place=place, name=local_name(node))
        found.append(TimestampFacts(kind=kind, place=place, token=None, intact=None, reasons=(missing,)))
    return found
