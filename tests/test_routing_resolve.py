"""Resolution, step by step: bad input, other codes, dates, delegations, connection states, guesses when asked for."""

from __future__ import annotations

import datetime
import json
import unicodedata

import pytest

from vndoc.errors import UsageError
from vndoc.identifiers import OrganCode
from vndoc.routing import (
    NOTES,
    OUTCOMES,
    REASONS,
    STEPS,
    Agency,
    Alias,
    AliasKind,
    Connection,
    Delegation,
    Note,
    Outcome,
    Policy,
    Reason,
    RoutingTable,
    StepKind,
    Successor,
    SuccessorKind,
    TableInfo,
)

DAY = datetime.date(2025, 7, 1)
EARLY, LATE = datetime.date(2024, 1, 1), datetime.date(2026, 1, 1)
ON, OFF = Connection.CONNECTED, Connection.NOT_CONNECTED


def table(*agencies: Agency, strict: bool = False, **info: object) -> RoutingTable:
    return RoutingTable.of(agencies, info=TableInfo(**info), strict=strict)


def reason(of: RoutingTable, code: str, **asked: object) -> Reason:
    return of.resolve(code, **{"at": DAY} | asked).reason


# -- vocabulary ------------------------------------------------------------------------------------------


def test_the_vocabulary_is_closed_and_complete():
    assert [o.value for o in Outcome] == [
        "deliverable", "unknown", "malformed", "closed-without-heir", "ambiguous", "not-yet-valid", "not-connected",
        "pending", "conflict", "loop",
    ]  # fmt: skip
    assert [s.value for s in StepKind] == [
        "parse", "exact", "alias", "validity", "successor", "delegation", "ancestor", "connection", "next-hop",
    ]  # fmt: skip
    assert (set(OUTCOMES), set(REASONS), set(STEPS), set(NOTES)) == (
        set(Outcome), set(Reason), set(StepKind), set(Note),
    )  # fmt: skip
    assert {row.outcome for row in REASONS.values()} == set(Outcome)
    assert {row.step for row in NOTES.values()} == set(StepKind)
    for row in [*REASONS.values(), *NOTES.values()]:
        assert row.text.vi
        assert row.text.en


# -- bad input -------------------------------------------------------------------------------------------

BAD = [
    ("", Reason.EMPTY),
    ("h41", Reason.LOWER_CASE),
    ("H41 ", Reason.BLANK),
    ("\tH41", Reason.BLANK),
    ("H" * 36, Reason.TOO_LONG),
    ("H41." * 9, Reason.TOO_LONG),
    ("Н41", Reason.LOOK_ALIKE),  # Cyrillic En
    ("Η41", Reason.LOOK_ALIKE),  # Greek Eta
    ("Ｈ41", Reason.LOOK_ALIKE),  # full width
    (unicodedata.normalize("NFD", "Sở Nội vụ"), Reason.NOT_NFC),
    ("Sở Nội vụ", Reason.BAD_CHARACTER),
    ("H41/01", Reason.BAD_CHARACTER),
    ("H41 01", Reason.BAD_CHARACTER),
    ("H41\x00", Reason.BAD_CHARACTER),
    ("H41\n", Reason.BLANK),
    ("H41..01", Reason.EMPTY_PART),
    (".H41", Reason.EMPTY_PART),
]


@pytest.mark.parametrize(("code", "expected"), BAD)
def test_each_kind_of_bad_input_has_its_reason(code, expected):
    answer = RoutingTable.builtin().resolve(code, at=DAY)
    assert (answer.outcome, answer.reason, answer.agency) == (Outcome.MALFORMED, expected, None)
    assert [step.note for step in answer.steps] == [Note.MALFORMED]
    assert answer.explain("vi").splitlines()[1].startswith("  đọc mã: ")


