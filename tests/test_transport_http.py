"""How HTTP is spoken: every way in which a call can fail is its own outcome, and says whether repeating is safe."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import json
import logging
import pickle
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import OwnFaultError, PeerFaultError, Retry, SourceError, TransportError, UsageError
from vndoc.transport import Kind, Outgoing
from vndoc.transport._outgoing import outbound
from vndoc.transport._patience import Patience
from vndoc.transport.http import Endpoint, HttpClient, HttpOptions, Outbound, Request, _Sending, redacted
from vndoc.transport.secret import Secret, scrub
from wire_support import Seen, answer, serving

QUICK = HttpOptions(connect_timeout=5, read_timeout=5, total_timeout=10, transfer_timeout=10, pause=0)
FINE = answer(b"fine", media_type="text/plain")


def client(url: str, options: HttpOptions = QUICK, **how: Any) -> HttpClient:
    return HttpClient(url, carrier="Trục", options=options, **how)


def read(path: str = "/list", **how: Any) -> Request:
    return Request(method="GET", path=path, headers=dict, **how)


def send(data: bytes = b"packet", **how: Any) -> Request:
    return Request(method="POST", path="/send", headers=dict, body=Outbound.of(data), changes=True, **how)


def failing(call: Callable[[], object]) -> TransportError:
    with pytest.raises(TransportError) as caught:
        call()
    return caught.value


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def reset(connection: socket.socket, seen: Seen) -> None:
    del seen
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def drip(head: bytes, each: bytes) -> Callable[[socket.socket, Seen], None]:
    """Return what sends *head* and then *each* again and again, often enough for every single wait."""

    def handle(connection: socket.socket, seen: Seen) -> None:
        del seen
        connection.sendall(head)
        while True:
            connection.sendall(each)
            time.sleep(0.05)

    return handle


def silent(connection: socket.socket, seen: Seen) -> None:
    del seen
    connection.recv(1)


# -- one call --------------------------------------------------------------------------------------


def test_a_call_and_its_answer() -> None:
    with serving(answer(b"x" * 10, headers=(("X-Odd", "1"),), media_type="Text/Plain; charset=utf-8")) as server:
        got = client(f"{server.url}/base/").call(send(b"data"))
        again = client(server.url).call(read())
    assert (got.status, got.body, got.media_type, got.headers["x-odd"]) == (200, b"x" * 10, "text/plain", "1")
    assert again.body == b"x" * 10
    first, second = server.seen
    assert (first.method, first.target, first.body) == ("POST", "/base/send", b"data")
    assert (first.headers["content-length"], "content-length" in second.headers) == ("4", False)
    assert "x" * 10 not in repr(got)


def test_a_connection_is_used_again_and_an_empty_answer_is_no_reason_not_to() -> None:
    with serving(answer(b""), FINE) as server:
        http = client(server.url)
        for _ in range(4):
            http.call(read())
        assert server.connections == 1
        http.close()
        http.close()
        http.call(read())
        assert server.connections == 2


def test_a_post_without_a_body_says_so() -> None:
    with serving(FINE) as server:
        client(server.url).call(Request(method="POST", path="/x", headers=dict))
    assert server.seen[0].headers["content-length"] == "0"


@pytest.mark.parametrize(("size", "fits"), [(1000, True), (1001, False)])
@pytest.mark.parametrize("framed", [True, False])
def test_an_answer_is_bounded(size: int, fits: bool, framed: bool) -> None:
    body = b"x" * size
    reply = answer(body) if framed else b"HTTP/1.1 200 OK\r\n\r\n" + body
    with serving(reply) as server:
        for request in (read(max_answer=1000), send(max_answer=1000)):
            if fits:
                assert client(server.url).call(request).body == body
                continue
            error = failing(lambda request=request: client(server.url).call(request))
            assert error.code == "carrier-answer-too-big"
            assert error.retry is (Retry.UNKNOWN if request.changes else Retry.SAFE)


def test_an_answer_without_end_is_left_in_the_middle() -> None:
    with serving(drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 100_000)) as server:
        assert failing(lambda: client(server.url).call(read())).code == "carrier-answer-too-big"


def test_the_headers_of_an_answer_are_bounded() -> None:
    for headers in ((("X", "y" * 70_000),), tuple((f"X-{i}", "y") for i in range(200))):
        with serving(answer(b"", headers=headers)) as server:
            error = failing(lambda server=server: client(server.url).call(send()))
            assert (error.code, error.retry) == ("carrier-nonsense", Retry.UNKNOWN)


# -- what fails ------------------------------------------------------------------------------------


def outcomes(*script: Any, times: int = 1, **how: Any) -> list[tuple[str, Retry]]:
    """Return code and retry of a call that reads and of one that changes something; each sees the whole script."""
    found = []
    for request, seen in ((read(), times), (send(), 1)):
        with serving(*script, **how) as server:
            error = failing(lambda server=server, request=request: client(server.url).call(request))
            found.append((error.code, error.retry))
            assert isinstance(error, PeerFaultError if error.retry is not Retry.NEVER else OwnFaultError)
            assert len(server.seen) == seen
            assert "Trục" in error.text("vi")
    return found


def both(code: str, read_retry: Retry = Retry.SAFE, send_retry: Retry = Retry.UNKNOWN) -> list[tuple[str, Retry]]:
    return [(code, read_retry), (code, send_retry)]


STATUSES = [
    (301, both("carrier-redirect"), 1), (302, both("carrier-redirect"), 1), (304, both("carrier-redirect"), 1),
    (307, both("carrier-redirect"), 1),
    (400, both("carrier-refused", Retry.NEVER, Retry.NEVER), 1),
    (401, both("carrier-credentials", Retry.NEVER, Retry.NEVER), 1),
    (403, both("carrier-credentials", Retry.NEVER, Retry.NEVER), 1),
    (404, both("carrier-failed", Retry.SAFE, Retry.SAFE), 1),
    (413, both("carrier-refused", Retry.NEVER, Retry.NEVER), 1),
    (429, both("carrier-unavailable", Retry.SAFE, Retry.SAFE), 3),
    (500, both("carrier-failed"), 1),
    (502, both("carrier-unavailable"), 3),
    (503, both("carrier-unavailable", Retry.SAFE, Retry.SAFE), 3),
    (504, both("carrier-unavailable"), 3),
    (599, both("carrier-failed"), 1),
]  # fmt: skip


@pytest.mark.parametrize(("status", "expected", "times"), STATUSES)
def test_every_status_has_its_outcome(status: int, expected: list[tuple[str, Retry]], times: int) -> None:
    target = (("Location", "http://127.0.0.1:1/elsewhere"),)
    assert outcomes(answer(b"<html>", status=status, headers=target), times=times) == expected


def test_the_words_of_a_refusal_are_bounded() -> None:
    judged: list[object] = []
    with serving(answer(b"x" * 65_537, status=400), answer(b"x" * 65_536, status=400)) as server:
        for size in (0, 65_536):
            http = client(server.url, judge=lambda got, retry: judged.append(got.body))
            assert failing(lambda http=http: http.call(read())).code == "carrier-refused"
            assert len(judged.pop()) == size  # type: ignore[arg-type]


def test_a_header_that_cannot_be_sent_is_a_fault_of_ours() -> None:
    request = Request(method="GET", path="/", headers=lambda: {"X": "a\r\nb"})
    with serving(FINE) as server:
        assert isinstance(failing(lambda: client(server.url).call(request)), OwnFaultError)


def test_a_redirect_is_not_followed() -> None:
    with serving(FINE) as elsewhere, serving(answer(status=302, headers=(("Location", elsewhere.url),))) as server:
        assert failing(lambda: client(server.url).call(read())).code == "carrier-redirect"
        assert elsewhere.seen == []


@pytest.mark.parametrize(
    "script",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nwhole\r\n0\r\n\r\n",
        b"",
        reset,
    ],
)
def test_a_connection_that_breaks(script: Any) -> None:
    assert outcomes(script, times=3) == both("carrier-interrupted")


@pytest.mark.parametrize(
    "script",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\nConnection: close\r\n\r\nx",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/9.9 abc\r\n\r\n",
        b"HTTP/1.1 99999999999 x\r\n\r\n",
        b"\xff\xfe\x00\r\n",
    ],
)
def test_what_is_no_http(script: bytes) -> None:
    assert outcomes(script) == both("carrier-nonsense")


@pytest.mark.parametrize(
    "script",
    [
        answer(b"\x1f\x8b\x08", headers=(("Content-Encoding", "gzip"),)),
        answer(b"x", headers=(("Content-Encoding", "br"),)),
    ],
)
def test_a_body_in_a_form_that_was_not_asked_for(script: bytes) -> None:
    assert outcomes(script) == both("carrier-nonsense")


@pytest.mark.parametrize(
    "script",
    [
        silent,
        drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        drip(b"", b"H"),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"x: y\r\n"),
    ],
    ids=["silent", "headers", "body", "status line", "chunks", "trailers"],
)
def test_a_peer_that_is_slow_is_left_after_the_time_for_the_whole(script: Any) -> None:
    brief = attrs.evolve(QUICK, read_timeout=0.3, total_timeout=0.5)
    with serving(script) as server:
        for request, retry in ((read(), Retry.SAFE), (send(), Retry.UNKNOWN)):
            began = time.monotonic()
            error = failing(lambda request=request: client(server.url, brief).call(request))
            assert (error.code, error.retry) == ("carrier-timeout", retry)
            assert time.monotonic() - began < 5
            assert error.values["seconds"] in {"0.3", "0.5"}


def test_a_peer_that_does_not_read_is_left_and_has_not_got_it_all() -> None:
    with serving(lambda connection, seen: time.sleep(0.6), read_bodies=False) as server:
        error = failing(
            lambda: client(server.url, attrs.evolve(QUICK, connect_timeout=0.3)).call(
                Request(
                    method="POST",
                    path="/send",
                    headers=dict,
                    body=Outbound(size=1 << 30, pieces=lambda: iter([bytes(1 << 20)] * 1024)),
                    changes=True,
                    transfer=True,
                )
            )
        )
    assert (error.code, error.retry) == ("carrier-timeout", Retry.SAFE)


def test_a_peer_that_refuses_before_it_has_read_all_is_heard() -> None:
    """A big body, refused with 413 and a closed connection: the answer counts, and nothing was taken over."""
    body = Outbound(size=1 << 26, pieces=lambda: iter([bytes(1 << 20)] * 64))
    request = Request(method="POST", path="/send", headers=dict, body=body, changes=True, transfer=True)
    with serving(answer(b"", status=413, close=True), read_bodies=False) as server:
        error = failing(lambda: client(server.url).call(request))
    assert error.code in {"carrier-refused", "carrier-interrupted"}
    assert error.retry is not Retry.UNKNOWN


def test_success_before_the_whole_request_is_no_success() -> None:
    body = Outbound(size=1 << 26, pieces=lambda: iter([bytes(1 << 20)] * 64))
    request = Request(method="POST", path="/send", headers=dict, body=body, changes=True, transfer=True)
    with serving(answer(b"", close=True), read_bodies=False) as server:
        error = failing(lambda: client(server.url).call(request))
    assert error.code in {"carrier-nonsense", "carrier-interrupted"}


@pytest.mark.parametrize("request_", [read(), send()])
def test_nobody_there(request_: Request) -> None:
    error = failing(lambda: client(f"http://127.0.0.1:{unused_port()}").call(request_))
    assert (error.code, error.retry) == ("carrier-unreachable", Retry.SAFE)
    assert "refused" in error.text()
    error = failing(lambda: client("http://khong-co.invalid").call(request_))
    assert (error.code, error.retry) == ("carrier-unreachable", Retry.SAFE)


def test_a_connection_that_is_not_answered() -> None:
    """A full queue of a listening socket: connecting takes longer than it may."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listening.getsockname())
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        error = failing(lambda: client(url, attrs.evolve(QUICK, connect_timeout=0.2)).call(send()))
        for one in waiting:
            one.close()
    assert (error.code, error.retry) == ("carrier-timeout", Retry.SAFE)
    assert error.values["seconds"] == "0.2"


