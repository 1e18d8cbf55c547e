"""Every rule: at least one packet that breaks it, at the right place, and one that only just does not.

A case changes a clean packet in one way; the clean packets themselves break no rule at all.
"""

from __future__ import annotations

import attrs
import pytest

from rules_support import (
    ATTACHMENT,
    BUSSINESS,
    CONTENT,
    DOCUMENT,
    HEADER,
    MESSAGE,
    NOTHING_ATTACHED,
    REFERENCE,
    STATUS,
    TRACE,
    Changes,
    rule_findings,
)
from vndoc.edxml import DEVIATIONS, PROFILES, Severity
from vndoc.schema import RULES, Finding

LONG = "x" * 501
PRIORITY = "<e:Priority>0"
BUSINESS = "<e:Bussiness><e:BussinessDocType>0</e:BussinessDocType>"
ID = "<e:DocumentId>H41,2026/03/04,07/TB-UBND"
ISSUED = "<e:PromulgationDate>2026/03/04</e:PromulgationDate></e:PromulgationInfo>"
FIRST = "2026/03/04 10:11:12"
SECOND = "2026/03/04 10:20:00"
RESPONSE = DOCUMENT[DOCUMENT.index("<edXML:ResponseFor>") : DOCUMENT.index("<edXML:SteeringType>")]
FILE_2 = "<Attachment><ContentId>cid:2"
TYPE = "<e:Type>2</e:Type><e:TypeDetail>7</e:TypeDetail><e:TypeName>Thông báo</e:TypeName>"
HOP_2 = "<e:OrganId>00.53.W00</e:OrganId>"


def doc_type(type_: str, detail: str, name: str) -> Changes:
    detail = f"<e:TypeDetail>{detail}</e:TypeDetail>" if detail else ""
    return [(TYPE, f"<e:Type>{type_}</e:Type>{detail}<e:TypeName>{name}</e:TypeName>")]


def operation(number: int, rest: str = "") -> Changes:
    return [(BUSINESS, f"<e:Bussiness><e:BussinessDocType>{number}</e:BussinessDocType>{rest}")]


def naming(target: str) -> Changes:
    """A recall that names its target in the block Bussiness."""
    block = f"<e:Bussiness><e:DocumentId>{target}</e:DocumentId><e:BussinessDocType>1</e:BussinessDocType>"
    return [(BUSINESS, block)]


def update(info: str | None) -> Changes:
    block = "" if info is None else f"<e:BussinessDocumentInfo>{info}</e:BussinessDocumentInfo>"
    target = "<e:DocumentId>H41,2026/02/01,05/TB-UBND</e:DocumentId>"
    after = f"<e:Bussiness>{target}<e:BussinessDocType>2</e:BussinessDocType><e:Paper>0</e:Paper>{block}"
    return [(f"{BUSINESS}<e:Paper>0</e:Paper>", after)]


def replacement(*ids: str) -> str:
    entries = "".join(f"<e:ReplacementInfo><e:DocumentId>{i}</e:DocumentId></e:ReplacementInfo>" for i in ids)
    return f"<e:ReplacementInfoList>{entries}</e:ReplacementInfoList>"


def file_name(name: str) -> Changes:
    return [(f"Name>{old}<", f"Name>{name}<") for old in ("PhuLuc.docx", "PhuLuc.docx")]


RECEIVERS = (
    "<e:ReceiverList><e:Receiver><e:OrganId>H20</e:OrganId><e:ReceiverType>1</e:ReceiverType></e:Receiver>"
    "</e:ReceiverList>"
)
CHANGED_RECEIVERS = "<e:DocumentReceiver>1</e:DocumentReceiver>" + RECEIVERS
RECALL_REASON = "<e:BussinessDocReason>Lý do mẫu</e:BussinessDocReason>"
NO_ID: Changes = [
    ("<e:DocumentId>H41,2026/03/04,07/TB-UBND</e:DocumentId>", ""),
    ("<e:Code><e:CodeNumber>07</e:CodeNumber><e:CodeNotation>TB-UBND</e:CodeNotation></e:Code>", ""),
]
E14 = "<e:OrganId>H14.12</e:OrganId><e:OrganName>"
REASON = "<e:Description>Đã tiếp nhận</e:Description>"


@attrs.frozen
class Case:
    rule: str
    changes: Changes
    path: str
    code: str | None = None
    found: str | None = None
    expected: str | None = None
    base: str = DOCUMENT
    profile: str = "qcvn-102"


