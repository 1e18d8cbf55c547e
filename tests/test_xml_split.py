"""Taking packets apart: what is cut out, what is refused, what recovery does."""

from __future__ import annotations

import base64
import hashlib
import json
import threading

import attrs
import pytest
from lxml import etree

from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import LimitError, ReadError, SourceError
from vndoc.limits import DEFAULT, Limits
from vndoc.xml import Base64Text, Skeleton, Span, parse, parser, skeleton, split
from vndoc.xml.elide import largest_skeleton
from vndoc.xml.skeleton import weave
from xmldocs import (
    NS,
    SHORT,
    MemorySpool,
    Stored,
    attachment,
    fast,
    holders,
    judged,
    oracle,
    outcome,
    packet,
    slow,
    whole,
)

DATA = bytes(range(256)) * 2
B64 = base64.b64encode(DATA).decode()
UTF16 = '<?xml version="1.0" encoding="UTF-16"?>'


def no_spool() -> MemorySpool:
    raise AssertionError("nothing should be spooled")


def take(text: str | bytes, *, limits: Limits = SHORT, recover: bool = False, spool=MemorySpool) -> Skeleton:
    data = text.encode() if isinstance(text, str) else text
    return split(MemoryOctets(data), spool=spool, limits=limits, recover=recover)


def refused(text: str | bytes, *, limits: Limits = SHORT, recover: bool = False) -> ReadError:
    with pytest.raises(ReadError) as caught:
        take(text, limits=limits, recover=recover)
    with pytest.raises(ReadError) as again:
        split(
            Stored(text.encode() if isinstance(text, str) else text), spool=MemorySpool, limits=limits, recover=recover
        )
    assert (type(again.value), again.value.code) == (type(caught.value), caught.value.code)
    assert str(caught.value)
    return caught.value


def contents(found: Skeleton) -> list[tuple[object, ...]]:
    return [judged(found.content(holder)) for holder in holders(found.root)]


GOOD = (len(DATA), hashlib.sha256(DATA).hexdigest())


# -- the fast route ---------------------------------------------------------------------------------


def test_a_long_text_is_cut_out_where_it_lies() -> None:
    data = packet(B64, "QUJD").encode()
    found = take(data, spool=no_spool)
    (token,) = found.texts
    (span,) = found.spans
    assert found.route == "elided"
    assert data[span.start : span.stop].decode() == B64
    assert span == Span(token, span.start, span.stop)
    assert len(token) % 4 == 0
    assert base64.b64decode(token, validate=True)
    assert contents(found) == [GOOD, (3, hashlib.sha256(b"ABC").hexdigest())]
    assert found.data.replace(token.encode(), B64.encode()) == data
    assert found.texts[token].start == span.start
    assert take(data).data == found.data
    assert repr(found) == f"Skeleton({len(found.data)} octets, 1 texts cut out, elided)"
    assert found.recovered == ()
    assert found.junk == b""


def test_a_short_packet_is_parsed_as_it_is() -> None:
    data = packet("QUJD").encode()
    for limits in (DEFAULT, SHORT):
        found = take(data, limits=limits, spool=no_spool)
        assert found.route == "plain"
        assert found.data is data or found.data == data
        assert not found.texts
        assert found.spans == ()


@pytest.mark.parametrize(("size", "route"), [(16, "plain"), (20, "elided")])
def test_the_limit_for_texts_that_stay(size: int, route: str) -> None:
    assert take(packet("A" * size)).route == route
    spooled = slow(packet("A" * size).encode())
    assert len(spooled.texts) == (size > 16)


@pytest.mark.parametrize(
    "tag",
    [
        "ContentTransferEncoded",
        "Content",
        "edXML:Content",
        "ed:ContentTransferEncoded",
        "ContentTransferEncoded\n a='1>2'",
    ],
)
def test_holders_of_all_forms_are_cut_by_the_fast_route(tag: str) -> None:
    name = tag.split(None, 1)[0]
    holder = f'<Attachment><{tag} b="\'>">{B64}</{name}></Attachment>'
    text = f"<a xmlns:ed='u:u' xmlns:edXML='{NS}'>{holder}</a>"
    found = take(text, spool=no_spool)
    assert (found.route, contents(found)) == ("elided", [GOOD])


