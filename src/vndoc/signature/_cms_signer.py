"""One SignerInfo judged by its octets (RFC 5652, section 5.6): attributes, digests, candidates, signature value."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import attrs

from vndoc.envelope.octets import Octets
from vndoc.errors import CertificateError, SignatureError
from vndoc.limits import Limits
from vndoc.pki import der
from vndoc.pki.algorithms import VERIFIABLE, Digest, Family, SignatureAlgorithm, digest_of_identifier, verify
from vndoc.pki.algorithms import signature_algorithm as read_algorithm
from vndoc.pki.certificate import Certificate, distinct
from vndoc.pki.outcome import Reason
from vndoc.signature import _cms_attributes as names
from vndoc.signature._cms_content import pieces_of
from vndoc.signature._cms_structure import (
    DATA,
    Attributes,
    SignedData,
    SignerInfo,
    attributes,
    children,
    der_of,
    octet_string,
    same_algorithm,
)
from vndoc.signature._imprint import Over
from vndoc.signature._reasons_cms import CMS_REASONS
from vndoc.signature.facts import Binding, Covered, RevocationMaterial, TimestampFacts, TimestampKind

NESTING: Final = 8
"""Counter-signatures on counter-signatures, timestamps in timestamps: real ones are nested twice at most."""

_MATCHES: Final = Binding.MATCHES  # asking the class of an enum takes four times as long in Python 3.11
_DIFFERS: Final = Binding.DIFFERS
_ABSENT: Final = Binding.ABSENT

_T = TypeVar("_T")


def reason(code: str, place: str | None = None, **values: object) -> Reason:
    """Return the reason *code* of the table."""
    return Reason.of(CMS_REASONS[code], place=place, **values)


class Budget:
    """How many signers may still be read in one input: they nest, so the limit is counted across all of it."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.left = most

    def take(self) -> None:
        """Count one signer; ``cms-too-large`` if it is one too many."""
        if not self.left:
            raise SignatureError("cms-too-large", what="signers", limit=self.most)
        self.left -= 1


ReadTimestamp = Callable[[TimestampKind, str, bytes, Over, "Context"], TimestampFacts]


