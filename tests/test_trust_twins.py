"""Twins of what is met in Vietnam, made by the test PKI: one table of situations with verdict and reason of each.

The situations are those of the specification of signatures, sections 2 and 3: two government generations, public
authorities that are gone, signatures that hold the leaf alone, signers that have expired, suspensions, clocks seven
hours ahead, foreign time-stamping authorities. Every signature, token and list is a real one; nothing is stubbed.
Names, numbers and hosts are fictional. ``pytest -s`` prints the table.
"""

from __future__ import annotations

import datetime
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7

from vndoc.errors import FetchError
from vndoc.pki import (
    FetchRequest,
    Indication,
    Purpose,
    RevocationChecker,
    SubIndication,
    TrustStore,
)
from vndoc.signature import Verdict, sign_cms, verify_cms
from vndoc.signature.cms import add_timestamp
from vndoc.testing.pki import Authority, Identity, TimestampAuthority, access, distribution_points

DAY = datetime.timedelta(days=1)
CONTENT = "Công văn thử nghiệm".encode()
GOVERNMENT, NATIONAL, TIME = frozenset({Purpose.GOVERNMENT}), frozenset({Purpose.NATIONAL}), Purpose.TIMESTAMP


def day(year: int, month: int = 1, number: int = 1) -> datetime.datetime:
    return datetime.datetime(year, month, number, 3, tzinfo=datetime.UTC)


NOW = day(2026, 11, 22)


@attrs.frozen
class World:
    """Hierarchies like those of section 2; the keys are made once."""

    g1: Authority
    g1_ca: Authority
    g2: Authority
    g2_ca: Authority
    national: Authority
    public: Authority
    old_national: Authority
    old_public: Authority
    foreign: Authority
    tsa_1: Identity
    tsa_2: Identity
    foreign_tsa: Identity


@cache
def world() -> World:
    g1 = Authority.root(
        "Goc chuyen dung thu nghiem", digest="sha1", valid=(day(2010, 3, 10), day(2030, 3, 5)), style="g1"
    )
    g1_ca = g1.subordinate("Co quan chung thuc so thu nghiem", valid=(day(2010, 3, 25), day(2030, 3, 4)))
    g2 = Authority.root("Gốc chuyên dùng thử nghiệm G2", key="rsa-4096")
    g2_ca = g2.subordinate("CA các cơ quan thử nghiệm G2", path_length=0)
    national = Authority.root("Fictional National Root", valid=(day(2014, 4, 15), day(2039, 4, 15)), style="public")
    old = Authority.root("Old National Root", digest="sha1", valid=(day(2008, 5, 16), day(2040, 5, 16)), style="public")
    foreign = Authority.root("Foreign Root")
    return World(
        g1=g1,
        g1_ca=g1_ca,
        g2=g2,
        g2_ca=g2_ca,
        national=national,
        public=national.subordinate("Fictional-CA RS", valid=(day(2022, 9, 26), day(2027, 9, 26)), path_length=0),
        old_national=old,
        old_public=old.subordinate("Old-CA", valid=(day(2015, 10, 2), day(2020, 10, 2)), path_length=0),
        foreign=foreign,
        tsa_1=g1.tsa("Máy chủ thời gian thử nghiệm 01", digest="sha256", valid=(day(2018, 8, 13), day(2028, 8, 10))),
        tsa_2=g2.tsa("Máy chủ thời gian thử nghiệm 02", valid=(day(2024, 6, 3), day(2034, 6, 1))),
        foreign_tsa=foreign.subordinate("Foreign Timestamp CA").tsa("Timestamp Signer XY1"),
    )


def trust(*, legacy: bool = True, foreign: bool = True) -> TrustStore:
    w = world()
    store = (
        TrustStore()
        .with_anchor(w.g1.certificate, purposes=GOVERNMENT | {TIME}, legacy=legacy)
        .with_anchor(w.g2.certificate, purposes=GOVERNMENT | {TIME})
        .with_anchor(w.national.certificate, purposes=NATIONAL)
        .with_anchor(w.old_national.certificate, purposes=NATIONAL, legacy=True)
    )
    return store.with_anchor(w.foreign.certificate, purposes={TIME}) if foreign else store


