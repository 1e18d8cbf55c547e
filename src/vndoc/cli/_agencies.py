"""``vndoc agencies``: search, show, check and compare tables of agencies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import attrs
import typer

from vndoc.cli._agency_view import agency_tree, agency_view, predecessors
from vndoc.cli._options import AsJson, Language, Overwrite, TableFile, TableForm
from vndoc.cli._page import STYLES
from vndoc.cli._route_page import show_table
from vndoc.cli._run import Result, Run, running
from vndoc.cli._table import AUTO, BUILTIN, Opened, open_table
from vndoc.cli._target import Draft
from vndoc.errors import VndocError
from vndoc.routing import Agency, Delta, RoutingTable, diff

__all__ = ["agencies", "check", "compare", "search", "show"]

agencies = typer.Typer(name="agencies", no_args_is_help=True, add_completion=False, rich_markup_mode=None)
"""The group of commands."""


@agencies.command("search", help="agencies-search")
def search(
    query: Annotated[list[str], typer.Argument(help="query", show_default=False)],
    limit: Annotated[int, typer.Option("--limit", help="limit", min=1, max=1000)] = 20,
    table: TableFile = BUILTIN,
    table_format: TableForm = AUTO,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Find agencies."""
    with running("agencies-search", lang, as_json=as_json) as run:
        opened, text = open_table(table, table_format), " ".join(query)
        matches: list[dict[str, Any]] = [
            {
                "rank": match.rank.name.lower(),
                "matched": match.text,
                "agency": agency_view(opened.table, match.agency, match.predecessors),
            }
            for match in opened.table.search(text, limit=limit)
        ]
        run.add(text, {"status": "passed" if matches else "failed", "table": opened.view(), "matches": matches})
        for one in matches:
            run.show(agency_tree(run, one["agency"], matched=one["matched"], full=False))
        if not matches:
            run.say(run.word("no-match", query=text), STYLES["error"])
        show_table(run, opened.view())


@agencies.command("show", help="agencies-show")
def show(
    codes: Annotated[list[str], typer.Argument(help="agency-codes", show_default=False)],
    table: TableFile = BUILTIN,
    table_format: TableForm = AUTO,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Show agencies."""
    with running("agencies-show", lang, as_json=as_json) as run:
        opened = open_table(table, table_format)
        before = predecessors(opened.table)
        for code in codes:
            views = [
                agency_view(opened.table, agency, before.get((agency.code, agency.valid_from), ()))
                for agency in _known_as(opened.table, code)
            ]
            status = "passed" if views else "failed"
            run.add(code, {"status": status, "table": opened.view(), "agencies": views})
            for view in views:
                run.show(agency_tree(run, view, matched=code))
            if not views:
                run.say(run.word("no-agency", code=code), STYLES["error"])
        show_table(run, opened.view())


def _known_as(table: RoutingTable, code: str) -> list[Agency]:
    """Return the agencies that have or had *code*, as their own or as another code."""
    named = [agency for _, agency in table.aliases.get(code, ())]
    return list({id(agency): agency for agency in (*table.periods(code), *named)}.values())


@agencies.command("check", help="agencies-check")
def check(
    files: Annotated[list[str], typer.Argument(help="tables", show_default=False)],
    table_format: TableForm = AUTO,
    strict: Annotated[bool, typer.Option("--strict", help="strict")] = False,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Check tables."""
    with running("agencies-check", lang, as_json=as_json) as run:
        for name in files:
            try:
                result = _checked(open_table(name, table_format, strict=False), strict=strict)
            except VndocError as error:
                run.broke(name, error)
            else:
                run.add(name, result)
                _show_findings(run, name, result)


def _checked(opened: Opened, *, strict: bool) -> Result:
    findings = opened.table.findings
    errors = sum(finding.is_error for finding in findings)
    return {
        "status": "failed" if errors or (strict and findings) else "passed",
        "table": opened.view(),
        "agencies": len(opened.table),
        "counts": {"error": errors, "warning": len(findings) - errors},
        "findings": [
            finding.to_dict() for finding in sorted(findings, key=lambda f: (f.row is None, f.row or 0, not f.is_error))
        ],
    }


def _show_findings(run: Run, name: str, result: Result) -> None:
    counts, outcome = result["counts"], result["status"]
    line = run.word(
        "checked",
        name=name,
        outcome=run.word(outcome),
        count=result["agencies"],
        errors=counts["error"],
        warnings=counts["warning"],
        form=result["table"]["form"],
    )
    run.say(line, "bold green" if outcome == "passed" else STYLES["error"])
    for finding in result["findings"]:
        severity = "error" if finding["error"] else "warning"
        word = run.word(f"severity-{severity}")
        run.say(f"  {word}: {finding['text'][run.lang]} [{finding['check']}]", STYLES[severity])


@agencies.command("diff", help="agencies-diff")
def compare(
    old: Annotated[str, typer.Argument(help="old-table", show_default=False)],
    new: Annotated[str, typer.Argument(help="new-table", show_default=False)],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="delta-output", show_default=False)] = None,
    overwrite: Overwrite = False,
    table_format: TableForm = AUTO,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Compare two tables."""
    with running("agencies-diff", lang, as_json=as_json) as run:
        before, after = open_table(old, table_format), open_table(new, table_format)
        delta = diff(before.table, after.table)
        if output is not None:
            with Draft(output, overwrite=overwrite) as draft:
                draft.write(delta.dump())
                draft.publish()
        result = _difference(before, after, delta)
        run.add(new, {**result, "output": None if output is None else str(output)})
        _show_difference(run, result)


def _difference(before: Opened, after: Opened, delta: Delta) -> Result:
    changes = [_change(before.table, after.table, code) for code, _ in delta.changes]
    return {
        "status": "failed" if delta.base != delta.target else "passed",
        "old": before.view(),
        "new": after.view(),
        "info_changed": before.table.info != after.table.info,
        "groups_changed": before.table.groups != after.table.groups,
        "counts": {how: sum(c["change"] == how for c in changes) for how in ("added", "removed", "changed")},
        "changes": changes,
    }


def _change(old: RoutingTable, new: RoutingTable, code: str) -> dict[str, Any]:
    before, after = old.periods(code), new.periods(code)
    fields: set[str] = set()
    for one, other in zip(before, after, strict=False):
        fields |= {f.name for f in attrs.fields(Agency) if getattr(one, f.name) != getattr(other, f.name)}
    return {
        "code": code,
        "change": "added" if not before else "removed" if not after else "changed",
        "fields": sorted(fields),
        "before": [agency_view(old, agency, ()) for agency in before],
        "after": [agency_view(new, agency, ()) for agency in after],
    }


_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}


def _show_difference(run: Run, result: Result) -> None:
    names = {"old": result["old"]["name"], "new": result["new"]["name"]}
    if result["status"] == "passed":
        run.say(run.word("diff-none", **names), "bold green")
        return
    run.say(run.word("differs", **names, **result["counts"]), "bold")
    for key in ("info", "groups"):
        if result[f"{key}_changed"]:
            run.say(run.word(f"diff-{key}"))
    for change in result["changes"]:
        sign, style = _SIGNS[change["change"]]
        last = (change["after"] or change["before"])[-1]
        run.say(f"  {sign} {change['code']}  {last['name']}", style)
        for field in change["fields"]:
            run.say(f"      {field}: {_values(change['before'], field)} -> {_values(change['after'], field)}", "dim")


def _values(periods: list[dict[str, Any]], field: str) -> str:
    return " | ".join(_short(period[field]) for period in periods)


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(item["code"] if isinstance(item, dict) else str(item) for item in value) or "–"
    return str(value or "–")
