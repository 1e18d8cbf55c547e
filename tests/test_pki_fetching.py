"""Fetching by an injected fetcher: what is asked, in which order, how often, and what becomes of failures."""

from __future__ import annotations

import datetime
import subprocess
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki_support import NOW, SIGNERS, check, codes, day, store
from vndoc.errors import CertificateError, FetchError, UsageError
from vndoc.pki import (
    Certificate,
    Extension,
    FetchKind,
    FetchRequest,
    FetchSession,
    OcspResponse,
    RevocationChecker,
    RevocationStatus,
    crl_addresses,
    der,
    fetching,
    issuer_addresses,
    make_ocsp_request,
    ocsp_addresses,
    read_ocsp_request,
)
from vndoc.pki.ocsp_request import MAX_ASKED
from vndoc.testing.pki import Authority, access, distribution_points

DAY = datetime.timedelta(days=1)
ROOT = Authority.root("Gốc để tải", key="p256")
CA = ROOT.subordinate("CA để tải", key="p256", extra=[distribution_points("http://a.example/root.crl")])
ROWS = [access("http://a.example/ca.cer", "http://ocsp.example/"), distribution_points("http://a.example/ca.crl")]
PERSON = CA.person("Người để tải", key="p256", extra=ROWS)
LISTS = {
    "http://a.example/root.crl": ROOT.crl(this_update=NOW - DAY, next_update=NOW + DAY),
    "http://a.example/ca.crl": CA.crl(this_update=NOW - DAY, next_update=NOW + DAY),
}
TRUST = store(ROOT.certificate)


@attrs.define
class Web:
    """A fetcher over a dictionary; what is not in it cannot be fetched. It answers OCSP if *answers*."""

    pages: dict[str, bytes | OSError]
    answers: bool = False
    asked: list[FetchRequest] = attrs.field(factory=list)

    def __call__(self, request: FetchRequest, /) -> bytes:
        self.asked.append(request)
        if request.kind is FetchKind.OCSP and self.answers:
            return CA.ocsp(PERSON, "good", NOW - DAY, next_update=NOW + DAY)
        page = self.pages.get(request.url, FetchError("fetch-status", url=request.url, status=404))
        if isinstance(page, OSError):
            raise page
        return page

    @property
    def urls(self) -> list[str]:
        return [request.url for request in self.asked]


ALL = {**LISTS, "http://a.example/ca.cer": CA.certificate.der}


# -- where certificates say that more is -----------------------------------------------------------------


def test_the_addresses_of_a_certificate():
    assert issuer_addresses(PERSON.certificate) == ("http://a.example/ca.cer",)
    assert ocsp_addresses(PERSON.certificate) == ("http://ocsp.example/",)
    [point] = crl_addresses(PERSON.certificate)
    assert (point.urls, point.issuers, point.delta) == (("http://a.example/ca.crl",), (), False)
    assert issuer_addresses(ROOT.certificate) == ocsp_addresses(ROOT.certificate) == ()


def test_who_signs_the_list_and_the_freshest_one():
    points = distribution_points("http://a.example/1.crl", "http://a.example/2.crl", issuer=ROOT.certificate.subject)
    fresh = Extension("2.5.29.46", False, distribution_points("http://a.example/delta.crl").value)
    found = crl_addresses(CA.person("An", key="p256", extra=[points, fresh]).certificate)
    assert [(p.urls, p.delta) for p in found] == [
        (("http://a.example/1.crl",), False),
        (("http://a.example/2.crl",), False),
        (("http://a.example/delta.crl",), True),
    ]
    assert [name.value for name in found[0].issuers] == [ROOT.certificate.subject]


@pytest.mark.parametrize("url", ["ldap://a.example/cn=x", "ftp://a.example/x", "file:///etc/passwd"])
def test_other_ways_than_the_web_are_left_out(url):
    rows = [access(url, url), distribution_points(url)]
    certificate = CA.person("An", key="p256", extra=rows).certificate
    assert (issuer_addresses(certificate), ocsp_addresses(certificate), crl_addresses(certificate)) == ((), (), ())


def test_there_are_only_so_many_addresses():
    many = distribution_points(*(f"http://a.example/{n}" for n in range(9)))
    assert len(crl_addresses(CA.person("An", key="p256", extra=[many]).certificate)) == 8


