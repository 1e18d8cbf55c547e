"""Several sources of revocation facts as one: what the signature carries, what the caller has, what can be fetched.

Lists and responses count together wherever they come from: a delta list may stand in another source than its base, the
lists of some reasons in another than those of the rest, and the end of a suspension in another than its beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from vndoc.pki._lazy import lazy
from vndoc.pki.certificate import Certificate
from vndoc.pki.revocation import RevocationChecker
from vndoc.pki.revocation_facts import RevocationFact, RevocationQuestion, RevocationSource, RevocationStatus

__all__ = ["Recorder", "Sources", "at_hand", "joined"]

_WEIGHT: Final = {RevocationStatus.UNKNOWN: 0, RevocationStatus.GOOD: 1, RevocationStatus.REVOKED: 2}


def joined(*sources: RevocationSource) -> RevocationSource:
    """Return all *sources* as one; what a :class:`Recorder` among them was to record is recorded of the whole."""
    for number, source in enumerate(sources):
        if isinstance(source, Recorder):
            rest = (*sources[:number], source.source, *sources[number + 1 :])
            return attrs.evolve(source, source=joined(*rest))
    return Sources(sources) if len(sources) > 1 else sources[0]


def at_hand(source: RevocationSource | None) -> RevocationChecker | None:
    """Return the lists and responses that *source* holds; ``None`` where nobody can tell."""
    if isinstance(source, Recorder):
        return at_hand(source.source)
    if isinstance(source, Sources):
        return source.together
    return source if isinstance(source, RevocationChecker) else None


@attrs.frozen(slots=False)
class Sources:
    """Several sources. Lists and responses of all checkers among them are judged together.

    Of other sources, who says *revoked* is believed before who says *good*, and either before who does not know. A
    checker that may fetch does so only where nothing at hand tells.
    """

    sources: tuple[RevocationSource, ...]

    @lazy
    def together(self) -> RevocationChecker | None:
        """What all checkers hold; ``None`` without any."""
        checkers = [found for found in map(at_hand, self.sources) if found is not None]
        return RevocationChecker.together(checkers) if checkers else None

    def status(self, question: RevocationQuestion) -> RevocationFact:
        """Return what is known."""
        others: list[RevocationSource] = [source for source in self.sources if at_hand(source) is None]
        together = self.together
        best = _best(others if together is None else [together, *others], question)
        if best.status is not RevocationStatus.UNKNOWN or together is None:
            return best
        fetching = [s for s in self.sources if isinstance(s, RevocationChecker) and s.fetch is not None]
        return _best([attrs.evolve(together, fetch=source.fetch) for source in fetching], question, best)


def _best(
    sources: Sequence[RevocationSource], question: RevocationQuestion, known: RevocationFact | None = None
) -> RevocationFact:
    """Return the weightiest answer; of several that do not know, the one of the first source, then *known*."""
    facts: list[RevocationFact] = [source.status(question) for source in sources]
    if known is not None:
        facts.append(known)
    return max(facts, key=lambda fact: _WEIGHT[fact.status])


@attrs.define
class Recorder:
    """A source of revocation facts that remembers what its answers rested on."""

    source: RevocationSource
    crls: dict[bytes, None] = attrs.field(factory=dict)
    ocsps: dict[bytes, None] = attrs.field(factory=dict)
    signers: dict[Certificate, None] = attrs.field(factory=dict)
    """Who signed those, where that was no certificate of the path."""

    def status(self, question: RevocationQuestion) -> RevocationFact:
        """Return what is known."""
        fact = self.source.status(question)
        self.add(fact)
        return fact

    def add(self, fact: RevocationFact) -> None:
        """Remember what *fact* rests on."""
        for kind, octets in fact.rests_on:
            (self.ocsps if kind == "ocsp" else self.crls)[octets] = None
        self.signers.update(dict.fromkeys(fact.signers))
