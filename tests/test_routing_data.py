"""Routing over the country's real units: the built-in table, and the communes of July 2025 as synthetic codes."""

from __future__ import annotations

import csv
import datetime
from collections import Counter
from pathlib import Path

import attrs
import pytest

from vndoc.routing import (
    LAST,
    Agency,
    Alias,
    Outcome,
    Policy,
    Reason,
    Resolution,
    RoutingTable,
    SplitRule,
    Successor,
    SuccessorKind,
    TableInfo,
)

BEFORE = datetime.date(2025, 6, 30)
AFTER = datetime.date(2025, 7, 1)
NUMBERS = range(1, 64)


def rows(shared: Path, name: str) -> list[dict[str, str]]:
    with (shared / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def builtin() -> RoutingTable:
    return RoutingTable.builtin()


# -- the built-in table --------------------------------------------------------------------------------


def test_every_row_of_the_built_in_table_says_where_it_comes_from(builtin):
    assert len(builtin) == 176
    assert not builtin.findings
    assert {a.confidence for a in builtin} == {"high", "medium", "low", "derived"}
    assert all(a.source and a.level == 1 and a.kind for a in builtin)
    assert all(a.name for a in builtin if a.confidence != "low")
    assert builtin is RoutingTable.builtin()


@pytest.mark.parametrize("letter", ["H", "K"])
def test_34_codes_go_on_and_29_are_closed_with_one_heir_each(builtin, letter):
    answers = {n: builtin.resolve(f"{letter}{n:02d}", at=AFTER) for n in NUMBERS}
    for n in NUMBERS:
        before = builtin.resolve(f"{letter}{n:02d}", at=BEFORE)
        assert before.is_deliverable
        assert (before.agency.code, before.reason) == (f"{letter}{n:02d}", Reason.EXACT)
    assert Counter(a.reason for a in answers.values()) == {Reason.EXACT: 34, Reason.SUCCESSOR: 29}
    assert len({a.agency.code for a in answers.values()}) == 34
    for n, answer in answers.items():
        closed = builtin.periods(f"{letter}{n:02d}")[0]
        if answer.reason is Reason.SUCCESSOR:
            assert closed.valid_to == BEFORE
            assert len(closed.successors) == 1
            assert answer.meant is closed
            assert answer.agency.valid_to == LAST
            assert sum(step.note.value == "followed" for step in answer.steps) == 1
        else:
            assert closed.valid_to == LAST


def test_h_and_k_are_the_provinces_of_the_data(builtin, shared):
    for row in rows(shared, "agency_level1_province"):
        for column in ("people_committee_code", "people_council_code"):
            assert builtin.resolve(row[column], at=AFTER).agency.code == row[f"successor_{column}"]
            name = builtin.periods(row[column])[0]
            assert row["name_in_list"] in " ".join((name.name, *name.other_names))


def test_central_bodies_are_those_of_the_data(builtin, shared):
    for row in rows(shared, "agency_level1_central"):
        periods = builtin.periods(row["code"])
        on = "active" in row["status_after_2025_04_14"]
        assert (periods[-1].valid_to == LAST) is on
        assert periods[0].name == row["name_2020_list"] or not row["name_2020_list"]
        if on and "(" not in row["name_2025_list"]:
            assert periods[-1].name == row["name_2025_list"]
        if row["suggested_successor"]:
            assert periods[0].successors == (Successor(row["suggested_successor"], SuccessorKind.FUNCTION),)


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        ("G10", "Bộ Nông nghiệp và Phát triển nông thôn", "Bộ Nông nghiệp và Môi trường"),
        ("G21", "Ủy ban Dân tộc", "Bộ Dân tộc và Tôn giáo"),
    ],
)
def test_a_code_that_was_given_again_is_told_apart_by_the_day_it_was_meant(builtin, code, old, new):
    last, first = datetime.date(2025, 4, 13), datetime.date(2025, 4, 14)
    assert builtin.resolve(code, at=last).agency.name == old
    assert builtin.resolve(code, at=first).agency.name == new
    late = builtin.resolve(code, at=AFTER, meant_at=last)
    assert (late.meant.name, late.agency.name, late.reason) == (old, new, Reason.SUCCESSOR)
    fresh = builtin.resolve(code, at=AFTER, meant_at=first)
    assert (fresh.meant.name, fresh.agency.name, fresh.reason) == (new, new, Reason.EXACT)
    early = builtin.resolve(code, at=last, meant_at=first)
    assert (early.outcome, early.reason) == (Outcome.NOT_YET_VALID, Reason.NOT_YET)
    alias = builtin.resolve(f"000.00.00.{code}", at=AFTER, meant_at=last)
    assert alias.meant.name == old


