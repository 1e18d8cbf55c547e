"""Both ways with xmlsec1, python-xmlsec and signxml: a matrix of who reads whose signatures, cell by cell.

A cell without an oracle is in :data:`NO_ORACLE`, with the reason; every other cell is verified by the program that it
names. Others sign what stands empty in a signature of ours: they canonicalise, digest and sign themselves, so that
each form and each algorithm is made by them, too.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import signxml
import signxml.xades
import xmlsec
from asn1crypto import cms as asn1_cms
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import load_der_x509_certificate
from lxml import etree
from pyhanko.sign.validation import generic_cms
from pyhanko_certvalidator import ValidationContext

from cms_support import OpenSsl, root, stamp
from vndoc.envelope.octets import MemoryOctets
from vndoc.pki import Family, SignatureAlgorithm
from vndoc.signature.signing import plain_pss
from vndoc.signature.xmldsig import read_xml
from vndoc.signature.xmldsig_making import XmlReference, sign_xml
from vndoc.testing.pki import Identity
from vndoc.xml import Canonical
from xmlsig_support import AN, AT, CA, CURVE, DS, ROOT, codes, sound

P384 = CA.person("Phạm Thị Dung", key="p384")
P521 = CA.person("Hoàng Văn Em", key="p521")

SCHEMES: dict[str, tuple[Identity, SignatureAlgorithm]] = {
    "rsa-sha256": (AN, SignatureAlgorithm(Family.RSA_PKCS1, "sha256")),
    "rsa-sha384": (AN, SignatureAlgorithm(Family.RSA_PKCS1, "sha384")),
    "rsa-sha512": (AN, SignatureAlgorithm(Family.RSA_PKCS1, "sha512")),
    "pss-sha256": (AN, plain_pss("sha256")),
    "pss-sha384": (AN, plain_pss("sha384")),
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
CONTENT = "nội dung\r\n".encode()
NAME = "noi-dung.bin"
FORMS = ("enveloped", "enveloping", "enveloping-base64", "detached")
CELLS = tuple(f"{form}{xades}" for form in FORMS for xades in ("", "+xades"))
OTHERS = ("xmlsec1", "python-xmlsec", "signxml")
OLD = "xmlsec1 1.2 knows no RSASSA-PSS"
OWN_SHAPE = "signxml fills no signature of another's shape; what it makes by itself is in the lines below"
NO_ORACLE: dict[tuple[str, str], str] = {
    **{
        (way, f"pss-{d}"): OLD
        for way in ("vndoc -> xmlsec1", "xmlsec1 -> vndoc")
        for d in ("sha256", "sha384", "sha512")
    },
    **{("signxml -> vndoc", scheme): OWN_SHAPE for scheme in SCHEMES},
}
"""Why nobody verifies these lines."""
matrix: dict[tuple[str, str, str], str] = {}
"""What was verified: direction, algorithm, form."""
beside: dict[tuple[str, str], list[str]] = {}
"""What was verified besides, by direction and algorithm."""
EVERY = [(cell, scheme) for scheme in SCHEMES for cell in CELLS]


def note(way: str, scheme: str, cell: str) -> None:
    beside.setdefault((way, scheme), []).append(cell)


def pem_key(identity: Identity) -> bytes:
    return identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def pem_certificate(identity: Identity) -> bytes:
    return load_der_x509_certificate(identity.certificate.der).public_bytes(Encoding.PEM)


def made(scheme: str, cell: str, *, canonical: Canonical = Canonical.EXCLUSIVE, document: bytes = DOCUMENT) -> bytes:
    """Return a signature of ours; *cell* is a form, with ``+xades`` or without."""
    identity, algorithm = SCHEMES[scheme]
    form, _, xades = cell.partition("+")
    references = [XmlReference(uri=NAME, content=MemoryOctets(CONTENT))] if form == "detached" else None
    return sign_xml(
        document,
        signer=identity.signer(),
        algorithm=algorithm,
        form=form,
        references=references,
        xades=bool(xades),
        signing_time=AT if xades else None,
        canonicalization=canonical,
    )


def ours(data: bytes, identity: Identity) -> bool:
    [facts] = read_xml(data, resolver=lambda _: MemoryOctets(CONTENT))
    assert sound(facts, identity), facts.reasons
    return True


class Xmlsec1:
    """The program, in a folder with keys and the detached content."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program, self.folder = program, folder
        (folder / "root.pem").write_bytes(pem_certificate(Identity(ROOT.certificate, ROOT.key, ())))
        (folder / "ca.pem").write_bytes(pem_certificate(Identity(CA.certificate, CA.key, ())))
        (folder / NAME).write_bytes(CONTENT)

    def _run(self, *arguments: str) -> bool:
        ids = ["--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"]
        command = [self.program, *arguments, *ids, "given.xml"]
        return subprocess.run(command, cwd=self.folder, capture_output=True, check=False).returncode == 0

    def verifies(self, data: bytes, _identity: Identity) -> bool:
        (self.folder / "given.xml").write_bytes(data)
        trust = ["--trusted-pem", "root.pem", "--untrusted-pem", "ca.pem", "--verification-time", "2026-03-02 08:30:00"]
        return self._run("--verify", *trust)

    def signs(self, empty: bytes, identity: Identity) -> bytes:
        (self.folder / "given.xml").write_bytes(empty)
        (self.folder / "key.pem").write_bytes(pem_key(identity))
        assert self._run("--sign", "--privkey-pem", "key.pem", "--output", "made.xml")
        return (self.folder / "made.xml").read_bytes()


