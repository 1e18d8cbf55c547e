"""Statements that are done often: compiled once for each kind of database, then given to the driver itself.

SQLAlchemy writes them, so both databases get their own form of the same statement, and says how each type is bound and
read. Only the way from values to the driver's cursor and back is ours: it costs a fraction. Everything happens on the
connection of the transaction that is open, and errors are those that SQLAlchemy would raise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar, cast

import attrs
from sqlalchemy import JSON, Dialect, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from vndoc.store._engine import Link

T = TypeVar("T")
_Process = Callable[[Any], Any] | None
_PLAIN: Final = frozenset({dict, list, str, type(None)})
_PREFIX: Final = "p_"
"""What the names of parameters begin with in statements (see :func:`vndoc.store._rows.named`), but not in values."""


@attrs.frozen
class _Form:
    """A statement for one kind of database: its text, what is bound to it in which order, and how a row is read.

    Of each parameter there is its name in the statement, its name among the values, and how it is bound.
    """

    text: str
    binds: tuple[tuple[str, str, _Process], ...]
    fixed: Mapping[str, Any]
    named: bool
    columns: tuple[tuple[str, _Process], ...]

    def bound(self, values: Mapping[str, Any]) -> Any:
        """Return *values* as the driver takes them."""
        if self.fixed:
            values = {**values, **self.fixed}
        if self.named:
            return {name: values[key] if make is None else make(values[key]) for name, key, make in self.binds}
        return tuple([values[key] if make is None else make(values[key]) for _, key, make in self.binds])


class Prepared:
    """One statement with one set of parameters, by name; values that stand in the statement are bound as they are."""

    def __init__(self, statement: Executable) -> None:
        self._statement: Any = statement
        self._forms: dict[str, _Form] = {}

    def _form(self, dialect: Dialect) -> _Form:
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = self._made(dialect)
        return form

    def _for(self, _dialect: Dialect) -> Any:
        return self._statement

    def _made(self, dialect: Dialect) -> _Form:
        statement = self._for(dialect)
        compiled = statement.compile(dialect=dialect)
        names = compiled.positiontup if compiled.positional else list(compiled.binds)
        given = {name: _given(name, bind) for name, bind in compiled.binds.items()}
        return _Form(
            text=str(compiled),
            binds=tuple((name, given[name], _binder(compiled.binds[name].type, dialect)) for name in names),
            fixed=MappingProxyType({given[n]: bind.value for n, bind in compiled.binds.items() if not bind.required}),
            named=not compiled.positional,
            columns=self._columns(statement, dialect),
        )

    def _columns(self, _statement: Any, _dialect: Dialect) -> tuple[tuple[str, _Process], ...]:
        return ()


class Action(Prepared):
    """A statement that changes rows, or returns nothing of use."""

    def __call__(self, link: Link, values: Mapping[str, Any]) -> int:
        """Do it and return how many rows it concerned."""
        form = self._form(link.dialect)
        count: int = link.run(form.text, form.bound(values), rows=False)
        return count


class Question(Prepared, Generic[T]):
    """A statement that returns rows: *kind* makes the value of each, *converted* are conversions of columns for it."""

    def __init__(self, statement: Executable, kind: Callable[..., T], **converted: Callable[[Any], Any]) -> None:
        super().__init__(statement)
        self._kind = kind
        self._converted = converted

    def all(self, link: Link, values: Mapping[str, Any]) -> list[T]:
        """Return the values of all rows."""
        form = self._form(link.dialect)
        rows = link.run(form.text, form.bound(values), rows=True)
        return [_value(self._kind, form.columns, row) for row in rows]

    def first(self, link: Link, values: Mapping[str, Any]) -> T | None:
        """Return the value of the first row, None if there is none."""
        found = self.all(link, values)
        return found[0] if found else None

    def _columns(self, statement: Any, dialect: Dialect) -> tuple[tuple[str, _Process], ...]:
        """Return name and reading of each column of a row; a name is empty where the value has no such field."""
        fields = {field.name for field in attrs.fields(cast("Any", self._kind))}
        return tuple(
            (column.key if column.key in fields else "", self._reader(column.key, column.type, dialect))
            for column in statement.exported_columns
        )

    def _reader(self, name: str, kind: TypeEngine[Any], dialect: Dialect) -> _Process:
        read = kind.dialect_impl(dialect).result_processor(dialect, None)
        convert = self._converted.get(name)
        if read is None or convert is None:
            return convert or read
        return lambda value: convert(read(value))


class InsertOnce(Action):
    """Insert a row unless one with the same key is there: one row, or none. *but*: columns that are left empty."""

    def __init__(self, table: Table, *, but: tuple[str, ...] = ()) -> None:
        super().__init__(table.insert())
        self._table = table
        self._given = [column.key for column in table.columns if column.key not in but]

    def _for(self, dialect: Dialect) -> Any:
        insert: Any = sqlite.insert if dialect.name == "sqlite" else postgresql.insert
        # Inline: no RETURNING of the key. The count is what says whether the row is new.
        return _Insertion(insert(self._table).on_conflict_do_nothing().inline(), self._given)


class Insert(InsertOnce):
    """Insert a row that must be new."""

    def _for(self, dialect: Dialect) -> Any:  # noqa: ARG002 - the same for both
        return _Insertion(self._table.insert().inline(), self._given)


@attrs.frozen
class _Insertion:
    """An insertion that names the columns it gives."""

    statement: Any
    columns: list[str]

    def compile(self, dialect: Dialect) -> Any:
        """As a statement does."""
        return self.statement.compile(dialect=dialect, column_keys=self.columns)


def _given(name: str, bind: Any) -> str:
    """Return the name of a parameter among the values; what stands in the statement gets one that no value has."""
    return str(name.removeprefix(_PREFIX)) if bind.required else f"={name}"


def _value(kind: Callable[..., T], columns: tuple[tuple[str, _Process], ...], row: Any) -> T:
    return kind(
        **{
            name: found if process is None else process(found)
            for (name, process), found in zip(columns, row, strict=True)
            if name
        }
    )


def _binder(kind: TypeEngine[Any], dialect: Dialect) -> _Process:
    process = kind.dialect_impl(dialect).bind_processor(dialect)
    if process is None or not isinstance(kind, JSON):
        return process
    # A view of a dictionary is written as what it shows.
    return lambda value: process(value if type(value) in _PLAIN else _json(value))


def _json(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value
