"""The crash model: agencies, an axis and bad luck as a Hypothesis rule machine over real SQLite stores.

Each rule does what may happen: documents are sent, clerks act, lines break, answers are lost, copies come twice or in
another order, time passes, and a process dies at any point of progress, which loses all that was not committed. After
every rule and at the end the promises are checked: no accepted document lost, one effect, final stays final, no row
without owner or deadline.

``python tests/crash_model.py 10000`` runs that many schedules and prints what was met.
"""

from __future__ import annotations

import datetime
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import text

from node_support import AXIS, FIRST, POLICY, SECOND, SENDER, declared, organization, packet, table
from vndoc.envelope import DocumentPacket
from vndoc.errors import ExchangeError
from vndoc.exchange import DeliveryState, LifeEvent
from vndoc.node import FAILPOINTS, Event, Node
from vndoc.store import Connection, FolderBlobs, Store
from vndoc.testing.clock import FakeClock
from vndoc.testing.faulty import CALLS, Fault, FaultyTransport
from vndoc.transport import MemoryAxis

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
MET: Counter[str] = Counter()
"""What the schedules met, for the long run."""

_template: Path | None = None


class Death(BaseException):
    """The process dies here."""


def template() -> Path:
    """Return a store without rows, to be copied: making the tables for every schedule would take most of the time."""
    global _template  # noqa: PLW0603 - made once for the process
    if _template is None:
        folder = Path(tempfile.mkdtemp(prefix="vndoc-model-"))
        with (
            Store.open(f"sqlite:///{folder / 'empty.db'}", blobs=folder / "blobs") as store,
            store.transaction() as unit,
        ):
            unit.connection.execute(
                text("CREATE TABLE effects (kind TEXT, business_key TEXT, receiver TEXT, code TEXT, event TEXT)")
            )
        _template = folder / "empty.db"
    return _template


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

    def __init__(self, code: str, folder: Path, axis: MemoryAxis, clock: FakeClock) -> None:
        self.code = code
        self.folder = folder / code.replace(".", "")
        self.folder.mkdir()
        shutil.copy(template(), self.folder / "store.db")
        self.axis, self.clock = axis, clock
        self.office = Office()
        self.death = ""
        self.fault = ("", Fault.NONE)
        self.parted = False
        self.finals: dict[tuple[str, str], str] = {}
        self.eye = sqlite3.connect(self.folder / "store.db", isolation_level=None)
        self.start()

    def start(self) -> None:
        self.death, self.fault = "", ("", Fault.NONE)
        blobs = FolderBlobs(self.folder / "blobs", reached=self.reached)
        self.store = Store.open(f"sqlite:///{self.folder / 'store.db'}", blobs=blobs, reached=self.reached)
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

    def check(self) -> None:
        for table_name in ("outbox", "inbox", "deliveries", "lives", "sagas", "changes"):
            stuck = f"SELECT * FROM {table_name} WHERE NOT final AND owner IS NULL AND next_at IS NULL"  # noqa: S608
            assert self.rows(stuck) == [], "every row that is not final has an owner or a next time"
        doubled = "SELECT business_key FROM effects WHERE kind = 'received' GROUP BY 1, receiver HAVING count(*) > 1"
        assert self.rows(doubled) == [], "one effect"
        assert self.rows("SELECT event FROM effects GROUP BY event HAVING count(*) > 1") == []
        for kind, key, state in self.rows(FINALS):
            assert self.finals.setdefault((kind, key), state) == state, f"final stays final: {kind} {key}"


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
        self.folder = Path(tempfile.mkdtemp(prefix="vndoc-crash-", dir=_fast()))
        self.clock = FakeClock()
        self.axis = MemoryAxis(CODES, clock=self.clock)
        self.agencies = {code: Agency(code, self.folder, self.axis, self.clock) for code in CODES}
        self.accepted: dict[str, tuple[str, ...]] = {}
        self.packets: dict[int, DocumentPacket] = {}
        MET["schedules"] += 1

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
        for code in CODES:
            self.work(code)

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

    def teardown(self) -> None:
        try:
            self._all_ends_well()
        finally:
            for agency in self.agencies.values():
                agency.eye.close()
                agency.store.close()
            shutil.rmtree(self.folder)

    def _all_ends_well(self) -> None:
        """Let lines be good and time pass: then all that was accepted has arrived, or is known not to have."""
        for agency in self.agencies.values():
            agency.death, agency.fault, agency.parted = "", ("", Fault.NONE), False
            agency.carrier.heal()
        for _ in range(60):
            rounds = [agency.node.work() for agency in self.agencies.values()]
            self.clock.advance(datetime.timedelta(minutes=1))
            if all(r.idle and not (r.received or r.settled or r.postponed or r.failures) for r in rounds) and _at_rest(
                self.agencies.values()
            ):
                break
        else:
            raise AssertionError("it never comes to rest")
        self.promises_hold()
        for key, recipients in self.accepted.items():
            for recipient in recipients:
                self._not_lost(key, recipient)
        for agency in self.agencies.values():
            told = {event for (event,) in agency.rows("SELECT event FROM effects")}
            assert told <= set(agency.office.told), "whoever is told within is told without"

    def _not_lost(self, key: str, recipient: str) -> None:
        tracking = self.sender.node.track(key)
        delivery = next(d for d in tracking.deliveries if d.recipient == recipient)
        life = next(row for row in tracking.lives if row.receiver == recipient)
        effects = self.agencies[recipient].rows("SELECT business_key FROM effects WHERE kind = 'received'")
        arrived = (key,) in effects
        MET[f"ended: {delivery.delivery}, {life.state}"] += 1
        if delivery.delivery == DeliveryState.EXPIRED.value:
            return  # known not to have been delivered in time: it is told, and what came later is a conflict
        assert arrived, f"{key} is lost at {recipient}: {delivery.delivery}"
        assert delivery.delivery == DeliveryState.ARRIVED.value
        assert life.state != "expected"


def _at_rest(agencies: Any) -> bool:
    unfinished = "SELECT count(*) FROM outbox WHERE NOT final UNION ALL SELECT count(*) FROM inbox WHERE NOT final"
    return all(count == 0 for agency in agencies for (count,) in agency.rows(unfinished))


def _fast() -> str | None:
    """Return a folder in memory, where there is one: the rules are about order, not about disks."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of its own is made there


def main(schedules: int) -> int:
    """Run *schedules* schedules and print what was met."""
    began = time.monotonic()
    machine = hypothesis.settings(
        max_examples=schedules,
        stateful_step_count=40,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    hypothesis.stateful.run_state_machine_as_test(CrashModel, settings=machine)
    for name, count in sorted(MET.items()):
        print(f"{count:9d}  {name}")
    print(f"{MET['schedules']} schedules in {time.monotonic() - began:.0f} s, every promise held")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
