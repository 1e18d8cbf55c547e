"""The signatures of a whole packet: seal, header, place-holders, and the question whether it is an original."""

from __future__ import annotations

import base64
import datetime
import io

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import samples
import vndoc
from axis import Axis
from samples import DOCUMENT, XMLDSIG, read
from verdict_support import CA, GOOD, NOW, PERSON, STORE, TSA
from vndoc.edxml import Reading
from vndoc.envelope import Attachment
from vndoc.errors import SignatureError, SourceError, UsageError
from vndoc.pki import Family, Indication, SignatureAlgorithm, SubIndication
from vndoc.signature.cms import sign_cms
from vndoc.signature.originals import OrganisationRecord, Original, judge_original
from vndoc.signature.packet import HeaderSignature, PacketVerdict, header_signature, sign_header, verify_packet
from vndoc.signature.policy import POLICIES, Appendices, PacketRules
from vndoc.signature.seal import MANIFEST_NAME, SIGNATURE_NAME, seal
from vndoc.signature.xmldsig_making import XmlReference, sign_xml
from vndoc.testing.pki import TimestampAuthority

FILES = (
    Attachment.of(b"%PDF-1.7 appendix", name="Phụ lục.PDF", content_id="cid:2"),
    Attachment.of(b"%PDF-1.7 main", name="Công văn.pdf", content_id="cid:1"),
)
PACKET = read(DOCUMENT).document.evolve(attachments=FILES, signature=None)
ORGANISATION = CA.organisation("Đơn vị gửi mẫu", mns="1234567", key="p256")
SIGNER, BODY = PERSON.signer(), ORGANISATION.signer()
TIME = NOW - datetime.timedelta(hours=1)


def judge(data: bytes, **how) -> PacketVerdict:
    how = {"policy": "vn_default", "trust": STORE, "at": NOW, "revocation": GOOD} | how
    return vndoc.verify(data, **how)


def codes(verdict) -> set[str]:
    return {reason.code for reason in verdict.reasons}


def both_sealed(packet=PACKET) -> bytes:
    """Return the packet sealed by a person and by the organisation."""
    sealed = seal(packet, SIGNER)
    manifest, signature = (a.open().read() for a in sealed.attachments[-2:])
    twice = Attachment.of(sign_cms(manifest, signer=BODY, existing=signature), name=SIGNATURE_NAME)
    return vndoc.write_packet(sealed.evolve(attachments=(*sealed.attachments[:-1], twice)))


def test_an_open_file_is_digested_while_it_arrives():
    content = Attachment.of(bytes(range(256)) * 400, name="Phụ lục.bin", content_id="cid:3")
    packet = PACKET.evolve(attachments=(*FILES, content))
    data = vndoc.write_packet(packet)
    data = sign_header(data, packet, signer=SIGNER, signing_time=TIME, form="enveloped")
    for octets, passed in ((data, True), (data.replace(b"MDEy", b"MDEz", 1), False)):
        with vndoc.read(io.BytesIO(octets)) as reading:
            assert reading.skeleton.ahead is not None
            arrived = judge(reading)
        assert arrived.passed is passed
        assert codes(arrived) == codes(judge(octets))


@pytest.mark.parametrize("step", [None, 1000])
def test_what_is_little_is_not_digested_ahead_unless_it_comes_in_pieces(step):
    packet = PACKET.evolve(attachments=(*FILES, Attachment.of(bytes(20_000), name="a.bin")))
    data = sign_header(vndoc.write_packet(packet), packet, signer=SIGNER, signing_time=TIME, form="enveloped")
    with vndoc.read(io.BytesIO(data) if step is None else Dripping(data, step)) as reading:
        assert (reading.skeleton.ahead is None) == (step is None)
        assert judge(reading).passed
        assert reading.packet == vndoc.read(data).packet


class Dripping:
    """A file that gives a few octets at a time."""

    def __init__(self, data: bytes, step: int) -> None:
        self.file, self.step = io.BytesIO(data), step

    def read(self, size: int) -> bytes:
        return self.file.read(min(size, self.step))


