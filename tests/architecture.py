"""The table of floors and the checks over the source text; see ``test_architecture.py``.

A check takes a :class:`Module` and yields ``(line, text)`` for each place that breaks its rule.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "vndoc"
"""The source of the package."""

Finding = tuple[int, str]

BASE = frozenset({"errors", "limits", "text"})
"""The ground's own ground: the rest of floor 0 may import it without an arrow."""

FACADE = "vndoc"
"""The package itself, ``vndoc/__init__.py``: it re-exports ``packets`` and stands on its floor."""


@attrs.frozen
class Storey:
    """Where a package stands and which packages of its own floor it may import."""

    floor: int
    arrows: frozenset[str] = frozenset()


FLOORS = {
    # 6 doors
    "__main__": Storey(6, frozenset({"cli"})),
    "testing": Storey(6),
    "cli": Storey(6, frozenset({"testing"})),
    "conformance": Storey(6, frozenset({"testing"})),
    # 5 moving
    "node": Storey(5),
    # 4 carrying, keeping
    "transport": Storey(4),
    "store": Storey(4),
    "signers": Storey(4),
    # 3 facade
    FACADE: Storey(3, frozenset({"packets"})),
    "packets": Storey(3),
    # 2 deciding
    "routing": Storey(2),
    "exchange": Storey(2, frozenset({"routing"})),
    "statistics": Storey(2),
    # 1 understanding
    "xml": Storey(1),
    "edxml": Storey(1, frozenset({"xml"})),
    "schema": Storey(1, frozenset({"edxml", "xml"})),
    "pki": Storey(1),
    "pdf": Storey(1),
    "signature": Storey(1, frozenset({"xml", "edxml", "pki", "pdf"})),
    # 0 ground
    "errors": Storey(0, frozenset({"text"})),
    "limits": Storey(0),
    "text": Storey(0),
    "identifiers": Storey(0, BASE),
    "envelope": Storey(0, BASE | {"identifiers"}),
    "_version": Storey(0),
}

CORE = frozenset({"asn1crypto", "attrs", "cryptography", "lxml", "pybase64", "xmlschema"})
"""The core dependencies, as imported: allowed from floor 1 upwards; on floor 0 only attrs."""

EXTRAS = {
    "hypothesis": {"testing"},
    "rich": {"cli"},
    "typer": {"cli"},
    "urllib3": {"transport", "signers", "store"},
    "sqlalchemy": {"store"},
    "psycopg": {"store"},
    "pika": {"transport"},
    "pkcs11": {"signers"},
    "pyhanko": {"signers"},
    "holidays": {"exchange"},
    "jinja2": {"testing"},
    "starlette": {"testing"},
    "uvicorn": {"testing"},
    "xlsxwriter": {"cli"},
}
"""Packages of the extras, as imported, and where alone each may be imported at all."""

TOP_OF_PURE = 2
MODULE_LINES = 500
FUNCTION_LINES = 60

IMPURE_MODULES = frozenset(
    {"asyncio", "fileinput", "ftplib", "getpass", "glob", "http", "imaplib", "locale", "multiprocessing", "os"}
    | {"pathlib", "platform", "poplib", "random", "secrets", "select", "selectors", "shutil", "signal", "smtplib"}
    | {"socket", "socketserver", "sqlite3", "ssl", "subprocess", "tempfile", "time", "urllib", "webbrowser", "xmlrpc"}
)
"""Modules that reach for files, the network, the clock, the environment or randomness."""

PURE_PARTS = frozenset({"urllib.parse", "pathlib.PurePath", "pathlib.PurePosixPath", "pathlib.PureWindowsPath"})
"""What may be had from them all the same, imported by name."""

IMPURE_NAMES = frozenset(
    {"io.FileIO", "io.open", "io.open_code", "codecs.open", "uuid.getnode", "uuid.uuid1", "uuid.uuid4"}
)
"""Single names of the same kind in modules that are otherwise harmless."""

CLOCK_CALLS = frozenset({"now", "today", "utcnow"})


