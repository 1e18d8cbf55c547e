"""What lies in the folder ``incoming/`` of a spool: copies that are whole, and strays."""

from __future__ import annotations

import datetime
import enum
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from vndoc.transport._files import PARTIAL, read_small
from vndoc.transport._sidecar import MAX_BYTES, NAME, Sidecar, parsed
from vndoc.transport.base import Kind


class StrayReason(enum.Enum):
    """Why something in ``incoming/`` is not offered."""

    FOREIGN = "foreign"
    """It has no name of this spool, or is no plain file."""
    INCOMPLETE = "incomplete"
    """One of the two files is missing, or the content is shorter than it should be: it may be on its way."""
    DAMAGED = "damaged"
    """The sidecar cannot be read, or the content is longer than it should be."""
    MISADDRESSED = "misaddressed"
    """It is for an agency that is not of this system."""
    CONFLICT = "conflict"
    """A copy of this name, but with other content, was done before."""


@attrs.frozen(kw_only=True)
class Stray:
    """One file in ``incoming/`` that is not offered: its name, why, and when it was last written."""

    name: str
    reason: StrayReason
    modified: datetime.datetime


@attrs.frozen(kw_only=True)
class Copy:
    """A copy that is whole. ``failed``: it was offered before, and failed."""

    sidecar: Sidecar
    failed: bool


@attrs.frozen(kw_only=True)
class Rest:
    """What is left of a copy whose sidecar lies in *folder*: moving was interrupted, or the courier came again."""

    name: str
    folder: Path


@attrs.frozen
class Listing:
    """The folder ``incoming/``, those of what was settled, and the codes of this system."""

    incoming: Path
    done: Path
    failed: Path
    codes: Sequence[str]

    def walk(self, kind: Kind | None) -> Iterator[Copy | Rest | Stray]:
        """Yield what is there now, the oldest first; with *kind*, only copies of that kind. Raises :class:`OSError`."""
        with os.scandir(self.incoming) as entries:
            there = {entry.name for entry in entries}
        for name in sorted(there):
            if name.startswith(".") or name.endswith(PARTIAL):
                continue
            stem, _, ending = name.rpartition(".")
            match = NAME.fullmatch(stem)
            found: Copy | Rest | Stray | None = None
            if match is None or ending not in {"json", "edxml", "fail"}:
                found = self._stray(name, StrayReason.FOREIGN)
            elif ending == "json" and kind in {None, Kind(match[2])}:
                found = self._copy(stem, f"{stem}.fail" in there)
            elif ending == "edxml" and f"{stem}.json" not in there:
                found = self._alone(stem)
            if found is not None:
                yield found

    def _copy(self, stem: str, failed: bool) -> Copy | Rest | Stray | None:
        name = f"{stem}.json"
        try:
            data = read_small(self.incoming / name, MAX_BYTES)
        except FileNotFoundError:
            return None  # settled meanwhile
        except OSError:
            return self._stray(name, StrayReason.DAMAGED)
        sidecar = None if data is None else parsed(data, stem)
        if sidecar is None:
            return self._stray(name, StrayReason.DAMAGED)
        if sidecar.recipient not in self.codes:
            return self._stray(name, StrayReason.MISADDRESSED)
        before = _read(self.done, stem)
        if before is not None:
            same = before.sha256 == sidecar.sha256
            return Rest(name=stem, folder=self.done) if same else self._stray(name, StrayReason.CONFLICT)
        size = self._size(stem)
        if size == sidecar.size:
            return Copy(sidecar=sidecar, failed=failed)
        return self._stray(name, StrayReason.DAMAGED if size > sidecar.size else StrayReason.INCOMPLETE)

    def _alone(self, stem: str) -> Rest | Stray | None:
        """Tell what content without a sidecar is: brought first, or left behind."""
        for folder in (self.done, self.failed):
            sidecar = _read(folder, stem)
            if sidecar is not None and sidecar.size == self._size(stem):
                return Rest(name=stem, folder=folder)
        return self._stray(f"{stem}.edxml", StrayReason.INCOMPLETE)

    def _size(self, stem: str) -> int:
        try:
            return (self.incoming / f"{stem}.edxml").lstat().st_size
        except FileNotFoundError:
            return -1

    def _stray(self, name: str, reason: StrayReason) -> Stray | None:
        try:
            modified = (self.incoming / name).lstat().st_mtime
        except FileNotFoundError:
            return None
        return Stray(name=name, reason=reason, modified=datetime.datetime.fromtimestamp(modified, datetime.UTC))


def _read(folder: Path, stem: str) -> Sidecar | None:
    try:
        return parsed(read_small(folder / f"{stem}.json", MAX_BYTES) or b"", stem)
    except FileNotFoundError:
        return None