def test_the_longest_code_is_not_too_long():
    assert reason(RoutingTable.builtin(), "H41." + "1" * 31) is Reason.UNKNOWN_CODE
    assert reason(RoutingTable.builtin(), "H41." + "1" * 32) is Reason.TOO_LONG


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("H99", Reason.UNKNOWN_CODE),
        ("000.00.00.H99", Reason.UNKNOWN_CODE),
        ("L01", Reason.UNKNOWN_LETTER),
        ("28.22.H17", Reason.UNKNOWN_IRREGULAR),
        ("00.53.W00", Reason.SYSTEM),
        ("0123456789", Reason.UNKNOWN_CODE),
    ],
)
def test_an_unknown_code_says_what_kind_it_is(code, expected):
    answer = RoutingTable.builtin().resolve(code, at=DAY)
    assert (answer.outcome, answer.reason) == (Outcome.UNKNOWN, expected)


def test_what_the_registry_writes_matches_to_the_letter_whatever_it_is():
    odd = table(Agency("vxp.saas.03", "Đơn vị thử mẫu"), Agency("H1 ", "Mã lẻ"), strict=False)
    assert reason(odd, "vxp.saas.03") is Reason.EXACT
    assert reason(odd, "H1 ") is Reason.EXACT
    assert reason(odd, "H1") is Reason.UNKNOWN_IRREGULAR


@pytest.mark.parametrize("name", ["at", "meant_at"])
def test_a_date_is_a_date(name):
    asked = {"at": DAY} | {name: datetime.datetime(2025, 7, 1, tzinfo=datetime.UTC)}
    with pytest.raises(UsageError) as caught:
        RoutingTable.builtin().resolve("H41", **asked)
    assert caught.value.code == "date-expected"
    assert caught.value.values["name"] == name


def test_a_code_is_text_or_an_organ_code():
    built = RoutingTable.builtin()
    assert built.resolve(OrganCode("H41"), at=DAY).agency.code == "H41"
    with pytest.raises(UsageError) as caught:
        built.resolve(41, at=DAY)
    assert caught.value.code == "code-expected"


# -- other codes, dates ----------------------------------------------------------------------------------


def test_an_alias_has_dates_of_its_own():
    old = Alias("000.00.01.H01", AliasKind.OLD_CODE, EARLY, DAY)
    agencies = table(Agency("H01.01", "Sở Mẫu", aliases=(old,), connection=ON), strict=True)
    for at, note, why in ((DAY, Note.ALIAS_FOUND, Reason.ALIAS), (LATE, Note.ALIAS_EXPIRED, Reason.ALIAS_EXPIRED)):
        answer = agencies.resolve("000.00.01.H01", at=at)
        assert (answer.reason, answer.agency.code) == (why, "H01.01")
        assert [s.note for s in answer.steps][:3] == [Note.PARSED, Note.ABSENT, note]
        assert answer.steps[2].values["alias"] == "000.00.01.H01"
        assert "000.00.01.H01 (mã cũ)" in answer.steps[2].text("vi")
    assert reason(agencies, "000.00.01.H01", at=datetime.date(2023, 1, 1)) is Reason.NOT_YET


def test_a_code_of_one_body_may_have_been_the_alias_of_another():
    day_before = DAY - datetime.timedelta(days=1)
    agencies = table(
        Agency("H01.02", "Mới", valid_from=DAY),
        Agency("H01.03", "Cũ", aliases=(Alias("H01.02", valid_to=day_before),)),
        strict=True,
    )
    assert agencies.resolve("H01.02", at=DAY).agency.name == "Mới"
    assert agencies.resolve("H01.02", at=EARLY).agency.name == "Cũ"
    assert agencies.resolve("H01.02", at=DAY, meant_at=EARLY).agency.name == "Cũ"


def test_exact_goes_first_where_neither_code_nor_alias_fits_the_day():
    past = datetime.date(2023, 1, 1)
    ended = Agency("X1", "Đã hết", valid_to=past, successors=(Successor("X2", SuccessorKind.WHOLE),))
    agencies = table(ended, Agency("X2", "Có mã khác", aliases=(Alias("X1", valid_to=past),)))
    assert agencies.resolve("X1", at=DAY).meant is ended
    to_come = table(Agency("X1", valid_from=LATE), Agency("X2", aliases=(Alias("X1", valid_from=LATE),)))
    assert reason(to_come, "X1") is Reason.NOT_YET
    assert reason(to_come, "X1", at=LATE, meant_at=LATE) is Reason.EXACT


