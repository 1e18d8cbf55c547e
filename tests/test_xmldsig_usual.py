"""The usual route of reading XML signatures: it answers for usual signatures, and what it says is what the tree says.

Documents are changed in any place before they are signed, so that they hold with odd markup in them, and afterwards.
"""

from __future__ import annotations

import base64
import hashlib
import re
import tracemalloc

import attrs
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from lxml import etree

from usual_support import assert_same, generally, told, written
from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import LimitError, VndocError
from vndoc.limits import DEFAULT
from vndoc.packets.files import TemporarySpool
from vndoc.signature import _xmldsig_budget, _xmldsig_short, xades
from vndoc.signature._xmldsig_short import WORD, shortened, usual_keys
from vndoc.signature._xmldsig_usual import read_usual
from vndoc.signature.xmldsig import XmlSource, read_xml
from vndoc.signature.xmldsig_making import Claims, XmlReference, sign_xml
from vndoc.testing.pki import TimestampAuthority
from vndoc.xml import Canonical, parse_document, split
from vndoc.xml.stream import stream
from xmlsig_support import (
    AN,
    AT,
    C14N,
    CA,
    CURVE,
    DS,
    ENVELOPED,
    EXCLUSIVE,
    SHA256,
    b64,
    codes,
    sealed,
    sound,
)

LONG = base64.b64encode(hashlib.sha512(b"usual").digest() * 900).decode()


def packet(text: str = "QUJD", more: str = "") -> bytes:
    return (
        f'<edXML xmlns="urn:e" xmlns:e="urn:e"><Header><e:Subject k="1">Về việc &amp; &gt;</e:Subject></Header>{more}'
        f"<Attachments><Attachment><ContentTransferEncoded>{text}</ContentTransferEncoded></Attachment></Attachments>"
        "</edXML>"
    ).encode()


def usual(data: bytes | etree._Element | XmlSource) -> bool:
    """Return whether the usual route answers for *data*; if so, the general one has to say the same.

    Where *data* can be read as it was written, it has to be so, too.
    """
    written(data)
    source = XmlSource.of(data)
    found = read_usual(source)
    short = shortened(data, DEFAULT)
    also = None if short is None else read_usual(*short)
    assert also is None or found is not None
    if found is None:
        return False
    [general] = generally(source)
    assert_same(found, general, source.root)
    if also is not None:
        assert_same(also, general)
    if isinstance(data, bytes):
        [whole] = generally(parse_document(data))
        assert (found.signed_octets, found.place) == (whole.signed_octets, whole.place)
        assert list(map(told, found.covered)) == list(map(told, whole.covered))
    return True


# -- usual signatures ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", list(Canonical))
@pytest.mark.parametrize("properties", [False, True])
@pytest.mark.parametrize("text", ["QUJD", LONG])
@pytest.mark.parametrize("identity", [AN, CURVE], ids=["rsa", "ec"])
def test_what_is_made_here_is_usual(form, properties, text, identity):
    time = AT if properties else None
    data = sign_xml(packet(text), signer=identity.signer(), xades=properties, signing_time=time, canonicalization=form)
    assert usual(data)
    assert usual(parse_document(data))
    assert usual(XmlSource.of_skeleton(split(MemoryOctets(data), spool=TemporarySpool), len(data)))


_X132, _X141 = xades.NAMESPACES[:2]


