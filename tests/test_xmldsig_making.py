"""Making XML-DSig and XAdES: forms, phases, and a document of which not one octet is touched."""

from __future__ import annotations

import datetime
import json
from base64 import b64decode

import pytest
from asn1crypto.tsp import IssuerSerial
from lxml import etree

from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import ReadError, SignatureError, SourceError, UsageError, WriteError
from vndoc.pki import Family, SignatureAlgorithm
from vndoc.pki.algorithms import ecdsa_der_to_raw
from vndoc.signature._xmldsig_splice import root_octets
from vndoc.signature.facts import Binding, Level
from vndoc.signature.signing import PublicCredential, SigningState
from vndoc.signature.tsp import make_request
from vndoc.signature.xmldsig import read_xml
from vndoc.signature.xmldsig_making import (
    Claims,
    ProductionPlace,
    XmlReference,
    complete_xml,
    prepare_xml,
    sign_xml,
)
from vndoc.testing.pki import Authority, TimestampAuthority
from vndoc.xml import Canonical
from xmlsig_support import AN, AT, CA, CURVE, ROOT, codes, sound

ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
STAMP = TimestampAuthority(identity=CA.tsa(), time=AT)
EDXML = "/edXML/edXMLEnvelope/edXMLHeader"
PACKET = (
    '\ufeff<?xml version="1.0" encoding="utf-8"?>\r\n<!-- > </edXML> -->\r\n'
    "<edXML:edXML  xmlns:edXML=\"http://www.mic.gov.vn/TBT/QCVN_102:2016\" a='1' ><edXML:edXMLEnvelope>\r\n"
    "<edXML:edXMLHeader><edXML:Subject b='>'>Về việc &#xE2; &amp; <![CDATA[</edXMLHeader>]]></edXML:Subject>\r\n"
    "</edXML:edXMLHeader><?x </edXMLHeader>?><edXML:empty   c='/>' /></edXML:edXMLEnvelope></edXML:edXML>\r\n"
    "<!-- x -->\r\n"
).encode()


def sign(data: bytes = PACKET, **how: object) -> bytes:
    return sign_xml(data, **{"signer": AN.signer(), "signing_time": AT, **how})


def spliced(data: bytes, original: bytes) -> bytes:
    """Return the signature in *data*; everything around it must be *original*, octet for octet."""
    start, stop = data.index(b"<ds:Signature "), data.index(b"</ds:Signature>") + len(b"</ds:Signature>")
    assert data[:start] + data[stop:] == original
    return data[start:stop]


@pytest.mark.parametrize("parent", [None, EDXML, "/edXML/edXMLEnvelope"])
def test_not_one_octet_is_changed(parent):
    data = sign(parent=parent)
    spliced(data, PACKET)
    [facts] = read_xml(data)
    assert sound(facts)
    assert facts.place == f"{parent or '/edXML'}/Signature"
    assert facts.covered[0].element_path == "/edXML"


def test_an_empty_element_is_opened():
    data = sign(parent="/edXML/edXMLEnvelope/empty")
    tag = b"<edXML:empty   c='/>' >"
    assert tag + b"<ds:Signature " in data
    assert b"</ds:Signature></edXML:empty>" in data
    assert sound(read_xml(data)[0])
    for text in (b"<a/>", b"<a />", b"<a b='/>'/>", b"<p:a xmlns:p='urn:p'/>"):
        assert sound(read_xml(sign(text))[0])


