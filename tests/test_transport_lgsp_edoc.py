"""The provincial LGSP and eDoc REST: what is asked, what is made of the answers, tokens and windows."""

from __future__ import annotations

import base64
import datetime
import email.parser
import email.policy
import hashlib
import importlib
import json
import threading
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest

from conftest import ROOT
from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import OwnFaultError, PeerFaultError, Retry, TransportError
from vndoc.transport import Item, ItemState, Kind, Outgoing, Settlement, Transport
from vndoc.transport.edoc_rest import EdocRestClient, EdocRestTransport
from vndoc.transport.faults import EDOC_FAULTS, LGSP_FAULTS
from vndoc.transport.http import HttpOptions
from vndoc.transport.lgsp import MAX_BYTES, LgspClient, LgspTransport
from vndoc.transport.secret import Secret
from wire_support import Seen, Server, answer, serving

QUICK = HttpOptions(connect_timeout=5, read_timeout=5, total_timeout=10, transfer_timeout=10, pause=0)
NOW = datetime.datetime(2026, 11, 22, 17, 3, 45, tzinfo=datetime.UTC)  # the 23rd in Vietnam
PACKET = b"<edXML>mau</edXML>"
ITEM = Item(id="5b86", kind=Kind.DOCUMENT)
TOKEN = "the-kien-1"
LOGIN = answer({"code": 200, "data": {"token": TOKEN}})


def lgsp(server: Server, *, monotonic: Callable[[], float] | None = None, **how: Any) -> LgspTransport:
    clocks = {} if monotonic is None else {"monotonic": monotonic}
    settings = {
        "username": "nguoi-dung",
        "password": Secret("mat-khau"),
        "system_id": "sys",
        "secret": Secret("khoa-bi-mat"),
    }
    client = LgspClient(server.url, application_code="app", options=QUICK, now=lambda: NOW, **settings, **clocks)
    return LgspTransport(client, now=lambda: NOW, **how, **clocks)


def small_pages(transport: LgspTransport, octets: int) -> LgspTransport:
    transport.client.http.options = attrs.evolve(QUICK, max_page=octets)
    return transport


def edoc(server: Server, **how: Any) -> EdocRestTransport:
    client = EdocRestClient(f"{server.url}/EdocService", organ="H53", token=Secret("the-kien-bi-mat"), options=QUICK)
    return EdocRestTransport(client, now=lambda: NOW, **how)


def outgoing(data: bytes = PACKET, *, kind: Kind = Kind.DOCUMENT, sender: str = "H53") -> Outgoing:
    return Outgoing(
        message_id="1", kind=kind, sender=sender, content=MemoryOctets(data), sha256=hashlib.sha256(data).digest()
    )


def fine(data: Any = None) -> bytes:
    return answer({"code": 0, "message": "OK", "count": 1, "data": data, "errorDetail": []})


def good(**fields: Any) -> bytes:
    return answer({"status": "Success", "code": "0", "errors": [], **fields})


def failing(call: Callable[[], object]) -> TransportError:
    with pytest.raises(TransportError) as caught:
        call()
    for secret in ("mat-khau", "khoa-bi-mat", TOKEN, "the-kien-bi-mat"):
        assert secret not in str(caught.value) + repr(caught.value.values)
    return caught.value


# -- LGSP ------------------------------------------------------------------------------------------


def test_lgsp_logs_in_once_and_shows_who_it_is() -> None:
    with serving(LOGIN, fine([])) as server:
        axis = lgsp(server, lookback=1, deep=1)
        list(axis.pending(Kind.DOCUMENT))
        list(axis.pending(Kind.STATUS))
    login, first, second = server.seen
    assert (login.method, login.target) == ("POST", "/v1/auth/login?allow_anonymous=true")
    assert json.loads(login.body) == {
        "username": "nguoi-dung", "password": "mat-khau", "applicationCode": "app", "otp": None,
        "twoFactorProvider": None, "typeObjs": [0, 1],
    }  # fmt: skip
    assert (first.headers["authorization"], first.headers["x-systemid"]) == (f"Bearer {TOKEN}", "sys")
    assert (first.headers["x-secretkey"], login.headers.get("x-secretkey")) == ("khoa-bi-mat", None)
    assert parse_qs(urlsplit(second.target).query) == {
        "messageType": ["status"], "fromDate": ["2026/11/22"], "toDate": ["2026/11/24"]
    }  # fmt: skip


