"""A picture of what happened to the provinces' codes on 2025-07-01: 63 before, 34 after, drawn from the table.

Plain SVG without fonts, scripts or libraries of others. Not loaded by :mod:`vndoc.routing`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from xml.sax.saxutils import escape

from vndoc.routing.model import LAST, Agency
from vndoc.routing.table import RoutingTable
from vndoc.text import Lang, Text

__all__ = ["provinces_svg"]

_CHANGE = datetime.date(2025, 7, 1)
_TITLE = Text(
    "{before} tỉnh, thành phố thành {after} từ ngày 01/07/2025", "{before} provinces become {after} on 2025-07-01"
)
_LEGEND = Text(
    "Gạch ngang: mã đã đóng, thư gửi đến mã đó đi theo đường nối. Mã của Hội đồng nhân dân: cùng số, chữ K.",
    "Struck through: the code was closed, mail to it follows the line. People's Councils: same number, letter K.",
)
_BEFORE = Text("đến 30/06/2025", "until 2025-06-30")
_AFTER = Text("từ 01/07/2025", "since 2025-07-01")
_PREFIXES = ("Ủy ban nhân dân tỉnh ", "Ủy ban nhân dân thành phố ")

_ROW, _GAP, _TOP, _MARGIN = 20, 10, 104, 20
_HEAD = 86
_LEFT, _RIGHT, _COLUMN = 190, 300, 520
_STYLE = (
    "text{font:13px sans-serif;fill:#1b2733}.t{font-size:19px;font-weight:bold}.l{fill:#4a5a68}"
    ".h{fill:#4a5a68;font-weight:bold}.c{fill:#62707c}.x{text-decoration:line-through}.n{font-weight:bold}path{fill:none;stroke:#2f6f9f;stroke-width:1.4}.k{stroke:#9fb3c2}"
    "rect.b{fill:#eef4f8;stroke:#2f6f9f}rect.s{fill:#f6f7f8;stroke:#9fb3c2}"
)


def provinces_svg(lang: Lang = "vi", *, table: RoutingTable | None = None) -> str:
    """Return the picture as the text of an SVG file, with title and legend in *lang*.

    *table* is the built-in one unless given; its agencies of the kind ``province-committee`` are drawn.
    """
    table = RoutingTable.builtin() if table is None else table
    blocks = list(_blocks(table))
    before = sum(len(old) for _, old in blocks)
    title = _TITLE.render(lang, before=before, after=len(blocks))
    half = _split(blocks)
    parts = [
        f'<text class="t" x="{_MARGIN}" y="32">{escape(title)}</text>',
        f'<text class="l" x="{_MARGIN}" y="54">{escape(_LEGEND.render(lang))}</text>',
    ]
    bottoms = []
    for column, chosen in enumerate((blocks[:half], blocks[half:])):
        y, x = _TOP, _MARGIN + column * _COLUMN
        parts.append(f'<text class="h" x="{x}" y="{_HEAD}">{escape(_BEFORE.render(lang))}</text>')
        parts.append(f'<text class="h" x="{x + _RIGHT}" y="{_HEAD}">{escape(_AFTER.render(lang))}</text>')
        for new, old in chosen:
            parts += _drawn(x, y, new, old)
            y += _ROW * len(old) + _GAP
        bottoms.append(y)
    width, height = 2 * _COLUMN + _MARGIN, max(bottoms) + _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" lang="{lang}">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f'<rect width="{width}" height="{height}" fill="#fff"/>' + "".join(parts) + "</svg>\n"
    )


def _blocks(table: RoutingTable) -> Iterator[tuple[Agency, list[Agency]]]:
    """Yield each province that goes on, with those that it was made of, itself first; by code."""
    provinces = [agency for agency in table if agency.kind == "province-committee"]
    day_before = _CHANGE - datetime.timedelta(days=1)
    closed = [a for a in provinces if a.valid_to == day_before]
    for new in provinces:
        if new.valid_to == LAST:
            yield new, [new, *(old for old in closed if new in table.successors(old))]


def _split(blocks: list[tuple[Agency, list[Agency]]]) -> int:
    """Return how many blocks go into the first column, so that both are about equally high."""
    heights = [_ROW * len(old) + _GAP for _, old in blocks]
    return min(range(len(heights) + 1), key=lambda n: max(sum(heights[:n]), sum(heights[n:])))


def _drawn(x: int, y: int, new: Agency, old: list[Agency]) -> Iterator[str]:
    middle = y + _ROW * len(old) / 2
    look, line = ("b", "") if len(old) > 1 else ("s", ' class="k"')
    for number, agency in enumerate(old):
        base = y + _ROW * number + _ROW / 2
        shade, struck = ("", "") if agency is new else (' class="c"', ' class="x"')
        code = f"<tspan{struck}>{escape(agency.code)}</tspan>"
        yield f'<text x="{x}" y="{base + 4:g}"{shade}>{code}  {escape(_short(agency.name))}</text>'
        yield f'<path{line} d="M{x + _LEFT} {base:g}C{x + 245} {base:g} {x + 245} {middle:g} {x + _RIGHT} {middle:g}"/>'
    yield f'<rect class="{look}" x="{x + _RIGHT}" y="{middle - 12:g}" width="190" height="24" rx="4"/>'
    name = f"{escape(new.code)}  {escape(_short(new.name))}"
    yield f'<text class="n" x="{x + _RIGHT + 10}" y="{middle + 4:g}">{name}</text>'


def _short(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name
