"""Signatures: read, judged with one honest verdict, and made."""

from vndoc.signature.cms import complete_cms, prepare_cms, sign_cms
from vndoc.signature.evaluation import evaluate, verify_cms, verify_xml
from vndoc.signature.evidence import EvidenceRecord, make_evidence
from vndoc.signature.evidence_check import EvidenceCheck, check_evidence
from vndoc.signature.evidence_stamping import StampedEvidence, stamp_evidence
from vndoc.signature.facts import (
    Binding,
    Covered,
    Form,
    Level,
    RevocationMaterial,
    SignatureFacts,
    TimestampFacts,
    TimestampKind,
    TimestampToken,
)
from vndoc.signature.identity import SignerIdentity, SignerKind
from vndoc.signature.phases import SignatureFormat, complete, prepare
from vndoc.signature.policy import POLICIES, Policy, policy_of
from vndoc.signature.report import SignatureReport, TimestampReport, Verdict
from vndoc.signature.signing import Credential, PublicCredential, Signer, ToBeSigned
from vndoc.signature.xmldsig_making import complete_xml, prepare_xml, sign_xml

__all__ = [
    "POLICIES",
    "Binding",
    "Covered",
    "Credential",
    "EvidenceCheck",
    "EvidenceRecord",
    "Form",
    "Level",
    "Policy",
    "PublicCredential",
    "RevocationMaterial",
    "SignatureFacts",
    "SignatureFormat",
    "SignatureReport",
    "Signer",
    "SignerIdentity",
    "SignerKind",
    "StampedEvidence",
    "TimestampFacts",
    "TimestampKind",
    "TimestampReport",
    "TimestampToken",
    "ToBeSigned",
    "Verdict",
    "check_evidence",
    "complete",
    "complete_cms",
    "complete_xml",
    "evaluate",
    "make_evidence",
    "policy_of",
    "prepare",
    "prepare_cms",
    "prepare_xml",
    "sign_cms",
    "sign_xml",
    "stamp_evidence",
    "verify_cms",
    "verify_xml",
]
