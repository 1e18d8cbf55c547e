"""Vietnamese text: two languages, normal form, search keys, masks, safe file names."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vndoc.text import Text, mask, nfc, safe_filename, search_key, shorten


def test_a_text_is_rendered_in_either_language() -> None:
    text = Text("Có {count} tệp.", "There are {count} files.")
    assert text.render("vi", count=3) == "Có 3 tệp."
    assert text.render("en", count=3) == text.render(count=3) == "There are 3 files."


def test_a_message_never_fails() -> None:
    assert Text("", "{a} {b}").render("en", a="{c}") == "{c} ?"


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
    assert safe[0] not in ". "
    assert safe[-1] not in ". "
    assert safe_filename(safe) == safe
