"""Timestamp tokens (RFC 3161) read: what they say, what is wrong with them, and what they are over."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from typing import Final

import attrs

from vndoc.errors import CertificateError, SignatureError
from vndoc.limits import Limits
from vndoc.pki import der
from vndoc.pki.algorithms import DIGESTS, digest_of_identifier
from vndoc.pki.certificate import Certificate
from vndoc.pki.extensions import general_names
from vndoc.pki.names import same_name
from vndoc.pki.outcome import Reason
from vndoc.signature._cms_content import pieces_of
from vndoc.signature._cms_read import read_signed
from vndoc.signature._cms_signer import Budget, Context, reason
from vndoc.signature._cms_structure import SignedData, children, octet_string
from vndoc.signature._imprint import Over
from vndoc.signature.facts import Binding, SignatureFacts, TimestampFacts, TimestampKind, TimestampToken

TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"

_TIME_STAMPING: Final = der.encode(der.SEQUENCE, der.encode_oid("1.3.6.1.5.5.7.3.8"))
_EXTENDED_USAGE: Final = "2.5.29.37"


def new_context(limits: Limits, known: Iterable[Certificate] = ()) -> Context:
    """Return the context for one input: what is nested in it shares the budget."""
    budget = Budget(limits.cms_signers)
    return Context(limits=limits, budget=budget, timestamp=timestamp_facts, known=tuple(known))


def timestamp_facts(kind: TimestampKind, place: str, octets: bytes, over: Over, context: Context) -> TimestampFacts:
    """Return the timestamp *octets* at *place*, compared with what it should be over; only limits raise."""
    try:
        token = token_of(octets, context)
    except SignatureError as error:
        if error.code == "cms-too-large":
            raise
        return unreadable(kind, place, error.values.get("detail", error.code))
    intact, reasons = compared(token, over)
    return TimestampFacts(
        kind=kind,
        place=place,
        token=token,
        intact=intact,
        reasons=tuple(attrs.evolve(one, place=place) for one in reasons),
    )


def unreadable(kind: TimestampKind, place: str, detail: object) -> TimestampFacts:
    """Return the facts of a timestamp whose token cannot be read."""
    why = reason("timestamp-malformed", place, detail=detail)
    return TimestampFacts(kind=kind, place=place, token=None, intact=None, reasons=(why,))


def compared(token: TimestampToken, over: Over) -> tuple[bool | None, tuple[Reason, ...]]:
    """Return whether the imprint of *token* is that of *over* (attack A19)."""
    digest = DIGESTS.get(token.imprint_digest)
    if digest is None or digest.hashlib is None:
        return None, (reason("timestamp-imprint-unknown", found=token.imprint_digest),)
    found = digest.of(over) if isinstance(over, bytes) else None if over is None else over(digest)
    if found is None or isinstance(found, Reason):
        why = () if found is None else (found,)
        return None, (reason("timestamp-not-rebuilt"), *why)
    return (True, ()) if found == token.imprint else (False, (reason("timestamp-imprint-differs"),))


@attrs.frozen(kw_only=True)
class _Info:
    """A TSTInfo (RFC 3161, 2.4.2)."""

    version: int
    policy: str
    imprint_digest: str
    imprint: bytes
    serial: int
    time: datetime.datetime
    accuracy: datetime.timedelta | None = None
    ordering: bool = False
    nonce: int | None = None
    tsa_name: bytes | None = None
    critical: tuple[str, ...] = ()


def token_of(octets: bytes, context: Context) -> TimestampToken:
    parts, facts = read_signed(octets, None, context)
    if parts.content_type != TST_INFO or parts.content is None or parts.content.size > context.limits.in_memory_bytes:
        raise SignatureError("timestamp-malformed", detail=f"eContentType {parts.content_type}")
    if not facts:
        raise SignatureError("timestamp-malformed", detail="SignerInfo")
    try:
        info = _info(der.read(b"".join(pieces_of(parts.content)), ber=True))
    except (CertificateError, ValueError):
        raise SignatureError("timestamp-malformed", detail="TSTInfo") from None
    signature = facts[0]
    return TimestampToken(
        octets=octets,
        time=info.time,
        accuracy=info.accuracy,
        ordering=info.ordering,
        serial=info.serial,
        policy=info.policy,
        nonce=info.nonce,
        imprint_digest=info.imprint_digest,
        imprint=info.imprint,
        token_digest=signature.covered[0].digest if signature.covered else "",
        tsa_name=info.tsa_name,
        signature=signature,
        reasons=tuple(_faults(info, parts, signature)),
    )


def _faults(info: _Info, parts: SignedData, signature: SignatureFacts) -> Iterable[Reason]:
    """Yield what is wrong with the structure (RFC 3161, 2.3 and 2.4.2; RFC 5816)."""
    if info.version != 1:
        yield reason("timestamp-version", found=info.version)
    if len(parts.signers) != 1:
        yield reason("timestamp-signers", found=len(parts.signers))
    if any(one.code == "signed-attributes-absent" for one in signature.reasons):
        yield reason("timestamp-attributes-absent")
    elif signature.candidates and signature.binding(signature.candidates[0]) is Binding.ABSENT:
        yield reason("timestamp-signing-certificate-absent")
    for oid in info.critical:
        yield reason("timestamp-extension-critical", found=oid)
    for certificate in signature.candidates[:1]:
        usage = certificate.extensions.get(_EXTENDED_USAGE)
        if usage is None or not usage.critical or usage.value != _TIME_STAMPING:
            yield reason("timestamp-key-purpose")
        if info.tsa_name is not None and not _named(info.tsa_name, certificate):
            yield reason("timestamp-tsa-name")


def _named(name: bytes, certificate: Certificate) -> bool:
    """Return whether the GeneralName *name* is one of the names of *certificate*; it has to be (RFC 3161, 2.4.2).

    It is a hint only: who signed is said by the signing-certificate attribute.
    """
    try:
        [found] = general_names(der.read(der.encode(der.SEQUENCE, name)))
        return found in certificate.profile.alternative_names() or (
            found.kind == _DIRECTORY and same_name(found.value, certificate.subject)
        )
    except (CertificateError, ValueError):
        return False


_DIRECTORY: Final = 4
"""The number of directoryName among the choices of GeneralName."""


def _info(element: der.Element) -> _Info:
    parts = children(element)
    if element.tag != der.SEQUENCE or element.stop != len(element.data) or len(parts) < 5:
        raise CertificateError("der-malformed", offset=element.start)
    version, policy, imprint, serial, moment = parts[:5]
    digest, value = imprint_of(imprint)
    rows: dict[str, object] = {}
    for part in parts[5:]:
        name, read = _FIELDS.get(part.tag, (None, None))
        if name is None or read is None or name in rows:
            raise CertificateError("der-malformed", offset=part.start)
        rows[name] = read(part)
    if moment.tag != der.GENERALIZED_TIME:
        raise CertificateError("der-malformed", offset=moment.start)
    time = der.time(moment)
    _refuse_endless(time, rows.get("accuracy"), moment)
    return _Info(
        version=der.integer(version),
        policy=der.oid(policy),
        imprint_digest=digest,
        imprint=value,
        serial=der.integer(serial),
        time=time,
        **rows,  # type: ignore[arg-type] # as the table of fields reads them
    )


def _refuse_endless(time: datetime.datetime, accuracy: object, element: der.Element) -> None:
    """Refuse a time whose accuracy leads out of the calendar."""
    if isinstance(accuracy, datetime.timedelta):
        try:
            _ = (time - accuracy, time + accuracy)
        except OverflowError:
            raise CertificateError("der-malformed", offset=element.start) from None


def imprint_of(element: der.Element) -> tuple[str, bytes]:
    parts = children(element)
    if element.tag != der.SEQUENCE or len(parts) != 2:
        raise CertificateError("der-malformed", offset=element.start)
    return _digest_name(parts[0].octets), octet_string(parts[1])


def _digest_name(identifier: bytes) -> str:
    try:
        return digest_of_identifier(identifier).name
    except CertificateError as error:
        if error.code != "algorithm-unsupported":
            raise
        return str(error.values["found"])


_ACCURACY = {der.INTEGER: 1_000_000, der.context(0, constructed=False): 1000, der.context(1, constructed=False): 1}


def _accuracy(element: der.Element) -> datetime.timedelta:
    """Return seconds, millis [0] and micros [1] as one span."""
    micros = 0
    for part in children(element):
        if part.tag not in _ACCURACY or not 1 <= len(part.content) <= 5:
            raise CertificateError("der-malformed", offset=part.start)
        micros += int.from_bytes(part.content, "big", signed=True) * _ACCURACY[part.tag]
    if micros < 0:
        raise CertificateError("der-malformed", offset=element.start)
    return datetime.timedelta(microseconds=micros)


def _critical(element: der.Element) -> tuple[str, ...]:
    found = []
    for item in children(element):
        parts = children(item)
        if len(parts) == 3 and parts[1].content != b"\0":
            found.append(der.oid(parts[0]))
    return tuple(found)


_FIELDS: Final[dict[int, tuple[str, Callable[[der.Element], object]]]] = {
    der.SEQUENCE: ("accuracy", _accuracy),
    der.BOOLEAN: ("ordering", lambda element: element.content != b"\0"),
    der.INTEGER: ("nonce", der.integer),
    der.context(0): ("tsa_name", lambda element: element.content),
    der.context(1): ("critical", _critical),
}
"""The optional fields of TSTInfo by their tags."""
