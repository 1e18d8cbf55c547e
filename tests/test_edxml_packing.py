"""Files in zips: what is unwrapped, what is left alone, and what hostile zips can and cannot do."""

from __future__ import annotations

import contextlib
import io
import struct
import tracemalloc
import unicodedata
import zipfile
import zlib
from typing import Any, BinaryIO

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samples import DOCUMENT, attached, edit, found, read, zipped
from vndoc.edxml.packing import MissingOctets, extension, name_oddity, unpack
from vndoc.edxml.zips import ZipEntry
from vndoc.envelope import Attachment, MemoryOctets, Octets
from vndoc.errors import AttachmentError, LimitError, SourceError, VndocError
from vndoc.limits import DEFAULT, Limits
from vndoc.text import safe_filename

ZIP = "application/zip"


def unpacked(
    data: bytes, *, name: str = "a.txt", label: str | None = ZIP, limits: Limits = DEFAULT
) -> tuple[Octets, tuple[str, ...]]:
    return unpack(MemoryOctets(data), head=data[:4], name=name, label=label, limits=limits)


def content(octets: Octets) -> bytes:
    with octets.open() as file:
        return file.read()


def one(data: bytes = b"text", name: str = "x.txt", **fields: int) -> bytes:
    """Return a zip with one stored entry, made by hand; *fields* replace what both headers claim."""
    claimed = {"flags": 0, "method": 0, "crc": zlib.crc32(data), "packed": len(data), "size": len(data), "offset": 0}
    claimed |= {"start": 30 + len(name) + len(data), "count": 1, "length": 46 + len(name)} | fields
    f = claimed
    same = struct.pack("<4H3L2H", f["flags"], f["method"], 0, 33, f["crc"], f["packed"], f["size"], len(name), 0)
    local = b"PK\x03\x04" + struct.pack("<H", 20) + same + name.encode() + data
    central = (
        b"PK\x01\x02"
        + struct.pack("<2H", 20, 20)
        + same
        + struct.pack("<3H2L", 0, 0, 0, 0, f["offset"])
        + name.encode()
    )
    end = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, f["count"], f["count"], f["length"], f["start"], 0)
    return local + central + end


