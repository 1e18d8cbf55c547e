"""Measure CMS verification against the floor and the peers in one run, print a table, fail where a must is missed.

    python benchmarks/cms.py            everything (about two minutes)
    python benchmarks/cms.py --quick    fewer rounds, without memory

The floor F is SHA-256 of the content plus one RSA-2048 verification, by the same libraries in the same process. What is
measured: reading the signature, digest, signature value, and the certification path of three certificates to a trusted
root (RSA-4096, RSA-2048, RSA-2048), without revocation. *Cold*: our caches are emptied before each call; *warm*: they
are not. Each figure is the best of interleaved repetitions; only ratios count.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import ctypes.util
import datetime
import functools
import gc
import hashlib
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import attrs
from asn1crypto import cms as asn1_cms
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from pyhanko.sign.validation import generic_cms
from pyhanko.sign.validation.status import StandardCMSSignatureStatus
from pyhanko_certvalidator import ValidationContext

from vndoc.envelope.octets import MemoryOctets
from vndoc.pki import CryptoPolicy, Family, KeyRule, Purpose, SignatureAlgorithm, TrustStore, Use, names
from vndoc.pki.paths import PathValidator
from vndoc.signature import _cms_read, cms
from vndoc.testing.pki import Authority, Identity

KB, MB = 1000, 1_000_000
SIZES = {"10 kB": 10 * KB, "100 kB": 100 * KB, "1 MB": MB, "10 MB": 10 * MB, "20 MB": 20 * MB}
MUSTS = {"10 kB": 10.0, "1 MB": 1.6, "10 MB": 1.2}
HANKO_MUST = 4.0
MEMORY_MUST_MIB = 24.0
CHILDREN = frozenset({"openssl"})
AT = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
RSA = SignatureAlgorithm(Family.RSA_PKCS1, "sha256")

missed: list[str] = []


def best(jobs: dict[str, Callable[[], object]], *, seconds: float) -> dict[str, float]:
    """Return the shortest seconds of each job, run in turns until *seconds* a job are used.

    Counted is the processor's time of this thread, which other programs disturb least; a job that waits for a child
    process is timed by the clock.
    """
    clocks = {name: time.perf_counter if name in CHILDREN else time.thread_time for name in jobs}
    calls = {}
    for name, job in jobs.items():
        job()
        start = time.perf_counter()
        job()
        calls[name] = max(1, int(0.004 / (time.perf_counter() - start + 1e-9)))
    taken = dict.fromkeys(jobs, float("inf"))
    rounds, end = 0, time.perf_counter() + seconds * len(jobs)
    gc.disable()
    while time.perf_counter() < end or rounds < 5:
        rounds += 1
        for name, job in jobs.items():
            clock = clocks[name]
            start = clock()
            for _ in range(calls[name]):
                job()
            taken[name] = min(taken[name], (clock() - start) / calls[name])
        gc.collect()
    gc.enable()
    return taken


def row(what: str, value: str, must: str = "", *, ok: bool = True) -> None:
    if not ok:
        missed.append(f"{what}: {value}, must {must}")
    print(f"| {what} | {value} | {must} | {'' if not must else 'yes' if ok else '**NO**'} |", flush=True)


@functools.cache
def signer() -> Identity:
    root = Authority.root("Root of benchmarks", key="rsa-4096")
    return root.subordinate("CA of benchmarks").person("Nguyễn Văn An", cccd="001099000001")


@functools.cache
def validator() -> PathValidator:
    keys = {use: {Family.RSA_PKCS1: (KeyRule(2048),)} for use in Use}
    policy = CryptoPolicy(name="benchmark", keys=keys, digests={use: {"sha256": None} for use in Use})
    store = TrustStore.of([signer().chain[-1]], purposes=[Purpose.GOVERNMENT])
    return PathValidator(trust=store, purpose=frozenset({Purpose.GOVERNMENT}), crypto=policy)


def verify(data: bytes, content: bytes | None, *, path: bool = True, cold: bool = False) -> None:
    """The job: what the facts of a signature are, whether its value is right, and whose it is."""
    validate = validator()
    if cold:
        _cms_read._kept.cache_clear()  # noqa: SLF001
        names._kept_key.cache_clear()  # noqa: SLF001
        validate = attrs.evolve(validate)
    [facts] = cms.read_cms(data, content=content)
    [certificate] = facts.candidates
    assert facts.verify(certificate)
    assert not facts.reasons
    if path:
        found = validate.validate(certificate, at=AT, pool=facts.certificates)
        assert found.outcome.passed, found.outcome


def floor_of(content: bytes) -> Callable[[], object]:
    key = signer().certificate.public_key
    value = signer().key.sign(b"x", padding.PKCS1v15(), hashes.SHA256())  # type: ignore[union-attr, call-arg]

    def job() -> None:
        hashlib.sha256(content).digest()
        key.verify(value, b"x", padding.PKCS1v15(), hashes.SHA256())  # type: ignore[call-arg, union-attr]

    return job


def hanko(data: bytes, content: bytes | None) -> None:
    anchor = asn1_x509.Certificate.load(signer().chain[-1].der)
    context = ValidationContext(trust_roots=[anchor], moment=AT, allow_fetching=False, revocation_mode="soft-fail")
    signed = asn1_cms.ContentInfo.load(data)["content"]
    if content is None:
        status = asyncio.run(
            generic_cms.async_validate_cms_signature(
                signed, status_cls=StandardCMSSignatureStatus, validation_context=context
            )
        )
    else:
        status = asyncio.run(
            generic_cms.async_validate_detached_cms(
                io.BytesIO(content), signed, signer_validation_context=context, chunk_size=1 << 20
            )
        )
    assert status.intact
    assert status.valid
    assert status.trusted


class Libcrypto:
    """``CMS_verify`` of the system's libcrypto, called in this process."""

    def __init__(self) -> None:
        name = ctypes.util.find_library("crypto")
        assert name is not None, "libcrypto is not installed"
        self.lib = ctypes.CDLL(name)
        for made in ("BIO_new_mem_buf", "BIO_s_null", "BIO_new", "d2i_CMS_bio", "d2i_X509_bio", "X509_STORE_new"):
            getattr(self.lib, made).restype = ctypes.c_void_p
        self.lib.X509_STORE_get0_param.restype = ctypes.c_void_p
        root = signer().chain[-1].der
        self.store = ctypes.c_void_p(self.lib.X509_STORE_new())
        parsed = ctypes.c_void_p(self.lib.d2i_X509_bio(self.bio(root), None))
        assert self.lib.X509_STORE_add_cert(self.store, parsed) == 1
        parameters = ctypes.c_void_p(self.lib.X509_STORE_get0_param(self.store))
        self.lib.X509_VERIFY_PARAM_set_time(parameters, ctypes.c_long(int(AT.timestamp())))
        self.lib.X509_VERIFY_PARAM_set_purpose(parameters, 7)  # X509_PURPOSE_ANY

    def bio(self, data: bytes) -> ctypes.c_void_p:
        """Return a source over *data*."""
        return ctypes.c_void_p(self.lib.BIO_new_mem_buf(data, len(data)))

    def verify(self, data: bytes, content: bytes | None) -> None:
        """Verify the signature and the path of its signer."""
        source = self.bio(data)
        parsed = ctypes.c_void_p(self.lib.d2i_CMS_bio(source, None))
        inside = None if content is None else self.bio(content)
        target = ctypes.c_void_p(self.lib.BIO_new(ctypes.c_void_p(self.lib.BIO_s_null())))
        binary = 0x80
        assert self.lib.CMS_verify(parsed, None, self.store, inside, target, binary) == 1
        for each in (source, inside, target):
            self.lib.BIO_free(each)
        self.lib.CMS_ContentInfo_free(parsed)


