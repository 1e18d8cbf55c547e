"""One reference page for each public module, made from the source: nothing public can be forgotten.

A page documents what its module defines, itself or in a private module, and lists what it only re-exports; what other
projects define is named and not documented.
References to a name that is re-exported (``vndoc.read``) or imported lead to where it is defined.
"""

from __future__ import annotations

import ast
import builtins
import functools
import importlib
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

import vndoc

HOME = Path(vndoc.__file__).parent


@functools.cache
def modules() -> dict[str, tuple[list[str], list[str]]]:
    """Return for each public module the names of its ``__all__``: those documented there, those re-exported.

    A name that a private module defines is documented where it becomes public.
    """
    found = _written()
    pages = {}
    for module, (own, passed_on) in found.items():
        hidden = [
            n for n in passed_on if n != "__version__" and _owner(module, n) is None and not _home(found, module, n)
        ]
        pages[module] = ([*own, *hidden], [n for n in passed_on if n not in hidden])
    return pages


def _written() -> dict[str, tuple[list[str], list[str]]]:
    """Return for each public module the names of its ``__all__``: those defined in it, the others."""
    found = {}
    for path in sorted(HOME.rglob("*.py")):
        parts = path.relative_to(HOME.parent).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        if any(part.startswith("_") for part in parts):
            continue
        names, defined = _names(ast.parse(path.read_text(encoding="utf-8")))
        found[".".join(parts)] = ([n for n in names if n in defined], [n for n in names if n not in defined])
    return found


def _names(tree: ast.Module) -> tuple[list[str], set[str]]:
    public: list[str] = []
    defined: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            assigned = {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
            defined |= assigned
            if "__all__" in assigned and node.value is not None:
                public = list(ast.literal_eval(node.value))
    return public, defined


def write_pages(app: Sphinx) -> None:
    """Write ``reference/api/<module>.md`` for each public module; leave what has not changed, remove what is gone."""
    folder = Path(app.srcdir) / "reference" / "api"
    folder.mkdir(exist_ok=True)
    pages = {f"{module}.md": _page(module, *names) for module, names in modules().items()}
    for path in folder.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")


def _page(module: str, defined: list[str], passed_on: list[str]) -> str:
    lines = [f"# `{module}`", "", "```{eval-rst}", f".. automodule:: {module}"]
    if defined:
        lines += [f"   :members: {', '.join(defined)}", "   :undoc-members:"]
    lines += ["```", ""]
    if passed_on:
        lines += ["## Also from here", ""]
        lines += [_listed(module, name) for name in sorted(passed_on) if name != "__version__"]
        lines += [""]
    return "\n".join(lines)


def _listed(module: str, name: str) -> str:
    owner = _owner(module, name)
    return f"- {{py:obj}}`{name} <{module}.{name}>`" if owner is None else f"- `{name}`, of {owner}"


def _owner(module: str, name: str) -> str | None:
    """Return the project that what *module* calls *name* comes from, None where it is ours."""
    value = getattr(importlib.import_module(module), name, None)
    project = (getattr(value, "__module__", None) or "vndoc").partition(".")[0] if isinstance(value, type) else "vndoc"
    return None if project in {"vndoc", "builtins"} else project


def follow_re_export(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.TextElement
) -> nodes.Element | None:
    """Resolve a name to where it is defined: ``vndoc.package.name``, or ``name`` as its docstring's module knows it.

    A module knows what it re-exports and what it imports.
    """
    if node.get("refdomain") != "py":
        return None
    known = modules()
    for target in (node["reftarget"], f"{node.get('py:module')}.{node['reftarget']}"):
        parts = target.split(".")
        for cut in range(len(parts) - 1, 0, -1):
            module, name, rest = ".".join(parts[:cut]), parts[cut], parts[cut + 1 :]
            if module in known and (home := _home(known, module, name)):
                full = ".".join([home, name, *rest])
                return env.domains["py"].resolve_xref(env, node["refdoc"], app.builder, "obj", full, node, contnode)
    return None


def _home(known: dict[str, tuple[list[str], list[str]]], module: str, name: str) -> str | None:
    """Return the module that defines what *module* calls *name*, if it is public and not defined there."""
    value = getattr(importlib.import_module(module), name, None)
    homes = (home for home, (defined, _) in known.items() if name in defined and home != module)
    return next((home for home in homes if getattr(importlib.import_module(home), name) is value), None)


def leave_builtins_alone(_app: Sphinx, doctree: nodes.document) -> None:
    """Take the links off built-in types in annotations: a field that is called ``type`` is not what they mean."""
    for node in list(doctree.findall(pending_xref)):
        if node.get("refdomain") == "py" and hasattr(builtins, node["reftarget"]):
            node.replace_self(node.children)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("builder-inited", write_pages)
    app.connect("doctree-read", leave_builtins_alone)
    app.connect("missing-reference", follow_re_export)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
