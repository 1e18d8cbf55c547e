"""The seal of a packet: it survives the axis, and nothing that it covers can change unnoticed."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

import vndoc
from axis import Axis
from samples import DOCUMENT
from strategies import documents
from verdict_support import CA, GOOD, NOW, PERSON, STORE, TSA
from vndoc.envelope import Attachment, DocumentPacket, PromulgationInfo, business_key
from vndoc.errors import EnvelopeError, SignatureError
from vndoc.identifiers import DocumentCode
from vndoc.pki import Indication, SubIndication
from vndoc.signature import seal as sealing
from vndoc.signature.cms import sign_cms
from vndoc.signature.report import Verdict
from vndoc.signature.seal import (
    MANIFEST_NAME,
    SIGNATURE_NAME,
    complete_seal,
    prepare_seal,
    read_seal,
    seal,
    seal_state,
    verify_seal,
)
from vndoc.testing.pki import TimestampAuthority

SIGNER = PERSON.signer()
STAMP = TimestampAuthority(identity=TSA, time=NOW - datetime.timedelta(hours=1))
FILES = (
    Attachment.of(b"%PDF-1.7 main", name="Công văn 07.pdf"),
    Attachment.of(b"table", name="Phụ lục.xlsx"),
    Attachment.of(b"table", name="Phụ lục.docx"),
)
PACKET = vndoc.read(DOCUMENT.encode()).document.evolve(attachments=FILES)
SEALED = seal(PACKET, SIGNER, stamp=STAMP)


def verify(packet: DocumentPacket, **how) -> Verdict:
    how = {"policy": "vn_default", "trust": STORE, "at": NOW, "revocation": GOOD} | how
    return verify_seal(packet, **how)


def codes(verdict: Verdict) -> set[str]:
    return {reason.code for reason in verdict.reasons}


def without(packet: DocumentPacket, *names: str) -> DocumentPacket:
    return packet.evolve(attachments=tuple(a for a in packet.attachments if a.name not in names))


def with_content(packet: DocumentPacket, name: str, content: bytes) -> DocumentPacket:
    return packet.evolve(
        attachments=tuple(Attachment.of(content, name=name) if a.name == name else a for a in packet.attachments)
    )


def test_a_sealed_packet():
    verdict = verify(SEALED)
    assert verdict.passed, verdict.reasons
    [report] = verdict
    assert report.best_signature_time == NOW - datetime.timedelta(hours=1)
    files = [c for c in report.covers if c.what == "attachment"]
    assert [(c.name, c.octets.open().read()) for c in files] == [(a.name, a.open().read()) for a in FILES]
    assert [a.name for a in SEALED.attachments[-2:]] == [MANIFEST_NAME, SIGNATURE_NAME]
    assert seal_state(SEALED) == "whole"
    assert seal_state(PACKET) == "none"


@pytest.mark.parametrize("profile", ["qcvn-102", "vxp"])
@pytest.mark.parametrize("axis", [Axis(), Axis(drop_bussiness=True, document_id="other", hop=None)])
def test_it_survives_the_axis(profile, axis):
    sent = vndoc.write_packet(SEALED, profile=profile)
    arrived = axis.carry(axis.carry(sent))
    assert arrived != sent
    with vndoc.read(arrived) as reading:
        verdict = verify(reading.document)
        assert verdict.passed, verdict.reasons
        assert business_key(reading.document) == business_key(PACKET)


PLAIN = st.tuples(st.sampled_from(["a.pdf", "b.docx", "ê ệ.xlsx", "c"]), st.binary(max_size=30))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents(signature=st.none()), st.lists(PLAIN, max_size=4))
def test_any_packet_survives(packet, files):
    """The axis itself takes some zips for packed files, so the files here are none; see the writer's tests."""
    attachments = tuple(Attachment.of(b"." + data, name=name) for name, data in files)
    sent = vndoc.write_packet(seal(packet.evolve(attachments=attachments), SIGNER))
    with vndoc.read(Axis().carry(sent)) as reading:
        assert verify(reading.document).passed


FAILED, OPEN = Indication.FAILED, Indication.INDETERMINATE


@pytest.mark.parametrize(
    ("changed", "indication", "code"),
    [
        (with_content(SEALED, "Phụ lục.xlsx", b"other"), FAILED, "seal-attachment-changed"),
        (without(SEALED, "Phụ lục.xlsx"), OPEN, "seal-attachment-missing"),
        (
            SEALED.evolve(attachments=(*SEALED.attachments, Attachment.of(b"x", name="Thêm.pdf"))),
            OPEN,
            "seal-attachment-uncovered",
        ),
        (SEALED.evolve(code=DocumentCode("8", "TB-UBND")), FAILED, "seal-other-document"),
        (SEALED.evolve(promulgation_info=None), OPEN, "seal-header-incomplete"),
        (
            SEALED.evolve(promulgation_info=PromulgationInfo(promulgation_date=datetime.date(2025, 3, 4))),
            FAILED,
            "seal-other-document",
        ),
    ],
)
def test_changes_are_named(changed, indication, code):
    verdict = verify(changed)
    assert verdict.indication is indication
    assert code in codes(verdict)


