"""Both ways with the JDK (JSR 105), with which most Vietnamese software signs: one process answers for all cells.

It shares no code with libxml2 or libxmlsec: canonical XML, references, keys and values are its own. Each signature is
read together with a spoiled twin, which nobody accepts. Where the JDK is not right, :data:`WRONG` says why.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import java_support
import test_xmldsig_interop as interop
import vndoc
from archive_support import PERSON as PERSON_OF_2021
from archive_support import made as archived
from c14n_documents import Made, documents
from c14n_oracle import canonical
from cms_support import stamp
from java_support import Java, JavaRefusesError
from test_packet_signatures import FILES, PACKET, SENT, judge
from test_xmldsig_interop import CONTENT, DOCUMENT, NAME, SCHEMES, spoiled
from verdict_support import GOOD, PERSON
from vndoc.envelope import Attachment
from vndoc.envelope.octets import MemoryOctets
from vndoc.pki import Indication, Purpose, TrustStore
from vndoc.signature import tsp, verify_xml
from vndoc.signature._xmldsig_names import uri_of
from vndoc.signature.packet import sign_header
from vndoc.signature.xmldsig import XmlSignatureFacts, read_xml
from vndoc.signature.xmldsig_countersigning import counter_sign
from vndoc.signature.xmldsig_making import sign_xml
from vndoc.testing.pki import Identity
from vndoc.xml import Canonical, canonicalize, parse_document
from xmlsig_support import (
    AN,
    AT,
    BINH,
    C14N,
    CA,
    CURVE,
    DS,
    ENVELOPED,
    EXCLUSIVE,
    MORE,
    ROOT,
    RSA_SHA256,
    SHA256,
    XADES,
    b64,
    codes,
    sound,
)

MATRIX: dict[str, list[str]] = {}
"""What was verified, by direction and what it was."""
HOW = {
    "policy": "vn_default",
    "trust": TrustStore.of([ROOT.certificate], purposes={Purpose.GOVERNMENT}),
    "at": AT + datetime.timedelta(hours=1),
    "revocation": GOOD,
}
Sign = Callable[..., bytes]


def note(what: str, cell: str) -> None:
    MATRIX.setdefault(what, []).append(cell)


@pytest.fixture(scope="module")
def java(program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Java]:
    with java_support.running(program, tmp_path_factory.mktemp("java"), "XmlSignatures") as process:
        yield process


@pytest.fixture(scope="module")
def sign(java: Java) -> Sign:
    """Signs by the JDK: RSA, SHA-256, C14N 1.0 and the certificate in KeyInfo, unless asked for otherwise."""

    def made(who: Identity = AN, **how: Any) -> bytes:
        given = {
            "canonicalization": C14N,
            "digest": SHA256,
            "method": RSA_SHA256,
            "certificate": who.certificate.der,
            "key": java_support.key_octets(who.key),
            "shows": "certificates",
            "shown": [who.certificate.der, CA.certificate.der],
            "uri": NAME,
            "content": CONTENT,
        }
        return java("sign", **given | how)["document"][0]

    return made


def valid(java: Java, data: bytes, who: Identity = AN, contents: dict[str, bytes] | None = None, **how: Any) -> bool:
    """Return whether the JDK finds each signature of *data* valid, by the key of *who*; None may be missing."""
    contents = {NAME: CONTENT} if contents is None else contents
    where = {"uri": list(contents), "content": list(contents.values())}
    try:
        told = java("verify", document=data, certificate=who.certificate.der, **where, **how)
    except JavaRefusesError:
        return False
    assert told["valid"]
    return told["valid"] == [b"yes"] * len(told["valid"])


def read(data: bytes) -> XmlSignatureFacts:
    [facts] = read_xml(data, resolver=lambda _: MemoryOctets(CONTENT))
    return facts


def part(*transforms: str, uri: str = "", kind: str = "") -> str:
    return "\n".join((uri, kind, *transforms))


ONE = {"document": DOCUMENT, "reference": part(ENVELOPED, C14N)}


# -- ours ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cell", "scheme"), interop.EVERY)
def test_the_jdk_reads_what_we_make(cell: str, scheme: str, java: Java) -> None:
    identity = SCHEMES[scheme][0]
    data = interop.made(scheme, cell)
    assert valid(java, data, identity)
    assert not valid(java, spoiled(data), identity)
    assert not valid(java, data, BINH if identity is not BINH else AN)
    note(f"vndoc -> JDK, {scheme}", cell)


@pytest.mark.parametrize("form", list(Canonical))
@pytest.mark.parametrize("cell", ["enveloped", "enveloping+xades"])
def test_the_jdk_reads_each_canonical_form_that_we_sign_with(cell: str, form: Canonical, java: Java) -> None:
    data = interop.made("rsa-sha256", cell, canonical=form)
    assert valid(java, data)
    assert not valid(java, spoiled(data))
    note("vndoc -> JDK, canonical forms", f"{cell} {form.name}")


@pytest.mark.parametrize("form", ["cid", "enveloped"])
@pytest.mark.parametrize("level", ["B", "T"])
def test_the_jdk_reads_the_signature_in_the_header_of_a_packet(form: str, level: str, java: Java) -> None:
    how = {"signing_time": AT, "form": form, "stamp": stamp() if level == "T" else None}
    data = sign_header(SENT, PACKET, signer=AN.signer(), **how)
    files = {file.content_id: file.open().read() for file in FILES}
    assert valid(java, data, contents=files)
    changed = {name: octets + b" " for name, octets in files.items()}
    assert valid(java, data, contents=changed) is (form == "enveloped")
    other = data.replace("Trích yếu".encode(), b"Trich yeu")
    assert other != data
    assert valid(java, other, contents=files) is (form == "cid")
    note("vndoc -> JDK, header of a packet", f"{form} {level}")


@pytest.mark.parametrize("form", [Canonical.C14N_10, Canonical.C14N_11, Canonical.EXCLUSIVE])
def test_our_timestamp_is_over_the_octets_that_the_jdk_makes_canonical(form: Canonical, java: Java) -> None:
    """EN 319 132-1, 5.3: the imprint is that of the canonical SignatureValue."""
    data = sign_xml(DOCUMENT, signer=AN.signer(), signing_time=AT, stamp=stamp(), canonicalization=form)
    assert valid(java, data)
    facts = read(data)
    assert facts.level == "T"
    [timestamp] = facts.timestamps
    [octets] = java("canonical", document=data, uri=f"#{facts.signature_id}-value", form=form.value)["octets"]
    assert timestamp.token is not None
    assert timestamp.token.imprint == hashlib.sha256(octets).digest()
    note("vndoc -> JDK, imprint of XAdES-T", form.name)


def test_the_jdk_reads_our_counter_signature_and_what_it_is_on(java: Java) -> None:
    data = sign_xml(DOCUMENT, signer=AN.signer(), signing_time=AT, stamp=stamp())
    data = counter_sign(data, signer=AN.signer(), signing_time=AT + datetime.timedelta(hours=1))
    told = java("verify", document=data, certificate=AN.certificate.der)
    assert told["valid"] == [b"yes", b"yes"]
    assert told["reference"] == [b"yes"] * 4
    value = read(data).signature_value
    twin = data.replace(base64.b64encode(value), base64.b64encode(value[:-1] + bytes((value[-1] ^ 1,))))
    assert java("verify", document=twin, certificate=AN.certificate.der)["valid"] == [b"no", b"no"]
    note("vndoc -> JDK, long term", "counter-signature")


@pytest.mark.parametrize("level", ["T", "LT", "LTA"])
def test_the_jdk_reads_our_signature_whatever_was_added_to_it(level: str, java: Java) -> None:
    data = archived("xml", level)
    assert valid(java, data, PERSON_OF_2021)
    assert not valid(java, spoiled(data), PERSON_OF_2021)
    note("vndoc -> JDK, long term", level)


# -- theirs --------------------------------------------------------------------------------------------


def shapes(form: str) -> dict[str, dict[str, Any]]:
    """Return what the JDK is asked to sign, by name, with references that take the canonical *form*."""
    return {
        "enveloped": {"document": DOCUMENT, "reference": part(ENVELOPED, form)},
        "enveloped, no form": {"document": DOCUMENT, "reference": part(ENVELOPED)},
        "#id": {"document": DOCUMENT, "reference": [part(form, uri="#h"), part(uri="#h")]},
        "xpointer": {
            "document": DOCUMENT,
            "reference": [part(form, uri="#xpointer(id('h'))"), part(ENVELOPED, form, uri="#xpointer(/)")],
        },
        "enveloping": {
            "object": [DOCUMENT, b"MDEyMw=="],
            "object_id": ["xml", "octets"],
            "object_type": ["text/xml", "application/octet-stream"],
            "reference": [part(form, uri="#xml", kind=DS + "Object"), part(DS + "base64", uri="#octets")],
        },
        "detached": {
            "reference": [part(uri=NAME), part(uri="cid:2")],
            "uri": [NAME, "cid:2"],
            "content": [CONTENT] * 2,
        },
        "manifest": {
            "document": DOCUMENT,
            "reference": part(uri="#manifest", kind=DS + "Manifest"),
            "listed": [part(uri=NAME), part(form, uri="#h")],
        },
    }


@pytest.mark.parametrize("prefix", ["ds", None])
@pytest.mark.parametrize("form", list(Canonical))
@pytest.mark.parametrize("shape", shapes(""))
def test_we_read_each_shape_and_canonical_form_of_the_jdk(shape, form, prefix, sign: Sign, java: Java) -> None:
    how = shapes(form.value)[shape]
    data = sign(canonicalization=form.value, prefix=prefix, **how)
    assert b"&#13;" in data  # as the JDK breaks lines of base64
    facts = read(data)
    assert sound(facts)
    assert codes(facts) == []
    assert len(facts.covered) == len(how["reference"] if isinstance(how["reference"], list) else "1") + len(
        how.get("listed", ())
    )
    contents = dict(zip(how.get("uri", [NAME]), how.get("content", [CONTENT]), strict=True))
    twin = spoiled(data)
    assert valid(java, data, contents=contents)
    assert not valid(java, twin, contents=contents)
    assert not sound(read(twin))
    note("JDK -> vndoc, shapes", f"{shape}{' ds:' if prefix else ''} {form.name}")


@pytest.mark.parametrize("shape", ["enveloped", "detached"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_we_read_each_scheme_of_the_jdk(scheme: str, shape: str, sign: Sign) -> None:
    who, algorithm = SCHEMES[scheme]
    data = sign(who, method=uri_of(algorithm), **shapes(C14N)[shape])
    facts = read(data)
    assert (sound(facts, who), facts.algorithm, codes(facts)) == (True, algorithm, [])
    assert not sound(read(spoiled(data)), who)
    if shape == "enveloped":
        [report] = verify_xml(data, **HOW)
        assert (report.passed, report.certificate) == (True, who.certificate)
        assert verify_xml(spoiled(data), **HOW).indication is Indication.FAILED
    note(f"JDK -> vndoc, {scheme}", shape)


@pytest.mark.parametrize("digest", ["SHA-256", "SHA-384", "SHA-512"])
@pytest.mark.parametrize(
    ("masking", "salt"), [("SHA-256", 48), ("SHA-256", 0), ("SHA-512", 20), ("SHA-512", 64), ("SHA-384", 48)]
)
def test_we_read_rsassa_pss_with_parameters(digest: str, masking: str, salt: int, sign: Sign, java: Java) -> None:
    """RFC 9231, 2.3.9: no other program at hand makes them."""
    method = "http://www.w3.org/2007/05/xmldsig-more#rsa-pss"
    data = sign(method=method, pss_digest=digest, pss_mgf=masking, salt=str(salt), **ONE)
    facts = read(data)
    assert sound(facts)
    assert facts.algorithm is not None
    names = (digest.replace("-", "").lower(), masking.replace("-", "").lower())
    assert (facts.algorithm.digest, facts.algorithm.mgf, facts.algorithm.salt) == (*names, salt)
    salted = rb"(SaltLength>)\d+"  # left out where it is as long as the digest
    other = re.sub(salted, rb"\g<1>21", data) if re.search(salted, data) else spoiled(data)
    assert not sound(read(other))
    assert not valid(java, other)
    note("JDK -> vndoc, RSASSA-PSS with parameters", f"{digest} {masking} {salt}")


def test_we_read_rsassa_pss_without_parameters(sign: Sign) -> None:
    facts = read(sign(method="http://www.w3.org/2007/05/xmldsig-more#rsa-pss", **ONE))
    assert (sound(facts), str(facts.algorithm)) == (True, "rsa-pss-sha256")
    note("JDK -> vndoc, RSASSA-PSS with parameters", "none")


def test_a_manifest_is_followed(sign: Sign, java: Java) -> None:
    """The JDK validates a Manifest only when it is asked to; here what it lists counts."""
    data = sign(**shapes(C14N)["manifest"])
    other = data.replace("chào".encode(), b"chao")
    assert other != data
    assert valid(java, other)
    facts = read(other)
    assert codes(facts) == ["manifest-digest-mismatch"]
    assert [(c.name, c.intact) for c in facts.covered] == [("#manifest", True), (NAME, True), ("#h", False)]


@pytest.mark.parametrize(
    ("transform", "code"),
    [
        ("http://www.w3.org/TR/1999/REC-xpath-19991116 not(ancestor-or-self::ds:Signature)", "xpath-refused"),
        ("http://www.w3.org/2002/06/xmldsig-filter2 //ds:Signature", "xpath-refused"),
    ],
    ids=["xpath", "filter2"],
)
def test_selecting_transforms_are_refused_by_name(transform: str, code: str, sign: Sign, java: Java) -> None:
    data = sign(document=DOCUMENT, reference=part(transform))
    assert valid(java, data)
    facts = read(data)
    assert (sound(facts), codes(facts)) == (False, [code])
    [report] = verify_xml(data, **HOW)
    assert report.indication is Indication.INDETERMINATE


@pytest.mark.parametrize("shows", ["certificates", None])
def test_hmac_is_refused_whoever_knows_the_secret(shows: str | None, java: Java) -> None:
    """With a certificate beside it the key is what everybody knows (attack A6)."""
    secret = AN.certificate.spki
    how = {"canonicalization": C14N, "digest": SHA256, "method": MORE + "hmac-sha256", "secret": secret}
    shown = {"shows": shows, "shown": AN.certificate.der}
    [data] = java("sign", **how, **shown, **ONE)["document"]
    assert valid(java, data, secret=secret)
    facts = read(data)
    assert (sound(facts), codes(facts)) == (False, ["hmac-refused"])
    assert not verify_xml(data, **HOW).passed


# -- KeyInfo -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [AN, CURVE, interop.P384, interop.P521], ids=["rsa", "p256", "p384", "p521"])
def test_keys_and_names_beside_the_certificate(who: Identity, sign: Sign, java: Java) -> None:
    method = RSA_SHA256 if who is AN else MORE + "ecdsa-sha256"
    numbers = who.key.public_key().public_numbers()
    words = ["key-name", "key-value", "certificates", "key-id", "subject"]
    subject = java("names", certificate=who.certificate.der)["name"][0]
    facts = read(sign(who, method=method, shows=words, subject=subject, **ONE))
    assert (sound(facts, who), codes(facts)) == (True, [])
    assert facts.candidates == (who.certificate, CA.certificate)
    assert facts.key_value.public_numbers() == numbers
    assert len(facts.key_names) == 1
    assert (facts.names(who.certificate), facts.names(BINH.certificate)) == (True, False)
    alone = read(sign(who, method=method, shows="encoded-key", **ONE))
    assert (sound(alone, who), alone.candidates) == (True, ())  # a bare key is nobody's
    assert alone.key_value.public_numbers() == numbers
    note("JDK -> vndoc, KeyInfo", f"KeyName, KeyValue, X509SKI, X509SubjectName, DEREncodedKeyValue {method[37:]}")


NAMES: dict[str, dict[str, object]] = {
    "separators": {"O": 'Công ty "A" + B, chi nhánh; #1', "CN": "An", "UID": "MST:0100000001"},
    "spaces": {"O": "#đầu", "OU": ["Một", "Hai"], "CN": " trước và sau "},
    "backslash": {"O": "a\\b", "CN": "x=y<z>", "T": "Giám đốc"},
    "address": {"CN": "hai  khoảng", "emailAddress": "an@example.vn"},
    "decomposed": {"CN": "E\u0302\u0301 To\u0302\u0309 hợp"},
    "folded": {"CN": "İSTANBUL ẞ ﬁ \U00020000"},
}


@pytest.mark.parametrize("what", NAMES)
def test_a_certificate_is_named_in_every_form_in_which_the_jdk_writes_names(what: str, sign: Sign, java: Java) -> None:
    """RFC 2253, RFC 1779, the canonical form (small letters, decomposed), and that of ``toString``."""
    issuer = CA.subordinate({"C": "VN", **NAMES[what]}, key="p256")
    who = issuer.person("Nguyễn Văn An", key="p256")
    names = java("names", certificate=issuer.certificate.der)["name"]
    assert len(names) == 4
    for name in dict.fromkeys(names):
        words = ["issuer-serial", "certificates"]
        shown = [issuer.certificate.der, who.certificate.der]
        facts = read(
            sign(who, method=MORE + "ecdsa-sha256", shows=words, issuer=name, shown=shown, **ONE),
        )
        assert sound(facts, who)
        assert (facts.names(who.certificate), facts.names(issuer.certificate)) == (True, False), name
        assert facts.candidates == (who.certificate, issuer.certificate)
    note("JDK -> vndoc, X509IssuerName", what)


def test_several_certificates_in_any_order(sign: Sign) -> None:
    chain = [CA.certificate.der, ROOT.certificate.der, AN.certificate.der, BINH.certificate.der]
    facts = read(sign(shown=chain, **ONE))
    assert (sound(facts), codes(facts), len(facts.certificates)) == (True, [], 4)
    [report] = verify_xml(sign(shown=chain, **ONE), **HOW)
    assert (report.passed, report.certificate) == (True, AN.certificate)
    note("JDK -> vndoc, KeyInfo", "a chain out of order")


# -- XAdES ---------------------------------------------------------------------------------------------

_STAMP = b"<!--stamp-->"


def properties(who: Identity, *, prefix: str, v2: bool = False, digest: bytes | None = None, issuer: str = "") -> str:
    """Return QualifyingProperties as they are put together by hand in Java, with a place for a timestamp."""
    value = b64(hashlib.sha256(who.certificate.der).digest() if digest is None else digest)
    cert = (
        f'<x:CertDigest><ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue>{value}</ds:DigestValue></x:CertDigest>'
        + ("" if v2 else f"<x:IssuerSerial><ds:X509IssuerName>{issuer}</ds:X509IssuerName>")
        + ("" if v2 else f"<ds:X509SerialNumber>{who.certificate.serial}</ds:X509SerialNumber></x:IssuerSerial>")
    )
    name = "SigningCertificateV2" if v2 else "SigningCertificate"
    text = (
        f'<x:QualifyingProperties xmlns:x="{XADES}" xmlns:ds="{DS}" Target="#sig"><x:SignedProperties Id="props">'
        "<x:SignedSignatureProperties><x:SigningTime>2026-03-02T15:30:00+07:00</x:SigningTime>"
        f"<x:{name}><x:Cert>{cert}</x:Cert></x:{name}></x:SignedSignatureProperties></x:SignedProperties>"
        f"<x:UnsignedProperties><x:UnsignedSignatureProperties>{_STAMP.decode()}</x:UnsignedSignatureProperties>"
        "</x:UnsignedProperties></x:QualifyingProperties>"
    )
    return text if prefix else text.replace("x:", "").replace("xmlns:x=", "xmlns=")


@pytest.mark.parametrize("form", [C14N, EXCLUSIVE])
@pytest.mark.parametrize("prefix", ["xades", ""])
@pytest.mark.parametrize("v2", [True, False], ids=["v2", "v1"])
def test_we_read_xades_put_together_in_java(v2: bool, prefix: str, form: str, sign: Sign, java: Java) -> None:
    issuer = java("names", certificate=CA.certificate.der)["name"][0].decode()

    def made(digest: bytes | None = None) -> bytes:
        return sign(
            document=DOCUMENT,
            reference=[
                part(ENVELOPED, form),
                part(form, uri="#props", kind="http://uri.etsi.org/01903#SignedProperties"),
            ],
            object=properties(AN, prefix=prefix, v2=v2, digest=digest, issuer=issuer),
            object_id="",
            object_type="",
            id="sig",
            value="value",
            canonicalization=form,
        )

    data = made()
    facts = read(data)
    assert (sound(facts), codes(facts), facts.form, facts.level) == (True, [], "xades", "B")
    assert (facts.claimed_time, facts.binding(AN.certificate)) == (AT, "matches")
    [report] = verify_xml(data, **HOW)
    assert report.passed
    for old, new in ((b"T15:30", b"T15:31"), (b"#sig", b"#gis")):
        twin = data.replace(old, new)
        assert twin != data
        assert not verify_xml(twin, **HOW).passed
    assert not verify_xml(made(bytes(32)), **HOW).passed  # another certificate is named
    [octets] = java("canonical", document=data, uri="#value", form=form)["octets"]
    token = tsp.stamped(octets, stamp()).octets
    held = f'<CanonicalizationMethod xmlns="{DS}" Algorithm="{form}"/>'
    space = "x:" if prefix else ""
    filled = data.replace(
        _STAMP,
        f"<{space}SignatureTimeStamp>{held}<{space}EncapsulatedTimeStamp>{b64(token)}</{space}EncapsulatedTimeStamp>"
        f"</{space}SignatureTimeStamp>".encode(),
    )
    facts = read(filled)
    assert (sound(facts), codes(facts), facts.level) == (True, [], "T")
    assert [t.intact for t in facts.timestamps] == [True]
    assert valid(java, filled)
    note("JDK -> vndoc, XAdES", f"{'V2' if v2 else 'V1'} {prefix or 'no prefix'} B, T")


# -- several signatures --------------------------------------------------------------------------------


def test_signatures_of_both_stand_in_one_document(sign: Sign, java: Java) -> None:
    """Theirs is over a part and ours over the whole, theirs with it; then one more of theirs over the same part."""
    first = sign(document=DOCUMENT, reference=part(EXCLUSIVE, uri="#h"), id="first")
    data = sign_xml(first, signer=AN.signer(), signing_time=AT)
    assert data.count(b"&#13;") == first.count(b"&#13;") > 10
    assert valid(java, data)
    assert [sound(facts) for facts in read_xml(data)] == [True, True]
    last = sign(document=first, reference=part(C14N, uri="#h"), id="last", parent="Header")
    assert [sound(facts) for facts in read_xml(last)] == [False, False]  # it stands in what both have signed
    beside = sign(document=first, reference=part(C14N, uri="#h"), id="last", parent="Body")
    assert valid(java, beside)
    assert [sound(facts) for facts in read_xml(beside)] == [True, True]
    twin = beside.replace("chào".encode(), b"chao")
    assert [sound(facts) for facts in read_xml(twin)] == [False, False]
    note("both", "two in one document")


def test_one_enveloped_signature_after_the_other(sign: Sign, java: Java) -> None:
    """The enveloped transform leaves out its own signature only, so the second breaks the first: for everybody."""
    data = sign(document=sign(**ONE), reference=part(ENVELOPED, C14N), id="second")
    told = java("verify", document=data, certificate=AN.certificate.der)
    assert told["valid"] == [b"no", b"yes"]
    assert [sound(facts) for facts in read_xml(data)] == [False, True]


# -- packets -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 300_000], ids=["small", "big"])
@pytest.mark.parametrize("form", ["cid", "enveloped"])
def test_a_packet_whose_header_the_jdk_has_signed(form: str, size: int, sign: Sign) -> None:
    """The transformer writes the packet anew; what is long in it is read apart from the tree, from octets or a file."""
    big = (Attachment.of(bytes(range(256)) * (size // 256), name="To.bin", content_id="cid:3"),) if size else ()
    files = (*FILES, *big)
    contents = {file.content_id: file.open().read() for file in files}
    data = sign(
        PERSON,
        document=vndoc.write_packet(PACKET.evolve(attachments=files)),
        parent="edXMLHeader",
        reference=[part(uri=uri) for uri in contents] if form == "cid" else part(ENVELOPED, EXCLUSIVE),
        uri=list(contents),
        content=list(contents.values()),
        method=MORE + "ecdsa-sha256",
        shows=["key-value", "certificates"],
        shown=[PERSON.certificate.der, PERSON.chain[0].der],
    )
    for source in (data, io.BytesIO(data)):
        with vndoc.read(source) as reading:
            verdict = judge(reading)
        assert verdict.passed
        [report] = verdict
        assert [c.intact for c in report.covers] == [True] * len(report.covers)
        assert len(report.covers) == (len(files) if form == "cid" else 1)
    last = files[-1].open().read()
    other = data.replace(base64.b64encode(last), base64.b64encode(last[:-1] + b"?"))
    assert other != data
    for source in (other, io.BytesIO(other)):
        with vndoc.read(source) as reading:
            assert not judge(reading).passed
    note("JDK -> vndoc, header of a packet", f"{form} {size}")


# -- canonical XML -------------------------------------------------------------------------------------

XML_ID = "{http://www.w3.org/XML/1998/namespace}id"


def canonical_by(java: Java, data: bytes, form: Canonical, apex: str | None, prefixes: tuple[str, ...] = ()) -> bytes:
    uri = "#xpointer(/)" if apex is None else f"#xpointer(id('{apex}'))"
    [octets] = java("canonical", document=data, uri=uri, form=" ".join((form.value, " ".join(prefixes))).strip())[
        "octets"
    ]
    return octets


def plain(made: Made) -> bytes:
    """Return the document without what the JDK does not make canonical as the standard says (:data:`WRONG`)."""
    text = made.text.replace("{signature}", "<S/>").replace("xml:mau", "mau")
    for name in ("lang", "space", "base"):
        if text.count(f"xml:{name}=") > 1:
            text = text.replace(f"xml:{name}=", f"{name}=")
    return text.encode()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=documents(bases=("http://example.gov.vn/a/b", "/goc/a/")), data=st.data())
def test_the_octets_are_those_of_the_jdk(made: Made, data: st.DataObject, java: Java) -> None:
    octets = plain(made)
    root = parse_document(octets)
    apex = data.draw(st.sampled_from([None, *made.ids]))
    node = root if apex is None else next(e for e in root.iter("*") if e.get(XML_ID) == apex)
    for form in Canonical:
        prefixes = data.draw(st.sampled_from(((), ("p", "#default"), ("q", "a1", "x")))) if form.exclusive else ()
        found = canonicalize(node, form, inclusive_prefixes=prefixes, whole_document=apex is None)
        assert found == canonical_by(java, octets, form, apex, prefixes)


WRONG = {
    "the farthest xml:lang, not the nearest, is inherited (C14N 1.0, 2.4)": (
        '<a xml:lang="vi"><b xml:lang="en"><c xml:id="n"/></b></a>',
        "n",
        Canonical.C14N_10,
        '<c xml:id="n" xml:lang="en"></c>',
        '<c xml:id="n" xml:lang="vi"></c>',
    ),
    "what stands behind an empty root is lost (C14N 1.0, 2.3)": (
        "<a/><?p?>",
        None,
        Canonical.C14N_10,
        "<a></a>\n<?p?>",
        "<a></a>",
    ),
    "C14N 1.1 inherits no other attribute of the namespace xml (C14N 1.1, 2.4)": (
        '<a xml:mau="1"><c xml:id="n"/></a>',
        "n",
        Canonical.C14N_11,
        '<c xml:id="n"></c>',
        '<c xml:id="n" xml:mau="1"></c>',
    ),
}
"""Where the JDK 17 departs from the standard: document, its part, the form, the right octets, and the JDK's."""


@pytest.mark.parametrize("what", WRONG)
def test_where_the_jdk_is_not_right(what: str, java: Java) -> None:
    text, apex, form, expected, wrong = WRONG[what]
    root = parse_document(text.encode())
    node = root if apex is None else next(e for e in root.iter("*") if e.get(XML_ID) == apex)
    assert canonicalize(node, form, whole_document=apex is None) == expected.encode()
    assert canonical(text.encode(), form, apex=apex) == expected.encode()
    found = canonical_by(java, text.encode(), form, apex)
    assert found in (expected.encode(), wrong.encode())
    note("JDK, not right" if found == wrong.encode() else "JDK, right by now", what)


# -- the matrix ----------------------------------------------------------------------------------------


def test_the_matrix_is_shown(java: Java, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print("\nXML signatures and the JDK, who made them -> who reads them:")
        for what, cells in MATRIX.items():
            print(f"  {what:44} {len(cells):3}: {', '.join(cells)}")
