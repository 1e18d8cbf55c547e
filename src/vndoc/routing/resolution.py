"""What a resolution says: outcome, reason, agency, candidates, and its steps, rendered when somebody asks."""

from __future__ import annotations

import datetime
from typing import Any, cast

import attrs

from vndoc.identifiers import OrganCode, OrganKind
from vndoc.routing.model import FIRST, LAST, Agency, Alias, Connection, Delegation, Successor, SuccessorKind
from vndoc.routing.terms import ALIAS_KINDS, CONNECTIONS, SUCCESSOR_KINDS, shown_date, shown_period
from vndoc.routing.words import NOTES, OUTCOMES, REASONS, STEPS, Note, Outcome, Reason, StepKind
from vndoc.text import Lang, Text, shorten

__all__ = ["FORMS", "Candidate", "How", "Resolution", "Step"]

FORMS = {
    OrganKind.QCVN_2016: Text("dạng QCVN 102:2016", "form of QCVN 102:2016"),
    OrganKind.QD20: Text("dạng QĐ 20/2020/QĐ-TTg", "form of Decision 20/2020"),
    OrganKind.ENTERPRISE: Text("mã số doanh nghiệp", "business registration number"),
    OrganKind.OTHER_ORGANISATION: Text("tổ chức khác (Zxy)", "other organisation (Zxy)"),
    OrganKind.SYSTEM: Text("hệ thống kết nối", "connected system"),
    OrganKind.IRREGULAR: Text("không theo quy định, chỉ so khớp nguyên văn", "irregular, matches to the letter only"),
}
"""What each kind of code is called in a step."""


