"""Attacks A1 to A9, A17 and A19 of the specification, made by hand: each is refused, by its own reason and no other.

Every attack starts from a document that is sound, so that it is the attack that is refused.
"""

from __future__ import annotations

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import LimitError, ReadError, SignatureError, SourceError, UsageError
from vndoc.pki.outcome import Indication, outcome_of
from vndoc.signature import _xmldsig_budget, xmldsig
from vndoc.signature.xmldsig import read_xml
from vndoc.signature.xmldsig_making import sign_xml
from vndoc.testing.pki import TimestampAuthority
from xmlsig_support import (
    AN,
    AT,
    BINH,
    C14N,
    CA,
    DS,
    ENVELOPED,
    EXCLUSIVE,
    MORE,
    b64,
    certificates,
    codes,
    edited,
    enveloped,
    reference,
    sealed,
    signature,
    sound,
    value_of,
)

BY_ID = (ENVELOPED, EXCLUSIVE)


def only(data: bytes, *expected: str, **how):
    """Read the one signature of *data* and check that these are its reasons; return the facts."""
    [facts] = read_xml(data, **how)
    assert codes(facts) == list(expected), facts.reasons
    return facts


# -- A1: signature wrapping ----------------------------------------------------------------------------


class Wrapping:
    """A document with a signed element in a root, and the ways to wrap it (XSW 1 to 9)."""

    def __init__(self, root: str, inner: str) -> None:
        self.root, self.inner = root, inner

    def element(self, name: str, content: str, id_: str) -> str:
        return f'<{name} ID="{id_}">{content}</{name}>'

    def signed(self, target: str) -> str:
        """Return the honest document; *target* (``root`` or ``inner``) is signed and holds the signature."""
        sign = signature(reference(f"#{target}", transforms=BY_ID), canonical=EXCLUSIVE)
        body = "<Who>Nguyễn Văn An</Who>"
        if target == "root":
            return sealed(self.element(self.root, self.element(self.inner, body, "inner") + sign, "root")).decode()
        return sealed(self.element(self.root, self.element(self.inner, body + sign, "inner"), "root")).decode()

    def parts(self, target: str) -> tuple[str, str, str]:
        """Return the signed element with its signature, without it, and the signature."""
        text = self.signed(target)
        sign = text[text.index("<Signature") : text.index("</Signature>") + 12]
        if target == "root":
            return text, text.replace(sign, ""), sign
        own = text[text.index(f"<{self.inner}") : text.rindex(f"</{self.root}>")]
        return own, own.replace(sign, ""), sign

    def evil(self, more: str = "") -> str:
        return self.element(self.inner, "<Who>Kẻ gian</Who>" + more, "evil")

    def wrapped(self, number: int) -> str:
        whole, bare, sign = self.parts("root" if number < 3 else "inner")
        holding = sign.replace("</Signature>", f'<Object xmlns="">{bare}</Object></Signature>')
        holding = holding.replace('<Object xmlns="">', "<Object>").replace(
            f"<{self.inner} ", f'<{self.inner} xmlns="" '
        )
        holding = holding.replace(f"<{self.root} ", f'<{self.root} xmlns="" ')
        rows = {
            1: self.element(self.root, self.evil() + holding, "evil-root"),
            2: self.element(self.root, self.evil() + sign + bare, "evil-root"),
            3: self.element(self.root, self.evil() + whole, "r"),
            4: self.element(self.root, self.evil(whole), "r"),
            5: self.element(self.root, self.evil(sign) + bare, "r"),
            6: self.element(self.root, self.evil(holding), "r"),
            7: self.element(self.root, f"<Extensions>{self.evil()}</Extensions>{whole}", "r"),
            8: self.element(self.root, f"<Extensions>{self.evil(holding)}</Extensions>", "r"),
            9: self.element(self.root, f"{self.evil(sign)}<Extensions>{bare}</Extensions>", "r"),
        }
        return rows[number]