# -- the algorithm --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "name", "label", "expected", "ids"),
    [
        (one(), "a.txt", ZIP, b"text", ()),
        (one(), "a.TXT", " Application/ZIP ", b"text", ()),
        (one(), "a.txt", "application/x-zip-compressed", b"text", ()),
        (one(), "a.docx", ZIP, b"text", ()),
        (one(), "a.docx", "application/docx", None, ()),
        (one(), "a.docx", None, None, ()),
        (one(), "a.DOCX>", None, None, ()),
        (one(), "a.zip", ZIP, None, ()),
        (one(), "a.zip>", "text/plain", None, ()),
        (one(), "a.pdf", "application/pdf", b"text", ("zip-unlabelled",)),
        (one(), None, None, b"text", ("zip-unlabelled",)),
        (b"text", "a.txt", ZIP, None, ("zip-label-raw",)),
        (b"", "a.txt", ZIP, None, ("zip-label-raw",)),
        (b"text", "a.zip", ZIP, None, ()),
        (b"text", "a.txt", "text/plain", None, ()),
        (b"PK\x05\x06" + bytes(18), "a.txt", ZIP, None, ("zip-label-raw",)),
        (zipped(("a", b"1"), ("b", b"2")), "a.txt", ZIP, None, ("zip-many-entries",)),
        (zipped(("a/", b"")), "a.txt", ZIP, None, ("zip-many-entries",)),
        (zipped(("a/", b""), ("b\\", b""), ("x", b"text"), ("c/", b"")), "a.txt", ZIP, b"text", ()),
        (zipped(("a/", b""), ("a/x", b"text")), "a.txt", ZIP, b"text", ("zip-entry-path",)),
        (zipped(("a/", b"not empty"), ("x", b"text")), "a.txt", ZIP, None, ("zip-many-entries",)),
        (one(name="../x"), "a.txt", ZIP, b"text", ("zip-entry-path",)),
        (one(name=""), "a.txt", ZIP, b"text", ()),
        (one(name="a\\x"), "a.txt", "text/plain", b"text", ("zip-unlabelled", "zip-entry-path")),
        (one(flags=1), "a.txt", ZIP, None, ("zip-unsupported",)),
        (one(flags=0x20), "a.txt", ZIP, None, ("zip-unsupported",)),
        (one(flags=0x40), "a.txt", ZIP, None, ("zip-unsupported",)),
        (one(method=12), "a.txt", ZIP, None, ("zip-unsupported",)),
        (one(method=99), "a.txt", ZIP, None, ("zip-unsupported",)),
        (one()[:-1], "a.txt", ZIP, None, ("zip-damaged",)),
        (one()[:40], "a.txt", ZIP, None, ("zip-damaged",)),
        (b"PK\x03\x04", "a.txt", ZIP, None, ("zip-damaged",)),
        (one(length=1), "a.txt", ZIP, None, ("zip-damaged",)),
        (one() + b"PK\x05\x06", "a.txt", ZIP, None, ("zip-damaged",)),
        (one(size=DEFAULT.attachment_bytes + 1), "a.txt", ZIP, "limit-attachment-bytes", ("zip-bomb",)),
        (one(size=DEFAULT.unpack_free_bytes + 1), "a.txt", ZIP, "limit-unpack-ratio", ("zip-bomb",)),
    ],
)
def test_the_algorithm(
    data: bytes, name: str | None, label: str | None, expected: bytes | str | None, ids: tuple[str, ...]
) -> None:
    octets, found = unpacked(data, name=name, label=label)  # type: ignore[arg-type]
    assert found == ids
    if isinstance(expected, str):
        with pytest.raises(LimitError) as caught:
            octets.open()
        assert caught.value.code == expected
        return
    assert content(octets) == (data if expected is None else expected)
    assert octets.size == len(content(octets))
    assert (expected is None) is (octets == MemoryOctets(data))


