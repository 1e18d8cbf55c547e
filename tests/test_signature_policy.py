"""The tables of the named policies, row by row, each at its last day and on the day after."""

from __future__ import annotations

import datetime

import attrs
import pytest

from vndoc.errors import UsageError
from vndoc.pki.algorithms import DIGESTS, Family, SignatureAlgorithm
from vndoc.pki.policy import Ruling, Use
from vndoc.signature.facts import Form
from vndoc.signature.policy import POLICIES, Appendices, ForeignTsa, PacketRules, RevocationRule, policy_of

NEVER, ALWAYS = None, datetime.date.max
VIETNAM = datetime.timezone(datetime.timedelta(hours=7))
SIZES = {"sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def pkcs1(digest: str = "sha256") -> SignatureAlgorithm:
    return SignatureAlgorithm(Family.RSA_PKCS1, digest)


def pss(digest: str = "sha256", mgf: str = "sha256", salt: int = 32) -> SignatureAlgorithm:
    return SignatureAlgorithm(Family.RSA_PSS, digest, mgf, salt)


def ecdsa(digest: str = "sha256") -> SignatureAlgorithm:
    return SignatureAlgorithm(Family.ECDSA, digest)


ED25519, ED448 = SignatureAlgorithm(Family.ED25519), SignatureAlgorithm(Family.ED448)
D, C, E = Use.DOCUMENT, Use.CA_CERTIFICATE, Use.END_CERTIFICATE
LC, LE, R, T = Use.LEGACY_CA_CERTIFICATE, Use.LEGACY_END_CERTIFICATE, Use.REVOCATION, Use.TIMESTAMP

# use, algorithm, bits -> the last day under vn_default, vn_15_2025_strict, archive
ROWS = [
    (D, pkcs1(), 2048, ALWAYS, NEVER, ALWAYS),
    (D, pkcs1(), 4096, ALWAYS, NEVER, ALWAYS),
    (D, pkcs1(), 2047, NEVER, NEVER, day("2015-12-31")),
    (D, pkcs1(), 1024, NEVER, NEVER, day("2015-12-31")),
    (D, pkcs1(), 1023, NEVER, NEVER, NEVER),
    (D, pss(), 2048, ALWAYS, ALWAYS, ALWAYS),
    (D, pss(), 2047, NEVER, NEVER, NEVER),
    (D, pss("sha512", "sha512", 64), 3072, ALWAYS, ALWAYS, ALWAYS),
    (D, pss(mgf="sha1"), 2048, NEVER, NEVER, NEVER),
    (D, pss(salt=20), 2048, NEVER, NEVER, NEVER),
    (D, pss("md5", "md5", 16), 2048, NEVER, NEVER, NEVER),
    (D, pss("ripemd160", "ripemd160", 20), 2048, NEVER, NEVER, NEVER),
    (D, pss("sha1", "sha1", 20), 2048, day("2016-12-31"), NEVER, day("2019-12-31")),
    (D, ecdsa(), 256, ALWAYS, ALWAYS, ALWAYS),
    (D, ecdsa("sha384"), 384, ALWAYS, ALWAYS, ALWAYS),
    (D, ecdsa("sha512"), 521, ALWAYS, ALWAYS, ALWAYS),
    (D, ecdsa(), 255, NEVER, NEVER, NEVER),
    (D, ED25519, 256, ALWAYS, NEVER, ALWAYS),
    (D, ED448, 456, ALWAYS, NEVER, ALWAYS),
    (D, SignatureAlgorithm(Family.DSA, "sha256"), 2048, NEVER, NEVER, NEVER),
    (D, SignatureAlgorithm(Family.HMAC, "sha256"), 2048, NEVER, NEVER, NEVER),
    (D, SignatureAlgorithm(Family.UNKNOWN, name="1.2.3"), 2048, NEVER, NEVER, NEVER),
    (D, pkcs1("md5"), 2048, NEVER, NEVER, NEVER),
    (D, pkcs1("ripemd160"), 2048, NEVER, NEVER, NEVER),
    *((D, pkcs1(d), 2048, ALWAYS, NEVER, ALWAYS) for d in ("sha384", "sha512", "sha512-256")),
    *((D, pkcs1(d), 2048, ALWAYS, NEVER, ALWAYS) for d in ("sha3-256", "sha3-384", "sha3-512")),
    *((D, ecdsa(d), 256, ALWAYS, ALWAYS, ALWAYS) for d in ("sha512-256", "sha3-256", "sha3-384", "sha3-512")),
    (D, pkcs1("sha224"), 2048, day("2025-12-31"), NEVER, day("2025-12-31")),
    (D, ecdsa("sha224"), 256, day("2025-12-31"), NEVER, day("2025-12-31")),
    (D, pkcs1("sha1"), 2048, day("2016-12-31"), NEVER, day("2019-12-31")),
    (D, ecdsa("sha1"), 256, day("2016-12-31"), NEVER, day("2019-12-31")),
    (D, pkcs1("sha1"), 1024, NEVER, NEVER, day("2015-12-31")),
    (D, ecdsa("sha512-224"), 256, NEVER, NEVER, NEVER),
    (D, ecdsa("sha3-224"), 256, NEVER, NEVER, NEVER),
    *((use, pkcs1(), 2048, ALWAYS, ALWAYS, ALWAYS) for use in (C, E, LC, LE, R, T)),
    *((use, pkcs1(), 2047, NEVER, NEVER, NEVER) for use in (C, E, LC, LE, R, T)),
    *((use, pss(), 2048, ALWAYS, ALWAYS, ALWAYS) for use in (C, E, LC, LE, R, T)),
    *((use, ecdsa("sha384"), 256, ALWAYS, ALWAYS, ALWAYS) for use in (C, E, LC, LE, R)),
    *((use, ecdsa(), 255, NEVER, NEVER, NEVER) for use in (C, E, LC, LE, R)),
    *((use, pkcs1("sha1"), 2048, NEVER, NEVER, NEVER) for use in (C, E, R)),
    (LC, pkcs1("sha1"), 2048, day("2030-03-05"), NEVER, day("2030-03-05")),
    (LE, pkcs1("sha1"), 2048, day("2022-12-31"), NEVER, day("2022-12-31")),
    (LE, pkcs1("sha1"), 1024, NEVER, NEVER, NEVER),
    (T, pkcs1("sha1"), 2048, day("2025-12-31"), NEVER, day("2025-12-31")),
    (T, pkcs1("sha512"), 2048, ALWAYS, ALWAYS, ALWAYS),
    (T, ecdsa(), 256, NEVER, NEVER, NEVER),
]
NAMES = ("vn_default", "vn_15_2025_strict", "archive")


def ruled(last: datetime.date | None, ruling: Ruling) -> Ruling:
    return Ruling.REFUSED if last is NEVER else ruling


@pytest.mark.parametrize(("use", "algorithm", "bits", "ends"), [(*row[:3], row[3:]) for row in ROWS], ids=str)
def test_each_row_ends_on_its_day_in_vietnam(use, algorithm, bits, ends):
    for name, last in zip(NAMES, ends, strict=True):
        crypto = POLICIES[name].crypto
        assert crypto.until(use, algorithm, bits) == last
        end = datetime.date(2026, 11, 22) if last in (NEVER, ALWAYS) else last
        midnight = datetime.datetime.combine(end, datetime.time.max, VIETNAM)
        expected_after = Ruling.ACCEPTED if last is ALWAYS else ruled(last, Ruling.EXPIRED)
        assert crypto.judge(use, algorithm, midnight, bits) is ruled(last, Ruling.ACCEPTED)
        after = midnight + datetime.timedelta(microseconds=1)
        assert crypto.judge(use, algorithm, after, bits) is expected_after
        assert crypto.judge(use, algorithm, after.astimezone(datetime.UTC), bits) is expected_after


def test_answers_that_are_kept_are_bounded_and_stay_right():
    crypto = policy_of("vn_default").crypto
    for bits in range(1024, 1024 + 600):
        until = crypto.until(Use.DOCUMENT, pkcs1("sha256"), bits)
        assert until == crypto.until(Use.DOCUMENT, pkcs1("sha256"), bits) == NEVER
        assert len(crypto._found) <= 256
    assert crypto.until(Use.DOCUMENT, pkcs1("sha256"), 2048) == ALWAYS


IMPRINTS = {"sha1": (day("2025-12-31"), NEVER, day("2025-12-31")), "md5": (NEVER,) * 3, "sha224": (NEVER,) * 3}
IMPRINTS |= dict.fromkeys(("sha256", "sha384", "sha512", "sha512-256", "sha3-256"), (ALWAYS,) * 3)


@pytest.mark.parametrize(("digest", "ends"), IMPRINTS.items())
def test_message_imprints(digest, ends):
    found = tuple(POLICIES[name].crypto.digest_until(Use.IMPRINT, digest) for name in NAMES)
    assert found == ends


def test_no_use_and_no_digest_is_left_out_by_accident():
    for policy in POLICIES.values():
        assert set(policy.crypto.keys) >= set(Use) - {Use.IMPRINT}
        assert set(policy.crypto.digests) == set(Use)
        for rows in policy.crypto.digests.values():
            assert set(rows) <= set(DIGESTS)
            assert not {"md5", "ripemd160"} & set(rows)


def test_the_rows_that_are_no_algorithms():
    default, strict, archive = (POLICIES[name] for name in NAMES)
    assert [p.revocation for p in (default, strict, archive)] == [
        RevocationRule.REQUIRED,
        RevocationRule.REQUIRED,
        RevocationRule.WHERE_AVAILABLE,
    ]
    assert all(p.hold_is_invalid for p in POLICIES.values())
    assert [p.foreign_tsa for p in (default, strict, archive)] == [
        ForeignTsa.NOTE,
        ForeignTsa.REFUSED,
        ForeignTsa.NOTE,
    ]
    assert default.signing_certificate == archive.signing_certificate == frozenset()
    assert strict.signing_certificate == {Form.CMS, Form.CADES}
    assert default.signed_attributes == archive.signed_attributes == frozenset()
    assert strict.signed_attributes == {Form.CMS}


def test_the_rules_for_packets_are_changeable():
    rules = POLICIES["vn_default"].packet
    assert rules == PacketRules(
        main_document=None, appendices=Appendices.REPORTED, competent_person=True, organisation=True
    )
    own = attrs.evolve(POLICIES["archive"], packet=attrs.evolve(rules, appendices=Appendices.MUST_BE_SIGNED))
    assert own.packet.appendices is Appendices.MUST_BE_SIGNED
    assert policy_of(own) is own


def test_policies_are_found_by_name():
    assert list(POLICIES) == list(NAMES)
    assert policy_of("vn_default") is POLICIES["vn_default"]
    assert policy_of("vn-15-2025-strict") is POLICIES["vn_15_2025_strict"]
    assert repr(POLICIES["archive"]) == "Policy('archive')"
    for policy in POLICIES.values():
        assert policy.title.vi != policy.title.en
        assert policy.crypto.name == policy.name


@pytest.mark.parametrize("wrong", ["", "default", "VN_DEFAULT", None, 1])
def test_an_unknown_policy_is_named(wrong):
    with pytest.raises(UsageError) as caught:
        policy_of(wrong)
    assert caught.value.code == "unknown-policy"
    assert "vn_default, vn_15_2025_strict, archive" in str(caught.value)
