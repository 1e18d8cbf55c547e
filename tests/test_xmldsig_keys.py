"""KeyInfo: names of certificates, bare keys, and RSASSA-PSS with parameters."""

from __future__ import annotations

import hashlib
import itertools

import pytest
from attrs import evolve
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import CertificateError
from vndoc.limits import DEFAULT
from vndoc.pki import Family, SignatureAlgorithm, der
from vndoc.signature._xmldsig_keys import name_values, named_by
from vndoc.signature.xmldsig import read_xml
from xmlsig_support import (
    AN,
    BINH,
    C14N,
    CA,
    CURVE,
    DS,
    ENVELOPED,
    MORE,
    SHA256,
    b64,
    certificates,
    codes,
    edited,
    enveloped,
    reference,
    sealed,
    signature,
    sound,
)

DS11 = "http://www.w3.org/2009/xmldsig11#"
PRINT = b64(AN.certificate.fingerprint)
PSS = "http://www.w3.org/2007/05/xmldsig-more#"


def facts_of(info: str, *expected: str):
    [facts] = read_xml(sealed(enveloped(key_info=f"<KeyInfo>{info}</KeyInfo>")))
    assert codes(facts) == list(expected), facts.reasons
    return facts


def issuer_serial(issuer: str, serial: object) -> str:
    return (
        f"<X509Data><X509IssuerSerial><X509IssuerName>{issuer}</X509IssuerName>"
        f"<X509SerialNumber>{serial}</X509SerialNumber></X509IssuerSerial></X509Data>"
    )


@pytest.mark.parametrize(
    ("info", "named"),
    [
        (issuer_serial("CN=CA thử nghiệm,O=Authority of tests,C=VN", AN.certificate.serial), True),
        (issuer_serial("c = vn , cn = CA  Thử Nghiệm,o=authority of TESTS", f" {AN.certificate.serial} "), True),
        (issuer_serial("CN=CA thử nghiệm,O=Authority of tests,C=VN", BINH.certificate.serial), False),
        (issuer_serial("CN=CA khác,C=VN", AN.certificate.serial), False),
        (issuer_serial("CN=CA thử nghiệm,C=VN", "ABC"), None),
        ("<X509Data><X509IssuerSerial/></X509Data>", None),
        (f"<X509Data><X509SKI>{b64(AN.certificate.subject_key_id)}</X509SKI></X509Data>", True),
        (f"<X509Data><X509SKI>{b64(b'x')}</X509SKI></X509Data>", False),
        ("<X509Data><X509SubjectName>CN=Nguyễn Văn An,UID=CCCD:001099000001,C=VN</X509SubjectName></X509Data>", True),
        ("<X509Data><X509SubjectName>CN=Nguyễn Văn Bình,C=VN</X509SubjectName></X509Data>", False),
        (
            f'<X509Data><X509Digest xmlns="{DS11}" Algorithm="{SHA256}">{PRINT}</X509Digest></X509Data>',
            True,
        ),
        (f'<X509Data><X509Digest xmlns="{DS11}" Algorithm="{SHA256}">{b64(b"x" * 32)}</X509Digest></X509Data>', False),
        (f'<X509Data><X509Digest xmlns="{DS11}" Algorithm="urn:x">{b64(b"x" * 32)}</X509Digest></X509Data>', False),
        (f'<X509Data><X509Digest xmlns="{DS11}" Algorithm="{MORE}md5">{b64(b"x" * 16)}</X509Digest></X509Data>', False),
        ("<X509Data><b/></X509Data>", None),
        ("", None),
    ],
    ids=itertools.count(),  # keys differ from run to run
)
def test_names_of_certificates(info, named):
    assert facts_of(info).names(AN.certificate) is named


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("CN=A,O=B", ("a", "b")),
        ("O=B+CN=A", ("a", "b")),
        ("O=B; CN=A", ("a", "b")),
        (r"CN=A\, B,O=C", ("a, b", "c")),
        (r"CN=Nguy\E1\BB\85n,O=C", ("c", "nguyễn")),
        ('CN="A, B",O=C', ("a, b", "c")),
        (r'CN="A \"B\", C",O=D', ('a "b", c', "d")),
        ('CN="A ""B"", C",O=D', ('a "b", c', "d")),
        ('CN="#0C0141" ', ("#0c0141",)),
        (r"CN=\ A\ ,O=B", ("a", "b")),
        (r"CN=A\\ , O=\ B \ ", ("a\\", "b")),
        ("CN=Nguye\u0302\u0303n", ("nguyễn",)),
        ("CN=#0C0141", ("a",)),
        ("CN=#30", ("#30",)),
        ("CN=#xyz", ("#xyz",)),
        ("", ()),
        ("CN", ()),
        ("CN=" + "x" * 10_000, ("x" * 4093,)),
    ],
)
def test_distinguished_names_are_compared_by_their_values(text, values):
    assert name_values(text) == values


