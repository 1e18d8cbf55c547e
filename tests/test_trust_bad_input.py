"""Input that is hostile or out of this world: one table, each with an outcome of its own, within a time."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable

import pytest

from pki_support import NOW, check, codes, day, store
from vndoc.pki import (
    Certificate,
    Extension,
    PathResult,
    Purpose,
    RevocationChecker,
    TrustStore,
)
from vndoc.signature import sign_cms, verify_cms
from vndoc.signature.export import verdict_to_json
from vndoc.testing.pki import Authority, TimestampAuthority, basic_constraints, key_usage

KEY = "p256"
DAY = datetime.timedelta(days=1)
ROOT = Authority.root("Gốc lạ", key=KEY)
OTHER = Authority.root("Gốc khác", key=KEY)
PERSON = ROOT.person("An", key=KEY)
ROWS = [basic_constraints(), key_usage("key_cert_sign")]
UTC = datetime.UTC


def cycle() -> PathResult:
    a, b = Authority.root("A", key=KEY), Authority.root("B", key=KEY)
    a_by_b = b.issue(a.certificate.subject, key=a.key, extensions=ROWS).certificate
    b_by_a = a.issue(b.certificate.subject, key=b.key, extensions=ROWS).certificate
    return check(a.person("An", key=KEY).certificate, TrustStore(), pool=[a_by_b, b_by_a])


def crowd() -> PathResult:
    template = ROOT.subordinate("Cùng tên", key=KEY).certificate
    at, size = template.der.index(template.serial_content, template.spans.tbs.start), len(template.serial_content)
    many = [
        Certificate.load(template.der[:at] + n.to_bytes(size, "big") + template.der[at + size :])
        for n in range(1 << 62, (1 << 62) + 10_000)
    ]
    person = Authority.root("Cùng tên", key="p384").person("An", key=KEY)
    return check(person.certificate, store(ROOT.certificate), pool=many)


def malformed(oid: str) -> Callable[[], PathResult]:
    """Return the judgement of a certificate whose extension *oid* holds octets that are none."""
    return lambda: check(
        ROOT.person("An", key=KEY, extra=[Extension(oid, True, b"\x30\x05\x01")]).certificate, store(ROOT.certificate)
    )


def asked(*, crls: tuple[bytes, ...] = (), ocsps: tuple[bytes, ...] = ()) -> PathResult:
    return check(PERSON.certificate, store(ROOT.certificate), revocation=RevocationChecker.of(crls, ocsps))


def foreign_list() -> PathResult:
    return asked(crls=(OTHER.crl(this_update=NOW - DAY, next_update=NOW + DAY),))


def list_of_a_namesake() -> PathResult:
    """A list in the name of the issuer that somebody else signed."""
    return asked(crls=(Authority.root("Gốc lạ", key="p384").crl(this_update=NOW - DAY, next_update=NOW + DAY),))


def foreign_delegate() -> PathResult:
    responder = OTHER.ocsp_responder(key=KEY)
    return asked(ocsps=(ROOT.ocsp(PERSON, "good", NOW - DAY, next_update=NOW + DAY, responder=responder),))


def foreign_responder() -> PathResult:
    """A response that another authority signed without being anybody's delegate."""
    responder = OTHER.person("Bình", key=KEY)
    return asked(ocsps=(ROOT.ocsp(PERSON, "good", NOW - DAY, next_update=NOW + DAY, responder=responder),))


def clock(at: datetime.datetime) -> Callable[[], PathResult]:
    return lambda: check(PERSON.certificate, store(ROOT.certificate), at)


def old_certificate() -> PathResult:
    """Times that UTCTime writes with two digits: 1950 to 2049, and GeneralizedTime on both sides."""
    span = (datetime.datetime(1950, 1, 1, tzinfo=UTC), datetime.datetime(2150, 1, 1, tzinfo=UTC))
    root = Authority.root("Gốc lâu năm", key=KEY, valid=span)
    person = root.person("An", key=KEY, valid=span).certificate
    results = [check(person, store(root.certificate), day(year)) for year in (1951, 1969, 1970, 2049, 2050, 2149)]
    assert all(result.passed for result in results)
    return check(person, store(root.certificate), day(1949))


def twins() -> PathResult:
    """Two anchors of one name: the one whose key signed is found, whatever the order."""
    twin = Authority.root("Gốc lạ", key="p384").certificate
    first = check(PERSON.certificate, store(twin, ROOT.certificate))
    assert first.chain[-1] == ROOT.certificate
    assert check(PERSON.certificate, store(ROOT.certificate, twin)).chain == first.chain
    return check(PERSON.certificate, store(twin))


