"""Plans and groups: one result a recipient, one copy a body, one submission a carrier."""

from __future__ import annotations

import datetime
import json

import pytest

from vndoc.errors import UsageError
from vndoc.identifiers import OrganCode
from vndoc.routing import (
    CAUTIOUS,
    FATES,
    LOCAL,
    Agency,
    Alias,
    Connection,
    Delegation,
    Fate,
    Group,
    Outcome,
    Policy,
    Reason,
    RoutingTable,
    SplitRule,
    Successor,
    SuccessorKind,
    TableInfo,
)
from vndoc.routing._index import meant_by
from vndoc.routing.groups import MAX_DEPTH
from vndoc.routing.loops import MAX_HOPS

DAY = datetime.date(2025, 7, 1)
BEFORE = datetime.date(2025, 6, 30)
LATER = datetime.date(2025, 7, 2)
ON = Connection.CONNECTED
PROVINCE, COMMUNE = "province-committee", "commune-committee"

TABLE = RoutingTable.of(
    [
        Agency("H01", "Tỉnh một", 1, "", PROVINCE, connection=ON, system="00.01.W00",
               aliases=(Alias("000.00.00.H01"),)),
        Agency("H02", "Tỉnh hai", 1, "", PROVINCE, valid_to=BEFORE,
               successors=(Successor("H01", SuccessorKind.MERGED),)),
        Agency("H03", "Tỉnh ba", 1, "", PROVINCE, connection=ON, carrier="lgsp", system="00.03.W00"),
        Agency("H04", "Tỉnh bốn", 1, "", PROVINCE, connection=Connection.PENDING),
        Agency("H01.001", "Xã một", 2, "H01", COMMUNE, valid_from=DAY, connection=ON),
        Agency("H01.002", "Xã hai", 2, "", COMMUNE, valid_from=DAY, connection=ON),
        Agency("H03.001", "Xã ba", 2, "H03", COMMUNE, valid_from=DAY, connection=ON),
        Agency("H03.01.07", "Xã cũ", 3, "H03", COMMUNE, valid_to=BEFORE, connection=ON),
        Agency("vong.1", "Vòng", 9, "vong.2", "x"),
        Agency("vong.2", "Vòng", 9, "vong.1", "x"),
    ],
    info=TableInfo(version="7"),
    groups=[
        Group("biên-giới", members=("H01", "H99"), exceptions=("H99",)),
        Group("tất-cả", members=("@biên-giới", "@provinces"), exceptions=("@none", "H04")),
        Group("trừ-hết", kinds=(PROVINCE,), exceptions=("@provinces",)),
        Group("none", members=("H98",)),
        Group("vòng", members=("@vòng-hai",)),
        Group("vòng-hai", members=("H01", "@vòng")),
        Group("sai", members=("H01",), exceptions=("@không-có",)),
        Group("cấp-2", level=2),
        Group("trống"),
        Group("đôi", members=("@provinces", "@provinces")),
        *(Group(f"g{n}", members=(f"@g{n + 1}", f"@g{n + 1}")) for n in range(60)),
        Group("g60", members=("H01",)),
    ],
    strict=False,
)  # fmt: skip


def fates(*recipients: str, **asked: object) -> list[tuple[str, str]]:
    plan = TABLE.plan(recipients, **{"at": DAY} | asked)
    return [(r.code, r.fate.value) for r in plan.results]


def test_two_codes_of_one_body_are_one_delivery_and_it_says_so():
    plan = TABLE.plan(["H01", "000.00.00.H01", "H02", "H01", OrganCode("H03")], at=DAY, meant_at=BEFORE)
    assert [r.fate for r in plan.results] == [Fate.DELIVER, Fate.SAME, Fate.SAME, Fate.SAME, Fate.DELIVER]
    assert [d.codes for d in plan.deliveries] == [("H01", "000.00.00.H01", "H02"), ("H03",)]
    assert [r.first for r in plan.shared] == ["H01", "H01", "H01"]
    assert plan.results[1].text("vi") == "000.00.00.H01: cùng một lần gửi tới H01 với H01"
    assert plan.is_complete