def known(code: str, day: datetime.date) -> OrganisationRecord | None:
    assert day == datetime.date(2026, 3, 4)
    return OrganisationRecord(names=("đơn vị  GỬI mẫu",), budget_codes=("1234567",)) if code == "H41" else None


# -- originals -----------------------------------------------------------------------------------------


def test_an_original():
    verdict = judge(Axis().carry(both_sealed()), organisations=known)
    assert verdict.passed, verdict.reasons
    assert verdict.original is Original.ORIGINAL
    assert verdict.sealed
    assert verdict.main_document == "Phụ lục.PDF"
    assert "pdf-signatures-not-examined" in codes(verdict)
    assert repr(verdict) == "PacketVerdict(passed, 2 signatures, original)"


def test_without_a_look_up_nobody_can_tell():
    verdict = judge(both_sealed())
    assert verdict.passed
    assert verdict.original is Original.CANNOT_TELL
    [reason] = [r for r in verdict.reasons if r.code == "issuer-not-compared"]
    assert dict(reason.values) == {"signer": "Đơn vị gửi mẫu", "issuer": "Đơn vị gửi mẫu"}
    assert judge(both_sealed(), organisations=lambda _code, _day: None).original is Original.CANNOT_TELL


@pytest.mark.parametrize(
    "record",
    [
        OrganisationRecord(names=("Đơn vị gửi mẫu",), budget_codes=("7654321",)),
        OrganisationRecord(names=("Đơn vị khác",)),
        OrganisationRecord(),
    ],
)
def test_another_organisation(record):
    verdict = judge(both_sealed(), organisations=lambda _code, _day: record)
    assert verdict.original is Original.INFORMATION_ONLY
    assert "issuer-differs" in codes(verdict)


def test_numbers_and_names_of_the_issuer():
    signer = judge(both_sealed()).signatures[0].signer
    taxed = attrs.evolve(signer, tax_code="0123456789", budget_code=None)
    assert OrganisationRecord(tax_codes=("0123456789",)).is_of(taxed)
    assert not OrganisationRecord(tax_codes=("1",), names=(taxed.display_name,)).is_of(taxed)
    assert OrganisationRecord(budget_codes=("1",), names=(taxed.display_name,)).is_of(taxed)


def test_a_household_business_is_known_by_the_citizen_number_that_is_its_tax_code():
    """Since 2025-07-01; the report shows it masked, and compares it whole."""
    house = CA.organisation("Hộ kinh doanh mẫu", mst="001099000123", key="p256")
    rules = attrs.evolve(POLICIES["vn_default"], packet=PacketRules(competent_person=False))
    data = vndoc.write_packet(seal(PACKET, house.signer()))

    def asked(*codes: str) -> PacketVerdict:
        return judge(data, organisations=lambda _code, _day: OrganisationRecord(tax_codes=codes), policy=rules)

    assert asked("001099000123").original is Original.ORIGINAL
    assert asked("002099000123").original is Original.INFORMATION_ONLY
    assert "001099000123" not in str(asked("001099000123").to_dict())


def test_one_signature_of_two():
    person = judge(vndoc.write_packet(seal(PACKET, SIGNER)), organisations=known)
    assert person.passed
    assert person.original is Original.INFORMATION_ONLY
    assert "organisation-missing" in codes(person)
    body = judge(vndoc.write_packet(seal(PACKET, BODY)), organisations=known)
    assert body.original is Original.INFORMATION_ONLY
    assert "competent-person-missing" in codes(body)
    rules = attrs.evolve(POLICIES["vn_default"], packet=PacketRules(competent_person=False))
    assert judge(vndoc.write_packet(seal(PACKET, BODY)), organisations=known, policy=rules).original.value == "original"
    rules = attrs.evolve(POLICIES["vn_default"], packet=PacketRules(organisation=False))
    assert judge(vndoc.write_packet(seal(PACKET, SIGNER)), policy=rules).original is Original.ORIGINAL


