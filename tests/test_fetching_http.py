"""The fetcher over HTTP against a server that misbehaves, its allow-list and its cache."""

from __future__ import annotations

import builtins
import datetime
import itertools
import json
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from http_server import Server, answer, running, tls
from pki_support import NOW, check, store
from vndoc.errors import FetchError, UsageError
from vndoc.fetching import AllowedHosts, FetchCache, HttpFetcher, HttpLimits
from vndoc.fetching.cache import expiry_of
from vndoc.fetching.hosts import is_public, target_of
from vndoc.pki import FetchKind, FetchRequest, make_ocsp_request
from vndoc.signature.tsp import stamp_by
from vndoc.testing.pki import Authority, access, distribution_points

DAY = datetime.timedelta(days=1)
CA = Authority.root("CA trên mạng", key="p256")
PERSON = CA.person("Người trên mạng", key="p256")
LIST = CA.crl(this_update=NOW - DAY, next_update=NOW + DAY / 2)
FAST = HttpLimits(connect_seconds=1, read_seconds=0.3, total_seconds=0.6, bytes=1000, list_bytes=5000, redirects=2)


@pytest.fixture
def server():
    with running() as found:
        yield found


@pytest.fixture(scope="module")
def wrong_server():
    with running() as found:
        yield found


def fetcher(server: Server, **how: object) -> HttpFetcher:
    how.setdefault("hosts", AllowedHosts(public=[f"127.0.0.1:{server.port}"]))
    return HttpFetcher(**{"limits": FAST, "now": lambda: NOW, **how})


def asked(server: Server, path: str = "/", kind: FetchKind = FetchKind.CRL, **how: object) -> bytes:
    return fetcher(server, **how)(FetchRequest(server.url(path), kind))


def refused(server: Server, path: str = "/", kind: FetchKind = FetchKind.CRL, **how: object) -> FetchError:
    with pytest.raises(FetchError) as caught:
        asked(server, path, kind, **how)
    for lang in ("vi", "en"):
        assert caught.value.text(lang)
    return caught.value


# -- what works ------------------------------------------------------------------------------------------


def test_a_list_is_fetched(server):
    server.pages["/a.crl?x=1"] = answer(LIST)
    assert asked(server, "/a.crl?x=1#part") == LIST
    [(method, path, headers, body)] = server.asked
    assert (method, path, body) == ("GET", "/a.crl?x=1", b"")
    assert headers["host"] == f"127.0.0.1:{server.port}"
    assert (headers["accept-encoding"], headers["user-agent"]) == ("identity", "vndoc")


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [(FetchKind.OCSP, "application/ocsp-request"), (FetchKind.TIMESTAMP, "application/timestamp-query")],
)
def test_requests_are_posted(server, kind, content_type):
    server.pages["/"] = answer(b"response")
    assert fetcher(server)(FetchRequest(server.url("/"), kind, b"request")) == b"response"
    [(method, _, headers, body)] = server.asked
    assert (method, headers["content-type"], body) == ("POST", content_type, b"request")


def test_timestamps(server):
    server.pages["/tsa"] = answer(b"response")
    assert stamp_by(fetcher(server), server.url("/tsa"))(b"request") == b"response"


