"""Vietnamese text: two languages, normal form, search keys, masks, safe file names."""

from __future__ import annotations

import datetime
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vndoc import text as module
from vndoc.text import Text, mask, nfc, safe_filename, search_key, shorten


def test_a_text_is_rendered_in_either_language() -> None:
    text = Text("Có {count} tệp.", "There are {count} files.")
    assert text.render("vi", count=3) == "Có 3 tệp."
    assert text.render("en", count=3) == text.render(count=3) == "There are 3 files."


def test_a_message_never_fails() -> None:
    assert Text("", "{a} {b}").render("en", a="{c}") == "{c} ?"


def test_a_text_within_a_text_keeps_both_languages_and_all_characters() -> None:
    inner = Text("cần {n} tệp {{x}}", "{n} files {{x}} needed").filled(n="{3}")
    whole = Text("{where}: {what}", "at {where}: {what}").filled(where="{a}", what=inner)
    assert (whole.render("vi"), whole.render("en")) == ("{a}: cần {3} tệp {x}", "at {a}: {3} files {x} needed")


@given(st.text())
def test_the_normal_form_is_that_of_unicode(text: str) -> None:
    assert nfc(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Uỷ ban  nhân dân Đà Nẵng", "uy ban nhan dan da nang"),
        ("ỦY BAN\tNHÂN\u00a0DÂN", "uy ban nhan dan"),
        ("đĐ ươ", "dd uo"),
        ("U\u031b\u0323 Huế", "u hue"),
        ("Straße", "strasse"),
        ("  ", ""),
    ],
)
def test_search_keys(text: str, key: str) -> None:
    assert search_key(text) == key


@given(st.text())
def test_a_search_key_does_not_depend_on_composition_or_case(text: str) -> None:
    decomposed = unicodedata.normalize("NFD", text)
    assert search_key(text) == search_key(decomposed) == search_key(nfc(text))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("CCCD 012345678901", "CCCD *********901"),
        ("CMND 123456789.", "CMND ******789."),
        ("012345678901,123456789", "*********901,******789"),
        ("12345678", "12345678"),
        ("1234567890", "1234567890"),
        ("0123456789012", "0123456789012"),
        ("a012345678901b", "a*********901b"),
        ("0123 4567 8901", "**** **** *901"),
        ("012.345.678.901.", "***.***.***.901."),
        ("CCCD: 012\u00a0345\u00a0678\u00a0901", "CCCD: ***\u00a0***\u00a0***\u00a0901"),
        ("001 2 03 012345, 123 456 789", "*** * ** ***345, *** *** 789"),
        ("012345678901 123", "*********901 123"),
        ("0912 345 678", "0912 345 678"),
        ("+84 912 345 678", "+84 912 345 678"),
        ("12.05.2024 10.30", "12.05.2024 10.30"),
        ("12 05 2024 1030", "12 05 2024 1030"),
        ("000.00.00.H41", "000.00.00.H41"),
        ("000.123.456.H41", "000.123.456.H41"),
        ("H41.001.002.003", "H41.001.002.003"),
        ("123  456 789", "123  456 789"),
        ("123 456.789", "123 456.789"),
        (f"SHA-256 {'ab012345678f' * 5}ab01.", f"SHA-256 {'ab012345678f' * 5}ab01."),
        (f"{'ab012345678f' * 5}ab012", f"{'ab******678f' * 5}ab012"),
        (f"{'ab012345678f' * 5}ab0", f"{'ab******678f' * 5}ab0"),
        (f"x{'ab012345678f' * 5}ab01", f"x{'ab******678f' * 5}ab01"),
        (f"{'AB012345678F' * 5}AB01", f"{'AB******678F' * 5}AB01"),
        ("001-095-012345", "***-***-***345"),
        ("CCCD-0010-9501-2345.pdf", "CCCD-****-****-*345.pdf"),
        ("001_095", "001_095"),
        ("quet_001-095-012345_mat-truoc.pdf", "quet_***-***-***345_mat-truoc.pdf"),
        ("001\u2011095\u2011012345 123\u2013456\u2013789", "***\u2011***\u2011***345 ***\u2013***\u2013789"),
        ("001\u202f095\u202f012345", "***\u202f***\u202f***345"),
        ("MST 0123456789-001, 0123456789", "MST 0123456789-001, 0123456789"),
        ("+84-912-345-678, 0912-345-678", "+84-912-345-678, 0912-345-678"),
        ("024-3825-1234", "024-3825-1234"),
        ("8 123 456 789", "8 123 456 789"),
        ("20260302-0915.pdf", "20260302-0915.pdf"),
        ("20261302-0915.pdf", "********-*915.pdf"),
        ("2026-03-02 09-15-30", "2026-03-02 09-15-30"),
        ("3F2504E0-4F89-41D3-9A0C-0305E82C3301", "3F2504E0-4F89-41D3-9A0C-0305E82C3301"),
        ("001-095 012345", "001-095 012345"),
    ],
)
def test_masks(text: str, masked: str) -> None:
    assert mask(text) == masked