def test_an_element_that_does_not_exist():
    with pytest.raises(UsageError) as caught:
        sign(parent="/edXML/none")
    assert caught.value.code == "option-invalid"


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "us-ascii", "windows-1258"])
def test_encodings(encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?><a>{"é" if encoding != "us-ascii" else "e"}</a>'
    data = sign(text.encode(encoding), claims=Claims(roles=("Giám đốc",)))
    [facts] = read_xml(data)
    assert sound(facts)
    assert facts.claimed_roles == ("Giám đốc",)


@pytest.mark.parametrize("form", ["enveloped", "enveloping"])
def test_utf_16_is_refused(form):
    with pytest.raises(SignatureError) as caught:
        sign('<?xml version="1.0" encoding="utf-16"?><a/>'.encode("utf-16"), form=form)
    assert caught.value.code == "signing-encoding"


def test_an_enveloped_root_has_to_be_utf_8_to_move():
    with pytest.raises(SignatureError) as caught:
        sign('<?xml version="1.0" encoding="iso-8859-1"?><a>\u00e9</a>'.encode("latin-1"), form="enveloping")
    assert caught.value.code == "signing-encoding"


def test_the_root_moves_into_an_enveloping_signature_as_it_stands():
    data = sign(form="enveloping")
    root = PACKET[PACKET.index(b"<edXML:edXML ") : PACKET.index(b"\r\n<!-- x -->")]
    assert b">" + root + b"</ds:Object>" in data
    [facts] = read_xml(data)
    assert sound(facts)
    assert sound(read_xml(sign(b"<a b='/>'/>", form="enveloping"))[0])


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"%PDF-1.7\n" * 1000])
def test_octets_in_base64(content):
    [facts] = read_xml(sign(content, form="enveloping-base64"))
    assert sound(facts)
    with facts.covered[0].octets.open() as file:
        assert file.read() == content


def test_detached_content():
    content = "Nội dung công văn".encode()
    data = sign(content, form="detached", references=[XmlReference(uri="cid:att0", mime_type="application/pdf")])
    [facts] = read_xml(data, resolver=lambda uri: MemoryOctets(content) if uri == "cid:att0" else None)
    assert sound(facts)
    assert facts.covered[0].what == "attachment"
    assert facts.content_type == "application/pdf"
    assert codes(read_xml(data)[0]) == ["signed-data-not-found"]


def test_attachments_from_the_header():
    """Form (b) of a packet's own signature: references to what is attached, in the document."""
    parts = {f"cid:att{n}": MemoryOctets(b"%d" % n) for n in range(3)}
    data = sign(parent=EDXML, references=[XmlReference(uri=uri, content=octets) for uri, octets in parts.items()])
    spliced(data, PACKET)
    [facts] = read_xml(data, resolver=parts.get)
    assert sound(facts)
    assert [c.name for c in facts.covered] == [*parts, "#vndoc-1-properties"]


def test_parts_of_a_document():
    text = b'<a><b Id="x">1</b><c Id="y">2</c></a>'
    references = [XmlReference(uri="#x"), XmlReference(uri="#xpointer(id('y'))", transforms=(Canonical.C14N_10.value,))]
    [facts] = read_xml(sign(text, references=references))
    assert sound(facts)
    assert [c.element_path for c in facts.covered[:2]] == ["/a/b", "/a/c"]


@pytest.mark.parametrize(
    "references",
    [
        [],
        [XmlReference()] * 30,
        [XmlReference(uri="cid:a", content=MemoryOctets(b"1")), XmlReference(uri="cid:a", content=MemoryOctets(b"2"))],
    ],
)
def test_references_that_do_not_fit(references):
    with pytest.raises(UsageError) as caught:
        sign(references=references)
    assert caught.value.code == "option-invalid"


@pytest.mark.parametrize(
    "reference",
    [
        XmlReference(uri="#none"),
        XmlReference(uri="cid:x"),
        XmlReference(uri="", transforms=("http://www.w3.org/TR/1999/REC-xslt-19991116",)),
        XmlReference(uri="", transforms=(Canonical.C14N_10.value,) * 4),
    ],
)
def test_what_cannot_be_signed(reference):
    with pytest.raises(SignatureError) as caught:
        sign(references=[reference])
    assert caught.value.code == "signing-data"


class Gone:
    size = 1

    def __init__(self, error):
        self.error = error

    def open(self):
        raise self.error


@pytest.mark.parametrize("error", [OSError("gone"), SourceError("source-closed")])
def test_content_that_cannot_be_read_is_not_signed(error):
    with pytest.raises(SignatureError) as caught:
        sign(references=[XmlReference(uri="cid:x", content=Gone(error))])
    assert caught.value.code == "signing-data"


