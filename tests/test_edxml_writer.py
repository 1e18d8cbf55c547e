"""The writer: what it writes is read again without loss or oddity; what it cannot write, it refuses with a place."""

# ruff: noqa: DTZ001 - timestamps of packets are local by definition

from __future__ import annotations

import base64
import copy
import datetime
import io
import pickle
import random
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import strategies
import vndoc
from samples import ATTACHMENT, DOCUMENT, HEADER, MESSAGE, NS, STATUS, TRACE, XMLDSIG, attached, found, read, zipped
from vndoc.edxml import PROFILES, Profile, profile_of
from vndoc.edxml.elements import DOCUMENT as DOCUMENT_ROW
from vndoc.edxml.elements import STATUS as STATUS_ROW
from vndoc.edxml.elements import TRACE_HEADER_LIST as TRACE_ROW
from vndoc.edxml.elements import Element, Kind
from vndoc.edxml.markup import escape_text, illegal_character
from vndoc.edxml.precheck import values
from vndoc.edxml.writer import write
from vndoc.envelope import Attachment, DocumentPacket, MemoryOctets, Organization, SignatureMarkup, StatusPacket
from vndoc.errors import AttachmentError, LimitError, SourceError, UsageError, VndocError, WriteError
from vndoc.identifiers import DocumentCode, OrganCode
from vndoc.text import Text

FAST = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def contents(packet: DocumentPacket) -> list[tuple[str | None, str | None, bytes]]:
    return [(a.name, a.description, a.open().read()) for a in packet.attachments]


# -- written and read again -----------------------------------------------------------------------------


def comes_back_as_it_was(packet: DocumentPacket) -> None:
    reading = vndoc.read(vndoc.write_packet(packet))
    back = reading.document
    assert reading.deviations == ()
    assert back.evolve(attachments=()) == packet.evolve(attachments=())
    assert contents(back) == contents(packet)


def comes_back_from_the_vendors_layout(packet: DocumentPacket) -> None:
    """Texts are trimmed, Direction is always there, the attributes of SOAP are gone."""
    back = vndoc.read(vndoc.write_packet(packet, profile="vxp")).document
    other, trace = packet.other_info, packet.trace_header_list
    assert other is not None
    assert trace is not None
    attributes = {"id": trace.id, "version": trace.version, "must_understand": None, "actor": None}
    expected = trimmed(packet.evolve(other_info=other.evolve(direction=bool(other.direction)), attachments=()))
    expected = expected.evolve(trace_header_list=expected.trace_header_list.evolve(**attributes))
    assert back.evolve(attachments=()) == expected
    assert [data for _, _, data in contents(back)] == [data for _, _, data in contents(packet)]
    assert [a.name for a in back.attachments] == [trimmed(a.name) for a in packet.attachments]


def is_xml_for_others_too(packet: DocumentPacket, profile: str) -> None:
    root = ElementTree.fromstring(vndoc.write_packet(packet, profile=profile))
    assert root.tag == f"{{{NS}}}edXML"
    subject = root.find(f".//{{{NS}}}Subject")
    assert subject is not None
    assert subject.text == (trimmed(packet.subject) if profile == "vxp" else packet.subject)


def changes_nothing_more(packet: DocumentPacket, profile: str) -> None:
    once = vndoc.write_packet(packet, profile=profile)
    assert vndoc.write_packet(vndoc.read(once).packet, profile=profile) == once


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(strategies.documents(), st.sampled_from(sorted(PROFILES)))
def test_what_is_written_is_the_same_document(packet: DocumentPacket, peer: str) -> None:
    """In one test, because to make up a document takes ten times as long as to write and read it."""
    comes_back_as_it_was(packet)
    comes_back_from_the_vendors_layout(packet)
    is_xml_for_others_too(packet, peer)
    for profile in ("qcvn-102", "vxp"):
        changes_nothing_more(packet, profile)


@FAST
@given(strategies.statuses())
def test_a_status_comes_back_as_it_was(packet: StatusPacket) -> None:
    for profile in ("qcvn-102", "vxp"):
        reading = vndoc.read(vndoc.write_packet(packet, profile=profile))
        assert reading.deviations == ()
        assert reading.packet == (packet if profile == "qcvn-102" else trimmed(packet))


def trimmed(value: Any) -> Any:
    """The value as the profile ``vxp`` writes it: each text without white space around it."""
    if isinstance(value, str):
        return value.strip(" \t\r\n") or None
    if isinstance(value, tuple):
        return tuple(trimmed(item) for item in value)
    if attrs.has(type(value)) and not isinstance(value, OrganCode | Attachment | SignatureMarkup):
        changes = {
            f.name: trimmed(getattr(value, f.name)) for f in attrs.fields(type(value)) if f.name != "attachments"
        }
        return attrs.evolve(value, **changes)
    return value


@pytest.mark.parametrize("profile", ["qcvn-102", "vxp"])
def test_every_legal_character_survives_in_texts_and_attributes(profile: str) -> None:
    everything = "".join(
        chr(number)
        for number in (9, 10, 13, *range(0x20, 0xD800), *range(0xE000, 0xFFFE), *range(0x10000, 0x110000, 97))
    )
    packet = read(DOCUMENT).document
    trace = packet.trace_header_list
    assert trace is not None
    packet = packet.evolve(subject=f"a{everything}z", trace_header_list=trace.evolve(id=everything))
    back = vndoc.read(vndoc.write_packet(packet, profile=profile)).document
    assert back.subject == packet.subject
    assert back.trace_header_list is not None
    assert back.trace_header_list.id == everything