def signature(
    *,
    p: str = "",
    x: str = "",
    steps: tuple[str, ...] = (ENVELOPED,),
    steps2: tuple[str, ...] | None = None,
    form: str = C14N,
    namespace: str = _X132,
    space: str = "",
    signed: str = "",
    objects: str = "",
    version: str = "V2",
) -> str:
    """Return a Signature whose values :func:`sealed` fills in; with *steps2* it has properties of XAdES."""
    q, y = (f"{name}:" if name else "" for name in (p, x))

    def transforms(names: tuple[str, ...]) -> str:
        inner = "".join(f'<{q}Transform Algorithm="{name}"/>' for name in names)
        return f"<{q}Transforms>{inner}</{q}Transforms>{space}" if names else ""

    def referred(attributes: str, names: tuple[str, ...]) -> str:
        return (
            f'<{q}Reference {attributes}>{space}{transforms(names)}<{q}DigestMethod Algorithm="{SHA256}"/>'
            f"{space}<{q}DigestValue>?</{q}DigestValue></{q}Reference>{space}"
        )

    properties = second = ""
    if steps2 is not None:
        second = referred(f'Type="{xades.SIGNED_PROPERTIES}" URI="#props"', steps2)
        declared = f' xmlns:{x}="{namespace}"' if x else f' xmlns="{namespace}"'
        properties = (
            f'<{q}Object><{y}QualifyingProperties{declared} Target="#sig"><{y}SignedProperties Id="props">'
            f"<{y}SignedSignatureProperties><{y}SigningTime>2026-06-01T00:00:00Z</{y}SigningTime>"
            f"<{y}SigningCertificate{version}><{y}Cert>{space}<{y}CertDigest>"
            f'<{q}DigestMethod Algorithm="{SHA256}"/><{q}DigestValue>{b64(AN.certificate.fingerprint)}</{q}DigestValue>'
            f"</{y}CertDigest></{y}Cert></{y}SigningCertificate{version}>{signed}</{y}SignedSignatureProperties>"
            f"</{y}SignedProperties></{y}QualifyingProperties></{q}Object>"
        )
    own = f' xmlns:{p}="{DS}"' if p else f' xmlns="{DS}"'
    return (
        f'<{q}Signature{own} Id="sig">{space}<{q}SignedInfo>{space}<{q}CanonicalizationMethod Algorithm="{form}"/>'
        f'{space}<{q}SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>{space}'
        f"{referred(chr(85) + 'RI=' + chr(34) * 2, steps)}{second}</{q}SignedInfo>{space}"
        f"<{q}SignatureValue>?</{q}SignatureValue>{space}<{q}KeyInfo><{q}X509Data>"
        f"<{q}X509Certificate>{b64(AN.certificate.der)}</{q}X509Certificate></{q}X509Data></{q}KeyInfo>{space}"
        f"{properties}{objects}</{q}Signature>"
    )


def document(sign: str, more: str = "") -> str:
    return f'<a xmlns:u="urn:u" u:k="1"><b>Kính gửi</b>{more}<c><d>{sign}</d></c></a>'


FORMS = [
    {"p": p, "x": x, "steps": steps, "steps2": steps2, "form": form, "space": space}
    for p, x in (("ds", "xades"), ("", "xades"), ("s", "t"))
    for steps in ((ENVELOPED,), (ENVELOPED, EXCLUSIVE), (ENVELOPED, C14N))
    for steps2 in (None, (), (EXCLUSIVE,), (C14N,))
    for form in (C14N, EXCLUSIVE)
    for space in ("", "\n\t ")
]


@pytest.mark.parametrize("form", FORMS)
def test_what_others_write_is_usual(form):
    data = sealed(document(signature(**form)))
    assert usual(data)
    assert sound(read_xml(data)[0])


@pytest.mark.parametrize(
    "more", ["<!-- c -->", '<b ID="x"/>', '<b Id="y">k="1"</b>', "<b>Id=</b>", "<b>&lt;ds:Signature></b>"]
)
def test_what_stands_around_may_be_anything(more):
    assert usual(sealed(document(signature(p="ds"), more=more)))


@pytest.mark.parametrize("text", ["QUJD", LONG])
def test_a_packet_that_was_taken_apart_slowly_is_read_generally(text):
    data = sign_xml(packet(text), signer=AN.signer(), signing_time=AT)
    skeleton = stream(MemoryOctets(data), DEFAULT, spool=TemporarySpool)
    assert not usual(XmlSource.of_skeleton(skeleton, len(data)))
    assert sound(read_xml(XmlSource.of_skeleton(skeleton, len(data)))[0])


def test_who_makes_canonical_octets_otherwise_is_asked_for_all():
    root = parse_document(sealed(document(signature())))
    assert not usual(XmlSource(root=root, size=1000))


