"""Frozen models of both packet kinds, named as QCVN 102 names the elements.

A *document packet* carries a document that is new, recalls, updates or replaces another; a *status
packet* reports what became of one. Values know no XML: what a file looked like is in
:class:`vndoc.edxml.Reading`. Absent and empty are the same: ``None`` for one value, ``()`` for a list.

Source: QCVN 102:2016/BTTTT and its amendment SD1:2022; elements marked *vendor extension* are practice.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import attrs

from vndoc.envelope.attachment import Attachment
from vndoc.identifiers import DocumentCode, DocumentId, OrganCode
from vndoc.text import shorten

__all__ = [
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
    "SignatureMarkup",
    "SignerInfo",
    "StaffInfo",
    "StatusPacket",
    "TraceHeader",
    "TraceHeaderList",
]


def _organ(value: OrganCode | str | None) -> OrganCode | None:
    return OrganCode(value) if isinstance(value, str) else value


def _organs(values: Any) -> tuple[OrganCode, ...]:
    return tuple(OrganCode(v) if isinstance(v, str) else v for v in _items(values))


def _id_text(value: DocumentId | str | None) -> str | None:
    return value.text if isinstance(value, DocumentId) else value


def _items(values: Any) -> tuple[Any, ...]:
    if type(values) is tuple:
        return values
    if isinstance(values, (str, bytes)):
        message = "a list of values is needed, not one text"
        raise TypeError(message)
    return tuple(values)


_PRIVATE = {"private": True}
"""Marks a field that ``repr`` hides."""


class _Value:
    """What all models share: ``repr`` that is short and masked, and ``evolve``."""

    __slots__ = ()

    def __repr__(self) -> str:
        parts = []
        for field in attrs.fields(type(self)):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if value is None or value == ():
                continue
            if field.metadata.get("private"):
                shown = "'***'"
            elif isinstance(value, str):
                shown = repr(shorten(value))
            elif isinstance(value, tuple):
                shown = f"<{len(value)}>"
            else:
                shown = repr(value)
            parts.append(f"{field.name}={shown}")
        return f"{type(self).__name__}({', '.join(parts)})"

    def evolve(self, **changes: Any) -> Self:
        """Return a copy with *changes*, by field name; ``TypeError`` for a name that does not exist."""
        return attrs.evolve(self, **changes)  # type: ignore[misc]


@attrs.frozen(kw_only=True, repr=False)
class Organization(_Value):
    """One agency: the block ``From`` or ``To``."""

    organ_id: OrganCode | None = attrs.field(default=None, converter=_organ)
    organization_in_charge: str | None = None
    organ_name: str | None = None
    organ_add: str | None = None
    email: str | None = None
    telephone: str | None = None
    fax: str | None = None
    website: str | None = None


@attrs.frozen(kw_only=True, repr=False)
class PromulgationInfo(_Value):
    """Place and date of issue: ``PromulgationInfo``."""

    place: str | None = None
    promulgation_date: datetime.date | None = None


@attrs.frozen(kw_only=True, repr=False)
class DocumentType(_Value):
    """Type of document; see :func:`vndoc.envelope.codes.document_type` for what the numbers mean."""

    type: int | None = None
    type_detail: int | None = None
    type_name: str | None = None


@attrs.frozen(kw_only=True, repr=False)
class SignerInfo(_Value):
    """Who signed: authority prefix, title and name. One signer only."""

    competence: str | None = None
    position: str | None = None
    full_name: str | None = None


@attrs.frozen(kw_only=True, repr=False)
class OtherInfo(_Value):
    """``OtherInfo``; ``reply_fors``, ``direction`` and ``reference_codes`` are vendor extensions."""

    priority: int | None = None
    sphere_of_promulgation: str | None = None
    typer_notation: str | None = None
    promulgation_amount: int | None = None
    page_amount: int | None = None
    reply_fors: str | None = None
    direction: bool | None = None
    reference_codes: str | None = None
    appendixes: tuple[str, ...] = attrs.field(default=(), converter=_items)


@attrs.frozen(kw_only=True, repr=False)
class ResponseFor(_Value):
    """The document that this packet answers, recalls or reports on; ``code`` is number/notation."""

    organ_id: OrganCode | None = attrs.field(default=None, converter=_organ)
    code: str | None = None
    document_id: str | None = attrs.field(default=None, converter=_id_text)
    promulgation_date: datetime.date | None = None

    @classmethod
    def to(cls, packet: DocumentPacket, *, organ_id: OrganCode | str | None = None) -> Self:
        """Return the reference to the document in *packet*: what an answer, a status or a recall names.

        *organ_id* is the agency on the other side, by default the sender of *packet*. What *packet* lacks stays
        absent. Source: practice (section 4.7: id, code and date are those of the original document).
        """
        sender = packet.from_.organ_id if packet.from_ is not None else None
        code, info = packet.code, packet.promulgation_info
        return cls(
            organ_id=sender if organ_id is None else organ_id,
            code=str(code) if code is not None and code.number else None,
            document_id=packet.document_id,
            promulgation_date=info.promulgation_date if info is not None else None,
        )


@attrs.frozen(kw_only=True, repr=False)
class StaffInfo(_Value):
    """The clerk who acts. ``department_id`` and ``staff_id`` are vendor extensions."""

    department: str | None = None
    department_id: str | None = None
    staff: str | None = None
    staff_id: str | None = attrs.field(default=None, metadata=_PRIVATE)
    email: str | None = attrs.field(default=None, metadata=_PRIVATE)
    mobile: str | None = attrs.field(default=None, metadata=_PRIVATE)


@attrs.frozen(kw_only=True, repr=False)
class Receiver(_Value):
    """One changed receiver of an update: ``receiver_type`` 0 removed, 1 added."""

    organ_id: OrganCode | None = attrs.field(default=None, converter=_organ)
    receiver_type: int | None = None


@attrs.frozen(kw_only=True, repr=False)
class BussinessDocumentInfo(_Value):
    """What an update changes; both flags are 1 for changed, 0 for unchanged."""

    document_info: int | None = None
    document_receiver: int | None = None
    receiver_list: tuple[Receiver, ...] = attrs.field(default=(), converter=_items)


@attrs.frozen(kw_only=True, repr=False)
class ReplacementInfo(_Value):
    """One replaced document and the receivers concerned."""

    document_id: str | None = attrs.field(default=None, converter=_id_text)
    organ_id_list: tuple[OrganCode, ...] = attrs.field(default=(), converter=_organs)


@attrs.frozen(kw_only=True, repr=False)
class Bussiness(_Value):
    """The business operation; spelled as the standard spells it. ``document_id`` is the target of an update."""

    document_id: str | None = attrs.field(default=None, converter=_id_text)
    bussiness_doc_type: int | None = None
    bussiness_doc_reason: str | None = None
    paper: int | None = None
    bussiness_document_info: BussinessDocumentInfo | None = None
    replacement_info_list: tuple[ReplacementInfo, ...] = attrs.field(default=(), converter=_items)
    staff_info: tuple[StaffInfo, ...] = attrs.field(default=(), converter=_items)


@attrs.frozen(kw_only=True, repr=False)
class TraceHeader(_Value):
    """One hop. ``timestamp`` is Vietnam local time without offset; a plain date where no time was given."""

    organ_id: OrganCode | None = attrs.field(default=None, converter=_organ)
    timestamp: datetime.date | None = None


@attrs.frozen(kw_only=True, repr=False)
class TraceHeaderList(_Value):
    """The trace and the business operation. ``must_understand`` and ``actor`` are SOAP heritage."""

    id: str | None = None
    version: str | None = None
    must_understand: str | None = None
    actor: str | None = None
    bussiness: Bussiness | None = None
    trace_headers: tuple[TraceHeader, ...] = attrs.field(default=(), converter=_items)


class _Deferred:
    """Room for what a value is made of when it is first asked for."""

    __slots__ = ("_inside",)


@attrs.frozen(kw_only=True)
class SignatureMarkup(_Deferred):
    """The packet's own ``Signature`` as it stood in the file: carried, never proof.

    A small tree without meaning here: ``children`` holds text and elements in their order, white space
    included. ``namespace`` is ``None`` for names in no namespace; attribute names are written ``{namespace}name``.
    What reading gives takes attributes and children out of the file's tree when one of them is first asked for.
    """

    name: str
    namespace: str | None = None
    prefix: str | None = None
    attributes: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False)
    children: tuple[SignatureMarkup | str, ...] = attrs.field(default=(), repr=False)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Return what was put off; Python asks here only where an attribute is not there yet."""
            if name not in _PUT_OFF:
                message = f"{type(self).__name__!r} object has no attribute {name!r}"
                raise AttributeError(message)
            inside = self._inside
            if inside is not None:  # else another thread was quicker
                for field, value in zip(_PUT_OFF, inside(), strict=True):
                    object.__setattr__(self, field, value)
                object.__setattr__(self, "_inside", None)
            return object.__getattribute__(self, name)


