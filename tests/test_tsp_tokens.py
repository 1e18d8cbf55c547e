"""Timestamps (RFC 3161): tokens, their structural faults, requests and responses."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_support import (
    AT,
    CONTENT,
    P256,
    Recipe,
    attributes_of,
    authority,
    codes,
    good,
    info_of,
    other,
    person,
    rows,
    signed,
    stamp,
    tsa,
)
from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import SignatureError, UsageError, VndocError
from vndoc.limits import DEFAULT
from vndoc.pki import Extension, der
from vndoc.signature import TimestampKind, TimestampToken, tsp
from vndoc.signature._cms_encode import generalized, integer, octet_string
from vndoc.signature._cms_make import Container, opened
from vndoc.testing.pki import Identity, TimestampAuthority, extended_usage

TST_INFO = "1.2.840.113549.1.9.16.1.4"
DIGEST = hashlib.sha256(CONTENT).digest()
TIME_STAMPING = "1.3.6.1.5.5.7.3.8"


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(VndocError) as caught:
        call()
    return caught.value.code


def reasons(token: TimestampToken) -> list[str]:
    return [one.code for one in token.reasons]


def info(
    *more: bytes,
    version: int = 1,
    imprint: bytes | None = None,
    time: bytes | None = None,
    serial: int = 7,
) -> bytes:
    """Return a TSTInfo with the optional fields *more*."""
    sha256 = der.encode(der.SEQUENCE, der.encode_oid("2.16.840.1.101.3.4.2.1"))
    return der.encode(
        der.SEQUENCE,
        integer(version),
        der.encode_oid("1.2.3"),
        imprint or der.encode(der.SEQUENCE, sha256, octet_string(DIGEST)),
        integer(serial),
        generalized(AT) if time is None else time,
        *more,
    )


def token_over(content: bytes, *, who: Identity | None = None, signers: int = 1, direct: bool = False) -> bytes:
    who = tsa() if who is None else who
    row = rows(content, who=who, content_type=der.encode_oid(TST_INFO))
    recipe = Recipe(
        who=who, algorithm=P256, attributes=None if direct else attributes_of(row), over=content if direct else None
    )
    made = Container.new(TST_INFO, MemoryOctets(content))
    for _ in range(signers):
        made = made.with_signer(info_of(recipe), "sha256", [who.certificate])
    return made.octets()


# -- tokens ----------------------------------------------------------------------------------------


def test_a_token_says_what_was_asked_for() -> None:
    service = stamp(
        accuracy=datetime.timedelta(seconds=1, milliseconds=2, microseconds=3), ordering=True, names_itself=True
    )
    token = tsp.stamped(CONTENT, service, nonce=2**70)
    assert (token.time, token.serial, token.nonce) == (AT, 1, 2**70)
    assert token.accuracy == datetime.timedelta(seconds=1, microseconds=2003)
    assert token.ordering
    assert (token.imprint_digest, token.imprint, token.token_digest) == ("sha256", DIGEST, "sha256")
    assert token.policy == "2.16.704.1.1.1.2"
    assert token.tsa_name is not None
    assert token.signature.candidates[0].subject in token.tsa_name
    assert token.reasons == ()
    assert good(token.signature)
    assert AT.isoformat() in repr(token)


def test_the_imprint_is_compared() -> None:
    token = stamp().token(DIGEST)
    assert reasons(tsp.read_token(token, imprint_of=CONTENT)) == []
    assert reasons(tsp.read_token(token, imprint_of=CONTENT + b"!")) == ["timestamp-imprint-differs"]
    assert reasons(tsp.read_token(token, imprint_of=lambda digest: digest.of(CONTENT))) == []
    assert reasons(tsp.read_token(token, imprint_of=lambda _: None)) == ["timestamp-not-rebuilt"]
    assert reasons(tsp.read_token(token)) == []
    facts = tsp.read_timestamp(TimestampKind.SIGNATURE, token, over=CONTENT, place="x")
    assert (facts.intact, facts.reasons, facts.place) == (True, (), "x")
    facts = tsp.read_timestamp(TimestampKind.SIGNATURE, token, over=b"", place="x")
    assert (facts.intact, facts.reasons[0].place) == (False, "x")
    facts = tsp.read_timestamp(TimestampKind.ARCHIVE, token, over=None, place="x")
    assert (facts.intact, [one.code for one in facts.reasons]) == (None, ["timestamp-not-rebuilt"])
    facts = tsp.read_timestamp(TimestampKind.ARCHIVE, b"no token", over=None, place="x")
    assert (facts.token, [one.code for one in facts.reasons]) == (None, ["timestamp-malformed"])


def test_a_token_beyond_the_limits_is_told() -> None:
    limits = attrs.evolve(DEFAULT, cms_certificates=1)
    token = stamp().token(DIGEST)
    facts = tsp.read_timestamp(TimestampKind.SIGNATURE, token, over=CONTENT, place="x", limits=limits)
    assert (facts.token, facts.intact) == (None, None)
    assert "certificates may be 1 at most" in facts.reasons[0].text()
    assert code_of(lambda: tsp.read_token(token, limits=limits)) == "cms-too-large"


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({"digest": "sha512"}, []),
        ({"ess": "v1"}, []),
        ({"ess": None}, ["timestamp-signing-certificate-absent"]),
        ({"extra": [Extension("1.2.3", False, b"\x05\x00")]}, []),
        ({"extra": [Extension("1.2.3", True, b"\x05\x00")]}, ["timestamp-extension-critical"]),
    ],
)
def test_faults_of_tokens(service: dict[str, object], expected: list[str]) -> None:
    token = tsp.read_token(stamp(**service).token(DIGEST), imprint_of=CONTENT)
    assert reasons(token) == expected
    assert good(token.signature)


def test_sha1_inside_is_left_to_the_policy() -> None:
    service = TimestampAuthority(identity=authority().tsa(key="rsa-2048"), time=AT, digest="sha1")
    token = tsp.read_token(
        service.token(hashlib.sha1(CONTENT, usedforsecurity=False).digest(), "sha1"), imprint_of=CONTENT
    )
    assert (token.imprint_digest, token.token_digest, token.reasons) == ("sha1", "sha1", ())


@pytest.mark.parametrize(
    "usage",
    [
        None,
        extended_usage(TIME_STAMPING, critical=False),
        extended_usage(TIME_STAMPING, "1.3.6.1.5.5.7.3.4", critical=True),
        extended_usage("1.3.6.1.5.5.7.3.4", critical=True),
    ],
    ids=["none", "not critical", "two", "another"],
)
def test_key_purpose(usage: Extension | None) -> None:
    who = authority().person("Không phải TSA", key="p256", extra=[] if usage is None else [usage])
    token = tsp.read_token(token_over(info(), who=who), imprint_of=CONTENT)
    assert reasons(token) == ["timestamp-key-purpose"]


def test_the_name_of_the_authority_is_compared_with_its_certificate() -> None:
    """It is a hint (RFC 3161, 2.4.2), so that a wrong one is told and decides nothing."""
    uri = der.encode(der.context(6, constructed=False), b"http://tsa.example")
    alternative = Extension("2.5.29.17", False, der.encode(der.SEQUENCE, uri))
    usage = extended_usage(TIME_STAMPING, critical=True)
    who = authority().person("TSA", key="p256", extra=[usage, alternative])
    own, strange = who.certificate.subject, person().certificate.subject
    for name, expected in (
        (der.encode(der.context(4), own), []),
        (uri, []),
        (der.encode(der.context(4), strange), ["timestamp-tsa-name"]),
        (der.encode(der.context(6, constructed=False), b"http://other.example"), ["timestamp-tsa-name"]),
        (der.encode(der.context(4)), ["timestamp-tsa-name"]),
        (uri + uri, ["timestamp-tsa-name"]),
        (b"", ["timestamp-tsa-name"]),
    ):
        token = tsp.read_token(token_over(info(der.encode(der.context(0), name)), who=who), imprint_of=CONTENT)
        assert reasons(token) == expected
        assert not any(reason.decides for reason in token.reasons)
    assert reasons(tsp.read_token(stamp(names_itself=True).token(DIGEST))) == []


def test_version_signers_and_attributes() -> None:
    assert reasons(tsp.read_token(token_over(info()))) == []
    assert reasons(tsp.read_token(token_over(info(version=2)))) == ["timestamp-version"]
    assert reasons(tsp.read_token(token_over(info(), signers=2))) == ["timestamp-signers"]
    token = tsp.read_token(token_over(info(), direct=True))
    assert reasons(token) == ["timestamp-attributes-absent"]
    assert codes(token.signature) == {"signed-attributes-absent", "content-type-unsigned"}
    assert code_of(lambda: tsp.read_token(token_over(info(), signers=0))) == "timestamp-malformed"


def test_a_damaged_signer_is_in_the_facts() -> None:
    _, held = opened(token_over(info()))
    token = tsp.read_token(attrs.evolve(held, signers=(b"\x30\x00",)).octets())
    assert codes(token.signature) == {"signer-info-malformed"}
    assert token.token_digest == ""


def test_a_token_without_certificate() -> None:
    request = tsp.make_request(DIGEST, certificates=False)
    token = tsp.read_response(stamp()(request), request=request)
    assert token.signature.candidates == ()
    assert token.reasons == ()
    token = tsp.read_token(token.octets, certificates=[other().certificate, tsa().certificate])
    assert good(token.signature)
    assert code_of(lambda: tsp.stamped(CONTENT, lambda _: stamp()(request))) == "timestamp-unfit"


def test_a_signature_is_no_token() -> None:
    for data in (signed(), signed(detached=False), b"", b"\x30\x00"):
        assert code_of(lambda data=data: tsp.read_token(data)) in {"timestamp-malformed", "cms-malformed"}  # type: ignore[misc]


def test_time_is_read_to_the_microsecond() -> None:
    for text, expected in (
        (b"20260102030405.25Z", 250_000),
        (b"20260102030405.1234567Z", 123_456),
        (b"20260102030405Z", 0),
    ):
        token = tsp.read_token(token_over(info(time=der.encode(der.GENERALIZED_TIME, text))))
        assert token.time == AT.replace(microsecond=expected)


SHA256 = der.encode(der.SEQUENCE, der.encode_oid("2.16.840.1.101.3.4.2.1"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x05\x00",
        info() + b"\0",
        info(time=b"\x17\x0d260102030405Z"),
        info(time=b"\x18\x01x"),
        info(b"\x05\x00"),
        info(b"\x30\x00", b"\x30\x00"),
        info(b"\x30\x03\x05\x01\x01"),
        info(b"\x30\x03\x02\x01\xff"),
        info(b"\x30\x08\x02\x06\x01\x02\x03\x04\x05\x06"),
        info(b"\x30\x02\x02\x00"),
        info(b"\x02\x00"),
        info(imprint=b"\x30\x00"),
        info(imprint=b"\x31" + info()[1:]),
        info(imprint=der.encode(der.SEQUENCE, SHA256, b"\x05\x00")),
        info(imprint=der.encode(der.SEQUENCE, b"\x30\x00", b"\x04\x00")),
        der.encode(der.SEQUENCE, b"\x02\x01\x01"),
    ],
)
def test_damaged_infos(content: bytes) -> None:
    assert code_of(lambda: tsp.read_token(token_over(content))) == "timestamp-malformed"


@pytest.mark.parametrize("oid", ["1.2.3.4", "1.2.840.113549.2.5"])
def test_imprints_that_are_not_computed(oid: str) -> None:
    imprint = der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.encode_oid(oid)), octet_string(bytes(16)))
    token = tsp.read_token(token_over(info(imprint=imprint)), imprint_of=CONTENT)
    assert reasons(token) == ["timestamp-imprint-unknown"]
    assert token.imprint_digest in {oid, "md5"}


# -- requests and responses ------------------------------------------------------------------------


@given(
    st.sampled_from(["sha1", "sha256", "sha384", "sha512"]),
    st.none() | st.integers(0, 2**160),
    st.none() | st.sampled_from(["1.2.3", "2.16.704.1.1.1.2"]),
    st.booleans(),
)
def test_a_request_is_read_as_it_was_made(
    digest: str, nonce: int | None, policy: str | None, certificates: bool
) -> None:
    imprint = hashlib.new(digest, b"x", usedforsecurity=False).digest()
    request = tsp.make_request(imprint, digest=digest, nonce=nonce, policy=policy, certificates=certificates)
    assert tsp.read_request(request) == tsp.TimestampRequest(
        digest=digest, imprint=imprint, nonce=nonce, policy=policy, certificates=certificates
    )


def test_requests_that_cannot_be_made() -> None:
    for imprint, how in ((b"", {}), (bytes(16), {"digest": "md5"}), (DIGEST, {"digest": "x"}), (DIGEST, {"nonce": -1})):
        with pytest.raises(UsageError, match="option-invalid"):
            tsp.make_request(imprint, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x30\x00",
        tsp.make_request(DIGEST) + b"\0",
        b"\x31" + tsp.make_request(DIGEST)[1:],
        tsp.make_request(DIGEST).replace(b"\x02\x01\x01", b"\x02\x01\x02", 1),
        der.encode(der.SEQUENCE, integer(1), der.encode(der.SEQUENCE, SHA256, octet_string(DIGEST)), b"\xa0\x00"),
    ],
)
def test_damaged_requests(octets: bytes) -> None:
    assert code_of(lambda: tsp.read_request(octets)) == "timestamp-malformed"


@pytest.mark.parametrize("failure", ["badAlg", "unacceptedPolicy", "timeNotAvailable", "unacceptedExtension"])
def test_refusals_are_told(failure: str) -> None:
    request = tsp.make_request(DIGEST)
    with pytest.raises(SignatureError, match=failure) as caught:
        tsp.read_response(stamp(failure=failure)(request), request=request)
    assert caught.value.code == "timestamp-refused"
    assert caught.value.values["status"] == 2


def status(*parts: bytes, number: int = 2) -> bytes:
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, integer(number), *parts))


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (b"", "timestamp-malformed"),
        (b"\x30\x00", "timestamp-malformed"),
        (b"\x30\x02\x30\x00", "timestamp-malformed"),
        (status() + b"\0", "timestamp-malformed"),
        (der.encode(der.SEQUENCE, b"\x30\x03\x02\x01\x00", b"\x30\x00", b"\x30\x00"), "timestamp-malformed"),
        (der.encode(der.SEQUENCE, b"\x30\x03\x02\x01\x00", b"\x30\x00"), "cms-malformed"),
        (status(number=0), "timestamp-refused"),
        (status(), "timestamp-refused"),
        (status(b"\x30\x04\x02\x02\x00\x00"), "timestamp-refused"),
        (status(b"\x05\x00"), "timestamp-refused"),
        (status(b"\x03\x01\x00"), "timestamp-refused"),
        (status(b"\x03\x04\x06\x00\x00\x40"), "timestamp-refused"),
    ],
)
def test_damaged_responses(response: bytes, code: str) -> None:
    assert code_of(lambda: tsp.read_response(response, request=tsp.make_request(DIGEST))) == code


def test_what_failure_bits_mean() -> None:
    with pytest.raises(SignatureError) as caught:
        tsp.read_response(status(b"\x03\x05\x06\x20\x00\x00\x40"), request=tsp.make_request(DIGEST))
    assert caught.value.values["detail"] == "badRequest, systemFailure"
    with pytest.raises(SignatureError, match=r"PKIStatusInfo\?"):
        tsp.read_response(status(b"\x03\x00"), request=tsp.make_request(DIGEST))


def test_tokens_fit_to_people_too() -> None:
    """A person's certificate is no time-stamping authority's, whatever it signs."""
    token = tsp.read_token(token_over(info(), who=person()))
    assert reasons(token) == ["timestamp-key-purpose"]
    assert good(token.signature)
