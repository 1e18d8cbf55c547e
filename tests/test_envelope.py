"""Packet values: what they accept, how they compare, and that they do not tell what they should not."""

from __future__ import annotations

import copy
import datetime
import hashlib
import pickle
import time
from pathlib import PurePosixPath

import attrs
import pytest

import vndoc
from samples import DOCUMENT, STATUS, XMLDSIG, attached, edit, element, read
from vndoc.edxml import Deviation, Reference
from vndoc.envelope import (
    Attachment,
    DocumentPacket,
    MemoryOctets,
    Octets,
    Organization,
    PromulgationInfo,
    ResponseFor,
    SignatureMarkup,
    StaffInfo,
    StatusPacket,
    business_key,
    normalise_content_id,
)
from vndoc.envelope.octets import CHUNK, sha256
from vndoc.errors import Place, WriteError
from vndoc.identifiers import DocumentCode, DocumentId, OrganCode

CITIZEN, OLD_CITIZEN = "012345678901", "123456789"
MOBILE, MAIL = "0912345678", "nhanvien.mau@example.gov.vn"
SECRETS = (CITIZEN, OLD_CITIZEN, MOBILE, MAIL, "TOKEN")


def test_texts_become_codes() -> None:
    assert vndoc.Organization(organ_id="H41").organ_id == OrganCode("H41")
    assert vndoc.ReplacementInfo(organ_id_list=["H41", OrganCode("H42")]).organ_id_list == (
        OrganCode("H41"),
        OrganCode("H42"),
    )
    assert vndoc.Organization().organ_id is None
    with pytest.raises(TypeError):
        vndoc.ReplacementInfo(organ_id_list="H41")


def test_lists_become_tuples_and_values_stay_as_they_are() -> None:
    packet = DocumentPacket(to=[vndoc.Organization(organ_id="H41")], to_places=iter(["a", "b"]))
    assert packet.to_places == ("a", "b")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        packet.subject = "x"  # type: ignore[misc]
    assert hash(packet) == hash(copy.deepcopy(packet))
    assert pickle.loads(pickle.dumps(packet)) == packet  # noqa: S301 - our own octets


def test_evolve() -> None:
    packet = DocumentPacket(subject="a")
    assert packet.evolve(subject="b") == DocumentPacket(subject="b")
    assert packet.subject == "a"
    with pytest.raises(TypeError):
        packet.evolve(subjects="b")
    file = Attachment.of(b"mau", name="a")
    assert file.digest() == hashlib.sha256(b"mau").digest()
    assert file.evolve(content=MemoryOctets(b"khac")).digest() == hashlib.sha256(b"khac").digest()


def test_content_ids_are_normalised_in_one_step() -> None:
    for raw, bare in [
        (None, ""), (" 209 ", "209"), ("cid:209", "209"), (" CID: cid:\n209\t", "209"), ("cid:", ""),
        ("xcid:1", "xcid:1"), ("ci", "ci"), ("cid:1cid:2", "1cid:2"), ("cid :1", "cid :1"),
    ]:  # fmt: skip
        assert normalise_content_id(raw) == bare
    start = time.perf_counter()
    assert normalise_content_id("cid:" * 500_000 + "1") == "1"
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("path", ["a.pdf", PurePosixPath("a.pdf")])
def test_the_content_of_an_attachment_is_no_path(path: object) -> None:
    with pytest.raises(TypeError, match=r"vndoc\.attach"):
        Attachment.of(path, name="a")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("trace", "kind"),
    [
        (None, 0),
        (vndoc.TraceHeaderList(), 0),
        (vndoc.TraceHeaderList(bussiness=vndoc.Bussiness()), 0),
        (vndoc.TraceHeaderList(bussiness=vndoc.Bussiness(bussiness_doc_type=2)), 2),
    ],
)
def test_the_business_operation(trace: vndoc.TraceHeaderList | None, kind: int) -> None:
    assert DocumentPacket(trace_header_list=trace).bussiness_doc_type == kind


