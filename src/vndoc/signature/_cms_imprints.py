"""What the unsigned timestamps of CAdES are over.

Sources: ETSI EN 319 122-1, clauses 5.3, 5.5.2 (ats-hash-index-v3) and 5.5.3 (archive-time-stamp-v3); ETSI TS 101 733
V2.2.1, 6.4.2 (ats-hash-index) and annex K; RFC 5126, 6.3.5, 6.3.6 and 6.4.1 (archive-time-stamp version 2); RFC 3126,
3.12.1 (version 1).
"""

from __future__ import annotations

import contextlib
import datetime
import functools
from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import attrs

from vndoc.envelope.octets import MemoryOctets, Octets
from vndoc.errors import CertificateError, SignatureError
from vndoc.limits import DEFAULT
from vndoc.pki import der
from vndoc.pki.algorithms import DIGESTS, Digest, digest_of_identifier, hasher
from vndoc.pki.outcome import Reason
from vndoc.signature import _cms_attributes as names
from vndoc.signature import _cms_encode as enc
from vndoc.signature._cms_content import ContentOctets, pieces_of
from vndoc.signature._cms_signer import NESTING, Content, reason
from vndoc.signature._cms_structure import (
    DATA,
    SignedData,
    SignerInfo,
    children,
    der_of,
    octet_string,
    signer_info,
    split,
)
from vndoc.signature._imprint import Imprint, digest_by, key_of
from vndoc.signature.facts import RevocationMaterial

_ARCHIVE: Final = frozenset({names.ARCHIVE_TIMESTAMP_V1, names.ARCHIVE_TIMESTAMP_V2, names.ARCHIVE_TIMESTAMP_V3})
_Pieces = Iterable[bytes | memoryview]
_TOKENS: Final = _ARCHIVE | {names.SIGNATURE_TIMESTAMP, names.ESC_TIMESTAMP, names.REFERENCES_TIMESTAMP}


@attrs.frozen
class _Attribute:
    """One unsigned attribute as received."""

    element: der.Element
    name: der.Element
    oid: str
    values: tuple[der.Element, ...]


_DAMAGED: Final = (CertificateError, SignatureError, ValueError)


class Unsigned:
    """The unsigned attributes of a signer, taken apart once for all of its timestamps."""

    def __init__(self, info: SignerInfo) -> None:
        self.info = info

    def __iter__(self) -> Iterator[_Attribute]:
        return iter(self._all)

    @functools.cached_property
    def _all(self) -> tuple[_Attribute, ...]:
        found, count, unsigned = [], 0, self.info.unsigned
        for element in () if unsigned is None else children(unsigned, most=names.MOST_VALUES):
            name, values = children(element)
            held = children(values, most=names.MOST_VALUES)
            count += len(held)
            if count > names.MOST_VALUES:
                raise SignatureError("cms-too-large", what="unsignedAttrs", limit=names.MOST_VALUES)
            found.append(_Attribute(element, name, der.oid(name), tuple(held)))
        return tuple(found)

    def before(self, time: datetime.datetime, *oids: str) -> list[_Attribute]:
        """Return the archive timestamps among the attributes *oids* that were made before *time*, alone in theirs."""
        times = self._times
        if isinstance(times, Exception):
            raise times
        return [a for a in self if a.oid in oids and all(times[value.start] < time for value in a.values)]

    @functools.cached_property
    def _times(self) -> dict[int, datetime.datetime] | Exception:
        """When each archive timestamp was made, by where it stands; or what is wrong with one of them."""
        try:
            return {v.start: _stated(v)[0] for a in self if a.oid in _ARCHIVE for v in a.values}
        except _DAMAGED as error:
            return error


def imprint_of(oid: str, value: der.Element, held: Unsigned, content: Content) -> Imprint:
    """Return what the timestamp *value* of the unsigned attribute *oid*, one of those *held*, should be over.

    *content* is what the signer signed, and the SignedData around it. Never raises.
    """
    if oid in _ARCHIVE:
        if content.parts is None:
            return refused("timestamp-in-countersignature")
        if content.octets is None:
            return refused("timestamp-content-missing")
    try:
        return _RULES[oid](value, held, content)
    except _DAMAGED as error:
        return refused("timestamp-surroundings-damaged", detail=getattr(error, "code", "?"))


