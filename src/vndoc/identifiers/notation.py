"""Number and notation of a document (số, ký hiệu): ``07/TB-UBND`` is number ``07`` and notation ``TB-UBND``.

Both are text. Reading keeps them as received; the ``canonical_*`` forms are for comparing, the
``check_*`` functions are the strict door for what vndoc originates.

Source: Decree 30/2020/ND-CP Art 15, App I (administrative documents); documents of legal effect put the
year between (``30/2020/NĐ-CP``); lengths as in the packet format.
"""

from __future__ import annotations

import re
import unicodedata

import attrs

from vndoc.errors import IdentifierError
from vndoc.text import Text, nfc, shorten

__all__ = [
    "MAX_NOTATION",
    "MAX_NUMBER",
    "TYPE_ABBREVIATIONS",
    "DocumentCode",
    "Notation",
    "canonical_notation",
    "canonical_number",
    "check_notation",
    "check_number",
    "join_code",
    "pad_number",
    "split_code",
    "without_suffix",
]

MAX_NUMBER = 11
"""Longest document number, in characters (practice: NSS, Bkav)."""

MAX_NOTATION = 30
"""Longest notation, in characters (practice: NSS, Bkav)."""

TYPE_ABBREVIATIONS: frozenset[str] = (
    frozenset({"NQ", "QĐ", "CT", "QC", "QyĐ", "TC", "TB", "HD", "CTr", "KH", "PA", "ĐA", "DA", "BC", "BB", "TTr"})
    | {"HĐ", "CĐ", "BGN", "BTT", "GUQ", "GM", "GGT", "GNP", "PG", "PC", "PB"}
    | {"SY", "TrS", "SL"}
    | {"L", "NQLT", "NĐ", "TT", "TTLT"}
    | {"CV"}
)
"""Abbreviations that a notation begins with: the types of Decree 30/2020 Art 7 and App III, its kinds of copies, the
types of legal documents that have one, and ``CV``, which many write for a công văn (practice; the decree has none)."""

_BY_UPPER = {abbreviation.upper(): abbreviation for abbreviation in TYPE_ABBREVIATIONS}

_NUMBER = re.compile(r"0[1-9]|[1-9][0-9]+")
_ZEROS = re.compile(r"\A0+(?=[0-9])")
_YEAR = re.compile(r"((?:19|20)[0-9]{2})/(.*)", re.DOTALL)

_EMPTY = Text("giá trị rỗng", "it is empty")
_NUMBER_LENGTH = Text("dài hơn 11 ký tự", "it has more than 11 characters")
_NUMBER_FORM = Text(
    "số phải gồm các chữ số Ả Rập, lớn hơn 0; nhỏ hơn 10 thì thêm đúng một số 0 phía trước",
    "a number consists of digits and is above zero; below 10 it has exactly one zero in front",
)
_NOTATION_LENGTH = Text("dài hơn 30 ký tự", "it has more than 30 characters")
_NOT_NFC = Text("chưa ở dạng Unicode dựng sẵn (NFC)", "it is not in Unicode normalisation form C")
_FORBIDDEN = Text(
    "có dấu phẩy, dấu #, khoảng trắng, ký tự điều khiển hoặc dấu gạch chéo không đứng sau năm",
    "it has a comma, a #, white space, a control character, or a slash that does not follow a year",
)
_OTHER_DASH = Text("có dấu gạch ngang khác dấu gạch nối (-)", "it has a dash that is not the hyphen (-)")
_EMPTY_PART = Text("có chữ viết tắt rỗng quanh dấu gạch nối", "an abbreviation next to a hyphen is empty")


def _shown(text: str | None) -> str:
    return repr(text if text is None else shorten(text))


@attrs.frozen
class DocumentCode:
    """Number and notation of a document, as text, as received; None where one is missing.

    ``str()`` joins them with a slash; ``repr()`` masks citizen numbers.
    """

    number: str | None = attrs.field(default=None, repr=_shown)
    notation: str | None = attrs.field(default=None, repr=_shown)

    def __str__(self) -> str:
        return join_code(self.number or "", self.notation)


def split_code(text: str) -> DocumentCode:
    """Return *text* split at the first slash; without a slash all of it is the number. Never fails, strips nothing.

    >>> split_code("30/2020/NĐ-CP")
    DocumentCode(number='30', notation='2020/NĐ-CP')
    """
    number, slash, notation = text.partition("/")
    return DocumentCode(number, notation if slash else None)