@attrs.frozen
class Candidate:
    """One agency that may be meant. ``kind`` and ``suggested`` are set for successors."""

    code: str
    name: str = ""
    kind: SuccessorKind | None = None
    suggested: bool = False
    instrument: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return the candidate as JSON-able data."""
        return {
            "code": self.code,
            "name": self.name,
            "kind": None if self.kind is None else self.kind.value,
            "suggested": self.suggested,
            "instrument": self.instrument,
        }


@attrs.frozen
class Step:
    """One step of a resolution: what it found, and the values that the text needs."""

    note: Note
    args: tuple[object, ...] = ()

    @property
    def kind(self) -> StepKind:
        """Return which of the steps it is."""
        return NOTES[self.note].step

    @property
    def values(self) -> dict[str, object]:
        """Return the values by name, as plain text, numbers and :class:`~vndoc.text.Text`; dates as dates."""
        return _values(self.args)

    def text(self, lang: Lang = "en") -> str:
        """Return what the step found, in *lang*."""
        return self._text(self.values, lang)

    def _text(self, values: dict[str, object], lang: Lang) -> str:
        shown = {key: _shown(key, value, lang) for key, value in values.items()}
        if self.note is Note.VALID:
            agency = cast("Agency", self.args[0])
            shown["period"] = shown_period(agency.valid_from, agency.valid_to, lang)
        return NOTES[self.note].text.render(lang, **shown)

    def to_dict(self) -> dict[str, object]:
        """Return the step as JSON-able data."""
        values = self.values
        return {
            "step": self.kind.value,
            "note": self.note.value,
            "values": {k: _plain(v) for k, v in values.items()},
            "text": {"vi": self._text(values, "vi"), "en": self._text(values, "en")},
        }


def _values(args: tuple[object, ...]) -> dict[str, object]:
    values: dict[str, object] = {}
    for arg in args:
        if isinstance(arg, Agency):
            values |= {
                "code": arg.code,
                "name": arg.name,
                "valid_from": arg.valid_from,
                "valid_to": arg.valid_to,
                "connection": CONNECTIONS[arg.connection],
                "system": arg.system,
            }
        elif isinstance(arg, Successor):
            values |= {"to": arg.code, "successor_kind": SUCCESSOR_KINDS[arg.kind], "instrument": arg.instrument}
        elif isinstance(arg, Delegation):
            values |= {"to": arg.to, "kinds": ", ".join(arg.kinds), "instrument": arg.instrument}
        elif isinstance(arg, Alias):
            values |= {"alias": arg.code, "alias_kind": ALIAS_KINDS[arg.kind]}
        elif isinstance(arg, OrganCode):
            values |= {"code": arg.text, "form": FORMS[arg.kind]}
        elif isinstance(arg, Reason):
            values["reason"] = REASONS[arg].text
        elif isinstance(arg, datetime.date):
            values["begins"] = arg
        elif isinstance(arg, int):
            values["count"] = values["distance"] = arg
        else:
            values["carrier"] = arg
    return values


def _shown(name: str, value: object, lang: Lang) -> object:
    if isinstance(value, Text):
        return value.render(lang)
    if isinstance(value, datetime.date):
        return shown_date(value, lang)
    if name == "instrument":
        return f" ({value})" if value else ""
    if name in {"name", "system"} and not value:
        return "(chưa rõ)" if lang == "vi" else "(not known)"
    return shorten(value) if isinstance(value, str) else value


def _plain(value: object) -> object:
    if isinstance(value, Text):
        return {"vi": value.vi, "en": value.en}
    return _day(value) if isinstance(value, datetime.date) else value


def _day(day: datetime.date) -> str | None:
    return None if day in {FIRST, LAST} else day.isoformat()


Named = tuple[str, str, SuccessorKind | None, bool, str]
"""The fields of a :class:`Candidate`, which is made when somebody asks."""


@attrs.define(unsafe_hash=True)
class How:
    """How a resolution came about: everything but the question and the agency. Nobody changes one.

    ``trail`` holds raw notes; None stands for the straight way (found, valid, connected), whose steps follow from
    the agency and from ``carrier``, that of the table. ``meant_at`` None: the day of delivery. On the straight way
    ``meant`` and ``chain`` are the agency itself.
    """

    reason: Reason
    meant_at: datetime.date | None = None
    kind: str | None = None
    meant: Agency | None = None
    candidates: tuple[Named, ...] = ()
    trail: tuple[tuple[object, ...], ...] | None = None
    carrier: str = ""
    chain: tuple[Agency, ...] = ()


@attrs.frozen
class Resolution:
    """Where mail to one code goes, and why. A function of table, code, dates, kind and policy.

    ``code`` is the code as asked, which stays on the packet so that receipts correlate; ``agency`` is who gets it
    (None unless one body was found; an agency that cannot receive is named with its outcome).
    """

    code: str
    at: datetime.date
    agency: Agency | None
    _how: How

    @property
    def outcome(self) -> Outcome:
        """Return the answer."""
        return REASONS[self._how.reason].outcome

    @property
    def reason(self) -> Reason:
        """Return the finer reason."""
        return self._how.reason

    @property
    def is_deliverable(self) -> bool:
        """Return whether there is exactly one agency that can receive."""
        return self.outcome is Outcome.DELIVERABLE

    @property
    def meant_at(self) -> datetime.date:
        """Return the day on which the address was valid in the sender's eyes."""
        return self._how.meant_at or self.at

    @property
    def kind(self) -> str | None:
        """Return the kind of document that was asked for."""
        return self._how.kind

    @property
    def meant(self) -> Agency | None:
        """Return the agency that the code meant at :attr:`meant_at`, before successors and delegations.

        None where it meant nobody, even if a body above receives.
        """
        return self.agency if self._how.trail is None else self._how.meant

    @property
    def chain(self) -> tuple[Agency, ...]:
        """Return whom the mail goes through: the agency meant, then successors and delegates, in the order taken.

        Empty where the code meant nobody. A body above that receives instead is :attr:`agency` alone.
        """
        return (cast("Agency", self.agency),) if self._how.trail is None else self._how.chain

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Return who may be meant, where no single answer is right."""
        return tuple(Candidate(*named) for named in self._how.candidates)

    @property
    def is_guess(self) -> bool:
        """Return whether the answer rests on a guess that the caller asked for."""
        return self._how.reason in {Reason.FORM, Reason.SUGGESTED, Reason.FUNCTION} or any(
            step.note in {Note.FORM_FOUND, Note.SUGGESTED, Note.BY_FUNCTION} for step in self.steps
        )

    @property
    def connection_unknown(self) -> bool:
        """Return whether it is deliverable although nobody knows if the agency is connected."""
        return self.is_deliverable and self.agency is not None and self.agency.connection is Connection.UNKNOWN

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return the steps in the order in which they were taken."""
        if self._how.trail is None:
            agency = cast("Agency", self.agency)
            hop = (Note.HOP, agency.carrier or self._how.carrier, agency)
            found = ((Note.FOUND, agency), (Note.VALID, agency), (Note.STATE, agency), hop)
            trail: tuple[tuple[object, ...], ...] = ((Note.PARSED, self.code), *found)
        else:
            trail = self._how.trail
        return tuple(_step(raw) for raw in trail)

    def explain(self, lang: Lang = "en") -> str:
        """Return outcome, reason and steps as lines of text."""
        answer = OUTCOMES[self.outcome].render(lang)
        lines = [f"{shorten(self.code)}: {answer} – {REASONS[self.reason].text.render(lang)}"]
        lines += [f"  {STEPS[step.kind].render(lang)}: {step.text(lang)}" for step in self.steps]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, object]:
        """Return the resolution as JSON-able data."""
        return {
            "code": self.code,
            "at": self.at.isoformat(),
            "meant_at": self.meant_at.isoformat(),
            "kind": self.kind,
            "outcome": self.outcome.value,
            "reason": self.reason.value,
            "text": {lang: REASONS[self.reason].text.render(lang) for lang in ("vi", "en")},
            "agency": None if self.agency is None else _identity(self.agency),
            "meant": None if self.meant is None else _identity(self.meant),
            "candidates": [c.to_dict() for c in self.candidates],
            "steps": [s.to_dict() for s in self.steps],
        }


class _Open(Resolution):
    """A resolution while it is made: the same fields, not frozen yet."""

    __slots__ = ()
    __setattr__ = object.__setattr__

    def __init__(self: Any, code: str, at: datetime.date, agency: Agency | None, how: How) -> None:
        self.code = code
        self.at = at
        self.agency = agency
        self._how = how


def answered(code: str, at: datetime.date, agency: Agency | None, how: How) -> Resolution:
    """Return the resolution. Filling in a frozen value takes three times as long as freezing one that is filled in."""
    answer = _Open(code, at, agency, how)
    answer.__class__ = Resolution  # type: ignore[assignment]
    return answer


def _identity(agency: Agency) -> dict[str, object]:
    return {
        "code": agency.code,
        "name": agency.name,
        "valid_from": _day(agency.valid_from),
        "valid_to": _day(agency.valid_to),
        "connection": agency.connection.value,
        "system": agency.system,
    }


def _step(raw: tuple[object, ...]) -> Step:
    note = cast("Note", raw[0])
    return Step(note, (OrganCode(str(raw[1])),) if note is Note.PARSED else raw[1:])