def test_one_submission_a_carrier():
    plan = TABLE.plan(["H01", "H03", "H01.001"], at=DAY)
    assert [(s.carrier, s.codes) for s in plan.submissions] == [
        ("national-axis", ("H01", "H01.001")),
        ("lgsp", ("H03",)),
    ]
    ours = TABLE.plan(["H01", "H03", "H01.001"], at=DAY, own_system="00.03.W00")
    assert [(s.carrier, s.codes) for s in ours.submissions] == [
        ("national-axis", ("H01", "H01.001")),
        (LOCAL, ("H03",)),
    ]


def test_the_undeliverable_are_named_with_their_reasons():
    plan = TABLE.plan(["H04", "H99", "h01", "H01"], at=DAY)
    assert [(r.code, r.outcome, r.reason) for r in plan.undeliverable] == [
        ("H04", Outcome.PENDING, Reason.PENDING),
        ("H99", Outcome.UNKNOWN, Reason.UNKNOWN_CODE),
        ("h01", Outcome.MALFORMED, Reason.LOWER_CASE),
    ]
    assert not plan.is_complete
    assert "H04: không gửi được: đang chờ đăng ký – đăng ký chưa hoàn tất" in plan.explain("vi").splitlines()


def test_an_exclusion_is_by_body_and_one_that_names_nobody_is_told():
    assert fates("H01", "H03", exclude=["000.00.00.H01"]) == [("H01", "excluded"), ("H03", "deliver")]
    plan = TABLE.plan(["@provinces"], at=DAY, meant_at=BEFORE, exclude=["H99", "@none", "@không-có", "H02"])
    assert plan.unused == ("H99", "H98", "@không-có")
    assert [(r.code, r.fate.value) for r in plan.results] == [
        ("H01", "deliver"), ("H02", "excluded"), ("H03", "deliver"), ("H04", "undeliverable"),
    ]  # fmt: skip
    # whoever took over and is excluded gets nothing under the old code either
    assert fates("H02", exclude=["H01"], meant_at=BEFORE) == [("H02", "excluded")]


def test_a_packet_that_comes_round_again_stops():
    plan = TABLE.plan(["H01", "H03"], at=DAY, own_system="00.09.W00", trace=["H09", "00.09.W00"])
    assert [r.reason for r in plan.undeliverable] == [Reason.OWN_SYSTEM, Reason.OWN_SYSTEM]
    assert plan.results[0].outcome is Outcome.LOOP
    assert plan.results[0].resolution.is_deliverable
    plan = TABLE.plan(["H01", "H03"], at=DAY, trace=["H09", "00.03.W00"])
    assert [(r.code, r.fate, r.reason) for r in plan.results] == [
        ("H01", Fate.DELIVER, Reason.EXACT),
        ("H03", Fate.UNDELIVERABLE, Reason.SYSTEM_IN_TRACE),
    ]
    hops = [f"00.{n}.W00" for n in range(50, 50 + MAX_HOPS)]
    assert TABLE.plan(["H01"], at=DAY, trace=hops[:-1]).is_complete
    assert TABLE.plan(["H01"], at=DAY, trace=hops).results[0].reason is Reason.TOO_MANY_HOPS


GROUPS = [
    ("@provinces", BEFORE, ("H01", "H02", "H03", "H04")),
    ("@provinces", DAY, ("H01", "H03", "H04")),
    ("@communes", DAY, ("H01.001", "H01.002", "H03.001")),
    ("@communes:H01", DAY, ("H01.001", "H01.002")),
    ("@communes:H03", BEFORE, ("H03.01.07",)),
    ("@communes:H04", DAY, Reason.GROUP_EMPTY),
    ("@communes:H99", DAY, Reason.GROUP_UNKNOWN),
    ("@communes:", DAY, Reason.GROUP_UNKNOWN),
    ("@không-có", DAY, Reason.GROUP_UNKNOWN),
    ("@", DAY, Reason.GROUP_UNKNOWN),
    ("@biên-giới", DAY, ("H01",)),
    ("@tất-cả", DAY, ("H01", "H03")),
    ("@trừ-hết", DAY, Reason.GROUP_EMPTY),
    ("@trống", DAY, Reason.GROUP_EMPTY),
    ("@vòng", DAY, Reason.GROUP_CYCLE),
    ("@sai", DAY, Reason.GROUP_UNKNOWN),
    ("@cấp-2", DAY, ("H01.001", "H01.002", "H03.001")),
    ("@đôi", DAY, ("H01", "H03", "H04")),
    ("@g0", DAY, Reason.GROUP_TOO_DEEP),
    (f"@g{60 - MAX_DEPTH + 1}", DAY, ("H01",)),
    (f"@g{60 - MAX_DEPTH}", DAY, Reason.GROUP_TOO_DEEP),
    ("@none:H01", DAY, Reason.GROUP_EMPTY),
]


