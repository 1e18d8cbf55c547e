"""The shared vectors: golden packets come back octet for octet, probes give exactly their deviations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

import vndoc
from vndoc.limits import DEFAULT

GOLDEN = ("document_0_new", "document_1_recall", "document_2_update", "document_3_replace", "status_03_accepted")
PROBES = {
    # probe -> the golden packet that it was made from
    "01_no_prefix": "document_2_update",
    "02_other_prefix": "document_2_update",
    "03_no_namespace": "document_2_update",
    "04_date_dd_mm_yyyy": "document_2_update",
    "05_date_iso": "document_2_update",
    "06_date_with_time": "document_2_update",
    "07_business_spelling": "document_2_update",
    "08_manifest_element_name": "document_0_new",
    "09_zip_label_raw_bytes": "document_0_new",
    "10_no_content_type": "document_0_new",
    "11_prefixed_attachments": "document_0_new",
    "12_base64_line_breaks": "document_0_new",
    "13_empty_integers": "document_2_update",
    "14_no_cid": "document_0_new",
    "15_attachments_without_manifest": "document_0_new",
    "16_direction_numeric": "document_2_update",
}
CONCEPTS = {
    "signature in the packet's namespace": "signature-namespace",
    "signature in the packet's namespace, if a Signature block is present": "signature-namespace",
    "content id doubled (cid:cid:)": "content-id-doubled",
    "manifest label does not fit the attachment": "manifest-label",
    "prefix layout": "prefix-layout",
    "namespace missing": "namespace-missing",
    "date order": "date-order",
    "timestamp order": "timestamp-order",
    "date form ISO": "date-iso",
    "timestamp form ISO": "timestamp-iso",
    "date with a time part": "date-with-time",
    "timestamp without time": "timestamp-without-time",
    "element spelling Business*": "element-spelling",
    "element name Manifest": "manifest-name",
    "label application/zip, bytes not zip": "zip-label-raw",
    "ContentType missing": "content-type-missing",
    "prefix layout of AttachmentEncoded": "attachment-prefix-layout",
    "white space inside base64 (note only)": "base64-white-space",
    "empty integer element": "empty-integer",
    "content id without cid: (note only)": "content-id-bare",
    "body and manifest missing": "manifest-missing",
    "boolean written as a number": "boolean-numeric",
}


@pytest.fixture(scope="module")
def concepts(shared: Path) -> dict[str, set[str]]:
    """What each file deviates in, by our ids."""
    table: dict[str, Any] = json.loads((shared / "vectors" / "edxml" / "expected.json").read_text(encoding="utf-8"))
    del table["about"]
    return {
        name: {CONCEPTS[c] for c in found if not c.endswith("if a Signature block is present")}
        for name, found in table.items()
    }


@pytest.fixture(params=GOLDEN)
def data(golden: Path, request: pytest.FixtureRequest) -> bytes:
    """One golden packet."""
    return (golden / f"{request.param}.edxml").read_bytes()


def ids(data: bytes) -> set[str]:
    return {deviation.id for deviation in vndoc.read(data).deviations}


def test_no_vector_is_left_out(concepts: dict[str, set[str]], golden: Path, probes: Path) -> None:
    assert {path.stem for path in golden.glob("*.edxml")} == set(GOLDEN)
    assert {path.stem for path in probes.glob("*.edxml")} == set(PROBES)
    assert set(concepts) == {f"golden/{name}" for name in GOLDEN} | {f"probes/{name}" for name in PROBES}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_packets_have_the_deviations_of_their_writer(
    concepts: dict[str, set[str]], golden: Path, name: str
) -> None:
    data = (golden / f"{name}.edxml").read_bytes()
    conditional = {"signature-namespace"} if name == "document_3_replace" and b"<Signature>" in data else set()
    assert ids(data) == concepts[f"golden/{name}"] | conditional


@pytest.mark.parametrize("name", PROBES)
def test_probes_have_exactly_their_own_deviations_in_addition(
    concepts: dict[str, set[str]], golden: Path, probes: Path, name: str
) -> None:
    data = (probes / f"{name}.edxml").read_bytes()
    base = ids((golden / f"{PROBES[name]}.edxml").read_bytes())
    if b"edXMLBody" not in data:
        base = base - {"manifest-label"}  # there is no manifest whose labels could be wrong
    assert ids(data) == concepts[f"probes/{name}"] | base


def test_read_and_written_again(data: bytes) -> None:
    assert vndoc.write_packet(vndoc.read(data).packet, profile="vxp") == data


def test_read_with_every_text_cut_out_and_written_again(data: bytes) -> None:
    reading = vndoc.read(data, limits=attrs.evolve(DEFAULT, inline_text=0))
    assert vndoc.write_packet(reading.packet, profile="vxp") == data


def test_through_json(data: bytes) -> None:
    packet = vndoc.read(data).packet
    back = vndoc.packet_from_json(vndoc.packet_to_json(packet))
    assert back == packet
    assert vndoc.write_packet(back, profile="vxp") == data


def test_through_the_standard_and_back(data: bytes) -> None:
    """The standard's profile leaves out the signature that nobody can check, and nothing else."""
    packet = vndoc.read(data).packet
    reading = vndoc.read(vndoc.write_packet(packet))
    assert reading.deviations == ()
    if isinstance(packet, vndoc.DocumentPacket):
        assert reading.document.evolve(attachments=()) == packet.evolve(signature=None, attachments=())
        assert vndoc.content_digest(reading.document) == vndoc.content_digest(packet)
    else:
        assert reading.packet == packet


