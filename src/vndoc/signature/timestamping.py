"""Timestamp validation and proof of existence (ETSI EN 319 102-1, clauses 5.4 and 5.6.2.3; RFC 3161).

Trust in a time-stamping authority is apart from trust in signers: only anchors with the purpose ``TIMESTAMP`` count.
A token is judged at the time that it states: its algorithms, and the certificate of its authority.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from vndoc.pki.certificate import Certificate
from vndoc.pki.outcome import Reason, outcome_of
from vndoc.pki.paths import PathResult
from vndoc.pki.policy import CryptoPolicy, Ruling, Use
from vndoc.pki.revocation_facts import RevocationReason, RevocationStatus
from vndoc.pki.trust import Purpose, TrustStore
from vndoc.signature.blocks import Moment, format_check, identify, shown_time, signature_algorithm_check
from vndoc.signature.facts import Binding, TimestampFacts, TimestampKind, TimestampToken
from vndoc.signature.identity import identity_of
from vndoc.signature.policy import ForeignTsa, Policy
from vndoc.signature.reasons import SIGNATURE_REASONS
from vndoc.signature.report import TimestampReport
from vndoc.signature.trusting import SIGNERS, Context, certificate_trust

__all__ = ["Proof", "claimed_time_notes", "earliest_proof", "latest_content_time", "validate_timestamp"]

_NOTHING: Final = datetime.timedelta()
_VIETNAMESE: Final = frozenset({"vgca-g1", "vgca-g2", "national", "public-ca"})
"""Families of recognised anchors that are Vietnamese."""
_KEY_NOT_LOST: Final = frozenset(
    {
        RevocationReason.AFFILIATION_CHANGED,
        RevocationReason.SUPERSEDED,
        RevocationReason.CESSATION_OF_OPERATION,
        RevocationReason.CERTIFICATE_HOLD,
    }
)
_OF_SIGNATURE: Final = frozenset({TimestampKind.SIGNATURE, TimestampKind.ARCHIVE})
_WEAK: Final = frozenset({"sha1"})
_OFFSET: Final = (datetime.timedelta(hours=6, minutes=55), datetime.timedelta(hours=7, minutes=15))
"""How far local time written as UTC is ahead (practice: 25 208 to 25 838 seconds were met)."""
_TOLERANCE: Final = datetime.timedelta(minutes=5)
"""By how much the clock of a signer may be ahead before it is worth a word."""


def _reason(code: str, place: str, /, **values: object) -> Reason:
    return Reason.of(SIGNATURE_REASONS[code], place=place, **values)


@attrs.frozen
class Proof:
    """A proof of existence: the timestamp, the time it states and the latest that this may mean (its accuracy)."""

    timestamp: TimestampReport
    time: datetime.datetime
    latest: datetime.datetime


def earliest_proof(timestamps: Iterable[TimestampReport], *, waiting: bool = False) -> Proof | None:
    """Return the earliest proof of the signature's existence: timestamps over its value, or archive timestamps.

    With *waiting*, those count for which only the status of the authority is open: no proof yet, but the time to
    ask about, so that what is missing is named and not what would follow from it.
    """
    found = [
        Proof(t, t.time, t.time + t.accuracy)
        for t in timestamps
        if (t.waits if waiting else t.proves) and t.time is not None and t.kind in _OF_SIGNATURE
    ]
    return min(found, key=lambda proof: proof.latest, default=None)


def latest_content_time(timestamps: Iterable[TimestampReport]) -> datetime.datetime | None:
    """Return the latest time that the signature is proven to be younger than: that of a timestamp over its content."""
    found = (t.time - t.accuracy for t in timestamps if t.proves and t.time and t.kind is TimestampKind.CONTENT)
    return max(found, default=None)


def validate_timestamp(facts: TimestampFacts, context: Context, pool: Iterable[Certificate] = ()) -> TimestampReport:
    """Validate one timestamp (clause 5.4): its imprint, its signature, its authority, and what the policy wants."""
    token = facts.token
    if token is None:
        missing = () if any(r.decides for r in facts.reasons) else (_reason("timestamp-token-missing", facts.place),)
        return TimestampReport(kind=facts.kind, place=facts.place, outcome=outcome_of((*facts.reasons, *missing)))
    context = context.knowing(token.signature.revocation)
    accuracy = token.accuracy or _NOTHING
    moment = Moment(token.time + accuracy, proven=True)
    found = identify(token.signature, context.trust.pool)
    reasons = [*facts.reasons, *token.reasons, *format_check(token.signature), *found.reasons]
    reasons += _imprint(facts, token, context)
    reasons += signature_algorithm_check(token.signature, found.certificate, context.policy, moment, Use.TIMESTAMP)
    reasons += _digest(facts.place, token.token_digest, Use.TIMESTAMP, context.policy, moment)
    path: PathResult | None = None
    if found.certificate is not None:
        known = (*token.signature.certificates, *pool)
        path, trust = certificate_trust(
            found.certificate,
            context,
            moment,
            purpose=frozenset({Purpose.TIMESTAMP}),
            pool=known,
            place=facts.place,
        )
        reasons += trust.reasons
        reasons += _compromised(found.certificate, context, known, facts.place)
        reasons += _bound(facts.place, token.signature.binding(found.certificate))
    foreign = path is not None and path.anchor is not None and not _vietnamese(path)
    name = None if found.certificate is None else identity_of(found.certificate)
    if foreign:
        code = "foreign-tsa" if context.policy.foreign_tsa is ForeignTsa.NOTE else "foreign-tsa-refused"
        reasons.append(_reason(code, facts.place, tsa="?" if name is None else name.display_name))
    return TimestampReport(
        kind=facts.kind,
        place=facts.place,
        outcome=outcome_of(reasons),
        time=token.time,
        accuracy=accuracy,
        tsa=name,
        certificate=found.certificate,
        path=path,
        foreign=foreign,
        serial=token.serial,
        policy=token.policy,
        imprint_digest=token.imprint_digest,
        token_digest=token.token_digest,
        octets=token.octets,
    )


def _compromised(
    certificate: Certificate, context: Context, pool: Iterable[Certificate], place: str
) -> Iterator[Reason]:
    """A revoked authority's earlier tokens keep their worth only where its key was not lost (RFC 3161, section 4).

    So its revocation is asked for at the time of evaluation, too; an unspecified reason counts as a lost key.
    """
    if not context.asks:
        return
    now, _ = certificate_trust(
        certificate,
        context,
        Moment(context.at, proven=False),
        purpose=frozenset({Purpose.TIMESTAMP}),
        pool=pool,
        place=place,
    )
    for fact in now.revocation:
        revoked = fact.status is RevocationStatus.REVOKED and fact.certificate == certificate
        if revoked and fact.reason not in _KEY_NOT_LOST:
            since = "?" if fact.date is None else shown_time(fact.date)
            yield _reason("tsa-compromised", place, since=since)


def _imprint(facts: TimestampFacts, token: TimestampToken, context: Context) -> Iterator[Reason]:
    """Yield what is wrong with what the timestamp is over and when (clause 5.4.4)."""
    if facts.intact is False:
        yield _reason("timestamp-of-other-data", facts.place)
    elif facts.intact is None:
        yield _reason("timestamp-data-unknown", facts.place)
    if token.time > context.at:
        times = {"time": shown_time(token.time), "at": shown_time(context.at)}
        yield _reason("timestamp-in-future", facts.place, **times)
    moment = Moment(token.time, proven=True)
    yield from _digest(facts.place, token.imprint_digest, Use.IMPRINT, context.policy, moment)


def _digest(place: str, digest: str, use: Use, policy: Policy, moment: Moment) -> Iterator[Reason]:
    until = policy.crypto.digest_until(use, digest)
    ruling = CryptoPolicy.ruling(until, moment.at)
    if ruling is Ruling.REFUSED:
        yield _reason("digest-not-accepted", place, algorithm=digest, name=use.value, policy=policy.name)
    elif ruling is Ruling.EXPIRED:
        at = shown_time(moment.at)
        yield _reason("digest-expired", place, algorithm=digest, name=use.value, until=until, at=at)
    elif digest in _WEAK:
        yield _reason("weak-imprint" if use is Use.IMPRINT else "weak-token-digest", place, algorithm=digest)


def _bound(place: str, binding: Binding) -> Iterator[Reason]:
    """A token has to name its certificate (RFC 3161, section 2.4.2; RFC 5816)."""
    if binding is not Binding.MATCHES:
        yield _reason("signing-certificate-missing", place)


def _vietnamese(path: PathResult) -> bool:
    """Return whether the anchor is of a Vietnamese family: by its fingerprint, or by what the caller trusts it for."""
    anchor = path.anchor
    return anchor is not None and (TrustStore.family_of(anchor) in _VIETNAMESE or bool(anchor.purposes & SIGNERS))


def claimed_time_notes(
    claimed: datetime.datetime | None, proof: Proof | None, at: datetime.datetime, place: str
) -> Iterator[Reason]:
    """Yield what is to be said about the time that the signer wrote; it is never evidence.

    A time without zone is taken for Vietnam's.
    """
    if claimed is None:
        return
    vietnam = datetime.timezone(datetime.timedelta(hours=7))
    written = claimed if claimed.tzinfo is not None else claimed.replace(tzinfo=vietnam)
    if proof is None:
        yield _reason("claimed-time-only", place, claimed=shown_time(written))
        if written > at + _TOLERANCE:
            yield _reason("claimed-time-in-future", place, claimed=shown_time(written), at=shown_time(at))
        return
    ahead = written - proof.time
    if _OFFSET[0] <= ahead <= _OFFSET[1]:
        yield _reason("local-time-as-utc", place, hours=str(ahead))
    elif ahead > _TOLERANCE:
        yield _reason("claimed-time-after-proof", place, claimed=shown_time(written), at=shown_time(proof.time))
