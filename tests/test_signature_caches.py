"""What is kept between documents never answers for another store, time, policy or source of revocation facts."""

from __future__ import annotations

import datetime
from typing import Any

import attrs

from verdict_support import CA, NOW, PERSON, ROOT, STORE, Knows, signed
from vndoc.pki import Purpose, RevocationChecker, TrustStore, building
from vndoc.signature import trusting
from vndoc.signature.evaluation import evaluate
from vndoc.signature.identity import SignerIdentity, identity_of
from vndoc.signature.policy import POLICIES, RevocationRule

POLICY = attrs.evolve(POLICIES["vn_default"], revocation=RevocationRule.WHERE_AVAILABLE)
DAY = datetime.timedelta(days=1)


def codes(**changed: Any) -> set[str]:
    given: dict[str, Any] = {"policy": POLICY, "trust": STORE, "at": NOW}
    report = evaluate(signed(), **(given | changed))
    return {r.code for r in report.reasons if r.decides}


def lists(*, revoked: bool) -> RevocationChecker:
    given = {PERSON.certificate.serial: (NOW - 2 * DAY, None)} if revoked else {}
    times = {"this_update": NOW - DAY, "next_update": NOW + DAY}
    return RevocationChecker.of([CA.crl(revoked=given, **times), ROOT.crl(revoked={}, **times)])  # type: ignore[arg-type]


def test_a_kept_path_is_for_its_store() -> None:
    assert codes() == set()
    assert codes(trust=STORE.without(ROOT.certificate.fingerprint)) != set()
    other = TrustStore.of([ROOT.certificate], purposes={Purpose.TIMESTAMP})
    assert "anchor-other-purpose" in codes(trust=other)
    assert codes() == set()


def test_a_kept_path_is_for_its_time() -> None:
    assert codes() == set()
    assert "certificate-expired" in codes(at=PERSON.certificate.not_after + DAY)
    assert codes() == set()


def test_a_kept_path_is_for_its_tables() -> None:
    assert codes() == set()
    refusing = attrs.evolve(POLICY, crypto=attrs.evolve(POLICY.crypto, keys={}))
    assert codes(policy=refusing) != set()
    assert codes() == set()


def test_a_kept_path_is_for_its_lists() -> None:
    good, bad = lists(revoked=False), lists(revoked=True)
    for _ in range(2):
        assert codes(revocation=good) == set()
        assert "certificate-revoked" in codes(revocation=bad)
        assert codes() == set()


def test_a_source_that_may_learn_is_asked_each_time() -> None:
    source = Knows()
    assert codes(revocation=source) == set()
    source.revoked[PERSON.certificate] = (NOW - DAY, None)
    assert "certificate-revoked" in codes(revocation=source)


def test_a_signature_that_carries_much_is_not_kept(monkeypatch: Any) -> None:
    monkeypatch.setattr(trusting, "_validators", {})
    monkeypatch.setattr(trusting, "_KEPT_OCTETS", 10)
    assert codes() == set()
    assert not trusting._validators


def test_no_more_validators_are_kept_than_allowed(monkeypatch: Any) -> None:
    monkeypatch.setattr(trusting, "_validators", {})
    monkeypatch.setattr(trusting, "_KEPT_VALIDATORS", 2)
    stores = [TrustStore.of([ROOT.certificate], purposes={Purpose.GOVERNMENT}) for _ in range(5)]
    assert all(codes(trust=store) == set() for store in stores)
    assert len(trusting._validators) <= 2


def test_large_certificates_are_judged_without_being_kept(monkeypatch: Any) -> None:
    monkeypatch.setattr(building, "_KEPT_OCTETS", 10)
    monkeypatch.setattr("vndoc.signature.identity._KEPT_OCTETS", 10)
    building._kept_signed_by.cache_clear()
    assert building.signed_by(PERSON.certificate, CA.certificate) is building.Signed.YES
    assert building.signed_by(PERSON.certificate, ROOT.certificate) is building.Signed.NO
    assert building._kept_signed_by.cache_info().currsize == 0
    assert identity_of(PERSON.certificate) == SignerIdentity.of(PERSON.certificate)
