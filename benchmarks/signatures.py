"""Measure verification of signatures against the floor and the peers in one run; fail where a must is missed.

    python benchmarks/signatures.py            everything (six to eight minutes)
    python benchmarks/signatures.py --quick    fewer rounds, without memory, threads and processes

The floor F is SHA-256 of the canonical octets of the document plus one RSA-2048 verification, by the same libraries in
the same process. *Cold*: every cache of ours is emptied before each call. *Warm*: certificates and paths were seen
before, the document never (no document is ever kept). The path is of three certificates (RSA-4096, RSA-2048, RSA-2048),
without revocation. Peers make the same statement on the same octets, parsing included: python-xmlsec and signxml with
the trusted root, or with the signer's certificate pinned. Figures are medians of interleaved repetitions, in time of
the processor; only ratios count.

The musts are those of the project's performance goals; they are asked of the whole job (a packet read, its model made,
every signature judged) and of ``verify_xml``, which makes the statement of the peers.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import hashlib
import io
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import attrs
import signxml
import xmlsec
from lxml import etree

import cms
import vndoc
from measure import Jobs, apart, at_least, at_most, ended, head, peak_mib, row, thread_times
from packets import KB, MB, octets, wrapped
from vndoc.envelope import normalise_content_id
from vndoc.pki import Purpose, TrustStore, building, names
from vndoc.signature import _cms_read, _xmldsig_keys, _xmldsig_short, identity, trusting
from vndoc.signature.evaluation import evaluate, verify_cms, verify_xml
from vndoc.signature.packet import read_header_signatures, sign_header
from vndoc.signature.policy import POLICIES, Policy, RevocationRule
from vndoc.signature.xmldsig_making import sign_xml
from vndoc.xml import Canonical, _asis, canonicalize, parse_document

AT = cms.AT
SIZES = {"header only": 0, "10 kB": 10 * KB, "100 kB": 100 * KB, "1 MB": MB, "10 MB": 10 * MB, "20 MB": 20 * MB}
POLICY: Policy = attrs.evolve(POLICIES["vn_default"], revocation=RevocationRule.WHERE_AVAILABLE)
HEADER = "/edXML/edXMLEnvelope/edXMLHeader"
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
FORM = Canonical.EXCLUSIVE
FLAT_MIB = 24.0

COLD_MUSTS = {"100 kB": 5.5, "1 MB": 2.0}
WARM_MUSTS = {"100 kB": 3.0}
PINNED_MUSTS = {"10 MB": 1.6, "20 MB": 1.6}
WRAPPED_MUSTS = {"1 MB": 2.2, "10 MB": 2.2, "20 MB": 2.2}
LXML_MUST = 1.6
XMLSEC_MUSTS = {"header only": 2.0, "100 kB": 2.5, "1 MB": 4.0, "10 MB": 4.0, "20 MB": 4.0}
SIGNXML_MUSTS = {"header only": 4.0, "1 MB": 7.0, "10 MB": 7.0, "20 MB": 7.0}
CMS_MUSTS = {"10 kB": 10.0, "1 MB": 1.6, "10 MB": 1.2}

Kind = Literal["XML-DSig", "XAdES-B", "cid"]


# -- what is measured ----------------------------------------------------------------------------------


@functools.cache
def trust() -> TrustStore:
    return TrustStore.of([cms.signer().chain[-1]], purposes=[Purpose.GOVERNMENT])


@functools.cache
def pinned() -> TrustStore:
    return TrustStore().with_pinned(cms.signer().certificate, purposes=[Purpose.GOVERNMENT])


def signed(size: int, kind: Kind, *, lines: bool = False) -> bytes:
    """Return a packet with an attachment of *size* octets and a signature in its header."""
    data = octets(size)
    if lines:
        data = wrapped(data).replace(b"\r\n", b"\n")
    signer = cms.signer().signer(cms.RSA)
    if kind == "cid":
        return sign_header(data, vndoc.read(data).document, signer=signer, signing_time=AT)
    xades = kind == "XAdES-B"
    return sign_xml(data, signer=signer, xades=xades, signing_time=AT if xades else None, parent=HEADER)


def forget() -> None:
    """Empty every cache that lives longer than a call. The time that this takes is not counted."""
    _xmldsig_keys._KNOWN.clear()  # noqa: SLF001
    _xmldsig_short._KEPT.clear()  # noqa: SLF001
    _cms_read._kept.cache_clear()  # noqa: SLF001
    building._kept_signed_by.cache_clear()  # noqa: SLF001
    identity._kept.cache_clear()  # noqa: SLF001
    names._kept_key.cache_clear()  # noqa: SLF001
    trusting._validators.clear()  # noqa: SLF001
    vndoc.signature._standing._standings.clear()  # noqa: SLF001
    vndoc.signature.blocks._kept_bare.cache_clear()  # noqa: SLF001
    vndoc.signature.evaluation._kept_untimed.cache_clear()  # noqa: SLF001
    _asis._walked.cache_clear()  # noqa: SLF001


COLD = {"cold": forget, "xml, cold": forget}
"""What is done before each call of these jobs."""


def packet(source: bytes | str | io.BytesIO, store: TrustStore) -> None:
    """The job: a packet read, its model made, every signature judged."""
    with vndoc.read(source) as reading:
        verdict = vndoc.verify(reading, policy=POLICY, trust=store, at=AT)
    assert verdict.signatures[0].passed, verdict.reasons


def decoded(source: bytes, store: TrustStore) -> None:
    """The same, with every attachment decoded and kept."""
    with vndoc.read(source) as reading:
        verdict = vndoc.verify(reading, policy=POLICY, trust=store, at=AT)
        kept = [a.open().read() for a in reading.document.attachments]
    assert verdict.signatures[0].passed
    assert all(kept)


def header(reading: vndoc.Reading, store: TrustStore) -> None:
    """The narrowest job: the header signature of a packet that was read."""
    [facts] = read_header_signatures(reading)
    assert evaluate(facts, policy=POLICY, trust=store, at=AT).passed


def document(data: bytes, store: TrustStore) -> None:
    """The same octets taken for any XML document, which is what the peers do."""
    assert verify_xml(data, policy=POLICY, trust=store, at=AT).passed


def detached(data: bytes, content: bytes) -> None:
    """The job for CMS."""
    assert verify_cms(data, content=content, policy=POLICY, trust=trust(), at=AT).passed


def lxml_route(data: bytes) -> Callable[[], object]:
    """Return what any verification on lxml has to do: parse, two canonical forms, SHA-256, RSA."""
    again = cms.floor_of(b"")

    def job() -> None:
        root = etree.fromstring(data)
        node = next(root.iter(SIGNATURE))
        etree.tostring(node[0], method="c14n", exclusive=True)
        node.getparent().remove(node)  # type: ignore[union-attr]
        hashlib.sha256(etree.tostring(root, method="c14n", exclusive=True)).digest()
        again()

    return job


def canonical(data: bytes, kind: Kind) -> bytes:
    """Return the octets that the main reference of *data* is over."""
    root = parse_document(data)
    if kind == "cid":
        return b"".join(a.open().read() for a in vndoc.read(data).document.attachments)
    return canonicalize(root, FORM, without=next(root.iter(SIGNATURE)), whole_document=True)


# -- peers ---------------------------------------------------------------------------------------------


def pem(octets: bytes) -> bytes:
    return cms.ssl_pem(octets)


def by_xmlsec(data: bytes, *, path: bool) -> Callable[[], object]:
    """Return verification by python-xmlsec, with the path to the trusted root or the key of the signer."""
    kind = xmlsec.constants.KeyDataFormatCertPem
    manager = xmlsec.KeysManager()
    manager.load_cert_from_memory(pem(cms.signer().chain[-1].der), kind, xmlsec.constants.KeyDataTypeTrusted)
    key = xmlsec.Key.from_memory(pem(cms.signer().certificate.der), kind)

    def job() -> None:
        root = etree.fromstring(data, etree.XMLParser(huge_tree=True, resolve_entities=False))
        xmlsec.tree.add_ids(root, ["Id"])
        context = xmlsec.SignatureContext(manager if path else None)
        if not path:
            context.key = key
        context.verify(xmlsec.tree.find_node(root, "Signature"))

    return job


def by_signxml(data: bytes, references: int, *, path: bool, folder: str) -> Callable[[], object]:
    """Return verification by signxml, with the path to the trusted root or the certificate of the signer."""
    roots = Path(folder) / "roots.pem"
    roots.write_bytes(pem(cms.signer().chain[-1].der))
    config = signxml.SignatureConfiguration(expect_references=references, location=".//")
    given: dict[str, str] = (
        {"ca_pem_file": str(roots)} if path else {"x509_cert": pem(cms.signer().certificate.der).decode()}
    )

    def job() -> None:
        root = etree.fromstring(data, etree.XMLParser(huge_tree=True, resolve_entities=False))
        parser = etree.XMLParser(huge_tree=True, resolve_entities=False)
        signxml.XMLVerifier().verify(root, parser=parser, expect_config=config, **given)

    return job


def usable(jobs: Jobs) -> Jobs:
    """Return those peers that accept the document at all, and say which do not and why."""
    found = {}
    for name, job in jobs.items():
        try:
            job()
        except Exception as error:  # noqa: BLE001 - whatever a peer says is shown
            row(f"peer without an answer: {name}", f"{type(error).__name__}: {str(error)[:60]}".replace("|", "/"))
            continue
        found[name] = job
    return found


# -- tables --------------------------------------------------------------------------------------------


def enveloped(name: str, kind: Kind, *, seconds: float, folder: str) -> None:
    """One size of a packet whose header signature covers the document around it."""
    data = signed(SIZES[name], kind)
    reading = vndoc.read(data)
    shown = f"{kind}, {name}"
    references = 2 if kind == "XAdES-B" else 1
    jobs: Jobs = {
        "floor": cms.floor_of(canonical(data, kind)),
        "warm": lambda: packet(data, trust()),
        "cold": lambda: packet(data, trust()),
        "pinned": lambda: packet(data, pinned()),
        "header": lambda: header(reading, trust()),
        "xml": lambda: document(data, trust()),
        "xml, cold": lambda: document(data, trust()),
        "xml, pinned": lambda: document(data, pinned()),
    }
    if not SIZES[name]:
        jobs["lxml"] = lxml_route(data)
    else:
        jobs["decoded"] = lambda: decoded(data, pinned())
    jobs |= usable(
        {
            "python-xmlsec": by_xmlsec(data, path=True),
            "python-xmlsec, pinned": by_xmlsec(data, path=False),
            "signxml": by_signxml(data, references, path=True, folder=folder),
            "signxml, pinned": by_signxml(data, references, path=False, folder=folder),
        }
    )
    times = thread_times(jobs, seconds=seconds, before=COLD, of=statistics.median)
    floor = times["floor"]
    plain = kind == "XML-DSig"  # the musts were set for it
    for state, musts in (("warm", WARM_MUSTS), ("cold", COLD_MUSTS)):
        must = musts.get(name) if plain else None
        at_most(f"{shown}: read + verify, {state} / F ({floor * 1e6:.0f} us)", times[state] / floor, must)
    at_most(f"{shown}: read + verify, pinned / F", times["pinned"] / floor)
    if "decoded" in times:
        must = PINNED_MUSTS.get(name) if plain else None
        at_most(f"{shown}: read + verify, pinned, attachments decoded and kept / F", times["decoded"] / floor, must)
    at_most(f"{shown}: signature of a packet that was read, warm / F", times["header"] / floor)
    for end, musts in (("", WARM_MUSTS), (", cold", COLD_MUSTS), (", pinned", PINNED_MUSTS)):
        must = musts.get(name) if plain else None
        at_most(f"{shown}: verify_xml{end or ', warm'} / F", times[f"xml{end}"] / floor, must)
    if "lxml" in times:
        route = times["lxml"]
        must = LXML_MUST if plain else None
        at_most(f"{shown}: verify_xml, warm / lxml route ({route * 1e6:.0f} us)", times["xml"] / route, must)
        at_most(f"{shown}: signature of a packet that was read, warm / lxml route", times["header"] / route)
    for peer, musts in (("python-xmlsec", XMLSEC_MUSTS), ("signxml", SIGNXML_MUSTS)):
        for end, own in (("", "warm"), (", pinned", "pinned")):
            if peer + end not in times:
                continue
            must = max(1.0, musts.get(name, 1.0)) if plain else 1.0
            at_least(f"{shown}: {peer}{end} / read + verify, {own}", times[peer + end] / times[own], must)
            at_least(f"{shown}: {peer}{end} / verify_xml, {own}", times[peer + end] / times[f"xml{end}"], must)


def by_lines(name: str, *, seconds: float) -> None:
    """Base64 in lines of 76 columns."""
    data = signed(SIZES[name], "XML-DSig", lines=True)
    jobs: Jobs = {
        "floor": cms.floor_of(canonical(data, "XML-DSig")),
        "warm": lambda: packet(data, trust()),
        "xml": lambda: document(data, trust()),
        "xmlsec": by_xmlsec(data, path=True),
    }
    times = thread_times(jobs, seconds=seconds, of=statistics.median)
    must = WRAPPED_MUSTS.get(name)
    at_most(f"wrapped, {name}: read + verify, warm / F", times["warm"] / times["floor"], must)
    at_most(f"wrapped, {name}: verify_xml, warm / F", times["xml"] / times["floor"], must)
    at_least(f"wrapped, {name}: python-xmlsec / read + verify", times["xmlsec"] / times["warm"], 1.0)
    at_least(f"wrapped, {name}: python-xmlsec / verify_xml", times["xmlsec"] / times["xml"], 1.0)


def by_content_id(name: str, *, seconds: float) -> None:
    """References by content id over the unpacked attachments."""
    data = signed(SIZES[name], "cid")
    jobs: Jobs = {
        "floor": cms.floor_of(canonical(data, "cid")),
        "warm": lambda: packet(data, trust()),
        "cold": lambda: packet(data, trust()),
    }
    assert normalise_content_id(vndoc.read(data).document.attachments[0].content_id)
    times = thread_times(jobs, seconds=seconds, before=COLD, of=statistics.median)
    for kind in ("warm", "cold"):
        at_most(f"cid, {name}: read + verify, {kind} / F of the unpacked octets", times[kind] / times["floor"])


def cms_detached(name: str, *, seconds: float, folder: str) -> None:
    """A detached CMS signature, through the public entry."""
    crypto = cms.Libcrypto()
    content = bytes(SIZES[name])
    data = cms.cms.sign_cms(content, signer=cms.signer().signer(cms.RSA), detached=True, signing_time=AT)
    jobs: Jobs = {
        "floor": cms.floor_of(content),
        "warm": lambda: detached(data, content),
        "cold": lambda: detached(data, content),
        "libcrypto": lambda: crypto.verify(data, content),
        "pyHanko": lambda: cms.hanko(data, content),
        "openssl": cms.openssl(data, content, folder),
    }
    times = thread_times(jobs, seconds=seconds, children=cms.CHILDREN, before=COLD, of=statistics.median)
    floor, must = times["floor"], CMS_MUSTS.get(name)
    at_most(f"CMS detached, {name}: verify_cms, warm / F ({floor * 1e6:.0f} us)", times["warm"] / floor, must)
    at_most(f"CMS detached, {name}: verify_cms, cold / F", times["cold"] / floor, must)
    at_least(f"CMS detached, {name}: libcrypto in process / ours, warm", times["libcrypto"] / times["warm"], 1.0)
    at_least(f"CMS detached, {name}: libcrypto in process / ours, cold", times["libcrypto"] / times["cold"], 1.0)
    wanted = cms.HANKO_MUST if SIZES[name] <= MB else 1.0
    at_least(f"CMS detached, {name}: pyHanko / ours, cold", times["pyHanko"] / times["cold"], wanted)
    at_least(f"CMS detached, {name}: openssl process / ours, cold", times["openssl"] / times["cold"], 1.0)


class Arriving(io.BytesIO):
    """A stream as from a socket that knows when its last octet was taken."""

    taken = 0.0

    def seekable(self) -> bool:
        """Return ``False``."""
        return False

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next octets."""
        found = super().read(size)
        if found and self.tell() == len(self.getbuffer()):
            self.taken = time.perf_counter()
        return found


