"""Digest and signature algorithms: their names in ASN.1 and in XML, and the one place that verifies a value.

Everything that real signatures name can be *named* here, so that a policy may refuse it by name; only what
:data:`VERIFIABLE` holds can be verified. Nothing is decrypted and compared here (attack A11 of lenient RSA checks).
"""

from __future__ import annotations

import enum
import functools
import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, cast

import attrs
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from vndoc.errors import CertificateError
from vndoc.pki import der

__all__ = [
    "DIGESTS",
    "VERIFIABLE",
    "Digest",
    "Family",
    "PublicKey",
    "SignatureAlgorithm",
    "digest_of_identifier",
    "digest_of_uri",
    "ecdsa_der_to_raw",
    "ecdsa_raw_to_der",
    "hasher",
    "identifier_of",
    "key_bits",
    "key_family",
    "load_public_key",
    "signature_algorithm",
    "verify",
]

PublicKey = (
    rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey | dsa.DSAPublicKey
)
"""A public key of ``cryptography``."""


class Family(enum.StrEnum):
    """Signature schemes. ``UNKNOWN`` is one that has no name here."""

    __hash__ = str.__hash__  # that of enum is written in Python, and tables are asked for each signature

    RSA_PKCS1 = "rsa-pkcs1"
    RSA_PSS = "rsa-pss"
    ECDSA = "ecdsa"
    ED25519 = "ed25519"
    ED448 = "ed448"
    DSA = "dsa"
    HMAC = "hmac"
    UNKNOWN = "unknown"


VERIFIABLE: Final = frozenset({Family.RSA_PKCS1, Family.RSA_PSS, Family.ECDSA, Family.ED25519, Family.ED448})
"""The schemes that are verified at all; the others are refused by name."""


@attrs.frozen(kw_only=True)
class Digest:
    """One digest algorithm: its name, that of :mod:`hashlib` (``None``: not computed here), OID and XML names.

    ``size`` is the length in octets for functions that give any, ``parameters`` what its AlgorithmIdentifier says.
    """

    name: str
    hashlib: str | None
    oid: str
    uris: tuple[str, ...]
    hash: Any = None  # the class of ``cryptography``
    size: int | None = None
    parameters: bytes = b""

    def of(self, data: bytes | memoryview) -> bytes:
        """Return the digest of *data*; ``algorithm-unsupported`` if it is not computed here."""
        found = hasher(self)
        found.update(data)
        return bytes(found.digest())


_XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
_ENC = "http://www.w3.org/2001/04/xmlenc#"
_NIST = "2.16.840.1.101.3.4.2."

DIGESTS: Mapping[str, Digest] = MappingProxyType(
    {
        row.name: row
        for row in (
            Digest(name="sha256", hashlib="sha256", oid=_NIST + "1", uris=(_ENC + "sha256",), hash=hashes.SHA256()),
            Digest(name="sha384", hashlib="sha384", oid=_NIST + "2", uris=(_MORE + "sha384",), hash=hashes.SHA384()),
            Digest(name="sha512", hashlib="sha512", oid=_NIST + "3", uris=(_ENC + "sha512",), hash=hashes.SHA512()),
            Digest(name="sha224", hashlib="sha224", oid=_NIST + "4", uris=(_MORE + "sha224",), hash=hashes.SHA224()),
            Digest(name="sha512-224", hashlib="sha512_224", oid=_NIST + "5", uris=(), hash=hashes.SHA512_224()),
            Digest(name="sha512-256", hashlib="sha512_256", oid=_NIST + "6", uris=(), hash=hashes.SHA512_256()),
            Digest(
                name="sha3-224",
                hashlib="sha3_224",
                oid=_NIST + "7",
                uris=(_MORE_2007 + "sha3-224",),
                hash=hashes.SHA3_224(),
            ),
            Digest(
                name="sha3-256",
                hashlib="sha3_256",
                oid=_NIST + "8",
                uris=(_MORE_2007 + "sha3-256",),
                hash=hashes.SHA3_256(),
            ),
            Digest(
                name="sha3-384",
                hashlib="sha3_384",
                oid=_NIST + "9",
                uris=(_MORE_2007 + "sha3-384",),
                hash=hashes.SHA3_384(),
            ),
            Digest(
                name="sha3-512",
                hashlib="sha3_512",
                oid=_NIST + "10",
                uris=(_MORE_2007 + "sha3-512",),
                hash=hashes.SHA3_512(),
            ),
            Digest(  # 64 octets, for Ed448 in CMS alone (RFC 8419, 2.3)
                name="shake256", hashlib="shake_256", oid=_NIST + "18", uris=(), size=64, parameters=b"\x02\x02\x02\x00"
            ),
            Digest(name="sha1", hashlib="sha1", oid="1.3.14.3.2.26", uris=(_XMLDSIG + "sha1",), hash=hashes.SHA1()),  # noqa: S303 - named and dated by the policies
            Digest(name="md5", hashlib=None, oid="1.2.840.113549.2.5", uris=(_MORE + "md5",)),
            Digest(name="ripemd160", hashlib=None, oid="1.3.36.3.2.1", uris=(_ENC + "ripemd160",)),
        )
    }
)
"""Every digest algorithm by name. MD5 and RIPEMD-160 can be named, not computed."""