def test_only_calls_that_change_nothing_are_repeated_with_growing_pauses() -> None:
    slept: list[float] = []
    options = attrs.evolve(QUICK, attempts=4, pause=0.25)
    busy = answer(status=503)
    with serving(b"", busy, reset, FINE) as server:
        assert client(server.url, options, sleep=slept.append).call(read()).body == b"fine"
        assert len(server.seen) == 4
    assert slept == [0.25, 0.5, 1.0]
    with serving(busy, FINE) as server:
        assert failing(lambda: client(server.url, options, sleep=slept.append).call(send())).retry is Retry.SAFE
        assert len(server.seen) == 1


def test_headers_are_made_anew_for_each_attempt() -> None:
    stamps = iter("123")
    request = Request(method="GET", path="/", headers=lambda: {"X-Stamp": next(stamps)})
    with serving(b"", FINE) as server:
        client(server.url).call(request)
    assert [seen.headers["x-stamp"] for seen in server.seen] == ["1", "2"]


BIG = answer(b"x" * 300_000, media_type="text/plain")
LONG_REFUSAL = answer(b"x" * 300_000, status=500)


@pytest.mark.parametrize("bad", [BIG, LONG_REFUSAL, answer(b"x" * 300_000, headers=(("Content-Encoding", "gzip"),))])
def test_answers_that_are_not_read_through_take_no_connection_away(bad: bytes) -> None:
    """More of them than connections are kept: each was lost for good, and then the carrier could not be reached."""
    few = attrs.evolve(QUICK, max_connections=2, connect_timeout=0.5)
    with serving(*[bad] * 5, FINE) as server:
        calls = client(server.url, few)
        for _ in range(5):
            assert failing(lambda: calls.call(read(max_answer=1000))).code != "carrier-unreachable"
        assert calls.call(read()).body == b"fine"
        calls.close()


