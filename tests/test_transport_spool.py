"""The spool: the contract over links and with a courier; a stop at every step, and everything a folder can hold."""

from __future__ import annotations

import contextlib
import datetime
import errno
import hashlib
import itertools
import json
import logging
import os
import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import OwnFaultError, PeerFaultError, Retry, SourceError, UsageError
from vndoc.testing.clock import FakeClock
from vndoc.testing.contract import PatternOctets, Setting, TransportContract
from vndoc.transport import Item, ItemState, Kind, Outgoing, Settlement, _files
from vndoc.transport._sidecar import NAME, Sidecar, parsed, stamp, written
from vndoc.transport.spool import SpoolTransport, StrayReason

AGENCIES = ("H14.01", "H14.02", "H30.01")
TO = AGENCIES[1:]


@pytest.fixture
def spools(tmp_path: Path) -> Path:
    """A folder with the spools of three agencies, each linked to the others'."""
    return linked(tmp_path)


def linked(folder: Path) -> Path:
    for code in AGENCIES:
        SpoolTransport.create(folder / code, ["H99.01"])
        (folder / code / "outgoing" / "H99.01" / "CLOSED").touch()
        for other in AGENCIES:
            with contextlib.suppress(FileExistsError):
                (folder / code / "outgoing" / other).symlink_to(folder / other / "incoming")
    return folder


class InFolder:
    """What the contracts below have in common: a folder, and settings over it."""

    many = 30

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def setting(self, kind: Callable[..., SpoolTransport]) -> Setting:
        return Setting(
            agencies=AGENCIES,
            connect=lambda code: kind(self.folder / code, [code], max_bytes=40 * 1024 * 1024),
            unknown="H77.77",
            closed="H99.01",
        )


class TestOverLinks(InFolder, TransportContract):
    """One network: the folder for an agency is a link to its ``incoming``."""

    def make(self) -> Setting:
        linked(self.folder)
        return self.setting(SpoolTransport)