def test_a_chunked_answer(server):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.pages["/"] = lambda conn, *_: conn.sendall(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert asked(server) == b"abcde"


def test_an_answer_without_a_length(server):
    server.pages["/"] = lambda conn, *_: conn.sendall(b"HTTP/1.0 200 OK\r\n\r\nabc")
    assert asked(server) == b"abc"


def test_a_whole_verification_over_the_network(server):
    rows = [access(server.url("/ca.cer"), server.url("/ocsp")), distribution_points(server.url("/ca.crl"))]
    root = Authority.root("Gốc trên mạng", key="p256")
    ca = root.subordinate("CA dưới gốc", key="p256", extra=[distribution_points(server.url("/root.crl"))])
    person = ca.person("An", key="p256", extra=rows)
    server.pages["/ca.cer"] = answer(ca.certificate.der)
    server.pages["/root.crl"] = answer(root.crl(this_update=NOW - DAY, next_update=NOW + DAY))
    response = ca.ocsp(person, "good", NOW - DAY, next_update=NOW + DAY)
    server.pages["/ocsp"] = answer(response)
    result = check(person.certificate, store(root.certificate), fetch=fetcher(server))
    assert result.passed, result.outcome.reasons
    assert [fact.source for fact in result.revocation] == ["ocsp", "crl"]
    result = check(person.certificate, store(root.certificate), fetch=fetcher(server, hosts=AllowedHosts()))
    assert [r.code for r in result.outcome.reasons] == ["issuer-not-found", "fetch-failed"]


# -- what does not ---------------------------------------------------------------------------------------


def test_nothing_is_allowed_by_default(server):
    assert refused(server, hosts=AllowedHosts()).code == "fetch-refused"
    assert server.asked == []


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "204 No Content", "206 Partial Content", "304 x"])
def test_other_statuses(server, status):
    server.pages["/"] = answer(b"", status=status)
    error = refused(server)
    assert (error.code, error.values["status"]) == ("fetch-status", int(status[:3]))


@pytest.mark.parametrize(
    "headers", [{"kind": "text/html; charset=utf-8"}, {"kind": "Application/XHTML+xml"}, {"Content_Encoding": "gzip"}]
)
def test_pages_for_people_and_packed_answers(server, headers):
    server.pages["/"] = answer(b"<html>", **headers)
    assert refused(server).code == "fetch-type"


def test_size_at_the_limit_and_past_it(server):
    server.pages |= {"/1": answer(b"x" * 5000), "/2": answer(b"x" * 5001), "/3": answer(b"x" * 1001)}
    assert len(asked(server, "/1")) == 5000
    assert refused(server, "/2").code == "fetch-too-big"
    assert refused(server, "/3", FetchKind.CERTIFICATE).code == "fetch-too-big"


def test_a_body_that_never_ends(server):
    def endless(conn, *_):
        conn.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not server.closing.is_set():
            conn.sendall(b"x" * 4096)

    server.pages["/"] = endless
    assert refused(server).code == "fetch-too-big"


@pytest.mark.parametrize("length", ["99999999999999999999999", "-1", "x"])
def test_lengths_that_lie(server, length):
    server.pages["/"] = answer(b"abc", Content_Length=length)
    if length.isdecimal():
        assert refused(server).code == "fetch-too-big"
    else:
        assert asked(server) == b"abc"


def test_half_a_body(server):
    server.pages["/"] = answer(b"abc", Content_Length="10")
    assert refused(server).code == "fetch-failed"


def test_half_a_chunked_body(server):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.pages["/"] = lambda conn, *_: conn.sendall(head + b"10\r\nabc")
    assert refused(server).code == "fetch-failed"


@pytest.mark.parametrize(
    "octets", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"x" * 70000]
)
def test_no_http_at_all(server, octets):
    server.pages["/"] = lambda conn, *_: conn.sendall(octets)
    assert refused(server).code == "fetch-failed"


HEADS = st.sampled_from(
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 302 x\r\nLocation: ",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: ",
    ]
)


@settings(max_examples=60)
@given(HEADS, st.binary(max_size=60))
def test_any_octets_of_a_server(wrong_server, head, octets):
    wrong_server.pages["/"] = lambda conn, *_: conn.sendall(head + octets)
    try:
        found = asked(wrong_server)
    except FetchError as error:
        assert error.text("vi")  # noqa: PT017
    else:
        assert isinstance(found, bytes)


def test_a_server_that_says_nothing(server):
    server.pages["/"] = lambda *_: server.closing.wait(2)
    start = time.monotonic()
    assert refused(server).code == "fetch-timeout"
    assert time.monotonic() - start < 2
    server.closing.set()


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: "])
def test_a_server_that_dawdles(server, head):
    """Each octet comes before a read would fail: only the whole time ends it."""

    def drip(conn, *_):
        conn.sendall(head)
        while not server.closing.wait(0.05):
            conn.sendall(b"x")

    server.pages["/"] = drip
    start = time.monotonic()
    assert refused(server).code == "fetch-timeout"
    assert 0.4 < time.monotonic() - start < 2


