"""The names of XML signatures: namespaces, and every algorithm that a URI can name (RFC 9231)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lxml import etree

from vndoc.pki.algorithms import Digest, Family, SignatureAlgorithm, digest_of_uri
from vndoc.signature.signing import plain_pss
from vndoc.xml import Canonical

__all__ = [
    "BASE64",
    "CANONICAL",
    "DS",
    "DS11",
    "ENVELOPED",
    "MORE",
    "MORE_2007",
    "REFUSED_TRANSFORMS",
    "SIGNATURES",
    "canonical_method",
    "digest_method",
    "ds",
    "uri_of",
]

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
DS11: Final = "http://www.w3.org/2009/xmldsig11#"
MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
MORE_2007: Final = "http://www.w3.org/2007/05/xmldsig-more#"
MORE_2021: Final = "http://www.w3.org/2021/04/xmldsig-more#"

ENVELOPED: Final = DS + "enveloped-signature"
BASE64: Final = DS + "base64"

CANONICAL: Mapping[str, Canonical] = {form.value: form for form in Canonical}
"""The canonical forms by URI."""

REFUSED_TRANSFORMS: Mapping[str, str] = {
    "http://www.w3.org/TR/1999/REC-xslt-19991116": "xslt-refused",
    "http://www.w3.org/TR/1999/REC-xpath-19991116": "xpath-refused",
    "http://www.w3.org/2002/06/xmldsig-filter2": "xpath-refused",
    "http://www.w3.org/2001/04/xmldsig-more/xptr": "xpath-refused",
}
"""Transforms that are known and never carried out, with the code of the reason."""


def ds(name: str) -> str:
    """Return the tag of the element *name* of XML-DSig."""
    return f"{{{DS}}}{name}"


_SHA2 = ("sha224", "sha256", "sha384", "sha512")
_SHA3 = ("sha3-224", "sha3-256", "sha3-384", "sha3-512")

SIGNATURES: Mapping[str, SignatureAlgorithm] = {
    DS + "rsa-sha1": SignatureAlgorithm(Family.RSA_PKCS1, "sha1"),
    MORE + "rsa-md5": SignatureAlgorithm(Family.RSA_PKCS1, "md5"),
    MORE + "rsa-ripemd160": SignatureAlgorithm(Family.RSA_PKCS1, "ripemd160"),
    **{f"{MORE}rsa-{name}": SignatureAlgorithm(Family.RSA_PKCS1, name) for name in _SHA2},
    **{f"{MORE_2007}{name}-rsa-MGF1": plain_pss(name) for name in ("sha1", *_SHA2, *_SHA3)},
    **{f"{MORE}ecdsa-{name}": SignatureAlgorithm(Family.ECDSA, name) for name in ("sha1", *_SHA2)},
    MORE_2007 + "ecdsa-ripemd160": SignatureAlgorithm(Family.ECDSA, "ripemd160"),
    **{f"{MORE_2021}ecdsa-{name}": SignatureAlgorithm(Family.ECDSA, name) for name in _SHA3},
    MORE_2021 + "eddsa-ed25519": SignatureAlgorithm(Family.ED25519),
    MORE_2021 + "eddsa-ed448": SignatureAlgorithm(Family.ED448),
    DS + "dsa-sha1": SignatureAlgorithm(Family.DSA, "sha1"),
    DS11 + "dsa-sha256": SignatureAlgorithm(Family.DSA, "sha256"),
    DS + "hmac-sha1": SignatureAlgorithm(Family.HMAC, "sha1"),
    MORE + "hmac-md5": SignatureAlgorithm(Family.HMAC, "md5"),
    MORE + "hmac-ripemd160": SignatureAlgorithm(Family.HMAC, "ripemd160"),
    **{f"{MORE}hmac-{name}": SignatureAlgorithm(Family.HMAC, name) for name in _SHA2},
}
"""The signature algorithms by URI; RSASSA-PSS with parameters is read apart."""

_URIS = {algorithm: uri for uri, algorithm in SIGNATURES.items()}


def uri_of(algorithm: SignatureAlgorithm) -> str | None:
    """Return the URI of *algorithm*, or ``None`` if it has none without parameters."""
    return _URIS.get(algorithm)


_INCLUSIVE: Final = "{http://www.w3.org/2001/10/xml-exc-c14n#}InclusiveNamespaces"


def digest_method(node: etree._Element) -> Digest | None:
    """Return the digest that a DigestMethod element names."""
    return digest_of_uri(node.get("Algorithm", ""))


def canonical_method(node: etree._Element) -> tuple[Canonical, tuple[str, ...]] | None:
    """Return the canonical form and the prefixes that a CanonicalizationMethod or Transform names, if it names one."""
    form = CANONICAL.get(node.get("Algorithm", ""))
    if form is None:
        return None
    prefixes: tuple[str, ...] = ()
    if form.exclusive and len(node):
        child = next(node.iterchildren(_INCLUSIVE), None)
        prefixes = () if child is None else tuple(child.get("PrefixList", "").split())
    return form, prefixes
