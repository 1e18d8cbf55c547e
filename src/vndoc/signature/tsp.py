"""Timestamps (RFC 3161): tokens read and checked, requests and responses read and made.

A token is a CMS signature over a TSTInfo. Reading gives what it says, what is wrong with its structure, and its own
signature as facts; whether its authority is to be trusted is judged elsewhere, apart from the signer's trust.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from typing import Final

import attrs

from vndoc.errors import CertificateError, SignatureError, UsageError
from vndoc.limits import DEFAULT, Limits
from vndoc.pki import der
from vndoc.pki.algorithms import DIGESTS, Digest, SignatureAlgorithm, digest_of_identifier
from vndoc.pki.certificate import Certificate
from vndoc.pki.outcome import Reason
from vndoc.signature import _cms_attributes as names
from vndoc.signature import _cms_encode as enc
from vndoc.signature._cms_make import Attribute, sign_content
from vndoc.signature._cms_read import read_signed
from vndoc.signature._cms_signer import Budget, Context, Over, reason
from vndoc.signature._cms_structure import SignedData, children, octet_string, pieces_of
from vndoc.signature.facts import Binding, SignatureFacts, TimestampFacts, TimestampKind, TimestampToken
from vndoc.signature.signing import Signer

__all__ = [
    "FAILURES",
    "TST_INFO",
    "Stamp",
    "TimestampRequest",
    "make_refusal",
    "make_request",
    "make_response",
    "make_token",
    "read_request",
    "read_response",
    "read_timestamp",
    "read_token",
    "stamped",
]

TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
"""The content type of a timestamp token."""

_TIME_STAMPING: Final = der.encode(der.SEQUENCE, der.encode_oid("1.3.6.1.5.5.7.3.8"))
_EXTENDED_USAGE: Final = "2.5.29.37"

Stamp = Callable[[bytes], bytes]
"""What gets a timestamp: takes a DER TimeStampReq, returns the DER TimeStampResp."""

FAILURES: Final = {
    0: "badAlg",
    2: "badRequest",
    5: "badDataFormat",
    14: "timeNotAvailable",
    15: "unacceptedPolicy",
    16: "unacceptedExtension",
    17: "addInfoNotAvailable",
    25: "systemFailure",
}
"""Bits of PKIFailureInfo (RFC 3161, 2.4.2)."""


def read_token(
    octets: bytes,
    *,
    imprint_of: Over = None,
    certificates: Iterable[Certificate] = (),
    limits: Limits = DEFAULT,
) -> TimestampToken:
    """Return the timestamp token *octets* (a ContentInfo, RFC 3161, 2.4.2).

    *imprint_of* is what it should be over: octets, or a function that gives their digest by an algorithm; a wrong
    imprint is among the ``reasons`` of the token. *certificates* are those that a token without its certificate may
    have been signed with. Raises :class:`~vndoc.errors.SignatureError`: ``timestamp-malformed``, ``cms-malformed`` or
    ``cms-too-large``.
    """
    context = Context(
        limits=limits, budget=Budget(limits.cms_signers), timestamp=_timestamp, known=tuple(certificates)
    )
    token = _token(octets, context)
    _, reasons = _compared(token, imprint_of) if imprint_of is not None else (None, ())
    return attrs.evolve(token, reasons=(*token.reasons, *reasons))


def read_timestamp(
    kind: TimestampKind, octets: bytes, *, over: Over, place: str, limits: Limits = DEFAULT
) -> TimestampFacts:
    """Return the timestamp *octets* that stands at *place* in a signature and should be over *over*.

    *over* is as in :func:`read_token`; ``None`` says that it could not be rebuilt. Never raises for what *octets* are.
    """
    context = Context(limits=limits, budget=Budget(limits.cms_signers), timestamp=_timestamp)
    return _timestamp(kind, place, octets, over, context)


def _timestamp(kind: TimestampKind, place: str, octets: bytes, over: Over, context: Context) -> TimestampFacts:
    try:
        token = _token(octets, context)
    except SignatureError as error:
        if error.code == "cms-too-large":
            raise
        why = reason("timestamp-malformed", place, detail=error.values.get("detail", error.code))
        return TimestampFacts(kind=kind, place=place, token=None, intact=None, reasons=(why,))
    intact, reasons = _compared(token, over)
    return TimestampFacts(
        kind=kind,
        place=place,
        token=token,
        intact=intact,
        reasons=tuple(attrs.evolve(one, place=place) for one in reasons),
    )


def _compared(token: TimestampToken, over: Over) -> tuple[bool | None, tuple[Reason, ...]]:
    """Return whether the imprint of *token* is that of *over* (attack A19)."""
    digest = DIGESTS.get(token.imprint_digest)
    if digest is None or digest.hashlib is None:
        return None, (reason("timestamp-imprint-unknown", found=token.imprint_digest),)
    found = digest.of(over) if isinstance(over, bytes) else None if over is None else over(digest)
    if found is None:
        return None, (reason("timestamp-not-rebuilt"),)
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


def _token(octets: bytes, context: Context) -> TimestampToken:
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


def _info(element: der.Element) -> _Info:
    parts = children(element)
    if element.tag != der.SEQUENCE or element.stop != len(element.data) or len(parts) < 5:
        raise CertificateError("der-malformed", offset=element.start)
    version, policy, imprint, serial, moment = parts[:5]
    digest, value = _imprint(imprint)
    rows: dict[str, object] = {}
    for part in parts[5:]:
        name, read = _FIELDS.get(part.tag, (None, None))
        if name is None or read is None or name in rows:
            raise CertificateError("der-malformed", offset=part.start)
        rows[name] = read(part)
    if moment.tag != der.GENERALIZED_TIME:
        raise CertificateError("der-malformed", offset=moment.start)
    return _Info(
        version=der.integer(version),
        policy=der.oid(policy),
        imprint_digest=digest,
        imprint=value,
        serial=der.integer(serial),
        time=der.time(moment),
        **rows,  # type: ignore[arg-type] # as the table of fields reads them
    )


def _imprint(element: der.Element) -> tuple[str, bytes]:
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


@attrs.frozen(kw_only=True)
class TimestampRequest:
    """A TimeStampReq (RFC 3161, 2.4.1). ``digest`` is the name of the algorithm that made ``imprint``."""

    digest: str
    imprint: bytes
    nonce: int | None = None
    policy: str | None = None
    certificates: bool = True
    """Whether the token is to carry the certificate of the authority."""


def make_request(
    imprint: bytes, *, digest: str = "sha256", nonce: int | None = None, policy: str | None = None, certificates: bool = True
) -> bytes:
    """Return the DER TimeStampReq for the digest *imprint* by the algorithm *digest*.

    *nonce* is a random number of the caller's, of 64 bits or more, that the answer has to repeat. Raises
    :class:`~vndoc.errors.UsageError` ``option-invalid`` for a digest that is not known or of another length.
    """
    row = DIGESTS.get(digest)
    if row is None or row.hashlib is None or len(row.of(b"")) != len(imprint) or (nonce is not None and nonce < 0):
        raise UsageError("option-invalid", detail=f"digest={digest!r}, imprint: {len(imprint)} B")
    return der.encode(
        der.SEQUENCE,
        enc.integer(1),
        der.encode(der.SEQUENCE, enc.digest_identifier(digest, null=True), enc.octet_string(imprint)),
        b"" if policy is None else der.encode_oid(policy),
        b"" if nonce is None else enc.integer(nonce),
        b"\x01\x01\xff" if certificates else b"",
    )


def read_request(octets: bytes) -> TimestampRequest:
    """Return the TimeStampReq *octets*. Raises :class:`~vndoc.errors.SignatureError` ``timestamp-malformed``."""
    try:
        element = der.read(octets, ber=True)
        version, imprint, *others = children(element)
        digest, value = _imprint(imprint)
        rows: dict[str, object] = {}
        for part in others:
            if part.tag == der.OID:
                rows["policy"] = der.oid(part)
            elif part.tag == der.INTEGER:
                rows["nonce"] = der.integer(part)
            elif part.tag == der.BOOLEAN:
                rows["certificates"] = part.content != b"\0"
            else:  # extensions: none is known here
                raise CertificateError("der-malformed", offset=part.start)
        if der.integer(version) != 1 or element.tag != der.SEQUENCE or element.stop != len(octets):
            raise CertificateError("der-malformed", offset=0)
    except (CertificateError, ValueError):
        raise SignatureError("timestamp-malformed", detail="TimeStampReq") from None
    rows.setdefault("certificates", False)
    return TimestampRequest(digest=digest, imprint=value, **rows)  # type: ignore[arg-type] # by the table above


def read_response(octets: bytes, *, request: bytes, limits: Limits = DEFAULT) -> TimestampToken:
    """Return the token of the TimeStampResp *octets* that answers *request* (RFC 3161, 2.4.2).

    Raises :class:`~vndoc.errors.SignatureError`: ``timestamp-refused`` where the authority gave none,
    ``timestamp-unfit`` where imprint, nonce or policy are not those asked for, or the errors of :func:`read_token`.
    """
    try:
        element = der.read(octets, ber=True)
        parts = children(element)
        status = children(parts[0])
        number = der.integer(status[0])
    except (CertificateError, IndexError):
        raise SignatureError("timestamp-malformed", detail="TimeStampResp") from None
    if element.tag != der.SEQUENCE or len(parts) > 2 or element.stop != len(octets):
        raise SignatureError("timestamp-malformed", detail="TimeStampResp")
    if number not in (0, 1) or len(parts) != 2:
        raise SignatureError("timestamp-refused", status=number, detail=_failure(status[1:]))
    token = read_token(parts[1].octets, limits=limits)
    asked = read_request(request)
    for what, found, expected in (
        ("messageImprint", (token.imprint_digest, token.imprint), (asked.digest, asked.imprint)),
        ("nonce", token.nonce, asked.nonce),
        ("policy", token.policy, token.policy if asked.policy is None else asked.policy),
    ):
        if found != expected:
            raise SignatureError("timestamp-unfit", detail=what)
    return token


def _failure(parts: list[der.Element]) -> str:
    """Return the texts and the failure bits of a PKIStatusInfo."""
    said: list[str] = []
    try:
        for part in parts:
            if part.tag == der.SEQUENCE:
                said.extend(names.text(line) for line in children(part))
            elif part.tag == der.BIT_STRING:
                value, unused = der.bits(part)
                number = int.from_bytes(value, "big") >> unused << unused
                size = 8 * len(value)
                said.extend(name for bit, name in FAILURES.items() if bit < size and number >> (size - 1 - bit) & 1)
    except CertificateError:
        said.append("PKIStatusInfo?")
    return ", ".join(said) or "?"


def stamped(data: bytes, stamp: Stamp, *, digest: str = "sha256", nonce: int | None = None) -> TimestampToken:
    """Return a timestamp over the octets *data*, got by *stamp* and checked before it is used.

    Beside what :func:`read_response` checks, the token's structure and its own signature have to be right. Raises
    :class:`~vndoc.errors.SignatureError` as :func:`read_response`.
    """
    request = make_request(DIGESTS[digest].of(data), digest=digest, nonce=nonce)
    token = read_response(stamp(request), request=request)
    facts = token.signature
    faults = [one for one in (*token.reasons, *facts.reasons) if one.decides]
    if faults:
        raise SignatureError("timestamp-unfit", detail=faults[0].code)
    if facts.candidates and not any(map(facts.verify, facts.candidates)):
        raise SignatureError("timestamp-unfit", detail="signature")
    return token


def make_token(
    request: bytes,
    *,
    signer: Signer,
    time: datetime.datetime,
    serial: int,
    policy: str,
    accuracy: datetime.timedelta | None = None,
    ordering: bool = False,
    digest: str = "sha256",
    algorithm: SignatureAlgorithm | None = None,
    version: int = 1,
    certificate_id: str | None = "sha256",
) -> bytes:
    """Return the token (DER ContentInfo) that answers *request*, signed by *signer* at *time*.

    A service of tests: it keeps no serial numbers and guards no clock. *digest* is that of the token's SignerInfo.
    *version* and *certificate_id* (the digest that names the authority's certificate, ``sha1`` for the old attribute,
    ``None`` for no attribute) are for wrong tokens. Raises :class:`~vndoc.errors.SignatureError`.
    """
    asked = read_request(request)
    info = der.encode(
        der.SEQUENCE,
        enc.integer(version),
        der.encode_oid(asked.policy or policy),
        der.encode(der.SEQUENCE, enc.digest_identifier(asked.digest, null=True), enc.octet_string(asked.imprint)),
        enc.integer(serial),
        enc.generalized(time),
        b"" if accuracy is None else _encoded_accuracy(accuracy),
        b"\x01\x01\xff" if ordering else b"",
        b"" if asked.nonce is None else enc.integer(asked.nonce),
    )
    attributes: list[Attribute] = [(names.SIGNING_TIME, enc.time(time))]
    return sign_content(
        info,
        content_type=TST_INFO,
        signer=signer,
        digest=digest,
        algorithm=algorithm,
        attributes=attributes,
        certificate_id=certificate_id,
        with_certificates=asked.certificates,
    )


def _encoded_accuracy(accuracy: datetime.timedelta) -> bytes:
    micros = accuracy // datetime.timedelta(microseconds=1)
    seconds, micros = divmod(micros, 1_000_000)
    millis, micros = divmod(micros, 1000)
    fields = [enc.integer(seconds)] if seconds else []
    for number, value in enumerate((millis, micros)):
        if value:
            octets = value.to_bytes(value.bit_length() // 8 + 1, "big")
            fields.append(der.encode(der.context(number, constructed=False), octets))
    return der.encode(der.SEQUENCE, *fields)


def make_response(token: bytes) -> bytes:
    """Return the DER TimeStampResp that grants *token*."""
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, enc.integer(0)), token)


def make_refusal(failure: int, text: str, *, status: int = 2) -> bytes:
    """Return the DER TimeStampResp that refuses with the bit *failure* of :data:`FAILURES` and a *text*."""
    size = failure // 8 + 1
    value = (1 << (8 * size - 1 - failure)).to_bytes(size, "big")
    info = der.encode(
        der.SEQUENCE,
        enc.integer(status),
        der.encode(der.SEQUENCE, der.encode(0x0C, text.encode())),
        der.encode(der.BIT_STRING, bytes((7 - failure % 8,)) + value),
    )
    return der.encode(der.SEQUENCE, info)
