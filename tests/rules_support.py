"""Packets for the tests of the business rules: one clean packet of each kind, and changes to its text."""

from __future__ import annotations

import datetime

from vndoc.edxml import Profile, Reading, interpret, profile_of
from vndoc.envelope import MemoryOctets
from vndoc.limits import DEFAULT, Limits
from vndoc.schema import Finding, Report, check
from vndoc.schema.rules import Context, apply
from vndoc.xml import split

TODAY = datetime.date(2026, 6, 1)
HEADER = "/edXML/edXMLEnvelope/edXMLHeader"
MESSAGE = f"{HEADER}/MessageHeader"
TRACE = f"{HEADER}/TraceHeaderList"
BUSSINESS = f"{TRACE}/Bussiness"
REFERENCE = "/edXML/edXMLEnvelope/edXMLBody/edXMLManifest/Reference"
ATTACHMENT = "/edXML/AttachmentEncoded/Attachment"

Changes = list[tuple[str, str]]

_ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016">
<e:edXMLEnvelope xmlns:e="http://www.mic.gov.vn/TBT/QCVN_102_2016"><e:edXMLHeader>
%s
</e:edXMLHeader>%s</e:edXMLEnvelope>%s</edXML>"""


def _prefixed(text: str) -> str:
    """Return *text* with the usual prefix in place of ``e``, which keeps the packets readable here."""
    return text.replace("<e:", "<edXML:").replace("</e:", "</edXML:").replace("xmlns:e=", "xmlns:edXML=")


DOCUMENT = _prefixed(
    _ENVELOPE
    % (
        """<e:MessageHeader>
<e:From><e:OrganId>H41</e:OrganId><e:OrganName>Cơ quan gửi mẫu</e:OrganName>
<e:Email>gui@example.gov.vn</e:Email></e:From>
<e:To><e:OrganId>H14.12</e:OrganId><e:OrganName>Cơ quan nhận một</e:OrganName></e:To>
<e:To><e:OrganId>000.00.00.H20</e:OrganId><e:OrganName>Cơ quan nhận hai</e:OrganName></e:To>
<e:DocumentId>H41,2026/03/04,07/TB-UBND</e:DocumentId>
<e:Code><e:CodeNumber>07</e:CodeNumber><e:CodeNotation>TB-UBND</e:CodeNotation></e:Code>
<e:PromulgationInfo><e:Place>Nghệ An</e:Place><e:PromulgationDate>2026/03/04</e:PromulgationDate></e:PromulgationInfo>
<e:DocumentType><e:Type>2</e:Type><e:TypeDetail>7</e:TypeDetail><e:TypeName>Thông báo</e:TypeName></e:DocumentType>
<e:Subject>Trích yếu mẫu</e:Subject>
<e:Content>Nội dung mẫu</e:Content>
<e:SignerInfo><e:Competence>KT. CHỦ TỊCH</e:Competence><e:FullName>Nguyễn Văn Mẫu</e:FullName></e:SignerInfo>
<e:DueDate>2026/03/20</e:DueDate>
<e:OtherInfo><e:Priority>0</e:Priority><e:SphereOfPromulgation>Nội bộ</e:SphereOfPromulgation>
<e:PromulgationAmount>3</e:PromulgationAmount><e:PageAmount>5</e:PageAmount></e:OtherInfo>
<e:ResponseFor><e:OrganId>H14.12</e:OrganId><e:Code>11/CV-X</e:Code>
<e:DocumentId>H14.12,2026/02/01,11/CV-X</e:DocumentId>
<e:PromulgationDate>2026/02/01</e:PromulgationDate></e:ResponseFor>
<e:SteeringType>1</e:SteeringType>
</e:MessageHeader>
<e:TraceHeaderList id="TL1" version="1.0">
<e:Bussiness><e:BussinessDocType>0</e:BussinessDocType><e:Paper>0</e:Paper></e:Bussiness>
<e:TraceHeader><e:OrganId>H41</e:OrganId><e:Timestamp>2026/03/04 10:11:12</e:Timestamp></e:TraceHeader>
<e:TraceHeader><e:OrganId>00.53.W00</e:OrganId><e:Timestamp>2026/03/04 10:20:00</e:Timestamp></e:TraceHeader>
</e:TraceHeaderList>""",
        """<e:edXMLBody><e:edXMLManifest version="1.0">
