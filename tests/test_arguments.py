"""Arguments of the wrong kind, at every door of the exchange: one coded error, before anything is done."""

from __future__ import annotations

import datetime
import multiprocessing
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import vndoc
from node_support import AXIS, FIRST, POLICY, SENDER, World, organization, packet, table
from vndoc.envelope.codes import BussinessDocType, Priority
from vndoc.envelope.octets import MemoryOctets, sha256
from vndoc.errors import OwnFaultError, UsageError
from vndoc.errors._arguments import need, need_all, need_call, need_like
from vndoc.exchange import LIFE as LIFE_TABLE
from vndoc.exchange import (
    QD28,
    AtOnce,
    Change,
    ChangeKind,
    ChangePolicy,
    Clue,
    ClueKind,
    DeadlineTable,
    Delivery,
    DeliveryPolicy,
    Effect,
    Incoming,
    Life,
    LifeEvent,
    LifeState,
    NotSecret,
    PartEvent,
    Request,
    RequestPolicy,
    SendingRules,
    StatusReport,
    Step,
    WorkingCalendar,
    change_clues,
    clear,
    concerned,
    dump,
    fault_of,
    find,
    load,
    match,
    read_status,
)
from vndoc.node import Node, NodePolicy
from vndoc.pki import Purpose, RevocationChecker, TrustAnchor, TrustStore
from vndoc.signers import KeySigner
from vndoc.store import Message, Retention, Store
from vndoc.testing.pki import Authority
from vndoc.transport import Item, Kind, MemoryAxis, Outgoing
from vndoc.transport.amqp import AmqpTransport
from vndoc.transport.edoc_rest import EdocRestClient, EdocRestTransport
from vndoc.transport.lgsp import LgspClient, LgspTransport
from vndoc.transport.secret import Secret
from vndoc.transport.spool import SpoolTransport
from vndoc.transport.vxp import VxpClient, VxpTransport

