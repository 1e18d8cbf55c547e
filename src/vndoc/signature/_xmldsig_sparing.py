"""What is put into a document must not break a signature that is in it without a word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vndoc.errors import SignatureError
from vndoc.limits import Limits
from vndoc.signature._xmldsig_names import ds
from vndoc.signature.facts import SignatureFacts
from vndoc.signature.xmldsig import read_xml
from vndoc.xml import parse_document

__all__ = ["all_of", "spare_others"]


def spare_others(before: bytes, after: bytes, limits: Limits) -> None:
    """Raise ``signing-breaks-another`` where a signature whose digests were right *before* is broken *after*."""
    if b"Signature" not in before or next(parse_document(before, limits=limits).iter(ds("Signature")), None) is None:
        return
    now = {facts.signed_octets: facts for facts in all_of(read_xml(after, limits=limits))}
    for facts in all_of(read_xml(before, limits=limits)):
        same = now.get(facts.signed_octets)
        broken = same is not None and any(c.intact is False for c in same.covered)
        if broken and not any(covered.intact is False for covered in facts.covered):
            raise SignatureError("signing-breaks-another", name=facts.signature_id or "")


def all_of(found: Iterable[SignatureFacts]) -> Iterator[SignatureFacts]:
    """Yield *found*, each followed by its counter-signatures."""
    for facts in found:
        yield facts
        yield from all_of(facts.counter_signatures)
