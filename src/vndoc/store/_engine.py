"""The two databases: how each is opened, and what their errors mean.

SQLite: write-ahead log, full sync, one writer at a time that takes its lock at once (``BEGIN IMMEDIATE``), so that a
transaction waits at its start and never fails in the middle. PostgreSQL: read committed, rows are locked as they are
taken, whatever the server has as its defaults; one that does not sync is refused, and a database that is not UTF-8.
"""

from __future__ import annotations

import datetime
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import Connection, Engine, Executable, RootTransaction, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    InvalidRequestError,
    SQLAlchemyError,
    StatementError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from vndoc.errors import StoreError, UsageError, VndocError
from vndoc.text import Text

_DRIVERS: Final = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
_POOL: Final = 8
_CONNECT_SECONDS: Final = 10
_STATEMENT_SECONDS: Final = 60
_BUSY: Final = "vndoc_busy"
"""How long to wait for locks of SQLite, in seconds: with the engine in all, with a connection as it is set."""
_HERE: Final = threading.local()
"""Of this thread: ``writing`` are the engines that it is in a transaction of."""
_FILE: Final = "vndoc_file"
"""Where the file of an SQLite database is kept with each connection to it."""
_FIRST_NAP: Final = 0.0002
_LONGEST_NAP: Final = 0.002
_CURSOR: Final = "vndoc_cursor"
"""Where the cursor is kept with the driver's connection: every result of it is read to its end at once."""

_SQLITE: Final = {
    sqlite3.SQLITE_BUSY: "store-busy",
    sqlite3.SQLITE_LOCKED: "store-busy",
    sqlite3.SQLITE_FULL: "store-full",
    sqlite3.SQLITE_CORRUPT: "store-damaged",
    sqlite3.SQLITE_NOTADB: "store-damaged",
    sqlite3.SQLITE_CANTOPEN: "store-unavailable",
    sqlite3.SQLITE_IOERR: "store-unavailable",
    sqlite3.SQLITE_READONLY: "store-unavailable",
    sqlite3.SQLITE_PERM: "store-unavailable",
    sqlite3.SQLITE_AUTH: "store-unavailable",
}
"""Primary result codes of SQLite; the rest is ``store-failed``."""

_POSTGRES: Final = (
    ("53100", "store-full"),  # disk full
    ("55P03", "store-busy"),  # lock not available
    ("40001", "store-busy"),  # serialization failure
    ("40P01", "store-busy"),  # deadlock
    ("57014", "store-busy"),  # statement time-out
    ("53", "store-unavailable"),  # insufficient resources
    ("57P", "store-unavailable"),  # shutdown, crash, cannot connect now
    ("08", "store-unavailable"),  # connection
    ("25006", "store-unavailable"),  # read-only: a standby, until it is the main one or another answers
    ("28", "store-unavailable"),  # authorisation
    ("3D", "store-unavailable"),  # no such database
    ("XX001", "store-damaged"),  # data corrupted
    ("XX002", "store-damaged"),  # index corrupted
)
"""SQLSTATE by prefix, the first that fits; the rest is ``store-failed``."""

