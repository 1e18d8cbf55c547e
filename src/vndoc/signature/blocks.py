"""The building blocks of validation (ETSI EN 319 102-1, clauses 5.2 and 5.4 to 5.6), each a pure function.

They know :class:`~vndoc.signature.facts.SignatureFacts`, never a format. Each returns reasons or a value made of them;
:mod:`vndoc.signature.evaluation` puts them together.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterable
from typing import Final

import attrs
from cryptography.hazmat.primitives.asymmetric import ec

from vndoc.errors import CertificateError
from vndoc.pki.algorithms import DIGESTS, VERIFIABLE, SignatureAlgorithm
from vndoc.pki.certificate import Certificate, distinct
from vndoc.pki.outcome import Outcome, Reason, SubIndication, outcome_of
from vndoc.pki.policy import CryptoPolicy, Ruling, Use
from vndoc.signature.facts import Binding, Covered, SignatureFacts
from vndoc.signature.policy import Policy
from vndoc.signature.reasons import SIGNATURE_REASONS

__all__ = [
    "Identification",
    "Moment",
    "attributes",
    "computable",
    "digests",
    "format_check",
    "identify",
    "shown_time",
    "signature_algorithm_check",
]

# Members of enumerations under names of their own: asking the class takes four times as long in Python 3.11.
_ABSENT: Final = Binding.ABSENT
_DIFFERS: Final = Binding.DIFFERS
_MATCHES: Final = Binding.MATCHES
_ACCEPTED: Final = Ruling.ACCEPTED
_NOTHING: Final = outcome_of(())
_DOCUMENT: Final = Use.DOCUMENT
_VIETNAM: Final = datetime.timezone(datetime.timedelta(hours=7))
CANDIDATES: Final = 64
"""Certificates that are tried for one signature: real ones carry below ten."""
_CURVES: Final = frozenset({"secp256r1", "secp384r1", "secp521r1"})
"""The curves of the policies' ECDSA row; others of the same size do not count."""


@attrs.frozen
class Moment:
    """The time that algorithms and certificates are judged at, and whether anything proves it."""

    at: datetime.datetime
    proven: bool


def _reason(code: str, place: str | None = None, /, **values: object) -> Reason:
    return Reason(SIGNATURE_REASONS[code], tuple(values.items()), place)


def format_check(facts: SignatureFacts) -> tuple[Reason, ...]:
    """Return what the reader found, and what must not be overlooked (clause 5.2.2 and the digests of 5.2.7).

    A reader says in its own words what is wrong with a digest; here it is made sure that none goes unsaid.
    """
    if not facts.reasons and facts.covered and not [c for c in facts.covered if not c.intact]:
        return ()
    subs = {r.kind.sub_indication for r in facts.reasons if r.decides}
    found = list(facts.reasons)
    if not facts.covered and not any(r.decides for r in facts.reasons):
        found.append(_reason("nothing-covered", facts.place))
    for covered in facts.covered:
        if covered.intact is False and SubIndication.HASH_FAILURE not in subs:
            found.append(_reason("covered-data-changed", facts.place, name=covered.name))
        elif covered.intact is None and not subs:
            found.append(_reason("covered-data-missing", facts.place, name=covered.name))
    return tuple(found)


@attrs.frozen(slots=False)
class Identification:
    """The signer's certificate, if one was found, and whether the signature value is that of its key.

    ``valid`` is ``None`` where the algorithm cannot be computed, or there is nothing to verify with.
    """

    certificate: Certificate | None
    valid: bool | None
    reasons: tuple[Reason, ...]


