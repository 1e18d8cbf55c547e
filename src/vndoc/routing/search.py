"""Search for people: names without accents, abbreviations, present and former codes; ranked, with history.

One folded text holds all names and codes, one a line; a query is looked for in it from the strictest kind of match
to the loosest, and the search ends as soon as there are enough.
"""

from __future__ import annotations

import bisect
import enum
import heapq
import re
import unicodedata
from array import array
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs

from vndoc.routing._index import heir
from vndoc.routing.model import LAST, Agency
from vndoc.text import search_key

if TYPE_CHECKING:
    from vndoc.routing.table import RoutingTable

__all__ = ["ABBREVIATIONS", "FIELDS", "MAX_QUERY", "OFFICES", "Match", "Rank", "SearchIndex"]

MAX_QUERY = 200
"""Longest query that is looked at, in characters; the rest is cut off."""

ABBREVIATIONS: Mapping[str, str] = MappingProxyType(
    {
        "ubnd": "ủy ban nhân dân",
        "hđnd": "hội đồng nhân dân",
        "mttq": "mặt trận tổ quốc",
        "vpcp": "văn phòng chính phủ",
        "vpctn": "văn phòng chủ tịch nước",
        "ttcp": "thanh tra chính phủ",
        "nhnn": "ngân hàng nhà nước",
        "bhxh": "bảo hiểm xã hội",
        "ktnn": "kiểm toán nhà nước",
        "tandtc": "tòa án nhân dân tối cao",
        "vksndtc": "viện kiểm sát nhân dân tối cao",
        "ttxvn": "thông tấn xã việt nam",
        "vov": "đài tiếng nói việt nam",
        "vtv": "đài truyền hình việt nam",
        "tp": "thành phố",
        "hcm": "hồ chí minh",
        "tphcm": "thành phố hồ chí minh",
        "hn": "hà nội",
        "brvt": "bà rịa - vũng tàu",
        "tth": "thừa thiên huế",
        "vp": "văn phòng",
    }
)
"""Abbreviations in common use and what they stand for; more can be had from the names themselves."""

OFFICES: Mapping[str, str] = MappingProxyType({"b": "bộ", "s": "sở", "p": "phòng"})
"""First letters of abbreviations made of an office and its field: ``STTTT``, ``BCA``."""

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "ca": "công an",
        "ct": "công thương",
        "dt&tg": "dân tộc và tôn giáo",
        "gd&đt": "giáo dục và đào tạo",
        "gtvt": "giao thông vận tải",
        "kh&cn": "khoa học và công nghệ",
        "kh&đt": "kế hoạch và đầu tư",
        "lđ-tb&xh": "lao động - thương binh và xã hội",
        "ng": "ngoại giao",
        "nn&mt": "nông nghiệp và môi trường",
        "nn&ptnt": "nông nghiệp và phát triển nông thôn",
        "nv": "nội vụ",
        "qp": "quốc phòng",
        "tc": "tài chính",
        "tn&mt": "tài nguyên và môi trường",
        "tp": "tư pháp",
        "tt&tt": "thông tin và truyền thông",
        "vh,tt&dl": "văn hóa, thể thao và du lịch",
        "vh&tt": "văn hóa và thể thao",
        "xd": "xây dựng",
        "yt": "y tế",
    }
)
"""Fields of ministries and departments. Found after an office (``Sở TN&MT``, ``Sở TP``), joined to its first letter
(``STNMT``), and alone from four letters on; with or without the marks, with *và* or a blank for them."""

_NO_MARKS = re.compile(r"[&,./-]")
_SHORT = {search_key(short): search_key(full) for short, full in ABBREVIATIONS.items()}
_FIELDS = {_NO_MARKS.sub("", search_key(short)): search_key(full) for short, full in FIELDS.items()}
_OFFICES = {first: search_key(full) for first, full in OFFICES.items()}
_ALONE = 4
_AND = "va"
_BASE = str.maketrans({"đ": "d", "Đ": "D"})


class Rank(enum.IntEnum):
    """How well a line fits, the best first."""

    CODE = 0
    WHOLE = 1
    START = 2
    PHRASE = 3
    WORDS = 4


