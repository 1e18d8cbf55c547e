"""The life of a store: opening, migrating, failing, collecting orphans, purging what is over."""

from __future__ import annotations

import datetime
import json
import os
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import pytest
import sqlalchemy
from sqlalchemy import create_engine, event, inspect, text

import services
from store_support import DAY, MINUTE, NOW, SECOND, content, delivery, document, message, received, sqlite_url
from tcp_line import line
from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import StoreError, UsageError
from vndoc.store import (
    TRANSIENT,
    Evidence,
    FolderBlobs,
    Heard,
    InboxState,
    Lease,
    OutboxState,
    Receipt,
    Retention,
    Snapshot,
    Store,
    _engine,
    _migrations,
    _schema,
)

HOUR = datetime.timedelta(hours=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path) -> Iterator[str]:
    if request.param == "sqlite":
        yield sqlite_url(tmp_path)
    else:
        with services.postgres_database() as url:
            yield url


def opened(address: str, folder: Path, **options: object) -> Store:
    return Store.open(address, blobs=folder / "blobs", now=NOW, **options)  # type: ignore[arg-type]


def engine_of(address: str) -> sqlalchemy.Engine:
    return create_engine(address.replace("postgresql:", "postgresql+psycopg:"))


def code_of(call: object) -> str:
    with pytest.raises(StoreError) as error:
        call()  # type: ignore[operator]
    return error.value.code


# -- opening and migrating ---------------------------------------------------------------------------


def test_a_new_store_has_the_current_version_and_opens_again(address: str, tmp_path: Path) -> None:
    with opened(address, tmp_path) as store:
        assert store.version == _migrations.CURRENT
        store.ping()
        content(store)
    with opened(address, tmp_path) as store:
        assert store.version == _migrations.CURRENT
        assert len(list(store.blobs.list())) == 1


def test_a_new_folder_is_not_made_for_a_store_that_names_contents(address: str, tmp_path: Path) -> None:
    """A machine that starts before its drive is there would write beside it, and find nothing of what was kept."""
    blobs = tmp_path / "blobs"
    opened(address, tmp_path).close()
    blobs.rename(tmp_path / "elsewhere")
    with opened(address, tmp_path) as store:  # nothing is named yet
        content(store)
    blobs.rename(tmp_path / "drive")
    for mount_point in (False, True):
        if mount_point:
            blobs.mkdir()
        for _ in range(2):
            with pytest.raises(StoreError) as error:
                opened(address, tmp_path)
            assert error.value.code == "blob-unavailable"
            assert str(blobs) in error.value.text("en")
    assert list(blobs.iterdir()) == []
    blobs.rmdir()
    (tmp_path / "drive").rename(blobs)
    (blobs / "tmp").rmdir()  # a backup may leave out what is empty
    with opened(address, tmp_path) as store:
        assert len(list(store.blobs.list())) == 1