def test_overlaps_are_conflicts_with_their_candidates():
    twice = table(Agency("X1", "Một"), Agency("X1", "Hai"))
    answer = twice.resolve("X1", at=DAY)
    assert (answer.outcome, answer.reason) == (Outcome.CONFLICT, Reason.OVERLAP)
    assert {c.name for c in answer.candidates} == {"Một", "Hai"}
    shared = table(Agency("X1", "Một", aliases=(Alias("Z"),)), Agency("X2", "Hai", aliases=(Alias("Z"),)))
    answer = shared.resolve("Z", at=DAY)
    assert (answer.outcome, answer.reason) == (Outcome.CONFLICT, Reason.ALIAS_OF_SEVERAL)
    assert [c.code for c in answer.candidates] == ["X1", "X2"]
    same = table(Agency("X1", aliases=(Alias("Z", AliasKind.OLD_CODE), Alias("Z", AliasKind.CODE_102))))
    assert reason(same, "Z") is Reason.ALIAS


def test_a_gap_between_two_bodies_belongs_to_the_earlier():
    first = Agency("X1", "Trước", valid_to=EARLY, successors=(Successor("X1", SuccessorKind.RENAMED),))
    agencies = table(first, Agency("X1", "Sau", valid_from=LATE))
    assert agencies.resolve("X1", at=DAY).reason is Reason.SUCCESSOR_NOT_YET
    late = agencies.resolve("X1", at=LATE, meant_at=DAY)
    assert (late.meant, late.agency.name) == (first, "Sau")
    assert agencies.resolve("X1", at=DAY, meant_at=datetime.date(2023, 1, 1)).meant is first
    coming = table(Agency("X1", "Sau", valid_from=LATE), Agency("X1", "Trước", valid_from=DAY, valid_to=DAY))
    early = coming.resolve("X1", at=EARLY)
    assert (early.reason, early.steps[-1].text()) == (Reason.NOT_YET, "X1 is valid from 2025-07-01")
    three = table(first, Agency("X1", "Giữa", valid_from=DAY, valid_to=DAY), Agency("X1", "Sau", valid_from=LATE))
    assert three.resolve("X1", at=DAY, meant_at=EARLY).agency.name == "Giữa"
    assert three.resolve("X1", at=LATE, meant_at=DAY).reason is Reason.NO_SUCCESSOR


# -- successors ------------------------------------------------------------------------------------------


def closed(*heirs: Successor, code: str = "X1") -> Agency:
    return Agency(code, "Đã đóng", valid_to=EARLY, successors=heirs)


@pytest.mark.parametrize(
    ("heirs", "expected"),
    [
        ((), Reason.NO_SUCCESSOR),
        ((Successor("X9", SuccessorKind.WHOLE),), Reason.SUCCESSOR_MISSING),
        ((Successor("X2", SuccessorKind.WHOLE),), Reason.SUCCESSOR),
        ((Successor("X2", SuccessorKind.WHOLE), Successor("X3", SuccessorKind.FUNCTION)), Reason.SUCCESSOR),
        ((Successor("X2", SuccessorKind.PART),), Reason.PART_ONLY),
        ((Successor("X2", SuccessorKind.WHOLE), Successor("X3", SuccessorKind.WHOLE)), Reason.SPLIT),
        ((Successor("X2", SuccessorKind.FUNCTION),), Reason.FUNCTION_ONLY),
        ((Successor("X4", SuccessorKind.MERGED),), Reason.OVERLAP),
        ((Successor("X5", SuccessorKind.MERGED),), Reason.SUCCESSOR_NOT_YET),
        ((Successor("X6", SuccessorKind.MERGED),), Reason.SUCCESSOR_MISSING),
        ((Successor("X9", SuccessorKind.PART), Successor("X2", SuccessorKind.PART)), Reason.SPLIT),
    ],
)
def test_one_whole_heir_is_followed_and_nothing_else(heirs, expected):
    others = [
        Agency("X2"), Agency("X3"), Agency("X4"), Agency("X4"), Agency("X5", valid_from=LATE),
        Agency("X6", valid_to=datetime.date(2020, 1, 1)),
    ]  # fmt: skip
    answer = table(closed(*heirs), *others).resolve("X1", at=DAY)
    assert answer.reason is expected
    if expected in {Reason.SPLIT, Reason.PART_ONLY, Reason.FUNCTION_ONLY}:
        assert [c.code for c in answer.candidates] == [s.code for s in heirs]
        assert answer.agency is None
        assert answer.meant.code == "X1"


