"""Document ids: forms, parts, strict builders, and when two seem to name one document."""

from __future__ import annotations

import datetime
import pickle
import unicodedata
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vndoc.errors import IdentifierError
from vndoc.identifiers import MAX_DOCUMENT_ID, DocumentId, DocumentIdForm, OrganCode

A, A_DASH, B = DocumentIdForm.A, DocumentIdForm.A_DASH, DocumentIdForm.B
VOFFICE, OTHER = DocumentIdForm.VOFFICE, DocumentIdForm.OTHER

FORMS = [
    ("000.00.00.G22,2015/09/30,7816/VPCP-TTĐT", A),
    ("H41,2026/03/04,07/TB-UBND", A),
    ("H41, 2026/3/4 , 07/TB-UBND", A),
    (",2026/03/04,07/TB-UBND", A),
    ("H41,2026/03/04,07", A),
    ("H41,2026/02/30,07/TB-UBND", A),
    ("H41,2026-03-04,07/TB-UBND", A_DASH),
    ("H41,2026/03-04,07/TB-UBND", OTHER),
    ("H41,04/03/2026,07/TB-UBND", OTHER),
    ("H41,2026/03/04,", OTHER),
    ("H41,2026/03/04, ", OTHER),
    ("H41,2026/03/04,07/TB\nUBND", OTHER),
    ("000.00.01.H01,2018,10", B),
    ("H01, 2018 , 010", B),
    ("H01,2018,10a", OTHER),
    ("H01,18,10", OTHER),
    ("9fbfbad2-f1f8-4256-a2eb-50fb1061cddb", DocumentIdForm.UUID),
    ("9FBFBAD2-F1F8-4256-A2EB-50FB1061CDDB", DocumentIdForm.UUID),
    ("9fbfbad2-f1f8-4256-a2eb-50fb1061cddg", OTHER),
    ("18661", DocumentIdForm.INTEGER),
    ("007", DocumentIdForm.INTEGER),
    ("１２", OTHER),  # full-width digits
    ("12\n", OTHER),
    ("H41-2024-TB-UBND", VOFFICE),
    ("H41.03-2024-12/TB", VOFFICE),
    ("0100109106-001-2024-TB", VOFFICE),
    ("tenant_7-12345", VOFFICE),
    ("", OTHER),
    ("null", OTHER),
    ("H41/2024", OTHER),
]

PART = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=",/"), min_size=1, max_size=30)
NOTATION = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=","), min_size=1, max_size=30)


@pytest.mark.parametrize(("text", "form"), FORMS, ids=lambda value: ascii(value)[:50])
def test_form(text: str, form: DocumentIdForm) -> None:
    assert DocumentId(text).form is form
    assert str(DocumentId(text)) == text


def test_parts_of_form_a() -> None:
    found = DocumentId("000.00.00.G22,2015/09/30,7816/VPCP-TTĐT")
    assert found.issuer == OrganCode("000.00.00.G22")
    assert found.date == datetime.date(2015, 9, 30)
    assert (found.year, found.number, found.notation) == (2015, "7816", "VPCP-TTĐT")
    assert found.running_number is None
    assert not found.has_impossible_date


def test_parts_of_form_a_with_odd_parts() -> None:
    found = DocumentId("null, 2026/3/4 , 30/2026/NĐ-CP, x ")
    assert found.issuer == OrganCode("null")
    assert found.date == datetime.date(2026, 3, 4)
    assert (found.number, found.notation) == ("30", "2026/NĐ-CP, x")
    assert DocumentId(",2026/03/04,07").issuer is None
    assert DocumentId(",2026/03/04,07").notation is None


@pytest.mark.parametrize("day", ["2026/02/30", "2026/13/01", "2026/00/10", "0000/01/01", "2026-02-30"])
def test_an_impossible_date_is_said_to_be_one(day: str) -> None:
    found = DocumentId(f"H41,{day},07/TB")
    assert found.form in {A, A_DASH}
    assert found.date is None
    assert found.has_impossible_date
    assert found.year == int(day[:4])
    assert found.number == "07"


