"""Archive timestamps of the older versions of CAdES: their imprints written down anew from the standards' words.

The oracles are independent of the package: asn1crypto and ``openssl asn1parse`` say where the octets lie.
"""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import attrs
import pytest
from asn1crypto import cms as asn1
from asn1crypto import ocsp

import archive_support as world
import cms_support as cs
from test_archive_timestamps import CRL, DAY, LATER, OCSP, V1, V2, V3, archive, by_hand_v2, codes, stamped_by_hand, tsa
from vndoc.envelope.octets import MemoryOctets
from vndoc.pki import Indication, RevocationChecker, SubIndication, der
from vndoc.pki.algorithms import DIGESTS
from vndoc.signature import _cms_imprints, cms, sign_cms
from vndoc.signature._cms_attributes import ocsp_response
from vndoc.signature._cms_encode import attribute
from vndoc.signature._cms_make import opened, with_unsigned
from vndoc.signature._cms_signer import Content
from vndoc.signature._imprint import key_of
from vndoc.signature.facts import Level, TimestampKind

SHA = hashlib.sha256
SMIME = "1.2.840.113549.1.9.16.2."
STAMP, CERT_REFS, CRL_REFS, CERTS, LISTS, ESC, REFS = (SMIME + n for n in ("14", "21", "22", "23", "24", "25", "26"))
ORDER = (STAMP, CERT_REFS, CRL_REFS, CERTS, LISTS, ESC, REFS)
ISSUER = cs.authority().chain[0]


def basic(response: bytes) -> bytes:
    """Return the BasicOCSPResponse in an OCSPResponse."""
    return bytes(ocsp.OCSPResponse.load(response)["response_bytes"]["response"].parsed.dump())


VALUES = {
    CERT_REFS: der.encode(der.SEQUENCE, b"\x05\x00"),
    CRL_REFS: der.encode(der.SEQUENCE, b"\x01\x01\xff"),
    CERTS: der.encode(der.SEQUENCE, ISSUER.der),
    LISTS: der.encode(
        der.SEQUENCE,
        der.encode(0xA0, der.encode(der.SEQUENCE, CRL)),
        der.encode(0xA1, der.encode(der.SEQUENCE, basic(OCSP))),
    ),
}


def with_attribute(data: bytes, oid: str, value: bytes) -> bytes:
    parts, held = opened(data)
    return held.with_changed(0, with_unsigned(parts.signers[0], attribute(oid, value)), ()).octets()


def rich(*, detached: bool, order: tuple[str, ...] = tuple(VALUES)) -> bytes:
    """Return a signature with a timestamp and everything that version 1 is over."""
    data = cs.signed(stamp=cs.stamp(), detached=detached)
    for oid in order:
        data = with_attribute(data, oid, VALUES[oid])
    for oid in (REFS, ESC):
        data = with_attribute(data, oid, tsa(LATER).token(SHA(oid.encode()).digest()))
    return data


def by_hand_v1(data: bytes, *, older: int = 0) -> bytes:
    """Return the imprint of RFC 3126, 3.12.1, from what asn1crypto reads; *older* archive timestamps are in."""
    info = asn1.ContentInfo.load(data)["content"]["signer_infos"][0]
    rows = [(a["type"].dotted, a.contents) for a in info["unsigned_attrs"]]
    pieces = [cs.CONTENT, info["signed_attrs"].contents, info["signature"].native]
    pieces += [contents for oid in ORDER for name, contents in rows if name == oid]
    pieces += [contents for name, contents in rows if name == V1][:older]
    return SHA(b"".join(pieces)).digest()


@pytest.mark.parametrize("detached", [True, False])
@pytest.mark.parametrize("order", [tuple(VALUES), tuple(reversed(VALUES))])
def test_version_1_takes_the_values_in_its_own_order(detached: bool, order: tuple[str, ...]) -> None:
    data = rich(detached=detached, order=order)
    data = stamped_by_hand(data, by_hand_v1(data), V1)
    facts = cs.read(data)
    [found] = archive(facts)
    assert (found.intact, codes(found)) == (True, [])
    held = {key_of(o) for o in (facts.signature_value, CRL, ocsp_response(basic(OCSP)), ISSUER.der)}
    held |= {key_of(t.token.octets) for t in facts.timestamps if t.token and t.kind is not TimestampKind.ARCHIVE}
    assert found.protects == held


