"""What can be wrong with the content of a routing table: one table of checks, all findings reported together.

An error makes a strict load fail. Whoever loads with ``strict=False`` gets the table all the same, with its
findings: resolution stays total over any data and answers *conflict*, *loop* or *not in the table* where
it meets the fault.
"""

from __future__ import annotations

import datetime
import enum
import itertools
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

import attrs

from vndoc.identifiers import MAX_ORGAN_CODE
from vndoc.routing._cycles import above_of, find_cycle, onward_of, window
from vndoc.routing._index import AliasIndex, BodyIndex, bodies_of, has_gap, heir
from vndoc.routing.groups import STANDARD_GROUPS
from vndoc.routing.model import LAST, Agency, Alias, Delegation, Group
from vndoc.text import Lang, Text, shorten

__all__ = ["CHECKS", "MAX_FINDINGS", "Check", "CheckRow", "Finding", "check", "check_groups", "repeated_groups"]

_ONE_DAY = datetime.timedelta(days=1)
_OF_SOURCE = frozenset(
    {
        "row-unreadable",
        "value-invalid",
        "name-not-nfc",
        "unit-date-unknown",
        "unit-repeated",
        "code-contested",
        "unit-ids-differ",
        "new-code-of-another",
        "group-repeated",
    }
)

_FEW_LEVELS = 8

MAX_FINDINGS = 1_000
"""Most findings reported for one table; the error's ``count`` still counts all errors up to here."""


class Check(enum.Enum):
    """What a finding is about."""

    ROW = "row-unreadable"
    VALUE = "value-invalid"
    CODE = "code-invalid"
    NAME = "name-invalid"
    NAME_NFD = "name-not-nfc"
    PERIOD = "period-reversed"
    OVERLAP = "periods-overlap"
    PARENT = "parent-missing"
    PARENT_CYCLE = "parent-cycle"
    SUCCESSOR = "successor-missing"
    SUCCESSOR_OPEN = "successor-of-open-agency"
    SUCCESSOR_GAP = "gap-before-successor"
    DELEGATE = "delegate-missing"
    DELEGATES = "delegations-overlap"
    CYCLE = "succession-cycle"
    ALIAS = "alias-duplicate"
    ALIAS_CODE = "alias-is-code"
    GROUP = "group-member-missing"
    GROUP_CYCLE = "group-contains-itself"
    GROUP_TWICE = "group-repeated"
    UNIT_DATE = "unit-date-unknown"
    UNIT_TWICE = "unit-repeated"
    UNIT_CODE = "code-contested"
    UNIT_ID = "unit-ids-differ"
    UNIT_LINK = "new-code-of-another"


@attrs.frozen
class CheckRow:
    """One check: whether a finding is an error, and its text."""

    is_error: bool
    text: Text


def _error(vi: str, en: str) -> CheckRow:
    return CheckRow(is_error=True, text=Text(vi, en))


def _warning(vi: str, en: str) -> CheckRow:
    return CheckRow(is_error=False, text=Text(vi, en))


