"""The ground of ``vndoc.pki``: ASN.1 by position, algorithms by name, crypto policies, outcomes."""

from __future__ import annotations

import datetime
import hashlib

import pytest
from asn1crypto import core
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import example, given
from hypothesis import strategies as st

from pki_support import POLICY, day
from vndoc.errors import CertificateError, UsageError
from vndoc.pki import (
    CryptoPolicy,
    Family,
    Indication,
    KeyRule,
    Outcome,
    Reason,
    ReasonKind,
    Ruling,
    SignatureAlgorithm,
    SubIndication,
    Use,
    der,
    outcome_of,
)
from vndoc.pki.algorithms import (
    DIGESTS,
    digest_of_identifier,
    digest_of_uri,
    hasher,
    identifier_of,
    load_public_key,
    signature_algorithm,
)
from vndoc.text import Text

SHA256 = SignatureAlgorithm(Family.RSA_PKCS1, "sha256")


# -- ASN.1 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x01",
        b"\x1f\x01\x00",
        b"\x00\x00",
        b"\x30\x80\x00\x00",
        b"\x30\x81\x01\x00",
        b"\x30\x82\x00\x80" + bytes(128),
        b"\x30\x89" + bytes(9),
        b"\x30\x84\xff\xff\xff\xff",
        b"\x04\x81",
    ],
)
def test_what_is_no_der(data):
    with pytest.raises(CertificateError) as caught:
        der.read(data)
    assert caught.value.code == "der-malformed"


def test_indefinite_lengths():
    inner = b"\x04\x01x"
    data = b"\x30\x80" + inner + b"\x24\x80" + inner + b"\x00\x00" + b"\x00\x00" + b"rest"
    element = der.read(data, ber=True)
    assert (element.tag, element.content, data[element.stop :]) == (
        0x30,
        inner + b"\x24\x80" + inner + b"\0\0",
        b"rest",
    )
    assert [child.content for child in der.children(element, ber=True)] == [b"x", inner]
    assert element.constructed
    assert element.octets + b"rest" == data
    deep = b"\x30\x80" * 64 + b"\0\0" * 64
    assert der.read(deep, ber=True).stop == len(deep)
    for bad in (
        b"\x30\x80" * 65 + b"\0\0" * 65,
        b"\x30\x80",
        b"\x30\x80\x04",
        b"\x04\x80\0\0",
        b"\x30\x80\x04\x80\0\0\0\0",
    ):
        with pytest.raises(CertificateError):
            der.read(bad, ber=True)
    assert der.read(b"\x30\x81\x01\x00", ber=True).content == b"\0"


def test_spans_and_parts():
    for size in (0, 1, 127, 128, 255, 256, 65535, 65536):
        data = der.encode(der.SEQUENCE, bytes(size)) + b"tail"
        body, end, stop = der.span(data, 0, len(data), der.SEQUENCE)
        assert (data[body:end], data[stop:]) == (bytes(size), b"tail")
        assert der.parts(data, 0, len(data)) == (der.SEQUENCE, body, end, stop)
        with pytest.raises(CertificateError):
            der.span(data, 0, len(data), der.SET)
        for read in (
            lambda d=data: der.span(d, 0, len(d) - 5, der.SEQUENCE),
            lambda d=data: der.parts(d, 0, len(d) - 5),
        ):
            with pytest.raises(CertificateError):
                read()


@given(st.binary(max_size=40), st.integers(0, 40))
@example(b"\0\0\0\0", 4)  # end-of-contents is no element
@example(b"\x1f\0\0\0", 4)  # nor is a tag above 30
@example(b"\xff\0\0\0", 4)
def test_spans_are_what_read_gives(data, limit):
    limit = min(limit, len(data))
    try:
        element = der.read(data, 0, limit, ber=True)
    except CertificateError:
        element = None
    # whoever asks for a span names the type, never one that no element has
    tag = der.SEQUENCE if not data or not data[0] or data[0] & 0x1F == 0x1F else data[0]
    for read in (
        lambda: der.parts(data, 0, limit),
        lambda: (tag, *der.span(data, 0, limit, tag)),
    ):
        try:
            found = read()
        except (CertificateError, IndexError):
            assert element is None
        else:
            assert element is not None
            assert found == (element.tag, element.body, element.end, element.stop)