@attrs.frozen
class Match:
    """One agency that was found, why, and its history.

    ``text`` is the name or code that fits. ``successors`` are those that took over from it, ``predecessors`` those it
    took over from; ``is_open`` whether it goes on until further notice.
    """

    agency: Agency
    rank: Rank
    text: str
    predecessors: tuple[Agency, ...] = ()
    successors: tuple[Agency, ...] = ()

    @property
    def is_open(self) -> bool:
        """Return whether the agency goes on until further notice."""
        return self.agency.valid_to == LAST

    def to_dict(self) -> dict[str, object]:
        """Return the match as JSON-able data."""
        return {
            "code": self.agency.code,
            "name": self.agency.name,
            "open": self.is_open,
            "rank": self.rank.name.lower(),
            "matched": self.text,
            "predecessors": [{"code": a.code, "name": a.name} for a in self.predecessors],
            "successors": [{"code": a.code, "name": a.name} for a in self.successors],
        }


class SearchIndex:
    """The folded text of one table, its lines in order, and the words of its names.

    Built once, then only read; safe to share between threads. Agencies are numbered in the order of results: open
    ones first, high levels first, then by code.
    """

    def __init__(self, table: RoutingTable) -> None:
        self._table = table
        self._agencies = sorted(table, key=lambda a: (a.valid_to != LAST, a.level or 99, a.code, a.valid_from))
        self._lines: list[str] = []
        self._owners = array("I")
        self._words: dict[str, array[int]] = {}
        is_name: list[bool] = []
        for number, agency in enumerate(self._agencies):
            codes = [agency.code, *(alias.code for alias in agency.aliases)]
            names = [name for name in (agency.name, *agency.other_names) if name]
            self._lines += codes + names
            self._owners.extend([number] * (len(codes) + len(names)))
            is_name += [False] * len(codes) + [True] * len(names)
        joined = _spaced(_folded("\n".join([line.replace("\n", " ") for line in self._lines])))
        folded = joined.split("\n") if self._lines else []
        self._is_name = bytes(is_name)
        for line, text in enumerate(folded):
            if is_name[line]:
                for word in set(text.split()):
                    self._words.setdefault(word, array("I")).append(self._owners[line])
        self._order = array("I", sorted(range(len(folded)), key=folded.__getitem__))
        self._text = "\n " + "\n ".join(folded) + "\n"
        self._starts = array("L", (m.end() for m in re.finditer("\n ", self._text)))
        self._before = _predecessors(table)

    def search(self, query: str, *, limit: int = 20) -> tuple[Match, ...]:
        """Return at most *limit* agencies that fit *query*, the best first; none for an empty query."""
        asked = " ".join(_folded(query[:MAX_QUERY]).split())
        text = _spaced(asked)
        found: dict[int, Match] = {}
        if text and limit > 0:
            forms = tuple(dict.fromkeys((text, _spaced(_expanded(asked)))))
            for rank, line in self._fitting(forms, limit):
                owner = self._owners[line]
                if owner not in found:
                    found[owner] = self._match(owner, rank, line)
                    if len(found) == limit:
                        break
        return tuple(found.values())

    def _match(self, owner: int, rank: Rank, line: int) -> Match:
        agency = self._agencies[owner]
        before = tuple(self._before.get((agency.code, agency.valid_from), ()))
        return Match(agency, rank, self._lines[line], before, self._table.successors(agency))

    def _fitting(self, forms: tuple[str, ...], limit: int) -> Iterator[tuple[Rank, int]]:
        """Yield rank and line from the strictest rank to the loosest; an agency may come again."""
        for text in forms:
            for line in self._range(text, limit, whole=True):
                yield (Rank.WHOLE if self._is_name[line] else Rank.CODE), line
        for text in forms:
            yield from ((Rank.START, line) for line in self._range(text, limit, whole=False))
        for text in forms:
            yield from ((Rank.PHRASE, line) for line in self._phrase(f" {text}"))
        for text in forms:
            yield from ((Rank.WORDS, line) for line in self._all_words(text.split()))

    def _folded_line(self, line: int) -> str:
        start = self._starts[line]
        return self._text[start : self._text.index("\n", start)]

    def _range(self, text: str, limit: int, *, whole: bool) -> list[int]:
        """Return the first *limit* lines that are *text*, or start with it, in the order of results."""
        low = bisect.bisect_left(self._order, text, key=self._folded_line)
        high = bisect.bisect_right(self._order, text if whole else text + "\U0010ffff", low, key=self._folded_line)
        return heapq.nsmallest(limit, self._order[low:high])

    def _phrase(self, needle: str) -> Iterator[int]:
        """Yield the lines in which *needle* stands, each once."""
        at = self._text.find(needle)
        while at >= 0:
            yield bisect.bisect_right(self._starts, at + 1) - 1
            at = self._text.find(needle, self._text.index("\n", at + 1))

    def _all_words(self, words: list[str]) -> Iterator[int]:
        """Yield one line for each agency whose names have all *words* (or words that start so) in any order.

        A word with a digit is a code that the agency has or stands below.
        """
        if len(words) < 2:
            return
        codes = [word for word in words if any(ch.isdigit() for ch in word)]
        postings = sorted((self._owners_of(word) for word in words if word not in codes), key=len)
        if not postings:
            return
        owners = set(postings[0]).intersection(*postings[1:])
        for owner in sorted(owners):
            code = self._agencies[owner].code.casefold()
            if all(code == word or code.startswith(f"{word}.") for word in codes):
                yield self._name_line(owner)

    def _owners_of(self, word: str) -> Sequence[int]:
        if word in self._words:
            return self._words[word]
        return sorted({owner for known, owners in self._words.items() if known.startswith(word) for owner in owners})

    def _name_line(self, owner: int) -> int:
        line = bisect.bisect_left(self._owners, owner)
        while not self._is_name[line]:
            line += 1
        return line


