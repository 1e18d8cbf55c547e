"""The configuration of a node: one TOML file, with secrets that stand elsewhere.

::

    [store]
    url = "sqlite:////var/lib/vndoc/store.db"
    blobs = "/var/lib/vndoc/blobs"

    [agencies."000.00.00.H01"]
    name = "Ủy ban nhân dân tỉnh"

    [table]
    file = "danh-muc.csv"

    [carriers.national-axis]
    kind = "vxp"
    secret = { env = "VXP_SECRET" }

A value ``{ env = "NAME" }`` is taken from the environment, ``{ file = "PATH" }`` from a file (without the line end);
such values stand in no ``repr``, error or page. Paths are relative to the folder of the file, that of an SQLite
database as well. What the values mean is the business of :mod:`vndoc.cli._node_opening`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from vndoc.cli._run import filled
from vndoc.cli._table import AUTO, BUILTIN
from vndoc.envelope import Organization
from vndoc.errors import SourceError, UsageError
from vndoc.text import Text

__all__ = ["Settings", "broken", "not_empty", "read_settings", "typed"]

_NUMBER: Final = (int, float)
_PARTS: Final[Mapping[str, Mapping[str, tuple[type, ...]] | None]] = {
    "store": {"url": (str, dict), "blobs": (str, dict)},
    "table": {"file": (str,), "format": (str,), "carrier": (str,)},
    "node": {
        "own_system": (str,),
        "profile": (str,),
        "signatures": (str, bool),
        "trust": (str,),
        "lifetime_days": _NUMBER,
        "answer_days": _NUMBER,
        "poll_seconds": _NUMBER,
        "lease_seconds": _NUMBER,
        "batch": (int,),
        "ahead": (int,),
        "unsure": (str,),
    },
    "retention": dict.fromkeys(
        ("messages_days", "copies_days", "documents_days", "evidence_days", "snapshots_days"), _NUMBER
    ),
    "agencies": None,
    "carriers": None,
}
"""Which tables there are, their keys with the types of the values (None: the keys are names)."""
_ORGANIZATION: Final = {"name": "organ_name", "address": "organ_add", "email": "email", "telephone": "telephone"}

_UNKNOWN = Text("không có khóa {name}", "there is no key {name}")
_MISSING = Text("thiếu {name}", "{name} is missing")
_TYPE = Text("{name} sai kiểu", "{name} is of the wrong type")
_EMPTY = Text("{name} rỗng", "{name} is empty")
_NO_ENV = Text("biến môi trường {name} chưa được đặt", "the environment variable {name} is not set")


def broken(text: Text, **values: object) -> UsageError:
    """Return the error of a configuration that cannot be used."""
    return UsageError("node-settings", detail=filled(text, **values))


def typed(value: object, wanted: tuple[type, ...], name: str) -> None:
    """Raise ``node-settings`` unless *value* is of one of the types *wanted*: ``true`` is no number."""
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        raise broken(_TYPE, name=name)


@attrs.frozen(kw_only=True)
class Settings:
    """What the file says, with secrets put in: never shown."""

    home: Path
    url: str = attrs.field(repr=False)
    blobs: Path
    own: Mapping[str, Organization]
    table_file: str
    table_format: str
    carrier: str | None
    carriers: Mapping[str, Mapping[str, Any]] = attrs.field(repr=False)
    node: Mapping[str, Any]
    retention: Mapping[str, Any] | None
    trust: Path | None


def read_settings(path: Path) -> Settings:
    """Return what the file at *path* says.

    Raises :class:`~vndoc.errors.UsageError` ``node-settings`` naming what is unknown, missing or of the wrong type,
    :class:`~vndoc.errors.SourceError` ``source-unreadable`` for files that cannot be read.
    """
    try:
        data = tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as error:
        raise UsageError("node-settings", detail=f"TOML: {error}") from None
    _check(data)
    home = path.parent
    store = _resolved(data["store"], home, "store")
    table = data.get("table", {})
    node = data.get("node", {})
    carriers = {name: _resolved(part, home, f"carriers.{name}") for name, part in data["carriers"].items()}
    for name, part in carriers.items():
        _string(part, "kind", f"carriers.{name}")
    file = table.get("file", BUILTIN)
    return Settings(
        home=home,
        url=_placed(_string(store, "url", "store"), home),
        blobs=home / _string(store, "blobs", "store"),
        own={code: _organization(code, part) for code, part in data["agencies"].items()},
        table_file=file if file == BUILTIN else str(home / file),
        table_format=table.get("format", AUTO),
        carrier=table.get("carrier"),
        carriers=carriers,
        node=node,
        retention=data.get("retention"),
        trust=home / node["trust"] if "trust" in node else None,
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        detail = (isinstance(error, OSError) and error.strerror) or type(error).__name__
        raise SourceError("source-unreadable", name=str(path), detail=detail) from error


def _check(data: Mapping[str, Any]) -> None:
    for name, part in data.items():
        if name not in _PARTS:
            raise broken(_UNKNOWN, name=name)
        typed(part, (dict,), name)
        known = _PARTS[name]
        for key, value in part.items():
            if known is not None and key not in known:
                raise broken(_UNKNOWN, name=f"{name}.{key}")
            typed(value, (dict,) if known is None else known[key], f"{name}.{key}")
    for name in ("store", "agencies", "carriers"):
        if not data.get(name):
            raise broken(_MISSING, name=f"[{name}]")


def _string(part: Mapping[str, Any], key: str, name: str) -> str:
    value = part.get(key)
    if value is None:
        raise broken(_MISSING, name=f"{name}.{key}")
    typed(value, (str,), f"{name}.{key}")
    return str(value)


def _placed(url: str, home: Path) -> str:
    """Return *url* with the path of an SQLite file that is relative put under *home*."""
    scheme, mark, path = url.partition(":///")
    return f"{scheme}{mark}{home.absolute() / path}" if scheme.startswith("sqlite") and path else url


def _resolved(part: Mapping[str, Any], home: Path, name: str) -> dict[str, Any]:
    """Return *part* with what stands in the environment or in files."""
    return {key: _value(value, home, f"{name}.{key}") for key, value in part.items()}


def _value(value: Any, home: Path, name: str) -> Any:
    if not isinstance(value, dict):
        return value
    if value.keys() == {"env"}:
        found = os.environ.get(_string(value, "env", name))
        if found is None:
            raise broken(_NO_ENV, name=value["env"])
        return not_empty(found, name)
    if value.keys() == {"file"}:
        return not_empty(_text(home / _string(value, "file", name)).rstrip("\r\n"), name)
    return {key: _value(inner, home, f"{name}.{key}") for key, inner in value.items()}


def not_empty(value: str, name: str) -> str:
    """Return *value*: an empty one would be a secret that everybody knows."""
    if not value:
        raise broken(_EMPTY, name=name)
    return value


def _organization(code: str, part: Mapping[str, Any]) -> Organization:
    unknown = sorted(part.keys() - _ORGANIZATION.keys())
    if unknown:
        raise broken(_UNKNOWN, name=f"agencies.{code}.{unknown[0]}")
    for key, value in part.items():
        typed(value, (str,), f"agencies.{code}.{key}")
    return Organization(organ_id=code, **{_ORGANIZATION[key]: value for key, value in part.items()})
