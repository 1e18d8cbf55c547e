"""What RFC 5280 forbids in the certificates of a path, those of anchors included: each refused for its own reason."""

from __future__ import annotations

import datetime
import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from pki_support import NOW, check, codes, store
from vndoc.pki import Certificate, Extension, PathResult, RevocationChecker, der
from vndoc.testing import revocation
from vndoc.testing._assembly import scheme
from vndoc.testing.pki import Authority, Identity, Scope, basic_constraints, key_usage

KEY = "p256"
DAY = datetime.timedelta(days=1)
ROOT = Authority.root("Root", key=KEY)
UNKNOWN = Extension("1.2.3.4", True, b"\x05\x00")
NO_NAME = der.encode(der.SEQUENCE)


def below(root: Authority, root_certificate: Certificate | None = None) -> PathResult:
    """Return the answer for a signer right below *root*, or below what stands for its certificate."""
    certificate = root.certificate if root_certificate is None else root_certificate
    return check(root.person("An", key=KEY).certificate, store(certificate))


# -- anchors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"extra": [UNKNOWN]}, "extension-unknown-critical"),
        ({"extra": [Extension("2.5.29.30", True, b"\x30\x03\xa0\x05\x00")]}, "extension-malformed"),
        ({"extra": [Extension("2.5.29.30", False, b"constraints")]}, "extension-malformed"),
        ({"extra": [Extension("2.5.29.19", True, b"\x30\x00")]}, "not-a-ca"),
        ({"without": ["2.5.29.19"]}, "not-a-ca"),
        ({"without": ["2.5.29.19", "2.5.29.15"]}, "not-a-ca"),
        ({"extra": [key_usage("digital_signature", "crl_sign")]}, "ca-key-usage"),
    ],
)
def test_the_certificate_of_an_anchor_must_be_an_authority_that_is_understood(how, code):
    assert codes(below(Authority.root("Odd root", key=KEY, **how))) == [code]


def test_an_end_certificate_among_the_anchors_issues_nothing():
    """Whoever puts a signer's certificate into the store trusts that signer, not those whom it makes up."""
    signer = ROOT.person("An", key=KEY)
    forger = Authority(signer.certificate, signer.key, signer.chain, "sha256", "g2")
    forged = forger.person("Bình", key=KEY).certificate
    assert codes(check(forged, store(signer.certificate))) == ["not-a-ca", "ca-key-usage"]
    assert check(signer.certificate, store(signer.certificate)).passed  # the signer itself is trusted


def test_an_anchor_that_names_two_algorithms():
    where = ROOT.certificate.spans.inner_algorithm
    octets = bytearray(ROOT.certificate.der)
    octets[where.stop - 1] ^= 1
    assert codes(below(ROOT, Certificate.load(bytes(octets)))) == ["signature-identifier-differs"]


def test_an_anchor_with_an_extension_twice():
    certificate = ROOT.issue(
        ROOT.certificate.subject,
        key=ROOT.key,
        extensions=[basic_constraints(), key_usage("key_cert_sign"), *([Extension("1.2.3.4", False, b"")] * 2)],
    ).certificate
    assert certificate.repeated_extensions
    assert codes(below(ROOT, certificate)) == ["extension-repeated"]


def test_old_roots_without_any_extension_are_anchors():
    """Version 1 has no place to say that it is an authority; the store says it."""
    old = ROOT.issue(ROOT.certificate.subject, key=ROOT.key, extensions=[]).certificate
    assert old.version == 1
    assert below(ROOT, old).passed


# -- names ------------------------------------------------------------------------------------------------


def nameless_ca() -> PathResult:
    ca = ROOT.issue(NO_NAME, key=KEY, extensions=[basic_constraints(), key_usage("key_cert_sign")])
    person = Authority(ca.certificate, ca.key, ca.chain, "sha256", "g2").person("An", key=KEY)
    return check(person.certificate, store(ROOT.certificate), pool=[ca.certificate])


