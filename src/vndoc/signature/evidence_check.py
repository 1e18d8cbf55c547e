"""Evidence records checked: against themselves, against the document, against what is known now."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import attrs

from vndoc.envelope.octets import Octets
from vndoc.errors import CertificateError
from vndoc.errors._arguments import need, need_call
from vndoc.pki import der
from vndoc.pki.algorithms import (
    Family,
    PublicKey,
    SignatureAlgorithm,
    ecdsa_raw_to_der,
    key_bits,
    signature_algorithm,
    verify,
)
from vndoc.pki.certificate import Certificate
from vndoc.pki.outcome import Indication, Outcome, Reason, outcome_of
from vndoc.pki.revocation_facts import RevocationSource
from vndoc.pki.revocation_sources import joined
from vndoc.pki.trust import TrustStore
from vndoc.signature._cms_structure import der_of
from vndoc.signature._reasons_evidence import EVIDENCE_REASONS
from vndoc.signature.blocks import shown_time
from vndoc.signature.evaluation import context_of
from vndoc.signature.evidence import EvidenceRecord, FileDigest, SignatureCore, Verifier
from vndoc.signature.evidence_stamping import examine_stamps, stamps_of
from vndoc.signature.export import outcome_to_dict, verdict_to_dict
from vndoc.signature.policy import Policy, policy_of
from vndoc.signature.proofs import disordered
from vndoc.signature.report import ANSWERS, EXIT_CODES, SignatureReport, TimestampReport, Verdict
from vndoc.signature.trusting import Context
from vndoc.text import Lang, Text

__all__ = ["EvidenceCheck", "check_evidence"]


def _reason(code: str, place: str | None = None, /, **values: object) -> Reason:
    return Reason.of(EVIDENCE_REASONS[code], place=place, **values)


@attrs.frozen(kw_only=True, repr=False)
class EvidenceCheck:
    """What came of it.

    ``then`` is the verdict made again for the time of the record, ``now`` that for the time of the check; both are
    ``None`` where the document was not given or is another one. ``findings`` are about the record itself.
    """

    record: EvidenceRecord
    at: datetime.datetime
    findings: tuple[Reason, ...]
    then: Verdict | None = None
    now: Verdict | None = None

    @property
    def outcome(self) -> Outcome:
        """Return the answer: that of ``now``, unless the record is refuted or not confirmed."""
        return outcome_of((*self.findings, *(() if self.now is None else self.now.outcome.reasons)))

    @property
    def passed(self) -> bool:
        """Return whether the record is confirmed, and every signature still passes."""
        return self.now is not None and self.now.passed and self.outcome.passed

    @property
    def confirmed(self) -> bool:
        """Return whether the document was verified again for the time of the record, with the same result."""
        return self.then is not None and not any(finding.decides for finding in self.findings)

    @property
    def indication(self) -> Indication:
        """Return the answer."""
        return self.outcome.indication

    @property
    def exit_code(self) -> int:
        """Return what a command ends with: 0 passed, 1 failed, 3 indeterminate."""
        return EXIT_CODES[self.indication]

    def answer(self, lang: Lang = "vi") -> str:
        """Return the answer in words."""
        return ANSWERS[self.indication].render(lang)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the answer, whether the record is confirmed, and both verdicts."""
        return {
            "at": self.at.isoformat(),
            "made": self.record.made.isoformat(),
            "digest": self.record.digest,
            "confirmed": self.confirmed,
            **outcome_to_dict(self.outcome),
            "then": None if self.then is None else verdict_to_dict(self.then),
            "now": None if self.now is None else verdict_to_dict(self.now),
        }

    def __repr__(self) -> str:
        return f"EvidenceCheck({self.indication.value}, confirmed={self.confirmed})"


