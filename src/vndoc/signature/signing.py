"""Making signatures, format by format the same way: what a signer is, and the two phases of signing.

A format prepares what is to be signed (:class:`ToBeSigned`), somebody signs it, and the format completes the
document after it has checked the value. Where the key is at hand the three steps are one call; where it is in a SIM
or at a service, ``state`` waits for the answer, if need be in another process::

    prepare(document, credential, ...) -> ToBeSigned      # octets and digest go to the signer, state to a shelf
    complete(state, signature_value)   -> signed document # checked before it is returned

A format builds its two phases on :class:`SigningState`.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, Protocol, runtime_checkable

import attrs
import pybase64
from cryptography.hazmat.primitives.asymmetric import ec

from vndoc.errors import CertificateError, SignatureError
from vndoc.errors._arguments import need, need_time, wrong
from vndoc.pki import der
from vndoc.pki.algorithms import (
    DIGESTS,
    Family,
    PublicKey,
    SignatureAlgorithm,
    ecdsa_raw_to_der,
    hasher,
    key_bits,
    key_family,
    verify,
)
from vndoc.pki.certificate import Certificate

__all__ = [
    "Credential",
    "PublicCredential",
    "Signer",
    "SigningState",
    "ToBeSigned",
    "check_signing_certificate",
    "checked_value",
    "choose_algorithm",
    "key_algorithms",
    "need_signer",
    "plain_pss",
]

_DIGESTS: Final = ("sha256", "sha384", "sha512")
_CURVES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"secp384r1": ("sha384", "sha512", "sha256"), "secp521r1": ("sha512", "sha384", "sha256")}
)
"""Digests by curve where the first choice is not SHA-256: the digest as strong as the curve (RFC 5753, RFC 6931)."""


@runtime_checkable
class Credential(Protocol):
    """The public half of a signer: all that ``prepare`` needs to know."""

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


@runtime_checkable
class Signer(Credential, Protocol):
    """Who signs: a credential with a key that can be used although not seen."""

    def sign(self, data: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """Return the signature value of *data*, the whole octets to be signed; ECDSA values are DER.

        Raises :class:`~vndoc.errors.SignatureError`.
        """
        ...


@attrs.frozen
class PublicCredential:
    """A credential whose key is elsewhere: in a SIM, at a service, on another machine.

    Without ``algorithms`` it is taken to sign in all ways that its key allows.
    """

    certificate: Certificate
    chain: tuple[Certificate, ...] = ()
    algorithms: tuple[SignatureAlgorithm, ...] = attrs.field(kw_only=True)

    @algorithms.default
    def _algorithms(self) -> tuple[SignatureAlgorithm, ...]:
        need("certificate", self.certificate, Certificate)
        return key_algorithms(self.certificate.public_key)


def plain_pss(digest: str) -> SignatureAlgorithm:
    """Return RSASSA-PSS in its plain form: one digest throughout and a salt as long as it is (RFC 4055, 3.1)."""
    return SignatureAlgorithm(Family.RSA_PSS, digest, digest, hasher(DIGESTS[digest]).digest_size)


def key_algorithms(key: PublicKey) -> tuple[SignatureAlgorithm, ...]:
    """Return what the owner of *key* can sign with, best first.

    RSA: RSASSA-PSS before PKCS#1 v1.5 (Circular 15/2025/TT-BKHCN, annex I), as far as the modulus has room for them;
    ECDSA: the digest of the curve first. DSA keys sign nothing here.
    """
    family = key_family(key)
    if family in (Family.ED25519, Family.ED448):
        return (SignatureAlgorithm(family),)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return tuple(SignatureAlgorithm(family, name) for name in _CURVES.get(key.curve.name, _DIGESTS))
    if family is Family.DSA:
        return ()
    room = (key_bits(key) - 1 + 7) // 8  # octets of EM (RFC 8017, 8.1.1)
    return (
        *(found for found in map(plain_pss, _DIGESTS) if room >= 2 * (found.salt or 0) + 2),
        *(SignatureAlgorithm(Family.RSA_PKCS1, name) for name in _DIGESTS),
    )


def need_signer(signer: object) -> None:
    """Raise :class:`~vndoc.errors.UsageError` ``option-invalid`` where *signer* cannot sign or has no certificate."""
    own = getattr(signer, "certificate", None)
    if not isinstance(own, Certificate) or not callable(getattr(signer, "sign", None)):
        raise wrong("signer", Signer.__name__, signer)


def choose_algorithm(
    credential: Credential,
    algorithm: SignatureAlgorithm | None = None,
    *,
    family: Family | None = None,
    digest: str | None = None,
) -> SignatureAlgorithm:
    """Return the first algorithm of *credential* that fits: exactly *algorithm*, or of that *family* and *digest*.

    Raises ``signing-algorithm`` if there is none.
    """
    if not isinstance(getattr(credential, "certificate", None), Certificate):
        raise wrong("credential", Credential.__name__, credential)
    for found in credential.algorithms:
        if algorithm not in (None, found) or family not in (None, found.family) or digest not in (None, found.digest):
            continue
        return found
    wanted = " ".join(str(part) for part in (algorithm, family, digest) if part is not None)
    raise SignatureError("signing-algorithm", found=wanted or "-")


def check_signing_certificate(certificate: Certificate, *, at: datetime.datetime) -> None:
    """Check the signer's own certificate before anything is signed (Circular 15/2025/TT-BKHCN, signing software).

    It must be valid at the time *at* and, if it says what its key is for, be for signing (``digitalSignature`` or
    ``nonRepudiation``). Whether it is revoked and whom it is issued by is for the verification to say.
    :func:`vndoc.seal` and ``vndoc sign`` ask this first; the functions of the formats do not, as who signs knows when.

    Raises ``signer-not-yet-valid``, ``signer-expired`` or ``signer-key-usage``; ``time-zone-missing`` for *at* without
    zone.
    """
    need("certificate", certificate, Certificate)
    need_time("at", at)
    if at < certificate.not_before:
        raise SignatureError("signer-not-yet-valid", time=certificate.not_before.isoformat())
    if at > certificate.not_after:
        raise SignatureError("signer-expired", time=certificate.not_after.isoformat())
    usage = certificate.extensions.get("2.5.29.15")
    if usage is not None and not _signs(usage.value):
        raise SignatureError("signer-key-usage")


def _signs(usage: bytes) -> bool:
    """Return whether KeyUsage has one of its first two bits set (RFC 5280, 4.2.1.3); a damaged one has none."""
    try:
        octets, _ = der.bits(der.read(usage, ber=True))
    except CertificateError:
        return False
    return bool(octets and octets[0] & 0xC0)


@attrs.frozen(kw_only=True, repr=False)
class ToBeSigned:
    """What a signer gets: the ``octets``, the ``algorithm``, the ``digest`` of the octets by that algorithm.

    ``digest`` is empty for EdDSA, which signs octets only. ``state`` is JSON that ``complete`` of the same format
    takes, together with the signature value; it is not secret.
    """

    octets: bytes
    algorithm: SignatureAlgorithm
    digest: bytes
    state: bytes

    def __repr__(self) -> str:
        return f"ToBeSigned({self.algorithm}, digest={self.digest.hex()!r}, {len(self.octets)} octets)"


def checked_value(certificate: Certificate, algorithm: SignatureAlgorithm, octets: bytes, signature: bytes) -> bytes:
    """Return *signature* if it is the value of *octets* under the key of *certificate*; ``signature-value`` if not.

    An ECDSA value may come as DER or as r and s, and is returned as DER.
    """
    key = certificate.public_key
    if verify(key, algorithm, signature, data=octets):
        return signature
    if isinstance(key, ec.EllipticCurvePublicKey) and len(signature) == 2 * ((key.key_size + 7) // 8):
        value = ecdsa_raw_to_der(signature, key.key_size)
        if verify(key, algorithm, value, data=octets):
            return value
    raise SignatureError("signature-value")


_KIND: Final = "vndoc-signing-state"
_VERSION: Final = 1


def _frozen(fields: Mapping[str, bytes | str]) -> Mapping[str, bytes | str]:
    return MappingProxyType(dict(fields))


@attrs.frozen(kw_only=True, repr=False)
class SigningState:
    """A signature half made: what was prepared, and what the format needs to complete it.

    ``format`` names the format and its form (``cades``, ``xades-enveloped``). ``fields`` belong to the format: texts
    and octets by name. What comes back from a shelf is not believed: :meth:`load` checks the form and a checksum
    against damage, :meth:`accept` the signature value, and the format that ``octets`` are those of its document.
    """

    format: str
    certificate: Certificate
    chain: tuple[Certificate, ...] = ()
    algorithm: SignatureAlgorithm
    octets: bytes
    fields: Mapping[str, bytes | str] = attrs.field(factory=dict[str, bytes | str], converter=_frozen)

    def to_be_signed(self) -> ToBeSigned:
        """Return what goes to the signer, with this state in it."""
        name = self.algorithm.digest
        digest = b"" if name is None else DIGESTS[name].of(self.octets)
        return ToBeSigned(octets=self.octets, algorithm=self.algorithm, digest=digest, state=self.dump())

    def accept(self, signature: bytes) -> bytes:
        """Return *signature* as the value of this state's octets: ECDSA in DER, given in DER or as r and s.

        Raises ``signature-value`` if it is not the value of the octets under the key of the certificate, and
        :class:`~vndoc.errors.UsageError` ``option-invalid`` for what is no octets.
        """
        need("signature", signature, bytes, bytearray, memoryview)
        return checked_value(self.certificate, self.algorithm, self.octets, signature)

    def octets_of(self, name: str) -> bytes:
        """Return the octets that the format put into the field *name*; ``signing-state`` if there are none."""
        value = self.fields.get(name)
        if not isinstance(value, bytes):
            raise SignatureError("signing-state", detail=name)
        return value

    def text_of(self, name: str) -> str:
        """Return the text that the format put into the field *name*; ``signing-state`` if there is none."""
        value = self.fields.get(name)
        if not isinstance(value, str):
            raise SignatureError("signing-state", detail=name)
        return value

    def dump(self) -> bytes:
        """Return the state as JSON; equal states give equal octets."""
        body = {
            "kind": _KIND,
            "version": _VERSION,
            "format": self.format,
            "certificate": _to_base64(self.certificate.der),
            "chain": [_to_base64(c.der) for c in self.chain],
            "algorithm": attrs.asdict(self.algorithm, filter=lambda _, value: value is not None),
            "octets": _to_base64(self.octets),
            "fields": {n: v if isinstance(v, str) else {"base64": _to_base64(v)} for n, v in self.fields.items()},
        }
        return _json({**body, "sha256": hashlib.sha256(_json(body)).hexdigest()})

    @classmethod
    def load(cls, state: bytes, *, format: str) -> SigningState:  # noqa: A002 - the field's name
        """Return the state that :meth:`dump` wrote for the same *format*; ``signing-state`` for anything else."""
        body = _read(state)
        if body.get("format") != format:
            raise SignatureError("signing-state", detail="format")
        try:
            found = cls(
                format=format,
                certificate=Certificate.load(_from_base64(body["certificate"])),
                chain=tuple(Certificate.load(_from_base64(text)) for text in body["chain"]),
                algorithm=_algorithm(body["algorithm"]),
                octets=_from_base64(body["octets"]),
                fields=dict(_fields(body["fields"])),
            )
            _check_kinds(found.certificate.public_key, found.algorithm)
        except (CertificateError, ValueError, TypeError, KeyError, AttributeError):
            raise SignatureError("signing-state", detail="JSON") from None
        return found

    def __repr__(self) -> str:
        return f"SigningState({self.format!r}, {self.certificate!r}, {self.algorithm})"


def format_of(state: bytes) -> str:
    """Return the name of the format that wrote *state*; ``signing-state`` for what is no state."""
    return str(_read(state).get("format"))


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _read(state: bytes) -> dict[str, Any]:
    try:
        body = json.loads(state)
        checksum = body.pop("sha256", None) if isinstance(body, dict) else None
        right = hashlib.sha256(_json(body)).hexdigest()
    except (TypeError, ValueError, RecursionError):
        raise SignatureError("signing-state", detail="JSON") from None
    if not isinstance(body, dict) or body.get("kind") != _KIND:
        raise SignatureError("signing-state", detail="JSON")
    if body.get("version") != _VERSION:
        raise SignatureError("signing-state", detail=f"version {body.get('version')}")
    if checksum != right:
        raise SignatureError("signing-state", detail="sha256")
    return body


def _algorithm(value: dict[str, Any]) -> SignatureAlgorithm:
    found = SignatureAlgorithm(**{**value, "family": Family(value["family"])})
    known = all(name is None or DIGESTS[name].hash is not None for name in (found.digest, found.mgf))
    if not known or found.salt not in (None, *range(513)) or found.name is not None:
        raise ValueError
    return found


def _check_kinds(key: PublicKey, algorithm: SignatureAlgorithm) -> None:
    """Check that *algorithm* is whole and for such a key, so that ``accept`` has nothing left to stumble over."""
    if key_family(key) is not (Family.RSA_PKCS1 if algorithm.family is Family.RSA_PSS else algorithm.family):
        raise ValueError
    verify(key, algorithm, b"", data=b"")


def _fields(value: dict[str, Any]) -> Iterator[tuple[str, bytes | str]]:
    for name, held in value.items():
        yield name, held if isinstance(held, str) else _from_base64(held["base64"])


def _to_base64(octets: bytes) -> str:
    return pybase64.b64encode(octets).decode("ascii")


def _from_base64(text: str) -> bytes:
    return pybase64.b64decode(text, validate=True)
