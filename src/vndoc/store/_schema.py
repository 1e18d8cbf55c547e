"""The tables of the store, as the code of this version sees them.

:mod:`vndoc.store._migrations` makes them; a test compares the two. Rows of work carry ``state``, ``final``, ``owner``
and ``next_at``, and the database itself refuses a row that is not final and has neither an owner nor a next time:
nothing can be forgotten. Times are UTC; digests are SHA-256 in hexadecimal.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql

from vndoc.errors import UsageError
from vndoc.errors._arguments import wrong


def _in_utc(value: datetime.datetime | None) -> datetime.datetime | None:
    if value is None:
        return None
    try:
        zone = value.tzinfo
    except AttributeError:
        raise wrong("at", "datetime", value) from None
    if zone is None:
        raise UsageError("time-zone-missing")
    return value if zone is datetime.UTC else value.astimezone(datetime.UTC)


@functools.lru_cache(maxsize=64)  # the rows of one transaction have few times among them
def _in_text(value: datetime.datetime | None) -> str | None:
    at = _in_utc(value)
    return None if at is None else f"{at.isoformat(timespec='microseconds')[:_WITHOUT_ZONE]}Z"


_WITHOUT_ZONE: Final = len("2026-01-01T00:00:00.000000")


def _moment(value: Any) -> datetime.datetime | None:
    if value is None:
        return None
    if isinstance(value, str):
        return datetime.datetime.fromisoformat(value)
    found: datetime.datetime = value
    return found.astimezone(datetime.UTC)


class Moment(TypeDecorator[datetime.datetime]):
    """A time in UTC: ``timestamptz`` in PostgreSQL, in SQLite text of one width that sorts as time does."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Choose the database's own type where it has a true one."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(Text())

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """Refuse times without zone, then write the form of the database."""
        return _in_utc if dialect.name == "postgresql" else _in_text

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002 - its form
        """Return the time in UTC."""
        return _moment


def _in_hex(value: bytes | None) -> str | None:
    if value is None:
        return None
    try:
        return value.hex()
    except AttributeError:
        raise wrong("digest", "bytes", value) from None