def content_imprint(content: Content) -> Imprint:
    """Return what a content-time-stamp should be over: the content (EN 319 122-1, 5.2.8)."""
    octets = content.octets
    if octets is None:
        return refused("timestamp-content-missing")
    return Imprint(over=functools.partial(_content_digest, content, octets))


def _content_digest(content: Content, octets: Octets, digest: Digest) -> bytes:
    known = content.digests.get(digest.name)
    return _begun(content, digest, "content", lambda: pieces_of(octets)).digest() if known is None else known


def _begun(content: Content, digest: Digest, form: str, pieces: Callable[[], _Pieces]) -> Any:
    """Return a hash object that has taken in *pieces*, which are the same for all signers; each takes them in once."""
    key = (digest.name, form)
    if key not in content.begun:
        hashed = hasher(digest)
        for piece in pieces():
            hashed.update(piece)
        content.begun[key] = hashed
    return content.begun[key].copy()


def _of_value(_value: der.Element, held: Unsigned, _content: Content) -> Imprint:
    """Signature-time-stamp: the signature value (EN 319 122-1, 5.3)."""
    signature = held.info.signature
    return Imprint(over=signature, protects=frozenset({key_of(signature)}))


def _of_references(_value: der.Element, held: Unsigned, _content: Content) -> Imprint:
    """Time-stamped-certs-crls-references: both attributes with references (RFC 5126, 6.3.6)."""
    return Imprint(over=b"".join(_listed(held, names.CERTIFICATE_REFS, names.REVOCATION_REFS)))


def _of_signature_and_references(_value: der.Element, held: Unsigned, _content: Content) -> Imprint:
    """CAdES-C-timestamp: the value, its timestamps and the references (RFC 5126, 6.3.5)."""
    signature = held.info.signature
    parts = _listed(held, names.SIGNATURE_TIMESTAMP, names.CERTIFICATE_REFS, names.REVOCATION_REFS)
    tokens = (key_of(v.octets) for a in held if a.oid == names.SIGNATURE_TIMESTAMP for v in a.values)
    return Imprint(over=signature + b"".join(parts), protects=frozenset({key_of(signature), *tokens}))


def _listed(held: Unsigned, *oids: str) -> Iterator[bytes]:
    """Yield type and values of the attributes *oids*, in that order, without what is around them."""
    for oid in oids:
        yield from (a.element.content for a in held if a.oid == oid)


# -- archive-time-stamp-v3 -------------------------------------------------------------------------------


@attrs.frozen
class HashIndex:
    """An ats-hash-index of whatever version: the digests of what a timestamp protects."""

    element: der.Element
    oid: str
    digest: Digest
    certificates: frozenset[bytes]
    crls: frozenset[bytes]
    attributes: frozenset[bytes]


def hash_index(token: bytes) -> HashIndex | None:
    """Return the index in the timestamp *token*, ``None`` if there is none; raises for one that cannot be read."""
    element, *_ = split(token, DEFAULT).signers
    info = signer_info(element)
    found = [(oid, group) for oid in names.HASH_INDEXES for group in info.unsigned_attributes.get(oid, ())]
    if not found:
        return None
    [(oid, [element])] = found
    parts = children(element)
    digest = DIGESTS["sha256"]  # the default of the first version
    if len(parts) == 4:
        digest = digest_of_identifier(parts.pop(0).octets)
    sets = [frozenset(octet_string(e) for e in children(part, most=names.MOST_VALUES)) for part in parts]
    certificates, crls, attributes = sets
    return HashIndex(element, oid, digest, certificates, crls, attributes)


