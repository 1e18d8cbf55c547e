"""Revocation: each rule of lists and responses, good and bad; ``openssl`` beside where it can judge the same."""

from __future__ import annotations

import base64
import datetime
import subprocess

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from pki_support import NOW, SIGNERS, check, codes, day, store
from vndoc.errors import CertificateError, UsageError
from vndoc.pki import (
    REVOCATION_WHY,
    Certificate,
    Crl,
    Extension,
    OcspResponse,
    RevocationCache,
    RevocationChecker,
    RevocationReason,
    RevocationStatus,
    SubIndication,
    der,
    validate_path,
)
from vndoc.signature import POLICIES
from vndoc.testing.pki import Authority, Scope, distribution_points, extended_usage, key_usage, ocsp_failure

KEY = "p256"
HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)
BEFORE, AFTER = NOW - 10 * DAY, NOW + 10 * DAY
GOOD, REVOKED, UNKNOWN = RevocationStatus


@pytest.fixture(scope="module")
def root():
    return Authority.root("Root", key=KEY)


@pytest.fixture(scope="module")
def person(root):
    return root.person("An", key=KEY)


def ask(who, root, crls=(), ocsps=(), at=NOW, pool=(), **how):
    """Return path and fact for the certificate of *who*, right below *root*."""
    certificate = getattr(who, "certificate", who)
    checker = RevocationChecker.of(crls, ocsps, **how)
    result = check(certificate, store(root.certificate), at=at, revocation=checker, pool=pool)
    return result, result.revocation[0]


def fresh(root, revoked=None, **how):
    return root.crl(revoked=revoked or {}, **{"this_update": NOW - HOUR, "next_update": NOW + DAY, **how})


# -- lists ------------------------------------------------------------------------------------------------


def test_not_on_the_list(root, person):
    crl = fresh(root)
    result, fact = ask(person, root, [crl])
    assert result.passed
    assert (fact.status, fact.source, fact.material, fact.why) == (GOOD, "crl", crl, ())
    assert (fact.issued, fact.next_update) == (NOW - HOUR, NOW + DAY)
    assert "good" in repr(fact)


@pytest.mark.parametrize("reason", [None, "keyCompromise", "cACompromise", "superseded", "privilegeWithdrawn"])
def test_on_the_list(root, person, reason):
    result, fact = ask(person, root, [fresh(root, {person.certificate.serial: (BEFORE, reason)})])
    assert codes(result) == ["certificate-revoked"]
    assert result.outcome.sub_indication is SubIndication.REVOKED_NO_POE
    assert (fact.status, fact.date) == (REVOKED, BEFORE)
    assert not fact.on_hold
    assert fact.reason is not None
    assert (fact.reason is RevocationReason.UNSPECIFIED) == (reason is None)


def test_revoked_later_is_good_before(root, person):
    crl = fresh(root, {person.certificate.serial: (NOW - 2 * HOUR, "keyCompromise")})
    assert ask(person, root, [crl], at=NOW - 3 * HOUR)[1].status is GOOD
    assert ask(person, root, [crl], at=NOW - 2 * HOUR)[1].status is REVOKED


def test_a_revoked_authority(root):
    ca = root.subordinate("CA", key=KEY)
    person = ca.person("An", key=KEY)
    checker = RevocationChecker.of([fresh(root, {ca.certificate.serial: (BEFORE, "cACompromise")}), fresh(ca)])
    result = check(person.certificate, store(root.certificate), revocation=checker, pool=[ca.certificate])
    assert codes(result) == ["ca-revoked"]
    assert result.outcome.sub_indication is SubIndication.REVOKED_CA_NO_POE


def test_no_source_is_not_final(root, person):
    result, fact = ask(person, root)
    assert (fact.status, fact.why) == (UNKNOWN, ("no-source",))
    assert codes(result) == ["revocation-unknown"]
    assert result.outcome.sub_indication is SubIndication.TRY_LATER
    assert result.outcome.reasons[0].kind.warning
    assert "CRL" in result.outcome.reasons[0].text("vi")


def test_expired_and_not_revoked_is_told(root):
    old = root.person("Old", key=KEY, valid=(day(2024), NOW - DAY))
    crl = fresh(root, this_update=NOW - 2 * DAY)
    result, fact = ask(old, root, [crl])
    assert fact.status is GOOD
    assert codes(result) == ["certificate-expired-not-revoked"]
    assert result.outcome.sub_indication is SubIndication.OUT_OF_BOUNDS_NOT_REVOKED
    young = root.person("Young", key=KEY, valid=(NOW + DAY, NOW + 2 * DAY))
    assert codes(ask(young, root, [crl])[0]) == ["certificate-not-yet-valid"]


def test_a_list_issued_after_expiry_needs_to_keep_the_expired(root):
    old = root.person("Old", key=KEY, valid=(day(2024), NOW - DAY))
    at = NOW - 2 * DAY
    late = fresh(root)
    assert ask(old, root, [late], at=at)[1].why == ("crl-after-expiry",)
    since = der.encode(der.GENERALIZED_TIME, b"20200101000000Z")
    keeps = fresh(root, extra=[Extension("2.5.29.60", False, since)])
    assert ask(old, root, [keeps], at=at)[1].status is GOOD
    since = der.encode(der.GENERALIZED_TIME, b"20260601000000Z")
    too_late = fresh(root, extra=[Extension("2.5.29.60", False, since)])
    assert ask(old, root, [too_late], at=at)[1].status is UNKNOWN
    revoked = fresh(root, {old.certificate.serial: (BEFORE, None)})
    assert ask(old, root, [revoked], at=at)[1].status is REVOKED


def test_freshness(root, person):
    crl = fresh(root)
    assert ask(person, root, [crl], at=NOW + DAY)[1].status is GOOD
    assert ask(person, root, [crl], at=NOW + DAY + HOUR)[1].why == ("crl-stale",)
    assert ask(person, root, [crl], at=NOW - 2 * HOUR)[1].status is GOOD  # issued after the time asked about
    endless = fresh(root, next_update=None)
    assert ask(person, root, [endless], at=NOW + DAY - HOUR)[1].status is GOOD
    assert ask(person, root, [endless], at=NOW + DAY)[1].status is UNKNOWN
    assert ask(person, root, [endless], at=NOW + DAY, fresh_for=2 * DAY)[1].status is GOOD
    assert ask(person, root, [endless], at=NOW, fresh_for=datetime.timedelta.max)[1].status is GOOD


def test_a_stale_list_still_tells_what_was_revoked_for_good(root, person):
    crl = fresh(root, {person.certificate.serial: (BEFORE, "keyCompromise")})
    assert ask(person, root, [crl], at=NOW + 100 * DAY)[1].status is REVOKED


