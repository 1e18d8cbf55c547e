"""Statements that go to the driver: the same values as by SQLAlchemy's own way, the same errors, one transaction."""

from __future__ import annotations

import contextlib
import datetime
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import literal_column, select

import services
from store_support import NOW, SECOND, content, delivery, message, sqlite_url
from tcp_line import line
from vndoc.errors import StoreError, UsageError, VndocError
from vndoc.store import (
    Conflict,
    Evidence,
    Heard,
    LifeRow,
    OutboxState,
    Receipt,
    Retention,
    Saga,
    Store,
    _engine,
)
from vndoc.store import _schema as schema
from vndoc.store._rows import named, row_of, values_of
from vndoc.store._statements import Action, InsertOnce, Question
from vndoc.store.s3 import S3Blobs


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def address(request, tmp_path_factory) -> Iterator[str]:
    if request.param == "sqlite":
        yield sqlite_url(tmp_path_factory.mktemp("statements"))
    else:
        with services.postgres_database() as url:
            yield url


@pytest.fixture(scope="module")
def store(address, tmp_path_factory) -> Iterator[Store]:
    with Store.open(address, blobs=tmp_path_factory.mktemp("blobs"), now=NOW, busy=10 * SECOND) as opened:
        yield opened


def code_of(call: Any) -> str:
    with pytest.raises(StoreError) as error:
        call()
    return error.value.code


# -- the same as by SQLAlchemy ------------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
TIMES = st.datetimes(
    min_value=datetime.datetime(1, 1, 2),  # noqa: DTZ001 - the zone is drawn apart
    max_value=datetime.datetime(9999, 12, 30),  # noqa: DTZ001 - as above
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda m: datetime.timezone(datetime.timedelta(minutes=m))),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
VALUES = st.dictionaries(TEXTS, JSON, max_size=3).flatmap(lambda d: st.sampled_from([d, MappingProxyType(d)]))
DIGESTS = st.binary(min_size=32, max_size=32)
ROWS = st.one_of(
    st.builds(
        LifeRow,
        **dict.fromkeys(["direction", "business_key", "receiver", "sender", "state"], TEXTS),  # type: ignore[arg-type]
        version=st.integers(0, 2**31 - 1),
        updated_at=TIMES,
        final=st.booleans(),
        value=VALUES,
        owner=TEXTS,
        next_at=st.none() | TIMES,
    ),
    st.builds(
        Saga,
        **dict.fromkeys(["id", "direction", "business_key", "receiver", "kind", "form", "state"], TEXTS),  # type: ignore[arg-type]
        opened_at=TIMES,
        final=st.booleans(),
        value=VALUES,
        owner=TEXTS,
        next_at=st.none() | TIMES,
    ),
    st.builds(
        Heard,
        **dict.fromkeys(["direction", "business_key", "receiver", "code", "change"], TEXTS),  # type: ignore[arg-type]
        version=st.integers(0, 2**31 - 1),
        at=TIMES,
        reported_at=st.none() | TIMES,
        description=st.none() | TEXTS,
        inbox=st.none() | TEXTS,
    ),
    st.builds(
        Conflict,
        id=TEXTS,
        code=TEXTS,
        at=TIMES,
        keys=st.dictionaries(TEXTS, TEXTS, max_size=3).map(MappingProxyType),
        business_key=st.none() | TEXTS,
    ),
    st.builds(Evidence, id=TEXTS, payload=DIGESTS, kind=TEXTS, at=TIMES, data=st.binary(max_size=50)),
)
TABLES = {
    LifeRow: schema.lives,
    Saga: schema.sagas,
    Heard: schema.statuses,
    Conflict: schema.conflicts,
    Evidence: schema.evidence,
}


class Undo(Exception):  # noqa: N818 - no error
    """Nothing of an example is kept."""


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, MappingProxyType) else value


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=ROWS)
def test_what_is_written_and_read_is_the_same_as_by_sqlalchemy(store: Store, row: Any) -> None:
    kind, table = type(row), TABLES[type(row)]
    ours, theirs = Question(select(table), kind), table.insert().inline()
    plain = attrs.evolve(row, **{f.name: _plain(getattr(row, f.name)) for f in attrs.fields(kind)})

    def by_sqlalchemy(unit: Any) -> list[Any]:
        return [row_of(kind, found) for found in unit.connection.execute(select(table))]

    def as_kept(unit: Any) -> list[Any]:
        columns = [literal_column(column.name) for column in table.columns]
        return list(map(tuple, unit.connection.execute(select(*columns).select_from(table))))

    with contextlib.suppress(Undo), store.transaction() as unit:
        insert = InsertOnce(table)
        assert insert(unit._link, values_of(row)) == 1
        assert insert(unit._link, values_of(row)) == 0, "once"
        raw = as_kept(unit)
        assert ours.all(unit._link, {}) == by_sqlalchemy(unit) == [plain]
        unit.connection.execute(table.delete())
        unit.connection.execute(theirs, values_of(plain))
        assert as_kept(unit) == raw
        assert ours.first(unit._link, {}) == plain
        unit.connection.execute(table.delete())
        assert ours.first(unit._link, {}) is None
        raise Undo


