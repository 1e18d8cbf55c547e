"""Sources on disk: opened again, changed meanwhile, spooled, closed."""

from __future__ import annotations

import errno
import gc
import io
import os
import tempfile
import threading
import warnings
from pathlib import Path

import attrs
import pytest

from vndoc.envelope.octets import MemoryOctets, Octets
from vndoc.errors import LimitError, SourceError, UsageError
from vndoc.limits import DEFAULT
from vndoc.packets import files
from vndoc.packets.files import FileOctets, TemporarySpool, acquire

SMALL = attrs.evolve(DEFAULT, in_memory_bytes=100, buffered_bytes=100, packet_bytes=1000)


def content(octets: Octets) -> bytes:
    with octets.open() as file:
        return file.read()


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    path = tmp_path / "gói tin.edxml"
    path.write_bytes(b"0123456789" * 30)
    return path


# -- files ----------------------------------------------------------------------------------------------


def test_a_file_is_opened_again_and_again(stored: Path) -> None:
    for path in (stored, str(stored), os.fsencode(stored)):
        octets = FileOctets(path)
        assert octets.size == 300
        assert isinstance(octets, Octets)
        with octets.open() as one, octets.open() as two:
            assert one.read(5) + two.read(5) == b"0123401234"
        assert octets.path == str(stored)
    assert "gói tin.edxml" in repr(octets)


def replaced(path: Path) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(path.read_bytes())
    found = path.stat()
    os.utime(other, ns=(found.st_atime_ns, found.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(b"x" * 299),
        lambda path: os.utime(path, ns=(0, 1)),
        replaced,
    ],
)
def test_a_file_that_changed_is_noticed(stored: Path, change) -> None:
    octets = FileOctets(stored)
    change(stored)
    with pytest.raises(SourceError) as caught:
        octets.open()
    assert (caught.value.code, caught.value.values["name"]) == ("source-changed", str(stored))


def test_a_file_that_is_gone_is_an_error(stored: Path) -> None:
    octets = FileOctets(stored)
    stored.unlink()
    for call in (
        octets.open,
        lambda: FileOctets(stored),
        lambda: acquire(stored),
        lambda: FileOctets("a\0b"),
        lambda: acquire("a\0b"),
    ):
        with pytest.raises(SourceError) as caught:
            call()
        assert caught.value.code == "source-unreadable"
        assert caught.value.values["detail"]


# -- spools ----------------------------------------------------------------------------------------------


def test_a_spool_is_written_and_read_by_many_at_once() -> None:
    spool = TemporarySpool()
    blocks = [bytes([i]) * 10_000 for i in range(50)]
    for block in blocks:
        assert spool.write(block) == 10_000
    expected = b"".join(blocks)
    assert spool.size == len(expected)
    assert repr(spool) == "TemporarySpool(500000 octets)"
    results: list[bool] = []

    def work(start: int) -> None:
        with spool.open() as file:
            file.seek(start)
            pieces = []
            while piece := file.read(777):
                pieces.append(piece)
            results.append(b"".join(pieces) == expected[start:])

    threads = [threading.Thread(target=work, args=(start,)) for start in (0, 1, 99_999, 500_000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 4
    spool.close()


def test_a_spool_may_grow_while_it_is_read() -> None:
    spool = TemporarySpool()
    spool.write(b"abc")
    with spool.open() as file:
        assert file.read() == b"abc"
        spool.write(b"def")
        assert file.read() == b"def"
        assert (file.seek(-2, io.SEEK_END), file.read()) == (4, b"ef")
        assert (file.seek(1), file.seek(1, io.SEEK_CUR), file.read(1)) == (1, 2, b"c")
        assert file.seekable()
        for wrong in ((-1, io.SEEK_SET), (-7, io.SEEK_END), (0, 9)):
            with pytest.raises(ValueError):
                file.seek(*wrong)
    spool.close()


def test_a_closed_spool_says_so() -> None:
    spool = TemporarySpool()
    spool.write(b"abc")
    file = spool.open()
    spool.close()
    spool.close()
    for call in (lambda: spool.write(b"x"), spool.open, file.read):
        with pytest.raises(SourceError) as caught:
            call()
        assert caught.value.code == "source-closed"
    assert spool.size == 3


def test_a_spool_that_is_dropped_warns_nobody() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        spool = TemporarySpool()
        spool.write(b"abc")
        reader = spool.open()
        del spool
        gc.collect()
        assert reader.read() == b"abc"
        del reader
        gc.collect()


class Full(io.RawIOBase):
    """A disk without room, and without health."""

    def seek(self, *_):
        return 0

    def write(self, _):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def readinto(self, _):
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_full_disk_is_our_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Full())
    spool = TemporarySpool()
    with pytest.raises(SourceError) as caught:
        spool.write(b"x")
    assert caught.value.code == "target-unwritable"
    with pytest.raises(SourceError) as caught:
        spool.open().read(1)
    assert caught.value.code == "source-unreadable"

    def fail(**_):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(tempfile, "TemporaryFile", fail)
    with pytest.raises(SourceError) as caught:
        TemporarySpool()
    assert caught.value.code == "target-unwritable"


def test_short_writes_are_continued(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(io.BytesIO):
        def write(self, data):
            return super().write(bytes(data)[:3])

    made = Slow()
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: made)
    spool = TemporarySpool()
    assert spool.write(b"0123456789") == 10
    assert made.getvalue() == b"0123456789"


# -- acquire ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_octets_stay_in_memory(kind) -> None:
    found = acquire(kind(b"abc"), SMALL)
    assert found == MemoryOctets(b"abc")
    assert acquire(kind(b"x" * 1000), SMALL).size == 1000
    with pytest.raises(LimitError) as caught:
        acquire(kind(b"x" * 1001), SMALL)
    assert (caught.value.code, caught.value.values["limit"]) == ("limit-packet-bytes", 1000)


def test_octets_that_the_caller_may_change_are_copied() -> None:
    data = bytearray(b"abc")
    found = acquire(data)
    view = acquire(memoryview(data)[::2])
    data[0] = 0
    assert content(found) == b"abc"
    assert content(view) == b"ac"


@pytest.mark.parametrize(
    ("size", "kind"), [(0, MemoryOctets), (100, MemoryOctets), (101, FileOctets), (1000, FileOctets)]
)
def test_a_path_is_read_at_once_or_later(tmp_path: Path, size: int, kind: type) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * size)
    for given in (path, str(path)):
        found = acquire(given, SMALL)
        assert type(found) is kind
        assert content(found) == b"x" * size


