"""The usual CMS signature read in one go: one signer, in memory, definite lengths, nothing odd and nothing unsigned.

What this finds is what :mod:`vndoc.signature._cms_read` finds. Everything else, and everything that is wrong but the
digest of the content, is left to it.
"""

from __future__ import annotations

import datetime
import struct
from array import array
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from vndoc.envelope.octets import MemoryOctets, Octets
from vndoc.errors._arguments import need
from vndoc.limits import Limits
from vndoc.pki import der
from vndoc.pki._octets import extent
from vndoc.pki.algorithms import (
    DIGESTS,
    VERIFIABLE,
    Digest,
    SignatureAlgorithm,
    digest_of_identifier,
    signature_algorithm,
)
from vndoc.pki.certificate import Certificate
from vndoc.signature import _cms_attributes as names
from vndoc.signature._cms_content import ContentOctets, digests_of, given
from vndoc.signature._cms_read import certificate_of, read_signed
from vndoc.signature._cms_signer import binding_of, reason, verified
from vndoc.signature._cms_structure import DATA, SIGNED_DATA, is_der
from vndoc.signature._cms_token import new_context
from vndoc.signature.facts import Binding, Covered, Form, Level, RevocationMaterial, SignatureFacts

_CMS, _CADES = Form.CMS, Form.CADES  # asking the class of an enum takes four times as long in Python 3.11
_B, _NO_LEVEL = Level.B, Level.NONE
_MATCHES, _ABSENT = Binding.MATCHES, Binding.ABSENT
_PLACE: Final = "SignerInfo[1]"
_NO_REVOCATION: Final = RevocationMaterial()

_START: Final = struct.Struct(">HH11sHHHH2sBBB")
"""ContentInfo with its type, [0], and SignedData with its version, up to the length of the digest algorithms."""
_SIGNED_DATA: Final = der.encode_oid(SIGNED_DATA)
_DATA: Final = der.encode_oid(DATA)
_DETACHED: Final = der.encode(der.SEQUENCE, _DATA)
_TAG_0: Final = der.context(0)
_NAMES: Final = {der.encode_oid(oid): oid for oid in names.OF_EVERY_SIGNATURE}
_SHORT_OID, _LONG_OID = sorted({len(octets) for octets in _NAMES})
_new: Final = tuple.__new__
_HEAD: Final = 17
"""Octets of an attribute up to the content of its value, where all lengths are below 128 and the OID is short."""


def _heads() -> dict[bytes, tuple[str, int, int, int]]:
    """Return what :func:`_attribute` does by the first octets, for what nearly all signatures have.

    They tell everything but, behind a long OID, what kind of value it is and how long that says that it is.
    """
    values = [(names.CONTENT_TYPE, der.OID, len(_DATA) - 2), (names.SIGNING_TIME, der.UTC_TIME, 13)]
    values += [(names.MESSAGE_DIGEST, der.OCTET_STRING, size) for size in (20, 28, 32, 48, 64)]
    values += [(names.SIGNING_CERTIFICATE_V2, der.SEQUENCE, size) for size in range(0x60)]
    found = {}
    for oid, tag, size in values:
        octets = der.encode(der.SEQUENCE, der.encode_oid(oid), der.encode(der.SET, der.encode(tag, bytes(size))))
        content = len(octets) - size
        found[octets[:_HEAD]] = oid, content - 2, content, len(octets)
    return found


_HEADS: Final = _heads()

_SHA1: Final = DIGESTS["sha1"]
"""Two certificates can be made to share it."""
_IDS: Final = ((names.SIGNING_CERTIFICATE_V2, True), (names.SIGNING_CERTIFICATE, False))
_Held = Mapping[bytes, Certificate]


def facts_of(
    data: bytes | Octets,
    content: bytes | Octets | None,
    known: Iterable[Certificate],
    limits: Limits,
    held: _Held = MappingProxyType({}),
) -> tuple[SignatureFacts, ...]:
    """Return the facts of each signer of *data* over *content*: what :func:`~vndoc.signature.cms.read_cms` returns.

    *known* are further certificates that may be the signer's. Those of the signature itself that are among *held*, by
    their octets, are taken from there. Raises as ``read_cms``.
    """
    if type(limits) is not Limits:
        need("limits", limits, Limits)
    over = None if content is None else given(content)
    pool = tuple(known)
    octets = data.data if type(data) is MemoryOctets else data
    try:
        usual = _walked(octets, pool, limits, held) if type(octets) is bytes else None
    except (LookupError, ValueError, struct.error):  # nothing usual; errors of this library are of the second kind
        usual = None
    if usual is not None:
        whole = over if usual.content is None else usual.content if over is None else None
        if whole is not None:  # it stands in the signature or apart, not both
            return (_facts(usual, whole),)
    return tuple(read_signed(data, over, new_context(limits, pool))[1])