@pytest.mark.parametrize(("group", "day", "expected"), GROUPS)
def test_groups(group, day, expected):
    assert TABLE.members(group, on=day) == expected
    plan = TABLE.plan([group], at=day)
    if isinstance(expected, Reason):
        (result,) = plan.results
        assert (result.code, result.group, result.fate) == (group, group, Fate.UNDELIVERABLE)
        assert (result.reason, result.agency) == (expected, None)
        assert result.to_dict()["resolution"] is None
    else:
        assert tuple(r.code for r in plan.results) == expected
        assert {r.group for r in plan.results} == {group}


def test_a_group_below_bodies_that_stand_in_a_circle_ends():
    round_ = RoutingTable.of(list(TABLE), groups=[Group("x", kinds=("x",))], strict=False)
    assert round_.members("@x:H01", on=DAY) is Reason.GROUP_EMPTY
    assert round_.members("@x:vong.1", on=DAY) == ("vong.1", "vong.2")


def test_a_group_has_a_size_limit():
    assert TABLE.members("@provinces", on=DAY, policy=Policy(group_size=3)) == ("H01", "H03", "H04")
    assert TABLE.members("@provinces", on=DAY, policy=Policy(group_size=2)) is Reason.GROUP_TOO_LARGE
    (result,) = TABLE.plan(["@provinces"], at=DAY, policy=Policy(group_size=2)).results
    assert result.reason is Reason.GROUP_TOO_LARGE


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"recipients": "H01"}, "option-invalid"),
        ({"recipients": OrganCode("H01")}, "option-invalid"),
        ({"recipients": [], "exclude": "H01"}, "option-invalid"),
        ({"recipients": [], "trace": "H01"}, "option-invalid"),
        ({"recipients": [1]}, "code-expected"),
        ({"recipients": [["H01"]]}, "code-expected"),
        ({"recipients": None}, "option-invalid"),
        ({"recipients": [], "exclude": None}, "option-invalid"),
        ({"recipients": [], "trace": None}, "option-invalid"),
        ({"recipients": [], "trace": [1]}, "code-expected"),
        ({"recipients": [], "own_system": 1}, "code-expected"),
        ({"recipients": [], "policy": None}, "option-invalid"),
        ({"recipients": [], "kind": 1}, "option-invalid"),
        ({"recipients": ["H01"], "exclude": ["@vòng"]}, "option-invalid"),
        ({"recipients": ["H01"], "exclude": ["@g0"]}, "option-invalid"),
        ({"recipients": ["H01"], "exclude": ["@provinces"], "policy": Policy(group_size=1)}, "option-invalid"),
        ({"recipients": [], "at": "2025-07-01"}, "date-expected"),
        ({"recipients": [], "meant_at": "2025-07-01"}, "date-expected"),
    ],
)
def test_what_a_plan_refuses_to_be_asked(asked, code):
    with pytest.raises(UsageError) as caught:
        TABLE.plan(**{"at": DAY} | asked)
    assert caught.value.code == code


def test_a_plan_is_json_and_evidence():
    plan = TABLE.plan(["H01", "H02", "H99", "@none"], at=DAY, meant_at=BEFORE, kind="van-ban", exclude=["H97"])
    data = json.loads(json.dumps(plan.to_dict(), ensure_ascii=False))
    assert data["table"] == {"version": "7", "digest": TABLE.digest}
    assert (data["at"], data["meant_at"], data["kind"], data["complete"]) == (
        "2025-07-01",
        "2025-06-30",
        "van-ban",
        False,
    )
    assert data["submissions"] == [
        {
            "carrier": "national-axis",
            "deliveries": [{"code": "H01", "name": "Tỉnh một", "system": "00.01.W00", "for": ["H01", "H02"]}],
        }
    ]
    assert [r["fate"] for r in data["results"]] == ["deliver", "same-delivery", "undeliverable", "undeliverable"]
    assert data["unused_exclusions"] == ["H97"]
    assert set(FATES) == set(Fate)
    assert TABLE.plan([], at=DAY).is_complete


