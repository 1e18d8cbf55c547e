"""The XML signatures of real Vietnamese software, as twins made here from the descriptions in section 3.2."""

from __future__ import annotations

import datetime
import hashlib

import pytest
import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from vndoc.pki.outcome import Indication, SubIndication, outcome_of
from vndoc.signature.xmldsig import read_xml
from vndoc.xml import Canonical, canonicalize
from xmlsig_support import (
    AN,
    BINH,
    CA,
    DS,
    ENVELOPED,
    MORE,
    b64,
    certificates,
    codes,
    edited,
    reference,
    sealed,
    signature,
    sound,
)

WEAK = CA.organisation("Công ty hóa đơn thử nghiệm", mst="0100000001", key="rsa-1024")


def properties(name: str, time: str = "2022-01-05T09:10:11") -> str:
    """The Object of a tax notice: SignatureProperties in no namespace, local time without a zone."""
    return (
        f'<Object Id="{name}"><SignatureProperties xmlns=""><SignatureProperty Target="#sig">'
        f"<SigningTime>{time}</SigningTime></SignatureProperty></SignatureProperties></Object>"
    )


def notice() -> bytes:
    """Two signatures over sibling elements by Id, without Transforms, and over their own Object."""
    one = signature(reference("#Id-1"), reference("#Time-1"), objects=properties("Time-1"), name="TTCQT")
    two = signature(
        reference("#Id-1"),
        reference("#Time-2"),
        objects=properties("Time-2"),
        key_info=certificates(BINH),
        name="CQT",
    )
    text = (
        '<TBao xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><DLTBao Id="Id-1"><Ten>Thông báo về việc tiếp nhận'
        f'</Ten><So xsi:nil="true"/></DLTBao><DSCKS><TTCQT>{one}</TTCQT><CQT>{two}</CQT></DSCKS></TBao>'
    )
    return sealed(sealed(text, AN, which=0), BINH, which=1)


def test_a_tax_notice_verifies_twice():
    first, second = read_xml(notice())
    assert sound(first)
    assert sound(second, BINH)
    assert [c.element_path for c in second.covered] == ["/TBao/DLTBao", "/TBao/DSCKS/CQT/Signature/Object"]
    assert first.candidates == (AN.certificate,)
    assert first.claimed_time == datetime.datetime.fromisoformat("2022-01-05T09:10:11")
    with first.covered[1].octets.open() as file:
        assert b"<SigningTime>2022-01-05T09:10:11</SigningTime>" in file.read()


def test_a_tax_notice_that_was_changed_fails_where_it_was_changed():
    first, second = read_xml(notice().replace("tiếp nhận".encode(), "từ chối".encode()))
    assert codes(first) == codes(second) == ["digest-mismatch"]
    assert [c.intact for c in first.covered] == [False, True]
    first, second = read_xml(notice().replace(b'"#sig"><SigningTime>2022', b'"#sig"><SigningTime>2023', 1))
    assert codes(first) == ["digest-mismatch"]
    assert sound(second, BINH)


def test_the_stated_time_counts_only_where_it_is_signed_and_is_a_time():
    first, second = read_xml(notice().replace(b"2022-01-05T09:10:11", b"2022-01-06T09:10:11", 1))
    assert (first.claimed_time, second.claimed_time) == (None, datetime.datetime.fromisoformat("2022-01-05T09:10:11"))
    for text in ("hôm qua", "2022-01-05<!-- -->T09:10:11", ""):
        sign = signature(reference("#Time-1"), objects=properties("Time-1", text))
        assert read_xml(sealed(f"<a>{sign}</a>"))[0].claimed_time is None
    beside = '<b Id="t"><SigningTime>2022-01-05T09:10:11</SigningTime></b>'
    assert read_xml(sealed(f"<a>{beside}{signature(reference('#t'))}</a>"))[0].claimed_time is None


def test_xmlsec_agrees_about_the_notice():
    root = etree.fromstring(notice())
    xmlsec.tree.add_ids(root, ["Id"])
    for number, identity in enumerate((AN, BINH)):
        node = list(root.iter(f"{{{DS}}}Signature"))[number]
        context = xmlsec.SignatureContext()
        pem = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)
        context.verify(node)