@pytest.mark.parametrize(
    ("raw", "bare"),
    [
        ("cid:209", "209"),
        ("cid:cid:209", "209"),
        (" CID: cid:209 ", "209"),
        ("209", "209"),
        (None, ""),
        ("cid:", ""),
        ("acid:1", "acid:1"),
    ],
)
def test_content_ids(raw: str | None, bare: str) -> None:
    assert normalise_content_id(raw) == bare


def test_octets_in_memory() -> None:
    octets = MemoryOctets(bytes(CHUNK + 5))
    assert isinstance(octets, Octets)
    assert octets.size == CHUNK + 5
    assert repr(octets) == f"MemoryOctets({CHUNK + 5} octets)"
    assert sha256(octets) == hashlib.sha256(bytes(CHUNK + 5)).digest()
    one, other = octets.open(), octets.open()
    assert one.read(1) == other.read(1) == b"\0"


# -- what is not told -----------------------------------------------------------------------------------


def everything_private() -> str:
    staff = (
        element("StaffId", "TOKEN")
        + element("Email", MAIL)
        + element("Mobile", MOBILE)
        + element("Staff", f"Mẫu {CITIZEN}")
    )
    return edit(
        attached("dGV4d", name=f"CCCD {CITIZEN}.txt"),
        (element("Mobile", "0900000000"), staff + f"{MOBILE}"),
        ("</edXML:StaffInfo>", "</edXML:StaffInfo>" + element("StaffInfo", MAIL)),
        (
            "<edXML:OrganId>H41</edXML:OrganId><edXML:OrganName>",
            f"<edXML:OrganId>{CITIZEN}</edXML:OrganId><edXML:OrganName>",
        ),
        ("Trích yếu mẫu", f"Về công dân {OLD_CITIZEN}, {CITIZEN}"),
        ("<ContentId>cid:1", f"<ContentId>{CITIZEN}"),
        (
            "    </edXML:edXMLHeader>",
            f"<Signature xmlns='{XMLDSIG}'><KeyInfo Token='TOKEN'>TOKEN</KeyInfo></Signature></edXML:edXMLHeader>",
        ),
        ("<edXML:AttachmentName>mau.pdf", f"<edXML:AttachmentName>CCCD {CITIZEN}.pdf"),
        (element("Direction", "false"), element("Direction", f"{CITIZEN} {OLD_CITIZEN}")),
        (element("DueDate", "2026/03/20"), element("DueDate", f"{OLD_CITIZEN}")),
    )


def parts(value: object) -> list[object]:
    """Return a value and everything it is made of."""
    inner: list[object] = [value]
    if isinstance(value, tuple | list):
        for item in value:
            inner += parts(item)
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            inner += parts(getattr(value, field.name))
    return [item for item in inner if not isinstance(item, str | bytes) and item is not None]


def test_nothing_private_shows_in_a_packet_or_what_was_found() -> None:
    reading = read(everything_private())
    assert [d.id for d in reading.deviations].count("unexpected-text") == 2
    assert len(reading.deviations) >= 6
    packet = reading.document
    assert packet.trace_header_list.bussiness.staff_info[0].mobile == MOBILE
    shown = [reading, packet, vndoc.business_key(packet), *reading.deviations]
    shown += [part for part in parts(packet) if not isinstance(part, OrganCode | DocumentCode)]
    shown += reading.manifest or ()
    for value in shown:
        if not isinstance(value, tuple | list):
            for text in (repr(value), str(value) if not isinstance(value, vndoc.BusinessKey) else ""):
                assert not [secret for secret in SECRETS if secret in text], text
    for deviation in reading.deviations:
        for lang in ("vi", "en"):
            assert not [secret for secret in SECRETS if secret in deviation.text(lang)], deviation.id


