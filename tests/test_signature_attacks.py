"""The attacks of the specification through the front door: A1 to A13, A17, A19 and A20, each with its own verdict.

Every row has a twin that is honest: it passes the same question, so what is refused is the attack; and the reason of
the row is the only one that decides. How each is found in a format is tested with that format.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

import cms_support as cs
from test_xmldsig_attacks import KINDS
from verdict_support import GOOD
from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import ReadError
from vndoc.pki import Indication, Purpose, SubIndication, TrustStore, der
from vndoc.signature import verify_cms, verify_xml
from vndoc.signature._cms_encode import attribute
from vndoc.signature._cms_make import opened, with_unsigned
from vndoc.signature.report import Verdict
from vndoc.testing.pki import Authority, TimestampAuthority
from xmlsig_support import (
    AN,
    AT,
    C14N,
    CA,
    DS,
    ENVELOPED,
    MORE,
    ROOT,
    b64,
    certificates,
    edited,
    enveloped,
    reference,
    sealed,
    signature,
)

STORE = TrustStore.of([ROOT.certificate], purposes={Purpose.GOVERNMENT}).with_pool([CA.certificate])
CMS_STORE = TrustStore.of([cs.root()], purposes={Purpose.GOVERNMENT, Purpose.TIMESTAMP}).with_pool(
    [cs.authority().certificate]
)
OUTSIDE = b"n\xe1\xbb\x99i dung"
FAILED, OPEN = Indication.FAILED, Indication.INDETERMINATE
HASH, FORMAT, VALUE = SubIndication.HASH_FAILURE, SubIndication.FORMAT_FAILURE, SubIndication.SIG_CRYPTO_FAILURE


def xml(data: bytes, **how: Any) -> Verdict:
    return verify_xml(data, **{"policy": "vn_default", "trust": STORE, "at": AT, "revocation": GOOD} | how)


def cms(data: bytes, content: bytes | None = cs.CONTENT, **how: Any) -> Verdict:
    how = {"policy": "vn_default", "trust": CMS_STORE, "at": cs.AT, "revocation": GOOD} | how
    return verify_cms(data, content=content, **how)


def decided(verdict: Verdict) -> set[str]:
    return {reason.code for report in verdict for reason in report.reasons if reason.decides}


HONEST = sealed(enveloped())
BY_ID = sealed(f'<a><b Id="x">1</b>{signature(reference("#x"))}</a>')
DETACHED = sealed(signature(reference("cid:x", b64(hashlib.sha256(OUTSIDE).digest()))))


def test_the_honest_twins_pass():
    for data in (HONEST, BY_ID):
        assert xml(data).passed, xml(data).reasons
    assert xml(DETACHED, resolver=lambda _: MemoryOctets(OUTSIDE)).passed
    for kind in KINDS.values():
        assert xml(kind.signed("root").encode()).passed
        assert xml(kind.signed("inner").encode()).passed
    assert cms(cs.signed()).passed, cms(cs.signed()).reasons


# -- A1: wrapping --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", range(1, 10))
def test_a1_wrapping_passes_nowhere(number, kind):
    verdict = xml(KINDS[kind].wrapped(number).encode())
    assert not verdict.passed
    code = "unsigned-twin" if number in (3, 4, 7) else "signature-wrapping"
    assert code in decided(verdict) <= {code, "digest-mismatch", "covered-data-changed"}


# -- A2 to A9: what is refused while it is read --------------------------------------------------------

XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"


def transformed(*uris: str) -> bytes:
    return sealed(f"<a>{signature(reference('', b64(b'0' * 32), transforms=uris))}</a>")


def mac() -> bytes:
    """Return a document with a MAC under the certificate's public octets, which everybody has."""
    data = sealed(enveloped(method=MORE + "hmac-sha256"))
    [report] = xml(data)
    value = b64(hmac.digest(AN.certificate.spki, report.signed_octets, "sha256"))
    return edited(data, "<SignatureValue>.*</SignatureValue>", f"<SignatureValue>{value}</SignatureValue>")