Revoked = Mapping[Identity, tuple[datetime.datetime, str | None]]
NOBODY: Revoked = MappingProxyType({})


def lists(at: datetime.datetime, revoked: Revoked = NOBODY) -> list[bytes]:
    """Return what every authority publishes at that time; *revoked* certificates stand on the list of their issuer."""
    w = world()
    foreign_ca = w.foreign.subordinate("Foreign Timestamp CA")
    found = []
    for a in (w.g1, w.g1_ca, w.g2, w.g2_ca, w.national, w.public, w.old_national, w.old_public, w.foreign, foreign_ca):
        own = {i.certificate: v for i, v in revoked.items() if i.certificate.issuer == a.certificate.subject}
        found.append(a.crl(revoked=own, this_update=at, next_update=at + 7 * DAY))
    return found


@attrs.frozen(kw_only=True)
class Given:
    """One situation: what is signed by whom and stamped when, and what the verifier has."""

    signer: Callable[[], Identity]
    stamped: datetime.datetime | None = None
    tsa: Callable[[], Identity] = lambda: world().tsa_1
    claimed: datetime.datetime | None = None
    policy: str = "vn_default"
    at: datetime.datetime = NOW
    leaf_only: bool = False
    plain: bool = False
    content: bytes = CONTENT
    openssl: tuple[str, ...] = ()
    """Options of ``openssl cms -sign``, which makes what this library refuses to."""
    token_digest: str = "sha256"
    imprint: str = "sha256"
    trust: Callable[[], TrustStore] = trust
    known: Callable[[Identity], list[bytes]] | None = attrs.field()
    """The lists at hand: by default those of the day of the timestamp, and those of today."""
    fetch: Callable[[Identity], Any] | None = None

    @known.default
    def _of_then_and_now(self) -> Callable[[Identity], list[bytes]]:
        then = () if self.stamped is None else (self.stamped - DAY / 2,)
        return lambda _: [octets for at in (*then, NOW - DAY) for octets in lists(at)]

    def verdict(self) -> Verdict:
        signer = self.signer()
        octets = self._signed(attrs.evolve(signer, chain=()) if self.leaf_only else signer)
        if self.stamped is not None:
            clock = TimestampAuthority(identity=self.tsa(), time=self.stamped, digest=self.token_digest)
            octets = add_timestamp(octets, clock, digest=self.imprint)
        return verify_cms(
            octets,
            content=self.content,
            policy=self.policy,
            trust=self.trust(),
            at=self.at,
            revocation=None if self.known is None else RevocationChecker.of(self.known(signer), known_at=self.at),
            fetch=None if self.fetch is None else self.fetch(signer),
        )

    def _signed(self, signer: Identity) -> bytes:
        if self.openssl:
            return by_openssl(signer, self.openssl)
        if not self.plain:
            return sign_cms(CONTENT, signer=signer.signer(), signing_time=self.claimed)
        own, *others = (x509.load_der_x509_certificate(c.der) for c in (signer.certificate, *signer.chain))
        builder = pkcs7.PKCS7SignatureBuilder().set_data(CONTENT).add_signer(own, signer.key, hashes.SHA256())
        for other in others:
            builder = builder.add_certificate(other)
        kind = pkcs7.PKCS7Options
        return builder.sign(Encoding.DER, [kind.DetachedSignature, kind.Binary, kind.NoCapabilities])