def nameless_root() -> PathResult:
    return below(Authority.root(NO_NAME, key=KEY))


def nameless_signer(**how) -> PathResult:
    return check(ROOT.issue(NO_NAME, key=KEY, **how).certificate, store(ROOT.certificate))


def mail(*, critical: bool) -> Extension:
    return Extension("2.5.29.17", critical, der.encode(der.SEQUENCE, der.encode(0x81, b"an@example.vn")))


@pytest.mark.parametrize(
    "made",
    [
        nameless_ca,
        nameless_root,
        nameless_signer,
        lambda: nameless_signer(extra=[mail(critical=False)]),
        lambda: nameless_signer(without=["2.5.29.17"]),
    ],
)
def test_a_certificate_needs_names(made):
    assert set(codes(made())) == {"name-missing"}


def test_a_critical_alternative_name_stands_for_the_subject():
    assert nameless_signer(extra=[mail(critical=True)]).passed


# -- extensions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [b"example.com", b"\x30\x05\x82", b"\x30\x02\x82\x05", b"\x30\x00\x00", b"\x05\x00"])
def test_critical_alternative_names_that_cannot_be_read(value):
    """What is critical must be understood (RFC 5280, 4.2); others are read only where names are constrained."""
    person = ROOT.person("An", key=KEY, extra=[Extension("2.5.29.17", True, value)])
    assert codes(check(person.certificate, store(ROOT.certificate))) == ["extension-malformed"]


def test_odd_alternative_names_do_not_abort():
    for value in (b"\x30\x00", b"\x30\x02\x81\x00", b"\x30\x80\x81\x01x\x00\x00"):
        person = ROOT.person("An", key=KEY, extra=[Extension("2.5.29.17", True, value)])
        assert check(person.certificate, store(ROOT.certificate)).passed


def subtrees(*sides: tuple[int, tuple[bytes, ...]]) -> Extension:
    rows = [
        der.encode(der.context(number), *(der.encode(der.SEQUENCE, der.encode(0x82, host)) for host in hosts))
        for number, hosts in sides
    ]
    return Extension("2.5.29.30", True, der.encode(der.SEQUENCE, *rows))


@pytest.mark.parametrize(
    "sides",
    [
        (),
        ((0, ()), (1, ())),
        ((0, ()),),
        ((0, ()), (1, (b"x.vn",))),
        ((0, (b"gov.vn",)), (0, (b"com",))),
        ((1, (b"com",)), (1, (b"x.vn",))),
    ],
)
def test_name_constraints_that_are_empty_or_stand_twice(sides):
    """RFC 5280, 4.2.1.10: one side must be there, with one subtree at least; the last must not push out the first."""
    ca = ROOT.subordinate("CA", key=KEY, extra=[subtrees(*sides)])
    person = ca.person("An", key=KEY, without=["2.5.29.17"])
    assert codes(check(person.certificate, store(ROOT.certificate), pool=[ca.certificate])) == ["extension-malformed"]


@pytest.mark.parametrize("critical", [True, False])
def test_name_constraints_are_for_authorities_alone(critical):
    row = Extension("2.5.29.30", critical, subtrees((0, (b"gov.vn",))).value)
    person = ROOT.person("An", key=KEY, extra=[row])
    assert codes(check(person.certificate, store(ROOT.certificate))) == ["name-constraints-misplaced"]
    authority = ROOT.subordinate("CA", key=KEY, extra=[row])
    assert check(authority.certificate, store(ROOT.certificate)).passed


# -- searches ---------------------------------------------------------------------------------------------


