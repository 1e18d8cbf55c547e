"""``kill -9`` at every point of progress: a real process, killed for good, and another one that goes on.

Two agencies with a store each, folders as the axis between them. The scenario sends, receives, acknowledges, acts and
takes back; it can be begun anew at any time, as an office system does that does not know how far it came. A process is
forked for it, kills itself at the *n*-th time that it reaches a point, and is followed by one that ends the work; then
the promises are checked.

``python tests/crash_kill.py 1000 [sqlite|postgresql]`` runs that many kills at random and prints where they hit.
"""

from __future__ import annotations

import datetime
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
from sqlalchemy import create_engine, text

from node_support import FIRST, POLICY, SENDER, declared, organization, packet, table
from vndoc.errors import ExchangeError
from vndoc.exchange import LifeEvent
from vndoc.node import FAILPOINTS, Event, Node, _ahead
from vndoc.store import Connection, FolderBlobs, Store
from vndoc.testing.clock import FakeClock
from vndoc.transport import SpoolTransport

BEGIN = datetime.datetime(2026, 3, 2, 1, 0, tzinfo=datetime.UTC)
LATER = datetime.timedelta(minutes=10)
"""When the second process begins: the leases of the first are over."""
DOCUMENTS = 3
setattr(_ahead, "_SLOW", -1.0)  # noqa: B010 - a constant; here every copy is fetched ahead

KEPT_ONLY = "take.kept-only"
"""The point that the scenario comes to only when a hook fails; so it does there, and for each document once at most."""
EFFECTS = "CREATE TABLE IF NOT EXISTS effects (kind TEXT, business_key TEXT, code TEXT, event TEXT)"


class HookError(Exception):
    """What the office system raises that does not take an event."""


@attrs.define
class Site:
    """Where one scenario runs: folders, and the addresses of two databases."""

    folder: Path
    addresses: dict[str, str]
    failing: int = 0
    """How many events a hook of this process refuses before it takes any."""

    def prepare(self) -> None:
        for code in (SENDER, FIRST):
            SpoolTransport.create(self.folder / code)
        for code, other in ((SENDER, FIRST), (FIRST, SENDER)):
            (self.folder / code / "outgoing" / other).symlink_to(self.folder / other / "incoming")

    def node(self, code: str, clock: FakeClock, reached: Callable[[str], None]) -> Node:
        blobs = FolderBlobs(self.folder / f"{code}.blobs", reached=reached)
        store = Store.open(self.addresses[code], blobs=blobs, now=clock(), reached=reached)
        with store.transaction() as unit:
            unit.connection.execute(text(EFFECTS))
        return Node(
            store,
            {"spool": SpoolTransport(self.folder / code, [code], clock=clock)},
            table(SENDER, FIRST, carrier="spool"),
            None,
            attrs.evolve(POLICY, ahead=2),
            own={code: organization(code)},
            clock=clock,
            jitter=lambda: 0.5,
            in_transaction=self._registering(),
            at_least_once=self._tell(code),
        )

    def _tell(self, code: str) -> Callable[[Event, str], None]:
        path = self.folder / f"{code}.told"

        def tell(_event: Event, key: str) -> None:
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{key}\n")

        return tell

    def _registering(self) -> Callable[[Connection, Event], None]:
        left = self.failing

        def register(connection: Connection, event: Event) -> None:
            nonlocal left
            if left:
                left -= 1
                raise HookError
            values = {"k": event.kind.value, "b": event.business_key, "c": event.code, "e": event.id}
            connection.execute(text("INSERT INTO effects VALUES (:k, :b, :c, :e)"), values)

        return register

    def rows(self, code: str, sql: str) -> list[tuple[Any, ...]]:
        engine = create_engine(self.addresses[code].replace("postgresql:", "postgresql+psycopg:"))
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(text(sql))]
        engine.dispose()
        return found


def scenario(site: Site, at: datetime.datetime, reached: Callable[[str], None]) -> None:
    """Do everything from the beginning; what was done before is found done."""
    clock = FakeClock(at, step=datetime.timedelta(milliseconds=1))
    sender, receiver = (site.node(code, clock, reached) for code in (SENDER, FIRST))
    keys = []
    for number in range(1, DOCUMENTS + 1):
        sent = packet(number)
        keys.append(sender.send(sent, not_secret=declared(sent, clock())).business_key)
    _drain(clock, sender, receiver)
    _allowed(lambda: receiver.act(keys[0], FIRST, LifeEvent.ACCEPT))
    _allowed(lambda: receiver.act(keys[1], FIRST, LifeEvent.REFUSE, reason="sai thẩm quyền"))
    if not site.rows(SENDER, "SELECT id FROM sagas"):
        sender.take_back(keys[2], reason="gửi nhầm")
    _drain(clock, sender, receiver)
    clock.advance(POLICY.requests.answer_within * 1.5)
    _drain(clock, sender, receiver)  # the clerk is reminded
    for (request,) in site.rows(FIRST, "SELECT id FROM sagas WHERE NOT final"):
        receiver.answer(request, agree=True)
    _drain(clock, sender, receiver)
    for node in (sender, receiver):
        node.store.close()


