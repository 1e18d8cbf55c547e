"""For tests, ours and yours: a fictional public-key infrastructure that issues what real ones issue, and worse; an axis
on this machine that behaves like the real one, and worse; suites that hold a carrier to its promises, a carrier that
fails on purpose, and a clock that stands still.

Nothing here is for production: the keys live in the process and every field of a certificate can be wrong on purpose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vndoc.testing.clock import FakeClock
from vndoc.testing.contract import TransportContract
from vndoc.testing.contract_directory import DirectoryContract
from vndoc.testing.faulty import FaultyTransport

if TYPE_CHECKING:
    from vndoc.testing.axis import AxisServer, AxisSimulator

__all__ = ["AxisServer", "AxisSimulator", "DirectoryContract", "FakeClock", "FaultyTransport", "TransportContract"]


def __getattr__(name: str) -> Any:
    """Load what needs an extra (``web``) when it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from vndoc.testing import axis  # noqa: PLC0415 - the extra may be absent

    return getattr(axis, name)
