"""Proofs of existence, and timestamps judged from the outermost inwards (ETSI EN 319 102-1, 5.6.2.3 and 5.6.3).

What an archive timestamp protects is proven to have existed at its time: the signature, the timestamps within, and the
certificates and revocation data. So a timestamp within is judged by what was known at that time, not by what became of
its authority since.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import attrs

from vndoc.pki.certificate import Certificate
from vndoc.pki.outcome import Reason
from vndoc.signature._imprint import key_of
from vndoc.signature.blocks import shown_time
from vndoc.signature.facts import RevocationMaterial, SignatureFacts, TimestampFacts, TimestampKind
from vndoc.signature.reasons import SIGNATURE_REASONS
from vndoc.signature.report import TimestampReport
from vndoc.signature.timestamping import validate_timestamp
from vndoc.signature.trusting import Context

__all__ = ["Examined", "Proofs", "examine", "examine_all"]

_BEFORE_ALL: Final = datetime.datetime.min.replace(tzinfo=datetime.UTC)


@attrs.frozen
class Proofs:
    """Since when each thing is proven to have existed, by the SHA-256 of its octets; all else is known ``at`` alone."""

    at: datetime.datetime
    times: Mapping[bytes, datetime.datetime] = attrs.field(factory=dict)

    def since(self, key: bytes) -> datetime.datetime:
        """Return the earliest time at which the thing with the SHA-256 *key* is proven to have existed."""
        return self.times.get(key, self.at)

    def adding(self, keys: Iterable[bytes], time: datetime.datetime) -> Proofs:
        """Return these proofs, and that the things known by *keys* existed at *time*."""
        return attrs.evolve(self, times={**self.times, **{key: min(time, self.since(key)) for key in keys}})

    def before(self, limit: datetime.datetime, material: RevocationMaterial) -> RevocationMaterial:
        """Return what of *material* is proven to have existed before *limit*."""
        return RevocationMaterial(
            crls=tuple(octets for octets in material.crls if self.since(key_of(octets)) < limit),
            ocsps=tuple(octets for octets in material.ocsps if self.since(key_of(octets)) < limit),
        )


@attrs.frozen
class Examined:
    """The timestamps of a signature judged: reports in the order of the signature, what they prove, and what is wrong
    with their order.
    """

    reports: tuple[TimestampReport, ...]
    proofs: Proofs
    reasons: tuple[Reason, ...] = ()


def examine(facts: SignatureFacts, context: Context) -> Examined:
    """Judge the timestamps of *facts*, the newest first: what it proves counts for those within."""
    return examine_all(facts.timestamps, context, facts.certificates, facts.signature_value)


def examine_all(
    stamps: tuple[TimestampFacts, ...], context: Context, pool: Iterable[Certificate] = (), signature: bytes = b""
) -> Examined:
    """Judge *stamps* as :func:`examine` does; *pool* may hold their authorities, *signature* is what they are of."""
    proofs, known = Proofs(context.at, context.known), tuple(pool)
    reports: dict[int, TimestampReport] = {}
    for number in sorted(range(len(stamps)), key=lambda n: _rank(stamps[n]), reverse=True):
        stamp = stamps[number]
        since = None if stamp.token is None else proofs.times.get(key_of(stamp.token.octets))
        report = validate_timestamp(stamp, context, known, known=since, signature=signature)
        reports[number] = report
        if report.proves and report.time is not None:
            proofs = proofs.adding(_proven(stamp, report, stamps), report.time + report.accuracy)
    ordered = tuple(reports[number] for number in range(len(stamps)))
    return Examined(ordered, proofs, tuple(disordered(stamps, ordered, ordered)))


def _rank(stamp: TimestampFacts) -> tuple[datetime.datetime, int]:
    """Return what timestamps are ordered by: of two at the same second, the one that is around more is newer."""
    return _BEFORE_ALL if stamp.token is None else stamp.token.time, len(stamp.protects)


def _proven(stamp: TimestampFacts, report: TimestampReport, stamps: Iterable[TimestampFacts]) -> Iterator[bytes]:
    """Yield what *stamp* proves the existence of: what it is over, and what that holds itself."""
    yield from stamp.protects
    for other in stamps:
        if other.token is None:
            continue
        key = key_of(other.token.octets)
        if other.kind is TimestampKind.CONTENT and report.over_signature:  # it stands among what was signed
            yield key
        elif key not in stamp.protects:
            continue
        yield from (certificate.fingerprint for certificate in other.token.signature.certificates)
        held = other.token.signature.revocation
        yield from (key_of(octets) for octets in (*held.crls, *held.ocsps))


def disordered(
    stamps: Iterable[TimestampFacts], reports: Iterable[TimestampReport], within: Iterable[TimestampReport]
) -> Iterator[Reason]:
    """Yield where one of *stamps* states an earlier time than one *within*, that it is around: one of both is wrong.

    *reports* are what was found of *stamps*, in their order.
    """
    inner = [(key_of(r.octets), r.time - r.accuracy, r.time) for r in within if r.proves and r.time is not None]
    for stamp, outer in zip(stamps, reports, strict=True):
        if not outer.proves or outer.time is None:
            continue
        for key, earliest, time in inner:
            if key in stamp.protects and outer.time + outer.accuracy < earliest:
                times = {"outer": shown_time(outer.time), "inner": shown_time(time)}
                yield Reason.of(SIGNATURE_REASONS["timestamp-order-within"], place=outer.place, **times)
