"""A plan: for each recipient where its copy goes and why, and what to submit to which of our carriers.

One result for each recipient, in the order given: delivered, one delivery with another recipient, excluded, or
undeliverable. Nobody gets two copies, and nobody is left out without a result.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs

from vndoc.errors import UsageError
from vndoc.identifiers import OrganCode
from vndoc.routing._index import meant_by
from vndoc.routing._resolve import check_code, check_day, check_kind, check_policy
from vndoc.routing.groups import expand
from vndoc.routing.loops import Loops
from vndoc.routing.model import CAUTIOUS, Agency, Policy
from vndoc.routing.resolution import Resolution
from vndoc.routing.words import OUTCOMES, REASONS, Outcome, Reason
from vndoc.text import Lang, Text, shorten

if TYPE_CHECKING:
    from vndoc.routing.table import RoutingTable

__all__ = ["FATES", "LOCAL", "Delivery", "Fate", "Plan", "Result", "Submission", "make_plan"]

LOCAL = "local"
"""The carrier of recipients that stand behind our own connected system."""

_LIST_NEEDED = Text("cần danh sách mã, không phải {found}", "a list of codes is needed, not {found}")
_NO_EXCLUSION = Text("loại trừ {code}: {reason}", "exclude {code}: {reason}")


class Fate(enum.Enum):
    """What becomes of one recipient."""

    DELIVER = "deliver"
    SAME = "same-delivery"
    EXCLUDED = "excluded"
    UNDELIVERABLE = "undeliverable"


FATES: Mapping[Fate, Text] = MappingProxyType(
    {
        Fate.DELIVER: Text("gửi tới {to}", "delivered to {to}"),
        Fate.SAME: Text("cùng một lần gửi tới {to} với {first}", "one delivery to {to} together with {first}"),
        Fate.EXCLUDED: Text("được loại trừ theo yêu cầu", "excluded as asked"),
        Fate.UNDELIVERABLE: Text("không gửi được: {outcome} – {reason}", "not deliverable: {outcome} – {reason}"),
    }
)
"""Text of each fate."""


@attrs.frozen
class Result:
    """What becomes of one recipient. ``code`` is as asked; ``group`` the group it came from, or empty.

    ``resolution`` is None only for a group that has no members to resolve. ``first`` is the recipient that shares
    the delivery. ``_reason`` is set where a group has no members or the trace forbids what the table allows.
    """

    code: str
    fate: Fate
    resolution: Resolution | None
    group: str = ""
    first: str = ""
    _reason: Reason | None = None

    @property
    def reason(self) -> Reason:
        """Return the reason of the outcome."""
        if self._reason is not None:
            return self._reason
        return Reason.GROUP_EMPTY if self.resolution is None else self.resolution.reason

    @property
    def outcome(self) -> Outcome:
        """Return the outcome: that of the resolution, unless the trace forbids it."""
        return REASONS[self.reason].outcome

    @property
    def agency(self) -> Agency | None:
        """Return who receives, or would have."""
        return None if self.resolution is None else self.resolution.agency

    def text(self, lang: Lang = "en") -> str:
        """Return what becomes of the recipient, as one line."""
        to = "" if self.agency is None else self.agency.code
        said = FATES[self.fate].render(
            lang,
            to=to,
            first=shorten(self.first),
            outcome=OUTCOMES[self.outcome].render(lang),
            reason=REASONS[self.reason].text.render(lang),
        )
        return f"{shorten(self.code)}: {said}"

    def to_dict(self) -> dict[str, object]:
        """Return the result as JSON-able data."""
        return {
            "code": self.code,
            "group": self.group,
            "fate": self.fate.value,
            "first": self.first,
            "outcome": self.outcome.value,
            "reason": self.reason.value,
            "text": {"vi": self.text("vi"), "en": self.text("en")},
            "resolution": None if self.resolution is None else self.resolution.to_dict(),
        }


@attrs.frozen
class Delivery:
    """One copy: who gets it, and the recipients' codes it serves, as asked: they stay on the packet for receipts."""

    agency: Agency
    codes: tuple[str, ...]