@given(st.binary(max_size=5000), st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
def test_any_content_comes_out_as_it_went_in(data: bytes, method: int) -> None:
    octets, ids = unpacked(zipped(("x.txt", data), method=method))
    assert ids == ()
    assert content(octets) == data
    assert repr(octets) == f"ZipEntry({len(data)} octets)"


def test_an_entry_is_a_file_like_others() -> None:
    data = bytes(range(256)) * 1000
    octets, _ = unpacked(zipped(("x.txt", data)))
    with octets.open() as first, octets.open() as second:
        assert first.read(1000) == second.read(1000)
        assert first.tell() == 1000
        assert first.seek(-10, io.SEEK_END) == len(data) - 10
        assert first.read() == data[-10:]
        assert first.seek(5) == 5
        assert first.read(5) == data[5:10]
        assert first.readable()
        assert first.seekable()
        assert not first.writable()
    assert first.closed
    raw = octets.open().detach()  # type: ignore[attr-defined]
    raw.close()
    raw.close()


# -- limits -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "code"), [(100, None), (101, "limit-attachment-bytes")])
def test_size_at_the_limit_and_one_past_it(size: int, code: str | None) -> None:
    check_limit(zipped(("x", bytes(size))), attrs.evolve(DEFAULT, attachment_bytes=100), code, 100)


@pytest.mark.parametrize(("size", "code"), [(40, None), (41, "limit-unpack-ratio")])
def test_ratio_at_the_limit_and_one_past_it(size: int, code: str | None) -> None:
    data = one(b"1234", size=size)
    check_limit(data, attrs.evolve(DEFAULT, unpack_free_bytes=0, unpack_ratio=10), code, 10, lies=True)


@pytest.mark.parametrize(("size", "code"), [(100, None), (101, "limit-unpack-ratio")])
def test_small_files_may_expand_as_they_like(size: int, code: str | None) -> None:
    check_limit(zipped(("x", bytes(size))), attrs.evolve(DEFAULT, unpack_free_bytes=100, unpack_ratio=1), code, 1)


def check_limit(data: bytes, limits: Limits, code: str | None, limit: int, *, lies: bool = False) -> None:
    octets, ids = unpacked(data, limits=limits)
    assert ids == (() if code is None else ("zip-bomb",))
    if code is None:
        if not lies:
            assert len(content(octets)) == octets.size
        return
    for _ in range(2):
        with pytest.raises(LimitError) as caught:
            octets.open()
        assert (caught.value.code, caught.value.values["limit"], caught.value.values["name"]) == (code, limit, "a.txt")


def test_the_packed_size_that_an_entry_claims_buys_no_room() -> None:
    """It takes part in the ratio, so it counts for no more than there is."""
    size = DEFAULT.unpack_free_bytes + 1
    assert unpacked(one(packed=size, size=size))[1] == ("zip-bomb",)


@pytest.mark.parametrize(("extra", "ids"), [(0, ()), (1, ("zip-many-entries",))])
def test_the_directory_at_its_limit_and_one_past_it(extra: int, ids: tuple[str, ...]) -> None:
    limits = attrs.evolve(DEFAULT, zip_directory_bytes=46 + 10)
    assert unpacked(one(name="x" * (10 + extra)), limits=limits)[1] == ids


def zip64(end: bytes, *, count: int, length: int, start: int, magic: bytes = b"PK\x06\x06") -> bytes:
    """Return *end* with the records of zip64 in front."""
    record = magic + struct.pack("<Q2H2L4Q", 44, 45, 45, 0, 0, count, count, length, start)
    return record + b"PK\x06\x07" + struct.pack("<LQL", 0, 0, 1) + end


def in_zip64(data: bytes, *, plain: bool, **claims: int) -> bytes:
    count, length, start = struct.unpack_from("<H2L", data, len(data) - 12)
    end = data[-22:]
    if not plain:
        end = end[:8] + b"\xff\xff\xff\xff" + b"\xff" * 8 + end[20:]
    return data[:-22] + zip64(end, **({"count": count, "length": length, "start": start} | claims))


def test_zip64_is_read() -> None:
    for plain in (True, False):
        octets, ids = unpacked(in_zip64(one(), plain=plain))
        assert ids == ()
        assert content(octets) == b"text"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, archive.open("x", "w", force_zip64=True) as file:
        file.write(b"text")
    assert content(unpacked(buffer.getvalue())[0]) == b"text"


def crowd(entries: int) -> bytes:
    """Return a zip with many entries, fast."""
    central = b"PK\x01\x02" + bytes(24) + struct.pack("<H", 40000) + bytes(16) + b"x" * 40000
    length = len(central) * entries
    return (
        b"PK\x03\x04"
        + bytes(26)
        + central * entries
        + b"PK\x05\x06"
        + struct.pack("<4H2LH", 0, 0, entries, entries, length, 30, 0)
    )


@pytest.mark.parametrize("disguise", ["none", "count", "length", "zip64", "zip64 behind a small one"])
def test_a_huge_directory_is_not_read(disguise: str) -> None:
    """64 MiB of directory: whatever record tells of it, no memory is spent on it."""
    data = crowd(1600)
    length = struct.unpack_from("<L", data, len(data) - 10)[0]
    if disguise == "count":
        data = data[:-14] + b"\x01\x00\x01\x00" + data[-10:]
    elif disguise == "length":
        data = data[:-14] + b"\x01\x00\x01\x00" + struct.pack("<L", 50) + data[-6:]
    elif disguise == "zip64":
        data = in_zip64(data, plain=False)
    elif disguise != "none":
        small = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 1, 1, 50, 30, 0)
        data = data[:-22] + zip64(small, count=1, length=length, start=30)
    octets = MemoryOctets(data)
    tracemalloc.start()
    try:
        _, ids = unpack(octets, head=data[:4], name="a.txt", label=ZIP, limits=DEFAULT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert ids in {("zip-many-entries",), ("zip-damaged",)}
    assert peak < 1024 * 1024


# -- damage that shows while reading --------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        one(crc=1),
        one(size=3),
        one(size=5),
        one(packed=5, size=5),
        one(method=8),
        one(offset=5),
        one(offset=2**31),
        one(start=9999),
        zipped(("x.txt", b"text" * 100)).replace(b"x.txt", b"y.txt", 1),
        b"".join(
            (zipped(("x.txt", bytes(range(256)) * 9))[:60], bytes(40), zipped(("x.txt", bytes(range(256)) * 9))[100:])
        ),
    ],
    ids=[
        "crc",
        "shorter",
        "longer",
        "both longer",
        "not deflate",
        "offset",
        "far",
        "start",
        "other name",
        "broken stream",
    ],
)
def test_what_is_found_while_reading(data: bytes) -> None:
    octets, ids = unpacked(data)
    assert ids == ()
    with pytest.raises(AttachmentError) as caught:
        content(octets)
    assert (caught.value.code, caught.value.values["name"]) == ("zip-damaged", "a.txt")
    for lang in ("vi", "en"):
        assert "a.txt" in caught.value.text(lang)


