"""edXML files: the element table, reading, writing, dialects, deviations and profiles.

Most callers use :func:`vndoc.read` and :func:`vndoc.write_packet`. What reading does without is loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vndoc.edxml.deviations import DEVIATIONS, Deviation, DeviationKind, Severity
from vndoc.edxml.elements import NAMESPACE, NAMESPACES, Attribute, Element, Kind, Reference
from vndoc.edxml.profiles import PROFILES, Profile, profile_of
from vndoc.edxml.reader import interpret
from vndoc.edxml.reading import Reading

if TYPE_CHECKING:
    from vndoc.edxml.jsonform import packet_from_dict, packet_from_json, packet_to_dict, packet_to_json
    from vndoc.edxml.writer import write

__all__ = [
    "DEVIATIONS",
    "NAMESPACE",
    "NAMESPACES",
    "PROFILES",
    "Attribute",
    "Deviation",
    "DeviationKind",
    "Element",
    "Kind",
    "Profile",
    "Reading",
    "Reference",
    "Severity",
    "interpret",
    "packet_from_dict",
    "packet_from_json",
    "packet_to_dict",
    "packet_to_json",
    "profile_of",
    "write",
]

_AS_JSON = frozenset({"packet_from_dict", "packet_from_json", "packet_to_dict", "packet_to_json"})


def __getattr__(name: str) -> Any:
    """Load a public name that is not there yet from the module that defines it."""
    if name == "write":
        from vndoc.edxml import writer as home  # noqa: PLC0415 - loaded when asked for
    elif name in _AS_JSON:
        from vndoc.edxml import jsonform as home  # type: ignore[no-redef] # noqa: PLC0415 - as above
    else:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