_ALIVE: Final = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""A server that is gone without a word is noticed in a minute: the defaults of the system are hours."""


_SESSION: Final = "-c default_transaction_isolation=read\\ committed -c TimeZone=UTC -c DateStyle=ISO"
"""What the statements of the store count on. Under a stricter isolation a lock is waited for with an old view: the
collector would remove what was named meanwhile. Far times and other styles of dates cannot be read by the driver."""
_WANTED: Final = {"server_encoding": "UTF8", "transaction_isolation": "read committed"}
"""What is looked at: a pooler in between may leave out what was asked for."""
_READ_ONLY: Final = "25006"


_NO_ADDRESS: Final = Text("không phải địa chỉ cơ sở dữ liệu", "not a database URL")
_OTHER_DATABASE: Final = Text("{found} không phải là sqlite hay postgresql", "{found} is neither sqlite nor postgresql")
_IN_MEMORY: Final = Text("cơ sở dữ liệu trong bộ nhớ không giữ lại gì", "a database in memory keeps nothing")
_HALF_A_CHARACTER: Final = Text("chuỗi có ký tự không trọn vẹn", "half a character in a text")
_OTHER_SETTING: Final = Text("{setting} là {found}, cần {wanted}", "{setting} is {found}, {wanted} is needed")
_ALL_IN_USE: Final = Text("mọi kết nối đều đang bận", "no connection of the pool became free")


def open_engine(address: str, *, busy: datetime.timedelta) -> Engine:
    """Return the engine for *address*: the URL of a PostgreSQL database or of an SQLite file.

    Raises :class:`~vndoc.errors.StoreError` ``store-address`` for anything else, and
    :class:`~vndoc.errors.UsageError` ``extra-missing`` without the driver.
    """
    url = _url(address)
    milliseconds = int(busy.total_seconds() * 1000)
    try:
        if url.get_backend_name() == "sqlite":
            return _sqlite(url, milliseconds)
        return _postgres(url, milliseconds)
    except ImportError as error:
        raise UsageError("extra-missing", found="postgres") from error


def _url(address: str) -> URL:
    try:
        url = make_url(address)
    except (ArgumentError, AttributeError, ValueError) as error:
        # The text of the error holds the address, and that may hold a password.
        raise StoreError("store-address", detail=_NO_ADDRESS) from error
    backend = url.get_backend_name()
    if backend not in _DRIVERS:
        raise StoreError("store-address", detail=_OTHER_DATABASE.filled(found=backend))
    if backend == "sqlite" and (not url.database or ":memory:" in url.database or "mode" in url.query):
        raise StoreError("store-address", detail=_IN_MEMORY)
    return url.set(drivername=_DRIVERS[backend])


def _sqlite(url: URL, milliseconds: int) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": milliseconds / 1000, "isolation_level": None, "check_same_thread": False},
        execution_options={_BUSY: milliseconds / 1000},
        pool_size=_POOL,
        max_overflow=_POOL,
    )

    file = _OneFile(str(url.database))

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF"):
            connection.execute(f"PRAGMA {pragma}").close()
        record.info[_FILE] = file
        file.check()

    @event.listens_for(engine, "engine_disposed")
    def closed(_engine: Engine) -> None:
        file.forget()

    return engine


class _OneFile:
    """The file of an SQLite database, which must stay the same: what is written to one that was removed is lost."""

    def __init__(self, path: str) -> None:
        self._path = Path(path).absolute()
        self._known: tuple[int, int] | None = None

    def check(self) -> None:
        """Raise ``store-replaced`` unless the path leads to the file that it first led to."""
        try:
            found = self._path.stat()
        except OSError as error:
            raise StoreError("store-replaced", name=str(self._path)) from error
        identity = found.st_dev, found.st_ino
        if self._known is None:
            self._known = identity
        elif self._known != identity:
            raise StoreError("store-replaced", name=str(self._path))

    def forget(self) -> None:
        """Take whatever is there next: no connection is open any more."""
        self._known = None


def _postgres(url: URL, milliseconds: int) -> Engine:
    timeouts = f"-c lock_timeout={milliseconds} -c statement_timeout={_STATEMENT_SECONDS * 1000}"
    given = url.query.get("options", ())
    options = (timeouts, *((given,) if isinstance(given, str) else given), _SESSION)
    ours = {"connect_timeout": _CONNECT_SECONDS, "application_name": "vndoc", **_ALIVE}
    engine = create_engine(
        url,
        connect_args={
            **{name: value for name, value in ours.items() if name not in url.query},
            "options": " ".join(options),
            "client_encoding": "utf8",
        },
        pool_size=_POOL,
        max_overflow=_POOL,
    )

    @event.listens_for(engine, "connect")
    def check(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                if _shown(cursor, setting) == "off":
                    raise StoreError("store-not-durable", detail=f"{setting} = off")
            for setting, wanted in _WANTED.items():
                if (found := _shown(cursor, setting)) != wanted:
                    detail = _OTHER_SETTING.filled(setting=setting, found=found, wanted=wanted)
                    raise StoreError("store-address", detail=detail)
        connection.commit()

    return engine


def _shown(cursor: Any, setting: str) -> str:
    cursor.execute(f"SHOW {setting}")
    return str(cursor.fetchone()[0])


class Link:
    """The connection of one transaction: the driver's own, and SQLAlchemy's around it for whoever asks for that."""

    __slots__ = ("_around", "_begun", "_engine", "_fairy", "dialect")

    def __init__(self, engine: Engine) -> None:
        self.dialect = engine.dialect
        self._engine = engine
        self._around: Connection | None = None
        self._begun: RootTransaction | None = None
        try:
            self._fairy = engine.raw_connection()
        except self.dialect.loaded_dbapi.Error as error:
            raise self._known(error, lost=False) from error
        except UnicodeError as error:  # the name of the host; its text may hold more of the address
            raise StoreError("store-address", detail=_NO_ADDRESS) from error

    @property
    def connection(self) -> Connection:
        """SQLAlchemy's connection, in the same transaction."""
        if self._around is None:
            self._around = Connection(self._engine, self._fairy)
            self._begun = self._around.begin()
        return self._around

    def execute(self, statement: Executable, values: Any = None) -> Any:
        """Do a statement that is not worth more than SQLAlchemy's own way."""
        return self.connection.execute(statement, values)

    def run(self, text: str, values: Any, *, rows: bool) -> Any:
        """Let the driver do *text* with *values*; return all *rows*, or else how many it concerned."""
        if self._begun is not None and not self._begun.is_active:
            raise InvalidRequestError("somebody else has ended the transaction")
        try:
            kept = self._fairy.info
            cursor = kept.get(_CURSOR)
            if cursor is None:
                cursor = kept[_CURSOR] = self._fairy.cursor()
            cursor.execute(text, values)
            return cursor.fetchall() if rows else cursor.rowcount
        except self.dialect.loaded_dbapi.Error as error:
            raise self._failed(error) from error

    def begin(self, *, reads: bool) -> None:
        """Begin: in SQLite a transaction takes the writer's lock at once, or none at all."""
        if self.dialect.name != "sqlite":
            return
        busy: float = self._engine.get_execution_options()[_BUSY]
        if reads:
            self._patience(busy)
            self.run("BEGIN", (), rows=False)
            return
        self._fairy.info[_FILE].check()
        self._patience(0)
        until, nap = time.monotonic() + busy, _FIRST_NAP
        while not self._has_turn(until):
            time.sleep(nap)
            nap = min(nap * 1.5, _LONGEST_NAP)

    def _has_turn(self, until: float) -> bool:
        """Take the writer's lock of SQLite; return False where another has it, and raise that after *until*."""
        try:
            self.run("BEGIN IMMEDIATE", (), rows=False)
        except DBAPIError as error:
            if translate(error).code != "store-busy" or time.monotonic() >= until:
                raise
            return False
        return True

    def _patience(self, seconds: float) -> None:
        """Let SQLite itself wait for locks so long. It sleeps longer and longer: too long where writers take turns."""
        kept = self._fairy.info
        if kept.get(_BUSY) != seconds:
            self.run(f"PRAGMA busy_timeout = {int(seconds * 1000)}", (), rows=True)
            kept[_BUSY] = seconds

    def commit(self) -> None:
        """Commit what was done, by whichever of the two."""
        if self._begun is not None:
            self._begun.commit()
            return
        try:
            self._fairy.commit()
        except self.dialect.loaded_dbapi.Error as error:
            raise self._failed(error) from error

    def rollback(self) -> None:
        """Undo what was done; a connection that cannot even do that is given up."""
        try:
            if self._begun is None:
                if self._fairy.is_valid:
                    self._fairy.rollback()
            elif self._begun.is_active:
                self._begun.rollback()
        except (SQLAlchemyError, self.dialect.loaded_dbapi.Error) as error:
            (self._fairy if self._around is None else self._around).invalidate(error)

    def close(self) -> None:
        """Give the connection back."""
        (self._fairy if self._around is None else self._around).close()

    def _failed(self, error: Exception) -> SQLAlchemyError:
        """Return the error of SQLAlchemy for one of the driver; a lost connection is given up, with its like."""
        lost = self.dialect.is_disconnect(cast("Any", error), cast("Any", self._fairy.dbapi_connection), None)
        if lost or getattr(error, "sqlstate", None) == _READ_ONLY:
            (self._fairy if self._around is None else self._around).invalidate(error)
            self._engine.dispose()
        return self._known(error, lost=lost)

    def _known(self, error: Exception, *, lost: bool) -> SQLAlchemyError:
        base = self.dialect.loaded_dbapi.Error
        found = DBAPIError.instance(None, None, error, base, connection_invalidated=lost, dialect=self.dialect)
        return cast("SQLAlchemyError", found)


