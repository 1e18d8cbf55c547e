"""XAdES counter-signatures: made in one step or two, read by others, and judged with what they are on."""

from __future__ import annotations

import datetime

import pytest
import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate
from lxml import etree

from vndoc.errors import SignatureError, UsageError
from vndoc.pki import Purpose, RevocationChecker, TrustStore
from vndoc.signature import RevocationMaterial, verify_xml, xmldsig_archiving
from vndoc.signature._imprint import key_of
from vndoc.signature.facts import Form, Level, TimestampKind
from vndoc.signature.xmldsig import read_xml
from vndoc.signature.xmldsig_countersigning import counter_sign, prepare_counter_signature
from vndoc.signature.xmldsig_making import Claims, XmlReference, complete_xml, sign_xml
from vndoc.testing.pki import Authority, Identity, TimestampAuthority
from vndoc.xml import Canonical
from xmlsig_support import AN, AT, BINH, CA, CURVE, DS, ROOT, certificates, reference, sealed, signature, sound

DOCUMENT = '<a xmlns="urn:x"><b Id="b">Về việc</b></a>'.encode()
LATER = AT + datetime.timedelta(hours=2)
TSA_ROOT = Authority.root("Gốc TSA", key="p256")
STAMP = TimestampAuthority(identity=TSA_ROOT.tsa("TSA", key="rsa-2048"), time=LATER)


def signed(data: bytes = DOCUMENT, **how) -> bytes:
    return sign_xml(data, **{"signer": AN.signer(), "signing_time": AT, **how})


def countered(data: bytes | None = None, **how) -> bytes:
    how = {"signer": BINH.signer(), "signing_time": LATER} | how
    return counter_sign(signed() if data is None else data, **how)


@pytest.mark.parametrize("who", [BINH, CURVE])
@pytest.mark.parametrize("canonical", [Canonical.EXCLUSIVE, Canonical.C14N_10, Canonical.C14N_11])
def test_a_counter_signature_is_over_the_value(who, canonical):
    data = countered(signer=who.signer(), canonicalization=canonical, claims=Claims(roles=("Chánh Văn phòng",)))
    [facts] = read_xml(data)
    assert sound(facts)
    [counter] = facts.counter_signatures
    assert sound(counter, who)
    assert (counter.form, counter.level, counter.claimed_time) == (Form.XADES, Level.B, LATER)
    assert counter.claimed_roles == ("Chánh Văn phòng",)
    assert [c.what for c in counter.covered] == ["element", "signed-properties"]
    assert counter.covered[0].element_path.endswith("/Signature/SignatureValue")


def test_what_is_there_stays_as_it_is():
    before = signed(stamp=STAMP)
    after = countered(before)
    start = next(i for i, (x, y) in enumerate(zip(before, after, strict=False)) if x != y)
    assert after[len(after) - (len(before) - start) :] == before[start:]
    [facts] = read_xml(after)
    assert [t.intact for t in facts.timestamps] == [True]


def python_xmlsec(data: bytes, number: int, identity: Identity) -> bool:
    root = etree.fromstring(data)
    xmlsec.tree.add_ids(root, ["Id"])
    context = xmlsec.SignatureContext()
    pem = load_der_x509_certificate(identity.certificate.der).public_bytes(Encoding.PEM)
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatCertPem)
    node = list(root.iter(f"{{{DS}}}Signature"))[number]
    try:
        context.verify(node)
    except xmlsec.Error:
        return False
    return True


def test_libxmlsec_verifies_both():
    data = countered(signed(references=[XmlReference(uri="#b")]))
    assert python_xmlsec(data, 0, AN)
    assert python_xmlsec(data, 1, BINH)
    assert not python_xmlsec(data, 1, AN)


def test_two_phases_and_a_timestamp():
    waiting = prepare_counter_signature(signed(), credential=BINH.signer(), signing_time=LATER)
    value = BINH.signer().sign(waiting.octets, waiting.algorithm)
    data = complete_xml(waiting.state, value, stamp=STAMP)
    [counter] = read_xml(data)[0].counter_signatures
    assert (counter.level, counter.timestamps[0].intact) == (Level.T, True)
    with pytest.raises(SignatureError) as caught:
        complete_xml(waiting.state, AN.signer().sign(waiting.octets, waiting.algorithm))
    assert caught.value.code == "signature-value"


