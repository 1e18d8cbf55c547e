"""Documents made by somebody hostile: each is a small change of one that is sound, and must not pass for it.

What is tried here was once accepted, or once ended in an error that is not ours.
"""

from __future__ import annotations

import datetime
import errno
import io

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import vndoc
from samples import DOCUMENT, read
from verdict_support import NOW, TSA, Knows
from vndoc.envelope import Attachment
from vndoc.errors import CertificateError, SignatureError, SourceError, UsageError
from vndoc.pki import Indication, Purpose, SubIndication, TrustStore
from vndoc.pki.algorithms import load_public_key
from vndoc.signature import _xmldsig_references, tsp
from vndoc.signature.cms import read_cms, sign_cms
from vndoc.signature.etsi import verdict_to_etsi
from vndoc.signature.evaluation import verify_cms, verify_xml
from vndoc.signature.export import verdict_to_json
from vndoc.signature.originals import judge_original
from vndoc.signature.packet import sign_header, verify_packet
from vndoc.signature.policy import policy_of
from vndoc.signature.xmldsig import read_xml
from vndoc.signature.xmldsig_making import sign_xml
from vndoc.testing.pki import TimestampAuthority
from xmlsig_support import (
    AN,
    CA,
    DS,
    ENVELOPED,
    EXCLUSIVE,
    ROOT,
    SHA256,
    XADES,
    certificates,
    codes,
    enveloped,
    reference,
    sealed,
    signature,
    target_octets,
)

HOW = {
    "policy": "vn_default",
    "trust": TrustStore.of([ROOT.certificate], purposes={Purpose.GOVERNMENT}),
    "at": NOW,
    "revocation": Knows(),
}
KEYS = certificates(AN, CA)
PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"


def judged(data: bytes, **how: object):
    """Return the report about the one signature of *data*, after both exports of the verdict were made."""
    verdict = verify_xml(data, **HOW | how)
    assert verdict_to_json(verdict)
    assert verdict_to_etsi(verdict)
    [report] = verdict
    return report


def said(report) -> list[str]:
    return [reason.code for reason in report.outcome.reasons]


# -- wrapping ------------------------------------------------------------------------------------------


def test_what_lies_in_the_signature_is_not_covered_by_the_document():
    """The enveloped-signature transform leaves the signature out, and with it whatever somebody puts into it."""
    good = sealed(enveloped(key_info=KEYS))
    bad = good.replace(b"</Signature>", b'<Object><Pay xmlns="">1</Pay></Object></Signature>')
    assert judged(bad).passed  # nothing of it is handed out
    report = judged(bad, expect=("/a/Signature/Object/Pay",))
    assert "expected-not-covered" in said(report)
    assert not report.passed
    assert judged(bad, expect=("/a/b", "/a")).passed


PART = sealed(f'<a><b Id="x">good</b>{signature(reference("#x", transforms=(EXCLUSIVE,)), key_info=KEYS)}</a>')


def test_the_signed_element_moved_into_its_signature():
    moved = PART.replace(b'<b Id="x">good</b>', b"<b>evil</b>")
    moved = moved.replace(b"</Signature>", b'<Object><b xmlns="" Id="x">good</b></Object></Signature>')
    report = judged(moved)
    assert report.covers[0].intact
    assert "unsigned-twin" in said(report)
    assert not report.passed


def test_a_twin_inside_the_signature():
    assert judged(PART).passed
    report = judged(PART.replace(b"</Signature>", b'<Object><b xmlns="">evil</b></Object></Signature>'))
    assert "unsigned-twin" in said(report)
    assert not report.passed
    assert judged(PART.replace(b"</Signature>", b"<Object>evil</Object></Signature>")).passed


def test_a_twin_of_the_document_inside_the_signature():
    good = sealed(enveloped(key_info=KEYS))
    report = judged(good.replace(b"</Signature>", b'<Object><a xmlns="">evil</a></Object></Signature>'))
    assert "unsigned-twin" in said(report)


# -- properties that only look signed --------------------------------------------------------------------