def check_evidence(
    record: EvidenceRecord,
    verifier: Verifier | None = None,
    document: bytes | Octets | None = None,
    *,
    trust: TrustStore,
    at: datetime.datetime,
    content: bytes | Octets | None = None,
    policy: str | Policy | None = None,
    revocation: RevocationSource | None = None,
) -> EvidenceCheck:
    """Check *record* at the time *at*, offline, with the anchors *trust*.

    *verifier*, *document* and *content* are as in :func:`~vndoc.signature.evidence.make_evidence`; without them the
    record alone is checked, and the answer is at best indeterminate. The document is verified two times with what the
    record holds: for the time of the record, which has to give the recorded verdict, and for *at*. *policy* is that of
    the record unless it is given (and has to be, where the record names one of the caller's own); *revocation* may
    know more than the record, for *at* alone.

    Raises :class:`~vndoc.errors.UsageError` ``unknown-policy``, ``time-zone-missing``; what *verifier* raises.
    """
    need("record", record, EvidenceRecord)
    chosen = policy_of(record.policy if policy is None else policy)
    context_of(chosen, trust, at, revocation, None, None)
    if verifier is not None:
        need_call("verifier", verifier)
    findings = [*_of_record(record), *_conditions(record, trust, chosen, at)]
    if verifier is None or document is None:
        return EvidenceCheck(record=record, at=at, findings=(*findings, _reason("evidence-document-missing")))
    others = tuple(_other_files(record, document, content))
    if others:
        return EvidenceCheck(record=record, at=at, findings=(*findings, *others))
    known = trust.with_pool(record.certificates)
    held = record.revocation
    then = verifier(policy=chosen, trust=known, at=record.made, revocation=held)
    source = held if revocation is None else joined(revocation, held)
    context = Context(policy=chosen, trust=known, at=at, revocation=source)
    examined = examine_stamps(record, context)
    findings += [*examined.reasons, *_told(examined.reports)]
    now = verifier(policy=chosen, trust=known, at=at, revocation=source, proofs=examined.proofs.times)
    findings += disordered(stamps_of(record), examined.reports, _timestamps(now.signatures))
    findings += _compared(record, then)
    if not any(finding.decides for finding in findings):
        findings.append(_reason("evidence-confirmed", found=ANSWERS[then.indication]))
    if now.indication is not then.indication:
        values = {"recorded": ANSWERS[then.indication], "found": ANSWERS[now.indication]}
        findings.append(_reason("evidence-verdict-changed", why=_why(now.outcome), **values))
    return EvidenceCheck(record=record, at=at, findings=tuple(findings), then=then, now=now)


def _why(outcome: Outcome) -> str:
    return ", ".join(dict.fromkeys(r.code for r in outcome.reasons if r.decides)) or "-"


def _conditions(record: EvidenceRecord, trust: TrustStore, policy: Policy, at: datetime.datetime) -> Iterator[Reason]:
    """Yield what is not as it was when the record was made."""
    if at < record.made:
        yield _reason("evidence-from-the-future", made=shown_time(record.made), at=shown_time(at))
    if policy.name != record.policy:
        yield _reason("evidence-other-policy", found=policy.name, recorded=record.policy)
    anchors = {a.certificate.fingerprint.hex() for a in (*trust.anchors, *trust.pinned)}
    for place, report, _ in _pairs(record.report["signatures"], record.signatures):
        if report["anchor"] is not None and report["chain"] and report["chain"][-1]["sha256"] not in anchors:
            yield _reason("evidence-anchor-missing", place, anchor=report["anchor"])


def _other_files(record: EvidenceRecord, document: bytes | Octets, content: bytes | Octets | None) -> Iterator[Reason]:
    if FileDigest.of(document) != record.document:
        yield _reason("evidence-other-document", what=Text("văn bản", "document"))
    if content is None and record.content is not None:
        yield _reason("evidence-content-missing")
    elif content is not None and FileDigest.of(content) != record.content:
        yield _reason("evidence-other-document", what=Text("nội dung được ký", "signed content"))


# -- timestamps over the record --------------------------------------------------------------------------


