"""What the unsigned timestamps of CAdES are over.

Sources: ETSI EN 319 122-1, clauses 5.3, 5.5.2 (ats-hash-index-v3) and 5.5.3 (archive-time-stamp-v3); ETSI TS 101 733
V2.2.1, 6.4.2 (ats-hash-index) and annex K; RFC 5126, 6.3.5, 6.3.6 and 6.4.1 (archive-time-stamp version 2).
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import attrs

from vndoc.envelope.octets import Octets
from vndoc.errors import CertificateError, SignatureError
from vndoc.limits import DEFAULT
from vndoc.pki import der
from vndoc.pki.algorithms import DIGESTS, Digest, digest_of_identifier
from vndoc.pki.outcome import Reason
from vndoc.signature import _cms_attributes as names
from vndoc.signature import _cms_encode as enc
from vndoc.signature._cms_content import digests_of, pieces_of
from vndoc.signature._cms_signer import NESTING, Content, reason
from vndoc.signature._cms_structure import DATA, SignedData, SignerInfo, children, octet_string, signer_info, split
from vndoc.signature._imprint import UNKNOWN, Imprint, digest_by, key_of
from vndoc.signature.facts import RevocationMaterial

_ARCHIVE: Final = frozenset({names.ARCHIVE_TIMESTAMP_V1, names.ARCHIVE_TIMESTAMP_V2, names.ARCHIVE_TIMESTAMP_V3})
_TOKENS: Final = _ARCHIVE | {names.SIGNATURE_TIMESTAMP, names.ESC_TIMESTAMP, names.REFERENCES_TIMESTAMP}


@attrs.frozen
class _Attribute:
    """One unsigned attribute as received."""

    element: der.Element
    name: der.Element
    oid: str
    values: tuple[der.Element, ...]


def imprint_of(oid: str, value: der.Element, info: SignerInfo, content: Content) -> Imprint:
    """Return what the timestamp *value* of the unsigned attribute *oid* of the signer *info* should be over.

    *content* is what the signer signed, and the SignedData around it. Never raises.
    """
    rule = _RULES.get(oid)
    if rule is None:
        return UNKNOWN
    try:
        return rule(value, info, content)
    except (CertificateError, SignatureError, ValueError):  # what is damaged says so where its token is read
        return UNKNOWN


def _of_value(_value: der.Element, info: SignerInfo, _content: Content) -> Imprint:
    """Signature-time-stamp: the signature value (EN 319 122-1, 5.3)."""
    return Imprint(over=info.signature, protects=frozenset({key_of(info.signature)}))


def _of_references(_value: der.Element, info: SignerInfo, _content: Content) -> Imprint:
    """Time-stamped-certs-crls-references: both attributes with references (RFC 5126, 6.3.6)."""
    return Imprint(over=b"".join(_listed(info, names.CERTIFICATE_REFS, names.REVOCATION_REFS)))


def _of_signature_and_references(_value: der.Element, info: SignerInfo, _content: Content) -> Imprint:
    """CAdES-C-timestamp: the value, its timestamps and the references (RFC 5126, 6.3.5)."""
    parts = _listed(info, names.SIGNATURE_TIMESTAMP, names.CERTIFICATE_REFS, names.REVOCATION_REFS)
    tokens = (key_of(v.octets) for a in _unsigned(info) if a.oid == names.SIGNATURE_TIMESTAMP for v in a.values)
    return Imprint(over=info.signature + b"".join(parts), protects=frozenset({key_of(info.signature), *tokens}))


def _listed(info: SignerInfo, *oids: str) -> Iterator[bytes]:
    """Yield type and values of the attributes *oids*, in that order, without what is around them."""
    for oid in oids:
        yield from (a.element.content for a in _unsigned(info) if a.oid == oid)


def _unsigned(info: SignerInfo) -> Iterator[_Attribute]:
    for element in () if info.unsigned is None else children(info.unsigned, most=names.MOST_VALUES):
        name, values = children(element)
        yield _Attribute(element, name, der.oid(name), tuple(children(values, most=names.MOST_VALUES)))


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
    info = signer_info(split(token, DEFAULT).signers[0])
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


def _of_archive_v3(value: der.Element, info: SignerInfo, content: Content) -> Imprint:
    """Archive-time-stamp-v3: content type, digest of the content, the signer's fields, the index of all the rest."""
    octets = content.octets
    if content.parts is None or octets is None:
        return UNKNOWN
    try:
        index = hash_index(value.octets)
    except (CertificateError, SignatureError, ValueError):
        return _refused("archive-index-malformed")
    if index is None:
        return _refused("archive-index-missing")
    if index.digest.hashlib is None:
        return _refused("archive-index-digest", found=index.digest.name)
    protected, orphans = _indexed(index, info, content.parts)
    reasons = (reason("archive-index-orphan", count=orphans),) if orphans else ()

    def over(digest: Digest) -> Iterable[bytes]:
        yield from archived(info, content, octets, digest)
        yield index.element.octets

    protects = frozenset({key_of(info.signature), *protected})
    return Imprint(over=digest_by(over), protects=protects, reasons=reasons)