# -- the cases of the specification, section 3.5, on level 1 --------------------------------------------


@pytest.mark.parametrize(("code", "heir"), [("H02", "H05"), ("K02", "K05")])
def test_case_H02_and_K02_are_themselves_the_day_before_and_have_one_heir_the_day_after(builtin, code, heir):  # noqa: N802 - named after the case
    before = builtin.resolve(code, at=BEFORE)
    assert (before.agency.code, before.reason, len(before.chain)) == (code, Reason.EXACT, 1)
    after = builtin.resolve(code, at=AFTER)
    assert (after.agency.code, after.reason) == (heir, Reason.SUCCESSOR)
    assert [agency.code for agency in after.chain] == [code, heir]  # chain length 1: one step


def test_case_H57_is_itself_on_any_date(builtin):  # noqa: N802
    first = builtin.info.begins
    days = [first, BEFORE, AFTER, LAST, *(first + datetime.timedelta(days=n) for n in range(0, 3_000, 37))]
    assert {(builtin.resolve("H57", at=day).agency.code, builtin.resolve("H57", at=day).reason) for day in days} == {
        ("H57", Reason.EXACT)
    }


def test_case_000_00_00_H41_and_H41_are_one_recipient_and_one_delivery(builtin):  # noqa: N802
    for codes in (["H41", "000.00.00.H41"], ["000.00.00.H41", "H41"]):
        plan = builtin.plan(codes, at=AFTER)
        assert [d.codes for d in plan.deliveries] == [tuple(codes)]
        assert [(r.code, r.first) for r in plan.shared] == [(codes[1], codes[0])]


def test_case_G05_by_function_G12_is_not_automatic(builtin):  # noqa: N802
    g05 = builtin.resolve("G05", at=AFTER)
    assert (g05.outcome, g05.reason, g05.agency) == (Outcome.CLOSED, Reason.FUNCTION_ONLY, None)
    assert [(c.code, c.kind) for c in g05.candidates] == [("G12", SuccessorKind.FUNCTION)]
    for policy in (Policy(split=SplitRule.SUGGESTED, by_form=True, ancestors=True),):  # other guesses are not this one
        assert builtin.resolve("G05", at=AFTER, policy=policy).agency is None
    asked = builtin.resolve("G05", at=AFTER, policy=Policy(by_function=True))
    assert (asked.agency.code, asked.reason, asked.is_guess) == ("G12", Reason.FUNCTION, True)


def test_case_all_provinces_are_63_on_2025_06_30_and_34_on_2025_07_01(builtin):
    assert [len(builtin.members("@provinces", on=day)) for day in (BEFORE, AFTER)] == [63, 34]


def test_case_000_A53_000_is_opaque_and_matches_exactly_only(builtin):  # noqa: N802
    every_guess = Policy(ancestors=True, by_form=True, by_function=True, split=SplitRule.SUGGESTED)
    opaque = builtin.resolve("000.A53.000", at=AFTER, policy=every_guess)
    assert (opaque.outcome, opaque.reason) == (Outcome.UNKNOWN, Reason.UNKNOWN_IRREGULAR)
    table = RoutingTable.of([*builtin, Agency("000.A53.000", "Hộp thư Đảng ủy mẫu")], info=builtin.info)
    assert table.resolve("000.A53.000", at=AFTER).reason is Reason.EXACT
    for code in ("000.a53.000", "000.A53.000 ", "00.A53.000", "000.A53.0000", "A53", "000.A53"):
        assert not table.resolve(code, at=AFTER, policy=every_guess).is_deliverable


