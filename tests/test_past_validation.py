"""Years later: signatures of every level, made for real, judged offline when everything in them has expired."""

from __future__ import annotations

import attrs
import pytest

from archive_support import (
    ARCHIVED,
    CA,
    FIRST,
    NOW,
    OF_2021,
    OF_2023,
    OPEN,
    PASSED,
    PERSON,
    SECOND,
    SIGNED,
    SINCE,
    STORE,
    TSA_ROOT,
    codes,
    day,
    judge,
    lists,
    made,
    tsa,
)
from vndoc.pki import RevocationChecker, SubIndication
from vndoc.signature import POLICIES, Level, cms, cms_archiving, xmldsig_archiving, xmldsig_countersigning
from vndoc.signature.policy import Renewal
from vndoc.signature.tsp import read_token

FORMS = pytest.mark.parametrize("form", ["cms", "xml"])


@FORMS
@pytest.mark.parametrize("level", ["LT", "LTA"])
def test_long_after_its_end_a_signature_passes_by_what_it_carries(form, level):
    report = judge(form, made(form, level))
    assert (report.indication, report.level) == (PASSED, Level[level]), report.reasons
    assert report.best_signature_time == SIGNED
    assert "certificate-ended-since" in codes(report)
    assert report.passed


@FORMS
def test_without_facts_about_revocation_it_stays_open_with_the_warning(form):
    report = judge(form, made(form, "T"))
    assert (report.indication, report.sub_indication) == (OPEN, SubIndication.TRY_LATER)
    warning = next(r for r in report.reasons if r.code == "revocation-not-checked")
    assert warning.text("vi").startswith("CẢNH BÁO: không kiểm tra được trạng thái thu hồi")
    assert report.answer() == "chưa đủ căn cứ xác định"


@FORMS
def test_facts_of_the_caller_are_as_good(form):
    known = RevocationChecker.of(OF_2023.crls)
    assert judge(form, made(form, "T"), revocation=known).passed


@FORMS
def test_facts_from_before_the_signature_that_ran_out_are_not(form):
    old = lists(day(2019), fresh=1)
    report = judge(form, made(form, "T"), revocation=RevocationChecker.of(old.crls))
    assert (report.indication, report.sub_indication) == (OPEN, SubIndication.TRY_LATER)


@FORMS
@pytest.mark.parametrize(("when", "expected"), [(day(2022), PASSED), (day(2021, 5, 31), OPEN), (SIGNED, OPEN)])
def test_revocation_counts_from_its_date(form, when, expected):
    later = lists(day(2023), ca={PERSON.certificate: (when, "keyCompromise")})
    report = judge(form, made(form, "T"), revocation=RevocationChecker.of(later.crls))
    assert report.indication is expected
    if expected is OPEN:
        assert report.sub_indication is SubIndication.REVOKED_NO_POE


@FORMS
def test_the_archive_timestamp_stands_for_the_lost_key_of_an_authority(form):
    """The key of the first authority is lost in 2024: what it stamped is believed only if it was archived before."""
    lost = lists(day(2025), tsa={FIRST.certificate: (day(2024), "keyCompromise")}, fresh=10)
    known = RevocationChecker.of(lost.crls)
    report = judge(form, made(form, "LTA"), revocation=known)
    assert report.passed, report.reasons
    inner, outer = report.timestamps
    assert (inner.known_since, outer.known_since) == (ARCHIVED, None)
    report = judge(form, made(form, "LT"), revocation=known)
    assert report.indication is OPEN
    assert "tsa-compromised" in codes(report)


@FORMS
def test_the_archive_timestamp_stands_for_the_lost_key_of_a_ca(form):
    """The CA's key is lost in 2024: whoever has it can make revocation lists that say anything about 2021."""
    lost = lists(day(2025), root={CA.certificate: (day(2024), "cACompromise")}, fresh=10)
    known = RevocationChecker.of(lost.crls)
    assert judge(form, made(form, "LTA"), revocation=known).passed
    report = judge(form, made(form, "LT"), revocation=known)
    assert (report.indication, report.sub_indication) == (OPEN, SubIndication.REVOKED_CA_NO_POE)
    assert "status-after-compromise" in codes(report)
    gone = lists(day(2025), root={CA.certificate: (day(2024), "cessationOfOperation")}, fresh=10)
    assert judge(form, made(form, "LT"), revocation=RevocationChecker.of(gone.crls)).passed


