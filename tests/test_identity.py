"""Business key and content digest: the same through an axis that writes packets anew, others for another document."""

from __future__ import annotations

import datetime
import hashlib
import json
import unicodedata

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import strategies
import vndoc
from axis import Axis
from samples import DOCUMENT, STATUS, XMLDSIG, attached, edit, element, found, read, zipped
from vndoc.envelope import Attachment, DocumentPacket, business_key, content_digest
from vndoc.errors import AttachmentError, EnvelopeError, UsageError
from vndoc.identifiers import DocumentCode, OrganCode

AXES = [
    Axis(),
    Axis(drop_bussiness=True),
    Axis(document_id="18661"),
    Axis(drop_bussiness=True, document_id="9fbfbad2-f1f8-4256-a2eb-50fb1061cddb", hop=None),
]

SENT = edit(
    DOCUMENT,
    # the sender's layout: other order, comments, empty elements, a real signature, a .PDF, a description
    (element("DocumentId", "H41,2026/03/04,07/TB-UBND"), "<!-- ghi chú -->"),
    (
        "      </edXML:MessageHeader>",
        element("DocumentId", "H41,2026/03/04,07/TB-UBND")
        + element("ResponseFor", "")
        + element("ResponseFor", element("Code", ""))
        + "</edXML:MessageHeader>",
    ),
    (element("Direction", "false"), element("SphereOfPromulgation", "") + element("Appendixes", "")),
    (
        "    </edXML:edXMLHeader>",
        f'<Signature xmlns="{XMLDSIG}"><SignatureValue>mẫu</SignatureValue></Signature></edXML:edXMLHeader>',
    ),
    (
        "<edXML:AttachmentName>mau.pdf</edXML:AttachmentName>",
        "<edXML:AttachmentName>mau.PDF</edXML:AttachmentName><edXML:Description>Mô tả</edXML:Description>",
    ),
    (element("ContentType", "application/pdf"), ""),
    ("<AttachmentName>mau.pdf", "<AttachmentName>mau.PDF"),
    ("Trích yếu mẫu", "  Tri\u0301ch\n yếu  mẫu "),
)


def test_another_kind_of_packet_is_a_usage_error() -> None:
    with pytest.raises(UsageError) as caught:
        content_digest(read(STATUS).packet)  # type: ignore[arg-type]
    assert caught.value.code == "wrong-packet-kind"
    assert caught.value.text("vi") == "Cần gói tin là DocumentPacket, không phải StatusPacket."
    with pytest.raises(UsageError) as caught:
        business_key(None)  # type: ignore[arg-type]
    assert caught.value.text("en") == "The packet must be a DocumentPacket | StatusPacket, not a NoneType."


def same(one: DocumentPacket, other: DocumentPacket) -> bool:
    return content_digest(one) == content_digest(other) and business_key(one) == business_key(other)


@pytest.mark.parametrize("axis", AXES, ids=str)
def test_a_packet_and_its_rewritten_form_are_the_same_document(axis: Axis) -> None:
    before = read(SENT)
    data = axis.carry(SENT.encode())
    after = read(data)
    assert same(before.document, after.document)
    assert "signature-namespace" not in found(before)
    assert "signature-namespace" in found(after)
    assert after.document.attachments[0].label == "application/zip"
    assert after.document.other_info.direction is False
    assert len(after.document.trace_header_list.trace_headers) == 1 + (axis.hop is not None)
    assert str(business_key(after.document)) == "H41|2026|7/TB-UBND"
    again = read(axis.carry(data))
    assert same(again.document, before.document)


@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("name", ["document_0_new", "document_1_recall", "document_2_update", "document_3_replace"])
def test_golden_packets_through_the_axis(golden, name: str, axis: Axis) -> None:
    data = (golden / f"{name}.edxml").read_bytes()
    assert same(read(data).document, read(axis.carry(data)).document)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(strategies.documents(), st.sampled_from(AXES), st.sampled_from(["qcvn-102", "vxp"]))