KINDS = {"saml": Wrapping("Response", "Assertion"), "edxml": Wrapping("edXML", "edXMLEnvelope")}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("target", ["root", "inner"])
def test_a1_the_honest_document_is_sound(kind, target):
    facts = only(KINDS[kind].signed(target).encode())
    assert sound(facts)
    with facts.covered[0].octets.open() as file:
        assert "Nguyễn Văn An" in file.read().decode()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (1, "signature-wrapping"),
        (2, "signature-wrapping"),
        (3, "unsigned-twin"),
        (4, "unsigned-twin"),
        (5, "signature-wrapping"),
        (6, "signature-wrapping"),
        (7, "unsigned-twin"),
        (8, "signature-wrapping"),
        (9, "signature-wrapping"),
    ],
)
def test_a1_wrapping_is_refused(kind, number, code):
    document = KINDS[kind].wrapped(number).encode()
    [facts] = read_xml(document)
    assert code in codes(facts)
    assert set(codes(facts)) <= {code, "digest-mismatch"}  # what lies in its own signature is left out with it
    assert outcome_of(facts.reasons).indication is not Indication.PASSED
    for covered in facts.covered:
        if covered.octets is not None:
            with covered.octets.open() as file:
                assert "Kẻ gian" not in file.read().decode() or number == 4


@pytest.mark.parametrize("number", range(1, 10))
@pytest.mark.parametrize("kind", KINDS)
def test_a1_what_the_caller_expects_is_not_covered(kind, number):
    """An application reads the first element of the name; that is what it has to say."""
    forms = KINDS[kind]
    document = forms.wrapped(number).encode()
    first = next(etree.fromstring(document).iter(forms.inner))
    path = first.getroottree().getpath(first)
    [facts] = read_xml(document, expect=(path,))
    assert "expected-not-covered" in codes(facts)


def test_a1_an_expectation_that_is_met_is_no_reason():
    document = KINDS["saml"].wrapped(7).encode()
    facts = only(document, expect=("/Response/Assertion",))
    assert sound(facts)
    only(document, expect=("/Response/Assertion/Who",))
    only(enveloped_signed(), expect=("/a/b", "/a"))
    only(document, "expected-not-covered", expect=("/Response/Extensions",))


def test_a1_one_text_is_no_list_of_expectations():
    with pytest.raises(UsageError) as caught:
        read_xml(enveloped_signed(), expect="/a/b")
    assert caught.value.code == "option-invalid"


def enveloped_signed() -> bytes:
    return sealed(enveloped())


# -- A2: Ids -------------------------------------------------------------------------------------------

PART = f'<a><b Id="x">1</b>{signature(reference("#x"))}</a>'


@pytest.mark.parametrize(
    "attribute", ['Id="x"', 'ID="x"', 'id="x"', 'xml:id="x"', 'iD="x"', 'u:Id="x" xmlns:u="urn:u"', 'xml:id="x" Id="y"']
)
def test_a2_an_id_twice_is_refused_however_it_is_spelt(attribute):
    good = sealed(PART)
    assert sound(only(good))
    only(good.replace(b"</a>", f"<c {attribute}/></a>".encode()), "duplicate-id", "signed-data-not-found")


def test_a2_one_element_with_the_same_id_twice():
    only(sealed(PART).replace(b'<b Id="x">', b'<b Id="x" ID="x">'), "duplicate-id", "signed-data-not-found")


def test_a2_an_id_twice_counts_even_if_nobody_refers_to_it():
    facts = only(enveloped_signed().replace(b"<b>", b'<b Id="q"><c Id="q"/>'), "duplicate-id", "digest-mismatch")
    assert "q" in facts.reasons[0].text()


@pytest.mark.parametrize("attribute", ["Id", "ID", "id", "xml:id"])
def test_a2_each_common_spelling_resolves(attribute):
    assert sound(only(sealed(f'<a><b {attribute}="x">1</b>{signature(reference("#x"))}</a>', octets=first_b)))


def first_b(node, sign):
    root = sign.getroottree().getroot()
    return etree.tostring(root[0], method="c14n", with_tail=False)


@pytest.mark.parametrize("attribute", ["iD", "u:Id"])
def test_a2_other_spellings_do_not_resolve(attribute):
    document = f'<a xmlns:u="urn:u"><b {attribute}="x">1</b>{signature(reference("#x", b64(b"0" * 32)))}</a>'
    only(sealed(document), "signed-data-not-found")


def test_a2_elements_of_xml_dsig_have_their_id_in_id_only():
    inner = '<Object ID="o">x</Object>'
    only(sealed(f"<a>{signature(reference('#o', b64(b'0' * 32)), objects=inner)}</a>"), "signed-data-not-found")


