"""From octets to a verdict: CMS and XML signatures of the test PKI, changed at every place that matters."""

from __future__ import annotations

import datetime
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vndoc
from samples import DOCUMENT
from verdict_support import CA, GOOD, NOW, PERSON, STORE, TSA
from vndoc.envelope import MemoryOctets
from vndoc.errors import SignatureError, UsageError, VndocError
from vndoc.pki import Indication, SubIndication
from vndoc.signature import complete, evaluate
from vndoc.signature.cms import counter_sign, prepare_cms, read_cms, sign_cms
from vndoc.signature.evaluation import verify_cms, verify_xml
from vndoc.signature.xmldsig_making import XmlReference, sign_xml
from vndoc.testing.pki import TimestampAuthority

CONTENT = "Nội dung công văn thử nghiệm".encode()
TIME = NOW - datetime.timedelta(hours=10)
STAMP = TimestampAuthority(identity=TSA, time=TIME)
HOW = {"policy": "vn_default", "trust": STORE, "at": NOW, "revocation": GOOD}
SIGNED = sign_cms(CONTENT, signer=PERSON.signer(), signing_time=TIME, stamp=STAMP)
ENVELOPING = sign_cms(CONTENT, signer=PERSON.signer(), detached=False)


def test_a_cades_signature_with_timestamp():
    verdict = verify_cms(SIGNED, content=CONTENT, **HOW)
    assert verdict.passed, verdict.reasons
    [report] = verdict
    assert report.best_signature_time == TIME
    assert report.signer.display_name == "Trần Thị Thử"
    assert report.covers[0].octets.open().read() == CONTENT
    assert (report.form.value, report.level.value) == ("cades", "T")


@pytest.mark.parametrize("policy", ["vn_default", "vn_15_2025_strict", "archive"])
def test_the_same_under_every_policy(policy):
    assert verify_cms(SIGNED, content=CONTENT, **HOW | {"policy": policy}).passed


def test_other_content():
    verdict = verify_cms(SIGNED, content=CONTENT + b" ", **HOW)
    assert (verdict.indication, verdict.sub_indication) == (Indication.FAILED, SubIndication.HASH_FAILURE)
    assert verdict.exit_code == 1


def test_no_content():
    verdict = verify_cms(SIGNED, **HOW)
    assert verdict.sub_indication is SubIndication.SIGNED_DATA_NOT_FOUND
    assert verdict.exit_code == 3


def test_a_certificate_that_only_the_caller_has():
    bare = sign_cms(CONTENT, signer=PERSON.signer(), detached=False)
    store = STORE.with_pool([PERSON.certificate, CA.certificate])
    assert verify_cms(bare, **HOW | {"trust": store}).passed


def test_counter_signed():
    twice = counter_sign(SIGNED, signer=CA.organisation("Sở Thử nghiệm", mns="1234567", key="p256").signer())
    [report] = verify_cms(twice, content=CONTENT, **HOW)
    assert report.passed
    [counter] = report.counter_signatures
    assert counter.passed
    assert counter.signer.kind.value == "organisation"


XML = sign_xml("<hồ-sơ><số>07</số></hồ-sơ>".encode(), signer=PERSON.signer(), signing_time=TIME, stamp=STAMP)


def test_a_xades_signature_with_timestamp():
    verdict = verify_xml(XML, **HOW)
    assert verdict.passed, verdict.reasons
    [report] = verdict
    assert report.best_signature_time == TIME
    assert (report.form.value, report.level.value) == ("xades", "T")
    assert report.covers[0].octets.open().read() == "<hồ-sơ><số>07</số></hồ-sơ>".encode()
    changed = verify_xml(XML.replace(b"07", b"08"), **HOW)
    assert changed.sub_indication is SubIndication.HASH_FAILURE
    assert verify_xml(XML, **HOW, expect=["/other"]).sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, len(XML) - 1), bit=st.integers(0, 7))