class TestWithoutHardLinks(TestOverLinks):
    """A file system that has none, such as that of a memory stick."""

    @pytest.fixture(autouse=True)
    def _no_links(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def link(*_: object, **__: object) -> None:
            raise PermissionError(errno.EPERM, "no links here")

        monkeypatch.setattr(os, "link", link)


class Couriered(SpoolTransport):
    """A courier comes whenever somebody looks: takes both files in any order, and sometimes comes again."""

    source = random.Random(4)

    def pending(self, kind: Kind) -> Iterator[Item]:
        world = self._root.parent
        for sender, recipient in itertools.product(AGENCIES, AGENCIES):
            folder = world / sender / "outgoing" / recipient
            for sidecar in sorted(folder.glob("[!.]*.json")):
                for file in self.source.sample([sidecar, sidecar.with_suffix(".edxml")], 2):
                    shutil.copyfile(file, world / recipient / "incoming" / file.name)
                if self.source.random() < 0.8:
                    sidecar.unlink()
                    sidecar.with_suffix(".edxml").unlink()
        return super().pending(kind)


class TestWithACourier(InFolder, TransportContract):
    """Separated networks."""

    def make(self) -> Setting:
        for code in AGENCIES:
            SpoolTransport.create(self.folder / code, [*AGENCIES, "H99.01"])
            (self.folder / code / "outgoing" / "H99.01" / "CLOSED").touch()
        return self.setting(Couriered)


def outgoing(number: int = 1, size: int | None = None, kind: Kind = Kind.DOCUMENT) -> Outgoing:
    content = f"<edXML n='{number}'/>".encode() if size is None else bytes(size)
    return Outgoing(
        message_id=f"tin-{number}",
        kind=kind,
        sender=AGENCIES[0],
        content=MemoryOctets(content),
        sha256=hashlib.sha256(content).digest(),
    )


def one(spools: Path, **options: object) -> SpoolTransport:
    return SpoolTransport(spools / AGENCIES[0], [AGENCIES[0]], **options)  # type: ignore[arg-type]


def two(spools: Path, **options: object) -> SpoolTransport:
    return SpoolTransport(spools / TO[0], [TO[0]], **options)  # type: ignore[arg-type]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# -- a stop at any step --------------------------------------------------------------------------------


def stopped_after(steps: int, action: Callable[[], object]) -> bool:
    """Do *action* in another process that ends, without any clean-up, before its step number *steps*; tell if it did.

    A step is an opened, renamed, linked or removed file.
    """
    child = os.fork()
    if child == 0:
        left = [steps]

        def hook(event: str, args: tuple[object, ...]) -> None:
            if event in {"os.rename", "os.link", "os.remove"} or (event == "open" and "spool-" in str(args[0])):
                left[0] -= 1
                if not left[0]:
                    os._exit(9)

        sys.addaudithook(hook)
        try:
            action()
        except BaseException:  # noqa: BLE001 - the parent is told
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in {0, 9}
    return status == 9


def received(spools: Path, code: str) -> list[bytes]:
    """Take and settle all that waits for *code*, and return the digests."""
    carrier = SpoolTransport(spools / code, [code])
    got = []
    for item in carrier.pending(Kind.DOCUMENT):
        with carrier.fetch(item) as content:
            got.append(content.sha256)
        carrier.settle(item, Settlement.DONE)
    return got


@pytest.mark.parametrize("taken_meanwhile", [False, True])
def test_a_stop_while_sending_leaves_nothing_half_and_nothing_twice(tmp_path: Path, taken_meanwhile: bool) -> None:
    sent = outgoing()
    for step in itertools.count(1):
        spools = linked(tmp_path / f"spool-{step}")
        stopped = stopped_after(step, lambda spools=spools: one(spools).submit(sent, TO))
        before = {code: received(spools, code) if taken_meanwhile else [] for code in TO}
        receipt = one(spools).submit(sent, TO)
        assert receipt.accepted == TO
        for code in TO:
            assert before[code] + received(spools, code) == [sent.sha256]
            assert one(spools).submit(sent, TO) == receipt
            assert received(spools, code) == []
        if not stopped:
            break
    assert step > 12, "the steps were not seen"


@pytest.mark.parametrize("settlement", [Settlement.DONE, Settlement.FAIL])
def test_a_stop_while_settling_loses_nothing(tmp_path: Path, settlement: Settlement) -> None:
    sent = outgoing()
    for step in itertools.count(1):
        spools = linked(tmp_path / f"spool-{step}")
        one(spools).submit(sent, TO)
        [item] = two(spools).pending(Kind.DOCUMENT)
        stopped = stopped_after(
            step, lambda spools=spools, item=item: two(spools, max_failures=1).settle(item, settlement)
        )
        for again in two(spools).pending(Kind.DOCUMENT):
            assert again.id == item.id
            with two(spools).fetch(again) as content:
                assert content.sha256 == sent.sha256
            two(spools, max_failures=1).settle(again, settlement)
        assert list(two(spools).pending(Kind.DOCUMENT)) == []
        assert files(spools / TO[0] / "incoming") == []
        folder = spools / TO[0] / ("done" if settlement is Settlement.DONE else "failed")
        assert files(folder) == [f"{item.id}.edxml", f"{item.id}.json"]
        assert (folder / f"{item.id}.edxml").read_bytes() == sent.content.open().read()
        if not stopped:
            break
    assert step > 4, "the steps were not seen"


def test_everything_is_synced_before_it_gets_its_name_and_the_folder_after(
    spools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, object]] = []
    fsync, replace, link = os.fsync, Path.replace, os.link

    def note_sync(number: int) -> None:
        told.append(("synced", os.fstat(number).st_ino))
        fsync(number)

    def note_replace(self: Path, target: Path) -> Path:
        told.append(("named", (self.stat().st_ino, target)))
        return replace(self, target)

    def note_link(source: Path, target: Path) -> None:
        if not target.name.endswith(".part"):
            told.append(("named", (source.stat().st_ino, target)))
        link(source, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "replace", note_replace)
    monkeypatch.setattr(os, "link", note_link)
    one(spools).submit(outgoing(), TO)
    synced = [value for what, value in told if what == "synced"]
    named = [value for what, value in told if what == "named"]
    assert [target.suffix for _, target in named] == [".json", *[".edxml", ".json"] * 2, ".json"]
    for place, (what, value) in enumerate(told):
        if what == "named":
            inode, target = value  # type: ignore[misc]
            assert ("synced", inode) in told[:place]
            if target != named[-1][1]:  # the last one may be forgotten
                assert ("synced", target.parent.stat().st_ino) in told[place:]
    assert len(synced) < 12


