"""The usual signature, read from its document as it was written: what it says is what a tree says.

Every answer here is compared with the general route (``usual_support.written``).
"""

from __future__ import annotations

import base64
import hashlib
import re

import attrs
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from test_xml_asis import PACKET, changed
from usual_support import generally, written
from vndoc.errors import VndocError
from vndoc.limits import DEFAULT
from vndoc.signature import _xmldsig_budget, xades
from vndoc.signature._xmldsig_short import WORD
from vndoc.signature.xmldsig import read_xml
from vndoc.signature.xmldsig_making import sign_xml
from vndoc.xml import Canonical
from vndoc.xml._asis import ATTRIBUTES, HOLE, as_is
from xmlsig_support import (
    AN,
    AT,
    C14N,
    CURVE,
    DS,
    ENVELOPED,
    EXCLUSIVE,
    codes,
    reference,
    sealed,
    signature,
    sound,
)

HEADER = "/edXML/Envelope/Header"
TEXT = PACKET.replace(HOLE, b"")
LONG = base64.b64encode(hashlib.sha512(b"written").digest() * 1500)


def signed(
    data: bytes = TEXT,
    *,
    form: str = EXCLUSIVE,
    parent: str | None = HEADER,
    properties: bool = False,
    who: object = AN,
) -> bytes:
    time = AT if properties else None
    return sign_xml(
        data,
        signer=who.signer(),
        xades=properties,
        signing_time=time,
        parent=parent,
        canonicalization=Canonical(form),
    )


def with_text(text: bytes) -> bytes:
    return TEXT.replace(b">AA<", b">%b<" % text)


@pytest.mark.parametrize("properties", [False, True])
@pytest.mark.parametrize("text", [b"QUJD", LONG, LONG[:5000], LONG + b"=", b"\n".join([LONG[:76]] * 100)])
@pytest.mark.parametrize("parent", [None, HEADER])
@pytest.mark.parametrize("who", [AN, CURVE], ids=["rsa", "ec"])
def test_what_is_made_here_is_read_as_it_was_written(properties, text, parent, who):
    data = signed(with_text(text), parent=parent, properties=properties, who=who)
    found = written(data)
    assert sound(found, who)
    assert found.place == f"{parent or '/edXML'}/Signature"
    assert found.covered[0].octets.size == sum(1 for _ in iter(found.covered[0].octets.open().read()))
    assert read_xml(data) == (found,) == generally(data)


@pytest.mark.parametrize(
    "declaration",
    ["", '<?xml version="1.0"?>', '<?xml version="1.0"?>\r \n', '<?xml version="1.0" encoding="utf-8"?>\r\n'],
)
@pytest.mark.parametrize("end", ["", "\r\n", "\n \n"])
def test_what_stands_before_and_after_the_root(declaration, end):
    data = signed(declaration.encode() + TEXT + end.encode())
    assert sound(written(data))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("^", "\ufeff"),
        ("^", "\n"),
        ("^", "<?xml version='1.0'?>"),
        ("^", '<?xml version="1.0" standalone="yes"?>'),
        ("^", "<!-- c -->"),
        ("$", "<!-- c -->"),
        ("$", "\t"),
        ("H41", "H&amp;41"),
        ("H41", "<!-- c -->H41"),
        ("H41", "\r"),
        (' xmlns:edXML="urn:e" version="1"', ' version="1" xmlns:edXML="urn:e"'),
        (' version="1"', ' xmlns:unused="urn:u"'),
        ('"urn:e"', f'"{xades.NAMESPACES[1]}"'),
    ],
)
def test_documents_that_are_written_otherwise_have_a_tree(old, new):
    text, count = re.subn(old, lambda _: new, TEXT.decode())
    assert count
    data = signed(text.encode())
    assert (written(data) is None) == (new != "\n")


