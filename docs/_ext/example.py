"""The packet of the tutorial, for pages whose examples start from it. Everything in it is fictional."""

from __future__ import annotations

import datetime
import shlex
from pathlib import Path

import vndoc
from vndoc.cli import main

DAY = datetime.date(2026, 3, 4)
"""The date of issue."""

PDF = b"%PDF-1.7\n% mau\n%%EOF\n"
"""A file that stands for the signed document."""


REGISTRY = """\
# version: 7
# begins: 2020-09-15
# carrier: truc-tinh
code,name,level,parent,kind,valid_from,valid_to,successors,aliases,connection,system,delegations
H41,UBND tỉnh Mẫu,1,,province-committee,,,,000.00.00.H41:code-102,connected,00.41.W00,
K41,HĐND tỉnh Mẫu,1,,province-council,,,,,not-connected,,H41:2025-07-01..:giay-moi:Quy chế mẫu
H41.03,Sở Mẫu,2,H41,department,,,,000.00.03.H41:code-102,connected,00.41.W00,
H41.07,Sở Cũ,2,H41,department,,2025-02-28,H41.03:merged:Nghị quyết mẫu,,connected,,
H41.40,UBND huyện Mẫu,2,H41,district-committee,,2025-06-30,H41.41:part|H41.42:part,,connected,,
H41.41,UBND xã Mẫu Một,2,H41,commune-committee,2025-07-01,,,,connected,00.41.W00,
H41.42,UBND xã Mẫu Hai,2,H41,commune-committee,2025-07-01,,,,pending,,
"""
"""A small table of agencies, as CSV."""


def document(**changes: object) -> vndoc.DocumentPacket:
    """Return the packet of the tutorial with *changes*."""
    packet = vndoc.DocumentPacket(
        from_=vndoc.Organization(organ_id="H41.03", organ_name="Sở Mẫu"),
        to=[vndoc.Organization(organ_id="H14.12", organ_name="Ủy ban nhân dân xã Mẫu")],
        document_id=str(vndoc.DocumentId.form_a("H41.03", DAY, "07", "TB-SM")),
        code=vndoc.DocumentCode(number="07", notation="TB-SM"),
        promulgation_info=vndoc.PromulgationInfo(place="Nghệ An", promulgation_date=DAY),
        document_type=vndoc.DocumentType(type=2, type_detail=7, type_name="Thông báo"),
        subject="Về việc họp giao ban tháng 3",
        signer_info=vndoc.SignerInfo(competence="KT. GIÁM ĐỐC", position="Phó Giám đốc", full_name="Nguyễn Văn Mẫu"),
        other_info=vndoc.OtherInfo(priority=0),
        trace_header_list=vndoc.TraceHeaderList(
            bussiness=vndoc.Bussiness(bussiness_doc_type=0),
            trace_headers=[vndoc.TraceHeader(organ_id="H41.03", timestamp=datetime.datetime(2026, 3, 4, 10, 30))],  # noqa: DTZ001 - local by definition
        ),
        attachments=[vndoc.Attachment.of(PDF, name="thong-bao.pdf")],
    )
    return packet.evolve(**changes)


def write(name: str = "goi-tin.edxml", packet: vndoc.Packet | None = None) -> None:
    """Write *packet*, by default that of the tutorial, to the file *name*."""
    with Path(name).open("wb") as file:
        vndoc.write_packet(packet or document(), to=file)


def command(line: str, lang: str = "en") -> None:
    """Run ``vndoc`` with the arguments in *line* in this process; after what it prints, say its code if above 0."""
    code = main([*shlex.split(line), "--lang", lang])
    if code:
        print(f"(exit code {code})" if lang == "en" else f"(mã thoát {code})")  # noqa: T201 - what the page shows
