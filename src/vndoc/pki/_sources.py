"""Which list is for which certificate, and who may sign lists and responses (RFC 5280, 6.3.3; RFC 6960, 4.2.2.2).

What does not hold is raised as :class:`DoesNotCountError` with the code of why; nobody outside sees it.
"""

from __future__ import annotations

from typing import Final

from vndoc.errors import CertificateError
from vndoc.pki.algorithms import verify
from vndoc.pki.building import Signed, signed_by
from vndoc.pki.certificate import Certificate
from vndoc.pki.crl import Crl
from vndoc.pki.distribution import DistributionPoint, PointName, distribution_points, full_name
from vndoc.pki.extensions import CRL_SIGN, DIGITAL_SIGNATURE, NON_REPUDIATION, OCSP_SIGNING, GeneralName
from vndoc.pki.names import key_or_octets
from vndoc.pki.ocsp import OcspResponse, SingleResponse, certificate_id
from vndoc.pki.policy import Ruling, Use
from vndoc.pki.revocation_facts import RevocationQuestion

MAX_SIGNERS: Final = 16
"""Certificates looked at for the signer of one list or response."""
MAX_DELEGATES: Final = 8
"""Certificates looked at for the responder of one response: each costs two verifications."""

MAX_NONCE: Final = 128
"""Octets of a nonce (RFC 9654, section 2.1)."""

_ACCEPTED: Final = Ruling.ACCEPTED  # asking the class of an enum takes four times as long in Python 3.11
_REVOCATION: Final = Use.REVOCATION

NO_CHECK: Final = "1.3.6.1.5.5.7.48.1.5"
_POINTS: Final = "2.5.29.31"


class DoesNotCountError(Exception):
    """A source says nothing about this question; the argument is the code of why."""


def points_of(certificate: Certificate, why: list[str]) -> list[DistributionPoint]:
    """Return the distribution points of *certificate*, and the one that RFC 5280 (6.3.3) adds: its issuer's name.

    Points that cannot be read are left out and named in *why*.
    """
    implied = DistributionPoint(name=PointName(full=(GeneralName(4, certificate.issuer),)))
    extension = certificate.extensions.get(_POINTS)
    if extension is None:
        return [implied]
    try:
        return [*distribution_points(extension.value), implied]
    except CertificateError:
        why.append("crl-points-malformed")
        return [implied]


def speaks_of(crl: Crl, points: list[DistributionPoint], certificate: Certificate) -> int:
    """Return the reasons for which *crl* speaks about *certificate* (RFC 5280, 6.3.3 b and d); 0: it does not."""
    scope = crl.scope
    if scope.only_attributes or (scope.only_authorities if not certificate.profile.ca else scope.only_users):
        return 0
    mask = 0
    for point in points:
        if _is_of(crl, point, certificate):
            mask |= point.reasons & scope.reasons
    return mask


def _is_of(crl: Crl, point: DistributionPoint, certificate: Certificate) -> bool:
    if point.issuers:
        if not crl.scope.indirect or not _among(GeneralName(4, crl.issuer), point.issuers):
            return False
    elif key_or_octets(crl.issuer) != key_or_octets(certificate.issuer):
        return False
    if crl.scope.name is None:
        return True
    own = _full(crl.scope.name, crl.issuer)
    base = next((name.value for name in point.issuers if name.kind == 4), certificate.issuer)
    wanted = point.issuers if point.name is None else _full(point.name, base)
    return any(_among(name, wanted) for name in own)


def _full(name: PointName, issuer: bytes) -> tuple[GeneralName, ...]:
    if name.relative is None:
        return name.full
    return (GeneralName(4, full_name(issuer, name.relative)),)


def _among(name: GeneralName, names: tuple[GeneralName, ...]) -> bool:
    if name.kind != 4:
        return name in names
    key = key_or_octets(name.value)
    return any(other.kind == 4 and key_or_octets(other.value) == key for other in names)


def fits(delta: Crl, base: Crl) -> bool:
    """Return whether *delta* goes on top of *base* (RFC 5280, 5.2.4 and 6.3.3 c)."""
    if delta.base is None or delta.number is None or base.number is None:
        return False
    return (
        key_or_octets(delta.issuer) == key_or_octets(base.issuer)
        and delta.scope == base.scope
        and delta.authority_key_id == base.authority_key_id
        and delta.base <= base.number < delta.number
    )


def _accepted(question: RevocationQuestion, item: Crl | OcspResponse | Certificate, signer: Certificate) -> bool:
    """Return whether the policy accepts how *item* is signed.

    As revocation, or as the certificate asked about. Where the hierarchy still carries SHA-1, what an authority said
    itself is judged as the certificates of authorities, anything else as those of the end: a decision of this project.
    The first government generation has never changed to SHA-2, and without it nothing that was signed below it after
    2022 could be answered.
    """
    algorithm = item.signature_algorithm if isinstance(item, Certificate) else item.algorithm
    judge, at, bits = question.crypto.judge, question.at, signer.key_bits
    if judge(_REVOCATION, algorithm, at, bits) is _ACCEPTED:
        return True
    use = question.use
    if question.legacy:
        use = Use.LEGACY_CA_CERTIFICATE if _own_words(item, signer) else Use.LEGACY_END_CERTIFICATE
    return judge(use, algorithm, at, bits) is _ACCEPTED


