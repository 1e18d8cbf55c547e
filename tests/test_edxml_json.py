"""Packets as JSON: lossless, and refused with the key where they are not what they should be."""

# ruff: noqa: DTZ001 - timestamps of packets are local by definition

from __future__ import annotations

import base64
import datetime
import json
import re
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import strategies
import vndoc
from samples import DOCUMENT, STATUS, attached, read, zipped
from vndoc.edxml import packet_from_dict, packet_from_json, packet_to_dict, packet_to_json
from vndoc.envelope import Attachment, DocumentPacket, StatusPacket
from vndoc.errors import AttachmentError, EnvelopeError, LimitError, UsageError, VndocError
from vndoc.limits import DEFAULT

ROOMY = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def files(packet: DocumentPacket) -> list[tuple[Any, ...]]:
    return [
        (a.name, a.description, a.label, a.content_id, a.packed.open().read(), a.open().read(), a.is_wrapped)
        for a in packet.attachments
    ]


@ROOMY
@given(strategies.documents())
def test_documents_come_back_as_they_were(packet: DocumentPacket) -> None:
    text = packet_to_json(packet)
    back = packet_from_json(text)
    assert isinstance(back, DocumentPacket)
    assert back.evolve(attachments=()) == packet.evolve(attachments=())
    assert [a.packed.open().read() for a in back.attachments] == [a.packed.open().read() for a in packet.attachments]
    assert packet_to_json(back) == text
    assert packet_from_json(text.encode()) == back


@ROOMY
@given(strategies.documents())
def test_what_was_read_comes_back_with_its_packing(packet: DocumentPacket) -> None:
    packet = vndoc.read(vndoc.write_packet(packet, profile="vxp")).document
    back = packet_from_json(packet_to_json(packet))
    assert isinstance(back, DocumentPacket)
    assert files(back) == files(packet)
    assert back == packet


@ROOMY
@given(strategies.statuses())
def test_statuses_come_back_as_they_were(packet: StatusPacket) -> None:
    assert packet_from_json(packet_to_json(packet, indent=2)) == packet


def test_the_form() -> None:
    data = packet_to_dict(read(STATUS).packet)
    assert data == {
        "kind": "status",
        "from": {"organ_id": "H14.12", "organ_name": "Đơn vị nhận mẫu"},
        "response_for": {
            "organ_id": "H41",
            "code": "07/TB-UBND",
            "document_id": "H41,2026/03/04,07/TB-UBND",
            "promulgation_date": "2026-03-04",
        },
        "status_code": "03",
        "timestamp": "2026-03-05T08:00:00",
    }
    document = packet_to_dict(read(DOCUMENT).packet)
    assert document["attachments"] == [
        {"name": "mau.pdf", "label": "application/pdf", "content_id": "cid:1", "packed": "JVBERi0xLjQgbWF1"}
    ]
    assert "content" not in packet_to_dict(DocumentPacket())


def test_a_file_that_cannot_be_opened_is_an_error() -> None:
    with pytest.raises(AttachmentError):
        packet_to_json(read(attached("dGV4d")).packet)


def test_a_trace_of_a_day_stays_a_day() -> None:
    day = StatusPacket(timestamp=datetime.date(2026, 3, 4))
    back = packet_from_json(packet_to_json(day))
    assert type(back.timestamp) is datetime.date
    exact = StatusPacket(timestamp=datetime.datetime(2026, 3, 4, 0, 0, 0, 5))
    assert packet_from_json(packet_to_json(exact)) == exact


GOOD: dict[str, Any] = packet_to_dict(read(DOCUMENT).packet)


def changed(path: str, value: object) -> dict[str, Any]:
    data: Any = json.loads(json.dumps(GOOD))
    inner = data
    *steps, last = path.split(".")
    for step in steps:
        inner = inner[int(step)] if step.isdigit() else inner.setdefault(step, {})
    inner[int(last) if last.isdigit() else last] = value
    return data


def test_the_sender_is_read_under_either_key() -> None:
    data = packet_to_dict(read(STATUS).packet)
    old = {("from_" if key == "from" else key): value for key, value in data.items()}
    assert "from_" not in data
    assert packet_from_dict(old) == packet_from_dict(data) == read(STATUS).packet
    with pytest.raises(EnvelopeError):
        packet_from_dict({**data, "subject_": "x"})