def test_lgsp_keeps_its_token_for_29_minutes() -> None:
    clock = [0.0]
    with serving(LOGIN, fine(), fine(), LOGIN, fine()) as server:
        axis = lgsp(server, monotonic=lambda: clock[0])
        for at in (0.0, 29 * 60 - 1, 29 * 60):
            clock[0] = at
            axis.settle(ITEM, Settlement.FAIL)
    logins = [seen.target.startswith("/v1/auth") for seen in server.seen]
    assert logins == [True, False, False, True, False]


def test_lgsp_logs_in_again_once_where_the_token_is_refused() -> None:
    again = answer({"code": 200, "data": {"token": "the-kien-2"}})
    with serving(LOGIN, fine(), answer(status=401), again, fine({"docId": "x"})) as server:
        axis = lgsp(server)
        axis.settle(ITEM, Settlement.DONE)
        assert axis.submit(outgoing(), ["H1"]).transport_id == "x"
        assert server.seen[-1].headers["authorization"] == "Bearer the-kien-2"
        assert server.seen[2].body[33:] == server.seen[4].body[33:]  # the same packet, whole
    with serving(LOGIN, answer(status=401)) as server:
        assert failing(lambda: lgsp(server).settle(ITEM, Settlement.DONE)).code == "carrier-credentials"
        assert len(server.seen) == 2
    with serving(LOGIN, fine(), answer(status=401)) as server:
        axis = lgsp(server)
        axis.settle(ITEM, Settlement.FAIL)
        assert failing(lambda: axis.settle(ITEM, Settlement.FAIL)).code == "carrier-credentials"
        assert len(server.seen) == 4


def test_lgsp_logs_in_once_for_several_threads() -> None:
    with serving(LOGIN, *[fine()] * 4) as server:
        axis = lgsp(server)
        line = threading.Barrier(4)

        def settle(_: int) -> None:
            line.wait()
            axis.settle(ITEM, Settlement.FAIL)

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(settle, range(4)))
    assert [seen.target.startswith("/v1/auth") for seen in server.seen] == [True, False, False, False, False]


@pytest.mark.parametrize(
    "body",
    [{}, {"code": 200}, {"code": 200, "data": {}}, {"code": 0, "data": {"token": "a\r\nb"}}, {"code": 0, "data": "x"}],
)
def test_lgsp_gets_no_token(body: Any) -> None:
    with serving(answer(body)) as server:
        assert failing(lambda: lgsp(server).settle(ITEM, Settlement.DONE)).code == "carrier-nonsense"


@pytest.mark.parametrize("data", [PACKET, b"x" * 500_000])
@pytest.mark.parametrize("kind", Kind)
def test_lgsp_sends_a_form(data: bytes, kind: Kind) -> None:
    """The form is read by the standard library's parser of MIME."""
    with serving(LOGIN, fine({"docId": 17})) as server:
        receipt = lgsp(server, name="lang-son").submit(outgoing(data, kind=kind), ["H1", "H2", "H1"])
    sent = server.seen[1]
    head = f"Content-Type: {sent.headers['content-type']}\r\n\r\n".encode()
    form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + sent.body)
    parts = {part.get_param("name", header="content-disposition"): part for part in form.iter_parts()}
    assert (sent.method, sent.target, set(parts)) == ("POST", "/v1/sendEdoc", {"messageType", "edocFile"})
    assert parts["messageType"].get_payload(decode=True) == kind.value.encode()
    file = parts["edocFile"]
    assert (file.get_content_type(), file.get_filename()) == ("application/xml", "packet.edxml")
    assert file.get_payload(decode=True) == data
    assert (receipt.carrier, receipt.transport_id, receipt.accepted) == ("lang-son", "17", ("H1", "H2"))
    assert (receipt.accepted_at, json.loads(receipt.raw)["data"]) == (NOW, {"docId": 17})


