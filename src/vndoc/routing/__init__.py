"""Routing: to whom a packet really goes, in a country whose agencies merge, move and change codes.

Design, as the caller sees it::

    table = RoutingTable.builtin()                            # or .load(data, format="csv"), .of(agencies)
    table.resolve(code, *, at, meant_at=None, kind=None, policy=CAUTIOUS) -> Resolution
        .outcome, .reason, .agency, .meant, .candidates, .steps, .explain("vi"), .to_dict()
    table.plan(recipients, *, at, meant_at=None, kind=None, own_system=None, trace=(), exclude=(), policy=CAUTIOUS)
        -> Plan: .results (one a recipient), .submissions (one a carrier), .undeliverable, .version, .digest
    table.search(query, *, limit=20) -> matches, ranked, with history
    diff(a, b) -> Delta; apply(a, delta) -> table; AxisChange.load(answer, received=day).applied_to(table)

Two dates, because codes are given again to other bodies: ``meant_at`` is when the address was valid in the sender's
eyes, ``at`` is when it is delivered. Everything is a function of its arguments: no clock, no files.

>>> import datetime
>>> from vndoc.routing import RoutingTable
>>> answer = RoutingTable.builtin().resolve("H02", at=datetime.date(2025, 7, 1))
>>> answer.agency.code, answer.reason.value
('H05', 'successor')
"""

from vndoc.routing.axis import AxisChange, AxisUnit
from vndoc.routing.checks import CHECKS, Check, Finding
from vndoc.routing.delta import Delta, apply, diff
from vndoc.routing.groups import STANDARD_GROUPS
from vndoc.routing.letters import LETTERS, Letter
from vndoc.routing.load import FORMATS, dump_csv, dump_json
from vndoc.routing.model import (
    CAUTIOUS,
    FIRST,
    LAST,
    Agency,
    Alias,
    AliasKind,
    Connection,
    Delegation,
    Group,
    Policy,
    SplitRule,
    Successor,
    SuccessorKind,
    TableError,
    TableInfo,
)
from vndoc.routing.plan import FATES, LOCAL, Delivery, Fate, Plan, Result, Submission
from vndoc.routing.resolution import Candidate, Resolution, Step
from vndoc.routing.search import Match, Rank
from vndoc.routing.table import RoutingTable
from vndoc.routing.words import NOTES, OUTCOMES, REASONS, STEPS, Note, Outcome, Reason, StepKind

__all__ = [
    "CAUTIOUS",
    "CHECKS",
    "FATES",
    "FIRST",
    "FORMATS",
    "LAST",
    "LETTERS",
    "LOCAL",
    "NOTES",
    "OUTCOMES",
    "REASONS",
    "STANDARD_GROUPS",
    "STEPS",
    "Agency",
    "Alias",
    "AliasKind",
    "AxisChange",
    "AxisUnit",
    "Candidate",
    "Check",
    "Connection",
    "Delegation",
    "Delivery",
    "Delta",
    "Fate",
    "Finding",
    "Group",
    "Letter",
    "Match",
    "Note",
    "Outcome",
    "Plan",
    "Policy",
    "Rank",
    "Reason",
    "Resolution",
    "Result",
    "RoutingTable",
    "SplitRule",
    "Step",
    "StepKind",
    "Submission",
    "Successor",
    "SuccessorKind",
    "TableError",
    "TableInfo",
    "apply",
    "diff",
    "dump_csv",
    "dump_json",
]