def _told(reports: Iterable[TimestampReport]) -> Iterator[Reason]:
    """Yield what each timestamp of the record comes to."""
    for report in reports:
        if report.proves and report.time is not None:
            tsa = "?" if report.tsa is None else report.tsa.display_name or "?"
            yield _reason("evidence-time-proven", report.place, tsa=tsa, at=shown_time(report.time))
        else:
            detail = report.outcome.reasons[0].kind.text
            yield _reason("evidence-timestamp-not-valid", report.place, detail=detail)


def _timestamps(reports: Iterable[SignatureReport]) -> Iterator[TimestampReport]:
    """Yield the timestamps of *reports* and of their counter-signatures."""
    for report in reports:
        yield from report.timestamps
        yield from _timestamps(report.counter_signatures)


# -- the record by itself --------------------------------------------------------------------------------


def _pairs(
    reports: list[dict[str, Any]], cores: tuple[SignatureCore, ...]
) -> Iterator[tuple[str, dict[str, Any], SignatureCore]]:
    """Yield place, report and core of each signature, counter-signatures behind the one that they are on."""
    for report, core in zip(reports, cores, strict=False):
        yield report["place"], report, core
        yield from _pairs(report["counter_signatures"], core.counter_signatures)


def _of_record(record: EvidenceRecord) -> Iterator[Reason]:
    """Yield where the record contradicts itself, or lacks what its report rests on."""
    report = record.report
    if not _fits(report["signatures"], record.signatures):
        yield _reason("evidence-inconsistent", detail="signatures")
    if report["policy"] != record.policy or report["at"] != record.made.isoformat():
        yield _reason("evidence-inconsistent", detail="policy, made")
    if not _sums_up(report):
        yield _reason("evidence-inconsistent", detail="indication")
    by_digest = {c.fingerprint.hex(): c for c in record.certificates}
    material = {FileDigest.of(octets).sha256 for octets in (*record.material.crls, *record.material.ocsps)}
    for place, one, core in _pairs(report["signatures"], record.signatures):
        yield from _missing(place, one, by_digest, material)
        signer = None if one["certificate"] is None else by_digest.get(one["certificate"]["sha256"])
        if signer is not None and one["crypto"]["indication"] != "failed" and not _valid(core, signer):
            yield _reason("evidence-value-wrong", place)


def _fits(reports: list[dict[str, Any]], cores: tuple[SignatureCore, ...]) -> bool:
    return len(reports) == len(cores) and all(
        _fits(report["counter_signatures"], core.counter_signatures)
        for report, core in zip(reports, cores, strict=True)
    )


def _sums_up(report: Mapping[str, Any]) -> bool:
    """Return whether the answer of a verdict is no better than those of its signatures."""
    worst = {"failed": 0, "indeterminate": 1, "passed": 2}
    found = [worst[one["indication"]] for one in report["signatures"]]
    passes = all(one["passed"] is (one["indication"] == "passed") for one in (report, *report["signatures"]))
    return passes and worst[report["indication"]] <= min(found, default=1)


def _missing(
    place: str, report: Mapping[str, Any], certificates: Mapping[str, Certificate], material: set[str]
) -> Iterator[Reason]:
    named = [report["certificate"], *report["chain"], *(t["certificate"] for t in report["timestamps"])]
    for digest in dict.fromkeys(row["sha256"] for row in named if row is not None):
        if digest not in certificates:
            yield _reason("evidence-certificate-missing", place, found=digest)
    rows = [(row["material"], *row.get("others", ())) for row in report["revocation"]]
    for digest in dict.fromkeys(one for row in rows for one in row if one is not None):
        if digest not in material:
            yield _reason("evidence-material-missing", place, found=digest)


def _valid(core: SignatureCore, signer: Certificate) -> bool:
    """Return whether the value is that of the signer's key, or cannot be computed from the record alone."""
    if core.algorithm is None or not core.signed_octets:
        return True
    try:
        algorithm, key = signature_algorithm(core.algorithm), signer.public_key
        return any(
            verify(key, algorithm, value, data=octets)
            for value in _values(core, algorithm, key)
            for octets in _encodings(core.signed_octets)
        )
    except CertificateError:
        return False