def test_all_63_as_meant_before_become_34_deliveries(builtin):
    plan = builtin.plan(["@provinces"], at=AFTER, meant_at=BEFORE)
    assert (len(plan.results), len(plan.deliveries), len(plan.shared)) == (63, 34, 29)
    assert plan.is_complete
    assert (plan.version, plan.digest) == (builtin.version, builtin.digest)
    bac_ninh = next(d for d in plan.deliveries if d.agency.code == "H05")
    assert set(bac_ninh.codes) == {"H02", "H05"}


def test_before_the_table_begins(builtin):
    for at, meant_at in ((datetime.date(2020, 9, 14), None), (AFTER, datetime.date(2016, 1, 1))):
        answer = builtin.resolve("H49", at=at, meant_at=meant_at)
        assert (answer.outcome, answer.reason) == (Outcome.NOT_YET_VALID, Reason.BEFORE_TABLE)
    assert builtin.resolve("H49", at=datetime.date(2020, 9, 15)).is_deliverable


# -- 10,035 communes -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def registry(shared: Path) -> RoutingTable:
    """The built-in provinces with every commune and district below them, under codes made up from the statistics."""
    provinces = rows(shared, "agency_level1_province")
    old_h = {row["gso_code_legacy"]: row["people_committee_code"] for row in provinces}
    new_h = {row["gso_code"]: row["people_committee_code"] for row in rows(shared, "provinces_2025")}
    new_code = {}
    made = list(RoutingTable.builtin())
    for row in rows(shared, "communes_2025"):
        code = new_code[row["code"]] = f"{new_h[row['province_code']]}.{row['code']}"
        other = row["code_in_2026_list"]
        aliases = (Alias(f"{new_h[row['province_code']]}.{other}"),) if other else ()
        made.append(
            Agency(code, row["name"], 2, code[:3], "commune-committee", AFTER, aliases=aliases, source=row["decree"])
        )
    heirs: dict[str, list[Successor]] = {}
    for row in rows(shared, "commune_successors"):
        heirs.setdefault(row["old_code"], []).append(
            Successor(new_code[row["new_code"]], SuccessorKind(row["kind"]), row["suggested_default"] == "1")
        )
    for row in rows(shared, "communes_legacy"):
        top = old_h[row["province_code"]]
        made.append(
            Agency(f"{top}.{row['code']}", row["name"], 3, f"{top}.D{row['district_code']}", "commune-committee",
                   valid_to=BEFORE, successors=tuple(heirs[row["code"]]))
        )  # fmt: skip
    parts: dict[str, list[Successor]] = {}
    for row in rows(shared, "district_successors"):
        part = Successor(new_code[row["new_commune_code"]], SuccessorKind.PART)
        parts.setdefault(row["district_code"], []).append(part)
    for row in rows(shared, "non_commune_origins"):
        if row["kind"] == "district without communes became a special zone":
            parts[row["district_code"]] = [Successor(new_code[row["new_code"]], SuccessorKind.SPECIAL_ZONE)]
    for row in rows(shared, "districts_legacy"):
        top = old_h[row["province_code"]]
        made.append(
            Agency(f"{top}.D{row['code']}", row["name"], 2, top, "district-committee", valid_to=BEFORE,
                   successors=tuple(parts.get(row["code"], ())))
        )  # fmt: skip
    return RoutingTable.of(made, info=TableInfo(version="communes", begins=datetime.date(2020, 9, 15)))


@pytest.fixture(scope="module")
def old_communes(registry: RoutingTable) -> list[Agency]:
    return [a for a in registry if a.kind == "commune-committee" and a.valid_to == BEFORE]


