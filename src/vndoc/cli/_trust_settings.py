"""``trust.json`` in a folder of trusted certificates: what each one is trusted for, by its SHA-256."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from vndoc.cli._run import filled
from vndoc.cli._target import Draft
from vndoc.cli._times import end_of
from vndoc.errors import UsageError, VndocError
from vndoc.limits import DEFAULT
from vndoc.packets.files import acquire
from vndoc.pki import Purpose
from vndoc.text import Text

__all__ = ["SETTINGS", "Setting", "digits", "purposes_of", "read_settings", "write_settings"]

SETTINGS = "trust.json"
"""The name of the file."""

_MAX = 1 << 20
"""Octets of the file: several thousand rows."""
_DIGITS = 64
_PURPOSES = frozenset(purpose.value for purpose in Purpose)
_KEYS = frozenset({"purposes", "legacy", "not_after", "name"})

_TOO_BIG = Text("lớn hơn {limit} byte", "it is larger than {limit} bytes")
_NOT_JSON = Text("không phải JSON", "it is no JSON")
_NO_OBJECT = Text("cần đối tượng JSON", "a JSON object is expected")
_BAD_KEY = Text("{found} không phải vân tay SHA-256", "{found} is no SHA-256 fingerprint")
_TWICE = Text("{found} có hai lần", "{found} stands twice")
_BAD_FIELD = Text("{sha256}: trường {field} không dùng được", "{sha256}: the field {field} cannot be used")
_NO_PURPOSE = Text(
    "--purpose nhận government, national hoặc timestamp, không phải {found}",
    "--purpose takes government, national or timestamp, not {found}",
)


@attrs.frozen(kw_only=True)
class Setting:
    """One row: as the fields of :class:`~vndoc.pki.TrustAnchor`."""

    purposes: frozenset[Purpose]
    legacy: bool = False
    not_after: datetime.datetime | None = None
    name: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the row as it stands in the file."""
        return {
            "purposes": sorted(self.purposes),
            "legacy": self.legacy,
            "not_after": None if self.not_after is None else self.not_after.isoformat(),
            "name": self.name,
        }


def digits(fingerprint: str) -> str:
    """Return *fingerprint* without colons and blanks, in small letters."""
    return fingerprint.replace(":", "").replace(" ", "").lower()


def purposes_of(names: Iterable[str]) -> frozenset[Purpose]:
    """Return the purposes of these *names*; :class:`~vndoc.errors.UsageError` ``option-invalid`` for another one."""
    found = set()
    for name in names:
        if name not in _PURPOSES:
            raise UsageError("option-invalid", detail=filled(_NO_PURPOSE, found=name))
        found.add(Purpose(name))
    return frozenset(found)


def read_settings(folder: Path) -> dict[str, Setting]:
    """Return the rows of the file in *folder* by fingerprint; none where there is no file.

    Raises :class:`~vndoc.errors.UsageError` ``trust-settings-invalid`` for any other content, and
    :class:`~vndoc.errors.SourceError` for a file that cannot be read. A row is used whole or not at all.
    """
    path = folder / SETTINGS
    if not path.exists():
        return {}
    with acquire(str(path), DEFAULT).open() as file:
        data = file.read(_MAX + 1)
    if len(data) > _MAX:
        raise _wrong(path, _TOO_BIG, limit=_MAX)
    try:
        value = json.loads(data, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        raise _wrong(path, _NOT_JSON) from None
    if not isinstance(value, _Pairs):
        raise _wrong(path, _NO_OBJECT)
    found: dict[str, Setting] = {}
    for key, row in value:
        sha256 = digits(key)
        if len(sha256) != _DIGITS or not set(sha256) <= set("0123456789abcdef"):
            raise _wrong(path, _BAD_KEY, found=key)
        if sha256 in found:
            raise _wrong(path, _TWICE, found=sha256)
        found[sha256] = _setting(path, sha256, row)
    return found


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as pairs, so that what stands twice is seen."""


def _setting(path: Path, sha256: str, row: object) -> Setting:
    if not isinstance(row, _Pairs):
        raise _wrong(path, _BAD_FIELD, sha256=sha256, field="{}")
    value = dict(row)
    names = value.get("purposes")
    checks = {
        "purposes": isinstance(names, list)
        and bool(names)
        and all(isinstance(n, str) and n in _PURPOSES for n in names),
        "legacy": isinstance(value.get("legacy", False), bool),
        "not_after": isinstance(value.get("not_after"), str | None),
        "name": isinstance(value.get("name"), str | None),
        **dict.fromkeys(value.keys() - _KEYS, False),
    }
    wrong = [field for field, right in checks.items() if not right]
    if wrong or len(value) != len(row):
        raise _wrong(path, _BAD_FIELD, sha256=sha256, field=", ".join(sorted(wrong)) or "{}")
    until = value.get("not_after")
    try:
        end = None if until is None else end_of(until, "not_after")
    except VndocError:
        raise _wrong(path, _BAD_FIELD, sha256=sha256, field="not_after") from None
    purposes = frozenset(Purpose(name) for name in value["purposes"])
    return Setting(purposes=purposes, legacy=value.get("legacy", False), not_after=end, name=value.get("name"))


def _wrong(path: Path, detail: Text, **values: object) -> UsageError:
    return UsageError("trust-settings-invalid", name=str(path), detail=filled(detail, **values))


def write_settings(folder: Path, settings: Mapping[str, Setting]) -> None:
    """Write the file anew, whole or not at all. Raises as :class:`~vndoc.cli._target.Draft`."""
    rows = {sha256: settings[sha256].to_dict() for sha256 in sorted(settings)}
    with Draft(folder / SETTINGS, overwrite=True) as draft:
        draft.write((json.dumps(rows, ensure_ascii=False, indent=2) + "\n").encode())
        draft.publish()
