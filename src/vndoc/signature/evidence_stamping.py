"""Timestamps over an evidence record: how they are judged, and how one gets what it needs to last.

:meth:`~vndoc.signature.evidence.EvidenceRecord.stamped` puts one over a record with what the caller hands in.
:func:`stamp_evidence` finds out itself what has to go in: which authority answers, the certificates above it, and
whether any authority so far was revoked.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Final

import attrs

from vndoc.errors._arguments import need
from vndoc.pki.bundle import Bundle, Collector
from vndoc.pki.certificate import Certificate
from vndoc.pki.fetching import Fetcher, FetchSession
from vndoc.pki.outcome import Reason
from vndoc.pki.revocation_facts import RevocationSource
from vndoc.pki.revocation_sources import Recorder, joined
from vndoc.pki.trust import TrustStore
from vndoc.signature import tsp
from vndoc.signature._imprint import key_of
from vndoc.signature.evaluation import context_of
from vndoc.signature.evidence import EvidenceRecord, RecordStamp, signers_with_chains
from vndoc.signature.facts import RevocationMaterial, TimestampFacts, TimestampKind
from vndoc.signature.policy import Policy, policy_of
from vndoc.signature.proofs import Examined, examine_all
from vndoc.signature.report import TimestampReport
from vndoc.signature.trusting import Context

__all__ = ["StampedEvidence", "examine_stamps", "stamp_evidence", "stamps_of"]

_SKEW: Final = datetime.timedelta(minutes=5)
"""By how much the clock of an authority may be ahead of the caller's."""


@attrs.frozen(kw_only=True)
class StampedEvidence:
    """A record with a new timestamp, and how each of its timestamps is judged from what it holds, and nothing else.

    ``reasons`` are about their order.
    """

    record: EvidenceRecord
    timestamps: tuple[TimestampReport, ...]
    reasons: tuple[Reason, ...] = ()

    @property
    def proves(self) -> bool:
        """Return whether there are timestamps and each proves its time, so that nothing that they proved is lost."""
        return bool(self.timestamps) and all(report.proves for report in self.timestamps)


def stamp_evidence(
    record: EvidenceRecord,
    stamp: tsp.Stamp,
    *,
    trust: TrustStore,
    at: datetime.datetime,
    policy: str | Policy | None = None,
    revocation: RevocationSource | None = None,
    fetch: Fetcher | None = None,
    digest: str = "sha256",
    nonce: Callable[[], int] | None = None,
) -> StampedEvidence:
    """Return *record* with a further timestamp over it, made to last.

    *stamp* is asked once to learn who the authority is. If *revocation* or *fetch* then has certificates or revocation
    data about this authority or earlier ones that the record lacks, they go in, and *stamp* is asked again, for a
    timestamp over these, too. *at* is the present; *policy* that of the record unless it is given; *nonce* makes a
    random number for each request.

    Raises what *stamp* raises, :class:`~vndoc.errors.SignatureError` as
    :meth:`~vndoc.signature.evidence.EvidenceRecord.stamped`, and :class:`~vndoc.errors.UsageError`
    ``unknown-policy``, ``time-zone-missing``.
    """
    need("record", record, EvidenceRecord)
    chosen = policy_of(record.policy if policy is None else policy)
    context_of(chosen, trust, at, revocation, fetch, None)

    def asked(certificates: tuple[Certificate, ...], material: RevocationMaterial) -> EvidenceRecord:
        number = None if nonce is None else nonce()
        return record.stamped(stamp, certificates=certificates, material=material, digest=digest, nonce=number)

    stamped = asked((), RevocationMaterial())
    context = Context(policy=chosen, trust=trust, at=_present(stamped, at), revocation=revocation)
    certificates, material = _missing(stamped, context, fetch)
    if certificates or material != RevocationMaterial():
        stamped = asked(certificates, material)
    alone = attrs.evolve(context, at=_present(stamped, at), revocation=stamped.revocation)
    examined = examine_stamps(stamped, alone)
    return StampedEvidence(record=stamped, timestamps=examined.reports, reasons=examined.reasons)