def test_version_1_is_around_older_ones_of_its_kind_alone() -> None:
    data = rich(detached=True)
    data = stamped_by_hand(data, by_hand_v1(data), V1)
    data = stamped_by_hand(data, by_hand_v1(data, older=1), V1, time=LATER + DAY)
    data = stamped_by_hand(data, b"\0" * 32, V2, time=LATER + DAY / 2)
    first, second, other = archive(cs.read(data))
    assert (first.intact, second.intact, other.intact) == (True, True, False)
    assert first.token is not None
    assert second.token is not None
    assert key_of(first.token.octets) in second.protects
    assert key_of(second.token.octets) not in first.protects


@pytest.mark.parametrize("tagged", [True, False])
def test_version_2_under_the_identifier_of_version_1(tagged: bool) -> None:
    """As programs made it whose library named only the older identifier."""
    data = rich(detached=True)
    [count] = {len(list(asn1.ContentInfo.load(data)["content"]["signer_infos"][0]["unsigned_attrs"]))}
    once = stamped_by_hand(data, by_hand_v2(data, tagged=tagged, attributes=count), V1)
    [found] = archive(cs.read(once))
    assert (found.intact, codes(found)) == (True, [])
    [as_v1] = archive(cs.read(stamped_by_hand(data, by_hand_v1(data), V1)))
    assert found.protects == as_v1.protects, "what both versions are over"


@pytest.mark.parametrize("oid", [CERTS, LISTS, STAMP])
def test_version_1_notices_what_is_taken_away(oid: str) -> None:
    data = rich(detached=True)
    data = stamped_by_hand(data, by_hand_v1(data), V1)
    info = opened(data)[0].signers[0]
    *fields, unsigned = der.children(info)
    kept = [a.octets for a in der.children(unsigned) if der.oid(der.children(a)[0]) != oid]
    changed = der.encode(der.SEQUENCE, *(f.octets for f in fields), der.encode(0xA1, *kept))
    [found] = archive(cs.read(opened(data)[1].with_changed(0, changed, ()).octets()))
    assert (found.intact, codes(found)) == (False, ["timestamp-imprint-differs"])


def test_version_1_does_not_speak_for_what_is_outside_the_signer() -> None:
    data = cs.signed(stamp=cs.stamp())
    data = stamped_by_hand(data, by_hand_v1(data), V1)
    facts = cs.read(data)
    [found] = archive(facts)
    assert found.intact
    assert not {key_of(c.der) for c in facts.certificates} & found.protects


def test_version_1_of_a_signature_without_attributes() -> None:
    """The signed attributes are left out where there are none; the value is over the content itself."""
    data = cs.made(None, over=cs.CONTENT, unsigned=der.encode(0xA1, attribute(CERT_REFS, VALUES[CERT_REFS])))
    info = asn1.ContentInfo.load(data)["content"]["signer_infos"][0]
    rows = b"".join(a.contents for a in info["unsigned_attrs"])
    imprint = SHA(cs.CONTENT + info["signature"].native + rows).digest()
    [found] = archive(cs.read(stamped_by_hand(data, imprint, V1)))
    assert found.intact


def test_version_1_of_attributes_that_are_not_der() -> None:
    """They are taken as received, or as the DER that the signature is over."""
    rows = cs.attributes_of(cs.rows())
    backwards = der.encode(0xA0, *(a.octets for a in reversed(der.children(der.read(rows)))))
    data = cs.made(rows, signed=backwards)
    info = asn1.ContentInfo.load(data)["content"]["signer_infos"][0]
    for taken in (der.read(backwards).content, der.read(rows).content):
        imprint = SHA(cs.CONTENT + taken + info["signature"].native).digest()
        [found] = archive(cs.read(stamped_by_hand(data, imprint, V1)))
        assert found.intact