def test_lists_from_the_future(root, person):
    crl = fresh(root, this_update=NOW + HOUR)
    assert ask(person, root, [crl])[1].status is GOOD
    assert ask(person, root, [crl], known_at=NOW)[1].why == ("crl-from-the-future",)
    with pytest.raises(UsageError, match="zone"):
        RevocationChecker.of(known_at=datetime.datetime(2026, 1, 1))  # noqa: DTZ001


# -- suspension -------------------------------------------------------------------------------------------


def test_on_hold(root, person):
    serial = person.certificate.serial
    held = fresh(root, {serial: (BEFORE, "certificateHold")})
    result, fact = ask(person, root, [held])
    assert fact.on_hold
    assert codes(result) == ["certificate-on-hold"]
    assert result.outcome.sub_indication is SubIndication.TRY_LATER
    assert ask(person, root, [held], at=BEFORE - HOUR)[1].status is GOOD


def test_hold_and_release(root, person):
    serial = person.certificate.serial
    held = root.crl(revoked={serial: (day(2026, 3), "certificateHold")}, this_update=day(2026, 3, 2),
                    next_update=day(2026, 3, 9), number=1)  # fmt: skip
    free = root.crl(this_update=day(2026, 4), next_update=day(2026, 4, 8), number=2)

    def status(at, *crls):
        fact = ask(person, root, crls, at=at)[1]
        return "hold" if fact.on_hold else fact.status.value, fact.why

    for order in ((held, free), (free, held)):
        assert status(day(2026, 2), *order) == ("good", ())
        assert status(day(2026, 3, 5), *order) == ("hold", ())
        assert status(day(2026, 3, 20), *order) == ("unknown", ("hold-unclear",))
        assert status(day(2026, 4, 2), *order) == ("good", ())
    assert status(day(2026, 3, 20), held)[0] == "hold"
    again = root.crl(revoked={serial: (day(2026, 3), "certificateHold")}, this_update=day(2026, 4),
                     next_update=day(2026, 4, 8), number=2)  # fmt: skip
    assert status(day(2026, 3, 20), again)[0] == "hold"


def test_an_older_list_that_is_fresh_and_a_newer_one_that_is_not(root, person):
    held = root.crl(revoked={person.certificate.serial: (BEFORE, "certificateHold")}, this_update=NOW - 2 * DAY,
                    next_update=NOW + DAY, number=1)  # fmt: skip
    free = root.crl(this_update=NOW - DAY, next_update=NOW - HOUR, number=2)
    assert set(ask(person, root, [held, free])[1].why) == {"hold-unclear", "crl-stale"}


def test_a_delta_list_releases(root, person):
    serial = person.certificate.serial
    base = root.crl(
        revoked={serial: (BEFORE, "certificateHold")}, this_update=NOW - DAY, next_update=NOW + DAY, number=5
    )
    delta = fresh(root, {serial: (NOW - 2 * HOUR, "removeFromCRL")}, number=6, delta_base=5)
    assert ask(person, root, [base])[1].on_hold
    assert ask(person, root, [base, delta])[1].status is GOOD
    assert ask(person, root, [delta])[1].why == ("crl-delta-alone",)


@pytest.mark.parametrize(
    ("base", "how", "status"),
    [
        (5, {"number": 6, "delta_base": 5}, REVOKED),
        (5, {"number": 6, "delta_base": 4}, REVOKED),
        (5, {"number": 6, "delta_base": 6}, GOOD),  # begins after the base
        (5, {"number": 5, "delta_base": 5}, GOOD),  # is no newer
        (5, {"number": 6, "delta_base": 5, "scope": Scope(only_user=True)}, GOOD),
        (5, {"number": 6, "delta_base": 5, "without": ["2.5.29.35"]}, GOOD),
        (5, {"number": 6, "delta_base": 5, "without": ["2.5.29.20"]}, GOOD),
    ],
)
def test_what_a_delta_list_goes_on_top_of(root, person, base, how, status):
    full = root.crl(this_update=NOW - DAY, next_update=NOW + DAY, number=base)
    delta = fresh(root, {person.certificate.serial: (BEFORE, "keyCompromise")}, **how)
    assert ask(person, root, [full, delta])[1].status is status


def test_a_delta_list_that_says_nothing_leaves_the_base(root, person):
    full = root.crl(revoked={person.certificate.serial: (BEFORE, "certificateHold")}, this_update=NOW - DAY,
                    next_update=NOW + DAY, number=5)  # fmt: skip
    assert ask(person, root, [full, fresh(root, number=6, delta_base=5)])[1].on_hold


def test_a_delta_list_that_cannot_be_used_is_left_aside(root, person):
    full = root.crl(this_update=NOW - DAY, next_update=NOW - HOUR, number=5)
    forged = Authority.root("Root", key="p384")
    delta = forged.crl(this_update=NOW - HOUR, next_update=NOW + DAY, number=6, delta_base=5,
                       without=["2.5.29.35"])  # fmt: skip
    base = root.crl(this_update=NOW - DAY, next_update=NOW - HOUR, number=5, without=["2.5.29.35"])
    assert ask(person, root, [base, delta])[1].why == ("crl-delta-unusable", "crl-stale")
    assert ask(person, root, [full, delta])[1].why == ("crl-stale",)


# -- scope ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "of_person", "of_ca"),
    [
        (Scope(only_user=True), GOOD, UNKNOWN),
        (Scope(only_ca=True), UNKNOWN, GOOD),
        (Scope(only_attribute=True), UNKNOWN, UNKNOWN),
        (Scope(distribution_point="http://crl.example/a.crl"), UNKNOWN, UNKNOWN),
        (Scope(reasons=["keyCompromise"]), UNKNOWN, UNKNOWN),
        (Scope(indirect=True), GOOD, GOOD),
    ],
)
def test_scopes(root, person, scope, of_person, of_ca):
    plain = person_without_points(root)
    ca = root.subordinate("CA", key=KEY)
    crl = fresh(root, scope=scope)
    for who, status in ((plain, of_person), (ca, of_ca)):
        fact = ask(who, root, [crl])[1]
        assert fact.status is status
        if status is UNKNOWN:
            assert fact.why in {("crl-scope",), ("crl-partial",)}


def person_without_points(root):
    return root.person("Plain", key=KEY, without=["2.5.29.31"])


def test_lists_for_some_reasons_add_up(root):
    who = person_without_points(root)
    every = ("keyCompromise", "cACompromise", "affiliationChanged", "superseded", "cessationOfOperation")
    rest = ("certificateHold", "privilegeWithdrawn", "aACompromise")
    one, two = (fresh(root, scope=Scope(reasons=r)) for r in (every, rest))
    assert ask(who, root, [one, two])[1].status is GOOD
    assert ask(who, root, [one])[1].why == ("crl-partial",)
    held = fresh(root, {who.certificate.serial: (BEFORE, "certificateHold")}, scope=Scope(reasons=rest))
    assert ask(who, root, [one, held])[1].on_hold


