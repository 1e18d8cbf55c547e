"""Packets in JSON: cut out of the stream wherever the pieces end, and the same as the standard library reads."""

from __future__ import annotations

import base64
import json
import tracemalloc
from collections.abc import Iterable, Iterator
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings

from vndoc.errors import PeerFaultError, Retry
from vndoc.transport._json_text import json_object, packet_in_json, rows_of, text_of


class Answer:
    """Stands for an answer that comes in pieces."""

    status = 200
    retry = Retry.SAFE

    def __init__(self, pieces: Iterable[bytes], media_type: str = "application/json") -> None:
        self._pieces = pieces
        self.headers = {"content-type": media_type}

    def pieces(self) -> Iterator[bytes]:
        yield from self._pieces

    def nonsense(self, detail: object) -> PeerFaultError:
        return PeerFaultError("carrier-nonsense", carrier="x", detail=detail)


def cut(data: bytes, *, step: int = 1 << 16, path: list[str] | None = None, limit: int | None = None) -> Any:
    pieces = (data[at : at + step] for at in range(0, len(data), step))
    content, rest = packet_in_json(Answer(pieces), path or ["data"], "x", limit)  # type: ignore[arg-type]
    if content is None:
        return None, rest
    with content, content.open() as file:
        return file.read(), rest


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=5).filter(lambda key: key != "data"), VALUES, max_size=5)


@settings(max_examples=60)
@given(
    st.binary(max_size=200), OBJECTS, OBJECTS, st.integers(1, 40), st.booleans(), st.sampled_from([None, 1]),
    st.sampled_from(["plain", "slashes", "unicode", "UNICODE", "lines"]),
)  # fmt: skip
def test_a_packet_is_cut_out_of_any_json(
    packet: bytes, before: Any, after: Any, step: int, ascii_only: bool, indent: int | None, style: str
) -> None:
    text = json.dumps({**before, "data": "@@", **after}, ensure_ascii=ascii_only, indent=indent)
    if text.count('"@@"') != 1:
        return
    encoded = base64.b64encode(packet).decode()
    styled = {
        "plain": encoded,
        "slashes": encoded.replace("/", "\\/"),
        "unicode": encoded.replace("=", "\\u003d").replace("+", "\\u002b").replace("/", "\\u002f"),
        "UNICODE": encoded.replace("=", "\\u003D").replace("+", "\\u002B").replace("/", "\\u002F"),
        "lines": "".join(encoded[i : i + 8] + "\\r\\n" for i in range(0, len(encoded), 8)),
    }[style]
    data = text.replace('"@@"', f'"{styled}"').encode("utf-8", "surrogatepass")
    try:
        expected = json.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        return
    assert base64.b64decode(expected["data"]) == packet
    got, rest = cut(data, step=step)
    assert got == packet
    assert rest == {**expected, "data": ""}


@given(st.binary(max_size=300), st.integers(1, 9))
@example(b'{"data":"', 1)
@example(b'{"data":"QQ=="}}', 1)
@example(b'{"a":["data","QQ=="]}', 2)
def test_any_octets_are_read_or_refused(data: bytes, step: int) -> None:
    try:
        got, rest = cut(data, step=step)
    except PeerFaultError:
        return
    whole = json.loads(data.decode("utf-8-sig"))
    assert {**rest, "data": whole.get("data")} == {**whole, "data": whole.get("data")}
    if got is not None:
        assert got == base64.b64decode(whole["data"])


def test_the_packet_may_stand_deeper() -> None:
    assert cut(b'{"data":{"x":"QQ==","data":"Qg=="},"code":0}', path=["data", "data"]) == (
        b"B",
        {"data": {"x": "QQ==", "data": ""}, "code": 0},
    )


@pytest.mark.parametrize(
    "data",
    [
        b'{"data":null}', b'{"data":5}', b'{"data":{"data":"QQ=="}}', b'{"data":["QQ=="]}', b'{"x":{"data":"QQ=="}}',
        b'{"list":[{"data":"QQ=="}]}', b"{}",
    ],
)  # fmt: skip
def test_where_there_is_none(data: bytes) -> None:
    got, rest = cut(data)
    assert (got, rest) == (None, json.loads(data))


@pytest.mark.parametrize(
    "data",
    [
        b"", b"  ", b"[]", b'"QQ=="', b"null", b"<html>", b'{"data":"QQ=="', b'{"data":"QQ==', b'{"data":"QQ=="}x',
        b'{"data":"QQ==","data":"QQ=="}', b'{"data":"Q"}', b'{"data":"QQ"}', b'{"data":"QQ=="}}',
        b'{"data":"QQ==QQ=="}', b'{"data":"QQ==AAAA"}', b'{"data":"Q*=="}', b'{"data":"QQ=="]', b'{"a\\":"QQ=="}',
        b'{"data":"\xff\xff\xff\xff"}', b'{"x":"' + b"y" * 400_000 + b'"}', b'{"x":' + b"[" * 100,
        b"{" + b" " * 400_000, b'{"data":"Q\\u0051=="}', b'{"x":' + b"9" * 5000 + b"}",
    ],
    ids=lambda data: str(data[:30]),
)  # fmt: skip
@pytest.mark.parametrize("step", [1 << 16, 7])
def test_what_is_wrong_is_nonsense(data: bytes, step: int) -> None:
    with pytest.raises(PeerFaultError, match="carrier-nonsense"):
        cut(data, step=step)


@pytest.mark.parametrize(("size", "fits"), [(99, True), (100, False)])
def test_the_packet_is_bounded(size: int, fits: bool) -> None:
    data = json.dumps({"data": base64.b64encode(b"x" * size).decode()}).encode()
    if fits:
        assert len(cut(data, limit=99)[0]) == 99
    else:
        with pytest.raises(PeerFaultError, match="carrier-answer-too-big"):
            cut(data, limit=99)


def test_a_big_packet_takes_no_memory() -> None:
    """64 MB of packet: what stays is a temporary file."""
    piece = base64.b64encode(bytes(48 * 1024))

    def pieces() -> Iterator[bytes]:
        yield b'{"status":"OK","data":"'
        for _ in range(1300):
            yield piece
        yield b'"}'

    tracemalloc.start()
    try:
        content, _ = packet_in_json(Answer(pieces()), ["data"], "x", None)  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert content is not None
    with content:
        assert content.size == 1300 * 48 * 1024
    assert peak < 10 * 1024 * 1024


def test_fields_are_found_whatever_their_case_and_kind() -> None:
    row = {"DocId": " a ", "count": 3, "none": None, "null": "null", "flag": True, "empty": "", "list": []}
    assert text_of(row, "docid") == "a"
    assert text_of(row, "none", "null", "flag", "empty", "list", "missing", "count") == "3"
    assert text_of(row, "none") is None
    assert text_of({"docId": "1", "DOCID": "2"}, "docId") == "1"


def test_rows() -> None:
    assert list(rows_of({"data": [{"a": 1}, 2, None]})) == [{"a": 1}, None, None]
    assert list(rows_of({"data": "x"})) == list(rows_of({})) == []


def test_objects() -> None:
    assert json_object(b'\xef\xbb\xbf{"a":1}') == {"a": 1}
    for bad in (b"", b"[]", b"\xff", b"[" * 100_000, b"{" * 100_000, b'{"a":' + b"1" * 10_000 + b"}"):
        assert json_object(bad) is None
