"""Business rules as a registry: every rule by its id, and how they are applied to one packet.

A rule is a row of data and a small function (:class:`vndoc.schema.rules_base.Rule`); the tables stand in the
modules ``rules_*``, one for each part of a packet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from vndoc.edxml import Severity
from vndoc.envelope import StatusPacket
from vndoc.errors import Place
from vndoc.schema.findings import Finding
from vndoc.schema.rules_attachments import ATTACHMENT_RULES
from vndoc.schema.rules_base import Context, Hit, Locator, Rule, dotted, rule
from vndoc.schema.rules_business import BUSINESS_RULES
from vndoc.schema.rules_header import HEADER_RULES
from vndoc.schema.rules_process import PROCESS_RULES
from vndoc.schema.rules_profile import PROFILE_RULES
from vndoc.schema.rules_values import VALUE_RULES

__all__ = ["RULES", "Context", "Hit", "Rule", "apply"]


def _none(ctx: Context) -> tuple[Hit, ...]:
    """No packet breaks this rule by itself: :func:`apply` reports it."""
    del ctx
    return ()


_CUT = rule(
    "findings-cut", Severity.WARNING, None, "vndoc",
    "Quy tắc {found} bị vi phạm ở hơn {expected} chỗ; phần còn lại không được liệt kê.",
    "The rule {found} is broken in more than {expected} places; the rest is not listed.", _none, applies="both",
)  # fmt: skip

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        row.id: row
        for rows in (VALUE_RULES, HEADER_RULES, BUSINESS_RULES, PROCESS_RULES, ATTACHMENT_RULES, PROFILE_RULES, (_CUT,))
        for row in rows
    }
)
"""Every rule by its id, in the order in which they are applied."""

_FOR = {kind: tuple(row for row in RULES.values() if row.applies in {kind, "both"}) for kind in ("document", "status")}


def apply(context: Context) -> Iterator[Finding]:
    """Yield a finding for each place where the packet breaks a rule.

    One rule reports at most as many places as the limit on deviations allows, then ``findings-cut``; so whether
    there is an error never depends on the cut.
    """
    locator = Locator(context.reading.skeleton, context.reported("empty-block"))
    limit = context.reading.limits.deviations
    asked: dict[Callable[[Context], bool], bool] = {}
    for row in _FOR["status" if isinstance(context.packet, StatusPacket) else "document"]:
        if row.when is not None:
            if row.when not in asked:
                asked[row.when] = row.when(context)
            if not asked[row.when]:
                continue
        hits = iter(row.check(context))
        hit = next(hits, None)
        left = limit
        while hit is not None:
            if not left:
                yield _finding(_CUT, Hit("/", row.id, str(limit)), Place("/"))
                break
            yield _finding(row, hit, locator.place(hit.path))
            left -= 1
            hit = next(hits, None)


def _finding(row: Rule, hit: Hit, place: Place) -> Finding:
    return Finding(
        id=row.id,
        severity=row.severity,
        place=place,
        message=row.text,
        source=hit.source or row.source,
        code=dotted(row.code, hit.path),
        found=hit.found,
        expected=hit.expected,
    )
