"""Timestamps (RFC 3161): tokens read and checked, requests made, responses read.

A token is a CMS signature over a TSTInfo. Reading gives what it says, what is wrong with its structure, and its own
signature as facts; whether its authority is to be trusted is judged elsewhere, apart from the signer's trust.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import attrs

from vndoc.errors import CertificateError, SignatureError, UsageError
from vndoc.errors._arguments import need, need_all, need_call, wrong
from vndoc.limits import DEFAULT, Limits
from vndoc.pki import der
from vndoc.pki.algorithms import DIGESTS
from vndoc.pki.certificate import Certificate
from vndoc.pki.fetching import Fetcher, FetchKind, FetchRequest
from vndoc.signature import _cms_attributes as names
from vndoc.signature import _cms_encode as enc
from vndoc.signature._cms_structure import children
from vndoc.signature._cms_token import compared, new_context, timestamp_facts, token_of, unreadable
from vndoc.signature._cms_token import imprint_of as parsed_imprint
from vndoc.signature._imprint import Over
from vndoc.signature.facts import TimestampFacts, TimestampKind, TimestampToken

__all__ = [
    "FAILURES",
    "Stamp",
    "TimestampRequest",
    "make_request",
    "read_request",
    "read_response",
    "read_timestamp",
    "read_token",
    "stamp_by",
    "stamped",
    "stamped_digest",
]

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
    if imprint_of is not None and not isinstance(imprint_of, bytes):
        need_call("imprint_of", imprint_of)
    token = token_of(octets, new_context(limits, need_all("certificates", certificates, Certificate)))
    _, reasons = compared(token, imprint_of) if imprint_of is not None else (None, ())
    return attrs.evolve(token, reasons=(*token.reasons, *reasons))


def read_timestamp(
    kind: TimestampKind, octets: bytes, *, over: Over, place: str, limits: Limits = DEFAULT
) -> TimestampFacts:
    """Return the timestamp *octets* that stands at *place* in a signature and should be over *over*.

    *over* is as in :func:`read_token`; ``None`` says that it could not be rebuilt. Never raises for what *octets* are.
    """
    try:
        return timestamp_facts(kind, place, octets, over, new_context(limits))
    except SignatureError as error:  # beyond the limits
        return unreadable(kind, place, error.text())


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
    imprint: bytes,
    *,
    digest: str = "sha256",
    nonce: int | None = None,
    policy: str | None = None,
    certificates: bool = True,
) -> bytes:
    """Return the DER TimeStampReq for the digest *imprint* by the algorithm *digest*.

    *nonce* is a random number of the caller's, of 64 bits or more, that the answer has to repeat. Raises
    :class:`~vndoc.errors.UsageError` ``option-invalid`` for a digest that is not known or of another length.
    """
    need("imprint", imprint, bytes, bytearray, memoryview)
    need("digest", digest, str)
    need("nonce", nonce, int, type(None))
    row = DIGESTS.get(digest)
    if row is None or row.hashlib is None or len(row.of(b"")) != len(imprint) or (nonce is not None and nonce < 0):
        raise UsageError("option-invalid", detail=f"digest={digest!r}, imprint: {len(imprint)} B")
    return der.encode(
        der.SEQUENCE,
        enc.integer(1),
        der.encode(der.SEQUENCE, enc.digest_identifier(digest, null=True), enc.octet_string(imprint)),
        b"" if policy is None else enc.oid(policy),
        b"" if nonce is None else enc.integer(nonce),
        b"\x01\x01\xff" if certificates else b"",
    )


def read_request(octets: bytes) -> TimestampRequest:
    """Return the TimeStampReq *octets*. Raises :class:`~vndoc.errors.SignatureError` ``timestamp-malformed``."""
    need("octets", octets, bytes, bytearray, memoryview)
    try:
        return _request(bytes(octets))
    except (CertificateError, ValueError):
        raise SignatureError("timestamp-malformed", detail="TimeStampReq") from None


def _request(octets: bytes) -> TimestampRequest:
    element = der.read(octets, ber=True)
    version, imprint, *others = children(element)
    digest, value = parsed_imprint(imprint)
    rows: dict[str, Any] = {"certificates": False}
    for part in others:
        if part.tag not in _REQUEST:  # extensions: none is known here
            raise CertificateError("der-malformed", offset=part.start)
        name, read = _REQUEST[part.tag]
        rows[name] = read(part)
    if der.integer(version) != 1 or element.tag != der.SEQUENCE or element.stop != len(octets):
        raise CertificateError("der-malformed", offset=0)
    return TimestampRequest(digest=digest, imprint=value, **rows)


_REQUEST: Final[dict[int, tuple[str, Callable[[der.Element], object]]]] = {
    der.OID: ("policy", der.oid),
    der.INTEGER: ("nonce", der.integer),
    der.BOOLEAN: ("certificates", lambda element: element.content != b"\0"),
}
"""The optional fields of TimeStampReq by their tags."""


def read_response(octets: bytes, *, request: bytes, limits: Limits = DEFAULT) -> TimestampToken:
    """Return the token of the TimeStampResp *octets* that answers *request* (RFC 3161, 2.4.2).

    Raises :class:`~vndoc.errors.SignatureError`: ``timestamp-refused`` where the authority gave none,
    ``timestamp-unfit`` where imprint, nonce or policy are not those asked for, or the errors of :func:`read_token`.
    """
    need("octets", octets, bytes, bytearray, memoryview)
    need("request", request, bytes, bytearray, memoryview)
    try:
        element = der.read(bytes(octets), ber=True)
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


def stamp_by(fetch: Fetcher, url: str) -> Stamp:
    """Return what gets timestamps from the authority at *url* (RFC 3161, 3.4) by *fetch*.

    Calling it raises as *fetch* does: :class:`~vndoc.errors.FetchError`.
    """
    return lambda request: fetch(FetchRequest(url, FetchKind.TIMESTAMP, request))


def stamped(data: bytes, stamp: Stamp, *, digest: str = "sha256", nonce: int | None = None) -> TimestampToken:
    """Return a timestamp over the octets *data*, got by *stamp* and checked before it is used.

    Beside what :func:`read_response` checks, the token's structure and its own signature have to be right. Raises
    :class:`~vndoc.errors.SignatureError` as :func:`read_response`.
    """
    return stamped_digest(enc.digest(digest).of(data), stamp, digest=digest, nonce=nonce)


def stamped_digest(imprint: bytes, stamp: Stamp, *, digest: str = "sha256", nonce: int | None = None) -> TimestampToken:
    """Return a timestamp over what has the digest *imprint* by the algorithm *digest*; all else as :func:`stamped`."""
    need_call("stamp", stamp)
    request = make_request(imprint, digest=digest, nonce=nonce)
    answer: object = stamp(request)
    if not isinstance(answer, bytes | bytearray | memoryview):
        raise wrong("stamp(...)", bytes.__name__, answer)
    token = read_response(bytes(answer), request=request)
    facts = token.signature
    faults = [one for one in (*token.reasons, *facts.reasons) if one.decides]
    if faults:
        raise SignatureError("timestamp-unfit", detail=faults[0].code)
    if not any(map(facts.verify, facts.candidates)):
        raise SignatureError("timestamp-unfit", detail="signature")
    return token
