"""Both ways with xmlsec1, python-xmlsec and signxml: a matrix of who reads whose signatures.

A cell without an oracle says why: xmlsec1 1.2 knows no RSASSA-PSS by MGF1 URIs before 1.3, and signxml no form that
holds what it signs as markup of another document.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import signxml
import signxml.xades
import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import load_der_x509_certificate
from lxml import etree

from vndoc.envelope.octets import MemoryOctets
from vndoc.pki import Family, SignatureAlgorithm
from vndoc.signature.signing import plain_pss
from vndoc.signature.xmldsig import read_xml
from vndoc.signature.xmldsig_making import XmlReference, sign_xml
from vndoc.testing.pki import Identity
from vndoc.xml import Canonical
from xmlsig_support import AN, AT, CA, CURVE, ROOT, codes, sound

P384 = CA.person("Phạm Thị Dung", key="p384")
P521 = CA.person("Hoàng Văn Em", key="p521")

SCHEMES: dict[str, tuple[Identity, SignatureAlgorithm]] = {
    "rsa-sha256": (AN, SignatureAlgorithm(Family.RSA_PKCS1, "sha256")),
    "rsa-sha384": (AN, SignatureAlgorithm(Family.RSA_PKCS1, "sha384")),
    "rsa-sha512": (AN, SignatureAlgorithm(Family.RSA_PKCS1, "sha512")),
    "pss-sha256": (AN, plain_pss("sha256")),
    "pss-sha512": (AN, plain_pss("sha512")),
    "ecdsa-p256": (CURVE, SignatureAlgorithm(Family.ECDSA, "sha256")),
    "ecdsa-p384": (P384, SignatureAlgorithm(Family.ECDSA, "sha384")),
    "ecdsa-p521": (P521, SignatureAlgorithm(Family.ECDSA, "sha512")),
}
DOCUMENT = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!-- Công văn --><?vndoc x?>\n'
    '<edXML xmlns="http://www.e-doc.vn/Schema/" xmlns:x="urn:x" a=\'1\'><Header id="h">Kính gửi &amp; chào</Header>'
    "<x:Body><![CDATA[1 < 2]]></x:Body>\n</edXML>"
).encode()
PLAIN = DOCUMENT[DOCUMENT.index(b"<edXML") :]
"""The same without an instruction beside the root, which signxml loses although ``URI=""`` covers it."""
FORMS = ("enveloped", "enveloping", "enveloping-base64", "detached")
matrix: dict[tuple[str, str], list[str]] = {}


def note(way: str, scheme: str, cell: str) -> None:
    matrix.setdefault((way, scheme), []).append(cell)


def pem_key(identity: Identity) -> bytes:
    return identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def pem_certificate(identity: Identity) -> bytes:
    return load_der_x509_certificate(identity.certificate.der).public_bytes(Encoding.PEM)


def made(
    scheme: str, form: str, *, xades: bool, canonical: Canonical = Canonical.EXCLUSIVE, document: bytes = DOCUMENT
) -> bytes:
    identity, algorithm = SCHEMES[scheme]
    references = None
    if form == "detached":
        references = [XmlReference(uri="noi-dung.bin", content=MemoryOctets(b"n\xe1\xbb\x99i dung\r\n"))]
    return sign_xml(
        document,
        signer=identity.signer(),
        algorithm=algorithm,
        form=form,
        references=references,
        xades=xades,
        signing_time=AT if xades else None,
        canonicalization=canonical,
    )


@pytest.fixture
def xmlsec1(program: Callable[[str], str], tmp_path: Path) -> Callable[[bytes], bool]:
    path = program("xmlsec1")
    (tmp_path / "root.pem").write_bytes(pem_certificate(Identity(ROOT.certificate, ROOT.key, ())))
    (tmp_path / "ca.pem").write_bytes(pem_certificate(Identity(CA.certificate, CA.key, ())))
    (tmp_path / "noi-dung.bin").write_bytes(b"n\xe1\xbb\x99i dung\r\n")

    def verify(data: bytes) -> bool:
        (tmp_path / "signed.xml").write_bytes(data)
        command = [path, "--verify", "--trusted-pem", "root.pem", "--untrusted-pem", "ca.pem"]
        names = [f"--id-attr:Id {ns}:{n}" for ns, n in (("http://uri.etsi.org/01903/v1.3.2#", "SignedProperties"),)]
        time = ["--verification-time", "2026-03-02 08:30:00"]
        done = subprocess.run(
            [*command, *time, *" ".join(names).split(), "signed.xml"], cwd=tmp_path, capture_output=True, check=False
        )
        return done.returncode == 0

    return verify


def python_xmlsec(data: bytes, identity: Identity, content: bytes = b"n\xe1\xbb\x99i dung\r\n") -> bool:
    root = etree.fromstring(data)
    xmlsec.tree.add_ids(root, ["Id"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pem_certificate(identity), xmlsec.constants.KeyDataFormatCertPem)
    try:
        context.verify(xmlsec.tree.find_node(root, "Signature"))
    except xmlsec.Error:
        return False
    return True


def by_signxml(data: bytes, identity: Identity, references: int) -> bool:
    verifier = signxml.XMLVerifier()
    try:
        found = verifier.verify(
            data,
            x509_cert=pem_certificate(identity).decode(),
            expect_config=signxml.SignatureConfiguration(
                require_x509=True, expect_references=references, location=".//"
            ),
        )
    except (signxml.exceptions.SignXMLException, etree.LxmlError) as error:
        print(error)
        return False
    return bool(found)


@pytest.mark.parametrize("xades", [False, True], ids=["xmldsig", "xades"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_others_read_what_we_make(scheme, form, xades, xmlsec1):
    identity, algorithm = SCHEMES[scheme]
    data = made(scheme, form, xades=xades)
    what = f"{form}{'+xades' if xades else ''}"
    [facts] = read_xml(data, resolver=lambda _: MemoryOctets(b"n\xe1\xbb\x99i dung\r\n"))
    assert sound(facts, identity), facts.reasons
    if algorithm.family is Family.RSA_PSS:
        note("vndoc -> xmlsec1", scheme, f"{what}: no oracle")
    else:
        assert xmlsec1(data)
        note("vndoc -> xmlsec1", scheme, what)
    if form != "detached":
        assert python_xmlsec(data, identity)
        note("vndoc -> python-xmlsec", scheme, what)
    if form == "enveloped":
        assert by_signxml(made(scheme, form, xades=xades, document=PLAIN), identity, 1 + xades)
        note("vndoc -> signxml", scheme, what)


@pytest.mark.parametrize("canonical", list(Canonical))
def test_others_read_each_canonical_form_that_we_sign_with(canonical, xmlsec1):
    data = made("rsa-sha256", "enveloped", xades=True, canonical=canonical)
    [facts] = read_xml(data)
    assert sound(facts)
    assert xmlsec1(data)
    assert python_xmlsec(data, AN)
    note("vndoc -> xmlsec1", "rsa-sha256", canonical.name)


# -- theirs --------------------------------------------------------------------------------------------

_TRANSFORMS = {
    "rsa-sha256": xmlsec.constants.TransformRsaSha256,
    "rsa-sha384": xmlsec.constants.TransformRsaSha384,
    "rsa-sha512": xmlsec.constants.TransformRsaSha512,
    "ecdsa-p256": xmlsec.constants.TransformEcdsaSha256,
    "ecdsa-p384": xmlsec.constants.TransformEcdsaSha384,
    "ecdsa-p521": xmlsec.constants.TransformEcdsaSha512,
}
_FORMS = {
    Canonical.C14N_10: xmlsec.constants.TransformInclC14N,
    Canonical.C14N_10_COMMENTS: xmlsec.constants.TransformInclC14NWithComments,
    Canonical.C14N_11: xmlsec.constants.TransformInclC14N11,
    Canonical.C14N_11_COMMENTS: xmlsec.constants.TransformInclC14N11WithComments,
    Canonical.EXCLUSIVE: xmlsec.constants.TransformExclC14N,
    Canonical.EXCLUSIVE_COMMENTS: xmlsec.constants.TransformExclC14NWithComments,
}


def theirs(scheme: str, canonical: Canonical, *, prefix: str | None = "ds", transforms: bool = True) -> bytes:
    """Return an enveloped signature by python-xmlsec, or over a part that holds it not."""
    identity, _ = SCHEMES[scheme]
    root = etree.fromstring(DOCUMENT)
    node = xmlsec.template.create(root, _FORMS[canonical], _TRANSFORMS[scheme], ns=prefix)
    root.append(node)
    if transforms:
        reference = xmlsec.template.add_reference(node, xmlsec.constants.TransformSha256, uri="")
        xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
        xmlsec.template.add_transform(reference, _FORMS[canonical])
    else:
        xmlsec.template.add_reference(node, xmlsec.constants.TransformSha256, uri="#h")
        xmlsec.tree.add_ids(root, ["id"])
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(node))
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pem_key(identity), xmlsec.constants.KeyDataFormatPem)
    context.key.load_cert_from_memory(pem_certificate(identity), xmlsec.constants.KeyDataFormatPem)
    context.sign(node)
    return etree.tostring(root.getroottree(), encoding="utf-8", xml_declaration=True)


@pytest.mark.parametrize("scheme", _TRANSFORMS)
def test_we_read_what_xmlsec_makes(scheme):
    [facts] = read_xml(theirs(scheme, Canonical.EXCLUSIVE))
    assert sound(facts, SCHEMES[scheme][0]), facts.reasons
    assert facts.candidates == (SCHEMES[scheme][0].certificate,)
    note("python-xmlsec -> vndoc", scheme, "enveloped")


@pytest.mark.parametrize("prefix", ["ds", None])
@pytest.mark.parametrize("transforms", [True, False])
@pytest.mark.parametrize("canonical", list(Canonical))
def test_we_read_each_canonical_form_of_xmlsec(canonical, transforms, prefix):
    [facts] = read_xml(theirs("rsa-sha256", canonical, prefix=prefix, transforms=transforms))
    assert sound(facts), facts.reasons
    note("python-xmlsec -> vndoc", "rsa-sha256", f"{canonical.name}{'' if transforms else ' #id'}")


_SIGNXML = {
    "rsa-sha256": signxml.SignatureMethod.RSA_SHA256,
    "rsa-sha512": signxml.SignatureMethod.RSA_SHA512,
    "pss-sha256": signxml.SignatureMethod.SHA256_RSA_MGF1,
    "pss-sha512": signxml.SignatureMethod.SHA512_RSA_MGF1,
    "ecdsa-p256": signxml.SignatureMethod.ECDSA_SHA256,
    "ecdsa-p384": signxml.SignatureMethod.ECDSA_SHA384,
    "ecdsa-p521": signxml.SignatureMethod.ECDSA_SHA512,
}


@pytest.mark.parametrize(
    "method", [signxml.methods.enveloped, signxml.methods.enveloping], ids=["enveloped", "enveloping"]
)
@pytest.mark.parametrize("scheme", _SIGNXML)
def test_we_read_what_signxml_makes(scheme, method):
    identity, _ = SCHEMES[scheme]
    signer = signxml.XMLSigner(method=method, signature_algorithm=_SIGNXML[scheme], digest_algorithm="sha256")
    root = signer.sign(etree.fromstring(DOCUMENT), key=pem_key(identity), cert=pem_certificate(identity).decode())
    [facts] = read_xml(etree.tostring(root))
    assert sound(facts, identity), facts.reasons
    note("signxml -> vndoc", scheme, method.name)


def test_we_read_xades_of_signxml():
    """signxml 5.2 leaves the transforms of SignedProperties out with exclusive forms, so 1.1 is taken."""
    signer = signxml.xades.XAdESSigner(
        signature_algorithm="rsa-sha256",
        digest_algorithm="sha256",
        c14n_algorithm="http://www.w3.org/2006/12/xml-c14n11",
    )
    root = signer.sign(etree.fromstring(DOCUMENT), key=pem_key(AN), cert=pem_certificate(AN).decode())
    [facts] = read_xml(etree.tostring(root))
    assert facts.form == "xades"
    assert facts.level == "B"
    assert sound(facts), facts.reasons
    assert facts.binding(AN.certificate) == "matches"
    assert facts.claimed_time is not None
    assert codes(facts) == []
    note("signxml -> vndoc", "rsa-sha256", "xades")


def test_signxml_reads_our_xades():
    data = made("rsa-sha256", "enveloped", xades=True, document=PLAIN)
    found = signxml.xades.XAdESVerifier().verify(
        data,
        x509_cert=pem_certificate(AN).decode(),
        expect_config=signxml.xades.XAdESSignatureConfiguration(expect_references=2, location=".//"),
    )
    assert len(found) == 2
    note("vndoc -> signxml", "rsa-sha256", "xades (XAdESVerifier)")


def test_the_matrix_is_shown(capsys):
    lines = [f"  {way:22} {what:11} {', '.join(cells)}" for (way, what), cells in sorted(matrix.items())]
    with capsys.disabled():
        print("\nXML signatures, who made them -> who reads them:", *lines, sep="\n")
