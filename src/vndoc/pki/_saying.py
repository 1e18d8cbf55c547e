"""What lists and responses say of one certificate, and what that means together for the time asked about.

Revocation for good counts however old the source is; a suspension counts until a newer source no longer tells it. A
source that dates a revocation later than itself leaves open what is true until then.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from vndoc.pki.certificate import Certificate
from vndoc.pki.crl import CrlEntry
from vndoc.pki.distribution import ALL_REASONS
from vndoc.pki.revocation_facts import RevocationFact, RevocationQuestion, RevocationReason, RevocationStatus

_GOOD: Final = RevocationStatus.GOOD  # asking the class of an enum takes four times as long in Python 3.11
_UNKNOWN: Final = RevocationStatus.UNKNOWN
_REVOKED: Final = RevocationStatus.REVOKED
_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_HOLD: Final = 1 << RevocationReason.CERTIFICATE_HOLD


@attrs.frozen(slots=False)
class Said:
    """What one source says: an entry or none, for which reasons, issued when and fresh until when."""

    kind: str
    entry: CrlEntry | None
    issued: datetime.datetime
    next_update: datetime.datetime | None
    until: datetime.datetime
    mask: int
    expired_since: datetime.datetime | None
    material: bytes
    weak: bool
    base: bytes | None = None
    """What a delta list is on top of."""
    signers: tuple[Certificate, ...] = ()

    def on_hold(self, at: datetime.datetime) -> bool:
        """Return whether the certificate was on hold at that time by what this source says."""
        entry = self.entry
        return entry is not None and entry.reason is RevocationReason.CERTIFICATE_HOLD and entry.date <= at

    def revoked(self, at: datetime.datetime) -> bool:
        """Return whether it was revoked for good at that time."""
        entry = self.entry
        return entry is not None and entry.reason is not RevocationReason.CERTIFICATE_HOLD and entry.date <= at

    def ahead(self, at: datetime.datetime) -> bool:
        """Return whether it told already at that time of a revocation or suspension that it dates later."""
        return self.issued <= at and self.entry is not None and self.entry.date > at

    def makes_clear(self, question: RevocationQuestion) -> bool:
        """Return whether it was issued later than the time asked about and would tell whatever happened until then."""
        told = self.entry is not None or (self.mask == ALL_REASONS and self.reaches(question.certificate))
        return told and self.issued > question.at

    @property
    def since(self) -> datetime.datetime:
        """Return since when it is revoked or on hold, if it is."""
        return self.issued if self.entry is None else self.entry.date

    def reaches(self, certificate: Certificate) -> bool:
        """Return whether silence means anything: lists may drop certificates that have expired."""
        end = certificate.not_after
        return self.issued <= end or (self.expired_since is not None and self.expired_since <= end)


_blank: Final = object.__new__


def decided(question: RevocationQuestion, said: list[Said], why: list[str]) -> RevocationFact:
    """Return what the sources together mean for the time asked about."""
    at, certificate = question.at, question.certificate
    if len(said) == 1 and _plainly_good(said[0], question):
        [only] = said
        found = _blank(RevocationFact)  # as a call of the class gives it, without the detour
        found.__dict__.update(
            certificate=certificate,
            status=_GOOD,
            at=at,
            source=only.kind,
            date=None,
            reason=None,
            issued=only.issued,
            next_update=only.next_update,
            material=only.material,
            why=(),
            weak=only.weak,
            others=(),
            signers=only.signers,
            lost=None,
        )
        return found
    for_good = [s for s in said if s.revoked(at)]
    if for_good:
        return _revoked(question, for_good)
    held = _held(said, at)
    if held is not None:
        if held.until < at and any(s.issued > at for s in said):  # it was released between two sources, who knows when
            return fact_of(question, _UNKNOWN, None, "none", (*why, "hold-unclear"))
        return fact_of(question, _REVOKED, held, held.kind)
    if any(s.ahead(at) for s in said) and not any(s.makes_clear(question) for s in said):
        return fact_of(question, _UNKNOWN, None, "none", (*why, "revocation-date-ahead"))
    good, mask = [], 0
    for source in said:
        if source.until < at:
            why.append(f"{source.kind}-stale")
        elif not source.reaches(certificate):
            why.append(f"{source.kind}-after-expiry")
        elif source.on_hold(at):  # a newer source no longer tells it, but that one is out of date
            why.append("hold-unclear")
        else:
            good.append(source)
            mask |= source.mask
    if mask == ALL_REASONS:
        best, *more = sorted(good, key=lambda s: (s.issued > at, abs(s.issued - at)))
        return fact_of(question, _GOOD, best, best.kind, rest=_rest(best.mask, more))
    if good:
        why.append("crl-partial")
    return fact_of(question, _UNKNOWN, None, "none", tuple(why) or ("no-source",))


def _revoked(question: RevocationQuestion, for_good: list[Said]) -> RevocationFact:
    """Return the earliest of *for_good*, and since when any of them says that the key is lost."""
    first, *more = sorted(for_good, key=_severity)
    worse = [] if _loses_key(first) else [said for said in more if _loses_key(said)][:1]
    fact = fact_of(question, _REVOKED, first, first.kind, rest=worse)
    return attrs.evolve(fact, lost=worse[0].since) if worse else fact


def _severity(said: Said) -> tuple[datetime.datetime, bool, datetime.timedelta, int]:
    """Return what entries for good are ordered by: the earliest, one that says that the key is lost, the newest."""
    reason = 0 if said.entry is None else said.entry.reason.value
    return said.since, not _loses_key(said), _EPOCH - said.issued, reason


def _loses_key(said: Said) -> bool:
    return said.entry is not None and not said.entry.reason.keeps_key


def _rest(mask: int, more: Iterable[Said]) -> Iterator[Said]:
    """Yield which of *more* are needed to cover the reasons that are not in *mask*."""
    for said in more:
        if said.mask & ~mask:
            mask |= said.mask
            yield said


def _plainly_good(source: Said, question: RevocationQuestion) -> bool:
    """Return whether the only source has no entry, covers all reasons, and speaks for the time asked about."""
    return (
        source.entry is None
        and source.mask == ALL_REASONS
        and source.until >= question.at
        and source.reaches(question.certificate)
    )


def _held(said: list[Said], at: datetime.datetime) -> Said | None:
    """Return the source by which the certificate was on hold at that time, or ``None``.

    A later source that still tells it decides; else the newest one up to that time does.
    """
    later = [s for s in said if s.issued > at and s.on_hold(at)]
    if later:
        return min(later, key=lambda s: s.issued)
    before = [s for s in said if s.issued <= at and s.mask & _HOLD]
    newest = max(before, key=lambda s: (s.issued, s.on_hold(at)), default=None)
    return newest if newest is not None and newest.on_hold(at) else None


def fact_of(
    question: RevocationQuestion,
    status: RevocationStatus,
    source: Said | None,
    kind: str,
    why: tuple[str, ...] = (),
    rest: Iterable[Said] = (),
) -> RevocationFact:
    entry = source.entry if source is not None and status is _REVOKED else None
    used = () if source is None else (source, *rest)
    return RevocationFact(
        certificate=question.certificate,
        status=status,
        at=question.at,
        source=kind,
        date=None if entry is None else entry.date,
        reason=None if entry is None else entry.reason,
        issued=None if source is None else source.issued,
        next_update=None if source is None else source.next_update,
        material=None if source is None else source.material,
        why=tuple(dict.fromkeys(why)) if why else (),
        weak=any(one.weak for one in used),
        others=_others(used) if used else (),
        signers=tuple(dict.fromkeys(signer for one in used for signer in one.signers)),
    )


def _others(used: tuple[Said, ...]) -> tuple[tuple[str, bytes], ...]:
    """Return kind and octets of what the sources *used* rest on, but for the first one's own."""
    rows = ((said.kind, octets) for said in used for octets in (said.material, said.base) if octets is not None)
    return tuple(row for row in dict.fromkeys(rows) if row[1] != used[0].material)
