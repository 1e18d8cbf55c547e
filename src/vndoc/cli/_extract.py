"""``vndoc extract``: attachments as files, under names that are safe wherever they come from."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

import vndoc
from vndoc.cli._inputs import Input, inputs
from vndoc.cli._options import AsJson, Files, Language, Overwrite, Recover
from vndoc.cli._page import number_text
from vndoc.cli._run import Result, Run, error_dict, running
from vndoc.cli._safe import clean
from vndoc.cli._target import Draft, SafeFolder
from vndoc.envelope import Attachment, DocumentPacket
from vndoc.envelope.octets import CHUNK
from vndoc.errors import AttachmentError, LimitError, SourceError
from vndoc.text import mask, safe_filename

__all__ = ["extract"]

_Advance = Callable[[int], None]


def extract(
    files: Files,
    folder: Annotated[Path, typer.Option("--folder", "-d", help="folder", show_default=False)],
    packed: Annotated[bool, typer.Option("--packed", help="packed")] = False,
    recover: Recover = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Write the attachments of each packet."""
    with running("extract", lang, as_json=as_json) as run:
        items = list(inputs(files))
        job = _Job(run, SafeFolder(folder), len(items) > 1, packed, recover, overwrite)
        run.each(items, job.examine, lambda name, result: _show(run, name, result))


@attrs.define(eq=False)
class _Job:
    """What is asked for."""

    run: Run
    folder: SafeFolder
    many: bool
    packed: bool
    recover: bool
    overwrite: bool

    def examine(self, item: Input) -> Result:
        """Extract the attachments of one packet."""
        with vndoc.read(item.check(), recover=self.recover) as reading:
            packet = reading.packet
            attachments = packet.attachments if isinstance(packet, DocumentPacket) else ()
            folder = self.folder
            if self.many and attachments:
                folder = folder.subfolder(safe_filename(item.relative.stem, fallback="packet"))
            found = [self.one(number, a, folder) for number, a in enumerate(attachments, 1)]
        return {"status": _status(found), "folder": str(folder.path), "attachments": found}

    def one(self, number: int, attachment: Attachment, folder: SafeFolder) -> dict[str, Any]:
        """Extract one attachment; what goes wrong with it is part of the answer."""
        name = safe_filename(attachment.name or "", fallback=f"attachment-{number}")
        if self.packed and attachment.is_wrapped:
            name += ".zip"
        path = folder.place(name)
        shown: dict[str, Any] = {"number": number, "name": None if attachment.name is None else mask(attachment.name)}
        try:
            size, digest = self.write(attachment, path)
        except (AttachmentError, LimitError, SourceError) as error:
            return {**shown, "path": None, "size": None, "sha256": None, "error": error_dict(error)}
        return {**shown, "path": str(path), "size": size, "sha256": digest, "error": None}

    def write(self, attachment: Attachment, path: Path) -> tuple[int, str]:
        """Write the file at *path*, whole or not at all; return its size and SHA-256."""
        octets = attachment.packed if self.packed else attachment.content
        digest = hashlib.sha256()
        with (
            Draft(path, overwrite=self.overwrite) as draft,
            octets.open() as file,
            self.progress(path.name, octets.size) as advance,
        ):
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                draft.write(chunk)
                advance(len(chunk))
            draft.publish()
        return draft.size, digest.hexdigest()

    @contextlib.contextmanager
    def progress(self, name: str, size: int) -> Iterator[_Advance]:
        """Show a bar on the terminal that standard error is; nothing elsewhere, and nothing with ``--json``."""
        if self.run.as_json or not self.run.err.is_terminal:
            yield lambda _: None
            return
        columns = TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn()
        with Progress(*columns, console=self.run.err, transient=True) as bar:
            task = bar.add_task(clean(name), total=size)
            yield lambda count: bar.advance(task, count)


def _status(found: list[dict[str, Any]]) -> str:
    """Return ``error`` where a file could not be written, ``failed`` where an attachment could not be read."""
    codes = {one["error"]["code"] for one in found if one["error"] is not None}
    if any(code.startswith("target-") for code in codes):
        return "error"
    return "failed" if codes else "passed"


def _show(run: Run, name: str, result: Result) -> None:
    if not result["attachments"]:
        run.say(run.word("nothing", name=name), "dim")
    for one in result["attachments"]:
        if one["error"] is None:
            size = number_text(run, one["size"])
            run.say(run.word("extracted", path=one["path"], size=size, sha256=one["sha256"]))
            continue
        text = f"{one['error']['text'][run.lang]} [{one['error']['code']}]"
        run.warn(
            run.word("attachment", name=name, number=one["number"], file=one["name"] or "", text=text), style="red"
        )
