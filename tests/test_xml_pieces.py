"""Canonical XML of packets whose attachment texts were cut out, against that of the whole tree."""

from __future__ import annotations

import base64
import hashlib
import io
import random
import threading
from collections import Counter
from collections.abc import Iterator

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import LimitError, ReadError, SourceError, UsageError
from vndoc.limits import DEFAULT
from vndoc.xml import Canonical, Skeleton, canonical_pieces, canonicalize, digest, parse_document, pieces, split
from vndoc.xml import stream as stream_module
from vndoc.xml.base64text import STEP, Base64Text
from vndoc.xml.skeleton import Skeleton as Whole
from xmldocs import SHORT, MemorySpool, Stored, attachment, fast, packet, slow

B64 = base64.b64encode(bytes(range(60))).decode()
LONG = base64.b64encode(random.Random(7).randbytes(3000)).decode()


def wrapped(text: str, end: str, width: int = 20) -> str:
    return "".join(text[at : at + width] + end for at in range(0, len(text), width))


_pure = st.sampled_from([B64, LONG, B64[:24], "QUI=", "QQ=="])
_texts = st.one_of(
    _pure,
    _pure,
    _pure.map(lambda text: wrapped(text, "\n")),
    _pure.map(lambda text: wrapped(text, "\r\n")),
    _pure.map(lambda text: wrapped(text, "\r")),
    _pure.map(lambda text: "\r" + wrapped(text, "\r\n  \t") + "\r"),
    st.sampled_from(
        [
            "",
            B64 + "=",
            "A" * 30 + "!",
            "A" * 30 + "?\r\n\r" + "A" * 30,
            "A" * 30 + "]]&gt;",
            "A" * 30 + "&#13;&#13;\r\n&amp;&lt;&gt;é" + "A" * 30,
            B64 + "<!-- x -->",
            "<!-- x -->" + B64,
            B64 + "<!-- \r\n -->" + B64 + "<?pi  hai ?>" + B64,
            "<?pi?>" + B64 + "<?pi?>",
            f"<![CDATA[{B64}\r\n]]>",
            f"{B64}<![CDATA[{B64}]]>",
            f"{B64}&#65;&#x0D;{B64[1:]}",
            f"{B64}<!--1--><x/><!--2-->",
            f"{B64}<x>{B64}</x>{B64}",
            attachment(B64),
        ]
    ),
)
_before = st.sampled_from(
    [
        "",
        "<!-- chú thích --><a/>",
        "<?pi   x?><a/>",
        "<Signature xmlns='urn:s'><SignedInfo xml:id='i'/>text</Signature>",
        "<a xmlns='' xmlns:p='urn:p' p:b='&#13;&amp;' b=\"'\"><p:c/></a>",
        "<a xmlns:p='http://x/?a&amp;b'/>",
        f"<Content>{B64}</Content>",
        f"<!-- {attachment(B64)} --><?x {attachment(B64)}?>",
        f"<a b='{attachment(B64).replace('<', '&lt;')}'/>",
        "<a xml:lang='vi' xml:base='x/' xml:space='preserve'><b xml:base='../y'/></a>",
        "<![CDATA[<!-- none -->]]>",
    ]
)
_start = st.sampled_from(
    [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        '<?xml version="1.0" encoding="UTF-8"?><!-- đầu --><?pi x?>\r\n',
        "<?pi đầu?>",
        "",
        "\ufeff",
    ]
)


@st.composite
def packets(draw: st.DrawFn) -> bytes:
    tag = draw(st.sampled_from(["edXML:ContentTransferEncoded", "ContentTransferEncoded", "Content"]))
    texts = draw(st.lists(_texts, min_size=1, max_size=3))
    text = packet(*texts, declaration=draw(_start), before=draw(_before), tag=tag) + draw(
        st.sampled_from(["", "<!-- cuối -->", "<?pi?>\n<!--2-->"])
    )
    encoding = draw(st.sampled_from(["utf-8"] * 6 + ["utf-16"]))
    text = text if encoding == "utf-8" else text.removeprefix("\ufeff")
    return text.replace('"UTF-8"', f'"{encoding}"').encode(encoding)


def skeletons(data: bytes) -> Iterator[tuple[str, Skeleton]]:
    """Yield what each way of reading makes of *data*."""
    for name, skeleton in (("memory", fast(data)), ("file", fast(data, read=50)), ("stream", slow(data, read=50))):
        if skeleton is not None:
            yield name, skeleton


def joined(skeleton: Skeleton, *args: object, **options: object) -> bytes:
    return b"".join(canonical_pieces(skeleton, *args, **options))  # type: ignore[arg-type]


