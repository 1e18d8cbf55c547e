"""The simulated axis and a client in Java that behaves on the wire as the vendor's kit does.

The client (``java/KitClient.java``) was written from what was observed of the kit, with the JDK alone: two systems
exchange a document and its status, and what came back is compared here.
"""

from __future__ import annotations

import datetime
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import vndoc
from axis_support import running
from test_axis_vxp import PACKET, STATUS
from vndoc.testing.axis import AxisServer
from vndoc.transport.base import ItemState, Kind

SOURCE = Path(__file__).parent / "java" / "KitClient.java"
OTHER = vndoc.write_packet(
    vndoc.StatusPacket(
        from_=vndoc.Organization(organ_id="H41", organ_name="Nơi gửi"),
        response_for=vndoc.ResponseFor(organ_id="H14", code="08/TB-UBND", document_id="H14,2026/03/04,08/TB-UBND"),
        status_code="01",
        timestamp=datetime.datetime(2026, 3, 4, 10, 11, 12),  # noqa: DTZ001 - Vietnam local time, as the form wants it
    )
)
Told = dict[str, list[Any]]


@pytest.fixture(scope="module")
def spoken(program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Told, AxisServer]:
    """What the client printed, by label, and the axis afterwards."""
    folder = tmp_path_factory.mktemp("java")
    (folder / "document.edxml").write_bytes(PACKET)
    (folder / "status.edxml").write_bytes(STATUS)
    (folder / "other.edxml").write_bytes(OTHER)
    given = [str(SOURCE), "-d", str(folder), "-encoding", "UTF-8", "-Xlint:all", "-Werror"]
    subprocess.run([program("javac"), *given], check=True, timeout=120)
    with running() as server:
        names = [str(folder / name) for name in ("store", "document.edxml", "status.edxml", "other.edxml")]
        command = [program("java"), "-cp", str(folder), "KitClient", str(server.port), *names]
        done = subprocess.run(command, capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr.decode()
        told: Told = {}
        for line in done.stdout.decode().splitlines():
            label, _, value = line.partition("\t")
            told.setdefault(label, []).append(Path(value) if "file" in label else json.loads(value))
        return told, server


def one(told: Told, label: str) -> Any:
    (found,) = told[label]
    return found


def codes(answer: dict[str, Any]) -> list[str]:
    return [row["code"] for row in answer["data"]]


def test_every_call_is_answered_as_the_kit_wants_it(spoken: tuple[Told, AxisServer]) -> None:
    told, _ = spoken
    refused = {"not-ascii", "wrong-secret"}
    for label, answers in told.items():
        for answer in answers if isinstance(answers[0], dict) else ():
            assert (answer["status"], answer["ErrorCode"]) == (("FAIL", "15") if label in refused else ("OK", "0"))


def test_the_address_book(spoken: tuple[Told, AxisServer]) -> None:
    told, _ = spoken
    assert codes(one(told, "agencies")) == ["H41", "H41.12", "H14", "H14.12"]
    assert codes(one(told, "agencies-qd20")) == ["H41", "H14"]
    assert codes(one(told, "units")) == ["H41", "H41.12", "H14", "H14.12"]  # the level of the call before is no matter
    entered = one(told, "registered")["data"][-1]
    assert (entered["code"], entered["name"]) == ("H41.99", "Trạm thử")


def test_a_document_goes_to_both_recipients_and_comes_off_the_list(spoken: tuple[Told, AxisServer]) -> None:
    told, server = spoken
    rows = one(told, "sent")["data"]
    assert [(row["senderDocId"], row["toCode"]) for row in rows] == [
        (one(told, "send")["DocId"], "H14"),
        (one(told, "send")["DocId"], "H14.12"),
    ]
    assert one(told, "count")["count"] == "4"
    assert [row["to"] for row in one(told, "received")["data"]] == ["H14", "H14.12"] * 2
    assert one(told, "received-after")["data"] == []
    assert one(told, "window")["data"] == []
    assert one(told, "count-after")["count"] == "0"  # though "status" and "docId" of the last call come along
    sent = server.axis.core.submissions()
    for submission in sent[1:]:
        assert [copy.state for copy in server.axis.core.copies_of(submission)] == [ItemState.DONE] * len(
            submission.recipients
        )
    assert [(one.kind, one.sender, one.recipients) for one in sent[1:]] == [
        (Kind.STATUS, "H14.12", ("H41",)),
        (Kind.DOCUMENT, "H41", ("H14", "H14.12")),
        (Kind.DOCUMENT, "H41", ("H14", "H14.12")),
    ]


def test_both_ways_of_fetching_give_the_packet(spoken: tuple[Told, AxisServer]) -> None:
    told, _ = spoken
    assert len(told["file"]) == 8
    whole, streamed = told["file"][0].read_bytes(), told["file"][1].read_bytes()
    assert whole == streamed
    was, found = vndoc.read(PACKET).document, vndoc.read(whole).document
    assert vndoc.content_digest(found) == vndoc.content_digest(was)
    assert found.trace_header_list is not None
    assert str(found.trace_header_list.trace_headers[-1].organ_id) == "001.00.20.TT2"
    back = vndoc.read(one(told, "status-file")).status
    assert (back.status_code, str(back.response_for and back.response_for.organ_id)) == ("01", "H41")


def test_what_the_kit_kept_was_sent_and_did_no_harm(spoken: tuple[Told, AxisServer]) -> None:
    told, _ = spoken
    keys = str(one(told, "keys")).split(";")
    assert {"docId", "filePath", "fromDate", "toDate", "status"} < set(keys)
    assert keys != sorted(keys)
    assert (one(told, "count-status")["count"], one(told, "count-status-after")["count"]) == ("1", "0")
    assert [row["from"] for row in one(told, "statuses")["data"]] == ["H14.12"]


def test_a_status_goes_to_whom_it_answers_though_an_old_to_comes_along(spoken: tuple[Told, AxisServer]) -> None:
    told, server = spoken
    assert "H14.12" in str(one(told, "old-to"))
    newest = server.axis.core.submissions()[0]
    assert (newest.id, newest.recipients) == (one(told, "answer-with-old-to")["DocId"], ("H14",))


def test_a_value_that_is_cut_to_its_low_octets_is_refused_and_no_harm_to_the_connection(
    spoken: tuple[Told, AxisServer],
) -> None:
    told, _ = spoken
    assert "hash-header" in one(told, "not-ascii")["ErrorDesc"] or "sign-header" in one(told, "not-ascii")["ErrorDesc"]
    assert one(told, "ascii-again")["status"] == "OK"
    assert one(told, "wrong-secret")["ErrorCode"] == "15"
