"""SignedData (RFC 5652, section 5) taken apart: BER or DER, in memory or from a source that is read once, forward.

The content is never copied and never joined; what is found is where its pieces lie. Everything else is bounded by
the limits and kept as it was received.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import BinaryIO, Final

import attrs

from vndoc.envelope.octets import CHUNK, MemoryOctets, Octets
from vndoc.errors import CertificateError, SignatureError
from vndoc.limits import Limits
from vndoc.pki import der
from vndoc.pki.algorithms import digest_of_identifier
from vndoc.signature._cms_content import ContentOctets, given, malformed, unreadable

DATA: Final = "1.2.840.113549.1.7.1"
SIGNED_DATA: Final = "1.2.840.113549.1.7.2"

_STRING: Final = der.OCTET_STRING
_PIECES: Final = der.OCTET_STRING | 0x20
_DEPTH: Final = 16
_ALGORITHMS: Final = 65_536
"""Octets of the list of digest algorithms: each takes fifteen."""


class _Memory:
    """Octets in memory, passed once."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.pos = 0

    def peek(self, size: int) -> bytes:
        return self.data[self.pos : self.pos + size]

    def skip(self, size: int) -> None:
        self.pos += size
        if self.pos > len(self.data):
            raise malformed(f"{len(self.data)} B")

    def rest(self, _most: int) -> tuple[bytes, int]:
        """Return octets and the offset in them of what was not passed yet."""
        return self.data, self.pos


