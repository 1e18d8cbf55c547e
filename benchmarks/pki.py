"""Measure paths and revocation against RSA, SHA-256 and the peers in one run; fail where a must is missed.

    python benchmarks/pki.py            everything (about two minutes)
    python benchmarks/pki.py --quick    without the peers and memory

Only ratios count. Each figure is the best of interleaved repetitions in one process, in time of the processor, since
other programs on the machine only ever make a repetition slower; memory is measured in a child process. A path is
*cold* when its certificates are octets and nothing was kept; the anchor is in the store already, as it is for every
document but the first.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import datetime
import gc
import hashlib
import logging
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import ocsp, verification

from vndoc.pki import (
    Certificate,
    Crl,
    CryptoPolicy,
    Family,
    KeyRule,
    OcspResponse,
    PathValidator,
    Purpose,
    RevocationChecker,
    TrustStore,
    Use,
    validate_path,
)
from vndoc.testing.pki import Authority, basic_constraints, key_usage

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
SIGNERS = frozenset({Purpose.GOVERNMENT})
ENTRIES = 100_000
POLICY = CryptoPolicy(
    name="benchmark",
    keys={use: {Family.RSA_PKCS1: (KeyRule(2048),), Family.ECDSA: (KeyRule(256),)} for use in Use},
    digests={use: {"sha256": None} for use in Use},
)

missed: list[str] = []


def best(
    jobs: dict[str, Callable[[], object]], *, seconds: float = 2.0, clock: Callable[[], float] = time.process_time
) -> dict[str, float]:
    """Return the shortest time of each job in seconds, run in turns until *seconds* a job are used."""
    calls = {}
    for name, job in jobs.items():
        job()
        start = time.perf_counter()
        job()
        calls[name] = max(1, int(0.004 / (time.perf_counter() - start + 1e-9)))
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    end = time.perf_counter() + seconds * len(jobs)
    gc.disable()
    while time.perf_counter() < end or len(next(iter(taken.values()))) < 5:
        for name, job in jobs.items():
            start = clock()
            for _ in range(calls[name]):
                job()
            taken[name].append((clock() - start) / calls[name])
    gc.enable()
    return {name: min(times) for name, times in taken.items()}


def row(what: str, value: float, must: float | None = None, unit: str = "") -> None:
    """Print one row of the table; *must* is the most that *value* may be."""
    ok = must is None or value <= must
    if not ok:
        missed.append(f"{what}: {value:.2f}{unit}, must be <= {must}{unit}")
    wanted = "" if must is None else f"<= {must}{unit}"
    print(
        f"| {what} | {value:.2f}{unit} | {wanted} | {'' if must is None else 'yes' if ok else '**NO**'} |", flush=True
    )


def valid(result: bool) -> None:
    """Stop where a measured job did not do what it was meant to."""
    if not result:
        raise SystemExit("a measured job failed")


# -- paths --------------------------------------------------------------------------------------------------


class Path3:
    """A leaf below an RSA-2048 authority below an RSA-4096 root."""

    def __init__(self) -> None:
        self.root = Authority.root("Root", key="rsa-4096")
        self.ca = self.root.subordinate("CA", key="rsa-2048", path_length=0)
        self.leaf = self.ca.person("Nguyễn Văn An", cccd="001099000001", key="rsa-2048")
        self.trust = TrustStore.of([self.root.certificate], purposes=SIGNERS)
        self.octets = (self.leaf.certificate.der, self.ca.certificate.der)
        self.crls = tuple(
            a.crl(revoked=dict.fromkeys(range(1, 101), (NOW - DAY, None)), this_update=NOW - DAY, next_update=NOW + DAY)
            for a in (self.root, self.ca)
        )

    def floor(self) -> None:
        """The two signatures alone."""
        for certificate, issuer in (
            (self.ca.certificate, self.root.certificate),
            (self.leaf.certificate, self.ca.certificate),
        ):
            issuer.public_key.verify(certificate.signature, certificate.tbs, padding.PKCS1v15(), hashes.SHA256())  # type: ignore[union-attr, call-arg, arg-type]

    def cold_floor(self) -> None:
        """The same with the CA's key read anew, as it is in a cold path."""
        key = load_der_public_key(self.ca.certificate.spki)
        leaf, ca = self.leaf.certificate, self.ca.certificate
        self.root.certificate.public_key.verify(ca.signature, ca.tbs, padding.PKCS1v15(), hashes.SHA256())  # type: ignore[union-attr, call-arg, arg-type]
        key.verify(leaf.signature, leaf.tbs, padding.PKCS1v15(), hashes.SHA256())  # type: ignore[union-attr, call-arg, arg-type]

    def cold(self, checker: RevocationChecker | None = None) -> None:
        """Two certificates read, the path found and judged."""
        leaf, ca = (Certificate.load(octets) for octets in self.octets)
        result = validate_path(
            leaf, trust=self.trust, at=NOW, purpose=SIGNERS, crypto=POLICY, pool=(ca,), revocation=checker
        )
        valid(result.passed)

    def with_lists(self) -> None:
        """The same with two revocation lists read."""
        self.cold(RevocationChecker.of(self.crls))


