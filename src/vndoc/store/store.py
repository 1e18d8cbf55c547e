"""The store: one database, one blob store, and transactions over both.

::

    store = Store.open("sqlite:///var/vndoc.db", blobs="var/blobs", now=clock())
    info = store.keep(octets)  # durable, named by nobody yet
    with store.transaction() as unit:  # all of it, or nothing
        unit.name(info, at=now)
        unit.documents.add(...)
        unit.outbox.post(...)

The content comes first and the rows that name it second, in one transaction: after a crash at any point there is
either all of it, or a content that nobody names and that :meth:`Store.collect` removes.
"""

from __future__ import annotations

import datetime
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import attrs
from sqlalchemy import CompoundSelect, Connection, Engine, select, text, union_all

from vndoc.envelope.octets import Octets
from vndoc.errors import StoreError, UsageError
from vndoc.errors._arguments import need, need_call
from vndoc.store import _migrations as migrations
from vndoc.store import _retention as retention
from vndoc.store import _schema as schema
from vndoc.store._engine import Link, open_engine, transaction
from vndoc.store._rows import ALONE, SHARED, named
from vndoc.store._statements import Action, InsertOnce
from vndoc.store.blobs import BlobInfo, BlobOctets, Blobs, FolderBlobs, is_made
from vndoc.store.documents import Documents
from vndoc.store.inbox import Inbox
from vndoc.store.lives import Lives
from vndoc.store.outbox import Outbox
from vndoc.store.records import Records
from vndoc.store.values import Purged, Retention, Stuck
from vndoc.text import Text

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["TRANSIENT", "Store", "Unit"]

TRANSIENT: Final = frozenset({"store-unavailable", "store-busy", "store-full", "blob-unavailable", "blob-full"})
"""Codes of :class:`~vndoc.errors.StoreError` that may be gone a minute later: try the same again then."""

_NAME: Final = InsertOnce(schema.blobs)
_NAMED: Final = select(schema.blobs.c.digest).where(schema.blobs.c.digest == named("digest"))
_ANY: Final = select(schema.blobs.c.digest).limit(1)
_LOCK: Final = Action(text("SELECT pg_advisory_xact_lock(:number)"))
_SHARED: Final = Action(SHARED)


_GRACE: Final = Text("thời gian chờ trước khi dọn ít nhất là một phút", "the time of grace is at least a minute")


def _stuck() -> CompoundSelect[Any]:
    """Return the question for rows of work that nobody will finish."""
    parts = []
    for table in schema.WORK:
        key = table.c.business_key if table is schema.lives else next(iter(table.primary_key))
        forgotten = ~table.c.final & table.c.owner.is_(None) & table.c.next_at.is_(None)
        parts.append(select(text(f"'{table.name}'"), key).where(forgotten))
    return union_all(*parts)


_STUCK: Final = _stuck()


_NEW_FOLDER: Final = Text(
    "thư mục {folder} còn mới nhưng kho lưu trữ đã có nội dung; ổ đĩa đã được gắn chưa?",
    "the folder {folder} is new, but the store has contents; is its drive mounted?",
)


def _check_folder(engine: Engine, folder: Path) -> None:
    """Raise ``blob-unavailable`` where *folder* would be made anew for a store that names contents."""
    if is_made(folder):
        return
    with transaction(engine, reads=True) as link:
        if migrations.version_of(link.connection) and link.execute(_ANY).first() is not None:
            raise StoreError("blob-unavailable", detail=_NEW_FOLDER.filled(folder=folder))


def _unwatched(_point: str) -> None:
    """Nobody looks on."""


@attrs.frozen
class Unit:
    """One transaction, with the parts of the store in it."""

    _link: Link = attrs.field(repr=False)
    _blobs: Blobs = attrs.field(repr=False)

    @property
    def connection(self) -> Connection:
        """The SQLAlchemy connection, for rows of yours in the same transaction; leave its end to the unit."""
        return self._link.connection

    @property
    def outbox(self) -> Outbox:
        """Messages to send."""
        return Outbox(self._link)

    @property
    def inbox(self) -> Inbox:
        """Copies that came."""
        return Inbox(self._link)

    @property
    def documents(self) -> Documents:
        """Documents, and how far each has come."""
        return Documents(self._link)

    @property
    def lives(self) -> Lives:
        """Business lives of documents, and changes."""
        return Lives(self._link)

    @property
    def records(self) -> Records:
        """Evidence, contradictions, snapshots."""
        return Records(self._link)

    def lock(self, name: str) -> None:
        """Let no other transaction that locks the same *name* (a business key) run at the same time."""
        if self._link.dialect.name == "postgresql":
            number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
            _LOCK(self._link, {"number": number})

    def name(self, content: BlobInfo, *, at: datetime.datetime) -> None:
        """Enter *content*, so that rows of this transaction can name it and no collector takes it.

        Raises ``blob-missing`` where it is not there (any more): put it again and repeat the transaction.
        """
        if self._link.dialect.name == "postgresql":
            _SHARED(self._link, {})
        if self._blobs.head(content.digest) is None:
            raise StoreError("blob-missing", name=content.digest.hex())
        _NAME(self._link, {"digest": content.digest, "size": content.size, "named_at": at})