def test_a_plan_keeps_everything_that_it_was_asked_with():
    policy = Policy(split=SplitRule.SUGGESTED, group_size=3)
    asked = {
        "at": DAY,
        "meant_at": BEFORE,
        "kind": "van-ban",
        "own_system": OrganCode("00.03.W00"),
        "trace": iter(["H09", OrganCode("H08")]),
        "exclude": iter([OrganCode("H03"), "H97"]),
        "policy": policy,
    }
    plan = TABLE.plan(iter(["H01", "H02", "H03"]), **asked)
    assert (plan.policy, plan.own_system, plan.trace, plan.exclude) == (
        policy, "00.03.W00", ("H09", "H08"), ("H03", "H97"),
    )  # fmt: skip
    data = plan.to_dict()
    assert data["policy"] == {
        "split": "suggested", "by_function": False, "by_form": False, "ancestors": None, "require_connected": False,
        "max_steps": 32, "group_size": 3,
    }  # fmt: skip
    assert (data["own_system"], data["trace"], data["exclude"]) == ("00.03.W00", ["H09", "H08"], ["H03", "H97"])
    again = TABLE.plan(
        [r.code for r in plan.results], at=plan.at, meant_at=plan.meant_at, kind=plan.kind, policy=plan.policy,
        own_system=plan.own_system, trace=plan.trace, exclude=plan.exclude,
    )  # fmt: skip
    assert again == plan
    bare = TABLE.plan(["H01"], at=DAY)
    assert (bare.policy, bare.own_system, bare.trace, bare.exclude) == (CAUTIOUS, None, (), ())


# -- loops: one rule --------------------------------------------------------------------------------------

US, THEM = "00.53.W00", "00.54.W00"
ROUND = RoutingTable.of(
    [
        Agency("H53", connection=ON, system=US, aliases=(Alias("000.00.00.H53"),)),
        Agency("H53.01", connection=ON, system=US),
        Agency("H53.02", connection=ON, system=US),
        Agency("H54", connection=ON, system=THEM),
        Agency("H54.01", connection=ON, system=THEM),
        Agency("H55", connection=ON),
    ]
)
GOES, OWN, BODY, SYSTEM = Reason.EXACT, Reason.OWN_SYSTEM, Reason.RECIPIENT_IN_TRACE, Reason.SYSTEM_IN_TRACE
TRACES = [
    # the sender's own hop is no loop: not for its neighbours, not for its own gateway
    (None, ["H53"], "H53.02", GOES),
    (None, ["H53"], "H54", GOES),
    (US, ["H53.01"], "H54", GOES),
    (US, ["H53.01"], "H53.02", GOES),
    (US, [US], "H54", GOES),
    ("H53", ["H53"], "H54", GOES),
    # on its way inside the system that it started from
    (US, ["H53.01", "H53"], "H54", GOES),
    # the body itself, under any of its codes, the sender included
    (None, ["H53"], "H53", BODY),
    (None, ["H53"], "000.00.00.H53", BODY),
    (None, ["H53", "H55"], "H55", BODY),
    (None, ["H55", "H54.01"], "H54.01", BODY),
    # a system on the way, but not that of the first hop
    (None, ["H55", "H54.01"], "H54", SYSTEM),
    (None, ["H55", THEM], "H54", SYSTEM),
    (None, ["H54.01", "H55"], "H54", GOES),
    (None, ["", "H54.01"], "H54", SYSTEM),
    # back at our own system
    (US, ["H54", "H53.01"], "H55", OWN),
    (US, ["H54", US], "H55", OWN),
    (US, ["null", US], "H55", OWN),
    (US, ["", US], "H55", OWN),
    (US, ["H53.01", "H54"], "H55", OWN),
    (US, ["H53.01", "001.00.20.TT2"], "H55", OWN),
    (US, ["H53.01", ""], "H55", OWN),
    (US, ["H53.01", "H53", "H53.01"], "H55", OWN),
    ("H53", ["H53", "000.00.00.H53"], "H55", OWN),
    # hops that name nobody stop nobody
    (US, [], "H54", GOES),
    (US, ["null", ""], "H54", GOES),
    (None, ["001.00.20.TT2", "null"], "H54", GOES),
]


