"""Certificate revocation lists: read by position, verified on their octets, indexed once (RFC 5280, section 5).

A list of a hundred thousand entries is walked once; entries are decoded only when one is asked for. What the
list is for and whether it counts is judged by :mod:`vndoc.pki.revocation`.
"""

from __future__ import annotations

import binascii
import bisect
import datetime
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from vndoc.errors import CertificateError
from vndoc.pki import der
from vndoc.pki._lazy import lazy
from vndoc.pki.algorithms import DIGESTS, SignatureAlgorithm, hasher, signature_algorithm, verify
from vndoc.pki.certificate import Certificate, read_extensions, serial_octets
from vndoc.pki.distribution import Scope, scope_of
from vndoc.pki.extensions import Extension, general_names, items
from vndoc.pki.names import name_key
from vndoc.pki.revocation_facts import RevocationReason

__all__ = ["MAX_CRL", "Crl", "CrlEntry", "pem_lists"]

MAX_CRL: Final = 256 * 1024 * 1024
"""Octets of one list: five million entries."""

_KNOWN: Final = frozenset({f"2.5.29.{n}" for n in (18, 20, 27, 28, 35, 46, 60)} | {"1.3.6.1.5.5.7.1.1"})
"""Extensions of lists that may be critical: key identifiers, numbers, delta, scope, freshest, expired certificates."""
_KNOWN_OF_ENTRIES: Final = frozenset({"2.5.29.21", "2.5.29.23", "2.5.29.24", "2.5.29.29"})
_VERSION_2: Final = 1
"""How version 2 is written; version 1 is not written at all (RFC 5280, 5.1.2.1)."""
_CERTIFICATE_ISSUER: Final = "2.5.29.29"
_CRITICAL: Final = re.compile(rb"\x01\x01[^\x00]\x04", re.DOTALL)
"""How a critical extension looks: TRUE, then its value. What is found is read before it counts: numbers look alike."""


_PEM: Final = re.compile(rb"-----BEGIN X509 CRL-----(.+?)-----END X509 CRL-----", re.DOTALL)


def pem_lists(data: bytes) -> tuple[bytes, ...]:
    """Return the DER of all revocation lists in the PEM text *data*; none where the base64 of one is damaged."""
    try:
        return tuple(binascii.a2b_base64(b"".join(one.split()), strict_mode=True) for one in _PEM.findall(data))
    except binascii.Error:
        return ()


@attrs.frozen
class CrlEntry:
    """One entry: since when, and why (``UNSPECIFIED`` where nothing is said)."""

    date: datetime.datetime
    reason: RevocationReason


