"""``vndoc inspect``: what the page shows, what it hides, and what no document can make it do."""

from __future__ import annotations

import base64
import shutil
import unicodedata
from pathlib import Path

import pytest

import vndoc
from cli_support import attached, call, document, hostile, results, save


def test_the_page_tells_who_what_and_when(golden: Path) -> None:
    found = call("inspect", golden / "document_0_new.edxml")
    assert found.exit_code == 0
    expected = (
        "Document packet: new document",
        "H41  Đơn vị gửi mẫu",
        "000.00.00.H20  Đơn vị nhận 2",
        "H41,2026/03/04,07/TB-UBND",
        "07/TB-UBND",
        "Nghệ An, 2026-03-04",
        "Thông báo · Notice",
        "Trích yếu & <mẫu>",
        "KT. CHỦ TỊCH, Phó Chủ tịch, Nguyễn Văn Mẫu",
        "2 · Very urgent",
        "2026-03-20",
        "Phụ lục I; Phụ lục II",
        "H14.12 · 11/CV-X · 2026-02-01",
        "0 · New document",
        "2026-03-04 10:11:12  H41",
        "present; not verified",
        "H41|2026|7/TB-UBND",
        "qcvn-102, read as a whole",
        "Attachments (8)",
        "12 bytes · application/zip · zipped · Bảng biểu",
        "[signature-namespace]",
        "[content-id-doubled]",
        "line 105",
    )
    assert [text for text in expected if text not in found.stdout] == []
    assert "proof" not in found.stdout


def test_the_page_in_vietnamese(golden: Path) -> None:
    found = call("inspect", golden / "document_0_new.edxml", "--lang", "vi").stdout
    assert [
        t
        for t in ("Trích yếu", "04/03/2026", "Thượng khẩn", "có; chưa được kiểm tra", "byte", "Sai lệch")
        if t not in found
    ] == []


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("document_1_recall", ("recall", "05/TB-UBND", "1 · Recall", "Lý do mẫu")),
        ("document_2_update", ("update", "H20 (1 · Added)", "content: 1 · Changed", "05/TB-UBND")),
        ("document_3_replace", ("replacement", "H41,2026/02/02,06/TB-UBND -> H14.12, H20")),
        ("status_03_accepted", ("Status packet", "03 · Accepted", "2026-03-04 14:15:16", "Trần Thị Mẫu")),
    ],
)
def test_each_kind_shows_what_it_is_about(golden: Path, name: str, texts: tuple[str, ...]) -> None:
    found = call("inspect", golden / f"{name}.edxml").stdout
    assert [text for text in texts if text not in found] == []


def test_all_vectors_are_valid_json_results(golden: Path, probes: Path) -> None:
    files = sorted([*golden.glob("*.edxml"), *probes.glob("*.edxml")])
    found = results("inspect", golden, probes)
    assert [one["input"] for one in found] == [str(path) for path in files]
    kinds = {Path(one["input"]).stem: one["kind"] for one in found}
    assert kinds["document_3_replace"] == "replace"
    assert kinds["status_03_accepted"] == "status"


def test_json_has_size_and_digest_of_the_unpacked_file(tmp_path: Path) -> None:
    packet = document(attachments=attached("bảng.xlsx", "van-ban.pdf"))
    (found,) = results("inspect", save(tmp_path / "a.edxml", packet, profile="vxp"))
    assert [(a["packing"], a["label"], a["size"]) for a in found["attachments"]] == [
        ("zip", "application/zip", packet.attachments[0].size),
        ("raw", "application/pdf", packet.attachments[1].size),
    ]
    assert [a["sha256"] for a in found["attachments"]] == [a.digest().hex() for a in packet.attachments]
    assert found["content_digest"] == vndoc.content_digest(packet).hex()


def test_no_digest_reads_no_content(tmp_path: Path) -> None:
    path = save(tmp_path / "a.edxml", document(attachments=attached("a.pdf")))
    (found,) = results("inspect", path, "--no-digest")
    assert found["attachments"][0]["sha256"] is None
    assert found["attachments"][0]["size"] == 12
    assert found["content_digest"] is None
    assert "SHA-256" not in call("inspect", path, "--no-digest").stdout


def staffed() -> vndoc.DocumentPacket:
    staff = vndoc.StaffInfo(staff="Trần Thị Mẫu", staff_id="S-1", email="mau@mau.example", mobile="0900000001")
    packet = document(subject="Về ông Mẫu, CCCD 012345678901")
    trace = packet.trace_header_list
    assert trace is not None
    assert trace.bussiness is not None
    return packet.evolve(trace_header_list=trace.evolve(bussiness=trace.bussiness.evolve(staff_info=(staff,))))