def _of_archive_v3(value: der.Element, held: Unsigned, content: Content) -> Imprint:
    """Archive-time-stamp-v3: content type, digest of the content, the signer's fields, the index of all the rest."""
    parts, octets = _at_hand(content)
    try:
        index = hash_index(value.octets)
    except _DAMAGED:
        return refused("archive-index-malformed")
    if index is None:
        return refused("archive-index-missing")
    if index.digest.hashlib is None:
        return refused("archive-index-digest", found=index.digest.name)
    protected, orphans = _indexed(index, held, parts)
    reasons = (reason("archive-index-orphan", count=orphans),) if orphans else ()

    def over(digest: Digest) -> Iterable[bytes]:
        yield from archived(held.info, content, octets, digest)
        yield index.element.octets

    protects = frozenset({key_of(held.info.signature), *protected})
    return Imprint(over=digest_by(over), protects=protects, reasons=reasons)


def archived(info: SignerInfo, content: Content, octets: Octets, digest: Digest) -> Iterator[bytes]:
    """Yield what an archive-time-stamp-v3 is over but for the index (EN 319 122-1, 5.5.3, steps 1 to 3)."""
    yield der.encode_oid(content.kind or DATA)
    yield _content_digest(content, octets, digest)
    yield from _fields(info)


def _fields(info: SignerInfo) -> Iterator[bytes]:
    """Yield the fields of a SignerInfo up to the signature value, as received."""
    for part in children(info.element):
        if part.tag != der.context(1):
            yield part.octets


def refused(code: str, **values: object) -> Imprint:
    """Return what is not computed, and why."""
    return Imprint(over=None, reasons=(reason(code, None, **values),))


def _indexed(index: HashIndex, held: Unsigned, parts: SignedData) -> tuple[set[bytes], int]:
    """Return what the index protects, and how many of its digests belong to nothing that is there."""
    protected: set[bytes] = set()
    met: set[bytes] = set()
    for element, listed, keys in _indexable(index, held, parts):
        digest = index.digest.of(element)
        if digest in listed:
            met.add(digest)
            protected.update(keys)
    return protected, len((index.certificates | index.crls | index.attributes) - met)


def _indexable(
    index: HashIndex, held: Unsigned, parts: SignedData
) -> Iterator[tuple[bytes, frozenset[bytes], Iterator[bytes]]]:
    """Yield what may be in an index: the octets to digest, the list it may stand in, and what it is known by."""
    for element in parts.certificates:
        yield element.octets, index.certificates, _itself(element)
    for element in parts.revocation:
        yield element.octets, index.crls, _choice(element)
    for attribute in held:
        if index.oid != names.HASH_INDEX_V3:
            yield attribute.element.octets, index.attributes, _held(attribute)
            continue
        for value in attribute.values:
            one = attrs.evolve(attribute, values=(value,))
            yield attribute.name.octets + value.octets, index.attributes, _held(one)


def new_index(info: SignerInfo, parts: SignedData, digest: Digest) -> bytes:
    """Return the ats-hash-index-v3 of all that stands in the signature now (EN 319 122-1, 5.5.2)."""
    lists = [
        [element.octets for element in parts.certificates],
        [element.octets for element in parts.revocation],
        [a.name.octets + value.octets for a in Unsigned(info) for value in a.values],
    ]
    return der.encode(
        der.SEQUENCE,
        enc.digest_identifier(digest.name),
        *(der.encode(der.SEQUENCE, *(enc.octet_string(digest.of(o)) for o in octets)) for octets in lists),
    )


# -- archive-time-stamp version 2 ------------------------------------------------------------------------


_Form = tuple[str, Callable[[], _Pieces], bytes]
"""What imprints may be over: what the form is called, what it begins with, and its end."""


def _of_archive_v2(value: der.Element, held: Unsigned, content: Content) -> Imprint:
    """Archive-time-stamp version 2: content, certificates, lists, and the whole SignerInfo as it was then."""
    parts, _ = _at_hand(content)
    time, expected = _stated(value)
    kept = _kept_v2(held, time)
    protects = {key_of(held.info.signature), *(key_of(element.octets) for element in parts.certificates)}
    for element in parts.revocation:
        protects.update(_choice(element))
    for attribute in kept:
        protects.update(_held(attribute))
    over = _first_fitting(content, expected, _forms_v2(kept, held.info, content))
    return Imprint(over=over, protects=frozenset(protects))


