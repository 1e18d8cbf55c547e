"""Small packets as text, to be edited by the tests; all names are fictional."""

# ruff: noqa: E501 - packets keep their lines

from __future__ import annotations

import base64
import io
import zipfile

import vndoc
from vndoc.edxml import Reading
from vndoc.limits import DEFAULT, Limits

NS = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
BKAV = "http://www.e-doc.vn/Schema/"
GO_VN = "http://www.go.vn/eDoc"
XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
XLINK = "http://www.w3.org/1999/xlink"

HEADER = "/edXML/edXMLEnvelope/edXMLHeader"
MESSAGE = f"{HEADER}/MessageHeader"
TRACE = f"{HEADER}/TraceHeaderList"
ATTACHMENT = "/edXML/AttachmentEncoded/Attachment"

DOCUMENT = f"""<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="{NS}">
  <edXML:edXMLEnvelope xmlns:edXML="{NS}">
    <edXML:edXMLHeader>
      <edXML:MessageHeader>
        <edXML:From><edXML:OrganId>H41</edXML:OrganId><edXML:OrganName>Đơn vị gửi mẫu</edXML:OrganName></edXML:From>
        <edXML:To><edXML:OrganId>H14.12</edXML:OrganId><edXML:OrganName>Đơn vị nhận mẫu</edXML:OrganName></edXML:To>
        <edXML:DocumentId>H41,2026/03/04,07/TB-UBND</edXML:DocumentId>
        <edXML:Code><edXML:CodeNumber>07</edXML:CodeNumber><edXML:CodeNotation>TB-UBND</edXML:CodeNotation></edXML:Code>
        <edXML:PromulgationInfo><edXML:Place>Nghệ An</edXML:Place><edXML:PromulgationDate>2026/03/04</edXML:PromulgationDate></edXML:PromulgationInfo>
        <edXML:DocumentType><edXML:Type>2</edXML:Type><edXML:TypeDetail>7</edXML:TypeDetail><edXML:TypeName>Thông báo</edXML:TypeName></edXML:DocumentType>
        <edXML:Subject>Trích yếu mẫu</edXML:Subject>
        <edXML:Content>Nội dung mẫu</edXML:Content>
        <edXML:SignerInfo><edXML:Competence>KT. CHỦ TỊCH</edXML:Competence><edXML:FullName>Nguyễn Văn Mẫu</edXML:FullName></edXML:SignerInfo>
        <edXML:DueDate>2026/03/20</edXML:DueDate>
        <edXML:OtherInfo><edXML:Priority>2</edXML:Priority><edXML:Direction>false</edXML:Direction></edXML:OtherInfo>
        <edXML:ToPlaces><edXML:Place>Như trên</edXML:Place><edXML:Place>Lưu: VT</edXML:Place></edXML:ToPlaces>
      </edXML:MessageHeader>
      <edXML:TraceHeaderList id="TL1" version="1.0">
        <edXML:Bussiness><edXML:BussinessDocType>0</edXML:BussinessDocType><edXML:BussinessDocReason>Lý do mẫu</edXML:BussinessDocReason><edXML:Paper>0</edXML:Paper><edXML:StaffInfo><edXML:Department>Văn thư</edXML:Department><edXML:Mobile>0900000000</edXML:Mobile></edXML:StaffInfo></edXML:Bussiness>
        <edXML:TraceHeader><edXML:OrganId>H41</edXML:OrganId><edXML:Timestamp>2026/03/04 10:11:12</edXML:Timestamp></edXML:TraceHeader>
      </edXML:TraceHeaderList>
    </edXML:edXMLHeader>
    <edXML:edXMLBody>
      <edXML:edXMLManifest version="1.0">
        <edXML:Reference><edXML:ContentId>cid:1</edXML:ContentId><edXML:ContentType>application/pdf</edXML:ContentType><edXML:AttachmentName>mau.pdf</edXML:AttachmentName></edXML:Reference>
      </edXML:edXMLManifest>
    </edXML:edXMLBody>
  </edXML:edXMLEnvelope>
  <AttachmentEncoded>
    <Attachment>
      <ContentId>cid:1</ContentId>
      <AttachmentName>mau.pdf</AttachmentName>
      <ContentType>application/pdf</ContentType>
      <edXML:ContentTransferEncoded xmlns:edXML="{NS}">JVBERi0xLjQgbWF1</edXML:ContentTransferEncoded>
    </Attachment>
  </AttachmentEncoded>
</edXML>
"""
"""A document packet without any deviation."""

STATUS = f"""<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="{NS}">
  <edXML:edXMLEnvelope xmlns:edXML="{NS}">
    <edXML:edXMLHeader>
      <edXML:MessageHeader>
        <edXML:From><edXML:OrganId>H14.12</edXML:OrganId><edXML:OrganName>Đơn vị nhận mẫu</edXML:OrganName></edXML:From>
        <edXML:ResponseFor><edXML:OrganId>H41</edXML:OrganId><edXML:Code>07/TB-UBND</edXML:Code><edXML:DocumentId>H41,2026/03/04,07/TB-UBND</edXML:DocumentId><edXML:PromulgationDate>2026/03/04</edXML:PromulgationDate></edXML:ResponseFor>
        <edXML:StatusCode>03</edXML:StatusCode>
        <edXML:Timestamp>2026/03/05 08:00:00</edXML:Timestamp>
      </edXML:MessageHeader>
    </edXML:edXMLHeader>
  </edXML:edXMLEnvelope>
</edXML>
"""
"""A status packet without any deviation."""