def test_two_successors_by_function_are_never_followed():
    heirs = (Successor("X2", SuccessorKind.FUNCTION), Successor("X3", SuccessorKind.FUNCTION))
    agencies = table(closed(*heirs), Agency("X2"), Agency("X3"))
    assert reason(agencies, "X1", policy=Policy(by_function=True)) is Reason.FUNCTION_ONLY


def test_a_chain_is_followed_with_its_dates_and_instruments():
    agencies = table(
        Agency("X1", valid_to=EARLY, successors=(Successor("X2", SuccessorKind.MERGED, instrument="QĐ 1/2024"),)),
        Agency("X2", valid_to=DAY, successors=(Successor("X3", SuccessorKind.RENAMED),)),
        Agency("X3", "Cuối", connection=ON),
        strict=True,
    )
    answer = agencies.resolve("X1", at=LATE)
    assert answer.agency.name == "Cuối"
    text = answer.explain("vi")
    assert "X1 → X2: sáp nhập (QĐ 1/2024)" in text
    assert "X2 đóng sau ngày 01/07/2025" in text
    assert "X2 was closed after 2025-07-01" in answer.explain("en")


def test_chains_end_on_cycles_and_at_the_longest_length():
    cycle = table(
        Agency("X1", valid_to=EARLY, successors=(Successor("X3", SuccessorKind.WHOLE),)),
        Agency("X3", delegations=(Delegation("X4"),)),
        Agency("X4", delegations=(Delegation("X3"),)),
    )
    answer = cycle.resolve("X1", at=DAY)
    assert (answer.outcome, answer.reason, answer.agency) == (Outcome.LOOP, Reason.CYCLE, None)
    assert answer.steps[-1].text("en") == "back at X3"
    day = datetime.timedelta(days=1)
    chain = [
        Agency(f"X{n}", valid_to=EARLY + n * day, successors=(Successor(f"X{n + 1}", SuccessorKind.WHOLE),))
        for n in range(40)
    ]
    long = table(*chain, Agency("X40"), strict=True)
    assert reason(long, "X8") is Reason.SUCCESSOR
    answer = long.resolve("X7", at=DAY)
    assert (answer.outcome, answer.reason) == (Outcome.LOOP, Reason.TOO_MANY_STEPS)
    assert reason(long, "X0", policy=Policy(max_steps=40)) is Reason.SUCCESSOR


# -- delegations -----------------------------------------------------------------------------------------