def _kept_v2(held: Unsigned, time: datetime.datetime) -> list[_Attribute]:
    """Return the unsigned attributes that were there at *time*: archive timestamps of then or later were not."""
    older = {a.element.start for a in held.before(time, *_ARCHIVE)}
    return [a for a in held if a.oid not in _ARCHIVE or a.element.start in older]


def _forms_v2(kept: list[_Attribute], info: SignerInfo, content: Content) -> list[_Form]:
    """Return what version 2 may be over.

    What is not DER is taken as received, or else as the DER of the same. Writers disagreed about the tag and the length
    around the unsigned attributes; annex K of TS 101 733 asks to try both.
    """
    joined, fields = b"".join(a.element.octets for a in kept), b"".join(_fields(info))
    tails = (fields + der.encode(der.context(1), joined), fields + joined)
    return [(*head, tail) for head in _heads(*_at_hand(content)) for tail in tails]


def _first_fitting(content: Content, expected: bytes, forms: list[_Form]) -> Callable[[Digest], bytes]:
    """Return what gives the digest of the first of *forms* that has the digest *expected*, or that of the first."""

    def digests(digest: Digest) -> Iterator[bytes]:
        for name, head, tail in forms:
            hashed = _begun(content, digest, name, head)
            hashed.update(tail)
            yield bytes(hashed.digest())

    def over(digest: Digest) -> bytes:
        found = digests(digest)
        first = next(found)
        return first if first == expected else next((other for other in found if other == expected), first)

    return over


def _heads(parts: SignedData, octets: Octets) -> list[tuple[str, Callable[[], _Pieces]]]:
    """Return what gives content, certificates and lists: as received, and where that is another one, the DER of it."""
    start, stop = parts.encapsulated
    outside = octets if parts.content is None else MemoryOctets(b"")

    def received() -> _Pieces:
        yield from ContentOctets(parts.source, array("Q", (start, stop - start))).pieces()
        yield from pieces_of(outside)
        yield from (element.octets for element in parts.sets)

    encapsulated = _encapsulated(parts, octets)
    held = {der.context(0): parts.certificates, der.context(1): parts.revocation}
    sets = [der.encode(part.tag, *(element.octets for element in held[part.tag])) for part in parts.sets]

    def distinguished() -> _Pieces:
        yield encapsulated
        yield from pieces_of(octets)
        yield from sets

    # no encoding is shorter than DER, and what is as long is the same
    size = len(encapsulated) + (0 if parts.content is None else octets.size)
    same = stop - start == size and sum(map(len, sets)) == sum(part.stop - part.start for part in parts.sets)
    heads: list[tuple[str, Callable[[], _Pieces]]] = [("received", received), ("der", distinguished)]
    return heads[:1] if same else heads


def _encapsulated(parts: SignedData, octets: Octets) -> bytes:
    """Return the DER EncapsulatedContentInfo but for the content, which is the end of it."""
    kind = der.encode_oid(parts.content_type)
    if parts.content is None:
        return der.encode(der.SEQUENCE, kind)
    string = enc.head(der.OCTET_STRING, octets.size)
    explicit = enc.head(der.context(0), len(string) + octets.size)
    return enc.head(der.SEQUENCE, len(kind) + len(explicit) + len(string) + octets.size) + kind + explicit + string


# -- archive-time-stamp version 1 ------------------------------------------------------------------------

_IN_V1: Final = (
    names.SIGNATURE_TIMESTAMP,
    names.CERTIFICATE_REFS,
    names.REVOCATION_REFS,
    names.CERTIFICATE_VALUES,
    names.REVOCATION_VALUES,
    names.ESC_TIMESTAMP,
    names.REFERENCES_TIMESTAMP,
)
"""The unsigned attributes that version 1 is over, in its order; older ones of its own kind follow."""