def test_the_way_out_of_a_crowd_of_one_name_and_key_is_found():
    """A hundred certificates of one authority issued to itself, and the one that leads on, in any place."""
    crowd = Authority.root("Crowd", key=KEY)
    rows = [basic_constraints(), key_usage("key_cert_sign")]
    many = [crowd.issue(crowd.certificate.subject, key=crowd.key, extensions=rows).certificate for _ in range(100)]
    way = ROOT.issue(crowd.certificate.subject, key=crowd.key, extensions=rows).certificate
    person = crowd.person("An", key=KEY).certificate
    for pool in ([way, *many], [*many, way], [*many[:50], way, *many[50:]]):
        assert check(person, store(ROOT.certificate), pool=pool).chain == (person, way, ROOT.certificate)
    assert codes(check(person, store(ROOT.certificate), pool=many)) == ["path-limit", "self-signed-not-trusted"]


def test_many_directory_subtrees_and_a_big_subject_take_no_long_time():
    name = {"CN": "An", "OU": [f"Unit {number}" for number in range(3000)]}
    bases = [
        der.encode(
            der.SEQUENCE, der.encode(der.context(4), Authority.root(f"Root {n % 3}", key=KEY).certificate.subject)
        )
        for n in range(2000)
    ]
    row = Extension("2.5.29.30", True, der.encode(der.SEQUENCE, der.encode(der.context(1), *bases)))
    ca = ROOT.subordinate("CA", key=KEY, extra=[row])
    person = ca.issue(name, key=KEY)
    start = time.process_time()
    assert check(person.certificate, store(ROOT.certificate), pool=[ca.certificate]).passed
    assert time.process_time() - start < 2


# -- revocation -------------------------------------------------------------------------------------------

PERSON = ROOT.person("An", key=KEY)
HOUR = datetime.timedelta(hours=1)


def entry(after: datetime.timedelta, reason: str | None, **how) -> bytes:
    """Return a list that was issued an hour before now and names a date so long after now."""
    times = {"this_update": NOW - HOUR, "next_update": NOW + DAY}
    return ROOT.crl(revoked={PERSON.certificate.serial: (NOW + after, reason)}, **{**times, **how})


def answer(after: datetime.timedelta) -> bytes:
    times = {"this_update": NOW - HOUR, "next_update": NOW + DAY}
    return ROOT.ocsp(PERSON, "revoked", NOW - HOUR, revoked=(NOW + after, "keyCompromise"), **times)


def asked(crls=(), ocsps=()) -> tuple[PathResult, tuple[str, ...]]:
    result = check(PERSON.certificate, store(ROOT.certificate), revocation=RevocationChecker.of(crls, ocsps))
    return result, result.revocation[0].why


SILENT = ROOT.crl(this_update=NOW - DAY, next_update=NOW + DAY)


@pytest.mark.parametrize("reason", ["keyCompromise", None, "certificateHold"])
@pytest.mark.parametrize("older", [(), (SILENT,)])
def test_a_list_that_names_a_date_still_to_come_does_not_say_good(reason, older):
    """Its issuer says that it is revoked and dates it later, as local time written for UTC does: nobody knows."""
    result, why = asked([*older, entry(7 * HOUR, reason)])
    assert codes(result) == ["revocation-unknown"]
    assert why == ("revocation-date-ahead",)


def test_an_answer_that_names_a_date_still_to_come_does_not_say_good():
    result, why = asked((), [answer(7 * HOUR)])
    assert codes(result) == ["revocation-unknown"]
    assert why == ("revocation-date-ahead",)
    assert codes(asked([SILENT], [answer(7 * HOUR)])[0]) == ["revocation-unknown"]


def test_a_later_list_makes_the_date_clear():
    """Issued after the time asked about, it confirms the date, or no longer names the certificate."""
    ahead = entry(HOUR, "keyCompromise")
    confirms = entry(HOUR, "keyCompromise", this_update=NOW + 2 * HOUR)
    assert asked([ahead, confirms])[0].passed
    assert asked([ahead, ROOT.crl(this_update=NOW + 2 * HOUR, next_update=NOW + DAY)])[0].passed
    some = Scope(reasons=["superseded"])
    silent = ROOT.crl(this_update=NOW + 2 * HOUR, next_update=NOW + DAY, scope=some)
    assert asked([ahead, silent])[1] == ("revocation-date-ahead",)
    corrects = entry(-2 * HOUR, "keyCompromise", this_update=NOW + 2 * HOUR)
    assert codes(asked([ahead, corrects])[0]) == ["certificate-revoked"]


