"""A chart of the signed share by level and month, with the target: SVG without fonts, scripts or libraries of others.

One panel a level. A bar that misses its target is hatched, so that the chart can be read without colours; the numbers
stand on the bars and in the description for screen readers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape

from vndoc.statistics.forms import percent
from vndoc.statistics.rollup import Dimension, Line, Summary
from vndoc.statistics.rows import LEVELS, Level
from vndoc.statistics.targets import TARGETS, Target
from vndoc.text import Lang, Text

__all__ = ["MAX_MONTHS", "chart_svg"]

MAX_MONTHS: Final = 36
"""The latest months that are drawn; more would leave no room for the numbers."""

_TITLE: Final = Text(
    "Tỷ lệ văn bản gửi đi có ký số, theo cấp và tháng", "Share of documents sent that are signed, by level and month"
)
_EMPTY: Final = Text("Không có số liệu gửi.", "Nothing was sent.")
_MET: Final = Text("đạt chỉ tiêu", "target met")
_MISSED: Final = Text("chưa đạt chỉ tiêu", "target missed")
_NO_TARGET: Final = Text("chưa có chỉ tiêu", "no target")
_TARGET: Final = Text("chỉ tiêu", "target")
_SAID: Final = Text("{level}, {month}: {share} %", "{level}, {month}: {share} %")

_LEFT, _RIGHT, _TOP, _PANEL, _PLOT, _BAR = 60, 24, 96, 210, 120, 30
_NARROWEST: Final = 640
_STYLE: Final = (
    "text{font:12px sans-serif;fill:#1b2733}.t{font-size:18px;font-weight:bold}.h{font-weight:bold}.l{fill:#4a5a68}"
    ".v{text-anchor:middle;paint-order:stroke;stroke:#fff;stroke-width:3px}.met{fill:#0072b2}.missed{fill:url(#hatch);stroke:#8a3b00}.none{fill:#9aa5ad}"
    ".axis{stroke:#4a5a68}.goal{stroke:#1b2733;stroke-width:2.5}"
)
_HATCH: Final = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" fill="#fff"/><rect width="3" height="6" fill="#d55e00"/></pattern></defs>'
)


def chart_svg(summary: Summary, lang: Lang = "vi", *, targets: Sequence[Target] = TARGETS) -> str:
    """Return the chart of *summary* as the text of an SVG file in *lang*: the latest 36 months, one panel a level."""
    lines = [line for line in summary.by(Dimension.LEVEL, Dimension.MONTH, targets=targets) if line.tally.sent]
    months = sorted({str(line.month) for line in lines})[-MAX_MONTHS:]
    panels = []
    for level in Level:
        found = {str(line.month): line for line in lines if line.level is level and line.month in months}
        if found:
            panels.append((level, found))
    width = max(_NARROWEST, _LEFT + _BAR * len(months) + _RIGHT)
    height = _TOP + _PANEL * max(1, len(panels))
    drawn = "".join(
        part
        for row, (level, found) in enumerate(panels)
        for part in _panel(level, found, months, _TOP + _PANEL * row, lang)
    )
    if not panels:
        drawn = f'<text class="l" x="{_LEFT}" y="{_TOP + 20}">{escape(_EMPTY.render(lang))}</text>'
    title = escape(_TITLE.render(lang))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" lang="{lang}">'
        f"<title>{title}</title><desc>{escape(_described(panels, lang))}</desc><style>{_STYLE}</style>{_HATCH}"
        f'<rect width="{width}" height="{height}" fill="#fff"/><text class="t" x="20" y="32">{title}</text>'
        f"{_legend(lang)}{drawn}</svg>\n"
    )


def _look(line: Line) -> str:
    return "none" if line.judged is None else "met" if line.judged.is_met else "missed"


def _described(panels: Sequence[tuple[Level, dict[str, Line]]], lang: Lang) -> str:
    words = {"met": _MET, "missed": _MISSED, "none": _NO_TARGET}
    said = (
        _SAID.render(lang, level=LEVELS[level].render(lang), month=line.month, share=percent(line.tally.signed_share))
        + f" ({words[_look(line)].render(lang)})"
        for level, found in panels
        for line in found.values()
    )
    return "; ".join(said) or _EMPTY.render(lang)


def _legend(lang: Lang) -> str:
    parts, x = [], _LEFT
    for look, text in (("met", _MET), ("missed", _MISSED), ("none", _NO_TARGET)):
        word = text.render(lang)
        parts.append(f'<rect class="{look}" x="{x}" y="50" width="16" height="14"/>')
        parts.append(f'<text x="{x + 22}" y="62">{escape(word)}</text>')
        x += 44 + 8 * len(word)
    parts.append(f'<path class="goal" d="M{x} 57h20"/><text x="{x + 26}" y="62">{escape(_TARGET.render(lang))}</text>')
    return "".join(parts)


def _panel(level: Level, found: dict[str, Line], months: Sequence[str], top: int, lang: Lang) -> Iterator[str]:
    floor = top + 34 + _PLOT
    end = _LEFT + _BAR * len(months)
    yield f'<text class="h" x="20" y="{top + 10}">{escape(LEVELS[level].render(lang))}</text>'
    for mark in (0, 50, 100):
        y = floor - _PLOT * mark // 100
        yield f'<path class="axis" d="M{_LEFT - 4} {y}H{_LEFT if mark else end}"/>'
        yield f'<text class="l" x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{mark}</text>'
    for place, month in enumerate(months):
        x = _LEFT + _BAR * place
        if month.endswith("-01") or place == 0:
            yield f'<text class="l" x="{x + 2}" y="{floor + 30}">{month[:4]}</text>'
        yield f'<text class="l v" x="{x + _BAR // 2}" y="{floor + 15}">{month[5:]}</text>'
        line = found.get(month)
        if line is not None:
            yield from _bar(line, x, floor)


def _bar(line: Line, x: int, floor: int) -> Iterator[str]:
    share = percent(line.tally.signed_share) or 0.0
    high = _PLOT * share / 100
    yield f'<rect class="{_look(line)}" x="{x + 4}" y="{floor - high:g}" width="{_BAR - 8}" height="{high:g}"/>'
    if line.judged is not None:
        y = floor - _PLOT * float(line.judged.target.share)
        yield f'<path class="goal" d="M{x + 1} {y:g}h{_BAR - 2}"/>'
    yield f'<text class="v" x="{x + _BAR // 2}" y="{floor - high - 4:g}">{share:g}</text>'