NOT_CUT = {
    "parent": f"<a><Other><Content>{B64}</Content></Other></a>",
    "parent after": f"<a><Attachment/><Other><Content>{B64}</Content></Other></a>",
    "root": f"<ContentTransferEncoded>{B64}</ContentTransferEncoded>",
    "name": f"<Attachment><ContentTransferEncoded2>{B64}</ContentTransferEncoded2></Attachment>",
    "name before": f"<Attachment><xContent>{B64}</xContent></Attachment>",
    "comment": f"<a><!-- <Attachment><Content>{B64}</Content></Attachment> --></a>",
    "cdata": f"<a><![CDATA[<Attachment><Content>{B64}</Content></Attachment>]]></a>",
    "attribute": f"<a><Attachment b='Content>{B64}'/></a>",
    "attribute of a look-alike": f"<a b='<Content>'>{B64}</a>",
    "instruction": f"<a><?x <Attachment><Content>{B64}</Content></Attachment>?></a>",
    "child": f"<Attachment><Content>{B64}<x/></Content></Attachment>",
    "child of a short one": "<Attachment><Content>QUJD<x/></Content></Attachment>",
    "child before": f"<Attachment><Content><x/>{B64}</Content></Attachment>",
    "self-closing": f"<Attachment><Content/>{B64}</Attachment>",
    "tail": f"<Attachment><Content>QUJD</Content>{B64}</Attachment>",
}


@pytest.mark.parametrize("name", NOT_CUT)
def test_what_only_looks_like_a_holder_stays(name: str) -> None:
    data = NOT_CUT[name].encode()
    found = None if b"b='<" in data else take(data)
    if found is None:
        assert refused(data).code == "xml-malformed"
    else:
        assert not found.texts
        assert whole(found) == whole(slow(data)) == oracle(data)


PURE = {
    "cdata": f"<![CDATA[{B64}]]>",
    "cdata in part": f"{B64[:40]}<![CDATA[{B64[40:]}]]>",
    "comment": f"{B64[:40]}<!-- x -->{B64[40:]}",
    "instruction": f"<?x?>{B64}<?y?>",
    "character reference": "&#x41;" + B64[1:],
    "line ends as references": f"&#13;&#10;{B64}&#9;",
}


@pytest.mark.parametrize("name", PURE)
def test_text_in_other_clothes_is_spooled(name: str) -> None:
    data = packet(PURE[name]).encode()
    assert fast(data) is None
    found = take(data)
    assert contents(found) == [GOOD]
    assert len(found.texts) == 1
    assert whole(found) == oracle(data)
    assert outcome(data, "stream")[0] == "ok"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "iso-8859-1", "windows-1258", "utf8"])
def test_other_encodings_are_spooled(encoding: str) -> None:
    label = "UTF-16" if encoding.startswith("utf-16") else encoding
    text = packet(B64, "\n" + B64 + "\r\n", declaration=f'<?xml version="1.0" encoding="{label}"?>')
    found = take(text.encode(encoding, "xmlcharrefreplace"))
    assert (found.route, found.spans) == ("stream", ())
    assert contents(found) == [GOOD, GOOD]
    assert found.root[0][0].text == "Trích yếu mẫu"


def test_a_forged_token_is_only_text() -> None:
    (token,) = take(packet(B64)).texts
    forged = "&#86;" + token[1:]
    found = take(packet(B64, forged, token))
    assert len(found.texts) == 3
    assert token not in found.texts
    text = take(packet(B64, before=f"<x>{token}</x>"))
    assert token not in text.texts
    assert contents(text) == [GOOD]


def test_tokens_are_searched_for_in_the_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    class Weak:
        """A hash whose first value is known to the sender."""

        def __init__(self) -> None:
            self.salted = b""

        def update(self, data: bytes) -> None:
            self.salted = data if data == b"again" else self.salted

        def hexdigest(self) -> str:
            return ("1" if self.salted else "0") * 64

    monkeypatch.setattr(skeleton.hashlib, "sha256", Weak)
    data, tokens = weave([b"<a>VNDOC" + b"0" * 32 + b"x</a>", b"b"])
    assert tokens == ("VNDOC" + "1" * 32 + "x000000",)
    assert data.count(tokens[0].encode()) == 1


def test_tokens_have_one_length_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skeleton, "_DIGITS", 2)
    for count, length in ((1, 40), (100, 40), (101, 44)):
        _, tokens = weave([b""] * (count + 1))
        assert {len(token) for token in tokens} == {length}
        assert len(set(tokens)) == count


@pytest.mark.parametrize(
    "text", ["A" * 30 + "!", "A" * 33, "A" * 20 + "=" + "A" * 30, "A" * 30 + "&amp;", "Ấ" * 20, "A" * 30 + "]"]
)
def test_damaged_text_is_no_error_and_the_same_by_all_routes(text: str) -> None:
    data = packet(text).encode()
    expected = outcome(data, "stream")
    assert expected[0] == "ok"
    assert outcome(data, "memory") in (expected, ("declined",))
    if text.isascii() and not set(text) & set("&]"):
        assert outcome(data, "memory") == expected


def test_a_long_abstract_in_the_header_does_not_matter() -> None:
    for text in ("Nội dung mẫu " * 9, "A" * 90):
        found = take(packet(B64, before=f"<edXML:Content>{text}</edXML:Content>"), spool=no_spool)
        assert (found.route, contents(found)) == ("elided", [GOOD])


