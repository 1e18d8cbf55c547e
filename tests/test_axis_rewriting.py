"""How the simulated axis writes packets anew: beside another simulation that shares no code with vndoc."""

from __future__ import annotations

import base64
import datetime
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

import vndoc
from axis import CENTRE, NS, Axis
from axis_support import NORTH, START, Vxp, running
from cli_support import attached, document
from strategies import documents, statuses
from vndoc.testing.axis import Rewriting

HOP = "2026/03/04 08:02:03"
"""START in Vietnam."""


def carried(data: bytes, rewriting: Rewriting | None = None) -> bytes:
    sink = io.BytesIO()
    (rewriting or Rewriting()).carry(vndoc.read_packet(data), sink, number=7, at=START)
    return sink.getvalue()


def shape(data: bytes) -> Any:
    """Return the tree of a packet, comparable: a zip stands as what is in it."""
    return _shape(ElementTree.fromstring(data))


def _shape(node: Any) -> Any:
    text = (node.text or "").strip(" \t\r\n")
    if node.tag.endswith("ContentTransferEncoded"):
        octets = base64.b64decode(text)
        if zipfile.is_zipfile(io.BytesIO(octets)):
            with zipfile.ZipFile(io.BytesIO(octets)) as archive:
                return node.tag, [archive.read(name) for name in archive.namelist()]
        return node.tag, octets
    children = [_shape(child) for child in node]
    if node.tag.endswith("OtherInfo"):  # where it adds Direction, the other one puts it at the end
        children.sort(key=str)
    return node.tag, " ".join(text.splitlines()), sorted(node.attrib.items()), children


GOLDEN = ("document_0_new", "document_1_recall", "document_2_update", "document_3_replace")


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_packets_come_out_as_from_the_other_simulation(golden: Path, name: str) -> None:
    data = (golden / f"{name}.edxml").read_bytes()
    assert shape(carried(data)) == shape(Axis(hop=HOP).carry(data))


@pytest.mark.parametrize("profile", ["qcvn-102", "vxp"])
def test_a_packet_of_ours_comes_out_as_from_the_other_simulation(profile: str) -> None:
    files = attached("a.PDF", "b.pdf", "c.txt", "d.docx", "e.xlsx", "f")
    data = vndoc.write_packet(document(attachments=files), profile=profile)
    assert shape(carried(data)) == shape(Axis(hop=HOP).carry(data))
    assert shape(carried(carried(data))) == shape(Axis(hop=HOP).carry(Axis(hop=HOP).carry(data)))


@given(packet=documents())
@settings(max_examples=20)
def test_any_header_comes_out_as_from_the_other_simulation(packet: vndoc.DocumentPacket) -> None:
    data = vndoc.write_packet(packet.evolve(attachments=(), signature=None))
    assert shape(carried(data)) == shape(Axis(hop=HOP).carry(data))


@given(packet=documents())
@settings(max_examples=20)
def test_a_redelivery_is_never_another_document(packet: vndoc.DocumentPacket) -> None:
    once = carried(vndoc.write_packet(packet))
    before, after = (vndoc.read_packet(data) for data in (vndoc.write_packet(packet), once))
    again = vndoc.read_packet(carried(once))
    assert vndoc.content_digest(before) == vndoc.content_digest(after) == vndoc.content_digest(again)
    assert vndoc.business_key(before) == vndoc.business_key(after) == vndoc.business_key(again)


@given(packet=statuses())
@settings(max_examples=25)
def test_a_status_keeps_all_it_says(packet: vndoc.StatusPacket) -> None:
    data = vndoc.write_packet(packet)
    assert vndoc.read_packet(carried(data)) == vndoc.read_packet(vndoc.write_packet(packet, profile="vxp"))


def test_what_is_lost_and_what_is_added() -> None:
    text = vndoc.write_packet(document(attachments=attached("a.PDF"))).decode()
    text = text.replace("<edXML:OtherInfo>", "<!-- note --><edXML:Unknown>x</edXML:Unknown><edXML:OtherInfo>")
    text = text.replace("<AttachmentName>", "<Description>words</Description><AttachmentName>")
    new = carried(text.encode()).decode()
    for gone in ("<!--", "Unknown", "Description"):
        assert gone in text
        assert gone not in new
    for added in ("<edXML:Direction>false</edXML:Direction>", f"<edXML:OrganId>{CENTRE}<", f"<edXML:Timestamp>{HOP}<"):
        assert added not in text
        assert added in new
    assert new.count("<ContentType>application/zip</ContentType>") == 1


