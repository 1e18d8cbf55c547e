"""The signatures of a whole packet: its seal, the one in its header, and whether it is a signed original.

The header of real packets holds place-holders, signatures in the wrong namespace, or an empty element (protocol, 7.2):
these are told, never proof. A genuine header signature is XML-DSig whose references are ``cid:`` over the unpacked
attachments, or the document around it; the national axis writes packets anew and breaks the second kind, which is
reported as ``rewritten-in-transit`` and not as forged.
"""

from __future__ import annotations

import datetime
import enum
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, TypeVar, get_args

import attrs
import pybase64
from lxml import etree

from vndoc.edxml import Reading
from vndoc.edxml import elements as table
from vndoc.edxml.parts import collect
from vndoc.envelope import Attachment, DocumentPacket, Octets, SignatureMarkup, normalise_content_id
from vndoc.errors import AttachmentError, ReadError, SignatureError, UsageError, VndocError
from vndoc.errors._arguments import need, need_call, need_packet
from vndoc.limits import DEFAULT, Limits
from vndoc.pki.fetching import Fetcher
from vndoc.pki.outcome import Reason, SubIndication
from vndoc.pki.revocation_facts import RevocationSource
from vndoc.pki.trust import TrustStore
from vndoc.signature._cms_content import digests_of
from vndoc.signature.evaluation import context_of, evaluated
from vndoc.signature.facts import SignatureFacts
from vndoc.signature.originals import Organisations, Original, judge_original, main_document
from vndoc.signature.policy import Policy, policy_of
from vndoc.signature.reasons import SIGNATURE_REASONS
from vndoc.signature.report import SignatureReport, Verdict
from vndoc.signature.seal import Normalise, read_seal, seal_state
from vndoc.signature.signing import Signer
from vndoc.signature.tsp import Stamp
from vndoc.signature.xmldsig import XmlSignatureFacts, XmlSource, read_xml
from vndoc.signature.xmldsig_making import XmlReference, sign_xml
from vndoc.text import Lang, Text
from vndoc.xml import Skeleton
from vndoc.xml.pieces import in_full

__all__ = [
    "HeaderSignature",
    "PacketVerdict",
    "header_signature",
    "read_header_signatures",
    "sign_header",
    "verify_packet",
]

_SIGNATURE_VALUE: Final = "SignatureValue"
_VALUES: Final = frozenset({_SIGNATURE_VALUE, "DigestValue"})
_LEAST: Final = 40
"""Octets of the shortest signature value: ECDSA and EdDSA have 64."""


class HeaderSignature(enum.StrEnum):
    """What stands in the header under the name of a signature."""

    __hash__ = str.__hash__  # that of enum is written in Python, and a table is asked for each packet

    NONE = "none"
    EMPTY = "empty"
    """An element without content, as the .NET writers put it (``DigitalSignature``)."""
    PLACEHOLDER = "placeholder"
    """Values that no algorithm gives: too short, or the same everywhere."""
    WRONG_NAMESPACE = "wrong-namespace"
    """The names of XML-DSig in the packet's namespace: no verifier finds it."""
    PRESENT = "present"


@attrs.frozen(kw_only=True, repr=False, slots=False)
class PacketVerdict(Verdict):
    """The answer for one packet.

    ``signatures`` are those of the seal and of the header, ``header`` says what stands there. ``original`` answers the
    second question (Decree 30/2020/NĐ-CP, article 5): is ``main_document`` signed by the competent person and by the
    issuing organisation? ``set_aside`` is a header signature that did not survive the axis while the seal did.
    """

    header: HeaderSignature
    sealed: bool
    original: Original
    main_document: str | None = None
    set_aside: tuple[SignatureReport, ...] = ()

    def __repr__(self) -> str:
        return f"PacketVerdict({self.indication.value}, {len(self.signatures)} signatures, {self.original.value})"


def _reason(code: str, place: str | None = None, /, **values: object) -> Reason:
    return Reason.of(SIGNATURE_REASONS[code], place=place, **values)


# -- the header ----------------------------------------------------------------------------------------


def header_signature(reading: Reading) -> HeaderSignature:
    """Return what stands in the header of the packet that was read."""
    markup = reading.document.signature
    if markup is None:
        empty = any(d.id == "digital-signature-empty" for d in reading.deviations)
        return HeaderSignature.EMPTY if empty else HeaderSignature.NONE
    if _is_placeholder(markup, reading.document.attachments):
        return HeaderSignature.PLACEHOLDER
    return HeaderSignature.PRESENT if markup.namespace == table.XMLDSIG else HeaderSignature.WRONG_NAMESPACE