def _shape(engine: sqlalchemy.Engine) -> dict[str, object]:
    """What the database says of itself, by table."""
    found = inspect(engine)
    shape: dict[str, object] = {}
    for table in sorted(found.get_table_names()):
        indexes = {
            (i["name"], tuple(i["column_names"]), bool(i["unique"]), _where(i) is not None)
            for i in found.get_indexes(table)
            if not i.get("duplicates_constraint")
        }
        shape[table] = (
            [(c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(table)],
            found.get_pk_constraint(table)["constrained_columns"],
            {(tuple(f["constrained_columns"]), f["referred_table"]) for f in found.get_foreign_keys(table)},
            {(u["name"], tuple(u["column_names"])) for u in found.get_unique_constraints(table)},
            {c["name"] for c in found.get_check_constraints(table)},
            indexes,
        )
    return shape


def _where(index: dict[str, object]) -> object:
    options = index.get("dialect_options") or {}
    return next((value for name, value in options.items() if name.endswith("_where")), None)  # type: ignore[attr-defined]


def test_the_steps_make_exactly_the_tables_of_the_code(address: str, tmp_path: Path) -> None:
    opened(address, tmp_path).close()
    engine = engine_of(address)
    migrated = _shape(engine)
    with engine.begin() as connection:
        _schema.metadata.drop_all(connection)
        _schema.metadata.create_all(connection)
    assert _shape(engine) == migrated
    engine.dispose()


def test_two_open_a_new_store_at_once(address: str, tmp_path: Path) -> None:
    errors: list[Exception] = []

    def work() -> None:
        try:
            opened(address, tmp_path, busy=MINUTE).close()
        except Exception as error:  # noqa: BLE001 - shown below
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_crash_within_a_step_leaves_nothing(address: str, tmp_path: Path) -> None:
    def crash(point: str) -> None:
        if point == "migrate.step":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        opened(address, tmp_path, reached=crash)
    engine = engine_of(address)
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    opened(address, tmp_path).close()


def test_a_store_of_a_later_version_is_refused_untouched(address: str, tmp_path: Path) -> None:
    opened(address, tmp_path).close()
    engine = engine_of(address)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO vndoc_version (version, at) VALUES (99, NULL)"))
    before = _shape(engine)
    assert code_of(lambda: opened(address, tmp_path)) == "store-newer"
    assert _shape(engine) == before
    engine.dispose()


def test_a_database_with_tables_of_others_of_the_same_name_is_refused(address: str, tmp_path: Path) -> None:
    engine = engine_of(address)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE documents (id INTEGER)"))
    assert code_of(lambda: opened(address, tmp_path)) == "store-foreign"
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE documents"))
        connection.execute(text("CREATE TABLE office_register (id INTEGER)"))
    engine.dispose()
    opened(address, tmp_path).close()


@pytest.mark.parametrize(
    "address",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory&uri=true",
        "sqlite:///file::memory:?uri=true",
        "mysql://u:secret@h/d",
        "x",
        "",
    ],
)
def test_addresses_that_keep_nothing_or_mean_nothing(address: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as error:
        opened(address, tmp_path)
    assert error.value.code == "store-address"
    assert "secret" not in f"{error.value!r} {error.value.__cause__!r}"


def test_sqlite_writes_ahead_and_syncs(tmp_path: Path) -> None:
    with opened(sqlite_url(tmp_path), tmp_path) as store, store.reading() as unit:
        values = {p: unit.connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in ("journal_mode", "synchronous")}
        assert values == {"journal_mode": "wal", "synchronous": 2}
        assert unit.connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_server_that_is_gone_without_a_word_is_noticed(tmp_path: Path) -> None:
    """Otherwise a worker waits for hours on a line that a firewall has forgotten."""
    with services.postgres_database() as url, opened(url, tmp_path) as store, store.reading() as unit:
        driver = unit.connection.connection.driver_connection
        with socket.socket(fileno=os.dup(driver.fileno())) as line:
            options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
            assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert [line.getsockopt(socket.IPPROTO_TCP, option) for option in options] == [30, 10, 3, 60_000]


@pytest.mark.parametrize("setting", ["synchronous_commit"])
def test_a_server_that_does_not_sync_is_refused(setting: str, tmp_path: Path) -> None:
    with services.postgres_database() as url:
        engine = engine_of(url)
        name = urlsplit(url).path[1:]
        with engine.begin() as connection:
            connection.execute(text(f"ALTER DATABASE {name} SET {setting} = off"))
        engine.dispose()
        assert code_of(lambda: opened(url, tmp_path)) == "store-not-durable"


def _load_v1(address: str) -> dict[str, list[dict[str, object]]]:
    """Make a store of version 1 with the rows of the fixture, which was written by a store of version 1."""
    rows = json.loads((Path(__file__).parent / "store_v1.json").read_text(encoding="utf-8"))
    engine = engine_of(address)
    with engine.begin() as connection:
        assert _migrations.step(connection, NOW, upto=1)
        found = sqlalchemy.MetaData()
        found.reflect(connection)
        for table in found.sorted_tables:
            if table.name != "vndoc_version" and rows[table.name]:
                connection.execute(table.insert(), [_typed(table, row) for row in rows[table.name]])
    engine.dispose()
    return rows


def _typed(table: sqlalchemy.Table, row: dict[str, object]) -> dict[str, object]:
    typed = dict(row)
    for column in table.columns:
        value = row[column.name]
        if isinstance(column.type, sqlalchemy.JSON) and isinstance(value, str):
            typed[column.name] = json.loads(value)
        elif isinstance(column.type, sqlalchemy.Boolean):
            typed[column.name] = bool(value)
        elif isinstance(value, dict):
            typed[column.name] = bytes.fromhex(value["hex"])
    return typed


def test_a_store_of_version_1_is_brought_up_to_date_with_all_it_holds(address: str, tmp_path: Path) -> None:
    rows = _load_v1(address)
    FolderBlobs(tmp_path / "blobs")
    with opened(address, tmp_path) as store:
        assert store.version == _migrations.CURRENT > 1
        with store.reading() as unit:
            assert {d.id for d in unit.documents.list().rows} == {"d000001", "d000002"}
            assert {row.message_id for row in unit.outbox.list().rows} == {r["message_id"] for r in rows["outbox"]}
            assert unit.outbox.get("m000001").state is OutboxState.SENT
            assert len(unit.outbox.attempts("m000001")) == len(rows["attempts"])
            assert len(unit.outbox.receipts("m000001")) == 1
            assert {row.id for row in unit.inbox.list().rows} == {r["id"] for r in rows["inbox"]}
            assert {d.final for d in unit.documents.deliveries("d000001").rows} == {True}
            assert [h.code for h in unit.documents.history("out", "000.00.00.H01|2026|1/UBND")] == ["01"]
            assert [c.id for c in unit.documents.changes("d000001", open_only=True)] == ["c1"]
            assert len(unit.records.about(bytes.fromhex(str(rows["evidence"][0]["payload"]))).rows) == 1
            assert unit.records.newest() is not None
            assert unit.records.conflicts().rows == ()
        with store.transaction() as unit:
            (row, *_) = unit.outbox.claim("w", "vxp", at=NOW + DAY, lease=MINUTE)
            assert row.attempts == 2
    engine = engine_of(address)
    migrated = _shape(engine)
    with engine.begin() as connection:
        versions = connection.execute(text("SELECT version FROM vndoc_version ORDER BY version")).scalars().all()
        assert versions == list(range(1, _migrations.CURRENT + 1))
        _schema.metadata.drop_all(connection)
        _schema.metadata.create_all(connection)
    assert _shape(engine) == migrated
    engine.dispose()


def test_a_crash_between_two_steps_is_taken_up(address: str, tmp_path: Path) -> None:
    steps = []

    def crash(point: str) -> None:
        if point == "migrate.step":
            steps.append(point)
            if len(steps) == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        opened(address, tmp_path, reached=crash)
    with opened(address, tmp_path) as store:
        assert store.version == _migrations.CURRENT


# -- failing -----------------------------------------------------------------------------------------


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"not a database, " * 100)
    assert code_of(lambda: opened(sqlite_url(tmp_path), tmp_path)) == "store-damaged"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert code_of(lambda: opened(sqlite_url(tmp_path / "missing"), tmp_path)) == "store-unavailable"


