"""Organ codes: kinds, trees and candidates. The oracles are the tables of the specification and plain arithmetic."""

from __future__ import annotations

import csv
import pickle
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vndoc.errors import IdentifierError
from vndoc.identifiers import MAX_ORGAN_CODE, RULES, OrganCode, OrganKind, same_numbers
from vndoc.identifiers import organ as organ_module

KINDS = [
    ("000.00.00.H49", OrganKind.QCVN_2016, ("H49",), 1),
    ("000.00.13.H53", OrganKind.QCVN_2016, ("H53", "13"), 2),
    ("000.01.01.H53", OrganKind.QCVN_2016, ("H53", "01", "01"), 3),
    ("001.01.07.H53", OrganKind.QCVN_2016, ("H53", "07", "01", "001"), 4),
    ("001.00.99.H44", OrganKind.QCVN_2016, ("H44", "99", "00", "001"), 4),
    ("002.00.00.H44", OrganKind.QCVN_2016, ("H44", "00", "00", "002"), 4),
    ("H49", OrganKind.QD20, ("H49",), 1),
    ("H37.02.02", OrganKind.QD20, ("H37", "02", "02"), 3),
    ("H55.242", OrganKind.QD20, ("H55", "242"), 2),
    ("H37.DN.001", OrganKind.QD20, ("H37", "DN", "001"), 3),
    ("H41.15.3", OrganKind.QD20, ("H41", "15", "3"), 3),
    ("H41.00", OrganKind.QD20, ("H41", "00"), 2),
    ("A53", OrganKind.QD20, ("A53",), 1),
    ("G01." + "A" * 31, OrganKind.QD20, ("G01", "A" * 31), 2),
    ("0100109106", OrganKind.ENTERPRISE, ("0100109106",), None),
    ("0100109106-001", OrganKind.ENTERPRISE, ("0100109106-001",), None),
    ("001200000001", OrganKind.ENTERPRISE, ("001200000001",), None),
    ("Z011", OrganKind.OTHER_ORGANISATION, ("Z011",), None),
    ("Z99" + "X" * 32, OrganKind.OTHER_ORGANISATION, ("Z99" + "X" * 32,), None),
    ("Z07AB.12", OrganKind.OTHER_ORGANISATION, ("Z07AB.12",), None),
    ("00.53.W00", OrganKind.SYSTEM, ("W00", "53"), None),
    ("02.44.W00", OrganKind.SYSTEM, ("W00", "44", "02"), None),
    ("000.00.53.W00", OrganKind.SYSTEM, ("W00", "53"), None),
    ("W00.53.00", OrganKind.SYSTEM, ("W00", "53"), None),
    ("W00", OrganKind.SYSTEM, ("W00",), None),
]

IRREGULAR = {
    "": "empty",
    "null": "lower-case",
    "vxp.saas.03": "lower-case",
    "h41": "lower-case",
    "001.00.20.TT2": "none of the known forms",
    "28.22.H17": "old scheme",
    "01.02.G22": "old scheme",
    "79.H36": "old scheme",
    "99.99.99.G21": "old scheme",
    "999.010.01.H22": "old scheme",
    "00.00.008.K01": "old scheme",
    "000.9999.H41": "old scheme",
    "000.A53.000": "none of the known forms",
    "000.00.00.H00": "level 1",
    "H00": "level 1",
    "H00.01": "level 1",
    "Z00ABC": "level 1",
    "W00.9999": "level 1",
    "Z01": "of a scheme",
    "Z01.12": "none of the known forms",
    "H41.": "empty group",
    ".H41": "empty group",
    "H41..01": "empty group",
    "Z01A..B": "empty group",
    "H41\n": "white space",
    " H41": "white space",
    "H41\u00a0": "white space",
    "H41\x00": "white space",
    "000.00.00.H41\n": "white space",
    "0100109106\n": "white space",
    "Н41": "only 0-9",  # a Cyrillic letter that looks like H
    "H４1": "only 0-9",  # a full-width digit
    "H٤١": "only 0-9",  # Arabic digits
    "H41/01": "only 0-9",
    "Đ41": "only 0-9",
    "H41-01": "none of the known forms",
    "H1": "none of the known forms",
    "H410": "none of the known forms",
    "010010910": "none of the known forms",
    "01001091061": "none of the known forms",
    "0100109106001": "none of the known forms",
    "0100109106-01": "none of the known forms",
    "H41." + "0" * 32: "more than 35",
    "Z99" + "X" * 33: "more than 35",
    "9" * 100_000: "more than 35",
}