def test_any_packet_through_the_axis(packet: DocumentPacket, axis: Axis, profile: str) -> None:
    sent = vndoc.write_packet(packet, profile=profile)
    assert same(packet, read(sent).document)
    plain = packet.evolve(attachments=())  # the axis itself takes some files for others: see the writer's tests
    assert same(plain, read(axis.carry(vndoc.write_packet(plain, profile=profile))).document)


BASE = read(SENT).document
OTHERS = {
    "subject": ("Trích yếu mẫu", "Trích yếu khác"),
    "content": ("Nội dung mẫu", "Nội dung khác"),
    "one octet of the attachment": ("JVBERi0xLjQgbWF1", "JVBERi0xLjQgbWF2"),
    "receiver": ("H14.12", "H14.13"),
    "name of the receiver": ("Đơn vị nhận mẫu", "Đơn vị nhận khác"),
    "priority": (element("Priority", "2"), element("Priority", "1")),
    "direction": (element("Direction", "false"), element("Direction", "true")),
    "deadline": (element("DueDate", "2026/03/20"), element("DueDate", "2026/03/21")),
    "no deadline": (element("DueDate", "2026/03/20"), ""),
    "places": (element("Place", "Như trên"), ""),
    "place moved": (
        element("Place", "Như trên") + element("Place", "Lưu: VT"),
        element("Place", "Lưu: VT") + element("Place", "Như trên"),
    ),
    "date": (element("PromulgationDate", "2026/03/04"), element("PromulgationDate", "2026/03/05")),
    "type": (element("TypeDetail", "7"), element("TypeDetail", "8")),
    "answered document": (element("DueDate", "2026/03/20"), element("ResponseFor", element("Code", "1/CV"))),
    "file name": ("<AttachmentName>mau.pdf", "<AttachmentName>khac.pdf"),
}


@pytest.mark.parametrize("pair", OTHERS.values(), ids=OTHERS)
def test_what_makes_another_document(pair: tuple[str, str]) -> None:
    assert content_digest(read(edit(DOCUMENT, pair)).document) != content_digest(read(DOCUMENT).document)


SAME = {
    "trace": (element("Timestamp", "2026/03/04 10:11:12"), element("Timestamp", "2026/03/04 11:11:12")),
    "operation": (element("BussinessDocReason", "Lý do mẫu"), ""),
    "document id": (element("DocumentId", "H41,2026/03/04,07/TB-UBND"), element("DocumentId", "1")),
    "direction": (element("Direction", "false"), ""),
    "content id": ("<ContentId>cid:1", "<ContentId>cid:9"),
    "white space": ("Trích yếu mẫu", " Trích  yếu\n mẫu"),
    "composition": ("Trích yếu mẫu", "Tri\u0301ch yếu mẫu"),
    "unknown": ("<edXML:Subject>", "<edXML:Agency/><edXML:Subject>"),
}


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME)
def test_what_does_not_make_another_document(pair: tuple[str, str]) -> None:
    assert content_digest(read(edit(DOCUMENT, pair)).document) == content_digest(read(DOCUMENT).document)


def test_packing_makes_no_difference() -> None:
    forms = [attached(b"mau", label="text/plain"), attached(zipped(("x.txt", b"mau"))), attached(b"mau", label=None)]
    assert len({content_digest(read(form).document) for form in forms}) == 1


def test_the_digest_is_32_octets_and_needs_the_files() -> None:
    assert len(content_digest(BASE)) == 32
    with pytest.raises(AttachmentError):
        content_digest(read(attached("dGV4d")).document)


def test_the_order_and_number_of_files_count() -> None:
    one, two = Attachment.of(b"1", name="a"), Attachment.of(b"2", name="b")
    digests = {
        content_digest(BASE.evolve(attachments=files)) for files in ([], [one], [one, two], [two, one], [one, one])
    }
    assert len(digests) == 5


def test_values_that_say_nothing_do_not_count() -> None:
    empty = BASE.evolve(
        content=BASE.content,
        response_for=(vndoc.ResponseFor(), vndoc.ResponseFor(code=" ", organ_id=" ")),
        to_places=(*BASE.to_places, " "),
    )
    assert content_digest(empty) == content_digest(BASE)


