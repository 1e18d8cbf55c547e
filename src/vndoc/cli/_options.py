"""Arguments and options that several commands share. Their help is a key of the table in ``_words``."""

from __future__ import annotations

import datetime
from typing import Annotated

import typer

from vndoc.text import Lang

__all__ = [
    "AsJson",
    "Files",
    "Language",
    "Overwrite",
    "ProfileName",
    "Recover",
    "TableFile",
    "TableForm",
    "Today",
]

Files = Annotated[list[str], typer.Argument(help="files", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="json")]
Language = Annotated[Lang | None, typer.Option("--lang", help="lang", show_default=False)]
ProfileName = Annotated[str, typer.Option("--profile", help="profile")]
Recover = Annotated[bool, typer.Option("--recover", help="recover")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="overwrite")]
Today = Annotated[
    datetime.datetime | None, typer.Option("--today", help="today", formats=["%Y-%m-%d"], show_default=False)
]
TableFile = Annotated[str, typer.Option("--table", help="table")]
TableForm = Annotated[str, typer.Option("--format", help="table-format")]
