"""The indexes of a routing table and the look-ups by day that everything else rests on.

A code leads to one agency, or to several in different periods; another code (alias) leads to pairs of alias and agency.
Nothing here decides anything: :func:`pick` says who was meant by a code on a day and how well the day fits.
"""

from __future__ import annotations

import datetime
import enum
import hashlib
from collections.abc import Iterable, Iterator, Mapping

from vndoc.routing.model import LAST, Agency, Alias, Successor

__all__ = [
    "MODULUS",
    "AliasIndex",
    "Bodies",
    "BodyIndex",
    "Fit",
    "NamingIndex",
    "all_bodies",
    "bodies_of",
    "fingerprint",
    "heir",
    "named_codes",
    "naming_of",
    "pick",
    "pick_alias",
    "put",
    "renamed",
    "take",
]

Bodies = Agency | tuple[Agency, ...]
"""What stands under one code: the agency itself where there is one only, which saves memory and time."""

BodyIndex = dict[str, Bodies]
AliasIndex = dict[str, tuple[tuple[Alias, Agency], ...]]
NamingIndex = dict[str, set[str]]

_ONE_DAY = datetime.timedelta(days=1)
_WIDTH = 256

MODULUS = 1 << (8 * _WIDTH)
"""Sums of fingerprints are taken modulo this."""


class Fit(enum.Enum):
    """How a day fits the periods under a code."""

    VALID = "valid"
    PAST = "past"
    FUTURE = "future"
    SEVERAL = "several"


_VALID, _PAST, _FUTURE, _SEVERAL = Fit.VALID, Fit.PAST, Fit.FUTURE, Fit.SEVERAL


def bodies_of(entry: Bodies | None) -> tuple[Agency, ...]:
    """Return what stands under one code, as a tuple in the order of the periods."""
    if entry is None:
        return ()
    return (entry,) if isinstance(entry, Agency) else entry


def pick(entry: Bodies, day: datetime.date) -> tuple[Fit, tuple[Agency, ...]]:
    """Return the agency meant by a code on *day*, and how well the day fits.

    Valid on the day; else the last that ended before; else the first that comes later. Only ``SEVERAL`` has
    more than one agency: data in which periods overlap.
    """
    if isinstance(entry, Agency):
        fit = _PAST if day > entry.valid_to else _FUTURE if day < entry.valid_from else _VALID
        return fit, (entry,)
    valid = tuple(a for a in entry if a.valid_from <= day <= a.valid_to)
    if valid:
        return (_VALID if len(valid) == 1 else _SEVERAL), valid
    past = [a for a in entry if a.valid_to < day]
    if past:
        return _PAST, (max(past, key=lambda a: a.valid_to),)
    return _FUTURE, (min(entry, key=lambda a: a.valid_from),)


def pick_alias(
    entry: tuple[tuple[Alias, Agency], ...], day: datetime.date
) -> tuple[Fit, tuple[tuple[Alias, Agency], ...]]:
    """Return which alias is meant on *day*, as :func:`pick` does for codes."""
    valid = tuple(
        p for p in entry if p[0].valid_from <= day <= p[0].valid_to and p[1].valid_from <= day <= p[1].valid_to
    )
    if valid:
        return (_VALID if len(valid) == 1 else _SEVERAL), valid
    past = [p for p in entry if min(p[0].valid_to, p[1].valid_to) < day]
    if past:
        return _PAST, (max(past, key=lambda p: min(p[0].valid_to, p[1].valid_to)),)
    return _FUTURE, (min(entry, key=lambda p: max(p[0].valid_from, p[1].valid_from)),)


def heir(bodies: BodyIndex, closed: Agency, successor: Successor) -> tuple[Agency, ...]:
    """Return the agency that *successor* names: valid the day after *closed* ended, else the first that comes later.

    Empty where the code is not in the table, or where everything under it had ended by then. Several where periods
    overlap. *closed* has an end.
    """
    entry = bodies.get(successor.code)
    if entry is None:
        return ()
    day = closed.valid_to + _ONE_DAY if closed.valid_to < LAST else LAST
    fit, found = pick(entry, day)
    if fit is not _PAST:
        return found
    later = [a for a in bodies_of(entry) if a.valid_from > day]
    return (min(later, key=lambda a: a.valid_from),) if later else ()


