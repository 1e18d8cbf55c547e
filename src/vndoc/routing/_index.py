"""The indexes of a routing table and the look-ups by day that everything else rests on.

A code leads to one agency, or to several in different periods; another code (alias) leads to pairs of alias and agency.
Nothing here decides anything: :func:`pick` says who was meant by a code on a day and how well the day fits.
"""

from __future__ import annotations

import datetime
import enum
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import TypeVar

from vndoc.errors import LimitError
from vndoc.routing.model import LAST, Agency, Alias, Successor
from vndoc.text import shorten

__all__ = [
    "MAX_PER_CODE",
    "MODULUS",
    "AliasIndex",
    "AliasView",
    "Bodies",
    "BodyIndex",
    "BodyView",
    "Fit",
    "NamingIndex",
    "all_bodies",
    "bodies_of",
    "fingerprint",
    "has_gap",
    "heir",
    "limited",
    "meant_by",
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
BodyView = Mapping[str, Bodies]
AliasView = Mapping[str, tuple[tuple[Alias, Agency], ...]]
NamingIndex = dict[str, set[str]]

_ONE_DAY = datetime.timedelta(days=1)
_WIDTH = 256
_JOINTS = 9

MAX_PER_CODE = 100
"""Most periods under one code, agencies with one other code, delegations of one agency: in earnest there are a few.
Each is compared with each."""

_Several = TypeVar("_Several", bound=Sized)

MODULUS = 1 << (8 * _WIDTH)
"""Sums of fingerprints are taken modulo this."""


class Fit(enum.Enum):
    """How a day fits the periods under a code."""

    VALID = "valid"
    PAST = "past"
    FUTURE = "future"


_VALID, _PAST, _FUTURE = Fit.VALID, Fit.PAST, Fit.FUTURE


def bodies_of(entry: Bodies | None) -> tuple[Agency, ...]:
    """Return what stands under one code, as a tuple in the order of the periods."""
    if entry is None:
        return ()
    return (entry,) if isinstance(entry, Agency) else entry


def pick(entry: Bodies, day: datetime.date) -> tuple[Fit, tuple[Agency, ...]]:
    """Return the agency meant by a code on *day*, and how well the day fits.

    Valid on the day; else the last that ended before; else the first that comes later. More than one agency where
    several fit equally well: data in which periods overlap. The caller must not choose among them.
    """
    if isinstance(entry, Agency):
        fit = _PAST if day > entry.valid_to else _FUTURE if day < entry.valid_from else _VALID
        return fit, (entry,)
    valid = tuple(a for a in entry if a.valid_from <= day <= a.valid_to)
    if valid:
        return _VALID, valid
    ends = [a.valid_to for a in entry if a.valid_to < day]
    if ends:
        last = max(ends)
        return _PAST, tuple(a for a in entry if a.valid_to == last)
    return _FUTURE, _first(entry)


def _first(agencies: Iterable[Agency]) -> tuple[Agency, ...]:
    """Return those of *agencies* (one at least) that begin first."""
    all_ = tuple(agencies)
    first = min(a.valid_from for a in all_)
    return tuple(a for a in all_ if a.valid_from == first)


def pick_alias(
    entry: tuple[tuple[Alias, Agency], ...], day: datetime.date
) -> tuple[Fit, tuple[tuple[Alias, Agency], ...]]:
    """Return which alias is meant on *day*, as :func:`pick` does for codes; one pair for each agency."""
    valid = tuple(
        p for p in entry if p[0].valid_from <= day <= p[0].valid_to and p[1].valid_from <= day <= p[1].valid_to
    )
    if valid:
        return _VALID, _by_agency(valid)
    ends = [(min(p[0].valid_to, p[1].valid_to), p) for p in entry]
    past = [end for end, _ in ends if end < day]
    if past:
        last = max(past)
        return _PAST, _by_agency([p for end, p in ends if end == last])
    starts = [(max(p[0].valid_from, p[1].valid_from), p) for p in entry]
    first = min(start for start, _ in starts)
    return _FUTURE, _by_agency([p for start, p in starts if start == first])


def _by_agency(pairs: Iterable[tuple[Alias, Agency]]) -> tuple[tuple[Alias, Agency], ...]:
    """Return the first of *pairs* for each agency."""
    found: dict[int, tuple[Alias, Agency]] = {}
    for pair in pairs:
        found.setdefault(id(pair[1]), pair)
    return tuple(found.values())


def meant_by(bodies: BodyView, aliases: AliasView, code: str, day: datetime.date) -> tuple[Agency, ...]:
    """Return whom *code* means on *day* as a code or an alias; none where it is unknown, several where data overlap.

    In the order of resolution: code valid, alias valid, code past, alias past, then what comes later.
    """
    entry, pairs = bodies.get(code), aliases.get(code)
    if entry is None and pairs is None:
        return ()
    if pairs is None:
        return pick(entry, day)[1]  # type: ignore[arg-type]
    other, named = pick_alias(pairs, day)
    by_alias = tuple(agency for _, agency in named)
    if entry is None:
        return by_alias
    fit, found = pick(entry, day)
    alias_first = (fit is not _VALID and other is _VALID) or (fit is _FUTURE and other is _PAST)
    return by_alias if alias_first else found


def heir(bodies: BodyView, closed: Agency, successor: Successor) -> tuple[Agency, ...]:
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
    return _first(later) if later else ()


def has_gap(closed: Agency, after: Agency) -> bool:
    """Return whether *after* began later than the day after *closed* ended: on the days between nobody was there."""
    return closed.valid_to < LAST and after.valid_from > closed.valid_to + _ONE_DAY


def put(bodies: BodyIndex, aliases: AliasIndex, agencies: Iterable[Agency]) -> int:
    """Enter *agencies* into both indexes, the same object once only; return the sum of their fingerprints.

    Raises :class:`~vndoc.errors.LimitError` ``limit-table-code``.
    """
    total = 0
    periods: dict[str, list[Agency]] = {}
    shared: dict[str, list[tuple[Alias, Agency]]] = {}
    for agency in {id(one): one for one in agencies}.values():
        before = bodies.setdefault(agency.code, agency)
        if before is not agency:
            periods.setdefault(agency.code, list(bodies_of(before))).append(agency)
        for alias in agency.aliases:
            pairs = aliases.get(alias.code)
            if pairs is None:
                aliases[alias.code] = ((alias, agency),)
            else:
                shared.setdefault(alias.code, list(pairs)).append((alias, agency))
        if agency.delegations:
            limited(agency.code, agency.delegations)
        total += fingerprint(agency)
    for code, entry in periods.items():
        bodies[code] = tuple(sorted(limited(code, entry), key=_order))
    for code, found in shared.items():
        aliases[code] = tuple(sorted(limited(code, found), key=lambda pair: (pair[1].code, _order(pair[1]))))
    return total % MODULUS


def limited(code: str, several: _Several) -> _Several:
    """Return *several*, what stands under *code*, unless it is too much.

    Raises :class:`~vndoc.errors.LimitError` ``limit-table-code``.
    """
    if len(several) > MAX_PER_CODE:
        raise LimitError("limit-table-code", found=shorten(code), limit=MAX_PER_CODE)
    return several


def _order(agency: Agency) -> tuple[datetime.date, datetime.date, int]:
    """Order by period; contradictory data must not answer by the order in which it came, either."""
    return agency.valid_from, agency.valid_to, fingerprint(agency)


def take(bodies: BodyIndex, aliases: AliasIndex, codes: Iterable[str]) -> int:
    """Remove everything that stands under *codes* from both indexes; return the sum of the fingerprints."""
    total = 0
    for code in codes:
        for agency in bodies_of(bodies.pop(code, None)):
            for alias in agency.aliases:
                left = tuple([pair for pair in aliases.get(alias.code, ()) if pair[1] is not agency])
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
    words = (
        agency.code,
        agency.name,
        agency.parent,
        agency.kind,
        agency.connection._value_,
        agency.system,
        agency.carrier,
        agency.ref,
        agency.source,
        agency.confidence,
    )
    told = "\0".join(words)
    if told.count("\0") != _JOINTS:
        told = repr(words)  # which writes no NUL, so that no other words are told in the same way
    rest = (
        agency.level,
        agency.valid_from.toordinal(),
        agency.valid_to.toordinal(),
        agency.successors and [(s.code, s.kind._value_, s.suggested, s.instrument) for s in agency.successors],
        agency.aliases
        and [(a.code, a.kind._value_, a.valid_from.toordinal(), a.valid_to.toordinal()) for a in agency.aliases],
        agency.other_names,
        agency.delegations
        and [
            (d.to, d.valid_from.toordinal(), d.valid_to.toordinal(), d.kinds, d.instrument) for d in agency.delegations
        ],
    )
    content = f"{told}\0{rest!r}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.shake_128(content).digest(_WIDTH), "little")


def all_bodies(bodies: BodyView) -> Iterator[Agency]:
    """Yield every agency of every period, in the order of the index."""
    for entry in bodies.values():
        if isinstance(entry, Agency):
            yield entry
        else:
            yield from entry
