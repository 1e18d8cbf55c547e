"""Durable documents a second through the whole node, beside the same sequence of transactions run bare.

    python benchmarks/exchange.py                                    SQLite, and PostgreSQL where a server answers
    python benchmarks/exchange.py --documents 100 --pending 10000    quicker
    python benchmarks/exchange.py --sync 4 --pending 0               as on a disk whose sync takes 4 ms more

One document goes all the way: checked, written, kept, handed to an axis in memory, fetched, read, decided about,
its 01 sent back and taken in: two messages, each durable at both ends. *Bare* is what the database and the disk are
asked to do meanwhile, recorded on as many documents more and done again by nothing but the driver: the same statements
with the same values in the same transactions, the same contents written and synced. Several workers are processes on
one database, each with a carrier of its own.

How near the node comes depends on the disk: *bare* is little else than waiting for it. ``--sync`` shows another disk:
each sync of this process and each commit of PostgreSQL waits so much longer, in both runs. It needs a C compiler.

The second part takes in many pending statuses and watches the memory.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import multiprocessing
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import event

import vndoc
from measure import at_least, ended, head, row
from vndoc import exchange
from vndoc.envelope import (
    Attachment,
    Bussiness,
    DocumentPacket,
    DocumentType,
    Organization,
    OtherInfo,
    PromulgationInfo,
    ResponseFor,
    SignerInfo,
    StatusPacket,
    TraceHeader,
    TraceHeaderList,
)
from vndoc.envelope.octets import MemoryOctets, Octets
from vndoc.exchange import NotSecret, SendingRules
from vndoc.identifiers import DocumentCode
from vndoc.node import Node, NodePolicy
from vndoc.routing import Agency, Connection, RoutingTable, TableInfo
from vndoc.store import BlobInfo, Document, FolderBlobs, LifeRow, Store
from vndoc.transport import Features, Item, Kind, MemoryAxis, Outgoing, Receipt, Settlement
from vndoc.transport.content import Fetched

MUST = 0.70
SERVER = os.environ.get("VNDOC_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
SENDER, RECEIVER = "000.00.00.H01", "000.00.00.H02"
AXIS = "axis"
DAY = datetime.date(2026, 3, 2)
POLICY = NodePolicy(signatures=None, sending=SendingRules(signed=frozenset()))
GROWTH_MUST_MIB = 24.0


def table(*codes: str, carrier: str = AXIS) -> RoutingTable:
    agencies = [Agency(code=code, name=code, connection=Connection.CONNECTED) for code in codes]
    return RoutingTable.of(agencies, info=TableInfo(version="bench", carrier=carrier))


def document(number: str, data: bytes) -> DocumentPacket:
    sender = Organization(organ_id=SENDER, organ_name="Đơn vị gửi")
    hop = TraceHeader(organ_id=SENDER, timestamp=datetime.datetime(2026, 3, 2, 8, 0))  # noqa: DTZ001 - as on the wire
    return DocumentPacket(
        from_=sender,
        to=(Organization(organ_id=RECEIVER, organ_name="Đơn vị nhận"),),
        document_id=f"{SENDER},2026/03/02,{number}/UBND-VP",
        code=DocumentCode(number=number, notation="UBND-VP"),
        promulgation_info=PromulgationInfo(place="Hà Nội", promulgation_date=DAY),
        document_type=DocumentType(type=2, type_detail=18, type_name="Công văn"),
        subject=f"Về việc đo tốc độ, văn bản số {number}",
        signer_info=SignerInfo(position="Chủ tịch", full_name="Nguyễn Văn An"),
        other_info=OtherInfo(priority=0),
        trace_header_list=TraceHeaderList(bussiness=Bussiness(bussiness_doc_type=0, paper=0), trace_headers=(hop,)),
        attachments=(Attachment.of(MemoryOctets(b"%PDF-1.4\n" + data), name="van-ban.pdf"),),
    )


# -- recording, and doing it again bare ----------------------------------------------------------------

Operation = tuple[str, Any, Any]


class RecordingBlobs:
    """A folder of contents that remembers what is put while it is ``recording``."""

    recording = False

    def __init__(self, root: Path, operations: list[Operation]) -> None:
        self._inner = FolderBlobs(root)
        self._operations = operations
        self.head, self.open, self.delete, self.list = (
            self._inner.head,
            self._inner.open,
            self._inner.delete,
            self._inner.list,
        )

    def put(self, octets: Octets) -> BlobInfo:
        """Remember, and put."""
        if not self.recording:
            return self._inner.put(octets)
        with octets.open() as file:
            data = file.read()
        self._operations.append(("put", data, None))
        return self._inner.put(MemoryOctets(data))


def record(store: Store, operations: list[Operation]) -> None:
    """Note everything that the driver is asked to do from now on."""
    engine = store._engine  # noqa: SLF001 - looked at, not touched

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
        if dialect.name == "sqlite":
            return sqlite3.connect(*arguments, **options, factory=_recording_sqlite(operations))
        return _recording_postgres(operations).connect(*arguments, **options)

    engine.dispose()  # the connections that are open already record nothing
    store.ping()
    operations.clear()


def _recording_sqlite(operations: list[Operation]) -> type[sqlite3.Connection]:
    class Cursor(sqlite3.Cursor):
        def execute(self, text: str, values: Any = (), /) -> Any:
            found = super().execute(text, values)
            if not text.startswith("PRAGMA"):  # how the connection is set, and no part of a transaction
                operations.append(("one", text, values))
            return found

        def executemany(self, text: str, values: Any, /) -> Any:
            operations.append(("many", text, values))
            return super().executemany(text, values)

    class Recording(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

        def commit(self) -> None:
            if self.in_transaction:
                operations.append(("commit", None, None))
            super().commit()

        def rollback(self) -> None:
            if self.in_transaction:
                operations.append(("rollback", None, None))
            super().rollback()

    return Recording


def _recording_postgres(operations: list[Operation]) -> type[psycopg.Connection[Any]]:
    class Cursor(psycopg.Cursor[Any]):
        def execute(self, text: Any, values: Any = None, **options: Any) -> Any:
            operations.append(("one", text, values))
            return super().execute(text, values, **options)

        def executemany(self, text: Any, values: Any, **options: Any) -> None:
            operations.append(("many", text, values))
            super().executemany(text, values, **options)

    class Recording(psycopg.Connection[Any]):
        cursor_factory = Cursor

        def __init__(self, *given: Any, **options: Any) -> None:
            super().__init__(*given, **options)
            self.cursor_factory = Cursor

        def commit(self) -> None:
            if self.info.transaction_status:
                operations.append(("commit", None, None))
            super().commit()

        def rollback(self) -> None:
            if self.info.transaction_status:
                operations.append(("rollback", None, None))
            super().rollback()

    return Recording


class Bare:
    """Does recorded operations with the driver alone."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        if url.startswith("sqlite"):
            self.connection: Any = sqlite3.connect(
                url.removeprefix("sqlite:///"), isolation_level=None, timeout=60, check_same_thread=False
            )
            for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
                self.connection.execute(f"PRAGMA {pragma}").close()
        else:
            self.connection = psycopg.connect(url)

    def run(self, operations: Sequence[Operation]) -> None:
        """Do *operations*, one after the other."""
        cursor = self.connection.cursor()
        for kind, what, values in operations:
            if kind == "one":
                cursor.execute(what, values)
                if cursor.description is not None:
                    cursor.fetchall()
            elif kind == "many":
                cursor.executemany(what, values)
            elif kind == "put":
                self.put(what)
            else:
                getattr(self.connection, kind)()

    def put(self, data: bytes) -> None:
        """Write, sync, rename, sync: as the store does it."""
        name = hashlib.sha256(data).hexdigest()
        temporary = self.folder / uuid.uuid4().hex
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        home = self.folder / name[:2]
        home.mkdir(exist_ok=True)
        temporary.replace(home / name)
        handle = os.open(home, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


# -- documents a second --------------------------------------------------------------------------------


def work_off(node: Node) -> None:
    """Work until nothing is left to do."""
    while True:
        done = node.work()
        if done.idle and not done.received and not done.settled:
            return


def one_worker(number: int, urls: tuple[str, str], folder: Path, count: int, size: int, line: Any) -> None:
    """Be one worker: first as a node, then bare, in step with the others."""
    operations: list[Operation] = []
    codes = (SENDER, RECEIVER)
    name = f"{AXIS}-{number}"
    carrier = MemoryAxis(codes).transport(*codes, name=name)
    own = {code: Organization(organ_id=code, organ_name=code) for code in codes}
    chance = random.Random(number)
    packets = [document(f"{number + 1}{n:06d}", chance.randbytes(size)) for n in range(2 * count + 2)]
    blobs = RecordingBlobs(folder / "node", operations)
    with Store.open(urls[0], blobs=blobs, busy=datetime.timedelta(minutes=5)) as store:
        node = Node(store, {name: carrier}, table(*codes, carrier=name), None, POLICY, own=own)

        def send(packet: DocumentPacket) -> None:
            now = datetime.datetime.now(datetime.UTC)
            node.send(packet, not_secret=NotSecret(declared_by="đo", at=now, digest=vndoc.content_digest(packet)))

        def exchanged(part: Sequence[DocumentPacket]) -> None:
            for packet in part:
                send(packet)
            work_off(node)

        exchanged(packets[2 * count :])
        for _ in range(2):  # the second time tells that everybody is ready
            line.wait()
        exchanged(packets[:count])
        line.wait()
        record(store, operations)
        blobs.recording = True
        exchanged(packets[count : 2 * count])
    bare = Bare(urls[1], folder / "bare")
    line.wait()
    bare.run(operations)
    line.wait()


def rates(urls: tuple[str, str], workers: int, count: int, size: int) -> tuple[float, float]:
    """Return documents a second through nodes, and bare."""
    with tempfile.TemporaryDirectory(prefix="vndoc-bench-") as name:
        folder = Path(name)
        for part in ("node", "bare"):
            (folder / part).mkdir()
        for url in urls:
            Store.open(url, blobs=folder / "other").close()
        forked = multiprocessing.get_context("fork")
        line = forked.Barrier(workers + 1)
        each = max(count // workers, 1)
        children = [
            forked.Process(target=one_worker, args=(number, urls, folder, each, size, line))
            for number in range(workers)
        ]
        for child in children:
            child.start()
        line.wait()
        seconds = []
        for _ in range(2):
            line.wait()
            began = time.perf_counter()
            line.wait()
            seconds.append(time.perf_counter() - began)
        for child in children:
            child.join()
            assert child.exitcode == 0
    return each * workers / seconds[0], each * workers / seconds[1]


@contextmanager
def sqlite_urls() -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory(prefix="vndoc-bench-") as name:
        yield f"sqlite:///{name}/node.db", f"sqlite:///{name}/bare.db"


@contextmanager
def postgres_urls() -> Iterator[tuple[str, str]]:
    names = [f"vndoc_bench_{uuid.uuid4().hex}" for _ in range(2)]
    with psycopg.connect(SERVER, autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name}")
        try:
            base = SERVER.rpartition("/")[0]
            yield f"{base}/{names[0]}", f"{base}/{names[1]}"
        finally:
            for name in names:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def sync_seconds() -> float:
    """Return how long one sync of a small file takes on the disk below: what the ratio depends on most."""
    taken = []
    with tempfile.TemporaryFile(prefix="vndoc-bench-") as file:
        for _ in range(50):
            file.write(bytes(4096))
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - began)
    return statistics.median(taken)


_SLOWED = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
#define SLOWED(name) int name(int file) { \\
    int (*real)(int) = dlsym(RTLD_NEXT, #name); \\
    int found = real(file); \\
    usleep(MICROSECONDS); \\
    return found; }
SLOWED(fsync)
SLOWED(fdatasync)
"""


def slowed(milliseconds: float) -> int:
    """Run this program again where each sync takes *milliseconds* more, and return what it ends with."""
    microseconds = str(round(milliseconds * 1000))
    with tempfile.TemporaryDirectory(prefix="vndoc-bench-") as folder:
        code, library = Path(folder) / "slowed.c", Path(folder) / "slowed.so"
        code.write_text(_SLOWED, encoding="ascii")
        made = ["cc", "-shared", "-fPIC", f"-DMICROSECONDS={microseconds}", "-o", str(library), str(code)]
        subprocess.run(made, check=True)
        environment = os.environ | {
            "LD_PRELOAD": str(library),
            "PGOPTIONS": f"-c commit_delay={microseconds} -c commit_siblings=0",
        }
        given = [*sys.argv, "--sync", "0"]
        return subprocess.run([sys.executable, *given], env=environment, check=False).returncode


def throughput(databases: dict[str, Callable[[], Any]], workers: Sequence[int], count: int, size: int) -> None:
    for name, urls in databases.items():
        for number in workers:
            with urls() as pair:
                node, bare = rates(pair, number, count, size)
            share = node / bare
            label = f"{name}, {number} worker{'s' if number > 1 else ''}"
            row(f"{label}: documents/s through the node", f"{node:.1f}")
            row(f"{label}: the same transactions bare", f"{bare:.1f}")
            at_least(f"{label}: node / bare", share, MUST)


# -- many pending statuses -----------------------------------------------------------------------------


class Pending:
    """A carrier with very many statuses waiting, made as they are asked for."""

    name = AXIS
    features = Features(fans_out=True, deduplicates=True)

    def __init__(self, count: int, receivers: int) -> None:
        self.count, self.receivers = count, receivers
        self.settled = 0

    def pending(self, kind: Kind) -> Iterator[Item]:
        """Yield them one by one."""
        if kind is Kind.STATUS:
            for number in range(self.count):
                yield Item(id=f"s{number:07d}", kind=kind)

    def fetch(self, item: Item) -> Fetched:
        """Make the packet of one."""
        number = int(item.id[1:])
        code = ("01", "03", "04", "05", "06")[number // self.receivers % 5]
        receiver = f"{number % self.receivers:03d}.01.01.H02"
        data = vndoc.write_packet(
            StatusPacket(
                from_=Organization(organ_id=receiver, organ_name=receiver),
                response_for=ResponseFor(
                    organ_id=SENDER,
                    code="1/UBND-VP",
                    document_id=f"{SENDER},2026/03/02,1/UBND-VP",
                    promulgation_date=DAY,
                ),
                status_code=code,
                timestamp=datetime.datetime(2026, 3, 2, 9, 0),  # noqa: DTZ001 - as on the wire
            )
        )
        return Fetched(MemoryOctets(data), hashlib.sha256(data).digest())

    def settle(self, _item: Item, _settlement: Settlement) -> None:
        """Count."""
        self.settled += 1

    def submit(self, _packet: Outgoing, _recipients: Sequence[str]) -> Receipt:
        """Nothing is sent."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is open."""


def resident() -> float:
    """Return the memory of this process in MiB, as it is now."""
    with Path("/proc/self/status").open(encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024


def pending(count: int) -> None:
    """Take in *count* statuses on one document at a thousand receivers, and watch the memory."""
    receivers = min(1000, count)
    carrier = Pending(count, receivers)
    now = datetime.datetime.now(datetime.UTC)
    memory: list[float] = []
    settle = carrier.settle

    def watch(item: Item, settlement: Settlement) -> None:
        settle(item, settlement)
        if carrier.settled % max(count // 20, 1) == 0:
            memory.append(resident())

    carrier.settle = watch  # type: ignore[method-assign]
    with (
        tempfile.TemporaryDirectory(prefix="vndoc-bench-") as name,
        Store.open(f"sqlite:///{name}/s.db", blobs=Path(name) / "blobs") as store,
    ):
        seed(store, receivers, now)
        node = Node(store, {AXIS: carrier}, table(SENDER), None, POLICY, own=[SENDER])
        began = time.perf_counter()
        taken = node.poll()[AXIS]
        seconds = time.perf_counter() - began
    assert taken.settled == count, taken
    growth = max(memory) - memory[0]
    row(f"{count:,} pending statuses: taken in a second", f"{count / seconds:.0f}")
    row(
        "growth of memory after the first twentieth, MiB",
        f"{growth:.1f}",
        f"≤ {GROWTH_MUST_MIB:g}",
        ok=growth <= GROWTH_MUST_MIB,
    )


def seed(store: Store, receivers: int, now: datetime.datetime) -> None:
    """Enter one document that was sent to all the receivers."""
    key = f"{SENDER}|2026|1/UBND-VP"
    info = store.keep(MemoryOctets(vndoc.write_packet(document("1", b"x"))))
    with store.transaction() as unit:
        unit.name(info, at=now)
        unit.documents.add(
            Document(
                id="d1",
                direction="out",
                business_key=key,
                version=1,
                kind=0,
                content_digest=info.digest,
                document_id=None,
                sender=SENDER,
                packet=info.digest,
                created_at=now,
            )
        )
        for number in range(receivers):
            life = exchange.Life.expected(key, sender=SENDER, receiver=f"{number:03d}.01.01.H02")
            unit.lives.begin(
                LifeRow(
                    direction="out",
                    business_key=key,
                    receiver=life.receiver,
                    sender=SENDER,
                    state=life.state.value,
                    version=1,
                    value=exchange.dump(life),
                    updated_at=now,
                    final=False,
                    owner="peer",
                )
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=300, help="documents in each run")
    parser.add_argument("--size", type=int, default=200_000, help="octets of the one attachment")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--pending", type=int, default=100_000, help="pending statuses; 0 leaves them out")
    parser.add_argument("--sync", type=float, default=0, help="milliseconds by which each sync takes longer")
    given = parser.parse_args()
    if given.sync:
        return slowed(given.sync)
    head()
    databases: dict[str, Callable[[], Any]] = {"SQLite": sqlite_urls, "PostgreSQL": postgres_urls}
    try:
        psycopg.connect(SERVER, connect_timeout=3).close()
    except psycopg.OperationalError:
        del databases["PostgreSQL"]
        print("no PostgreSQL server answers: SQLite alone is measured", file=sys.stderr)
    row("one sync of the disk, ms", f"{sync_seconds() * 1000:.2f}")
    throughput(databases, given.workers, given.documents, given.size)
    if given.pending:
        pending(given.pending)
    return ended()


if __name__ == "__main__":
    sys.exit(main())
