"""Certification paths: each rule of RFC 5280 with a reason of its own, anchors, time, algorithms, hostile sets."""

from __future__ import annotations

import datetime
import time

import attrs
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from pki_support import NOW, POLICY, SIGNERS, check, codes, day, store
from vndoc.errors import CertificateError, UsageError
from vndoc.pki import (
    PATH_REASONS,
    Certificate,
    Extension,
    PathLimits,
    PathValidator,
    Purpose,
    SubIndication,
    TrustAnchor,
    TrustStore,
    Use,
    der,
    validate_path,
)
from vndoc.pki.reasons import path_reason
from vndoc.testing.pki import Authority, basic_constraints, extended_usage, key_usage

KEY = "p256"
TIMESTAMPING = "1.3.6.1.5.5.7.3.8"


@pytest.fixture(scope="module")
def root():
    return Authority.root("Root", key=KEY)


@pytest.fixture(scope="module")
def ca(root):
    return root.subordinate("CA", key=KEY)


def test_a_valid_path(root, ca):
    person = ca.person("An", key=KEY)
    result = check(person.certificate, store(root.certificate), pool=[ca.certificate])
    assert result.passed
    assert result.chain == (person.certificate, ca.certificate, root.certificate)
    assert result.anchor is not None
    assert result.anchor.certificate == root.certificate
    assert result.crypto_until == datetime.date.max
    assert result.policies == frozenset()
    assert result.outcome.reasons == ()


def test_intermediates_may_come_from_the_store(root, ca):
    person = ca.person("An", key=KEY)
    assert check(person.certificate, store(root.certificate).with_pool([ca.certificate])).passed


def test_nothing_in_the_pool_is_trusted(root, ca):
    person = ca.person("An", key=KEY)
    result = check(person.certificate, TrustStore(), pool=[ca.certificate, root.certificate])
    assert codes(result) == ["self-signed-not-trusted"]
    assert result.outcome.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    assert (result.chain, result.anchor, result.crypto_until) == ((person.certificate,), None, None)


def test_the_issuer_is_missing(root, ca):
    assert codes(check(ca.person("An", key=KEY).certificate, store(root.certificate))) == ["issuer-not-found"]


def test_a_look_alike_name_is_not_enough(root, ca):
    """Attack A20: the same name, another key."""
    forged = Authority.root("Root", key="p384").subordinate("CA", key="p384").person("An", key=KEY)
    result = check(forged.certificate, store(root.certificate), pool=[ca.certificate])
    assert codes(result) == ["issuer-key-differs"]
    with_all = check(forged.certificate, store(root.certificate), pool=[ca.certificate, *forged.chain])
    assert not with_all.passed


def test_purposes_are_kept_apart(root, ca):
    person = ca.person("An", key=KEY)
    result = check(person.certificate, store(root.certificate, purposes=[Purpose.TIMESTAMP]), pool=[ca.certificate])
    assert codes(result) == ["anchor-other-purpose"]


def test_one_certificate_may_be_an_anchor_for_itself(ca):
    result = check(ca.certificate, store(ca.certificate))
    assert result.passed
    assert result.chain == (ca.certificate,)
    assert not check(ca.certificate, store(ca.certificate, purposes=[Purpose.TIMESTAMP])).passed


def test_pinned_certificates_vouch_for_themselves_alone(root, ca):
    person = ca.person("An", key=KEY)
    trust = TrustStore().with_pinned(person.certificate, purposes=SIGNERS)
    result = check(person.certificate, trust)
    assert result.passed
    assert codes(result) == ["certificate-pinned"]
    assert codes(check(person.certificate, trust, purpose=frozenset({Purpose.TIMESTAMP}))) == [
        "issuer-not-found",
        "certificate-not-for-timestamps",
    ]
    pinned_ca = TrustStore().with_pinned(ca.certificate, purposes=SIGNERS)
    assert codes(check(person.certificate, pinned_ca)) == ["issuer-not-found"]


@pytest.mark.parametrize("at", [day(2017), day(2049)])
def test_pinned_certificates_expire(root, at):
    trust = TrustStore().with_pinned(root.certificate, purposes=SIGNERS)
    assert "anchor-out-of-bounds" in codes(check(root.certificate, trust, at=at))


