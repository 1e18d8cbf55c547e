"""The VXP face of the simulated axis: the captured requests, signatures, and each operation over real HTTP."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vndoc
from axis_support import NORTH, SOUTH, Clock, Reply, Vxp, call, captured, raw, running
from cli_support import attached, document
from vndoc.errors import OwnFaultError
from vndoc.routing import RoutingTable
from vndoc.testing.axis import Agency, AxisServer, System
from vndoc.testing.axis._vxp import Signed, _moment, _recipients, _signed_values, vnpt_hex

PACKET = vndoc.write_packet(document(attachments=attached("a.PDF", "b.pdf")))
STATUS = vndoc.write_packet(
    vndoc.StatusPacket(
        from_=vndoc.Organization(organ_id="H14.12", organ_name="Nơi nhận"),
        response_for=vndoc.ResponseFor(organ_id="H41", code="07/TB-UBND", document_id="H41,2026/03/04,07/TB-UBND"),
        status_code="01",
        timestamp=datetime.datetime(2026, 3, 4, 10, 11, 12),  # noqa: DTZ001 - Vietnam local time, as the form wants it
    )
)


@pytest.fixture
def server() -> Iterator[AxisServer]:
    with running() as found:
        yield found


@pytest.fixture
def north(server: AxisServer) -> Vxp:
    return Vxp(server.port, NORTH)


@pytest.fixture
def south(server: AxisServer) -> Vxp:
    return Vxp(server.port, SOUTH)


def refused(reply: Reply) -> str:
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    value = reply.json
    assert list(value) == ["status", "ErrorCode", "ErrorDesc"]
    assert value["status"] == "FAIL"
    assert value["ErrorDesc"]
    return str(value["ErrorCode"])


# -- the captured requests ---------------------------------------------------------------------------

CAPTURED = (
    System(id="00.53.W00", secret="SECRETxyz", agencies=(Agency(code="000.00.00.H41", name="Cơ quan gửi"),)),
    System(
        id="00.14.W00",
        secret="other",
        agencies=(Agency(code="000.00.00.H14", name="Một"), Agency(code="000.00.00.H20", name="Hai")),
    ),
)


def test_all_captured_requests_are_understood_octet_by_octet(shared: Path) -> None:
    """5b86 is no id of ours, and <edXML>mau</edXML> no packet: so octets pass through, and three calls are refused."""
    accepted = json.loads((shared / "vectors" / "vxp_responses.json").read_text(encoding="utf-8"))
    outcomes = []
    with running(systems=CAPTURED, rewriting=None) as server:
        for operation, request in captured(shared):
            reply = raw(server.port, request)
            assert reply.status == 200
            assert reply.headers["content-type"] == "application/json"
            value = reply.json
            if value["status"] == "OK":
                assert value.keys() == accepted[operation].keys()
                same = {name: type(found) for name, found in value.items()}
                assert same == {name: type(found) for name, found in accepted[operation].items()}
            outcomes.append((operation, value["ErrorCode"]))
        sent = server.axis.core.submissions()
        assert [one.recipients for one in sent] == [("000.00.00.H14", "000.00.00.H20")] * 2
        for one in sent:
            with one.content.open() as file:
                assert file.read() == b"<edXML>mau</edXML>"
    assert [found for found in outcomes if found[1] != "0"] == [
        ("/getEdoc", "24"),
        ("/downloadEdoc", "24"),
        ("/updateStatus", "24"),
        ("/sendEdoc", "10"),  # no "to", and nothing to read the recipients from
    ]
    assert len(outcomes) == 16


def test_a_captured_request_with_one_octet_changed_is_refused(shared: Path) -> None:
    with running(systems=CAPTURED, rewriting=None) as server:
        for operation, request in captured(shared):
            changed = request.replace(b"XroadVnpt-timestamp: 2", b"XroadVnpt-timestamp: 3")
            assert refused(raw(server.port, changed)) == "15", operation
            forged = request.replace(b'"XroadVnpt-timestamp":"2', b'"XroadVnpt-timestamp":"3')
            assert refused(raw(server.port, forged)) == "15", operation
        assert server.axis.core.submissions() == []


def test_the_published_vector_of_hash_file() -> None:
    digest = hashlib.sha256(b"<edXML>mau</edXML>").digest()
    assert vnpt_hex(digest) == "f698e595c015d0644935dc7393b162b653e16eecc50e330f55f34cf405ff1"
    assert vnpt_hex(b"\x00\x0d\xff") == "0dff"


# -- signatures --------------------------------------------------------------------------------------


def resigned(client: Vxp, text: str) -> dict[str, str]:
    """Headers with another sign-header, signed well."""
    import hmac  # noqa: PLC0415 - only here

    headers = client.headers({"servicetype": "eDoc", "messagetype": "edoc"})
    mac = hmac.new(client.system.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {**headers, "XroadVnpt-sign-header": text, "XroadVnpt-hash-header": mac}


def test_what_breaks_a_signature(north: Vxp) -> None:
    good = north.headers({"servicetype": "eDoc", "messagetype": "edoc"})
    text = good["XroadVnpt-sign-header"]
    twice = text[:-1] + ',"XroadVnpt-servicetype":"eDoc"}'
    broken: list[dict[str, str]] = [
        {**good, "XroadVnpt-hash-header": "0" * 64},
        {**good, "XroadVnpt-hash-header": good["XroadVnpt-hash-header"].upper()},
        {k: v for k, v in good.items() if k != "XroadVnpt-hash-header"},
        {k: v for k, v in good.items() if k != "XroadVnpt-sign-header"},
        {k: v for k, v in good.items() if k != "XroadVnpt-sign-header-key"},
        {**good, "XroadVnpt-sign-header-key": "systemid;timestamp;Content-Type"},
        {**good, "XroadVnpt-sign-header-key": "servicetype;systemid;messagetype;timestamp;Content-Type"},
        {**good, "XroadVnpt-messagetype": "status"},
        {k: v for k, v in good.items() if k != "XroadVnpt-messagetype"},
        {**good, "XroadVnpt-sign-header": text + "\u00a0"},
        resigned(north, "{}"),
        resigned(north, "nonsense"),
        resigned(north, "[" * 5000),
        resigned(north, '["XroadVnpt-systemid"]'),
        resigned(north, '{"XroadVnpt-systemid":1}'),
        resigned(north, text.replace("XroadVnpt-messagetype", "messagetype")),
        resigned(north, twice),
    ]
    for headers in broken:
        assert refused(call(north.port, "POST", "/getReceivedEdocList", headers)) == "15", headers
    assert call(north.port, "POST", "/getReceivedEdocList", good).json["status"] == "OK"


def test_a_wrong_secret_and_an_unknown_system(server: AxisServer) -> None:
    for system in (System(id=NORTH.id, secret="wrong"), System(id="00.99.W00", secret="secret-north")):
        assert refused(Vxp(server.port, system).ask("getAgenciesList")) == "15"


def test_what_is_not_signed_is_no_parameter(north: Vxp) -> None:
    headers = {**north.headers({}), "XroadVnpt-messagetype": "edoc"}
    assert refused(call(north.port, "POST", "/getReceivedEdocList", headers)) == "10"


def test_old_and_future_requests_pass_unless_the_axis_looks_at_the_time() -> None:
    from datetime import timedelta  # noqa: PLC0415 - only here

    for skew, codes in ((None, ["0", "0", "0"]), (timedelta(minutes=5), ["0", "15", "15"])):
        clock = Clock()
        with running(max_skew=skew, clock=clock) as server:
            client = Vxp(server.port, NORTH, Clock())
            found = []
            for minutes in (5, 5.1, -5.1):
                client.clock = Clock(clock.now + timedelta(minutes=minutes))
                found.append(client.ask("getAgenciesList").json["ErrorCode"])
            assert found == codes
            headers = client.headers({})
            text = headers["XroadVnpt-sign-header"].replace(headers["XroadVnpt-timestamp"], "soon")
            again = {**resigned(client, text), "XroadVnpt-timestamp": "soon"}
            again["XroadVnpt-sign-header-key"] = "systemid;timestamp;Content-Type"
            assert call(server.port, "POST", "/getAgenciesList", again).json["ErrorCode"] == codes[-1]


# -- sending -----------------------------------------------------------------------------------------


def test_a_document_goes_to_each_recipient_and_is_taken_off_when_done(north: Vxp, south: Vxp) -> None:
    both = vndoc.write_packet(
        document(to=tuple(vndoc.Organization(organ_id=code, organ_name="x") for code in ("H14", "H14.12", "H41.12")))
    )
    sent = north.send(both, "H41").json
    assert list(sent) == ["status", "ErrorCode", "ErrorDesc", "DocId"]
    waiting = south.waiting()
    assert [(row["from"], row["to"], row["status"]) for row in waiting] == [
        ("H41", "H14", "initial"),
        ("H41", "H14.12", "initial"),
    ]
    assert [row["to"] for row in north.waiting()] == ["H41.12"]
    assert waiting[0].keys() == {
        "docId", "serviceType", "messageType", "created_time", "updated_time", "from", "to", "status", "status_desc",
    }  # fmt: skip
    assert waiting[0]["created_time"] == "04/03/2026 08:02:03"
    first = waiting[0]["docId"]
    assert south.ask("countReceiveEdoc", servicetype="eDoc", messagetype="status").json["count"] == "2"
    assert south.ask("updateStatus", docId=first, status="processing").json["status"] == "OK"
    assert [row["status"] for row in south.waiting()] == ["processing", "initial"]
    assert south.ask("updateStatus", docid=first, status="done").json["status"] == "OK"  # as one product writes it
    assert [row["to"] for row in south.waiting()] == ["H14.12"]
    assert refused(south.ask("updateStatus", docId=first, status="fail")) == "10"
    assert refused(north.ask("updateStatus", docId=first, status="done")) == "24"
    assert refused(south.ask("updateStatus", docId=first, status="odd")) == "10"
    assert refused(south.ask("updateStatus", status="done")) == "10"


def test_both_ways_to_fetch_give_the_same_rewritten_packet(north: Vxp, south: Vxp) -> None:
    north.send(PACKET, "H41")
    (row,) = south.waiting()
    inline = south.ask("getEdoc", docId=row["docId"], filePath="/x/").json
    stream = south.ask("downloadEdoc", b"", "GET", docId=row["docId"], filePath="/x/")
    assert stream.headers["content-type"] == "application/octet-stream"
    assert base64.b64decode(inline["data"], validate=True) == stream.body
    assert stream.body != PACKET
    old, new = vndoc.read_packet(PACKET), vndoc.read_packet(stream.body)
    assert isinstance(old, vndoc.DocumentPacket)
    assert isinstance(new, vndoc.DocumentPacket)
    assert vndoc.content_digest(new) == vndoc.content_digest(old)
    assert new.trace_header_list is not None
    assert str(new.trace_header_list.trace_headers[-1].organ_id) == "001.00.20.TT2"
    assert refused(south.ask("getEdoc", docId="nobody")) == "24"
    assert refused(south.ask("downloadEdoc", b"", "GET", docId="nobody")) == "24"


def test_statuses_go_to_the_counterparty_in_a_queue_of_their_own(north: Vxp, south: Vxp) -> None:
    assert south.send(STATUS, "H14.12", messagetype="status").json["status"] == "OK"
    assert north.waiting() == []
    (row,) = north.waiting("status")
    assert (row["messageType"], row["to"]) == ("status", "H41")
    assert north.ask("countReceiveStatus", servicetype="eDoc", messagetype="status").json["count"] == "1"
    raw_ = north.ask("downloadEdoc", b"", "GET", docId=row["docId"]).body
    assert vndoc.read_packet(raw_) == vndoc.read_packet(STATUS)


@pytest.mark.parametrize("to", ['["H14","000.00.00.H14"]', '"[\\"H14\\"]"'])
def test_recipients_of_the_header_count_before_those_of_the_packet(north: Vxp, south: Vxp, to: str) -> None:
    assert north.send(PACKET, "000.00.00.H41", to=to).json["status"] == "OK"
    assert [row["to"] for row in south.waiting()] == ["H14"]


def test_what_the_packet_says_fills_in_what_the_headers_do_not(north: Vxp, south: Vxp) -> None:
    assert south.send(STATUS, "", messagetype="").json["status"] == "OK"
    (row,) = north.waiting("status")
    assert row["from"] == "H14.12"


@pytest.mark.parametrize(
    ("packet", "sender", "parameters", "code"),
    [
        (PACKET, "H14", {}, "19"),
        (PACKET, "H99", {}, "19"),
        (PACKET, "H41", {"to": '["H14","H99"]'}, "18"),
        (PACKET, "H41", {"to": "[]"}, "10"),
        (PACKET, "H41", {"to": "{}"}, "10"),
        (PACKET, "H41", {"to": "H14"}, "10"),
        (PACKET, "H41", {"to": "[1]"}, "10"),
        (PACKET, "H41", {"messagetype": "odd"}, "10"),
        (PACKET, "H41", {"style": "0" * 61}, "10"),
        (b"<edXML>mau</edXML>", "H41", {}, "22"),
        (b"", "H41", {}, "22"),
        (b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>", "H41", {}, "22"),
        (PACKET.replace(b"<edXML:ContentTransferEncoded", b"<edXML:Other", 1).replace(
            b"</edXML:ContentTransferEncoded", b"</edXML:Other", 1), "H41", {}, "21"),
    ],
)  # fmt: skip
def test_what_is_not_taken_over(
    server: AxisServer, north: Vxp, packet: bytes, sender: str, parameters: dict[str, str], code: str
) -> None:
    assert refused(north.send(packet, sender, **parameters)) == code
    assert server.axis.core.submissions() == []
    assert list(server.axis.folder.iterdir()) == []  # nothing is left of it


def test_both_ways_to_write_the_hash_and_none(south: Vxp, north: Vxp) -> None:
    for style in ("vnpt", "hex"):
        assert north.send(PACKET, "H41", style=style).json["status"] == "OK"
    headers = north.headers({"from": "H41"}, "application/octet-stream")
    for body in (PACKET + b"\r\n", PACKET):
        assert call(north.port, "POST", "/sendEdoc", headers, body).json["status"] == "OK"
    assert len(south.waiting()) == 4


def test_a_strict_axis_wants_the_hash_in_the_vendors_way() -> None:
    with running(strict_hash=True) as server:
        client = Vxp(server.port, NORTH)
        assert client.send(PACKET, "H41").json["status"] == "OK"
        assert refused(client.send(PACKET, "H41", style="hex")) == "10"
        headers = client.headers({"from": "H41"}, "application/octet-stream")
        assert refused(call(server.port, "POST", "/sendEdoc", headers, PACKET + b"\r\n")) == "10"


def test_only_the_added_line_end_is_taken_off() -> None:
    with running(rewriting=None) as server:
        client = Vxp(server.port, NORTH)
        for packet in (PACKET, PACKET.rstrip(), PACKET + b"\r\n\r\n"):
            assert client.send(packet, "H41").json["status"] == "OK"
            with server.axis.core.submissions()[0].content.open() as file:
                assert file.read() == packet


def test_a_packet_beyond_the_limit_is_refused_and_one_at_it_is_taken() -> None:
    import attrs  # noqa: PLC0415 - only here

    for limit, code in ((len(PACKET), "0"), (len(PACKET) - 1, "22")):
        with running(limits=attrs.evolve(vndoc.Limits(), packet_bytes=limit)) as server:
            assert Vxp(server.port, NORTH).send(PACKET, "H41").json["ErrorCode"] == code
    with running(limits=attrs.evolve(vndoc.Limits(), packet_bytes=1)) as server:
        client = Vxp(server.port, NORTH)
        big = b"x" * (64 * 1024)
        headers = client.headers({"from": "H41"}, "application/octet-stream")
        assert refused(call(server.port, "POST", "/sendEdoc", headers, big + b"\r\n")) == "21"
        assert refused(client.ask("registerAgency", b" " * (1024 * 1024 + 1))) == "21"


# -- lists -------------------------------------------------------------------------------------------


def test_windows_of_lists(south: Vxp) -> None:
    clock = Clock()
    with running(clock=clock, list_limit=2) as server:
        north, south = Vxp(server.port, NORTH, clock), Vxp(server.port, SOUTH, clock)
        docs = []
        for _ in range(3):
            docs.append(north.send(PACKET, "H41").json["DocId"])
            clock.advance(hours=1)
        window = {"fromDate": "04/03/2026 09:02:03", "toDate": "04/03/2026 10:02:03"}
        assert [row["created_time"] for row in south.waiting(**window)] == [
            "04/03/2026 09:02:03",
            "04/03/2026 10:02:03",
        ]
        assert len(south.waiting()) == 2
        asked = south.ask("getReceivedEdocList", servicetype="eDoc", messagetype="edoc", fromDate="2026-03-04")
        assert refused(asked) == "10"
        sent = north.ask("getSentEdocList", **window).json["data"]
        assert [row["senderDocId"] for row in sent] == docs[1:]
        (one,) = north.ask("getSentEdocList", docId=docs[0], messagetype="edoc").json["data"]
        assert {name: one[name] for name in ("fromCode", "toCode", "title", "notation", "receiveStatus")} == {
            "fromCode": "H41", "toCode": "H14.12", "title": "Trích yếu mẫu", "notation": "07/TB-UBND",
            "receiveStatus": "initial",
        }  # fmt: skip
        assert one["receivedTime"] == ""
        assert north.ask("getSentEdocList", messagetype="status").json["data"] == []
        south.ask("getEdoc", docId=one["receiverDocId"])
        (one,) = north.ask("getSentEdocList", docId=one["receiverDocId"]).json["data"]
        assert one["receivedTime"] == "04/03/2026 08:02:03"


# -- the address book --------------------------------------------------------------------------------


def test_entering_an_agency_again_changes_only_what_the_call_names(server: AxisServer, north: Vxp) -> None:
    server.axis.core.set_closed("H41", closed=True, at=Clock().now)
    fields = {"id": "", "pcode": "", "code": "H41", "name": "Tên mới", "mail": "m@example.com", "mobile": "", "fax": ""}
    assert north.ask("registerAgency", json.dumps(fields).encode()).json["status"] == "OK"
    found = server.axis.core.agency("000.00.00.H41")
    assert found is not None
    assert (found.code, found.name, found.closed, found.version) == ("H41", "Tên mới", True, 3)


def test_the_address_book_in_its_three_forms_is_read_by_the_routing_table(north: Vxp) -> None:
    forms = {"axis-agencies": "getAgenciesList", "axis-agencies-qd20": "getAgenciesListQD20"}
    for form, operation in forms.items():
        data = north.ask(operation, b"").body
        table = RoutingTable.load(data, format=form)
        assert {agency.code for agency in table} == {"H41", "H41.12", "H14", "H14.12"}
    assert [row["code"] for row in north.ask("getAgenciesListQD20", b"", level="1").json["data"]] == ["H41", "H14"]
    rows = north.ask("getAgenciesList", b"").json["data"]
    assert rows[0].keys() == {"id", "pid", "code", "name", "mail", "oldCode"}
    assert rows[1]["pid"] == rows[0]["id"]


def test_agencies_come_and_go(server: AxisServer, north: Vxp) -> None:
    body: dict[str, Any] = {
        "id": "",
        "pcode": "H41",
        "code": "H41.99",
        "name": "Mới",
        "mail": "",
        "mobile": "",
        "fax": "",
    }
    assert north.ask("registerAgency", json.dumps(body).encode()).json == {
        "status": "OK", "ErrorCode": "0", "ErrorDesc": "",
    }  # fmt: skip
    units = {row["code"]: row for row in north.ask("getSynchronizeUnit", b"").json["data"]}
    assert units["H41.99"]["version"] == 1
    assert units["H41.99"]["pid"] == units["H41"]["id"]
    assert units["H41.99"]["modifyDate"] == "2026-03-04 08:02:03"
    assert north.ask("deleteAgency", AgencyCode="H41.99").json["status"] == "OK"
    units = {row["code"]: row for row in north.ask("getSynchronizeUnit", b"").json["data"]}
    assert (units["H41.99"]["deleted"], units["H41.99"]["version"]) == (True, 2)
    assert "H41.99" not in {row["code"] for row in north.ask("getAgenciesList", b"").json["data"]}
    assert refused(north.ask("deleteAgency", AgencyCode="H14")) == "19"
    for odd in (
        b"",
        b"[]",
        b"{",
        b'{"code":"","name":"x"}',
        b'{"code":"a\\u0000","name":"x"}',
        b'{"code":"H14","name":"x"}',
    ):
        assert refused(north.ask("registerAgency", odd)) == "10"


def test_the_path_of_adapters_leads_to_the_same(north: Vxp) -> None:
    reply = call(north.port, "POST", "/XrdAdapter/adapter/getAgenciesList", north.headers({}))
    assert reply.json["status"] == "OK"
    assert call(north.port, "GET", "/getAgenciesList", north.headers({})).status == 405
    assert call(north.port, "POST", "/nothing", north.headers({})).status == 404


# -- nonsense ----------------------------------------------------------------------------------------


@given(text=st.text() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
@settings(max_examples=60)
def test_whatever_stands_in_a_header_is_read_or_refused(text: str) -> None:
    for read in (_signed_values, _recipients, lambda found: _moment(Signed("x", {"fromDate": found}), "fromDate")):
        try:
            read(text)
        except OwnFaultError as error:
            assert error.code in {"carrier-credentials", "carrier-refused"}  # noqa: PT017 - it may also be read


@pytest.mark.parametrize("date", ["01/01/0001 00:00:00", "31/12/9999 23:59:59"])
def test_the_ends_of_the_calendar(south: Vxp, date: str) -> None:
    assert south.waiting(fromDate=date, toDate=date) == []
    assert south.ask("getSentEdocList", fromDate=date, toDate=date).json["data"] == []