def test_a_lock_that_is_held_too_long_is_busy_and_harms_nothing(tmp_path: Path) -> None:
    with opened(sqlite_url(tmp_path), tmp_path, busy=datetime.timedelta(milliseconds=50)) as store:
        other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        def post() -> None:
            with store.transaction() as unit:
                unit.outbox.post(message())

        assert code_of(post) == "store-busy"
        with store.reading() as unit:
            assert unit.outbox.list().rows == (), "readers wait for no writer"
        other.execute("ROLLBACK")
        other.close()
        post()
        assert "store-busy" in TRANSIENT


@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_a_file_that_is_gone_takes_nothing_more(tmp_path: Path, how: str) -> None:
    """What is written to a file that was removed is lost when it is closed: nothing may be acknowledged then."""
    path = tmp_path / "store.db"
    with opened(sqlite_url(tmp_path), tmp_path) as store:
        with store.transaction() as unit:
            unit.outbox.post(message())
        path.rename(tmp_path / "other.db")
        if how == "replaced":
            with opened(sqlite_url(tmp_path), tmp_path) as other, other.transaction() as unit:
                assert unit.outbox.list().rows == ()

        def post() -> None:
            with store.transaction() as unit:
                unit.outbox.post(message(2))

        for _ in range(3):
            assert code_of(post) == "store-replaced"
        assert "store-replaced" not in TRANSIENT
        if how == "removed":
            (tmp_path / "other.db").rename(path)
            post()  # the very file again
            with store.reading() as unit:
                assert len(unit.outbox.list().rows) == 2


