"""The search for paths: who may have issued this certificate, and whose key really signed it.

A name and a key identifier only say where to look and in what order; the signature decides. Everything is counted
against :class:`PathLimits`, so a hostile set of certificates ends the search and not the program.
"""

from __future__ import annotations

import datetime
import enum
import functools
import heapq
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import attrs

from vndoc.errors import CertificateError
from vndoc.pki.algorithms import verify
from vndoc.pki.certificate import Certificate, distinct
from vndoc.pki.names import key_or_octets
from vndoc.pki.outcome import Reason
from vndoc.pki.reasons import path_reason
from vndoc.pki.trust import Purpose, TrustAnchor, TrustStore, by_subject

__all__ = ["PathLimits", "Search", "Signed", "signed_by"]


@attrs.frozen(kw_only=True)
class PathLimits:
    """How far the search goes: real paths have three or four certificates and one candidate or two at each step.

    ``depth`` counts the certificates of a path with its anchor, ``candidates`` those looked at for one name,
    ``signatures`` the verifications, ``steps`` the certificates climbed to, ``paths`` the complete ones judged.
    """

    depth: int = 12
    candidates: int = 64
    signatures: int = 256
    steps: int = 512
    paths: int = 32


class Signed(enum.Enum):
    """Whether a key signed a certificate, or why that cannot be said."""

    YES = "yes"
    NO = "no"
    KEY = "key"
    """The issuer's key is damaged or of a kind that is not supported."""
    ALGORITHM = "algorithm"
    """The scheme is not verified here."""


_YES: Final = Signed.YES  # asking the class of an enum takes four times as long in Python 3.11
_NO: Final = Signed.NO


def signed_by(certificate: Certificate, issuer: Certificate) -> Signed:
    """Return whether the key of *issuer* signed *certificate*. Names are not compared.

    The octets of the two alone decide, whatever the time and the trust: the last answers are kept.
    """
    if len(certificate.der) + len(issuer.der) > _KEPT_OCTETS:
        return _signed_by(certificate, issuer)
    return _kept_signed_by(certificate, issuer)


def _signed_by(certificate: Certificate, issuer: Certificate) -> Signed:
    try:
        key = issuer.public_key
    except CertificateError:
        return Signed.KEY
    try:
        good = verify(key, certificate.signature_algorithm, certificate.signature, data=certificate.tbs)
    except CertificateError:
        return Signed.ALGORITHM
    return _YES if good else _NO


_KEPT_OCTETS: Final = 16 * 1024
_kept_signed_by = functools.lru_cache(maxsize=1024)(_signed_by)


_Chain = tuple[tuple[Certificate, ...], TrustAnchor]
_Candidate = tuple[Certificate, TrustAnchor | None]
_FEW: Final = 8


