"""For tests, ours and yours: a fictional public-key infrastructure that issues what real ones issue, and worse; and an
axis on this machine that behaves like the real one, and worse.

Nothing here is for production: the keys live in the process and every field of a certificate can be wrong on purpose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vndoc.errors import UsageError

if TYPE_CHECKING:
    from vndoc.testing.axis import AxisServer, AxisSimulator

__all__ = ["AxisServer", "AxisSimulator"]


def __getattr__(name: str) -> Any:
    """Load what needs an extra (``web``) when it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from vndoc.testing import axis  # noqa: PLC0415 - the extra may be absent
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in {"jinja2", "starlette", "uvicorn"}:
            raise
        raise UsageError("extra-missing", found="web") from None
    return getattr(axis, name)