@attrs.frozen(kw_only=True, slots=False)
class Context:
    """What is the same for all signers of one SignedData. ``timestamp`` reads a token: it needs this module itself."""

    limits: Limits
    budget: Budget
    timestamp: ReadTimestamp
    depth: int = 0
    known: tuple[Certificate, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    revocation: RevocationMaterial = RevocationMaterial()
    reasons: tuple[Reason, ...] = ()

    def deeper(self) -> Context | None:
        """Return the context one level further in, or ``None`` where nesting ends.

        A token without its certificate may have it beside the signature that it is in.
        """
        if self.depth == NESTING:
            return None
        return attrs.evolve(self, depth=self.depth + 1, known=(*self.known, *self.certificates), reasons=())


@attrs.frozen(kw_only=True, slots=False)
class Content:
    """What a signature is over. ``octets`` is ``None`` where it is not at hand; ``kind`` is for the content of a
    SignedData its type, and ``None`` for the signature value that a counter-signature is over. ``parts`` is the
    SignedData that the signer stands in.
    """

    kind: str | None
    what: str
    octets: Octets | None
    digests: Mapping[str, bytes]
    parts: SignedData | None = None
    begun: dict[tuple[str, str], Any] = attrs.field(factory=dict, eq=False, repr=False)
    """Hash objects that have taken in what imprints begin with, by algorithm and form: timestamps share them."""


class Reading:
    """One signer while its facts are gathered."""

    def __init__(self, info: SignerInfo, place: str, content: Content, context: Context) -> None:
        self.info = info
        self.place = place
        self.content = content
        self.context = context
        self.reasons: list[Reason] = []
        self.digest: Digest | None = None
        self.algorithm: SignatureAlgorithm | None = None
        self.ids: list[names.CertificateId] = []
        self.broken_id = False

    def add(self, code: str, **values: object) -> None:
        self.reasons.append(reason(code, self.place, **values))

    def algorithms(self) -> None:
        """Find digest and scheme; they have to be of one digest (RFC 8933), EdDSA apart (RFC 8419)."""
        try:
            self.digest = digest_of_identifier(self.info.digest_identifier)
        except CertificateError as error:
            self.add("digest-algorithm-unknown", found=error.values.get("found", "?"))
        else:
            if self.digest.hashlib is None:
                self.add("digest-algorithm-unknown", found=self.digest.name)
        try:
            self.algorithm = read_algorithm(self.info.signature_identifier, self.digest)
        except CertificateError as error:
            self.add("signature-algorithm-unknown", found=error.values.get("found", "?"))
            return
        if self.algorithm.family not in VERIFIABLE:
            self.add("signature-algorithm-unknown", found=self.algorithm)
        own = self.algorithm.digest
        if own is not None and self.digest is not None and own != self.digest.name:
            self.add("digest-algorithms-differ", found=self.digest.name, expected=own)

    def single(self, oid: str) -> der.Element | None:
        """Return the one value of a signed attribute that may stand there once."""
        found = self.info.signed_attributes.get(oid)
        if found is None:
            return None
        if len(found) != 1 or len(found[0]) != 1:
            self.add("signed-attribute-repeated", name=names.NAMES[oid])
            return None
        return found[0][0]

    def optional(self, oid: str, read: Callable[[der.Element], _T]) -> _T | None:
        """Return what a signed attribute says that decides nothing."""
        value = self.single(oid)
        if value is None:
            return None
        try:
            return read(value)
        except CertificateError:
            self.add("attribute-malformed", name=names.NAMES[oid])
            return None

    def values(self, source: Attributes, oid: str) -> list[der.Element]:
        found = source.get(oid)
        return [] if found is None else [value for group in found for value in group]

    def message_digest(self) -> bytes:
        """Check the mandatory attributes; return the digest that the signer named."""
        value = self._needed(names.MESSAGE_DIGEST, octet_string)
        if self.content.kind is None:
            # RFC 5652, 11.4: no content-type in a counter-signature; some write id-data all the same
            expected, found = DATA, self._kind() if names.CONTENT_TYPE in self.info.signed_attributes else DATA
        else:
            expected, found = self.content.kind, self._needed(names.CONTENT_TYPE, der.oid)
        if found is not None and found != expected:
            self.add("content-type-differs", found=found, expected=expected)
        protected = self.optional(names.ALGORITHM_PROTECTION, names.protected_algorithms)
        if protected is not None and not self._protects(*protected):
            self.add("algorithm-protection-differs")
        return b"" if value is None else value

    def _kind(self) -> str | None:
        return self._needed(names.CONTENT_TYPE, der.oid)

    def _protects(self, digest: bytes, signature: bytes | None) -> bool:
        """Return whether the algorithms that were signed are those of the signer (RFC 6211, 3), however encoded."""
        info = self.info
        return same_algorithm(digest, info.digest_identifier) and (
            signature is None or same_algorithm(signature, info.signature_identifier)
        )

    def _needed(self, oid: str, read: Callable[[der.Element], _T]) -> _T | None:
        if oid not in self.info.signed_attributes:
            self.add("signed-attribute-missing", name=names.NAMES[oid])
            return None
        value = self.single(oid)
        if value is None:
            return None
        try:
            return read(value)
        except CertificateError:
            self.add("signed-attribute-malformed", name=names.NAMES[oid])
            return None

    def covered(self) -> Covered:
        """Compare the digest of the content with the one that was signed; check what may stand without attributes."""
        content, info = self.content, self.info
        name = "" if self.digest is None else self.digest.name
        computed = content.digests.get(name)
        if info.signed is None:
            self._without_attributes()
            value, intact = computed or b"", None if computed is None else True
        else:
            value = self.message_digest()
            intact = None if computed is None else computed == value
            if intact is False and value:
                self.add("message-digest-differs")
        if content.octets is None:
            self.add("content-missing")
        return Covered(
            what=content.what, name=content.kind or "", intact=intact, digest=name, value=value, octets=content.octets
        )

    def _without_attributes(self) -> None:
        self.add("signed-attributes-absent")
        if self.content.kind not in (None, DATA):
            self.add("content-type-unsigned", found=self.content.kind)
        octets, most = self.content.octets, self.context.limits.signed_attributes_bytes
        if octets is not None and octets.size <= most and is_attributes(b"".join(pieces_of(octets))):
            self.add("content-is-attributes")

    def signing_certificates(self) -> None:
        """Read the ESS attributes: where both stand, both must name the certificate."""
        for oid in (names.SIGNING_CERTIFICATE_V2, names.SIGNING_CERTIFICATE):
            if oid not in self.info.signed_attributes:
                continue
            value = self.single(oid)
            self.broken_id = True
            if value is not None:
                try:
                    self.ids.append(names.certificate_id(value, v2=oid == names.SIGNING_CERTIFICATE_V2))
                    self.broken_id = False
                except CertificateError:
                    self.add("signed-attribute-malformed", name=names.NAMES[oid])
            if self.broken_id:
                return

    def binding(self) -> Callable[[Certificate], Binding]:
        return binding_of(tuple(self.ids), broken=self.broken_id)

    def candidates(self, binding: Callable[[Certificate], Binding]) -> tuple[Certificate, ...]:
        """Return who may have signed: named by the signed attribute, or by the signer identifier where there is none.

        A certificate that the signed attribute does not name is refused (attack A13).
        """
        pool = distinct((*self.context.certificates, *self.context.known))
        exact, near = self._identified(pool)
        if self.ids or self.broken_id:
            named = tuple([c for c in pool if binding(c) is _MATCHES])
            if not named and exact:
                self.add("signing-certificate-differs")
            elif named and named != exact and {c.der for c in named}.isdisjoint([c.der for c in exact]):
                self.add("signer-identifier-differs")
            return named
        first = exact or near
        if not exact and near:
            self.add("signer-identifier-differs")
        twins = tuple(c for c in pool if c not in first and any(c.spki == one.spki for one in first))
        if twins:
            self.add("same-key-certificates", count=len(first) + len(twins))
        return (*first, *twins)

    def _identified(self, pool: tuple[Certificate, ...]) -> tuple[tuple[Certificate, ...], tuple[Certificate, ...]]:
        """Return the certificates that the signer identifier names, and those with the serial number alone."""
        sid = self.info.sid
        try:
            if sid.tag in (der.context(0, constructed=False), der.context(0)):
                key_id = sid.content if not sid.constructed else octet_string(sid._replace(tag=der.OCTET_STRING | 0x20))
                return tuple(c for c in pool if c.subject_key_id == key_id), ()
            named, number = _issuer_and_serial(sid)
        except (CertificateError, ValueError):
            self.add("signer-info-malformed", offset=sid.start)
            return (), ()
        near = tuple([c for c in pool if c.serial == number])
        return tuple([c for c in near if c.issuer == named]), near

    def verifier(self) -> tuple[bytes, Callable[[Certificate], bool]]:
        """Return the octets that were signed and what tells whether a certificate's key signed them."""
        info, algorithm = self.info, self.algorithm
        if info.signed is None:
            return self._direct()
        received = b"\x31" + info.signed.octets[1:]
        encoded = None
        if not info.signed_der:
            self.add("signed-attributes-not-der")
            with contextlib.suppress(CertificateError):  # what is damaged deep inside has no other encoding
                encoded = der_of(info.signed, der.SET)

        def judge(certificate: Certificate) -> bool:
            if verified(certificate, algorithm, info.signature, data=received):
                return True
            return encoded is not None and verified(certificate, algorithm, info.signature, data=encoded)

        return received, judge

    def _direct(self) -> tuple[bytes, Callable[[Certificate], bool]]:
        """The same where the signature is over the content itself."""
        info, algorithm, octets = self.info, self.algorithm, self.content.octets
        if algorithm is not None and algorithm.family in (Family.ED25519, Family.ED448):
            most = self.context.limits.in_memory_bytes
            if octets is None or octets.size > most:
                if octets is not None:
                    self.add("content-too-large-for-eddsa", limit=most)
                return b"", lambda _: False
            data = b"".join(pieces_of(octets))
            return b"", lambda certificate: verified(certificate, algorithm, info.signature, data=data)
        digest = self.content.digests.get(getattr(algorithm, "digest", None) or "")
        if digest is None:
            return b"", lambda _: False
        return b"", lambda certificate: verified(certificate, algorithm, info.signature, digest=digest)


def binding_of(ids: Sequence[names.CertificateId], *, broken: bool) -> Callable[[Certificate], Binding]:
    """Return what tells how the signed attributes name a certificate: all *ids* have to; *broken* ones name none."""

    def judge(certificate: Certificate) -> Binding:
        if broken:
            return _DIFFERS
        if not ids:
            return _ABSENT
        for one in ids:
            if not one.names(certificate):
                return _DIFFERS
        return _MATCHES

    return judge


def _issuer_and_serial(sid: der.Element) -> tuple[bytes, int]:
    """Return the DER of the issuer's name and the serial number in *sid*; ``ValueError`` for anything else."""
    data, at, end = sid.data, sid.body, sid.end
    if end - at > 4 and data[at] == der.SEQUENCE and data[at + 1] < 0x80:  # as nearly all are: without a call
        serial = at + 2 + data[at + 1]
        if serial + 2 < end and data[serial] == der.INTEGER and serial + 2 + data[serial + 1] == end < serial + 0x82:
            return data[at:serial], int.from_bytes(data[serial + 2 : end], "big", signed=True)
    issuer, number = children(sid)
    return issuer.octets, der.integer(number)


def verified(
    certificate: Certificate,
    algorithm: SignatureAlgorithm | None,
    value: bytes,
    *,
    data: bytes | None = None,
    digest: bytes | None = None,
) -> bool:
    """Return whether *value* is that of *data*, or of octets with that *digest*, under the key of *certificate*."""
    if algorithm is None:
        return False
    try:
        return verify(certificate.public_key, algorithm, value, data=data, digest=digest)
    except CertificateError:
        return False


def is_attributes(data: bytes) -> bool:
    """Return whether *data* is a set of signed attributes (attack A12): a digest of what they are over is among them.

    Those of a counter-signature have no content-type (RFC 5652, 11.4).
    """
    if data[:1] not in (b"\x31", b"\x30", b"\xa0"):
        return False
    try:
        return names.MESSAGE_DIGEST in attributes(der.read(data, ber=True))
    except CertificateError:
        return False
