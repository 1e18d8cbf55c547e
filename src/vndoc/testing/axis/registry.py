"""Who is known to the simulated axis: connected systems with their secrets, and agencies with their codes.

A registry file is TOML (or JSON of the same shape)::

    [[system]]
    id = "00.53.W00"
    secret = "chosen-by-you"

    [[system.agency]]
    code = "H53"
    old_code = "000.00.00.H53"
    name = "Ủy ban nhân dân tỉnh Mẫu"

Source: practice (one system id may serve many agency codes; the address book carries both codes of an agency).
"""

from __future__ import annotations

import datetime
import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from vndoc.errors import SourceError, UsageError
from vndoc.identifiers import OrganCode
from vndoc.text import Text

__all__ = ["EXAMPLE", "MAX_REGISTRY_BYTES", "Agency", "System", "load_systems"]

MAX_REGISTRY_BYTES: Final = 64 * 1024 * 1024
"""Size of a registry file: the whole address book of the axis (some 120,000 agencies) takes about a quarter of it."""

_EPOCH: Final = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def _text(instance: object, field: attrs.Attribute[Any], value: object) -> None:
    """Let through printable text only: it becomes part of headers, pages and file names."""
    del instance
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise UsageError("option-invalid", detail=_NO_TEXT.filled(name=field.name))


_NO_TEXT = Text("{name} phải là chuỗi ký tự không rỗng", "{name} must be text that is not empty")


@attrs.frozen(kw_only=True)
class Agency:
    """One agency of the address book.

    ``code`` and ``old_code`` both reach it. ``system`` is the id of the connected system that fetches for it,
    ``parent`` the code above it. ``closed``: it is listed, but takes nothing in. ``deleted``: a tombstone, seen by
    ``getSynchronizeUnit`` only. ``version`` and ``modified`` (UTC) grow with each change. ``id`` is the row's number.
    """

    code: str = attrs.field(validator=_text)
    name: str = attrs.field(validator=_text)
    system: str = attrs.field(default="")
    old_code: str | None = None
    parent: str | None = None
    mail: str = ""
    mobile: str = attrs.field(default="", repr=False)
    fax: str = ""
    center_code: str = ""
    is_agency: bool = True
    closed: bool = False
    deleted: bool = False
    version: int = 1
    modified: datetime.datetime = _EPOCH
    id: str = ""

    @property
    def level(self) -> int:
        """Return how deep it stands: 1 for ministries and provinces; irregular codes count their groups."""
        code = OrganCode(self.code)
        return code.level or len(self.code.split("."))


@attrs.frozen(kw_only=True)
class System:
    """One connected system: its id, the secret it signs with, and the agencies it serves.

    LGSP asks for ``username`` and ``password`` too; they are the id and the secret unless given.
    """

    id: str = attrs.field(validator=_text)
    secret: str = attrs.field(validator=_text, repr=False)
    agencies: tuple[Agency, ...] = ()
    username: str | None = None
    password: str | None = attrs.field(default=None, repr=False)


def _example(id_: str, secret: str, *agencies: tuple[str, str, str, str | None]) -> System:
    rows = [Agency(code=code, old_code=old, name=name, parent=parent) for code, old, name, parent in agencies]
    return System(id=id_, secret=secret, agencies=tuple(rows))


EXAMPLE: Final[tuple[System, ...]] = (
    _example(
        "00.41.W00",
        "bi-mat-vi-du-41",
        ("H41", "000.00.00.H41", "Ủy ban nhân dân tỉnh Mẫu Một", None),
        ("H41.12", "000.00.12.H41", "Sở Tư pháp tỉnh Mẫu Một", "H41"),
    ),
    _example(
        "00.14.W00",
        "bi-mat-vi-du-14",
        ("H14", "000.00.00.H14", "Ủy ban nhân dân tỉnh Mẫu Hai", None),
        ("H14.12", "000.00.12.H14", "Sở Nội vụ tỉnh Mẫu Hai", "H14"),
    ),
    _example("00.22.W00", "bi-mat-vi-du-22", ("G22", "000.00.00.G22", "Bộ Mẫu", None)),
)
"""Three connected systems with fictional names and secrets: what ``vndoc sim`` starts with."""