def test_a_time_without_zone_is_refused(root):
    with pytest.raises(UsageError, match="zone"):
        check(root.certificate, store(root.certificate), at=datetime.datetime(2026, 1, 1))  # noqa: DTZ001


# -- anchors ----------------------------------------------------------------------------------------------


def test_a_distrusted_anchor_counts_until_its_day(root, ca):
    person = ca.person("An", key=KEY)
    trust = store(root.certificate, not_after=day(2026))
    assert check(person.certificate, trust, at=day(2026), pool=[ca.certificate]).passed
    late = check(person.certificate, trust, at=day(2026) + datetime.timedelta(seconds=1), pool=[ca.certificate])
    assert codes(late) == ["anchor-distrusted"]
    assert late.outcome.sub_indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_constraints_of_the_anchor_count(ca):
    narrow = Authority.root("Narrow", key=KEY, path_length=0)
    below = narrow.subordinate("Below", key=KEY)
    assert check(narrow.person("An", key=KEY).certificate, store(narrow.certificate)).passed
    result = check(below.person("An", key=KEY).certificate, store(narrow.certificate), pool=[below.certificate])
    assert codes(result) == ["path-length"]


def test_legacy_anchors_use_the_legacy_rows():
    root = Authority.root("Root G1", digest="sha1", style="g1")
    person = root.person("An")
    at = day(2022, 12, 31) - datetime.timedelta(hours=8)
    old = person if person.certificate.not_before < at else root.person("Old", valid=(day(2020), day(2030)))
    assert codes(check(old.certificate, store(root.certificate), at=at)) == ["certificate-algorithm-refused"]
    assert check(old.certificate, store(root.certificate, legacy=True), at=at).passed
    late = check(old.certificate, store(root.certificate, legacy=True), at=day(2023))
    assert codes(late) == ["certificate-algorithm-expired"]
    assert late.outcome.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    assert late.crypto_until == datetime.date(2022, 12, 31)


def test_small_keys_are_a_matter_of_policy():
    root = Authority.root("Weak", key="rsa-1024")
    result = check(root.person("An", key=KEY).certificate, store(root.certificate))
    assert codes(result) == ["certificate-algorithm-refused"]
    assert result.outcome.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE
    assert result.crypto_until is None


def test_the_use_of_the_leaf_is_an_argument(root):
    person = root.person("An", key=KEY)
    narrow = attrs.evolve(POLICY, digests={Use.DOCUMENT: {"sha256": None}})
    assert check(person.certificate, store(root.certificate), crypto=narrow, end_use=Use.DOCUMENT).passed
    assert not check(person.certificate, store(root.certificate), crypto=narrow).passed


# -- time -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (day(2035) + datetime.timedelta(seconds=1), "certificate-expired"),
        (day(2024) - datetime.timedelta(seconds=1), "certificate-not-yet-valid"),
    ],
)
def test_outside_the_validity(root, at, code):
    result = check(root.person("An", key=KEY).certificate, store(root.certificate), at=at)
    assert codes(result) == [code]
    assert result.outcome.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE


@pytest.mark.parametrize("at", [day(2024), day(2035)])
def test_both_ends_are_inside(root, at):
    assert check(root.person("An", key=KEY).certificate, store(root.certificate), at=at).passed


@pytest.mark.parametrize(
    "at",
    [day(1), day(1950), day(1969), day(2051), day(9999, 12, 31), datetime.datetime.max.replace(tzinfo=datetime.UTC)],
)
def test_clocks_far_away(root, at):
    assert not check(root.person("An", key=KEY).certificate, store(root.certificate), at=at).passed


def test_certificates_before_1970_and_after_2050():
    long = (day(1950), day(2200))
    root = Authority.root("Eternal", key=KEY, valid=long)
    person = root.person("An", key=KEY, valid=long)
    for at in (day(1951), day(1969, 12, 31), day(2050), day(2199)):
        assert check(person.certificate, store(root.certificate), at=at).passed


def test_an_expired_authority_is_named():
    root = Authority.root("Root", key=KEY)
    ca = root.subordinate("Short", key=KEY, valid=(day(2024), day(2025)))
    result = check(ca.person("An", key=KEY).certificate, store(root.certificate), pool=[ca.certificate])
    assert codes(result) == ["certificate-expired"]
    assert "Short" in result.outcome.reasons[0].text()