def test_no_time_at_all(server):
    assert refused(server, limits=HttpLimits(total_seconds=0)).code == "fetch-timeout"


def test_nobody_listens(server):
    closed = server.port
    server.closing.set()
    time.sleep(0.2)
    with running() as other:
        hosts = AllowedHosts(private=[f"a.example:{other.port}", f"a.example:{closed}"])
        other.pages["/"] = answer(b"abc")
        fetch = HttpFetcher(hosts=hosts, limits=FAST, resolve=lambda *_: ["127.0.0.2", "127.0.0.1"])
        assert fetch(FetchRequest(f"http://a.example:{other.port}/", FetchKind.CRL)) == b"abc"
    with pytest.raises(FetchError) as caught:
        fetch(FetchRequest(f"http://a.example:{other.port}/", FetchKind.CRL))
    assert caught.value.code in {"fetch-failed", "fetch-timeout"}


@pytest.mark.parametrize("error", [OSError(-2, "Name or service not known"), UnicodeError("label too long")])
def test_names_that_nobody_knows(error):
    def resolve(*_):
        raise error

    fetch = HttpFetcher(hosts=AllowedHosts(public=["a.example"]), resolve=resolve)
    with pytest.raises(FetchError) as caught:
        fetch(FetchRequest("http://a.example/", FetchKind.CRL))
    assert caught.value.code == "fetch-failed"


def test_the_system_looks_names_up(server):
    server.pages["/"] = answer(b"abc")
    hosts = AllowedHosts(private=[f"localhost:{server.port}"])
    assert fetcher(server, hosts=hosts)(FetchRequest(server.url("/", "localhost"), FetchKind.CRL)) == b"abc"
    assert server.asked[0][2]["host"] == f"localhost:{server.port}"


# -- redirects -------------------------------------------------------------------------------------------


def to(location: str, status: str = "302 Found") -> object:
    return answer(b"", status=status, Location=location)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_inside_the_list(server, status):
    server.pages |= {"/a": to("/b", f"{status} x"), "/b": to(server.url("/c"), f"{status} x"), "/c": answer(b"abc")}
    assert asked(server, "/a") == b"abc"


def test_one_redirect_too_many(server):
    server.pages |= {"/a": to("/b"), "/b": to("/c"), "/c": to("/d"), "/d": answer(b"abc")}
    assert refused(server, "/a").code == "fetch-redirect"


@pytest.mark.parametrize(
    "location", ["http://evil.example/", "http://127.0.0.1:1/", "file:///etc/passwd", "//evil.example/", "http://[", ""]
)
def test_redirects_out_of_the_list(server, location):
    server.pages["/"] = to(location)
    assert refused(server).code == "fetch-redirect"


def test_a_posted_request_is_not_sent_elsewhere(server):
    server.pages |= {"/a": to("/b", "307 x"), "/b": answer(b"abc")}
    with pytest.raises(FetchError) as caught:
        fetcher(server)(FetchRequest(server.url("/a"), FetchKind.OCSP, b"request"))
    assert caught.value.code == "fetch-redirect"
    assert len(server.asked) == 1


# -- hosts and addresses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://a.example/",
        "file:///x",
        "http:///x",
        "http://user:secret@a.example/",
        "http://@a.example/",
        "http://a.example:99999/",
        "http://a.example:0/",
        "http://a example/",
        "http://a.example/\r\nX: y",
        "http://ví-dụ.example/",
        "http://a..example/",
        "http://[::1/",
        "http://a.example/" + "x" * 2048,
    ],
)
def test_addresses_that_cannot_be_used(url):
    with pytest.raises(FetchError) as caught:
        HttpFetcher(hosts=AllowedHosts(public=["a.example"]))(FetchRequest(url, FetchKind.CRL))
    assert caught.value.code == "fetch-url"