def test_a_delegation_is_dated_and_may_be_limited_to_kinds():
    rule = Delegation("X2", EARLY, LATE, ("van-ban",), "QĐ 7")
    agencies = table(Agency("X1", connection=ON, delegations=(rule,)), Agency("X2", connection=ON), strict=True)
    assert agencies.resolve("X1", at=DAY, kind="van-ban").agency.code == "X2"
    assert "X2 nhận thay X1 (QĐ 7)" in agencies.resolve("X1", at=DAY, kind="van-ban").explain("vi")
    for asked in ({"kind": "khac"}, {}):
        answer = agencies.resolve("X1", at=DAY, **asked)
        assert answer.agency.code == "X1"
        assert Note.OTHER_KINDS in [s.note for s in answer.steps]
        assert "van-ban" in answer.explain()
    assert agencies.resolve("X1", at=datetime.date(2023, 1, 1), kind="van-ban").agency.code == "X1"


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("X2", Reason.DELEGATE),
        ("X3", Reason.SUCCESSOR),
        ("X4", Reason.DELEGATE_NOT_YET),
        ("X5", Reason.OVERLAP),
        ("X9", Reason.DELEGATE_UNKNOWN),
        ("X1", Reason.CYCLE),
    ],
)
def test_the_delegate_itself_may_have_closed_or_not_begun(to, expected):
    others = [
        Agency("X2"), Agency("X3", valid_to=EARLY, successors=(Successor("X2", SuccessorKind.WHOLE),)),
        Agency("X4", valid_from=LATE), Agency("X5"), Agency("X5"),
    ]  # fmt: skip
    agencies = table(Agency("X1", delegations=(Delegation(to),)), *others)
    assert reason(agencies, "X1") is expected


# -- connection states, ancestors --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "expected", "sure"),
    [
        (Connection.CONNECTED, Reason.EXACT, Reason.EXACT),
        (Connection.UNKNOWN, Reason.EXACT, Reason.CONNECTION_UNKNOWN),
        (Connection.NOT_CONNECTED, Reason.NOT_CONNECTED, Reason.NOT_CONNECTED),
        (Connection.PENDING, Reason.PENDING, Reason.PENDING),
        (Connection.CONFLICT, Reason.REGISTRY_CONFLICT, Reason.REGISTRY_CONFLICT),
    ],
)
def test_each_connection_state_has_its_answer(state, expected, sure):
    agencies = table(Agency("X1", "Đơn vị mẫu", connection=state))
    answer = agencies.resolve("X1", at=DAY)
    assert (answer.reason, answer.agency.code) == (expected, "X1")
    assert answer.connection_unknown is (state is Connection.UNKNOWN)
    assert reason(agencies, "X1", policy=Policy(require_connected=True)) is sure


TREE = (
    Agency("H49", "Tỉnh", connection=ON),
    Agency("H49.03", "Sở", parent="H49", connection=OFF),
    Agency("H49.03.07", "Chi cục", parent="H49.03", connection=OFF),
    Agency("H49.04", "Không ghi cấp trên", connection=OFF),
    Agency("H49.05", "Cấp trên lạ", parent="H50", connection=OFF),
    Agency("H49.06", "Cấp trên đã đóng", parent="H49.08", connection=OFF),
    Agency("H49.08", "Đã đóng", parent="H49", valid_to=EARLY, connection=ON),
    Agency("H49.09", "Cấp trên không có", parent="H49.99", connection=OFF),
    Agency("H49.10", "Vòng", parent="H49.11", connection=OFF),
    Agency("H49.11", "Vòng", parent="H49.10", connection=OFF),
    Agency("H49.12", "Cấp trên ghi mã cũ", parent="000.00.00.H50", connection=OFF),
    Agency("H50", "Tỉnh khác", aliases=(Alias("000.00.00.H50"),), connection=ON),
    Agency("H5", "Không phải cấp trên của H53", connection=ON),
    Agency("000.B01.000", "Mã lẻ", parent="H49", connection=OFF),
    Agency("H51", "Không có gì ở trên", connection=OFF),
    Agency("H52", "Chờ", connection=Connection.PENDING),
    Agency("H52.01", "Dưới chờ", parent="H52", connection=OFF),
)


