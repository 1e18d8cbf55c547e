"""The usual CMS signature is read in one walk; what that finds is what the general way finds, octet by octet."""

from __future__ import annotations

import datetime
import hashlib
import struct
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import attrs
import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_support import (
    AT,
    CONTENT,
    PSS,
    RSA,
    OpenSsl,
    attributes_of,
    authority,
    made,
    other,
    person,
    root,
    rows,
    signed,
)
from test_cms_properties import DIRECT, STAMPED, TOKEN
from test_short_ways import changed
from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import SourceError, VndocError
from vndoc.limits import DEFAULT
from vndoc.pki import Certificate, Purpose, TrustStore, der
from vndoc.signature import _cms_usual, cms
from vndoc.signature._cms_attributes import ALGORITHM_PROTECTION, SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2
from vndoc.signature._cms_encode import attribute, digest_identifier, integer, octet_string, set_of
from vndoc.signature._cms_make import Container
from vndoc.signature.cms import read_cms
from vndoc.signature.etsi import verdict_to_etsi
from vndoc.signature.evaluation import verify_cms
from vndoc.signature.facts import SignatureFacts

CERTIFICATES = (person().certificate, *authority().chain, other().certificate, person("rsa-2048").certificate)
PLAIN = rows(certificate=None)
SERIAL = integer(person().certificate.serial)


def entry(*parts: bytes) -> bytes:
    """Return signing-certificate with one entry of *parts*."""
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, *parts)))


def by_name(number: bytes = SERIAL) -> bytes:
    """Return IssuerSerial."""
    name = der.encode(der.context(4), person().certificate.issuer)
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, name), number)


def digest(name: str, who: Certificate | None = None) -> bytes:
    return octet_string(hashlib.new(name, (who or person().certificate).der).digest())


def with_id(value: bytes, oid: str = SIGNING_CERTIFICATE_V2, **more: bytes) -> bytes:
    return made(attributes_of(PLAIN | {oid: value} | more))


def carrying(*certificates: Certificate) -> bytes:
    """Return a signature without signing-certificate that carries *certificates*."""
    from cms_support import P256, Recipe, info_of  # noqa: PLC0415

    info = info_of(Recipe(who=person(), algorithm=P256, attributes=attributes_of(PLAIN)))
    return Container.new(cms.DATA, None).with_signer(info, "sha256", certificates).octets()


USUAL = {
    "detached": signed(),
    "encapsulated": signed(detached=False, signing_time=AT),
    "signing time": signed(signing_time=AT),
    "RSA": signed(who=person("rsa-2048"), algorithm=RSA, signing_time=AT),
    "PSS": signed(who=person("rsa-2048"), algorithm=PSS),
    "EdDSA": signed(who=person("ed25519")),
    "SHA-384": signed(who=person("p384")),
    "no signing-certificate": made(attributes_of(PLAIN)),
    "version 1": with_id(entry(digest("sha1")), SIGNING_CERTIFICATE),
    "version 1 with serial number": with_id(entry(digest("sha1"), by_name()), SIGNING_CERTIFICATE),
    "version 2 with serial number": with_id(entry(digest("sha256"), by_name())),
    "version 2, SHA-512": with_id(entry(digest_identifier("sha512"), digest("sha512"))),
    "both": with_id(entry(digest("sha256")), SIGNING_CERTIFICATE_V2, **{SIGNING_CERTIFICATE: entry(digest("sha1"))}),
    "twice the same certificate": carrying(person().certificate, *authority().chain, person().certificate),
    "all certificates": carrying(person().certificate, *authority().chain),
}
OTHERS = {
    "timestamp": STAMPED,
    "token": TOKEN,
    "no signed attributes": DIRECT,
    "another serial number": with_id(entry(digest("sha256"), by_name(integer(5)))),
    "another certificate": with_id(entry(digest("sha256", other().certificate))),
    "another encoding": with_id(der.encode(der.SEQUENCE, b"\x30\x26\x30\x80" + digest("sha256") + b"\0\0")),
    "an unknown digest": with_id(entry(der.encode(der.SEQUENCE, der.encode_oid("1.2.3")), digest("sha256"))),
    "algorithm protection": made(
        attributes_of(PLAIN | {ALGORITHM_PROTECTION: der.encode(der.SEQUENCE, digest_identifier("sha256"))})
    ),
    "an attribute of its own": made(attributes_of(PLAIN | {"1.2.3": der.encode(der.SEQUENCE)})),
    "an attribute twice": made(set_of([attribute(oid, value) for oid, value in PLAIN.items()] * 2)),
    "no order": made(b"\x31" + attributes_of(PLAIN)[1:2] + attributes_of(PLAIN)[28:] + attributes_of(PLAIN)[2:28]),
    "nobody": carrying(*authority().chain),
    "another content type": made(attributes_of(rows(content_type=der.encode_oid("1.2.3")))),
    "a message digest that is empty": made(attributes_of(rows(message_digest=octet_string(b"")))),
    "a message digest of another type": made(attributes_of(rows(message_digest=integer(5)))),
    "a key identifier": made(attributes_of(PLAIN), sid=b"\x80\x14" + (person().certificate.subject_key_id or b"")),
    "octets behind it": signed() + b"\0",
}
SAMPLES = [*USUAL.values(), *OTHERS.values()]