def test_lgsp_states_its_limit() -> None:
    class Big:
        size = MAX_BYTES + 1

    with serving(LOGIN, fine("x")) as server:
        axis = lgsp(server)
        packet = Outgoing(message_id="1", kind=Kind.DOCUMENT, sender="H1", content=Big(), sha256=bytes(32))  # type: ignore[arg-type]
        error = failing(lambda: axis.submit(packet, ["H1"]))
        assert (axis.features.max_bytes, error.code, error.values["size"]) == (50 << 20, "carrier-too-big", Big.size)
        small = lgsp(server, max_bytes=len(PACKET))
        assert small.submit(outgoing(), ["H1"]).transport_id == "x"
        assert failing(lambda: small.submit(outgoing(PACKET + b" "), ["H1"])).code == "carrier-too-big"


LGSP_REFUSALS = [
    ("10", "carrier-refused"), ("15", "carrier-credentials"), ("18", "carrier-unknown-recipient"),
    ("19", "carrier-unknown-sender"), ("20", "carrier-failed"), ("21", "carrier-refused"), ("22", "carrier-refused"),
    ("23", "carrier-recipient-closed"), ("24", "carrier-item-unknown"), ("99", "carrier-failed"),
]  # fmt: skip


@pytest.mark.parametrize(("number", "code"), LGSP_REFUSALS)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_every_code_of_lgsp_has_its_outcome(number: str, code: str, status: int) -> None:
    body = {"code": int(number), "message": "Lỗi", "data": None, "errorDetail": [f"H2 {TOKEN}", 5]}
    with serving(LOGIN, answer(body, status=status)) as server:
        error = failing(lambda: lgsp(server).submit(outgoing(), ["H1", "H2"]))
    if number == "99" and status == 400:
        code = "carrier-refused"  # nobody knows the code: the status of HTTP counts
    assert error.code == code
    own = code != "carrier-failed"
    assert isinstance(error, OwnFaultError if own else PeerFaultError)
    assert error.retry is (Retry.NEVER if own else Retry.SAFE if status == 200 else Retry.UNKNOWN)
    if status == 200 or number in LGSP_FAULTS:
        assert "recipient" not in code or status != 200 or error.values["recipient"] == "H2"
        assert error.values["detail"] == f"{number}: Lỗi H2 ***; 5"


def test_the_table_of_lgsp_is_tested_whole() -> None:
    assert {number for number, _ in LGSP_REFUSALS} - {"99"} == set(LGSP_FAULTS)


@pytest.mark.parametrize("data", [None, {}, [], {"docId": ""}])
def test_lgsp_gives_no_id(data: Any) -> None:
    with serving(LOGIN, fine(data)) as server:
        error = failing(lambda: lgsp(server).submit(outgoing(), ["H1"]))
        assert (error.code, error.retry) == ("carrier-nonsense", Retry.UNKNOWN)


def test_lgsp_lists_in_windows_that_leave_no_gap() -> None:
    """Whether the last day of a window counts is not known: every day is inside of a window, or its first."""
    clock = [0.0]

    def reply(connection: Any, seen: Seen) -> None:
        query = parse_qs(urlsplit(seen.target).query)
        if not query.get("fromDate"):
            connection.sendall(LOGIN.replace(b"Content-Type", b"Connection: close\r\nContent-Type"))
            return
        first, last = (datetime.date.fromisoformat(query[n][0].replace("/", "-")) for n in ("fromDate", "toDate"))
        windows.append((first, last))
        rows = [{"docId": f"{day}", "created_time": f"{day} 08:00:00"} for day in days if first <= day <= last]
        body = {"code": 0, "data": rows[::-1]}
        connection.sendall(answer(body, close=True))

    days = [datetime.date(2025, 11, 23) + datetime.timedelta(days=i) for i in range(366)]
    windows: list[tuple[datetime.date, datetime.date]] = []
    with serving(reply) as server:
        axis = lgsp(server, monotonic=lambda: clock[0])
        found = [item.id for item in axis.pending(Kind.DOCUMENT)]
        assert found == [str(day) for day in days]
        covered = {first + datetime.timedelta(days=i) for first, last in windows for i in range((last - first).days)}
        assert covered >= set(days)
        assert all((last - first).days <= 7 for first, last in windows)
        for at, least, most in ((86_399.0, 3, 3), (86_400.0, 61, 62), (86_401.0, 3, 3)):
            clock[0] = at
            windows.clear()
            list(axis.pending(Kind.DOCUMENT))
            assert least <= len(windows) <= most


