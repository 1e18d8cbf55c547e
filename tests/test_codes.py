"""The code lists, compared with the tables of the specification where it stands beside the project."""

from __future__ import annotations

import pickle
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vndoc.envelope import codes
from vndoc.envelope.codes import Confidence, DocumentTypeRule, document_type, is_reserved, normalise_status

LEGAL, ADMINISTRATIVE, STATUS = codes.DOCUMENT_TYPES_LEGAL, codes.DOCUMENT_TYPES_ADMINISTRATIVE, codes.STATUS_CODE


def section(shared: Path, start: str, end: str) -> str:
    """Return the specification from the heading numbered *start* to the one numbered *end*."""
    text = (shared / "spec" / "protocol.md").read_text(encoding="utf-8")
    return text[text.index(f"# {start} ") : text.index(f"# {end} ")]


def table(text: str) -> list[list[str]]:
    rows = re.findall(r"^\| (\d.*) \|$", text, flags=re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in rows]


def test_legal_types_are_those_of_the_specification(shared: Path) -> None:
    rows = table(section(shared, "5.1.1", "5.1.2"))
    assert [code for code, _ in rows] == [str(e.code) for e in LEGAL]
    for (_, name), entry in zip(rows, LEGAL, strict=True):
        assert LEGAL.find(name) is entry
        assert entry.confidence is Confidence.REG


def test_administrative_types_are_those_of_the_specification(shared: Path) -> None:
    rows = table(section(shared, "5.1.2", "5.1.3"))
    assert len(rows) == len(ADMINISTRATIVE) == 32
    for (code, name, abbreviation, tag), entry in zip(rows, ADMINISTRATIVE, strict=True):
        assert str(entry.code) == code
        assert entry.name.vi == name
        assert entry.abbreviation == (abbreviation if re.fullmatch(r"\w+", abbreviation) else None)
        assert (entry.confidence is Confidence.REG) == tag.startswith("[reg")


def test_the_types_of_decree_30_are_those_of_the_specification(shared: Path) -> None:
    text = section(shared, "5.1.3", "5.2")
    listed = text[text.index("NQ Nghị") : text.index(".\nCopies")].replace("\n", " ")
    items = [" ".join(item.split()) for item in listed.split("·")]
    expected = [("", i.removeprefix("(no abbreviation) ")) if i.startswith("(") else i.split(" ", 1) for i in items]
    found = [(e.abbreviation or "", e.name.vi) for e in codes.ND30_TYPES]
    assert found == [tuple(pair) for pair in expected]
    assert len(found) == 29


def test_status_codes_are_those_of_the_specification(shared: Path) -> None:
    text = section(shared, "5.5", "5.6")
    known = {row[0]: row for row in table(text) if re.fullmatch(r"\d\d", row[0])}
    assert list(known) == [e.code for e in STATUS]
    for entry in STATUS:
        row = known[str(entry.code)]
        assert entry.name.vi == row[1]
        assert entry.sent_by.value in row[3]
        assert entry.reason_required == ("reason" in row[2])
    assert "| 07-12, 14 |" in text


def test_priorities_are_those_of_the_specification(shared: Path) -> None:
    rows = table(section(shared, "5.2", "5.3"))
    assert [(row[0], row[1].split(" (")[0]) for row in rows] == [
        (str(e.code), e.name.vi.lower()) for e in codes.PRIORITY
    ]


@pytest.mark.parametrize("code_list", codes.ALL_LISTS, ids=lambda code_list: code_list.id)
def test_every_list_is_sound(code_list: codes.CodeList[codes.CodeEntry]) -> None:
    assert len(code_list) == len(code_list.entries) == len({e.code for e in code_list})
    assert len({e.name.vi for e in code_list}) == len({e.name.en for e in code_list}) == len(code_list)
    for entry in code_list:
        assert code_list.get(entry.code) is entry
        assert code_list.find(entry.name.vi) is entry
        assert code_list.find(unicodedata.normalize("NFD", entry.name.vi).upper()) is entry
        assert entry.abbreviation is None or code_list.by_abbreviation(entry.abbreviation) is entry
        assert unicodedata.is_normalized("NFC", entry.name.vi + (entry.abbreviation or ""))
        assert entry.source
        assert entry.name.en.isascii() or "é" in entry.name.en
    assert pickle.loads(pickle.dumps(code_list)) == code_list  # noqa: S301


def test_every_list_is_named_once() -> None:
    assert len({code_list.id for code_list in codes.ALL_LISTS}) == len(codes.ALL_LISTS) == 13
    everything = [value for value in vars(codes).values() if isinstance(value, codes.CodeList)]
    assert len(everything) == len(codes.ALL_LISTS)


def test_enums_agree_with_their_lists() -> None:
    assert [int(v) for v in codes.BussinessDocType] == [e.code for e in codes.BUSSINESS_DOC_TYPE]
    assert [int(v) for v in codes.Priority] == [e.code for e in codes.PRIORITY]
    assert [str(v) for v in codes.StatusCode] == [e.code for e in STATUS]
    assert codes.BussinessDocType.RECALL == 1
    assert codes.StatusCode.TAKE_BACK == "13"
    assert codes.StatusCode("03") is codes.StatusCode.ACCEPTED


