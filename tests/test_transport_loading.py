"""Carriers by name: ours, other people's, and those that do not work."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from conftest import missing
from vndoc.errors import OwnFaultError, UsageError
from vndoc.transport import MemoryAxis, MemoryTransport, SpoolTransport, Transport, load, names
from vndoc.transport.loading import GROUP

PLUGIN = """
from vndoc.errors import UsageError
from vndoc.transport import MemoryAxis, MemoryTransport

def good(axis, codes, *, color="đỏ"):
    return MemoryTransport(axis, codes, name=color)

def with_secret(password):
    raise RuntimeError("cannot log in with " + password)

def coded():
    raise UsageError("option-invalid", detail="x")

def other(**options):
    return object()

def positional(axis, /):
    return object()

def any_of_them(axis, *more, **options):
    return MemoryTransport(axis, options["codes"], name="any")

value = 3
"""
POINTS = """[vndoc.transports]
good = test_plugin:good
with-secret = test_plugin:with_secret
coded = test_plugin:coded
other = test_plugin:other
positional = test_plugin:positional
any = test_plugin:any_of_them
value = test_plugin:value
nowhere = test_plugin.nowhere:x
nothing = test_plugin:nothing
untold = builtins:type
twice = test_plugin:good
extra = test_plugin_extra:x
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two installed packages that bring carriers, one name of both."""
    (tmp_path / "test_plugin.py").write_text(PLUGIN, encoding="utf-8")
    (tmp_path / "test_plugin_extra.py").write_text(
        "from vndoc.errors import UsageError\nraise UsageError('extra-missing', found='x')\n", encoding="utf-8"
    )
    for name, points in (("test-plugin", POINTS), ("other", "[vndoc.transports]\ntwice = test_plugin:other\n")):
        info = tmp_path / f"{name.replace('-', '_')}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "test_plugin", raising=False)


def test_another_packages_carrier(plugin: None) -> None:
    assert {"good", "coded", "twice"} <= set(names())
    axis = MemoryAxis(["A"])
    assert load("good", axis=axis, codes=["A"], color="xanh").name == "xanh"


@pytest.mark.parametrize(
    ("name", "options", "code", "detail"),
    [
        ("không-có", {}, "carrier-plugin-unknown", "good"),
        ("nowhere", {}, "carrier-plugin-broken", "ModuleNotFoundError"),
        ("nothing", {}, "carrier-plugin-broken", "AttributeError"),
        ("value", {}, "carrier-plugin-broken", "int"),
        ("other", {"a": 1}, "carrier-plugin-broken", "no Transport"),
        ("twice", {}, "carrier-plugin-broken", "other, test-plugin"),
        ("with-secret", {"password": "bí-mật"}, "carrier-plugin-broken", "RuntimeError"),
        ("untold", {"x": 1}, "carrier-plugin-broken", "TypeError"),
        ("good", {}, "carrier-configuration", "axis"),
        ("good", {"axis": 1, "codes": [], "colour": "bí-mật"}, "carrier-configuration", "colour"),
    ],
)
def test_what_does_not_work(plugin: None, name: str, options: dict[str, object], code: str, detail: str) -> None:
    with pytest.raises(OwnFaultError) as error:
        load(name, **options)
    assert error.value.code == code
    assert detail in error.value.text("vi")
    assert "bí-mật" not in f"{error.value!r} {error.value.__cause__!r}"


@pytest.mark.parametrize(
    ("name", "options", "vi", "en"),
    [
        (
            "spool",
            {"root": "/x", "codes": ["A"], "speed{0}": 3, "depth": 1},
            "không có tùy chọn depth, speed{0}; các tùy chọn: clock, codes, max_bytes, max_failures, name, root",
            "there is no option depth, speed{0}; the options are clock, codes, max_bytes, max_failures, name, root",
        ),
        ("spool", {"root": "/x"}, "thiếu tùy chọn codes", "the option codes is missing"),
        ("positional", {}, "thiếu tùy chọn axis", "the option axis is missing"),
        ("positional", {"axis": 1}, "không có tùy chọn axis; các tùy chọn: -", "no option axis; the options are -"),
        ("any", {"x": 1}, "thiếu tùy chọn axis", "the option axis is missing"),
    ],
)
def test_options_that_do_not_fit_are_named_in_both_languages(
    plugin: None, name: str, options: dict[str, object], vi: str, en: str
) -> None:
    with pytest.raises(OwnFaultError) as error:
        load(name, **options)
    assert (error.value.code, error.value.values["carrier"]) == ("carrier-configuration", name)
    assert vi in error.value.text("vi")
    assert en in error.value.text("en")
    assert "argument" not in error.value.text("en")


def test_any_option_that_a_factory_takes(plugin: None) -> None:
    assert load("any", axis=MemoryAxis(["A"]), codes=["A"]).name == "any"


def test_errors_of_ours_pass(plugin: None) -> None:
    for name, code in (("coded", "option-invalid"), ("extra", "extra-missing")):
        with pytest.raises(UsageError) as error:
            load(name)
        assert error.value.code == code


def test_the_built_in_ones_lead_to_carriers(root: Path) -> None:
    written = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"][GROUP]
    installed = {
        point.name: point.value for point in entry_points(group=GROUP) if point.dist and point.dist.name == "vndoc"
    }
    if written != installed:
        missing("vndoc is not installed as it stands here", "VNDOC_REQUIRE_INSTALLED")
    assert {"memory", "spool", "amqp"} <= set(names())
    made: dict[str, Callable[[], Transport]] = {
        "memory": lambda: load("memory", axis=MemoryAxis(["A"]), codes=["A"]),
        "spool": lambda: load("spool", root="/x", codes=["A"], max_failures=None),
    }
    assert isinstance(made["memory"](), MemoryTransport)
    assert isinstance(made["spool"](), SpoolTransport)
    with pytest.raises(OwnFaultError) as error:
        load("spool", codes=["A"])
    assert "root" in error.value.text()


def test_the_amqp_one(tmp_path: Path) -> None:
    pytest.importorskip("pika", reason="the extra amqp is not installed")
    if "amqp" not in names():
        missing("vndoc is not installed as it stands here", "VNDOC_REQUIRE_INSTALLED")
    carrier = load("amqp", url="amqp://localhost/", codes=["A"], blobs=tmp_path)
    assert carrier.features.max_bytes is None


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "pika" or "amqp" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pika", None)
    import vndoc.transport  # noqa: PLC0415

    for name in ("amqp", "_amqp_message", "_amqp_session"):
        monkeypatch.delattr(vndoc.transport, name, raising=False)
    with pytest.raises(UsageError) as error:
        import vndoc.transport.amqp  # noqa: PLC0415
    assert error.value.text("vi").endswith("pip install 'vndoc[amqp]'.")
