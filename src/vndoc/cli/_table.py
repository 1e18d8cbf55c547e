"""Routing tables that the arguments name: a file, standard input, or the table that the package ships."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import attrs

from vndoc.cli._inputs import STDIN
from vndoc.errors import SourceError
from vndoc.routing import RoutingTable
from vndoc.routing.load import MAX_BYTES

__all__ = ["AUTO", "BUILTIN", "Opened", "form_of", "open_table"]

BUILTIN = "builtin"
"""The name of the table that the package ships; a file of that name is ``./builtin``."""

AUTO = "auto"
"""The form of a table that is to be found out from its content."""

_MARKS = (
    (b'"vndoc-routing-table"', "json"),
    (b'"isAgency"', "axis-units"),
    (b'"centerCode"', "axis-units"),
    (b'"code102"', "axis-agencies-qd20"),
    (b'"oldCode"', "axis-agencies"),
)
"""What stands in one form of JSON only, the surest first."""


@attrs.frozen(eq=False)
class Opened:
    """A table, the name it was asked for by, and the form it was read in."""

    name: str
    form: str
    table: RoutingTable

    def view(self) -> dict[str, Any]:
        """Return which table it is as plain values."""
        return {"name": self.name, "form": self.form, "version": self.table.version, "digest": self.table.digest}


def open_table(name: str, form: str = AUTO, *, strict: bool = True) -> Opened:
    """Return the table called *name*, in *form* (one of ``FORMATS``, or ``auto``).

    Raises :class:`~vndoc.errors.SourceError` ``source-unreadable`` and what :meth:`vndoc.routing.RoutingTable.load`
    raises.
    """
    if name == BUILTIN:
        return Opened(name, "csv", RoutingTable.builtin())
    data = _octets(name)
    form = form_of(data) if form == AUTO else form
    return Opened(name, form, RoutingTable.load(data, format=form, strict=strict))


def form_of(data: bytes) -> str:
    """Return the form that *data* seems to be in: CSV unless it begins as JSON does."""
    if not data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        return "csv"
    return next((form for mark, form in _MARKS if mark in data), "json")


def _octets(name: str) -> bytes:
    """Return the content of the file, one octet more than allowed at most: the library says so then."""
    try:
        if name == STDIN:
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with Path(name).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise SourceError("source-unreadable", name=name, detail=detail) from error