@pytest.mark.parametrize("relative", [True, False])
def test_a_relative_address_stays_that_of_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, relative: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    address = "sqlite:///store.db" if relative else sqlite_url(tmp_path)
    with Store.open(address, blobs=tmp_path / "blobs") as store:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        with store.transaction() as unit:
            unit.outbox.post(message())


def test_a_thread_is_in_one_transaction_of_a_store(address: str, tmp_path: Path) -> None:
    """A second one would wait for the first, which waits for it."""
    with opened(address, tmp_path) as store:
        with store.transaction() as unit:
            unit.outbox.post(message())
            began = time.monotonic()
            with pytest.raises(StoreError) as caught, store.transaction():
                raise AssertionError
            assert caught.value.code == "store-within"
            assert time.monotonic() - began < 1
            with store.reading() as other:
                assert other.outbox.list().rows == ()
        with store.transaction() as unit:
            assert len(unit.outbox.list().rows) == 1


def test_a_full_disk_under_sqlite_loses_only_the_transaction(tmp_path: Path) -> None:
    with opened(sqlite_url(tmp_path), tmp_path) as store:
        pages = 0
        with store.reading() as unit:
            pages = unit.connection.exec_driver_sql("PRAGMA page_count").scalar() or 0

        @event.listens_for(store._engine, "checkout")
        def limit(connection: sqlite3.Connection, *_: object) -> None:
            connection.execute(f"PRAGMA max_page_count = {room}").close()

        room = pages + 20

        def keep(number: int, size: int) -> None:
            with store.transaction() as unit:
                unit.records.keep(Evidence(id=f"e{number}", payload=b"\0" * 32, kind="x", at=NOW, data=b"x" * size))

        keep(1, 100)
        assert code_of(lambda: keep(2, 500_000)) == "store-full"
        keep(3, 100)
        room = pages + 1000
        keep(2, 500_000)
        with store.reading() as unit:
            assert [e.id for e in unit.records.about(b"\0" * 32).rows] == ["e1", "e2", "e3"]
        assert "store-full" in TRANSIENT


def test_a_database_that_is_gone_for_a_while(tmp_path: Path) -> None:
    with services.postgres_database() as url:
        parts = urlsplit(url)
        with line(parts.hostname or "", parts.port or 5432) as wire:
            through = url.replace(f":{parts.port}/", f":{wire.port}/")
            with opened(through, tmp_path) as store:

                def post(number: int) -> None:
                    with store.transaction() as unit:
                        unit.outbox.post(message(number))

                post(1)

                def interrupted() -> None:
                    with store.transaction() as unit:
                        unit.outbox.post(message(2))
                        wire.cut()

                assert code_of(interrupted) == "store-unavailable"
                for _ in range(3):
                    assert code_of(lambda: post(2)) == "store-unavailable"
                    assert code_of(store.ping) == "store-unavailable"
                wire.mend()
                post(2)
                with store.reading() as unit:
                    assert [row.message_id for row in unit.outbox.list().rows] == ["m000001", "m000002"]
        assert "store-unavailable" in TRANSIENT


def test_a_password_stands_in_no_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as error:
        opened("postgresql://someone:hunter2@127.0.0.1:1/x", tmp_path)
    assert error.value.code == "store-unavailable"
    assert "hunter2" not in f"{error.value!r} {error.value.text('vi')}"


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("53100", "store-full"),
        ("53300", "store-unavailable"),
        ("55P03", "store-busy"),
        ("40001", "store-busy"),
        ("40P01", "store-busy"),
        ("57014", "store-busy"),
        ("57P01", "store-unavailable"),
        ("08006", "store-unavailable"),
        ("28P01", "store-unavailable"),
        ("3D000", "store-unavailable"),
        ("XX001", "store-damaged"),
        ("XX002", "store-damaged"),
        ("23505", "store-failed"),
        ("42601", "store-failed"),
        ("", "store-unavailable"),
    ],
)
def test_what_postgresql_says_has_its_code(state: str, code: str) -> None:
    class Original(Exception):  # noqa: N818 - as drivers raise it
        sqlstate = state or None

    error = sqlalchemy.exc.OperationalError("SELECT 1", {"p": "parameter"}, Original("first line\nDETAIL: key"))
    found = _engine.translate(error)
    assert found.code == code
    assert found.values["detail"] == "first line"