LEVEL1 = st.builds("{}{:02d}".format, st.sampled_from("ABCDEFGHIJK"), st.integers(1, 99))
LEVELS = st.lists(st.integers(1, 99), max_size=2) | st.tuples(
    st.integers(1, 99), st.integers(1, 99), st.integers(1, 999)
)


def old_text(level1: str, numbers: tuple[int, ...]) -> str:
    two, three, four = [*numbers, 0, 0, 0][:3]
    return f"{four:03d}.{three:02d}.{two:02d}.{level1}"


OLD = st.builds(lambda one, rest: OrganCode(old_text(one, tuple(rest))), LEVEL1, LEVELS)
GROUP = st.text(string.digits + string.ascii_uppercase, min_size=1, max_size=4)
NEW = st.builds(lambda one, rest: OrganCode(".".join([one, *rest])), LEVEL1, st.lists(GROUP, max_size=5))
ODD = st.sampled_from([*IRREGULAR, *(text for text, *_ in KINDS)]).map(OrganCode)
ANY = OLD | NEW | ODD | st.text().map(OrganCode)


@pytest.mark.parametrize(("text", "kind", "groups", "level"), KINDS)
def test_what_a_code_is(text: str, kind: OrganKind, groups: tuple[str, ...], level: int | None) -> None:
    code = OrganCode(text)
    assert (code.kind, code.groups, code.level) == (kind, groups, level)
    assert code.level1 == (groups[0] if level else None)
    assert str(code) == code.text == text


@pytest.mark.parametrize("text", [text for text, *_ in KINDS if text not in {"001.00.99.H44", "002.00.00.H44"}])
def test_regular_codes_pass_the_strict_door(text: str) -> None:
    assert OrganCode.parse(text) == OrganCode(text)
    assert OrganCode(text).is_regular


@pytest.mark.parametrize(("text", "reason"), IRREGULAR.items(), ids=lambda value: ascii(value)[:20])
def test_irregular_codes_are_carried_but_not_originated(text: str, reason: str) -> None:
    code = OrganCode(text)
    assert (code.kind, code.groups, code.level, code.level1) == (OrganKind.IRREGULAR, (), None, None)
    assert (code.parent, code.ancestors, code.owner, code.candidates()) == (None, (), None, ())
    assert not code.is_regular
    with pytest.raises(IdentifierError) as caught:
        OrganCode.parse(text)
    assert caught.value.code == "organ-code-invalid"
    assert reason in str(caught.value)


def test_a_reason_is_given_in_both_languages() -> None:
    with pytest.raises(IdentifierError) as caught:
        OrganCode.parse("h41")
    assert "có chữ thường" in caught.value.text("vi")
    assert "lower-case" in caught.value.text("en")
    copied = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert str(copied) == str(caught.value)


def test_a_zero_in_the_middle_breaks_the_rule_but_keeps_the_tree() -> None:
    code = OrganCode("001.00.99.H44")
    assert not code.is_regular
    assert code.kind is OrganKind.QCVN_2016
    assert code.ancestors == (OrganCode("000.00.99.H44"), OrganCode("000.00.00.H44"))
    with pytest.raises(IdentifierError, match="in the middle"):
        OrganCode.parse(code.text)


def test_white_space_is_kept_by_the_constructor_and_dropped_by_of() -> None:
    assert OrganCode(" H41\n").text == " H41\n"
    assert OrganCode.of(" H41\n") == OrganCode("H41")
    assert OrganCode.of("\u00a0H41\u3000").is_regular


def test_codes_are_values() -> None:
    assert len({OrganCode("H41"), OrganCode("H41"), OrganCode("000.00.00.H41")}) == 2
    assert pickle.loads(pickle.dumps(OrganCode("H41"))) == OrganCode("H41")  # noqa: S301
    with pytest.raises(AttributeError):
        OrganCode("H41").text = "H42"  # type: ignore[misc]
    assert not hasattr(OrganCode("H41"), "__dict__")


def test_repr_masks_citizen_numbers_and_shortens() -> None:
    assert repr(OrganCode("H41")) == "OrganCode(text='H41')"
    assert "001200000" not in repr(OrganCode("001200000001"))
    assert len(repr(OrganCode("x" * 10_000))) < 100