# -- A3: transforms ------------------------------------------------------------------------------------

XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"


@pytest.mark.parametrize(
    ("transforms", "code"),
    [
        ((XSLT,), "xslt-refused"),
        ((ENVELOPED, f'<Transform Algorithm="{XPATH}"><XPath>not(ancestor::x)</XPath></Transform>'), "xpath-refused"),
        (("http://www.w3.org/2002/06/xmldsig-filter2",), "xpath-refused"),
        (("http://www.w3.org/TR/xml-exc-c14n#",), "transform-unknown"),
        (("",), "transform-unknown"),
        ((ENVELOPED, C14N, C14N, C14N), "too-many-transforms"),
        ((C14N,) * 5000, "too-many-transforms"),
        ((C14N,) * 5000 + (XSLT,), "xslt-refused"),
        ((C14N, ENVELOPED), "transform-failed"),
        ((DS + "base64",), "base64-invalid"),
        ((ENVELOPED, DS + "base64"), "transform-failed"),
    ],
)
def test_a3_transforms_outside_the_list_are_refused(transforms, code):
    sign = signature(reference("", b64(b"0" * 32), transforms=transforms))
    facts = only(sealed(f"<a>Kính gửi{sign}</a>"), code)
    assert facts.verify(AN.certificate)  # so it is the transform alone
    assert facts.covered[0].intact is None


def test_a3_three_transforms_and_thirty_references_are_taken():
    one = reference("", transforms=(ENVELOPED, C14N, C14N))
    assert sound(only(sealed(f"<a>{signature(*[one] * 30)}</a>")))


@pytest.mark.parametrize("count", [31, 1000])
def test_a3_more_references_are_refused(count):
    facts = only(sealed(f"<a>{signature(*[reference('', b64(b'0' * 32))] * count)}</a>"), "too-many-references")
    assert facts.covered == ()
    assert str(count) in facts.reasons[0].text()


# -- A4: document type declarations ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE a>",
        '<!DOCTYPE a [<!ENTITY e "x">]>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE a [<!ATTLIST b Id ID #IMPLIED n CDATA "injected">]>',
        '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>',
    ],
)
def test_a4_a_doctype_is_refused(doctype):
    with pytest.raises(ReadError) as caught:
        read_xml(doctype.encode() + enveloped_signed())
    assert caught.value.code == "xml-dtd"


def test_a4_so_is_a_tree_that_had_one():
    root = etree.fromstring(b'<!DOCTYPE a [<!ATTLIST b n CDATA "x">]>' + enveloped_signed())
    with pytest.raises(ReadError) as caught:
        read_xml(root)
    assert caught.value.code == "xml-dtd"
    assert sound(read_xml(etree.fromstring(enveloped_signed()))[0])


# -- A5: external references -----------------------------------------------------------------------------


@pytest.mark.parametrize("uri", ["http://localhost/x", "file:///etc/passwd", "cid:att0", "x.xml", "//host/share"])
def test_a5_nothing_outside_is_fetched(uri):
    content = "Nội dung".encode()
    sign = signature(reference(uri, b64(hashlib.sha256(content).digest())))
    data = sealed(sign)
    facts = only(data, "signed-data-not-found")
    assert facts.covered[0].intact is None
    asked = []

    def resolver(name):
        asked.append(name)
        return MemoryOctets(content)

    assert sound(only(data, resolver=resolver))
    assert asked == [uri]
    only(data, "digest-mismatch", resolver=lambda _: MemoryOctets(b"other"))
    only(data, "signed-data-not-found", resolver=lambda _: None)


class Broken:
    size = 3

    def __init__(self, error: Exception) -> None:
        self.error = error

    def open(self):
        raise self.error


def test_a5_a_source_that_fails_is_data_not_found():
    data = sealed(signature(reference("cid:x", b64(b"0" * 32))))
    for error in (OSError("gone"), SourceError("source-closed")):
        only(data, "signed-data-not-found", resolver=lambda _, e=error: Broken(e))

        def fails(_, e=error):
            raise e

        only(data, "signed-data-not-found", resolver=fails)


def test_a5_a_reference_without_uri_is_data_not_found():
    only(
        sealed(signature(reference(None, b64(b"0" * 32)))),
        "signed-data-not-found",
        resolver=lambda _: MemoryOctets(b""),
    )


