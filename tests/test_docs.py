"""The pages without building them: catalogues are complete, what is named exists, and everything is drawn somewhere."""

from __future__ import annotations

import ast
import enum
import importlib.util
import json
import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import attrs
import pytest
from lxml import etree

import architecture
from conftest import ROOT
from vndoc.cli._node_settings import _ORGANIZATION, _PARTS
from vndoc.edxml import DEVIATIONS, NAMESPACES, PROFILES, Profile, elements
from vndoc.envelope.codes import ALL_LISTS
from vndoc.errors import ERRORS
from vndoc.exchange import GATE
from vndoc.exchange.drawing import MACHINES
from vndoc.limits import Limits
from vndoc.routing import CHECKS, FATES, LETTERS, NOTES, OUTCOMES, REASONS, STANDARD_GROUPS, STEPS, RoutingTable
from vndoc.routing._codec import COLUMNS
from vndoc.routing.axis import RULES as AXIS_RULES
from vndoc.schema import RULES
from vndoc.schema.xsd import SCHEMAS, xsd_11

DOCS = ROOT / "docs"
PAGES = {
    path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(DOCS.rglob("*.md"))
    if not {"api", "_build"} & set(path.relative_to(DOCS).parts)
}
FENCE = re.compile(r"^(`{3,}|:{3,})(.*?)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)


def load(name: str) -> ModuleType:
    """Return the module *name* of the pages' own extensions."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / "_ext" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


sys.path.append(str(DOCS / "_ext"))  # the extensions import each other, as they do when the pages are built
tables = load("tables")


def ids(catalogue: str, lang: str = "en", *rest: str) -> list[str]:
    """Return the first column of a catalogue."""
    return [row[0].strip("`") for row in tables.CATALOGUES[catalogue](lang, *rest).rows]


def fences(page: str) -> Iterator[tuple[str, str]]:
    """Yield what stands behind the opening of each block of *page*, and its text."""
    for match in FENCE.finditer(page):
        yield match[2].strip(), match[3]


DRAWN = {
    tuple(head.split()[1:]) for text in PAGES.values() for head, _ in fences(text) if head.startswith("{catalogue}")
}


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize(
    ("catalogue", "known"),
    [("deviations", DEVIATIONS), ("rules", RULES), ("errors", ERRORS), ("gate", GATE)],
    ids=lambda v: str(v)[:12],
)
def test_the_catalogue_holds_every_id(catalogue: str, known: dict[str, object], lang: str) -> None:
    assert ids(catalogue, lang) == list(known)


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize(
    ("catalogue", "known"),
    [
        ("outcomes", OUTCOMES), ("reasons", REASONS), ("steps", STEPS), ("notes", NOTES), ("checks", CHECKS),
        ("fates", FATES),
    ],
)  # fmt: skip
def test_the_catalogue_of_routing_holds_every_id(catalogue: str, known: dict[enum.Enum, object], lang: str) -> None:
    found = ids(f"routing-{catalogue}", lang)
    assert len(found) == len(set(found))
    assert set(found) == {member.value for member in known}


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_reason_stands_under_its_outcome(lang: str) -> None:
    shown = {row[0].strip("`"): row[2].replace("`", "").split("\n") for row in tables.routing_outcomes(lang).rows}
    assert {reason: outcome for outcome, reasons in shown.items() for reason in reasons} == {
        reason.value: row.outcome.value for reason, row in REASONS.items()
    }


def test_the_other_catalogues_of_routing_are_whole() -> None:
    assert ids("routing-axis") == list(AXIS_RULES)
    assert ids("routing-groups") == [f"@{name}" for name in STANDARD_GROUPS]
    assert ids("letters") == list(LETTERS)
    assert ids("level1") == [agency.code for agency in RoutingTable.builtin()]


@pytest.mark.parametrize("page", ["howto/registry.md", "vi/dinh-tuyen.md"])
def test_every_column_of_a_table_is_described(page: str) -> None:
    assert {name for name in COLUMNS if f"`{name}`" not in PAGES[page]} == set()


def test_the_registry_of_the_examples_is_shown() -> None:
    registry = load("example").REGISTRY
    for page in ("howto/registry.md", "vi/dinh-tuyen.md"):
        assert registry in PAGES[page]


@pytest.mark.parametrize(("page", "lang"), [("explanation/mergers.md", "en"), ("vi/dinh-tuyen.md", "vi")])
def test_the_drawing_shows_63_and_34(page: str, lang: str) -> None:
    assert f"{{drawing}} provinces-{lang}.svg" in PAGES[page]
    drawing = etree.fromstring(tables.published()["drawings"][f"provinces-{lang}.svg"])
    svg = "{http://www.w3.org/2000/svg}"
    assert len(drawing.findall(f"{svg}path")) == 63
    assert len(drawing.findall(f"{svg}rect[@rx]")) == 34


@pytest.mark.parametrize("name", MACHINES)
def test_every_table_of_states_is_drawn(name: str) -> None:
    assert f"{{drawing}} {name}-en.svg" in PAGES["reference/exchange.md"]
    assert len(tables.machine_rows("en", name).rows) == len(MACHINES[name].rows)
    assert {f"{name}-vi.svg", f"{name}-en.svg"} <= set(tables.published()["drawings"])


def test_the_catalogue_of_the_structure_holds_what_the_check_reports() -> None:
    assert all(id_.startswith("structure-") for id_ in ids("structure"))
    assert {"structure-root", "structure-missing", "structure-unexpected", "structure-value"} <= set(ids("structure"))


def every() -> list[tuple[str, ...]]:
    """Return every catalogue that there is, with its second argument where it takes one."""
    seconds = {"elements": tables.ELEMENT_PARTS, "codes": [codes.id for codes in ALL_LISTS], "command": commands()}
    seconds |= {"machine": list(MACHINES)}
    return [
        (name, *rest)
        for name in tables.CATALOGUES
        for rest in ([(s,) for s in seconds[name]] if name in seconds else [()])
    ]


def commands() -> list[str]:
    """Return the names of the commands."""
    return list(tables.commands("en"))


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("wanted", every(), ids=" ".join)
def test_every_cell_says_something(wanted: tuple[str, ...], lang: str) -> None:
    catalogue = tables.CATALOGUES[wanted[0]](lang, *wanted[1:])
    assert catalogue.rows
    assert len(catalogue.headings) == len(catalogue.widths)
    for row in catalogue.rows:
        assert len(row) == len(catalogue.headings)
        assert all(cell.strip() for cell in row), row
        assert not any(cell.count("`") % 2 for cell in row), row


@pytest.mark.parametrize("wanted", every(), ids=" ".join)
def test_every_catalogue_is_drawn(wanted: tuple[str, ...]) -> None:
    assert wanted in DRAWN


def test_nothing_else_is_drawn() -> None:
    assert set(every()) == DRAWN


def test_every_error_has_its_class() -> None:
    assert {
        code: names for code, names in tables.error_classes().items() if not re.fullmatch(r"(\w+Error(, )?)+", names)
    } == {}


def test_every_element_is_in_the_catalogue() -> None:
    parts = (elements.DOCUMENT, elements.TRACE_HEADER_LIST, elements.STATUS, elements.MANIFEST, elements.ATTACHMENT)
    for name, part in zip(tables.ELEMENT_PARTS, parts, strict=True):
        shown = [path for path in ids("elements", "en", name) if "@" not in path]
        assert shown == [path for path, _ in elements.walk(part)]


def test_every_limit_has_its_reason() -> None:
    assert set(tables.attribute_texts(Limits)) == {field.name for field in attrs.fields(Limits)}


def test_every_field_of_a_profile_is_shown_for_every_profile() -> None:
    catalogue = tables.profiles("en")
    assert catalogue.headings[1:] == tuple(PROFILES)
    assert [row[0].strip("`") for row in catalogue.rows] == [f.name for f in attrs.fields(Profile) if f.name != "name"]


def test_the_published_schemas_are_the_generated_ones() -> None:
    published = tables.published()["schemas"]
    assert set(published) == set(SCHEMAS)
    assert published["edxml-102-1.1.xsd"] == xsd_11()
    for name, data in published.items():
        assert etree.fromstring(data).tag == "{http://www.w3.org/2001/XMLSchema}schema"
        assert name in PAGES["howto/schemas.md"]


def test_every_command_with_json_has_its_schema_published() -> None:
    with_json = {f"{name}.schema.json" for name, c in tables.commands("en").items() if "--json" in options(c)}
    assert set(tables.published()["json-schemas"]) == with_json
    assert all(json.loads(data)["$schema"] for data in tables.published()["json-schemas"].values())


def options(command: object) -> set[str]:
    """Return the names of the options of *command*."""
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}


CONSOLE = [
    (page, line.removeprefix("$ "))
    for page, text in {**PAGES, "README.md": (ROOT / "README.md").read_text(encoding="utf-8")}.items()
    for head, body in fences(text)
    if head in {"console", "sh"}
    for line in body.splitlines()
    if re.match(r"(\$ )?(\S*/)?vndoc ", line)
]


@pytest.mark.parametrize(("page", "line"), CONSOLE)
def test_the_commands_on_the_pages_exist(page: str, line: str) -> None:
    _, name, *rest = line.partition(" > ")[0].split()
    known = tables.commands("en")
    name = name if name in known or not rest else f"{name}-{rest.pop(0)}"
    assert name in known
    assert {word for word in rest if word.startswith("-")} <= options(known[name])


def test_every_section_and_variant_is_explained() -> None:
    named = [kind.clause for kind in DEVIATIONS.values()] + [rule.source for rule in RULES.values()]
    text = " ; ".join(re.sub(r"\([^)]*\)|Art [\d, ]+|\S+/\S+|TCVN \S+|UAX \d+", "", clause) for clause in named)
    sections = set(re.findall(r"(?<![\w.:-])\d{1,2}(?:\.\d)*(?![\w:])", text)) | set(re.findall(r"C-\d\d", text))
    assert {"4.3.5", "11", "13", "C-21"} <= sections
    assert {name for name in sections if f"`{name}`" not in PAGES["reference/sources.md"]} == set()


def test_every_dialect_is_described() -> None:
    for name in {*NAMESPACES.values(), "SOAP", "MIME", "CV 2803", "NSS", "edxml-convert"}:
        assert name in PAGES["reference/dialects.md"]


def test_what_the_pages_link_to_exists() -> None:
    known = {"deviation": set(DEVIATIONS), "rule": {*RULES, *ids("structure")}, "errorcode": set(ERRORS)}
    known |= {"reason": {r.value for r in REASONS}, "check": {c.value for c in CHECKS}}
    used = [
        (role, id_)
        for text in PAGES.values()
        for role, id_ in re.findall(r"\{(deviation|rule|errorcode|reason|check)\}`([^`]+)`", text)
    ]
    assert len(used) > 10
    assert [(role, id_) for role, id_ in used if id_ not in known[role]] == []


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_pages_of_ours(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        assert (DOCS / page).parent.joinpath(target.partition("#")[0]).resolve().is_file(), target


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_in_a_table_of_contents(page: str) -> None:
    listed = {
        (Path(home).parent / entry).as_posix()
        for home, text in PAGES.items()
        for head, body in fences(text)
        if head == "{toctree}"
        for entry in body.split()
    }
    assert page == "index.md" or page.removesuffix(".md") in listed


@pytest.mark.parametrize("page", PAGES)
def test_python_on_the_pages_is_executed(page: str) -> None:
    """All of it stands in blocks that the docs build runs; other languages are said not to be."""
    heads = {head.split()[0] for head, _ in fences(PAGES[page]) if head}
    executed = {"{testsetup}", "{testcode}", "{doctest}", "{testoutput}", "{testcleanup}"}
    drawn = {"{catalogue}", "{published}", "{drawing}", "{toctree}", "{figure}"}
    assert heads <= executed | drawn | {"console", "sh", "text", "csharp", "java"}


@pytest.mark.parametrize("page", PAGES)
def test_text_is_composed(page: str) -> None:
    assert unicodedata.is_normalized("NFC", PAGES[page])


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("vi/")])
def test_vietnamese_pages_are_in_vietnamese(page: str) -> None:
    prose = FENCE.sub("", PAGES[page])
    assert sum(ch in "ăâđêôơưạảấầậắặếềệốồộớờợứừựị" for ch in prose.lower()) > len(prose) / 25
    assert [
        head for head, body in fences(PAGES[page]) if head.startswith("{catalogue}") and ":lang: vi" not in body
    ] == []


def test_the_tour_and_the_tutorial_speak_of_the_same_packet() -> None:
    example = load("example")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    packet = example.document()
    for text in (readme, PAGES["tutorial/index.md"], PAGES["vi/bat-dau.md"]):
        for value in (packet.subject, packet.from_.organ_name, packet.code.notation, packet.signer_info.full_name):
            assert value in text


@pytest.mark.parametrize(
    "module", [m for m in architecture.modules(architecture.PACKAGE) if m.public], ids=lambda m: m.name
)
def test_public_data_is_described(module: architecture.Module) -> None:
    """A constant without a docstring has no entry in the reference."""
    path = Path(str(importlib.util.find_spec(module.name).origin))
    body = ast.parse(path.read_text(encoding="utf-8")).body
    bare = []
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
            described = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            bare += sorted(names & set(module.names() or [])) if not described else []
    assert bare == []


def test_every_key_of_the_configuration_of_a_node_is_explained() -> None:
    known = {f"{table}.{key}" for table, keys in _PARTS.items() for key in keys or ()}
    known |= {f"agencies.MÃ.{key}" for key in _ORGANIZATION} | {"carriers.TÊN.kind"}
    settings = load("configuration")
    assert set(settings.NODE_SETTINGS) == known
    assert set(settings.defaults()) <= known
    vietnamese, english = (ids("node-settings", lang) for lang in ("vi", "en"))
    assert len(vietnamese) == len(set(vietnamese)) == len(known)
    assert "[agencies.MÃ] name" in vietnamese
    assert "[agencies.CODE] name" in english
    for page in ("vi/cong-ket-noi.md", "reference/node.md"):
        assert "{catalogue} node-settings" in PAGES[page]
