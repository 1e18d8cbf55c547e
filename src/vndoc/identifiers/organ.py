"""Organ codes (mã định danh cơ quan) of both schemes: what kind of code a text is, and the tree it stands in.

Two schemes travel in the same header today. The *old* one (QCVN 102:2016) has four groups, the most local
first: ``000.03.15.H51``. The *present* one (Decision 20/2020/QD-TTg) has the most general first and no fixed
depth: ``H51.15.03``. Enterprises, other organisations and the connected systems of the axis have forms of
their own, and a fair number of codes in use obey no rule at all.

So :class:`OrganCode` takes any text and carries it unchanged; what it is, it says when asked.
:meth:`OrganCode.parse` is the strict door for what vndoc originates.
"""

from __future__ import annotations

import enum
import functools
import re
from typing import Self

import attrs

from vndoc.errors import IdentifierError
from vndoc.identifiers.conversion import OLD_WIDTHS, RULES, converted
from vndoc.text import Text, shorten

__all__ = ["MAX_ORGAN_CODE", "Candidate", "OrganCode", "OrganKind", "same_numbers"]

MAX_ORGAN_CODE = 35
"""Longest organ code, in characters (Decision 20/2020 Art 4; amendment SD1:2022)."""


class OrganKind(enum.Enum):
    """The kinds of organ codes, told apart by form alone."""

    QCVN_2016 = "qcvn-2016"
    """Old scheme, ``000.00.00.H49``: 3 + 2 + 2 digits and level 1, 13 characters. [reg: QCVN 102:2016]"""

    QD20 = "qd20"
    """Present scheme, ``H49`` or ``H55.242``: level 1 and any number of groups. [reg: Decision 20/2020 Art 4]"""

    ENTERPRISE = "enterprise"
    """Business registration number. [reg: Decision 20/2020 Art 5]; the widths are [inferred]: 10 digits, with
    ``-001`` for a branch, or 12 digits where a personal number serves as one (household businesses)."""

    OTHER_ORGANISATION = "other-organisation"
    """``Zxy`` and 1 to 32 characters of the scheme ``Zxy``. [reg: Decision 20/2020 Art 6]; that at least one
    character follows, and no empty group, is [inferred]."""

    SYSTEM = "system"
    """A connected system or axis centre, ``00.53.W00``; the order of groups may be either. [practice: Bkav, VXP SDK]"""

    IRREGULAR = "irregular"
    """Anything else that is received: empty, ``null``, ``vxp.saas.03``, ``000.A53.000``, ``28.22.H17``."""


_TREES = frozenset({OrganKind.QCVN_2016, OrganKind.QD20})
_NUMBERED = _TREES | {OrganKind.SYSTEM}

_LEVEL1 = "[A-Y](?!00)[0-9]{2}"
_FORMS: tuple[tuple[OrganKind, re.Pattern[str]], ...] = (
    (OrganKind.SYSTEM, re.compile(r"(?:[0-9]{1,3}\.){0,3}W00|W00(?:\.[0-9]{1,3}){1,3}")),
    (OrganKind.QCVN_2016, re.compile(rf"[0-9]{{3}}\.[0-9]{{2}}\.[0-9]{{2}}\.{_LEVEL1}")),
    (OrganKind.QD20, re.compile(rf"{_LEVEL1}(?:\.[0-9A-Z]+)*")),
    (OrganKind.ENTERPRISE, re.compile(r"[0-9]{10}(?:-[0-9]{3})?|[0-9]{12}")),
    (OrganKind.OTHER_ORGANISATION, re.compile(r"Z(?!00)[0-9]{2}[0-9A-Z]+(?:\.[0-9A-Z]+)*")),
)