@given(st.integers(-(1 << 90), 1 << 90))
def test_integers(number):
    assert der.integer(der.read(core.Integer(number).dump())) == number


def test_what_is_no_integer():
    for data in (b"\x02\x00", b"\x04\x01\x00"):
        with pytest.raises(CertificateError):
            der.integer(der.read(data))


@given(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 1 << 40), max_size=8))
def test_object_identifiers(first, second, rest):
    dotted = ".".join(map(str, (first, second, *rest)))
    encoded = core.ObjectIdentifier(dotted).dump()
    assert der.encode_oid(dotted) == encoded
    assert der.oid(der.read(encoded)) == dotted


@pytest.mark.parametrize("data", [b"\x06\x00", b"\x06\x01\x80", b"\x05\x00", b"\x06\x41" + b"\x01" * 65])
def test_what_is_no_object_identifier(data):
    with pytest.raises(CertificateError):
        der.oid(der.read(data))


def test_bit_strings():
    assert der.bits(der.read(b"\x03\x02\x04\xf0")) == (b"\xf0", 4)
    assert der.bits(der.read(b"\x03\x01\x00")) == (b"", 0)
    for data in (b"\x03\x00", b"\x03\x01\x01", b"\x03\x02\x08\x00", b"\x04\x01\x00"):
        with pytest.raises(CertificateError):
            der.bits(der.read(data))


@given(st.sets(st.integers(0, 30)))
def test_named_bits(numbers):
    size = max(numbers, default=-1) // 8 + 1
    octets = bytearray(size)
    for n in numbers:
        octets[n // 8] |= 0x80 >> n % 8
    assert der.flags(der.read(der.encode(der.BIT_STRING, b"\0" + bytes(octets)))) == sum(1 << n for n in numbers)


@pytest.mark.parametrize(
    ("tag", "text", "expected"),
    [
        (0x17, "260601120000Z", (2026, 6, 1, 12)),
        (0x17, "491231235959Z", (2049, 12, 31, 23, 59, 59)),
        (0x17, "500101000000Z", (1950, 1, 1)),
        (0x17, "2606011200Z", (2026, 6, 1, 12)),
        (0x17, "260601120000+0700", (2026, 6, 1, 5)),
        (0x18, "20260601120000Z", (2026, 6, 1, 12)),
        (0x18, "20260601120000.5Z", (2026, 6, 1, 12, 0, 0, 500_000)),
        (0x18, "20260601120000,25Z", (2026, 6, 1, 12, 0, 0, 250_000)),
        (0x18, "202606011200.5Z", (2026, 6, 1, 12, 0, 30)),
        (0x18, "2026060112Z", (2026, 6, 1, 12)),
        (0x18, "2026060112.75+0700", (2026, 6, 1, 5, 45)),
        (0x18, "20260601120000-0130", (2026, 6, 1, 13, 30)),
        (0x17, "161231235959Z", (2016, 12, 31, 23, 59, 59)),
        (0x18, "20161231235959Z", (2016, 12, 31, 23, 59, 59)),
        (0x18, "20161231235959.999999Z", (2016, 12, 31, 23, 59, 59, 999_999)),
        (0x18, "99991231235959Z", (9999, 12, 31, 23, 59, 59)),
        (0x18, "00010101000000Z", (1, 1, 1)),
    ],
)
def test_times(tag, text, expected):
    found = der.time(der.read(der.encode(tag, text.encode())))
    assert found == datetime.datetime(*expected, tzinfo=datetime.UTC)
    assert found.utcoffset() == datetime.timedelta()


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (0x17, b""),
        (0x17, b"Z"),
        (0x17, b"260601120000"),
        (0x17, b"269901120000Z"),
        (0x17, b"260230120000Z"),
        (0x17, b"260601250000Z"),
        (0x17, b"2606011200xxZ"),
        (0x17, b"26060112Z"),
        (0x17, b"260601120060Z"),
        (0x17, b"161231235960Z"),
        (0x17, b"161231235961Z"),
        (0x17, b"161231240000Z"),
        (0x18, b"20161231235960Z"),
        (0x18, b"20161231235960.5Z"),
        (0x18, b"20170101065960+0700"),
        (0x18, b"20161231235961Z"),
        (0x18, b"20161231240000Z"),
        (0x18, b"99991231235959.9-0700"),
        (0x18, b"20260601120000,5.5Z"),
        (0x17, "２６0601".encode()),
        (0x18, b"20260601120000.Z"),
        (0x18, b"20260601120000.xZ"),
        (0x18, b"00000101000000Z"),
        (0x18, b"00010101000000+0700"),
        (0x18, b"20260601120000+9999"),
        (0x18, b"\xff" * 15),
        (0x04, b"20260601120000Z"),
    ],
)
def test_what_is_no_time(tag, text):
    with pytest.raises(CertificateError):
        der.time(der.read(der.encode(tag, text)))