FLAT_UPPER = f"""<EdXMLEnvelope xmlns="{GO_VN}"><MessageHeader>
<From><OrganId>H37.DN.001</OrganId><OrganName>Doanh nghiệp mẫu</OrganName></From>
<To><OrganId>H37.02</OrganId><OrganName>Đơn vị nhận mẫu</OrganName></To>
<Code><CodeNumber>12</CodeNumber><CodeNotation>CV-MAU</CodeNotation></Code>
<PromulgationInfo><Promulgator>Người ban hành mẫu</Promulgator><PromulgationDate>2026-05-20T08:00:00.000Z</PromulgationDate></PromulgationInfo>
<DocumentType>Công văn</DocumentType><Subject>Trích yếu mẫu</Subject>
<SignerInfo><Signer>Trần Thị Mẫu</Signer><Position>Giám đốc</Position><Competence>KT.</Competence></SignerInfo>
<OtherInfo><PageAmount>3</PageAmount><Appendix>Phụ lục mẫu</Appendix></OtherInfo>
<DocumentId>97056f07-7371-42d0-a039-8b4917ed613f</DocumentId>
<TraceHeaderList><TraceHeader><Time>2026-05-20T08:01:02.000Z</Time><Path><From>H37.DN.001</From><To>H37.02</To></Path></TraceHeader></TraceHeaderList>
</MessageHeader>
<Manifest><Attachment><Content>JVBERi0xLjQgbWF1</Content><FileName>mau.pdf</FileName><FileType>application/pdf</FileType></Attachment></Manifest>
</EdXMLEnvelope>"""
"""The flattened form, first layout: everything in the header, attachments in the manifest."""

FLAT_LOWER = f"""<e:edXMLEnvelope xmlns:e="{GO_VN}"><e:MessageHeader>
<e:From><e:OrganId>H37.DN.001</e:OrganId><e:OrganName>Doanh nghiệp mẫu</e:OrganName></e:From>
<e:To><e:OrganId>H37.02</e:OrganId><e:OrganName>Đơn vị nhận mẫu</e:OrganName></e:To>
<e:DocumentId>H37.DN.001,2026/05/20,12/CV-MAU</e:DocumentId>
<e:Code><e:CodeNumber>12</e:CodeNumber><e:CodeNotation>CV-MAU</e:CodeNotation></e:Code>
<e:PromulgationInfo><e:Place>Lạng Sơn</e:Place><e:PromulgationDate>2026/05/20</e:PromulgationDate></e:PromulgationInfo>
<e:DocumentType><e:Type>2</e:Type><e:TypeDetail>18</e:TypeDetail><e:TypeName>Công văn</e:TypeName></e:DocumentType>
<e:Subject>Trích yếu mẫu</e:Subject><e:OtherInfo><e:Priority>0</e:Priority></e:OtherInfo>
</e:MessageHeader>
<e:TraceHeaderList><e:TraceHeader><e:OrganId>H37.DN.001</e:OrganId><e:Timestamp>2026/05/20 08:01:02</e:Timestamp></e:TraceHeader></e:TraceHeaderList>
<e:Attachment><e:FileName>mau.pdf</e:FileName><e:FileType>application/pdf</e:FileType><e:Content>JVBERi0xLjQgbWF1</e:Content></e:Attachment>
</e:edXMLEnvelope>"""
"""The flattened form, second layout: ordinary children, trace list and attachments directly below the root."""


def edit(base: str, *pairs: tuple[str, str]) -> str:
    """Return *base* with each first text, which must stand there exactly once, replaced by the second."""
    for old, new in pairs:
        assert base.count(old) == 1, (base.count(old), old)
        base = base.replace(old, new)
    return base


def element(name: str, text: str) -> str:
    """Return one prefixed element."""
    return f"<edXML:{name}>{text}</edXML:{name}>"


def read(text: str | bytes, *, recover: bool = False, limits: Limits = DEFAULT) -> Reading:
    """Read a packet."""
    data = text.encode() if isinstance(text, str) else text
    return vndoc.read(data, recover=recover, limits=limits)


def found(reading: Reading) -> list[str]:
    """Return the ids of all deviations, in the order they were reported."""
    return [deviation.id for deviation in reading.deviations]


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip with *entries*."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return buffer.getvalue()


def attached(
    data: bytes | str, name: str = "mau.txt", label: str | None = "application/zip", base: str = DOCUMENT
) -> str:
    """Return the sample with its attachment replaced; *data* is base64 text if it is a ``str``."""
    text = data if isinstance(data, str) else base64.b64encode(data).decode()
    kind = "" if label is None else f"<ContentType>{label}</ContentType>"
    return edit(
        base,
        (
            "<AttachmentName>mau.pdf</AttachmentName>\n      <ContentType>application/pdf</ContentType>",
            f"<AttachmentName>{name}</AttachmentName>{kind}",
        ),
        ("JVBERi0xLjQgbWF1", text),
        (element("ContentType", "application/pdf"), ""),
    )