def test_values_that_stand_in_a_statement_hide_none_that_are_given(store: Store) -> None:
    with store.transaction() as unit:
        for number in (1, 2):
            unit.outbox.post(message(number, idempotency=f"fixed-{number}", message_id=f"fixed-{number}"))
    table = schema.outbox
    change = Action(
        table.update()
        .where(table.c.message_id == named("id"), table.c.priority == 0)
        .values(priority=7, state="sent", final=True, code=named("state"))
    )
    with store.transaction() as unit:
        assert change(unit._link, {"id": "fixed-1", "state": "given", "final": "unused"}) == 1
        row = unit.outbox.get("fixed-1")
        assert (row.state, row.code) == (OutboxState.SENT, "given")
        assert unit.outbox.get("fixed-2").state is OutboxState.WAITING


# -- errors -------------------------------------------------------------------------------------------


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    table = schema.outbox
    late = Action(table.update().where(table.c.next_at < named("at")).values(priority=1))
    with pytest.raises(UsageError) as error, store.transaction() as unit:
        late(unit._link, {"at": datetime.datetime(2026, 1, 1)})  # noqa: DTZ001 - the point
    assert error.value.code == "time-zone-missing"


@pytest.mark.parametrize("text", ["\ud800", "bí mật\0"])
def test_a_text_that_no_database_keeps(address: str, store: Store, text: str) -> None:
    def post() -> None:
        with store.transaction() as unit:
            unit.outbox.post(message(9, sender=text, message_id="x", idempotency="x"))

    if address.startswith("sqlite") and "\0" in text:
        post()  # SQLite does keep it
        return
    with pytest.raises(StoreError) as error:
        post()
    assert error.value.code == "store-failed"
    assert "bí mật" not in str(error.value)


def test_a_row_that_must_be_new(store: Store) -> None:
    def follow() -> None:
        with store.transaction() as unit:
            unit.documents.follow(delivery("nowhere"))

    assert code_of(follow) == "store-failed"


def test_who_ends_the_transaction_of_a_unit_is_found_out_and_nothing_more_is_done(store: Store) -> None:
    def meddle() -> None:
        with store.transaction() as unit:
            unit.connection.rollback()
            unit.outbox.post(message(11, message_id="meddled", idempotency="meddled"))

    assert code_of(meddle) == "store-failed"
    with store.reading() as unit:
        assert unit.outbox.find("meddled") is None


def test_rows_of_a_hook_and_of_the_store_are_one_transaction(store: Store) -> None:
    undone = False
    with contextlib.suppress(Undo), store.transaction() as unit:
        unit.outbox.post(message(12, message_id="one", idempotency="one"))
        assert unit.connection.in_transaction()
        assert unit.connection.execute(select(schema.outbox.c.kind).where(schema.outbox.c.message_id == "one")).one()
        undone = True
        raise Undo
    assert undone
    with store.reading() as unit:
        assert unit.outbox.find("one") is None
    with store.transaction() as unit:
        unit.connection.execute(
            schema.conflicts.insert(),
            {"id": "hook", "code": "x", "at": NOW, "keys": {}},
        )
        unit.outbox.post(message(13, message_id="two", idempotency="two"))
    with store.reading() as unit:
        assert unit.outbox.find("two") is not None
        assert [c.id for c in unit.records.conflicts(code="x").rows] == ["hook"]


def test_every_connection_to_a_server_that_was_gone_is_given_up(tmp_path: Path) -> None:
    with services.postgres_database() as url:
        parts = urlsplit(url)
        with line(parts.hostname or "", parts.port or 5432) as wire:
            through = url.replace(f":{parts.port}/", f":{wire.port}/")
            with Store.open(through, blobs=tmp_path, now=NOW) as store:
                with store.reading() as one, store.reading() as two, store.reading() as three:
                    assert {unit.outbox.find("x") for unit in (one, two, three)} == {None}
                wire.cut()
                assert code_of(store.ping) == "store-unavailable"
                wire.mend()
                with store.reading() as one, store.reading() as two, store.reading() as three:
                    assert {unit.outbox.find("x") for unit in (one, two, three)} == {None}


# -- whose turn it is, in SQLite ----------------------------------------------------------------------