def _allowed(act: Callable[[], object]) -> None:
    """Let a clerk act who does not know whether it was done already."""
    try:
        act()
    except ExchangeError as error:
        if error.code not in {"event-not-allowed", "state-is-final"}:
            raise


def _drain(clock: FakeClock, *nodes: Node) -> None:
    for _ in range(20):
        rounds = [node.work() for node in nodes]
        clock.advance(datetime.timedelta(seconds=30))
        if all(r.idle and not (r.received or r.settled) for r in rounds):
            return
    raise AssertionError("it never comes to rest")


def run(site: Site, kill: tuple[str, int] | None, at: datetime.datetime = BEGIN) -> bool:
    """Run the scenario in a process of its own; return whether it was killed at *kill*."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            site.failing = kill[1] if kill is not None and kill[0] == KEPT_ONLY else 0
            scenario(site, at, _killer(kill))
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the scenario fails by itself"
    return False


def _killer(kill: tuple[str, int] | None) -> Callable[[str], None]:
    counts: Counter[str] = Counter()

    def reached(point: str) -> None:
        counts[point] += 1
        if kill == (point, counts[point]):
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


def check(site: Site) -> None:
    """Check every promise, by asking the databases themselves."""
    keys = [f"{SENDER}|2026|{number}/UBND-VP" for number in range(1, DOCUMENTS + 1)]
    effects = site.rows(
        FIRST, "SELECT business_key, count(*) FROM effects WHERE kind = 'received' GROUP BY 1 ORDER BY 1"
    )
    assert effects == [(key, 1) for key in keys], "no accepted document is lost, and each has one effect"
    lives = site.rows(SENDER, "SELECT business_key, state FROM lives WHERE direction = 'out' ORDER BY 1")
    assert lives == list(zip(keys, ("accepted", "refused", "recalled"), strict=True))
    heard = site.rows(SENDER, "SELECT code FROM statuses ORDER BY code")
    assert [code for (code,) in heard] == ["01", "01", "01", "02", "03", "15"]
    for code in (SENDER, FIRST):
        assert site.rows(code, "SELECT event FROM effects GROUP BY event HAVING count(*) > 1") == []
        for name in ("outbox", "inbox", "deliveries", "lives", "sagas", "changes"):
            forgotten = f"SELECT * FROM {name} WHERE NOT final AND owner IS NULL AND next_at IS NULL"  # noqa: S608
            assert site.rows(code, forgotten) == []
            if name in {"outbox", "inbox", "sagas", "changes"}:
                assert site.rows(code, f"SELECT * FROM {name} WHERE NOT final") == []  # noqa: S608
        told = set((site.folder / f"{code}.told").read_text(encoding="utf-8").split("\n"))
        assert {event for (event,) in site.rows(code, "SELECT event FROM effects")} <= told


def killed_and_checked(site: Site, kill: tuple[str, int]) -> bool:
    """Kill at *kill*, go on with a new process, check; return whether the point was reached at all."""
    site.prepare()
    killed = run(site, kill)
    if killed:
        assert not run(site, None, BEGIN + LATER)
    check(site)
    return killed


def killed_in_a_row(site: Site, points: Sequence[str]) -> list[str]:
    """Kill at each of *points* in turn, every time in a process that goes on where the last one died; then check.

    Returns the points where a process was killed. *points* stand in the order in which the scenario comes to them.
    """
    site.prepare()
    killed = [point for number, point in enumerate(points) if run(site, (point, 1), BEGIN + number * LATER)]
    assert not run(site, None, BEGIN + len(points) * LATER)
    check(site)
    return killed


def warm_up(folder: Path) -> None:
    """Load everything that a process needs, so that those that are forked begin at once."""
    site = sqlite_site(folder)
    site.prepare()
    scenario(site, BEGIN, lambda _: None)
    check(site)


def sqlite_site(folder: Path) -> Site:
    addresses = {code: f"sqlite:///{folder / code}.db" for code in (SENDER, FIRST)}
    for code in addresses:
        sqlite3.connect(folder / f"{code}.db").close()
    return Site(folder, addresses)


def main(kills: int, kind: str) -> int:
    """Kill that often, at random points, and print where."""
    import services  # noqa: PLC0415 - needs the driver of PostgreSQL

    with tempfile.TemporaryDirectory(prefix="vndoc-kill-") as name:
        warm_up(Path(name))
    began, met = time.monotonic(), Counter[str]()
    chance = random.Random(kills)
    for _ in range(kills):
        point, count = chance.choice(FAILPOINTS), chance.choice([1, 1, 2, 3, 4, 6, 8])
        kill = (point, min(count, DOCUMENTS) if point == KEPT_ONLY else count)
        with tempfile.TemporaryDirectory(prefix="vndoc-kill-") as name:
            if kind == "sqlite":
                killed = killed_and_checked(sqlite_site(Path(name)), kill)
            else:
                with services.postgres_database() as one, services.postgres_database() as two:
                    killed = killed_and_checked(Site(Path(name), {SENDER: one, FIRST: two}), kill)
        met[kill[0] if killed else "not reached"] += 1
    for point, count in sorted(met.items()):
        print(f"{count:7d}  {point}")
    print(f"{kills} schedules on {kind} in {time.monotonic() - began:.0f} s, every promise held")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100, sys.argv[2] if len(sys.argv) > 2 else "sqlite"))