def twice() -> bytes:
    info = HONEST[HONEST.index(b"<SignedInfo>") : HONEST.index(b"</SignedInfo>") + 13]
    return HONEST.replace(info, info + info.replace(b"<DigestValue>", b"<DigestValue>AAAA"))


CONSTRAINTS = SubIndication.SIG_CONSTRAINTS_FAILURE
READ: dict[str, tuple[bytes, set[str], Indication, SubIndication]] = {
    "A2 an Id twice": (
        BY_ID.replace(b"</a>", b'<c ID="x"/></a>'),
        {"duplicate-id", "signed-data-not-found"},
        FAILED,
        FORMAT,
    ),
    "A3 XSLT": (transformed(XSLT), {"xslt-refused"}, OPEN, CONSTRAINTS),
    "A3 XPath": (transformed(ENVELOPED, XPATH), {"xpath-refused"}, OPEN, CONSTRAINTS),
    "A3 many transforms": (transformed(*[C14N] * 5000), {"too-many-transforms"}, OPEN, CONSTRAINTS),
    "A5 another host": (
        sealed(signature(reference("http://localhost/x", b64(hashlib.sha256(OUTSIDE).digest())))),
        {"signed-data-not-found"},
        OPEN,
        SubIndication.SIGNED_DATA_NOT_FOUND,
    ),
    "A6 HMAC with a certificate": (
        mac(),
        {"hmac-refused", "algorithm-not-accepted"},
        OPEN,
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
    ),
    "A6 truncation": (
        sealed(enveloped(inner="<HMACOutputLength>8</HMACOutputLength>")),
        {"hmac-output-length"},
        FAILED,
        FORMAT,
    ),
    "A7 a comment in a digest": (
        HONEST.replace(b"<DigestValue>", b"<DigestValue><!-- x -->"),
        {"text-not-plain"},
        FAILED,
        FORMAT,
    ),
    "A8 two SignedInfo": (twice(), {"signed-info-repeated", "no-signing-certificate"}, FAILED, FORMAT),
    "A17 a thousand references": (
        sealed(f"<a>{signature(*[reference('', b64(b'0' * 32))] * 1000)}</a>"),
        {"too-many-references"},
        OPEN,
        CONSTRAINTS,
    ),
}
"""Octets, what decides (the first is the attack, the others follow from it), the answer."""


@pytest.mark.parametrize("attack", READ)
def test_what_is_refused_while_it_is_read(attack):
    data, codes, indication, sub = READ[attack]
    verdict = xml(data)
    assert decided(verdict) == codes
    assert (verdict.indication, verdict.sub_indication) == (indication, sub)
    for report in verdict:
        assert all(reason.text("vi") != reason.text("en") for reason in report.reasons)


def test_a4_a_doctype_is_refused_before_anything_is_read():
    with pytest.raises(ReadError) as caught:
        xml(b'<!DOCTYPE a SYSTEM "file:///etc/passwd">' + HONEST)
    assert caught.value.code == "xml-dtd"


def test_a9_what_is_handed_out_is_what_was_digested_whatever_another_parser_would_read():
    """A comment splits the text for whoever reads the first text node; the octets handed out have none."""
    split = HONEST.replace("Kính gửi".encode(), "Kính<!-- x --> gửi".encode())
    verdict = xml(split)
    assert verdict.passed
    [report] = verdict
    with report.covers[0].octets.open() as file:
        assert file.read() == "<a><b>Kính gửi</b></a>".encode()


# -- A10, A11: algorithms and values -------------------------------------------------------------------

WEAK = CA.person("Người ký cũ", key="rsa-1024")


