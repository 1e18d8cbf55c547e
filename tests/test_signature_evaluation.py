"""One honest verdict: every way for a signature to pass, to fail, and to stay open."""

from __future__ import annotations

import datetime

import attrs
import pytest

import verdict_support as made
from verdict_support import CA, ECDSA, GOOD, NOW, PERSON, ROOT, RSA, STORE, TSA, Knows, signed, stamp, token, utc
from vndoc.errors import FetchError, UsageError
from vndoc.pki import (
    Certificate,
    Family,
    Indication,
    Purpose,
    RevocationChecker,
    RevocationReason,
    SignatureAlgorithm,
    SubIndication,
    TrustStore,
)
from vndoc.pki.outcome import Reason
from vndoc.signature.evaluation import evaluate, verdict_of
from vndoc.signature.facts import (
    Binding,
    Covered,
    Form,
    RevocationMaterial,
    SignatureFacts,
    TimestampFacts,
    TimestampKind,
)
from vndoc.signature.policy import POLICIES
from vndoc.signature.reasons import REASONS, SIGNATURE_REASONS
from vndoc.signature.report import SignatureReport
from vndoc.testing.pki import Authority, distribution_points

HOUR = datetime.timedelta(hours=1)
PASSED, FAILED, OPEN = Indication.PASSED, Indication.FAILED, Indication.INDETERMINATE


def judge(facts: SignatureFacts, **how) -> SignatureReport:
    how = {"policy": "vn_default", "trust": STORE, "at": NOW, "revocation": GOOD} | how
    return evaluate(facts, **how)


def codes(report: SignatureReport) -> list[str]:
    return [reason.code for reason in report.reasons]


def ends(report: SignatureReport, indication: Indication, sub: SubIndication | None, *expected: str) -> None:
    assert (report.indication, report.sub_indication) == (indication, sub), report.reasons
    assert report.passed is (indication is PASSED)
    for code in expected:
        assert code in codes(report)


# -- passing -------------------------------------------------------------------------------------------


def test_a_good_signature_passes_with_everything_that_must_be_shown():
    report = judge(signed(claimed_time=NOW - HOUR, claimed_roles=("Chánh Văn phòng",)))
    ends(report, PASSED, None, "no-timestamp", "claimed-time-only")
    assert all(part.passed for part in (report.crypto, report.trust, report.time, report.changes))
    assert report.intact
    assert report.signer.display_name == "Trần Thị Thử"
    assert report.signer.citizen_id == "*********123"
    assert report.chain == (PERSON.certificate, CA.certificate, ROOT.certificate)
    assert report.anchor.certificate == ROOT.certificate
    assert report.anchor_family == "government"
    assert report.validity == (PERSON.certificate.not_before, PERSON.certificate.not_after)
    assert report.issuing_organisation == "Authority of tests"
    assert report.managing_unit == "CA thử nghiệm"
    assert (report.best_signature_time, report.control_time, report.claimed_time) == (None, NOW, NOW - HOUR)
    assert report.covers[0].octets.open().read() == b"content"
    assert report.answer() == "hợp lệ"
    assert report.answer("en") == "valid"
    assert repr(report) == "SignatureReport('SignerInfo[1]', passed)"
    assert [fact.certificate for fact in report.evidence.statuses] == [PERSON.certificate, CA.certificate]
    assert set(report.evidence.certificates) == {PERSON.certificate, CA.certificate, ROOT.certificate}


def test_a_timestamp_proves_the_time():
    time = NOW - 10 * HOUR
    report = judge(signed(timestamps=(stamp(time),), claimed_time=time))
    ends(report, PASSED, None, "time-proven")
    assert report.best_signature_time == time
    assert report.control_time == time + datetime.timedelta(seconds=1)
    [found] = report.timestamps
    assert found.proves
    assert found.tsa.display_name == "Máy chủ dấu thời gian thử"
    assert not found.foreign


def test_the_earliest_proof_counts():
    first, second = NOW - 20 * HOUR, NOW - 10 * HOUR
    archive = stamp(first, kind=TimestampKind.ARCHIVE)
    report = judge(signed(timestamps=(stamp(second), archive)))
    assert report.best_signature_time == first


def test_references_only_are_no_proof_of_the_signature():
    report = judge(signed(timestamps=(stamp(NOW - HOUR, kind=TimestampKind.REFERENCES),)))
    assert report.best_signature_time is None


# -- format, digests, value ----------------------------------------------------------------------------


def covered(intact, digest="sha256") -> Covered:
    return Covered(what="content", name="tệp.pdf", intact=intact, digest=digest, value=b"x")


