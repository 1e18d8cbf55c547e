"""What is trusted, for what and until when: an immutable value that the caller makes.

Nothing is trusted that the caller did not put in. Roots and authorities that are known by their fingerprint are
named in :data:`vndoc.pki.recognised.RECOGNISED`; being recognised is not being trusted.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterable, Mapping

import attrs

from vndoc.errors import UsageError
from vndoc.errors._arguments import need, need_all, need_time, wrong
from vndoc.pki._lazy import lazy
from vndoc.pki.certificate import Certificate, distinct
from vndoc.pki.recognised import RECOGNISED, Recognised
from vndoc.text import Text

__all__ = ["Purpose", "TrustAnchor", "TrustStore", "by_subject"]


class Purpose(enum.StrEnum):
    """What an anchor is trusted for. ``GOVERNMENT`` and ``NATIONAL`` are two families of signers."""

    __hash__ = str.__hash__  # that of enum is written in Python, and sets of purposes are asked for each path

    GOVERNMENT = "government"
    """Official-duty signatures below the roots of Ban Cơ yếu Chính phủ (VGCA)."""
    NATIONAL = "national"
    """Public signatures below the national roots (NEAC)."""
    TIMESTAMP = "timestamp"
    """Time-stamping authorities; trusted for time and for nothing else."""


@attrs.frozen(kw_only=True, repr=False)
class TrustAnchor:
    """One trusted certificate, for ``purposes``.

    ``legacy``: its hierarchy still carries SHA-1, so the policy's legacy rows count below it. ``not_after``: from
    then on the anchor counts no longer, whatever its certificate says (distrust); inclusive, with a zone.
    """

    certificate: Certificate
    purposes: frozenset[Purpose]
    legacy: bool = False
    not_after: datetime.datetime | None = None
    name: str = attrs.field()

    @name.default
    def _own_name(self) -> str:
        need("certificate", self.certificate, Certificate)  # asked before __attrs_post_init__ is
        return self.certificate.subject_text

    def __attrs_post_init__(self) -> None:
        need("certificate", self.certificate, Certificate)
        need_all("purposes", self.purposes, Purpose)
        if self.not_after is not None:
            need_time("not_after", self.not_after)

    @property
    def recognised(self) -> Recognised | None:
        """Return what is known of this certificate by its fingerprint, or ``None``."""
        return RECOGNISED.get(self.certificate.fingerprint.hex().upper())

    def __repr__(self) -> str:
        purposes = ", ".join(sorted(self.purposes))
        return f"TrustAnchor({self.name!r}, {purposes}, sha256={self.certificate.fingerprint.hex()[:16]}…)"


_SAID_TWICE = Text(
    "TrustAnchor đã có purposes, legacy và not_after của mình",
    "a TrustAnchor has its own purposes, legacy and not_after",
)
_ONE_AT_LEAST = Text("ít nhất một Purpose", "one Purpose at least")


def _anchor(
    given: Certificate | TrustAnchor, purposes: Iterable[Purpose], legacy: bool, not_after: datetime.datetime | None
) -> TrustAnchor:
    kept = frozenset(need_all("purposes", purposes, Purpose))
    if isinstance(given, TrustAnchor):
        if kept or legacy or not_after is not None:
            raise UsageError("option-invalid", detail=_SAID_TWICE)
        return given
    need("certificate", given, Certificate, TrustAnchor)
    if not kept:
        raise wrong("purposes", _ONE_AT_LEAST, purposes)
    return TrustAnchor(certificate=given, purposes=kept, legacy=legacy, not_after=not_after)


def _digits(fingerprint: str) -> bytes:
    """Return the octets that *fingerprint* writes in hexadecimal digits, with colons or blanks; none if it is wrong."""
    try:
        return bytes.fromhex(fingerprint.replace(":", " "))
    except ValueError:
        return b""


def by_subject(certificates: Iterable[Certificate]) -> dict[bytes, list[Certificate]]:
    """Return *certificates* by the DER of their subject, each once."""
    found: dict[bytes, list[Certificate]] = {}
    for certificate in distinct(certificates):
        found.setdefault(certificate.subject, []).append(certificate)
    return found


def _in_utc(at: datetime.datetime) -> datetime.datetime:
    """Return the same time in UTC, where nearly all times are: those of one zone are compared much faster."""
    try:
        return at.astimezone(datetime.UTC)
    except OverflowError:  # the first or last hours of the calendar
        return at


@attrs.frozen(kw_only=True, repr=False, slots=False)
class TrustStore:
    """Anchors, intermediate certificates known beforehand (``pool``), and certificates trusted as themselves.

    A pinned certificate needs no path: it is an anchor for itself alone and vouches for no other.
    """

    anchors: tuple[TrustAnchor, ...] = ()
    pool: tuple[Certificate, ...] = ()
    pinned: tuple[TrustAnchor, ...] = ()

    @classmethod
    def of(
        cls,
        certificates: Iterable[Certificate],
        *,
        purposes: Iterable[Purpose],
        legacy: bool = False,
        not_after: datetime.datetime | None = None,
    ) -> TrustStore:
        """Return a store that trusts each of *certificates* for *purposes*."""
        kept = frozenset(need_all("purposes", purposes, Purpose))
        return cls(
            anchors=tuple(
                TrustAnchor(certificate=c, purposes=kept, legacy=legacy, not_after=not_after)
                for c in dict.fromkeys(need_all("certificates", certificates, Certificate))
            )
        )

    def with_anchor(
        self,
        certificate: Certificate | TrustAnchor,
        *,
        purposes: Iterable[Purpose] = (),
        legacy: bool = False,
        not_after: datetime.datetime | None = None,
    ) -> TrustStore:
        """Return a store with one anchor more; an anchor with the same certificate is replaced.

        *purposes* are needed of a certificate, which would be trusted for nothing without any; a
        :class:`TrustAnchor` has its own. Raises :class:`~vndoc.errors.UsageError`: ``option-invalid``,
        ``time-zone-missing``.
        """
        anchor = _anchor(certificate, purposes, legacy, not_after)
        others = tuple(a for a in self.anchors if a.certificate != anchor.certificate)
        return attrs.evolve(self, anchors=(*others, anchor))

    def with_pinned(
        self,
        certificate: Certificate | TrustAnchor,
        *,
        purposes: Iterable[Purpose] = (),
        not_after: datetime.datetime | None = None,
    ) -> TrustStore:
        """Return a store that trusts *certificate* as itself for *purposes*; it vouches for no other.

        Raises as :meth:`with_anchor`.
        """
        anchor = _anchor(certificate, purposes, False, not_after)
        others = tuple(a for a in self.pinned if a.certificate != anchor.certificate)
        return attrs.evolve(self, pinned=(*others, anchor))

    def with_pool(self, certificates: Iterable[Certificate]) -> TrustStore:
        """Return a store that knows *certificates* as possible intermediates too; they are not trusted."""
        more = need_all("certificates", certificates, Certificate)
        return attrs.evolve(self, pool=tuple(dict.fromkeys((*self.pool, *more))))

    def without(self, fingerprint: bytes | str) -> TrustStore:
        """Return a store without the certificate of that SHA-256 *fingerprint* (octets or hexadecimal digits).

        It goes from the anchors, the pinned certificates and the pool. Raises
        :class:`~vndoc.errors.UsageError` ``fingerprint-unknown`` if it is in none of them.
        """
        wanted = fingerprint if isinstance(fingerprint, bytes) else _digits(fingerprint)
        store = TrustStore(
            anchors=tuple(a for a in self.anchors if a.certificate.fingerprint != wanted),
            pinned=tuple(a for a in self.pinned if a.certificate.fingerprint != wanted),
            pool=tuple(c for c in self.pool if c.fingerprint != wanted),
        )
        if store == self:
            raise UsageError("fingerprint-unknown", found=wanted.hex() or str(fingerprint))
        return store

    def merged(self, other: TrustStore) -> TrustStore:
        """Return a store with everything of both; for the same certificate *other* decides."""
        store = self.with_pool(other.pool)
        for anchor in other.anchors:
            store = store.with_anchor(anchor)
        for anchor in other.pinned:
            store = store.with_pinned(anchor)
        return store

    @staticmethod
    def family_of(anchor: TrustAnchor) -> str | None:
        """Return the family of a recognised anchor (``vgca-g1``, ``vgca-g2``, ``national`` …), else ``None``."""
        known = anchor.recognised
        return None if known is None else known.family

    @lazy
    def anchors_by_subject(self) -> Mapping[bytes, list[TrustAnchor]]:
        """The anchors by the DER of their subject; several may have the same name."""
        found: dict[bytes, list[TrustAnchor]] = {}
        for anchor in self.anchors:
            found.setdefault(anchor.certificate.subject, []).append(anchor)
        return found

    @lazy
    def pool_by_subject(self) -> Mapping[bytes, list[Certificate]]:
        """The pool by the DER of the subject."""
        return by_subject(self.pool)

    @lazy
    def turns(self) -> tuple[datetime.datetime, ...]:
        """The times at which something in the store begins to count or ends, in order."""
        anchors = (*self.anchors, *self.pinned)
        found = {anchor.not_after for anchor in anchors if anchor.not_after is not None}
        for certificate in (*self.pool, *(anchor.certificate for anchor in anchors)):
            found |= {certificate.not_before, certificate.not_after}
        return tuple(sorted(map(_in_utc, found)))

    @lazy
    def known(self) -> tuple[Certificate, ...]:
        """The certificates that may be a signer's who sends none along: the pool, then the pinned ones."""
        return (*self.pool, *(anchor.certificate for anchor in self.pinned))

    @lazy
    def certificates_by_octets(self) -> Mapping[bytes, Certificate]:
        """Every certificate of the store by its DER: documents carry the same ones, which need not be read again."""
        anchors = (anchor.certificate for anchor in (*self.anchors, *self.pinned))
        return {certificate.der: certificate for certificate in (*anchors, *self.pool)}

    def __repr__(self) -> str:
        return f"TrustStore(anchors={len(self.anchors)}, pinned={len(self.pinned)}, pool={len(self.pool)})"