def test_the_octets_are_those_of_the_whole_packet() -> None:
    counts: Counter[str] = Counter()

    @given(packets(), st.integers(0, 100), st.integers(0, 100))
    @settings(max_examples=250)
    def check(data: bytes, which: int, hole: int) -> None:
        root = parse_document(data)
        elements = list(root.iter("*"))
        node, left_out = elements[which % len(elements)], elements[hole % len(elements)]
        for name, skeleton in skeletons(data):
            counts["cut out" if skeleton.texts else "nothing cut out"] += 1
            counts[f"{name}, cut out" if skeleton.texts else name] += 1
            trees = [skeleton.root, skeleton.full_root]
            assert [e.tag for e in trees[1].iter("*")] == [e.tag for e in elements]
            before = [etree.tostring(tree.getroottree()) for tree in trees]
            for form in Canonical:
                for tree in trees:
                    own = list(tree.iter("*"))
                    here, away = own[which % len(own)], own[hole % len(own)]
                    assert joined(skeleton, tree, form, whole_document=True) == canonicalize(
                        root, form, whole_document=True
                    )
                    assert joined(skeleton, here, form) == canonicalize(node, form)
                    assert joined(skeleton, tree, form, without=away) == canonicalize(root, form, without=left_out)
                    assert joined(skeleton, here, form, without=away) == canonicalize(node, form, without=left_out)
            assert [etree.tostring(tree.getroottree()) for tree in trees] == before

    check()
    assert counts["cut out"] > counts["nothing cut out"]
    assert min(counts[f"{name}, cut out"] for name in ("memory", "file", "stream")) > 50


def test_the_lines_are_the_same_in_both_trees() -> None:
    data = packet(wrapped(B64, "\r\n"), B64, before="<!--\n\n-->\n<a/>", declaration="<!--\n-->").encode()
    for _, skeleton in skeletons(data):
        whole = [e.sourceline for e in parse_document(data).iter("*")]
        assert [skeleton.line(e) for e in skeleton.root.iter("*")] == whole
        assert [skeleton.line(e) for e in skeleton.full_root.iter("*")] == whole


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r", "\r\n\r"])
def test_large_texts_come_in_pieces(end: str) -> None:
    text = base64.b64encode(random.Random(1).randbytes(2 * STEP)).decode()
    # so that a CR LF lies on every border of two pieces at some indentation
    for indent in range(3):
        data = packet(" " * indent + (wrapped(text, end, 76) if end else text)).encode()
        expected = canonicalize(parse_document(data), Canonical.C14N_10)
        for source in (MemoryOctets(data), Stored(data)):
            skeleton = split(source, spool=MemorySpool)
            assert skeleton.route == "elided"
            pieces = list(canonical_pieces(skeleton, skeleton.root, Canonical.C14N_10))
            assert b"".join(pieces) == expected
            in_place = isinstance(source, MemoryOctets) and "\r" not in end
            assert in_place == any(isinstance(piece, memoryview) for piece in pieces)
            assert in_place or max(map(len, pieces)) <= STEP + 1
    found = slow(data, attrs.evolve(SHORT, token_bytes=2**24))
    assert joined(found, found.root, Canonical.C14N_10) == expected


@given(st.lists(st.sampled_from(["AAA\r\n", "AAA\n\r", "\r", "\n", "A", "AAAAAA", "\rAAA\n"]), max_size=12))
def test_ends_of_lines_of_any_length(parts: list[str]) -> None:
    data = ("AA\r" + "".join(parts) + "A").encode()
    assert pieces._one_line_feed(data) == data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def test_the_digest_by_name_and_by_value() -> None:
    data = packet(B64).encode()
    skeleton = split(MemoryOctets(data), spool=MemorySpool, limits=SHORT)
    octets = canonicalize(parse_document(data), Canonical.EXCLUSIVE)
    assert digest(skeleton, skeleton.root, Canonical.EXCLUSIVE, "sha512") == hashlib.sha512(octets).digest()
    begun = hashlib.sha256(b"x")
    assert digest(skeleton, skeleton.root, Canonical.EXCLUSIVE, begun) == hashlib.sha256(b"x" + octets).digest()
    form, root = Canonical.C14N_11_COMMENTS, parse_document(data)
    octets = canonicalize(root, form, without=root[1], whole_document=True)
    found = digest(skeleton, skeleton.root, form, "sha256", without=skeleton.root[1], whole_document=True)
    assert found == hashlib.sha256(octets).digest()
    with pytest.raises(ValueError, match="md99"):
        digest(skeleton, skeleton.root, Canonical.EXCLUSIVE, "md99")