def test_a_document_with_an_id_twice_is_not_signed():
    with pytest.raises(SignatureError) as caught:
        sign(b'<a><b Id="x"/><b Id="x"/></a>')
    assert caught.value.code == "signing-data"


def test_documents_that_cannot_be_read_or_written():
    with pytest.raises(ReadError):
        sign(b"<a>")
    with pytest.raises(ReadError):
        sign(b"<!DOCTYPE a><a/>")
    with pytest.raises(WriteError) as caught:
        sign(claims=Claims(roles=("\x00",)))
    assert caught.value.code == "text-not-xml"


def test_several_signatures_after_each_other():
    first = sign(b"<a><b/></a>", references=[XmlReference(uri="", transforms=(ENVELOPED,))])
    second = sign(first, signer=CURVE.signer(), breaking=True)
    one, two = read_xml(second)
    assert (one.signature_id, two.signature_id) == ("vndoc-1", "vndoc-2")
    assert codes(one) == ["digest-mismatch"]  # URI="" of the first covers the second one
    assert sound(two, CURVE)
    text = b'<a><b Id="x"/></a>'
    for signer in (AN, CURVE):
        text = sign(text, signer=signer.signer(), references=[XmlReference(uri="#x")])
    one, two = read_xml(text)
    assert sound(one)
    assert sound(two, CURVE)


@pytest.mark.parametrize(
    "text", ["vndoc-1", "VNDOC-DIGEST", "vndoc-1-DIGEST-0-", "vndoc-1-VALUE-", "vndoc-1-UNSIGNED-"]
)
def test_what_stands_in_for_missing_parts_may_stand_in_the_document(text):
    for data in (f"<a>{text}</a>", f"<a><!--{text} --></a>", f"<!--{text} --><a b='{text}'/>", f"<a/><?x {text}?>"):
        document = sign(data.encode(), parent=None, claims=Claims(roles=(text,)), stamp=STAMP)
        [facts] = read_xml(document)
        assert sound(facts)
        assert facts.claimed_roles == (text,)
        assert facts.level == Level.T


def test_what_cannot_be_spliced_is_an_error_of_the_package():
    for data in (b"<a", b"<a></b>", b"\xff"):
        with pytest.raises(SignatureError) as caught:
            root_octets(data)
        assert caught.value.code == "signing-encoding"


# -- XAdES -----------------------------------------------------------------------------------------------


def test_claims():
    claims = Claims(
        roles=("Giám đốc Sở <A&B>",),
        place=ProductionPlace(city="Hà Nội", street="1 Phố", state="HN", postal_code="100000", country="VN"),
        commitments=("http://uri.etsi.org/01903/v1.2.2#ProofOfApproval",),
    )
    [facts] = read_xml(sign(claims=claims))
    assert sound(facts)
    assert facts.claimed_roles == claims.roles
    assert facts.claimed_place == ("1 Phố", "Hà Nội", "HN", "100000", "VN")
    assert facts.commitment_types == claims.commitments
    assert facts.claimed_time == AT
    assert facts.binding(AN.certificate) is Binding.MATCHES
    assert [(d.reference, d.mime_type) for d in facts.data_objects] == [("#vndoc-1-r0", "text/xml")]
    assert facts.certificates == (AN.certificate, *AN.chain)


def test_levels():
    assert read_xml(sign(xades=False))[0].level == Level.NONE
    assert read_xml(sign())[0].level == Level.B
    [facts] = read_xml(sign(stamp=STAMP, nonce=2**63))
    assert (facts.level, facts.timestamps[0].intact, facts.timestamps[0].token.nonce) == (Level.T, True, 2**63)


def test_the_time_is_stated_in_utc():
    here = datetime.datetime(2026, 3, 2, 15, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=7)))
    data = sign(signing_time=here)
    assert b"<xades:SigningTime>2026-03-02T08:30:00Z<" in data
    with pytest.raises(UsageError) as caught:
        sign(signing_time=here.replace(tzinfo=None))
    assert caught.value.code == "time-zone-missing"
    with pytest.raises(UsageError) as caught:
        sign(signing_time=None)
    assert caught.value.code == "option-invalid"


