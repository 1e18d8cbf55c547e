"""The routing table: an immutable, indexed snapshot, and the questions that can be put to it."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import BinaryIO

import attrs

from vndoc.errors._arguments import need
from vndoc.identifiers import OrganCode
from vndoc.routing._index import (
    MODULUS,
    AliasIndex,
    AliasView,
    Bodies,
    BodyIndex,
    BodyView,
    Fit,
    NamingIndex,
    bodies_of,
    heir,
    naming_of,
    pick,
    pick_alias,
    put,
    renamed,
    take,
)
from vndoc.routing._resolve import check_code, check_day, check_policy, resolve
from vndoc.routing.checks import Finding, check, check_groups, repeated_groups
from vndoc.routing.groups import expand
from vndoc.routing.model import CAUTIOUS, Agency, Connection, Group, Policy, TableError, TableInfo
from vndoc.routing.plan import Plan, make_plan
from vndoc.routing.resolution import How, Resolution, answered
from vndoc.routing.search import Match, SearchIndex
from vndoc.routing.words import Reason
from vndoc.text import Text, shorten

__all__ = ["RoutingTable"]

_CONNECTED = Connection.CONNECTED
_DATE = datetime.date
_OTHER_CODE = Text("{code}: có mã khác bên trong", "{code}: another code inside")


@attrs.frozen(eq=False, repr=False)
class RoutingTable:
    """Agencies with their dates, other codes and successors, ready to be asked. Never changes; share it freely.

    Make one with :meth:`builtin`, :meth:`load` or :meth:`of`; a change (:class:`vndoc.routing.Delta`,
    :class:`vndoc.routing.AxisChange`) makes a new table while readers keep theirs. ``findings`` are what the checks
    said: warnings only, unless it was made with ``strict=False``.
    """

    info: TableInfo
    groups: Mapping[str, Group]
    findings: tuple[Finding, ...]
    _bodies: BodyIndex
    _aliases: AliasIndex
    _naming: NamingIndex
    _sum: int
    _begins: datetime.date
    _direct: How
    _search: list[SearchIndex] = attrs.field(factory=list)

    # -- making ------------------------------------------------------------------------------------

    @classmethod
    def of(
        cls,
        agencies: Iterable[Agency],
        *,
        info: TableInfo | None = None,
        groups: Iterable[Group] = (),
        strict: bool = True,
        found: Iterable[Finding] = (),
        rows: Iterable[int] | None = None,
    ) -> RoutingTable:
        """Return the table of *agencies*. *rows* are their row numbers for the findings, *found* earlier findings.

        Raises :class:`~vndoc.routing.TableError` ``table-invalid`` with all findings if *strict* and there are errors,
        :class:`~vndoc.errors.LimitError` ``limit-table-code`` for more than 100 periods, agencies or delegations under
        one code.
        """
        info = info or TableInfo()
        given = tuple(agencies)
        listed = tuple({id(agency): agency for agency in given}.values())
        bodies: BodyIndex = {}
        aliases: AliasIndex = {}
        total = put(bodies, aliases, listed)
        numbers = {} if rows is None else dict(zip(map(id, given), rows, strict=True))
        sets = tuple(groups)
        named = {group.name: group for group in sets}
        of_groups = (*repeated_groups(sets), *check_groups(named, bodies, aliases))
        findings = (*found, *check(bodies, aliases, listed, numbers), *of_groups)
        return cls._made(info, named, findings, (bodies, aliases, naming_of(listed)), total, strict=strict)

    @classmethod
    def _made(
        cls,
        info: TableInfo,
        groups: Mapping[str, Group],
        findings: tuple[Finding, ...],
        indexes: tuple[BodyIndex, AliasIndex, NamingIndex],
        total: int,
        *,
        strict: bool,
    ) -> RoutingTable:
        errors = [finding for finding in findings if finding.is_error]
        if strict and errors:
            raise TableError("table-invalid", count=len(errors), detail=errors[0].both, findings=findings)
        return cls(
            info,
            MappingProxyType(dict(groups)),
            findings,
            *indexes,
            total,
            info.begins,
            How(Reason.EXACT, carrier=info.carrier),
        )

    @classmethod
    def _again(
        cls, info: TableInfo, groups: dict[str, Group], findings: tuple[Finding, ...], agencies: tuple[Agency, ...]
    ) -> RoutingTable:
        """Return the table that was pickled: it was checked before, but its indexes are by identity."""
        bodies: BodyIndex = {}
        aliases: AliasIndex = {}
        total = put(bodies, aliases, agencies)
        return cls._made(info, groups, findings, (bodies, aliases, naming_of(agencies)), total, strict=False)

    @classmethod
    def builtin(cls) -> RoutingTable:
        """Return the level-1 table that the package ships: ministries, provincial Committees and Councils.

        Each row has its source and confidence; connection states are unknown, that is for a registry to say.
        """
        from vndoc.routing.builtin import builtin_table  # noqa: PLC0415 - the data is read when somebody asks for it

        return builtin_table()

    @classmethod
    def load(
        cls,
        source: bytes | BinaryIO,
        *,
        format: str,  # noqa: A002 - the word everybody looks for
        info: TableInfo | None = None,
        strict: bool = True,
    ) -> RoutingTable:
        """Return the table in *source*, the bytes or an open binary file.

        *format*: ``csv`` or ``json`` (the documented forms of :mod:`vndoc.routing.load`), or an answer of the axis
        registry: ``axis-agencies``, ``axis-agencies-qd20``, ``axis-units``. *info* overrides what the source says
        about itself. With ``strict=False`` findings do not stop it.

        Raises :class:`~vndoc.routing.TableError` ``table-unreadable`` or ``table-invalid``,
        :class:`~vndoc.errors.LimitError` for more than :data:`~vndoc.routing.load.MAX_BYTES` or
        :data:`~vndoc.routing.load.MAX_ROWS`, and where too much stands under one code (``limit-table-code``),
        :class:`~vndoc.errors.SourceError` for a file that cannot be read, :class:`~vndoc.errors.UsageError` for an
        unknown format.
        """
        from vndoc.routing.load import read_table  # noqa: PLC0415 - parsers are needed by those who load only

        read = read_table(source, format)
        return cls.of(
            read.agencies,
            info=info or read.info,
            groups=read.groups,
            strict=strict,
            found=read.findings,
            rows=read.rows,
        )

    @classmethod
    def from_axis(
        cls, answers: Mapping[str, bytes | BinaryIO], *, info: TableInfo | None = None, strict: bool = True
    ) -> RoutingTable:
        """Return one table of several answers of the axis registry, keyed by format (``axis-agencies`` and so on).

        See :func:`vndoc.routing.axis.merge_axis`. Raises as :meth:`load` does.
        """
        from vndoc.routing.axis import merge_axis  # noqa: PLC0415 - as for load

        read = merge_axis(answers)
        return cls.of(read.agencies, info=info or read.info, strict=strict, found=read.findings, rows=read.rows)

    def changed(
        self,
        changes: Mapping[str, tuple[Agency, ...]],
        *,
        info: TableInfo | None = None,
        groups: Mapping[str, Group] | None = None,
        strict: bool = True,
        found: tuple[Finding, ...] = (),
    ) -> RoutingTable:
        """Return a new table in which each code of *changes* leads to what is given there (nothing: removed).

        Only what changed, and what refers to it, is checked again. Raises as :meth:`of` does.
        """
        fresh = [agency for agencies in changes.values() for agency in agencies]
        for code, agencies in changes.items():
            if any(agency.code != code for agency in agencies):
                raise TableError("change-invalid", detail=_OTHER_CODE.filled(code=shorten(code)))
        bodies, aliases = dict(self._bodies), dict(self._aliases)
        touched = set(changes) | {finding.code for finding in self.findings if not finding.is_of_source}
        gone = [agency for code in changes for agency in bodies_of(bodies.get(code))]
        touched.update([alias.code for agency in (*gone, *fresh) for alias in agency.aliases])
        total = self._sum - take(bodies, aliases, changes) + put(bodies, aliases, fresh)
        # what refers to a code can only be wrong if the periods under it are others
        moved = {code for code in changes if _periods(bodies.get(code)) != _periods(self._bodies.get(code))}
        naming = renamed(self._naming, self._bodies, changes)
        focus: dict[int, Agency] = {}
        for code in touched.union(*[naming.get(code, ()) for code in moved]):
            for agency in bodies_of(bodies.get(code)):
                focus[id(agency)] = agency
            for _, agency in aliases.get(code, ()):
                focus[id(agency)] = agency
        ordered = sorted(focus.values(), key=lambda a: (a.code, a.valid_from))
        named = dict(self.groups if groups is None else groups)
        kept = tuple(f for f in self.findings if f.is_of_source and f.code not in changes)
        findings = (*kept, *found, *check(bodies, aliases, ordered), *check_groups(named, bodies, aliases))
        indexes = (bodies, aliases, naming)
        return self._made(info or self.info, named, findings, indexes, total % MODULUS, strict=strict)

    # -- asking ------------------------------------------------------------------------------------

    def resolve(
        self,
        code: str | OrganCode,
        *,
        at: datetime.date,
        meant_at: datetime.date | None = None,
        kind: str | None = None,
        policy: Policy = CAUTIOUS,
    ) -> Resolution:
        """Return where mail to *code* goes when it is delivered on the day *at*, and why.

        *meant_at* is the day on which the address was valid in the sender's eyes (default *at*): codes are given
        again to other bodies. *kind* is the kind of document, for delegations that are limited to some.
        *policy* says which guesses are wanted. Any text gets an answer.

        Raises :class:`~vndoc.errors.UsageError` where a date is no :class:`datetime.date`, *code* or *kind* no text or
        *policy* no :class:`Policy`.
        """
        # The straight way, which most codes go: the engine below would come to the same, and refuses what is no answer.
        try:
            hit = self._bodies.get(code)  # type: ignore[arg-type]
        except TypeError:  # what cannot be looked up is no text
            hit = None
        if (
            type(hit) is Agency
            and (meant_at is None or meant_at is at)
            and type(at) is _DATE
            and hit.valid_from <= at <= hit.valid_to
            and at >= self._begins
            and hit.connection is _CONNECTED
            and not hit.delegations
            and (kind is None or type(kind) is str)
            and type(policy) is Policy
        ):
            how = self._direct if kind is None else How(Reason.EXACT, kind=kind, carrier=self.info.carrier)
            return answered(hit.code, at, hit, how)
        return resolve(self._bodies, self._aliases, self.info, code, at=at, meant_at=meant_at, kind=kind, policy=policy)

    def plan(
        self,
        recipients: Iterable[str | OrganCode],
        *,
        at: datetime.date,
        meant_at: datetime.date | None = None,
        kind: str | None = None,
        own_system: str | OrganCode | None = None,
        trace: Iterable[str | OrganCode] = (),
        exclude: Iterable[str | OrganCode] = (),
        policy: Policy = CAUTIOUS,
    ) -> Plan:
        """Return, for each of *recipients*, where its copy goes and why, and what to submit to which carrier.

        Recipients and *exclude* are codes, or groups written ``@name`` or ``@name:CODE``, taken as they were at
        *meant_at*. *own_system* is the connected system we are, or an agency behind it; *trace* names the hops the
        packet has made before it came to us, systems or agencies, the sender's first; :mod:`vndoc.routing.loops` says
        when they stop it. Exclusions hold for everybody whom the mail goes through: the agency meant, its successors
        and delegates. The other arguments are those of :meth:`resolve`, and so are the errors; an excluded group that
        contains itself or is too large is one as well.
        """
        return make_plan(
            self, recipients, at=at, meant_at=meant_at, kind=kind, own_system=own_system, trace=trace, exclude=exclude,
            policy=policy,
        )  # fmt: skip

    def search(self, query: str, *, limit: int = 20) -> tuple[Match, ...]:
        """Return the agencies that fit *query* best: names without accents, abbreviations, present and former codes.

        The first call builds an index (some seconds for 100,000 agencies), which later calls share.

        Raises :class:`~vndoc.errors.UsageError` where *query* is no text or *limit* no whole number.
        """
        for name, given, type_ in (("query", query, str), ("limit", limit, int)):
            need(name, given, type_)
        if not self._search:
            self._search.append(SearchIndex(self))
        return self._search[0].search(query, limit=limit)

    # -- looking -----------------------------------------------------------------------------------

    @property
    def version(self) -> str:
        """Return the version that the source of the table gives itself."""
        return self.info.version

    @property
    def digest(self) -> str:
        """Return 64 hexadecimal digits that identify the whole content, whatever order it came in."""
        told = repr((attrs.astuple(self.info), sorted(attrs.astuple(g) for g in self.groups.values()))).encode()
        return hashlib.sha256(told + self._sum.to_bytes(256, "little")).hexdigest()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[Agency]:
        """Yield every agency of every period, by code and period."""
        for code in sorted(self._bodies):
            yield from bodies_of(self._bodies[code])

    def __contains__(self, code: object) -> bool:
        return code in self._bodies

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RoutingTable):
            return NotImplemented
        return self.info == other.info and self.groups == other.groups and self._bodies == other._bodies

    def __hash__(self) -> int:
        return hash(self.digest)

    def __copy__(self) -> RoutingTable:
        return self

    def __deepcopy__(self, memo: object) -> RoutingTable:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return RoutingTable._again, (self.info, dict(self.groups), self.findings, tuple(self))

    def __repr__(self) -> str:
        return f"RoutingTable(version={self.version!r}, codes={len(self._bodies)}, digest={self.digest[:12]!r})"

    @property
    def bodies(self) -> BodyView:
        """Return a view of the index by code, for the modules of this package and for statistics."""
        return MappingProxyType(self._bodies)

    @property
    def aliases(self) -> AliasView:
        """Return a view of the index by other code, as :attr:`bodies`."""
        return MappingProxyType(self._aliases)

    @property
    def naming(self) -> Mapping[str, AbstractSet[str]]:
        """Return a view of which codes name a code as parent, successor or delegate, as :attr:`bodies`."""
        return MappingProxyType(self._naming)

    def periods(self, code: str) -> tuple[Agency, ...]:
        """Return every agency that has or had *code*, in the order of time; empty for an unknown code."""
        return bodies_of(self._bodies.get(code))

    def agency(self, code: str, *, on: datetime.date) -> Agency | None:
        """Return the agency under *code* (or under it as an alias) on the day *on*; None unless there is exactly one.

        Nothing is followed: for that, :meth:`resolve`.
        """
        check_day(on, "on")
        code = check_code(code)
        entry, pairs = self._bodies.get(code), self._aliases.get(code)
        if entry is not None:
            fit, found = pick(entry, on)
            if fit is Fit.VALID:
                return found[0] if len(found) == 1 else None
        if pairs is not None:
            fit, named = pick_alias(pairs, on)
            if fit is Fit.VALID and len(named) == 1:
                return named[0][1]
        return None

    def members(self, group: str, *, on: datetime.date, policy: Policy = CAUTIOUS) -> tuple[str, ...] | Reason:
        """Return the codes in *group* (``@name`` or ``@name:CODE``) on the day *on*, sorted, or why there are none."""
        check_day(on, "on")
        return expand(self, check_code(group), on=on, size=check_policy(policy).group_size)

    def successors(self, agency: Agency) -> tuple[Agency, ...]:
        """Return the agencies of this table that took over from *agency*, in the order of the data."""
        return tuple(found for s in agency.successors for found in heir(self._bodies, agency, s))


def _periods(entry: Bodies | None) -> list[tuple[datetime.date, datetime.date]]:
    return [(agency.valid_from, agency.valid_to) for agency in bodies_of(entry)]
