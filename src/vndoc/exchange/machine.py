"""What a table of states is: every state and every event either moves or is refused with a coded error.

A table holds no conditions. Where a limit or a policy decides, it decides *which event* happened; so the table can
be drawn, and tested cell by cell.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Generic, TypeVar

import attrs

from vndoc.errors import ExchangeError
from vndoc.errors._arguments import need
from vndoc.text import Text

__all__ = ["Machine", "Refused", "Transition"]

_S = TypeVar("_S", bound=enum.Enum)
_E = TypeVar("_E", bound=enum.Enum)


@attrs.frozen
class Transition(Generic[_S, _E]):
    """One row: in *state*, *event* leads to *to*. ``does`` names the kinds of effect that come with it."""

    state: _S
    event: _E
    to: _S
    does: tuple[str, ...] = ()

    @property
    def moves(self) -> bool:
        """Return whether the state changes; a row that stays records something and changes nothing."""
        return self.state is not self.to


@attrs.frozen
class Refused(Generic[_S, _E]):
    """One cell without a row: *event* does not happen in *state*. ``code`` is that of the error."""

    state: _S
    event: _E
    code: str


@attrs.frozen(slots=False, eq=False)
class Machine(Generic[_S, _E]):
    """One table. ``texts`` names every state and event in both languages; states in ``finals`` are never left.

    A table that is not whole is a mistake of its author and raises ``ValueError`` when it is made: two rows for
    one cell, a row that leaves a final state, a state that cannot be reached or has no text.
    """

    name: str
    title: Text
    initial: _S
    finals: frozenset[_S]
    rows: tuple[Transition[_S, _E], ...]
    texts: Mapping[_S | _E, Text] = attrs.field(repr=False)
    events: type[_E]
    _cells: Mapping[tuple[_S, _E], Transition[_S, _E]] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        cells = {(row.state, row.event): row for row in self.rows}
        object.__setattr__(self, "_cells", MappingProxyType(cells))
        faults = [
            *(["two rows for one cell"] if len(cells) != len(self.rows) else []),
            *(f"{r.state.value} is final and left by {r.event.value}" for r in self._leaving_finals()),
            *(f"{s.value} cannot be reached" for s in self.states if s not in self.reachable[self.initial]),
            *(f"{m.value} has no text" for m in (*self.states, *self.events) if m not in self.texts),
        ]
        if faults:
            message = f"{self.name}: {', '.join(faults)}"
            raise ValueError(message)

    def _leaving_finals(self) -> Iterator[Transition[_S, _E]]:
        return (row for row in self.rows if row.state in self.finals and row.moves)

    @property
    def states(self) -> tuple[_S, ...]:
        """Return all states, in the order of their definition."""
        return tuple(type(self.initial))

    @cached_property
    def reachable(self) -> Mapping[_S, frozenset[_S]]:
        """Return for each state the states that some sequence of events leads to, itself among them."""
        found: dict[_S, frozenset[_S]] = {}
        for start in self.states:
            seen, waiting = {start}, [start]
            while waiting:
                here = waiting.pop()
                onward = {row.to for row in self.rows if row.state is here} - seen
                seen |= onward
                waiting += onward
            found[start] = frozenset(seen)
        return MappingProxyType(found)

    def is_final(self, state: _S) -> bool:
        """Return whether *state* is never left."""
        return state in self.finals

    def cell(self, state: _S, event: _E) -> Transition[_S, _E] | Refused[_S, _E]:
        """Return what *event* does in *state*.

        Raises :class:`~vndoc.errors.UsageError` ``option-invalid`` for a state or an event of another table.
        """
        row = self._cells.get((state, event))
        if row is not None:
            return row
        need("state", state, type(self.initial))
        need("event", event, self.events)
        return Refused(state, event, "state-is-final" if state in self.finals else "event-not-allowed")

    def step(self, state: _S, event: _E) -> Transition[_S, _E]:
        """Return the row for *event* in *state*.

        Raises :class:`~vndoc.errors.ExchangeError` ``event-not-allowed``, or ``state-is-final`` where the state is
        never left, and as :meth:`cell`.
        """
        cell = self.cell(state, event)
        if isinstance(cell, Transition):
            return cell
        raise ExchangeError(cell.code, machine=self.title, event=self.texts[event], state=self.texts[state])

    def cells(self) -> Iterator[Transition[_S, _E] | Refused[_S, _E]]:
        """Yield every cell: states in their order, and for each state the events in theirs."""
        for state in self.states:
            for event in self.events:
                yield self.cell(state, event)