def test_parts_of_form_b() -> None:
    found = DocumentId("000.00.01.H01,2018,10")
    assert (found.issuer, found.year, found.running_number) == (OrganCode("000.00.01.H01"), 2018, 10)
    assert (found.date, found.number, found.notation, found.has_impossible_date) == (None, None, None, False)


def test_parts_of_the_voffice_forms() -> None:
    found = DocumentId("0100109106-001-2024-TB-UBND")
    assert (found.issuer, found.year, found.notation) == (OrganCode("0100109106-001"), 2024, "TB-UBND")
    assert DocumentId("tenant-77").issuer is None


@pytest.mark.parametrize("text", ["18661", "9fbfbad2-f1f8-4256-a2eb-50fb1061cddb", "x", "x" * 1000])
def test_forms_without_parts(text: str) -> None:
    found = DocumentId(text)
    assert (found.issuer, found.date, found.year, found.number, found.notation, found.running_number) == (None,) * 6
    assert not found.has_impossible_date


def test_length_limit_of_what_is_looked_into() -> None:
    head = "H41,2026/03/04,07/"
    assert DocumentId(head + "T" * (MAX_DOCUMENT_ID - len(head))).form is A
    assert DocumentId(head + "T" * (MAX_DOCUMENT_ID - len(head) + 1)).form is OTHER


def test_ids_are_values() -> None:
    assert DocumentId.of(" 12\n") == DocumentId("12")
    assert len({DocumentId("a"), DocumentId("a"), DocumentId("b")}) == 2
    assert pickle.loads(pickle.dumps(DocumentId("a"))) == DocumentId("a")  # noqa: S301
    assert repr(DocumentId("12")) == "DocumentId(text='12')"
    assert "001200000" not in repr(DocumentId("001200000001,2018,10"))
    assert not hasattr(DocumentId("a"), "__dict__")


def test_built_form_a() -> None:
    built = DocumentId.form_a(OrganCode("H41"), datetime.date(2026, 3, 4), "07", "TB-UBND")
    assert built.text == "H41,2026/03/04,07/TB-UBND"
    stamped = datetime.datetime(2026, 3, 4, 23, 0, tzinfo=datetime.UTC)
    assert DocumentId.form_a("H41", stamped, "07", "TB-UBND") == built
    assert DocumentId.form_a("H41", datetime.date(33, 3, 4), "30", "2026/NĐ-CP").text == "H41,0033/03/04,30/2026/NĐ-CP"


def test_built_ids_are_in_nfc() -> None:
    decomposed = unicodedata.normalize("NFD", "TTrĐẢ")
    assert decomposed != "TTrĐẢ"
    assert DocumentId.form_a("H41", datetime.date(2026, 3, 4), "07", decomposed).notation == "TTrĐẢ"


