"""``vndoc build``: a packet from a description and files, checked before it is written."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import Annotated, BinaryIO, cast

import attrs
import typer

import vndoc
from vndoc.cli._description import check_codes, doubts, load, packet_of, with_document_id
from vndoc.cli._inputs import Input
from vndoc.cli._options import AsJson, Language, Overwrite, ProfileName, Today
from vndoc.cli._page import number_text
from vndoc.cli._run import Result, Run, error_dict, filled, running
from vndoc.cli._target import Draft
from vndoc.cli._template import TEMPLATES, template
from vndoc.cli._validate import report_view, show_report
from vndoc.cli._view import content_digest_of, key_of
from vndoc.edxml import Profile, profile_of
from vndoc.envelope import Packet
from vndoc.errors import UsageError
from vndoc.schema import Report
from vndoc.text import Text

__all__ = ["build", "checked_draft"]

_NO_TEMPLATE = Text("không có bản mẫu {name}; hiện có: {known}", "there is no template {name}; known: {known}")
_NO_OUTPUT = Text("cần bản mô tả và -o", "a description and -o are needed")


def build(
    description: Annotated[str | None, typer.Argument(help="description", show_default=False)] = None,
    files: Annotated[list[str] | None, typer.Argument(help="attached", show_default=False)] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="output", show_default=False)] = None,
    profile: ProfileName = "qcvn-102",
    today: Today = None,
    allow_irregular: Annotated[bool, typer.Option("--allow-irregular", help="allow-irregular")] = False,
    force: Annotated[bool, typer.Option("--force", help="force")] = False,
    overwrite: Overwrite = False,
    kind: Annotated[str | None, typer.Option("--template", help="template", show_default=False)] = None,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Build one packet."""
    with running("build", lang, as_json=as_json) as run:
        if kind is not None:
            _print_template(run, kind)
            return
        if description is None or output is None:
            raise UsageError("option-invalid", detail=_NO_OUTPUT)
        day = None if today is None else today.date()
        job = _Job(profile_of(profile), day, output, allow_irregular, force, overwrite, tuple(files or ()))
        item = Input(name=description, source=description, relative=Path())
        run.each([item], job.examine, lambda _, result: _show(run, result))


@attrs.frozen
class _Job:
    """What is asked for."""

    profile: Profile
    today: datetime.date | None
    output: Path
    allow_irregular: bool
    force: bool
    overwrite: bool
    files: tuple[str, ...]

    def examine(self, item: Input) -> Result:
        """Build the packet that one description describes."""
        given = packet_of(*load(item.name), self.files)
        if not self.allow_irregular:
            check_codes(given)
        packet = with_document_id(given)
        with Draft(self.output, overwrite=self.overwrite) as draft:
            report = checked_draft(packet, draft, self.profile, self.today)
            result = _result(packet, report, draft, force=self.force)
            if result["written"]:
                draft.publish()
        derived = {} if packet is given else {"document_id": getattr(packet, "document_id", None)}
        return {**result, "derived": derived}


def _print_template(run: Run, kind: str) -> None:
    if kind not in TEMPLATES:
        raise UsageError("option-invalid", detail=filled(_NO_TEMPLATE, name=kind, known=", ".join(TEMPLATES)))
    text = template(kind, run.lang)
    if run.as_json:
        run.add(None, {"status": "passed", "template": text})
    else:
        sys.stdout.write(text)


def checked_draft(packet: Packet, draft: Draft, profile: Profile, today: datetime.date | None) -> Report:
    """Write *packet* to *draft* under *profile*, read it back and return what validation says. Raises as both."""
    vndoc.write_packet(packet, profile=profile, to=cast("BinaryIO", draft))
    draft.close()
    return vndoc.validate(draft.path, profile=profile, today=today)


def _result(packet: Packet, report: Report, draft: Draft, *, force: bool) -> Result:
    checked = report_view(report)
    written = report.passed or force
    return {
        "status": checked["status"],
        "output": str(draft.target) if written else None,
        "target": str(draft.target),
        "size": draft.size,
        "profile": report.profile,
        "written": written,
        "business_key": key_of(packet),
        "content_digest": content_digest_of(packet),
        "doubts": [error_dict(error) for error in doubts(packet)],
        "report": checked,
    }


def _show(run: Run, result: Result) -> None:
    if result["derived"]:
        run.say(run.word("derived", value=result["derived"]["document_id"]), "dim")
    for doubt in result["doubts"]:
        place = doubt["place"]["path"]
        run.warn(f"{run.word('severity-warning')}: {doubt['text'][run.lang]} [{doubt['code']}] ({place})")
    show_report(run, result["target"], result["report"])
    if result["written"]:
        size = number_text(run, result["size"])
        run.say(run.word("written", name=result["output"], size=size, profile=result["profile"]))
    else:
        run.warn(run.word("not-written", name=result["target"]), style="bold red")
