"""Logs as one JSON object a line, without secrets: messages are fixed words, values stand beside them, masked."""

from __future__ import annotations

import datetime
import json
import logging
import re
from typing import Any, Final

from vndoc.errors import VndocError
from vndoc.text import shorten

__all__ = ["JsonFormatter", "log"]

_FACTS: Final = "vndoc"
_OF_ROWS: Final = frozenset({"message_id", "inbox", "row", "document"})
_ID: Final = re.compile("[0-9a-f]{32}")
"""What a node makes for its rows (``new_id``): digits enough in a row to be taken for a citizen number."""


def log(logger: logging.Logger, level: int, message: str, /, **facts: object) -> None:
    """Log *message*, which never changes, with *facts*, which do."""
    logger.log(level, message, extra={_FACTS: facts}, exc_info=False)


class JsonFormatter(logging.Formatter):
    """Writes each record as one line of JSON: ``at``, ``level``, ``logger``, ``message`` and the facts.

    Texts are shortened to 300 characters and citizen numbers masked; ids of rows stay whole, for by them an operator
    finds what the line is about. Of an exception its type is told, and of ours the code and text: a foreign message
    could hold anything.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for *record*."""
        entry: dict[str, Any] = {
            "at": datetime.datetime.fromtimestamp(record.created, datetime.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": shorten(record.getMessage(), 300),
        }
        facts: dict[str, object] = getattr(record, _FACTS, {})
        entry |= {name: _shown(value, name in _OF_ROWS) for name, value in facts.items() if name not in entry}
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            entry["error"] = error.code if isinstance(error, VndocError) else type(error).__name__
        return json.dumps(entry, ensure_ascii=False)


def _shown(value: object, of_a_row: bool) -> object:
    if of_a_row and isinstance(value, str) and _ID.fullmatch(value):
        return value
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, VndocError):
        return f"{value.code}: {shorten(value.text(), 300)}"
    if isinstance(value, BaseException):
        return type(value).__name__
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    return shorten(str(value), 300)
