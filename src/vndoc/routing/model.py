"""What a routing table is made of: agencies with their dates, other codes, successors, delegations; groups; policies.

All values are frozen and compact; nothing is checked when they are made, :mod:`vndoc.routing.checks` looks at
whole tables. Codes are plain text, exactly as the registry writes them. Dates are inclusive on both sides;
:data:`FIRST` and :data:`LAST` stand for "since an unknown day" and "until further notice".
"""

from __future__ import annotations

import datetime
import enum
from types import NoneType

import attrs

from vndoc.errors import UsageError, VndocError
from vndoc.limits import DEFAULT
from vndoc.text import shorten

__all__ = [
    "CAUTIOUS",
    "FIRST",
    "LAST",
    "Agency",
    "Alias",
    "AliasKind",
    "Connection",
    "Delegation",
    "Group",
    "Policy",
    "SplitRule",
    "Successor",
    "SuccessorKind",
    "TableError",
    "TableInfo",
]

FIRST = datetime.date.min
"""As ``valid_from``: since a day that the source does not tell."""

LAST = datetime.date.max
"""As ``valid_to``: until further notice."""


class TableError(VndocError, ValueError):
    """A routing table, or a change to one, cannot be used as it stands.

    ``values["findings"]`` holds every :class:`vndoc.routing.Finding` where the content is what is wrong.
    """


class Connection(enum.Enum):
    """Whether an agency can receive through its axis, as its registry says."""

    CONNECTED = "connected"
    NOT_CONNECTED = "not-connected"
    PENDING = "pending"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"


class SuccessorKind(enum.Enum):
    """How much of a closed agency its successor took over. Tokens as in the commune data of July 2025."""

    WHOLE = "whole"
    UNCHANGED = "unchanged"
    RENAMED = "renamed"
    MERGED = "merged"
    SPECIAL_ZONE = "whole_to_special_zone"
    PART = "part"
    PART_AREA = "part_area"
    PART_PEOPLE = "part_people"
    PART_ALL_PEOPLE = "part_area_all_people"
    FUNCTION = "function"
    """Successor by function only, no legal one-to-one: never followed unless the policy asks for it."""

    @property
    def is_total(self) -> bool:
        """Return whether this successor took over the whole."""
        return self in _TOTAL


_TOTAL = frozenset(
    {
        SuccessorKind.WHOLE,
        SuccessorKind.UNCHANGED,
        SuccessorKind.RENAMED,
        SuccessorKind.MERGED,
        SuccessorKind.SPECIAL_ZONE,
    }
)


class AliasKind(enum.Enum):
    """Where another code of the same agency comes from."""

    OLD_CODE = "old-code"
    """``oldCode`` of the axis registry."""

    CODE_102 = "code-102"
    """``code102`` of the axis registry: the code of QCVN 102:2016."""

    OTHER = "other"


@attrs.frozen
class Successor:
    """One agency that took over from a closed one: its code, how much, and by which legal instrument.

    ``suggested`` marks the default that a data set proposes for a split; it is no law.
    """

    code: str
    kind: SuccessorKind
    suggested: bool = False
    instrument: str = ""


@attrs.frozen
class Alias:
    """Another code of the same agency. It holds while both its own dates and those of the agency hold."""

    code: str
    kind: AliasKind = AliasKind.OTHER
    valid_from: datetime.date = FIRST
    valid_to: datetime.date = LAST


@attrs.frozen
class Delegation:
    """A dated rule: *to* receives for the agency that holds the rule.

    ``kinds`` are the kinds of documents it is limited to (any tokens the caller uses); empty means all.
    """

    to: str
    valid_from: datetime.date = FIRST
    valid_to: datetime.date = LAST
    kinds: tuple[str, ...] = ()
    instrument: str = ""