@attrs.frozen(eq=False, repr=False, slots=False)
class Crl:
    """One revocation list. Make one with :meth:`load`; two are equal when their octets are.

    ``scope`` is that of the issuing distribution point; ``number`` and ``base`` are the CRL number and, for a delta
    list, that of its base. ``expired_since``: certificates that expired since then are kept on the list.
    ``usable`` is ``False`` where a critical extension is not understood, an extension is malformed, the version is not
    known or the two algorithm identifiers differ.
    """

    der: bytes
    issuer: bytes
    this_update: datetime.datetime
    next_update: datetime.datetime | None
    algorithm_identifier: bytes
    signature: bytes
    scope: Scope
    number: int | None
    base: int | None
    expired_since: datetime.datetime | None
    authority_key_id: bytes | None
    usable: bool
    _tbs: slice
    _entries: slice
    _verified: dict[bytes, bool] = attrs.field(factory=dict, init=False)

    @classmethod
    def load(cls, data: bytes) -> Crl:
        """Return the list that *data* is, DER or PEM with one list.

        Raises :class:`~vndoc.errors.CertificateError`: ``crl-malformed`` or ``der-malformed``.
        """
        if data[:1] != b"\x30" and b"-----BEGIN" in data[:MAX_CRL]:
            found = pem_lists(data)
            if len(found) != 1:
                raise CertificateError("crl-malformed", detail=f"PEM: {len(found)}")
            [data] = found
        if len(data) > MAX_CRL:
            raise CertificateError("crl-malformed", detail=f"> {MAX_CRL} B")
        return _load(bytes(data))

    @property
    def tbs(self) -> memoryview:
        """The octets that were signed, without a copy."""
        return memoryview(self.der)[self._tbs]

    @lazy
    def algorithm(self) -> SignatureAlgorithm:
        """The scheme of the signature."""
        return signature_algorithm(self.algorithm_identifier)

    def verified_by(self, signer: Certificate) -> bool:
        """Return whether the key of *signer* signed the list; the answer is kept.

        Raises ``key-unsupported``, or ``algorithm-unsupported`` for a scheme that is not verified here.
        """
        known = self._verified.get(signer.spki)
        if known is None:
            row = DIGESTS.get(self.algorithm.digest or "")
            if row is None:
                known = verify(signer.public_key, self.algorithm, self.signature, data=bytes(self.tbs))
            else:
                found = hasher(row)
                found.update(self.tbs)
                known = verify(signer.public_key, self.algorithm, self.signature, digest=found.digest())
            if len(self._verified) < 64:
                self._verified[signer.spki] = known
        return known

    @lazy
    def index(self) -> Mapping[bytes, int]:
        """Where the entry of each serial number begins; the key is the content of the DER INTEGER.

        Raises ``crl-malformed`` or ``der-malformed`` if the entries are no list, or one of them has a critical
        extension that is not understood.
        """
        index, count = _walk(self.der, self._entries)
        if count != len(index):
            self._repeated.update(_repeated(self.der, self._entries))
        if not self.scope.indirect:
            self._check_critical(index)
        return index

    @lazy
    def _repeated(self) -> dict[bytes, list[int]]:
        """The entries of serial numbers that stand more than once."""
        return {}

    def _check_critical(self, index: Mapping[bytes, int]) -> None:
        """Refuse the list if an entry has a critical extension that is not understood (RFC 5280, section 5.3)."""
        starts: list[int] | None = None
        for match in _CRITICAL.finditer(self.der, self._entries.start, self._entries.stop):
            if starts is None:
                # in the order of the list, unless a number stands twice
                starts = [s for s, _ in _starts(self.der, self._entries)] if self._repeated else [*index.values()]
            at = bisect.bisect_right(starts, match.start()) - 1
            _entry(self.der, starts[at], self._entries.stop)

    @lazy
    def _indirect(self) -> Mapping[tuple[object, bytes], list[int]]:
        """Where the entries of an indirect list are, by issuer and serial number."""
        found: dict[tuple[object, bytes], list[int]] = {}
        issuer: object = name_key(self.issuer)
        for start, key in _starts(self.der, self._entries):
            _, named = _entry(self.der, start, self._entries.stop)
            if named is not None:
                issuer = name_key(named)
            found.setdefault((issuer, key), []).append(start)
        return found

    def entry(self, issuer: bytes, serial: int) -> CrlEntry | None:
        """Return the entry of the certificate that *issuer* (a DER Name) gave the number *serial*, or ``None``.

        Where there are several, the earliest that is for good, else the earliest; of the same time, one that says that
        the key is lost. Raises as :attr:`index`.
        """
        return self._found(issuer, serial_octets(serial))

    def entry_of(self, certificate: Certificate) -> CrlEntry | None:
        """Return the entry of *certificate*, or ``None``: as :meth:`entry`."""
        if not self.scope.indirect and certificate.serial_content not in self.index:
            return None
        return self._found(certificate.issuer, certificate.serial_content)

    def _found(self, issuer: bytes, key: bytes) -> CrlEntry | None:
        if self.scope.indirect:
            starts = self._indirect.get((name_key(issuer), key))
        else:
            start = self.index.get(key)
            starts = None if start is None else self._repeated.get(key, [start])
        if not starts:
            return None
        entries = [_entry(self.der, start, self._entries.stop)[0] for start in starts]
        return min(entries, key=lambda e: (e.reason in _PASSING, e.date, e.reason.keeps_key))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Crl) and self.der == other.der

    def __hash__(self) -> int:
        return hash(self.der)

    def __repr__(self) -> str:
        kind = "delta " if self.base is not None else ""
        return f"Crl({kind}{self.this_update:%Y-%m-%d}, {len(self.der)} B)"