def invoice(*, untouched: bool, target: str = "TimeStamp") -> bytes:
    """An e-invoice by a .NET signer: enveloped-signature on an Object that lies in the signature."""
    time = (
        f'<Object Id="{target}"><SignatureProperties><SignatureProperty Target="#sig"><SigningTime>2023-02-03T04:05:06'
        "</SigningTime></SignatureProperty></SignatureProperties></Object>"
    )
    sha1 = DS + "sha1"
    sign = signature(
        reference("#data", transforms=(ENVELOPED,), method=sha1),
        reference(f"#{target}", transforms=(ENVELOPED,), method=sha1),
        method=DS + "rsa-sha1",
        key_info=certificates(WEAK),
        objects=time,
    )
    text = f'<HDon><DLHDon Id="data"><So>1</So></DLHDon><DSCKS><NBan>{sign}</NBan></DSCKS></HDon>'

    def octets(node, sign):
        root = sign.getroottree().getroot()
        found = next(e for e in root.iter("*") if e.get("Id") == node.get("URI")[1:])
        inside = found.getparent() is sign
        return canonicalize(found, Canonical.C14N_10) if untouched or not inside else b""

    return sealed(text, WEAK, octets=octets, digest="sha1")


def test_the_enveloped_quirk_fails_and_is_named():
    [facts] = read_xml(invoice(untouched=True))
    assert codes(facts) == ["vn-dotnet-enveloped-quirk"]
    outcome = outcome_of(facts.reasons)
    assert (outcome.indication, outcome.sub_indication) == (Indication.FAILED, SubIndication.HASH_FAILURE)
    assert [c.intact for c in facts.covered] == [True, False]
    assert facts.verify(WEAK.certificate)
    assert "không bị sửa" in facts.reasons[0].text("vi")


def test_the_strict_reading_of_the_same_shape_is_sound():
    """By the standard nothing is left of the Object; xmlsec digests the same nothing."""
    [facts] = read_xml(invoice(untouched=False))
    assert sound(facts, WEAK)
    assert facts.covered[1].value == hashlib.sha1(b"").digest()  # noqa: S324 - as these documents have it
    assert facts.claimed_time is None  # nothing of the Object was digested, so anybody may write another time


def test_a_quirk_that_was_changed_is_no_quirk():
    data = invoice(untouched=True).replace(b"2023-02-03", b"2024-02-03")
    [facts] = read_xml(data)
    assert codes(facts) == ["digest-mismatch"]


def test_enveloped_without_effect_is_taken_as_the_standard_says():
    """The signature lies beside the signed element: the transform takes nothing away."""
    [facts] = read_xml(invoice(untouched=True))
    assert facts.covered[0].element_path == "/HDon/DLHDon"
    assert facts.covered[0].intact


def forged(payload: bytes) -> bytes:
    """Return an RSA value of *payload* after PKCS#1 padding, whatever it is."""
    numbers = WEAK.key.private_numbers()
    size = (WEAK.key.key_size + 7) // 8
    block = b"\x00\x01" + b"\xff" * (size - 3 - len(payload)) + b"\x00" + payload
    return pow(int.from_bytes(block, "big"), numbers.d, numbers.public_numbers.n).to_bytes(size, "big")


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_bare_hash_without_digest_info_is_rejected(wrapped):
    """The customs sample: PKCS#1 padding and 20 octets of hash. With DigestInfo the same value is right."""
    over = reference("", transforms=(ENVELOPED,), method=DS + "sha1")
    data = sealed(
        f"<a>{signature(over, method=DS + 'rsa-sha1', key_info=certificates(WEAK))}</a>",
        WEAK,
        digest="sha1",
    )
    [facts] = read_xml(data)
    digest = hashlib.sha1(facts.signed_octets).digest()  # noqa: S324 - as the sample has it
    info = bytes.fromhex("3021300906052b0e03021a05000414") if wrapped else b""
    value = f"<SignatureValue>{b64(forged(info + digest))}</SignatureValue>"
    [facts] = read_xml(edited(data, "<SignatureValue>.*</SignatureValue>", value))
    assert codes(facts) == []
    assert facts.verify(WEAK.certificate) is wrapped


def test_the_placeholder_of_vendor_samples():
    """The bogus transform URI of three vendor samples is named; the values prove nothing."""
    sign = signature(
        reference("", b64(b"x" * 20), transforms=(ENVELOPED, "http://www.w3.org/TR/xml-exc-c14n#"), method=DS + "sha1"),
        reference("cid:att0", b64(b"x" * 20), method=DS + "sha1"),
        method=DS + "rsa-sha1",
        key_info="",
    )
    data = f'<edXML xmlns="http://www.e-doc.vn/Schema/">{sign}</edXML>'.replace(
        "<SignatureValue>?", f"<SignatureValue>{b64(b'y' * 128)}"
    )
    [facts] = read_xml(data.encode())
    assert codes(facts) == ["transform-unknown", "signed-data-not-found"]
    assert [c.intact for c in facts.covered] == [None, None]
    assert facts.candidates == ()


@pytest.mark.parametrize("method", ["rsa-sha256", "rsa-sha512"])
def test_other_digests_of_such_software(method):
    data = sealed(
        f"<a>{signature(reference('', transforms=(ENVELOPED,)), method=MORE + method)}</a>", digest=method[4:]
    )
    assert sound(read_xml(data)[0])
