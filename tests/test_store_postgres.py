"""PostgreSQL as administrators set it up: other defaults, other encodings, a standby, lines that break, big stores."""

from __future__ import annotations

import datetime
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

import services
from store_support import NOW, content, document, message
from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import StoreError
from vndoc.store import TRANSIENT, Receipt, Store, _engine, _migrations

LATEST = datetime.datetime.max.replace(tzinfo=datetime.UTC)
EARLIEST = datetime.datetime.min.replace(tzinfo=datetime.UTC)


def opened(address: str, folder: Path) -> Store:
    return Store.open(address, blobs=folder / "blobs", now=NOW)


@contextmanager
def database(*settings: str) -> Iterator[str]:
    """Give the URL of a new database with *settings* as its defaults."""
    with services.postgres_database() as url:
        for setting in settings:
            run(url, f"ALTER DATABASE {urlsplit(url).path[1:]} SET {setting}")
        yield url


def run(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


STRICT = ["repeatable read", "serializable"]


@pytest.mark.parametrize("isolation", STRICT)
def test_a_content_that_is_just_named_is_not_collected_whatever_the_isolation(isolation: str, tmp_path: Path) -> None:
    setting = f"default_transaction_isolation = '{isolation}'"
    with database(setting) as url, opened(url, tmp_path) as store, opened(url, tmp_path) as other:
        info = store.keep(MemoryOctets(b"just named"))
        name = info.digest.hex()
        os.utime(tmp_path / "blobs" / name[:2] / name, (0, 0))
        removed: list[int] = []
        collector = threading.Thread(target=lambda: removed.append(other.collect(now=NOW)))
        with store.transaction() as unit:
            unit.name(info, at=NOW)
            collector.start()
            time.sleep(0.5)  # it waits for the lock now
            unit.documents.add(document(info))
        collector.join()
        assert removed == [0]
        assert store.read(info.digest).read() == b"just named"


@pytest.mark.parametrize("isolation", STRICT)
def test_who_waited_for_a_lock_sees_what_was_done_meanwhile(isolation: str, tmp_path: Path) -> None:
    setting = f"default_transaction_isolation = '{isolation}'"
    with database(setting) as url, opened(url, tmp_path) as store, opened(url, tmp_path) as other:
        info = content(store)
        key, seen = document(info).business_key, []

        def look() -> None:
            with other.transaction() as unit:
                unit.lock(key)
                seen.append(len(unit.documents.versions("out", key)))

        second = threading.Thread(target=look)
        with store.transaction() as unit:
            unit.lock(key)
            second.start()
            time.sleep(0.5)
            unit.documents.add(document(info))
        second.join()
        assert seen == [1]


@pytest.mark.parametrize(
    "setting",
    [
        "TimeZone = 'Pacific/Kiritimati'",
        "TimeZone = 'Etc/GMT+12'",
        "DateStyle = 'German'",
        "client_encoding = 'LATIN1'",
        "bytea_output = 'escape'",
    ],
)
def test_what_is_written_is_read_whatever_the_defaults_of_the_server(setting: str, tmp_path: Path) -> None:
    with database(setting) as url, opened(url, tmp_path) as store:
        for number, at in enumerate((EARLIEST, NOW, LATEST), 1):
            row = message(number, sender="Sở Nội vụ", created_at=at, expires_at=at)
            receipt = Receipt(
                message_id=row.message_id,
                carrier="vxp",
                transport_id="t",
                accepted_at=at,
                accepted=("Ủy ban",),
                raw=b"\0\xff\\",
            )
            with store.transaction() as unit:
                unit.outbox.post(row)
                unit.outbox.keep_receipt(receipt)
            with store.reading() as unit:
                found = unit.outbox.get(row.message_id)
                assert (found.sender, found.created_at, found.expires_at) == ("Sở Nội vụ", at, at)
                assert unit.outbox.receipts(row.message_id) == (receipt,)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "WIN1258"])
