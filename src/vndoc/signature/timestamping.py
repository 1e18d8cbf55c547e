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
from vndoc.pki.outcome import Outcome, Reason, outcome_of
from vndoc.pki.paths import PathResult
from vndoc.pki.policy import CryptoPolicy, Ruling, Use
from vndoc.pki.trust import Purpose, TrustStore
from vndoc.signature._imprint import key_of
from vndoc.signature.blocks import Moment, format_check, identify, shown_time, signature_algorithm_check
from vndoc.signature.facts import Binding, TimestampFacts, TimestampKind, TimestampToken
from vndoc.signature.identity import identity_of
from vndoc.signature.policy import ForeignTsa, Policy, Renewal
from vndoc.signature.reasons import SIGNATURE_REASONS
from vndoc.signature.report import TimestampReport
from vndoc.signature.trusting import SIGNERS, Context, certificate_trust, last_moment, lost_keys

__all__ = ["Proof", "claimed_time_notes", "earliest_proof", "latest_content_time", "validate_timestamp"]

_NOTHING: Final = datetime.timedelta()
_VIETNAMESE: Final = frozenset({"vgca-g1", "vgca-g2", "national", "public-ca"})
"""Families of recognised anchors that are Vietnamese."""
_OF_SIGNATURE: Final = frozenset({TimestampKind.SIGNATURE, TimestampKind.ARCHIVE})
_WEAK: Final = frozenset({"sha1"})
_OFFSET: Final = (datetime.timedelta(hours=6, minutes=55), datetime.timedelta(hours=7, minutes=15))
"""How far local time written as UTC is ahead (practice: 25 208 to 25 838 seconds were met)."""
_TOLERANCE: Final = datetime.timedelta(minutes=5)
_VIETNAM: Final = datetime.timezone(datetime.timedelta(hours=7))
"""By how much the clock of a signer may be ahead before it is worth a word."""


def _reason(code: str, place: str, /, **values: object) -> Reason:
    return Reason(SIGNATURE_REASONS[code], tuple(values.items()), place)


@attrs.frozen
class Proof:
    """A proof of existence: the timestamp, the time it states and the latest that this may mean (its accuracy).

    ``timestamp`` is ``None`` where it is around another signature, which this one is on.
    """

    timestamp: TimestampReport | None
    time: datetime.datetime
    latest: datetime.datetime


def earliest_proof(timestamps: Iterable[TimestampReport], *, waiting: bool = False) -> Proof | None:
    """Return the earliest proof of the signature's existence: a timestamp over its value, alone or among others.

    With *waiting*, those count for which only the status of the authority is open: no proof yet, but the time to
    ask about, so that what is missing is named and not what would follow from it.
    """
    found = [
        Proof(t, t.time, t.time + t.accuracy)
        for t in timestamps
        if (t.waits if waiting else t.proves) and t.time is not None and t.over_signature
    ]
    return min(found, key=lambda proof: proof.latest, default=None)


def latest_content_time(timestamps: Iterable[TimestampReport]) -> datetime.datetime | None:
    """Return the latest time that the signature is proven to be younger than: that of a timestamp over its content."""
    found = (t.time - t.accuracy for t in timestamps if t.proves and t.time and t.kind is TimestampKind.CONTENT)
    return max(found, default=None)


def validate_timestamp(
    facts: TimestampFacts,
    context: Context,
    pool: Iterable[Certificate] = (),
    *,
    known: datetime.datetime | None = None,
    signature: bytes = b"",
) -> TimestampReport:
    """Validate one timestamp (clause 5.4): its imprint, its signature, its authority, and what the policy wants.

    *known* is when an archive timestamp around it proves it to have existed: nothing that became of its authority
    later counts. *signature* is the value of the signature that it stands in.
    """
    token = facts.token
    if token is None:
        missing = () if any(r.decides for r in facts.reasons) else (_reason("timestamp-token-missing", facts.place),)
        return TimestampReport(kind=facts.kind, place=facts.place, outcome=outcome_of((*facts.reasons, *missing)))
    context = context.knowing(token.signature.revocation)
    found = identify(token.signature, context.trust.pool)
    reasons = [*facts.reasons, *token.reasons, *format_check(token.signature), *found.reasons]
    reasons += _imprint(facts, token, context)
    examined = _Authority(facts.place, token, found.certificate, context, (*token.signature.certificates, *pool))
    path = examined.path
    reasons += examined.reasons(known)
    foreign = path is not None and path.anchor is not None and not _vietnamese(path)
    name = None if found.certificate is None else identity_of(found.certificate)
    if foreign:
        code = "foreign-tsa" if context.policy.foreign_tsa is ForeignTsa.NOTE else "foreign-tsa-refused"
        reasons.append(_reason(code, facts.place, tsa="?" if name is None else name.display_name))
    return TimestampReport(
        kind=facts.kind,
        place=facts.place,
        outcome=outcome_of(dict.fromkeys(reasons)),
        time=token.time,
        accuracy=token.accuracy or _NOTHING,
        tsa=name,
        certificate=found.certificate,
        path=path,
        foreign=foreign,
        serial=token.serial,
        policy=token.policy,
        imprint_digest=token.imprint_digest,
        token_digest=token.token_digest,
        over_signature=facts.kind in _OF_SIGNATURE or key_of(signature) in facts.protects,
        known_since=known,
        octets=token.octets,
    )


