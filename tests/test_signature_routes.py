"""The fast ways of reading signatures against the plain ones: the whole tree, a copy, a count of all siblings."""

from __future__ import annotations

import base64
import hashlib
import time

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from vndoc.edxml.xmltools import path_of
from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import LimitError, VndocError
from vndoc.limits import DEFAULT
from vndoc.packets.files import TemporarySpool
from vndoc.pki import der
from vndoc.pki.names import key_or_octets, same_name
from vndoc.signature._xmldsig_tree import Paths, XmlSource
from vndoc.signature.xmldsig import read_xml
from vndoc.signature.xmldsig_making import sign_xml
from vndoc.xml import Canonical, canonicalize, parse_document, split
from vndoc.xml.c14nwork import check_work, is_light
from vndoc.xml.stream import stream
from xmlsig_support import AN, AT, DS, ENVELOPED, b64, codes, reference, sealed, signature, sound

TEXT = base64.b64encode(hashlib.sha512(b"route").digest() * 900).decode()
LINES = base64.encodebytes(base64.b64decode(TEXT)).decode()
PADDING = "A" * 8_000
CONTENT_DIGEST = hashlib.sha256(base64.b64decode(TEXT)).digest()


def document(text: str = TEXT, inside: str = "", more: str = "") -> bytes:
    return (
        f'<edXML xmlns="urn:e"><Header><Subject>Về việc</Subject>{inside}</Header><Attachments><Attachment>'
        f"<ContentTransferEncoded>{text}</ContentTransferEncoded></Attachment></Attachments>{more}</edXML>"
    ).encode()


def told(found: object) -> list[object]:
    return [
        (f.place, codes(f), f.signed_octets, [(c.what, c.name, c.intact, c.element_path, octets(c)) for c in f.covered])
        for f in found
    ]


def octets(covered: object) -> bytes | None:
    if covered.octets is None:
        return None
    with covered.octets.open() as file:
        return file.read()


def elided(data: bytes) -> bool:
    """Return whether *data*, as octets, is read with its long texts cut out of the tree."""
    return len(etree.tostring(XmlSource.of(data).root)) < len(data) // 2


# -- documents given as octets -------------------------------------------------------------------------


@pytest.mark.parametrize("text", [TEXT, LINES, LINES.replace("\n", "\r\n"), f"\n {TEXT}"])
def test_large_documents_are_read_without_their_attachments(text):
    data = sign_xml(document(text), signer=AN.signer(), signing_time=AT)
    assert elided(data)
    [facts] = read_xml(data)
    assert sound(facts)
    assert told([facts]) == told(read_xml(parse_document(data)))


_INSERTED = (
    *("", "=", "<!--x-->", "<?p q?>", "<b/>", "<![CDATA[QUJD]]>", "&#65;", "&amp;", "\r", "é", "\x00", "<", ">", "]]>"),
    *("</ContentTransferEncoded><ContentTransferEncoded>", "<ContentTransferEncoded>", "</Attachment>", 'a="1"'),
)


def outcome(data: bytes | etree._Element) -> object:
    try:
        return told(read_xml(data))
    except VndocError as error:
        return error.code


@settings(max_examples=70)
@given(st.sampled_from([TEXT, LINES]), st.sampled_from(_INSERTED), st.floats(0, 1), st.booleans())
def test_any_document_is_judged_as_its_whole_tree(text, inserted, where, signed):
    """Something is put in anywhere, before the document is signed or afterwards."""
    data = document(text)
    if not signed:
        data = sign_xml(data, signer=AN.signer(), signing_time=AT)
    at = int(where * len(data))
    data = data[:at] + inserted.encode() + data[at:]
    if signed:
        try:
            data = sign_xml(data, signer=AN.signer(), signing_time=AT)
        except VndocError:
            return  # it is no document any more
    try:
        root = parse_document(data)
    except VndocError:
        assert isinstance(outcome(data), str)
        return
    assert outcome(data) == outcome(root)


BASE64 = DS + "base64"


