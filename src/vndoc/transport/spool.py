"""Folders as a carrier: for networks that are separated, where a courier (a person, a diode, a script) moves files.

A system has one spool folder::

    outgoing/<code>/    what is to go to the agency <code>; an agency whose folder is not there is unknown
    incoming/           what the courier brought
    done/  failed/      what was settled, and what failed too often
    sent/               what was submitted, so that a repetition is recognised

Each copy is two files: ``<name>.edxml`` and, renamed into place after it, ``<name>.json`` with its kind, sender,
recipient, size and SHA-256. A copy is there when both are, and the first has its size; so a courier may bring them in
any order and any number of times. What begins with a full stop or ends with ``.part`` is being written and passed
over. A file ``CLOSED`` in the folder of an agency closes it. On one network, ``outgoing/<code>`` may be a link to the
other's ``incoming``.

Everything is synced before it is renamed, and the folder after it: a stop of the machine at any point leaves a copy
either whole or not there, and repeating the call completes it. Ids of copies stay the same over all repetitions.

Source: practice (spool folders of mail systems).
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs

from vndoc.envelope.octets import CHUNK
from vndoc.errors import OwnFaultError, PeerFaultError, UsageError
from vndoc.transport._asked import check_kind, check_settlement, listed
from vndoc.transport._files import (
    PARTIAL,
    HeldFile,
    disk,
    link_aside,
    move,
    open_plain,
    publish,
    publish_new,
    read_small,
    sync_folder,
    write_aside,
)
from vndoc.transport._sidecar import CODE, MAX_BYTES, NAME, Sidecar, own_codes, parsed, stamp, written
from vndoc.transport._spool_listing import Copy, Listing, Rest, Stray, StrayReason
from vndoc.transport.base import Features, Item, ItemState, Kind, Outgoing, Receipt, Refusal, Settlement
from vndoc.transport.content import Fetched, pieces

__all__ = ["SpoolTransport", "Stray", "StrayReason"]

_LOG: Final = logging.getLogger(__name__)

_CLOSED: Final = "CLOSED"
_FOLDERS: Final = ("outgoing", "incoming", "done", "failed", "sent")
_REMEMBERED: Final = 1_000
"""Strays that were told once are not told again, as long as there are no more of them."""


def _utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@attrs.frozen(kw_only=True)
class _Sent:
    """What is remembered of a message."""

    name: str
    sha256: bytes
    accepted_at: datetime.datetime
    accepted: tuple[str, ...] = ()


class SpoolTransport:
    """The carrier over the folder *root*, for the system that has *codes*.

    *root* and its folders must be there (:meth:`create`): a spool on a drive that is not mounted is an error, not an
    empty list. *max_failures* is how often an item may fail before it is put into ``failed/`` (None: any number),
    *max_bytes* the largest packet it takes, *clock* gives the time of receipts (aware; default: the system's).

    Folders and files that cannot be used, and a full disk, are ``carrier-storage`` with ``retry`` ``SAFE``.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        codes: Iterable[str],
        *,
        name: str = "spool",
        max_failures: int | None = 5,
        max_bytes: int | None = None,
        clock: Callable[[], datetime.datetime] = _utc_now,
    ) -> None:
        self._root = Path(root)
        self._codes = own_codes(codes)
        self._name = name
        self._max_failures = max_failures
        self._max_bytes = max_bytes
        self._clock = clock
        self._last = datetime.datetime.min.replace(tzinfo=datetime.UTC)
        self._told: set[str] = set()
        self._open = True
        if not self._codes:
            raise OwnFaultError("carrier-configuration", carrier=name, detail="codes")
        if max_failures is not None and max_failures < 1:
            raise OwnFaultError("carrier-configuration", carrier=name, detail="max_failures")

    @staticmethod
    def create(root: str | os.PathLike[str], recipients: Iterable[str] = ()) -> None:
        """Make the folders of a spool at *root*, with one for each of *recipients*; what is there stays.

        Raises :class:`OwnFaultError`: ``carrier-storage``; ``carrier-configuration`` for a code that is no name of a
        folder (letters, digits, ``.``, ``-`` and ``_``, at most 100).
        """
        with disk("spool"):
            for folder in _FOLDERS:
                (Path(root) / folder).mkdir(parents=True, exist_ok=True)
            for code in recipients:
                if not CODE.fullmatch(code):
                    raise OwnFaultError("carrier-configuration", carrier="spool", detail=f"code {code!r}")
                (Path(root) / "outgoing" / code).mkdir(exist_ok=True)

    @property
    def name(self) -> str:
        """Short name for receipts, logs and metrics."""
        return self._name

    @property
    def features(self) -> Features:
        """It fans out and recognises repetitions."""
        return Features(fans_out=True, deduplicates=True, max_bytes=self._max_bytes, concurrent=True)

    # -- sending -----------------------------------------------------------------------------------

    def submit(self, packet: Outgoing, recipients: Sequence[str]) -> Receipt:
        """Write one copy of *packet* for each of *recipients*; a repetition is answered with the earlier receipt.

        The receipt means that the copies are on the disk, synced. Raises :class:`OwnFaultError`:
        ``carrier-recipients-missing``, ``carrier-unknown-sender``, ``carrier-message-reused``, ``carrier-storage``,
        ``carrier-closed``, and what :func:`vndoc.transport.content.pieces` raises.
        """
        self._check()
        recipients = listed(recipients, self._name)
        if packet.sender not in self._codes:
            raise OwnFaultError("carrier-unknown-sender", carrier=self._name, sender=packet.sender)
        with disk(self._name):
            before = self._sent(_key(packet))
            problems = {code: self._problem(code) for code in recipients if not self._has(before, code)}
            refused = [Refusal(recipient=code, code=problem) for code, problem in problems.items() if problem]
            accepted = tuple(code for code in recipients if not problems.get(code))
            sent = self._place(packet, accepted)
            return Receipt(
                carrier=self._name,
                transport_id=sent.name,
                accepted_at=sent.accepted_at,
                accepted=accepted,
                refused=tuple(refused),
            )

    def _has(self, sent: _Sent | None, code: str) -> bool:
        """Return whether *code* got its copy from an earlier attempt, whatever became of the agency since."""
        if sent is None or not CODE.fullmatch(code):
            return False
        return code in sent.accepted or (self._root / "outgoing" / code / f"{sent.name}-{code}.json").exists()

    def _problem(self, code: str) -> str | None:
        folder = self._root / "outgoing" / code if CODE.fullmatch(code) else None
        if folder is None or not folder.is_dir():
            if not (self._root / "outgoing").is_dir():
                raise FileNotFoundError(2, "no such folder", str(self._root / "outgoing"))
            return "carrier-unknown-recipient"
        return "carrier-recipient-closed" if (folder / _CLOSED).exists() else None

    def _place(self, packet: Outgoing, recipients: Sequence[str]) -> _Sent:
        """Bring a copy to each of *recipients* who has none.

        The order makes it safe to stop anywhere: copies are written aside and synced; their name is remembered; then
        content and sidecar get their names; last it is remembered who has one.
        """
        key = _key(packet)
        sent = self._sent(key)
        fresh = sent is None
        if sent is None:
            at = self._now()
            name = f"{stamp(at)}-{packet.kind.value}-{key}"
            sent = _Sent(name=name, sha256=packet.sha256, accepted_at=at)
        elif sent.sha256 != packet.sha256:
            raise OwnFaultError("carrier-message-reused", carrier=self._name, message=packet.message_id)
        missing = [code for code in recipients if code not in sent.accepted]
        if not missing:
            return sent
        with contextlib.ExitStack() as stack:
            staged = self._stage(packet, sent, missing, stack)
            if fresh and not self._remember(key, sent, new=True):
                return self._place(packet, recipients)  # another process was first: its name counts
            for partial, path in staged:
                publish(partial, path)
            for folder in dict.fromkeys(path.parent for _, path in staged):
                sync_folder(folder)
        sent = attrs.evolve(sent, accepted=(*sent.accepted, *missing))
        self._remember(key, sent)
        return sent

    def _stage(
        self, packet: Outgoing, sent: _Sent, recipients: Sequence[str], stack: contextlib.ExitStack
    ) -> list[tuple[Path, Path]]:
        """Write the copies aside and return each partial file with its name, content before sidecar."""
        staged: list[tuple[Path, Path]] = []
        first: Path | None = None
        for code in recipients:
            path = self._root / "outgoing" / code / f"{sent.name}-{code}"
            content, sidecar = path.with_name(f"{path.name}.edxml"), path.with_name(f"{path.name}.json")
            if sidecar.exists():
                continue  # an earlier attempt came that far
            octets = pieces(packet, carrier=self._name, limit=self._max_bytes)
            partial = (first and link_aside(first, content)) or write_aside(content, octets)
            stack.callback(partial.unlink, missing_ok=True)
            first = first or partial
            told = Sidecar(
                name=path.name,
                message_id=packet.message_id,
                kind=packet.kind,
                sender=packet.sender,
                recipient=code,
                size=partial.stat().st_size,
                sha256=packet.sha256,
                created=sent.accepted_at,
            )
            beside = write_aside(sidecar, [written(told)])
            stack.callback(beside.unlink, missing_ok=True)
            staged += [(partial, content), (beside, sidecar)]
        return staged

    def _now(self) -> datetime.datetime:
        """Return the time, later than the last one that was given out: names sort by it."""
        self._last = max(self._clock().astimezone(datetime.UTC), self._last + datetime.timedelta(microseconds=1))
        return self._last

    def _sent(self, key: str) -> _Sent | None:
        try:
            data = read_small(self._root / "sent" / f"{key}.json", 16 * 1024 * 1024)
        except FileNotFoundError:
            return None
        try:
            fields = json.loads(data or b"")
            if NAME.fullmatch(f"{fields['name']}-{self._codes[0]}") is None:
                raise ValueError("no name of a copy")  # noqa: TRY301
            return _Sent(
                name=fields["name"],
                sha256=bytes.fromhex(fields["sha256"]),
                accepted_at=datetime.datetime.fromisoformat(fields["accepted_at"]),
                accepted=tuple(fields["accepted"]),
            )
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            # not ours to throw away: it says what was sent
            raise OwnFaultError("carrier-storage", carrier=self._name, detail=f"sent/{key}.json") from error

    def _remember(self, key: str, sent: _Sent, *, new: bool = False) -> bool:
        path = self._root / "sent" / f"{key}.json"
        fields = {
            "name": sent.name,
            "sha256": sent.sha256.hex(),
            "accepted_at": sent.accepted_at.isoformat(),
            "accepted": sent.accepted,
        }
        partial = write_aside(path, [json.dumps(fields).encode("ascii")])
        if not new:
            publish(partial, path)  # not synced: if this is forgotten, the copies are found, or come again as they were
        elif not publish_new(partial, path):
            return False
        else:
            sync_folder(path.parent)
        return True

    # -- receiving ---------------------------------------------------------------------------------

    def pending(self, kind: Kind) -> Iterator[Item]:
        """Yield what is whole in ``incoming/``, oldest first by the sender's clock.

        The names are read at the first step. What does not belong there stays where it is and is told in the log
        once; see :meth:`strays`. A copy that the courier brought again after it was done is put aside.

        Raises :class:`OwnFaultError`: ``carrier-storage``, ``carrier-closed``.
        """
        self._check()
        check_kind(kind, self._name)
        return self._pending(kind)

    def _pending(self, kind: Kind) -> Iterator[Item]:
        with disk(self._name):
            found_there = self._listing().walk(kind)
        while True:
            with disk(self._name):
                found = next(found_there, None)
            if found is None:
                return
            if isinstance(found, Stray):
                self._tell(found)
            elif isinstance(found, Rest):
                with disk(self._name):
                    self._finish(found.name, found.folder)
            else:
                yield _item(found)

    def strays(self) -> tuple[Stray, ...]:
        """Return what lies in ``incoming/`` and is no copy for this system, sorted by name.

        Raises :class:`OwnFaultError`: ``carrier-storage``, ``carrier-closed``.
        """
        self._check()
        with disk(self._name):
            return tuple(found for found in self._listing().walk(None) if isinstance(found, Stray))

    def _listing(self) -> Listing:
        return Listing(self._root / "incoming", self._root / "done", self._root / "failed", self._codes)

    def _tell(self, stray: Stray) -> None:
        if stray.reason is StrayReason.INCOMPLETE or stray.name in self._told:
            return  # it may be on its way
        if len(self._told) < _REMEMBERED:
            self._told.add(stray.name)
        _LOG.warning("%s: %s in incoming: %s", self._name, stray.reason.value, ascii(stray.name))

    def fetch(self, item: Item) -> Fetched:
        """Return the octets of *item*, after all of them were compared with their digest.

        Raises :class:`OwnFaultError`: ``carrier-item-unknown``, ``carrier-storage``, ``carrier-closed``;
        :class:`PeerFaultError`: ``carrier-content-differs``.
        """
        self._check()
        with disk(self._name):
            sidecar = self._known(item)
            try:
                file = open_plain(self._root / "incoming" / f"{sidecar.name}.edxml")
            except FileNotFoundError as error:
                raise OwnFaultError("carrier-item-unknown", carrier=self._name, item=item.id) from error
            held = HeldFile(file, sidecar.size)
            try:
                if not _matches(held, sidecar) or file.seek(0, os.SEEK_END) != sidecar.size:
                    raise PeerFaultError("carrier-content-differs", carrier=self._name)  # noqa: TRY301
            except BaseException:
                held.close()
                raise
            return Fetched(held, sidecar.sha256, held.close)

    def _known(self, item: Item) -> Sidecar:
        """Return the sidecar of *item*, which waits for this system."""
        sidecar = None
        if NAME.fullmatch(item.id):
            with contextlib.suppress(FileNotFoundError):
                data = read_small(self._root / "incoming" / f"{item.id}.json", MAX_BYTES)
                sidecar = parsed(data or b"", item.id)
        if sidecar is None or sidecar.recipient not in self._codes or sidecar.kind is not item.kind:
            raise OwnFaultError("carrier-item-unknown", carrier=self._name, item=item.id)
        return sidecar

    def settle(self, item: Item, settlement: Settlement) -> None:
        """Move *item* to ``done/``; count a failure, and after *max_failures* move it to ``failed/``.

        ``PROCESSING`` does nothing. Raises :class:`OwnFaultError`: ``carrier-item-unknown`` for an id that is none of
        a spool's, ``carrier-storage``, ``carrier-closed``.
        """
        self._check()
        check_settlement(settlement, self._name)
        if not NAME.fullmatch(item.id):
            raise OwnFaultError("carrier-item-unknown", carrier=self._name, item=item.id)
        with disk(self._name):
            try:
                sidecar = self._known(item)
            except OwnFaultError:
                return  # settled before
            if settlement is Settlement.DONE:
                self._put_away(sidecar.name)
            elif settlement is Settlement.FAIL:
                self._count_failure(sidecar.name)

    def _put_away(self, name: str, folder: str = "done") -> None:
        """Move a copy into *folder*: the sidecar first, for without it there is no copy."""
        incoming, target = self._root / "incoming", self._root / folder
        move(incoming / f"{name}.json", target)
        sync_folder(target)  # should incoming/ remember the sidecar too, then there is a rest to finish
        self._finish(name, target)

    def _finish(self, name: str, target: Path) -> None:
        """Move after it what is left of a copy whose sidecar lies in *target*, or delete it if it is there as well."""
        incoming = self._root / "incoming"
        content = incoming / f"{name}.edxml"
        if (target / content.name).exists():
            content.unlink(missing_ok=True)
        else:
            move(content, target)
        for ending in ("json", "fail"):
            (incoming / f"{name}.{ending}").unlink(missing_ok=True)

    def _count_failure(self, name: str) -> None:
        path = self._root / "incoming" / f"{name}.fail"
        try:
            failures = int(read_small(path, 20) or b"0") + 1
        except (FileNotFoundError, ValueError):
            failures = 1
        if self._max_failures is not None and failures >= self._max_failures:
            self._put_away(name, "failed")
            _LOG.warning("%s: %s failed %d times and was put aside", self._name, name, failures)
            return
        publish(write_aside(path, [b"%d" % failures]), path)

    def purge(self, before: datetime.datetime) -> int:
        """Delete what was settled as done, what is remembered of messages, and partial files, all from before *before*.

        A repetition of a message that is no longer remembered at either end counts as new: keep more than the
        longest time over which a message is repeated. ``failed/`` is left alone. Returns how many files went.

        Raises :class:`UsageError` (``time-zone-missing``) and :class:`OwnFaultError` (``carrier-storage``,
        ``carrier-closed``).
        """
        self._check()
        if before.tzinfo is None:
            raise UsageError("time-zone-missing")
        count = 0
        with disk(self._name):
            folders = [self._root / name for name in ("done", "sent", "incoming")]
            folders += [path for path in (self._root / "outgoing").iterdir() if path.is_dir()]
            for folder in folders:
                whole = folder.name in {"done", "sent"} and folder.parent == self._root
                for path in list(folder.iterdir()):
                    if (whole or path.name.endswith(PARTIAL)) and _older(path, before):
                        path.unlink(missing_ok=True)
                        count += 1
        return count

    def close(self) -> None:
        """Nothing is held open; closing twice does nothing."""
        self._open = False

    def _check(self) -> None:
        if not self._open:
            raise OwnFaultError("carrier-closed", carrier=self._name)

    def __repr__(self) -> str:
        return f"SpoolTransport({str(self._root)!r}, {', '.join(self._codes)})"


def _key(packet: Outgoing) -> str:
    """Return under what *packet* is remembered."""
    named = f"{packet.sender}\0{packet.message_id}"
    return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _item(copy: Copy) -> Item:
    sidecar = copy.sidecar
    return Item(
        id=sidecar.name,
        kind=sidecar.kind,
        sender=sidecar.sender,
        recipient=sidecar.recipient,
        created=sidecar.created,
        state=ItemState.FAIL if copy.failed else ItemState.INITIAL,
    )


def _matches(held: HeldFile, sidecar: Sidecar) -> bool:
    digest = hashlib.sha256()
    with held.open() as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
    return digest.digest() == sidecar.sha256


def _older(path: Path, before: datetime.datetime) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return path.is_file() and path.stat().st_mtime < before.timestamp()
    return False
