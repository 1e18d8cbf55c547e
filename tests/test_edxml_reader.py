"""The reader, variant by variant: what is read, and what is reported, where."""

# ruff: noqa: DTZ001 - timestamps of packets are local by definition

from __future__ import annotations

import datetime
import re

import attrs
import pytest
from lxml import etree

import vndoc
from samples import (
    ATTACHMENT,
    BKAV,
    DOCUMENT,
    FLAT_LOWER,
    FLAT_UPPER,
    GO_VN,
    HEADER,
    MESSAGE,
    NS,
    STATUS,
    TRACE,
    XLINK,
    XMLDSIG,
    attached,
    edit,
    element,
    found,
    read,
    zipped,
)
from vndoc.edxml import DEVIATIONS
from vndoc.edxml.elements import ATTACHMENT as ATTACHMENT_ROW
from vndoc.edxml.elements import DOCUMENT as DOCUMENT_ROW
from vndoc.edxml.elements import NAMESPACES
from vndoc.edxml.reader import interpret
from vndoc.edxml.xmltools import path_of
from vndoc.envelope import MemoryOctets
from vndoc.errors import AttachmentError, LimitError, ReadError, UsageError
from vndoc.identifiers import DocumentCode, OrganCode
from vndoc.limits import DEFAULT
from vndoc.xml import parse, split


@attrs.frozen
class Case:
    """One document with one departure: what is replaced by what, and the deviation it must give, alone."""

    id: str
    path: str
    found: str | None
    edits: tuple[tuple[str, str], ...] = ()
    base: str = DOCUMENT
    expected: str | None = None
    also: tuple[str, ...] = ()
    recover: bool = False
    deviations: int = DEFAULT.deviations
    size: int = DEFAULT.attachment_bytes

    @property
    def text(self) -> str:
        return edit(self.base, *self.edits)


def swap(
    id_: str, path: str, old: str, new: str, shown: str | None, expected: str | None = None, **more: object
) -> Case:
    return Case(id_, path, shown, ((old, new),), expected=expected, **more)


DATE = element("PromulgationDate", "2026/03/04")
DATE_PATH = f"{MESSAGE}/PromulgationInfo/PromulgationDate"
TIME = element("Timestamp", "2026/03/04 10:11:12")
TIME_PATH = f"{TRACE}/TraceHeader/Timestamp"
ID = element("DocumentId", "H41,2026/03/04,07/TB-UBND")
PRIORITY = element("Priority", "2")
HOP = element("OrganId", "H41") + TIME
BODY = DOCUMENT[DOCUMENT.index("    <edXML:edXMLBody>") : DOCUMENT.index("  </edXML:edXMLEnvelope>")]
FILES = DOCUMENT[DOCUMENT.index("  <AttachmentEncoded>") : DOCUMENT.index("</edXML>\n")]
TRACE_LIST = DOCUMENT[DOCUMENT.index("      <edXML:TraceHeaderList") : DOCUMENT.index("    </edXML:edXMLHeader>")]
BUSSINESS = DOCUMENT[DOCUMENT.index("<edXML:Bussiness>") : DOCUMENT.index("<edXML:TraceHeader>")]
END = "    </edXML:edXMLHeader>"


def dated(id_: str, text: str, expected: str | None, also: tuple[str, ...] = ()) -> Case:
    return swap(id_, DATE_PATH, DATE, element("PromulgationDate", text), text, expected, also=also)


def timed(id_: str, text: str, expected: str | None, also: tuple[str, ...] = ()) -> Case:
    return swap(id_, TIME_PATH, TIME, element("Timestamp", text), text, expected, also=also)


def signed(markup: str) -> tuple[tuple[str, str], ...]:
    return ((END, markup + END),)


def file_case(
    id_: str, data: bytes | str, name: str = "mau.txt", label: str | None = "application/zip", **more: object
) -> Case:
    return Case(id_, ATTACHMENT, name, base=attached(data, name, label), **more)


def bomb(size: int) -> bytes:
    return zipped(("mau.txt", bytes(size)))