@pytest.mark.parametrize("last_counts", [True, False])
def test_lgsp_asks_for_fewer_days_where_a_page_does_not_hold_them(last_counts: bool) -> None:
    spans = set()

    def reply(connection: Any, seen: Seen) -> None:
        query = parse_qs(urlsplit(seen.target).query)
        if not query.get("fromDate"):
            connection.sendall(LOGIN.replace(b"Content-Type", b"Connection: close\r\nContent-Type"))
            return
        first, last = (datetime.date.fromisoformat(query[n][0].replace("/", "-")) for n in ("fromDate", "toDate"))
        spans.add((last - first).days)
        until = last if last_counts else last - datetime.timedelta(days=1)
        rows = [
            {"docId": f"{day}/{i}", "created_time": f"{day} 08:00:0{i}"} for day, i in all_ if first <= day <= until
        ]
        connection.sendall(answer({"code": 0, "data": rows}, close=True))

    all_ = [(datetime.date(2026, 11, 2) + datetime.timedelta(days=d), i) for d in range(22) for i in range(10)]
    with serving(reply) as server:
        axis = small_pages(lgsp(server, lookback=30, deep=30), 1000)
        assert [item.id for item in axis.pending(Kind.STATUS)] == [f"{day}/{i}" for day, i in all_]
    assert spans == {1, 2, 3, 6}


def test_a_look_that_was_broken_off_is_not_the_deep_one() -> None:
    with serving(LOGIN, fine([]), answer(status=500), fine([])) as server:
        axis = lgsp(server, deep=30, lookback=1)
        assert failing(lambda: list(axis.pending(Kind.DOCUMENT))).code == "carrier-failed"
        before = len(server.seen)
        list(axis.pending(Kind.DOCUMENT))
        assert len(server.seen) - before == 6


@pytest.mark.parametrize("days", [-1, 8])
def test_lgsp_windows_are_bounded(days: int) -> None:
    day = datetime.date(2026, 1, 1)
    with serving(fine([])) as server:
        error = failing(lambda: lgsp(server).client.received(Kind.STATUS, day, day + datetime.timedelta(days=days)))
        assert (error.code, server.seen) == ("carrier-parameter", [])


def test_lgsp_reads_rows_and_agencies() -> None:
    row = {"docId": "a", "from": "H1", "to": "H2", "created_time": "2026/11/23 00:03:45", "status": "processing"}
    with serving(LOGIN, fine([row, {}, {"docId": "b", "status": "done"}])) as server:
        [item] = lgsp(server, lookback=1, deep=1).pending(Kind.DOCUMENT)
        assert (item.id, item.sender, item.recipient, item.state) == ("a", "H1", "H2", ItemState.PROCESSING)
        assert item.created == NOW
    with serving(LOGIN, fine([{"id": 1, "code": "H53", "name": "Tỉnh", "oldCode": "000.00.00.H53"}])) as server:
        [agency] = lgsp(server).agencies()
        assert (agency.code, agency.old_code, agency.id) == ("H53", "000.00.00.H53", "1")
    with serving(LOGIN, fine({"no": "list"})) as server:
        assert failing(lambda: list(lgsp(server).agencies())).code == "carrier-nonsense"