@pytest.mark.parametrize(
    ("ids", "alone"),
    [
        ('Id="x"', True),
        ('Id="sig"', False),
        ('iD="sig"', False),
        ('ID="x" Id="x"', False),
        ('ID="x" Id="y"', True),
        ('xmlns:n="urn:n" ID="" n:id=""', False),
    ],
)
def test_ids_are_those_of_one_element(ids, alone):
    sign = signature(reference("", transforms=(ENVELOPED, EXCLUSIVE)), canonical=EXCLUSIVE)
    assert (written(sealed(f"<a><b {ids}>Kính gửi</b><c>{sign}</c></a>")) is not None) == alone


def test_names_that_others_have_too():
    """The path of the signature has a number then, or the signature countersigns."""
    data = signed()
    assert written(data.replace(b"edXML:Header", b"edXML:CounterSignature")) is None
    text = TEXT.replace(b"edXML:Header", b"edXML:CounterSignature")
    assert written(signed(text, parent="/edXML/Envelope/CounterSignature")) is None
    text = TEXT.replace(b"</edXML:Header>", b"</edXML:Header><edXML:Header></edXML:Header>")
    assert written(signed(text, parent=f"{HEADER}[1]")) is None


@pytest.mark.parametrize("old", [b"H41", b"version", b"AA", b"edXML:Name", b"\r\n", b"\n"])
def test_what_was_changed_afterwards_is_told_by_the_tree(old):
    data = signed()
    place = data.index(old)
    changed = data[:place] + data[place:].replace(old, b"B" * len(old))
    assert written(changed) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('Id="vndoc-1"', 'Id="vndoc-1-r0"'),
        ('Id="vndoc-1"', 'id="vndoc-1"'),
        ('Id="vndoc-1"', 'Id="&#118;ndoc-1"'),
        ('Id="vndoc-1"', 'Id="vndoc\n1"'),
        ('Id="vndoc-1"', 'Id="vndoc>1"'),
        ('Id="vndoc-1"', 'Id="vndoc\u0111"'),
        ('Id="vndoc-1"', 'xmlns:a="urn:a" Id="vndoc-1"'),
        (' xmlns:ds="', ' xmlns:a="urn:a" xmlns:ds="'),
        (' xmlns:ds="', ' xmlns:dt="'),
        (DS + '"', DS + '" xmlns="urn:e"'),
        ("ds:Signature ", "dt:Signature "),
        ("ds:Signature ", "ds:Signature\n"),
        ("</ds:Signature>", "</ds:Signature >"),
        ("ds:", "xmlds:"),
        ("<ds:SignedInfo>", '<ds:SignedInfo xmlns:ds="urn:x">'),
        ("<ds:SignedInfo>", "<ds:SignedInfo><!-- c -->"),
        ("<ds:SignedInfo>", "<ds:SignedInfo>text"),
        ("<ds:SignedInfo>", "<ds:SignedInfo>\r"),
        (f'Algorithm="{EXCLUSIVE}"', f'Algorithm="{C14N}"'),
        ("<ds:DigestValue>", "<ds:DigestValue>*"),
        ("<ds:DigestValue>", "<ds:DigestValue>>"),
        ("xmlenc#sha256", "xmldsig-more#md5"),
        ('<ds:SignatureMethod Algorithm="[^"]*"', '<ds:SignatureMethod Algorithm="urn:x"'),
        ("<ds:X509Data>", "<ds:KeyName>n</ds:KeyName><ds:X509Data>"),
        ("<ds:KeyInfo>.*</ds:KeyInfo>", f"<ds:KeyInfo>{WORD.decode()}</ds:KeyInfo>"),
        ("</ds:Signature>", "<ds:Object/></ds:Signature>"),
        ("</ds:Signature>", "</ds:Signature ><ds:Signature></ds:Signature>"),
        ("<edXML:Body>", f'<edXML:Body xmlns:dt="{DS}" dt:a="">'),
        ("<edXML:Body>", f'<edXML:Body><ds:Signature xmlns:ds="{DS}" />'),
        ("<edXML:Body>", '<edXML:Body><ds:Signature xmlns:ds="urn:x" />'),
        ("<ds:Signature ", "<ds:Signature </ds:Signature><ds:Signature "),
    ],
)
def test_these_signatures_are_told_by_the_tree(old, new):
    data, count = re.subn(old, lambda _: new, signed().decode(), count=0 if old == "ds:" else 1, flags=re.DOTALL)
    assert count
    assert written(data.encode()) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f' xmlns:xades="{xades.NAMESPACES[0]}"', ""),
        (xades.NAMESPACES[0], "urn:x"),
        ("xades", "xml"),
        ('Target="#vndoc-1"', 'Target="#other"'),
        ('Id="vndoc-1-properties"', 'Id="vndoc-2-properties"'),
        ("<xades:SigningTime>[^<]*", "<xades:SigningTime>2026-06-41T00:00:00Z"),
        ("2026-", "2025-"),
        ('SignedProperties" URI', 'CountersignedSignature" URI'),
        ("text/xml", "text/\u0111"),
        ("<ds:Object>.*</ds:Object>", ""),
        ('<ds:Reference Id="vndoc-1-r1".*?</ds:Reference>', ""),
    ],
)
def test_these_properties_are_told_by_the_tree(old, new):
    data, count = re.subn(old, lambda _: new, signed(properties=True).decode(), flags=re.DOTALL)
    assert count
    assert written(data.encode()) is None


