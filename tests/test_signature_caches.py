"""What is kept between documents never answers for another store, time, policy or source of revocation facts."""

from __future__ import annotations

import datetime
import hashlib
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verdict_support import CA, NOW, PERSON, ROOT, STORE, Knows, signed, stamp
from vndoc.pki import KeyRule, Purpose, RevocationChecker, TrustStore, Use, building, paths, validate_path
from vndoc.pki.algorithms import DIGESTS, Family, SignatureAlgorithm
from vndoc.pki.outcome import Reason
from vndoc.signature import _standing, blocks, evaluation, identity, trusting
from vndoc.signature.evaluation import evaluate
from vndoc.signature.facts import Binding, Form, SignatureFacts
from vndoc.signature.identity import SignerIdentity, identity_of
from vndoc.signature.policy import POLICIES, Policy, RevocationRule
from vndoc.signature.reasons import SIGNATURE_REASONS
from vndoc.signature.report import SignatureReport
from vndoc.signature.trusting import certificate_trust

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


# -- warm and cold -----------------------------------------------------------------------------------------


def forget() -> None:
    """Empty what is kept between documents."""
    trusting._validators.clear()
    _standing._standings.clear()
    for kept in (building._kept_signed_by, identity._kept, blocks._kept_bare, evaluation._kept_untimed, blocks._shown):
        kept.cache_clear()


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Let each test begin with nothing kept."""
    forget()


STRICT = POLICIES["vn_15_2025_strict"]
OTHER = CA.person("Lê Văn Khác", key="p256")
BOUND, UNBOUND = (lambda _certificate, found=found: found for found in (Binding.MATCHES, Binding.ABSENT))
STAMPED = {"timestamps": (stamp(NOW - DAY, octets=b"proof"),)}
KINDS: list[dict[str, Any]] = [
    {},
    {"binding": UNBOUND},
    {"binding": UNBOUND, "place": "SignerInfo[2]"},
    {"binding": UNBOUND, "form": Form.XMLDSIG},
    {"binding": UNBOUND, "place": "/x" * 200},
    {"signed_attributes": False, "form": Form.CMS},
    {"claimed_time": NOW + DAY},
    {"digest": "sha1"},
    {"digest": "sha224"},
    {"verify": lambda _certificate: False},
    {"identity": OTHER},
    {"identity": OTHER, "binding": UNBOUND},
    {"certificates": ()},
    {"candidates": (OTHER.certificate, PERSON.certificate), "binding": UNBOUND},
    {"reasons": (Reason.of(SIGNATURE_REASONS["nothing-covered"], place="here"),)},
    {"covered": ()},
    STAMPED,
    STAMPED | {"identity": OTHER, "place": "SignerInfo[2]"},
]
FACTS = [signed(**kind) for kind in KINDS]
STORES = [
    STORE,
    STORE.with_pool([CA.certificate]),
    STORE.with_pinned(PERSON.certificate, purposes={Purpose.GOVERNMENT}),
    STORE.without(ROOT.certificate.fingerprint),
    STORE.with_anchor(ROOT.certificate, purposes={Purpose.GOVERNMENT}, not_after=NOW + DAY),
]
TABLES = [
    POLICY,
    STRICT,
    POLICIES["archive"],
    attrs.evolve(POLICY, name="later", revocation=RevocationRule.REQUIRED),
    attrs.evolve(POLICY, crypto=attrs.evolve(POLICY.crypto, digests={}, name="none")),
]
SOURCES = [None, lists(revoked=False), lists(revoked=True), Knows()]
TIMES = [NOW, NOW + DAY, NOW + 1.5 * DAY, NOW.replace(year=2016), PERSON.certificate.not_after + DAY]
QUESTIONS = st.tuples(*[st.sampled_from(one) for one in (FACTS, TABLES, STORES, TIMES, SOURCES)])


@settings(max_examples=60, deadline=None)
@given(st.lists(QUESTIONS, min_size=2, max_size=12))
def test_an_answer_does_not_tell_what_was_asked_before(questions: list[tuple[Any, ...]]) -> None:
    def asked(facts: Any, policy: Any, trust: Any, at: Any, revocation: Any) -> SignatureReport:
        return evaluate(facts, policy=policy, trust=trust, at=at, revocation=revocation)

    cold = []
    for question in questions:
        forget()
        cold.append(asked(*question))
    forget()
    for _ in range(2):
        warm = [asked(*question) for question in questions]
        assert warm == cold
        assert [report.to_dict() for report in warm] == [report.to_dict() for report in cold]


def test_what_is_said_at_a_long_place_is_not_kept() -> None:
    forget()
    place = "/x" * 200
    report = evaluate(signed(place=place, binding=UNBOUND), policy=POLICY, trust=STORE, at=NOW)
    assert {r.place for r in report.reasons} == {place}
    assert blocks._kept_bare.cache_info().currsize == evaluation._kept_untimed.cache_info().currsize == 0
    again = evaluate(signed(place="/x", binding=UNBOUND), policy=POLICY, trust=STORE, at=NOW)
    assert [r.code for r in again.reasons] == [r.code for r in report.reasons]
    assert blocks._kept_bare.cache_info().currsize == 2


def test_a_path_is_searched_for_once_until_something_ends(monkeypatch: Any) -> None:
    forget()
    searched = []
    for module in (paths, trusting):
        monkeypatch.setattr(module, "validate_path", lambda *a, **k: searched.append(k["at"]) or validate_path(*a, **k))
    facts = signed()
    for hours in range(50):
        assert evaluate(facts, policy=POLICY, trust=STORE, at=NOW + datetime.timedelta(hours=hours)).passed
    assert not evaluate(facts, policy=POLICY, trust=STORE, at=PERSON.certificate.not_after + DAY).passed
    again = NOW + datetime.timedelta(hours=1)  # what is met once is not kept
    assert searched == [NOW, again, PERSON.certificate.not_after + DAY]


@pytest.mark.parametrize("policy", POLICIES.values(), ids=str)
def test_digests_without_end(policy: Policy) -> None:
    for use in Use:
        endless = {name for name in DIGESTS if policy.crypto.digest_until(use, name) == datetime.date.max}
        assert policy.crypto.endless_digests(use) == endless
    assert not attrs.evolve(policy.crypto, digests={}).endless_digests(Use.DOCUMENT)


PLAIN = signed(binding=UNBOUND)
VALUE = hashlib.sha256(PLAIN.signature_value).digest()
CHANGES: dict[str, tuple[SignatureFacts, dict[str, Any]]] = {
    "place": (attrs.evolve(PLAIN, place="SignerInfo[2]"), {}),
    "form": (attrs.evolve(PLAIN, form=Form.XMLDSIG), {"policy": STRICT}),
    "signed attributes": (attrs.evolve(PLAIN, form=Form.CMS, signed_attributes=False), {"policy": STRICT}),
    "algorithm": (attrs.evolve(PLAIN, algorithm=SignatureAlgorithm(Family.ECDSA, "sha1"), verify=lambda _c: True), {}),
    "binding": (attrs.evolve(PLAIN, binding=BOUND), {}),
    "signer": (attrs.evolve(PLAIN, candidates=(OTHER.certificate,), verify=lambda _c: True), {}),
    "certificates": (attrs.evolve(PLAIN, certificates=()), {}),
    "value": (attrs.evolve(PLAIN, verify=lambda _c: False), {}),
    "digest": (attrs.evolve(PLAIN, covered=signed(digest="sha1").covered), {}),
    "content": (attrs.evolve(PLAIN, covered=(attrs.evolve(PLAIN.covered[0], intact=False),)), {}),
    "content unknown": (attrs.evolve(PLAIN, covered=(attrs.evolve(PLAIN.covered[0], intact=None),)), {}),
    "nothing covered": (attrs.evolve(PLAIN, covered=()), {}),
    "reasons": (attrs.evolve(PLAIN, reasons=(Reason.of(SIGNATURE_REASONS["nothing-covered"]),)), {}),
    "timestamp": (attrs.evolve(PLAIN, **STAMPED), {}),
    "policy": (PLAIN, {"policy": TABLES[3]}),
    "tables": (PLAIN, {"policy": TABLES[4]}),
    "store": (PLAIN, {"trust": STORES[3]}),
    "end": (PLAIN, {"at": PERSON.certificate.not_after + DAY}),
    "lists": (PLAIN, {"revocation": lists(revoked=True)}),
    "source": (PLAIN, {"revocation": Knows()}),
    "changes": (PLAIN, {"changes": [Reason.of(SIGNATURE_REASONS["nothing-covered"])]}),
    "counter-signature": (attrs.evolve(PLAIN, counter_signatures=(attrs.evolve(PLAIN, verify=lambda _c: False),)), {}),
    "proof": (PLAIN, {"proofs": {VALUE: NOW - DAY}}),
    "proof from before the certificate": (PLAIN, {"proofs": {VALUE: PERSON.certificate.not_before - DAY}}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_kept_of_a_plain_signature_is_for_nothing_else(name: str) -> None:
    """Of each thing that the answer depends on: what was said without it is not said with it, nor the other way."""
    facts, changed = CHANGES[name]
    given: dict[str, Any] = {"policy": POLICY, "trust": STORE, "at": NOW}
    by_policy = given | {"policy": changed.get("policy", POLICY)}
    usual = [(PLAIN, given), (PLAIN, by_policy), (attrs.evolve(PLAIN, form=facts.form), by_policy)]
    cold = []
    for one, how in (*usual, (facts, given | changed)):
        forget()
        cold.append(evaluate(one, **how))
    said, without = [(one.crypto, one.trust, one.path, one.time, one.outcome) for one in (cold[3], cold[0])]
    assert said != without
    forget()
    for _ in range(2):
        assert [evaluate(one, **how) for one, how in usual] == cold[:3]
        assert evaluate(facts, **given | changed) == cold[3]


def test_a_plain_signature_is_judged_once(monkeypatch: Any) -> None:
    forget()
    asked = []
    monkeypatch.setattr(evaluation, "certificate_trust", lambda *a, **k: asked.append(1) or certificate_trust(*a, **k))
    reports = [
        evaluate(PLAIN, policy=POLICY, trust=STORE, at=NOW + n * datetime.timedelta(minutes=1)) for n in range(9)
    ]
    assert len(asked) == 2  # what is met once is not kept
    assert all(report.trust is reports[1].trust for report in reports[1:])
    assert reports[0].trust == reports[1].trust
    shown = [
        dict(reason.values)["at"] for report in reports for reason in report.reasons if reason.code == "no-timestamp"
    ]
    assert len(set(shown)) == 9


def test_no_more_plain_signatures_are_kept_than_allowed(monkeypatch: Any) -> None:
    forget()
    monkeypatch.setattr(_standing, "_KEPT", 3)
    for number in range(10):
        for _ in range(2):
            assert evaluate(attrs.evolve(PLAIN, place=f"/x[{number}]"), policy=POLICY, trust=STORE, at=NOW).passed
        assert 1 <= len(_standing._standings) <= 3


def test_what_ends_or_is_refused_is_not_kept() -> None:
    dated = attrs.evolve(POLICY.crypto, keys={use: {Family.ECDSA: (KeyRule(256, NOW.date() + DAY),)} for use in Use})
    for policy, at in ((attrs.evolve(POLICY, crypto=dated), NOW), (POLICY, PERSON.certificate.not_after + DAY)):
        forget()
        for _ in range(3):
            evaluate(PLAIN, policy=policy, trust=STORE, at=at)
        assert list(_standing._standings.values()) == [None]


class Store(TrustStore):
    """A store that may do what it likes."""


def test_what_is_not_plain() -> None:
    context = evaluation.context_of(POLICY, STORE, NOW, None, None, None)
    found = blocks.identify(PLAIN)
    assert _standing.key_of(PLAIN, found, context) is not None
    note = Reason.of(SIGNATURE_REASONS["several-signing-certificates"], count=2)
    for other in (
        attrs.evolve(found, certificate=None),
        attrs.evolve(found, valid=False),
        attrs.evolve(found, valid=None),
        attrs.evolve(found, reasons=(note,)),
    ):
        assert _standing.key_of(PLAIN, other, context) is None
    assert _standing.key_of(attrs.evolve(PLAIN, place="/x" * 200), found, context) is None
    own = Store(anchors=STORE.anchors)
    assert _standing.key_of(PLAIN, found, attrs.evolve(context, trust=own)) is None
    assert evaluate(PLAIN, policy=POLICY, trust=own, at=NOW).passed


def test_a_plain_signature_that_carries_much_is_not_kept(monkeypatch: Any) -> None:
    monkeypatch.setattr(trusting, "_KEPT_OCTETS", 10)
    for _ in range(3):
        assert evaluate(PLAIN, policy=POLICY, trust=STORE, at=NOW).passed
        assert not _standing._standings
        assert not trusting._validators


def test_a_path_that_ends_is_kept_elsewhere(monkeypatch: Any) -> None:
    """Where the algorithm has an end, nothing is kept of the signature as a whole, but its path is."""
    searched = []
    monkeypatch.setattr(paths, "validate_path", lambda *a, **k: searched.append(k["at"]) or validate_path(*a, **k))
    rows = {Use.DOCUMENT: {Family.ECDSA: (KeyRule(256, NOW.date() + DAY),)}}
    dated = attrs.evolve(POLICY, crypto=attrs.evolve(POLICY.crypto, keys=dict(POLICY.crypto.keys) | rows))
    forget()
    for hours in range(6):
        assert evaluate(PLAIN, policy=dated, trust=STORE, at=NOW + datetime.timedelta(hours=hours)).passed
    assert len(searched) == 1
