"""From SignedData to the facts of each of its signatures (RFC 5652, EN 319 122-1)."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import attrs

from vndoc.envelope.octets import MemoryOctets, Octets
from vndoc.errors import CertificateError
from vndoc.pki import der
from vndoc.pki.certificate import MAX_CERTIFICATE, Certificate, load_der
from vndoc.pki.outcome import Reason
from vndoc.signature import _cms_attributes as names
from vndoc.signature._cms_content import digests_of
from vndoc.signature._cms_imprints import Unsigned, content_imprint, imprint_of, placed, refused
from vndoc.signature._cms_signer import NESTING, Content, Context, Reading, reason
from vndoc.signature._cms_structure import SignedData, SignerInfo, children, digest_needed, signer_info, split
from vndoc.signature._imprint import Imprint
from vndoc.signature.facts import (
    Binding,
    Form,
    Level,
    RevocationMaterial,
    SignatureFacts,
    TimestampFacts,
    TimestampKind,
)

_CMS, _CADES = Form.CMS, Form.CADES  # asking the class of an enum takes four times as long in Python 3.11
_B, _NO_LEVEL = Level.B, Level.NONE


def read_signed(
    data: bytes | Octets, content: Octets | None, context: Context
) -> tuple[SignedData, list[SignatureFacts]]:
    """Return the parts of the SignedData *data* and the facts of each of its signers.

    Raises :class:`~vndoc.errors.SignatureError`: ``cms-malformed`` or ``cms-too-large``.
    """
    parts = split(data, context.limits)
    notes: list[Reason] = [reason("cms-trailing-octets")] if parts.trailing else []
    certificates = _certificates(parts.certificates, notes)
    revocation = _revocation(parts.revocation, notes)
    octets: Octets | None = parts.content
    if octets is None:
        octets = content
    elif content is not None and not _equal(octets, content):
        notes.append(reason("content-differs"))
    context = Context(
        limits=context.limits,
        budget=context.budget,
        timestamp=context.timestamp,
        depth=context.depth,
        known=context.known,
        certificates=certificates,
        revocation=revocation,
        reasons=(*context.reasons, *notes),
    )
    infos = [_signer_info(element, context) for element in parts.signers]
    wanted = {name for info in infos if isinstance(info, SignerInfo) for name in digest_needed(info)}
    digests = digests_of(octets, wanted) if octets is not None and wanted else {}
    signed = Content(kind=parts.content_type, what="content", octets=octets, digests=digests, parts=parts)
    places = [f"SignerInfo[{number}]" for number in range(1, len(infos) + 1)]
    facts = [
        signer_facts(info, place, signed, context)
        if isinstance(info, SignerInfo)
        else _unreadable(info, place, context)
        for info, place in zip(infos, places, strict=True)
    ]
    return parts, facts


def _equal(one: Octets, other: Octets) -> bool:
    return one.size == other.size and digests_of(one, ["sha256"]) == digests_of(other, ["sha256"])


def _signer_info(element: der.Element, context: Context) -> SignerInfo | Reason:
    context.budget.take()
    try:
        info = signer_info(element)
    except CertificateError as error:
        return reason("signer-info-malformed", offset=error.values.get("offset", element.start))
    if info.signed is not None and info.signed.stop - info.signed.start > context.limits.signed_attributes_bytes:
        return reason("signed-attributes-too-large", limit=context.limits.signed_attributes_bytes)
    return info


def _unreadable(why: Reason, place: str, context: Context) -> SignatureFacts:
    return SignatureFacts(
        form=Form.CMS,
        level=Level.NONE,
        place=place,
        reasons=(attrs.evolve(why, place=place), *context.reasons),
        algorithm=None,
        covered=(),
        verify=lambda _: False,
        candidates=(),
        certificates=context.certificates,
        binding=lambda _: Binding.ABSENT,
        signature_value=b"",
        signed_octets=b"",
    )


_KEPT = 8 * 1024
"""Certificates up to this many octets are kept once they were read: the same few come with thousands of signatures."""

_kept = functools.lru_cache(maxsize=512)(load_der)


def certificate_of(octets: bytes) -> Certificate:
    """Return the certificate that *octets* are, as :meth:`~vndoc.pki.certificate.Certificate.load`; it is kept."""
    return _kept(octets) if len(octets) <= _KEPT else Certificate.load(octets)


def _certificates(elements: Iterable[der.Element], notes: list[Reason]) -> tuple[Certificate, ...]:
    found = []
    for element in elements:
        if element.tag != der.SEQUENCE:
            notes.append(reason("certificate-kind-ignored"))
        elif element.stop - element.start > MAX_CERTIFICATE:
            notes.append(reason("certificate-too-large", limit=MAX_CERTIFICATE))
        else:
            try:
                found.append(certificate_of(element.octets))
            except CertificateError as error:
                notes.append(reason("certificate-unreadable", detail=error.text()))
    return tuple(found)


def _revocation(elements: Iterable[der.Element], notes: list[Reason]) -> RevocationMaterial:
    found = RevocationMaterial()
    for element in elements:
        try:
            found = _joined(found, names.revocation_choice(element))
        except CertificateError:
            notes.append(reason("revocation-material-unreadable"))
    return found


def _joined(one: RevocationMaterial, other: RevocationMaterial) -> RevocationMaterial:
    return RevocationMaterial(crls=(*one.crls, *other.crls), ocsps=(*one.ocsps, *other.ocsps))


_TIMESTAMPS = {
    names.SIGNATURE_TIMESTAMP: TimestampKind.SIGNATURE,
    names.ESC_TIMESTAMP: TimestampKind.REFERENCES,
    names.REFERENCES_TIMESTAMP: TimestampKind.REFERENCES,
    names.ARCHIVE_TIMESTAMP_V1: TimestampKind.ARCHIVE,
    names.ARCHIVE_TIMESTAMP_V2: TimestampKind.ARCHIVE,
    names.ARCHIVE_TIMESTAMP_V3: TimestampKind.ARCHIVE,
}


MAX_TIMESTAMPS = 100
"""Timestamps of one signer that are read at all."""
MAX_ARCHIVE = 30
"""Archive timestamps of one signer whose imprint is computed: an archive renews one every few years."""


class _Material:
    """What a signer carries along beside the signature: timestamps, counter-signatures, certificates, revocation."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.timestamps: list[TimestampFacts] = []
        self.counter_signatures: list[SignatureFacts] = []
        self.revocation = reading.context.revocation
        self.values = False
        self.left = names.MOST_VALUES
        """Certificates, lists and responses that may still come, in all attributes together."""

    @functools.cached_property
    def unsigned(self) -> Unsigned:
        return Unsigned(self.reading.info)

    def read(self) -> None:
        reading = self.reading
        unsigned = reading.info.unsigned_attributes
        for value in reading.values(reading.info.signed_attributes, names.ADBE_REVOCATION):
            self._revocation(value, names.ADBE_REVOCATION)
        for value in reading.values(unsigned, names.REVOCATION_VALUES):
            self._revocation(value, names.REVOCATION_VALUES)
        if unsigned:
            self._certificates(reading.values(unsigned, names.CERTIFICATE_VALUES))
        self._timestamps()
        if unsigned:
            for oid in sorted(unsigned.keys() & names.NOT_READ):
                reading.add("long-term-data-not-read", name=names.NOT_READ[oid])
            self._countersigned(reading.values(unsigned, names.COUNTER_SIGNATURE))

    def _revocation(self, value: der.Element, oid: str) -> None:
        try:
            found = names.revocation_values(value, most=self.left)
        except CertificateError:
            self.reading.add("attribute-malformed", name=names.NAMES[oid])
            return
        self.left -= len(found.crls) + len(found.ocsps)
        self.revocation = _joined(self.revocation, found)
        self.values = self.values or bool(found.crls or found.ocsps)

    def _certificates(self, values: list[der.Element]) -> None:
        for value in values:
            notes: list[Reason] = []
            try:
                elements = children(value, most=self.left)
            except CertificateError:
                self.reading.add("attribute-malformed", name=names.NAMES[names.CERTIFICATE_VALUES])
                continue
            self.left -= len(elements)
            found = _certificates(elements, notes)
            context = self.reading.context
            everything = tuple(dict.fromkeys((*context.certificates, *found)))
            self.reading.context = attrs.evolve(context, certificates=everything)
            self.reading.reasons += [attrs.evolve(note, place=self.reading.place) for note in notes]

    def _timestamps(self) -> None:
        reading = self.reading
        signed, unsigned = reading.info.signed_attributes, reading.info.unsigned_attributes
        oid = names.CONTENT_TIMESTAMP
        if not unsigned and oid not in signed:
            return
        found = [(oid, TimestampKind.CONTENT, value) for value in reading.values(signed, oid)]
        found += [(oid, kind, v) for oid, kind in _TIMESTAMPS.items() for v in reading.values(unsigned, oid)]
        if len(found) > MAX_TIMESTAMPS:
            reading.add("timestamps-too-many", limit=MAX_TIMESTAMPS)
        if sum(kind is TimestampKind.ARCHIVE for _, kind, _ in found) > MAX_ARCHIVE:
            reading.add("archive-timestamps-too-many", limit=MAX_ARCHIVE)
        for oid, kind, value in found[:MAX_TIMESTAMPS]:
            self._timestamp(kind, value, self._imprint(oid, kind, value))

    def _imprint(self, oid: str, kind: TimestampKind, value: der.Element) -> Imprint:
        """Return what the timestamp *value* should be over; each archive timestamp goes through all that is there."""
        if kind is TimestampKind.CONTENT:
            return content_imprint(self.reading.content)
        if kind is TimestampKind.ARCHIVE and sum(one.kind is kind for one in self.timestamps) >= MAX_ARCHIVE:
            return refused("archive-timestamps-too-many", limit=MAX_ARCHIVE)
        return imprint_of(oid, value, self.unsigned, self.reading.content)

    def _timestamp(self, kind: TimestampKind, value: der.Element, imprint: Imprint) -> None:
        reading = self.reading
        context = reading.context.deeper()
        if context is None:
            reading.add("nesting-too-deep", limit=NESTING)
            return
        number = 1 + sum(one.kind is kind for one in self.timestamps)
        place = f"{reading.place}/{kind.value}-timestamp[{number}]"
        facts = context.timestamp(kind, place, value.octets, imprint.over, context)
        reasons = facts.reasons
        if facts.token is not None:  # what is no token says just that
            reasons += placed(imprint, place)
        self.timestamps.append(attrs.evolve(facts, reasons=reasons, protects=imprint.protects))

    def _countersigned(self, values: list[der.Element]) -> None:
        reading = self.reading
        context = reading.context.deeper() if values else None
        if values and context is None:
            reading.add("nesting-too-deep", limit=NESTING)
        if context is None:
            return
        for number, value in enumerate(values, 1):
            place = f"{reading.place}/countersignature[{number}]"
            info = _signer_info(value, context)
            if isinstance(info, Reason):
                self.counter_signatures.append(_unreadable(info, place, context))
                continue
            octets = MemoryOctets(reading.info.signature)
            over = Content(kind=None, what="signature", octets=octets, digests=digests_of(octets, digest_needed(info)))
            self.counter_signatures.append(signer_facts(info, place, over, context))

    def level(self) -> Level:
        """Return what the signature carries, in the order of EN 319 122-1, clause 6; no claim that it is any good."""
        if not self.timestamps:
            return _B
        kinds = {one.kind for one in self.timestamps}
        if TimestampKind.SIGNATURE not in kinds:
            return _B
        if not (self.values or self.revocation.crls or self.revocation.ocsps):
            return Level.T
        return Level.LTA if TimestampKind.ARCHIVE in kinds else Level.LT


