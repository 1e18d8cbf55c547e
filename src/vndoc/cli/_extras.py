"""Which extras a command needs, said before it starts."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vndoc.errors import UsageError

__all__ = ["needs"]

_MODULES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"http": ("urllib3",), "store": ("sqlalchemy",), "web": ("jinja2", "starlette", "uvicorn")}
)


def needs(*extras: str) -> None:
    """Raise :class:`~vndoc.errors.UsageError` ``extra-missing``, naming those of *extras* that are not installed."""
    missing = [extra for extra in extras if any(importlib.util.find_spec(name) is None for name in _MODULES[extra])]
    if missing:
        raise UsageError("extra-missing", found=",".join(missing))
