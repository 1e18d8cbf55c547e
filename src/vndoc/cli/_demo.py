"""``vndoc demo``: the story of one packet, told in steps. It grows by adding steps to :data:`STEPS`."""

from __future__ import annotations

import contextlib
import datetime
import tempfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

import vndoc
from vndoc.cli._demo_exchange_steps import EXCHANGE_STEPS
from vndoc.cli._demo_story import Step, Story, Told
from vndoc.cli._description import check_codes, load, packet_of, with_document_id
from vndoc.cli._options import AsJson, Language, Overwrite
from vndoc.cli._page import show_page
from vndoc.cli._run import Run, both, filled, running
from vndoc.cli._target import SafeFolder
from vndoc.cli._view import view
from vndoc.envelope import DocumentPacket
from vndoc.errors import SourceError
from vndoc.routing import Reason, RoutingTable
from vndoc.text import Text

if TYPE_CHECKING:
    from vndoc.signature.packet import PacketVerdict

__all__ = ["STEPS", "Step", "Story", "Told", "demo"]

_EXAMPLE = ("packet.toml", "thong-bao.pdf", "phu-luc.csv")
_PACKET = "goi-tin.edxml"


def _describe(story: Story) -> Told:
    lines = []
    for name in _EXAMPLE:
        data = resources.files("vndoc.cli").joinpath("example", name).read_bytes()
        story.save(name, data)
        lines.append(filled(Text("{name}: {size} byte", "{name}: {size} bytes"), name=name, size=len(data)))
    return Told(tuple(lines))


def _build(story: Story) -> Told:
    packet = packet_of(*load(str(story.folder.path / _EXAMPLE[0])))
    check_codes(packet)
    packet = with_document_id(packet)
    story.made = cast("DocumentPacket", packet)
    return Told(
        (
            filled(_ID, value=story.packet.document_id),
            filled(_KEY, value=str(vndoc.business_key(packet))),
            filled(_COUNTS, receivers=len(story.packet.to), files=len(story.packet.attachments)),
        )
    )


_ID = Text("mã văn bản, lập từ mã cơ quan, ngày, số và ký hiệu: {value}", "document id, made from its parts: {value}")
_KEY = Text("khóa nghiệp vụ: {value}", "business key: {value}")
_COUNTS = Text("{receivers} nơi nhận, {files} tệp đính kèm", "{receivers} receivers, {files} attachments")


def _check(story: Story) -> Told:
    story.data = vndoc.write_packet(story.packet)
    report = vndoc.validate(story.data, today=story.day)
    line = filled(_FOUND, profile=report.profile, errors=len(report.errors), warnings=len(report.warnings))
    return Told((line, *(f.message for f in report.errors)), passed=report.passed)


_FOUND = Text(
    "theo cấu hình nơi nhận {profile}: {errors} lỗi, {warnings} cảnh báo",
    "by profile {profile}: {errors} errors, {warnings} warnings",
)


def _write(story: Story) -> Told:
    story.save(_PACKET, story.data)
    return Told((filled(Text("{name}: {size} byte", "{name}: {size} bytes"), name=_PACKET, size=len(story.data)),))


def _read_back(story: Story) -> Told:
    story.reading = vndoc.read(story.folder.path / _PACKET)
    line = filled(_DEVIATIONS, count=len(story.reading.deviations))
    return Told((line,), passed=not story.reading.deviations and story.reading.packet == _as_written(story))


_DEVIATIONS = Text("{count} sai lệch so với quy chuẩn", "{count} departures from the standard")


def _as_written(story: Story) -> DocumentPacket:
    """Return the packet that was built with what the profile chose for its attachments: labels and content ids."""
    found = story.again.document.attachments
    chosen = [
        a.evolve(label=b.label, content_id=b.content_id) for a, b in zip(story.packet.attachments, found, strict=True)
    ]
    return story.packet.evolve(attachments=tuple(chosen))


def _compare(story: Story) -> Told:
    ours = vndoc.content_digest(story.packet)
    rewritten = vndoc.read_packet(vndoc.write_packet(story.packet, profile="vxp"))
    digests = (
        ours,
        vndoc.content_digest(story.again.document),
        vndoc.content_digest(cast("DocumentPacket", rewritten)),
    )
    lines = tuple(filled(text, value=digest.hex()) for text, digest in zip(_DIGESTS, digests, strict=True))
    return Told(lines, passed=len(set(digests)) == 1)


_DIGESTS = (
    Text("{value}  như đã tạo", "{value}  as it was built"),
    Text("{value}  như đọc lại từ tệp", "{value}  as it was read back"),
    Text("{value}  như trục ghi lại (cấu hình nơi nhận vxp)", "{value}  as an axis rewrites it (profile vxp)"),
)


def _show(story: Story) -> Told:
    return Told((), page=view(story.again))


def _route(story: Story) -> Told:
    """Plan the recipients, then one province on the day before and the day on which it was merged."""
    table, day = RoutingTable.builtin(), story.day or _MERGER
    plan = table.plan([organ.organ_id or "" for organ in story.packet.to], at=day)
    lines = [Text(result.text("vi"), result.text("en")) for result in plan.results]
    reasons = []
    for sent in (_MERGER - datetime.timedelta(days=1), _MERGER):
        found = table.resolve("H02", at=sent)
        reasons.append(found.reason)
        to = "" if found.agency is None else f"{found.agency.code}, {found.agency.name}"
        lines.append(filled(_SENT, code=found.code, day=sent.isoformat(), to=to))
    passed = len(plan.results) == len(story.packet.to) and reasons == [Reason.EXACT, Reason.SUCCESSOR]
    return Told((*lines, _LEVEL_1), passed=passed)