def qualified(time: str = "2026-03-02T08:30:00Z", more: str = "", unsigned: str = "") -> str:
    return (
        f'<Object><QualifyingProperties xmlns="{XADES}" Target="#sig"><SignedProperties Id="sp">'
        f"<SignedSignatureProperties><SigningTime>{time}</SigningTime>{more}</SignedSignatureProperties>"
        f"</SignedProperties><UnsignedProperties><UnsignedSignatureProperties>{unsigned}</UnsignedSignatureProperties>"
        "</UnsignedProperties></QualifyingProperties></Object>"
    )


def with_properties(*transforms: str, octets=target_octets, **how: str) -> bytes:
    refs = reference("", transforms=(ENVELOPED,)), reference("#sp", kind=PROPERTIES, transforms=transforms)
    return sealed(f"<a>{signature(*refs, objects=qualified(**how), key_info=KEYS)}</a>", octets=octets)


def test_properties_left_out_with_their_signature_are_not_signed():
    """Strictly, enveloped-signature leaves nothing of an element of its own signature."""
    good = with_properties()
    assert judged(good).claimed_time is not None
    data = with_properties(ENVELOPED)
    assert judged(data).covers[1].intact
    for one in (data, data.replace(b"2026-03-02T08", b"2020-03-02T08")):
        report = judged(one)
        assert "signed-properties-not-signed" in said(report)
        assert report.claimed_time is None
        assert not report.passed


NAMED_KEYS = KEYS.replace("<KeyInfo>", '<KeyInfo Id="keys">')


@pytest.mark.parametrize(
    ("references", "objects"),
    [
        ((reference("#keys"),), ""),
        ((reference("#sp", kind=PROPERTIES),), qualified()),
        ((reference("#keys"), reference("#sp", kind=PROPERTIES)), qualified()),
        ((reference("#sig", transforms=(ENVELOPED,)),), ""),
        ((reference("#o", transforms=(ENVELOPED,)),), '<Object Id="o">text</Object>'),
    ],
)
def test_a_signature_over_nothing_but_itself(references: tuple[str, ...], objects: str):
    """All is intact, and whoever puts it into a document has signed nothing of that."""
    sign = signature(*references, key_info=NAMED_KEYS, objects=objects)
    report = judged(sealed(f"<a>{sign}<b>anything</b></a>"))
    assert [covered.intact for covered in report.covers] == [True] * len(references)
    assert said(report)[0] == "signs-only-itself"
    assert not report.passed
    assert report.crypto.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE


def test_a_signature_that_is_all_of_its_document_and_leaves_itself_out():
    assert said(judged(sealed(signature(reference("", transforms=(ENVELOPED,)), key_info=KEYS))))[0] == (
        "signs-only-itself"
    )


def test_a_signature_over_an_object_beside_itself():
    """An Object is where an enveloping signature has its data, even if there is nothing in it."""
    for content in ("", "text", f"<Manifest>{reference('#b', 'AAAA')}</Manifest>"):
        sign = signature(
            reference("#keys"), reference("#o"), key_info=NAMED_KEYS, objects=f'<Object Id="o">{content}</Object>'
        )
        assert "signs-only-itself" not in said(judged(sealed(f'<a>{sign}<b Id="b"/></a>')))


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"QualifyingProperties", b"OtherProperties", "signed-properties-elsewhere"),
        (
            b'<QualifyingProperties xmlns="' + XADES.encode(),
            b'<QualifyingProperties xmlns="urn:other',
            "digest-mismatch",
        ),
        (b"<Object>", b'<Object xmlns="urn:other">', "signature-malformed"),
    ],
)
def test_properties_moved_out_of_sight(old: bytes, new: bytes, code: str):
    """Without its properties a XAdES signature would be one without certificate binding and time, but still whole."""
    good = with_properties()
    assert judged(good).passed
    report = judged(good.replace(old, new))
    assert not report.passed
    assert code in said(report)


def test_properties_moved_into_the_key_info():
    good = with_properties()
    start, stop = good.index(b"<Object>"), good.index(b"</Object>") + len(b"</Object>")
    moved = (good[:start] + good[stop:]).replace(b"</KeyInfo>", good[start:stop] + b"</KeyInfo>")
    report = judged(moved)
    assert not report.passed
    assert "signed-properties-elsewhere" in said(report)