BREAKS = [
    # -- values
    Case("missing-element", [("<e:OrganId>H41</e:OrganId><e:OrganName>", "<e:OrganName>")], f"{MESSAGE}/From/OrganId",
         "N.MessageHeader.From.OrganId"),
    Case("missing-element", [("Cơ quan nhận hai", " ")], f"{MESSAGE}/To[2]/OrganName", "N.MessageHeader.To.OrganName"),
    Case("missing-element", [(f"{PRIORITY}</e:Priority>", "")], f"{MESSAGE}/OtherInfo/Priority"),
    Case("missing-element", [("<Attachment><ContentId>cid:2<", "<Attachment><ContentId>cid:<")],
         f"{ATTACHMENT}[2]/ContentId", "N.AttachmentEncoded.Attachment.ContentId"),
    Case("missing-element", [("<ContentType>application/pdf</ContentType>", "")], f"{ATTACHMENT}[1]/ContentType"),
    Case("missing-element", [("<e:ContentId>cid:2</e:ContentId>", "")], f"{REFERENCE}[2]/ContentId"),
    Case("missing-element", [("<e:AttachmentName>PhuLuc.docx</e:AttachmentName>", "")],
         f"{REFERENCE}[2]/AttachmentName"),
    Case("trace-without-agency", [("<e:OrganId>H41</e:OrganId><e:Timestamp>", "<e:Timestamp>"), (HOP_2, "")],
         TRACE),
    Case("missing-element", [("<e:Code>07/TB-UBND</e:Code>", "")], f"{MESSAGE}/ResponseFor/Code", base=STATUS),
    Case("text-too-long", [("Trích yếu mẫu", LONG)], f"{MESSAGE}/Subject", "R.MessageHeader.Subject", "501", "500"),
    Case("text-too-long", [("Trích yếu mẫu", "ế" * 501)], f"{MESSAGE}/Subject", "R.MessageHeader.Subject", "501",
         "500"),
    Case("text-too-long", [("Trần Thị Mẫu", "x" * 301)], f"{MESSAGE}/StaffInfo/Staff", base=STATUS),
    Case("text-not-nfc", [("Nội dung mẫu", "Nô\u0323i dung mẫu")], f"{MESSAGE}/Content", None, "Nô\u0323i dung mẫu"),
    Case("code-not-in-list", [(PRIORITY, "<e:Priority>6")], f"{MESSAGE}/OtherInfo/Priority",
         "R.MessageHeader.OtherInfo.Priority", "6", "0, 1, 2, 3, 4"),
    Case("code-not-in-list", operation(4), f"{BUSSINESS}/BussinessDocType",
         "R.TraceHeaderList.Bussiness.BussinessDocType", "4"),
    Case("code-not-in-list", [("<e:Paper>0", "<e:Paper>-1")], f"{BUSSINESS}/Paper"),
    Case("code-not-in-list", update("<e:DocumentInfo>2</e:DocumentInfo>" + CHANGED_RECEIVERS),
         f"{BUSSINESS}/BussinessDocumentInfo/DocumentInfo"),
    Case("steering-type-unknown", [("<e:SteeringType>1", "<e:SteeringType>9")], f"{MESSAGE}/SteeringType", None, "9"),
    Case("amount-out-of-range", [("Amount>3<", "Amount>65536<")], f"{MESSAGE}/OtherInfo/PromulgationAmount",
         "R.MessageHeader.OtherInfo.PromulgationAmount"),
    Case("amount-out-of-range", [("<e:PageAmount>5", "<e:PageAmount>-1")], f"{MESSAGE}/OtherInfo/PageAmount"),
    Case("email-invalid", [("gui@example.gov.vn", "gui.example.gov.vn")], f"{MESSAGE}/From/Email",
         "M.MessageHeader.From.Email"),
    Case("email-invalid", [("vt@example.gov.vn", "vt@example")], f"{MESSAGE}/StaffInfo/Email", base=STATUS),
    Case("organ-level1-unknown", [(f"{E14}Cơ quan nhận một", f"{E14.replace('H14', 'L14')}Cơ quan nhận một")],
         f"{MESSAGE}/To[1]/OrganId", None, "L14.12"),
    # -- header
    Case("receiver-doubled", [("000.00.00.H20", "H14.12")], f"{MESSAGE}/To[2]/OrganId", "M.MessageHeader.To.OrganId"),
    Case("sender-among-receivers", [("000.00.00.H20", "H41")], f"{MESSAGE}/To[2]/OrganId"),
    Case("date-in-future", [(ISSUED, ISSUED.replace("2026/03/04", "2026/06/02"))],
         f"{MESSAGE}/PromulgationInfo/PromulgationDate", "R.MessageHeader.PromulgationInfo.PromulgationDate",
         "2026/06/02", "2026/06/01"),
    Case("date-too-old", [(ISSUED, ISSUED.replace("2026/03/04", "1945/09/01"))],
         f"{MESSAGE}/PromulgationInfo/PromulgationDate"),
    Case("trace-in-future", [(SECOND, "2026/06/03 00:00:00")], f"{TRACE}/TraceHeader[2]/Timestamp"),
    Case("due-date-before-issue", [("2026/03/20", "2026/03/03")], f"{MESSAGE}/DueDate"),
    Case("trace-before-issue", [(FIRST, "2026/03/03 23:59:59")], f"{TRACE}/TraceHeader[1]/Timestamp"),
    Case("document-type-class", doc_type("18", "", "Công văn"), f"{MESSAGE}/DocumentType/Type",
         "M.MessageHeader.DocumentType.Type", "18"),
    Case("document-type-class", doc_type("0", "7", "Thông báo"), f"{MESSAGE}/DocumentType/Type"),
    Case("document-type-detail-unknown", doc_type("2", "33", "Thông báo"), f"{MESSAGE}/DocumentType/TypeDetail",
         "R.MessageHeader.DocumentType.TypeDetail", "33", "1-32"),
    Case("document-type-detail-unknown", doc_type("1", "14", "Luật"), f"{MESSAGE}/DocumentType/TypeDetail"),
    Case("document-type-name-unknown", doc_type("2", "7", "Loại lạ"), f"{MESSAGE}/DocumentType/TypeName"),
    Case("document-type-mismatch", doc_type("2", "8", "Thông báo"), f"{MESSAGE}/DocumentType/TypeDetail",
         "M.MessageHeader.DocumentType.TypeDetail", "2/8 Thông báo", "2/7"),
    Case("document-type-mismatch", doc_type("2", "10", "Thông báo"), f"{MESSAGE}/DocumentType/TypeDetail"),
    Case("document-type-mismatch", doc_type("1", "0", "Công văn"), f"{MESSAGE}/DocumentType/Type", None, "1 Công văn",
         "2"),
    Case("document-type-mismatch-unsure", doc_type("2", "10", "Báo cáo"), f"{MESSAGE}/DocumentType/TypeDetail"),
    Case("code-number-form", [("Number>07<", "Number>7<")], f"{MESSAGE}/Code/CodeNumber"),
    Case("code-number-form", [("Number>07<", "Number>07A<")], f"{MESSAGE}/Code/CodeNumber"),
    Case("code-notation-form", [("Notation>TB-UBND<", "Notation>TB UBND<")], f"{MESSAGE}/Code/CodeNotation"),
    Case("document-id-mismatch", [(ID, ID.replace("H41", "H42"))], f"{MESSAGE}/DocumentId",
         "M.MessageHeader.DocumentId", "H42,2026/03/04,07/TB-UBND", "H41,2026/03/04,07/TB-UBND"),
    Case("document-id-mismatch", [(ID, ID.replace("/04", "/05"))], f"{MESSAGE}/DocumentId"),
    Case("document-id-mismatch", [(ID, ID.replace("2026/03/04", "2026/02/30"))], f"{MESSAGE}/DocumentId"),
    Case("document-id-mismatch", [(ID, ID.replace("07", "08"))], f"{MESSAGE}/DocumentId"),
    Case("document-id-mismatch", [(ID, "<e:DocumentId>H41,2025,10")], f"{MESSAGE}/DocumentId", None, "H41,2025,10",
         "H41,2026,…"),
    Case("response-id-mismatch", [("11/CV-X</e:DocumentId>", "12/CV-X</e:DocumentId>")],
         f"{MESSAGE}/ResponseFor/DocumentId"),
    Case("response-id-mismatch", [("<e:Code>07", "<e:Code>08")], f"{MESSAGE}/ResponseFor/DocumentId", base=STATUS),
    Case("response-date-in-future", [("2026/02/01</e:PromulgationDate>", "2026/06/02</e:PromulgationDate>")],
         f"{MESSAGE}/ResponseFor/PromulgationDate"),
    Case("response-date-missing", [("<e:DocumentId>H41,2026/03/04,07/TB-UBND", "<e:DocumentId>18661"),
         ("<e:PromulgationDate>2026/03/04</e:PromulgationDate>", "")], f"{MESSAGE}/ResponseFor/PromulgationDate",
         "N.MessageHeader.ResponseFor.PromulgationDate", base=STATUS),
    Case("response-incomplete",
         [("<e:Code>11/CV-X</e:Code>\n<e:DocumentId>H14.12,2026/02/01,11/CV-X</e:DocumentId>", "")],
         f"{MESSAGE}/ResponseFor"),
    Case("trace-order", [(SECOND, "2026/03/04 10:11:11")], f"{TRACE}/TraceHeader[2]/Timestamp", None,
         "2026/03/04 10:11:11", FIRST),
    Case("trace-order", [(FIRST, "2026/03/05"), (SECOND, "2026/03/04 23:59:59")], f"{TRACE}/TraceHeader[2]/Timestamp"),
    Case("trace-first-hop", [("<e:OrganId>H41</e:OrganId><e:Timestamp>", "<e:OrganId>H42</e:OrganId><e:Timestamp>")],
         f"{TRACE}/TraceHeader[1]/OrganId"),
    # -- operations
    Case("recall-target-missing", [*operation(1, RECALL_REASON), (RESPONSE, ""), *NO_ID], f"{MESSAGE}/ResponseFor",
         "N.MessageHeader.ResponseFor"),
    Case("recall-target-own-code", [*operation(1, RECALL_REASON), (RESPONSE, "")], f"{MESSAGE}/ResponseFor", None,
         "H41,2026/03/04,07/TB-UBND"),
    Case("recall-target-own-code", [(RESPONSE, ""), *naming("H41,2026-03-04,7/TB-UBND")], f"{MESSAGE}/ResponseFor"),
    Case("recall-reason-missing", operation(1), f"{BUSSINESS}/BussinessDocReason",
         "N.TraceHeaderList.Bussiness.BussinessDocReason"),
    Case("update-target-missing", operation(2), f"{BUSSINESS}/DocumentId", "N.TraceHeaderList.Bussiness.DocumentId"),
    Case("update-info-missing", update(None), f"{BUSSINESS}/BussinessDocumentInfo"),
    Case("update-of-nothing", update("<e:DocumentInfo>0</e:DocumentInfo><e:DocumentReceiver>0</e:DocumentReceiver>"),
         f"{BUSSINESS}/BussinessDocumentInfo"),
    Case("update-receivers-not-announced", update("<e:DocumentInfo>1</e:DocumentInfo>" + RECEIVERS),
         f"{BUSSINESS}/BussinessDocumentInfo/ReceiverList", None, "0", "1"),
    Case("update-receivers-missing", update("<e:DocumentReceiver>1</e:DocumentReceiver>"),
         f"{BUSSINESS}/BussinessDocumentInfo/ReceiverList"),
    Case("replacement-missing", operation(3), f"{BUSSINESS}/ReplacementInfoList",
         "N.TraceHeaderList.Bussiness.ReplacementInfoList"),
    Case("replacement-of-itself", operation(3, replacement("H41,2026/02/02,06/TB-UBND", "H41,2026/03/04,7/TB-UBND")),
         f"{BUSSINESS}/ReplacementInfoList/ReplacementInfo[2]/DocumentId"),
    Case("operation-block-unexpected", operation(0, replacement("H41,2026/02/02,06/TB-UBND")),
         f"{BUSSINESS}/ReplacementInfoList", None, "ReplacementInfoList", "0"),
    Case("operation-block-unexpected", [*operation(3, replacement("1")), ("<e:Paper>0</e:Paper>",
         "<e:BussinessDocumentInfo><e:DocumentInfo>1</e:DocumentInfo></e:BussinessDocumentInfo>")],
         f"{BUSSINESS}/BussinessDocumentInfo"),
    # -- status
    Case("status-code-unknown", [("Code>03<", "Code>17<")], f"{MESSAGE}/StatusCode", "M.MessageHeader.StatusCode",
         base=STATUS),
    Case("status-code-unknown", [("Code>03<", "Code>done<")], f"{MESSAGE}/StatusCode", base=STATUS),
    Case("status-code-reserved", [("Code>03<", "Code>14<")], f"{MESSAGE}/StatusCode", base=STATUS),
    *(Case("status-reason-missing", [("Code>03<", f"Code>{code}<"), (REASON, "")], f"{MESSAGE}/Description",
           "N.MessageHeader.Description", code, base=STATUS) for code in ("02", "13", "16")),
    Case("status-to-itself", [("<e:ResponseFor><e:OrganId>H41", "<e:ResponseFor><e:OrganId>H14.12")],
         f"{MESSAGE}/ResponseFor/OrganId", base=STATUS),
    Case("status-in-future", [("2026/03/04 14:15:16", "2026/06/02 00:00:00")], f"{MESSAGE}/Timestamp", base=STATUS),
    Case("status-before-issue", [("2026/03/04 14:15:16", "2026/03/03 14:15:16")], f"{MESSAGE}/Timestamp", base=STATUS),
    # -- process: 4 March 2026 is a Wednesday
    Case("sent-late", [(FIRST, "2026/03/05 12:00:01"), (SECOND, "2026/03/06 10:20:00")],
         f"{TRACE}/TraceHeader[1]/Timestamp",
         None, "2026/03/05 12:00:01", "2026/03/04"),
    Case("urgent-sent-late",
         [(PRIORITY, "<e:Priority>1"), (FIRST, "2026/03/05 07:00:00"), (SECOND, "2026/03/05 08:00:00")],
         f"{TRACE}/TraceHeader[1]/Timestamp"),
    Case("attachment-missing", NOTHING_ATTACHED, ATTACHMENT, "N.AttachmentEncoded.Attachment"),
    Case("pdf-missing", [("VanBan.pdf", "VanBan.odt"), ("VanBan.pdf", "VanBan.odt"), ("application/pdf", "x/y")],
         f"{ATTACHMENT}[1]"),
    Case("signer-missing", [("<e:FullName>Nguyễn Văn Mẫu</e:FullName>", "")], f"{MESSAGE}/SignerInfo/FullName",
         "N.MessageHeader.SignerInfo.FullName"),
    Case("competence-prefix", [("KT. CHỦ TỊCH", "CHỦ TỊCH")], f"{MESSAGE}/SignerInfo/Competence"),
    Case("secrecy-mark", [("Trích yếu mẫu", "Báo cáo mẫu (Mật)")], f"{MESSAGE}/Subject", None, "Mật"),
    Case("secrecy-mark", [("Nội bộ", "Tối mật")], f"{MESSAGE}/OtherInfo/SphereOfPromulgation"),
    Case("secrecy-mark", file_name("TUYỆT MẬT_2026.docx"), f"{ATTACHMENT}[2]/AttachmentName"),
    Case("secrecy-mark", [(f"{FILE_2}</ContentId>", f"{FILE_2}</ContentId><Description>MẬT</Description>")],
         f"{ATTACHMENT}[2]/Description"),
    # -- attachments
    Case("reference-without-attachment", [("<e:ContentId>cid:2", "<e:ContentId>cid:3")], f"{REFERENCE}[2]",
         "M.edXMLBody.edXMLManifest.Reference", "3"),
    Case("attachment-without-reference", [("<e:ContentId>cid:2", "<e:ContentId>cid:3")], f"{ATTACHMENT}[2]",
         "M.AttachmentEncoded.Attachment", "2"),
    Case("content-id-repeated", [("<e:ContentId>cid:2", "<e:ContentId>cid:cid:1")], f"{REFERENCE}[2]/ContentId"),
    Case("content-id-repeated", [("<Attachment><ContentId>cid:2", "<Attachment><ContentId>1")],
         f"{ATTACHMENT}[2]/ContentId"),
    Case("attachment-name-mismatch", [("PhuLuc.docx", "PhuLuc2.docx")], f"{REFERENCE}[2]/AttachmentName", None,
         "PhuLuc2.docx", "PhuLuc.docx"),
    Case("attachment-name-doubled", file_name("VanBan.pdf"), f"{ATTACHMENT}[2]/AttachmentName"),
    Case("attachment-empty", [(">bWF1<", "><")], f"{ATTACHMENT}[1]"),
    Case("attachment-executable", file_name("PhuLuc.EXE"), f"{ATTACHMENT}[2]/AttachmentName"),
    # -- peers
    Case("peer-organ-code-length", [("<e:To><e:OrganId>H14.12", "<e:To><e:OrganId>H14.12.123.456")],
         f"{MESSAGE}/To[1]/OrganId", "R.MessageHeader.To.OrganId", "H14.12.123.456", "13", profile="qcvn-102-2016"),
    Case("peer-organ-code-length", [("<e:From><e:OrganId>H14.12", "<e:From><e:OrganId>H14.12.123.456")],
         f"{MESSAGE}/From/OrganId", base=STATUS, profile="qcvn-102-2016"),
    Case("peer-organ-code-groups", [(HOP_2, "<e:OrganId>H53.01.02.03.04</e:OrganId>")],
         f"{TRACE}/TraceHeader[2]/OrganId",
         "R.TraceHeaderList.TraceHeader.OrganId", profile="bkav"),
    Case("peer-attachment-name-length", file_name("x" * 46 + ".docx"), f"{ATTACHMENT}[2]/AttachmentName", None, "51",
         "50",
         profile="ninh-binh"),
    Case("peer-attachment-name-ascii", file_name("PhụLục.docx"), f"{ATTACHMENT}[2]/AttachmentName",
         profile="ninh-binh"),
]  # fmt: skip