def test_a_taker_that_fails_takes_no_connection_away() -> None:
    def take(arriving: Any) -> None:
        next(arriving.pieces())
        raise OwnFaultError("carrier-storage", carrier="x", detail="disk full")

    few = attrs.evolve(QUICK, max_connections=1, connect_timeout=0.5)
    with serving(*[BIG] * 3, FINE) as server:
        calls = client(server.url, few)
        for _ in range(3):
            assert failing(lambda: calls.exchange(read(), take)).code == "carrier-storage"
        assert calls.call(read()).body == b"fine"
        calls.close()


@pytest.mark.parametrize("status", [102, 103, 199])
def test_a_status_before_the_answer_is_no_refusal(status: int) -> None:
    """The axis may go on and take the packet over: this was an own fault, as if it had refused."""
    with serving(answer(b"", status=status, close=True)) as server:
        error = failing(lambda: client(server.url).call(send()))
    assert (error.code, error.retry) == ("carrier-nonsense", Retry.UNKNOWN)
    assert isinstance(error, PeerFaultError)


def test_a_deadline_that_passes_when_all_has_left_leaves_the_outcome_open() -> None:
    """The last octet is with the other side: saying that repeating is safe would send it twice."""
    now = [0.0]
    patience = Patience(lambda: now[0])
    patience.start(10)
    patience.left_us = True
    request = Request(
        method="POST",
        path="/",
        headers=dict,
        changes=True,
        body=Outbound(size=6, pieces=lambda: iter([b"abc", b"def"])),
    )
    half, whole = _Sending(request, patience), _Sending(request, patience)
    pieces = iter(half)
    assert next(pieces) == b"abc"
    now[0] = 11
    with pytest.raises(TimeoutError):
        next(pieces)
    assert half.retry() is Retry.SAFE
    patience.start(10)
    patience.left_us = True
    pieces = iter(whole)
    assert [next(pieces), next(pieces)] == [b"abc", b"def"]
    now[0] = 22
    with pytest.raises(TimeoutError):
        next(pieces)
    assert whole.retry() is Retry.UNKNOWN


