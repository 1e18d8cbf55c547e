"""Properties of routing over any table, cyclic and contradictory ones included, and a slow model that agrees."""

from __future__ import annotations

import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from routing_model import Model
from vndoc.routing import (
    CAUTIOUS,
    FIRST,
    LAST,
    Agency,
    Alias,
    AliasKind,
    Check,
    Connection,
    Delegation,
    Fate,
    Group,
    Policy,
    Reason,
    RoutingTable,
    SplitRule,
    Successor,
    SuccessorKind,
    TableInfo,
    apply,
    diff,
    dump_csv,
    dump_json,
)
from vndoc.routing._resolve import resolve
from vndoc.routing.search import _folded
from vndoc.text import search_key

DAYS = [datetime.date(2025, 1, 1) + datetime.timedelta(days=n) for n in range(6)]
CODES = ["H01", "H01.1", "H01.1.2", "H02", "H02.1", "K01", "000.00.00.H01", "000.00.01.H02", "x.1", "H1"]

days = st.sampled_from(DAYS)
codes = st.sampled_from(CODES)
kinds = st.sampled_from(["a", "b"])
periods = st.tuples(st.just(FIRST) | days, st.just(LAST) | days)
sorted_periods = periods.map(lambda p: (min(p), max(p)))
successors = st.lists(
    st.builds(Successor, codes, st.sampled_from(SuccessorKind), st.booleans(), st.sampled_from(["", "QĐ 1"])),
    max_size=2,
).map(tuple)
aliases = st.lists(
    st.builds(lambda c, k, p: Alias(c, k, *p), codes, st.sampled_from(AliasKind), sorted_periods), max_size=2
).map(tuple)
delegations = st.lists(
    st.builds(lambda to, p, k: Delegation(to, *p, tuple(k)), codes, sorted_periods, st.lists(kinds, max_size=1)),
    max_size=2,
).map(tuple)
agencies = st.builds(
    lambda code, period, parent, s, a, d, connection: Agency(
        code, f"Cơ quan {code}", parent=parent, valid_from=period[0], valid_to=period[1], successors=s, aliases=a,
        delegations=d, connection=connection, kind="mẫu",
    ),
    codes,
    sorted_periods,
    st.just("") | codes,
    st.just(()) | successors,
    st.just(()) | aliases,
    st.just(()) | delegations,
    st.sampled_from(Connection),
)  # fmt: skip
listed = st.lists(agencies, max_size=7)
infos = st.builds(
    lambda begins, ancestors: TableInfo(begins=begins, ancestors=ancestors), st.just(FIRST) | days, st.booleans()
)
tables = st.builds(lambda a, i: RoutingTable.of(a, info=i, strict=False), listed, infos)
policies = st.builds(
    Policy,
    split=st.sampled_from(SplitRule),
    by_function=st.booleans(),
    by_form=st.booleans(),
    ancestors=st.none() | st.booleans(),
    require_connected=st.booleans(),
    max_steps=st.sampled_from([1, 2, 32]),
)
asked = codes | st.sampled_from(["H01.9", "H02.1.7", "h01", "", "000.01.01.H02", "000.00.01.H01", "000.02.01.H01"])


@settings(max_examples=600)
@given(listed, infos, asked, days, st.none() | days, st.none() | kinds, policies)
def test_the_model_agrees(rows, info, code, at, meant_at, kind, policy):
    table = RoutingTable.of(rows, info=info, strict=False)
    answer = table.resolve(code, at=at, meant_at=meant_at, kind=kind, policy=policy)
    if answer.reason in {Reason.LOWER_CASE, Reason.EMPTY}:
        assert code not in table
        return
    reason, agency = Model(rows, info).resolve(code, at, meant_at or at, kind, policy)
    assert (answer.reason, answer.agency) == (reason, agency), answer.explain()
    assert answer.agency is agency


@given(tables, asked, days, st.none() | days, st.none() | kinds, policies)
def test_a_resolution_is_a_function_of_its_arguments(table, code, at, meant_at, kind, policy):
    one = table.resolve(code, at=at, meant_at=meant_at, kind=kind, policy=policy)
    again = RoutingTable.of(list(table), info=table.info, strict=False)
    other = again.resolve(code, at=at, meant_at=meant_at, kind=kind, policy=policy)
    assert one.to_dict() == other.to_dict()
    assert one.explain("vi") == other.explain("vi")
    assert one.explain("en").count("\n") == len(one.steps)
    assert "?" not in one.explain("vi") + one.explain("en")
    assert "{" not in one.explain("vi") + one.explain("en")


@given(tables, st.text(max_size=40), days)
def test_any_text_gets_an_answer(table, code, at):
    answer = table.resolve(code, at=at)
    assert answer.code == code
    assert answer.is_deliverable is (answer.outcome.value == "deliverable")
    answer.to_dict()


@given(tables, days, days)
def test_the_straight_way_is_the_long_way(table, at, meant_at):
    """The short cut in ``resolve`` gives what the engine gives: same reason, agency and steps."""
    for code in table.bodies:
        short = table.resolve(code, at=at)
        long = resolve(table.bodies, table.aliases, table.info, code, at=at, meant_at=None, kind=None, policy=CAUTIOUS)
        assert short.to_dict() == long.to_dict()


