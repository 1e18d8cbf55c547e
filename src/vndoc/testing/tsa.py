"""A time-stamping authority for tests (RFC 3161): a request in, a response out, at a time of your choice."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from typing import Final, Literal

import attrs

from vndoc.errors import CertificateError
from vndoc.pki import Digest, Extension, SignatureAlgorithm, der
from vndoc.pki.algorithms import DIGESTS, digest_of_identifier, identifier_of
from vndoc.signers.keys import sign_with
from vndoc.testing._assembly import (
    digest_identifier,
    extensions,
    fine_time,
    integer,
    named_bits,
    octet_string,
    pki_time,
    scheme,
)
from vndoc.testing.identity import Identity

__all__ = [
    "TIMESTAMP_POLICY",
    "TimestampAuthority",
]

TIMESTAMP_POLICY: Final = "2.16.704.1.1.1.2"
"""The policy that the tokens of the government's authorities name."""

_FAILURES: Final = (
    ("badAlg", 0),
    ("badRequest", 2),
    ("badDataFormat", 5),
    ("timeNotAvailable", 14),
    ("unacceptedPolicy", 15),
    ("unacceptedExtension", 16),
)
_FAIL_BITS: Final = tuple({n: name for name, n in _FAILURES}.get(i, f"bit-{i}") for i in range(26))


@attrs.frozen(kw_only=True)
class _Request:
    imprint: bytes  # the whole MessageImprint
    policy: str | None
    nonce: bytes  # the whole INTEGER, or nothing
    wants_certificate: bool


class _RefusedError(Exception):
    """Why a request is answered without a token."""


@attrs.define(eq=False, repr=False, kw_only=True)
class TimestampAuthority:
    """A time-stamping authority; call it with a DER TimeStampReq and it returns the DER TimeStampResp.

    ``time`` is what it says the time is, a value or a function. ``accepted`` are the digests of imprints it takes.
    ``digest`` is that of the token's own signature (``signature`` may give the whole algorithm), ``ess`` the version of
    the signing-certificate attribute (``None``: the token has none), ``failure`` a name of PKIFailureInfo that
    answers every request.
    """

    identity: Identity
    time: datetime.datetime | Callable[[], datetime.datetime]
    policy: str = TIMESTAMP_POLICY
    accepted: frozenset[str] = frozenset({"sha256", "sha384", "sha512", "sha1"})
    digest: str = "sha256"
    signature: SignatureAlgorithm | None = None
    accuracy: datetime.timedelta | None = None
    ordering: bool = False
    ess: Literal["v1", "v2"] | None = "v2"
    names_itself: bool = False
    extra: Iterable[Extension] = ()
    failure: str | None = None
    serial: int = 0
    """The serial number of the last token."""

    def __call__(self, request: bytes) -> bytes:
        """Return the response to *request*: a token, or a refusal for what cannot be read or is not accepted."""
        try:
            asked = self._read(request)
        except _RefusedError as refusal:
            return _refusal(str(refusal))
        token = self._token(asked)
        return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, integer(0)), token)

    def token(self, imprint: bytes, digest: str = "sha256") -> bytes:
        """Return a token over the digest *imprint*, without asking whether it is acceptable."""
        message = der.encode(der.SEQUENCE, digest_identifier(digest), octet_string(imprint))
        return self._token(_Request(imprint=message, policy=None, nonce=b"", wants_certificate=True))

    def _read(self, request: bytes) -> _Request:
        if self.failure is not None:
            raise _RefusedError(self.failure)
        try:
            asked, digest = _parse(request)
        except CertificateError as error:
            raise _RefusedError("badAlg" if error.code == "algorithm-unsupported" else "badDataFormat") from None
        if digest.name not in self.accepted:
            raise _RefusedError("badAlg")
        if asked.policy not in (None, self.policy):
            raise _RefusedError("unacceptedPolicy")
        return asked

    def _token(self, asked: _Request) -> bytes:
        self.serial += 1
        time = self.time() if callable(self.time) else self.time
        rows = tuple(self.extra)
        info = der.encode(
            der.SEQUENCE,
            integer(1),
            der.encode_oid(asked.policy or self.policy),
            asked.imprint,
            integer(self.serial),
            fine_time(time),
            b"" if self.accuracy is None else _accuracy(self.accuracy),
            der.encode(der.BOOLEAN, b"\xff") if self.ordering else b"",
            asked.nonce,
            self._own_name(),
            der.encode(der.context(1), der.read(extensions(rows)).content) if rows else b"",
        )
        return self._signed(info, time, asked)

    def _own_name(self) -> bytes:
        if not self.names_itself:
            return b""
        return der.encode(der.context(0), der.encode(der.context(4), self.identity.certificate.subject))

    def _signed(self, info: bytes, time: datetime.datetime, asked: _Request) -> bytes:
        certificate = self.identity.certificate
        algorithm = self.signature or scheme(certificate.public_key, self.digest)
        attributes = b"".join(sorted(self._attributes(info, time)))
        value = sign_with(self.identity.key, algorithm, der.encode(der.SET, attributes))
        signer = der.encode(
            der.SEQUENCE,
            integer(1),
            der.encode(der.SEQUENCE, certificate.issuer, integer(certificate.serial)),
            digest_identifier(self.digest),
            der.encode(der.context(0), attributes),
            identifier_of(algorithm),
            octet_string(value),
        )
        content = der.encode(
            der.SEQUENCE, der.encode_oid("1.2.840.113549.1.9.16.1.4"), der.encode(der.context(0), octet_string(info))
        )
        carried = b"".join(sorted(c.der for c in (certificate, *self.identity.chain[:-1])))
        signed = der.encode(
            der.SEQUENCE,
            integer(3),
            der.encode(der.SET, digest_identifier(self.digest)),
            content,
            der.encode(der.context(0), carried) if asked.wants_certificate else b"",
            der.encode(der.SET, signer),
        )
        return der.encode(der.SEQUENCE, der.encode_oid("1.2.840.113549.1.7.2"), der.encode(der.context(0), signed))

    def _attributes(self, info: bytes, time: datetime.datetime) -> Iterable[bytes]:
        pkcs9 = "1.2.840.113549.1.9."
        yield _attribute(pkcs9 + "3", der.encode_oid(pkcs9 + "16.1.4"))
        yield _attribute(pkcs9 + "4", octet_string(DIGESTS[self.digest].of(info)))
        yield _attribute(pkcs9 + "5", pki_time(time))
        certificate = self.identity.certificate
        if self.ess is not None:
            name = "sha1" if self.ess == "v1" else "sha256"
            named = der.encode(der.SEQUENCE, octet_string(DIGESTS[name].of(certificate.der)))
            value = der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, named))
            yield _attribute(pkcs9 + ("16.2.12" if self.ess == "v1" else "16.2.47"), value)

    def __repr__(self) -> str:
        return f"TimestampAuthority({self.identity.certificate!r})"