CASES = [
    Case("junk-before-xml", "/edXML", "b'1212'", base="1212" + DOCUMENT, recover=True),
    swap("xlink-undeclared", "/edXML", "<edXML:Reference>", '<edXML:Reference xlink:href="">', None, recover=True),
    Case(
        "encoding-mismatch",
        "/edXML",
        None,
        base="<?xml version='1.0' encoding='utf-16'?>" + DOCUMENT[DOCUMENT.index("<edXML") :],
        recover=True,
    ),
    Case(
        "namespace-missing",
        "/edXML",
        None,
        base=DOCUMENT.replace(f' xmlns="{NS}"', "").replace(f' xmlns:edXML="{NS}"', "").replace("edXML:", ""),
    ),
    Case("namespace-bkav", "/edXML", BKAV, base=DOCUMENT.replace(NS, BKAV)),
    Case("dialect-go-vn", "/edXMLEnvelope", f"{{{GO_VN}}}edXMLEnvelope", base=FLAT_LOWER, also=("business-missing",)),
    Case("dialect-go-vn", "/edXML", GO_VN, base=DOCUMENT.replace(NS, GO_VN)),
    swap(
        "namespace-mixed",
        f"{MESSAGE}/Subject",
        element("Subject", "Trích yếu mẫu"),
        "<Subject xmlns=''>Trích yếu mẫu</Subject>",
        "{}Subject",
        f"{{{NS}}}Subject",
    ),
    swap(
        "namespace-mixed",
        "/edXML/AttachmentEncoded",
        "<AttachmentEncoded>",
        '<AttachmentEncoded xmlns="">',
        "{}AttachmentEncoded",
        f"{{{NS}}}AttachmentEncoded",
        also=("namespace-mixed",) * 3,
    ),
    Case(
        "prefix-layout",
        "/edXML/edXMLEnvelope",
        "e:edXMLEnvelope",
        base=edit(DOCUMENT, (FILES, "<AttachmentEncoded/>"), (BODY, ""))
        .replace("edXML:", "e:")
        .replace(":edXML=", ":e="),
        expected="edXML:edXMLEnvelope",
    ),
    swap(
        "prefix-layout",
        f"{MESSAGE}/Content",
        element("Content", "Nội dung mẫu"),
        "<Content>Nội dung mẫu</Content>",
        "Content",
        "edXML:Content",
    ),
    Case(
        "attachment-prefix-layout",
        "/edXML/AttachmentEncoded",
        "e:AttachmentEncoded",
        (
            ("<AttachmentEncoded>", f'<e:AttachmentEncoded xmlns:e="{NS}">'),
            ("</AttachmentEncoded>", "</e:AttachmentEncoded>"),
        ),
        expected="AttachmentEncoded",
    ),
    Case(
        "attachment-prefix-layout",
        f"{ATTACHMENT}/ContentTransferEncoded",
        "ContentTransferEncoded",
        (
            ("<edXML:ContentTransferEncoded", "<ContentTransferEncoded"),
            ("</edXML:ContentTransferEncoded", "</ContentTransferEncoded"),
        ),
        expected="edXML:ContentTransferEncoded",
    ),
    Case(
        "element-spelling",
        f"{TRACE}/Business",
        "Business",
        (("<edXML:Bussiness>", "<edXML:Business>"), ("</edXML:Bussiness>", "</edXML:Business>")),
        expected="Bussiness",
    ),
    Case(
        "element-spelling",
        f"{TRACE}/Bussiness/BusinessDocType",
        "BusinessDocType",
        ((element("BussinessDocType", "0"), element("BusinessDocType", "0")),),
        expected="BussinessDocType",
    ),
    swap(
        "element-spelling",
        f"{MESSAGE}/SignerInfo/Signer",
        element("FullName", "Nguyễn Văn Mẫu"),
        element("Signer", "Nguyễn Văn Mẫu"),
        "Signer",
        "FullName",
    ),
    Case(
        "manifest-name",
        "/edXML/edXMLEnvelope/edXMLBody/Manifest",
        "Manifest",
        (('<edXML:edXMLManifest version="1.0">', "<edXML:Manifest>"), ("</edXML:edXMLManifest>", "</edXML:Manifest>")),
        expected="edXMLManifest",
    ),
    swap("unknown-element", f"{MESSAGE}/Agency", ID, ID + element("Agency", element("OrganId", "H41")), "Agency"),
    swap("unknown-element", f"{HEADER}/ErrorList", END, element("ErrorList", "") + END, "ErrorList"),
    swap("unknown-element", f"{MESSAGE}/Subject", ID, ID + '<x:Subject xmlns:x="urn:x">?</x:Subject>', "Subject"),
    swap(
        "unknown-element",
        "/edXML/edXMLEnvelope/edXMLBody/edXMLManifest/Note",
        "</edXML:Reference>",
        "</edXML:Reference>" + element("Note", ""),
        "Note",
    ),
    swap("unexpected-children", f"{MESSAGE}/Subject", "Trích yếu mẫu", "<b>Trích</b> yếu", "Subject"),
    swap("unexpected-text", f"{MESSAGE}/OtherInfo", "<edXML:OtherInfo>", "<edXML:OtherInfo>chữ lạ ", "chữ lạ"),
    swap("unexpected-text", f"{MESSAGE}/OtherInfo", "</edXML:OtherInfo>", "chữ lạ</edXML:OtherInfo>", "chữ lạ"),
    swap("unexpected-text", f"{MESSAGE}/ResponseFor", ID, ID + element("ResponseFor", "11/CV-X"), "11/CV-X"),
    swap("unexpected-text", f"{MESSAGE}/ResponseForTask", ID, ID + element("ResponseForTask", "NV-1"), "NV-1"),
    swap(
        "repeated-element",
        f"{MESSAGE}/DueDate[2]",
        element("DueDate", "2026/03/20"),
        element("DueDate", "2026/03/20") + element("DueDate", "2026/03/21"),
        "DueDate",
    ),
    Case(
        "repeated-element",
        f"{HEADER}/DigitalSignature",
        "DigitalSignature",
        signed(
            "<edXML:DigitalSignature/><Signature xmlns='"
            + XMLDSIG
            + "'><SignatureValue>YQ==</SignatureValue></Signature>"
        ),
    ),
    swap(
        "repeated-part",
        f"{HEADER}/MessageHeader[2]",
        "      <edXML:TraceHeaderList",
        element("MessageHeader", element("Subject", "Khác")) + "<edXML:TraceHeaderList",
        "MessageHeader",
    ),
    swap(
        "repeated-part",
        f"{MESSAGE}/TraceHeaderList",
        ID,
        ID + TRACE_LIST,
        "TraceHeaderList",
        also=("misplaced-element",),
    ),
    Case(
        "repeated-container",
        "/edXML/edXMLEnvelope[2]",
        "edXMLEnvelope",
        (
            (
                "  <AttachmentEncoded>",
                f"<edXML:edXMLEnvelope xmlns:edXML='{NS}'>{BODY}</edXML:edXMLEnvelope>  <AttachmentEncoded>",
            ),
        ),
        also=("repeated-container", "repeated-part"),
    ),
    swap(
        "repeated-container",
        "/edXML/AttachmentEncoded[2]",
        "</edXML>\n",
        "<AttachmentEncoded/></edXML>",
        "AttachmentEncoded",
    ),
    swap(
        "repeated-element",
        f"{HEADER}/MessageHeader[2]",
        "      <edXML:TraceHeaderList",
        element("MessageHeader", "") + "<edXML:TraceHeaderList",
        "MessageHeader",
    ),
    swap(
        "repeated-element",
        f"{MESSAGE}/TraceHeaderList",
        ID,
        ID + element("TraceHeaderList", ""),
        "TraceHeaderList",
        also=("misplaced-element",),
    ),
    swap("empty-block", f"{MESSAGE}/ResponseFor", ID, ID + element("ResponseFor", " "), "ResponseFor"),
    swap(
        "empty-block",
        f"{MESSAGE}/ResponseFor",
        ID,
        ID + element("ResponseFor", element("OrganId", "") + element("Code", " ")),
        "ResponseFor",
    ),
    Case(
        "misplaced-element",
        "/edXML/edXMLEnvelope/AttachmentEncoded",
        "AttachmentEncoded",
        ((FILES, ""), ("  </edXML:edXMLEnvelope>", FILES + "  </edXML:edXMLEnvelope>")),
        expected="edXML",
    ),
    Case(
        "misplaced-element",
        f"{MESSAGE}/TraceHeaderList",
        "TraceHeaderList",
        ((TRACE_LIST, ""), (ID, ID + TRACE_LIST)),
        expected="edXMLHeader",
    ),
    Case(
        "misplaced-element",
        "/edXML/Attachment",
        "Attachment",
        (("  <AttachmentEncoded>", ""), ("  </AttachmentEncoded>", "")),
        expected="AttachmentEncoded",
        also=("attachments-missing",),
    ),
    swap("trace-missing", HEADER, TRACE_LIST, "", None),
    swap("business-missing", TRACE, BUSSINESS, "", None),
    swap("manifest-missing", "/edXML/edXMLEnvelope", BODY, "", None),
    Case("attachments-missing", "/edXML", None, ((FILES, ""), (BODY, ""))),
    swap(
        "status-extra-part",
        "/edXML/AttachmentEncoded",
        "</edXML>\n",
        "<AttachmentEncoded/></edXML>",
        "AttachmentEncoded",
        base=STATUS,
    ),
    swap(
        "status-extra-part",
        "/edXML/edXMLEnvelope/edXMLBody",
        "  </edXML:edXMLEnvelope>",
        element("edXMLBody", "") + "</edXML:edXMLEnvelope>",
        "edXMLBody",
        base=STATUS,
    ),
    swap(
        "status-extra-part",
        "/edXML/edXMLEnvelope/edXMLBody",
        "  </edXML:edXMLEnvelope>",
        BODY + "</edXML:edXMLEnvelope>",
        "edXMLBody",
        base=STATUS,
    ),
    swap("status-attachments", ATTACHMENT, "</edXML>\n", FILES + "</edXML>", "1", base=STATUS),
    swap(
        "kind-ambiguous",
        MESSAGE,
        ID,
        ID + element("StatusCode", "03"),
        "StatusCode, Code, Subject, To",
        also=("unknown-element",),
    ),
    swap(
        "kind-ambiguous",
        MESSAGE,
        element("StatusCode", "03"),
        element("StatusCode", "03") + element("Subject", "Mẫu") + element("To", ""),
        "StatusCode, Subject",
        base=STATUS,
        also=("unknown-element",) * 2,
    ),
    swap("status-extra-part", TRACE, END, TRACE_LIST + END, "TraceHeaderList", base=STATUS),
    swap("empty-integer", f"{MESSAGE}/OtherInfo/Priority", PRIORITY, element("Priority", " "), "Priority"),
    swap("integer-invalid", f"{MESSAGE}/OtherInfo/Priority", PRIORITY, element("Priority", "hỏa tốc"), "hỏa tốc"),
    swap("integer-invalid", f"{MESSAGE}/OtherInfo/Priority", PRIORITY, element("Priority", "٣"), "٣"),
    swap("integer-invalid", f"{MESSAGE}/OtherInfo/Priority", PRIORITY, element("Priority", "9" * 19), "9" * 19),
    swap(
        "boolean-numeric",
        f"{MESSAGE}/OtherInfo/Direction",
        element("Direction", "false"),
        element("Direction", "1"),
        "1",
        "true",
    ),
    swap(
        "boolean-numeric",
        f"{MESSAGE}/OtherInfo/Direction",
        element("Direction", "false"),
        element("Direction", "0"),
        "0",
        "false",
    ),
    swap(
        "boolean-invalid",
        f"{MESSAGE}/OtherInfo/Direction",
        element("Direction", "false"),
        element("Direction", "có"),
        "có",
        "false",
    ),
    swap("priority-five", f"{MESSAGE}/OtherInfo/Priority", PRIORITY, element("Priority", "5"), "5"),
    swap("paper-count", f"{TRACE}/Bussiness/Paper", element("Paper", "0"), element("Paper", "12"), "12"),
    swap(
        "status-code-form",
        f"{MESSAGE}/StatusCode",
        element("StatusCode", "03"),
        element("StatusCode", " 3"),
        "3",
        "03",
        base=STATUS,
    ),
    swap("document-type-code", f"{MESSAGE}/DocumentType/Type", element("Type", "2"), element("Type", "18"), "18"),
    swap(
        "document-type-name-only",
        f"{MESSAGE}/DocumentType",
        element("Type", "2") + element("TypeDetail", "7") + element("TypeName", "Thông báo"),
        "Thông báo",
        "Thông báo",
    ),
    swap(
        "type-detail-zero",
        f"{MESSAGE}/DocumentType/TypeDetail",
        element("TypeDetail", "7"),
        element("TypeDetail", "0"),
        "0",
    ),
    swap("organ-code-irregular", f"{MESSAGE}/To/OrganId", "H14.12", "vxp.saas.03", "vxp.saas.03"),
    swap("organ-code-irregular", f"{MESSAGE}/To/OrganId", "H14.12", "null", "null"),
    swap("trace-organ-missing", f"{TRACE}/TraceHeader/OrganId", HOP, element("OrganId", "null") + TIME, "null"),
    swap("trace-organ-missing", f"{TRACE}/TraceHeader/OrganId", HOP, element("OrganId", "") + TIME, ""),
    swap("trace-organ-missing", f"{TRACE}/TraceHeader", HOP, TIME, ""),
    swap(
        "document-id-dashes",
        f"{MESSAGE}/DocumentId",
        ID,
        element("DocumentId", "H41,2026-03-04,07/TB-UBND"),
        "H41,2026-03-04,07/TB-UBND",
    ),
    swap("document-id-form", f"{MESSAGE}/DocumentId", ID, element("DocumentId", "18661"), "18661"),
    swap(
        "code-joined",
        MESSAGE,
        element("CodeNumber", "07") + element("CodeNotation", "TB-UBND"),
        element("CodeNumber", "07/TB-UBND"),
        "07/TB-UBND",
    ),
    swap(
        "code-joined",
        MESSAGE,
        element("CodeNumber", "07") + element("CodeNotation", "TB-UBND"),
        "07/TB-UBND",
        "07/TB-UBND",
    ),
    swap(
        "code-split",
        f"{MESSAGE}/ResponseFor/Code",
        "07/TB-UBND</edXML:Code>",
        element("CodeNotation", " TB-UBND ") + element("CodeNumber", "07") + "</edXML:Code>",
        "CodeNumber, CodeNotation",
        "07/TB-UBND",
        base=STATUS,
    ),
    dated("date-order", "04/03/2026", "2026/03/04"),
    dated("date-order", "04-03-2026", "2026/03/04"),
    dated("date-iso", "2026-03-04", "2026/03/04"),
    dated("date-iso", "2026-03-04+07:00", "2026/03/04"),
    dated("date-iso", "2026-03-04+07", "2026/03/04"),
    dated("date-form", "2026.03.04", "2026/03/04"),
    dated("date-with-time", "2026/03/04 08:09:10", "2026/03/04"),
    dated("date-epoch", "1772593872000", "2026/03/04"),
    dated("date-padding", "2026/3/4", "2026/03/04"),
    dated("date-invalid", "2026/02/30", None),
    dated("date-invalid", "hôm nay", None),
    timed("timestamp-order", "04/03/2026 10:11:12", "2026/03/04 10:11:12"),
    timed("timestamp-iso", "2026-03-04T10:11:12+07:00", "2026/03/04 10:11:12"),
    timed("timestamp-iso", "2026-03-04T03:11:12.345Z", "2026/03/04 10:11:12"),
    timed("timestamp-iso", "2026-03-04T10:11:12+07", "2026/03/04 10:11:12"),
    timed("timestamp-iso", "2026/03/03T20:11:12-07", "2026/03/04 10:11:12"),
    timed("timestamp-iso", "2026/03/04T10:11:12", "2026/03/04 10:11:12"),
    timed("timestamp-form", "2026/03/04 10:11:12.345", "2026/03/04 10:11:12"),
    timed("timestamp-form", "2026.03.04 10:11:12", "2026/03/04 10:11:12"),
    timed("timestamp-without-time", "2026/03/04", None),
    timed("timestamp-epoch", "1772593872000", "2026/03/04 10:11:12"),
    timed("timestamp-padding", "2026/3/4 10:11:12", "2026/03/04 10:11:12"),
    timed("timestamp-padding", "2026/03/04 10:11", "2026/03/04 10:11:00"),
    timed("timestamp-invalid", "2026/03/04 25:11:12", None),
    Case(
        "signature-namespace",
        f"{HEADER}/Signature",
        NS,
        signed("<Signature><SignatureValue>mẫu</SignatureValue></Signature>"),
    ),
    Case(
        "digital-signature-empty", f"{HEADER}/DigitalSignature", "DigitalSignature", signed("<edXML:DigitalSignature/>")
    ),
    Case("digital-signature-empty", f"{HEADER}/Signature", "Signature", signed("<Signature> </Signature>")),
    Case(
        "signature-prefix",
        f"{HEADER}/Signature",
        "edXML",
        signed("<edXML:Signature><edXML:SignatureValue/></edXML:Signature>"),
        also=("signature-namespace",),
    ),
    swap("content-id-doubled", ATTACHMENT, "<ContentId>cid:1", "<ContentId>cid:cid:1", "cid:cid:1"),
    swap("content-id-bare", ATTACHMENT, "<ContentId>cid:1", "<ContentId>1", "1"),
    Case(
        "reference-href-only",
        "/edXML/edXMLEnvelope/edXMLBody/edXMLManifest/Reference",
        "cid:1",
        (
            (
                f"<edXML:Reference>{element('ContentId', 'cid:1')}",
                f'<edXML:Reference xmlns:xlink="{XLINK}" xlink:role="X" xlink:type="simple" xlink:href="cid:1">',
            ),
        ),
    ),
    swap(
        "reference-href-other",
        "/edXML/edXMLEnvelope/edXMLBody/edXMLManifest/Reference",
        "<edXML:Reference>",
        f'<edXML:Reference xmlns:xlink="{XLINK}" xlink:href="cid:2">',
        "cid:2",
        "cid:1",
    ),
    swap(
        "manifest-label",
        ATTACHMENT,
        element("ContentType", "application/pdf"),
        element("ContentType", "application/zip"),
        "application/zip",
        "application/pdf",
    ),
    file_case("content-type-missing", "YQ==", label=None),
    file_case("zip-label-raw", b"text"),
    file_case("zip-unlabelled", zipped(("a.txt", b"text")), label="text/plain"),
    file_case("zip-many-entries", zipped(("a.txt", b"1"), ("b.txt", b"2"))),
    file_case("zip-many-entries", zipped(("a/", b""))),
    file_case("zip-entry-path", zipped(("../a.txt", b"text"))),
    file_case("zip-unsupported", zipped(("a.txt", b"text"), method=14)),
    file_case("zip-damaged", zipped(("a.txt", b"text"))[:-10]),
    file_case("zip-bomb", bomb(12 * 1024 * 1024)),
    file_case("attachment-too-large", b"text", label="text/plain", expected="3", size=3),
    file_case("base64-children", "YWJj<x/>ZGVm", label="text/plain"),
    file_case("base64-white-space", "dGV\r\n4 dA==", label="text/plain"),
    file_case("base64-damaged", "dGV4d?Rl", label="text/plain", expected="5"),
    file_case("base64-padding", "dA==dGV4", label="text/plain", expected="2"),
    file_case("base64-truncated", "dGV4d", label="text/plain", expected="5"),
    swap(
        "content-missing",
        ATTACHMENT,
        f'<edXML:ContentTransferEncoded xmlns:edXML="{NS}">JVBERi0xLjQgbWF1</edXML:ContentTransferEncoded>',
        "",
        "mau.pdf",
    ),
    file_case("attachment-name-unsafe", "YQ==", "../mau.txt", "text/plain"),
    file_case("attachment-name-unsafe", "YQ==", "a\u202etxt.exe", "text/plain"),
    file_case("attachment-name-unsafe", "YQ==", "...", "text/plain"),
    file_case("attachment-name-bracket", "YQ==", "mau.txt&gt;", "text/plain"),
    Case(
        "deviations-cut",
        "/",
        None,
        ((ID, ID + element("A", "") * 3),),
        expected="2",
        also=("unknown-element", "unknown-element"),
        deviations=2,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_each_departure_gives_its_deviation_and_no_other(case: Case) -> None:
    limits = attrs.evolve(DEFAULT, deviations=case.deviations, attachment_bytes=case.size)
    reading = read(case.text, recover=case.recover, limits=limits)
    assert sorted(found(reading)) == sorted([case.id, *case.also])
    deviation = next(d for d in reading.deviations if d.id == case.id)
    unescaped = (case.found or "").replace("&gt;", ">")
    assert (deviation.place.path, deviation.found or "", deviation.expected) == (
        case.path,
        unescaped,
        case.expected or deviation.expected,
    )
    assert deviation.severity is DEVIATIONS[case.id].severity


def test_every_row_of_the_table_is_shown_above() -> None:
    assert {case.id for case in CASES} == set(DEVIATIONS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_rest_of_the_packet_is_read_as_ever(case: Case) -> None:
    """A departure in one place leaves the others alone: the subject is still there (or, of a status, its code)."""
    packet = read(case.text, recover=case.recover).packet
    if isinstance(packet, vndoc.StatusPacket):
        assert packet.status_code == "03"
    else:
        assert packet.subject == ("Trích yếu" if case.id == "unexpected-children" else "Trích yếu mẫu")
        assert len(packet.attachments) == len(re.findall(r"<(e:)?Attachment>", case.text))


def test_base64_around_elements_is_no_content() -> None:
    """Nothing of it is taken for the file, however long the pieces are."""
    for piece in ("YWJj", "YWJj" * 9000):
        (attachment,) = read(attached(f"{piece}<x>{piece}</x>{piece}", label="text/plain")).document.attachments
        assert not attachment.is_wrapped
        for octets in (attachment, attachment.packed):
            with pytest.raises(AttachmentError) as caught:
                octets.open()
            assert (caught.value.code, caught.value.values) == ("base64-children", {"name": "mau.txt"})


def test_text_around_elements_is_kept_whole() -> None:
    packet = packet_of(("Trích yếu mẫu", "Trích <b>yếu <i>mẫu</i></b> dài"), ("2026/03/20", "2026<b>/03</b>/21"))
    assert packet.subject == "Trích yếu mẫu dài"
    assert packet.due_date == datetime.date(2026, 3, 21)
    assert packet_of(("Trích yếu mẫu", " <b> </b> ")).subject is None


@pytest.mark.parametrize(("size", "refused"), [(4, False), (5, True)])
@pytest.mark.parametrize("packed", [False, True])
def test_the_size_of_an_attachment_at_the_limit_and_one_past_it(size: int, refused: bool, packed: bool) -> None:
    data = bytes(size)
    text = attached(zipped(("mau.txt", data))) if packed else attached(data, label="text/plain")
    reading = read(text, limits=attrs.evolve(DEFAULT, attachment_bytes=4))
    (attachment,) = reading.document.attachments
    assert attachment.size == size
    assert (attachment.is_wrapped, reading.is_complete) == (packed, not refused)
    if not refused:
        assert attachment.open().read() == data
        return
    assert found(reading) == ["zip-bomb" if packed else "attachment-too-large"]
    with pytest.raises(LimitError) as caught:
        attachment.open()
    assert (caught.value.code, caught.value.values["limit"]) == ("limit-attachment-bytes", 4)


def many(count: int, data: bytes) -> str:
    """Return the sample with *count* attachments like the one it has, with *data* in zips."""
    text = attached(zipped(("mau.txt", data)))
    one = text[text.index("    <Attachment>") : text.index("  </AttachmentEncoded>")]
    return text.replace(one, one * count)


def test_zeros_in_many_zips_are_free_once_for_a_packet() -> None:
    reading = read(many(5, bytes(4 * 1024 * 1024)))
    assert found(reading) == ["zip-bomb"] * 3
    assert [a.size for a in reading.document.attachments] == [4 * 1024 * 1024] * 5
    codes = []
    for attachment in reading.document.attachments[2:]:
        with pytest.raises(LimitError) as caught:
            attachment.open()
        codes.append(caught.value.code)
    assert codes == ["limit-unpack-ratio"] * 3
    assert len(reading.document.attachments[1].open().read()) == 4 * 1024 * 1024


@pytest.mark.parametrize(("size", "ids"), [(100, []), (101, ["zip-bomb"])])
def test_all_that_is_unpacked_at_its_limit_and_one_past_it(size: int, ids: list[str]) -> None:
    limits = attrs.evolve(DEFAULT, unpacked_bytes=200)
    reading = read(many(2, bytes(size)), limits=limits)
    assert found(reading) == ids
    first, last = reading.document.attachments
    assert first.open().read() == bytes(size)
    if ids:
        with pytest.raises(LimitError) as caught:
            last.open()
        assert (caught.value.code, caught.value.values["limit"]) == ("limit-unpacked-bytes", 200)


def test_which_kind_of_packet_it_is() -> None:
    empty = element("StatusCode", " ")
    packet = read(edit(DOCUMENT, (ID, ID + empty))).document
    assert len(packet.attachments) == 1
    blank = edit(STATUS, (element("StatusCode", "03"), empty))
    assert read(blank).status.status_code is None
    assert len(read(edit(blank, ("</edXML>\n", FILES + "</edXML>"))).document.attachments) == 1
    assert read(edit(blank, (empty, empty + ID))).document.document_id is not None
    assert (
        read(edit(STATUS, (element("StatusCode", "03"), element("StatusCode", "03") + ID))).status.status_code == "03"
    )
    both = edit(STATUS, (element("StatusCode", "03"), element("StatusCode", "03") + element("Subject", "Mẫu")))
    assert not read(both).is_complete
    assert len(read(edit(both, ("</edXML>\n", FILES + "</edXML>"))).document.attachments) == 1


def test_a_signature_behind_an_empty_place_holder_is_kept() -> None:
    real = f"<Signature xmlns='{XMLDSIG}'><SignatureValue>YQ==</SignatureValue></Signature>"
    assert packet_of((END, "<edXML:DigitalSignature/>" + real + END)).signature is not None


def test_lines_are_those_of_the_file() -> None:
    reading = read(edit(DOCUMENT, (PRIORITY, element("Priority", "5"))))
    line = reading.deviations[0].place.line
    assert line is not None
    assert "Priority" in DOCUMENT.splitlines()[line - 1]
    assert str(reading.deviations[0].place).endswith(f"(line {line})")


@pytest.mark.parametrize("text", [DOCUMENT, STATUS])
def test_the_samples_have_no_deviation(text: str) -> None:
    reading = read(text)
    assert found(reading) == []
    assert reading.is_complete


# -- what the values are ---------------------------------------------------------------------------


def packet_of(*pairs: tuple[str, str], base: str = DOCUMENT) -> vndoc.DocumentPacket:
    return read(edit(base, *pairs)).document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("04/03/2026", datetime.date(2026, 3, 4)),
        ("2026/03/04", datetime.date(2026, 3, 4)),
        ("2026-03-04", datetime.date(2026, 3, 4)),
        ("2026.03.04", datetime.date(2026, 3, 4)),
        (" 2026/03/04 08:09:10 ", datetime.date(2026, 3, 4)),
        ("2026-05-19T17:00:00.000Z", datetime.date(2026, 5, 20)),
        ("2026-03-04+14:00", datetime.date(2026, 3, 4)),
        ("2026-03-04-11:00", datetime.date(2026, 3, 4)),
        ("", None),
        ("04/2026/03", None),
        ("2026/03-04", None),
        ("0000/01/01", None),
        ("9999-12-31T23:59:59Z", None),
        ("2026-03-04T10:00:00+99:00", None),
    ],
)
def test_dates(text: str, value: datetime.date | None) -> None:
    info = packet_of((DATE, element("PromulgationDate", text))).promulgation_info
    assert info is not None
    assert info.promulgation_date == value


def test_a_timestamp_without_time_stays_a_date() -> None:
    trace = packet_of((TIME, element("Timestamp", "2026/03/04"))).trace_header_list
    assert trace is not None
    assert type(trace.trace_headers[0].timestamp) is datetime.date


def test_values_of_other_variants() -> None:
    assert packet_of((element("Type", "2"), element("Type", "18"))).document_type.type == 18
    assert packet_of((PRIORITY, element("Priority", "5"))).other_info.priority == 0
    assert packet_of((PRIORITY, element("Priority", "+3"))).other_info.priority == 3
    assert packet_of((PRIORITY, element("Priority", "-1"))).other_info.priority == -1
    assert packet_of((element("Direction", "false"), element("Direction", " TRUE "))).other_info.direction is True
    assert packet_of((element("Direction", "false"), element("Direction", ""))).other_info.direction is None
    assert packet_of((element("Paper", "0"), element("Paper", "12"))).trace_header_list.bussiness.paper == 12
    assert packet_of(("H14.12", "null")).to[0].organ_id == OrganCode("null")
    assert packet_of(("H14.12", " ")).to[0].organ_id is None
    assert packet_of((HOP, TIME)).trace_header_list.trace_headers[0].organ_id is None
    assert packet_of((BUSSINESS, "")).bussiness_doc_type == 0
    assert packet_of((BUSSINESS, "")).trace_header_list.bussiness is None
    assert packet_of((ID, element("DocumentId", " "))).document_id is None
    assert packet_of(("Trích yếu mẫu", "\u00a0 ")).subject is None
    assert packet_of((ID, element("DocumentId", "000.00.01.H01,2018,10"))).document_id == "000.00.01.H01,2018,10"


def test_empty_and_overlong_values() -> None:
    assert packet_of((TIME, element("Timestamp", " "))).trace_header_list.trace_headers[0].timestamp is None
    assert read(edit(STATUS, (element("StatusCode", "03"), element("StatusCode", "")))).status.status_code is None
    reading = read(edit(DOCUMENT, ("H14.12", "H" * 36)))
    assert reading.document.to[0].organ_id == OrganCode("H" * 36)
    assert found(reading) == ["organ-code-irregular"]


def test_a_manifest_entry_without_any_id() -> None:
    reading = read(edit(DOCUMENT, (f"<edXML:Reference>{element('ContentId', 'cid:1')}", "<edXML:Reference>")))
    assert reading.manifest[0].content_id is None
    assert reading.document.attachments[0].name == "mau.pdf"
    assert found(reading) == []
    nothing = read(
        edit(
            DOCUMENT,
            (f"<edXML:Reference>{element('ContentId', 'cid:1')}", "<edXML:Reference>"),
            ("<ContentId>cid:1</ContentId>", ""),
        )
    )
    assert nothing.document.attachments[0].content_id is None


def test_a_joined_code_is_split_at_the_first_slash() -> None:
    code = element("CodeNumber", "07") + element("CodeNotation", "TB-UBND")
    for joined in (element("CodeNumber", "30/2020/NĐ-CP"), "30/2020/NĐ-CP"):
        assert packet_of((code, joined)).code == DocumentCode("30", "2020/NĐ-CP")
    reading = read(edit(DOCUMENT, (code, "30")))
    assert reading.document.code == DocumentCode("30", None)
    assert found(reading) == ["unexpected-text"]
    kept = packet_of((element("CodeNumber", "07"), element("CodeNumber", "07/08"))).code
    assert kept == DocumentCode("07/08", "TB-UBND")


def test_bare_text_where_one_repeating_element_belongs() -> None:
    places = element("Place", "Như trên") + element("Place", "Lưu: VT")
    reading = read(edit(DOCUMENT, (places, "Như trên")))
    assert reading.document.to_places == ("Như trên",)
    assert found(reading) == ["unexpected-text"]
    reading = read(
        edit(DOCUMENT, (element("Direction", "false"), element("Appendix", "I") + element("Appendix", "II")))
    )
    assert reading.document.other_info.appendixes == ("I", "II")
    assert found(reading) == ["element-spelling", "element-spelling"]


def test_a_wrapper_that_stands_twice_gives_all_its_items() -> None:
    places = element("ToPlaces", element("Place", "Như trên") + element("Place", "Lưu: VT"))
    twice = (
        element("ToPlaces", element("Place", "Như trên"))
        + element("ToPlaces", element("Place", "Lưu: VT"))
        + element("ToPlaces", "")
    )
    assert read(edit(DOCUMENT, (places, twice))).packet == read(DOCUMENT).packet


@pytest.mark.parametrize(
    "written",
    [
        "<![CDATA[Trích yếu mẫu]]>",
        "Trích <!-- ghi chú -->yếu mẫu",
        "Tr&#xED;ch y&#7871;u mẫu",
        "<![CDATA[Trích]]> yếu<?pi x?> mẫu",
    ],
)
def test_what_xml_allows_in_a_text(written: str) -> None:
    reading = read(edit(DOCUMENT, ("Trích yếu mẫu", written)))
    assert reading.packet == read(DOCUMENT).packet
    assert found(reading) == []


def test_escapes_are_resolved_once() -> None:
    assert packet_of(("Trích yếu mẫu", "A &amp;amp; &lt;b&gt; &quot;&apos;")).subject == "A &amp; <b> \"'"


def test_comments_between_elements_change_nothing() -> None:
    text = re.sub(r"(?<=>)\s*(?=<)", "<!-- ghi chú --> <?pi?>", DOCUMENT[DOCUMENT.index("<edXML ") :])
    reading = read(text)
    assert reading.packet == read(DOCUMENT).packet
    assert found(reading) == []


def test_elements_may_stand_in_any_order() -> None:
    """The children of many elements turned round; the sample repeats only places, and these are left alone."""
    holder = FILES[FILES.index("      <edXML:Content") : FILES.index("    </Attachment>")]
    root = parse(edit(DOCUMENT, (holder, ""), ("      <ContentId>cid:1", holder + "<ContentId>cid:1")).encode())
    for node in list(root.iter("{*}MessageHeader", "{*}From", "{*}TraceHeaderList", "{*}Bussiness", "{*}edXMLHeader")):
        node[:] = list(reversed(node))
    reading = read(etree.tostring(root))
    assert reading.packet == read(DOCUMENT).packet
    assert found(reading) == []


def test_the_other_layout_of_the_trace() -> None:
    """TraceHeader before Bussiness, as the samples of 2018 have it."""
    trace = DOCUMENT[DOCUMENT.index("<edXML:TraceHeader>") : DOCUMENT.index("      </edXML:TraceHeaderList>")]
    reading = read(edit(DOCUMENT, (BUSSINESS, ""), (trace, trace + BUSSINESS)))
    assert reading.packet == read(DOCUMENT).packet
    assert found(reading) == []


def test_what_the_dotnet_writer_sends() -> None:
    """Declarations of xsi and xsd, SOAP attributes, references by xlink:href, bare content ids, an empty signature."""
    reference = DOCUMENT[DOCUMENT.index("<edXML:Reference>") : DOCUMENT.index("      </edXML:edXMLManifest>")]
    text = edit(
        DOCUMENT,
        (
            f'<edXML xmlns="{NS}">',
            (
                '<edXML xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
                f'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns="{NS}">'
            ),
        ),
        (
            'version="1.0">\n        <edXML:Bussiness>',
            (
                'version="1.0" edXML:mustUnderstand="1" mustUnderstand="1" '
                'actor="http://schemas.xmlsoap.org/soap/actor/next"><edXML:Bussiness>'
            ),
        ),
        (END, "<edXML:DigitalSignature />" + END),
        (
            reference,
            f'<edXML:Reference xmlns:xlink="{XLINK}" xlink:href="cid:1" xlink:role="XLinkRole" xlink:type="simple">'
            + element("AttachmentName", "mau.pdf")
            + element("Description", "Mô tả mẫu")
            + "</edXML:Reference>",
        ),
        ("<ContentId>cid:1", "<ContentId>1"),
        ("<AttachmentName>mau.pdf</AttachmentName>", ""),
    )
    reading = read(text)
    trace = reading.document.trace_header_list
    assert (trace.must_understand, trace.actor) == ("1", "http://schemas.xmlsoap.org/soap/actor/next")
    assert reading.document.attachments[0].name == "mau.pdf"
    assert reading.document.attachments[0].description == "Mô tả mẫu"
    assert reading.manifest[0].content_id == "cid:1"
    assert sorted(found(reading)) == ["content-id-bare", "digital-signature-empty", "reference-href-only"]


def test_a_real_signature_is_carried_as_it_stands() -> None:
    markup = f'<ds:Signature xmlns:ds="{XMLDSIG}" Id="s"><ds:SignedInfo>\n  x</ds:SignedInfo>y</ds:Signature>'
    reading = read(edit(DOCUMENT, *signed(markup)))
    signature = reading.document.signature
    assert found(reading) == []
    assert (signature.name, signature.namespace, signature.prefix) == ("Signature", XMLDSIG, "ds")
    assert signature.attributes == (("Id", "s"),)
    assert [getattr(c, "children", c) for c in signature.children] == [("\n  x",), "y"]


# -- other forms of the file ------------------------------------------------------------------------


def test_the_flattened_form_with_everything_in_the_header() -> None:
    reading = read(FLAT_UPPER)
    packet = reading.document
    assert reading.dialect == "go-vn"
    assert [packet.from_.organ_id.text, packet.to[0].organ_id.text] == ["H37.DN.001", "H37.02"]
    assert packet.code == DocumentCode("12", "CV-MAU")
    assert packet.promulgation_info == vndoc.PromulgationInfo(promulgation_date=datetime.date(2026, 5, 20))
    assert packet.document_type == vndoc.DocumentType(type_name="Công văn")
    assert packet.subject == "Trích yếu mẫu"
    assert packet.signer_info == vndoc.SignerInfo(competence="KT.", position="Giám đốc", full_name="Trần Thị Mẫu")
    assert packet.other_info == vndoc.OtherInfo(page_amount=3, appendixes=("Phụ lục mẫu",))
    assert packet.document_id == "97056f07-7371-42d0-a039-8b4917ed613f"
    hop = vndoc.TraceHeader(organ_id="H37.DN.001", timestamp=datetime.datetime(2026, 5, 20, 15, 1, 2))
    assert packet.trace_header_list.trace_headers == (hop,)
    (attachment,) = packet.attachments
    assert (attachment.name, attachment.label, attachment.open().read()) == (
        "mau.pdf",
        "application/pdf",
        b"%PDF-1.4 mau",
    )
    lost = [d.found for d in reading.deviations if d.id == "unknown-element"]
    assert lost == ["Promulgator", "To"]
    assert sorted(set(found(reading)) - {"unknown-element"}) == [
        "business-missing",
        "date-iso",
        "date-with-time",
        "dialect-go-vn",
        "document-id-form",
        "document-type-name-only",
        "timestamp-iso",
    ]


@pytest.mark.parametrize(
    "text",
    [
        FLAT_LOWER,
        FLAT_LOWER.replace("e:", "").replace("xmlns:e=", "xmlns=").replace(":e=", "="),
        FLAT_LOWER.replace("e:", "edXML:").replace("xmlns:e=", "xmlns:edXML="),
        FLAT_LOWER.replace("edXMLEnvelope", "EdXMLEnvelope"),
    ],
    ids=["prefix", "default", "prefix edXML", "capital"],
)
def test_the_flattened_form_with_the_ordinary_children(text: str) -> None:
    reading = read(text)
    packet = reading.document
    assert found(reading) == ["dialect-go-vn", "business-missing"]
    assert packet.promulgation_info.place == "Lạng Sơn"
    assert packet.trace_header_list.trace_headers[0].organ_id == OrganCode("H37.DN.001")
    assert packet.attachments[0].open().read() == b"%PDF-1.4 mau"
    assert vndoc.content_digest(packet) == vndoc.content_digest(read(FLAT_LOWER).document)


def test_the_flattened_form_with_the_parts_of_the_standard_inside() -> None:
    """A root edXMLEnvelope with edXMLHeader, edXMLBody and AttachmentEncoded: nothing of it is lost."""
    inner = DOCUMENT[DOCUMENT.index("    <edXML:edXMLHeader>") : DOCUMENT.index("  </edXML:edXMLEnvelope>")]
    text = f'<edXMLEnvelope xmlns="{GO_VN}" xmlns:edXML="{GO_VN}">{inner}{FILES}</edXMLEnvelope>'.replace(NS, GO_VN)
    reading = read(text)
    assert found(reading) == ["dialect-go-vn"]
    assert reading.document == read(DOCUMENT).document
    assert len(reading.manifest) == 1


def test_the_namespace_below_a_root_without_one_is_that_of_the_header() -> None:
    text = FLAT_LOWER.replace("<e:edXMLEnvelope", "<edXMLEnvelope").replace("</e:edXMLEnvelope", "</edXMLEnvelope")
    reading = read(text)
    assert reading.document.subject == "Trích yếu mẫu"
    assert set(found(reading)) == {"dialect-go-vn", "business-missing", "namespace-mixed"}
    assert len(reading.document.attachments) == 1


@pytest.mark.parametrize("path", ["<From/>", "", "text", "<To>H37.02</To>", "<From>H37.DN.001</From><From>H1</From>"])
def test_a_path_of_the_flattened_form_never_gives_a_hop_to_another(path: str) -> None:
    text = FLAT_UPPER.replace("<Path><From>H37.DN.001</From><To>H37.02</To></Path>", f"<Path>{path}</Path>")
    hop = read(text).document.trace_header_list.trace_headers[0]
    assert hop.organ_id in {None, OrganCode("H37.DN.001"), OrganCode("text")}


def test_attachments_in_a_manifest_of_the_standard_form_are_not_lost() -> None:
    inner = FILES[FILES.index("<Attachment>") : FILES.index("  </AttachmentEncoded>")]
    text = edit(DOCUMENT, (FILES, "<AttachmentEncoded/>"), ("</edXML:edXMLManifest>", inner + "</edXML:edXMLManifest>"))
    reading = read(text)
    assert [a.name for a in reading.document.attachments] == ["mau.pdf"]
    assert set(found(reading)) == {"misplaced-element", "unknown-element", "manifest-missing"}


def test_the_dialect_is_named() -> None:
    assert read(DOCUMENT.replace(NS, BKAV)).dialect == "bkav"
    assert read(DOCUMENT).dialect == "qcvn-102"
    assert set(NAMESPACES.values()) == {"qcvn-102", "bkav", "go-vn", "no-namespace"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<a/>", "unknown-root"),
        ("<edXML xmlns='urn:x'/>", "unknown-namespace"),
        ("<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'/>", "unsupported-dialect"),
        ("<Envelope/>", "unknown-root"),
        (f"<edXML xmlns='{NS}'/>", "header-missing"),
        (
            f"<edXML xmlns='{NS}'><edXMLEnvelope><edXMLHeader><MessageHeader/></edXMLHeader></edXMLEnvelope></edXML>",
            "unknown-packet-kind",
        ),
    ],
)
def test_what_is_no_packet_is_refused(text: str, code: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(text)
    assert caught.value.code == code
    assert caught.value.place is not None


def test_junk_and_a_missing_declaration_are_refused_unless_asked_for() -> None:
    for case in CASES[:2]:
        with pytest.raises(ReadError) as caught:
            read(case.text)
        assert caught.value.code == {"junk-before-xml": "xml-junk", "xlink-undeclared": "xml-unbound-prefix"}[case.id]


# -- limits -------------------------------------------------------------------------------------------


def many_attachments(count: int) -> str:
    one = FILES[FILES.index("<Attachment>") : FILES.index("  </AttachmentEncoded>")]
    return edit(DOCUMENT, (FILES, f"<AttachmentEncoded>{one * count}</AttachmentEncoded>"))


def test_attachments_at_the_limit_and_one_past_it() -> None:
    limits = attrs.evolve(DEFAULT, attachments=3)
    assert len(read(many_attachments(3), limits=limits).document.attachments) == 3
    with pytest.raises(LimitError) as caught:
        read(many_attachments(4), limits=limits)
    assert (caught.value.code, caught.value.values["limit"]) == ("limit-attachments", 3)


def test_ten_thousand_attachments() -> None:
    text = many_attachments(10_000)
    with pytest.raises(LimitError):
        read(text)
    reading = read(text, limits=attrs.evolve(DEFAULT, attachments=10_000))
    assert len(reading.document.attachments) == 10_000
    assert found(reading) == []  # that the content ids are all the same is for validation to say


def test_receivers_at_the_limit_and_one_past_it() -> None:
    receiver = DOCUMENT[DOCUMENT.index("<edXML:To>") : DOCUMENT.index("        <edXML:DocumentId>")]
    limits = attrs.evolve(DEFAULT, receivers=2)
    assert len(read(edit(DOCUMENT, (receiver, receiver * 2)), limits=limits).document.to) == 2
    with pytest.raises(LimitError) as caught:
        read(edit(DOCUMENT, (receiver, receiver * 3)), limits=limits)
    assert caught.value.code == "limit-receivers"


@pytest.mark.parametrize("count", [2, 3])
def test_deviations_at_the_limit_and_one_past_it(count: int) -> None:
    text = edit(DOCUMENT, (ID, ID + element("A", "") * count))
    ids = found(read(text, limits=attrs.evolve(DEFAULT, deviations=2)))
    assert ids == ["unknown-element"] * 2 + ["deviations-cut"] * (count - 2)


def test_the_list_of_deviations_is_cut_once() -> None:
    text = edit(DOCUMENT, (ID, ID + element("A", "") * 50))
    assert found(read(text, limits=attrs.evolve(DEFAULT, deviations=2))) == ["unknown-element"] * 2 + ["deviations-cut"]


def test_a_cut_list_of_deviations_never_hides_that_there_was_an_error() -> None:
    """The signs of a damaged file must not be pushed out by harmless ones in front of them."""
    wrong = element("SteeringType", "x") + element("DueDate", "hôm qua")
    text = edit(DOCUMENT, (ID, ID + element("A", "") * 9), ("</edXML:MessageHeader>", wrong + "</edXML:MessageHeader>"))
    for room in range(12):
        reading = read(text, limits=attrs.evolve(DEFAULT, deviations=room))
        errors = ["integer-invalid", "date-invalid"][: max(room, 1)]
        assert found(reading) == ["unknown-element"] * (room - len(errors)) + errors + ["deviations-cut"] * (room < 11)
        assert not reading.is_complete


def test_a_code_in_elements_of_another_shape_is_joined_as_all_text_is() -> None:
    number, notation = element("CodeNumber", "07"), element("CodeNotation", "TB-UBND")
    for inside, text in [
        (number, "07"),
        (number + number, "0707"),
        (number + notation + element("A", "x"), "07TB-UBNDx"),
        ("x" + number + notation, "x07TB-UBND"),
        (number + notation + "x", "07TB-UBNDx"),
        (number + element("CodeNotation", " "), "07 "),
        (number + element("CodeNotation", "<b>TB</b>"), "07TB"),
    ]:
        reading = read(edit(STATUS, ("07/TB-UBND</edXML:Code>", inside + "</edXML:Code>")))
        assert (found(reading), reading.status.response_for.code) == (["unexpected-children"], text)


def test_depth_at_the_limit_and_one_past_it() -> None:
    def nested(levels: int) -> str:
        return edit(DOCUMENT, (ID, ID + "<a>" * levels + "</a>" * levels))

    limits = attrs.evolve(DEFAULT, depth=10)
    assert found(read(nested(6), limits=limits)) == ["unknown-element"]
    with pytest.raises(LimitError) as caught:
        read(nested(7), limits=limits)
    assert caught.value.code == "limit-depth"


def test_many_parts_of_many_kinds_take_no_quadratic_time() -> None:
    """Each of these took minutes when it looked at all others."""
    lists = "<edXML:TraceHeaderList/>" * 50_000
    wrappers = element("ToPlaces", element("Place", "x")) * 30_000
    late = element("Appendixes", element("Appendix", "x") * 50_000 + element("Appendix", "<a/>") * 1000)
    for extra in (lists, wrappers, late):
        place = element("Direction", "false") if extra is late else ID
        reading = read(edit(DOCUMENT, (place, place + extra)))
        assert reading.document.subject == "Trích yếu mẫu"
    assert reading.deviations[-1].place.path.endswith("/Appendix[51000]")


def test_places_of_siblings_are_counted_right_in_any_order() -> None:
    root = parse(b"<r><a/><b/><a/><a/><b/><c/></r>")
    plain = [path_of(child) for child in root]
    assert plain == ["/r/a[1]", "/r/b[1]", "/r/a[2]", "/r/a[3]", "/r/b[2]", "/r/c"]
    for order in ([0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [3, 0, 3, 2, 4, 1, 3, 5]):
        counted: dict[tuple[object, str], tuple[object, int]] = {}
        assert [path_of(root[i], counted) for i in order] == [plain[i] for i in order]


# -- the reading --------------------------------------------------------------------------------------


def test_a_reading_names_its_packet() -> None:
    document, status = read(DOCUMENT), read(STATUS)
    assert document.document is document.packet
    assert status.status is status.packet
    for wrong in (lambda: document.status, lambda: status.document):
        with pytest.raises(UsageError) as caught:
            wrong()
        assert caught.value.code == "wrong-packet-kind"
    assert repr(document).startswith("Reading(DocumentPacket(")
    assert not read(edit(DOCUMENT, (PRIORITY, element("Priority", "x")))).is_complete


@pytest.mark.parametrize("text", [DOCUMENT, DOCUMENT.replace(NS, BKAV), FLAT_UPPER, FLAT_LOWER])
def test_an_attachment_cut_out_is_the_same_as_one_left_in(text: str) -> None:
    limits = attrs.evolve(DEFAULT, inline_text=4)
    inline, cut = read(text), read(text, limits=limits)
    wide = read(text.replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16"), limits=limits)
    assert [r.skeleton.route for r in (inline, cut, wide)] == ["plain", "elided", "stream"]
    assert inline.packet == cut.packet == wide.packet
    assert inline.deviations == cut.deviations == wide.deviations
    wide.close()
    with cut as reading:
        assert reading.document.attachments[0].open().read() == b"%PDF-1.4 mau"


def test_closing_frees_what_was_made_on_the_way() -> None:
    class Closing(MemoryOctets):
        __slots__ = ("closed",)

        def close(self) -> None:
            object.__setattr__(self, "closed", True)

    data, spool = DOCUMENT.encode(), Closing(b"")
    source = MemoryOctets(data)
    skeleton = split(source, spool=lambda: pytest.fail("no spool is needed"))
    reading = interpret(skeleton, source, temporary=(spool,))
    reading.close()
    assert spool.closed


def test_the_table_finds_its_rows() -> None:
    assert DOCUMENT_ROW.child("OtherInfo").child("Priority").codes == "priority"
    with pytest.raises(KeyError):
        ATTACHMENT_ROW.child("Priority")
