"""Certificates and trust: may this key be believed to be that body's, at that time?"""

from vndoc.pki.algorithms import Digest, Family, SignatureAlgorithm
from vndoc.pki.certificate import Certificate, Extension, load_certificates
from vndoc.pki.outcome import Indication, Outcome, Reason, ReasonKind, SubIndication, outcome_of
from vndoc.pki.policy import CryptoPolicy, KeyRule, Ruling, Use

__all__ = [
    "Certificate",
    "CryptoPolicy",
    "Digest",
    "Extension",
    "Family",
    "Indication",
    "KeyRule",
    "Outcome",
    "Reason",
    "ReasonKind",
    "Ruling",
    "SignatureAlgorithm",
    "SubIndication",
    "Use",
    "load_certificates",
    "outcome_of",
]