def test_several_and_one_of_several():
    data = countered(countered(), signer=CURVE.signer())
    [facts] = read_xml(data)
    assert [sound(c, who) for c, who in zip(facts.counter_signatures, (BINH, CURVE), strict=True)] == [True, True]
    references = [XmlReference(uri="#b")]
    two = signed(signed(references=references), signer=BINH.signer(), references=references)
    found = read_xml(countered(two, signature_id="vndoc-1"))
    assert [len(f.counter_signatures) for f in found] == [1, 0]
    with pytest.raises(UsageError):
        countered(two)


def test_an_archive_timestamp_is_around_the_counter_signature():
    data = xmldsig_archiving.add_archive_timestamp(countered(stamp=STAMP), STAMP)
    [facts] = read_xml(data)
    [found] = [t for t in facts.timestamps if t.kind is TimestampKind.ARCHIVE]
    assert found.intact
    assert key_of(facts.counter_signatures[0].timestamps[0].token.octets) in found.protects
    [facts] = read_xml(data.replace(b"<xades:CounterSignature", b"<xades:CounterSignature "))
    assert [t.intact for t in facts.timestamps if t.kind is TimestampKind.ARCHIVE] == [True], "canonical all the same"


def test_the_verdict_says_what_the_counter_signature_is_worth():
    span = {"this_update": AT, "next_update": AT + datetime.timedelta(days=30)}
    lists = RevocationMaterial(crls=tuple(a.crl(**span) for a in (ROOT, CA, TSA_ROOT)))
    trust = TrustStore.of([ROOT.certificate], purposes={Purpose.GOVERNMENT}).with_anchor(
        TSA_ROOT.certificate, purposes={Purpose.TIMESTAMP, Purpose.GOVERNMENT}
    )
    how = {"policy": "vn_default", "trust": trust, "at": LATER + datetime.timedelta(days=1)}
    how["revocation"] = RevocationChecker.of(lists.crls)
    [report] = verify_xml(countered(signed(stamp=STAMP), stamp=STAMP), **how)
    assert report.passed
    assert [c.passed for c in report.counter_signatures] == [True]
    other = Authority.root("Gốc lạ", key="p256").person("Người lạ", key="p256")
    [report] = verify_xml(countered(signed(stamp=STAMP), signer=other.signer()), **how)
    assert report.passed
    assert "counter-signature-not-valid" in [r.code for r in report.reasons]


def test_what_cannot_be_countersigned():
    bare = sealed(f"<a>{signature(reference('#b'), key_info=certificates(AN), objects='')}<b Id='b'/></a>")
    xades = signed().replace(b' Id="vndoc-1-value"', b"")
    for data, detail in ((bare, "QualifyingProperties"), (xades, "SignatureValue/@Id"), (b"<a/>", "Signature")):
        with pytest.raises(SignatureError) as caught:
            countered(data)
        assert (caught.value.code, caught.value.values["detail"]) == ("signing-data", detail)


@pytest.mark.parametrize(
    "add",
    [
        lambda data, **how: countered(data, signature_id="vndoc-1", **how),
        lambda data, **how: xmldsig_archiving.add_validation_data(
            data, certificates=[ROOT.certificate], signature_id="vndoc-1", **how
        ),
        lambda data, **how: xmldsig_archiving.add_archive_timestamp(data, STAMP, signature_id="vndoc-1", **how),
    ],
    ids=["counter-signature", "validation data", "archive timestamp"],
)
def test_a_signature_around_the_one_that_gets_more_is_not_broken(add):
    """The second signature is over the document with the first one in it: nothing may be put into that any more."""
    part = signed(references=[XmlReference(uri="#b", transforms=(Canonical.EXCLUSIVE.value,))])
    assert sound(read_xml(add(part))[0])
    whole = signed(part)
    with pytest.raises(SignatureError) as caught:
        add(whole)
    assert (caught.value.code, caught.value.values["name"]) == ("signing-breaks-another", "vndoc-2")
    assert [sound(facts) for facts in read_xml(add(whole, breaking=True))] == [True, False]