@pytest.mark.parametrize(("own", "trace", "to", "expected"), TRACES)
def test_the_loop_rule(own, trace, to, expected):
    (result,) = ROUND.plan([to], at=DAY, own_system=own, trace=trace).results
    wanted = Reason.ALIAS if (to, expected) == ("000.00.00.H53", GOES) else expected
    assert result.reason is wanted
    assert (result.fate is Fate.DELIVER) is (expected is GOES)
    assert (result.outcome is Outcome.LOOP) is (expected is not GOES)


def test_an_exclusion_holds_for_all_whom_its_code_may_mean():
    two = [
        Agency("H55", "một", connection=ON, aliases=(Alias("X1"),)),
        Agency("H55", "hai", connection=ON, aliases=(Alias("X2"),)),
        Agency("H56", connection=ON, valid_from=DAY),
        Agency("H57", valid_to=BEFORE, successors=(Successor("H56", SuccessorKind.WHOLE),)),
    ]
    table = RoutingTable.of(two, strict=False)
    plan = table.plan(["X1", "X2", "H55"], at=DAY, exclude=["H55"])
    assert [r.fate for r in plan.results] == [Fate.EXCLUDED] * 3
    assert plan.unused == ()
    # excluded under a code that begins after the day on which it was meant
    late = table.plan(["H57"], at=DAY, meant_at=BEFORE, exclude=["H56"])
    assert ([r.fate for r in late.results], late.unused) == ([Fate.EXCLUDED], ())


# -- agencies are compared, not what is written -----------------------------------------------------------

OTHER = "000.00.00."
SEVEN = [
    Agency("H41", kind=PROVINCE, connection=ON, aliases=(Alias(OTHER + "H41"),)),
    Agency("H42", kind=PROVINCE, connection=ON, aliases=(Alias(OTHER + "H42"),)),
    Agency("H41.1", kind=COMMUNE, parent=OTHER + "H41", connection=ON),
    Agency("H42.1", kind=COMMUNE, connection=ON),
    Agency("H43", valid_to=BEFORE, aliases=(Alias(OTHER + "H43"),), connection=ON),
    Agency("H43", "mới", valid_from=DAY, connection=ON),
]


@pytest.mark.parametrize(
    ("group", "expected", "unused"),
    [
        (Group("g", kinds=(PROVINCE,), exceptions=(OTHER + "H41",)), ("H42",), ()),
        (Group("g", kinds=(PROVINCE,), exceptions=("H41", OTHER + "H99", "H41.1")), ("H42",), (OTHER + "H99",)),
        (Group("g", members=(OTHER + "H41", "H41")), ("H41",), ()),
        (Group("g", members=(OTHER + "H41", "H42"), exceptions=("H41",)), ("H42",), ()),
        # the present body under a code is not the one that had it
        (Group("g", members=(OTHER + "H43", "H43")), (OTHER + "H43", "H43"), ()),
        (Group("g", members=(OTHER + "H43", "H43"), exceptions=("H43",)), (OTHER + "H43",), ()),
    ],
)
def test_members_and_exceptions_are_agencies(group, expected, unused):
    table = RoutingTable.of(SEVEN, groups=[group], strict=False)
    assert table.members("@g", on=DAY) == expected
    plan = table.plan(["@g", "@g"], at=DAY)
    assert (tuple(dict.fromkeys(r.code for r in plan.results)), plan.unused) == (expected, unused)


def test_the_body_that_a_group_is_asked_for_may_stand_under_any_of_its_codes():
    table = RoutingTable.of(SEVEN, strict=False)
    assert table.members(f"@communes:{OTHER}H41", on=DAY) == table.members("@communes:H41", on=DAY) == ("H41.1",)
    assert table.members(f"@communes:{OTHER}H42", on=DAY) == ("H42.1",)
    assert table.members("@communes:H44", on=DAY) is Reason.GROUP_UNKNOWN


