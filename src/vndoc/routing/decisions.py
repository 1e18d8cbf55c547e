"""How routing decides, as rows for the documentation: drawn from the tables that the engine itself uses.

Not loaded by :mod:`vndoc.routing`.
"""

from __future__ import annotations

from collections.abc import Iterator

from vndoc.routing.axis import RULES
from vndoc.routing.checks import CHECKS
from vndoc.routing.words import NOTES, OUTCOMES, REASONS, STEPS
from vndoc.text import Lang

__all__ = ["axis_rows", "check_rows", "decision_rows", "step_rows"]


def step_rows(lang: Lang = "en") -> Iterator[tuple[int, str, str, str]]:
    """Yield, for each note that a step can leave: number of the step, its name, id of the note, text of the note."""
    for number, (kind, name) in enumerate(STEPS.items(), 1):
        for note, row in NOTES.items():
            if row.step is kind:
                yield number, name.render(lang), note.value, row.text.vi if lang == "vi" else row.text.en


def decision_rows(lang: Lang = "en") -> Iterator[tuple[str, str, str, str]]:
    """Yield every answer: id and text of the outcome, id and text of the reason, in the order of the outcomes."""
    for outcome, text in OUTCOMES.items():
        for reason, row in REASONS.items():
            if row.outcome is outcome:
                yield outcome.value, text.render(lang), reason.value, row.text.render(lang)


def check_rows(lang: Lang = "en") -> Iterator[tuple[str, str, str]]:
    """Yield what is checked at load: id, ``error`` or ``warning``, text."""
    for check, row in CHECKS.items():
        yield check.value, "error" if row.is_error else "warning", row.text.vi if lang == "vi" else row.text.en


def axis_rows(lang: Lang = "en") -> Iterator[tuple[str, str]]:
    """Yield how gaps in the registry's answers are filled: id and text."""
    for name, text in RULES.items():
        yield name, text.render(lang)