def test_lone_surrogates_do_not_stop_the_digest() -> None:
    """They cannot come from XML, but from JSON they can."""
    assert content_digest(BASE.evolve(subject="\ud800")) != content_digest(BASE.evolve(subject="\udbff"))


# -- business key -------------------------------------------------------------------------------------


def test_the_key_of_a_document() -> None:
    key = business_key(BASE)
    assert (key.issuer, key.year, key.number, key.notation) == ("H41", 2026, "7", "TB-UBND")
    assert business_key(BASE.evolve(code=DocumentCode("007", " TB-UBND#1"))) == key
    assert business_key(BASE, normalise=lambda code: f"G{code.text}").issuer == "GH41"
    for field in ("issuer", "number", "notation"):
        assert "012345678901" not in repr(attrs.evolve(key, **{field: "012345678901"}))


def test_the_key_of_the_document_that_a_status_speaks_of() -> None:
    status = read(STATUS).status
    assert business_key(status) == business_key(BASE)
    back = status.evolve(status_code="13")
    assert business_key(back).issuer == "H14.12"


@pytest.mark.parametrize(
    ("packet", "paths"),
    [
        (DocumentPacket(), "OrganId, PromulgationDate, CodeNumber, CodeNotation"),
        (vndoc.StatusPacket(), "OrganId, PromulgationDate, CodeNumber, CodeNotation"),
        (BASE.evolve(code=DocumentCode(" ", "#x")), "CodeNumber, CodeNotation"),
        (BASE.evolve(from_=vndoc.Organization(organ_id=OrganCode(" "))), "OrganId"),
        (BASE.evolve(promulgation_info=vndoc.PromulgationInfo()), "PromulgationDate"),
        (
            read(STATUS).status.evolve(
                response_for=vndoc.ResponseFor(organ_id="H41", code="7", promulgation_date=datetime.date(2026, 1, 1))
            ),
            "CodeNotation",
        ),
    ],
)
def test_a_key_with_a_hole_is_no_key(packet: vndoc.Packet, paths: str) -> None:
    with pytest.raises(EnvelopeError) as caught:
        business_key(packet)
    assert (caught.value.code, caught.value.values["paths"]) == ("business-key-incomplete", paths)


def plain_form(value: object) -> object:
    """What the digest is over, said in the simplest way."""
    if isinstance(value, str):
        return " ".join(unicodedata.normalize("NFC", value).split()) or None
    if isinstance(value, OrganCode):
        return value.text.strip() or None
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [form for form in map(plain_form, value) if form is not None] or None
    if attrs.has(type(value)):
        fields = {f.name: plain_form(getattr(value, f.name)) for f in attrs.fields(type(value))}  # type: ignore[arg-type]
        return {k: v for k, v in fields.items() if v is not None} or None
    return None if value is False else value


def plain_digest(packet: DocumentPacket) -> bytes:
    left_out = {"trace_header_list", "signature", "attachments", "document_id"}
    header = {
        f.name: plain_form(getattr(packet, f.name)) for f in attrs.fields(DocumentPacket) if f.name not in left_out
    }
    files = [[plain_form(a.name), a.digest().hex()] for a in packet.attachments]
    form = json.dumps({"header": header, "attachments": files}, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(form.encode("utf-8", "surrogatepass")).digest()


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    strategies.documents(),
    st.text(st.characters(categories=None) | st.sampled_from('"\\\x00\ud800\u1ec7e\u0301 \u00a0'), max_size=8),
    st.booleans() | st.none(),
)
def test_the_digest_is_that_of_the_plain_form(packet: DocumentPacket, text: str, direction: bool | None) -> None:
    """Stores keep digests: they must never change."""
    other = (packet.other_info or vndoc.OtherInfo()).evolve(direction=direction, appendixes=(text, ""))
    for document in (packet, packet.evolve(subject=text, other_info=other, from_=vndoc.Organization(organ_id=text))):
        assert content_digest(document) == plain_digest(document)


def test_a_digest_stays_what_it_was() -> None:
    assert (
        content_digest(read(DOCUMENT).document).hex()
        == "ef886525268dcfd9862af080e10e23e0417fcd3ee04df85cf97c2f142d7e4c2e"
    )
