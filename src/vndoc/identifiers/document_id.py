"""Document ids (mã văn bản): free text by nature, with a handful of forms in use.

Correlation must never rest on a document id alone: gateways replace it, readers invent one, and the same document
is named in two forms. It is a hint; the identity of a document is :class:`vndoc.envelope.BusinessKey`.
"""

from __future__ import annotations

import datetime
import enum
import functools
import re
import unicodedata
from typing import Self

import attrs

from vndoc.errors import IdentifierError
from vndoc.errors._arguments import need
from vndoc.identifiers.notation import canonical_notation, canonical_number, join_code, split_code
from vndoc.identifiers.organ import MAX_ORGAN_CODE, OrganCode
from vndoc.text import Text, nfc, shorten

__all__ = ["MAX_DOCUMENT_ID", "DocumentId", "DocumentIdForm"]

MAX_DOCUMENT_ID = 200
"""Longest document id that is originated or looked into, in characters (conflict C-19 of the specification)."""


class DocumentIdForm(enum.Enum):
    """The forms of document ids, told apart by their look."""

    A = "a"
    """Issuer, date, number and notation: ``H41,2026/03/04,07/TB-UBND``. [practice: vendor samples and most gateways]"""

    A_DASH = "a-dash"
    """As A with dashes in the date: ``H41,2026-03-04,07/TB-UBND``. [practice: Phú Thọ, in status packets]"""

    B = "b"
    """Issuer, year, running number: ``000.00.01.H01,2018,10``. [reg: Decision 28/2018 Art 10(2)]"""

    UUID = "uuid"
    """A UUID. [practice: packets of 2019 and 2025; the vendor's reader makes one where none is given]"""

    VOFFICE = "voffice"
    """``<organisation>-<year>-<notation>`` or ``<tenant>-<id>``. [practice: vOffice]; the parts are [inferred]."""

    INTEGER = "integer"
    """Digits only, the row number of some system. [practice: Bkav]"""

    OTHER = "other"
    """Anything else."""


