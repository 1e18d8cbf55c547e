"""The national axis: signatures recomputed from captured requests, the 13 operations, and what may go wrong.

The server of these tests is a script (``wire_support``); nothing here asks the package what the axis would say.
"""

from __future__ import annotations

import base64
import bisect
import datetime
import hashlib
import hmac
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import OwnFaultError, PeerFaultError, Retry, TransportError
from vndoc.routing import RoutingTable
from vndoc.transport import AgencyRecord, Directory, Item, ItemState, Kind, Outgoing, Settlement, Transport
from vndoc.transport.faults import VXP_FAULTS
from vndoc.transport.http import HttpOptions
from vndoc.transport.secret import Secret
from vndoc.transport.vxp import REGISTRIES, VxpClient, VxpTransport, hash_file, sign
from wire_support import Server, answer, ok, serving

SECRET = "SECRETxyz"
NOW = datetime.datetime(2026, 11, 22, 17, 3, 45, 308_000, tzinfo=datetime.UTC)
QUICK = HttpOptions(connect_timeout=5, read_timeout=5, total_timeout=10, transfer_timeout=10, pause=0)
PACKET = b"<edXML>mau</edXML>"


def client(server: Server, **how: Any) -> VxpClient:
    settings = {"system_id": "00.53.W00", "secret": Secret(SECRET), "options": QUICK, "now": lambda: NOW, **how}
    return VxpClient(server.url, **settings)


def carrier(server: Server, *, options: HttpOptions = QUICK, **how: Any) -> VxpTransport:
    return VxpTransport(client(server, options=options), now=lambda: NOW, **how)


def outgoing(data: bytes = PACKET, *, kind: Kind = Kind.DOCUMENT, sender: str = "000.00.00.H41") -> Outgoing:
    return Outgoing(
        message_id="1", kind=kind, sender=sender, content=MemoryOctets(data), sha256=hashlib.sha256(data).digest()
    )


def failing(number: str, text: str = "Lỗi") -> bytes:
    return answer({"status": "FAIL", "ErrorCode": number, "ErrorDesc": text})


# -- signatures ------------------------------------------------------------------------------------


def captured(shared: Path) -> list[tuple[str, list[tuple[str, str]], bytes]]:
    """Return request line, headers and body of each captured request."""
    text = (shared / "vectors" / "vxp_wire.txt").read_text(encoding="utf-8")
    found = []
    for block in re.findall(r"^>{10}\n(.*?)^<{10}$", text, flags=re.MULTILINE | re.DOTALL):
        head, _, body = block.partition("\n\n")
        line, *headers = head.split("\n")
        match = re.match(r"\[BODY (\d+)\] ?", body)
        data = body[match.end() :].rstrip("\n").encode()
        if len(data) + 2 == int(match[1]):
            data += b"\r\n"
        assert len(data) == int(match[1])
        found.append((line, [tuple(one.split(": ", 1)) for one in headers], data))
    return found


def test_the_signatures_of_all_captured_requests_are_recomputed_equal(shared: Path) -> None:
    requests = captured(shared)
    assert len(requests) == 16
    for _, headers, _ in requests:
        named = dict(headers)
        order = named["XroadVnpt-sign-header-key"].split(";")
        made = sign({name: named[f"XroadVnpt-{name}"] for name in order}, Secret(SECRET))
        assert list(made)[-3:] == [f"XroadVnpt-{name}" for name in ("sign-header-key", "sign-header", "hash-header")]
        assert {name: named[name] for name in made} == made
        # and nothing that the vendor marks is left out
        assert {n for n in named if n.startswith("XroadVnpt-")} == {*made, "XroadVnpt-version"}


def test_the_hash_of_a_file_is_written_as_captured(shared: Path) -> None:
    digest = hashlib.sha256(PACKET).digest()
    sent = [(dict(headers), body) for line, headers, body in captured(shared) if "/sendEdoc" in line]
    assert len(sent) == 3
    for headers, body in sent:
        assert body == PACKET + b"\r\n"
        assert headers["XroadVnpt-hash-file"] == hash_file(digest) == hash_file(digest, "vnpt")
    assert hash_file(digest, "hex") == hashlib.sha256(PACKET).hexdigest()


PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)


@settings(max_examples=50)
@given(
    st.dictionaries(st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True), PRINTABLE, min_size=1),
    st.text(min_size=1).filter(lambda text: max(text) < "\ud800" or min(text) > "\udfff"),
)
def test_any_parameters_are_signed_as_the_axis_would_check(parameters: dict[str, str], secret: str) -> None:
    try:
        key = secret.encode()
    except UnicodeEncodeError:
        return
    headers = sign(parameters, Secret(secret))
    text = headers["XroadVnpt-sign-header"]
    assert json.loads(text) == {f"XroadVnpt-{k}": v for k, v in parameters.items()}
    assert list(json.loads(text)) == [f"XroadVnpt-{k}" for k in headers["XroadVnpt-sign-header-key"].split(";")]
    assert headers["XroadVnpt-hash-header"] == hmac.new(key, text.encode("ascii"), hashlib.sha256).hexdigest()
    assert all(value.isascii() and "\n" not in value for value in headers.values())