def test_a_changed_content_fails():
    ends(
        judge(signed(covered=(covered(None), covered(False)))),
        FAILED,
        SubIndication.HASH_FAILURE,
        "covered-data-changed",
    )


def test_a_missing_content_is_open():
    report = judge(signed(covered=(covered(None),)))
    ends(report, OPEN, SubIndication.SIGNED_DATA_NOT_FOUND, "covered-data-missing")
    assert not report.intact


def test_a_signature_over_nothing_fails():
    ends(judge(signed(covered=())), FAILED, SubIndication.FORMAT_FAILURE, "nothing-covered")


@pytest.mark.parametrize("code", ["nothing-covered", "covered-data-changed"])
def test_what_the_reader_says_is_not_said_twice(code):
    own = Reason.of(SIGNATURE_REASONS[code])
    report = judge(signed(reasons=(own,), covered=(covered(False),) if code != "nothing-covered" else ()))
    assert codes(report).count(code) == 1
    assert report.indication is FAILED


def test_a_wrong_value_fails():
    report = judge(signed(verify=lambda _: False))
    ends(report, FAILED, SubIndication.SIG_CRYPTO_FAILURE, "signature-value-wrong")
    assert report.answer() == "không hợp lệ"
    assert not report.intact


@pytest.mark.parametrize(
    "fields",
    [
        {"algorithm": SignatureAlgorithm(Family.UNKNOWN, name="urn:x")},
        {"algorithm": SignatureAlgorithm(Family.RSA_PKCS1, "md5")},
        {"algorithm": SignatureAlgorithm(Family.DSA, "sha256")},
        {"candidates": (), "certificates": ()},
    ],
)
def test_a_value_that_nobody_verified_is_not_said_to_be_intact(fields):
    """Whoever forges a document may name any algorithm: the digests alone are right in every forgery."""
    report = judge(attrs.evolve(signed(verify=lambda _: False), **fields))
    assert (report.indication, report.value_right, report.intact) == (OPEN, None, False)
    assert [c.intact for c in report.covers] == [True]


def test_a_document_that_changed_afterwards_is_kept_apart():
    later = Reason.of(attrs.evolve(SIGNATURE_REASONS["no-signature"], code="changed-later"))
    report = judge(signed(), changes=(later,))
    ends(report, OPEN, None, "changed-later")
    assert report.crypto.passed
    assert report.changes.indication is OPEN


# -- the signing certificate ---------------------------------------------------------------------------


def test_no_certificate_at_all():
    report = judge(signed(candidates=(), certificates=()))
    ends(report, OPEN, SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "no-signing-certificate")
    assert report.signer is report.certificate is report.path is report.anchor is report.validity is None
    assert report.chain == ()
    assert report.issuing_organisation is report.managing_unit is report.anchor_family is None
    assert codes(report).count("no-signing-certificate") == 1


def test_certificates_of_the_path_are_not_tried_once_the_signer_is_found():
    """What issued another one stands there for the path, unless it has the very key of the signer."""
    tried: list[Certificate] = []

    def verify(certificate: Certificate) -> bool:
        tried.append(certificate)
        return certificate.spki == PERSON.certificate.spki

    issuers = (CA.certificate, ROOT.certificate)
    report = judge(signed(candidates=(PERSON.certificate, *issuers), verify=verify))
    ends(report, PASSED, None)
    assert tried == [PERSON.certificate]
    again = Authority.root("Gốc khác").subordinate("CA khác", key=PERSON.key)
    below = again.person("Lê Văn Cường")
    report = judge(
        signed(
            candidates=(PERSON.certificate, again.certificate, below.certificate),
            verify=verify,
            binding=lambda _: Binding.ABSENT,
        )
    )
    ends(report, PASSED, None, "several-signing-certificates", "no-signing-certificate-attribute")


def test_a_certificate_that_the_caller_knows():
    store = STORE.with_pool([CA.certificate, PERSON.certificate])
    ends(judge(signed(candidates=(), certificates=()), trust=store), PASSED, None)
    pinned = STORE.with_pinned(PERSON.certificate, purposes={Purpose.GOVERNMENT})
    ends(judge(signed(candidates=(), certificates=()), trust=pinned, revocation=None), PASSED, None)


def test_the_signed_data_name_another_certificate():
    report = judge(signed(binding=lambda _: Binding.DIFFERS))
    ends(report, OPEN, SubIndication.NO_SIGNING_CERTIFICATE_FOUND, "signing-certificate-other")