def test_the_cache_is_bounded_and_holds_no_long_text() -> None:
    info = organ_module._classify_short.cache_info()
    assert info.maxsize is not None
    before = info.currsize
    assert OrganCode("7" * (MAX_ORGAN_CODE + 1)).kind is OrganKind.IRREGULAR
    assert organ_module._classify_short.cache_info().currsize == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("001.01.07.H53", ["000.01.07.H53", "000.00.07.H53", "000.00.00.H53"]),  # as a province gateway derives them
        ("H37.02.DN.001", ["H37.02.DN", "H37.02", "H37"]),
        ("H37", []),
        ("000.00.00.H37", []),
        ("00.53.W00", []),
        ("0100109106-001", []),
        ("Z07AB.12", []),
    ],
)
def test_ancestors_nearest_first(text: str, expected: list[str]) -> None:
    code = OrganCode(text)
    assert [c.text for c in code.ancestors] == expected
    assert code.parent == (OrganCode(expected[0]) if expected else None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("H37.02.DN", "H37"), ("H37", "H37"), ("001.01.07.H53", "000.00.00.H53"), ("00.53.W00", None), ("null", None)],
)
def test_owner(text: str, expected: str | None) -> None:
    assert OrganCode(text).owner == (None if expected is None else OrganCode(expected))


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [
        ("H41", "H41.03", True),
        ("H41", "H41.03.01", True),
        ("H41.1", "H41.10", False),
        ("H41.1", "H41.1.0", True),
        ("H41", "H41", False),
        ("H41.03", "H41", False),
        ("H41", "H42.03", False),
        ("H1", "H10", False),
        ("000.00.00.H41", "000.00.03.H41", True),
        ("000.00.03.H41", "000.01.03.H41", True),
        ("000.00.01.H41", "000.01.03.H41", False),
        ("000.00.00.H41", "H41.03", False),
        ("H41", "000.00.03.H41", False),
        ("W00", "00.53.W00", False),
        ("", "null", False),
    ],
)
def test_above_by_groups_not_by_characters(above: str, below: str, expected: bool) -> None:
    one, other = OrganCode(above), OrganCode(below)
    assert one.is_ancestor_of(other) is expected
    if expected:
        assert one.same_branch(other)
        assert other.same_branch(one)


def test_same_branch() -> None:
    assert OrganCode("H41").same_branch(OrganCode("H41"))
    assert OrganCode("null").same_branch(OrganCode("null"))
    assert not OrganCode("H41.01").same_branch(OrganCode("H41.02"))


CANDIDATES = [
    ("000.00.00.G09", ["G09"]),
    ("000.00.12.H23", ["H23.12"]),
    ("000.21.36.I03", ["I03.36.21"]),
    ("000.00.01.H53", ["H53.01", "H53.1"]),
    ("000.03.15.H51", ["H51.15.03", "H51.15.3"]),
    ("100.10.10.H51", ["H51.10.10.100"]),
    ("010.10.01.H51", ["H51.01.10.010", "H51.1.10.10"]),
    ("001.00.99.H44", ["H44.99.1"]),
    ("G09", ["000.00.00.G09"]),
    ("G11.07.05", ["000.05.07.G11"]),
    ("H53.1", ["000.00.01.H53"]),
    ("H53.001", ["000.00.01.H53"]),
    ("H53.10", ["000.00.10.H53"]),  # where a published implementation writes .010
    ("H53.10.10.100", ["100.10.10.H53"]),
    ("H53.99.99.999", ["999.99.99.H53"]),
    ("H55.242", []),
    ("H55.100", []),
    ("H55.01.01.1000", []),
    ("H55.01.01.01.01", []),
    ("H55.00", []),
    ("H37.DN.001", []),
    ("00.53.W00", []),
    ("0100109106", []),
]


@pytest.mark.parametrize(("text", "expected"), CANDIDATES)
def test_candidates(text: str, expected: list[str]) -> None:
    found = OrganCode(text).candidates()
    assert [c.code.text for c in found] == expected
    assert all(c.note is RULES[c.rule] for c in found)


def test_candidates_say_by_which_rule() -> None:
    rules = [c.rule for c in OrganCode("000.00.01.H53").candidates()]
    assert rules == ["as-published", "integer-groups"]
    assert [c.rule for c in OrganCode("001.00.99.H44").candidates()] == ["integer-groups"]
    assert [c.rule for c in OrganCode("H53.1").candidates()] == ["filled-to-four"]
    assert "NEVER" in (OrganCode.candidates.__doc__ or "").upper()


