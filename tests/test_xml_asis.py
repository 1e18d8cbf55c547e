"""Octets that are their own canonical form: what is proven holds for a tree, by lxml and by the standard library."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from lxml import etree

from vndoc.edxml.xmltools import path_of
from vndoc.xml import Canonical, canonicalize, parse_document
from vndoc.xml._asis import ATTRIBUTES, HOLE, Surroundings, as_is, surroundings

_SIGN = b'<s:hole xmlns:s="urn:s"></s:hole>'
_FORMS = sorted({form.without_comments for form in Canonical})

PACKET = (
    b'<edXML xmlns="urn:e">\n  <edXML:Envelope xmlns:edXML="urn:e" version="1">\r\n<edXML:Header>'
    b"<edXML:From><edXML:OrganId>H41</edXML:OrganId>"
    b"<edXML:Name>\xc4\x90\xc6\xa1n v\xe1\xbb\x8b \t'\"</edXML:Name></edXML:From>"
    b'<!></edXML:Header><edXML:Body><edXML:Manifest version="1.0" />'
    b'<edXML:Reference xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="cid:1" xlink:type="x"/></edXML:Body>'
    b'</edXML:Envelope>\n<AttachmentEncoded><Attachment Id="a1"><Name>1</Name>'
    b'<edXML:Content xmlns:edXML="urn:e">AA</edXML:Content>'
    b"</Attachment></AttachmentEncoded></edXML>"
)


def proven(octets: bytes) -> Surroundings | None:
    """Return what is said of *octets*, compared with what trees of them say."""
    ready = as_is(octets)
    found = surroundings(ready)
    if found is None:
        return None
    bare = ready.replace(HOLE, b"")
    root = parse_document(octets.replace(HOLE, _SIGN))
    [hole] = root.iter("{urn:s}hole")
    whole = parse_document(octets.replace(HOLE, b""))
    for form in _FORMS:
        assert canonicalize(root, form, without=hole, whole_document=True) == bare
        assert canonicalize(whole, form, whole_document=True) == bare
    elements = list(whole.iter("*"))
    scopes = {binding for element in elements for binding in element.nsmap.items()}
    if len({uri for _, uri in scopes}) == len(scopes):  # of several prefixes for one name it knows the last
        assert ElementTree.canonicalize(octets.replace(HOLE, b"").decode()) == bare.decode()
    assert path_of(hole) == f"/{'/'.join(found.names)}/hole"
    assert found.depth > max(len(list(element.iterancestors())) for element in elements)
    attributes = [
        (etree.QName(name).localname.lower(), value) for element in elements for name, value in element.items()
    ]
    assert surroundings(ready) == found
    assert [value.decode() for value in found.ids] == [value for name, value in attributes if name == "id"]
    assert {name.decode() for name in found.namespaces} == {uri for _, uri in scopes}
    assert max(len(element.keys()) for element in elements) <= ATTRIBUTES
    return found


def test_a_packet_is_proven():
    found = proven(PACKET)
    assert found == (("edXML", "Envelope", "Header"), 7, (b"a1",), {b"urn:e", b"http://www.w3.org/1999/xlink"})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("urn:e", "http://www.example.gov.vn/a/b_c#"),
        ('version="1"', 'a="&gt;"'.replace("&gt;", "x'")),
        ("H41", "]]" + "\x7f\x80"),
        ("H41", "\ufffd\U0001ffff"),
        ("<!>", "text<!>text"),
        ("<!>", "\r\n<!>\r\n"),
        ("H41", "H41\r\n\r\n"),
        ("<edXML:Body>", '<edXML:Body b="1" c="2">'),
        ("<edXML:Body>", '<edXML:Body Id="a2">'),
        ("<edXML:Body>", '<edXML:Body edXML:iD="a2" edXML:z="">'),
        ("<edXML:Body>", '<edXML:Body xmlns:a="urn:a" xmlns:b="urn:b" a:b="">'),
        ("<Name>1</Name>", '<x:Name xmlns:x="urn:x" a="1"><x:Name/><Y/></x:Name>'),
        ("<Name>1</Name>", '<Name xmlns="urn:x" a="1"><Name/><Name xmlns="urn:e"/></Name>'),
        ("<Name>1</Name>", "<A><B><C><D><E><F><G><H/>h</G>g</F></E></D></C></B></A>"),
    ],
)
def test_these_are_proven(old, new):
    text = PACKET.decode()
    assert old in text
    found = proven(text.replace(old, new).encode())
    assert (found is not None) == ("xmlns:b" not in new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("^", " "),
        ("^", "<a></a>"),
        ("^", "<a><!></a>"),
        ("$", " "),
        ("$", "<a></a>"),
        ("$", "<!---->"),
        ("<!>", ""),
        ("<!>", "<!><!>"),
        ("<!>", "<!/>"),
        ("<!>", "<! a='1'>"),
        ("<!>", '<! a="1">'),
        ("<!>", "<!a>"),
        ("<!>", "<>"),
        ("<!>", "</>"),
        ("<!>(.*)$", "<a><!>"),
        ("H41", "H&amp;41"),
        ("H41", "H>41"),
        ("H41", "H/>41"),
        ("H41", "\r"),
        ("H41", "\x0b"),
        ("H41", "\x00"),
        ("H41", "\ufffe"),
        ("H41", "\uffff"),
        ("H41", "<!-- c -->"),
        ("H41", "<?p q?>"),
        ("H41", "<![CDATA[c]]>"),
        ("H41</edXML:OrganId>", "</edXML:OrganId>H41</edXML:OrganId>"),
        ("<edXML:OrganId>H41</edXML:OrganId>", "<edXML:OrganId>H41</edXML:OrganID>"),
        ("<edXML:OrganId>H41</edXML:OrganId>", "<edXML:OrganId>H41</edXML:OrganId >"),
        ("<edXML:OrganId>H41</edXML:OrganId>", "<edXML:OrganId >H41</edXML:OrganId>"),
        ("<edXML:OrganId>H41</edXML:OrganId>", "<e:OrganId>H41</e:OrganId>"),
        ("<edXML:OrganId>H41</edXML:OrganId>", "<:OrganId>H41</:OrganId>"),
        ("<edXML:OrganId>H41</edXML:OrganId>", "<1>H41</1>"),
        ("<edXML:OrganId>H41</edXML:OrganId>", "<\u0111>H41</\u0111>"),
        ("<edXML:OrganId>H41</edXML:OrganId>", "<xml:OrganId>H41</xml:OrganId>"),
        ("<edXML:OrganId>H41</edXML:OrganId>", "<xmlns:OrganId>H41</xmlns:OrganId>"),
        ("<Name>1</Name>", "<edXML:Name>1</edXML:Name>"),
        ("<Name>1</Name>", "<Name>1</Name a='1'>"),
        ("<Name>1</Name>", '<Name>1</Name a="1">'),
        ("<Name>1</Name>", "<Header>1</Header>"),
        ("<Name>1</Name>", "<Header a='1'>1</Header>"),
        (' version="1"', " version='1'"),
        (' version="1"', '  version="1"'),
        (' version="1"', ' version ="1"'),
        (' version="1"', ' version="1" version="1"'),
        (' version="1"', ' version="1" a="1"'),
        (' version="1"', ' version="1\t2"'),
        (' version="1"', ' version="1\n2"'),
        (' version="1"', ' version="1<2"'),
        (' version="1"', ' version="1>2"'),
        (' version="1"', ' version="1><2"'),
        (' version="1"', ' version="1><b c="'),
        (' version="1"', ' version="1><b c=" d="'),
        (' version="1.0"', ' version="1><b c="'),
        (' version="1.0" />', ' version="/></b><b c="></edXML:Manifest>'),
        (' version="1.0" />', ' version="></edXML:Manifest><b c="></edXML:Manifest>'),
        (' xmlns:xlink="[^"]*"', ' xmlns:xlink="urn:x><b c="'),
        (' version="1"', ' version="&lt;"'),
        (' version="1"', " version"),
        (' version="1"', ' edXML:version="1" xlink:version="1"'),
        (' version="1"', ' xml:lang="vi"'),
        (' version="1"', ' xml:id="a"'),
        (' version="1"', ' xmlns:a="urn:a"'),
        (' version="1"', ' xmlns:xlink="urn:a"'),
        (' version="1"', ' xmlns="urn:a"'),
        (' version="1.0"', ' version="1.0" a="1"'),
        (' version="1.0"', ' xmlns=""'),
        (' version="1.0"', ' xmlns:edXML="urn:e"'),
        (' xmlns:edXML="urn:e" version="1"', ' version="1" xmlns:edXML="urn:e"'),
        (' xmlns:edXML="urn:e" version="1"', ' version="1"'),
        (' xmlns:edXML="urn:e" version="1"', '> xmlns:edXML="urn:e" version="1"'),
        (' xmlns:edXML="urn:e" version="1"', ' xmlns:edXML=""'),
        (' xmlns:edXML="urn:e" version="1"', ' xmlns:edXML="relative"'),
        (' xmlns:edXML="urn:e" version="1"', ' xmlns:edXML="http://a:b/"'),
        (' xmlns:edXML="urn:e" version="1"', ' xmlns:edXML="http://www.w3.org/2000/xmlns/"'),
        (' xmlns:edXML="urn:e" version="1"', ' xmlns:edXML="http://www.w3.org/XML/1998/namespace"'),
        (' xmlns:xlink="http://www.w3.org/1999/xlink"', ""),
        (' xmlns:xlink="http://www.w3.org/1999/xlink"', ' xmlns:xml="http://www.w3.org/XML/1998/namespace"'),
        (' xmlns:xlink="http://www.w3.org/1999/xlink"', ' xmlns:xmlns="urn:x"'),
        (' xmlns:xlink="[^"]*" xlink:href="cid:1"', ' xmlns:xlink="urn:x" edXML:href="1" xlink:href="1"'),
        ("AA</edXML:Content>", "AA</edXML:Content></Attachment><edXML:B></edXML:B><Attachment>"),
        ("</edXML:Envelope>", "</edXML:Envelope><edXML:B></edXML:B>"),
        ("</edXML:Envelope>", '</edXML:Envelope><edXML:B a="1" b="1"></edXML:B>'),
        ("<edXML:Envelope", "<edXML:B></edXML:B><edXML:Envelope"),
        ("</edXML>", ""),
        ("</edXML>", "</edXML></edXML>"),
    ],
)
def test_these_are_doubt(old, new):
    text, count = re.subn(old, new, PACKET.decode(), count=1, flags=re.DOTALL)
    assert count
    assert proven(text.encode()) is None


@pytest.mark.parametrize("octets", [b"", b"<!>", b"<a>", b"</a>", b"<a></a>", b"<a><!></b>", b"<!></a>", b"</a><!><a>"])
def test_what_is_no_element_is_doubt(octets):
    assert surroundings(octets) is None


@pytest.mark.parametrize(
    ("octets", "sound"),
    [
        (b"<a>\xc0\x80<!></a>", False),
        (b"<a>\xed\xa0\x80<!></a>", False),
        (b"<a>\xff<!></a>", False),
        (b"<a>\xef\xbb\xbf<!></a>", True),
        (b"<a>%b<!></a>" % (b" " * 65_000), True),
        (b"<a>%b<!></a>" % (b" " * 66_000), False),
        (b"<a>%b<!>%b</a>" % (b"<b>" * 21, b"</b>" * 21), False),  # others around have the name
        (b"<a><!>%b%b</a>" % (b"<b>" * 21, b"</b>" * 21), True),
        (b"<a><!>%b%b</a>" % (b"<b>" * 24, b"</b>" * 24), False),
        (b"<a><!>%b</a>" % (b'<b a="1" b="1"></b>' * 250), True),
        (b"<a><!>%b</a>" % (b'<b a="1" b="1"></b>' * 260), False),
        (b"<a %b><!></a>" % b" ".join(b'%c="1"' % letter for letter in b"abcdefghijklmnop"), True),
        (b"<a %b><!></a>" % b" ".join(b'%c="1"' % letter for letter in b"abcdefghijklmnopq"), False),
    ],
)
def test_limits_and_encoding(octets, sound):
    assert (proven(octets) is not None) == sound


def test_a_text_may_look_like_a_declaration():
    for text in (b' xmlns:edXML="urn:e"', b' xmlns:edXML="urn:e"&gt;'):
        assert proven(b'<a><b c="1" d="2">%b<!></b><edXML:c></edXML:c></a>' % text) is None


@pytest.mark.parametrize("octets", [b"<P:a%b><P:b></P:b><!></P:a>", b"<a><P:c%b><P:b></P:b><!></P:c></a>"])
@pytest.mark.parametrize(
    ("attributes", "prefixes", "sound"),
    [
        (b' xmlns:edXML="urn:e"', (b"edXML:", b"edXML:"), True),
        (b' xmlns:edXML="urn:e" c=" xmlns:edXML="', (b"edXML:", b"edXML:"), True),
        (b' c=" xmlns:edXML="', (b"", b"edXML:"), False),
        (b' c=" xmlns:edXML=" d="2"', (b"", b"edXML:"), False),
        (b' xmlns="urn:d" c=" xmlns:edXML="', (b"", b"edXML:"), False),
        (b' c=" xmlns:edXML="', (b"", b""), False),
    ],
)
def test_a_value_may_look_like_a_declaration(octets, attributes, prefixes, sound):
    """Nothing is declared by it, for the root or below."""
    outer, inner = prefixes
    data = octets.replace(b"<P:b></P:b>", b"<%bb></%bb>" % (inner, inner)).replace(b"P:", outer)
    assert (proven(data % attributes) is not None) == sound


@pytest.mark.parametrize(
    ("octets", "wanted"),
    [
        (b"", b""),
        (b"<a/>", b"<a></a>"),
        (b'<a b="c"  />\r\n<p:d/>', b'<a b="c"></a>\n<p:d></p:d>'),
        (b"a\nb\r\nc", b"a\nb\nc"),
        (b"a\nb\r\nc\rd", b"a\nb\r\nc\rd"),
        (b"\r\n\r\n\n", b"\n\n\n"),
        (b"\ra\n", b"\ra\n"),
        (b"a\r", b"a\r"),
    ],
)
def test_what_is_done_to_octets(octets, wanted):
    assert as_is(octets) == wanted


def test_what_is_left_says_the_same_whenever_it_is_asked():
    """The names of the elements around are looked for in each document anew, whatever is kept."""
    for _ in range(2):
        for old, new, sound in (("H41", "H42", True), ("OrganId", "Header", False), ("Name>", "Envelope>", False)):
            assert (proven(PACKET.decode().replace(old, new).encode()) is not None) == sound
    long = b'<a><b c="1" d="%b"></b><!></a>'
    assert all(proven(long % (b"x" * size)) is not None for size in (10, 1000, 2000, 10, 2000))


_PIECES = (
    *("<!-- x -->", "<?p q?>", "&#13;", "&amp;", "<![CDATA[x]]>", "\r\n", "\r", "\n", "\t", " ", "  ", ">", "<", "/"),
    *(' Id="x"', ' id="x"', ' xml:lang="vi"', ' a="1"', ' b="1" c="2"', ' e:a="1"', ' version="2"', "'", "=", '"'),
    *(' xmlns:e="urn:e"', ' xmlns:e="urn:x" e:a=""', ' xmlns="urn:n"', ' xmlns=""', ' xmlns:edXML="urn:e"', "<!>"),
    *("<b/>", "<b></b>", "<b>", "</b>", '<e:b xmlns:e="urn:e" e:c="1"/>', "<edXML:b></edXML:b>", "<edXML:b>"),
    *(' v=" xmlns:edXML="', ' v=" xmlns:edXML=" w="1"', " xmlns:edXML=", ' xmlns:edXML="', '<b v=" xmlns:edXML="/>'),
    *("<edXML:Header></edXML:Header>", "<edXML>", "</edXML>", "</edXML:Envelope>", '<edXML:b xmlns:edXML="urn:b">'),
    *(' xmlns:edXML="urn:b"', "xmlns:edXML=", "edXML:", "e:", '<edXML:b xmlns:edXML="urn:b"/>', "<Name>", "\ufffe"),
    *('<b c="1><d e="></b>', '><d e="', '="1><d e=" f="', '"></b><b c="', 'a="></b><c a="'),
    *("</edXML:b>", "é", "/>", ' xmlns:f="urn:f" f:Id="x"', "<c></c></edXML:Header>", "</Attachment>", "<edXML:c/>"),
)
_PLACES = [found.start() for found in re.finditer(rb"(?<=>)|/?>|(?<=[A-Za-z\"]) |(?<=[A-Za-z])>|<", PACKET)]


@st.composite
def changed(draw: st.DrawFn) -> bytes:
    """The packet, changed in a few places, most of them where it may stay well-formed."""
    data = PACKET
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.sampled_from(_PLACES) | st.integers(0, len(data)))
        gone = draw(st.sampled_from([0, 0, 0, 1, 5, 20]))
        data = data[:at] + draw(st.sampled_from(_PIECES)).encode() + data[at + gone :]
    return data


@given(changed())
@settings(max_examples=500)
def test_what_is_proven_holds_for_changed_packets(data):
    event("proven" if proven(data) is not None else "doubt")