# -- the rules of RFC 5280 --------------------------------------------------------------------------------


UNKNOWN = Extension("1.2.3.4", True, b"\x05\x00")


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"without": ["2.5.29.19"]}, "not-a-ca"),
        ({"extra": [Extension("2.5.29.19", True, b"\x30\x00")]}, "not-a-ca"),
        ({"extra": [key_usage("crl_sign")]}, "ca-key-usage"),
        ({"extra": [UNKNOWN]}, "extension-unknown-critical"),
        ({"extra": [Extension("2.5.29.19", True, b"\x30\x03\x02\x01")]}, "extension-malformed"),
        ({"extra": [Extension("2.5.29.15", True, b"\x04\x01\x00")]}, "extension-malformed"),
        ({"extra": [Extension("2.5.29.33", True, b"\x30\x00\x00")]}, "extension-malformed"),
    ],
)
def test_an_authority_that_may_not_issue(root, how, code):
    ca = root.subordinate(f"CA {code}", key=KEY, **how)
    result = check(ca.person("An", key=KEY).certificate, store(root.certificate), pool=[ca.certificate])
    assert code in codes(result)
    assert result.outcome.sub_indication is SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE


def test_version_one_authorities_do_not_count(root):
    old = root.issue({"CN": "V1"}, extensions=(), key=KEY)
    assert old.certificate.version == 1
    ca = Authority(old.certificate, old.key, (old.certificate,), "sha256", "g2")
    result = check(ca.person("An", key=KEY).certificate, store(root.certificate), pool=[old.certificate])
    assert codes(result) == ["not-a-ca"]


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"extra": [UNKNOWN]}, "extension-unknown-critical"),
        ({"extra": [Extension("2.5.29.32", False, b"\x30\x00")]}, "extension-malformed"),
        ({"extra": [Extension("2.5.29.37", False, b"\x05\x00")]}, "extension-malformed"),
        ({"extra": [extended_usage(TIMESTAMPING)]}, "certificate-not-for-signing"),
    ],
)
def test_a_leaf_that_does_not_count(root, how, code):
    assert code in codes(check(root.person("An", key=KEY, **how).certificate, store(root.certificate)))


@pytest.mark.parametrize(
    ("bits", "told"),
    [
        (("key_encipherment", "data_encipherment"), ["certificate-usage-not-signing"]),
        (("key_cert_sign", "crl_sign"), ["certificate-usage-not-signing"]),
        (("digital_signature",), []),
        (("content_commitment",), []),
        (None, []),
    ],
)
def test_a_key_that_is_not_for_signing_is_told(root, bits, told):
    """Annex II of Circular 15/2025/TT-BKHCN leaves KeyUsage open, so it does not decide; a person is shown it."""
    how = {"without": ["2.5.29.15"]} if bits is None else {"extra": [key_usage(*bits)]}
    result = check(root.person(f"An {bits}", key=KEY, **how).certificate, store(root.certificate))
    assert (result.passed, codes(result)) == (True, told)
    assert all(reason.kind.warning for reason in result.outcome.reasons)


def test_harmless_oddities_do_not_stop_a_path(root):
    odd = [
        Extension("2.5.29.18", False, b"\x30\x00"),
        Extension("2.16.840.1.113730.1.1", False, b"\x03\x02\x05\xa0"),
        Extension("2.5.29.17", False, b"\x30"),
        Extension("1.2.3.5", False, b"\xff\xff"),
    ]
    long = root.person("Nguyễn " * 40, key=KEY, extra=odd)
    assert check(long.certificate, store(root.certificate)).passed


def test_path_length_counts_authorities_that_are_not_self_issued(root):
    one = root.subordinate("One", key=KEY, path_length=1)
    two = one.subordinate("Two", key=KEY)
    three = two.subordinate("Three", key=KEY)
    pool = [one.certificate, two.certificate, three.certificate]
    trust = store(root.certificate)
    assert check(two.person("An", key=KEY).certificate, trust, pool=pool).passed
    assert codes(check(three.person("An", key=KEY).certificate, trust, pool=pool)) == ["path-length"]