def streams(*, seconds: float, folder: str) -> None:
    """From a file and from a stream: the whole, and what is left after the last octet."""
    packets = {name: signed(SIZES[name], "XML-DSig") for name in ("header only", "1 MB", "20 MB")}
    for name, data in packets.items():
        path = Path(folder) / "packet.edxml"
        path.write_bytes(data)
        jobs: Jobs = {
            "floor": cms.floor_of(canonical(data, "XML-DSig")),
            "file": lambda path=path: packet(str(path), pinned()),  # type: ignore[misc]
            "stream": lambda data=data: packet(io.BytesIO(data), pinned()),  # type: ignore[misc]
        }
        times = thread_times(jobs, seconds=seconds, of=statistics.median)
        must = 1.8 if SIZES[name] >= 10 * MB else None
        for source in ("file", "stream"):
            at_most(f"{source}, {name}: read + verify, pinned / F", times[source] / times["floor"], must)
    rest: dict[str, list[float]] = {}
    for name, data in [*packets.items()] * 15:
        arriving = Arriving(data)
        with vndoc.read(arriving) as reading:
            verdict = vndoc.verify(reading, policy=POLICY, trust=pinned(), at=AT)
            rest.setdefault(name, []).append(time.perf_counter() - arriving.taken)
        assert verdict.signatures[0].passed
    left = {name: statistics.median(values) for name, values in rest.items()}
    at_most("stream: work after the last octet, 20 MB / header only", left["20 MB"] / left["header only"], 4.0)
    at_most("stream: work after the last octet, 20 MB / 1 MB", left["20 MB"] / left["1 MB"], 1.5)