def _folded(text: str) -> str:
    """Return *text* without accents and in lower case, line by line; :func:`~vndoc.text.search_key` for many lines."""
    if text.isascii():
        return text.casefold()
    apart = unicodedata.normalize("NFD", text.translate(_BASE))
    return "".join(_MARKS.split(apart)).casefold()


_MARKS = re.compile("[\u0300-\u036f]+")


def _spaced(text: str) -> str:
    """Return folded lines with single spaces in place of marks: dashes and commas in names are written in many ways."""
    return _EDGES.sub("\n", _GAPS.sub(" ", text)).strip(" ")


_GAPS = re.compile(r"[^\w.&\n]+")
_EDGES = re.compile(r" ?\n ?")


def _expanded(text: str) -> str:
    """Return the folded query *text* with every abbreviation written out."""
    words = _AMPERSAND.sub("&", text).split()
    written: list[str] = []
    while words:
        parts = 3 if words[1:2] == [_AND] else 2
        joined = _NO_MARKS.sub("", "".join(word for word in words[:parts] if word != _AND))
        if joined in _FIELDS and len(joined) >= _ALONE and len(words) >= parts:
            written.append(_FIELDS[joined])
            del words[:parts]
        else:
            written.append(_written(words.pop(0), written[-1] if written else ""))
    return " ".join(written)


_AMPERSAND = re.compile(r"\s*&\s*")


def _written(word: str, before: str) -> str:
    """Return what *word* stands for after the word *before*; itself where it is no abbreviation."""
    bare = _NO_MARKS.sub("", word)
    field = _FIELDS.get(bare)
    if field is not None and before in _OFFICES.values():
        return field
    if bare in _SHORT:
        return _SHORT[bare]
    if field is not None and len(bare) >= _ALONE:
        return field
    if bare[:1] in _OFFICES and bare[1:] in _FIELDS:
        return f"{_OFFICES[bare[:1]]} {_FIELDS[bare[1:]]}"
    return word


def _predecessors(table: RoutingTable) -> dict[tuple[str, object], list[Agency]]:
    found: dict[tuple[str, object], list[Agency]] = {}
    for agency in table:
        for successor in agency.successors:
            for after in heir(table.bodies, agency, successor):
                found.setdefault((after.code, after.valid_from), []).append(agency)
    return found