def generally() -> object:
    """Return a context in which there is no usual way."""
    return mock.patch.object(_cms_usual, "_walked", return_value=None)


def walked(data: bytes, known: tuple[Certificate, ...] = (), **how: object) -> object:
    """Return what the usual way finds, if it is one."""
    try:
        return _cms_usual._walked(data, known, attrs.evolve(DEFAULT, **how), {})
    except (LookupError, ValueError, struct.error):
        return None


def told(read: Callable[[], tuple[SignatureFacts, ...]]) -> object:
    """Return the facts with what they say of certificates, or the error."""
    try:
        found = read()
    except VndocError as error:
        return error.code, dict(error.values)
    return found, [[(one.verify(c), one.binding(c)) for c in CERTIFICATES[:2]] for one in found]


def assert_same(data: bytes, content: bytes | None = CONTENT, **how: object) -> None:
    usual = told(lambda: read_cms(data, content=content, **how))  # type: ignore[arg-type]
    with generally():  # type: ignore[attr-defined]
        assert told(lambda: read_cms(data, content=content, **how)) == usual  # type: ignore[arg-type]


@pytest.mark.parametrize("name", USUAL)
def test_the_usual_way_is_taken(name: str) -> None:
    assert walked(USUAL[name]) is not None
    for content in (CONTENT, None, CONTENT + b"."):
        assert_same(USUAL[name], content)
        assert_same(USUAL[name], content, certificates=CERTIFICATES)
    read = read_cms(USUAL[name], content=None if name == "encapsulated" else CONTENT)
    assert read[0].candidates[0].serial == read[0].candidates[-1].serial
    assert not [one for one in read[0].reasons if one.decides]


@pytest.mark.parametrize("name", OTHERS)
def test_others_go_the_general_way(name: str) -> None:
    assert walked(OTHERS[name]) is None
    assert_same(OTHERS[name])
    assert_same(OTHERS[name], certificates=CERTIFICATES)


def test_who_made_it_with_openssl(program: Callable[[str], str], tmp_path: Path) -> None:
    openssl = OpenSsl(program("openssl"), tmp_path)
    for options in ([], ["-nosmimecap"], ["-nosmimecap", "-cades"], ["-nosmimecap", "-nocerts"], ["-keyid"]):
        data = openssl.sign([person("rsa-2048")], *options)
        assert_same(data)
        assert_same(data, certificates=CERTIFICATES)
    data = openssl.sign([person("rsa-2048")], "-nosmimecap", "-cades")
    assert walked(data) is not None
    assert read_cms(data, content=CONTENT)[0].form == "cades"


@pytest.mark.parametrize("name", ["detached", "encapsulated", "version 1 with serial number", "both", "PSS"])
def test_every_octet_and_every_length(name: str) -> None:
    data = USUAL[name]
    content = None if name == "encapsulated" else CONTENT
    inside = range(data.find(CONTENT) + 1, data.find(CONTENT) + len(CONTENT)) if CONTENT in data else ()
    for at in sorted({*range(len(data))}.difference(inside)):
        for octet in {data[at] ^ 1, data[at] ^ 0x80, (data[at] - 1) % 256} - {data[at]}:
            assert_same(data[:at] + bytes((octet,)) + data[at + 1 :], content)
        assert_same(data[:at])


@hypothesis.settings(max_examples=1500)
@given(data=changed(SAMPLES), known=st.booleans(), apart=st.booleans())
def test_any_octets(data: bytes, known: bool, apart: bool) -> None:
    assert_same(data, CONTENT if apart else None, certificates=CERTIFICATES if known else ())


LIMITS = [
    {"cms_signers": 0},
    {"cms_certificates": 0},
    {"cms_certificates": 1},
    {"cms_bytes": 100},
    {"signed_attributes_bytes": 20},
]


@pytest.mark.parametrize("limits", LIMITS)
def test_limits_count(limits: dict[str, int]) -> None:
    for data in (USUAL["detached"], USUAL["all certificates"], USUAL["encapsulated"]):
        assert_same(data, limits=attrs.evolve(DEFAULT, **limits))
    assert walked(USUAL["all certificates"], **limits) is None


def test_limits_that_are_just_kept() -> None:
    data = USUAL["all certificates"]
    for name in ("cms_bytes", "signed_attributes_bytes", "cms_certificates"):
        least = next(size for size in range(5000) if walked(data, **{name: size}) is not None)
        for size in (least, least - 1):
            assert_same(data, limits=attrs.evolve(DEFAULT, **{name: size}))