@pytest.mark.parametrize("settlement", Settlement)
def test_lgsp_settles_in_the_words_of_the_axis(settlement: Settlement) -> None:
    with serving(LOGIN, fine()) as server:
        lgsp(server).settle(ITEM, settlement)
        assert json.loads(server.seen[1].body) == {"docId": "5b86", "status": settlement.value}


def test_lgsp_fetches() -> None:
    with serving(LOGIN, fine({"data": base64.b64encode(PACKET).decode()})) as server:
        with lgsp(server).fetch(Item(id="a/b c&ộ", kind=Kind.DOCUMENT)) as content, content.open() as file:
            assert file.read() == PACKET
        assert server.seen[1].target == "/v1/getEdoc?docId=a%2Fb%20c%26%E1%BB%99"
    for script in (fine(), fine({}), fine({"data": None}), fine({"data": "?"}), answer(b"<html>"), answer(b"[]")):
        with serving(LOGIN, script) as server:
            error = failing(lambda server=server: lgsp(server).fetch(ITEM))
            assert (error.code, error.retry) == ("carrier-nonsense", Retry.SAFE)


@pytest.mark.parametrize("item", ["", "a" * 1025, "\udcff"])
def test_lgsp_ids_that_are_none(item: str) -> None:
    with serving(LOGIN) as server:
        assert failing(lambda: lgsp(server).fetch(Item(id=item, kind=Kind.DOCUMENT))).code == "carrier-parameter"


def test_lgsp_carries_what_it_is_told_to() -> None:
    with serving(LOGIN, fine("x")) as server:
        axis = lgsp(server, kinds=frozenset({Kind.DOCUMENT}), senders=["H53"])
        assert failing(lambda: list(axis.pending(Kind.STATUS))).code == "carrier-unsupported"
        assert failing(lambda: axis.submit(outgoing(kind=Kind.STATUS), ["H1"])).code == "carrier-unsupported"
        assert failing(lambda: axis.submit(outgoing(sender="H1"), ["H1"])).code == "carrier-unknown-sender"
        assert axis.submit(outgoing(), ["H1"]).transport_id == "x"


def test_settings_that_cannot_be_used() -> None:
    with serving(fine()) as server:
        for how in ({"lookback": 0}, {"deep": 3651}, {"lookback": 3651}):
            assert failing(lambda how=how: lgsp(server, **how)).code == "carrier-configuration"
        assert lgsp(server, lookback=3650, deep=1)
        settings = {"username": "x", "password": Secret("x"), "system_id": "x", "secret": Secret("x")}
        for name, value in (("password", "x"), ("secret", "x"), ("secret", Secret("")), ("system_id", "ệ")):
            bad = {**settings, name: value}
            assert failing(lambda bad=bad: LgspClient(server.url, **bad)).code == "carrier-configuration"  # type: ignore[arg-type]
        for organ, token in (("H1", "x"), ("", Secret("x")), ("H1", Secret("a\nb")), ("ệ", Secret("x"))):
            make = lambda o=organ, t=token: EdocRestClient(server.url, organ=o, token=t)  # type: ignore[arg-type]  # noqa: E731
            assert failing(make).code == "carrier-configuration"


# -- eDoc REST -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "word"), [(Kind.DOCUMENT, "EDOC"), (Kind.STATUS, "STATUS")])
def test_edoc_asks_as_the_product_does(kind: Kind, word: str) -> None:
    script = [
        good(docId=17), good(data=[{"docId": 5, "organId": "H53"}, {"docId": "6"}, {"docId": 5}, {}, 7]),
        good(data=base64.b64encode(PACKET).decode()), good(),
    ]  # fmt: skip
    with serving(*script) as server:
        axis = edoc(server)
        receipt = axis.submit(outgoing(kind=kind), ["H1", "H1"])
        items = list(axis.pending(kind))
        with axis.fetch(items[0]) as content, content.open() as file:
            assert file.read() == PACKET
        for settlement in Settlement:
            axis.settle(items[0], settlement)
    assert [(seen.method, seen.target.removeprefix("/EdocService")) for seen in server.seen] == [
        ("POST", "/sendDocument"), ("GET", "/getPendingDocIds"), ("POST", "/getDocument"), ("POST", "/confirmReceived"),
    ]  # fmt: skip
    for seen in server.seen:
        assert (seen.headers["organid"], seen.headers["type"]) == ("H53", word)
        assert seen.headers["authorization"] == "the-kien-bi-mat"
    assert server.seen[0].body == PACKET
    assert server.seen[0].headers["content-type"] == "application/octet-stream"
    assert [seen.headers.get("docid") for seen in server.seen] == [None, None, "5", "5"]
    names = ["5", "6"] if kind is Kind.DOCUMENT else ["status/5", "status/6"]
    assert [(item.id, item.kind, item.recipient) for item in items] == [(name, kind, "H53") for name in names]
    assert (receipt.transport_id, receipt.accepted, receipt.carrier) == ("17", ("H1",), "edoc")


