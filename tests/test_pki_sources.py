"""Revocation facts from several sources: they count together, wherever they come from, and all of them are kept."""

from __future__ import annotations

import datetime
import functools
import hashlib

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pki_support import NOW, check, store
from vndoc.errors import CertificateError
from vndoc.pki import Purpose, RevocationChecker, RevocationFact, RevocationStatus, TrustStore, revocation
from vndoc.pki.revocation_sources import Recorder, Sources, at_hand, joined
from vndoc.signature import RevocationMaterial, cms_archiving, make_evidence, sign_cms, verify_cms
from vndoc.signature.evidence import EvidenceRecord
from vndoc.signature.evidence_check import check_evidence
from vndoc.testing.pki import Authority, Scope, TimestampAuthority, distribution_points

KEY = "p256"
HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)
GOOD, REVOKED, UNKNOWN = RevocationStatus
ROOT = Authority.root("Gốc nhiều nguồn", key=KEY)
CA = ROOT.subordinate("CA nhiều nguồn", key=KEY)
PERSON = CA.person("Nguyễn Văn Nguồn", key=KEY, extra=[distribution_points("http://a.example/ca.crl")])
ME = PERSON.certificate
TRUST = TrustStore.of([ROOT.certificate], purposes={Purpose.GOVERNMENT})
SOON = {"this_update": NOW - HOUR, "next_update": NOW + DAY}
OF_ROOT = ROOT.crl(**SOON)
SOME, REST = (
    ("keyCompromise", "cACompromise"),
    (
        "affiliationChanged",
        "superseded",
        "cessationOfOperation",
        "certificateHold",
        "privilegeWithdrawn",
        "aACompromise",
    ),
)


def crl(days: int, revoked: str | None = None, *, since: int = 20, fresh: int = 2, **how) -> bytes:
    """Return a list of so many days ago, in which the person stands or not."""
    entries = {} if revoked is None else {ME: (NOW - since * DAY, revoked)}
    at = NOW - days * DAY
    return CA.crl(revoked=entries, this_update=at, next_update=at + fresh * DAY, **{"number": 100 - days, **how})


LISTS = {
    "good": crl(1),
    "revoked": crl(1, "keyCompromise"),
    "held long ago": crl(9, "certificateHold"),
    "held": crl(1, "certificateHold"),
    "released": crl(0),
    "base": crl(6, fresh=9),
    "delta good": crl(1, delta_base=94),
    "delta revoked": crl(1, "keyCompromise", delta_base=94),
    "some reasons": crl(1, scope=Scope(reasons=SOME)),
    "other reasons": crl(1, scope=Scope(reasons=REST)),
    "superseded": crl(3, "superseded", fresh=9),
    "compromised later": crl(1, "keyCompromise", since=15),
    "some reasons, revoked": crl(1, "cACompromise", scope=Scope(reasons=SOME)),
}


def told(source, at: datetime.datetime = NOW) -> RevocationFact:
    return check(ME, store(ROOT.certificate), at=at, revocation=source, pool=[CA.certificate]).revocation[0]


@settings(max_examples=150, deadline=None)
@given(
    names=st.sets(st.sampled_from(sorted(LISTS)), min_size=1, max_size=5),
    where=st.lists(st.integers(0, 2), min_size=5, max_size=5),
    days=st.integers(-2, 10),
)
def test_wherever_the_lists_are_the_answer_is_that_of_all_of_them(names, where, days):
    """The oracle is one checker that has them all."""
    lists = [LISTS[name] for name in sorted(names)]
    parts: list[list[bytes]] = [[], [], []]
    for octets, place in zip(lists, where, strict=False):
        parts[place].append(octets)
    checkers = [RevocationChecker.of([OF_ROOT, *part]) for part in parts]
    at = NOW - days * DAY
    whole = told(RevocationChecker.of([OF_ROOT, *lists]), at)
    for source in (joined(*checkers), joined(joined(*checkers[:2]), checkers[2]), joined(*checkers[1:], checkers[0])):
        found = told(source, at)
        assert (found.status, found.date, found.reason) == (whole.status, whole.date, whole.reason)
        assert found.key_lost_since == whole.key_lost_since


