"""From facts to one honest verdict: validation of signatures with time (ETSI EN 319 102-1, clauses 5.3, 5.5, 5.6).

:func:`evaluate` judges one signature, of whatever format, under a policy, with the anchors and at the time that the
caller gives. Nothing here reads a clock or a network; what the document claims about itself is shown, never believed.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import attrs
from lxml import etree

from vndoc.envelope.octets import Octets
from vndoc.errors._arguments import need, need_all, need_call, need_like, need_time
from vndoc.limits import DEFAULT, Limits
from vndoc.pki.fetching import Fetcher, FetchSession
from vndoc.pki.outcome import Indication, Outcome, Reason, outcome_of
from vndoc.pki.paths import PathResult
from vndoc.pki.revocation_facts import RevocationSource
from vndoc.pki.trust import TrustStore
from vndoc.signature import _imprint
from vndoc.signature._cms_usual import facts_of
from vndoc.signature._standing import endless, keep, kept, key_of, met
from vndoc.signature.blocks import (
    KEPT_PLACE,
    Identification,
    Moment,
    digests,
    format_check,
    identify,
    outcome_of_attributes,
    shown_time,
    signature_algorithm_check,
)
from vndoc.signature.facts import Binding, SignatureFacts
from vndoc.signature.identity import SignerIdentity
from vndoc.signature.policy import Policy, policy_of
from vndoc.signature.proofs import Proofs, examine
from vndoc.signature.reasons import SIGNATURE_REASONS
from vndoc.signature.report import SignatureReport, TimestampReport, Verdict
from vndoc.signature.timestamping import (
    Proof,
    claimed_time_notes,
    earliest_proof,
    latest_content_time,
)
from vndoc.signature.trusting import SIGNERS, Context, certificate_trust, proven_failures, slide
from vndoc.signature.xmldsig import Resolver, XmlSource, read_xml

__all__ = ["evaluate", "verdict_of", "verify_cms", "verify_xml"]

_DEPTH: Final = 3
"""Counter-signatures of counter-signatures that are judged."""
_NOTHING: Final = Outcome(Indication.PASSED)


def evaluate(
    facts: SignatureFacts,
    *,
    policy: str | Policy,
    trust: TrustStore,
    at: datetime.datetime,
    revocation: RevocationSource | None = None,
    fetch: Fetcher | None = None,
    proofs: Mapping[bytes, datetime.datetime] | None = None,
    changes: Iterable[Reason] = (),
) -> SignatureReport:
    """Judge one signature.

    *policy* is a named policy or a value, *trust* the anchors, *at* the time of evaluation (with a zone), *revocation*
    whoever knows about revocation; what the signature itself carries is added to it. *fetch* is asked for certificates
    and revocation that are missing, without it nothing is fetched; hand in one
    :class:`~vndoc.pki.fetching.FetchSession` for several signatures of one document. *proofs* say since when things
    are proven to have existed by something outside the document, by the SHA-256 of their octets: signature values,
    timestamp tokens, certificates, revocation lists and responses. *changes* are facts about what happened to the
    signed document afterwards, from whoever read it.

    Raises :class:`~vndoc.errors.UsageError` for an unknown policy, a time without zone or an argument of another kind;
    nothing else.
    """
    context = context_of(policy_of(policy), trust, at, revocation, fetch, proofs)
    need("facts", facts, SignatureFacts)
    return evaluated(facts, context, outcome_of(need_all("changes", changes, Reason)))


def context_of(
    policy: Policy,
    trust: TrustStore,
    at: datetime.datetime,
    revocation: RevocationSource | None,
    fetch: Fetcher | None,
    proofs: Mapping[bytes, datetime.datetime] | None,
) -> Context:
    """Return what all signatures of one input are judged with: the door at which all of it is looked at, once.

    Raises ``time-zone-missing``, and ``option-invalid`` for what is of another kind.
    """
    if type(trust) is not TrustStore:
        need("trust", trust, TrustStore)
    if type(at) is not datetime.datetime or at.utcoffset() is None:
        need_time("at", at)
    if revocation is not None:
        need_like("revocation", revocation, RevocationSource, "status")
    if fetch is not None:
        need_call("fetch", fetch)
    if proofs is not None:
        _check_proofs(proofs)
    session = None if fetch is None else FetchSession.of(fetch)
    return Context(policy=policy, trust=trust, at=at, revocation=revocation, fetch=session, known=proofs or {})


def _check_proofs(proofs: Mapping[bytes, datetime.datetime]) -> None:
    need("proofs", proofs, Mapping)
    for key, since in proofs.items():
        need("proofs", key, bytes)
        need_time("proofs", since)


def verdict_of(
    signatures: Iterable[SignatureFacts],
    *,
    policy: str | Policy,
    trust: TrustStore,
    at: datetime.datetime,
    revocation: RevocationSource | None = None,
    fetch: Fetcher | None = None,
    proofs: Mapping[bytes, datetime.datetime] | None = None,
) -> Verdict:
    """Judge all signatures of one input; see :func:`evaluate`. Without any the verdict is indeterminate."""
    context = context_of(policy_of(policy), trust, at, revocation, fetch, proofs)
    return _verdict(need_all("signatures", signatures, SignatureFacts), context)


def _verdict(given: Sequence[SignatureFacts], context: Context) -> Verdict:
    name, at = context.policy.name, context.at
    if not given:
        return Verdict(policy=name, at=at, signatures=(), notes=(Reason.of(SIGNATURE_REASONS["no-signature"]),))
    return Verdict(policy=name, at=at, signatures=tuple([evaluated(facts, context) for facts in given]))


def verify_xml(
    data: bytes | etree._Element | XmlSource,
    *,
    policy: str | Policy,
    trust: TrustStore,
    at: datetime.datetime,
    revocation: RevocationSource | None = None,
    fetch: Fetcher | None = None,
    proofs: Mapping[bytes, datetime.datetime] | None = None,
    resolver: Resolver | None = None,
    expect: Sequence[str] = (),
    limits: Limits = DEFAULT,
) -> Verdict:
    """Verify every XML-DSig and XAdES signature of a document.

    *expect* are paths of elements that the caller is going to use, *resolver* gives the octets behind references
    outside the document; both as in :func:`~vndoc.signature.xmldsig.read_xml`, the others as in :func:`evaluate`. Use
    only what the reports hand out in ``covers``. Raises as ``read_xml`` does: ``no-signature`` where there is none.
    """
    context = context_of(policy_of(policy), trust, at, revocation, fetch, proofs)
    return _verdict(read_xml(data, resolver=resolver, expect=expect, limits=limits), context)


def verify_cms(
    data: bytes | Octets,
    *,
    content: bytes | Octets | None = None,
    policy: str | Policy,
    trust: TrustStore,
    at: datetime.datetime,
    revocation: RevocationSource | None = None,
    fetch: Fetcher | None = None,
    proofs: Mapping[bytes, datetime.datetime] | None = None,
    limits: Limits = DEFAULT,
) -> Verdict:
    """Verify every signer of a CMS or CAdES signature; *content* is what a detached one is over.

    Raises as :func:`~vndoc.signature.cms.read_cms` does: ``cms-malformed`` for what is no signature.
    """
    context = context_of(policy_of(policy), trust, at, revocation, fetch, proofs)
    return _verdict(facts_of(data, content, trust.known, limits, trust.certificates_by_octets), context)


@attrs.define(eq=False)
class _Time:
    """What the timestamps of a signature prove together, and what is proven around it (``None``: nothing)."""

    moment: Moment
    outcome: Outcome
    timestamps: tuple[TimestampReport, ...] = ()
    proof: Proof | None = None
    made_after: datetime.datetime | None = None
    proofs: Proofs | None = None


def evaluated(facts: SignatureFacts, context: Context, changes: Outcome = _NOTHING, depth: int = 0) -> SignatureReport:
    """Judge one signature in *context*; *depth* counts the signatures that it is a counter-signature of."""
    context = context.knowing(facts.revocation)
    time = _time(facts, context)
    found = identify(facts, context.trust.known)
    crypto, path, trust, outcome = _judged(facts, found, context, time)
    counters: tuple[SignatureReport, ...] = ()
    more = changes.reasons
    if facts.counter_signatures and depth < _DEPTH:
        within = context if time.proofs is None else attrs.evolve(context, known=time.proofs.times)
        counters = tuple([evaluated(counter, within, _NOTHING, depth + 1) for counter in facts.counter_signatures])
        more += tuple(
            [
                Reason.of(SIGNATURE_REASONS["counter-signature-not-valid"], place=c.place, signer=_name(c.signer))
                for c in counters
                if not c.passed
            ]
        )
    elif facts.counter_signatures:
        values = {"count": len(facts.counter_signatures), "limit": _DEPTH}
        more += (Reason.of(SIGNATURE_REASONS["counter-signatures-not-judged"], place=facts.place, **values),)
    if more:
        outcome = _together(crypto.reasons + trust.reasons + time.outcome.reasons + more)
    return SignatureReport(
        place=facts.place,
        form=facts.form,
        level=facts.level,
        policy=context.policy.name,
        outcome=outcome,
        crypto=crypto,
        trust=trust,
        time=time.outcome,
        changes=changes,
        control_time=time.moment.at,
        covers=facts.covered,
        signature_id=facts.signature_id,
        signature_value=facts.signature_value,
        value_right=found.valid,
        signed_octets=facts.signed_octets,
        algorithm=facts.algorithm,
        certificate=found.certificate,
        path=path,
        claimed_time=facts.claimed_time,
        claimed_roles=facts.claimed_roles,
        best_signature_time=None if time.proof is None else time.proof.time,
        timestamps=time.timestamps,
        carried=facts.certificates,
        material=facts.revocation,
        counter_signatures=counters,
    )


def _judged(
    facts: SignatureFacts, found: Identification, context: Context, time: _Time
) -> tuple[Outcome, PathResult | None, Outcome, Outcome]:
    """Return crypto, path and trust, and what they come to with time: as kept for a plain signature, or anew."""
    key = key_of(facts, found, context) if time.proofs is None else None
    known = None if key is None else kept(key, context.at)
    if known is None:
        crypto, certificate = _crypto(facts, found, context.policy, time.moment), found.certificate
        again = key is not None and met(key)
        lasts = again and certificate is not None and endless(facts, certificate, context.policy)
        path, trust = _trust(facts, found, context, time, keep=key is None or (again and not lasts))
        outcome = _together(crypto.reasons + trust.reasons + time.outcome.reasons)
        known = keep(key, facts, context, crypto, trust, path) if lasts and key and path is not None else None
        if known is not None:
            known.last = time.outcome, outcome
        return crypto, path, trust, outcome
    last = known.last
    if last is None or last[0] is not time.outcome:
        reasons = known.crypto.reasons + known.trust.reasons + time.outcome.reasons
        last = known.last = time.outcome, _together(reasons)
    return known.crypto, known.path, known.trust, last[1]


def _time(facts: SignatureFacts, context: Context) -> _Time:
    """Validate the timestamps and find what they prove (clauses 5.4 and 5.5.4)."""
    if not facts.timestamps and not context.known:
        outcome = _untimed(facts.place, context.at)
        if facts.claimed_time is not None:
            claimed = claimed_time_notes(facts.claimed_time, None, context.at, facts.place)
            outcome = outcome_of((*outcome.reasons, *claimed))
        return _Time(Moment(context.at, False), outcome)
    examined = examine(facts, context)
    timestamps = examined.reports
    proof, made_after = _earliest(facts, timestamps, context), latest_content_time(timestamps)
    asked = proof or earliest_proof(timestamps, waiting=True)
    moment = Moment(context.at, proven=False) if asked is None else Moment(asked.latest, proven=True)
    reasons = [*_proofs(facts, timestamps, proof, context), *examined.reasons]
    if proof is not None and made_after is not None and made_after > proof.latest:
        times = {"content": shown_time(made_after), "signature": shown_time(proof.time)}
        reasons.append(Reason.of(SIGNATURE_REASONS["timestamp-order"], place=facts.place, **times))
    reasons += claimed_time_notes(facts.claimed_time, proof, context.at, facts.place)
    return _Time(moment, outcome_of(reasons), timestamps, proof, made_after, examined.proofs)


def _earliest(facts: SignatureFacts, timestamps: tuple[TimestampReport, ...], context: Context) -> Proof | None:
    """Return the earliest proof of the signature's existence: of its own timestamps, or of one around it."""
    own, around = earliest_proof(timestamps), context.known.get(_imprint.key_of(facts.signature_value))
    if around is None or (own is not None and own.latest <= around):
        return own
    return Proof(None, around, around)


