"""The store over both databases: leases, attempts, duplicates, statuses, changes, evidence, pages."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator

import attrs
import pytest

import services
from store_support import DAY, MINUTE, NOW, SECOND, content, delivery, document, message, received, sqlite_url
from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import StoreError, UsageError
from vndoc.store import (
    OPERATOR,
    Change,
    Evidence,
    Heard,
    InboxState,
    Lease,
    OutboxState,
    Receipt,
    Snapshot,
    Store,
)
from vndoc.store import _schema as schema

LEASE = 30 * SECOND


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def address(request, tmp_path_factory) -> Iterator[str]:
    if request.param == "sqlite":
        yield sqlite_url(tmp_path_factory.mktemp("rows"))
    else:
        with services.postgres_database() as url:
            yield url


@pytest.fixture
def store(address, tmp_path) -> Iterator[Store]:
    with Store.open(address, blobs=tmp_path / "blobs", now=NOW, busy=MINUTE) as opened:
        yield opened
        assert opened.stuck() == ()
        with opened.transaction() as unit:
            for table in reversed(schema.metadata.sorted_tables):
                if table is not schema.version:
                    unit.connection.execute(table.delete())


def code_of(error: pytest.ExceptionInfo[StoreError]) -> str:
    return error.value.code


def test_a_message_is_claimed_finished_and_never_changes_again(store: Store) -> None:
    packet = content(store)
    with store.transaction() as unit:
        row = unit.outbox.post(message(kind="edoc", packet=packet.digest, size=packet.size, priority=1))
    assert (row.state, row.owner, row.next_at, row.attempts, row.in_doubt) == (OutboxState.WAITING, None, NOW, 0, False)
    with store.transaction() as unit:
        (taken,) = unit.outbox.claim("w1", "vxp", at=NOW, lease=LEASE)
        assert unit.outbox.claim("w2", "vxp", at=NOW, lease=LEASE) == ()
    assert (taken.owner, taken.lease_until, taken.attempts) == ("w1", NOW + LEASE, 1)
    lease = Lease(taken.message_id, "w1", 1)
    receipt = Receipt(
        message_id=taken.message_id,
        carrier="vxp",
        transport_id="5f",
        accepted_at=NOW,
        accepted=("000.00.00.H02",),
        refused=(("000.00.00.H03", "carrier-unknown-recipient", "no such agency"),),
        raw=b"\x00{}\xff" * 1000,
    )
    with store.transaction() as unit:
        unit.outbox.mark(lease, at=NOW)
        assert unit.outbox.get(taken.message_id).in_doubt
        assert unit.outbox.keep_receipt(receipt)
        assert not unit.outbox.keep_receipt(receipt)
        unit.outbox.finish(lease, OutboxState.SENT, at=NOW + SECOND)
    with store.reading() as unit:
        done = unit.outbox.get(taken.message_id)
        assert (done.state, done.owner, done.next_at, done.ended_at) == (OutboxState.SENT, None, None, NOW + SECOND)
        assert unit.outbox.receipts(taken.message_id) == (receipt,)
        noted = [(a.number, a.outcome, a.at) for a in unit.outbox.attempts(taken.message_id)]
        assert noted == [(1, "begun", NOW), (1, "sent", NOW + SECOND)]
        assert unit.outbox.counts() == {("vxp", "sent"): 1}
    for again in (OutboxState.WAITING, OutboxState.SENT):
        with pytest.raises(StoreError) as error, store.transaction() as unit:
            unit.outbox.finish(lease, again, at=NOW, next_at=NOW)
        assert code_of(error) == "lease-lost"
    with pytest.raises(StoreError) as error, store.transaction() as unit:
        unit.outbox.decide(taken.message_id, OutboxState.WAITING, at=NOW)
    assert code_of(error) == "row-final"


def test_a_lost_lease_commits_nothing(store: Store) -> None:
    with store.transaction() as unit:
        unit.outbox.post(message())
        unit.outbox.claim("slow", "vxp", at=NOW, lease=LEASE)
    with store.transaction() as unit:
        assert unit.outbox.claim("quick", "vxp", at=NOW + LEASE - SECOND, lease=LEASE) == ()
        (row,) = unit.outbox.claim("quick", "vxp", at=NOW + LEASE, lease=LEASE)
    assert (row.owner, row.attempts) == ("quick", 2)
    old = Lease(row.message_id, "slow", 1)

    def work() -> None:
        with store.transaction() as unit:
            unit.records.keep(Evidence(id="e1", payload=b"\0" * 32, kind="x", at=NOW, data=b""))
            unit.outbox.finish(old, OutboxState.SENT, at=NOW)

    with pytest.raises(StoreError) as error:
        work()
    assert (code_of(error), error.value.values["owner"]) == ("lease-lost", "slow")
    with pytest.raises(StoreError), store.transaction() as unit:
        unit.outbox.mark(old, at=NOW)
    with store.transaction() as unit:
        assert unit.records.about(b"\0" * 32).rows == (), "nothing of the transaction stays"
        assert unit.outbox.extend([old, Lease(row.message_id, "quick", 2)], NOW + DAY) == (
            Lease(row.message_id, "quick", 2),
        )
        assert unit.outbox.claim("third", "vxp", at=NOW + DAY - SECOND, lease=LEASE) == ()
        assert unit.outbox.release("quick", at=NOW) == 1
        assert len(unit.outbox.claim("third", "vxp", at=NOW, lease=LEASE)) == 1


def test_the_same_wish_is_one_message(store: Store) -> None:
    with store.transaction() as unit:
        first = unit.outbox.post(message(1, body={"a": [1, "hai"]}))
        assert unit.outbox.post(message(2, idempotency="wish-1", body={"a": [1, "hai"]})) == first
        assert unit.outbox.find("wish-1") == first
        assert unit.outbox.find("wish-2") is None
    for other in ({"recipients": ("000.00.00.H09",)}, {"body": {"a": []}}, {"carrier": "lgsp"}):
        with pytest.raises(StoreError) as error, store.transaction() as unit:
            unit.outbox.post(message(2, **{"idempotency": "wish-1", "body": {"a": [1, "hai"]}, **other}))
        assert code_of(error) == "idempotency-conflict"
    with pytest.raises(StoreError) as error, store.transaction() as unit:
        unit.outbox.post(message(1, idempotency="another wish under the same id"))
    assert code_of(error) == "idempotency-conflict"


def test_the_urgent_and_the_oldest_go_first_and_the_rest_waits_its_time(store: Store) -> None:
    with store.transaction() as unit:
        unit.outbox.post(message(1, not_before=NOW + SECOND))
        unit.outbox.post(message(2, not_before=NOW))
        unit.outbox.post(message(3, not_before=NOW + SECOND, priority=3))
        unit.outbox.post(message(4, not_before=NOW + MINUTE))
        unit.outbox.post(message(5, carrier="lgsp"))
        assert unit.outbox.next_due(["vxp", "lgsp"]) == NOW
        assert unit.outbox.next_due(["spool"]) is None
        rows = unit.outbox.claim("w", "vxp", at=NOW + SECOND, lease=LEASE, limit=2)
        rows += unit.outbox.claim("w", "vxp", at=NOW + SECOND, lease=LEASE, limit=2)
        # what somebody holds is due to nobody else: a worker that waits must not look at it twenty times a second
        assert unit.outbox.next_due(["vxp"]) == NOW + MINUTE
    assert [row.message_id[-1] for row in rows] == ["3", "2", "1"]


@pytest.mark.parametrize("state", [OutboxState.WAITING, OutboxState.UNSURE])
def test_what_is_not_final_needs_a_next_time(store: Store, state: OutboxState) -> None:
    with store.transaction() as unit:
        unit.outbox.post(message())
        unit.outbox.claim("w", "vxp", at=NOW, lease=LEASE)
    with pytest.raises(UsageError), store.transaction() as unit:
        unit.outbox.finish(Lease("m000001", "w", 1), state, at=NOW)
    with store.transaction() as unit:
        unit.outbox.finish(Lease("m000001", "w", 1), state, at=NOW, next_at=NOW + MINUTE, in_doubt=True, code="x")
        row = unit.outbox.get("m000001")
    assert (row.state, row.next_at, row.in_doubt, row.code, row.owner) == (state, NOW + MINUTE, True, "x", None)


@pytest.mark.parametrize("end", [OutboxState.WAITING, OutboxState.CANCELLED, OutboxState.SENT])
def test_a_parked_message_waits_for_a_person_who_decides(store: Store, end: OutboxState) -> None:
    with store.transaction() as unit:
        unit.outbox.post(message())
        unit.outbox.claim("w", "vxp", at=NOW, lease=LEASE)
        unit.outbox.finish(Lease("m000001", "w", 1), OutboxState.PARKED, at=NOW, code="carrier-credentials")
    with store.transaction() as unit:
        assert unit.outbox.claim("w", "vxp", at=NOW + 365 * DAY, lease=LEASE) == ()
        (row,) = unit.outbox.list(state=OutboxState.PARKED).rows
        assert (row.owner, row.code) == (OPERATOR, "carrier-credentials")
        assert unit.outbox.decide("m000001", end, at=NOW + DAY).state is end
    with store.transaction() as unit:
        found = unit.outbox.claim("w", "vxp", at=NOW + DAY, lease=LEASE)
    assert len(found) == (end is OutboxState.WAITING)


def test_many_workers_never_take_the_same_row(store: Store) -> None:
    with store.transaction() as unit:
        for number in range(200):
            unit.outbox.post(message(number))
    taken: list[str] = []

    def work(name: str) -> None:
        while True:
            with store.transaction() as unit:
                rows = unit.outbox.claim(name, "vxp", at=NOW, lease=LEASE, limit=7)
                for row in rows:
                    unit.outbox.finish(Lease(row.message_id, name, row.attempts), OutboxState.SENT, at=NOW)
            taken.extend(row.message_id for row in rows)
            if not rows:
                return

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 200


def test_pages_hold_every_row_once_and_have_a_limit(store: Store) -> None:
    with store.transaction() as unit:
        for number in range(25):
            unit.outbox.post(message(number, document=None))
    found, after, pages = [], None, 0
    with store.reading() as unit:
        while True:
            page = unit.outbox.list(carrier="vxp", after=after, limit=10)
            found += [row.message_id for row in page.rows]
            pages += 1
            after = page.after
            if after is None:
                break
        assert found == sorted(found) == [f"m{n:06d}" for n in range(25)]
        assert pages == 3
        assert unit.outbox.list(limit=25).after is None
        assert len(unit.outbox.list(limit=1000).rows) == 25
        for limit in (0, 1001):
            with pytest.raises(UsageError):
                unit.outbox.list(limit=limit)
        with pytest.raises(UsageError):
            unit.outbox.claim("w", "vxp", at=NOW, lease=LEASE, limit=1001)


@pytest.mark.parametrize("owner", ["", OPERATOR])
def test_a_worker_has_a_name_of_its_own(store: Store, owner: str) -> None:
    with pytest.raises(UsageError), store.transaction() as unit:
        unit.outbox.claim(owner, "vxp", at=NOW, lease=LEASE)
    with pytest.raises(UsageError), store.transaction() as unit:
        unit.inbox.claim(owner, ("vxp",), at=NOW, lease=LEASE)
    with pytest.raises(UsageError), store.transaction() as unit:
        unit.outbox.release(owner, at=NOW)


def test_times_without_zone_are_refused(store: Store) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(UsageError) as error:
        message(created_at=naive)
    assert error.value.code == "time-zone-missing"
    with pytest.raises(UsageError), store.transaction() as unit:
        unit.outbox.claim("w", "vxp", at=naive, lease=LEASE)
    hanoi = NOW.astimezone(datetime.timezone(datetime.timedelta(hours=7)))
    with store.transaction() as unit:
        row = unit.outbox.post(message(created_at=hanoi))
    assert row.created_at == NOW
    assert row.created_at.tzinfo is datetime.UTC


def test_a_copy_is_kept_once_decided_and_settled(store: Store) -> None:
    packet = content(store)
    with store.transaction() as unit:
        copy = received(packet, sender="000.00.00.H01", recipient="000.00.00.H02", extra={"queue": "q"})
        row = unit.inbox.keep(copy, owner="w", lease=LEASE)
        again = unit.inbox.keep(received(packet, 2, transport_id="t-1"))
    assert row == again
    assert (row.state, row.owner, row.attempts, dict(row.extra)) == (InboxState.KEPT, "w", 1, {"queue": "q"})
    lease = Lease(row.id, "w", 1)
    with store.transaction() as unit:
        assert unit.inbox.claim("other", ("vxp",), at=NOW, lease=LEASE) == ()
        unit.documents.add(document(packet, direction="in"))
        unit.inbox.decide(lease, "new", business_key="k", content_digest=packet.digest, document="d000001")
    with store.transaction() as unit:
        row = unit.inbox.get(row.id)
        assert (row.state, row.outcome, row.business_key, row.owner) == (InboxState.DECIDED, "new", "k", "w")
        unit.inbox.finish(lease, InboxState.SETTLED, at=NOW + SECOND)
        row = unit.inbox.get(row.id)
        assert (row.state, row.ended_at, row.next_at, row.owner) == (InboxState.SETTLED, NOW + SECOND, None, None)
        assert unit.inbox.counts() == {("vxp", "settled", "new"): 1}
        assert unit.inbox.next_due() is None
    for call in (
        lambda unit: unit.inbox.decide(lease, "duplicate"),
        lambda unit: unit.inbox.finish(lease, InboxState.KEPT, at=NOW, next_at=NOW),
        lambda unit: unit.inbox.retry(row.id, at=NOW),
    ):
        with pytest.raises(StoreError) as error, store.transaction() as unit:
            call(unit)
        assert code_of(error) in {"lease-lost", "row-final"}


def test_a_parked_copy_can_be_tried_again_and_conflicts_can_be_found(store: Store) -> None:
    packet = content(store)
    with store.transaction() as unit:
        for number in (1, 2):
            unit.inbox.keep(received(packet, number))
        rows = unit.inbox.claim("w", ("vxp", "lgsp"), at=NOW, lease=LEASE)
        leases = [Lease(row.id, "w", row.attempts) for row in rows]
        unit.inbox.finish(leases[0], InboxState.PARKED, at=NOW, code="hook-failed", detail="?")
        unit.inbox.decide(leases[1], "conflict", business_key="a|2026|1/X", code="content-conflict")
        unit.inbox.finish(leases[1], InboxState.SETTLED, at=NOW)
        with pytest.raises(UsageError):
            unit.inbox.finish(leases[0], InboxState.KEPT, at=NOW)
    with store.transaction() as unit:
        assert [row.code for row in unit.inbox.list(state=InboxState.PARKED).rows] == ["hook-failed"]
        assert [row.code for row in unit.inbox.list(outcome="conflict").rows] == ["content-conflict"]
        assert len(unit.inbox.list(business_key="a|2026|1/X").rows) == 1
        assert unit.inbox.retry(leases[0].key, at=NOW).state is InboxState.KEPT
        assert unit.inbox.next_due() == NOW
        (row,) = unit.inbox.claim("w", ("vxp",), at=NOW, lease=LEASE)
        assert row.attempts == 2
        assert unit.inbox.release("w", at=NOW) == 1


@pytest.mark.parametrize("part", ["outbox", "inbox", "documents"])
def test_what_is_not_there_has_an_error_of_its_own(store: Store, part: str) -> None:
    with pytest.raises(StoreError) as error, store.reading() as unit:
        getattr(unit, part).get("x")
    assert code_of(error) == "row-unknown"


def test_versions_of_a_document_are_found_by_key_and_by_hint(store: Store) -> None:
    packet = content(store)
    first = document(packet)
    second = document(packet, id="d2", version=2, kind=2, target="d000001")
    with store.transaction() as unit:
        assert unit.documents.add(first)
        assert not unit.documents.add(first)
        assert unit.documents.add(second)
        assert not unit.documents.add(document(packet, id="d3", version=2)), "a version is there once"
        assert unit.documents.versions("out", first.business_key) == (second, first)
        assert unit.documents.versions("in", first.business_key) == ()
        assert unit.documents.by_hint(first.document_id or "") == (first, second)
        assert unit.documents.list(direction="out", limit=1).rows == (first,)
        assert unit.documents.list(direction="in").rows == ()
        assert len(unit.documents.list().rows) == 2
        assert unit.documents.get("d2") == second


def test_a_delivery_moves_until_it_is_final(store: Store) -> None:
    packet = content(store)
    start = delivery(value={"attempts": 0})
    with store.transaction() as unit:
        unit.documents.add(document(packet))
        unit.documents.follow(start)
        assert unit.documents.delivery("d000001", "000.00.00.H02") == start
        assert unit.documents.delivery("d000001", "nobody") is None
        assert unit.documents.due(NOW) == (start,)
        assert unit.documents.due(NOW - SECOND) == ()
    end = attrs.evolve(start, delivery="arrived", final=True, next_at=None)
    with store.transaction() as unit:
        unit.documents.move(end)
        assert unit.documents.deliveries("d000001").rows == (end,)
        assert unit.documents.counts() == {"arrived": 1}
    for other in (start, attrs.evolve(start, recipient="nobody")):
        with pytest.raises(StoreError) as error, store.transaction() as unit:
            unit.documents.move(other)
        assert code_of(error) == "row-final"


def test_the_database_itself_refuses_a_row_that_nobody_owns(store: Store) -> None:
    packet = content(store)
    with store.transaction() as unit:
        unit.documents.add(document(packet))
    with pytest.raises(StoreError) as error, store.transaction() as unit:
        unit.documents.follow(delivery(next_at=None))
    assert code_of(error) == "store-failed"
    with store.transaction() as unit:
        unit.documents.follow(delivery(next_at=None, owner="peer"))


def test_a_status_counts_once(store: Store) -> None:
    key = "000.00.00.H01|2026|1/UBND"
    status = Heard(
        direction="out", business_key=key, version=1, receiver="B", code="03", at=NOW, reported_at=NOW, description="đã"
    )
    with store.transaction() as unit:
        assert unit.documents.hear(status)
        assert not unit.documents.hear(attrs.evolve(status, at=NOW + SECOND, description="lần nữa"))
        assert unit.documents.hear(attrs.evolve(status, receiver="C"))
        assert unit.documents.hear(attrs.evolve(status, change="c1"))
        assert unit.documents.hear(attrs.evolve(status, version=2))
        assert unit.documents.hear(attrs.evolve(status, direction="in"))
        assert unit.documents.hear(attrs.evolve(status, code="04", at=NOW + SECOND))
        assert [h.code for h in unit.documents.history("out", key, "B")] == ["03", "03", "03", "04"]
        assert unit.documents.history("out", key, "B")[0] == status
        assert len(unit.documents.history("out", key)) == 5


def test_one_open_change_for_a_recipient(store: Store) -> None:
    packet = content(store)
    change = Change(
        id="c1",
        document="d000001",
        recipient="B",
        kind="recall",
        form="R2",
        state="asked",
        requested_at=NOW,
        final=False,
        next_at=NOW + DAY,
    )
    with store.transaction() as unit:
        unit.documents.add(document(packet))
        assert unit.documents.open_change(change)
        assert not unit.documents.open_change(change)
        assert unit.documents.open_change(attrs.evolve(change, recipient="C"))
        with pytest.raises(StoreError) as error:
            unit.documents.open_change(attrs.evolve(change, id="c2"))
        assert code_of(error) == "store-change-open"
        assert len(unit.documents.due_changes(NOW + DAY)) == 2
        unit.documents.move_change(attrs.evolve(change, state="agreed", final=True, next_at=None))
        with pytest.raises(StoreError):
            unit.documents.move_change(change)
        assert unit.documents.open_change(attrs.evolve(change, id="c2"))
        assert [c.id for c in unit.documents.changes("d000001", "B")] == ["c1", "c2"]
        assert [c.id for c in unit.documents.changes("d000001", open_only=True)] == ["c1", "c2"]
        assert [c.recipient for c in unit.documents.change_parts("c1").rows] == ["B", "C"]


def test_evidence_is_found_by_what_it_proves_and_never_cut(store: Store) -> None:
    packet = content(store)
    payload = b"\x07" * 32
    small = Evidence(id="e1", payload=payload, kind="receipt", at=NOW, message_id="m1", data=b"x" * 5_000_000)
    large = Evidence(id="e2", payload=payload, kind="packet", at=NOW, document="d1", content=packet.digest)
    with store.transaction() as unit:
        assert unit.records.keep(small)
        assert unit.records.keep(large)
        assert not unit.records.keep(small)
        assert unit.records.about(payload).rows == (small, large)
        assert unit.records.about(payload, limit=1).after == "e1"
        assert unit.records.of("d1").rows == (large,)
    for wrong in ({"data": None}, {"content": packet.digest}):
        with pytest.raises(StoreError), store.transaction() as unit:
            unit.records.keep(attrs.evolve(small, id="e3", **wrong))


def test_snapshots_of_the_address_book(store: Store) -> None:
    packet = content(store)
    old = Snapshot(digest=b"\1" * 32, version="2025", taken_at=NOW - DAY, content=packet.digest)
    new = Snapshot(digest=b"\2" * 32, version="2026", taken_at=NOW, content=packet.digest)
    with store.transaction() as unit:
        assert unit.records.newest() is None
        assert unit.records.snap(new)
        assert unit.records.snap(old)
        assert not unit.records.snap(old)
        assert unit.records.newest() == new
        assert unit.records.snapshot(b"\1" * 32) == old
        assert unit.records.snapshot(b"\3" * 32) is None


def test_a_row_names_only_contents_that_are_there(store: Store) -> None:
    info = store.keep(MemoryOctets(b"gone"))
    store.blobs.delete(info.digest)
    with pytest.raises(StoreError) as error, store.transaction() as unit:
        unit.name(info, at=NOW)
    assert code_of(error) == "blob-missing"
    info = store.keep(MemoryOctets(b"not entered"))
    with pytest.raises(StoreError), store.transaction() as unit:
        unit.outbox.post(message(packet=info.digest))


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    def work() -> None:
        with store.transaction() as unit:
            unit.outbox.post(message(1))
            unit.outbox.post(message(2))
            raise KeyError

    with pytest.raises(KeyError):
        work()
    with store.reading() as unit:
        assert unit.outbox.list().rows == ()
