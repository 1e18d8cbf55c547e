"""What is read in one pass where it is as nearly everywhere is what the long way reads, whatever the octets are."""

from __future__ import annotations

import datetime
import struct
from collections.abc import Callable
from typing import Any

import attrs
import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_support import person
from test_cms_properties import DIRECT, PSS, SIGNED, STAMPED, TOKEN
from vndoc.errors import CertificateError, SignatureError
from vndoc.limits import DEFAULT
from vndoc.pki import CryptoPolicy, Family, KeyRule, Purpose, TrustStore, Use, certificate, judging, ocsp, validate_path
from vndoc.pki.building import PathLimits, Search, only_chain
from vndoc.pki.judging import PathParameters, judge_path
from vndoc.signature import _cms_attributes, _cms_structure
from vndoc.signature.cms import SignaturePolicyId, read_cms, sign_cms
from vndoc.testing.pki import Authority, basic_constraints, key_usage

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
LATER = NOW + DAY
ROOT = Authority.root("Root", key="rsa-2048")
CA = ROOT.subordinate("CA", key="p256", path_length=0)
PERSON = CA.person("Nguyễn Văn An", cccd="001099000001", key="p256")
OF_ROOT = ROOT.person("Bình", key="rsa-2048")
CERTIFICATES = [one.certificate.der for one in (ROOT, CA, PERSON, OF_ROOT)]
RESPONSES = [
    ROOT.ocsp(OF_ROOT, "good", NOW, next_update=LATER),
    ROOT.ocsp(OF_ROOT, "good", NOW, next_update=LATER, by_name=True, nonce=b"x" * 16, id_digest="sha256"),
    ROOT.ocsp(OF_ROOT, "good", NOW, certificates=[ROOT.certificate]),
    ROOT.ocsp(OF_ROOT, "revoked", NOW, next_update=LATER, revoked=(NOW - DAY, "keyCompromise")),
]
POLICY = CryptoPolicy(
    name="all",
    keys={use: {Family.RSA_PKCS1: (KeyRule(2048),), Family.ECDSA: (KeyRule(256),)} for use in Use},
    digests={use: {"sha256": None} for use in Use},
)


@st.composite
def changed(draw: st.DrawFn, samples: list[bytes]) -> bytes:
    """Octets in which lengths, tags or anything else were changed a little."""
    data = bytearray(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(0, 2))):
        heads = [at for at in range(len(data) - 1) if data[at] in b"\x30\x31\x02\x03\x04\x06\x17\x18\xa0\xa1\xa2\xa3"]
        at = draw(st.sampled_from(heads or [0])) + draw(st.integers(0, 2))
        how = draw(st.sampled_from(["flip", "more", "less", "octet", "cut", "double", "long"]))
        if at >= len(data):
            continue
        if how == "flip":
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif how in {"more", "less"}:
            data[at] = (data[at] + (1 if how == "more" else -1)) % 256
        elif how == "octet":
            data[at] = draw(
                st.sampled_from([0, 1, 5, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFF, 0x30, 0x31, 0xA0, 0x24, 0x17])
            )
        elif how == "cut":
            del data[at : at + draw(st.integers(1, 6))]
        elif how == "double":
            data[at:at] = data[at : at + draw(st.integers(1, 20))]
        else:
            data[at : at + 1] = bytes((0x81, data[at]))
    return bytes(data)


def short_way(read: Callable[..., Any], *arguments: Any) -> Any:
    """Return what the short way gives; ``None`` where it leaves the rest to the long way, as its callers do."""
    try:
        return read(*arguments)
    except (IndexError, ValueError, struct.error):
        return None


def values(found: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(found, name) for name in (*(field.name for field in attrs.fields(type(found))), *names)}


@hypothesis.settings(max_examples=600)
@given(changed(CERTIFICATES))
def test_certificates(data: bytes) -> None:
    found = short_way(certificate._usual, data)
    if found is not None:
        names = ("issuer", "subject", "spki", "spans", "tbs", "profile")
        assert values(found, *names) == values(certificate._unusual(data), *names)
        assert vars(found).keys() >= {field.name for field in attrs.fields(certificate.Certificate)}


