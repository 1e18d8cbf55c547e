"""Verdicts as an ETSI TS 119 102-2 validation report (V1.2.1): XML for other validation services and archives.

Certificates, timestamps and revocation data stand in it by their SHA-256, never by their octets, since certificates
hold citizen numbers; :class:`vndoc.signature.evidence.EvidenceRecord` keeps the octets. The report is not signed.

A counter-signature is an attribute of the signature that it is on (``CounterSignature``, annex A.11). The attribute
refers to a validation object, by the SHA-256 of the signature value, that holds the report on it, with all that one of
its own has. It is no report of the first level: what it comes to does not decide about the document.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import hashlib
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from lxml import etree

from vndoc.errors._arguments import need
from vndoc.pki.algorithms import DIGESTS
from vndoc.pki.certificate import Certificate
from vndoc.pki.outcome import Indication, Outcome, Reason, outcome_of
from vndoc.pki.revocation_facts import RevocationFact, RevocationReason, RevocationStatus
from vndoc.signature.facts import TimestampKind
from vndoc.signature.report import SignatureReport, TimestampReport, Verdict
from vndoc.text import mask

__all__ = ["NAMESPACE", "verdict_to_etsi"]

NAMESPACE: Final = "http://uri.etsi.org/19102/v1.2.1#"
"""Namespace of the report (V1.2.1)."""
_DS: Final = "http://www.w3.org/2000/09/xmldsig#"
_XADES: Final = "http://uri.etsi.org/01903/v1.3.2#"
_PREFIXES: Final[dict[str | None, str]] = {None: NAMESPACE, "ds": _DS, "xades": _XADES}
_XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_URN: Final = "urn:etsi:019102:"
_OWN: Final = "urn:vndoc:"
_WHOLE: Final = MappingProxyType(
    {
        Indication.PASSED: "total-passed",
        Indication.FAILED: "total-failed",
        Indication.INDETERMINATE: "indeterminate",
    }
)
_STAMPS: Final[Mapping[TimestampKind, str]] = MappingProxyType(
    {
        TimestampKind.CONTENT: "AllDataObjectsTimeStamp",
        TimestampKind.SIGNATURE: "SignatureTimeStamp",
        TimestampKind.REFERENCES: "SigAndRefsTimeStamp",
        TimestampKind.ARCHIVE: "ArchiveTimeStamp",
    }
)
_REASONS: Final = MappingProxyType({reason: reason.name.title().replace("_", "") for reason in RevocationReason})


def verdict_to_etsi(verdict: Verdict) -> bytes:
    """Return *verdict* as a TS 119 102-2 report in UTF-8.

    An input without signatures gives one report that is indeterminate, since the standard wants at least one. So does
    one that is not passed for what concerns it as a whole, such as a seal that cannot be read: a report more, of no
    signature, so that nobody takes the others for the answer. Notes on the input as a whole that decide nothing,
    such as that signatures in PDF files were not examined, stand behind the reasons of each signature.
    """
    need("verdict", verdict, Verdict)
    root = etree.Element(_name("ValidationReport"), nsmap=_PREFIXES)  # type: ignore[arg-type] # None: no prefix
    objects = _Objects()
    decided = not verdict.signatures or any(note.decides for note in verdict.notes)
    notes = () if decided else verdict.notes
    for number, report in enumerate(verdict.signatures, 1):
        _signature(_add(root, "SignatureValidationReport"), f"S-{number}", report, verdict, objects, notes)
    if decided:
        status = _status(
            _add(root, "SignatureValidationReport"), "SignatureValidationStatus", outcome_of(verdict.notes), whole=True
        )
        _told(_add(status, "AssociatedValidationReportData"), verdict.notes)
    objects.write(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _name(local: str) -> str:
    return f"{{{NAMESPACE}}}{local}"


def _add(parent: etree._Element, local: str, text: str | None = None, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, _name(local), attributes)
    element.text = None if text is None else _plain(text)
    return element


_NOT_XML: Final = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _plain(text: str) -> str:
    """Return *text* without characters that XML does not allow, and without carriage returns."""
    return _NOT_XML.sub("", text)


def _time(at: datetime.datetime) -> str:
    if at.tzinfo is None:
        return at.isoformat(timespec="seconds")
    with contextlib.suppress(OverflowError):  # the first and the last hours of the calendar keep their zone
        at = at.astimezone(datetime.UTC)
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _digest(parent: etree._Element, algorithm: str, value: bytes) -> None:
    element = _add(parent, "DigestAlgAndValue")
    row = DIGESTS.get(algorithm)
    uri = f"urn:oid:{row.oid}" if row is not None and not row.uris else row.uris[0] if row is not None else algorithm
    etree.SubElement(element, f"{{{_DS}}}DigestMethod", {"Algorithm": _plain(uri)})
    etree.SubElement(element, f"{{{_DS}}}DigestValue").text = base64.b64encode(value).decode("ascii")


class _Objects:
    """The validation objects that reports refer to, each once, by the SHA-256 of its octets.

    After them stand the counter-signatures, each with its report.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, bytes]] = {}
        self._countered: list[etree._Element] = []

    def reference(self, kind: str, octets: bytes) -> str:
        digest = hashlib.sha256(octets).digest()
        name = f"{kind[0].upper()}-{digest.hex().upper()}"
        self._known[name] = (kind, digest)
        return name

    def certificate(self, certificate: Certificate) -> str:
        return self.reference("certificate", certificate.der)

    def counter_signature(self, name: str, digest: bytes) -> etree._Element:
        """Return where the report on the counter-signature goes that is the object called *name*."""
        parent = etree.Element(_name("SignatureValidationObjects"), nsmap=_PREFIXES)  # type: ignore[arg-type] # as above
        element = self._object(parent, name, "other", digest)
        self._countered.append(element)
        return _add(element, "ValidationReport")

    @staticmethod
    def _object(parent: etree._Element, name: str, kind: str, digest: bytes) -> etree._Element:
        element = _add(parent, "ValidationObject", id=name)
        _add(element, "ObjectType", f"{_URN}validationObject:{kind}")
        _digest(_add(element, "ValidationObjectRepresentation"), "sha256", digest)
        return element

    def write(self, root: etree._Element) -> None:
        if not self._known and not self._countered:
            return
        parent = _add(root, "SignatureValidationObjects")
        for name, (kind, digest) in self._known.items():
            self._object(parent, name, kind, digest)
        parent.extend(self._countered)


