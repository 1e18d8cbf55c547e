"""What the story of ``vndoc demo`` is made of: steps, what they share, and what each has to tell."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from contextlib import ExitStack

import attrs

from vndoc.cli._run import Result
from vndoc.cli._target import Draft, SafeFolder
from vndoc.edxml import Reading
from vndoc.envelope import DocumentPacket
from vndoc.text import Text

__all__ = ["Step", "Story", "Told"]


@attrs.define(eq=False)
class Story:
    """What the steps share: the folder they work in, and what they made so far. ``open`` is closed after the last."""

    folder: SafeFolder
    overwrite: bool
    made: DocumentPacket | None = None
    data: bytes = b""
    reading: Reading | None = None
    signing: object = None
    sealed: bytes = b""
    exchange: object = None
    open: ExitStack = attrs.field(factory=ExitStack)

    def save(self, name: str, data: bytes) -> None:
        """Write a file of the story."""
        with Draft(self.folder.path / name, overwrite=self.overwrite) as draft:
            draft.write(data)
            draft.publish()

    @property
    def packet(self) -> DocumentPacket:
        """Return the packet that was built."""
        assert self.made is not None  # noqa: S101 - a step that needs it comes after the one that makes it
        return self.made

    @property
    def again(self) -> Reading:
        """Return the reading of the file that was written."""
        assert self.reading is not None  # noqa: S101 - as above
        return self.reading

    @property
    def day(self) -> datetime.date | None:
        """Return the day of the story: the packet's date of issue, so that it ends the same on any day."""
        issued = self.packet.promulgation_info
        return issued.promulgation_date if issued else None


@attrs.frozen
class Told:
    """What a step has to tell, whether it passed, and a view to show as a page."""

    lines: tuple[Text, ...]
    passed: bool = True
    page: Result | None = None


@attrs.frozen
class Step:
    """One step of the story."""

    title: Text
    act: Callable[[Story], Told]