def test_vietnamese_attributes_and_comments_keep_the_fast_route() -> None:
    before = "<!-- chú thích --><a b='chữ' c=\"ấ = ậ\"/>ghi chú > <a/>"
    assert take(packet(B64, before=before), spool=no_spool).route == "elided"


# -- lines ---------------------------------------------------------------------------------------------


def lines_of(found: Skeleton) -> list[int | None]:
    return [found.line(element) for element in found.root.iter()]


def test_lines_count_what_was_cut_out() -> None:
    wrapped = base64.encodebytes(DATA).decode()
    data = packet(wrapped, "QUJD", wrapped + "!\n", before="<a/>\n<b/>\n<!-- \n -->", name="a.pdf").encode()
    expected = [element.sourceline for element in etree.fromstring(data).iter(etree.Element)]
    for found in (fast(data), fast(data, read=7), slow(data), take(data)):
        assert found is not None
        assert lines_of(found) == expected
    assert take(data).line(etree.Element("a")) is None


def test_lines_without_cuts() -> None:
    found = take(packet("QUJD"))
    assert found.line(found.root) == 2
    assert fast(packet(B64).encode()).line(etree.Element("a")) is None


# -- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"  \r\n\t", b"\xef\xbb\xbf", b"\xef\xbb\xbf \n"])
def test_nothing_there(data: bytes) -> None:
    assert refused(data).code == "empty-input"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7 <?xml version", "a PDF file"),
        (b"PK\x03\x04abc", "a ZIP archive"),
        (b"PK\x05\x06" + b"\0" * 18, "a ZIP archive"),
        (b"\x1f\x8babc", "a gzip file"),
        (b"Rar!\x1a\x07", "a RAR archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"\xd0\xcf\x11\xe0\xa1", "an OLE2 file (doc, xls, ppt)"),
        (b"\x89PNG\r\n", "a PNG picture"),
        (b"\xff\xd8\xff\xe0", "a JPEG picture"),
        (b"{\\rtf1}", "an RTF file"),
        (b' {"packet": "<?xml version"}', "JSON text"),
        (b"[1]", "JSON text"),
        (b"-----BEGIN PKCS7-----\nMIIB\n-----END PKCS7-----", "PEM text"),
        (b"--Boundary\r\nContent-Type: text/xml\r\n\r\n<?xml version='1.0'?><edXML/>", "a MIME message"),
        (base64.b64encode(b'<?xml version="1.0"?>'), "Base64 text"),
        (b"xin ch\xc3\xa0o", "it starts with the bytes 78 69 6e 20 63 68 c3 a0"),
        (b"\x00\x01", "it starts with the bytes 00 01"),
    ],
)
def test_other_files_are_named(data: bytes, kind: str) -> None:
    error = refused(data)
    assert (error.code, error.text()) == ("not-xml", f"The input is not XML: {kind}.")
    assert kind not in error.text("vi")
    assert refused(data, recover=True).code == "not-xml"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<a>", "xml-malformed"),
        ("<a></b>", "xml-malformed"),
        ("<a/><b/>", "xml-malformed"),
        ("<a/>x", "xml-malformed"),
        ("<a>&foo;</a>", "xml-malformed"),
        ("<a b='1' b='2'/>", "xml-malformed"),
        ("<a>\x00</a>", "xml-malformed"),
        ("<a>\ufffe</a>", "xml-malformed"),
        ("<a>&#0;</a>", "xml-malformed"),
        ("<a>]]></a>", "xml-malformed"),
        ("<a xmlns:p='u:1' xmlns:q='u:1' p:b='' q:b=''/>", "xml-malformed"),
        ("<a xmlns:p=''/>", "xml-malformed"),
        ("<a xmlns:xml='u:u'/>", "xml-malformed"),
        ("<a xmlns:xmlns='u:u'/>", "xml-malformed"),
        ("<p:q:a xmlns:p='u:u'/>", "xml-malformed"),
        ("<?xml version='2.0'?><a/>", "xml-malformed"),
        ("<a><?xml version='1.0'?></a>", "xml-malformed"),
        ("<!-- x --><?xml version='1.0'?><a/>", "xml-malformed"),
        ("<?xml version='1.0'?>1212<a/>", "xml-malformed"),
        ("\n<edXML>", "xml-malformed"),
        ("<!DOCTYPE html><html/>", "xml-dtd"),
        ("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", "xml-dtd"),
        ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "xml-dtd"),
        ("<p:a/>", "xml-unbound-prefix"),
        ("<a p:b=''/>", "xml-unbound-prefix"),
        ("<a><b xmlns:p='u:u'/><p:c/></a>", "xml-unbound-prefix"),
        ("<xmlns:a/>", "xml-unbound-prefix"),
        ("<?xml version='1.0' encoding='bogus'?><a/>", "xml-encoding"),
        ("<?xml version='1.0' encoding='gbk'?><a/>", "xml-encoding"),
        ("<?xml version='1.0' encoding='utf-16'?><a/>", "xml-encoding-mismatch"),
        ("<?xml version='1.0' encoding='cp037'?><a/>", "xml-encoding"),
        ("<?xml version='1.0' encoding='hex'?><a/>", "xml-encoding"),
        (" <?xml version='1.0'?><a/>", "xml-junk"),
        ("\ufeff\ufeff<?xml version='1.0'?><a/>", "xml-junk"),
        ("<<?xml version='1.0'?><a/>", "xml-junk"),
        ("1212<edXML/>", "xml-junk"),
        ("1212<edXML:edXML xmlns:edXML='u:u'/>", "xml-junk"),
        ("1212<edXMLEnvelope xmlns='u:u'/>", "xml-junk"),
        ("1212<e:EdXMLEnvelope xmlns:e='u:u'/>", "xml-junk"),
        ("1212<edXMLEnvelopes/>", "not-xml"),
    ],
)
def test_refusals(text: str, code: str) -> None:
    assert refused(text).code == code


