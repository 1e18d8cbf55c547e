"""What the arguments name: files, folders, standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import attrs

from vndoc.errors import SourceError, VndocError

__all__ = ["STDIN", "SUFFIXES", "Input", "inputs"]

STDIN = "-"
"""The argument that stands for standard input."""

SUFFIXES = (".edxml", ".xml")
"""Which files of a folder count as packets, in any case of letters."""


@attrs.frozen(kw_only=True)
class Input:
    """One packet to work on.

    ``name`` is shown, ``source`` is read, ``relative`` is where it stands below the folder that was named (its
    file name otherwise), ``problem`` says why there is nothing to read.
    """

    name: str
    source: str | BinaryIO
    relative: Path
    problem: VndocError | None = None

    def check(self) -> str | BinaryIO:
        """Return the source; raise the problem if there is one."""
        if self.problem is not None:
            raise self.problem
        return self.source


def inputs(arguments: Sequence[str], suffixes: tuple[str, ...] = SUFFIXES) -> Iterator[Input]:
    """Yield what *arguments* name, in their order; the files of a folder, with one of *suffixes*, sorted by path.

    Symbolic links to folders below a folder are not followed. What cannot be listed is yielded with its problem.
    """
    for argument in arguments:
        if argument == STDIN:
            yield Input(name=STDIN, source=sys.stdin.buffer, relative=Path("stdin"))
        elif os.path.isdir(argument):  # noqa: PTH112 - the argument as it was typed
            yield from _folder(argument, suffixes)
        else:
            yield Input(name=argument, source=argument, relative=Path(Path(argument).name))


def _folder(folder: str, suffixes: tuple[str, ...]) -> Iterator[Input]:
    problems: list[OSError] = []
    found = [
        Path(place, name)
        for place, _, names in os.walk(folder, onerror=problems.append)
        for name in names
        if name.lower().endswith(suffixes)
    ]
    for path in sorted(found, key=lambda p: p.parts):
        yield Input(name=str(path), source=str(path), relative=path.relative_to(folder))
    for problem in problems:
        name = str(problem.filename)
        error = SourceError("source-unreadable", name=name, detail=problem.strerror or str(problem))
        yield Input(name=name, source=name, relative=Path(), problem=error)
    if not found and not problems:
        error = SourceError("no-packets", name=folder, expected=", ".join(suffixes))
        yield Input(name=folder, source=folder, relative=Path(), problem=error)
