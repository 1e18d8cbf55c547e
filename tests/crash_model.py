"""The crash model: agencies, an axis and bad luck as a Hypothesis rule machine over real SQLite stores.

Each rule does what may happen: documents are sent, recalled and updated, clerks act, lines break, answers are lost,
copies come twice or in another order, time passes, and a process dies at any point of progress, which loses all that
was not committed. After every rule and at the end the promises are checked: no accepted document lost, one effect,
final stays final, no row without owner or deadline, and no recall or update counts as arrived that has not come.

``python tests/crash_model.py 10000 --seed 3 --processes 2`` runs that many schedules and prints what was met. They come
in lots of a thousand with a seed each (3, 4, 5 and so on): the same seed makes the same schedules on the same code, so
that a long run can be split and its finding repeated; ``--shrink`` then looks for the shortest schedule.
"""

from __future__ import annotations

import argparse
import atexit
import datetime
import functools
import multiprocessing
import random
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

import attrs
import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Engine, text

from node_support import AXIS, FIRST, POLICY, SECOND, SENDER, change, declared, organization, packet, table
from vndoc.envelope import DocumentPacket
from vndoc.errors import ExchangeError
from vndoc.exchange import DeliveryState, LifeEvent
from vndoc.node import FAILPOINTS, Event, Node, Round, Tracking, _context, _heart
from vndoc.store import Connection, FolderBlobs, Store
from vndoc.store._engine import open_engine
from vndoc.testing.clock import FakeClock
from vndoc.testing.faulty import CALLS, Fault, FaultyTransport
from vndoc.transport import ItemState, Kind, MemoryAxis

CODES = (SENDER, FIRST, SECOND)
FAULTS = (
    Fault.LOST_BEFORE,
    Fault.LOST_AFTER,
    Fault.TIMEOUT,
    Fault.FAILED,
    Fault.NONSENSE,
    Fault.DUPLICATE,
    Fault.REORDER,
)
"""What a line and an axis may do. An axis that says yes and throws a packet away is beyond what a sender can mend."""
RECEIVING = tuple(
    point
    for point in FAILPOINTS
    if point.split(".")[0] in {"blob", "store", "take", "settle", "event", "push", "act", "answer"}
    and point != "take.kept-only"
)
SENDING = (
    tuple(point for point in FAILPOINTS if point not in {*RECEIVING, "migrate.step", "take.kept-only"}) + RECEIVING
)
"""Where a process may die; the two points that are left out have tests of their own."""
STEP = datetime.timedelta(seconds=1)
PAUSE = datetime.timedelta(minutes=1)
"""What passes at the end when all that is due waits for a carrier that rests, or for a lease to end."""
REST = 2 * (POLICY.delivery.longest_wait + POLICY.wait_for_target)
"""Within this time all comes to rest: an attempt that waits, and what came out of order waits for its document."""
LOT = 1000
"""Schedules of one seed."""
MET: Counter[str] = Counter()
"""What the schedules met, for the long run."""


class Death(BaseException):
    """The process dies here."""