@pytest.mark.parametrize(
    ("code", "expected", "reached"),
    [
        ("H49.03", Reason.ANCESTOR, "H49"),
        ("H49.03.07", Reason.ANCESTOR, "H49"),
        ("H49.04", Reason.ANCESTOR, "H49"),
        ("H49.05", Reason.NO_ANCESTOR, "H49.05"),
        ("H49.06", Reason.NO_ANCESTOR, "H49.06"),
        ("H49.09", Reason.NO_ANCESTOR, "H49.09"),
        ("H49.10", Reason.NO_ANCESTOR, "H49.10"),
        ("H49.12", Reason.NO_ANCESTOR, "H49.12"),
        ("H51", Reason.NO_ANCESTOR, "H51"),
        ("H52.01", Reason.NO_ANCESTOR, "H52.01"),
        ("000.B01.000", Reason.NO_ANCESTOR, "000.B01.000"),
        ("H49.03.77.1", Reason.ANCESTOR, "H49"),
        ("H49.08.01", Reason.UNKNOWN_CODE, None),
        ("H53", Reason.UNKNOWN_CODE, None),
        ("H53.01", Reason.UNKNOWN_CODE, None),
        ("000.07.03.H50", Reason.ANCESTOR, "H50"),
        ("28.22.H49", Reason.UNKNOWN_IRREGULAR, None),
    ],
)
def test_the_nearest_connected_ancestor_by_groups_when_asked(code, expected, reached):
    agencies = table(*TREE)
    answer = agencies.resolve(code, at=DAY, policy=Policy(ancestors=True))
    assert (answer.reason, answer.agency and answer.agency.code) == (expected, reached)
    by_table = RoutingTable.of(TREE, info=TableInfo(ancestors=True), strict=False)
    assert by_table.resolve(code, at=DAY).reason is expected
    assert reason(by_table, code, policy=Policy(ancestors=False)) not in {Reason.ANCESTOR, Reason.NO_ANCESTOR}


def test_the_distance_is_reported():
    answer = table(*TREE).resolve("H49.03.07", at=DAY, policy=Policy(ancestors=True))
    assert "2 level(s) above" in answer.explain("en")
    assert [s.kind for s in answer.steps][-3:] == [StepKind.ANCESTOR, StepKind.CONNECTION, StepKind.HOP]
    unknown = table(*TREE).resolve("H49.77.1", at=DAY, policy=Policy(ancestors=True))
    assert "2 level(s) above" in unknown.explain("en")


def test_a_long_line_of_ancestors_ends():
    deep = [Agency("H49." + ".".join("1" * n), connection=OFF) for n in range(1, 15)]
    answer = table(*deep).resolve(deep[-1].code, at=DAY, policy=Policy(ancestors=True, max_steps=3))
    assert answer.reason is Reason.NO_ANCESTOR


# -- by form -----------------------------------------------------------------------------------------------


def test_a_candidate_by_form_only_when_asked():
    agencies = table(Agency("H53.01", "Sở", valid_from=EARLY), Agency("H53.02"), Agency("H53.2"))
    assert reason(agencies, "000.00.01.H53") is Reason.UNKNOWN_CODE
    asked = agencies.resolve("000.00.01.H53", at=DAY, policy=Policy(by_form=True))
    assert (asked.reason, asked.agency.code, asked.is_guess) == (Reason.FORM, "H53.01", True)
    both = agencies.resolve("000.00.02.H53", at=DAY, policy=Policy(by_form=True))
    assert (both.outcome, [c.code for c in both.candidates]) == (Outcome.AMBIGUOUS, ["H53.02", "H53.2"])
    assert reason(agencies, "000.00.03.H53", policy=Policy(by_form=True)) is Reason.UNKNOWN_CODE
    early = datetime.date(2020, 1, 1)
    assert reason(agencies, "000.00.01.H53", at=early, policy=Policy(by_form=True)) is Reason.UNKNOWN_CODE


def test_a_guess_stays_one_after_a_successor():
    agencies = table(
        Agency("H53.01", valid_to=EARLY, successors=(Successor("H53.02", SuccessorKind.WHOLE),)), Agency("H53.02")
    )
    answer = agencies.resolve("000.00.01.H53", at=DAY, meant_at=EARLY, policy=Policy(by_form=True))
    assert (answer.reason, answer.is_guess) == (Reason.SUCCESSOR, True)
    assert not agencies.resolve("H53.01", at=DAY).is_guess


