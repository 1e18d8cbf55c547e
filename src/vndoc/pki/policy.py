"""Which algorithms count, for what and until when: the value behind the tables of a verification policy.

The tables themselves are the named policies of :mod:`vndoc.signature.policy`; certification paths are judged by
the same value. "Until" is inclusive, as a date in Vietnam (UTC+7), and is compared with the proven time of the
signature or, where nothing is proven, with the time of evaluation.
"""

from __future__ import annotations

import datetime
import enum
import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from vndoc.errors import UsageError
from vndoc.pki.algorithms import DIGESTS, Family, SignatureAlgorithm, hasher

__all__ = ["CryptoPolicy", "KeyRule", "Ruling", "Use"]

_VIETNAM = datetime.timezone(datetime.timedelta(hours=7))


class Use(enum.StrEnum):
    """What a signature is made over, since each has its own rules."""

    __hash__ = str.__hash__  # that of enum is written in Python, and tables are asked for each signature

    DOCUMENT = "document"
    CA_CERTIFICATE = "ca-certificate"
    END_CERTIFICATE = "end-certificate"
    """The certificate of a signer or of a time-stamping authority."""
    LEGACY_CA_CERTIFICATE = "legacy-ca-certificate"
    """A CA certificate below an anchor whose hierarchy still carries SHA-1 (government G1), or a list or OCSP response
    that such a CA signed itself.
    """
    LEGACY_END_CERTIFICATE = "legacy-end-certificate"
    REVOCATION = "revocation"
    """A CRL or an OCSP response; judged as the certificate whose status it tells."""
    TIMESTAMP = "timestamp"
    """The signature of a timestamp token."""
    IMPRINT = "imprint"
    """The message imprint of a timestamp token."""


@attrs.frozen
class KeyRule:
    """Keys of at least ``bits`` bits count until the end of the day ``until`` (``None``: without end)."""

    bits: int
    until: datetime.date | None = None


class Ruling(enum.StrEnum):
    """What a policy says of one algorithm at one time."""

    ACCEPTED = "accepted"
    EXPIRED = "expired"
    """It counted once; a proof of existence from that time may rescue the signature."""
    REFUSED = "refused"


_Keys = Mapping[Family, tuple[KeyRule, ...]]
_Digests = Mapping[str, datetime.date | None]
_Asked = tuple[Use, SignatureAlgorithm, int | None]
_FOR_EVER: Final = datetime.date.max
_ACCEPTED: Final = Ruling.ACCEPTED  # asking the class takes four times as long in Python 3.11
_DAY: Final = datetime.timedelta(days=1)
_KEPT: Final = 256
"""Answers that a policy keeps: a document asks a dozen different questions."""


def _frozen(value: Mapping[Use, Mapping[Any, Any]]) -> Mapping[Use, Mapping[Any, Any]]:
    return MappingProxyType({use: MappingProxyType(dict(rows)) for use, rows in value.items()})