def put(bodies: BodyIndex, aliases: AliasIndex, agencies: Iterable[Agency]) -> int:
    """Enter *agencies* into both indexes; return the sum of their fingerprints."""
    total = 0
    for agency in agencies:
        before = bodies.setdefault(agency.code, agency)
        if before is not agency:
            entry = (*bodies_of(before), agency)
            bodies[agency.code] = tuple(sorted(entry, key=_order))
        for alias in agency.aliases:
            pairs = aliases.get(alias.code)
            if pairs is None:
                aliases[alias.code] = ((alias, agency),)
            else:
                aliases[alias.code] = tuple(sorted((*pairs, (alias, agency)), key=lambda p: (p[1].code, _order(p[1]))))
        total += fingerprint(agency)
    return total % MODULUS


def _order(agency: Agency) -> tuple[datetime.date, datetime.date, int]:
    """Order by period; contradictory data must not answer by the order in which it came, either."""
    return agency.valid_from, agency.valid_to, fingerprint(agency)


def take(bodies: BodyIndex, aliases: AliasIndex, code: str) -> int:
    """Remove everything that stands under *code* from both indexes; return the sum of the fingerprints."""
    total = 0
    for agency in bodies_of(bodies.pop(code, None)):
        for alias in agency.aliases:
            left = tuple(pair for pair in aliases.get(alias.code, ()) if pair[1] is not agency)
            if left:
                aliases[alias.code] = left
            else:
                aliases.pop(alias.code, None)
        total += fingerprint(agency)
    return total % MODULUS


def named_codes(agencies: Iterable[Agency]) -> set[str]:
    """Return the codes that *agencies* name as parents, successors and delegates."""
    named: set[str] = set()
    for agency in agencies:
        named.add(agency.parent)
        named.update([successor.code for successor in agency.successors])
        named.update([delegation.to for delegation in agency.delegations])
    named.discard("")
    return named


def naming_of(agencies: Iterable[Agency]) -> NamingIndex:
    """Return, for each code that is named at all, the codes of the agencies that name it."""
    naming: NamingIndex = {}
    for agency in agencies:
        for code in named_codes((agency,)) if agency.successors or agency.delegations else (agency.parent,):
            if code in naming:
                naming[code].add(agency.code)
            elif code:
                naming[code] = {agency.code}
    return naming


def renamed(naming: NamingIndex, before: BodyIndex, changes: Mapping[str, tuple[Agency, ...]]) -> NamingIndex:
    """Return *naming* after *changes*; sets that differ are new ones, all others are shared."""
    after = dict(naming)
    fresh: NamingIndex = {}
    for code, agencies in changes.items():
        old, new = named_codes(bodies_of(before.get(code))), named_codes(agencies)
        for target in old ^ new:
            if target not in fresh:
                fresh[target] = after[target] = set(naming.get(target, ()))
            (fresh[target].add if target in new else fresh[target].discard)(code)
    return after


def fingerprint(agency: Agency) -> int:
    """Return a number of 2,048 bits for the whole content of *agency*.

    Summed modulo 2**2048 the numbers identify a set of agencies whatever its order, so a table's digest follows a
    change without reading the rest again. So many bits, because sums of short digests can be made to collide
    (Wagner's generalised birthday attack).
    """
    content = (
        agency.code,
        agency.name,
        agency.level,
        agency.parent,
        agency.kind,
        agency.valid_from.toordinal(),
        agency.valid_to.toordinal(),
        agency.successors and [(s.code, s.kind._value_, s.suggested, s.instrument) for s in agency.successors],
        agency.aliases
        and [(a.code, a.kind._value_, a.valid_from.toordinal(), a.valid_to.toordinal()) for a in agency.aliases],
        agency.other_names,
        agency.connection._value_,
        agency.system,
        agency.carrier,
        agency.delegations
        and [
            (d.to, d.valid_from.toordinal(), d.valid_to.toordinal(), d.kinds, d.instrument) for d in agency.delegations
        ],
        agency.ref,
        agency.source,
        agency.confidence,
    )
    return int.from_bytes(hashlib.shake_128(repr(content).encode()).digest(_WIDTH), "little")


def all_bodies(bodies: BodyIndex) -> Iterator[Agency]:
    """Yield every agency of every period, in the order of the index."""
    for entry in bodies.values():
        if isinstance(entry, Agency):
            yield entry
        else:
            yield from entry