def test_an_element_of_elsewhere_is_refused() -> None:
    skeleton = fast(packet(B64, before="<!-- x -->").encode())
    other = fast(packet(B64).encode())
    assert skeleton is not None
    assert other is not None
    for node, without in ((other.root, None), (other.full_root[0], None), (skeleton.root, other.root[0])):
        with pytest.raises(UsageError) as caught:
            canonical_pieces(skeleton, node, Canonical.C14N_10, without=without)
        assert caught.value.code == "option-invalid"


# -- comments and instructions -------------------------------------------------------------------------


def test_the_full_tree_is_the_tree_where_there_is_nothing_else() -> None:
    for start in ('<?xml version="1.0" encoding="UTF-8"?>\n', "", '\ufeff<?xml version="1.0"?>'):
        for _, skeleton in skeletons(packet(B64, declaration=start).encode()):
            assert skeleton.full_root is skeleton.root
    for start in ("<?pi?>", "<!--x-->", '<?xml version="1.0"?><?pi?>'):
        for _, skeleton in skeletons(packet(B64, declaration=start).encode()):
            assert skeleton.full_root is not skeleton.root
            assert skeleton.full_root is skeleton.full_root


def test_a_digest_over_a_packet_with_an_instruction_is_not_that_without_it() -> None:
    plain, more = packet(B64).encode(), packet(B64, before="<?pi?>").encode()
    for (_, one), (_, two) in zip(skeletons(plain), skeletons(more), strict=True):
        assert etree.tostring(one.root, method="c14n") != b""
        assert [e.text for e in one.root.iter() if e.text not in one.texts] == [
            e.text for e in two.root.iter() if e.text not in two.texts
        ]
        found = [digest(s, s.root, Canonical.C14N_10, "sha256") for s in (one, two)]
        assert found[0] != found[1]


def test_comments_in_a_text_that_was_cut_out_are_known() -> None:
    data = packet(f"<!--1-->{B64}<!--2-->{B64[:4]}<?pi x?>").encode()
    skeleton = slow(data)
    ((token, notes),) = skeleton.notes.items()
    assert token in skeleton.texts
    assert [(note.at, note.octets, note.is_comment) for note in notes] == [
        (0, b"<!--1-->", True),
        (80, b"<!--2-->", True),
        (84, b"<?pi x?>", False),
    ]
    assert b"<!--1-->" in joined(skeleton, skeleton.root, Canonical.C14N_10_COMMENTS)


def test_more_comments_than_are_kept() -> None:
    data = packet(B64, before="<!--" + "x" * 900 + "--><!---->", declaration="<?pi?>").encode()
    limits = attrs.evolve(SHORT, skeleton_bytes=900)
    skeleton = slow(data, limits)
    assert skeleton.root[0][0].text == "Trích yếu mẫu"
    with pytest.raises(LimitError) as caught:
        canonical_pieces(skeleton, skeleton.root, Canonical.C14N_10)
    assert (caught.value.code, caught.value.values["limit"]) == ("limit-skeleton-bytes", 900)
    room = 900 + 7 + 3 * stream_module._NOTE_COST + len("<?pi?><!---->")
    kept = slow(data, attrs.evolve(SHORT, skeleton_bytes=room))
    assert kept.full_data is not None
    assert slow(data, attrs.evolve(SHORT, skeleton_bytes=room - 1)).full_data is None


def test_an_instruction_that_libxml2_does_not_take() -> None:
    skeleton = slow(packet(B64, before="<?a:b x?>").encode())
    assert skeleton.root[0][0].text == "Trích yếu mẫu"
    with pytest.raises(ReadError) as caught:
        canonical_pieces(skeleton, skeleton.root, Canonical.C14N_10)
    assert caught.value.code == "c14n-unavailable"
    assert "a:b" in str(caught.value)