# -- algorithms -------------------------------------------------------------------------------------------


def test_null_parameters_may_have_any_length_form():
    oid = der.encode_oid("2.16.840.1.101.3.4.2.1")
    for null in (b"\x05\x00", b"\x05\x81\x00", b"\x05\x82\x00\x00"):
        assert digest_of_identifier(der.encode(der.SEQUENCE, oid, null)).name == "sha256"
    for other in (b"\x05\x01\x00", b"\x04\x00"):
        with pytest.raises(CertificateError, match="algorithm-unsupported"):
            digest_of_identifier(der.encode(der.SEQUENCE, oid, other))


def test_algorithms_that_are_made_are_read_again():
    made = [
        SignatureAlgorithm(Family.RSA_PKCS1, d) for d in ("sha1", "sha224", "sha256", "sha384", "sha512", "sha3-256")
    ]
    made += [SignatureAlgorithm(Family.ECDSA, d) for d in ("sha256", "sha384", "sha512")]
    made += [SignatureAlgorithm(Family.ED25519), SignatureAlgorithm(Family.ED448)]
    made += [
        SignatureAlgorithm(Family.RSA_PSS, d, d, DIGESTS[d].of(b"").__len__()) for d in ("sha256", "sha384", "sha512")
    ]
    for algorithm in made:
        assert signature_algorithm(identifier_of(algorithm)) == algorithm


@pytest.mark.parametrize(
    "algorithm",
    [
        SignatureAlgorithm(Family.DSA, "sha256"),
        SignatureAlgorithm(Family.UNKNOWN, name="1.2.3"),
        SignatureAlgorithm(Family.RSA_PSS, "sha256"),
        SignatureAlgorithm(Family.RSA_PKCS1, "md5-sha1"),
    ],
)
def test_algorithms_that_are_not_made(algorithm):
    with pytest.raises(CertificateError):
        identifier_of(algorithm)


def pss(*fields):
    parameters = der.encode(der.SEQUENCE, *fields)
    return der.encode(der.SEQUENCE, der.encode_oid("1.2.840.113549.1.1.10"), parameters)


def test_pss_parameters():
    assert signature_algorithm(pss()) == SignatureAlgorithm(Family.RSA_PSS, "sha1", "sha1", 20)
    one = der.encode(0xA3, b"\x02\x01\x01")
    assert signature_algorithm(pss(one)).salt == 20
    no_mgf1 = der.encode(0xA1, der.encode(der.SEQUENCE, der.encode_oid("1.2.3")))
    for bad in (
        der.encode(0xA3, b"\x02\x01\x02"),
        der.encode(0xA2, b"\x02\x01\xff"),
        der.encode(0xA4, b"\x05\x00"),
        no_mgf1,
    ):
        with pytest.raises(CertificateError):
            signature_algorithm(pss(bad))
    assert signature_algorithm(der.encode(der.SEQUENCE, der.encode_oid("1.2.840.113549.1.1.10"))).digest == "sha1"


