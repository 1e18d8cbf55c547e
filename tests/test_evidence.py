"""Evidence records: the same octets for the same thing, the same verdict years later, and a name for every change."""

from __future__ import annotations

import base64
import copy
import datetime
import functools
import hashlib
import json

import attrs
import jsonschema
import pytest
from asn1crypto import cms as asn1
from asn1crypto import tsp as asn1_tsp
from hypothesis import given, settings
from hypothesis import strategies as st

from archive_support import (
    ARCHIVED,
    CA,
    CONTENT,
    DOCUMENT,
    FIRST,
    NOW,
    OF_2021,
    OF_2023,
    OPEN,
    PASSED,
    PERSON,
    ROOT,
    SECOND,
    SINCE,
    STORE,
    TSA_ROOT,
    day,
    lists,
    made,
    tsa,
)
from vndoc.envelope.octets import MemoryOctets
from vndoc.errors import FetchError, SignatureError, UsageError, VndocError
from vndoc.limits import DEFAULT
from vndoc.pki import Indication, RevocationChecker, SubIndication, TrustStore
from vndoc.signature import POLICIES, cms, sign_cms, tsp, verify_cms, verify_xml
from vndoc.signature import _evidence_form as form
from vndoc.signature._conform import breach
from vndoc.signature.evidence import (
    RECORD_SCHEMA,
    EvidenceRecord,
    FileDigest,
    SignatureCore,
    make_evidence,
)
from vndoc.signature.evidence_check import EvidenceCheck, check_evidence
from vndoc.signature.evidence_stamping import StampedEvidence, stamp_evidence
from vndoc.signature.export import SCHEMA
from vndoc.signature.facts import RevocationMaterial
from vndoc.testing.pki import access, distribution_points

MADE = day(2021, 6, 3)
KNOWN = RevocationChecker.of(OF_2021.crls)
FORMS = pytest.mark.parametrize("kind", ["cms", "xml"])


def verifier(kind: str, data: bytes, **how: object):
    return functools.partial(verify_cms if kind == "cms" else verify_xml, data, **how)


@functools.cache
def record(kind: str, level: str = "T") -> EvidenceRecord:
    """Return the record of a signature of 2021, made the day after, with the lists of that day."""
    data = made(kind, level)
    return make_evidence(
        verifier(kind, data), data, kind=kind, policy="vn_default", trust=STORE, at=MADE, revocation=KNOWN
    )


def check(kind: str, kept: EvidenceRecord | None = None, level: str = "T", **how) -> EvidenceCheck:
    data = made(kind, level)
    how = {"trust": STORE, "at": NOW, "verifier": verifier(kind, data), "document": data} | how
    return check_evidence(record(kind, level) if kept is None else kept, **how)


def codes(found: EvidenceCheck) -> list[str]:
    return [r.code for r in found.findings]


# -- the same verdict years later ----------------------------------------------------------------------------


@FORMS
def test_years_later_the_record_gives_the_same_verdict_offline(kind):
    kept = EvidenceRecord.load(record(kind).to_bytes())
    found = check(kind, kept)
    assert found.passed
    assert found.confirmed
    assert found.exit_code == 0
    assert codes(found) == ["evidence-confirmed"]
    assert (found.then.indication, found.now.indication) == (PASSED, PASSED)
    assert found.now.at == NOW
    assert found.answer() == "hợp lệ"
    assert repr(found) == "EvidenceCheck(passed, confirmed=True)"
    bare = verifier(kind, made(kind, "T"))(policy="vn_default", trust=STORE, at=NOW, revocation=None)
    assert bare.indication is OPEN, "without the record nobody knows"


@FORMS
def test_all_that_decided_is_in_the_record(kind):
    kept = record(kind)
    assert set(kept.material.crls) == set(OF_2021.crls)
    assert kept.material.ocsps == ()
    chain = {PERSON.certificate, CA.certificate, ROOT.certificate, TSA_ROOT.certificate}
    assert chain <= set(kept.certificates)
    [core] = kept.signatures
    [report] = kept.report["signatures"]
    assert report["best_signature_time"] == day(2021).isoformat()
    assert {row["material"] for row in report["revocation"]} == {
        hashlib.sha256(c).hexdigest() for c in OF_2021.crls[:2]
    }
    assert len(core.timestamps) == 1
    assert kept.document == FileDigest(len(made(kind, "T")), hashlib.sha256(made(kind, "T")).hexdigest())
    assert (
        kept.report["signatures"][0]["covers"][0]["value"]
        == hashlib.sha256(CONTENT if kind == "cms" else DOCUMENT).hexdigest()
    )