@pytest.mark.parametrize(
    ("one", "other", "status"),
    [
        ("base", "delta revoked", REVOKED),
        ("base", "delta good", GOOD),
        ("held long ago", "good", GOOD),
        ("some reasons", "other reasons", GOOD),
        ("some reasons, revoked", "other reasons", REVOKED),
    ],
)
def test_what_a_signature_carries_and_what_the_caller_has_count_together(one, other, status):
    data = sign_cms(b"x", signer=PERSON.signer(), signing_time=NOW - HOUR, detached=False)
    for carried, given_ in ((one, other), (other, one)):
        material = RevocationMaterial(crls=(LISTS[carried],))
        rich = cms_archiving.add_validation_data(data, certificates=[CA.certificate], revocation=material)
        known = RevocationChecker.of([OF_ROOT, LISTS[given_]])
        [report] = verify_cms(rich, policy="vn_default", trust=TRUST, at=NOW, revocation=known)
        assert report.path is not None
        assert report.path.revocation[0].status is status, carried
        assert report.passed is (status is GOOD)


def test_what_is_fetched_counts_together_with_what_is_carried_and_at_hand():
    material = RevocationMaterial(crls=(LISTS["some reasons"],))
    data = sign_cms(b"x", signer=PERSON.signer(), signing_time=NOW - HOUR, detached=False)
    rich = cms_archiving.add_validation_data(data, certificates=[CA.certificate], revocation=material)
    how = {"policy": "vn_default", "trust": TRUST, "at": NOW, "revocation": RevocationChecker.of([OF_ROOT])}
    assert not verify_cms(rich, **how).passed
    assert verify_cms(rich, **how, fetch=lambda _: LISTS["other reasons"]).passed
    assert not verify_cms(rich, **how, fetch=lambda _: LISTS["some reasons, revoked"]).passed
    fetching = RevocationChecker.of([OF_ROOT], fetch=lambda _: LISTS["other reasons"])
    assert verify_cms(rich, **{**how, "revocation": fetching}).passed
    assert not verify_cms(data, **{**how, "revocation": fetching}).passed


@attrs.frozen
class Fixed:
    """A source of the caller's own that always says the same."""

    status_: RevocationStatus

    def status(self, question):
        date = question.at if self.status_ is REVOKED else None
        return RevocationFact(certificate=question.certificate, status=self.status_, at=question.at, date=date)


def test_sources_of_other_kinds_are_asked_as_well():
    good, open_ = RevocationChecker.of([OF_ROOT, LISTS["good"]]), RevocationChecker.of([OF_ROOT])
    assert told(joined(Fixed(REVOKED), good)).status is REVOKED
    assert told(joined(good, Fixed(UNKNOWN))).status is GOOD
    assert told(joined(Fixed(GOOD), open_)).status is GOOD
    assert told(joined(Fixed(UNKNOWN), Fixed(GOOD))).status is GOOD
    assert told(joined(Fixed(UNKNOWN), Fixed(UNKNOWN))).status is UNKNOWN
    assert told(joined(Fixed(UNKNOWN), open_)).why == told(open_).why
    assert at_hand(joined(Fixed(GOOD), Fixed(GOOD))) is None
    assert at_hand(Fixed(GOOD)) is at_hand(None) is None
    assert joined(good) is good


def test_limits_and_settings_of_checkers_that_count_together():
    first = RevocationChecker.of([LISTS["good"]], fresh_for=9 * DAY, known_at=NOW)
    second = RevocationChecker.of([b"x", LISTS["good"], LISTS["base"]], known_at=NOW - DAY)
    both = at_hand(joined(first, RevocationChecker.of([OF_ROOT]), second))
    assert both is not None
    assert (both.fresh_for, both.known_at, both.fetch) == (9 * DAY, NOW - DAY, None)
    assert both.unreadable == ("crl-malformed",)
    assert [c.der for c in both.crls] == [LISTS["good"], OF_ROOT, LISTS["base"]]