@attrs.frozen(kw_only=True, repr=False)
class CryptoPolicy:
    """Two tables: keys by use and scheme, digests by use. What is in neither table is refused.

    ``pss_plain``: RSASSA-PSS counts only where both digests are the same and the salt is as long as they are.
    """

    name: str
    keys: Mapping[Use, _Keys] = attrs.field(converter=_frozen)
    digests: Mapping[Use, _Digests] = attrs.field(converter=_frozen)
    pss_plain: bool = True
    _found: dict[_Asked, tuple[datetime.date | None]] = attrs.field(factory=dict, init=False, eq=False)
    """Answers of :meth:`until`: the tables do not change, and few questions are asked again and again."""
    _endless: Mapping[Use, frozenset[str]] = attrs.field(init=False, eq=False)

    @_endless.default
    def _without_end(self) -> Mapping[Use, frozenset[str]]:
        return {
            use: frozenset(name for name, until in rows.items() if until in (None, _FOR_EVER))
            for use, rows in self.digests.items()
        }

    ends: tuple[datetime.datetime, ...] = attrs.field(init=False, eq=False)
    """The times from which something counts no longer, in order: the ends of the last days of all rows, in UTC."""

    @ends.default
    def _all_ends(self) -> tuple[datetime.datetime, ...]:
        days = {until for rows in self.digests.values() for until in rows.values()}
        days.update(rule.until for rows in self.keys.values() for rules in rows.values() for rule in rules)
        last = (day for day in days if day is not None and day < _FOR_EVER)
        midnights = (datetime.datetime.combine(day + _DAY, datetime.time(), _VIETNAM) for day in last)
        return tuple(sorted(at.astimezone(datetime.UTC) for at in midnights))

    def until(self, use: Use, algorithm: SignatureAlgorithm, bits: int | None = None) -> datetime.date | None:
        """Return the last day on which *algorithm* counts with a key of *bits* bits; ``date.max`` if there is no end.

        ``None`` means that it never counts. Without *bits* only the digest is judged.
        """
        asked = use, algorithm, bits
        found = self._found.get(asked)
        if found is None:
            if len(self._found) >= _KEPT:
                self._found.clear()
            found = self._found[asked] = (self._until(use, algorithm, bits),)
        return found[0]

    def _until(self, use: Use, algorithm: SignatureAlgorithm, bits: int | None) -> datetime.date | None:
        key_end = _FOR_EVER if bits is None else self._key_end(use, algorithm, bits)
        digest_end = self.digest_until(use, algorithm.digest)
        if key_end is None or digest_end is None:
            return None
        return min(key_end, digest_end)

    def digest_until(self, use: Use, digest: str | None) -> datetime.date | None:
        """Return the last day on which *digest* counts for *use*: as :meth:`until`. No digest (EdDSA) has no end."""
        if digest is None:
            return _FOR_EVER
        rows = self.digests.get(use, {})
        if digest not in rows:
            return None
        return rows[digest] or _FOR_EVER

    def endless_digests(self, use: Use) -> frozenset[str]:
        """Return the digests that count for *use* without end: for which :meth:`digest_until` is ``date.max``."""
        return self._endless.get(use, frozenset())

    def _key_end(self, use: Use, algorithm: SignatureAlgorithm, bits: int) -> datetime.date | None:
        if algorithm.family is Family.RSA_PSS and self.pss_plain and not _plain(algorithm):
            return None
        latest: datetime.date | None = None
        for rule in self.keys.get(use, {}).get(algorithm.family, ()):
            if bits >= rule.bits:
                end = rule.until or _FOR_EVER
                latest = end if latest is None or end > latest else latest
        return latest

    def judge(self, use: Use, algorithm: SignatureAlgorithm, at: datetime.datetime, bits: int | None = None) -> Ruling:
        """Return whether *algorithm* counts for *use* at the time *at* (with a zone) with a key of *bits* bits."""
        return self.ruling(self.until(use, algorithm, bits), at)

    @staticmethod
    def ruling(until: datetime.date | None, at: datetime.datetime) -> Ruling:
        """Return what a last day means at the time *at*; :class:`~vndoc.errors.UsageError` for a time without zone."""
        if at.tzinfo is None:
            raise UsageError("time-zone-missing")
        if until is _FOR_EVER or until == _FOR_EVER:
            return _ACCEPTED
        if until is None:
            return Ruling.REFUSED
        try:
            day = at.astimezone(_VIETNAM).date()
        except OverflowError:  # the last hours of the calendar
            day = at.date()
        return Ruling.ACCEPTED if day <= until else Ruling.EXPIRED

    def __reduce__(self) -> tuple[object, ...]:
        """The tables go as plain ones, since frozen ones cannot be pickled."""
        keys, digests = ({use: dict(rows) for use, rows in table.items()} for table in (self.keys, self.digests))
        again = functools.partial(type(self), name=self.name, keys=keys, digests=digests, pss_plain=self.pss_plain)
        return again, ()

    def __repr__(self) -> str:
        return f"CryptoPolicy({self.name!r})"


def _plain(algorithm: SignatureAlgorithm) -> bool:
    """Return whether RSASSA-PSS has one digest and a salt as long; one that is only named (MD5) is not looked into."""
    row = DIGESTS.get(algorithm.digest or "")
    if row is None or row.hashlib is None or algorithm.mgf != algorithm.digest:
        return False
    return bool(algorithm.salt == hasher(row).digest_size)
