"""Signatures: read, judged with one honest verdict, and made."""

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
from vndoc.signature.signing import Credential, PublicCredential, Signer, ToBeSigned

__all__ = [
    "Binding",
    "Covered",
    "Credential",
    "Form",
    "Level",
    "PublicCredential",
    "RevocationMaterial",
    "SignatureFacts",
    "Signer",
    "TimestampFacts",
    "TimestampKind",
    "TimestampToken",
    "ToBeSigned",
]