def test_the_layout_of_a_line() -> None:
    packet = read(DOCUMENT).document.evolve(subject='  a\r\nb\tc & <d> ]]> "e" ')
    plain = vndoc.write_packet(packet)
    vendor = vndoc.write_packet(packet, profile="vxp")
    assert b'<edXML:Subject>  a&#xD;\nb\tc &amp; &lt;d&gt; ]]&gt; "e" </edXML:Subject>\r\n' in plain
    assert b'<edXML:Subject>a&#xD;\r\nb\tc &amp; &lt;d&gt; ]]&gt; "e"</edXML:Subject>\r\n' in vendor
    assert plain.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\r\n<edXML xmlns=')


def test_blank_is_absent() -> None:
    packet = read(DOCUMENT).document.evolve(content=" \n", application_type="\u00a0")
    for profile in ("qcvn-102", "vxp"):
        back = vndoc.read(vndoc.write_packet(packet, profile=profile)).document
        assert (back.content, back.application_type) == (None, None)


def test_blocks_in_which_nothing_stands_are_not_written() -> None:
    packet = read(DOCUMENT).document.evolve(signer_info=None)
    hollow = packet.evolve(signer_info=vndoc.SignerInfo())
    assert vndoc.write_packet(hollow) == vndoc.write_packet(packet)


# -- what is missing ------------------------------------------------------------------------------------