# -- A6: HMAC ------------------------------------------------------------------------------------------


def test_a6_the_public_key_as_secret_of_a_mac_is_refused():
    """Key confusion: a MAC under the certificate's public octets, which everybody has."""
    data = sealed(f"<a>{signature(reference('', transforms=(ENVELOPED, C14N)), method=DS + 'hmac-sha1')}</a>")
    [facts] = read_xml(data)
    public = AN.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (public, AN.certificate.spki, AN.certificate.der):
        mac = b64(hmac.digest(secret, facts.signed_octets, "sha1"))
        forged = edited(data, "<SignatureValue>.*</SignatureValue>", f"<SignatureValue>{mac}</SignatureValue>")
        facts = only(forged, "hmac-refused")
        assert not facts.verify(AN.certificate)
        assert not facts.verify_key(AN.certificate.public_key)


@pytest.mark.parametrize("length", ["0", "8", "160"])
def test_a6_truncation_is_refused_whatever_the_algorithm(length):
    how = {"inner": f"<HMACOutputLength>{length}</HMACOutputLength>"}
    only(sealed(enveloped(**how)), "hmac-output-length")
    only(sealed(enveloped(method=MORE + "hmac-sha256", **how)), "hmac-output-length", "hmac-refused")


@pytest.mark.parametrize(
    ("method", "code"),
    [
        (DS + "dsa-sha1", "dsa-refused"),
        ("http://www.w3.org/2009/xmldsig11#dsa-sha256", "dsa-refused"),
        (MORE + "rsa-md5", "signature-digest-refused"),
        (MORE + "rsa-ripemd160", "signature-digest-refused"),
        ("urn:none", "signature-method-unknown"),
        (MORE + "hmac-md5", "hmac-refused"),
    ],
)
def test_a6_what_is_not_verified_is_refused_by_name(method, code):
    facts = only(sealed(enveloped(method=method)), code)
    assert not facts.verify(AN.certificate)
    assert not outcome_of(facts.reasons).passed


def test_a6_the_key_decides_and_not_the_document():
    """An RSA signature that calls itself ECDSA verifies under no key, and the other way round."""
    facts = only(sealed(enveloped(method=MORE + "ecdsa-sha256")))
    assert not facts.verify(AN.certificate)
    assert not only(enveloped_signed()).verify(BINH.certificate)


@pytest.mark.parametrize(
    ("method", "code"),
    [
        (MORE + "md5", "digest-refused"),
        ("http://www.w3.org/2001/04/xmlenc#ripemd160", "digest-refused"),
        ("urn:d", "digest-unknown"),
    ],
)
def test_a6_digests_that_are_not_computed_are_refused_by_name(method, code):
    sign = signature(reference("", b64(b"0" * 16), transforms=(ENVELOPED,), method=method))
    assert only(sealed(f"<a>{sign}</a>"), code).covered[0].intact is None


# -- A7: text --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", ["<!-- x -->", "<?x y?>", "<b/>"])
@pytest.mark.parametrize("name", ["DigestValue", "SignatureValue", "X509Certificate"])
def test_a7_values_are_plain_text(name, inside):
    data = enveloped_signed()
    facts = only(edited(data, f"<{name}>(.{{8}})", f"<{name}>{inside}"), "text-not-plain")
    assert name in facts.reasons[0].text()
    split = edited(data, f"</{name}>", f"{inside}AAAA</{name}>")
    only(split, "text-not-plain")


@pytest.mark.parametrize("name", ["DigestValue", "SignatureValue", "X509Certificate"])
def test_a7_character_data_may_be_written_in_any_way(name):
    data = enveloped_signed()
    start = data.index(f"<{name}>".encode()) + len(name) + 2
    cdata = data[:start] + b"<![CDATA[" + data[start : start + 4] + b"]]>" + data[start + 4 :]
    assert sound(only(cdata))
    if name != "DigestValue":  # that one is signed
        assert sound(only(data[:start] + b"\r\n\t " + data[start:]))
    assert sound(only(data[:start] + b"&#%d;" % data[start] + data[start + 1 :]))


@pytest.mark.parametrize("name", ["DigestValue", "SignatureValue", "X509Certificate"])
@pytest.mark.parametrize("bad", ["*", "=", "A", "\u00e9", "-_"])
def test_base64_is_strict(name, bad):
    only(edited(enveloped_signed(), f"<{name}>", f"<{name}>{bad}"), "base64-invalid")