def twin(**how: object) -> Certificate:
    """Return another certificate of the same issuer."""
    return authority().issue({"CN": "Bình"}, **how).certificate  # type: ignore[arg-type]


def test_certificates_that_are_alike() -> None:
    mine = person()
    key = authority().issue({"CN": "Khác"}, key=mine.key).certificate
    for more in ((key,), (key, mine.certificate), (mine.certificate, key, mine.certificate), (twin(key="p256"),)):
        for name in ("no signing-certificate", "detached", "version 1", "version 1 with serial number"):
            assert_same(USUAL[name], certificates=more)
    with generally():  # type: ignore[attr-defined]
        [facts] = read_cms(USUAL["no signing-certificate"], content=CONTENT, certificates=[key])
    assert facts.candidates == (mine.certificate, key)
    assert walked(USUAL["no signing-certificate"], (key,)) is None
    renamed = attrs.evolve(key, serial=mine.certificate.serial)  # the same serial number, of another issuer or octets
    for name in ("no signing-certificate", "detached", "version 1"):
        assert walked(USUAL[name], (renamed,)) is None
        assert_same(USUAL[name], certificates=[renamed])


def test_a_digest_that_two_certificates_share() -> None:
    """SHA-1 does not tell certificates apart for ever: where it alone names one, all others are asked."""
    shared = hashlib.sha1(person().certificate.der, usedforsecurity=False).digest()
    with mock.patch.object(_cms_usual.DIGESTS["sha1"].__class__, "of", return_value=shared):
        with generally():  # type: ignore[attr-defined]
            [facts] = read_cms(USUAL["version 1"], content=None, certificates=[other().certificate])
        assert facts.candidates == (person().certificate, other().certificate)
        assert walked(USUAL["version 1"], (other().certificate,)) is None
        assert read_cms(USUAL["version 1"], certificates=[other().certificate]) == (facts,)


def test_content_that_cannot_be_read() -> None:
    class Broken:
        size = 5

        def open(self) -> object:
            raise OSError(5, "broken")

    for data in (USUAL["detached"], STAMPED):
        with pytest.raises(SourceError) as raised:
            read_cms(data, content=Broken())  # type: ignore[arg-type]
        assert raised.value.code == "source-unreadable"


def test_kinds_of_octets() -> None:
    data = USUAL["detached"]
    [facts] = read_cms(data, content=CONTENT)
    for given_ in (bytearray(data), memoryview(data), MemoryOctets(data)):
        assert read_cms(given_, content=MemoryOctets(CONTENT)) == (facts,)  # type: ignore[arg-type]
    assert facts.covered[0].octets == MemoryOctets(CONTENT)


STORE = TrustStore.of([root()], purposes=[Purpose.GOVERNMENT])
HOLDING = STORE.with_pool([*authority().chain, person().certificate, other().certificate])
WHEN = AT + datetime.timedelta(days=30)


def report(data: bytes, content: bytes | None, trust: TrustStore) -> object:
    """Return the whole verdict as it is exported, or the error."""
    try:
        verdict = verify_cms(data, content=content, policy="vn_default", trust=trust, at=WHEN)
    except VndocError as error:
        return error.code, dict(error.values)
    return verdict.to_json(), verdict_to_etsi(verdict)


def assert_same_report(data: bytes, content: bytes | None = CONTENT) -> None:
    for trust in (STORE, HOLDING):
        found = report(data, content, trust)
        with generally():  # type: ignore[attr-defined]
            assert report(data, content, trust) == found


@pytest.mark.parametrize("data", SAMPLES)
def test_whole_reports_are_the_same(data: bytes) -> None:
    assert_same_report(data)
    assert_same_report(data, None)
    assert_same_report(data, CONTENT[:-1])


def test_reports_of_every_octet() -> None:
    data = USUAL["signing time"]
    for at in range(0, len(data), 3):
        assert_same_report(data[:at] + bytes((data[at] ^ 1 << at % 8,)) + data[at + 1 :])


def test_what_the_store_has_is_taken_from_there() -> None:
    """A certificate of the signature is that of the store where the octets are the same, and no other."""
    data = USUAL["all certificates"]
    verdict = verify_cms(data, content=CONTENT, policy="vn_default", trust=HOLDING, at=WHEN)
    held = HOLDING.certificates_by_octets
    assert held.keys() == {c.der for c in (*authority().chain, person().certificate, other().certificate)}
    assert all(one is held[one.der] for one in verdict.signatures[0].carried)
    none = TrustStore()
    assert not none.certificates_by_octets
    assert none.with_pinned(root(), purposes=[Purpose.NATIONAL]).certificates_by_octets == {root().der: root()}
