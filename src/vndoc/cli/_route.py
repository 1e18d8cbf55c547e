"""``vndoc route``: where mail to a code, to a group or to the recipients of a packet goes, and why."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer

import vndoc
from vndoc.cli._inputs import STDIN, SUFFIXES, Input, inputs
from vndoc.cli._options import AsJson, Language, Recover, TableFile, TableForm
from vndoc.cli._route_page import show_route
from vndoc.cli._run import Result, running
from vndoc.cli._table import AUTO, BUILTIN, Opened, open_table
from vndoc.envelope import DocumentPacket, Packet
from vndoc.routing import Fate, Outcome, Plan, Policy, Reason, Resolution
from vndoc.text import mask

__all__ = ["is_packet", "plan_status", "route"]

_VIETNAM = datetime.timezone(datetime.timedelta(hours=7))
_OPEN = frozenset({Outcome.AMBIGUOUS, Outcome.CONFLICT, Outcome.PENDING})
"""Outcomes that leave the answer open; the others are definite."""

_DAYS = ["%Y-%m-%d"]


def route(
    codes: Annotated[list[str], typer.Argument(help="codes", show_default=False)],
    at: Annotated[datetime.datetime | None, typer.Option("--at", help="at", formats=_DAYS, show_default=False)] = None,
    meant_at: Annotated[
        datetime.datetime | None, typer.Option("--meant-at", help="meant-at", formats=_DAYS, show_default=False)
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="kind", show_default=False)] = None,
    own_system: Annotated[str | None, typer.Option("--own-system", help="own-system", show_default=False)] = None,
    require_connected: Annotated[bool, typer.Option("--require-connected", help="require-connected")] = False,
    table: TableFile = BUILTIN,
    table_format: TableForm = AUTO,
    recover: Recover = False,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Show where each goes."""
    with running("route", lang, as_json=as_json) as run:
        job = _Job(
            open_table(table, table_format),
            datetime.datetime.now(_VIETNAM).date() if at is None else at.date(),
            None if meant_at is None else meant_at.date(),
            kind,
            own_system,
            Policy(require_connected=require_connected),
            recover,
        )
        run.each(_asked(codes), job.examine, lambda name, result: show_route(run, name, result))


def is_packet(argument: str) -> bool:
    """Return whether *argument* names a packet by its form alone, whatever files there are: no code looks so."""
    separators = (os.sep, os.altsep or os.sep)
    return argument == STDIN or argument.lower().endswith(SUFFIXES) or any(ch in argument for ch in separators)


@attrs.frozen(kw_only=True)
class _Code(Input):
    """A code or a group instead of a packet."""


def _asked(arguments: Iterable[str]) -> Iterator[Input]:
    for argument in arguments:
        if is_packet(argument):
            yield from inputs([argument])
        else:
            yield _Code(name=argument, source=argument, relative=Path())


@attrs.frozen(eq=False)
class _Job:
    """What is asked for."""

    opened: Opened
    at: datetime.date
    meant_at: datetime.date | None
    kind: str | None
    own_system: str | None
    policy: Policy
    recover: bool

    def examine(self, item: Input) -> Result:
        """Answer for one argument."""
        if not isinstance(item, _Code):
            with vndoc.read(item.check(), recover=self.recover) as reading:
                packet = reading.packet
            return self.packet(packet)
        if item.name.startswith("@"):
            return self.planned([item.name], self.meant_at or self.at, [])
        resolution = self.opened.table.resolve(
            item.name, at=self.at, meant_at=self.meant_at, kind=self.kind, policy=self.policy
        )
        return {
            "status": _status(resolution),
            "table": self.opened.view(),
            "resolution": resolution.to_dict(),
            "connection_unknown": resolution.connection_unknown,
        }

    def packet(self, packet: Packet) -> Result:
        """Plan the recipients of *packet*: of a document its To list, of a status the agency that it answers."""
        if isinstance(packet, DocumentPacket):
            codes = [str(organ.organ_id or "") for organ in packet.to]
            day = None if packet.promulgation_info is None else packet.promulgation_info.promulgation_date
            trace = [str(hop.organ_id or "") for hop in _hops(packet)]
        else:
            about = packet.response_for
            codes = [] if about is None else [str(about.organ_id or "")]
            day, trace = None if about is None else about.promulgation_date, []
        result = self.planned(codes, self.meant_at or day or self.at, trace)
        return {key: _masked(value, key) for key, value in result.items()}

    def planned(self, codes: list[str], meant_at: datetime.date, trace: list[str]) -> Result:
        """Plan *codes*, of a packet that has made the hops of *trace*."""
        plan = self.opened.table.plan(
            codes,
            at=self.at,
            meant_at=meant_at,
            kind=self.kind,
            own_system=self.own_system,
            trace=trace,
            policy=self.policy,
        )
        return {
            "status": plan_status(plan),
            "table": self.opened.view(),
            "plan": plan.to_dict(),
            "connection_unknown": any(r.fate is Fate.DELIVER and _unknown(r.resolution) for r in plan.results),
        }


def _hops(packet: DocumentPacket) -> tuple[vndoc.TraceHeader, ...]:
    return () if packet.trace_header_list is None else packet.trace_header_list.trace_headers


def _unknown(resolution: Resolution | None) -> bool:
    return resolution is not None and resolution.connection_unknown


def _status(resolution: Resolution) -> str:
    if resolution.outcome is Outcome.MALFORMED:
        return "error"
    return _standing(resolution.outcome, resolution.reason)


def _standing(outcome: Outcome, reason: Reason) -> str:
    if outcome is Outcome.DELIVERABLE:
        return "passed"
    return "indeterminate" if outcome in _OPEN or reason is Reason.CONNECTION_UNKNOWN else "failed"


def plan_status(plan: Plan) -> str:
    """Return ``passed`` where all recipients get their copy, ``failed`` where one surely gets none or none is named."""
    standings = {_standing(result.outcome, result.reason) for result in plan.undeliverable}
    if "failed" in standings or not plan.results:
        return "failed"
    return "indeterminate" if standings else "passed"


def _masked(value: Any, name: str = "") -> Any:
    """Return *value* with citizen numbers masked: a household business may have one as its code."""
    if isinstance(value, dict):
        return {key: _masked(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, name) for item in value]
    return mask(value) if isinstance(value, str) and name != "digest" else value
