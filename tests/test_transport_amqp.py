"""RabbitMQ, a real one: the contract, and a broker that is gone, silent, full, restarted, or lied to."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

pika = pytest.importorskip("pika", reason="the extra amqp is not installed")

import services_rabbitmq as services  # noqa: E402
from vndoc.envelope.octets import MemoryOctets, Octets  # noqa: E402
from vndoc.errors import OwnFaultError, PeerFaultError, Retry, SourceError, StoreError, TransportError, UsageError  # noqa: E402
from vndoc.testing.contract import PatternOctets, Setting, TransportContract  # noqa: E402
from vndoc.transport import Item, ItemState, Kind, Outgoing, Settlement, _amqp_message, amqp  # noqa: E402
from vndoc.transport._amqp_session import Message, Session, parameters_of  # noqa: E402
from vndoc.transport.amqp import AmqpTransport  # noqa: E402
from vndoc.transport.blobs import FolderBlobs  # noqa: E402

AGENCIES = ("H14.01", "H14.02", "H30.01")
TO = AGENCIES[1:2]


@attrs.frozen
class Broker:
    """A RabbitMQ, and a prefix of our own there."""

    url: str
    prefix: str = attrs.field(factory=lambda: f"vndoc-test-{secrets.token_hex(6)}")

    def session(self, seconds: float = 10) -> Session:
        return Session(parameters_of(self.url, None, seconds), seconds=seconds, carrier="admin")

    def carrier(self, code: str, **options: object) -> AmqpTransport:
        """Return a carrier, with its queues there: an agency whose queues are not is unknown."""
        defaults = {"prefix": self.prefix, "inline_limit": 1024 * 1024, "timeout": 10}
        carrier = AmqpTransport(options.pop("url", self.url), [code], **(defaults | options))  # type: ignore[arg-type]
        carrier.declare()
        return carrier

    def queues(self) -> Iterator[str]:
        for code in AGENCIES:
            for kind in Kind:
                yield f"{self.prefix}.{code}.{kind.value}"
                yield f"{self.prefix}.{code}.{kind.value}.dead"

    def remove(self) -> None:
        with contextlib.closing(self.session()) as session:
            for queue in self.queues():
                session.call("queue_delete", queue)
            session.call("exchange_delete", self.prefix)

    def got(self, queue: str) -> Message | None:
        with contextlib.closing(self.session()) as session:
            deadline = time.monotonic() + 5
            while (found := session.get(queue)) is None and time.monotonic() < deadline:
                time.sleep(0.05)
            if found is not None:
                session.settle([found.tag], done=True)
            return found


@pytest.fixture
def broker() -> Iterator[Broker]:
    broker = Broker(services.amqp_url())
    yield broker
    broker.remove()


class OverRabbit(TransportContract):
    many = 60

    def options(self) -> dict[str, object]:
        return {}

    def make(self) -> Setting:
        broker = Broker(services.amqp_url())
        return Setting(
            agencies=AGENCIES,
            connect=lambda code: broker.carrier(code, **self.options()),
            unknown="H77.77",
            secrets=("guest:guest",),
            close=broker.remove,
        )


class TestInline(OverRabbit):
    """Content in the messages."""

    big = None


class TestBeside(OverRabbit):
    """Content in a folder that both ends reach; next to nothing in the messages."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def options(self) -> dict[str, object]:
        return {"blobs": FolderBlobs(self.folder), "inline_limit": 10}


def outgoing(number: int = 1, content: Octets | None = None, kind: Kind = Kind.DOCUMENT) -> Outgoing:
    content = content or MemoryOctets(f"<edXML n='{number}'/>".encode())
    with content.open() as file:
        digest = hashlib.sha256(file.read()).digest()
    return Outgoing(message_id=f"tin-{number}", kind=kind, sender=AGENCIES[0], content=content, sha256=digest)


@pytest.fixture
def pair(broker: Broker) -> Iterator[tuple[AmqpTransport, AmqpTransport]]:
    with (
        contextlib.closing(broker.carrier(AGENCIES[0])) as one,
        contextlib.closing(broker.carrier(TO[0])) as two,
    ):
        yield one, two


