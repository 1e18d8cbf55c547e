"""Carriers: how a packet gets from one system to another, behind one protocol."""

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
from vndoc.transport.memory import MemoryAxis, MemoryTransport

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
    "Transport",
]