def _present(record: EvidenceRecord, at: datetime.datetime) -> datetime.datetime:
    """Return the present: *at*, or a little later if the newest timestamp says so."""
    token = tsp.read_token(record.timestamps[-1].token)
    latest = token.time + (token.accuracy or datetime.timedelta())
    return max(at, latest) if latest - at <= _SKEW else at


def _missing(
    record: EvidenceRecord, context: Context, fetch: Fetcher | None
) -> tuple[tuple[Certificate, ...], RevocationMaterial]:
    """Return what *record* lacks of what decides about its timestamps in *context*, or what *fetch* has of it."""
    source: RevocationSource = record.revocation
    source = source if context.revocation is None else joined(context.revocation, source)
    if fetch is not None:
        collector = Collector(fetch)
        examine_stamps(record, attrs.evolve(context, revocation=source, fetch=FetchSession.of(collector)))
        bundle = Bundle.of(collector.items, created=context.at)
        context = attrs.evolve(context, trust=context.trust.with_pool(bundle.certificates))
        source = joined(source, bundle.revocation())
    recorder = Recorder(source)
    context = attrs.evolve(context, revocation=recorder)
    found = examine_stamps(record, context)
    paths = [report.path for report in found.reports if report.path is not None]
    certificates = dict.fromkeys(one for path in paths for one in path.chain)
    certificates.update(dict.fromkeys(signers_with_chains(recorder.signers, context)))
    material = RevocationMaterial(crls=tuple(recorder.crls), ocsps=tuple(recorder.ocsps))
    return _without(record, certificates, material)


def _without(
    record: EvidenceRecord, certificates: dict[Certificate, None], material: RevocationMaterial
) -> tuple[tuple[Certificate, ...], RevocationMaterial]:
    """Return what of these *record* does not hold yet."""
    known = {*record.certificates, *(c for entry in record.timestamps for c in entry.certificates)}
    sets = [record.material, *(entry.material for entry in record.timestamps)]
    crls, ocsps = {o for one in sets for o in one.crls}, {o for one in sets for o in one.ocsps}
    return tuple(one for one in certificates if one not in known), RevocationMaterial(
        crls=tuple(octets for octets in material.crls if octets not in crls),
        ocsps=tuple(octets for octets in material.ocsps if octets not in ocsps),
    )


def examine_stamps(record: EvidenceRecord, context: Context) -> Examined:
    """Judge the timestamps over *record* in *context*, which gets to know what was put in with them."""
    for entry in record.timestamps:
        context = context.knowing(entry.material)
    pool = (*record.certificates, *(c for entry in record.timestamps for c in entry.certificates))
    return examine_all(tuple(stamps_of(record)), context, pool)


def stamps_of(record: EvidenceRecord) -> Iterator[TimestampFacts]:
    """Yield the timestamps of the record with what each is over."""
    protects = set(_keys(record))
    for number, entry in enumerate(record.timestamps):
        protects |= _held(entry)
        over = record.stamped_octets(number)
        place = f"timestamps/{number}"
        facts = tsp.read_timestamp(TimestampKind.ARCHIVE, entry.token, over=over, place=place)
        yield attrs.evolve(facts, protects=frozenset(protects))
        protects.add(key_of(entry.token))


def _held(entry: RecordStamp) -> set[bytes]:
    octets = (*entry.material.crls, *entry.material.ocsps)
    return {one.fingerprint for one in entry.certificates} | {key_of(one) for one in octets}


def _keys(record: EvidenceRecord) -> Iterator[bytes]:
    yield from (certificate.fingerprint for certificate in record.certificates)
    yield from (key_of(octets) for octets in (*record.material.crls, *record.material.ocsps))
    waiting = list(record.signatures)
    for core in waiting:
        yield key_of(core.value)
        yield from map(key_of, core.timestamps)
        waiting.extend(core.counter_signatures)