def test_a_status_that_is_expected_is_an_answer() -> None:
    with serving(answer(b"no", status=404)) as server:
        assert client(server.url).call(read(accepts=frozenset({404}))).status == 404


def test_the_deadline_holds_with_a_clock_of_ones_own() -> None:
    clock = iter([0.0, 0.0, *[100.0] * 100])
    with serving(FINE) as server:
        assert failing(lambda: client(server.url, monotonic=lambda: next(clock)).call(read())).code == "carrier-timeout"


def test_several_threads_have_their_own_deadlines() -> None:
    def slow(connection: socket.socket, seen: Seen) -> None:
        time.sleep(0.1)
        connection.sendall(answer(seen.target, close=True))

    with serving(slow) as server:
        http = client(server.url, attrs.evolve(QUICK, max_connections=3))
        got: dict[str, bytes] = {}

        def work(name: str) -> None:
            got[name] = http.call(read(name)).body

        threads = [threading.Thread(target=work, args=(f"/{i}",)) for i in range(9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert got == {f"/{i}": f"/{i}".encode() for i in range(9)}


# -- what goes out ---------------------------------------------------------------------------------


def outgoing(content: Any, data: bytes) -> Outgoing:
    return Outgoing(
        message_id="1", kind=Kind.DOCUMENT, sender="H1", content=content, sha256=hashlib.sha256(data).digest()
    )


@attrs.frozen
class Lying:
    """Octets whose size, content or file is not what it was said to be."""

    data: bytes
    size: int
    fault: Exception | None = None

    def open(self) -> Any:
        if self.fault is not None:
            raise self.fault
        return MemoryOctets(self.data).open()


DATA = b"<edXML/>" * 50_000


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (Lying(DATA[:-1] + b"!", len(DATA)), "carrier-packet-changed"),
        (Lying(DATA[:-1], len(DATA)), "carrier-packet-changed"),
        (Lying(DATA + b"x", len(DATA)), "carrier-packet-changed"),
        (Lying(b"", len(DATA)), "carrier-packet-changed"),
        (Lying(DATA, len(DATA), SourceError("source-changed", name="x")), "carrier-packet-unreadable"),
        (Lying(DATA, len(DATA), PermissionError(13, "denied")), "carrier-packet-unreadable"),
    ],
)
def test_a_packet_that_is_not_what_it_was_is_not_sent(content: Any, code: str) -> None:
    """The request stays incomplete, so that nobody can take it for a packet."""
    body = outbound(outgoing(content, DATA), carrier="Trục", limit=None, before=b"[", after=b"]")
    request = Request(method="POST", path="/send", headers=dict, body=body, changes=True, transfer=True)
    with serving(FINE) as server:
        error = failing(lambda: client(server.url).call(request))
        assert isinstance(error, OwnFaultError)
        assert error.code == code
        time.sleep(0.05)
        assert all(len(seen.body) < len(DATA) + 2 for seen in server.seen)


