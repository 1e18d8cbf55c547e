"""Values as plain data: what was written is read again, and nothing else is."""

from __future__ import annotations

import ast
import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vndoc.exchange
from exchange_support import AT, DAY, PATHS, delivery_in, inputs, unless
from vndoc.errors import ExchangeError, Retry
from vndoc.exchange import (
    ApplyChange,
    CancelDocument,
    Change,
    ChangeForm,
    ChangeKind,
    ClearDeadline,
    Clue,
    ConfirmArrival,
    DeadlineKind,
    Delivery,
    DeliveryPolicy,
    FreezeDocument,
    Incoming,
    KeepReceipt,
    Known,
    Life,
    LifeEvent,
    Notify,
    PartState,
    PeerFailed,
    PeerFault,
    RecordConflict,
    Request,
    RequestPolicy,
    SendPacket,
    SendStatus,
    SetDeadline,
    StatusReport,
    Topic,
    dump,
    load,
)
from vndoc.exchange.records import _TOP
from vndoc.text import Text


def life() -> Life:
    base = Life.expected("H01|2026|7/TB-UBND", sender="H01", receiver="H02", reopens=True)
    said = StatusReport(code="03", at=AT, reason="x", reported_at=AT - DAY)
    return base.act(LifeEvent.ARRIVE, at=AT)[0].observe(said)[0]


def every() -> list[Any]:
    change, effects = Change.open(
        "C1", ChangeKind.RECALL, [life()], at=AT, answer_by=AT + DAY, reason="x", form=ChangeForm.STATUS
    )
    request, _, more = Request.receive("C1", ChangeKind.RECALL, life(), asker="H01", at=AT)
    return [
        *(delivery_in(state) for state in PATHS),
        *inputs(AT).values(),
        PeerFailed(AT, PeerFault("carrier-failed", Retry.UNKNOWN, Text("lỗi {{x}}", "fault")), jitter=0),
        life(),
        change,
        request,
        *effects,
        *more,
        SetDeadline(DeadlineKind.ATTEMPT, AT),
        ClearDeadline(),
        SendStatus("01", "K", 1, "H01"),
        SendPacket(ChangeKind.UPDATE.operation, "K", ("H01", "H02"), "C1"),
        KeepReceipt("T", AT),
        ConfirmArrival("H01", AT),
        Notify(Topic.LATE),
        RecordConflict("document-conflict", (("a", "b"), ("c", "d"))),
        CancelDocument("K", 1),
        ApplyChange("K", 2, "C1"),
        FreezeDocument("K"),
        DeliveryPolicy(attempts=3),
        DeliveryPolicy(),
        RequestPolicy(agree_at_once=frozenset(ChangeKind), lang="en"),
        StatusReport(code="1", at=AT, version=2),
        Incoming(document="K", digest=b"\x00" * 32, operation=2),
        Known(digest=b"\xff" * 32, version=1, at=AT, taken=True, receipt="R"),
    ]


@pytest.mark.parametrize("value", every(), ids=lambda value: type(value).__name__)
def test_what_is_written_is_read_again(value: Any) -> None:
    data = json.loads(json.dumps(dump(value)))
    assert data["record"] == 1
    assert data["type"] == type(value).__name__
    back = load(data, type(value))
    assert back == value
    assert dump(back) == data


def test_every_kind_of_record_is_tried() -> None:
    assert {type(value) for value in every()} == set(_TOP)


def test_other_things_are_no_records() -> None:
    for thing in (1, "x", None, datetime.timedelta(1), [delivery_in("queued")]):
        with pytest.raises(ExchangeError, match="record-invalid"):
            dump(thing)


@pytest.mark.parametrize("kind", [int, Clue, PartState, dict])
def test_a_class_that_is_never_kept_is_none_of_a_record(kind: Any) -> None:
    with pytest.raises(ExchangeError, match=f"the type {kind.__name__} cannot be kept") as caught:
        load({"record": 1, "type": kind.__name__}, kind)
    assert caught.value.code == "record-invalid"


