"""A simulated axis: takes a packet file apart and writes a new one, as the national axis does.

Made from what is known of its writer (order of elements, names, packing, what is dropped and added), with the
standard library's XML parser, and without any code of vndoc: it is the independent half of the proof that identity
and sameness survive transit. Source: protocol, sections 4.2, 4.3 and 4.9.
"""

from __future__ import annotations

import base64
import io
import uuid
import zipfile
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

NS = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
CENTRE = "001.00.20.TT2"
RAW = {"pdf": "application/pdf", "doc": "application/doc", "docx": "application/docx", "zip": "application/zip"}

ORDER = {
    "MessageHeader": "From To DocumentId Code PromulgationInfo DocumentType Subject Content SignerInfo DueDate "
    "OtherInfo ResponseFor SteeringType ResponseForTask ApplicationType ToPlaces",
    "From": "OrganId OrganizationInCharge OrganName OrganAdd Email Telephone Fax Website",
    "To": "OrganId OrganizationInCharge OrganName OrganAdd Email Telephone Fax Website",
    "Code": "CodeNumber CodeNotation",
    "PromulgationInfo": "Place PromulgationDate",
    "DocumentType": "Type TypeDetail TypeName",
    "SignerInfo": "Competence Position FullName",
    "OtherInfo": "Priority SphereOfPromulgation TyperNotation PromulgationAmount PageAmount ReplyFors Direction "
    "ReferenceCodes Appendixes",
    "Appendixes": "Appendix",
    "ResponseFor": "OrganId Code DocumentId PromulgationDate",
    "ResponseForTask": "TaskCode",
    "ToPlaces": "Place",
    "TraceHeaderList": "Bussiness TraceHeader",
    "Bussiness": "DocumentId BussinessDocType BussinessDocReason Paper BussinessDocumentInfo ReplacementInfoList "
    "StaffInfo",
    "BussinessDocumentInfo": "DocumentInfo DocumentReceiver ReceiverList",
    "ReceiverList": "Receiver",
    "Receiver": "OrganId ReceiverType",
    "ReplacementInfoList": "ReplacementInfo",
    "ReplacementInfo": "DocumentId OrganIdList",
    "OrganIdList": "OrganId",
    "StaffInfo": "Department DepartmentId Staff StaffId Email Mobile",
    "TraceHeader": "OrganId Timestamp",
}


@dataclass(frozen=True)
class Axis:
    """What this axis does beside rewriting: drop ``Bussiness``, put another DocumentId, add ``Direction``."""

    drop_bussiness: bool = False
    document_id: str | None = None
    hop: str | None = "2026/03/04 10:20:30"

    def carry(self, data: bytes) -> bytes:
        """Return the packet as the receiver gets it."""
        old = ElementTree.fromstring(data)
        new = Element(f"{{{NS}}}edXML")
        envelope = ElementTree.SubElement(new, f"{{{NS}}}edXMLEnvelope")
        header = ElementTree.SubElement(envelope, f"{{{NS}}}edXMLHeader")
        message = _rebuilt(_found(old, "MessageHeader"))
        header.append(message)
        self._finish_header(message)
        trace = _rebuilt(_found(old, "TraceHeaderList"))
        header.append(trace)
        self._finish_trace(trace)
        for signature in old.iter():
            if _local(signature) == "Signature":
                header.append(_renamed(signature))
                break
        body = ElementTree.SubElement(envelope, f"{{{NS}}}edXMLBody")
        manifest = ElementTree.SubElement(body, f"{{{NS}}}edXMLManifest", version="1.0")
        files = ElementTree.SubElement(new, f"{{{NS}}}AttachmentEncoded")
        for attachment in [node for node in old.iter() if _local(node) == "Attachment"]:
            _carry_attachment(attachment, manifest, files)
        return ElementTree.tostring(new, encoding="UTF-8", xml_declaration=True)

    def _finish_header(self, message: Element) -> None:
        if self.document_id is not None:
            place = message.find(f"{{{NS}}}DocumentId")
            if place is None:
                place = Element(f"{{{NS}}}DocumentId")
                message.insert(0, place)
            place.text = self.document_id
        other = message.find(f"{{{NS}}}OtherInfo")
        if other is not None and other.find(f"{{{NS}}}Direction") is None:
            ElementTree.SubElement(other, f"{{{NS}}}Direction").text = "false"

    def _finish_trace(self, trace: Element) -> None:
        bussiness = trace.find(f"{{{NS}}}Bussiness")
        if self.drop_bussiness and bussiness is not None:
            trace.remove(bussiness)
        for name in ("mustUnderstand", "actor"):
            trace.attrib.pop(name, None)
        if self.hop is not None:
            hop = ElementTree.SubElement(trace, f"{{{NS}}}TraceHeader")
            ElementTree.SubElement(hop, f"{{{NS}}}OrganId").text = CENTRE
            ElementTree.SubElement(hop, f"{{{NS}}}Timestamp").text = self.hop


