"""``vndoc validate``: everything that is wrong with each packet, sorted by place."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import attrs
import typer

import vndoc
from vndoc.cli._inputs import Input, inputs
from vndoc.cli._options import AsJson, Files, Language, ProfileName, Recover, Today
from vndoc.cli._page import STYLES, show_remark
from vndoc.cli._run import Result, Run, place_dict, running
from vndoc.cli._view import HIDDEN, is_private
from vndoc.edxml import Severity, profile_of
from vndoc.schema import Finding, Report
from vndoc.text import mask, shorten

__all__ = ["report_view", "show_report", "validate"]


def validate(
    files: Files,
    profile: ProfileName = "qcvn-102",
    today: Today = None,
    structure: Annotated[str, typer.Option("--structure", help="structure")] = "fast",
    recover: Recover = False,
    strict: Annotated[bool, typer.Option("--strict", help="strict")] = False,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Check each packet."""
    with running("validate", lang, as_json=as_json) as run:
        form = profile_of(profile)
        day = None if today is None else today.date()

        def examine(item: Input) -> Result:
            with vndoc.read(item.check(), recover=recover) as reading:
                report = vndoc.validate(reading, profile=form, today=day, structure=structure)
            return report_view(report, strict=strict)

        run.each(inputs(files), examine, lambda name, result: show_report(run, name, result))


def report_view(report: Report, *, strict: bool = False) -> Result:
    """Return *report* as plain values; with *strict*, warnings fail."""
    passed = report.passed and not (strict and report.warnings)
    counts = Counter(f.severity.value for f in report.findings)
    return {
        "status": "passed" if passed else "failed",
        "profile": report.profile,
        "structure": report.structure,
        "counts": {severity.value: counts[severity.value] for severity in reversed(Severity)},
        "findings": [_finding(f) for f in report.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    if finding.found is not None and is_private(finding.place.path):
        finding = attrs.evolve(finding, found=HIDDEN)
    return {
        "id": finding.id,
        "severity": finding.severity.value,
        "place": place_dict(finding.place),
        "source": finding.source,
        "code": finding.code,
        "found": None if finding.found is None else shorten(finding.found, 200),
        "expected": None if finding.expected is None else shorten(finding.expected, 200),
        "text": {"vi": mask(finding.text("vi")), "en": mask(finding.text("en"))},
    }


def show_report(run: Run, name: str, result: Result) -> None:
    """Print the outcome for the packet called *name*, then its findings."""
    counts, outcome = result["counts"], result["status"]
    line = run.word(
        "outcome",
        name=name,
        outcome=run.word(outcome),
        errors=counts["error"],
        warnings=counts["warning"],
        notes=counts["note"],
    )
    run.say(line, "bold green" if outcome == "passed" else STYLES["error"])
    for finding in result["findings"]:
        show_remark(run, finding)