def test_every_thread_gets_the_same_full_tree() -> None:
    skeleton = fast(packet(*[B64] * 50, before="<!--x-->").encode())
    assert skeleton is not None
    found: list[etree._Element] = []
    threads = [threading.Thread(target=lambda: found.append(skeleton.full_root)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(root is found[0] for root in found)


# -- what cannot be had --------------------------------------------------------------------------------


def test_a_packet_that_was_mended_has_no_canonical_form() -> None:
    data = packet(B64).replace("<AttachmentEncoded>", "<AttachmentEncoded xlink:href='x'>").encode()
    skeleton = split(MemoryOctets(data), spool=MemorySpool, recover=True, limits=SHORT)
    assert skeleton.recovered == ("xlink",)
    with pytest.raises(ReadError) as caught:
        canonical_pieces(skeleton, skeleton.root, Canonical.C14N_10)
    assert caught.value.code == "c14n-unavailable"
    assert "xlink" in caught.value.text("vi")


def test_octets_before_the_packet_are_not_part_of_it() -> None:
    data = packet(B64).encode()
    skeleton = split(MemoryOctets(b"1212" + data), spool=MemorySpool, recover=True, limits=SHORT)
    assert skeleton.recovered == ("junk",)
    expected = canonicalize(parse_document(data), Canonical.C14N_10)
    assert joined(skeleton, skeleton.root, Canonical.C14N_10) == expected


def test_a_damaged_text_that_was_not_kept() -> None:
    limits = attrs.evolve(SHORT, skeleton_bytes=2000)
    data = packet("!" + "A" * 2001 + "&#65;", B64).encode()
    skeleton = slow(data, limits)
    assert len(skeleton.lost) == 1
    with pytest.raises(ReadError) as caught:
        canonical_pieces(skeleton, skeleton.root, Canonical.C14N_10)
    assert caught.value.code == "c14n-unavailable"
    envelope = skeleton.root[0]
    assert joined(skeleton, envelope, Canonical.C14N_10) == canonicalize(parse_document(data)[0], Canonical.C14N_10)
    kept = packet("!" + "A" * 1998 + "&#65;", B64).encode()
    skeleton = slow(kept, limits)
    assert not skeleton.lost
    assert joined(skeleton, skeleton.root, Canonical.C14N_10) == canonicalize(parse_document(kept), Canonical.C14N_10)


@pytest.mark.parametrize(
    "template",
    [
        "<r a='{0}'><Attachment><Content>{0}</Content></Attachment></r>",
        "<r><a>{0}</a><Attachment><Content>{0}</Content></Attachment></r>",
        "<r><Attachment><Content>{0}</Content><Content>{0}</Content></Attachment></r>",
        "<r><Attachment><Content>{0}<a/></Content></Attachment><b>{1}</b></r>",
        "<r><Attachment><Content a='>'>{0}<!--x-->{1}</Content></Attachment></r>",
    ],
)
def test_a_token_that_stands_elsewhere_is_never_replaced(template: str) -> None:
    """Nobody can make such a packet: the token is made of its SHA-256. If somebody could, it would be refused."""
    tokens = ["VNDOC" + "0" * 32 + f"x{index:06}" for index in range(2)]
    data = template.format(*tokens).encode()
    root = etree.fromstring(data)
    text = Base64Text.inline(B64)
    skeleton = Whole(root=root, data=data, texts={tokens[0]: text}, spans=(), route="elided")
    with pytest.raises(ReadError) as caught:
        canonical_pieces(skeleton, skeleton.root, Canonical.C14N_10)
    assert caught.value.code == "c14n-unavailable"


def test_a_source_that_changes_while_it_is_read() -> None:
    data = packet(LONG).encode()

    class Changing(Stored):
        def open(self) -> io.BytesIO:
            return io.BytesIO(state[0])

    for change in (data[:-2000], data.replace(LONG.encode()[:1], b"<"), data.replace(LONG.encode()[5:6], b"&")):
        state = [data]
        skeleton = split(Changing(data), spool=MemorySpool, limits=SHORT)
        assert skeleton.route == "elided"
        state[0] = change
        with pytest.raises(SourceError) as caught:
            joined(skeleton, skeleton.root, Canonical.C14N_10)
        assert caught.value.code == "source-changed"


def test_a_source_that_fails_while_it_is_read() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if broken:
                raise broken[0]
            return super().read(size)

    class Source(Stored):
        def open(self) -> io.BytesIO:
            return Failing(self.data)

    for error, code in (
        (OSError(5, "Input/output error"), "source-unreadable"),
        (SourceError("source-closed", name="mau"), "source-closed"),
    ):
        broken: list[OSError] = []
        skeleton = split(Source(packet(LONG).encode()), spool=MemorySpool, limits=SHORT)
        broken.append(error)
        with pytest.raises(SourceError) as caught:
            joined(skeleton, skeleton.root, Canonical.C14N_10)
        assert caught.value.code == code


def test_the_defaults_leave_short_texts_alone() -> None:
    data = packet(B64).encode()
    skeleton = split(MemoryOctets(data), spool=MemorySpool, limits=DEFAULT)
    assert not skeleton.texts
    (piece,) = canonical_pieces(skeleton, skeleton.root, Canonical.C14N_10)
    assert piece == canonicalize(parse_document(data), Canonical.C14N_10)
