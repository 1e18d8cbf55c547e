"""Facts of signatures made by hand with the test PKI, so that the evaluation is tested without a format."""

from __future__ import annotations

import datetime
import hashlib
from typing import Any

import attrs

from vndoc.envelope.octets import MemoryOctets
from vndoc.pki import (
    Certificate,
    Family,
    Purpose,
    RevocationFact,
    RevocationQuestion,
    RevocationReason,
    RevocationStatus,
    SignatureAlgorithm,
    TrustStore,
)
from vndoc.pki.algorithms import DIGESTS, verify
from vndoc.signature.facts import (
    Binding,
    Covered,
    Form,
    Level,
    SignatureFacts,
    TimestampFacts,
    TimestampKind,
    TimestampToken,
)
from vndoc.signers.keys import sign_with
from vndoc.testing.pki import Authority, Identity

RSA = SignatureAlgorithm(Family.RSA_PKCS1, "sha256")
ECDSA = SignatureAlgorithm(Family.ECDSA, "sha256")


def utc(*parts: int) -> datetime.datetime:
    return datetime.datetime(*parts, tzinfo=datetime.UTC)


NOW = utc(2026, 11, 22, 3)

ROOT = Authority.root("Gốc thử nghiệm", key="p256")
CA = ROOT.subordinate("CA thử nghiệm", key="p256")
TSA_ROOT = Authority.root("Gốc dấu thời gian", key="p256")
PERSON = CA.person("Trần Thị Thử", cccd="001099000123", organisation="Sở Thử nghiệm", key="p256")
TSA = TSA_ROOT.tsa("Máy chủ dấu thời gian thử", key="rsa-2048")
STORE = TrustStore.of([ROOT.certificate], purposes={Purpose.GOVERNMENT}).with_anchor(
    TSA_ROOT.certificate, purposes={Purpose.TIMESTAMP, Purpose.GOVERNMENT}
)


@attrs.define
class Knows:
    """A source of revocation facts that knows what it is told: everything is good, but for the *revoked*."""

    revoked: dict[Certificate, tuple[datetime.datetime, RevocationReason | None]] = attrs.field(factory=dict)
    unknown: tuple[Certificate, ...] = ()
    asked: list[RevocationQuestion] = attrs.field(factory=list)

    def status(self, question: RevocationQuestion) -> RevocationFact:
        self.asked.append(question)
        certificate, at = question.certificate, question.at
        if certificate in self.unknown:
            return RevocationFact(certificate=certificate, status=RevocationStatus.UNKNOWN, at=at, why=("crl-stale",))
        date, reason = self.revoked.get(certificate, (None, None))
        if date is not None and date <= at:
            return RevocationFact(
                certificate=certificate,
                status=RevocationStatus.REVOKED,
                at=at,
                source="crl",
                date=date,
                reason=reason,
                material=b"list",
            )
        return RevocationFact(
            certificate=certificate, status=RevocationStatus.GOOD, at=at, source="ocsp", material=b"response"
        )


GOOD = Knows()


def signed(
    identity: Identity = PERSON,
    *,
    algorithm: SignatureAlgorithm = ECDSA,
    octets: bytes = b"signed octets",
    digest: str = "sha256",
    **fields: Any,
) -> SignatureFacts:
    """Return the facts of a signature by *identity*; *fields* replace what a reader would have found."""
    value = sign_with(identity.key, algorithm, octets)
    row = DIGESTS[digest]
    content = row.of(b"content") if row.hashlib else hashlib.sha256(b"content").digest()
    covered = Covered(
        what="content", name="", intact=True, digest=digest, value=content, octets=MemoryOctets(b"content")
    )
    found: dict[str, Any] = {
        "form": Form.CADES,
        "level": Level.B,
        "place": "SignerInfo[1]",
        "reasons": (),
        "algorithm": algorithm,
        "covered": (covered,),
        "verify": lambda c: verify(c.public_key, algorithm, value, data=octets),
        "candidates": (identity.certificate,),
        "certificates": (identity.certificate, *identity.chain),
        "binding": lambda c: Binding.MATCHES if c == identity.certificate else Binding.DIFFERS,
        "signature_value": value,
        "signed_octets": octets,
    }
    return SignatureFacts(**found | fields)


def token(time: datetime.datetime, tsa: Identity = TSA, **fields: Any) -> TimestampToken:
    """Return a timestamp token that says *time*."""
    algorithm = fields.pop("algorithm", RSA)
    found: dict[str, Any] = {
        "octets": b"token",
        "time": time,
        "accuracy": datetime.timedelta(seconds=1),
        "ordering": False,
        "serial": 7,
        "policy": "2.16.704.1.1.1.2",
        "nonce": None,
        "imprint_digest": "sha256",
        "imprint": b"",
        "token_digest": algorithm.digest or "sha256",
        "tsa_name": None,
        "signature": fields.pop("signature", None) or signed(tsa, algorithm=algorithm),
    }
    return TimestampToken(**found | fields)


def stamp(
    time: datetime.datetime,
    tsa: Identity = TSA,
    *,
    kind: TimestampKind = TimestampKind.SIGNATURE,
    intact: bool | None = True,
    **fields: Any,
) -> TimestampFacts:
    """Return a timestamp of *kind* over a signature."""
    return TimestampFacts(kind=kind, place=f"timestamp[{kind.value}]", token=token(time, tsa, **fields), intact=intact)