@pytest.mark.parametrize("name", ["DigestValue", "SignatureValue"])
def test_unused_bits_at_the_end_of_base64_have_their_own_reason(name):
    data = enveloped_signed()
    stop = data.index(f"</{name}>".encode())
    last = stop - 1 - data[:stop][::-1].index(next(c for c in data[:stop][::-1] if c != ord("=")))
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = alphabet[alphabet.index(data[last]) + 1]
    only(data[:last] + bytes([other]) + data[last + 1 :], "base64-tail-bits")


# -- A8: SignedInfo --------------------------------------------------------------------------------------


def info_of(data: bytes) -> bytes:
    return data[data.index(b"<SignedInfo>") : data.index(b"</SignedInfo>") + 13]


def test_a8_two_signed_infos():
    data = enveloped_signed()
    evil = info_of(data).replace(b"<DigestValue>", b"<DigestValue>AAAA")
    facts = only(data.replace(info_of(data), evil + info_of(data)), "signed-info-repeated")
    assert not facts.verify(AN.certificate)
    only(data.replace(info_of(data), info_of(data) + evil), "signed-info-repeated")
    only(data.replace(info_of(data), b""), "signed-info-repeated")


def test_a8_a_nested_signed_info():
    data = enveloped_signed()
    for place in (b"</KeyInfo>", b"</SignatureValue>", b"</Signature>"):
        wrapped = b"<Object>" + info_of(data) + b"</Object>"
        only(data.replace(place, wrapped + place), "signed-info-nested")
    hidden = data.replace(info_of(data), b"<Object>" + info_of(data) + b"</Object>")
    only(hidden, "signed-info-repeated")


def test_a8_a_signature_in_an_object_has_its_own_signed_info():
    inner = sealed(enveloped(name="inner"), BINH).decode().replace("<?xml version='1.0' encoding='utf-8'?>", "")
    outer = sealed(f"<z>{signature(reference('', transforms=(ENVELOPED,)), objects=f'<Object>{inner}</Object>')}</z>")
    first, second = read_xml(outer)
    assert sound(first)
    assert second.place == "/z/Signature/Object/a/Signature"
    assert codes(second) == ["digest-mismatch"]  # URI="" is another document here


@pytest.mark.parametrize(
    ("pattern", "new"),
    [
        ("<SignatureValue>.*</SignatureValue>", ""),
        ("<SignatureValue>", "<SignatureValue>AAAA</SignatureValue><SignatureValue>"),
        ("<SignedInfo>", '<SignedInfo xmlns="urn:evil"/><SignedInfo>'),
        ("<KeyInfo>", "<KeyInfo/><KeyInfo>"),
        ("<SignedInfo>", "<Object/><SignedInfo>"),
        ("</Signature>", "<b/></Signature>"),
        ("<CanonicalizationMethod [^>]*>", ""),
        ("</SignedInfo>", "<Object/></SignedInfo>"),
        ("<Transform ", "<x/><Transform "),
        ("<DigestMethod ", "<x/><DigestMethod "),
    ],
)
def test_a8_the_structure_is_that_of_xml_dsig(pattern, new):
    only(edited(enveloped_signed(), pattern, new), "signature-malformed")


@pytest.mark.parametrize(
    "pattern", ["<DigestValue>.*</DigestValue>", "<DigestMethod [^>]*>", "(?<=<DigestValue>)[^<]*"]
)
def test_a_missing_digest(pattern):
    only(edited(enveloped_signed(), pattern, ""), "digest-missing")


def test_no_references():
    only(sealed(f"<a>{signature()}</a>"), "references-missing")


def test_an_unknown_canonical_form():
    data = enveloped_signed()
    only(edited(data, '(?<=<CanonicalizationMethod Algorithm=")[^"]*', "urn:c14n"), "canonicalization-unknown")


# -- A9: one tree ----------------------------------------------------------------------------------------


def test_a9_comments_and_instructions_between_the_parts_change_nothing():
    data = enveloped_signed()
    for place in (b"<SignatureValue>", b"<Reference ", b"<DigestMethod", b"<KeyInfo>"):
        [facts] = read_xml(data.replace(place, b"<!-- <SignedInfo/> -->" + place))
        assert codes(facts) == []
        assert facts.verify(AN.certificate)