class PythonXmlsec:
    """libxmlsec 1.3 in this process; detached content is found in the current folder."""

    def _node(self, data: bytes) -> etree._Element:
        root = etree.fromstring(data)
        xmlsec.tree.add_ids(root, ["Id"])
        return xmlsec.tree.find_node(root, "Signature")

    def verifies(self, data: bytes, identity: Identity) -> bool:
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(pem_certificate(identity), xmlsec.constants.KeyDataFormatCertPem)
        try:
            context.verify(self._node(data))
        except xmlsec.Error:
            return False
        return True

    def signs(self, empty: bytes, identity: Identity) -> bytes:
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(pem_key(identity), xmlsec.constants.KeyDataFormatPem)
        node = self._node(empty)
        context.sign(node)
        return etree.tostring(node.getroottree(), encoding="utf-8", xml_declaration=True)


class Signxml:
    """signxml loses what stands beside the root, so it gets documents without."""

    def verifies(self, data: bytes, identity: Identity) -> bool:
        references = data.count(b"<ds:Reference ") + data.count(b"<Reference ")
        try:
            found = signxml.XMLVerifier().verify(
                data,
                x509_cert=pem_certificate(identity).decode(),
                expect_config=signxml.SignatureConfiguration(
                    require_x509=True, expect_references=references, location=".//"
                ),
                uri_resolver=lambda _: CONTENT,
            )
        except (signxml.exceptions.SignXMLException, etree.LxmlError) as error:
            print(error)
            return False
        return bool(found)


