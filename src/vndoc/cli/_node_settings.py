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
such values stand in no ``repr``, error or page. Paths are relative to the folder of the file.
"""

from __future__ import annotations

import datetime
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from vndoc.cli._run import filled
from vndoc.cli._table import AUTO, BUILTIN, open_table
from vndoc.cli._trust import Trust, trust_of
from vndoc.envelope import Organization
from vndoc.errors import SourceError, UsageError
from vndoc.exchange import SendingRules
from vndoc.text import Text

__all__ = ["Settings", "open_node", "read_settings"]

_PARTS: Final = {
    "store": {"url", "blobs"},
    "table": {"file", "format", "carrier"},
    "node": {
        "own_system",
        "profile",
        "signatures",
        "trust",
        "lifetime_days",
        "poll_seconds",
        "lease_seconds",
        "batch",
        "unsure",
        "answer_days",
    },
    "agencies": None,
    "carriers": None,
}
"""Which tables there are, and their keys (None: the keys are names)."""
_ORGANIZATION: Final = {"name": "organ_name", "address": "organ_add", "email": "email", "telephone": "telephone"}
_MAX_SECRET: Final = 64 * 1024

_UNKNOWN = Text("không có khóa {name}", "there is no key {name}")
_MISSING = Text("thiếu {name}", "{name} is missing")
_TYPE = Text("{name} sai kiểu", "{name} is of the wrong type")
_NO_ENV = Text("biến môi trường {name} chưa được đặt", "the environment variable {name} is not set")


def _broken(text: Text, **values: object) -> UsageError:
    return UsageError("node-settings", detail=filled(text, **values))


@attrs.frozen(kw_only=True)
class Settings:
    """What the file says, with secrets put in: never shown."""

    url: str = attrs.field(repr=False)
    blobs: Path
    own: Mapping[str, Organization]
    table_file: str
    table_format: str
    carrier: str | None
    carriers: Mapping[str, Mapping[str, Any]] = attrs.field(repr=False)
    node: Mapping[str, Any]
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
        if not isinstance(part.get("kind"), str):
            raise _broken(_MISSING, name=f"carriers.{name}.kind")
    file = table.get("file", BUILTIN)
    return Settings(
        url=_string(store, "url", "store"),
        blobs=home / _string(store, "blobs", "store"),
        own={code: _organization(code, part) for code, part in data["agencies"].items()},
        table_file=file if file == BUILTIN else str(home / file),
        table_format=table.get("format", AUTO),
        carrier=table.get("carrier"),
        carriers=carriers,
        node=node,
        trust=home / node["trust"] if "trust" in node else None,
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        detail = (isinstance(error, OSError) and error.strerror) or type(error).__name__
        raise SourceError("source-unreadable", name=str(path), detail=detail) from error


def _check(data: Mapping[str, Any]) -> None:
    for name, part in data.items():
        known = _PARTS.get(name, ())
        if known == ():
            raise _broken(_UNKNOWN, name=name)
        if not isinstance(part, dict):
            raise _broken(_TYPE, name=name)
        for key, value in part.items():
            if known is not None and key not in known:
                raise _broken(_UNKNOWN, name=f"{name}.{key}")
            if known is None and not isinstance(value, dict):
                raise _broken(_TYPE, name=f"{name}.{key}")
    for name in ("store", "agencies", "carriers"):
        if not data.get(name):
            raise _broken(_MISSING, name=f"[{name}]")


def _string(part: Mapping[str, Any], key: str, name: str) -> str:
    value = part.get(key)
    if value is None:
        raise _broken(_MISSING, name=f"{name}.{key}")
    if not isinstance(value, str):
        raise _broken(_TYPE, name=f"{name}.{key}")
    return value


def _resolved(part: Mapping[str, Any], home: Path, name: str) -> dict[str, Any]:
    """Return *part* with what stands in the environment or in files."""
    return {key: _value(value, home, f"{name}.{key}") for key, value in part.items()}


def _value(value: Any, home: Path, name: str) -> Any:
    if not isinstance(value, dict):
        return value
    if value.keys() == {"env"}:
        found = os.environ.get(str(value["env"]))
        if found is None:
            raise _broken(_NO_ENV, name=str(value["env"]))
        return found
    if value.keys() == {"file"}:
        return _text(home / str(value["file"]))[:_MAX_SECRET].rstrip("\r\n")
    return {key: _value(inner, home, f"{name}.{key}") for key, inner in value.items()}


def _organization(code: str, part: Mapping[str, Any]) -> Organization:
    unknown = sorted(part.keys() - _ORGANIZATION.keys())
    if unknown:
        raise _broken(_UNKNOWN, name=f"agencies.{code}.{unknown[0]}")
    return Organization(organ_id=code, **{_ORGANIZATION[key]: str(value) for key, value in part.items()})


def open_node(settings: Settings) -> Any:
    """Return the node that *settings* describe, with its store open: close ``node.store`` at the end."""
    from vndoc.node import Node  # noqa: PLC0415 - needs the extra of the store
    from vndoc.store import Store  # noqa: PLC0415 - as above
    from vndoc.transport import load  # noqa: PLC0415 - loads the carriers that are used

    policy = _policy(settings.node)
    opened = open_table(settings.table_file, settings.table_format)
    table = opened.table
    if settings.carrier is not None:
        table = table.changed({}, info=attrs.evolve(table.info, carrier=settings.carrier))
    trust = Trust() if settings.trust is None else trust_of(settings.trust)
    carriers = {}
    for name, part in settings.carriers.items():
        options = {key: value for key, value in part.items() if key != "kind"}
        carriers[name] = load(part["kind"], **{"name": name, **options})
    store = Store.open(settings.url, blobs=settings.blobs)
    try:
        return Node(
            store,
            carriers,
            table,
            None if settings.trust is None else trust.store,
            policy,
            own=settings.own,
            own_system=settings.node.get("own_system"),
            revocation=trust.revocation,
        )
    except BaseException:
        store.close()
        raise


def _policy(given: Mapping[str, Any]) -> Any:
    from vndoc.node import NodePolicy, Unsure  # noqa: PLC0415 - needs the extra of the store

    values: dict[str, Any] = {}
    try:
        for key, name, unit in (
            ("lifetime_days", "lifetime", "days"),
            ("answer_days", "answer_within", "days"),
            ("poll_seconds", "poll_every", "seconds"),
            ("lease_seconds", "lease", "seconds"),
        ):
            if key in given:
                values[name] = datetime.timedelta(**{unit: float(given[key])})
        if "unsure" in given:
            values["unsure"] = Unsure(given["unsure"])
        for key in ("profile", "batch"):
            if key in given:
                values[key] = given[key]
        if "signatures" in given:
            asked = given["signatures"]
            values["signatures"] = asked or None
            if not asked:
                values["sending"] = SendingRules(signed=frozenset())
        return NodePolicy(**values)
    except (TypeError, ValueError, OverflowError) as error:
        raise UsageError("node-settings", detail=f"[node]: {error}") from None