@hypothesis.settings(max_examples=600)
@given(changed(RESPONSES))
def test_responses(data: bytes) -> None:
    found = short_way(ocsp._usual, data, b"n")
    if found is not None:
        assert values(found, "tbs") == values(ocsp._unusual(data, b"n"), "tbs")


@hypothesis.settings(max_examples=600)
@given(changed([SIGNED, STAMPED, TOKEN, DIRECT, PSS]))
def test_signers(data: bytes) -> None:
    try:
        parts = _cms_structure.split(data, DEFAULT)
    except SignatureError:
        return
    for element in parts.signers:
        found = short_way(_cms_structure._usual_info, element)
        if found is not None:
            assert values(found) == values(_cms_structure._unusual_info(element))
        try:
            info = _cms_structure.signer_info(element)
        except CertificateError:
            continue
        if info.signed is not None:
            usual = short_way(_cms_structure._usual_attributes, info.signed)
            assert usual is None or usual == _cms_structure._unusual_attributes(info.signed)
        for oid in (_cms_attributes.SIGNING_CERTIFICATE, _cms_attributes.SIGNING_CERTIFICATE_V2):
            for value in [one for group in info.signed_attributes.get(oid, ()) for one in group]:
                for v2 in (False, True):
                    one = short_way(_cms_attributes._usual_id, value, v2)
                    assert one is None or one == _cms_attributes._unusual_id(value, v2)


FULL = sign_cms(
    b"x",
    signer=person("rsa-2048").signer(),
    signing_time=NOW,
    commitment="1.2.840.113549.1.9.16.6.1",
    policy=SignaturePolicyId("1.2.3", "sha256", bytes(32)),
    detached=False,
)