def test_what_sqlite_and_the_pool_say_has_its_code() -> None:
    original = sqlite3.OperationalError("disk I/O error")
    original.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    error = sqlalchemy.exc.OperationalError("X", {}, original)
    assert _engine.translate(error).code == "store-unavailable"
    original.sqlite_errorcode = sqlite3.SQLITE_CONSTRAINT_CHECK
    assert _engine.translate(error).code == "store-failed"
    assert _engine.translate(sqlalchemy.exc.TimeoutError()).code == "store-busy"
    assert _engine.translate(sqlalchemy.exc.InvalidRequestError("x")).code == "store-failed"


# -- orphans -----------------------------------------------------------------------------------------


def test_orphans_go_after_their_time_of_grace_and_named_contents_never(address: str, tmp_path: Path) -> None:
    with opened(address, tmp_path) as store:
        named = content(store, b"named")
        orphan = store.keep(MemoryOctets(b"orphan"))
        now = datetime.datetime.now(datetime.UTC)
        assert store.collect(now=now + HOUR - MINUTE) == 0
        assert store.blobs.head(orphan.digest) is not None
        assert store.collect(now=now + HOUR + MINUTE) == 1
        assert store.blobs.head(orphan.digest) is None
        assert store.blobs.head(named.digest) is not None
        store.collect(now=now, grace=MINUTE)
        with pytest.raises(UsageError):
            store.collect(now=now, grace=MINUTE - SECOND)


def test_a_content_that_is_named_while_the_collector_works_stays(address: str, tmp_path: Path) -> None:
    """The collector has made its list; then the same content is put again, or named, before it comes to it."""

    class Racing(FolderBlobs):
        def list(self):
            for info in super().list():
                race()
                yield info

    blobs = Racing(tmp_path / "blobs")
    with Store.open(address, blobs=blobs, now=NOW, busy=MINUTE) as store:
        info = store.keep(MemoryOctets(b"raced"))
        later = datetime.datetime.now(datetime.UTC) + DAY

        def race() -> None:
            with store.transaction() as unit:
                unit.name(info, at=NOW)

        assert store.collect(now=later) == 0
        assert store.blobs.head(info.digest) is not None


def test_a_transaction_that_names_excludes_a_collector_that_removes(address: str, tmp_path: Path) -> None:
    with opened(address, tmp_path, busy=MINUTE) as store:
        info = store.keep(MemoryOctets(b"x"))
        later = datetime.datetime.now(datetime.UTC) + DAY
        removed: list[int] = []
        collector = threading.Thread(target=lambda: removed.append(store.collect(now=later)))
        with store.transaction() as unit:
            unit.name(info, at=NOW)
            collector.start()
            collector.join(0.3)
            assert removed == [], "it waits for the transaction"
        collector.join()
        assert removed == [0]
        assert store.blobs.head(info.digest) is not None


# -- purging -----------------------------------------------------------------------------------------


def _fill(store: Store) -> None:
    packet, other = content(store, b"one"), content(store, b"two")
    with store.transaction() as unit:
        for number in (1, 2):
            unit.documents.add(document(packet if number == 1 else other, number))
            unit.outbox.post(message(number, kind="edoc", document=f"d00000{number}", packet=packet.digest))
            unit.documents.follow(delivery(f"d00000{number}", message_id=f"m00000{number}"))
            unit.inbox.keep(received(packet, number))
            unit.documents.hear(
                Heard(
                    direction="out",
                    business_key=f"000.00.00.H01|2026|{number}/UBND",
                    version=1,
                    receiver="B",
                    code="01",
                    at=NOW,
                )
            )
        unit.outbox.post(message(3))
        unit.records.keep(Evidence(id="e1", payload=packet.digest, kind="x", at=NOW, content=packet.digest))
        for number in (1, 2):
            snapshot = Snapshot(digest=bytes([number]) * 32, version="v", taken_at=NOW, content=packet.digest)
            unit.records.snap(attrs.evolve(snapshot, taken_at=NOW + number * SECOND))