def _of_archive_v1(value: der.Element, held: Unsigned, content: Content) -> Imprint:
    """Archive-time-stamp version 1 (RFC 3126): values without the type and the length around them.

    These are the content, the signed attributes, the signature value and certain unsigned attributes. Certificates and
    lists outside the signer are not among them. Of an attribute, type and values stay, as RFC 5126, 6.3.5, note 2 has
    it for the timestamps that are described in the same words. Signed attributes that are no DER are taken as received,
    or else as DER, which the signature is over. Programs that had no name for the identifier of version 2 made that
    version under this one; it is over all of the same and more.
    """
    _, octets = _at_hand(content)
    info, (time, expected) = held.info, _stated(value)
    kept = [a for oid in _IN_V1 for a in held if a.oid == oid] + held.before(time, names.ARCHIVE_TIMESTAMP_V1)
    signed = [b"" if info.signed is None else info.signed.content]
    if info.signed is not None and not info.signed_der:
        signed.append(der.read(der_of(info.signed, der.SET)).content)
    end = info.signature + b"".join(a.element.content for a in kept)
    forms: list[_Form] = [("content", lambda: pieces_of(octets), one + end) for one in signed]
    forms += _forms_v2(_kept_v2(held, time), info, content)
    protects = {key_of(info.signature)}
    for attribute in kept:
        protects.update(_held(attribute))
    return Imprint(over=_first_fitting(content, expected, forms), protects=frozenset(protects))


def _at_hand(content: Content) -> tuple[SignedData, Octets]:
    """Return the SignedData around an archive timestamp and its content, which :func:`imprint_of` has looked for."""
    assert content.parts is not None  # noqa: S101
    assert content.octets is not None  # noqa: S101
    return content.parts, content.octets


def _stated(token: der.Element) -> tuple[datetime.datetime, bytes]:
    """Return the time and the imprint that a timestamp token states."""
    content = split(token.octets, DEFAULT).content
    if content is None or content.size > DEFAULT.in_memory_bytes:
        raise SignatureError("timestamp-malformed", detail="TSTInfo")
    _, _, imprint, _, time, *_ = children(der.read(b"".join(pieces_of(content)), ber=True))
    _, value = children(imprint)
    return der.time(time), octet_string(value)


# -- what proofs are kept of -----------------------------------------------------------------------------


def _itself(element: der.Element) -> Iterator[bytes]:
    """Yield what a certificate is known by."""
    yield key_of(element.octets)


def _choice(element: der.Element) -> Iterator[bytes]:
    """Yield what a RevocationInfoChoice is known by; what is damaged says so where it is used."""
    with contextlib.suppress(CertificateError):
        yield from _keys(names.revocation_choice(element))


def _keys(material: RevocationMaterial) -> Iterator[bytes]:
    yield from (key_of(octets) for octets in (*material.crls, *material.ocsps))


def _held(attribute: _Attribute, depth: int = 0) -> Iterator[bytes]:
    """Yield what the values of an unsigned attribute are known by, where proofs are kept of such."""
    for value in attribute.values:
        with contextlib.suppress(CertificateError):  # as above
            if attribute.oid in _TOKENS:
                yield key_of(value.octets)
            elif attribute.oid == names.COUNTER_SIGNATURE and depth < NESTING:
                yield from _countersigned(value, depth + 1)
            elif attribute.oid == names.CERTIFICATE_VALUES:
                yield from (key_of(element.octets) for element in children(value, most=names.MOST_VALUES))
            elif attribute.oid == names.REVOCATION_VALUES:
                yield from _keys(names.revocation_values(value))


def _countersigned(value: der.Element, depth: int) -> Iterator[bytes]:
    """Yield what a counter-signature is known by, and what it carries along."""
    info = signer_info(value)
    yield key_of(info.signature)
    for attribute in Unsigned(info):
        yield from _held(attribute, depth)


_RULES: Final[dict[str, Callable[[der.Element, Unsigned, Content], Imprint]]] = {
    names.SIGNATURE_TIMESTAMP: _of_value,
    names.ESC_TIMESTAMP: _of_signature_and_references,
    names.REFERENCES_TIMESTAMP: _of_references,
    names.ARCHIVE_TIMESTAMP_V1: _of_archive_v1,
    names.ARCHIVE_TIMESTAMP_V2: _of_archive_v2,
    names.ARCHIVE_TIMESTAMP_V3: _of_archive_v3,
}
"""The rules by the attribute."""


def placed(imprint: Imprint, place: str) -> tuple[Reason, ...]:
    """Return the reasons of *imprint* with their place."""
    return tuple(attrs.evolve(one, place=place) for one in imprint.reasons)