_TOO_LONG = Text("dài hơn 35 ký tự", "it has more than 35 characters")
_MIDDLE_ZERO = Text(
    "cấp giữa là 00 trong khi cấp dưới khác 0",
    "a level in the middle is 00 although a deeper one is not zero",
)
_UNKNOWN_FORM = Text("không thuộc dạng mã nào đã biết", "it has none of the known forms")
_FAULTS: tuple[tuple[str, Text], ...] = (
    (r"\A\Z", Text("mã rỗng", "it is empty")),
    (r"[\s\x00-\x1f\x7f]", Text("có khoảng trắng hoặc ký tự điều khiển", "it has white space or controls")),
    (r"[a-z]", Text("có chữ thường", "it has lower-case letters")),
    (r"[^0-9A-Z.-]", Text("có ký tự ngoài 0-9, A-Z và dấu chấm", "only 0-9, A-Z and dots are allowed")),
    (r"\A\.|\.\.|\.\Z", Text("có nhóm rỗng", "it has an empty group")),
    (
        r"(?:\A|\.)[A-Y]00\Z|\A[A-Y]00\.|\AZ00",
        Text("mã cấp 1 hoặc mã lược đồ có số 00", "the number of level 1, or of the scheme, is 00"),
    ),
    (r"\AZ[0-9]{2}\Z", Text("chỉ có mã lược đồ Zxy", "it is the code of a scheme Zxy, of no organisation")),
    (
        r"\A(?:[0-9A-Z]+\.)+[A-Y][0-9]{2}\Z",
        Text("mã theo QCVN 102:2016 phải có dạng 000.00.00.X00", "a code of the old scheme has the form 000.00.00.X00"),
    ),
)
"""Why a code is irregular: the first pattern that is found gives the reason."""


@attrs.frozen
class _Form:
    kind: OrganKind
    groups: tuple[str, ...] = ()
    fault: Text | None = None


_OVERLONG = _Form(OrganKind.IRREGULAR, fault=_TOO_LONG)


def _classify(text: str) -> _Form:
    return _OVERLONG if len(text) > MAX_ORGAN_CODE else _classify_short(text)


@functools.lru_cache(maxsize=8192)
def _classify_short(text: str) -> _Form:
    for kind, pattern in _FORMS:
        if pattern.fullmatch(text):
            return _regular(kind, text)
    for sought, fault in _FAULTS:
        if re.search(sought, text):
            return _Form(OrganKind.IRREGULAR, fault=fault)
    return _Form(OrganKind.IRREGULAR, fault=_UNKNOWN_FORM)


def _regular(kind: OrganKind, text: str) -> _Form:
    if kind not in _NUMBERED:
        return _Form(kind, (text,))
    groups = text.split(".")
    if kind is OrganKind.QD20:
        return _Form(kind, tuple(groups))
    if not text.startswith("W"):
        groups.reverse()
    while not groups[-1].strip("0"):
        groups.pop()
    middle_zero = kind is OrganKind.QCVN_2016 and any(not g.strip("0") for g in groups)
    return _Form(kind, tuple(groups), _MIDDLE_ZERO if middle_zero else None)


def _shown(text: str) -> str:
    return repr(shorten(text))


