"""Sphinx directives that draw the catalogues from the library's own tables, and the files that are published with them.

* ``{catalogue} name [argument]`` draws one table of :mod:`tables`; with ``:lang: vi`` in Vietnamese.
* ``{published} schemas`` lists the XSDs, ``{published} json-schemas`` the JSON Schemas of the command; the files are
  written into the HTML output, in ``_published``.
* ``{drawing} provinces-en.svg`` shows a drawing made from the tables, with ``:alt:``; the content is the caption.
* The roles ``{deviation}``, ``{rule}``, ``{errorcode}``, ``{reason}``, ``{check}`` and ``{signreason}`` lead to the row
  of an id; an unknown id is a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from tables import CATALOGUES, Catalogue, published

FOLDER = "_published"
"""Where the published files stand in the HTML output."""


class CatalogueDirective(SphinxDirective):
    """One table."""

    required_arguments = 1
    optional_arguments = 1
    option_spec: ClassVar = {"lang": lambda value: directives.choice(value, ("vi", "en"))}

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        name, *rest = self.arguments
        if name not in CATALOGUES:
            raise self.error(f"no catalogue {name!r}; known: {', '.join(CATALOGUES)}")
        self.env.note_reread()
        return [self.table(CATALOGUES[name](self.options.get("lang", "en"), *rest))]

    def table(self, catalogue: Catalogue) -> nodes.table:
        """Return *catalogue* as a table."""
        group = nodes.tgroup(cols=len(catalogue.headings))
        group += [nodes.colspec(colwidth=width) for width in catalogue.widths]
        head = nodes.row()
        head += [nodes.entry("", nodes.paragraph("", heading)) for heading in catalogue.headings]
        group += nodes.thead("", head)
        body = nodes.tbody()
        for cells in catalogue.rows:
            row = nodes.row()
            row += [nodes.entry("", *_paragraphs(cell)) for cell in cells]
            if catalogue.objects and self.options.get("lang", "en") == "en":
                self.note(catalogue.objects, cells[0].strip("`"), row)
            body += row
        group += body
        return nodes.table("", group, classes=["catalogue"])

    def note(self, kind: str, id_: str, row: nodes.row) -> None:
        """Make *row* what the role *kind* leads to for *id_*."""
        label = f"{kind}-{id_}"
        entry = row.children[0]
        entry["ids"].append(label)  # type: ignore[index]
        std = self.env.domains.standard_domain
        std.note_object(f"{kind}-object", id_, label, location=row)


def _paragraphs(cell: str) -> Iterator[nodes.paragraph]:
    for line in cell.split("\n"):
        paragraph = nodes.paragraph()
        for number, part in enumerate(re.split(r"`([^`]*)`", line)):
            if part:
                paragraph += nodes.literal(part, part) if number % 2 else nodes.Text(part)
        yield paragraph


class PublishedDirective(SphinxDirective):
    """The list of files that come with these pages."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return one line for each file, with a link to it."""
        kind = self.arguments[0]
        if kind not in published():
            raise self.error(f"nothing published as {kind!r}; known: {', '.join(published())}")
        up = "../" * self.env.current_document.docname.count("/")
        items = []
        for name, data in published()[kind].items():
            link = nodes.reference("", name, refuri=f"{up}{FOLDER}/{name}", internal=False)
            items.append(nodes.list_item("", nodes.paragraph("", "", link, nodes.Text(f" ({len(data):,} bytes)"))))
        return [nodes.bullet_list("", *items)]


class DrawingDirective(SphinxDirective):
    """A picture that is made while the pages are built; the content of the directive is its caption."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {"alt": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Return the picture, which leads to the file, and its caption."""
        name = self.arguments[0]
        drawings = published()["drawings"]
        if name not in drawings or not self.options.get("alt"):
            raise self.error(f"a drawing needs an :alt: and a name of: {', '.join(drawings)}")
        up = "../" * self.env.current_document.docname.count("/")
        uri, alt = f"{up}{FOLDER}/{name}", escape(self.options["alt"])
        picture = f'<a href="{uri}"><img src="{uri}" alt="{alt}" style="width: 100%"></a>'
        return [nodes.raw("", picture, format="html"), *self.parse_content_to_nodes()]


def write_published(app: Sphinx, failure: Exception | None) -> None:
    """Write the published files beside the HTML pages."""
    if failure is not None or app.builder.format != "html":
        return
    folder = Path(app.outdir) / FOLDER
    folder.mkdir(exist_ok=True)
    for files in published().values():
        for name, data in files.items():
            (folder / name).write_bytes(data)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_directive("catalogue", CatalogueDirective)
    app.add_directive("published", PublishedDirective)
    app.add_directive("drawing", DrawingDirective)
    for kind in ("deviation", "rule", "errorcode", "reason", "check", "signreason"):
        app.add_object_type(f"{kind}-object", kind, objname=kind)
    app.connect("build-finished", write_published)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