def test_a_signature_comes_out_in_the_wrong_namespace() -> None:
    markup = vndoc.read_packet(
        vndoc.write_packet(document()).replace(
            b"</edXML:edXMLHeader>",
            b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo/></Signature></edXML:edXMLHeader>',
        )
    )
    assert isinstance(markup, vndoc.DocumentPacket)
    new = ElementTree.fromstring(carried(vndoc.write_packet(markup, profile="vxp")))
    assert [node.tag for node in new.iter() if node.tag.endswith("Signature")] == [f"{{{NS}}}Signature"]


def test_a_seal_survives() -> None:
    from verdict_support import GOOD, NOW, PERSON, STORE  # noqa: PLC0415 - as above
    from vndoc.signature.seal import seal, verify_seal  # noqa: PLC0415 - slow to import

    sealed = vndoc.write_packet(seal(document(attachments=attached("a.PDF", "b.xlsx")), PERSON.signer()))
    arrived = vndoc.read_packet(carried(carried(sealed, Rewriting(own_document_ids=True, drop_bussiness=True))))
    assert isinstance(arrived, vndoc.DocumentPacket)
    verdict = verify_seal(arrived, policy="vn_default", trust=STORE, at=NOW, revocation=GOOD)
    assert verdict.passed, verdict.reasons


def test_options() -> None:
    data = vndoc.write_packet(document())
    plain = vndoc.read_packet(carried(data, Rewriting(centre=None, drop_bussiness=True, own_document_ids=True)))
    assert isinstance(plain, vndoc.DocumentPacket)
    assert plain.trace_header_list is not None
    assert plain.trace_header_list.bussiness is None
    assert len(plain.trace_header_list.trace_headers) == 1
    assert plain.document_id == "7"
    start, _, rest = data.decode().partition("<edXML:TraceHeaderList>")
    untraced = (start + rest.partition("</edXML:TraceHeaderList>")[2]).encode()
    bare = vndoc.read_packet(carried(untraced))
    assert isinstance(bare, vndoc.DocumentPacket)
    assert bare.trace_header_list is not None
    assert [hop.timestamp for hop in bare.trace_header_list.trace_headers] == [
        datetime.datetime(2026, 3, 4, 8, 2, 3)  # noqa: DTZ001 - local by definition
    ]


def test_all_recipients_get_the_same_octets_with_one_hop() -> None:
    packet = document(
        to=tuple(vndoc.Organization(organ_id=code, organ_name="x") for code in ("H14", "H14.12", "H41.12"))
    )
    with running() as server:
        Vxp(server.port, NORTH).send(vndoc.write_packet(packet), "H41")
        (made,) = server.axis.core.submissions()
        with made.content.open() as file:
            assert file.read().count(CENTRE.encode()) == 1
        assert len(list(server.axis.folder.iterdir())) == 2
        assert len(made.copies) == 3


def test_own_document_ids_are_those_of_the_submission() -> None:
    with running(rewriting=Rewriting(own_document_ids=True)) as server:
        for number in (1, 2):
            Vxp(server.port, NORTH).send(vndoc.write_packet(document()), "H41")
            made = server.axis.core.submissions()[0]
            with made.content.open() as file:
                assert f"<edXML:DocumentId>{number}<".encode() in file.read()
            assert made.number == number


def _folders(server: Any) -> Iterator[str]:
    yield from sorted(path.name for path in server.axis.folder.iterdir())


def test_files_of_forgotten_packets_are_gone_and_those_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "00000001.in.edxml").write_bytes(b"of an earlier run")
    from axis_support import SOUTH  # noqa: PLC0415 - only here

    with running(folder=tmp_path, keep=0) as server:
        Vxp(server.port, NORTH).send(vndoc.write_packet(document()), "H41")
        assert list(_folders(server)) == ["00000001.in.edxml", "00000002.in.edxml", "00000002.out.edxml"]
        south = Vxp(server.port, SOUTH)
        south.ask("updateStatus", docId=south.waiting()[0]["docId"], status="done")
        assert list(_folders(server)) == ["00000001.in.edxml"]
    assert (tmp_path / "00000001.in.edxml").read_bytes() == b"of an earlier run"