@pytest.mark.parametrize("less", [0, 1, 40, 99])
def test_a_file_that_grows_while_it_is_read_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, less: int
) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(range(99)))
    real = os.fstat

    def earlier(descriptor: int) -> os.stat_result:
        found = list(real(descriptor))
        found[6] -= less
        return os.stat_result(found)

    monkeypatch.setattr(files.os, "fstat", earlier)
    octets = acquire(path, SMALL)
    monkeypatch.undo()
    assert isinstance(octets, MemoryOctets)
    assert octets.data == bytes(range(99))


def test_a_path_is_kept_in_memory_only_as_far_as_all_that_arrives(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(100))
    for limit, kind in ((99, TemporarySpool), (100, MemoryOctets)):
        octets = acquire(path, attrs.evolve(SMALL, buffered_bytes=limit))
        assert isinstance(octets, kind)
        assert content(octets) == bytes(100)


def test_a_path_to_too_much(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 1001)
    for given in (path, path.open("rb")):
        with pytest.raises(LimitError) as caught:
            acquire(given, SMALL)
        assert caught.value.code == "limit-packet-bytes"
        if isinstance(given, io.IOBase):
            given.close()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    thread = threading.Thread(target=lambda: path.write_bytes(b"x" * 500))
    thread.start()
    found = acquire(path, SMALL)
    thread.join()
    assert isinstance(found, TemporarySpool)
    assert content(found) == b"x" * 500
    found.close()