def test_a9_what_is_handed_out_is_what_was_digested():
    [facts] = read_xml(enveloped_signed())
    with facts.covered[0].octets.open() as file:
        octets = file.read()
    assert hashlib.sha256(octets).digest() == facts.covered[0].value
    assert octets == "<a><b>Kính gửi</b></a>".encode()


# -- A17: limits -----------------------------------------------------------------------------------------


def test_a17_signatures_in_one_document():
    sign = signature(reference("", b64(b"0" * 32)), key_info="").replace('Id="sig"', "")
    good = f"<a>{sign * xmldsig.MAX_SIGNATURES}</a>".encode()
    assert len(read_xml(good)) == xmldsig.MAX_SIGNATURES
    with pytest.raises(LimitError) as caught:
        read_xml(good.replace(b"</a>", sign.encode() + b"</a>"))
    assert caught.value.code == "limit-signatures"


@pytest.fixture
def budget(monkeypatch):
    def set_budget(times):
        monkeypatch.setattr(_xmldsig_budget, "_FREE_OCTETS", 0)
        monkeypatch.setattr(_xmldsig_budget, "_TIMES", times)

    return set_budget


def test_a17_the_same_document_digested_too_often(budget):
    budget(3)
    prefixes = [f'<InclusiveNamespaces xmlns="{EXCLUSIVE}" PrefixList="p{n}"/>' for n in range(4)]
    steps = [f'<Transform Algorithm="{EXCLUSIVE}">{p}</Transform>' for p in prefixes]
    references = [reference("", transforms=(ENVELOPED, step)) for step in steps]
    data = sealed(f"<a>{'x' * 20_000}{signature(*references)}</a>")
    facts = only(data, "too-much-to-digest", "too-much-to-digest")
    assert [c.intact for c in facts.covered] == [True, True, None, None]


def test_a17_equal_octets_are_digested_once(budget):
    budget(2)
    one = reference("", transforms=(ENVELOPED, C14N))
    assert sound(only(sealed(f"<a>{'x' * 20_000}{signature(*[one] * 30)}</a>")))


def test_a17_what_is_left_out_costs_as_much_as_what_is_not(budget):
    """The signature is nearly the whole document: it is copied, and then left out."""
    budget(3)
    steps = [
        f'<Transform Algorithm="{EXCLUSIVE}"><InclusiveNamespaces xmlns="{EXCLUSIVE}" PrefixList="p{n}"/></Transform>'
        for n in range(4)
    ]
    references = [reference("", transforms=(ENVELOPED, step)) for step in steps]
    data = sealed(f"<a>{signature(*references, objects=f'<Object>{chr(120) * 20_000}</Object>')}</a>")
    facts = only(data, "too-much-to-digest", "too-much-to-digest")
    assert [c.intact for c in facts.covered] == [True, True, None, None]


def test_a17_octets_between_transforms_cost_too(budget):
    budget(48)  # what is decoded counts sixteen times
    text = b64(b"*" * 15_000)
    wrong = reference("#x", b64(b"0" * 32), transforms=(DS + "base64", DS + "base64"))
    again = reference("#x", b64(b"0" * 32), transforms=(C14N, DS + "base64"))
    facts = read_xml(sealed(f'<a><b Id="x">{text}</b>{signature(*[wrong] * 15, *[again] * 15)}</a>'))[0]
    assert set(codes(facts)) == {"base64-invalid", "too-much-to-digest"}
    assert codes(facts).count("base64-invalid") < 6


def test_a17_signed_infos_and_values_of_many_signatures(budget):
    """SignedInfo of a nested signature belongs to it alone; each costs what it is long."""
    budget(1)
    sign = signature(reference("cid:x", b64(b"0" * 32)), key_info="").replace('Id="sig"', "").replace("?", "AAAA")
    deep = sign
    for _ in range(12):
        deep = sign.replace("</Signature>", f"<Object>{deep}</Object></Signature>")
    assert {code for facts in read_xml(deep.encode()) for code in codes(facts)} == {"signed-data-not-found"}


def test_a17_a_deep_document_is_refused_before_anything_else():
    with pytest.raises(LimitError) as caught:
        read_xml(b"<a>" * 100 + b"</a>" * 100)
    assert caught.value.code == "limit-depth"