def archived(info: SignerInfo, content: Content, octets: Octets, digest: Digest) -> Iterator[bytes]:
    """Yield what an archive-time-stamp-v3 is over but for the index (EN 319 122-1, 5.5.3, steps 1 to 3)."""
    yield der.encode_oid(content.kind or DATA)
    known = content.digests.get(digest.name)
    yield digests_of(octets, [digest.name])[digest.name] if known is None else known
    yield from _fields(info)


def _fields(info: SignerInfo) -> Iterator[bytes]:
    """Yield the fields of a SignerInfo up to the signature value, as received."""
    for part in children(info.element):
        if part.tag != der.context(1):
            yield part.octets


def _refused(code: str, **values: str) -> Imprint:
    return Imprint(over=None, reasons=(reason(code, None, **values),))


def _indexed(index: HashIndex, info: SignerInfo, parts: SignedData) -> tuple[set[bytes], int]:
    """Return what the index protects, and how many of its digests belong to nothing that is there."""
    protected: set[bytes] = set()
    met: set[bytes] = set()
    for element, listed, keys in _indexable(index, info, parts):
        digest = index.digest.of(element)
        if digest in listed:
            met.add(digest)
            protected.update(keys)
    return protected, len((index.certificates | index.crls | index.attributes) - met)


def _indexable(
    index: HashIndex, info: SignerInfo, parts: SignedData
) -> Iterator[tuple[bytes, frozenset[bytes], Iterator[bytes]]]:
    """Yield what may be in an index: the octets to digest, the list it may stand in, and what it is known by."""
    for element in parts.certificates:
        yield element.octets, index.certificates, _itself(element)
    for element in parts.revocation:
        yield element.octets, index.crls, _choice(element)
    for attribute in _unsigned(info):
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
        [a.name.octets + value.octets for a in _unsigned(info) for value in a.values],
    ]
    return der.encode(
        der.SEQUENCE,
        enc.digest_identifier(digest.name),
        *(der.encode(der.SEQUENCE, *(enc.octet_string(digest.of(o)) for o in octets)) for octets in lists),
    )


# -- archive-time-stamp version 2 ------------------------------------------------------------------------


def _of_archive_v2(value: der.Element, info: SignerInfo, content: Content) -> Imprint:
    """Archive-time-stamp version 2: content, certificates, lists, and the whole SignerInfo as it was then.

    Writers disagreed about the tag and the length around the unsigned attributes; annex K of TS 101 733 asks to try
    both. Archive timestamps of the same time or later were not there yet.
    """
    parts, octets = content.parts, content.octets
    if parts is None or octets is None:
        return UNKNOWN
    time, expected = _stated(value)
    kept = [a for a in _unsigned(info) if a.oid not in _ARCHIVE or all(_stated(v)[0] < time for v in a.values)]
    joined = b"".join(a.element.octets for a in kept)

    def pieces(tail: bytes) -> Iterator[bytes | memoryview]:
        yield from _encapsulated(parts.content_type, octets, detached=parts.content is None)
        for tag, elements in ((der.context(0), parts.certificates), (der.context(1), parts.revocation)):
            if elements:
                yield der.encode(tag, *(element.octets for element in elements))
        yield from _fields(info)
        yield tail

    def over(digest: Digest) -> bytes:
        first = digest_by(lambda _: pieces(der.encode(der.context(1), joined)))(digest)
        return first if first == expected else digest_by(lambda _: pieces(joined))(digest)

    protects = {key_of(info.signature), *(key_of(element.octets) for element in parts.certificates)}
    for element in parts.revocation:
        protects.update(_choice(element))
    for attribute in kept:
        protects.update(_held(attribute))
    return Imprint(over=over, protects=frozenset(protects))


def _encapsulated(content_type: str, octets: Octets, *, detached: bool) -> Iterator[bytes | memoryview]:
    """Yield the DER EncapsulatedContentInfo, and behind it the content where that is elsewhere."""
    kind = der.encode_oid(content_type)
    if detached:
        yield der.encode(der.SEQUENCE, kind)
        yield from pieces_of(octets)
        return
    string = enc.head(der.OCTET_STRING, octets.size)
    explicit = enc.head(der.context(0), len(string) + octets.size)
    yield enc.head(der.SEQUENCE, len(kind) + len(explicit) + len(string) + octets.size) + kind + explicit + string
    yield from pieces_of(octets)


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
    for attribute in _unsigned(info):
        yield from _held(attribute, depth)


_RULES: Final[dict[str, Callable[[der.Element, SignerInfo, Content], Imprint]]] = {
    names.SIGNATURE_TIMESTAMP: _of_value,
    names.ESC_TIMESTAMP: _of_signature_and_references,
    names.REFERENCES_TIMESTAMP: _of_references,
    names.ARCHIVE_TIMESTAMP_V2: _of_archive_v2,
    names.ARCHIVE_TIMESTAMP_V3: _of_archive_v3,
}
"""The rules by the attribute; for version 1 of the archive timestamp (RFC 3126) there is none."""


def placed(imprint: Imprint, place: str) -> tuple[Reason, ...]:
    """Return the reasons of *imprint* with their place."""
    return tuple(attrs.evolve(one, place=place) for one in imprint.reasons)
