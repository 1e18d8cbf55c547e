"""Is a packet a signed original? The second question, asked by the rules for packets of a policy.

A document on paper is replaced by one that the competent person and the issuing organisation have signed (Decree
30/2020/NĐ-CP, article 5). Whether a certificate is that of the issuer named in ``From`` can only be answered with a
look-up; without it the answer is *cannot tell*, with both names side by side.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import attrs

from vndoc.edxml import Reading
from vndoc.envelope import Attachment, DocumentPacket, normalise_content_id
from vndoc.errors._arguments import need, need_all
from vndoc.pki.outcome import Indication, Reason
from vndoc.signature.facts import Form
from vndoc.signature.identity import MaskedNumber, SignerIdentity, SignerKind, bare_number
from vndoc.signature.policy import Appendices, Policy
from vndoc.signature.reasons import SIGNATURE_REASONS
from vndoc.signature.report import SignatureReport
from vndoc.signature.seal import of_seal
from vndoc.text import nfc

__all__ = ["OrganisationRecord", "Organisations", "Original", "judge_original", "main_document"]


class Original(enum.StrEnum):
    """The three answers to the second question."""

    ORIGINAL = "original"
    INFORMATION_ONLY = "information-only"
    CANNOT_TELL = "cannot-tell"


@attrs.frozen(kw_only=True)
class OrganisationRecord:
    """What the look-up knows of an agency at a date: names it had then, tax codes, budget codes."""

    names: tuple[str, ...] = ()
    tax_codes: tuple[str, ...] = ()
    budget_codes: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        for field in attrs.fields(OrganisationRecord):
            need_all(field.name, getattr(self, field.name), str)

    def is_of(self, signer: SignerIdentity) -> bool:
        """Return whether *signer* is this agency: by its numbers if the certificate has any, else by its names.

        Numbers are whole, with or without the hyphen before a branch's three digits: a code of 10 digits, of 13, or the
        12 of a citizen number that is a tax code. *signer* shows that one masked; it is compared as it was.
        """
        need("signer", signer, SignerIdentity)
        numbers = [(signer.tax_code, self.tax_codes), (signer.budget_code, self.budget_codes)]
        given = [(number, known) for number, known in numbers if number is not None and known]
        if given:
            return all(any(_same(number, one) for one in known) for number, known in given)
        own = {_folded(text) for text in (signer.display_name, signer.organization) if text}
        return bool(own & {_folded(name) for name in self.names})


def _same(number: str, known: str) -> bool:
    """Return whether the number of a certificate is *known*. What is masked on either side says nothing."""
    if isinstance(number, MaskedNumber):
        return number.is_number(known)
    return "*" not in number + known and bare_number(number) == bare_number(known) != ""


Organisations = Callable[[str, datetime.date], OrganisationRecord | None]
"""Looks an organ code up as it was at a date; ``None`` where it is not known."""


def _folded(text: str) -> str:
    return " ".join(nfc(text).casefold().split())


def _reason(code: str, /, **values: object) -> Reason:
    return Reason.of(SIGNATURE_REASONS[code], place=None, **values)


def _files(packet: DocumentPacket) -> list[Attachment]:
    return [a for a in packet.attachments if not of_seal(a)]


def _name(attachment: Attachment) -> str:
    return nfc(attachment.name or "").strip()


def main_document(reading: Reading, policy: Policy) -> str | None:
    """Return the name of the main document: the policy's own, else the first PDF of the manifest or of the files."""
    files = _files(reading.document)
    if not files:
        return None
    wanted = policy.packet.main_document
    if wanted is not None:
        named = [f for f in files if wanted.strip() in (_name(f), normalise_content_id(f.content_id))]
        return _name(named[0]) if len(named) == 1 else None
    order = {normalise_content_id(r.content_id): n for n, r in enumerate(reading.manifest or ()) if r.content_id}
    files.sort(key=lambda f: order.get(normalise_content_id(f.content_id), len(order)))
    return next((_name(f) for f in files if _name(f).lower().endswith(".pdf")), None)


