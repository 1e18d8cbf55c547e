"""edXML files: the element table, reading, writing, dialects, deviations and profiles.

Most callers use :func:`vndoc.read` and :func:`vndoc.write_packet`.
"""

from vndoc.edxml.deviations import DEVIATIONS, Deviation, DeviationKind, Severity
from vndoc.edxml.elements import NAMESPACE, NAMESPACES, Attribute, Element, Kind, Reference
from vndoc.edxml.jsonform import packet_from_dict, packet_from_json, packet_to_dict, packet_to_json
from vndoc.edxml.profiles import PROFILES, Profile, profile_of
from vndoc.edxml.reader import interpret
from vndoc.edxml.reading import Reading
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
