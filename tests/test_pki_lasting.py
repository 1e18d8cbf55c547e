"""What a validator keeps for other times is what a new search finds at each of them."""

from __future__ import annotations

import datetime

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pki_support import NOW, POLICY, SIGNERS, day, store
from vndoc.errors import UsageError
from vndoc.pki import (
    Family,
    KeyRule,
    PathResult,
    PathValidator,
    Purpose,
    RevocationChecker,
    TrustStore,
    Use,
    paths,
    validate_path,
)
from vndoc.testing.pki import Authority

KEY = "p256"
TICK = datetime.timedelta(microseconds=1)
LAST = datetime.datetime.max.replace(tzinfo=datetime.UTC)
HANOI = datetime.timezone(datetime.timedelta(hours=7))

ROOT = Authority.root("Gốc", key=KEY, valid=(day(2015), day(2040)))
OLD = ROOT.subordinate("CA", key=KEY, valid=(day(2018), day(2025)))
NEW = ROOT.subordinate("CA", key=KEY, valid=(day(2023), day(2035)))
LATER = ROOT.subordinate("CA", key=KEY, valid=(day(2027), day(2029)), serial=77)
PERSON = NEW.person("An", key=KEY, valid=(day(2020), day(2030))).certificate
LEGACY = Authority.root("Gốc cũ", key=KEY, digest="sha1", valid=(day(2010), day(2038)))
CROSSED = attrs.evolve(LEGACY, digest="sha1").subordinate("CA", key=KEY, valid=(day(2011), day(2036)), digest="sha1")
CAS = (OLD.certificate, NEW.certificate, LATER.certificate, CROSSED.certificate)

PLAIN = store(ROOT.certificate)
STORES = (
    PLAIN,
    PLAIN.with_pool(CAS[:2]),
    store(LEGACY.certificate, legacy=True),
    PLAIN.with_anchor(LEGACY.certificate, purposes=SIGNERS, legacy=True),
    store(ROOT.certificate, not_after=day(2028)),
    store(ROOT.certificate, not_after=datetime.datetime(2028, 1, 1, tzinfo=HANOI)),
    store(
        ROOT.certificate,
        not_after=datetime.datetime.max.replace(tzinfo=datetime.timezone(-datetime.timedelta(hours=5))),
    ),
    TrustStore().with_pinned(PERSON, purposes=SIGNERS, not_after=day(2029)),
    store(ROOT.certificate, purposes=[Purpose.TIMESTAMP]),
)
TABLES = (
    POLICY,
    attrs.evolve(
        POLICY,
        digests={use: {"sha256": datetime.date(2026, 12, 31), "sha1": datetime.date(2024, 2, 29)} for use in Use},
    ),
    attrs.evolve(
        POLICY, keys={use: {Family.ECDSA: (KeyRule(384), KeyRule(256, datetime.date(2026, 12, 31)))} for use in Use}
    ),
)
TURNS = sorted(
    {
        *STORES[3].turns,
        *STORES[4].with_pool(CAS).turns,
        *TABLES[0].ends,
        *TABLES[1].ends,
        *TABLES[2].ends,
        PERSON.not_before,
        PERSON.not_after,
    }
)
TIMES = st.one_of(
    st.builds(
        lambda turn, by, zone: (turn + by).astimezone(zone),
        st.sampled_from(TURNS),
        st.sampled_from([-TICK, 0 * TICK, TICK])
        | st.timedeltas(-datetime.timedelta(days=900), datetime.timedelta(days=900)),
        st.sampled_from([datetime.UTC, HANOI]),
    ),
    st.sampled_from([datetime.datetime.min.replace(tzinfo=datetime.UTC), LAST]),
)
ASKED = st.tuples(TIMES, st.lists(st.sampled_from(CAS), max_size=4, unique=True).map(tuple))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(STORES), st.sampled_from(TABLES), st.lists(ASKED, min_size=2, max_size=8))
def test_kept_and_new_answers_are_equal(trust, crypto, asked):
    validator = PathValidator(trust=trust, purpose=SIGNERS, crypto=crypto)
    for at, pool in asked:
        new = validate_path(PERSON, trust=trust, at=at, purpose=SIGNERS, crypto=crypto, pool=pool)
        found = validator.validate(PERSON, at=at, pool=pool)
        assert found == new
        assert validator.validate(PERSON, at=at, pool=pool) is found