@pytest.mark.parametrize(("old", "sound"), [(' version="1"', True), (' version="1><b c="', False)])
def test_octets_that_are_no_xml_have_no_digest(old, sound):
    """Whoever signs may sign anything; a value with tags in it is no part of a document."""
    data = signed().replace(b' version="1"', old.encode())
    begin, end = data.index(b"<ds:Signature "), data.index(b"</ds:Signature>") + len(b"</ds:Signature>")
    around = as_is(data[:begin]) + as_is(data[end:])
    value = base64.b64encode(hashlib.sha256(around).digest())
    data = re.sub(rb"(?<=<ds:DigestValue>)[^<]*", lambda _: value, data)
    assert (written(data) is not None) == sound


def test_inclusive_forms_have_a_tree():
    for properties in (False, True):
        assert written(signed(form=C14N, properties=properties)) is None


@pytest.mark.parametrize(
    "text",
    [
        LONG[:5000] + b"\r\n" + LONG,
        b"\x80" * 10_000,
        b"&amp;" * 2000,
        b"]]" + LONG,
        b"<b>" + LONG + b"</b><b",
        LONG + b">" + LONG,
        b"*" * 10_000,
        b"AAA=" + LONG,
        LONG + b"]",
        b"<b>" + b"A" * 300_000 + b"</b>\r" + LONG,
        b"\r\n".join([LONG[:76]] * 4000),
        "đơn vị ".encode() * 1000,
        b"<b/>" * 40_000,
    ],
)
def test_long_texts_that_are_not_plain_have_a_tree(text):
    data = signed(with_text(LONG))
    assert written(data) is not None
    assert written(data.replace(LONG, text)) is None
    try:
        data = signed(with_text(text))
    except VndocError:
        return
    assert written(data) is None


def test_large_documents():
    text = LONG * 20
    assert len(text) > 1_000_000 >= DEFAULT.document_nodes
    for parent in (HEADER, None):
        data = signed(with_text(text), parent=parent)
        found = written(data)
        assert sound(found)
        assert written(data, attrs.evolve(DEFAULT, document_bytes=len(data))) is not None
        assert written(data, attrs.evolve(DEFAULT, document_bytes=len(data) - 1)) is None
        assert written(data, attrs.evolve(DEFAULT, document_nodes=10_000)) is not None
        assert written(data, attrs.evolve(DEFAULT, document_nodes=1000)) is None
        assert written(data[:600_000] + b"B" + data[600_001:]) is None