@pytest.mark.parametrize(
    ("issuer", "number", "notation"),
    [
        ("", "07", "TB"),
        ("H41", "", "TB"),
        ("H41", "07", ""),
        ("H41,", "07", "TB"),
        ("H/41", "07", "TB"),
        (" H41", "07", "TB"),
        ("H41", "0,7", "TB"),
        ("H41", "0/7", "TB"),
        ("H41", "07", "TB,X"),
        ("H41", "07", "TB X"),
        ("H41", "07", "TB\u202eX"),
        ("H41", "07\n", "TB"),
        ("H41", "07\u00a0", "TB"),
        ("H" * 36, "07", "TB"),
        ("H41", "07", "T" * 183),
    ],
)
def test_form_a_refuses_what_could_not_be_taken_apart(issuer: str, number: str, notation: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        DocumentId.form_a(issuer, datetime.date(2026, 3, 4), number, notation)
    assert caught.value.code == "document-id-invalid"


def test_form_a_at_its_limits() -> None:
    built = DocumentId.form_a("H" * 35, datetime.date(2026, 3, 4), "07", "T" * (MAX_DOCUMENT_ID - 50))
    assert len(built.text) == MAX_DOCUMENT_ID
    assert built.form is A


def test_built_form_b() -> None:
    assert DocumentId.form_b("000.00.01.H01", 2018, 10).text == "000.00.01.H01,2018,10"
    assert DocumentId.form_b(OrganCode("H01"), 1000, 1).form is B
    assert DocumentId.form_b("H01", 9999, 10**190).running_number == 10**190


@pytest.mark.parametrize(
    ("issuer", "year", "number"),
    [
        pytest.param("", 2018, 1, id="no issuer"),
        pytest.param("H,1", 2018, 1, id="comma"),
        pytest.param("H01", 999, 1, id="year of three digits"),
        pytest.param("H01", 10000, 1, id="year of five digits"),
        pytest.param("H01", 2018, 0, id="zero"),
        pytest.param("H01", 2018, -1, id="negative"),
        pytest.param("H01", 2018, 10**192, id="too long"),
        pytest.param("H01", 2018, 10**5000, id="beyond what int prints"),
        pytest.param("H" * 36, 2018, 1, id="long issuer"),
    ],
)
def test_form_b_refuses(issuer: str, year: int, number: int) -> None:
    with pytest.raises(IdentifierError) as caught:
        DocumentId.form_b(issuer, year, number)
    assert caught.value.code == "document-id-invalid"


@given(PART, st.dates(), PART, NOTATION)
def test_form_a_comes_apart_again(issuer: str, date: datetime.date, number: str, notation: str) -> None:
    built = DocumentId.form_a(issuer, date, number, notation)
    parts = [unicodedata.normalize("NFC", part) for part in (issuer, number, notation)]
    assert built.form is A
    assert [str(built.issuer), built.number, built.notation] == parts
    assert built.date == date
    dashed = DocumentId(f"{parts[0]},{date.isoformat()},{parts[1]}/{parts[2]}")
    assert dashed.form is A_DASH
    assert built.equivalent(dashed)


@given(PART, st.integers(1000, 9999), st.integers(1, 10**20))
def test_form_b_comes_apart_again(issuer: str, year: int, number: int) -> None:
    built = DocumentId.form_b(issuer, year, number)
    assert built.form is B
    assert (str(built.issuer), built.year) == (unicodedata.normalize("NFC", issuer), year)
    assert built.running_number == number


@given(st.uuids())
def test_uuids_are_recognised(value: uuid.UUID) -> None:
    assert DocumentId(str(value)).form is DocumentIdForm.UUID
    assert DocumentId(str(value)).equivalent(DocumentId(str(value).upper()))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("H41,2026/03/04,07/TB-UBND", "H41,2026-03-04,07/TB-UBND", True),
        ("H41,2026/03/04,07/TB-UBND", "H41,2026/03/04,7/TB-UBND", True),
        ("H41,2026/03/04,07/TB-UBND", "H41,2026/3/4,007/TB-UBND ", True),
        ("H41,2026/03/04,07/TTr-ĐẢ", "H41,2026-03-04,07/" + unicodedata.normalize("NFD", "TTr-ĐẢ"), True),
        ("H41,2026/03/04,07", "H41,2026-03-04,7", True),
        ("H41,2026/03/04,07/TB-UBND", "H41,2026/03/05,07/TB-UBND", False),
        ("H41,2026/03/04,07/TB-UBND", "H42,2026/03/04,07/TB-UBND", False),
        ("H41,2026/03/04,07/TB-UBND", "H41,2026/03/04,70/TB-UBND", False),
        ("H41,2026/03/04,07/TB-UBND", "H41,2026/03/04,07/TB-ubnd", False),
        ("H41,2026/02/30,07/TB", "H41,2026-02-30,07/TB", False),
        ("H41,2026/02/30,07/TB", "H41,2026/02/30,07/TB", True),
        ("H41,2018,10", "H41,2018,010", False),
        ("H41,2026/03/04,07/TB-UBND", "H41,2026,7", False),
        ("18661", "018661", False),
        ("x", "x", True),
        ("", "x", False),
    ],
)
def test_equivalent(one: str, other: str, expected: bool) -> None:
    assert DocumentId(one).equivalent(DocumentId(other)) is expected
    assert DocumentId(other).equivalent(DocumentId(one)) is expected


@given(st.text(max_size=60), st.text("H41,2026/0-3:W ab", max_size=40))
def test_any_text_is_carried(text: str, likely: str) -> None:
    for found in (DocumentId(text), DocumentId(likely)):
        assert isinstance(found.form, DocumentIdForm)
        assert found.equivalent(found)
        assert (found.date is None) or (found.year == found.date.year)
