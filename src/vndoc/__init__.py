"""vndoc: read, check, sign and write the official-document packets (edXML) of Vietnamese agencies.

>>> import vndoc
>>> reading = vndoc.read(packet_bytes)  # doctest: +SKIP
>>> reading.packet.subject, [d.id for d in reading.deviations]  # doctest: +SKIP
>>> vndoc.validate(reading).passed  # doctest: +SKIP

Everything in ``__all__`` is public. Names are loaded on first use, so importing this package costs little; so are the
public packages below it: after ``import vndoc``, ``vndoc.signature.verify_xml`` needs no further import.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from vndoc._version import __version__

if TYPE_CHECKING:
    from vndoc.edxml import (
        PROFILES,
        Deviation,
        Profile,
        Reading,
        packet_from_dict,
        packet_from_json,
        packet_to_dict,
        packet_to_json,
    )
    from vndoc.envelope import (
        Attachment,
        BusinessKey,
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
        SignerInfo,
        StaffInfo,
        StatusPacket,
        TraceHeader,
        TraceHeaderList,
        business_key,
        content_digest,
    )
    from vndoc.errors import (
        AttachmentError,
        CertificateError,
        EnvelopeError,
        ExchangeError,
        FetchError,
        IdentifierError,
        LimitError,
        OwnFaultError,
        PeerFaultError,
        Place,
        ReadError,
        Retry,
        SignatureError,
        SourceError,
        StoreError,
        TransportError,
        UsageError,
        VndocError,
        WriteError,
    )
    from vndoc.identifiers import DocumentCode, DocumentId, OrganCode
    from vndoc.limits import Limits
    from vndoc.packets import attach, read, read_packet, seal, validate, verify, write_packet
    from vndoc.schema import Finding, Report

_HOMES = {
    "vndoc.packets": (
        "attach",
        "read",
        "read_packet",
        "seal",
        "validate",
        "verify",
        "write_packet",
    ),
    "vndoc.edxml": (
        "PROFILES",
        "Deviation",
        "Profile",
        "Reading",
        "packet_from_dict",
        "packet_from_json",
        "packet_to_dict",
        "packet_to_json",
    ),
    "vndoc.schema": (
        "Finding",
        "Report",
    ),
    "vndoc.envelope": (
        "Attachment",
        "BusinessKey",
        "Bussiness",
        "BussinessDocumentInfo",
        "DocumentPacket",
        "DocumentType",
        "Organization",
        "OtherInfo",
        "Packet",
        "PromulgationInfo",
        "Receiver",
        "ReplacementInfo",
        "ResponseFor",
        "SignerInfo",
        "StaffInfo",
        "StatusPacket",
        "TraceHeader",
        "TraceHeaderList",
        "business_key",
        "content_digest",
    ),
    "vndoc.identifiers": (
        "DocumentCode",
        "DocumentId",
        "OrganCode",
    ),
    "vndoc.errors": (
        "AttachmentError",
        "CertificateError",
        "EnvelopeError",
        "ExchangeError",
        "FetchError",
        "IdentifierError",
        "LimitError",
        "OwnFaultError",
        "PeerFaultError",
        "Place",
        "ReadError",
        "Retry",
        "SignatureError",
        "SourceError",
        "StoreError",
        "TransportError",
        "UsageError",
        "VndocError",
        "WriteError",
    ),
    "vndoc.limits": ("Limits",),
}
_MODULE_OF = {name: module for module, members in _HOMES.items() for name in members}
_PARTS = frozenset(
    {"cli", "edxml", "envelope", "errors", "exchange", "fetching", "identifiers", "limits", "node", "packets", "pki"}
    | {"routing", "schema", "signature", "signers", "statistics", "store", "testing", "text", "transport", "xml"}
)

__all__ = [
    "PROFILES",
    "Attachment",
    "AttachmentError",
    "BusinessKey",
    "Bussiness",
    "BussinessDocumentInfo",
    "CertificateError",
    "Deviation",
    "DocumentCode",
    "DocumentId",
    "DocumentPacket",
    "DocumentType",
    "EnvelopeError",
    "ExchangeError",
    "FetchError",
    "Finding",
    "IdentifierError",
    "LimitError",
    "Limits",
    "OrganCode",
    "Organization",
    "OtherInfo",
    "OwnFaultError",
    "Packet",
    "PeerFaultError",
    "Place",
    "Profile",
    "PromulgationInfo",
    "ReadError",
    "Reading",
    "Receiver",
    "ReplacementInfo",
    "Report",
    "ResponseFor",
    "Retry",
    "SignatureError",
    "SignerInfo",
    "SourceError",
    "StaffInfo",
    "StatusPacket",
    "StoreError",
    "TraceHeader",
    "TraceHeaderList",
    "TransportError",
    "UsageError",
    "VndocError",
    "WriteError",
    "__version__",
    "attach",
    "business_key",
    "content_digest",
    "packet_from_dict",
    "packet_from_json",
    "packet_to_dict",
    "packet_to_json",
    "read",
    "read_packet",
    "seal",
    "validate",
    "verify",
    "write_packet",
]


def __getattr__(name: str) -> Any:
    """Load a public name from the module that defines it, or a public part of the package."""
    if name in _PARTS:
        return importlib.import_module(f"{__name__}.{name}")
    module = _MODULE_OF.get(name)
    if module is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
