"""The two databases: how each is opened, and what their errors mean.

SQLite: write-ahead log, full sync, one writer at a time that takes its lock at once (``BEGIN IMMEDIATE``), so that a
transaction waits at its start and never fails in the middle. PostgreSQL: read committed, rows are locked as they are
taken; a server that does not sync is refused.
"""

from __future__ import annotations

import datetime
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from vndoc.errors import StoreError, UsageError, VndocError

_DRIVERS: Final = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
_POOL: Final = 8
_CONNECT_SECONDS: Final = 10
_STATEMENT_SECONDS: Final = 60
_READS: Final = "vndoc_reads"

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
        raise StoreError("store-address", detail="not a database URL") from error
    backend = url.get_backend_name()
    if backend not in _DRIVERS:
        raise StoreError("store-address", detail=f"{backend} is neither sqlite nor postgresql")
    if backend == "sqlite" and (not url.database or url.database == ":memory:" or "mode" in url.query):
        raise StoreError("store-address", detail="a database in memory keeps nothing")
    return url.set(drivername=_DRIVERS[backend])


def _sqlite(url: URL, milliseconds: int) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": milliseconds / 1000, "isolation_level": None, "check_same_thread": False},
        pool_size=_POOL,
        max_overflow=_POOL,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "trusted_schema = OFF"):
            connection.execute(f"PRAGMA {pragma}").close()

    _begin(engine)
    return engine


def _postgres(url: URL, milliseconds: int) -> Engine:
    timeouts = f"-c lock_timeout={milliseconds} -c statement_timeout={_STATEMENT_SECONDS * 1000}"
    engine = create_engine(
        url,
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "options": timeouts,
            "application_name": "vndoc",
            **_ALIVE,
        },
        pool_size=_POOL,
        max_overflow=_POOL,
    )

    @event.listens_for(engine, "connect")
    def check(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                cursor.execute(f"SHOW {setting}")
                if cursor.fetchone()[0] == "off":
                    raise StoreError("store-not-durable", detail=f"{setting} = off")
        connection.commit()

    return engine


def _begin(engine: Engine) -> None:
    """Let a transaction of SQLite take the writer's lock at once, or none at all."""

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get(_READS, False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


@contextmanager
def transaction(engine: Engine, *, reads: bool = False) -> Iterator[Connection]:
    """Give a connection in a transaction that is committed at the end, or rolled back when something is raised.

    What the database raises comes out as :class:`~vndoc.errors.StoreError`; all else as it is.
    """
    try:
        with engine.connect() as connection:
            if reads:
                connection.execution_options(**{_READS: True})
            with connection.begin():
                yield connection
    except StatementError as error:
        # What a parameter's own conversion raises is wrapped, too: a time without zone.
        raise (error.orig if isinstance(error.orig, VndocError) else translate(error)) from error
    except SQLAlchemyError as error:
        raise translate(error) from error
    except UnicodeEncodeError as error:
        raise StoreError("store-failed", detail="half a character in a text") from error


def translate(error: SQLAlchemyError) -> StoreError:
    """Return our error for one of the database; parameters of statements do not get into it."""
    if isinstance(error, PoolTimeout):
        return StoreError("store-busy", detail="no connection of the pool became free")
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
