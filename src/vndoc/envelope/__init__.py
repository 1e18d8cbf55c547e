"""Values of both packet kinds, their identity and their code lists. Knows no XML.

>>> from vndoc.envelope import DocumentPacket, Organization
>>> DocumentPacket(from_=Organization(organ_id="H41"), subject="Mẫu").subject
'Mẫu'
"""

from vndoc.envelope.attachment import Attachment, normalise_content_id
from vndoc.envelope.identity import BusinessKey, business_key, content_digest
from vndoc.envelope.model import (
    Bussiness,
    BussinessDocumentInfo,
    DocumentPacket,
    DocumentType,
    Organization,
    OtherInfo,
    Packet,
    PromulgationInfo,
    Receiver,
    ReplacementInfo,
    ResponseFor,
    SignatureMarkup,
    SignerInfo,
    StaffInfo,
    StatusPacket,
    TraceHeader,
    TraceHeaderList,
)
from vndoc.envelope.octets import MemoryOctets, Octets

__all__ = [
    "Attachment",
    "BusinessKey",
    "Bussiness",
    "BussinessDocumentInfo",
    "DocumentPacket",
    "DocumentType",
    "MemoryOctets",
    "Octets",
    "Organization",
    "OtherInfo",
    "Packet",
    "PromulgationInfo",
    "Receiver",
    "ReplacementInfo",
    "ResponseFor",
    "SignatureMarkup",
    "SignerInfo",
    "StaffInfo",
    "StatusPacket",
    "TraceHeader",
    "TraceHeaderList",
    "business_key",
    "content_digest",
    "normalise_content_id",
]