@pytest.mark.parametrize("around", ["", ' xmlns:r="relative"'])
@pytest.mark.parametrize(
    "inner", [TEXT, LINES.replace("\n", "\r\n"), f"{TEXT}<!-- c -->", f"{TEXT[:-4]}<?p q?>{TEXT[-4:]}"]
)
def test_base64_of_a_text_that_was_cut_out(inner, around):
    """The text has no namespaces: what has no canonical form may still be decoded."""
    data = document(
        inner, inside=signature(reference("#c", b64(CONTENT_DIGEST), transforms=(BASE64,))).replace(">?<", ">AAAA<")
    ).replace(b"<ContentTransferEncoded>", f'<ContentTransferEncoded Id="c"{around}>'.encode())
    for skeleton in (
        split(MemoryOctets(data), spool=TemporarySpool),
        stream(MemoryOctets(data), DEFAULT, spool=TemporarySpool),
    ):
        [facts] = read_xml(XmlSource.of_skeleton(skeleton, len(data)))
        assert [(c.intact, octets(c)) for c in facts.covered] == [(True, base64.b64decode(TEXT))]
    assert told(read_xml(data)) == told(read_xml(parse_document(data)))


def test_base64_of_a_text_that_was_not_kept():
    limits = attrs.evolve(DEFAULT, skeleton_bytes=20_000)
    data = document(
        "!" + TEXT, inside=signature(reference("#c", "AAAA", transforms=(BASE64,))).replace(">?<", ">AAAA<")
    )
    data = data.replace(b"<ContentTransferEncoded>", b'<ContentTransferEncoded Id="c">')
    skeleton = stream(MemoryOctets(data), limits, spool=TemporarySpool)
    assert skeleton.lost
    [facts] = read_xml(XmlSource.of_skeleton(skeleton, len(data)))
    assert "signed-data-not-found" in codes(facts)


def test_what_a_signature_holds_stays_in_the_tree():
    inner = f"<Attachment xmlns='urn:e'><Content>{TEXT}</Content></Attachment>"
    steps = (ENVELOPED, Canonical.EXCLUSIVE.value)
    data = sealed(document(inside=signature(reference("", transforms=steps), objects=f"<Object>{inner}</Object>")))
    assert not elided(data)
    assert told(read_xml(data)) == told(read_xml(parse_document(data)))


def test_limits_of_documents_count_as_ever():
    data = sign_xml(document(more="<b/>" * 1000), signer=AN.signer(), signing_time=AT)
    assert elided(data)
    nodes = XmlSource.of(data)
    count = etree.tostring(nodes.root).count(b"<")
    for most, code in ((10 * count, None), (count // 2, "limit-document-nodes")):
        limits = attrs.evolve(DEFAULT, document_nodes=most)
        if code is None:
            assert sound(read_xml(data, limits=limits)[0])
            continue
        with pytest.raises(LimitError) as caught:
            read_xml(data, limits=limits)
        assert caught.value.code == code
    for room, code in ((len(data), None), (len(data) - 1, "limit-document-bytes")):
        limits = attrs.evolve(DEFAULT, document_bytes=room)
        if code is None:
            assert sound(read_xml(data, limits=limits)[0])
            continue
        with pytest.raises(LimitError) as caught:
            read_xml(data, limits=limits)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        ("<b " + " ".join(f'a{number}=""' for number in range(257)) + "/>", "limit-attributes"),
        ("<b " + " ".join(f'a{number}=""' for number in range(256)) + "/>", None),
        ("<b a=''/>" * 257, None),
        ("<b>" * 63 + "</b>" * 63, None),
        ("<b>" * 64 + "</b>" * 64, "limit-depth"),
    ],
)
def test_limits_of_small_documents_count_however_they_are_read(inner, code):
    if code is None:
        assert sound(read_xml(sealed(f"<a>{inner}{signature(reference('', transforms=(ENVELOPED,)))}</a>"))[0])
        return
    with pytest.raises(LimitError) as caught:
        read_xml(f"<a>{inner}{signature(reference('', 'AAAA', transforms=(ENVELOPED,)))}</a>".encode())
    assert caught.value.code == code


# -- what is left out of canonical octets --------------------------------------------------------------

_PARTS = ("<s>1</s>", "<s/>", '<s a="&lt;/s>"/>', '<t xmlns:p="urn:p"><p:s/></t>', "<sx/>", "<s><s/></s>", "&lt;s>")
_OTHERS = ("", "!", "?", "<?p?>", "<!-- c -->", "&lt;!--", '<u a="?!"/>', "<s/>")