class _Usual(NamedTuple):
    """What stands in a usual signature: as :class:`~vndoc.signature._cms_signer.Reading` finds it."""

    content: ContentOctets | None
    certificates: tuple[Certificate, ...]
    signer: Certificate
    ids: list[names.CertificateId]
    digest: Digest
    algorithm: SignatureAlgorithm
    message_digest: bytes
    signing_time: datetime.datetime | None
    signed: bytes
    signature: bytes


def _walked(data: bytes, known: tuple[Certificate, ...], limits: Limits, held: _Held) -> _Usual | None:
    """Return what stands in *data*, ``None`` where it is no usual signature.

    Every element begins where the one before it stops: the last ones stopping where the octets do keeps all of them
    within bounds. Raises ``IndexError``, ``ValueError`` or ``struct.error`` for octets that do not.
    """
    outer, size, kind, tag, explicit, inner, signed, integer, version, of, algorithms = _START.unpack_from(data)
    at, end, content = _START.size + algorithms, len(data), None
    if not (
        outer == inner == 0x3082
        and tag == 0xA082
        and kind == _SIGNED_DATA
        and size + 4 == explicit + 19 == signed + 23 == end
        and integer == b"\x02\x01"
        and of == der.SET
        and version < 0x80 > algorithms
    ):
        return None
    if data.startswith(_DETACHED, at):
        at += len(_DETACHED)
    else:
        content, at = _content(data, at)
    behind = at
    certificates: tuple[Certificate, ...] = ()
    if data[at] == _TAG_0:
        body, at = extent(data, at)
        certificates = _certificates(data, body, at, limits.cms_certificates, held)
    element, stop = extent(data, at)
    info, last = extent(data, element)
    if not (
        data[at] == der.SET
        and data[element] == der.SEQUENCE
        and stop == last == end <= behind + limits.cms_bytes
        and limits.cms_signers
    ):
        return None
    return _signer(data, info, content, certificates, known, limits.signed_attributes_bytes)


def _content(data: bytes, at: int) -> tuple[ContentOctets, int]:
    """Return the content in EncapsulatedContentInfo, and where that stops; ``ValueError`` where it is unusual."""
    body, stop = extent(data, at)
    explicit = body + len(_DATA)
    wrapped, wrapped_stop = extent(data, explicit)
    string, string_stop = extent(data, wrapped)
    if not (
        data[at] == der.SEQUENCE
        and data.startswith(_DATA, body)
        and (data[explicit], data[wrapped]) == (_TAG_0, der.OCTET_STRING)
        and string_stop == wrapped_stop == stop
    ):
        raise ValueError
    return ContentOctets(data, array("Q", (string, string_stop - string))), stop


def _certificates(data: bytes, at: int, end: int, most: int, held: _Held) -> tuple[Certificate, ...]:
    """Return the certificates from *at* to *end*; ``ValueError`` for more than *most*, or something else there."""
    found = []
    while at < end:
        stop = at + 4 + (data[at + 2] << 8 | data[at + 3])
        if data[at] != der.SEQUENCE or data[at + 1] != 0x82 or stop > end:
            raise ValueError
        octets = data[at:stop]
        found.append(held.get(octets) or certificate_of(octets))
        at = stop
    if len(found) > most:
        raise ValueError
    return tuple(found)


def _signer(
    data: bytes,
    at: int,
    content: ContentOctets | None,
    certificates: tuple[Certificate, ...],
    known: tuple[Certificate, ...],
    most: int,
) -> _Usual | None:
    """Return what stands in the SignerInfo whose content is at *at*, up to the end of *data*; ``None`` as above."""
    issuer, digest_at = extent(data, at + 3)
    serial = extent(data, issuer)[1]
    size = data[serial + 1]
    attributes_at = digest_at + 2 + data[digest_at + 1]
    attributes, algorithm_at = extent(data, attributes_at)
    value_at = algorithm_at + 2 + data[algorithm_at + 1]
    value, stop = extent(data, value_at)
    if not (
        stop == len(data)
        and data[at] == data[serial] == der.INTEGER
        and data[at + 1] == 1
        and data[at + 2] < 0x80
        and data[at + 3] == data[issuer] == data[digest_at] == data[algorithm_at] == der.SEQUENCE
        and 0 < size < 0x80
        and serial + 2 + size == digest_at
        and data[digest_at + 1] < 0x80 > data[algorithm_at + 1]
        and data[attributes_at] == _TAG_0
        and data[value_at] == der.OCTET_STRING
        and algorithm_at - attributes_at <= most
    ):
        return None
    digest = digest_of_identifier(data[digest_at:attributes_at])
    algorithm = signature_algorithm(data[algorithm_at:value_at], digest)
    found = _attributes(data, attributes, algorithm_at)
    if (
        digest.hashlib is None
        or algorithm.family not in VERIFIABLE
        or algorithm.digest not in (None, digest.name)
        or found[names.CONTENT_TYPE].octets != _DATA
        or found[names.MESSAGE_DIGEST].tag != der.OCTET_STRING
        or names.ALGORITHM_PROTECTION in found
    ):
        return None
    message_digest, time = found[names.MESSAGE_DIGEST].content, found.get(names.SIGNING_TIME)
    ids = _ids(found)
    number = int.from_bytes(data[serial + 2 : digest_at], "big", signed=True)
    signer = _identified(data[issuer:serial], number, ids, (*certificates, *known))
    if signer is None or not message_digest:
        return None
    return _Usual(
        content,
        certificates,
        signer,
        ids,
        digest,
        algorithm,
        message_digest,
        None if time is None else names.signing_time(time),
        b"\x31" + data[attributes_at + 1 : algorithm_at],
        data[value:stop],
    )