@attrs.frozen
class Submission:
    """What is handed to one of our carriers at once: an axis fans out to all the recipients itself."""

    carrier: str
    deliveries: tuple[Delivery, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the present codes of all who receive through this carrier."""
        return tuple(delivery.agency.code for delivery in self.deliveries)


@attrs.frozen
class Plan:
    """Where each copy goes, under which version of the table: the sender keeps it as evidence.

    It holds everything that it was asked with, codes as they were written: the same table, asked the same, gives the
    same plan. ``unused`` are the exclusions, and the exceptions of the groups asked for, that name no agency of the
    table.
    """

    at: datetime.date
    meant_at: datetime.date
    kind: str | None
    version: str
    digest: str
    results: tuple[Result, ...]
    submissions: tuple[Submission, ...]
    unused: tuple[str, ...] = ()
    policy: Policy = CAUTIOUS
    own_system: str | None = None
    trace: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """Return all copies."""
        return tuple(delivery for submission in self.submissions for delivery in submission.deliveries)

    @property
    def undeliverable(self) -> tuple[Result, ...]:
        """Return the recipients that get nothing although nobody excluded them."""
        return tuple(result for result in self.results if result.fate is Fate.UNDELIVERABLE)

    @property
    def shared(self) -> tuple[Result, ...]:
        """Return the recipients that share a delivery with an earlier one."""
        return tuple(result for result in self.results if result.fate is Fate.SAME)

    @property
    def is_complete(self) -> bool:
        """Return whether every recipient that was not excluded gets its copy."""
        return not self.undeliverable

    def explain(self, lang: Lang = "en") -> str:
        """Return one line for each recipient."""
        return "\n".join(result.text(lang) for result in self.results)

    def to_dict(self) -> dict[str, object]:
        """Return the plan as JSON-able data."""
        return {
            "at": self.at.isoformat(),
            "meant_at": self.meant_at.isoformat(),
            "kind": self.kind,
            "policy": self.policy.to_dict(),
            "own_system": self.own_system,
            "trace": list(self.trace),
            "exclude": list(self.exclude),
            "table": {"version": self.version, "digest": self.digest},
            "complete": self.is_complete,
            "results": [result.to_dict() for result in self.results],
            "submissions": [
                {
                    "carrier": submission.carrier,
                    "deliveries": [
                        {"code": d.agency.code, "name": d.agency.name, "system": d.agency.system, "for": list(d.codes)}
                        for d in submission.deliveries
                    ],
                }
                for submission in self.submissions
            ],
            "unused_exclusions": list(self.unused),
        }


def make_plan(
    table: RoutingTable,
    recipients: Iterable[str | OrganCode],
    *,
    at: datetime.date,
    meant_at: datetime.date | None,
    kind: str | None,
    own_system: str | OrganCode | None,
    trace: Iterable[str | OrganCode],
    exclude: Iterable[str | OrganCode],
    policy: Policy,
) -> Plan:
    """Return the plan for *recipients*; see :meth:`vndoc.routing.RoutingTable.plan`."""
    check_day(at, "at")
    meant_at = at if meant_at is None else check_day(meant_at, "meant_at")
    check_kind(kind)
    check_policy(policy)
    for given in (recipients, exclude, trace):
        if isinstance(given, str | OrganCode):
            raise UsageError("option-invalid", detail=_LIST_NEEDED.filled(found=shorten(str(given))))
        if not isinstance(given, Iterable):
            raise UsageError("option-invalid", detail=_LIST_NEEDED.filled(found=type(given).__name__))
    own = None if own_system is None else check_code(own_system)
    hops, excluded = tuple(map(check_code, trace)), tuple(map(check_code, exclude))
    run = _Planning(table, at, meant_at, kind, policy, own, hops)
    run.exclude(excluded)
    results = tuple(run.results(recipients))
    unused = tuple(dict.fromkeys(run.unused))
    submissions = run.submissions()
    version, digest = table.version, table.digest
    return Plan(at, meant_at, kind, version, digest, results, submissions, unused, policy, own, hops, excluded)


class _Planning:
    """One plan under way."""

    def __init__(
        self,
        table: RoutingTable,
        at: datetime.date,
        meant_at: datetime.date,
        kind: str | None,
        policy: Policy,
        own_system: str | None,
        trace: tuple[str, ...],
    ) -> None:
        self.table = table
        self.at = at
        self.meant_at = meant_at
        self.kind = kind
        self.policy = policy
        self.loops = Loops(lambda code: meant_by(table.bodies, table.aliases, code, at), own_system, trace)
        self.excluded: set[int] = set()
        self.excluded_codes: set[str] = set()
        self.unused: list[str] = []
        self.copies: dict[int, tuple[Agency, list[str]]] = {}

    def expanded(self, codes: Iterable[str | OrganCode]) -> Iterator[tuple[str, str, Reason | None]]:
        """Yield code, group and, for a group that has no members to give, the reason."""
        for given in codes:
            code = check_code(given)
            if not code.startswith("@"):
                yield code, "", None
                continue
            members = expand(self.table, code, on=self.meant_at, size=self.policy.group_size, unused=self.unused)
            if isinstance(members, Reason):
                yield code, code, members
            else:
                yield from ((member, code, None) for member in members)

    def resolved(self, code: str) -> Resolution:
        return self.table.resolve(code, at=self.at, meant_at=self.meant_at, kind=self.kind, policy=self.policy)

    def exclude(self, codes: Iterable[str]) -> None:
        """Take down whom *codes* mean, everybody whom they may mean, and which of them mean nobody."""
        for code, _, reason in self.expanded(codes):
            if reason is not None:
                # an exclusion that cannot be told must not pass for none
                if REASONS[reason].outcome is Outcome.MALFORMED:
                    detail = _NO_EXCLUSION.filled(code=shorten(code), reason=REASONS[reason].text)
                    raise UsageError("option-invalid", detail=detail)
                self.unused.append(code)
                continue
            self.excluded_codes.add(code)
            meant = self.resolved(code).meant
            by_code = meant_by(self.table.bodies, self.table.aliases, code, self.meant_at)
            found = by_code if meant is None else (meant,)
            self.excluded.update(map(id, found))
            if not found:
                self.unused.append(code)

    def is_excluded(self, resolution: Resolution) -> bool:
        """Return whether the code itself, or anybody whom its mail goes through, was excluded."""
        passed = (*resolution.chain, resolution.agency)
        return resolution.code in self.excluded_codes or any(id(agency) in self.excluded for agency in passed)

    def results(self, recipients: Iterable[str | OrganCode]) -> Iterator[Result]:
        for code, group, reason in self.expanded(recipients):
            if reason is not None:
                yield Result(code, Fate.UNDELIVERABLE, None, group, "", reason)
            else:
                yield self.result(code, group)

    def result(self, code: str, group: str) -> Result:
        resolution = self.resolved(code)
        agency = resolution.agency
        if self.is_excluded(resolution):
            return Result(code, Fate.EXCLUDED, resolution, group)
        if agency is None or not resolution.is_deliverable:
            return Result(code, Fate.UNDELIVERABLE, resolution, group)
        loop = self.loops.reason(agency)
        if loop is not None:
            return Result(code, Fate.UNDELIVERABLE, resolution, group, "", loop)
        copy = self.copies.setdefault(id(agency), (agency, []))
        copy[1].append(code)
        if len(copy[1]) > 1:
            return Result(code, Fate.SAME, resolution, group, copy[1][0])
        return Result(code, Fate.DELIVER, resolution, group)

    def submissions(self) -> tuple[Submission, ...]:
        by_carrier: dict[str, list[Delivery]] = {}
        for agency, codes in self.copies.values():
            carrier = LOCAL if self.loops.is_ours(agency) else agency.carrier or self.table.info.carrier
            by_carrier.setdefault(carrier, []).append(Delivery(agency, tuple(dict.fromkeys(codes))))
        return tuple(Submission(carrier, tuple(deliveries)) for carrier, deliveries in by_carrier.items())
