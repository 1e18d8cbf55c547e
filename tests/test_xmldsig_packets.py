"""Signatures of packets whose attachments were cut out of the tree: the same facts as from the whole tree."""

from __future__ import annotations

import base64
import hashlib
import io
import tracemalloc

import pytest

from vndoc.envelope.octets import MemoryOctets
from vndoc.packets.files import TemporarySpool
from vndoc.pki import Family, SignatureAlgorithm
from vndoc.signature.xmldsig import XmlSource, read_xml
from vndoc.signature.xmldsig_making import XmlReference, sign_xml
from vndoc.xml import Canonical, Skeleton, canonicalize, parse_document, split
from xmlsig_support import AN, AT, C14N, DS, ENVELOPED, EXCLUSIVE, b64, codes, reference, sealed, signature, sound

CONTENT = hashlib.sha512(b"x").digest() * 500
WRAPPED = base64.encodebytes(CONTENT).decode()
ONE_LINE = b64(CONTENT)


def packet(text: str = ONE_LINE, *, inside: str = "", comment: str = "") -> bytes:
    return (
        f'<edXML xmlns="urn:e">{comment}<edXMLEnvelope><edXMLHeader><Subject>Về việc</Subject>{inside}</edXMLHeader>'
        f'</edXMLEnvelope><AttachmentEncoded><Attachment Id="att0"><ContentTransferEncoded Id="c0">{text}'
        "</ContentTransferEncoded></Attachment></AttachmentEncoded></edXML>"
    ).encode()


def cut(data: bytes, source: object = None) -> Skeleton:
    found = split(MemoryOctets(data) if source is None else source, spool=TemporarySpool)
    assert found.texts
    return found


def known(facts: object) -> object:
    covered = [(c.what, c.name, c.intact, c.digest, c.value, c.element_path, octets(c)) for c in facts.covered]
    return facts.place, codes(facts), covered, facts.signed_octets, facts.signature_value, facts.candidates


def octets(covered: object) -> bytes | None:
    if covered.octets is None:
        return None
    with covered.octets.open() as file:
        return file.read()


def both(data: bytes, **how: object) -> object:
    """Return the facts about the one signature, which both ways of reading have to agree about."""
    [whole] = read_xml(parse_document(data), **how)
    [elided] = read_xml(XmlSource.of_skeleton(cut(data), len(data)), **how)
    assert known(whole) == known(elided)
    return elided


@pytest.mark.parametrize("text", [ONE_LINE, WRAPPED, WRAPPED.replace("\n", "\r\n"), "\n  " + ONE_LINE + "\n"])
@pytest.mark.parametrize("form", list(Canonical))
def test_the_whole_packet(text, form):
    data = sign_xml(packet(text), signer=AN.signer(), signing_time=AT, canonicalization=form)
    facts = both(data)
    assert sound(facts)
    assert WRAPPED[:70] in octets(facts.covered[0]).decode() or ONE_LINE in octets(facts.covered[0]).decode()
    changed = data.replace(text.strip()[:40].encode(), b"AAAA" + text.strip()[4:40].encode())
    assert codes(both(changed)) == ["digest-mismatch"]


def test_one_attachment_by_its_id():
    for steps in ((), (EXCLUSIVE,), (C14N,)):
        data = sealed(packet(inside=signature(reference("#att0", transforms=steps))))
        facts = both(data)
        assert sound(facts)
        assert facts.covered[0].element_path == "/edXML/AttachmentEncoded/Attachment"


def test_the_decoded_octets_of_an_attachment():
    digest = b64(hashlib.sha256(CONTENT).digest())
    for text in (ONE_LINE, WRAPPED):
        sign = signature(reference("#c0", digest, transforms=(DS + "base64",)))
        facts = both(sealed(packet(text, inside=sign)))
        assert sound(facts)
        assert octets(facts.covered[0]) == CONTENT


def test_comments_count_where_they_do():
    step = '<Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"/>'
    text = ONE_LINE[:20_000] + "<!-- x -->" + ONE_LINE[20_000:]
    for uri in ("", "#xpointer(/)"):
        sign = signature(reference(uri, transforms=(ENVELOPED, step)))
        data = packet(text, inside=sign, comment="<!-- gửi -->")

        def digested(node, sign, uri=uri):
            form = Canonical.C14N_10_COMMENTS if uri else Canonical.C14N_10
            return canonicalize(sign.getroottree().getroot(), form, without=sign, whole_document=True)

        data = sealed(data, octets=digested)
        facts = both(data)
        assert sound(facts)
        assert (b"<!-- x -->" in octets(facts.covered[0])) is bool(uri)


