"""One kind of finding for everything that validation reports, and the report that holds them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import attrs

from vndoc.edxml import DEVIATIONS, Deviation, Severity
from vndoc.edxml import elements as table
from vndoc.errors import Place
from vndoc.text import Lang, Text, shorten

__all__ = ["Finding", "Findings", "Report", "from_deviation", "place_key"]


@attrs.frozen(kw_only=True)
class Finding:
    """One thing that is wrong, doubtful or worth knowing about one packet.

    ``id`` is stable: the id of a rule, of a deviation, or ``structure-...`` for the schema. ``code`` is the
    dotted form that axes use in their answers (``N.`` missing, ``R.`` out of range, ``M.`` mismatch, ``T.``
    wrong type), where there is one. ``source`` names the standard and clause, or practice.
    """

    id: str
    severity: Severity
    place: Place
    message: Text
    source: str
    code: str | None = None
    found: str | None = None
    expected: str | None = None

    def text(self, lang: Lang = "en") -> str:
        """Return the message in *lang*; what was found is shortened and citizen numbers are masked."""
        return self.message.render(lang, found=shorten(self.found or "", 80), expected=self.expected or "")

    def __repr__(self) -> str:
        return f"Finding({self.id!r}, {self.severity.value}, {self.place.path!r}, found={shorten(self.found or '')!r})"


@attrs.frozen(kw_only=True)
class Findings:
    """What a check found, and its answer: ``passed`` is true only when no finding is an error."""

    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Return whether there is no error among the findings."""
        return not self.errors

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Return the findings that are errors."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Return the findings that are warnings."""
        return tuple(f for f in self.findings if f.severity is Severity.WARNING)

    @property
    def ids(self) -> frozenset[str]:
        """Return the ids of all findings."""
        return frozenset(f.id for f in self.findings)


@attrs.frozen(kw_only=True)
class Report(Findings):
    """What validation found, sorted by place: :class:`Findings` by one profile and one check of the structure."""

    profile: str
    structure: str


def from_deviation(deviation: Deviation) -> Finding:
    """Return *deviation* as a finding with the same id."""
    kind = DEVIATIONS[deviation.id]
    return Finding(
        id=deviation.id,
        severity=kind.severity,
        place=deviation.place,
        message=kind.text,
        source=kind.clause,
        found=deviation.found,
        expected=deviation.expected,
    )


_STEP = re.compile(r"([^/\[\]]+)(?:\[([0-9]+)\])?")


def place_key(path: str) -> tuple[tuple[int, str, int], ...]:
    """Return a sort key that puts places in the order of the element table, parents before children.

    Other spellings of an element that readers know rank as the element itself; unknown names come last.
    """
    ranks = _ranks()
    key = []
    parent = ""
    for name, index in _STEP.findall(path):
        rank, parent = ranks.get(f"{parent}/{name}") or ranks.get(name) or (len(ranks), name)
        key.append((rank, name, int(index or 0)))
    return tuple(key)


@lru_cache(maxsize=1)
def _ranks() -> dict[str, tuple[int, str]]:
    """Rank and own name of each element: under its name or alias after that of its parent, and without the parent."""
    ranks: dict[str, tuple[int, str]] = {}
    for parent, names in _rows():
        known = (len(ranks), names[0])
        for name in names:
            ranks.setdefault(f"{parent}/{name}", known)
            ranks.setdefault(name, known)
    return ranks


def _rows() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the name of its parent and the names of each element of a packet, its own first."""
    yield "", (table.ROOT,)
    yield table.ROOT, (table.ENVELOPE,)
    yield table.ENVELOPE, (table.HEADER,)
    for part in (table.DOCUMENT, table.STATUS, table.TRACE_HEADER_LIST):
        yield from _below(table.HEADER, part)
    yield table.HEADER, (table.SIGNATURE, "DigitalSignature")
    yield table.ENVELOPE, (table.BODY,)
    yield from _below(table.BODY, table.MANIFEST)
    yield table.ROOT, (table.ATTACHMENT_ENCODED,)
    yield from _below(table.ATTACHMENT_ENCODED, table.ATTACHMENT)


def _below(parent: str, row: table.Element) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield parent, (row.name, *row.aliases)
    for child in row.children:
        yield from _below(row.name, child)