def test_properties_of_which_the_text_alone_is_signed():
    """A signed base64 text, dressed up as SignedProperties by somebody who kept its characters."""
    text = "QUJD"
    decoded = reference("#sp", transforms=(DS + "base64",), kind=PROPERTIES)
    data = sealed(
        f'<a><t Id="sp">{text}</t>{signature(decoded, key_info=KEYS)}</a>',
        octets=lambda *_: b"ABC",
    )
    assert "signed-properties-elsewhere" in said(judged(data))
    role = (
        f'<Object><QualifyingProperties xmlns="{XADES}" Target="#sig"><SignedProperties Id="sp">'
        f"<SignedSignatureProperties><SignerRole><ClaimedRoles><ClaimedRole>{text}</ClaimedRole></ClaimedRoles>"
        "</SignerRole></SignedSignatureProperties></SignedProperties></QualifyingProperties></Object>"
    )
    dressed = data.replace(b'<t Id="sp">QUJD</t>', b"").replace(b"</Signature>", role.encode() + b"</Signature>")
    report = judged(dressed)
    assert "signed-properties-not-signed" in said(report)
    assert report.claimed_roles == ()
    assert not report.passed


# -- times at the edge of the calendar ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "time", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00"]
)
def test_claimed_times_at_the_edge_of_the_calendar(time):
    assert "claimed-time-only" in said(judged(with_properties(time=time)))


def test_timestamps_at_the_edge_of_the_calendar():
    end = datetime.datetime(9999, 12, 31, 23, 59, 58, tzinfo=datetime.UTC)
    tsa = TimestampAuthority(identity=TSA, time=end, accuracy=datetime.timedelta(seconds=1))
    report = judged(sign_xml(b"<a/>", signer=AN.signer(), signing_time=NOW, stamp=tsa))
    assert "timestamp-in-future" in said(report)
    for time, accuracy in ((end, 2), (NOW, 2**38)):
        tsa = TimestampAuthority(identity=TSA, time=time, accuracy=datetime.timedelta(seconds=accuracy))
        with pytest.raises(SignatureError) as caught:
            tsp.read_token(tsa.token(b"0" * 32))
        assert caught.value.code == "timestamp-malformed"


# -- work without end ----------------------------------------------------------------------------------------

DIGEST = "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA="
COMMENTS = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"


def unsigned(*references: str, name: str = "s", **how: str) -> str:
    return signature(*references, name=name, key_info="", **how).replace("Value>?<", "Value>AAAA<")


def test_references_are_counted_over_the_whole_document():
    refs = [reference("#x", DIGEST)] * 30
    many = "".join(unsigned(*refs, name=f"s{number}") for number in range(17))
    found = read_xml(f'<a><b Id="x"/>{many}</a>'.encode())
    assert [codes(facts).count("digest-mismatch") for facts in found] == [30] * 16 + [0]
    assert codes(found[-1]) == ["too-many-references"]


@pytest.mark.parametrize(
    ("body", "uri", "transforms"),
    [
        (f"<!--{'x' * 1_000_000}-->", "#xpointer(/)", (COMMENTS, EXCLUSIVE)),
        (f'<b Id="x">{" " * 1_000_000}</b>', "#x", (DS + "base64",)),
    ],
)
def test_what_is_parsed_and_decoded_counts_though_little_is_digested(body, uri, transforms):
    refs = [reference(uri, DIGEST, transforms=transforms)] * 30
    found = read_xml(f"<a>{body}{''.join(unsigned(*refs, name=f's{number}') for number in range(16))}</a>".encode())
    assert codes(found[0])[0] == "digest-mismatch"
    assert "too-much-to-digest" in codes(found[-1])


def test_a_thousand_namespaces_in_scope_of_what_is_signed():
    for count, code in ((999, "digest-mismatch"), (1001, "transform-too-costly")):
        scope = "".join(f' xmlns:n{number}="urn:{number}"' for number in range(count))
        [facts] = read_xml(f'<a{scope}><b Id="x"/>{unsigned(reference("#x", DIGEST))}</a>'.encode())
        assert codes(facts)[0] == code


def test_namespaces_declared_in_what_is_left_out():
    for count, code in ((9_000, "digest-mismatch"), (10_001, "transform-too-costly")):
        inside = '<b xmlns="urn:b"/>' * count
        objects = f"<Object>{inside}</Object>"
        [facts] = read_xml(
            # where there is an instruction, what is left out is taken out of a copy
            f"<a><?p?>{unsigned(reference('', DIGEST, transforms=(ENVELOPED,)), objects=objects)}</a>".encode()
        )
        assert code in codes(facts)


