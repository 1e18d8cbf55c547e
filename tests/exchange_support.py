"""What the tests of the exchange share: a fixed moment, and every event of a delivery by name."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable, Iterable
from typing import TypeVar

from vndoc.errors import ExchangeError, Retry
from vndoc.exchange import (
    Accepted,
    Arrived,
    Cancelled,
    Claimed,
    Delivery,
    DeliveryInput,
    DeliveryState,
    Due,
    GivenUp,
    Interrupted,
    OwnFailed,
    OwnFault,
    PeerFailed,
    PeerFault,
    Postponed,
    RecipientRefused,
    Released,
    Renewed,
    Repeated,
)

T = TypeVar("T")

AT = datetime.datetime(2026, 3, 4, 2, 0, tzinfo=datetime.UTC)
"""Wednesday, nine in the morning in Vietnam."""
MINUTE = datetime.timedelta(minutes=1)
HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)


def inputs(at: datetime.datetime) -> dict[str, DeliveryInput]:
    """Return every event of a delivery at *at*, faults of each kind, by name."""
    return {
        "claim": Claimed(at, "worker", at + MINUTE),
        "renew": Renewed(at, at + 2 * MINUTE),
        "postpone": Postponed(at, at + MINUTE),
        "accept": Accepted(at, "T1"),
        "refuse": RecipientRefused(at, OwnFault("carrier-unknown-recipient")),
        "own-hold": OwnFailed(at, OwnFault("carrier-credentials")),
        "own-fail": OwnFailed(at, OwnFault("carrier-refused")),
        "peer-safe": PeerFailed(at, PeerFault("carrier-unreachable", Retry.SAFE)),
        "peer-unknown": PeerFailed(at, PeerFault("carrier-timeout", Retry.UNKNOWN)),
        "peer-never": PeerFailed(at, PeerFault("carrier-nonsense", Retry.NEVER)),
        "interrupt": Interrupted(at),
        "repeat": Repeated(at),
        "give-up": GivenUp(at),
        "release": Released(at),
        "arrive": Arrived(at),
        "due": Due(at),
        "cancel": Cancelled(at),
    }


PATHS = {
    "queued": "",
    "submitting": "claim",
    "uncertain": "claim interrupt",
    "held": "claim own-hold",
    "submitted": "claim accept",
    "arrived": "claim accept arrive",
    "refused": "claim refuse",
    "failed": "claim own-fail",
    "expired": "",
    "cancelled": "cancel",
}
"""How each state is reached."""


def started(*, life: datetime.timedelta = 2 * DAY) -> Delivery:
    return Delivery.start("M1", "H41", at=AT, expires_at=AT + life)[0]


def delivery_in(state: str) -> Delivery:
    """Return a delivery in *state*, made by events only."""
    delivery = started()
    for name in PATHS[state].split():
        delivery, _ = delivery.apply(inputs(AT)[name])
    if state == "expired":
        delivery, _ = delivery.apply(Due(AT + 2 * DAY))
    assert delivery.state is DeliveryState(state)
    return delivery


def unless(codes: Iterable[str], call: Callable[[], T]) -> T | None:
    """Return what *call* returns, None where it raises an error of the exchange with one of *codes*."""
    try:
        return call()
    except ExchangeError as error:
        if error.code not in codes:
            raise
        return None


def calls(work: Callable[[], object]) -> int:
    """Return how many functions were called: what is done, whatever the time it takes."""
    count = 0

    def note(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count
