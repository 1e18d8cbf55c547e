"""Measure canonical XML against the SHA-256 of the octets, print a Markdown table, fail where a must is missed.

    python benchmarks/canonical.py            everything (a minute)
    python benchmarks/canonical.py --quick    without memory

The floor is the SHA-256 of the canonical octets, already made. "digest" starts from the skeleton that reading made;
"split + digest" starts from the octets of the packet and proves the base64 on the way: its musts are those of a whole
verification. Only ratios count.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from lxml import etree

from measure import at_most, ended, head, medians, peak_mib
from packets import KB, MB, octets, wrapped
from ratios import MEMORY_MUST_MIB
from vndoc.envelope.octets import MemoryOctets
from vndoc.packets.files import FileOctets, TemporarySpool
from vndoc.xml import Canonical, Skeleton, canonicalize, digest, parse_document, split

FORM = Canonical.C14N_10
DIGEST_MUSTS = {"100 kB": None, "1 MB": 1.4, "10 MB": 1.3}
WHOLE_MUSTS = {"100 kB": None, "1 MB": 2.0, "10 MB": 1.6}
SIZES = {"100 kB": 100 * KB, "1 MB": MB, "10 MB": 10 * MB}
WRAPPED_MUST = 1.9
WRAPPED_WHOLE_MUST = 2.2
HEADER_MUST = 2.5
SIGNATURE = (
    '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><CanonicalizationMethod Algorithm="{form}"/>'
    '<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><Reference URI=""><Transforms>'
    '<Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/></Transforms>'
    '<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>{value}</DigestValue></Reference>'
    "</SignedInfo><SignatureValue>{value}</SignatureValue></Signature>"
)


def taken_apart(data: bytes) -> Skeleton:
    return split(MemoryOctets(data), spool=TemporarySpool)


def all_of_it(data: bytes) -> bytes:
    """The job itself: from octets to the digest of the enveloped document."""
    skeleton = taken_apart(data)
    return digest(skeleton, skeleton.root, FORM, "sha256", whole_document=True)


def by_the_whole_tree(data: bytes) -> bytes:
    """The plain way: one tree with everything in it."""
    root = etree.fromstring(data, etree.XMLParser(huge_tree=True, resolve_entities=False))
    return hashlib.sha256(etree.tostring(root, method="c14n")).digest()


def floor_of(data: bytes) -> Callable[[], object]:
    """Return the floor for the packet *data*, and see that the job gives what it should."""
    canonical = canonicalize(parse_document(data), FORM, whole_document=True)
    assert all_of_it(data) == by_the_whole_tree(data) == hashlib.sha256(canonical).digest()
    return lambda: hashlib.sha256(canonical).digest()


def sizes() -> None:
    """Packets with one attachment in one line."""
    for name, size in SIZES.items():
        data = octets(size)
        skeleton = taken_apart(data)
        assert skeleton.route == "elided"
        jobs = {
            "floor": floor_of(data),
            "all": partial(all_of_it, data),
            "digest": partial(digest, skeleton, skeleton.root, FORM, "sha256", whole_document=True),
        }
        times = medians(jobs)
        floor = times["floor"]
        at_most(f"split + digest, {name} / floor ({floor * 1e3:.2f} ms)", times["all"] / floor, WHOLE_MUSTS[name])
        at_most(f"digest of a skeleton, {name} / floor", times["digest"] / floor, DIGEST_MUSTS[name])
        times = medians({"floor": floor_of(data), "dom": partial(by_the_whole_tree, data)})  # it empties the caches
        at_most(f"plain DOM + C14N + SHA-256, {name} / floor", times["dom"] / times["floor"], None)


def lines() -> None:
    """Base64 in lines of 76 columns."""
    for name, size in (("1 MB", MB), ("10 MB", 10 * MB)):
        crlf = wrapped(octets(size))
        for end, data in (("CR LF", crlf), ("LF", crlf.replace(b"\r\n", b"\n"))):
            skeleton = taken_apart(data)
            jobs = {
                "floor": floor_of(data),
                "all": partial(all_of_it, data),
                "digest": partial(digest, skeleton, skeleton.root, FORM, "sha256"),
            }
            times = medians(jobs)
            # where CR is sent, line ends must be normalised as well as proven: that has no must of its own
            must = WRAPPED_WHOLE_MUST if end == "LF" else None
            at_most(f"split + digest, {name} wrapped, {end} / floor", times["all"] / times["floor"], must)
            at_most(
                f"digest of a skeleton, {name} wrapped, {end} / floor", times["digest"] / times["floor"], WRAPPED_MUST
            )


def headers() -> None:
    """What is left where there is no attachment: the shapes of a signature, next to lxml's writer alone."""
    signature = SIGNATURE.format(form=FORM, value="A" * 344).encode()
    data = octets(0).replace(b"</edXML>", signature + b"</edXML>")
    skeleton = taken_apart(data)
    root = skeleton.root
    sign = next(root.iter("{*}Signature"))
    signed, inner = sign[0], root[0]
    jobs: dict[str, Callable[[], object]] = {
        "floor": partial(etree.tostring, root, method="c14n"),
        "document": partial(digest, skeleton, root, FORM, "sha256", whole_document=True),
        "enveloped": partial(digest, skeleton, root, FORM, "sha256", without=sign, whole_document=True),
        "one part": partial(digest, skeleton, inner, FORM, "sha256"),
        "SignedInfo": partial(canonicalize, signed, FORM),
    }
    times = medians(jobs, seconds=2)
    floor = times.pop("floor")
    count = sum(1 for _ in root.iter())
    for name, seconds in times.items():
        must = HEADER_MUST if name in {"document", "enveloped"} else None
        at_most(f"{name}, {seconds * 1e6:.0f} µs / lxml's C14N of the {count} elements", seconds / floor, must)


_CHILD = """
import sys
from vndoc.packets.files import FileOctets, TemporarySpool
from vndoc.xml import Canonical, digest, split
before = peak()
skeleton = split(FileOctets(sys.argv[1]), spool=TemporarySpool)
digest(skeleton, skeleton.root, Canonical.C14N_10, "sha256")
print(peak() - before)
"""


def memory() -> None:
    """Peak memory over a file with a 100 MB attachment, in a child process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "packet.edxml"
        for name, data in (("one line", octets(100 * MB)), ("wrapped, CR LF", wrapped(octets(100 * MB)))):
            path.write_bytes(data)
            assert FileOctets(path).size == len(data)
            at_most(
                f"peak memory over import, 100 MB file, {name}", peak_mib(_CHILD, str(path)), MEMORY_MUST_MIB, " MiB"
            )


def main() -> int:
    """Run all measurements; return 1 where a must is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="leave out memory")
    quick = parser.parse_args().quick
    head()
    sizes()
    lines()
    headers()
    if not quick:
        memory()
    return ended()


if __name__ == "__main__":
    raise SystemExit(main())