# -- what an answer says -------------------------------------------------------------------------------------


def test_the_straight_way_has_all_its_steps_in_order():
    one = table(Agency("H01", "Tỉnh mẫu", connection=ON, system="00.01.W00", carrier="lgsp"))
    for answer in (one.resolve("H01", at=DAY), one.resolve("H01", at=DAY, kind="x", meant_at=DAY)):
        assert [s.kind for s in answer.steps] == [
            StepKind.PARSE, StepKind.EXACT, StepKind.VALIDITY, StepKind.CONNECTION, StepKind.HOP,
        ]  # fmt: skip
        assert answer.steps[-1].text("vi") == "qua lgsp; hệ thống 00.01.W00"
        assert answer.steps[0].text("en") == "code H01: form of Decision 20/2020"
    assert one.resolve("H01", at=DAY, kind="x").kind == "x"
    assert one.resolve("H01", at=DAY).kind is None
    assert one.resolve("H01", at=DAY).meant_at == DAY
    assert one.resolve("H01", at=DAY, meant_at=EARLY).meant_at == EARLY


def test_an_answer_is_json():
    answer = RoutingTable.builtin().resolve("H02", at=DAY)
    data = json.loads(json.dumps(answer.to_dict(), ensure_ascii=False))
    assert (data["outcome"], data["reason"], data["agency"]["code"]) == ("deliverable", "successor", "H05")
    assert data["meant"]["valid_to"] == "2025-06-30"
    assert data["meant"]["valid_from"] is None
    assert [s["step"] for s in data["steps"]] == [
        "parse", "exact", "validity", "successor", "validity", "connection", "next-hop",
    ]  # fmt: skip
    early = RoutingTable.builtin().resolve("H02", at=datetime.date(2019, 1, 1)).to_dict()
    assert early["steps"][-1]["values"] == {"begins": "2020-09-15"}
    split = table(closed(Successor("X2", SuccessorKind.PART), Successor("X3", SuccessorKind.PART)), Agency("X2"))
    assert split.resolve("X1", at=DAY).to_dict()["candidates"][0] == {
        "code": "X2", "name": "", "kind": "part", "suggested": False, "instrument": "",
    }  # fmt: skip
    twice = table(Agency("X1"), Agency("X1")).resolve("X1", at=DAY).to_dict()
    assert twice["candidates"][0]["kind"] is None


# -- no guess where data say two things --------------------------------------------------------------------


def test_two_delegations_at_once_are_a_question_and_a_kind_goes_before_all_kinds():
    rules = (Delegation("H02"), Delegation("H03", kinds=("x",)), Delegation("H03", kinds=("x", "y")))
    agencies = table(Agency("H01", delegations=rules), Agency("H02"), Agency("H03"), strict=True)
    assert agencies.resolve("H01", at=DAY, kind="x").agency.code == "H03"
    assert agencies.resolve("H01", at=DAY, kind="z").agency.code == "H02"
    two = (Delegation("H03", instrument="QĐ 1"), Delegation("H02"), Delegation("H99"))
    answer = table(Agency("H01", delegations=two), Agency("H02", "Hai"), Agency("H03")).resolve("H01", at=DAY)
    assert (answer.outcome, answer.reason) == (Outcome.AMBIGUOUS, Reason.SEVERAL_DELEGATES)
    assert [(c.code, c.name, c.instrument) for c in answer.candidates] == [
        ("H03", "", "QĐ 1"), ("H02", "Hai", ""), ("H99", "", ""),
    ]  # fmt: skip
    assert answer.steps[-1].text() == "3 receive for it at once"