@given(st.sampled_from(_PARTS), st.sampled_from(_OTHERS), st.sampled_from(_OTHERS), st.sampled_from(list(Canonical)))
def test_an_element_is_left_out_as_if_it_had_not_been_there(part, before, after, form):
    """The same octets as those of the document that is parsed without it."""
    root = parse_document(f"<a>{before}<h>{part}</h>{after}</a>".encode())
    holder = root.find("h")
    for hole in holder.iterchildren("*"):
        assert canonicalize(root, form, without=hole) == canonicalize(
            parse_document(f"<a>{before}<h></h>{after}</a>".encode()), form
        )


@settings(max_examples=40)
@given(st.integers(0, 60), st.integers(0, 300), st.integers(0, 300))
def test_what_is_light_by_counting_takes_few_steps(levels, declared, attributes):
    scope = "".join(f' xmlns:n{number}="urn:{number}"' for number in range(declared))
    values = "".join(f' a{number}=""' for number in range(attributes))
    inner = "<b>" * levels + "</b>" * levels
    data = f"<a{scope}{values}>{inner}</a>".encode()
    root = etree.fromstring(data, etree.XMLParser(huge_tree=True))
    if is_light(data, values=data.count(b"=")):
        check_work(root)
    if is_light(data):
        check_work(root)
        for element in (root, *root.iterdescendants()):
            assert is_light(etree.tostring(element))


# -- places --------------------------------------------------------------------------------------------


def _nested(parts: list[str]) -> str:
    return f"<b>{''.join(parts)}</b><c/>"


@given(
    st.recursive(st.just("<b/>"), lambda inner: st.lists(inner, max_size=4).map(_nested), max_leaves=25), st.randoms()
)
def test_places_are_the_same_in_any_order(text, random):
    root = etree.fromstring(f'<a xmlns:n="urn:n">{text}<b/><n:b/><!-- x --><b/></a>')
    nodes = list(root.iter("*"))
    random.shuffle(nodes)
    paths = Paths()
    assert [paths.of(node) for node in nodes] == [path_of(node) for node in nodes]


def test_many_places_among_many_siblings_are_found_soon():
    """Hundreds of places: counting all siblings for each would take minutes."""
    root = etree.fromstring("<a>" + "<b/>" * 100_000 + "</a>")
    nodes = list(root)
    paths = Paths()
    start = time.process_time()
    asked = [nodes[number * 7919 % len(nodes)] for number in range(500)]
    found = [paths.of(node) for node in (*asked, *reversed(nodes[-500:]))]
    assert time.process_time() - start < 5
    assert found[1] == "/a/b[7920]"
    assert found[-1] == f"/a/b[{len(nodes) - 499}]"


# -- names ---------------------------------------------------------------------------------------------

_TYPES = st.sampled_from(["2.5.4.3", "2.5.4.10", "2.5.4.6"])
_WORDS = st.sampled_from(["Gốc A", "gốc  a", "GỐC A", "CA b", "ca B", "x", "", "ﬁ", "fi", "\x1cx"])
_ATTRIBUTES = st.tuples(_TYPES, st.sampled_from([0x0C, 0x1E, 0x04]), _WORDS)
_NAMES = st.lists(st.lists(_ATTRIBUTES, min_size=1, max_size=2), max_size=3)


def name(rdns: list[list[tuple[str, int, str]]]) -> bytes:
    def one(oid: str, tag: int, text: str) -> bytes:
        return der.encode(
            der.SEQUENCE, der.encode_oid(oid), der.encode(tag, text.encode("utf-16-be" if tag == 0x1E else "utf-8"))
        )

    return der.encode(der.SEQUENCE, *(der.encode(der.SET, *(one(*a) for a in rdn)) for rdn in rdns))


@settings(max_examples=300)
@given(_NAMES, _NAMES, st.booleans(), st.integers(0, 60))
def test_names_are_compared_as_their_keys(one, other, alike, cut):
    first, second = name(one), name([[(o, t, w.upper()) for o, t, w in rdn] for rdn in one] if alike else other)
    for left, right in ((first, second), (first[:cut], second), (first, second[:cut]), (first, second + b"\0")):
        assert same_name(left, right) is (key_or_octets(left) == key_or_octets(right))