def _values(core: SignatureCore, algorithm: SignatureAlgorithm, key: PublicKey) -> Iterator[bytes]:
    """Yield the value, and for ECDSA what it is where r and s stand one after the other, as in XML."""
    yield core.value
    if algorithm.family is Family.ECDSA:
        with contextlib.suppress(CertificateError):  # then it is DER, or nothing
            yield ecdsa_raw_to_der(core.value, key_bits(key))


def _encodings(octets: bytes) -> Iterator[bytes]:
    """Yield *octets*, and for signed attributes their DER encoding."""
    yield octets
    if octets[:1] == b"\x31":
        yield der_of(der.read(octets, ber=True), der.SET)


# -- the record beside the document ----------------------------------------------------------------------

_CODES: Final[Mapping[str, str]] = {
    "covers": "evidence-covers-differ",
    "signer": "evidence-signer-differs",
    "certificate": "evidence-signer-differs",
    "issuing_organisation": "evidence-signer-differs",
    "managing_unit": "evidence-signer-differs",
}
"""What belongs to the document alone, and so has to be the same."""
_JUDGED: Final = frozenset(
    {"indication", "sub_indication", "passed", "answer", "reasons", "crypto", "trust", "time", "changes", "intact"}
    | {"chain", "anchor", "anchor_family", "timestamps", "revocation", "counter_signatures", "policy"}
    | {"best_signature_time", "control_time"}
)
"""What depends on anchors, policy and revocation data: a difference there is one of the verdict."""


def _compared(record: EvidenceRecord, then: Verdict) -> Iterator[Reason]:
    """Yield where the document, verified for the time of the record, gives something else than is recorded."""
    fresh = verdict_to_dict(then)["signatures"]
    cores = tuple(SignatureCore.of(report) for report in then.signatures)
    recorded = record.report["signatures"]
    if not _fits(fresh, record.signatures) or not _fits(recorded, cores):
        yield _reason("evidence-signatures-differ", recorded=len(recorded), found=len(fresh))
        return
    rows = zip(_pairs(recorded, record.signatures), _pairs(fresh, cores), strict=True)
    for (place, old, kept), (_, new, core) in rows:
        if (kept.value, kept.signed_octets, kept.algorithm) != (core.value, core.signed_octets, core.algorithm):
            yield _reason("evidence-signature-differs", place)
        if kept.timestamps != core.timestamps:
            yield _reason("evidence-timestamps-differ", place)
        yield from _differences(place, old, new)
    if (record.report["indication"], record.report["sub_indication"]) != _answer(verdict_to_dict(then)):
        yield _differs(None, record.report, verdict_to_dict(then))


def _differences(place: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Reason]:
    differing = [name for name in new if name not in _JUDGED and not _same(old[name], new[name])]
    yield from (_reason(code, place) for code in dict.fromkeys(_CODES[n] for n in differing if n in _CODES))
    others = [name for name in differing if name not in _CODES]
    if others:
        yield _reason("evidence-report-differs", place, detail=", ".join(others))
    if _answer(old) != _answer(new):
        yield _differs(place, old, new)


def _same(old: object, new: object) -> bool:
    """Return whether two values say the same. What is masked may differ from release to release: ``*`` is any digit."""
    if isinstance(old, str) and isinstance(new, str):
        return old == new or (len(old) == len(new) and all(map(_alike, old, new)))
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_same(old[name], new[name]) for name in new)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_same, old, new))
    return old == new


def _alike(one: str, other: str) -> bool:
    return one == other or (one == "*" and other.isdigit()) or (other == "*" and one.isdigit())


def _answer(report: Mapping[str, Any]) -> tuple[str, str | None]:
    return report["indication"], report["sub_indication"]


def _differs(place: str | None, old: Mapping[str, Any], new: Mapping[str, Any]) -> Reason:
    why = ", ".join(dict.fromkeys(r["code"] for r in new["reasons"] if r["indication"])) or "-"
    shown = {"recorded": Text(**old["answer"]), "found": Text(**new["answer"])}
    return _reason("evidence-verdict-differs", place, why=why, **shown)
