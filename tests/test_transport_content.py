"""What carriers share: octets on their way out are checked, octets that came in are kept until they are read."""

from __future__ import annotations

import contextlib
import hashlib
import io
import resource
import tracemalloc
from collections.abc import Iterator
from typing import BinaryIO
from unittest import mock

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vndoc.envelope.octets import CHUNK, MemoryOctets, Octets, hashed
from vndoc.errors import OwnFaultError, PeerFaultError, Retry, SourceError
from vndoc.testing.contract import PatternOctets
from vndoc.transport import Kind, Outgoing
from vndoc.transport.content import IN_MEMORY, Fetched, collect, pieces


def outgoing(content: Octets, sha256: bytes | None = None) -> Outgoing:
    if sha256 is None:
        with content.open() as file:
            sha256 = hashlib.sha256(file.read()).digest()
    return Outgoing(message_id="tin", kind=Kind.STATUS, sender="H14.01", content=content, sha256=sha256)


@attrs.frozen
class Lying:
    """Octets that are more, or fewer, than they say; or that cannot be read."""

    says: int | Exception
    data: bytes | Exception

    @property
    def size(self) -> int:
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    def open(self) -> BinaryIO:
        if isinstance(self.data, Exception):
            raise self.data
        return io.BytesIO(self.data)


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK - 1])
def test_pieces_are_the_whole(size: int) -> None:
    found = list(pieces(outgoing(PatternOctets(size)), carrier="x", limit=size))
    assert sum(map(len, found)) == size
    assert max(map(len, found), default=0) <= CHUNK


def test_a_digest_that_is_known_is_compared_and_not_made_again(monkeypatch) -> None:
    data = b"abc" * 1000
    sha256 = hashlib.sha256(data).digest()
    with pytest.raises(OwnFaultError) as error:
        list(pieces(outgoing(hashed(data, bytes(32)), sha256), carrier="x"))
    assert error.value.code == "carrier-packet-changed"
    right = outgoing(hashed(data, sha256), sha256)
    monkeypatch.setattr(hashlib, "sha256", mock.Mock(return_value=mock.Mock(spec=[])))
    assert b"".join(pieces(right, carrier="x")) == data


def test_a_digest_that_the_caller_states_is_never_believed() -> None:
    data, told = b"abc", hashlib.sha256(b"abd").digest()
    with pytest.raises(TypeError):
        MemoryOctets(data, sha256=told)  # type: ignore[call-arg]

    class Told(MemoryOctets):
        sha256 = told  # type: ignore[assignment]

    changed = attrs.evolve(hashed(b"abd", told), data=data)
    assert changed.sha256 is None
    for octets in (MemoryOctets(data), Told(data), changed):
        with pytest.raises(OwnFaultError) as error:
            list(pieces(outgoing(octets, told), carrier="x"))
        assert error.value.code == "carrier-packet-changed"


@pytest.mark.parametrize("says", [10, 11])
def test_one_octet_more_than_the_limit(says: int) -> None:
    parts = pieces(outgoing(Lying(says, b"x" * 11)), carrier="trục", limit=10)
    with pytest.raises(OwnFaultError) as error:
        list(parts)
    assert error.value.code == "carrier-too-big"
    assert error.value.text("vi") == "Gói tin có 11 byte, vượt giới hạn 10 byte của trục."


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (Lying(OSError(5, "Input/output error"), b""), "Input/output error"),
        (Lying(1, OSError(5, "Input/output error")), "Input/output error"),
        (Lying(1, ValueError("I/O operation on closed file")), "closed file"),
        (Lying(1, ValueError()), "ValueError"),
        (Lying(1, SourceError("source-closed")), "source-closed"),
    ],
    ids=str,
)
def test_content_that_cannot_be_read(content: Octets, detail: str) -> None:
    with pytest.raises(OwnFaultError) as error:
        list(pieces(outgoing(content, bytes(32)), carrier="x"))
    assert (error.value.code, error.value.retry) == ("carrier-packet-unreadable", Retry.NEVER)
    assert detail in error.value.text()


def test_the_end_comes_only_with_the_right_digest() -> None:
    parts = pieces(outgoing(MemoryOctets(b"abc"), bytes(32)), carrier="x")
    assert next(parts) == b"abc"
    with pytest.raises(OwnFaultError) as error:
        next(parts)
    assert error.value.code == "carrier-packet-changed"


def parts_of(size: int, part: int = 100_000) -> Iterator[bytes]:
    with PatternOctets(size).open() as file:
        while data := file.read(part):
            yield data


@pytest.mark.parametrize("size", [0, 1, IN_MEMORY, IN_MEMORY + 1, 2 * IN_MEMORY])
def test_what_is_collected_is_what_came(size: int) -> None:
    whole = b"".join(parts_of(size))
    with collect(parts_of(size), carrier="x", limit=size, sha256=hashlib.sha256(whole).digest()) as content:
        assert (content.size, content.sha256) == (size, hashlib.sha256(whole).digest())
        for _ in range(2):
            with content.open() as file:
                assert file.read() == whole
        assert repr(content) == f"Fetched({size} octets)"
    content.close()
    with pytest.raises(SourceError) as error:
        content.open()
    assert error.value.code == "source-closed"


@given(st.lists(st.binary(max_size=50)))
def test_whatever_the_parts_are(parts: list[bytes]) -> None:
    with collect(parts, carrier="x") as content, content.open() as file:
        assert file.read() == b"".join(parts)


def test_much_is_collected_with_little_memory() -> None:
    tracemalloc.start()
    try:
        with collect(parts_of(64 * 1024 * 1024), carrier="x") as content:
            assert content.size == 64 * 1024 * 1024
        assert tracemalloc.get_traced_memory()[1] < IN_MEMORY + 2 * 1024 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [10, IN_MEMORY + 100])
def test_an_answer_that_is_too_long_or_another(size: int) -> None:
    for limit, sha256, code, retry in (
        (size - 1, None, "carrier-answer-too-big", Retry.NEVER),
        (None, bytes(32), "carrier-content-differs", Retry.SAFE),
    ):
        with pytest.raises(PeerFaultError) as error:
            collect(parts_of(size), carrier="x", limit=limit, sha256=sha256)
        assert (error.value.code, error.value.retry) == (code, retry)


def test_an_answer_that_breaks_off() -> None:
    def parts() -> Iterator[bytes]:
        yield bytes(IN_MEMORY + 1)
        raise PeerFaultError("carrier-interrupted", carrier="x", detail="reset")

    with pytest.raises(PeerFaultError) as error:
        collect(parts(), carrier="x")
    assert error.value.code == "carrier-interrupted"


def test_no_room_for_what_comes() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OwnFaultError) as error:
            collect(parts_of(2 * IN_MEMORY), carrier="x")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (error.value.code, error.value.retry) == ("carrier-storage", Retry.SAFE)


def test_no_place_for_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(OwnFaultError) as error:
        collect(parts_of(2 * IN_MEMORY), carrier="x")
    assert "Permission denied" in error.value.text()


def test_what_was_fetched_is_released_once_also_after_an_error() -> None:
    released = []
    with contextlib.suppress(KeyError), Fetched(MemoryOctets(b"x"), bytes(32), lambda: released.append(1)) as content:
        raise KeyError
    content.close()
    assert released == [1]