NOW = datetime.datetime(2026, 3, 2, 9, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
CONTENT = MemoryOctets(b"<a/>")
CLUE = Clue(ClueKind.OWN_ID, "7/TB-SM")
LIFE = Life.expected("k", sender="s", receiver="r")
CHANGE, _ = Change.open("c", ChangeKind.RECALL, [LIFE], at=NOW, answer_by=NOW + DAY, reason="x")
ARRIVED, _, _ = LIFE.observe(StatusReport(code="01", at=NOW))
REQUEST, _, _ = Request.receive("c", ChangeKind.RECALL, ARRIVED, asker="s", at=NOW)


def opened(**changed: Any) -> Any:
    values = {"id": "c", "kind": ChangeKind.RECALL, "lives": [LIFE], "at": NOW, "answer_by": NOW + DAY, "reason": "x"}
    return Change.open(**{**values, **changed})


def received(**changed: Any) -> Any:
    values = {"id": "c", "kind": ChangeKind.RECALL, "life": ARRIVED, "asker": "s", "at": NOW}
    return Request.receive(**{**values, **changed})


def cleared(**changed: Any) -> Any:
    wanted = packet()
    values = {
        "packet": wanted,
        "report": vndoc.validate(vndoc.write_packet(wanted), profile="qcvn-102", today=NOW.date()),
        "plan": table().plan([FIRST], at=NOW.date()),
        "not_secret": None,
        "digest": b"d" * 32,
        "at": NOW,
        "size": 1,
    }
    values.update(changed)
    return clear(values.pop("packet"), **values)


def outgoing(**changed: Any) -> Outgoing:
    values = {"message_id": "m", "kind": Kind.DOCUMENT, "sender": "s", "content": CONTENT, "sha256": sha256(CONTENT)}
    return Outgoing(**{**values, **changed})


ROOT = Authority.root("Gốc thử nghiệm", key="p256")
ANCHOR = TrustAnchor(certificate=ROOT.certificate, purposes=frozenset({Purpose.NATIONAL}))
LOOSE: Any = None
"""What the type checker would refuse is what is tested here."""
WRONG: dict[str, Callable[[], Any]] = {
    "an event as text": lambda: ARRIVED.act(LOOSE or "accept", at=NOW),
    "no reason": lambda: ARRIVED.act(LifeEvent.ACCEPT, at=NOW, reason=LOOSE),
    "a packet for a report": lambda: LIFE.observe(LOOSE or packet()),
    "a text for a report": lambda: LIFE.noted(LOOSE or "15"),
    "a change as text": lambda: ARRIVED.changed(LOOSE or "recall", change="c", at=NOW),
    "a status as a number": lambda: StatusReport(code=LOOSE or 3, at=NOW),
    "a kind as text": lambda: opened(kind="recall"),
    "a form as text": lambda: opened(form="packet"),
    "one life": lambda: opened(lives=LIFE),
    "codes for lives": lambda: opened(lives=["r"]),
    "one change for others": lambda: opened(others=CHANGE),
    "a policy of something else": lambda: opened(policy=RequestPolicy()),
    "a code for a life": lambda: CHANGE.observe(LOOSE or "r", StatusReport(code="15", at=NOW)),
    "a code for a report": lambda: CHANGE.observe(LIFE, LOOSE or "15"),
    "a code for a part": lambda: CHANGE.counted().holding(LOOSE or "r"),
    "a request's kind as text": lambda: received(kind="recall"),
    "a request's form as text": lambda: received(form="status"),
    "a request without life": lambda: received(life="k"),
    "a request's policy": lambda: received(policy=ChangePolicy()),
    "a request's others": lambda: received(others=[CHANGE]),
    "agreed without life": lambda: REQUEST.agree(LOOSE or "k", at=NOW),
    "refused without life": lambda: REQUEST.refuse(LOOSE or "k", at=NOW),
    "an event of the delivery as text": lambda: Delivery.start("m", "r", at=NOW, expires_at=NOW + DAY)[0].apply(
        LOOSE or "accept"
    ),
    "seconds until an answer": lambda: RequestPolicy(answer_within=LOOSE or 60),
    "one kind that is agreed to": lambda: RequestPolicy(agree_at_once=LOOSE or ChangeKind.RECALL),
    "kinds as texts": lambda: RequestPolicy(agree_at_once=LOOSE or {"recall"}),
    "a policy's yes as text": lambda: RequestPolicy(after_done=LOOSE or "yes"),
    "another policy's yes as text": lambda: ChangePolicy(after_done=LOOSE or "no"),
    "seconds to wait": lambda: DeliveryPolicy(first_wait=LOOSE or 30),
    "attempts as text": lambda: DeliveryPolicy(attempts=LOOSE or "3"),
    "growth as text": lambda: DeliveryPolicy(growth=LOOSE or "2"),
    "minutes of grace": lambda: AtOnce(LOOSE or 60),
    "a step as text": lambda: QD28.due(LOOSE or "send", Priority.NORMAL, NOW, WorkingCalendar()),
    "a priority as number": lambda: QD28.due(Step.SEND, LOOSE or 7, NOW, WorkingCalendar()),
    "no calendar": lambda: QD28.due(Step.SEND, Priority.NORMAL, NOW, LOOSE),
    "a rule's term": lambda: QD28.with_rule(Step.SEND, LOOSE or DAY, source="x"),
    "one priority": lambda: QD28.with_rule(Step.SEND, AtOnce(), source="x", priorities=LOOSE or Priority.NORMAL),
    "rules that are none": lambda: DeadlineTable(LOOSE or ("send",)),
    "a lifetime in seconds": lambda: NodePolicy(lifetime=LOOSE or 60),
    "no lifetime": lambda: NodePolicy(lifetime=datetime.timedelta(0)),
    "a wait in seconds": lambda: NodePolicy(wait_for_target=LOOSE or 60),
    "an empty batch": lambda: NodePolicy(batch=0),
    "a batch of yes": lambda: NodePolicy(batch=LOOSE or True),
    "half an attempt": lambda: NodePolicy(hook_attempts=LOOSE or 0.5),
    "a misspelt policy": lambda: NodePolicy(signatures="vn_defualt"),
    "a misspelt profile": lambda: NodePolicy(profile="qcvn102"),
    "another policy's place": lambda: NodePolicy(delivery=LOOSE or RequestPolicy()),
    "unsure as text": lambda: NodePolicy(unsure=LOOSE or "ask"),
    "operations as texts": lambda: SendingRules(signed=LOOSE or {"new"}),
    "an operation that nobody has": lambda: SendingRules(signed=LOOSE or {7}),
    "one operation": lambda: SendingRules(signed=LOOSE or BussinessDocType.NEW),
    "a yes as text": lambda: SendingRules(accept_indeterminate=LOOSE or "no"),
    "a declaration with a digest in hexadecimal": lambda: NotSecret(declared_by="x", at=NOW, digest=LOOSE or "00"),
    "known by digests": lambda: match(Incoming(document="k", digest=b"d" * 32), LOOSE or [b"d" * 32]),
    "a packet for what came in": lambda: match(LOOSE or packet(), []),
    "a document read as a status": lambda: read_status(LOOSE or packet(), at=NOW),
    "a text for a packet that changes": lambda: change_clues(LOOSE or "<edXML/>"),
    "a yes for a verdict": lambda: cleared(verdict=True),
    "a yes for a declaration": lambda: cleared(not_secret=True),
    "codes for a plan": lambda: cleared(plan=[FIRST]),
    "octets for a packet": lambda: cleared(packet=b"<edXML/>"),
    "one clue": lambda: find(LOOSE or CLUE, lambda _: []),
    "no clues": lambda: find(LOOSE, lambda _: []),
    "ids for clues": lambda: find(LOOSE or ["7/TB-SM"], lambda _: []),
    "clues by document": lambda: find(LOOSE or ((CLUE,),), lambda _: []),
    "a dictionary of what is known": lambda: find([CLUE], LOOSE or {}),
    "nothing for a list of what is known": lambda: find([CLUE], lambda _: LOOSE),
    "a text for a list of what is known": lambda: find([CLUE], lambda _: "k"),
    "a number for a list of what is known": lambda: find([CLUE], lambda _: LOOSE or 7),
    "one change that an answer may concern": lambda: concerned(LOOSE or CHANGE, "k", "r"),
    "no changes": lambda: concerned(LOOSE, "k", "r"),
    "ids of changes": lambda: concerned(LOOSE or ["c"], "k", "r"),
    "a change of no document": lambda: concerned([CHANGE], LOOSE, "r"),
    "a change at a list": lambda: concerned([CHANGE], "k", LOOSE or ["r"]),
    "a record's class by name": lambda: load(dump(LIFE), LOOSE or "Life"),
    "no class of a record": lambda: load(dump(LIFE), LOOSE),
    "a choice of classes": lambda: load(dump(LIFE), LOOSE or Effect),
    "no error for a fault": lambda: fault_of(LOOSE),
    "an error of Python for a fault": lambda: fault_of(LOOSE or KeyError("x")),
    "a history before nothing": lambda: LIFE.history.continues(LOOSE),
    "a state as text": lambda: LIFE_TABLE.cell(LOOSE or "arrived", LifeEvent.ACCEPT),
    "no state": lambda: LIFE_TABLE.step(LOOSE, LifeEvent.ACCEPT),
    "an event of another table": lambda: LIFE_TABLE.step(LifeState.ARRIVED, LOOSE or PartEvent.AGREE),
    "a delivery that begins at no time": lambda: Delivery.start("m", "r", at=LOOSE, expires_at=NOW),
    "no time of what was not delivered": lambda: CHANGE.not_delivered("r", at=LOOSE),
    "nobody who asks": lambda: received(asker=None),
    "octets for content": lambda: outgoing(content=b"<a/>"),
    "no content": lambda: outgoing(content=None),
    "a digest in hexadecimal": lambda: outgoing(sha256=sha256(CONTENT).hex()),
    "a packet's kind as text": lambda: outgoing(kind="edoc"),
    "a path to a key": lambda: KeySigner.from_pem(LOOSE or "khoa.pem"),
    "a path to a PKCS#12 file": lambda: KeySigner.from_pkcs12(LOOSE or "khoa.p12", "mat-khau"),
    "a path to a signer": lambda: vndoc.seal(packet(), LOOSE or "khoa.p12"),
    "octets for a path": lambda: vndoc.attach(LOOSE or b"%PDF-1.7"),
    "a date as text": lambda: vndoc.DocumentId.form_a("H41", LOOSE or "2026-03-04", "07", "TB"),
    "a number that is none": lambda: vndoc.DocumentId.form_a("H41", NOW.date(), LOOSE or 7, "TB"),
    "a path to an anchor": lambda: TrustStore.of([LOOSE or "goc.pem"], purposes={Purpose.GOVERNMENT}),
    "a purpose as text": lambda: TrustStore.of([ROOT.certificate], purposes=LOOSE or {"government"}),
    "an anchor for nothing": lambda: TrustStore().with_anchor(ROOT.certificate),
    "a pinned certificate for nothing": lambda: TrustStore().with_pinned(ROOT.certificate, purposes=[]),
    "purposes beside those of an anchor": lambda: TrustStore().with_anchor(ANCHOR, purposes=[Purpose.GOVERNMENT]),
    "an end beside that of an anchor": lambda: TrustStore().with_pinned(ANCHOR, not_after=NOW),
    "an anchor that is older than it says": lambda: TrustStore().with_anchor(ANCHOR, legacy=True),
    "one revocation list": lambda: RevocationChecker.of(LOOSE or ROOT.crl(this_update=NOW)),
    "a path to a revocation list": lambda: RevocationChecker.of([LOOSE or "goc.crl"]),
    "a path to an OCSP response": lambda: RevocationChecker.of(ocsps=[LOOSE or "goc.ocsp"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_value_of_the_wrong_kind_is_refused_where_it_is_given(case: str) -> None:
    with pytest.raises(UsageError) as caught:
        WRONG[case]()
    assert caught.value.code in {"option-invalid", "unknown-policy", "unknown-profile", "wrong-packet-kind"}
    assert caught.value.text("vi") != caught.value.text("en")


def test_what_is_said() -> None:
    with pytest.raises(UsageError, match=r"limit must be int, not bool"):
        need("limit", True, int)
    with pytest.raises(UsageError, match=r"at must be datetime \| None, not str 'x'"):
        need("at", "x", datetime.datetime, type(None))
    with pytest.raises(UsageError, match=r"codes must be a list of str, not str 'H01'"):
        need_all("codes", "H01", str)
    with pytest.raises(UsageError, match=r"codes must be a list of str, not int"):
        need_all("codes", LOOSE or 7, str)
    with pytest.raises(UsageError, match=r"clock must be callable, not NoneType"):
        need_call("clock", None)
    need("flag", True, bool)
    assert need_all("codes", iter(["a", "b"]), str) == ("a", "b")


NODE: dict[str, dict[str, Any]] = {
    "no store": {"store": None},
    "a list of carriers": {"carriers": [AXIS]},
    "no carrier": {"carriers": {AXIS: object()}},
    "no table": {"table": None},
    "a folder for trust": {"trust": "/etc/ssl"},
    "no policy": {"policy": None},
    "one code": {"own": SENDER},
    "numbers for codes": {"own": [1]},
    "names for organisations": {"own": {SENDER: "Bộ Y tế"}},
    "no list of codes": {"own": None},
    "a time for a clock": {"clock": NOW},
    "a number for chance": {"jitter": 0.5},
    "a name for a hook": {"in_transaction": "hook"},
    "a name for the other hook": {"at_least_once": "hook"},
}


@pytest.mark.parametrize("case", NODE)
def test_a_node_of_the_wrong_parts(world: World, case: str) -> None:
    given = {
        "store": world.node(SENDER).store,
        "carriers": {AXIS: world.axis.transport(SENDER, name=AXIS)},
        "table": table(),
        "trust": None,
        "policy": POLICY,
        "own": {SENDER: organization(SENDER)},
    }
    parts: Any = {**given, **NODE[case]}
    places = [parts.pop(name) for name in ("store", "carriers", "table", "trust", "policy")]
    with pytest.raises(UsageError):
        Node(*places, **parts)


CALLS: dict[str, Callable[[Any, str], Any]] = {
    "act by text": lambda node, key: node.act(key, FIRST, "accept"),
    "agree by text": lambda node, _: node.answer("request", agree="no"),
    "answer without reason": lambda node, _: node.answer("request", agree=True, reason=None),
    "take back from one": lambda node, key: node.take_back(key, reason="x", recipients=FIRST),
    "take back without reason": lambda node, key: node.take_back(key, reason=None),
    "poll a text": lambda node, _: node.poll("edoc"),
    "poll texts": lambda node, _: node.poll(["edoc"]),
    "a number for a place": lambda node, _: node.dead(after=7),
    "no limit": lambda node, _: node.dead(limit=None),
    "run until a time": lambda node, _: node.run(NOW),
    "try as often as a text says": lambda node, _: node.run(stop(), tries="3"),
    "tell a text": lambda node, _: node.run(stop(), each="x"),
}


def stop() -> Any:
    asked = threading.Event()
    asked.set()
    return asked


@pytest.mark.parametrize("case", CALLS)
def test_a_call_of_a_node_with_the_wrong_values(world: World, case: str) -> None:
    sender, receiver = world.node(SENDER), world.node(FIRST)
    sent = world.send(sender, packet())
    world.settle()
    before = receiver.track(sent.business_key, direction="in")
    for node in (sender, receiver):
        with pytest.raises(UsageError):
            CALLS[case](node, sent.business_key)
    assert receiver.track(sent.business_key, direction="in") == before


STORE: dict[str, Callable[[Any], Any]] = {
    "days to keep": lambda _: Retention(messages=LOOSE or 180),
    "a message's time as text": lambda _: message(created_at="2026-03-02"),
    "a time without zone": lambda store: store.purge(Retention(), now=NOW.replace(tzinfo=None)),
    "a day": lambda store: row(store, at=NOW.date()),
    "a digest in hexadecimal": lambda store: about(store, "00" * 32),
    "a page of nothing": lambda store: about(store, b"0" * 32, limit=None),
    "seconds of grace": lambda store: store.collect(now=NOW, grace=3600),
}


def message(**changed: Any) -> Message:
    values = {"message_id": "m", "kind": "edoc", "carrier": AXIS, "sender": SENDER, "recipients": (FIRST,)}
    return Message(**{**values, "idempotency": "i", "created_at": NOW, **changed})


def row(store: Any, at: Any) -> Any:
    with store.transaction() as unit:
        return unit.outbox.claim("w", AXIS, at=at, lease=DAY, limit=1)


def about(store: Any, digest: Any, **values: Any) -> Any:
    with store.reading() as unit:
        return unit.records.about(digest, **values)


@pytest.mark.parametrize("case", STORE)
def test_a_store_that_is_asked_with_the_wrong_values(world: World, case: str) -> None:
    with pytest.raises(UsageError):
        STORE[case](world.node(SENDER).store)


@pytest.mark.parametrize("wrong", [{"blobs": None}, {"blobs": b"x"}, {"busy": 10}, {"reached": None}])
def test_a_store_that_is_opened_with_the_wrong_values(tmp_path: Path, wrong: Any) -> None:
    with pytest.raises(UsageError):
        Store.open(f"sqlite:///{tmp_path}/a.db", **{"blobs": tmp_path / "b", **wrong})
    assert not (tmp_path / "a.db").exists()


NOWHERE = "http://127.0.0.1:1"
KEY = Secret("khoa-bi-mat")
CARRIERS: dict[str, Callable[[Path], Any]] = {
    "memory": lambda _: MemoryAxis([SENDER, FIRST]).transport(SENDER),
    "spool": lambda folder: SpoolTransport(folder / "spool", [SENDER]),
    "amqp": lambda _: AmqpTransport("amqp://127.0.0.1:1/", [SENDER], plain=True),
    "vxp": lambda _: VxpTransport(VxpClient(NOWHERE, system_id="s", secret=KEY)),
    "lgsp": lambda _: LgspTransport(
        LgspClient(NOWHERE, username="u", password=KEY, application_code="a", system_id="s", secret=KEY)
    ),
    "edoc-rest": lambda _: EdocRestTransport(EdocRestClient(NOWHERE, organ=SENDER, token=KEY)),
}
ITEM = Item(id="20260302T090000000000Z-edoc-" + "0" * 32 + f"-{SENDER}", kind=Kind.DOCUMENT)
ASKED: dict[str, Callable[[Any], Any]] = {
    "one text for recipients": lambda carrier: carrier.submit(outgoing(sender=SENDER), FIRST),
    "octets for recipients": lambda carrier: carrier.submit(outgoing(sender=SENDER), b"H02"),
    "a number for recipients": lambda carrier: carrier.submit(outgoing(sender=SENDER), 7),
    "no texts for recipients": lambda carrier: carrier.submit(outgoing(sender=SENDER), [organization(FIRST)]),
    "the axis' word for a kind": lambda carrier: list(carrier.pending("edoc")),
    "the axis' word for done": lambda carrier: carrier.settle(ITEM, "done"),
}


@pytest.mark.parametrize("case", ASKED)
@pytest.mark.parametrize("name", CARRIERS)
def test_a_carrier_that_is_asked_with_the_wrong_values(tmp_path: Path, name: str, case: str) -> None:
    """It keeps its promise to raise its own errors only, and says so before anything goes out."""
    SpoolTransport.create(tmp_path / "spool", [FIRST])
    carrier = CARRIERS[name](tmp_path)
    with pytest.raises(OwnFaultError) as caught:
        ASKED[case](carrier)
    assert caught.value.code == "carrier-parameter"
    carrier.close()


@pytest.mark.parametrize("codes", [None, 7, b"H01", "H01", [7]])
def test_a_spool_of_no_list_of_codes(tmp_path: Path, codes: Any) -> None:
    with pytest.raises(OwnFaultError) as caught:
        SpoolTransport(tmp_path, codes)
    assert caught.value.code == "carrier-configuration"


def test_what_may_stand_for_another() -> None:
    assert SendingRules(signed=LOOSE or [0]).signed == {BussinessDocType.NEW}
    node_stop = multiprocessing.Event()
    need_like("stop", node_stop, threading.Event, "is_set", "wait")
    with pytest.raises(UsageError, match=r"stop must be Event, not str 'x'"):
        need_like("stop", "x", threading.Event, "is_set", "wait")