@given(LEVEL1, LEVELS)
def test_integer_rule_is_the_arithmetic_of_the_gateway(level1: str, numbers: list[int]) -> None:
    expected = ".".join([level1, *(str(n) for n in numbers)])
    assert expected in [c.code.text for c in OrganCode(old_text(level1, tuple(numbers))).candidates()]


@given(OLD)
def test_old_codes_come_back_from_every_candidate(code: OrganCode) -> None:
    found = code.candidates()
    assert found
    for candidate in found:
        assert candidate.code.is_regular
        assert candidate.code.kind is OrganKind.QD20
        assert candidate.code.level == code.level
        assert [back.code for back in candidate.code.candidates()] == [code]
        assert same_numbers(code, candidate.code)


@given(NEW)
def test_present_codes_come_back_as_the_same_numbers(code: OrganCode) -> None:
    for candidate in code.candidates():
        assert candidate.code.is_regular
        assert len(candidate.code.text) == 13
        assert same_numbers(code, candidate.code)
        assert any(same_numbers(code, back.code) for back in candidate.code.candidates())


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("H53.01", "H53.1", True),
        ("000.00.01.H53", "H53.1", True),
        ("H53.0010", "000.00.10.H53", True),
        ("H53.01", "H53.10", False),
        ("H53.DN.1", "H53.DN.01", True),
        ("H53.DN", "H53.1", False),
        ("H53.00", "H53", False),
        ("H53", "H54", False),
        ("00.53.W00", "W00.53", True),
        ("001200000001", "1200000001", False),
        ("0012000000", "001200000000", False),
        ("null", "null", True),
        ("", "null", False),
        ("vxp.saas.03", "vxp.saas.3", False),
    ],
)
def test_same_numbers(one: str, other: str, expected: bool) -> None:
    assert same_numbers(OrganCode(one), OrganCode(other)) is expected
    assert same_numbers(OrganCode(other), OrganCode(one)) is expected


@given(st.text())
def test_any_text_is_carried(text: str) -> None:
    code = OrganCode(text)
    assert code.text == text
    assert code.is_regular == (code.irregularity is None)
    assert code.kind is not OrganKind.IRREGULAR or not code.is_regular
    if code.is_regular:
        assert OrganCode.parse(text) == code


@given(st.text("0123456789ABHWZ.-z \n", max_size=37))
def test_only_what_the_rules_allow_is_regular(text: str) -> None:
    """An oracle without patterns: the strict door lets no text pass that breaks a rule common to all kinds."""
    if OrganCode(text).is_regular:
        assert 0 < len(text) <= MAX_ORGAN_CODE
        assert set(text) <= set(string.digits + string.ascii_uppercase + ".-")
        assert all(text.split("."))


@given(ANY, ANY)
def test_the_tree_is_consistent(one: OrganCode, other: OrganCode) -> None:
    assert one.is_ancestor_of(other) == (one in other.ancestors)
    assert one.same_branch(other) == other.same_branch(one)
    assert same_numbers(one, one)
    assert same_numbers(one, other) == same_numbers(other, one)
    assert not (one.is_ancestor_of(other) and other.is_ancestor_of(one))


@given(ANY)
def test_ancestors_lead_to_the_owner(code: OrganCode) -> None:
    chain = (code, *code.ancestors)
    if code.level is None:
        assert chain == (code,)
        assert code.owner is None
        return
    assert chain[-1] == code.owner
    assert chain[-1].level == 1
    assert all(c.level1 == code.level1 and c.kind is code.kind for c in chain)
    assert [c.level for c in chain] == sorted((c.level for c in chain), key=lambda level: -(level or 0))


def test_every_published_level_1_code_is_regular(shared: Path) -> None:
    texts = []
    for name, columns in (
        ("agency_level1_central.csv", ["code"]),
        ("agency_level1_province.csv", ["people_committee_code", "people_council_code"]),
    ):
        with (shared / "data" / name).open(encoding="utf-8", newline="") as file:
            texts += [row[column] for row in csv.DictReader(file) for column in columns]
    assert len(texts) == 48 + 2 * 63
    for text in texts:
        code = OrganCode.parse(text)
        assert (code.kind, code.level, code.level1) == (OrganKind.QD20, 1, text)
        assert [c.code.text for c in code.candidates()] == [f"000.00.00.{text}"]