QUEUED = dump(delivery_in("failed"))
BAD: list[tuple[dict[str, Any], str]] = [
    ({"record": 2}, "record"),
    ({"record": None}, "record"),
    ({"record": True}, "record"),
    ({"type": "Life"}, "type has to be Delivery"),
    ({"more": 1}, "Delivery: more is"),
    ({"state": "gone"}, "Delivery.state"),
    ({"state": []}, "Delivery.state"),
    ({"next_at": "2026-01-01"}, "time zone|zone"),
    ({"next_at": "soon"}, "Delivery.next_at"),
    ({"next_at": 5}, "Delivery.next_at"),
    ({"expires_at": None}, "Delivery.expires_at"),
    ({"attempts": "1"}, "Delivery.attempts"),
    ({"attempts": True}, "Delivery.attempts"),
    ({"attempts": None}, "Delivery.attempts"),
    ({"fault": {"type": "Life"}}, "type"),
    ({"fault": {"type": "OwnFault", "code": "x"}}, "OwnFault: detail"),
    ({"fault": "x"}, "type"),
    ({"owner": None}, "Delivery.owner"),
]


@pytest.mark.parametrize(("change", "wanted"), BAD, ids=lambda value: str(value)[:40])
def test_what_does_not_fit_is_refused_by_name(change: dict[str, Any], wanted: str) -> None:
    with pytest.raises(ExchangeError, match=wanted) as caught:
        load(QUEUED | change, Delivery)
    assert caught.value.code == "record-invalid"


def test_what_is_wrong_is_said_in_both_languages() -> None:
    with pytest.raises(ExchangeError) as caught:
        load(QUEUED | {"next_at": "2026-01-01"}, Delivery)
    assert caught.value.text("vi") == "Bản ghi không dùng được: Delivery: Thời điểm phải có múi giờ."
    assert caught.value.text("en") == "The record cannot be used: Delivery: A time must carry its zone."


def test_details_of_errors_are_texts_in_both_languages() -> None:
    """Within a sentence of one language, nothing is said in the other."""
    details = [
        (path.name, keyword.value.lineno, keyword.value)
        for path in sorted(Path(vndoc.exchange.__file__).parent.glob("*.py"))
        for raised in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(raised, ast.Call) and getattr(raised.func, "id", "").endswith("Error")
        for keyword in raised.keywords
        if keyword.arg == "detail"
    ]
    assert len(details) > 10
    plain = [(name, line) for name, line, value in details if isinstance(value, ast.Constant | ast.JoinedStr)]
    assert plain == []


@pytest.mark.parametrize(
    ("value", "change"),
    [
        (RequestPolicy(), {"lang": "fr"}),
        (RequestPolicy(), {"answer_within": "long"}),
        (RequestPolicy(), {"answer_within": 1e300}),
        (RequestPolicy(), {"agree_at_once": "recall"}),
        (DeliveryPolicy(), {"growth": True}),
        (DeliveryPolicy(), {"growth": "2"}),
        (RecordConflict("x"), {"keys": [["a"]]}),
        (RecordConflict("x"), {"keys": {}}),
        (Incoming(document="K", digest=b""), {"digest": "xyz"}),
    ],
)
def test_values_of_other_types_are_refused(value: Any, change: dict[str, Any]) -> None:
    with pytest.raises(ExchangeError, match="record-invalid"):
        load(dump(value) | change, type(value))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(every()), st.data())
def test_whatever_is_read_is_a_value_or_one_error(value: Any, data: st.DataObject) -> None:
    record = dump(value)
    name = data.draw(st.sampled_from(sorted(record)))
    record[name] = data.draw(JSON)
    back = unless({"record-invalid"}, lambda: load(record, type(value)))
    assert back is None or type(back) is type(value)


@given(JSON)
def test_whatever_is_no_record_is_one_error(data: Any) -> None:
    with pytest.raises(ExchangeError, match="record-invalid"):
        load(data, Life)
