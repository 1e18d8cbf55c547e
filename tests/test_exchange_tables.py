"""What a table of states is, and that every table of the exchange is one: whole, drawn, and in both languages."""

from __future__ import annotations

import enum
import re
from typing import Any

import attrs
import pytest
from lxml import etree

from vndoc.errors import ERRORS, ExchangeError
from vndoc.exchange import GATE, MATCHES, STEPS, TOPICS, Machine, Match, Refused, Step, Topic, Transition
from vndoc.exchange.drawing import MACHINES, machine_svg, mermaid
from vndoc.text import Text

EVERY = pytest.mark.parametrize("machine", MACHINES.values(), ids=list(MACHINES))


class Light(enum.Enum):
    RED = "red"
    GREEN = "green"
    OUT = "out"


class Push(enum.Enum):
    GO = "go"
    CUT = "cut"


def light(*rows: Transition[Light, Push], **more: Any) -> Machine[Light, Push]:
    texts = {member: Text(f"đèn {member.value}", member.value) for member in (*Light, *Push)}
    more = {"texts": texts, "finals": frozenset({Light.OUT}), **more}
    return Machine(name="light", title=Text("Đèn", "Light"), initial=Light.RED, rows=rows, events=Push, **more)


GO = Transition(Light.RED, Push.GO, Light.GREEN)
CUT = Transition(Light.GREEN, Push.CUT, Light.OUT, ("dark",))


def test_a_cell_moves_or_is_refused() -> None:
    machine = light(GO, CUT)
    assert machine.step(Light.RED, Push.GO) == GO
    assert machine.cell(Light.RED, Push.CUT) == Refused(Light.RED, Push.CUT, "event-not-allowed")
    assert machine.cell(Light.OUT, Push.GO) == Refused(Light.OUT, Push.GO, "state-is-final")
    with pytest.raises(ExchangeError) as caught:
        machine.step(Light.OUT, Push.GO)
    assert caught.value.text() == "Light: the state out is final; go is not possible any more."
    assert caught.value.text("vi") == "Đèn: trạng thái “đèn out” là trạng thái cuối, không thể “đèn go”."
    assert machine.reachable[Light.GREEN] == {Light.GREEN, Light.OUT}


@pytest.mark.parametrize(
    ("rows", "more", "wanted"),
    [
        ((GO, CUT, attrs.evolve(GO, to=Light.OUT)), {}, "two rows for one cell"),
        ((GO, CUT), {"finals": frozenset({Light.GREEN})}, "green is final and left by cut"),
        ((GO,), {}, "out cannot be reached"),
        ((GO, CUT), {"texts": {}}, "red has no text"),
    ],
)
def test_a_table_that_is_not_whole_does_not_load(rows: Any, more: Any, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        light(*rows, **more)


@EVERY
def test_every_state_and_every_event_moves_or_is_refused(machine: Machine[Any, Any]) -> None:
    cells = list(machine.cells())
    assert len(cells) == len(machine.states) * len(list(machine.events))
    for cell in cells:
        if isinstance(cell, Refused):
            assert cell.code in ERRORS
            with pytest.raises(ExchangeError) as caught:
                machine.step(cell.state, cell.event)
            assert caught.value.code == cell.code
            assert caught.value.text("vi") != caught.value.text("en")
        else:
            assert machine.step(cell.state, cell.event) is cell
            assert not (cell.state in machine.finals and cell.moves)


@EVERY
def test_every_state_leads_to_an_end(machine: Machine[Any, Any]) -> None:
    for state in machine.states:
        assert machine.reachable[state] & machine.finals


@EVERY
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_drawings_hold_every_row(machine: Machine[Any, Any], lang: Any) -> None:
    moving = [row for row in machine.rows if row.moves]
    drawn = re.findall(r"^    (\w+) --> (\w+) : (.+)$", mermaid(machine, lang), re.MULTILINE)
    names = {s.value.replace("-", "_") for s in machine.states}
    assert len(drawn) == len(moving)
    assert {part for start, end, _ in drawn for part in (start, end)} <= names
    svg = etree.fromstring(machine_svg(machine, lang).encode())
    ns = {"s": "http://www.w3.org/2000/svg"}
    assert len(svg.findall(".//s:path", ns)) == len(moving)
    assert len(svg.findall("s:rect[@rx]", ns)) == len(machine.states)
    assert len(svg.findall("s:rect[@class='f']", ns)) == len(machine.finals)
    assert svg.findtext("s:title", namespaces=ns) == machine.title.render(lang)
    assert svg.findtext("s:desc", namespaces=ns).count(" → ") == len(moving)
    shown = " ".join(svg.itertext())
    for member in (*machine.states, *(row.event for row in machine.rows)):
        assert machine.texts[member].render(lang) in shown


def test_the_words_are_in_both_languages() -> None:
    for texts, members in ((TOPICS, Topic), (MATCHES, Match), (STEPS, Step)):
        assert set(texts) == set(members)
    words = [text for machine in MACHINES.values() for text in (machine.title, *machine.texts.values())]
    words += [*TOPICS.values(), *MATCHES.values(), *STEPS.values(), *(rule.text for rule in GATE.values())]
    for text in words:
        assert re.search("[à-ỹđĐ]", text.vi), text
        assert text.en.isascii(), text
    assert all(rule.id == id_ and rule.source for id_, rule in GATE.items())