def test_unclear_signatures():
    assert judge(both_sealed(), revocation=None).original is Original.CANNOT_TELL
    nobody = CA.issue({"CN": "Ai đó"}, key="p256").signer()
    verdict = judge(vndoc.write_packet(seal(PACKET, nobody)), organisations=known)
    assert verdict.passed
    assert verdict.original is Original.CANNOT_TELL


def test_the_main_document():
    data = both_sealed()
    for name in ("Công văn.pdf", "1"):
        rules = attrs.evolve(POLICIES["vn_default"], packet=PacketRules(main_document=name))
        assert judge(data, policy=rules).main_document == "Công văn.pdf"
    rules = attrs.evolve(POLICIES["vn_default"], packet=PacketRules(main_document="none"))
    verdict = judge(data, policy=rules, organisations=known)
    assert verdict.main_document is None
    assert verdict.original is Original.CANNOT_TELL
    texts = PACKET.evolve(attachments=(Attachment.of(b"x", name="a.docx"),))
    plain = judge(vndoc.write_packet(seal(texts, SIGNER)))
    assert plain.main_document is None
    assert "pdf-signatures-not-examined" not in codes(plain)


def test_the_manifest_orders():
    from vndoc.edxml.elements import Reference  # noqa: PLC0415
    from vndoc.signature.originals import main_document  # noqa: PLC0415

    reading = vndoc.read(vndoc.write_packet(PACKET))
    turned = attrs.evolve(reading, manifest=tuple(reversed(reading.manifest)))
    assert main_document(reading, POLICIES["vn_default"]) == "Phụ lục.PDF"
    assert main_document(turned, POLICIES["vn_default"]) == "Công văn.pdf"
    assert main_document(attrs.evolve(reading, manifest=None), POLICIES["vn_default"]) == "Phụ lục.PDF"
    nameless = attrs.evolve(reading, manifest=(Reference(content_id=None),))
    assert main_document(nameless, POLICIES["vn_default"]) == "Phụ lục.PDF"


def test_appendices():
    verdict = judge(vndoc.write_packet(PACKET))
    assert verdict.indication is Indication.INDETERMINATE
    assert {"no-signature", "appendix-unsigned"} <= codes(verdict)
    must = attrs.evolve(POLICIES["vn_default"], packet=PacketRules(appendices=Appendices.MUST_BE_SIGNED))
    strict = judge(vndoc.write_packet(PACKET), policy=must)
    assert strict.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
    assert "no-signature" not in codes(strict)
    assert judge(both_sealed(), policy=must).passed


def test_an_issuer_without_code_or_date():
    signatures = judge(both_sealed()).signatures

    def issuer(**changes) -> str:
        packet = PACKET.evolve(**changes)
        _, reasons = judge_original(packet, signatures, POLICIES["vn_default"], "Phụ lục.PDF", None, NOW)
        return dict(next(r for r in reasons if r.code == "issuer-not-compared").values)["issuer"]

    assert issuer(from_=PACKET.from_.evolve(organ_name=None)) == "H41"
    assert issuer(from_=None, promulgation_info=None) == "?"


# -- the header ----------------------------------------------------------------------------------------


def with_header(markup: str) -> bytes:
    return samples.edit(DOCUMENT, ("</edXML:edXMLHeader>", markup + "</edXML:edXMLHeader>")).encode()


VALUE, DIGEST = base64.b64encode(bytes(range(64))).decode(), base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(range(1, 33))).decode()


def markup(*digests: str, value: str = VALUE, namespace: str = XMLDSIG) -> str:
    references = "".join(
        f'<Reference URI="{n}"><DigestValue>{d}</DigestValue></Reference>' for n, d in enumerate(digests)
    )
    return (
        f'<Signature xmlns="{namespace}"><SignedInfo>{references}</SignedInfo>'
        f"<SignatureValue> {value} </SignatureValue></Signature>"
    )


