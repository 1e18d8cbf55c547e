"""Was this certificate revoked at that time? Judged from revocation lists and OCSP responses that are at hand.

Nothing is fetched unless the caller hands in who fetches. Every source is verified before it counts, and what does
not count is told by name. Sources that were issued after the time asked about count too (EN 319 102-1 wants them for
past signatures): an entry that begins later than that time does not touch it. Revocation for good counts however old
the list is; a suspension counts until a newer source no longer tells it.

Sources: RFC 5280, section 6.3; RFC 6960, section 4.2.2; X.509, 9.5.2 (expiredCertsOnCRL).
"""

from __future__ import annotations

import bisect
import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

import attrs

from vndoc.errors import CertificateError, UsageError
from vndoc.errors._arguments import need_all
from vndoc.pki._lazy import lazy
from vndoc.pki._saying import Said, decided, fact_of
from vndoc.pki._sources import (
    NO_CHECK,
    DoesNotCountError,
    crl_signer,
    fits,
    is_about,
    ocsp_signer,
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
"""Lists about one certificate that are looked at, and responses; of more, those whose time matters most."""
_BESIDE: Final = MAX_SOURCES // 6
"""Of those: how many on each side of a time that matters."""

_GOOD: Final = RevocationStatus.GOOD  # asking the class of an enum takes four times as long in Python 3.11
_UNKNOWN: Final = RevocationStatus.UNKNOWN


_OCTETS: Final = (bytes, bytearray, memoryview)
_Kind = TypeVar("_Kind", Crl, OcspResponse)
_Item = TypeVar("_Item")


@attrs.frozen(kw_only=True, eq=False, repr=False, slots=False)
class RevocationChecker:
    """Answers from lists and responses at hand: a :class:`~vndoc.pki.revocation_facts.RevocationSource`.

    ``unreadable`` holds the codes of what could not be read. What was issued after ``known_at`` does not count
    (``None``: everything counts). A source without a next update is fresh for ``fresh_for``. ``fetch`` is asked where
    what is at hand leaves the answer open. Make one with :meth:`of`, and of several with :meth:`together`.
    """

    crls: tuple[Crl, ...] = ()
    ocsps: tuple[OcspResponse, ...] = ()
    unreadable: tuple[str, ...] = ()
    known_at: datetime.datetime | None = None
    fresh_for: datetime.timedelta = datetime.timedelta(days=1)
    fetch: Fetcher | None = None
    _parts: tuple[RevocationChecker, ...] = ()
    """Whose lists and responses these are, each with a limit of its own, so that none pushes out those of another."""

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
        """Return a checker of *crls* and *ocsps*: octets (DER; of a list PEM as well), or what was read before.

        What cannot be read does not stop the others; it is named in the answers that lack a source. Raises
        :class:`~vndoc.errors.UsageError` ``time-zone-missing`` for *known_at* without a zone, ``option-invalid`` for
        what is no list of octets: one file, or paths.
        """
        if known_at is not None and known_at.tzinfo is None:
            raise UsageError("time-zone-missing")
        load = Crl.load if cache is None else cache.crl
        unreadable: list[str] = []
        lists = _read("crls", crls, Crl, load, "crl-malformed", unreadable) if crls else ()
        responses = (
            _read("ocsps", ocsps, OcspResponse, OcspResponse.load, "ocsp-malformed", unreadable) if ocsps else ()
        )
        return cls(
            crls=lists,
            ocsps=responses,
            unreadable=tuple(dict.fromkeys(unreadable)) if unreadable else (),
            known_at=known_at,
            fresh_for=fresh_for,
            fetch=fetch,
        )

    @classmethod
    def together(cls, checkers: Sequence[RevocationChecker]) -> RevocationChecker:
        """Return one of the lists and responses of all *checkers*, up to the earliest ``known_at``; it fetches nothing.

        All else is as the first one says.
        """
        known = [checker.known_at for checker in checkers if checker.known_at is not None]
        return cls(
            crls=tuple(dict.fromkeys(crl for checker in checkers for crl in checker.crls)),
            ocsps=tuple(dict.fromkeys(response for checker in checkers for response in checker.ocsps)),
            unreadable=tuple(dict.fromkeys(code for checker in checkers for code in checker.unreadable)),
            known_at=min(known, default=None),
            fresh_for=checkers[0].fresh_for,
            parts=tuple(part for checker in checkers for part in checker._each()),  # noqa: SLF001 - its own kind
        )

    def _each(self) -> tuple[RevocationChecker, ...]:
        return self._parts or (self,)

    def status(self, question: RevocationQuestion) -> RevocationFact:
        """Return what is known of the certificate at the time of the *question*. Never raises."""
        fact = self._at_hand(question)
        if self.fetch is None or fact.status is not _UNKNOWN:
            return fact
        return look_further(question, fact, FetchAttempt(FetchSession.of(self.fetch)), known=self)

    def _at_hand(self, question: RevocationQuestion) -> RevocationFact:
        certificate = question.certificate
        if NO_CHECK in certificate.spans.extensions and OCSP_SIGNING in (certificate.profile.extended_usage or ()):
            return fact_of(question, _GOOD, None, "no-check")
        why = [*self.unreadable]
        said = self._of_ocsps(question, why) if self.ocsps else []
        if self.crls:
            said += self._of_crls(question, why)
        return decided(question, said, why)

    # -- OCSP ------------------------------------------------------------------------------------------------

    def _of_ocsps(self, question: RevocationQuestion, why: list[str]) -> list[Said]:
        said: list[Said] = []
        before = len(why)
        found = [row for part in self._each() for row in part._about(question, why)]  # noqa: SLF001 - its own kind
        if not found and len(why) == before:
            why.append("ocsp-other-certificate")
        for response, about in found:
            try:
                self._of_ocsp(response, about, question, said)
            except DoesNotCountError as error:
                why.append(str(error))
            except CertificateError:
                why.append("ocsp-malformed")
        return said

    def _about(
        self, question: RevocationQuestion, why: list[str]
    ) -> Sequence[tuple[OcspResponse, list[SingleResponse]]]:
        """Return the responses about the certificate, each with what in it is."""
        found = []
        many = len(self.ocsps) > MAX_SOURCES
        for response in self._by_serial.get(question.certificate.serial_content, ()) if many else self.ocsps:
            try:
                about = [single for single in response.responses if is_about(single, question)]
            except CertificateError:
                why.append("ocsp-malformed")
                continue
            if about:
                found.append((response, about))
        return found if len(found) <= MAX_SOURCES else _nearest(found, question, lambda row: row[1][0].this_update)

    @lazy
    def _by_serial(self) -> dict[bytes, list[OcspResponse]]:
        found: dict[bytes, list[OcspResponse]] = {}
        for response in self.ocsps:
            for serial in dict.fromkeys(single.certificate_id.serial for single in response.responses):
                found.setdefault(serial, []).append(response)
        return found

    def _of_ocsp(
        self, response: OcspResponse, about: list[SingleResponse], question: RevocationQuestion, said: list[Said]
    ) -> None:
        usable = response.usable
        for single in about:
            usable = usable and single.usable
        if not usable:
            raise DoesNotCountError("ocsp-critical-extension")
        if response.expected_nonce is not None and response.expected_nonce != response.nonce:
            raise DoesNotCountError("ocsp-nonce")
        signer = ocsp_signer(response, question)
        own = signer is question.issuers[0] or signer in response.certificates
        signers = () if own else (signer,)
        weak = response.algorithm.digest == "sha1"
        unknown = any(single.status is _UNKNOWN for single in about)
        for single in about:  # what was said before one that does not count stays said
            if unknown and single.date is None:  # who says "unknown" as well does not say "good"
                continue
            issued, entry = single.this_update, None
            if self.known_at is not None:
                self._not_from_the_future(issued, "ocsp")
            if single.date is not None:
                entry = CrlEntry(single.date, single.reason or RevocationReason.UNSPECIFIED)
            until = single.next_update or self._until(issued, None)
            cutoff, material = single.archive_cutoff, response.der
            row = (entry, issued, single.next_update, until, ALL_REASONS, cutoff, material, weak, None, signers)
            said.append(Said("ocsp", *row))
        if unknown:
            raise DoesNotCountError("ocsp-unknown")

    # -- lists -----------------------------------------------------------------------------------------------

    @lazy
    def _by_issuer(self) -> dict[object, list[Crl]]:
        found: dict[object, list[Crl]] = {}
        for crl in self.crls:
            found.setdefault(key_or_octets(crl.issuer), []).append(crl)
        return found

    def _named(self, issuers: Iterable[object]) -> list[Crl]:
        return [crl for issuer in issuers for crl in self._by_issuer.get(issuer, ())]

    def _of_crls(self, question: RevocationQuestion, why: list[str]) -> Iterator[Said]:
        points = points_of(question.certificate, why)
        issuers = {key_or_octets(question.certificate.issuer)}
        issuers |= {key_or_octets(name.value) for point in points for name in point.issuers if name.kind == 4}
        named = [part._named(issuers) for part in self._each()]  # noqa: SLF001 - its own kind
        if not any(named):
            why.append("crl-other-issuer")
        bases = [row for lists in named for row in _speaking(lists, points, question, why)]
        deltas = [crl for lists in named for crl in _limited([c for c in lists if c.base is not None], question)]
        if deltas and not any(crl.base is None for lists in named for crl in lists):
            why.append("crl-delta-alone")
        for crl, mask in bases:
            try:
                yield from self._of_crl(crl, mask, deltas, question, why)
            except DoesNotCountError as error:
                why.append(str(error))
            except CertificateError:
                why.append("crl-malformed")

    def _of_crl(
        self, crl: Crl, mask: int, deltas: list[Crl], question: RevocationQuestion, why: list[str]
    ) -> Iterator[Said]:
        signers = self._counts(crl, question)
        own = crl.entry_of(question.certificate)
        yield self._said(crl, crl, own, mask, signers)
        for delta in deltas:
            if fits(delta, crl):
                try:
                    both = tuple(dict.fromkeys((*signers, *self._counts(delta, question))))
                    yield self._said(delta, crl, self._newer(delta, own, question), mask, both)
                except (DoesNotCountError, CertificateError):
                    why.append("crl-delta-unusable")

    def _newer(self, delta: Crl, own: CrlEntry | None, question: RevocationQuestion) -> CrlEntry | None:
        """Return the entry that holds when *delta* is put on top of a list with the entry *own*."""
        entry = delta.entry_of(question.certificate)
        if entry is None:
            return own
        return None if entry.reason is RevocationReason.REMOVE_FROM_CRL else entry

    def _counts(self, crl: Crl, question: RevocationQuestion) -> tuple[Certificate, ...]:
        """Return who signed *crl* from outside the path; ``DoesNotCountError`` if the list does not count."""
        if not crl.usable:
            raise DoesNotCountError("crl-critical-extension")
        self._not_from_the_future(crl.this_update, "crl")
        signer = crl_signer(crl, question)
        return () if signer in question.issuers or signer == question.certificate else (signer,)

    def _said(
        self, newest: Crl, base: Crl, entry: CrlEntry | None, mask: int, signers: tuple[Certificate, ...]
    ) -> Said:
        until = min(self._until(crl.this_update, crl.next_update) for crl in (newest, base))
        weak = "sha1" in (newest.algorithm.digest, base.algorithm.digest)
        row = (entry, newest.this_update, newest.next_update, until, mask, base.expired_since, newest.der, weak)
        return Said("crl", *row, None if newest is base else base.der, signers)

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


def _speaking(
    lists: Iterable[Crl], points: list[DistributionPoint], question: RevocationQuestion, why: list[str]
) -> Sequence[tuple[Crl, int]]:
    """Return which complete *lists* are for the certificate, each with the reasons for which it is."""
    found = []
    for crl in lists:
        if crl.base is None:
            mask = speaks_of(crl, points, question.certificate)
            if mask:
                found.append((crl, mask))
            else:
                why.append("crl-scope")
    return found if len(found) <= MAX_SOURCES else _nearest(found, question, lambda row: row[0].this_update)


def _limited(lists: Sequence[Crl], question: RevocationQuestion) -> Sequence[Crl]:
    return lists if len(lists) <= MAX_SOURCES else _nearest(lists, question, lambda crl: crl.this_update)


def _nearest(
    items: Sequence[_Item], question: RevocationQuestion, issued: Callable[[_Item], datetime.datetime]
) -> list[_Item]:
    """Return which of many *items* tell most: those around the time asked about, around the certificate's end, where
    all of its revocations are listed still, and the newest.
    """
    ordered = sorted(items, key=issued)
    times = [issued(item) for item in ordered]
    chosen: set[int] = set()
    for time in (question.at, question.certificate.not_after, times[-1]):
        place = bisect.bisect_right(times, time)
        chosen |= set(range(max(place - _BESIDE, 0), min(place + _BESIDE, len(times))))
    return [ordered[number] for number in sorted(chosen)]


def _read(
    name: str,
    given: Iterable[bytes | _Kind],
    kind: type[_Kind],
    load: Callable[[bytes], _Kind],
    code: str,
    unreadable: list[str],
) -> tuple[_Kind, ...]:
    """Return each of *given* once, read where it is octets; put into *unreadable* why others cannot be read."""
    found: list[_Kind] = []
    for item in need_all(name, given, kind, bytes, bytearray, memoryview):
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
    base = RevocationChecker() if known is None else known
    crls, ocsps = list[Crl](), list[OcspResponse]()
    unreadable: list[str] = []
    before = attempt.asked
    for request in _requests(question, attempt):
        octets = attempt.get(request)
        if octets is None:
            unreadable.append(attempt.failed[request].code)
            continue
        try:
            if request.kind is FetchKind.OCSP:
                ocsps.append(OcspResponse.load(octets))
            else:
                crls.append(attempt.session.cache.crl(octets))
        except CertificateError as error:
            unreadable.append(_why(error, f"{request.kind.value}-malformed"))
            continue
        fetched = RevocationChecker(crls=tuple(crls), ocsps=tuple(ocsps), fresh_for=base.fresh_for)
        fact = RevocationChecker.together([fetched, base]).status(question)
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