def _proofs(
    facts: SignatureFacts, timestamps: tuple[TimestampReport, ...], proof: Proof | None, context: Context
) -> Iterator[Reason]:
    """Yield what the timestamps come to. One that is attached has to prove a time, but it cannot undo a signature."""
    wrong = [t for t in timestamps if not t.proves]
    if proof is not None:
        yield from _proven(facts, proof)
        for timestamp in wrong:
            detail = timestamp.outcome.reasons[0].kind.text
            yield Reason.of(SIGNATURE_REASONS["timestamp-not-valid"], place=timestamp.place, detail=detail)
    elif wrong:
        for reason in wrong[0].outcome.reasons:
            if reason.kind.indication is not Indication.FAILED:
                yield reason
        yield Reason.of(SIGNATURE_REASONS["timestamp-not-assured"], place=wrong[0].place)
    else:
        yield from _untimed(facts.place, context.at).reasons


def _untimed(place: str, at: datetime.datetime) -> Outcome:
    """Return what is said of a signature that no timestamp is of; the last answers are kept."""
    shown = shown_time(at)
    return _kept_untimed(place, shown) if len(place) <= KEPT_PLACE else _kept_untimed.__wrapped__(place, shown)


@functools.lru_cache(maxsize=256)
def _kept_untimed(place: str, at: str) -> Outcome:
    return outcome_of((Reason(SIGNATURE_REASONS["no-timestamp"], (("at", at),), place),))