def join_code(number: str, notation: str | None) -> str:
    """Return number and notation as one text, the inverse of :func:`split_code`."""
    return number if notation is None else f"{number}/{notation}"


def canonical_number(text: str) -> str:
    """Return *text* for comparing numbers: NFC, no surrounding white space, no leading zeros before a digit.

    ``07A`` becomes ``7A``, ``000`` becomes ``0``; digits outside ASCII are left alone. Not for output.
    """
    plain = nfc(text).strip()
    return _ZEROS.sub("", plain) if plain[:1] == "0" else plain


def canonical_notation(text: str) -> str:
    """Return *text* for comparing notations: NFC, no surrounding white space. Not for output."""
    return nfc(text).strip()


def without_suffix(notation: str) -> str:
    """Return *notation* up to the first ``#``: vendors append a mark there, and gateways cut it off (practice)."""
    return notation.partition("#")[0]


def pad_number(number: int) -> str:
    """Return a document number as it is written: below 10 with a zero in front (Decree 30/2020 Art 15, App I).

    Raises :class:`~vndoc.errors.IdentifierError` ``code-number-invalid`` below 1 and above 11 digits.
    """
    if not 0 < number < 10**MAX_NUMBER:
        found = "< 1" if number < 1 else f">= 10^{MAX_NUMBER}"
        raise IdentifierError("code-number-invalid", found=found, detail=_NUMBER_FORM)
    return f"{number:02d}"


def check_number(text: str) -> str:
    """Return *text* if it may stand as the number of a document that we originate.

    At most 11 ASCII digits, written as by :func:`pad_number`.
    Raises :class:`~vndoc.errors.IdentifierError` ``code-number-invalid`` saying why not.
    """
    fault = None
    if not text:
        fault = _EMPTY
    elif len(text) > MAX_NUMBER:
        fault = _NUMBER_LENGTH
    elif not _NUMBER.fullmatch(text):
        fault = _NUMBER_FORM
    if fault is not None:
        raise IdentifierError("code-number-invalid", found=text, detail=fault)
    return text


def check_notation(text: str) -> str:
    """Return *text* if it may stand as the notation of a document that we originate.

    1 to 30 characters in NFC, abbreviations joined by single hyphens and no other dash; no comma, ``#`` (see
    :func:`without_suffix`), white space or control character; no slash but one after the year of a legal document.
    Raises :class:`~vndoc.errors.IdentifierError` ``code-notation-invalid`` saying why not.
    """
    fault = _notation_fault(text)
    if fault is not None:
        raise IdentifierError("code-notation-invalid", found=text, detail=fault)
    return text


def _notation_fault(text: str) -> Text | None:
    if not text:
        return _EMPTY
    if len(text) > MAX_NOTATION:
        return _NOTATION_LENGTH
    if nfc(text) != text:
        return _NOT_NFC
    match = _YEAR.fullmatch(text)
    abbreviations = match[2] if match else text
    if any(ch in "/,#" or unicodedata.category(ch)[0] in "CZ" for ch in abbreviations):
        return _FORBIDDEN
    if any(ch != "-" and unicodedata.category(ch) == "Pd" for ch in abbreviations):
        return _OTHER_DASH
    if not all(abbreviations.split("-")):
        return _EMPTY_PART
    return None


@attrs.frozen
class Notation:
    """What the parts of a notation seem to mean: for display and search, not for decisions.

    ``year`` only where it stands in front (``2020/NĐ-CP``); ``type_abbreviation`` as the decree writes it (a công văn
    has none: ``UBND-VP``); ``issuer_abbreviation``; and ``rest``: the drafting unit or further issuers.
    """

    text: str
    year: int | None
    type_abbreviation: str | None
    issuer_abbreviation: str | None
    rest: str | None

    @classmethod
    def parse(cls, text: str) -> Notation:
        """Return the parts of *text*. Never fails: what is not understood is part of issuer or rest.

        >>> Notation.parse("TB-UBND").issuer_abbreviation
        'UBND'
        """
        plain = canonical_notation(without_suffix(text))
        match = _YEAR.fullmatch(plain)
        year, plain = (int(match[1]), match[2]) if match else (None, plain)
        first, hyphen, following = plain.partition("-")
        kind = _BY_UPPER.get(first.upper()) if hyphen else None
        if kind is None:
            following = plain
        issuer, _, rest = following.partition("-")
        return cls(text, year, kind, issuer or None, rest or None)
