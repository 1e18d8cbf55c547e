"""``vndoc schema``: the JSON Schema of what a command prints with ``--json``."""

from __future__ import annotations

import json
import sys
from importlib import resources
from typing import Annotated

import typer

from vndoc.cli._options import Language
from vndoc.cli._run import filled, running
from vndoc.errors import UsageError
from vndoc.text import Text

__all__ = ["COMMANDS", "RECORDS", "schema", "schema_text"]

COMMANDS = (
    "agencies-check",
    "agencies-diff",
    "agencies-search",
    "agencies-show",
    "build",
    "convert",
    "demo",
    "evidence-check",
    "evidence-make",
    "evidence-stamp",
    "extract",
    "inspect",
    "node-dead",
    "node-poll",
    "node-run",
    "node-send",
    "node-status",
    "node-tidy",
    "profiles",
    "route",
    "sign",
    "sim",
    "stats",
    "trust-add",
    "trust-bundle",
    "trust-check",
    "trust-list",
    "trust-show",
    "validate",
    "verify",
)
"""Commands that have ``--json``; those of a group with its name before theirs."""

RECORDS = ("evidence-record",)
"""Files that have a schema, too."""

_UNKNOWN = Text(
    "không có JSON Schema tên {name}; hiện có: {known}", "there is no JSON Schema named {name}; known: {known}"
)


def schema(
    command: Annotated[str, typer.Argument(help="schema-name", show_default=False)], lang: Language = None
) -> None:
    """Print one JSON Schema."""
    with running("schema", lang, as_json=False):
        if command not in (*COMMANDS, *RECORDS):
            known = ", ".join((*COMMANDS, *RECORDS))
            shown = Text(known, known)  # all of them: a text is not cut short
            raise UsageError("option-invalid", detail=filled(_UNKNOWN, name=command, known=shown))
        sys.stdout.write(schema_text(command))


def schema_text(command: str) -> str:
    """Return the JSON Schema for *command*, which is one of :data:`COMMANDS` or :data:`RECORDS`."""
    if command in RECORDS:
        from vndoc.signature.evidence import RECORD_SCHEMA  # noqa: PLC0415 - other schemas need no signatures

        return json.dumps(RECORD_SCHEMA, ensure_ascii=False, indent=2) + "\n"
    return resources.files("vndoc.cli").joinpath("schemas", f"{command}.schema.json").read_text(encoding="utf-8")