def test_names_of_certificates_are_counted():
    names = "<X509SubjectName>CN=x</X509SubjectName>"
    info = f"<KeyInfo><X509Data>{names * 64}{{}}{certificates(AN, CA)[19:]}"
    good = sealed(enveloped(key_info=info.format("<X509SubjectName>CN=Nguyễn Văn An</X509SubjectName>")))
    [facts] = read_xml(good)
    assert facts.names(AN.certificate) is False
    assert judged(good).passed


def test_tokens_in_one_timestamp_and_certificates_in_one_property():
    token = "<EncapsulatedTimeStamp>AAAA</EncapsulatedTimeStamp>"
    cert = (
        f'<Cert><CertDigest><DigestMethod xmlns="{DS}" Algorithm="{SHA256}"/>'
        f'<DigestValue xmlns="{DS}">{DIGEST}</DigestValue></CertDigest></Cert>'
    )
    for count, code in ((30, "timestamp-malformed"), (31, "too-many-timestamps")):
        data = with_properties(unsigned=f"<SignatureTimeStamp>{token * count}</SignatureTimeStamp>")
        report = judged(data)
        assert code in {*said(report), *(r.code for t in report.timestamps for r in t.outcome.reasons)}
        assert not report.passed
    for count, code in ((64, "signing-certificate-other"), (65, "xades-malformed")):
        assert code in said(judged(with_properties(more=f"<SigningCertificate>{cert * count}</SigningCertificate>")))


def test_a_path_that_may_mean_an_element_of_another_namespace():
    """Paths are made of local names, so that an element of another namespace has the same."""
    assert judged(PART, expect=("/a/b",)).passed
    for path in ("/a/b", "/a/b[1]"):
        report = judged(PART.replace(b"<a>", b'<a><b xmlns="urn:evil">evil</b>'), expect=(path,))
        assert "expected-not-covered" in said(report)
    assert "expected-not-covered" in said(judged(PART, expect=("/a/c",)))
    assert "expected-not-covered" in said(judged(PART, expect=("/c",)))


def _prefixes(number: int) -> str:
    inner = f'<InclusiveNamespaces xmlns="{EXCLUSIVE}" PrefixList="p{number}"/>'
    return f'<Transform Algorithm="{EXCLUSIVE}">{inner}</Transform>'


@pytest.mark.parametrize("step", [_prefixes, lambda _: DS + "base64", lambda n: _prefixes(n) + _prefixes(n)])
def test_a_document_that_is_gone_through_again_and_again(monkeypatch, step):
    """Elements take a thousand times as long as the octets that they are written in."""
    monkeypatch.setattr(_xmldsig_references, "_FREE_ELEMENTS", 0)
    parts = [signature(*(reference("#a", "AAAA", transforms=(step(n),)) for n in range(at, at + 12))) for at in (0, 12)]
    signatures = "".join(part.replace(">?<", ">AAAA<").replace('Id="sig"', "") for part in parts)
    found = read_xml(f'<r><a Id="a">{"<b/>" * 2000}</a>{signatures}</r>'.encode())
    assert {c.intact for c in found[0].covered[:4]} == {False}
    assert "too-much-to-digest" in codes(found[1])
    assert found[1].covered[-1].intact is None


# -- packets -----------------------------------------------------------------------------------------------

FILES = (
    Attachment.of(b"%PDF-1.7 signed", name="Công văn.pdf", content_id="cid:1.pdf"),
    Attachment.of(b"%PDF-1.7 other", name="cid:1.pdf", content_id="cid:2"),
)
PACKET = read(DOCUMENT).document.evolve(attachments=FILES, signature=None)
SENT = vndoc.write_packet(PACKET)
BARE = vndoc.write_packet(PACKET.evolve(attachments=()))
"""The same without attachments, which a signature over the header alone would leave out."""


def header_of(form: str) -> bytes:
    return sign_header(SENT, PACKET, signer=AN.signer(), signing_time=NOW, form=form)


