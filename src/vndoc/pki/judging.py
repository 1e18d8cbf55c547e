"""One path judged by the rules of RFC 5280, section 6.1, and by the crypto policy. No search, no revocation."""

from __future__ import annotations

import datetime
from typing import Final

import attrs

from vndoc.errors import CertificateError
from vndoc.pki.certificate import Certificate
from vndoc.pki.constraints import ConstraintState, names_of
from vndoc.pki.extensions import ANY_POLICY, KEY_CERT_SIGN, NameConstraints
from vndoc.pki.names import same_name
from vndoc.pki.outcome import Reason
from vndoc.pki.policy import CryptoPolicy, Ruling, Use
from vndoc.pki.policy_graph import PolicyGraph
from vndoc.pki.reasons import path_reason
from vndoc.pki.trust import TrustAnchor

__all__ = ["Judgement", "PathParameters", "judge_path", "use_of"]

_FOR_EVER: Final = datetime.date.max
_NO_NAME: Final = b"\x30\x00"
_ALTERNATIVE: Final = "2.5.29.17"
_ACCEPTED: Final = Ruling.ACCEPTED  # asking the class of an enum takes four times as long in Python 3.11
_OF_CA: Final = Use.CA_CERTIFICATE
_NO_POLICIES: Final[frozenset[str]] = frozenset()
_LEGACY: Final = {
    Use.CA_CERTIFICATE: Use.LEGACY_CA_CERTIFICATE,
    Use.END_CERTIFICATE: Use.LEGACY_END_CERTIFICATE,
}


@attrs.frozen(kw_only=True)
class PathParameters:
    """The inputs of RFC 5280 (6.1.1 c to g) about certificate policies. The defaults ask for none."""

    policies: frozenset[str] = attrs.field(default=frozenset({ANY_POLICY}), converter=frozenset)
    explicit_policy: bool = False
    inhibit_mapping: bool = False
    inhibit_any_policy: bool = False


@attrs.frozen(slots=False)
class Judgement:
    """What the rules say of one path.

    ``structure`` breaks the rules of paths, ``bounds`` are faults of time, ``crypto`` of algorithms.
    ``crypto_until`` is the last day on which every algorithm counts, ``None`` if one never does. ``policies`` are
    those under which the path is valid; :data:`~vndoc.pki.extensions.ANY_POLICY` stands for all.
    """

    structure: tuple[Reason, ...]
    bounds: tuple[Reason, ...]
    crypto: tuple[Reason, ...]
    crypto_until: datetime.date | None
    policies: frozenset[str]


def use_of(use: Use, anchor: TrustAnchor) -> Use:
    """Return the row of the crypto policy for *use* below *anchor*."""
    return _LEGACY.get(use, use) if anchor.legacy else use


def judge_path(
    chain: tuple[Certificate, ...],
    anchor: TrustAnchor,
    *,
    at: datetime.datetime,
    crypto: CryptoPolicy,
    end_use: Use,
    parameters: PathParameters,
) -> Judgement:
    """Return what the rules say of *chain*, leaf first and *anchor* last, at the time *at*.

    The signatures were verified by the search. The anchor's own certificate must be that of an authority, unless it is
    too old to say so (version 1), and understood; its path length and its name constraints count as RFC 5937 has it.
    """
    return faultless(chain, anchor, at, crypto, end_use, parameters) or walked(
        chain, anchor, at, crypto, end_use, parameters
    )


def faultless(
    chain: tuple[Certificate, ...],
    anchor: TrustAnchor,
    at: datetime.datetime,
    crypto: CryptoPolicy,
    end_use: Use,
    parameters: PathParameters,
) -> Judgement | None:
    """Return what :func:`walked` does for a path that keeps to every rule and is bound by nothing but its policies.

    ``None`` leaves all others to it: whoever says what is wrong, and where names or counters have to be kept.
    """
    left, top = len(chain) - 2, anchor.certificate
    if (
        left < 0
        or not top.not_before <= at <= top.not_after
        or (anchor.not_after is not None and at > anchor.not_after)
    ):
        return None
    profile = top.profile
    if (
        not _sound(top)
        or not (profile.ca and profile.may(KEY_CERT_SIGN))
        or profile.name_constraints is not None
        or not (profile.path_length is None or profile.path_length >= left)
    ):
        return None
    parent, use = top, use_of(_OF_CA, anchor)
    for certificate in chain[-2::-1]:
        profile = certificate.profile
        if (
            not _sound(certificate)
            or _NO_NAME in (certificate.issuer, certificate.subject)
            or profile.require_explicit is not None
            or not certificate.not_before <= at <= certificate.not_after
        ):
            return None
        if left:
            left -= 1
            if not profile.issues_freely(left):
                return None
        elif profile.name_constraints is not None:
            return None
        else:
            use = use_of(end_use, anchor)
        if crypto.until(use, certificate.signature_algorithm, parent.key_bits) != _FOR_EVER:
            return None
        parent = certificate
    policies = _plain_policies(chain, parameters)
    return None if policies is None else Judgement((), (), (), _FOR_EVER, policies)