def _own_words(item: Crl | OcspResponse | Certificate, signer: Certificate) -> bool:
    """Return whether a certification authority told *item* of revocation itself, and nobody else chose what is in it.

    SHA-1 is broken for octets that an attacker chooses. A list has none; a response has the nonce of the request,
    which is too short to hide a collision if it is as long as RFC 9654 allows. The certificate of a delegate has many.
    """
    if isinstance(item, Certificate) or not signer.profile.ca:
        return False
    return isinstance(item, Crl) or len(item.nonce or b"") <= MAX_NONCE


def crl_signer(crl: Crl, question: RevocationQuestion) -> Certificate:
    """Return who signed *crl* and may (RFC 5280, 6.3.3 f and g); ``DoesNotCountError`` says what is missing."""
    wanted = key_or_octets(crl.issuer)
    named = [c for c in (*question.issuers, *question.pool) if key_or_octets(c.subject) == wanted]
    hint = crl.authority_key_id
    ordered = sorted(dict.fromkeys(named), key=lambda c: _mismatch(c.subject_key_id, hint))
    fault = "crl-signer-not-found"
    for candidate in ordered[:MAX_SIGNERS]:
        if not _verified(crl, candidate):
            fault = "crl-signature" if fault == "crl-signer-not-found" else fault
        elif not candidate.profile.may(CRL_SIGN):
            fault = "crl-signer-key-usage"
        elif not _accepted(question, crl, candidate):
            fault = "crl-algorithm"
        elif (
            candidate in question.issuers or _speaks_for_itself(candidate, crl, question) or question.vouched(candidate)
        ):
            return candidate
        else:
            fault = "crl-signer-not-trusted"
    raise DoesNotCountError(fault)


def _speaks_for_itself(candidate: Certificate, crl: Crl, question: RevocationQuestion) -> bool:
    """Return whether the certificate asked about is itself the list's issuer, by its own distribution point.

    Its CA says so in the certificate (cRLIssuer), and the path is being judged anyway: NIST PKITS 4.14.30.
    """
    return (
        candidate == question.certificate
        and candidate.profile.key_usage is not None
        and key_or_octets(crl.issuer) != key_or_octets(candidate.issuer)
    )


def _verified(item: Crl | OcspResponse, signer: Certificate) -> bool:
    """Return whether the key of *signer* signed *item*; a key or scheme that is not supported here did not."""
    try:
        if isinstance(item, Crl):
            return item.verified_by(signer)
        return verify(signer.public_key, item.algorithm, item.signature, data=item.tbs)
    except CertificateError:
        return False


def _mismatch(own: bytes | None, hint: bytes | None) -> int:
    return 1 if own is None or hint is None else 0 if own == hint else 2


def is_about(single: SingleResponse, question: RevocationQuestion) -> bool:
    who = single.certificate_id
    certificate, issuer = question.certificate, question.issuers[0]
    return who.serial == certificate.serial_content and who == certificate_id(certificate, issuer, who.digest)


def ocsp_signer(response: OcspResponse, question: RevocationQuestion) -> Certificate:
    """Return who signed *response* and may (RFC 6960, 4.2.2.2): the issuer, or a delegate that it named itself."""
    issuer = question.issuers[0]
    fault = "ocsp-responder-not-found"
    candidates = [issuer] if _is_responder(response, issuer) else _delegates(response, question)
    for candidate in candidates:
        if candidate is not issuer and (found := _delegate_fault(candidate, issuer, response, question)):
            fault = found
        elif not _verified(response, candidate):
            fault = "ocsp-signature"
        elif not _accepted(question, response, candidate):
            fault = "ocsp-algorithm"
        else:
            return candidate
    raise DoesNotCountError(fault)


def _delegates(response: OcspResponse, question: RevocationQuestion) -> list[Certificate]:
    """Return the certificates that may be those of the responder, the carried ones first."""
    known = dict.fromkeys((*response.certificates[:MAX_SIGNERS], *question.pool))
    return [candidate for candidate in known if _is_responder(response, candidate)][:MAX_DELEGATES]


def _is_responder(response: OcspResponse, candidate: Certificate) -> bool:
    if response.responder_key is not None:
        return candidate.key_hash == response.responder_key
    return candidate.subject == response.responder_name


def _delegate_fault(
    delegate: Certificate, issuer: Certificate, response: OcspResponse, question: RevocationQuestion
) -> str | None:
    """Return why *delegate* may not speak for *issuer*, or ``None`` if it may."""
    profile = delegate.profile
    if delegate.issuer != issuer.subject or OCSP_SIGNING not in (profile.extended_usage or ()):
        return "ocsp-responder-unauthorised"
    if not profile.may(DIGITAL_SIGNATURE | NON_REPUDIATION):  # RFC 5280, 4.2.1.12: both usages must allow it
        return "ocsp-responder-unauthorised"
    if profile.malformed or profile.unknown_critical or delegate.repeated_extensions:
        return "ocsp-responder-malformed"
    if not delegate.not_before <= response.produced_at <= delegate.not_after:
        return "ocsp-responder-expired"
    if signed_by(delegate, issuer) is not Signed.YES:
        return "ocsp-responder-unauthorised"
    if not _accepted(question, delegate, issuer):
        return "ocsp-algorithm"
    if NO_CHECK not in delegate.extensions and not question.vouched(delegate):
        return "ocsp-responder-not-trusted"
    return None
