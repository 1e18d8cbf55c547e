"""``vndoc convert``: packets written again under another profile, or as JSON and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO, cast

import attrs
import typer

import vndoc
from vndoc.cli._inputs import STDIN, Input, inputs
from vndoc.cli._options import AsJson, Files, Language, Overwrite, ProfileName, Recover
from vndoc.cli._page import number_text
from vndoc.cli._run import Result, Run, running
from vndoc.cli._target import Draft, SafeFolder
from vndoc.cli._view import content_digest_of
from vndoc.edxml import Profile, profile_of
from vndoc.envelope import DocumentPacket, Packet
from vndoc.errors import ReadError, SourceError, UsageError
from vndoc.limits import DEFAULT
from vndoc.text import Text

__all__ = ["convert"]

_FORMS = ("edxml", "json")
_NO_FORM = Text("--to nhận edxml hoặc json", "--to takes edxml or json")


def convert(
    files: Files,
    output: Annotated[Path, typer.Option("--output", "-o", help="output-folder", show_default=False)],
    profile: ProfileName = "qcvn-102",
    to: Annotated[str, typer.Option("--to", help="to")] = "edxml",
    recover: Recover = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Write each packet again."""
    with running("convert", lang, as_json=as_json) as run:
        if to not in _FORMS:
            raise UsageError("option-invalid", detail=_NO_FORM)
        items = list(inputs(files))
        job = _Job(profile_of(profile), to, output, len(items) > 1 or output.is_dir(), recover, overwrite)
        if job.into_folder:
            SafeFolder(output)
        run.each(items, job.examine, lambda name, result: _show(run, name, result))


@attrs.define(eq=False)
class _Job:
    """What is asked for, and which files were written already."""

    profile: Profile
    form: str
    output: Path
    into_folder: bool
    recover: bool
    overwrite: bool
    written: set[Path] = attrs.field(factory=set)

    def examine(self, item: Input) -> Result:
        """Convert one packet."""
        with self.opened(item) as (packet, before):
            target = self.target(item)
            with Draft(target, overwrite=self.overwrite) as draft:
                again, after = self.write(packet, draft)
                same = _same(packet, again)
                if same:
                    draft.publish()
                    self.written.add(target)
        return {
            "status": "passed" if same else "failed",
            "output": str(target) if same else None,
            "to": self.form,
            "profile": self.profile.name if self.form == "edxml" else None,
            "size": draft.size,
            "same_content": same,
            "signature": _signature(packet, again),
            **_changes(before, after),
        }

    @contextmanager
    def opened(self, item: Input) -> Iterator[tuple[Packet, list[str]]]:
        """Give the packet of *item*, and the ids of its deviations."""
        source = item.check()
        if item.name != STDIN and item.name.lower().endswith(".json"):
            yield vndoc.packet_from_json(_small_file(item.name)), []
            return
        with vndoc.read(source, recover=self.recover) as reading:
            yield reading.packet, [d.id for d in reading.deviations]

    def target(self, item: Input) -> Path:
        """Return the file to write for *item*; never one that this run has written."""
        target = self.output
        if self.into_folder:
            target = target / item.relative.with_suffix(f".{self.form}")
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise SourceError("target-unwritable", name=str(target), detail=error.strerror or str(error)) from error
        if target in self.written:
            raise SourceError("target-exists", name=str(target))
        return target

    def write(self, packet: Packet, draft: Draft) -> tuple[Packet, list[str]]:
        """Write *packet*; return it as read back, and the ids of the deviations of what was written."""
        if self.form == "json":
            text = vndoc.packet_to_json(packet, indent=2) + "\n"
            draft.write(text.encode())
            draft.close()
            return vndoc.packet_from_json(text), []
        vndoc.write_packet(packet, profile=self.profile, to=cast("BinaryIO", draft))
        draft.close()
        with vndoc.read(draft.path) as again:
            return again.packet, [d.id for d in again.deviations]


def _small_file(name: str) -> bytes:
    limit = DEFAULT.packet_bytes
    try:
        with Path(name).open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise SourceError("source-unreadable", name=name, detail=error.strerror or str(error)) from error
    if len(data) > limit:
        raise ReadError("limit-packet-bytes", limit=limit)
    return data


def _same(one: Packet, other: Packet) -> bool:
    if isinstance(one, DocumentPacket) and isinstance(other, DocumentPacket):
        return content_digest_of(one) == content_digest_of(other)
    return one == other


def _signature(before: Packet, after: Packet) -> str:
    """Return what became of the packet's own signature; even where it is kept it may verify no more."""
    if getattr(before, "signature", None) is None:
        return "none"
    return "left-out" if getattr(after, "signature", None) is None else "kept"


def _changes(before: list[str], after: list[str]) -> dict[str, Any]:
    was, now = Counter(before), Counter(after)
    return {"gone": dict(was - now), "remaining": dict(was & now), "new": dict(now - was)}


def _show(run: Run, name: str, result: Result) -> None:
    size = number_text(run, result["size"])
    run.say(run.word("converted", name=name, output=result["output"] or "?", size=size), "bold")
    for key in ("gone", "remaining", "new"):
        if result[key]:
            ids = ", ".join(_times(id_, count) for id_, count in result[key].items())
            run.say(run.word(key, ids=ids))
    if result["signature"] != "none":
        run.say(run.word("signature-" + result["signature"]), "yellow")
    if result["same_content"]:
        run.say(run.word("same"), "dim")
    else:
        run.say(run.word("other"), "bold red")


def _times(id_: str, count: int) -> str:
    return id_ if count == 1 else f"{id_} ({count})"