def test_a_certificate_that_nothing_signed_names_may_be_younger_than_the_loss():
    lost = lists(day(2025), root={CA.certificate: (day(2024), "cACompromise")}, fresh=10)
    facts_of = made("cms", "LT")
    from vndoc.signature import Binding, evaluate  # noqa: PLC0415
    from vndoc.signature.cms import read_cms  # noqa: PLC0415

    [facts] = read_cms(facts_of)
    loose = attrs.evolve(facts, binding=lambda _: Binding.ABSENT)
    report = evaluate(loose, policy="vn_default", trust=STORE, at=NOW, revocation=RevocationChecker.of(lost.crls))
    assert report.sub_indication is SubIndication.REVOKED_CA_NO_POE
    assert "made-after-compromise" in codes(report)


@FORMS
def test_whether_a_timestamp_has_to_be_renewed_is_the_policy_s(form):
    required = attrs.evolve(POLICIES["vn_default"], renewal=Renewal.REQUIRED)
    known = RevocationChecker.of([*SINCE.crls, *lists(day(2029, 12)).crls])
    noted = judge(form, made(form, "LT"))
    assert noted.passed
    assert "timestamp-not-renewed" in codes(noted)
    report = judge(form, made(form, "LT"), policy=required, revocation=known)
    assert (report.indication, report.sub_indication) == (OPEN, SubIndication.OUT_OF_BOUNDS_NO_POE)
    report = judge(form, made(form, "LTA"), policy=required, revocation=known)
    assert report.passed, report.reasons
    assert "timestamp-not-renewed" not in codes(report)


@FORMS
def test_an_archive_timestamp_proves_the_time_of_counter_signatures_too(form):
    """The counter-signer's certificate ended in 2024, and the counter-signature has no timestamp of its own."""
    sign = cms.counter_sign if form == "cms" else xmldsig_countersigning.counter_sign
    add = cms_archiving if form == "cms" else xmldsig_archiving
    second = CA.person("Phó Chánh Văn phòng", key="p256", valid=(day(2020), day(2024)))
    data = sign(made(form, "LT"), signer=second.signer(), signing_time=day(2022))
    known = RevocationChecker.of(SINCE.crls)
    [counter] = judge(form, data, revocation=known).counter_signatures
    assert (counter.indication, counter.best_signature_time) == (OPEN, None)
    report = judge(form, add.add_archive_timestamp(data, tsa(SECOND, ARCHIVED)), revocation=known)
    assert report.passed, report.reasons
    [counter] = report.counter_signatures
    assert counter.passed, counter.reasons
    assert counter.best_signature_time == ARCHIVED
    assert "time-proven-around" in codes(counter)
    assert "counter-signature-not-valid" not in codes(report)
    again = sign(data, signer=second.signer(), signing_time=day(2022))
    assert len(judge(form, again).counter_signatures) == 2


def test_a_content_timestamp_is_as_old_as_the_signature_proves():
    """It stands among what was signed: its authority's key may be lost after the signature was stamped."""
    from vndoc.signature import TimestampFacts, TimestampKind, evaluate  # noqa: PLC0415
    from vndoc.signature.cms import read_cms  # noqa: PLC0415

    third = TSA_ROOT.tsa("TSA ba", key="rsa-2048", valid=(day(2019), day(2025)))
    stamped = tsa(third, day(2021, 5, 31)).token(b"\0" * 32)
    [facts] = read_cms(made("cms", "LT"))
    content = TimestampFacts(kind=TimestampKind.CONTENT, place="content", token=read_token(stamped), intact=True)
    facts = attrs.evolve(facts, timestamps=(content, *facts.timestamps))
    lost = lists(day(2025), tsa={third.certificate: (day(2024), "keyCompromise")}, fresh=10)
    early = lists(day(2021, 5, 30))
    known = RevocationChecker.of([*lost.crls, *early.crls])
    report = evaluate(facts, policy="vn_default", trust=STORE, at=NOW, revocation=known)
    found = report.timestamps[0]
    assert (found.proves, found.known_since) == (True, SIGNED)
    assert report.passed


@FORMS
def test_a_broken_archive_timestamp_undoes_nothing_but_itself(form):
    data = made(form, "LTA")
    if form == "xml":
        data = data.replace(b"<xades:CRLValues>", b"<xades:CRLValues> ")
    else:
        from vndoc.signature._cms_make import opened  # noqa: PLC0415

        _, held = opened(data)
        data = attrs.evolve(held, revocation=held.revocation[1:]).octets()
    known = RevocationChecker.of(OF_2021.crls)
    report = judge(form, data, revocation=known)
    assert report.passed
    assert "timestamp-not-valid" in codes(report)
    assert [t.proves for t in report.timestamps] == [True, False]


@FORMS
def test_the_report_tells_since_when_a_timestamp_is_known(form):
    report = judge(form, made(form, "LTA"), revocation=RevocationChecker.of(SINCE.crls))
    shown = report.to_dict()["timestamps"]
    assert [t["known_since"] for t in shown] == [ARCHIVED.isoformat(), None]