@pytest.mark.parametrize(
    ("header", "kind", "code"),
    [
        ("", HeaderSignature.NONE, None),
        ("<edXML:DigitalSignature/>", HeaderSignature.EMPTY, "header-signature-empty"),
        ("<Signature/>", HeaderSignature.EMPTY, "header-signature-empty"),
        (markup(DIGEST, value="SIGVALUE=="), HeaderSignature.PLACEHOLDER, "header-signature-placeholder"),
        (markup(DIGEST, value="AAAA"), HeaderSignature.PLACEHOLDER, "header-signature-placeholder"),
        (markup(DIGEST, DIGEST), HeaderSignature.PLACEHOLDER, "header-signature-placeholder"),
        (markup("A" * 28), HeaderSignature.PLACEHOLDER, "header-signature-placeholder"),
        (markup(), HeaderSignature.PLACEHOLDER, "header-signature-placeholder"),
        (markup(DIGEST, OTHER, namespace=samples.NS), HeaderSignature.WRONG_NAMESPACE, "header-signature-namespace"),
        (markup(DIGEST, OTHER), HeaderSignature.PRESENT, None),
    ],
)
def test_what_stands_in_the_header(header, kind, code):
    data = with_header(header)
    verdict = judge(data)
    assert verdict.header is header_signature(vndoc.read(data)) is kind
    assert not verdict.passed
    assert code is None or code in codes(verdict)
    assert verdict.indication is (Indication.FAILED if kind is HeaderSignature.PRESENT else Indication.INDETERMINATE)


def test_golden_place_holders(golden):
    for path in sorted(golden.glob("document_*.edxml")):
        verdict = judge(path.read_bytes())
        assert not verdict.passed
        assert verdict.indication is Indication.INDETERMINATE
        if verdict.header is not HeaderSignature.NONE:
            assert verdict.header is HeaderSignature.PLACEHOLDER


SENT = vndoc.write_packet(PACKET)


@pytest.mark.parametrize("form", ["cid", "enveloped"])
def test_a_header_signature_on_a_direct_link(form):
    signed = sign_header(SENT, PACKET, signer=SIGNER, signing_time=TIME, form=form)
    verdict = judge(signed)
    assert verdict.passed, verdict.reasons
    assert verdict.header is HeaderSignature.PRESENT
    [report] = verdict
    covered = {(c.what, c.name) for c in report.covers}
    assert covered >= ({("attachment", "cid:1"), ("attachment", "cid:2")} if form == "cid" else {("document", "")})


@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_one_digest_for_two_copies_of_a_file_is_no_place_holder(digest):
    """A signature without XAdES over two attachments that are the same file has nothing but that digest."""
    twins = tuple(Attachment.of(b"%PDF-1.7 twin", name=f"{n}.pdf", content_id=n) for n in "12")
    packet = PACKET.evolve(attachments=twins)
    signed = sign_xml(
        vndoc.write_packet(packet),
        signer=SIGNER,
        references=[XmlReference(uri=f"cid:{a.content_id}", content=a.content) for a in twins],
        xades=False,
        algorithm=SignatureAlgorithm(Family.ECDSA, digest),
        parent="/edXML/edXMLEnvelope/edXMLHeader",
    )
    verdict = judge(signed)
    assert verdict.header is HeaderSignature.PRESENT
    assert [c.intact for report in verdict for c in report.covers] == [True, True]
    assert verdict.signatures[0].passed, verdict.reasons
    old, new = (base64.b64encode(b"%PDF-1.7 " + text) for text in (b"twin", b"twim"))
    assert judge(signed.replace(old, new, 1)).header is HeaderSignature.PLACEHOLDER


class Closed:
    """A file that cannot be opened."""

    size = 3

    def open(self):
        raise SourceError("source-unreadable", name="x", detail="x")