@contextmanager
def transaction(engine: Engine, *, reads: bool = False) -> Iterator[Link]:
    """Give a connection in a transaction that is committed at the end, or rolled back when something is raised.

    What the database raises comes out as :class:`~vndoc.errors.StoreError`; all else as it is. A thread that is in one
    already would wait for itself: ``store-within``.
    """
    writing: set[Engine] = _HERE.__dict__.setdefault("writing", set())
    if not reads:
        if engine in writing:
            raise StoreError("store-within")
        writing.add(engine)
    try:
        link = Link(engine)
        try:
            link.begin(reads=reads)
            yield link
            link.commit()
        except BaseException:
            link.rollback()
            raise
        finally:
            link.close()
    except StatementError as error:
        # What a parameter's own conversion raises is wrapped, too: a time without zone.
        raise (error.orig if isinstance(error.orig, VndocError) else translate(error)) from error
    except SQLAlchemyError as error:
        raise translate(error) from error
    except UnicodeEncodeError as error:
        raise StoreError("store-failed", detail=_HALF_A_CHARACTER) from error
    finally:
        if not reads:
            writing.remove(engine)


def translate(error: SQLAlchemyError) -> StoreError:
    """Return our error for one of the database; parameters of statements do not get into it."""
    if isinstance(error, PoolTimeout):
        return StoreError("store-busy", detail=_ALL_IN_USE)
    original = error.orig if isinstance(error, DBAPIError) else None
    detail = str(original or type(error).__name__).strip().split("\n")[0]
    if isinstance(original, sqlite3.Error):
        primary = getattr(original, "sqlite_errorcode", 1) & 0xFF
        return StoreError(_SQLITE.get(primary, "store-failed"), detail=detail)
    state = getattr(original, "sqlstate", None) or ""
    for prefix, code in _POSTGRES:
        if state.startswith(prefix):
            return StoreError(code, detail=detail)
    if isinstance(error, DataError):
        return StoreError("store-failed", detail=type(error).__name__)  # the driver refuses a value, NUL in a text
    lost = isinstance(error, DBAPIError) and (error.connection_invalidated or not state)
    return StoreError("store-unavailable" if lost else "store-failed", detail=detail)