_DIGEST_OF_OID = {row.oid: row for row in DIGESTS.values()}
_FIXED_SHAKE = (_NIST + "12", b"")
"""The other name of SHAKE256 with 64 octets, which needs no parameters (RFC 8702, 3.1)."""
_DIGEST_OF_URI = {uri: row for row in DIGESTS.values() for uri in row.uris}


def hasher(digest: Digest) -> Any:
    """Return a new hash object (``update``, ``digest``) of *digest*; ``algorithm-unsupported`` if there is none."""
    if digest.hashlib is None:
        raise CertificateError("algorithm-unsupported", found=digest.name)
    try:
        if digest.hashlib in hashlib.algorithms_guaranteed:
            found = getattr(hashlib, digest.hashlib)(usedforsecurity=False)  # finds it faster than new()
        else:
            found = hashlib.new(digest.hashlib, usedforsecurity=False)
    except ValueError:
        raise CertificateError("algorithm-unsupported", found=digest.name) from None
    return found if digest.size is None else _Fixed(found, digest.size)


class _Fixed:
    """A function that gives digests of any length, at one length."""

    def __init__(self, found: Any, size: int) -> None:
        self.update, self.digest_size, self._found = found.update, size, found

    def copy(self) -> _Fixed:
        return _Fixed(self._found.copy(), self.digest_size)

    def digest(self) -> bytes:
        return bytes(self._found.digest(self.digest_size))


def digest_of_identifier(octets: bytes) -> Digest:
    """Return the digest named by a DER AlgorithmIdentifier; ``algorithm-unsupported`` names an unknown OID."""
    common = _COMMON_DIGESTS.get(octets)
    if common is not None:
        return common
    name, parameters = _identifier(octets)
    if (name, parameters) == _FIXED_SHAKE:
        return DIGESTS["shake256"]
    found = _DIGEST_OF_OID.get(name)
    if found is None or parameters not in ((found.parameters,) if found.parameters else (b"", b"\x05\x00")):
        raise CertificateError("algorithm-unsupported", found=name)
    return found


_COMMON_DIGESTS: Mapping[bytes, Digest] = {
    der.encode(der.SEQUENCE, der.encode_oid(row.oid), parameters): row
    for row in DIGESTS.values()
    if not row.parameters
    for parameters in (b"\x05\x00", b"")
}
"""The encodings of identifiers of digests without parameters: no need to take them apart."""


def digest_of_uri(uri: str) -> Digest | None:
    """Return the digest that XML-DSig names *uri* (RFC 9231), or ``None``."""
    return _DIGEST_OF_URI.get(uri)


@attrs.frozen(cache_hash=True)
class SignatureAlgorithm:
    """A signature scheme with its digest. For RSASSA-PSS also the digest of MGF1 and the salt in octets.

    ``name`` is what an unknown algorithm calls itself (an OID or URI). EdDSA has no digest of its own.
    """

    family: Family
    digest: str | None = None
    mgf: str | None = None
    salt: int | None = None
    name: str | None = None

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        row = DIGESTS.get(self.digest or "") if self.family is Family.RSA_PSS else None
        usual = row is None or row.hashlib is None or (self.mgf, self.salt) == (row.name, hasher(row).digest_size)
        own = "" if usual else f" (MGF1 {self.mgf}, salt {self.salt})"  # without them it looks like what is accepted
        return self.family.value if self.digest is None else f"{self.family.value}-{self.digest}{own}"


_RSA = "1.2.840.113549.1.1."
_EC = "1.2.840.10045.4."
_DSA = "2.16.840.1.101.3.4.3."
_PSS_OID: Final = _RSA + "10"

