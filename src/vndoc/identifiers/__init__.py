"""Organ codes of both schemes, document ids, number and notation.

All of them are carried as received and looked into only when asked; strict doors (:meth:`OrganCode.parse`,
:func:`check_number`, :func:`check_notation`, :meth:`DocumentId.form_a`) serve what vndoc originates.

>>> from vndoc.identifiers import OrganCode
>>> OrganCode("H41.03").parent
OrganCode(text='H41')
"""

from vndoc.identifiers.conversion import RULES
from vndoc.identifiers.document_id import MAX_DOCUMENT_ID, DocumentId, DocumentIdForm
from vndoc.identifiers.notation import (
    MAX_NOTATION,
    MAX_NUMBER,
    TYPE_ABBREVIATIONS,
    DocumentCode,
    Notation,
    canonical_notation,
    canonical_number,
    check_notation,
    check_number,
    join_code,
    pad_number,
    split_code,
    without_suffix,
)
from vndoc.identifiers.organ import MAX_ORGAN_CODE, Candidate, OrganCode, OrganKind, same_numbers

__all__ = [
    "MAX_DOCUMENT_ID",
    "MAX_NOTATION",
    "MAX_NUMBER",
    "MAX_ORGAN_CODE",
    "RULES",
    "TYPE_ABBREVIATIONS",
    "Candidate",
    "DocumentCode",
    "DocumentId",
    "DocumentIdForm",
    "Notation",
    "OrganCode",
    "OrganKind",
    "canonical_notation",
    "canonical_number",
    "check_notation",
    "check_number",
    "join_code",
    "pad_number",
    "same_numbers",
    "split_code",
    "without_suffix",
]