class _Stream:
    """The octets of a source, passed once without keeping them."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.pos = 0
        self.held = b""

    def peek(self, size: int) -> bytes:
        while len(self.held) < size and (more := self.file.read(max(4096, size))):
            self.held += more
        return self.held[:size]

    def skip(self, size: int) -> None:
        self.pos += size
        used = min(size, len(self.held))
        self.held = self.held[used:]
        size -= used
        while size:
            piece = self.file.read(min(size, CHUNK))
            if not piece:
                raise malformed(f"{self.pos - size} B")
            size -= len(piece)

    def rest(self, most: int) -> tuple[bytes, int]:
        pieces, size = [self.held], len(self.held)
        while size <= most and (piece := self.file.read(CHUNK)):
            pieces.append(piece)
            size += len(piece)
        return b"".join(pieces), 0


class _Walk:
    """The elements around and before the content, entered one by one; lengths may be indefinite."""

    def __init__(self, source: _Memory | _Stream) -> None:
        self.source = source
        self.ends: list[int | None] = []
        self.bounds: list[int | None] = [None]  # the nearest definite end around each level

    def header(self) -> tuple[int, int, int | None]:
        """Return tag, size of the header and length (``None``: indefinite) of the element that begins here."""
        head = self.source.peek(10)
        if len(head) < 2 or head[0] & 0x1F == 0x1F or not head[0]:
            raise malformed(f"@{self.source.pos}")
        size, length = 2, head[1]
        if length == 0x80:
            if not head[0] & 0x20:
                raise malformed(f"@{self.source.pos}")
            return head[0], 2, None
        if length > 0x80:
            size += length & 0x7F
            if size > 10 or len(head) < size:
                raise malformed(f"@{self.source.pos}")
            length = int.from_bytes(head[2:size], "big")
        bound = self.bounds[-1]
        if bound is not None and self.source.pos + size + length > bound:
            raise malformed(f"@{self.source.pos}")
        return head[0], size, length

    def enter(self, tag: int) -> None:
        found, size, length = self.header()
        if found != tag:
            raise malformed(f"@{self.source.pos}")
        self.source.skip(size)
        self._push(length)

    def _push(self, length: int | None) -> None:
        end = None if length is None else self.source.pos + length
        self.ends.append(end)
        self.bounds.append(self.bounds[-1] if end is None else end)

    def at_end(self) -> bool:
        end = self.ends[-1]
        return self.source.peek(2) == b"\0\0" if end is None else self.source.pos >= end

    def leave(self) -> None:
        if not self.at_end():
            raise malformed(f"@{self.source.pos}")
        self.bounds.pop()
        if self.ends.pop() is None:
            self.source.skip(2)

    def whole(self, most: int = 4096) -> der.Element:
        """Return a small element as it stands here, and pass it."""
        _, size, length = self.header()
        wanted = most if length is None else size + length
        element = der.read(self.source.peek(min(wanted, most)), ber=True)
        bound = self.bounds[-1]
        if bound is not None and self.source.pos + element.stop > bound:
            raise malformed(f"@{self.source.pos}")
        self.source.skip(element.stop)
        return element

    def pieces(self, most: int) -> array[int]:
        """Pass the content and return where its pieces lie: offset and length by turns.

        The content of an OCTET STRING is its value; that of anything else (PKCS #7) is its content octets.
        """
        found = array("Q")
        tag, size, length = self.header()
        if tag != _PIECES:
            if length is None:
                raise malformed(f"@{self.source.pos}")
            found.extend((self.source.pos + size, length))
            self.source.skip(size + length)
            return found
        base = len(self.ends)
        self.enter(_PIECES)
        while len(self.ends) > base:
            if self.at_end():
                self.leave()
                continue
            tag, size, length = self.header()
            if tag == _PIECES and len(self.ends) - base < _DEPTH:
                self.source.skip(size)
                self._push(length)
            elif tag == _STRING and length is not None:
                if len(found) >= 2 * most:
                    raise SignatureError("cms-too-large", what="OCTET STRING", limit=most)
                found.extend((self.source.pos + size, length))
                self.source.skip(size + length)
            else:
                raise malformed(f"@{self.source.pos}")
        return found


@attrs.frozen(kw_only=True)
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
            return _plain(octets, limits) or _split(octets, _Memory(octets), limits)
        with source.open() as file:
            return _split(source, _Stream(file), limits)
    except OSError as error:
        raise unreadable(source, error) from error
    except CertificateError as error:
        raise malformed(f"@{error.values.get('offset', '?')}") from None


def _plain(data: bytes, limits: Limits) -> SignedData | None:
    """Return the parts where all lengths are definite and the content is whole, as in nearly every signature.

    Everything else, and everything that is wrong, is left to the walk (``None``), which finds the same.
    """
    try:
        outer = der.read(data)
        kind, explicit = der.children(outer, most=2)
        [signed] = der.children(explicit, most=1)
        version, digest_algorithms, encapsulated, *parts = der.children(signed, most=6)
        content_type, *content = der.children(encapsulated, most=2)
        pieces = None
        if content:
            [string] = der.children(content[0], most=1)
            if string.tag != _STRING or content[0].tag != der.context(0):
                return None
            pieces = ContentOctets(data, array("Q", (string.body, string.end - string.body)))
        tags = (outer.tag, explicit.tag, signed.tag, encapsulated.tag)
        if tags != _TAGS or der.oid(kind) != SIGNED_DATA or signed.end - encapsulated.stop > limits.cms_bytes:
            return None
        if digest_algorithms.stop - digest_algorithms.start > _ALGORITHMS:
            return None
        return SignedData(
            version=der.integer(version),
            digest_algorithms=digest_algorithms,
            content_type=der.oid(content_type),
            content=pieces,
            encapsulated=(encapsulated.start, encapsulated.stop),
            source=data,
            trailing=outer.stop < len(data),
            **_named(parts, limits),
        )
    except (CertificateError, ValueError):
        return None


_TAGS: Final = (der.SEQUENCE, der.context(0), der.SEQUENCE, der.SEQUENCE)


def _split(data: bytes | Octets, source: _Memory | _Stream, limits: Limits) -> SignedData:
    walk = _Walk(source)
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


def _rest(walk: _Walk, rest: bytes, offset: int, stop: int, limits: Limits) -> tuple[list[der.Element], bool]:
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
    if tuple(part.tag for part in parts) not in _ORDERS:
        raise malformed("SignedData")
    found = {"sets": tuple(parts[:-1])}
    for part in parts:
        name = _ROWS[part.tag]
        found[name] = _counted(part, limits.cms_signers if name == "signers" else limits.cms_certificates, name)
    return found


def _counted(parent: der.Element, most: int, what: str) -> tuple[der.Element, ...]:
    """Return the elements within *parent*; ``cms-too-large`` if there are more than *most*."""
    found: list[der.Element] = []
    pos = parent.body
    while pos < parent.end:
        if len(found) == most:
            raise SignatureError("cms-too-large", what=what, limit=most)
        found.append(der.read(parent.data, pos, parent.end, ber=True))
        pos = found[-1].stop
    return tuple(found)


MOST: Final = 1_000
"""Elements in one set or sequence where no limit says otherwise: each costs some hundred octets."""


def children(parent: der.Element, most: int = MOST) -> list[der.Element]:
    """Return the elements within *parent*; ``der-malformed`` if there are more than *most*."""
    return der.children(parent, ber=True, most=most)


Attributes = Mapping[str, list[list[der.Element]]]
"""Attributes by OID: for each time it stands there, its values."""


@attrs.frozen(kw_only=True)
class SignerInfo:
    """The parts of a SignerInfo as received."""

    element: der.Element
    version: int
    sid: der.Element
    digest_identifier: bytes
    signed: der.Element | None
    signed_attributes: Attributes
    signed_der: bool
    """Whether the signed attributes are sorted and their lengths minimal and definite."""
    signature_identifier: bytes
    signature: bytes
    unsigned: der.Element | None
    unsigned_attributes: Attributes


def signer_info(element: der.Element) -> SignerInfo:
    """Return the parts of a SignerInfo. Raises :class:`~vndoc.errors.CertificateError` ``der-malformed``."""
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
        der.read(element.data, element.start, element.stop)
        found = attributes(element, ber=False)
    except CertificateError:
        return attributes(element), False
    octets = [item.octets for item in der.children(element)]
    return found, octets == sorted(octets)


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
    if element.tag == _STRING:
        return element.content
    if element.tag != _PIECES or depth > _DEPTH:
        raise CertificateError("der-malformed", offset=element.start)
    return b"".join(octet_string(child, depth + 1) for child in children(element))


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
    if element.tag == _PIECES:
        return der.encode(_STRING, octet_string(element))
    parts = [der_of(child, None, depth + 1) for child in children(element)]
    return der.encode(own, *(sorted(parts) if own == der.SET else parts))