@pytest.mark.parametrize("policy", ["vn_default", "vn_15_2025_strict", "archive"])
def test_a10_weaker_algorithms_are_intact_and_not_accepted(policy):
    sha1 = sealed(enveloped(method=DS + "rsa-sha1"), digest="sha1")
    short = sealed(enveloped(key_info=certificates(WEAK)), WEAK)
    expired = {"algorithm-not-accepted"} if policy == "vn_15_2025_strict" else {"algorithm-expired-no-proof"}
    ended = {"algorithm-expired-no-proof"} if policy == "archive" else {"algorithm-not-accepted"}
    for data, codes in ((sha1, expired), (short, ended)):
        verdict = xml(data, policy=policy)
        assert decided(verdict) == codes
        assert verdict.indication is OPEN
        assert [report.value_right for report in verdict] == [True]
    md5 = xml(sealed(enveloped(method=MORE + "rsa-md5")), policy=policy)
    assert decided(md5) == {"signature-digest-refused", "algorithm-not-accepted"}


SMALL = CA.person("Người ký số mũ ba", key=rsa.generate_private_key(public_exponent=3, key_size=2048))
INFO = bytes.fromhex("3031300d060960864801650304020105000420")
"""DigestInfo of SHA-256 as PKCS #1 has it."""


def cube_root(number: int) -> int:
    low, high = 0, 1 << (number.bit_length() // 3 + 2)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if middle**3 < number else (low, middle)
    return low


def padded(digest: bytes, info: bytes, filler: int) -> bytes:
    return b"\x00\x01" + b"\xff" * filler + b"\x00" + info + digest


def without_a_key(digest: bytes) -> bytes:
    """Return a value whose cube begins as a signature does, made by nobody's key (Bleichenbacher, 2006)."""
    start = padded(digest, INFO, 8)
    return cube_root(int.from_bytes(start + bytes(256 - len(start)), "big")).to_bytes(256, "big")


def by_the_key(info: bytes) -> Callable[[bytes], bytes]:
    """Return how the holder of the key signs another block than PKCS #1 wants."""

    def value(digest: bytes) -> bytes:
        numbers = SMALL.key.private_numbers()
        block = padded(digest, info, 256 - 3 - len(info) - len(digest))
        return pow(int.from_bytes(block, "big"), numbers.d, numbers.public_numbers.n).to_bytes(256, "big")

    return value


LENIENT = {
    "rubbish after the digest": (without_a_key, INFO),
    "no NULL": (by_the_key(INFO.replace(b"\x05\x00", b"").replace(b"\x30\x31\x30\x0d", b"\x30\x2f\x30\x0b")), None),
    "no DigestInfo": (by_the_key(b""), b""),
}


@pytest.mark.parametrize("how", LENIENT)
def test_a11_values_that_a_lenient_verifier_takes(how):
    """The block ends in the right digest, or begins with it: whoever looks for it there would say yes."""
    make, info = LENIENT[how]
    honest = sealed(enveloped(key_info=certificates(SMALL)), SMALL)
    assert xml(honest).passed, xml(honest).reasons
    [report] = xml(honest)
    digest = hashlib.sha256(report.signed_octets).digest()
    value = make(digest)
    n = SMALL.key.public_key().public_numbers().n
    opened_ = pow(int.from_bytes(value, "big"), 3, n).to_bytes(256, "big")
    assert opened_.startswith(b"\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff")
    assert digest in opened_
    assert info is None or opened_.lstrip(b"\x00").lstrip(b"\x01").lstrip(b"\xff").startswith(b"\x00" + info + digest)
    forged = edited(honest, "<SignatureValue>.*</SignatureValue>", f"<SignatureValue>{b64(value)}</SignatureValue>")
    verdict = xml(forged)
    assert decided(verdict) == {"signature-value-wrong"}
    assert (verdict.indication, verdict.sub_indication) == (FAILED, VALUE)


# -- A12, A13: CMS -------------------------------------------------------------------------------------


def test_a12_signed_attributes_replayed_as_content():
    victim = cs.read(cs.made(cs.attributes_of(cs.rows())))
    recipe = cs.Recipe(who=cs.person(), algorithm=cs.P256, attributes=None, value=victim.signature_value)
    verdict = cms(cs.container(cs.info_of(recipe), content=victim.signed_octets), None)
    assert decided(verdict) == {"content-is-attributes"}
    assert [report.value_right for report in verdict] == [True]
    assert not verdict.passed
    content = b"plain"
    plain = cs.Recipe(who=cs.person(), algorithm=cs.P256, attributes=None, over=content)
    assert cms(cs.container(cs.info_of(plain), content=content), None).passed


def test_a13_a_certificate_exchanged_for_one_with_the_same_key():
    """Another person holds a certificate over the same key; the signed attribute names the right one."""
    who = cs.person()
    twin = cs.authority().person("Trần Văn Bình", cccd="001099000002", key=who.key)
    recipe = cs.Recipe(
        who=attrs.evolve(who, certificate=twin.certificate),
        algorithm=cs.P256,
        attributes=cs.attributes_of(cs.rows()),
    )
    _, held = opened(cs.container(cs.info_of(recipe)))
    verdict = cms(attrs.evolve(held, certificates=(twin.certificate.der,)).octets())
    assert "signing-certificate-differs" in decided(verdict)
    assert decided(verdict) <= {"signing-certificate-differs", "no-signing-certificate"}
    assert not verdict.passed
    both = cms(attrs.evolve(held, certificates=(twin.certificate.der, who.certificate.der)).octets())
    assert both.passed, both.reasons
    assert [report.certificate for report in both] == [who.certificate]


# -- A17, A19, A20: paths, timestamps, names -----------------------------------------------------------


def test_a17_a_web_of_authorities_ends():
    """Nine authorities of which each certifies every other: there are millions of paths, and none to an anchor."""
    web = [Authority.root(f"Mạng {number}", key="p256") for number in range(9)]
    pool = [a.subordinate(b.certificate.subject, key=b.key).certificate for a in web for b in web if a is not b]
    lost = web[0].person("Người ký trong mạng")
    verdict = xml(sealed(enveloped(key_info=certificates(lost)), lost), trust=STORE.with_pool(pool))
    assert "path-limit" in decided(verdict)
    assert verdict.indication is OPEN
    found = STORE.with_pool(pool).with_anchor(web[0].certificate, purposes={Purpose.GOVERNMENT})
    assert xml(sealed(enveloped(key_info=certificates(lost)), lost), trust=found).passed


def test_a19_a_timestamp_of_another_signature():
    stamp = TimestampAuthority(identity=cs.authority().tsa(key="rsa-2048"), time=cs.AT)
    theirs = cs.signed(b"other", who=cs.other(), stamp=stamp)
    assert [report.best_signature_time for report in cms(theirs, b"other")] == [cs.AT]
    token = cs.read(theirs, b"other").timestamps[0].token.octets
    held = attribute("1.2.840.113549.1.9.16.2.14", token)
    verdict = cms(cs.changed(cs.signed(), lambda info: with_unsigned(der.read(info), held)))
    assert decided(verdict) == {"timestamp-not-assured"}
    [told] = [timestamp.outcome for report in verdict for timestamp in report.timestamps]
    assert next(reason.code for reason in told.reasons if reason.decides) == "timestamp-imprint-differs"
    assert [report.value_right for report in verdict] == [True]
    assert [report.best_signature_time for report in verdict] == [None]
    assert verdict.indication is OPEN


def test_a20_the_same_names_under_another_key():
    root = Authority.root("Gốc thử nghiệm", key="p384")
    liar = root.subordinate("CA thử nghiệm", key="p384").person("Nguyễn Văn An", cccd="001099000001", key=AN.key)
    assert (liar.certificate.subject, liar.certificate.issuer) == (AN.certificate.subject, AN.certificate.issuer)
    verdict = xml(sealed(enveloped(key_info=certificates(liar)), liar))
    assert decided(verdict) == {"issuer-key-differs"}
    assert verdict.indication is OPEN
    assert [report.value_right for report in verdict] == [True]
    assert xml(sealed(enveloped(key_info=certificates(AN)), AN)).passed