@pytest.mark.parametrize("value", ["tiếng Việt", "a\r\nX: y", "a\x00", " a", "a ", "\x7f", "\udcff", "\ta"])
def test_what_a_header_cannot_carry_is_refused(value: str) -> None:
    with pytest.raises(OwnFaultError) as caught:
        sign({"docId": value}, Secret(SECRET))
    assert caught.value.code == "carrier-parameter"
    assert "docId" in caught.value.text("vi")


@pytest.mark.parametrize("name", ["", "a;b", "a b", "é", "-a"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(OwnFaultError, match="carrier-parameter"):
        sign({name: "x"}, Secret(SECRET))


def test_a_request_of_ours_is_one_of_the_captured_ones(shared: Path) -> None:
    """The first captured request has no parameters of earlier calls: ours is equal to it, header by header."""
    _, headers, _ = captured(shared)[0]
    with serving(ok(data=[])) as server:
        assert client(server).received(Kind.DOCUMENT) == []
    [seen] = server.seen
    expected = {k.lower(): v for k, v in headers if k not in {"Host", "Connection", "Accept-Encoding"}}
    assert (seen.method, seen.target) == ("POST", "/getReceivedEdocList")
    assert {k: v for k, v in seen.headers.items() if k in expected} == expected
    assert set(seen.headers) - set(expected) <= {"host", "accept-encoding"}


# -- operations ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "at",
    [
        datetime.datetime(2025, 1, 1),  # noqa: DTZ001 - that is the point
        datetime.date(2025, 1, 1),
        datetime.datetime(9999, 12, 31, 23, tzinfo=datetime.UTC),
        datetime.datetime(1, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=7))),
        "01/01/2025",
    ],
)
def test_a_time_without_zone_is_never_taken_for_that_of_this_machine(at: Any) -> None:
    with serving(ok(data=[])) as server:
        vxp = client(server)
        book = VxpTransport(vxp)
        for name, call in (
            ("fromDate", lambda: vxp.received(Kind.STATUS, at)),
            ("toDate", lambda: vxp.received(Kind.STATUS, None, at)),
            ("fromDate", lambda: vxp.sent(since=at)),
            ("since", lambda: list(book.changes(at))),
        ):
            with pytest.raises(OwnFaultError, match=name) as error:
                call()
            assert error.value.code == "carrier-parameter"
        assert server.seen == []


def test_the_first_day_of_the_calendar_has_four_digits_for_its_year() -> None:
    with serving(ok(data=[])) as server:
        client(server).received(Kind.STATUS, datetime.datetime.min.replace(tzinfo=datetime.UTC))
    assert server.seen[0].headers["xroadvnpt-fromdate"] == "01/01/0001 07:00:00"


def calls(vxp: VxpClient) -> Iterator[tuple[str, str, dict[str, str], Any]]:
    """Do every operation; yield its method, name, parameters, and what came of it."""
    day, next_day = (datetime.datetime(2024, 12, 31 - i, 17, tzinfo=datetime.UTC) for i in (0, -0))
    next_day += datetime.timedelta(days=1)
    dates = {"fromDate": "01/01/2025 00:00:00", "toDate": "02/01/2025 00:00:00"}
    kinds = {"servicetype": "eDoc", "messagetype": "status"}
    yield "POST", "getReceivedEdocList", {**kinds, **dates}, vxp.received(Kind.STATUS, day, next_day)
    sent = vxp.sent(doc_id="5b86", kind=Kind.STATUS, since=day, until=next_day)
    yield "POST", "getSentEdocList", {**kinds, "docId": "5b86", **dates}, sent
    yield "POST", "getEdoc", {"docId": "5b86", "filePath": "/"}, vxp.get("5b86")
    yield "GET", "downloadEdoc", {"docId": "5b86", "filePath": "/"}, vxp.download("5b86")
    yield "POST", "updateStatus", {"status": "done", "docId": "5b86"}, vxp.update_status("5b86", Settlement.DONE)
    yield "POST", "countReceiveEdoc", {**kinds, "messagetype": "edoc"}, vxp.count(Kind.DOCUMENT)
    yield "POST", "countReceiveStatus", kinds, vxp.count(Kind.STATUS)
    hashed = {"hash-file": "f698e595c015d0644935dc7393b162b653e16eecc50e330f55f34cf405ff1"}
    given = {"from": "000.00.00.H41", "servicetype": "eDoc", "messagetype": "edoc", **hashed}
    yield "POST", "sendEdoc", given, vxp.send(outgoing())
    to = {"to": '["000.00.00.H14","000.00.00.H20"]'}
    yield "POST", "sendEdoc", {**given, **to}, vxp.send(outgoing(), ["000.00.00.H14", "000.00.00.H20"])
    yield "POST", "getAgenciesList", {}, vxp.agencies()
    yield "POST", "getAgenciesListQD20", {"level": "1"}, vxp.agencies_qd20(1)
    yield "POST", "getSynchronizeUnit", {}, vxp.units()
    agency = AgencyRecord(code="000.00.99.H41", name="Test", parent="000.00.00.H41", mail="t@example.com")
    yield "POST", "registerAgency", {}, vxp.register_agency(agency)
    yield "POST", "deleteAgency", {"AgencyCode": "000.00.99.H41"}, vxp.delete_agency("000.00.99.H41")