def paths(*, quick: bool) -> None:
    """The cost of a path of three certificates."""
    three = Path3()
    validator = PathValidator(trust=three.trust, purpose=SIGNERS, crypto=POLICY)
    pool = (three.ca.certificate,)
    leaf = three.leaf.certificate
    der = three.octets[0]
    jobs: dict[str, Callable[[], object]] = {
        "floor": three.floor,
        "cold floor": three.cold_floor,
        "cold": three.cold,
        "cached": lambda: validator.validate(leaf, at=NOW, pool=pool),
        "load": lambda: Certificate.load(der),
        "lists": three.with_lists,
        "cryptography load": lambda: x509.load_der_x509_certificate(der),
    }
    if not quick:
        jobs |= peers(three)
    times = best(jobs)
    floor = times["floor"]
    row(f"path of three, cold / its two RSA verifications ({floor * 1e6:.0f} µs)", times["cold"] / floor, 2.0)
    row("the same / the two verifications with the CA's key read anew", times["cold"] / times["cold floor"])
    row("path of three, cached", times["cached"] * 1e6, 2.0, " µs")
    row("path of three with two lists of 100 entries, cold / two RSA verifications", times["lists"] / floor)
    row("Certificate.load", times["load"] * 1e6, None, " µs")
    row("peer: cryptography, load one certificate", times["cryptography load"] * 1e6, None, " µs")
    for name in jobs:
        if name.startswith("peer"):
            row(f"{name} / two RSA verifications", times[name] / floor)
    if not quick:
        seconds = openssl(three)
        row("peer: openssl verify (a process) / two RSA verifications", seconds / floor)


def peers(three: Path3) -> dict[str, Callable[[], object]]:
    """Return the same job done by ``cryptography`` (signatures and policy) and by pyhanko-certvalidator."""
    from asn1crypto import x509 as asn1  # noqa: PLC0415 - the peers are not needed for the musts
    from pyhanko_certvalidator import CertificateValidator, ValidationContext  # noqa: PLC0415

    logging.disable(logging.WARNING)
    builder = (
        verification.PolicyBuilder()
        .store(verification.Store([x509.load_der_x509_certificate(three.root.certificate.der)]))
        .time(NOW)
    )
    verifier = builder.extension_policies(
        ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(),
        ee_policy=verification.ExtensionPolicy.permit_all(),
    ).build_client_verifier()

    def cryptography() -> None:
        leaf, ca = (x509.load_der_x509_certificate(octets) for octets in three.octets)
        verifier.verify(leaf, [ca])

    anchor = asn1.Certificate.load(three.root.certificate.der)

    def certvalidator() -> None:
        leaf, ca = (asn1.Certificate.load(octets) for octets in three.octets)
        context = ValidationContext(trust_roots=[anchor], moment=NOW, allow_fetching=False, revocation_mode="soft-fail")
        validator = CertificateValidator(leaf, intermediate_certs=[ca], validation_context=context)
        loop.run_until_complete(validator.async_validate_usage({"digital_signature"}))

    loop = asyncio.new_event_loop()
    return {"peer: cryptography ClientVerifier": cryptography, "peer: pyhanko-certvalidator": certvalidator}


