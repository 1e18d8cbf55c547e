"""The DER of certificates, put together field by field, so that weak and wrong ones can be made as well.

Builders of libraries refuse SHA-1, overlong names and repeated extensions; real hierarchies hold all of these.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vndoc.errors import UsageError
from vndoc.pki import Extension, Family, SignatureAlgorithm, der
from vndoc.pki.algorithms import DIGESTS, PublicKey, identifier_of, key_family
from vndoc.signers.keys import PrivateKey, sign_with

NameLike = Mapping[str, str | Sequence[str]] | x509.Name | bytes
Span = tuple[datetime.datetime, datetime.datetime]

_MAKERS: Final[Mapping[str, Callable[[], PrivateKey]]] = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ed448": ed448.Ed448PrivateKey.generate,
}

_ATTRIBUTES: Final = {
    "CN": "2.5.4.3",
    "SN": "2.5.4.4",
    "SERIALNUMBER": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "T": "2.5.4.12",
    "GN": "2.5.4.42",
    "UID": "0.9.2342.19200300.100.1.1",
    "emailAddress": "1.2.840.113549.1.9.1",
}
_STRINGS: Final = {"C": 0x13, "SERIALNUMBER": 0x13, "emailAddress": 0x16}
"""PrintableString and IA5String; everything else is UTF8String, as Vietnamese authorities write it."""

_keys: dict[tuple[str, str], PrivateKey] = {}
_lock = threading.Lock()


def private_key(kind: str, label: str) -> PrivateKey:
    """Return the key of *kind* that this process keeps under *label*: made once, since RSA keys are slow to make."""
    with _lock:
        if (kind, label) not in _keys:
            _keys[kind, label] = _generate(kind)
        return _keys[kind, label]


def _generate(kind: str) -> PrivateKey:
    if kind in _MAKERS:
        return _MAKERS[kind]()
    scheme, _, bits = kind.partition("-")
    if scheme != "rsa" or not bits.isdecimal():
        raise UsageError("option-invalid", detail=f"key={kind!r}")
    return rsa.generate_private_key(65537, int(bits))


def scheme(key: PublicKey, digest: str | SignatureAlgorithm) -> SignatureAlgorithm:
    """Return the algorithm an authority with *key* signs with: RSA v1.5, ECDSA or EdDSA, unless one is given whole."""
    if isinstance(digest, SignatureAlgorithm):
        return digest
    family = key_family(key)
    return SignatureAlgorithm(family, None if family in (Family.ED25519, Family.ED448) else digest)


def public_key_info(key: PrivateKey | PublicKey) -> bytes:
    """Return the DER SubjectPublicKeyInfo."""
    public = key.public_key() if isinstance(key, PrivateKey) else key
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_id(spki: bytes) -> bytes:
    """Return the key identifier of RFC 5280, 4.2.1.2, method 1."""
    # SHA-1 names the key here, it protects nothing
    return DIGESTS["sha1"].of(der.bits(der.children(der.read(spki))[1])[0])


def name(value: NameLike) -> bytes:
    """Return the DER Name: *value* as attributes by short name or OID, one RDN each, a list for several."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, x509.Name):
        return value.public_bytes()
    parts = []
    for kind, texts in value.items():
        for text in [texts] if isinstance(texts, str) else texts:
            oid = der.encode_oid(_ATTRIBUTES.get(kind, kind))
            attribute = der.encode(der.SEQUENCE, oid, der.encode(_STRINGS.get(kind, 0x0C), text.encode()))
            parts.append(der.encode(der.SET, attribute))
    return der.encode(der.SEQUENCE, *parts)


def integer(value: int, tag: int = der.INTEGER) -> bytes:
    """Return the DER INTEGER (or ENUMERATED)."""
    return der.encode(tag, value.to_bytes((value + (value < 0)).bit_length() // 8 + 1, "big", signed=True))


def octet_string(content: bytes) -> bytes:
    """Return the DER OCTET STRING."""
    return der.encode(der.OCTET_STRING, content)


def named_bits(names: Sequence[str], chosen: Iterable[str]) -> bytes:
    """Return the content of a BIT STRING whose bits have *names*, those of *chosen* set (X.690, 11.2.2)."""
    if unknown := set(chosen := list(chosen)) - set(names):
        raise UsageError("option-invalid", detail=", ".join(sorted(unknown)))
    bits = "".join("1" if name in chosen else "0" for name in names).rstrip("0")
    unused = -len(bits) % 8
    return bytes((unused,)) + int(bits.ljust(len(bits) + unused, "0") or "0", 2).to_bytes((len(bits) + 7) // 8, "big")


def digest_identifier(digest: str) -> bytes:
    """Return the AlgorithmIdentifier of *digest*, with NULL as parameters as most software writes it."""
    return der.encode(der.SEQUENCE, der.encode_oid(DIGESTS[digest].oid), b"\x05\x00")


def generalized(time: datetime.datetime) -> bytes:
    """Return the DER GeneralizedTime of *time*, to the second."""
    return der.encode(der.GENERALIZED_TIME, _utc(time).strftime("%Y%m%d%H%M%SZ").encode())


def fine_time(time: datetime.datetime) -> bytes:
    """Return the DER GeneralizedTime of *time* with the fraction it has (RFC 3161, 2.4.2)."""
    moment = _utc(time)
    fraction = f".{moment.microsecond:06}".rstrip("0") if moment.microsecond else ""
    return der.encode(der.GENERALIZED_TIME, f"{moment.strftime('%Y%m%d%H%M%S')}{fraction}Z".encode())


def pki_time(time: datetime.datetime) -> bytes:
    """Return UTCTime until 2049 and GeneralizedTime after it (RFC 5280, 4.1.2.5)."""
    moment = _utc(time)
    if not 1950 <= moment.year < 2050:
        return generalized(moment)
    return der.encode(der.UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())


def _utc(time: datetime.datetime) -> datetime.datetime:
    if time.tzinfo is None:
        raise UsageError("time-zone-missing")
    return time.astimezone(datetime.UTC)


def extensions(rows: Iterable[Extension]) -> bytes:
    """Return the DER Extensions."""
    return der.encode(
        der.SEQUENCE,
        *(
            der.encode(
                der.SEQUENCE,
                der.encode_oid(row.oid),
                der.encode(der.BOOLEAN, b"\xff") if row.critical else b"",
                octet_string(row.value),
            )
            for row in rows
        ),
    )


def to_be_signed(
    *,
    serial: int,
    algorithm: SignatureAlgorithm,
    issuer: bytes,
    valid: Span,
    subject: bytes,
    spki: bytes,
    rows: Sequence[Extension],
) -> bytes:
    """Return the DER TBSCertificate: version 3 with *rows* as extensions, version 1 without any."""
    return der.encode(
        der.SEQUENCE,
        der.encode(der.context(0), integer(2)) if rows else b"",
        integer(serial),
        identifier_of(algorithm),
        issuer,
        der.encode(der.SEQUENCE, pki_time(valid[0]), pki_time(valid[1])),
        subject,
        spki,
        der.encode(der.context(3), extensions(rows)) if rows else b"",
    )


def signed(tbs: bytes, key: PrivateKey, algorithm: SignatureAlgorithm, *more: bytes) -> bytes:
    """Return ``SEQUENCE { tbs, algorithm, signature, ... }``: a certificate, a CRL, a BasicOCSPResponse."""
    value = sign_with(key, algorithm, tbs)
    return der.encode(der.SEQUENCE, tbs, identifier_of(algorithm), der.encode(der.BIT_STRING, b"\0", value), *more)