@attrs.frozen
class OrganCode:
    """The code of an agency, an enterprise, another organisation or a connected system.

    *text* is kept exactly as it was received; making a value never fails and costs next to nothing.
    Equality and hash go by the text: ``H41`` and ``000.00.00.H41`` are different codes, and only a routing
    table may say that they name one body. ``str()`` gives the text; ``repr()`` masks citizen numbers.

    Source: QCVN 102:2016, Decision 20/2020/QD-TTg Art 4-6, practice for ``W00``.

    >>> OrganCode("000.03.15.H51").groups
    ('H51', '15', '03')
    """

    text: str = attrs.field(repr=_shown)

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the code in *text* without surrounding white space. Never fails."""
        return cls(text.strip())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the code in *text*, which must obey the rules of its scheme to the letter.

        Meant for codes that we originate. Every :class:`OrganKind` but ``IRREGULAR`` passes; ask for
        :attr:`kind` where only an agency will do. Nothing is stripped or changed.

        Raises :class:`~vndoc.errors.IdentifierError` ``organ-code-invalid`` saying which rule is broken.
        """
        code = cls(text)
        if (fault := code.irregularity) is not None:
            raise IdentifierError("organ-code-invalid", found=text, detail=fault)
        return code

    def __str__(self) -> str:
        return self.text

    @property
    def kind(self) -> OrganKind:
        """Return the kind of the code."""
        return _classify(self.text).kind

    @property
    def irregularity(self) -> Text | None:
        """Return which rule the code breaks, or None if :meth:`parse` accepts it.

        Every ``IRREGULAR`` code breaks one. So does a code of the old scheme with zero for a level in the
        middle (``001.00.99.H44``): such codes are in use, so it keeps its kind, groups and tree.
        """
        return _classify(self.text).fault

    @property
    def is_regular(self) -> bool:
        """Return whether the code obeys the rules of its scheme, so that :meth:`parse` accepts it."""
        return self.irregularity is None

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the groups as written, the most general first.

        In the old scheme (and in ``00.53.W00``) the trailing groups that are "not used" are left out; a zero
        group above a used one stays. Enterprises and other organisations have one group, irregular
        codes none.
        """
        return _classify(self.text).groups

    @property
    def level(self) -> int | None:
        """Return how deep the code is, 1 for a ministry or province; None unless it is of one of the two schemes."""
        form = _classify(self.text)
        return len(form.groups) if form.kind in _TREES else None

    @property
    def level1(self) -> str | None:
        """Return the level-1 group, such as ``H41``, the same text in both schemes; None as for :attr:`level`."""
        form = _classify(self.text)
        return form.groups[0] if form.kind in _TREES else None

    @property
    def parent(self) -> OrganCode | None:
        """Return the code one level up, in the same scheme; None at level 1 and where there is no level.

        By form only: that the parent exists is for the routing table to say.
        """
        form = _classify(self.text)
        if form.kind not in _TREES or len(form.groups) == 1:
            return None
        return _written(form.kind, form.groups[:-1])

    @property
    def ancestors(self) -> tuple[OrganCode, ...]:
        """Return all codes above this one in the same scheme, the nearest first."""
        found = []
        code = self.parent
        while code is not None:
            found.append(code)
            code = code.parent
        return tuple(found)

    @property
    def owner(self) -> OrganCode | None:
        """Return the level-1 code, in the same scheme, of the body that issues this code; None as for :attr:`level`."""
        form = _classify(self.text)
        return _written(form.kind, form.groups[:1]) if form.kind in _TREES else None

    def is_ancestor_of(self, other: OrganCode) -> bool:
        """Return whether *other* is below this code, compared group by group (``H1`` is not above ``H10``).

        Codes of different schemes are never related here: which correspond, a table says, not their form.
        """
        mine, theirs = _classify(self.text), _classify(other.text)
        if mine.kind is not theirs.kind or mine.kind not in _TREES:
            return False
        return len(mine.groups) < len(theirs.groups) and theirs.groups[: len(mine.groups)] == mine.groups

    def same_branch(self, other: OrganCode) -> bool:
        """Return whether the codes are equal or one is above the other."""
        return self == other or self.is_ancestor_of(other) or other.is_ancestor_of(self)

    def candidates(self) -> tuple[Candidate, ...]:
        """Return what the code may look like in the other scheme: **never use this for routing**.

        The mapping between the schemes is a table kept by the axis (``oldCode``, ``code102``); agencies were
        merged, closed and renumbered, and peers disagree on leading zeros. A candidate is for finding
        a likely row in such a table, and for showing to people. Sending a document to a candidate
        may deliver it to the wrong body.

        From the old scheme: the groups as published (``H53.01``), then as a wide-spread gateway computes
        them (``H53.1``), where that differs. From the present scheme: one code, where each group is a number
        that fits (at most 4 levels; up to 99, the fourth up to 999; not zero). In all other cases nothing.
        """
        form = _classify(self.text)
        if form.kind not in _TREES:
            return ()
        is_old = form.kind is OrganKind.QCVN_2016
        return tuple(
            Candidate(OrganCode(text), rule, RULES[rule]) for rule, text in converted(form.groups, from_old=is_old)
        )


@attrs.frozen
class Candidate:
    """What a code *may* look like in the other scheme: a search hint, never an identity and never a route.

    ``rule`` is a key of :data:`vndoc.identifiers.RULES`, ``note`` its text in both languages.
    """

    code: OrganCode
    rule: str
    note: Text


def same_numbers(one: OrganCode, other: OrganCode) -> bool:
    """Return whether two codes have the same groups when numbers are compared as numbers: **a search hint only**.

    The schemes and leading zeros make no difference (``000.00.01.H53``, ``H53.01``, ``H53.1``). Two codes for which
    this holds may still name different bodies: never route by it. Codes without groups are the same
    only when they are equal. Source: conflict C-02 of the specification.
    """
    first, second = _classify(one.text), _classify(other.text)
    if first.kind not in _NUMBERED or second.kind not in _NUMBERED:
        return one == other
    return [_number(g) for g in first.groups] == [_number(g) for g in second.groups]


def _number(group: str) -> int | str:
    return int(group) if group.isdigit() else group


def _written(kind: OrganKind, groups: tuple[str, ...]) -> OrganCode:
    if kind is OrganKind.QD20:
        return OrganCode(".".join(groups))
    filled = groups[1:] + tuple("0" * width for width in OLD_WIDTHS[len(groups) - 1 :])
    return OrganCode(".".join((*reversed(filled), groups[0])))
