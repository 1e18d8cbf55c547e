"""Canonical XML of trees: the published vectors, an oracle of our own, and ``xmlsec1`` and ``xmllint``."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.dom import minidom

import attrs
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from lxml import etree

from c14n_documents import Made, documents
from c14n_oracle import canonical
from vndoc.errors import ReadError, UsageError
from vndoc.limits import DEFAULT
from vndoc.xml import Canonical, canonicalize, parse_document
from vndoc.xml.c14n import canonical_octets
from vndoc.xml.c14nwork import is_light
from vndoc.xml.c14nwriter import write_canonical
from vndoc.xml.xmlbase import join_uri_references, remove_dot_segments

XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
EC = "{http://www.w3.org/2001/10/xml-exc-c14n#}"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
PREFIXES = ((), ("p", "#default"), ("q", "a1", "khong-co"))


def by_id(root: etree._Element) -> dict[str, etree._Element]:
    return {e.get(XML_ID): e for e in root.iter("*") if e.get(XML_ID)}


def state(root: etree._Element) -> tuple[bytes, list[object]]:
    """All of a tree, in order to see that nobody changed it."""
    return etree.tostring(root.getroottree()), [
        (e.tag, e.prefix, sorted(e.nsmap.items(), key=str)) for e in root.iter("*")
    ]


# -- published octets -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def xmldsig(shared: Path) -> Path:
    return shared / "vectors" / "xmldsig"


@pytest.mark.parametrize(
    ("name", "tag", "algorithm", "prefixes"),
    [
        ("c14n-0", "{http://example.org/bar}Something", Canonical.C14N_10, ()),
        ("c14n-9", "{http://example.org/bar}Something", Canonical.EXCLUSIVE, ()),
        ("c14n-18", "{http://example.org/bar}Something", Canonical.EXCLUSIVE, ("#default",)),
        ("c14n-27", f"{DS}SignedInfo", Canonical.C14N_10, ()),
    ],
)
def test_the_octets_that_merlin_published(
    xmldsig: Path, name: str, tag: str, algorithm: Canonical, prefixes: tuple[str, ...]
) -> None:
    folder = xmldsig / "merlin-c14n-three"
    root = parse_document((folder / "signature.xml").read_bytes())
    node = next(root.iter(tag))
    expected = (folder / f"{name}.txt").read_bytes()
    assert canonicalize(node, algorithm, inclusive_prefixes=prefixes) == expected


def references(root: etree._Element) -> Iterator[tuple[str, bytes, bytes]]:
    """Yield hash, stated digest and octets of each reference that needs nothing but canonical XML."""
    ids = {value: e for e in root.iter("*") for key, value in e.items() if key in {"Id", "ID", "id", XML_ID}}
    for signature in root.iter(f"{DS}Signature"):
        for reference in signature.iterfind(f"{DS}SignedInfo/{DS}Reference"):
            transforms = list(reference.iterfind(f"{DS}Transforms/{DS}Transform"))
            names = [transform.get("Algorithm") for transform in transforms]
            uri = reference.get("URI", "")
            forms = [name for name in names if name != ENVELOPED]
            if not set(forms) <= set(Canonical) or len(forms) > 1 or not (uri == "" or uri.startswith("#")):
                continue
            form = Canonical(forms[0]) if forms else Canonical.C14N_10
            if not uri.startswith("#xpointer("):
                form = form.without_comments
            wanted = uri.removeprefix("#").removeprefix("xpointer(id(").removesuffix("))").strip("'\"")
            whole = uri in {"", "#xpointer(/)"}
            listed = next(reference.iter(f"{EC}InclusiveNamespaces"), None)
            octets = canonicalize(
                root if whole else ids[wanted],
                form,
                without=signature if ENVELOPED in names else None,
                whole_document=whole,
                inclusive_prefixes=() if listed is None else listed.get("PrefixList").split(),
            )
            name = reference.find(f"{DS}DigestMethod").get("Algorithm").rpartition("#")[2]
            yield name, base64.b64decode(reference.findtext(f"{DS}DigestValue")), octets


def test_the_digests_of_the_published_signatures(xmldsig: Path) -> None:
    counts: Counter[str] = Counter()
    for entry in json.loads((xmldsig / "manifest.json").read_text(encoding="utf-8")):
        data = (xmldsig / entry["file"]).read_bytes()
        if b"<!DOCTYPE" in data:
            with pytest.raises(ReadError) as caught:
                parse_document(data)
            assert caught.value.code == "xml-dtd"
            counts["refused"] += 1
            continue
        root = parse_document(data)
        if entry["expect"] == "valid":
            for name, stated, octets in references(root):
                assert hashlib.new(name, octets).digest() == stated, entry["file"]
                counts[entry["file"].partition("/")[0]] += 1
        if "hmac_key" in entry:
            signed = next(root.iter(f"{DS}SignedInfo"))
            form = Canonical(signed.find(f"{DS}CanonicalizationMethod").get("Algorithm"))
            name = signed.find(f"{DS}SignatureMethod").get("Algorithm").rpartition("-")[2]
            key = (xmldsig / entry["hmac_key"]).read_bytes()
            found = hmac.new(key, canonicalize(signed, form), name).digest()
            value = base64.b64decode(signed.getnext().text)
            assert found[: len(value)] == value, entry["file"]
            counts["hmac"] += 1
    assert counts == EXPECTED_COUNTS


EXPECTED_COUNTS = {
    "merlin-exc-c14n-one": 4,
    "merlin-xmldsig-twenty-three": 5,
    "phaos-xmldsig-three": 22,
    "xmldsig2ed-tests": 10,
    "hmac": 15,
    "refused": 1,
}
"""References checked by folder, values over SignedInfo, and files with a document type declaration."""


def test_the_document_subset_of_the_second_edition(xmldsig: Path) -> None:
    """``ancestor-or-self::c14n11XmlBaseDoc1 and not(ancestor-or-self::e2)`` is the document without one subtree."""
    root = parse_document((xmldsig / "xmldsig2ed-tests/c14n11/xml-base-input.xml").read_bytes())
    signature = parse_document((xmldsig / "xmldsig2ed-tests/defCan-1.xml").read_bytes())
    octets = canonicalize(root, Canonical.C14N_11, without=root.find("{*}e2"))
    stated = base64.b64decode(next(signature.iter(f"{DS}DigestValue")).text)
    assert hashlib.sha1(octets, usedforsecurity=False).digest() == stated


# Canonical XML 1.1, section 2.4 and appendix A, in the order of the Recommendation.
JOINS = (("abc/", "../", ""), ("../", "../", "../../"), ("..", "..", "../../"))
DOTS = (
    ("no/.././/pseudo-netpath/seg/file.ext", "pseudo-netpath/seg/file.ext"),
    ("no/..//.///pseudo-netpath/seg/file.ext", "pseudo-netpath/seg/file.ext"),
    ("yes/no//..//.///pseudo-netpath/seg/file.ext", "yes/pseudo-netpath/seg/file.ext"),
    ("no/../yes", "yes"),
    ("no/../yes/", "yes/"),
    ("no/../yes/no/..", "yes/"),
    ("../../no/../..", "../../../"),
    ("no/../..", "../"),
    ("no/..", ""),
    ("no/../", ""),
    ("/a/b/c/./../../g", "/a/g"),
    ("mid/content=5/../6", "mid/6"),
    ("../../..", "../../../"),
    ("no/../../", "../"),
    ("..yes/..no/..no/..no/../../../..yes", "..yes/..yes"),
    ("..yes/..no/..no/..no/../../../..yes/", "..yes/..yes/"),
    ("../..", "../../"),
    ("../../../", "../../../"),
    (".", ""),
    ("./", ""),
    ("./.", ""),
    ("//no/..", "/"),
    ("../../no/..", "../../"),
    ("../../no/../", "../../"),
    ("yes/no/../", "yes/"),
    ("yes/no/no/no/../../../yes", "yes/yes"),
    ("/yes/no/no/../..", "/yes/"),
    ("../../..no/..", "../../"),
    ("..yes/...no/..no/..no/../../..", "..yes/"),
    ("/..yes/..no/..no/../..", "/..yes/"),
    ("/", "/"),
    ("/.", "/"),
    ("/./.", "/"),
    ("/..", "/"),
    ("/../..", "/"),
    ("//..//..", "/"),
    ("/./.././..", "/"),
    ("..", "../"),
    ("../", "../"),
)


@pytest.mark.parametrize(("base", "reference", "expected"), JOINS)
def test_the_joins_of_the_recommendation(base: str, reference: str, expected: str) -> None:
    assert join_uri_references(base, reference) == expected


@pytest.mark.parametrize(("path", "expected"), DOTS)
def test_the_dot_segments_of_the_recommendation(path: str, expected: str) -> None:
    assert remove_dot_segments(path) == expected


# RFC 3986, section 5.4, with what Canonical XML changes: no fragment.
@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("g:h", "g:h"),
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q"),
        ("g?y#s", "http://a/b/c/g?y"),
        (";x", "http://a/b/c/;x"),
        ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../../../g", "http://a/g"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("http://b/x/../y", "http://b/y"),
    ],
)
def test_the_examples_of_rfc_3986(reference: str, expected: str) -> None:
    assert join_uri_references("http://a/b/c/d;p?q", reference) == expected


def test_a_base_without_a_path() -> None:
    assert join_uri_references("http://a", "g") == "http://a/g"
    assert join_uri_references("a", "g") == "g"
    assert join_uri_references("", "g") == "g"


# -- generated documents -----------------------------------------------------------------------------

SIGNATURE = f'<Signature xmlns="{DS[1:-1]}"><a b="1"/>x<!--y--></Signature>'


@given(documents())
@settings(max_examples=150)
def test_the_octets_are_those_of_the_oracle(made: Made) -> None:
    data = made.text.replace("{signature}", SIGNATURE).encode()
    root = parse_document(data)
    document = minidom.parseString(data)
    before = state(root)
    hole, dom_hole = next(root.iter(f"{DS}Signature")), document.getElementsByTagName("Signature")[0]
    for form in Canonical:
        for prefixes in PREFIXES if form.exclusive else PREFIXES[:1]:
            for without, dom_without in ((None, None), (hole, dom_hole)):
                found = canonicalize(root, form, inclusive_prefixes=prefixes, without=without, whole_document=True)
                assert found == canonical(document, form, prefixes=prefixes, without=dom_without)
                for name, node in by_id(root).items():
                    found = canonicalize(node, form, inclusive_prefixes=prefixes, without=without)
                    assert found == canonical(document, form, apex=name, prefixes=prefixes, without=dom_without)
                    assert found == canonical_octets(node, form, prefixes, without, whole_document=False, light=True)
    assert state(root) == before


@given(documents(), st.data())
@settings(max_examples=60)
def test_any_subtree_can_be_left_out(made: Made, data: st.DataObject) -> None:
    text = made.text.replace("{signature}", "").encode()
    root, document = parse_document(text), minidom.parseString(text)
    name, hole = data.draw(st.sampled_from(made.ids)), data.draw(st.sampled_from(made.ids))
    elements = by_id(root)
    dom_hole = next(e for e in document.getElementsByTagName("*") if e.getAttribute("xml:id") == hole)
    inside = elements[hole] in list(elements[name].iterancestors()) or hole == name
    event("empty" if inside else "hole" if elements[name] in list(elements[hole].iterancestors()) else "beside")
    for form in Canonical:
        found = canonicalize(elements[name], form, without=elements[hole])
        assert found == canonical(document, form, apex=name, without=dom_hole)
        assert found == canonical_octets(
            elements[name], form, (), elements[hole], whole_document=False, light=is_light(text)
        )
        assert not inside or found == b""


@given(documents())
@settings(max_examples=60)
def test_both_writers_agree(made: Made) -> None:
    """The writer for what libxml2 gets wrong is right for the rest, too."""
    root = parse_document(made.text.replace("{signature}", SIGNATURE).replace("&amp;y", "y").encode())
    for form in Canonical:
        if root.getnext() is None and root.getprevious() is None:
            parts = write_canonical(root, exclusive=form.exclusive, comments=form.comments)
            assert "".join(parts).encode() == canonicalize(root, form)


# -- xmlsec1 ---------------------------------------------------------------------------------------

# libxml2 2.9 (xmlsec1) writes an ampersand in a namespace name as it is, and appends a stroke to some relative bases.
SAFE_BASES = ("http://example.gov.vn/a/b", "x/y/", "z", "/goc/a/")
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


def reference(uri: str, form: Canonical, prefixes: tuple[str, ...], *, enveloped: bool) -> str:
    listed = f'<InclusiveNamespaces xmlns="{EC[1:-1]}" PrefixList="{" ".join(prefixes)}"/>' if prefixes else ""
    removing = f'<Transform Algorithm="{ENVELOPED}"/>' if enveloped else ""
    return (
        f'<Reference URI="{uri}"><Transforms>{removing}<Transform Algorithm="{form}">{listed}</Transform></Transforms>'
        f'<DigestMethod Algorithm="{_SHA256}"/><DigestValue></DigestValue></Reference>'
    )


def plan(made: Made) -> list[tuple[str, str | None, Canonical, tuple[str, ...], bool]]:
    """Return what is to be signed: URI, id of the element (``None``: the document), form, prefixes, enveloped."""
    rows = []
    for form in Canonical:
        for prefixes in PREFIXES if form.exclusive else PREFIXES[:1]:
            rows += [("", None, form, prefixes, True), ("#xpointer(/)", None, form, prefixes, True)]
            for name in made.ids[:5]:
                for uri in (f"#{name}", f"#xpointer(id('{name}'))"):
                    rows += [(uri, name, form, prefixes, True)]
                    rows += [] if name in made.around else [(uri, name, form, prefixes, False)]
    return rows


@given(made=documents(bases=SAFE_BASES))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_digests_are_those_of_xmlsec1(
    made: Made, program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = plan(made)
    method = f'<CanonicalizationMethod Algorithm="{Canonical.C14N_10}"/><SignatureMethod Algorithm="{HMAC}"/>'
    signed = method + "".join(reference(uri, form, prefixes, enveloped=env) for uri, _, form, prefixes, env in rows)
    text = made.text.replace("&amp;y", "y")
    text = text.replace(
        "{signature}",
        f'<Signature xmlns="{DS[1:-1]}"><SignedInfo>{signed}</SignedInfo><SignatureValue></SignatureValue></Signature>',
    )
    folder = tmp_path_factory.getbasetemp()
    (folder / "key.bin").write_bytes(b"khoa chi de thu")
    (folder / "template.xml").write_bytes(text.encode())
    command = [program("xmlsec1"), "--sign", "--hmackey", "key.bin", "--output", "signed.xml", "template.xml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    values = [e.text for e in etree.parse(folder / "signed.xml").iter(f"{DS}DigestValue")]
    root = parse_document(text.encode())
    elements, signature = by_id(root), next(root.iter(f"{DS}Signature"))
    for (uri, name, form, prefixes, enveloped), value in zip(rows, values, strict=True):
        octets = canonicalize(
            root if name is None else elements[name],
            form if "xpointer" in uri else form.without_comments,
            inclusive_prefixes=prefixes,
            without=signature if enveloped else None,
            whole_document=name is None,
        )
        assert base64.b64encode(hashlib.sha256(octets).digest()).decode() == value, (uri, form, prefixes, octets)


HMAC = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"


@given(made=documents())
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whole_documents_are_those_of_xmllint(made: Made, program: Callable[[str], str]) -> None:
    data = made.text.replace("{signature}", SIGNATURE).replace("&amp;y", "y").encode()
    root = parse_document(data)
    for option, form in (
        ("--c14n", Canonical.C14N_10_COMMENTS),
        ("--c14n11", Canonical.C14N_11_COMMENTS),
        ("--exc-c14n", Canonical.EXCLUSIVE_COMMENTS),
    ):
        done = subprocess.run([program("xmllint"), option, "-"], input=data, capture_output=True, check=True)
        assert canonicalize(root, form, whole_document=True) == done.stdout


# -- single points ----------------------------------------------------------------------------------


def test_the_default_namespace_of_an_ancestor_is_not_undeclared_below() -> None:
    """The shape of Vietnamese signatures, which lxml alone writes wrongly."""
    root = parse_document(b'<a><Signature xmlns="urn:s"><SignedInfo><b><c/></b></SignedInfo></Signature></a>')
    expected = b'<SignedInfo xmlns="urn:s"><b><c></c></b></SignedInfo>'
    for form in Canonical:
        assert canonicalize(root[0][0], form) == expected


def test_attributes_of_ancestors() -> None:
    root = parse_document(
        b'<a xml:lang="vi" xml:space="preserve" xml:id="r" xml:base="http://a/b/" xml:mau="1" x="2">'
        b'<b xml:base="../c/d" xml:lang="en"><e xml:space="default"/></b></a>'
    )
    node = root[0][0]
    assert canonicalize(node, Canonical.C14N_10) == (
        b'<e xml:base="../c/d" xml:id="r" xml:lang="en" xml:mau="1" xml:space="default"></e>'
    )
    assert canonicalize(node, Canonical.C14N_11) == (
        b'<e xml:base="http://a/c/d" xml:lang="en" xml:space="default"></e>'
    )
    assert canonicalize(node, Canonical.EXCLUSIVE) == b'<e xml:space="default"></e>'


def test_a_base_that_comes_to_nothing_is_left_out() -> None:
    root = parse_document(b'<a xml:base="x/"><b xml:base="../"/><c xml:base=""/></a>')
    assert canonicalize(root[0], Canonical.C14N_11) == b"<b></b>"
    assert canonicalize(root[1], Canonical.C14N_11) == b'<c xml:base="x/"></c>'
    assert canonicalize(root, Canonical.C14N_11, without=root[0]) == b'<a xml:base="x/"><c xml:base=""></c></a>'


def test_an_ampersand_in_a_namespace_name_is_escaped() -> None:
    data = b'<p:a xmlns:p="http://x/?a=1&amp;b=2" xmlns:q="http://x/?a=1&amp;b=2" q:c="1" p:d="&amp;">&amp;<p:b/></p:a>'
    root = parse_document(data)
    for form in Canonical:
        found = canonicalize(root, form)
        assert found.count(b"&amp;b=2") == 2
        assert etree.tostring(etree.fromstring(found), method="c14n") != found, "libxml2 is right now: drop our writer"
    assert canonicalize(root[0], Canonical.EXCLUSIVE) == b'<p:b xmlns:p="http://x/?a=1&amp;b=2"></p:b>'


def test_text_that_looks_like_a_declaration() -> None:
    root = parse_document(b'<a b="&#13;">s xmlns="u&amp;v" &lt;x xmlns:p="u&amp;v"><b/>&#13;<!-- xmlns="&" --></a>')
    found = canonicalize(root, Canonical.C14N_10_COMMENTS)
    assert found == (b'<a b="&#xD;">s xmlns="u&amp;v" &lt;x xmlns:p="u&amp;v"&gt;<b></b>&#xD;<!-- xmlns="&" --></a>')


def test_the_inclusive_prefix_of_the_default_namespace() -> None:
    """lxml does not pass it on."""
    root = parse_document(b'<a xmlns="urn:d" xmlns:p="urn:p"><p:b><p:c xmlns=""/></p:b></a>')
    found = canonicalize(root[0], Canonical.EXCLUSIVE, inclusive_prefixes=("#default",))
    assert found == b'<p:b xmlns="urn:d" xmlns:p="urn:p"><p:c xmlns=""></p:c></p:b>'
    assert canonicalize(root[0], Canonical.EXCLUSIVE) == b'<p:b xmlns:p="urn:p"><p:c></p:c></p:b>'


@pytest.mark.parametrize("uri", ["goc", "a/b", "#x", "../x", "?a:b"])
@pytest.mark.parametrize("form", Canonical)
def test_a_relative_namespace_name_has_no_canonical_form(uri: str, form: Canonical) -> None:
    root = parse_document(f"<a xmlns:p='{uri}' xmlns:q='urn:q'><b/></a>".encode())
    for node in (root, root[0]):
        for prefixes in ((), ("#default",)) if form.exclusive else ((),):
            with pytest.raises(ReadError) as caught:
                canonicalize(node, form, inclusive_prefixes=prefixes)
            assert (caught.value.code, caught.value.values["found"]) == ("c14n-namespace", uri)
    assert "tương đối" in caught.value.text("vi")
    inner = parse_document(f"<a><b xmlns='{uri}'/></a>".encode())
    assert canonicalize(inner, form, without=inner[0]) == b"<a></a>"


def test_what_is_around_the_root() -> None:
    root = parse_document(b"<?a  b ?><!--1-->\n<r>t</r><!--2--><?c?>")
    assert canonicalize(root, Canonical.C14N_10_COMMENTS) == b"<r>t</r>"
    assert canonicalize(root, Canonical.C14N_10, whole_document=True) == b"<?a b ?>\n<r>t</r>\n<?c?>"
    assert canonicalize(root, Canonical.EXCLUSIVE_COMMENTS, whole_document=True) == (
        b"<?a b ?>\n<!--1-->\n<r>t</r>\n<!--2-->\n<?c?>"
    )
    assert canonicalize(root, Canonical.C14N_11, without=root, whole_document=True) == b"<?a b ?>\n\n<?c?>"


def test_text_around_what_is_left_out_is_joined() -> None:
    root = parse_document(b"<a>1<b>2</b>3<c/>4<b/><d/></a>")
    assert canonicalize(root, Canonical.C14N_10, without=root[0]) == b"<a>13<c></c>4<b></b><d></d></a>"
    assert canonicalize(root, Canonical.C14N_10, without=root[1]) == b"<a>1<b>2</b>34<b></b><d></d></a>"
    assert canonicalize(root, Canonical.C14N_10, without=root[2]) == b"<a>1<b>2</b>3<c></c>4<d></d></a>"


def test_options_that_do_not_fit() -> None:
    root, other = parse_document(b"<a><b/><c/></a>"), parse_document(b"<a><b/></a>")
    for node, form, options in (
        (root, Canonical.C14N_10, {"inclusive_prefixes": ("p",)}),
        (root[0], Canonical.C14N_10, {"whole_document": True}),
        (root, Canonical.C14N_10, {"without": other[0]}),
        (root[0], Canonical.C14N_10, {"without": other}),
    ):
        with pytest.raises(UsageError) as caught:
            canonicalize(node, form, **options)
        assert caught.value.code == "option-invalid"
    assert canonicalize(root[0], Canonical.C14N_10, without=root[1]) == b"<b></b>"


# -- what would take too long ------------------------------------------------------------------------------


MANY = attrs.evolve(DEFAULT, attributes=100_000)
"""Limits under which the parser lets many attributes pass, so that the canonical form has to refuse them."""


def declarations(count: int, inner: str, *, prefix: str = "p") -> bytes:
    names = " ".join(f'xmlns:{prefix}{i}="urn:{i}"' for i in range(count))
    return f"<a {names}>{inner}</a>".encode()


def attributes(count: int) -> str:
    return " ".join(f'b{i}="1"' for i in range(count))


@pytest.mark.parametrize(
    "data",
    [
        declarations(1000, "<b/>" * 200),
        declarations(5000, "<b><c/></b>" * 4),
        declarations(300, "<b>" + declarations(300, "<c/>" * 300, prefix="q").decode() + "</b>"),
        f"<a><b {attributes(10_001)}/></a>".encode(),
    ],
)
@pytest.mark.parametrize("form", Canonical)
def test_a_document_that_would_take_too_long(data: bytes, form: Canonical) -> None:
    root = parse_document(data, limits=MANY)
    with pytest.raises(ReadError) as caught:
        canonicalize(root, form)
    assert caught.value.code == "c14n-too-complex"
    wrapped = parse_document(b"<z>" + data + b"</z>", limits=MANY)
    with pytest.raises(ReadError) as caught:
        canonicalize(wrapped[0], form)
    assert caught.value.code == "c14n-too-complex"


def test_the_limit_of_steps() -> None:
    data = f"<a {attributes(9_990)}/>".encode()
    assert canonicalize(parse_document(data, limits=MANY), Canonical.EXCLUSIVE).startswith(b"<a b0=")
    # ten namespaces declared anew on every element: many, but few around each
    names = " ".join(f'xmlns:p{i}="urn:{i}"' for i in range(10))
    data = f"<a>{f'<b {names}><c/></b>' * 2000}</a>".encode()
    root = parse_document(data, limits=MANY)
    assert canonicalize(root, Canonical.C14N_10, without=root[0]).count(b"<c>") == 1999


def test_bases_that_would_take_too_long() -> None:
    long = "x/" * 1000
    for levels, fits in ((32, True), (33, False)):
        data = f'<a xml:base="{long}">' * levels + "<b/>" + "</a>" * levels
        node = next(parse_document(data.encode()).iter("b"))
        if fits:
            assert canonicalize(node, Canonical.C14N_11) == f'<b xml:base="{long * 32}"></b>'.encode()
        else:
            with pytest.raises(ReadError) as caught:
                canonicalize(node, Canonical.C14N_11)
            assert caught.value.code == "c14n-too-complex"
        assert canonicalize(node, Canonical.C14N_10) == f'<b xml:base="{long}"></b>'.encode()


def test_a_tree_that_could_not_have_been_parsed() -> None:
    root = etree.Element("a")
    inner = etree.SubElement(root, "b")
    inner.append(etree.Entity("khong-co"))
    for node in (root, inner):
        with pytest.raises(ReadError) as caught:
            canonicalize(node, Canonical.C14N_10)
        assert caught.value.code == "c14n-unavailable"


def test_the_forms_by_their_uris() -> None:
    assert len(Canonical) == 6
    for form in Canonical:
        assert Canonical(str(form)) is form
        assert form.comments == (form.without_comments is not form)
        assert not form.without_comments.comments
        assert form.exclusive == form.without_comments.exclusive == ("exc-c14n" in form)


def test_a_tree_may_be_shared_between_threads() -> None:
    inner = "".join(f'<b xmlns="urn:{i}" xml:id="i{i}"><c>đ{i}</c></b>' for i in range(30))
    root = parse_document(f'<a xmlns="urn:d" xmlns:p="urn:p" xml:lang="vi">{inner}</a>'.encode())
    before = state(root)
    jobs = [(node, form) for node in (root, *root) for form in Canonical]
    expected = [canonicalize(node, form, without=root[3]) for node, form in jobs]
    failures: list[object] = []

    def work() -> None:
        for _ in range(5):
            found = [canonicalize(node, form, without=root[3]) for node, form in jobs]
            if found != expected or state(root) != before:
                failures.append(found)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
