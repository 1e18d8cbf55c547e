"""The report on one signature and the verdict on all signatures of an input.

What was found is kept apart: ``crypto`` (format, digests, signature value, algorithms, attributes), ``trust`` (path and
revocation), ``time`` (timestamps) and ``changes`` (what happened afterwards). ``passed`` is the one property to
ask: it is true only when everything that the policy asks for holds.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, Final

import attrs

from vndoc.pki.algorithms import SignatureAlgorithm
from vndoc.pki.certificate import Certificate, distinct
from vndoc.pki.outcome import Indication, Outcome, Reason, SubIndication, outcome_of
from vndoc.pki.paths import PathResult
from vndoc.pki.revocation_facts import RevocationFact
from vndoc.pki.trust import TrustAnchor, TrustStore
from vndoc.signature.facts import Covered, Form, Level, RevocationMaterial, TimestampKind
from vndoc.signature.identity import SignerIdentity, first_of, identity_of, name_text
from vndoc.text import Lang, Text

__all__ = ["ANSWERS", "EXIT_CODES", "Evidence", "SignatureReport", "TimestampReport", "Verdict"]

ANSWERS: Final = MappingProxyType(
    {
        Indication.PASSED: Text("hợp lệ", "valid"),
        Indication.FAILED: Text("không hợp lệ", "not valid"),
        Indication.INDETERMINATE: Text("chưa đủ căn cứ xác định", "cannot be determined"),
    }
)
"""The three answers in words. The circular knows the first two; the third is the honest one."""

EXIT_CODES: Final = MappingProxyType({Indication.PASSED: 0, Indication.FAILED: 1, Indication.INDETERMINATE: 3})
"""What a command ends with, by the answer."""


@attrs.frozen(kw_only=True, repr=False)
class TimestampReport:
    """One timestamp: its own verdict, apart from that of the signature.

    ``proves`` is whether it proves ``time``; ``foreign`` whether its authority is trusted but of no Vietnamese family.
    ``imprint_digest`` and ``token_digest`` name the digests over the data and inside the token. ``over_signature`` is
    whether the signature value is among what it is over, ``known_since`` when an archive timestamp around it proves it
    to have existed.
    """

    kind: TimestampKind
    place: str
    outcome: Outcome
    time: datetime.datetime | None = None
    accuracy: datetime.timedelta = datetime.timedelta()
    tsa: SignerIdentity | None = None
    certificate: Certificate | None = None
    path: PathResult | None = None
    foreign: bool = False
    serial: int | None = None
    policy: str | None = None
    imprint_digest: str | None = None
    token_digest: str | None = None
    over_signature: bool = False
    known_since: datetime.datetime | None = None
    octets: bytes = b""
    """The token, to be kept as evidence."""

    @property
    def proves(self) -> bool:
        """Return whether the timestamp proves its time."""
        return self.outcome.passed and self.time is not None

    @property
    def waits(self) -> bool:
        """Return whether nothing but the revocation status of the authority is open."""
        deciding = [r.kind.sub_indication for r in self.outcome.reasons if r.decides]
        return bool(deciding) and set(deciding) == {SubIndication.TRY_LATER} and self.time is not None

    def __repr__(self) -> str:
        time = None if self.time is None else self.time.isoformat()
        return f"TimestampReport({self.kind.value}, {time}, {self.outcome.indication.value})"


@attrs.frozen(kw_only=True, repr=False)
class Evidence:
    """What to keep with the message (Circular 15/2025/TT-BKHCN: certificate, revocation data, result of the check)."""

    certificates: tuple[Certificate, ...]
    material: RevocationMaterial
    statuses: tuple[RevocationFact, ...]

    def __repr__(self) -> str:
        return f"Evidence(certificates={len(self.certificates)}, statuses={len(self.statuses)})"


@attrs.frozen(kw_only=True, repr=False, slots=False)
class SignatureReport:
    """What is known of one signature.

    ``outcome`` is the answer; ``control_time`` the time that it was judged for: ``best_signature_time`` where a
    timestamp proves one, else the time of evaluation. ``claimed_time`` is what the signer wrote and never
    evidence. ``covers`` are the things that were signed, with the octets that were digested.
    """

    place: str
    form: Form
    level: Level
    policy: str
    outcome: Outcome
    crypto: Outcome
    trust: Outcome
    time: Outcome
    changes: Outcome
    control_time: datetime.datetime
    covers: tuple[Covered, ...]
    signature_id: str | None = None
    signature_value: bytes = b""
    value_right: bool | None = None
    """Whether the value is that of the key in the signer's certificate; ``None`` where it could not be verified."""
    signed_octets: bytes = b""
    """What the value is over: the canonical SignedInfo, or the signed attributes."""
    algorithm: SignatureAlgorithm | None = None
    certificate: Certificate | None = None
    path: PathResult | None = None
    claimed_time: datetime.datetime | None = None
    claimed_roles: tuple[str, ...] = ()
    best_signature_time: datetime.datetime | None = None
    timestamps: tuple[TimestampReport, ...] = ()
    carried: tuple[Certificate, ...] = ()
    """The certificates that the signature carries."""
    material: RevocationMaterial = RevocationMaterial()
    """The revocation lists and responses that it carries."""
    counter_signatures: tuple[SignatureReport, ...] = ()

    @property
    def evidence(self) -> Evidence:
        """Return what to keep with the message: the path, what the signature carries, what is known of revocation."""
        own = () if self.certificate is None else (self.certificate,)
        statuses = () if self.path is None else self.path.revocation
        signers = tuple(signer for fact in statuses for signer in fact.signers)
        return Evidence(
            certificates=distinct(own + self.chain + self.carried + signers), material=self.material, statuses=statuses
        )

    @property
    def signer(self) -> SignerIdentity | None:
        """Return who the certificate says that the signer is; ``None`` without a certificate."""
        return None if self.certificate is None else identity_of(self.certificate)

    @property
    def passed(self) -> bool:
        """Return whether everything that the policy asks for holds."""
        return self.outcome.passed

    @property
    def indication(self) -> Indication:
        """Return the answer."""
        return self.outcome.indication

    @property
    def sub_indication(self) -> SubIndication | None:
        """Return why the answer is not *passed*."""
        return self.outcome.sub_indication

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Return what decided the answer first, then notes and warnings."""
        return self.outcome.reasons

    @property
    def chain(self) -> tuple[Certificate, ...]:
        """Return the certification path, the signer's certificate first, the anchor last; empty if there is none."""
        return () if self.path is None else self.path.chain

    @property
    def anchor(self) -> TrustAnchor | None:
        """Return the anchor that the path ends at."""
        return None if self.path is None else self.path.anchor

    @property
    def anchor_family(self) -> str | None:
        """Return which family of roots made the path succeed: a recognised one, or what the anchor is trusted for."""
        if self.anchor is None:
            return None
        purposes = ",".join(sorted(p.value for p in self.anchor.purposes))
        return TrustStore.family_of(self.anchor) or purposes

    @property
    def issuing_organisation(self) -> str | None:
        """Return who issued the signer's certificate: the organisation in the issuer's name, or its whole name."""
        return None if self.certificate is None else _issuer(self.certificate, "O")

    @property
    def validity(self) -> tuple[datetime.datetime, datetime.datetime] | None:
        """Return from when to when the signer's certificate is valid."""
        return None if self.certificate is None else (self.certificate.not_before, self.certificate.not_after)

    @property
    def managing_unit(self) -> str | None:
        """Return the authority that manages the certificate: the common name of the issuer."""
        return None if self.certificate is None else _issuer(self.certificate, "CN")

    @property
    def intact(self) -> bool:
        """Return whether signature value and digests are right, whatever is thought of their algorithms.

        What could not be verified (no certificate, an algorithm that is not supported) is not said to be.
        """
        if self.value_right is not True or self.crypto.indication is Indication.FAILED:
            return False
        return all(c.intact is True for c in self.covers)

    def answer(self, lang: Lang = "vi") -> str:
        """Return the answer in words; Vietnamese by default, as verifying software has to say it."""
        return ANSWERS[self.indication].render(lang)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values; see :func:`vndoc.signature.export.report_to_dict`."""
        from vndoc.signature.export import report_to_dict  # noqa: PLC0415 - it is made of reports

        return report_to_dict(self)

    def __repr__(self) -> str:
        sub = "" if self.sub_indication is None else f", {self.sub_indication.value}"
        return f"SignatureReport({self.place!r}, {self.indication.value}{sub})"


def _issuer(certificate: Certificate, label: str) -> str:
    return first_of(certificate.issuer, label) or name_text(certificate.issuer)


@attrs.frozen(kw_only=True, repr=False, slots=False)
class Verdict:
    """The answer for all signatures of one input. Without a signature it is indeterminate, never passed."""

    policy: str
    at: datetime.datetime
    signatures: tuple[SignatureReport, ...]
    notes: tuple[Reason, ...] = ()
    """What concerns the input as a whole."""

    @property
    def outcome(self) -> Outcome:
        """Return the answer: failed if one signature failed, indeterminate if one is so or there is none."""
        return outcome_of((*self.notes, *(r for s in self.signatures for r in s.outcome.reasons)))

    @property
    def passed(self) -> bool:
        """Return whether there is a signature and every one passed."""
        if [note for note in self.notes if note.kind.indication is not None]:
            return False
        return bool(self.signatures) and not [one for one in self.signatures if not one.outcome.passed]

    @property
    def indication(self) -> Indication:
        """Return the answer."""
        return self.outcome.indication

    @property
    def sub_indication(self) -> SubIndication | None:
        """Return why the answer is not *passed*."""
        return self.outcome.sub_indication

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Return every reason, those that decided the answer first."""
        return self.outcome.reasons

    @property
    def exit_code(self) -> int:
        """Return what a command ends with: 0 passed, 1 failed, 3 indeterminate."""
        return EXIT_CODES[self.indication]

    def answer(self, lang: Lang = "vi") -> str:
        """Return the answer in words."""
        return ANSWERS[self.indication].render(lang)

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as plain values; see :func:`vndoc.signature.export.verdict_to_dict`."""
        from vndoc.signature.export import verdict_to_dict  # noqa: PLC0415 - it is made of verdicts

        return verdict_to_dict(self)

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the verdict as JSON by :data:`vndoc.signature.export.SCHEMA`."""
        from vndoc.signature.export import verdict_to_json  # noqa: PLC0415 - as above

        return verdict_to_json(self, indent=indent)

    def __iter__(self) -> Iterator[SignatureReport]:
        return iter(self.signatures)

    def __len__(self) -> int:
        return len(self.signatures)

    def __repr__(self) -> str:
        return f"Verdict({self.indication.value}, {len(self.signatures)} signatures)"