@FORMS
def test_the_same_verification_gives_the_same_octets(kind):
    data = made(kind, "T")
    again = make_evidence(
        verifier(kind, data),
        MemoryOctets(data),
        kind=kind,
        policy="vn-default",
        trust=STORE,
        at=MADE,
        revocation=RevocationChecker.of(OF_2021.crls),
    )
    assert again == record(kind)
    assert again.to_bytes() == record(kind).to_bytes()
    assert EvidenceRecord.load(again.to_bytes()) == again
    assert again.digest == json.loads(again.to_bytes())["digest"]
    bare = {k: v for k, v in json.loads(again.to_bytes()).items() if k != "digest"}
    text = json.dumps(bare, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert again.digest == hashlib.sha256(text.encode()).hexdigest()


@FORMS
def test_the_file_is_what_the_schema_says(kind):
    values = json.loads(record(kind, "LTA").to_bytes())
    jsonschema.Draft202012Validator.check_schema(RECORD_SCHEMA)
    jsonschema.validate(values, RECORD_SCHEMA)
    assert values["version"] == "1.0"


def test_nothing_prints_what_it_must_not():
    kept = record("cms")
    assert "001099000009" not in kept.report_text
    assert repr(kept) == "EvidenceRecord(cms, 2021-06-03T00:00:00+00:00, signatures=1)"
    assert repr(kept.signatures[0]).startswith("SignatureCore(")


def test_the_value_cannot_be_changed():
    kept = record("cms")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        kept.policy = "archive"
    kept.report["signatures"].clear()
    assert kept.report["signatures"]


def test_what_the_signature_carries_is_kept_with_what_the_caller_knew():
    kept = record("cms", "LT")
    assert set(kept.material.crls) == set(OF_2021.crls)
    assert check("cms", level="LT").passed


def test_what_is_fetched_is_kept_with_what_the_caller_knew():
    """The list of the root is at hand, the other one and the certificate between are fetched."""
    ca = ROOT.subordinate("CA ở xa", key="p256", extra=[distribution_points("http://a.example/root.crl")])
    extra = [access("http://a.example/ca.cer", "http://a.example/ocsp"), distribution_points("http://a.example/ca.crl")]
    person = attrs.evolve(ca.person("Người ở xa", key="p256", extra=extra), chain=())
    at, until = day(2026, 6, 2), day(2026, 7, 2)
    web = {
        "http://a.example/ca.cer": ca.certificate.der,
        "http://a.example/ca.crl": ca.crl(this_update=at, next_update=until),
    }
    asked = []

    def fetch(request):
        asked.append(request.url)
        if request.url not in web:
            raise FetchError("fetch-status", url=request.url, status=404)
        return web[request.url]

    data = sign_cms(CONTENT, signer=person.signer(), signing_time=at, detached=False)
    at_hand = ROOT.crl(this_update=at, next_update=until)
    known = RevocationChecker.of([at_hand])
    how = {"kind": "cms", "policy": "vn_default", "trust": STORE, "at": day(2026, 6, 3)}
    kept = make_evidence(verifier("cms", data), data, revocation=known, fetch=fetch, **how)
    assert kept.report["indication"] == "passed"
    assert set(asked) == {*web, "http://a.example/ocsp"}
    assert ca.certificate in kept.certificates
    assert set(kept.material.crls) == {web["http://a.example/ca.crl"], at_hand}
    found = check_evidence(kept, verifier("cms", data), data, trust=STORE, at=day(2026, 6, 4))
    assert (found.passed, found.confirmed) == (True, True)
    web.clear()
    kept = make_evidence(verifier("cms", data), data, revocation=known, fetch=fetch, **how)
    assert kept.report["indication"] == "indeterminate"
    kept = make_evidence(verifier("cms", data), data, fetch=fetch, **how)
    assert (kept.report["indication"], kept.material.crls) == ("indeterminate", ())


def test_a_detached_signature_is_checked_with_its_content():
    data = sign_cms(CONTENT, signer=PERSON.signer(), signing_time=day(2021), stamp=tsa())
    bound = verifier("cms", data, content=CONTENT)
    kept = make_evidence(
        bound, data, kind="cms", policy="vn_default", trust=STORE, at=MADE, revocation=KNOWN, content=CONTENT
    )
    assert kept.content == FileDigest.of(CONTENT)
    assert EvidenceRecord.load(kept.to_bytes()) == kept
    assert check_evidence(kept, bound, data, content=CONTENT, trust=STORE, at=NOW).passed
    other = check_evidence(kept, bound, data, content=CONTENT + b"!", trust=STORE, at=NOW)
    assert (other.indication, codes(other)) == (Indication.FAILED, ["evidence-other-document"])
    none = check_evidence(kept, bound, data, trust=STORE, at=NOW)  # which proves nothing against the record
    assert (none.indication, codes(none)) == (Indication.INDETERMINATE, ["evidence-content-missing"])
    for found in (other, none):
        assert (found.then, found.confirmed, found.passed) == (None, False, False)
    whole = record("cms")
    unasked = check_evidence(
        whole, verifier("cms", made("cms", "T")), made("cms", "T"), content=b"", trust=STORE, at=NOW
    )
    assert (unasked.indication, codes(unasked)) == (Indication.FAILED, ["evidence-other-document"])


def test_counter_signatures_are_kept_too():
    data = cms.counter_sign(made("cms", "T"), signer=CA.person("Phó Chánh Văn phòng", key="p256").signer())
    kept = make_evidence(
        verifier("cms", data), data, kind="cms", policy="vn_default", trust=STORE, at=MADE, revocation=KNOWN
    )
    assert len(kept.signatures[0].counter_signatures) == 1
    again = EvidenceRecord.load(kept.to_bytes())
    assert again == kept
    assert check_evidence(again, verifier("cms", data), data, trust=STORE, at=NOW).confirmed
    values = json.loads(kept.to_bytes())
    values["signatures"][0]["counter_signatures"] = []
    found = check_evidence(load(values), verifier("cms", data), data, trust=STORE, at=NOW)
    assert "evidence-inconsistent" in codes(found)
    assert "evidence-signatures-differ" in codes(found)


# -- explained differences -----------------------------------------------------------------------------------


def test_a_signature_that_nothing_proves_the_time_of_ends_with_its_certificate():
    data = sign_cms(CONTENT, signer=PERSON.signer(), detached=False)
    bound = verifier("cms", data)
    kept = make_evidence(bound, data, kind="cms", policy="vn_default", trust=STORE, at=MADE, revocation=KNOWN)
    found = check_evidence(kept, bound, data, trust=STORE, at=NOW)
    assert found.confirmed
    assert (found.then.indication, found.now.indication, found.exit_code) == (PASSED, OPEN, 3)
    changed = found.findings[-1]
    assert changed.code == "evidence-verdict-changed"
    assert "certificate-expired" in changed.text()
    assert "hợp lệ" in changed.text("vi")


@FORMS
def test_without_its_anchor_the_record_is_not_confirmed(kind):
    found = check(kind, trust=TrustStore())
    assert (found.indication, found.confirmed) == (OPEN, False)
    assert set(codes(found)) == {"evidence-anchor-missing", "evidence-verdict-differs"}


def test_another_policy_is_named():
    found = check("cms", policy="vn_15_2025_strict")
    assert "evidence-other-policy" in codes(found)
    own = attrs.evolve(POLICIES["vn_default"], name="của chúng tôi")
    data = made("cms", "T")
    kept = make_evidence(verifier("cms", data), data, kind="cms", policy=own, trust=STORE, at=MADE, revocation=KNOWN)
    with pytest.raises(UsageError) as caught:
        check("cms", kept)
    assert caught.value.code == "unknown-policy"
    assert check("cms", kept, policy=own).passed


def test_what_became_known_since_counts_for_now_alone():
    """The authority's key was lost in 2024: the record of 2021 stays what it is, the answer of 2030 does not."""
    stamp = next(c for c in record("cms").certificates if "TSA" in c.subject_text)
    lost = lists(day(2025), tsa={stamp: (day(2024), "keyCompromise")}, fresh=10)
    found = check("cms", revocation=RevocationChecker.of(lost.crls))
    assert (found.then.indication, found.now.indication) == (PASSED, OPEN)
    assert found.confirmed
    assert "evidence-verdict-changed" in codes(found)


def test_a_time_before_the_record():
    found = check("cms", at=day(2021, 6, 2))
    assert (found.indication, codes(found)[0]) == (OPEN, "evidence-from-the-future")
    with pytest.raises(UsageError) as caught:
        check("cms", at=NOW.replace(tzinfo=None))
    assert caught.value.code == "time-zone-missing"


@FORMS
def test_without_the_document_the_record_alone_is_checked(kind):
    found = check_evidence(record(kind), trust=STORE, at=NOW)
    assert (found.indication, found.exit_code) == (OPEN, 3)
    assert found.outcome.sub_indication is SubIndication.SIGNED_DATA_NOT_FOUND
    assert codes(found) == ["evidence-document-missing"]
    assert (found.then, found.now, found.passed) == (None, None, False)


@pytest.mark.parametrize("kind", ["cms", "xml"])
def test_a_bad_verdict_is_recorded_as_it_is(kind):
    data = made(kind, "T")
    bound = verifier(kind, data)
    kept = make_evidence(bound, data, kind=kind, policy="vn_default", trust=STORE, at=MADE)
    assert kept.report["indication"] == "indeterminate"
    found = check_evidence(kept, bound, data, trust=STORE, at=NOW)
    assert (found.indication, found.confirmed, found.exit_code) == (OPEN, True, 3)


def test_a_failed_signature_is_recorded_as_it_is():
    data = made("cms", "T").replace(CONTENT, CONTENT[::-1])
    bound = verifier("cms", data)
    kept = make_evidence(bound, data, kind="cms", policy="vn_default", trust=STORE, at=MADE, revocation=KNOWN)
    assert kept.report["indication"] == "failed"
    found = check_evidence(kept, bound, data, trust=STORE, at=NOW)
    assert (found.indication, found.confirmed, found.exit_code) == (Indication.FAILED, True, 1)


# -- tampered with: the file ---------------------------------------------------------------------------------


def load(values: dict, *, digest: bool = True) -> EvidenceRecord:
    """Return the record of *values*, its digest made right again as a forger would."""
    if digest:
        return EvidenceRecord.load(form.written({k: v for k, v in values.items() if k != "digest"}))
    return EvidenceRecord.load((form.text_of(values) + "\n").encode())


def values_of(kind: str = "cms") -> dict:
    return json.loads(record(kind).to_bytes())


def refused(data: bytes) -> SignatureError:
    with pytest.raises(SignatureError) as caught:
        EvidenceRecord.load(data)
    return caught.value


def test_a_changed_file_is_refused():
    data = record("cms").to_bytes()
    assert refused(data.replace(b'"passed":true', b'"passed":null')).code == "evidence-digest"
    assert refused(data.replace(b'"digest":', b'"Digest":')).code == "evidence-malformed"
    changed = data.replace("Đỗ Văn Lưu".encode(), "Đỗ Văn Lừu".encode())
    assert changed != data
    assert refused(changed).code == "evidence-digest"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"format":"x"}',
        b"\xff\xfe",
        b'{"format":NaN}',
        b'{"format":1e999}',
        b'{"format":"\\ud800"}',
        b"[" * 100_000,
        b'{"format":' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_record_is_refused(data):
    assert refused(data).code == "evidence-malformed"


