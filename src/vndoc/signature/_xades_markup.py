"""The qualifying properties of a new signature as text (EN 319 132-1, clauses 5.2 and 6: baseline B)."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import attrs
import pybase64

from vndoc.edxml.markup import escape_attribute, illegal_character
from vndoc.errors import WriteError
from vndoc.pki import der
from vndoc.pki.algorithms import DIGESTS
from vndoc.pki.certificate import Certificate
from vndoc.signature._cms_encode import utc

__all__ = ["XADES", "Claims", "ProductionPlace", "element", "properties", "text"]

XADES = "http://uri.etsi.org/01903/v1.3.2#"

_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})


@attrs.frozen(kw_only=True)
class ProductionPlace:
    """Where the signer says the signature is made (SignatureProductionPlaceV2)."""

    street: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


@attrs.frozen(kw_only=True)
class Claims:
    """What the signer states: roles, place, and commitments by URI (EN 319 132-1, 5.2.3, 5.2.5, 5.2.6)."""

    roles: tuple[str, ...] = ()
    place: ProductionPlace | None = None
    commitments: tuple[str, ...] = ()


def text(value: str) -> str:
    """Return *value* as content of an element; ``text-not-xml`` for a character that XML does not allow."""
    bad = illegal_character(value)
    if bad is not None:
        raise WriteError("text-not-xml", found=f"{ord(bad):04X}")
    return value.translate(_TEXT)


def element(name: str, content: str, **attributes: str | None) -> str:
    """Return an element; *content* is markup already, attributes that are ``None`` are left out."""
    shown = "".join(f' {key}="{escape_attribute(value)}"' for key, value in attributes.items() if value is not None)
    return f"<{name}{shown}>{content}</{name}>" if content else f"<{name}{shown}/>"


def properties(
    signature_id: str,
    certificate: Certificate,
    *,
    digest: str,
    signing_time: datetime.datetime,
    claims: Claims,
    formats: Sequence[tuple[str, str]],
    unsigned: str,
) -> str:
    """Return QualifyingProperties. *formats* are the reference Id and media type of each signed thing.

    *unsigned* stands where the unsigned properties will be.
    """
    own = (
        element("xades:SigningTime", f"{utc(signing_time).replace(tzinfo=None).isoformat(timespec='seconds')}Z")
        + element("xades:SigningCertificateV2", element("xades:Cert", _certificate(certificate, digest)))
        + _place(claims.place)
        + _roles(claims.roles)
    )
    data = "".join(
        element("xades:DataObjectFormat", element("xades:MimeType", text(kind)), ObjectReference=f"#{reference}")
        for reference, kind in formats
    ) + "".join(_commitment(uri) for uri in claims.commitments)
    signed = element("xades:SignedSignatureProperties", own)
    if data:
        signed += element("xades:SignedDataObjectProperties", data)
    holder = element("xades:SignedProperties", signed, Id=f"{signature_id}-properties")
    attributes = {"xmlns:xades": XADES, "Target": f"#{signature_id}"}
    return element("xades:QualifyingProperties", holder + unsigned, **attributes)


def _certificate(certificate: Certificate, digest: str) -> str:
    row = DIGESTS[digest]
    value = pybase64.b64encode(row.of(certificate.der)).decode("ascii")
    issuer = der.encode(der.SEQUENCE, der.encode(der.context(4), certificate.issuer))
    serial = certificate.serial.to_bytes(certificate.serial.bit_length() // 8 + 1, "big", signed=True)
    named = pybase64.b64encode(der.encode(der.SEQUENCE, issuer, der.encode(der.INTEGER, serial))).decode("ascii")
    digest_value = element("ds:DigestMethod", "", Algorithm=row.uris[0]) + element("ds:DigestValue", value)
    return element("xades:CertDigest", digest_value) + element("xades:IssuerSerialV2", named)


def _place(place: ProductionPlace | None) -> str:
    if place is None:
        return ""
    rows = (
        ("City", place.city),
        ("StreetAddress", place.street),
        ("StateOrProvince", place.state),
        ("PostalCode", place.postal_code),
        ("CountryName", place.country),
    )
    return element(
        "xades:SignatureProductionPlaceV2",
        "".join(element(f"xades:{name}", text(value)) for name, value in rows if value),
    )


def _roles(roles: Sequence[str]) -> str:
    if not roles:
        return ""
    claimed = "".join(element("xades:ClaimedRole", text(role)) for role in roles)
    return element("xades:SignerRoleV2", element("xades:ClaimedRoles", claimed))


def _commitment(uri: str) -> str:
    identifier = element("xades:CommitmentTypeId", element("xades:Identifier", text(uri)))
    return element("xades:CommitmentTypeIndication", identifier + element("xades:AllSignedDataObjects", ""))