def test_another_process_was_first(spools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers send the same message at once: the name that was remembered first counts."""
    sent = outgoing()
    slow = one(spools)
    stage = slow._stage

    def staged(*args: object) -> object:
        monkeypatch.undo()
        found = stage(*args)  # type: ignore[arg-type]
        one(spools).submit(sent, TO)
        return found

    monkeypatch.setattr(slow, "_stage", staged)
    receipt = slow.submit(sent, TO)
    assert receipt == one(spools).submit(sent, TO)
    assert [received(spools, code) for code in TO] == [[sent.sha256]] * 2


# -- what a disk can do --------------------------------------------------------------------------------


@contextlib.contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """Let the system refuse to write files beyond *size* octets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_takes_no_more(spools: Path) -> None:
    carrier = one(spools)
    with files_end_at(500_000), pytest.raises(OwnFaultError) as error:
        carrier.submit(outgoing(size=1_000_000), TO)
    assert (error.value.code, error.value.retry) == ("carrier-storage", Retry.SAFE)
    assert isinstance(error.value.__cause__, OSError)
    assert [files(spools / code / "incoming") for code in TO] == [[], []]
    assert files(spools / AGENCIES[0] / "sent") == []
    carrier.submit(outgoing(size=1_000_000), TO)
    assert len(received(spools, TO[0])) == 1


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    """A real one, of one megabyte, where this machine allows to make it."""
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small disk")
    try:
        linked(tmp_path)
        shutil.rmtree(tmp_path / TO[1] / "incoming")
        (tmp_path / TO[1] / "incoming").symlink_to(small)
        carrier = one(tmp_path)
        with pytest.raises(OwnFaultError) as error:
            carrier.submit(outgoing(size=2_000_000), TO)
        assert error.value.code == "carrier-storage"
        assert error.value.__cause__.errno == errno.ENOSPC  # type: ignore[union-attr]
        assert files(small) == files(tmp_path / TO[0] / "incoming") == []
        assert carrier.submit(outgoing(2, size=200_000), TO).accepted == TO
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_spool_that_is_not_mounted_is_an_error_and_not_empty(tmp_path: Path) -> None:
    carrier = SpoolTransport(tmp_path / "nowhere", AGENCIES)
    for call in (
        lambda: carrier.submit(outgoing(), TO),
        lambda: list(carrier.pending(Kind.STATUS)),
        carrier.strays,
        lambda: carrier.purge(datetime.datetime.now(datetime.UTC)),
    ):
        with pytest.raises(OwnFaultError) as error:
            call()
        assert (error.value.code, error.value.retry) == ("carrier-storage", Retry.SAFE)
        assert "nowhere" in error.value.text("vi")


def test_done_is_not_there(spools: Path) -> None:
    one(spools).submit(outgoing(), TO)
    [item] = two(spools).pending(Kind.DOCUMENT)
    (spools / TO[0] / "done").rmdir()
    with pytest.raises(OwnFaultError) as error:
        two(spools).settle(item, Settlement.DONE)
    assert error.value.code == "carrier-storage"
    (spools / TO[0] / "done").mkdir()
    assert received(spools, TO[0]) == [outgoing().sha256]


def test_a_folder_that_may_not_be_read(spools: Path) -> None:
    incoming = spools / TO[0] / "incoming"
    for path in [spools, *spools.rglob("*")]:
        path.chmod(0o777)
    incoming.chmod(0)
    before = os.geteuid()
    try:
        if before == 0:
            for parent in spools.parents:
                if parent != parent.parent and parent.stat().st_uid == 0:
                    parent.chmod(parent.stat().st_mode | 0o11)
            os.seteuid(65534)
        with pytest.raises(OwnFaultError) as error:
            list(two(spools).pending(Kind.DOCUMENT))
        assert isinstance(error.value.__cause__, PermissionError)
    finally:
        os.seteuid(before)
        incoming.chmod(0o755)


def test_sent_that_cannot_be_read_is_not_overwritten(spools: Path) -> None:
    one(spools).submit(outgoing(), TO)
    [ledger] = (spools / AGENCIES[0] / "sent").iterdir()
    elsewhere = json.dumps(json.loads(ledger.read_bytes()) | {"name": "../../x"}).encode()
    damaged = (b"", b"[]", b"{}", b'{"name": 1}', b"\xff", json.dumps({"name": "x", "sha256": "zz"}).encode())
    for octets in (*damaged, elsewhere, b"[" * 100_000):
        ledger.write_bytes(octets)
        with pytest.raises(OwnFaultError) as error:
            one(spools).submit(outgoing(), TO)
        assert error.value.code == "carrier-storage"
        assert ledger.read_bytes() == octets


# -- what a folder can hold ----------------------------------------------------------------------------


def copy_in(spools: Path, number: int = 1) -> tuple[Path, Path]:
    """Bring a copy into the second agency's folder and return its content and its sidecar."""
    one(spools).submit(outgoing(number), TO[:1])
    item = list(two(spools).pending(Kind.DOCUMENT))[-1]
    path = spools / TO[0] / "incoming" / item.id
    return path.with_name(f"{item.id}.edxml"), path.with_name(f"{item.id}.json")


def changed(sidecar: Path, **fields: object) -> None:
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | fields))