def test_distribution_points(root):
    url, other = "http://crl.example/a.crl", "http://crl.example/b.crl"
    who = root.person("Pointed", key=KEY, extra=[distribution_points(url)])
    assert ask(who, root, [fresh(root, scope=Scope(distribution_point=url))])[1].status is GOOD
    assert ask(who, root, [fresh(root, scope=Scope(distribution_point=other))])[1].why == ("crl-scope",)
    assert ask(who, root, [fresh(root)])[1].status is GOOD
    broken = root.person("Broken", key=KEY, extra=[Extension("2.5.29.31", False, b"\x30\x02\x30\x00\x00")])
    assert ask(broken, root, [fresh(root)])[1].status is GOOD
    elsewhere = fresh(root, scope=Scope(distribution_point=other))
    assert ask(broken, root, [elsewhere])[1].why == ("crl-points-malformed", "crl-scope")


def test_an_indirect_list(root):
    issuer = root.issue({"CN": "CRL issuer"}, key=KEY, extensions=[key_usage("crl_sign")])
    maker = Authority(issuer.certificate, issuer.key, (), "sha256", "g2")
    url = "http://crl.example/i.crl"
    points = distribution_points(url, issuer=issuer.certificate.subject)
    who = root.person("Indirect", key=KEY, extra=[points])
    scope = Scope(indirect=True, distribution_point=url)
    pool = [issuer.certificate]
    about_all = [fresh(root), fresh(maker, scope=scope)]
    assert ask(who, root, about_all, pool=pool)[1].status is GOOD
    listed = fresh(maker, {who.certificate: (BEFORE, "keyCompromise")}, scope=scope)
    assert ask(who, root, [fresh(root), listed], pool=pool)[1].status is REVOKED
    assert list(Crl.load(listed).index) == [who.certificate.serial_content]
    same_number = maker.issue({"CN": "Other"}, key=KEY, serial=who.certificate.serial)
    not_him = fresh(maker, {same_number.certificate: (BEFORE, None)}, scope=scope)
    assert ask(who, root, [fresh(root), not_him], pool=pool)[1].status is GOOD
    direct = fresh(maker, scope=Scope(distribution_point=url))
    assert ask(who, root, [direct], pool=pool)[1].why == ("crl-scope",)
    # nobody vouches for the issuer of the list: its own status is not known
    assert ask(who, root, [fresh(maker, scope=scope)], pool=pool)[1].why == ("crl-signer-not-trusted",)
    foreign = Authority.root("CRL issuer", key="p384")
    assert ask(who, root, [fresh(foreign)], pool=[foreign.certificate])[1].why == ("crl-other-issuer",)


# -- who may sign a list (attack A16) ---------------------------------------------------------------------


def test_a_list_of_another_authority_of_the_same_name(root, person):
    forged = Authority.root("Root", key="p384")
    assert ask(person, root, [fresh(forged)])[1].why == ("crl-signature",)
    assert ask(person, root, [fresh(forged)], pool=[forged.certificate])[1].why == ("crl-signer-not-trusted",)


def test_a_list_of_another_issuer(root, person):
    assert ask(person, root, [fresh(Authority.root("Other", key=KEY))])[1].why == ("crl-other-issuer",)


def test_the_signer_must_be_allowed_to_sign_lists():
    root = Authority.root("No CRL", key=KEY, extra=[key_usage("key_cert_sign")])
    assert ask(root.person("An", key=KEY), root, [fresh(root)])[1].why == ("crl-signer-key-usage",)


def test_the_algorithm_of_a_list_is_judged(root):
    rsa = Authority.root("RSA")
    assert ask(rsa.person("An", key=KEY), rsa, [fresh(rsa, digest="sha1")])[1].why == ("crl-algorithm",)


def test_a_signer_with_a_key_that_is_not_supported(root, person):
    spki = root.certificate.spki
    broken = spki.replace(bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0209"))
    shadow = Certificate.load(root.certificate.der.replace(spki, broken))
    assert ask(person, root, [fresh(root)], pool=[shadow])[1].status is GOOD


# -- SHA-1 below the first government generation ----------------------------------------------------------

LAST = datetime.datetime(2030, 3, 5, 16, 59, 59, tzinfo=datetime.UTC)
"""The last second of 2030-03-05 in Vietnam."""


@pytest.fixture(scope="module")
def g1():
    """Return a root and an authority whose certificates are signed with SHA-1, and somebody below."""
    root = Authority.root("G1", digest="sha1", style="g1", valid=(day(2010), day(2031)))
    return root, root.subordinate("G1 CA", valid=(day(2010), day(2031)))


def by_policy(who, g1, crls, ocsps, *, at=NOW, policy="vn_default", legacy=True, pool=(), root_list=True):
    """Return path and fact of *who* under a named policy; the list of the root is of the same day."""
    root, ca = g1
    result = validate_path(
        who.certificate,
        trust=store(root.certificate, legacy=legacy),
        at=at,
        purpose=SIGNERS,
        crypto=POLICIES[policy].crypto,
        pool=[ca.certificate, *pool],
        revocation=RevocationChecker.of([*crls, *([made(root, at)] if root_list else [])], ocsps),
    )
    return result, result.revocation[0]


def made(authority, at, **how):
    return authority.crl(revoked={}, this_update=at - HOUR, next_update=at + DAY, digest="sha1", **how)


def response(ca, who, at, **how):
    return ca.ocsp(who, "good", at - HOUR, next_update=at + DAY, digest="sha1", **how)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({}, None),
        ({"policy": "archive"}, None),
        ({"policy": "vn_15_2025_strict"}, "algorithm"),
        ({"legacy": False}, "algorithm"),
        ({"at": LAST}, None),
        ({"at": LAST + datetime.timedelta(seconds=1)}, "algorithm"),
    ],
)
@pytest.mark.parametrize("kind", ["crl", "ocsp"])
def test_what_an_authority_signed_itself_with_sha1(g1, kind, how, why):
    """A decision of this project: judged as the SHA-1 on certificates of authorities, and told."""
    who = g1[1].person("An", key=KEY, digest="sha256", valid=(day(2020), day(2031)))
    at = how.get("at", NOW)
    crls, ocsps = ([made(g1[1], at)], []) if kind == "crl" else ([], [response(g1[1], who, at)])
    result, fact = by_policy(who, g1, crls, ocsps, **how)
    told = [r for r in result.outcome.reasons if r.code == "weak-revocation" and kind.upper() in r.text("en")]
    if why is None:
        assert (fact.status, fact.weak, result.passed) == (GOOD, True, True)
        assert told
        assert told[0].kind.warning
    else:
        assert (fact.status, fact.weak) == (UNKNOWN, False)
        assert f"{kind}-{why}" in fact.why
        assert not told


