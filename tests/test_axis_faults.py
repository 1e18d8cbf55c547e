"""Faults of the simulated axis: what the caller sees, what was done, and which calls they hit."""

from __future__ import annotations

import base64
import http.client
import json
import time
from pathlib import Path
from typing import Any

import pytest

import vndoc
from axis_support import NORTH, SOUTH, Clock, Vxp, call, running
from cli_support import attached, document
from vndoc.errors import UsageError
from vndoc.testing.axis import FAULTS, AxisServer, AxisSimulator, Fault, FaultKind, Faults, _doors
from vndoc.testing.axis.faults import OPERATIONS
from vndoc.transport.base import Kind

PACKET = vndoc.write_packet(document(attachments=attached("a.pdf")))


def sent(server: AxisServer, sender: str = "H41") -> Any:
    return Vxp(server.port, NORTH).send(PACKET, sender)


def waiting(server: AxisServer) -> int:
    return server.axis.core.count(SOUTH.id, Kind.DOCUMENT)


@pytest.mark.parametrize(("fault", "done"), [("drop", 0), ("receipt-lost", 1)])
def test_no_answer(fault: str, done: int) -> None:
    with running(faults=[f"{fault}@sendEdoc,times=1"]) as server:
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            sent(server)
        assert waiting(server) == done
        assert sent(server).json["status"] == "OK"
        assert waiting(server) == done + 1


def test_a_receipt_and_then_nothing() -> None:
    with running(faults=["receipt-before-commit@send,times=1"]) as server:
        receipt = sent(server).json
        assert receipt["status"] == "OK"
        assert waiting(server) == 0
        (row,) = Vxp(server.port, NORTH).ask("getSentEdocList", docId=receipt["DocId"]).json["data"]
        assert (row["receiverDocId"], row["receiveStatus"], row["toCode"]) == ("", "", "H14.12")


def test_every_copy_twice_under_two_ids_with_the_same_content() -> None:
    with running(faults=["duplicate@send"]) as server:
        sent(server)
        south = Vxp(server.port, SOUTH)
        rows = south.waiting()
        assert len({row["docId"] for row in rows}) == 2
        assert len({south.ask("getEdoc", docId=row["docId"]).body for row in rows}) == 1


@pytest.mark.parametrize(
    ("fault", "status", "kind", "body"),
    [
        ("failure", 200, "application/json", None),
        ("status", 500, "text/plain", b"HTTP 500"),
        ("status,status=503", 503, "text/plain", b"HTTP 503"),
        ("html", 200, "text/html", None),
        ("nonsense", 200, "application/json", b'["?"]'),
        ("redirect", 302, "text/plain", b""),
    ],
)
def test_answers_that_are_none_and_nothing_is_done(fault: str, status: int, kind: str, body: bytes | None) -> None:
    with running(faults=[fault]) as server:
        reply = sent(server)
        assert (reply.status, reply.headers["content-type"]) == (status, kind)
        assert body is None or reply.body == body
        assert waiting(server) == 0
        if fault == "failure":
            assert (reply.json["status"], reply.json["ErrorCode"]) == ("FAIL", "20")
        if fault == "redirect":
            assert reply.headers["location"] == "/elsewhere"


def test_the_failure_body_of_each_protocol() -> None:
    with running(faults=["failure"]) as server:
        lgsp = call(server.port, "POST", "/v1/auth/login", {}, b"{}")
        edoc = call(server.port, "GET", "/EdocService/getPendingDocIds", {"organid": "H41"})
    assert (lgsp.status, lgsp.json["code"]) == (200, 20)
    assert (edoc.status, edoc.json["code"], edoc.json["errors"][0]["code"]) == (200, "9999", "M.20")


