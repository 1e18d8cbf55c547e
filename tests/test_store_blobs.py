"""Contents by digest, in a folder and in an object store: kept whole or not at all, verified when read."""

from __future__ import annotations

import datetime
import hashlib
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import fake_s3
from store_support import DAY, NOW
from vndoc.envelope.octets import CHUNK, MemoryOctets
from vndoc.errors import SourceError, StoreError, UsageError
from vndoc.store import BlobOctets, Blobs, FolderBlobs
from vndoc.store import blobs as blobs_module
from vndoc.store.s3 import MAX_LISTING, S3Blobs, sign

SIZES = [0, 1, 8191, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17]


@pytest.fixture
def s3() -> Iterator[fake_s3.FakeS3]:
    with fake_s3.running() as server:
        yield server


def s3_blobs(server: fake_s3.FakeS3, **changes: object) -> S3Blobs:
    values: dict[str, object] = {
        "endpoint": server.url,
        "bucket": "bucket",
        "key_id": "key",
        "secret": fake_s3.SECRET,
        "region": "vn-1",
        "prefix": "một kho/",
        "timeout": 5.0,
        **changes,
    }
    return S3Blobs(**values)  # type: ignore[arg-type]


@pytest.fixture(params=["folder", "s3"])
def blobs(request, tmp_path) -> Blobs:
    if request.param == "folder":
        return FolderBlobs(tmp_path / "blobs")
    return s3_blobs(request.getfixturevalue("s3"))