def openssl(data: bytes, content: bytes | None, folder: str) -> Callable[[], object]:
    """Return ``openssl cms -verify`` as a process, on files."""
    given, inside, root = (Path(folder) / name for name in ("given.der", "content.bin", "root.pem"))
    given.write_bytes(data)
    root.write_bytes(ssl_pem(signer().chain[-1].der))
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", str(given), "-CAfile", str(root)]
    command += ["-purpose", "any", "-out", "/dev/null"]
    if content is not None:
        inside.write_bytes(content)
        command += ["-content", str(inside)]
    return lambda: subprocess.run(command, check=True, capture_output=True)


def ssl_pem(octets: bytes) -> bytes:
    import ssl  # noqa: PLC0415

    return ssl.DER_cert_to_PEM_cert(octets).encode()


def measure(name: str, *, detached: bool, seconds: float, folder: str, crypto: Libcrypto) -> None:
    """Measure one size in one form."""
    content = bytes(SIZES[name])
    data = cms.sign_cms(content, signer=signer().signer(RSA), detached=detached, signing_time=AT)
    outside = content if detached else None
    times = best(
        {
            "floor": floor_of(content),
            "read": lambda: verify(data, outside, path=False),
            "read, cold": lambda: verify(data, outside, path=False, cold=True),
            "warm": lambda: verify(data, outside),
            "cold": lambda: verify(data, outside, cold=True),
            "libcrypto": lambda: crypto.verify(data, outside),
            "pyHanko": lambda: hanko(data, outside),
            "openssl": openssl(data, outside, folder),
        },
        seconds=seconds,
    )
    floor = times["floor"]
    form = f"{'detached' if detached else 'encapsulated'}, {name}"
    must = MUSTS.get(name) if detached else None
    kinds = {
        "read": "read + value, warm",
        "read, cold": "read + value, cold",
        "warm": "read + value + path, warm",
        "cold": "read + value + path, cold",
    }
    for kind, what in kinds.items():
        ratio = times[kind] / floor
        row(
            f"{form}: {what} / F ({floor * 1e6:.0f} us)",
            f"{ratio:.2f}",
            f"<= {must}" if must else "",
            ok=must is None or ratio <= must,
        )
    faster = times["libcrypto"] / times["cold"]
    row(f"{form}: libcrypto in process / ours, cold", f"{faster:.2f}", ">= 1.0", ok=faster >= 1.0)
    faster = times["pyHanko"] / times["cold"]
    wanted = HANKO_MUST if SIZES[name] <= MB else 1.0
    row(f"{form}: pyHanko / ours, cold", f"{faster:.1f}", f">= {wanted}", ok=faster >= wanted)
    row(f"{form}: openssl process / ours, cold", f"{times['openssl'] / times['cold']:.1f}")