@given(st.binary(max_size=40))
def test_malformed_extensions_name_nothing(value):
    rows = [Extension(oid, False, value) for oid in ("1.3.6.1.5.5.7.1.1", "2.5.29.31", "2.5.29.46")]
    certificate = CA.person("An", key="p256", extra=rows).certificate
    for found in (issuer_addresses(certificate), ocsp_addresses(certificate), crl_addresses(certificate)):
        assert isinstance(found, tuple)


# -- OCSP requests ---------------------------------------------------------------------------------------


def test_a_request_says_whom_it_is_about():
    pairs = [(PERSON.certificate, CA.certificate), (CA.certificate, ROOT.certificate)]
    octets = make_ocsp_request(pairs, digest="sha256", nonce=b"n" * 32)
    found = read_ocsp_request(octets)
    assert [who.serial for who in found.certificate_ids] == [c.serial_content for c, _ in pairs]
    assert {who.digest for who in found.certificate_ids} == {"sha256"}
    assert found.nonce == b"n" * 32
    assert read_ocsp_request(make_ocsp_request(pairs)).nonce is None


@pytest.mark.parametrize("size", [1, 128])
def test_nonces_at_the_limits(size):
    octets = make_ocsp_request([(PERSON.certificate, CA.certificate)], nonce=b"n" * size)
    assert read_ocsp_request(octets).nonce == b"n" * size


@pytest.mark.parametrize(
    ("count", "how"),
    [(0, {}), (MAX_ASKED + 1, {}), (1, {"nonce": b""}), (1, {"nonce": b"n" * 129}), (1, {"digest": "md5"})],
)
def test_requests_that_are_not_made(count, how):
    with pytest.raises(UsageError) as caught:
        make_ocsp_request([(PERSON.certificate, CA.certificate)] * count, **how)
    assert caught.value.code == "option-invalid"


def test_a_request_about_as_many_as_are_allowed():
    octets = make_ocsp_request([(PERSON.certificate, CA.certificate)] * MAX_ASKED)
    assert len(read_ocsp_request(octets).certificate_ids) == MAX_ASKED
    body = der.read(der.children(der.read(octets))[0].octets)
    [rows] = der.children(body)
    one = der.children(rows)[0].octets
    longer = der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, rows.content, one)))
    with pytest.raises(CertificateError):
        read_ocsp_request(longer)


@given(st.data())
def test_a_changed_request_is_read_or_refused(data):
    octets = bytearray(make_ocsp_request([(PERSON.certificate, CA.certificate)], nonce=b"n" * 16))
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        read_ocsp_request(bytes(octets) + data.draw(st.binary(max_size=2)))
    except CertificateError as error:
        assert error.code in {"der-malformed", "ocsp-malformed", "algorithm-unsupported", "certificate-malformed"}  # noqa: PT017


def test_a_request_with_version_and_name_of_who_asks():
    octets = make_ocsp_request([(PERSON.certificate, CA.certificate)])
    inner = der.read(octets)
    [tbs] = der.children(inner)
    version = der.encode(der.context(0), der.encode(der.INTEGER, b"\0"))
    name = der.encode(der.context(1), der.encode(der.context(4), ROOT.certificate.subject))
    longer = der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, version, name, tbs.content))
    assert read_ocsp_request(longer) == read_ocsp_request(octets)


