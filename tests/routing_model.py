"""A slow and obvious model of routing, to compare the engine with: plain lists, one rule after the other, no index."""

from __future__ import annotations

import datetime

from vndoc.identifiers import OrganCode
from vndoc.routing import CAUTIOUS, Agency, Alias, Connection, Policy, Reason, SplitRule, SuccessorKind, TableInfo
from vndoc.routing._index import fingerprint

Answer = tuple[Reason, Agency | None]


class Model:
    def __init__(self, agencies: list[Agency], info: TableInfo) -> None:
        self.agencies = sorted(agencies, key=lambda a: (a.valid_from, a.valid_to, fingerprint(a)))
        by_code = sorted(self.agencies, key=lambda a: a.code)
        self.pairs = [(alias, agency) for agency in by_code for alias in agency.aliases]
        self.info = info

    def resolve(
        self, code: str, at: datetime.date, meant: datetime.date, kind: str | None, policy: Policy = CAUTIOUS
    ) -> Answer:
        if min(at, meant) < self.info.begins:
            return Reason.BEFORE_TABLE, None
        who = self.meant(code, meant)
        if who is None and policy.by_form:
            who = self.by_form(code, meant)
        if isinstance(who, Reason):
            return who, None
        if who is None:
            above = self.climb(OrganCode(code).ancestors, code, at, meant, policy) if self.climbs(policy) else None
            return (self.above_reason(above), above) if above else (self.unknown(code), None)
        reason, agency = who
        seen: list[Agency] = []
        not_yet = Reason.NOT_YET
        while True:
            if any(agency is one for one in seen):
                return Reason.CYCLE, None
            if len(seen) > policy.max_steps:
                return Reason.TOO_MANY_STEPS, None
            seen.append(agency)
            if at < agency.valid_from:
                return not_yet, None
            if at > agency.valid_to:
                step = self.successor(agency, policy)
                not_yet = Reason.SUCCESSOR_NOT_YET
            else:
                step = self.delegate(agency, at, kind)
                not_yet = Reason.DELEGATE_NOT_YET
                if step is None:
                    break
            if isinstance(step, Reason):
                return step, None
            reason, agency = step
        return self.reach(reason, agency, at, policy)

    def fits(self, start: datetime.date, end: datetime.date, day: datetime.date) -> str:
        return "future" if day < start else "past" if day > end else "valid"

    def meant(self, code: str, day: datetime.date) -> tuple[Reason, Agency] | Reason | None:
        """The first of: exact and valid, alias and valid, exact and past, alias and past; then: not yet."""
        exact = {"valid": [], "past": [], "future": []}
        for a in self.agencies:
            if a.code == code:
                exact[self.fits(a.valid_from, a.valid_to, day)].append(a)
        other = {"valid": [], "past": [], "future": []}
        for x, a in self.pairs:
            if x.code == code:
                if x.valid_from <= day <= x.valid_to and a.valid_from <= day <= a.valid_to:
                    other["valid"].append((x, a))
                elif min(x.valid_to, a.valid_to) < day:
                    other["past"].append((x, a))
                else:
                    other["future"].append((x, a))
        if len(exact["valid"]) > 1:
            return Reason.OVERLAP
        if exact["valid"]:
            return Reason.EXACT, exact["valid"][0]
        if len({id(a) for _, a in other["valid"]}) > 1:
            return Reason.ALIAS_OF_SEVERAL
        if other["valid"]:
            return Reason.ALIAS, other["valid"][0][1]
        if exact["past"]:
            last = max(a.valid_to for a in exact["past"])
            tied = [a for a in exact["past"] if a.valid_to == last]
            return (Reason.EXACT, tied[0]) if len(tied) == 1 else Reason.OVERLAP
        if other["past"]:
            ends = [(min(x.valid_to, a.valid_to), a) for x, a in other["past"]]
            tied = [a for end, a in ends if end == max(e for e, _ in ends)]
            return (Reason.ALIAS_EXPIRED, tied[0]) if len({id(a) for a in tied}) == 1 else Reason.ALIAS_OF_SEVERAL
        if exact["future"]:
            first = min(a.valid_from for a in exact["future"])
            return Reason.OVERLAP if sum(a.valid_from == first for a in exact["future"]) > 1 else Reason.NOT_YET
        if other["future"]:
            starts = [(max(x.valid_from, a.valid_from), a) for x, a in other["future"]]
            tied = [a for start, a in starts if start == min(s for s, _ in starts)]
            return Reason.NOT_YET if len({id(a) for a in tied}) == 1 else Reason.ALIAS_OF_SEVERAL
        return None

    def by_form(self, code: str, day: datetime.date) -> tuple[Reason, Agency] | Reason | None:
        """The bodies, existing or former, under the codes that the form suggests: one, or a question."""
        forms = [candidate.code.text for candidate in OrganCode(code).candidates()]
        found = [a for form in forms for a in self.under(form, day) if a.valid_from <= day]
        if len(found) > 1:
            return Reason.SEVERAL_FORMS
        return (Reason.FORM, found[0]) if found else None

    def unknown(self, code: str) -> Reason:
        return Reason.UNKNOWN_CODE if OrganCode(code).level1 else Reason.UNKNOWN_IRREGULAR

    def under(self, code: str, day: datetime.date) -> list[Agency]:
        """Who is meant by an exact code: valid, or several, or the last past, or the first to come."""
        named = [a for a in self.agencies if a.code == code]
        for group in (
            [a for a in named if a.valid_from <= day <= a.valid_to],
            [a for a in named if a.valid_to == max((b.valid_to for b in named if b.valid_to < day), default=None)],
            [a for a in named if a.valid_from == min(b.valid_from for b in named)],
        ):
            if group:
                return group
        return []

    def successor(self, closed: Agency, policy: Policy) -> tuple[Reason, Agency] | Reason:
        if not closed.successors:
            return Reason.NO_SUCCESSOR
        legal = [s for s in closed.successors if s.kind is not SuccessorKind.FUNCTION]
        suggested = [s for s in legal if s.suggested]
        if not legal:
            if not policy.by_function or len(closed.successors) != 1:
                return Reason.FUNCTION_ONLY
            reason, chosen = Reason.FUNCTION, closed.successors[0]
        elif len(legal) == 1 and "part" not in legal[0].kind.value:
            reason, chosen = Reason.SUCCESSOR, legal[0]
        elif policy.split is SplitRule.SUGGESTED and len(suggested) == 1:
            reason, chosen = Reason.SUGGESTED, suggested[0]
        else:
            return Reason.PART_ONLY if len(legal) == 1 else Reason.SPLIT
        day = closed.valid_to + datetime.timedelta(days=1)
        named = [a for a in self.agencies if a.code == chosen.code]
        heirs = [a for a in named if a.valid_from <= day <= a.valid_to] or [
            a for a in named if a.valid_from == min((b.valid_from for b in named if b.valid_from > day), default=None)
        ]
        if not heirs:
            return Reason.SUCCESSOR_MISSING
        return (reason, heirs[0]) if len(heirs) == 1 else Reason.OVERLAP

    def delegate(self, agency: Agency, at: datetime.date, kind: str | None) -> tuple[Reason, Agency] | Reason | None:
        holding = [d for d in agency.delegations if d.valid_from <= at <= d.valid_to]
        heads = {d.to for d in holding if kind in d.kinds} or {d.to for d in holding if not d.kinds}
        if not heads:
            return None
        if len(heads) > 1:
            return Reason.SEVERAL_DELEGATES
        found = self.under(heads.pop(), at)
        if not found:
            return Reason.DELEGATE_UNKNOWN
        return (Reason.DELEGATE, found[0]) if len(found) == 1 else Reason.OVERLAP

    def climbs(self, policy: Policy) -> bool:
        return self.info.ancestors if policy.ancestors is None else policy.ancestors

    def above_reason(self, above: Agency) -> Reason:
        return Reason.ANCESTOR if above.connection is Connection.CONNECTED else Reason.ANCESTOR_UNSURE

    def receives(self, agency: Agency, policy: Policy) -> bool:
        good = {Connection.CONNECTED} | (set() if policy.require_connected else {Connection.UNKNOWN})
        return agency.connection in good

    def reach(self, reason: Reason, agency: Agency, at: datetime.date, policy: Policy) -> Answer:
        if self.receives(agency, policy):
            return reason, agency
        if agency.connection is Connection.PENDING:
            return Reason.PENDING, agency
        if agency.connection is Connection.CONFLICT:
            return Reason.REGISTRY_CONFLICT, agency
        if self.climbs(policy):
            above = self.climb_parents(agency, at, policy)
            return (self.above_reason(above), above) if above else (Reason.NO_ANCESTOR, agency)
        unknown = agency.connection is Connection.UNKNOWN
        return (Reason.CONNECTION_UNKNOWN if unknown else Reason.NOT_CONNECTED), agency

    def any_under(self, code: str, day: datetime.date) -> list[Agency]:
        named = self.under(code, day)
        if named:
            return named
        pairs = [(x, a) for x, a in self.pairs if x.code == code]
        if not pairs:
            return []
        # an alias counts as a code of its own with the days on which both hold
        days = [(max(x.valid_from, a.valid_from), min(x.valid_to, a.valid_to), a) for x, a in pairs]
        valid = [a for start, end, a in days if start <= day <= end]
        past = [a for _, end, a in days if end == max((e for _, e, _ in days if e < day), default=None)]
        future = [a for start, _, a in days if start == min(s for s, _, _ in days)]
        return list({id(a): a for a in valid or past or future}.values())

    def climb(
        self, codes: tuple[OrganCode, ...], below: str, at: datetime.date, meant: datetime.date, policy: Policy
    ) -> Agency | None:
        for code in codes:
            named = self.any_under(code.text, meant)
            if len(named) > 1:
                return None
            for agency in named:
                if OrganCode(agency.code).level1 != OrganCode(below).level1 or not agency.valid_on(at):
                    return None
                if self.receives(agency, policy):
                    return agency
        return None

    def climb_parents(self, start: Agency, at: datetime.date, policy: Policy) -> Agency | None:
        seen = {start.code}
        agency = start
        root = OrganCode(start.code).level1
        while True:
            parent = OrganCode(agency.code).parent
            code = agency.parent or (parent.text if parent else "")
            if not code or code in seen:
                return None
            seen.add(code)
            named = self.any_under(code, at)
            if len(named) != 1:
                return None
            above = named[0]
            if root is None or OrganCode(above.code).level1 != root or not above.valid_on(at):
                return None
            if self.receives(above, policy):
                return above
            agency = above


__all__ = ["Alias", "Answer", "Model"]