def test_the_13_operations_are_asked_as_captured_and_the_answers_taken(shared: Path) -> None:
    """Methods, parameters and bodies are those of the captured requests (but for what leaked from earlier calls)."""
    bodies = json.loads((shared / "vectors" / "vxp_responses.json").read_text(encoding="utf-8"))
    bodies["/downloadEdoc"] = None
    reference = {}
    for line, headers, body in captured(shared):
        method, path, _ = line.split()
        reference.setdefault(path, (method, body, dict(headers)))

    def reply(connection: Any, seen: Any) -> None:
        body = bodies[seen.target]
        connection.sendall(answer(PACKET, close=True) if body is None else answer(body, close=True))

    done = {}
    with serving(reply) as server:
        for method, name, parameters, result in calls(client(server)):
            seen = server.seen[-1]
            assert (seen.method, seen.target) == (method, f"/{name}")
            signed = json.loads(seen.headers["xroadvnpt-sign-header"])
            stamp, kind = signed.pop("XroadVnpt-timestamp"), signed.pop("XroadVnpt-Content-Type")
            assert stamp == "23112026T000345+0308"
            assert signed == {f"XroadVnpt-{k}": v for k, v in {"systemid": "00.53.W00", **parameters}.items()}
            expected_method, expected_body, expected_headers = reference[f"/{name}"]
            assert (seen.method, seen.body) == (expected_method, expected_body)
            assert kind == expected_headers["Content-Type"] == seen.headers["content-type"]
            for one in ("User-Agent", "XroadVnpt-version"):
                assert seen.headers[one.lower()] == expected_headers[one]
            done[name] = result
    assert set(done) == {path.strip("/") for path in bodies if path.startswith("/")}
    assert len(done) == 13
    assert (done["countReceiveEdoc"], done["countReceiveStatus"], done["sendEdoc"].doc_id) == (3, 3, "abc")
    assert done["getReceivedEdocList"] == done["getAgenciesList"] == done["getSentEdocList"] == []
    with done["getEdoc"] as content, content.open() as file:
        assert file.read() == b"<edXML/>"
        assert content.sha256 == hashlib.sha256(b"<edXML/>").digest()
    with done["downloadEdoc"] as content, content.open() as file:
        assert file.read() == PACKET


@pytest.mark.parametrize("word", ["OK", "SUCCESS", "Success"])
@pytest.mark.parametrize(("count", "expected"), [(3, 3), ("3", 3), ("0", 0), (0, 0)])
def test_success_has_several_words_and_a_count_two_forms(word: str, count: object, expected: int) -> None:
    with serving(answer({"status": word, "ErrorCode": 0, "count": count})) as server:
        assert client(server).count(Kind.STATUS) == expected


@pytest.mark.parametrize("count", [None, "", "ba", -1, 1.5, True, [3], "٣", "9" * 13])
def test_a_count_that_is_none_is_nonsense(count: object) -> None:
    with serving(ok(count=count)) as server, pytest.raises(PeerFaultError, match="carrier-nonsense"):
        client(server).count(Kind.STATUS)


def test_rows_are_read_and_bad_ones_left_out(caplog: pytest.LogCaptureFixture) -> None:
    rows = [
        {"docId": "a", "from": "H1", "to": "H2", "created_time": "02/01/2025 08:09:10", "status": "fail"},
        {"docId": 7, "created_time": 1735780150000, "updated_time": "2025-01-02T01:09:10Z", "status": "Processing"},
        {"docId": "c", "created_time": "never", "status": "odd", "from": None, "to": "null"},
        {"docId": "e", "created_time": "02/01/2025"},
        {"docId": "f", "created_time": "0001-01-01 00:00:00"},
        {"docId": ""},
        "row",
        None,
        {"docId": "done", "status": "done"},
    ]
    with serving(ok(data=rows)) as server, caplog.at_level(logging.WARNING):
        vxp = client(server)
        found = vxp.received(Kind.DOCUMENT)
        items = list(VxpTransport(vxp).pending(Kind.DOCUMENT))
    at = datetime.datetime(2025, 1, 2, 1, 9, 10, tzinfo=datetime.UTC)
    assert [row.doc_id for row in found] == ["a", "7", "c", "e", "f", "done"]
    assert found[3].created == datetime.datetime(2025, 1, 1, 17, tzinfo=datetime.UTC)
    assert found[4].created is None
    assert (found[0].created, found[1].created, found[1].updated, found[2].created) == (at, at, at, None)
    assert [(item.id, item.sender, item.state) for item in items] == [
        ("c", None, ItemState.INITIAL),
        ("f", None, ItemState.INITIAL),
        ("e", None, ItemState.INITIAL),
        ("a", "H1", ItemState.FAIL),
        ("7", None, ItemState.PROCESSING),
    ]
    assert "3 rows cannot be understood" in caplog.text