def test_what_is_signed_with_sha2_is_not_called_weak(g1):
    who = g1[1].person("An", key=KEY, digest="sha256", valid=(day(2020), day(2031)))
    crls = [a.crl(revoked={}, this_update=NOW - HOUR, next_update=NOW + DAY, digest="sha256") for a in g1]
    root, ca = g1
    checker = RevocationChecker.of(crls)
    asked = {"trust": store(root.certificate, legacy=True), "at": NOW, "purpose": SIGNERS, "pool": [ca.certificate]}
    result = validate_path(who.certificate, crypto=POLICIES["vn_default"].crypto, revocation=checker, **asked)
    assert (result.passed, codes(result)) == (True, [])
    delta = ca.crl(revoked={}, this_update=NOW, next_update=NOW + DAY, number=2, delta_base=1, digest="sha256")
    mixed = RevocationChecker.of([crls[0], made(ca, NOW), delta])
    result = validate_path(who.certificate, crypto=POLICIES["vn_default"].crypto, revocation=mixed, **asked)
    assert result.passed
    assert codes(result) == ["weak-revocation"]  # the base is signed with SHA-1, if not the delta


def test_sha1_over_what_somebody_else_may_have_chosen(g1):
    """A delegate is no authority; a nonce longer than RFC 9654 allows could hide a collision."""
    _, ca = g1
    who = ca.person("An", key=KEY, digest="sha256", valid=(day(2020), day(2031)))
    delegate = ca.ocsp_responder(digest="sha256", valid=(day(2020), day(2031)))
    assert by_policy(who, g1, [], [response(ca, who, NOW, responder=delegate)])[1].why[0] == "ocsp-algorithm"
    assert by_policy(who, g1, [], [response(ca, who, NOW, nonce=bytes(128))])[1].status is GOOD
    assert by_policy(who, g1, [], [response(ca, who, NOW, nonce=bytes(129))])[1].why[0] == "ocsp-algorithm"
    sly = ca.ocsp_responder(name="OCSP 02", digest="sha1", valid=(day(2020), day(2031)))
    signed = ca.ocsp(who, "good", NOW - HOUR, next_update=NOW + DAY, digest="sha256", responder=sly)
    assert by_policy(who, g1, [], [signed])[1].why[0] == "ocsp-algorithm"
    # nor is it different for the status of the authority itself
    told = g1[0].ocsp_responder(name="OCSP 03", digest="sha1", valid=(day(2020), day(2031)))
    for digest in ("sha1", "sha256"):
        about_ca = g1[0].ocsp(ca.certificate, "good", NOW - HOUR, next_update=NOW + DAY, digest=digest, responder=told)
        found = by_policy(who, (g1[0], ca), [made(ca, NOW)], [about_ca], root_list=False)[0].revocation[1]
        assert found.why[0] == "ocsp-algorithm"
    maker = ca.issue({"CN": "CRL issuer"}, key="rsa-2048", digest="sha256", extensions=[key_usage("crl_sign")])
    point = distribution_points("http://crl.example/i.crl", issuer=maker.certificate.subject)
    whom = ca.person("Binh", key=KEY, digest="sha256", extra=[point])
    scope = Scope(indirect=True, distribution_point="http://crl.example/i.crl")
    indirect = made(Authority(maker.certificate, maker.key, (), "sha1", "g1"), NOW, scope=scope)
    found = by_policy(whom, g1, [indirect], [], pool=[maker.certificate])[1]
    assert found.why == ("crl-algorithm",)


# -- lists that are odd -----------------------------------------------------------------------------------


def test_unknown_critical_extensions_of_lists(root, person):
    odd = Extension("1.2.3.4", True, b"\x05\x00")
    assert ask(person, root, [fresh(root, extra=[odd])])[1].why == ("crl-critical-extension",)
    harmless = Extension("1.2.3.4", False, b"\x05\x00")
    assert ask(person, root, [fresh(root, extra=[harmless])])[1].status is GOOD
    bad_number = Extension("2.5.29.20", False, b"\x05\x00")
    assert ask(person, root, [fresh(root, extra=[bad_number])])[1].why == ("crl-critical-extension",)


def entry(serial: bytes, *more: bytes) -> bytes:
    return der.encode(der.SEQUENCE, der.encode(der.INTEGER, serial), der.encode(der.UTC_TIME, b"260101000000Z"), *more)


def extended(oid: str, value: bytes, *, critical: bool = True) -> bytes:
    flag = der.encode(der.BOOLEAN, b"\xff") if critical else b""
    row = der.encode(der.SEQUENCE, der.encode_oid(oid), flag, der.encode(der.OCTET_STRING, value))
    return der.encode(der.SEQUENCE, row)


def crl_of(root, *entries: bytes) -> bytes:
    """Return a list of *root* with *entries* as they are, signed."""
    algorithm = root.certificate.signature_identifier
    tbs = der.encode(
        der.SEQUENCE,
        der.encode(der.INTEGER, b"\1"),
        algorithm,
        root.certificate.subject,
        der.encode(der.UTC_TIME, b"260531000000Z"),
        der.encode(der.UTC_TIME, b"260701000000Z"),
        der.encode(der.SEQUENCE, *entries),
    )
    value = root.key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    return der.encode(der.SEQUENCE, tbs, algorithm, der.encode(der.BIT_STRING, b"\0", value))


def test_an_unknown_critical_extension_of_any_entry_spoils_the_list(root, person):
    others = [entry(bytes([n])) for n in range(1, 100)]
    spoilt = crl_of(root, *others, entry(b"\x7f", extended("1.2.3.4", b"\x05\x00")))
    assert ask(person, root, [spoilt])[1].why == ("crl-malformed",)
    known = crl_of(root, *others, entry(b"\x7f", extended("2.5.29.21", b"\x0a\x01\x01")))
    assert ask(person, root, [known])[1].status is GOOD
    two = [entry(bytes([n]), extended("2.5.29.21", b"\x0a\x01\x01")) for n in (0x7E, 0x7F)]
    assert ask(person, root, [crl_of(root, *two)])[1].status is GOOD
    alike = crl_of(root, entry(b"\x01\x01\xff"), entry(b"\x02\x01\x01\xff"))
    assert ask(person, root, [alike])[1].status is GOOD