def identify(facts: SignatureFacts, known: Iterable[Certificate] = ()) -> Identification:
    """Find the signing certificate and verify the signature value with it (clauses 5.2.3 and 5.2.7).

    Tried are the candidates of the signature, then the certificates that the caller knows (*known*); one that the
    signed data contradict is never used.
    """
    if len(facts.candidates) == 1 and computable(facts.algorithm):  # as nearly always
        [only] = facts.candidates
        if facts.binding(only) is not _DIFFERS:
            if facts.verify(only):
                return Identification(only, True, ())
            return Identification(only, False, (_reason("signature-value-wrong", facts.place),))
    given = facts.candidates[:CANDIDATES]
    tried = distinct(given) if len(given) > 1 else given
    bound = [c for c in tried if facts.binding(c) is not _DIFFERS]
    if not bound:
        seen = {c.der for c in tried}
        own = [c for c in distinct(known) if c.der not in seen][:CANDIDATES]
        bound = [c for c in own if facts.binding(c) is not _DIFFERS and _verified(facts, c)]
    if not bound:
        code = "signing-certificate-other" if tried else "no-signing-certificate"
        said = any(r.kind.sub_indication is SubIndication.NO_SIGNING_CERTIFICATE_FOUND for r in facts.reasons)
        return Identification(None, None, () if said else (_reason(code, facts.place),))
    if not computable(facts.algorithm):
        return Identification(bound[0], None, ())
    fitting = _fitting(facts, bound)
    if not fitting:
        return Identification(bound[0], False, (_reason("signature-value-wrong", facts.place),))
    if len(fitting) > 1 and facts.binding(fitting[0]) is not _MATCHES:
        note = _reason("several-signing-certificates", facts.place, count=len(fitting))
        return Identification(fitting[0], True, (note,))
    return Identification(fitting[0], True, ())


def _fitting(facts: SignatureFacts, bound: list[Certificate]) -> list[Certificate]:
    """Return those of *bound* whose key the signature value is of.

    Once one fits, those that issued another one are no longer tried: they stand there for the path. One that has the
    same key fits as well.
    """
    found: list[Certificate] = []
    issuers = {c.issuer for c in bound if not c.self_issued} if len(bound) > 1 else ()
    for certificate in bound:
        if found and certificate.subject in issuers:
            if certificate.spki == found[0].spki:
                found.append(certificate)
        elif facts.verify(certificate):
            found.append(certificate)
    return found


def computable(algorithm: SignatureAlgorithm | None) -> bool:
    """Return whether values of *algorithm* can be verified here at all; others are refused by name, not as wrong."""
    if algorithm is None or algorithm.family not in VERIFIABLE:
        return False
    digest, mgf = algorithm.digest, algorithm.mgf
    return (digest is None or digest in _COMPUTED) and (mgf is None or mgf in _COMPUTED)


_COMPUTED: Final = frozenset(name for name, row in DIGESTS.items() if row.hash is not None)


def _verified(facts: SignatureFacts, certificate: Certificate) -> bool:
    return computable(facts.algorithm) and facts.verify(certificate)


def signature_algorithm_check(
    facts: SignatureFacts, certificate: Certificate | None, policy: Policy, moment: Moment, use: Use = _DOCUMENT
) -> tuple[Reason, ...]:
    """Judge the signature's algorithm and the size of the signer's key (clause 5.2.8).

    A reader that could not name the algorithm has said so; then there is nothing to judge here.
    """
    algorithm = facts.algorithm
    if algorithm is None:
        return () if any(r.decides for r in facts.reasons) else (_refused(facts, "?", 0, policy),)
    bits, curve = size_and_curve(certificate)
    if curve is not None and curve not in _CURVES:
        return (_refused(facts, f"{algorithm} ({curve})", bits or 0, policy),)
    until = policy.crypto.until(use, algorithm, bits)
    if not computable(algorithm):
        until = None
    ruling = CryptoPolicy.ruling(until, moment.at)
    if ruling is _ACCEPTED:
        return ()
    if ruling is Ruling.REFUSED:
        return (_refused(facts, str(algorithm), bits or 0, policy),)
    code = "algorithm-expired" if moment.proven else "algorithm-expired-no-proof"
    return (_reason(code, facts.place, algorithm=algorithm, bits=bits, until=until, at=shown_time(moment.at)),)