def test_two_algorithm_identifiers_must_agree(root):
    person = root.person("An", key=KEY)
    octets = bytearray(person.certificate.der)
    where = person.certificate.spans.inner_algorithm
    octets[where.stop - 1] ^= 1  # ecdsa-with-SHA256 becomes -SHA224 or the like, inside only
    result = check(Certificate.load(bytes(octets)), store(root.certificate))
    assert not result.passed


def resigned(root, change):
    """Return the certificate of a person with its signed octets changed and signed again."""
    found = root.person("An", key=KEY).certificate
    tbs = change(found.tbs)
    value = root.key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    return Certificate.load(
        der.encode(der.SEQUENCE, tbs, found.signature_identifier, der.encode(der.BIT_STRING, b"\0", value))
    )


def test_the_inner_algorithm_identifier_must_be_the_outer_one(root):
    other = resigned(
        root, lambda tbs: tbs.replace(bytes.fromhex("2a8648ce3d040302"), bytes.fromhex("2a8648ce3d040303"), 1)
    )
    assert codes(check(other, store(root.certificate))) == ["signature-identifier-differs"]


def test_an_algorithm_identifier_that_cannot_be_read(root):
    found = root.person("An", key=KEY).certificate
    broken = found.der.replace(found.signature_identifier, b"\x30\x0a\x05\x08" + bytes(8))
    assert codes(check(Certificate.load(broken), store(root.certificate))) == ["certificate-algorithm-refused"]


def test_repeated_extensions(root):
    person = root.person("An", key=KEY, extra=[])
    twice = root.issue(
        {"CN": "Twice"},
        key=KEY,
        extensions=[*person.certificate.extensions.values(), *person.certificate.extensions.values()],
    )
    assert twice.certificate.repeated_extensions
    assert codes(check(twice.certificate, store(root.certificate))) == ["extension-repeated"]


# -- timestamps -------------------------------------------------------------------------------------------


def test_timestamp_certificates(root):
    trust = store(root.certificate, purposes=[Purpose.TIMESTAMP])
    asked = {"purpose": frozenset({Purpose.TIMESTAMP})}
    assert check(root.tsa(key=KEY).certificate, trust, **asked).outcome.reasons == ()
    loose = root.tsa(key=KEY, extra=[extended_usage(TIMESTAMPING)]).certificate
    assert codes(check(loose, trust, **asked)) == ["timestamp-usage-loose"]
    assert check(loose, trust, **asked).passed
    both = root.tsa(key=KEY, extra=[extended_usage(TIMESTAMPING, "1.3.6.1.5.5.7.3.4", critical=True)]).certificate
    assert codes(check(both, trust, **asked)) == ["timestamp-usage-loose"]
    person = root.person("An", key=KEY).certificate
    assert codes(check(person, trust, **asked)) == ["certificate-not-for-timestamps"]
    bare = root.person("An", key=KEY, without=["2.5.29.37"]).certificate
    assert codes(check(bare, trust, **asked)) == ["certificate-not-for-timestamps"]


# -- several paths ----------------------------------------------------------------------------------------


def test_the_path_that_passes_is_preferred(root):
    """Two certificates for the same CA key: one is expired, one is not."""
    ca = root.subordinate("CA", key=KEY)
    old = root.subordinate("CA", key=KEY, valid=(day(2020), day(2021)))
    person = ca.person("An", key=KEY)
    for pool in ([old.certificate, ca.certificate], [ca.certificate, old.certificate]):
        result = check(person.certificate, store(root.certificate), pool=pool)
        assert result.passed
        assert result.chain[1] == ca.certificate


def test_cross_certificates_lead_to_either_root(root):
    other = Authority.root("Other root", key=KEY)
    ca = root.subordinate("CA", key=KEY)
    crossed = other.issue(
        ca.certificate.subject,
        key=ca.key,
        extensions=list(ca.certificate.extensions.values()),
        valid=(day(2020), day(2040)),
    )
    person = ca.person("An", key=KEY)
    pool = [ca.certificate, crossed.certificate]
    for anchor in (root, other):
        result = check(person.certificate, store(anchor.certificate), pool=pool)
        assert result.passed
        assert result.chain[-1] == anchor.certificate