def test_a_timestamp_needs_xades_and_an_honest_authority():
    with pytest.raises(UsageError) as caught:
        sign(xades=False, stamp=STAMP)
    assert caught.value.code == "option-invalid"
    with pytest.raises(SignatureError) as caught:
        sign(stamp=TimestampAuthority(identity=CA.tsa(), time=AT, failure="badRequest"))
    assert caught.value.code == "timestamp-refused"
    other = TimestampAuthority(identity=CA.tsa(), time=AT)

    def reused(request: bytes) -> bytes:
        return other(make_request(b"0" * 32))

    with pytest.raises(SignatureError) as caught:
        sign(stamp=reused)
    assert caught.value.code == "timestamp-unfit"


# -- two phases ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", [False, True])
def test_two_phases_survive_a_restart(raw):
    prepared = prepare_xml(
        PACKET, credential=PublicCredential(CURVE.certificate, CURVE.chain), signing_time=AT, parent=EDXML
    )
    assert json.loads(prepared.state)["kind"] == "vndoc-signing-state"
    value = CURVE.signer().sign(prepared.octets, prepared.algorithm)
    if raw:
        value = ecdsa_der_to_raw(value, 256)
    data = complete_xml(bytes(prepared.state), value, stamp=STAMP)
    spliced(data, PACKET)
    [facts] = read_xml(data)
    assert sound(facts, CURVE)
    assert facts.level == Level.T


def test_a_wrong_value_is_refused():
    prepared = prepare_xml(PACKET, credential=AN.signer(), signing_time=AT)
    for value in (b"", b"0" * 256, CURVE.signer().sign(prepared.octets, SignatureAlgorithm(Family.ECDSA, "sha256"))):
        with pytest.raises(SignatureError) as caught:
            complete_xml(prepared.state, value)
        assert caught.value.code == "signature-value"


def test_a_damaged_state_is_refused():
    prepared = prepare_xml(PACKET, credential=AN.signer(), signing_time=AT)
    value = AN.signer().sign(prepared.octets, prepared.algorithm)
    for state in (b"", b"{}", prepared.state.replace(b"vndoc-1", b"vndoc-2"), prepared.state[:-2]):
        with pytest.raises(SignatureError) as caught:
            complete_xml(state, value)
        assert caught.value.code == "signing-state"


def test_a_state_whose_document_is_not_what_was_signed_is_refused():
    """Whoever can write the shelf can write a sound state; the octets and the document have to agree all the same."""
    prepared = prepare_xml(PACKET, credential=AN.signer(), signing_time=AT)
    value = AN.signer().sign(prepared.octets, prepared.algorithm)
    state = SigningState.load(prepared.state, format="xmldsig")

    def changed(**fields: object) -> bytes:
        return SigningState(
            format=state.format,
            certificate=state.certificate,
            chain=state.chain,
            algorithm=state.algorithm,
            octets=state.octets,
            fields={**state.fields, **fields},
        ).dump()

    document = state.octets_of("document")
    other = prepare_xml(b"<b/>", credential=AN.signer(), signing_time=AT)
    for fields in (
        {"document": document.replace("Về việc".encode(), b"Khac")},
        {"document": SigningState.load(other.state, format=state.format).octets_of("document")},
        {"document": b"<a/>"},
        {"document": document.replace(b'Id="vndoc-1"', b'Id="vndoc-9"')},
        {"document": b"<a"},
        {"id": "vndoc-7"},
    ):
        for stamp in (None, STAMP):
            with pytest.raises((SignatureError, ReadError, UsageError)):
                complete_xml(changed(**fields), value, stamp=stamp)
    with pytest.raises(SignatureError) as caught:
        complete_xml(changed(canonicalization="urn:x"), value, stamp=STAMP)
    assert caught.value.code == "signing-state"


# -- algorithms ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["rsa-2048", "rsa-3072", "p256", "p384", "p521", "ed25519", "ed448"])
def test_every_algorithm_of_every_key(key):
    identity = Authority.root("Gốc", key="p256").person("Người ký", key=key)
    for algorithm in identity.signer().algorithms:
        [facts] = read_xml(sign(b"<a/>", signer=identity.signer(), algorithm=algorithm))
        assert sound(facts, identity)
        assert facts.algorithm == algorithm