def _proven(facts: SignatureFacts, proof: Proof) -> Iterator[Reason]:
    at = shown_time(proof.time)
    if proof.timestamp is None:
        yield Reason.of(SIGNATURE_REASONS["time-proven-around"], place=facts.place, at=at)
        return
    yield Reason.of(SIGNATURE_REASONS["time-proven"], place=facts.place, tsa=_name(proof.timestamp.tsa), at=at)
    yield from proof.timestamp.outcome.reasons


def _crypto(facts: SignatureFacts, found: Identification, policy: Policy, moment: Moment) -> Outcome:
    """Put together format, identification, signature value and acceptance (clauses 5.2.2 to 5.2.8)."""
    reasons = (
        format_check(facts)
        + found.reasons
        + signature_algorithm_check(facts, found.certificate, policy, moment)
        + digests(facts, policy, moment)
    )
    told = outcome_of_attributes(facts, found.certificate, policy)
    return outcome_of(reasons + told.reasons) if reasons else told


def _trust(
    facts: SignatureFacts, found: Identification, context: Context, time: _Time, *, keep: bool
) -> tuple[PathResult | None, Outcome]:
    """Validate the signer's certificate at the control time, then weigh what is proven of the time of signing."""
    certificate = found.certificate
    if certificate is None:
        return None, outcome_of(found.reasons)
    path, outcome = certificate_trust(
        certificate, context, time.moment, purpose=SIGNERS, pool=facts.certificates, place=facts.place, keep=keep
    )
    if time.proofs is None:
        return path, outcome
    existed = None if time.proof is None else time.proof.latest
    proven = proven_failures(
        certificate, path.revocation, existed=existed, made_after=time.made_after, place=facts.place
    )
    late: Iterable[Reason] = ()
    if existed is not None and outcome.passed:
        proofs = time.proofs
        if facts.binding(certificate) is Binding.MATCHES:  # what was signed names it, so it is no younger
            proofs = proofs.adding([certificate.fingerprint], existed)
        late = slide(
            certificate,
            path,
            context,
            time.moment,
            proofs=proofs,
            pool=facts.certificates,
            carried=facts.revocation,
            place=facts.place,
        )
    return path, outcome_of((*proven, *late, *outcome.reasons))


def _together(reasons: tuple[Reason, ...]) -> Outcome:
    """Return what *reasons* come to, each once. Those of different codes differ, which is faster to find out."""
    if len({reason.kind.code for reason in reasons}) == len(reasons):
        return outcome_of(reasons)
    return outcome_of(dict.fromkeys(reasons))


def _name(identity: SignerIdentity | None) -> str:
    return "?" if identity is None else identity.display_name or "?"
