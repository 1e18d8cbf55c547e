"""What extensions certificates carry: those of the roots and subordinates, and of signers in three styles.

The styles follow what is met: ``public`` (national public CAs: hardly any extension), ``g2`` (government, second
generation) and ``g1`` (first generation, with the Netscape extensions of its time). Names, hosts and numbers are
fictional; ``*.example`` never resolves (RFC 2606).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from vndoc.pki import Extension, der
from vndoc.testing._assembly import integer, key_id, named_bits, octet_string

__all__ = [
    "GOVERNMENT_POLICY",
    "access",
    "authority_key",
    "basic_constraints",
    "distribution_points",
    "extended_usage",
    "extension",
    "key_usage",
    "policies",
    "subject_key",
]

STYLES: Final = ("public", "g2", "g1")
GOVERNMENT_POLICY: Final = "2.16.704.1.1.1.1.1"
"""The certificate policy that the second government generation writes."""

_HOST: Final = "http://pki.example"
_USAGES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def extension(value: x509.ExtensionType, *, critical: bool = False) -> Extension:
    """Return an extension of ``cryptography`` as octets."""
    return Extension(value.oid.dotted_string, critical, value.public_bytes())


def key_usage(*names: str, critical: bool = True) -> Extension:
    """Return KeyUsage with the bits *names* set (``digital_signature``, ``content_commitment``, ...)."""
    return Extension("2.5.29.15", critical, der.encode(der.BIT_STRING, named_bits(_USAGES, names)))


def extended_usage(*oids: str, critical: bool = False) -> Extension:
    """Return ExtKeyUsage with the purposes *oids*."""
    return extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in oids]), critical=critical)


def basic_constraints(path_length: int | None = None) -> Extension:
    """Return BasicConstraints of a CA."""
    return extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)


def subject_key(spki: bytes) -> Extension:
    """Return SubjectKeyIdentifier."""
    return Extension("2.5.29.14", False, octet_string(key_id(spki)))


def authority_key(spki: bytes, issuer: bytes | None = None, serial: int = 0) -> Extension:
    """Return AuthorityKeyIdentifier: the key identifier; with *issuer*, the name and serial of its certificate too."""
    more: tuple[bytes, ...] = ()
    if issuer is not None:
        directory = der.encode(der.context(1), der.encode(der.context(4), issuer))
        more = (directory, der.encode(der.context(2, constructed=False), integer(serial)[2:]))
    parts = (der.encode(der.context(0, constructed=False), key_id(spki)), *more)
    return Extension("2.5.29.35", False, der.encode(der.SEQUENCE, *parts))


def _uri(text: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(text)


def full_name(url: str) -> bytes:
    """Return the DistributionPointName of *url*."""
    uri = der.encode(der.context(6, constructed=False), url.encode("ascii"))
    return der.encode(der.context(0), der.encode(der.context(0), uri))


def distribution_points(*urls: str, issuer: bytes | None = None) -> Extension:
    """Return CRLDistributionPoints, one for each of *urls*; *issuer* names who signs the lists, if it is another."""
    behind = b"" if issuer is None else der.encode(der.context(2), der.encode(der.context(4), issuer))
    points = (der.encode(der.SEQUENCE, full_name(url), behind) for url in urls)
    return Extension("2.5.29.31", False, der.encode(der.SEQUENCE, *points))


def access(ca_issuers: str, ocsp: str) -> Extension:
    """Return AuthorityInfoAccess."""
    return extension(
        x509.AuthorityInformationAccess(
            [
                x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, _uri(ca_issuers)),
                x509.AccessDescription(AuthorityInformationAccessOID.OCSP, _uri(ocsp)),
            ]
        )
    )


def policies(oid: str, statement: str | None = None) -> Extension:
    """Return CertificatePolicies with one policy and its practice *statement* (a URL)."""
    row = x509.PolicyInformation(x509.ObjectIdentifier(oid), None if statement is None else [statement])
    return extension(x509.CertificatePolicies([row]))


def signer_rows(style: str, email: str | None) -> list[Extension]:
    """Return what the certificates of persons and organisations carry besides the key identifiers."""
    points = [distribution_points(f"{_HOST}/crl/{style}.crl")]
    names = [] if email is None else [extension(x509.SubjectAlternativeName([x509.RFC822Name(email)]))]
    if style == "g1":
        return [
            key_usage("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
            Extension("2.16.840.1.113730.1.1", False, der.encode(der.BIT_STRING, b"\x05\xa0")),
            Extension("2.16.840.1.113730.1.13", False, der.encode(0x16, b"User Sign of G1")),
            Extension("2.16.840.1.113730.1.4", False, der.encode(0x16, f"{_HOST}/crl/g1.crl".encode())),
            Extension("2.5.29.18", False, der.encode(der.SEQUENCE)),  # issuerAltName without a name, as met
            *names,
            *points,
        ]
    if style == "g2":
        return [
            key_usage("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
            extended_usage("1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.4", "1.3.6.1.4.1.311.20.2.2"),
            policies(GOVERNMENT_POLICY, f"{_HOST}/policies/CP"),
            access(f"{_HOST}/crt/g2.crt", "http://ocsp.example/"),
            *names,
            *points,
        ]
    return [
        key_usage("digital_signature", "content_commitment"),
        access(f"{_HOST}/crt/public.crt", "http://ocsp.example/"),
        *names,
        *points,
    ]


def edited(rows: Iterable[Extension], extra: Iterable[Extension], without: Iterable[str]) -> tuple[Extension, ...]:
    """Return *rows* without the OIDs *without*, those of *extra* put in the place of their likes or behind."""
    changes = {row.oid: row for row in extra}
    kept = [changes.pop(row.oid, row) for row in rows]
    dropped = set(without)
    return tuple(row for row in (*kept, *changes.values()) if row.oid not in dropped)
