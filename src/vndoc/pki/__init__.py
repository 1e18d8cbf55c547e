"""Certificates and trust: may this key be believed to be that body's, at that time?"""

from vndoc.pki.addresses import crl_addresses, issuer_addresses, ocsp_addresses
from vndoc.pki.algorithms import Digest, Family, SignatureAlgorithm
from vndoc.pki.building import PathLimits
from vndoc.pki.certificate import Certificate, load_certificates
from vndoc.pki.crl import Crl, CrlEntry
from vndoc.pki.extensions import Extension, GeneralName, NameConstraints, Profile
from vndoc.pki.fetching import Fetcher, FetchKind, FetchRequest, FetchSession
from vndoc.pki.judging import PathParameters
from vndoc.pki.names import Name, NameAttribute
from vndoc.pki.ocsp import OcspResponse
from vndoc.pki.ocsp_request import OcspRequest, make_ocsp_request, read_ocsp_request
from vndoc.pki.outcome import Indication, Outcome, Reason, ReasonKind, SubIndication, outcome_of
from vndoc.pki.paths import PathResult, PathValidator, validate_path
from vndoc.pki.policy import CryptoPolicy, KeyRule, Ruling, Use
from vndoc.pki.reasons import PATH_REASONS
from vndoc.pki.recognised import RECOGNISED, Recognised
from vndoc.pki.revocation import RevocationChecker
from vndoc.pki.revocation_cache import RevocationCache
from vndoc.pki.revocation_facts import (
    REVOCATION_WHY,
    RevocationFact,
    RevocationQuestion,
    RevocationReason,
    RevocationSource,
    RevocationStatus,
)
from vndoc.pki.trust import Purpose, TrustAnchor, TrustStore

__all__ = [
    "PATH_REASONS",
    "RECOGNISED",
    "REVOCATION_WHY",
    "Certificate",
    "Crl",
    "CrlEntry",
    "CryptoPolicy",
    "Digest",
    "Extension",
    "Family",
    "FetchKind",
    "FetchRequest",
    "FetchSession",
    "Fetcher",
    "GeneralName",
    "Indication",
    "KeyRule",
    "Name",
    "NameAttribute",
    "NameConstraints",
    "OcspRequest",
    "OcspResponse",
    "Outcome",
    "PathLimits",
    "PathParameters",
    "PathResult",
    "PathValidator",
    "Profile",
    "Purpose",
    "Reason",
    "ReasonKind",
    "Recognised",
    "RevocationCache",
    "RevocationChecker",
    "RevocationFact",
    "RevocationQuestion",
    "RevocationReason",
    "RevocationSource",
    "RevocationStatus",
    "Ruling",
    "SignatureAlgorithm",
    "SubIndication",
    "TrustAnchor",
    "TrustStore",
    "Use",
    "crl_addresses",
    "issuer_addresses",
    "load_certificates",
    "make_ocsp_request",
    "ocsp_addresses",
    "outcome_of",
    "read_ocsp_request",
    "validate_path",
]