def test_a_database_that_cannot_hold_vietnamese_is_refused(encoding: str, tmp_path: Path) -> None:
    with services.postgres_database() as url:
        name = f"{urlsplit(url).path[1:]}_other"
        run(url, f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        try:
            with pytest.raises(StoreError) as error:
                opened(f"{url}_other", tmp_path)
        finally:
            run(url, f"DROP DATABASE {name} WITH (FORCE)")
        assert (error.value.code, encoding in error.value.text("en")) == ("store-address", True)


def test_a_pooler_that_leaves_out_what_was_asked_for_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_engine, "_SESSION", "")
    with database("default_transaction_isolation = 'serializable'") as url:
        with pytest.raises(StoreError) as error:
            opened(url, tmp_path)
        assert error.value.code == "store-address"
        assert error.value.text("en").endswith("transaction_isolation is serializable, read committed is needed.")


def test_options_in_the_address_are_kept(tmp_path: Path) -> None:
    """Two stores in schemas of one database must stay apart."""
    with services.postgres_database() as url:
        run(url, "CREATE SCHEMA apart")
        there = f"{url}?options=-csearch_path%3Dapart%20-cstatement_timeout%3D7000&application_name=mine"
        with opened(there, tmp_path) as store, store.reading() as unit:
            shown = [
                unit.connection.exec_driver_sql(f"SHOW {setting}").scalar()
                for setting in ("statement_timeout", "lock_timeout", "application_name", "transaction_isolation")
            ]
            assert shown == ["7s", "10s", "mine", "read committed"]
        assert run(url, "SELECT schemaname FROM pg_tables WHERE tablename = 'outbox'") == [("apart",)]


def test_a_host_that_is_no_name_is_no_address(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as error:
        opened("postgresql://someone:hunter2@a..b/x", tmp_path)
    assert error.value.code == "store-address"
    assert "hunter2" not in f"{error.value!r} {error.value.text('vi')}"


def test_a_standby_is_waited_for_and_its_connections_are_given_up(tmp_path: Path) -> None:
    """After a failover a node may be connected to the server that only reads: the next connection may be better."""
    with services.postgres_database() as url, opened(url, tmp_path) as store:
        name = urlsplit(url).path[1:]
        run(url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        store.close()

        def post(number: int) -> None:
            with store.transaction() as unit:
                unit.outbox.post(message(number))

        with pytest.raises(StoreError) as error:
            post(1)
        assert error.value.code == "store-unavailable"
        assert error.value.code in TRANSIENT
        run(services.POSTGRES, f"ALTER DATABASE {name} RESET default_transaction_read_only")
        post(1)


def test_a_step_of_the_schema_may_take_longer_than_a_statement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_engine, "_STATEMENT_SECONDS", 1)
    monkeypatch.setattr(_migrations, "STEPS", (*_migrations.STEPS, "SELECT pg_sleep(1.5)"))
    monkeypatch.setattr(_migrations, "CURRENT", _migrations.CURRENT + 1)
    with services.postgres_database() as url, opened(url, tmp_path) as store:
        engine = _engine.open_engine(url, busy=datetime.timedelta(seconds=10))
        with _engine.transaction(engine) as link:
            assert _migrations.step(link.connection, NOW, upto=_migrations.CURRENT)
        engine.dispose()
        assert store.version == _migrations.CURRENT
        with pytest.raises(StoreError) as error, store.reading() as unit:
            unit.connection.exec_driver_sql("SELECT pg_sleep(1.5)")
        assert error.value.code == "store-busy"


@pytest.mark.parametrize("where", ["at first", "in the middle", "at the end"])
def test_a_connection_that_the_server_ends_leaves_nothing_half_done(where: str, tmp_path: Path) -> None:
    with services.postgres_database() as url, opened(url, tmp_path) as store:
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"

        def post(ended: str) -> None:
            with store.transaction() as unit:
                for step in ("at first", "in the middle", "at the end"):
                    if step == ended:
                        run(url, f"{end} AND pid <> pg_backend_pid()")
                        time.sleep(0.05)
                    if step != "at the end":
                        unit.outbox.post(message(1 if step == "at first" else 2))

        with pytest.raises(StoreError) as error:
            post(where)
        assert error.value.code == "store-unavailable"
        with store.reading() as unit:
            assert unit.outbox.counts() == {}
        post("never")
        with store.reading() as unit:
            assert unit.outbox.counts() == {("vxp", "waiting"): 2}