@attrs.frozen
class Agency:
    """One body under one code for one period. The same code in another period is another value.

    ``level`` is 1 for ministries and provinces, 0 where unknown; how many levels there are is data. ``parent`` is the
    code of the body above, or empty. ``kind`` is a token of the data (``province-committee``). ``system`` is the
    connected system (``00.53.W00``), information only; ``carrier`` names the way out that reaches the agency
    (empty: the table's). ``ref`` is the id in the registry. ``source`` and ``confidence`` say why to believe the row.
    """

    code: str
    name: str = ""
    level: int = 0
    parent: str = ""
    kind: str = ""
    valid_from: datetime.date = FIRST
    valid_to: datetime.date = LAST
    successors: tuple[Successor, ...] = ()
    aliases: tuple[Alias, ...] = ()
    other_names: tuple[str, ...] = ()
    connection: Connection = Connection.UNKNOWN
    system: str = ""
    carrier: str = ""
    delegations: tuple[Delegation, ...] = ()
    ref: str = ""
    source: str = ""
    confidence: str = ""

    def valid_on(self, day: datetime.date) -> bool:
        """Return whether the agency exists under this code on *day*."""
        return self.valid_from <= day <= self.valid_to


@attrs.frozen
class Group:
    """A named set of recipients: a rule over the table, a list of members, or both.

    The rule selects by ``kinds`` and ``level`` (0: any); ``members`` are codes, or other groups as ``@name``;
    ``exceptions`` (of the same form) are taken out. A rule without kinds and level selects nothing.
    Written ``@name``, or ``@name:CODE`` for those below the agency *CODE*.
    """

    name: str
    kinds: tuple[str, ...] = ()
    level: int = 0
    members: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class TableInfo:
    """What a table says about itself.

    ``begins``: the first day it knows about. ``carrier``: the way out for agencies that name none.
    ``ancestors``: whether a recipient that is not connected falls back to the nearest connected body above it.
    ``axis_version``: the highest version of the axis' unit list that is in it.
    """

    version: str = ""
    begins: datetime.date = FIRST
    carrier: str = "national-axis"
    ancestors: bool = False
    axis_version: int = 0
    source: str = ""


class SplitRule(enum.Enum):
    """What to do with mail for an agency that has several successors."""

    REFUSE = "refuse"
    SUGGESTED = "suggested"
    """Follow the successor that the data marks as suggested: a guess, and marked as one."""


@attrs.frozen(kw_only=True)
class Policy:
    """Which guesses a caller asks for; by default none.

    ``split``: see :class:`SplitRule`. ``by_function``: follow a single successor by function. ``by_form``: look for an
    unknown code in the other scheme by its form. ``ancestors``: fall back to the nearest connected body above
    (None: as the table says). ``require_connected``: an unknown connection is not good enough. ``max_steps``: longest
    chain of successors and delegations. ``group_size``: most members of one group.

    Raises :class:`~vndoc.errors.UsageError` ``option-invalid`` for a value of another type, or a number below 0.
    """

    split: SplitRule = SplitRule.REFUSE
    by_function: bool = False
    by_form: bool = False
    ancestors: bool | None = None
    require_connected: bool = False
    max_steps: int = 32
    group_size: int = DEFAULT.receivers

    def __attrs_post_init__(self) -> None:
        fields: dict[str, tuple[type, ...]] = {"split": (SplitRule,), "ancestors": (bool, NoneType)}
        fields |= dict.fromkeys(("by_function", "by_form", "require_connected"), (bool,))
        fields |= dict.fromkeys(("max_steps", "group_size"), (int,))
        for name, types in fields.items():
            value = getattr(self, name)
            if type(value) not in types or (types == (int,) and value < 0):
                raise UsageError("option-invalid", detail=f"policy: {name}={shorten(repr(value))}")

    def to_dict(self) -> dict[str, object]:
        """Return the policy as JSON-able data."""
        return {**attrs.asdict(self), "split": self.split.value}


CAUTIOUS = Policy()
"""No guess at all."""