_SIGNATURE_OIDS: Mapping[str, tuple[Family, str | None]] = {
    _RSA + "1": (Family.RSA_PKCS1, None),  # the digest stands beside it (CMS)
    _RSA + "4": (Family.RSA_PKCS1, "md5"),
    _RSA + "5": (Family.RSA_PKCS1, "sha1"),
    "1.3.14.3.2.29": (Family.RSA_PKCS1, "sha1"),
    _RSA + "11": (Family.RSA_PKCS1, "sha256"),
    _RSA + "12": (Family.RSA_PKCS1, "sha384"),
    _RSA + "13": (Family.RSA_PKCS1, "sha512"),
    _RSA + "14": (Family.RSA_PKCS1, "sha224"),
    _RSA + "15": (Family.RSA_PKCS1, "sha512-224"),
    _RSA + "16": (Family.RSA_PKCS1, "sha512-256"),
    _DSA + "13": (Family.RSA_PKCS1, "sha3-224"),
    _DSA + "14": (Family.RSA_PKCS1, "sha3-256"),
    _DSA + "15": (Family.RSA_PKCS1, "sha3-384"),
    _DSA + "16": (Family.RSA_PKCS1, "sha3-512"),
    "1.2.840.10045.2.1": (Family.ECDSA, None),  # as _RSA + "1"
    _EC + "1": (Family.ECDSA, "sha1"),
    _EC + "3.1": (Family.ECDSA, "sha224"),
    _EC + "3.2": (Family.ECDSA, "sha256"),
    _EC + "3.3": (Family.ECDSA, "sha384"),
    _EC + "3.4": (Family.ECDSA, "sha512"),
    _DSA + "9": (Family.ECDSA, "sha3-224"),
    _DSA + "10": (Family.ECDSA, "sha3-256"),
    _DSA + "11": (Family.ECDSA, "sha3-384"),
    _DSA + "12": (Family.ECDSA, "sha3-512"),
    "1.3.101.112": (Family.ED25519, None),
    "1.3.101.113": (Family.ED448, None),
    "1.2.840.10040.4.1": (Family.DSA, None),
    "1.2.840.10040.4.3": (Family.DSA, "sha1"),
    _DSA + "1": (Family.DSA, "sha224"),
    _DSA + "2": (Family.DSA, "sha256"),
}
_MGF1: Final = _RSA + "8"


def signature_algorithm(octets: bytes, digest: Digest | None = None) -> SignatureAlgorithm:
    """Return the scheme named by a DER AlgorithmIdentifier (RFC 5280, 4.1.1.2; RFC 4055 for RSASSA-PSS).

    *digest* completes identifiers that leave it to CMS (``rsaEncryption``). An identifier that is not known gives
    ``Family.UNKNOWN`` with its OID as name. Raises ``der-malformed`` for what is no AlgorithmIdentifier.
    """
    common = _COMMON.get(octets)
    if common is not None:
        return common
    left_open = _LEFT_OPEN.get(octets)
    if left_open is not None:
        return SignatureAlgorithm(left_open, None if digest is None else digest.name)
    name, parameters = _identifier(octets)
    if name == _PSS_OID:
        return _pss(parameters)
    row = _SIGNATURE_OIDS.get(name)
    if row is None:
        return SignatureAlgorithm(Family.UNKNOWN, name=name)
    family, own = row
    if own is None and digest is not None and family not in (Family.ED25519, Family.ED448):
        own = digest.name
    return SignatureAlgorithm(family, own)


_COMMON: Mapping[bytes, SignatureAlgorithm] = {
    der.encode(der.SEQUENCE, der.encode_oid(oid), parameters): SignatureAlgorithm(*row)
    for oid, row in _SIGNATURE_OIDS.items()
    if row[1] is not None
    for parameters in (b"\x05\x00", b"")
}
"""The encodings of identifiers that name their digest themselves."""

_LEFT_OPEN: Mapping[bytes, Family] = {
    der.encode(der.SEQUENCE, der.encode_oid(oid), parameters): family
    for oid, (family, digest) in _SIGNATURE_OIDS.items()
    if digest is None and family not in (Family.ED25519, Family.ED448)
    for parameters in (b"\x05\x00", b"")
}
"""The encodings of identifiers whose digest stands beside them."""


def identifier_of(algorithm: SignatureAlgorithm) -> bytes:
    """Return the DER AlgorithmIdentifier for *algorithm*; ``algorithm-unsupported`` if it is not made here."""
    if algorithm.family is Family.RSA_PSS:
        return _pss_identifier(algorithm)
    for oid, row in _SIGNATURE_OIDS.items():
        if row == (algorithm.family, algorithm.digest) and algorithm.family in VERIFIABLE:
            parameters = b"\x05\x00" if algorithm.family is Family.RSA_PKCS1 else b""
            return der.encode(der.SEQUENCE, der.encode_oid(oid), parameters)
    raise CertificateError("algorithm-unsupported", found=str(algorithm))


