"""What plain signatures of one signer come to, kept between documents from the second one on.

A signature is *plain* where its reader found nothing wrong, its value is that of the one certificate found, no
timestamp is of it or around it, nobody is asked about revocation, and its digests count without end. Then the
certificates, the policy, the store and a few words of the signature decide everything but the time of evaluation, and
that changes nothing until a certificate, an anchor or an algorithm begins to count or ends.
"""

from __future__ import annotations

import datetime
from typing import Final

import attrs

from vndoc.pki.certificate import Certificate
from vndoc.pki.outcome import Outcome
from vndoc.pki.paths import PathResult
from vndoc.pki.policy import Use
from vndoc.pki.trust import TrustStore
from vndoc.signature.blocks import KEPT_PLACE, Identification, size_and_curve
from vndoc.signature.facts import SignatureFacts
from vndoc.signature.policy import Policy
from vndoc.signature.trusting import Context, is_small, lasting

__all__ = ["Key", "Standing", "endless", "keep", "kept", "key_of", "met"]

Key = tuple[object, ...]
"""Everything that decides about a plain signature but the time; policy and store by their identity."""

_KEPT: Final = 256
_DOCUMENT: Final = Use.DOCUMENT
_standings: dict[Key, Standing | None] = {}


@attrs.define(eq=False)
class Standing:
    """What is kept: ``crypto``, ``trust`` and ``path`` of the report, between two times."""

    policy: Policy
    store: TrustStore
    """Kept alive with the policy, for as long as their identities are asked for."""
    since: datetime.datetime
    until: datetime.datetime
    crypto: Outcome
    trust: Outcome
    path: PathResult
    last: tuple[Outcome, Outcome] | None = None
    """What was last said of time, and the answer that it made with the rest."""


def key_of(facts: SignatureFacts, found: Identification, context: Context) -> Key | None:
    """Return by what a signature is known that no time is proven of; ``None`` if it is not plain, or carries much."""
    certificate, policy, store = found.certificate, context.policy, context.trust
    if certificate is None or not found.valid or found.reasons or facts.reasons or not facts.covered or context.asks:
        return None
    endless = policy.crypto.endless_digests(_DOCUMENT)
    if [one for one in facts.covered if not one.intact or one.digest not in endless]:
        return None
    if len(facts.place) > KEPT_PLACE or type(store) is not TrustStore or not is_small(certificate, facts.certificates):
        return None
    return (
        id(policy),
        id(store),
        facts.place,
        facts.form,
        facts.signed_attributes,
        facts.algorithm,
        facts.binding(certificate),
        certificate.der,
        tuple([other.der for other in facts.certificates]),
    )


def kept(key: Key, at: datetime.datetime) -> Standing | None:
    """Return what is known for *key* at the time *at*."""
    known = _standings.get(key)
    return known if known is not None and known.since < at < known.until else None


def met(key: Key) -> bool:
    """Return whether *key* was met before, and remember it; at most so many, then it begins anew.

    What is met once is not worth the work of finding out for how long it holds.
    """
    if key in _standings:
        return True
    if len(_standings) >= _KEPT:
        _standings.clear()
    _standings[key] = None
    return False


def endless(facts: SignatureFacts, certificate: Certificate, policy: Policy) -> bool:
    """Return whether algorithm and key of a plain signature count without end: only then it can be kept."""
    bits, _ = size_and_curve(certificate)
    return facts.algorithm is not None and policy.crypto.until(_DOCUMENT, facts.algorithm, bits) == datetime.date.max


def keep(
    key: Key, facts: SignatureFacts, context: Context, crypto: Outcome, trust: Outcome, path: PathResult
) -> Standing | None:
    """Keep what was found for *key*, which was met before, if it holds for other times as well."""
    span = lasting(path, context, facts.certificates)
    if span is None:
        return None
    known = _standings[key] = Standing(context.policy, context.trust, *span, crypto, trust, path)
    return known
