"""What a code list is: entries with a name in two languages, a confidence and a source, and how to look them up."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from typing import Generic, TypeVar

import attrs

from vndoc.text import Text, nfc, search_key

__all__ = ["LONGEST_NAME", "CodeEntry", "CodeList", "Confidence", "SentBy", "StatusEntry", "read_rows"]

LONGEST_NAME = 200
"""Names above this many characters are not looked up: the longest entry has below 100."""


class Confidence(enum.Enum):
    """How sure an entry is."""

    REG = "reg"
    """Stated by a regulation."""

    PRACTICE = "practice"
    """Seen in implementations or their data."""

    INFERRED = "inferred"
    """A conclusion that no material states; it may turn out wrong."""


@attrs.frozen
class CodeEntry:
    """One value of a code list: the code as it stands in the packet, its name, and how sure that is."""

    code: int | str
    name: Text
    abbreviation: str | None
    confidence: Confidence
    source: str


class SentBy(enum.Enum):
    """Who reports a status."""

    RECEIVER = "receiver"
    SENDER = "sender"


@attrs.frozen
class StatusEntry(CodeEntry):
    """One status code: also who reports it, and whether it must come with a reason."""

    sent_by: SentBy
    reason_required: bool = False


_Entry = TypeVar("_Entry", bound=CodeEntry)

_PARENTHESIS = re.compile(r"\s*\([^()]*\)\s*\Z")


def _name_key(name: str) -> str:
    bare = _PARENTHESIS.sub("", name)
    return " ".join(re.findall(r"\w+", search_key(bare or name)))


def _by_name(code_list: CodeList[_Entry]) -> dict[str, _Entry]:
    return {_name_key(e.name.vi): e for e in code_list.entries}


def _by_abbreviation(code_list: CodeList[_Entry]) -> dict[str, _Entry]:
    return {nfc(e.abbreviation).upper(): e for e in code_list.entries if e.abbreviation is not None}


def _by_code(code_list: CodeList[_Entry]) -> dict[int | str, _Entry]:
    return {e.code: e for e in code_list.entries}


@attrs.frozen
class CodeList(Generic[_Entry]):
    """A code list: *id* is stable, *title* for people, *entries* in the order of the source."""

    id: str
    title: Text
    entries: tuple[_Entry, ...]
    _codes: dict[int | str, _Entry] = attrs.field(
        init=False, repr=False, eq=False, default=attrs.Factory(_by_code, takes_self=True)
    )
    _names: dict[str, _Entry] = attrs.field(init=False, repr=False, eq=False, factory=dict)
    """Made when it is first asked for; no list is empty."""
    _abbreviations: dict[str, _Entry] = attrs.field(
        init=False, repr=False, eq=False, default=attrs.Factory(_by_abbreviation, takes_self=True)
    )

    def __iter__(self) -> Iterator[_Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def get(self, code: int | str | None) -> _Entry | None:
        """Return the entry whose code is exactly *code*, of the same type, or None."""
        return None if code is None else self._codes.get(code)

    def find(self, name: str) -> _Entry | None:
        """Return the entry of this Vietnamese *name*, or None.

        Accents, case, punctuation, white space and a parenthesis at the end, such as "(cá biệt)", make no
        difference. Names above 200 characters are not found.
        """
        if not self._names:
            self._names.update(_by_name(self))
        return None if len(name) > LONGEST_NAME else self._names.get(_name_key(name))

    def by_abbreviation(self, abbreviation: str) -> _Entry | None:
        """Return the entry of this *abbreviation* (``QĐ``; accents count, case does not), or None."""
        return self._abbreviations.get(nfc(abbreviation).upper())


def read_rows(rows: str, confidence: Confidence, source: str, *, abbreviated: bool = False) -> tuple[CodeEntry, ...]:
    """Return the entries in *rows*: ``code | Vietnamese | English [| abbreviation, if abbreviated]``, one a line.

    A code of digits becomes an integer; ``-`` stands for no abbreviation. Meant for the literals of
    :mod:`vndoc.envelope.codes`, not for input.
    """
    found = []
    for row in rows.strip().splitlines():
        code, vi, en, *rest = (cell.strip() for cell in row.split("|"))
        abbreviation = rest[0] if abbreviated and rest[0] != "-" else None
        found.append(CodeEntry(int(code) if code.isdigit() else code, Text(vi, en), abbreviation, confidence, source))
    return tuple(found)
