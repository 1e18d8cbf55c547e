"""Which document a packet speaks of; and whether an incoming document has been here."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vndoc
from exchange_support import AT, DAY, HOUR, unless
from strategies import documents, statuses
from vndoc.envelope import (
    BusinessKey,
    Bussiness,
    DocumentPacket,
    Organization,
    PromulgationInfo,
    ReplacementInfo,
    ResponseFor,
    StatusPacket,
    TraceHeader,
    TraceHeaderList,
)
from vndoc.errors import ExchangeError
from vndoc.exchange import (
    Clue,
    ClueKind,
    Incoming,
    Known,
    Match,
    RecordConflict,
    change_clues,
    find,
    match,
    read_status,
)
from vndoc.identifiers import DocumentCode, OrganCode

DAY5 = datetime.date(2026, 2, 1)
KEY5 = BusinessKey("H41", 2026, "5", "TB-UBND")
KEY7 = BusinessKey("H41", 2026, "7", "TB-UBND")


# -- statuses --------------------------------------------------------------------------------------------


def test_a_status_of_the_vendor(golden: Path) -> None:
    packet = vndoc.read_packet(golden / "status_03_accepted.edxml")
    assert isinstance(packet, StatusPacket)
    said = read_status(packet, at=AT)
    assert (said.reporter, said.counterparty, said.sender, said.receiver) == ("H14.12", "H41", "H41", "H14.12")
    assert (said.report.code, said.report.reason, said.report.at) == ("03", "Đã tiếp nhận", AT)
    assert said.report.reported_at == datetime.datetime(2026, 3, 4, 7, 15, 16, tzinfo=datetime.UTC)
    assert said.clues == (
        Clue(ClueKind.RESPONSE_CODE, key=KEY7),
        Clue(ClueKind.RESPONSE_ID, document_id="H41,2026/03/04,07/TB-UBND"),
        Clue(ClueKind.RESPONSE_ID, key=KEY7),
    )
    assert not said.is_request


def status(**more: Any) -> StatusPacket:
    about = {"organ_id": "H41", "code": "05/TB-UBND", "promulgation_date": DAY5, **more.pop("about", {})}
    fields = {
        "from_": Organization(organ_id="H14.12"),
        "status_code": "3",
        "response_for": ResponseFor(**about),
        **more,
    }
    return StatusPacket(**fields)


def test_the_sender_takes_back_its_own_document() -> None:
    packet = status(from_=Organization(organ_id="H41"), status_code="13", about={"organ_id": "H14.12"})
    said = read_status(packet, at=AT)
    assert (said.sender, said.receiver, said.is_request) == ("H41", "H14.12", True)
    assert said.clues == (Clue(ClueKind.RESPONSE_CODE, key=KEY5),)


def test_codes_are_those_of_the_table() -> None:
    now = {"000.00.00.H41": "H41", "H14.12": "H20"}
    packet = status(about={"organ_id": "000.00.00.H41", "document_id": "000.00.00.H41,2026-02-01,05/TB-UBND"})
    said = read_status(packet, at=AT, normalise=lambda code: now.get(code.text, code.text))
    assert (said.sender, said.receiver) == ("H41", "H20")
    assert {clue.key for clue in said.clues if clue.key} == {KEY5}


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        ({"from_": None}, "From/OrganId"),
        ({"from_": Organization(organ_name="x")}, "From/OrganId"),
        ({"status_code": None}, "StatusCode"),
        ({"about": {"organ_id": None}}, "ResponseFor/OrganId, ResponseFor/Code"),
        ({"about": {"code": None}}, "ResponseFor/Code"),
        ({"about": {"promulgation_date": None}}, "ResponseFor/Code"),
        (
            {"response_for": None, "from_": None, "status_code": ""},
            "From/OrganId, StatusCode, ResponseFor/OrganId, ResponseFor/Code",
        ),
    ],
)
def test_a_status_that_cannot_be_used_says_what_it_lacks(more: dict[str, Any], missing: str) -> None:
    with pytest.raises(ExchangeError) as caught:
        read_status(status(**more), at=AT)
    assert (caught.value.code, caught.value.values["paths"]) == ("status-incomplete", missing)


def test_an_id_is_enough_to_name_a_document() -> None:
    said = read_status(status(about={"code": None, "document_id": " 18661 "}), at=AT)
    assert said.clues == (Clue(ClueKind.RESPONSE_ID, document_id="18661"),)


@pytest.mark.parametrize(
    ("stamp", "wanted"),
    [
        (None, None),
        (datetime.date(2026, 3, 4), None),
        (datetime.datetime(2026, 3, 4, 9, 0), AT),  # noqa: DTZ001 - packets state no zone
        (AT, AT),
        (datetime.datetime(1, 1, 1), None),  # noqa: DTZ001 - before the first moment of UTC
    ],
)
def test_the_time_of_a_status(stamp: Any, wanted: Any) -> None:
    assert read_status(status(timestamp=stamp), at=AT).report.reported_at == wanted


@settings(max_examples=40)
@given(statuses())
def test_every_status_is_read_or_refused(packet: StatusPacket) -> None:
    said = unless({"status-incomplete"}, lambda: read_status(packet, at=AT))
    assert said is None or (said.reporter and said.counterparty and said.clues)


# -- changes ---------------------------------------------------------------------------------------------


def test_the_targets_of_the_vendors_packets(golden: Path) -> None:
    def clues(name: str) -> tuple[tuple[Clue, ...], ...]:
        packet = vndoc.read_packet(golden / name)
        assert isinstance(packet, DocumentPacket)
        return change_clues(packet)

    named = Clue(ClueKind.RESPONSE_ID, document_id="H41,2026/02/01,05/TB-UBND")
    own = (Clue(ClueKind.OWN_ID, document_id="H41,2026/03/04,07/TB-UBND"), Clue(ClueKind.OWN_ID, key=KEY7))
    assert clues("document_0_new.edxml") == ()
    assert clues("document_1_recall.edxml") == (
        (
            named,
            Clue(ClueKind.RESPONSE_ID, key=KEY5),
            Clue(ClueKind.RESPONSE_CODE, key=KEY5),
            *own,
            Clue(ClueKind.OWN_CODE, key=KEY7),
        ),
    )
    (updated,) = clues("document_2_update.edxml")
    assert updated[:2] == (
        Clue(ClueKind.BUSSINESS_ID, document_id=named.document_id),
        Clue(ClueKind.BUSSINESS_ID, key=KEY5),
    )
    assert updated[2:4] == own
    first, second = clues("document_3_replace.edxml")
    assert first[0] == Clue(ClueKind.REPLACED_ID, named.document_id, receivers=("H14.12", "H20"))
    assert second[1].key == BusinessKey("H41", 2026, "6", "TB-UBND")


def recall(**more: Any) -> DocumentPacket:
    block = Bussiness(bussiness_doc_type=more.pop("kind", 1), document_id=more.pop("target", None),
                      replacement_info_list=more.pop("replaced", ()))  # fmt: skip
    return DocumentPacket(
        from_=Organization(organ_id="H41"), trace_header_list=TraceHeaderList(bussiness=block), **more
    )


def test_a_response_that_names_the_receiver_is_tried_with_the_sender() -> None:
    about = ResponseFor(organ_id="H14.12", code="05/TB-UBND", promulgation_date=DAY5)
    (clues,) = change_clues(recall(response_for=[about]))
    assert [clue.key for clue in clues] == [BusinessKey("H14.12", 2026, "5", "TB-UBND"), KEY5]


def test_a_packet_that_names_nothing() -> None:
    assert change_clues(DocumentPacket(document_id="x")) == ()
    assert change_clues(recall()) == ((),)
    assert change_clues(recall().evolve(from_=None, response_for=[ResponseFor(code="1/A")])) == ((),)
    assert change_clues(recall(kind=3, target="A")) == ((Clue(ClueKind.BUSSINESS_ID, document_id="A"),),)
    assert change_clues(recall(kind=3, replaced=[ReplacementInfo(document_id=" ")])) == ((),)
    own = {
        "document_id": "9",
        "code": DocumentCode("5", "TB-UBND"),
        "promulgation_info": PromulgationInfo(promulgation_date=DAY5),
    }
    assert [clue.kind for clue in change_clues(recall(**own))[0]] == [ClueKind.OWN_ID, ClueKind.OWN_CODE]
    assert change_clues(recall(kind=3, **own)) == ((),), "a replacement is not named by its own code"


BOTH = st.sampled_from(
    ["H41,2026/02/01,05/TB-UBND", "H41,2026-02-01,05/TB-UBND", "H41,2026/2/1,5/TB-UBND", " H41,2026/02/01,005/TB-UBND "]
)


@given(BOTH, BOTH)
def test_the_forms_of_one_id_lead_to_one_document(one: str, other: str) -> None:
    """Products write dates with slashes or dashes, and numbers with zeros or without."""
    kept = {clue.key for clue in change_clues(recall(target=one))[0] if clue.key}
    asked = {clue.key for clue in change_clues(recall(target=other))[0] if clue.key}
    assert kept == asked == {KEY5}


@settings(max_examples=40)
@given(documents())
def test_every_packet_gives_clues_that_name_something(packet: DocumentPacket) -> None:
    for clues in change_clues(packet):
        assert len(set(clues)) == len(clues)
        assert all((clue.document_id is None) != (clue.key is None) for clue in clues)


def test_the_first_clue_that_finds_one_decides() -> None:
    rows = {"A": ["one"], "B": ["one", "two"]}
    clues = [Clue(ClueKind.RESPONSE_ID, document_id=name) for name in ("none", "A", "B")]

    def known(clue: Clue) -> list[str]:
        return rows.get(clue.document_id or "", [])

    assert find(clues, known) == "one"
    with pytest.raises(ExchangeError, match="change-target-ambiguous") as caught:
        find(reversed(clues), known)
    assert caught.value.values == {"document": "B", "count": 2, "kind": "ResponseFor/DocumentId"}
    with pytest.raises(ExchangeError, match="change-target-unknown"):
        find(clues[:1], known)
    with pytest.raises(ExchangeError, match="change-target-unknown"):
        find([Clue(ClueKind.OWN_CODE, key=KEY5)], known)


def test_organs_without_code_have_none() -> None:
    packet = recall(response_for=[ResponseFor(organ_id=OrganCode(" "), code="05/TB-UBND", promulgation_date=DAY5)])
    assert [clue.key for clue in change_clues(packet)[0]] == [KEY5]


# -- duplicates ------------------------------------------------------------------------------------------

ONE, TWO = b"\x01" * 32, b"\x02" * 32


def known(
    digest: bytes = ONE,
    version: int = 1,
    *,
    taken: bool = True,
    hours: int = 0,
    receipt: str = "R1",
    operation: int = 0,
) -> Known:
    return Known(
        digest=digest, version=version, at=AT + hours * HOUR, taken=taken, receipt=receipt, operation=operation
    )


def what(digest: bytes, *rows: Known, operation: int = 0) -> Any:
    return match(Incoming(document="K", digest=digest, operation=operation), rows)


def test_a_new_document() -> None:
    found = what(ONE)
    assert (found.match, found.version, found.known, found.effects) == (Match.NEW, 1, None, ())


def test_the_same_document_is_answered_with_the_earlier_receipt() -> None:
    rows = known(hours=5, receipt="R2"), known(receipt="R1"), known(TWO, 2, operation=2)
    found = what(ONE, *rows)
    assert (found.match, found.known.receipt, found.effects) == (Match.DUPLICATE, "R1", ())
    assert what(TWO, *rows, operation=2).match is Match.DUPLICATE, "an update that came twice"
    assert what(ONE, known(operation=3)).match is Match.DUPLICATE, "a replacement that came again as a plain document"


@pytest.mark.parametrize("operation", [1, 2, 3])
def test_a_change_that_is_its_document_again_in_all_else_is_no_duplicate(operation: int) -> None:
    assert what(ONE, known(), operation=operation).match is Match.CHANGE


def test_other_content_under_the_same_key_is_a_conflict() -> None:
    found = what(TWO, known(hours=1), known(b"\x03" * 32, 2, hours=2))
    assert (found.match, found.version, found.known.digest) == (Match.CONFLICT, 2, b"\x03" * 32)
    conflict = next(effect for effect in found.effects if isinstance(effect, RecordConflict))
    assert conflict == RecordConflict(
        "document-conflict", (("document", "K"), ("digest", "02" * 32), ("known", "03" * 32))
    )


def test_the_outcome_of_the_earlier_one_counts_not_that_it_came() -> None:
    found = what(ONE, known(taken=False), known(taken=False, hours=2, receipt=""))
    assert (found.match, found.version, found.known.at) == (Match.AGAIN, 1, AT + 2 * HOUR)
    assert what(TWO, known(taken=False)).match is Match.NEW
    assert what(ONE, known(taken=False), known(hours=3)).match is Match.DUPLICATE


@pytest.mark.parametrize(("operation", "version"), [(1, 1), (2, 2), (3, 1)])
def test_a_change_is_no_conflict(operation: int, version: int) -> None:
    found = what(TWO, known(), operation=operation)
    assert (found.match, found.version, found.effects) == (Match.CHANGE, version, ())
    assert what(TWO, operation=operation).version == 1


def test_an_axis_that_rewrites_a_packet_makes_no_conflict(golden: Path) -> None:
    """Trace, DocumentId, Direction and packing change on the way; the digest does not."""
    packet = vndoc.read_packet(golden / "document_0_new.edxml")
    assert isinstance(packet, DocumentPacket)
    digest = vndoc.content_digest(packet)
    assert packet.trace_header_list is not None
    hops = packet.trace_header_list.evolve(
        trace_headers=[TraceHeader(organ_id="H20", timestamp=AT.replace(tzinfo=None))]
    )
    rewritten = packet.evolve(document_id="18661", trace_header_list=hops)
    written = vndoc.write_packet(rewritten, profile="vxp")
    again = vndoc.read_packet(written)
    assert isinstance(again, DocumentPacket)
    row = Known(digest=digest, version=1, at=AT - DAY, taken=True, receipt="R1")
    found = match(Incoming(document=str(vndoc.business_key(again)), digest=vndoc.content_digest(again)), [row])
    assert (found.match, found.known) == (Match.DUPLICATE, row)


@given(
    st.lists(
        st.builds(known, st.sampled_from([ONE, TWO]), st.integers(1, 3), taken=st.booleans(), hours=st.integers(0, 9))
    ),
    st.randoms(),
)
def test_the_order_of_what_is_known_decides_nothing(rows: list[Known], random: Any) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    for operation in range(4):
        found, again = what(ONE, *rows, operation=operation), what(ONE, *shuffled, operation=operation)
        assert (found.match, found.version, found.effects) == (again.match, again.version, again.effects)
        taken = {row.digest for row in rows if row.taken}
        assert (found.match is Match.DUPLICATE) == (operation == 0 and ONE in taken)
        assert (found.match is Match.CONFLICT) == (operation == 0 and taken == {TWO})