def test_a_list_issued_after_the_certificate_expired_makes_nothing_clear():
    """It may have dropped the certificate."""
    short = ROOT.person("Short", key=KEY, valid=(NOW - DAY, NOW + HOUR)).certificate
    ahead = ROOT.crl(revoked={short.serial: (NOW + HOUR, None)}, this_update=NOW - HOUR, next_update=NOW + DAY)
    late = ROOT.crl(this_update=NOW + 2 * HOUR, next_update=NOW + DAY)
    result = check(short, store(ROOT.certificate), revocation=RevocationChecker.of([ahead, late]))
    assert result.revocation[0].why == ("revocation-date-ahead",)


def test_a_list_of_an_unknown_version_does_not_count():
    def version(number: bytes) -> bytes:
        data = SILENT
        outer = der.read(data)
        tbs, algorithm, _ = der.children(outer)
        first, *rest = (part.octets for part in der.children(tbs))
        assert first == b"\x02\x01\x01"
        signed = der.encode(der.SEQUENCE, number, *rest)
        value = ROOT.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return der.encode(der.SEQUENCE, signed, algorithm.octets, der.encode(der.BIT_STRING, b"\0" + value))

    assert asked([version(b"\x02\x01\x01")])[0].passed
    for number in (b"\x02\x01\x02", b"\x02\x01\x00", b"\x02\x01\xff"):
        assert asked([version(number)])[1] == ("crl-critical-extension",)


def answers(*statuses: str) -> bytes:
    """Return one response with several answers about the same certificate."""
    singles = [
        revocation.single_response(
            revocation.certificate_id(PERSON.certificate, ROOT.certificate, "sha1"),
            status,
            revoked=(NOW - DAY, "keyCompromise") if status == "revoked" else None,
            this_update=NOW - HOUR,
            next_update=NOW + DAY,
            rows=(),
        )
        for status in statuses
    ]
    return revocation.ocsp_response(
        singles,
        responder=ROOT.certificate,
        by_name=False,
        produced_at=NOW - HOUR,
        rows=(),
        certificates=(),
        key=ROOT.key,
        algorithm=scheme(ROOT.key.public_key(), "sha256"),
    )


@pytest.mark.parametrize(
    ("statuses", "code", "why"),
    [
        (("good", "good"), [], ()),
        (("good", "unknown"), ["revocation-unknown"], ("ocsp-unknown",)),
        (("good", "revoked"), ["certificate-revoked"], ()),
        (("revoked", "unknown"), ["certificate-revoked"], ()),
    ],
)
def test_answers_that_contradict_each_other(statuses, code, why):
    """Whoever says *unknown* as well does not say *good*; what is revoked stays so. The order does not matter."""
    for order in (statuses, statuses[::-1]):
        result, found = asked((), [answers(*order)])
        assert codes(result) == code
        assert found == why


@pytest.mark.parametrize(
    ("usage", "why"),
    [
        (("digital_signature",), ()),
        (("content_commitment",), ()),
        (("key_encipherment",), ("ocsp-responder-unauthorised",)),
        (("key_cert_sign", "crl_sign"), ("ocsp-responder-unauthorised",)),
    ],
)
def test_a_delegate_whose_key_is_not_for_signing(usage, why):
    """Key usage and purpose must both allow it (RFC 5280, 4.2.1.12)."""
    delegate: Identity = ROOT.ocsp_responder(key=KEY, extra=[key_usage(*usage)])
    data = ROOT.ocsp(PERSON, "good", NOW - HOUR, next_update=NOW + DAY, responder=delegate)
    assert asked((), [data])[1] == why