@given(st.text(st.sampled_from("0123456789 a"), max_size=40))
def test_no_run_of_nine_or_twelve_digits_is_left(text: str) -> None:
    shown = mask(text)
    assert len(shown) == len(text)
    runs = "".join(ch if ch.isdigit() else " " for ch in shown).split()
    assert not [run for run in runs if len(run) in {9, 12}]


@given(
    st.sampled_from([(4, 4, 4), (3, 3, 3, 3), (6, 6), (3, 3, 6), (3, 9), (3, 1, 2, 6), (3, 3, 3), (4, 5), (5, 4)]),
    st.sampled_from(" \u00a0\u2007\u2009\u202f.-\u2010\u2011\u2013"),
    st.integers(0, 10**12 - 1),
    st.sampled_from(["", "CCCD ", "số: ", "(", "Ông A, ", "CCCD-", "quet_", "cccd."]),
    st.sampled_from(["", ", cấp 2021", " do", ")", ". ", ".pdf", "_1.pdf", "-mat-truoc"]),
)
def test_a_number_in_groups_is_masked(sizes: tuple[int, ...], sep: str, number: int, before: str, after: str) -> None:
    digits, groups, at = f"{number:012d}", [], 0
    for size in sizes:
        groups.append(digits[at : at + size])
        at += size
    grouped = sep.join(groups)
    shown = mask(before + grouped + after)
    middle = shown.removeprefix(before).removesuffix(after)
    assert shown == before + middle + after
    assert middle[-3:] == grouped[-3:]
    assert [ch == sep for ch in middle] == [ch == sep for ch in grouped]
    assert not any(ch.isdigit() for ch in middle[:-3])
    assert mask(shown) == shown


@given(
    st.dates(),
    st.sampled_from(["%d.%m.%Y", "%d %m %Y", "%Y.%m.%d", "%d.%m.%Y %H.%M", "%d %m %Y %H%M", "%d/%m/%Y %H:%M:%S"]),
    st.integers(0, 10**9 - 1),
    st.sampled_from([(4, 3, 3), (3, 3, 4), (3, 4, 3), (10,)]),
    st.sampled_from([" ", ".", "-"]),
)
def test_dates_telephone_numbers_and_organ_codes_are_left(
    day: datetime.date, form: str, number: int, sizes: tuple[int, ...], sep: str
) -> None:
    digits = iter(f"0{number:09d}")
    telephone = sep.join("".join(next(digits) for _ in range(size)) for size in sizes)
    code = f"{number % 1000:03d}.{number % 100:02d}.{number % 97:02d}.H{number % 90 + 10}"
    for text in (day.strftime(form), telephone, f"ĐT {telephone}, ngày", code, f"mã {code}"):
        assert mask(text) == text


@given(
    st.integers(0, 10**10 - 1),
    st.integers(0, 999),
    st.integers(1, 999_999),
    st.integers(0, 2**64 - 1),
    st.datetimes(*(datetime.datetime(year, 1, 1) for year in (1990, 2099))),  # noqa: DTZ001
)
def test_what_is_no_citizen_number_stays_readable(
    tax: int, branch: int, number: int, serial: int, at: datetime.datetime
) -> None:
    for text in (
        f"MST:{tax:010d}",
        f"MST:{tax:010d}-{branch:03d}",
        f"MST {tax:010d}{branch:03d}",
        f"{number}/QĐ-UBND",
        f"{number}/{at.year}/NĐ-CP-{branch}",
        f"serial {serial:016d}",
        ":".join(f"{octet:02X}" for octet in serial.to_bytes(8, "big")),
        at.isoformat(timespec="minutes"),
        f"{at:%Y%m%d-%H%M}.pdf",
        f"{at:%Y%m%d-%H%M%S}.pdf",
        f"{at:%d-%m-%Y}",
        f"{tax % 10**7:07d}",
    ):
        assert mask(text) == text