@pytest.fixture
def searches(monkeypatch):
    """Return the times that were searched for."""
    found = []

    def counted(*given: object, **how: object) -> PathResult:
        found.append(how["at"])
        return validate_path(*given, **how)

    monkeypatch.setattr(paths, "validate_path", counted)
    return found


def validator(trust=PLAIN, **how):
    return PathValidator(trust=trust, purpose=SIGNERS, crypto=POLICY, **how)


def test_one_search_for_all_times_between_two_turns(searches):
    kept = validator()
    first = kept.validate(PERSON, at=NOW, pool=CAS[1:2])
    for number in range(1, 1000):
        assert kept.validate(PERSON, at=NOW + number * datetime.timedelta(hours=1), pool=CAS[1:2]) is first
    assert searches == [NOW]


ENDING = Authority.root("Gốc ngắn hạn", key=KEY, valid=(day(2015), day(2028)))
BELOW = ENDING.subordinate("CA", key=KEY, valid=(day(2018), day(2034)))


@pytest.mark.parametrize(
    ("issuer", "trust", "pool", "end"),
    [
        (NEW, PLAIN, CAS[1:2], day(2030)),
        (NEW, PLAIN, CAS[1:2], NEW.certificate.not_after),
        (NEW, PLAIN.with_pool(CAS[1:2]), (), NEW.certificate.not_after),
        (BELOW, store(ENDING.certificate), (BELOW.certificate,), ENDING.certificate.not_after),
        (BELOW, store(ENDING.certificate).with_pool([BELOW.certificate]), (), ENDING.certificate.not_after),
    ],
)
def test_an_answer_ends_with_its_certificates(issuer, trust, pool, end):
    person = issuer.person("Bình", key=KEY, valid=(day(2020), end if end == day(2030) else day(2038))).certificate
    kept = validator(trust)
    assert all(kept.validate(person, at=at, pool=pool).passed for at in (NOW, end - TICK, end))
    assert not kept.validate(person, at=end + TICK, pool=pool).passed


def test_an_answer_ends_with_distrust_and_with_the_last_day_of_an_algorithm():
    distrusted = validator(store(ROOT.certificate, not_after=day(2028)))
    assert distrusted.validate(PERSON, at=day(2027), pool=CAS[1:2]).passed
    assert not distrusted.validate(PERSON, at=day(2028) + TICK, pool=CAS[1:2]).passed
    last = datetime.datetime(2027, 1, 1, tzinfo=HANOI)
    for tables in TABLES[1:]:
        dated = PathValidator(trust=PLAIN, purpose=SIGNERS, crypto=tables)
        assert dated.validate(PERSON, at=day(2026), pool=CAS[1:2]).passed
        assert dated.validate(PERSON, at=last - TICK, pool=CAS[1:2]).passed
        assert not dated.validate(PERSON, at=last, pool=CAS[1:2]).passed


def test_what_does_not_pass_and_what_lists_say_is_for_its_own_time(searches):
    later = NOW + TICK
    refused = validator()
    assert not refused.validate(PERSON, at=NOW).passed
    assert not refused.validate(PERSON, at=later).passed
    times = {"this_update": NOW - datetime.timedelta(days=1), "next_update": NOW + datetime.timedelta(days=1)}
    lists = RevocationChecker.of([NEW.crl(revoked={}, **times), ROOT.crl(revoked={}, **times)])
    asking = validator(revocation=lists)
    assert asking.validate(PERSON, at=NOW, pool=CAS[1:2]).passed
    assert asking.validate(PERSON, at=later, pool=CAS[1:2]).passed
    assert searches == [NOW, later, NOW, later]


def test_a_time_is_told_in_the_zone_it_was_asked_in():
    kept, at = validator(), day(2031)
    for asked in (at, at.astimezone(HANOI), at):
        found = kept.validate(PERSON, at=asked, pool=CAS[1:2])
        [told] = [dict(one.values)["at"] for one in found.outcome.reasons if one.code == "certificate-expired"]
        assert told == asked
        assert told.utcoffset() == asked.utcoffset()


def test_no_more_answers_than_asked_for():
    kept = validator(size=3)
    for number in range(20):
        kept.validate(PERSON, at=NOW + number * TICK, pool=CAS[1:2] if number % 2 else ())
        assert len(kept._kept) + len(kept._lasting) <= 3


def test_a_time_without_zone():
    kept = validator()
    kept.validate(PERSON, at=NOW, pool=CAS[1:2])
    with pytest.raises(UsageError) as caught:
        kept.validate(PERSON, at=NOW.replace(tzinfo=None), pool=CAS[1:2])
    assert caught.value.code == "time-zone-missing"