def test_a_packet_in_utf_32_is_refused_by_name() -> None:
    for encoding in ("utf-32", "utf-32-le", "utf-32-be"):
        error = refused("<a/>".encode(encoding))
        assert (error.code, error.values["found"]) == ("xml-encoding", "UTF-32")


ALLOWED = (
    *("UTF-8", "utf8", "US-ASCII", "ascii", "koi8-r"),
    *(f"ISO-8859-{part}" for part in range(1, 17) if part != 12),
    *(f"windows-125{page}" for page in range(9)),
)


@pytest.mark.parametrize("name", ALLOWED)
def test_encodings_that_are_read(name: str) -> None:
    octets = bytes(range(0xA0, 0x100)) if name.lower() not in {"utf-8", "utf8", "us-ascii", "ascii"} else b"x"
    octets = octets.decode(name, "ignore").encode(name)  # what is not assigned is left out
    found = take(f"<?xml version='1.0' encoding='{name}'?><a>".encode() + octets + b"</a>")
    assert found.root.text == octets.decode(name)


@pytest.mark.parametrize(
    "name",
    [
        *("unicode_escape", "raw_unicode_escape", "charmap", "palmos", "hp_roman8", "utf-7", "punycode", "idna"),
        *("cp437", "mac-roman", "utf_8", "u8", "utf-32", "utf16", "rot13", "mbcs"),
        *("ISO-8859-12", "ISO-8859-17", "windows-1259"),
    ],
)
def test_other_codecs_of_python_are_refused_by_name(name: str) -> None:
    for recover in (False, True):
        error = refused(f"<?xml version='1.0' encoding='{name}'?><a>\\u0041</a>", recover=recover)
        assert (error.code, error.text("vi")) == ("xml-encoding", f"Không hỗ trợ bảng mã {name}.")


def test_a_declaration_too_long_to_be_looked_at() -> None:
    start = f"<?xml version='1.0'{' ' * 70_000}"
    assert take(f"{start}encoding='utf-8'?><a>é</a>").root.text == "é"
    assert take(f"{start}encoding='utf8'?><a>e</a>").root.text == "e"
    assert refused(f"{start}encoding='utf8'?><a>é</a>").code == "xml-malformed"


MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    ("declared", "codec", "mark", "actual"),
    [
        ("utf-16", "utf-8", b"", "UTF-8"),
        ("UTF-16LE", "utf-8", b"", "UTF-8"),
        ("UTF-16", "utf-8", MARK, "UTF-8"),
        ("iso-8859-1", "utf-8", MARK, "UTF-8"),
        ("bogus", "utf-8", MARK, "UTF-8"),
        ("UTF-8", "utf-16-le", b"\xff\xfe", "UTF-16LE"),
        ("UTF-8", "utf-16-be", b"\xfe\xff", "UTF-16BE"),
        ("utf8", "utf-16-le", b"", "UTF-16LE"),
        ("windows-1258", "utf-16-be", b"", "UTF-16BE"),
        ("utf-16be", "utf-16-le", b"\xff\xfe", "UTF-16LE"),
    ],
)
@pytest.mark.parametrize("junk", [b"", b"1212"])
def test_a_declared_encoding_that_the_octets_contradict(
    declared: str, codec: str, mark: bytes, actual: str, junk: bytes
) -> None:
    text = packet(B64, before=XLINK, declaration=f"<?xml version='1.0' encoding='{declared}'?>")
    data = mark + text.encode(codec)
    error = refused(data)
    assert (error.code, error.values["found"], error.values["expected"]) == ("xml-encoding-mismatch", declared, actual)
    assert declared in error.text("vi")
    assert error.text("vi").endswith(f"{actual}. Thử recover=True.")
    if junk and (mark or codec != "utf-8"):
        return
    found = take(junk + data, recover=True)
    assert found.recovered == (("junk",) if junk else ()) + ("encoding", "xlink")
    assert contents(found) == [GOOD]
    assert found.root[0][0].text == "Trích yếu mẫu"