def _identifier(octets: bytes) -> tuple[str, bytes]:
    sequence = der.read(octets, ber=True)
    parts = der.children(sequence, ber=True)
    if sequence.tag != der.SEQUENCE or not 1 <= len(parts) <= 2 or sequence.stop != len(octets):
        raise CertificateError("der-malformed", offset=0)
    null = len(parts) == 2 and parts[1].tag == der.NULL and not parts[1].content  # in BER, of any form of length
    return der.oid(parts[0]), b"\x05\x00" if null else parts[1].octets if len(parts) == 2 else b""


def _pss(parameters: bytes) -> SignatureAlgorithm:
    """Return the scheme of RSASSA-PSS-params (RFC 4055, section 3.1); absent fields are SHA-1, MGF1, 20, 1."""
    digest, mgf, salt, trailer = "sha1", "sha1", 20, 1
    fields = der.children(der.read(parameters, ber=True), ber=True) if parameters else []
    for field in fields:
        inner, *more = der.children(field, ber=True) or [field]
        if more:
            raise CertificateError("der-malformed", offset=field.start)
        if field.tag == der.context(0):
            digest = digest_of_identifier(inner.octets).name
        elif field.tag == der.context(1):
            name, own = _identifier(inner.octets)
            if name != _MGF1:
                raise CertificateError("algorithm-unsupported", found=name)
            mgf = digest_of_identifier(own).name
        elif field.tag == der.context(2):
            salt = der.integer(inner)
        elif field.tag == der.context(3):
            trailer = der.integer(inner)
        else:
            raise CertificateError("der-malformed", offset=field.start)
    if trailer != 1 or not 0 <= salt <= 512:
        raise CertificateError("algorithm-unsupported", found="RSASSA-PSS-params")
    return SignatureAlgorithm(Family.RSA_PSS, digest, mgf, salt)