def test_numbers_in_any_encoding_are_found(root):
    for number in (127, 128, 255, 1 << 62, -1, -128, -129, 0):
        who = root.person("An", key=KEY, serial=number) if number > 0 else None
        if who is None:
            continue
        octets = who.certificate.serial_content
        padded = b"\0" + octets
        long = b"\x30\x81" + bytes([len(octets) + 17]) + entry(octets)[2:]
        for written in (entry(octets), entry(padded), long):
            crl = Crl.load(crl_of(root, entry(b"\x05"), written, entry(b"\x06")))
            assert crl.entry(root.certificate.subject, number) is not None
            assert ask(who, root, [crl])[1].status is REVOKED


def test_negative_numbers(root):
    crl = Crl.load(crl_of(root, entry(b"\xff"), entry(b"\xff\x80")))
    name = root.certificate.subject
    assert crl.entry(name, -1) is not None
    assert crl.entry(name, -128) is not None
    assert crl.entry(name, 255) is None
    assert len(crl.index) == 2


def test_an_unknown_critical_extension_of_a_number_that_stands_twice(root, person):
    odd = entry(b"\x05", extended("1.2.3.4", b"\x05\x00"))
    for entries in ((odd, entry(b"\x05")), (entry(b"\x04"), odd, entry(b"\x05"), entry(b"\x06"))):
        assert ask(person, root, [crl_of(root, *entries)])[1].why == ("crl-malformed",)


def test_extensions_of_entries_that_say_nothing_here(root):
    who = root.person("An", key=KEY)
    octets = who.certificate.serial_content
    dated = extended("2.5.29.24", b"\x18\x0f20250101000000Z", critical=False)
    fact = ask(who, root, [crl_of(root, entry(octets, dated))])[1]
    assert (fact.status, fact.date) == (REVOKED, day(2026))


def test_a_list_asked_by_many_signers_keeps_some_answers(root):
    crl = Crl.load(fresh(root))
    for n in range(70):
        assert not crl.verified_by(Authority.root(f"Signer {n}", key=KEY).certificate)
    assert crl.verified_by(root.certificate)


def test_scopes_that_cannot_be_read(root, person):
    for value in (b"\x30\x02\xa9\x00", b"\x30\x04\xa0\x02\xa5\x00", b"\x05\x00"):
        odd = fresh(root, extra=[Extension("2.5.29.28", True, value)])
        assert ask(person, root, [odd])[1].why == ("crl-critical-extension",)
    points = Extension("2.5.29.31", False, b"\x30\x04\x30\x02\xa9\x00")
    who = root.person("Odd points", key=KEY, extra=[points])
    assert ask(who, root, [fresh(root, scope=Scope(only_ca=True))])[1].why == ("crl-points-malformed", "crl-scope")


def test_what_stands_behind_the_extensions_of_a_list(root):
    parts = der.children(der.read(fresh(root)))
    tbs = der.encode(der.SEQUENCE, parts[0].content, b"\x05\x00")
    with pytest.raises(CertificateError) as caught:
        Crl.load(der.encode(der.SEQUENCE, tbs, parts[1].octets, parts[2].octets))
    assert caught.value.code == "crl-malformed"


def test_relative_names_of_points(root):
    rdn = der.encode(der.SEQUENCE, der.encode_oid("2.5.4.3"), der.encode(0x0C, b"Part 1"))
    name = der.encode(0xA0, der.encode(0xA1, rdn))
    point = Extension("2.5.29.31", False, der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, name)))
    who = root.person("Relative", key=KEY, extra=[point])
    same = fresh(root, extra=[Extension("2.5.29.28", True, der.encode(der.SEQUENCE, name))])
    assert ask(who, root, [same])[1].status is GOOD
    other = der.encode(0xA0, der.encode(0xA1, rdn.replace(b"Part 1", b"Part 2")))
    elsewhere = fresh(root, extra=[Extension("2.5.29.28", True, der.encode(der.SEQUENCE, other))])
    assert ask(who, root, [elsewhere])[1].why == ("crl-scope",)


def test_nobody_vouches_too_deeply():
    """The signer of each list needs a list of the next signer: the questions end."""
    root = Authority.root("Root", key=KEY)
    makers = []
    for n in range(6):
        named = f"Issuer {n + 1}"
        points = distribution_points("http://x.example/", issuer=root.issue({"CN": named}, key=KEY).certificate.subject)
        found = root.issue({"CN": f"Issuer {n}"}, key=KEY, extensions=[key_usage("crl_sign"), points])
        makers.append(Authority(found.certificate, found.key, (), "sha256", "g2"))
    scope = Scope(indirect=True, distribution_point="http://x.example/")
    points = distribution_points("http://x.example/", issuer=makers[0].certificate.subject)
    who = root.person("An", key=KEY, extra=[points])
    lists = [fresh(maker, scope=scope) for maker in makers]
    fact = ask(who, root, lists, pool=[maker.certificate for maker in makers])[1]
    assert fact.why == ("crl-signer-not-trusted",)


def test_a_number_that_stands_twice(root, person):
    octets = person.certificate.serial_content
    hold = entry(octets, extended("2.5.29.21", b"\x0a\x01\x06", critical=False))
    for entries in ((hold, entry(octets)), (entry(octets), hold)):
        fact = ask(person, root, [crl_of(root, *entries)])[1]
        assert fact.status is REVOKED
        assert not fact.on_hold


@pytest.mark.parametrize(
    "entries",
    [
        [b"\x05\x00"],
        [der.encode(der.SEQUENCE, b"\x05\x00")],
        [b"\x30\x03\x02\x01"],
        [der.encode(der.SEQUENCE, b"\x02\x08SERIAL__")],
        [der.encode(der.SEQUENCE, b"\x02\x08SERIAL__", b"\x05\x00")],
        [der.encode(der.SEQUENCE, b"\x02\x08SERIAL__", b"\x17\x0d260101000000Z", b"\x05\x00")],
        [der.encode(der.SEQUENCE, b"\x02\x08SERIAL__", b"\x17\x0d260101000000Z", b"\x30\x00", b"\x30\x00")],
        [entry(b"SERIAL__", extended("2.5.29.21", b"\x0a\x01\x07"))],
        [entry(b"SERIAL__", extended("2.5.29.21", b"\x05\x00"))],
    ],
)
def test_malformed_entries(root, entries):
    who = root.person("An", key=KEY, serial=int.from_bytes(b"SERIAL__", "big"))
    assert ask(who, root, [crl_of(root, *entries)])[1].why == ("crl-malformed",)


def test_octets_that_are_no_list(root, person):
    good = fresh(root)
    for data in (b"", b"\x30\x00", good[:-1], good + b"\0", root.certificate.der, b"\x30\x80" + good):
        with pytest.raises(CertificateError):
            Crl.load(data)
    assert ask(person, root, [b"\x30\x00"])[1].why == ("crl-malformed",)
    assert ask(person, root, [b"\x30\x00", good])[1].status is GOOD