def test_other_forms_of_xades_are_read_generally():
    """A timestamp, roles, other references."""
    claims, stamp = Claims(roles=("Giám đốc",)), TimestampAuthority(identity=CA.tsa(), time=AT)
    for how in ({"claims": claims}, {"stamp": stamp}, {"references": [XmlReference(uri="#x")]}):
        data = sign_xml(b'<a><b Id="x"/></a>', signer=AN.signer(), signing_time=AT, **how)
        assert not usual(data)
        assert sound(read_xml(data)[0])


# -- all others ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "new"),
    [
        ("<d>", '<d Id="sig">'),
        ("<d>", '<d u:iD="props">'),
        ("<d>", "<d><?p q?>"),
        ("<b>", '<b Id="x"/><b ID="x">'),
        (' Id="props"', ""),
        (' Id="props"', ' Id="other"'),
        (' Id="props"', ' id="props"'),
        (' Id="props"', ' Id="sig"'),
        ('Target="#sig"', 'Target="#other"'),
        ('SignedProperties" URI', 'CountersignedSignature" URI'),
        ("2026-06-01", "2026-06-41"),
        ("<ds:DigestValue>", "<ds:DigestValue><!-- x -->"),
        ("<ds:X509Certificate>", "<ds:X509Certificate><!-- x -->"),
        ("<ds:X509Certificate>", "<ds:X509Certificate>*"),
        ("<ds:X509Certificate>", "<ds:X509Certificate/><ds:X509Certificate>"),
        ("<ds:X509Data>", "<ds:KeyName>n</ds:KeyName><ds:X509Data>"),
        ("<ds:KeyInfo>", '<ds:KeyInfo xmlns:ds="urn:other">'),
        ("<ds:KeyInfo>.*</ds:KeyInfo>", ""),
        ('"#sig">', '"#sig" xmlns:ds="urn:other">'),
        ("rsa-sha256", "hmac-sha256"),
        ("rsa-sha256", "rsa-sha1024"),
        ("xmlenc#sha256", "xmldsig-more#md5"),
        ('URI=""', 'URI="#xpointer(/)"'),
        ('URI=""', f'Type="{xades.SIGNED_PROPERTIES}" URI=""'),
        ("<a ", "<a " + " ".join(f'xmlns:n{number}="urn:{number}"' for number in range(1001)) + " "),
        ('URI=""', ""),
        ("</d>", '</d><ds:Signature xmlns:ds="urn:other"/>'),
        ("</d>", f'</d><ds:Signature xmlns:ds="{DS}"/>'),
        ("</d>", f'</d><ds:SignedInfo xmlns:ds="{DS}"/>'),
        ("<a ", f'<CounterSignature xmlns="{_X132}" '),
        ("^<a", "<?p q?><a"),
        ("$", "<!-- c -->"),
        ("</xades:SignedProperties>", "</xades:SignedProperties><xades:UnsignedProperties/>"),
    ],
)
def test_these_are_no_usual_signatures(pattern, new):
    """Each of them is told by the general route, whatever it says."""
    text = document(signature(p="ds", x="xades", steps=(ENVELOPED, EXCLUSIVE), steps2=(EXCLUSIVE,)))
    changed, count = re.subn(pattern, lambda _: new, text, count=1)
    assert count
    changed = re.sub("^<CounterSignature(.*)</a>$", r"<CounterSignature\1</CounterSignature>", changed)
    try:
        data = sealed(changed)
    except (VndocError, StopIteration, AttributeError):
        data = changed.replace(">?<", ">QUJD<").encode()
    assert not usual(data)


def test_a_wrong_digest_is_told_by_the_general_route():
    data = sealed(document(signature(p="ds", x="xades", steps2=())))
    assert usual(data)
    for old, new in ((b"K\xc3\xadnh", b"K\xc3\xacnh"), (b"2026-06-01", b"2026-06-02")):
        changed = data.replace(old, new)
        assert changed != data
        assert not usual(changed)
        assert "digest-mismatch" in codes(read_xml(changed)[0])


def test_the_limit_of_work_counts(monkeypatch):
    data = sealed(document(signature()))
    monkeypatch.setattr(_xmldsig_budget, "_TIMES", 1)
    for free, found in ((2000, True), (10, False)):
        monkeypatch.setattr(_xmldsig_budget, "_FREE_OCTETS", free)
        assert usual(data) == found
        assert sound(read_xml(data)[0]) == found