def _pss_identifier(algorithm: SignatureAlgorithm) -> bytes:
    if algorithm.digest is None or algorithm.mgf is None or algorithm.salt is None:
        raise CertificateError("algorithm-unsupported", found=str(algorithm))
    digest = der.encode(der.SEQUENCE, der.encode_oid(DIGESTS[algorithm.digest].oid), b"\x05\x00")
    mgf_digest = der.encode(der.SEQUENCE, der.encode_oid(DIGESTS[algorithm.mgf].oid), b"\x05\x00")
    mgf = der.encode(der.SEQUENCE, der.encode_oid(_MGF1), mgf_digest)
    salt = der.encode(der.INTEGER, algorithm.salt.to_bytes(algorithm.salt.bit_length() // 8 + 1, "big"))
    fields = [der.encode(der.context(number), part) for number, part in enumerate((digest, mgf, salt))]
    return der.encode(der.SEQUENCE, der.encode_oid(_PSS_OID), der.encode(der.SEQUENCE, *fields))


_RSA_HEADERS: Final = 23
"""Octets of a SubjectPublicKeyInfo with an RSA key that are in neither of its numbers: at least so many."""
_EXPONENT_BITS: Final = 256
"""Bits of a public RSA exponent (FIPS 186-5, 5.1): one as long as the modulus takes hundreds of times as long."""
_USABLE: set[type] = set()
"""The classes behind :data:`PublicKey`, as they are met."""


def load_public_key(spki: bytes) -> PublicKey:
    """Return the key of a DER SubjectPublicKeyInfo; ``key-unsupported`` if it is damaged or of another kind."""
    try:
        key: Any = load_der_public_key(spki)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CertificateError("key-unsupported") from None
    if type(key) not in _USABLE:  # asking the abstract classes takes long
        if not isinstance(key, PublicKey):
            raise CertificateError("key-unsupported")
        _USABLE.add(type(key))
    if key_family(key) is Family.RSA_PKCS1 and _exponent_is_long(key, spki):
        raise CertificateError("key-unsupported")
    return cast("PublicKey", key)


def _exponent_is_long(key: Any, spki: bytes) -> bool:
    """Return whether the exponent of an RSA *key* is longer than allowed.

    Its numbers are asked for only where *spki* leaves room for a long one beside the modulus: that takes long, too.
    """
    if len(spki) - key.key_size // 8 <= _EXPONENT_BITS // 8 + _RSA_HEADERS:
        return False
    return bool(key.public_numbers().e.bit_length() > _EXPONENT_BITS)


def key_family(key: PublicKey) -> Family:
    """Return the scheme that *key* is for; RSA keys give ``RSA_PKCS1`` and serve RSASSA-PSS as well."""
    known = _FAMILY_OF_CLASS.get(type(key))
    if known is None:
        known = next((family for kind, family in _KEY_FAMILIES if isinstance(key, kind)), Family.DSA)
        _FAMILY_OF_CLASS[type(key)] = known
    return known


_FAMILY_OF_CLASS: dict[type, Family] = {}
"""The classes behind the abstract ones of ``cryptography``, as they are met: asking those takes long."""
_EDWARDS_BITS: Final = {Family.ED25519: 256, Family.ED448: 456}
_KEY_FAMILIES: tuple[tuple[type, Family], ...] = (
    (rsa.RSAPublicKey, Family.RSA_PKCS1),
    (ec.EllipticCurvePublicKey, Family.ECDSA),
    (ed25519.Ed25519PublicKey, Family.ED25519),
    (ed448.Ed448PublicKey, Family.ED448),
)


def key_bits(key: PublicKey) -> int:
    """Return the size of *key* in bits: the modulus, the field of the curve."""
    return _EDWARDS_BITS.get(key_family(key)) or int(getattr(key, "key_size"))  # noqa: B009 - not every class has it


def ecdsa_raw_to_der(raw: bytes, bits: int) -> bytes:
    """Return the DER form (RFC 3279) of an ECDSA value *raw*, which is r and s as in XML-DSig and IEEE P1363.

    Each must have exactly the octets of the order of a curve of *bits* bits. Raises ``ecdsa-value-malformed``.
    """
    size = (bits + 7) // 8
    if len(raw) != 2 * size:
        raise CertificateError("ecdsa-value-malformed", found=len(raw), expected=2 * size)
    return encode_dss_signature(int.from_bytes(raw[:size], "big"), int.from_bytes(raw[size:], "big"))


def ecdsa_der_to_raw(value: bytes, bits: int) -> bytes:
    """Return the ECDSA *value*, given in DER, as r and s of full length. Raises ``ecdsa-value-malformed``."""
    size = (bits + 7) // 8
    try:
        r, s = decode_dss_signature(value)
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    except (ValueError, OverflowError):
        raise CertificateError("ecdsa-value-malformed", found=len(value), expected=2 * size) from None


def verify(
    key: PublicKey,
    algorithm: SignatureAlgorithm,
    signature: bytes,
    *,
    data: bytes | None = None,
    digest: bytes | None = None,
) -> bool:
    """Return whether *signature* is that of *data*, or of octets with that *digest*, under *key*.

    ECDSA values are DER (RFC 3279). A key of another kind than the algorithm gives ``False``: the key decides, never
    the document (attack A6). Raises ``algorithm-unsupported`` for schemes outside :data:`VERIFIABLE`, and where
    only a digest is given for EdDSA.
    """
    wanted = _KEYS.get(algorithm.family)
    if wanted is None:
        raise CertificateError("algorithm-unsupported", found=str(algorithm))
    if (_FAMILY_OF_CLASS.get(type(key)) or key_family(key)) is not wanted:
        return False
    if wanted in _EDWARDS_BITS and data is None:
        raise CertificateError("algorithm-unsupported", found=f"{algorithm} of a digest")
    octets = data if digest is None or wanted in _EDWARDS_BITS else digest
    parameters = _parameters(algorithm.family, algorithm.digest, algorithm.mgf, algorithm.salt, digest is not None)
    check: Any = key.verify  # which arguments it takes depends on the kind of key
    try:
        check(signature, octets, *parameters)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True


_KEYS: Final = {family: Family.RSA_PKCS1 if family is Family.RSA_PSS else family for family in VERIFIABLE}
"""What a key has to be for, by the scheme."""


@functools.lru_cache(maxsize=64)
def _parameters(family: Family, digest: str | None, mgf: str | None, salt: int | None, hashed: bool) -> tuple[Any, ...]:
    """Return what ``verify`` of a key is told beside signature and octets; these values do not change."""
    if family in _EDWARDS_BITS:
        return ()
    row = DIGESTS.get(digest or "")
    if row is None or row.hash is None:
        raise CertificateError("algorithm-unsupported", found=str(SignatureAlgorithm(family, digest, mgf, salt)))
    kind: Any = Prehashed(row.hash) if hashed else row.hash
    if family is Family.ECDSA:
        return (ec.ECDSA(kind),)
    if family is Family.RSA_PKCS1:
        return padding.PKCS1v15(), kind
    own = DIGESTS[mgf or ""]
    if own.hash is None or salt is None:
        raise CertificateError("algorithm-unsupported", found=str(SignatureAlgorithm(family, digest, mgf, salt)))
    return padding.PSS(padding.MGF1(own.hash), salt), kind