def _local(node: Element) -> str:
    return node.tag.rpartition("}")[2]


def _found(root: Element, name: str) -> Element:
    return next(node for node in root.iter() if _local(node) == name)


def _rebuilt(node: Element) -> Element:
    """Return the element with known children only, in the axis's order, trimmed, without empty ones."""
    new = Element(f"{{{NS}}}{_local(node)}", dict(node.attrib))
    order = ORDER.get(_local(node), "").split()
    if not len(node):  # ResponseFor has a Code with text, the header one with elements
        new.text = (node.text or "").strip(" \t\r\n")
    for name in order:
        for child in node:
            if _local(child) == name:
                made = _rebuilt(child)
                if len(made) or made.text:
                    new.append(made)
    return new


def _renamed(node: Element) -> Element:
    """Return a signature in the packet's namespace: a verifier finds nothing any more."""
    new = Element(f"{{{NS}}}{_local(node)}", {key.rpartition("}")[2]: value for key, value in node.attrib.items()})
    new.text = (node.text or "").strip()
    for child in node:
        new.append(_renamed(child))
    return new


def _text(node: Element, name: str) -> str:
    return next(((child.text or "").strip() for child in node if _local(child) == name), "")


def _carry_attachment(node: Element, manifest: Element, files: Element) -> None:
    name, label = _text(node, "AttachmentName"), _text(node, "ContentType")
    octets = base64.b64decode(_text(node, "ContentTransferEncoded"))
    ending = name.rpartition(".")[2]
    if ending in RAW:
        octets, label = _unpacked(octets, label if ending != "zip" else ""), RAW[ending]
    else:
        octets, label = _zipped(_unpacked(octets, label), ending), "application/zip"
    content_id = _text(node, "ContentId") or f"cid:cid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}"
    reference = ElementTree.SubElement(manifest, f"{{{NS}}}Reference")
    for child, value in (("ContentId", content_id), ("ContentType", "application/zip"), ("AttachmentName", name)):
        ElementTree.SubElement(reference, f"{{{NS}}}{child}").text = value
    attachment = ElementTree.SubElement(files, f"{{{NS}}}Attachment")
    for child, value in (("ContentId", content_id), ("AttachmentName", name), ("ContentType", label)):
        ElementTree.SubElement(attachment, f"{{{NS}}}{child}").text = value
    encoded = base64.b64encode(octets).decode()
    ElementTree.SubElement(attachment, f"{{{NS}}}ContentTransferEncoded").text = encoded


def _unpacked(octets: bytes, label: str) -> bytes:
    if label != "application/zip" or not octets.startswith(b"PK\x03\x04"):
        return octets
    with zipfile.ZipFile(io.BytesIO(octets)) as archive:
        (entry,) = archive.infolist()
        return archive.read(entry)


def _zipped(octets: bytes, ending: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{uuid.uuid5(uuid.NAMESPACE_URL, ending)}.{ending}", octets)
    return buffer.getvalue()
