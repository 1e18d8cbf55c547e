"""The steps that bring the schema of a store from each version to the next.

A step is SQL as it was written when its version came out, and never changes again: the tables of
:mod:`vndoc.store._schema` are of today. Each step and the note that it was done are one transaction, so that a crash
leaves a store at one version or the other. A store of a newer version is refused, untouched.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection, inspect, select, text

from vndoc.errors import StoreError
from vndoc.store import _schema as schema

_WORDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "sqlite": MappingProxyType({"moment": "TEXT", "octets": "BLOB", "json": "JSON", "big": "BIGINT"}),
        "postgresql": MappingProxyType({"moment": "TIMESTAMPTZ", "octets": "BYTEA", "json": "JSON", "big": "BIGINT"}),
    }
)
"""What the words in braces mean in each database."""

_WORK: Final = """state TEXT NOT NULL, final BOOLEAN NOT NULL, owner TEXT, lease_until {moment}, next_at {moment},
    attempts INTEGER NOT NULL, code TEXT, detail TEXT"""

_V1: Final = f"""
CREATE TABLE blobs (digest TEXT NOT NULL PRIMARY KEY, size {{big}} NOT NULL, named_at {{moment}} NOT NULL);

CREATE TABLE documents (
    id TEXT NOT NULL PRIMARY KEY, direction TEXT NOT NULL, business_key TEXT NOT NULL, version INTEGER NOT NULL,
    kind INTEGER NOT NULL, content_digest TEXT NOT NULL, document_id TEXT, sender TEXT NOT NULL,
    target TEXT REFERENCES documents (id), packet TEXT NOT NULL REFERENCES blobs (digest),
    created_at {{moment}} NOT NULL,
    CONSTRAINT documents_version UNIQUE (direction, business_key, version));
CREATE INDEX documents_content ON documents (direction, business_key, content_digest);
CREATE INDEX documents_hint ON documents (document_id);

CREATE TABLE outbox (
    message_id TEXT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, carrier TEXT NOT NULL, sender TEXT NOT NULL,
    recipients {{json}} NOT NULL, document TEXT REFERENCES documents (id), packet TEXT REFERENCES blobs (digest),
    size {{big}} NOT NULL, body {{json}}, priority INTEGER NOT NULL, idempotency TEXT NOT NULL,
    created_at {{moment}} NOT NULL, expires_at {{moment}}, ended_at {{moment}}, in_doubt BOOLEAN NOT NULL,
    {_WORK},
    CONSTRAINT outbox_idempotency UNIQUE (idempotency),
    CONSTRAINT outbox_owned CHECK (final OR owner IS NOT NULL OR next_at IS NOT NULL));
CREATE INDEX outbox_due ON outbox (carrier, next_at) WHERE NOT final;
CREATE INDEX outbox_document ON outbox (document);

CREATE TABLE attempts (
    message_id TEXT NOT NULL REFERENCES outbox (message_id), number INTEGER NOT NULL, at {{moment}} NOT NULL,
    outcome TEXT NOT NULL, code TEXT, detail TEXT, worker TEXT NOT NULL,
    CONSTRAINT attempts_pk PRIMARY KEY (message_id, number, outcome));

CREATE TABLE receipts (
    message_id TEXT NOT NULL REFERENCES outbox (message_id), carrier TEXT NOT NULL, transport_id TEXT NOT NULL,
    accepted_at {{moment}} NOT NULL, accepted {{json}} NOT NULL, refused {{json}} NOT NULL, raw {{octets}} NOT NULL,
    CONSTRAINT receipts_pk PRIMARY KEY (message_id, carrier, transport_id));

