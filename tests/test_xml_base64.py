"""Base64 texts: what counts as damage, and reading them anywhere."""

from __future__ import annotations

import base64
import io
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vndoc.envelope.octets import MemoryOctets, Octets
from vndoc.errors import AttachmentError, SourceError
from vndoc.xml import Base64Text
from vndoc.xml.base64text import STEP, Proof
from xmldocs import Stored, reference_damage


def proven(pieces: list[bytes], source: Octets | None = None, start: int = 0) -> Base64Text:
    proof = Proof(start)
    for piece in pieces:
        proof.feed(piece)
    return proof.text(source or MemoryOctets(b"".join(pieces)))


def pieces_of(data: bytes, sizes: list[int]) -> list[bytes]:
    found, pos = [], 0
    for size in sizes:
        found.append(data[pos : pos + size])
        pos += size
    return [*found, data[pos:]]


DAMAGED = [
    ("", None),
    (" \r\n\t", None),
    ("QUI=", None),
    ("QQ==", None),
    ("QR==", None),
    ("QUJ=", None),
    ("Q U\nI\t=\r", None),
    ("QUI", ("base64-truncated", 3)),
    ("QUI\n", ("base64-truncated", 3)),
    ("Q", ("base64-truncated", 1)),
    ("QQ=", ("base64-truncated", 3)),
    ("QQ=\n", ("base64-truncated", 3)),
    ("QUJD=", ("base64-truncated", 5)),
    ("=", ("base64-truncated", 1)),
    ("QUI=QUI=", ("base64-padding", 3)),
    ("QQ==QQ==", ("base64-padding", 2)),
    ("QQ==Q", ("base64-padding", 2)),
    ("QQ===", ("base64-padding", 2)),
    ("Q===", ("base64-padding", 1)),
    ("Q==", ("base64-padding", 1)),
    ("====", ("base64-padding", 0)),
    ("QUI==", ("base64-padding", 3)),
    ("Q=I=", ("base64-padding", 1)),
    ("QQ=!", ("base64-padding", 2)),
    ("QUJD-UJD", ("base64-damaged", 4)),
    ("QU\nJ\n_", ("base64-damaged", 3)),
    ("!", ("base64-damaged", 0)),
    ("QUJD\u00a0", ("base64-damaged", 4)),
    ("QUJD\u1ea1QUI=", ("base64-damaged", 4)),
    ("QUJD\x0b", ("base64-damaged", 4)),
]


@pytest.mark.parametrize(("text", "damage"), DAMAGED)
def test_damage(text: str, damage: tuple[str, int] | None) -> None:
    assert Base64Text.inline(text).damage == damage
    assert reference_damage(text) == damage


@given(
    st.text(alphabet="AQz+/=", max_size=14) | st.text(alphabet="AQ9+/== \n\r\t-é", max_size=24),
    st.lists(st.integers(min_value=0, max_value=6), max_size=10),
)
@settings(max_examples=500)
def test_damage_is_the_same_however_the_text_arrives(text: str, sizes: list[int]) -> None:
    expected = reference_damage(text)
    found = proven(pieces_of(text.encode(), sizes))
    assert found.damage == expected
    assert found.has_white_space == bool(re.search(r"[ \t\r\n]", text))
    if expected is None:
        data = base64.b64decode(re.sub(r"[ \t\r\n]", "", text), validate=True)
        assert found.size == len(data)
        assert found.open().read() == data


@given(
    text=st.text(alphabet="AQz+/", max_size=60),
    ending=st.sampled_from(["", "=", "==", "===", "!", "é", "=A"]),
    width=st.integers(min_value=1, max_value=9),
    end=st.sampled_from(["\n", "\r\n", "\r", " \n", "\n\n"]),
    oddity=st.tuples(st.integers(0, 90), st.sampled_from(["", "\n", "\r", " ", "\t", "=", "!", "\n\n", "AAAA"])),
    sizes=st.lists(st.integers(min_value=0, max_value=40), max_size=4),
)
@settings(max_examples=1500)
def test_lines_of_one_length_count_as_any_other_text(
    text: str, ending: str, width: int, end: str, oddity: tuple[int, str], sizes: list[int]
) -> None:
    """Line ends at regular places are not searched for; that must make no difference."""
    bare = text + ending
    lines = "".join(bare[pos : pos + width] + end for pos in range(0, len(bare), width))
    whole = lines[: oddity[0]] + oddity[1] + lines[oddity[0] :]
    expected = reference_damage(whole)
    found = proven(pieces_of(whole.encode(), sizes))
    assert found.damage == expected
    assert found.has_white_space == bool(re.search(r"[ \t\r\n]", whole))
    if expected is None:
        assert found.open().read() == base64.b64decode(re.sub(r"[ \t\r\n]", "", whole), validate=True)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n    ", b"\t\n"])