def test_a_list_that_is_too_large(monkeypatch, root):
    monkeypatch.setattr("vndoc.pki.crl.MAX_CRL", 100)
    with pytest.raises(CertificateError) as caught:
        Crl.load(fresh(root))
    assert caught.value.code == "crl-malformed"


@given(st.integers(0, 2000), st.integers(1, 255))
@settings(max_examples=300)
def test_a_changed_list_never_says_good(where, change):
    root = Authority.root("Root", key=KEY)
    person = root.person("An", key=KEY)
    octets = bytearray(fresh(root, {person.certificate.serial: (BEFORE, "keyCompromise"), 5: (BEFORE, None)}))
    octets[where % len(octets)] ^= change
    assert ask(person, root, [bytes(octets)])[1].status is UNKNOWN


def test_lists_are_values(root):
    data = fresh(root)
    one, two = Crl.load(data), Crl.load(data)
    assert one == two
    assert hash(one) == hash(two)
    assert one != data
    assert "Crl(" in repr(one)
    assert "delta" in repr(Crl.load(fresh(root, delta_base=1)))
    assert len(RevocationChecker.of([data, one]).crls) == 1
    assert repr(RevocationChecker.of([data])) == "RevocationChecker(crls=1, ocsps=0)"


def test_a_cache_reads_a_list_once(root):
    cache = RevocationCache(size=1)
    data = fresh(root)
    first = RevocationChecker.of([data], cache=cache).crls[0]
    assert RevocationChecker.of([bytes(bytearray(data))], cache=cache).crls[0] is first
    RevocationChecker.of([fresh(root, number=2)], cache=cache)
    assert RevocationChecker.of([data], cache=cache).crls[0] is not first


def test_version_one_lists_and_lists_with_a_repeated_extension(root, person):
    plain = root.crl(this_update=NOW, next_update=NOW + DAY, without=["2.5.29.35", "2.5.29.20"])
    assert ask(person, root, [plain])[1].status is GOOD
    number = Extension("2.5.29.20", False, b"\x02\x01\x01")
    twice = crl_with_extensions(root, number, number)
    assert ask(person, root, [twice])[1].why == ("crl-critical-extension",)


def crl_with_extensions(root, *rows):
    algorithm = root.certificate.signature_identifier
    encoded = [der.encode(der.SEQUENCE, der.encode_oid(r.oid), der.encode(der.OCTET_STRING, r.value)) for r in rows]
    tbs = der.encode(
        der.SEQUENCE,
        der.encode(der.INTEGER, b"\1"),
        algorithm,
        root.certificate.subject,
        der.encode(der.UTC_TIME, b"260531000000Z"),
        der.encode(der.UTC_TIME, b"260701000000Z"),
        der.encode(der.context(0), der.encode(der.SEQUENCE, *encoded)),
    )
    value = root.key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    return der.encode(der.SEQUENCE, tbs, algorithm, der.encode(der.BIT_STRING, b"\0", value))


@pytest.mark.parametrize("key", ["rsa-2048", "p384", "ed25519"])
def test_lists_signed_with_every_kind_of_key(key):
    root = Authority.root("Kind", key=key, digest="sha384")
    assert ask(root.person("An", key=KEY), root, [fresh(root)])[1].status is GOOD


# -- OCSP -------------------------------------------------------------------------------------------------


def said(root, who, status="good", **how):
    return root.ocsp(who, status, **{"at": NOW - HOUR, "next_update": NOW + DAY, **how})


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384"])
@pytest.mark.parametrize("by_name", [True, False])
def test_good_by_the_issuer(root, person, digest, by_name):
    data = said(root, person, id_digest=digest, by_name=by_name)
    fact = ask(person, root, (), [data])[1]
    assert (fact.status, fact.source, fact.material) == (GOOD, "ocsp", data)


def test_revoked_and_on_hold(root, person):
    data = said(root, person, "revoked", revoked=(BEFORE, "keyCompromise"))
    fact = ask(person, root, (), [data])[1]
    assert (fact.status, fact.date, fact.reason) == (REVOKED, BEFORE, RevocationReason.KEY_COMPROMISE)
    assert ask(person, root, (), [data], at=BEFORE - HOUR)[1].status is GOOD
    bare = said(root, person, "revoked", revoked=(BEFORE, None))
    assert ask(person, root, (), [bare])[1].reason is RevocationReason.UNSPECIFIED
    assert ask(person, root, (), [said(root, person, "revoked", revoked=(BEFORE, "certificateHold"))])[1].on_hold


def test_unknown_is_not_good(root, person):
    assert ask(person, root, (), [said(root, person, "unknown")])[1].why == ("ocsp-unknown",)


def test_a_response_about_another(root, person):
    other = root.person("Other", key=KEY)
    assert ask(person, root, (), [said(root, other)])[1].why == ("ocsp-other-certificate",)
    twin = Authority.root("Root", key="p384")
    same_number = twin.person("An", key=KEY, serial=person.certificate.serial)
    assert ask(person, root, (), [said(twin, same_number)])[1].why == ("ocsp-other-certificate",)


def test_responses_and_lists_together(root, person):
    revoked = fresh(root, {person.certificate.serial: (BEFORE, "keyCompromise")})
    assert ask(person, root, [revoked], [said(root, person)])[1].status is REVOKED
    held = fresh(root, {person.certificate.serial: (BEFORE, "certificateHold")})
    newer = said(root, person, at=NOW - HOUR / 2)
    assert ask(person, root, [held], [newer])[1].status is GOOD


def test_a_delegate(root, person):
    delegate = root.ocsp_responder(key=KEY)
    assert ask(person, root, (), [said(root, person, responder=delegate)])[1].status is GOOD
    apart = said(root, person, responder=delegate, certificates=())
    assert ask(person, root, (), [apart])[1].why == ("ocsp-responder-not-found",)
    assert ask(person, root, (), [apart], pool=[delegate.certificate])[1].status is GOOD
    named = said(root, person, responder=delegate, by_name=True)
    assert ask(person, root, (), [named])[1].status is GOOD


def test_a_delegate_of_another_authority(root, person):
    """Attack A16."""
    other = Authority.root("Other", key=KEY)
    data = said(root, person, responder=other.ocsp_responder(key=KEY))
    assert ask(person, root, (), [data])[1].why == ("ocsp-responder-unauthorised",)
    below = root.subordinate("Below", key=KEY)
    data = said(root, person, responder=below.ocsp_responder(key=KEY))
    assert ask(person, root, (), [data], pool=[below.certificate])[1].why == ("ocsp-responder-unauthorised",)
    forged = Authority.root("Root", key="p384")
    data = said(root, person, responder=forged.ocsp_responder(key=KEY))
    assert ask(person, root, (), [data])[1].why == ("ocsp-responder-unauthorised",)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"extra": [extended_usage("1.3.6.1.5.5.7.3.4")]}, "ocsp-responder-unauthorised"),
        ({"without": ["2.5.29.37"]}, "ocsp-responder-unauthorised"),
        ({"valid": (day(2024), day(2025))}, "ocsp-responder-expired"),
        ({"extra": [Extension("1.2.3.4", True, b"\x05\x00")]}, "ocsp-responder-malformed"),
        ({"without": ["1.3.6.1.5.5.7.48.1.5"]}, "ocsp-responder-not-trusted"),
    ],
)
def test_a_delegate_that_may_not_speak(root, person, how, why):
    delegate = root.ocsp_responder(key=KEY, **how)
    assert ask(person, root, (), [said(root, person, responder=delegate)])[1].why == (why,)