@pytest.mark.parametrize("piece", ["abc=", 'Id="', 'xyId=" ', "d=D="])
def test_texts_that_look_like_attributes_take_little_memory(piece):
    data = sealed(document(signature(), f"<e>{piece * 200_000}</e>"))
    assert usual(data)
    tracemalloc.start()
    try:
        read_xml(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6 * len(data)


def test_expectations_are_those_of_the_general_route():
    data = sealed(document(signature()))
    assert "expected-not-covered" in codes(read_xml(data, expect=["/a/c/d/Signature"])[0])
    assert "expected-not-covered" not in codes(read_xml(data, expect=["/a/b"])[0])


@pytest.mark.parametrize("count", [1, 64, 65])
def test_as_many_certificates_as_there_may_be(count):
    text = signature(p="ds")
    certificates = re.search("<ds:X509Certificate>.*</ds:X509Certificate>", text)[0]
    data = sealed(document(text.replace(certificates, certificates * count)))
    assert usual(data) == (count <= 64)


@pytest.mark.parametrize("levels", range(53, 60))
def test_the_limit_of_levels_counts_with_what_was_taken_out(levels):
    """The certificates are one level less deep than the transforms."""
    text = document(signature(p="ds")).replace("<d>", "<d>" + "<e>" * levels).replace("</d>", "</e>" * levels + "</d>")
    data = sealed(text) if levels + 3 + 5 <= DEFAULT.depth else text.encode()
    short = shortened(data, DEFAULT)
    assert (short is None) == (levels + 3 + 5 > DEFAULT.depth)
    if short is None:
        with pytest.raises(LimitError):
            read_xml(data)
    else:
        assert usual(data)


def test_limits_that_are_low_count_with_what_was_taken_out():
    data = sealed(document(signature(p="ds")))
    for limits in (attrs.evolve(DEFAULT, document_bytes=len(data) - 1), attrs.evolve(DEFAULT, document_nodes=5)):
        assert shortened(data, limits) is None
        with pytest.raises(LimitError):
            read_xml(data, limits=limits)


@pytest.mark.parametrize("space", [10, 2_000_000])
def test_certificates_with_much_white_space(space):
    text = signature(p="ds").replace("<ds:X509Certificate>", "<ds:X509Certificate>" + " " * space)
    data = sealed(document(text))
    assert usual(data) == (space == 10)
    assert ("certificate-too-large" in codes(read_xml(data)[0])) == (space != 10)


_COMMENT = "<!-- <ds:KeyInfo>{}</ds:KeyInfo> -->"


@pytest.mark.parametrize(
    ("before", "inner"),
    [
        ("", "WORD"),
        (_COMMENT, "WORD"),
        ("", f"WORD</ds:KeyInfo>{_COMMENT}<ds:KeyInfo>"),
        ("<![CDATA[<ds:KeyInfo>{}</ds:KeyInfo>]]>", "WORD"),
        ("", "{}</ds:KeyInfo><ds:KeyInfo>{}"),
        ("", "<![CDATA[{}]]>"),
        ("", "{}<!-- x -->"),
        ("", "<s:X509Data xmlns:s='urn:s'/>{}"),
    ],
)
def test_the_word_for_certificates_proves_nothing(before, inner):
    """Whoever writes it himself, or hides certificates, is read as ever."""
    text = signature(p="ds")
    content = re.search("<ds:KeyInfo>(.*)</ds:KeyInfo>", text)[1]
    before, inner = (part.format(content, content).replace("WORD", WORD.decode()) for part in (before, inner))
    data = sealed(document(text.replace(content, inner), more=before))
    shown = f"<ds:KeyInfo>{content}</ds:KeyInfo>"
    written = shown.replace("<", "&lt;").replace(">", "&gt;").encode()
    data = data.replace(written, f"<![CDATA[{shown}]]>".encode())
    assert (b"CDATA" in data) == ("CDATA" in before)
    assert not usual(data)
    assert read_xml(data) == generally(data)


def test_the_word_may_stand_around():
    data = sealed(document(signature(p="ds"), more=f"<b>{WORD.decode()}</b>"))
    assert shortened(data, DEFAULT) is None
    assert usual(data)


def test_certificates_are_kept_by_all_of_their_octets(monkeypatch):
    """Two that begin alike do not stand for each other, and there are never more than so many."""
    kept: dict[bytes, object] = {}
    monkeypatch.setattr(_xmldsig_short, "_KEPT", kept)
    monkeypatch.setattr(_xmldsig_short, "_KEPT_COUNT", 2)
    one, two = (b64(identity.certificate.der) for identity in (AN, CA))
    contents = [
        f"<X509Data><X509Certificate>{one}</X509Certificate>{more}</X509Data></".encode()
        for more in ("", f"<X509Certificate>{two}</X509Certificate>", " ")
    ]
    for content in contents * 2:
        assert len(usual_keys(content).keys.certificates) == content.count(b"</X509Certificate>")
        assert len(kept) == 1
    for identity in (AN, CA, CURVE):
        usual_keys(
            f"<X509Data><X509Certificate>{b64(identity.certificate.der)}</X509Certificate></X509Data></".encode()
        )
        assert len(kept) <= 2
    for bad in (b"", b"<X509Data></X509Data></", b"<X509Data><X509Certificate>AAAA</X509Certificate></X509Data></"):
        assert usual_keys(bad) is None


_PIECES = (
    *("<!-- x -->", "<?p q?>", "<?p <ds:Signature ?>", "&#13;", "&#9;", "&amp;", "&lt;", "]]&gt;", "<![CDATA[<x]]>"),
    *(' Id="x"', ' Id="sig"', ' id="props"', ' xml:id="sig"', ' xml:lang="vi"', ' xml:base="urn:b"', ' k=">"'),
    " k='\"'",
    *(' xmlns:n="urn:n"', ' xmlns:ds="urn:n"', ' xmlns="urn:n"', ' xmlns=""', ' xmlns:n="relative"', " \r\n", "\t"),
    *(f' xmlns:ds="{DS}"', f' xmlns="{DS}"', f' xmlns:s="{DS}"', f' xmlns:xades="{_X141}"', ' Type="t"', "=", "é"),
    *("<b/>", "<e></e>", "<ds:Object/>", "<Object/>", "<ds:Signature>", "<Signature/>", '<b>Id="x"</b>', "AAAA", " "),
    *("<s:Signature xmlns:s='urn:s'></s:Signature>", "<ds:Signature xmlns:ds='urn:s'/>", "V2", "/", ">", '"', "#", "?"),
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A document that is changed in a few places, most of them where it may stay well-formed."""
    text = document(signature(**draw(st.sampled_from(FORMS))))
    places = [found.start() for found in re.finditer(r"(?<=[>])|/?>|(?<=[A-Za-z\"]) |(?<=[A-Za-z])>", text)]
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.sampled_from(places) | st.integers(0, len(text)))
        piece = draw(st.sampled_from(_PIECES))
        text = text[:at] + piece + text[at:]
    return text


@given(texts())
@settings(max_examples=400)
def test_documents_that_are_signed_as_they_are(text):
    try:
        data = sealed(text)
    except (VndocError, StopIteration, AttributeError, LookupError, ValueError):
        return  # no document, or none that can be signed
    event("usual" if usual(data) else "not usual")


SIGNED = [sealed(document(signature(**form))) for form in FORMS[::7]]
SIGNED += [sign_xml(packet(text), signer=AN.signer(), signing_time=AT) for text in ("QUJD", LONG)]


_OTHERS = st.text("<>&\"'/=#: aI\n", max_size=3)


@given(st.sampled_from(SIGNED), st.floats(0, 1), st.sampled_from(_PIECES) | _OTHERS, st.integers(0, 30))
@settings(max_examples=400)
def test_documents_that_are_changed_afterwards(data, where, piece, gone):
    """The facts are equal, or the error is."""
    at = int(where * len(data))
    changed = data[:at] + piece.encode() + data[at + (gone if gone < 15 else 0) :]
    try:
        XmlSource.of(changed)
    except VndocError:
        short = shortened(changed, DEFAULT)
        assert short is None or read_usual(*short) is None
        return
    event("usual" if usual(changed) else "not usual")
