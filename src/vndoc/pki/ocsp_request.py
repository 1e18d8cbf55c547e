"""OCSP requests: made and read (RFC 6960, section 4.1; nonce: RFC 9654)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from vndoc.errors import CertificateError, UsageError
from vndoc.pki import der
from vndoc.pki.algorithms import DIGESTS
from vndoc.pki.certificate import Certificate, read_extensions
from vndoc.pki.ocsp import CertificateId, certificate_id, nonce_of, read_certificate_id

__all__ = ["MAX_ASKED", "NONCE_SIZES", "OcspRequest", "make_ocsp_request", "read_ocsp_request"]

MAX_ASKED: Final = 100
"""Certificates in one request: responders refuse more, most of them more than one."""
NONCE_SIZES: Final = (1, 128)
"""Octets of a nonce (RFC 9654, 2.1); 32 is what it recommends."""

_NONCE: Final = "1.3.6.1.5.5.7.48.1.2"
_SHA1: Final = "1.3.14.3.2.26"
_NULL: Final = b"\x05\x00"


@attrs.frozen
class OcspRequest:
    """What a request asks: about which certificates, and with which nonce (``None``: without one)."""

    certificate_ids: tuple[CertificateId, ...]
    nonce: bytes | None = None


def make_ocsp_request(
    asked: Iterable[tuple[Certificate, Certificate]], *, digest: str = "sha1", nonce: bytes | None = None
) -> bytes:
    """Return the DER OCSPRequest about *asked*: pairs of a certificate and the certificate of its issuer.

    *digest* names issuers; SHA-1 is what every responder takes, and nothing hangs on its strength (RFC 5019, 2.1.1).
    *nonce* are 1 to 128 random octets of the caller's (RFC 9654), which the response has to repeat; give the same to
    :meth:`OcspResponse.load <vndoc.pki.ocsp.OcspResponse.load>`. The request is not signed.

    Raises :class:`~vndoc.errors.UsageError` ``option-invalid`` for no pair or more than :data:`MAX_ASKED`, a digest
    that is not known, or a nonce of another length.
    """
    pairs = tuple(asked)
    if not 1 <= len(pairs) <= MAX_ASKED:
        raise UsageError("option-invalid", detail=f"OCSP: 1-{MAX_ASKED}, {len(pairs)}")
    if digest != "sha1" and (digest not in DIGESTS or DIGESTS[digest].hashlib is None):
        raise UsageError("option-invalid", detail=f"digest={digest!r}")
    if nonce is not None and not NONCE_SIZES[0] <= len(nonce) <= NONCE_SIZES[1]:
        raise UsageError("option-invalid", detail=f"nonce: {NONCE_SIZES[0]}-{NONCE_SIZES[1]} B, {len(nonce)} B")
    oid = _SHA1 if digest == "sha1" else DIGESTS[digest].oid
    identifier = der.encode(der.SEQUENCE, der.encode_oid(oid), _NULL)
    rows = (_request(certificate_id(certificate, issuer, digest), identifier) for certificate, issuer in pairs)
    return der.encode(
        der.SEQUENCE,
        der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, *rows), b"" if nonce is None else _extensions(nonce)),
    )


def _request(who: CertificateId, identifier: bytes) -> bytes:
    parts = (der.encode(der.OCTET_STRING, who.name_hash), der.encode(der.OCTET_STRING, who.key_hash))
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, identifier, *parts, der.encode(der.INTEGER, who.serial)))


def _extensions(nonce: bytes) -> bytes:
    value = der.encode(der.OCTET_STRING, der.encode(der.OCTET_STRING, nonce))
    row = der.encode(der.SEQUENCE, der.encode_oid(_NONCE), value)
    return der.encode(der.context(2), der.encode(der.SEQUENCE, row))


def read_ocsp_request(octets: bytes) -> OcspRequest:
    """Return what the DER OCSPRequest *octets* asks; a signature on it is not looked at.

    Raises :class:`~vndoc.errors.CertificateError`: ``ocsp-malformed`` for more than :data:`MAX_ASKED` certificates,
    ``algorithm-unsupported`` or ``der-malformed``.
    """
    body, end, stop = der.span(octets, 0, len(octets), der.SEQUENCE)
    if stop != len(octets):
        raise CertificateError("der-malformed", offset=stop)
    at, tbs_end, _ = der.span(octets, body, end, der.SEQUENCE)
    element = der.read(octets, at, tbs_end, ber=True)
    while element.tag in (der.context(0), der.context(1)):  # the version and the requestor's name
        element = der.read(octets, element.stop, tbs_end, ber=True)
    if element.tag != der.SEQUENCE:
        raise CertificateError("der-malformed", offset=element.start)
    nonce = None
    if element.stop < tbs_end:
        first, last, _ = der.span(octets, element.stop, tbs_end, der.context(2))
        row = read_extensions(octets, first, last)[0].get(_NONCE)
        nonce = None if row is None else nonce_of(row.value)
    return OcspRequest(tuple(_asked(octets, element.body, element.end)), nonce)


def _asked(octets: bytes, pos: int, end: int) -> Iterator[CertificateId]:
    count = 0
    while pos < end:
        count += 1
        if count > MAX_ASKED:
            raise CertificateError("ocsp-malformed", detail=f"> {MAX_ASKED}")
        body, stop, pos = der.span(octets, pos, end, der.SEQUENCE)
        first, last, _ = der.span(octets, body, stop, der.SEQUENCE)
        yield read_certificate_id(octets, first, last)