def test_only_the_one_form_is_read():
    data = record("cms").to_bytes()
    for other in (data[:-1], data + b"\n", data.replace(b'{"certificates"', b'{ "certificates"', 1)):
        assert refused(other).code == "evidence-malformed"
    twice = data.replace(b'"kind":"cms"', b'"kind":"cms","kind":"cms"')
    assert refused(twice).code == "evidence-malformed"


@pytest.mark.parametrize(
    ("change", "code", "detail"),
    [
        (lambda v: v.update(version="2.0"), "evidence-version", None),
        (lambda v: v.update(version=1), "evidence-version", None),
        (lambda v: v.update(kind="pdf"), "evidence-malformed", "/kind"),
        (lambda v: v.pop("made"), "evidence-malformed", "/made"),
        (lambda v: v.update(more=1), "evidence-malformed", "/more"),
        (lambda v: v.update(made="x"), "evidence-malformed", "/made"),
        (lambda v: v.update(made="2021-06-03T00:00:00"), "evidence-malformed", "/made"),
        (lambda v: v["document"].update(size="1"), "evidence-malformed", "/document/size"),
        (lambda v: v["document"].update(size=True), "evidence-malformed", "/document/size"),
        (lambda v: v.update(crls=["*"]), "evidence-malformed", "/crls/0"),
        (lambda v: v.update(certificates=["AAAA"]), "evidence-malformed", "/certificates/0"),
        (lambda v: v.update(certificates=[""] * 1001), "evidence-malformed", "/certificates/1000"),
        (lambda v: v["signatures"][0].update(value=None), "evidence-malformed", "/signatures/0/value"),
        (lambda v: v["signatures"][0].update(algorithm=1), "evidence-malformed", "/signatures/0/algorithm"),
        (lambda v: v["signatures"][0].update(algorithm="*"), "evidence-malformed", "/signatures/0/algorithm"),
        (lambda v: v["report"].update(signatures={}), "evidence-malformed", "/report/signatures"),
        (
            lambda v: v["report"]["signatures"][0]["trust"].update(indication="perfect"),
            "evidence-malformed",
            "/report/signatures/0/trust/indication",
        ),
    ],
)
def test_a_record_that_is_built_otherwise_is_refused(change, code, detail):
    values = values_of()
    change(values)
    with pytest.raises(SignatureError) as caught:
        load(values)
    assert caught.value.code == code
    if detail is not None:
        assert caught.value.values["detail"] == detail