def pem(octets: bytes) -> str:
    """Return a certificate in PEM."""
    return f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(octets).decode()}-----END CERTIFICATE-----\n"


def openssl(three: Path3) -> float:
    """Return the seconds that ``openssl verify`` takes as a process."""
    with tempfile.TemporaryDirectory() as folder:
        root, ca, leaf = (Path(folder) / name for name in ("root.pem", "ca.pem", "leaf.pem"))
        root.write_text(pem(three.root.certificate.der))
        leaf.write_text(pem(three.octets[0]))
        ca.write_text(pem(three.octets[1]))
        command = ["openssl", "verify", "-attime", str(int(NOW.timestamp())), "-CAfile", str(root), "-untrusted"]
        command += [str(ca), str(leaf)]
        return best(
            {"openssl": lambda: subprocess.run(command, check=True, capture_output=True)}, clock=time.perf_counter
        )["openssl"]


# -- revocation ---------------------------------------------------------------------------------------------


def big_list() -> tuple[Authority, bytes, int]:
    """Return an authority, its list of 100,000 entries, and a number that is on it."""
    rnd = random.Random(6)
    ca = Authority.root("CA", key="rsa-2048")
    numbers = [rnd.getrandbits(127) | 1 << 126 for _ in range(ENTRIES)]
    revoked = {number: (NOW - DAY, "keyCompromise" if n % 3 else None) for n, number in enumerate(numbers)}
    return ca, ca.crl(revoked=revoked, this_update=NOW - DAY, next_update=NOW + DAY), numbers[ENTRIES // 2]


def lists(*, quick: bool) -> None:
    """The cost of a long list."""
    ca, data, number = big_list()
    absent, listed = (ca.person("An", key="p256", serial=n).certificate for n in (1 << 126, number))
    loaded = Crl.load(data)
    keys = frozenset(loaded.index)
    valid(loaded.entry_of(absent) is None and loaded.entry_of(listed) is not None)
    octets = absent.serial_content
    times = best(
        {
            "sha": lambda: hashlib.sha256(data).digest(),
            "verify": lambda: valid(Crl.load(data).verified_by(ca.certificate)),
            "index": lambda: Crl.load(data).index,
            "floor": lambda: octets in keys,
            "miss": lambda: loaded.entry_of(absent),
            "hit": lambda: loaded.entry_of(listed),
        }
    )
    sha = times["sha"]
    row(f"list of {ENTRIES}, load and verify / SHA-256 of it ({sha * 1e3:.1f} ms)", times["verify"] / sha, 1.2)
    row(f"list of {ENTRIES}, index / SHA-256 of it", times["index"] / sha, 15)
    floor = times["floor"]
    row(f"list, a miss / frozenset test ({floor * 1e9:.0f} ns)", times["miss"] / floor, 6)
    row("list, a hit / frozenset test", times["hit"] / floor, 400)
    if not quick:
        peer = x509.load_der_x509_crl(data)
        jobs = {
            "load": lambda: x509.load_der_x509_crl(data),
            "miss": lambda: peer.get_revoked_certificate_by_serial_number(1 << 126),
        }
        times = best(jobs)
        row("peer: cryptography, load the list / SHA-256 of it", times["load"] / sha)
        row("peer: cryptography, a miss / frozenset test", times["miss"] / floor)
        memory(data)


_CHILD = """
import sys, tracemalloc
from vndoc.pki import Crl
with open(sys.argv[1], "rb") as file:
    data = file.read()
tracemalloc.start()
crl = Crl.load(data)
crl.index
print(tracemalloc.get_traced_memory()[1] / len(data))
"""


def memory(data: bytes) -> None:
    """Peak memory of loading and indexing the list, beyond its octets."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.crl"
        path.write_bytes(data)
        out = subprocess.run([sys.executable, "-c", _CHILD, str(path)], check=True, capture_output=True, text=True)
    row("list, peak memory of its index / list", float(out.stdout), 3.5)


def responses() -> None:
    """The cost of one OCSP response signed by the issuer."""
    ca = Authority.root("CA", key="rsa-2048")
    leaf = ca.person("An", key="p256").certificate
    data = ca.ocsp(leaf, "good", NOW - DAY, next_update=NOW + DAY)
    trust = TrustStore.of([ca.certificate], purposes=SIGNERS)
    key, response = ca.certificate.public_key, OcspResponse.load(data)
    asked: list[object] = []

    class Recorder:
        """Keeps the question that a path asks."""

        def status(self, question):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            asked.append(question)
            return RevocationChecker.of((), [data]).status(question)

    result = validate_path(leaf, trust=trust, at=NOW, purpose=SIGNERS, crypto=POLICY, revocation=Recorder())
    valid(result.passed)
    times = best(
        {
            "rsa": lambda: key.verify(response.signature, response.tbs, padding.PKCS1v15(), hashes.SHA256()),  # type: ignore[union-attr, call-arg, arg-type]
            "ocsp": lambda: valid(RevocationChecker.of((), [data]).status(asked[0]).status.value == "good"),  # type: ignore[arg-type]
            "peer": lambda: ocsp.load_der_ocsp_response(data),
        }
    )
    row(
        f"OCSP response, read, verified, judged / RSA-2048 ({times['rsa'] * 1e6:.0f} µs)",
        times["ocsp"] / times["rsa"],
        2.0,
    )
    row("peer: cryptography, load the response alone / RSA-2048", times["peer"] / times["rsa"])


# -- explosion ----------------------------------------------------------------------------------------------


def explosion() -> None:
    """Hostile sets of certificates: the time until the search gives up."""
    rows = [basic_constraints(), key_usage("key_cert_sign")]
    names = [Authority.root(f"Web {i}", key="p256") for i in range(12)]
    web = tuple(
        a.issue(b.certificate.subject, key=b.key, extensions=rows).certificate
        for a in names
        for b in names
        if a is not b
    )
    leaf = names[0].person("An", key="p256").certificate
    seconds = best({"web": lambda: judged(leaf, web)}, seconds=1)["web"]
    row("132 certificates of 12 authorities that certify each other", seconds * 1e3, 1000, " ms")
    template = names[0].subordinate("Same", key="p256").certificate
    at, size = template.der.index(template.serial_content, template.spans.tbs.start), len(template.serial_content)
    crowd = tuple(
        Certificate.load(template.der[:at] + n.to_bytes(size, "big") + template.der[at + size :])
        for n in range(1 << 62, (1 << 62) + 10_000)
    )
    leaf = names[0].subordinate("Same", key="p256").person("An", key="p256").certificate
    seconds = best({"crowd": lambda: judged(leaf, crowd)}, seconds=1)["crowd"]
    row("10,000 certificates of one name", seconds * 1e3, 2000, " ms")


def judged(leaf: Certificate, pool: tuple[Certificate, ...]) -> None:
    """Judge *leaf* below no anchor at all."""
    trust = TrustStore()
    valid(not validate_path(leaf, trust=trust, at=NOW, purpose=SIGNERS, crypto=POLICY, pool=pool).passed)


def main() -> int:
    """Run all measurements; return 1 where a must is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--quick", action="store_true", help="leave out the peers and memory")
    quick = parser.parse_args().quick
    print("| what | measured | must | met |\n|---|---|---|---|")
    paths(quick=quick)
    lists(quick=quick)
    responses()
    explosion()
    for line in missed:
        print("missed:", line, file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