def _texts(markup: SignatureMarkup) -> tuple[list[str], list[str]]:
    """Return the texts of all SignatureValue and of all DigestValue, in whatever namespace, without white space."""
    values: list[str] = []
    digests: list[str] = []
    waiting = [markup]
    for element in waiting:
        if element.name in _VALUES:
            texts = values if element.name == _SIGNATURE_VALUE else digests
            texts.append("".join("".join([child for child in element.children if isinstance(child, str)]).split()))
        for child in element.children:
            if not isinstance(child, str):
                waiting.append(child)  # noqa: PERF401 - the loop is over this list
    return values, digests


def _is_placeholder(markup: SignatureMarkup, attachments: Sequence[Attachment]) -> bool:
    """Return whether no algorithm gives such values: a short signature value, or one digest for several references.

    One digest is right for several attachments where these are the same file.
    """
    values, digests = _texts(markup)
    if not values or [value for value in values if len(_decoded(value)) < _LEAST]:
        return True
    if not digests or [digest for digest in digests if len(set(_decoded(digest))) < 2]:
        return True
    return len(digests) > 1 and len(set(digests)) == 1 and not _is_of_files(_decoded(digests[0]), attachments)


def _is_of_files(digest: bytes, attachments: Sequence[Attachment]) -> bool:
    """Return whether two of *attachments* or more have the *digest*, made by whichever algorithm has that length."""
    name = _BY_LENGTH.get(len(digest))
    try:
        return name is not None and sum(digests_of(a.content, [name])[name] == digest for a in attachments) > 1
    except VndocError:  # what cannot be opened has no digest that anybody could have signed
        return False