@pytest.mark.parametrize(
    "algorithm",
    [
        SignatureAlgorithm(Family.RSA_PSS, "sha256", "sha256", 20),
        SignatureAlgorithm(Family.RSA_PSS, "sha256", "sha1", 32),
        SignatureAlgorithm(Family.RSA_PKCS1, "sha512-256"),
        SignatureAlgorithm(Family.DSA, "sha1"),
    ],
)
def test_algorithms_that_have_no_name_in_xml(algorithm):
    with pytest.raises(SignatureError) as caught:
        sign(signer=AN.signer(algorithm), algorithm=algorithm)
    assert caught.value.code == "signing-algorithm"


def test_a_signer_that_cannot_sign_as_asked():
    with pytest.raises(SignatureError) as caught:
        sign(algorithm=SignatureAlgorithm(Family.ECDSA, "sha256"))
    assert caught.value.code == "signing-algorithm"


@pytest.mark.parametrize("canonical", list(Canonical))
def test_every_canonical_form(canonical):
    [facts] = read_xml(sign(canonicalization=canonical, stamp=STAMP, parent=EDXML))
    assert sound(facts)
    assert facts.timestamps[0].intact


def test_a_serial_number_of_any_size():
    for serial in (1, 127, 128, 2**64, 2**159):
        identity = ROOT.person("Người ký", serial=serial)
        data = sign(b"<a/>", signer=identity.signer())
        named = etree.fromstring(data).find(".//{*}IssuerSerialV2").text
        assert sound(read_xml(data)[0], identity)
        assert IssuerSerial.load(b64decode(named))["serial_number"].native == serial


# -- a document that is signed already -------------------------------------------------------------------


def test_a_signature_that_is_there_is_not_broken():
    """Two enveloped signatures of one whole document: each is in what the other has signed (XML Signature 6.6.4)."""
    once = sign()
    with pytest.raises(SignatureError) as caught:
        sign(once)
    assert caught.value.code == "signing-breaks-another"
    assert caught.value.values["name"] == read_xml(once)[0].signature_id
    damaged = once.replace(b"a='1'", b"a='2'", 1)
    assert not sound(read_xml(damaged)[0])
    assert [sound(facts) for facts in read_xml(sign(damaged))] == [False, True]  # nothing is left to break


def test_signatures_over_parts_stand_side_by_side():
    document = b'<r><a Id="one">1</a><b Id="two">2</b></r>'
    once = sign(document, references=[XmlReference(uri="#one", transforms=(Canonical.EXCLUSIVE.value,))])
    both = sign(once, references=[XmlReference(uri="#two", transforms=(Canonical.EXCLUSIVE.value,))])
    assert [sound(facts) for facts in read_xml(both)] == [True, True]
    over_all = sign(once)  # the whole document, with the first signature in it
    assert [sound(facts) for facts in read_xml(over_all)] == [True, True]
    with pytest.raises(SignatureError):
        sign(over_all, references=[XmlReference(uri="#two", transforms=(Canonical.EXCLUSIVE.value,))])


@pytest.mark.parametrize(
    ("data", "how", "code"),
    [
        ("<a/>", {}, "source-type"),
        (None, {"form": "detached"}, "source-type"),
        (b"<a/>", {"form": "attached"}, "option-invalid"),
        (
            b"<a/>",
            {"signing_time": datetime.datetime.max.replace(tzinfo=datetime.timezone(-datetime.timedelta(hours=1)))},
            "option-invalid",
        ),
    ],
)
def test_what_is_asked_for_wrongly(data, how, code):
    with pytest.raises(UsageError) as caught:
        sign(data, **how)
    assert caught.value.code == code


def test_early_times_have_four_digits_for_the_year():
    [facts] = read_xml(sign(signing_time=datetime.datetime(900, 1, 2, tzinfo=datetime.UTC)))
    assert facts.claimed_time == datetime.datetime(900, 1, 2, tzinfo=datetime.UTC)