STRAYS: list[tuple[str, Callable[[Path, Path], object], StrayReason]] = [
    ("no content", lambda content, _: content.unlink(), StrayReason.INCOMPLETE),
    ("no sidecar", lambda _, sidecar: sidecar.unlink(), StrayReason.INCOMPLETE),
    ("too short", lambda content, _: content.write_bytes(b"<edXML"), StrayReason.INCOMPLETE),
    ("too long", lambda content, _: content.write_bytes(b"x" * 1000), StrayReason.DAMAGED),
    ("no json", lambda _, sidecar: sidecar.write_bytes(b"\xff{"), StrayReason.DAMAGED),
    ("empty sidecar", lambda _, sidecar: sidecar.write_bytes(b""), StrayReason.DAMAGED),
    ("deep sidecar", lambda _, sidecar: sidecar.write_bytes(b"[" * 60_000), StrayReason.DAMAGED),
    ("huge sidecar", lambda _, sidecar: sidecar.write_bytes(b" " * 65_536 + sidecar.read_bytes()), StrayReason.DAMAGED),
    ("another version", lambda _, sidecar: changed(sidecar, **{"vndoc-spool": 2}), StrayReason.DAMAGED),
    ("another name", lambda _, sidecar: changed(sidecar, name="x"), StrayReason.DAMAGED),
    ("another kind", lambda _, sidecar: changed(sidecar, kind="status"), StrayReason.DAMAGED),
    ("no kind", lambda _, sidecar: changed(sidecar, kind="x"), StrayReason.DAMAGED),
    ("another recipient", lambda _, sidecar: changed(sidecar, recipient=TO[1]), StrayReason.DAMAGED),
    ("no sender", lambda _, sidecar: changed(sidecar, sender=None), StrayReason.DAMAGED),
    ("negative size", lambda _, sidecar: changed(sidecar, size=-1), StrayReason.DAMAGED),
    ("size of a float", lambda _, sidecar: changed(sidecar, size=17.0), StrayReason.DAMAGED),
    ("short digest", lambda _, sidecar: changed(sidecar, sha256="00"), StrayReason.DAMAGED),
    ("digest of letters", lambda _, sidecar: changed(sidecar, sha256="x" * 64), StrayReason.DAMAGED),
    ("no zone", lambda _, sidecar: changed(sidecar, created="2026-03-02T08:00:00"), StrayReason.DAMAGED),
    ("no date", lambda _, sidecar: changed(sidecar, created="today"), StrayReason.DAMAGED),
    ("a link", lambda _, sidecar: relink(sidecar), StrayReason.DAMAGED),
    ("a pipe", lambda _, sidecar: (sidecar.unlink(), os.mkfifo(sidecar)), StrayReason.DAMAGED),
    ("a folder", lambda _, sidecar: (sidecar.unlink(), sidecar.mkdir()), StrayReason.DAMAGED),
    ("a foreign file", lambda content, _: content.with_name("công văn.pdf").touch(), StrayReason.FOREIGN),
    ("a foreign folder", lambda content, _: content.with_name("a.json").mkdir(), StrayReason.FOREIGN),
    ("another ending", lambda content, _: content.with_suffix(".xml").touch(), StrayReason.FOREIGN),
    ("bytes, no text", lambda content, _: content.with_name(os.fsdecode(b"\xff")).touch(), StrayReason.FOREIGN),
]  # fmt: skip