def test_the_size_is_limited():
    data = record("cms").to_bytes()
    assert EvidenceRecord.load(data, limits=attrs.evolve(DEFAULT, evidence_bytes=len(data)))
    with pytest.raises(SignatureError) as caught:
        EvidenceRecord.load(data, limits=attrs.evolve(DEFAULT, evidence_bytes=len(data) - 1))
    assert caught.value.code == "evidence-too-large"


def test_the_number_of_items_is_limited(monkeypatch):
    monkeypatch.setattr(form, "MOST", 5)
    assert len(record.__wrapped__("cms").certificates) == 5
    monkeypatch.setattr(form, "MOST", 4)
    with pytest.raises(SignatureError) as caught:
        record.__wrapped__("cms")
    assert (caught.value.code, caught.value.values["limit"]) == ("evidence-too-many", 4)


def test_there_must_be_a_signature():
    data = b"<a/>"

    def nothing(**how):
        return cms_verdict(how)

    def cms_verdict(how):
        from vndoc.signature.evaluation import verdict_of  # noqa: PLC0415

        return verdict_of((), policy=how["policy"], trust=how["trust"], at=how["at"])

    with pytest.raises(SignatureError) as caught:
        make_evidence(nothing, data, kind="xml", policy="vn_default", trust=STORE, at=MADE)
    assert caught.value.code == "evidence-nothing"