CREATE TABLE inbox (
    id TEXT NOT NULL PRIMARY KEY, carrier TEXT NOT NULL, transport_id TEXT NOT NULL, kind TEXT NOT NULL, sender TEXT,
    recipient TEXT, extra {{json}} NOT NULL, packet TEXT REFERENCES blobs (digest), size {{big}} NOT NULL,
    kept_at {{moment}} NOT NULL, ended_at {{moment}}, outcome TEXT, business_key TEXT, content_digest TEXT,
    document TEXT REFERENCES documents (id),
    {_WORK},
    CONSTRAINT inbox_copy UNIQUE (carrier, transport_id),
    CONSTRAINT inbox_owned CHECK (final OR owner IS NOT NULL OR next_at IS NOT NULL));
CREATE INDEX inbox_due ON inbox (next_at) WHERE NOT final;
CREATE INDEX inbox_key ON inbox (business_key);
CREATE INDEX inbox_outcome ON inbox (outcome, id);

CREATE TABLE deliveries (
    document TEXT NOT NULL REFERENCES documents (id), recipient TEXT NOT NULL, delivery TEXT NOT NULL,
    life TEXT NOT NULL, value {{json}} NOT NULL, message_id TEXT REFERENCES outbox (message_id),
    updated_at {{moment}} NOT NULL, final BOOLEAN NOT NULL, owner TEXT, next_at {{moment}},
    CONSTRAINT deliveries_pk PRIMARY KEY (document, recipient),
    CONSTRAINT deliveries_owned CHECK (final OR owner IS NOT NULL OR next_at IS NOT NULL));
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE NOT final;
CREATE INDEX deliveries_message ON deliveries (message_id);

CREATE TABLE history (
    document TEXT NOT NULL REFERENCES documents (id), recipient TEXT NOT NULL, code TEXT NOT NULL,
    change TEXT NOT NULL, at {{moment}} NOT NULL, reported_at {{moment}}, description TEXT, inbox TEXT,
    CONSTRAINT history_once PRIMARY KEY (document, recipient, code, change));

CREATE TABLE changes (
    id TEXT NOT NULL, document TEXT NOT NULL REFERENCES documents (id), recipient TEXT NOT NULL, kind TEXT NOT NULL,
    form TEXT NOT NULL, state TEXT NOT NULL, requested_at {{moment}} NOT NULL, deadline {{moment}},
    value {{json}} NOT NULL, final BOOLEAN NOT NULL, owner TEXT, next_at {{moment}},
    CONSTRAINT changes_pk PRIMARY KEY (id, recipient),
    CONSTRAINT changes_owned CHECK (final OR owner IS NOT NULL OR next_at IS NOT NULL));
CREATE UNIQUE INDEX changes_one_open ON changes (document, recipient) WHERE NOT final;
CREATE INDEX changes_due ON changes (next_at) WHERE NOT final;

CREATE TABLE evidence (
    id TEXT NOT NULL PRIMARY KEY, payload TEXT NOT NULL, kind TEXT NOT NULL, at {{moment}} NOT NULL, document TEXT,
    message_id TEXT, data {{octets}}, content TEXT REFERENCES blobs (digest),
    CONSTRAINT evidence_one_form CHECK ((data IS NULL) <> (content IS NULL)));
CREATE INDEX evidence_payload ON evidence (payload);
CREATE INDEX evidence_document ON evidence (document);

CREATE TABLE registry (
    digest TEXT NOT NULL PRIMARY KEY, version TEXT NOT NULL, taken_at {{moment}} NOT NULL,
    content TEXT NOT NULL REFERENCES blobs (digest));
"""

_V2: Final = """
ALTER TABLE deliveries DROP COLUMN life;

CREATE TABLE statuses (
    direction TEXT NOT NULL, business_key TEXT NOT NULL, version INTEGER NOT NULL, receiver TEXT NOT NULL,
    code TEXT NOT NULL, change TEXT NOT NULL, at {moment} NOT NULL, reported_at {moment}, description TEXT,
    inbox TEXT,
    CONSTRAINT statuses_once PRIMARY KEY (direction, business_key, version, receiver, code, change));
INSERT INTO statuses
    SELECT d.direction, d.business_key, d.version, h.recipient, h.code, h.change, h.at, h.reported_at, h.description,
        h.inbox
    FROM history h JOIN documents d ON d.id = h.document;
