"""A timeline: for any order of revocation, suspension, lists and responses the answer is that of a simple model."""

from __future__ import annotations

import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from pki_support import check, day, store
from vndoc.pki import RevocationChecker, RevocationStatus
from vndoc.testing.pki import Authority

KEY = "p256"
START = day(2026)
HOUR = datetime.timedelta(hours=1)
ROOT = Authority.root("Root", key=KEY)
EXPIRY = 60
PERSON = ROOT.person("An", key=KEY, valid=(START, START + EXPIRY * HOUR))


def when(hour: int) -> datetime.datetime:
    return START + hour * HOUR


# a life: hours at which the certificate is put on hold, released, and revoked for good (each may be missing)
lives = st.tuples(
    st.lists(st.integers(1, 40), max_size=4, unique=True).map(sorted), st.one_of(st.none(), st.integers(1, 55))
)
sources = st.lists(
    st.tuples(st.integers(0, 70), st.integers(1, 20), st.sampled_from(["crl", "ocsp"])),
    max_size=4,
    unique_by=lambda s: s[0],
)


def state(life: tuple[list[int], int | None], hour: int) -> tuple[str, int | None]:
    """Return what is true at *hour*: state, and since when."""
    changes, end = life
    if end is not None and hour >= end:
        return "revoked", end
    held = [change for change in changes if change <= hour]
    return ("hold", held[-1]) if len(held) % 2 else ("good", None)


def made(life, source, number):
    """Return the list or response that tells the truth of its hour."""
    issued, fresh, kind = source
    now, since = state(life, issued)
    entry = None if since is None else (when(since), "certificateHold" if now == "hold" else "keyCompromise")
    times = {"this_update": when(issued), "next_update": when(issued + fresh)}
    if kind == "crl":
        return ROOT.crl(revoked={} if entry is None else {PERSON.certificate.serial: entry}, number=number, **times)
    status = "good" if entry is None else "revoked"
    return ROOT.ocsp(PERSON, status, when(issued), revoked=entry, **times)


def model(life, given_sources, hour):
    """Return what may be said at *hour* from what the sources say: the rules in their simplest form."""
    told = [(issued, issued + fresh, *state(life, issued)) for issued, fresh, _ in given_sources]
    if any(now == "revoked" and since <= hour for _, _, now, since in told):
        return "revoked"
    if any(issued > hour and now == "hold" and since <= hour for issued, _, now, since in told):
        return "hold"
    before = [t for t in told if t[0] <= hour]
    if before:
        _, until, now, _ = max(before)
        if now == "hold":
            return "unknown" if until < hour and any(t[0] > hour for t in told) else "hold"
    # silence counts if the source was fresh, or came later, and while lists still name the certificate
    clean = [t for t in told if t[1] >= hour and t[0] <= EXPIRY and not (t[2] == "hold" and t[3] <= hour)]
    return "good" if clean else "unknown"


def answered(given_sources, materials, hour):
    crls = [m for m, s in zip(materials, given_sources, strict=True) if s[2] == "crl"]
    ocsps = [m for m, s in zip(materials, given_sources, strict=True) if s[2] == "ocsp"]
    checker = RevocationChecker.of(crls, ocsps)
    fact = check(PERSON.certificate, store(ROOT.certificate), at=when(hour), revocation=checker).revocation[0]
    return "hold" if fact.on_hold else fact.status.value, fact


@given(lives, sources, st.integers(0, 80))
@settings(max_examples=300)
def test_the_answer_is_that_of_the_model(life, given_sources, hour):
    materials = [made(life, source, n) for n, source in enumerate(given_sources, 1)]
    assert answered(given_sources, materials, hour)[0] == model(life, given_sources, hour)


@given(lives, sources, st.integers(0, 60), st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_the_order_of_sources_does_not_matter(life, given_sources, hour, random):
    pairs = [(source, made(life, source, n)) for n, source in enumerate(given_sources, 1)]
    first = answered([p[0] for p in pairs], [p[1] for p in pairs], hour)[0]
    random.shuffle(pairs)
    assert answered([p[0] for p in pairs], [p[1] for p in pairs], hour)[0] == first


@given(lives, sources, st.integers(0, 60))
@settings(max_examples=200)
def test_what_a_later_source_knows_is_never_called_good(life, given_sources, hour):
    """Whoever has a source from after the revocation never says good for a time after it."""
    materials = [made(life, source, n) for n, source in enumerate(given_sources, 1)]
    _, fact = answered(given_sources, materials, hour)
    end = life[1]
    if end is not None and end <= hour and any(issued >= end for issued, _, _ in given_sources):
        assert fact.status is RevocationStatus.REVOKED
        assert fact.date == when(end)