def test_lists_that_a_signature_carries_push_none_of_the_callers_out():
    many = [CA.crl(this_update=NOW - 30 * DAY, next_update=NOW - 29 * DAY, number=n) for n in range(100)]
    junk = RevocationChecker.of(many)
    assert told(joined(RevocationChecker.of([OF_ROOT, LISTS["revoked"]]), junk)).status is REVOKED
    assert told(joined(RevocationChecker.of([OF_ROOT, LISTS["good"]]), junk)).status is GOOD
    mine = RevocationChecker.of([OF_ROOT, *many[:70], LISTS["good"]])
    assert told(joined(mine, RevocationChecker.of(many[70:]))).status is GOOD


# -- more than are looked at -------------------------------------------------------------------------------


DAILY = [
    CA.crl(
        number=day,
        this_update=NOW + day * DAY,
        next_update=NOW + (day + 2) * DAY,
        revoked={ME: (NOW + DAY, "keyCompromise")} if day >= 90 else {},
    )
    for day in range(150)
]
"""What the authority published in five months: it found out late that the key had been lost on the second day."""
LONG = ROOT.crl(this_update=NOW, next_update=NOW + 999 * DAY)


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(range(150)), day=st.sampled_from([2, 30, 89, 120]))
def test_a_folder_of_old_lists_tells_what_any_of_them_tells_in_whatever_order(order, day):
    known = RevocationChecker.of([LONG, *(DAILY[number] for number in order)])
    fact = told(known, NOW + day * DAY)
    assert (fact.status, fact.date) == (REVOKED, NOW + DAY)
    assert told(known, NOW + HOUR).status is GOOD
    good = RevocationChecker.of([LONG, *(DAILY[number] for number in order if number < 90)])
    for moment in (2, 30, 89):
        assert told(good, NOW + moment * DAY).status is GOOD


def test_revocations_that_newer_lists_forget_are_found_around_the_end_of_the_certificate():
    """Lists drop certificates that have expired."""
    short = CA.person("Lê Thị Ngắn Hạn", key=KEY, valid=(NOW - DAY, NOW + 100 * DAY))
    lists = [
        CA.crl(
            number=day,
            this_update=NOW + day * DAY,
            next_update=NOW + (day + 2) * DAY,
            revoked={short.certificate: (NOW + DAY, None)} if 90 <= day <= 101 else {},
        )
        for day in range(300)
    ]
    known = RevocationChecker.of([LONG, *lists])
    at = NOW + 2 * DAY
    result = check(short.certificate, store(ROOT.certificate), at=at, revocation=known, pool=[CA.certificate])
    assert result.revocation[0].status is REVOKED


def test_lists_of_other_points_push_none_out():
    shard = CA.person("Phạm Văn Mảnh", key=KEY, extra=[distribution_points("http://a.example/90.crl")])
    lists = [
        CA.crl(
            scope=Scope(distribution_point=f"http://a.example/{number}.crl"),
            revoked={shard.certificate: (NOW - DAY, None)} if number == 90 else {},
            **SOON,
        )
        for number in range(100)
    ]
    for crls in (lists, lists[::-1]):
        known = RevocationChecker.of([OF_ROOT, *crls])
        result = check(shard.certificate, store(ROOT.certificate), revocation=known, pool=[CA.certificate])
        assert result.revocation[0].status is REVOKED


def test_a_bundle_of_many_responses_answers_for_each():
    people = [CA.person(f"Người {number}", key=KEY) for number in range(80)]
    responses = [CA.ocsp(who, "good", NOW - HOUR, next_update=NOW + DAY) for who in people]
    known = RevocationChecker.of([OF_ROOT], responses)
    for who in (people[0], people[63], people[64], people[79]):
        result = check(who.certificate, store(ROOT.certificate), revocation=known, pool=[CA.certificate])
        assert result.revocation[0].status is GOOD
    assert told(known).why == ("ocsp-other-certificate", "crl-other-issuer")
    of_me = [
        CA.ocsp(PERSON, "good", NOW - day * DAY, next_update=NOW - (day - 2) * DAY, this_update=NOW - day * DAY)
        for day in range(100, 1, -1)
    ]
    revoked = CA.ocsp(PERSON, "revoked", NOW - DAY, next_update=NOW + DAY, revoked=(NOW - 50 * DAY, None))
    for ordered in ([*of_me, revoked], [revoked, *of_me]):
        for at in (NOW, NOW - 49 * DAY):
            assert told(RevocationChecker.of([OF_ROOT, LONG], ordered), at).status is REVOKED
        assert told(RevocationChecker.of([OF_ROOT, LONG], ordered), NOW - 60 * DAY).status is GOOD