def test_a_packet_goes_out_between_its_frame() -> None:
    for data in (b"x", DATA):
        body = outbound(outgoing(MemoryOctets(data), data), carrier="Trục", limit=len(data), before=b"[", after=b"]")
        request = Request(method="POST", path="/send", headers=dict, body=body, changes=True)
        with serving(FINE) as server:
            client(server.url).call(request)
        assert server.seen[0].body == b"[" + data + b"]"


def test_an_empty_packet_is_not_sent() -> None:
    assert failing(lambda: outbound(outgoing(MemoryOctets(b""), b""), carrier="x", limit=None)).code == (
        "carrier-packet-unreadable"
    )


def test_a_packet_whose_size_cannot_be_told() -> None:
    class Sizeless:
        @property
        def size(self) -> int:
            raise SourceError("source-unreadable", name="x", detail="y")

    assert failing(lambda: outbound(outgoing(Sizeless(), b""), carrier="x", limit=None)).code == (
        "carrier-packet-unreadable"
    )


# -- TLS -------------------------------------------------------------------------------------------


@attrs.frozen
class Pki:
    """Files: an authority, a server of ``localhost``, one of another name, a client, and an expired server."""

    folder: Path

    def server(self, name: str = "server", *, client_from: str | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem")
        if client_from:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.folder / f"{client_from}.pem")
        return context

    def options(self, **how: Any) -> HttpOptions:
        return attrs.evolve(QUICK, **{"ca_file": str(self.folder / "ca.pem"), **how})


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    folder = tmp_path_factory.mktemp("pki")
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CA mẫu")])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)

    def issue(name: str, host: str, *, ca: bool = False, until: datetime.datetime = now + day) -> None:
        key = ca_key if ca else ec.generate_private_key(ec.SECP256R1())
        subject = ca_name if ca else x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        alternative = x509.SubjectAlternativeName(
            [x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))]
        )
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 3 * day)
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(alternative, critical=False)
            .sign(ca_key, hashes.SHA256())
        )
        encoding = serialization.Encoding.PEM
        form = serialization.PrivateFormat.PKCS8
        plain = key.private_bytes(encoding, form, serialization.NoEncryption())
        locked = key.private_bytes(encoding, form, serialization.BestAvailableEncryption(b"mat-khau"))
        (folder / f"{name}.pem").write_bytes(plain + certificate.public_bytes(encoding))
        (folder / f"{name}-cert.pem").write_bytes(certificate.public_bytes(encoding))
        (folder / f"{name}-key.pem").write_bytes(locked)

    issue("ca", "ca.example", ca=True)
    issue("server", "localhost")
    issue("other", "khac.example")
    issue("client", "client.example")
    issue("expired", "localhost", until=now - day)
    return Pki(folder)