def test_a_writer_asks_often_and_short_naps_do_not_grow_without_end(tmp_path: Path, monkeypatch) -> None:
    with Store.open(sqlite_url(tmp_path), blobs=tmp_path / "blobs", now=NOW, busy=60 * SECOND) as store:
        other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        naps: list[float] = []

        def nap(seconds: float) -> None:
            naps.append(seconds)
            if len(naps) == 20:
                other.execute("COMMIT")

        monkeypatch.setattr(_engine.time, "sleep", nap)
        content(store)
        assert len(naps) == 20
        assert naps == sorted(naps)
        assert max(naps) <= 0.002
        other.close()


def test_readers_leave_waiting_to_sqlite(tmp_path: Path) -> None:
    with Store.open(sqlite_url(tmp_path), blobs=tmp_path / "blobs", now=NOW, busy=7 * SECOND) as store:

        def patience(unit: Any) -> int:
            return int(unit.connection.exec_driver_sql("PRAGMA busy_timeout").scalar())

        for _ in range(2):
            with store.transaction() as unit:
                assert patience(unit) == 0
            with store.reading() as unit:
                assert patience(unit) == 7000


def test_receipts_come_back_as_tuples(store: Store) -> None:
    receipt = Receipt(
        message_id="r1", carrier="c", transport_id="t", accepted_at=NOW, accepted=("a", "b"), refused=(("x", "y", "z"),)
    )
    with store.transaction() as unit:
        unit.outbox.post(message(20, message_id="r1", idempotency="r1"))
        assert unit.outbox.keep_receipt(receipt)
        assert unit.outbox.receipts("r1") == (receipt,)


# -- both languages -----------------------------------------------------------------------------------


def _posted(store: Store) -> None:
    with store.transaction() as unit:
        unit.outbox.post(message(9, sender="\ud800", message_id="x", idempotency="x"))


def _claimed(store: Store, owner: str, limit: int) -> None:
    with store.transaction() as unit:
        unit.outbox.claim(owner, "vxp", at=NOW, lease=SECOND, limit=limit)


@pytest.mark.parametrize(
    ("call", "vi", "en"),
    [
        (lambda _: Store.open("mysql://x", blobs="x"), "không phải là sqlite", "neither sqlite"),
        (lambda _: Store.open("sqlite://", blobs="x"), "trong bộ nhớ", "in memory"),
        (lambda _: Store.open("x", blobs="x"), "không phải địa chỉ", "not a database URL"),
        (_posted, "ký tự không trọn vẹn", "half a character"),
        (lambda store: _claimed(store, "w", 1001), "từ 1 đến 1000 hàng", "1 to 1000 rows"),
        (lambda store: _claimed(store, "operator", 1), "không thể có tên 'operator'", "not called 'operator'"),
        (lambda store: store.blobs.head(b""), "giá trị băm có 32 byte", "32 octets"),
        (lambda store: store.collect(now=NOW, grace=SECOND), "ít nhất là một phút", "at least a minute"),
        (lambda _: Retention(copies=SECOND), "copies: ít nhất 30 ngày", "copies: at least 30 days"),
        (
            lambda _: S3Blobs(endpoint="ftp://x", bucket="b", key_id="k", secret="s"),
            "http(s)://máy[:cổng]",
            "http(s)://host[:port]",
        ),
        (
            lambda _: S3Blobs(endpoint="http://x", bucket="", key_id="k", secret="s"),
            "thiếu tên ngăn chứa",
            "has no name",
        ),
    ],
)
def test_what_is_wrong_is_said_in_both_languages(store: Store, call: Any, vi: str, en: str) -> None:
    with pytest.raises(VndocError) as error:
        call(store)
    assert vi in error.value.text("vi")
    assert en not in error.value.text("vi")
    assert en in error.value.text("en")


@pytest.mark.parametrize("hook", [False, True])
@pytest.mark.parametrize("how", ["statement", "commit", "undone"])
def test_a_server_that_goes_in_the_middle_of_a_transaction(tmp_path: Path, how: str, hook: bool) -> None:
    with services.postgres_database() as url:
        parts = urlsplit(url)
        with line(parts.hostname or "", parts.port or 5432) as wire:
            through = url.replace(f":{parts.port}/", f":{wire.port}/")
            with Store.open(through, blobs=tmp_path, now=NOW) as store:

                def interrupted() -> None:
                    with store.transaction() as unit:
                        unit.outbox.post(message(1, message_id="one", idempotency="one"))
                        assert not hook or unit.connection.in_transaction()
                        wire.cut()
                        if how == "statement":
                            unit.outbox.find("one")
                        if how == "undone":
                            raise Undo

                if how == "undone":
                    with pytest.raises(Undo):
                        interrupted()
                else:
                    assert code_of(interrupted) == "store-unavailable"
                wire.mend()
                with store.transaction() as unit:
                    assert unit.outbox.find("one") is None
                    unit.outbox.post(message(1, message_id="one", idempotency="one"))
                with store.reading() as unit:
                    assert unit.outbox.find("one") is not None
