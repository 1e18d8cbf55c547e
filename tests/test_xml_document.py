"""The parser of XML documents that are not packets."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from c14n_documents import Made, documents
from vndoc.errors import LimitError, ReadError, VndocError
from vndoc.limits import DEFAULT
from vndoc.xml import Canonical, canonicalize, parse_document
from vndoc.xml.document import _from_stream


def refused(data: bytes, **limits: int) -> VndocError:
    with pytest.raises(ReadError) as caught:
        parse_document(data, limits=attrs.evolve(DEFAULT, **limits))
    return caught.value


def whole(root: etree._Element) -> bytes:
    return canonicalize(root, Canonical.C14N_10_COMMENTS, whole_document=True)


def test_everything_is_kept() -> None:
    root = parse_document(b"<?a b?><!--1--><r>x<!--2-->y<?c?><![CDATA[<z>]]></r><!--3-->")
    assert whole(root) == b"<?a b?>\n<!--1-->\n<r>x<!--2-->y<?c?>&lt;z&gt;</r>\n<!--3-->"


@pytest.mark.parametrize(
    "data",
    [
        b"<a>\n<b/>\n<!--\n--><b>\n</b></a>",
        "<?xml version='1.0' encoding='iso-8859-1'?>\n<a>é\n<b/><?x\n?><b/></a>".encode("iso-8859-1"),
        "<?xml version='1.0' encoding='utf-16'?>\n<!--\n--><a>Ủ\n<b/><?x\n?>\n<b/></a>".encode("utf-16"),
        "\ufeff<a>\n<b/><b/>\n</a>".encode(),
    ],
)
def test_lines_are_those_of_the_source(data: bytes) -> None:
    found = [(e.tag, e.sourceline) for e in parse_document(data).iter("*")]
    assert found == [(e.tag, e.sourceline) for e in etree.fromstring(data).iter("*")]
    assert whole(parse_document(data)) == whole(etree.fromstring(data))


@given(documents())
@settings(max_examples=100)
def test_both_routes_give_the_same(made: Made) -> None:
    data = made.text.replace("{signature}", "").encode()
    assert whole(_from_stream(data, DEFAULT)) == whole(parse_document(data))
    wide = data.decode().replace('"UTF-8"', '"UTF-16"').encode("utf-16")
    assert whole(parse_document(wide)) == whole(parse_document(data))


@given(st.binary(max_size=200) | st.text("<>/&;!?-[]ab :='\"x#\n", max_size=60).map(str.encode))
@settings(max_examples=300)
def test_any_octets_give_a_tree_or_an_error_of_ours(data: bytes) -> None:
    try:
        root = parse_document(data)
    except ReadError:
        return
    assert parse_document(etree.tostring(root, encoding="utf-8")).tag == root.tag


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty-input"),
        (b"%PDF-1.7", "not-xml"),
        (b"<a>", "xml-malformed"),
        (b"<a>&e;</a>", "xml-malformed"),
        (b"<p:a/>", "xml-unbound-prefix"),
        (b"<a/><a/>", "xml-malformed"),
        (b"<!DOCTYPE a><a/>", "xml-dtd"),
        (b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "xml-dtd"),
        (b"<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", "xml-dtd"),
        (b"<!DOCTYPE a [<!ATTLIST a b CDATA 'x'>]><a/>", "xml-dtd"),
        ("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>".encode("utf-16"), "xml-dtd"),
        (b"<?xml version='1.0' encoding='x-khong-co'?><a/>", "xml-encoding"),
        ("<a/>".encode("utf-32"), "xml-encoding"),
        (b"<a><?b:c?>&#233;\xff</a>", "xml-malformed"),
        (b"<a><?b:c?></a>", "c14n-unavailable"),
    ],
)
def test_what_is_refused(data: bytes, code: str) -> None:
    assert refused(data).code == code


def test_no_file_is_read(tmp_path) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_text("<secret/>")
    root = parse_document(
        f'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{secret.as_uri()}"/></a>'.encode()
    )
    assert len(root[0]) == 0


# -- limits -----------------------------------------------------------------------------------------


def test_the_limit_of_the_size() -> None:
    for data in (b"<a>" + b"x" * 93 + b"</a>", b"<a>&#65;" + b"\r" * 88 + b"</a>"):
        assert len(data) == 100
        assert parse_document(data, limits=attrs.evolve(DEFAULT, document_bytes=100)).tag == "a"
        error = refused(data, document_bytes=99)
        assert (type(error), error.code, error.values["limit"]) == (LimitError, "limit-document-bytes", 99)


def test_a_document_that_grows_in_utf8() -> None:
    data = ("<?xml version='1.0' encoding='iso-8859-1'?><a>" + "é" * 100 + "</a>").encode("iso-8859-1")
    assert parse_document(data).text == "é" * 100
    error = refused(data, document_bytes=len(data))
    assert (type(error), error.code, error.values["limit"]) == (LimitError, "limit-document-bytes", len(data))
    assert parse_document(data, limits=attrs.evolve(DEFAULT, document_bytes=len(data) + 100)).text == "é" * 100


def test_the_limit_of_nodes() -> None:
    data = b"<a>" + b"<b c='1'/>" * 30 + b"</a>"
    assert len(parse_document(data, limits=attrs.evolve(DEFAULT, document_nodes=62))) == 30
    error = refused(data, document_nodes=61)
    assert (type(error), error.code, error.values["limit"]) == (LimitError, "limit-document-nodes", 61)
    assert error.text("vi") != error.text("en")


@pytest.mark.parametrize("depth", [3, 64, 256])
def test_the_limit_of_depth(depth: int) -> None:
    good, bad = (b"<a>" * levels + b"</a>" * levels for levels in (depth, depth + 1))
    limits = attrs.evolve(DEFAULT, depth=100_000 if depth == 256 else depth)
    assert parse_document(good, limits=limits).tag == "a"
    error = refused(bad, depth=limits.depth)
    assert (type(error), error.code, error.values["limit"]) == (LimitError, "limit-depth", depth)


def test_texts_may_be_longer_than_libxml2_takes_otherwise() -> None:
    text = b"A" * 10_000_001
    root = parse_document(b"<a><b>" + text + b"</b><!--x--></a>")
    assert len(root[0].text) == len(text)
    assert canonicalize(root[0], Canonical.C14N_10) == b"<b>" + text + b"</b>"
    root = parse_document(b"<?xml version='1.0' encoding='utf8'?><a><b>" + text + b"</b><!--x--></a>")
    assert canonicalize(root[0], Canonical.C14N_10) == b"<b>" + text + b"</b>"