def test_octets_that_are_neither_what_is_declared_nor_utf_8() -> None:
    data = "<?xml version='1.0' encoding='utf-16'?><a>é</a>".encode("iso-8859-1")
    assert refused(data).code == "xml-encoding-mismatch"
    assert refused(data, recover=True).code == "xml-malformed"


def test_us_ascii_behind_the_mark_of_utf_8_is_utf_8() -> None:
    data = "\ufeff<?xml version='1.0' encoding='us-ascii'?><a>é</a>".encode()
    assert take(data).root.text == slow(data).root.text == etree.fromstring(data).text == "é"


def test_a_byte_order_mark_and_another_name_of_utf_8() -> None:
    found = take("\ufeff" + packet(B64, declaration="<?xml version='1.0' encoding='utf8'?>"))
    assert found.root[0][0].text == "Trích yếu mẫu"


def test_errors_say_where() -> None:
    error = refused("<a>\n  <b>\n</a>")
    assert (error.values["line"], error.values["column"]) == (3, 3)
    error = refused("<a>\n\n<b x:c=''/></a>")
    assert (error.values["line"], error.values["detail"]) == (3, "x:c")
    error = refused("<a>\n<!--\n\n--><b>\n</b>\n<c/><d xmlns:p=''/></a>")
    assert (error.code, error.values["line"]) == ("xml-malformed", 6)
    error = refused("<?xml version='1.0'\n encoding='x-none'?><a/>")
    assert error.values["found"] == "x-none"


@pytest.mark.parametrize(
    "data", [b"<?xml version='1.0' encoding='ascii'?><a>\xc3\xa9</a>", b"<a>\xff</a>", b"<a>\xed\xa0\x80</a>"]
)
def test_octets_that_are_no_characters(data: bytes) -> None:
    assert refused(data).code == "xml-malformed"


# -- limits -----------------------------------------------------------------------------------------------------


def limited(**values: int) -> Limits:
    return attrs.evolve(SHORT, **values)


def test_limit_of_the_packet() -> None:
    data = packet(B64).encode()
    assert take(data, limits=limited(packet_bytes=len(data))).route == "elided"
    error = refused(data, limits=limited(packet_bytes=len(data) - 1))
    assert isinstance(error, LimitError)
    assert (error.code, error.values["limit"]) == ("limit-packet-bytes", len(data) - 1)


def test_a_source_longer_than_it_says_is_stopped() -> None:
    class Liar(Stored):
        @property
        def size(self) -> int:
            return 1

    with pytest.raises(LimitError) as caught:
        split(Liar(b"<a>" + b"x" * 200_000), spool=no_spool, limits=limited(packet_bytes=100_000))
    assert caught.value.code == "limit-packet-bytes"


@pytest.mark.parametrize("depth", [1, 5, 64, 256])
@pytest.mark.parametrize("cut", [False, True])
def test_limit_of_depth(depth: int, cut: bool) -> None:
    def nested(levels: int) -> str:
        deepest = attachment(B64) if cut and levels > 2 else ""
        outer = levels - 2 if deepest else levels
        return "<a>" * outer + deepest + "</a>" * outer

    limits = limited(depth=depth)
    assert take(nested(depth), limits=limits, spool=no_spool).route in {"plain", "elided"}
    assert slow(nested(depth).encode(), limits).route == "stream"
    error = refused(nested(depth + 1), limits=limits)
    assert (type(error), error.code, error.values["limit"]) == (LimitError, "limit-depth", depth)


def test_depth_beyond_what_libxml2_takes_is_still_a_limit() -> None:
    error = refused("<a>" * 257 + "</a>" * 257, limits=limited(depth=100_000))
    assert (error.code, error.values["limit"]) == ("limit-depth", 256)


@pytest.mark.parametrize("count", [1, 256])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_limit_of_attributes(count: int, encoding: str) -> None:
    """Declarations of namespaces are none."""

    def crowded(attributes: int) -> bytes:
        names = " ".join(f"a{i}='' xmlns:b{i}='urn:b'" for i in range(attributes))
        return f"<a xmlns='urn:a'><b {names}/><c {names}/></a>".encode(encoding)

    limits = limited(attributes=count)
    assert len(take(crowded(count), limits=limits).root[0].keys()) == count
    assert slow(crowded(count), limits).route == "stream"
    error = refused(crowded(count + 1), limits=limits)
    assert (type(error), error.code, error.values["limit"]) == (LimitError, "limit-attributes", count)


