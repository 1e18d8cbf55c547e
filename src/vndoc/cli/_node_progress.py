"""What ``vndoc node`` says while it works: rounds on standard output, troubles on standard error, a live line.

In a pipe or a file each round that did something is one plain line, written at once, and each trouble one line with the
carrier, the reason and its code. On a terminal the last line lives: totals, what waits, which carriers rest.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import attrs
from rich.status import Status
from rich.text import Text as Line

from vndoc.cli._run import Run, error_dict
from vndoc.cli._safe import clean
from vndoc.cli._words_node import NODE_NOTES
from vndoc.errors import VndocError

__all__ = ["Notes", "Progress", "logging_as_json", "moment", "notes", "nothing_yet"]

_LOGGER: Final = "vndoc"
_COUNTED: Final = ("sent", "received", "events", "postponed", "deadlines")
_EVERY: Final = 1.0
"""Seconds between two looks at what waits, for the live line: it must not be what keeps the store busy."""


def moment(at: datetime.datetime) -> str:
    """Return *at* as it is shown: local time, to the second, with its offset."""
    return at.astimezone().isoformat(sep=" ", timespec="seconds")


# -- troubles --------------------------------------------------------------------------------------------


@attrs.define(eq=False)
class Notes(logging.Handler):
    """Shows what the node warns of in the language of the run; ``last`` holds the latest error of each carrier."""

    run: Run
    last: dict[str, VndocError] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Show *record* as one line."""
        facts: Mapping[str, Any] = getattr(record, "vndoc", {})
        error = facts.get("error")
        if isinstance(error, VndocError) and "carrier" in facts:
            self.last[facts["carrier"]] = error
        text = f"{_now()}  {self._text(record, facts)}"
        if self.run.as_json:
            return
        if self.run.err.is_terminal and self.run.out.is_terminal:  # one screen: above the live line
            self.run.say(text, style="yellow")
        else:
            self.run.warn(text)

    def _text(self, record: logging.LogRecord, facts: Mapping[str, Any]) -> str:
        what = NODE_NOTES.get(record.msg)
        said = record.getMessage() if what is None else what.render(self.run.lang)
        where = facts.get("carrier")
        which = next((facts[name] for name in ("message_id", "item", "inbox", "row") if facts.get(name)), None)
        head = f"{where}: {said}" if where else said
        return head + ("" if which is None else f" ({which})") + self._why(facts)

    def _why(self, facts: Mapping[str, Any]) -> str:
        error, code = facts.get("error"), facts.get("code")
        if isinstance(error, VndocError):
            return f": {self.run.error_line(error)}"
        if isinstance(error, BaseException):
            return f": {type(error).__name__}"
        return f": {facts.get('detail') or ''} [{code}]" if code else ""

    def error_of(self, carrier: str) -> dict[str, Any] | None:
        """Return the latest error of *carrier* as plain values."""
        error = self.last.get(carrier)
        return None if error is None else error_dict(error)


@contextlib.contextmanager
def notes(run: Run) -> Iterator[Notes]:
    """Show what the node warns of while the block runs."""
    with _handling(made := Notes(run), logging.WARNING):
        yield made


@contextlib.contextmanager
def logging_as_json(stream: Any) -> Iterator[None]:
    """Log as JSON to *stream* while the block runs."""
    from vndoc.node import JsonFormatter  # noqa: PLC0415 - needs the extra of the store

    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    with _handling(handler, logging.INFO):
        yield


@contextlib.contextmanager
def _handling(handler: logging.Handler, wanted: int) -> Iterator[None]:
    logger = logging.getLogger(_LOGGER)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(wanted)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def _now() -> str:
    return datetime.datetime.now().astimezone().strftime("%H:%M:%S")


# -- rounds ----------------------------------------------------------------------------------------------


def nothing_yet() -> dict[str, int]:
    """Return what a run adds up, before its first round."""
    return {"sent": 0, "received": 0, "events": 0, "failures": 0, "rounds": 0}


@attrs.define(eq=False)
class Progress:
    """Counts the rounds of one run and tells of them. *health* says what waits, for the live line."""

    run: Run
    health: Callable[[], Any]
    total: dict[str, int] = attrs.field(factory=nothing_yet)
    _status: Status | None = None
    _looked: float = float("-inf")

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Keep the live line while the block runs, where standard output is a terminal."""
        if self.run.as_json or not self.run.out.is_terminal:
            yield
            return
        with self.run.out.status(self._live(), spinner="line") as self._status:
            yield
        self._status = None

    def each(self, done: Any) -> None:
        """Take note of a round."""
        self.total["rounds"] += 1
        for name in ("sent", "received", "events", "failures"):
            self.total[name] += getattr(done, name)
        facts = [self.run.word(f"node-{name}", count=count) for name in _COUNTED if (count := getattr(done, name))]
        if facts:
            self.run.say(f"{_now()}  {', '.join(facts)}")
            self.run.out.file.flush()
        if self._status is not None and time.monotonic() - self._looked >= _EVERY:
            self._status.update(self._live())
            self._looked = time.monotonic()

    def _live(self) -> Line:
        health = self.health()
        parts = [self.run.word("node-live", **self.total, waiting=health.waiting, parked=health.parked)]
        if health.resting:
            parts.append(self.run.word("node-resting", carriers=", ".join(health.resting)))
        if health.error:
            parts.append(self.run.word("node-error", error=health.error))
        return Line(clean("; ".join(parts)))
