"""Mutated packets: read, open, write, validate; each gives a value or one of our errors, and nothing else.

``python -m tests.mutate 1000000 [SEED]`` runs that many in all processors and prints how they ended. Each case
follows from the seed and its number alone.
"""

from __future__ import annotations

import datetime
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TypeVar

import attrs

if __package__:  # run as "python -m tests.mutate": the other modules of this folder are found beside it
    sys.path.insert(0, str(Path(__file__).parent))

import vndoc
from samples import DOCUMENT, FLAT_LOWER, FLAT_UPPER, STATUS, XMLDSIG, attached, edit, read, zipped
from vndoc.edxml import Reading
from vndoc.envelope import Attachment, content_digest
from vndoc.errors import VndocError
from vndoc.limits import DEFAULT

_T = TypeVar("_T")
TODAY = datetime.date(2026, 6, 30)
SMALL = attrs.evolve(
    DEFAULT,
    inline_text=24,
    in_memory_bytes=1024,
    buffered_bytes=1024,
    deviations=20,
    attachments=12,
    unpack_free_bytes=4096,
)
SIGNATURE = (
    f'<ds:Signature xmlns:ds="{XMLDSIG}"><ds:SignedInfo/>\n<ds:SignatureValue>QQ==</ds:SignatureValue></ds:Signature>'
)
FRAGMENTS = [
    text.encode()
    for text in (
        "<",
        ">",
        "/",
        "&",
        "&amp;",
        "&#0;",
        "&#x41;",
        "&lt;",
        "&x;",
        "]]>",
        "<![CDATA[",
        "]]>",
        "<!-- x -->",
        "<!--",
        "-->",
        "<?pi?>",
        "<?xml version='1.0'?>",
        "<!DOCTYPE a>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]>",
        " xmlns=''",
        " xmlns:x='urn:x'",
        "edXML:",
        "x:",
        "xlink:href='cid:1'",
        "<a>",
        "</a>",
        "<a/>",
        "<edXML:To>",
        "</edXML:To>",
        "<Attachment>",
        "</Attachment>",
        "<edXML:ContentTransferEncoded>",
        "</edXML:ContentTransferEncoded>",
        "<Content>QQ==</Content>",
        "<edXML:OrganId>null</edXML:OrganId>",
        "<edXML:Timestamp>04/03/2026</edXML:Timestamp>",
        "<edXML:StatusCode>1</edXML:StatusCode>",
        "<edXML:Bussiness/>",
        "<edXML:ResponseFor/>",
        SIGNATURE,
        "=",
        "==",
        "====",
        "\x00",
        "\ufeff",
        "\ufffe",
        "\u2028",
        "đ",
        "cid:",
        "9" * 30,
        "-1",
        "2026/02/30",
        "\r\n",
        " ",
        "\t",
        "%PDF",
        "UEsDBA",
        "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==",
        "A" * 70_000,
        "<b>" * 70,
    )
]
"""What is put in somewhere."""

_TAG = re.compile(rb"</?(?:\w+:)?(\w+)")
_TEXT = re.compile(rb">([^<>]{1,4000})<")


@cache
def seeds() -> tuple[bytes, ...]:
    """Return the packets that cases are made from: the samples, longer ones made of them, and the shared vectors."""
    document = read(DOCUMENT).document
    files = [
        Attachment.of(bytes(range(256)) * 40, name="a.bin"),
        Attachment.of(zipped(("b.txt", b"mau" * 2000)), name="b.docx"),
        Attachment.of(b"mau" * 3000, name="c.txt"),
        Attachment.of(b"", name="d.pdf"),
    ]
    long = document.evolve(attachments=files, to=[document.to[0]] * 5)
    made = [text.encode() for text in (DOCUMENT, STATUS, FLAT_UPPER, FLAT_LOWER, attached(zipped(("x", b"mau" * 99))))]
    made += [vndoc.write_packet(long, profile=profile) for profile in ("qcvn-102", "vxp")]
    made.append(edit(DOCUMENT, ("    </edXML:edXMLHeader>", SIGNATURE + "</edXML:edXMLHeader>")).encode("utf-16"))
    named = os.environ.get("VNDOC_SHARED")
    folders = [Path(named)] if named else [folder / "shared" for folder in Path(__file__).resolve().parents]
    for folder in folders:
        made += [path.read_bytes() for path in sorted((folder / "vectors" / "edxml").glob("*/*.edxml"))]
    return tuple(made)