def test_nothing_private_shows_in_errors() -> None:
    packet = read(DOCUMENT).document
    trace = packet.trace_header_list
    errors = []
    for value in (9_012_345_678, [MAIL], f"\x00{MOBILE}"):
        staff = StaffInfo(mobile=value)  # type: ignore[arg-type]
        broken = packet.evolve(trace_header_list=trace.evolve(bussiness=trace.bussiness.evolve(staff_info=[staff])))
        with pytest.raises(WriteError) as caught:
            vndoc.write_packet(broken)
        errors.append(caught.value)
    with pytest.raises(WriteError) as caught:
        vndoc.write_packet(packet.evolve(from_=packet.from_.evolve(organ_id=f"x{CITIZEN} {OLD_CITIZEN}")))
    errors.append(caught.value)
    for error in errors:
        for text in (repr(error), str(error), error.text("vi"), error.text("en")):
            assert not [secret for secret in (*SECRETS, "9012345678") if secret in text], text


def test_what_a_packet_shows() -> None:
    assert repr(read(DOCUMENT).packet) == (
        "DocumentPacket(kind=0, from_='H41', to=<1>, code='07/TB-UBND', subject='Trích yếu mẫu', attachments=<1>)"
    )
    assert repr(read(STATUS).packet) == "StatusPacket(status_code='03', from_='H14.12', code='07/TB-UBND')"
    assert (
        repr(DocumentPacket()) == "DocumentPacket(kind=0, from_='None', to=<0>, code=None, subject='', attachments=<0>)"
    )
    assert repr(vndoc.StatusPacket()) == "StatusPacket(status_code=None, from_='None', code=None)"
    assert (
        repr(vndoc.Organization(organ_id="H41", email="a@b.vn"))
        == "Organization(organ_id=OrganCode(text='H41'), email='a@b.vn')"
    )
    assert repr(StaffInfo(staff="Mẫu", mobile=MOBILE)) == "StaffInfo(staff='Mẫu', mobile='***')"
    assert repr(vndoc.TraceHeaderList(trace_headers=[vndoc.TraceHeader()])) == "TraceHeaderList(trace_headers=<1>)"
    assert repr(Attachment.of(b"", name="a")) == "Attachment('a', label='', content_id='')"
    assert (
        repr(SignatureMarkup(name="Signature", children=("TOKEN",)))
        == "SignatureMarkup(name='Signature', namespace=None, prefix=None)"
    )
    assert (
        repr(Reference(content_id="cid:1"))
        == "Reference(content_id='cid:1', content_type=None, description=None, attachment_name=None)"
    )


def test_a_deviation_shows_itself() -> None:
    deviation = Deviation("date-order", Place("/a", 3), "04/03/2026", "2026/03/04")
    assert repr(deviation) == "Deviation('date-order', '/a', found='04/03/2026')"
    assert deviation.text("vi") == "Ngày “04/03/2026” viết theo thứ tự ngày/tháng/năm, quy chuẩn viết 2026/03/04."
    assert deviation.text() == 'The date "04/03/2026" has the day first, the standard writes 2026/03/04.'
    assert deviation.kind.clause == "C-11"
    assert len(Deviation("unexpected-text", Place("/a"), "x" * 500).text()) < 200


def test_a_document_id_may_be_given_as_its_value() -> None:
    made = DocumentId.form_a(OrganCode("H41"), datetime.date(2026, 3, 4), "07", "TB-UBND")
    assert DocumentPacket(document_id=made).document_id == "H41,2026/03/04,07/TB-UBND"


def test_response_for_a_document_names_it() -> None:
    day = datetime.date(2026, 3, 4)
    document = DocumentPacket(
        from_=Organization(organ_id="H41"),
        document_id="H41,2026/03/04,07/TB-UBND",
        code=DocumentCode(number="07", notation="TB-UBND"),
        promulgation_info=PromulgationInfo(promulgation_date=day),
    )
    about = ResponseFor.to(document)
    assert about == ResponseFor(
        organ_id="H41", code="07/TB-UBND", document_id="H41,2026/03/04,07/TB-UBND", promulgation_date=day
    )
    assert ResponseFor.to(document, organ_id="H20").organ_id == OrganCode("H20")
    assert business_key(StatusPacket(response_for=about, status_code="03")) == business_key(document)
    assert ResponseFor.to(DocumentPacket()) == ResponseFor()