def waiting(carrier: AmqpTransport) -> list[Item]:
    return list(carrier.pending(Kind.DOCUMENT))


# -- a line that fails ---------------------------------------------------------------------------------


class Line:
    """A line to the broker: it can swallow what comes back, or be cut."""

    def __init__(self, url: str) -> None:
        self.swallow = False
        self.target = (pika.URLParameters(url).host, pika.URLParameters(url).port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.url = f"amqp://guest:guest@127.0.0.1:{self._server.getsockname()[1]}/%2F"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(self.target)
                self._open += [near, far]
                for source, sink, back in ((near, far, False), (far, near, True)):
                    threading.Thread(target=self._pump, args=(source, sink, back), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, back: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not (back and self.swallow):
                    sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        """Cut every connection."""
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()


@pytest.fixture
def line(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    monkeypatch.setattr("vndoc.transport._amqp_session._CLOSING_SECONDS", 0.2)
    line = Line(broker.url)
    yield line
    line.close()


def test_a_confirmation_that_never_comes_has_a_deadline(broker: Broker, line: Line) -> None:
    with (
        contextlib.closing(broker.carrier(AGENCIES[0], url=line.url, timeout=1.0)) as one,
        contextlib.closing(broker.carrier(TO[0])) as two,
    ):
        line.swallow = True
        began = time.monotonic()
        with pytest.raises(PeerFaultError) as error:
            one.submit(outgoing(), TO)
        assert time.monotonic() - began < 8
        assert (error.value.code, error.value.retry) == ("carrier-timeout", Retry.UNKNOWN)
        line.swallow = False
        one.submit(outgoing(), TO)
        [item] = waiting(two)  # both came, under one id
        two.settle(item, Settlement.DONE)
        assert waiting(two) == []
    with contextlib.closing(broker.carrier(TO[0])) as again:
        assert waiting(again) == []


def test_a_line_cut_before_the_confirmation_leaves_the_outcome_unknown(broker: Broker, line: Line) -> None:
    with (
        contextlib.closing(broker.carrier(AGENCIES[0], url=line.url)) as one,
        contextlib.closing(broker.carrier(TO[0])) as two,
    ):
        line.swallow = True
        cutter = threading.Timer(0.3, line.cut)
        cutter.start()
        with pytest.raises(PeerFaultError) as error:
            one.submit(outgoing(), TO)
        cutter.join()
        assert (error.value.code, error.value.retry) == ("carrier-interrupted", Retry.UNKNOWN)
        assert len(waiting(two)) == 1
        line.swallow = False
        assert one.submit(outgoing(2), TO).accepted == TO


def test_a_line_that_was_cut_meanwhile_is_made_anew(broker: Broker, line: Line) -> None:
    with (
        contextlib.closing(broker.carrier(AGENCIES[0], url=line.url)) as one,
        contextlib.closing(broker.carrier(TO[0], url=line.url)) as two,
    ):
        one.submit(outgoing(1), TO)
        one.submit(outgoing(2), TO)
        first, second = waiting(two)
        line.cut()
        time.sleep(0.2)
        one.submit(outgoing(3), TO)
        two.settle(first, Settlement.DONE)  # got again, for its tag died with the line
        with two.fetch(second) as content:
            assert content.sha256 == outgoing(2).sha256
        states = {item.id: item.state for item in waiting(two)}
        assert len(states) == 2
        assert states[second.id] is ItemState.PROCESSING


def test_listing_while_the_line_is_cut(broker: Broker, line: Line) -> None:
    with contextlib.closing(broker.carrier(TO[0], url=line.url, timeout=1.0)) as two:
        line.swallow = True
        with pytest.raises(PeerFaultError) as error:
            waiting(two)
        assert (error.value.code, error.value.retry) == ("carrier-timeout", Retry.SAFE)
        line.swallow = False
        assert waiting(two) == []


@contextlib.contextmanager
def served(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    """Give the address of a server that does *answer* with its only connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"amqp://guest:guest@127.0.0.1:{server.getsockname()[1]}/%2F"
        thread.join()


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        (lambda c: c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>"), {"carrier-unreachable"}),
        (lambda c: c.sendall(b"\x01\x00\x00\x00\x00\x00\x05nonsense"), {"carrier-unreachable", "carrier-timeout"}),
        (lambda c: c.recv(8), {"carrier-unreachable"}),
        (lambda c: (c.settimeout(4), c.recv(8), c.recv(1)), {"carrier-timeout"}),
    ],
    ids=["http", "nonsense", "hangs up", "silent"],
)
def test_what_is_no_broker(answer: Callable[[socket.socket], object], codes: set[str]) -> None:
    with served(answer) as url:
        carrier = AmqpTransport(url, AGENCIES, timeout=1.0)
        with pytest.raises(PeerFaultError) as error:
            carrier.submit(outgoing(), TO)
        assert error.value.code in codes
        assert error.value.retry is Retry.SAFE
        carrier.close()


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    carrier = AmqpTransport(f"amqp://guest:guest@127.0.0.1:{port}/", AGENCIES, timeout=2)
    for call in (carrier.declare, lambda: waiting(carrier), lambda: carrier.submit(outgoing(), TO)):
        with pytest.raises(PeerFaultError) as error:
            call()
        assert (error.value.code, error.value.retry) == ("carrier-unreachable", Retry.SAFE)
        assert "refused" in error.value.text()


def test_wrong_password_and_wrong_host(broker: Broker) -> None:
    for url, code in (
        (
            broker.url.replace("guest:guest", "guest:sai-mật-khẩu".replace("ậ", "a").replace("ẩ", "a")),
            "carrier-credentials",
        ),
        (broker.url.replace("%2F", "khong-co"), "carrier-configuration"),
    ):
        with pytest.raises(OwnFaultError) as error:
            AmqpTransport(url, AGENCIES).declare()
        assert error.value.code == code
        assert "sai-m" not in f"{error.value!r} {error.value.__cause__!r} {error.value.__context__!r}"


@pytest.mark.parametrize("frames", [1, 2], ids=["before-the-credentials-are-judged", "while-limits-are-agreed"])
def test_a_line_that_breaks_while_it_is_opened_is_no_refusal(broker: Broker, frames: int) -> None:
    """pika takes it for a wrong password, or for a virtual host that may not be used."""
    target = pika.URLParameters(broker.url)

    def relay(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            client, _ = server.accept()
            with client, socket.create_connection((target.host, target.port)) as real:
                for _ in range(frames):
                    real.sendall(client.recv(65536))
                    client.sendall(real.recv(65536))
                client.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=relay, args=(server,), daemon=True).start()
        port = server.getsockname()[1]
        carrier = AmqpTransport(f"amqp://guest:guest@127.0.0.1:{port}/", AGENCIES, timeout=5)
        with pytest.raises(PeerFaultError) as error:
            carrier.declare()
    assert (error.value.code, error.value.retry) == ("carrier-unreachable", Retry.SAFE)


def test_a_broker_that_restarts(pair: tuple[AmqpTransport, AmqpTransport], broker: Broker) -> None:
    """Nothing that was accepted is lost, calls meanwhile are refused as safe to repeat, and then it goes on."""
    control = services.control()
    one, two = pair
    one.submit(outgoing(1), TO)
    one.submit(outgoing(2), TO)
    first, second = waiting(two)
    subprocess.run([control, "stop_app"], capture_output=True, check=True)
    try:
        with pytest.raises(PeerFaultError) as error:
            one.submit(outgoing(3), TO)
        assert error.value.code in {"carrier-unreachable", "carrier-interrupted", "carrier-timeout"}
        with pytest.raises(PeerFaultError) as error:
            two.settle(first, Settlement.DONE)
        assert error.value.retry is Retry.SAFE
    finally:
        subprocess.run([control, "start_app"], capture_output=True, check=True)
    deadline = time.monotonic() + 30
    while True:
        try:
            two.settle(first, Settlement.DONE)
            one.submit(outgoing(3), TO)
            break
        except PeerFaultError:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    items = waiting(two)
    assert items[0].id == second.id
    assert len(items) == 2


@pytest.mark.parametrize("control", ["", "#!/bin/sh\nexit 69\n"], ids=["no program", "no right"])
@pytest.mark.parametrize(("demanded", "outcome"), [("1", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_a_broker_that_cannot_be_restarted_fails_the_test_where_services_are_demanded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, demanded: str, outcome: type[BaseException], control: str
) -> None:
    if control:
        (tmp_path / "rabbitmqctl").write_text(control, encoding="utf-8")
        (tmp_path / "rabbitmqctl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(services.REQUIRE, demanded)
    with pytest.raises(outcome):
        services.control()


# -- what lies at the broker ---------------------------------------------------------------------------


def test_queues_that_are_not_durable_are_refused(broker: Broker) -> None:
    queue = f"{broker.prefix}.{TO[0]}.edoc"
    with contextlib.closing(broker.session()) as session:
        session.call("queue_declare", queue, durable=False)
    with pytest.raises(OwnFaultError) as error:
        broker.carrier(TO[0])
    assert error.value.code == "carrier-configuration"
    assert "PRECONDITION_FAILED" in error.value.text()


def test_an_exchange_that_is_not_durable_is_refused(broker: Broker) -> None:
    with contextlib.closing(broker.session()) as session:
        session.call("exchange_declare", broker.prefix, exchange_type="direct", durable=False)
    with pytest.raises(OwnFaultError) as error:
        broker.carrier(TO[0])
    assert error.value.code == "carrier-configuration"


def test_what_comes_back_too_often_goes_to_the_dead(broker: Broker) -> None:
    with (
        contextlib.closing(broker.carrier(AGENCIES[0], delivery_limit=2)) as one,
        contextlib.closing(broker.carrier(TO[0], delivery_limit=2)) as two,
    ):
        one.submit(outgoing(), TO)
        for _ in range(3):
            [item] = waiting(two)
            two.settle(item, Settlement.FAIL)
        assert waiting(two) == []
    dead = broker.got(f"{broker.prefix}.{TO[0]}.edoc.dead")
    assert dead is not None
    assert dead.properties.message_id == item.id


def test_no_place_for_the_dead(pair: tuple[AmqpTransport, AmqpTransport], broker: Broker) -> None:
    """Somebody deleted the dead-letter queue: the message stays where it is."""
    _, two = pair
    queue = f"{broker.prefix}.{TO[0]}.edoc"
    with contextlib.closing(broker.session()) as session:
        session.call("queue_delete", f"{queue}.dead")
        session.publish(broker.prefix, [Message(key=queue, properties=pika.BasicProperties(), body=b"x")])
    with pytest.raises(OwnFaultError) as error:
        waiting(two)
    assert error.value.code == "carrier-configuration"
    two.close()
    assert broker.got(queue) is not None


def foreign_messages(copy: _amqp_message.Copy) -> Iterator[tuple[str, object, bytes]]:
    good = _amqp_message.written(copy)
    fields = json.loads(good.headers["x-vndoc"])
    yield "no header", pika.BasicProperties(), b"<edXML/>"
    yield "other headers", pika.BasicProperties(headers={"a": 1}), b"<edXML/>"
    yield "header of a number", pika.BasicProperties(headers={"x-vndoc": 1}), b"<edXML/>"
    for name, value in (
        ("vndoc", 2), ("id", 1), ("id", "0" * 64), ("message", "another"), ("sender", "H99"),
        ("kind", "x"), ("kind", "status"), ("recipient", AGENCIES[2]), ("sha256", "00"),
        ("sha256", "x"), ("size", 1), ("size", -1), ("size", "8"), ("created", "x"), ("created", "2026-03-02"),
        ("inline", 0), ("inline", False),
    ):  # fmt: skip
        header = json.dumps(fields | {name: value})
        yield f"{name}={value}", pika.BasicProperties(headers={"x-vndoc": header}), b"<edXML/>"
    yield "other content", good, b"<edXML?>"
    yield "list", pika.BasicProperties(headers={"x-vndoc": "[]"}), b""
    yield "deep", pika.BasicProperties(headers={"x-vndoc": "[" * 100_000}), b""


def test_messages_of_others_go_to_the_dead_and_are_told(
    pair: tuple[AmqpTransport, AmqpTransport], broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    one, two = pair
    queue = f"{broker.prefix}.{TO[0]}.edoc"
    sent = outgoing(content=MemoryOctets(b"<edXML/>"))
    copy = _amqp_message.copy_of(sent, TO[0], 8, two._clock(), inline=True)
    assert _amqp_message.parsed(_amqp_message.written(copy), b"<edXML/>") == copy
    foreign = list(foreign_messages(copy))
    with contextlib.closing(broker.session()) as session:
        for _, properties, body in foreign:
            session.publish(broker.prefix, [Message(key=queue, properties=properties, body=body)])
    one.submit(sent, TO)
    assert [item.id for item in waiting(two)] == [copy.id]
    assert len([record for record in caplog.records if "none of ours" in record.getMessage()]) == len(foreign)
    dead = 0
    with contextlib.closing(broker.session()) as session:
        deadline = time.monotonic() + 5
        while dead < len(foreign) and time.monotonic() < deadline:
            dead += session.get(f"{queue}.dead") is not None
    assert dead == len(foreign)


def test_the_dead_stay_where_they_are_put(pair: tuple[AmqpTransport, AmqpTransport], broker: Broker) -> None:
    """Whoever published them may have asked for copies elsewhere, even where they came from, or for a short life."""
    one, two = pair
    queue = f"{broker.prefix}.{TO[0]}.edoc"
    odd = pika.BasicProperties(
        headers={"CC": [queue, f"{broker.prefix}.{AGENCIES[0]}.edoc"], "why": "x"}, expiration="1000", app_id="theirs"
    )
    with contextlib.closing(broker.session()) as session:
        session.publish("", [Message(key="nowhere", properties=odd, body=b"x")])
    for carrier in (one, two):
        walked = threading.Thread(target=waiting, args=(carrier,), daemon=True)
        walked.start()
        walked.join(8)
        assert not walked.is_alive()
    one.submit(outgoing(), TO)
    assert len(waiting(two)) == 1
    time.sleep(1.5)
    for code in (AGENCIES[0], TO[0]):
        dead = broker.got(f"{broker.prefix}.{code}.edoc.dead")
        assert dead is not None
        assert (dead.body, dead.properties.headers["why"], dead.properties.app_id) == (b"x", "x", "theirs")
        assert "CC" not in dead.properties.headers


def test_who_published_the_dead_is_not_claimed() -> None:
    """A broker refuses a message under the name of another user, and closes the channel: it would stay for ever."""
    ours = _amqp_message.set_aside(pika.BasicProperties(user_id="somebody", message_id="m", priority=9))
    assert (ours.user_id, ours.message_id, ours.priority, ours.headers) == (None, "m", None, {})


def test_a_repetition_after_it_was_done_is_known(pair: tuple[AmqpTransport, AmqpTransport]) -> None:
    one, two = pair
    first = one.submit(outgoing(), TO)
    [item] = waiting(two)
    two.settle(item, Settlement.DONE)
    assert one.submit(outgoing(), TO).transport_id == first.transport_id
    assert waiting(two) == []


@pytest.mark.parametrize("done", [True, False])
def test_other_content_under_a_known_id_is_not_lost(
    pair: tuple[AmqpTransport, AmqpTransport], broker: Broker, done: bool
) -> None:
    """It was acknowledged as a repetition, or with the one that is held, and nobody ever saw it."""
    one, two = pair
    one.submit(outgoing(), TO)
    [item] = waiting(two)
    if done:
        two.settle(item, Settlement.DONE)
    one.submit(outgoing(content=MemoryOctets(b"<other/>")), TO)
    assert [again.id for again in waiting(two)] == ([] if done else [item.id])
    two.settle(item, Settlement.DONE)
    dead = broker.got(f"{broker.prefix}.{TO[0]}.edoc.dead")
    assert dead is not None
    assert dead.body == b"<other/>"


def test_a_broker_that_does_not_take_it(pair: tuple[AmqpTransport, AmqpTransport], broker: Broker) -> None:
    """A queue that is full refuses; the broker says so in its confirmation."""
    one, _ = pair
    queue = f"{broker.prefix}.{AGENCIES[2]}.edoc"
    with contextlib.closing(broker.session()) as session:
        arguments = {"x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "reject-publish"}
        session.call("queue_declare", queue, durable=True, arguments=arguments)
        session.call("queue_bind", queue, broker.prefix, queue)
    retries = []
    for number in range(10):
        for recipients in (AGENCIES[2:], (*TO, AGENCIES[2])):
            try:
                one.submit(outgoing(number), recipients)
            except PeerFaultError as error:
                assert error.code == "carrier-failed"  # noqa: PT017 - it may be taken as well
                retries.append((len(recipients), error.retry))
        time.sleep(0.05)
    assert {(1, Retry.SAFE), (2, Retry.UNKNOWN)} == set(retries)
    assert one._session is not None
    assert one._session.usable


def test_a_queue_that_is_deleted_meanwhile_passes(pair: tuple[AmqpTransport, AmqpTransport], broker: Broker) -> None:
    """What is there again after connecting anew is no reason to give up: queues also vanish while they move."""
    one, two = pair
    with contextlib.closing(broker.session()) as session:
        session.call("queue_delete", f"{broker.prefix}.{TO[0]}.edoc")
    with pytest.raises(PeerFaultError) as error:
        waiting(two)
    assert (error.value.code, error.value.retry) == ("carrier-interrupted", Retry.SAFE)
    assert waiting(two) == []
    with contextlib.closing(broker.session()) as session:
        session.call("exchange_delete", broker.prefix)
    with pytest.raises(PeerFaultError) as error:
        one.submit(outgoing(), AGENCIES[:1])
    assert (error.value.code, error.value.retry) == ("carrier-interrupted", Retry.UNKNOWN)
    assert one.submit(outgoing(), AGENCIES[:1]).accepted == AGENCIES[:1]


def test_what_is_behind_those_that_are_held_comes_when_they_are_settled(
    pair: tuple[AmqpTransport, AmqpTransport], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = pair
    for number in range(7):
        one.submit(outgoing(number), TO)
    monkeypatch.setattr(amqp, "_WINDOW", 3)
    seen = []
    while items := waiting(two):
        assert len(items) <= 3
        seen += [item.id for item in items]
        for item in items:
            two.settle(item, Settlement.DONE)
    assert len(seen) == len(set(seen)) == 7
    one.submit(outgoing(8, PatternOctets(1000)), TO)
    one.submit(outgoing(9, PatternOctets(1000)), TO)
    monkeypatch.setattr(amqp, "_WINDOW_BYTES", 1000)
    assert len(waiting(two)) == 1


def test_a_failure_during_the_walk_is_for_the_next_walk(pair: tuple[AmqpTransport, AmqpTransport]) -> None:
    one, two = pair
    for number in range(3):
        one.submit(outgoing(number), TO)
    seen = []
    for item in two.pending(Kind.DOCUMENT):
        seen.append(item.id)
        two.settle(item, Settlement.FAIL)
    assert len(seen) == len(set(seen)) == 3
    assert [item.id for item in waiting(two)] == seen


def test_only_so_many_ids_are_remembered(
    pair: tuple[AmqpTransport, AmqpTransport], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = pair
    monkeypatch.setattr(amqp, "_SETTLED", 2)
    for number in range(3):
        one.submit(outgoing(number), TO)
        [item] = waiting(two)
        two.settle(item, Settlement.DONE)
    assert list(two._settled)[-1] == item.id
    assert len(two._settled) == 2


# -- content beside the messages -----------------------------------------------------------------------


class Failing:
    """A store of contents that fails as told."""

    def __init__(self, error: Exception | None = None, digest: bytes = b"") -> None:
        self.error, self.digest = error, digest

    def put(self, octets: Octets, /) -> Failing:
        if self.error is not None:
            raise self.error
        return self

    def open(self, digest: bytes, /):
        assert self.error is not None
        raise self.error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(28, "No space left on device"), "carrier-storage"),
        (StoreError("store-unavailable", detail="x"), "carrier-storage"),
        (SourceError("source-closed"), "carrier-storage"),
        (ValueError("x"), "carrier-storage"),
        (None, "carrier-packet-changed"),
    ],
    ids=repr,
)
def test_a_store_that_takes_nothing(broker: Broker, error: Exception | None, code: str) -> None:
    with contextlib.closing(broker.carrier(AGENCIES[0], inline_limit=0, blobs=Failing(error))) as one:
        with pytest.raises(OwnFaultError) as told:
            one.submit(outgoing(), AGENCIES[:1])
        assert told.value.code == code
        assert told.value.retry is (Retry.SAFE if code == "carrier-storage" else Retry.NEVER)
        assert waiting(one) == []


def test_content_that_is_not_there_or_not_the_same(broker: Broker, tmp_path: Path) -> None:
    options = {"inline_limit": 0, "blobs": FolderBlobs(tmp_path)}
    with contextlib.closing(broker.carrier(AGENCIES[0], **options)) as one:
        one.submit(outgoing(), AGENCIES[:1])
        [item] = waiting(one)
        [path] = [path for path in tmp_path.rglob("*") if path.is_file()]
        octets = path.read_bytes()
        for damage, code in ((octets[:-1], "differs"), (octets + b"?", "differs"), (None, "missing")):
            path.unlink() if damage is None else path.write_bytes(damage)
            with pytest.raises(PeerFaultError) as error:
                one.fetch(item)
            assert (error.value.code, error.value.retry) == (f"carrier-content-{code}", Retry.SAFE)
        for failure, kind, code in (
            (StoreError("store-unavailable", detail="x"), OwnFaultError, "carrier-storage"),
            (PermissionError(13, "no"), OwnFaultError, "carrier-storage"),
        ):
            one._blobs = Failing(failure)
            with pytest.raises(kind) as told:
                one.fetch(item)
            assert told.value.code == code
        one._blobs = None
        with pytest.raises(OwnFaultError) as told:
            one.fetch(item)
        assert told.value.code == "carrier-configuration"


def test_where_content_goes_by_its_size(broker: Broker, tmp_path: Path) -> None:
    with contextlib.closing(broker.carrier(AGENCIES[0], inline_limit=1000, blobs=FolderBlobs(tmp_path))) as one:
        for size, beside in ((0, 0), (1000, 0), (1001, 1)):
            one.submit(outgoing(size, PatternOctets(size)), AGENCIES[:1])
            assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == beside
        assert one.features.max_bytes is None
        for item in waiting(one):
            with one.fetch(item) as content:
                assert content.size in {0, 1000, 1001}


def test_what_is_put_again_while_a_folder_is_purged_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message speaks of it already: its content would be missing for ever."""
    import datetime  # noqa: PLC0415

    before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    blobs = FolderBlobs(tmp_path)
    kept = [blobs.put(PatternOctets(number)) for number in range(3)]
    for path in tmp_path.rglob("*"):
        if path.is_file():
            os.utime(path, (0, 0))
    looks, gone = [], []
    looked = Path.stat

    def stat(path: Path, **how: bool) -> os.stat_result:
        """As before, but whoever looks at the first content is overtaken: by another purge, and by a sender."""
        found = looked(path, **how)
        if path.name == kept[0].digest.hex() and found.st_mtime == 0:
            looks.append(path)
            if len(looks) == 2:  # the first one asks whether it is a file
                gone.append(blobs.purge(before))
                blobs.put(PatternOctets(0))
        return found

    monkeypatch.setattr(Path, "stat", stat)
    assert blobs.purge(before) + gone[0] == 3
    blobs.open(kept[0].digest).close()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [kept[0].digest.hex()]


def test_a_folder_of_contents(tmp_path: Path) -> None:
    import datetime  # noqa: PLC0415

    blobs = FolderBlobs(tmp_path)
    kept = blobs.put(PatternOctets(300_000))
    assert kept == blobs.put(PatternOctets(300_000))
    with blobs.open(kept.digest) as file:
        assert hashlib.sha256(file.read()).digest() == kept.digest
    with pytest.raises(FileNotFoundError):
        blobs.open(bytes(32))
    (tmp_path / kept.digest.hex()[:2]).rename(tmp_path / "away")
    (tmp_path / kept.digest.hex()[:2]).touch()
    with pytest.raises(OSError):
        blobs.put(PatternOctets(300_000))
    assert list(tmp_path.glob("*.part")) == list(tmp_path.glob(".*.part")) == []
    now = datetime.datetime.now(datetime.UTC)
    with pytest.raises(UsageError):
        blobs.purge(now.replace(tzinfo=None))
    assert blobs.purge(now - datetime.timedelta(hours=1)) == 0
    assert blobs.purge(now + datetime.timedelta(hours=1)) == 2


# -- settings ------------------------------------------------------------------------------------------

LOCAL = "amqp://u:bi-mat@localhost/"


@pytest.mark.parametrize(
    "wrong",
    [
        {"codes": []},
        {"codes": ["a/b"]},
        {"inline_limit": -1},
        {"inline_limit": amqp.INLINE_MOST + 1},
        {"timeout": 0},
        {"timeout": float("nan")},
        {"delivery_limit": 0},
        {"prefix": "a b"},
        {"url": "amqp://u:bi-mat@broker.example/"},
        {"url": "http://u:bi-mat@localhost/"},
        {"url": "amqp://u:bi-mat@localhost:port/"},
        {"url": "amqp://u:bi-mat@localhost/?heartbeat=bi-mat"},
        {"url": "amqps://u:bi-mat@localhost/?ssl_options={"},
    ],
    ids=str,
)
def test_what_cannot_be_a_setting(wrong: dict[str, object]) -> None:
    with pytest.raises(OwnFaultError) as error:
        AmqpTransport(**({"url": LOCAL, "codes": AGENCIES} | wrong))  # type: ignore[arg-type]
    assert error.value.code == "carrier-configuration"
    assert "bi-mat" not in f"{error.value!r} {error.value.__cause__!r}"


def test_what_can_be_one() -> None:
    assert AmqpTransport(LOCAL, AGENCIES, inline_limit=amqp.INLINE_MOST).features.max_bytes == amqp.INLINE_MOST
    assert AmqpTransport("amqp://u:bi-mat@broker.example/", AGENCIES, plain=True).name == "amqp"
    secure = AmqpTransport("amqps://u:bi-mat@broker.example/", ["H14"])
    assert repr(secure) == "AmqpTransport(broker.example:5671, H14)"
    assert secure._parameters.ssl_options.context.verify_mode is ssl.CERT_REQUIRED
    mine = ssl.create_default_context()
    assert AmqpTransport("amqps://broker.example/", ["H14"], tls=mine)._parameters.ssl_options.context is mine


def test_tls_with_a_broker_that_has_none(broker: Broker) -> None:
    carrier = AmqpTransport(broker.url.replace("amqp:", "amqps:"), AGENCIES, timeout=3)
    with pytest.raises(TransportError) as error:
        carrier.declare()
    assert error.value.code in {"carrier-unreachable", "carrier-timeout"}


def test_every_call_of_a_closed_carrier_says_so() -> None:
    carrier = AmqpTransport(LOCAL, AGENCIES)
    carrier.close()
    item = Item(id="x", kind=Kind.STATUS)
    for call in (
        lambda: carrier.submit(outgoing(), TO),
        lambda: carrier.pending(Kind.STATUS),
        lambda: carrier.fetch(item),
        lambda: carrier.settle(item, Settlement.DONE),
        carrier.declare,
    ):
        with pytest.raises(OwnFaultError) as error:
            call()
        assert error.value.code == "carrier-closed"