@pytest.mark.parametrize("day", [EARLY, DAY, LATE])
def test_two_that_fit_equally_well_are_a_conflict_on_any_day(day):
    once = datetime.date(2025, 7, 1)
    both = table(Agency("H55", "một", 0, "", "", once, once), Agency("H55", "hai", 0, "", "", once, once))
    assert reason(both, "H55", at=day) is Reason.OVERLAP
    other = (Alias("H9", AliasKind.OTHER, once, once),)
    two = table(Agency("H01", aliases=other), Agency("H02", aliases=other))
    assert reason(two, "H9", at=day) is Reason.ALIAS_OF_SEVERAL
    assert two.agency("H9", on=once) is None
    assert both.agency("H55", on=once) is None


def test_no_ancestor_under_a_code_that_several_have():
    for name in ("H55.9", "H55.1"):
        two = table(Agency("H55", "một"), Agency("H55", "hai"), Agency("H55.1", parent="H55", connection=OFF))
        answer = two.resolve(name, at=DAY, policy=Policy(ancestors=True))
        assert not answer.is_deliverable
        assert Note.ABOVE_SEVERAL in [s.note for s in answer.steps]


def test_an_ancestor_that_nobody_knows_to_be_connected_is_called_so():
    one = table(Agency("H55"), Agency("H56", connection=ON))
    assert reason(one, "H55.9", policy=Policy(ancestors=True)) is Reason.ANCESTOR_UNSURE
    assert reason(one, "H56.9", policy=Policy(ancestors=True)) is Reason.ANCESTOR


def test_a_gap_before_the_heir_is_told():
    old = Agency("H01", valid_to=EARLY, successors=(Successor("H02", SuccessorKind.WHOLE),))
    answer = table(old, Agency("H02", valid_from=DAY)).resolve("H01", at=DAY, meant_at=EARLY)
    assert answer.reason is Reason.SUCCESSOR
    assert "H02 began on 2025-07-01 only: there is a gap after the closing" in answer.explain()
    next_day = EARLY + datetime.timedelta(days=1)
    answer = table(old, Agency("H02", valid_from=next_day)).resolve("H01", at=DAY, meant_at=EARLY)
    assert Note.GAP not in [s.note for s in answer.steps]


@pytest.mark.parametrize(
    "values",
    [
        {"split": "suggested"},
        {"by_function": 1},
        {"by_form": None},
        {"ancestors": 0},
        {"require_connected": "yes"},
        {"max_steps": True},
        {"max_steps": -1},
        {"max_steps": 2.0},
        {"group_size": None},
    ],
)
def test_a_policy_of_other_types_is_refused_when_it_is_made(values):
    with pytest.raises(UsageError) as caught:
        Policy(**values)
    assert caught.value.code == "option-invalid"
    assert next(iter(values)) in caught.value.text("en")


class Mine(Policy):
    """A policy of a caller's own class."""


def test_a_policy_of_a_class_of_its_own_is_one():
    one = table(Agency("H01", connection=ON))
    assert one.resolve("H01", at=DAY, policy=Mine()).to_dict() == one.resolve("H01", at=DAY).to_dict()


def test_what_is_no_code_or_policy_is_refused_in_one_way():
    one = table(Agency("H01"))
    for code in (["x"], {}, None, 1):
        for ask in (
            lambda c: one.resolve(c, at=DAY),
            lambda c: one.agency(c, on=DAY),
            lambda c: one.members(c, on=DAY),
        ):
            with pytest.raises(UsageError) as caught:
                ask(code)
            assert caught.value.code == "code-expected"
    linked = table(Agency("H01", connection=ON), Agency("H02"))  # a hit takes the short way, H02 the long
    for ask in (
        *(
            lambda code=code, asked=asked: linked.resolve(code, at=DAY, **asked)
            for code in ("H01", "H02", "H99")
            for asked in ({"policy": None}, {"policy": {}}, {"kind": 1}, {"kind": b"x"})
        ),
        lambda: one.members("@provinces", on=DAY, policy=None),
        lambda: one.search(None),
        lambda: one.search("H01", limit=None),
    ):
        with pytest.raises(UsageError) as caught:
            ask()
        assert caught.value.code == "option-invalid"
