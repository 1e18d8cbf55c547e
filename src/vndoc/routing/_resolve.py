"""The engine: from a code and two dates to an agency, step by step, in the order of :data:`~vndoc.routing.words.STEPS`.

Total: it ends with an answer over any table, cyclic or contradictory data included, because every chain
remembers where it has been and stops at ``policy.max_steps``. It reads nothing but its arguments.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterator

from vndoc.errors import UsageError
from vndoc.errors._arguments import wrong
from vndoc.identifiers import MAX_ORGAN_CODE, OrganCode, OrganKind
from vndoc.routing._index import AliasIndex, BodyIndex, Fit, has_gap, heir, pick, pick_alias
from vndoc.routing.letters import LETTERS
from vndoc.routing.model import Agency, Connection, Delegation, Policy, SplitRule, Successor, SuccessorKind, TableInfo
from vndoc.routing.resolution import How, Named, Resolution, answered
from vndoc.routing.words import Note, Reason

__all__ = ["check_code", "check_day", "check_kind", "check_policy", "malformed", "resolve"]

_WELL_FORMED = re.compile(r"[0-9A-Z-]+(?:\.[0-9A-Z-]+)*")
_LATIN_CODE = re.compile(r"[0-9A-Za-z.-]*")
_LOOK_ALIKES = frozenset("АВЕЅІЈКМНОРСТУХавеѕіјкмнорстухΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")
"""Cyrillic and Greek letters that look like Latin ones; full-width forms are told by their block."""

_STATES = {
    Connection.NOT_CONNECTED: Reason.NOT_CONNECTED,
    Connection.PENDING: Reason.PENDING,
    Connection.CONFLICT: Reason.REGISTRY_CONFLICT,
    Connection.UNKNOWN: Reason.CONNECTION_UNKNOWN,
}
_FALLING_BACK = frozenset({Reason.NOT_CONNECTED, Reason.CONNECTION_UNKNOWN})

# Looking up a member of an Enum takes 50 ns in Python 3.11; nearly every answer needs several of these.
_CONNECTION_CONNECTED = Connection.CONNECTED
_CONNECTION_UNKNOWN = Connection.UNKNOWN
_FIT_FUTURE = Fit.FUTURE
_FIT_PAST = Fit.PAST
_FIT_VALID = Fit.VALID
_NOTE_ABSENT = Note.ABSENT
_NOTE_ALIAS_EXPIRED = Note.ALIAS_EXPIRED
_NOTE_ALIAS_FOUND = Note.ALIAS_FOUND
_NOTE_ASCENDED = Note.ASCENDED
_NOTE_CLOSED = Note.CLOSED
_NOTE_DELEGATED = Note.DELEGATED
_NOTE_FOLLOWED = Note.FOLLOWED
_NOTE_FOUND = Note.FOUND
_NOTE_HOP = Note.HOP
_NOTE_NONE_ABOVE = Note.NONE_ABOVE
_NOTE_PARSED = Note.PARSED
_NOTE_SPLIT = Note.SPLIT
_NOTE_STATE = Note.STATE
_NOTE_VALID = Note.VALID
_REASON_ALIAS = Reason.ALIAS
_REASON_ALIAS_EXPIRED = Reason.ALIAS_EXPIRED
_REASON_ANCESTOR = Reason.ANCESTOR
_REASON_ANCESTOR_UNSURE = Reason.ANCESTOR_UNSURE
_REASON_DELEGATE = Reason.DELEGATE
_REASON_DELEGATE_NOT_YET = Reason.DELEGATE_NOT_YET
_REASON_EXACT = Reason.EXACT
_REASON_NOT_YET = Reason.NOT_YET
_REASON_SUCCESSOR = Reason.SUCCESSOR
_REASON_SUCCESSOR_NOT_YET = Reason.SUCCESSOR_NOT_YET
_KIND_FUNCTION = SuccessorKind.FUNCTION


def malformed(code: str) -> Reason | None:
    """Return why *code* cannot be a code at all, or None.

    Asked only for codes that the table does not hold: what a registry writes matches to the letter, whatever it is.
    """
    if len(code) <= MAX_ORGAN_CODE and _WELL_FORMED.fullmatch(code):
        return None
    if not code:
        return Reason.EMPTY
    if len(code) > MAX_ORGAN_CODE:
        return Reason.TOO_LONG
    if code != code.strip():
        return Reason.BLANK
    if not unicodedata.is_normalized("NFC", code):
        return Reason.NOT_NFC
    if any(ch in _LOOK_ALIKES or "！" <= ch <= "～" for ch in code):
        return Reason.LOOK_ALIKE
    if not _LATIN_CODE.fullmatch(code):
        return Reason.BAD_CHARACTER
    return Reason.LOWER_CASE if any("a" <= ch <= "z" for ch in code) else Reason.EMPTY_PART


def check_day(day: object, name: str) -> datetime.date:
    """Return *day*, which must be a date and no datetime (whose day depends on a time zone).

    Raises :class:`~vndoc.errors.UsageError` ``date-expected``.
    """
    if type(day) is not datetime.date:
        raise UsageError("date-expected", name=name, found=type(day).__name__)
    return day


def check_code(code: object) -> str:
    """Return *code* as text. Raises :class:`~vndoc.errors.UsageError` ``code-expected`` for any other type."""
    text = code.text if isinstance(code, OrganCode) else code
    if not isinstance(text, str):
        raise UsageError("code-expected", found=type(code).__name__)
    return text


def check_kind(kind: object) -> str | None:
    """Return *kind*. Raises :class:`~vndoc.errors.UsageError` ``option-invalid`` for what is neither text nor None."""
    if kind is not None and not isinstance(kind, str):
        raise wrong("kind", "str", kind)
    return kind


def check_policy(policy: object) -> Policy:
    """Return *policy*. Raises :class:`~vndoc.errors.UsageError` ``option-invalid`` for any other type."""
    if not isinstance(policy, Policy):
        raise wrong("policy", "Policy", policy)
    return policy


def resolve(
    bodies: BodyIndex,
    aliases: AliasIndex,
    info: TableInfo,
    code: str | OrganCode,
    *,
    at: datetime.date,
    meant_at: datetime.date | None,
    kind: str | None,
    policy: Policy,
) -> Resolution:
    """Return where mail to *code* goes; see :meth:`vndoc.routing.RoutingTable.resolve`."""
    text = check_code(code)
    check_day(at, "at")
    if meant_at is not None:
        check_day(meant_at, "meant_at")
    check_kind(kind)
    check_policy(policy)
    return _Run(bodies, aliases, info, text, at, meant_at, kind, policy).result()


class _Run:
    """One resolution under way: the question, the notes so far, and where it has been."""

    __slots__ = (
        "aliases", "at", "bodies", "candidates", "chain", "code", "info", "kind", "meant", "meant_at", "policy",
        "reason", "seen", "trail",
    )  # fmt: skip

    def __init__(
        self,
        bodies: BodyIndex,
        aliases: AliasIndex,
        info: TableInfo,
        code: str,
        at: datetime.date,
        meant_at: datetime.date | None,
        kind: str | None,
        policy: Policy,
    ) -> None:
        self.bodies = bodies
        self.aliases = aliases
        self.info = info
        self.code = code
        self.at = at
        self.meant_at = at if meant_at is None else meant_at
        self.kind = kind
        self.policy = policy
        self.reason = _REASON_EXACT
        self.meant: Agency | None = None
        self.candidates: tuple[Named, ...] = ()
        self.seen: set[int] = set()
        self.chain: list[Agency] = []
        self.trail: list[tuple[object, ...]] = [(_NOTE_PARSED, code)]

    def result(self) -> Resolution:
        agency = self.before_table() or self.identify()
        if isinstance(agency, Agency):
            self.meant = agency
            agency = self.carry(agency)
        elif agency is None:
            agency = self.above_unknown()
        if isinstance(agency, Agency):
            agency = self.reach(agency)
        trail, chain = tuple(self.trail), tuple(self.chain)
        how = How(self.reason, self.meant_at, self.kind, self.meant, self.candidates, trail, "", chain)
        return answered(self.code, self.at, agency if isinstance(agency, Agency) else None, how)

    def stop(self, reason: Reason, *note: object, candidates: tuple[Named, ...] = ()) -> Reason:
        """Set the reason of a failure and take down a note; the caller returns what this returns."""
        self.reason = reason
        self.candidates = candidates
        if note:
            self.trail.append(note)
        return reason

    def several(self, found: tuple[Agency, ...]) -> Reason:
        """Stop at a code under which several stand at once: choosing one would be a guess."""
        return self.stop(Reason.OVERLAP, Note.SEVERAL, len(found), candidates=_named(found))

    # -- who was meant -----------------------------------------------------------------------------

    def before_table(self) -> Reason | None:
        begins = self.info.begins
        if self.meant_at >= begins <= self.at:
            return None
        return self.stop(Reason.BEFORE_TABLE, Note.BEFORE_TABLE, begins)

    def identify(self) -> Agency | Reason | None:
        """Return the agency that the code meant, the reason why there is none, or None for an unknown code."""
        entry, pairs = self.bodies.get(self.code), self.aliases.get(self.code)
        if entry is None and pairs is None:
            return self.absent()
        fit, found = (None, ()) if entry is None else pick(entry, self.meant_at)
        if fit is not _FIT_VALID and pairs is not None:
            answer = self.by_alias(pairs, fit)
            if answer is not None:
                return answer
        if len(found) > 1:
            return self.several(found)
        if fit is _FIT_FUTURE:
            return self.stop(_REASON_NOT_YET, Note.NOT_YET, found[0])
        self.trail.append((_NOTE_FOUND, found[0]))
        return found[0]

    def by_alias(self, pairs: tuple[tuple[object, Agency], ...], exact: Fit | None) -> Agency | Reason | None:
        """Return whom the code means as an alias; None where the exact code (*exact* its fit) goes first after all."""
        fit, found = pick_alias(pairs, self.meant_at)  # type: ignore[arg-type]
        if fit is not _FIT_VALID and (exact is _FIT_PAST or (exact is _FIT_FUTURE and fit is _FIT_FUTURE)):
            return None
        if len(found) > 1:
            agencies = tuple(agency for _, agency in found)
            return self.stop(Reason.ALIAS_OF_SEVERAL, Note.ALIAS_SEVERAL, len(found), candidates=_named(agencies))
        alias, agency = found[0]
        self.trail.append((_NOTE_ABSENT,))
        if fit is _FIT_FUTURE:
            return self.stop(_REASON_NOT_YET, Note.NOT_YET, agency)
        expired = fit is _FIT_PAST
        self.trail.append((_NOTE_ALIAS_EXPIRED if expired else _NOTE_ALIAS_FOUND, alias, agency))
        self.reason = _REASON_ALIAS_EXPIRED if expired else _REASON_ALIAS
        return agency

    def absent(self) -> Agency | Reason | None:
        reason = malformed(self.code)
        if reason is not None:
            self.trail[0] = (Note.MALFORMED, reason)
            return self.stop(reason)
        self.trail.append((_NOTE_ABSENT,))
        return self.by_form() if self.policy.by_form else None

    def by_form(self) -> Agency | Reason | None:
        found: list[Agency] = []
        for candidate in OrganCode(self.code).candidates():
            entry = self.bodies.get(candidate.code.text)
            if entry is not None:
                fit, agencies = pick(entry, self.meant_at)
                found += agencies if fit is not _FIT_FUTURE else ()
        if len(found) > 1:
            return self.stop(Reason.SEVERAL_FORMS, Note.FORM_SEVERAL, len(found), candidates=_named(tuple(found)))
        if not found:
            return None
        self.reason = Reason.FORM
        self.trail.append((Note.FORM_FOUND, found[0]))
        return found[0]

    def unknown(self) -> Reason:
        code = OrganCode(self.code)
        kind = code.kind
        if kind is OrganKind.SYSTEM:
            return self.stop(Reason.SYSTEM)
        if kind is OrganKind.IRREGULAR:
            return self.stop(Reason.UNKNOWN_IRREGULAR)
        letter = (code.level1 or "H")[0]
        return self.stop(Reason.UNKNOWN_CODE if letter in LETTERS else Reason.UNKNOWN_LETTER)

    # -- who stands in its place -------------------------------------------------------------------

    def carry(self, agency: Agency) -> Agency | Reason:
        """Follow successors and delegations from *agency* to the one that receives on the day of delivery."""
        not_yet = _REASON_NOT_YET
        following: Agency | Reason | None = agency
        while isinstance(following, Agency):
            agency = following
            if id(agency) in self.seen:
                return self.stop(Reason.CYCLE, Note.CYCLE, agency)
            if len(self.seen) > self.policy.max_steps:
                return self.stop(Reason.TOO_MANY_STEPS, Note.TOO_MANY, self.policy.max_steps)
            self.seen.add(id(agency))
            self.chain.append(agency)
            if self.at > agency.valid_to:
                self.trail.append((_NOTE_CLOSED, agency))
                following, not_yet = self.successor(agency), _REASON_SUCCESSOR_NOT_YET
            elif self.at < agency.valid_from:
                return self.stop(not_yet, Note.NOT_YET, agency)
            else:
                self.trail.append((_NOTE_VALID, agency))
                following, not_yet = self.delegate(agency), _REASON_DELEGATE_NOT_YET
        return agency if following is None else following

    def successor(self, closed: Agency) -> Agency | Reason:
        chosen = self.chosen(closed)
        if isinstance(chosen, Reason):
            return chosen
        note, successor = chosen
        found = heir(self.bodies, closed, successor)
        if not found:
            return self.stop(Reason.SUCCESSOR_MISSING, Note.SUCCESSOR_MISSING, successor)
        if len(found) > 1:
            return self.several(found)
        self.trail.append((note, closed, successor))
        if has_gap(closed, found[0]):
            self.trail.append((Note.GAP, found[0]))
        return found[0]

    def chosen(self, closed: Agency) -> tuple[Note, Successor] | Reason:
        """Return which successor of *closed* to follow and under which note, or why none may be followed."""
        legal = [s for s in closed.successors if s.kind is not _KIND_FUNCTION]
        if len(legal) == 1 and legal[0].kind.is_total:
            self.reason = _REASON_SUCCESSOR
            return _NOTE_FOLLOWED, legal[0]
        if legal:
            suggested = [s for s in legal if s.suggested]
            if self.policy.split is SplitRule.SUGGESTED and len(suggested) == 1:
                self.reason = Reason.SUGGESTED
                return Note.SUGGESTED, suggested[0]
            reason = Reason.PART_ONLY if len(legal) == 1 else Reason.SPLIT
            return self.stop(reason, _NOTE_SPLIT, closed, len(legal), candidates=self.heirs(legal))
        if not closed.successors:
            return self.stop(Reason.NO_SUCCESSOR, Note.NO_SUCCESSOR)
        if self.policy.by_function and len(closed.successors) == 1:
            self.reason = Reason.FUNCTION
            return Note.BY_FUNCTION, closed.successors[0]
        by_function = self.heirs(closed.successors)
        return self.stop(Reason.FUNCTION_ONLY, Note.FUNCTION_ONLY, len(by_function), candidates=by_function)

    def heirs(self, successors: tuple[Successor, ...] | list[Successor]) -> tuple[Named, ...]:
        found = []
        for s in successors:
            entry = self.bodies.get(s.code)
            name = "" if entry is None else pick(entry, self.at)[1][0].name
            found.append((s.code, name, s.kind, s.suggested, s.instrument))
        return tuple(found)

    def delegate(self, agency: Agency) -> Agency | Reason | None:
        """Return who receives for *agency*; None where nobody does."""
        holding = self.delegations(agency) if agency.delegations else ()
        if not holding:
            return None
        heads = {delegation.to: delegation for delegation in reversed(holding)}
        if len(heads) > 1:
            candidates = tuple(self.head(delegation) for delegation in reversed(heads.values()))
            return self.stop(Reason.SEVERAL_DELEGATES, Note.DELEGATES, len(heads), candidates=candidates)
        delegation = holding[0]
        entry = self.bodies.get(delegation.to)
        if entry is None:
            return self.stop(Reason.DELEGATE_UNKNOWN, Note.DELEGATE_MISSING, delegation)
        found = pick(entry, self.at)[1]
        if len(found) > 1:
            return self.several(found)
        self.trail.append((_NOTE_DELEGATED, agency, delegation))
        self.reason = _REASON_DELEGATE
        return found[0]

    def delegations(self, agency: Agency) -> list[Delegation]:
        """Return the delegations of *agency* that hold: those for this kind of document, else those for all kinds."""
        general: list[Delegation] = []
        special: list[Delegation] = []
        for delegation in agency.delegations:
            if not delegation.valid_from <= self.at <= delegation.valid_to:
                continue
            if not delegation.kinds:
                general.append(delegation)
            elif self.kind in delegation.kinds:
                special.append(delegation)
            else:
                self.trail.append((Note.OTHER_KINDS, delegation))
        return special or general

    def head(self, delegation: Delegation) -> Named:
        entry = self.bodies.get(delegation.to)
        name = "" if entry is None else pick(entry, self.at)[1][0].name
        return delegation.to, name, None, False, delegation.instrument

    # -- how it can be reached ---------------------------------------------------------------------

    def reach(self, agency: Agency) -> Agency:
        """Look at the connection of *agency*, fall back if asked, and note the next hop.

        Returns who receives, or *agency* itself with the reason set to why it cannot.
        """
        reason = None if self.acceptable(agency) else _STATES[agency.connection]
        if reason in _FALLING_BACK and self.wants_ancestors():
            above = self.ancestor(self.parents(agency), agency.code)
            if above is None:
                reason = Reason.NO_ANCESTOR
            else:
                agency, reason = above, None
        self.trail.append((_NOTE_STATE, agency))
        if reason is not None:
            self.stop(reason)
            return agency
        self.trail.append((_NOTE_HOP, agency.carrier or self.info.carrier, agency))
        return agency

    def acceptable(self, agency: Agency) -> bool:
        if agency.connection is _CONNECTION_UNKNOWN:
            return not self.policy.require_connected
        return agency.connection is _CONNECTION_CONNECTED

    def wants_ancestors(self) -> bool:
        wanted = self.policy.ancestors
        return self.info.ancestors if wanted is None else wanted

    def above_unknown(self) -> Agency | Reason:
        """Return the nearest connected body above an unknown code, by whole groups of the code."""
        if self.wants_ancestors():
            above = self.ancestor(self.known(), self.code)
            if above is not None:
                return above
        return self.unknown()

    def known(self) -> Iterator[tuple[int, tuple[Agency, ...]]]:
        """Yield distance and agencies (one, unless data overlap) for those codes above that are in the table."""
        distance, code = 1, OrganCode(self.code).parent
        while code is not None:
            found = self.on_day(code.text, self.meant_at)
            if found:
                yield distance, found
            distance, code = distance + 1, code.parent

    def parents(self, agency: Agency) -> Iterator[tuple[int, tuple[Agency, ...]]]:
        """Yield distance and agencies going up from *agency*: by the table's parents, else by groups of the code."""
        seen = {agency.code}
        distance = 0
        while True:
            distance += 1
            code = agency.parent or getattr(OrganCode(agency.code).parent, "text", "")
            if not code or code in seen or distance > self.policy.max_steps:
                return
            seen.add(code)
            above = self.on_day(code, self.at)
            if not above:
                return
            agency = above[0]
            yield distance, above

    def on_day(self, code: str, day: datetime.date) -> tuple[Agency, ...]:
        """Return the agencies under *code*, or under it as an alias, that *day* fits best."""
        entry, pairs = self.bodies.get(code), self.aliases.get(code)
        if entry is not None:
            return pick(entry, day)[1]
        return () if pairs is None else tuple(agency for _, agency in pick_alias(pairs, day)[1])

    def ancestor(self, above: Iterator[tuple[int, tuple[Agency, ...]]], below: str) -> Agency | None:
        """Return the first of *above* that can receive, and set the reason.

        Never past a closed body, past a code that several have at once, or into another level 1.
        """
        root = OrganCode(below).level1
        for distance, found in above:
            agency = found[0]
            if len(found) > 1:
                self.trail.append((Note.ABOVE_SEVERAL, agency, len(found)))
                return None
            if root is None or OrganCode(agency.code).level1 != root:
                self.trail.append((Note.ABOVE_FOREIGN, agency))
                return None
            if not agency.valid_on(self.at):
                self.trail.append((Note.ABOVE_CLOSED, agency))
                return None
            if self.acceptable(agency):
                self.trail.append((_NOTE_ASCENDED, agency, distance))
                is_sure = agency.connection is _CONNECTION_CONNECTED
                self.reason = _REASON_ANCESTOR if is_sure else _REASON_ANCESTOR_UNSURE
                return agency
        self.trail.append((_NOTE_NONE_ABOVE,))
        return None


def _named(agencies: tuple[Agency, ...]) -> tuple[Named, ...]:
    return tuple((a.code, a.name, None, False, "") for a in agencies)
