"""XAdES: what a signer stated about a signature, and what was added to it later.

Forms from XAdES 1.1.1 to EN 319 132-1 are read by one set of tables: the names of the elements are the same, their
namespaces and a few places differ. A claim counts only if the SignedProperties that hold it are covered by the
signature.

Source: ETSI EN 319 132-1 V1.2.1; ETSI TS 101 903 V1.1.1, V1.2.2, V1.3.2, V1.4.1.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

import attrs
from lxml import etree

from vndoc.pki.algorithms import DIGESTS
from vndoc.pki.certificate import Certificate
from vndoc.pki.outcome import Reason
from vndoc.signature._xades_timestamps import read_timestamps
from vndoc.signature._xmldsig_keys import MAX_CERTIFICATES, read_certificate
from vndoc.signature._xmldsig_names import digest_method, ds
from vndoc.signature._xmldsig_references import Context, Reference
from vndoc.signature._xmldsig_tree import Refusal, base64_value, element_children, plain_text, reason, within
from vndoc.signature.facts import Binding, Level, RevocationMaterial, SignatureFacts, TimestampFacts, TimestampKind

if TYPE_CHECKING:
    from vndoc.signature._xmldsig_facts import XmlSignatureFacts

__all__ = ["COUNTERSIGNED", "NAMESPACES", "SIGNED_PROPERTIES", "DataObject"]

NAMESPACES: Final = (
    "http://uri.etsi.org/01903/v1.3.2#",
    "http://uri.etsi.org/01903/v1.4.1#",
    "http://uri.etsi.org/01903/v1.2.2#",
    "http://uri.etsi.org/01903/v1.1.1#",
)
"""The namespaces of XAdES; the first one is that of EN 319 132-1."""

SIGNED_PROPERTIES: Final = "http://uri.etsi.org/01903#SignedProperties"
"""The Type of a reference to SignedProperties."""

COUNTERSIGNED: Final = "http://uri.etsi.org/01903#CountersignedSignature"
"""The Type of a reference to the signature value that is countersigned."""

TYPES: Final = frozenset({SIGNED_PROPERTIES, *(f"{name}SignedProperties" for name in NAMESPACES)})
"""The Types of a reference to SignedProperties, in all versions."""
_EVIDENCE_RECORDS: Final = "{http://uri.etsi.org/19132/v1.1.1#}SealingEvidenceRecords"
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?", re.ASCII)


@attrs.frozen(kw_only=True)
class DataObject:
    """What the signer says that the thing behind one reference is (XAdES DataObjectFormat)."""

    reference: str
    mime_type: str | None = None
    description: str | None = None


def absent(_certificate: Certificate) -> Binding:
    """Return that the signed data name no certificate."""
    return Binding.ABSENT


@attrs.define(kw_only=True, eq=False)
class Properties:
    """The qualifying properties of one signature; ``signed`` is the SignedProperties element, if it is covered."""

    present: bool = False
    signed: etree._Element | None = None
    level: Level = Level.NONE
    reasons: tuple[Reason, ...] = ()
    binding: Callable[[Certificate], Binding] = absent
    claimed_time: datetime.datetime | None = None
    claimed_roles: tuple[str, ...] = ()
    claimed_place: tuple[str, ...] = ()
    commitment_types: tuple[str, ...] = ()
    signature_policy: str | None = None
    data_objects: tuple[DataObject, ...] = ()
    timestamps: tuple[TimestampFacts, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    revocation: RevocationMaterial = RevocationMaterial()
    counter_signatures: tuple[SignatureFacts, ...] = ()


class CounterReader(Protocol):
    """Reads the signature in a CounterSignature: its facts, and the references in it."""

    def __call__(self, node: etree._Element, /) -> tuple[XmlSignatureFacts, list[Reference]]:
        """Return both."""
        ...


def is_counter_signature(node: etree._Element) -> bool:
    """Return whether the signature *node* stands in a CounterSignature property of another one."""
    parent = node.getparent()
    return parent is not None and _name(parent) == "CounterSignature"


def read_properties(
    context: Context, signature: etree._Element, references: Sequence[Reference], counter: CounterReader
) -> Properties:
    """Return what the QualifyingProperties in *signature* say, none if there are none.

    *references* are those of its SignedInfo; *counter* reads the signature in a CounterSignature. What is wrong with
    the properties is among the reasons of the result.
    """
    found = [
        child
        for holder in signature.iterchildren(ds("Object"))
        for child in element_children(holder)
        if _name(child) == "QualifyingProperties"
    ]
    astray = _astray(signature, references, found)
    if astray is not None:
        return _broken(reason("signed-properties-elsewhere", place=astray.node))
    unread = next((r for r in references if r.type in TYPES and not r.followed), None)
    if unread is not None:
        return _broken(reason("signed-properties-not-reached", place=unread.node))
    if not found:
        return Properties(reasons=_referred(signature))
    place = context.paths.of(found[0])
    if len(found) > 1:
        return _broken(reason("qualifying-properties-repeated", place=place, count=len(found)))
    target, own = found[0].get("Target", ""), signature.get("Id")
    if own is None or target != f"#{own}":
        return _broken(reason("qualifying-properties-target", place=place, found=f'"{target}"'))
    try:
        signed = _signed_properties(found[0], references, place)
        return _read(context, signature, found[0], signed, counter)
    except Refusal as refusal:
        return _broken(refusal.reason)


def _astray(
    signature: etree._Element, references: Sequence[Reference], holders: Sequence[etree._Element]
) -> Reference | None:
    """Return a reference to SignedProperties that are not those of this signature.

    Who moves or renames what holds them must not turn a XAdES signature into one without time and certificate.
    """
    own = {child for holder in holders for child in element_children(holder) if _name(child) == "SignedProperties"}
    for reference in references:
        target = reference.target
        named = target is not None and _name(target) == "SignedProperties"
        around = None if target is None else next(target.iterancestors(ds("Signature")), None)
        typed = reference.type in TYPES and reference.followed
        if target not in own and (typed or (named and around in (None, signature))):
            return reference
    return None


def _referred(signature: etree._Element) -> tuple[Reason, ...]:
    """Return a note for properties that stand elsewhere: they are not looked for (EN 319 132-1, 4.4.3)."""
    inner = (child for holder in signature.iterchildren(ds("Object")) for child in element_children(holder))
    found = next((child for child in inner if _name(child) == "QualifyingPropertiesReference"), None)
    return () if found is None else (reason("qualifying-properties-not-followed", place=found),)


def _not_read(unsigned: etree._Element | None) -> list[Reason]:
    """Return notes for proofs of existence in forms that are not read here (TS 119 132-3)."""
    found = () if unsigned is None else unsigned.iterchildren(_EVIDENCE_RECORDS)
    return [reason("evidence-record-not-read", place=node) for node in found]


def _broken(found: Reason) -> Properties:
    return Properties(present=True, reasons=(found,))


def _name(node: etree._Element) -> str | None:
    """Return the local name of an element of XAdES; ``None`` for anything else."""
    namespace, _, name = str(node.tag)[1:].partition("}")
    return name if namespace in NAMESPACES else None


def _child(node: etree._Element | None, name: str) -> etree._Element | None:
    """Return the first child of that *name*, in whatever version of XAdES; a second one is refused."""
    if node is None:
        return None
    tags = _tags(name)
    found = [child for child in node if child.tag in tags]
    if len(found) > 1:
        raise Refusal(reason("xades-malformed", place=found[1], name=name))
    return found[0] if found else None


def _children(node: etree._Element | None, *path: str) -> list[etree._Element]:
    """Return all elements below *node* along the names of *path*."""
    nodes = [] if node is None else [node]
    for step in path:
        if not nodes:
            break
        tags = _tags(step)
        nodes = [child for parent in nodes for child in parent if child.tag in tags]
    return nodes


@functools.cache
def _tags(name: str) -> frozenset[str]:
    """Return the tags of the element *name* in all versions; only names that this module knows are asked for."""
    return frozenset(f"{{{namespace}}}{name}" for namespace in NAMESPACES)


def _signed_properties(
    holder: etree._Element, references: Sequence[Reference], place: str
) -> tuple[etree._Element | None, list[Reason]]:
    """Return the SignedProperties that are covered by a reference, and what is wrong with that reference."""
    node = _child(holder, "SignedProperties")
    if node is None:
        return None, []
    covering = [r for r in references if r.target is node]
    if not any(r.covers(node) or not r.covered.intact for r in covering):  # nothing of it is left, or its text alone
        raise Refusal(reason("signed-properties-not-signed", place=place))
    if not any(r.type in TYPES for r in covering):
        return node, [reason("signed-properties-type", place=covering[0].node, expected=SIGNED_PROPERTIES)]
    return node, []


def _read(
    context: Context,
    signature: etree._Element,
    holder: etree._Element,
    signed: tuple[etree._Element | None, list[Reason]],
    counter: CounterReader,
) -> Properties:
    node, reasons = signed
    own = _child(node, "SignedSignatureProperties")
    data = _child(node, "SignedDataObjectProperties")
    unsigned = _child(_child(holder, "UnsignedProperties"), "UnsignedSignatureProperties")
    value = next(signature.iterchildren(ds("SignatureValue")))
    bound = _certificate_digests(own)
    timestamps, faults = read_timestamps(context, signature, unsigned, data)
    certificates = _certificate_values(unsigned, reasons)
    revocation = _revocation_values(unsigned)
    counters = _counter_signatures(unsigned, value, counter)
    return Properties(
        present=True,
        signed=node,
        level=_level(own, unsigned, timestamps, revocation),
        reasons=(*reasons, *faults, *_not_read(unsigned)),
        binding=_binding(bound),
        claimed_time=_signing_time(own),
        claimed_roles=_roles(own),
        claimed_place=_place(own),
        commitment_types=_commitments(data),
        signature_policy=_policy(own),
        data_objects=_data_objects(data),
        timestamps=timestamps,
        certificates=certificates,
        revocation=revocation,
        counter_signatures=counters,
    )


# -- signed properties ---------------------------------------------------------------------------------


def _text(node: etree._Element | None) -> str | None:
    return None if node is None else plain_text(node).strip()


def parse_time(text: str) -> datetime.datetime | None:
    """Return the time that *text* is (xs:dateTime), without a zone if none is given; ``None`` if it is none.

    24:00:00 is the end of the day, as XML Schema has it (part 2, 3.2.7.1). A leap second (seconds 60) is no time: there
    seconds are below 60 (XML Schema 1.1, part 2, D.2.1), as for all validators.
    """
    found = _TIME.fullmatch(text.strip())
    if found is not None:
        fraction, zone = (found[2] or "")[:6], (found[3] or "").replace("Z", "+00:00")
        start = found[1].replace("T24:00:00", "T00:00:00") if not fraction.strip("0") else found[1]
        with contextlib.suppress(ValueError, OverflowError):
            at = datetime.datetime.fromisoformat(f"{start}.{fraction:0<6}{zone}")
            return at if start == found[1] else at + datetime.timedelta(days=1)
    return None


def _signing_time(own: etree._Element | None) -> datetime.datetime | None:
    node = _child(own, "SigningTime")
    if node is None:
        return None
    found = parse_time(plain_text(node))
    if found is None:
        raise Refusal(reason("xades-malformed", place=node, name="SigningTime"))
    return found


def _certificate_digests(own: etree._Element | None) -> list[list[tuple[str, bytes]]]:
    """Return the digests of the certificates that the signer named, apart for each of the two properties there is."""
    found = []
    for name in ("SigningCertificate", "SigningCertificateV2"):
        holder = _child(own, name)
        if holder is None:
            continue
        entries = _children(holder, "Cert")
        if not 0 < len(entries) <= MAX_CERTIFICATES:
            raise Refusal(reason("xades-malformed", place=holder, name="SigningCertificate"))
        found.append([_certificate_digest(entry) for entry in entries])
    return found


def _certificate_digest(entry: etree._Element) -> tuple[str, bytes]:
    digest = _child(entry, "CertDigest")
    method = None if digest is None else digest.find(ds("DigestMethod"))
    value = None if digest is None else digest.find(ds("DigestValue"))
    if digest is not None and method is None:  # XAdES 1.1.1 has both in its own namespace
        method, value = _child(digest, "DigestMethod"), _child(digest, "DigestValue")
    if method is None or value is None:
        raise Refusal(reason("xades-malformed", place=entry, name="SigningCertificate"))
    algorithm = digest_method(method)
    return "" if algorithm is None else algorithm.name, base64_value(value)


def _binding(bound: list[list[tuple[str, bytes]]]) -> Callable[[Certificate], Binding]:
    """Return what tells how *bound* names a certificate: where both properties stand, both have to."""
    if not bound:
        return absent

    def judge(certificate: Certificate) -> Binding:
        matches = all(binding_of(digests, certificate) is Binding.MATCHES for digests in bound)
        return Binding.MATCHES if matches else Binding.DIFFERS

    return judge


def binding_of(bound: list[tuple[str, bytes]], certificate: Certificate) -> Binding:
    """Return whether one of the digests *bound* is that of *certificate*."""
    for name, value in bound:
        digest = DIGESTS.get(name)
        if digest is None or digest.hashlib is None:
            continue
        found = certificate.fingerprint if name == "sha256" else digest.of(certificate.der)
        if found == value:
            return Binding.MATCHES
    return Binding.DIFFERS


def _policy(own: etree._Element | None) -> str | None:
    """Return the identifier of the signature policy; empty for one that is implied."""
    node = _child(own, "SignaturePolicyIdentifier")
    if node is None:
        return None
    found = _children(node, "SignaturePolicyId", "SigPolicyId", "Identifier")
    return _text(found[0]) if found else ""


def _roles(own: etree._Element | None) -> tuple[str, ...]:
    return tuple(
        " ".join("".join(str(text) for text in node.itertext("*")).split())
        for holder in ("SignerRole", "SignerRoleV2")
        for node in _children(own, holder, "ClaimedRoles", "ClaimedRole")
    )


_PLACE: Final = ("StreetAddress", "City", "StateOrProvince", "PostalCode", "CountryName")


def _place(own: etree._Element | None) -> tuple[str, ...]:
    holder = _child(own, "SignatureProductionPlaceV2")
    if holder is None:
        holder = _child(own, "SignatureProductionPlace")
    return tuple(text for name in _PLACE if (text := _text(_child(holder, name))))


def _commitments(data: etree._Element | None) -> tuple[str, ...]:
    found = _children(data, "CommitmentTypeIndication", "CommitmentTypeId", "Identifier")
    return tuple(plain_text(node).strip() for node in found)


def _data_objects(data: etree._Element | None) -> tuple[DataObject, ...]:
    return tuple(
        DataObject(
            reference=node.get("ObjectReference", ""),
            mime_type=_text(_child(node, "MimeType")),
            description=_text(_child(node, "Description")),
        )
        for node in _children(data, "DataObjectFormat")
    )


# -- unsigned properties -------------------------------------------------------------------------------


def _certificate_values(unsigned: etree._Element | None, reasons: list[Reason]) -> tuple[Certificate, ...]:
    nodes = [
        *_children(unsigned, "CertificateValues", "EncapsulatedX509Certificate"),
        *_children(unsigned, "AttrAuthoritiesCertValues", "EncapsulatedX509Certificate"),
        *_children(unsigned, "TimeStampValidationData", "CertificateValues", "EncapsulatedX509Certificate"),
    ]
    if len(nodes) > MAX_CERTIFICATES:
        reasons.append(reason("too-many-certificates", place=nodes[0], limit=MAX_CERTIFICATES))
    found = (read_certificate(node, reasons) for node in nodes[:MAX_CERTIFICATES])
    return tuple(certificate for certificate in found if certificate is not None)


def _revocation_values(unsigned: etree._Element | None) -> RevocationMaterial:
    holders = [
        *_children(unsigned, "RevocationValues"),
        *_children(unsigned, "AttributeRevocationValues"),
        *_children(unsigned, "TimeStampValidationData", "RevocationValues"),
    ]
    crls = [base64_value(n) for h in holders for n in _children(h, "CRLValues", "EncapsulatedCRLValue")]
    ocsps = [base64_value(n) for h in holders for n in _children(h, "OCSPValues", "EncapsulatedOCSPValue")]
    return RevocationMaterial(crls=tuple(crls), ocsps=tuple(ocsps))


def _counter_signatures(
    unsigned: etree._Element | None, value: etree._Element, counter: CounterReader
) -> tuple[SignatureFacts, ...]:
    """Return the counter-signatures; one that is not over *value* says so itself, unless that cannot be known."""
    found = []
    for node in _children(unsigned, "CounterSignature"):
        for inner in node.iterchildren(ds("Signature")):
            facts, references = counter(inner)
            if not any(within(value, r.target) if r.target is not None else not r.followed for r in references):
                elsewhere = reason("counter-signature-elsewhere", place=facts.place)
                facts = attrs.evolve(facts, reasons=(*facts.reasons, elsewhere))
            found.append(facts)
    return tuple(found)


def _level(
    own: etree._Element | None,
    unsigned: etree._Element | None,
    timestamps: tuple[TimestampFacts, ...],
    revocation: RevocationMaterial,
) -> Level:
    """Return the level that the material would allow (EN 319 132-1, clause 6): a claim, not a verdict."""
    if own is None or _child(own, "SigningTime") is None:
        return Level.NONE
    if _child(own, "SigningCertificate") is None and _child(own, "SigningCertificateV2") is None:
        return Level.NONE
    kinds = {timestamp.kind for timestamp in timestamps}
    if TimestampKind.SIGNATURE not in kinds:
        return Level.B
    if not (revocation.crls or revocation.ocsps or _children(unsigned, "TimeStampValidationData")):
        return Level.T
    return Level.LTA if TimestampKind.ARCHIVE in kinds else Level.LT
