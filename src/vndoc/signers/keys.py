"""Keys in memory: from ``cryptography``, PEM or PKCS#12.

Passphrases are arguments, or functions that are asked when one is needed; they stand in no text, no ``repr`` and no
error. Reading the file is the caller's business.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Callable, Iterable
from typing import Any, Final, get_args

import attrs
import pybase64
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
    pkcs12,
)

from vndoc.errors import CertificateError, SignatureError
from vndoc.errors._arguments import need, need_all
from vndoc.pki import Certificate, Family, SignatureAlgorithm, der, load_certificates
from vndoc.pki.algorithms import DIGESTS, PublicKey, key_family
from vndoc.signature.signing import key_algorithms
from vndoc.signers._costs import check_costs
from vndoc.text import Text

__all__ = ["MAX_KEY_FILE", "KeySigner", "Passphrase", "PrivateKey", "order_chain", "sign_with"]

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
"""A private key of ``cryptography``."""

Passphrase = bytes | str | Callable[[], bytes | str]
"""A passphrase, or a function that asks for it."""

MAX_KEY_FILE: Final = 256 * 1024
"""Octets of a file with a key and its certificates; real ones have below twenty thousand."""

_NO_KEY: Final = Text("tệp không có khóa bí mật nào", "there is no private key in it")
_KEYS: Final = Text("tệp có {count} khóa bí mật, cần đúng một", "there are {count} private keys in it, not one")
_NO_PKCS8: Final = Text("không phải PKCS#8, PKCS#1 hay SEC 1", "it is no PKCS#8, PKCS#1 or SEC 1")
_NO_PKCS12: Final = Text("không phải PKCS#12", "it is no PKCS#12")
_TOO_BIG: Final = Text("lớn hơn {limit} byte", "it is larger than {limit} bytes")

_PEM_KEY: Final = re.compile(rb"-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?-----END \1PRIVATE KEY-----", re.DOTALL)


def sign_with(key: PrivateKey, algorithm: SignatureAlgorithm, data: bytes) -> bytes:
    """Return the signature value of *data* by *key*; ``signing-algorithm`` if the key cannot sign that way."""
    need("algorithm", algorithm, SignatureAlgorithm)
    need("data", data, bytes, bytearray, memoryview)
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
        # a modulus too small for the digest, a digest that this build of OpenSSL does not sign
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


def order_chain(certificate: Certificate, others: Iterable[Certificate]) -> tuple[Certificate, ...]:
    """Return those of *others* that lead up from *certificate*, the issuer first.

    A link is the issuer's name and, where both give it, the key identifier; no signature is checked and nothing is
    trusted. Certificates that are no part of the chain are left out.
    """
    need("certificate", certificate, Certificate)
    left = [other for other in need_all("others", others, Certificate) if other != certificate]
    chain: list[Certificate] = []
    current = certificate
    while not current.self_issued or current.authority_key_id not in (None, current.subject_key_id):
        above = next((other for other in left if _may_issue(other, current)), None)
        if above is None:
            break
        left.remove(above)
        chain.append(above)
        current = above
    return tuple(chain)


def _may_issue(issuer: Certificate, subject: Certificate) -> bool:
    ids = (issuer.subject_key_id, subject.authority_key_id)
    return issuer.subject == subject.issuer and (None in ids or ids[0] == ids[1])


@attrs.frozen(eq=False, repr=False)
class KeySigner:
    """A signer whose key is in this process.

    ``chain`` may be given in any order and with certificates too many; it is put in order. ``protected`` is whether the
    file that the key came from cannot be opened without a passphrase (one that is empty protects nothing), ``None``
    where it came from no file. Raises ``signer-key-mismatch`` if *key* is not that of the certificate,
    ``key-unsupported`` if that has no usable one.
    """

    key: PrivateKey
    certificate: Certificate
    chain: tuple[Certificate, ...] = attrs.field(default=())
    algorithms: tuple[SignatureAlgorithm, ...] = attrs.field(kw_only=True)
    protected: bool | None = attrs.field(kw_only=True, default=None)

    def __attrs_post_init__(self) -> None:
        self._check()
        if spki(self.key.public_key()) != spki(self.certificate.public_key):
            raise SignatureError("signer-key-mismatch")
        object.__setattr__(self, "chain", order_chain(self.certificate, self.chain))

    @algorithms.default
    def _algorithms(self) -> tuple[SignatureAlgorithm, ...]:
        self._check()
        return key_algorithms(self.key.public_key())

    def _check(self) -> None:
        need("key", self.key, *get_args(PrivateKey))
        need("certificate", self.certificate, Certificate)

    @classmethod
    def from_pem(
        cls, data: bytes, certificates: bytes | Iterable[Certificate] = (), *, passphrase: Passphrase | None = None
    ) -> KeySigner:
        """Return the signer of a PEM file (PKCS#8, PKCS#1 or SEC 1; DER is read as well).

        The certificates may stand in the same file, or be *certificates*: values, or a file in any form that
        :func:`~vndoc.pki.load_certificates` reads. The one that belongs to the key is the signer's, the others may
        be its chain.

        The passphrase is asked for only if the key is encrypted; for one that is not, ``protected`` is false, whatever
        passphrase was given. Raises ``private-key-unreadable``, ``passphrase-needed``, ``passphrase-wrong``, what
        reading certificates raises, ``signer-certificate-missing`` if none belongs to the key, and
        :class:`~vndoc.errors.UsageError` ``option-invalid`` for a path in place of what is in the file.
        """
        data = _limited(data)
        key, protected = _load_key(data, passphrase)
        found = [*_certificates_beside(data), *_given(certificates)]
        return cls._of(key, found, protected)

    @classmethod
    def from_pkcs12(cls, data: bytes, passphrase: Passphrase | None = None) -> KeySigner:
        """Return the signer of a PKCS#12 file (``.p12``, ``.pfx``).

        A passphrase that is given has to be right, as for ``openssl pkcs12``: a file that was made with the empty one
        opens without a passphrase, or with the empty one, and with no other. A file that is neither encrypted nor has
        a MAC opens with any. Of both, ``protected`` is false, and a function is not asked.

        Raises ``private-key-unreadable``, ``passphrase-needed``, ``passphrase-wrong``,
        ``signer-certificate-missing`` and, for a path, ``option-invalid``.
        """
        (key, own, others), protected = _open_pkcs12(_limited(data), passphrase)
        found = [Certificate.load(c.public_bytes(Encoding.DER)) for c in ([own] if own else []) + list(others)]
        return cls._of(_usable(key), found, protected)

    @classmethod
    def _of(cls, key: PrivateKey, certificates: list[Certificate], protected: bool) -> KeySigner:
        """Return the signer with the one certificate that belongs to *key*: the newest, if it was renewed."""
        own = spki(key.public_key())
        mine = [certificate for certificate in certificates if _spki_or_none(certificate) == own]
        if not mine:
            raise SignatureError("signer-certificate-missing")
        certificate = max(mine, key=lambda c: (c.not_before, c.not_after))
        return cls(key, certificate, tuple(c for c in certificates if c not in mine), protected=protected)

    def sign(self, data: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """Return the signature value of *data*; ``signing-algorithm`` if the key cannot sign that way."""
        return sign_with(self.key, algorithm, data)

    def __repr__(self) -> str:
        return f"KeySigner({self.certificate!r})"


def spki(key: PublicKey) -> bytes:
    """Return the DER SubjectPublicKeyInfo of *key* in one form, so that two can be compared."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _spki_or_none(certificate: Certificate) -> bytes | None:
    try:
        return spki(certificate.public_key)
    except CertificateError:
        return None


def _limited(data: bytes) -> bytes:
    need("data", data, bytes, bytearray, memoryview)
    if len(data) > MAX_KEY_FILE:
        raise SignatureError("private-key-unreadable", detail=_TOO_BIG.filled(limit=MAX_KEY_FILE))
    return bytes(data)


def _secret(passphrase: Passphrase | None) -> bytes:
    value = passphrase() if callable(passphrase) else passphrase
    secret = value.encode() if isinstance(value, str) else value
    need("passphrase", secret, bytes, bytearray, type(None))
    if not secret:
        raise SignatureError("passphrase-needed")
    return secret


def _usable(key: object) -> PrivateKey:
    if not isinstance(key, PrivateKey):
        raise SignatureError("private-key-unreadable", detail=_NO_KEY if key is None else type(key).__name__)
    return key


def _load_key(data: bytes, passphrase: Passphrase | None) -> tuple[PrivateKey, bool]:
    """Return the private key of a file, and whether it is encrypted: first as if it were not, which tells."""
    load: Callable[[bytes, bytes | None], object] = load_der_private_key
    octets = data
    if not data.startswith(b"\x30"):
        blocks = [match[0] for match in _PEM_KEY.finditer(data)]
        if len(blocks) != 1:
            detail = _KEYS.filled(count=len(blocks)) if blocks else _NO_KEY
            raise SignatureError("private-key-unreadable", detail=detail)
        load, octets = load_pem_private_key, blocks[0]
    try:
        return _usable(load(octets, None)), False
    except TypeError:  # it is encrypted
        check_costs(octets if octets is data else _unarmoured(octets))
        secret = _secret(passphrase)
    except (ValueError, UnsupportedAlgorithm):
        raise SignatureError("private-key-unreadable", detail=_NO_PKCS8) from None
    try:
        return _usable(load(octets, secret)), True
    except (ValueError, UnsupportedAlgorithm):
        raise SignatureError("passphrase-wrong") from None


def _unarmoured(block: bytes) -> bytes:
    """Return the octets of a PEM block whose form a library has read; lines of a header are no base64 and fall out."""
    lines = [line for line in block.splitlines()[1:-1] if b":" not in line]
    return pybase64.b64decode(b"".join(lines))


_Pkcs12 = tuple[object, x509.Certificate | None, Iterable[x509.Certificate]]
"""Key, its certificate, other certificates."""


def _open_pkcs12(data: bytes, passphrase: Passphrase | None) -> tuple[_Pkcs12, bool]:
    """Return what is in the file, and whether it takes a passphrase to open it."""
    if not _is_pfx(data):
        raise SignatureError("private-key-unreadable", detail=_NO_PKCS12)
    check_costs(data)
    try:
        found = _loaded(data, None)
    except (ValueError, UnsupportedAlgorithm):  # it is encrypted, or has another flaw that shows again
        return _unlocked(data, _secret(passphrase)), True
    if passphrase and not callable(passphrase):  # what is not protected at all opens with this one, too
        _unlocked(data, _secret(passphrase))
    return found, False


def _unlocked(data: bytes, secret: bytes) -> _Pkcs12:
    try:
        return _loaded(data, secret)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: a passphrase that is no UTF-8
        raise SignatureError("passphrase-wrong") from None


def _loaded(data: bytes, secret: bytes | None) -> _Pkcs12:
    """Return what is in the PKCS#12 file; that it is BER, as old exports are, is nothing to warn of (RFC 7292, 4)."""
    with _QUIET, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PKCS#12 bundle could not be parsed as DER", UserWarning)
        return pkcs12.load_key_and_certificates(data, secret)


_QUIET: Final = threading.Lock()
"""The filters of warnings belong to all threads: only one at a time changes them, and puts them back."""


def _is_pfx(data: bytes) -> bool:
    """Return whether *data* is a PFX of version 3 (RFC 7292, section 4)."""
    try:
        outer = der.read(data, ber=True)
        return outer.stop == len(data) and der.integer(der.children(outer, ber=True)[0]) == 3
    except (CertificateError, IndexError):
        return False


def _certificates_beside(data: bytes) -> tuple[Certificate, ...]:
    return load_certificates(data) if b"CERTIFICATE-----" in data else ()


def _given(certificates: bytes | Iterable[Certificate]) -> Iterable[Certificate]:
    if isinstance(certificates, bytes | bytearray | memoryview):
        return load_certificates(bytes(certificates))
    return need_all("certificates", certificates, Certificate)
