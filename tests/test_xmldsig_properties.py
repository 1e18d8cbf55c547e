"""Properties: what changes a verdict, what cannot, and that any octets give facts or one error of the package."""

from __future__ import annotations

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from vndoc.errors import VndocError
from vndoc.pki.outcome import Reason
from vndoc.signature.facts import Covered
from vndoc.signature.xmldsig import XmlSignatureFacts, read_xml
from vndoc.signature.xmldsig_making import Claims, XmlReference, sign_xml
from vndoc.testing.pki import TimestampAuthority
from vndoc.xml import Canonical
from xmlsig_support import (
    AN,
    AT,
    C14N,
    CA,
    DS,
    ENVELOPED,
    EXCLUSIVE,
    codes,
    enveloped,
    reference,
    sealed,
    signature,
    sound,
)

STAMPED = sign_xml(
    '<a xmlns="urn:a" xmlns:u="urn:u"><b Id="x">Kính gửi</b><!-- c --><c u:d="1"/>\n<?pi x?></a>'.encode(),
    signer=AN.signer(),
    signing_time=AT,
    stamp=TimestampAuthority(identity=CA.tsa(), time=AT),
    claims=Claims(roles=("Giám đốc",)),
)
PLAIN = sealed(enveloped('<b x="1">Kính gửi</b><!-- c --><c/>'))
PARTS = sealed(
    f'<a><b Id="x">1</b><c Id="y">2</c>{signature(reference("#x"), reference("#y", transforms=(EXCLUSIVE,)))}</a>'
)
DOCUMENTS = (STAMPED, PLAIN, PARTS)


def proven(data: bytes) -> object:
    """Return everything that is proven about the one signature in *data*, ``None`` if it does not hold."""
    try:
        [facts] = read_xml(data)
    except (VndocError, ValueError):
        return None
    if not sound(facts):
        return None
    return (
        facts.algorithm,
        facts.signed_octets,
        facts.claimed_time,
        facts.claimed_roles,
        facts.binding(AN.certificate),
        tuple((c.what, c.name, c.digest, c.value, c.element_path, octets(c)) for c in facts.covered),
    )


def octets(covered: Covered) -> bytes:
    assert covered.octets is not None
    with covered.octets.open() as file:
        return file.read()


PROVEN = [proven(data) for data in DOCUMENTS]


def test_the_documents_hold():
    assert None not in PROVEN


@given(st.sampled_from(range(len(DOCUMENTS))), st.data())
@settings(max_examples=300)
def test_raw_changes_flip_the_verdict_or_leave_every_proven_value_equal(number, data):
    document = DOCUMENTS[number]
    start = data.draw(st.integers(0, len(document) - 1))
    stop = data.draw(st.integers(start, min(start + 3, len(document))))
    new = data.draw(
        st.binary(max_size=3) | st.sampled_from([b" ", b"\n", b"<!-- x -->", b"<x/>", b"&#65;", b"<![CDATA[x]]>"])
    )
    changed = document[:start] + new + document[stop:]
    assert proven(changed) in (None, PROVEN[number])


@given(st.sampled_from(range(len(DOCUMENTS))), st.data())
@settings(max_examples=200)
def test_moved_parts_flip_the_verdict_or_leave_every_proven_value_equal(number, data):
    """Elements are moved, copied and removed, as wrapping attacks do."""
    root = etree.fromstring(DOCUMENTS[number])
    nodes = list(root.iter("*"))
    node = data.draw(st.sampled_from(nodes[1:]))
    place = data.draw(st.sampled_from(nodes))
    assume(node is not place and node not in place.iterancestors())
    how = data.draw(st.sampled_from(["move", "copy", "remove"]))
    if how == "copy":
        place.insert(0, etree.fromstring(etree.tostring(node, with_tail=False)))
    elif how == "move":
        place.append(node)
    else:
        node.getparent().remove(node)
    found = proven(etree.tostring(root))
    if found is not None:
        assert found[:5] == PROVEN[number][:5]
        assert [c[:4] + c[5:] for c in found[5]] == [c[:4] + c[5:] for c in PROVEN[number][5]]


names = st.sampled_from(["a", "b", "u:c"])
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=8
)


@st.composite
def elements(draw, depth=3):
    name = draw(names)
    attributes = draw(st.dictionaries(st.sampled_from(["x", "u:y", "xml:lang"]), texts, max_size=2))
    children = draw(st.lists(elements(depth - 1) | texts.map(escaped), max_size=3)) if depth else []
    shown = "".join(f' {k}="{escaped(v)}"' for k, v in attributes.items())
    return f"<{name}{shown}>{''.join(children)}</{name}>"


def escaped(text: str) -> str:
    return "".join(f"&#{ord(c)};" if c in "<>&\"'\r\n\t" else c for c in text)