@pytest.mark.parametrize("name", GOLDEN[:4])
def test_one_change_changes_one_line(golden: Path, name: str) -> None:
    data = (golden / f"{name}.edxml").read_bytes()
    packet = vndoc.read(data).document.evolve(subject="Trích yếu khác & <mẫu>")
    old, new = data.split(b"\r\n"), vndoc.write_packet(packet, profile="vxp").split(b"\r\n")
    (changed,) = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
    assert changed == (
        "        <edXML:Subject>Trích yếu &amp; &lt;mẫu&gt;</edXML:Subject>".encode(),
        "        <edXML:Subject>Trích yếu khác &amp; &lt;mẫu&gt;</edXML:Subject>".encode(),
    )


@pytest.mark.parametrize("name", ["08_manifest_element_name", "11_prefixed_attachments", "12_base64_line_breaks"])
def test_cosmetic_probes_are_written_as_their_golden_packet(golden: Path, probes: Path, name: str) -> None:
    reading = vndoc.read((probes / f"{name}.edxml").read_bytes())
    assert vndoc.write_packet(reading.packet, profile="vxp") == (golden / f"{PROBES[name]}.edxml").read_bytes()


@pytest.mark.parametrize("name", PROBES)
def test_every_probe_is_the_same_document_as_its_golden_packet(golden: Path, probes: Path, name: str) -> None:
    """But for what could not be read: the values behind the empty integers."""
    packet = vndoc.read((probes / f"{name}.edxml").read_bytes()).document
    base = vndoc.read((golden / f"{PROBES[name]}.edxml").read_bytes()).document
    if name == "13_empty_integers":
        assert (packet.steering_type, packet.other_info.priority, packet.document_type.type) == (None, None, None)
        packet = packet.evolve(
            steering_type=base.steering_type, other_info=base.other_info, document_type=base.document_type
        )
    if name == "16_direction_numeric":
        packet = packet.evolve(other_info=packet.other_info.evolve(direction=False))
    assert vndoc.content_digest(packet) == vndoc.content_digest(base)
    assert vndoc.business_key(packet) == vndoc.business_key(base)


def test_the_attachments_of_the_new_document(golden: Path) -> None:
    packet = vndoc.read((golden / "document_0_new.edxml").read_bytes()).document
    assert {a.name: a.open().read() for a in packet.attachments} == {
        "VanBan.pdf": b"%PDF-1.4 mau",
        "PhuLuc.docx": b"PK-fake-docx",
        "BangBieu.xlsx": b"PK-fake-xlsx",
        "a.xls": b"fake-xls",
        "ghichu.txt": b"ghi chu",
        "goi.zip": b"PK\x05\x06" + bytes(18),
        "cu.doc": b"fake-doc",
        "KhongMa.pdf": b"%PDF khong ma",
    }
