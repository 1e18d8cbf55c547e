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

__all__ = [
    "Binding",
    "Covered",
    "Form",
    "Level",
    "RevocationMaterial",
    "SignatureFacts",
    "TimestampFacts",
    "TimestampKind",
    "TimestampToken",
]
