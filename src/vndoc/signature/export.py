"""Verdicts as plain values and JSON, for other programs.

The form is described by :data:`SCHEMA`, a JSON Schema; ``schema_version`` counts additions in its second number, what
breaks readers in its first. Citizen numbers are masked as everywhere, in file names and roles, too. Texts are there in
both languages.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from typing import Any, Final

from vndoc.errors._arguments import need
from vndoc.pki.certificate import Certificate
from vndoc.pki.outcome import Outcome, Reason
from vndoc.pki.revocation_facts import RevocationFact
from vndoc.signature.facts import Covered
from vndoc.signature.identity import name_text
from vndoc.signature.report import ANSWERS, SignatureReport, TimestampReport, Verdict
from vndoc.text import mask

__all__ = [
    "SCHEMA",
    "SCHEMA_VERSION",
    "outcome_to_dict",
    "report_to_dict",
    "timestamp_to_dict",
    "verdict_to_dict",
    "verdict_to_json",
]

SCHEMA_VERSION: Final = "1.2"
"""Of the form that :data:`SCHEMA` describes."""


def verdict_to_dict(verdict: Verdict) -> dict[str, Any]:
    """Return *verdict* as plain values that :data:`SCHEMA` describes."""
    need("verdict", verdict, Verdict)
    return {
        "schema_version": SCHEMA_VERSION,
        "policy": verdict.policy,
        "at": verdict.at.isoformat(),
        "passed": verdict.passed,
        **outcome_to_dict(verdict.outcome),
        "signatures": [report_to_dict(report) for report in verdict.signatures],
    }


def verdict_to_json(verdict: Verdict, *, indent: int | None = None) -> str:
    """Return *verdict* as JSON text."""
    return json.dumps(verdict_to_dict(verdict), ensure_ascii=False, indent=indent)


def report_to_dict(report: SignatureReport) -> dict[str, Any]:
    """Return the report on one signature as plain values."""
    return {
        "place": report.place,
        "id": report.signature_id,
        "form": report.form.value,
        "level": report.level.value,
        "algorithm": None if report.algorithm is None else str(report.algorithm),
        "policy": report.policy,
        "passed": report.passed,
        **outcome_to_dict(report.outcome),
        "intact": report.intact,
        "crypto": outcome_to_dict(report.crypto),
        "trust": outcome_to_dict(report.trust),
        "time": outcome_to_dict(report.time),
        "changes": outcome_to_dict(report.changes),
        "signer": None if report.signer is None else report.signer.to_dict(),
        "certificate": None if report.certificate is None else _certificate(report.certificate),
        "issuing_organisation": report.issuing_organisation,
        "managing_unit": report.managing_unit,
        "chain": [_certificate(c) for c in report.chain],
        "anchor": None if report.anchor is None else report.anchor.name,
        "anchor_family": report.anchor_family,
        "covers": [_covered(c) for c in report.covers],
        "claimed_time": _time(report.claimed_time),
        "claimed_roles": [mask(role) for role in report.claimed_roles],
        "best_signature_time": _time(report.best_signature_time),
        "control_time": _time(report.control_time),
        "timestamps": [timestamp_to_dict(t) for t in report.timestamps],
        "revocation": [_status(fact) for fact in report.evidence.statuses],
        "counter_signatures": [report_to_dict(c) for c in report.counter_signatures],
    }


def outcome_to_dict(outcome: Outcome) -> dict[str, Any]:
    """Return an answer with its reasons as plain values."""
    answer = ANSWERS[outcome.indication]
    return {
        "indication": outcome.indication.value,
        "sub_indication": None if outcome.sub_indication is None else outcome.sub_indication.value,
        "answer": {"vi": answer.vi, "en": answer.en},
        "reasons": [_reason(reason) for reason in outcome.reasons],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    kind = reason.kind
    return {
        "code": reason.code,
        "indication": None if kind.indication is None else kind.indication.value,
        "sub_indication": None if kind.sub_indication is None else kind.sub_indication.value,
        "warning": kind.warning,
        "text": {"vi": reason.text("vi"), "en": reason.text("en")},
        "place": reason.place,
    }


def _certificate(certificate: Certificate) -> dict[str, Any]:
    return {
        "subject": name_text(certificate.subject),
        "issuer": name_text(certificate.issuer),
        "serial": f"{certificate.serial:X}",
        "not_before": _time(certificate.not_before),
        "not_after": _time(certificate.not_after),
        "sha256": certificate.fingerprint.hex(),
    }


def _covered(covered: Covered) -> dict[str, Any]:
    return {
        "what": covered.what,
        "name": mask(covered.name),
        "intact": covered.intact,
        "digest": covered.digest,
        "value": covered.value.hex(),
        "element_path": covered.element_path,
    }


def timestamp_to_dict(timestamp: TimestampReport) -> dict[str, Any]:
    """Return the report on one timestamp as plain values."""
    return {
        "kind": timestamp.kind.value,
        "place": timestamp.place,
        "proves": timestamp.proves,
        **outcome_to_dict(timestamp.outcome),
        "time": _time(timestamp.time),
        "accuracy_seconds": timestamp.accuracy.total_seconds(),
        "tsa": None if timestamp.tsa is None else timestamp.tsa.to_dict(),
        "certificate": None if timestamp.certificate is None else _certificate(timestamp.certificate),
        "foreign": timestamp.foreign,
        "serial": None if timestamp.serial is None else f"{timestamp.serial:X}",
        "policy": timestamp.policy,
        "imprint_digest": timestamp.imprint_digest,
        "token_digest": timestamp.token_digest,
        "known_since": _time(timestamp.known_since),
    }


def _status(fact: RevocationFact) -> dict[str, Any]:
    return {
        "subject": name_text(fact.certificate.subject),
        "sha256": fact.certificate.fingerprint.hex(),
        "status": fact.status.value,
        "at": _time(fact.at),
        "source": fact.source,
        "date": _time(fact.date),
        "reason": None if fact.reason is None else fact.reason.name.lower(),
        "issued": _time(fact.issued),
        "next_update": _time(fact.next_update),
        "material": None if fact.material is None else hashlib.sha256(fact.material).hexdigest(),
        "others": [hashlib.sha256(octets).hexdigest() for _, octets in fact.others],
        "why": list(fact.why),
    }


def _time(value: datetime.datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _optional(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _many(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


_TEXT: Final = {"type": "string"}
_MAYBE: Final = {"type": ["string", "null"]}
_BOOL: Final = {"type": "boolean"}
_TIME: Final = {"type": ["string", "null"], "description": "ISO 8601; without zone only where the signer wrote none"}
_BOTH: Final = _object(vi=_TEXT, en=_TEXT)
_INDICATION: Final = {"enum": ["passed", "failed", "indeterminate"]}
_REASON: Final = _object(
    code=_TEXT,
    indication={"enum": ["failed", "indeterminate", None]},
    sub_indication=_MAYBE,
    warning=_BOOL,
    text=_BOTH,
    place=_MAYBE,
)
_OUTCOME_PARTS: Final = {
    "indication": _INDICATION,
    "sub_indication": _MAYBE,
    "answer": _BOTH,
    "reasons": _many({"$ref": "#/$defs/reason"}),
}
_IDENTITY: Final = _object(
    display_name=_MAYBE,
    kind={"enum": ["person", "organisation", "both", "unknown"]},
    organization=_MAYBE,
    units=_many(_TEXT),
    title=_MAYBE,
    tax_code=_MAYBE,
    budget_code=_MAYBE,
    citizen_id=_MAYBE,
    email=_MAYBE,
    locality=_MAYBE,
    country=_MAYBE,
)
_CERTIFICATE: Final = _object(
    subject=_TEXT, issuer=_TEXT, serial=_TEXT, not_before=_TEXT, not_after=_TEXT, sha256=_TEXT
)
_TIMESTAMP: Final = _object(
    kind={"enum": ["content", "signature", "references", "archive"]},
    place=_TEXT,
    proves=_BOOL,
    **_OUTCOME_PARTS,
    time=_TIME,
    accuracy_seconds={"type": "number"},
    tsa=_optional({"$ref": "#/$defs/identity"}),
    certificate=_optional({"$ref": "#/$defs/certificate"}),
    foreign=_BOOL,
    serial=_MAYBE,
    policy=_MAYBE,
    imprint_digest=_MAYBE,
    token_digest=_MAYBE,
    known_since=_TIME,
)
_COVERED: Final = _object(
    what=_TEXT, name=_TEXT, intact={"type": ["boolean", "null"]}, digest=_TEXT, value=_TEXT, element_path=_MAYBE
)
_STATUS: Final = _object(
    subject=_TEXT,
    sha256=_TEXT,
    status={"enum": ["good", "revoked", "unknown"]},
    at=_TIME,
    source=_TEXT,
    date=_TIME,
    reason=_MAYBE,
    issued=_TIME,
    next_update=_TIME,
    material=_MAYBE,
    why=_many(_TEXT),
)
_STATUS["properties"]["others"] = _many(_TEXT)  # reports before 1.2 lack it
_OUTCOME_REF: Final = {"$ref": "#/$defs/outcome"}
_SIGNATURE: Final = _object(
    place=_TEXT,
    id=_MAYBE,
    form={"enum": ["xmldsig", "xades", "cms", "cades"]},
    level={"enum": ["none", "B", "T", "LT", "LTA"]},
    algorithm=_MAYBE,
    policy=_TEXT,
    passed=_BOOL,
    **_OUTCOME_PARTS,
    intact=_BOOL,
    crypto=_OUTCOME_REF,
    trust=_OUTCOME_REF,
    time=_OUTCOME_REF,
    changes=_OUTCOME_REF,
    signer=_optional({"$ref": "#/$defs/identity"}),
    certificate=_optional({"$ref": "#/$defs/certificate"}),
    issuing_organisation=_MAYBE,
    managing_unit=_MAYBE,
    chain=_many({"$ref": "#/$defs/certificate"}),
    anchor=_MAYBE,
    anchor_family=_MAYBE,
    covers=_many(_COVERED),
    claimed_time=_TIME,
    claimed_roles=_many(_TEXT),
    best_signature_time=_TIME,
    control_time=_TIME,
    timestamps=_many({"$ref": "#/$defs/timestamp"}),
    revocation=_many(_STATUS),
    counter_signatures=_many({"$ref": "#/$defs/signature"}),
)

SCHEMA: Final[dict[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "vndoc verdict",
    **_object(
        schema_version=_TEXT,
        policy=_TEXT,
        at=_TEXT,
        passed=_BOOL,
        **_OUTCOME_PARTS,
        signatures=_many({"$ref": "#/$defs/signature"}),
    ),
    "$defs": {
        "reason": _REASON,
        "outcome": _object(**_OUTCOME_PARTS),
        "identity": _IDENTITY,
        "certificate": _CERTIFICATE,
        "timestamp": _TIMESTAMP,
        "signature": _SIGNATURE,
    },
}
"""The JSON Schema (2020-12) of :func:`verdict_to_dict`."""