_CHILD = """
import sys
from vndoc.signature import cms
class File:
    def __init__(self, path): self.path = path
    @property
    def size(self):
        with self.open() as file: return file.seek(0, 2)
    def open(self): return open(self.path, "rb")
def peak():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
before = peak()
[facts] = cms.read_cms(File(sys.argv[1]), content=File(sys.argv[2]) if len(sys.argv) > 2 else None)
assert facts.verify(facts.candidates[0]) and not facts.reasons
print(peak() - before)
"""


def memory(folder: str) -> None:
    """Peak memory of reading from files, in a child process."""
    content = bytes(100 * MB)
    for detached in (True, False):
        given, inside = Path(folder) / "big.der", Path(folder) / "big.bin"
        given.write_bytes(
            cms.sign_cms(MemoryOctets(content), signer=signer().signer(RSA), detached=detached, signing_time=AT)
        )
        inside.write_bytes(content)
        files = [str(given), *([str(inside)] if detached else [])]
        out = subprocess.run([sys.executable, "-c", _CHILD, *files], check=True, capture_output=True, text=True).stdout
        mib = int(out) / 1024
        row(
            f"peak memory over import, 100 MB {'detached' if detached else 'encapsulated'}, from files",
            f"{mib:.1f} MiB",
            f"<= {MEMORY_MUST_MIB:.0f} MiB",
            ok=mib <= MEMORY_MUST_MIB,
        )


def main() -> int:
    """Run all measurements; return 1 where a must is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds, without memory")
    quick = parser.parse_args().quick
    crypto = Libcrypto()
    print("| what | value | must | met |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for detached in (True, False):
            for name in SIZES:
                measure(name, detached=detached, seconds=0.4 if quick else 1.5, folder=folder, crypto=crypto)
        if not quick:
            memory(folder)
    for line in missed:
        print("missed:", line, file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