def _refused(facts: SignatureFacts, algorithm: str, bits: int, policy: Policy) -> Reason:
    return _reason("algorithm-not-accepted", facts.place, algorithm=algorithm, bits=bits, policy=policy.name)


def size_and_curve(certificate: Certificate | None) -> tuple[int | None, str | None]:
    """Return the size of the signer's key and the name of its curve, as far as there are such."""
    if certificate is None:
        return None, None
    try:
        key = certificate.public_key
    except CertificateError:
        return 0, None
    curve: ec.EllipticCurve | None = getattr(key, "curve", None)  # faster than asking for the kind of key
    return certificate.key_bits, None if curve is None else curve.name


def digests(facts: SignatureFacts, policy: Policy, moment: Moment) -> tuple[Reason, ...]:
    """Judge the digest of each thing that is covered (clause 5.2.8); each name once."""
    endless = policy.crypto.endless_digests(_DOCUMENT)
    if not [covered for covered in facts.covered if covered.digest not in endless]:
        return ()
    found: list[Reason] = []
    seen: dict[str, Covered] = {}
    for covered in facts.covered:
        seen.setdefault(covered.digest, covered)
    for covered in seen.values():
        until = policy.crypto.digest_until(_DOCUMENT, covered.digest)
        ruling = CryptoPolicy.ruling(until, moment.at)
        if ruling is _ACCEPTED:
            continue
        values = {"algorithm": covered.digest, "name": covered.name}
        if ruling is Ruling.REFUSED:
            found.append(_reason("digest-not-accepted", facts.place, policy=policy.name, **values))
        else:
            code = "digest-expired" if moment.proven else "digest-expired-no-proof"
            found.append(_reason(code, facts.place, until=until, at=shown_time(moment.at), **values))
    return tuple(found)


def attributes(facts: SignatureFacts, certificate: Certificate | None, policy: Policy) -> tuple[Reason, ...]:
    """Judge the attributes that the policy wants signed (clause 5.2.8)."""
    return outcome_of_attributes(facts, certificate, policy).reasons


def outcome_of_attributes(facts: SignatureFacts, certificate: Certificate | None, policy: Policy) -> Outcome:
    """Return what :func:`attributes` come to."""
    told = _NOTHING
    if certificate is not None and facts.binding(certificate) is _ABSENT:
        required = facts.form in policy.signing_certificate
        told = bare("signing-certificate-missing" if required else "no-signing-certificate-attribute", facts.place)
    if not facts.signed_attributes and facts.form in policy.signed_attributes:
        return outcome_of(bare("signed-attributes-required", facts.place).reasons + told.reasons)
    return told


KEPT_PLACE: Final = 256
"""Characters of a place for which an outcome is kept."""


def bare(code: str, place: str) -> Outcome:
    """Return the outcome of the one reason *code* at *place*, nothing filled in: the last ones are kept."""
    return _kept_bare(code, place) if len(place) <= KEPT_PLACE else _bare(code, place)


def _bare(code: str, place: str) -> Outcome:
    return outcome_of((Reason(SIGNATURE_REASONS[code], (), place),))


_kept_bare = functools.lru_cache(maxsize=256)(_bare)


def shown_time(at: datetime.datetime) -> str:
    """Return *at* in Vietnam's time (UTC+7) to the second, such as ``2026-11-22 09:30:00+07:00``.

    In the first and the last hours of the calendar it stays in the zone that it is in.
    """
    try:
        return _shown(at)
    except OverflowError:
        return at.isoformat(" ", "seconds")


@functools.lru_cache(maxsize=64)
def _shown(at: datetime.datetime) -> str:
    """Return *at* in Vietnam's time; equal times are shown alike. Many signatures are judged at one time."""
    return at.astimezone(_VIETNAM).isoformat(" ", "seconds")