def test_a_folder_of_delta_lists_is_looked_through_as_well():
    base = CA.crl(number=1, this_update=NOW - 100 * DAY, next_update=NOW + DAY)
    deltas = [
        CA.crl(
            number=2 + day,
            delta_base=1,
            this_update=NOW - (99 - day) * DAY,
            next_update=NOW + DAY,
            revoked={ME: (NOW - 20 * DAY, None)} if day > 95 else {},
        )
        for day in range(99)
    ]
    for crls in (deltas, deltas[::-1]):
        assert told(RevocationChecker.of([OF_ROOT, base, *crls])).status is REVOKED
    assert told(RevocationChecker.of([OF_ROOT, *deltas])).why == ("crl-delta-alone",)


# -- what an answer rests on -------------------------------------------------------------------------------


def test_an_answer_names_all_that_it_rests_on():
    def rests(*names: str) -> tuple[RevocationStatus, set[bytes]]:
        fact = told(RevocationChecker.of([OF_ROOT, *(LISTS[name] for name in names)]))
        assert fact.rests_on[0] == ("crl", fact.material)
        assert len(set(fact.rests_on)) == len(fact.rests_on)
        return fact.status, {octets for _, octets in fact.rests_on}

    assert rests("good") == (GOOD, {LISTS["good"]})
    for delta, status in (("delta good", GOOD), ("delta revoked", REVOKED)):
        assert rests("base", delta, "held long ago") == (status, {LISTS["base"], LISTS[delta]})
    both = {LISTS["some reasons"], LISTS["other reasons"]}
    assert rests("some reasons", "other reasons") == (GOOD, both)
    assert rests("some reasons, revoked", "other reasons") == (REVOKED, {LISTS["some reasons, revoked"]})
    assert rests("some reasons", "held", "released") == (GOOD, {LISTS["released"]})
    assert told(RevocationChecker.of([OF_ROOT])).rests_on == ()


def test_a_response_that_completes_lists_of_some_reasons_is_named_as_what_it_is():
    response = CA.ocsp(PERSON, "good", NOW - 2 * DAY, next_update=NOW + DAY)
    fact = told(RevocationChecker.of([OF_ROOT, LISTS["some reasons"]], [response]))
    assert (fact.status, fact.source) == (GOOD, "crl")
    assert fact.rests_on == (("crl", LISTS["some reasons"]), ("ocsp", response))


RESPONDER = CA.ocsp_responder("OCSP nhiều nguồn", key=KEY)
ISSUER = ROOT.subordinate("Tổ chức phát hành CRL", key=KEY)
LISTED = ISSUER.subordinate("Nơi ký CRL", key=KEY)
INDIRECT = CA.person(
    "Trần Thị Gián Tiếp",
    key=KEY,
    extra=[distribution_points("http://a.example/i.crl", issuer=LISTED.certificate.subject)],
)


def indirect() -> bytes:
    scope = Scope(distribution_point="http://a.example/i.crl", indirect=True)
    return LISTED.crl(scope=scope, revoked={CA.certificate: (NOW - DAY, None)}, **SOON)


def test_whoever_signed_is_named_unless_it_is_in_the_path_or_the_source():
    pool = [CA.certificate, RESPONDER.certificate, ISSUER.certificate, LISTED.certificate]

    def signers(who, crls, ocsps=()):
        checker = RevocationChecker.of([OF_ROOT, *crls], ocsps)
        result = check(who.certificate, store(ROOT.certificate), revocation=checker, pool=pool)
        assert result.revocation[0].status is GOOD, result.revocation[0].why
        return result.revocation[0].signers

    carried = CA.ocsp(PERSON, "good", NOW - HOUR, next_update=NOW + DAY, responder=RESPONDER)
    apart = CA.ocsp(PERSON, "good", NOW - HOUR, next_update=NOW + DAY, responder=RESPONDER, certificates=())
    assert signers(PERSON, [LISTS["good"]]) == ()
    assert signers(PERSON, [], [carried]) == ()
    assert signers(PERSON, [], [apart]) == (RESPONDER.certificate,)
    assert signers(INDIRECT, [indirect(), ISSUER.crl(**SOON)]) == (LISTED.certificate,)