def test_every_bit_of_a_document_flips_the_verdict_or_leaves_what_was_verified(at, bit):
    changed = bytearray(XML)
    changed[at] ^= 1 << bit
    try:
        verdict = verify_xml(bytes(changed), **HOW)
    except VndocError:
        return
    for report in verdict:
        assert not report.passed or (
            report.certificate == PERSON.certificate
            and report.covers[0].octets.open().read() == "<hồ-sơ><số>07</số></hồ-sơ>".encode()
        )


def test_no_signature_at_all():
    for data in (b"", b"%PDF-1.7", b"<x/>"):
        with pytest.raises(SignatureError, match="cms-malformed"):
            verify_cms(data, **HOW)
    with pytest.raises(SignatureError, match="no-signature"):
        verify_xml(b"<x/>", **HOW)


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, len(ENVELOPING) - 1), bit=st.integers(0, 7))
def test_every_bit_flips_the_verdict_or_leaves_what_was_verified(at, bit):
    changed = bytearray(ENVELOPING)
    changed[at] ^= 1 << bit
    try:
        verdict = verify_cms(bytes(changed), **HOW)
    except VndocError:
        return
    for report in verdict:
        assert not report.passed or (
            report.certificate == PERSON.certificate and report.covers[0].octets.open().read() == CONTENT
        )


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_octets_give_a_verdict_or_an_error(data):
    for verify in (verify_cms, verify_xml):
        try:
            passed = verify(data, **HOW).passed
        except VndocError:
            passed = False
        assert not passed


# -- arguments of the wrong kind -------------------------------------------------------------------------

BESIDE = sign_xml(
    b"<a/>",
    signer=PERSON.signer(),
    signing_time=TIME,
    references=[XmlReference(uri="cid:1", content=MemoryOctets(CONTENT))],
)
PROOF = hashlib.sha256(b"x").digest()


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("trust", None, "option-invalid"),
        ("trust", [CA.certificate], "option-invalid"),
        ("at", "2026-03-02", "option-invalid"),
        ("at", NOW.date(), "option-invalid"),
        ("at", NOW.replace(tzinfo=None), "time-zone-missing"),
        ("revocation", [], "option-invalid"),
        ("fetch", "http://ca.example/", "option-invalid"),
        ("proofs", [(PROOF, NOW)], "option-invalid"),
        ("proofs", {PROOF: "2026-03-02"}, "option-invalid"),
        ("proofs", {PROOF: NOW.replace(tzinfo=None)}, "time-zone-missing"),
    ],
)
def test_what_a_verdict_cannot_be_made_with(name, value, code):
    for verify in (
        lambda how: verify_cms(SIGNED, content=CONTENT, **how),
        lambda how: verify_xml(BESIDE, **how),
        lambda how: evaluate(read_cms(SIGNED, content=CONTENT)[0], **how),
        lambda how: vndoc.verify(DOCUMENT.encode(), **how),
    ):
        with pytest.raises(UsageError) as caught:
            verify(HOW | {name: value})
        assert caught.value.code == code
        assert code != "option-invalid" or name in caught.value.text("vi")


@pytest.mark.parametrize("value", [b"octets", bytearray(b"octets"), MemoryOctets(b"octets")])
def test_a_resolver_may_give_bytes(value):
    right = MemoryOctets(CONTENT) if isinstance(value, MemoryOctets) else type(value)(CONTENT)
    assert verify_xml(BESIDE, resolver={"cid:1": right}.get, **HOW).passed
    verdict = verify_xml(BESIDE, resolver={"cid:1": value}.get, **HOW)
    assert verdict.sub_indication is SubIndication.HASH_FAILURE


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"resolver": {"cid:1": CONTENT}}, "option-invalid"),
        ({"resolver": {"cid:1": "text"}.get}, "source-type"),
        ({"expect": [1]}, "option-invalid"),
    ],
)
def test_what_an_xml_signature_cannot_be_read_with(how, code):
    with pytest.raises(UsageError) as caught:
        verify_xml(BESIDE, **HOW, **how)
    assert caught.value.code == code


@pytest.mark.parametrize("value", ["text", None])
def test_a_value_that_is_no_octets(value):
    state = prepare_cms(CONTENT, credential=PERSON.signer()).state
    with pytest.raises(UsageError, match="signature"):
        complete(state, value)