def test_codes_that_several_have_at_once_are_excepted_all():
    two = [Agency("H55", "một", kind=PROVINCE), Agency("H55", "hai", kind=PROVINCE), Agency("H55.1", kind="x")]
    groups = [Group("g", kinds=(PROVINCE,)), Group("h", kinds=(PROVINCE,), exceptions=("H55",)), Group("x", ("x",))]
    table = RoutingTable.of(two, groups=groups, strict=False)
    assert table.members("@g", on=DAY) == ("H55",)
    assert table.members("@h", on=DAY) is Reason.GROUP_EMPTY
    assert table.members("@x:H55", on=DAY) == ("H55.1",)


def test_an_exclusion_of_an_unknown_code_says_nothing_about_the_body_above():
    plan = RoutingTable.of(SEVEN, strict=False).plan(
        ["H41", "H41.98", "H41.99"], at=DAY, exclude=["H41.99"], policy=Policy(ancestors=True)
    )
    assert [r.fate for r in plan.results] == [Fate.DELIVER, Fate.SAME, Fate.EXCLUDED]
    assert plan.unused == ("H41.99",)
    assert plan.results[1].resolution.meant is None
    assert plan.results[1].resolution.chain == ()


def test_an_exclusion_holds_for_everybody_on_the_way():
    table = RoutingTable.of(
        [
            Agency("H02", valid_to=BEFORE, successors=(Successor("H05", SuccessorKind.WHOLE),), connection=ON),
            Agency("H05", delegations=(Delegation("H06"),), connection=ON),
            Agency("H06", connection=ON),
        ]
    )
    asked = {"at": DAY, "meant_at": BEFORE}
    plan = table.plan(["H02", "H05", "H06"], exclude=["H05"], **asked)
    assert [r.fate for r in plan.results] == [Fate.EXCLUDED, Fate.EXCLUDED, Fate.DELIVER]
    assert [a.code for a in table.resolve("H02", **asked).chain] == ["H02", "H05", "H06"]
    assert table.resolve("H06", at=DAY).chain == (table.agency("H06", on=DAY),)


@pytest.mark.parametrize(
    ("own", "trace", "expected"),
    [
        ("H53", ["X", OTHER + "H53"], Reason.OWN_SYSTEM),
        ("00.53.W00", ["X", "H53"], Reason.OWN_SYSTEM),
        ("00.53.W00", ["X", OrganCode("00.53.W00")], Reason.OWN_SYSTEM),
        (OrganCode("00.53.W00"), ["X", "00.53.W00"], Reason.OWN_SYSTEM),
        ("H54", ["00.99.W00"], Reason.EXACT),
        ("", [""], Reason.EXACT),
        (None, [OTHER + "H54"], Reason.RECIPIENT_IN_TRACE),
        (None, [OTHER + "H53"], Reason.EXACT),
    ],
)
def test_hops_are_agencies_and_systems_however_they_are_written(own, trace, expected):
    table = RoutingTable.of(
        [
            Agency("H53", connection=ON, system="00.53.W00", aliases=(Alias(OTHER + "H53"),)),
            Agency("H54", connection=ON, aliases=(Alias(OTHER + "H54"),)),
        ]
    )
    plan = table.plan(["H54"], at=DAY, own_system=own, trace=trace)
    assert plan.results[0].reason is expected
    if own == "H54":
        assert plan.submissions[0].carrier == LOCAL


@pytest.mark.parametrize(
    ("starts", "ends", "alias", "is_code"),
    [
        (DAY, DAY, Alias("H8"), True),
        (BEFORE, BEFORE, Alias("H8"), False),
        (BEFORE, BEFORE, Alias("H8", valid_to=BEFORE), True),
        (LATER, LATER, Alias("H8", valid_to=BEFORE), False),
        (LATER, LATER, Alias("H8", valid_from=LATER), True),
    ],
)
def test_a_member_means_what_resolution_says_it_means(starts, ends, alias, is_code):
    """``H8`` is a code of one body and an alias of another: the exception takes out the one that resolution finds."""
    one = Agency("H8", valid_from=starts, valid_to=ends)
    other = Agency("H9", aliases=(alias,))
    table = RoutingTable.of([one, other], strict=False)
    found = meant_by(table.bodies, table.aliases, "H8", DAY)
    assert found == ((one,) if is_code else (other,))
    resolution = table.resolve("H8", at=DAY)
    assert resolution.meant in {None, *found}
    assert (resolution.meant is None) is (resolution.reason is Reason.NOT_YET)