def test_a_recorder_hears_of_everything_that_is_joined_to_it():
    recorder = Recorder(RevocationChecker.of([OF_ROOT]))
    whole = joined(recorder, RevocationChecker.of([LISTS["base"]]), RevocationChecker.of([LISTS["delta good"]]))
    assert told(whole).status is GOOD
    assert isinstance(whole, Recorder)
    assert isinstance(whole.source, Sources)
    assert set(recorder.crls) == {OF_ROOT, LISTS["base"], LISTS["delta good"]}
    assert (recorder.ocsps, recorder.signers) == ({}, {})
    assert at_hand(whole) == at_hand(whole.source)


# -- reasons that differ --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "since", "reason", "lost"),
    [
        ("superseded", None, 20, "SUPERSEDED", None),
        ("superseded", "revoked", 20, "KEY_COMPROMISE", 20),
        ("superseded", "compromised later", 20, "SUPERSEDED", 15),
        ("revoked", "compromised later", 20, "KEY_COMPROMISE", 20),
        ("some reasons, revoked", "revoked", 20, "KEY_COMPROMISE", 20),
    ],
)
def test_a_key_that_any_list_calls_lost_is_lost(first, second, since, reason, lost):
    """The authority found out later, or wrote it down with another time: the other list is still at hand."""
    names = [name for name in (first, second) if name is not None]
    for ordered in (names, names[::-1]):
        fact = told(RevocationChecker.of([OF_ROOT, *(LISTS[name] for name in ordered)]))
        assert (fact.status, fact.date, fact.reason.name) == (REVOKED, NOW - since * DAY, reason)
        assert fact.key_lost_since == (None if lost is None else NOW - lost * DAY)
        assert len(fact.rests_on) == (2 if lost not in {None, since} else 1)
    assert told(Fixed(REVOKED)).key_lost_since == NOW
    assert told(Fixed(GOOD)).key_lost_since is told(Fixed(UNKNOWN)).key_lost_since is None


@pytest.mark.parametrize("later", ["revoked", "compromised later"])
def test_a_timestamp_proves_nothing_once_any_list_calls_the_key_of_its_authority_lost(later):
    authority = Authority.root("Gốc dấu thời gian nhiều nguồn", key=KEY)
    tsa = authority.tsa("TSA nhiều nguồn")
    trust = TRUST.with_anchor(authority.certificate, purposes={Purpose.TIMESTAMP})
    stamp = TimestampAuthority(identity=tsa, time=NOW - 30 * DAY)
    data = sign_cms(b"x", signer=PERSON.signer(), signing_time=NOW - 30 * DAY, stamp=stamp, detached=False)
    long = {"this_update": NOW - 31 * DAY, "next_update": NOW + DAY}
    known = [ROOT.crl(**long), CA.crl(**long), authority.crl(**long)]
    superseded = authority.crl(
        this_update=NOW - 3 * DAY,
        next_update=NOW + DAY,
        number=2,
        revoked={tsa.certificate: (NOW - 20 * DAY, "superseded")},
    )
    lost = NOW - (20 if later == "revoked" else 15) * DAY
    worse = authority.crl(**SOON, number=3, revoked={tsa.certificate: (lost, "keyCompromise")})
    codes = []
    for lists in ([superseded], [superseded, worse]):
        known_now = RevocationChecker.of([*known, *lists])
        [report] = verify_cms(data, policy="vn_default", trust=trust, at=NOW, revocation=known_now)
        codes.append([r.code for r in report.timestamps[0].outcome.reasons if r.decides])
    assert codes == [[], ["tsa-compromised"]]


# -- records -------------------------------------------------------------------------------------------------


RECORDS = {
    "delta": (PERSON, [LISTS["base"], LISTS["delta good"]], [], True),
    "delta, revoked": (PERSON, [LISTS["base"], LISTS["delta revoked"]], [], False),
    "reasons": (PERSON, [LISTS["some reasons"], LISTS["other reasons"]], [], True),
    "responder apart": (
        PERSON,
        [],
        [CA.ocsp(PERSON, "good", NOW - HOUR, next_update=NOW + DAY, responder=RESPONDER, certificates=())],
        True,
    ),
    "indirect": (INDIRECT, [indirect(), ISSUER.crl(**SOON)], [], True),
}