@attrs.define(eq=False)
class Search:
    """One search. :meth:`chains` yields complete chains; afterwards ``dead_ends`` tells where the others ended.

    With ``loose`` names are compared by RFC 5280, section 7.1, else by their octets.
    """

    trust: TrustStore
    purpose: frozenset[Purpose]
    pool: tuple[Certificate, ...]
    at: datetime.datetime
    limits: PathLimits
    checked: dict[tuple[bytes, bytes], Signed] = attrs.field(factory=dict)
    dead_ends: list[Reason] = attrs.field(factory=list)
    loose: bool = False
    stuck: dict[Certificate, None] = attrs.field(factory=dict)
    """Certificates that nothing was found above, although somebody else issued them."""
    _steps: int = 0
    _index: Mapping[bytes, list[Certificate]] | None = None
    _loose_index: dict[object, list[_Candidate]] | None = None

    def chains(self, certificate: Certificate) -> Iterator[_Chain]:
        """Yield chains, leaf first and anchor last; every signature in them is verified."""
        for anchor in self.trust.anchors_by_subject.get(certificate.subject, ()):
            if anchor.certificate.der == certificate.der and self._fits(anchor):
                yield (certificate,), anchor
        yield from self._climb((certificate,))

    def _climb(self, chain: tuple[Certificate, ...]) -> Iterator[_Chain]:
        top, limits = chain[-1], self.limits
        self._steps += 1
        if self._steps > limits.steps or len(chain) >= limits.depth:
            self._stop("steps" if self._steps > limits.steps else "depth")
            return
        found = False
        named = self._candidates(top)
        for issuer, anchor in named:
            if (anchor is None and _stands_in(chain, issuer)) or self._signed(top, issuer) is not _YES:
                continue
            found = True
            if anchor is None:
                yield from self._climb((*chain, issuer))
            elif self._fits(anchor):
                yield (*chain, issuer), anchor
            else:
                self._end("anchor-other-purpose", anchor=anchor.name, purpose=", ".join(sorted(self.purpose)))
        if not found:
            self._explain(top, [issuer for issuer, _ in named])

    def _fits(self, anchor: TrustAnchor) -> bool:
        return not self.purpose.isdisjoint(anchor.purposes)

    def _candidates(self, certificate: Certificate) -> list[_Candidate]:
        """Return who bears the issuer's name: anchors first, then by key identifier, validity, leading on, and age."""
        found = self._loosely_named(certificate.issuer) if self.loose else self._named(certificate.issuer)
        if len(found) > 1:
            wanted = certificate.authority_key_id
            if len(found) > self.limits.candidates:
                self._stop("candidates")
            found = heapq.nsmallest(self.limits.candidates, found, key=lambda c: self._rank(c, wanted))
        return found

    def _rank(self, candidate: _Candidate, wanted: bytes | None) -> tuple[int, bool, bool, bool, bool, float]:
        issuer, anchor = candidate
        own = issuer.subject_key_id
        hint = 1 if own is None or wanted is None else 0 if own == wanted else 2
        if anchor is not None:
            hint -= 1
        in_time = issuer.not_before <= self.at <= issuer.not_after
        age = (datetime.datetime.max.replace(tzinfo=datetime.UTC) - issuer.not_before).total_seconds()
        return hint, anchor is None, not issuer.profile.ca, not in_time, issuer.self_issued, age

    def _named(self, name: bytes) -> list[_Candidate]:
        found: list[_Candidate] = []
        if anchors := self.trust.anchors_by_subject.get(name):
            found += [(a.certificate, a) for a in anchors]
        if len(self.pool) <= _FEW:  # sooner looked through than put in order
            own = [c for c in self.pool if c.subject == name]
            found += [(c, None) for c in (own if len(own) < 2 else distinct(own))]
        else:
            if self._index is None:
                self._index = by_subject(self.pool)
            found += [(c, None) for c in self._index.get(name, ())]
        if certificates := self.trust.pool_by_subject.get(name):
            found += [(c, None) for c in certificates]
        if len(found) > 1:  # each certificate once, as an anchor where it is one
            found = list({c.der: (c, a) for c, a in reversed(found)}.values())
            found.reverse()
        return found

    def _loosely_named(self, name: bytes) -> list[_Candidate]:
        if self._loose_index is None:
            self._loose_index = {}
            own = {anchor.certificate for anchor in self.trust.anchors}
            others = dict.fromkeys(c for c in (*self.pool, *self.trust.pool) if c not in own)
            candidates: list[_Candidate] = [(a.certificate, a) for a in self.trust.anchors]
            for candidate in (*candidates, *((c, None) for c in others)):
                self._loose_index.setdefault(key_or_octets(candidate[0].subject), []).append(candidate)
        return self._loose_index.get(key_or_octets(name), [])

    def _signed(self, certificate: Certificate, issuer: Certificate) -> Signed:
        key = certificate.der, issuer.spki
        known = self.checked.get(key)
        if known is None:
            if len(self.checked) >= self.limits.signatures:
                self._stop("signatures")
                return _NO
            known = self.checked[key] = signed_by(certificate, issuer)
        return known

    def _explain(self, top: Certificate, named: list[Certificate]) -> None:
        """Say why nothing is above *top*."""
        if not top.self_issued:
            self.stuck[top] = None
        why = {self.checked.get((top.der, issuer.spki)) for issuer in named}
        if top.self_issued and not why - {None, Signed.NO}:
            self._end("self-signed-not-trusted", subject=top.subject_text)
        elif Signed.ALGORITHM in why:
            self._end("certificate-algorithm-refused", subject=top.subject_text, algorithm=_named(top), bits="?")
        elif Signed.KEY in why:
            self._end("certificate-key-unsupported", subject=top.issuer_text)
        elif Signed.NO in why:
            self._end("issuer-key-differs", issuer=top.issuer_text)
        else:
            self._end("issuer-not-found", issuer=top.issuer_text)

    def _stop(self, what: str) -> None:
        self._end("path-limit", what=what)

    def _end(self, code: str, **values: object) -> None:
        reason = path_reason(code, **values)
        if len(self.dead_ends) < 16 and reason not in self.dead_ends:
            self.dead_ends.append(reason)


def only_chain(
    certificate: Certificate,
    trust: TrustStore,
    purpose: frozenset[Purpose],
    pool: tuple[Certificate, ...],
    limits: PathLimits,
    checked: dict[tuple[bytes, bytes], Signed],
) -> _Chain | None:
    """Return the chain that a :class:`Search` yields first, where at each step there is one certificate to climb to.

    ``None`` where there is a choice or none, which is for the search to look into.
    """
    anchors, known = trust.anchors_by_subject, trust.pool_by_subject
    if len(pool) > _FEW or certificate.subject in anchors:
        return None
    chain, top = [certificate], certificate
    while len(chain) < limits.depth and len(chain) <= limits.steps:
        found = _only_issuer(top.issuer, anchors, pool, known)
        if found is None:
            return None
        issuer, anchor = found
        if anchor is None and _stands_in(chain, issuer):
            return None
        key = top.der, issuer.spki
        signed = checked.get(key)
        if signed is None:
            if len(checked) >= limits.signatures:
                return None
            signed = checked[key] = signed_by(top, issuer)
        if signed is not _YES:
            return None
        chain.append(issuer)
        if anchor is not None:
            return None if purpose.isdisjoint(anchor.purposes) else (tuple(chain), anchor)
        top = issuer
    return None


def _only_issuer(
    name: bytes,
    anchors: Mapping[bytes, list[TrustAnchor]],
    pool: tuple[Certificate, ...],
    known: Mapping[bytes, list[Certificate]],
) -> _Candidate | None:
    """Return the one certificate with that *name*, as an anchor where it is one; ``None`` for several, or none."""
    found = [certificate for certificate in pool if certificate.subject == name]
    if name in known:
        found += known[name]
    anchor = None
    if name in anchors:
        anchor, *others = anchors[name]
        if others:
            return None
    elif not found:
        return None
    issuer = found[0] if anchor is None else anchor.certificate
    for other in found:
        if other is not issuer and other.der != issuer.der:
            return None
    return issuer, anchor


def _stands_in(chain: Iterable[Certificate], issuer: Certificate) -> bool:
    """Return whether a certificate of *chain* has the name and the key of *issuer*: a circle."""
    return (issuer.subject, issuer.spki) in [(certificate.subject, certificate.spki) for certificate in chain]


def _named(certificate: Certificate) -> str:
    try:
        return str(certificate.signature_algorithm)
    except CertificateError as error:
        return str(error)