class Digest(TypeDecorator[bytes]):
    """A SHA-256, 32 octets here and hexadecimal in the database, where people look at it."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:  # noqa: ARG002 - its form
        """Return the hexadecimal form."""
        return _in_hex

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002 - its form
        """Return the octets."""
        return lambda value: None if value is None else bytes.fromhex(value)


metadata = MetaData()


def _owned(name: str) -> CheckConstraint:
    return CheckConstraint("final OR owner IS NOT NULL OR next_at IS NOT NULL", name=f"{name}_owned")


def _due(name: str) -> Index:
    return Index(f"{name}_due", "next_at", sqlite_where=text("NOT final"), postgresql_where=text("NOT final"))


def _work() -> list[Column[Any]]:
    """Return the columns that every row of work has."""
    return [
        Column("state", Text, nullable=False),
        Column("final", Boolean, nullable=False),
        Column("owner", Text),
        Column("lease_until", Moment),
        Column("next_at", Moment),
        Column("attempts", Integer, nullable=False),
        Column("code", Text),
        Column("detail", Text),
    ]


version = Table("vndoc_version", metadata, Column("version", Integer, primary_key=True), Column("at", Moment))

blobs = Table(
    "blobs",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("named_at", Moment, nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("direction", Text, nullable=False),
    Column("business_key", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("content_digest", Digest, nullable=False),
    Column("document_id", Text),
    Column("sender", Text, nullable=False),
    Column("target", Text, ForeignKey("documents.id")),
    Column("packet", Digest, ForeignKey("blobs.digest"), nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("direction", "business_key", "version", name="documents_version"),
    Index("documents_content", "direction", "business_key", "content_digest"),
    Index("documents_hint", "document_id"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("carrier", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("recipients", JSON, nullable=False),
    Column("document", Text, ForeignKey("documents.id")),
    Column("packet", Digest, ForeignKey("blobs.digest")),
    Column("size", BigInteger, nullable=False),
    Column("body", JSON(none_as_null=True)),
    Column("priority", Integer, nullable=False),
    Column("idempotency", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("ended_at", Moment),
    Column("in_doubt", Boolean, nullable=False),
    *_work(),
    UniqueConstraint("idempotency", name="outbox_idempotency"),
    _owned("outbox"),
    Index(
        "outbox_due",
        "carrier",
        text("priority DESC"),
        "next_at",
        "message_id",
        sqlite_where=text("NOT final"),
        postgresql_where=text("NOT final"),
    ),
    Index(
        "outbox_next",
        "carrier",
        "next_at",
        sqlite_where=text("NOT final"),
        postgresql_where=text("NOT final"),
    ),
    Index("outbox_document", "document"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("message_id", Text, ForeignKey("outbox.message_id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("code", Text),
    Column("detail", Text),
    Column("worker", Text, nullable=False),
    PrimaryKeyConstraint("message_id", "number", "outcome", name="attempts_pk"),
)

receipts = Table(
    "receipts",
    metadata,
    Column("message_id", Text, ForeignKey("outbox.message_id"), nullable=False),
    Column("carrier", Text, nullable=False),
    Column("transport_id", Text, nullable=False),
    Column("accepted_at", Moment, nullable=False),
    Column("accepted", JSON, nullable=False),
    Column("refused", JSON, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    PrimaryKeyConstraint("message_id", "carrier", "transport_id", name="receipts_pk"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", Text, primary_key=True),
    Column("carrier", Text, nullable=False),
    Column("transport_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sender", Text),
    Column("recipient", Text),
    Column("extra", JSON, nullable=False),
    Column("packet", Digest, ForeignKey("blobs.digest")),
    Column("size", BigInteger, nullable=False),
    Column("kept_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("outcome", Text),
    Column("business_key", Text),
    Column("content_digest", Digest),
    Column("document", Text, ForeignKey("documents.id")),
    *_work(),
    UniqueConstraint("carrier", "transport_id", name="inbox_copy"),
    _owned("inbox"),
    _due("inbox"),
    Index("inbox_key", "business_key"),
    Index("inbox_outcome", "outcome", "id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("document", Text, ForeignKey("documents.id"), nullable=False),
    Column("recipient", Text, nullable=False),
    Column("delivery", Text, nullable=False),
    Column("value", JSON, nullable=False),
    Column("message_id", Text, ForeignKey("outbox.message_id")),
    Column("updated_at", Moment, nullable=False),
    Column("final", Boolean, nullable=False),
    Column("owner", Text),
    Column("next_at", Moment),
    PrimaryKeyConstraint("document", "recipient", name="deliveries_pk"),
    _owned("deliveries"),
    _due("deliveries"),
    Index("deliveries_message", "message_id"),
)

statuses = Table(
    "statuses",
    metadata,
    Column("direction", Text, nullable=False),
    Column("business_key", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("change", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("reported_at", Moment),
    Column("description", Text),
    Column("inbox", Text),
    PrimaryKeyConstraint("direction", "business_key", "version", "receiver", "code", "change", name="statuses_once"),
)

changes = Table(
    "changes",
    metadata,
    Column("id", Text, nullable=False),
    Column("document", Text, ForeignKey("documents.id"), nullable=False),
    Column("recipient", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("requested_at", Moment, nullable=False),
    Column("deadline", Moment),
    Column("value", JSON, nullable=False),
    Column("final", Boolean, nullable=False),
    Column("owner", Text),
    Column("next_at", Moment),
    PrimaryKeyConstraint("id", "recipient", name="changes_pk"),
    Index(
        "changes_one_open",
        "document",
        "recipient",
        unique=True,
        sqlite_where=text("NOT final"),
        postgresql_where=text("NOT final"),
    ),
    _owned("changes"),
    _due("changes"),
)

lives = Table(
    "lives",
    metadata,
    Column("direction", Text, nullable=False),
    Column("business_key", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("value", JSON, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("final", Boolean, nullable=False),
    Column("owner", Text),
    Column("next_at", Moment),
    PrimaryKeyConstraint("direction", "business_key", "receiver", name="lives_pk"),
    _owned("lives"),
)

sagas = Table(
    "sagas",
    metadata,
    Column("id", Text, primary_key=True),
    Column("direction", Text, nullable=False),
    Column("business_key", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("document", Text, ForeignKey("documents.id")),
    Column("value", JSON, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("final", Boolean, nullable=False),
    Column("owner", Text),
    Column("next_at", Moment),
    _owned("sagas"),
    _due("sagas"),
    Index("sagas_key", "direction", "business_key"),
)

conflicts = Table(
    "conflicts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("code", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("business_key", Text),
    Column("keys", JSON, nullable=False),
    Column("inbox", Text),
    Column("message_id", Text),
    Index("conflicts_code", "code", "id"),
    Index("conflicts_key", "business_key"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("id", Text, primary_key=True),
    Column("payload", Digest, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("document", Text),
    Column("message_id", Text),
    Column("data", LargeBinary),
    Column("content", Digest, ForeignKey("blobs.digest")),
    CheckConstraint("(data IS NULL) <> (content IS NULL)", name="evidence_one_form"),
    Index("evidence_payload", "payload"),
    Index("evidence_document", "document"),
)

registry = Table(
    "registry",
    metadata,
    Column("digest", Digest, primary_key=True),
    Column("version", Text, nullable=False),
    Column("taken_at", Moment, nullable=False),
    Column("content", Digest, ForeignKey("blobs.digest"), nullable=False),
)

WORK: Final = (outbox, inbox, deliveries, changes, lives, sagas)
"""The tables whose rows somebody has to finish."""
NAMES_BLOBS: Final = (
    documents.c.packet,
    outbox.c.packet,
    inbox.c.packet,
    evidence.c.content,
    registry.c.content,
)
"""The columns that name contents."""