def _sound(certificate: Certificate) -> bool:
    """Return whether nothing is wrong with the form of *certificate*: what :meth:`_Walk.form` finds no fault in."""
    profile = certificate.profile
    return not (
        profile.malformed
        or profile.unknown_critical
        or certificate.repeated_extensions
        or certificate.signature_identifier != certificate.tbs_signature_identifier
    )


def _plain_policies(chain: tuple[Certificate, ...], parameters: PathParameters) -> frozenset[str] | None:
    """Return the policies of a path where nobody requires one and none is mapped, else ``None``.

    What :class:`PolicyGraph` comes to then: without mappings and counters a policy below has the name that it has above
    (RFC 9618, 5.2 and 5.5).
    """
    if parameters.explicit_policy or parameters.inhibit_any_policy or ANY_POLICY not in parameters.policies:
        return None
    found = {ANY_POLICY}
    for certificate in chain[-2::-1]:
        policies = certificate.profile.policies
        if policies is None:
            return _NO_POLICIES
        above = found
        found = set(policies) if ANY_POLICY in above else above.intersection(policies)
        if ANY_POLICY in policies:
            found |= above
    return frozenset(found)


def walked(
    chain: tuple[Certificate, ...],
    anchor: TrustAnchor,
    at: datetime.datetime,
    crypto: CryptoPolicy,
    end_use: Use,
    parameters: PathParameters,
) -> Judgement:
    """Return what the rules say of any path, going down it."""
    walk = _Walk(chain, anchor, at, crypto, parameters)
    walk.anchor()
    parent, leaf = chain[-1], chain[0]
    ca_use = use_of(_OF_CA, anchor)
    for certificate in chain[-2:0:-1]:
        self_issued = walk.asks_for_names() and _self_issued(certificate)
        walk.certificate(certificate, last=False, self_issued=self_issued)
        walk.algorithm(certificate, parent, ca_use)
        walk.hand_on(certificate, self_issued=self_issued)
        parent = certificate
    if len(chain) > 1:
        walk.certificate(leaf, last=True, self_issued=False)
        walk.algorithm(leaf, parent, use_of(end_use, anchor))
    policies = walk.finish()
    return Judgement(tuple(walk.structure), tuple(walk.bounds), tuple(walk.crypto_faults), walk.until, policies)