_BY_LENGTH: Final = MappingProxyType({20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512"})


def _decoded(text: str) -> bytes:
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError:
        return b""


def read_header_signatures(reading: Reading) -> tuple[XmlSignatureFacts, ...]:
    """Return the facts of the signatures in the XML of a packet: none unless :func:`header_signature` is PRESENT.

    ``cid:`` references are over the unpacked attachments. Where the packet was on its way through somebody else's hands
    and only the document around the signature differs, the reason is ``rewritten-in-transit``. Raises as
    :func:`~vndoc.signature.xmldsig.read_xml`.
    """
    return _present(reading, header_signature(reading))


def _present(reading: Reading, kind: HeaderSignature) -> tuple[XmlSignatureFacts, ...]:
    if kind is not HeaderSignature.PRESENT:
        return ()
    packet = reading.document

    def resolve(uri: str) -> Octets | None:
        if not uri.lower().startswith("cid:"):
            return None
        wanted = normalise_content_id(uri)
        found = [a for a in packet.attachments if normalise_content_id(a.content_id) == wanted]
        return found[0].content if len(found) == 1 else None

    source = XmlSource.of_skeleton(reading.skeleton, reading.source.size)
    facts = read_xml(source, resolver=resolve, limits=reading.limits)
    found = [_of_packet(f, reading.skeleton) for f in facts]
    return tuple([_rewritten(f) for f in found] if _carried(packet) else found)


def _of_packet(facts: XmlSignatureFacts, skeleton: Skeleton) -> XmlSignatureFacts:
    """Return *facts* with a reason if nothing is covered that the packet was read from (attack A1).

    Where an element stands and what it is called says nothing: a reader that is lenient finds a header in other places
    and namespaces, too. So it has to be the very element.
    """
    if [covered for covered in facts.covered if covered.what in {"document", "attachment"}]:
        return facts
    parts = collect(skeleton.root, _unheard)
    read = (in_full(skeleton, node) for node in (parts.header, *parts.attachments) if node is not None)
    if any(map(facts.reaches, read)):
        return facts
    return attrs.evolve(facts, reasons=(*facts.reasons, _reason("header-signature-elsewhere", facts.place)))


def _unheard(*_: object) -> None:
    """Take a report about the layout, which reading the packet has made already."""


def _carried(packet: DocumentPacket) -> bool:
    """Return whether the trace names a hop of anybody but the sender."""
    sender = packet.from_.organ_id if packet.from_ is not None else None
    trace = packet.trace_header_list
    return trace is not None and any(hop.organ_id != sender for hop in trace.trace_headers)


def _rewritten(facts: XmlSignatureFacts) -> XmlSignatureFacts:
    """Return *facts* with changes of the document around the signature told for what they are."""
    around = [c for c in facts.covered if c.intact is False and c.what in {"document", "element"}]
    others = [c for c in facts.covered if c.intact is False and c not in around]
    if not around or others:
        return facts
    kept = tuple(r for r in facts.reasons if r.kind.sub_indication is not SubIndication.HASH_FAILURE)
    covered = tuple(attrs.evolve(c, intact=None) if c in around else c for c in facts.covered)
    return attrs.evolve(facts, covered=covered, reasons=(*kept, _reason("rewritten-in-transit", facts.place)))


_HeaderForm = Literal["cid", "enveloped"]


def sign_header(
    data: bytes,
    packet: DocumentPacket,
    *,
    signer: Signer,
    signing_time: datetime.datetime,
    form: _HeaderForm = "cid",
    stamp: Stamp | None = None,
    nonce: int | None = None,
    limits: Limits = DEFAULT,
) -> bytes:
    """Return the written packet *data* with a XAdES signature as the last child of its header.

    *packet* is what *data* holds. *form* ``cid`` signs the unpacked octets of each attachment, ``enveloped`` the
    document around the signature; neither survives an axis that writes packets anew, a seal does. Raises
    :class:`~vndoc.errors.SignatureError` ``header-signed`` where the header has a signature, ``header-content-ids``
    where an attachment has no content id of its own, and as :func:`~vndoc.signature.xmldsig_making.sign_xml`.
    """
    need_packet(packet, DocumentPacket)
    if form not in get_args(_HeaderForm):
        raise UsageError("option-invalid", detail=f"form={form!r}")
    if packet.signature is not None:
        raise SignatureError("header-signed")
    references = None
    if form == "cid":
        names = [normalise_content_id(a.content_id) for a in packet.attachments]
        if not names or not all(names) or len(set(names)) < len(names):
            raise SignatureError("header-content-ids")
        references = [
            XmlReference(uri=f"cid:{name}", content=a.content)
            for name, a in zip(names, packet.attachments, strict=True)
        ]
    return sign_xml(
        data,
        signer=signer,
        references=references,
        signing_time=signing_time,
        stamp=stamp,
        nonce=nonce,
        parent=f"/{table.ROOT}/{table.ENVELOPE}/{table.HEADER}",
        limits=limits,
    )


# -- the whole -----------------------------------------------------------------------------------------


def verify_packet(
    reading: Reading,
    *,
    policy: str | Policy,
    trust: TrustStore,
    at: datetime.datetime,
    revocation: RevocationSource | None = None,
    fetch: Fetcher | None = None,
    proofs: Mapping[bytes, datetime.datetime] | None = None,
    organisations: Organisations | None = None,
    normalise: Normalise = str,
) -> PacketVerdict:
    """Verify the seal and the header signature of a packet, and answer whether it is a signed original.

    *fetch* is asked for certificates and revocation that are missing (:mod:`vndoc.pki.fetching`); without it nothing is
    fetched. *organisations* looks up names and numbers of the issuer (see :mod:`vndoc.signature.originals`),
    *normalise* maps aliases of organ codes; the others are as in :func:`~vndoc.signature.evaluation.evaluate`.
    Signatures inside PDF attachments are not looked at, and the verdict says so. A seal or header signature that cannot
    be read leaves the verdict open, with a reason.

    Raises :class:`~vndoc.errors.UsageError`: ``wrong-packet-kind`` for a status packet, which is never signed,
    ``unknown-policy``, ``time-zone-missing``.
    """
    need("reading", reading, Reading)
    need_call("normalise", normalise)
    if organisations is not None:
        need_call("organisations", organisations)
    context = context_of(policy_of(policy), trust, at, revocation, fetch, proofs)
    chosen, packet = context.policy, reading.document
    kind, sealed = header_signature(reading), seal_state(packet) != "none"
    broken: list[Reason] = []
    seals: tuple[SignatureReport, ...] = ()
    if sealed:
        read = functools.partial(read_seal, packet, normalise=normalise, limits=reading.limits)
        seals = tuple([evaluated(facts, context) for facts in _attempted(read, "seal-unreadable", broken)])
    present: tuple[XmlSignatureFacts, ...] = ()
    if kind is HeaderSignature.PRESENT:
        present = _attempted(functools.partial(_present, reading, kind), "header-signature-unreadable", broken)
    headers = tuple([evaluated(facts, context) for facts in present])
    safe = bool(seals) and all(s.passed for s in seals)
    aside = tuple([h for h in headers if any(r.code == "rewritten-in-transit" for r in h.reasons)]) if safe else ()
    signatures = seals + (tuple([h for h in headers if h not in aside]) if aside else headers)
    main = main_document(reading, chosen)
    original, reasons = judge_original(packet, signatures, chosen, main, organisations, at)
    told = _header_notes(kind, packet, safe=safe, aside=bool(aside))
    unbound = () if sealed else _unbound(present, reading)
    notes = (*broken, *told, *unbound, *reasons, *_pdf_notes(packet))
    if not signatures and not any(r.decides for r in notes):
        notes = (_reason("no-signature"), *notes)
    return PacketVerdict(
        policy=chosen.name,
        at=at,
        signatures=signatures,
        notes=notes,
        header=kind,
        sealed=sealed,
        original=original,
        main_document=main,
        set_aside=aside,
    )


def _attempted(read: Callable[[], tuple[_Facts, ...]], code: str, broken: list[Reason]) -> tuple[_Facts, ...]:
    """Return what *read* gives; what keeps one kind of signature from being read must not hide the other."""
    try:
        return read()
    except (AttachmentError, ReadError, SignatureError) as error:
        vi, en = (error.text(lang).replace("{", "{{").replace("}", "}}") for lang in _LANGUAGES)
        broken.append(_reason(code, detail=Text(vi, en)))
        return ()


_Facts = TypeVar("_Facts", bound=SignatureFacts)
_LANGUAGES: Final[tuple[Lang, Lang]] = ("vi", "en")
_NOTES: Final = {
    HeaderSignature.EMPTY: "header-signature-empty",
    HeaderSignature.PLACEHOLDER: "header-signature-placeholder",
    HeaderSignature.WRONG_NAMESPACE: "header-signature-namespace",
}


def _unbound(headers: tuple[XmlSignatureFacts, ...], reading: Reading) -> tuple[Reason, ...]:
    """Return what the signatures in the header leave to anybody: the header that was read, or attachments."""
    skeleton = reading.skeleton
    # nothing is read from a signature, so that no hole in the whole has anything in it
    if not headers or any(facts.reaches(skeleton.full_root) for facts in headers):
        return ()
    parts = collect(skeleton.root, _unheard)
    told = () if parts.header is not None and _reached(headers, skeleton, parts.header) else ("header-not-signed",)
    return (*map(_reason, told), *_left_out(headers, reading, parts.attachments))


def _left_out(
    headers: tuple[XmlSignatureFacts, ...], reading: Reading, nodes: Sequence[etree._Element]
) -> Iterator[Reason]:
    """Yield the attachments that none of *headers* is over: they may have been added later, or be others now.

    *nodes* are the elements that the attachments were read from.
    """
    named = {normalise_content_id(c.name) for facts in headers for c in facts.covered if c.what == "attachment"}
    skeleton, attachments = reading.skeleton, reading.document.attachments
    signed = [
        bool(attachment.content_id and normalise_content_id(attachment.content_id) in named)
        or _reached(headers, skeleton, node)
        for attachment, node in zip(attachments, nodes, strict=True)
    ]
    for attachment, covered in zip(attachments, signed, strict=True):
        if not covered:
            yield _reason("attachment-not-signed", name=attachment.name or "?")


def _reached(headers: tuple[XmlSignatureFacts, ...], skeleton: Skeleton, node: etree._Element) -> bool:
    """Return whether one of *headers* is over the very element *node*."""
    if all(covered.what != "element" for facts in headers for covered in facts.covered):
        return False
    return any(facts.reaches(in_full(skeleton, node)) for facts in headers)


def _header_notes(kind: HeaderSignature, packet: DocumentPacket, *, safe: bool, aside: bool) -> list[Reason]:
    found = []
    if kind is HeaderSignature.WRONG_NAMESPACE and _carried(packet) and not safe:
        found.append(_reason("rewritten-in-transit"))
    elif kind in _NOTES:
        found.append(_reason(_NOTES[kind]))
    if aside:
        found.append(_reason("header-signature-set-aside"))
    return found


def _pdf_notes(packet: DocumentPacket) -> tuple[Reason, ...]:
    if [a for a in packet.attachments if (a.name or "").strip().lower().endswith(".pdf")]:
        return (_reason("pdf-signatures-not-examined"),)
    return ()