def _ids(found: dict[str, der.Element]) -> list[names.CertificateId]:
    """Return how the attributes *found* name the signing certificate; ``ValueError`` where that is no DER."""
    ids = []
    for oid, v2 in _IDS:
        value = found.get(oid)
        if value is not None:
            if not is_der(value):
                raise ValueError
            ids.append(names.certificate_id(value, v2=v2))
    return ids


def _attributes(data: bytes, at: int, end: int) -> dict[str, der.Element]:
    """Return the value of each signed attribute from *at* to *end*.

    ``ValueError`` unless all are among those of nearly every signature, each stands there once with one value, and
    they are DER: in order, with minimal lengths.
    """
    found: dict[str, der.Element] = {}
    before = b""
    while at < end:
        head = _HEADS.get(data[at : at + _HEAD])
        if head is None or data[at + head[2] - 1] != head[3] - head[2]:
            head = _attribute(data, at)
        oid, value, content, stop = head
        octets = data[at : at + stop]
        if oid in found or at + stop > end or octets <= before:
            raise ValueError
        found[oid] = _new(der.Element, (data, data[at + value], at + value, at + content, at + stop, at + stop))
        before, at = octets, at + stop
    return found


def _attribute(data: bytes, at: int) -> tuple[str, int, int, int]:
    """Return the type of the attribute at *at*, and how far from there its value, the content of that and itself end.

    ``ValueError`` for one that few signatures have, or that has not one value.
    """
    body, stop = extent(data, at)
    values = body + _SHORT_OID
    oid = _NAMES.get(data[body:values])
    if oid is None:
        values = body + _LONG_OID
        oid = _NAMES.get(data[body:values])
    value, values_stop = extent(data, values)
    content, value_stop = extent(data, value)
    if oid is None or data[at] != der.SEQUENCE or data[values] != der.SET or not value_stop == values_stop == stop:
        raise ValueError
    return oid, value - at, content - at, stop - at


def _identified(
    issuer: bytes, number: int, ids: list[names.CertificateId], pool: tuple[Certificate, ...]
) -> Certificate | None:
    """Return the one certificate of *pool* that issuer and serial *number* name, if *ids* name it and no other.

    ``None`` also where there are no *ids* and another one has its key.
    """
    named = [certificate for certificate in pool if certificate.serial == number]
    if not named:
        return None
    signer = named[0]
    if signer.issuer != issuer or [one for one in ids if not one.names(signer)] or not _alone(signer, named):
        return None
    if ids and (ids[0].serial is not None or ids[0].digest is not _SHA1):  # nothing else has what it names
        return signer
    for other in pool:
        same = [one for one in ids if one.names(other)] if ids else other.spki == signer.spki
        if same and other.der != signer.der:
            return None
    return signer


def _alone(signer: Certificate, named: list[Certificate]) -> bool:
    """Return whether all *named* ones are *signer*."""
    return len(named) == 1 or not [one for one in named if one.der != signer.der]


def _digest(content: Octets, digest: Digest) -> bytes:
    """Return the *digest* of *content*."""
    return digest.of(content.data) if type(content) is MemoryOctets else digests_of(content, [digest.name])[digest.name]


def _facts(found: _Usual, content: Octets) -> SignatureFacts:
    """Return the facts, after digesting *content*."""
    signer, ids, algorithm, signature = found.signer, found.ids, found.algorithm, found.signature
    intact = _digest(content, found.digest) == found.message_digest
    told, of_others = _MATCHES if ids else _ABSENT, binding_of(ids, broken=False)
    return SignatureFacts(
        form=_CADES if ids else _CMS,
        level=_B if ids else _NO_LEVEL,
        place=_PLACE,
        reasons=() if intact else (reason("message-digest-differs", _PLACE),),
        algorithm=algorithm,
        covered=(
            Covered(
                what="content",
                name=DATA,
                intact=intact,
                digest=found.digest.name,
                value=found.message_digest,
                octets=content,
            ),
        ),
        verify=lambda certificate: verified(certificate, algorithm, signature, data=found.signed),
        candidates=(signer,),
        certificates=found.certificates,
        binding=lambda certificate: told if certificate is signer else of_others(certificate),
        signature_value=signature,
        signed_octets=found.signed,
        claimed_time=found.signing_time,
        content_type=DATA,
        revocation=_NO_REVOCATION,
    )