def test_personal_data_is_masked_unless_asked_for(tmp_path: Path) -> None:
    path = save(tmp_path / "a.edxml", staffed())
    for arguments in (["inspect", path], ["inspect", path, "--json"]):
        masked = call(*arguments).stdout
        assert [t for t in ("mau@mau.example", "0900000001", "S-1", "012345678901") if t in masked] == []
        assert "*********901" in masked
    full = call("inspect", path, "--full").stdout
    assert "mau@mau.example, 0900000001" in full
    assert "012345678901" not in full
    (found,) = results("inspect", path, "--full")
    assert found["packet"]["trace_header_list"]["bussiness"]["staff_info"][0]["staff_id"] == "S-1"


def test_ids_of_digits_are_no_citizen_numbers(tmp_path: Path) -> None:
    (found,) = results("inspect", save(tmp_path / "a.edxml", document(document_id="123456789")))
    assert found["packet"]["document_id"] == "123456789"


def test_a_citizen_number_as_agency_code_is_masked(tmp_path: Path) -> None:
    receiver = vndoc.Organization(organ_id="012345678901", organ_name="Hộ kinh doanh mẫu")
    path = save(tmp_path / "a.edxml", document(to=(receiver,)))
    assert "012345678901" not in call("inspect", path).output + call("inspect", path, "--json").output


EVIL = "A\u202egpj.exe\u2069 [bold red]đỏ[/] [link=file:///etc/passwd]x[/link] :smile: \u0085\u200b"


def test_no_document_text_commands_the_terminal(tmp_path: Path) -> None:
    """C0 cannot stand in XML 1.0; C1 (0x9B is CSI), bidirectional marks and rich markup can."""
    path = hostile(tmp_path / "a.edxml", EVIL + "\x9b31m.bin", subject=EVIL + "\x9b2J")
    found = call("inspect", path, env={"FORCE_COLOR": "", "NO_COLOR": "1"})
    assert found.exit_code == 0
    assert [ch for ch in found.output if unicodedata.category(ch) in {"Cc", "Cf"} and ch != "\n"] == []
    assert "[bold red]đỏ[/] [link=file:///etc/passwd]x[/link] :smile:" in found.stdout
    shown = call("inspect", path, "--json").stdout
    assert [ch for ch in shown if unicodedata.category(ch) in {"Cc", "Cf"} and ch != "\n"] == []
    (result,) = results("inspect", path)
    assert result["packet"]["subject"] == EVIL + "\x9b2J"


def test_names_of_files_cannot_command_the_terminal_either(tmp_path: Path) -> None:
    path = save(tmp_path / "\x1b[31mred\u202e.edxml", document())
    missing = tmp_path / "\x1b]0;title\x07none.edxml"
    found = call("inspect", path, missing)
    assert found.exit_code == 2
    assert "\x1b" not in found.output
    assert "\x07" not in found.output
    assert "[31mred" in found.stdout
    assert "none.edxml" in found.stderr


def damage(path: Path, packet: vndoc.DocumentPacket, old: bytes, new: bytes) -> Path:
    data = vndoc.write_packet(packet)
    assert old in data
    path.write_bytes(data.replace(old, new))
    return path


def test_a_damaged_attachment_is_shown_as_such(tmp_path: Path) -> None:
    packet = document(attachments=(vndoc.Attachment.of(b"x" * 300, name="a.pdf"), *attached("b.pdf")))
    whole = base64.b64encode(b"x" * 300)
    path = damage(tmp_path / "a.edxml", packet, whole, whole[:100] + b"!" + whole[101:])
    (found,) = results("inspect", path, code=1)
    assert [a["error"] and a["error"]["code"] for a in found["attachments"]] == ["base64-damaged", None]
    assert found["attachments"][0]["size"] is None
    assert found["attachments"][1]["sha256"]
    page = call("inspect", path)
    assert page.exit_code == 1
    assert "DAMAGED: " in page.stdout
    assert "HỎNG: " in call("inspect", path, "--lang", "vi").stdout


def test_missing_content_and_zip_bombs_are_shown(tmp_path: Path) -> None:
    import io  # noqa: PLC0415
    import zipfile  # noqa: PLC0415

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.xlsx", bytes(30_000_000))
    bomb = vndoc.Attachment.of(buffer.getvalue(), name="@BOMB@.zip", label="application/zip")
    packet = document(attachments=(bomb, vndoc.Attachment.of(b"abc", name="c.pdf")))
    data = vndoc.write_packet(packet, profile="vxp").replace(b"@BOMB@.zip", b"bomb.xlsx")
    encoded = base64.b64encode(b"abc")
    start = data.rindex(b"<edXML:ContentTransferEncoded", 0, data.index(encoded))
    end = data.index(b"</edXML:ContentTransferEncoded>", start) + len(b"</edXML:ContentTransferEncoded>")
    (tmp_path / "a.edxml").write_bytes(data[:start] + data[end:])
    (found,) = results("inspect", tmp_path / "a.edxml", code=1)
    assert [a["error"]["code"] for a in found["attachments"]] == ["limit-unpack-ratio", "content-missing"]