def _finish(store: Store, *numbers: int) -> None:
    with store.transaction() as unit:
        rows = unit.outbox.claim("w", "vxp", at=NOW, lease=MINUTE)
        copies = unit.inbox.claim("w", ("vxp",), at=NOW, lease=MINUTE)
        for row in rows:
            if int(row.message_id[1:]) in numbers:
                receipt = Receipt(
                    message_id=row.message_id, carrier="vxp", transport_id="t", accepted_at=NOW, accepted=()
                )
                unit.outbox.keep_receipt(receipt)
                unit.outbox.finish(Lease(row.message_id, "w", row.attempts), OutboxState.SENT, at=NOW)
        for copy in copies:
            if int(copy.id[1:]) in numbers:
                unit.inbox.finish(Lease(copy.id, "w", copy.attempts), InboxState.SETTLED, at=NOW)
        for number in numbers:
            if unit.documents.delivery(f"d00000{number}", "000.00.00.H02") is None:
                continue
            unit.documents.move(delivery(f"d00000{number}", message_id=f"m00000{number}", final=True, next_at=None))


def test_purging_takes_what_is_over_and_never_what_is_unfinished(address: str, tmp_path: Path) -> None:
    with opened(address, tmp_path) as store:
        _fill(store)
        far = NOW + 20_000 * DAY
        first = store.purge(Retention(), now=far)
        assert (first.messages, first.copies, first.documents, first.evidence, first.snapshots) == (0, 0, 0, 1, 1)
        _finish(store, 1)
        second = store.purge(Retention(), now=far)
        assert (second.messages, second.copies, second.documents, second.total) == (0, 1, 1, 2)
        with store.reading() as unit:
            assert [d.id for d in unit.documents.list().rows] == ["d000002"]
            assert [row.message_id for row in unit.outbox.list().rows] == ["m000002", "m000003"]
            assert [row.id for row in unit.inbox.list().rows] == ["i000002"]
            assert unit.documents.history("out", "000.00.00.H01|2026|1/UBND") == ()
            assert unit.outbox.attempts("m000001") == ()
            assert unit.outbox.receipts("m000001") == ()
            assert unit.records.newest() is not None
        assert store.purge(Retention(), now=far).total == 0
        assert store.collect(now=datetime.datetime.now(datetime.UTC) + DAY) == 0, "its packet is still named"


def test_purging_frees_contents_and_keeps_to_its_limit(address: str, tmp_path: Path) -> None:
    with opened(address, tmp_path) as store:
        with store.transaction() as unit:
            for number in range(5):
                unit.outbox.post(message(number))
        info = content(store)
        _finish(store, *range(5))
        far = NOW + 181 * DAY
        assert store.purge(Retention(), now=NOW + 180 * DAY).total == 0, "kept to the last moment"
        assert store.purge(Retention(), now=far, limit=3).messages == 3
        assert store.purge(Retention(), now=far, limit=3).messages == 2
        assert store.purge(Retention(), now=far, limit=3).total == 0
        assert store.collect(now=datetime.datetime.now(datetime.UTC) + DAY) == 1
        assert store.blobs.head(info.digest) is None


def test_a_version_that_another_changes_stays(address: str, tmp_path: Path) -> None:
    with opened(address, tmp_path) as store:
        packet = content(store)
        with store.transaction() as unit:
            unit.documents.add(document(packet))
            unit.documents.add(document(packet, id="d2", version=2, target="d000001", created_at=NOW + 3650 * DAY))
        assert store.purge(Retention(), now=NOW + 3654 * DAY).documents == 0
        assert store.purge(Retention(), now=NOW + 8000 * DAY).documents == 1
        assert store.purge(Retention(), now=NOW + 8000 * DAY).documents == 1


@pytest.mark.parametrize(("name", "least"), [("messages", 7), ("copies", 30), ("documents", 30), ("evidence", 30)])
def test_what_must_be_remembered_cannot_be_purged_early(name: str, least: int) -> None:
    Retention(**{name: least * DAY})
    with pytest.raises(UsageError):
        Retention(**{name: least * DAY - SECOND})