<e:Reference><e:ContentId>cid:1</e:ContentId><e:AttachmentName>VanBan.pdf</e:AttachmentName></e:Reference>
<e:Reference><e:ContentId>cid:2</e:ContentId><e:AttachmentName>PhuLuc.docx</e:AttachmentName></e:Reference>
</e:edXMLManifest></e:edXMLBody>""",
        """<AttachmentEncoded>
<Attachment><ContentId>cid:1</ContentId><AttachmentName>VanBan.pdf</AttachmentName><ContentType>application/pdf</ContentType>
<e:ContentTransferEncoded xmlns:e="http://www.mic.gov.vn/TBT/QCVN_102_2016">bWF1</e:ContentTransferEncoded></Attachment>
<Attachment><ContentId>cid:2</ContentId><AttachmentName>PhuLuc.docx</AttachmentName><ContentType>application/docx</ContentType>
<e:ContentTransferEncoded xmlns:e="http://www.mic.gov.vn/TBT/QCVN_102_2016">bWF1</e:ContentTransferEncoded></Attachment>
</AttachmentEncoded>""",
    )
)

STATUS = _prefixed(
    _ENVELOPE
    % (
        """<e:MessageHeader>
<e:From><e:OrganId>H14.12</e:OrganId><e:OrganName>Cơ quan nhận một</e:OrganName></e:From>
<e:ResponseFor><e:OrganId>H41</e:OrganId><e:Code>07/TB-UBND</e:Code>
<e:DocumentId>H41,2026/03/04,07/TB-UBND</e:DocumentId>
<e:PromulgationDate>2026/03/04</e:PromulgationDate></e:ResponseFor>
<e:StaffInfo><e:Staff>Trần Thị Mẫu</e:Staff><e:Email>vt@example.gov.vn</e:Email></e:StaffInfo>
<e:StatusCode>03</e:StatusCode>
<e:Description>Đã tiếp nhận</e:Description>
<e:Timestamp>2026/03/04 14:15:16</e:Timestamp>
</e:MessageHeader>""",
        "",
        "",
    )
)

CONTENT = DOCUMENT[DOCUMENT.index("<edXML:ContentTransferEncoded") : DOCUMENT.index("</Attachment>")]
"""The element with the content of the first attachment."""

NOTHING_ATTACHED: Changes = [
    (DOCUMENT[DOCUMENT.index("<edXML:Reference>") : DOCUMENT.index("</edXML:edXMLManifest>")], ""),
    (DOCUMENT[DOCUMENT.index("<Attachment>") : DOCUMENT.index("</AttachmentEncoded>")], ""),
]
"""Take away both attachments and their manifest entries."""


def changed(text: str, changes: Changes) -> str:
    """Return *text* with *changes*, each of which must find something to replace."""
    for old, new in changes:
        before = _prefixed(old)
        assert before in text, before
        text = text.replace(before, _prefixed(new), 1)
    return text


def read(text: str | bytes, limits: Limits = DEFAULT) -> Reading:
    """Return the reading of a small packet."""
    octets = MemoryOctets(text.encode() if isinstance(text, str) else text)

    def spool() -> None:
        raise AssertionError("a small packet needs no temporary store")

    return interpret(split(octets, spool=spool, limits=limits, recover=False), octets, limits=limits)


def rule_findings(
    changes: Changes, *, base: str = DOCUMENT, profile: str | Profile = "qcvn-102", today: datetime.date = TODAY
) -> list[Finding]:
    """Return what the rules alone say of a clean packet with *changes*."""
    context = Context(reading=read(changed(base, changes)), profile=profile_of(profile), today=today)
    return list(apply(context))


def report(
    changes: Changes, *, base: str = DOCUMENT, profile: str | Profile = "qcvn-102", structure: str = "fast"
) -> Report:
    """Return the whole report on a clean packet with *changes*."""
    reading = read(changed(base, changes))
    return check(reading, profile=profile_of(profile), today=TODAY, structure=structure)