@pytest.mark.parametrize("digest", [DIGEST, base64.b64encode(bytes(range(33))).decode()], ids=["sha256", "none"])
def test_one_digest_of_files_that_cannot_be_compared(digest):
    reading = vndoc.read(with_header(markup(digest, digest)))
    files = tuple(Attachment(content=Closed(), packed=Closed(), name=name) for name in "ab")
    closed = attrs.evolve(reading, packet=reading.document.evolve(attachments=files))
    assert header_signature(closed) is HeaderSignature.PLACEHOLDER


def test_a_header_signature_with_timestamp():
    stamp = TimestampAuthority(identity=TSA, time=TIME)
    signed = sign_header(SENT, PACKET, signer=SIGNER, signing_time=TIME, stamp=stamp)
    [report] = judge(signed)
    assert report.best_signature_time == TIME


def test_changed_attachments_fail():
    signed = sign_header(SENT, PACKET, signer=SIGNER, signing_time=TIME)
    old, new = (base64.b64encode(b"%PDF-1.7 " + text) for text in (b"main", b"mann"))
    assert old in signed
    assert judge(signed.replace(old, new)).indication is Indication.FAILED


BY_CID = sign_header(SENT, PACKET, signer=SIGNER, signing_time=TIME, form="cid")


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(FILES), st.data())
def test_every_bit_of_an_attachment_flips_a_signature_of_the_header(file, data):
    content = file.open().read()
    changed = bytearray(content)
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    changed[bit // 8] ^= 1 << bit % 8
    old, new = (base64.b64encode(octets) for octets in (content, bytes(changed)))
    assert BY_CID.count(old) == 1
    verdict = judge(BY_CID.replace(old, new))
    assert (verdict.indication, verdict.sub_indication) == (Indication.FAILED, SubIndication.HASH_FAILURE)


def beside(data: bytes, name: str = "ke-them.pdf", *, first: bool = True) -> bytes:
    """Return the packet with one more attachment, before the others or behind them, as anybody can put it there."""
    entry = f"<edXML:Reference><edXML:ContentId>cid:9</edXML:ContentId><edXML:AttachmentName>{name}"
    entry += "</edXML:AttachmentName></edXML:Reference>"
    file = (
        f"<Attachment><ContentId>cid:9</ContentId><AttachmentName>{name}</AttachmentName><ContentType>application/pdf"
    )
    file += "</ContentType><edXML:ContentTransferEncoded xmlns:edXML='http://www.mic.gov.vn/TBT/QCVN_102_2016'>"
    file += base64.b64encode(b"%PDF-1.7 another").decode() + "</edXML:ContentTransferEncoded></Attachment>"
    for tag, markup in ((b"edXML:edXMLManifest", entry), (b"AttachmentEncoded", file)):
        at = data.index(b">", data.index(b"<%b" % tag)) + 1 if first else data.index(b"</%b>" % tag)
        data = data[:at] + markup.encode() + data[at:]
    return data


@pytest.mark.parametrize("first", [True, False])
def test_an_attachment_added_beside_those_that_the_header_signs(first):
    """It must not pass for signed, least of all as the main document."""
    forged = beside(BY_CID, first=first)
    assert len(vndoc.read(forged).document.attachments) == len(FILES) + 1
    verdict = judge(forged)
    assert all(report.passed for report in verdict)
    assert verdict.main_document == ("ke-them.pdf" if first else "Phụ lục.PDF")
    assert (verdict.indication, verdict.sub_indication) == (
        Indication.INDETERMINATE,
        SubIndication.SIG_CONSTRAINTS_FAILURE,
    )
    [found] = [r for r in verdict.reasons if r.decides]
    assert (found.code, dict(found.values)) == ("attachment-not-signed", {"name": "ke-them.pdf"})


def test_attachments_are_signed_by_the_signatures_of_the_header_together():
    """One by its content id, another where it stands: whoever signs both leaves nothing open."""
    more = beside(SENT).replace(b"<Attachment>", b"<Attachment Id='file'>", 1)
    with vndoc.read(more) as reading:
        names = [XmlReference(uri=f.content_id, content=f.content) for f in reading.document.attachments]
    how = {"signer": SIGNER, "signing_time": TIME, "parent": "/edXML/edXMLEnvelope/edXMLHeader"}
    assert "attachment-not-signed" in codes(judge(sign_xml(more, references=names[1:], **how)))
    where = judge(sign_xml(more, references=[XmlReference(uri="#file"), *names[1:]], **how))
    assert "attachment-not-signed" not in codes(where)
    assert judge(sign_xml(more, references=names, **how)).passed


def hop(data: bytes) -> bytes:
    """Return the packet with one more hop, as a link that only adds to the trace would write it."""
    trace = "<edXML:TraceHeader><edXML:OrganId>001.00.20.TT2</edXML:OrganId></edXML:TraceHeader>"
    assert b"</edXML:TraceHeaderList>" in data
    return data.replace(b"</edXML:TraceHeaderList>", trace.encode() + b"</edXML:TraceHeaderList>")


def test_a_document_that_was_written_anew_is_not_forged():
    signed = sign_header(SENT, PACKET, signer=SIGNER, signing_time=TIME, form="enveloped")
    verdict = judge(hop(signed))
    assert verdict.indication is Indication.INDETERMINATE
    assert "rewritten-in-transit" in codes(verdict)
    direct = judge(signed.replace("Trích yếu".encode(), b"Trich yeu"))
    assert direct.indication is Indication.FAILED
    attached = sign_header(SENT, PACKET, signer=SIGNER, signing_time=TIME, form="cid")
    assert judge(hop(attached)).passed


def test_the_axis_takes_the_namespace():
    signed = sign_header(SENT, PACKET, signer=SIGNER, signing_time=TIME)
    verdict = judge(Axis().carry(signed))
    assert verdict.header is HeaderSignature.WRONG_NAMESPACE
    assert "rewritten-in-transit" in codes(verdict)
    assert verdict.indication is Indication.INDETERMINATE


def test_the_seal_outlives_the_header_signature():
    sealed = seal(PACKET, SIGNER)
    signed = sign_header(
        vndoc.write_packet(sealed),
        vndoc.read(vndoc.write_packet(sealed)).document,
        signer=SIGNER,
        signing_time=TIME,
        form="enveloped",
    )
    assert len(judge(signed)) == 2
    verdict = judge(hop(signed))
    assert verdict.passed
    assert len(verdict) == len(verdict.set_aside) == 1
    assert "header-signature-set-aside" in codes(verdict)
    assert judge(Axis().carry(signed)).passed


def test_what_cannot_be_signed_in_the_header():
    nameless = PACKET.evolve(attachments=(Attachment.of(b"x", name="a.pdf"),))
    for packet in (nameless, PACKET.evolve(attachments=()), PACKET.evolve(attachments=(FILES[0], FILES[0]))):
        with pytest.raises(SignatureError, match="header-content-ids"):
            sign_header(SENT, packet, signer=SIGNER, signing_time=TIME)
    signed = sign_header(SENT, PACKET, signer=SIGNER, signing_time=TIME)
    with pytest.raises(SignatureError, match="header-signed"):
        sign_header(signed, vndoc.read(signed).document, signer=SIGNER, signing_time=TIME)


def test_external_references_are_not_followed():
    signed = sign_header(SENT, PACKET, signer=SIGNER, signing_time=TIME)
    with vndoc.read(signed.replace(b'URI="cid:1"', b'URI="http://example.vn/x"')) as reading:
        verdict = verify_packet(reading, policy="vn_default", trust=STORE, at=NOW, revocation=GOOD)
    assert not verdict.passed


@pytest.mark.parametrize("names", [(MANIFEST_NAME,), (MANIFEST_NAME, SIGNATURE_NAME)])
def test_a_seal_that_cannot_be_read(names):
    junk = tuple(Attachment.of(b"x", name=name) for name in names)
    verdict = judge(vndoc.write_packet(PACKET.evolve(attachments=(*FILES, *junk))))
    assert verdict.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
    assert verdict.reasons[0].code == "seal-unreadable"
    assert "{" not in verdict.reasons[0].text("vi")
    named = Attachment.of(b"x", name="{0}{.pdf")
    assert judge(vndoc.write_packet(PACKET.evolve(attachments=(named, *junk)))).to_json()
    signed = sign_header(SENT, PACKET, signer=SIGNER, signing_time=TIME)
    with vndoc.read(signed) as reading:
        spoiled = attrs.evolve(
            reading, packet=reading.document.evolve(attachments=(*reading.document.attachments, *junk))
        )
        verdict = judge(spoiled)
    assert len(verdict) == 1
    assert not verdict.passed


def test_a_header_that_cannot_be_read():
    many = with_header(markup(DIGEST, OTHER)).replace(
        b"<edXML:edXMLBody>", b"<edXML:edXMLBody>" + markup(DIGEST, OTHER).encode() * 101
    )
    verdict = judge(many)
    assert "header-signature-unreadable" in codes(verdict)
    assert verdict.indication is Indication.INDETERMINATE


# -- the facade ----------------------------------------------------------------------------------------


def test_the_facade_supplies_the_time(tmp_path):
    path = tmp_path / "a.edxml"
    path.write_bytes(vndoc.write_packet(vndoc.seal(PACKET, SIGNER)))
    verdict = vndoc.verify(path, policy="vn_default", trust=STORE, revocation=GOOD)
    assert verdict.passed
    [report] = verdict
    assert abs(report.claimed_time - verdict.at) < datetime.timedelta(minutes=5)
    stamp = TimestampAuthority(identity=TSA, time=TIME)
    stamped = vndoc.seal(PACKET, SIGNER, at=TIME, stamp=stamp)
    assert judge(vndoc.write_packet(stamped)).signatures[0].best_signature_time == TIME
    assert [a.name for a in stamped.attachments[-2:]] == [MANIFEST_NAME, SIGNATURE_NAME]


def test_the_facade_checks_the_signer_first():
    late = CA.person("Hết Hạn", key="p256", valid=(NOW - 2 * datetime.timedelta(days=1), TIME)).signer()
    with pytest.raises(SignatureError, match="signer-expired"):
        vndoc.seal(PACKET, late, at=NOW)


def test_what_the_caller_does_wrong():
    with pytest.raises(UsageError, match="time-zone-missing"):
        judge(SENT, at=datetime.datetime(2026, 1, 1))  # noqa: DTZ001 - what is refused
    with pytest.raises(UsageError, match="wrong-packet-kind"):
        judge(samples.STATUS.encode())


class _Stream(io.RawIOBase):
    """Octets that come once."""

    def __init__(self, data: bytes) -> None:
        self.left = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        return self.left.readinto(buffer)


@pytest.mark.parametrize("source", [bytes, io.BytesIO, _Stream])
def test_what_is_covered_can_be_opened_after_the_verification(source):
    content = bytes(range(256)) * (80 * 1024)  # more than is kept in memory of what arrives
    data = vndoc.write_packet(seal(PACKET.evolve(attachments=(Attachment.of(content, name="Lớn.bin"),)), BODY))
    verdict = judge(source(data))
    [covered] = [c for c in verdict.signatures[0].covers if c.what == "attachment"]
    with covered.octets.open() as file:
        assert file.read() == content


def test_what_a_verification_made_is_closed_when_it_raises(monkeypatch):
    closed = []
    close = Reading.close
    monkeypatch.setattr(Reading, "close", lambda reading: closed.append(reading) or close(reading))
    with pytest.raises(UsageError, match="unknown-policy"):
        judge(vndoc.write_packet(PACKET), policy="?")
    assert len(closed) == 1
    with vndoc.read(vndoc.write_packet(PACKET)) as reading:
        with pytest.raises(UsageError, match="unknown-policy"):
            judge(reading, policy="?")
        assert len(closed) == 1  # it is the caller's