@given(
    tables,
    st.lists(asked | st.sampled_from(["@all", "@all:H01", "@loop", "@none"]), max_size=8),
    st.lists(asked, max_size=2),
    days,
    days,
    policies,
    st.sampled_from([(), ("00.01.W00",), ("00.02.W00",), ("00.02.W00", "00.01.W00")]),
)
def test_a_plan_delivers_once_and_drops_nobody(table, recipients, exclude, at, meant_at, policy, trace):
    groups = [Group("all", kinds=("mẫu",)), Group("loop", members=("@loop",))]
    table = RoutingTable.of(list(table), info=table.info, groups=groups, strict=False)
    plan = table.plan(
        recipients, at=at, meant_at=meant_at, exclude=exclude, policy=policy, own_system="00.01.W00", trace=trace
    )
    receiving = [id(d.agency) for d in plan.deliveries]
    assert len(set(receiving)) == len(receiving)
    delivered = [code for d in plan.deliveries for code in d.codes]
    assert len(set(delivered)) == len(delivered)
    asked_for = [code for code in recipients if not code.startswith("@")]
    assert [r.code for r in plan.results if not r.group] == asked_for
    groups_named = {r.group for r in plan.results if r.group}
    assert groups_named == {code for code in recipients if code.startswith("@")}
    fates = {fate: [r for r in plan.results if r.fate is fate] for fate in Fate}
    assert len(fates[Fate.DELIVER]) == len(plan.deliveries)
    assert {r.code for r in fates[Fate.DELIVER] + fates[Fate.SAME]} == set(delivered)
    for result in fates[Fate.SAME]:
        assert result.first in {r.code for r in fates[Fate.DELIVER]}
    for result in plan.undeliverable:
        assert result.outcome.value != "deliverable"
    if trace == ("00.02.W00", "00.01.W00"):
        assert not plan.deliveries
    assert "?" not in plan.explain("vi") + plan.explain("en")
    assert (
        plan.to_dict()
        == table.plan(
            recipients, at=at, meant_at=meant_at, exclude=exclude, policy=policy, own_system="00.01.W00", trace=trace
        ).to_dict()
    )


@given(tables, tables)
def test_a_delta_leads_from_any_table_to_any_other(one, other):
    delta = diff(one, other)
    made = apply(one, delta, strict=False)
    assert made == other
    assert made.digest == other.digest
    assert hash(made) == hash(other)
    assert type(delta).load(delta.dump()) == delta
    assert (one == other) is (one.digest == other.digest)


@given(tables)
def test_tables_survive_both_forms(table):
    for data, form in ((dump_csv(table, table.info), "csv"), (dump_json(table, table.info), "json")):
        again = RoutingTable.load(data, format=form, strict=False)
        assert again == table
        assert again.digest == table.digest


@given(tables, days, policies)
def test_incremental_checks_find_what_a_full_check_finds(table, at, policy):
    """Whatever the order, the same content has the same findings."""
    changed = RoutingTable.of([], info=table.info, strict=False).changed(
        {code: table.periods(code) for code in table.bodies}, strict=False
    )
    assert changed == table
    # which member of a cycle, or of a pair, is named depends on where the walk began
    shifting = {Check.CYCLE, Check.PARENT_CYCLE, Check.OVERLAP, Check.ALIAS}
    sure = [{(f.check, f.code, f.values) for f in t.findings if f.check not in shifting} for t in (table, changed)]
    assert sure[0] == sure[1]
    assert {f.check for f in table.findings} == {f.check for f in changed.findings}


@settings(max_examples=300)
@given(listed, asked, days, days, st.none() | kinds)
def test_what_passes_the_checks_has_no_cycle_and_no_overlap(rows, code, at, meant_at, kind):
    table = RoutingTable.of(rows, strict=False)
    if not any(finding.is_error for finding in table.findings):
        forbidden = {
            Reason.CYCLE,
            Reason.OVERLAP,
            Reason.ALIAS_OF_SEVERAL,
            Reason.SUCCESSOR_MISSING,
            Reason.SEVERAL_DELEGATES,
        }
        assert table.resolve(code, at=at, meant_at=meant_at, kind=kind).reason not in forbidden


@given(st.text(alphabet=st.characters(exclude_characters="\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), max_size=30))
def test_search_folds_vietnamese_as_the_search_key_does(text):
    if all(ord(ch) < 0x300 or 0x1E00 <= ord(ch) < 0x1F00 for ch in text):
        assert " ".join(_folded(text).split()) == search_key(text)


@settings(max_examples=60)
@given(tables, st.text(max_size=20) | st.sampled_from(["co quan", "cơ quan h01", "H01", "quan h02.1", "h0"]))
def test_search_finds_only_what_is_there_and_the_same_twice(table, query):
    found = table.search(query, limit=5)
    assert len(found) <= 5
    assert found == RoutingTable.of(list(table), info=table.info, strict=False).search(query, limit=5)
    assert [m.rank for m in found] == sorted(m.rank for m in found)
    for match in found:
        assert any(match.agency is agency for agency in table)