def test_names_of_algorithms():
    unknown = signature_algorithm(der.encode(der.SEQUENCE, der.encode_oid("1.2.3")))
    assert (unknown.family, str(unknown)) == (Family.UNKNOWN, "1.2.3")
    assert str(SHA256) == "rsa-pkcs1-sha256"
    assert str(SignatureAlgorithm(Family.ED25519)) == "ed25519"
    assert str(SignatureAlgorithm(Family.RSA_PSS, "sha256", "sha256", 32)) == "rsa-pss-sha256"
    assert str(SignatureAlgorithm(Family.RSA_PSS, "sha256", "sha256", 0)) == "rsa-pss-sha256 (MGF1 sha256, salt 0)"
    assert str(SignatureAlgorithm(Family.RSA_PSS, "sha256", "sha1", 32)) == "rsa-pss-sha256 (MGF1 sha1, salt 32)"
    assert str(SignatureAlgorithm(Family.RSA_PSS, "ripemd160", "ripemd160", 20)) == "rsa-pss-ripemd160"
    rsa = der.encode(der.SEQUENCE, der.encode_oid("1.2.840.113549.1.1.1"), b"\x05\x00")
    assert signature_algorithm(rsa, DIGESTS["sha384"]).digest == "sha384"
    assert signature_algorithm(rsa).digest is None
    for bad in (b"", b"\x31\x00", b"\x30\x00", b"\x30\x02\x05\x00"):
        with pytest.raises(CertificateError):
            signature_algorithm(bad)


def test_digests():
    assert digest_of_uri("http://www.w3.org/2001/04/xmlenc#sha256") is DIGESTS["sha256"]
    assert digest_of_uri("urn:x") is None
    for row in DIGESTS.values():
        named = der.encode(der.SEQUENCE, der.encode_oid(row.oid), row.parameters or b"\x05\x00")
        assert digest_of_identifier(named) is row
        if row.hashlib is None:
            with pytest.raises(CertificateError):
                hasher(row)
    for bad in (der.encode_oid("1.2.3"), der.encode_oid(DIGESTS["sha256"].oid) + b"\x02\x01\x01"):
        with pytest.raises(CertificateError):
            digest_of_identifier(der.encode(der.SEQUENCE, bad))


def test_shake256_has_one_length():
    """RFC 8419, 2.3, and RFC 8702, 3.1: both names of SHAKE256 stand for 64 octets."""
    octets = "Kính gửi".encode()
    row = DIGESTS["shake256"]
    assert row.of(octets) == hashlib.shake_256(octets).digest(64)
    oid = "2.16.840.1.101.3.4.2."
    for name, parameters, known in (
        (oid + "12", b"", True),
        (oid + "18", b"\x02\x02\x02\x00", True),
        (oid + "18", b"\x02\x02\x01\x00", False),
        (oid + "18", b"", False),
        (oid + "12", b"\x05\x00", False),
    ):
        octets = der.encode(der.SEQUENCE, der.encode_oid(name), parameters)
        if known:
            assert digest_of_identifier(octets) is row
        else:
            with pytest.raises(CertificateError, match="algorithm-unsupported"):
                digest_of_identifier(octets)


def test_a_digest_that_this_python_does_not_have(monkeypatch):
    monkeypatch.setattr("vndoc.pki.algorithms.hashlib.new", refused)
    with pytest.raises(CertificateError) as caught:
        hasher(DIGESTS["sha512-256"])
    assert caught.value.code == "algorithm-unsupported"


def refused(name, **_how):
    raise ValueError(name)


def test_keys_of_other_kinds_are_refused():
    spki = x25519.X25519PrivateKey.generate().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for octets in (spki, b"", b"\x30\x00"):
        with pytest.raises(CertificateError) as caught:
            load_public_key(octets)
        assert caught.value.code == "key-unsupported"


# -- crypto policies --------------------------------------------------------------------------------------

END = datetime.date(2025, 12, 31)


def policy(**how):
    keys = {Use.DOCUMENT: {Family.RSA_PKCS1: (KeyRule(1024, END), KeyRule(2048)), Family.RSA_PSS: (KeyRule(2048),)}}
    digests = {Use.DOCUMENT: {"sha256": None, "sha1": END}}
    return CryptoPolicy(**{"name": "p", "keys": keys, "digests": digests, **how})