def test_an_offset_beyond_all_files() -> None:
    """An offset that no file has, from an extra field of zip64."""
    name, extra = b"x.txt", struct.pack("<2HQ", 1, 8, 2**63 + 5)
    local = b"PK\x03\x04" + struct.pack("<5H3L2H", 20, 0, 0, 0, 33, zlib.crc32(b"text"), 4, 4, 5, 0) + name + b"text"
    central = b"PK\x01\x02" + struct.pack(
        "<6H3L5H2L", 20, 20, 0, 0, 0, 33, zlib.crc32(b"text"), 4, 4, 5, len(extra), 0, 0, 0, 0, 0xFFFFFFFF
    )
    directory = central + name + extra
    data = local + directory + b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 1, 1, len(directory), len(local), 0)
    octets, ids = unpacked(data)
    assert ids == ()
    with pytest.raises(AttachmentError):
        octets.open()


@given(st.integers(0, 200), st.integers(1, 255))
def test_one_octet_changed_gives_the_content_or_our_error(place: int, change: int) -> None:
    data = bytearray(zipped(("x.txt", b"text" * 10)))
    data[place % len(data)] ^= change
    check_ours(bytes(data))


@given(st.binary(max_size=60), st.integers(0, 160), st.integers(0, 160))
def test_a_piece_replaced_gives_the_content_or_our_error(piece: bytes, start: int, stop: int) -> None:
    data = in_zip64(zipped(("x.txt", b"text" * 10)), plain=start % 2 == 0)
    check_ours(data[:start] + piece + data[stop:])


def check_ours(data: bytes) -> None:
    octets, _ = unpacked(b"PK\x03\x04" + data[4:])
    with contextlib.suppress(AttachmentError, LimitError), octets.open() as file:
        assert len(file.read()) == octets.size
        file.seek(0)
        file.read(3)