def test_a_delegate_without_no_check_is_asked_about(root, person):
    delegate = root.ocsp_responder(key=KEY, without=["1.3.6.1.5.5.7.48.1.5"])
    data = said(root, person, responder=delegate)
    assert ask(person, root, [], [data, said(root, delegate)])[1].status is GOOD
    gone = said(root, delegate, "revoked", revoked=(BEFORE, None))
    assert ask(person, root, [], [data, gone])[1].why == ("ocsp-responder-not-trusted",)


def test_a_delegate_signed_with_a_refused_algorithm(person):
    rsa = Authority.root("RSA")
    who = rsa.person("An", key=KEY)
    delegate = rsa.ocsp_responder(key=KEY, digest="sha1")
    assert ask(who, rsa, (), [said(rsa, who, responder=delegate)])[1].why == ("ocsp-algorithm",)
    assert ask(who, rsa, (), [said(rsa, who, digest="sha1")])[1].why == ("ocsp-algorithm",)


def test_no_check_answers_for_responders(root):
    delegate = root.ocsp_responder(key=KEY)
    fact = ask(delegate, root)[1]
    assert (fact.status, fact.source) == (GOOD, "no-check")
    person = root.person("Sly", key=KEY, extra=[Extension("1.3.6.1.5.5.7.48.1.5", False, b"\x05\x00")])
    assert ask(person, root)[1].status is UNKNOWN


def test_nonces(root, person):
    def nonce(data, expected):
        return ask(person, root, (), [OcspResponse.load(data, expected_nonce=expected)])[1]

    with_nonce = said(root, person, nonce=b"12345678")
    assert nonce(with_nonce, None).status is GOOD
    assert nonce(with_nonce, b"12345678").status is GOOD
    assert nonce(with_nonce, b"87654321").why == ("ocsp-nonce",)
    assert nonce(said(root, person), b"12345678").why == ("ocsp-nonce",)
    for bare in (b"bare", b"\x04\x09x"):
        old = said(root, person, extra=[Extension("1.3.6.1.5.5.7.48.1.2", False, bare)])
        assert nonce(old, bare).status is GOOD


def test_freshness_of_responses(root, person):
    data = said(root, person)
    assert ask(person, root, (), [data], at=NOW + DAY + HOUR)[1].why == ("ocsp-stale",)
    assert ask(person, root, (), [data], known_at=NOW - DAY)[1].why == ("ocsp-from-the-future",)
    old = root.person("Old", key=KEY, valid=(day(2024), NOW - DAY))
    late = said(root, old)
    assert ask(old, root, (), [late], at=NOW - 2 * DAY)[1].why == ("ocsp-after-expiry",)
    cutoff = Extension("1.3.6.1.5.5.7.48.1.6", False, der.encode(der.GENERALIZED_TIME, b"20200101000000Z"))
    kept = said(root, old, single_extra=[cutoff])
    assert ask(old, root, (), [kept], at=NOW - 2 * DAY)[1].status is GOOD


def test_critical_extensions_of_responses(root, person):
    odd = Extension("1.2.3.4", True, b"\x05\x00")
    for how in ({"extra": [odd]}, {"single_extra": [odd]}):
        assert ask(person, root, (), [said(root, person, **how)])[1].why == ("ocsp-critical-extension",)
    harmless = Extension("1.2.3.4", False, b"\x05\x00")
    assert ask(person, root, (), [said(root, person, single_extra=[harmless])])[1].status is GOOD


def test_a_basic_response_alone(root, person):
    data = said(root, person)
    basic = data[data.index(bytes.fromhex("2b0601050507300101")) + 9 :]
    inner = der.read(basic).content
    assert ask(person, root, (), [inner])[1].status is GOOD


def test_octets_that_are_no_response(root, person):
    good = said(root, person)
    bad = [b"", b"\x30\x00", good[:-1], good + b"\0", root.certificate.der, ocsp_failure("tryLater")]
    bad.append(good.replace(bytes.fromhex("2b0601050507300101"), bytes.fromhex("2b0601050507300109")))
    for data in bad:
        with pytest.raises(CertificateError):
            OcspResponse.load(data)
    basic = good[good.index(bytes.fromhex("2b0601050507300101")) + 9 :]
    parts = der.children(der.read(der.read(basic).content))
    data, algorithm, value = (part.octets for part in parts)
    fields = [part.octets for part in der.children(parts[0])]
    single = der.children(der.read(fields[-1]))[0]
    three = [part.octets for part in der.children(single)]

    def response(fields, value=value):
        return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, *fields), algorithm, value)

    assert OcspResponse.load(response(fields)).responses
    bad.append(response(fields, b"\x03\x00"))
    bad.append(response([*fields, der.encode(0xA1, der.encode(der.SEQUENCE)), b"\x05\x00"]))
    bad.append(response([b"\x05\x00", *fields[1:]]))
    bad.append(response([*fields[:-1], der.encode(der.SEQUENCE, single.octets * 1001)]))
    for state in (
        b"\x05\x00",
        der.encode(0xA1, b"\x17\x0d260101000000Z", der.encode(0xA0, b"\x0a\x01\x01"), b"\x05\x00"),
    ):
        one = der.encode(der.SEQUENCE, three[0], state, *three[2:])
        bad.append(response([*fields[:-1], der.encode(der.SEQUENCE, one)]))
    bad.append(response([*fields[:-1], der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, *three[:2]))]))
    assert ask(person, root, (), bad)[1].why == ("ocsp-malformed", "ocsp-refused")
    with pytest.raises(CertificateError, match="tryLater"):
        OcspResponse.load(ocsp_failure("tryLater"))
    with pytest.raises(CertificateError):
        OcspResponse.load(b"\x30" * (1024 * 1024 + 1))


@given(st.integers(0, 3000), st.integers(1, 255))
@settings(max_examples=300)
def test_a_changed_response_never_says_good(where, change):
    root = Authority.root("Root", key=KEY)
    person = root.person("An", key=KEY)
    octets = bytearray(said(root, person, "revoked", revoked=(BEFORE, "keyCompromise"), nonce=b"12345678"))
    octets[where % len(octets)] ^= change
    try:
        fact = ask(person, root, (), [bytes(octets)])[1]
    except CertificateError:
        pytest.fail("an exception got out")
    assert fact.status is not GOOD


