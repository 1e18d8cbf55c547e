"""``--trust``: a folder of certificates and revocation data, made into what verification takes.

The subfolders say what is trusted: ``government``, ``national`` and ``timestamp`` hold anchors, ``legacy`` anchors of
the government whose hierarchy still carries SHA-1, ``pool`` intermediates that are not trusted, ``revocation`` lists
(``.crl``, ``.pem``, ``.der``) and OCSP responses (``.ocsp``, ``.der``). Certificates in the folder itself are anchors
of both families of signers. A row of ``trust.json`` (by SHA-256) decides in place of the subfolder. Files are DER, PEM
or PKCS#7, OCSP responses DER; others are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import attrs

from vndoc.cli._trust_settings import Setting, read_settings
from vndoc.errors import CertificateError, SourceError, VndocError
from vndoc.limits import DEFAULT
from vndoc.packets.files import acquire
from vndoc.pki import Certificate, Crl, Purpose, RevocationSource, TrustAnchor, TrustStore, load_certificates
from vndoc.pki.bundle import MAX_BUNDLE, Bundle
from vndoc.pki.crl import MAX_CRL, pem_lists
from vndoc.pki.fetching import FetchKind
from vndoc.pki.revocation import RevocationChecker

__all__ = ["SUFFIXES", "Anchor", "Folder", "Held", "Trust", "lists_of", "open_folder", "read_file", "trust_of"]

SUFFIXES = frozenset({".cer", ".crt", ".der", ".pem", ".p7b", ".p7c"})
"""Which files hold certificates."""
_CRLS = frozenset({".crl", ".pem"})
_OCSPS = frozenset({".ocsp", ".der"})
_SIGNERS = frozenset({Purpose.GOVERNMENT, Purpose.NATIONAL})
_PURPOSES = {
    ".": _SIGNERS,
    "government": frozenset({Purpose.GOVERNMENT}),
    "legacy": frozenset({Purpose.GOVERNMENT}),
    "national": frozenset({Purpose.NATIONAL}),
    "timestamp": frozenset({Purpose.TIMESTAMP}),
}
_T = TypeVar("_T")


@attrs.frozen
class Trust:
    """What a folder holds: anchors, and who knows of revocation (``None``: nobody)."""

    store: TrustStore = TrustStore()
    revocation: RevocationSource | None = None


@attrs.frozen
class Held:
    """One certificate of the folder: its file, and the subfolder that this stands in."""

    certificate: Certificate
    file: str
    place: str


@attrs.frozen
class Anchor:
    """One anchor, and the files that its certificate stands in."""

    anchor: TrustAnchor
    files: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Folder:
    """What was read: certificates, rows of ``trust.json``, revocation data by file, and what could not be read."""

    path: Path
    held: tuple[Held, ...]
    settings: dict[str, Setting]
    crls: dict[str, bytes]
    ocsps: dict[str, bytes]
    broken: dict[str, VndocError]

    @property
    def anchors(self) -> tuple[Anchor, ...]:
        """Return the anchors, each certificate once, in the order of the subfolders and files."""
        found: dict[Certificate, list[Held]] = {}
        for one in self.held:
            if one.place != "pool":
                found.setdefault(one.certificate, []).append(one)
        return tuple(Anchor(self._anchor(c, held), tuple(one.file for one in held)) for c, held in found.items())

    @property
    def pool(self) -> tuple[Certificate, ...]:
        """Return the certificates that are known and not trusted."""
        return tuple(dict.fromkeys(one.certificate for one in self.held if one.place == "pool"))

    def trust(self, bundles: Iterable[Bundle] = ()) -> Trust:
        """Return what verification takes, with the certificates and revocation data of *bundles*."""
        store = TrustStore(anchors=tuple(one.anchor for one in self.anchors)).with_pool(self.pool)
        return _with_bundles(store, tuple(self.crls.values()), tuple(self.ocsps.values()), bundles)

    def _anchor(self, certificate: Certificate, held: list[Held]) -> TrustAnchor:
        row = self.settings.get(certificate.fingerprint.hex())
        if row is None:
            purposes = frozenset[Purpose]().union(*(_PURPOSES[one.place] for one in held))
            legacy = any(one.place == "legacy" for one in held)
            return TrustAnchor(certificate=certificate, purposes=purposes, legacy=legacy)
        name = certificate.subject_text if row.name is None else row.name
        return TrustAnchor(
            certificate=certificate, purposes=row.purposes, legacy=row.legacy, not_after=row.not_after, name=name
        )


def trust_of(folder: Path | None, bundles: Iterable[Path] = ()) -> Trust:
    """Return what *folder* holds, and the files *bundles*; without a folder nothing is trusted.

    Raises as :func:`open_folder` and :meth:`Bundle.load <vndoc.pki.bundle.Bundle.load>`.
    """
    loaded = [Bundle.load(read_file(path)) for path in bundles]
    return _with_bundles(TrustStore(), (), (), loaded) if folder is None else open_folder(folder).trust(loaded)


def _with_bundles(
    store: TrustStore, crls: tuple[bytes, ...], ocsps: tuple[bytes, ...], bundles: Iterable[Bundle]
) -> Trust:
    for bundle in bundles:
        store = store.with_pool(bundle.certificates)
        crls += bundle.contents(FetchKind.CRL)
        ocsps += bundle.contents(FetchKind.OCSP)
    return Trust(store, RevocationChecker.of(crls, ocsps) if crls or ocsps else None)


def open_folder(path: Path, *, strict: bool = True) -> Folder:
    """Return what the folder *path* holds.

    Raises :class:`~vndoc.errors.SourceError` for what cannot be read, :class:`~vndoc.errors.CertificateError` for a
    file that is no certificate; unless *strict*, such files are kept in ``broken``. ``trust.json`` must be right.
    """
    settings, broken = read_settings(path), dict[str, VndocError]()
    held: list[Held] = []
    for place in (*_PURPOSES, "pool"):
        for file, found in _loaded(path, place, SUFFIXES, load_certificates, None if strict else broken).items():
            held += (Held(certificate, file, place) for certificate in found)
    lists: dict[str, bytes] = {}
    for file, several in _loaded(path, "revocation", _CRLS, lists_of, None if strict else broken).items():
        lists |= {file if number == 1 else f"{file}#{number}": one for number, one in enumerate(several, 1)}
    answers = _loaded(path, "revocation", _OCSPS, bytes, None if strict else broken)
    lists |= {file: octets for file, octets in answers.items() if _is_list(octets)}
    answers = {file: octets for file, octets in answers.items() if file not in lists}
    return Folder(path=path, held=tuple(held), settings=settings, crls=lists, ocsps=answers, broken=broken)


def lists_of(data: bytes) -> tuple[bytes, ...]:
    """Return the DER of all revocation lists in PEM; anything else as it is."""
    return pem_lists(data) or (data,)


def _is_list(data: bytes) -> bool:
    try:
        Crl.load(data)
    except CertificateError:
        return False
    return True


def _loaded(
    folder: Path,
    place: str,
    suffixes: frozenset[str],
    load: Callable[[bytes], _T],
    broken: dict[str, VndocError] | None,
) -> dict[str, _T]:
    """Return the files of a subfolder by their names below *folder*; those that *load* refuses go into *broken*."""
    found = {}
    for path in _files(folder, place, suffixes):
        name = path.relative_to(folder).as_posix()
        try:
            found[name] = load(read_file(path))
        except VndocError as error:
            if broken is None:
                raise
            broken[name] = error
    return found


def _files(folder: Path, name: str, suffixes: frozenset[str]) -> list[Path]:
    """Return the files of the subfolder *name* with one of *suffixes*, sorted; none where it is missing."""
    place = folder / name
    if name != "." and not place.exists():
        return []
    try:
        return sorted(p for p in place.iterdir() if p.suffix.lower() in suffixes and p.is_file())
    except OSError as error:
        raise SourceError("source-unreadable", name=str(place), detail=error.strerror or str(error)) from error


def read_file(path: Path) -> bytes:
    """Return the octets of a file, but one more than any reader here takes at most.

    Raises :class:`~vndoc.errors.SourceError`.
    """
    with acquire(str(path), DEFAULT).open() as file:
        return file.read(max(MAX_CRL, MAX_BUNDLE) + 1)
