"""Arguments of the wrong kind, at every door of signatures, certificates and keys: one coded error, never Python's."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

import vndoc
from samples import DOCUMENT, read
from verdict_support import CA, GOOD, NOW, PERSON, ROOT, STORE, TSA, signed
from vndoc.envelope import Attachment
from vndoc.errors import FetchError, UsageError, VndocError
from vndoc.limits import DEFAULT
from vndoc.pki import (
    Certificate,
    FetchRequest,
    FetchSession,
    Name,
    PathValidator,
    Purpose,
    RevocationChecker,
    TrustAnchor,
    TrustStore,
    load_certificates,
    validate_path,
)
from vndoc.pki.bundle import Collector
from vndoc.pki.fetching import FetchKind
from vndoc.signature import (
    POLICIES,
    EvidenceRecord,
    PublicCredential,
    RevocationMaterial,
    SignerIdentity,
    check_evidence,
    cms,
    complete,
    complete_cms,
    complete_xml,
    evaluate,
    make_evidence,
    prepare,
    prepare_cms,
    prepare_xml,
    seal,
    sign_cms,
    sign_xml,
    stamp_evidence,
    tsp,
    verify_cms,
    verify_xml,
)
from vndoc.signature import cms_archiving as cms_kept
from vndoc.signature import xmldsig_archiving as xml_kept
from vndoc.signature import xmldsig_countersigning as xml_counter
from vndoc.signature.etsi import verdict_to_etsi
from vndoc.signature.evaluation import verdict_of
from vndoc.signature.export import verdict_to_json
from vndoc.signature.originals import OrganisationRecord
from vndoc.signature.packet import sign_header, verify_packet
from vndoc.signature.signing import SigningState, check_signing_certificate
from vndoc.signature.trusting import SIGNERS
from vndoc.signature.xmldsig import read_xml
from vndoc.signature.xmldsig_making import Claims
from vndoc.signers import KeySigner
from vndoc.signers.keys import order_chain
from vndoc.testing.tsa import TimestampAuthority
from vndoc.xml import Canonical

AT, TIME = NOW, NOW - datetime.timedelta(hours=1)
SIGNER, STAMP = PERSON.signer(), TimestampAuthority(identity=TSA, time=TIME)
ORGANISATION = CA.organisation("Đơn vị gửi mẫu", mns="1234567", key="p256")
CREDENTIAL = PublicCredential(PERSON.certificate, PERSON.chain)
CMS = sign_cms(b"x", signer=SIGNER, signing_time=TIME)
XML = sign_xml(b"<a/>", signer=SIGNER, signing_time=TIME)
PACKET = read(DOCUMENT).document.evolve(
    attachments=(Attachment.of(b"%PDF a", name="a.pdf", content_id="cid:1"),), signature=None
)
PLAIN = vndoc.write_packet(PACKET)
SEALED = vndoc.write_packet(vndoc.seal(PACKET, SIGNER, at=TIME))
READING = vndoc.read(SEALED)
HOW = {"policy": "vn_default", "trust": STORE, "at": AT, "revocation": GOOD, "fetch": None, "proofs": None}
CMS_STATE = prepare_cms(b"x", credential=CREDENTIAL, signing_time=TIME)
XML_STATE = prepare_xml(b"<a/>", credential=CREDENTIAL, signing_time=TIME)
SEAL_STATE = seal.prepare_seal(PACKET, credential=CREDENTIAL)
COUNTER_STATE = cms.prepare_counter_signature(CMS, credential=CREDENTIAL)
CRYPTO = POLICIES["vn_default"].crypto
REQUEST = tsp.make_request(b"1" * 32)
RESPONSE = STAMP(REQUEST)
PURPOSES = frozenset({Purpose.GOVERNMENT})


def value(waiting: Any) -> bytes:
    return SIGNER.sign(waiting.octets, waiting.algorithm)


def verifier(**how: Any) -> Any:
    return verify_cms(CMS, content=b"x", **how)


RECORD = make_evidence(verifier, CMS, kind="cms", policy="vn_default", trust=STORE, at=AT, content=b"x")
VERDICT = verifier(policy="vn_default", trust=STORE, at=AT)
SIGNING = {"algorithm": None, "signing_time": TIME}
DOORS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "verify_xml": (verify_xml, {"data": XML, **HOW, "resolver": None, "expect": (), "limits": DEFAULT}),
    "verify_cms": (verify_cms, {"data": CMS, "content": b"x", **HOW, "limits": DEFAULT}),
    "read_xml": (read_xml, {"source": XML, "resolver": None, "expect": (), "limits": DEFAULT}),
    "read_cms": (cms.read_cms, {"data": CMS, "content": b"x", "certificates": (), "limits": DEFAULT}),
    "evaluate": (evaluate, {"facts": signed(), **HOW, "changes": ()}),
    "verdict_of": (verdict_of, {"signatures": [signed()], **HOW}),
    "vndoc.verify": (vndoc.verify, {"source": SEALED, **HOW, "organisations": None, "normalise": str}),
    "verify_packet": (verify_packet, {"reading": READING, **HOW, "organisations": None, "normalise": str}),
    "verify_seal": (
        seal.verify_seal,
        {"packet": READING.document, "policy": "vn_default", "trust": STORE, "at": AT, "normalise": str},
    ),
    "sign_cms": (
        sign_cms,
        {
            "content": b"x",
            "signer": SIGNER,
            **SIGNING,
            "digest": None,
            "detached": True,
            "commitment": None,
            "policy": None,
            "content_type": "1.2.840.113549.1.7.1",
            "existing": None,
            "stamp": STAMP,
            "nonce": None,
        },
    ),
    "sign_xml": (
        sign_xml,
        {
            "data": b"<a/>",
            "signer": SIGNER,
            **SIGNING,
            "form": "enveloped",
            "references": None,
            "xades": True,
            "stamp": STAMP,
            "nonce": None,
            "canonicalization": Canonical.EXCLUSIVE,
            "parent": None,
            "claims": Claims(),
            "breaking": False,
            "limits": DEFAULT,
        },
    ),
    "prepare_cms": (prepare_cms, {"content": b"x", "credential": CREDENTIAL, **SIGNING}),
    "prepare_xml": (prepare_xml, {"data": b"<a/>", "credential": CREDENTIAL, **SIGNING}),
    "prepare": (prepare, {"data": b"<a/>", "credential": CREDENTIAL, "format": "xml", "signing_time": TIME}),
    "complete": (complete, {"state": CMS_STATE.state, "signature": value(CMS_STATE)}),
    "complete_cms": (
        complete_cms,
        {"state": CMS_STATE.state, "signature": value(CMS_STATE), "content": None, "stamp": STAMP, "nonce": None},
    ),
    "complete_xml": (
        complete_xml,
        {"state": XML_STATE.state, "signature": value(XML_STATE), "stamp": STAMP, "nonce": None, "limits": DEFAULT},
    ),
    "prepare_counter_signature": (
        cms.prepare_counter_signature,
        {"existing": CMS, "credential": CREDENTIAL, "index": 0, **SIGNING},
    ),
    "complete_counter_signature": (
        cms.complete_counter_signature,
        {"state": COUNTER_STATE.state, "signature": value(COUNTER_STATE), "existing": CMS},
    ),
    "counter_sign": (cms.counter_sign, {"existing": CMS, "signer": SIGNER, "index": 0, **SIGNING}),
    "add_timestamp": (
        cms.add_timestamp,
        {"existing": CMS, "stamp": STAMP, "index": 0, "digest": "sha256", "nonce": None},
    ),
    "counter_sign of XML": (
        xml_counter.counter_sign,
        {"data": XML, "signer": SIGNER, **SIGNING, "canonicalization": Canonical.EXCLUSIVE, "stamp": None},
    ),
    "validation data in CMS": (
        cms_kept.add_validation_data,
        {"existing": CMS, "certificates": (), "revocation": RevocationMaterial()},
    ),
    "validation data in XML": (
        xml_kept.add_validation_data,
        {"data": XML, "certificates": [ROOT.certificate], "revocation": RevocationMaterial()},
    ),
    "archive timestamp in CMS": (
        cms_kept.add_archive_timestamp,
        {"existing": CMS, "stamp": STAMP, "content": b"x", "index": 0, "digest": "sha256", "nonce": None},
    ),
    "archive timestamp in XML": (
        xml_kept.add_archive_timestamp,
        {"data": XML, "stamp": STAMP, "canonicalization": Canonical.EXCLUSIVE, "digest": "sha256"},
    ),
    "prepare_seal": (seal.prepare_seal, {"packet": PACKET, "credential": CREDENTIAL, **SIGNING}),
    "complete_seal": (
        seal.complete_seal,
        {"packet": PACKET, "state": SEAL_STATE.state, "signature": value(SEAL_STATE), "stamp": STAMP, "nonce": None},
    ),
    "seal": (seal.seal, {"packet": PACKET, "signer": SIGNER, **SIGNING, "stamp": STAMP, "nonce": None}),
    "vndoc.seal": (vndoc.seal, {"packet": PACKET, "signer": SIGNER, "at": TIME, "stamp": STAMP}),
    "sign_header": (
        sign_header,
        {
            "data": PLAIN,
            "packet": PACKET,
            "signer": SIGNER,
            "signing_time": TIME,
            "form": "cid",
            "stamp": STAMP,
            "nonce": None,
            "limits": DEFAULT,
        },
    ),
    "make_evidence": (
        make_evidence,
        {
            "verify": verifier,
            "document": CMS,
            "kind": "cms",
            "policy": "vn_default",
            "trust": STORE,
            "at": AT,
            "revocation": None,
            "fetch": None,
            "content": b"x",
        },
    ),
    "check_evidence": (
        check_evidence,
        {"record": RECORD, "verifier": verifier, "document": CMS, "trust": STORE, "at": AT, "content": b"x"},
    ),
    "stamp_evidence": (
        stamp_evidence,
        {"record": RECORD, "stamp": STAMP, "trust": STORE, "at": AT, "policy": None, "revocation": None},
    ),
    "EvidenceRecord.load": (EvidenceRecord.load, {"data": RECORD.to_bytes(), "limits": DEFAULT}),
    "EvidenceRecord.to_bytes": (RECORD.to_bytes, {"limits": DEFAULT}),
    "validate_path": (
        validate_path,
        {
            "certificate": PERSON.certificate,
            "trust": STORE,
            "at": AT,
            "purpose": SIGNERS,
            "crypto": CRYPTO,
            "pool": PERSON.chain,
        },
    ),
    "PathValidator.validate": (
        PathValidator(trust=STORE, purpose=SIGNERS, crypto=CRYPTO).validate,
        {"certificate": PERSON.certificate, "at": AT, "pool": PERSON.chain},
    ),
    "Certificate.load": (Certificate.load, {"data": PERSON.certificate.der}),
    "load_certificates": (load_certificates, {"data": PERSON.certificate.der}),
    "Name.load": (Name.load, {"octets": PERSON.certificate.subject}),
    "TrustStore.of": (TrustStore.of, {"certificates": [ROOT.certificate], "purposes": PURPOSES, "not_after": None}),
    "with_anchor": (
        TrustStore().with_anchor,
        {"certificate": ROOT.certificate, "purposes": PURPOSES, "not_after": None},
    ),
    "with_pinned": (
        TrustStore().with_pinned,
        {"certificate": ROOT.certificate, "purposes": PURPOSES, "not_after": None},
    ),
    "with_pool": (TrustStore().with_pool, {"certificates": [ROOT.certificate]}),
    "RevocationChecker.of": (RevocationChecker.of, {"crls": (), "ocsps": ()}),
    "KeySigner": (KeySigner, {"key": PERSON.key, "certificate": PERSON.certificate, "chain": PERSON.chain}),
    "KeySigner.sign": (SIGNER.sign, {"data": b"x", "algorithm": SIGNER.algorithms[0]}),
    "from_pem": (KeySigner.from_pem, {"data": PERSON.pem(b"s"), "certificates": (), "passphrase": "s"}),
    "from_pkcs12": (KeySigner.from_pkcs12, {"data": PERSON.pkcs12(b"s"), "passphrase": "s"}),
    "order_chain": (order_chain, {"certificate": PERSON.certificate, "others": PERSON.chain}),
    "PublicCredential": (PublicCredential, {"certificate": PERSON.certificate}),
    "check_signing_certificate": (check_signing_certificate, {"certificate": PERSON.certificate, "at": AT}),
    "SigningState.load": (SigningState.load, {"state": CMS_STATE.state, "format": "cades"}),
    "make_request": (tsp.make_request, {"imprint": b"1" * 32, "digest": "sha256", "nonce": None, "policy": None}),
    "read_request": (tsp.read_request, {"octets": REQUEST}),
    "read_response": (tsp.read_response, {"octets": RESPONSE, "request": REQUEST}),
    "read_token": (
        tsp.read_token,
        {"octets": tsp.read_response(RESPONSE, request=REQUEST).octets, "imprint_of": None, "certificates": ()},
    ),
    "OrganisationRecord": (OrganisationRecord, {"names": (), "tax_codes": (), "budget_codes": ()}),
    "is_of": (OrganisationRecord().is_of, {"signer": SignerIdentity.of(PERSON.certificate)}),
    "verdict_to_json": (verdict_to_json, {"verdict": VERDICT}),
    "verdict_to_etsi": (verdict_to_etsi, {"verdict": VERDICT}),
}
WRONG: tuple[Any, ...] = (
    None,
    123,
    1.5,
    "2026-01-01",
    b"x",
    ["x"],
    {"a": 1},
    object(),
    datetime.date(2026, 1, 1),
    datetime.datetime(2026, 1, 1),  # noqa: DTZ001 - what has no zone
    True,
    bytearray(b"x"),
    STORE,
    SIGNER,
    CREDENTIAL,
    PACKET,
)


@pytest.mark.parametrize("door", DOORS)
def test_an_argument_of_the_wrong_kind_is_told(door: str) -> None:
    """Whatever stands in for one argument: it may be right by chance, else the error is one of ours."""
    call, right = DOORS[door]
    call(**right)
    codes = []
    for name in right:
        for wrong in WRONG:
            try:
                call(**{**right, name: wrong})
            except VndocError as error:
                codes.append(error.code)
    assert {OPTION, SOURCE, "wrong-packet-kind", "signing-state"} & set(codes)


OPTION, ZONE, SOURCE = "option-invalid", "time-zone-missing", "source-type"
NAIVE = datetime.datetime(2026, 1, 1)  # noqa: DTZ001 - as above


class Lost(datetime.tzinfo):
    """A zone that does not say how far it is from UTC."""

    def utcoffset(self, _at: datetime.datetime | None) -> None:
        return None

    tzname = dst = utcoffset


@pytest.mark.parametrize(
    ("door", "wrong", "code"),
    [
        ("verify_xml", {"trust": None}, OPTION),
        ("verify_cms", {"trust": [ROOT.certificate]}, OPTION),
        ("vndoc.verify", {"trust": PERSON.certificate}, OPTION),
        ("verify_cms", {"policy": None}, "unknown-policy"),
        ("vndoc.verify", {"policy": 7}, "unknown-policy"),
        ("verify_cms", {"at": "2026-01-01"}, OPTION),
        ("verify_xml", {"at": datetime.date(2026, 1, 1)}, OPTION),
        ("vndoc.verify", {"at": 1_800_000_000}, OPTION),
        ("verify_cms", {"at": NAIVE}, ZONE),
        ("verify_cms", {"at": AT.replace(tzinfo=Lost())}, ZONE),
        ("verify_cms", {"at": None}, OPTION),
        ("verify_cms", {"content": 123}, SOURCE),
        ("verify_cms", {"data": None}, SOURCE),
        ("verify_xml", {"data": "<a/>"}, SOURCE),
        ("vndoc.verify", {"source": None}, SOURCE),
        ("verify_packet", {"reading": SEALED}, OPTION),
        ("verify_cms", {"revocation": [b"list"]}, OPTION),
        ("verify_cms", {"fetch": "http://ca.example"}, OPTION),
        ("verify_cms", {"proofs": [(b"x", AT)]}, OPTION),
        ("verify_cms", {"proofs": {"x": AT}}, OPTION),
        ("verify_cms", {"proofs": {b"x": "2026"}}, OPTION),
        ("verify_cms", {"proofs": {b"x": NAIVE}}, ZONE),
        ("verify_cms", {"limits": 7}, OPTION),
        ("verify_xml", {"limits": None}, OPTION),
        ("verify_xml", {"expect": None}, OPTION),
        ("verify_xml", {"expect": "/a"}, OPTION),
        ("verify_xml", {"resolver": {"cid:1": b"x"}}, OPTION),
        ("vndoc.verify", {"organisations": {"H41": "x"}}, OPTION),
        ("vndoc.verify", {"normalise": None}, OPTION),
        ("evaluate", {"facts": CMS}, OPTION),
        ("evaluate", {"changes": ["x"]}, OPTION),
        ("verdict_of", {"signatures": signed()}, OPTION),
        ("sign_cms", {"signer": None}, OPTION),
        ("sign_cms", {"signer": CREDENTIAL}, OPTION),
        ("sign_cms", {"signer": PERSON.key}, OPTION),
        ("sign_xml", {"signer": PERSON.certificate}, OPTION),
        ("sign_cms", {"signing_time": "2026-01-01"}, OPTION),
        ("sign_xml", {"signing_time": datetime.date(2026, 1, 1)}, OPTION),
        ("sign_cms", {"signing_time": NAIVE}, ZONE),
        ("sign_cms", {"content": 123}, SOURCE),
        ("sign_cms", {"content": None}, "cms-content-needed"),
        ("sign_cms", {"detached": "no"}, OPTION),
        ("sign_xml", {"xades": "no"}, OPTION),
        ("sign_xml", {"breaking": 1}, OPTION),
        ("sign_cms", {"stamp": "http://tsa.example"}, OPTION),
        ("sign_cms", {"stamp": lambda _: None}, OPTION),
        ("sign_cms", {"nonce": "7"}, OPTION),
        ("sign_cms", {"nonce": True}, OPTION),
        ("prepare", {"credential": None}, OPTION),
        ("prepare", {"format": ["xml"]}, OPTION),
        ("prepare", {"data": None}, SOURCE),
        ("complete", {"state": None}, "signing-state"),
        ("complete", {"signature": None}, OPTION),
        ("complete", {"signature": "AAAA"}, OPTION),
        ("complete_counter_signature", {"existing": "x"}, OPTION),
        ("counter_sign", {"index": "0"}, OPTION),
        ("counter_sign", {"index": True}, OPTION),
        ("seal", {"packet": SEALED}, "wrong-packet-kind"),
        ("verify_seal", {"packet": READING}, "wrong-packet-kind"),
        ("vndoc.seal", {"signer": None}, OPTION),
        ("vndoc.seal", {"at": "now"}, OPTION),
        ("sign_header", {"packet": None}, "wrong-packet-kind"),
        ("sign_header", {"form": "detached"}, OPTION),
        ("make_evidence", {"document": None}, SOURCE),
        ("make_evidence", {"trust": None}, OPTION),
        ("check_evidence", {"record": RECORD.to_bytes()}, OPTION),
        ("stamp_evidence", {"at": "now"}, OPTION),
        ("EvidenceRecord.load", {"data": None}, OPTION),
        ("validate_path", {"trust": [ROOT.certificate]}, OPTION),
        ("validate_path", {"crypto": "vn_default"}, OPTION),
        ("validate_path", {"purpose": Purpose.GOVERNMENT}, OPTION),
        ("validate_path", {"pool": [PERSON.certificate.der]}, OPTION),
        ("PathValidator.validate", {"pool": PERSON.certificate}, OPTION),
        ("PathValidator.validate", {"pool": [b"x"]}, OPTION),
        ("Certificate.load", {"data": "-----BEGIN CERTIFICATE-----"}, OPTION),
        ("TrustStore.of", {"certificates": ROOT.certificate}, OPTION),
        ("TrustStore.of", {"certificates": ROOT.certificate.der}, OPTION),
        ("TrustStore.of", {"purposes": "government"}, OPTION),
        ("with_anchor", {"not_after": datetime.date(2026, 1, 1)}, OPTION),
        ("with_anchor", {"not_after": NAIVE}, ZONE),
        ("RevocationChecker.of", {"crls": b"one list"}, OPTION),
        ("RevocationChecker.of", {"crls": [7]}, OPTION),
        ("from_pem", {"data": None}, OPTION),
        ("from_pem", {"passphrase": 7}, OPTION),
        ("from_pem", {"passphrase": lambda: 7}, OPTION),
        ("from_pkcs12", {"passphrase": ["s"]}, OPTION),
        ("KeySigner", {"key": PERSON.pem()}, OPTION),
        ("OrganisationRecord", {"tax_codes": "0123456789"}, OPTION),
        ("is_of", {"signer": PERSON.certificate}, OPTION),
        ("verdict_to_etsi", {"verdict": VERDICT.signatures[0]}, OPTION),
    ],
)
def test_which_error_it_is(door: str, wrong: dict[str, Any], code: str) -> None:
    call, right = DOORS[door]
    with pytest.raises(VndocError) as caught:
        call(**{**right, **wrong})
    assert caught.value.code == code
    if code == OPTION and "form" not in wrong:
        assert next(iter(wrong)) in caught.value.text("vi")
        assert next(iter(wrong)) in caught.value.text("en")


def test_what_may_stand_for_another() -> None:
    """Subclasses and what has the methods are as good; a time in any zone is one."""

    class Store(TrustStore):
        pass

    class Time(datetime.datetime):
        pass

    anchors = TrustStore.of([ROOT.certificate], purposes=PURPOSES)
    right = {**HOW, "trust": Store(anchors=anchors.anchors), "at": Time(2026, 11, 22, tzinfo=datetime.UTC)}
    assert verify_cms(CMS, content=b"x", **right).passed
    zone = datetime.timezone(datetime.timedelta(hours=7))
    assert verify_cms(bytearray(CMS), content=memoryview(b"x"), **{**HOW, "at": AT.astimezone(zone)}).passed
    assert verify_xml(XML, **{**HOW, "proofs": {}}, expect=[]).passed
    assert KeySigner.from_pem(bytearray(PERSON.pem())).certificate == PERSON.certificate
    assert (
        TrustStore().with_anchor(TrustAnchor(certificate=ROOT.certificate, purposes=PURPOSES)).anchors[0].purposes
        == PURPOSES
    )


@pytest.mark.parametrize("wrong", [None, 7, "x", [b"x"]])
def test_what_a_function_of_the_caller_gives(wrong: Any) -> None:
    request = FetchRequest("http://ca.example/a.crl", FetchKind.CRL)
    for fetch in (FetchSession(lambda _: wrong), Collector(lambda _: wrong)):
        with pytest.raises(UsageError) as caught:
            fetch(request)
        assert caught.value.code == OPTION
    with pytest.raises(UsageError) as caught:
        sign_cms(b"x", signer=SIGNER, stamp=lambda _: wrong)
    assert caught.value.code == OPTION


def test_what_a_fetcher_raises_is_kept() -> None:
    def fail(_: FetchRequest) -> bytes:
        raise OSError(5, "x")

    with pytest.raises(FetchError):
        FetchSession(fail)(FetchRequest("http://ca.example/a.crl", FetchKind.CRL))


def test_an_organisation_that_is_none() -> None:
    rules = {**HOW, "organisations": lambda _code, _day: {"names": ["x"]}}
    body = vndoc.write_packet(vndoc.seal(PACKET, ORGANISATION.signer(), at=TIME))
    with pytest.raises(UsageError) as caught:
        vndoc.verify(body, **rules)
    assert caught.value.code == OPTION