def pem(path: Path, certificate: Certificate) -> Path:
    import base64  # noqa: PLC0415

    text = base64.encodebytes(certificate.der).decode()
    path.write_text(f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n")
    return path


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("nonce", [False, True])
def test_openssl_makes_the_same_octets(program, tmp_path, digest, nonce):
    issuer = pem(tmp_path / "ca.pem", CA.certificate)
    people = [PERSON.certificate, CA.person("Bình", key="p256", serial=0x80FF).certificate]
    out = tmp_path / "request.der"
    command = [program("openssl"), "ocsp", "-issuer", issuer, *([] if nonce else ["-no_nonce"]), "-reqout", out]
    for number, person in enumerate(people):
        command += [f"-{digest}", "-cert", pem(tmp_path / f"{number}.pem", person)]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    theirs = out.read_bytes()
    asked = read_ocsp_request(theirs)
    assert (asked.nonce is not None) == nonce
    ours = make_ocsp_request([(person, CA.certificate) for person in people], digest=digest, nonce=asked.nonce)
    assert ours == theirs


def test_openssl_answers_our_request(program, tmp_path):
    """A responder that is not ours: it has to understand the request, and repeat the nonce."""
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    (tmp_path / "index.txt").write_text(f"V\t400101000000Z\t\t{PERSON.certificate.serial:X}\tunknown\t/CN=An\n")
    key = tmp_path / "ca.key"
    key.write_bytes(CA.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    ca = pem(tmp_path / "ca.pem", CA.certificate)
    (tmp_path / "q.der").write_bytes(make_ocsp_request([(PERSON.certificate, CA.certificate)], nonce=b"n" * 32))
    command = f"ocsp -index index.txt -CA {ca} -rsigner {ca} -rkey {key} -reqin q.der -respout r.der -ndays 1"
    subprocess.run([program("openssl"), *command.split()], check=True, capture_output=True, cwd=tmp_path)
    answer = OcspResponse.load((tmp_path / "r.der").read_bytes(), expected_nonce=b"n" * 32)
    assert answer.nonce == b"n" * 32
    now = answer.produced_at
    checker = RevocationChecker.of(ocsps=[answer])
    result = check(PERSON.certificate, store(CA.certificate), now, revocation=checker)
    assert result.passed, result.outcome.reasons


# -- paths -----------------------------------------------------------------------------------------------


def test_nothing_is_fetched_unasked():
    assert codes(check(PERSON.certificate, TRUST)) == ["issuer-not-found"]


def test_a_leaf_alone_passes_with_what_is_fetched():
    web = Web(ALL)
    result = check(PERSON.certificate, TRUST, fetch=web)
    assert result.passed, result.outcome.reasons
    assert [fact.source for fact in result.revocation] == ["crl", "crl"]
    assert web.urls == [
        "http://a.example/ca.cer",
        "http://ocsp.example/",
        "http://a.example/ca.crl",
        "http://a.example/root.crl",
    ]
    assert result.outcome.reasons == ()


def test_ocsp_comes_first_and_is_enough():
    web = Web(ALL, answers=True)
    result = check(PERSON.certificate, TRUST, fetch=web)
    assert result.passed
    assert result.revocation[0].source == "ocsp"
    assert "http://a.example/ca.crl" not in web.urls
    [request] = [request for request in web.asked if request.kind is FetchKind.OCSP]
    [who] = read_ocsp_request(request.body).certificate_ids
    assert who.serial == PERSON.certificate.serial_content


def test_what_is_at_hand_is_not_fetched():
    known = RevocationChecker.of(LISTS.values())
    web = Web(ALL)
    assert check(PERSON.certificate, TRUST, pool=[CA.certificate], revocation=known, fetch=web).passed
    assert web.urls == []


def test_a_revoked_certificate_is_found_by_fetching():
    revoked = CA.crl(
        revoked={PERSON.certificate: (NOW - DAY, "keyCompromise")}, this_update=NOW - DAY, next_update=NOW + DAY
    )
    result = check(PERSON.certificate, TRUST, fetch=Web({**ALL, "http://a.example/ca.crl": revoked}))
    assert codes(result) == ["certificate-revoked", "fetch-failed"]


def test_failures_are_reasons_and_never_raise():
    result = check(PERSON.certificate, TRUST, fetch=Web({}))
    assert codes(result) == ["issuer-not-found", "fetch-failed"]
    assert "404" in result.outcome.reasons[1].text("vi")
    assert result.outcome.sub_indication.value == "NO_CERTIFICATE_CHAIN_FOUND"
    result = check(PERSON.certificate, TRUST, pool=[CA.certificate], fetch=Web({}))
    assert codes(result)[:2] == ["revocation-unknown", "revocation-unknown"]
    assert [fact.why for fact in result.revocation] == [("fetch-status",), ("fetch-status",)]
    assert result.outcome.sub_indication.value == "TRY_LATER"


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionRefusedError(111, "refused"), OSError()])
def test_errors_of_the_system_are_reasons(error):
    pages = dict.fromkeys(ALL, error)
    result = check(PERSON.certificate, TRUST, pool=[CA.certificate], fetch=Web(pages))
    assert result.revocation[1].why == ("fetch-failed",)
    assert "fetch-failed" in codes(result)


def test_a_certificate_that_names_no_address():
    bare = CA.person("An", key="p256", without=["1.3.6.1.5.5.7.1.1", "2.5.29.31"])
    result = check(bare.certificate, TRUST, pool=[CA.certificate], fetch=Web(ALL))
    assert result.revocation[0].why == ("no-address",)


