"""CMS and CAdES signatures: read as facts, made in one step or two, signed again, countersigned, timestamped.

Reading believes nothing: it says what the octets hold and what is wrong with them. Content is read in pieces, once
for all signers, whether it stands in the signature or apart.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable
from typing import Final

import attrs

from vndoc.envelope.octets import Octets
from vndoc.errors import SignatureError
from vndoc.errors._arguments import need, need_all, need_time
from vndoc.limits import DEFAULT, Limits
from vndoc.pki import der
from vndoc.pki.algorithms import DIGESTS, SignatureAlgorithm
from vndoc.pki.certificate import Certificate
from vndoc.signature import _cms_attributes as names
from vndoc.signature import _cms_encode as enc
from vndoc.signature import _cms_make as make
from vndoc.signature import tsp
from vndoc.signature._cms_content import digests_of, given
from vndoc.signature._cms_structure import DATA, SignedData
from vndoc.signature._cms_usual import facts_of
from vndoc.signature.facts import SignatureFacts
from vndoc.signature.signing import Credential, Signer, SigningState, ToBeSigned, choose_algorithm, need_signer

__all__ = [
    "SignaturePolicyId",
    "add_timestamp",
    "complete_cms",
    "complete_counter_signature",
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
    ``cms-too-large`` beyond *limits*; :class:`~vndoc.errors.SourceError` ``source-unreadable`` where reading *data* or
    *content* fails, and :class:`~vndoc.errors.UsageError` ``source-type`` for what is no octets. All else that is wrong
    is among the ``reasons`` of the facts.
    """
    return facts_of(data, content, need_all("certificates", certificates, Certificate), limits)


def _octets(content: bytes | Octets | None) -> Octets | None:
    return None if content is None else given(content)


@attrs.frozen
class SignaturePolicyId:
    """A signature policy that the signer names: its OID, and the digest of its text (EN 319 122-1, 5.2.9)."""

    oid: str
    digest: str
    value: bytes


CADES: Final = "cades"
COUNTER_SIGNATURE: Final = "cades-countersignature"
"""The formats of states that wait for a value."""
_STAMPED: Final = frozenset({"sha256", "sha384", "sha512"})
"""The digests that every time-stamping authority takes; what is signed with another one is stamped by SHA-512."""


def prepare_cms(
    content: bytes | Octets | None,
    *,
    credential: Credential,
    algorithm: SignatureAlgorithm | None = None,
    digest: str | None = None,
    detached: bool = True,
    signing_time: datetime.datetime | None = None,
    commitment: str | None = None,
    policy: SignaturePolicyId | None = None,
    content_type: str = DATA,
    existing: bytes | None = None,
) -> ToBeSigned:
    """Return what has to be signed for a CAdES-B signature over *content* (EN 319 122-1, 6; RFC 5652, 5.4).

    Signed with is *algorithm*, or the first one of *credential* (with *digest*, if it is given). *commitment* is the
    OID of a commitment type. With *existing*, the signature becomes one more signer of that CMS signature, over the
    content in it, or over *content* if it is detached: what its signers have signed. The content is read in pieces,
    once, and once more for those signers. Whether the certificate may sign, and now, is not asked here: that is
    :func:`~vndoc.signature.signing.check_signing_certificate`.

    Raises :class:`~vndoc.errors.SignatureError`: ``signing-algorithm``, ``cms-content-needed``,
    ``cms-content-differs`` where *content* is not the one of *existing*, ``archive-closed`` where an older archive
    timestamp in it would be broken, or what :func:`read_cms` raises for it; :class:`~vndoc.errors.UsageError`
    ``option-invalid`` for what is no OID or digest, ``time-zone-missing``.
    """
    need("detached", detached, bool)
    scheme = choose_algorithm(credential, algorithm, digest=digest)
    name = make.content_digest(scheme)
    octets = _octets(content)
    fields: dict[str, bytes | str] = {"digest": name, "detached": "yes" if detached else "no"}
    if existing is not None:
        parts, _ = make.opened(existing)
        make.refuse_closed(parts, (credential.certificate, *credential.chain))
        fields["target"] = hashlib.sha256(existing).digest()
        content_type = parts.content_type
        octets = _same(octets, parts, name)
        if octets is not None and parts.content is None:
            _refuse_others(existing, octets)
    if octets is None:
        raise SignatureError("cms-content-needed")
    value = digests_of(octets, [name])[name]
    rows = [make.certificate_attribute(credential.certificate), *_optional(signing_time, commitment, policy)]
    return SigningState(
        format=CADES,
        certificate=credential.certificate,
        chain=tuple(credential.chain),
        algorithm=scheme,
        octets=make.signed_attributes(value, content_type, rows),
        fields=fields,
    ).to_be_signed()