def test_what_was_sent_is_listed() -> None:
    row = {
        "serviceType": "eDoc", "messageType": "edoc", "senderDocId": "s1", "receiverDocId": "r1", "fromCode": "H1",
        "toCode": "H2", "title": "Trích yếu", "notation": "1/CV", "sentTime": "02/01/2025 08:09:10",
        "receivedTime": "", "sendStatus": "done", "sendStatusDesc": "Đã gửi", "receiveStatus": "initial",
        "receiveStatusDesc": "",
    }  # fmt: skip
    with serving(ok(data=[row, {}])) as server:
        [sent] = client(server).sent()
    assert (sent.sender_doc_id, sent.receiver_doc_id, sent.sender, sent.recipient) == ("s1", "r1", "H1", "H2")
    assert (sent.notation, sent.send_status, sent.receive_status) == ("1/CV", "done", "initial")
    assert (sent.sent, sent.received) == (datetime.datetime(2025, 1, 2, 1, 9, 10, tzinfo=datetime.UTC), None)
    assert "Trích yếu" not in repr(sent)


def test_the_address_book() -> None:
    unit = {
        "id": 5, "pid": "1", "code": "H53", "name": "Tỉnh Mẫu", "mail": "", "version": "12", "centerCode": "00.53.W00",
        "deleted": "true", "modifyDate": "2026-01-02 03:04:05", "oldCode": "000.00.00.H53", "isAgency": True,
    }  # fmt: skip
    old = {**unit, "code": "H54", "deleted": 0, "modifyDate": "2025-01-02 03:04:05"}
    undated = {"code": "H55", "name": "X", "modifyDate": "?"}
    with serving(ok(data=[unit, old, undated])) as server:
        book = carrier(server)
        assert isinstance(book, Directory)
        assert isinstance(book, Transport)
        first, second, _ = book.agencies()
        changed = [one.code for one in book.changes(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))]
        everything = [one.code for one in book.changes()]
        book.register(AgencyRecord(code="H99", name='Sở "Mẫu"', parent="H53"))
        entered = json.loads(server.seen[-1].body)
        book.remove("H99")
    assert (first.id, first.parent, first.old_code, first.version) == ("5", "1", "000.00.00.H53", "12")
    assert (first.deleted, second.deleted, first.mail) == (True, False, None)
    assert first.modified == datetime.datetime(2026, 1, 1, 20, 4, 5, tzinfo=datetime.UTC)
    assert (changed, everything) == (["H53", "H55"], ["H53", "H54", "H55"])
    assert list(entered) == ["id", "pcode", "code", "name", "mail", "mobile", "fax"]
    assert (entered["pcode"], entered["name"]) == ("H53", 'Sở "Mẫu"')
    assert server.seen[-1].headers["xroadvnpt-agencycode"] == "H99"


@pytest.mark.parametrize("name", REGISTRIES)
def test_a_list_of_the_address_book_becomes_a_routing_table(name: str) -> None:
    row = {"id": "1", "pid": "", "code": "H53", "name": "Tỉnh Mẫu", "version": 1, "centerCode": "00.53.W00"}
    with serving(ok(data=[row])) as server:
        raw = client(server).registry(name, level=1)
    assert json.loads(raw)["data"] == [row]
    assert [agency.code for agency in RoutingTable.load(raw, format=f"axis-{name}")] == ["H53"]


def test_another_list_is_not_offered() -> None:
    with serving(ok()) as server, pytest.raises(OwnFaultError, match="carrier-unsupported"):
        client(server).registry("all")


# -- sending ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("send_to", "kind", "named"),
    [
        ("documents", Kind.DOCUMENT, True),
        ("documents", Kind.STATUS, False),
        ("always", Kind.STATUS, True),
        ("never", Kind.DOCUMENT, False),
    ],
)
def test_recipients_are_named_where_that_is_wanted(send_to: Any, kind: Kind, named: bool) -> None:
    with serving(ok(DocId="x1")) as server:
        receipt = carrier(server, send_to=send_to, name="truc").submit(outgoing(kind=kind), ["H1", "H2", "H1"])
    [seen] = server.seen
    assert seen.headers.get("xroadvnpt-to") == ('["H1","H2"]' if named else None)
    assert seen.headers["xroadvnpt-messagetype"] == kind.value
    assert (receipt.carrier, receipt.transport_id, receipt.accepted) == ("truc", "x1", ("H1", "H2"))
    assert (receipt.accepted_at, receipt.refused, json.loads(receipt.raw)["DocId"]) == (NOW, (), "x1")


