"""The simulated axis without its doors: who is registered, what waits for whom, and the life of each packet.

Pure state: no clock, no randomness, no file and no network. Times are arguments (timezone-aware), ids are counted.
What cannot be done raises :class:`~vndoc.errors.OwnFaultError`; the faces turn it into the words of their protocol.

A submission becomes one copy for each recipient; the copy has a transport id of its own, unrelated to DocumentId, and
goes ``initial`` → ``processing`` → ``done`` or ``fail``. A failed copy is offered again; a done one is final.
Source: practice (VXP SDK); what the real axis does after ``fail`` is not known, so it is an option.
"""

from __future__ import annotations

import datetime
import hashlib
import heapq
import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import attrs

from vndoc.envelope.octets import Octets
from vndoc.testing.axis.records import NEXT, Copy, Event, Happening, Submission, refuse
from vndoc.testing.axis.registry import Agency, System, check_systems
from vndoc.text import Text
from vndoc.transport.base import ItemState, Kind, Settlement

__all__ = ["AxisCore"]

_ID_DIGITS: Final = 24


@attrs.define(eq=False)
class _Life:
    """What is kept of one submission."""

    submission: Submission
    events: list[Event]
    open: int


class AxisCore:
    """The state of the axis. Safe to use from several threads; what it returns are frozen values.

    *offer_again*: a failed copy stays on the list (else it is off it, as a done one). *keep* is how many finished
    submissions are remembered; older ones are forgotten and given to *forget*, unfinished ones never.
    *seed* makes the ids of one axis differ from those of another.
    """

    def __init__(
        self,
        systems: Iterable[System],
        *,
        offer_again: bool = True,
        keep: int = 10_000,
        seed: str = "",
        forget: Callable[[Submission], None] | None = None,
    ) -> None:
        given = tuple(systems)
        check_systems(given)
        self.offer_again = offer_again
        self.keep = keep
        self.version = 0
        """Grows with every change, for pages that watch."""
        self._seed = seed
        self._forget = forget
        self._lock = threading.RLock()
        self._systems = {system.id: system for system in given}
        self._agencies: dict[str, Agency] = {}
        self._names: dict[str, str] = {}
        self._of: dict[str, dict[str, None]] = {}
        self._rows = 0
        self._lives: dict[str, _Life] = {}
        self._copies: dict[str, Copy] = {}
        self._numbers: dict[int, str] = {}
        self._waiting: dict[tuple[str, Kind], dict[str, None]] = {}
        self._finished: dict[str, None] = {}
        self._tally: dict[str, Counter[ItemState]] = {}
        self._known: Counter[tuple[str, str, str]] = Counter()
        self._count = self._delivered = self._taken = 0
        for system in given:
            for agency in system.agencies:
                self._enter(attrs.evolve(agency, system=system.id))

    # -- registry --------------------------------------------------------------------------------

    @property
    def systems(self) -> tuple[System, ...]:
        """Return the connected systems."""
        return tuple(self._systems.values())

    def system(self, id_: str) -> System:
        """Return the system with *id_*. Raises ``carrier-credentials``."""
        try:
            return self._systems[id_]
        except KeyError:
            raise refuse("carrier-credentials", detail=_UNKNOWN_SYSTEM) from None

    def agencies(self, *, deleted: bool = False) -> list[Agency]:
        """Return the address book in the order of entry; with the tombstones if *deleted*."""
        with self._lock:
            return [agency for agency in self._agencies.values() if deleted or not agency.deleted]

    def agency(self, code: str) -> Agency | None:
        """Return the agency that *code*, present or old, names; deleted ones are not found."""
        with self._lock:
            found = self._agencies.get(self._names.get(code, ""))
            return None if found is None or found.deleted else found

    def own_agency(self, system: str, code: str) -> Agency:
        """Return the agency that *code* names if *system* serves it. Raises ``carrier-unknown-sender``."""
        found = self.agency(code)
        if found is None or found.system != system:
            raise refuse("carrier-unknown-sender", sender=code)
        return found

    def register(self, system: str, agency: Agency, at: datetime.datetime) -> Agency:
        """Enter *agency* under *system*, or change the entry that *system* has under its code.

        Raises ``carrier-refused`` where the code belongs to another system or the parent is unknown.
        """
        with self._lock:
            self.system(system)
            parent = self.agency(agency.parent) if agency.parent else None
            if agency.parent and parent is None:
                raise refuse("carrier-refused", detail=_NO_PARENT.filled(code=agency.parent))
            names = {agency.code, agency.old_code or agency.code}
            holders = {self._names[name] for name in names if name in self._names}
            held = [self._agencies[code] for code in holders]
            if any(one.code != agency.code or (not one.deleted and one.system != system) for one in held):
                raise refuse("carrier-refused", detail=_TAKEN.filled(code=agency.code))
            version = held[0].version + 1 if held else 1
            entered = attrs.evolve(
                agency,
                system=system,
                parent=parent.code if parent else None,
                version=version,
                modified=at,
                deleted=False,
                id=held[0].id if held else "",
            )
            return self._enter(entered)

    def remove(self, system: str, code: str, at: datetime.datetime) -> None:
        """Take the agency that *code* names out of the address book; what waits for it can still be fetched."""
        with self._lock:
            found = self.own_agency(system, code)
            self._enter(attrs.evolve(found, deleted=True, version=found.version + 1, modified=at))

    def set_closed(self, code: str, closed: bool, at: datetime.datetime) -> None:
        """Close the agency that *code* names for what comes in, or open it again."""
        with self._lock:
            found = self.agency(code)
            if found is None:
                raise refuse("carrier-unknown-recipient", recipient=code)
            self._enter(attrs.evolve(found, closed=closed, version=found.version + 1, modified=at))

    def _enter(self, agency: Agency) -> Agency:
        if not agency.id:
            self._rows += 1
            agency = attrs.evolve(agency, id=str(self._rows))
        before = self._agencies.get(agency.code)
        if before is not None:
            self._names.pop(before.old_code or "", None)
            del self._of[before.system][agency.code]
        self._of.setdefault(agency.system, {})[agency.code] = None
        self._agencies[agency.code] = agency
        for name in (agency.code, agency.old_code):
            if name:
                self._names[name] = agency.code
        self.version += 1
        return agency

    # -- sending ---------------------------------------------------------------------------------

    def reserve(self) -> int:
        """Return a number for a submission that is still to come; one that is not used is left out."""
        with self._lock:
            self._count += 1
            return self._count

    def submit(
        self,
        system: str,
        *,
        kind: Kind,
        sender: str,
        recipients: Sequence[str],
        content: Octets,
        at: datetime.datetime,
        received: Octets | None = None,
        number: int | None = None,
        subject: str = "",
        notation: str = "",
        times: int = 1,
        lose: bool = False,
        closed: frozenset[str] = frozenset(),
    ) -> Submission:
        """Take over a packet for *recipients*: all of them or none.

        Each recipient gets one copy, however often and under whichever of its codes it is named. *number* is one that
        was reserved, *received* what the sender handed in (default: *content*). *times* over 1
        and *lose* are faults: every copy is delivered so often; or none is, although the receipt is given.
        Recipients in *closed* count as closed. Raises ``carrier-unknown-sender``, ``carrier-unknown-recipient``,
        ``carrier-recipient-closed``, ``carrier-refused`` (nobody to deliver to).
        """
        with self._lock:
            source = self.own_agency(system, sender)
            targets = {found.code: None for found in map(self._target(closed), recipients)}
            if not targets:
                raise refuse("carrier-refused", detail=_NOBODY)
            number = self.reserve() if number is None else number
            submission = Submission(
                id=self._id("s", number),
                number=number,
                kind=kind,
                system=system,
                sender=source.code,
                recipients=tuple(targets),
                created=at,
                content=content,
                received=content if received is None else received,
                subject=subject,
                notation=notation,
            )
            life = _Life(submission, [Event(at=at, what=Happening.SUBMITTED)], 0)
            self._lives[submission.id] = life
            self._taken += 1
            if lose:  # before it was entered anywhere: the axis does not know it again
                life.events.append(Event(at=at, what=Happening.LOST))
            else:
                self._known.update(_keys(submission))
                copies = [self._deliver(life, code, at) for code in targets for _ in range(times)]
                life.submission = attrs.evolve(submission, copies=tuple(copies))
            self._end_of(life)
            self.version += 1
            return life.submission

    def _target(self, closed: frozenset[str]) -> Callable[[str], Agency]:
        def find(code: str) -> Agency:
            found = self.agency(code)
            if found is None:
                raise refuse("carrier-unknown-recipient", recipient=code)
            if found.closed or not closed.isdisjoint({found.code, found.old_code}):
                raise refuse("carrier-recipient-closed", recipient=code)
            return found

        return find

    def _deliver(self, life: _Life, recipient: str, at: datetime.datetime) -> str:
        self._delivered += 1
        number, of = self._delivered, life.submission
        copy = Copy(
            id=self._id("c", number),
            number=number,
            submission=of.id,
            kind=of.kind,
            sender=of.sender,
            recipient=recipient,
            created=at,
            updated=at,
        )
        self._copies[copy.id] = copy
        self._numbers[number] = copy.id
        self._waiting.setdefault((recipient, of.kind), {})[copy.id] = None
        self._tally.setdefault(recipient, Counter())[copy.state] += 1
        life.open += 1
        life.events.append(Event(at=at, what=Happening.DELIVERED, recipient=recipient, note=copy.id))
        return copy.id

    def _id(self, kind: str, number: int) -> str:
        return hashlib.sha256(f"{self._seed}/{kind}/{number}".encode()).hexdigest()[:_ID_DIGITS]

    # -- receiving -------------------------------------------------------------------------------

    def pending(
        self,
        system: str,
        kind: Kind,
        *,
        recipient: str | None = None,
        since: datetime.datetime | None = None,
        until: datetime.datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[Copy]:
        """Return what waits for *system* (for one of its agencies, if *recipient* names it), oldest first.

        *since* and *until* bound the time of delivery, both included; *limit* is how many copies at most. What is
        settled meanwhile may still be yielded.
        """
        with self._lock:
            found = self._waiting_for(system, kind, recipient)
        return itertools.islice((copy for copy in found if _within(copy.created, since, until)), limit)

    def count(self, system: str, kind: Kind, *, recipient: str | None = None) -> int:
        """Return how many copies wait."""
        with self._lock:
            return sum(len(self._waiting.get((code, kind), ())) for code in self._served(system, recipient))

    def _waiting_for(self, system: str, kind: Kind, recipient: str | None) -> list[Copy]:
        queues = (self._waiting.get((code, kind), {}) for code in self._served(system, recipient))
        numbered = ([(self._copies[id_].number, self._copies[id_]) for id_ in queue] for queue in queues)
        return [copy for _, copy in heapq.merge(*numbered, key=lambda pair: pair[0])]

    def _served(self, system: str, recipient: str | None) -> Iterable[str]:
        return self._of.get(system, ()) if recipient is None else (self.own_agency(system, recipient).code,)

    def copy(self, system: str, id_: str | int, *, recipient: str | None = None) -> Copy:
        """Return the copy with *id_* (its id or its number) if it is for *system*. Raises ``carrier-item-unknown``."""
        with self._lock:
            found = self._copies.get(self._numbers.get(id_, "") if isinstance(id_, int) else id_)
            if found is None or found.recipient not in self._served(system, recipient):
                raise refuse("carrier-item-unknown", item=str(id_))
            return found

    def fetch(self, system: str, id_: str | int, at: datetime.datetime, *, recipient: str | None = None) -> Submission:
        """Return the submission behind a copy, to hand its content out. That takes nothing off the list."""
        with self._lock:
            copy = self.copy(system, id_, recipient=recipient)
            self._copies[copy.id] = attrs.evolve(copy, fetched=copy.fetched + 1)
            life = self._lives[copy.submission]
            if not copy.fetched or copy.state is ItemState.FAIL:
                life.events.append(Event(at=at, what=Happening.FETCHED, recipient=copy.recipient, note=copy.id))
            self.version += 1
            return life.submission

    def settle(
        self,
        system: str,
        id_: str | int,
        settlement: Settlement,
        at: datetime.datetime,
        *,
        recipient: str | None = None,
        note: str = "",
    ) -> Copy:
        """Take the receiver's word on a copy. The same word again does nothing.

        Raises ``carrier-item-unknown``; ``carrier-refused`` for any other word on a copy that is done.
        """
        with self._lock:
            copy = self.copy(system, id_, recipient=recipient)
            state = ItemState(settlement.value)
            if state not in NEXT[copy.state]:
                raise refuse("carrier-refused", detail=_FINAL.filled(item=copy.id))
            if state is copy.state and note == copy.note:
                return copy
            life = self._lives[copy.submission]
            settled = attrs.evolve(copy, state=state, updated=at, note=note)
            self._copies[copy.id] = settled
            life.events.append(Event(at=at, what=Happening(state.value), recipient=copy.recipient, note=note))
            self._tally[copy.recipient].subtract({copy.state: 1})
            self._tally[copy.recipient][state] += 1
            queue = self._waiting[copy.recipient, copy.kind]
            if copy.id in queue and (state is ItemState.DONE or (state is ItemState.FAIL and not self.offer_again)):
                del queue[copy.id]
                life.open -= 1
                self._end_of(life)
            self.version += 1
            return settled

    def _end_of(self, life: _Life) -> None:
        """Remember that a life came to its end, and forget the oldest of those beyond the limit."""
        if life.open:
            return
        self._finished[life.submission.id] = None
        while len(self._finished) > self.keep:
            id_ = next(iter(self._finished))
            del self._finished[id_]
            gone = self._lives.pop(id_).submission
            for copy in gone.copies:
                del self._numbers[self._copies.pop(copy).number]
            for key in _keys(gone) if gone.copies else ():
                self._known[key] -= 1
                if not self._known[key]:
                    del self._known[key]
            if self._forget is not None:
                self._forget(gone)

    def knows(self, sender: str, recipient: str, notation: str) -> bool:
        """Return whether a document with *notation* (number/notation) went from *sender* to *recipient* before."""
        with self._lock:
            return (sender, recipient, notation) in self._known

    # -- looking ---------------------------------------------------------------------------------

    def sent(
        self, system: str, *, kind: Kind | None = None, sender: str | None = None
    ) -> Iterator[tuple[Submission, Copy | None]]:
        """Yield what *system* sent, oldest first, each with each of its copies (None where there is none)."""
        with self._lock:
            found = [life.submission for life in self._lives.values() if life.submission.system == system]
        for submission in found:
            if kind in {None, submission.kind} and sender in {None, submission.sender}:
                copies: list[Copy | None] = [*self.copies_of(submission)]
                yield from ((submission, copy) for copy in copies or [None])

    @property
    def taken_over(self) -> int:
        """Return how many packets the axis ever took over."""
        return self._taken

    def queue(self, code: str, kind: Kind) -> int:
        """Return how many copies wait for the agency *code*."""
        with self._lock:
            return len(self._waiting.get((code, kind), ()))

    def tally(self, code: str) -> Mapping[ItemState, int]:
        """Return how many copies for the agency *code* ever came into each state and stand in it."""
        with self._lock:
            found = self._tally.get(code, Counter())
            return {state: found[state] for state in ItemState}

    def submissions(self, *, before: int | None = None, limit: int | None = None) -> list[Submission]:
        """Return what the axis remembers, newest first: with numbers below *before*, at most *limit*."""
        with self._lock:
            found = (life.submission for life in reversed(self._lives.values()))
            return list(itertools.islice((one for one in found if before is None or one.number < before), limit))

    def submission(self, id_: str) -> Submission | None:
        """Return the submission with *id_*, or None."""
        with self._lock:
            life = self._lives.get(id_)
            return life.submission if life else None

    def copies_of(self, submission: Submission) -> list[Copy]:
        """Return the copies of *submission* as they stand now; those that were forgotten are left out."""
        with self._lock:
            return [self._copies[id_] for id_ in submission.copies if id_ in self._copies]

    def events(self, submission: Submission) -> list[Event]:
        """Return what happened to *submission*, in order."""
        with self._lock:
            life = self._lives.get(submission.id)
            return list(life.events) if life else []


def _keys(submission: Submission) -> list[tuple[str, str, str]]:
    """Return under what a document is known again; nothing for a status."""
    if submission.kind is Kind.STATUS or not submission.notation:
        return []
    return [(submission.sender, recipient, submission.notation) for recipient in submission.recipients]


def _within(moment: datetime.datetime, since: datetime.datetime | None, until: datetime.datetime | None) -> bool:
    return (since is None or since <= moment) and (until is None or moment <= until)


_UNKNOWN_SYSTEM = Text("hệ thống không có trong danh bạ", "the system is not registered")
_NO_PARENT = Text("không có cơ quan cấp trên {code}", "there is no parent agency {code}")
_TAKEN = Text("mã {code} thuộc hệ thống khác", "the code {code} belongs to another system")
_NOBODY = Text("gói tin không có nơi nhận", "the packet names no recipient")
_FINAL = Text("gói tin {item} đã hoàn tất", "the item {item} is done")