def flipped(content: bytes, bit: int) -> bytes:
    octets = bytearray(content)
    octets[bit // 8] ^= 1 << bit % 8
    return bytes(octets)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(FILES), st.data())
def test_every_bit_of_an_unpacked_attachment_flips_the_verdict(file, data):
    """However the axis packs and labels it: what counts are the octets that come out."""
    content = file.open().read()
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    sent = vndoc.write_packet(with_content(SEALED, file.name, flipped(content, bit)))
    for arrived in (sent, Axis().carry(sent)):
        with vndoc.read(arrived) as reading:
            verdict = verify(reading.document)
        assert verdict.indication is FAILED
        assert "seal-attachment-changed" in codes(verdict)


def test_what_may_change():
    packet = SEALED.evolve(
        subject="khác",
        document_id="khác",
        code=DocumentCode("7", "TB-UBND"),
        attachments=tuple(reversed(SEALED.attachments)),
    )
    assert verify(packet).passed


def test_files_of_the_same_name():
    twins = (Attachment.of(b"1", name="a.pdf"), Attachment.of(b"2", name="a.pdf"), Attachment.of(b"1", name="a.pdf"))
    sealed = seal(PACKET.evolve(attachments=twins), SIGNER)
    assert verify(sealed).passed
    assert verify(sealed.evolve(attachments=tuple(reversed(sealed.attachments)))).passed
    assert not verify(sealed.evolve(attachments=sealed.attachments[1:])).passed
    other = (Attachment.of(b"1", name="a.pdf"), Attachment.of(b"2", name="a.pdf"), Attachment.of(b"3", name="a.pdf"))
    assert verify(sealed.evolve(attachments=(*other, *sealed.attachments[3:]))).indication is FAILED


def test_aliases_of_the_issuer():
    moved = SEALED.evolve(from_=SEALED.from_.evolve(organ_id="000.00.00.H41"))
    assert "seal-other-document" in codes(verify(moved))
    assert verify(moved, normalise=lambda code: str(code).rpartition(".")[2]).passed


def test_a_packet_without_seal():
    verdict = verify(PACKET)
    assert (len(verdict), verdict.indication) == (0, OPEN)
    assert not verdict.passed


@pytest.mark.parametrize(
    "packet",
    [
        without(SEALED, MANIFEST_NAME),
        without(SEALED, SIGNATURE_NAME),
        SEALED.evolve(attachments=(*SEALED.attachments, SEALED.attachments[-1])),
    ],
)
def test_half_a_seal(packet):
    assert seal_state(packet) == "broken"
    with pytest.raises(SignatureError, match="seal-incomplete"):
        verify(packet)


def resealed(manifest: bytes) -> DocumentPacket:
    """Return the packet with *manifest*, signed as it is."""
    packet = with_content(SEALED, MANIFEST_NAME, manifest)
    return with_content(packet, SIGNATURE_NAME, sign_cms(manifest, signer=SIGNER))


def manifest() -> bytes:
    return SEALED.attachments[-2].open().read()


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"<x/>",
        b"<!DOCTYPE x><x/>",
        manifest().replace(b"#sha256", b"#none"),
        manifest().replace(b"#sha256", b"#md5"),
        manifest().replace(b"<ds:DigestValue>", b"<ds:DigestValue>?"),
        manifest().replace(b"DataObjectReference URI", b"DataObjectReference Name", 1),
        manifest().replace(b'URI="C', b'URI="%FF', 1),
        manifest().replace(b'year="2026"', b'year="x"'),
        manifest().replace(
            b"<asic:ASiCManifestExtensions>",
            b'<x:BusinessKey xmlns:x="urn:vndoc:seal:1" year="1"/><asic:ASiCManifestExtensions>',
        ),
    ],
)
def test_manifests_that_are_none(wrong):
    verdict = verify(resealed(wrong))
    assert verdict.indication is FAILED
    assert "seal-manifest-malformed" in codes(verdict)


def test_a_manifest_without_key():
    start, _, rest = manifest().partition(b"<asic:ASiCManifestExtensions>")
    verdict = verify(resealed(start + rest.partition(b"</asic:ASiCManifestExtensions>")[2]))
    assert verdict.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
    assert "seal-key-missing" in codes(verdict)


