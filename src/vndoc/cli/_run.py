"""One run of a command: where it prints, what it collects for ``--json``, and the exit code it ends with."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import typer
from rich.console import Console, RenderableType
from rich.text import Text as Line

from vndoc.cli._inputs import Input
from vndoc.cli._language import default_language
from vndoc.cli._safe import clean, dump
from vndoc.cli._words import WORDS
from vndoc.errors import AttachmentError, IdentifierError, Place, VndocError, WriteError
from vndoc.text import Lang, Text, mask, shorten

__all__ = [
    "BROKEN_PIPE",
    "FAILED",
    "INDETERMINATE",
    "INTERRUPTED",
    "PASSED",
    "SCHEMA_VERSION",
    "UNUSABLE",
    "Result",
    "Run",
    "both",
    "error_dict",
    "filled",
    "hush",
    "place_dict",
    "running",
    "status_of",
]

PASSED, FAILED, UNUSABLE, INDETERMINATE = 0, 1, 2, 3
INTERRUPTED, BROKEN_PIPE = 130, 141
"""As a shell reports a process that ended by SIGINT and by SIGPIPE."""

SCHEMA_VERSION = "1.0"
"""Of the JSON that all commands print: the second number counts additions, the first what breaks readers."""

_STATUS = {"passed": PASSED, "indeterminate": INDETERMINATE, "failed": FAILED, "error": UNUSABLE}
"""Status -> exit code; of several, the one that stands last here counts."""
_ORDER = tuple(_STATUS.values())
_HINTS = {
    "target-exists": "overwrite-hint",
    "table-invalid": "check-hint",
    "passphrase-needed": "passphrase-hint",
    "signer-certificate-missing": "certificates-hint",
}
"""Errors that the command can help with."""
_KINDS: dict[object, Text] = {
    "DocumentPacket": Text("gói tin văn bản", "document packet"),
    "StatusPacket": Text("gói tin trạng thái", "status packet"),
}
_WIDTH = 120
"""Columns of a page that goes into a file or a pipe."""

Result = dict[str, Any]
"""What became of one input: plain values, with ``status`` ``passed``, ``failed``, ``indeterminate`` or ``error``."""


class _Console(Console):
    """A console that leaves a broken pipe to :func:`running`."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _console(*, stderr: bool) -> Console:
    file = sys.stderr if stderr else sys.stdout
    width = None if file.isatty() or "COLUMNS" in os.environ else _WIDTH
    return _Console(file=file, width=width, markup=False, emoji=False, highlight=False, soft_wrap=False)