_DAY = r"(?P<year>[0-9]{4})%s(?P<month>[0-9]{1,2})%s(?P<day>[0-9]{1,2})"
_FORMS: tuple[tuple[DocumentIdForm, str], ...] = (
    (DocumentIdForm.UUID, r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"),
    (DocumentIdForm.INTEGER, r"[0-9]+"),
    (DocumentIdForm.A, rf"(?P<issuer>[^,]*),\s*{_DAY % ('/', '/')}\s*,\s*(?P<code>\S.*)"),
    (DocumentIdForm.A_DASH, rf"(?P<issuer>[^,]*),\s*{_DAY % ('-', '-')}\s*,\s*(?P<code>\S.*)"),
    (DocumentIdForm.B, r"(?P<issuer>[^,]*),\s*(?P<year>[0-9]{4})\s*,\s*(?P<running>[0-9]+)\s*"),
    (
        DocumentIdForm.VOFFICE,
        r"(?P<issuer>[^\s,]+?)-(?P<year>(?:19|20)[0-9]{2})-(?P<notation>[^\s,-][^,]*)",
    ),
    (DocumentIdForm.VOFFICE, r"[0-9A-Za-z_.]+-[0-9]+"),
)
"""The first that fits counts; most are never met, so none is compiled before."""
_TWO_DATES = frozenset({DocumentIdForm.A, DocumentIdForm.A_DASH})

_EMPTY = Text("có thành phần rỗng", "one of its parts is empty")
_SEPARATOR = Text(
    "cơ quan ban hành, số hoặc ký hiệu chứa ký tự phân cách, khoảng trắng hoặc ký tự điều khiển",
    "issuer, number or notation holds a separator, white space or a control character",
)
_LENGTH = Text("dài hơn 200 ký tự, hoặc mã cơ quan dài hơn 35 ký tự", "it exceeds 200 characters, or the issuer 35")
_YEAR = Text("năm phải có bốn chữ số", "the year does not have four digits")
_RUNNING = Text("số thứ tự phải là số nguyên dương", "the running number is not above zero")


@attrs.frozen
class _Parts:
    form: DocumentIdForm = DocumentIdForm.OTHER
    issuer: OrganCode | None = None
    year: int | None = None
    day: datetime.date | None = None
    number: str | None = None
    notation: str | None = None
    running: int | None = None


_NO_PARTS = _Parts()


def _classify(text: str) -> _Parts:
    return _NO_PARTS if len(text) > MAX_DOCUMENT_ID else _classify_short(text)


@functools.lru_cache(maxsize=2048)
def _classify_short(text: str) -> _Parts:
    for form, pattern in _FORMS:
        if match := re.fullmatch(pattern, text):
            return _parts(form, match.groupdict())
    return _NO_PARTS


def _parts(form: DocumentIdForm, found: dict[str, str]) -> _Parts:
    issuer = found.get("issuer", "").strip()
    code = split_code(found["code"].strip()) if "code" in found else None
    return _Parts(
        form=form,
        issuer=OrganCode(issuer) if issuer else None,
        year=int(found["year"]) if "year" in found else None,
        day=_day(found),
        number=code.number if code else None,
        notation=code.notation if code else found.get("notation"),
        running=int(found["running"]) if "running" in found else None,
    )


def _day(found: dict[str, str]) -> datetime.date | None:
    if "day" not in found:
        return None
    try:
        return datetime.date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:  # a day that no calendar has; DocumentId.has_impossible_date tells
        return None


def _shown(text: str) -> str:
    return repr(shorten(text))


@attrs.frozen
class DocumentId:
    """The id of a document, kept exactly as received; making a value never fails.

    Equality and hash go by the text. The parts are read out of the text where its form has them, else they are
    None; texts above 200 characters count as :attr:`DocumentIdForm.OTHER`.

    >>> DocumentId("H41,2026/03/04,07/TB-UBND").notation
    'TB-UBND'
    """

    text: str = attrs.field(repr=_shown)

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the id in *text* without surrounding white space. Never fails."""
        return cls(text.strip())

    @classmethod
    def form_a(cls, issuer: OrganCode | str, date: datetime.date, number: str, notation: str) -> Self:
        """Return an id of form A, ``issuer,yyyy/MM/dd,number/notation``, in NFC.

        Whether the parts obey their own schemes is for :meth:`OrganCode.parse`, ``check_number`` and
        ``check_notation``; here they must be such that the id can be taken apart again: not empty, no comma,
        white space or control character, no slash in issuer and number.

        Raises :class:`~vndoc.errors.IdentifierError` ``document-id-invalid``, :class:`~vndoc.errors.UsageError`
        ``option-invalid`` for parts of another kind, such as a number that is no text ("07" is not 7).
        """
        need("date", date, datetime.date)
        for name, part in (("number", number), ("notation", notation)):
            need(name, part, str)
        code = join_code(_checked(number, ",/"), _checked(notation, ","))
        return cls._built(issuer, f"{date.year:04d}/{date.month:02d}/{date.day:02d},{code}")

    @classmethod
    def form_b(cls, issuer: OrganCode | str, year: int, running_number: int) -> Self:
        """Return an id of form B, ``issuer,year,running number`` (Decision 28/2018 Art 10(2)), in NFC.

        Raises :class:`~vndoc.errors.IdentifierError` ``document-id-invalid`` as :meth:`form_a`, for a year without
        four digits, and for a running number below 1.
        """
        if not 1000 <= year <= 9999:
            raise IdentifierError("document-id-invalid", found=str(issuer), detail=_YEAR)
        if running_number < 1:
            raise IdentifierError("document-id-invalid", found=str(issuer), detail=_RUNNING)
        if running_number >= 10**MAX_DOCUMENT_ID:
            raise IdentifierError("document-id-invalid", found=str(issuer), detail=_LENGTH)
        return cls._built(issuer, f"{year},{running_number}")

    @classmethod
    def _built(cls, issuer: OrganCode | str, rest: str) -> Self:
        text = f"{_checked(str(issuer), ',/')},{rest}"
        if len(str(issuer)) > MAX_ORGAN_CODE or len(text) > MAX_DOCUMENT_ID:
            raise IdentifierError("document-id-invalid", found=text, detail=_LENGTH)
        return cls(text)

    def __str__(self) -> str:
        return self.text

    @property
    def form(self) -> DocumentIdForm:
        """Return the form of the id."""
        return _classify(self.text).form

    @property
    def issuer(self) -> OrganCode | None:
        """Return the code of the issuing agency (forms A, A with dashes, B, first form of vOffice), regular or not."""
        return _classify(self.text).issuer

    @property
    def date(self) -> datetime.date | None:
        """Return the date of issue (forms A and A with dashes), None if no calendar has that day."""
        return _classify(self.text).day

    @property
    def has_impossible_date(self) -> bool:
        """Return whether there is a date that no calendar has, such as 30 February."""
        parts = _classify(self.text)
        return parts.form in _TWO_DATES and parts.day is None

    @property
    def year(self) -> int | None:
        """Return the year of issue (forms A, A with dashes, B, first form of vOffice), also of an impossible date."""
        return _classify(self.text).year

    @property
    def number(self) -> str | None:
        """Return the document number (forms A and A with dashes) as written."""
        return _classify(self.text).number

    @property
    def notation(self) -> str | None:
        """Return the notation (forms A, A with dashes, first form of vOffice) as written."""
        return _classify(self.text).notation

    @property
    def running_number(self) -> int | None:
        """Return the running number in the year (form B)."""
        return _classify(self.text).running

    def equivalent(self, other: DocumentId) -> bool:
        """Return whether both ids seem to name the same document: **a hint only**, see the module.

        Equal in NFC; or forms A and A with dashes with the same issuer, date, number (without leading zeros) and
        notation (in NFC); or the same UUID in either case.
        """
        mine, theirs = nfc(self.text), nfc(other.text)
        if mine == theirs:
            return True
        if self.form is other.form is DocumentIdForm.UUID:
            return mine.lower() == theirs.lower()
        if self.form not in _TWO_DATES or other.form not in _TWO_DATES:
            return False
        return self.date is not None and self._key() == other._key()

    def _key(self) -> tuple[object, ...]:
        return (self.issuer, self.date, canonical_number(self.number or ""), canonical_notation(self.notation or ""))


def _checked(part: str, separators: str) -> str:
    text = nfc(part)
    if not text:
        raise IdentifierError("document-id-invalid", found=part, detail=_EMPTY)
    if any(ch in separators or unicodedata.category(ch)[0] in "CZ" for ch in text):
        raise IdentifierError("document-id-invalid", found=part, detail=_SEPARATOR)
    return text
