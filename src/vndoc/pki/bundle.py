"""Everything that a verification needs besides the anchors, in one file for a network that reaches nobody.

A bundle holds certificates, revocation lists and OCSP responses: material that its issuers signed, never trust. It is
a zip whose octets follow from what it holds: entries sorted, stored, without times, after a manifest with the SHA-256
of each. So the same material gives the same file, and a file with any other octets in it is refused. Who carries a
bundle over should compare its ``digest``; but a bundle that somebody else made can only leave things out.
"""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import attrs

from vndoc.errors import CertificateError, UsageError
from vndoc.errors._arguments import need
from vndoc.pki._lazy import lazy
from vndoc.pki.certificate import Certificate, load_certificates
from vndoc.pki.crl import Crl
from vndoc.pki.fetching import Fetcher, FetchKind, FetchRequest
from vndoc.pki.ocsp import OcspResponse
from vndoc.pki.revocation import RevocationChecker

if TYPE_CHECKING:
    import zipfile

__all__ = ["MAX_BUNDLE", "MAX_ITEMS", "Bundle", "BundleItem", "Collector"]

MAX_BUNDLE: Final = 256 * 1024 * 1024
"""Octets of a bundle: the lists of all Vietnamese authorities have a few dozen million together."""
MAX_ITEMS: Final = 10_000
"""Things in a bundle: the lists of a country and the certificates of an agency are some hundreds."""

_FORMAT: Final = "vndoc-bundle"
_VERSION: Final = 1
_MANIFEST: Final = "manifest.json"
_MAX_MANIFEST: Final = 8 * 1024 * 1024
_MAX_SOURCE: Final = 2048
_FOLDERS: Final[Mapping[FetchKind, tuple[str, str]]] = MappingProxyType(
    {
        FetchKind.CERTIFICATE: ("certificates", "cer"),
        FetchKind.CRL: ("crls", "crl"),
        FetchKind.OCSP: ("ocsps", "ocsp"),
    }
)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