def relink(sidecar: Path) -> None:
    elsewhere = sidecar.parent.parent / "elsewhere.json"
    sidecar.rename(elsewhere)
    sidecar.symlink_to(elsewhere)


@pytest.mark.parametrize(("damage", "reason"), [row[1:] for row in STRAYS], ids=[row[0] for row in STRAYS])
def test_what_is_no_copy_is_told_and_left_alone(
    spools: Path, damage: Callable[[Path, Path], object], reason: StrayReason, caplog: pytest.LogCaptureFixture
) -> None:
    good, _ = copy_in(spools, 1)
    bad, sidecar = copy_in(spools, 2)
    damage(bad, sidecar)
    before = files(good.parent)
    carrier = two(spools)
    with caplog.at_level(logging.DEBUG, "vndoc"):
        for _ in range(2):
            items = [item.id for item in carrier.pending(Kind.DOCUMENT)]
            assert items == [good.stem, *([bad.stem] if reason is StrayReason.FOREIGN else [])]
    [stray] = carrier.strays()
    assert stray.reason is reason
    assert abs((datetime.datetime.now(datetime.UTC) - stray.modified).total_seconds()) < 600
    assert files(good.parent) == before
    told = [record for record in caplog.records if reason.value in record.getMessage()]
    assert len(told) == (reason is not StrayReason.INCOMPLETE)
    assert all(record.getMessage().isascii() for record in told)


def test_a_copy_for_another_agency_is_told(spools: Path) -> None:
    one(spools).submit(outgoing(), TO[1:])
    for path in list((spools / TO[1] / "incoming").iterdir()):
        path.rename(spools / TO[0] / "incoming" / path.name)
    assert list(two(spools).pending(Kind.DOCUMENT)) == []
    [stray] = two(spools).strays()
    assert stray.reason is StrayReason.MISADDRESSED
    [item] = SpoolTransport(spools / TO[0], TO).pending(Kind.DOCUMENT)
    with pytest.raises(OwnFaultError) as error:
        two(spools).fetch(item)
    assert error.value.code == "carrier-item-unknown"
    two(spools).settle(item, Settlement.DONE)
    assert len(list(SpoolTransport(spools / TO[0], TO).pending(Kind.DOCUMENT))) == 1


def test_the_same_name_with_other_content_is_a_conflict(spools: Path) -> None:
    content, sidecar = copy_in(spools)
    octets = sidecar.read_text()
    assert received(spools, TO[0]) == [outgoing().sha256]
    content.write_bytes(b"<edXML n='2'/>")
    sidecar.write_text(octets)
    changed(sidecar, sha256=hashlib.sha256(b"<edXML n='2'/>").hexdigest())
    assert received(spools, TO[0]) == []
    [stray] = two(spools).strays()
    assert stray.reason is StrayReason.CONFLICT


def test_what_comes_again_after_it_was_done_is_put_aside(spools: Path) -> None:
    content, sidecar = copy_in(spools)
    octets = [(path, path.read_bytes()) for path in (content, sidecar)]
    assert received(spools, TO[0]) == [outgoing().sha256]
    for path, data in octets:
        path.write_bytes(data)
    assert received(spools, TO[0]) == []
    assert files(content.parent) == []
    content.write_bytes(octets[0][1])
    (spools / TO[0] / "done" / content.name).unlink()
    assert received(spools, TO[0]) == []
    assert (spools / TO[0] / "done" / content.name).read_bytes() == octets[0][1]
    content.write_bytes(octets[0][1][:5])  # on its way again, the sidecar has yet to come
    assert received(spools, TO[0]) == []
    assert files(content.parent) == [content.name]


