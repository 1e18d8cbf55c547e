"""Certification paths: from a certificate to an anchor, judged at a time (RFC 5280, section 6).

:func:`validate_path` searches for issuers by name, key identifier and signature, judges each complete path by all
the rules, and answers with the best one. The time, the anchors, the policy and all certificates are arguments; the
search is bounded by :class:`PathLimits`, whatever the certificates say (attack A17).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable

import attrs

from vndoc.errors import CertificateError
from vndoc.errors._arguments import need, need_all, need_time
from vndoc.pki._lasting import Span, span_of
from vndoc.pki.addresses import issuer_addresses
from vndoc.pki.building import PathLimits, Search, Signed, only_chain
from vndoc.pki.certificate import Certificate, load_certificates
from vndoc.pki.extensions import DIGITAL_SIGNATURE, NON_REPUDIATION, OCSP_SIGNING, TIME_STAMPING
from vndoc.pki.fetching import FetchAttempt, Fetcher, FetchKind, FetchRequest, FetchSession
from vndoc.pki.judging import PathParameters, faultless, judge_path, use_of
from vndoc.pki.outcome import Indication, Outcome, Reason, SubIndication, outcome_of
from vndoc.pki.policy import CryptoPolicy, Use
from vndoc.pki.reasons import PATH_REASONS, fetch_reason, path_reason
from vndoc.pki.revocation import RevocationChecker, look_further
from vndoc.pki.revocation_facts import RevocationFact, RevocationQuestion, RevocationSource, RevocationStatus
from vndoc.pki.revocation_sources import at_hand
from vndoc.pki.trust import Purpose, TrustAnchor, TrustStore

__all__ = ["PathResult", "PathValidator", "validate_path"]

_RANKS = (
    SubIndication.TRY_LATER,
    SubIndication.OUT_OF_BOUNDS_NOT_REVOKED,
    SubIndication.OUT_OF_BOUNDS_NO_POE,
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
    SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
    SubIndication.REVOKED_NO_POE,
    SubIndication.REVOKED_CA_NO_POE,
    SubIndication.CHAIN_CONSTRAINTS_FAILURE,
    SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE,
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
)
"""Among paths that do not pass, the one that is nearest to passing is told: first is best."""

_FOR_TIMESTAMPS = frozenset({Purpose.TIMESTAMP})
_SERVICES = frozenset({TIME_STAMPING, OCSP_SIGNING})
_NESTED = 2
"""How deep the certificates of those who sign revocation lists are themselves asked about."""


@attrs.frozen(kw_only=True, slots=False)
class PathResult:
    """The answer: how it ends, and by which path.

    ``chain`` is leaf first and anchor last; where there is no path it holds the certificate alone and ``anchor`` is
    ``None``. ``revocation`` holds one fact for each certificate below the anchor, leaf first, if revocation was
    asked for. ``crypto_until`` is the last day on which every algorithm of the path counts (``None``: one never does).
    """

    outcome: Outcome
    chain: tuple[Certificate, ...]
    anchor: TrustAnchor | None = None
    revocation: tuple[RevocationFact, ...] = ()
    crypto_until: datetime.date | None = None
    policies: frozenset[str] = frozenset()

    @property
    def passed(self) -> bool:
        """Return whether the path is valid."""
        return self.outcome.passed


def validate_path(
    certificate: Certificate,
    *,
    trust: TrustStore,
    at: datetime.datetime,
    purpose: frozenset[Purpose],
    crypto: CryptoPolicy,
    pool: Iterable[Certificate] = (),
    revocation: RevocationSource | None = None,
    fetch: Fetcher | None = None,
    end_use: Use = Use.END_CERTIFICATE,
    parameters: PathParameters = PathParameters(),  # noqa: B008 - a frozen value
    limits: PathLimits = PathLimits(),  # noqa: B008 - a frozen value
) -> PathResult:
    """Return whether *certificate* can be trusted at the time *at* for one of *purpose*, and by which path.

    *pool* are certificates that may be intermediates; nothing in it is trusted. Without *revocation* and *fetch* nobody
    is asked about revocation, and the result says nothing about it. *fetch* is asked for issuers that are missing, and
    for revocation that *revocation* does not know; what could not be fetched is told as ``fetch-failed``. *end_use* is
    what the policy judges the signature on *certificate* itself as; below an anchor marked ``legacy`` the legacy rows
    count. Never raises for what certificates hold; :class:`~vndoc.errors.UsageError` ``time-zone-missing`` for a time
    without zone.

    Sources: RFC 5280, section 6; EN 319 102-1, clause 5.2.6.
    """
    _check(certificate, trust, at, purpose, crypto)
    known = need_all("pool", pool, Certificate)
    checked: dict[tuple[bytes, bytes], Signed] = {}
    attempt = None
    if fetch is not None:
        attempt = FetchAttempt(FetchSession.of(fetch))
    elif revocation is None and not trust.pinned:
        found = _at_once(certificate, trust, at, purpose, crypto, known, end_use, parameters, limits, checked)
        if found is not None:
            return found
    run = _Run(trust, at, purpose, crypto, known, revocation, parameters, limits, attempt, checked)
    for anchor in trust.pinned:
        if anchor.certificate == certificate and anchor.purposes & purpose:
            return run.pinned(anchor, end_use)
    return run.best(certificate, end_use)


def _at_once(
    certificate: Certificate,
    trust: TrustStore,
    at: datetime.datetime,
    purpose: frozenset[Purpose],
    crypto: CryptoPolicy,
    pool: tuple[Certificate, ...],
    end_use: Use,
    parameters: PathParameters,
    limits: PathLimits,
    checked: dict[tuple[bytes, bytes], Signed],
) -> PathResult | None:
    """Return the answer of a :class:`_Run` where there is one path, nothing is said against it, and nobody is asked."""
    only = only_chain(certificate, trust, purpose, pool, limits, checked)
    if only is None:
        return None
    chain, anchor = only
    found = faultless(chain, anchor, at, crypto, end_use, parameters)
    if found is None or _usage(certificate, purpose):
        return None
    return PathResult(
        outcome=_PASSED, chain=chain, anchor=anchor, crypto_until=found.crypto_until, policies=found.policies
    )


_PASSED = outcome_of(())


def _check(certificate: object, trust: object, at: object, purpose: object, crypto: object) -> None:
    """Raise ``option-invalid`` or ``time-zone-missing`` where one of the arguments is of another kind."""
    need("certificate", certificate, Certificate)
    need("trust", trust, TrustStore)
    need_time("at", at)
    need("purpose", purpose, frozenset, set)
    need("crypto", crypto, CryptoPolicy)


@attrs.define(eq=False)
class _Run:
    """One call of :func:`validate_path`: its arguments, and what was found out on the way."""

    trust: TrustStore
    at: datetime.datetime
    purpose: frozenset[Purpose]
    crypto: CryptoPolicy
    pool: tuple[Certificate, ...]
    revocation: RevocationSource | None
    parameters: PathParameters
    limits: PathLimits
    attempt: FetchAttempt | None = None
    checked: dict[tuple[bytes, bytes], Signed] = attrs.field(factory=dict)
    asked: dict[Certificate, bool] = attrs.field(factory=dict)

    def pinned(self, anchor: TrustAnchor, end_use: Use) -> PathResult:
        """Return the answer for a certificate that is trusted as itself."""
        result = self._judge((anchor.certificate,), anchor, end_use, 0)
        note = path_reason("certificate-pinned", subject=anchor.certificate.subject_text)
        outcome = attrs.evolve(result.outcome, reasons=(*result.outcome.reasons, note))
        return attrs.evolve(result, outcome=outcome)

    def best(self, certificate: Certificate, end_use: Use) -> PathResult:
        """Return the answer of the best path to any anchor for the purpose."""
        result = self._search(certificate, self.trust, end_use, nested=0)
        extra = _usage(certificate, self.purpose)
        if self.attempt is not None and not result.passed:
            extra += [fetch_reason(error) for error in self.attempt.failed.values()]
        if extra:
            outcome = outcome_of((*result.outcome.reasons, *extra))
            result = attrs.evolve(result, outcome=outcome)
        return result

    def _search(self, certificate: Certificate, trust: TrustStore, end_use: Use, nested: int) -> PathResult:
        """Return the best answer; where no anchor is reached, again with the issuers that can be fetched."""
        ends: list[Reason] = []
        for _ in range(self.limits.depth):
            ends = []
            stuck: dict[Certificate, None] = {}
            found = self._climbed(certificate, trust, end_use, nested, ends, stuck)
            if found is not None:
                return found
            if self.attempt is None or not self._fetch_issuers(stuck, self.attempt):
                break
        why = ends or [path_reason("issuer-not-found", issuer=certificate.issuer_text)]
        return PathResult(outcome=outcome_of(why), chain=(certificate,))

    def _climbed(
        self,
        certificate: Certificate,
        trust: TrustStore,
        end_use: Use,
        nested: int,
        ends: list[Reason],
        stuck: dict[Certificate, None],
    ) -> PathResult | None:
        """Return the best answer among the paths that reach an anchor, or ``None``; say where the others ended."""
        first = None
        only = only_chain(certificate, trust, self.purpose, self.pool, self.limits, self.checked)
        if only is not None:
            first = self._judge(*only, end_use, nested)
            if first.passed:
                return first
        best: PathResult | None = None
        judged: set[tuple[TrustAnchor, tuple[Certificate, ...]]] = set()
        for loose in (False, True):
            search = Search(trust, self.purpose, self.pool, self.at, self.limits, self.checked, ends, loose, stuck)
            for chain, anchor in search.chains(certificate):
                if loose and (anchor, chain) in judged:
                    continue
                result = first or self._judge(chain, anchor, end_use, nested)
                first = None  # it was the first one
                if result.passed:
                    return result
                if best is None or _rank(result) < _rank(best):
                    best = result
                judged.add((anchor, chain))
                if len(judged) == self.limits.paths:
                    return best
        return best

    def _fetch_issuers(self, stuck: Iterable[Certificate], attempt: FetchAttempt) -> bool:
        """Put what the certificates in *stuck* name as their issuers into the pool; return whether anything is new."""
        known = {*self.pool, *self.trust.pool}
        found: dict[Certificate, None] = {}
        for top in stuck:
            for url in issuer_addresses(top):
                octets = attempt.get(FetchRequest(url, FetchKind.CERTIFICATE))
                if octets is not None:
                    found |= dict.fromkeys(_issuers(octets, self.limits.candidates))
        new = tuple(certificate for certificate in found if certificate not in known)
        self.pool += new
        return bool(new)

    def _judge(self, chain: tuple[Certificate, ...], anchor: TrustAnchor, end_use: Use, nested: int) -> PathResult:
        judgement = judge_path(
            chain, anchor, at=self.at, crypto=self.crypto, end_use=end_use, parameters=self.parameters
        )
        facts: tuple[RevocationFact, ...] = ()
        reasons = judgement.structure + judgement.bounds + judgement.crypto
        if (self.revocation is not None or self.attempt is not None) and not judgement.structure:
            facts = self._ask(chain, anchor, end_use, nested)
        if facts:
            revoked, unknown = _of_facts(facts, chain[0])
            bounds = judgement.bounds
            if bounds and all(fact.status is RevocationStatus.GOOD for fact in facts):
                bounds = tuple(_not_revoked(reason) for reason in bounds)
            weak = [_weak(fact) for fact in facts if fact.weak]
            reasons = (*judgement.structure, *revoked, *bounds, *unknown, *judgement.crypto, *weak)
        return PathResult(
            outcome=outcome_of(reasons),
            chain=chain,
            anchor=anchor,
            revocation=facts,
            crypto_until=judgement.crypto_until,
            policies=judgement.policies,
        )

    def _ask(
        self, chain: tuple[Certificate, ...], anchor: TrustAnchor, end_use: Use, nested: int
    ) -> tuple[RevocationFact, ...]:
        """Ask about every certificate below the anchor, leaf first."""
        only = TrustStore(anchors=(attrs.evolve(anchor, purposes=self.purpose),), pool=self.trust.pool)
        pool = (*self.pool, *self.trust.pool)

        def vouched(certificate: Certificate) -> bool:
            return self._vouched(certificate, only, nested + 1)

        return tuple(
            self._status(
                RevocationQuestion(
                    certificate=certificate,
                    issuers=chain[i + 1 :],
                    at=self.at,
                    crypto=self.crypto,
                    use=use_of(Use.CA_CERTIFICATE if i else end_use, anchor),
                    pool=pool,
                    vouched=vouched,
                    legacy=anchor.legacy,
                )
            )
            for i, certificate in enumerate(chain[:-1])
        )

    def _status(self, question: RevocationQuestion) -> RevocationFact:
        """Return what the source knows, and what can be fetched where it does not."""
        source = RevocationChecker() if self.revocation is None else self.revocation
        fact = source.status(question)
        if self.attempt is None or fact.status is not RevocationStatus.UNKNOWN:
            return fact
        return look_further(question, fact, self.attempt, known=at_hand(source))

    def _vouched(self, certificate: Certificate, trust: TrustStore, nested: int) -> bool:
        """Return whether *certificate* has a path to the anchor of *trust*; while it is asked about, it has none."""
        if nested > _NESTED:
            return False
        known = self.asked.get(certificate)
        if known is None:
            self.asked[certificate] = False
            use = Use.CA_CERTIFICATE if certificate.profile.ca else Use.END_CERTIFICATE
            known = self._search(certificate, trust, use, nested).passed
            self.asked[certificate] = known
        return known


def _issuers(octets: bytes, most: int) -> tuple[Certificate, ...]:
    """Return at most so many certificates of what was fetched; none where it cannot be read."""
    try:
        return load_certificates(octets)[:most]
    except CertificateError:
        return ()


def _of_facts(facts: tuple[RevocationFact, ...], leaf: Certificate) -> tuple[list[Reason], list[Reason]]:
    """Return the reasons that *facts* give: for what is revoked, and for what is on hold or unknown."""
    revoked, unknown = [], []
    for fact in facts:
        if fact.status is RevocationStatus.GOOD:
            continue
        subject = fact.certificate.subject_text
        if fact.status is RevocationStatus.UNKNOWN:
            unknown.append(path_reason("revocation-unknown", subject=subject, why=fact.why_text))
        elif fact.on_hold:
            unknown.append(path_reason("certificate-on-hold", subject=subject, since=fact.date))
        else:
            code = "certificate-revoked" if fact.certificate is leaf else "ca-revoked"
            reason = "" if fact.reason is None else fact.reason.name.lower().replace("_", "-")
            revoked.append(path_reason(code, subject=subject, since=fact.date, reason=reason))
    return revoked, unknown


def _weak(fact: RevocationFact) -> Reason:
    return path_reason("weak-revocation", subject=fact.certificate.subject_text, source=fact.source.upper())


def _not_revoked(reason: Reason) -> Reason:
    if reason.code != "certificate-expired":
        return reason
    return attrs.evolve(reason, kind=PATH_REASONS["certificate-expired-not-revoked"])


def _usage(certificate: Certificate, purpose: frozenset[Purpose]) -> list[Reason]:
    """Return what the key usages say against the purpose (RFC 5280, 4.2.1.3 and 4.2.1.12; RFC 3161, 2.3)."""
    usage = certificate.profile.extended_usage
    code = None
    if purpose == _FOR_TIMESTAMPS:
        if usage is None or TIME_STAMPING not in usage:
            code = "certificate-not-for-timestamps"
        elif len(usage) > 1 or not certificate.extensions["2.5.29.37"].critical:
            code = "timestamp-usage-loose"
    elif usage and usage <= _SERVICES and purpose.isdisjoint(_FOR_TIMESTAMPS):
        code = "certificate-not-for-signing"
    elif not certificate.profile.may(DIGITAL_SIGNATURE | NON_REPUDIATION) and purpose.isdisjoint(_FOR_TIMESTAMPS):
        code = "certificate-usage-not-signing"
    return [] if code is None else [path_reason(code, subject=certificate.subject_text)]


def _rank(result: PathResult) -> tuple[bool, int]:
    outcome = result.outcome
    sub = outcome.sub_indication
    return outcome.indication is Indication.FAILED, _RANKS.index(sub) if sub in _RANKS else len(_RANKS)


_Asked = tuple[bytes, tuple[bytes, ...]]
"""The octets of the certificate, and those of the certificates that are at hand."""
_Time = tuple[datetime.datetime, datetime.timedelta | None]
"""A time and its zone: equal times may have different ones, and an answer says its time in the zone of the question."""


def _octets(pool: Iterable[Certificate]) -> tuple[bytes, ...]:
    """Return the octets of each certificate; ``option-invalid`` where *pool* is no list of them."""
    try:
        return tuple([one.der for one in pool])
    except (AttributeError, TypeError):
        return tuple([one.der for one in need_all("pool", pool, Certificate)])


@attrs.define(kw_only=True, eq=False, repr=False)
class PathValidator:
    """:func:`validate_path` with everything held fixed but certificate, time and pool; it keeps the last answers.

    For many documents: the second question about a certificate costs a look-up, if it is for the same time. Where
    nobody is asked about revocation, a path that passes is also the answer for other times, up to the next one at which
    a certificate, an anchor or an algorithm begins to count or ends. At most ``size`` answers are kept; then it begins
    anew. All arguments are immutable, so an answer stays right.
    """

    trust: TrustStore
    purpose: frozenset[Purpose]
    crypto: CryptoPolicy
    revocation: RevocationSource | None = None
    end_use: Use = Use.END_CERTIFICATE
    parameters: PathParameters = PathParameters()
    limits: PathLimits = PathLimits()
    size: int = 1024
    _kept: dict[tuple[_Asked, _Time], PathResult] = attrs.field(init=False, factory=dict)
    _lasting: dict[_Asked, tuple[Span, PathResult]] = attrs.field(init=False, factory=dict)

    def validate(
        self, certificate: Certificate, *, at: datetime.datetime, pool: tuple[Certificate, ...] = ()
    ) -> PathResult:
        """Return the answer of :func:`validate_path`; raises as it does."""
        if type(certificate) is not Certificate or type(at) is not datetime.datetime or at.tzinfo is None:
            need("certificate", certificate, Certificate)
            need_time("at", at)
        asked = certificate.der, _octets(pool)
        return self._known(asked, at) or self._new(certificate, at, pool, asked)

    def _known(self, asked: _Asked, at: datetime.datetime) -> PathResult | None:
        lasting = self._lasting.get(asked)
        if lasting is not None:
            (since, until), result = lasting
            if since < at < until:
                return result
        return self._kept.get((asked, (at, at.utcoffset()))) if self._kept else None

    def _new(
        self, certificate: Certificate, at: datetime.datetime, pool: tuple[Certificate, ...], asked: _Asked
    ) -> PathResult:
        result = validate_path(
            certificate,
            trust=self.trust,
            at=at,
            purpose=self.purpose,
            crypto=self.crypto,
            pool=pool,
            revocation=self.revocation,
            end_use=self.end_use,
            parameters=self.parameters,
            limits=self.limits,
        )
        span = None
        if self.revocation is None:
            others = pool if certificate in pool else (certificate, *pool)
            span = span_of(result.outcome, at, self.trust, self.crypto, others)
        if len(self._kept) + len(self._lasting) >= self.size:
            self._kept.clear()
            self._lasting.clear()
        if span is None:
            self._kept[asked, (at, at.utcoffset())] = result
        else:
            self._lasting[asked] = span, result
        return result