@attrs.define(eq=False)
class Run:
    """One run: ``lang`` and ``as_json`` as asked for, ``results`` so far, ``code`` the worst that happened."""

    command: str
    lang: Lang
    as_json: bool
    out: Console = attrs.field(factory=lambda: _console(stderr=False))
    err: Console = attrs.field(factory=lambda: _console(stderr=True))
    results: list[Result] = attrs.field(factory=list)
    code: int = PASSED

    def word(self, key: str, /, **values: object) -> str:
        """Return a text of the command in the language of the run, safe to print."""
        return WORDS[key].render(self.lang, **{name: clean(value) for name, value in values.items()})

    def say(self, text: object = "", style: str = "") -> None:
        """Print one line of the page; nothing with ``--json``."""
        if not self.as_json:
            self.show(Line(clean(text), style=style))

    def show(self, page: RenderableType) -> None:
        """Print *page*; nothing with ``--json``.

        In files and pipes, plain lines are not wrapped and none has blanks at its end.
        """
        if self.as_json:
            return
        if self.out.is_terminal:
            self.out.print(page)
            return
        with self.out.capture() as captured:
            self.out.print(page, soft_wrap=isinstance(page, Line))
        self.out.file.write("".join(line.rstrip() + "\n" for line in captured.get().splitlines()))

    def warn(self, text: object, style: str = "yellow") -> None:
        """Print one line to standard error; nothing with ``--json``, which has it in its results."""
        if not self.as_json:
            self.err.print(Line(clean(text), style=style), soft_wrap=not self.err.is_terminal)

    def add(self, name: str | None, result: Result) -> None:
        """Keep *result* for the input called *name* and remember the worst status."""
        self.results.append({"input": name, **result})
        self.code = max(self.code, _STATUS[result["status"]], key=_ORDER.index)

    def broke(self, name: str | None, error: VndocError) -> None:
        """Report that *error* ended the work on the input called *name*."""
        self.add(name, {"status": status_of(error), "error": error_dict(error)})
        subject = "vndoc" if name is None else name
        hint = f" {self.word(_HINTS[error.code])}" if error.code in _HINTS else ""
        self.warn(f"{subject}: {self.error_line(error)}{hint}", style="red")

    def error_line(self, error: VndocError) -> str:
        """Return *error* on one line, with its code and place."""
        where = f" ({self.place(error.place)})" if error.place is not None else ""
        if error.values.get("hint"):  # it speaks of the library's argument
            error = type(error)(error.code, place=error.place, **{**error.values, "hint": WORDS["recover-hint"]})
        if error.code == "wrong-packet-kind":  # it speaks of the library's types
            error = type(error)(error.code, place=error.place, **{k: _KINDS.get(v, v) for k, v in error.values.items()})
        return f"{error.text(self.lang)} [{error.code}]{where}"

    def place(self, place: Place) -> str:
        """Return *place* in the language of the run."""
        path = mask(place.path)
        return path if place.line is None else self.word("place-line", path=path, line=place.line)

    def each(
        self, items: Iterable[Input], examine: Callable[[Input], Result], show: Callable[[str, Result], None]
    ) -> None:
        """*examine* each input by itself, keep the result, *show* it; errors of one leave the others alone."""
        for item in items:
            try:
                result = examine(item)
            except VndocError as error:
                self.broke(item.name, error)
            else:
                self.add(item.name, result)
                if not self.as_json:
                    show(item.name, self.results[-1])

    def finish(self) -> None:
        """Print the JSON, if asked for, and leave with the exit code."""
        if self.as_json:
            value = {"schema_version": SCHEMA_VERSION, "command": self.command, "results": self.results}
            plain = "utf" not in (sys.stdout.encoding or "").lower()
            sys.stdout.write(dump(value, ascii_only=plain) + "\n")
        sys.stdout.flush()
        if self.code:
            raise typer.Exit(self.code)


@contextmanager
def running(command: str, lang: Lang | None, *, as_json: bool) -> Iterator[Run]:
    """Give a run to a command and end it: every :class:`VndocError` becomes a result, a broken pipe stays quiet."""
    run = Run(command, lang or default_language(os.environ), as_json)
    try:
        try:
            yield run
        except VndocError as error:
            run.broke(None, error)
        run.finish()
    except BrokenPipeError:
        hush()
        raise typer.Exit(BROKEN_PIPE) from None


def hush() -> None:
    """Send what is still unwritten nowhere: whoever read standard output has left."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, no path
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def status_of(error: VndocError) -> str:
    """Return ``failed`` where the input could be read but not pass, ``error`` where it is unusable."""
    return "failed" if isinstance(error, AttachmentError | IdentifierError | WriteError) else "error"


def filled(text: Text, /, **values: object) -> Text:
    """Return *text* with *values* filled in, shortened and masked, as the detail of an error."""
    shown = {name: shorten(value, 120) if isinstance(value, str) else value for name, value in values.items()}
    return text.filled(**shown)


def both(text: Text, /, **values: object) -> dict[str, str]:
    """Return *text* in both languages: the JSON does not depend on who reads it."""
    return {"vi": text.render("vi", **values), "en": text.render("en", **values)}


def error_dict(error: VndocError) -> dict[str, Any]:
    """Return *error* as plain values."""
    text = {"vi": error.text("vi"), "en": error.text("en")}
    return {"code": error.code, "text": text, "place": None if error.place is None else place_dict(error.place)}


def place_dict(place: Place) -> dict[str, Any]:
    """Return *place* as plain values."""
    return {"path": mask(place.path), "line": place.line}