# -- memory, threads, processes ------------------------------------------------------------------------

_CHILD = """
import sys, datetime, attrs
sys.path.insert(0, sys.argv[4])
import vndoc
from vndoc.pki import Certificate, Purpose, TrustStore
from vndoc.signature.policy import POLICIES, RevocationRule
policy = attrs.evolve(POLICIES["vn_default"], revocation=RevocationRule.WHERE_AVAILABLE)
with open(sys.argv[3], "rb") as file:
    trust = TrustStore.of([Certificate.load(file.read())], purposes=[Purpose.GOVERNMENT])
at = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
def job(source):
    with vndoc.read(source) as reading:
        assert vndoc.verify(reading, policy=policy, trust=trust, at=at).signatures[0].passed
"""
_MEMORY = """
with open(sys.argv[5], "rb") as file:
    job(file.read())  # everything is loaded and warm
source = sys.argv[2]
if sys.argv[1] != "file":
    source = open(source, "rb")
if sys.argv[1] == "octets":
    source = source.read()
before = peak()
job(source)
print(peak() - before)
"""
_RATE = """
import time
with open(sys.argv[2], "rb") as file:
    data = file.read()
for _ in range(20): job(data)
print("ready", flush=True)
sys.stdin.readline()
end = time.perf_counter() + float(sys.argv[1])
count = 0
while time.perf_counter() < end:
    job(data)
    count += 1
print(count)
"""