def test_same_key_other_certificate():
    """Attack A13: the certificate is exchanged for one with the same key."""
    twin = CA.person("Kẻ Mạo Danh", key=PERSON.key)
    both = (twin.certificate, PERSON.certificate)
    report = judge(signed(candidates=both))
    ends(report, PASSED, None)
    assert report.certificate == PERSON.certificate
    unbound = judge(signed(candidates=both, binding=lambda _: Binding.ABSENT))
    ends(unbound, PASSED, None, "several-signing-certificates", "no-signing-certificate-attribute")


@pytest.mark.parametrize(
    ("policy", "form", "sub"),
    [
        ("vn_default", Form.CADES, None),
        ("vn_default", Form.XMLDSIG, None),
        ("archive", Form.CMS, None),
        ("vn_15_2025_strict", Form.XMLDSIG, None),
        ("vn_15_2025_strict", Form.CADES, SubIndication.SIG_CONSTRAINTS_FAILURE),
        ("vn_15_2025_strict", Form.CMS, SubIndication.SIG_CONSTRAINTS_FAILURE),
    ],
)
def test_a_certificate_that_nothing_signed_names(policy, form, sub):
    report = judge(signed(form=form, binding=lambda _: Binding.ABSENT), policy=policy)
    code = "no-signing-certificate-attribute" if sub is None else "signing-certificate-missing"
    ends(report, PASSED if sub is None else OPEN, sub, code)


@pytest.mark.parametrize(
    ("policy", "form", "passes"),
    [
        ("vn_default", Form.CMS, True),
        ("archive", Form.CMS, True),
        ("vn_15_2025_strict", Form.CMS, False),
    ],
)
def test_signatures_over_the_bare_content(policy, form, passes):
    report = judge(signed(form=form, signed_attributes=False), policy=policy)
    assert report.passed is passes
    assert ("signed-attributes-required" in codes(report)) is not passes


# -- algorithms ----------------------------------------------------------------------------------------

OLD = (utc(2010, 1, 1), utc(2030, 1, 1))
OLD_ROOT = Authority.root("Gốc cũ", key="p256", valid=OLD)
OLD_TSA_ROOT = Authority.root("Gốc dấu thời gian cũ", key="p256", valid=OLD)
OLD_STORE = TrustStore.of([OLD_ROOT.certificate], purposes={Purpose.NATIONAL}).with_anchor(
    OLD_TSA_ROOT.certificate, purposes={Purpose.TIMESTAMP, Purpose.NATIONAL}
)
OLD_PERSON = OLD_ROOT.person("Lê Văn Cũ", key="rsa-1024", valid=OLD)
OLD_TSA = OLD_TSA_ROOT.tsa(key="rsa-2048", valid=OLD)


def test_rsa_1024_is_verified_and_not_accepted():
    report = judge(signed(OLD_PERSON, algorithm=RSA), trust=OLD_STORE)
    ends(report, OPEN, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "algorithm-not-accepted")
    assert report.intact
    broken = judge(signed(OLD_PERSON, algorithm=RSA, verify=lambda _: False), trust=OLD_STORE)
    ends(broken, FAILED, SubIndication.SIG_CRYPTO_FAILURE)


def test_old_algorithms_with_and_without_proof():
    old = {"trust": OLD_STORE, "policy": "archive"}
    facts = signed(OLD_PERSON, algorithm=RSA)
    ends(judge(facts, **old), OPEN, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, "algorithm-expired-no-proof")
    early = attrs.evolve(facts, timestamps=(stamp(utc(2015, 12, 31, 16), OLD_TSA),))
    ends(judge(early, **old), PASSED, None, "time-proven")
    late = attrs.evolve(facts, timestamps=(stamp(utc(2015, 12, 31, 17), OLD_TSA),))
    ends(judge(late, **old), OPEN, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "algorithm-expired")


def test_the_digest_of_what_is_covered():
    sha1 = signed(covered=(covered(True, "sha1"), covered(True, "sha1")))
    report = judge(sha1)
    ends(report, OPEN, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE, "digest-expired-no-proof")
    assert codes(report).count("digest-expired-no-proof") == 1
    stamped = attrs.evolve(sha1, timestamps=(stamp(NOW - HOUR),))
    ends(judge(stamped), OPEN, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "digest-expired")
    strict = judge(sha1, policy="vn_15_2025_strict")
    ends(strict, OPEN, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "digest-not-accepted")


@pytest.mark.parametrize("family", [Family.DSA, Family.HMAC, Family.UNKNOWN])
def test_schemes_refused_by_name(family):
    name = "1.2.3" if family is Family.UNKNOWN else None
    facts = signed(algorithm=ECDSA, verify=lambda _: False)
    report = judge(attrs.evolve(facts, algorithm=SignatureAlgorithm(family, "sha256", name=name)))
    ends(report, OPEN, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "algorithm-not-accepted")
    assert "signature-value-wrong" not in codes(report)