DROP TABLE history;

CREATE TABLE lives (
    direction TEXT NOT NULL, business_key TEXT NOT NULL, receiver TEXT NOT NULL, sender TEXT NOT NULL,
    state TEXT NOT NULL, version INTEGER NOT NULL, value {json} NOT NULL, updated_at {moment} NOT NULL,
    final BOOLEAN NOT NULL, owner TEXT, next_at {moment},
    CONSTRAINT lives_pk PRIMARY KEY (direction, business_key, receiver),
    CONSTRAINT lives_owned CHECK (final OR owner IS NOT NULL OR next_at IS NOT NULL));

CREATE TABLE sagas (
    id TEXT NOT NULL PRIMARY KEY, direction TEXT NOT NULL, business_key TEXT NOT NULL, receiver TEXT NOT NULL,
    kind TEXT NOT NULL, form TEXT NOT NULL, state TEXT NOT NULL, document TEXT REFERENCES documents (id),
    value {json} NOT NULL, opened_at {moment} NOT NULL, final BOOLEAN NOT NULL, owner TEXT, next_at {moment},
    CONSTRAINT sagas_owned CHECK (final OR owner IS NOT NULL OR next_at IS NOT NULL));
CREATE INDEX sagas_due ON sagas (next_at) WHERE NOT final;
CREATE INDEX sagas_key ON sagas (direction, business_key);

CREATE TABLE conflicts (
    id TEXT NOT NULL PRIMARY KEY, code TEXT NOT NULL, at {moment} NOT NULL, business_key TEXT, keys {json} NOT NULL,
    inbox TEXT, message_id TEXT);
CREATE INDEX conflicts_code ON conflicts (code, id);
CREATE INDEX conflicts_key ON conflicts (business_key);
"""

_V3: Final = """
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (carrier, priority DESC, next_at, message_id) WHERE NOT final;
CREATE INDEX outbox_next ON outbox (carrier, next_at) WHERE NOT final;
"""
"""Claims read their rows in order: sorting 100,000 for each batch took most of a second."""

STEPS: Final = (_V1, _V2, _V3)
"""Step *n* (from one) makes version *n* of version *n* - 1."""
CURRENT: Final = len(STEPS)
"""The version that this vndoc writes and reads."""


def version_of(connection: Connection) -> int:
    """Return the version of the schema, 0 for an empty database.

    Raises :class:`~vndoc.errors.StoreError` ``store-foreign`` for a database with other tables.
    """
    names = set(inspect(connection).get_table_names())
    if schema.version.name in names:
        found: int | None = connection.execute(
            select(schema.version.c.version).order_by(schema.version.c.version.desc()).limit(1)
        ).scalar()
        return found or 0
    if names & set(schema.metadata.tables):
        raise StoreError("store-foreign")
    return 0


def step(connection: Connection, at: datetime.datetime, upto: int = CURRENT) -> bool:
    """Do the next step in the transaction of *connection*; return whether there was one to do."""
    if connection.dialect.name == "postgresql":
        # Two that open a new store at once would both make its tables.
        connection.execute(text("SELECT pg_advisory_xact_lock(7862646, 1)"))
        # A step over millions of rows takes its time: cut off, it would begin anew for ever.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
    found = version_of(connection)
    if found > CURRENT:
        raise StoreError("store-newer", found=found, known=CURRENT)
    if found >= upto:
        return False
    words = _WORDS[connection.dialect.name]
    if found == 0:
        made = "CREATE TABLE IF NOT EXISTS vndoc_version (version INTEGER NOT NULL PRIMARY KEY, at {moment})"
        connection.execute(text(made.format_map(words)))
    for statement in STEPS[found].split(";"):
        if statement.strip():
            connection.execute(text(statement.format_map(words)))
    connection.execute(schema.version.insert().values(version=found + 1, at=at))
    return True