def test_shortened_texts() -> None:
    assert shorten("a\nb\u202ec") == "a b c"
    assert shorten("a" * 60) == "a" * 60
    assert shorten("a" * 61) == "a" * 59 + "…"
    assert shorten("x" * 55 + "012345678901", 60) == "x" * 55 + "****…"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Báo cáo.pdf", "Báo cáo.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Temp\\a.pdf", "a.pdf"),
        (".htaccess", "htaccess"),
        (" . .a.pdf. . ", "a.pdf"),
        ("a\x00b\u202ec.pdf", "abc.pdf"),
        ("con", "_con"),
        ("CON.txt", "_CON.txt"),
        ("com1 .txt", "_com1 .txt"),
        ("COM¹", "_COM¹"),
        ("lpt³.pdf", "_lpt³.pdf"),
        ("CONIN$", "_CONIN$"),
        ("conout$.txt", "_conout$.txt"),
        ("-rf.pdf", "_-rf.pdf"),
        (".-x", "_-x"),
        ("console.txt", "console.txt"),
        ('a<b>:"|?*.pdf', "ab.pdf"),
        ("", "attachment"),
        ("..", "attachment"),
        ("a/", "attachment"),
        ("???", "attachment"),
        ("a" * 300 + ".pdf", "a" * 196 + ".pdf"),
        ("a" * 300, "a" * 200),
        ("a." + "b" * 30, "a." + "b" * 30),
        ("ế" * 200, "ế" * 85),
        ("a\u0301.pdf", "á.pdf"),
    ],
)
def test_safe_names(name: str, safe: str) -> None:
    assert safe_filename(name) == safe


def test_safe_names_with_other_limits() -> None:
    assert safe_filename("abc.pdf", limit=6) == "ab.pdf"
    assert safe_filename("abc.pdf", limit=1) == "a.pdf"
    assert safe_filename("ab  .  c", limit=5) == "a.  c"
    assert safe_filename("ab  .", limit=4) == "ab"
    assert safe_filename("", fallback="tep") == "tep"


@given(st.text(max_size=300))
@example("a\u200d\u0301")
@example("a" * 199 + " b")
@example("0" * 200 + ".")
def test_a_safe_name_can_be_created_anywhere(name: str) -> None:
    safe = safe_filename(name)
    assert 1 <= len(safe) <= 201
    assert len(safe.encode()) <= 255
    assert safe == nfc(safe)
    assert not set(safe) & set('/\\<>:"|?*\0')
    assert not any(unicodedata.category(ch) in {"Cc", "Cf", "Cs"} for ch in safe)
    assert safe[0] not in ". -"
    assert safe[-1] not in ". "
    assert safe_filename(safe) == safe


def test_an_attachment_without_a_name_has_a_safe_name() -> None:
    assert safe_filename(None) == safe_filename("") == "attachment"
    assert safe_filename(None, fallback="tep-1") == "tep-1"


@given(st.text(st.sampled_from("0123456789 .\u00a0aĐ-/\u0663\u00b2"), max_size=30))
def test_what_is_masked_has_three_digits_in_a_row(given_text: str) -> None:
    """Texts without them are not searched: nothing would be found."""
    grouped = module._GROUPED_NUMBER.sub(module._masked, given_text)
    assert mask(given_text) == module._CITIZEN_NUMBER.sub(module._masked, grouped)


@given(st.text(max_size=80))
def test_a_shortened_text_is_on_one_line(given_text: str) -> None:
    line = "".join(ch if ch.isprintable() else " " for ch in mask(given_text))
    assert shorten(given_text) == (line if len(line) <= 60 else line[:59] + "…")