CHECKS: Mapping[Check, CheckRow] = MappingProxyType(
    {
        Check.ROW: _error("dòng không đọc được: {detail}", "the row cannot be read: {detail}"),
        Check.VALUE: _error("cột {field}: {found} không hợp lệ", "column {field}: {found} is not valid"),
        Check.CODE: _error(
            "mã {found} rỗng, quá dài, bắt đầu bằng @ hoặc có ký tự điều khiển, khoảng trắng ở đầu hay cuối",
            "the code {found} is empty, too long, starts with @, or has controls or surrounding blanks",
        ),
        Check.NAME: _error("tên có ký tự điều khiển", "the name has control characters"),
        Check.NAME_NFD: _warning("tên không ở dạng NFC; đã chuyển", "the name was not in Unicode form C; converted"),
        Check.PERIOD: _error(
            "ngày bắt đầu {start} sau ngày kết thúc {end}", "the period starts on {start}, after its end {end}"
        ),
        Check.OVERLAP: _error(
            "trùng thời gian hiệu lực với dòng {other}", "the validity overlaps with that of row {other}"
        ),
        Check.PARENT: _error(
            "cấp trên {to} không có trong danh mục cùng thời gian", "the parent {to} is not in the table in that period"
        ),
        Check.PARENT_CYCLE: _error("quan hệ cấp trên quay vòng qua {to}", "the parents form a cycle through {to}"),
        Check.SUCCESSOR: _error(
            "nơi kế thừa {to} không có trong danh mục sau ngày đóng",
            "the successor {to} is not in the table after the closing day",
        ),
        Check.SUCCESSOR_OPEN: _warning(
            "có nơi kế thừa nhưng không có ngày kết thúc", "there is a successor but no last day"
        ),
        Check.SUCCESSOR_GAP: _warning(
            "nơi kế thừa {to} chỉ bắt đầu từ {start}, có khoảng trống sau ngày đóng {end}",
            "the successor {to} begins on {start} only, there is a gap after the closing day {end}",
        ),
        Check.DELEGATES: _error(
            "cùng lúc ủy quyền cho {to} và {other}", "{to} and {other} are delegates for the same days and kinds"
        ),
        Check.DELEGATE: _error(
            "nơi được ủy quyền {to} không có trong danh mục", "the delegate {to} is not in the table"
        ),
        Check.CYCLE: _error(
            "kế thừa hoặc ủy quyền quay vòng qua {to}", "successors or delegations form a cycle through {to}"
        ),
        Check.ALIAS: _error(
            "mã khác {to} cũng là mã khác của dòng {other}", "the alias {to} is also one of row {other}"
        ),
        Check.ALIAS_CODE: _error(
            "mã khác {to} cùng lúc là mã của dòng {other}", "the alias {to} is at the same time the code of row {other}"
        ),
        Check.GROUP: _warning("nhóm {group}: không có {to}", "group {group}: there is no {to}"),
        Check.GROUP_CYCLE: _warning(
            "nhóm {group} chứa chính nó, hoặc chứa một nhóm như vậy",
            "group {group} contains itself, or a group that does",
        ),
        Check.GROUP_TWICE: _error(
            "có hai nhóm khác nhau cùng tên {group}", "there are two different groups with the name {group}"
        ),
        Check.UNIT_DATE: _warning(
            "không rõ ngày thay đổi ({found}); dùng ngày nhận",
            "the day of the change is unknown ({found}); day of receipt taken",
        ),
        Check.UNIT_TWICE: _warning(
            "bản ghi {found} lặp lại; lấy phiên bản cao nhất",
            "the unit {found} is repeated; the highest version counts",
        ),
        Check.UNIT_CODE: _error(
            "các id {found} và {other} cùng nhận mã này, không id nào bị xóa",
            "the ids {found} and {other} both claim this code, and neither is deleted",
        ),
        Check.UNIT_ID: _warning(
            "câu trả lời trước ghi id {found}, câu trả lời sau ghi {other}; coi là một cơ quan",
            "one answer has the id {found}, a later one {other}; taken as one agency",
        ),
        Check.UNIT_LINK: _warning(
            "ngay sau ngày {end} mã mới {to} thuộc cơ quan khác; không ghi nơi kế thừa",
            "on the day after {end} the new code {to} belongs to another agency; no successor is recorded",
        ),
    }
)
"""Severity and text of every check."""


@attrs.frozen
class Finding:
    """One thing that is wrong: where, what, and the values the text is filled in with.

    ``row`` counts as in the source (for CSV the line, for JSON lists from 1), None where there is none.
    """

    check: Check
    code: str = ""
    row: int | None = None
    values: tuple[tuple[str, str], ...] = ()

    @property
    def is_of_source(self) -> bool:
        """Return whether it came up while a source was read, so that no check of the table can find it again."""
        return self.check.value in _OF_SOURCE

    @property
    def is_error(self) -> bool:
        """Return whether a strict load fails on it."""
        return CHECKS[self.check].is_error

    def text(self, lang: Lang = "en") -> str:
        """Return the finding as one line in *lang*."""
        where = "" if self.row is None else f"dòng {self.row}: " if lang == "vi" else f"row {self.row}: "
        who = f"{shorten(self.code)}: " if self.code else ""
        shown = {key: shorten(value) for key, value in self.values}
        return where + who + CHECKS[self.check].text.render(lang, **shown)

    @property
    def both(self) -> Text:
        """Return the finding in both languages, to be a part of another text."""
        return Text("{vi}", "{en}").filled(vi=self.text("vi"), en=self.text("en"))

    def to_dict(self) -> dict[str, object]:
        """Return the finding as JSON-able data."""
        return {
            "check": self.check.value,
            "error": self.is_error,
            "code": self.code,
            "row": self.row,
            "values": dict(self.values),
            "text": {"vi": self.text("vi"), "en": self.text("en")},
        }