def test_names_are_compared_as_rfc_5280_wants_where_octets_differ(root):
    """The issuer is written as PrintableString in other letters, with more blanks."""
    person = root.person("An", key=KEY).certificate
    spoken = root.certificate.subject.replace(b"\x0c\x04Root", b"\x13\x04ROOT")
    assert spoken != root.certificate.subject
    shadow = Authority(root.certificate, root.key, root.chain, "sha256", "g2")
    object.__setattr__(shadow.certificate, "subject", spoken)
    other = shadow.person("An", key=KEY).certificate
    del shadow.certificate.__dict__["subject"]
    assert other.issuer != person.issuer
    assert check(other, store(root.certificate)).passed


def test_the_same_name_twice_in_a_store(root):
    twin = Authority.root("Root", key="p384")
    person = root.person("An", key=KEY)
    for trust in (store(twin.certificate, root.certificate), store(root.certificate, twin.certificate)):
        result = check(person.certificate, trust)
        assert result.passed
        assert result.chain[-1] == root.certificate


# -- hostile sets (attack A17) ----------------------------------------------------------------------------


def test_cycles_end():
    a, b = Authority.root("A", key=KEY), Authority.root("B", key=KEY)
    rows = [basic_constraints(), key_usage("key_cert_sign")]
    a_by_b = b.issue(a.certificate.subject, key=a.key, extensions=rows).certificate
    b_by_a = a.issue(b.certificate.subject, key=b.key, extensions=rows).certificate
    person = a.person("An", key=KEY).certificate
    result = check(person, TrustStore(), pool=[a_by_b, b_by_a])
    assert not result.passed
    assert check(person, store(b.certificate), pool=[a_by_b, b_by_a]).passed


def test_ten_thousand_candidates_end(root):
    start = time.perf_counter()
    template = root.subordinate("Same name", key=KEY).certificate
    position = template.der.index(template.serial_content, template.spans.tbs.start)
    size = len(template.serial_content)
    crowd = [
        Certificate.load(template.der[:position] + n.to_bytes(size, "big") + template.der[position + size :])
        for n in range(1 << 62, (1 << 62) + 10_000)
    ]
    person = Authority.root("Same name", key="p384").person("An", key=KEY).certificate
    result = check(person, store(root.certificate), pool=crowd)
    assert {"path-limit"} <= set(codes(result))
    assert not result.passed
    signed = root.subordinate("Same name", key=KEY).person("An", key=KEY).certificate
    assert not check(signed, store(root.certificate), pool=crowd).passed
    assert time.perf_counter() - start < 30


def test_a_web_of_authorities_ends():
    """Every one of ten authorities certifies every other: the paths are counted in millions."""
    names = [Authority.root(f"Web {i}", key=KEY) for i in range(10)]
    rows = [basic_constraints(), key_usage("key_cert_sign")]
    pool = [
        a.issue(b.certificate.subject, key=b.key, extensions=rows).certificate
        for a in names
        for b in names
        if a is not b
    ]
    result = check(names[0].person("An", key=KEY).certificate, TrustStore(), pool=pool)
    assert "path-limit" in codes(result)


def test_a_long_chain_stops_at_the_depth(root):
    authority, pool = root, []
    for i in range(12):
        authority = authority.subordinate(f"Step {i}", key=KEY)
        pool.append(authority.certificate)
    person = authority.person("An", key=KEY).certificate
    assert codes(check(person, store(root.certificate), pool=pool)) == ["path-limit"]
    assert check(person, store(root.certificate), pool=pool, limits=PathLimits(depth=14)).passed
    assert not check(person, store(root.certificate), pool=pool, limits=PathLimits(depth=13)).passed


def test_many_failing_paths_stop(root):
    authority, pool = root, []
    for i in range(3):
        rows = [key_usage("key_cert_sign")]
        makers = [
            authority.issue({"CN": f"Level {i}"}, key=authority.key if i else root.key, extensions=rows, serial=n + 1)
            for n in range(4)
        ]
        pool += [m.certificate for m in makers]
        authority = Authority(makers[0].certificate, makers[0].key, (), "sha256", "g2")
    person = authority.person("An", key=KEY).certificate
    result = check(person, store(root.certificate), pool=pool, limits=PathLimits(paths=2, signatures=3))
    assert not result.passed
    assert not check(person, store(root.certificate), pool=pool, limits=PathLimits(paths=2)).passed