def _same(content: Octets | None, parts: SignedData, digest: str) -> Octets | None:
    """Return the content in the signature; ``cms-content-differs`` if another one is given beside it."""
    if parts.content is None:
        return content
    if content is not None and digests_of(content, [digest]) != digests_of(parts.content, [digest]):
        raise SignatureError("cms-content-differs")
    return parts.content


def _refuse_others(existing: bytes, content: Octets) -> None:
    """Raise ``cms-content-differs`` where a signer of the detached signature *existing* has signed other content."""
    facts = read_cms(existing, content=content)
    if any(covered.intact is False for one in facts for covered in one.covered):
        raise SignatureError("cms-content-differs")


def _optional(
    signing_time: datetime.datetime | None, commitment: str | None, policy: SignaturePolicyId | None
) -> list[make.Attribute]:
    rows: list[make.Attribute] = []
    if signing_time is not None:
        need_time("signing_time", signing_time)
        rows.append((names.SIGNING_TIME, enc.time(signing_time)))
    if commitment is not None:
        rows.append((names.COMMITMENT, der.encode(der.SEQUENCE, enc.oid(commitment))))
    if policy is not None:
        need("policy", policy, SignaturePolicyId)
        named = enc.digest_identifier(enc.digest(policy.digest).name)
        digest = der.encode(der.SEQUENCE, named, enc.octet_string(policy.value))
        rows.append((names.POLICY, der.encode(der.SEQUENCE, enc.oid(policy.oid), digest)))
    return rows


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

    *content* is needed again where it goes into the signature, *existing* where one was given; both are compared with
    what was prepared, *content* also where it is given for a detached signature. With *stamp* the signature gets a
    timestamp (CAdES-T), *nonce* being its random number.

    Raises :class:`~vndoc.errors.SignatureError`: ``signature-value`` unless the value verifies under the prepared
    certificate, ``signing-state``, ``cms-content-needed``, ``cms-content-differs``, or those of :func:`add_timestamp`.
    """
    waiting = SigningState.load(state, format=CADES)
    name = _digest_name(waiting)
    value = waiting.accept(signature)
    info = make.signer_info(waiting, name, value)
    container = _container(waiting, name, _octets(content), existing)
    if stamp is not None:
        info = _stamped(der.read(info), stamp, name if name in _STAMPED else "sha512", nonce)
    return container.with_signer(info, name, (waiting.certificate, *waiting.chain)).octets()


def _digest_name(waiting: SigningState) -> str:
    name = waiting.text_of("digest")
    if name != make.content_digest(waiting.algorithm):
        raise SignatureError("signing-state", detail="digest")
    return name


def _container(waiting: SigningState, name: str, content: Octets | None, existing: bytes | None) -> make.Container:
    """Return what the new signer goes into, after comparing it with the attributes that were signed."""
    content_type, message_digest = make.signed_content(waiting.octets)
    if "target" in waiting.fields:
        parts, container = _opened(waiting, existing)
        content = _same(content, parts, name)
        if parts.content_type != content_type:
            raise SignatureError("cms-content-differs")
    else:
        detached = waiting.text_of("detached") == "yes"
        if content is None and not detached:
            raise SignatureError("cms-content-needed")
        container = make.Container.new(content_type, None if detached else content)
    if content is not None and digests_of(content, [name])[name] != message_digest:
        raise SignatureError("cms-content-differs")
    return container


def _opened(waiting: SigningState, existing: bytes | None) -> tuple[SignedData, make.Container]:
    if existing is None:
        raise SignatureError("cms-content-needed")
    need("existing", existing, bytes, bytearray, memoryview)
    if hashlib.sha256(existing).digest() != waiting.octets_of("target"):
        raise SignatureError("cms-content-differs")
    return make.opened(existing)


def sign_cms(
    content: bytes | Octets | None,
    *,
    signer: Signer,
    algorithm: SignatureAlgorithm | None = None,
    digest: str | None = None,
    detached: bool = True,
    signing_time: datetime.datetime | None = None,
    commitment: str | None = None,
    policy: SignaturePolicyId | None = None,
    content_type: str = DATA,
    existing: bytes | None = None,
    stamp: tsp.Stamp | None = None,
    nonce: int | None = None,
) -> bytes:
    """Return a CAdES-B signature over *content*, or CAdES-T with *stamp*: both phases at once.

    Arguments and errors are those of :func:`prepare_cms` and :func:`complete_cms`.
    """
    need_signer(signer)
    waiting = prepare_cms(
        content,
        credential=signer,
        algorithm=algorithm,
        digest=digest,
        detached=detached,
        signing_time=signing_time,
        commitment=commitment,
        policy=policy,
        content_type=content_type,
        existing=existing,
    )
    value = signer.sign(waiting.octets, waiting.algorithm)
    again = None if detached or existing is not None else content  # a detached one needs no second look
    return complete_cms(waiting.state, value, content=again, existing=existing, stamp=stamp, nonce=nonce)


def prepare_counter_signature(
    existing: bytes,
    *,
    credential: Credential,
    index: int = 0,
    algorithm: SignatureAlgorithm | None = None,
    digest: str | None = None,
    signing_time: datetime.datetime | None = None,
) -> ToBeSigned:
    """Return what has to be signed to countersign signer number *index* (from 0) of the CMS signature *existing*.

    A counter-signature is over the signature value (RFC 5652, 11.4). Raises
    :class:`~vndoc.errors.SignatureError` as :func:`prepare_cms`, :class:`~vndoc.errors.UsageError` ``option-invalid``
    for an *index* that does not exist.
    """
    scheme = choose_algorithm(credential, algorithm, digest=digest)
    name = make.content_digest(scheme)
    parts, _ = make.opened(existing)
    value = DIGESTS[name].of(make.signature_of(make.signer_at(parts, index)))
    make.refuse_closed(parts, (credential.certificate, *credential.chain), index=index)
    rows = [make.certificate_attribute(credential.certificate), *_optional(signing_time, None, None)]
    return SigningState(
        format=COUNTER_SIGNATURE,
        certificate=credential.certificate,
        chain=tuple(credential.chain),
        algorithm=scheme,
        octets=make.signed_attributes(value, None, rows),
        fields={"digest": name, "target": hashlib.sha256(existing).digest(), "index": str(index)},
    ).to_be_signed()


def complete_counter_signature(state: bytes, signature: bytes, *, existing: bytes) -> bytes:
    """Return the CMS signature *existing* with the prepared counter-signature. Raises as :func:`complete_cms`."""
    waiting = SigningState.load(state, format=COUNTER_SIGNATURE)
    info = make.signer_info(waiting, _digest_name(waiting), waiting.accept(signature))
    parts, container = _opened(waiting, existing)
    index = waiting.text_of("index")
    if not index.isdecimal():
        raise SignatureError("signing-state", detail="index")
    element = make.signer_at(parts, int(index))
    changed = make.with_unsigned(element, enc.attribute(names.COUNTER_SIGNATURE, info))
    return container.with_changed(int(index), changed, (waiting.certificate, *waiting.chain)).octets()


def counter_sign(
    existing: bytes,
    *,
    signer: Signer,
    index: int = 0,
    algorithm: SignatureAlgorithm | None = None,
    digest: str | None = None,
    signing_time: datetime.datetime | None = None,
) -> bytes:
    """Return *existing* with a counter-signature by *signer*: both phases at once."""
    need_signer(signer)
    waiting = prepare_counter_signature(
        existing, credential=signer, index=index, algorithm=algorithm, digest=digest, signing_time=signing_time
    )
    value = signer.sign(waiting.octets, waiting.algorithm)
    return complete_counter_signature(waiting.state, value, existing=existing)


def add_timestamp(
    existing: bytes, stamp: tsp.Stamp, *, index: int = 0, digest: str = "sha256", nonce: int | None = None
) -> bytes:
    """Return *existing* with a timestamp over the signature value of signer number *index* (CAdES-T).

    The token is checked before it is used. Raises :class:`~vndoc.errors.SignatureError`: ``archive-closed`` where an
    older archive timestamp would be broken, ``timestamp-refused``,
    ``timestamp-unfit``, ``timestamp-malformed``, or as :func:`prepare_counter_signature`.
    """
    parts, container = make.opened(existing)
    element = make.signer_at(parts, index)
    make.refuse_closed(parts, index=index)
    changed = _stamped(element, stamp, digest, nonce)
    return container.with_changed(index, changed, ()).octets()


def _stamped(element: der.Element, stamp: tsp.Stamp, digest: str, nonce: int | None) -> bytes:
    """Return the SignerInfo *element* with a signature timestamp."""
    token = tsp.stamped(make.signature_of(element), stamp, digest=digest, nonce=nonce)
    return make.with_unsigned(element, enc.attribute(names.SIGNATURE_TIMESTAMP, token.octets))