EDOC_REFUSALS = [
    ("M.Exist", "carrier-duplicate"), ("ExistDoc", "carrier-duplicate"), ("M.DOCUMENT", "carrier-item-unknown"),
    ("M.CheckPermission", "carrier-credentials"), ("M.MessageHeader.To", "carrier-unknown-recipient"),
    ("M.MessageHeader.From", "carrier-unknown-sender"), ("M.10", "carrier-refused"), ("M.22", "carrier-refused"),
    ("M.23", "carrier-recipient-closed"), ("M.Odd", "carrier-failed"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "code"), EDOC_REFUSALS)
@pytest.mark.parametrize("status", [200, 500])
def test_every_code_of_edoc_has_its_outcome(name: str, code: str, status: int) -> None:
    errors = [{"code": "E.1", "description": "Khác"}, {"code": name, "description": "H2 the-kien-bi-mat"}]
    body = {"status": "Fail", "code": "9999", "errors": errors}
    with serving(answer(body, status=status)) as server:
        error = failing(lambda: edoc(server).submit(outgoing(), ["H1", "H2"]))
    assert error.code == code
    own = code != "carrier-failed"
    assert error.retry is (Retry.NEVER if own else Retry.UNKNOWN if status == 500 else Retry.SAFE)
    if status == 200:
        assert error.values["detail"] == f"E.1: Khác; {name}: H2 ***"


def test_the_table_of_edoc_is_tested_whole() -> None:
    assert {name for name, _ in EDOC_REFUSALS} - {"M.Odd"} == set(EDOC_FAULTS)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"code": "9999", "status": "Error", "errors": None}, "carrier-failed"),
        ({"code": "9999", "errors": [None]}, "carrier-failed"),
        ({"code": "0", "status": "Error", "docId": 0, "errors": []}, "carrier-failed"),
        ({"code": "0", "status": "Fail", "docId": 5}, "carrier-failed"),
        ({"code": "0", "status": "False", "docId": 5}, "carrier-failed"),
        ({"code": "0", "status": "Error", "docId": 0, "errors": [{"code": "M.Exist"}]}, "carrier-duplicate"),
        ({"status": "Success"}, "carrier-nonsense"),
        ({"code": "0"}, "carrier-nonsense"),
        ([], "carrier-nonsense"),
    ],
)
def test_edoc_answers_that_say_little(body: Any, code: str) -> None:
    with serving(answer(json.dumps(body))) as server:
        assert failing(lambda: edoc(server).submit(outgoing(), ["H1"])).code == code


