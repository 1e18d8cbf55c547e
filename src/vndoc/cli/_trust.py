"""``--trust``: a folder of certificates and revocation data, made into what verification takes.

The subfolders say what is trusted: ``government``, ``national`` and ``timestamp`` hold anchors, ``legacy`` anchors of
the government whose hierarchy still carries SHA-1, ``pool`` intermediates that are not trusted, ``revocation`` lists
(``.crl``) and OCSP responses (``.ocsp``, ``.der``). Certificates in the folder itself are anchors of both families of
signers. Files are DER, PEM or PKCS#7; others are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs

from vndoc.errors import SourceError
from vndoc.limits import DEFAULT
from vndoc.packets.files import acquire
from vndoc.pki import Certificate, Purpose, RevocationSource, TrustStore, load_certificates
from vndoc.pki.revocation import RevocationChecker

__all__ = ["Trust", "trust_of"]

_SUFFIXES = frozenset({".cer", ".crt", ".der", ".pem", ".p7b", ".p7c"})
_SIGNERS = frozenset({Purpose.GOVERNMENT, Purpose.NATIONAL})
_PURPOSES = {
    ".": _SIGNERS,
    "government": frozenset({Purpose.GOVERNMENT}),
    "legacy": frozenset({Purpose.GOVERNMENT}),
    "national": frozenset({Purpose.NATIONAL}),
    "timestamp": frozenset({Purpose.TIMESTAMP}),
}


@attrs.frozen
class Trust:
    """What a folder holds: anchors, and who knows of revocation (``None``: nobody)."""

    store: TrustStore = TrustStore()
    revocation: RevocationSource | None = None


def trust_of(folder: Path | None) -> Trust:
    """Return what *folder* holds; without one nothing is trusted.

    Raises :class:`~vndoc.errors.SourceError` for what cannot be read, :class:`~vndoc.errors.CertificateError` for a
    file that is no certificate.
    """
    if folder is None:
        return Trust()
    store = TrustStore()
    for name, purposes in _PURPOSES.items():
        for certificate in _certificates(folder, name):
            known = next((a for a in store.anchors if a.certificate == certificate), None)
            whole = purposes if known is None else purposes | known.purposes
            legacy = name == "legacy" or (known is not None and known.legacy)
            store = store.with_anchor(certificate, purposes=whole, legacy=legacy)
    store = store.with_pool(_certificates(folder, "pool"))
    crls = [_read(path) for path in _files(folder, "revocation", frozenset({".crl"}))]
    ocsps = [_read(path) for path in _files(folder, "revocation", frozenset({".ocsp", ".der"}))]
    return Trust(store, RevocationChecker.of(crls, ocsps) if crls or ocsps else None)


def _certificates(folder: Path, name: str) -> Iterator[Certificate]:
    for path in _files(folder, name, _SUFFIXES):
        yield from load_certificates(_read(path))


def _files(folder: Path, name: str, suffixes: frozenset[str]) -> list[Path]:
    """Return the files of the subfolder *name* with one of *suffixes*, sorted; none where it is missing."""
    place = folder / name
    if name != "." and not place.exists():
        return []
    try:
        return sorted(p for p in place.iterdir() if p.suffix.lower() in suffixes and p.is_file())
    except OSError as error:
        raise SourceError("source-unreadable", name=str(place), detail=error.strerror or str(error)) from error


def _read(path: Path) -> bytes:
    with acquire(str(path), DEFAULT).open() as file:
        return file.read()