def test_limit_of_the_skeleton() -> None:
    data = b"<a>" + b"x" * 1000 + b"</a>"
    assert take(data, limits=limited(skeleton_bytes=1007)).route == "stream"
    error = refused(data, limits=limited(skeleton_bytes=1006))
    assert (type(error), error.code, error.values["limit"]) == (LimitError, "limit-skeleton-bytes", 1006)


def test_tokens_count_for_the_skeleton() -> None:
    data = packet(B64, B64).encode()
    size = len(slow(data).data)
    assert take(data, limits=limited(skeleton_bytes=size)).route == "stream"
    assert refused(data, limits=limited(skeleton_bytes=size - 1)).code == "limit-skeleton-bytes"


def test_text_beside_a_child_counts_for_the_skeleton() -> None:
    text = f"<Attachment><Content>{'A' * 2000}<x/></Content></Attachment>"
    assert not take(text).texts
    size = len(slow(text.encode()).data)
    assert take(text, limits=limited(skeleton_bytes=size)).route == "stream"
    assert refused(text, limits=limited(skeleton_bytes=size - 1)).code == "limit-skeleton-bytes"
    assert refused(text, limits=limited(skeleton_bytes=1500)).code == "limit-skeleton-bytes"


def test_damaged_text_is_spooled_no_longer_than_it_can_be_needed() -> None:
    spools: list[MemorySpool] = []

    def spool() -> MemorySpool:
        spools.append(MemorySpool())
        return spools[-1]

    text = packet("!" + "A" * 300_000 + "&#65;")
    found = take(text, limits=limited(skeleton_bytes=100_000), spool=spool)
    assert contents(found) == [("base64-damaged", 0)]
    assert sum(made.size for made in spools) <= 100_000
    never = slow(packet("é" * 1000).encode(), limited(skeleton_bytes=900))
    assert contents(never) == [("base64-damaged", 0)]


@pytest.mark.parametrize("token", ["<!--{}-->", "<b c='{}'/>", "<?x {}?>", "<b{}/>"])
def test_limit_of_a_single_tag(token: str) -> None:
    limits = limited(token_bytes=2000)
    good = f"<a>{'x' * 5000}{token.format(' ' * 1900 if token == '<b{}/>' else 'x' * 1900)}</a>".encode()
    bad = f"<a>{token.format(' ' * 5000 if token == '<b{}/>' else 'x' * 5000)}</a>".encode()
    assert slow(good, limits, read=16).route == "stream"
    with pytest.raises(LimitError) as caught:
        slow(bad, limits, read=16)
    assert (caught.value.code, caught.value.values["limit"]) == ("limit-token-bytes", 2000)


def test_the_fast_route_never_takes_what_a_limit_may_forbid() -> None:
    limits = limited(token_bytes=3000, skeleton_bytes=10_000)
    assert largest_skeleton(limits) == 10_000 // 6
    assert largest_skeleton(limited(token_bytes=100)) == 100
    for size in (1600, 1700, 1850, 5000):
        data = packet(B64, before="x" * (size - len(slow(packet(B64).encode()).data))).encode()
        assert (fast(data, limits) is None) == (size > 1666)
        assert (fast(data, limits, read=100) is None) == (size > 1666)


def test_much_text_that_is_not_cut_is_given_up_soon() -> None:
    for data in (b"<a>" + b"x" * 3_000_000, b"<a " + b"x" * 3_000_000, b"<a><Content b='" + b"x" * 3_000_000):
        assert fast(data) is None
        assert fast(data, read=100_000) is None


# -- recovery --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "junk", [b"1212", b" \r\n", b"\xef\xbb\xbf\xef\xbb\xbf", b"\x00\xff", b"x" * 60_000, b"a <b@c>\r\n\r\n"]
)
@pytest.mark.parametrize("wrap", [MemoryOctets, Stored])
def test_junk_is_left_out(junk: bytes, wrap) -> None:
    data = junk + packet(B64).encode()
    error = refused(data)
    assert error.code == "xml-junk"
    assert str(error.values["found"]).isprintable()
    found = split(wrap(data), spool=no_spool, limits=SHORT, recover=True)
    assert (found.recovered, found.junk, found.route) == (("junk",), junk[:60], "elided")
    (span,) = found.spans
    assert data[span.start : span.stop] == B64.encode()
    assert contents(found) == [GOOD]


def test_a_packet_far_behind_junk_is_not_searched_for() -> None:
    assert refused(b"x" * 70_000 + packet(B64).encode(), recover=True).code == "not-xml"


