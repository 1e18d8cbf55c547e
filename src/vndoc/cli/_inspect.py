"""``vndoc inspect``: a readable page of each packet."""

from __future__ import annotations

from typing import Annotated

import typer

import vndoc
from vndoc.cli._inputs import Input, inputs
from vndoc.cli._options import AsJson, Files, Language, Recover
from vndoc.cli._page import show_page
from vndoc.cli._run import Result, running
from vndoc.cli._view import view

__all__ = ["inspect"]


def inspect(
    files: Files,
    full: Annotated[bool, typer.Option("--full", help="full")] = False,
    no_digest: Annotated[bool, typer.Option("--no-digest", help="no-digest")] = False,
    recover: Recover = False,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Show what is in each packet."""

    def examine(item: Input) -> Result:
        with vndoc.read(item.check(), recover=recover) as reading:
            return view(reading, full=full, digest=not no_digest)

    with running("inspect", lang, as_json=as_json) as run:
        run.each(inputs(files), examine, lambda name, result: show_page(run, name, result))