def test_every_old_commune_finds_its_heirs_and_440_are_ambiguous(registry, old_communes):
    assert len(old_communes) == 10_035
    outcomes: Counter[Outcome] = Counter()
    for old in old_communes:
        answer = registry.resolve(old.code, at=AFTER, meant_at=BEFORE)
        outcomes[answer.outcome] += 1
        assert answer.meant is old
        province = registry.resolve(old.code[:3], at=AFTER, meant_at=BEFORE).agency.code
        if answer.is_deliverable:
            assert answer.agency.code == old.successors[0].code
            reached = [answer.agency.code]
        else:
            assert answer.reason is Reason.SPLIT
            assert [c.code for c in answer.candidates] == [s.code for s in old.successors]
            assert all(c.kind is not None and c.name for c in answer.candidates)
            assert not all(c.kind.is_total for c in answer.candidates)
            reached = [c.code for c in answer.candidates]
        assert {code[:3] for code in reached} == {province}, "no chain leaves the heir of its province"
    assert outcomes == {Outcome.DELIVERABLE: 9_595, Outcome.AMBIGUOUS: 440}


def test_a_split_follows_the_suggestion_only_when_asked(registry, old_communes):
    policy = Policy(split=SplitRule.SUGGESTED)
    for old in old_communes:
        if len(old.successors) > 1:
            answer = registry.resolve(old.code, at=AFTER, meant_at=BEFORE, policy=policy)
            assert (answer.reason, answer.is_guess) == (Reason.SUGGESTED, True)
            assert [s.code for s in old.successors if s.suggested] == [answer.agency.code]


def commune(registry: RoutingTable, number: str, day: datetime.date) -> Agency:
    (found,) = [a for a in registry if a.code.endswith(f".{number}") and a.valid_on(day)]
    return found


# -- the cases of the specification, section 3.5, on communes and districts -----------------------------


def late(registry: RoutingTable, number: str) -> Resolution:
    """Ask for the old commune or district with the statistics code *number*, meant before and delivered after."""
    return registry.resolve(commune(registry, number, BEFORE).code, at=AFTER, meant_at=BEFORE)


def test_case_commune_00013_has_the_one_heir_00004(registry):
    answer = late(registry, "00013")
    assert (answer.outcome, answer.reason, answer.agency.code) == (Outcome.DELIVERABLE, Reason.SUCCESSOR, "H26.00004")


def test_case_commune_00008_has_the_same_code_and_another_name(registry):
    answer, new = late(registry, "00008"), commune(registry, "00008", AFTER)
    assert (answer.meant.code, answer.meant.valid_to) == (new.code, BEFORE)
    assert answer.meant.name != new.name
    assert answer.agency is not answer.meant


def test_case_commune_00634_has_five_heirs_and_is_ambiguous(registry):
    answer = late(registry, "00634")
    assert (answer.outcome, answer.reason, answer.agency) == (Outcome.AMBIGUOUS, Reason.SPLIT, None)
    assert len({c.code for c in answer.candidates}) == 5


def test_case_commune_06799_part_of_the_land_stays_and_all_people_go_to_06886(registry):
    answer = late(registry, "06799")
    kinds = {c.code[-5:]: c.kind for c in answer.candidates}
    assert kinds["06886"] is SuccessorKind.PART_ALL_PEOPLE
    assert kinds["06799"] is SuccessorKind.PART_AREA
    assert (answer.outcome, len(answer.candidates)) == (Outcome.AMBIGUOUS, 2)


def test_case_district_075_has_14_heirs(registry):
    answer = late(registry, "D075")
    assert (answer.outcome, len({c.code for c in answer.candidates})) == (Outcome.AMBIGUOUS, 14)


def test_case_district_318_has_the_one_heir_11948(registry):
    answer = late(registry, "D318")
    assert answer.agency.code.endswith(".11948")
    assert answer.reason is Reason.SUCCESSOR


def test_case_06978_and_06970_name_the_same_commune_in_two_lists(registry):
    one, other = (registry.resolve(f"H49.{number}", at=AFTER) for number in ("06978", "06970"))
    assert one.agency is other.agency
    assert {one.reason, other.reason} == {Reason.EXACT, Reason.ALIAS}
    assert len(registry.plan(["H49.06978", "H49.06970"], at=AFTER).deliveries) == 1


def test_case_all_communes_of_79_are_168(registry):
    assert len(registry.members("@communes:H29", on=AFTER)) == 168
    assert len(registry.members("@communes", on=AFTER)) == 3_321
    assert len(registry.members("@communes", on=BEFORE)) == 10_035
    assert len(registry.members("@districts", on=BEFORE)) == 696
    assert registry.members("@districts", on=AFTER) is Reason.GROUP_EMPTY