def test_digests_refused_by_name():
    facts = attrs.evolve(signed(verify=lambda _: False), algorithm=SignatureAlgorithm(Family.RSA_PKCS1, "md5"))
    ends(judge(facts), OPEN, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "algorithm-not-accepted")


def test_an_algorithm_that_the_reader_could_not_name():
    ends(judge(attrs.evolve(signed(), algorithm=None)), OPEN, SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
    said = Reason.of(SIGNATURE_REASONS["nothing-covered"])
    report = judge(attrs.evolve(signed(), algorithm=None, reasons=(said,)))
    assert "algorithm-not-accepted" not in codes(report)


def test_a_curve_outside_the_table():
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    odd = CA.person("Người Dùng Đường Cong Khác", key=ec.generate_private_key(ec.SECP256K1()))
    report = judge(signed(odd))
    ends(report, OPEN, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "algorithm-not-accepted")
    assert "secp256k1" in report.reasons[0].text()


def test_a_key_of_another_kind():
    damaged = Certificate.load(PERSON.certificate.der)
    object.__setattr__(damaged, "spki", b"\x30\x00")
    facts = signed(candidates=(damaged,), binding=lambda _: Binding.MATCHES, verify=lambda _: False)
    report = judge(facts)
    assert "signature-value-wrong" in codes(report)
    assert "algorithm-not-accepted" in codes(report)


# -- trust ---------------------------------------------------------------------------------------------


def test_nothing_is_trusted_by_itself():
    report = judge(signed(), trust=TrustStore())
    ends(report, OPEN, SubIndication.NO_CERTIFICATE_CHAIN_FOUND)
    assert report.crypto.passed
    assert report.anchor is None


def test_an_anchor_for_time_vouches_for_no_signer():
    store = TrustStore.of([ROOT.certificate], purposes={Purpose.TIMESTAMP})
    ends(judge(signed(), trust=store), OPEN, SubIndication.NO_CERTIFICATE_CHAIN_FOUND)


def test_revocation_that_nobody_asked_about():
    report = judge(signed(), revocation=None)
    ends(report, OPEN, SubIndication.TRY_LATER, "revocation-not-checked")
    assert "CẢNH BÁO" in report.reasons[0].text("vi")
    ends(judge(signed(), revocation=None, policy="archive"), PASSED, None, "revocation-not-available")


def test_revocation_that_is_unknown():
    source = Knows(unknown=(CA.certificate,))
    ends(judge(signed(), revocation=source), OPEN, SubIndication.TRY_LATER, "revocation-unknown")
    ends(judge(signed(), revocation=source, policy="archive"), PASSED, None, "revocation-not-available")


def test_revocation_that_the_signature_carries():
    lists = tuple(
        authority.crl(revoked={}, this_update=NOW - HOUR, next_update=NOW + 24 * HOUR) for authority in (CA, ROOT)
    )
    carried = RevocationMaterial(crls=lists)
    report = judge(signed(revocation=carried), revocation=None)
    ends(report, PASSED, None)
    assert {fact.source for fact in report.evidence.statuses} == {"crl"}
    ends(judge(signed(revocation=carried), revocation=Knows(unknown=(PERSON.certificate,))), PASSED, None)
    newer = Knows({PERSON.certificate: (NOW - HOUR, None)})
    ends(judge(signed(revocation=carried), revocation=newer), OPEN, SubIndication.REVOKED_NO_POE)
    junk = RevocationMaterial(crls=(b"junk",), ocsps=(b"junk",))
    ends(judge(signed(revocation=junk), revocation=None), OPEN, SubIndication.TRY_LATER, "revocation-unknown")


def test_a_checker_fetches_only_what_the_signature_does_not_carry():
    asked = []

    def fetch(request):
        asked.append(request.url)
        raise FetchError("fetch-status", url=request.url, status=404)

    addressed = CA.person("Lê Văn Có Địa Chỉ", key="p256", extra=[distribution_points("http://a.example/ca.crl")])
    lists = tuple(a.crl(revoked={}, this_update=NOW - HOUR, next_update=NOW + 24 * HOUR) for a in (CA, ROOT))
    checker = RevocationChecker.of(fetch=fetch)
    ends(judge(signed(addressed, revocation=RevocationMaterial(crls=lists)), revocation=checker), PASSED, None)
    assert asked == []
    some = RevocationMaterial(crls=lists[1:])
    ends(judge(signed(addressed, revocation=some), revocation=checker), OPEN, SubIndication.TRY_LATER)
    assert "http://a.example/ca.crl" in asked
    revoked = CA.crl(revoked={addressed.certificate: (NOW - 2 * HOUR, None)}, this_update=NOW, next_update=NOW + HOUR)
    told = RevocationChecker.of([revoked], fetch=fetch)
    carried = signed(addressed, revocation=RevocationMaterial(crls=lists))
    ends(judge(carried, revocation=told), OPEN, SubIndication.REVOKED_NO_POE)


SINCE = NOW - 5 * HOUR


@pytest.mark.parametrize("reason", [RevocationReason.KEY_COMPROMISE, None])
def test_revoked(reason):
    source = Knows({PERSON.certificate: (SINCE, reason)})
    ends(judge(signed(), revocation=source), OPEN, SubIndication.REVOKED_NO_POE, "certificate-revoked")
    before = signed(timestamps=(stamp(SINCE - HOUR),))
    ends(judge(before, revocation=source), PASSED, None)
    after = signed(timestamps=(stamp(SINCE + HOUR),))
    ends(judge(after, revocation=source), OPEN, SubIndication.REVOKED_NO_POE)
    content = stamp(SINCE + HOUR, kind=TimestampKind.CONTENT)
    made_later = signed(timestamps=(content,))
    ends(judge(made_later, revocation=source), FAILED, SubIndication.REVOKED, "signed-after-revocation")


def test_a_revoked_authority():
    source = Knows({CA.certificate: (SINCE, RevocationReason.CA_COMPROMISE)})
    report = judge(signed(timestamps=(stamp(NOW - HOUR, kind=TimestampKind.CONTENT),)), revocation=source)
    ends(report, OPEN, SubIndication.REVOKED_CA_NO_POE, "ca-revoked")


def test_on_hold():
    source = Knows({PERSON.certificate: (SINCE, RevocationReason.CERTIFICATE_HOLD)})
    for policy in POLICIES.values():
        report = judge(signed(), revocation=source, policy=policy)
        ends(report, OPEN, SubIndication.TRY_LATER, "certificate-on-hold")
    lenient = attrs.evolve(POLICIES["vn_default"], hold_is_invalid=False)
    ends(judge(signed(), revocation=source, policy=lenient), PASSED, None, "hold-not-counted")
    content = stamp(SINCE + HOUR, kind=TimestampKind.CONTENT)
    ends(judge(signed(timestamps=(content,)), revocation=source), OPEN, SubIndication.TRY_LATER)


# -- past signatures -----------------------------------------------------------------------------------

ENDED = CA.person("Phạm Thị Hết Hạn", key="p256", valid=(utc(2024, 1, 1), utc(2025, 1, 1)))


def test_an_expired_certificate_with_proof_of_time():
    facts = signed(ENDED, timestamps=(stamp(utc(2024, 6, 1)),))
    ends(judge(facts), PASSED, None, "time-proven", "certificate-ended-since")
    without = judge(facts, revocation=None)
    ends(without, OPEN, SubIndication.TRY_LATER, "revocation-not-checked", "timestamp-not-assured")
    assert without.best_signature_time is None
    assert "certificate-expired" not in codes(without)
    assert judge(facts, revocation=None, policy="archive").best_signature_time == utc(2024, 6, 1)


def test_an_expired_certificate_without_proof():
    ends(judge(signed(ENDED)), OPEN, SubIndication.OUT_OF_BOUNDS_NOT_REVOKED)
    ends(judge(signed(ENDED), revocation=None), OPEN, SubIndication.OUT_OF_BOUNDS_NO_POE)
    late = signed(ENDED, timestamps=(stamp(utc(2025, 1, 2)),))
    ends(judge(late, revocation=None), OPEN, SubIndication.OUT_OF_BOUNDS_NO_POE)


def test_the_claimed_time_rescues_nothing():
    facts = signed(ENDED, claimed_time=utc(2024, 6, 1))
    ends(judge(facts), OPEN, SubIndication.OUT_OF_BOUNDS_NOT_REVOKED)


def test_made_after_the_certificate_ended():
    facts = signed(ENDED, timestamps=(stamp(utc(2025, 2, 1), kind=TimestampKind.CONTENT),))
    ends(judge(facts), FAILED, SubIndication.EXPIRED, "signed-after-expiry")


def test_made_before_the_certificate_began():
    late = CA.person("Vũ Văn Mới", key="p256", valid=(utc(2026, 1, 1), utc(2028, 1, 1)))
    facts = signed(late, timestamps=(stamp(utc(2025, 12, 1)),))
    ends(judge(facts), FAILED, SubIndication.NOT_YET_VALID, "signed-before-validity")
    ends(judge(signed(late), at=utc(2025, 12, 1)), OPEN, SubIndication.OUT_OF_BOUNDS_NO_POE)


def test_accuracy_counts_at_the_edge():
    wide = {"accuracy": datetime.timedelta(minutes=10)}
    facts = signed(ENDED, timestamps=(stamp(utc(2024, 12, 31, 23, 55), **wide),))
    assert not judge(facts).passed
    sharp = signed(ENDED, timestamps=(stamp(utc(2024, 12, 31, 23, 55), accuracy=None),))
    assert judge(sharp).passed


# -- timestamps ----------------------------------------------------------------------------------------


def stamped(*timestamps: TimestampFacts, **how) -> SignatureReport:
    return judge(signed(timestamps=timestamps), **how)


def test_a_copied_timestamp():
    """Attack A19."""
    report = stamped(stamp(NOW - HOUR, intact=False))
    ends(report, OPEN, SubIndication.NO_POE, "timestamp-not-assured")
    [found] = report.timestamps
    assert found.outcome.sub_indication is SubIndication.HASH_FAILURE
    assert not found.proves
    assert report.crypto.passed
    assert report.trust.passed


def test_a_timestamp_over_something_that_cannot_be_rebuilt():
    report = stamped(stamp(NOW - HOUR, intact=None))
    ends(report, OPEN, SubIndication.SIGNED_DATA_NOT_FOUND, "timestamp-not-assured")


def test_a_timestamp_that_cannot_be_read():
    gone = TimestampFacts(kind=TimestampKind.SIGNATURE, place="timestamp[1]", token=None, intact=None)
    report = stamped(gone)
    ends(report, OPEN, SubIndication.NO_POE, "timestamp-token-missing")
    assert repr(report.timestamps[0]) == "TimestampReport(signature, None, indeterminate)"
    said = attrs.evolve(gone, reasons=(Reason.of(SIGNATURE_REASONS["timestamp-data-unknown"]),))
    assert "timestamp-token-missing" not in codes(stamped(said))


def test_a_timestamp_of_nobody():
    report = stamped(stamp(NOW - HOUR), trust=TrustStore.of([ROOT.certificate], purposes={Purpose.GOVERNMENT}))
    ends(report, OPEN, SubIndication.NO_CERTIFICATE_CHAIN_FOUND, "timestamp-not-assured")
    assert report.best_signature_time is None
    assert report.trust.passed


def test_signers_make_no_timestamps():
    report = stamped(stamp(NOW - HOUR, ROOT.tsa(key="rsa-2048")))
    assert report.time.indication is OPEN
    tsa_store = STORE.with_anchor(ROOT.certificate, purposes={Purpose.GOVERNMENT, Purpose.TIMESTAMP})
    person = ROOT.person("Không Phải TSA", key="rsa-2048")
    report = stamped(stamp(NOW - HOUR, person), trust=tsa_store)
    assert report.timestamps[0].outcome.sub_indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_a_second_timestamp_that_is_wrong_is_a_warning():
    report = stamped(stamp(NOW - HOUR), stamp(NOW - 2 * HOUR, intact=False))
    ends(report, PASSED, None, "timestamp-not-valid", "time-proven")


def test_a_timestamp_from_the_future():
    report = stamped(stamp(NOW + HOUR))
    ends(report, OPEN, SubIndication.TIMESTAMP_ORDER_FAILURE, "timestamp-in-future")


def test_content_after_signature():
    content = stamp(NOW - HOUR, kind=TimestampKind.CONTENT)
    report = stamped(content, stamp(NOW - 3 * HOUR))
    ends(report, OPEN, SubIndication.TIMESTAMP_ORDER_FAILURE, "timestamp-order")
    ends(stamped(content, stamp(NOW - HOUR)), PASSED, None)


def test_a_forged_token():
    signature = signed(TSA, algorithm=RSA, verify=lambda _: False)
    report = stamped(stamp(NOW - HOUR, signature=signature))
    assert report.timestamps[0].outcome.sub_indication is SubIndication.SIG_CRYPTO_FAILURE
    ends(report, OPEN, SubIndication.NO_POE, "timestamp-not-assured")


def test_a_token_that_does_not_name_its_certificate():
    signature = signed(TSA, algorithm=RSA, binding=lambda _: Binding.ABSENT)
    report = stamped(stamp(NOW - HOUR, signature=signature))
    assert report.timestamps[0].outcome.reasons[0].code == "signing-certificate-missing"


def test_a_token_without_certificate():
    signature = signed(TSA, algorithm=RSA, candidates=(), certificates=())
    report = stamped(stamp(NOW - HOUR, signature=signature))
    assert report.timestamps[0].outcome.sub_indication is SubIndication.NO_SIGNING_CERTIFICATE_FOUND
    assert report.timestamps[0].tsa is None


FOREIGN_ROOT = Authority.root("Foreign Root", key="p256")
FOREIGN = FOREIGN_ROOT.tsa("Foreign TSA", key="rsa-2048")
WITH_FOREIGN = STORE.with_anchor(FOREIGN_ROOT.certificate, purposes={Purpose.TIMESTAMP})


@pytest.mark.parametrize(("policy", "passes"), [("vn_default", True), ("archive", True), ("vn_15_2025_strict", False)])
def test_a_foreign_authority(policy, passes):
    report = stamped(stamp(NOW - HOUR, FOREIGN), trust=WITH_FOREIGN, policy=policy)
    assert report.passed is passes
    assert report.timestamps[0].foreign
    code = "foreign-tsa" if passes else "foreign-tsa-refused"
    assert code in codes(report)
    assert "Foreign TSA" in next(r for r in report.reasons if r.code == code).text()


SHA1 = SignatureAlgorithm(Family.RSA_PKCS1, "sha1")
LAST, AFTER = utc(2025, 12, 31, 16, 59, 58), utc(2025, 12, 31, 17)


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"imprint_digest": "sha1"}, "weak-imprint"), ({"token_digest": "sha1"}, "weak-token-digest")],
)
def test_weak_digests_of_timestamps(fields, code):
    ends(stamped(stamp(LAST, **fields)), PASSED, None, code)
    late = stamped(stamp(AFTER, **fields))
    ends(late, OPEN, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "digest-expired", "timestamp-not-assured")
    strict = stamped(stamp(LAST, **fields), policy="vn_15_2025_strict")
    ends(strict, OPEN, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, "digest-not-accepted")


