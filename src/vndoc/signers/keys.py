"""Keys in memory: from ``cryptography``, PEM or PKCS#12."""

from __future__ import annotations

from typing import Any

import attrs
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from vndoc.errors import SignatureError
from vndoc.pki import Certificate, Family, SignatureAlgorithm
from vndoc.pki.algorithms import DIGESTS, hasher, key_family

__all__ = ["KeySigner", "PrivateKey", "sign_with"]

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
"""A private key of ``cryptography``."""


def sign_with(key: PrivateKey, algorithm: SignatureAlgorithm, data: bytes) -> bytes:
    """Return the signature value of *data* by *key*; ``signing-algorithm`` if the key cannot sign that way."""
    family = Family.RSA_PKCS1 if algorithm.family is Family.RSA_PSS else algorithm.family
    if key_family(key.public_key()) is not family:
        raise SignatureError("signing-algorithm", found=str(algorithm))
    if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey):
        return key.sign(data)
    try:
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(data, ec.ECDSA(_hash(algorithm.digest)))
        return key.sign(data, _padding(algorithm), _hash(algorithm.digest))
    except (ValueError, UnsupportedAlgorithm):
        raise SignatureError("signing-algorithm", found=str(algorithm)) from None


def _padding(algorithm: SignatureAlgorithm) -> padding.AsymmetricPadding:
    if algorithm.family is Family.RSA_PKCS1:
        return padding.PKCS1v15()
    if algorithm.salt is None:
        raise SignatureError("signing-algorithm", found=str(algorithm))
    return padding.PSS(padding.MGF1(_hash(algorithm.mgf)), algorithm.salt)


def _hash(name: str | None) -> Any:
    row = DIGESTS.get(name or "")
    if row is None or row.hash is None:
        raise SignatureError("signing-algorithm", found=str(name))
    return row.hash


@attrs.frozen(eq=False, repr=False)
class KeySigner:
    """A signer whose key is in this process."""

    key: PrivateKey
    certificate: Certificate
    chain: tuple[Certificate, ...] = ()
    algorithms: tuple[SignatureAlgorithm, ...] = attrs.field(kw_only=True)

    @algorithms.default
    def _algorithms(self) -> tuple[SignatureAlgorithm, ...]:
        family = key_family(self.key.public_key())
        if family in (Family.ED25519, Family.ED448):
            return (SignatureAlgorithm(family),)
        names = ["sha256", "sha384", "sha512"]
        if family is Family.ECDSA:
            return tuple(SignatureAlgorithm(family, name) for name in names)
        return (
            *(SignatureAlgorithm(Family.RSA_PSS, n, n, hasher(DIGESTS[n]).digest_size) for n in names),
            *(SignatureAlgorithm(Family.RSA_PKCS1, n) for n in names),
        )

    def sign(self, data: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """Return the signature value of *data*; ``signing-algorithm`` if the key cannot sign that way."""
        return sign_with(self.key, algorithm, data)

    def __repr__(self) -> str:
        return f"KeySigner({self.certificate!r})"