URLS = st.one_of(
    st.text(max_size=60),
    st.from_regex(r"https?://[!-~]{0,40}", fullmatch=True),
    st.builds("http://{}{}{}".format, *[st.text("a.:@/[]?#\\%0", max_size=8)] * 3),
)


@given(URLS)
def test_any_address_is_taken_apart_or_refused(url):
    try:
        target = target_of(url)
    except FetchError as error:
        assert error.code == "fetch-url"  # noqa: PT017
        return
    assert target.scheme in {"http", "https"}
    assert target.host
    assert not set(target.host) - set("abcdefghijklmnopqrstuvwxyz0123456789-_.:")
    assert 0 < target.port < 65536
    assert target.path[0] in "/?"
    with pytest.raises(FetchError):
        AllowedHosts().check(target)


@pytest.mark.parametrize(
    ("pattern", "url", "allowed"),
    [
        ("a.example", "http://a.example/x", True),
        ("A.Example ", "HTTPS://A.EXAMPLE/x", True),
        ("a.example", "http://a.example:80/x", True),
        ("a.example", "http://a.example:8080/x", False),
        ("a.example:8080", "http://a.example:8080/x", True),
        ("a.example:8080", "http://a.example/x", False),
        ("a.example", "http://b.a.example/x", False),
        ("a.example", "http://xa.example/x", False),
        ("*.a.example", "http://b.a.example/x", True),
        ("*.a.example", "http://c.b.a.example/x", True),
        ("*.a.example", "http://a.example/x", False),
        ("*.a.example", "http://xa.example/x", False),
        ("[::1]", "http://[::1]/x", True),
        ("[::1]:81", "http://[::1]:81/x", True),
        ("*.0.0.1", "http://127.0.0.1/x", False),
    ],
)
def test_the_allow_list(pattern, url, allowed):
    for hosts in (AllowedHosts(public=[pattern]), AllowedHosts(private=[pattern])):
        if allowed:
            hosts.check(target_of(url))
        else:
            with pytest.raises(FetchError) as caught:
                hosts.check(target_of(url))
            assert caught.value.code == "fetch-refused"


@pytest.mark.parametrize("pattern", ["", "*", "http://a.example", "a.example/x", "*.", "a b", "ví.example", "::1"])
def test_patterns_that_are_none(pattern):
    with pytest.raises(UsageError) as caught:
        AllowedHosts(public=[pattern])
    assert caught.value.code == "option-invalid"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("203.0.114.1", True),
        ("2001:4860::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - not bound to
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:203.0.114.1", True),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("x", False),
    ],
)
def test_public_addresses(address, public):
    assert is_public(address) is public


def test_a_public_name_with_a_private_address(server):
    server.pages["/"] = answer(b"abc")
    request = FetchRequest(f"http://a.example:{server.port}/", FetchKind.CRL)
    names = [f"a.example:{server.port}"]
    fetch = fetcher(server, hosts=AllowedHosts(public=names), resolve=lambda *_: ["127.0.0.1", "10.0.0.1"])
    with pytest.raises(FetchError) as caught:
        fetch(request)
    assert caught.value.code == "fetch-address"
    assert server.asked == []
    fetch = fetcher(server, hosts=AllowedHosts(private=names), resolve=lambda *_: ["127.0.0.1"])
    assert fetch(request) == b"abc"


def test_a_name_is_looked_up_once(server):
    """The address that was looked at is the one that is asked (DNS rebinding)."""
    server.pages["/"] = answer(b"abc")
    names = []

    def resolve(host, _port):
        names.append(host)
        return ["127.0.0.1"]

    hosts = AllowedHosts(private=[f"a.example:{server.port}"])
    fetcher(server, hosts=hosts, resolve=resolve)(FetchRequest(f"http://a.example:{server.port}/", FetchKind.CRL))
    assert names == ["a.example"]


# -- TLS -------------------------------------------------------------------------------------------------