_PASSING: Final = frozenset({RevocationReason.CERTIFICATE_HOLD, RevocationReason.REMOVE_FROM_CRL})


def _malformed(detail: str) -> CertificateError:
    return CertificateError("crl-malformed", detail=detail)


def _load(data: bytes) -> Crl:
    size = len(data)
    body, end, stop = der.span(data, 0, size, der.SEQUENCE)
    at, tbs_end, tbs_stop = der.span(data, body, end, der.SEQUENCE)
    _, _, algorithm_stop = der.span(data, tbs_stop, end, der.SEQUENCE)
    value = der.read(data, algorithm_stop, end, ber=True)
    if stop != size or value.stop != end:
        raise _malformed("CertificateList")
    signature, unused = der.bits(value)
    element = der.read(data, at, tbs_end, ber=True)
    known = element.tag != der.INTEGER or der.integer(element) == _VERSION_2
    if element.tag == der.INTEGER:
        element = der.read(data, element.stop, tbs_end, ber=True)
    if element.tag != der.SEQUENCE:
        raise _malformed("signature")
    inner = element.octets
    _, _, issuer_stop = der.span(data, element.stop, tbs_end, der.SEQUENCE)
    issuer = data[element.stop : issuer_stop]
    element = der.read(data, issuer_stop, tbs_end, ber=True)
    this_update, next_update, at = der.time(element), None, element.stop
    if data[at : at + 1] in (b"\x17", b"\x18") and at < tbs_end:
        element = der.read(data, at, tbs_end, ber=True)
        next_update, at = der.time(element), element.stop
    entries = slice(at, at)
    if data[at : at + 1] == b"\x30" and at < tbs_end:
        first, last, at = der.span(data, at, tbs_end, der.SEQUENCE)
        entries = slice(first, last)
    algorithm = data[tbs_stop:algorithm_stop]
    return Crl(
        data,
        issuer,
        this_update,
        next_update,
        algorithm,
        b"" if unused else signature,
        **_of_extensions(data, at, tbs_end, consistent=known and inner == algorithm),
        tbs=slice(body, tbs_stop),
        entries=entries,
    )


def _of_extensions(data: bytes, pos: int, limit: int, *, consistent: bool) -> dict[str, Any]:
    """Return the fields of :class:`Crl` that come from the extensions, which begin at *pos*."""
    found: Mapping[str, Extension] = {}
    if pos < limit:
        body, end, stop = der.span(data, pos, limit, der.context(0))
        if stop != limit:
            raise _malformed("TBSCertList")
        found, repeated = read_extensions(data, body, end)
        consistent = consistent and not repeated
    fields: dict[str, Any] = {
        "scope": Scope(),
        "number": None,
        "base": None,
        "expired_since": None,
        "authority_key_id": None,
    }
    for oid, extension in found.items():
        if extension.critical and oid not in _KNOWN:
            consistent = False
        try:
            fields.update(_field(oid, extension.value))
        except CertificateError:
            consistent = False
    return {**fields, "usable": consistent}


def _field(oid: str, value: bytes) -> dict[str, Any]:
    if oid == "2.5.29.28":
        return {"scope": scope_of(value)}
    if oid == "2.5.29.20":
        return {"number": der.integer(der.read(value, ber=True))}
    if oid == "2.5.29.27":
        return {"base": der.integer(der.read(value, ber=True))}
    if oid == "2.5.29.60":
        return {"expired_since": der.time(der.read(value, ber=True))}
    if oid == "2.5.29.35":
        parts = [part.content for part in items(value) if part.tag == der.context(0, constructed=False)]
        return {"authority_key_id": parts[0] if parts else None}
    return {}