def _attribute(oid: str, value: bytes) -> bytes:
    return der.encode(der.SEQUENCE, der.encode_oid(oid), der.encode(der.SET, value))


def _accuracy(value: datetime.timedelta) -> bytes:
    seconds, micros = divmod(value // datetime.timedelta(microseconds=1), 1_000_000)
    millis, micros = divmod(micros, 1000)
    parts = [integer(seconds)] if seconds else []
    for number, amount in ((0, millis), (1, micros)):
        if amount:
            parts.append(der.encode(der.context(number, constructed=False), integer(amount)[2:]))
    return der.encode(der.SEQUENCE, *parts)


def _refusal(failure: str) -> bytes:
    bits = der.encode(der.BIT_STRING, named_bits(_FAIL_BITS, [failure]))
    text = der.encode(der.SEQUENCE, der.encode(0x0C, failure.encode()))
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, integer(2), text, bits))


def _parse(request: bytes) -> tuple[_Request, Digest]:
    """Return what a TimeStampReq (RFC 3161, 2.4.1) asks for, and the digest of its imprint."""
    outer = der.read(request)
    parts = der.children(outer)
    if outer.tag != der.SEQUENCE or outer.stop != len(request) or len(parts) < 2 or der.integer(parts[0]) != 1:
        raise CertificateError("der-malformed", offset=0)
    fields = der.children(parts[1])
    if len(fields) != 2 or fields[1].tag != der.OCTET_STRING:
        raise CertificateError("der-malformed", offset=parts[1].start)
    digest = digest_of_identifier(fields[0].octets)
    if len(fields[1].content) != len(digest.of(b"")):
        raise CertificateError("der-malformed", offset=fields[1].start)
    policy, nonce, wants_certificate = None, b"", False
    for part in parts[2:]:
        if part.tag == der.OID:
            policy = der.oid(part)
        elif part.tag == der.INTEGER:
            nonce = part.octets
        elif part.tag == der.BOOLEAN:
            wants_certificate = part.content != b"\0"
        else:
            raise CertificateError("der-malformed", offset=part.start)
    asked = _Request(imprint=parts[1].octets, policy=policy, nonce=nonce, wants_certificate=wants_certificate)
    return asked, digest