@pytest.fixture
def others(program: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(tmp_path)
    return {"xmlsec1": Xmlsec1(program("xmlsec1"), tmp_path), "python-xmlsec": PythonXmlsec(), "signxml": Signxml()}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize(("cell", "scheme"), EVERY)
def test_others_read_what_we_make(scheme, cell, other, others):
    identity, way = SCHEMES[scheme][0], f"vndoc -> {other}"
    data = made(scheme, cell, document=PLAIN if other == "signxml" else DOCUMENT)
    assert ours(data, identity)
    works = others[other].verifies(data, identity)
    if (way, scheme) in NO_ORACLE:
        assert not works, "then it is an oracle"
        return
    assert works
    assert not others[other].verifies(spoiled(data), identity)
    matrix[way, scheme, cell] = "verifies"


def spoiled(data: bytes) -> bytes:
    """Return *data* with one digest changed: it is what SignedInfo says of what was signed."""
    root = etree.fromstring(data)
    node = next(root.iter(f"{{{DS}}}Reference")).find(f"{{{DS}}}DigestValue")
    node.text = base64.b64encode(bytes(len(base64.b64decode(node.text)))).decode()
    return etree.tostring(root.getroottree(), encoding="utf-8")


@pytest.mark.parametrize("canonical", list(Canonical))
def test_others_read_each_canonical_form_that_we_sign_with(canonical, others):
    data = made("rsa-sha256", "enveloped+xades", canonical=canonical)
    assert ours(data, AN)
    for other in ("xmlsec1", "python-xmlsec"):
        assert others[other].verifies(data, AN)
        note(f"vndoc -> {other}", "rsa-sha256", canonical.name)


# -- theirs --------------------------------------------------------------------------------------------


def emptied(data: bytes) -> bytes:
    """Return *data* without digests and without its value, for others to fill in."""
    root = etree.fromstring(data)
    sign = next(root.iter(f"{{{DS}}}Signature"))
    for node in sign.find(f"{{{DS}}}SignedInfo").iter(f"{{{DS}}}DigestValue"):
        node.text = None
    sign.find(f"{{{DS}}}SignatureValue").text = None
    return etree.tostring(root.getroottree(), encoding="utf-8", xml_declaration=True)


MAKERS = [
    (cell, scheme, other)
    for other in ("xmlsec1", "python-xmlsec")
    for cell, scheme in EVERY
    if (f"{other} -> vndoc", scheme) not in NO_ORACLE
]


@pytest.mark.parametrize(("cell", "scheme", "other"), MAKERS)
def test_we_read_what_others_make(scheme, cell, other, others):
    identity, way = SCHEMES[scheme][0], f"{other} -> vndoc"
    empty = emptied(made(scheme, cell))
    [facts] = read_xml(empty, resolver=lambda _: MemoryOctets(CONTENT))
    assert not facts.verify(identity.certificate)
    assert ours(others[other].signs(empty, identity), identity)
    matrix[way, scheme, cell] = "verifies"


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
def test_we_read_the_own_templates_of_xmlsec(scheme):
    [facts] = read_xml(theirs(scheme, Canonical.EXCLUSIVE))
    assert sound(facts, SCHEMES[scheme][0]), facts.reasons
    assert facts.candidates == (SCHEMES[scheme][0].certificate,)
    note("python-xmlsec -> vndoc", scheme, "enveloped, its own template")


@pytest.mark.parametrize("prefix", ["ds", None])
@pytest.mark.parametrize("transforms", [True, False])
@pytest.mark.parametrize("canonical", list(Canonical))
def test_we_read_each_canonical_form_of_xmlsec(canonical, transforms, prefix):
    [facts] = read_xml(theirs("rsa-sha256", canonical, prefix=prefix, transforms=transforms))
    assert sound(facts), facts.reasons
    note("python-xmlsec -> vndoc", "rsa-sha256", f"{canonical.name}{'' if transforms else ' #id'}")


_SIGNXML = {
    "rsa-sha256": signxml.SignatureMethod.RSA_SHA256,
    "rsa-sha384": signxml.SignatureMethod.RSA_SHA384,
    "rsa-sha512": signxml.SignatureMethod.RSA_SHA512,
    "pss-sha256": signxml.SignatureMethod.SHA256_RSA_MGF1,
    "pss-sha384": signxml.SignatureMethod.SHA384_RSA_MGF1,
    "pss-sha512": signxml.SignatureMethod.SHA512_RSA_MGF1,
    "ecdsa-p256": signxml.SignatureMethod.ECDSA_SHA256,
    "ecdsa-p384": signxml.SignatureMethod.ECDSA_SHA384,
    "ecdsa-p521": signxml.SignatureMethod.ECDSA_SHA512,
}


@pytest.mark.parametrize("method", list(signxml.methods), ids=lambda m: m.name)
@pytest.mark.parametrize("scheme", _SIGNXML)
def test_we_read_what_signxml_makes(scheme, method):
    identity, _ = SCHEMES[scheme]
    signer = signxml.XMLSigner(method=method, signature_algorithm=_SIGNXML[scheme], digest_algorithm="sha256")
    root = signer.sign(
        etree.fromstring(PLAIN),
        key=pem_key(identity),
        cert=pem_certificate(identity).decode(),
        reference_uri=NAME if method is signxml.methods.detached else None,
    )
    [facts] = read_xml(etree.tostring(root), resolver=lambda _: MemoryOctets(PLAIN))
    assert sound(facts, identity), facts.reasons
    note("signxml -> vndoc", scheme, method.name)


def test_every_algorithm_that_we_make_is_made_by_signxml():
    assert set(_SIGNXML) == set(SCHEMES)


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
    data = made("rsa-sha256", "enveloped+xades", document=PLAIN)
    found = signxml.xades.XAdESVerifier().verify(
        data,
        x509_cert=pem_certificate(AN).decode(),
        expect_config=signxml.xades.XAdESSignatureConfiguration(expect_references=2, location=".//"),
    )
    assert len(found) == 2
    note("vndoc -> signxml", "rsa-sha256", "xades (XAdESVerifier)")


# -- XAdES-T -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
def test_others_verify_the_timestamp_of_our_xades(scheme, program, tmp_path):
    """The token is over the canonical SignatureValue, put together by lxml, whose exclusive form is right."""
    identity, algorithm = SCHEMES[scheme]
    data = sign_xml(DOCUMENT, signer=identity.signer(), algorithm=algorithm, signing_time=AT, stamp=stamp())
    [facts] = read_xml(data)
    assert (facts.level, [t.intact for t in facts.timestamps]) == ("T", [True])
    root_ = etree.fromstring(data)
    value = next(root_.iter(f"{{{DS}}}SignatureValue"))
    octets = etree.tostring(value, method="c14n", exclusive=True, with_tail=False)
    [held] = root_.iter("{http://uri.etsi.org/01903/v1.3.2#}EncapsulatedTimeStamp")
    token = base64.b64decode(held.text)
    openssl = OpenSsl(program("openssl"), tmp_path)
    assert openssl.verifies_token(token, octets) == "ok"
    assert openssl.verifies_token(token, octets + b" ") != "ok"
    note("vndoc -> openssl ts", scheme, "enveloped+xades, level T")
    assert hanko_token(token, octets) == (True, True)
    assert hanko_token(token, octets + b" ") == (False, True)
    note("vndoc -> pyHanko", scheme, "enveloped+xades, level T")


def hanko_token(token: bytes, octets: bytes) -> tuple[bool, bool]:
    """Return whether pyHanko finds the imprint and the value of *token* right."""
    context = ValidationContext(trust_roots=[asn1_x509.Certificate.load(root().der)], moment=AT, allow_fetching=False)
    data = asn1_cms.ContentInfo.load(token)["content"]
    found = asyncio.run(
        generic_cms.validate_tst_signed_data(data, context, lambda name: hashlib.new(name, octets).digest())
    )
    return found["intact"], found["valid"]


# -- the matrix ----------------------------------------------------------------------------------------


def test_the_matrix_is_shown(capsys):
    """Each cell is a test of its own, and this shows what they noted; "not run" stands where a test was left out."""
    lines = []
    for way in [f"vndoc -> {other}" for other in OTHERS] + [f"{other} -> vndoc" for other in OTHERS]:
        for scheme in SCHEMES:
            cells = ", ".join(f"{cell}: {matrix.get((way, scheme, cell), 'not run')}" for cell in CELLS)
            reason = NO_ORACLE.get((way, scheme))
            lines.append(f"  {way:22} {scheme:11} {cells if reason is None else f'no oracle: {reason}'}")
    lines += [f"  {way:22} {what:11} {', '.join(cells)}" for (way, what), cells in sorted(beside.items())]
    with capsys.disabled():
        print("\nXML signatures, who made them -> who reads them:", *lines, sep="\n")