def test_keys_and_schemes_that_are_not_supported(root):
    person = root.person("An", key=KEY).certificate
    broken = person.der.replace(bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06082a8648ce3d040309"))
    assert codes(check(Certificate.load(broken), store(root.certificate))) == ["certificate-algorithm-refused"]
    algorithm = root.certificate.spki.replace(bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0209"))
    unknown = Certificate.load(root.certificate.der.replace(root.certificate.spki, algorithm))
    assert codes(check(person, store(unknown))) == ["certificate-key-unsupported"]


@given(st.integers(0, 5000), st.integers(1, 255))
def test_a_changed_certificate_never_passes_and_never_breaks(where, change):
    root = Authority.root("Root", key=KEY)
    person = root.person("An", key=KEY).certificate
    octets = bytearray(person.der)
    octets[where % len(octets)] ^= change
    try:
        changed = Certificate.load(bytes(octets))
    except CertificateError:
        return
    assert not check(changed, store(root.certificate)).passed


# -- the validator ----------------------------------------------------------------------------------------


def test_a_validator_keeps_answers(root, ca):
    person = ca.person("An", key=KEY).certificate
    validator = PathValidator(trust=store(root.certificate), purpose=SIGNERS, crypto=POLICY, size=2)
    first = validator.validate(person, at=NOW, pool=(ca.certificate,))
    assert first.passed
    assert validator.validate(person, at=NOW, pool=(ca.certificate,)) is first
    assert not validator.validate(person, at=NOW).passed
    assert not validator.validate(person, at=day(2040), pool=(ca.certificate,)).passed
    assert validator.validate(person, at=NOW, pool=(ca.certificate,)) is not first
    direct = validate_path(
        person, trust=store(root.certificate), at=NOW, purpose=SIGNERS, crypto=POLICY, pool=[ca.certificate]
    )
    assert direct.chain == first.chain


# -- the store --------------------------------------------------------------------------------------------


def test_a_store_is_a_value(root, ca):
    trust = store(root.certificate, root.certificate)
    assert len(trust.anchors) == 1
    more = trust.with_anchor(ca.certificate, purposes=[Purpose.TIMESTAMP], not_after=day(2030))
    assert len(trust.anchors) == 1
    assert more.anchors[1].purposes == {Purpose.TIMESTAMP}
    replaced = more.with_anchor(ca.certificate, purposes=SIGNERS, legacy=True)
    assert len(replaced.anchors) == 2
    assert replaced.anchors[1].legacy
    assert more.without(ca.certificate.fingerprint) == trust
    shown = ":".join(f"{octet:02X}" for octet in ca.certificate.fingerprint)
    assert more.without(shown) == trust
    for unknown in ("00" * 32, "no digits"):
        with pytest.raises(UsageError) as caught:
            trust.without(unknown)
        assert caught.value.code == "fingerprint-unknown"


def test_stores_are_merged(root, ca):
    one = store(root.certificate).with_pool([ca.certificate])
    two = TrustStore().with_anchor(ca.certificate, purposes=SIGNERS).with_pinned(root.certificate, purposes=SIGNERS)
    both = one.merged(two)
    assert [a.certificate for a in both.anchors] == [root.certificate, ca.certificate]
    assert both.pool == (ca.certificate,)
    assert [a.certificate for a in both.pinned] == [root.certificate]
    assert repr(both) == "TrustStore(anchors=2, pinned=1, pool=1)"


def test_an_anchor_says_what_it_is(root):
    anchor = TrustAnchor(certificate=root.certificate, purposes=frozenset({Purpose.NATIONAL}))
    assert anchor.name == "Root, Authority of tests"
    assert "national" in repr(anchor)
    assert anchor.recognised is None
    assert TrustStore.family_of(anchor) is None
    with pytest.raises(UsageError, match="zone"):
        TrustAnchor(
            certificate=root.certificate,
            purposes=frozenset(),
            not_after=datetime.datetime(2026, 1, 1),  # noqa: DTZ001
        )


def test_reasons_are_said_in_both_languages():
    for code, kind in PATH_REASONS.items():
        assert code == kind.code
        reason = path_reason(code, subject="Nguyễn Văn An")
        assert reason.text("vi")
        assert reason.text("en")
        assert (kind.indication is None) == (kind.sub_indication is None)
    with pytest.raises(KeyError):
        path_reason("no-such-reason")