def _walk(data: bytes, where: slice) -> tuple[dict[bytes, int], int]:
    """Return where each entry begins by its serial number, and how many entries there are.

    The first five octets of an entry tell its shape; a list has few shapes, so each is looked at once. Long forms and
    numbers that are not in their shortest form are read one by one.
    """
    index: dict[bytes, int] = {}
    shapes: dict[bytes, tuple[int, int] | None] = {}
    pos, end, count = where.start, where.stop, 0
    while pos < end:
        count += 1
        head = data[pos : pos + 5]
        try:
            shape = shapes[head]
        except KeyError:
            shape = shapes[head] = _shape(head)
        if shape is None:
            start, pos, key = _slowly(data, pos, end)
            index[key] = start
        else:
            index[data[pos + 4 : pos + shape[0]]] = pos
            pos += shape[1]
    if pos != end:
        raise _malformed("revokedCertificates")
    return index, count


def _shape(head: bytes) -> tuple[int, int] | None:
    """Return where the number of an entry ends and how long the entry is, or ``None`` where it is not the usual one."""
    if len(head) < 5 or head[0] != der.SEQUENCE or head[1] > 0x7F or head[2] != der.INTEGER:
        return None
    if not 0 < head[3] <= head[1] - 2 or head[4] in (0x00, 0xFF):
        return None
    return 4 + head[3], 2 + head[1]


def _slowly(data: bytes, pos: int, end: int) -> tuple[int, int, bytes]:
    """Return where the entry at *pos* begins and stops, and its serial number in its shortest form."""
    entry = der.read(data, pos, end, ber=True)
    if entry.tag != der.SEQUENCE:
        raise _malformed("revokedCertificates")
    number = der.read(data, entry.body, entry.end, ber=True)
    return pos, entry.stop, serial_octets(der.integer(number))


def _starts(data: bytes, where: slice) -> Iterator[tuple[int, bytes]]:
    pos = where.start
    while pos < where.stop:
        start, pos, key = _slowly(data, pos, where.stop)
        yield start, key


def _repeated(data: bytes, where: slice) -> dict[bytes, list[int]]:
    found: dict[bytes, list[int]] = {}
    for start, key in _starts(data, where):
        found.setdefault(key, []).append(start)
    return {key: starts for key, starts in found.items() if len(starts) > 1}


def _entry(data: bytes, pos: int, limit: int) -> tuple[CrlEntry, bytes | None]:
    """Return the entry at *pos*, and the certificate issuer that it names for itself and those behind it."""
    parts = der.children(der.read(data, pos, limit, ber=True), ber=True)
    if not 2 <= len(parts) <= 3:
        raise _malformed("revokedCertificates")
    reason, issuer = RevocationReason.UNSPECIFIED, None
    if len(parts) == 3:
        if parts[2].tag != der.SEQUENCE:
            raise _malformed("crlEntryExtensions")
        found, _repeated = read_extensions(data, parts[2].start, parts[2].stop)
        for oid, extension in found.items():
            if extension.critical and oid not in _KNOWN_OF_ENTRIES:
                raise _malformed(oid)
            if oid == "2.5.29.21":
                reason = reason_of(der.read(extension.value, ber=True))
            elif oid == _CERTIFICATE_ISSUER:
                names = general_names(der.read(extension.value, ber=True))
                issuer = next((name.value for name in names if name.kind == 4), None)
    return CrlEntry(der.time(parts[1]), reason), issuer


def reason_of(element: der.Element) -> RevocationReason:
    """Return the CRLReason that *element* holds; ``crl-malformed`` for a number that is none."""
    try:
        return RevocationReason(der.integer(element))
    except ValueError:
        raise _malformed("CRLReason") from None
