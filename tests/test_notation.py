"""Number and notation: splitting, comparing, checking, and what their parts mean."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vndoc.envelope import codes
from vndoc.errors import IdentifierError
from vndoc.identifiers import (
    MAX_NOTATION,
    MAX_NUMBER,
    TYPE_ABBREVIATIONS,
    DocumentCode,
    Notation,
    canonical_notation,
    canonical_number,
    check_notation,
    check_number,
    join_code,
    pad_number,
    split_code,
    without_suffix,
)


@pytest.mark.parametrize(
    ("text", "number", "notation"),
    [
        ("07/TB-UBND", "07", "TB-UBND"),
        ("30/2020/NĐ-CP", "30", "2020/NĐ-CP"),
        ("07", "07", None),
        ("07/", "07", ""),
        ("/TB", "", "TB"),
        ("", "", None),
        (" 07 / TB", " 07 ", " TB"),
    ],
)
def test_split_at_the_first_slash(text: str, number: str, notation: str | None) -> None:
    assert split_code(text) == DocumentCode(number, notation)
    assert join_code(number, notation) == text == str(DocumentCode(number, notation))


def test_a_code_may_lack_either_part() -> None:
    assert str(DocumentCode()) == ""
    assert str(DocumentCode(notation="TB")) == "/TB"
    assert DocumentCode(number="07") == DocumentCode("07", None)


@given(st.text())
def test_split_and_join_lose_nothing(text: str) -> None:
    assert str(split_code(text)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("07", "7"),
        ("7", "7"),
        ("000", "0"),
        ("0", "0"),
        ("", ""),
        (" 007\t", "7"),
        ("07A", "7A"),
        ("0A", "0A"),
        ("00A", "0A"),
        ("100", "100"),
        ("\u0660\u0667", "\u0660\u0667"),
        ("0\u0667", "0\u0667"),
        (unicodedata.normalize("NFD", "07Ả"), "7Ả"),
    ],
)
def test_canonical_number(text: str, expected: str) -> None:
    assert canonical_number(text) == expected


@given(st.integers(0, 10**12), st.integers(0, 5))
def test_leading_zeros_do_not_count(number: int, zeros: int) -> None:
    assert canonical_number("0" * zeros + str(number)) == str(number)


@given(st.text(), st.text("0 a1", max_size=8))
def test_canonical_forms_are_stable(text: str, likely: str) -> None:
    for value in (text, likely):
        assert canonical_number(canonical_number(value)) == canonical_number(value)
        assert canonical_notation(canonical_notation(value)) == canonical_notation(value)


def test_canonical_notation() -> None:
    assert canonical_notation(" " + unicodedata.normalize("NFD", "QĐ-TTrẢ") + "\n") == "QĐ-TTrẢ"
    assert canonical_notation("tb-ubnd") == "tb-ubnd"


def test_the_vendor_suffix() -> None:
    assert without_suffix("TB-UBND#123#4") == "TB-UBND"
    assert without_suffix("TB-UBND") == "TB-UBND"
    assert without_suffix("#1") == ""


@pytest.mark.parametrize(
    ("number", "text"), [(1, "01"), (7, "07"), (9, "09"), (10, "10"), (99999999999, "99999999999")]
)
def test_pad_number(number: int, text: str) -> None:
    assert pad_number(number) == text
    assert check_number(text) == text


@pytest.mark.parametrize("power", [11, 4000, 10_000])
def test_pad_number_refuses_what_is_too_large(power: int) -> None:
    with pytest.raises(IdentifierError, match="code-number-invalid"):
        pad_number(10**power)


@pytest.mark.parametrize("number", [0, -1])
def test_pad_number_refuses_what_is_no_number_of_a_document(number: int) -> None:
    with pytest.raises(IdentifierError, match="code-number-invalid"):
        pad_number(number)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("7", "one zero"),
        ("00", "one zero"),
        ("007", "one zero"),
        ("07A", "digits"),
        ("07\n", "digits"),
        ("-7", "digits"),
        ("\u0661\u0660", "digits"),
        ("1" * (MAX_NUMBER + 1), "11 characters"),
    ],
)
def test_numbers_we_do_not_originate(text: str, reason: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        check_number(text)
    assert caught.value.code == "code-number-invalid"
    assert reason in str(caught.value)


@given(st.text("0123456789", max_size=MAX_NUMBER + 2))
def test_a_number_passes_if_it_is_written_as_by_padding(text: str) -> None:
    value = int(text or "0")
    good = 0 < value < 10**MAX_NUMBER and pad_number(value) == text
    if good:
        assert check_number(text) == text
    else:
        with pytest.raises(IdentifierError):
            check_number(text)


@pytest.mark.parametrize(
    "text",
    ["TB-UBND", "UBND-VP", "2020/NĐ-CP", "2023/QH15", "QyĐ-SGDĐT", "TB-UBND-VX", "B" * MAX_NOTATION, "X.1"],
)
def test_notations_we_originate(text: str) -> None:
    assert check_notation(text) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("B" * (MAX_NOTATION + 1), "30 characters"),
        (unicodedata.normalize("NFD", "QĐẢ"), "form C"),
        ("TB/UBND", "slash"),
        ("1820/TB", "slash"),
        ("2020/NĐ/CP", "slash"),
        ("TB,UBND", "comma"),
        ("TB UBND", "white space"),
        ("TB\u00a0UBND", "white space"),
        ("TB-UBND\n", "white space"),
        ("TB\u202eUBND", "control"),
        ("TB-UBND#1", "#"),
        ("TB--UBND", "hyphen"),
        ("TB\u2013UBND", "dash"),
        ("TB\u2010UBND", "dash"),
        ("-TB", "hyphen"),
        ("TB-", "hyphen"),
        ("2020/", "hyphen"),
    ],
)
def test_notations_we_do_not_originate(text: str, reason: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        check_notation(text)
    assert caught.value.code == "code-notation-invalid"
    assert reason in str(caught.value)
    assert caught.value.text("vi") != caught.value.text("en")


@pytest.mark.parametrize(
    ("text", "year", "kind", "issuer", "rest"),
    [
        ("TB-UBND", None, "TB", "UBND", None),
        ("TB-UBND-VX", None, "TB", "UBND", "VX"),
        ("UBND-VP", None, None, "UBND", "VP"),
        ("HĐND-VP", None, None, "HĐND", "VP"),
        ("2020/NĐ-CP", 2020, "NĐ", "CP", None),
        ("2023/QH15", 2023, None, "QH15", None),
        ("2012/TTLT-BNV-BTC-BKHĐT", 2012, "TTLT", "BNV", "BTC-BKHĐT"),
        ("TTR-UBND", None, "TTr", "UBND", None),
        ("CTr-UBND", None, "CTr", "UBND", None),
        ("CT-UBND", None, "CT", "UBND", None),
        ("HD-BNV", None, "HD", "BNV", None),
        ("HĐ-BNV", None, "HĐ", "BNV", None),
        ("CV-X", None, "CV", "X", None),
        ("SY-UBND", None, "SY", "UBND", None),
        (" TB-UBND#77", None, "TB", "UBND", None),
        (unicodedata.normalize("NFD", "QĐ-TTg"), None, "QĐ", "TTg", None),
        ("TB", None, None, "TB", None),
        ("TB-", None, "TB", None, None),
        ("", None, None, None, None),
    ],
)
def test_parts_of_a_notation(
    text: str, year: int | None, kind: str | None, issuer: str | None, rest: str | None
) -> None:
    assert Notation.parse(text) == Notation(text, year, kind, issuer, rest)


@given(st.text())
def test_any_notation_is_parsed(text: str) -> None:
    assert Notation.parse(text).text == text


def test_a_code_does_not_print_citizen_numbers() -> None:
    assert repr(DocumentCode("012345678901", "X-012345678901")) == (
        "DocumentCode(number='*********901', notation='X-*********901')"
    )
    assert repr(DocumentCode("07")) == "DocumentCode(number='07', notation=None)"


def test_type_abbreviations_are_those_of_the_code_lists() -> None:
    listed = {e.abbreviation for e in (*codes.ND30_TYPES, *codes.COPY_KINDS) if e.abbreviation is not None}
    assert TYPE_ABBREVIATIONS - listed == {"L", "NQLT", "NĐ", "TT", "TTLT", "CV"}
    assert listed <= TYPE_ABBREVIATIONS
    assert len({a.upper() for a in TYPE_ABBREVIATIONS}) == len(TYPE_ABBREVIATIONS)
