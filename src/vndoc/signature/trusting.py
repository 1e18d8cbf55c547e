"""X.509 validation in context (ETSI EN 319 102-1, clauses 5.2.6, 5.6.2 and 5.6.3): the one question put to ``pki``.

A path is judged at the control time: the proven time of the signature, else the time of evaluation. What ``pki``
leaves open becomes a failure here only with proof that the signature was made outside the life of its certificate.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Protocol

import attrs

from vndoc.pki._lasting import Span, span_of
from vndoc.pki.certificate import Certificate
from vndoc.pki.fetching import FetchSession
from vndoc.pki.outcome import Outcome, Reason, outcome_of
from vndoc.pki.paths import PathResult, PathValidator, validate_path
from vndoc.pki.revocation import RevocationChecker
from vndoc.pki.revocation_facts import (
    RevocationFact,
    RevocationSource,
    RevocationStatus,
)
from vndoc.pki.revocation_sources import Sources, joined
from vndoc.pki.trust import Purpose, TrustStore
from vndoc.signature.blocks import Moment, bare, shown_time
from vndoc.signature.facts import RevocationMaterial
from vndoc.signature.policy import Policy, RevocationRule
from vndoc.signature.reasons import SIGNATURE_REASONS

__all__ = [
    "SIGNERS",
    "Context",
    "Proven",
    "certificate_trust",
    "last_moment",
    "lost_keys",
    "proven_failures",
    "slide",
]

SIGNERS: Final = frozenset({Purpose.GOVERNMENT, Purpose.NATIONAL})
"""What an anchor is trusted for when it vouches for signers; time-stamping is another matter."""


class Proven(Protocol):
    """Since when things are proven to have existed; see :class:`vndoc.signature.proofs.Proofs`."""

    def since(self, key: bytes, /) -> datetime.datetime:
        """Return since when the thing with the SHA-256 *key* is."""
        ...

    def before(self, limit: datetime.datetime, material: RevocationMaterial, /) -> RevocationMaterial:
        """Return what of *material* is older than *limit*."""
        ...


_WHERE_AVAILABLE: Final = RevocationRule.WHERE_AVAILABLE
_UNKNOWN: Final = "revocation-unknown"
_HOLD: Final = "certificate-on-hold"


@attrs.frozen(kw_only=True, slots=False)
class Context:
    """What a validation is made with: the policy, the anchors, the time of evaluation and who knows of revocation.

    ``fetch`` is who may be asked for what is missing; ``None``: nobody.
    ``known`` says since when things are proven to exist by what is around the signature (by their SHA-256): an archive
    timestamp of the signature that a counter-signature is on.
    """

    policy: Policy
    trust: TrustStore
    at: datetime.datetime
    revocation: RevocationSource | None = None
    fetch: FetchSession | None = None
    known: Mapping[bytes, datetime.datetime] = attrs.field(factory=dict, eq=False)

    @property
    def asks(self) -> bool:
        """Return whether anybody is asked about revocation."""
        return self.revocation is not None or self.fetch is not None

    def knowing(self, material: RevocationMaterial) -> Context:
        """Return a context in which what a signature carries is asked, too; it is verified as any other source."""
        if not material.crls and not material.ocsps:
            return self
        carried = RevocationChecker.of(material.crls, material.ocsps)
        known = Sources((carried,)) if self.revocation is None else joined(self.revocation, carried)
        return attrs.evolve(self, revocation=known)


def certificate_trust(
    certificate: Certificate,
    context: Context,
    moment: Moment,
    *,
    purpose: frozenset[Purpose],
    pool: Iterable[Certificate],
    place: str,
    keep: bool = True,
) -> tuple[PathResult, Outcome]:
    """Return the path of *certificate* at *moment* and what the policy makes of it.

    The path is kept for the next time, unless *keep* says that the caller does so.
    """
    path = _path(certificate, context, moment.at, purpose, tuple(pool), keep)
    outcome = _by_policy(path, context.policy, place)
    if moment.proven and path.outcome.passed and certificate.not_after < context.at:
        name, until = certificate.subject_text, shown_time(certificate.not_after)
        values = {"name": name, "at": shown_time(moment.at), "until": until}
        ended = Reason.of(SIGNATURE_REASONS["certificate-ended-since"], place=place, **values)
        outcome = outcome_of((*outcome.reasons, ended))
    return path, outcome


def last_moment(path: PathResult, at: datetime.datetime) -> datetime.datetime:
    """Return the last time up to *at* at which there is an anchor to ask about the revocation of *path* under."""
    anchor = path.anchor
    if anchor is None:
        return at
    ends = (anchor.certificate.not_after, at if anchor.not_after is None else anchor.not_after)
    return min(at, *ends)


def lost_keys(path: PathResult) -> list[tuple[Certificate, datetime.datetime]]:
    """Return the certificates of *path* whose keys are lost, and since when; a reason that nobody gives is a loss."""
    rows = ((fact.certificate, fact.key_lost_since) for fact in path.revocation)
    return [(certificate, since) for certificate, since in rows if since is not None]


def slide(
    certificate: Certificate,
    path: PathResult,
    context: Context,
    moment: Moment,
    *,
    proofs: Proven,
    pool: Iterable[Certificate],
    carried: RevocationMaterial,
    place: str,
) -> Iterator[Reason]:
    """Yield what in *path* may be younger than the loss of a key above it (time sliding, clause 5.6.2.2).

    Who has the key of a certification authority makes certificates and revocation data of any date. Below one that
    was lost they count only if *proofs* are older; of revocation data that can be what the signature has *carried*.
    """
    if not context.asks or len(path.chain) < 3:
        return
    known = tuple(pool)
    asked = Moment(last_moment(path, context.at), proven=False)
    now, _ = certificate_trust(certificate, context, asked, purpose=SIGNERS, pool=known, place=place)
    order = {one: number for number, one in enumerate(path.chain)}
    lost = [(order[one], since) for one, since in lost_keys(now) if order.get(one)]
    for number, one in enumerate(path.chain[:-1]):
        since, above = min(((s, n) for n, s in lost if n > number), default=(None, 0))
        if since is None:
            continue
        values = {"issuer": path.chain[above].subject_text, "subject": one.subject_text, "since": shown_time(since)}
        if proofs.since(one.fingerprint) >= since:
            yield Reason.of(SIGNATURE_REASONS["made-after-compromise"], place=place, **values)
            continue
        held = proofs.before(since, carried)
        then = attrs.evolve(context, revocation=RevocationChecker.of(held.crls, held.ocsps), fetch=None)
        old, _ = certificate_trust(certificate, then, moment, purpose=SIGNERS, pool=known, place=place)
        if not any(f.certificate == one and f.status is RevocationStatus.GOOD for f in old.revocation):
            yield Reason.of(SIGNATURE_REASONS["status-after-compromise"], place=place, **values)


_KEPT_VALIDATORS: Final = 16
_KEPT_PATHS: Final = 256
_KEPT_OCTETS: Final = 64 * 1024
"""Octets of the certificates that a path is kept for: real signatures carry below ten thousand."""
_validators: dict[tuple[int, int, int, frozenset[Purpose]], PathValidator] = {}
"""By the identity of store, tables and lists, which are immutable and which the validator itself keeps alive."""


def _path(
    certificate: Certificate,
    context: Context,
    at: datetime.datetime,
    purpose: frozenset[Purpose],
    pool: tuple[Certificate, ...],
    keep: bool,
) -> PathResult:
    """Return the path of *certificate*; with *keep* a second question for certificates and time costs a look-up.

    An answer is kept only where nothing but the arguments decides it: a source of revocation facts that is not made of
    given lists may know more the next time.
    """
    trust, crypto, revocation = context.trust, context.policy.crypto, context.revocation
    fixed = context.fetch is None and type(trust) is TrustStore and _is_fixed(revocation)
    if not (keep and fixed and is_small(certificate, pool)):
        return validate_path(
            certificate,
            trust=trust,
            at=at,
            purpose=purpose,
            crypto=crypto,
            pool=pool,
            revocation=revocation,
            fetch=context.fetch,
        )
    key = (id(trust), id(crypto), id(revocation), purpose)
    validator = _validators.get(key)
    if validator is None:
        validator = PathValidator(trust=trust, purpose=purpose, crypto=crypto, revocation=revocation, size=_KEPT_PATHS)
        if len(_validators) >= _KEPT_VALIDATORS:
            _validators.clear()
        _validators[key] = validator
    return validator.validate(certificate, at=at, pool=pool)


def lasting(path: PathResult, context: Context, pool: tuple[Certificate, ...]) -> Span | None:
    """Return between which times *path*, found with *pool*, holds in *context*, where nobody is asked of revocation."""
    certificate = path.chain[0]
    others = pool if certificate in pool else (certificate, *pool)
    return span_of(path.outcome, context.at, context.trust, context.policy.crypto, others)


def is_small(certificate: Certificate, pool: tuple[Certificate, ...]) -> bool:
    """Return whether there are few enough octets to keep what was found with *pool* about *certificate*."""
    return len(certificate.der) + sum([len(one.der) for one in pool]) <= _KEPT_OCTETS


def _is_fixed(revocation: RevocationSource | None) -> bool:
    """Return whether it gives the same answer for ever."""
    return revocation is None or (type(revocation) is RevocationChecker and revocation.fetch is None)


def _by_policy(path: PathResult, policy: Policy, place: str) -> Outcome:
    """Return what the path comes to, revocation weighed as the policy wants it."""
    optional = policy.revocation is _WHERE_AVAILABLE
    unknown = not path.revocation and len(path.chain) > 1
    told = bare("revocation-not-available" if optional else "revocation-not-checked", place)
    if not path.outcome.reasons:
        return told if unknown else path.outcome
    found: list[Reason] = []
    for reason in path.outcome.reasons:
        if reason.code == _UNKNOWN and optional:
            unknown = True
        elif reason.code == _HOLD and not policy.hold_is_invalid:
            found += bare("hold-not-counted", place).reasons
        else:
            found.append(reason)
    return outcome_of((*found, *told.reasons) if unknown else found)


def proven_failures(
    certificate: Certificate,
    statuses: Iterable[RevocationFact],
    *,
    existed: datetime.datetime | None,
    made_after: datetime.datetime | None,
    place: str,
) -> Iterator[Reason]:
    """Yield what is proven of the time of signing and contradicts the certificate (clauses 5.3.4 and 5.5.4).

    *existed* is a time at which the signature is proven to have existed, *made_after* one that it is proven to be
    younger than (a timestamp over the content).
    """
    if existed is not None and existed < certificate.not_before:
        yield _proven("signed-before-validity", place, at=existed, since=certificate.not_before)
    if made_after is None:
        return
    if made_after > certificate.not_after:
        yield _proven("signed-after-expiry", place, at=made_after, until=certificate.not_after)
    for fact in statuses:
        since = fact.date if fact.status is RevocationStatus.REVOKED and not fact.on_hold else None
        if since is not None and fact.certificate == certificate and since <= made_after:
            yield _proven("signed-after-revocation", place, at=made_after, since=since)


def _proven(code: str, place: str, **times: datetime.datetime) -> Reason:
    return Reason.of(SIGNATURE_REASONS[code], place=place, **{k: shown_time(v) for k, v in times.items()})
