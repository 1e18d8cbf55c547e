"""The commands put together, and the way from arguments to an exit code."""

from __future__ import annotations

import contextlib
import copy
import io
import os
import re
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from vndoc._version import __version__
from vndoc.cli._agencies import agencies
from vndoc.cli._build import build
from vndoc.cli._convert import convert
from vndoc.cli._demo import demo
from vndoc.cli._evidence import evidence
from vndoc.cli._extract import extract
from vndoc.cli._inspect import inspect
from vndoc.cli._language import language_of
from vndoc.cli._node import node
from vndoc.cli._profiles import profiles
from vndoc.cli._route import route
from vndoc.cli._run import BROKEN_PIPE, UNUSABLE, hush
from vndoc.cli._safe import clean
from vndoc.cli._schema import schema
from vndoc.cli._sign import sign
from vndoc.cli._sim import sim
from vndoc.cli._stats import stats
from vndoc.cli._trust_commands import trust
from vndoc.cli._usage import context_in, usage_text
from vndoc.cli._validate import validate
from vndoc.cli._verify import verify
from vndoc.cli._words import HELP, WORDS
from vndoc.errors import SourceError, VndocError
from vndoc.text import Lang

__all__ = ["app", "run"]

_SENTENCE = re.compile(r"(?<=\.)\s")
STDOUT = "-"
"""The name of standard output in an error."""

app = typer.Typer(
    name="vndoc",
    help="vndoc",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
)
for _function in (inspect, validate, build, convert, extract, sign, verify, route, demo, sim, stats, profiles, schema):
    app.command(_function.__name__, help=_function.__name__)(_function)
app.add_typer(agencies, name="agencies", help="agencies")
app.add_typer(trust, name="trust", help="trust")
app.add_typer(evidence, name="evidence", help="evidence")
app.add_typer(node, name="node", help="node")


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"vndoc {__version__}\n")
        raise typer.Exit


@app.callback()
def _vndoc(
    version: Annotated[bool, typer.Option("--version", help="version", callback=_print_version, is_eager=True)] = False,
) -> None:
    pass


def command_in(lang: Lang) -> Any:
    """Return the command with its help in *lang*."""
    group: Any = typer.main.get_command(app)
    _speak(group, "vndoc", lang)
    return group


def _speak(command: Any, key: str, lang: Lang) -> None:
    """Give *command*, and those below it, the help that stands under *key*: ``route``, ``agencies-show``."""
    command.help = HELP[key].render(lang)
    command.short_help = _SENTENCE.split(command.help, maxsplit=1)[0]  # what is not given here is cut off
    command.context_class = context_in(lang)
    for parameter in command.params:
        if parameter.help in HELP:
            parameter.help = HELP[parameter.help].render(lang)
    parts = getattr(command, "commands", {})
    for name, part in parts.items():
        _speak(part, name if key == "vndoc" else f"{key}-{name}", lang)
    if parts:  # a group takes --lang for all of its commands
        spoken = copy.copy(next(p for part in parts.values() for p in part.params if p.name == "lang"))
        spoken.expose_value = False
        command.params.append(spoken)


def _asked(command: Any, lang: Lang) -> dict[str, Any]:
    """Return what the commands of a group take for granted: the language that stands before their names."""
    parts = getattr(command, "commands", {})
    return {name: _asked(part, lang) for name, part in parts.items()} if parts else {"lang": lang}


def run(arguments: Sequence[str]) -> int:
    """Run the command with *arguments* and return its exit code; bad arguments give one line and 2."""
    lang = language_of(arguments, os.environ)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            group = command_in(lang)
            asked = {"default_map": _asked(group, lang)}
            code = group(list(arguments), prog_name="vndoc", standalone_mode=False, **asked) or 0
        except TyperException as error:
            code = _usage(error, lang)
        sys.stdout.flush()
    except BrokenPipeError:
        hush()
        return BROKEN_PIPE
    except OSError as error:
        if isinstance(error, VndocError) or error.filename is not None:
            raise
        return _unwritable(error, lang)
    return int(code)


def _usage(error: TyperException, lang: Lang) -> int:
    context = getattr(error, "ctx", None)
    if "\n" in error.message:  # the help, for want of arguments
        sys.stdout.write(error.message + "\n")
        return UNUSABLE
    path = "vndoc" if context is None else context.command_path
    lines = (
        WORDS["usage"].render(lang, text=clean(usage_text(error.format_message(), lang))),
        WORDS["usage-hint"].render(lang, path=path),
    )
    sys.stderr.write("\n".join(lines) + "\n")
    return UNUSABLE


def _unwritable(error: OSError, lang: Lang) -> int:
    """Say that standard output takes no more, as on a full disk."""
    hush()
    known = SourceError("target-unwritable", name=STDOUT, detail=error.strerror or str(error))
    with contextlib.suppress(OSError):  # standard error may be on the same disk
        sys.stderr.write(f"vndoc: {known.text(lang)} [{known.code}]\n")
        sys.stderr.flush()
    return UNUSABLE