_MERGER = datetime.date(2025, 7, 1)
"""The day on which 63 provinces became 34."""

_SENT = Text("{code} gửi ngày {day} đến {to}", "{code}, sent on {day}, goes to {to}")
_LEVEL_1 = Text(
    "danh mục kèm theo chỉ có cấp 1: vndoc route --table dùng danh mục của trục",
    "the table that ships knows level 1 only: vndoc route --table takes that of the axis",
)


def _seal(story: Story) -> Told:
    """Seal the packet with keys of a test PKI that is made on the spot."""
    from vndoc.cli._demo_signing import Signing  # noqa: PLC0415 - cryptography is slow to load

    story.signing = Signing(story.day or _MERGER)
    sealed = story.signing.seal(story.packet)
    story.sealed = vndoc.write_packet(sealed, profile="vxp")
    added = sealed.attachments[len(story.packet.attachments) :]
    return Told((*(Text(*(a.name or "",) * 2) for a in added), _TEST_KEYS), passed=len(added) == 2)


_TEST_KEYS = Text(
    "khóa và chứng thư số thử nghiệm, vừa tạo tại chỗ: vndoc sign dùng khóa của bạn",
    "keys and certificates of a test, made on the spot: vndoc sign takes yours",
)


def _verify(story: Story) -> Told:
    """Verify what an axis would deliver, then the same with one attachment changed."""
    from vndoc.cli._demo_signing import Signing, changed  # noqa: PLC0415 - as above

    assert isinstance(story.signing, Signing)  # noqa: S101 - the step before made it
    verdict = story.signing.verify(story.sealed)
    with vndoc.read(story.sealed) as reading:
        forged = story.signing.verify(vndoc.write_packet(changed(reading.document), profile="vxp"))
    lines = (_answered(_WHOLE, verdict), _answered(_FORGED, forged))
    return Told(lines, passed=verdict.passed and forged.exit_code == 1)


def _answered(text: Text, verdict: PacketVerdict) -> Text:
    """Return *text* with the answer and the reason that matters most, in both languages."""
    found = next(r for r in verdict.reasons if r.decides or r.code == "time-proven")
    vi = text.render("vi", answer=verdict.answer("vi"), reason=found.text("vi"))
    return Text(vi, text.render("en", answer=verdict.answer("en"), reason=found.text("en")))


_WHOLE = Text("như trục giao đến: {answer}. {reason}", "as an axis delivers it: {answer}. {reason}")
_FORGED = Text("khi một tệp bị sửa: {answer}. {reason}", "with one file changed: {answer}. {reason}")

STEPS: tuple[Step, ...] = (
    Step(Text("Bản mô tả và các tệp đính kèm", "A description and the files to attach"), _describe),
    Step(Text("Tạo gói tin", "Build the packet"), _build),
    Step(Text("Kiểm tra trước khi ghi", "Check it before it is written"), _check),
    Step(Text("Ghi ra tệp", "Write it"), _write),
    Step(Text("Đọc lại", "Read it back"), _read_back),
    Step(Text("So sánh nội dung: cùng một văn bản", "Compare the content: the same document"), _compare),
    Step(Text("Xem gói tin như vndoc inspect", "Show it, as vndoc inspect does"), _show),
    Step(Text("Tìm nơi nhận như vndoc route", "Find out where it goes, as vndoc route does"), _route),
    Step(Text("Niêm gói tin", "Seal it"), _seal),
    Step(Text("Kiểm tra như vndoc verify", "Verify it, as vndoc verify does"), _verify),
    *EXCHANGE_STEPS,
)
"""The story, in order."""


def demo(
    keep: Annotated[Path | None, typer.Option("--keep", help="keep", show_default=False)] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Tell the story of one packet."""
    with running("demo", lang, as_json=as_json) as run, _folder(keep) as path:
        story = Story(SafeFolder(path), overwrite)
        try:
            with story.open:
                passed = all(_told(run, number, step, story) for number, step in enumerate(STEPS, 1))
        finally:
            if story.reading is not None:
                story.reading.close()
        if keep is not None:
            run.say(run.word("demo-kept", folder=keep))
        run.say(run.word("demo-end" if passed else "demo-failed"), "bold green" if passed else "bold red")


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep
        return
    try:
        folder = tempfile.TemporaryDirectory(prefix="vndoc-demo-")
    except OSError as error:
        raise SourceError("target-unwritable", name="vndoc-demo", detail=error.strerror or str(error)) from error
    with folder as name:
        yield Path(name)


def _told(run: Run, number: int, step: Step, story: Story) -> bool:
    """Do one step, tell it, and return whether it passed."""
    run.say(run.word("demo-step", number=number, title=step.title.render(run.lang)), "bold")
    told = step.act(story)
    for line in told.lines:
        run.say("  " + line.render(run.lang))
    if told.page is not None and not run.as_json:
        show_page(run, _PACKET, told.page)
    lines = [both(line) for line in told.lines]
    status = "passed" if told.passed else "failed"
    run.add(None, {"status": status, "step": number, "title": both(step.title), "lines": lines})
    run.say()
    return told.passed