@attrs.frozen(eq=False)
class Store:
    """A store that is open. Make one with :meth:`open`; it may be used by several threads at once."""

    _engine: Engine = attrs.field(repr=False)
    blobs: Blobs
    _reached: Callable[[str], None] = attrs.field(repr=False)

    @classmethod
    def open(
        cls,
        address: str,
        *,
        blobs: Blobs | str | os.PathLike[str],
        now: datetime.datetime | None = None,
        busy: datetime.timedelta = datetime.timedelta(seconds=10),
        reached: Callable[[str], None] = _unwatched,
    ) -> Store:
        """Open the store at *address* (``sqlite:///path`` or ``postgresql://…``) and bring its schema up to date.

        *blobs* keeps the contents: a :class:`Blobs`, or the path of a folder. *now* is noted with migrations (by
        default the present). *busy* is how long to wait for another writer's lock. *reached* is called with the name
        of each point of progress (see :data:`vndoc.node.FAILPOINTS`); it is there for tests that crash.

        Raises :class:`~vndoc.errors.StoreError`: ``store-address`` (a PostgreSQL database has to be in UTF-8, too),
        ``store-unavailable``, ``store-foreign`` for a database of others, ``store-newer`` for one of a later vndoc,
        ``store-not-durable`` for a server that does not sync, ``blob-unavailable`` for a new folder where the store
        names contents (a drive that is not mounted); and :class:`~vndoc.errors.UsageError` ``extra-missing``.
        """
        need("blobs", blobs, Blobs, str, os.PathLike)
        need("busy", busy, datetime.timedelta)
        need_call("reached", reached)
        engine = open_engine(address, busy=busy)
        try:
            if not isinstance(blobs, Blobs):
                _check_folder(engine, Path(blobs))
                blobs = FolderBlobs(blobs, reached=reached)
            store = cls(engine, blobs, reached)
            store._migrate(now or datetime.datetime.now(datetime.UTC))
        except BaseException:
            engine.dispose()
            raise
        return store

    def _migrate(self, at: datetime.datetime) -> None:
        with self._reading() as link:
            found = migrations.version_of(link.connection)
        if found == migrations.CURRENT:
            return
        again = True
        while again:
            with transaction(self._engine) as link:
                again = migrations.step(link.connection, at)
                self.reached("migrate.step")

    @property
    def version(self) -> int:
        """Return the version of the schema."""
        with self._reading() as link:
            return migrations.version_of(link.connection)

    def reached(self, point: str) -> None:
        """Tell whoever looks on that *point* is reached."""
        self._reached(point)

    # -- contents ----------------------------------------------------------------------------------

    def keep(self, octets: Octets) -> BlobInfo:
        """Keep *octets* durably and return their name. Raises ``blob-full`` and the like."""
        info = self.blobs.put(octets)
        self.reached("store.kept")
        return info

    def content(self, digest: bytes, size: int) -> BlobOctets:
        """Return the content with *digest* as octets, verified while they are read."""
        return BlobOctets(self.blobs, digest, size)

    def read(self, digest: bytes) -> BinaryIO:
        """Return an open file over the content with *digest*. Raises ``blob-missing``, ``blob-damaged``."""
        return self.blobs.open(digest)

    # -- rows --------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[Unit]:
        """Give a transaction that is committed at the end of the block, or undone when something is raised.

        What the database raises comes out as :class:`~vndoc.errors.StoreError`; codes in :data:`TRANSIENT` may be
        repeated. After ``store-unavailable`` at the very end it is unknown whether it was committed: every operation
        of the store can be repeated with the same ids.
        """
        with transaction(self._engine) as link:
            yield Unit(link, self.blobs)

    @contextmanager
    def reading(self) -> Iterator[Unit]:
        """Give a transaction for reading: it sees one state and waits for no writer."""
        with transaction(self._engine, reads=True) as link:
            yield Unit(link, self.blobs)

    @contextmanager
    def _reading(self) -> Iterator[Link]:
        with transaction(self._engine, reads=True) as link:
            yield link

    def ping(self) -> None:
        """Ask the database for an answer. Raises :class:`~vndoc.errors.StoreError` where none comes."""
        with self._reading() as link:
            link.execute(text("SELECT 1"))

    def stuck(self, *, limit: int = 100) -> tuple[Stuck, ...]:
        """Return rows of work that nobody owns and that have no next time: always none, by checks in the database."""
        with self._reading() as link:
            return tuple(Stuck(*row) for row in link.execute(_STUCK.limit(limit)))

    # -- keeping house -----------------------------------------------------------------------------

    def collect(self, *, now: datetime.datetime, grace: datetime.timedelta = datetime.timedelta(hours=1)) -> int:
        """Remove contents that no row names and that were put more than *grace* (at least a minute) before *now*.

        Returns how many. A content that a transaction is just about to name is never removed: naming and removing
        exclude each other, one content at a time. Also removes files that a crash left half-written.
        """
        need("grace", grace, datetime.timedelta)
        if grace < datetime.timedelta(minutes=1):
            raise UsageError("option-invalid", detail=_GRACE)
        removed = sum(self._remove(info, now - grace) for info in self.blobs.list() if info.put_at <= now - grace)
        if isinstance(self.blobs, FolderBlobs):
            self.blobs.sweep(now)
        return removed

    def _remove(self, info: BlobInfo, before: datetime.datetime) -> bool:
        with self._reading() as link:
            if link.execute(_NAMED, {"p_digest": info.digest}).first() is not None:
                return False
        with transaction(self._engine) as link:
            if link.dialect.name == "postgresql":
                link.execute(ALONE)
            if link.execute(_NAMED, {"p_digest": info.digest}).first() is not None:
                return False
            now = self.blobs.head(info.digest)
            if now is None or now.put_at > before:
                return False
            self.blobs.delete(info.digest)
        return True

    def purge(self, policy: Retention, *, now: datetime.datetime, limit: int = 1000) -> Purged:
        """Delete what *policy* keeps no longer, at most *limit* rows of each kind, and never unfinished work.

        Repeat it until nothing is purged; contents that are named no more go with the next :meth:`collect`.
        """
        with transaction(self._engine) as link:
            return retention.purge(link.connection, policy, now=now, limit=limit)

    def close(self) -> None:
        """Give up the connections. Closing twice does nothing."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