def test_tls(tmp_path):
    context, authority = tls(tmp_path, "a.example")
    with running(context) as server:
        server.pages["/"] = answer(b"abc")
        hosts = AllowedHosts(private=[f"{name}:{server.port}" for name in ("a.example", "b.example")])
        how = {"hosts": hosts, "limits": HttpLimits(), "resolve": lambda *_: ["127.0.0.1"]}
        trusting = HttpFetcher(**how, authorities=str(authority))
        assert trusting(FetchRequest(f"https://a.example:{server.port}/", FetchKind.CRL)) == b"abc"
        for fetch, host in ((HttpFetcher(**how), "a.example"), (trusting, "b.example")):
            with pytest.raises(FetchError) as caught:
                fetch(FetchRequest(f"https://{host}:{server.port}/", FetchKind.CRL))
            assert caught.value.code == "fetch-tls"
        with pytest.raises(FetchError) as caught:
            HttpFetcher(**how, authorities=str(tmp_path / "missing"))(
                FetchRequest(f"https://a.example:{server.port}/", FetchKind.CRL)
            )
        assert caught.value.code == "fetch-tls"
        server.pages["/down"] = to(f"http://a.example:{server.port}/")
        with pytest.raises(FetchError) as caught:
            trusting(FetchRequest(f"https://a.example:{server.port}/down", FetchKind.CRL))
        assert caught.value.code == "fetch-redirect"


def test_a_plain_server_where_tls_is_expected(server):
    with pytest.raises(FetchError) as caught:
        fetcher(server)(FetchRequest(f"https://127.0.0.1:{server.port}/", FetchKind.CRL))
    assert caught.value.code in {"fetch-tls", "fetch-timeout"}


# -- the cache -------------------------------------------------------------------------------------------


def test_what_was_fetched_is_kept_until_the_next_update(server, tmp_path):
    server.pages["/"] = answer(LIST)
    cache = FetchCache(folder=tmp_path / "cache")
    for _ in range(2):
        assert asked(server, cache=cache) == LIST
    assert len(server.asked) == 1
    assert asked(server, cache=cache, now=lambda: NOW + DAY) == LIST
    assert len(server.asked) == 2
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


def test_a_certificate_is_kept_for_a_day(server, tmp_path):
    server.pages["/"] = answer(CA.certificate.der)
    cache = FetchCache(folder=tmp_path)
    for hours, requests in ((0, 1), (23, 1), (24, 2)):
        now = NOW + datetime.timedelta(hours=hours)
        asked(server, "/", FetchKind.CERTIFICATE, cache=cache, now=lambda now=now: now)
        assert len(server.asked) == requests


RESPONSE = CA.ocsp(PERSON, "good", NOW - DAY, next_update=NOW + DAY / 4)
ASKED = [(PERSON.certificate, CA.certificate)]


@pytest.mark.parametrize(
    ("kind", "body", "content", "until"),
    [
        (FetchKind.CRL, None, LIST, NOW + DAY / 2),
        (FetchKind.CRL, None, CA.crl(this_update=NOW, next_update=NOW + 400 * DAY), NOW + DAY),
        (FetchKind.CRL, None, CA.crl(this_update=NOW), None),
        (FetchKind.CRL, None, CA.crl(this_update=NOW - 2 * DAY, next_update=NOW - DAY), None),
        (FetchKind.CRL, None, b"<html>", None),
        (FetchKind.OCSP, make_ocsp_request(ASKED), RESPONSE, NOW + DAY / 4),
        (FetchKind.OCSP, make_ocsp_request(ASKED, nonce=b"n" * 32), RESPONSE, None),
        (FetchKind.OCSP, None, CA.ocsp(PERSON, "good", NOW), None),
        (FetchKind.OCSP, b"x", RESPONSE, None),
        (FetchKind.CERTIFICATE, None, CA.certificate.der, NOW + DAY),
        (FetchKind.TIMESTAMP, b"x", b"x", None),
    ],
    ids=itertools.count(),  # keys differ from run to run
)
def test_how_long_something_is_kept(kind, body, content, until):
    request = FetchRequest("http://a.example/", kind, body)
    assert expiry_of(request, content, now=NOW, max_age=DAY) == until