def test_a_name_that_is_no_name_is_nobody():
    class Odd:
        serial = 1
        issuer = b"\x30\x05abc"

    assert not named_by(Odd(), "CN=A", 1)
    Odd.issuer = der.encode(der.SEQUENCE, der.encode(der.SET, der.encode(der.SEQUENCE)))
    assert named_by(Odd(), "", 1)  # no value on either side


def test_the_certificate_that_is_named_comes_first():
    shown = certificates(CA_IDENTITY, BINH, AN).removeprefix("<KeyInfo>").removesuffix("</KeyInfo>")
    facts = facts_of(shown + f"<X509Data><X509SKI>{b64(AN.certificate.subject_key_id)}</X509SKI></X509Data>")
    assert facts.candidates[0] == AN.certificate
    facts = facts_of(shown)
    assert facts.candidates[-1] == CA.certificate  # an issuer of the others
    assert set(facts.certificates) == {CA.certificate, BINH.certificate, AN.certificate}


class CA_IDENTITY:  # noqa: N801
    certificate = CA.certificate


def test_revocation_lists_of_key_info():
    assert facts_of(f"<X509Data><X509CRL>{b64(b'crl')}</X509CRL></X509Data>").revocation.crls == (b"crl",)


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


NUMBERS = AN.key.public_key().public_numbers()
RSA_VALUE = f"<RSAKeyValue><Modulus>{number(NUMBERS.n)}</Modulus><Exponent>{number(NUMBERS.e)}</Exponent></RSAKeyValue>"
POINT = CURVE.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def ec_value(curve: str = "urn:oid:1.2.840.10045.3.1.7", point: bytes = POINT) -> str:
    return f'<ECKeyValue xmlns="{DS11}"><NamedCurve URI="{curve}"/><PublicKey>{b64(point)}</PublicKey></ECKeyValue>'


def test_a_bare_key_is_shown_and_proves_nothing():
    facts = facts_of(f"<KeyValue>{RSA_VALUE}</KeyValue><KeyName>An</KeyName>")
    assert facts.verify_key(facts.key_value)
    assert facts.key_value.public_numbers() == NUMBERS
    assert facts.candidates == facts.certificates == ()
    assert facts.key_names == ("An",)


def test_bare_keys_of_curves():
    text = enveloped(key_info=f"<KeyInfo><KeyValue>{ec_value()}</KeyValue></KeyInfo>", method=MORE + "ecdsa-sha256")
    [facts] = read_xml(sealed(text, CURVE))
    assert facts.verify_key(facts.key_value)
    assert sound(facts, CURVE)
    encoded = f'<DEREncodedKeyValue xmlns="{DS11}">{b64(AN.certificate.spki)}</DEREncodedKeyValue>'
    facts = facts_of(encoded)
    assert facts.verify_key(facts.key_value)
    assert facts_of(f"<KeyValue>{RSA_VALUE}</KeyValue><KeyValue/>{encoded}").key_value is not None


def older_value(curve: str = "urn:oid:1.2.840.10045.3.1.7", **changed: object) -> str:
    """Return the key as RFC 4050 has it."""
    numbers = CURVE.key.public_key().public_numbers()
    values = {"X": numbers.x, "Y": numbers.y} | changed
    point = "".join(f'<{name} Value="{value}"/>' for name, value in values.items() if value is not None)
    return (
        f'<ECDSAKeyValue xmlns="{MORE}"><DomainParameters><NamedCurve URN="{curve}"/></DomainParameters>'
        f"<PublicKey>{point}</PublicKey></ECDSAKeyValue>"
    )


def test_a_bare_key_in_the_older_form():
    info = f"<KeyInfo><KeyValue>{older_value()}</KeyValue></KeyInfo>"
    [facts] = read_xml(sealed(enveloped(key_info=info, method=MORE + "ecdsa-sha256"), CURVE))
    assert facts.verify_key(facts.key_value)
    assert facts.key_value.public_numbers() == CURVE.key.public_key().public_numbers()
    assert facts.candidates == ()