XLINK = f'<edXML:Reference xmlns:edXML="{NS}" xlink:href="cid:1"/>'


@pytest.mark.parametrize("wrap", [MemoryOctets, Stored])
@pytest.mark.parametrize("declaration", ["", "<!-- <edXML> --><?x <a?>\n", "\ufeff"])
def test_xlink_is_declared(declaration: str, wrap) -> None:
    text = packet(B64, before=XLINK, declaration=declaration)
    assert refused(text).code == "xml-unbound-prefix"
    data = text.encode()
    found = split(wrap(data), spool=no_spool, limits=SHORT, recover=True)
    assert (found.recovered, found.junk, found.route) == (("xlink",), b"", "elided")
    assert found.root.nsmap["xlink"] == "http://www.w3.org/1999/xlink"
    assert found.root[0][1].get("{http://www.w3.org/1999/xlink}href") == "cid:1"
    (span,) = found.spans
    assert data[span.start : span.stop] == B64.encode()
    assert lines_of(found) == lines_of(slow(text.replace("xlink:", "").encode()))


def test_xlink_is_declared_in_other_encodings() -> None:
    found = take(packet(B64, before=XLINK, declaration=UTF16).encode("utf-16"), recover=True)
    assert (found.recovered, found.route) == (("xlink",), "stream")
    assert found.root[0][1].get("{http://www.w3.org/1999/xlink}href") == "cid:1"


def test_junk_and_xlink_together() -> None:
    data = b"1212" + packet(f"<![CDATA[{B64}]]>", before=XLINK).encode()
    found = take(data, recover=True)
    assert (found.recovered, found.junk, found.route) == (("junk", "xlink"), b"1212", "stream")
    assert contents(found) == [GOOD]
    plain = take(b"1212" + packet("QUJD", before=XLINK).encode(), recover=True, limits=DEFAULT)
    assert (plain.recovered, plain.route) == (("junk", "xlink"), "plain")


def test_a_root_that_declares_xlink_after_all_keeps_its_own() -> None:
    data = b"<a xmlns:xlink='u:u'><![CDATA[x]]></a>"
    skeleton_ = split_declared(data)
    assert skeleton_.root.nsmap == {"xlink": "u:u"}


def split_declared(data: bytes) -> Skeleton:
    from vndoc.xml.stream import stream  # noqa: PLC0415 - only this test calls it so

    return stream(MemoryOctets(data), SHORT, spool=no_spool, declare=True)


def test_recovery_is_advised_only_where_it_helps() -> None:
    for text in ("1212<edXML/>", "<a xlink:b=''/>", "<?xml version='1.0' encoding='utf-16'?><a/>"):
        error = refused(text)
        assert error.text().endswith(". Try recover=True.")
        assert error.text("vi").endswith(". Thử recover=True.")
    for text in ("<a x:b=''/>", "<xlinks:a/>"):
        for recover in (False, True):
            assert "recover" not in refused(text, recover=recover).text()
    error = refused("1<!-- --><edXML/><edXML>2", recover=True)
    assert "recover" not in error.text()


@pytest.mark.parametrize(
    ("text", "english", "vietnamese"),
    [
        ("<a>", "no element found, or the input is cut short", "không có phần tử nào, hoặc tệp bị cắt cụt"),
        ("<a>\x01</a>", "not well-formed (invalid token)", "có ký tự không hợp lệ"),
        ("<a><b", "unclosed token", "thẻ hoặc chú thích chưa kết thúc"),
        ("<a></b>", "mismatched tag", "thẻ đóng không khớp thẻ mở"),
        ("<a b='' b=''/>", "duplicate attribute", "thuộc tính bị lặp"),
        ("<a/><b/>", "junk after document element", "còn nội dung sau phần tử gốc"),
        ("<a>&b;</a>", "undefined entity", "thực thể chưa được định nghĩa"),
        ("<a>&#0;</a>", "reference to invalid character number", "tham chiếu tới ký tự không hợp lệ"),
        (
            "<!-- --><?xml version='1.0'?><a/>",
            "XML declaration not at start of the input",
            "khai báo XML không ở đầu tệp",
        ),
        ("<a><![CDATA[x", "unclosed CDATA section", "phần CDATA chưa kết thúc"),
        ("<?xml?><a/>", "XML declaration not well-formed", "khai báo XML sai cú pháp"),
    ],
)
def test_what_is_not_well_formed_is_said_in_the_language_asked_for(text: str, english: str, vietnamese: str) -> None:
    error = refused(text)
    assert error.text("en").endswith(f": {english}.")
    assert error.text("vi").endswith(f": {vietnamese}.")