def test_other_digests_are_read():
    import base64  # noqa: PLC0415
    import hashlib  # noqa: PLC0415

    text = manifest().replace(b"http://www.w3.org/2001/04/xmlenc#sha256", b"http://www.w3.org/2001/04/xmlenc#sha512")
    for file in FILES:
        old = base64.b64encode(file.digest())
        text = text.replace(old, base64.b64encode(hashlib.sha512(file.open().read()).digest()))
    assert verify(resealed(text)).passed


def test_files_of_one_name_are_digested_once_each(monkeypatch):
    """A manifest that names a hundred files of one name does not have each digested a hundred times."""
    files = tuple(Attachment.of(b"%d" % number, name="a.pdf") for number in range(20))
    asked = []

    def digests_of(octets, names):
        asked.append(octets)
        return digested(octets, names)

    digested = sealing.digests_of
    monkeypatch.setattr(sealing, "digests_of", digests_of)
    reference = (
        b'<asic:DataObjectReference URI="a.pdf"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/>'
        b"<ds:DigestValue>AAAA</ds:DigestValue></asic:DataObjectReference>"
    )
    start, _, rest = manifest().partition(b"<asic:DataObjectReference")
    text = start + 30 * reference + rest[rest.index(b"<asic:ASiCManifestExtensions") :]
    verdict = verify(resealed(text).evolve(attachments=(*files, *resealed(text).attachments[-2:])))
    [report] = verdict
    assert [c.intact for c in report.covers[1:]] == [False] * 20 + [None] * 10
    assert len(asked) == 20


def test_one_file_that_stands_twice_is_covered_once():
    twice = SEALED.evolve(attachments=(FILES[0], *SEALED.attachments))
    assert "seal-attachment-uncovered" in codes(verify(twice))
    assert "seal-attachment-uncovered" not in codes(verify(SEALED))


def test_a_changed_manifest_fails():
    verdict = verify(with_content(SEALED, MANIFEST_NAME, manifest() + b"\n"))
    assert verdict.sub_indication is SubIndication.HASH_FAILURE


def test_a_signature_that_is_none():
    with pytest.raises(SignatureError, match="cms-malformed"):
        verify(with_content(SEALED, SIGNATURE_NAME, b"x"))


def test_files_that_are_too_large(monkeypatch):
    monkeypatch.setattr(sealing, "_MAX_MANIFEST", len(manifest()) - 1)
    with pytest.raises(SignatureError, match="cms-too-large"):
        verify(SEALED)
    monkeypatch.setattr(sealing, "_MAX_MANIFEST", 4 * len(manifest()))
    assert verify(SEALED).passed


class Closed:
    """A file that cannot be opened."""

    size = 3

    def open(self):
        raise SignatureError("no-signature")


def test_an_attachment_that_cannot_be_opened_counts_as_changed():
    broken = SEALED.attachments[0].evolve(content=Closed(), packed=Closed())
    verdict = verify(SEALED.evolve(attachments=(broken, *SEALED.attachments[1:])))
    assert "seal-attachment-changed" in codes(verdict)


def test_what_cannot_be_sealed():
    with pytest.raises(SignatureError, match="seal-present"):
        seal(SEALED, SIGNER)
    with pytest.raises(SignatureError, match="seal-name-missing"):
        seal(PACKET.evolve(attachments=(Attachment.of(b"x", name=" "),)), SIGNER)
    with pytest.raises(EnvelopeError, match="business-key-incomplete"):
        seal(PACKET.evolve(code=None), SIGNER)


def test_two_phases():
    waiting = prepare_seal(PACKET, credential=SIGNER)
    value = SIGNER.sign(waiting.octets, waiting.algorithm)
    assert verify(complete_seal(PACKET, waiting.state, value)).passed
    with pytest.raises(SignatureError, match="cms-content-differs"):
        complete_seal(with_content(PACKET, "Phụ lục.xlsx", b"x"), waiting.state, value)


def test_the_manifest_is_that_of_the_standard():
    root = etree.fromstring(manifest())
    assert root.tag == "{http://uri.etsi.org/02918/v1.2.1#}ASiCManifest"
    assert [etree.QName(node).localname for node in root] == [
        "SigReference",
        *["DataObjectReference"] * 3,
        "ASiCManifestExtensions",
    ]
    assert root[0].get("URI") == SIGNATURE_NAME
    assert root[1].get("URI") == "C%C3%B4ng%20v%C4%83n%2007.pdf"


def test_two_signers_of_a_seal():
    organisation = CA.organisation("Sở Thử nghiệm", mns="1234567", key="p256").signer()
    first = SEALED.attachments[-1].open().read()
    both = with_content(SEALED, SIGNATURE_NAME, sign_cms(manifest(), signer=organisation, existing=first))
    verdict = verify(both)
    assert {report.signer.kind.value for report in verdict} == {"person", "organisation"}
    assert verdict.passed
    assert len(read_seal(both)) == 2