ELSEWHERE = {"findings-cut", "peer-packet-size", "peer-attachment-size"}
"""Rules that need more than a change of text: ``test_rules_check.py``."""

HOLDS = [
    Case("missing-element", [(ISSUED, ISSUED.replace("2026/03/04", "2026/13/04"))],
         "an unreadable value is not missing"),
    Case("missing-element", [(HOP_2, "")], "axes add hops without an agency"),
    Case("missing-element", [("<e:OrganId>00.53.W00</e:OrganId>", "<e:OrganId>null</e:OrganId>")], "also as null"),
    Case("missing-element", [("<e:OtherInfo><e:Priority>0</e:Priority>", "<e:OtherInfo><e:Priority>x</e:Priority>"),
         (DOCUMENT[DOCUMENT.index("<edXML:SphereOf") : DOCUMENT.index("</edXML:OtherInfo>")], "")],
         "nor is a block with an unreadable value"),
    Case("text-too-long", [("Trích yếu mẫu", f" {LONG[:500]}\n")], "500 characters, and white space around"),
    Case("text-too-long", [("Trích yếu mẫu", "e\u0301" * 250)], "500 characters as they stand"),
    Case("text-not-nfc", [("Trích yếu mẫu", "Tuyển dụng")], "composed"),
    Case("code-not-in-list", [("<e:Paper>0", "<e:Paper>5")], "reported as paper-count"),
    Case("code-not-in-list", [(PRIORITY, "<e:Priority>4")], "the last one"),
    Case("steering-type-unknown", [("<e:SteeringType>1</e:SteeringType>", "")], "absent"),
    Case("steering-type-unknown", [("<e:SteeringType>1", "<e:SteeringType>3")], "the last one"),
    Case("amount-out-of-range", [("Amount>3<", "Amount>65535<"), ("Amount>5<", "Amount>0<")], "both ends"),
    Case("email-invalid", [("gui@example.gov.vn", " văn-thư+1@ubnd.example.gov.vn ")], "white space around"),
    Case("organ-level1-unknown", [(E14, "<e:OrganId>0100000000</e:OrganId><e:OrganName>")], "an enterprise"),
    Case("receiver-doubled", [("000.00.00.H20", "000.00.12.H14")], "other schemes are other codes"),
    Case("date-in-future", [(ISSUED, ISSUED.replace("2026/03/04", "2026/06/01"))], "today"),
    Case("date-too-old", [(ISSUED, ISSUED.replace("2026/03/04", "1945/09/02"))], "the first day"),
    Case("trace-in-future", [(SECOND, "2026/06/02 23:59:59")], "one day of grace"),
    Case("due-date-before-issue", [("2026/03/20", "2026/03/04")], "the same day"),
    Case("trace-before-issue", [(FIRST, "2026/03/04")], "no time given"),
    Case("trace-before-issue", [(ISSUED, "</e:PromulgationInfo>")], "no date"),
    Case("document-type-class", doc_type("1", "8", "Quyết định"), "legal"),
    Case("document-type-detail-unknown", doc_type("2", "32", "Thư công"), "the last one"),
    Case("document-type-detail-unknown", doc_type("2", "0", "Thông báo"), "zero names nothing"),
    Case("document-type-name-unknown", doc_type("2", "7", "THONG BAO"), "accents and case do not matter"),
    Case("document-type-mismatch", doc_type("1", "8", "Quyết định"), "both lists have it: legal"),
    Case("document-type-mismatch", doc_type("2", "2", "Quyết định"), "both lists have it: administrative"),
    Case("document-type-mismatch", doc_type("2", "", "Công văn"), "no detail"),
    Case("document-type-mismatch", doc_type("2", "33", "Công văn"), "an unknown detail is its own finding"),
    Case("document-type-mismatch", doc_type("2", "28", "Phiếu báo"), "a type that the lists do not name"),
    Case("document-type-mismatch", doc_type("2", "10", "Báo cáo"), "both codes inferred"),
    Case("document-type-mismatch-unsure", doc_type("2", "10", "Kế hoạch"), "inferred and right"),
    Case("document-type-mismatch-unsure", doc_type("1", "0", "Công văn"), "sure"),
    Case("code-number-form", [("Number>07<", "Number>1234567890A1<")], "too long is its own finding"),
    Case("code-notation-form", [("Notation>TB-UBND<", "Notation> 2026/NĐ-CP <")], "with a year"),
    Case("code-notation-form", [("Notation>TB-UBND<", f"Notation>{'x,' * 20}<")], "too long is its own finding"),
    Case("document-id-mismatch", [(ID, ID.replace("H41", "000.00.00.H41"))], "the other scheme, same numbers"),
    Case("document-id-mismatch", [(ID, ID.replace(",07", ",7"))], "leading zeros"),
    Case("document-id-mismatch", [(ID, "<e:DocumentId>H41,2026,10")], "issuer and year"),
    Case("document-id-mismatch", [(ID, "<e:DocumentId>18661")], "not made of parts"),
    Case("document-id-mismatch", [("Notation>TB-UBND<", "Notation>TB-UBND#x<")], "what follows # does not count"),
    Case("document-id-mismatch", [("<e:CodeNumber>07</e:CodeNumber>", "")], "no number: missing is its own finding"),
    Case("response-date-missing", [("<e:PromulgationDate>2026/03/04</e:PromulgationDate>", "")], "the id has it",
         base=STATUS),
    Case("response-date-missing", [("<e:DocumentId>H41,2026/03/04,07/TB-UBND", "<e:DocumentId>18661"),
         ("<e:PromulgationDate>2026/03/04<", "<e:PromulgationDate>hôm qua<")], "unreadable, not missing", base=STATUS),
    Case("response-incomplete", [("<e:Code>11/CV-X</e:Code>", "")], "the id is enough"),
    Case("response-id-mismatch", [("<e:Code>11/CV-X</e:Code>", "")], "nothing to compare with"),
    Case("trace-order", [(SECOND, "2026/03/04")], "the same day"),
    Case("trace-order", [(SECOND, FIRST)], "the same moment"),
    Case("trace-first-hop", [("<e:OrganId>H41</e:OrganId><e:Timestamp>", "<e:Timestamp>")], "unknown"),
    Case("recall-target-missing", operation(1), "ResponseFor names it"),
    Case("recall-target-missing", [(RESPONSE, ""), *naming("H41,2026/02/01,05/TB-UBND")], "Bussiness names it"),
    Case("recall-target-own-code", [(RESPONSE, ""), *NO_ID, *naming("18661")],
         "Bussiness names it, and there is no own code"),
    Case("recall-reason-missing", operation(1, RECALL_REASON), "given"),
    Case("update-of-nothing", update("<e:DocumentInfo>1</e:DocumentInfo>"), "content"),
    Case("update-receivers-missing", update(CHANGED_RECEIVERS), "given"),
    Case("update-info-missing", operation(0), "no update"),
    Case("replacement-of-itself", operation(3, replacement("H41,2026/02/02,06/TB-UBND")), "another one"),
    Case("replacement-of-itself", [*operation(3, replacement("18661")), *NO_ID], "no own id"),
    Case("operation-block-unexpected", operation(4, replacement("1")), "an unknown operation is its own finding"),
    Case("operation-block-unexpected", [(BUSINESS + "<e:Paper>0</e:Paper></e:Bussiness>", "")], "no block"),
    Case("status-reason-missing", [("Code>03<", "Code>02<")], "given", base=STATUS),
    Case("status-code-unknown", [("Code>03<", "Code>3<")], "one digit", base=STATUS),
    Case("status-to-itself", [("<e:OrganId>H14.12</e:OrganId>", "")], "no sender", base=STATUS),
    Case("status-in-future", [("2026/03/04 14:15:16", "2026/06/01 23:59:59")], "today", base=STATUS),
    Case("status-before-issue", [("2026/03/04 14:15:16", "2026/03/04")], "the same day", base=STATUS),
    Case("sent-late", [(FIRST, "2026/03/05 12:00:00")], "noon"),
    Case("sent-late", [(FIRST, "2026/03/05")], "no time given"),
    Case("sent-late", [(FIRST, "2026/03/10 10:00:00")], "another hop was in time"),
    Case("sent-late", [*operation(2), (FIRST, "2026/03/10 10:00:00"), (SECOND, "2026/03/10 11:00:00")], "an update"),
    Case("sent-late", [(PRIORITY, "<e:Priority>1"), (FIRST, "2026/03/10 10:00:00"), (SECOND, "2026/03/11 11:00:00")],
         "an urgent one has its own rule"),
    Case("urgent-sent-late", [(PRIORITY, "<e:Priority>3"), (FIRST, "2026/03/04 23:59:59")], "the same day"),
    Case("attachment-missing", [*operation(1), *NOTHING_ATTACHED], "a recall"),
    Case("pdf-missing", [("VanBan.pdf", "VanBan"), ("VanBan.pdf", "VanBan")], "the label says so"),
    Case("pdf-missing", [*operation(1), ("VanBan.pdf", "a"), ("VanBan.pdf", "a"), ("application/pdf", "x/y")],
         "a recall"),
    Case("competence-prefix", [("KT. CHỦ TỊCH", "tuq. Giám đốc")], "case does not matter"),
    Case("competence-prefix", [("<e:Competence>KT. CHỦ TỊCH</e:Competence>", "")], "none"),
    Case("attachment-without-reference",
         [(DOCUMENT[DOCUMENT.index("<edXML:edXMLBody>"):DOCUMENT.index("</edXML:edXMLEnv")],
         "")], "no manifest at all is a deviation"),
    Case("attachment-without-reference", [("<e:ContentId>cid:2", "<e:ContentId>2")], "cid: does not count"),
    Case("attachment-name-mismatch", [("<e:AttachmentName>PhuLuc.docx", "<e:AttachmentName> PhuLuc.docx ")],
         "white space"),
    Case("attachment-name-mismatch", [("<e:AttachmentName>PhuLuc.docx</e:AttachmentName>", "")], "missing"),
    Case("attachment-empty", [(">bWF1<", ">bWF1!<")], "damaged: its size is unknown"),
    Case("attachment-empty", [(CONTENT, "")], "no content element: a deviation"),
    Case("attachment-executable", file_name("exe"), "no extension"),
    Case("peer-organ-code-length", [("<e:To><e:OrganId>H14.12", "<e:To><e:OrganId>H14.12.123.45")], "13",
         profile="qcvn-102-2016"),
    Case("peer-organ-code-groups", [(HOP_2, "<e:OrganId>H53.01.02.03</e:OrganId>")], "four", profile="bkav"),
    Case("peer-organ-code-groups", [("<e:OrganId>H41</e:OrganId><e:OrganName>", "<e:OrganName>"), (HOP_2, "")],
         "no sender code, no code in a hop", profile="bkav"),
    Case("peer-attachment-name-length", file_name("x" * 45 + ".docx"), "50", profile="ninh-binh"),
    Case("peer-attachment-name-length", file_name(""), "no name", profile="ninh-binh"),
]  # fmt: skip


