"""How a check ends: three answers, a sub-indication and reasons (ETSI EN 319 102-1, clause 5.1.3).

A :class:`Reason` names one fact by a stable code and says it in Vietnamese and in English. The tables of reasons
are :data:`vndoc.pki.reasons.PATH_REASONS` and :data:`vndoc.signature.reasons.SIGNATURE_REASONS`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final

import attrs

from vndoc.text import Lang, Text, mask, shorten

__all__ = ["Indication", "Outcome", "Reason", "ReasonKind", "SubIndication", "outcome_of"]


class Indication(enum.StrEnum):
    """The three answers. For a whole signature ETSI writes TOTAL-PASSED and TOTAL-FAILED."""

    __hash__ = str.__hash__  # that of enum is written in Python, and tables are asked for each signature

    PASSED = "passed"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"


class SubIndication(enum.StrEnum):
    """Why an answer is not *passed* (EN 319 102-1, table 6)."""

    __hash__ = str.__hash__  # that of enum is written in Python, and tables are asked for each signature

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    POLICY_PROCESSING_ERROR = "POLICY_PROCESSING_ERROR"
    SIGNATURE_POLICY_NOT_AVAILABLE = "SIGNATURE_POLICY_NOT_AVAILABLE"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND_NO_POE = "NO_CERTIFICATE_CHAIN_FOUND_NO_POE"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    REVOKED_CA_NO_POE = "REVOKED_CA_NO_POE"
    OUT_OF_BOUNDS_NOT_REVOKED = "OUT_OF_BOUNDS_NOT_REVOKED"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    REVOCATION_OUT_OF_BOUNDS_NO_POE = "REVOCATION_OUT_OF_BOUNDS_NO_POE"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    NO_POE = "NO_POE"
    TRY_LATER = "TRY_LATER"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"


@attrs.frozen(kw_only=True, cache_hash=True)
class ReasonKind:
    """One row of a table of reasons.

    ``indication`` is what the fact alone makes of the check, ``None`` for a note or warning that decides nothing;
    ``sub_indication`` goes with it. ``warning`` marks what a person must be shown although it decides nothing.
    """

    code: str
    indication: Indication | None = None
    sub_indication: SubIndication | None = None
    warning: bool = False
    text: Text


@attrs.frozen(repr=False)
class Reason:
    """One fact found by a check: its kind, what its text is filled in with, and the place it is about."""

    kind: ReasonKind
    values: tuple[tuple[str, object], ...] = ()
    place: str | None = None

    @classmethod
    def of(cls, kind: ReasonKind, /, *, place: str | None = None, **values: object) -> Reason:
        """Return the reason of *kind*, its text filled in with *values*."""
        return cls(kind, tuple(values.items()), place)

    @property
    def code(self) -> str:
        """Return the stable code of the kind."""
        return self.kind.code

    @property
    def decides(self) -> bool:
        """Return whether the fact alone keeps the check from passing."""
        return self.kind.indication is not None

    def text(self, lang: Lang = "en") -> str:
        """Return the message in *lang*, long values shortened and citizen numbers masked."""
        shown = {k: v.render(lang) if isinstance(v, Text) else shorten(str(v), 200) for k, v in self.values}
        return mask(self.kind.text.render(lang, **shown))

    def __repr__(self) -> str:
        where = "" if self.place is None else f" at {self.place}"
        return f"Reason({self.code!r}{where}: {self.text()})"


@attrs.frozen
class Outcome:
    """The answer of one building block: ``reasons`` holds what decided it first, then notes and warnings."""

    indication: Indication
    sub_indication: SubIndication | None = None
    reasons: tuple[Reason, ...] = ()

    @property
    def passed(self) -> bool:
        """Return whether the check passed."""
        return self.indication is _PASSED


_PASSED: Final = Indication.PASSED  # asking the class takes four times as long in Python 3.11
_NOTHING: Final = Outcome(_PASSED)
_ORDER = {Indication.FAILED: 0, Indication.INDETERMINATE: 1}


def outcome_of(reasons: Iterable[Reason]) -> Outcome:
    """Return the answer that *reasons* make together: failed outranks indeterminate, which outranks passed.

    Among reasons of the same indication the first one given decides the sub-indication.
    """
    given = tuple(reasons)
    if not given:
        return _NOTHING
    for reason in given:
        if reason.kind.indication is not None:
            break
    else:
        return Outcome(_PASSED, None, given)
    deciding = [r for r in given if r.kind.indication is not None]
    deciding.sort(key=lambda r: _ORDER[r.kind.indication or Indication.FAILED])
    ordered = (*deciding, *(r for r in given if r.kind.indication is None))
    kind = deciding[0].kind
    return Outcome(kind.indication or Indication.FAILED, kind.sub_indication, ordered)
