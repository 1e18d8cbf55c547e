"""CMS and CAdES put together (RFC 5652, EN 319 122-1): what is signed, the SignerInfo, the SignedData around it."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from vndoc.envelope.octets import Octets
from vndoc.errors import CertificateError, SignatureError, UsageError
from vndoc.errors._arguments import need
from vndoc.limits import DEFAULT
from vndoc.pki import der
from vndoc.pki.algorithms import Family, SignatureAlgorithm, identifier_of
from vndoc.pki.certificate import Certificate
from vndoc.signature import _cms_attributes as names
from vndoc.signature import _cms_encode as enc
from vndoc.signature._cms_content import pieces_of
from vndoc.signature._cms_structure import DATA, SIGNED_DATA, SignedData, attributes, children, split
from vndoc.signature._cms_structure import signer_info as read_signer_info
from vndoc.signature.signing import SigningState

_EDWARDS = {Family.ED25519: "sha512", Family.ED448: "shake256"}

Attribute = tuple[str, bytes]
"""An attribute: its OID and the DER of its one value."""


def content_digest(algorithm: SignatureAlgorithm) -> str:
    """Return the digest of the content that goes with *algorithm*: its own (RFC 8933), or that of EdDSA (RFC 8419).

    Raises ``algorithm-unsupported`` for one that has none.
    """
    if algorithm.family in _EDWARDS:
        return _EDWARDS[algorithm.family]
    if algorithm.digest is None:
        raise CertificateError("algorithm-unsupported", found=str(algorithm))
    return algorithm.digest


def certificate_attribute(certificate: Certificate) -> Attribute:
    """Return signing-certificate-v2 with SHA-256, the default of the attribute (RFC 5035, 5.4.1)."""
    entry = der.encode(der.SEQUENCE, enc.octet_string(certificate.fingerprint))
    return names.SIGNING_CERTIFICATE_V2, der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, entry))


def signed_attributes(message_digest: bytes, content_type: str | None, others: Iterable[Attribute]) -> bytes:
    """Return the DER SET OF signed attributes: what is signed."""
    rows = [(names.MESSAGE_DIGEST, enc.octet_string(message_digest)), *others]
    if content_type is not None:
        rows.append((names.CONTENT_TYPE, enc.oid(content_type)))
    return enc.set_of(enc.attribute(oid, value) for oid, value in rows)


def signed_content(octets: bytes) -> tuple[str, bytes]:
    """Return content type and digest that the signed attributes *octets* name; ``signing-state`` if they do not."""
    try:
        found = attributes(der.read(octets))
        [[content_type]], [[digest]] = found[names.CONTENT_TYPE], found[names.MESSAGE_DIGEST]
        return der.oid(content_type), digest.content
    except (CertificateError, KeyError, ValueError):
        raise SignatureError("signing-state", detail="octets") from None


def signer_info(waiting: SigningState, digest: str, value: bytes) -> bytes:
    """Return the DER SignerInfo of version 1: the signer is named by issuer and serial number."""
    certificate = waiting.certificate
    return der.encode(
        der.SEQUENCE,
        enc.integer(1),
        der.encode(der.SEQUENCE, certificate.issuer, enc.integer(certificate.serial)),
        enc.digest_identifier(digest),
        b"\xa0" + waiting.octets[1:],
        identifier_of(waiting.algorithm),
        enc.octet_string(value),
    )


def signature_of(element: der.Element) -> bytes:
    """Return the signature value of the SignerInfo *element*; ``cms-malformed`` if it is none."""
    try:
        return read_signer_info(element).signature
    except CertificateError:
        raise SignatureError("cms-malformed", detail="SignerInfo") from None


@attrs.frozen(kw_only=True)
class Container:
    """A SignedData to be written: ``encapsulated`` is its EncapsulatedContentInfo in pieces."""

    version: int
    digest_algorithms: tuple[bytes, ...]
    encapsulated: tuple[bytes, ...]
    certificates: tuple[bytes, ...]
    revocation: tuple[bytes, ...]
    signers: tuple[bytes, ...]

    @classmethod
    def new(cls, content_type: str, content: Octets | None) -> Container:
        """Return an empty one over *content*, or a detached one."""
        inner: list[bytes] = [enc.oid(content_type)]
        if content is not None:
            pieces = [bytes(piece) for piece in pieces_of(content)]
            inner += enc.wrapped(der.context(0), enc.wrapped(der.OCTET_STRING, pieces))
        return cls(
            version=1 if content_type == DATA else 3,
            digest_algorithms=(),
            encapsulated=tuple(enc.wrapped(der.SEQUENCE, inner)),
            certificates=(),
            revocation=(),
            signers=(),
        )

    @classmethod
    def of(cls, data: bytes, parts: SignedData) -> Container:
        """Return the one that *data* is; its parts stay as they were received."""
        start, stop = parts.encapsulated
        return cls(
            version=parts.version,
            digest_algorithms=tuple(element.octets for element in children(parts.digest_algorithms)),
            encapsulated=(data[start:stop],),
            certificates=tuple(element.octets for element in parts.certificates),
            revocation=tuple(element.octets for element in parts.revocation),
            signers=tuple(element.octets for element in parts.signers),
        )

    def with_signer(self, info: bytes, digest: str, certificates: Iterable[Certificate]) -> Container:
        """Return a container with one signer more."""
        held = {*self.digest_algorithms, enc.digest_identifier(digest, null=True)}
        named = enc.digest_identifier(digest)
        algorithms = self.digest_algorithms if named in held else (*self.digest_algorithms, named)
        return attrs.evolve(
            self,
            digest_algorithms=tuple(dict.fromkeys(algorithms)),
            certificates=tuple(dict.fromkeys((*self.certificates, *(c.der for c in certificates)))),
            signers=(*self.signers, info),
        )

    def with_changed(self, index: int, info: bytes, certificates: Iterable[Certificate]) -> Container:
        """Return a container with another SignerInfo at *index*, and with *certificates* too."""
        return attrs.evolve(
            self,
            certificates=tuple(dict.fromkeys((*self.certificates, *(c.der for c in certificates)))),
            signers=(*self.signers[:index], info, *self.signers[index + 1 :]),
        )

    def octets(self) -> bytes:
        """Return the DER ContentInfo, as far as its parts are DER."""
        pieces = [
            enc.integer(self.version),
            enc.set_of(self.digest_algorithms),
            *self.encapsulated,
            enc.set_of(self.certificates, der.context(0)) if self.certificates else b"",
            enc.set_of(self.revocation, der.context(1)) if self.revocation else b"",
            enc.set_of(self.signers),
        ]
        signed = enc.wrapped(der.context(0), enc.wrapped(der.SEQUENCE, pieces))
        return b"".join(enc.wrapped(der.SEQUENCE, [der.encode_oid(SIGNED_DATA), *signed]))


def opened(data: bytes) -> tuple[SignedData, Container]:
    """Return the parts of the CMS signature *data*, and what it is written from."""
    parts = split(data, DEFAULT)
    try:
        return parts, Container.of(data, parts)
    except CertificateError:
        raise SignatureError("cms-malformed", detail="digestAlgorithms") from None


def signer_at(parts: SignedData, index: int) -> der.Element:
    """Return the SignerInfo at *index*; :class:`~vndoc.errors.UsageError` ``option-invalid`` if there is none."""
    need("index", index, int)
    if not 0 <= index < len(parts.signers):
        raise UsageError("option-invalid", detail=f"index={index}")
    return parts.signers[index]


def refuse_closed(parts: SignedData, certificates: Iterable[Certificate] = (), *, index: int | None = None) -> None:
    """Raise ``archive-closed`` where an older archive timestamp is over what would be changed.

    What would be changed are the certificates of the signature, where some of *certificates* are not among them, and
    the unsigned attributes of the signer at *index*. Version 2 is over both (RFC 5126, 6.4.1), version 1 over the
    second; what stands under the identifier of version 1 may be version 2. Version 3 names what it is over.
    """
    found = [_unsigned(element) for element in parts.signers]
    held = {element.octets for element in parts.certificates}
    more = any(certificate.der not in held for certificate in certificates)
    if (more and any(_OLDER & oids for oids in found)) or (index is not None and _OLDER & found[index]):
        raise SignatureError("archive-closed")


_OLDER = frozenset({names.ARCHIVE_TIMESTAMP_V1, names.ARCHIVE_TIMESTAMP_V2})


def _unsigned(element: der.Element) -> frozenset[str]:
    """Return the OIDs of the unsigned attributes of a SignerInfo; none for what cannot be read: it protects nothing."""
    try:
        return frozenset(read_signer_info(element).unsigned_attributes)
    except CertificateError:
        return frozenset()


def with_unsigned(element: der.Element, attribute: bytes) -> bytes:
    """Return the SignerInfo *element* with one unsigned attribute more, behind those it has.

    What is there stays in its order: archive timestamps are over the attributes as they stand.
    """
    parts = children(element)
    held = parts.pop().content if parts[-1].tag == der.context(1) else b""
    unsigned = der.encode(der.context(1), held, attribute)
    return der.encode(der.SEQUENCE, *(part.octets for part in parts), unsigned)