def by_openssl(signer: Identity, options: tuple[str, ...]) -> bytes:
    """Return a detached signature with the signer's certificate alone."""
    with tempfile.TemporaryDirectory() as folder:
        certificate = x509.load_der_x509_certificate(signer.certificate.der)
        (Path(folder) / "c.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        key = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (Path(folder) / "k.pem").write_bytes(key)
        command = ["openssl", "cms", "-sign", "-binary", "-signer", "c.pem", "-inkey", "k.pem", "-outform", "DER"]
        done = subprocess.run([*command, *options], input=CONTENT, cwd=folder, check=True, capture_output=True)
        return done.stdout


def g1(**how: Any) -> Callable[[], Identity]:
    return lambda: world().g1_ca.person(
        "Nguyen Van Thu", organisation="So Thu nghiem", **{"digest": "sha256", "valid": (day(2020), day(2025)), **how}
    )


def g2(**how: Any) -> Callable[[], Identity]:
    return lambda: world().g2_ca.person("Trần Thị Thử", organisation="Sở Thử nghiệm", **{"key": "p256", **how})


def public(**how: Any) -> Callable[[], Identity]:
    return lambda: world().public.organisation(
        "Công ty Thử nghiệm", mst="0100000000", **{"valid": (day(2023), day(2027)), **how}
    )


OLD = (day(2017), day(2019))


def with_public() -> TrustStore:
    return trust().with_pool([world().public.certificate])


def old(**how: Any) -> Callable[[], Identity]:
    how = {"valid": OLD, "digest": "sha1", **how}
    return lambda: world().old_public.organisation("Cong ty Cu", mst="0100000001", **how)


def held(since: datetime.datetime, reason: str | None) -> Callable[[Identity], list[bytes]]:
    return lambda signer: lists(NOW - DAY, {signer: (since, reason)})


def ca_of_g2() -> Identity:
    return Identity(world().g2_ca.certificate, world().g2_ca.key, ())


def hold_and_release(signer: Identity) -> list[bytes]:
    """On hold in March, told by the list of that time; the list of April no longer has it."""
    then = lists(day(2026, 3, 2), {signer: (day(2026, 3, 1), "certificateHold")})
    return [*then, *lists(day(2026, 4, 1)), *lists(NOW - DAY)]


def pages(signer: Identity) -> Callable[[FetchRequest], bytes]:
    w = world()
    web = {
        "http://pki.example/ca.cer": w.g2_ca.certificate.der,
        "http://pki.example/ca.crl": w.g2_ca.crl(this_update=NOW - DAY, next_update=NOW + DAY),
        "http://ocsp.example/": w.g2_ca.ocsp(signer, "good", NOW - DAY, next_update=NOW + DAY),
    }

    def fetch(request: FetchRequest) -> bytes:
        if request.url not in web:
            raise FetchError("fetch-status", url=request.url, status=404)
        return web[request.url]

    return fetch


ADDRESSES = [
    access("http://pki.example/ca.cer", "http://ocsp.example/"),
    distribution_points("http://pki.example/ca.crl"),
]
PASSED, OPEN, FAILED = Indication.PASSED, Indication.INDETERMINATE, Indication.FAILED
S = SubIndication
Expected = tuple[Indication, SubIndication | None, set[str]]

TWINS: dict[str, tuple[Given, Expected]] = {
    # -- the first government generation ---------------------------------------------------------------
    "G1: signed in 2021 with a timestamp, checked today": (
        Given(signer=g1(), stamped=day(2021, 6)),
        (PASSED, None, {"time-proven", "certificate-ended-since"}),
    ),
    "G1: the same, the leaf signed with SHA-1": (
        Given(signer=g1(digest="sha1"), stamped=day(2021, 6)),
        (PASSED, None, {"time-proven", "certificate-ended-since"}),
    ),
    "G1: a leaf signed with SHA-1, stamped after 2022": (
        Given(signer=g1(digest="sha1"), stamped=day(2023, 6)),
        (OPEN, S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, {"certificate-algorithm-expired", "weak-revocation"}),
    ),
    "G1: stamped in 2024, the lists of G1 are signed with SHA-1 by the authority itself": (
        Given(signer=g1(), stamped=day(2024, 9), tsa=lambda: world().tsa_2),
        (PASSED, None, {"time-proven", "certificate-ended-since", "weak-revocation"}),
    ),
    "G1: the root is not marked as legacy": (
        Given(signer=g1(), stamped=day(2021, 6), trust=lambda: trust(legacy=False)),
        (OPEN, S.TRY_LATER, {"certificate-algorithm-refused"}),
    ),
    "G1: under the strict policy": (
        Given(signer=g1(), stamped=day(2021, 6), policy="vn_15_2025_strict"),
        (OPEN, S.TRY_LATER, {"certificate-algorithm-refused"}),
    ),
    "G1: no timestamp, the certificate has expired since": (
        Given(signer=g1(), claimed=day(2021, 6)),
        (OPEN, S.OUT_OF_BOUNDS_NO_POE, {"certificate-expired", "claimed-time-only", "no-timestamp"}),
    ),
    # -- the second ------------------------------------------------------------------------------------
    "G2: signed and stamped this year": (
        Given(signer=g2(), stamped=day(2026, 6), tsa=lambda: world().tsa_2),
        (PASSED, None, {"time-proven"}),
    ),
    "G2: signed this year without a timestamp": (Given(signer=g2()), (PASSED, None, {"no-timestamp"})),
    "G2: nobody is asked about revocation": (
        Given(signer=g2(), known=None),
        (OPEN, S.TRY_LATER, {"revocation-not-checked"}),
    ),
    "G2: the lists are out of date": (
        Given(signer=g2(), known=lambda _: lists(NOW - 30 * DAY)),
        (OPEN, S.TRY_LATER, {"revocation-unknown"}),
    ),
    "G2: below an authority that nobody has": (
        Given(signer=lambda: Authority.root("Không ai biết", key="p256").person("An", key="p256")),
        (OPEN, S.NO_CERTIFICATE_CHAIN_FOUND, {"self-signed-not-trusted"}),
    ),
    "G2: the content was changed": (
        Given(signer=g2(), stamped=day(2026, 6), content=CONTENT + b" "),
        (FAILED, S.HASH_FAILURE, {"message-digest-differs"}),
    ),
    # -- public authorities ----------------------------------------------------------------------------
    "public: no SAN, no EKU, no policies": (Given(signer=public()), (PASSED, None, {"no-timestamp"})),
    "public: plain CMS that names no certificate (57 of 58 met)": (
        Given(signer=public(), plain=True, stamped=day(2026, 6), tsa=lambda: world().tsa_2),
        (PASSED, None, {"no-signing-certificate-attribute", "time-proven"}),
    ),
    "public: the same under the strict policy": (
        Given(signer=public(), plain=True, policy="vn_15_2025_strict"),
        (OPEN, S.CRYPTO_CONSTRAINTS_FAILURE, {"signing-certificate-missing", "algorithm-not-accepted"}),
    ),
    "public: a name of 127 characters (X.520 allows 64)": (
        Given(signer=lambda: world().public.organisation("X" * 127, mst="0100000003", key="p256")),
        (PASSED, None, {"no-timestamp"}),
    ),
    "public: a key of 1024 bit": (
        Given(signer=public(key="rsa-1024"), stamped=day(2026, 6)),
        (OPEN, S.CRYPTO_CONSTRAINTS_FAILURE, {"algorithm-not-accepted"}),
    ),
    "public: RSA with SHA-1, stamped in 2024": (
        Given(signer=public(), openssl=("-md", "sha1"), trust=with_public, stamped=day(2024, 6)),
        (OPEN, S.CRYPTO_CONSTRAINTS_FAILURE, {"algorithm-expired"}),
    ),
    "public: RSA with SHA-1, no timestamp": (
        Given(signer=public(), openssl=("-md", "sha1"), trust=with_public),
        (OPEN, S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, {"algorithm-expired-no-proof"}),
    ),
    "public of 2015: all has expired, nothing proves the time": (
        Given(signer=old()),
        (OPEN, S.OUT_OF_BOUNDS_NO_POE, {"certificate-expired"}),
    ),
    "public of 2015: stamped in 2018, a list of that time": (
        Given(signer=old(), stamped=day(2018, 9), known=lambda _: [*lists(day(2018, 9)), *lists(NOW - DAY)]),
        (PASSED, None, {"time-proven", "certificate-ended-since"}),
    ),
    # -- the leaf alone (21 of 58 met) -----------------------------------------------------------------
    "leaf only: the caller has the intermediate": (
        Given(signer=g2(), leaf_only=True, trust=lambda: trust().with_pool([world().g2_ca.certificate])),
        (PASSED, None, {"no-timestamp"}),
    ),
    "leaf only: nobody has it": (
        Given(signer=g2(), leaf_only=True),
        (OPEN, S.NO_CERTIFICATE_CHAIN_FOUND, {"issuer-not-found"}),
    ),
    "leaf only: it is fetched, and so is OCSP": (
        Given(signer=g2(extra=ADDRESSES), leaf_only=True, fetch=pages, known=lambda _: lists(NOW - DAY)[:3]),
        (PASSED, None, {"no-timestamp"}),
    ),
    "leaf only: it cannot be fetched": (
        Given(
            signer=g2(extra=[access("http://pki.example/missing.cer", "http://ocsp.example/")]),
            leaf_only=True,
            fetch=pages,
        ),
        (OPEN, S.NO_CERTIFICATE_CHAIN_FOUND, {"issuer-not-found", "fetch-failed"}),
    ),
    # -- expired since, revoked, on hold ---------------------------------------------------------------
    "expired since: stamped before, not revoked then": (
        Given(
            signer=g2(valid=(day(2024), day(2025))),
            stamped=day(2024, 12),
            tsa=lambda: world().tsa_2,
            known=lambda _: [*lists(day(2024, 11, 30)), *lists(NOW - DAY)],
        ),
        (PASSED, None, {"time-proven", "certificate-ended-since"}),
    ),
    "expired since: stamped before, no list of that time": (
        Given(
            signer=g2(valid=(day(2024), day(2025))),
            stamped=day(2024, 12),
            tsa=lambda: world().tsa_2,
            known=lambda _: lists(NOW - DAY),
        ),
        (OPEN, S.TRY_LATER, {"revocation-unknown"}),
    ),
    "expired since: stamped only afterwards": (
        Given(signer=g2(valid=(day(2024), day(2025))), stamped=day(2025, 2), tsa=lambda: world().tsa_2),
        (OPEN, S.OUT_OF_BOUNDS_NO_POE, {"certificate-expired"}),
    ),
    "revoked after the time that is proven": (
        Given(signer=g2(), stamped=day(2026, 3), tsa=lambda: world().tsa_2, known=held(day(2026, 4), "keyCompromise")),
        (PASSED, None, {"time-proven"}),
    ),
    "revoked before the time that is proven": (
        Given(signer=g2(), stamped=day(2026, 5), tsa=lambda: world().tsa_2, known=held(day(2026, 4), "keyCompromise")),
        (OPEN, S.REVOKED_NO_POE, {"certificate-revoked"}),
    ),
    "on hold when it was signed": (
        Given(
            signer=g2(), stamped=day(2026, 5), tsa=lambda: world().tsa_2, known=held(day(2026, 4), "certificateHold")
        ),
        (OPEN, S.TRY_LATER, {"certificate-on-hold"}),
    ),
    "on hold and released before it was signed": (
        Given(signer=g2(), stamped=day(2026, 5), tsa=lambda: world().tsa_2, known=hold_and_release),
        (PASSED, None, {"time-proven"}),
    ),
    "signed while it was on hold, released since": (
        Given(signer=g2(), stamped=day(2026, 3, 3), tsa=lambda: world().tsa_2, known=hold_and_release),
        (OPEN, S.TRY_LATER, {"certificate-on-hold"}),
    ),
    "the authority was revoked": (
        Given(
            signer=g2(),
            known=lambda _: lists(NOW - DAY, {ca_of_g2(): (day(2026), "cACompromise")}),
        ),
        (OPEN, S.REVOKED_CA_NO_POE, {"ca-revoked"}),
    ),
    # -- clocks ----------------------------------------------------------------------------------------
    "local time written as UTC, least that was met": (
        Given(signer=g1(), stamped=day(2021, 6), claimed=day(2021, 6) + datetime.timedelta(seconds=25_208)),
        (PASSED, None, {"local-time-as-utc"}),
    ),
    "local time written as UTC, most that was met": (
        Given(signer=g1(), stamped=day(2021, 6), claimed=day(2021, 6) + datetime.timedelta(seconds=25_838)),
        (PASSED, None, {"local-time-as-utc"}),
    ),
    "a clock three hours ahead": (
        Given(signer=g1(), stamped=day(2021, 6), claimed=day(2021, 6) + datetime.timedelta(hours=3)),
        (PASSED, None, {"claimed-time-after-proof"}),
    ),
    "a timestamp of tomorrow": (
        Given(signer=g2(), stamped=NOW + DAY, tsa=lambda: world().tsa_2),
        (OPEN, S.TIMESTAMP_ORDER_FAILURE, {"timestamp-not-assured"}),
    ),
    # -- time-stamping authorities ---------------------------------------------------------------------
    "foreign TSA: its anchor is trusted for time": (
        Given(signer=g2(), stamped=day(2026, 6), tsa=lambda: world().foreign_tsa),
        (PASSED, None, {"foreign-tsa", "time-proven"}),
    ),
    "foreign TSA: its anchor is in no store": (
        Given(signer=g2(), stamped=day(2026, 6), tsa=lambda: world().foreign_tsa, trust=lambda: trust(foreign=False)),
        (OPEN, S.NO_CERTIFICATE_CHAIN_FOUND, {"timestamp-not-assured"}),
    ),
    "foreign TSA: under the strict policy": (
        Given(signer=g2(), stamped=day(2026, 6), tsa=lambda: world().foreign_tsa, policy="vn_15_2025_strict"),
        (OPEN, S.SIG_CONSTRAINTS_FAILURE, {"foreign-tsa-refused"}),
    ),
    "foreign TSA: SHA-1 inside its token, in 2025": (
        Given(signer=g2(), stamped=day(2025, 6), tsa=lambda: world().foreign_tsa, token_digest="sha1"),
        (PASSED, None, {"foreign-tsa", "weak-token-digest"}),
    ),
    "TSA 01: a SHA-1 imprint of an older client, in 2021": (
        Given(signer=g1(), stamped=day(2021, 6), imprint="sha1"),
        (PASSED, None, {"weak-imprint"}),
    ),
    "TSA 01: in 2026, the lists of G1 are signed with SHA-1 by the authority itself": (
        Given(signer=g2(), stamped=day(2026, 6)),
        (PASSED, None, {"time-proven"}),
    ),
    "TSA 02: a SHA-1 imprint in 2026": (
        Given(signer=g2(), stamped=day(2026, 6), tsa=lambda: world().tsa_2, imprint="sha1"),
        (OPEN, S.CRYPTO_CONSTRAINTS_FAILURE, {"digest-expired", "timestamp-not-assured"}),
    ),
}


@pytest.mark.parametrize("situation", TWINS)
def test_a_twin(program: Callable[[str], str], situation: str) -> None:
    given, (indication, sub, codes) = TWINS[situation]
    if given.openssl:
        program("openssl")
    verdict = given.verdict()
    found = [reason.code for reason in verdict.reasons]
    shown = "-" if verdict.sub_indication is None else verdict.sub_indication.value
    print(f"| {situation} | {verdict.indication.value} | {shown} | {', '.join(dict.fromkeys(found))} |")
    assert (verdict.indication, verdict.sub_indication) == (indication, sub), verdict.reasons
    assert codes <= set(found), verdict.reasons
    assert all(reason.text("vi") and reason.text("en") for reason in verdict.reasons)


def test_the_circulars_warning_stands_where_revocation_is_not_known() -> None:
    """Circular 15/2025/TT-BKHCN, annex II: where the status cannot be obtained, a warning is shown."""
    verdict = TWINS["G2: nobody is asked about revocation"][0].verdict()
    [reason] = [reason for reason in verdict.reasons if reason.code == "revocation-not-checked"]
    assert reason.text("vi").startswith("CẢNH BÁO")