@pytest.mark.parametrize("space", [b"\n", b" ", b"\t", b" \n "])
def test_long_texts_with_white_space(space):
    assert sound(written(signed(with_text(space.join([LONG[:72]] * 200) + b"*"))))


def test_several_long_texts():
    more = b'<edXML:Content xmlns:edXML="urn:e">%b</edXML:Content>' % LONG
    data = TEXT.replace(b"</Attachment>", b"%b</Attachment>" % (more * 3)).replace(b"H41", LONG)
    for parent in (HEADER, None):
        assert sound(written(signed(data, parent=parent)))


def test_long_texts_do_not_count_as_tags():
    """Such a run in a tag, before the root or after it is nothing that can be cut out."""
    data = signed(with_text(LONG))
    for old, new in ((b"<AttachmentEncoded>", b"<AttachmentEncoded %b>" % LONG), (b"^", LONG), (b"$", LONG)):
        assert written(re.sub(old, lambda _, new=new: new, data)) is None
    assert written(data + LONG + b"<a/>") is None


def test_limits_count(monkeypatch):
    data = signed(properties=True)
    deep = written(data, attrs.evolve(DEFAULT, depth=16))
    assert deep is not None
    for limits in (
        attrs.evolve(DEFAULT, depth=15),
        attrs.evolve(DEFAULT, attributes=ATTRIBUTES - 1),
        attrs.evolve(DEFAULT, document_bytes=len(data) - 1),
        attrs.evolve(DEFAULT, document_nodes=5),
    ):
        assert written(data, limits) is None
    monkeypatch.setattr(_xmldsig_budget, "_TIMES", 1)
    for free, found in ((4000, True), (1800, False), (800, False), (0, False)):
        monkeypatch.setattr(_xmldsig_budget, "_FREE_OCTETS", free)
        assert (written(data) is not None) == found


def test_only_octets_are_read():
    data = signed()
    assert written(bytearray(data)) is None
    assert "expected-not-covered" in codes(read_xml(data, expect=[f"{HEADER}/Signature"])[0])


@given(changed(), st.booleans(), st.sampled_from([None, HEADER]))
@settings(max_examples=150)
def test_documents_that_are_signed_as_they_are(data, properties, parent):
    try:
        data = signed(data.replace(HOLE, b""), properties=properties, parent=parent, who=CURVE)
    except (VndocError, ValueError):
        return  # no document, or none that can be signed
    event("as written" if written(data) is not None else "by a tree")


SIGNED = [signed(with_text(text), properties=p, who=CURVE) for text in (b"QUJD", LONG) for p in (False, True)]
_PIECES = (
    *(
        "<!-- x -->",
        "&#13;",
        "&amp;",
        "\r\n",
        "\r",
        "\n",
        "\t",
        " ",
        ">",
        "<",
        "/>",
        '"',
        "'",
        "=",
        "é",
        "A",
        "\x01",
        "#",
    ),
    *(
        ' Id="x"',
        ' id="vndoc-1"',
        ' xmlns:n="urn:n"',
        f' xmlns:ds="{DS}"',
        ' xmlns=""',
        ' Type="t"',
        "<b/>",
        "<ds:Object/>",
    ),
    *(
        "<ds:Signature>",
        "</ds:Signature>",
        "<ds:KeyInfo>",
        "KeyInfo>",
        "</ds:KeyInfo>",
        "ds:",
        "xades:",
        "<?p q?>",
        "<!>",
    ),
)


@given(st.sampled_from(SIGNED), st.floats(0, 1), st.sampled_from(_PIECES), st.integers(0, 30))
@settings(max_examples=300)
def test_documents_that_are_changed_afterwards(data, where, piece, gone):
    at = int(where * len(data))
    changed_data = data[:at] + piece.encode() + data[at + (gone if gone < 15 else 0) :]
    event("as written" if written(changed_data) is not None else "by a tree")