@attrs.frozen(slots=False)
class BundleItem:
    """One thing in a bundle: ``content`` in DER, and ``source``, where it came from (an address or a file name)."""

    kind: FetchKind
    content: bytes = attrs.field(repr=False)
    source: str | None = attrs.field(default=None, eq=False)

    @lazy
    def sha256(self) -> str:
        """The SHA-256 of the content in hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def name(self) -> str:
        """Return the name in the zip."""
        folder, suffix = _FOLDERS[self.kind]
        return f"{folder}/{self.sha256}.{suffix}"


@attrs.frozen(repr=False, slots=False)
class Bundle:
    """An offline bundle. Make one with :meth:`of` or :meth:`load`.

    ``items`` are sorted by kind and digest, each once; ``created`` is when they were collected, to the second, in UTC.
    """

    items: tuple[BundleItem, ...]
    created: datetime.datetime

    @classmethod
    def of(cls, items: Iterable[BundleItem], *, created: datetime.datetime) -> Bundle:
        """Return a bundle of *items*; a file with several certificates becomes one item for each.

        Raises :class:`~vndoc.errors.CertificateError` for an item that cannot be read or is a refusal of a responder,
        and ``bundle-too-big`` for more than :data:`MAX_ITEMS`; :class:`~vndoc.errors.UsageError` ``time-zone-missing``
        for *created* without zone, ``option-invalid`` for a kind that no bundle holds.
        """
        if created.tzinfo is None:
            raise UsageError("time-zone-missing")
        found: dict[tuple[FetchKind, bytes], BundleItem] = {}
        for given in items:
            for item in _checked(given):
                found.setdefault((item.kind, item.content), item)
        if len(found) > MAX_ITEMS:
            raise CertificateError("bundle-too-big", limit=MAX_ITEMS)
        ordered = tuple(sorted(found.values(), key=lambda item: item.name))
        return cls(ordered, created.astimezone(datetime.UTC).replace(microsecond=0))

    @classmethod
    def load(cls, data: bytes) -> Bundle:
        """Return the bundle that the octets *data* are.

        Raises :class:`~vndoc.errors.CertificateError`: ``bundle-malformed`` where it is none, ``bundle-changed`` where
        something is missing, added or different, ``bundle-too-big`` past :data:`MAX_BUNDLE`, and as :meth:`of`.
        """
        if len(data) > MAX_BUNDLE:
            raise CertificateError("bundle-too-big", limit=MAX_BUNDLE)
        bundle = _loaded(data)
        if bundle.write() != data:  # octets between, before or behind the entries, other times, another order
            raise CertificateError("bundle-changed", name="zip")
        return bundle

    def write(self) -> bytes:
        """Return the octets; equal bundles give equal octets. Raises ``bundle-too-big`` past :data:`MAX_BUNDLE`."""
        if sum(len(item.content) for item in self.items) > MAX_BUNDLE - _MAX_MANIFEST:
            raise CertificateError("bundle-too-big", limit=MAX_BUNDLE)
        import zipfile  # noqa: PLC0415 - slow to load, and only bundles need it

        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(_entry(_MANIFEST), self._manifest())
            for item in self.items:
                archive.writestr(_entry(item.name), item.content)
        return target.getvalue()

    def _manifest(self) -> bytes:
        rows = [
            {"name": item.name, "sha256": item.sha256, "size": len(item.content), "source": item.source}
            for item in self.items
        ]
        value = {
            "format": _FORMAT,
            "version": _VERSION,
            "created": self.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "items": rows,
        }
        return json.dumps(value, sort_keys=True, indent=1).encode("ascii") + b"\n"

    @lazy
    def digest(self) -> bytes:
        """The SHA-256 of the manifest, which names everything: to be compared after the bundle was carried over."""
        return hashlib.sha256(self._manifest()).digest()

    def contents(self, kind: FetchKind) -> tuple[bytes, ...]:
        """Return the octets of the items of *kind*."""
        return tuple(item.content for item in self.items if item.kind is kind)

    @lazy
    def certificates(self) -> tuple[Certificate, ...]:
        """The certificates, for :meth:`TrustStore.with_pool <vndoc.pki.trust.TrustStore.with_pool>`; not trusted."""
        return tuple(Certificate.load(octets) for octets in self.contents(FetchKind.CERTIFICATE))

    def revocation(
        self, *, crls: Iterable[bytes] = (), ocsps: Iterable[bytes] = (), known_at: datetime.datetime | None = None
    ) -> RevocationChecker:
        """Return a checker of the lists and responses; *crls* and *ocsps* are others that count as well."""
        return RevocationChecker.of(
            (*self.contents(FetchKind.CRL), *crls), (*self.contents(FetchKind.OCSP), *ocsps), known_at=known_at
        )

    def __repr__(self) -> str:
        counts = ", ".join(f"{folder}={len(self.contents(kind))}" for kind, (folder, _) in _FOLDERS.items())
        return f"Bundle({counts}, created={self.created:%Y-%m-%d})"


@attrs.define(eq=False)
class Collector:
    """A fetcher that fetches by another one and keeps what came, for a bundle.

    Hand it in as ``fetch`` of verifications; afterwards ``items`` has what they needed, but for what cannot be read.
    """

    fetch: Fetcher
    items: list[BundleItem] = attrs.field(factory=list)

    def __call__(self, request: FetchRequest, /) -> bytes:
        """Return what the other fetcher returns. Raises as it does."""
        octets = self.fetch(request)
        need("fetch(...)", octets, bytes, bytearray, memoryview)
        if request.kind in _FOLDERS:
            try:
                self.items += _checked(BundleItem(request.kind, octets, request.url))
            except CertificateError:
                return octets  # the verification says what is wrong with it
        return octets


def _checked(item: BundleItem) -> Iterator[BundleItem]:
    """Yield *item* if it can be read, in DER; each certificate by itself."""
    source = item.source
    if source is not None and len(source) > _MAX_SOURCE:
        raise UsageError("option-invalid", detail=f"source: > {_MAX_SOURCE}")
    if item.kind is FetchKind.CERTIFICATE:
        for certificate in load_certificates(item.content):
            yield BundleItem(item.kind, certificate.der, source)
    elif item.kind is FetchKind.CRL:
        Crl.load(item.content)
        yield item
    elif item.kind is FetchKind.OCSP:
        OcspResponse.load(item.content)
        yield item
    else:
        raise UsageError("option-invalid", detail=f"kind={item.kind.value}")


def _entry(name: str) -> zipfile.ZipInfo:
    """Return the head of an entry that says nothing about where and when it was written."""
    import zipfile  # noqa: PLC0415 - slow to load, and only bundles need it

    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.create_system = 3
    info.external_attr = 0o100644 << 16
    return info


def _malformed(detail: str) -> CertificateError:
    return CertificateError("bundle-malformed", detail=detail)


def _loaded(data: bytes) -> Bundle:
    import zipfile  # noqa: PLC0415 - slow to load, and only bundles need it

    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise _malformed("zip") from None
    with archive:
        entries = archive.infolist()
        names = [entry.filename for entry in entries]
        if len(names) > MAX_ITEMS + 1:
            raise CertificateError("bundle-too-big", limit=MAX_ITEMS)
        if any(entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1 for entry in entries):
            raise _malformed("zip: compressed")
        created, rows = _rows(_content(archive, _MANIFEST, _MAX_MANIFEST))
        if names != [_MANIFEST, *(row["name"] for row in rows)]:
            raise CertificateError("bundle-changed", name=_MANIFEST)
        items = tuple(_item(archive, row) for row in rows)
    return Bundle.of(items, created=created)


def _content(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    import zipfile  # noqa: PLC0415 - slow to load, and only bundles need it

    try:
        info = archive.getinfo(name)
    except KeyError:
        raise _malformed(name) from None
    if info.file_size > most:
        raise CertificateError("bundle-too-big", limit=most)
    try:
        return archive.read(info)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError):
        raise CertificateError("bundle-changed", name=name) from None


def _rows(manifest: bytes) -> tuple[datetime.datetime, list[dict[str, Any]]]:
    """Return the time and the items of the manifest, each with fields of the right types."""
    try:
        value = json.loads(manifest)
    except (ValueError, RecursionError):
        raise _malformed(_MANIFEST) from None
    if not isinstance(value, dict) or value.get("format") != _FORMAT:
        raise _malformed("format")
    if value.get("version") != _VERSION:
        raise _malformed("version")
    created, rows = value.get("created"), value.get("items")
    if not isinstance(created, str) or not _TIME.fullmatch(created) or not isinstance(rows, list):
        raise _malformed(_MANIFEST)
    kinds = {"name": str, "sha256": str, "size": int, "source": str | None}
    if not all(isinstance(r, dict) and all(isinstance(r.get(k), t) for k, t in kinds.items()) for r in rows):
        raise _malformed("items")
    try:
        return datetime.datetime.fromisoformat(created), rows
    except ValueError:
        raise _malformed("created") from None


def _item(archive: zipfile.ZipFile, row: dict[str, Any]) -> BundleItem:
    kind = next((k for k, (folder, _) in _FOLDERS.items() if row["name"].startswith(f"{folder}/")), None)
    if kind is None:
        raise _malformed("items")
    item = BundleItem(kind, _content(archive, row["name"], MAX_BUNDLE), row["source"])
    if (item.name, item.sha256, len(item.content)) != (row["name"], row["sha256"], row["size"]):
        raise CertificateError("bundle-changed", name=row["name"])
    return item
