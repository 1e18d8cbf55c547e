"""CMS and CAdES signatures: read as facts, made in one step or two, signed again, countersigned, timestamped.

Reading believes nothing: it says what the octets hold and what is wrong with them. Content is read in pieces, once
for all signers, whether it stands in the signature or apart.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import hashlib
import json
from collections.abc import Iterable
from typing import Any, Final

import attrs

from vndoc.envelope.octets import MemoryOctets, Octets
from vndoc.errors import CertificateError, SignatureError, UsageError
from vndoc.limits import DEFAULT, Limits
from vndoc.pki import der
from vndoc.pki.algorithms import DIGESTS, SignatureAlgorithm, hasher, identifier_of, signature_algorithm
from vndoc.pki.certificate import Certificate
from vndoc.signature import _cms_attributes as names
from vndoc.signature import _cms_encode as enc
from vndoc.signature import _cms_make as make
from vndoc.signature import tsp
from vndoc.signature._cms_read import read_signed
from vndoc.signature._cms_signer import Budget, Context
from vndoc.signature._cms_structure import DATA, SignedData, digests_of, octet_string, signer_info
from vndoc.signature.facts import SignatureFacts
from vndoc.signature.signing import Signer, ToBeSigned

__all__ = [
    "SignaturePolicyId",
    "add_timestamp",
    "complete_cms",
    "counter_sign",
    "prepare_cms",
    "prepare_counter_signature",
    "read_cms",
    "sign_cms",
]


def read_cms(
    data: bytes | Octets,
    *,
    content: bytes | Octets | None = None,
    certificates: Iterable[Certificate] = (),
    limits: Limits = DEFAULT,
) -> tuple[SignatureFacts, ...]:
    """Return the facts of each signer of the CMS signature *data* (DER or BER), in the order of its SignerInfos.

    *content* is what a detached signature is over; given beside a content in the signature, both must be the same.
    *certificates* are further ones that may be the signer's, for signatures that carry none. Without signed
    attributes nothing names a digest: ``covered`` then holds the computed one, and ``verify`` alone tells whether
    it was signed.

    Raises :class:`~vndoc.errors.SignatureError`: ``cms-malformed`` for what is no SignedData (RFC 5652, 5.1),
    ``cms-too-large`` beyond *limits*. All else that is wrong is among the ``reasons`` of the facts.
    """
    context = Context(
        limits=limits,
        budget=Budget(limits.cms_signers),
        timestamp=tsp._timestamp,  # noqa: SLF001 - a timestamp in a signature shares its budget
        known=tuple(certificates),
    )
    _, facts = read_signed(data, _octets(content), context)
    return tuple(facts)


def _octets(content: bytes | Octets | None) -> Octets | None:
    return MemoryOctets(content) if isinstance(content, bytes) else content


@attrs.frozen
class SignaturePolicyId:
    """A signature policy that the signer names: its OID, and the digest of its text (EN 319 122-1, 5.2.9)."""

    oid: str
    digest: str
    value: bytes


_FORMAT: Final = "vndoc-cms-1"


@attrs.frozen(kw_only=True)
class _State:
    """What waits for a signature value. ``target`` is the SHA-256 of the CMS signature that is added to."""

    certificate: Certificate
    chain: tuple[Certificate, ...]
    algorithm: SignatureAlgorithm
    digest: str
    attributes: bytes
    message_digest: bytes
    content_type: str
    detached: bool
    target: bytes | None = None
    countersigned: int | None = None

    def dump(self) -> bytes:
        row = {
            "format": _FORMAT,
            "certificates": [_text(c.der) for c in (self.certificate, *self.chain)],
            "algorithm": _text(identifier_of(self.algorithm)),
            "digest": self.digest,
            "attributes": _text(self.attributes),
            "messageDigest": _text(self.message_digest),
            "contentType": self.content_type,
            "detached": self.detached,
            "target": None if self.target is None else _text(self.target),
            "countersigned": self.countersigned,
        }
        return json.dumps(row, separators=(",", ":")).encode()

    @classmethod
    def load(cls, state: bytes) -> _State:
        try:
            return cls._load(json.loads(state))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise SignatureError("signing-state-malformed") from None

    @classmethod
    def _load(cls, row: dict[str, Any]) -> _State:
        own, *chain = [Certificate.load(_binary(text)) for text in row["certificates"]]
        digest, index = DIGESTS[row["digest"]], row["countersigned"]
        if row["format"] != _FORMAT or not isinstance(row["detached"], bool):
            raise ValueError
        if index is not None and (not isinstance(index, int) or index < 0):
            raise ValueError
        return cls(
            certificate=own,
            chain=tuple(chain),
            algorithm=signature_algorithm(_binary(row["algorithm"]), digest),
            digest=digest.name,
            attributes=_binary(row["attributes"]),
            message_digest=_binary(row["messageDigest"]),
            content_type=der.oid(der.read(der.encode_oid(row["contentType"]))),
            detached=row["detached"],
            target=None if row["target"] is None else _binary(row["target"]),
            countersigned=index,
        )

    def to_be_signed(self) -> ToBeSigned:
        own = self.algorithm.digest
        digest = b"" if own is None else DIGESTS[own].of(self.attributes)
        return ToBeSigned(octets=self.attributes, algorithm=self.algorithm, digest=digest, state=self.dump())


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _binary(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def prepare_cms(
    content: bytes | Octets | None,
    *,
    certificate: Certificate,
    algorithm: SignatureAlgorithm,
    chain: Iterable[Certificate] = (),
    detached: bool = True,
    signing_time: datetime.datetime | None = None,
    commitment: str | None = None,
    policy: SignaturePolicyId | None = None,
    content_type: str = DATA,
    existing: bytes | None = None,
) -> ToBeSigned:
    """Return what has to be signed for a CAdES-B signature over *content* (EN 319 122-1, 6; RFC 5652, 5.4).

    *certificate* is the signer's, *chain* goes along with it. *commitment* is the OID of a commitment type. With
    *existing*, the signature becomes one more signer of that CMS signature, over the content in it, or over *content*
    if it is detached. The content is read once, in pieces.

    Raises :class:`~vndoc.errors.SignatureError` ``content-needed`` or ``content-differs``,
    :class:`~vndoc.errors.CertificateError` ``algorithm-unsupported``.
    """
    digest = make.content_digest(algorithm)
    octets = _octets(content)
    target = None
    if existing is not None:
        parts, _ = make.opened(existing)
        target, content_type, detached = hashlib.sha256(existing).digest(), parts.content_type, parts.content is None
        octets = _same(octets, parts, digest)
    if octets is None:
        raise SignatureError("content-needed")
    value = digests_of(octets, [digest])[digest]
    rows = [make.certificate_attribute(certificate, "sha256"), *_optional(signing_time, commitment, policy)]
    return _State(
        certificate=certificate,
        chain=tuple(chain),
        algorithm=algorithm,
        digest=digest,
        attributes=make.signed_attributes(value, content_type, rows),
        message_digest=value,
        content_type=content_type,
        detached=detached,
        target=target,
    ).to_be_signed()


def _same(content: Octets | None, parts: SignedData, digest: str) -> Octets | None:
    """Return the content in the signature; ``content-differs`` if another one is given beside it."""
    if parts.content is None:
        return content
    if content is not None and digests_of(content, [digest]) != digests_of(parts.content, [digest]):
        raise SignatureError("content-differs")
    return parts.content


def _optional(
    signing_time: datetime.datetime | None, commitment: str | None, policy: SignaturePolicyId | None
) -> list[make.Attribute]:
    rows: list[make.Attribute] = []
    if signing_time is not None:
        rows.append((names.SIGNING_TIME, enc.time(signing_time)))
    if commitment is not None:
        rows.append((names.COMMITMENT, der.encode(der.SEQUENCE, der.encode_oid(commitment))))
    if policy is not None:
        digest = der.encode(der.SEQUENCE, enc.digest_identifier(policy.digest), enc.octet_string(policy.value))
        rows.append((names.POLICY, der.encode(der.SEQUENCE, der.encode_oid(policy.oid), digest)))
    return rows


def prepare_counter_signature(
    existing: bytes,
    *,
    certificate: Certificate,
    algorithm: SignatureAlgorithm,
    chain: Iterable[Certificate] = (),
    index: int = 0,
    signing_time: datetime.datetime | None = None,
) -> ToBeSigned:
    """Return what has to be signed to countersign signer number *index* of the CMS signature *existing*.

    A counter-signature is over the signature value (RFC 5652, 11.4). Raises
    :class:`~vndoc.errors.SignatureError` ``cms-malformed``, :class:`~vndoc.errors.UsageError` ``option-invalid`` for an
    *index* that does not exist.
    """
    digest = make.content_digest(algorithm)
    parts, _ = make.opened(existing)
    value = DIGESTS[digest].of(_signature(parts, index))
    rows = [make.certificate_attribute(certificate, "sha256"), *_optional(signing_time, None, None)]
    return _State(
        certificate=certificate,
        chain=tuple(chain),
        algorithm=algorithm,
        digest=digest,
        attributes=make.signed_attributes(value, None, rows),
        message_digest=value,
        content_type=parts.content_type,
        detached=parts.content is None,
        target=hashlib.sha256(existing).digest(),
        countersigned=index,
    ).to_be_signed()


def _signature(parts: SignedData, index: int) -> bytes:
    """Return the signature value of one signer."""
    if not 0 <= index < len(parts.signers):
        raise UsageError("option-invalid", detail=f"index={index}")
    try:
        return signer_info(parts.signers[index]).signature
    except CertificateError:
        raise SignatureError("cms-malformed", detail=f"SignerInfo[{index + 1}]") from None


def complete_cms(
    state: bytes,
    signature: bytes,
    *,
    content: bytes | Octets | None = None,
    existing: bytes | None = None,
    stamp: tsp.Stamp | None = None,
    nonce: int | None = None,
) -> bytes:
    """Return the CMS signature for the *state* of :func:`prepare_cms` and the *signature* value that came back.

    *content* is needed again where it stands in the signature, *existing* where one was given; both are compared with
    what was prepared. With *stamp* the signature gets a timestamp (CAdES-T), *nonce* being its random number.

    Raises :class:`~vndoc.errors.SignatureError`: ``signature-value-wrong`` unless the value verifies under the prepared
    certificate, ``signing-state-malformed``, ``content-needed``, ``content-differs``, or those of
    :func:`add_timestamp`.
    """
    waiting = _State.load(state)
    make.checked(waiting.certificate, waiting.algorithm, signature, waiting.attributes)
    info = make.signer_info(
        waiting.certificate, waiting.algorithm, waiting.digest, waiting.attributes, signature
    )
    carried = (waiting.certificate, *waiting.chain)
    if waiting.target is None:
        container, index = make.Container.new(waiting.content_type, _again(waiting, content)), 0
    else:
        if existing is None or hashlib.sha256(existing).digest() != waiting.target:
            raise SignatureError("content-needed" if existing is None else "content-differs")
        parts, container = make.opened(existing)
        if waiting.countersigned is not None:
            return _countersigned(parts, container, waiting, info)
        index = len(parts.signers)
    made = container.with_signer(info, waiting.digest, carried).octets()
    if stamp is None:
        return made
    return add_timestamp(made, stamp, index=_place(made, signature), digest=waiting.digest, nonce=nonce)
