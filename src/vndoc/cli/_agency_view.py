"""One agency as plain values and as a page, with whom it took over from and who took over from it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from rich.text import Text as Line
from rich.tree import Tree

from vndoc.cli._route_page import branch, instrument_text
from vndoc.cli._run import Run
from vndoc.cli._safe import clean
from vndoc.routing import FIRST, LAST, Agency, AliasKind, Connection, RoutingTable, SuccessorKind
from vndoc.routing.terms import ALIAS_KINDS, CONNECTIONS, SUCCESSOR_KINDS, shown_date

__all__ = ["agency_tree", "agency_view", "predecessors"]

_Before = dict[tuple[str, datetime.date], list[Agency]]


def predecessors(table: RoutingTable) -> _Before:
    """Return, for each agency (code and first day) that took over from others, those others."""
    found: _Before = {}
    for agency in table:
        for after in table.successors(agency) if agency.successors else ():
            found.setdefault((after.code, after.valid_from), []).append(agency)
    return found


def agency_view(table: RoutingTable, agency: Agency, before: Iterable[Agency]) -> dict[str, Any]:
    """Return *agency* as plain values; days are ISO 8601, None where open."""
    names = {after.code: after.name for after in table.successors(agency)}
    return {
        "code": agency.code,
        "name": agency.name,
        "level": agency.level,
        "kind": agency.kind,
        "parent": agency.parent,
        **_period(agency),
        "open": agency.valid_to == LAST,
        "other_names": list(agency.other_names),
        "aliases": [{"code": a.code, "kind": a.kind.value, **_period(a)} for a in agency.aliases],
        "predecessors": [_predecessor(agency, old) for old in before],
        "successors": [
            {
                "code": s.code,
                "name": names.get(s.code, ""),
                "kind": s.kind.value,
                "suggested": s.suggested,
                "instrument": s.instrument,
            }
            for s in agency.successors
        ],
        "delegations": [
            {"code": d.to, **_period(d), "kinds": list(d.kinds), "instrument": d.instrument} for d in agency.delegations
        ],
        "connection": agency.connection.value,
        "system": agency.system,
        "carrier": agency.carrier or table.info.carrier,
        "ref": agency.ref,
        "source": agency.source,
        "confidence": agency.confidence,
    }


def _period(dated: Any) -> dict[str, str | None]:
    return {
        "valid_from": None if dated.valid_from == FIRST else dated.valid_from.isoformat(),
        "valid_to": None if dated.valid_to == LAST else dated.valid_to.isoformat(),
    }


def _predecessor(agency: Agency, old: Agency) -> dict[str, Any]:
    how = next(s for s in old.successors if s.code == agency.code)
    return {
        "code": old.code,
        "name": old.name,
        "valid_to": _period(old)["valid_to"],
        "kind": how.kind.value,
        "suggested": how.suggested,
        "instrument": how.instrument,
    }


# -- page ------------------------------------------------------------------------------------------


def agency_tree(run: Run, one: dict[str, Any], *, matched: str = "", full: bool = True) -> Tree:
    """Return the page of the agency *one*, a view; *matched* is what a search found it by."""
    title = f"{one['code']}  {one['name']}" + ("" if one["open"] else f"  ({run.word('closed')})")
    tree = Tree(Line(clean(title), style="bold" if one["open"] else "bold dim"), guide_style="dim")
    if matched and matched not in {one["code"], one["name"]}:
        branch(tree, run.word("matched", text=matched), "green")
    branch(tree, run.word("validity", **_days(run, one)))
    if full:
        _place(run, tree, one)
    for alias in one["aliases"]:
        kind = ALIAS_KINDS[AliasKind(alias["kind"])].render(run.lang)
        is_dated = alias["valid_from"] or alias["valid_to"]
        dates = ", {start} – {end}".format(**_days(run, alias)) if is_dated else ""
        branch(tree, run.word("other-code", code=alias["code"], kind=kind, dates=dates))
    for name in one["other_names"]:
        branch(tree, run.word("other-name", name=name))
    for key, word in (("predecessors", "took-over"), ("successors", "taken-over")):
        for other in one[key]:
            branch(tree, _link(run, word, other), "cyan")
    if full:
        _reach(run, tree, one)
    return tree


def _place(run: Run, tree: Tree, one: dict[str, Any]) -> None:
    unknown = run.word("unknown-value")
    branch(tree, run.word("level", level=one["level"] or unknown, kind=one["kind"] or unknown))
    if one["parent"]:
        branch(tree, run.word("parent", code=one["parent"]))


def _link(run: Run, word: str, other: dict[str, Any]) -> str:
    kind = SUCCESSOR_KINDS[SuccessorKind(other["kind"])].render(run.lang)
    if other["suggested"]:
        kind = f"{kind}, {run.word('route-suggested')}"
    end = _day(run, other.get("valid_to"), LAST)
    return run.word(word, code=other["code"], name=other["name"], end=end, kind=kind, instrument=instrument_text(other))


def _reach(run: Run, tree: Tree, one: dict[str, Any]) -> None:
    unknown = run.word("unknown-value")
    for rule in one["delegations"]:
        kinds = f": {', '.join(rule['kinds'])}" if rule["kinds"] else ""
        days = _days(run, rule)
        branch(tree, run.word("delegated", code=rule["code"], kinds=kinds, instrument=instrument_text(rule), **days))
    state = CONNECTIONS[Connection(one["connection"])].render(run.lang)
    branch(
        tree,
        run.word("connection", connection=state, system=one["system"] or unknown, carrier=one["carrier"] or unknown),
    )
    if one["source"]:
        branch(tree, run.word("row-source", source=one["source"], confidence=one["confidence"] or unknown), "dim")


def _days(run: Run, dated: dict[str, Any]) -> dict[str, str]:
    return {"start": _day(run, dated["valid_from"], FIRST), "end": _day(run, dated["valid_to"], LAST)}


def _day(run: Run, iso: str | None, none: datetime.date) -> str:
    return shown_date(none if iso is None else datetime.date.fromisoformat(iso), run.lang)
