"""``vndoc schema``: the JSON Schema of what a command prints with ``--json``."""

from __future__ import annotations

import sys
from importlib import resources
from typing import Annotated

import typer

from vndoc.cli._options import Language
from vndoc.cli._run import filled, running
from vndoc.errors import UsageError
from vndoc.text import Text

__all__ = ["COMMANDS", "schema", "schema_text"]

COMMANDS = (
    "agencies-check",
    "agencies-diff",
    "agencies-search",
    "agencies-show",
    "build",
    "convert",
    "demo",
    "extract",
    "inspect",
    "node-dead",
    "node-poll",
    "node-run",
    "node-send",
    "node-status",
    "profiles",
    "route",
    "sign",
    "trust-add",
    "trust-check",
    "trust-list",
    "trust-show",
    "validate",
    "verify",
)
"""Commands that have ``--json``; those of a group with its name before theirs."""

_UNKNOWN = Text(
    "không có JSON Schema tên {name}; hiện có: {known}", "there is no JSON Schema named {name}; known: {known}"
)


def schema(
    command: Annotated[str, typer.Argument(help="schema-name", show_default=False)], lang: Language = None
) -> None:
    """Print one JSON Schema."""
    with running("schema", lang, as_json=False):
        if command not in COMMANDS:
            raise UsageError("option-invalid", detail=filled(_UNKNOWN, name=command, known=", ".join(COMMANDS)))
        sys.stdout.write(schema_text(command))


def schema_text(command: str) -> str:
    """Return the JSON Schema for *command*, which is one of :data:`COMMANDS`."""
    return resources.files("vndoc.cli").joinpath("schemas", f"{command}.schema.json").read_text(encoding="utf-8")