def _signature(
    element: etree._Element,
    name: str,
    report: SignatureReport,
    verdict: Verdict,
    objects: _Objects,
    notes: tuple[Reason, ...] = (),
) -> None:
    """Write the report on one signature into *element*; *notes* are about the input as a whole."""
    identifier = _add(element, "SignatureIdentifier", id=name)
    value = etree.SubElement(identifier, f"{{{_DS}}}SignatureValue")
    value.text = base64.b64encode(report.signature_value).decode("ascii")
    _add(identifier, "HashOnly", "false")
    _add(identifier, "DocHashOnly", "false")
    _constraints(element, report)
    times = _add(element, "ValidationTimeInfo")
    _add(times, "ValidationTime", _time(verdict.at))
    _best_time(_add(times, "BestSignatureTime"), report, verdict, objects)
    document = next((c for c in report.covers if c.what != "signed-properties"), None)
    if document is not None:  # the standard has room for one; JSON has them all
        _digest(_add(element, "SignersDocument"), document.digest, document.value)
    _attributes(element, name, report, verdict, objects)
    if report.certificate is not None and report.signer is not None:
        signer = _add(element, "SignerInformation", Pseudonym="false")
        _add(signer, "SignerCertificate", VOReference=objects.certificate(report.certificate))
        _add(signer, "Signer", report.signer.display_name or "?")
    process = _add(element, "SignatureValidationProcess")
    _add(process, "SignatureValidationProcessID", f"{_URN}validationprocess:LTVM")
    status = _status(element, "SignatureValidationStatus", report.outcome, whole=True)
    _data(status, report, objects, notes)


def _constraints(element: etree._Element, report: SignatureReport) -> None:
    """Write the policy and the four parts of the answer, each as one constraint."""
    evaluation = _add(element, "ValidationConstraintsEvaluationReport")
    policy = _add(evaluation, "SignatureValidationPolicy")
    implied = etree.SubElement(_add(policy, "SignaturePolicyIdentifier"), f"{{{_XADES}}}SignaturePolicyImplied")
    implied.text = None
    _add(policy, "PolicyName", report.policy)
    parts = {"crypto": report.crypto, "trust": report.trust, "time": report.time, "changes": report.changes}
    for part, outcome in parts.items():
        constraint = _add(evaluation, "ValidationConstraint")
        _add(constraint, "ValidationConstraintIdentifier", f"{_OWN}constraint:{part}")
        _add(_add(constraint, "ConstraintStatus"), "Status", f"{_URN}constraintStatus:applied")
        _status(constraint, "ValidationStatus", outcome, whole=False)


def _status(parent: etree._Element, local: str, outcome: Outcome, *, whole: bool) -> etree._Element:
    element = _add(parent, local)
    word = _WHOLE[outcome.indication] if whole else outcome.indication.value
    _add(element, "MainIndication", f"{_URN}mainindication:{word}")
    if outcome.sub_indication is not None:
        _add(element, "SubIndication", f"{_URN}subindication:{outcome.sub_indication.value}")
    return element