def signer_facts(info: SignerInfo, place: str, content: Content, context: Context) -> SignatureFacts:
    """Return the facts of one signer over *content*."""
    reading = Reading(info, place, content, context)
    reading.algorithms()
    covered = reading.covered()
    reading.signing_certificates()
    binding = reading.binding()
    material = _Material(reading)
    more = not info.signed_attributes.keys() <= names.OF_EVERY_SIGNATURE
    if more or info.unsigned is not None:
        material.read()
    context = reading.context
    candidates = reading.candidates(binding)
    signed_octets, judge = reading.verifier()
    roles = _roles(reading) if more else ()
    form = _CADES if reading.ids else _CMS
    return SignatureFacts(
        form=form,
        level=material.level() if form is _CADES else _NO_LEVEL,
        place=place,
        algorithm=reading.algorithm,
        covered=(covered,),
        verify=judge,
        candidates=candidates,
        certificates=context.certificates,
        binding=binding,
        signature_value=info.signature,
        signed_octets=signed_octets,
        content_type=content.kind,
        signed_attributes=info.signed is not None,
        timestamps=tuple(material.timestamps),
        revocation=material.revocation,
        counter_signatures=tuple(material.counter_signatures),
        claimed_time=reading.optional(names.SIGNING_TIME, names.signing_time),
        claimed_roles=roles,
        claimed_place=(reading.optional(names.LOCATION, names.location) or ()) if more else (),
        commitment_types=_commitments(reading) if more else (),
        signature_policy=reading.optional(names.POLICY, names.first_oid) if more else None,
        reasons=(*reading.reasons, *context.reasons),
    )


def _roles(reading: Reading) -> tuple[str, ...]:
    found: tuple[str, ...] = ()
    for oid in (names.SIGNER_ATTRIBUTES, names.SIGNER_ATTRIBUTES_V2):
        if oid in reading.info.signed_attributes:
            found += reading.optional(oid, names.roles) or ()
    return found


def _commitments(reading: Reading) -> tuple[str, ...]:
    found = []
    for value in reading.values(reading.info.signed_attributes, names.COMMITMENT):
        try:
            found.append(names.first_oid(value))
        except CertificateError:
            reading.add("attribute-malformed", name=names.NAMES[names.COMMITMENT])
    return tuple(found)