def test_get_takes_codes_as_they_stand() -> None:
    assert ADMINISTRATIVE.get(18) is ADMINISTRATIVE.find("Công văn")
    assert ADMINISTRATIVE.get(33) is None
    assert ADMINISTRATIVE.get("18") is None
    assert ADMINISTRATIVE.get(None) is None
    assert STATUS.get("03") is not None
    assert STATUS.get("3") is None


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("CÔNG VĂN", 18),
        ("cong van", 18),
        (" Công\u00a0 văn. ", 18),
        ("Quyết định", 2),
        ("Quyết định (cá biệt)", 2),
        ("Quyet dinh(ca biet) ", 2),
        ("Giấy ủy quyền", 24),
        ("Giấy uỷ quyền", 24),
        ("Bản thoả thuận", 22),
        ("Bản thỏa thuận", 22),
        ("de an", 12),
        ("Công văn đến", None),
        ("", None),
        ("()", None),
        ("(cá biệt)", None),
        ("Công văn" + " " * 192, 18),
        ("Công văn" + " " * 193, None),
    ],
)
def test_find_by_name(name: str, code: int | None) -> None:
    found = ADMINISTRATIVE.find(name)
    assert (found and found.code) == code


def test_by_abbreviation_keeps_accents() -> None:
    found = [codes.ND30_TYPES.by_abbreviation(a) for a in ("HD", "HĐ", "ttr", unicodedata.normalize("NFD", "QyĐ"))]
    assert [e and e.name.en for e in found] == ["Guidance", "Contract", "Submission", "Regulation"]
    assert codes.ND30_TYPES.by_abbreviation("") is None
    assert codes.COPY_KINDS.by_abbreviation("trs") is codes.COPY_KINDS.get("TrS")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", "01"),
        ("01", "01"),
        ("001", "01"),
        (" 3\n", "03"),
        ("13", "13"),
        ("100", "100"),
        ("0", "00"),
        ("", ""),
        ("-1", "-1"),
        ("done", "done"),
        (" x ", " x "),
        ("\u0661", "\u0661"),
        ("9" * 5000, "9" * 5000),
    ],
    ids=lambda value: ascii(value)[:12],
)
def test_normalise_status(text: str, expected: str) -> None:
    assert normalise_status(text) == expected


@given(st.integers(0, 99))
def test_every_number_becomes_two_digits(number: int) -> None:
    assert normalise_status(str(number)) == normalise_status(f"{number:02d}") == f"{number:02d}"


def test_reserved_codes() -> None:
    assert [n for n in range(30) if is_reserved(str(n))] == [7, 8, 9, 10, 11, 12, 14]
    assert not is_reserved("x")
    assert not any(is_reserved(str(e.code)) for e in STATUS)


NAME, DETAIL = DocumentTypeRule.NAME, DocumentTypeRule.DETAIL
IN_TYPE = DocumentTypeRule.ADMINISTRATIVE_CODE_IN_TYPE


@pytest.mark.parametrize(
    ("given_type", "given_detail", "given_name", "expected"),
    [
        (2, 7, "Thông báo", (2, 7, NAME)),
        (2, 3, "Thông báo", (2, 7, NAME)),  # the name is trusted before the numbers
        (1, 0, "Công văn", (2, 18, NAME)),  # the vendor's samples
        (18, None, "Công văn", (2, 18, NAME)),
        (18, None, None, (2, 18, IN_TYPE)),  # the .NET samples
        (18, 0, "Tên lạ mẫu", (2, 18, IN_TYPE)),
        (33, None, None, None),
        (2, 7, None, (2, 7, DETAIL)),
        (2, 7, "", (2, 7, DETAIL)),
        (2, 7, "Tên lạ mẫu", (2, 7, DETAIL)),
        (1, 7, None, (1, 7, DETAIL)),
        (1, 14, None, None),
        (2, 33, None, None),
        (1, 0, None, None),
        (2, -1, None, None),
        (2, None, None, None),
        (None, 7, None, None),
        (None, None, None, None),
        (0, 7, None, None),
        (-1, None, "Tên lạ mẫu", None),
        (None, None, "nghị định", (1, 7, NAME)),
        (2, 5, "Luật", (1, 2, NAME)),
        (1, 8, "Quyết định", (1, 8, NAME)),
        (1, 8, "Quyết định (cá biệt)", (2, 2, NAME)),
        (2, 2, "Quyết định", (2, 2, NAME)),
        (None, None, "Quyết định", (2, 2, NAME)),
        (1, None, "Chỉ thị", (1, 11, NAME)),
        (2, 32, "Phiếu báo", (2, None, NAME)),  # the packet's lists do not name it
    ],
)
def test_document_type(
    given_type: int | None,
    given_detail: int | None,
    given_name: str | None,
    expected: tuple[int, int | None, DocumentTypeRule] | None,
) -> None:
    found = document_type(given_type, given_detail, given_name)
    assert (found and (found.type, found.type_detail, found.rule)) == expected


def test_document_type_names_the_entry() -> None:
    found = document_type(2, 32, "Phiếu báo")
    assert found is not None
    assert found.entry.abbreviation == "PB"
    found = document_type(2, 7, None)
    assert found is not None
    assert found.entry is ADMINISTRATIVE.get(7)


@given(st.none() | st.integers(), st.none() | st.integers(), st.none() | st.text())
def test_document_type_is_total(given_type: int | None, given_detail: int | None, given_name: str | None) -> None:
    found = document_type(given_type, given_detail, given_name)
    assert found is None or found.type in {1, 2}