@pytest.mark.parametrize("width", [1, 2, 3, 4, 60, 64, 75, 76, 77, 1000])
def test_line_ends_are_counted_and_left_out(width: int, end: bytes) -> None:
    data = random.Random(width).randbytes(2 * STEP // 3 * (1 if width < 10 else 3) + width)
    bare = base64.b64encode(data)
    text = end.join(bare[pos : pos + width] for pos in range(0, len(bare), width))
    proof = Proof(0)
    for piece in pieces_of(text, [1, STEP - 1, STEP + 3, 17]):
        assert proof.feed(piece)
    found = proof.text(MemoryOctets(text))
    assert proof.newlines == text.count(b"\n")
    assert (found.damage, found.size, found.has_white_space) == (None, len(data), True)
    assert found.open().read() == data


@pytest.mark.parametrize("at", [0, 1, 2, 3, STEP - 1, STEP, STEP + 1, 2 * STEP - 4, 3 * STEP - 1])
@pytest.mark.parametrize("bad", ["=", "!", "\n!", "\n="])
def test_damage_far_inside(at: int, bad: str) -> None:
    text = "A" * at + bad + "A" * (3 * STEP - at)
    expected = reference_damage(text)
    assert Base64Text.inline(text).damage == expected
    assert proven([text[:5].encode(), text[5 : STEP + 7].encode(), text[STEP + 7 :].encode()]).damage == expected


def test_padding_at_the_end_of_a_piece_is_no_end() -> None:
    """A decoder that is called piece by piece accepts padding at the end of each."""
    text = "A" * (STEP - 2) + "==" + "A" * STEP
    assert Base64Text.inline(text).damage == ("base64-padding", STEP - 2)
    assert proven([b"QQ==", b"QQ=="]).damage == ("base64-padding", 2)
    assert proven([b"QQ==", b"\n"]).damage is None


def test_a_damaged_text_cannot_be_opened() -> None:
    for text, code, values in [
        ("QUJD!", "base64-damaged", {"offset": 4}),
        ("QQ==Q", "base64-padding", {"offset": 2}),
        ("QUJDQ", "base64-truncated", {"count": 5}),
    ]:
        found = Base64Text.inline(text)
        with pytest.raises(AttachmentError) as caught:
            found.open()
        assert (caught.value.code, dict(caught.value.values)) == (code, values)
        assert found.peek(3) == b""
        assert found.size == 0
        assert repr(found) == f"Base64Text({code})"


def test_harmless_text_is_printable_and_without_markup() -> None:
    for octet in range(256):
        proof = Proof(0)
        early = proof.feed(b"A!" + bytes([octet]) + b"A" * 10)
        late = Proof(0)
        late.feed(b"!")
        late.feed(b"AAAAAAA")
        tail = Proof(0)
        tail.feed(b"AAAA" + bytes([octet]))
        expected = chr(octet) in " \t\r\n" or (0x20 <= octet < 0x7F and chr(octet) not in "<>&]")
        assert early == late.feed(bytes([octet])) == expected
        assert tail.harmless == expected


def forms(data: bytes) -> list[bytes]:
    one = base64.b64encode(data)
    return [
        one,
        base64.encodebytes(data),
        base64.encodebytes(data).replace(b"\n", b"\r\n"),
        b"\n      " + one + b"\n    ",
        one + b"\n" * (3 * STEP),
        b" " * (2 * STEP + 1) + one,
        one[: len(one) // 2 + 1] + b"\t" * (STEP + 3) + one[len(one) // 2 + 1 :],
    ]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, STEP // 4 * 3, 900_001])
@pytest.mark.parametrize("form", range(7))
@pytest.mark.parametrize("stored", [False, True])
def test_reading_anywhere_is_like_a_file_in_memory(size: int, form: int, stored: bool) -> None:
    generator = random.Random(size * 10 + form)
    data = generator.randbytes(size)
    text = forms(data)[form]
    source = b"<x>" + text + b"</x>"
    found = proven(pieces_of(text, [5, 300_001]), Stored(source) if stored else MemoryOctets(source), 3)
    assert found.damage is None
    assert found.size == size
    assert found.peek(5) == data[:5]
    assert found.peek(0) == b""
    with found.open() as file, io.BytesIO(data) as expected:
        assert file.readable()
        assert file.seekable()
        assert not file.writable()
        for _ in range(20):
            whence = generator.choice([io.SEEK_SET, io.SEEK_CUR, io.SEEK_END])
            target = generator.choice([0, generator.randrange(size + 5), 3 * generator.randrange(size // 3 + 1)])
            base = {io.SEEK_SET: 0, io.SEEK_CUR: expected.tell(), io.SEEK_END: size}[whence]
            assert file.seek(target - base, whence) == expected.seek(target - base, whence)
            count = generator.choice([-1, None, 0, 1, 2, 3, 7, 4096, 300_000, 262_144])
            assert file.read(count) == expected.read(count)
            assert file.tell() == expected.tell()
            assert file.read1(5) == expected.read1(5)
            buffer, other = bytearray(9), bytearray(9)
            assert file.readinto(buffer) == expected.readinto(other)
            assert buffer == other


def test_the_reader_is_strict_about_its_use() -> None:
    file = Base64Text.inline("QUJD").open()
    with pytest.raises(ValueError):
        file.seek(-1)
    with pytest.raises(ValueError):
        file.seek(0, 7)
    file.close()
    file.close()
    for call in (file.read, file.tell, lambda: file.seek(0)):
        with pytest.raises(ValueError):
            call()


@pytest.mark.parametrize("form", [0, 1])
@pytest.mark.parametrize(
    "change",
    [lambda s: s[:-10], lambda s: s.replace(b"A", b"!"), lambda s: s.replace(b"A", b"\n"), lambda s: b"\n" * len(s)],
)
def test_a_source_that_changes_while_it_is_read_is_noticed(form: int, change) -> None:
    text = forms(bytes(600_000))[form]
    store = [text]

    class Changing(Stored):
        def open(self):
            return io.BytesIO(store[0])

    found = proven([text], Changing(text))
    store[0] = change(text)
    with found.open() as file, pytest.raises(SourceError) as caught:
        list(iter(lambda: file.read(262_144), b""))
    assert caught.value.code == "source-changed"


def test_a_source_that_became_shorter_in_content_is_noticed() -> None:
    store = [b"QUJDQUJD"]

    class Changing(Stored):
        def open(self):
            return io.BytesIO(store[0])

    found = proven(store, Changing(store[0]))
    store[0] = b"QUJDQQ=="
    with found.open() as file, pytest.raises(SourceError) as caught:
        file.read()
    assert caught.value.code == "source-changed"


def test_a_source_that_fails_gives_our_error() -> None:
    class Broken(io.BytesIO):
        error: OSError = OSError(5, "Input/output error")

        def read(self, *_):
            raise self.error

    class Failing(Stored):
        def open(self):
            return Broken()

    file = proven([b"QUJD"], Failing(b"QUJD")).open()
    with pytest.raises(SourceError) as caught:
        file.read()
    assert caught.value.code == "source-unreadable"
    Broken.error = SourceError("source-closed")
    with pytest.raises(SourceError) as caught:
        file.read()
    assert caught.value.code == "source-closed"


def test_repr_shows_no_content() -> None:
    assert repr(Base64Text.inline("QUJD")) == "Base64Text(3 octets)"


def test_inline_text_with_a_lone_surrogate_is_damaged() -> None:
    assert Base64Text.inline("QUJD\ud800").damage == ("base64-damaged", 4)