def test_a17_certificates_in_one_signature():
    def data(count):
        shown = f"<X509Certificate>{b64(BINH.certificate.der)}</X509Certificate>" * count
        info = certificates(AN).replace("</X509Data>", shown + "</X509Data>")
        return sealed(enveloped(key_info=info))

    assert sound(only(data(63)))
    facts = only(data(64), "too-many-certificates")
    assert facts.certificates == (AN.certificate, BINH.certificate)


# -- A19: timestamps -------------------------------------------------------------------------------------


def test_a19_a_timestamp_of_another_signature():
    stamp = TimestampAuthority(identity=CA.tsa(), time=AT)
    one, two = (
        sign_xml(text.encode(), signer=AN.signer(), signing_time=AT, stamp=stamp) for text in ("<a>1</a>", "<a>2</a>")
    )
    for data in (one, two):
        facts = only(data)
        assert [(t.intact, t.reasons) for t in facts.timestamps] == [(True, ())]

    def token(data: bytes) -> bytes:
        mark = b"EncapsulatedTimeStamp>"
        return data.split(mark)[1]

    facts = only(one.replace(token(one), token(two)))
    [stamped] = facts.timestamps
    assert stamped.intact is False
    assert [r.code for r in stamped.reasons] == ["timestamp-imprint-differs"]
    assert facts.level == "T"  # a claim; the verdict is the evaluation's


# -- input that is no signature --------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"<a/>", b"<Signature/>", b'<a><Signature xmlns="http://www.e-doc.vn/Schema/"/></a>'])
def test_no_signature(data):
    with pytest.raises(SignatureError) as caught:
        read_xml(data)
    assert caught.value.code == "no-signature"


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"<a>", b"\xff\xfe", b"<a><b></a>"])
def test_no_xml(data):
    with pytest.raises(ReadError):
        read_xml(data)


def test_an_empty_signature():
    facts = only(f'<Signature xmlns="{DS}"/>'.encode(), "signed-info-repeated")
    assert (facts.algorithm, facts.signature_value, facts.signed_octets) == (None, b"", b"")
    assert not facts.verify(AN.certificate)


def test_certificates_that_cannot_be_used():
    only(
        sealed(enveloped(key_info=certificates(AN).replace(b64(AN.certificate.der), b64(AN.certificate.der[:-5])))),
        "certificate-unreadable",
    )
    only(
        sealed(enveloped(key_info=certificates(AN).replace(b64(AN.certificate.der), b64(b"\x30\x03abc")))),
        "certificate-unreadable",
    )


@pytest.mark.parametrize("size", [256 * 1024 + 1, 1_000_000, 37_500_000])
def test_a_huge_certificate(size):
    text = b64(b"\x30\x83" + bytes(size - 2))
    facts = only(
        sealed(
            enveloped(key_info=f"<KeyInfo><X509Data><X509Certificate>{text}</X509Certificate></X509Data></KeyInfo>")
        ),
        "certificate-too-large",
    )
    assert facts.candidates == ()


@pytest.mark.parametrize(
    "info",
    [
        f"<KeyInfo><X509Certificate>{b64(AN.certificate.der)}</X509Certificate></KeyInfo>",
        f"<KeyInfo><X509Data><b><X509Certificate>{b64(AN.certificate.der)}</X509Certificate></b></X509Data></KeyInfo>",
    ],
)
def test_a_certificate_in_the_wrong_place_is_not_used(info):
    facts = only(sealed(enveloped(key_info=info)), "certificate-misplaced")
    assert facts.certificates == ()


def test_a_certificate_elsewhere_in_the_document_is_not_used():
    facts = only(
        sealed(
            enveloped(body=f'<X509Certificate xmlns="{DS}">{b64(AN.certificate.der)}</X509Certificate>', key_info="")
        )
    )
    assert facts.certificates == facts.candidates == ()


def test_wrong_content_and_wrong_value():
    data = enveloped_signed()
    only(data.replace("Kính".encode(), "Gửi".encode()), "digest-mismatch")
    other = b64(value_of(BINH, read_xml(data)[0].signed_octets))
    facts = only(edited(data, "<SignatureValue>.*</SignatureValue>", f"<SignatureValue>{other}</SignatureValue>"))
    assert not facts.verify(AN.certificate)
    assert facts.verify(BINH.certificate)