def test_a_code_of_a_commune_means_another_body_the_day_after(registry):
    for day, name in ((BEFORE, "Phường Đại Mỗ"), (AFTER, "Phường Tây Mỗ")):
        assert registry.resolve("H26.00634", at=day).agency.name == name


def test_all_communes_are_planned_with_every_result_accounted_for(registry, old_communes):
    plan = registry.plan([a.code for a in old_communes], at=AFTER, meant_at=BEFORE)
    assert len(plan.results) == 10_035
    assert len(plan.undeliverable) == 440
    assert sum(len(d.codes) for d in plan.deliveries) == 9_595
    assert len(plan.submissions) == 1


TRAPS = {
    "Lào Cai": ("10", "15", "H38"),
    "Bắc Ninh": ("27", "24", "H05"),
    "Quảng Trị": ("45", "44", "H50"),
    "Gia Lai": ("64", "52", "H21"),
    "Tây Ninh": ("72", "80", "H53"),
    "Đồng Tháp": ("87", "82", "H20"),
    "An Giang": ("89", "91", "H01"),
}


@pytest.mark.parametrize("name", TRAPS)
def test_statistics_codes_follow_the_seat_and_agency_codes_the_name(shared, registry, name):
    """The statistics code of the seat's old province leads to the agency code of the like-named old province."""
    like_named, now, agency = TRAPS[name]
    old = {row["gso_code_legacy"]: row for row in rows(shared, "agency_level1_province")}
    assert old[like_named]["people_committee_code"] == agency
    seat = old[now]["people_committee_code"]
    assert seat != agency
    assert name in registry.resolve(agency, at=AFTER).agency.name
    assert registry.resolve(agency, at=AFTER).reason is Reason.EXACT
    assert registry.resolve(seat, at=AFTER).agency.code == agency
    for row in rows(shared, "communes_2025"):
        if row["province_code"] == now:
            assert registry.resolve(f"{agency}.{row['code']}", at=AFTER).is_deliverable
            other = registry.resolve(f"{seat}.{row['code']}", at=AFTER)
            if other.is_deliverable:  # an old commune's code: it leads below the code that goes on
                assert other.agency.code.startswith(f"{agency}.")


def test_these_seven_provinces_are_all_whose_seat_lies_in_another_old_province(shared):
    old = {row["gso_code_legacy"]: row["people_committee_code"] for row in rows(shared, "agency_level1_province")}
    new = rows(shared, "provinces_2025")
    assert len(new) == 34
    differing = {
        row["name"]: (row["gso_code"], row["people_committee_code"])
        for row in new
        if old[row["gso_code"]] != row["people_committee_code"]
    }
    assert differing == {name: (now, agency) for name, (_, now, agency) in TRAPS.items()}


def test_the_statistics_codes_themselves_need_a_date(shared):
    """A table keyed by statistics codes: 24 is Bắc Giang on the one day and Bắc Ninh on the next."""
    made = [
        Agency(r["gso_code"], r["name"], 1, valid_to=BEFORE, successors=(Successor(r["successor_gso"],
               SuccessorKind.MERGED),))
        for r in rows(shared, "provinces_legacy")
    ]  # fmt: skip
    made += [Agency(r["gso_code"], r["name"], 1, valid_from=AFTER) for r in rows(shared, "provinces_2025")]
    table = RoutingTable.of(made)
    assert table.resolve("24", at=BEFORE).agency.name == "Bắc Giang"
    assert table.resolve("24", at=AFTER).agency.name == "Bắc Ninh"
    assert table.resolve("24", at=AFTER, meant_at=BEFORE).agency.name == "Bắc Ninh"
    assert table.resolve("27", at=AFTER, meant_at=BEFORE).agency.code == "24"


def test_a_late_letter_keeps_its_code(registry):
    plan = registry.plan(["H02"], at=AFTER, meant_at=BEFORE)
    assert plan.deliveries[0].codes == ("H02",)
    assert plan.deliveries[0].agency.code == "H05"
    assert plan.results[0].resolution.code == "H02"
    assert attrs.evolve(plan) == plan