def test_half_an_answer_after_the_work_was_done() -> None:
    with running(faults=["half@sendEdoc,times=1", "half@fetch", "half@getReceivedEdocList,nth=2"]) as server:
        for count in (1, 2):
            try:
                assert sent(server).json["status"] == "OK"
            except http.client.IncompleteRead as error:
                assert error.partial.startswith(b'{"status":"OK"')  # noqa: PT017 - raised by one of two calls
                assert count == 1
            assert waiting(server) == count
        south = Vxp(server.port, SOUTH)
        first = south.waiting()[0]["docId"]
        for operation, method in (("getEdoc", "POST"), ("downloadEdoc", "GET")):
            with pytest.raises(http.client.IncompleteRead) as caught:
                south.ask(operation, b"", method, docId=first)
            assert caught.value.partial
            assert abs(len(caught.value.partial) - caught.value.expected) <= 1  # type: ignore[operator]
        with pytest.raises(http.client.IncompleteRead):  # no length is given for a list: the last piece is missing
            south.waiting()


def test_wrong_hashes() -> None:
    with running(faults=["wrong-hash@send,nth=1", "wrong-hash@fetch,every=2"]) as server:
        assert sent(server).json["ErrorCode"] == "10"
        assert sent(server).json["ErrorCode"] == "0"
        south = Vxp(server.port, SOUTH)
        (row,) = south.waiting()
        good = south.ask("downloadEdoc", b"", "GET", docId=row["docId"]).body
        bad = base64.b64decode(south.ask("getEdoc", docId=row["docId"]).json["data"])
        assert [place for place, (a, b) in enumerate(zip(good, bad, strict=True)) if a != b] == [len(good) // 2]


def test_a_clock_that_is_off() -> None:
    from datetime import timedelta  # noqa: PLC0415 - only here

    faults = ["clock-skew@getAgenciesList,seconds=600", "clock-skew@sendEdoc,seconds=-86400"]
    with running(faults=faults, max_skew=timedelta(minutes=5)) as server:
        assert Vxp(server.port, NORTH).ask("getAgenciesList").json["ErrorCode"] == "15"
        assert sent(server).json["ErrorCode"] == "15"
    with running(faults=faults) as server:
        sent(server)
        assert Vxp(server.port, SOUTH).waiting()[0]["created_time"] == "03/03/2026 08:02:03"


def test_closed_recipients() -> None:
    with running(faults=["closed,agency=H14.12,nth=1", "closed,nth=2", "closed,agency=H14"]) as server:
        assert [sent(server).json["ErrorCode"] for _ in range(3)] == ["23", "23", "0"]


def test_answers_that_come_late() -> None:
    with running(faults=["delay@sendEdoc,seconds=0.3"]) as server:
        start = time.monotonic()
        assert sent(server).json["status"] == "OK"
        assert time.monotonic() - start >= 0.3


def test_a_full_disk_is_the_axis_own_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with running(folder=tmp_path / "data") as server:

        def full(*_: object, **__: object) -> Path:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("vndoc.testing.axis._office.Office.new_path", full)
        assert sent(server).json["ErrorCode"] == "20"


def test_only_the_calls_that_are_meant() -> None:
    faults = Faults(
        [
            Fault(FaultKind.DROP, operation="sendEdoc", nth=2),
            Fault(FaultKind.HALF, operation="send", every=2, times=1),
            Fault(FaultKind.HTML, system="a"),
            Fault(FaultKind.STATUS, agency="H14"),
            Fault(FaultKind.CLOSED, agency="H14"),
        ]
    )
    hits = [
        sorted(kind.value for kind in faults.due("sendEdoc", "send", system=system, agency=agency))
        for system, agency in (("a", None), ("b", None), (None, "H14"), ("b", "H41"))
    ]
    assert hits == [["closed", "html"], ["closed", "drop", "half"], ["closed", "status"], ["closed"]]
    assert faults.due("getEdoc", "fetch", agency="H14").keys() == {FaultKind.STATUS}
    assert faults.applied == (1, 1, 1, 2, 4)


def test_chance_is_repeated_for_the_same_seed() -> None:
    def hits(seed: int, chance: float) -> list[bool]:
        faults = Faults([Fault(FaultKind.DROP, chance=chance)], seed=seed)
        return [bool(faults.due("send")) for _ in range(200)]

    assert hits(1, 0.3) == hits(1, 0.3) != hits(2, 0.3)
    assert 30 < sum(hits(1, 0.3)) < 90
    assert not any(hits(1, 0.0))
    assert all(hits(1, 1.0))


def test_a_fault_as_text() -> None:
    text = "delay@getEdoc, system=a,agency=H14,nth=2,every=3,times=4,chance=0.5,seconds=0.25,status=503"
    assert Fault.parse(text) == Fault(
        FaultKind.DELAY, operation="getEdoc", system="a", agency="H14", nth=2, every=3, times=4, chance=0.5,
        seconds=0.25, status=503,
    )  # fmt: skip
    assert Fault.parse("closed") == Fault(FaultKind.CLOSED)
    assert repr(Fault.parse("drop@send,nth=2")) == "Fault(kind=<FaultKind.DROP: 'drop'>, operation='send', nth=2)"


@pytest.mark.parametrize(
    "text", ["", "dropp", "drop,nth", "drop,nth=x", "drop,nth=0", "drop,every=0", "drop,times=0", "drop,odd=1",
             "drop,chance=1.1", "drop,chance=-0.1", "drop,chance=nan", "delay,seconds=nan", "delay,seconds=inf",
             "clock-skew,seconds=-31622401", "status,status=399", "status,status=600"],
)  # fmt: skip
def test_a_fault_that_is_not_understood(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Fault.parse(text)
    assert caught.value.code == "option-invalid"
    assert caught.value.text("vi") != caught.value.text("en")


def test_limits_of_a_fault_are_allowed() -> None:
    for text in (
        "status,status=400",
        "status,status=599",
        "drop,chance=0,nth=1,every=1,times=1",
        "drop,chance=1",
        "delay,seconds=31622400",
        "clock-skew,seconds=-31622400",
    ):
        assert Fault.parse(text).kind.value == text.partition(",")[0]


def test_every_fault_is_described_in_two_languages() -> None:
    assert set(FAULTS) == set(FaultKind)
    assert all(text.vi != text.en for text in FAULTS.values())


def test_a_server_that_gives_no_connection_gets_an_exception() -> None:
    import asyncio  # noqa: PLC0415 - only here

    from vndoc.testing.axis import AxisSimulator  # noqa: PLC0415 - as above

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    sent_: list[Any] = []

    async def send(message: Any) -> None:
        sent_.append(message)

    scope = {"type": "http", "method": "POST", "path": "/getEdoc", "query_string": b"", "headers": [], "root_path": ""}
    with AxisSimulator((NORTH, SOUTH), clock=Clock(), faults=["drop"]) as axis, pytest.raises(ConnectionAbortedError):
        asyncio.run(axis(dict(scope), receive, send))
    assert sent_[0]["status"] == 500


def test_faults_change_while_it_runs() -> None:
    with running() as server:
        assert server.axis.faults.script == ()
        server.axis.faults = Faults(["failure@send"])
        assert sent(server).json["ErrorCode"] == "20"
        assert server.axis.faults.applied == (1,)
        server.axis.faults = Faults()
        assert sent(server).json["ErrorCode"] == "0"


def test_json_of_answers_is_ascii_for_clients_that_guess_the_encoding() -> None:
    with running() as server:
        body = Vxp(server.port, NORTH).ask("getAgenciesList", b"").body
        assert body.isascii()
        assert json.loads(body)["data"][0]["name"] == "Cơ quan Bắc"


def test_faults_are_meant_for_calls_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault for a call that is not there would never be met, and a test with it would show nothing."""
    found: set[str] = set()
    endpoint = _doors.Doors._endpoint

    def noting(self: Any, face: Any, route: Any) -> Any:
        found.update((face.name, route.operation, route.meaning))
        return endpoint(self, face, route)

    monkeypatch.setattr(_doors.Doors, "_endpoint", noting)
    with AxisSimulator():
        assert found == set(OPERATIONS)
    with pytest.raises(UsageError) as caught:
        Fault.parse("drop@sendEdocc")
    assert "sendEdocc" in caught.value.text()
