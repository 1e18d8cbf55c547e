"""Verdicts for other programs: JSON by its schema, ETSI XML by the order and the links that its schema wants.

The ETSI schema itself is not at hand (its licence is ETSI's); the tests know of its structure what pyHanko knows.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
from collections.abc import Iterable, Iterator

import attrs
import jsonschema
import pytest
from lxml import etree

from etsi_structure import faults
from verdict_support import CA, GOOD, NOW, PERSON, STORE, Knows, signed, stamp
from vndoc.pki import Reason, RevocationReason, RevocationStatus
from vndoc.signature.etsi import NAMESPACE, verdict_to_etsi
from vndoc.signature.evaluation import verdict_of
from vndoc.signature.export import SCHEMA, SCHEMA_VERSION, verdict_to_dict, verdict_to_json
from vndoc.signature.facts import Covered, RevocationMaterial, TimestampFacts, TimestampKind
from vndoc.signature.reasons import REASONS
from vndoc.signature.report import SignatureReport, Verdict
from vndoc.signature.xmldsig_making import prepare_xml

HOUR = datetime.timedelta(hours=1)
REVOKED = Knows({PERSON.certificate: (NOW - HOUR, RevocationReason.KEY_COMPROMISE), CA.certificate: (NOW, None)})
FULL = signed(
    claimed_time=NOW - HOUR,
    claimed_roles=("Chánh Văn phòng",),
    timestamps=(stamp(NOW - HOUR), stamp(NOW - 2 * HOUR, kind=TimestampKind.CONTENT)),
    counter_signatures=(signed(),),
    revocation=RevocationMaterial(crls=(b"list",), ocsps=(b"response",)),
)


class Said(Knows):
    """Says *revoked* without a date, without octets, by a response."""

    def status(self, question):
        found = super().status(question)
        date = None if question.certificate == PERSON.certificate else NOW - HOUR
        return attrs.evolve(found, status=RevocationStatus.REVOKED, date=date, source="ocsp", material=MATERIAL[date])


MATERIAL = {None: None, NOW - HOUR: b"response"}


class Bare(Knows):
    """Says *revoked*, and keeps no octets."""

    def status(self, question):
        return attrs.evolve(super().status(question), material=None)


def judged(*facts, revocation=GOOD, **how) -> Verdict:
    return verdict_of(facts, policy="vn_default", trust=STORE, at=NOW, revocation=revocation, **how)


BROKEN_STAMP = TimestampFacts(kind=TimestampKind.SIGNATURE, place="x", token=None, intact=None)
ODD = Covered(what="content", name="a\0\x1b", intact=None, digest="sha512-256", value=b"")
VERDICTS = {
    "full": judged(FULL),
    "bare": judged(signed(covered=())),
    "roles": judged(signed(claimed_roles=("x",))),
    "unkept": judged(signed(), revocation=Bare({PERSON.certificate: (NOW - HOUR, None)})),
    "responded": judged(signed(), revocation=Said()),
    "several": judged(signed(), signed(verify=lambda _: False), FULL),
    "countered": judged(
        signed(
            counter_signatures=(
                signed(
                    verify=lambda _: False,
                    claimed_time=NOW,
                    timestamps=(stamp(NOW - HOUR),),
                    counter_signatures=(signed(octets=b"third", claimed_roles=("x",)),),
                ),
                signed(candidates=(), certificates=(), signature_value=b"", covered=()),
                signed(candidates=(), certificates=(), signature_value=b"", covered=()),
            )
        ),
        signed(counter_signatures=(signed(octets=b"other"),)),
        revocation=REVOKED,
    ),
    "none": judged(),
    "revoked": judged(signed(), revocation=REVOKED),
    "unrevoked": judged(signed(), revocation=None),
    "nobody": judged(signed(candidates=(), certificates=(), claimed_time=datetime.datetime(2026, 1, 1))),  # noqa: DTZ001
    "stamp": judged(signed(timestamps=(BROKEN_STAMP,), covered=(ODD, attrs.evolve(ODD, digest="?")))),
    "untrusted": verdict_of([signed()], policy="archive", trust=type(STORE)(), at=NOW),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_json_is_as_its_schema_says(name):
    verdict = VERDICTS[name]
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    value = json.loads(verdict_to_json(verdict))
    jsonschema.Draft202012Validator(SCHEMA).validate(value)
    assert value == verdict_to_dict(verdict) == verdict.to_dict()
    assert verdict.to_json(indent=2) == verdict_to_json(verdict, indent=2)
    assert value["signatures"] == [report.to_dict() for report in verdict]
    assert value["schema_version"] == SCHEMA_VERSION
    assert value["passed"] is verdict.passed
    assert value["indication"] == verdict.indication.value
    assert "001099000123" not in verdict_to_json(verdict, indent=1)


def test_json_says_everything():
    [found] = verdict_to_dict(VERDICTS["full"])["signatures"]
    assert found["signer"]["citizen_id"] == "*********123"
    assert found["best_signature_time"] == (NOW - HOUR).isoformat()
    assert [t["proves"] for t in found["timestamps"]] == [True, True]
    assert found["answer"] == {"vi": "hợp lệ", "en": "valid"}
    assert found["anchor_family"] == "government"
    assert found["covers"][0]["intact"] is True
    assert found["revocation"][0]["status"] == "good"
    assert found["managing_unit"] == "CA thử nghiệm"
    assert len(found["counter_signatures"]) == 1
    [open_one] = verdict_to_dict(VERDICTS["revoked"])["signatures"]
    assert open_one["revocation"][0]["reason"] == "key_compromise"


def test_evidence_is_what_was_judged_with():
    [report] = VERDICTS["full"]
    assert report.evidence.certificates[0] == PERSON.certificate
    assert repr(report.evidence) == "Evidence(certificates=3, statuses=2)"
    shown = verdict_to_dict(VERDICTS["full"])["signatures"][0]["revocation"]
    assert {row["material"] for row in shown} == {hashlib.sha256(b"response").hexdigest()}


ORDER = (
    "SignatureIdentifier",
    "ValidationConstraintsEvaluationReport",
    "ValidationTimeInfo",
    "SignersDocument",
    "SignatureAttributes",
    "SignerInformation",
    "SignatureQuality",
    "SignatureValidationProcess",
    "SignatureValidationStatus",
)


@pytest.mark.parametrize("name", VERDICTS)
def test_etsi_reports_hang_together(name):
    octets = verdict_to_etsi(VERDICTS[name])
    assert b"001099000123" not in octets
    root = etree.fromstring(octets)
    ids = root.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert set(root.xpath("//@VOReference")) <= set(ids)
    for report in root.findall(f"{{{NAMESPACE}}}SignatureValidationReport"):
        names = [etree.QName(child).localname for child in report]
        assert names == sorted(names, key=ORDER.index)
        assert names[-1] == "SignatureValidationStatus"


def text(root: etree._Element, name: str) -> str | None:
    return root.findtext(f".//{{{NAMESPACE}}}{name}")


def first_level(root: etree._Element) -> list[etree._Element]:
    """Return the answers of the reports that decide; those of counter-signatures stand among the objects."""
    return root.findall(f"{{{NAMESPACE}}}SignatureValidationReport/{{{NAMESPACE}}}SignatureValidationStatus")


WORDS = {"passed": "total-passed", "failed": "total-failed", "indeterminate": "indeterminate"}


@pytest.mark.parametrize("name", VERDICTS)
def test_etsi_answers(name):
    root = etree.fromstring(verdict_to_etsi(VERDICTS[name]))
    answers = [
        (status.findtext(f"{{{NAMESPACE}}}MainIndication"), status.findtext(f"{{{NAMESPACE}}}SubIndication"))
        for status in first_level(root)
    ]
    expected = [
        (
            f"urn:etsi:019102:mainindication:{WORDS[s.indication]}",
            None if s.sub_indication is None else f"urn:etsi:019102:subindication:{s.sub_indication}",
        )
        for s in VERDICTS[name]
    ]
    assert answers == expected or (not expected and answers == [("urn:etsi:019102:mainindication:indeterminate", None)])


def all_counters(reports: Iterable[SignatureReport]) -> Iterator[SignatureReport]:
    for report in reports:
        yield from report.counter_signatures
        yield from all_counters(report.counter_signatures)


@pytest.mark.parametrize("name", VERDICTS)
def test_etsi_counter_signatures_have_a_report_of_their_own(name):
    """An attribute of the signature refers to an object with the report, which says what any other one says."""
    root = etree.fromstring(verdict_to_etsi(VERDICTS[name]))
    space = {"e": NAMESPACE, "ds": "http://www.w3.org/2000/09/xmldsig#"}
    objects = {one.get("id"): one for one in root.iterfind(".//e:ValidationObject", space)}
    found = []
    for attribute in root.iterfind(".//e:SignatureAttributes/e:CounterSignature", space):
        assert attribute.get("Signed") == "false"
        [target] = [one.get("VOReference") for one in attribute.iterfind("e:AttributeObject", space)]
        value = objects[target].findtext("e:ValidationReport/e:SignatureIdentifier/ds:SignatureValue", None, space)
        digest = base64.b64encode(hashlib.sha256(base64.b64decode(value)).digest()).decode()
        assert attribute.findtext("e:CounterSignature/e:DigestValue", None, space) == digest
        assert objects[target].findtext(".//ds:DigestValue", None, space) == digest
        answer = objects[target].find("e:ValidationReport/e:SignatureValidationStatus", space)
        types = {one.text.removeprefix("urn:vndoc:reason:") for one in answer.iterfind(".//e:Type", space)}
        main = answer.findtext("e:MainIndication", None, space).removeprefix("urn:etsi:019102:mainindication:")
        found.append((base64.b64decode(value), main, types))
    expected = [
        (c.signature_value, WORDS[c.indication], {r.code for r in c.reasons}) for c in all_counters(VERDICTS[name])
    ]
    assert sorted(found, key=repr) == sorted(expected, key=repr)
    assert len(root.findall("e:SignatureValidationReport", space)) == max(1, len(VERDICTS[name]))


@pytest.mark.parametrize("name", VERDICTS)
def test_etsi_reports_are_as_the_schema_wants_them(name):
    assert faults(etree.fromstring(verdict_to_etsi(VERDICTS[name]))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<HashOnly>false", "<HashOnly>no"),
        ("POETime>", "POETim>"),
        ("POETime>2", "POETime>x"),
        ("</SignatureIdentifier>", "<HashOnly>true</HashOnly></SignatureIdentifier>"),
        (" Pseudonym=", " Pseudo="),
        ("<HashOnly>false</HashOnly>", ""),
        ("claimed<", "told<"),
        ("ds:DigestValue>", "ds:DigestValue>?"),
        ("DigestMethod>http", "DigestMethod><DigestMethod/>http"),
        ("<AttributeObject VOReference=", "<AttributeObject Reference="),
    ],
)
def test_the_structure_is_really_looked_at(old, new):
    whole = verdict_to_etsi(VERDICTS["full"]).decode()
    assert old in whole
    assert faults(etree.fromstring(whole.replace(old, new).encode()))


def test_etsi_texts_hold_all_that_xml_can():
    kept, lost = "\t\n \ud7ff\ue000\ufffd\U0001f600\U00020000\U0010ffff", "\0\x1b\r\ud800\udfff\ufffe\uffff"
    verdict = judged(signed(claimed_roles=(kept + lost, "", "𡨸 Nôm")))
    roles = [e.text for e in etree.fromstring(verdict_to_etsi(verdict)).iter(f"{{{NAMESPACE}}}Role")]
    assert roles == [kept, None, "𡨸 Nôm"]


def test_etsi_details():
    root = etree.fromstring(verdict_to_etsi(VERDICTS["full"]))
    assert text(root, "Signer") == "Trần Thị Thử"
    assert text(root, "POETime") == "2026-11-22T02:00:00Z"
    assert text(root, "PolicyName") == "vn_default"
    assert text(root, "Role") == "Chánh Văn phòng"
    revoked = etree.fromstring(verdict_to_etsi(VERDICTS["revoked"]))
    assert text(revoked, "RevocationReason") == "urn:etsi:019102:revocationReason:KeyCompromise"
    assert text(etree.fromstring(verdict_to_etsi(VERDICTS["nobody"])), "Time") == "2026-01-01T00:00:00"


def test_etsi_says_what_keeps_the_whole_from_passing():
    """A seal that cannot be read stands beside a header signature that passes: this must not look like *passed*."""
    note = Reason.of(REASONS["seal-unreadable"], detail="?")
    [own] = VERDICTS["full"]
    verdict = attrs.evolve(VERDICTS["full"], notes=(note,))
    root = etree.fromstring(verdict_to_etsi(verdict))
    answers = [e.findtext(f"{{{NAMESPACE}}}MainIndication") for e in first_level(root)]
    assert answers == [f"urn:etsi:019102:mainindication:{WORDS[x.indication]}" for x in (own, verdict)]
    types = {e.text for e in root.iter(f"{{{NAMESPACE}}}Type")}
    assert "urn:vndoc:reason:seal-unreadable" in types
    told = attrs.evolve(verdict, notes=(Reason.of(REASONS["pdf-signatures-not-examined"]),))
    shown = etree.fromstring(verdict_to_etsi(told))
    assert [e.text for e in shown.iter(f"{{{NAMESPACE}}}Type")].count(
        "urn:vndoc:reason:pdf-signatures-not-examined"
    ) == 2
    assert len(etree.fromstring(verdict_to_etsi(told)).findall(f"{{{NAMESPACE}}}SignatureValidationReport")) == 1
    none = etree.fromstring(verdict_to_etsi(VERDICTS["none"]))
    assert [e.text for e in none.iter(f"{{{NAMESPACE}}}Type")] == ["urn:vndoc:reason:no-signature"] * 2


def test_citizen_numbers_in_roles_and_file_names_are_masked():
    number = "001099000123"
    file = Covered(what="attachment", name=f"CCCD {number}.pdf", intact=True, digest="sha256", value=b"\1" * 32)
    facts = signed(claimed_roles=(f"Người uỷ quyền, CCCD {number}",), covered=(file,))
    verdict = judged(facts)
    for shown in (verdict_to_json(verdict), verdict_to_etsi(verdict).decode(), repr(verdict.signatures[0].covers)):
        assert number not in shown
    assert '"name": "CCCD *********123.pdf"' in verdict_to_json(verdict)
    assert verdict.signatures[0].covers[0].name == file.name
    assert repr(file) == "Covered(attachment, 'CCCD *********123.pdf', intact=True, sha256)"


def test_reprs_hold_no_documents_and_no_lists():
    assert repr(RevocationMaterial(crls=(b"list",), ocsps=(b"a", b"b"))) == "RevocationMaterial(crls=1, ocsps=2)"
    waiting = prepare_xml(b"<a>001099000123</a>", credential=PERSON.signer(), signing_time=NOW)
    assert repr(waiting).startswith("ToBeSigned(ecdsa-sha256, digest='")
    assert len(repr(waiting)) < 200