def memory(folder: str) -> None:
    """Peak memory of verification, in a child process."""
    anchor, small, large = (Path(folder) / name for name in ("anchor.der", "small.edxml", "large.edxml"))
    anchor.write_bytes(cms.signer().chain[-1].der)
    small.write_bytes(signed(0, "XML-DSig"))
    here = str(Path(__file__).parent)
    for name, size in (("1 MB", MB), ("10 MB", 10 * MB), ("20 MB", 20 * MB)):
        data = signed(size, "XML-DSig")
        large.write_bytes(data)
        for kind in ("octets", "file", "stream"):
            mib = peak_mib(_CHILD + _MEMORY, kind, str(large), str(anchor), here, str(small))
            must = 0.05 * len(data) / (1 << 20) + 1 if kind == "octets" else FLAT_MIB
            at_most(f"peak memory beyond what was given, {name}, from {kind}", mib, round(must, 2), " MiB")


def rate(count: int, arguments: list[str]) -> float:
    """Return how many packets a second *count* processes verify together."""
    command = [sys.executable, "-c", _CHILD + _RATE, *arguments]
    with contextlib.ExitStack() as stack:
        children = [
            stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for _ in range(count)
        ]
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        outs = [child.stdin for child in children]
        for out in outs:
            assert out is not None
            out.write("\n")
            out.flush()
        done = [int(child.stdout.read()) for child in children if child.stdout is not None]
    return sum(done) / float(arguments[0])