def test_a_key_that_stands_elsewhere_is_said_to():
    info = f'<KeyInfoReference xmlns="{DS11}" URI="#k"/>'
    facts = facts_of(info, "key-info-reference-not-followed")
    assert facts.key_value is None
    assert not any(reason.decides for reason in facts.reasons)


@pytest.mark.parametrize(
    "info",
    [
        "<KeyValue/>",
        "<KeyValue><b/></KeyValue>",
        "<KeyValue><RSAKeyValue/></KeyValue>",
        "<KeyValue><RSAKeyValue><Modulus>AQ==</Modulus><Exponent>AQ==</Exponent></RSAKeyValue></KeyValue>",
        "<KeyValue><DSAKeyValue/></KeyValue>",
        f"<KeyValue>{ec_value(curve='urn:oid:1.3.132.0.10')}</KeyValue>",
        f"<KeyValue>{ec_value(point=b'1234')}</KeyValue>",
        f'<KeyValue><ECKeyValue xmlns="{DS11}"/></KeyValue>',
        f'<DEREncodedKeyValue xmlns="{DS11}">MAA=</DEREncodedKeyValue>',
        f'<KeyValue><ECDSAKeyValue xmlns="{MORE}"/></KeyValue>',
        *(
            f"<KeyValue>{value}</KeyValue>"
            for value in (
                older_value(curve="urn:oid:1.3.132.0.10"),
                older_value(curve="urn:oid:1.3.132.0.34"),
                older_value(X=None),
                older_value(Y=1),
                older_value(Y="-1"),
                older_value(X="٣"),
                older_value(X="9" * 158),
            )
        ),
    ],
)
def test_bare_keys_that_cannot_be_used(info):
    assert facts_of(info).key_value is None


def test_an_ecdsa_value_has_one_form():
    """r and s of full length; DER and short halves are no values of XML-DSig."""
    data = sealed(enveloped(key_info=certificates(CURVE), method=MORE + "ecdsa-sha256"), CURVE)
    [facts] = read_xml(data)
    assert sound(facts, CURVE)
    octets = facts.signature_value
    values = (
        encode_dss_signature(int.from_bytes(octets[:32], "big"), int.from_bytes(octets[32:], "big")),
        b"\0" + octets[:32] + b"\0" + octets[32:],
        octets[:-1],
        bytes(64),
        b"\xff" * 64,
        b"",
    )
    for value in values:
        text = f"<SignatureValue>{b64(value)}</SignatureValue>"
        [facts] = read_xml(edited(data, "<SignatureValue>.*</SignatureValue>", text))
        assert not facts.verify(CURVE.certificate)
    assert not facts.verify(AN.certificate)


class Unusable:
    @property
    def public_key(self):
        raise CertificateError("key-unsupported")


def test_a_certificate_whose_key_cannot_be_loaded_verifies_nothing():
    [facts] = read_xml(sealed(enveloped()))
    assert not facts.verify(Unusable())


# -- RSASSA-PSS with parameters (RFC 9231, 2.3.9) ----------------------------------------------------------


def parameters(digest: str = "", mgf: str = "", salt: str = "", trailer: str = "", name: str = PSS + "MGF1") -> str:
    shown = f'<DigestMethod xmlns="{DS}" Algorithm="{digest}"/>' if digest else ""
    if mgf:
        inner = f'<DigestMethod xmlns="{DS}" Algorithm="{mgf}"/>' if mgf != "-" else ""
        shown += f'<MaskGenerationFunction Algorithm="{name}">{inner}</MaskGenerationFunction>'
    shown += f"<SaltLength>{salt}</SaltLength>" if salt else ""
    shown += f"<TrailerField>{trailer}</TrailerField>" if trailer else ""
    return f'<RSAPSSParams xmlns="{PSS}">{shown}</RSAPSSParams>'


SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"
SHA1 = DS + "sha1"


