"""Making signatures, format by format the same way: what a signer is, and the two phases of signing.

A format prepares what is to be signed (:class:`ToBeSigned`), somebody signs it, and the format completes the
document after it has checked the value. Where the key is at hand the three steps are one call; where it is in a SIM
or at a service, ``state`` waits for the answer, if need be in another process.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import attrs

from vndoc.pki.algorithms import SignatureAlgorithm
from vndoc.pki.certificate import Certificate

__all__ = ["Signer", "ToBeSigned"]


@runtime_checkable
class Signer(Protocol):
    """Who signs: a certificate, the certificates above it, and a key that can be used although not seen."""

    @property
    def certificate(self) -> Certificate:
        """Return the signer's certificate."""
        ...

    @property
    def chain(self) -> tuple[Certificate, ...]:
        """Return the certificates above it that go into the signature: the issuer first; may be empty."""
        ...

    @property
    def algorithms(self) -> tuple[SignatureAlgorithm, ...]:
        """Return what the key can sign with, best first."""
        ...

    def sign(self, data: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """Return the signature value of *data*, the whole octets to be signed; ECDSA values are DER.

        Raises :class:`~vndoc.errors.SignatureError`.
        """
        ...


@attrs.frozen(kw_only=True)
class ToBeSigned:
    """What a signer gets: the ``octets``, the ``algorithm``, the ``digest`` of the octets by that algorithm.

    ``digest`` is empty for EdDSA, which signs octets only. ``state`` is JSON that ``complete`` of the same format
    takes, together with the signature value; it is not secret.
    """

    octets: bytes
    algorithm: SignatureAlgorithm
    digest: bytes
    state: bytes
