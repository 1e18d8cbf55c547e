"""The LGSP and eDoc REST faces of the simulated axis over real HTTP, and that all doors lead to one state."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import attrs
import pytest

import vndoc
from axis_support import NORTH, SOUTH, Clock, Reply, Vxp, call, running
from cli_support import attached, document
from vndoc.testing.axis import AxisServer, System

PACKET = vndoc.write_packet(document(attachments=attached("a.pdf")))
RECALL = vndoc.write_packet(
    document(trace_header_list=vndoc.TraceHeaderList(
        bussiness=vndoc.Bussiness(bussiness_doc_type=1),
        trace_headers=document().trace_header_list.trace_headers,  # type: ignore[union-attr]
    ))
)  # fmt: skip


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[AxisServer]:
    with running(clock=clock) as found:
        yield found


# -- LGSP --------------------------------------------------------------------------------------------


@attrs.define
class Lgsp:
    """One connected system, speaking LGSP."""

    port: int
    system: System
    token: str = ""

    def login(self, password: str | None = None) -> Reply:
        value = {
            "username": self.system.id, "password": password or self.system.secret, "applicationCode": "x",
            "otp": None, "twoFactorProvider": None, "typeObjs": [0, 1],
        }  # fmt: skip
        path = "/v1/auth/login?allow_anonymous=true"
        reply = call(self.port, "POST", path, {"content-type": "application/json"}, json.dumps(value).encode())
        if reply.status == 200:
            self.token = reply.json["data"]["token"]
        return reply

    def headers(self, **more: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.token}", "X-SystemId": self.system.id, "X-SecretKey": self.system.secret,
            **{name.replace("_", "-"): value for name, value in more.items()},
        }  # fmt: skip

    def get(self, path: str, **more: str) -> Reply:
        return call(self.port, "GET", f"/v1/{path}", self.headers(**more))

    def post(self, path: str, value: Any) -> Reply:
        return call(self.port, "POST", f"/v1/{path}", self.headers(), json.dumps(value).encode())

    def send(self, packet: bytes, kind: str = "edoc", **changes: Any) -> Reply:
        boundary = changes.get("boundary", "----x1")
        file = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="edocFile"; filename="a.edxml"\r\n'
            "Content-Type: application/xml\r\n\r\n"
        ).encode()
        other = f"--{boundary}\r\ncontent-disposition: form-data; name=messageType\r\n\r\n{kind}\r\n".encode()
        body = changes.get("body", file + packet + b"\r\n" + (other if kind else b"") + f"--{boundary}--\r\n".encode())
        content_type = changes.get("content_type", f'multipart/form-data; boundary="{boundary}"')
        return call(self.port, "POST", "/v1/sendEdoc", self.headers(Content_Type=content_type), body)


@pytest.fixture
def north(server: AxisServer) -> Lgsp:
    found = Lgsp(server.port, NORTH)
    assert found.login().json["code"] == 200
    return found


@pytest.fixture
def south(server: AxisServer) -> Lgsp:
    found = Lgsp(server.port, SOUTH)
    found.login()
    return found


WEEK = "fromDate=2026/03/01&toDate=2026/03/08"


def test_a_document_over_lgsp(server: AxisServer, north: Lgsp, south: Lgsp) -> None:
    sent = north.send(PACKET).json
    assert (sent["code"], list(sent)) == (0, ["code", "message", "count", "data", "errorDetail"])
    listed = south.get(f"syncReceivedEdocList?messageType=edoc&{WEEK}").json
    assert listed["count"] == 1
    (row,) = listed["data"]
    assert row["to"] == "H14.12"
    found = south.get(f"getEdoc?docId={row['docId']}").json
    packet = vndoc.read_packet(base64.b64decode(found["data"]["data"], validate=True))
    assert vndoc.content_digest(packet) == vndoc.content_digest(vndoc.read_packet(PACKET))
    assert south.post("updateStatus", {"docId": row["docId"], "status": "processing"}).json["code"] == 0
    assert south.post("updateStatus", {"docId": row["docId"], "status": "01"}).json["code"] == 0
    assert south.get(f"syncReceivedEdocList?messageType=edoc&{WEEK}").json["data"] == []
    (copy,) = server.axis.core.copies_of(server.axis.core.submissions()[0])
    assert (copy.state.value, copy.note) == ("done", "01")
    assert [agency["code"] for agency in south.get("getAgenciesList").json["data"]] == [
        "H41",
        "H41.12",
        "H14",
        "H14.12",
    ]


def test_windows_of_seven_days(north: Lgsp, south: Lgsp) -> None:
    north.send(PACKET)
    for days, count in (("2026/03/04&toDate=2026/03/04", 1), ("2026/03/05&toDate=2026/03/06", 0)):
        assert south.get(f"syncReceivedEdocList?messageType=edoc&fromDate={days}").json["count"] == count
    far = south.get("syncReceivedEdocList?fromDate=9999/12/31&toDate=9999/12/31")
    assert (far.status, far.json["count"]) == (200, 0)
    for wrong in (
        "fromDate=2026/03/01&toDate=2026/03/09",
        "fromDate=04/03/2026&toDate=2026/03/09",
        "",
        f"messageType=x&{WEEK}",
    ):
        assert south.get(f"syncReceivedEdocList?{wrong}").json["code"] == 10


def test_a_token_is_valid_for_thirty_minutes(clock: Clock, north: Lgsp) -> None:
    clock.advance(minutes=29, seconds=59)
    assert north.get("getAgenciesList").status == 200
    clock.advance(seconds=1)
    assert (north.get("getAgenciesList").status, north.get("getAgenciesList").json["code"]) == (401, 15)
    north.login()
    assert north.get("getAgenciesList").status == 200


def test_who_is_not_let_in(server: AxisServer, north: Lgsp) -> None:
    assert Lgsp(server.port, NORTH).login("wrong").status == 401
    assert Lgsp(server.port, System(id="nobody", secret="x")).login().status == 401
    for hostile in (b"[]", b'{"username":"00.41.W00","password":"\\ud800"}', b'{"username":"\\ud800"}', b"\xff"):
        assert call(server.port, "POST", "/v1/auth/login", {}, hostile).status == 401
    for changed in (
        {"X_SecretKey": "wrong"},
        {"X_SystemId": SOUTH.id},
        {"Authorization": "Basic x"},
        {"Authorization": "Bearer x"},
    ):
        reply = north.get("getAgenciesList", **changed)
        assert (reply.status, reply.json["code"]) == (401, 15)
    assert NORTH.secret not in reply.body.decode()


def test_an_own_name_and_password() -> None:
    system = attrs.evolve(NORTH, username="user", password="word")
    with running(systems=(system, SOUTH)) as server:
        assert Lgsp(server.port, System(id="user", secret="word")).login().status == 200
        assert Lgsp(server.port, NORTH).login().status == 401


def test_only_so_many_tokens_are_kept(server: AxisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vndoc.testing.axis._lgsp._TOKENS", 2)
    found = [Lgsp(server.port, NORTH) for _ in range(3)]
    for one in found:
        one.login()
    assert [one.get("getAgenciesList").status for one in found] == [401, 200, 200]
    assert len({one.token for one in found}) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"content_type": "application/xml"},
        {"content_type": "multipart/form-data; boundary=other"},
        {"body": b""},
        {"body": b"------x1--\r\n"},
        {"body": b'------x1\r\nContent-Disposition: form-data; name="edocFile"\r\n\r\nno end'},
        {"body": b"------x1\r\n" + b"x" * 10_000 + b"\r\n\r\n\r\n------x1--"},
        {"body": b"------x1\r\nContent-Disposition: form-data\r\n\r\n1\r\n------x1\r\nX: y\r\n\r\n2\r\n------x1--"},
    ],
)  # fmt: skip
def test_odd_forms(server: AxisServer, north: Lgsp, changes: dict[str, Any]) -> None:
    assert north.send(PACKET, **changes).json["code"] == 10
    assert list(server.axis.folder.iterdir()) == []


def test_forms_as_others_write_them(server: AxisServer, north: Lgsp) -> None:
    assert north.send(PACKET, kind="").json["code"] == 0
    assert north.send(PACKET, content_type="multipart/form-data; charset=utf-8; boundary=----x1").json["code"] == 0
    file = b'Content-Disposition: form-data; name="edocFile"\r\n\r\n'
    body = b"preamble\r\n------x1\r\n" + file + PACKET + b"\r\n------x1--"
    assert north.send(PACKET, body=body).json["code"] == 0
    with running(rewriting=None) as other:
        client = Lgsp(other.port, NORTH)
        client.login()
        client.send(PACKET)
        with other.axis.core.submissions()[0].content.open() as sent:
            assert sent.read() == PACKET
    assert north.send(PACKET, kind="odd").json["code"] == 10
    assert len(server.axis.core.submissions()) == 3


def test_what_lgsp_does_not_take(north: Lgsp, south: Lgsp, monkeypatch: pytest.MonkeyPatch) -> None:
    assert south.send(PACKET).json["code"] == 19
    assert (
        north.send(vndoc.write_packet(document(to=(vndoc.Organization(organ_id="H99", organ_name="x"),)))).json["code"]
        == 18
    )
    assert north.send(b"<x/>").json["code"] == 22
    assert south.get("getEdoc?docId=nobody").json["code"] == 24
    assert south.get("getEdoc").json["code"] == 24
    assert south.post("updateStatus", {"docId": "x", "status": "07"}).json["code"] == 10
    assert south.post("updateStatus", []).json["code"] == 10
    size = len("nội dung 1".encode())
    for limit, code in ((size, 0), (size - 1, 21)):
        monkeypatch.setattr("vndoc.testing.axis._lgsp.ATTACHMENT_BYTES", limit)
        assert north.send(PACKET).json["code"] == code


# -- eDoc REST ---------------------------------------------------------------------------------------


@attrs.define
class Edoc:
    """One agency, speaking eDoc REST."""

    port: int
    organ: str
    token: str

    def ask(self, path: str, method: str = "POST", body: bytes = b"", **headers: str) -> Reply:
        named = {"organid": self.organ, "authorization": self.token, "type": "EDOC", **headers}
        return call(self.port, method, f"/EdocService/{path}", named, body)


def test_a_document_over_edoc(server: AxisServer) -> None:
    north, south = Edoc(server.port, "H41", NORTH.secret), Edoc(server.port, "H14.12", SOUTH.secret)
    sent = north.ask("sendDocument", body=PACKET).json
    assert sent == {"status": "Success", "code": "0", "errors": [], "docId": 1}
    assert south.ask("getPendingDocIds", "GET").json["data"] == [{"docId": 1, "organId": "H14.12"}]
    assert south.ask("getPendingDocIds", "GET", type="STATUS").json["data"] == []
    assert Edoc(server.port, "H14", SOUTH.secret).ask("getPendingDocIds", "GET").json["data"] == []
    found = south.ask("getDocument", docid="1").json
    packet = vndoc.read_packet(base64.b64decode(found["data"], validate=True))
    assert vndoc.content_digest(packet) == vndoc.content_digest(vndoc.read_packet(PACKET))
    assert south.ask("confirmReceived", docid="1").json["status"] == "Success"
    assert south.ask("getPendingDocIds", "GET").json["data"] == []


def test_a_new_document_that_is_there_is_refused_a_recall_of_it_is_not(server: AxisServer) -> None:
    north = Edoc(server.port, "H41", NORTH.secret)
    north.ask("sendDocument", body=PACKET)
    again = north.ask("sendDocument", body=PACKET)
    assert (again.status, again.json["code"], again.json["errors"][0]["code"]) == (200, "9999", "M.Exist")
    assert north.ask("sendDocument", body=RECALL).json["code"] == "0"
    question = {"fromOrgan": "H41", "toOrgan": "H14.12", "docCode": "07/TB-UBND"}
    for changes, known in (
        ({}, True),
        ({"toOrgan": "H14"}, False),
        ({"docCode": "08/TB-UBND"}, False),
        ({"fromOrgan": "x"}, False),
    ):
        answer = north.ask("checkExistDocument", body=json.dumps({**question, **changes}).encode()).json
        assert (answer["data"], answer["code"]) == (known, "200")
    assert north.ask("checkExistDocument", body=b"nonsense").json["data"] is False
    with running(refuse_known=False) as other:
        client = Edoc(other.port, "H41", NORTH.secret)
        assert [client.ask("sendDocument", body=PACKET).json["code"] for _ in range(2)] == ["0", "0"]


def test_who_is_not_let_in_over_edoc(server: AxisServer) -> None:
    for organ, token in (("H41", "wrong"), ("H41", SOUTH.secret), ("H99", NORTH.secret), ("H99", ""), ("", "")):
        reply = Edoc(server.port, organ, token).ask("getPendingDocIds", "GET")
        assert (reply.status, reply.json["errors"][0]["code"]) == (401, "M.CheckPermission")


def test_what_edoc_does_not_know(server: AxisServer) -> None:
    north, south = Edoc(server.port, "H41", NORTH.secret), Edoc(server.port, "H14", SOUTH.secret)
    north.ask("sendDocument", body=PACKET)
    for docid in ("1", "2", "", "x", "٣", "9" * 30):
        for path in ("getDocument", "confirmReceived"):
            assert south.ask(path, docid=docid.encode().decode("latin-1")).json["errors"][0]["code"] == "M.DOCUMENT"
    assert south.ask("getPendingDocIds", "GET", type="ODD").json["errors"][0]["code"] == "M.10"
    to_nobody = vndoc.write_packet(document(to=(vndoc.Organization(organ_id="H99", organ_name="x"),)))
    assert north.ask("sendDocument", body=to_nobody).json["errors"][0]["code"] == "M.MessageHeader.To"


def test_the_address_book_of_edoc(server: AxisServer) -> None:
    north = Edoc(server.port, "H41", NORTH.secret)
    rows = north.ask("getOrganizations", "GET").json["organizations"]
    assert [row["organId"] for row in rows] == ["H41", "H41.12", "H14", "H14.12"]
    (one,) = north.ask("getOrganizations?organId=000.00.00.H14", "GET").json["organizations"]
    assert one.keys() == {
        "organId", "organizationInCharge", "organName", "organAdd", "email", "telephone", "fax", "website",
    }  # fmt: skip


# -- all doors ---------------------------------------------------------------------------------------


def test_what_goes_in_through_one_door_comes_out_of_the_others(server: AxisServer, north: Lgsp, south: Lgsp) -> None:
    vxp = Vxp(server.port, SOUTH)
    edoc = Edoc(server.port, "H14.12", SOUTH.secret)
    north.send(PACKET)
    assert Vxp(server.port, NORTH).send(PACKET, "H41").json["status"] == "OK"
    assert len(vxp.waiting()) == 2
    assert len(edoc.ask("getPendingDocIds", "GET").json["data"]) == 2
    edoc.ask("confirmReceived", docid="1")
    (row,) = south.get(f"syncReceivedEdocList?messageType=edoc&{WEEK}").json["data"]
    south.post("updateStatus", {"docId": row["docId"], "status": "done"})
    assert vxp.waiting() == []
