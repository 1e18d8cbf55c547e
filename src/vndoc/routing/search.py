"""Search for people: names without accents, abbreviations, present and former codes; ranked, with history.

One folded text holds all names and codes, one a line, open bodies of high level first; a query is looked for in
it from the strictest kind of match to the loosest, and the search ends as soon as there are enough.
"""

from __future__ import annotations

import bisect
import enum
import re
import unicodedata
from array import array
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs

from vndoc.routing.index import heir
from vndoc.routing.model import LAST, Agency
from vndoc.text import search_key

if TYPE_CHECKING:
    from vndoc.routing.table import RoutingTable

__all__ = ["ABBREVIATIONS", "MAX_QUERY", "Match", "Rank", "SearchIndex"]

MAX_QUERY = 200
"""Longest query that is looked at, in characters; the rest is cut off."""

_MAX_LOOSE = 20_000
"""Most lines looked at for words in any order: bounds the time of a query of common words."""

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
        "bca": "bộ công an",
        "bqp": "bộ quốc phòng",
        "bng": "bộ ngoại giao",
        "bnv": "bộ nội vụ",
        "btp": "bộ tư pháp",
        "btc": "bộ tài chính",
        "bct": "bộ công thương",
        "bxd": "bộ xây dựng",
        "byt": "bộ y tế",
        "bgdđt": "bộ giáo dục và đào tạo",
        "bkhcn": "bộ khoa học và công nghệ",
        "bnnmt": "bộ nông nghiệp và môi trường",
        "bnnptnt": "bộ nông nghiệp và phát triển nông thôn",
        "btnmt": "bộ tài nguyên và môi trường",
        "btttt": "bộ thông tin và truyền thông",
        "bkhđt": "bộ kế hoạch và đầu tư",
        "bgtvt": "bộ giao thông vận tải",
        "blđtbxh": "bộ lao động - thương binh và xã hội",
        "bvhttdl": "bộ văn hóa, thể thao và du lịch",
        "bdttg": "bộ dân tộc và tôn giáo",
        "stttt": "sở thông tin và truyền thông",
        "skhcn": "sở khoa học và công nghệ",
        "skhđt": "sở kế hoạch và đầu tư",
        "stnmt": "sở tài nguyên và môi trường",
        "snnmt": "sở nông nghiệp và môi trường",
        "sgdđt": "sở giáo dục và đào tạo",
        "sgtvt": "sở giao thông vận tải",
        "slđtbxh": "sở lao động - thương binh và xã hội",
        "svhttdl": "sở văn hóa, thể thao và du lịch",
        "stc": "sở tài chính",
        "snv": "sở nội vụ",
        "stp": "sở tư pháp",
        "sct": "sở công thương",
        "sxd": "sở xây dựng",
        "syt": "sở y tế",
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

_SHORT = {search_key(short): search_key(full) for short, full in ABBREVIATIONS.items()}
_NO_WORD = re.compile(r"[^\w.|]+")
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
    """The folded text of one table. Built once, then only read; safe to share between threads."""

    def __init__(self, table: RoutingTable) -> None:
        ordered = sorted(table, key=lambda a: (a.valid_to != LAST, a.level or 99, a.code))
        self._agencies = ordered
        self._table = table
        lines: list[str] = []
        self._owners = array("I")
        for number, agency in enumerate(ordered):
            texts = [agency.code, *(alias.code for alias in agency.aliases)]
            texts += [name for name in (agency.name, *agency.other_names) if name]
            lines += texts
            self._owners.extend([number] * len(texts))
        self._lines = lines
        self._text = "\n" + _folded("\n".join(line.replace("\n", " ") for line in lines)) + "\n"
        self._starts = array("L", (m.end() for m in re.finditer("\n", self._text)))
        self._before = _predecessors(table)

    def search(self, query: str, *, limit: int = 20) -> tuple[Match, ...]:
        """Return at most *limit* agencies that fit *query*, the best first; none for an empty query."""
        text = " ".join(_folded(query[:MAX_QUERY].replace("\n", " ")).split())
        found: dict[int, Match] = {}
        if not text or limit < 1:
            return ()
        for form in dict.fromkeys((text, _expanded(text))):
            for rank, line in self._lines_of(form):
                owner = self._owners[line]
                if owner not in found:
                    found[owner] = self._match(owner, rank, line)
                    if len(found) >= limit:
                        return tuple(found.values())
        return tuple(found.values())

    def _match(self, owner: int, rank: Rank, line: int) -> Match:
        agency = self._agencies[owner]
        before = tuple(self._before.get((agency.code, agency.valid_from), ()))
        return Match(agency, rank, self._lines[line], before, self._table.successors(agency))

    def _lines_of(self, text: str) -> Iterator[tuple[Rank, int]]:
        """Yield the lines that fit *text* from the strictest rank to the loosest; a line may come again."""
        whole = list(self._find(f"\n{text}\n"))
        yield from ((Rank.CODE if self._is_code(line) else Rank.WHOLE, line) for line in whole)
        yield from ((Rank.START, line) for line in self._find(f"\n{text}"))
        yield from ((Rank.PHRASE, line) for line in self._find(f" {text}"))
        words = sorted(set(text.split()), key=self._text.count)
        if len(words) > 1:
            for count, line in enumerate(self._find(words[0])):
                if count >= _MAX_LOOSE:
                    return
                start = self._starts[line]
                content = self._text[start - 1 : self._text.index("\n", start)].replace("\n", " ")
                if all(f" {word}" in content for word in words):
                    yield Rank.WORDS, line

    def _is_code(self, line: int) -> bool:
        agency = self._agencies[self._owners[line]]
        return self._lines[line] == agency.code or any(self._lines[line] == alias.code for alias in agency.aliases)

    def _find(self, needle: str) -> Iterator[int]:
        """Yield the numbers of the lines in which *needle* stands, each once."""
        text, starts = self._text, self._starts
        at = text.find(needle)
        while at >= 0:
            line = bisect.bisect_right(starts, at + 1 if needle[0] == "\n" else at) - 1
            yield line
            at = text.find(needle, max(at + 1, starts[line + 1] - 1)) if line + 1 < len(starts) else -1


def _folded(text: str) -> str:
    """Return *text* without accents and in lower case, line by line; :func:`~vndoc.text.search_key` for many lines."""
    if text.isascii():
        return text.casefold()
    apart = unicodedata.normalize("NFD", text.translate(_BASE))
    return "".join(_MARKS.split(apart)).casefold()


_MARKS = re.compile("[\u0300-\u036f]+")


def _expanded(text: str) -> str:
    """Return *text* with every abbreviation written out."""
    return " ".join(_SHORT.get(word, word) for word in text.split())


def _predecessors(table: RoutingTable) -> dict[tuple[str, object], list[Agency]]:
    found: dict[tuple[str, object], list[Agency]] = {}
    for agency in table:
        for successor in agency.successors:
            for after in heir(table.bodies, agency, successor):
                found.setdefault((after.code, after.valid_from), []).append(agency)
    return found