class Checker:
    """Looks at the agencies in *focus* against the whole indexes; *rows* gives row numbers by ``id`` of an agency."""

    def __init__(self, bodies: BodyIndex, aliases: AliasIndex, rows: Mapping[int, int] | None = None) -> None:
        self._bodies = bodies
        self._aliases = aliases
        self._rows = rows or {}
        self._sound_parents: set[int] = set()
        self._sound: set[int] = set()

    def findings(self, focus: Iterable[Agency]) -> Iterator[Finding]:
        """Yield what is wrong with the agencies in *focus*."""
        bodies, sound = self._bodies, self._sound_parents
        for agency in focus:
            if not _is_plain(agency):
                yield from self._itself(agency)
            if isinstance(bodies[agency.code], tuple):
                yield from self._period(agency)
            if agency.parent and not _stands_plainly(bodies, agency, sound):
                yield from self._parent(agency)
            if agency.successors or agency.delegations:
                yield from self._succession(agency)
            if agency.aliases:
                yield from self._other_codes(agency)

    def _found(self, check: Check, agency: Agency, **values: object) -> Finding:
        shown = tuple((key, str(value)) for key, value in values.items())
        return Finding(check, agency.code, self._rows.get(id(agency)), shown)

    def _row(self, agency: Agency) -> object:
        return self._rows.get(id(agency), agency.code)

    def _itself(self, agency: Agency) -> Iterator[Finding]:
        if not _clean(agency.code):
            yield self._found(Check.CODE, agency, found=agency.code)
        if not all(name.isprintable() for name in (agency.name, *agency.other_names)):
            yield self._found(Check.NAME, agency)
        yield from self._reversed(agency, agency)
        for delegation in agency.delegations:
            yield from self._reversed(agency, delegation)

    def _reversed(self, agency: Agency, dated: Agency | Alias | Delegation) -> Iterator[Finding]:
        if dated.valid_from > dated.valid_to:
            yield self._found(Check.PERIOD, agency, start=dated.valid_from, end=dated.valid_to)

    def _period(self, agency: Agency) -> Iterator[Finding]:
        # each pair is reported once, at the later of the two
        for other in itertools.takewhile(lambda one: one is not agency, self._under(agency.code)):
            if _overlap(agency, other):
                yield self._found(Check.OVERLAP, agency, other=self._row(other))

    def _parent(self, agency: Agency) -> Iterator[Finding]:
        if not any(_overlap(agency, above) for above in self._under(agency.parent)):
            yield self._found(Check.PARENT, agency, to=agency.parent)
            return
        back = find_cycle(self._bodies, agency, self._sound_parents, above_of)
        if back is not None:
            yield self._found(Check.PARENT_CYCLE, agency, to=back.code)

    def _succession(self, agency: Agency) -> Iterator[Finding]:
        if agency.successors and agency.valid_to == LAST:
            yield self._found(Check.SUCCESSOR_OPEN, agency)
        goes_on = bool(agency.delegations)
        for successor in agency.successors:
            found = heir(self._bodies, agency, successor)
            if not found:
                yield self._found(Check.SUCCESSOR, agency, to=successor.code)
            elif has_gap(agency, found[0]):
                start = found[0].valid_from
                yield self._found(Check.SUCCESSOR_GAP, agency, to=successor.code, start=start, end=agency.valid_to)
            goes_on = goes_on or any(after.valid_to < LAST or after.delegations for after in found)
        for delegation in agency.delegations:
            days = window(agency, delegation)
            if not any(a.valid_from <= days[1] and days[0] <= a.valid_to for a in self._under(delegation.to)):
                yield self._found(Check.DELEGATE, agency, to=delegation.to)
        for one, other in itertools.combinations(agency.delegations, 2):
            if _compete(agency, one, other):
                yield self._found(Check.DELEGATES, agency, to=one.to, other=other.to)
        back = find_cycle(self._bodies, agency, self._sound, onward_of) if goes_on else None
        if back is not None:
            yield self._found(Check.CYCLE, agency, to=back.code)

    def _under(self, code: str) -> tuple[Agency, ...]:
        return bodies_of(self._bodies.get(code))

    def _other_codes(self, agency: Agency) -> Iterator[Finding]:
        for alias in agency.aliases:
            if not _clean(alias.code):
                yield self._found(Check.CODE, agency, found=alias.code)
            if alias.valid_from > alias.valid_to:
                yield from self._reversed(agency, alias)
            if len(pairs := self._aliases[alias.code]) > 1:
                yield from self._shared_alias(agency, alias, pairs)
            if alias.code in self._bodies:
                for owner in self._under(alias.code):
                    if owner is not agency and _together(alias, agency, Alias(owner.code), owner):
                        yield self._found(Check.ALIAS_CODE, agency, to=alias.code, other=self._row(owner))

    def _shared_alias(self, agency: Agency, alias: Alias, pairs: tuple[tuple[Alias, Agency], ...]) -> Iterator[Finding]:
        # each pair is reported once, at the later of the two
        for other, owner in itertools.takewhile(lambda pair: pair[0] is not alias or pair[1] is not agency, pairs):
            if owner is not agency and _together(alias, agency, other, owner):
                yield self._found(Check.ALIAS, agency, to=alias.code, other=self._row(owner))


def _is_plain(agency: Agency) -> bool:
    """Return whether there is nothing to find in *agency* alone: the short way for nearly all of them."""
    code = agency.code
    return (
        0 < len(code) <= MAX_ORGAN_CODE
        and code.isascii()
        and " " not in code
        and code[0] != "@"
        and code.isprintable()
        and agency.name.isprintable()
        and agency.valid_from <= agency.valid_to
        and not agency.other_names
        and not agency.delegations
    )