class _Authority:
    """The authority of a token: judged at the time that the token states, and by what is known of it since."""

    def __init__(
        self,
        place: str,
        token: TimestampToken,
        certificate: Certificate | None,
        context: Context,
        pool: tuple[Certificate, ...],
    ) -> None:
        self.place, self.token, self.certificate, self.context, self.pool = place, token, certificate, context, pool
        self.stated = Moment(token.time + (token.accuracy or _NOTHING), proven=True)
        self.path: PathResult | None = None
        self.trust = outcome_of(())
        if certificate is not None:
            self.path, self.trust = self._trust(certificate, self.stated)

    def _trust(self, certificate: Certificate, moment: Moment) -> tuple[PathResult, Outcome]:
        purpose = frozenset({Purpose.TIMESTAMP})
        return certificate_trust(certificate, self.context, moment, purpose=purpose, pool=self.pool, place=self.place)

    def reasons(self, known: datetime.datetime | None) -> Iterator[Reason]:
        """Yield what decides about the token, which is proven to have existed at *known*, or exists now."""
        control = Moment(self.context.at, proven=False) if known is None else Moment(known, proven=True)
        yield from self._algorithms(self.stated)
        certificate = self.certificate
        if certificate is not None:
            yield from self.trust.reasons
            yield from self._compromised(certificate, control)
            yield from _bound(self.place, self.token.signature.binding(certificate))
        if self.context.policy.renewal is Renewal.REQUIRED:
            yield from self._algorithms(control)
            yield from () if certificate is None else self._trust(certificate, control)[1].reasons
        elif certificate is not None and certificate.not_after < control.at:
            until = shown_time(certificate.not_after)
            yield _reason("timestamp-not-renewed", self.place, until=until)

    def _algorithms(self, moment: Moment) -> Iterator[Reason]:
        facts, policy = self.token.signature, self.context.policy
        yield from signature_algorithm_check(facts, self.certificate, policy, moment, Use.TIMESTAMP)
        yield from _digest(self.place, self.token.token_digest, Use.TIMESTAMP, policy, moment)

    def _compromised(self, certificate: Certificate, control: Moment) -> Iterator[Reason]:
        """A revoked authority's earlier tokens keep their worth only where its key was not lost (RFC 3161, section 4).

        So its revocation is asked for at the time at which the token is known to exist, too; an unspecified reason
        counts as a lost key. The same goes for the authorities above it.
        """
        if not self.context.asks or self.path is None:
            return
        asked = Moment(last_moment(self.path, control.at), proven=False)
        for _, since in lost_keys(self._trust(certificate, asked)[0]):
            yield _reason("tsa-compromised", self.place, since=shown_time(since))


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
    written = claimed if claimed.tzinfo is not None else claimed.replace(tzinfo=_VIETNAM)
    if proof is None:
        yield _reason("claimed-time-only", place, claimed=shown_time(written))
        if written - at > _TOLERANCE:
            yield _reason("claimed-time-in-future", place, claimed=shown_time(written), at=shown_time(at))
        return
    ahead = written - proof.time
    if _OFFSET[0] <= ahead <= _OFFSET[1]:
        yield _reason("local-time-as-utc", place, hours=str(ahead))
    elif ahead > _TOLERANCE:
        yield _reason("claimed-time-after-proof", place, claimed=shown_time(written), at=shown_time(proof.time))