def recorded(case: str, **how) -> None:
    """Make the record of a case with the caller's pool and lists, and check it when they are gone."""
    who, crls, ocsps, good = RECORDS[case]
    data = sign_cms(b"x", signer=who.signer(), signing_time=NOW - HOUR, detached=False)
    verify = functools.partial(verify_cms, data)
    pooled = TRUST.with_pool([RESPONDER.certificate, ISSUER.certificate, LISTED.certificate])
    how = {"revocation": RevocationChecker.of([OF_ROOT, *crls], ocsps)} | how
    record = make_evidence(verify, data, kind="cms", policy="vn_default", trust=pooled, at=NOW, **how)
    assert record.report["indication"] == ("passed" if good else "indeterminate")
    kept = EvidenceRecord.load(record.to_bytes())
    for at in (NOW, NOW + HOUR):
        found = check_evidence(kept, verify, data, trust=TRUST, at=at)
        assert found.confirmed, found.findings
        assert found.passed is good
    held = {sha256(octets) for octets in (*record.material.crls, *record.material.ocsps)}
    for row in record.report["signatures"][0]["revocation"]:
        assert {row["material"], *row["others"]} <= held


@pytest.mark.parametrize("case", sorted(RECORDS))
def test_a_record_holds_all_that_decided_and_stands_alone(case):
    recorded(case)


def test_a_record_of_lists_of_which_one_was_fetched():
    known = RevocationChecker.of([OF_ROOT, LISTS["some reasons"]])
    recorded("reasons", revocation=known, fetch=lambda _: LISTS["other reasons"])


def sha256(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


def test_a_record_that_lacks_what_a_delta_continues_is_refuted():
    data = sign_cms(b"x", signer=PERSON.signer(), signing_time=NOW - HOUR, detached=False)
    verify = functools.partial(verify_cms, data)
    known = RevocationChecker.of([OF_ROOT, LISTS["base"], LISTS["delta good"]])
    record = make_evidence(verify, data, kind="cms", policy="vn_default", trust=TRUST, at=NOW, revocation=known)
    less = tuple(octets for octets in record.material.crls if octets != LISTS["base"])
    found = check_evidence(
        attrs.evolve(record, material=RevocationMaterial(crls=less)), verify, data, trust=TRUST, at=NOW
    )
    assert "evidence-material-missing" in [finding.code for finding in found.findings]
    old = record.report_text.replace(',"others":[]', "").replace(f',"others":["{sha256(LISTS["base"])}"]', "")
    assert '"others"' not in old
    earlier = attrs.evolve(record, report_text=old)
    assert check_evidence(EvidenceRecord.load(earlier.to_bytes()), verify, data, trust=TRUST, at=NOW).confirmed


def test_on_hold_in_the_record_and_released_since():
    data = sign_cms(b"x", signer=PERSON.signer(), signing_time=NOW - HOUR, detached=False)
    verify = functools.partial(verify_cms, data)
    at = NOW - DAY + HOUR
    held = RevocationChecker.of([ROOT.crl(this_update=NOW - 2 * DAY, next_update=NOW + 9 * DAY), LISTS["held"]])
    record = make_evidence(verify, data, kind="cms", policy="vn_default", trust=TRUST, at=at, revocation=held)
    assert record.report["signatures"][0]["reasons"][0]["code"] == "certificate-on-hold"
    later = check_evidence(record, verify, data, trust=TRUST, at=NOW, revocation=RevocationChecker.of([crl(0)]))
    assert (later.confirmed, later.passed) == (True, True)
    assert not check_evidence(record, verify, data, trust=TRUST, at=NOW).passed


def test_an_error_that_only_the_judgement_of_a_response_meets_is_told(monkeypatch):
    def unable(*_given):
        raise CertificateError("algorithm-unsupported", algorithm="x")

    monkeypatch.setattr(revocation, "ocsp_signer", unable)
    response = CA.ocsp(PERSON, "good", NOW - HOUR, next_update=NOW + DAY)
    assert told(RevocationChecker.of([OF_ROOT], [response])).why == ("ocsp-malformed", "crl-other-issuer")