def test_a_kind_that_nothing_reads_is_refused():
    data = made("cms", "T")
    with pytest.raises(UsageError) as caught:
        make_evidence(verifier("cms", data), data, kind="pdf", policy="vn_default", trust=STORE, at=MADE)
    assert caught.value.code == "option-invalid"


def test_a_timestamp_over_the_record_is_no_older_than_those_in_it():
    early = record("cms").stamped(tsa(time=day(2020, 7)), material=lists(day(2020, 7)))
    found = check("cms", early)
    assert (found.passed, found.outcome.sub_indication) == (False, SubIndication.TIMESTAMP_ORDER_FAILURE)
    assert "timestamp-order-within" in codes(found)
    assert check("cms", record("cms").stamped(tsa(time=day(2021, 7)), material=lists(day(2021, 7)))).passed


# -- tampered with: by who made the digest right again ---------------------------------------------------------


def other_signature() -> bytes:
    return sign_cms(CONTENT, signer=PERSON.signer(), signing_time=day(2021, 6, 2), detached=False, stamp=tsa())


def swap(values: dict, name: str, of: dict) -> None:
    values["signatures"][0][name] = of["signatures"][0][name]


@functools.cache
def others() -> str:
    data = other_signature()
    kept = make_evidence(
        verifier("cms", data), data, kind="cms", policy="vn_default", trust=STORE, at=MADE, revocation=KNOWN
    )
    return kept.to_bytes().decode()


def better(values: dict) -> None:
    """Turn a recorded *indeterminate* into *passed*."""
    for one in (values["report"], values["report"]["signatures"][0]):
        one.update(indication="passed", passed=True, sub_indication=None, reasons=[])
        one["answer"] = {"vi": "hợp lệ", "en": "valid"}