def test_a_sha1_signature_of_a_token():
    ends(stamped(stamp(LAST, algorithm=SHA1)), PASSED, None, "weak-token-digest")
    assert not stamped(stamp(AFTER, algorithm=SHA1)).passed


@pytest.mark.parametrize(
    ("reason", "proves"),
    [
        (RevocationReason.KEY_COMPROMISE, False),
        (None, False),
        (RevocationReason.UNSPECIFIED, False),
        (RevocationReason.CESSATION_OF_OPERATION, True),
        (RevocationReason.SUPERSEDED, True),
    ],
)
def test_an_authority_revoked_since(reason, proves):
    source = Knows({TSA.certificate: (NOW - HOUR, reason)})
    report = stamped(stamp(NOW - 2 * HOUR), revocation=source)
    assert report.timestamps[0].proves is proves
    if not proves:
        ends(report, OPEN, SubIndication.REVOKED_NO_POE, "tsa-compromised")
    assert not stamped(stamp(NOW - datetime.timedelta(minutes=30)), revocation=source).timestamps[0].proves


# -- the time that the signer wrote --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ahead", "code"),
    [
        ({"hours": 6, "minutes": 54, "seconds": 59}, "claimed-time-after-proof"),
        ({"hours": 6, "minutes": 55}, "local-time-as-utc"),
        ({"seconds": 25208}, "local-time-as-utc"),
        ({"seconds": 25838}, "local-time-as-utc"),
        ({"hours": 7, "minutes": 15}, "local-time-as-utc"),
        ({"hours": 7, "minutes": 15, "seconds": 1}, "claimed-time-after-proof"),
        ({"minutes": 5}, None),
        ({"minutes": -30}, None),
    ],
)
def test_claimed_and_proven_time(ahead, code):
    time = NOW - 20 * HOUR
    facts = signed(timestamps=(stamp(time),), claimed_time=time + datetime.timedelta(**ahead))
    report = judge(facts)
    assert report.passed
    assert report.best_signature_time == time
    found = {"claimed-time-after-proof", "local-time-as-utc"} & set(codes(report))
    assert found == ({code} if code else set())


