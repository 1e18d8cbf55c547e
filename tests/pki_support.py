"""What the tests of ``vndoc.pki`` share: a policy that accepts what is common, times, stores, validations."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from vndoc.pki import (
    Certificate,
    CryptoPolicy,
    Family,
    KeyRule,
    PathResult,
    Purpose,
    TrustStore,
    Use,
    validate_path,
)

SIGNERS = frozenset({Purpose.GOVERNMENT, Purpose.NATIONAL})
NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)

_KEYS = {
    Family.RSA_PKCS1: (KeyRule(2048),),
    Family.RSA_PSS: (KeyRule(2048),),
    Family.ECDSA: (KeyRule(256),),
    Family.ED25519: (KeyRule(256),),
}
_LEGACY = {Use.LEGACY_CA_CERTIFICATE, Use.LEGACY_END_CERTIFICATE}

POLICY = CryptoPolicy(
    name="test",
    keys=dict.fromkeys(Use, _KEYS),
    digests={
        use: {"sha256": None, "sha384": None, "sha512": None}
        | ({"sha1": datetime.date(2022, 12, 31)} if use in _LEGACY else {})
        for use in Use
    },
)
"""SHA-2 without end; SHA-1 below legacy anchors until the end of 2022."""


def day(year: int, month: int = 1, number: int = 1) -> datetime.datetime:
    """Return the first moment of a day in UTC."""
    return datetime.datetime(year, month, number, tzinfo=datetime.UTC)


def store(*certificates: Certificate, purposes: Iterable[Purpose] = SIGNERS, **how: object) -> TrustStore:
    return TrustStore.of(certificates, purposes=purposes, **how)


def check(certificate: Certificate, trust: TrustStore, at: datetime.datetime = NOW, **how: object) -> PathResult:
    """Return the answer for *certificate* under :data:`POLICY`, for signers unless told otherwise."""
    return validate_path(certificate, trust=trust, at=at, **{"purpose": SIGNERS, "crypto": POLICY, **how})


def codes(result: PathResult) -> list[str]:
    """Return the codes of the reasons, those that decided first."""
    return [reason.code for reason in result.outcome.reasons]