def _slice(data: bytes, rng: random.Random, most: int = 200) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.randint(1, most))


def _flip(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << rng.randrange(8))]) + data[place + 1 :]


def _octet(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + bytes([rng.randrange(256)]) + data[place + 1 :]


def _delete(data: bytes, rng: random.Random) -> bytes:
    start, stop = _slice(data, rng)
    return data[:start] + data[stop:]


def _double(data: bytes, rng: random.Random) -> bytes:
    start, stop = _slice(data, rng, 2000)
    return data[:stop] + data[start:stop] * rng.randint(1, 3) + data[stop:]


def _insert(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.choice(FRAGMENTS) + data[place:]


def _truncate(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _move(data: bytes, rng: random.Random) -> bytes:
    start, stop = _slice(data, rng)
    rest = data[:start] + data[stop:]
    place = rng.randrange(len(rest) + 1)
    return rest[:place] + data[start:stop] + rest[place:]


def _between(data: bytes, rng: random.Random) -> bytes:
    """Put a fragment before a tag."""
    places = [match.start() for match in _TAG.finditer(data)]
    place = rng.choice(places or [0])
    return data[:place] + rng.choice(FRAGMENTS) + data[place:]


def _rename(data: bytes, rng: random.Random) -> bytes:
    """Give all elements of one name another's."""
    names = sorted({match[1] for match in _TAG.finditer(data)}) or [b"a"]
    old, new = rng.choice(names), rng.choice(names)
    return re.sub(rb"(</?(?:\w+:)?)" + old + rb"(?=[\s>/])", rb"\g<1>" + new, data)


def _text(data: bytes, rng: random.Random) -> bytes:
    """Replace the text of one element, keep everything well-formed."""
    found = list(_TEXT.finditer(data))
    if not found:
        return data
    match = rng.choice(found)
    other = rng.choice(
        [rng.choice(found)[1], b"", b" ", b"1", b"0", b"null", rng.choice(FRAGMENTS).translate(None, b"<&\x00")]
    )
    return data[: match.start(1)] + other + data[match.end(1) :]


def _damage(data: bytes, rng: random.Random) -> bytes:
    """Change one character in a long text, which stays printable: zips and base64 break, the XML does not."""
    found = [match for match in _TEXT.finditer(data) if len(match[1]) > 60]
    if not found:
        return data
    match = rng.choice(found)
    place = rng.randrange(match.start(1), match.end(1))
    return data[:place] + rng.choice(b"ABCDabcd0189+/=- \n").to_bytes(1, "big") + data[place + 1 :]


def _element(data: bytes, rng: random.Random) -> bytes:
    """Drop, double or move one whole element without children."""
    found = list(islice(re.finditer(rb"<((?:\w+:)?\w+)[^<>]*>[^<>]*</\1>", data), 400))
    if not found:
        return data
    match = rng.choice(found)
    rest = data[: match.start()] + data[match.end() :]
    place = rng.choice([match.start(), rng.choice(found).start()])
    return rest[:place] + match[0] * rng.choice([0, 1, 2, 30]) + rest[place:]


ROUGH: Sequence[Callable[[bytes, random.Random], bytes]] = (_flip, _octet, _delete, _double, _insert, _truncate, _move)
GENTLE: Sequence[Callable[[bytes, random.Random], bytes]] = (
    _between,
    _rename,
    _text,
    _text,
    _damage,
    _element,
    _element,
)


def case(seed: int, number: int) -> tuple[bytes, random.Random]:
    """Return the mutated packet of this number, and the source of chance for what is done with it."""
    rng = random.Random(f"{seed}/{number}")
    data = rng.choice(seeds())
    kinds = GENTLE if rng.random() < 0.6 else ROUGH
    for _ in range(rng.randint(1, 3)):
        data = rng.choice(kinds)(data, rng) or b" "
    return data, rng


def outcome(seed: int, number: int) -> str:
    """Do everything with one mutated packet; return ``value`` or the code of the error that reading gave."""
    data, rng = case(seed, number)
    try:
        reading = vndoc.read(data, recover=rng.random() < 0.5, limits=rng.choice([DEFAULT, SMALL]))
    except VndocError as error:
        return _told(error)
    with reading:
        _use(reading, rng)
    return "value"


def _use(reading: Reading, rng: random.Random) -> None:
    packet = reading.packet
    assert repr(reading)
    assert all(deviation.text("vi") and repr(deviation) for deviation in reading.deviations)
    for attachment in getattr(packet, "attachments", ()):
        _tried(lambda file=attachment: file.open().read())
        _tried(attachment.digest)
    for profile in ("qcvn-102", "vxp"):
        written = _tried(lambda name=profile: vndoc.write_packet(packet, profile=name))
        if written is not None:
            _compare(packet, written)
    _tried(lambda: vndoc.business_key(packet))
    if rng.random() < 0.3:
        text = _tried(lambda: vndoc.packet_to_json(packet))
        if text is not None:
            assert vndoc.packet_from_json(text) == packet or _same_but_unopened(packet)
    if rng.random() < 0.3:
        report = vndoc.validate(reading, today=TODAY)
        assert report.passed in {True, False}


def _compare(packet: vndoc.Packet, written: bytes) -> None:
    """What was written is the same document, if its files can be opened."""
    back = vndoc.read(written).packet
    if isinstance(packet, vndoc.DocumentPacket):
        before = _tried(lambda: content_digest(packet))
        assert isinstance(back, vndoc.DocumentPacket)
        assert before is None or content_digest(back) == before
    else:
        assert type(back) is type(packet)


def _same_but_unopened(packet: vndoc.Packet) -> bool:
    """Whether a file cannot be opened, and so equals nothing."""
    return any(_tried(file.digest) is None for file in getattr(packet, "attachments", ()))


def _tried(use: Callable[[], _T]) -> _T | None:
    try:
        return use()
    except VndocError as error:
        _told(error)
        return None


def _told(error: VndocError) -> str:
    assert str(error)
    assert error.text("vi")
    return error.code


def run(seed: int, numbers: range) -> tuple[Counter[str], float]:
    """Return how these cases ended, and how long the slowest took, in seconds."""
    counts: Counter[str] = Counter()
    slowest = 0.0
    for number in numbers:
        start = time.perf_counter()
        try:
            counts[outcome(seed, number)] += 1
        except BaseException as error:
            error.add_note(f"case {number} of seed {seed}: tests.mutate.outcome({seed}, {number})")
            raise
        slowest = max(slowest, time.perf_counter() - start)
    return counts, slowest


def main(count: int, seed: int = 1, step: int = 2000) -> None:
    """Run *count* cases in all processors and print the counts."""
    ranges = [range(start, min(count, start + step)) for start in range(0, count, step)]
    total: Counter[str] = Counter()
    slowest = 0.0
    with ProcessPoolExecutor() as pool:
        for counts, longest in pool.map(run, [seed] * len(ranges), ranges):
            total += counts
            slowest = max(slowest, longest)
    for name, number in total.most_common():
        print(f"{number:>10,}  {name}")
    print(f"{total.total():>10,}  in all; the slowest took {slowest:.2f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
