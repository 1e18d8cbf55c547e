"""Errors and deviations: stable codes, the same fields in both languages, and every code in use."""

from __future__ import annotations

import errno
import os
import pickle
import re
import string
from pathlib import Path
from typing import Any

import pytest

import vndoc
from vndoc import errors
from vndoc.edxml import DEVIATIONS
from vndoc.errors import ERRORS, Place, SourceError, VndocError
from vndoc.errors._system import SYSTEM_REASONS
from vndoc.text import Text

KINDS = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error")]
ROWS = [*((code, text) for code, text in ERRORS.items()), *((id_, kind.text) for id_, kind in DEVIATIONS.items())]


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@pytest.mark.parametrize(("code", "text"), ROWS, ids=[code for code, _ in ROWS])
def test_both_languages_say_the_same(code: str, text: Text) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
    assert fields(text.vi) == fields(text.en)
    assert text.vi != text.en
    for one in (text.vi, text.en):
        assert one.strip() == one
        assert one.endswith((".", "{hint}", "!"))
    assert re.search("[à-ỹđĐ]", text.vi), "no diacritics"
    assert text.en.isascii(), "a Vietnamese text in English"


def test_deviations_are_filled_in_with_what_they_have() -> None:
    assert all(fields(kind.text.vi) <= {"found", "expected"} for kind in DEVIATIONS.values())
    assert all(kind.id == id_ and kind.clause for id_, kind in DEVIATIONS.items())


def test_every_error_is_raised_somewhere() -> None:
    source = "".join(
        p.read_text(encoding="utf-8") for p in Path(vndoc.__file__).parent.rglob("*.py") if p.parent.name != "errors"
    )
    assert [code for code in ERRORS if f'"{code}"' not in source] == []


def test_every_error_is_one_of_ours_and_one_of_pythons() -> None:
    assert len(KINDS) > 6
    for kind in KINDS:
        assert issubclass(kind, VndocError)
        assert kind is VndocError or issubclass(kind, ValueError | OSError)
        assert getattr(vndoc, kind.__name__) is kind


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_shows_itself_and_survives_pickling(kind: type[VndocError]) -> None:
    error = kind("unknown-root", place=Place("/a", 3), found="CCCD 012345678901", expected="edXML")
    assert error.text() == "The root element is CCCD *********901, not edXML."
    assert error.text("vi") == "Phần tử gốc là CCCD *********901, không phải edXML."
    assert str(error) == f"[unknown-root] {error.text()} at /a (line 3)"
    assert repr(error) == f"{kind.__name__}({error})"
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own octets
    assert (type(back), back.code, back.place, dict(back.values)) == (kind, error.code, error.place, dict(error.values))


def test_texts_within_texts_are_rendered_in_the_same_language() -> None:
    error = errors.IdentifierError("organ-code-invalid", found="x" * 500, detail=Text("mã rỗng", "it is empty"))
    assert error.text("vi").endswith("mã rỗng.")
    assert error.text("en").endswith("it is empty.")
    assert len(error.text()) < 300
    assert str(errors.SourceError("source-closed")) == "[source-closed] The source of the packet is closed."


def test_values_of_an_error_cannot_be_changed() -> None:
    error = errors.UsageError("unknown-profile", found="x", known="y")
    with pytest.raises(TypeError):
        error.values["found"] = "z"  # type: ignore[index]


def test_places() -> None:
    assert str(Place("/a/b[2]")) == "/a/b[2]"
    assert str(Place("/a", 7)) == "/a (line 7)"
    assert Place("/a", 7) == Place("/a")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if issubclass(kind, OSError)])
def test_an_error_that_is_an_oserror_has_no_number_made_of_its_code(kind: type[VndocError]) -> None:
    error: Any = kind("source-unreadable", name="a", detail="b")
    assert (error.errno, error.filename, error.strerror) == (None, None, None)


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES, errno.ENOSPC, errno.ECONNREFUSED, errno.EADDRINUSE])
def test_reasons_of_the_system_are_told_in_vietnamese(number: int) -> None:
    reason = os.strerror(number)
    error = SourceError("source-unreadable", name=f"{reason}.edxml", detail=f"{reason} (spool/incoming)")
    assert reason in error.text("en").replace(f"{reason}.edxml", "")
    shown = error.text("vi")
    assert f"{reason}.edxml" in shown, "a name is nobody's reason"
    assert f"{SYSTEM_REASONS[reason]} (spool/incoming)" in shown
    filled = Text("{detail}", "{detail}").filled(detail=reason)
    assert reason not in SourceError("source-unreadable", name="a", detail=filled).text("vi")