BAD = [
    ("nothing", 1, "nothing: no such key"),
    ("subject", 1, "subject: str expected"),
    ("subject", None, None),
    ("from", "H41", "from: an object expected"),
    ("from.x", "H41", "from.x: no such key"),
    ("from.organ_id", 7, "from.organ_id: OrganCode expected"),
    ("from_", {}, "from_: given twice"),
    ("to", "H41", "to: a list expected"),
    ("to", None, "to: a list expected"),
    ("to.0.organ_name", [], "to[0].organ_name: str expected"),
    ("to_places", [1], "to_places[0]: str expected"),
    ("due_date", "2026/03/04", "due_date: an ISO 8601 date without offset expected"),
    ("due_date", "2026-02-30", "due_date: an ISO 8601 date without offset expected"),
    ("due_date", "2026-W10-3", "due_date: an ISO 8601 date without offset expected"),
    ("due_date", "2026-03-04T10:00:00+07:00", "due_date: an ISO 8601 date without offset expected"),
    ("due_date", "2026-03-04T25:00:00", "due_date: an ISO 8601 date without offset expected"),
    ("due_date", 5, "due_date: an ISO 8601 date without offset expected"),
    ("other_info.priority", True, "other_info.priority: int expected"),
    ("other_info.priority", 1.0, "other_info.priority: int expected"),
    ("other_info.direction", 1, "other_info.direction: bool expected"),
    ("attachments.0.packed", "?", "attachments[0].packed: base64 expected"),
    ("attachments.0.packed", "é", "attachments[0].packed: base64 expected"),
    ("attachments.0.packed", 5, "attachments[0].packed: base64 expected"),
    ("attachments.0.packed", None, "attachments[0].packed: base64 expected"),
    ("attachments.0.content", "", "attachments[0].content: no such key"),
    ("attachments.0._digest", [], "attachments[0]._digest: no such key"),
    ("attachments.0", 5, "attachments[0]: an object expected"),
    ("signature", {"name": "Signature", "attributes": [["a"]]}, "signature.attributes[0]: 2 items expected"),
    ("signature", {"name": "Signature", "children": [5]}, "signature.children[0]: an object expected"),
    ("kind", "letter", "kind: document | status expected"),
    ("kind", ["document"], "kind: document | status expected"),
    ("kind", None, "kind: document | status expected"),
]


@pytest.mark.parametrize(("path", "value", "detail"), BAD, ids=[f"{path}={value!r}" for path, value, _ in BAD])
def test_what_is_wrong_is_named_by_its_key(path: str, value: object, detail: str | None) -> None:
    data = changed(path, value)
    if detail is None:
        assert packet_from_dict(data) == packet_from_dict(GOOD).evolve(subject=None)
        return
    with pytest.raises(EnvelopeError) as caught:
        packet_from_dict(data)
    assert (caught.value.code, caught.value.text("en")) == ("json-invalid", f"The packet's JSON is invalid: {detail}.")
    assert caught.value.values["key"] == detail.partition(":")[0]
    vietnamese = caught.value.text("vi")
    assert detail.partition(":")[0] in vietnamese
    assert "cần " in vietnamese or "có " in vietnamese
    assert not re.search(r"expected|given|such", vietnamese)


def test_a_key_with_braces_is_named_as_it_stands() -> None:
    with pytest.raises(EnvelopeError) as caught:
        packet_from_dict(changed("{x}{0}", 1))
    assert "{x}{0}: no such key" in caught.value.text("en")


def test_what_is_no_packet_value_has_no_json() -> None:
    reading = read(STATUS)
    for call in (packet_to_dict, packet_to_json):
        with pytest.raises(UsageError) as caught:
            call(reading)  # type: ignore[operator]
        assert caught.value.code == "wrong-packet-kind"


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", "7", b"\xff", '{"kind": NaN}', "[" * 100_000, '{"kind":"document","x":' + "1" * 5000 + "}"],
)
def test_what_is_no_packet(text: str | bytes) -> None:
    with pytest.raises(EnvelopeError) as caught:
        packet_from_json(text)
    assert caught.value.code == "json-invalid"


def nested(levels: int) -> dict[str, Any]:
    data: dict[str, Any] = {"name": "x"}
    for _ in range(levels - 1):
        data = {"name": "x", "children": [data]}
    return {"kind": "document", "signature": data}


def test_depth_at_the_limit_and_one_past_it() -> None:
    limits = attrs.evolve(DEFAULT, depth=10)
    assert packet_from_dict(nested(9), limits=limits)
    for levels in (10, 900):
        with pytest.raises(EnvelopeError):
            packet_from_dict(nested(levels), limits=limits)


def test_limits_of_unpacking_hold_here_too() -> None:
    data = packet_to_dict(read(attached(zipped(("a.txt", bytes(1000))))).packet)
    packet = packet_from_dict(data, limits=attrs.evolve(DEFAULT, attachment_bytes=999))
    assert isinstance(packet, DocumentPacket)
    with pytest.raises(VndocError) as caught:
        packet.attachments[0].open()
    assert caught.value.code == "limit-attachment-bytes"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(GOOD)), inner, max_size=4),
        max_leaves=10,
    )
)
def test_any_plain_values_give_a_packet_or_our_error(data: object) -> None:
    try:
        packet = packet_from_dict({"kind": "document", **data} if isinstance(data, dict) else data)
    except EnvelopeError:
        return
    assert packet_from_dict(packet_to_dict(packet)) == packet


def test_attachments_made_in_memory() -> None:
    packet = DocumentPacket(attachments=(Attachment.of(b"mau", name="a.txt"),))
    assert packet_to_dict(packet) == {"kind": "document", "attachments": [{"name": "a.txt", "packed": "bWF1"}]}


def test_json_attachments_beyond_a_limit_are_refused() -> None:
    packed = base64.b64encode(bytes(101)).decode()
    text = json.dumps({"kind": "document", "attachments": [{"name": "a.bin", "packed": packed}]})
    assert packet_from_json(text, limits=attrs.evolve(DEFAULT, attachment_bytes=101)).attachments[0].size == 101
    with pytest.raises(LimitError) as caught:
        packet_from_json(text, limits=attrs.evolve(DEFAULT, attachment_bytes=100))
    assert caught.value.code == "limit-attachment-bytes"