def test_what_recovery_cannot_mend() -> None:
    assert refused("<a x:b=''/>", recover=True).code == "xml-unbound-prefix"
    assert refused("1212<?xml version='1.0'?><edXML>", recover=True).code == "xml-malformed"
    assert refused("<a xlink:b=''><b x:c=''/></a>", recover=True).code == "xml-unbound-prefix"
    assert refused("1<edXML/>2<edXML/>", recover=True).code == "xml-malformed"
    assert refused("1<?xml version='1.0'?> 2<?xml version='1.0'?><a/>", recover=True).code == "xml-malformed"


def test_recovery_does_nothing_to_a_good_packet() -> None:
    found = take(packet(B64), recover=True)
    assert (found.recovered, found.junk) == ((), b"")


# -- sources --------------------------------------------------------------------------------


class Failing(Stored):
    """Octets whose file cannot be opened."""

    error: OSError = PermissionError(13, "Permission denied")

    def open(self):
        raise self.error


def test_a_source_that_fails_gives_our_error() -> None:
    for recover in (False, True):
        with pytest.raises(SourceError) as caught:
            split(Failing(b"x"), spool=no_spool, recover=recover)
        assert caught.value.code == "source-unreadable"


def test_our_own_errors_of_a_source_pass() -> None:
    class Changed(Failing):
        error = SourceError("source-changed", name="mau")

    with pytest.raises(SourceError) as caught:
        split(Changed(b"x"), spool=no_spool)
    assert caught.value.code == "source-changed"


# -- parse --------------------------------------------------------------------------------


def test_parse_keeps_all_text_in_the_tree() -> None:
    data = packet(B64, f"<![CDATA[{B64}]]>", before="<!-- x --><?x?>").encode()
    root = parse(data)
    assert [holder.text for holder in holders(root)] == [B64, B64]
    assert not [node for node in root.iter() if not isinstance(node.tag, str)]


def test_parse_takes_more_than_the_inline_limit() -> None:
    text = "A" * 100_000
    assert parse(f"<Attachment><Content>{text}<!-- x --></Content></Attachment>".encode())[0].text == text
    assert parse("<?xml version='1.0' encoding='iso-8859-1'?><a>é</a>".encode("iso-8859-1")).text == "é"
    with pytest.raises(LimitError):
        parse(b"<a>bbbb</a>", limits=attrs.evolve(DEFAULT, skeleton_bytes=10))


@pytest.mark.parametrize("data", [b"", b"x", b"<a>", b"<p:a/>", b"<!DOCTYPE a><a/>", "<a/>".encode("utf-32")])
def test_parse_refuses(data: bytes) -> None:
    with pytest.raises(ReadError):
        parse(data)


def test_entities_are_neither_expanded_nor_loaded(tmp_path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("bí mật")
    for text in (
        f"<!DOCTYPE a [<!ENTITY e SYSTEM '{secret.as_uri()}'>]><a>&e;</a>",
        f"<!DOCTYPE a [<!ENTITY % e SYSTEM '{secret.as_uri()}'> %e;]><a/>",
        "<!DOCTYPE a [<!ENTITY e '" + "x" * 100 + "'><!ENTITY f '" + "&e;" * 100 + "'>]><a b='&f;'>&f;</a>",
    ):
        for data in (text.encode(), text.encode("utf-16")):
            with pytest.raises(ReadError) as caught:
                parse(data)
            assert caught.value.code == "xml-dtd"


def test_an_error_that_is_only_logged_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser._TOOLS, "parser", etree.XMLParser(recover=True))
    for data in (b"<p:a/>", b"<a xmlns:p=''/>"):
        assert parser.parse_quietly(data, DEFAULT) is None
        with pytest.raises(ReadError) as caught:
            parser.parse_strictly(data)
        assert caught.value.code == "xml-malformed"
    assert parser.parse_strictly(b"<a xmlns='relative'/>").tag == "{relative}a"


def test_every_thread_may_parse() -> None:
    data = packet(B64, "QUJD").encode()
    expected = contents(take(data))
    results: list[object] = []

    def work() -> None:
        results.extend(contents(take(data)) for _ in range(50))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 200


# -- the vectors --------------------------------------------------------------------------------


def test_vectors_are_the_same_by_both_routes(shared) -> None:
    folder = shared / "vectors" / "edxml"
    names = [name for name in json.loads((folder / "expected.json").read_text(encoding="utf-8")) if "/" in name]
    assert len(names) == 21
    for name in names:
        data = (folder / f"{name}.edxml").read_bytes()
        assert take(data, limits=DEFAULT, spool=no_spool).route == "plain"
        expected = outcome(data, "stream")
        assert expected[:2] == ("ok", oracle(data))
        assert outcome(data, "memory") == expected
        assert outcome(data, "file") == expected


def test_inline_text_equals_cut_text() -> None:
    found = take(packet(B64))
    (text,) = found.texts.values()
    assert judged(text) == judged(Base64Text.inline(B64))