@attrs.frozen(eq=False)
class Module:
    """One module of the package: its dotted name and its text, parsed."""

    name: str
    source: str
    tree: ast.Module
    is_package: bool = False

    @classmethod
    def parse(cls, name: str, source: str, *, is_package: bool = False) -> Module:
        return cls(name, source, ast.parse(source), is_package or name == FACADE)

    @property
    def package(self) -> str:
        """The entry of the table that the module belongs to."""
        return self.name.split(".")[1] if "." in self.name else self.name

    @property
    def floor(self) -> int:
        return FLOORS[self.package].floor

    @property
    def public(self) -> bool:
        return not any(part.startswith("_") for part in self.name.split("."))

    def imports(self) -> Iterator[tuple[int, str, str | None]]:
        """Yield line, absolute module name and, for ``from``, the name taken from it; wherever it stands."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield node.lineno, alias.name, None
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    parts = self.name.split(".")
                    home = parts[: len(parts) - node.level + self.is_package]
                    base = ".".join([*home, base] if base else home)
                for alias in node.names:
                    yield node.lineno, base, alias.name

    def names(self) -> list[str] | None:
        """Return ``__all__``, or None where it is not a literal list of strings."""
        for node in self.tree.body:
            target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
            if isinstance(target, ast.Name) and target.id == "__all__":
                value = getattr(node, "value", None)
                if isinstance(value, ast.List | ast.Tuple) and all(isinstance(e, ast.Constant) for e in value.elts):
                    return [str(e.value) for e in value.elts if isinstance(e, ast.Constant)]
        return None


Check = Callable[[Module], Iterator[Finding]]


def modules(package: Path) -> list[Module]:
    """Return every module below the folder *package*, by name."""
    found = []
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        found.append(Module.parse(name, path.read_text(encoding="utf-8"), is_package=is_package))
    return found


def public_names(found: list[Module]) -> list[str]:
    """Return ``module.name`` for every name that a public module promises, sorted."""
    return sorted(f"{module.name}.{name}" for module in found if module.public for name in module.names() or ())


def imports_obey_the_floors(module: Module) -> Iterator[Finding]:
    """Lower floors, and on the same floor only where an arrow is drawn."""
    for line, target, name in module.imports():
        if (target, name) == ("importlib", "import_module") and module.name != FACADE:
            yield line, "import_module hides from the floors"
        if target.split(".")[0] != FACADE:
            continue
        parts = target.split(".")
        # "from vndoc import x": a package, or one of the facade's names
        of_facade = name if name in FLOORS else FACADE
        if text := _not_allowed(module.package, parts[1] if len(parts) > 1 else of_facade):
            yield line, text
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr == "import_module" and module.name != FACADE:
            yield node.lineno, "import_module hides from the floors"
        elif isinstance(node, ast.Name) and node.id == "__import__":
            yield node.lineno, "__import__ hides from the floors"


def _not_allowed(importer: str, imported: str) -> str | None:
    if imported == importer:
        return None
    if imported not in FLOORS:
        return f"{FACADE}.{imported} is in no floor"
    here, there = FLOORS[importer], FLOORS[imported]
    if there.floor < here.floor or imported in here.arrows:
        return None
    shown = imported if imported == FACADE else f"{FACADE}.{imported}"
    return f"imports {shown} (floor {there.floor}, {'above' if there.floor > here.floor else 'no arrow'})"


def foreign_packages_are_where_they_belong(module: Module) -> Iterator[Finding]:
    """Floor 0: attrs. Floor 1 and up: the core dependencies. Each extra in its own package only."""
    for line, target, _ in module.imports():
        top = target.split(".")[0]
        if top in sys.stdlib_module_names or top == FACADE:
            continue
        allowed = top == "attrs" or (top in CORE and module.floor > 0) or module.package in EXTRAS.get(top, ())
        if not allowed:
            yield line, f"imports {top}, which does not belong into {module.package}"


def the_pure_floors_touch_nothing(module: Module) -> Iterator[Finding]:
    """Floors 0 to 2: no path, socket or database; no clock, environment or randomness."""
    if module.floor > TOP_OF_PURE:
        return
    for line, target, name in module.imports():
        full = f"{target}.{name}" if name else target
        impure = target.split(".")[0] in IMPURE_MODULES and not {target, full} & PURE_PARTS
        if impure or full in IMPURE_NAMES:
            yield line, f"imports {full}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name) and node.id in {"open", "input"} and isinstance(node.ctx, ast.Load):
            yield node.lineno, f"uses the built-in {node.id}"
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in IMPURE_NAMES:
            yield node.lineno, f"uses {ast.unparse(node)}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_CALLS:
            yield node.lineno, f"asks the clock: .{node.func.attr}()"


def public_modules_say_what_they_are(module: Module) -> Iterator[Finding]:
    """A docstring, a literal ``__all__``, and a docstring for everything in it that is defined here."""
    if not module.public:
        return
    if not ast.get_docstring(module.tree):
        yield 1, "no docstring"
    names = module.names()
    if names is None:
        yield 1, "no literal __all__"
        return
    for name in names:
        if name.startswith("_") and name != "__version__":
            yield 1, f"{name} is private and stands in __all__"
    for node in module.tree.body:
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and node.name in names
            and not ast.get_docstring(node)
            and not any(ast.unparse(decorator) == "overload" for decorator in node.decorator_list)
        ):
            yield node.lineno, f"{node.name} has no docstring"


def functions_are_short(module: Module) -> Iterator[Finding]:
    """At most 60 lines, docstring and all; half of that is the aim."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            lines = node.end_lineno - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield node.lineno, f"{node.name} has {lines} lines (at most {FUNCTION_LINES})"


def modules_are_short(module: Module) -> Iterator[Finding]:
    """At most 500 lines."""
    lines = len(module.source.splitlines())
    if lines > MODULE_LINES:
        yield 1, f"{lines} lines (at most {MODULE_LINES})"


CHECKS: list[Check] = [
    imports_obey_the_floors,
    foreign_packages_are_where_they_belong,
    the_pure_floors_touch_nothing,
    public_modules_say_what_they_are,
    functions_are_short,
    modules_are_short,
]
"""Every check that every module has to pass."""