CASES: dict[str, tuple[Callable[[], PathResult], list[str], set[str]]] = {
    "authorities that certify each other": (cycle, ["issuer-not-found"], set()),
    "10,000 candidates of one name": (crowd, ["path-limit", "issuer-key-differs"], set()),
    "malformed basicConstraints": (malformed("2.5.29.19"), ["extension-malformed"], set()),
    "malformed keyUsage": (malformed("2.5.29.15"), ["extension-malformed"], set()),
    "malformed certificatePolicies": (malformed("2.5.29.32"), ["extension-malformed"], set()),
    "an unknown critical extension": (malformed("1.2.3.4"), ["extension-unknown-critical"], set()),
    "malformed distribution points": (malformed("2.5.29.31"), [], set()),
    "a list of another issuer": (foreign_list, ["revocation-unknown"], {"crl-other-issuer"}),
    "a list in the issuer's name": (list_of_a_namesake, ["revocation-unknown"], {"crl-signature"}),
    "a delegate of another authority": (
        foreign_delegate,
        ["revocation-unknown"],
        {"ocsp-responder-unauthorised"},
    ),
    "a responder that is nobody's delegate": (
        foreign_responder,
        ["revocation-unknown"],
        {"ocsp-responder-unauthorised"},
    ),
    "a clock of 1969": (
        clock(datetime.datetime(1969, 12, 31, tzinfo=UTC)),
        ["anchor-out-of-bounds", "certificate-not-yet-valid"],
        set(),
    ),
    "a clock of 1": (
        clock(datetime.datetime.min.replace(tzinfo=UTC)),
        ["anchor-out-of-bounds", "certificate-not-yet-valid"],
        set(),
    ),
    "a clock of 2051": (
        clock(datetime.datetime(2051, 1, 1, tzinfo=UTC)),
        ["anchor-out-of-bounds", "certificate-expired"],
        set(),
    ),
    "a clock of 9999": (
        clock(datetime.datetime.max.replace(tzinfo=UTC)),
        ["anchor-out-of-bounds", "certificate-expired"],
        set(),
    ),
    "certificates of 1950 to 2150": (
        old_certificate,
        ["anchor-out-of-bounds", "certificate-not-yet-valid"],
        set(),
    ),
    "two anchors of one name": (twins, ["issuer-key-differs"], set()),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_has_its_own_outcome(case: str) -> None:
    made, wanted, why = CASES[case]
    start = time.process_time()
    result = made()
    assert codes(result) == wanted, result.outcome.reasons
    assert not result.passed or not wanted
    assert {code for fact in result.revocation for code in fact.why} == why
    assert time.process_time() - start < 10


LAST = datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
WEST, EAST = (datetime.timezone(datetime.timedelta(hours=hours)) for hours in (-14, 14))
CLOCKS = (
    LAST,
    LAST.replace(tzinfo=WEST),
    datetime.datetime(1, 1, 1, tzinfo=EAST),
    datetime.datetime(1, 1, 1, tzinfo=UTC),
    datetime.datetime(1969, 12, 31, tzinfo=UTC),
    datetime.datetime(2051, 1, 1, tzinfo=UTC),
)


@pytest.mark.parametrize("claimed", [None, datetime.datetime(1951, 1, 1, tzinfo=UTC), LAST])
@pytest.mark.parametrize("stamped", [None, datetime.datetime(1951, 1, 1, tzinfo=UTC), NOW, LAST])
def test_whole_verdicts_at_both_ends_of_the_calendar(claimed, stamped) -> None:
    """What the signer wrote, what the authority wrote, and the clock of whoever verifies."""
    tsa_root = Authority.root("Gốc dấu thời gian lạ", key=KEY)
    tsa = tsa_root.tsa("TSA lạ", key="rsa-2048", valid=(datetime.datetime(1951, 1, 1, tzinfo=UTC), LAST))
    stamp = None if stamped is None else TimestampAuthority(identity=tsa, time=stamped)
    trust = TrustStore.of([ROOT.certificate], purposes={Purpose.GOVERNMENT}).with_anchor(
        tsa_root.certificate, purposes={Purpose.TIMESTAMP}
    )
    data = sign_cms(b"x", signer=PERSON.signer(), signing_time=claimed, stamp=stamp, detached=False)
    known = RevocationChecker.of([one.crl(this_update=NOW - DAY, next_update=NOW + DAY) for one in (ROOT, tsa_root)])
    for at in CLOCKS:
        verdict = verify_cms(data, policy="vn_default", trust=trust, at=at, revocation=known)
        assert verdict_to_json(verdict)
        assert verdict.passed == (stamped == NOW and at.year > 2030)
