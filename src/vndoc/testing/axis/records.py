"""What the simulated axis keeps of each packet: submissions, copies, events, and how the states of a copy follow.

Frozen values. Source: practice (VXP SDK): a submission becomes one copy for each recipient; the copy has a transport
id and a state of its own.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs

from vndoc.envelope.octets import Octets
from vndoc.errors import OwnFaultError
from vndoc.text import Text
from vndoc.transport.base import ItemState, Kind

__all__ = ["NEXT", "Copy", "Event", "Happening", "Submission"]

CARRIER: Final = Text("Trục", "The axis")

NEXT: Final[Mapping[ItemState, frozenset[ItemState]]] = MappingProxyType(
    {
        ItemState.INITIAL: frozenset({ItemState.PROCESSING, ItemState.DONE, ItemState.FAIL}),
        ItemState.PROCESSING: frozenset({ItemState.PROCESSING, ItemState.DONE, ItemState.FAIL}),
        ItemState.FAIL: frozenset({ItemState.PROCESSING, ItemState.DONE, ItemState.FAIL}),
        ItemState.DONE: frozenset({ItemState.DONE}),
    }
)
"""State of a copy -> the states that its receiver may give it."""


class Happening(enum.Enum):
    """What can happen in the life of a packet at the axis."""

    SUBMITTED = "submitted"
    DELIVERED = "delivered"
    FETCHED = "fetched"
    PROCESSING = "processing"
    DONE = "done"
    FAIL = "fail"
    LOST = "lost"


@attrs.frozen(kw_only=True)
class Event:
    """One thing that happened: when, what, and to whose copy (None: to the submission as a whole)."""

    at: datetime.datetime
    what: Happening
    recipient: str | None = None
    note: str = ""


@attrs.frozen(kw_only=True)
class Copy:
    """One recipient's copy. ``id`` is what VXP and LGSP call it, ``number`` what eDoc REST does; ``note`` is the word
    with which it was settled.
    """

    id: str
    number: int
    submission: str
    kind: Kind
    sender: str
    recipient: str
    created: datetime.datetime
    updated: datetime.datetime
    state: ItemState = ItemState.INITIAL
    fetched: int = 0
    note: str = ""


@attrs.frozen(kw_only=True)
class Submission:
    """One packet as the axis took it over, for all its recipients.

    ``content`` is what the receivers get, ``received`` what the sender handed in. ``subject`` and ``notation`` are
    of the document (empty for a status).
    """

    id: str
    number: int
    kind: Kind
    system: str
    sender: str
    recipients: tuple[str, ...]
    created: datetime.datetime
    content: Octets = attrs.field(repr=False)
    received: Octets = attrs.field(repr=False)
    subject: str = ""
    notation: str = ""
    copies: tuple[str, ...] = ()


def refuse(code: str, **values: object) -> OwnFaultError:
    """Return the error with which the axis refuses."""
    return OwnFaultError(code, place=None, retry=None, carrier=CARRIER, **values)