def test_a_claimed_time_without_zone_is_vietnams():
    local = (NOW + 7 * HOUR).replace(tzinfo=None)
    report = judge(signed(claimed_time=local))
    assert "claimed-time-in-future" not in codes(report)
    assert report.claimed_time == local
    ahead = judge(signed(claimed_time=NOW + HOUR))
    ends(ahead, PASSED, None, "claimed-time-in-future")


# -- counter-signatures and the whole ------------------------------------------------------------------


def test_counter_signatures():
    good, bad = signed(place="counter[1]"), signed(place="counter[2]", verify=lambda _: False)
    report = judge(signed(counter_signatures=(good, bad)))
    ends(report, PASSED, None, "counter-signature-not-valid")
    assert [c.passed for c in report.counter_signatures] == [True, False]
    nameless = signed(place="counter[3]", candidates=(), certificates=())
    assert "?" in judge(signed(counter_signatures=(nameless,))).reasons[-1].text()


def test_counter_signatures_end_somewhere():
    facts = signed()
    for _ in range(10):
        facts = signed(counter_signatures=(facts,))
    report, depth = judge(facts), 0
    while report.counter_signatures:
        [report] = report.counter_signatures
        depth += 1
        told = "counter-signatures-not-judged" in [reason.code for reason in report.reasons]
        assert told == (not report.counter_signatures)
    assert depth == 3


