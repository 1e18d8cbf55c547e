"""The DER of revocation lists (RFC 5280, section 5) and OCSP responses (RFC 6960), every field free."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import attrs

from vndoc.errors import UsageError
from vndoc.pki import Certificate, Extension, SignatureAlgorithm, der
from vndoc.pki.algorithms import DIGESTS, identifier_of
from vndoc.signers.keys import PrivateKey
from vndoc.testing._assembly import (
    digest_identifier,
    extensions,
    generalized,
    integer,
    key_id,
    named_bits,
    octet_string,
    pki_time,
    signed,
)
from vndoc.testing.extensions import full_name

__all__ = [
    "Scope",
    "ocsp_failure",
]

_WhenAndWhy = tuple[datetime.datetime, str | None]
Revoked = Mapping[int, _WhenAndWhy] | Mapping[Certificate, _WhenAndWhy] | Mapping[int | Certificate, _WhenAndWhy]

REASONS: Final = {
    "unspecified": 0,
    "keyCompromise": 1,
    "cACompromise": 2,
    "affiliationChanged": 3,
    "superseded": 4,
    "cessationOfOperation": 5,
    "certificateHold": 6,
    "removeFromCRL": 8,
    "privilegeWithdrawn": 9,
    "aACompromise": 10,
}
REASON_FLAGS: Final = (
    "unused",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "certificateHold",
    "privilegeWithdrawn",
    "aACompromise",
)
FAILURES: Final = {"malformedRequest": 1, "internalError": 2, "tryLater": 3, "sigRequired": 5, "unauthorized": 6}


@attrs.frozen(kw_only=True)
class Scope:
    """What a revocation list is about (issuing distribution point, RFC 5280, 5.2.5).

    ``reasons`` are names such as ``keyCompromise``; empty means all of them.
    """

    distribution_point: str | None = None
    only_user: bool = False
    only_ca: bool = False
    only_attribute: bool = False
    reasons: Sequence[str] = ()
    indirect: bool = False

    def extension(self) -> Extension:
        """Return the critical extension that says so."""
        flags = ((1, self.only_user), (2, self.only_ca), (4, self.indirect), (5, self.only_attribute))
        parts = {number: der.encode(der.context(number, constructed=False), b"\xff") for number, on in flags if on}
        if self.distribution_point is not None:
            parts[0] = full_name(self.distribution_point)
        if self.reasons:
            bits = named_bits(REASON_FLAGS, self.reasons)
            parts[3] = der.encode(der.context(3, constructed=False), bits)
        return Extension("2.5.29.28", True, der.encode(der.SEQUENCE, *(parts[n] for n in sorted(parts))))


def crl(
    *,
    issuer: bytes,
    revoked: Revoked,
    this_update: datetime.datetime,
    next_update: datetime.datetime | None,
    rows: Sequence[Extension],
    indirect: bool,
    key: PrivateKey,
    algorithm: SignatureAlgorithm,
) -> bytes:
    """Return a CertificateList: version 2 with *rows* as extensions, version 1 without any."""
    entries = list(_entries(revoked, issuer, indirect=indirect))
    tbs = der.encode(
        der.SEQUENCE,
        integer(1) if rows else b"",
        identifier_of(algorithm),
        issuer,
        pki_time(this_update),
        b"" if next_update is None else pki_time(next_update),
        der.encode(der.SEQUENCE, *entries) if entries else b"",
        der.encode(der.context(0), extensions(rows)) if rows else b"",
    )
    return signed(tbs, key, algorithm)


def _entries(revoked: Revoked, issuer: bytes, *, indirect: bool) -> Iterator[bytes]:
    current = issuer
    for about, (time, reason) in revoked.items():
        rows = []
        if reason is not None:
            rows.append(Extension("2.5.29.21", False, _reason(reason)))
        if indirect and isinstance(about, Certificate) and about.issuer != current:
            current = about.issuer
            names = der.encode(der.SEQUENCE, der.encode(der.context(4), current))
            rows.append(Extension("2.5.29.29", True, names))
        serial = about.serial if isinstance(about, Certificate) else about
        yield der.encode(der.SEQUENCE, integer(serial), pki_time(time), extensions(rows) if rows else b"")


def _reason(name: str) -> bytes:
    if name not in REASONS:
        raise UsageError("option-invalid", detail=f"reason={name!r}")
    return integer(REASONS[name], der.ENUMERATED)


def certificate_id(certificate: Certificate, issuer: Certificate, digest: str) -> bytes:
    """Return the CertID of *certificate*."""
    kind = DIGESTS[digest]
    key = der.bits(der.children(der.read(issuer.spki))[1])[0]
    return der.encode(
        der.SEQUENCE,
        digest_identifier(digest),
        octet_string(kind.of(issuer.subject)),
        octet_string(kind.of(key)),
        integer(certificate.serial),
    )


def single_response(
    certid: bytes,
    status: str,
    *,
    revoked: tuple[datetime.datetime, str | None] | None,
    this_update: datetime.datetime,
    next_update: datetime.datetime | None,
    rows: Iterable[Extension],
) -> bytes:
    """Return a SingleResponse."""
    own = tuple(rows)
    return der.encode(
        der.SEQUENCE,
        certid,
        _status(status, revoked),
        generalized(this_update),
        b"" if next_update is None else der.encode(der.context(0), generalized(next_update)),
        der.encode(der.context(1), extensions(own)) if own else b"",
    )


def _status(status: str, revoked: tuple[datetime.datetime, str | None] | None) -> bytes:
    if status == "revoked" and revoked is not None:
        time, reason = revoked
        why = b"" if reason is None else der.encode(der.context(0), _reason(reason))
        return der.encode(der.context(1), generalized(time), why)
    numbers = {"good": 0, "unknown": 2}
    if status not in numbers or revoked is not None:
        raise UsageError("option-invalid", detail=f"status={status!r}, revoked={revoked!r}")
    return der.encode(der.context(numbers[status], constructed=False))


def ocsp_response(
    responses: Sequence[bytes],
    *,
    responder: Certificate,
    by_name: bool,
    produced_at: datetime.datetime,
    rows: Sequence[Extension],
    certificates: Sequence[Certificate],
    key: PrivateKey,
    algorithm: SignatureAlgorithm,
) -> bytes:
    """Return an OCSPResponse of the status *successful* with a BasicOCSPResponse."""
    if by_name:
        name = der.encode(der.context(1), responder.subject)
    else:
        name = der.encode(der.context(2), octet_string(key_id(responder.spki)))
    tbs = der.encode(
        der.SEQUENCE,
        name,
        generalized(produced_at),
        der.encode(der.SEQUENCE, *responses),
        der.encode(der.context(1), extensions(rows)) if rows else b"",
    )
    carried = der.encode(der.context(0), der.encode(der.SEQUENCE, *(c.der for c in certificates)))
    basic = signed(tbs, key, algorithm, carried if certificates else b"")
    body = der.encode(der.SEQUENCE, der.encode_oid("1.3.6.1.5.5.7.48.1.1"), octet_string(basic))
    return der.encode(der.SEQUENCE, integer(0, der.ENUMERATED), der.encode(der.context(0), body))


def ocsp_failure(status: str) -> bytes:
    """Return an OCSPResponse without an answer: *status* is ``tryLater``, ``unauthorized``, ``internalError``, ..."""
    if status not in FAILURES:
        raise UsageError("option-invalid", detail=f"status={status!r}")
    return der.encode(der.SEQUENCE, integer(FAILURES[status], der.ENUMERATED))