def test_a_packet_may_lack_nearly_everything(tmp_path: Path) -> None:
    namespace = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
    (tmp_path / "a.edxml").write_text(
        f'<edXML xmlns="{namespace}"><edXMLEnvelope><edXMLHeader><MessageHeader><Subject>S</Subject>'
        "</MessageHeader></edXMLHeader></edXMLEnvelope><AttachmentEncoded><Attachment/></AttachmentEncoded></edXML>"
    )
    (tmp_path / "b.edxml").write_text(
        f'<edXML xmlns="{namespace}"><edXMLEnvelope><edXMLHeader><MessageHeader><StatusCode>99</StatusCode>'
        "</MessageHeader></edXMLHeader></edXMLEnvelope></edXML>"
    )
    page = call("inspect", tmp_path)
    assert page.exit_code == 1
    assert "(no name)" in page.stdout
    assert "(no content type)" in page.stdout
    (tmp_path / "c.edxml").write_text(
        f'<edXML xmlns="{namespace}"><edXMLEnvelope><edXMLHeader><MessageHeader><Subject>S</Subject></MessageHeader>'
        "<TraceHeaderList><Bussiness><BussinessDocType>9</BussinessDocType><BussinessDocumentInfo><DocumentInfo>1"
        "</DocumentInfo></BussinessDocumentInfo></Bussiness></TraceHeaderList></edXMLHeader></edXMLEnvelope></edXML>"
    )
    assert "unknown operation" in call("inspect", tmp_path / "c.edxml").stdout
    first, second, third = results("inspect", tmp_path, code=1)
    assert third["kind"] == "other"
    assert (first["kind"], first["business_key"], second["packet"]["status_code"]) == ("new", None, "99")


def test_standard_input_is_a_file_called_minus(golden: Path) -> None:
    data = (golden / "document_1_recall.edxml").read_bytes()
    (found,) = results("inspect", "-", stdin=data)
    assert (found["input"], found["kind"]) == ("-", "recall")


def test_recover_reads_what_strict_reading_refuses(golden: Path, tmp_path: Path) -> None:
    path = tmp_path / "junk.edxml"
    path.write_bytes(b"1212" + (golden / "document_1_recall.edxml").read_bytes())
    (refused,) = results("inspect", path, code=2)
    assert refused["error"]["code"] == "xml-junk"
    assert "--recover" in call("inspect", path).stderr
    assert "recover=True" in refused["error"]["text"]["en"]
    (found,) = results("inspect", path, "--recover")
    assert "junk-before-xml" in {d["id"] for d in found["deviations"]}


def test_a_folder_of_good_and_bad_files(golden: Path, tmp_path: Path) -> None:
    """A broken file never stops the others; each has its own result; the exit code is the worst."""
    shutil.copy(golden / "document_1_recall.edxml", tmp_path / "B.EDXML")
    (tmp_path / "sub").mkdir()
    shutil.copy(golden / "status_03_accepted.edxml", tmp_path / "sub" / "c.xml")
    (tmp_path / "a.xml").write_bytes(b"<html/>")
    (tmp_path / "d.edxml").write_bytes(b"")
    (tmp_path / "notes.txt").write_bytes(b"no packet")
    found = results("inspect", tmp_path, code=2)
    assert [(Path(one["input"]).name, one["status"]) for one in found] == [
        ("B.EDXML", "passed"),
        ("a.xml", "error"),
        ("d.edxml", "error"),
        ("c.xml", "passed"),
    ]
    assert [one["error"]["code"] for one in found if one["status"] == "error"] == ["unknown-root", "empty-input"]
    page = call("inspect", tmp_path, "--lang", "vi")
    assert page.exit_code == 2
    assert "Tệp rỗng. [empty-input]" in page.stderr
    assert "Gói tin trạng thái" in page.stdout


def test_a_folder_without_packets_is_unusable(tmp_path: Path) -> None:
    (found,) = results("inspect", tmp_path, code=2)
    assert found["error"]["code"] == "no-packets"


def test_a_folder_that_cannot_be_listed_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(top: str, onerror: object) -> list[object]:
        assert callable(onerror)
        onerror(PermissionError(13, "Permission denied", top))
        return []

    monkeypatch.setattr("os.walk", refuse)
    (found,) = results("inspect", tmp_path, code=2)
    assert found["error"]["code"] == "source-unreadable"