@pytest.mark.parametrize("style", ["vnpt", "hex"])
def test_the_hash_of_the_file_has_two_styles(style: Any) -> None:
    with serving(ok(DocId="x")) as server:
        client(server, hash_style=style).send(outgoing())
    assert server.seen[0].headers["xroadvnpt-hash-file"] == hash_file(hashlib.sha256(PACKET).digest(), style)


@pytest.mark.parametrize(("size", "fits"), [(100, True), (101, False)])
def test_the_largest_packet(size: int, fits: bool) -> None:
    with serving(ok(DocId="x")) as server:
        submit = carrier(server, max_bytes=100).submit
        if fits:
            submit(outgoing(b"x" * size), ["H1"])
        else:
            with pytest.raises(OwnFaultError, match="carrier-too-big"):
                submit(outgoing(b"x" * size), ["H1"])
    assert len(server.seen) == fits


def test_more_recipients_than_headers_can_name_are_told_before_anything_is_sent() -> None:
    codes = [f"H53.{number:04d}" for number in range(2500)]
    with serving(ok(DocId="x")) as server:
        with pytest.raises(OwnFaultError, match="carrier-parameter"):
            carrier(server).submit(outgoing(), codes)
        assert server.seen == []
        assert len(carrier(server, send_to="never").submit(outgoing(), codes).accepted) == 2500


@pytest.mark.parametrize("recipients", [[], ()])
def test_a_packet_needs_a_recipient(recipients: Any) -> None:
    with serving(ok()) as server, pytest.raises(OwnFaultError, match="carrier-recipients-missing"):
        carrier(server).submit(outgoing(), recipients)


def test_a_single_text_is_no_list_of_recipients() -> None:
    with serving(ok()) as server, pytest.raises(OwnFaultError, match="recipients") as error:
        carrier(server).submit(outgoing(), "H14")
    assert error.value.code == "carrier-parameter"
    assert server.seen == []


@pytest.mark.parametrize("sender", ["tiếng Việt", "a\r\nX-Evil: 1"])
def test_a_strange_sender_never_becomes_a_header(sender: str) -> None:
    with serving(ok()) as server, pytest.raises(OwnFaultError, match="carrier-parameter"):
        carrier(server).submit(outgoing(sender=sender), ["H1"])
    assert server.seen == []


REFUSED = [
    ("10", OwnFaultError, "carrier-refused"),
    ("15", OwnFaultError, "carrier-credentials"),
    ("18", OwnFaultError, "carrier-unknown-recipient"),
    ("19", OwnFaultError, "carrier-unknown-sender"),
    ("20", PeerFaultError, "carrier-failed"),
    ("21", OwnFaultError, "carrier-refused"),
    ("22", OwnFaultError, "carrier-refused"),
    ("23", OwnFaultError, "carrier-recipient-closed"),
    ("24", OwnFaultError, "carrier-item-unknown"),
    ("777", PeerFaultError, "carrier-failed"),
]


@pytest.mark.parametrize(("number", "kind", "code"), REFUSED)
def test_a_refusal_with_http_200_is_a_coded_error_in_the_words_of_the_axis(
    number: str, kind: type[TransportError], code: str
) -> None:
    with serving(failing(number, "Đơn vị H2 không hợp lệ SECRETxyz")) as server, pytest.raises(kind) as caught:
        carrier(server).submit(outgoing(), ["H1", "H2"])
    error = caught.value
    assert error.code == code
    assert error.retry is (Retry.SAFE if kind is PeerFaultError else Retry.NEVER)
    assert SECRET not in str(error) + repr(error.values)
    if "recipient" in code:
        assert error.values["recipient"] == "H2"
    assert error.values["detail"] == f"{number}: Đơn vị H2 không hợp lệ ***"


def test_the_table_of_refusals_is_tested_whole() -> None:
    assert {number for number, _, _ in REFUSED} - {"777"} == set(VXP_FAULTS)


def test_a_wrong_clock_is_told_apart_from_a_wrong_secret() -> None:
    late = (("Date", "Sun, 22 Nov 2026 17:20:45 GMT"),)
    body = {"status": "FAIL", "ErrorCode": "15", "ErrorDesc": "sai"}
    with serving(answer(body, headers=late), answer(body, headers=(("Date", "x"),))) as server:
        with pytest.raises(OwnFaultError) as caught:
            client(server).received(Kind.STATUS)
        assert (caught.value.code, caught.value.values["seconds"]) == ("carrier-clock", 1020)
        with pytest.raises(OwnFaultError, match="carrier-credentials"):
            client(server).received(Kind.STATUS)


@pytest.mark.parametrize(
    "body",
    [
        {"status": "OK", "ErrorCode": "5"},
        {"status": "FAIL", "ErrorCode": "0"},
        {"status": "Fail"},
        {"status": "error", "ErrorCode": None, "ErrorDesc": None},
    ],
)
def test_half_a_success_is_a_failure(body: dict[str, Any]) -> None:
    with serving(answer({**body, "DocId": "x"})) as server, pytest.raises(PeerFaultError) as caught:
        client(server).send(outgoing())
    assert (caught.value.code, caught.value.retry) == ("carrier-failed", Retry.SAFE)