def test_attachments_outside_the_tree():
    parts = {"cid:att0": MemoryOctets(CONTENT)}
    data = sign_xml(
        packet(),
        signer=AN.signer(),
        signing_time=AT,
        references=[XmlReference(uri="cid:att0", content=parts["cid:att0"])],
        parent="/edXML/edXMLEnvelope/edXMLHeader",
    )
    assert sound(both(data, resolver=parts.get))
    assert codes(both(data)) == ["signed-data-not-found"]


def test_values_with_comments_are_refused_in_packets_too():
    data = sign_xml(packet(), signer=AN.signer(), xades=False)
    for name in (b"DigestValue", b"SignatureValue", b"X509Certificate"):
        assert codes(both(data.replace(b"</ds:%s>" % name, b"<!-- --></ds:%s>" % name))) == ["text-not-plain"]


class Vanishing:
    """A source that can be read once and is gone afterwards."""

    def __init__(self, data: bytes) -> None:
        self.data, self.size, self.gone = data, len(data), False

    def open(self):
        if self.gone:
            raise OSError("gone")
        return io.BytesIO(self.data)


def test_a_source_that_is_gone_is_data_that_cannot_be_had():
    data = sign_xml(packet(), signer=AN.signer(), xades=False)
    source = Vanishing(data)
    skeleton = cut(data, source)
    source.gone = True
    [facts] = read_xml(XmlSource.of_skeleton(skeleton, len(data)))
    assert codes(facts) == ["signed-data-not-found"]
    assert facts.covered[0].intact is None
    sign = signature(reference("#c0", b64(b"0" * 32), transforms=(DS + "base64",)))
    data = sealed(packet(inside=sign))
    source = Vanishing(data)
    skeleton = cut(data, source)
    source.gone = True
    [facts] = read_xml(XmlSource.of_skeleton(skeleton, len(data)))
    assert codes(facts) == ["signed-data-not-found"]


def test_a_namespace_name_that_is_no_absolute_uri_has_no_canonical_form():
    sign = signature(reference("", b64(b"0" * 32), transforms=(ENVELOPED,)))
    data = f'<a xmlns:p="rel"><p:b/>{sign}</a>'.encode()
    [facts] = read_xml(data.replace(b"<SignatureValue>?", b"<SignatureValue>AAAA"))
    assert codes(facts) == ["transform-failed"]
    assert "c14n-namespace" in facts.reasons[0].text()
    part = f'<a><b Id="x" xmlns:p="rel"/>{signature(reference("#x", b64(b"0" * 32)))}</a>'
    [facts] = read_xml(sealed(part))
    assert codes(facts) == ["transform-failed"]
    assert facts.verify(AN.certificate)


def test_a_canonical_form_that_takes_too_many_steps_is_no_forgery():
    """Canonical XML looks back at every declaration in force: many, deep and often are more than is taken."""
    declared = " ".join(f'xmlns:p{n}="urn:{n}"' for n in range(20_000))
    inner = "".join(f'<c xmlns:q{n}="urn:q"/>' for n in range(20_000))
    sign = signature(reference("#x", b64(b"0" * 32)))
    [facts] = read_xml(sealed(f'<a><b Id="x" {declared}>{inner}</b>{sign}</a>'))
    assert codes(facts) == ["transform-too-costly"]
    assert facts.verify(AN.certificate)
    assert facts.covered[0].intact is None


def test_memory_stays_flat():
    """A packet of 20 MB is digested in pieces: far less is held than the packet."""
    data = sign_xml(
        packet("A" * 20_000_000),
        signer=AN.signer(),
        xades=False,
        algorithm=SignatureAlgorithm(Family.RSA_PKCS1, "sha256"),
    )
    skeleton = cut(data)
    tracemalloc.start()
    [facts] = read_xml(XmlSource.of_skeleton(skeleton, len(data)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sound(facts)
    assert peak < 0.05 * len(data) + 1024 * 1024