def _best_time(element: etree._Element, report: SignatureReport, verdict: Verdict, objects: _Objects) -> None:
    best = report.best_signature_time
    _add(element, "POETime", _time(verdict.at if best is None else best))
    _add(element, "TypeOfProof", f"{_URN}poetype:validation")
    proof = next((t for t in report.timestamps if t.proves and t.time == best), None)
    if proof is not None:
        _add(element, "POEObject", VOReference=_stamp(proof, objects))


def _stamp(timestamp: TimestampReport, objects: _Objects) -> str:
    return objects.reference("timestamp", timestamp.octets)


def _attributes(
    element: etree._Element, name: str, report: SignatureReport, verdict: Verdict, objects: _Objects
) -> None:
    """Write what the signer claimed, the counter-signatures and the timestamps."""
    stamps = [(t, t.time) for t in report.timestamps if t.time is not None]
    if report.claimed_time is None and not (report.claimed_roles or stamps or report.counter_signatures):
        return
    attributes = _add(element, "SignatureAttributes")
    if report.claimed_time is not None:
        _add(_add(attributes, "SigningTime", Signed="true"), "Time", _time(report.claimed_time))
    if report.claimed_roles:
        roles = _add(attributes, "SignerRole", Signed="true")
        for role in report.claimed_roles:
            details = _add(roles, "RoleDetails")
            _add(details, "Role", mask(role))
            _add(details, "EndorsementType", "claimed")
    for number, counter in enumerate(report.counter_signatures, 1):
        _counter_signature(attributes, f"{name}-{number}", counter, verdict, objects)
    for timestamp, time in stamps:
        written = _add(attributes, _STAMPS[timestamp.kind])
        _add(written, "AttributeObject", VOReference=_stamp(timestamp, objects))
        _add(written, "TimeStampValue", _time(time))


def _counter_signature(
    attributes: etree._Element, name: str, report: SignatureReport, verdict: Verdict, objects: _Objects
) -> None:
    """Write the attribute, and the report on the counter-signature into its object."""
    attribute = _add(attributes, "CounterSignature", Signed="false")
    _add(attribute, "AttributeObject", VOReference=f"O-{name}")
    digest = hashlib.sha256(report.signature_value).digest()
    reference = _add(attribute, "CounterSignature")
    _add(reference, "DigestMethod", DIGESTS["sha256"].uris[0])
    _add(reference, "DigestValue", base64.b64encode(digest).decode("ascii"))
    _signature(objects.counter_signature(f"O-{name}", digest), name, report, verdict, objects)


def _data(status: etree._Element, report: SignatureReport, objects: _Objects, notes: tuple[Reason, ...]) -> None:
    """Write the path, the revocation and, as additional data, every reason in both languages."""
    chain, anchor = report.chain, report.anchor
    data = _add(status, "AssociatedValidationReportData")
    if anchor is not None:
        _add(data, "TrustAnchor", VOReference=objects.certificate(anchor.certificate))
    if chain:
        path = _add(data, "CertificateChain")
        _add(path, "SigningCertificate", VOReference=objects.certificate(chain[0]))
        for certificate in chain[1:] if anchor is None else chain[1:-1]:
            _add(path, "IntermediateCertificate", VOReference=objects.certificate(certificate))
        if anchor is not None:
            _add(path, "TrustAnchor", VOReference=objects.certificate(anchor.certificate))
    for fact in report.evidence.statuses:
        if fact.status is RevocationStatus.REVOKED and fact.date is not None:
            _revoked(data, fact, fact.date, objects)
            break  # there is room for one
    _told(data, (*report.reasons, *notes))  # never none: there is always one about the time


def _revoked(data: etree._Element, fact: RevocationFact, since: datetime.datetime, objects: _Objects) -> None:
    element = _add(data, "RevocationStatusInformation")
    _add(element, "ValidationObjectId", VOReference=objects.certificate(fact.certificate))
    _add(element, "RevocationTime", _time(since))
    reason = RevocationReason.UNSPECIFIED if fact.reason is None else fact.reason
    _add(element, "RevocationReason", f"{_URN}revocationReason:{_REASONS[reason]}")
    if fact.material is not None:
        kind = "OCSPResponse" if fact.source == "ocsp" else "CRL"
        _add(element, "RevocationObject", VOReference=objects.reference(kind, fact.material))


def _told(data: etree._Element, reasons: Iterable[Reason]) -> None:
    additional = _add(data, "AdditionalValidationReportData")
    for reason in reasons:
        _reason(additional, reason)


def _reason(additional: etree._Element, reason: Reason) -> None:
    for lang in ("vi", "en"):
        element = _add(additional, "ReportData")
        _add(element, "Type", f"{_OWN}reason:{reason.code}")
        value = _add(element, "Value", reason.text("vi" if lang == "vi" else "en"))
        value.set(_XML_LANG, lang)