def load_systems(path: str | Path) -> tuple[System, ...]:
    """Read the registry file at *path* (TOML, or JSON where the name ends in ``.json``).

    Raises :class:`~vndoc.errors.SourceError` where it cannot be read, :class:`~vndoc.errors.UsageError`
    (``option-invalid``) where it is no registry: another shape, an unknown name, a system or code that stands twice.
    """
    place = Path(path)
    try:
        with place.open("rb") as file:
            data = file.read(MAX_REGISTRY_BYTES + 1)
    except (OSError, ValueError) as error:
        detail = getattr(error, "strerror", None) or str(error)
        raise SourceError("source-unreadable", name=str(path), detail=detail) from error
    if len(data) > MAX_REGISTRY_BYTES:
        raise _invalid(str(path), Text("quá lớn", "it is too big"))
    try:
        text = data.decode("utf-8-sig")
        value = json.loads(text) if place.suffix.lower() == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise _invalid(str(path), Text("không đọc được: {why}", "it cannot be read: {why}"), why=str(error)) from error
    systems = _systems(value, str(path))
    check_systems(systems)
    return systems


def check_systems(systems: Sequence[System]) -> None:
    """Raise :class:`~vndoc.errors.UsageError` where an id or a code stands twice."""
    seen: set[str] = set()
    for system in systems:
        codes = [code for agency in system.agencies for code in {agency.code, agency.old_code or agency.code}]
        for name in (system.id, *codes):
            if name in seen:
                raise UsageError("option-invalid", detail=_TWICE.filled(name=name))
            seen.add(name)


_TWICE = Text("{name} có hai lần trong danh bạ", "{name} stands twice in the registry")
_SHAPE = Text("cần danh sách [[system]], có {found}", "a list of [[system]] is needed; found {found}")
_SYSTEM_FIELDS = {"id", "secret", "username", "password", "agency"}
_AGENCY_FIELDS = {"code", "old_code", "name", "parent", "mail", "mobile", "fax", "center_code", "is_agency", "closed"}
_FLAGS = {"is_agency", "closed"}


def _systems(value: object, name: str) -> tuple[System, ...]:
    rows = value.get("system") if isinstance(value, Mapping) and set(value) == {"system"} else None
    if not isinstance(rows, list) or not rows:
        raise _invalid(name, _SHAPE, found=", ".join(value) if isinstance(value, Mapping) else type(value).__name__)
    systems = []
    for row in rows:
        fields = _fields(row, _SYSTEM_FIELDS, name)
        agencies = fields.pop("agency", [])
        if not isinstance(agencies, list):
            raise _invalid(name, _SHAPE, found="agency")
        made = [Agency(**_needed(_fields(one, _AGENCY_FIELDS, name), name, "code", "name")) for one in agencies]
        systems.append(System(**_needed(fields, name, "id", "secret"), agencies=tuple(made)))
    return tuple(systems)


def _fields(row: object, known: set[str], name: str) -> dict[str, Any]:
    if not isinstance(row, Mapping):
        raise _invalid(name, _SHAPE, found=type(row).__name__)
    for key, value in row.items():
        fits = isinstance(value, bool) if key in _FLAGS else isinstance(value, list if key == "agency" else str)
        if key not in known or not fits:
            raise _invalid(name, Text("không hiểu {key}", "{key} is not understood"), key=str(key))
    return dict(row)


def _needed(fields: dict[str, Any], name: str, *keys: str) -> dict[str, Any]:
    for key in keys:
        if key not in fields:
            raise _invalid(name, Text("thiếu {key}", "{key} is missing"), key=key)
    return fields


def _invalid(name: str, detail: Text, **values: object) -> UsageError:
    return UsageError("option-invalid", detail=_OF_FILE.filled(file=name, detail=detail.filled(**values)))


_OF_FILE = Text("{file}: {detail}", "{file}: {detail}")