def _stands_plainly(bodies: BodyIndex, agency: Agency, sound: set[int]) -> bool:
    """Return whether the line of parents above *agency* is sound, and remember it in *sound*.

    The short way for nearly all of them: one body under each code, few levels. False says nothing but that
    somebody must look closer.
    """
    line = [id(agency)]
    while agency.parent and len(line) <= _FEW_LEVELS:
        above = bodies.get(agency.parent)
        if not isinstance(above, Agency) or not _overlap(agency, above):
            return False
        if id(above) in sound:
            break
        agency = above
        line.append(id(agency))
    else:
        if agency.parent:
            return False
    sound.update(line)
    return True


def _clean(code: str) -> bool:
    if code.isascii() and " " not in code and code.isprintable():
        return 0 < len(code) <= MAX_ORGAN_CODE and code[0] != "@"
    return (
        0 < len(code) <= MAX_ORGAN_CODE
        and code == code.strip()
        and code[0] != "@"
        and code.isprintable()
        and unicodedata.is_normalized("NFC", code)
    )


def _overlap(one: Agency, other: Agency) -> bool:
    return one.valid_from <= other.valid_to and other.valid_from <= one.valid_to


def _together(one: Alias, owner: Agency, other: Alias, owner2: Agency) -> bool:
    start = max(one.valid_from, owner.valid_from, other.valid_from, owner2.valid_from)
    return start <= min(one.valid_to, owner.valid_to, other.valid_to, owner2.valid_to)


def _compete(agency: Agency, one: Delegation, other: Delegation) -> bool:
    """Return whether both delegations can hold at once, in the same rank, for different delegates."""
    if one.to == other.to or bool(one.kinds) != bool(other.kinds):
        return False
    (start, end), (start2, end2) = window(agency, one), window(agency, other)
    same_kind = not one.kinds or not set(one.kinds).isdisjoint(other.kinds)
    return same_kind and max(start, start2) <= min(end, end2)


def check(
    bodies: BodyIndex, aliases: AliasIndex, focus: Iterable[Agency], rows: Mapping[int, int] | None = None
) -> list[Finding]:
    """Return what is wrong with the agencies in *focus*, at most :data:`MAX_FINDINGS`, in the order of *focus*."""
    found: list[Finding] = []
    for finding in Checker(bodies, aliases, rows).findings(focus):
        found.append(finding)
        if len(found) >= MAX_FINDINGS:
            break
    return found


def check_groups(groups: Mapping[str, Group], bodies: BodyIndex, aliases: AliasIndex) -> list[Finding]:
    """Return which members and exceptions of *groups* name nothing in the table, and which groups contain themselves.

    At most :data:`MAX_FINDINGS`.
    """
    known: Mapping[str, Group] = {**STANDARD_GROUPS, **groups}

    def is_known(member: str) -> bool:
        code = member
        if member.startswith("@"):
            name, colon, code = member[1:].partition(":")
            if name not in known or not colon:
                return name in known
        return code in bodies or code in aliases

    missing = (
        Finding(Check.GROUP, values=(("group", group.name), ("to", member)))
        for group in groups.values()
        for member in (*group.members, *group.exceptions)
        if not is_known(member)
    )
    endless = (Finding(Check.GROUP_CYCLE, values=(("group", name),)) for name in _endless(known))
    return list(itertools.islice(itertools.chain(missing, endless), MAX_FINDINGS))


def repeated_groups(groups: Iterable[Group]) -> list[Finding]:
    """Return which of *groups* have the name of an earlier one that is another: only one can answer to it."""
    named: dict[str, Group] = {}
    twice = (group for group in groups if named.setdefault(group.name, group) != group)
    names = dict.fromkeys(group.name for group in twice)
    return [Finding(Check.GROUP_TWICE, values=(("group", name),)) for name in itertools.islice(names, MAX_FINDINGS)]


def _endless(groups: Mapping[str, Group]) -> list[str]:
    """Return the names of the groups that contain themselves, or a group that does."""
    needs: dict[str, set[str]] = {}
    needed: dict[str, list[str]] = {}
    for name, group in groups.items():
        inner = {member[1:].partition(":")[0] for member in (*group.members, *group.exceptions) if member[:1] == "@"}
        needs[name] = inner & groups.keys()
        for one in needs[name]:
            needed.setdefault(one, []).append(name)
    ready = [name for name, inner in needs.items() if not inner]
    while ready:
        done = ready.pop()
        del needs[done]
        for name in needed.get(done, ()):
            needs[name].discard(done)
            if not needs[name]:
                ready.append(name)
    return list(needs)
