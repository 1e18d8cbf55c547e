"""A certificate with its key."""

from __future__ import annotations

import attrs
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509 import load_der_x509_certificate

from vndoc.pki import Certificate, SignatureAlgorithm
from vndoc.signers.keys import KeySigner, PrivateKey

__all__ = [
    "Identity",
]


@attrs.frozen(eq=False, repr=False)
class Identity:
    """A certificate with its key; ``chain`` holds the certificates above it, issuer first, root last."""

    certificate: Certificate
    key: PrivateKey
    chain: tuple[Certificate, ...]

    def signer(self, algorithm: SignatureAlgorithm | None = None) -> KeySigner:
        """Return a signer with this key; with *algorithm*, one that signs in no other way."""
        signer = KeySigner(self.key, self.certificate, self.chain)
        return signer if algorithm is None else attrs.evolve(signer, algorithms=(algorithm,))

    def pem(self, passphrase: bytes | None = None) -> bytes:
        """Return key (PKCS#8) and certificates as PEM, the key encrypted if there is a *passphrase*."""
        locked = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)
        return key + b"".join(
            load_der_x509_certificate(c.der).public_bytes(Encoding.PEM) for c in (self.certificate, *self.chain)
        )

    def pkcs12(self, passphrase: bytes) -> bytes:
        """Return key and certificates as PKCS#12."""
        return pkcs12.serialize_key_and_certificates(
            b"vndoc",
            self.key,
            load_der_x509_certificate(self.certificate.der),
            [load_der_x509_certificate(c.der) for c in self.chain],
            BestAvailableEncryption(passphrase),
        )

    def __repr__(self) -> str:
        return f"Identity({self.certificate!r})"