def test_a_folder_is_no_packet(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        acquire(tmp_path)
    assert caught.value.code == "source-unreadable"


@pytest.mark.parametrize(
    ("size", "kind"), [(0, MemoryOctets), (100, MemoryOctets), (101, TemporarySpool), (1000, TemporarySpool)]
)
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_an_open_file_is_read_to_its_end(size: int, kind: type, step: int) -> None:
    class Dripping(io.BytesIO):
        def read(self, _=-1):
            return super().read(step)

    file = Dripping(b"skip" + b"x" * size)
    file.seek(4)
    found = acquire(file, SMALL)
    assert type(found) is kind
    assert content(found) == b"x" * size
    assert not file.closed
    if isinstance(found, TemporarySpool):
        found.close()


def test_a_file_that_gives_other_octets_types() -> None:
    class Odd:
        def __init__(self, *pieces: object) -> None:
            self.pieces = [*pieces, b""]

        def read(self, _):
            return self.pieces.pop(0)

    assert content(acquire(Odd(bytearray(b"a"), memoryview(b"b")))) == b"ab"
    for pieces, kind, code in [
        (("text",), UsageError, "source-type"),
        ((b"a", None), SourceError, "source-unreadable"),
        ((7,), UsageError, "source-type"),
    ]:
        with pytest.raises(kind) as caught:
            acquire(Odd(*pieces))
        assert caught.value.code == code


def test_what_is_no_source() -> None:
    for given, found in [(io.StringIO("<a/>"), "StringIO"), (None, "NoneType"), (7, "int"), ([b"a"], "list")]:
        with pytest.raises(UsageError) as caught:
            acquire(given)
        assert (caught.value.code, caught.value.values["found"]) == ("source-type", found)


@pytest.mark.parametrize(
    "error",
    [OSError(5, "Input/output error"), ValueError("I/O operation on closed file."), SourceError("source-closed")],
)
def test_a_file_that_fails(error: Exception) -> None:
    class Broken(io.BytesIO):
        def read(self, _=-1):
            raise error

    with pytest.raises(SourceError) as caught:
        acquire(Broken())
    assert caught.value.code == ("source-closed" if isinstance(error, SourceError) else "source-unreadable")


def test_a_closed_file_is_an_error_of_ours(stored: Path) -> None:
    file, memory = stored.open("rb"), io.BytesIO(b"<edXML/>")
    for source in (file, memory):
        source.close()
        with pytest.raises(SourceError) as caught:
            acquire(source)
        assert caught.value.code == "source-unreadable"
        assert str(caught.value.values["detail"]).endswith("closed file")


def test_a_spool_is_removed_when_reading_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[TemporarySpool] = []

    class Watched(TemporarySpool):
        def __init__(self) -> None:
            super().__init__()
            made.append(self)

    monkeypatch.setattr(files, "TemporarySpool", Watched)
    with pytest.raises(LimitError):
        acquire(io.BytesIO(b"x" * 1001), attrs.evolve(SMALL, buffered_bytes=2000))

    # One piece is enough to exceed the limit before anything is spooled; two are not.
    class Dripping(io.BytesIO):
        def read(self, _=-1):
            return super().read(600)

    with pytest.raises(LimitError):
        acquire(Dripping(b"x" * 1200), SMALL)
    assert len(made) == 1
    with pytest.raises(SourceError) as caught:
        made[0].open()
    assert caught.value.code == "source-closed"


class Trickle(io.RawIOBase):
    """A source as from a socket: it cannot seek, and gives a few octets at a time."""

    def __init__(self, data: bytes, step: int) -> None:
        self.data, self.step = data, step

    def read(self, size: int = -1, /) -> bytes:
        found, self.data = self.data[: min(size, self.step)], self.data[min(size, self.step) :]
        return found


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 500])
@pytest.mark.parametrize("step", [1, 33, 100, 600])
def test_what_arrives_is_kept_in_memory_up_to_the_limit_and_seen_once(size, step):
    data = bytes(range(250)) * 2
    seen: list[bytes] = []
    octets = acquire(Trickle(data[:size], step), SMALL, watch=seen.append)
    assert isinstance(octets, MemoryOctets) is (size <= 100)
    assert octets.open().read() == b"".join(seen) == data[:size]


@pytest.mark.parametrize("kind", ["memory", "file", "unbuffered", "both ways"])
@pytest.mark.parametrize("start", [0, 400])
def test_what_is_known_to_be_much_goes_to_disk_from_its_first_octet(kind, start, monkeypatch, tmp_path):
    monkeypatch.setattr(files, "_STORED", 30)
    data = bytes(range(250)) * 2
    path = tmp_path / "packet"
    path.write_bytes(data)
    opened = {
        "memory": lambda: io.BytesIO(data),
        "file": lambda: path.open("rb"),
        "unbuffered": lambda: path.open("rb", buffering=0),
        "both ways": lambda: path.open("r+b"),
    }
    seen: list[bytes] = []
    with opened[kind]() as file:
        file.seek(start)
        octets = acquire(file, SMALL, watch=seen.append)
        assert file.tell() == len(data)
    assert octets.open().read() == b"".join(seen) == data[start:]
    known = kind in ("memory", "file")
    assert isinstance(octets, TemporarySpool) is (start == 0)
    assert len(seen[0]) == (30 if known and not start else min(101, len(data) - start))
    if isinstance(octets, TemporarySpool):
        octets.close()


@pytest.mark.parametrize("size", [0, 50, 300])
def test_a_file_that_gives_less_than_it_said_is_read_to_its_end(size, monkeypatch):
    monkeypatch.setattr(files, "_left", lambda _file: 10_000)
    octets = acquire(io.BytesIO(b"x" * size), SMALL)
    assert octets.open().read() == b"x" * size
    octets.close()
