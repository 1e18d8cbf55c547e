"""SignedData (RFC 5652, section 5) taken apart: BER or DER, in memory or from a source that is read once, forward.

The content is never copied and never joined; what is found is where its pieces lie. Everything else is bounded by
the limits and kept as it was received.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping
from typing import Final

import attrs

from vndoc.envelope.octets import MemoryOctets, Octets
from vndoc.errors import CertificateError, SignatureError
from vndoc.limits import Limits
from vndoc.pki import der
from vndoc.pki._octets import extent
from vndoc.pki.algorithms import digest_of_identifier
from vndoc.signature._cms_content import ContentOctets, given, malformed, unreadable
from vndoc.signature._cms_walk import DEPTH, PIECES, STRING, Memory, Stream, Walk

DATA: Final = "1.2.840.113549.1.7.1"
SIGNED_DATA: Final = "1.2.840.113549.1.7.2"

_ALGORITHMS: Final = 65_536
"""Octets of the list of digest algorithms: each takes fifteen."""


@attrs.frozen(kw_only=True, slots=False)
class SignedData:
    """The parts of a SignedData. ``content`` is ``None`` where the signature is detached."""

    version: int
    digest_algorithms: der.Element
    content_type: str
    content: ContentOctets | None
    encapsulated: tuple[int, int]
    """Where EncapsulatedContentInfo begins and ends in the octets that were read."""
    source: bytes | Octets = attrs.field(repr=False)
    """Those octets."""
    sets: tuple[der.Element, ...] = ()
    """The elements that certificates and revocation data were received in."""
    certificates: tuple[der.Element, ...] = ()
    revocation: tuple[der.Element, ...] = ()
    signers: tuple[der.Element, ...] = ()
    trailing: bool = False


def split(data: bytes | Octets, limits: Limits) -> SignedData:
    """Return the parts of the SignedData that *data* is.

    Raises :class:`~vndoc.errors.SignatureError`: ``cms-malformed`` or ``cms-too-large``;
    :class:`~vndoc.errors.SourceError` ``source-unreadable`` where reading fails.
    """
    source = given(data)
    try:
        if isinstance(source, MemoryOctets):
            octets = source.data
            return _plain(octets, limits) or _split(octets, Memory(octets), limits)
        with source.open() as file:
            return _split(source, Stream(file), limits)
    except OSError as error:
        raise unreadable(source, error) from error
    except CertificateError as error:
        raise malformed(f"@{error.values.get('offset', '?')}") from None


def _plain(data: bytes, limits: Limits) -> SignedData | None:
    """Return the parts where all lengths are definite and the content is whole, as in nearly every signature.

    Everything else, and everything that is wrong, is left to the walk (``None``), which finds the same. Every element
    begins where the one before it stops, so that those that stop together are within bounds.
    """
    try:
        at, stop = extent(data, 0)
        explicit, explicit_stop = extent(data, at + len(_SIGNED_DATA))
        signed, signed_stop = extent(data, explicit)
        algorithms = signed + 3
        algorithms_body, encapsulated = extent(data, algorithms)
        kind_at, encapsulated_stop = extent(data, encapsulated)
        kind, kind_stop = extent(data, kind_at)
        if not (
            data[0] == data[explicit] == data[encapsulated] == der.SEQUENCE
            and data[at : at + len(_SIGNED_DATA)] == _SIGNED_DATA
            and data[at + len(_SIGNED_DATA)] == _TAG_0
            and signed_stop == explicit_stop == stop <= len(data)
            and data[signed : signed + 2] == b"\x02\x01"
            and data[signed + 2] < 0x80
            and data[algorithms] == der.SET
            and data[kind_at] == der.OID
            and encapsulated - algorithms <= _ALGORITHMS
            and encapsulated_stop < stop <= encapsulated_stop + limits.cms_bytes
        ):
            return None
        pieces = None
        if kind_stop != encapsulated_stop:
            wrapped, wrapped_stop = extent(data, kind_stop)
            string, string_stop = extent(data, wrapped)
            if (data[kind_stop], data[wrapped]) != (_TAG_0, STRING) or not (
                string_stop == wrapped_stop == encapsulated_stop
            ):
                return None
            pieces = ContentOctets(data, array("Q", (string, string_stop - string)))
        return SignedData(
            version=data[signed + 2],
            digest_algorithms=_new(
                der.Element, (data, der.SET, algorithms, algorithms_body, encapsulated, encapsulated)
            ),
            content_type=der.dotted(data[kind:kind_stop]),
            content=pieces,
            encapsulated=(encapsulated, encapsulated_stop),
            source=data,
            trailing=stop < len(data),
            **_named(_behind(data, encapsulated_stop, stop), limits),
        )
    except (IndexError, ValueError):  # those of this library are of the second kind
        return None


_SIGNED_DATA: Final = der.encode_oid(SIGNED_DATA)
_TAG_0: Final = der.context(0)
_TAG_1: Final = der.context(1)
_new: Final = tuple.__new__


def _behind(data: bytes, at: int, end: int) -> list[der.Element]:
    """Return the elements from *at* to *end*, at most three."""
    found: list[der.Element] = []
    while at < end and len(found) < 4:
        body, stop = extent(data, at)
        found.append(_new(der.Element, (data, data[at], at, body, stop, stop)))
        at = stop
    return found if at == end else []


def _split(data: bytes | Octets, source: Memory | Stream, limits: Limits) -> SignedData:
    walk = Walk(source)
    walk.enter(der.SEQUENCE)
    if der.oid(walk.whole()) != SIGNED_DATA:
        raise malformed("contentType")
    walk.enter(der.context(0))
    walk.enter(der.SEQUENCE)
    version = der.integer(walk.whole())
    digest_algorithms = walk.whole(_ALGORITHMS)
    start = source.pos
    walk.enter(der.SEQUENCE)
    content_type = der.oid(walk.whole())
    content = None
    if not walk.at_end():
        walk.enter(der.context(0))
        content = ContentOctets(data, walk.pieces(limits.cms_segments))
        walk.leave()
    walk.leave()
    stop = source.pos
    rest, offset = source.rest(limits.cms_bytes)
    parts, trailing = _rest(walk, rest, offset, stop, limits)
    return SignedData(
        version=version,
        digest_algorithms=digest_algorithms,
        content_type=content_type,
        content=content,
        encapsulated=(start, stop),
        source=data,
        trailing=trailing,
        **_named(parts, limits),
    )


def _rest(walk: Walk, rest: bytes, offset: int, stop: int, limits: Limits) -> tuple[list[der.Element], bool]:
    """Return the elements behind the content, and whether octets follow the signature."""
    shift = offset - stop  # from offsets in the input to offsets in "rest"
    bound = walk.bounds[-1]
    end = len(rest) if bound is None else bound + shift
    if min(end, len(rest)) - offset > limits.cms_bytes:
        raise SignatureError("cms-too-large", what="SignedData", limit=limits.cms_bytes)
    if end > len(rest):
        raise malformed(f"{len(rest) - shift} B")
    pos, parts = offset, []
    inner = walk.ends[-1]
    while (pos < end) if inner is not None else (rest[pos : pos + 2] != b"\0\0"):
        parts.append(der.read(rest, pos, end, ber=True))
        pos = parts[-1].stop
        if len(parts) > 3:
            raise malformed("SignedData")
    for level in reversed(walk.ends):
        if level is None:
            if rest[pos : pos + 2] != b"\0\0":
                raise malformed(f"@{pos - shift}")
            pos += 2
        elif level + shift != pos:
            raise malformed(f"@{pos - shift}")
    return parts, pos < len(rest)


_ROWS: Final = {der.context(0): "certificates", der.context(1): "revocation", der.SET: "signers"}
"""What may stand behind the content, in this order; the signers must."""
_ORDERS: Final = frozenset(
    (*first, *second, der.SET) for first in ((), (der.context(0),)) for second in ((), (der.context(1),))
)


def _named(parts: list[der.Element], limits: Limits) -> dict[str, tuple[der.Element, ...]]:
    """Return certificates [0], crls [1] and signerInfos by the names of :class:`SignedData`."""
    if tuple([part.tag for part in parts]) not in _ORDERS:
        raise malformed("SignedData")
    found = {"sets": tuple(parts[:-1])}
    for part in parts:
        name = _ROWS[part.tag]
        found[name] = _counted(part, limits.cms_signers if name == "signers" else limits.cms_certificates, name)
    return found


def _counted(parent: der.Element, most: int, what: str) -> tuple[der.Element, ...]:
    """Return the elements within *parent*; ``cms-too-large`` if there are more than *most*."""
    found: list[der.Element] = []
    data, pos, end = parent.data, parent.body, parent.end
    while pos < end:
        if len(found) == most:
            raise SignatureError("cms-too-large", what=what, limit=most)
        if pos + 4 < end and data[pos] == der.SEQUENCE and data[pos + 1] == 0x82:  # as nearly all are: without a call
            stop = pos + 4 + (data[pos + 2] << 8 | data[pos + 3])
            if stop <= end:
                found.append(_new(der.Element, (data, der.SEQUENCE, pos, pos + 4, stop, stop)))
                pos = stop
                continue
        found.append(der.read(data, pos, end, ber=True))
        pos = found[-1].stop
    return tuple(found)


MOST: Final = 1_000
"""Elements in one set or sequence where no limit says otherwise: each costs some hundred octets."""


def children(parent: der.Element, most: int = MOST) -> list[der.Element]:
    """Return the elements within *parent*; ``der-malformed`` if there are more than *most*."""
    return der.children(parent, ber=True, most=most)


Attributes = Mapping[str, list[list[der.Element]]]
"""Attributes by OID: for each time it stands there, its values."""


@attrs.frozen(kw_only=True, slots=False)
class SignerInfo:
    """The parts of a SignerInfo as received."""

    element: der.Element
    version: int
    sid: der.Element
    digest_identifier: bytes
    signed: der.Element | None
    signed_attributes: Attributes
    signed_der: bool
    """Whether the signed attributes are sorted, all lengths within minimal and definite, and no string in pieces."""
    signature_identifier: bytes
    signature: bytes
    unsigned: der.Element | None
    unsigned_attributes: Attributes


def signer_info(element: der.Element) -> SignerInfo:
    """Return the parts of a SignerInfo. Raises :class:`~vndoc.errors.CertificateError` ``der-malformed``."""
    try:
        found = _usual_info(element)
    except (IndexError, ValueError):  # an element ends behind the octets, or is malformed
        found = None
    return _unusual_info(element) if found is None else found


def _usual_info(element: der.Element) -> SignerInfo | None:
    """Return what :func:`_unusual_info` does where attributes are signed and nothing is unusual, else ``None``.

    Every part begins where the one before it stops: the last one stopping where it must holds all within bounds.
    """
    data, at, end = element.data, element.body, element.end
    sid = at + 3
    sid_body, digest = extent(data, sid)
    attributes_at = digest + 2 + data[digest + 1]
    attributes_body, algorithm = extent(data, attributes_at)
    value_at = algorithm + 2 + data[algorithm + 1]
    value, stop = extent(data, value_at)
    if not (
        element.tag == data[digest] == data[algorithm] == der.SEQUENCE
        and data[at : at + 2] == b"\x02\x01"
        and data[at + 2] < 0x80
        and data[sid] in _SIDS
        and data[digest + 1] < 0x80
        and data[attributes_at] == _TAG_0
        and data[algorithm + 1] < 0x80
        and data[value_at] == STRING
        and (stop == end or data[stop] == _TAG_1)
        and stop <= end
    ):
        return None
    signed = _new(der.Element, (data, _TAG_0, attributes_at, attributes_body, algorithm, algorithm))
    unsigned = None
    if stop < end:
        unsigned_body, unsigned_stop = extent(data, stop)
        if unsigned_stop != end:
            return None
        unsigned = _new(der.Element, (data, _TAG_1, stop, unsigned_body, end, end))
    signed_attributes, signed_der = _signed(signed)
    return SignerInfo(
        element=element,
        version=data[at + 2],
        sid=_new(der.Element, (data, data[sid], sid, sid_body, digest, digest)),
        digest_identifier=data[digest:attributes_at],
        signed=signed,
        signed_attributes=signed_attributes,
        signed_der=signed_der,
        signature_identifier=data[algorithm:value_at],
        signature=data[value:stop],
        unsigned=unsigned,
        unsigned_attributes={} if unsigned is None else attributes(unsigned),
    )


_SIDS: Final = frozenset({der.SEQUENCE, der.context(0, constructed=False)})


def _unusual_info(element: der.Element) -> SignerInfo:
    parts = children(element)
    signed = unsigned = None
    if len(parts) > 3 and parts[3].tag == der.context(0):
        signed = parts.pop(3)
    if len(parts) == 6 and parts[5].tag == der.context(1):
        unsigned = parts.pop()
    if element.tag != der.SEQUENCE or len(parts) != 5 or parts[2].tag != der.SEQUENCE or parts[3].tag != der.SEQUENCE:
        raise CertificateError("der-malformed", offset=element.start)
    signed_attributes, signed_der = ({}, True) if signed is None else _signed(signed)
    return SignerInfo(
        element=element,
        version=der.integer(parts[0]),
        sid=parts[1],
        digest_identifier=parts[2].octets,
        signed=signed,
        signed_attributes=signed_attributes,
        signed_der=signed_der,
        signature_identifier=parts[3].octets,
        signature=octet_string(parts[4]),
        unsigned=unsigned,
        unsigned_attributes={} if unsigned is None else attributes(unsigned),
    )


def digest_needed(info: SignerInfo) -> list[str]:
    """Return the name of the digest of the content, nothing where it is not known."""
    try:
        return [digest_of_identifier(info.digest_identifier).name]
    except CertificateError:
        return []  # named where the signer is read


def _signed(element: der.Element) -> tuple[Attributes, bool]:
    """Return signed attributes, and whether they are DER."""
    try:
        usual = _usual_attributes(element)
    except (IndexError, ValueError):  # an element ends behind the octets, or a length is not minimal
        usual = None
    found, ordered = _unusual_attributes(element) if usual is None else usual
    if ordered and _LIKE_BER(element.data, element.body, element.end):
        return found, all(is_der(value) for held in found.values() for values in held for value in values)
    return found, ordered


def is_der(value: der.Element) -> bool:
    """Return whether everything within *value* is DER; the order in sets apart."""
    return not (value.constructed and _LIKE_BER(value.data, value.start, value.end)) or _all_der(value)


_LIKE_BER: Final = re.compile(
    rb"(?s)[\0\x24\x81-\x84]"
    rb"(?:(?<=\0)\0|(?<=\x81)[\0-\x7f]|(?<=[\x82-\x84])\0|(?<=\x24)(?:\0|(?:[\1-\x7f]|\x81.|\x82..)[\x04\x24]))"
).search
"""Finds, in what is no DER: the end of an indefinite length, a length that is not minimal, a string in pieces."""


def _all_der(element: der.Element, depth: int = 0) -> bool:
    """Return what :func:`is_der` does, where it is not clear at once."""
    if not element.constructed:
        return True
    if element.tag == PIECES or depth > der.DEPTH:
        return False
    try:
        parts = der.children(element)
    except CertificateError:
        return False
    return all(_all_der(part, depth + 1) for part in parts)


def _unusual_attributes(element: der.Element) -> tuple[Attributes, bool]:
    try:
        der.read(element.data, element.start, element.stop)
        found = attributes(element, ber=False)
    except CertificateError:
        return attributes(element), False
    octets = [item.octets for item in der.children(element)]
    return found, octets == sorted(octets)


_SMALLEST: Final = 9
"""Octets of an attribute at least: its type and a value, each with its header, and the headers around them."""


def _usual_attributes(element: der.Element) -> tuple[Attributes, bool] | None:
    """Return what :func:`_signed` does where each attribute has one value and all lengths are minimal, else ``None``.

    In every attribute the set and its value stop where the attribute does, which keeps them within bounds.
    """
    data, at, end = element.data, element.body, element.end
    if end > len(data) or extent(data, element.start) != (at, element.stop) or end - at > _SMALLEST * MOST:
        return None
    found: dict[str, list[list[der.Element]]] = {}
    ordered, before = True, b""
    while at < end:
        body, stop = extent(data, at)
        values = body + 2 + data[body + 1]
        value, values_stop = extent(data, values)
        content, value_stop = extent(data, value)
        tag = data[value]
        if not (
            data[at] == der.SEQUENCE
            and data[body] == der.OID
            and data[body + 1] < 0x80
            and data[values] == der.SET
            and value_stop == values_stop == stop <= end
            and tag & 0x1F != 0x1F
            and tag
        ):
            return None
        octets = data[at:stop]
        ordered, before, at = ordered and before <= octets, octets, stop
        one = _new(der.Element, (data, tag, value, content, stop, stop))
        found.setdefault(der.dotted(data[body + 2 : values]), []).append([one])
    return found, ordered


def attributes(element: der.Element, *, ber: bool = True) -> Attributes:
    """Return the attributes in *element*. Raises as :func:`signer_info`."""
    found: dict[str, list[list[der.Element]]] = {}
    for item in der.children(element, ber=ber, most=MOST):
        parts = der.children(item, ber=ber, most=MOST)
        if item.tag != der.SEQUENCE or len(parts) != 2 or parts[1].tag != der.SET:
            raise CertificateError("der-malformed", offset=item.start)
        found.setdefault(der.oid(parts[0]), []).append(der.children(parts[1], ber=ber, most=MOST))
    return found


def octet_string(element: der.Element, depth: int = 0) -> bytes:
    """Return the value of a small OCTET STRING, whole or in pieces. Raises as :func:`signer_info`."""
    if element.tag == STRING:
        return element.content
    if element.tag != PIECES or depth > DEPTH:
        raise CertificateError("der-malformed", offset=element.start)
    return b"".join(octet_string(child, depth + 1) for child in children(element))


def same_algorithm(one: bytes, other: bytes) -> bool:
    """Return whether two AlgorithmIdentifiers are the same, however encoded; NULL is as good as no parameters."""
    if one == other:
        return True
    try:
        return _algorithm(one) == _algorithm(other)
    except CertificateError:
        return False


def _algorithm(octets: bytes) -> list[bytes]:
    parts = [der_of(part) for part in children(der.read(octets, ber=True))]
    return parts[:-1] if parts[1:] == [b"\x05\x00"] else parts


def der_of(element: der.Element, tag: int | None = None, depth: int = 0) -> bytes:
    """Return the DER encoding of *element*, which may be BER, with *tag* in the place of its own.

    Lengths become minimal, strings whole, SET OF sorted; values of simple types stay as they are. Raises as
    :func:`signer_info`.
    """
    if depth > der.DEPTH:
        raise CertificateError("der-malformed", offset=element.start)
    own = element.tag if tag is None else tag
    if not element.constructed:
        return der.encode(own, element.content)
    if element.tag == PIECES:
        return der.encode(STRING, octet_string(element))
    parts = [der_of(child, None, depth + 1) for child in children(element)]
    return der.encode(own, *(sorted(parts) if own == der.SET else parts))