@hypothesis.settings(max_examples=400, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@given(data=changed([SIGNED, STAMPED, FULL, DIRECT]))
def test_attributes_that_few_signatures_have(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        found = read_cms(data)
    except SignatureError:
        return
    with monkeypatch.context() as patch:
        patch.setattr(_cms_attributes, "OF_EVERY_SIGNATURE", frozenset())
        assert read_cms(data) == found


def test_every_attribute_is_read() -> None:
    [facts] = read_cms(FULL)
    assert facts.commitment_types == ("1.2.840.113549.1.9.16.6.1",)
    assert facts.signature_policy == "1.2.3"
    assert facts.claimed_time == NOW


def test_the_short_way_is_taken() -> None:
    assert all(certificate._usual(data) is not None for data in CERTIFICATES)
    assert all(ocsp._usual(data, None) is not None for data in RESPONSES)
    [element] = _cms_structure.split(SIGNED, DEFAULT).signers
    assert _cms_structure._usual_info(element) is not None
    info = _cms_structure.signer_info(element)
    assert info.signed is not None
    assert _cms_structure._usual_attributes(info.signed) is not None


def test_a_tag_around_the_content_that_stops_early() -> None:
    at = TOKEN.index(b"\xa0", TOKEN.index(b"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04"))
    shorter = bytes((TOKEN[at + 1] - 1,)) if TOKEN[at + 1] < 0x80 else TOKEN[at + 1 : at + 2]
    data = TOKEN[: at + 1] + shorter + TOKEN[at + 2 :]
    if shorter[0] > 0x7F:
        data = TOKEN[: at + 2] + bytes((TOKEN[at + 2] - 1,)) + TOKEN[at + 3 :]
    with pytest.raises(SignatureError) as raised:
        read_cms(data)
    assert raised.value.code == "cms-malformed"


def many_attributes(count: int) -> bytes:
    """SEQUENCE with so many of the smallest attributes."""
    one = b"\x30\x07\x06\x01\x2a\x31\x02\x05\x00"
    return b"\xa0\x82" + (len(one) * count).to_bytes(2, "big") + one * count


@pytest.mark.parametrize(("count", "fits"), [(_cms_structure.MOST, True), (_cms_structure.MOST + 1, False)])
def test_the_number_of_attributes_is_limited_both_ways(count: int, fits: bool) -> None:
    element = _cms_structure.der.read(many_attributes(count))
    if fits:
        assert len(_cms_structure._signed(element)[0]["1.2"]) == count
    else:
        with pytest.raises(CertificateError):
            _cms_structure._signed(element)


# -- paths -------------------------------------------------------------------------------------------------


def authorities() -> list[certificate.Certificate]:
    """Certificates of authorities with every path length, some of them self-issued."""
    found = []
    for length in (None, 0, 1, 2):
        rows = [basic_constraints(path_length=length), key_usage("key_cert_sign")]
        found.append(ROOT.issue(CA.certificate.subject, key=CA.key, extensions=rows).certificate)
        found.append(ROOT.issue(ROOT.certificate.subject, key=ROOT.key, extensions=rows).certificate)
    return found


@hypothesis.settings(max_examples=300, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@given(chain=st.lists(st.sampled_from(authorities()), max_size=5), top=st.sampled_from(authorities()))
def test_whether_a_certificate_is_self_issued_is_asked_where_it_matters(
    chain: list[certificate.Certificate], top: certificate.Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust = TrustStore.of([top], purposes=[Purpose.GOVERNMENT])
    arguments: dict[str, Any] = {"at": NOW, "crypto": POLICY, "end_use": Use.END_CERTIFICATE}
    path = (PERSON.certificate, *chain, top)
    for parameters in (PathParameters(), PathParameters(explicit_policy=True)):
        found = judge_path(path, trust.anchors[0], parameters=parameters, **arguments)
        with monkeypatch.context() as patch:
            patch.setattr(judging._Walk, "asks_for_names", lambda _: True)
            assert judge_path(path, trust.anchors[0], parameters=parameters, **arguments) == found


POOL = [
    CA.certificate,
    ROOT.certificate,
    OF_ROOT.certificate,
    ROOT.subordinate("CA", key="p256").certificate,
    ROOT.issue(CA.certificate.subject, key=CA.key).certificate,
    *authorities(),
]


@hypothesis.settings(max_examples=200)
@given(
    leaf=st.sampled_from([PERSON.certificate, CA.certificate, ROOT.certificate, OF_ROOT.certificate]),
    pool=st.lists(st.sampled_from(POOL), max_size=12),
    depth=st.integers(1, 5),
    steps=st.integers(1, 4),
    signatures=st.integers(0, 4),
)
def test_the_only_chain_is_the_first_one(
    leaf: certificate.Certificate, pool: list[certificate.Certificate], depth: int, steps: int, signatures: int
) -> None:
    trust = TrustStore.of([ROOT.certificate], purposes=[Purpose.GOVERNMENT])
    limits = PathLimits(depth=depth, steps=steps, signatures=signatures)
    purpose, certificates = frozenset({Purpose.GOVERNMENT}), tuple(pool)
    first = next(Search(trust, purpose, certificates, NOW, limits).chains(leaf), None)
    only = only_chain(leaf, trust, purpose, certificates, limits, {})
    assert only is None or only == first


def test_the_order_of_few_certificates_is_that_of_many() -> None:
    twin = ROOT.issue(CA.certificate.subject, key=CA.key).certificate
    for few in ([CA.certificate, twin, CA.certificate], [twin, CA.certificate, twin]):
        many = [*few, *([OF_ROOT.certificate] * 9)]
        found = [Search(TrustStore(), frozenset(), tuple(pool), NOW, PathLimits()) for pool in (few, many)]
        assert found[0]._named(CA.certificate.subject) == found[1]._named(CA.certificate.subject)


def test_a_path_that_does_not_pass_is_judged_once() -> None:
    asked = []

    class Source:
        def status(self, question: Any) -> Any:
            asked.append(question.certificate)
            return attrs.evolve(unknown, certificate=question.certificate)

    from vndoc.pki.revocation_facts import RevocationFact, RevocationStatus  # noqa: PLC0415

    unknown = RevocationFact(certificate=CA.certificate, status=RevocationStatus.UNKNOWN, at=NOW)
    trust = TrustStore.of([ROOT.certificate], purposes=[Purpose.GOVERNMENT])
    result = validate_path(
        PERSON.certificate,
        trust=trust,
        at=NOW,
        purpose=frozenset({Purpose.GOVERNMENT}),
        crypto=POLICY,
        pool=[CA.certificate],
        revocation=Source(),
    )
    assert not result.passed
    assert asked == [PERSON.certificate, CA.certificate]