def test_a_signature_copied_into_a_packet():
    """It is sound where it stands, and nothing of what it is over belongs to the packet."""
    inner = signature(
        reference("#o", transforms=(EXCLUSIVE,)),
        objects='<Object Id="o">x</Object>',
        canonical=EXCLUSIVE,
        key_info=KEYS,
    )
    copied = sealed(inner)
    assert judged(copied).passed
    at = SENT.index(b"</edXML:edXMLHeader>")
    verdict = vndoc.verify(SENT[:at] + copied + SENT[at:], **HOW)
    [report] = verdict
    assert report.covers[0].intact
    assert said(report)[0] == "header-signature-elsewhere"
    assert not verdict.passed


def test_a_header_that_no_signature_covers_is_told():
    found = {form: [r.code for r in vndoc.verify(header_of(form), **HOW).reasons] for form in ("cid", "enveloped")}
    assert "header-not-signed" in found["cid"]
    assert "header-not-signed" not in found["enveloped"]
    assert not {"header-signature-elsewhere"} & {*found["cid"], *found["enveloped"]}


STANDARD = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
SIGNED_HEADER = sealed(
    BARE.decode()
    .replace("<edXML:edXMLHeader>", '<edXML:edXMLHeader Id="header">', 1)
    .replace(
        "</edXML:edXMLHeader>",
        signature(reference("#header", transforms=(ENVELOPED, EXCLUSIVE)), canonical=EXCLUSIVE, key_info=KEYS)
        + "</edXML:edXMLHeader>",
        1,
    )
)


def _in_another_namespace(namespace: str) -> str:
    """Return a forged packet in *namespace*, with the signed header behind its own."""
    genuine = SIGNED_HEADER.decode()
    start, stop = genuine.index("<edXML:edXMLHeader"), genuine.index("</edXML:edXMLHeader>")
    header = f"{genuine[start:stop]}</edXML:edXMLHeader>".replace(
        "<edXML:edXMLHeader", f'<edXML:edXMLHeader xmlns:edXML="{STANDARD}"', 1
    )
    forged = BARE.decode().replace(STANDARD, namespace)
    if not namespace:
        forged = forged.replace(' xmlns:edXML=""', "").replace("edXML:", "")
    closing = "</edXML:edXMLEnvelope>" if namespace else "</edXMLEnvelope>"
    return forged.replace("TL1", "TL9").replace(closing, header + closing, 1)


def _out_of_place() -> str:
    """Return the signed packet with another header before it, where none belongs."""
    forged = BARE.decode()
    start, stop = forged.index("<edXML:MessageHeader"), forged.index("</edXML:MessageHeader>")
    other = forged[start:stop].replace("TL1", "TL9") + "</edXML:MessageHeader>"
    genuine = SIGNED_HEADER.decode()
    at = genuine.index("<edXML:edXMLHeader")
    return genuine[:at] + other + genuine[at:]


@pytest.mark.parametrize(
    "forged",
    [*map(_in_another_namespace, ("http://www.e-doc.vn/Schema/", "http://www.go.vn/eDoc", "")), _out_of_place()],
)
def test_another_header_is_read_than_the_signed_one(forged):
    """The signed header has the same path as the one that is read, or lies beside it, and is as it was (attack A1)."""
    assert vndoc.verify(SIGNED_HEADER, **HOW).passed
    with vndoc.read(forged.replace("Trích yếu mẫu", "Trích yếu giả", 1).encode()) as reading:
        assert reading.document.subject == "Trích yếu giả"
        verdict = verify_packet(reading, **HOW)
    [report] = verdict
    assert report.covers[0].intact
    assert said(report)[0] == "header-signature-elsewhere"
    assert "header-not-signed" in [r.code for r in verdict.reasons]
    assert not verdict.passed


def test_attachments_that_a_signature_over_the_header_leaves_out():
    """Nobody has signed any of them, so that all of them may be somebody else's."""
    sign = signature(reference("#header", transforms=(ENVELOPED, EXCLUSIVE)), canonical=EXCLUSIVE, key_info=KEYS)
    data = SENT.decode().replace("<edXML:edXMLHeader>", '<edXML:edXMLHeader Id="header">', 1)
    verdict = vndoc.verify(sealed(data.replace("</edXML:edXMLHeader>", sign + "</edXML:edXMLHeader>", 1)), **HOW)
    [report] = verdict
    assert report.passed
    assert verdict.indication is Indication.INDETERMINATE
    told = [dict(r.values)["name"] for r in verdict.reasons if r.code == "attachment-not-signed"]
    assert told == [file.name for file in FILES]
    for form in ("cid", "enveloped"):
        assert "attachment-not-signed" not in [r.code for r in vndoc.verify(header_of(form), **HOW).reasons]


