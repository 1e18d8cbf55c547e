"""Was this certificate revoked at that time? Judged from revocation lists and OCSP responses that are at hand.

Nothing is fetched unless the caller hands in who fetches. Every source is verified before it counts, and what does
not count is told by name. Sources that were issued after the time asked about count too (EN 319 102-1 wants them for
past signatures): an entry that begins later than that time does not touch it. Revocation for good counts however old
the list is; a suspension counts until a newer source no longer tells it.

Sources: RFC 5280, section 6.3; RFC 6960, section 4.2.2; X.509, 9.5.2 (expiredCertsOnCRL).
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

import attrs

from vndoc.errors import CertificateError, UsageError
from vndoc.pki._lazy import lazy
from vndoc.pki._sources import (
    NO_CHECK,
    DoesNotCountError,
    check_crl_signer,
    check_ocsp_signer,
    fits,
    is_about,
    points_of,
    speaks_of,
)
from vndoc.pki.addresses import crl_addresses, ocsp_addresses
from vndoc.pki.certificate import Certificate
from vndoc.pki.crl import Crl, CrlEntry
from vndoc.pki.distribution import (
    ALL_REASONS,
    DistributionPoint,
)
from vndoc.pki.extensions import OCSP_SIGNING
from vndoc.pki.fetching import FetchAttempt, Fetcher, FetchKind, FetchRequest, FetchSession
from vndoc.pki.names import key_or_octets
from vndoc.pki.ocsp import OcspResponse, SingleResponse
from vndoc.pki.ocsp_request import make_ocsp_request
from vndoc.pki.revocation_cache import RevocationCache
from vndoc.pki.revocation_facts import RevocationFact, RevocationQuestion, RevocationReason, RevocationStatus

__all__ = ["RevocationCache", "RevocationChecker", "look_further"]

MAX_SOURCES: Final = 64
"""Lists looked at for one certificate, and responses."""

_GOOD: Final = RevocationStatus.GOOD  # asking the class of an enum takes four times as long in Python 3.11
_UNKNOWN: Final = RevocationStatus.UNKNOWN
_REVOKED: Final = RevocationStatus.REVOKED
_HOLD: Final = 1 << RevocationReason.CERTIFICATE_HOLD


@attrs.frozen(slots=False)
class _Said:
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

    def on_hold(self, at: datetime.datetime) -> bool:
        """Return whether the certificate was on hold at that time by what this source says."""
        entry = self.entry
        return entry is not None and entry.reason is RevocationReason.CERTIFICATE_HOLD and entry.date <= at

    def revoked(self, at: datetime.datetime) -> bool:
        """Return whether it was revoked for good at that time."""
        entry = self.entry
        return entry is not None and entry.reason is not RevocationReason.CERTIFICATE_HOLD and entry.date <= at

    def reaches(self, certificate: Certificate) -> bool:
        """Return whether silence means anything: lists may drop certificates that have expired."""
        end = certificate.not_after
        return self.issued <= end or (self.expired_since is not None and self.expired_since <= end)


_Kind = TypeVar("_Kind", Crl, OcspResponse)


@attrs.frozen(kw_only=True, eq=False, repr=False, slots=False)
class RevocationChecker:
    """Answers from lists and responses at hand: a :class:`~vndoc.pki.revocation_facts.RevocationSource`.

    ``unreadable`` holds the codes of what could not be read. What was issued after ``known_at`` does not count
    (``None``: everything counts). A source without a next update is fresh for ``fresh_for``. ``fetch`` is asked where
    what is at hand leaves the answer open.
    """

    crls: tuple[Crl, ...] = ()
    ocsps: tuple[OcspResponse, ...] = ()
    unreadable: tuple[str, ...] = ()
    known_at: datetime.datetime | None = None
    fresh_for: datetime.timedelta = datetime.timedelta(days=1)
    fetch: Fetcher | None = None

    @classmethod
    def of(
        cls,
        crls: Iterable[bytes | Crl] = (),
        ocsps: Iterable[bytes | OcspResponse] = (),
        *,
        known_at: datetime.datetime | None = None,
        fresh_for: datetime.timedelta = datetime.timedelta(days=1),
        cache: RevocationCache | None = None,
        fetch: Fetcher | None = None,
    ) -> RevocationChecker:
        """Return a checker of *crls* and *ocsps*: DER octets, or what was read from them before.

        What cannot be read does not stop the others; it is named in the answers that lack a source. Raises
        :class:`~vndoc.errors.UsageError` ``time-zone-missing`` for *known_at* without a zone.
        """
        if known_at is not None and known_at.tzinfo is None:
            raise UsageError("time-zone-missing")
        load = Crl.load if cache is None else cache.crl
        unreadable: list[str] = []
        lists = _read(crls, Crl, load, "crl-malformed", unreadable) if crls else ()
        responses = _read(ocsps, OcspResponse, OcspResponse.load, "ocsp-malformed", unreadable) if ocsps else ()
        return cls(
            crls=lists,
            ocsps=responses,
            unreadable=tuple(dict.fromkeys(unreadable)) if unreadable else (),
            known_at=known_at,
            fresh_for=fresh_for,
            fetch=fetch,
        )

    def status(self, question: RevocationQuestion) -> RevocationFact:
        """Return what is known of the certificate at the time of the *question*. Never raises."""
        fact = self._at_hand(question)
        if self.fetch is None or fact.status is not _UNKNOWN:
            return fact
        return look_further(question, fact, FetchAttempt(FetchSession.of(self.fetch)), known=self)

    def _at_hand(self, question: RevocationQuestion) -> RevocationFact:
        certificate = question.certificate
        if NO_CHECK in certificate.spans.extensions and OCSP_SIGNING in (certificate.profile.extended_usage or ()):
            return _fact(question, _GOOD, None, "no-check")
        why = [*self.unreadable]
        said = self._of_ocsps(question, why) if self.ocsps else []
        if self.crls:
            said += self._of_crls(question, why)
        return _decided(question, said, why)

    # -- OCSP ------------------------------------------------------------------------------------------------

    def _of_ocsps(self, question: RevocationQuestion, why: list[str]) -> list[_Said]:
        said: list[_Said] = []
        others = 0
        for response in self.ocsps[:MAX_SOURCES]:
            try:
                about = [single for single in response.responses if is_about(single, question)]
                if about:
                    self._of_ocsp(response, about, question, said)
                else:
                    others += 1
            except DoesNotCountError as error:
                why.append(str(error))
            except CertificateError:
                why.append("ocsp-malformed")
        if others == min(len(self.ocsps), MAX_SOURCES):
            why.append("ocsp-other-certificate")
        return said

    def _of_ocsp(
        self, response: OcspResponse, about: list[SingleResponse], question: RevocationQuestion, said: list[_Said]
    ) -> None:
        usable = response.usable
        for single in about:
            usable = usable and single.usable
        if not usable:
            raise DoesNotCountError("ocsp-critical-extension")
        if response.expected_nonce is not None and response.expected_nonce != response.nonce:
            raise DoesNotCountError("ocsp-nonce")
        check_ocsp_signer(response, question)
        weak = response.algorithm.digest == "sha1"
        for single in about:  # what was said before one that does not count stays said
            if single.status is _UNKNOWN:
                raise DoesNotCountError("ocsp-unknown")
            issued, entry = single.this_update, None
            if self.known_at is not None:
                self._not_from_the_future(issued, "ocsp")
            if single.date is not None:
                entry = CrlEntry(single.date, single.reason or RevocationReason.UNSPECIFIED)
            until = single.next_update or self._until(issued, None)
            cutoff, material = single.archive_cutoff, response.der
            said.append(_Said("ocsp", entry, issued, single.next_update, until, ALL_REASONS, cutoff, material, weak))

    # -- lists -----------------------------------------------------------------------------------------------

    @lazy
    def _by_issuer(self) -> dict[object, list[Crl]]:
        found: dict[object, list[Crl]] = {}
        for crl in self.crls:
            found.setdefault(key_or_octets(crl.issuer), []).append(crl)
        return found

    def _of_crls(self, question: RevocationQuestion, why: list[str]) -> Iterator[_Said]:
        points = points_of(question.certificate, why)
        issuers = {key_or_octets(question.certificate.issuer)}
        issuers |= {key_or_octets(name.value) for point in points for name in point.issuers if name.kind == 4}
        named = [crl for issuer in issuers for crl in self._by_issuer.get(issuer, ())][:MAX_SOURCES]
        if not named:
            why.append("crl-other-issuer")
        bases = [crl for crl in named if crl.base is None]
        deltas = [crl for crl in named if crl.base is not None]
        if deltas and not bases:
            why.append("crl-delta-alone")
        for crl in bases:
            try:
                yield from self._of_crl(crl, deltas, points, question, why)
            except DoesNotCountError as error:
                why.append(str(error))
            except CertificateError:
                why.append("crl-malformed")

    def _of_crl(
        self,
        crl: Crl,
        deltas: list[Crl],
        points: list[DistributionPoint],
        question: RevocationQuestion,
        why: list[str],
    ) -> Iterator[_Said]:
        mask = speaks_of(crl, points, question.certificate)
        if not mask:
            raise DoesNotCountError("crl-scope")
        self._counts(crl, question)
        own = crl.entry_of(question.certificate)
        yield self._said(crl, crl, own, mask)
        for delta in deltas:
            if fits(delta, crl):
                try:
                    yield self._said(delta, crl, self._newer(delta, own, question), mask)
                except (DoesNotCountError, CertificateError):
                    why.append("crl-delta-unusable")

    def _newer(self, delta: Crl, own: CrlEntry | None, question: RevocationQuestion) -> CrlEntry | None:
        """Return the entry that holds when *delta* is put on top of a list with the entry *own*."""
        self._counts(delta, question)
        entry = delta.entry_of(question.certificate)
        if entry is None:
            return own
        return None if entry.reason is RevocationReason.REMOVE_FROM_CRL else entry

    def _counts(self, crl: Crl, question: RevocationQuestion) -> None:
        if not crl.usable:
            raise DoesNotCountError("crl-critical-extension")
        self._not_from_the_future(crl.this_update, "crl")
        check_crl_signer(crl, question)

    def _said(self, newest: Crl, base: Crl, entry: CrlEntry | None, mask: int) -> _Said:
        until = min(self._until(crl.this_update, crl.next_update) for crl in (newest, base))
        weak = "sha1" in (newest.algorithm.digest, base.algorithm.digest)
        return _Said(
            "crl", entry, newest.this_update, newest.next_update, until, mask, base.expired_since, newest.der, weak
        )

    def _until(self, issued: datetime.datetime, next_update: datetime.datetime | None) -> datetime.datetime:
        if next_update is not None:
            return next_update
        try:
            return issued + self.fresh_for
        except OverflowError:
            return datetime.datetime.max.replace(tzinfo=datetime.UTC)

    def _not_from_the_future(self, issued: datetime.datetime, kind: str) -> None:
        if self.known_at is not None and issued > self.known_at:
            raise DoesNotCountError(f"{kind}-from-the-future")

    def __repr__(self) -> str:
        return f"RevocationChecker(crls={len(self.crls)}, ocsps={len(self.ocsps)})"


def _read(
    given: Iterable[bytes | _Kind],
    kind: type[_Kind],
    load: Callable[[bytes], _Kind],
    code: str,
    unreadable: list[str],
) -> tuple[_Kind, ...]:
    """Return each of *given* once, read where it is octets; put into *unreadable* why others cannot be read."""
    found: list[_Kind] = []
    for item in given:
        if isinstance(item, kind):
            found.append(item)
            continue
        try:
            found.append(load(bytes(item)))  # type: ignore[arg-type]
        except CertificateError as error:
            unreadable.append(_why(error, code))
    return tuple(found if len(found) < 2 else dict.fromkeys(found))


def _why(error: CertificateError, code: str) -> str:
    """Return the code of why an input was not read: a refusal is well-formed."""
    return error.code if error.code == "ocsp-refused" else code


# -- the answer ----------------------------------------------------------------------------------------------


_blank: Final = object.__new__


def _decided(question: RevocationQuestion, said: list[_Said], why: list[str]) -> RevocationFact:
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
        )
        return found
    for_good = [s for s in said if s.revoked(at)]
    if for_good:
        first = min(for_good, key=lambda s: (s.entry.date if s.entry else at, s.issued))
        return _fact(question, _REVOKED, first, first.kind)
    held = _held(said, at)
    if held is not None:
        if held.until < at and any(s.issued > at for s in said):  # it was released between two sources, who knows when
            return _fact(question, _UNKNOWN, None, "none", (*why, "hold-unclear"))
        return _fact(question, _REVOKED, held, held.kind)
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
        best = min(good, key=lambda s: (s.issued > at, abs(s.issued - at)))
        return _fact(question, _GOOD, best, best.kind)
    if good:
        why.append("crl-partial")
    return _fact(question, _UNKNOWN, None, "none", tuple(why) or ("no-source",))


def _plainly_good(source: _Said, question: RevocationQuestion) -> bool:
    """Return whether the only source has no entry, covers all reasons, and speaks for the time asked about."""
    return (
        source.entry is None
        and source.mask == ALL_REASONS
        and source.until >= question.at
        and source.reaches(question.certificate)
    )


def _held(said: list[_Said], at: datetime.datetime) -> _Said | None:
    """Return the source by which the certificate was on hold at that time, or ``None``.

    A later source that still tells it decides; else the newest one up to that time does.
    """
    later = [s for s in said if s.issued > at and s.on_hold(at)]
    if later:
        return min(later, key=lambda s: s.issued)
    before = [s for s in said if s.issued <= at and s.mask & _HOLD]
    newest = max(before, key=lambda s: (s.issued, s.on_hold(at)), default=None)
    return newest if newest is not None and newest.on_hold(at) else None


def _fact(
    question: RevocationQuestion,
    status: RevocationStatus,
    source: _Said | None,
    kind: str,
    why: tuple[str, ...] = (),
) -> RevocationFact:
    entry = source.entry if source is not None and status is _REVOKED else None
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
        weak=source is not None and source.weak,
    )


# -- what is fetched -----------------------------------------------------------------------------------------


def look_further(
    question: RevocationQuestion,
    fact: RevocationFact,
    attempt: FetchAttempt,
    *,
    known: RevocationChecker | None = None,
) -> RevocationFact:
    """Return the answer to *question* once OCSP, then the lists of its distribution points were fetched as needed.

    *fact* is the answer so far, *known* the checker that gave it: what it holds counts along with what is fetched.
    Never raises; where the answer stays open, ``why`` names what was missing and what could not be fetched. Requests
    carry no nonce, as responders that answer from a cache want it (RFC 5019); the times of the response bound its age.
    """
    base = RevocationChecker() if known is None else attrs.evolve(known, fetch=None)
    crls, ocsps = list(base.crls), list(base.ocsps)
    unreadable: list[str] = []
    before = attempt.asked
    for request in _requests(question, attempt):
        octets = attempt.get(request)
        if octets is None:
            unreadable.append(attempt.failed[request].code)
            continue
        try:
            if request.kind is FetchKind.OCSP:
                ocsps.insert(0, OcspResponse.load(octets))
            else:
                crls.insert(0, attempt.session.cache.crl(octets))
        except CertificateError as error:
            unreadable.append(_why(error, f"{request.kind.value}-malformed"))
            continue
        fact = attrs.evolve(base, crls=tuple(crls), ocsps=tuple(ocsps)).status(question)
        if fact.status is not _UNKNOWN:
            return fact
    why = tuple(dict.fromkeys((*fact.why, *unreadable)))
    if attempt.asked == before:
        why = (*why, "no-address")
    return attrs.evolve(fact, why=tuple(code for code in why if code != "no-source") or why)


def _requests(question: RevocationQuestion, attempt: FetchAttempt) -> Iterator[FetchRequest]:
    """Yield where to ask: OCSP first, which is small and new; of several ways to one list, until one gives it."""
    certificate = question.certificate
    urls = ocsp_addresses(certificate)
    if urls:
        body = make_ocsp_request([(certificate, question.issuers[0])])
        yield from (FetchRequest(url, FetchKind.OCSP, body) for url in urls)
    for point in crl_addresses(certificate):
        for url in point.urls:
            request = FetchRequest(url, FetchKind.CRL)
            yield request
            if request not in attempt.failed:
                break