@settings(max_examples=8)
@given(data=st.data())
def test_a_copy_is_offered_when_both_files_are_whole_in_whatever_order_they_grow(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("growing")
    try:
        content, sidecar = copy_in(linked(folder))
        whole = {path: path.read_bytes() for path in (content, sidecar)}
        for path in whole:
            path.unlink()
        have = dict.fromkeys(whole, 0)
        while have != {path: len(octets) for path, octets in whole.items()}:
            path = data.draw(st.sampled_from([p for p in whole if have[p] < len(whole[p])]))
            have[path] = data.draw(st.integers(have[path] + 1, len(whole[path])))
            path.write_bytes(whole[path][: have[path]])
            ready = have[content] == len(whole[content]) and len(whole[sidecar].strip()) <= have[sidecar]
            assert [item.id for item in two(folder).pending(Kind.DOCUMENT)] == [content.stem] * ready
        assert received(folder, TO[0]) == [outgoing().sha256]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_half_written_files_are_passed_over_in_silence(spools: Path) -> None:
    content, _ = copy_in(spools)
    for name in (f".{content.name}", f"{content.name}.part", ".x.json.0123.part", ".nfs0001"):
        (content.parent / name).touch()
    assert two(spools).strays() == ()
    assert len(list(two(spools).pending(Kind.DOCUMENT))) == 1


def test_what_goes_away_while_it_is_listed_is_not_offered(spools: Path) -> None:
    copy_in(spools, 1)
    content, sidecar = copy_in(spools, 2)
    foreign = content.with_name("zzz")
    foreign.touch()
    walk = two(spools).pending(Kind.DOCUMENT)
    next(walk)
    sidecar.unlink()
    content.unlink()
    foreign.unlink()
    assert list(walk) == []


def test_only_so_many_strays_are_remembered(
    spools: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("vndoc.transport.spool._REMEMBERED", 1)
    for name in "ab":
        (spools / TO[0] / "incoming" / name).touch()
    carrier = two(spools)
    for _ in range(2):
        assert list(carrier.pending(Kind.STATUS)) == []
    assert len(caplog.records) == 3


def test_settling_in_two_processes_at_once(spools: Path) -> None:
    """Another process moves the sidecar between our look and our move."""
    content, sidecar = copy_in(spools)
    assert _files.move(sidecar, spools / TO[0] / "done")
    assert not _files.move(sidecar, spools / TO[0] / "done")
    two(spools)._put_away(content.stem)
    assert files(content.parent) == []
    assert files(spools / TO[0] / "done") == [content.name, sidecar.name]


def test_content_of_the_right_size_and_other_octets(spools: Path) -> None:
    content, _ = copy_in(spools)
    content.write_bytes(bytes(content.stat().st_size))
    [item] = two(spools).pending(Kind.DOCUMENT)
    with pytest.raises(PeerFaultError) as error:
        two(spools).fetch(item)
    assert (error.value.code, error.value.retry) == ("carrier-content-differs", Retry.SAFE)
    content.write_bytes(outgoing().content.open().read() + b"\n")
    with pytest.raises(PeerFaultError):
        two(spools).fetch(item)
    content.unlink()
    with pytest.raises(OwnFaultError) as gone:
        two(spools).fetch(item)
    assert gone.value.code == "carrier-item-unknown"


# -- failing, purging, names ---------------------------------------------------------------------------


@pytest.mark.parametrize("most", [1, 2, 5, None])
def test_what_fails_too_often_is_put_aside_and_can_be_brought_back(spools: Path, most: int | None) -> None:
    content, sidecar = copy_in(spools)
    for failures in range(1, (most or 7) + 1):
        carrier = two(spools, max_failures=most)
        [item] = carrier.pending(Kind.DOCUMENT)
        assert item.state is (ItemState.INITIAL if failures == 1 else ItemState.FAIL)
        carrier.settle(item, Settlement.FAIL)
    failed = files(spools / TO[0] / "failed")
    assert failed == ([] if most is None else [content.name, sidecar.name])
    assert len(list(two(spools).pending(Kind.DOCUMENT))) == (most is None)
    for name in failed:
        (spools / TO[0] / "failed" / name).rename(content.parent / name)
    assert received(spools, TO[0]) == [outgoing().sha256]
    assert files(content.parent) == []


def test_a_count_that_cannot_be_read_starts_anew(spools: Path) -> None:
    content, _ = copy_in(spools)
    content.with_suffix(".fail").write_text("nhiều")
    [item] = two(spools).pending(Kind.DOCUMENT)
    two(spools).settle(item, Settlement.FAIL)
    assert content.with_suffix(".fail").read_text() == "1"


def test_purging_takes_what_is_older_and_nothing_that_waits(spools: Path) -> None:
    for number in range(3):
        one(spools).submit(outgoing(number), TO)
    items = list(two(spools).pending(Kind.DOCUMENT))
    two(spools).settle(items[0], Settlement.DONE)
    two(spools, max_failures=1).settle(items[1], Settlement.FAIL)
    (spools / TO[0] / "incoming" / ".x.part").touch()
    (spools / AGENCIES[0] / "outgoing" / "H99.01" / ".y.part").touch()
    now = datetime.datetime.now(datetime.UTC)
    past, future = now - datetime.timedelta(hours=1), now + datetime.timedelta(hours=1)
    with pytest.raises(UsageError):
        one(spools).purge(now.replace(tzinfo=None))
    assert one(spools).purge(past) == two(spools).purge(past) == 0
    assert two(spools).purge(future) == 3
    assert one(spools).purge(future) == 4
    assert files(spools / TO[0] / "done") == files(spools / AGENCIES[0] / "sent") == []
    assert len(files(spools / TO[0] / "failed")) == 2
    assert [item.id for item in two(spools).pending(Kind.DOCUMENT)] == [items[2].id]


def test_names_sort_by_the_order_of_sending_although_the_clock_stands_or_goes_back(spools: Path) -> None:
    clock = FakeClock()
    carrier = one(spools, clock=clock)
    sent = []
    for number in range(5):
        sent.append(carrier.submit(outgoing(number), TO[:1]).transport_id)
        if number == 2:
            clock.advance(datetime.timedelta(hours=-1))
    assert sent == sorted(sent)
    items = list(two(spools).pending(Kind.DOCUMENT))
    assert [item.id for item in items] == [f"{name}-{TO[0]}" for name in sent]
    assert items[0].created == FakeClock()()
    assert all(NAME.fullmatch(item.id) for item in items)


@pytest.mark.parametrize(("remembered", "gone"), [(True, True), (True, False), (False, False)])
def test_who_has_a_copy_is_not_refused_when_the_message_comes_again(spools: Path, remembered: bool, gone: bool) -> None:
    """The first receipt was lost, and the agency closed or went: a refusal would say that it never got it."""
    carrier, folder = one(spools), spools / AGENCIES[0] / "outgoing" / TO[0]
    first = carrier.submit(outgoing(), TO)
    if not remembered:
        [path] = (spools / AGENCIES[0] / "sent").iterdir()
        path.write_text(json.dumps({**json.loads(path.read_text()), "accepted": []}))
    if gone:
        folder.rename(spools / "away")
    else:
        (folder / "CLOSED").touch()
    assert carrier.submit(outgoing(), TO) == first
    later = carrier.submit(outgoing(2), TO)
    code = "carrier-unknown-recipient" if gone else "carrier-recipient-closed"
    assert [refusal.code for refusal in later.refused] == [code]


def test_one_system_with_two_agencies_gets_two_copies(spools: Path) -> None:
    both = spools / TO[0]
    (spools / AGENCIES[0] / "outgoing" / TO[1]).unlink()
    (spools / AGENCIES[0] / "outgoing" / TO[1]).symlink_to(both / "incoming")
    one(spools).submit(outgoing(), TO)
    assert [item.recipient for item in SpoolTransport(both, TO).pending(Kind.DOCUMENT)] == [*TO]


def test_what_cannot_be_a_spool(tmp_path: Path) -> None:
    for wrong in (
        lambda: SpoolTransport(tmp_path, []),
        lambda: SpoolTransport(tmp_path, ["../x"]),
        lambda: SpoolTransport(tmp_path, "H14"),
        lambda: SpoolTransport(tmp_path, ["H14"], max_failures=0),
        lambda: SpoolTransport.create(tmp_path, ["a/b"]),
    ):
        with pytest.raises(OwnFaultError) as error:
            wrong()
        assert error.value.code == "carrier-configuration"
    (tmp_path / "file").touch()
    with pytest.raises(OwnFaultError) as error:
        SpoolTransport.create(tmp_path / "file")
    assert error.value.code == "carrier-storage"
    assert repr(SpoolTransport("/x", ["H14", "H14"])) == "SpoolTransport('/x', H14)"


def test_every_call_of_a_closed_carrier_says_so(spools: Path) -> None:
    carrier = two(spools)
    carrier.close()
    item = Item(id="x", kind=Kind.STATUS)
    for call in (
        lambda: carrier.submit(outgoing(), TO),
        lambda: carrier.pending(Kind.STATUS),
        lambda: carrier.fetch(item),
        lambda: carrier.settle(item, Settlement.DONE),
        carrier.strays,
        lambda: carrier.purge(datetime.datetime.now(datetime.UTC)),
    ):
        with pytest.raises(OwnFaultError) as error:
            call()
        assert error.value.code == "carrier-closed"


# -- the parts -----------------------------------------------------------------------------------------

sidecars = st.builds(
    lambda kind, sender, message, recipient, size, digest, created: Sidecar(
        name=f"{stamp(created)}-{kind.value}-{'0' * 32}-{recipient}",
        message_id=message,
        kind=kind,
        sender=sender,
        recipient=recipient,
        size=size,
        sha256=digest,
        created=created,
    ),
    st.sampled_from(Kind),
    st.text(),
    st.text(),
    st.from_regex(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}", fullmatch=True),
    st.integers(0, 2**60),
    st.binary(min_size=32, max_size=32),
    st.datetimes(datetime.datetime(2020, 1, 1), datetime.datetime(2100, 1, 1), timezones=st.just(datetime.UTC)),  # noqa: DTZ001
)


@settings(max_examples=40)
@given(sidecars)
def test_a_sidecar_comes_back_as_it_was(sidecar: Sidecar) -> None:
    assert parsed(written(sidecar), sidecar.name) == sidecar
    assert parsed(written(sidecar), "x" + sidecar.name[1:]) is None


@given(sidecars, st.data())
def test_whatever_stands_in_a_sidecar_is_one_or_none(sidecar: Sidecar, data: st.DataObject) -> None:
    octets = bytearray(written(sidecar))
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    found = parsed(bytes(octets), sidecar.name)
    assert found is None or attrs.evolve(found, sender="", message_id="", size=0, sha256=b"") == attrs.evolve(
        sidecar, sender="", message_id="", size=0, sha256=b"", created=found.created
    )


def test_a_held_file_reads_like_a_file_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes(range(200)))
    held = _files.HeldFile(_files.open_plain(path), 150)
    path.unlink()
    with held.open() as first, held.open() as second:
        assert first.read(10) == second.read(10)
        assert first.seek(-5, os.SEEK_END) == 145
        assert first.read() == bytes(range(145, 150))
        assert (second.seek(5, os.SEEK_CUR), second.read(1)) == (15, b"\x0f")
        held.close()
        with pytest.raises(SourceError):
            first.seek(0) or first.read()
    assert PatternOctets(3).size == 3


def test_a_held_file_whose_disk_fails(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    file = _files.open_plain(path)
    held = _files.HeldFile(file, 3)
    os.close(file.fileno())
    try:
        with pytest.raises(SourceError) as error, held.open() as reader:
            reader.read()
        assert error.value.code == "source-unreadable"
    finally:
        with contextlib.suppress(OSError):
            file.close()