def test_octets_that_are_none_of_it():
    pages = dict.fromkeys(ALL, b"<html>Not found</html>")
    result = check(PERSON.certificate, TRUST, fetch=Web(pages))
    assert codes(result) == ["issuer-not-found"]
    result = check(PERSON.certificate, TRUST, pool=[CA.certificate], fetch=Web(pages))
    assert result.revocation[0].why == ("fetch-status", "crl-malformed")


def test_a_refusal_of_the_responder():
    from vndoc.testing.pki import ocsp_failure  # noqa: PLC0415

    pages = {**ALL, "http://ocsp.example/": ocsp_failure("tryLater")}
    result = check(PERSON.certificate, TRUST, fetch=Web(pages))
    assert result.passed
    assert result.revocation[0].source == "crl"
    del pages["http://a.example/ca.crl"]
    result = check(PERSON.certificate, TRUST, fetch=Web(pages))
    assert result.revocation[0].why == ("ocsp-refused", "fetch-status")


def test_an_issuer_that_did_not_sign_is_not_believed():
    other = Authority.root("CA để tải", key="p384")
    result = check(PERSON.certificate, TRUST, fetch=Web({**ALL, "http://a.example/ca.cer": other.certificate.der}))
    assert not result.passed
    assert codes(result)[0] in {"issuer-not-found", "issuer-key-differs"}


def test_several_levels_are_fetched():
    deep, pages, issuer = ROOT, {}, None
    for number in range(4):
        rows = [] if issuer is None else [access(issuer, "http://ocsp.example/")]
        points = distribution_points(f"http://b.example/{number}.crl")
        pages[f"http://b.example/{number}.crl"] = deep.crl(this_update=NOW - DAY, next_update=NOW + DAY)
        deep = deep.subordinate(f"Tầng {number}", key="p256", extra=[*rows, points])
        issuer = f"http://b.example/{number}.cer"
        pages[issuer] = deep.certificate.der
    last = distribution_points("http://b.example/last.crl")
    pages["http://b.example/last.crl"] = deep.crl(this_update=NOW - DAY, next_update=NOW + DAY)
    leaf = deep.person("An", key="p256", extra=[access(issuer, "http://ocsp.example/"), last])
    result = check(leaf.certificate, TRUST, fetch=Web(pages))
    assert result.passed, result.outcome.reasons
    assert len(result.chain) == 6


def test_issuers_that_name_each_other_end():
    one = Authority.root("Vòng", key="p256")
    two = one.subordinate("Vòng 2", key="p256", extra=[access("http://b.example/1", "http://b.example/o")])
    back = two.issue(
        one.certificate.subject,
        key=one.key,
        extensions=[
            *(x for x in one.certificate.extensions.values()),
            access("http://b.example/2", "http://b.example/o"),
        ],
    )
    leaf = two.person("An", key="p256", extra=[access("http://b.example/2", "http://b.example/o")])
    web = Web({"http://b.example/1": back.certificate.der, "http://b.example/2": two.certificate.der})
    result = check(leaf.certificate, TRUST, fetch=web)
    assert not result.passed
    assert len(web.asked) <= 4


def test_a_bundle_of_certificates_is_taken():
    """``vnrca256.p7b`` stands where a certificate is expected (AIA of the national root)."""
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7  # noqa: PLC0415
    from cryptography.x509 import load_der_x509_certificate  # noqa: PLC0415

    both = [load_der_x509_certificate(c.der) for c in (ROOT.certificate, CA.certificate)]
    pages = {**ALL, "http://a.example/ca.cer": pkcs7.serialize_certificates(both, Encoding.DER)}
    assert check(PERSON.certificate, TRUST, fetch=Web(pages)).passed


def test_a_mirror_is_asked_only_where_the_first_fails():
    uri = [der.encode(der.context(6, constructed=False), f"http://{h}.example/x.crl".encode()) for h in "ab"]
    name = der.encode(der.context(0), der.encode(der.context(0), *uri))
    row = Extension("2.5.29.31", False, der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, name)))
    person = CA.person("An", key="p256", extra=[row], without=["1.3.6.1.5.5.7.1.1"])
    pages = {**LISTS, "http://b.example/x.crl": LISTS["http://a.example/ca.crl"]}
    web = Web(pages)
    assert check(person.certificate, TRUST, pool=[CA.certificate], fetch=web).passed
    assert web.urls[:2] == ["http://a.example/x.crl", "http://b.example/x.crl"]
    web = Web({**pages, "http://a.example/x.crl": CA.crl(this_update=NOW - 9 * DAY, next_update=NOW - 8 * DAY)})
    result = check(person.certificate, TRUST, pool=[CA.certificate], fetch=web)
    assert "http://b.example/x.crl" not in web.urls
    assert result.revocation[0].why == ("crl-stale",)