@functools.cache
def workshop() -> Path:
    """Return the folder of this process, in memory where there is one: the rules are about order, not about disks.

    In it is a store without rows, to be copied: making the tables for every schedule would take most of the time.
    """
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
    folder = Path(tempfile.mkdtemp(prefix="vndoc-model-", dir=memory if memory.is_dir() else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with (
        Store.open(f"sqlite:///{folder / 'empty.db'}", blobs=folder / "blobs") as store,
        store.transaction() as unit,
    ):
        unit.connection.execute(
            text("CREATE TABLE effects (kind TEXT, business_key TEXT, receiver TEXT, code TEXT, event TEXT)")
        )
    return folder


@functools.cache
def engine(code: str) -> Engine:
    """Return the engine for the database of an agency: what it keeps over all schedules is how statements are said."""
    return open_engine(f"sqlite:///{workshop() / code}/store.db", busy=datetime.timedelta(seconds=10))


class Office:
    """The office system of one agency: one table in the same database, and a list beyond it."""

    def __init__(self) -> None:
        self.told: Counter[str] = Counter()

    @staticmethod
    def register(connection: Connection, event: Event) -> None:
        values = (event.kind.value, event.business_key, event.receiver, event.code, event.id)
        names = ("kind", "business_key", "receiver", "code", "event")
        connection.execute(
            text("INSERT INTO effects VALUES (:kind, :business_key, :receiver, :code, :event)"),
            dict(zip(names, values, strict=True)),
        )

    def tell(self, _event: Event, key: str) -> None:
        self.told[key] += 1


class Agency:
    """One agency: its folder survives, everything else dies with the process."""

    def __init__(self, code: str, axis: MemoryAxis, clock: FakeClock) -> None:
        self.code = code
        self.folder = workshop() / code
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        shutil.copy(workshop() / "empty.db", self.folder / "store.db")
        self.axis, self.clock = axis, clock
        self.office = Office()
        self.death = ""
        self.fault = ("", Fault.NONE)
        self.parted = False
        self.finals: dict[tuple[str, str], str] = {}
        self.eye = sqlite3.connect(self.folder / "store.db", isolation_level=None)
        self.checked = -1
        self.start()

    def start(self) -> None:
        self.death, self.fault = "", ("", Fault.NONE)
        blobs = FolderBlobs(self.folder / "blobs", reached=self.reached)
        self.store = Store(engine(self.code), blobs, self.reached)
        self.carrier = FaultyTransport(
            self.axis.transport(self.code, name=AXIS), self.next_fault, clock=self.clock, sleep=self.clock.sleep
        )
        if self.parted:
            self.carrier.partition()
        self.node = Node(
            self.store,
            {AXIS: self.carrier},
            table(),
            None,
            POLICY,
            own={self.code: organization(self.code)},
            clock=self.clock,
            jitter=lambda: 0.5,
            in_transaction=self.office.register,
            at_least_once=self.office.tell,
        )

    def reached(self, point: str) -> None:
        if point == self.death:
            self.death = ""
            MET[f"death at {point}"] += 1
            raise Death

    def next_fault(self, call: str) -> Fault:
        if call != self.fault[0]:
            return Fault.NONE
        fault, self.fault = self.fault[1], ("", Fault.NONE)
        if fault is not Fault.NONE:
            MET[f"{fault.value} in {call}"] += 1
        return fault

    def do(self, work: Any) -> Any:
        """Do *work*; if the process dies in it, start another one."""
        try:
            return work()
        except Death:
            self.store.close()
            self.start()
            return None

    def rows(self, sql: str) -> list[Any]:
        """Ask the database behind the store's back, as anybody could."""
        return self.eye.execute(sql).fetchall()

    def close(self) -> None:
        self.eye.close()
        self.store.close()

    def wakes(self) -> datetime.datetime | None:
        """Return when the first of its rows is due, None where nothing will ever be."""
        ((at,),) = self.rows(NEXT)
        return None if at is None else datetime.datetime.fromisoformat(at)

    def has_to_do(self) -> bool:
        """Return whether a row is due, or something waits at the axis."""
        at = self.wakes()
        if at is not None and at <= self.clock():
            return True
        waiting = (item for kind in (Kind.DOCUMENT, Kind.STATUS) for item in self.axis.waiting([self.code], kind))
        return any(item.state is not ItemState.FAIL for item in waiting)

    def check(self) -> None:
        """Check what must hold at any time, unless nobody has written since the last time."""
        ((version,),) = self.rows("PRAGMA data_version")  # changes with every commit of another connection
        if version == self.checked:
            return
        self.checked = version
        for table_name in ("outbox", "inbox", "deliveries", "lives", "sagas", "changes"):
            stuck = f"SELECT * FROM {table_name} WHERE NOT final AND owner IS NULL AND next_at IS NULL"  # noqa: S608
            assert self.rows(stuck) == [], "every row that is not final has an owner or a next time"
        doubled = "SELECT business_key FROM effects WHERE kind = 'received' GROUP BY 1, receiver HAVING count(*) > 1"
        assert self.rows(doubled) == [], "one effect"
        assert self.rows("SELECT event FROM effects GROUP BY event HAVING count(*) > 1") == []
        conflicts = "SELECT business_key FROM conflicts WHERE code = 'document-conflict'"
        assert self.rows(conflicts) == [], "a document that comes again is a duplicate and no conflict"
        for kind, key, state in self.rows(FINALS):
            assert self.finals.setdefault((kind, key), state) == state, f"final stays final: {kind} {key}"


NEXT = """
SELECT min(next_at) FROM (
    SELECT next_at FROM outbox WHERE NOT final
    UNION ALL SELECT next_at FROM inbox WHERE NOT final
    UNION ALL SELECT next_at FROM deliveries WHERE NOT final
    UNION ALL SELECT next_at FROM sagas WHERE NOT final
)
"""
LEFT = """
SELECT 'message', kind, carrier, state, owner, lease_until, next_at, attempts, code FROM outbox WHERE NOT final
UNION ALL SELECT 'copy', kind, carrier, state, owner, lease_until, next_at, attempts, code FROM inbox WHERE NOT final
"""
CHANGES_THAT_ARRIVED = """
SELECT d.content_digest, d.kind, w.recipient FROM deliveries w JOIN documents d ON d.id = w.document
WHERE d.direction = 'out' AND d.kind IN (1, 2) AND w.delivery = 'arrived'
"""
FINALS = """
SELECT 'message', message_id, state FROM outbox WHERE final
UNION ALL SELECT 'copy', id, state || coalesce(outcome, '') FROM inbox WHERE final
UNION ALL SELECT 'delivery', document || recipient, delivery FROM deliveries WHERE final
UNION ALL SELECT 'life', direction || business_key || receiver, state FROM lives WHERE final
UNION ALL SELECT 'change', id, state FROM sagas WHERE final
"""


class CrashModel(RuleBasedStateMachine):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.axis = MemoryAxis(CODES, clock=self.clock)
        self.agencies = {code: Agency(code, self.axis, self.clock) for code in CODES}
        self.accepted: dict[str, tuple[str, ...]] = {}
        self.packets: dict[int, DocumentPacket] = {}
        self.asked = 0
        self.numbers = Numbers()
        self.stage = ExitStack()
        self.stage.enter_context(mock.patch.object(_context, "secrets", self.numbers))
        self.stage.enter_context(mock.patch.object(_heart, "threading", Still))
        MET["schedules"] += 1

    @initialize(seed=st.integers(0, 2**16))
    def choose_ids(self, seed: int) -> None:
        """Ids decide the order among what is due at the same time: chance, but the same when a schedule is repeated."""
        self.numbers.source.seed(seed)

    @property
    def sender(self) -> Agency:
        return self.agencies[SENDER]

    # -- what people do ----------------------------------------------------------------------------

    @rule(to=st.sets(st.sampled_from([FIRST, SECOND]), min_size=1))
    def send(self, to: set[str]) -> None:
        number = len(self.packets) + 1
        self.packets[number] = packet(number, *sorted(to))
        self._send(number)

    @precondition(lambda self: self.packets)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        self._send(data.draw(st.sampled_from(sorted(self.packets))))

    def _send(self, number: int) -> None:
        sent_packet = self.packets[number]
        node = self.sender.node
        sent = self.sender.do(lambda: node.send(sent_packet, not_secret=declared(sent_packet, self.clock())))
        if sent is not None:
            MET["accepted"] += not sent.repeated
            self.accepted[sent.business_key] = tuple(o.organ_id.text for o in sent_packet.to)

    @precondition(lambda self: self.accepted)
    @rule(data=st.data(), code=st.sampled_from([FIRST, SECOND]), event=st.sampled_from(list(LifeEvent)[1:6]))
    def clerk_acts(self, data: st.DataObject, code: str, event: LifeEvent) -> None:
        key = data.draw(st.sampled_from(sorted(self.accepted)))
        agency = self.agencies[code]
        try:
            agency.do(lambda: agency.node.act(key, code, event, reason="lý do"))
        except ExchangeError as error:
            MET[f"refused: {error.code}"] += 1

    @precondition(lambda self: self.accepted)
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.accepted)))
        try:
            self.sender.do(lambda: self.sender.node.take_back(key, reason="gửi nhầm"))
        except ExchangeError as error:
            MET[f"refused: {error.code}"] += 1

    @precondition(lambda self: self.accepted)
    @rule(data=st.data(), kind=st.sampled_from([1, 2]), own_number=st.booleans())
    def ask(self, data: st.DataObject, kind: int, own_number: bool) -> None:
        """A packet recalls or updates a document, under its number or one of its own."""
        self.asked += 1
        of = self.packets[data.draw(st.sampled_from(sorted(self.packets)))]
        to = [organ.organ_id.text for organ in of.to]
        wanted = change(kind, of, *to, number=500 + self.asked if own_number else None)
        wanted = attrs.evolve(wanted, subject=f"{wanted.subject}, lần {self.asked}")
        node = self.sender.node
        try:
            sent = self.sender.do(lambda: node.send(wanted, not_secret=declared(wanted, self.clock())))
        except ExchangeError as error:
            MET[f"refused: {error.code}"] += 1
        else:
            MET["changes by packet"] += sent is not None

    @rule(code=st.sampled_from([FIRST, SECOND]), agree=st.booleans())
    def answer(self, code: str, agree: bool) -> None:
        agency = self.agencies[code]
        waiting = agency.rows("SELECT id FROM sagas WHERE direction = 'in' AND NOT final ORDER BY id LIMIT 1")
        for (request,) in waiting:
            try:
                agency.do(lambda name=request: agency.node.answer(name, agree=agree, reason="lý do"))
            except ExchangeError as error:
                MET[f"refused: {error.code}"] += 1

    # -- what machines do --------------------------------------------------------------------------

    @rule(code=st.sampled_from(CODES))
    def work(self, code: str) -> None:
        agency = self.agencies[code]
        agency.do(agency.node.work)
        self.clock.advance(STEP)

    @rule()
    def all_work(self) -> None:
        """Let all work, but for those who have nothing to do and to whom nothing is about to happen."""
        for code, agency in self.agencies.items():
            if agency.death or agency.fault[0] or agency.has_to_do():
                self.work(code)
            else:
                self.clock.advance(STEP)

    # -- bad luck ----------------------------------------------------------------------------------

    @rule(point=st.sampled_from(SENDING), to=st.sampled_from([FIRST, SECOND]))
    def die_sending(self, point: str, to: str) -> None:
        """There is something to send, and the process dies when it comes to *point*, now or later."""
        self.sender.death = point
        self.send({to})
        self.all_work()
        self.all_work()

    @rule(point=st.sampled_from(RECEIVING), to=st.sampled_from([FIRST, SECOND]))
    def die_receiving(self, point: str, to: str) -> None:
        """Something has come, and the process dies when it comes to *point*, now or later."""
        self.send({to})
        self.work(SENDER)
        self.agencies[to].death = point
        self.all_work()
        self.all_work()

    @rule(
        to=st.sampled_from([FIRST, SECOND]),
        sending=st.booleans(),
        call=st.sampled_from(CALLS),
        fault=st.sampled_from(FAULTS),
    )
    def fail(self, to: str, sending: bool, call: str, fault: Fault) -> None:
        """There is something to carry, and one call of one side goes wrong."""
        self.agencies[SENDER if sending else to].fault = (call, fault)
        self.send({to})
        self.all_work()
        self.all_work()

    @rule(code=st.sampled_from(CODES))
    def part(self, code: str) -> None:
        self.agencies[code].parted = True
        self.agencies[code].carrier.partition()

    @rule(code=st.sampled_from(CODES))
    def heal(self, code: str) -> None:
        self.agencies[code].parted = False
        self.agencies[code].carrier.heal()

    @rule(minutes=st.sampled_from([1, 1, 3, 3, 10, 30, 60, 24 * 60, 6 * 24 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.clock.advance(datetime.timedelta(minutes=minutes))

    # -- the promises ------------------------------------------------------------------------------

    @invariant()
    def promises_hold(self) -> None:
        for agency in self.agencies.values():
            agency.check()
        self._what_arrived_came()

    def teardown(self) -> None:
        try:
            self._all_ends_well()
        finally:
            self.stage.close()
            for agency in self.agencies.values():
                agency.close()

    def _all_ends_well(self) -> None:
        """Let lines be good and time pass: then all that was accepted has arrived, or is known not to have."""
        for agency in self.agencies.values():
            agency.death, agency.fault, agency.parted = "", ("", Fault.NONE), False
            agency.carrier.heal()
        self._come_to_rest()
        self.promises_hold()
        effects = "SELECT business_key FROM effects WHERE kind = 'received'"
        arrived = {(key, code) for code, agency in self.agencies.items() for (key,) in agency.rows(effects)}
        MET["changes that arrived"] += len(self.sender.rows(CHANGES_THAT_ARRIVED))
        for key, recipients in self.accepted.items():
            tracking = self.sender.node.track(key)
            for recipient in recipients:
                self._not_lost(tracking, recipient, (key, recipient) in arrived)
        for agency in self.agencies.values():
            told = {event for (event,) in agency.rows("SELECT event FROM effects")}
            assert told <= set(agency.office.told), "whoever is told within is told without"

    def _come_to_rest(self) -> None:
        """Let whoever has something to do work; where nobody has, time passes until the next row is due."""
        until = self.clock() + REST
        while (now := self.clock()) < until:
            busy = [agency for agency in self.agencies.values() if agency.has_to_do()]
            if not busy and _at_rest(self.agencies.values()):
                break
            rounds = [agency.node.work() for agency in busy]
            if busy:
                self.clock.advance(STEP if any(map(_did, rounds)) else PAUSE)
            else:
                wakes = min(at for agency in self.agencies.values() if (at := agency.wakes()) is not None)
                self.clock.advance(max(wakes - now, STEP))
        else:
            left = {agency.code: agency.rows(LEFT) for agency in self.agencies.values()}
            raise AssertionError(f"it never comes to rest: at {self.clock()} there is {left}")
        assert not any(_did(agency.node.work()) for agency in self.agencies.values()), "nothing is left to do"

    def _what_arrived_came(self) -> None:
        """A recall or an update that counts as arrived has come: the sender would not send it again."""
        for digest, kind, recipient in self.sender.rows(CHANGES_THAT_ARRIVED):
            came = self.agencies[recipient].rows(
                f"SELECT id FROM documents WHERE direction = 'in' AND content_digest = '{digest}' AND kind = {kind}"  # noqa: S608
            )
            assert came, f"the change {kind} counts as arrived at {recipient}, where it never came"

    def _not_lost(self, tracking: Tracking, recipient: str, arrived: bool) -> None:
        documents = {id_ for (id_,) in self.sender.rows("SELECT id FROM documents WHERE kind = 0")}
        delivery = next(d for d in tracking.deliveries if d.recipient == recipient and d.document in documents)
        life = next(row for row in tracking.lives if row.receiver == recipient)
        MET[f"ended: {delivery.delivery}, {life.state}"] += 1
        if delivery.delivery == DeliveryState.EXPIRED.value:
            return  # known not to have been delivered in time: it is told, and what came later is a conflict
        assert arrived, f"{tracking.business_key} is lost at {recipient}: {delivery.delivery}"
        assert delivery.delivery == DeliveryState.ARRIVED.value
        assert life.state != "expected"


class Numbers:
    """In the place of :mod:`secrets`, within one schedule."""

    def __init__(self) -> None:
        self.source = random.Random(0)

    def token_hex(self, octets: int) -> str:
        return self.source.randbytes(octets).hex()


class Still:
    """In the place of :mod:`threading`, for the heart: no round takes the 40 seconds after which it beats first."""

    Event = threading.Event

    class Thread:
        def __init__(self, **_: object) -> None: ...

        def start(self) -> None: ...

        def join(self) -> None: ...


def _did(done: Round) -> bool:
    return bool(done.sent or done.received or done.settled or done.events or done.deadlines)


def _at_rest(agencies: Iterable[Agency]) -> bool:
    unfinished = "SELECT count(*) FROM outbox WHERE NOT final UNION ALL SELECT count(*) FROM inbox WHERE NOT final"
    return all(count == 0 for agency in agencies for (count,) in agency.rows(unfinished))


# -- the long run ------------------------------------------------------------------------------------


class Told(CrashModel):
    """Tells now and then how far it has come."""

    began = 0.0
    seed = 0

    def __init__(self) -> None:
        super().__init__()
        if MET["schedules"] % 100 == 0:
            print(f"seed {self.seed}: {MET['schedules']} schedules, {time.monotonic() - self.began:.0f} s", flush=True)


def run(seed: int, schedules: int, shrink: bool = False) -> tuple[Counter[str], str]:
    """Run one lot of *schedules* with *seed*; return what was met, and the finding or nothing."""
    phases = {hypothesis.Phase.generate, *([hypothesis.Phase.shrink] if shrink else [])}
    machine = hypothesis.settings(
        max_examples=schedules,
        stateful_step_count=40,
        deadline=None,
        database=None,
        phases=tuple(phases),
        report_multiple_bugs=False,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    MET.clear()
    Told.began, Told.seed = time.monotonic(), seed
    try:
        hypothesis.stateful.run_state_machine_as_test(hypothesis.seed(seed)(Told), settings=machine)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding, and is told
        notes = "\n".join(getattr(error, "__notes__", ()))
        return Counter(MET), "".join(traceback.format_exception(error)) + notes
    return Counter(MET), ""


def main(arguments: list[str] | None = None) -> int:
    """Run the lots that are asked for, until one finds something, and print what was met."""
    parser = argparse.ArgumentParser(description="Run schedules of the crash model.")
    parser.add_argument("schedules", type=int, nargs="?", default=LOT)
    parser.add_argument("--seed", type=int, default=0, help="of the first lot of a thousand")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--shrink", action="store_true", help="look for the shortest schedule; takes minutes")
    asked = parser.parse_args(arguments)
    sizes = [LOT] * (asked.schedules // LOT) + [asked.schedules % LOT] * (asked.schedules % LOT > 0)
    lots = [(asked.seed + number, size, asked.shrink) for number, size in enumerate(sizes)]
    began, met, finding = time.monotonic(), Counter[str](), ""
    for seed, more, finding in _each(lots, asked.processes):
        met += more
        print(f"seed {seed} ended: {met['schedules']} schedules in all, {time.monotonic() - began:.0f} s", flush=True)
        if finding:
            print(f"{finding}\nThe finding of seed {seed}.", flush=True)
            break
    for name, count in sorted(met.items()):
        print(f"{count:9d}  {name}")
    print(f"{met['schedules']} schedules, {'a promise is broken' if finding else 'every promise held'}")
    return bool(finding)


def _each(lots: list[tuple[int, int, bool]], processes: int) -> Iterator[tuple[int, Counter[str], str]]:
    """Run the *lots*, and give what each came to, as it ends: here, or in so many processes."""
    if processes == 1:
        for lot in lots:
            yield lot[0], *run(*lot)
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        running = {pool.submit(run, *lot): lot[0] for lot in lots}
        try:
            for done in as_completed(running):
                yield running[done], *done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


if __name__ == "__main__":
    sys.exit(main())