DAMAGE = {
    "cut short": lambda data: data[:-1],
    "one octet": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "empty": lambda _: b"",
    "no head": lambda data: data[:16] + b"\n",
    "no JSON": lambda data: data[:16] + b"{\n" + data.split(b"\n", 2)[2],
    "a list": lambda data: data[:16] + b"[]\n" + data.split(b"\n", 2)[2],
    "a long head": lambda data: data[:16] + b" " * 9000 + data[16:],
    "another address": lambda data: data.replace(b"127.0.0.1", b"127.0.0.2"),
    "no time zone": lambda data: data.replace(b"+00:00", b""),
    "no time": lambda data: data.replace(b'"expires": "2', b'"expires": "x'),
    "too long": lambda data: data + b"x" * 6000,
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_entry_is_told_and_fetched_again(server, tmp_path, how):
    server.pages["/"] = answer(LIST)
    told: list[tuple[str, str]] = []
    cache = FetchCache(folder=tmp_path, report=lambda *what: told.append(what))
    asked(server, cache=cache)
    [entry] = tmp_path.iterdir()
    entry.write_bytes(DAMAGE[how](entry.read_bytes()))
    assert asked(server, cache=cache) == LIST
    assert len(server.asked) == 2
    assert [name for name, _ in told] == [entry.name]
    assert asked(server, cache=cache) == LIST
    assert len(server.asked) == 2


def test_a_cache_that_cannot_be_used_stops_nothing(server, tmp_path, caplog):
    server.pages["/"] = answer(LIST)
    (tmp_path / "file").write_bytes(b"x")
    cache = FetchCache(folder=tmp_path / "file")
    assert asked(server, cache=cache) == LIST
    assert "not used" in caplog.text


def test_the_oldest_entries_go(server, tmp_path):
    import os  # noqa: PLC0415

    cache = FetchCache(folder=tmp_path, max_entries=2)
    first = None
    for number in range(3):
        server.pages[f"/{number}"] = answer(LIST)
        asked(server, f"/{number}", cache=cache)
        for path in tmp_path.iterdir():
            first = first or path
            if path == first:
                os.utime(path, (1, 1))
    assert len(list(tmp_path.iterdir())) == 2
    assert not first.exists()


def test_many_threads_share_a_cache(server, tmp_path):
    server.pages["/"] = answer(LIST)
    fetch, found = fetcher(server, cache=FetchCache(folder=tmp_path)), []
    threads = [
        threading.Thread(target=lambda: found.append(fetch(FetchRequest(server.url("/"), FetchKind.CRL))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [LIST] * 4
    assert [path.suffix for path in tmp_path.iterdir()] == [".fetched"]


@given(st.binary(max_size=200))
def test_any_octets_in_the_cache(tmp_path_factory, octets):
    cache = FetchCache(folder=tmp_path_factory.mktemp("cache"), report=lambda *_: None)
    request = FetchRequest("http://a.example/", FetchKind.CRL)
    cache.put(request, LIST, now=NOW)
    [entry] = cache.folder.iterdir()
    entry.write_bytes(octets)
    assert cache.get(request, now=NOW, most=1000) is None


def test_an_entry_says_nothing_beside_the_address(server, tmp_path):
    server.pages["/"] = answer(LIST)
    asked(server, cache=FetchCache(folder=tmp_path))
    [entry] = tmp_path.iterdir()
    head = json.loads(entry.read_bytes().split(b"\n")[1])
    assert sorted(head) == ["expires", "kind", "sha256", "url"]


def test_the_extra_is_missing(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name.startswith("urllib3"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError) as caught:
        HttpFetcher(hosts=AllowedHosts())
    assert caught.value.code == "extra-missing"


def test_the_documented_limits():
    limits = HttpLimits()
    assert limits.most(FetchKind.CRL) == 64 * 1024 * 1024
    assert limits.most(FetchKind.OCSP) == 1024 * 1024
    assert Path("x") == FetchCache(folder="x").folder