def whole(*signatures: SignatureFacts):
    return verdict_of(signatures, policy="vn-default", trust=STORE, at=NOW, revocation=GOOD)


def test_the_verdict_over_all_signatures():
    bad, unknown = signed(verify=lambda _: False), signed(binding=lambda _: Binding.DIFFERS)
    for signatures, indication, code in (
        ((signed(),), PASSED, 0),
        ((signed(), signed()), PASSED, 0),
        ((signed(), unknown), OPEN, 3),
        ((unknown, bad, signed()), FAILED, 1),
        ((), OPEN, 3),
    ):
        verdict = whole(*signatures)
        assert (verdict.indication, verdict.exit_code, verdict.passed) == (indication, code, indication is PASSED)
        assert len(verdict) == len(list(verdict)) == len(signatures)
    assert whole().reasons[0].code == "no-signature"
    assert whole().sub_indication is None
    assert whole(bad).sub_indication is SubIndication.SIG_CRYPTO_FAILURE
    assert whole(signed()).answer() == "hợp lệ"
    assert whole().answer("en") == "cannot be determined"
    assert repr(whole(bad)) == "Verdict(failed, 1 signatures)"


def test_a_timestamp_by_an_algorithm_that_is_only_named_cannot_undo_the_verification():
    """Anybody can attach one."""
    md5 = SignatureAlgorithm(Family.RSA_PSS, "md5", "md5", 16)
    facts = attrs.evolve(signed(TSA, algorithm=RSA), algorithm=md5, verify=lambda _: False)
    report = judge(signed(timestamps=(stamp(NOW, signature=facts), stamp(NOW))))
    assert report.best_signature_time == NOW
    assert "timestamp-not-valid" in {reason.code for reason in report.reasons}


