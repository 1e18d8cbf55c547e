"""Pictures of the tables, drawn from the tables: Mermaid text, and SVG without fonts, scripts or libraries of others.

Not loaded by :mod:`vndoc.exchange`.
"""

from __future__ import annotations

import enum
from typing import Any, Final
from xml.sax.saxutils import escape

from vndoc.exchange.change_table import CHANGE
from vndoc.exchange.delivery_table import DELIVERY
from vndoc.exchange.life import LIFE, LIFE_REOPENED
from vndoc.exchange.machine import Machine, Transition
from vndoc.exchange.request import REQUEST
from vndoc.text import Lang, Text

__all__ = ["MACHINES", "machine_svg", "mermaid"]

MACHINES: Final[dict[str, Machine[Any, Any]]] = {
    machine.name: machine for machine in (DELIVERY, LIFE, LIFE_REOPENED, CHANGE, REQUEST)
}
"""Every table of the exchange, by name."""


def mermaid(machine: Machine[Any, Any], lang: Lang = "en") -> str:
    """Return *machine* as a Mermaid state diagram with texts in *lang*; rows that stay are left out."""
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{machine.texts[s].render(lang)}" as {_id(s)}' for s in machine.states]
    lines.append(f"    [*] --> {_id(machine.initial)}")
    lines += [
        f"    {_id(row.state)} --> {_id(row.to)} : {machine.texts[row.event].render(lang)}"
        for row in machine.rows
        if row.moves
    ]
    lines += [f"    {_id(s)} --> [*]" for s in machine.states if s in machine.finals]
    return "\n".join(lines) + "\n"


def _id(state: enum.Enum) -> str:
    return str(state.value).replace("-", "_")


_ROW, _TOP, _MARGIN, _BOX, _HIGH = 22, 74, 20, 200, 30
_LEFT, _RIGHT, _WIDTH = 20, 560, 1000
_STYLE: Final = (
    "text{font:13px sans-serif;fill:#1b2733}.t{font-size:19px;font-weight:bold}.l{fill:#4a5a68}.n{font-weight:bold}"
    "path{fill:none;stroke:#2f6f9f;stroke-width:1.4}rect.b{fill:#eef4f8;stroke:#2f6f9f}"
    "rect.f{fill:#f3efe4;stroke:#8a6d1f;stroke-width:2}.e{fill:#35566e}"
)
_LEGEND: Final = Text(
    "Mỗi trạng thái và các sự kiện đưa nó sang trạng thái khác; khung đậm là trạng thái cuối.",
    "Each state, and the events that lead from it to another; a heavy frame is a final state.",
)
_ON_A_LINE: Final = 3
"""Events that are written side by side."""

_STAYS: Final = Text("giữ nguyên trạng thái: {events}", "the state stays: {events}")


def machine_svg(machine: Machine[Any, Any], lang: Lang = "en") -> str:
    """Return *machine* as the text of an SVG file: for each state the events that move it, and those that only record.

    Title, description and texts are in *lang*; colours are told apart by lines as well.
    """
    y, parts = _TOP, list[str]()
    for state in machine.states:
        block, high = _block(machine, state, y, lang)
        parts.append(block)
        y += high
    title, legend = machine.title.render(lang), _LEGEND.render(lang)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + _MARGIN}" role="img" lang="{lang}">'
        f"<title>{escape(title)}</title><desc>{escape(_described(machine, lang))}</desc><style>{_STYLE}</style>"
        '<defs><marker id="a" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto">'
        '<polygon points="0 0 9 4 0 8" fill="#2f6f9f"/></marker></defs>'
        f'<rect width="{_WIDTH}" height="{y + _MARGIN}" fill="#fff"/>'
        f'<text class="t" x="{_LEFT}" y="32">{escape(title)}</text>'
        f'<text class="l" x="{_LEFT}" y="54">{escape(legend)}</text>' + "".join(parts) + "</svg>\n"
    )


def _described(machine: Machine[Any, Any], lang: Lang) -> str:
    texts = machine.texts
    said = ((row.state, row.to, row.event) for row in machine.rows if row.moves)
    return "; ".join("{} → {}: {}".format(*(texts[word].render(lang) for word in words)) for words in said)


def _block(machine: Machine[Any, Any], state: enum.Enum, top: int, lang: Lang) -> tuple[str, int]:
    """Return the drawing of one state and of what leads on from it, and its height."""
    moving = [row for row in machine.rows if row.state is state and row.moves]
    events = [machine.texts[row.event].render(lang) for row in machine.rows if row.state is state and not row.moves]
    staying = [", ".join(events[n : n + _ON_A_LINE]) for n in range(0, len(events), _ON_A_LINE)]
    middle = top + _HIGH // 2
    parts = [_framed(machine, state, _LEFT, middle, lang)]
    parts += [_arrow(machine, row, middle, middle + number * _ROW, lang) for number, row in enumerate(moving)]
    for number, said in enumerate(staying):
        text = _STAYS.render(lang, events=said) if number == 0 else said
        y = middle + (len(moving) + number) * _ROW + 5
        parts.append(f'<text class="l" x="{_LEFT + _BOX + 34}" y="{y}">{escape(text)}</text>')
    return "".join(parts), max(1, len(moving) + len(staying)) * _ROW + 22


def _framed(machine: Machine[Any, Any], state: enum.Enum, x: int, middle: int, lang: Lang) -> str:
    look = "f" if state in machine.finals else "b"
    name = escape(machine.texts[state].render(lang))
    return (
        f'<rect class="{look}" x="{x}" y="{middle - _HIGH // 2}" width="{_BOX}" height="{_HIGH}" rx="4"/>'
        f'<text class="n" x="{x + 10}" y="{middle + 5}">{name}</text>'
    )


def _arrow(machine: Machine[Any, Any], row: Transition[Any, Any], middle: int, y: int, lang: Lang) -> str:
    start, end = _LEFT + _BOX, _RIGHT
    event = escape(machine.texts[row.event].render(lang))
    to = escape(machine.texts[row.to].render(lang))
    look = ' class="n"' if row.to in machine.finals else ""
    return (
        f'<path marker-end="url(#a)" '
        f'd="M{start} {middle}C{start + 20} {middle} {start + 4} {y} {start + 24} {y}H{end}"/>'
        f'<text class="e" x="{start + 34}" y="{y - 4}">{event}</text><text{look} x="{end + 10}" y="{y + 5}">{to}</text>'
    )
