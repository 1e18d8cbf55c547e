"""The page of a route: a tree that goes one branch deeper with each agency on the way."""

from __future__ import annotations

import datetime
from typing import Any

from rich.text import Text as Line
from rich.tree import Tree

from vndoc.cli._run import Result, Run
from vndoc.cli._safe import clean
from vndoc.cli._table import BUILTIN
from vndoc.routing import OUTCOMES, STEPS, Fate, Note, Outcome, Reason, StepKind, SuccessorKind
from vndoc.routing.terms import SUCCESSOR_KINDS, shown_date

__all__ = ["STYLES", "branch", "instrument_text", "show_route", "show_table"]

STYLES = {"passed": "bold green", "indeterminate": "bold yellow", "failed": "bold red", "error": "bold red"}
"""Status -> style."""

_DEEPER = {note.value for note in (Note.FOLLOWED, Note.SUGGESTED, Note.BY_FUNCTION, Note.DELEGATED, Note.ASCENDED)}
"""Notes after which the way goes on from another agency."""


def show_route(run: Run, name: str, result: Result) -> None:
    """Print what was found for the argument called *name*."""
    if "plan" in result:
        _show_plan(run, name, result)
    else:
        resolution = result["resolution"]
        tree = Tree(_line(_answer(run, resolution), STYLES[result["status"]]), guide_style="dim")
        branch(tree, _dates(run, resolution), "dim")
        _draw(run, tree, resolution)
        run.show(tree)
        _remarks(run, result, {resolution["reason"]})
    show_table(run, result["table"])
    run.say()


def show_table(run: Run, table: dict[str, Any]) -> None:
    """Print which table was asked."""
    run.say(run.word("table-used", name=table["name"], version=table["version"], digest=table["digest"][:12]), "dim")


def _show_plan(run: Run, name: str, result: Result) -> None:
    plan = result["plan"]
    title = run.word("plan", name=name, count=len(plan["results"]))
    tree = Tree(_line(title, STYLES[result["status"]]), guide_style="dim")
    branch(tree, _dates(run, plan), "dim")
    if plan["trace"]:
        branch(tree, run.word("plan-trace", trace=" -> ".join(plan["trace"])), "dim")
    for one in plan["results"]:
        bad = one["fate"] == Fate.UNDELIVERABLE.value
        below = branch(tree, one["text"][run.lang], "red" if bad else "")
        if one["resolution"] is not None and one["reason"] != Reason.EXACT.value:
            _draw(run, below, one["resolution"])
    for submission in plan["submissions"]:
        codes = ", ".join(delivery["code"] for delivery in submission["deliveries"])
        count = len(submission["deliveries"])
        branch(tree, run.word("plan-carrier", carrier=submission["carrier"], count=count, codes=codes))
    run.show(tree)
    missing = [one for one in plan["results"] if one["fate"] == Fate.UNDELIVERABLE.value]
    key = "plan-missing" if missing else "plan-complete" if plan["results"] else "plan-empty"
    run.say(run.word(key, count=len(missing)), STYLES[result["status"]])
    _remarks(run, result, {one["reason"] for one in missing})


def _remarks(run: Run, result: Result, reasons: set[str]) -> None:
    """Print what nobody should overlook: what the table that was asked cannot know."""
    if result["connection_unknown"]:
        run.say(run.word("route-unknown-connection"), "yellow")
    if result["table"]["name"] == BUILTIN and Reason.UNKNOWN_CODE.value in reasons:
        run.say(run.word("route-builtin"), "yellow")


def _answer(run: Run, resolution: dict[str, Any]) -> str:
    outcome = OUTCOMES[Outcome(resolution["outcome"])].render(run.lang)
    line = f"{resolution['code']}: {outcome} – {resolution['text'][run.lang]}"
    agency = resolution["agency"]
    return line if agency is None else f"{line} → {agency['code']}  {agency['name']}"


def _dates(run: Run, asked: dict[str, Any]) -> str:
    days = {key: shown_date(datetime.date.fromisoformat(asked[key]), run.lang) for key in ("at", "meant_at")}
    return run.word("route-dates", **days)


def _draw(run: Run, tree: Tree, resolution: dict[str, Any]) -> None:
    """Hang the steps of *resolution* into *tree*, and whom it may mean."""
    here = tree
    for step in resolution["steps"]:
        name = STEPS[StepKind(step["step"])].render(run.lang)
        below = branch(here, f"{name}: {step['text'][run.lang]}")
        if step["note"] in _DEEPER:
            here = below
    if resolution["candidates"]:
        below = branch(here, run.word("route-candidates"), "yellow")
        for candidate in resolution["candidates"]:
            branch(below, _candidate(run, candidate))


def _candidate(run: Run, one: dict[str, Any]) -> str:
    parts = [f"{one['code']}  {one['name']}".strip()]
    if one["kind"] is not None:
        parts.append(SUCCESSOR_KINDS[SuccessorKind(one["kind"])].render(run.lang))
    if one["suggested"]:
        parts.append(run.word("route-suggested"))
    return " · ".join(parts) + instrument_text(one)


def instrument_text(one: dict[str, Any]) -> str:
    """Return the legal instrument of *one* in brackets, or nothing."""
    return f" ({one['instrument']})" if one["instrument"] else ""


def branch(tree: Tree, text: str, style: str = "") -> Tree:
    """Hang one line of *text* below *tree* and return where more can hang."""
    return tree.add(_line(text, style))


def _line(text: str, style: str = "") -> Line:
    return Line(clean(text), style=style)