class _Walk:
    """The state of RFC 5280 (6.1.2) while it goes down one path."""

    def __init__(
        self,
        chain: tuple[Certificate, ...],
        anchor: TrustAnchor,
        at: datetime.datetime,
        crypto: CryptoPolicy,
        parameters: PathParameters,
    ) -> None:
        size = len(chain) - 1
        self._chain, self._anchor, self._at, self._crypto = chain, anchor, at, crypto
        self._accepted = parameters.policies
        self._names: ConstraintState | None = None
        self._length, self._left = size, size - 1
        self._graph = _graph(chain, parameters)
        self.structure: list[Reason] = []
        self.bounds: list[Reason] = []
        self.crypto_faults: list[Reason] = []
        self.until: datetime.date | None = _FOR_EVER

    def anchor(self) -> None:
        """Apply what limits the anchor, and what its own certificate says about paths below it."""
        anchor, at = self._anchor, self._at
        certificate = anchor.certificate
        if anchor.not_after is not None and at > anchor.not_after:
            self._fault("anchor-distrusted", anchor=anchor.name, until=anchor.not_after.date())
        if not certificate.not_before <= at <= certificate.not_after:
            self._fault("anchor-out-of-bounds", anchor=anchor.name, at=at)
        profile = certificate.profile
        if len(self._chain) > 1:
            self.form(certificate)
            if not profile.ca and certificate.version > 2:
                self._fault("not-a-ca", certificate)
            if not profile.may(KEY_CERT_SIGN):
                self._fault("ca-key-usage", certificate)
            if profile.path_length is not None:
                self._length = min(self._length, profile.path_length)
            if profile.name_constraints is not None:
                self._constrain(profile.name_constraints)

    def _constrain(self, constraints: NameConstraints) -> None:
        if constraints.permitted or constraints.excluded:
            if self._names is None:
                self._names = ConstraintState()
            self._names.add(constraints)

    def asks_for_names(self) -> bool:
        """Return whether it matters if the next certificate, one of an authority, is self-issued.

        Only constraints, policies and a path length can make it matter; the last where fewer certificates may follow
        than do. To find it out takes long.
        """
        return self._names is not None or self._graph is not None or self._length < self._left

    def form(self, certificate: Certificate) -> None:
        """Judge what every certificate must keep to, that of an anchor as well."""
        profile = certificate.profile
        if certificate.signature_identifier != certificate.tbs_signature_identifier:
            self._fault("signature-identifier-differs", certificate)
        if certificate.repeated_extensions:
            self._fault("extension-repeated", certificate)
        for oid in profile.malformed:
            self._fault("extension-malformed", certificate, oid=oid)
        for oid in profile.unknown_critical:
            self._fault("extension-unknown-critical", certificate, oid=oid)

    def certificate(self, certificate: Certificate, *, last: bool, self_issued: bool) -> None:
        """Judge one certificate (6.1.3)."""
        profile = certificate.profile
        self.form(certificate)
        if certificate.issuer == _NO_NAME or (certificate.subject == _NO_NAME and not _named_otherwise(certificate)):
            self._fault("name-missing", certificate)
        if last and profile.name_constraints is not None and not profile.ca:
            self._fault("name-constraints-misplaced", certificate)
        if not certificate.not_before <= self._at <= certificate.not_after:
            self._time(certificate)
        if self._names is not None and not self_issued and not _allowed(certificate, self._names):
            self._fault("name-constraints", certificate)
        if self._graph is not None and not self._graph.take(profile, self_issued=self_issued, last=last):
            self._policy_fault()

    def _time(self, certificate: Certificate) -> None:
        """Say what is wrong with the time of a certificate that is not valid at it."""
        subject, at = certificate.subject_text, self._at
        if at > certificate.not_after:
            until = certificate.not_after
            self.bounds.append(path_reason("certificate-expired", subject=subject, until=until, at=at))
        else:
            since = certificate.not_before
            self.bounds.append(path_reason("certificate-not-yet-valid", subject=subject, since=since, at=at))

    def hand_on(self, certificate: Certificate, *, self_issued: bool) -> None:
        """Judge whether the certificate may issue, and prepare for the next one (6.1.4)."""
        profile = certificate.profile
        self._left -= 1
        if profile.mappings and any(ANY_POLICY in pair for pair in profile.mappings):
            self._fault("policy-mapping-any", certificate)
        elif self._graph is not None:
            self._graph.hand_on(profile, self_issued=self_issued)
        if profile.name_constraints is not None:
            self._constrain(profile.name_constraints)
        if not profile.ca:
            self._fault("not-a-ca", certificate)
        if not self_issued:
            if not self._length:
                self._fault("path-length", subject=certificate.issuer_text)
            self._length = max(self._length - 1, 0)
        if profile.path_length is not None:
            self._length = min(self._length, profile.path_length)
        if not profile.may(KEY_CERT_SIGN):
            self._fault("ca-key-usage", certificate)

    def algorithm(self, certificate: Certificate, issuer: Certificate, use: Use) -> None:
        """Judge the algorithm that *certificate* is signed with, by the key of *issuer*."""
        algorithm, bits = certificate.signature_algorithm, issuer.key_bits
        until = self._crypto.until(use, algorithm, bits)
        if until == _FOR_EVER:
            return
        self.until = None if until is None or self.until is None else min(until, self.until)
        ruling = self._crypto.ruling(until, self._at)
        if ruling is not _ACCEPTED:
            code = f"certificate-algorithm-{ruling.value}"
            self.crypto_faults.append(
                path_reason(code, subject=certificate.subject_text, algorithm=algorithm, bits=bits, until=until)
            )

    def finish(self) -> frozenset[str]:
        """Return the policies of the path (6.1.5)."""
        if len(self._chain) == 1:
            return frozenset({ANY_POLICY})
        if self._graph is None:
            return frozenset()
        policies = self._graph.finish(self._chain[0].profile, self._accepted)
        if policies is None:
            self._policy_fault()
        return policies or frozenset()

    def _policy_fault(self) -> None:
        if not any(reason.code == "policy-required" for reason in self.structure):
            self._fault("policy-required")

    def _fault(self, code: str, certificate: Certificate | None = None, **values: object) -> None:
        if certificate is not None:
            values["subject"] = certificate.subject_text
        self.structure.append(path_reason(code, **values))


def _graph(chain: tuple[Certificate, ...], parameters: PathParameters) -> PolicyGraph | None:
    """Return the graph that the policies of *chain* need, or ``None`` where it would stay empty and nobody minds.

    A certificate without policies empties it for good; that matters only where somebody requires one.
    """
    if not parameters.explicit_policy:
        empty = False
        for certificate in chain[:-1]:
            profile = certificate.profile
            if profile.require_explicit is not None:
                break
            empty = empty or profile.policies is None
        else:
            if empty:
                return None
    most = len(chain)
    return PolicyGraph(
        0 if parameters.explicit_policy else most,
        0 if parameters.inhibit_mapping else most,
        0 if parameters.inhibit_any_policy else most,
    )


def _allowed(certificate: Certificate, names: ConstraintState) -> bool:
    """Return whether the names of *certificate* keep to the constraints *names*; one that cannot be read does not."""
    try:
        return names.allows(names_of(certificate.subject, certificate.profile))
    except CertificateError:
        return False


def _named_otherwise(certificate: Certificate) -> bool:
    """Return whether its alternative names stand for the subject: they are critical then (RFC 5280, 4.2.1.6)."""
    names = certificate.extensions.get(_ALTERNATIVE)
    return names is not None and names.critical


def _self_issued(certificate: Certificate) -> bool:
    """Return whether issuer and subject are equal names (RFC 5280, 7.1)."""
    return same_name(certificate.subject, certificate.issuer)