def mandatory(row: Element, path: str, fields: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield path and fields of each mandatory element below mandatory ones; the sample has each once."""
    for child in row.children:
        if child.minimum:
            below = f"{path}/{child.name}", (*fields, child.field)
            yield below
            if child.kind is Kind.BLOCK:
                yield from mandatory(child, *below)


def without(value: Any, fields: tuple[str, ...]) -> Any:
    first, *rest = fields
    inner = getattr(value, first)
    if not rest:
        return attrs.evolve(value, **{first: () if isinstance(inner, tuple) else None})
    if isinstance(inner, tuple):
        return attrs.evolve(value, **{first: (without(inner[0], tuple(rest)), *inner[1:])})
    return attrs.evolve(value, **{first: without(inner, tuple(rest))})


MANDATORY = [
    *((DOCUMENT, path, fields) for path, fields in mandatory(DOCUMENT_ROW, MESSAGE)),
    *((DOCUMENT, path, ("trace_header_list", *fields)) for path, fields in mandatory(TRACE_ROW, TRACE)),
    (DOCUMENT, TRACE, ("trace_header_list",)),
    (DOCUMENT, f"{ATTACHMENT}/AttachmentName", ("attachments", "name")),
    (DOCUMENT, f"{TRACE}/Bussiness/BussinessDocType", ("trace_header_list", "bussiness", "bussiness_doc_type")),
    *((STATUS, path, fields) for path, fields in mandatory(STATUS_ROW, MESSAGE)),
]


class Sink:
    """Counts what is written."""

    def __init__(self) -> None:
        self.octets = 0

    def write(self, data: bytes) -> int:
        self.octets += len(data)
        return len(data)


def refused(packet: Any, profile: str | Profile = "qcvn-102") -> VndocError:
    """Write *packet*, which must be refused before anything is written."""
    sink = Sink()
    with pytest.raises(VndocError) as caught:
        write(packet, profile_of(profile), sink)
    assert sink.octets == 0
    for lang in ("vi", "en"):
        assert "?" not in caught.value.text(lang).replace("<?", "")
    return caught.value


@pytest.mark.parametrize("profile", ["qcvn-102", "vxp"])
@pytest.mark.parametrize(
    ("base", "path", "fields"), MANDATORY, ids=[path.rpartition("edXML")[2] for _, path, _ in MANDATORY]
)
def test_each_mandatory_element_is_asked_for_by_its_path(
    base: str, path: str, fields: tuple[str, ...], profile: str
) -> None:
    error = refused(without(read(base).packet, fields), profile)
    assert (error.code, error.values["paths"]) == ("missing-element", path)
    assert error.place == vndoc.Place(path)


def test_the_standard_demands_what_the_sample_shows() -> None:
    assert len(MANDATORY) > 30


def test_all_that_is_missing_is_named_at_once() -> None:
    error = refused(
        DocumentPacket(
            to=(Organization(organ_id="H1"), Organization(organ_name=" ")),
            attachments=(Attachment.of(b"", name=""), Attachment.of(b"", name="a")),
        )
    )
    paths = str(error.values["paths"]).split(", ")
    assert f"{MESSAGE}/From" in paths
    assert f"{MESSAGE}/To[1]/OrganName" in paths
    assert f"{MESSAGE}/To[2]" in paths
    assert f"{MESSAGE}/Subject" in paths
    assert TRACE in paths
    assert f"{ATTACHMENT}[1]/AttachmentName" in paths
    assert refused(StatusPacket()).values["paths"] == ", ".join(
        f"{MESSAGE}/{name}" for name in ("From", "ResponseFor", "StatusCode", "Timestamp")
    )


def test_a_hop_without_agency_is_passed_on_but_not_made() -> None:
    """Axes leave the agency of a hop out (C-14): such packets can be passed on as they came."""
    hops = (vndoc.TraceHeader(organ_id="H41", timestamp=MOMENT), vndoc.TraceHeader(timestamp=MOMENT))
    for count, path in ((2, f"{TRACE}/TraceHeader[2]/OrganId"), (1, f"{TRACE}/TraceHeader/OrganId")):
        packet = traced(trace_headers=hops[-count:])
        assert refused(packet).values["paths"] == path
        assert vndoc.read(vndoc.write_packet(packet, profile="vxp")).packet == packet
    nameless = traced(trace_headers=[vndoc.TraceHeader(organ_id=" null ", timestamp=MOMENT)])
    assert refused(nameless).values["paths"] == f"{TRACE}/TraceHeader/OrganId"
    assert b"null" in vndoc.write_packet(nameless, profile="vxp")


def test_what_a_packet_holds_can_be_listed_whatever_it_lacks() -> None:
    assert list(values(DocumentPacket())) == []
    assert [path for path, _, _ in values(DocumentPacket(subject="x"))] == [f"{MESSAGE}/Subject"]
    assert [path for path, _, _ in values(StatusPacket(status_code="01"))] == [f"{MESSAGE}/StatusCode"]


# -- what is not allowed --------------------------------------------------------------------------------


def header(**changes: Any) -> DocumentPacket:
    return read(DOCUMENT).document.evolve(**changes)


def traced(**changes: Any) -> DocumentPacket:
    trace = read(DOCUMENT).document.trace_header_list
    assert trace is not None
    return header(trace_header_list=trace.evolve(**changes))


def bussiness(**changes: Any) -> DocumentPacket:
    block = read(DOCUMENT).document.trace_header_list.bussiness
    return traced(bussiness=block.evolve(**changes))


def of(name: str, **changes: Any) -> DocumentPacket:
    return header(**{name: getattr(read(DOCUMENT).document, name).evolve(**changes)})


def hop(timestamp: Any) -> DocumentPacket:
    return traced(trace_headers=(vndoc.TraceHeader(organ_id="H41", timestamp=timestamp),))


MOMENT = datetime.datetime(2026, 3, 4, 10, 11, 12)
WRONG = [
    (header(subject=7), f"{MESSAGE}/Subject", "int"),
    (header(from_="H41"), f"{MESSAGE}/From", "str"),
    (header(to=("H41",)), f"{MESSAGE}/To", "str"),
    (header(to=(*header().to, 5)), f"{MESSAGE}/To[2]", "int"),
    (header(code="07/TB-UBND"), f"{MESSAGE}/Code", "str"),
    (header(to_places=("a", 7)), f"{MESSAGE}/ToPlaces/Place[2]", "int"),
    (header(due_date="2026/03/04"), f"{MESSAGE}/DueDate", "str"),
    (header(due_date=MOMENT), f"{MESSAGE}/DueDate", "datetime"),
    (header(trace_header_list=()), TRACE, "tuple"),
    (header(trace_header_list="x"), TRACE, "str"),
    (header(attachments=(b"data",)), ATTACHMENT, "bytes"),
    (header(attachments=(b"data", b"data")), f"{ATTACHMENT}[1]", "bytes"),
    (header(signature="<Signature/>"), f"{HEADER}/Signature", "str"),
    (of("other_info", priority="2"), f"{MESSAGE}/OtherInfo/Priority", "str"),
    (of("other_info", priority=True), f"{MESSAGE}/OtherInfo/Priority", "bool"),
    (of("other_info", priority=9), f"{MESSAGE}/OtherInfo/Priority", "9"),
    (of("other_info", direction=1), f"{MESSAGE}/OtherInfo/Direction", "int"),
    (of("other_info", page_amount=-1), f"{MESSAGE}/OtherInfo/PageAmount", "-1"),
    (of("other_info", page_amount=10**18), f"{MESSAGE}/OtherInfo/PageAmount", "> 10^18"),
    (of("other_info", page_amount=10**9999), f"{MESSAGE}/OtherInfo/PageAmount", "> 10^18"),
    (of("from_", organ_id=7), f"{MESSAGE}/From/OrganId", "int"),
    (of("from_", organ_id="vxp.saas.03"), f"{MESSAGE}/From/OrganId", "vxp.saas.03"),
    (of("document_type", type=18), f"{MESSAGE}/DocumentType/Type", "18"),
    (of("document_type", type_detail=0), f"{MESSAGE}/DocumentType/TypeDetail", "0"),
    (of("promulgation_info", promulgation_date=7), f"{MESSAGE}/PromulgationInfo/PromulgationDate", "int"),
    (traced(id=7), f"{TRACE}/@id", "int"),
    (traced(bussiness=7), f"{TRACE}/Bussiness", "int"),
    (hop(datetime.date(2026, 3, 4)), f"{TRACE}/TraceHeader/Timestamp", "2026-03-04"),
    (hop(MOMENT.replace(tzinfo=datetime.UTC)), f"{TRACE}/TraceHeader/Timestamp", "2026-03-04T10:11:12+00:00"),
    (hop("now"), f"{TRACE}/TraceHeader/Timestamp", "str"),
    (bussiness(paper=2), f"{TRACE}/Bussiness/Paper", "2"),
    (bussiness(bussiness_doc_type=4), f"{TRACE}/Bussiness/BussinessDocType", "4"),
    (bussiness(staff_info=("x",)), f"{TRACE}/Bussiness/StaffInfo", "str"),
    (read(STATUS).status.evolve(status_code="3"), f"{MESSAGE}/StatusCode", "3"),
    (read(STATUS).status.evolve(response_for="x"), f"{MESSAGE}/ResponseFor", "str"),
    (None, MESSAGE, "NoneType"),
    (header(attachments=[Attachment.of(b"", name="../a.pdf")]), f"{ATTACHMENT}/AttachmentName", "../a.pdf"),
    (header(attachments=[Attachment.of(b"", name="a.pdf>")]), f"{ATTACHMENT}/AttachmentName", "a.pdf>"),
    (
        header(attachments=[Attachment.of(b"", name="a", content_id=i) for i in ("cid:1", "1")]),
        f"{ATTACHMENT}[2]/ContentId",
        "cid:1",
    ),
]


@pytest.mark.parametrize(("packet", "path", "shown"), WRONG, ids=[path.rpartition("edXML")[2] for _, path, _ in WRONG])
def test_values_that_cannot_be_written_are_refused_with_their_place(packet: Any, path: str, shown: str) -> None:
    error = refused(packet)
    assert isinstance(error, WriteError)
    assert (error.code, error.place, error.values["found"]) == ("value-not-allowed", vndoc.Place(path), shown)


@pytest.mark.parametrize("packet", [packet for packet, _, _ in WRONG])
def test_what_would_be_right_is_said_in_both_languages(packet: Any) -> None:
    expected = refused(packet).values["expected"]
    words = expected.en if isinstance(expected, Text) else expected
    assert isinstance(words, str)
    if isinstance(expected, Text):
        assert expected.en.isascii()
        assert expected.vi != expected.en
    else:  # names of classes, numbers
        assert re.fullmatch(r"[A-Za-z]+( \| [A-Za-z]+)*|[-<>=^n\d, ]+", expected)


def test_what_is_no_packet_is_named() -> None:
    with vndoc.read(vndoc.write_packet(header())) as reading:
        error = refused(reading)
    assert error.text("vi") == "Giá trị Reading không được phép: cần DocumentPacket | StatusPacket."


def test_the_reason_why_a_signature_is_no_xml_is_said_in_both_languages() -> None:
    error = refused(header(signature=SignatureMarkup(name="1a{b}", namespace=XMLDSIG)))
    assert "XML sai cú pháp" in error.text("vi")
    assert "not well-formed" in error.text("en")


@pytest.mark.parametrize("fields", [{"to": "H41"}, {"to_places": "Như trên"}, {"attachments": b"x"}])
def test_one_text_is_no_list_of_texts(fields: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        header(**fields)


def test_a_lenient_profile_carries_values_of_others() -> None:
    packet = of("document_type", type=18, type_detail=0).evolve(other_info=header().other_info.evolve(priority=9))
    back = vndoc.read(vndoc.write_packet(packet, profile="vxp")).document
    assert back == packet
    refused(packet)


@pytest.mark.parametrize("bad", ["\x00", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_characters_that_xml_does_not_allow(bad: str) -> None:
    named = f"{ord(bad):04X}"
    signature = SignatureMarkup(name="Signature", namespace=XMLDSIG, children=(bad,))
    file = Attachment.of(b"", name="a")
    for packet, path in [
        (header(subject=f"a{bad}"), f"{MESSAGE}/Subject"),
        (header(to_places=("a", bad + "b")), f"{MESSAGE}/ToPlaces/Place[2]"),
        (traced(id=bad), f"{TRACE}/@id"),
        (of("from_", organ_name=f"{bad}b"), f"{MESSAGE}/From/OrganName"),
        (header(to=[header().to[0].evolve(organ_id=f"H{bad}")]), f"{MESSAGE}/To/OrganId"),
        (header(signature=signature), f"{HEADER}/Signature"),
        (header(attachments=[file.evolve(name=f"a{bad}")]), f"{ATTACHMENT}/AttachmentName"),
        (header(attachments=[file.evolve(content_id=f"a{bad}")]), f"{ATTACHMENT}/ContentId"),
        (header(attachments=[file.evolve(description=f"a{bad}")]), f"{ATTACHMENT}/Description"),
    ]:
        error = refused(packet)
        assert (error.code, error.place, error.values["found"]) == ("text-not-xml", vndoc.Place(path), named)


@given(st.characters())
def test_what_counts_as_illegal(character: str) -> None:
    """Judged by expat."""
    expected = None
    try:
        ElementTree.fromstring(f"<a>{character.replace('&', '').replace('<', '')}</a>")
    except (ElementTree.ParseError, UnicodeEncodeError):
        expected = character
    assert illegal_character(character) == expected


def test_what_python_calls_printable_is_legal() -> None:
    """The writer looks for illegal characters only in texts that are not printable."""
    assert not [c for c in map(chr, range(0x110000)) if c.isprintable() and illegal_character(c) is not None]


@pytest.mark.parametrize("around", ["{}", "a{}z", "\u0111{}", "{}\n"])
def test_only_markup_is_escaped(around: str) -> None:
    profile = vndoc.PROFILES["qcvn-102"]
    for number in (9, 10, 13, *range(0x20, 0x300), 0x2028, 0xFFFD, 0x1F600):
        text = around.format(chr(number))
        expected = escape(text, {"\r": "&#xD;"})
        assert escape_text(text, profile) == expected


def test_each_profile_has_its_own_layout() -> None:
    """Layouts are kept: what differs in one part only must not be taken for the same."""
    packet = read(DOCUMENT).document.evolve(subject=" a\nb ", content=None)
    packet = packet.evolve(trace_header_list=packet.trace_header_list and packet.trace_header_list.evolve(id="i"))
    plain = vndoc.PROFILES["qcvn-102"]
    others = {
        "indent": attrs.evolve(plain, indent="\t"),
        "line end": attrs.evolve(plain, line_end="\n"),
        "trimmed": attrs.evolve(plain, trim_text=True),
        "trimmed to another line end": attrs.evolve(plain, trim_text=True, line_end="\n"),
        "always": attrs.evolve(plain, always={"Content": "x"}),
        "always another": attrs.evolve(plain, always={"Content": "y"}),
        "omitted": attrs.evolve(plain, omitted_attributes=frozenset({"id"})),
    }
    for _ in range(2):
        written = {name: vndoc.write_packet(packet, profile=profile) for name, profile in others.items()}
        assert len({*written.values(), vndoc.write_packet(packet)}) == len(others) + 1
    assert b"\n\t\t\t\t<edXML:Subject> a\nb </edXML:Subject>" in written["indent"]
    assert b"<edXML:Subject>a\r\nb</edXML:Subject>" in written["trimmed"]
    assert b"<edXML:Content>y</edXML:Content>" in written["always another"]
    assert b" id=" not in written["omitted"]


# -- signatures -------------------------------------------------------------------------------------------


@FAST
@given(strategies.signatures())
def test_a_real_signature_is_written_with_all_its_white_space(signature: SignatureMarkup) -> None:
    for profile in ("qcvn-102", "vxp"):
        back = vndoc.read(vndoc.write_packet(header(signature=signature), profile=profile)).document
        assert back.signature == signature


@pytest.mark.parametrize(
    "signature",
    [
        SignatureMarkup(name="a/><b", namespace=XMLDSIG),
        SignatureMarkup(name="", namespace=XMLDSIG),
        SignatureMarkup(name="1a", namespace=XMLDSIG),
        SignatureMarkup(name="a", prefix="x y", namespace=XMLDSIG),
        SignatureMarkup(name="a", prefix="xmlns", namespace=XMLDSIG),
        SignatureMarkup(name="a", prefix="xml", namespace=XMLDSIG),
        SignatureMarkup(name="a", namespace=XMLDSIG, attributes=(("b c", ""),)),
        SignatureMarkup(name="a", namespace=XMLDSIG, attributes=(("b", ""), ("b", ""))),
        SignatureMarkup(name="a", namespace=XMLDSIG, attributes=(("{urn:x}b>", ""),)),
        SignatureMarkup(name="a", namespace=XMLDSIG, attributes=(("xmlns", "urn:x"),)),
        SignatureMarkup(name="a", namespace=XMLDSIG, children=(SignatureMarkup(name="<"),)),
    ],
    ids=repr,
)
def test_a_signature_cannot_break_out_of_its_place(signature: SignatureMarkup) -> None:
    refusals = [refused(header(signature=signature)), refused(header(signature=signature), "vxp")]
    refusals += (
        [refused(header(signature=attrs.evolve(signature, namespace=NS)), "vxp")]
        if ":" not in repr(signature.attributes) and not signature.prefix
        else []
    )
    for error in refusals:
        assert (error.code, error.place) == ("value-not-allowed", vndoc.Place(f"{HEADER}/Signature"))


def test_a_signature_that_is_none_of_xmldsig() -> None:
    """The strict profile leaves it out; the vendor's layout writes it anew, plain names once each."""
    twin = (("{urn:a}Id", "1"), ("Id", "2"), ("{urn:b}Id", "3"), ("{urn:b}URI", "4"))
    inner = SignatureMarkup(name="SignatureValue", namespace=NS, attributes=twin, children=(" mẫu ",))
    signature = SignatureMarkup(
        name="Signature", namespace=NS, children=("\n", inner, "x", SignatureMarkup(name="Empty"))
    )
    packet = header(signature=signature)
    assert b"Signature" not in vndoc.write_packet(packet)
    lines = vndoc.write_packet(packet, profile="vxp").decode().split("\r\n")
    start = lines.index("      <Signature>")
    assert lines[start : start + 4] == [
        "      <Signature>",
        '        <SignatureValue Id="2" URI="4">mẫu</SignatureValue>',
        "        <Empty />",
        "      </Signature>",
    ]


def test_namespaces_of_a_signature_are_declared_where_they_are_needed() -> None:
    child = SignatureMarkup(
        name="x", prefix="p", attributes=(("{urn:a}i", "1"), ("{urn:b}j", "2"), (f"{{{XMLDSIG}}}k", "3"))
    )
    signature = SignatureMarkup(name="Signature", namespace=XMLDSIG, prefix="ns0", children=(child,))
    back = vndoc.read(vndoc.write_packet(header(signature=signature))).document.signature
    assert back == attrs.evolve(signature, children=(attrs.evolve(child, prefix=None),))


# -- attachments ------------------------------------------------------------------------------------------


def only(packet: DocumentPacket, profile: str) -> tuple[bytes, str | None, Attachment]:
    """Return octets in the packet, label and attachment of the only file, as written."""
    back = vndoc.read(vndoc.write_packet(packet, profile=profile)).document
    (file,) = back.attachments
    return file.packed.open().read(), file.label, file


@pytest.mark.parametrize(
    ("name", "plain", "vendor"),
    [
        ("a.pdf", "application/pdf", "application/pdf"),
        ("a.PDF", "application/pdf", None),
        ("a.doc", "application/msword", "application/doc"),
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/docx"),
        ("a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", None),
        ("a.txt", "text/plain", None),
        ("a", "application/octet-stream", None),
        ("a.lạ", "application/octet-stream", None),
        ("a.zip", "application/zip", "application/zip"),
    ],
)
def test_how_a_file_travels(name: str, plain: str, vendor: str | None) -> None:
    packet = header(attachments=[Attachment.of(b"mau", name=name)])
    assert only(packet, "qcvn-102")[:2] == (b"mau", plain)
    octets, label, file = only(packet, "vxp")
    assert file.open().read() == b"mau"
    if vendor is not None:
        assert (octets, label) == (b"mau", vendor)
        return
    assert label == "application/zip"
    with zipfile.ZipFile(io.BytesIO(octets)) as archive:
        (entry,) = archive.infolist()
        assert archive.read(entry) == b"mau"
        assert entry.filename[36:] == (f".{name.rpartition('.')[2]}" if name != "a" else ".a")


def test_a_zip_made_on_the_way_is_the_same_each_time() -> None:
    packet = header(attachments=[Attachment.of(b"mau", name="a.txt")])
    assert vndoc.write_packet(packet, profile="vxp") == vndoc.write_packet(packet, profile="vxp")


@pytest.mark.parametrize("ending", ["a" * 21, "t x", "", "t/x"])
def test_a_strange_extension_does_not_get_into_the_zip(ending: str) -> None:
    octets, _, file = only(header(attachments=[Attachment.of(b"mau", name=f"a.{ending}")]), "vxp")
    with zipfile.ZipFile(io.BytesIO(octets)) as archive:
        assert len(archive.namelist()[0]) == 36
    assert file.open().read() == b"mau"


@pytest.mark.parametrize("profile", ["qcvn-102", "vxp"])
@pytest.mark.parametrize("name", ["a.bin", "a.doc", "a", "a.docx", "a.zip", "a.ZIP", "a.Zip", "a.zip "])
@pytest.mark.parametrize("label", [None, "application/octet-stream", "application/zip", "application/x-zip-compressed"])
def test_a_zip_that_is_the_file_itself_comes_back_whole(name: str, label: str | None, profile: str) -> None:
    """A reader would take a zip of one entry for a packed file, unless it is packed once more."""
    for data in (zipped(("b.txt", b"1")), zipped(("b.txt", b"1"), ("c.txt", b"2")), b"PK\x03\x04 hong"):
        file = only(header(attachments=[Attachment.of(data, name=name, label=label)]), profile)[2]
        assert file.open().read() == data


@pytest.mark.parametrize("data", [b"mau", b""])
def test_what_is_only_called_a_zip_is_never_zipped(data: bytes) -> None:
    """No reader takes a zip off a file of that name, whatever the case of its ending."""
    octets, label, file = only(header(attachments=[Attachment.of(data, name="a.ZIP")]), "vxp")
    assert (octets, label, file.open().read()) == (data, "application/octet-stream", data)


@pytest.mark.parametrize(
    ("data", "method"),
    [
        (bytes(12 * 1024 * 1024), "stored"),
        (b"stt;ten\r\n" * 1_300_000, "stored"),
        (b"".join(b"%d\n" % number for number in range(100_000)), "deflated"),
        (random.Random(1).randbytes(100_000) + bytes(300_000), "deflated"),
        (bytes(200), "deflated"),
        (b"", "deflated"),
    ],
    ids=["zeros", "lines", "numbers", "mixed", "small", "empty"],
)
def test_a_file_that_shrinks_to_nothing_makes_no_zip_bomb(data: bytes, method: str) -> None:
    """Readers refuse what expands too far; the entry is deflated in name, because streams with Java need that."""
    packet = header(attachments=[Attachment.of(data, name="a.txt")])
    octets, label, file = only(packet, "vxp")
    with zipfile.ZipFile(io.BytesIO(octets)) as archive:
        (entry,) = archive.infolist()
    assert (label, entry.compress_type) == ("application/zip", zipfile.ZIP_DEFLATED)
    assert (entry.compress_size > len(data)) is (method == "stored" or not data)
    assert file.open().read() == data
    assert vndoc.content_digest(vndoc.read_packet(vndoc.write_packet(packet, profile="vxp"))) == vndoc.content_digest(
        packet
    )


@pytest.mark.parametrize(
    ("data", "label", "ids"),
    [
        (zipped(("b.txt", b"1")), "application/zip", []),
        (zipped(("../b.txt", b"1")), "application/zip", ["zip-entry-path"]),
        (zipped(("b.txt", b"1"), ("c.txt", b"2")), "application/zip", ["zip-many-entries"]),
        (zipped(("b.txt", b"1"))[:-3], "application/zip", ["zip-damaged"]),
        (b"mau", "text/plain", []),
        (b"mau", "x/y", []),
    ],
)
def test_an_untouched_file_is_written_as_it_came(data: bytes, label: str, ids: list[str]) -> None:
    before = read(attached(data, label=label))
    assert found(before) == ids
    octets, written, file = only(before.document, "vxp")
    assert (octets, written) == (data, label)
    honest = vndoc.read(vndoc.write_packet(before.packet))
    assert honest.deviations == ()
    assert (
        honest.document.attachments[0].open().read()
        == file.open().read()
        == before.document.attachments[0].open().read()
    )


@pytest.mark.parametrize(("data", "label"), [(b"mau", "application/zip"), (zipped(("b.txt", b"mau")), "text/plain")])
def test_a_label_that_lies_is_not_repeated(data: bytes, label: str) -> None:
    packet = read(attached(data, label=label)).document
    for profile in ("qcvn-102", "vxp"):
        reading = vndoc.read(vndoc.write_packet(packet, profile=profile))
        assert "zip-label-raw" not in found(reading)
        assert "zip-unlabelled" not in found(reading)
        assert reading.document.attachments[0].open().read() == b"mau"


def test_content_ids_are_kept_or_made() -> None:
    files = [Attachment.of(b"", name="a", content_id=i) for i in (None, "2", "cid:cid:x", "", " cid: ", "CID:5")]
    packet = header(attachments=files)
    plain = vndoc.read(vndoc.write_packet(packet)).document
    assert [a.content_id for a in plain.attachments] == ["cid:1", "cid:2", "cid:x", "cid:3", "cid:4", "cid:5"]
    vendor = vndoc.read(vndoc.write_packet(packet, profile="vxp"))
    assert [a.content_id for a in vendor.document.attachments] == ["cid:1", "2", "cid:cid:x", "cid:3", "cid:4", "CID:5"]
    assert [r.content_id for r in vendor.manifest or ()] == [a.content_id for a in vendor.document.attachments]


class Failing(MemoryOctets):
    """Octets that cannot be read to their end."""

    def open(self) -> BinaryIO:
        raise AttachmentError("content-missing", name="mẫu")


@pytest.mark.parametrize("profile", ["qcvn-102", "vxp"])
def test_nothing_is_written_when_an_attachment_cannot_be_opened(profile: str) -> None:
    error = refused(
        header(attachments=[Attachment.of(b"a", name="a.pdf"), Attachment.of(Failing(b""), name="b.pdf")]), profile
    )
    assert error.code == "content-missing"


@pytest.mark.parametrize(
    ("data", "code"),
    [("dA==dGV4", "base64-padding"), ("dGV4d", "base64-truncated"), ("d?", "base64-damaged")],
)
def test_nothing_is_written_when_base64_is_damaged(data: str, code: str) -> None:
    for profile in ("qcvn-102", "vxp"):
        error = refused(read(attached(data, label="text/plain")).packet, profile)
        assert (error.code, error.place) == (code, vndoc.Place(ATTACHMENT))


def test_nothing_is_written_when_a_zip_turns_out_damaged() -> None:
    """The content's checksum is wrong, which shows at its end only; as it came, it may still be passed on."""
    data = bytearray(zipped(("b.txt", b"mau" * 1000), method=zipfile.ZIP_STORED))
    data[100] ^= 1
    packet = read(attached(bytes(data))).packet
    error = refused(packet.evolve(attachments=[Attachment.of(b"1", name="a.txt"), *packet.attachments]))
    assert (error.code, error.place) == ("zip-damaged", vndoc.Place(f"{ATTACHMENT}[2]"))
    assert only(packet, "vxp")[0] == bytes(data)


def test_nothing_is_written_when_a_zip_is_a_bomb() -> None:
    packet = read(attached(zipped(("b.txt", bytes(12 * 1024 * 1024))))).packet
    error = refused(packet)
    assert isinstance(error, LimitError)
    assert (error.code, error.place) == ("limit-unpack-ratio", vndoc.Place(ATTACHMENT))
    assert vndoc.write_packet(packet, profile="vxp")


class Sparing(io.RawIOBase):
    """An unbuffered file that takes some octets at a time, and in all no more than *room* (``None`` from then on)."""

    def __init__(self, room: int, full: int | None) -> None:
        self.taken = b""
        self.room = room
        self.full = full

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int | None:
        part = bytes(data)[: min(1000, self.room - len(self.taken))]
        self.taken += part
        return len(part) or self.full


def test_an_unbuffered_file_gets_every_octet() -> None:
    packet = header(attachments=[Attachment.of(bytes(range(256)) * 5000, name="a.pdf")])
    expected = vndoc.write_packet(packet)
    target = Sparing(len(expected), None)
    vndoc.write_packet(packet, to=target)  # type: ignore[arg-type]
    assert target.taken == expected
    for room in (len(expected) - 1, 5):
        for full in (None, 0):
            with pytest.raises(SourceError) as caught:
                vndoc.write_packet(packet, to=Sparing(room, full))  # type: ignore[arg-type]
            assert caught.value.code == "target-unwritable"


def test_a_closed_target_is_an_error_of_ours_and_other_faults_of_a_target_are_not(tmp_path: Path) -> None:
    memory = io.BytesIO()
    file = (tmp_path / "a.edxml").open("wb")
    for target in (memory, file):
        target.close()
        with pytest.raises(SourceError) as caught:
            vndoc.write_packet(header(), to=target)
        assert caught.value.code == "target-unwritable"
        assert "tệp đã đóng" in caught.value.text("vi")

    class Odd(io.BytesIO):
        def write(self, _):
            raise ValueError("its own")

    with pytest.raises(ValueError, match="its own"):
        vndoc.write_packet(header(), to=Odd())


# -- profiles ---------------------------------------------------------------------------------------------


def test_profiles_by_name_or_value() -> None:
    assert profile_of("vxp") is profile_of(profile_of("vxp"))
    for lang in ("vi", "en"):
        assert all(profile.title.render(lang) for profile in PROFILES.values())
    with pytest.raises(UsageError) as caught:
        profile_of("vpx")
    assert caught.value.code == "unknown-profile"
    assert str(caught.value.values["known"]).startswith("vxp, ")


def test_a_profile_of_ones_own() -> None:
    own = attrs.evolve(profile_of("qcvn-102"), name="own", line_end="\n", indent="", always={"Content": "mẫu"})
    data = vndoc.write_packet(header(content=None), profile=own)
    assert b"\r" not in data
    assert vndoc.read(data).document.content == "mẫu"
    with pytest.raises(TypeError):
        own.always["Content"] = "x"


@pytest.mark.parametrize("profile", [*PROFILES.values(), attrs.evolve(PROFILES["vxp"], raw_labels={"pdf": "x/y"})])
def test_a_profile_can_be_copied_and_pickled(profile: Profile) -> None:
    pickled = pickle.loads(pickle.dumps(profile))  # noqa: S301 - made one step ago
    for again in (pickled, copy.deepcopy(profile), copy.copy(profile)):
        assert again == profile
        assert hash(again) == hash(profile)
        assert repr(again) == repr(profile)
        with pytest.raises(TypeError):
            again.always["Content"] = "x"


def test_the_labels_of_a_profile_do_not_change_with_the_ones_they_were_made_from() -> None:
    labels = {"pdf": "application/pdf"}
    own = attrs.evolve(profile_of("vxp"), raw_labels=labels)
    labels["txt"] = "text/plain"
    assert own.raw_labels == {"pdf": "application/pdf"}


# -- streaming ----------------------------------------------------------------------------------------------

MEASURE = """
import io, resource, sys
import attrs
from vndoc.edxml import profile_of, write
from vndoc.envelope import Attachment
import vndoc

NUMBERS = b"".join(b"%d;" % number for number in range(20_000))

class Numbers(io.RawIOBase):
    def __init__(self, size):
        self.left = size
    def readable(self):
        return True
    def readinto(self, buffer):
        count = min(len(buffer), len(NUMBERS), self.left)
        buffer[:count] = NUMBERS[:count]
        self.left -= count
        return count

@attrs.frozen
class Octets:
    size: int
    def open(self):
        return io.BufferedReader(Numbers(self.size), 65536)

class Sink:
    octets = 0
    def write(self, data):
        self.octets += len(data)

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

size, name = int(sys.argv[1]), sys.argv[2]
base = vndoc.read(sys.stdin.buffer.read()).document
for warm in (10, size):
    sink = Sink()
    if warm == size:
        before = peak()
    write(base.evolve(attachments=[Attachment.of(Octets(warm), name=name)]), profile_of("vxp"), sink)
print(peak() - before, sink.octets)
"""


def grown(size: int, name: str) -> tuple[int, int]:
    """Write *size* octets that shrink a little, in a child process; return its growth (MiB) and the octets."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(size), name], input=DOCUMENT.encode(), capture_output=True, check=True
    )
    growth, octets = done.stdout.split()
    return int(growth), int(octets)


@pytest.mark.parametrize("name", ["a.pdf", "a.txt"])
def test_a_large_file_is_streamed(name: str) -> None:
    size = 64 * 1024 * 1024
    growth, octets = grown(size, name)
    assert growth < 32
    assert (octets > size * 4 // 3) is (name == "a.pdf")


@pytest.mark.long
@pytest.mark.parametrize("name", ["a.pdf", "a.txt"])
def test_a_file_of_a_gigabyte_is_streamed(name: str) -> None:
    assert grown(1024**3, name)[0] < 32


def test_base64_is_one_line_whatever_the_pieces() -> None:
    for size in (0, 1, 2, 3, 196_607, 196_608, 196_609):
        packet = header(attachments=[Attachment.of(bytes(size), name="a.pdf")])
        data = vndoc.write_packet(packet)
        assert b">" + base64.b64encode(bytes(size)) + b"</edXML:ContentTransferEncoded>" in data


def test_to_a_file(tmp_path: Any) -> None:
    path = tmp_path / "mau.edxml"
    with path.open("wb") as file:
        assert vndoc.write_packet(header(), to=file) is None
    assert path.read_bytes() == vndoc.write_packet(header())


def test_a_slash_in_the_number_is_kept() -> None:
    packet = vndoc.read(vndoc.write_packet(header(code=DocumentCode("1/2", "X")))).document
    assert packet.code == DocumentCode("1/2", "X")


def test_reading_loads_no_writer() -> None:
    """What reads only need not wait for what writes; all public names are there all the same."""
    code = (
        "import sys, vndoc, vndoc.edxml as edxml\n"
        f"vndoc.read({DOCUMENT.encode()!r})\n"
        "loaded = {'vndoc.edxml.writer', 'vndoc.edxml.jsonform', 'vndoc.schema'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
        "assert set(edxml.__all__) <= set(dir(edxml))\n"
        "assert all(getattr(edxml, name).__name__ == name for name in edxml.__all__ if name.islower())\n"
        "assert not hasattr(edxml, 'nothing')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
