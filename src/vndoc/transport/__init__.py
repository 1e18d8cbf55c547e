"""Carriers: how a packet gets from one system to another, behind one protocol.

:mod:`vndoc.transport.base` says what a carrier is, :func:`load` makes one by its name. Carriers that need an extra are
in modules of their own, such as :mod:`vndoc.transport.amqp`. SOAP and NSS axes are not served for now.
"""

from vndoc.transport.base import (
    AgencyRecord,
    Content,
    Directory,
    Features,
    Item,
    ItemState,
    Kind,
    Outgoing,
    Receipt,
    Refusal,
    Settlement,
    Transport,
)
from vndoc.transport.loading import load, names
from vndoc.transport.memory import MemoryAxis, MemoryTransport
from vndoc.transport.spool import SpoolTransport

__all__ = [
    "AgencyRecord",
    "Content",
    "Directory",
    "Features",
    "Item",
    "ItemState",
    "Kind",
    "MemoryAxis",
    "MemoryTransport",
    "Outgoing",
    "Receipt",
    "Refusal",
    "Settlement",
    "SpoolTransport",
    "Transport",
    "load",
    "names",
]