def data_of(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def test_it_is_a_blob_store(blobs: Blobs) -> None:
    assert isinstance(blobs, Blobs)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_put_comes_back(blobs: Blobs, size: int) -> None:
    data = data_of(size)
    info = blobs.put(MemoryOctets(data))
    assert (info.digest, info.size) == (hashlib.sha256(data).digest(), size)
    with blobs.open(info.digest) as file:
        assert file.read() == data
    with blobs.open(info.digest) as file:
        pieces = []
        while piece := file.read(5000):
            pieces.append(piece)
        assert b"".join(pieces) == data
    octets = BlobOctets(blobs, info.digest, info.size)
    for _ in range(2):
        with octets.open() as file:
            assert file.read() == data
    assert info.digest.hex() in repr(octets)


def test_the_same_content_is_kept_once_and_listed(blobs: Blobs) -> None:
    infos = {blobs.put(MemoryOctets(bytes([n]))).digest for n in (1, 2, 3, 1, 2, 3, 4, 5)}
    listed = list(blobs.list())
    assert {info.digest for info in listed} == infos
    assert len(listed) == 5
    assert all(info.size == 1 for info in listed)
    assert all(
        abs(info.put_at - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(minutes=1) for info in listed
    )


def test_head_and_delete(blobs: Blobs) -> None:
    info = blobs.put(MemoryOctets(b"x"))
    head = blobs.head(info.digest)
    assert head is not None
    assert (head.digest, head.size) == (info.digest, 1)
    blobs.delete(info.digest)
    blobs.delete(info.digest)
    assert blobs.head(info.digest) is None
    with pytest.raises(StoreError) as error:
        blobs.open(info.digest)
    assert (error.value.code, error.value.values["name"]) == ("blob-missing", info.digest.hex())


@pytest.mark.parametrize("digest", [b"", b"\0" * 31, b"\0" * 33])
@pytest.mark.parametrize("call", ["head", "open", "delete"])
def test_a_digest_has_32_octets(blobs: Blobs, digest: bytes, call: str) -> None:
    with pytest.raises(UsageError):
        getattr(blobs, call)(digest)


def test_a_source_that_fails_leaves_nothing_behind(blobs: Blobs) -> None:
    class Broken:
        size = 5

        def open(self):
            raise SourceError("source-closed")

    with pytest.raises(SourceError):
        blobs.put(Broken())
    assert list(blobs.list()) == []
    if isinstance(blobs, FolderBlobs):
        assert list((blobs.root / "tmp").iterdir()) == []


# -- the folder --------------------------------------------------------------------------------------


@pytest.mark.parametrize("harm", [lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda b: b + b"x", lambda b: b[:-1]])
def test_a_damaged_content_is_noticed_and_repaired_by_putting_it_again(tmp_path: Path, harm) -> None:
    blobs = FolderBlobs(tmp_path)
    data = data_of(CHUNK + 5)
    info = blobs.put(MemoryOctets(data))
    path = tmp_path / info.digest.hex()[:2] / info.digest.hex()
    path.write_bytes(harm(data))
    with pytest.raises(StoreError) as error, blobs.open(info.digest) as file:
        file.read()
    assert error.value.code == "blob-damaged"
    blobs.put(MemoryOctets(data))
    with blobs.open(info.digest) as file:
        assert file.read() == data


def test_going_back_to_the_start_checks_again_and_jumping_about_does_not(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    data = data_of(2 * CHUNK + 1)
    info = blobs.put(MemoryOctets(data))
    with blobs.open(info.digest) as file:
        assert file.seekable()
        file.seek(10)
        assert file.tell() == 10
        assert file.read() == data[10:]
        file.seek(0)
        assert file.read() == data
    (tmp_path / info.digest.hex()[:2] / info.digest.hex()).write_bytes(data[:-1])
    with blobs.open(info.digest) as file:
        file.seek(CHUNK + CHUNK // 2)
        assert file.read() == data[CHUNK + CHUNK // 2 : -1]
        file.seek(0)
        with pytest.raises(StoreError):
            file.read()


def test_a_write_that_takes_only_a_part_goes_on(tmp_path: Path, monkeypatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda target, data: write(target, bytes(data[:70_000])))
    blobs = FolderBlobs(tmp_path)
    data = data_of(CHUNK + 5)
    info = blobs.put(MemoryOctets(data))
    assert (info.size, info.digest) == (len(data), hashlib.sha256(data).digest())
    assert info == blobs.head(info.digest)
    with blobs.open(info.digest) as file:
        assert file.read() == data


def test_two_syncs_for_a_content_and_a_third_for_a_new_folder(tmp_path: Path, monkeypatch) -> None:
    blobs = FolderBlobs(tmp_path)
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(str(Path(f"/proc/self/fd/{handle}").readlink())))
    name = blobs.put(MemoryOctets(b"x")).digest.hex()
    written, *folders = synced
    assert Path(written).parent == tmp_path / "tmp"
    assert folders == [str(tmp_path), str(tmp_path / name[:2])], "the new folder, then the name in it"
    synced.clear()
    blobs.put(MemoryOctets(b"x"))
    assert synced[1:] == [str(tmp_path / name[:2])]


def test_a_full_disk_is_an_error_of_its_own(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: the write fails in the middle."""
    code = """
import os, resource, signal, sys
from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import StoreError
from vndoc.store import FolderBlobs
blobs = FolderBlobs(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
blobs.put(MemoryOctets(b"x" * 100_000))
try:
    blobs.put(MemoryOctets(b"y" * 100_001))
except StoreError as error:
    print(error.code, len(list(blobs.list())), os.listdir(blobs.root / "tmp"))
"""
    run = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("blob-full 1 []\n", "")


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError) as error:
        FolderBlobs(tmp_path / "file")
    assert error.value.code == "blob-unavailable"
    blobs = FolderBlobs(tmp_path / "gone")
    info = blobs.put(MemoryOctets(b"x"))
    (tmp_path / "gone").rename(tmp_path / "elsewhere")
    (tmp_path / "gone").write_bytes(b"")
    for call in (
        lambda: blobs.put(MemoryOctets(b"y")),
        lambda: blobs.head(info.digest),
        lambda: blobs.open(info.digest),
        lambda: blobs.delete(info.digest),
        lambda: blobs.sweep(NOW),
    ):
        with pytest.raises(StoreError) as error:
            call()
        assert error.value.code == "blob-unavailable"


def test_files_that_are_no_contents_are_left_alone(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab" / "notes.txt").write_text("mine")
    (tmp_path / "ab" / ("0" * 64)).write_text("in the wrong folder")
    info = blobs.put(MemoryOctets(b"x"))
    assert [found.digest for found in blobs.list()] == [info.digest]


def test_what_a_crash_left_half_written_is_swept_after_a_day(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    old, new = tmp_path / "tmp" / "old", tmp_path / "tmp" / "new"
    for path in (old, new):
        path.write_bytes(b"half")
    now = datetime.datetime.now(datetime.UTC)
    os.utime(old, times=((now - DAY).timestamp() - 1,) * 2)
    assert blobs.sweep(now) == 1
    assert (old.exists(), new.exists()) == (False, True)


def test_what_goes_while_a_folder_is_looked_through_is_passed_over(tmp_path: Path, monkeypatch) -> None:
    """Others finish, collect and sweep at the same time."""
    blobs = FolderBlobs(tmp_path)
    digests = [blobs.put(MemoryOctets(b"%d" % number)).digest for number in range(5)]
    for number in range(5):
        (tmp_path / digests[0].hex()[:2] / f"{digests[0].hex()[:2]}{number:062}").write_bytes(b"")
    listed = blobs.list()
    next(listed)
    for folder in tmp_path.glob("??"):
        for path in folder.iterdir():
            path.unlink()
    assert list(listed) == []
    for number in range(3):
        (tmp_path / "tmp" / str(number)).write_bytes(b"")
        os.utime(tmp_path / "tmp" / str(number), (0, 0))
    real = blobs_module._moment

    def finished_meanwhile(seconds: float) -> datetime.datetime:
        for path in (tmp_path / "tmp").iterdir():
            path.unlink()
        return real(seconds)

    monkeypatch.setattr(blobs_module, "_moment", finished_meanwhile)
    assert blobs.sweep(NOW) == 0


def test_a_folder_that_is_gone_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    """A drive that is not mounted: what is in it is not missing, and will be there again."""
    blobs = FolderBlobs(tmp_path / "drive")
    info = blobs.put(MemoryOctets(b"x"))
    (tmp_path / "drive").rename(tmp_path / "elsewhere")
    for mount_point in (False, True):
        if mount_point:
            (tmp_path / "drive").mkdir()
        for call in (
            lambda: blobs.put(MemoryOctets(b"y")),
            lambda: blobs.head(info.digest),
            lambda: blobs.open(info.digest),
            lambda: list(blobs.list()),
            lambda: blobs.sweep(NOW),
        ):
            with pytest.raises(StoreError) as error:
                call()
            assert error.value.code == "blob-unavailable"
    (tmp_path / "drive").rmdir()
    (tmp_path / "elsewhere").rename(tmp_path / "drive")
    with blobs.open(info.digest) as file:
        assert file.read() == b"x"


def test_many_threads_put_the_same_content(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    data = data_of(50_000)
    errors: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(10):
                info = blobs.put(MemoryOctets(data))
                with blobs.open(info.digest) as file:
                    assert file.read() == data
        except Exception as error:  # noqa: BLE001 - shown below
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


# -- the object store --------------------------------------------------------------------------------


RANGE = {"range": "bytes=0-9"}
PAGE = {"max-keys": "2", "prefix": "J"}


@pytest.mark.parametrize(
    ("path", "query", "headers", "signature"),
    [
        ("/test.txt", {}, RANGE, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        ("/", {"lifecycle": ""}, {}, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        (
            "/",
            PAGE,
            {},
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_signatures_are_those_of_the_published_examples(path, query, headers, signature) -> None:
    found = sign(
        method="GET",
        host="examplebucket.s3.amazonaws.com",
        path=path,
        query=query,
        payload=hashlib.sha256(b"").hexdigest(),
        at=datetime.datetime(2013, 5, 24, tzinfo=datetime.UTC),
        key_id="AKIAIOSFODNN7EXAMPLE",
        secret="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        region="us-east-1",
        headers=headers,
    )
    assert found["Authorization"].endswith(f"Signature={signature}")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (301, "blob-settings"),
        (400, "blob-settings"),
        (401, "blob-refused"),
        (403, "blob-refused"),
        (408, "blob-unavailable"),
        (429, "blob-unavailable"),
        (500, "blob-unavailable"),
        (503, "blob-unavailable"),
        (507, "blob-full"),
    ],
)
def test_every_answer_has_its_outcome(s3: fake_s3.FakeS3, status: int, code: str) -> None:
    blobs = s3_blobs(s3)
    info = blobs.put(MemoryOctets(b"x"))
    s3.answer = status
    for call in (
        lambda: blobs.put(MemoryOctets(b"y")),
        lambda: blobs.head(info.digest),
        lambda: blobs.open(info.digest),
        lambda: blobs.delete(info.digest),
        lambda: list(blobs.list()),
    ):
        with pytest.raises(StoreError) as error:
            call()
        assert error.value.code == code


def test_a_wrong_secret_is_refused_and_not_shown(s3: fake_s3.FakeS3) -> None:
    blobs = s3_blobs(s3, secret="a-very-secret-key")
    with pytest.raises(StoreError) as error:
        blobs.put(MemoryOctets(b"x"))
    assert error.value.code == "blob-refused"
    assert "a-very-secret-key" not in f"{error.value!r} {blobs!r}"


def test_half_a_body_is_unavailable_and_a_changed_one_damaged(s3: fake_s3.FakeS3) -> None:
    blobs = s3_blobs(s3)
    data = data_of(100_000)
    info = blobs.put(MemoryOctets(data))
    s3.cut = True
    with pytest.raises(StoreError) as error, blobs.open(info.digest) as file:
        file.read()
    assert error.value.code == "blob-unavailable"
    s3.cut = False
    (key,) = s3.objects
    s3.objects[key] = (b"?" + data[1:], s3.objects[key][1])
    with pytest.raises(StoreError) as error, blobs.open(info.digest) as file:
        file.read()
    assert error.value.code == "blob-damaged"


@pytest.mark.parametrize(
    "listing",
    [
        b"not xml",
        b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        b"<ListBucketResult>" + b" " * MAX_LISTING,
        b"<L><Contents><Key>%s</Key><LastModified>2026-01-01T00:00:00Z</LastModified></Contents></L>" % (b"0" * 64),
        b"<L><Contents><Key>%s</Key><LastModified>2026-01-01T00:00:00Z</LastModified><Size>%s</Size></Contents></L>"
        % (b"0" * 64, b"9" * 5000),
        b"<L><IsTruncated>true</IsTruncated><NextContinuationToken>again</NextContinuationToken></L>",
    ],
)
def test_a_listing_that_makes_no_sense(s3: fake_s3.FakeS3, listing: bytes) -> None:
    s3.listing = listing
    with pytest.raises(StoreError) as error:
        list(s3_blobs(s3, prefix="").list())
    assert error.value.code == "blob-unavailable"


def test_objects_of_others_and_such_without_a_date_are_passed_over(s3: fake_s3.FakeS3) -> None:
    name = "0" * 64
    s3.listing = (
        "<L><Contents><Key>notes</Key></Contents>"
        "<Contents><Key>abcd</Key><LastModified>2026-01-01T00:00:00Z</LastModified><Size>1</Size></Contents>"
        f"<Contents><Key>{name}</Key><Size>1</Size></Contents>"
        f"<Contents><Key>{name}</Key><LastModified>0001-01-01T00:00:00+14:00</LastModified></Contents>"
        f"<Contents><Key>{name}</Key><LastModified>2026-01-01T00:00:00</LastModified><Size>1</Size></Contents></L>"
    ).encode()
    assert list(s3_blobs(s3, prefix="").list()) == []


@pytest.mark.parametrize("header", ["Last-Modified", "Content-Length"])
@pytest.mark.parametrize("value", [None, "nonsense", "9" * 5000, "Fri, 31 Dec 9999 23:59:59 -1400"])
def test_an_answer_without_size_or_date(s3: fake_s3.FakeS3, header: str, value: str | None) -> None:
    blobs = s3_blobs(s3, timeout=1.0)
    info = blobs.put(MemoryOctets(b""))
    s3.headers_out[header] = value
    with pytest.raises(StoreError) as error:
        blobs.head(info.digest)
    assert error.value.code == "blob-unavailable"


def test_nobody_answers(s3: fake_s3.FakeS3) -> None:
    blobs = S3Blobs(endpoint="http://127.0.0.1:1", bucket="bucket", key_id="k", secret="s", timeout=2.0)
    with pytest.raises(StoreError) as error:
        blobs.head(b"\0" * 32)
    assert error.value.code == "blob-unavailable"


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint": "s3.example.vn"},
        {"endpoint": "ftp://s3.example.vn"},
        {"endpoint": "https://user:x@s3.example.vn"},
        {"endpoint": "https://s3.example.vn/path"},
        {"endpoint": "http://[::1"},
        {"endpoint": "http://127.0.0.1:99999"},
        {"endpoint": "https://s3.example.vn?a=b"},
        {"endpoint": "https://s3.example.vn#x"},
        {"endpoint": "https://s3.example.vn\n"},
        {"bucket": ""},
        {"bucket": "a/b"},
        {"bucket": "a\ud800"},
        {"prefix": "a\n"},
        {"key_id": "k\r\nX: y"},
        {"key_id": "khóa"},
        {"secret": "\ud800"},
        {"region": "v\nn"},
        {"timeout": 0},
        {"timeout": -1},
        {"ca_file": "/nowhere/ca.pem"},
    ],
)
def test_settings_that_cannot_be_used(changes: dict[str, object]) -> None:
    values = {"endpoint": "https://s3.example.vn", "bucket": "b", "key_id": "k", "secret": "s", **changes}
    with pytest.raises(StoreError) as error:
        S3Blobs(**values)  # type: ignore[arg-type]
    assert error.value.code == "blob-settings"