def judge_original(
    packet: DocumentPacket,
    signatures: Sequence[SignatureReport],
    policy: Policy,
    main: str | None,
    organisations: Organisations | None,
    at: datetime.datetime,
) -> tuple[Original, tuple[Reason, ...]]:
    """Return the answer and what led to it."""
    if main is None:
        return Original.CANNOT_TELL, (_reason("main-document-unknown"), *_appendices(packet, signatures, policy, None))
    reasons = list(_appendices(packet, signatures, policy, main))
    over_main = [s for s in signatures if _covers(s, main, packet)]
    passed = [s for s in over_main if s.passed]
    kinds = {s.signer.kind for s in passed if s.signer is not None}
    person = bool(kinds & {SignerKind.PERSON, SignerKind.BOTH}) or not policy.packet.competent_person
    bodies = [s.signer for s in passed if s.signer is not None and s.signer.kind is SignerKind.ORGANISATION]
    matches, found = _issuer(packet, bodies, organisations, at) if policy.packet.organisation else (True, [])
    reasons += found
    if person and matches:
        return Original.ORIGINAL, tuple(reasons)
    missing = [] if person else ["competent-person-missing"]
    missing += ["organisation-missing"] if policy.packet.organisation and not bodies else []
    reasons += [_reason(code, name=main) for code in missing]
    unclear = any(s.indication is Indication.INDETERMINATE for s in over_main) or SignerKind.UNKNOWN in kinds
    if unclear or (bodies and matches is None):
        return Original.CANNOT_TELL, tuple(reasons)
    return Original.INFORMATION_ONLY, tuple(reasons)


def _covers(signature: SignatureReport, name: str, packet: DocumentPacket) -> bool:
    """Return whether the signature covers the attachments called *name*: themselves, or the whole packet around them.

    A seal names attachments by their file names, XML-DSig by their content ids; a file may be called like the content
    id of another one.
    """
    covers = [c for c in signature.covers if c.intact is not False]
    if any(c.what == "document" for c in covers):
        return True
    named = {c.name for c in covers if c.what == "attachment"}
    if signature.form not in _XML_FORMS:
        return name in named
    ids = {normalise_content_id(one) for one in named}
    files = [f for f in _files(packet) if _name(f) == name]
    return bool(files) and all(f.content_id and normalise_content_id(f.content_id) in ids for f in files)


_XML_FORMS: Final = frozenset({Form.XMLDSIG, Form.XADES})


def _issuer(
    packet: DocumentPacket,
    bodies: list[SignerIdentity],
    organisations: Organisations | None,
    at: datetime.datetime,
) -> tuple[bool | None, list[Reason]]:
    """Return whether one of *bodies* is the issuer; ``None`` where nobody can say."""
    if not bodies:
        return False, []
    sender = packet.from_
    code = "" if sender is None or sender.organ_id is None else str(sender.organ_id)
    info = packet.promulgation_info
    day = at.date() if info is None or info.promulgation_date is None else info.promulgation_date
    record = None if organisations is None or not code else organisations(code, day)
    need("organisations(...)", record, OrganisationRecord, type(None))
    if record is not None and any(record.is_of(body) for body in bodies):
        return True, []
    names = {
        "signer": ", ".join(body.display_name or "?" for body in bodies),
        "issuer": "?" if sender is None else sender.organ_name or code or "?",
    }
    if record is None:
        return None, [_reason("issuer-not-compared", **names)]
    return False, [_reason("issuer-differs", **names)]


def _appendices(
    packet: DocumentPacket, signatures: Sequence[SignatureReport], policy: Policy, main: str | None
) -> Iterator[Reason]:
    must = policy.packet.appendices is Appendices.MUST_BE_SIGNED
    for file in _files(packet):
        name = _name(file)
        if name != main and not any(s.passed and _covers(s, name, packet) for s in signatures):
            yield _reason("appendix-must-be-signed" if must else "appendix-unsigned", name=name or "?")
