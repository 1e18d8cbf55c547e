"""Vietnamese text: two-language texts, NFC, accent-free search keys, masking, safe file names.

Ground floor: standard library and attrs only.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

import attrs

__all__ = ["Lang", "Text", "mask", "nfc", "safe_filename", "search_key", "shorten"]

Lang = Literal["vi", "en"]
"""Language of a rendered text: Vietnamese or English."""
_LANGUAGES: tuple[Lang, Lang] = ("vi", "en")

_THREE_DIGITS = re.compile(r"\d{3}")
_DIGEST = re.compile(r"(?<![^\W_])[0-9a-f]{64}(?![^\W_])")
_CITIZEN_NUMBER = re.compile(rf"{_DIGEST.pattern}|(?<!\d)(?:\d{{12}}|\d{{9}})(?!\d)")
"""A SHA-256 is found as well, as a whole: the digits in it are nobody's number, and whoever reads it needs them all."""
_MARKS = " \u00a0\u2007\u2009\u202f.\\-\u2010\u2011\u2013"
"""Between groups of digits, of one number always the same: spaces, the dot, hyphens and the dash."""
_GROUPED_NUMBER = re.compile(
    rf"(?<![^\W_])(?:\d{{3}}([{_MARKS}])\d\1\d\d\1\d{{6}}|\d{{3,}}([{_MARKS}])\d{{3,}}(?:\2\d{{3,}})*)"
    r"(?![^\W_]|(?:\1|\2)\d|\.[A-Za-z]\d)"
)
"""Groups of three digits or more, or those of a citizen number (area, century and sex, year of birth, the rest).

Dates and the codes of organs have shorter groups; telephone numbers and tax codes of branches have another sum of
digits.
"""
_MOMENT = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\D[0-2]\d[0-5]\d")
"""Date and time as the names of files have them; citizen numbers begin with 0."""
_BASE_LETTERS = str.maketrans({"đ": "d", "Đ": "D"})
_WINDOWS_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"} | {name + i for name in ("com", "lpt") for i in "123456789¹²³"}
)


@attrs.frozen
class Text:
    """One message in both languages; ``{name}`` marks what is filled in.

    ``vi`` and ``en`` are :meth:`str.format` templates with the same fields.
    """

    vi: str
    en: str

    def render(self, lang: Lang = "en", /, **values: object) -> str:
        """Return the text in *lang* with *values* filled in.

        Missing values appear as ``?``: a message must never fail while it explains a failure.
        """
        template = self.vi if lang == "vi" else self.en
        return template.format_map(_Filling(values))

    def filled(self, /, **values: object) -> Text:
        """Return the text with *values* filled in, texts among them in both languages, to be a part of another."""
        both = (
            self.render(lang, **{k: v.render(lang) if isinstance(v, Text) else v for k, v in values.items()})
            for lang in _LANGUAGES
        )
        return Text(*(text.replace("{", "{{").replace("}", "}}") for text in both))


class _Filling(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"


def nfc(text: str) -> str:
    """Return *text* in Unicode normalisation form C, the form Vietnamese text is compared in."""
    return unicodedata.normalize("NFC", text)


def search_key(text: str) -> str:
    """Return *text* without accents, in lower case, with single spaces: for look-ups, not for display.

    >>> search_key("Uỷ ban  nhân dân Đà Nẵng") == search_key("uy ban nhan dan da nang")
    True
    """
    decomposed = unicodedata.normalize("NFD", text.translate(_BASE_LETTERS))
    bare = "".join(ch for ch in decomposed if not unicodedata.combining(ch))
    return " ".join(bare.casefold().split())


def mask(text: str) -> str:
    """Return *text* with every citizen number (9 or 12 digits) masked but for its last three.

    The digits may stand in groups of three or more with one space, dot, hyphen or dash between them. A SHA-256 in small
    letters stays as it is.

    >>> mask("CCCD 012345678901, 0123 4567 8901, 012-345-678901; MST 0123456789-001")
    'CCCD *********901, **** **** *901, ***-***-***901; MST 0123456789-001'
    """
    if _THREE_DIGITS.search(text) is None:  # each of the two begins with three at least
        return text
    return _CITIZEN_NUMBER.sub(_masked, _GROUPED_NUMBER.sub(_masked, text))


def _masked(found: re.Match[str]) -> str:
    number = found[0]
    if sum(map(str.isdigit, number)) not in {9, 12} or _DIGEST.fullmatch(number):
        return number
    if found.lastindex and _is_another(found, found.lastindex):
        return number
    return "".join("*" if ch.isdigit() else ch for ch in number[:-3]) + number[-3:]


def _is_another(found: re.Match[str], mark: int) -> bool:
    """Return whether groups go on to the left in shorter ones, as of telephone numbers, or are date and time."""
    before = found.string[max(0, found.start() - 2) : found.start()]
    return (before[:1].isdigit() and before[1:] == found[mark]) or _MOMENT.fullmatch(found[0]) is not None


def shorten(text: str, limit: int = 60) -> str:
    """Return *text*, masked, on one line and at most *limit* characters: for ``repr`` and messages."""
    line = mask(text)
    if not line.isprintable():
        line = "".join(ch if ch.isprintable() else " " for ch in line)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def safe_filename(name: str | None, *, fallback: str = "attachment", limit: int = 200) -> str:
    """Return a file name that is safe to create in a folder, made from the untrusted *name*.

    Path separators, control and bidirectional marks are dropped, leading dots removed. Reserved Windows
    device names, and a leading hyphen (which commands take for an option), get an underscore before them.
    The extension survives shortening to *limit* characters (at least one) and to 255 bytes of UTF-8.
    Returns *fallback* when nothing is left, or where there is no name.

    Source: practice (attachment names are untrusted).
    """
    kept = nfc(
        "".join(
            ch
            for ch in nfc(name or "").replace("\\", "/").rsplit("/", 1)[-1]
            if unicodedata.category(ch) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} and ch not in '<>:"|?*'
        )
    )
    kept = kept.strip().lstrip(". ").rstrip(". ")
    if not kept:
        return fallback
    if kept.startswith("-") or kept.partition(".")[0].strip().casefold() in _WINDOWS_DEVICES:
        kept = "_" + kept
    stem, dot, extension = kept.rpartition(".")
    if not dot or not stem or len(extension) > 20:
        stem, dot, extension = kept, "", ""
    stem = stem[: max(1, limit - len(dot + extension))]
    while len((stem + dot + extension).encode()) > 255 and len(stem) > 1:
        stem = stem[:-1]
    return (stem + dot + extension).rstrip(". ")