def test_openssl_finds_the_same_octets(program: Callable[[str], str], tmp_path: Path) -> None:
    data = rich(detached=False)
    path = tmp_path / "signature.der"
    path.write_bytes(data)
    text = subprocess.run(
        [program("openssl"), "asn1parse", "-inform", "DER", "-in", str(path)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rows = list(_rows(text, data))
    at = next(n for n, row in enumerate(rows) if "id-smime-aa-timeStampToken" in row[2])
    unsigned = next(n for n in range(at, 0, -1) if rows[n][2].startswith("cont [ 1 ]"))
    value = next(n for n in range(unsigned, 0, -1) if "OCTET STRING" in rows[n][2])
    signed = next(n for n in range(value, 0, -1) if rows[n][2].startswith("cont [ 0 ]"))
    content = next(n for n, row in enumerate(rows) if "OCTET STRING" in row[2])
    depth = rows[unsigned][0] + 1
    by_name = {rows[n + 1][2].split(":")[-1]: rows[n][1] for n in range(unsigned, len(rows) - 1) if rows[n][0] == depth}
    names = ["timeStampToken", "ets-CertificateRefs", "ets-RevocationRefs", "ets-certValues", "ets-revocationValues"]
    taken = [by_name[f"id-smime-aa-{name}"] for name in [*names, "ets-escTimeStamp", "ets-certCRLTimestamp"]]
    imprint = SHA(b"".join([rows[content][1], rows[signed][1], rows[value][1], *taken])).digest()
    assert imprint == by_hand_v1(data)
    [found] = archive(cs.read(stamped_by_hand(data, imprint, V1)))
    assert found.intact


def _rows(text: str, data: bytes) -> Iterator[tuple[int, bytes, str]]:
    """Yield depth, content octets and what openssl says of each element."""
    for line in text.splitlines():
        found = re.match(r" *(\d+):d=(\d+) +hl=(\d+) +l= *(\d+) (?:cons|prim): +(.*)", line)
        assert found is not None, line
        start, depth, head, size = (int(found[n]) for n in range(1, 5))
        yield depth, data[start + head : start + head + size], found[5].strip()


# -- version 2 where not all is DER --------------------------------------------------------------------------


@attrs.frozen
class Ber:
    """A signature with indefinite lengths around what archive timestamps of version 2 are over."""

    head: bytes
    encapsulated: bytes
    certificates: bytes
    info: bytes

    def octets(self, *more: bytes) -> bytes:
        info = self.info
        for one in more:
            info = with_unsigned(der.read(info), one)
        signed = self.head + self.encapsulated + self.certificates + der.encode(der.SET, info)
        return b"\x30\x80" + der.encode_oid("1.2.840.113549.1.7.2") + b"\xa0\x80\x30\x80" + signed + b"\0\0" * 3

    def fields(self) -> bytes:
        return b"".join(p.octets for p in der.children(der.read(self.info)) if p.tag != 0xA1)


def ber(*, detached: bool) -> Ber:
    parts, _ = opened(cs.signed(stamp=cs.stamp(), detached=detached))
    kind = der.encode_oid(parts.content_type)
    halves = [der.encode(der.OCTET_STRING, half) for half in (cs.CONTENT[:700], cs.CONTENT[700:])]
    inner = b"" if detached else b"\xa0\x80\x24\x80" + b"".join(halves) + b"\0\0\0\0"
    return Ber(
        head=der.encode(der.INTEGER, bytes([parts.version])) + parts.digest_algorithms.octets,
        encapsulated=b"\x30\x80" + kind + inner + b"\0\0",
        certificates=b"\xa0\x80" + b"".join(c.octets for c in parts.certificates) + b"\0\0",
        info=parts.signers[0].octets,
    )


def definite(one: Ber, *, detached: bool) -> tuple[bytes, bytes]:
    """Return the DER of content and certificates."""
    kind = der.encode_oid("1.2.840.113549.1.7.1")
    inner = b"" if detached else der.encode(0xA0, der.encode(der.OCTET_STRING, cs.CONTENT))
    return der.encode(der.SEQUENCE, kind, inner), der.encode(0xA0, one.certificates[2:-2])


@pytest.mark.parametrize("tagged", [True, False])
@pytest.mark.parametrize("received", [True, False])
@pytest.mark.parametrize("detached", [True, False])
@pytest.mark.parametrize("in_memory", [True, False])
def test_version_2_takes_ber_as_received_or_as_der(
    tagged: bool, received: bool, detached: bool, in_memory: bool, tmp_path: Path
) -> None:
    one = ber(detached=detached)
    content, certificates = (one.encapsulated, one.certificates) if received else definite(one, detached=detached)
    [unsigned] = [p for p in der.children(der.read(one.info)) if p.tag == 0xA1]
    imprint = SHA(
        content
        + (cs.CONTENT if detached else b"")
        + certificates
        + one.fields()
        + (unsigned.octets if tagged else unsigned.content)
    ).digest()
    data = one.octets(attribute(V2, tsa().token(imprint)))
    source: bytes | InFile = data
    if not in_memory:
        path = tmp_path / "signature.p7m"
        path.write_bytes(data)
        source = InFile(path)
    [facts] = cms.read_cms(source, content=cs.CONTENT if detached else None)
    [found] = archive(facts)
    assert (found.intact, codes(found)) == (True, [])


@attrs.frozen
class InFile:
    """Octets in a file."""

    path: Path

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def open(self) -> BinaryIO:
        return self.path.open("rb")


def test_a_list_moved_between_two_encodings_is_noticed() -> None:
    one = ber(detached=False)
    content, _ = definite(one, detached=False)
    [unsigned] = [p for p in der.children(der.read(one.info)) if p.tag == 0xA1]
    mixed = SHA(content + one.certificates + one.fields() + unsigned.octets).digest()
    [facts] = cms.read_cms(one.octets(attribute(V2, tsa().token(mixed))))
    assert archive(facts)[0].intact is False


# -- what is not computed says why ---------------------------------------------------------------------------


@pytest.mark.parametrize("oid", [V1, V2, V3])
def test_an_archive_timestamp_in_a_counter_signature_says_so(oid: str) -> None:
    data = cms.counter_sign(cs.signed(), signer=cs.other().signer())
    parts, held = opened(data)
    [row] = [p for p in der.children(parts.signers[0]) if p.tag == 0xA1]
    inner = der.children(der.children(der.children(row)[0])[1])[0]
    richer = with_unsigned(inner, attribute(oid, tsa().token(b"\0" * 32)))
    swapped = der.encode(0xA1, attribute("1.2.840.113549.1.9.6", richer))
    info = der.encode(der.SEQUENCE, *(p.octets for p in der.children(parts.signers[0]) if p.tag != 0xA1), swapped)
    facts = cs.read(held.with_changed(0, info, ()).octets())
    [found] = facts.counter_signatures[0].timestamps
    assert (found.intact, codes(found)) == (None, ["timestamp-not-rebuilt", "timestamp-in-countersignature"])


@pytest.mark.parametrize("oid", [V1, V2])
def test_a_damaged_neighbour_is_named(oid: str) -> None:
    data = stamped_by_hand(cs.signed(), b"\0" * 32, oid)
    data = with_attribute(data, oid, b"\x30\x00")
    found, broken = archive(cs.read(data))
    assert codes(found) == ["timestamp-not-rebuilt", "timestamp-surroundings-damaged"]
    assert codes(broken) == ["timestamp-malformed"]


def test_a_timestamp_over_content_that_is_elsewhere_says_so() -> None:
    content = attribute(SMIME + "20", tsa().token(SHA(cs.CONTENT).digest()))
    rows = cs.attributes_of(cs.rows(), content)
    [facts] = cms.read_cms(cs.made(rows))
    [found] = facts.timestamps
    assert (found.intact, codes(found)) == (None, ["timestamp-not-rebuilt", "timestamp-content-missing"])
    assert cs.read(cs.made(rows)).timestamps[0].intact


@pytest.mark.parametrize("oid", [SMIME + "49", SMIME + "50", "0.4.0.1733.2.2"])
def test_proofs_in_other_forms_are_named(oid: str) -> None:
    facts = cs.read(with_attribute(cs.signed(), oid, b"\x30\x00"))
    [said] = [r for r in facts.reasons if r.code == "long-term-data-not-read"]
    assert not said.decides
    assert cs.good(facts)


@pytest.mark.parametrize("oid", [SMIME + "49", SMIME + "50", "0.4.0.1733.2.2"])
def test_a_signature_whose_only_proof_has_another_form_stays_open_and_says_which(oid: str) -> None:
    data = sign_cms(world.CONTENT, signer=world.PERSON.signer(), signing_time=world.SIGNED, detached=False)
    report = world.judge(
        "cms", with_attribute(data, oid, b"\x30\x00"), revocation=RevocationChecker.of(world.OF_2021.crls)
    )
    assert (report.indication, report.sub_indication) == (Indication.INDETERMINATE, SubIndication.OUT_OF_BOUNDS_NO_POE)
    assert {"long-term-data-not-read", "no-timestamp"} <= set(world.codes(report))


# -- work is bounded -----------------------------------------------------------------------------------------


TINY_INFO = der.encode(
    der.SEQUENCE,
    b"\x02\x01\x01",
    der.encode_oid("1.2.3"),
    der.encode(
        der.SEQUENCE,
        der.encode(der.SEQUENCE, der.encode_oid("2.16.840.1.101.3.4.2.1")),
        der.encode(der.OCTET_STRING, b"\0" * 32),
    ),
    b"\x02\x01\x01",
    der.encode(0x18, b"20250101000000Z"),
)
TINY = der.encode(
    der.SEQUENCE,
    der.encode_oid("1.2.840.113549.1.7.2"),
    der.encode(
        0xA0,
        der.encode(
            der.SEQUENCE,
            b"\x02\x01\x03\x31\x00",
            der.encode(
                der.SEQUENCE,
                der.encode_oid("1.2.840.113549.1.9.16.1.4"),
                der.encode(0xA0, der.encode(der.OCTET_STRING, TINY_INFO)),
            ),
            b"\x31\x00",
        ),
    ),
)
"""A token that nobody signed: small, and it states a time."""


def counted(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return a list that grows with each timestamp that is asked for its time."""
    asked: list[object] = []
    whole = _cms_imprints._stated

    def stated(token: der.Element) -> object:
        asked.append(token.start)
        return whole(token)

    monkeypatch.setattr(_cms_imprints, "_stated", stated)
    return asked


@pytest.mark.parametrize("oid", [V1, V2])
def test_each_archive_timestamp_is_asked_for_its_time_once(oid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = cs.signed()
    real = b"".join(attribute(oid, tsa().token(bytes([n]) * 32)) for n in range(20))
    junk = der.encode(der.SEQUENCE, der.encode_oid(oid), der.encode(der.SET, *[TINY] * 500))
    parts, held = opened(data)
    data = held.with_changed(0, with_unsigned(parts.signers[0], real + junk), ()).octets()
    asked = counted(monkeypatch)
    facts = cs.read(data)
    assert len(asked) == 520 + 30, "all of them once, and the thirty that are compared"
    assert len(facts.timestamps) == 100
    assert {"timestamps-too-many", "archive-timestamps-too-many"} <= cs.codes(facts)
    assert [t.intact for t in archive(facts)[:20]] == [False] * 20


@pytest.mark.parametrize("oid", [V1, V2, V3])
def test_too_many_unsigned_values_are_not_gone_through(oid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = stamped_by_hand(cs.signed(), b"\0" * 32, oid)
    junk = der.encode(der.SEQUENCE, der.encode_oid("1.2.3"), der.encode(der.SET, *[b"\x05\x00"] * 600))
    parts, held = opened(data)
    data = held.with_changed(0, with_unsigned(parts.signers[0], junk * 2), ()).octets()
    asked = counted(monkeypatch)
    [found] = archive(cs.read(data))
    assert found.intact is None
    assert codes(found)[0] == "timestamp-not-rebuilt"
    assert len(asked) <= 1


@pytest.mark.parametrize("count", [31, 40])
def test_of_many_archive_timestamps_thirty_are_compared(count: int) -> None:
    data = cs.signed()
    imprint = by_hand_v1_bare(data)
    more = attribute(V1, tsa().token(imprint)) * count
    parts, held = opened(data)
    found = archive(cs.read(held.with_changed(0, with_unsigned(parts.signers[0], more), ()).octets()))
    assert [t.intact for t in found] == [True] * 30 + [None] * (count - 30)


def by_hand_v1_bare(data: bytes) -> bytes:
    info = asn1.ContentInfo.load(data)["content"]["signer_infos"][0]
    return SHA(cs.CONTENT + info["signed_attrs"].contents + info["signature"].native).digest()


@attrs.define
class Counting:
    """Content that counts how often it is read."""

    opened: int = 0
    size: int = len(cs.CONTENT)

    def open(self) -> BinaryIO:
        self.opened += 1
        return io.BytesIO(cs.CONTENT)


def test_the_content_is_read_once_for_all_archive_timestamps() -> None:
    data = cs.signed(existing=cs.signed(), who=cs.other())
    for index in (0, 1):
        parts, held = opened(data)
        more = b"".join(
            attribute(oid, tsa(LATER + n * DAY).token(SHA(b"").digest())) for oid in (V1, V2) for n in range(9)
        )
        data = held.with_changed(index, with_unsigned(parts.signers[index], more), ()).octets()
    content = Counting()
    facts = cms.read_cms(data, content=content)
    assert sum(len(archive(one)) for one in facts) == 36
    assert content.opened == 3, "for the digest that was signed, and for each version once"


@pytest.mark.parametrize("digest", ["sha384", "sha3-256"])
def test_imprints_of_other_digests(digest: str) -> None:
    data = cs.signed(stamp=cs.stamp())
    info = asn1.ContentInfo.load(data)["content"]["signer_infos"][0]
    octets = cs.CONTENT + info["signed_attrs"].contents + info["signature"].native
    octets += info["unsigned_attrs"][0].contents
    token = tsa().token(DIGESTS[digest].of(octets), digest)
    for _ in range(2):
        data = with_attribute(data, V1, token)
    assert [t.intact for t in archive(cs.read(data))] == [True, True]


@pytest.mark.parametrize("digest", ["sha256", "shake256"])
def test_a_digest_that_was_begun_is_continued_more_than_once(digest: str) -> None:
    octets, row = MemoryOctets(cs.CONTENT), DIGESTS[digest]
    content = Content(kind=None, what="content", octets=octets, digests={})
    for end in (b"", b"1", b"2"):
        hashed = _cms_imprints._begun(content, row, "content", lambda: [cs.CONTENT])
        hashed.update(end)
        assert hashed.digest() == row.of(cs.CONTENT + end)


# -- what they are worth -------------------------------------------------------------------------------------


def extended() -> bytes:
    """Return a signature of 2021 with its certificates and lists among the unsigned attributes (CAdES-X-L)."""
    lists = der.encode(der.SEQUENCE, der.encode(0xA0, der.encode(der.SEQUENCE, *world.OF_2021.crls)))
    chain = der.encode(der.SEQUENCE, *(c.der for c in world.CHAIN))
    return with_attribute(with_attribute(world.made("cms", "T"), CERTS, chain), LISTS, lists)


def archived_by(oid: str, data: bytes) -> bytes:
    """Return *data* with an archive timestamp of 2023, its imprint written down by hand."""
    signed = asn1.ContentInfo.load(data)["content"]
    info = signed["signer_infos"][0]
    if oid == V1:
        pieces = [world.CONTENT, info["signed_attrs"].contents, info["signature"].native]
        pieces += [a.contents for name in ORDER for a in info["unsigned_attrs"] if a["type"].dotted == name]
    else:
        names = ("version", "sid", "digest_algorithm", "signed_attrs", "signature_algorithm", "signature")
        pieces = [signed["encap_content_info"].dump(), signed["certificates"].dump()]
        pieces += [signed["crls"].dump()] if signed["crls"] else []
        pieces += [info[n].dump() for n in names]
        pieces.append(der.encode(0xA1, *(a.dump() for a in info["unsigned_attrs"])))
    token = world.tsa(world.SECOND, world.ARCHIVED).token(SHA(b"".join(pieces)).digest())
    return with_attribute(data, oid, token)


@pytest.mark.parametrize("oid", [V1, V2])
@pytest.mark.parametrize("lost", ["tsa", "root"])
def test_older_archive_timestamps_stand_for_lost_keys(oid: str, lost: str) -> None:
    """The key of the first TSA, or of the CA, is lost in 2024; the archive timestamp of 2023 is older."""
    whose = world.FIRST if lost == "tsa" else world.CA
    material = world.lists(world.day(2025), fresh=10, **{lost: {whose.certificate: (world.day(2024), "keyCompromise")}})
    known = RevocationChecker.of(material.crls)
    bare = world.judge("cms", extended(), revocation=known)
    assert bare.indication is world.OPEN
    report = world.judge("cms", archived_by(oid, extended()), revocation=known)
    assert (report.level, report.passed) == (Level.LTA, True), report.reasons
    assert report.timestamps[0].known_since == world.ARCHIVED
    elsewhere = world.made("cms", "LT")
    report = world.judge("cms", archived_by(oid, elsewhere), revocation=known)
    assert report.passed is (oid == V2 or lost == "tsa"), "version 1 is not over what stands outside the signer"
