"""What a rule is: a row of data and a small function; what it looks at, and how it names places.

Rules name places by the standard layout (:data:`MESSAGE`, :data:`TRACE`, ...); :class:`Locator` finds the
element in the file, so that indexes and lines are those of the file.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from typing import Any, Literal

import attrs

from vndoc.edxml import Element, Profile, Reading, Severity
from vndoc.edxml import elements as table
from vndoc.edxml.precheck import survey
from vndoc.edxml.xmltools import local_name
from vndoc.envelope import Bussiness, DocumentPacket, Packet, StatusPacket
from vndoc.errors import Place
from vndoc.text import Text
from vndoc.xml import Skeleton

__all__ = [
    "ATTACHMENT",
    "BUSSINESS",
    "ENVELOPE",
    "HEADER",
    "MESSAGE",
    "REFERENCE",
    "TRACE",
    "Applies",
    "Context",
    "Hit",
    "Locator",
    "Rule",
    "day_of",
    "dotted",
    "nth",
    "rule",
]

ENVELOPE = f"/{table.ROOT}/{table.ENVELOPE}"
"""Path of ``edXMLEnvelope``."""
HEADER = f"{ENVELOPE}/{table.HEADER}"
"""Path of ``edXMLHeader``."""
MESSAGE = f"{HEADER}/MessageHeader"
"""Path of ``MessageHeader``."""
TRACE = f"{HEADER}/TraceHeaderList"
"""Path of ``TraceHeaderList``."""
BUSSINESS = f"{TRACE}/Bussiness"
"""Path of ``Bussiness``."""
REFERENCE = f"{ENVELOPE}/{table.BODY}/{table.MANIFEST.name}/{table.REFERENCE.name}"
"""Path of the entries of the manifest, without index."""
ATTACHMENT = f"/{table.ROOT}/{table.ATTACHMENT_ENCODED}/{table.ATTACHMENT.name}"
"""Path of the attachments, without index."""

Applies = Literal["document", "status", "both"]
"""Which packet kind a rule is for."""


@attrs.frozen
class Hit:
    """One place where a rule is broken: the path by the standard layout, what stood there, what was expected.

    ``source`` replaces the rule's own where one rule has many (lengths, limits of a peer).
    """

    path: str
    found: str | None = None
    expected: str | None = None
    source: str | None = None


@attrs.frozen(kw_only=True, eq=False)
class Context:
    """What rules look at: the reading, the profile of the peer, and the date that dates are compared with."""

    reading: Reading
    profile: Profile
    today: datetime.date
    packet: Packet = attrs.field(init=False, repr=False)
    """The packet of either kind."""
    values: list[tuple[str, Element, Any]] = attrs.field(init=False, repr=False)
    """Path, row and value of everything below the blocks of the packet."""
    missing: list[str] = attrs.field(init=False, repr=False)
    """The path of each mandatory element that the packet lacks."""

    def __attrs_post_init__(self) -> None:
        packet = self.reading.packet
        found, absent = survey(packet)
        for name, value in (("packet", packet), ("values", found), ("missing", absent)):
            object.__setattr__(self, name, value)

    @property
    def document(self) -> DocumentPacket:
        """Return the packet, for rules that apply to documents."""
        packet = self.packet
        return packet if isinstance(packet, DocumentPacket) else self.reading.document

    @property
    def status(self) -> StatusPacket:
        """Return the packet, for rules that apply to status packets."""
        return self.reading.status

    @property
    def bussiness(self) -> Bussiness | None:
        """Return the block ``Bussiness`` of the document, if there is one."""
        trace = self.document.trace_header_list
        return None if trace is None else trace.bussiness

    def reported(self, suffix: str) -> frozenset[str]:
        """Return the paths where reading reported a deviation whose id ends in *suffix*."""
        return frozenset(d.place.path for d in self.reading.deviations if d.id.endswith(suffix))


@attrs.frozen(kw_only=True)
class Rule:
    """One row of the catalogue. ``code`` is the prefix of the dotted code (``N``, ``R``, ``M``, ``T``) or ``None``.

    ``source`` names the standard and clause, or practice; ``text`` may use ``{found}`` and ``{expected}``.
    ``when`` tells whether the rule can have anything to say about a packet; it is asked once for all rules that
    share it.
    """

    id: str
    severity: Severity
    code: str | None
    source: str
    text: Text
    applies: Applies = "document"
    check: Callable[[Context], Iterable[Hit]] = attrs.field(repr=False, eq=False)
    when: Callable[[Context], bool] | None = attrs.field(default=None, repr=False, eq=False)


def rule(
    id_: str,
    severity: Severity,
    code: str | None,
    source: str,
    vi: str,
    en: str,
    check: Callable[[Context], Iterable[Hit]],
    *,
    applies: Applies = "document",
    when: Callable[[Context], bool] | None = None,
) -> Rule:
    """Return a rule, written in one row of a table."""
    text = Text(vi, en)
    return Rule(id=id_, severity=severity, code=code, source=source, text=text, applies=applies, check=check, when=when)


_OUTER = frozenset({table.ROOT, table.ENVELOPE, table.HEADER})


def nth(path: str, number: int, count: int) -> str:
    """Return the path of the element *number* (from one) of *count* siblings: indexed only where it repeats."""
    return f"{path}[{number}]" if count > 1 else path


def dotted(prefix: str | None, path: str) -> str | None:
    """Return the dotted code of a finding at *path*, such as ``N.MessageHeader.From.OrganId``.

    Source: practice (vocabulary of the Bkav checker): prefix and element names below the header, no indexes.
    """
    if prefix is None:
        return None
    steps = [step.partition("[")[0] for step in path.split("/")[1:]]
    while len(steps) > 1 and steps[0] in _OUTER:
        del steps[0]
    return ".".join((prefix, *steps))


def day_of(moment: datetime.date) -> datetime.date:
    """Return the date of *moment*, a plain date or a timestamp."""
    return moment.date() if isinstance(moment, datetime.datetime) else moment


_BLOCKS = frozenset(
    row.name
    for part in (table.DOCUMENT, table.STATUS, table.TRACE_HEADER_LIST)
    for _, row in table.walk(part)
    if row.children
)
_COUNTED = frozenset({table.ATTACHMENT.name, table.REFERENCE.name})


class Locator:
    """Finds what a path by the standard layout names in one file; siblings are listed once for each parent.

    *skipped* are the paths of blocks that reading left out: the packet value does not count them.
    """

    def __init__(self, skeleton: Skeleton, skipped: frozenset[str] = frozenset()) -> None:
        self._skeleton = skeleton
        self._skipped = skipped
        self._children: dict[Any, dict[str, tuple[list[tuple[int, Any]], int]]] = {}

    def place(self, path: str) -> Place:
        """Return the place of *path* in the file: with its indexes, and the line of the nearest element there is.

        Where the file has another layout (the flattened form, other spellings), the path stays as the standard
        has it from there on.
        """
        node = self._skeleton.root
        steps = path.split("/")[1:]
        if steps[0] != local_name(node):
            return Place(path)
        found = f"/{steps[0]}"
        for position, step in enumerate(steps[1:], 1):
            name, _, index = step.partition("[")
            counted, total = self._siblings(node, found, name)
            number = int(index[:-1]) if index else 1
            if number > len(counted):
                return Place("/".join((found, *steps[position:])), self._skeleton.line(node))
            at, node = counted[number - 1]
            found += f"/{nth(name, at, total)}"
        return Place(found, self._skeleton.line(node))

    def _siblings(self, parent: Any, path: str, name: str) -> tuple[list[tuple[int, Any]], int]:
        """Return the children called *name* that the packet value counts, with their indexes, and the number of all."""
        if parent not in self._children:
            by_name: dict[str, list[Any]] = {}
            for child in parent:
                by_name.setdefault(local_name(child), []).append(child)
            self._children[parent] = {
                name: (self._counted(nodes, f"{path}/{name}"), len(nodes)) for name, nodes in by_name.items()
            }
        return self._children[parent].get(name, ([], 0))

    def _counted(self, nodes: list[Any], path: str) -> list[tuple[int, Any]]:
        if len(nodes) == 1:
            return [(1, nodes[0])]
        return [
            (number, node)
            for number, node in enumerate(nodes, 1)
            if not _is_hollow(node) and (not self._skipped or f"{path}[{number}]" not in self._skipped)
        ]


def _is_hollow(node: Any) -> bool:
    """Whether reading skipped the element, so that the packet value does not count it."""
    name = local_name(node)
    if name in _COUNTED or len(node):
        return False
    return name in _BLOCKS or not (node.text or "").strip()
