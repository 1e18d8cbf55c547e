"""Packets of any attachment size for the benchmarks: fictional, made from a fixed seed."""

from __future__ import annotations

import datetime
import io
import random
from pathlib import Path

import vndoc

KB, MB = 1000, 1_000_000


def payload(size: int) -> bytes:
    """Return *size* octets that look like a PDF and do not compress."""
    return (b"%PDF-1.7\n" + random.Random(size).randbytes(size))[:size]


def agency(code: str, name: str) -> vndoc.Organization:
    """Return an organisation block as agencies fill it in."""
    return vndoc.Organization(
        organ_id=code,
        organ_name=name,
        organ_add="Số 1 phố Mẫu",
        email="mau@example.gov.vn",
        telephone="0240000001",
        fax="0240000002",
        website="example.gov.vn",
    )


def packet(size: int, *, count: int = 1) -> vndoc.DocumentPacket:
    """Return a document packet with *count* attachments of *size* octets each, none for size 0."""
    day = datetime.date(2026, 3, 4)
    return vndoc.DocumentPacket(
        from_=agency("H41", "Đơn vị gửi mẫu"),
        to=(agency("H14.12", "Đơn vị nhận mẫu"), agency("H20", "Đơn vị nhận mẫu 2")),
        document_id="H41,2026/03/04,07/TB-UBND",
        code=vndoc.DocumentCode(number="07", notation="TB-UBND"),
        promulgation_info=vndoc.PromulgationInfo(place="Nghệ An", promulgation_date=day),
        document_type=vndoc.DocumentType(type=2, type_detail=7, type_name="Thông báo"),
        subject="Trích yếu nội dung mẫu",
        content="Nội dung mẫu",
        due_date=datetime.date(2026, 3, 20),
        signer_info=vndoc.SignerInfo(competence="KT. CHỦ TỊCH", position="Phó Chủ tịch", full_name="Nguyễn Văn Mẫu"),
        other_info=vndoc.OtherInfo(priority=0, promulgation_amount=3, page_amount=1, sphere_of_promulgation="Nội vụ"),
        to_places=("Như trên", "Lưu: VT"),
        trace_header_list=vndoc.TraceHeaderList(
            trace_headers=(
                vndoc.TraceHeader(organ_id="H41", timestamp=datetime.datetime(2026, 3, 4, 10, 11, 12)),  # noqa: DTZ001
            ),
            bussiness=vndoc.Bussiness(
                bussiness_doc_type=0,
                paper=0,
                staff_info=(vndoc.StaffInfo(department="Phòng Văn thư", staff="Trần Thị Mẫu"),),
            ),
        ),
        attachments=tuple(
            vndoc.Attachment.of(payload(size), name=f"VanBan{i}.pdf") for i in range(count if size else 0)
        ),
    )


def octets(size: int, *, count: int = 1) -> bytes:
    """Return the packet of :func:`packet` as it is written."""
    return vndoc.write_packet(packet(size, count=count))


def wrapped(data: bytes, width: int = 76) -> bytes:
    """Return *data* with the base64 text of its last attachment broken into lines of *width*."""
    end = data.rindex(b"</edXML:ContentTransferEncoded>")
    start = data.rindex(b">", 0, end) + 1
    text = data[start:end]
    lines = io.BytesIO()
    for at in range(0, len(text), width):
        lines.write(text[at : at + width] + b"\r\n")
    return data[:start] + lines.getvalue() + data[end:]


def utf16_file(path: Path, size: int) -> None:
    """Write the packet to *path* in UTF-16, piece by piece."""
    data = octets(size).replace(b'encoding="UTF-8"', b'encoding="UTF-16"', 1)
    with path.open("wb") as file:
        file.write(b"\xff\xfe")
        for at in range(0, len(data), MB):
            # the header is cut only between ASCII characters: it is shorter than one piece
            file.write(data[at : at + MB].decode().encode("utf-16-le"))
