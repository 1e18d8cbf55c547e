"""Where a certificate says that more is to be had: its issuer's certificate, lists and OCSP.

Source: RFC 5280, sections 4.2.1.13, 4.2.1.15 and 4.2.2.1.

What is read here is only a hint of where to look; nothing that is found there counts before it is verified.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from vndoc.errors import CertificateError
from vndoc.pki import der
from vndoc.pki.certificate import Certificate
from vndoc.pki.distribution import distribution_points
from vndoc.pki.extensions import GeneralName, items

__all__ = ["MAX_ADDRESSES", "CrlAddress", "crl_addresses", "issuer_addresses", "ocsp_addresses"]

MAX_ADDRESSES: Final = 8
"""Addresses of one kind that are looked at in one certificate: real ones have one to three."""

_ACCESS: Final = "1.3.6.1.5.5.7.1.1"
_OCSP: Final = "1.3.6.1.5.5.7.48.1"
_CA_ISSUERS: Final = "1.3.6.1.5.5.7.48.2"
_POINTS: Final = ("2.5.29.31", "2.5.29.46")
"""CRL distribution points, then the freshest CRL."""
_URI: Final = 6


@attrs.frozen(kw_only=True)
class CrlAddress:
    """One distribution point: ``urls`` are several ways to the same list, ``issuers`` who signs it if not the CA.

    ``reasons`` are flags as in :class:`~vndoc.pki.distribution.DistributionPoint`; ``delta`` marks a freshest CRL.
    """

    urls: tuple[str, ...]
    issuers: tuple[GeneralName, ...] = ()
    reasons: int
    delta: bool = False


def issuer_addresses(certificate: Certificate) -> tuple[str, ...]:
    """Return the http(s) addresses of the issuer's certificate (AIA caIssuers), in the order of the certificate.

    At most :data:`MAX_ADDRESSES`; none where the extension is missing or malformed. Never raises.
    """
    return _access(certificate, _CA_ISSUERS)


def ocsp_addresses(certificate: Certificate) -> tuple[str, ...]:
    """Return the http(s) addresses of OCSP responders, as :func:`issuer_addresses`."""
    return _access(certificate, _OCSP)


def crl_addresses(certificate: Certificate) -> tuple[CrlAddress, ...]:
    """Return the distribution points that have an http(s) address, those of delta lists last.

    At most :data:`MAX_ADDRESSES`; a point without one is left out, and so is an extension that is malformed. Never
    raises.
    """
    found: list[CrlAddress] = []
    for oid in _POINTS:
        extension = certificate.extensions.get(oid)
        if extension is None:
            continue
        try:
            points = distribution_points(extension.value)
        except CertificateError:
            continue  # the judgement of revocation names it: crl-points-malformed
        for point in points:
            urls = _web(() if point.name is None else point.name.full)
            if urls:
                delta = oid == _POINTS[1]
                found.append(CrlAddress(urls=urls, issuers=point.issuers, reasons=point.reasons, delta=delta))
    return tuple(found[:MAX_ADDRESSES])


def _access(certificate: Certificate, method: str) -> tuple[str, ...]:
    extension = certificate.extensions.get(_ACCESS)
    if extension is None:
        return ()
    try:
        return _web(_locations(extension.value, method))
    except (CertificateError, IndexError):
        return ()


def _locations(value: bytes, method: str) -> Iterator[GeneralName]:
    for item in items(value):
        kind, location = der.children(item, ber=True)[:2]
        if der.oid(kind) == method:
            yield GeneralName(location.tag & 0x1F, location.content)


def _web(names: Iterable[GeneralName]) -> tuple[str, ...]:
    """Return the http(s) addresses among *names*, each once."""
    texts = (name.value.decode("latin-1").strip() for name in names if name.kind == _URI)
    return tuple(dict.fromkeys(t for t in texts if t.lower().startswith(("http://", "https://"))))[:MAX_ADDRESSES]