_PUT_OFF = ("attributes", "children")

Inside = tuple[tuple[tuple[str, str], ...], tuple[SignatureMarkup | str, ...]]
"""Attributes and children of a :class:`SignatureMarkup`."""


def deferred(name: str, namespace: str | None, prefix: str | None, inside: Callable[[], Inside]) -> SignatureMarkup:
    """Return a signature whose attributes and children *inside* gives when they are asked for: always the same.

    No part of the public surface. Most readers never ask: a carried signature is a third of a packet without
    attachments, and what verifies it looks at the tree.
    """
    value = SignatureMarkup.__new__(SignatureMarkup)
    for field, given in (("name", name), ("namespace", namespace), ("prefix", prefix), ("_inside", inside)):
        object.__setattr__(value, field, given)
    return value


@attrs.frozen(kw_only=True, repr=False)
class DocumentPacket(_Value):
    """A packet that carries a document: new, recall, update or replacement (QCVN 102, ``edXML``)."""

    from_: Organization | None = None
    to: tuple[Organization, ...] = attrs.field(default=(), converter=_items)
    document_id: str | None = attrs.field(default=None, converter=_id_text)
    code: DocumentCode | None = None
    promulgation_info: PromulgationInfo | None = None
    document_type: DocumentType | None = None
    subject: str | None = None
    content: str | None = None
    signer_info: SignerInfo | None = None
    due_date: datetime.date | None = None
    other_info: OtherInfo | None = None
    response_for: tuple[ResponseFor, ...] = attrs.field(default=(), converter=_items)
    steering_type: int | None = None
    response_for_task: tuple[str, ...] = attrs.field(default=(), converter=_items)
    application_type: str | None = None
    to_places: tuple[str, ...] = attrs.field(default=(), converter=_items)
    trace_header_list: TraceHeaderList | None = None
    signature: SignatureMarkup | None = None
    attachments: tuple[Attachment, ...] = attrs.field(default=(), converter=_items)

    @property
    def bussiness_doc_type(self) -> int:
        """Return the business operation: 0 new, 1 recall, 2 update, 3 replace; new where none is given (practice)."""
        block = self.trace_header_list.bussiness if self.trace_header_list else None
        return 0 if block is None or block.bussiness_doc_type is None else block.bussiness_doc_type

    def __repr__(self) -> str:
        code = self.code and shorten(f"{self.code.number}/{self.code.notation}")
        return (
            f"DocumentPacket(kind={self.bussiness_doc_type}, from_={_sender(self)!r}, to=<{len(self.to)}>, "
            f"code={code!r}, subject={shorten(self.subject or '')!r}, attachments=<{len(self.attachments)}>)"
        )


@attrs.frozen(kw_only=True, repr=False)
class StatusPacket(_Value):
    """A packet that reports what became of a document at one receiver, or asks to take it back (code 13)."""

    from_: Organization | None = None
    response_for: ResponseFor | None = None
    staff_info: StaffInfo | None = None
    status_code: str | None = None
    description: str | None = None
    timestamp: datetime.date | None = None

    def __repr__(self) -> str:
        code = shorten(self.response_for.code or "") if self.response_for else None
        return f"StatusPacket(status_code={self.status_code!r}, from_={_sender(self)!r}, code={code!r})"


def _sender(packet: DocumentPacket | StatusPacket) -> str:
    return shorten(str(packet.from_.organ_id)) if packet.from_ else "None"


Packet = DocumentPacket | StatusPacket
"""Either packet kind."""