@given(elements(), elements(), st.sampled_from(list(Canonical)), st.booleans(), st.integers(0, 2))
@settings(max_examples=60)
def test_what_we_sign_is_sound_and_every_change_of_canonical_octets_flips_it(body, other, form, xades, where):
    text = f'<r xmlns:u="urn:u" xmlns="urn:r">{body}</r>'
    signed = sign_xml(
        text.encode(),
        signer=AN.signer(),
        xades=xades,
        signing_time=AT if xades else None,
        canonicalization=form,
        references=None if where else [XmlReference(uri="", transforms=(ENVELOPED, form.value))],
    )
    [facts] = read_xml(signed)
    assert sound(facts)
    before = octets(facts.covered[0])
    changed = signed.replace(body.encode(), other.encode(), 1)
    [again] = read_xml(changed)
    reading = f'<r xmlns:u="urn:u" xmlns="urn:r">{other}</r>'.encode()
    same = (
        octets(read_xml(sign_xml(reading, signer=AN.signer(), xades=False, canonicalization=form))[0].covered[0])
        == before
    )
    assert sound(again) is same
    assert again.covered[0].intact is same


@given(st.binary(max_size=200))
@example(b"")
@example(b"<a/>")
def test_any_octets_give_facts_or_an_error_of_the_package(data):
    try:
        read_xml(data)
    except VndocError as error:
        texts = error.text("vi"), error.text("en")
    else:
        texts = ("", "x")
    assert texts[0] != texts[1]


fragments = st.sampled_from(
    [
        "SignedInfo", "CanonicalizationMethod", "SignatureMethod", "Reference", "Transforms", "Transform",
        "DigestMethod", "DigestValue", "SignatureValue", "KeyInfo", "X509Data", "X509Certificate", "X509IssuerSerial",
        "X509SerialNumber",
        "X509IssuerName", "KeyValue", "RSAKeyValue", "Modulus", "Exponent", "Object", "Manifest", "HMACOutputLength",
        "x:QualifyingProperties", "x:SignedProperties", "x:SignedSignatureProperties", "x:SigningTime",
        "x:SigningCertificate", "x:Cert", "x:CertDigest", "x:UnsignedProperties", "x:UnsignedSignatureProperties",
        "x:SignatureTimeStamp", "x:EncapsulatedTimeStamp", "x:CounterSignature", "Signature", "x:CertificateValues",
        "x:EncapsulatedX509Certificate", "x:HashDataInfo", "InclusiveNamespaces",
    ]
)  # fmt: skip
uris = st.sampled_from(
    [
        *("", "#x", "#y", "#xpointer(/)", "#xpointer(id('x'))", "cid:a", ENVELOPED, C14N, EXCLUSIVE, DS + "base64"),
        *(DS + "sha1", DS + "rsa-sha1", DS + "hmac-sha1", "http://www.w3.org/2001/04/xmlenc#sha256"),
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2007/05/xmldsig-more#rsa-pss",
    ]
)


@st.composite
def odd_signatures(draw, depth=3):
    name = draw(fragments)
    shown = "".join(
        f' {key}="{draw(uris)}"' for key in draw(st.sets(st.sampled_from(["Algorithm", "URI", "Target", "Type"])))
    )
    shown += draw(st.sampled_from(["", "", ' Id="x"', ' Id="y"']))
    inner = "".join(draw(st.lists(odd_signatures(depth - 1), max_size=3))) if depth else ""
    inner += draw(st.sampled_from(["", "", "MAA=", "1", "2026-01-01T00:00:00Z", "<!-- -->", "*"]))
    return f"<{name}{shown}>{inner}</{name}>"


@given(st.lists(odd_signatures(), max_size=3), st.booleans())
@settings(max_examples=200)
def test_any_tree_of_these_elements_gives_facts_or_an_error_of_the_package(parts, whole):
    text = f'<Signature xmlns="{DS}" xmlns:x="http://uri.etsi.org/01903/v1.3.2#" Id="s">{"".join(parts)}</Signature>'
    if whole:
        text = text.replace(
            'Id="s">',
            f'Id="s"><SignedInfo><CanonicalizationMethod Algorithm="{C14N}"/>'
            f'<SignatureMethod Algorithm="{DS}rsa-sha1"/>'
            f"{reference('', 'AAAA')}</SignedInfo><SignatureValue>AAAA</SignatureValue>",
            1,
        )
    try:
        found = read_xml(text.encode())
    except VndocError:
        return
    for facts in found:
        assert isinstance(facts, XmlSignatureFacts)
        assert not facts.verify(AN.certificate)
        assert all(isinstance(r, Reason) and r.text("vi") for r in facts.reasons)
        assert "?" not in "".join(r.text() for r in facts.reasons).replace('"?', "")
        repr(facts)


@given(st.sampled_from(range(len(DOCUMENTS))), st.integers(0, 3000), st.integers(0, 255))
@settings(max_examples=300)
def test_a_changed_octet_never_raises_anything_else(number, position, octet):
    document = bytearray(DOCUMENTS[number])
    document[position % len(document)] = octet
    try:
        found = read_xml(bytes(document))
    except VndocError:
        return
    for facts in found:
        codes(facts)
        for covered in facts.covered:
            if covered.octets is not None:
                octets(covered)