class Broken(io.BytesIO):
    """A file that fails with an error of ours."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def read(self, size: int | None = -1, /) -> bytes:
        raise self.error


@attrs.frozen
class Octet:
    """Octets of which every file is a broken one."""

    error: Exception
    size: int = 100

    def open(self) -> BinaryIO:
        return Broken(self.error)


@pytest.mark.parametrize("error", [SourceError("source-closed"), AttachmentError("base64-damaged", offset=3)])
def test_errors_of_the_source_are_not_taken_for_damage(error: VndocError) -> None:
    with pytest.raises(type(error)) as caught:
        unpack(Octet(error), head=b"PK\x03\x04", name="a.txt", label=ZIP, limits=DEFAULT)
    assert caught.value is error
    entry = ZipEntry(Octet(AttachmentError("content-missing", name="a")), "a", 4)
    with pytest.raises(AttachmentError) as caught:
        entry.open()
    assert caught.value.code == "content-missing"


def test_content_that_is_not_there() -> None:
    missing = MissingOctets("a.txt")
    for use in (lambda: missing.size, missing.open):
        with pytest.raises(AttachmentError) as caught:
            use()
        assert caught.value.code == "content-missing"


# -- in a packet --------------------------------------------------------------------------------------------


def test_damaged_attachments_equal_only_themselves() -> None:
    for text in (
        attached("dGV4d"),
        attached(one(crc=1)),
        attached(one(size=2**31)),
        DOCUMENT.replace("edXML:ContentTransferEncoded", "edXML:X"),
    ):
        one_file, other = (read(text).document.attachments[0] for _ in range(2))
        assert one_file == one_file  # noqa: PLR0124 - identity is the point
        assert one_file != other
        assert hash(one_file) == hash(other)
        for use in (one_file.digest, lambda file=one_file: file.open().read()):
            with pytest.raises(VndocError):
                use()


def test_equal_content_is_equal_however_it_travels() -> None:
    data = b"text"
    forms = [attached(data, label=ZIP), attached(zipped(("x", data))), attached(zipped(("y", data), method=0))]
    one_file, *others = (read(form).document.attachments[0] for form in forms)
    assert all(other == one_file for other in others)
    assert read(attached(b"tex_", label=ZIP)).document.attachments[0] != one_file
    assert read(attached(data, label="text/plain")).document.attachments[0] != one_file
    assert one_file != "text"


def test_a_name_from_the_manifest_decides_too() -> None:
    text = edit(
        attached(one()),
        ("<AttachmentName>mau.txt</AttachmentName>", ""),
        ("<edXML:AttachmentName>mau.pdf", "<edXML:AttachmentName>mau.zip"),
    )
    reading = read(text)
    assert reading.document.attachments[0].name == "mau.zip"
    assert reading.document.attachments[0].open().read() == one()
    assert found(reading) == []


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("a.PDF", "pdf"),
        ("a.tar.gz", "gz"),
        ("a", ""),
        (".pdf", ""),
        ("a.", ""),
        (None, ""),
        ("a.pdf > ", "pdf"),
        (" a.pdf ", "pdf"),
    ],
)
def test_extensions(name: str | None, ending: str) -> None:
    assert extension(name) == ending


@pytest.mark.parametrize(
    ("name", "oddity"),
    [
        ("Báo cáo (1).pdf", None),
        ("a\u00a0b.pdf", None),
        ("", None),
        ("a/b", "attachment-name-unsafe"),
        ("C:\\b", "attachment-name-unsafe"),
        ("a\tb", "attachment-name-unsafe"),
        ("a\u2028b", "attachment-name-unsafe"),
        ("..", "attachment-name-unsafe"),
        ("?", "attachment-name-unsafe"),
        ("a.pdf>", "attachment-name-bracket"),
        ("a.pdf> ", "attachment-name-bracket"),
    ],
)
def test_names(name: str, oddity: str | None) -> None:
    assert name_oddity(name) == oddity


def test_attachments_to_send() -> None:
    for data in (b"mau", bytearray(b"mau"), memoryview(b"mau")):
        file: Any = Attachment.of(data, name="a.txt")  # type: ignore[arg-type]
        assert (file.size, file.open().read(), file.is_wrapped) == (3, b"mau", False)


@given(st.text(st.characters() | st.sampled_from("aZ09. ?/<>\u0301\u20e3\u200b\u2028"), max_size=6))
def test_a_name_is_unsafe_where_it_has_controls_or_nothing_safe_is_left_of_it(name: str) -> None:
    controls = any(unicodedata.category(ch) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for ch in name)
    if name.rstrip().endswith(">"):
        expected = "attachment-name-bracket"
    elif controls or "/" in name or "\\" in name or (name and not safe_filename(name, fallback="")):
        expected = "attachment-name-unsafe"
    else:
        expected = None
    assert name_oddity(name) == expected