def findings(case: Case) -> list[Finding]:
    found = rule_findings(case.changes, base=case.base, profile=case.profile)
    return [finding for finding in found if finding.id == case.rule]


@pytest.mark.parametrize("base", [DOCUMENT, STATUS], ids=["document", "status"])
@pytest.mark.parametrize("profile", PROFILES)
def test_a_clean_packet_breaks_no_rule(base: str, profile: str) -> None:
    assert rule_findings([], base=base, profile=profile) == []


@pytest.mark.parametrize("case", BREAKS, ids=lambda case: f"{case.rule}-{case.path.rpartition('/')[2]}")
def test_a_rule_is_broken_and_says_where(case: Case) -> None:
    matching = [f for f in findings(case) if f.place.path == case.path]
    assert len(matching) == 1, findings(case)
    finding = matching[0]
    rule = RULES[case.rule]
    assert finding.place.line is not None
    assert finding.severity is rule.severity
    assert (finding.code or "").partition(".")[0] == (rule.code or "")
    for given, wanted in ((finding.code, case.code), (finding.found, case.found), (finding.expected, case.expected)):
        assert wanted is None or given == wanted
    for template in (rule.text.vi, rule.text.en):
        assert "{found}" not in template or finding.found
        assert "{expected}" not in template or finding.expected
    for lang in ("vi", "en"):
        assert not set(finding.text(lang)) & set("?{}")
        assert finding.source


@pytest.mark.parametrize("case", HOLDS, ids=lambda case: f"{case.rule}-{case.path}")
def test_a_rule_holds(case: Case) -> None:
    assert findings(case) == []


def test_every_rule_has_its_case() -> None:
    assert {case.rule for case in BREAKS} | ELSEWHERE == set(RULES)
    assert {case.rule for case in HOLDS} <= set(RULES)


def test_the_catalogue_is_in_order() -> None:
    assert not set(RULES) & set(DEVIATIONS)
    for id_, rule in RULES.items():
        assert id_ == rule.id
        assert id_.replace("-", "").isalnum()
        assert id_.islower()
        assert rule.code in {None, "N", "R", "M", "T"}
        assert rule.source
        assert rule.text.vi != rule.text.en
        assert rule.text.vi.endswith(".")
        assert rule.text.en.endswith(".")
        for lang in ("vi", "en"):
            assert "?" not in rule.text.render(lang, found="1", expected="2")
    assert {rule.severity for rule in RULES.values()} == set(Severity)


def test_places_stand_in_the_header() -> None:
    assert {case.path.startswith((HEADER, REFERENCE, ATTACHMENT)) for case in BREAKS} == {True}