def processes(folder: str) -> None:
    """Two processes next to one, and two threads next to one."""
    anchor, path = Path(folder) / "anchor.der", Path(folder) / "packet.edxml"
    anchor.write_bytes(cms.signer().chain[-1].der)
    for name in ("header only", "1 MB", "10 MB"):
        path.write_bytes(signed(SIZES[name], "XML-DSig"))
        arguments = ["2", str(path), str(anchor), str(Path(__file__).parent)]
        pairs = [(rate(1, arguments), rate(2, arguments)) for _ in range(3)]
        faster = statistics.median(two / one for one, two in pairs)
        at_least(f"two processes / one, {name} ({pairs[1][0]:.0f} packets a second by one)", faster, 1.7)
    data = signed(10 * MB, "XML-DSig")

    def took(threads: int) -> float:
        workers = [threading.Thread(target=lambda: [packet(data, trust()) for _ in range(10)]) for _ in range(threads)]
        start = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return (time.perf_counter() - start) / threads

    at_least("two threads / one, 10 MB", statistics.median(took(1) / took(2) for _ in range(5)), 1.4)


def main() -> int:
    """Run all measurements; return 1 where a must is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds, without memory, threads and processes")
    quick = parser.parse_args().quick
    seconds = 0.3 if quick else 1.0
    head()
    cms.signer()
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("XML-DSig", "XAdES-B"):
            for name in SIZES:
                apart(functools.partial(enveloped, name, kind, seconds=seconds, folder=folder))  # type: ignore[arg-type]
        for name in ("100 kB", "1 MB", "10 MB", "20 MB"):
            apart(functools.partial(by_lines, name, seconds=seconds))
            apart(functools.partial(by_content_id, name, seconds=seconds))
        for name in ("10 kB", "1 MB", "10 MB"):
            apart(functools.partial(cms_detached, name, seconds=seconds, folder=folder))
        apart(functools.partial(streams, seconds=seconds, folder=folder))
        if not quick:
            memory(folder)
            apart(functools.partial(processes, folder))
    row("without pybase64", "not measured: it is required")
    return ended()


if __name__ == "__main__":
    raise SystemExit(main())
