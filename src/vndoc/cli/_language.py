"""Which language to speak: asked for on the command line, else that of the environment. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vndoc.text import Lang

__all__ = ["default_language", "language_of"]

_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""In the order in which they count (POSIX)."""


def default_language(environ: Mapping[str, str]) -> Lang:
    """Return Vietnamese where the locale of *environ* says so, else English."""
    locale = next((environ[name] for name in _VARIABLES if environ.get(name)), "")
    return "vi" if locale.lower().startswith("vi") else "en"


def language_of(arguments: Sequence[str], environ: Mapping[str, str]) -> Lang:
    """Return the language that *arguments* ask for, found before they are parsed: for help and usage errors."""
    for place, argument in enumerate(arguments):
        if argument == "--":
            break
        if argument.startswith("--lang="):
            return "vi" if argument == "--lang=vi" else "en"
        if argument == "--lang" and place + 1 < len(arguments):
            return "vi" if arguments[place + 1] == "vi" else "en"
    return default_language(environ)