# -- checkers and sessions -------------------------------------------------------------------------------


def test_a_checker_may_fetch():
    checker = RevocationChecker.of(fetch=Web(ALL))
    result = check(PERSON.certificate, TRUST, pool=[CA.certificate], revocation=checker)
    assert result.passed, result.outcome.reasons
    failing = RevocationChecker.of(fetch=Web({}))
    result = check(PERSON.certificate, TRUST, pool=[CA.certificate], revocation=failing)
    assert {fact.status for fact in result.revocation} == {RevocationStatus.UNKNOWN}


def test_a_source_of_the_callers_is_asked_first():
    class Silent:
        def status(self, question):
            return RevocationChecker().status(question)

    assert check(PERSON.certificate, TRUST, pool=[CA.certificate], revocation=Silent(), fetch=Web(ALL)).passed


def test_a_session_asks_once():
    web = Web({"http://a.example/ca.crl": b"x"})
    session = FetchSession.of(web)
    assert FetchSession.of(session) is session
    request = FetchRequest("http://a.example/ca.crl", FetchKind.CRL)
    assert session(request) == session(request) == b"x"
    missing = FetchRequest("http://a.example/nothing", FetchKind.CRL)
    for _ in range(2):
        with pytest.raises(FetchError):
            session(missing)
    assert len(web.asked) == 2
    assert repr(session) == "FetchSession(2 requests)"


def test_a_host_that_cannot_be_reached_is_tried_once():
    web = Web({"http://a.example/1": TimeoutError(), "http://b.example/2": b"x", "http://[": b"y"})
    session = FetchSession.of(web)
    for url in ("http://a.example/1", "http://A.example/2"):
        with pytest.raises(FetchError) as caught:
            session(FetchRequest(url, FetchKind.CRL))
        assert (caught.value.code, caught.value.values["url"]) == ("fetch-failed", url)
    with pytest.raises(FetchError) as caught:
        session(FetchRequest("http://b.example/1", FetchKind.CRL))
    assert caught.value.code == "fetch-status"
    assert session(FetchRequest("http://b.example/2", FetchKind.CRL)) == b"x"
    assert session(FetchRequest("http://[", FetchKind.CRL)) == b"y"
    assert web.urls == ["http://a.example/1", "http://b.example/1", "http://b.example/2", "http://["]


def test_a_session_stops_at_its_limits(monkeypatch):
    monkeypatch.setattr(fetching, "MAX_FETCHES", 2)
    monkeypatch.setattr(fetching, "MAX_FETCHED", 10)
    session = FetchSession.of(lambda request: b"12345")
    for url in "ab":
        session(FetchRequest(url, FetchKind.CRL))
    with pytest.raises(FetchError) as caught:
        session(FetchRequest("c", FetchKind.CRL))
    assert caught.value.code == "fetch-limit"
    monkeypatch.setattr(fetching, "MAX_FETCHES", 9)
    with pytest.raises(FetchError) as caught:
        session(FetchRequest("d", FetchKind.CRL))
    assert caught.value.code == "fetch-limit"


def test_a_fetched_answer_is_judged_at_the_time_asked_about():
    """The list of today tells nothing of a certificate that expired long ago, unless it keeps the expired."""
    old = CA.person("An", key="p256", valid=(day(2020), day(2021)), extra=ROWS)
    result = check(old.certificate, TRUST, day(2020, 6), pool=[CA.certificate], fetch=Web(ALL))
    assert "crl-after-expiry" in result.revocation[0].why
    kept = CA.crl(
        this_update=NOW - DAY,
        next_update=NOW + DAY,
        extra=[Extension("2.5.29.60", False, der.encode(0x18, b"20190101000000Z"))],
    )
    pages = {**ALL, "http://a.example/ca.crl": kept}
    assert check(old.certificate, TRUST, day(2020, 6), pool=[CA.certificate], fetch=Web(pages)).passed


def test_requests_show_no_octets():
    shown = repr(FetchRequest("http://a.example/", FetchKind.OCSP, b"secret"))
    assert "secret" not in shown
    assert SIGNERS