def test_a_verified_server_is_spoken_to(pki: Pki) -> None:
    with serving(FINE, tls=pki.server()) as server:
        assert client(server.url, pki.options()).call(read()).body == b"fine"


@pytest.mark.parametrize("request_", [read(), send()])
@pytest.mark.parametrize("name", ["server", "other", "expired"])
def test_a_server_that_cannot_be_verified_gets_nothing(pki: Pki, name: str, request_: Request) -> None:
    options = QUICK if name == "server" else pki.options()
    with serving(FINE, tls=pki.server(name)) as server:
        error = failing(lambda: client(server.url, options).call(request_))
        assert (error.code, error.retry) == ("carrier-tls", Retry.SAFE)
        assert server.seen == []


def test_a_server_that_speaks_no_tls(pki: Pki) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(65536)

        thread = threading.Thread(target=greet)
        thread.start()
        url = f"https://localhost:{listening.getsockname()[1]}"
        error = failing(lambda: client(url, pki.options()).call(send()))
        thread.join()
    assert (error.code, error.retry) == ("carrier-tls", Retry.SAFE)


def test_a_server_that_is_spoken_to_without_tls(pki: Pki) -> None:
    with serving(FINE, tls=pki.server()) as server:
        url = server.url.replace("https:", "http:")
        assert failing(lambda: client(url).call(read())).code in {"carrier-nonsense", "carrier-interrupted"}


CLIENT_FILES = (("certificate", "cert"), ("key", "key"))


def test_a_client_shows_its_certificate(pki: Pki) -> None:
    names = {
        "client_certificate": str(pki.folder / "client-cert.pem"),
        "client_key": str(pki.folder / "client-key.pem"),
    }
    with serving(FINE, tls=pki.server(client_from="ca")) as server:
        options = pki.options(**names, client_key_password=Secret("mat-khau"))
        assert "mat-khau" not in repr(options)
        assert client(server.url, options).call(read()).body == b"fine"
        error = failing(lambda: client(server.url, pki.options()).call(send()))
        assert error.code in {"carrier-tls", "carrier-interrupted"}
        assert server.seen[1:] == []