def test_a_response_that_names_the_certificate_by_a_digest_that_is_not_computed(root, person):
    data = said(root, person).replace(bytes.fromhex("06052b0e03021a"), bytes.fromhex("06052b24030201"), 1)
    assert ask(person, root, (), [data])[1].why == ("ocsp-malformed",)


def test_responses_are_values(root, person):
    data = said(root, person)
    one, two = OcspResponse.load(data), OcspResponse.load(data)
    assert one == two
    assert hash(one) == hash(two)
    assert one != data
    assert "OcspResponse(" in repr(one)
    extra = said(root, person, responder=root.ocsp_responder(key=KEY), certificates=[person.certificate])
    assert OcspResponse.load(extra).certificates == (person.certificate,)
    versioned = OcspResponse.load(extra)
    assert versioned.tbs in extra
    endless = ask(person, root, (), [said(root, person, next_update=None)], at=NOW)[1]
    assert (endless.status, endless.next_update) == (GOOD, None)
    broken = bytearray(extra)
    at = extra.index(person.certificate.der)
    broken[at + 4] = 0x31
    assert OcspResponse.load(bytes(broken)).certificates == ()


def test_every_reason_is_said_in_both_languages():
    for code, text in REVOCATION_WHY.items():
        assert text.vi
        assert text.en
        assert code == code.lower()


# -- openssl beside ---------------------------------------------------------------------------------------


def pem(kind, data):
    return f"-----BEGIN {kind}-----\n{base64.encodebytes(data).decode()}-----END {kind}-----\n"


LISTS = {
    "good": (lambda r, p: fresh(r), True),
    "revoked": (lambda r, p: fresh(r, {p.certificate.serial: (BEFORE, "keyCompromise")}), False),
    "hold": (lambda r, p: fresh(r, {p.certificate.serial: (BEFORE, "certificateHold")}), False),
    "other": (lambda r, p: fresh(r, {p.certificate.serial + 1: (BEFORE, None)}), True),
    "stale": (lambda r, p: fresh(r, this_update=BEFORE, next_update=NOW - DAY), False),
    "forged": (lambda r, p: fresh(Authority.root("Root", key="p384"), without=["2.5.29.35"]), False),
    "critical": (lambda r, p: fresh(r, extra=[Extension("1.2.3.4", True, b"\x05\x00")]), False),
    "only-ca": (lambda r, p: fresh(r, scope=Scope(only_ca=True)), False),
    "only-user": (lambda r, p: fresh(r, scope=Scope(only_user=True)), True),
    "attribute": (lambda r, p: fresh(r, scope=Scope(only_attribute=True)), False),
    "elsewhere": (lambda r, p: fresh(r, scope=Scope(distribution_point="http://x.example/")), False),
    "other-issuer": (lambda r, p: fresh(Authority.root("Other", key=KEY)), False),
}


@pytest.mark.parametrize("case", LISTS)
def test_openssl_agrees_about_lists(program, tmp_path, root, case):
    make, passes = LISTS[case]
    who = person_without_points(root)
    crl = make(root, who)
    assert ask(who, root, [crl])[0].passed is passes
    (tmp_path / "root.pem").write_text(pem("CERTIFICATE", root.certificate.der))
    (tmp_path / "leaf.pem").write_text(pem("CERTIFICATE", who.certificate.der))
    (tmp_path / "crl.pem").write_text(pem("X509 CRL", crl))
    arguments = ["-crl_check", "-extended_crl", "-attime", str(int(NOW.timestamp()))]
    files = ["-CAfile", tmp_path / "root.pem", "-CRLfile", tmp_path / "crl.pem", tmp_path / "leaf.pem"]
    done = subprocess.run([program("openssl"), "verify", *arguments, *files], capture_output=True, check=False)
    assert (done.returncode == 0) is passes, done.stderr


RESPONSES = {
    "issuer": (said, True),
    "delegate": (lambda r, p: said(r, p, responder=r.ocsp_responder(key=KEY)), True),
    "revoked": (lambda r, p: said(r, p, "revoked", revoked=(BEFORE, None)), False),
    "unknown": (lambda r, p: said(r, p, "unknown"), False),
    "other-authority": (lambda r, p: said(r, p, responder=Authority.root("O", key=KEY).ocsp_responder(key=KEY)), False),
    "no-usage": (lambda r, p: said(r, p, responder=r.ocsp_responder(key=KEY, without=["2.5.29.37"])), False),
    "sha256": (lambda r, p: said(r, p, id_digest="sha256"), True),
}


@pytest.mark.parametrize("case", RESPONSES)
def test_openssl_agrees_about_responses(program, tmp_path, root, person, case):
    make, passes = RESPONSES[case]
    data = make(root, person)
    assert ask(person, root, (), [data])[0].passed is passes
    (tmp_path / "root.pem").write_text(pem("CERTIFICATE", root.certificate.der))
    (tmp_path / "leaf.pem").write_text(pem("CERTIFICATE", person.certificate.der))
    (tmp_path / "response.der").write_bytes(data)
    digest = ["-sha256"] if case == "sha256" else []
    files = [
        "-issuer",
        tmp_path / "root.pem",
        *digest,
        "-cert",
        tmp_path / "leaf.pem",
        "-CAfile",
        tmp_path / "root.pem",
    ]
    options = ["-respin", tmp_path / "response.der", "-no_nonce", "-attime", str(int(NOW.timestamp()))]
    options += ["-validity_period", "1000000000"]
    done = subprocess.run([program("openssl"), "ocsp", *files, *options], capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    assert ("Response verify OK" in output and ": good" in output) is passes, output


def test_lists_in_pem_count_as_those_in_der() -> None:
    root = Authority.root("Gốc PEM", key="p256")
    octets = root.crl(this_update=NOW, next_update=NOW + datetime.timedelta(days=1))
    body = base64.encodebytes(octets).decode()
    pem = f"Certificate Revocation List\n-----BEGIN X509 CRL-----\n{body}-----END X509 CRL-----\n".encode()
    assert Crl.load(pem) == Crl.load(octets)
    assert RevocationChecker.of([pem]).crls == RevocationChecker.of([octets]).crls
    for broken in (pem * 2, pem.replace(b"-----\nM", b"-----\n*M"), pem.replace(b"X509 CRL", b"CERTIFICATE")):
        with pytest.raises(CertificateError) as caught:
            Crl.load(broken)
        assert caught.value.code == "crl-malformed"
        assert RevocationChecker.of([broken]).unreadable == ("crl-malformed",)