@pytest.mark.parametrize(
    ("inner", "algorithm"),
    [
        ("", ("sha256", "sha256", 32)),
        (parameters(), ("sha256", "sha256", 32)),
        (parameters(SHA512), ("sha512", "sha512", 64)),
        (parameters(SHA512, SHA256, "20", "1"), ("sha512", "sha256", 20)),
        (parameters(SHA1, SHA1, "20"), ("sha1", "sha1", 20)),
        (parameters(SHA256, "-", "0"), ("sha256", "sha256", 0)),
    ],
)
def test_pss_with_parameters(inner, algorithm):
    text = enveloped(method=PSS + "rsa-pss", inner=inner)
    [facts] = read_xml(sealed(text))
    assert facts.algorithm == SignatureAlgorithm(Family.RSA_PSS, *algorithm)
    hash_, mgf = (getattr(hashes, name.upper())() for name in algorithm[:2])
    value = AN.key.sign(facts.signed_octets, padding.PSS(padding.MGF1(mgf), algorithm[2]), hash_)
    data = edited(sealed(text), "<SignatureValue>.*</SignatureValue>", f"<SignatureValue>{b64(value)}</SignatureValue>")
    assert sound(read_xml(data)[0])


@pytest.mark.parametrize(
    "inner",
    [
        parameters("urn:x"),
        parameters(MORE + "md5"),
        parameters(SHA256, "urn:x"),
        parameters(SHA256, SHA256, "513"),
        parameters(SHA256, SHA256, "x"),
        parameters(SHA256, SHA256, "32", "2"),
        parameters(SHA256, SHA256, name="urn:mgf2"),
    ],
)
def test_pss_with_parameters_that_are_not_known(inner):
    [facts] = read_xml(sealed(enveloped(method=PSS + "rsa-pss", inner=inner)))
    assert codes(facts) == ["signature-method-unknown"]


def test_base64_transform_of_markup_and_of_octets():
    """The text of an element, comments and markup apart, is decoded."""
    b = DS + "base64"
    digest = b64(hashlib.sha256("Kính gửi".encode()).digest())
    text = b64("Kính gửi".encode())
    body = f'<x Id="x"><y>{text[:4]}</y><!-- AAAA --><?a b?>\r\n{text[4:]}</x>'
    data = sealed(f"<a>{body}{signature(reference('#x', digest, transforms=(b,)))}</a>")
    assert sound(read_xml(data)[0])
    twice = b64(text.encode())
    data = sealed(f'<a><x Id="x">{twice}</x>{signature(reference("#x", digest, transforms=(b, b)))}</a>')
    assert sound(read_xml(data)[0])
    bad = b64("không".encode())
    data = sealed(f'<a><x Id="x">{bad}</x>{signature(reference("#x", digest, transforms=(b, b)))}</a>')
    assert codes(read_xml(data)[0]) == ["transform-failed"]


def test_canonical_form_of_octets():
    """Octets that a base64 transform gave are parsed for the next transform; what is no XML is refused."""
    b = DS + "base64"
    digest = b64(hashlib.sha256(b'<p a="1" b="2"></p>').digest())
    for text, expected in (("<?xml version='1.0'?><p b='2'  a='1' />", []), ("<p>", ["transform-failed"])):
        inner = f'<x Id="x">{b64(text.encode())}</x>'
        data = sealed(f"<a>{inner}{signature(reference('#x', digest, transforms=(b, C14N)))}</a>")
        assert codes(read_xml(data)[0]) == expected
    data = sealed(f"<a>{inner}{signature(reference('#x', digest, transforms=(b, ENVELOPED)))}</a>")
    assert codes(read_xml(data)[0]) == ["transform-failed"]


def test_octets_that_are_decoded_or_parsed_have_a_limit():
    content = MemoryOctets(b64(b"x" * 1000).encode())
    data = sealed(signature(reference("cid:x", b64(hashlib.sha256(b"x" * 1000).digest()), transforms=(DS + "base64",))))
    assert sound(read_xml(data, resolver=lambda _: content)[0])
    small = evolve(DEFAULT, document_bytes=len(data))
    [facts] = read_xml(data, resolver=lambda _: MemoryOctets(b"A" * (len(data) + 1)), limits=small)
    assert codes(facts) == ["too-much-to-digest"]
    deep = MemoryOctets(b"<a>" * 100 + b"</a>" * 100)
    other = sealed(signature(reference("cid:x", b64(b"0" * 32), transforms=(C14N,))))
    assert codes(read_xml(other, resolver=lambda _: deep)[0]) == ["transform-too-costly"]
    [facts] = read_xml(data, resolver=lambda _: MemoryOctets(b"A" * (len(data) // 4 * 4)), limits=small)
    assert codes(facts) == ["digest-mismatch"]


def test_octets_show_their_size_only():
    [facts] = read_xml(sealed(enveloped()))
    assert repr(facts.covered[0].octets) == "PiecedOctets(25 octets)"