def test_what_the_caller_does_wrong():
    with pytest.raises(UsageError, match="time-zone-missing"):
        judge(signed(), at=datetime.datetime(2026, 1, 1))  # noqa: DTZ001 - what is refused
    with pytest.raises(UsageError, match="time-zone-missing"):  # with nothing to judge, too
        verdict_of((), policy="vn_default", trust=STORE, at=datetime.datetime(2026, 1, 1))  # noqa: DTZ001 - as above
    with pytest.raises(UsageError, match="unknown-policy"):
        judge(signed(), policy="none")


def test_no_row_of_the_table_is_dead():
    import inspect  # noqa: PLC0415
    import pathlib  # noqa: PLC0415

    import vndoc.signature  # noqa: PLC0415

    folder = pathlib.Path(inspect.getfile(vndoc.signature)).parent
    text = "".join(p.read_text(encoding="utf-8") for p in folder.glob("*.py") if p.name != "reasons.py")
    assert [code for code in SIGNATURE_REASONS if f'"{code}"' not in text] == []


def test_the_catalogue():
    for code, kind in REASONS.items():
        assert kind.code == code
        assert kind.text.vi != kind.text.en
        assert (kind.indication is None) or not kind.warning or code == "revocation-unknown"
        if kind.indication is FAILED:
            assert kind.sub_indication in {
                SubIndication.FORMAT_FAILURE,
                SubIndication.HASH_FAILURE,
                SubIndication.SIG_CRYPTO_FAILURE,
                SubIndication.REVOKED,
                SubIndication.EXPIRED,
                SubIndication.NOT_YET_VALID,
            }


def test_tokens_and_certificates_show_no_octets():
    assert repr(token(NOW)) == "TimestampToken(2026-11-22T03:00:00+00:00, serial=7)"
    assert repr(signed()) == "SignatureFacts(cades, 'SignerInfo[1]', reasons=[])"
    assert isinstance(made.PERSON.certificate, Certificate)
