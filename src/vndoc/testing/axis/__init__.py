"""A simulated axis: what a product can be tested against without access to a real one.

:class:`AxisSimulator` is the ASGI application, :class:`AxisServer` runs it on this machine, :class:`AxisCore` is its
state; :class:`Faults` say what goes wrong, :class:`Rewriting` how packets are written anew on their way.

Needs the extra ``web``: without it, importing this package raises :class:`~vndoc.errors.UsageError` ``extra-missing``.
"""

from vndoc.errors import UsageError
from vndoc.testing.axis.core import AxisCore
from vndoc.testing.axis.faults import FAULTS, Fault, FaultKind, Faults
from vndoc.testing.axis.records import NEXT, Copy, Event, Happening, Submission
from vndoc.testing.axis.registry import EXAMPLE, Agency, System, load_systems
from vndoc.testing.axis.rewriting import CENTRE, Rewriting

try:
    from vndoc.testing.axis.server import AxisServer
    from vndoc.testing.axis.simulator import AxisSimulator
except ImportError as error:
    if (error.name or "").partition(".")[0] not in {"jinja2", "starlette", "uvicorn"}:
        raise
    raise UsageError("extra-missing", found="web") from None

__all__ = [
    "CENTRE",
    "EXAMPLE",
    "FAULTS",
    "NEXT",
    "Agency",
    "AxisCore",
    "AxisServer",
    "AxisSimulator",
    "Copy",
    "Event",
    "Fault",
    "FaultKind",
    "Faults",
    "Happening",
    "Rewriting",
    "Submission",
    "System",
    "load_systems",
]