FORGED = {
    "another document": (lambda v, o: v["document"].update(sha256="0" * 64), "evidence-other-document"),
    "a signature value": (lambda v, o: swap(v, "value", o), "evidence-value-wrong"),
    "what was signed": (lambda v, o: swap(v, "signed_octets", o), "evidence-value-wrong"),
    "another algorithm": (
        lambda v, o: v["signatures"][0].update(algorithm=base64.b64encode(b"\x30\x00").decode()),
        "evidence-value-wrong",
    ),
    "no algorithm": (lambda v, o: v["signatures"][0].update(algorithm=None), "evidence-signature-differs"),
    "value and octets": (
        lambda v, o: [swap(v, n, o) for n in ("value", "signed_octets")],
        "evidence-signature-differs",
    ),
    "a timestamp": (lambda v, o: swap(v, "timestamps", o), "evidence-timestamps-differ"),
    "a timestamp less": (lambda v, o: v["signatures"][0].update(timestamps=[]), "evidence-timestamps-differ"),
    "a certificate less": (
        lambda v, o: v.update(certificates=v["certificates"][1:]),
        "evidence-certificate-missing",
    ),
    "a list less": (lambda v, o: v.update(crls=v["crls"][:-1]), "evidence-material-missing"),
    "all lists": (lambda v, o: v.update(crls=[]), "evidence-verdict-differs"),
    "a digest of the content": (
        lambda v, o: v["report"]["signatures"][0]["covers"][0].update(value="00" * 32),
        "evidence-covers-differ",
    ),
    "the name of the signer": (
        lambda v, o: v["report"]["signatures"][0]["signer"].update(display_name="Ai đó"),
        "evidence-signer-differs",
    ),
    "the certificate of the signer": (
        lambda v, o: v["report"]["signatures"][0]["certificate"].update(subject="CN=Ai đó"),
        "evidence-signer-differs",
    ),
    "the claimed time": (
        lambda v, o: v["report"]["signatures"][0].update(claimed_time="2020-01-01T00:00:00+00:00"),
        "evidence-report-differs",
    ),
    "the level": (lambda v, o: v["report"]["signatures"][0].update(level="LTA"), "evidence-report-differs"),
    "a signature more": (
        lambda v, o: [
            v["signatures"].append(copy.deepcopy(v["signatures"][0])),
            v["report"]["signatures"].append(copy.deepcopy(v["report"]["signatures"][0])),
        ],
        "evidence-signatures-differ",
    ),
    "a core more": (
        lambda v, o: v["signatures"].append(copy.deepcopy(v["signatures"][0])),
        "evidence-inconsistent",
    ),
    "the time of the check": (lambda v, o: v.update(made=NOW.isoformat()), "evidence-inconsistent"),
    "the policy": (lambda v, o: v.update(policy="archive"), "evidence-inconsistent"),
    "the answer of the whole": (lambda v, o: v["report"].update(passed=False), "evidence-inconsistent"),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_a_forger_changes_is_named(name):
    change, code = FORGED[name]
    values = values_of()
    change(values, json.loads(others()))
    found = check("cms", load(values))
    assert code in codes(found), codes(found)
    assert not found.passed
    assert not found.confirmed
    assert found.exit_code in {1, 3}


@pytest.mark.parametrize(
    ("shown", "same"),
    [
        ("*********009", True),
        ("0**099000009", True),
        ("001099000009", True),
        ("************", True),
        ("*********008", False),
        ("********009", False),
        ("********A009", False),
    ],
)
def test_a_record_of_a_release_that_masked_less_or_more(shown, same):
    """What is shown of a citizen number may change from release to release, and what is signed does not by that."""
    values = values_of()
    [one] = values["report"]["signatures"]
    assert one["signer"]["citizen_id"] == "*********009"
    one["signer"]["citizen_id"] = shown
    found = check("cms", load(values))
    assert ("evidence-signer-differs" in codes(found)) is not same, codes(found)
    assert found.confirmed is same


def test_a_name_cannot_be_hidden_like_a_number():
    values = values_of()
    signer = values["report"]["signatures"][0]["signer"]
    signer["display_name"] = "*" * len(signer["display_name"])
    assert "evidence-signer-differs" in codes(check("cms", load(values)))


def test_a_verdict_cannot_be_made_better():
    data = made("cms", "T")
    kept = make_evidence(verifier("cms", data), data, kind="cms", policy="vn_default", trust=STORE, at=MADE)
    values = json.loads(kept.to_bytes())
    better(values)
    found = check("cms", load(values))
    assert found.indication is OPEN
    [first, *_] = found.findings
    assert first.code == "evidence-verdict-differs"
    assert "revocation" in first.text()


def test_a_whole_cannot_be_better_than_its_parts():
    values = values_of()
    values["report"]["signatures"][0].update(indication="failed", passed=False)
    assert "evidence-inconsistent" in codes(check("cms", load(values)))


def test_a_document_that_was_changed_is_another_one():
    data = made("cms", "T").replace(CONTENT, CONTENT[::-1])
    found = check("cms", document=data, verifier=verifier("cms", data))
    assert (found.indication, codes(found)) == (Indication.FAILED, ["evidence-other-document"])
    assert found.exit_code == 1


@given(st.data())
@settings(max_examples=60)
def test_any_changed_octet_is_refused_or_named(data):
    octets = bytearray(record("cms").to_bytes())
    at = data.draw(st.integers(0, len(octets) - 1))
    octets[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(VndocError) as caught:
        EvidenceRecord.load(bytes(octets))
    assert caught.value.code in {"evidence-malformed", "evidence-digest", "evidence-version"}


# -- timestamps over the record --------------------------------------------------------------------------------


@functools.cache
def bare() -> tuple[bytes, EvidenceRecord]:
    """Return a signature without a timestamp, and its record with one of the day after."""
    data = sign_cms(CONTENT, signer=PERSON.signer(), detached=False)
    bound = verifier("cms", data)
    kept = make_evidence(bound, data, kind="cms", policy="vn_default", trust=STORE, at=MADE, revocation=KNOWN)
    return data, kept.stamped(tsa(FIRST, STAMPED), material=OF_2021)


STAMPED = day(2021, 6, 4)


def check_bare(kept: EvidenceRecord, **how) -> EvidenceCheck:
    data, _ = bare()
    return check_evidence(
        EvidenceRecord.load(kept.to_bytes()), verifier("cms", data), data, **{"trust": STORE, "at": NOW} | how
    )


def test_a_timestamp_over_the_record_proves_that_the_signature_is_as_old():
    _, kept = bare()
    found = check_bare(kept)
    assert found.passed, found.outcome
    assert found.confirmed
    assert "evidence-time-proven" in codes(found)
    [report] = found.now.signatures
    assert report.best_signature_time == STAMPED
    assert "time-proven-around" in [r.code for r in report.reasons]
    without = check_bare(attrs.evolve(kept, timestamps=()))
    assert (without.indication, without.confirmed) == (OPEN, True)
    assert json.loads(kept.to_bytes())["timestamps"][0]["crls"] == [
        base64.b64encode(crl).decode() for crl in OF_2021.crls
    ]
    jsonschema.validate(json.loads(kept.to_bytes()), RECORD_SCHEMA)
    assert repr(kept.timestamps[0]).startswith("RecordStamp(")


def test_what_the_timestamp_is_over():
    _, kept = bare()
    values = json.loads(kept.to_bytes())
    del values["digest"]
    token = base64.b64decode(values["timestamps"][0].pop("token"))
    values["timestamps"][0]["token"] = ""
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    info = asn1.ContentInfo.load(token)["content"]["encap_content_info"]["content"].parsed
    assert isinstance(info, asn1_tsp.TSTInfo)
    assert info["message_imprint"]["hashed_message"].native == hashlib.sha256(text.encode()).digest()


def test_a_renewed_record_outlives_the_first_authority():
    _, kept = bare()
    lost = lists(day(2025), tsa={FIRST.certificate: (day(2024), "keyCompromise")}, fresh=10)
    known = RevocationChecker.of(lost.crls)
    found = check_bare(kept, revocation=known)
    assert (found.indication, found.confirmed) == (OPEN, True)
    assert "evidence-timestamp-not-valid" in codes(found)
    renewed = kept.stamped(tsa(SECOND, ARCHIVED), certificates=[FIRST.certificate], material=SINCE, nonce=3)
    found = check_bare(renewed, revocation=known)
    assert found.passed, found.findings
    assert codes(found).count("evidence-time-proven") == 2
    assert renewed.timestamps[0] == kept.timestamps[0]


def test_a_record_that_was_changed_after_it_was_stamped():
    _, kept = bare()
    values = json.loads(kept.to_bytes())
    values["report"]["signatures"][0]["level"] = "LTA"
    found = check_bare(load(values))
    assert "evidence-timestamp-not-valid" in codes(found)
    assert "evidence-report-differs" in codes(found)
    values = json.loads(kept.to_bytes())
    values["timestamps"][0]["token"] = base64.b64encode(b"x").decode()
    found = check_bare(load(values))
    assert (found.indication, "evidence-timestamp-not-valid" in codes(found)) == (OPEN, True)


def test_timestamps_over_a_record_are_limited():
    _, kept = bare()
    full = attrs.evolve(kept, timestamps=kept.timestamps * 30)
    assert len(EvidenceRecord.load(full.to_bytes()).timestamps) == 30
    with pytest.raises(SignatureError) as caught:
        full.stamped(tsa(FIRST, STAMPED))
    assert (caught.value.code, caught.value.values["limit"]) == ("evidence-too-many", 30)
    over = attrs.evolve(kept, timestamps=kept.timestamps * 31)
    assert refused(over.to_bytes()).values["detail"] == "/timestamps/30"
    with pytest.raises(SignatureError) as refusal:
        kept.stamped(attrs.evolve(tsa(FIRST, STAMPED), failure="badRequest"))
    assert refusal.value.code == "timestamp-refused"


def test_a_record_that_could_not_be_read_again_is_not_written():
    kept = record("cms")
    size = len(kept.to_bytes())
    assert kept.to_bytes(limits=attrs.evolve(DEFAULT, evidence_bytes=size)) == kept.to_bytes()
    with pytest.raises(SignatureError) as caught:
        kept.to_bytes(limits=attrs.evolve(DEFAULT, evidence_bytes=size - 1))
    assert (caught.value.code, caught.value.values["size"]) == ("evidence-too-large", size)


# -- a timestamp that gets what it needs -----------------------------------------------------------------------


def stamped_so(kept: EvidenceRecord, stamp, **how) -> StampedEvidence:
    return stamp_evidence(kept, stamp, **{"trust": STORE, "at": NOW} | how)


def plain() -> EvidenceRecord:
    _, kept = bare()
    return attrs.evolve(kept, timestamps=())


def test_what_is_known_of_the_authority_goes_in():
    found = stamped_so(plain(), tsa(FIRST, STAMPED), revocation=KNOWN, at=STAMPED)
    assert found.proves
    [entry] = found.record.timestamps
    held = plain().material.crls
    assert set(entry.material.crls) == set(OF_2021.crls) - set(held) != set()
    assert entry.certificates == (FIRST.certificate, TSA_ROOT.certificate)
    checked = check_bare(found.record)
    assert (checked.passed, checked.confirmed) == (True, True)
    assert check_bare(plain().stamped(tsa(FIRST, STAMPED))).indication is OPEN


def test_nothing_known_is_told():
    found = stamped_so(plain(), tsa(FIRST, STAMPED), at=STAMPED)
    assert not found.proves
    assert [r.code for r in found.timestamps[0].outcome.reasons if r.decides] == ["revocation-unknown"]
    assert not StampedEvidence(record=plain(), timestamps=()).proves


def test_a_renewal_takes_what_is_known_of_the_authority_before():
    asked: list[bytes] = []

    def second(request: bytes) -> bytes:
        asked.append(request)
        return tsa(SECOND, ARCHIVED)(request)

    _, kept = bare()
    numbers = iter((5, 6))
    now = RevocationChecker.of((*OF_2023.crls, *SINCE.crls))
    found = stamped_so(kept, second, revocation=now, at=ARCHIVED, nonce=lambda: next(numbers))
    assert (found.proves, len(found.timestamps), found.reasons) == (True, 2, ())
    assert [tsp.read_request(request).nonce for request in asked] == [5, 6]
    new = found.record.timestamps[1]
    assert set(new.certificates) == {FIRST.certificate, SECOND.certificate, TSA_ROOT.certificate}
    assert set(new.material.crls) < {*OF_2023.crls, *SINCE.crls}
    lost = lists(day(2025), tsa={FIRST.certificate: (day(2024), "keyCompromise")}, fresh=10)
    assert check_bare(found.record, revocation=RevocationChecker.of(lost.crls)).passed
    assert check_bare(kept, revocation=RevocationChecker.of(lost.crls)).indication is OPEN


def test_an_earlier_timestamp_that_is_lost_is_told():
    _, kept = bare()
    lost = lists(day(2023, 5, 31), tsa={FIRST.certificate: (day(2022), "keyCompromise")}, fresh=10)
    found = stamped_so(kept, tsa(SECOND, ARCHIVED), revocation=RevocationChecker.of(lost.crls), at=ARCHIVED)
    assert [report.proves for report in found.timestamps] == [False, True]
    assert not found.proves


@pytest.mark.parametrize(("ahead", "proves"), [(240, True), (301, False), (7 * 3600, False)])
def test_a_clock_that_is_ahead(ahead, proves):
    now = STAMPED - datetime.timedelta(seconds=ahead)
    found = stamped_so(plain(), tsa(FIRST, STAMPED), revocation=KNOWN, at=now)
    assert found.proves is proves
    assert ("timestamp-in-future" in [r.code for r in found.timestamps[0].outcome.reasons]) is not proves


def test_what_is_refused_before_anybody_is_asked():
    def nobody(request: bytes) -> bytes:
        raise AssertionError

    own = attrs.evolve(plain(), policy="own")
    for kept, how, code in (
        (plain(), {"at": NOW.replace(tzinfo=None)}, "time-zone-missing"),
        (own, {}, "unknown-policy"),
        (plain(), {"policy": "own"}, "unknown-policy"),
    ):
        with pytest.raises(UsageError) as caught:
            stamped_so(kept, nobody, **how)
        assert caught.value.code == code
    assert stamped_so(own, tsa(FIRST, STAMPED), policy="vn_default", revocation=KNOWN).proves
    many = RevocationMaterial(crls=tuple(b"%d" % n for n in range(1001)))
    for what in (many, RevocationMaterial(ocsps=many.crls)):
        with pytest.raises(SignatureError) as refusal:
            plain().stamped(nobody, material=what)
        assert refusal.value.code == "evidence-too-many"


# -- how it tells --------------------------------------------------------------------------------------------


def test_the_check_as_plain_values():
    values = check("cms").to_dict()
    assert json.loads(json.dumps(values)) == values
    assert (values["indication"], values["confirmed"]) == ("passed", True)
    jsonschema.validate(values["then"], SCHEMA)
    jsonschema.validate(values["now"], SCHEMA)
    assert check_evidence(record("cms"), trust=STORE, at=NOW).to_dict()["now"] is None


def test_the_core_of_a_refused_algorithm_has_none():
    report = verify_cms(made("cms", "T"), policy="vn_default", trust=STORE, at=MADE).signatures[0]
    from vndoc.pki import Family, SignatureAlgorithm  # noqa: PLC0415

    odd = attrs.evolve(report, algorithm=SignatureAlgorithm(Family.HMAC, "sha256"))
    assert SignatureCore.of(odd).algorithm is None
    assert SignatureCore.of(attrs.evolve(report, algorithm=None)).algorithm is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=12,
)
SMALL = {
    "type": "object",
    "properties": {
        "a": {"$ref": "#/$defs/x"},
        "b": {"anyOf": [{"type": "integer"}, {"type": ["string", "null"]}]},
        "c": {"type": "array", "items": {"enum": [1, "x", None]}, "maxItems": 2},
    },
    "required": ["b"],
    "additionalProperties": False,
    "$defs": {"x": {"type": ["boolean", "number"]}},
}


@given(json_values)
@settings(max_examples=300)
def test_our_reading_of_a_schema_is_that_of_jsonschema(value):
    """Two things are read more strictly here: ``1.0`` is no integer, and ``true`` is not ``1``."""
    valid = jsonschema.Draft202012Validator(SMALL).is_valid(value)
    if breach(value, SMALL, SMALL) is None:
        assert valid
    elif valid:
        assert "." in json.dumps(value) or "e" in json.dumps(value)