def test_until_when_an_algorithm_counts():
    p = policy()
    assert p.until(Use.DOCUMENT, SHA256, 2048) == datetime.date.max
    assert p.until(Use.DOCUMENT, SHA256, 1024) == END
    assert p.until(Use.DOCUMENT, SHA256, 1023) is None
    assert p.until(Use.DOCUMENT, SHA256) == datetime.date.max
    assert p.until(Use.DOCUMENT, SignatureAlgorithm(Family.RSA_PKCS1, "sha1"), 2048) == END
    assert p.until(Use.DOCUMENT, SignatureAlgorithm(Family.RSA_PKCS1, "md5"), 2048) is None
    assert p.until(Use.IMPRINT, SHA256, 2048) is None
    assert p.digest_until(Use.IMPRINT, None) == datetime.date.max
    assert repr(p) == "CryptoPolicy('p')"


@pytest.mark.parametrize(("mgf", "salt", "plain"), [("sha256", 32, True), ("sha1", 32, False), ("sha256", 20, False)])
def test_plain_pss(mgf, salt, plain):
    algorithm = SignatureAlgorithm(Family.RSA_PSS, "sha256", mgf, salt)
    assert (policy().until(Use.DOCUMENT, algorithm, 2048) is not None) is plain
    assert policy(pss_plain=False).until(Use.DOCUMENT, algorithm, 2048) == datetime.date.max
    odd = SignatureAlgorithm(Family.RSA_PSS, None, mgf, salt)
    assert policy().until(Use.DOCUMENT, odd, 2048) is None


def test_days_are_those_of_vietnam():
    p = policy()
    last = datetime.datetime(2025, 12, 31, 16, 59, 59, tzinfo=datetime.UTC)
    assert p.judge(Use.DOCUMENT, SHA256, last, 1024) is Ruling.ACCEPTED
    assert p.judge(Use.DOCUMENT, SHA256, last + datetime.timedelta(seconds=1), 1024) is Ruling.EXPIRED
    assert p.judge(Use.DOCUMENT, SHA256, last, 512) is Ruling.REFUSED
    assert p.judge(Use.DOCUMENT, SHA256, day(9999, 12, 31) + datetime.timedelta(hours=20), 1024) is Ruling.EXPIRED
    with pytest.raises(UsageError, match="zone"):
        p.judge(Use.DOCUMENT, SHA256, datetime.datetime(2026, 1, 1), 2048)  # noqa: DTZ001


def test_policies_do_not_change():
    with pytest.raises(TypeError):
        POLICY.keys[Use.DOCUMENT][Family.DSA] = ()


# -- outcomes ---------------------------------------------------------------------------------------------


def kind(code, indication=None, sub=None):
    return ReasonKind(code=code, indication=indication, sub_indication=sub, text=Text("Số {n}", "Number {n}"))


FAILED = kind("failed", Indication.FAILED, SubIndication.HASH_FAILURE)
LATER = kind("later", Indication.INDETERMINATE, SubIndication.TRY_LATER)
NOTE = kind("note")


def test_what_reasons_make_together():
    note, later, failed = (Reason.of(k, n=1) for k in (NOTE, LATER, FAILED))
    assert outcome_of([]) == Outcome(Indication.PASSED)
    assert outcome_of([note]).passed
    assert outcome_of([note, later]) == Outcome(Indication.INDETERMINATE, SubIndication.TRY_LATER, (later, note))
    both = outcome_of([note, later, failed])
    assert (both.indication, both.sub_indication) == (Indication.FAILED, SubIndication.HASH_FAILURE)
    assert [r.code for r in both.reasons] == ["failed", "later", "note"]
    assert not both.passed


def test_reasons_mask_numbers():
    reason = Reason.of(LATER, place="SignerInfo[1]", n="001099000001")
    assert reason.text() == "Number *********001"
    assert repr(reason) == "Reason('later' at SignerInfo[1]: Number *********001)"
    assert Reason.of(NOTE, n=Text("một", "one")).text("vi") == "Số một"
    assert not Reason.of(NOTE).decides
    assert "at" not in repr(Reason.of(NOTE, n=1))