@pytest.mark.parametrize(
    "body", [{}, {"status": "maybe"}, {"status": None}, {"status": "OK"}, {"status": "OK", "DocId": " "}, [], 7]
)
def test_an_answer_that_does_not_say_what_was_done_leaves_the_outcome_open(body: Any) -> None:
    with serving(answer(json.dumps(body))) as server, pytest.raises(PeerFaultError) as caught:
        client(server).send(outgoing())
    assert (caught.value.code, caught.value.retry) == ("carrier-nonsense", Retry.UNKNOWN)


def test_a_refusal_with_a_status_of_its_own_is_read_too() -> None:
    body = {"status": "FAIL", "ErrorCode": "15", "ErrorDesc": "sai khóa"}
    with serving(answer(body, status=401), answer(body, status=500)) as server:
        for _ in range(2):
            with pytest.raises(OwnFaultError) as caught:
                client(server).send(outgoing())
            assert (caught.value.code, caught.value.values["detail"]) == ("carrier-credentials", "15: sai khóa")


def test_an_own_fault_of_the_axis_with_http_500_leaves_the_outcome_open() -> None:
    body = {"status": "FAIL", "ErrorCode": "20", "ErrorDesc": "lỗi"}
    with serving(answer(body, status=500)) as server, pytest.raises(PeerFaultError) as caught:
        client(server).send(outgoing())
    assert (caught.value.code, caught.value.retry) == ("carrier-failed", Retry.UNKNOWN)


# -- what waits ------------------------------------------------------------------------------------


def test_pages_are_windows_of_dates_halved_while_an_answer_is_too_big() -> None:
    """500 rows over a year, some 90 octets each, in answers of at most 4 KiB: each comes once, the oldest first."""
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    times = {f"d{i:04d}": start + datetime.timedelta(hours=15 * i) for i in range(500)}

    def local(at: datetime.datetime) -> str:
        return (at + datetime.timedelta(hours=7)).strftime("%d/%m/%Y %H:%M:%S")

    def read(text: str) -> datetime.datetime:
        moment = datetime.datetime.strptime(text, "%d/%m/%Y %H:%M:%S").replace(tzinfo=datetime.UTC)
        return moment - datetime.timedelta(hours=7)

    def reply(connection: Any, seen: Any) -> None:
        since = read(seen.headers.get("xroadvnpt-fromdate", "01/01/2000 00:00:00"))
        until = read(seen.headers.get("xroadvnpt-todate", "01/01/2100 00:00:00"))
        rows = [
            {"docId": name, "created_time": local(at), "status": "initial"}
            for name, at in reversed(times.items())
            if since <= at <= until
        ]
        connection.sendall(answer(ok_fields(rows), close=True))

    def ok_fields(rows: list[dict[str, str]]) -> dict[str, Any]:
        return {"status": "OK", "ErrorCode": "0", "data": rows}

    small = HttpOptions(max_list=4096, pause=0)
    with serving(reply) as server:
        found = [item.id for item in carrier(server, options=small).pending(Kind.STATUS)]
        asked = len(server.seen)
        whole = [item.id for item in carrier(server).pending(Kind.STATUS)]
        windows = carrier(server, window=datetime.timedelta(days=3), lookback=datetime.timedelta(days=30))
        windowed = [item.id for item in windows.pending(Kind.STATUS)]
    assert found == whole == windowed == sorted(times)
    assert asked < 120


def test_more_in_one_minute_than_an_answer_holds_is_told() -> None:
    rows = [{"docId": f"{i:024d}", "created_time": "01/01/2026 00:00:00"} for i in range(100)]
    with serving(ok(data=rows)) as server, pytest.raises(PeerFaultError, match="carrier-answer-too-big"):
        list(carrier(server, options=HttpOptions(max_list=1024)).pending(Kind.STATUS))


def written(at: datetime.datetime) -> str:
    return (at + datetime.timedelta(hours=7)).strftime("%d/%m/%Y %H:%M:%S")


def waiting(times: list[datetime.datetime], *, keeps_to_dates: bool = True) -> Any:
    """Return what answers with one status for each of *times* (sorted), in rows as the axis writes them."""
    rows = [
        json.dumps(
            {
                "docId": f"{place:024x}", "serviceType": "eDoc", "messageType": "status", "created_time": written(at),
                "updated_time": written(at), "from": "H41.12", "to": "H14.12", "status": "initial",
            }
        )
        for place, at in enumerate(times)
    ]  # fmt: skip

    def bound(seen: Any, name: str) -> datetime.datetime:
        text = seen.headers[f"xroadvnpt-{name}"]
        moment = datetime.datetime.strptime(text, "%d/%m/%Y %H:%M:%S").replace(tzinfo=datetime.UTC)
        return moment - datetime.timedelta(hours=7)

    def reply(connection: Any, seen: Any) -> None:
        first, last = 0, len(rows)
        if keeps_to_dates and "xroadvnpt-fromdate" in seen.headers:
            first = bisect.bisect_left(times, bound(seen, "fromdate"))
            last = bisect.bisect_right(times, bound(seen, "todate"))
        text = ",".join(rows[first:last])
        connection.sendall(answer(f'{{"status":"OK","ErrorCode":"0","data":[{text}]}}', close=True))

    return reply