@pytest.mark.parametrize(
    "how",
    [
        {"ca_file": "/khong/co.pem"},
        {"client_certificate": "/khong/co.pem"},
        {"client_certificate": "client-cert.pem", "client_key": "client-key.pem", "client_key_password": Secret("sai")},
        {"client_certificate": "client-cert.pem", "client_key": "client-key.pem"},
        {"client_certificate": "client-cert.pem", "client_key": "client-cert.pem"},
    ],
)
def test_files_of_tls_that_cannot_be_used(pki: Pki, how: dict[str, Any]) -> None:
    named = {k: str(pki.folder / v) if isinstance(v, str) else v for k, v in how.items()}
    error = failing(lambda: client("https://localhost", pki.options(**named)))
    assert error.code == "carrier-configuration"
    assert isinstance(error, OwnFaultError)


def test_a_context_of_ones_own_is_used_as_it_is(pki: Pki) -> None:
    context = ssl.create_default_context(cafile=str(pki.folder / "ca.pem"))
    with serving(FINE, tls=pki.server()) as server:
        assert client(server.url, attrs.evolve(QUICK, ssl_context=context)).call(read()).body == b"fine"


# -- proxies ---------------------------------------------------------------------------------------


def tunnel(connection: socket.socket, seen: Seen) -> None:
    """Do what a proxy does with CONNECT."""
    host, _, port = seen.target.partition(":")
    with socket.create_connection((host, int(port))) as other:
        connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")

        def copy(source: socket.socket, target: socket.socket) -> None:
            try:
                while data := source.recv(65536):
                    target.sendall(data)
            except OSError:
                pass

        back = threading.Thread(target=copy, args=(other, connection))
        back.start()
        copy(connection, other)
        other.shutdown(socket.SHUT_RDWR)
        back.join()


def test_a_proxy_carries_plain_and_secure_calls(pki: Pki) -> None:
    with serving(FINE, tls=pki.server()) as server, serving(tunnel) as proxy:
        options = pki.options(proxy=proxy.url, proxy_login=Secret("nguoi-dung:mat-khau"))
        http = client(server.url, options)
        assert http.call(read()).body == b"fine"
        http.close()
        [asked] = proxy.seen
        assert (asked.method, asked.target) == ("CONNECT", f"localhost:{server.port}")
        assert asked.headers["proxy-authorization"] == "Basic bmd1b2ktZHVuZzptYXQta2hhdQ=="
        assert "proxy-authorization" not in server.seen[0].headers
        assert "mat-khau" not in repr(options)
    with serving(FINE) as proxy:
        assert client("http://truc.example/x", attrs.evolve(QUICK, proxy=proxy.url)).call(read()).body == b"fine"
        assert proxy.seen[0].target == "http://truc.example/x/list"


def test_a_proxy_that_refuses_or_is_not_there(pki: Pki) -> None:
    with serving(answer(status=407)) as proxy:
        options = pki.options(proxy=proxy.url)
        error = failing(lambda: client("https://localhost:1", options).call(send()))
        assert (error.code, error.retry) == ("carrier-unreachable", Retry.SAFE)
        assert "407" in error.text()
        plain = failing(lambda: client("http://localhost:1", options).call(send()))
        assert plain.code == "carrier-credentials"
    options = attrs.evolve(QUICK, proxy=f"http://127.0.0.1:{unused_port()}")
    error = failing(lambda: client("http://localhost:1", options).call(send()))
    assert (error.code, error.retry) == ("carrier-unreachable", Retry.SAFE)


def test_the_environment_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with serving(FINE) as server:
        assert client(server.url).call(read()).body == b"fine"


