"""``vndoc stats``: documents sent and received, signed, late and refused, against the targets."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import attrs
import typer
from rich.table import Table
from rich.text import Text as Line

from vndoc.cli._inputs import STDIN
from vndoc.cli._options import AsJson, Language, Overwrite, TableFile
from vndoc.cli._page import STYLES, number_text
from vndoc.cli._run import Result, Run, filled, running
from vndoc.cli._safe import clean
from vndoc.cli._stats_store import hidden, store_rows
from vndoc.cli._stats_xlsx import workbook
from vndoc.cli._table import BUILTIN, open_table
from vndoc.cli._target import Draft
from vndoc.errors import ReadError, SourceError, UsageError, VndocError
from vndoc.statistics import (
    HEADINGS,
    LEVELS,
    Dimension,
    Row,
    Summary,
    chart_svg,
    line_to_dict,
    lines_to_csv,
    percent,
    roll_up,
    rows_from_csv,
    rows_from_json,
)
from vndoc.statistics import Line as Counted
from vndoc.text import Lang, Text

__all__ = ["MAX_JSON", "MAX_LINE", "stats"]

MAX_JSON = 64 * 1024 * 1024
"""Largest file of rows as JSON, in octets: it is read as a whole. CSV is read line by line and may be of any size."""

MAX_LINE = 1024 * 1024
"""Longest line of CSV, in octets: real ones have below 1,000."""

_NOTHING = Text("cần tệp số liệu hoặc --store", "rows are needed: files, or --store")
_NOT_UTF8 = Text("không phải UTF-8", "it is no UTF-8")
_TOO_LONG = Text("có dòng dài hơn {limit} byte", "a line has more than {limit} octets")
_ONE_FILE = Text("mỗi dạng kết quả cần một tệp riêng", "each form of output needs a file of its own")
_TOO_BIG = Text("JSON lớn hơn {limit} byte, hãy dùng CSV", "JSON above {limit} octets; use CSV")


def stats(
    files: Annotated[list[str] | None, typer.Argument(help="stats-rows", show_default=False)] = None,
    store: Annotated[str | None, typer.Option("--store", help="stats-store", show_default=False)] = None,
    blobs: Annotated[Path | None, typer.Option("--blobs", help="stats-blobs", show_default=False)] = None,
    table: TableFile = BUILTIN,
    by: Annotated[list[Dimension] | None, typer.Option("--by", help="stats-by", show_default=False)] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="stats-csv", show_default=False)] = None,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="stats-xlsx", show_default=False)] = None,
    svg: Annotated[Path | None, typer.Option("--svg", help="stats-svg", show_default=False)] = None,
    check: Annotated[bool, typer.Option("--check", help="stats-check")] = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    lang: Language = None,
) -> None:
    """Count documents."""
    with running("stats", lang, as_json=as_json) as run:
        names = [*(files or ()), *([] if store is None else [hidden(store)])]
        name = names[0] if len(names) == 1 else None
        try:
            if not names:
                raise UsageError("option-invalid", detail=_NOTHING)
            kept = () if store is None else store_rows(store, blobs, open_table(table).table)
            summary = roll_up(itertools.chain.from_iterable((*map(_rows, files or ()), kept)))
            dimensions = tuple(dict.fromkeys(by or (Dimension.LEVEL, Dimension.MONTH)))
            lines = summary.by(*dimensions)
            written = _write({"csv": csv, "xlsx": xlsx, "svg": svg}, summary, lines, run.lang, overwrite=overwrite)
        except VndocError as error:
            run.broke(name, error)
            return
        missed = sum(line.judged is not None and not line.judged.is_met for line in lines)
        run.add(name, _result(summary, dimensions, lines, written, failed=check and bool(missed)))
        _show(run, summary, dimensions, lines, missed)


# -- rows ------------------------------------------------------------------------------------------------


def _rows(name: str) -> Iterator[Row]:
    """Yield the rows of one file. Raises :class:`~vndoc.errors.SourceError` and :class:`~vndoc.errors.ReadError`."""
    try:
        with ExitStack() as stack:
            file: BinaryIO = sys.stdin.buffer if name == STDIN else stack.enter_context(Path(name).open("rb"))
            head = file.readline(MAX_LINE + 1)
            if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"[", b"{"}:
                yield from rows_from_json(_whole(head, file))
            else:
                yield from rows_from_csv(_lines(head, file))
    except UnicodeDecodeError:
        raise ReadError("rows-unreadable", detail=_NOT_UTF8) from None
    except VndocError:
        raise
    except (OSError, ValueError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise SourceError("source-unreadable", name=name, detail=detail) from error


def _whole(head: bytes, file: BinaryIO) -> str:
    data = head + file.read(max(0, MAX_JSON + 1 - len(head)))
    if len(data) > MAX_JSON:
        raise ReadError("rows-unreadable", detail=filled(_TOO_BIG, limit=f"{MAX_JSON:,}"))
    return data.decode("utf-8-sig")


def _lines(line: bytes, file: BinaryIO) -> Iterator[str]:
    """Yield *line* and those that follow it in *file*, none longer than the limit."""
    while line:
        if len(line) > MAX_LINE:
            raise ReadError("rows-unreadable", detail=filled(_TOO_LONG, limit=f"{MAX_LINE:,}"))
        yield line.decode()
        line = file.readline(MAX_LINE + 1)


# -- what goes out ---------------------------------------------------------------------------------------


def _write(
    targets: dict[str, Path | None], summary: Summary, lines: Sequence[Counted], lang: Lang, *, overwrite: bool
) -> dict[str, str]:
    """Write what was asked for, all of it or nothing."""
    paths = [os.path.realpath(target) for target in targets.values() if target is not None]
    if len(set(paths)) < len(paths):
        raise UsageError("option-invalid", detail=_ONE_FILE)
    with ExitStack() as stack:
        drafts = []
        for form, target in targets.items():
            if target is not None:
                draft = stack.enter_context(Draft(target, overwrite=overwrite))
                draft.write(_made(form, summary, lines, lang))
                drafts.append((form, draft))
        for _, draft in drafts:
            draft.publish()
        return {form: str(draft.target) for form, draft in drafts}


def _made(form: str, summary: Summary, lines: Sequence[Counted], lang: Lang) -> bytes:
    if form == "xlsx":
        return workbook(lines, lang)
    if form == "svg":
        return chart_svg(summary, lang).encode()
    # the mark tells spreadsheets that this is UTF-8
    return "".join(("\ufeff", *lines_to_csv(lines, lang))).encode()


def _result(
    summary: Summary,
    dimensions: Sequence[Dimension],
    lines: Sequence[Counted],
    written: dict[str, str],
    *,
    failed: bool,
) -> Result:
    period = None
    if summary.first is not None and summary.last is not None:
        period = {"first": summary.first.isoformat(), "last": summary.last.isoformat()}
    return {
        "status": "failed" if failed else "passed",
        "rows": summary.rows,
        "period": period,
        "total": attrs.asdict(summary.total),
        "by": [dimension.value for dimension in dimensions],
        "lines": [line_to_dict(line) for line in lines],
        "written": written,
    }


# -- the page --------------------------------------------------------------------------------------------


def _show(run: Run, summary: Summary, dimensions: Sequence[Dimension], lines: Sequence[Counted], missed: int) -> None:
    if summary.first is None or summary.last is None:
        run.say(run.word("stats-none"))
        return
    rows = number_text(run, summary.rows)
    run.say(run.word("stats-period", first=summary.first, last=summary.last, rows=rows), "bold")
    run.show(_table(run, summary, dimensions, lines))
    total = summary.total
    if total.sent_unsettled or total.received_unsettled:
        run.say(run.word("stats-unsettled", sent=total.sent_unsettled, received=total.received_unsettled), "dim")
    if missed:
        run.say(run.word("stats-missed", count=missed), STYLES["warning"])


def _table(run: Run, summary: Summary, dimensions: Sequence[Dimension], lines: Sequence[Counted]) -> Table:
    table = Table(box=None, padding=(0, 1), show_edge=False)
    for name in ("level", "unit", "month"):
        if Dimension(name) in dimensions:
            table.add_column(HEADINGS[name].render(run.lang), overflow="fold", no_wrap=name != "unit", min_width=8)
    words = ("signed", "late", "refused")
    heads = [HEADINGS["sent"].render(run.lang), *(run.word(f"stats-{word}") for word in words)]
    heads += [run.word("stats-share"), run.word("stats-target"), run.word("stats-missing")]
    heads += [HEADINGS["received"].render(run.lang), *(run.word(f"stats-{word}") for word in words)]
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    for line in lines:
        style = STYLES["warning"] if line.judged is not None and not line.judged.is_met else ""
        table.add_row(
            *(Line(clean(cell)) for cell in (*_place(run, line, dimensions), *_counts(run, line))), style=style
        )
    total = [run.word("stats-total"), *[""] * (len(dimensions) - 1)]
    table.add_row(*(Line(clean(c)) for c in (*total, *_counts(run, summary.by()[0]))), style="bold")
    return table


def _place(run: Run, line: Counted, dimensions: Sequence[Dimension]) -> Iterator[str]:
    if Dimension.LEVEL in dimensions and line.level is not None:
        yield LEVELS[line.level].render(run.lang)
    if Dimension.UNIT in dimensions and line.unit is not None:
        yield f"{line.unit}  {line.name}".rstrip()
    if Dimension.MONTH in dimensions and line.month is not None:
        yield line.month


def _counts(run: Run, line: Counted) -> Iterator[str]:
    t: Any = line.tally
    judged = line.judged
    for side in ("sent", "received"):
        yield from (number_text(run, getattr(t, side + part)) for part in ("", "_signed", "_late", "_refused"))
        if side == "sent":
            yield _percent(percent(t.signed_share))
            yield _percent(None if judged is None else percent(judged.target.share))
            yield "" if judged is None else number_text(run, judged.missing)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"