def every(count: int, **step: float) -> list[datetime.datetime]:
    start = NOW - datetime.timedelta(days=20)
    return [start + place * datetime.timedelta(**step) for place in range(count)]


LISTING = """
import resource, sys
from vndoc.transport import Kind
from vndoc.transport.http import HttpOptions
from vndoc.transport.vxp import VxpTransport
url, page = sys.argv[1], int(sys.argv[2])
carrier = VxpTransport.connect(url, system_id="a", secret="SECRETxyz", http=HttpOptions(max_page=page))
list(carrier.changes())  # whatever is loaded late is loaded now
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert [int(item.id, 16) for item in carrier.pending(Kind.STATUS)] == list(range(int(sys.argv[3])))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the unit of ru_maxrss is Linux'")
@pytest.mark.parametrize(
    ("count", "page", "megabytes"),
    [(20_000, 128 * 1024, 12), pytest.param(100_000, 2 * 1024 * 1024, 40, marks=pytest.mark.long)],
)
def test_memory_does_not_grow_with_what_waits(count: int, page: int, megabytes: int) -> None:
    """In one answer they took 30 and 158 MB; a list of their numbers, which the client keeps, takes 0.6 and 3."""
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=20)
    times = [start.replace(microsecond=0) + datetime.timedelta(seconds=10) * place for place in range(count)]
    with serving(ok(data=[]), waiting(times)) as server:
        given = [sys.executable, "-c", LISTING, server.url, str(page), str(count)]
        done = subprocess.run(given, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        assert float(done.stdout) < megabytes


def test_an_axis_that_does_not_look_at_dates_is_asked_for_all_at_once() -> None:
    times = every(2_000, minutes=1)
    with serving(waiting(times, keeps_to_dates=False)) as server:
        small = carrier(server, options=HttpOptions(max_page=10_000, pause=0))
        assert [int(item.id, 16) for item in small.pending(Kind.STATUS)] == list(range(2_000))
        assert len(server.seen) == 3


def test_what_came_within_a_second_may_take_the_longer_answer() -> None:
    moment = every(1)[0]
    times = [moment - datetime.timedelta(days=400)] * 5 + [moment] * 300 + every(5, days=1)[1:]
    with serving(waiting(times)) as server:
        small = carrier(server, options=HttpOptions(max_page=10_000, pause=0))
        assert [int(item.id, 16) for item in small.pending(Kind.STATUS)] == list(range(len(times)))


def test_what_seems_to_be_from_before_the_axis_began_is_offered_too() -> None:
    times = [datetime.datetime(2009, 1, 1, tzinfo=datetime.UTC), *every(300, hours=1)]
    with serving(waiting(times)) as server:
        small = carrier(server, options=HttpOptions(max_page=10_000, pause=0))
        assert [int(item.id, 16) for item in small.pending(Kind.STATUS)] == list(range(301))


@pytest.mark.parametrize("data", [None, []])
def test_nothing_waits(data: Any) -> None:
    with serving(ok(data=data)) as server:
        assert list(carrier(server).pending(Kind.DOCUMENT)) == []


@pytest.mark.parametrize("data", ["", {}, 5])
def test_a_list_that_is_none_is_nonsense(data: Any) -> None:
    with serving(ok(data=data)) as server, pytest.raises(PeerFaultError, match="carrier-nonsense"):
        list(carrier(server).pending(Kind.DOCUMENT))


# -- fetching --------------------------------------------------------------------------------------

ITEM = Item(id="5b86", kind=Kind.DOCUMENT)


def fetched(*script: Any, **how: Any) -> bytes:
    with serving(*script) as server, carrier(server, **how).fetch(ITEM) as content, content.open() as file:
        data = file.read()
        assert content.sha256 == hashlib.sha256(data).digest()
        assert content.size == len(data)
        return data


@pytest.mark.parametrize("media_type", ["application/octet-stream", "text/xml", "application/json", "text/html", ""])
@pytest.mark.parametrize("data", [PACKET, b"\xef\xbb\xbf<?xml version='1.0'?><edXML/>", b"1212<edXML/>", b"<e/>\r\n"])
def test_a_packet_is_taken_for_what_it_is_not_for_its_media_type(data: bytes, media_type: str) -> None:
    assert fetched(answer(data, media_type=media_type)) == data


def test_a_part_of_a_packet_is_no_packet() -> None:
    """HTTP 206 says that something is missing, and nobody asked for a part."""
    with serving(answer(b"<edXML>", status=206)) as server, pytest.raises(PeerFaultError) as error:
        client(server).download("5b86")
    assert (error.value.code, error.value.retry) == ("carrier-nonsense", Retry.SAFE)


def test_getedoc_stands_in_where_downloads_are_not_offered() -> None:
    base64_answer = ok(data=base64.b64encode(PACKET).decode())
    with serving(answer(status=404), base64_answer) as server:
        axis = carrier(server)
        for _ in range(2):
            axis.fetch(ITEM).close()
    assert [seen.target for seen in server.seen] == ["/downloadEdoc", "/getEdoc", "/getEdoc"]


def test_an_item_that_is_not_there() -> None:
    with serving(failing("24"), answer(json.dumps({"status": "FAIL", "ErrorCode": "24"}), status=404)) as server:
        for _ in range(2):
            with pytest.raises(OwnFaultError, match="carrier-item-unknown"):
                carrier(server).fetch(ITEM)


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ([answer(b"")], "carrier-nonsense"),
        ([answer(b" \r\n ")], "carrier-nonsense"),
        ([answer(b"<!DOCTYPE html><html>", media_type="text/html")], "carrier-nonsense"),
        ([answer(b"\n<HTML>x")], "carrier-nonsense"),
        ([ok()], "carrier-nonsense"),
        ([answer(b"[1, 2]")], "carrier-nonsense"),
        ([answer(b"x" * 600 + b"<edXML/>")], "carrier-nonsense"),
        ([answer(b"{" + b" " * 100_000)], "carrier-nonsense"),
        ([failing("20")], "carrier-failed"),
        ([answer(status=404), ok()], "carrier-nonsense"),
        ([answer(status=404), ok(data="")], "carrier-nonsense"),
        ([answer(status=404), ok(data="PGVkWE1MLz4")], "carrier-nonsense"),
        ([answer(status=404), ok(data="PGVk*E1MLz4=")], "carrier-nonsense"),
        ([answer(status=404), ok(data=["x"])], "carrier-nonsense"),
        ([answer(status=404), answer(b'{"status":"OK","ErrorCode":"0","data":"PGVk')], "carrier-nonsense"),
        ([answer(status=404), answer(b"<html>")], "carrier-nonsense"),
        ([answer(status=404), failing("20")], "carrier-failed"),
        ([answer(status=404), answer({"status": "FAIL", "ErrorCode": "20", "data": "QQ=="})], "carrier-failed"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n<edXML>"], "carrier-interrupted"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n<edXML>\r\n"], "carrier-interrupted"),
        ([b"HTTP/1.1 200 OK\r\n\r\n<edXML><a>half of it"], "carrier-interrupted"),
    ],
)
def test_what_is_no_packet_is_refused_and_may_be_fetched_again(script: list[bytes], code: str) -> None:
    with serving(*script) as server, pytest.raises(PeerFaultError) as caught:
        carrier(server).fetch(ITEM)
    assert (caught.value.code, caught.value.retry) == (code, Retry.SAFE)


def test_an_old_server_without_lengths_is_understood() -> None:
    assert fetched(b"HTTP/1.0 200 OK\r\n\r\n" + PACKET + b"\r\n") == PACKET + b"\r\n"
    long = b"<edXML>" + b"x" * 5000 + b"</edXML>"
    assert fetched(b"HTTP/1.0 200 OK\r\n\r\n" + long) == long


@pytest.mark.parametrize(("size", "fits"), [(1000, True), (1001, False)])
@pytest.mark.parametrize("fallback", [False, True])
def test_a_packet_that_is_too_big(size: int, fits: bool, fallback: bool) -> None:
    data = b"<e>" + b"x" * (size - 7) + b"</e>"
    script = [answer(status=404), ok(data=base64.b64encode(data).decode())] if fallback else [answer(data)]
    if fits:
        assert fetched(*script, max_bytes=1000) == data
        return
    with pytest.raises(PeerFaultError) as caught:
        fetched(*script, max_bytes=1000)
    assert (caught.value.code, caught.value.retry) == ("carrier-answer-too-big", Retry.NEVER)


# -- settings --------------------------------------------------------------------------------------


def test_settings_that_cannot_be_used() -> None:
    with serving(ok()) as server:
        for how in ({"secret": "abc"}, {"hash_style": "md5"}):
            with pytest.raises(OwnFaultError, match="carrier-configuration"):
                client(server, **how)
        for how in ({"send_to": "all"}, {"window": datetime.timedelta(seconds=59)}):
            with pytest.raises(OwnFaultError, match="carrier-configuration"):
                carrier(server, **how)
        assert carrier(server, window=datetime.timedelta(seconds=60)).features.fans_out


def test_a_carrier_shows_no_secret() -> None:
    with serving(ok()) as server:
        axis = carrier(server)
        assert SECRET not in repr(axis) + repr(axis.client) + str(vars(axis.client))
        axis.close()
        axis.close()