# -- settings and secrets --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "", "axis.example", "ftp://axis.example", "http://", "http:///x", "http://user:pw@axis.example", "http://a/?q=1",
        "http://a/#f", "http://a:99999", "http://a:x", "http://a:0", "http://tiếng.việt", "http://a b",
        "http://a\r\nX: y", "http://[::1", "http://a\\b",
    ],
)  # fmt: skip
def test_an_address_that_is_none(text: str) -> None:
    error = failing(lambda: client(text))
    assert error.code == "carrier-configuration"
    assert "pw" not in str(error)


@pytest.mark.parametrize(
    ("text", "url", "secure"),
    [
        ("http://10.1.2.3:8080/XrdAdapter/adapter", "http://10.1.2.3:8080/XrdAdapter/adapter", False),
        ("https://axis.example/", "https://axis.example", True),
        ("HTTPS://axis.example", "HTTPS://axis.example", True),
        ("http://[::1]:80//", "http://[::1]:80", False),
    ],
)
def test_an_address(text: str, url: str, secure: bool) -> None:
    assert Endpoint.parse(text, "x") == Endpoint(url, secure)


LIMITS = {
    "connect_timeout": (0.001, 3600), "read_timeout": (0.001, 3600), "total_timeout": (0.001, 86400),
    "transfer_timeout": (0.001, 86400), "max_connections": (1, 10), "max_list": (1, 2**31), "max_page": (1, 2**31),
    "attempts": (1, 10), "pause": (0, 60),
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITS)
def test_numbers_have_their_ranges(name: str) -> None:
    low, high = LIMITS[name]
    for good in (low, high):
        assert getattr(HttpOptions(**{name: good}), name) == good
    for bad in (low - 0.0001, high + 1, float("nan")):
        with pytest.raises(OwnFaultError, match="carrier-configuration"):
            HttpOptions(**{name: bad})


def test_headers_that_authorise_are_masked() -> None:
    names = ["Authorization", "X-SecretKey", "Token", "XroadVnpt-hash-header", "Cookie", "Proxy-Authorization"]
    assert redacted({**dict.fromkeys(names, "mat"), "Host": "a"}) == {**dict.fromkeys(names, "***"), "Host": "a"}


def test_nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    request = Request(method="GET", path="/", headers=lambda: {"Authorization": "mat-khau", "X-Other": "khac"})
    with caplog.at_level(logging.DEBUG), serving(FINE) as server:
        client(server.url).call(request)
    assert "khac" in caplog.text
    assert "mat-khau" not in caplog.text


def test_a_secret_does_not_print() -> None:
    secret = Secret("mat-khau")
    assert "mat-khau" not in f"{secret!s} {secret} {secret!r} {[secret]} {secret:>30}"
    assert (secret.reveal(), bool(secret), bool(Secret(""))) == ("mat-khau", True, False)
    assert secret == Secret("mat-khau")
    assert secret != Secret("khac")
    assert secret != "mat-khau"
    assert len({secret, Secret("mat-khau")}) == 1
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        Secret(b"x")  # type: ignore[arg-type]


def test_secrets_are_struck_out_of_texts() -> None:
    assert scrub("a mat-khau b", [Secret("mat-khau"), Secret("a")]) == "a *** b"
    assert scrub("khoa khoa-dai", [Secret("khoa"), Secret("khoa-dai")]) == "*** ***"


@pytest.mark.parametrize("text", ["mật/khẩu", 'a"b\\c/d', "đường\n&dài", "a b+c%d"])
def test_secrets_are_struck_out_however_they_are_written(text: str) -> None:
    written = [json.dumps(text), json.dumps(text, ensure_ascii=False), json.dumps(text).replace("/", "\\/")]
    for one in (text, *written, f"docId={quote(text, safe='')}"):
        assert scrub(f"<{one}>", [Secret(text)]).strip('<">').removeprefix("docId=") == "***"


def test_without_the_extra_one_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "vndoc.transport._patience", raising=False)
    monkeypatch.setitem(sys.modules, "urllib3", None)
    with pytest.raises(UsageError, match="extra-missing"):
        client("http://a")
