"""The facts about one XML signature, and what follows from its algorithm and its certificates alone."""

from __future__ import annotations

from collections.abc import Callable

import attrs
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from vndoc.errors import CertificateError
from vndoc.pki import algorithms
from vndoc.pki.algorithms import DIGESTS, VERIFIABLE, Family, PublicKey, SignatureAlgorithm
from vndoc.pki.certificate import Certificate, distinct
from vndoc.signature import xades
from vndoc.signature._xmldsig_keys import KeyInfo
from vndoc.signature.facts import Binding, SignatureFacts

__all__ = ["XmlSignatureFacts", "candidates", "refusals", "verifier"]


@attrs.frozen(kw_only=True, repr=False, slots=False)
class XmlSignatureFacts(SignatureFacts):
    """The facts about one XML signature.

    ``key_value`` is the bare key that KeyInfo shows, for whoever can compare it with a key that is known already; it
    proves nothing about a person. ``names`` says whether KeyInfo names a certificate (``None``: it names none).
    ``data_objects`` are the formats that the signer stated (XAdES DataObjectFormat). ``reaches`` says whether an
    element of the tree is, markup and all, a part of what the references lead to; ``covered`` says if that is intact.
    """

    key_value: PublicKey | None = attrs.field(default=None, eq=False)
    key_names: tuple[str, ...] = ()
    names: Callable[[Certificate], bool | None] = attrs.field(default=KeyInfo().names, eq=False)
    data_objects: tuple[xades.DataObject, ...] = ()
    reaches: Callable[[etree._Element], bool] = attrs.field(default=lambda _node: False, eq=False)

    def verify_key(self, key: PublicKey) -> bool:
        """Return whether the signature value is that of the signed octets under *key*; never raises."""
        return _verified(self.algorithm, self.signature_value, self.signed_octets, key)


def refusals(algorithm: SignatureAlgorithm) -> list[tuple[str, str]]:
    """Return the code and the name for what keeps *algorithm* from being verified at all."""
    if algorithm.family not in VERIFIABLE:
        known = {Family.HMAC: "hmac-refused", Family.DSA: "dsa-refused"}
        return [(known.get(algorithm.family, "signature-method-unknown"), str(algorithm))]
    row = DIGESTS.get(algorithm.digest or "")
    if row is not None and row.hashlib is None:
        return [("signature-digest-refused", row.name)]
    return []


def verifier(algorithm: SignatureAlgorithm | None, value: bytes, octets: bytes) -> Callable[[Certificate], bool]:
    """Return what says whether *value* is the signature of *octets* under the key of a certificate."""

    def verify(certificate: Certificate) -> bool:
        try:
            key = certificate.public_key
        except CertificateError:
            return False
        return _verified(algorithm, value, octets, key)

    return verify


def _verified(algorithm: SignatureAlgorithm | None, value: bytes, octets: bytes, key: PublicKey) -> bool:
    if algorithm is None or algorithm.family not in VERIFIABLE:
        return False
    try:
        if algorithm.family is Family.ECDSA:
            if not isinstance(key, ec.EllipticCurvePublicKey):
                return False
            value = algorithms.ecdsa_raw_to_der(value, key.key_size)
        return algorithms.verify(key, algorithm, value, data=octets)
    except CertificateError:
        return False


def candidates(keys: KeyInfo, properties: xades.Properties) -> tuple[Certificate, ...]:
    """Return the certificates that may be the signer's: those that the signed data name first, issuers last."""
    known = distinct(keys.certificates + properties.certificates)
    if len(known) < 2:
        return known
    issuers = {certificate.issuer for certificate in keys.certificates if not certificate.self_issued}
    if not properties.present and not keys.names_any:  # nothing prefers one of them, as nearly always
        return tuple(sorted(known, key=lambda certificate: certificate.subject in issuers))

    def rank(certificate: Certificate) -> tuple[bool, bool, bool]:
        return (
            properties.binding(certificate) is not Binding.MATCHES,
            keys.names(certificate) is False,
            certificate.subject in issuers,
        )

    return tuple(sorted(known, key=rank))