def test_edoc_knows_agencies_and_documents() -> None:
    row = {"organId": "H1", "organName": "Sở", "email": "so@example.com", "telephone": "0240000001"}
    with serving(good(organizations=[row, {"organName": "x"}])) as server:
        [agency] = edoc(server).agencies()
        assert (agency.code, agency.name, agency.mail) == ("H1", "Sở", "so@example.com")
        edoc(server).client.organizations("H 1")
        assert server.seen[-1].target == "/EdocService/getOrganizations?organId=H%201"
    with serving(answer({"code": "200", "data": True}), answer({"code": "200", "data": "yes"})) as server:
        client = edoc(server).client
        assert client.exists(sender="H1", recipient="H2", code="1/CV-Đ")
        assert json.loads(server.seen[0].body) == {"fromOrgan": "H1", "toOrgan": "H2", "docCode": "1/CV-Đ"}
        assert failing(lambda: client.exists(sender="a", recipient="b", code="c")).code == "carrier-nonsense"
    with serving(
        *(answer({"status": "Success", "code": "200", "isExist": found}) for found in (True, False))
    ) as server:
        client = edoc(server).client
        assert [client.exists(sender="H1", recipient="H2", code="1/CV") for _ in range(2)] == [True, False]
    with serving(good(organizations="x", data={})) as server:
        assert failing(lambda: list(edoc(server).agencies())).code == "carrier-nonsense"
        assert failing(lambda: list(edoc(server).pending(Kind.STATUS))).code == "carrier-nonsense"


@pytest.mark.parametrize("strange", ["", "a\r\nX: y", "tiếng", " 1", "a" * 1025])
def test_edoc_ids_never_become_other_headers(strange: str) -> None:
    with serving(good()) as server:
        for call in (edoc(server).fetch, lambda item: edoc(server).settle(item, Settlement.DONE)):
            assert failing(lambda call=call: call(Item(id=strange, kind=Kind.STATUS))).code == "carrier-parameter"
        assert failing(lambda: edoc(server).client.organizations(strange)).code == "carrier-parameter"
        assert server.seen == []


def test_edoc_sends_for_its_own_agency_only() -> None:
    with serving(good(docId="1")) as server:
        axis = edoc(server, max_bytes=len(PACKET))
        assert failing(lambda: axis.submit(outgoing(sender="H1"), ["H1"])).code == "carrier-unknown-sender"
        assert failing(lambda: axis.submit(outgoing(PACKET + b" "), ["H1"])).code == "carrier-too-big"
        assert axis.submit(outgoing(), ["H1"]).transport_id == "1"


# -- by name ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("vxp", {"system_id": "00.53.W00", "secret": "bi-mat-123"}),
        ("lgsp", {"username": "x", "password": "bi-mat-123", "system_id": "sys", "secret": "bi-mat-456"}),
        ("edoc-rest", {"organ": "H53", "token": "bi-mat-123"}),
    ],
)
def test_carriers_are_made_by_name_and_plain_options(name: str, options: dict[str, str]) -> None:
    """As a configuration gives them; the entry points are read from the project file, for nothing may be installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    module, _, path = project["project"]["entry-points"]["vndoc.transports"][name].partition(":")
    factory: Any = importlib.import_module(module)
    for part in path.split("."):
        factory = getattr(factory, part)
    carrier = factory("http://127.0.0.1:1/x", **options, name="kenh", http=QUICK)
    assert isinstance(carrier, Transport)
    assert carrier.name == "kenh"
    assert "bi-mat" not in repr(carrier)
    carrier.close()


# -- both ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [lgsp, edoc])
def test_what_both_are_and_do_not_show(make: Any) -> None:
    with serving(LOGIN) as server:
        axis = make(server)
        assert isinstance(axis, Transport)
        assert (axis.features.fans_out, axis.features.deduplicates) == (True, False)
        shown = repr(axis) + repr(axis.client) + repr(vars(axis.client))
        assert not any(secret in shown for secret in ("mat-khau", "khoa-bi-mat", "the-kien-bi-mat"))
        axis.close()
        axis.close()


@pytest.mark.parametrize("make", [lgsp, edoc])
def test_what_is_not_there_any_more_counts_as_done(make: Any) -> None:
    body = {"code": 24, "message": "x", "errors": [{"code": "M.DOCUMENT"}]}
    for settlement, passes in ((Settlement.DONE, True), (Settlement.FAIL, make is edoc)):
        with serving(*([LOGIN] if make is lgsp else []), answer(body)) as server:
            if passes:
                make(server).settle(ITEM, settlement)
            else:
                error = failing(lambda server=server, word=settlement: make(server).settle(ITEM, word))
                assert error.code == "carrier-item-unknown"