def test_attachments_that_are_signed_where_they_stand():

    data = SENT.decode().replace("<AttachmentEncoded>", '<AttachmentEncoded Id="file">', 1)
    sign = signature(reference("#file", transforms=(EXCLUSIVE,)), canonical=EXCLUSIVE, key_info=KEYS)
    verdict = vndoc.verify(sealed(data.replace("</edXML:edXMLHeader>", sign + "</edXML:edXMLHeader>", 1)), **HOW)
    assert verdict.passed
    assert "header-not-signed" in [r.code for r in verdict.reasons]


def test_a_file_called_like_the_content_id_of_another_one():
    """XML-DSig names content ids, a seal names files: one must not stand for the other."""
    with vndoc.read(header_of("cid")) as reading:
        [report] = verify_packet(reading, **HOW)
    assert report.passed
    first = attrs.evolve(report, covers=tuple(c for c in report.covers if c.name == "cid:1.pdf"))
    assert len(first.covers) == 1
    reasons = judge_original(PACKET, [first], policy_of("vn_default"), "Công văn.pdf", None, NOW)[1]
    assert ("appendix-unsigned", "cid:1.pdf") in [(r.code, dict(r.values).get("name")) for r in reasons]
    reasons = judge_original(PACKET, [first], policy_of("vn_default"), "cid:1.pdf", None, NOW)[1]
    assert ("appendix-unsigned", "Công văn.pdf") not in [(r.code, dict(r.values).get("name")) for r in reasons]
    assert "competent-person-missing" in [r.code for r in reasons]


# -- keys ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bits", "taken"), [(17, True), (256, True), (257, False), (2048, False)])
def test_exponents_that_take_long(bits, taken):
    """A key with an exponent as long as its modulus takes 20 ms for each value: one document may ask for thousands."""
    modulus = AN.key.public_key().public_numbers().n
    key = rsa.RSAPublicNumbers((1 << (bits - 1)) + 1, modulus).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if taken:
        assert load_public_key(spki) == key
        return
    with pytest.raises(CertificateError) as caught:
        load_public_key(spki)
    assert caught.value.code == "key-unsupported"


# -- sources ---------------------------------------------------------------------------------------------------


@attrs.frozen
class Failing:
    """Octets of which only the first *good* can be read."""

    data: bytes
    good: int

    @property
    def size(self) -> int:
        return len(self.data)

    def open(self) -> io.BufferedReader:
        data, good = self.data, self.good

        class File(io.RawIOBase):
            at = 0

            def readable(self) -> bool:
                return True

            def readinto(self, buffer: memoryview) -> int:
                part = data[self.at : min(self.at + len(buffer), good)]
                if not part:
                    raise OSError(errno.EIO, "Input/output error")
                buffer[: len(part)] = part
                self.at += len(part)
                return len(part)

        return io.BufferedReader(File(), 64)


CMS = sign_cms(b"content", signer=AN.signer(), detached=False)
DETACHED = sign_cms(b"content", signer=AN.signer())


@pytest.mark.parametrize("good", [0, 100, len(CMS) - 1])
def test_sources_that_fail_on_the_way(good):
    with pytest.raises(SourceError) as caught:
        verify_cms(Failing(CMS, good), **HOW)
    assert caught.value.code == "source-unreadable"
    with pytest.raises(SourceError) as caught:
        verify_cms(DETACHED, content=Failing(b"content", min(good, 5)), **HOW)
    assert caught.value.code == "source-unreadable"


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_other_kinds_of_octets(kind):
    assert read_cms(kind(CMS))[0].covered[0].intact
    assert read_cms(DETACHED, content=kind(b"content"))[0].covered[0].intact
    assert read_xml(kind(PART))[0].covered[0].intact


@pytest.mark.parametrize("data", ["<a/>", None, 7])
def test_what_is_no_octets(data):
    for read_it in (lambda: read_xml(data), lambda: read_cms(data), lambda: read_cms(DETACHED, content=data or "")):
        with pytest.raises(UsageError) as caught:
            read_it()
        assert caught.value.code == "source-type"
